// SPDX-License-Identifier: GPL-2.0-only
/* The number of workers inside file systems. */
#include <kunit/test.h>

#include "../../../smb/transport/crowd.h"

#define WORKERS	64
/* The workers of one file system, and those that all may borrow. */
#define OWN	8
#define LENT	32

static unsigned int crowd_fill(struct dsmb_crowd *crowd)
{
	unsigned int n = 0;

	while (n <= WORKERS && dsmb_crowd_enter(crowd))
		n++;
	return n;
}

static void crowd_empty(struct dsmb_crowd *crowd, unsigned int n)
{
	while (n--)
		dsmb_crowd_leave(crowd);
}

/* When file systems hang, others have workers left, and not all workers hang. */
static void crowd_others_go_on(struct kunit *test)
{
	struct dsmb_crowd *hangs, *also, *other;
	struct dsmb_crowds crowds;
	int a, b, c;

	dsmb_crowds_init(&crowds, WORKERS);
	hangs = dsmb_crowd_get(&crowds, (void *)&a);
	also = dsmb_crowd_get(&crowds, (void *)&b);
	other = dsmb_crowd_get(&crowds, (void *)&c);
	KUNIT_ASSERT_NOT_NULL(test, hangs);
	KUNIT_ASSERT_NOT_NULL(test, also);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, crowd_fill(hangs), OWN + LENT);
	KUNIT_EXPECT_EQ(test, crowd_fill(also), OWN);
	KUNIT_EXPECT_EQ(test, crowd_fill(other), OWN);
	crowd_empty(other, OWN);
	/* A returned worker can be borrowed again. */
	crowd_empty(hangs, 4);
	KUNIT_EXPECT_EQ(test, crowd_fill(other), OWN + 4);
	crowd_empty(hangs, OWN + LENT - 4);
	crowd_empty(also, OWN);
	crowd_empty(other, OWN + 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowds.borrowed), 0);
	KUNIT_EXPECT_EQ(test, crowd_fill(other), OWN + LENT);
	crowd_empty(other, OWN + LENT);
	dsmb_crowd_put(hangs);
	dsmb_crowd_put(also);
	dsmb_crowd_put(other);
	KUNIT_EXPECT_TRUE(test, list_empty(&crowds.list));
}

static void crowd_by_file_system(struct kunit *test)
{
	struct dsmb_crowds crowds;
	struct dsmb_crowd *one;
	int a, b;

	dsmb_crowds_init(&crowds, WORKERS);
	one = dsmb_crowd_get(&crowds, (void *)&a);
	KUNIT_ASSERT_NOT_NULL(test, one);
	KUNIT_EXPECT_PTR_EQ(test, dsmb_crowd_get(&crowds, (void *)&a), one);
	dsmb_crowd_put(one);
	KUNIT_EXPECT_FALSE(test, list_empty(&crowds.list));
	dsmb_crowd_put(one);
	KUNIT_EXPECT_TRUE(test, list_empty(&crowds.list));
	one = dsmb_crowd_get(&crowds, (void *)&b);
	dsmb_crowd_put(one);
	dsmb_crowd_put(NULL);
}

static struct kunit_case crowd_cases[] = {
	KUNIT_CASE(crowd_others_go_on),
	KUNIT_CASE(crowd_by_file_system),
	{}
};

static struct kunit_suite crowd_suite = {
	.name = "ditto_smb_crowd",
	.test_cases = crowd_cases,
};

kunit_test_suite(crowd_suite);
