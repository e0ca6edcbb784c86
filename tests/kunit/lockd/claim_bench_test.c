// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timing of the lock table: a check of a node without claims and of one whose claims cannot
 * conflict, and lock and unlock of a range beside 1, 100 and 10,000 others, compared with
 * posix_lock_file(). Prints lines of the form "bench NAME beside NUMBER: NUMBER ns"; asserts only
 * that the operations succeed.
 */
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/shmem_fs.h>

#include "../process_lock.h"
#include "claim_common.h"

#define CHECKS		1000000
#define LOCKS		2000

struct bench_test {
	struct claim_client *client;
	struct ditto_owner *owner;
	struct ditto_owner *other;
	struct claim_node *node;
};

static struct bench_test *bench_begin(struct kunit *test)
{
	struct bench_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->client = claim_client(test, "client", 0);
	t->owner = claim_owner(test, t->client, 1);
	t->other = claim_owner(test, t->client, 2);
	t->node = claim_node(test);
	return t;
}

static void bench_end(struct kunit *test, struct bench_test *t)
{
	ditto_owner_put(t->owner);
	ditto_owner_put(t->other);
	claim_client_end(test, t->client);
}

static void bench_report(struct kunit *test, const char *name, u32 beside, u64 began, u32 count)
{
	u64 tenths = div_u64(10 * (ktime_get_ns() - began), count);

	kunit_info(test, "bench %s beside %u: %llu.%llu ns\n", name, beside, tenths / 10,
		   tenths % 10);
}

static void bench_checks(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_READ, .last = 4095 };
	struct bench_test *t = bench_begin(test);
	struct ditto_range_request req = claim_req(t->node, t->other, true, 0, 9);
	unsigned int allowed = 0;
	u64 began = ktime_get_ns();

	for (u32 i = 0; i < CHECKS; i++)
		allowed += !ditto_claim_check(&t->node->point, &intent, NULL, NULL, NULL);
	bench_report(test, "check of a node without claims", 0, began, CHECKS);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	began = ktime_get_ns();
	for (u32 i = 0; i < CHECKS; i++)
		allowed += !ditto_claim_check(&t->node->point, &intent, NULL, NULL, NULL);
	bench_report(test, "check of a node whose claims do not matter", 1, began, CHECKS);
	KUNIT_EXPECT_EQ(test, allowed, 2 * CHECKS);
	bench_end(test, t);
}

static void table_pairs(struct kunit *test, struct bench_test *t, u32 beside)
{
	struct ditto_range_request req;
	u64 began = ktime_get_ns();

	for (u32 i = 0; i < LOCKS; i++) {
		u64 at = 10ULL * (i * 7919 % beside) + 7;

		req = claim_req(t->node, t->owner, true, at, at + 1);
		ditto_range_lock(&req, NULL, NULL);
		ditto_range_unlock(&req);
	}
	bench_report(test, "lock and unlock, the table", beside, began, LOCKS);
}

static int posix_lock(struct file *file, void *owner, int type, u64 first, u64 last)
{
	struct file_lock fl;

	process_lock_fill(&fl, file, owner, type, first, last);
	return posix_lock_file(file, &fl, NULL);
}

static void posix_pairs(struct kunit *test, struct file *file, void *owner, u32 beside)
{
	u64 began = ktime_get_ns();

	for (u32 i = 0; i < LOCKS; i++) {
		u64 at = 10ULL * (i * 7919 % beside) + 7;

		posix_lock(file, owner, F_WRLCK, at, at + 1);
		posix_lock(file, owner, F_UNLCK, at, at + 1);
	}
	bench_report(test, "lock and unlock, posix_lock_file", beside, began, LOCKS);
}

static void bench_locks(struct kunit *test)
{
	static const u32 sizes[] = { 1, 100, 10000 };
	struct file *file = shmem_file_setup("ditto-kunit-bench", 4096, 0);
	struct bench_test *t = bench_begin(test);
	u64 held = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (; held < sizes[i]; held++) {
			struct ditto_range_request req = claim_req(t->node, t->other, true,
								   10 * held, 10 * held + 4);

			KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
			KUNIT_ASSERT_EQ(test, posix_lock(file, t->other, F_WRLCK, 10 * held,
							 10 * held + 4), 0);
		}
		table_pairs(test, t, sizes[i]);
		posix_pairs(test, file, t->owner, sizes[i]);
	}
	posix_lock(file, t->other, F_UNLCK, 0, OFFSET_MAX);
	fput(file);
	bench_end(test, t);
}

static struct kunit_case claim_bench_cases[] = {
	KUNIT_CASE_SLOW(bench_checks),
	KUNIT_CASE_SLOW(bench_locks),
	{}
};

static struct kunit_suite claim_bench_suite = {
	.name = "claim_bench",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_bench_cases,
};

kunit_test_suite(claim_bench_suite);
