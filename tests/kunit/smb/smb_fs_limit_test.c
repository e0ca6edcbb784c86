// SPDX-License-Identifier: GPL-2.0-only
/* The number of workers inside file systems. */
#include <kunit/test.h>

#include "../../../smb/transport/fs_limit.h"

#define WORKERS	64
/* The workers of one file system, and those that all may borrow. */
#define OWN	8
#define LENT	32

static unsigned int fs_limit_fill(struct dsmb_fs_limit *fs_limit)
{
	unsigned int n = 0;

	while (n <= WORKERS && dsmb_fs_limit_enter(fs_limit))
		n++;
	return n;
}

static void fs_limit_empty(struct dsmb_fs_limit *fs_limit, unsigned int n)
{
	while (n--)
		dsmb_fs_limit_leave(fs_limit);
}

/* When file systems hang, others have workers left, and not all workers hang. */
static void fs_limit_others_go_on(struct kunit *test)
{
	struct dsmb_fs_limit *hangs, *also, *other;
	struct dsmb_fs_limits fs_limits;
	int a, b, c;

	dsmb_fs_limits_init(&fs_limits, WORKERS);
	hangs = dsmb_fs_limit_get(&fs_limits, (void *)&a);
	also = dsmb_fs_limit_get(&fs_limits, (void *)&b);
	other = dsmb_fs_limit_get(&fs_limits, (void *)&c);
	KUNIT_ASSERT_NOT_NULL(test, hangs);
	KUNIT_ASSERT_NOT_NULL(test, also);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, fs_limit_fill(hangs), OWN + LENT);
	KUNIT_EXPECT_EQ(test, fs_limit_fill(also), OWN);
	KUNIT_EXPECT_EQ(test, fs_limit_fill(other), OWN);
	fs_limit_empty(other, OWN);
	/* A returned worker can be borrowed again. */
	fs_limit_empty(hangs, 4);
	KUNIT_EXPECT_EQ(test, fs_limit_fill(other), OWN + 4);
	fs_limit_empty(hangs, OWN + LENT - 4);
	fs_limit_empty(also, OWN);
	fs_limit_empty(other, OWN + 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&fs_limits.borrowed), 0);
	KUNIT_EXPECT_EQ(test, fs_limit_fill(other), OWN + LENT);
	fs_limit_empty(other, OWN + LENT);
	dsmb_fs_limit_put(hangs);
	dsmb_fs_limit_put(also);
	dsmb_fs_limit_put(other);
	KUNIT_EXPECT_TRUE(test, list_empty(&fs_limits.list));
}

static void fs_limit_by_file_system(struct kunit *test)
{
	struct dsmb_fs_limits fs_limits;
	struct dsmb_fs_limit *one;
	int a, b;

	dsmb_fs_limits_init(&fs_limits, WORKERS);
	one = dsmb_fs_limit_get(&fs_limits, (void *)&a);
	KUNIT_ASSERT_NOT_NULL(test, one);
	KUNIT_EXPECT_PTR_EQ(test, dsmb_fs_limit_get(&fs_limits, (void *)&a), one);
	dsmb_fs_limit_put(one);
	KUNIT_EXPECT_FALSE(test, list_empty(&fs_limits.list));
	dsmb_fs_limit_put(one);
	KUNIT_EXPECT_TRUE(test, list_empty(&fs_limits.list));
	one = dsmb_fs_limit_get(&fs_limits, (void *)&b);
	dsmb_fs_limit_put(one);
	dsmb_fs_limit_put(NULL);
}

static struct kunit_case fs_limit_cases[] = {
	KUNIT_CASE(fs_limit_others_go_on),
	KUNIT_CASE(fs_limit_by_file_system),
	{}
};

static struct kunit_suite fs_limit_suite = {
	.name = "ditto_smb_fs_limit",
	.test_cases = fs_limit_cases,
};

kunit_test_suite(fs_limit_suite);
