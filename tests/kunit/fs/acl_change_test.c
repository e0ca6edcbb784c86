// SPDX-License-Identifier: GPL-2.0-only
/* Access control lists after a chmod, and inherited ones. */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/prandom.h>
#include <linux/stat.h>

#include "../../../fs/acl/acl.h"
#include "acl_common.h"

#define OWNER	KUIDT_INIT(1)
#define GROUP	KGIDT_INIT(2)

/* All rights that three bits can stand for. */
#define BITS_RIGHTS \
	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | \
	 DITTO_RIGHT_EXECUTE)

enum {
	FI = DITTO_ACE_FILE_INHERIT,
	DI = DITTO_ACE_DIR_INHERIT,
	NP = DITTO_ACE_NO_PROPAGATE,
	IO = DITTO_ACE_INHERIT_ONLY,
	ID = DITTO_ACE_INHERITED,
};

static struct ditto_ace random_ace(struct rnd_state *rnd)
{
	struct ditto_ace ace = {
		.type = prandom_u32_state(rnd) % 3 == 0,
		.who = prandom_u32_state(rnd) % DITTO_WHOS,
		.mask = prandom_u32_state(rnd) & prandom_u32_state(rnd) & DITTO_RIGHTS_ALL,
	};

	if (prandom_u32_state(rnd) % 2)
		ace.flags = prandom_u32_state(rnd) & DITTO_ACE_FLAGS;
	if (ace.who == DITTO_WHO_UID)
		ace.uid = KUIDT_INIT(prandom_u32_state(rnd) % 2 ? 1 : 5);
	if (ace.who == DITTO_WHO_GID)
		ace.gid = KGIDT_INIT(prandom_u32_state(rnd) % 2 ? 2 : 6);
	if (ace.who == DITTO_WHO_FOREIGN) {
		ace.foreign_len = 8;
		ace.foreign[0] = 1;
	}
	return ace;
}

static struct ditto_acl *random_acl(struct kunit *test, struct rnd_state *rnd, unsigned int count)
{
	struct ditto_acl *acl = ditto_acl_alloc(count);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	acl->flags = prandom_u32_state(rnd) & (DITTO_ACL_FLAGS & ~DITTO_ACL_NULL);
	for (i = 0; i < count; i++)
		acl->aces[i] = random_ace(rnd);
	return acl;
}

/* New files inherit the same rights after a chmod of the directory. */
static void expect_same_heirs(struct kunit *test, struct ditto_acl *was, struct ditto_acl *is)
{
	struct ditto_acl *a = ditto_acl_inherit(was, false), *b = ditto_acl_inherit(is, false);

	KUNIT_ASSERT_FALSE(test, IS_ERR(a) || IS_ERR(b));
	KUNIT_ASSERT_EQ(test, !a, !b);
	if (a) {
		KUNIT_ASSERT_EQ(test, a->count, b->count);
		KUNIT_EXPECT_MEMEQ(test, a->aces, b->aces, flex_array_size(a, aces, a->count));
	}
	ditto_acl_put(a);
	ditto_acl_put(b);
}

/*
 * Anonymous members of the group get no right that only the others of them had, unless anonymous
 * others have it, too.
 */
static void expect_no_gift(struct kunit *test, struct ditto_acl *was, struct ditto_acl *is)
{
	u32 got = acl_rights(test, is, 4, 2, 8, true) & ~acl_rights(test, was, 4, 2, 8, true);

	KUNIT_EXPECT_EQ(test, got & BITS_RIGHTS & acl_rights(test, was, 4, 2, 8, false) &
			~acl_rights(test, is, 3, 8, 8, true), 0);
}

static void expect_chmod(struct kunit *test, struct ditto_acl *acl, umode_t mode)
{
	struct ditto_acl *is = ditto_acl_chmod(acl, S_IFDIR | mode, OWNER, GROUP);
	u32 named, group, other;

	KUNIT_ASSERT_FALSE(test, IS_ERR(is));
	KUNIT_ASSERT_EQ(test, ditto_acl_mode(is, OWNER, GROUP), mode);
	KUNIT_EXPECT_EQ(test, ditto_acl_check(is, true), 0);
	KUNIT_EXPECT_EQ(test, is->flags, acl->flags);
	expect_same_heirs(test, acl, is);
	if (is == acl)
		goto put;

	KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 1, 2, 6, false)), mode >> 6);
	named = acl_rights(test, is, 5, 8, 8, false);
	group = acl_rights(test, is, 4, 6, 8, false);
	other = acl_rights(test, is, 3, 8, 8, false);
	/* Others are limited to the mode bits, and named users to the group's. */
	KUNIT_EXPECT_EQ(test, acl_bits(other) & ~mode, 0);
	KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 4, 2, 8, false)) & ~(mode >> 3), 0);
	expect_no_gift(test, acl, is);
	/* No denied right is allowed, unless it is now allowed to all. */
	if ((mode & 7) != 7) {
		other = mode & 7;
		KUNIT_EXPECT_EQ(test, acl_bits(named) & ~other &
				~acl_bits(BITS_RIGHTS & acl_rights(test, acl, 5, 8, 8, false)), 0);
		KUNIT_EXPECT_EQ(test, acl_bits(group) & ~other &
				~acl_bits(BITS_RIGHTS & acl_rights(test, acl, 4, 6, 8, false)), 0);
	}
