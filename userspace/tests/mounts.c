// SPDX-License-Identifier: GPL-2.0-only
/* Shares whose path leads elsewhere by now, with a fake kernel. */

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "config/mounts.h"
#include "daemon/problems.h"
#include "fake_kernel.h"
#include "mem.h"
#include "pool.h"
#include "test.h"

/* Only ends a test that would hang. */
#define LONG_TIME	20000

static struct kernel k;
static struct pool *pool;
/* What was told last, and how often something was. */
static unsigned int covered;
static unsigned int told;

static void mounts_told(void *arg, const struct problems *problems)
{
	(void)arg;
	covered = problems->n;
	told++;
}

/* Look once, with this result for the path of each share. */
static void mounts_look(struct mounts *m, int rc, u64 inode)
{
	struct pollfd ready = { .fd = pool_fd(pool), .events = POLLIN };

	fake_file = (struct share_path_file){ .device = 1, .inode = inode };
	fake_file_rc = rc;
	mounts_changed(m, true);
	CHECK(poll(&ready, 1, LONG_TIME) == 1);
	pool_reap(pool);
}

/* What is known stays until a path is seen to lead to its share, or to lead nowhere. */
static void covered_until_seen(void)
{
	struct share *a = share_new("a");
	struct mounts *m;

	pool = pool_new(1, 1);
	m = mounts_new(pool, &k, mounts_told, NULL);
	if (!CHECK(pool && m))
		return;
	a->path = mem_string("/a");
	a->device = 1;
	a->inode = 2;
	k.shares = (struct kernel_shares){ .share = &a, .n = 1 };
	mounts_look(m, 0, 2);
	CHECK(!told);
	mounts_look(m, 0, 3);
	CHECK(told == 1 && covered == 1);
	mounts_look(m, -ETIMEDOUT, 0);
	mounts_look(m, -EIO, 0);
	k.gone = true;
	mounts_look(m, 0, 2);
	k.gone = false;
	CHECK(told == 1 && covered == 1);
	mounts_look(m, 0, 2);
	CHECK(told == 2 && !covered);
	mounts_look(m, 0, 3);
	mounts_look(m, -ENOENT, 0);
	CHECK(told == 4 && !covered);
	/* Nothing is found of a share of which nothing was known. */
	mounts_look(m, -ETIMEDOUT, 0);
	CHECK(told == 4);
	mounts_look(m, 0, 3);
	mounts_drop_share(m, "a");
	mounts_look(m, -ETIMEDOUT, 0);
	CHECK(told == 6 && !covered);
	k.shares = (struct kernel_shares){ .n = 0 };
	share_free(a);
}

int main(void)
{
	static const struct test tests[] = { TEST(covered_until_seen), { 0 } };

	return test_main(tests);
}
