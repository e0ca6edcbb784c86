// SPDX-License-Identifier: GPL-2.0-only
/* Equal lists are kept once: fs/acl/acl_intern.c. */

#include <kunit/test.h>
#include <linux/refcount.h>

#include "../../../fs/op/check/acl_file.h"
#include "acl_common.h"

#define LISTS	200

/* A list of a user and a group; new in the table unless there is an equal one. */
static struct ditto_acl *intern_make(struct kunit *test, u32 uid, u16 flags)
{
	const struct ditto_ace aces[] = {
		{ .type = DITTO_ACE_DENY, .who = DITTO_WHO_GID, .mask = DITTO_RIGHT_READ_DATA,
		  .gid = KGIDT_INIT(3141592) },
		{ .type = DITTO_ACE_ALLOW, .who = DITTO_WHO_UID, .mask = DITTO_RIGHT_READ_DATA,
		  .uid = KUIDT_INIT(uid) },
	};
	struct ditto_acl *acl = acl_of(test, aces, ARRAY_SIZE(aces));

	acl->flags = flags;
	return acl;
}

static void intern_equal(struct kunit *test)
{
	unsigned int before = ditto_acl_interned();
	struct ditto_acl *one, *same, *other, *flagged, *shorter;

	one = ditto_acl_intern(intern_make(test, 1, 0));
	same = ditto_acl_intern(intern_make(test, 1, 0));
	other = ditto_acl_intern(intern_make(test, 2, 0));
	flagged = ditto_acl_intern(intern_make(test, 1, DITTO_ACL_PROTECTED));
	shorter = intern_make(test, 1, 0);
	shorter->count = 1;
	shorter = ditto_acl_intern(shorter);
	KUNIT_EXPECT_PTR_EQ(test, one, same);
	KUNIT_EXPECT_PTR_NE(test, one, other);
	KUNIT_EXPECT_PTR_NE(test, one, flagged);
	KUNIT_EXPECT_PTR_NE(test, one, shorter);
	KUNIT_EXPECT_EQ(test, refcount_read(&one->ref), 2);
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before + 4);
	ditto_acl_put(same);
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before + 4);
	ditto_acl_put(one);
	ditto_acl_put(other);
	ditto_acl_put(flagged);
	ditto_acl_put(shorter);
	/* The table holds no reference. */
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before);
}

/* A list whose last reference is gone and that is still in the table. */
static void intern_beside_dying(struct kunit *test)
{
	unsigned int before = ditto_acl_interned();
	struct ditto_acl *dying, *fresh;

	dying = ditto_acl_intern(intern_make(test, 1, 0));
	KUNIT_ASSERT_TRUE(test, refcount_dec_and_test(&dying->ref));
	fresh = ditto_acl_intern(intern_make(test, 1, 0));
	KUNIT_EXPECT_PTR_NE(test, dying, fresh);
	KUNIT_EXPECT_FALSE(test, fresh->interned);
	KUNIT_EXPECT_EQ(test, refcount_read(&fresh->ref), 1);
	ditto_acl_put(fresh);
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before + 1);
	refcount_set(&dying->ref, 1);
	ditto_acl_put(dying);
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before);
}

/* The table grows and shrinks with the number of lists. */
static void intern_many(struct kunit *test)
{
	unsigned int before = ditto_acl_interned(), i, alike = 0;
	struct ditto_acl **acls, *again;

	acls = kunit_kcalloc(test, LISTS, sizeof(*acls), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, acls);
	for (i = 0; i < LISTS; i++)
		acls[i] = ditto_acl_intern(intern_make(test, i, 0));
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before + LISTS);
	for (i = 0; i < LISTS; i++) {
		again = ditto_acl_intern(intern_make(test, i, 0));
		alike += again == acls[i];
		ditto_acl_put(again);
	}
	KUNIT_EXPECT_EQ(test, alike, LISTS);
	for (i = 0; i < LISTS; i++)
		ditto_acl_put(acls[i]);
	KUNIT_EXPECT_EQ(test, ditto_acl_interned(), before);
}

static struct kunit_case intern_cases[] = {
	KUNIT_CASE(intern_equal),
	KUNIT_CASE(intern_beside_dying),
	KUNIT_CASE(intern_many),
	{}
};

static struct kunit_suite intern_suite = {
	.name = "ditto_acl_intern",
	.test_cases = intern_cases,
};

kunit_test_suite(intern_suite);