put:
	ditto_acl_put(is);
}

/* Random lists and all modes. */
static void acl_chmod_test(struct kunit *test)
{
	struct ditto_acl *acl;
	struct rnd_state rnd;
	unsigned int i;
	umode_t mode;

	prandom_seed_state(&rnd, 8881);
	for (i = 0; i < 60; i++) {
		acl = random_acl(test, &rnd, i % 20);
		for (mode = 0; mode <= 0777; mode++)
			expect_chmod(test, acl, mode);
		ditto_acl_put(acl);
	}
}

/* Named users and groups have at most the group's bits, whatever others have. */
static void acl_chmod_mask_test(struct kunit *test)
{
	static const struct ditto_ace aces[] = {
		{ DITTO_ACE_ALLOW, DITTO_WHO_UID, 0, 0, DITTO_RIGHTS_ALL, { KUIDT_INIT(5) } },
		{ DITTO_ACE_ALLOW, DITTO_WHO_GID, FI | DI, 0, DITTO_RIGHTS_ALL,
		  { .gid = KGIDT_INIT(6) } },
	};
	struct ditto_acl *acl = acl_of(test, aces, 2), *is;
	umode_t mode;

	for (mode = 1; mode <= 0777; mode++) {
		is = ditto_acl_chmod(acl, S_IFREG | mode, OWNER, GROUP);
		KUNIT_ASSERT_FALSE(test, IS_ERR(is));
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 5, 8, 8, false)),
				mode >> 3 & 7);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 4, 6, 8, false)),
				mode >> 3 & 7);
		/* Other rights do not depend on the mode. */
		KUNIT_EXPECT_TRUE(test, acl_rights(test, is, 5, 8, 8, false) & DITTO_RIGHT_DELETE);
		ditto_acl_put(is);
	}
	ditto_acl_put(acl);
}

/*
 * Group and others keep what they have because they are authenticated, and anonymous users do not
 * get it.
 */
static void acl_chmod_proven_test(struct kunit *test)
{
	static const struct ditto_ace aces[] = {
		{ DITTO_ACE_ALLOW, DITTO_WHO_OWNER, 0, 0, DITTO_RIGHTS_ALL },
		{ DITTO_ACE_ALLOW, DITTO_WHO_AUTHENTICATED, 0, 0,
		  BITS_RIGHTS & ~DITTO_RIGHT_EXECUTE },
		{ DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE, 0, 0, DITTO_RIGHT_READ_DATA },
	};
	struct ditto_acl *acl = acl_of(test, aces, ARRAY_SIZE(aces)), *is, *next;
	umode_t mode;

	for (mode = 0; mode <= 0777; mode++) {
		is = ditto_acl_chmod(acl, S_IFREG | mode, OWNER, GROUP);
		KUNIT_ASSERT_FALSE(test, IS_ERR(is));
		/* Once more, so that only the first change counts for others. */
		next = ditto_acl_chmod(is, S_IFREG | (mode ^ 0100), OWNER, GROUP);
		KUNIT_ASSERT_FALSE(test, IS_ERR(next));
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, next, 3, 8, 8, false)), mode & 7);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, next, 3, 8, 8, true)), mode & 5);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, next, 4, 2, 8, false)),
				mode >> 3 & 7);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, next, 4, 2, 8, true)),
				mode >> 3 & 5);
		KUNIT_EXPECT_EQ(test, ditto_acl_mode(next, OWNER, GROUP), mode ^ 0100);
		ditto_acl_put(next);
		ditto_acl_put(is);
	}
	ditto_acl_put(acl);
}

