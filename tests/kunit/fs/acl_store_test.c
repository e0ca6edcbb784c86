// SPDX-License-Identifier: GPL-2.0-only
/* Access control lists as objects and as bytes: fs/acl/acl_list.c, fs/acl/acl_store.c. */

#include <kunit/test.h>
#include <linux/err.h>

#include "../../../fs/acl/acl.h"
#include "acl_common.h"

static const struct ditto_ace stored[] = {
	{ DITTO_ACE_ALLOW, DITTO_WHO_OWNER, DITTO_ACE_INHERITED, 0, DITTO_RIGHTS_ALL },
	{ DITTO_ACE_DENY, DITTO_WHO_UID, 0, 0, DITTO_RIGHT_DELETE, { KUIDT_INIT(0x12345678) } },
	{ DITTO_ACE_ALLOW, DITTO_WHO_GID, DITTO_ACE_FILE_INHERIT, 0, 1,
	  { .gid = KGIDT_INIT(100) } },
	{ DITTO_ACE_ALLOW, DITTO_WHO_FOREIGN, 0, 16, 2,
	  .foreign = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0 } },
	{ DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE, 0, 0, 0 },
};

static void acl_round_trip_test(struct kunit *test)
{
	struct ditto_acl *acl = acl_of(test, stored, ARRAY_SIZE(stored)), *got;
	u8 *bytes = kunit_kzalloc(test, DITTO_ACL_STORED_MAX, GFP_KERNEL);
	size_t size = ditto_acl_stored_size(acl);
	umode_t mode;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	acl->flags = DITTO_ACL_PROTECTED | DITTO_ACL_MADE;
	ditto_acl_encode(acl, S_IFREG | 04751, bytes);
	got = ditto_acl_decode(bytes, size, &mode);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_EQ(test, mode, 0751);
	KUNIT_EXPECT_EQ(test, got->flags, DITTO_ACL_PROTECTED);
	KUNIT_ASSERT_EQ(test, got->count, acl->count);
	KUNIT_EXPECT_MEMEQ(test, got->aces, stored, sizeof(stored));
	ditto_acl_put(got);
	ditto_acl_put(acl);

	acl = acl_of(test, stored, 0);
	acl->flags = DITTO_ACL_NULL;
	ditto_acl_encode(acl, 0777, bytes);
	got = ditto_acl_decode(bytes, ditto_acl_stored_size(acl), &mode);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_EQ(test, got->flags, DITTO_ACL_NULL);
	ditto_acl_put(got);
	ditto_acl_put(acl);
}

/* Cut off, longer, or with any bit changed: refused, or another list with just those bytes. */
static void acl_hostile_test(struct kunit *test)
{
	struct ditto_acl *acl = acl_of(test, stored, ARRAY_SIZE(stored)), *got;
	size_t size = ditto_acl_stored_size(acl), i;
	u8 *bytes = kunit_kzalloc(test, size + 1, GFP_KERNEL);
	u8 *again = kunit_kzalloc(test, DITTO_ACL_STORED_MAX, GFP_KERNEL);
	unsigned int bit, taken = 0;
	umode_t mode;
	u8 *cut;

	KUNIT_ASSERT_TRUE(test, bytes && again);
	ditto_acl_encode(acl, 0644, bytes);
	for (i = 0; i < size; i++) {
		cut = kmemdup(bytes, i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cut);
		KUNIT_EXPECT_PTR_EQ(test, ditto_acl_decode(cut, i, &mode), ERR_PTR(-EUCLEAN));
		kfree(cut);
	}
	KUNIT_EXPECT_PTR_EQ(test, ditto_acl_decode(bytes, size + 1, &mode), ERR_PTR(-EUCLEAN));
	for (i = 0; i < size * 8; i++) {
		bit = BIT(i % 8);
		bytes[i / 8] ^= bit;
		got = ditto_acl_decode(bytes, size, &mode);
		if (IS_ERR(got)) {
			KUNIT_EXPECT_PTR_EQ(test, got, ERR_PTR(-EUCLEAN));
		} else {
			taken++;
			KUNIT_EXPECT_EQ(test, ditto_acl_check(got, true), 0);
			KUNIT_ASSERT_EQ(test, ditto_acl_stored_size(got), size);
			ditto_acl_encode(got, mode, again);
			KUNIT_EXPECT_MEMEQ(test, bytes, again, size);
			ditto_acl_put(got);
		}
		bytes[i / 8] ^= bit;
	}
	/* Ids and rights may be different ones. */
	KUNIT_EXPECT_GT(test, taken, 0);
	ditto_acl_put(acl);
}

static void acl_check_test(struct kunit *test)
{
	static const struct {
		struct ditto_ace ace;
		int file;
		int dir;
	} cases[] = {
		{ { .who = DITTO_WHO_NETWORK }, 0, 0 },
		{ { .type = 2 }, -EINVAL, -EINVAL },
		{ { .who = DITTO_WHOS }, -EINVAL, -EINVAL },
		{ { .flags = 0x20 }, -EINVAL, -EINVAL },
		{ { .flags = DITTO_ACE_INHERITED }, 0, 0 },
		{ { .flags = DITTO_ACE_FILE_INHERIT }, -EINVAL, 0 },
		{ { .mask = BIT(9) }, -EINVAL, -EINVAL },
		{ { .mask = BIT(31) }, -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_UID, .uid = INVALID_UID }, -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_GID, .gid = INVALID_GID }, -EINVAL, -EINVAL },
		{ { .foreign_len = 8, .foreign = { 1 } }, -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_FOREIGN, .foreign_len = 8, .foreign = { 1 } }, 0, 0 },
		{ { .who = DITTO_WHO_FOREIGN, .foreign_len = 8, .foreign = { 2 } },
		  -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_FOREIGN, .foreign_len = 8, .foreign = { 1, 1 } },
		  -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_FOREIGN, .foreign_len = 72, .foreign = { 1, 16 } },
		  -EINVAL, -EINVAL },
		{ { .who = DITTO_WHO_FOREIGN }, -EINVAL, -EINVAL },
	};
	struct ditto_acl *acl;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		acl = acl_of(test, &cases[i].ace, 1);
		KUNIT_EXPECT_EQ_MSG(test, ditto_acl_check(acl, false), cases[i].file, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, ditto_acl_check(acl, true), cases[i].dir, "%u", i);
		acl->flags = DITTO_ACL_NULL;
		KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, true), -EINVAL);
		ditto_acl_put(acl);
	}
	KUNIT_EXPECT_NULL(test, ditto_acl_alloc(DITTO_ACES_MAX + 1));
	ditto_acl_put(NULL);
}

static struct kunit_case acl_store_cases[] = {
	KUNIT_CASE(acl_round_trip_test),
	KUNIT_CASE(acl_hostile_test),
	KUNIT_CASE(acl_check_test),
	{}
};

static struct kunit_suite acl_store_suite = {
	.name = "ditto_acl_store",
	.test_cases = acl_store_cases,
};

kunit_test_suite(acl_store_suite);
