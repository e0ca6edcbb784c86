/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the suites of the mirror: a node for a file of a tmpfs. */
#ifndef _DITTO_TESTS_KUNIT_LOCKD_CLAIM_MIRROR_COMMON_H
#define _DITTO_TESTS_KUNIT_LOCKD_CLAIM_MIRROR_COMMON_H

#include <linux/file.h>
#include <linux/shmem_fs.h>

#include "../process_lock.h"
#include "claim_common.h"
#include "../await.h"

struct mirror_test {
	struct file *file;
	struct claim_client *client;
	struct ditto_owner *owner[2];
	struct claim_node *node;
};

static inline struct mirror_test *mirror_test_begin(struct kunit *test)
{
	struct mirror_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->file = shmem_file_setup("ditto-kunit-mirror", 4096, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->file));
	t->client = claim_client(test, "client", 0);
	for (u32 i = 0; i < 2; i++)
		t->owner[i] = claim_owner(test, t->client, i);
	t->node = claim_node(test);
	return t;
}

static inline void mirror_test_end(struct kunit *test, struct mirror_test *t)
{
	for (u32 i = 0; i < 2; i++)
		ditto_owner_put(t->owner[i]);
	claim_client_end(test, t->client);
	claim_flush(test);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_FALSE(test, vfs_inode_has_locks(file_inode(t->file)));
	await(refcount_read(&t->node->ref) <= 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->node->ref), 1);
	fput(t->file);
}

/* A client of a protocol whose record cannot be removed for now. */
static inline struct mirror_test *mirror_test_stuck(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);

	t->client->client.ops = &claim_recorded_ops;
	t->client->stuck = -ECONNREFUSED;
	return t;
}

static inline struct ditto_range_request mirror_req(struct mirror_test *t, int owner,
						    bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node, t->owner[owner], exclusive, first,
						   last);

	req.filp = t->file;
	return req;
}

static inline int mirror_lock(struct mirror_test *t, int owner, bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = mirror_req(t, owner, exclusive, first, last);

	return ditto_range_lock(&req, NULL, NULL);
}

static inline int mirror_unlock(struct mirror_test *t, int owner, u64 first, u64 last)
{
	struct ditto_range_request req = mirror_req(t, owner, true, first, last);

	return ditto_range_unlock(&req);
}

/* F_SETLK of a local process. */
static inline int mirror_local_lock(struct mirror_test *t, int type, u64 first, u64 last)
{
	return process_lock_set(t->file, current, type, first, last);
}

/* Access of a local process to one byte: 2 write, 1 read, 0 none. */
static inline int mirror_local_may(struct mirror_test *t, u64 byte)
{
	int may = 0;

	if (!mirror_local_lock(t, F_WRLCK, byte, byte))
		may = 2;
	else if (!mirror_local_lock(t, F_RDLCK, byte, byte))
		may = 1;
	mirror_local_lock(t, F_UNLCK, byte, byte);
	return may;
}

#endif