/* The same after repeated changes. */
static void acl_chmod_again_test(struct kunit *test)
{
	struct ditto_acl *acl, *next;
	struct rnd_state rnd;
	unsigned int i, most = 0;

	prandom_seed_state(&rnd, 1);
	acl = random_acl(test, &rnd, 12);
	for (i = 0; i < 2000; i++) {
		next = ditto_acl_chmod(acl, S_IFDIR | (prandom_u32_state(&rnd) & 0777), OWNER,
				       GROUP);
		KUNIT_ASSERT_FALSE(test, IS_ERR(next));
		ditto_acl_put(acl);
		acl = next;
		most = max_t(unsigned int, most, acl->count);
	}
	KUNIT_EXPECT_LE(test, most, 60);
	next = ditto_acl_chmod(acl, S_IFDIR | 0700, OWNER, GROUP);
	KUNIT_ASSERT_FALSE(test, IS_ERR(next));
	KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, next, 1, 2, 6, false)), 7);
	ditto_acl_put(next);
	ditto_acl_put(acl);
}

/* The longest list loses allowed rights of named users, and never a denial. */
static void acl_chmod_long_test(struct kunit *test)
{
	struct ditto_acl *acl = ditto_acl_alloc(DITTO_ACES_MAX), *is;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	for (i = 0; i < acl->count; i++) {
		acl->aces[i].who = DITTO_WHO_UID;
		acl->aces[i].uid = KUIDT_INIT(100 + i);
		acl->aces[i].mask = DITTO_RIGHTS_ALL;
		acl->aces[i].type = i < 100 ? DITTO_ACE_DENY : DITTO_ACE_ALLOW;
	}
	is = ditto_acl_chmod(acl, S_IFDIR | 0640, OWNER, GROUP);
	KUNIT_ASSERT_FALSE(test, IS_ERR(is));
	KUNIT_EXPECT_EQ(test, ditto_acl_mode(is, OWNER, GROUP), 0640);
	for (i = 0; i < 128; i++)
		KUNIT_EXPECT_EQ(test, acl_rights(test, is, 100 + i, 2, 2, false) & BITS_RIGHTS,
				i < 100 ? 0 : DITTO_RIGHT_READ_DATA);
	ditto_acl_put(is);
	for (i = 0; i < acl->count; i++)
		acl->aces[i].type = DITTO_ACE_DENY;
	KUNIT_EXPECT_PTR_EQ(test, ditto_acl_chmod(acl, S_IFDIR | 0640, OWNER, GROUP),
			    ERR_PTR(-ENOSPC));
	ditto_acl_put(acl);
}

static void acl_chmod_null_test(struct kunit *test)
{
	struct ditto_acl *acl = ditto_acl_alloc(0), *is;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	acl->flags = DITTO_ACL_NULL | DITTO_ACL_PROTECTED;
	is = ditto_acl_chmod(acl, S_IFREG | 0777, OWNER, GROUP);
	KUNIT_EXPECT_PTR_EQ(test, is, acl);
	ditto_acl_put(is);
	is = ditto_acl_chmod(acl, S_IFREG | 0640, OWNER, GROUP);
	KUNIT_ASSERT_FALSE(test, IS_ERR(is));
	KUNIT_EXPECT_EQ(test, is->flags, DITTO_ACL_PROTECTED);
	KUNIT_EXPECT_EQ(test, ditto_acl_mode(is, OWNER, GROUP), 0640);
	ditto_acl_put(is);
	ditto_acl_put(acl);
}

/* Flags of a directory's entry, and of those that a file and a directory inherit; -1 for none. */
struct inherit_case {
	u8 who;
	u8 flags;
	int file;
	int dir;
	int dir2;
};

static const struct inherit_case inherit_cases[] = {
	{ DITTO_WHO_OWNER, 0, -1, -1, -1 },
	{ DITTO_WHO_OWNER, FI, 0, FI | IO, -1 },
	{ DITTO_WHO_OWNER, DI, -1, 0, DI | IO },
	{ DITTO_WHO_OWNER, FI | DI, 0, 0, FI | DI | IO },
	{ DITTO_WHO_OWNER, FI | DI | IO, 0, 0, FI | DI | IO },
	{ DITTO_WHO_GROUP, DI | IO, -1, 0, DI | IO },
	{ DITTO_WHO_OWNER, NP, -1, -1, -1 },
	{ DITTO_WHO_OWNER, NP | FI, 0, -1, -1 },
	{ DITTO_WHO_OWNER, NP | DI, -1, 0, -1 },
	{ DITTO_WHO_OWNER, NP | FI | DI | IO, 0, 0, -1 },
	{ DITTO_WHO_OWNER, IO, -1, -1, -1 },
	{ DITTO_WHO_UID, 0, -1, -1, -1 },
	{ DITTO_WHO_UID, FI, 0, FI | IO, -1 },
	{ DITTO_WHO_UID, DI, -1, DI, -1 },
	{ DITTO_WHO_UID, FI | DI | IO | ID, 0, FI | DI, -1 },
	{ DITTO_WHO_EVERYONE, FI | DI | NP, 0, 0, -1 },
};

static void expect_heir(struct kunit *test, const struct ditto_acl *dir, bool is_dir, int first,
			int second)
{
	struct ditto_acl *acl = ditto_acl_inherit(dir, is_dir);
	int mark = dir->flags & DITTO_ACL_AUTO_INHERITED ? ID : 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	if (first < 0) {
		KUNIT_EXPECT_NULL(test, acl);
		ditto_acl_put(acl);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, acl);
	KUNIT_EXPECT_EQ(test, acl->flags, dir->flags & DITTO_ACL_AUTO_INHERITED);
	KUNIT_ASSERT_EQ(test, acl->count, second < 0 ? 1 : 2);
	KUNIT_EXPECT_EQ(test, acl->aces[0].flags, first | mark);
	KUNIT_EXPECT_EQ(test, acl->aces[0].who, dir->aces[0].who);
	if (second >= 0)
		KUNIT_EXPECT_EQ(test, acl->aces[1].flags, second | mark);
	KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, is_dir), 0);
	ditto_acl_put(acl);
}

static void acl_inherit_test(struct kunit *test)
{
	const struct inherit_case *c;
	struct ditto_ace ace = { };
	struct ditto_acl *dir;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(inherit_cases); i++) {
		c = &inherit_cases[i / 2];
		ace.who = c->who;
		ace.flags = c->flags;
		dir = acl_of(test, &ace, 1);
		dir->flags = DITTO_ACL_PROTECTED | (i % 2 ? DITTO_ACL_AUTO_INHERITED : 0);
		expect_heir(test, dir, false, c->file, -1);
		expect_heir(test, dir, true, c->dir, c->dir2);
		ditto_acl_put(dir);
	}
}

/* Even the longest can be inherited. */
static void acl_inherit_long_test(struct kunit *test)
{
	struct ditto_acl *dir = ditto_acl_alloc(DITTO_ACES_MAX), *acl;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, dir);
	for (i = 0; i < dir->count; i++)
		dir->aces[i].flags = FI | DI;
	acl = ditto_acl_inherit(dir, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(acl));
	KUNIT_EXPECT_EQ(test, acl->count, DITTO_ACES_MAX);
	KUNIT_EXPECT_EQ(test, acl->aces[0].flags, FI | DI);
	ditto_acl_put(acl);
	ditto_acl_put(dir);
}

/* The classes get the mode's bits, and named users keep theirs. */
static void acl_chmod_classes_test(struct kunit *test)
{
	static const struct ditto_ace aces[] = {
		{ DITTO_ACE_ALLOW, DITTO_WHO_UID, 0, 0, DITTO_RIGHTS_ALL, { KUIDT_INIT(5) } },
		{ DITTO_ACE_DENY, DITTO_WHO_UID, 0, 0, BITS_RIGHTS, { KUIDT_INIT(4) } },
		{ DITTO_ACE_ALLOW, DITTO_WHO_OWNER, 0, 0, DITTO_RIGHTS_ALL },
	};
	struct ditto_acl *acl = acl_of(test, aces, ARRAY_SIZE(aces)), *is;
	umode_t mode;

	for (mode = 0; mode <= 0777; mode++) {
		is = ditto_acl_chmod_classes(acl, S_IFREG | mode, OWNER, GROUP);
		KUNIT_ASSERT_FALSE(test, IS_ERR(is));
		KUNIT_EXPECT_EQ(test, ditto_acl_mode(is, OWNER, GROUP), mode);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 5, 8, 8, false)), 7);
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, is, 4, 8, 8, false)), 0);
		ditto_acl_put(is);
	}
	KUNIT_EXPECT_FALSE(test, ditto_acl_is_trivial(acl));
	ditto_acl_put(acl);
	acl = ditto_acl_from_mode(S_IFREG | 0461);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_TRUE(test, ditto_acl_is_trivial(acl));
	ditto_acl_put(acl);
}

static struct kunit_case acl_change_cases[] = {
	KUNIT_CASE(acl_chmod_test),
	KUNIT_CASE(acl_chmod_mask_test),
	KUNIT_CASE(acl_chmod_classes_test),
	KUNIT_CASE(acl_chmod_proven_test),
	KUNIT_CASE(acl_chmod_again_test),
	KUNIT_CASE(acl_chmod_long_test),
	KUNIT_CASE(acl_chmod_null_test),
	KUNIT_CASE(acl_inherit_test),
	KUNIT_CASE(acl_inherit_long_test),
	{}
};

static struct kunit_suite acl_change_suite = {
	.name = "ditto_acl_change",
	.test_cases = acl_change_cases,
};

kunit_test_suite(acl_change_suite);
