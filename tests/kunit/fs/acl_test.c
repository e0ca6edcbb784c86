// SPDX-License-Identifier: GPL-2.0-only
/* Evaluation of access control lists, also of those made from modes: fs/acl/acl_eval.c. */

#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "../../../fs/acl/acl.h"
#include "acl_common.h"

#define RW	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)
#define R	DITTO_RIGHT_READ_DATA
#define LIST	(DITTO_RIGHT_READ_ACL | DITTO_RIGHT_WRITE_ACL)

enum { A = DITTO_ACE_ALLOW, D = DITTO_ACE_DENY, IO = DITTO_ACE_INHERIT_ONLY };

/* The rights of the owner 1, a member of group 2 and the user 3 by two entries. */
struct rights_case {
	struct ditto_ace aces[2];
	unsigned int count;
	u16 flags;
	u32 owner;
	u32 member;
	u32 other;
	u32 anonymous;
	umode_t mode;
};

static const struct rights_case rights_cases[] = {
	{ .owner = LIST },
	{ .flags = DITTO_ACL_NULL, .owner = DITTO_RIGHTS_ALL, .member = DITTO_RIGHTS_ALL,
	  .other = DITTO_RIGHTS_ALL, .anonymous = DITTO_RIGHTS_ALL, .mode = 0777 },
	{ { { A, DITTO_WHO_EVERYONE, 0, 0, RW } }, 1, 0, RW | LIST, RW, RW, RW, 0666 },
	{ { { A, DITTO_WHO_EVERYONE, IO, 0, RW } }, 1, 0, LIST },
	{ { { D, DITTO_WHO_OWNER, 0, 0, R }, { A, DITTO_WHO_EVERYONE, 0, 0, RW } }, 2, 0,
	  (RW & ~R) | LIST, RW, RW, RW, 0266 },
	{ { { A, DITTO_WHO_EVERYONE, 0, 0, R }, { D, DITTO_WHO_OWNER, 0, 0, RW } }, 2, 0,
	  R | LIST, R, R, R, 0444 },
	/* The owner keeps access to the list, unless OWNER_RIGHTS denies it. */
	{ { { D, DITTO_WHO_OWNER, 0, 0, LIST } }, 1, 0, LIST },
	{ { { A, DITTO_WHO_OWNER_RIGHTS, 0, 0, R } }, 1, 0, R, 0, 0, 0, 0400 },
	{ { { A, DITTO_WHO_OWNER_RIGHTS, IO, 0, R } }, 1, 0, LIST },
	{ { { D, DITTO_WHO_GROUP, 0, 0, R }, { A, DITTO_WHO_AUTHENTICATED, 0, 0, RW } }, 2, 0,
	  RW | LIST, RW & ~R, RW, 0, 0626 },
	{ { { A, DITTO_WHO_ANONYMOUS, 0, 0, R } }, 1, 0, LIST, 0, 0, R, 0 },
	{ { { A, DITTO_WHO_NETWORK, 0, 0, R } }, 1, 0, R | LIST, R, R, R, 0 },
	{ { { A, DITTO_WHO_UID, 0, 0, R, { KUIDT_INIT(1) } } }, 1, 0, R | LIST, 0, 0, 0, 0400 },
	{ { { A, DITTO_WHO_UID, 0, 0, R, { KUIDT_INIT(3) } } }, 1, 0, LIST, 0, R, R, 0 },
	{ { { A, DITTO_WHO_GID, 0, 0, R, { .gid = KGIDT_INIT(2) } } }, 1, 0, LIST, R, 0, 0, 0040 },
	{ { { A, DITTO_WHO_GID, 0, 0, R, { .gid = KGIDT_INIT(7) } } }, 1, 0, LIST },
	{ { { A, DITTO_WHO_FOREIGN, 0, 8, R, .foreign = { 1 } } }, 1, 0, LIST },
	/* A part of the writing rights gives no mode bit. */
	{ { { A, DITTO_WHO_EVERYONE, 0, 0, DITTO_RIGHT_WRITE_DATA } }, 1, 0,
	  DITTO_RIGHT_WRITE_DATA | LIST, DITTO_RIGHT_WRITE_DATA, DITTO_RIGHT_WRITE_DATA,
	  DITTO_RIGHT_WRITE_DATA, 0 },
};

static void acl_rights_test(struct kunit *test)
{
	const struct rights_case *c;
	struct ditto_acl *acl;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rights_cases); i++) {
		c = &rights_cases[i];
		acl = acl_of(test, c->aces, c->count);
		acl->flags = c->flags;
		KUNIT_EXPECT_EQ_MSG(test, acl_rights(test, acl, 1, 9, 9, false), c->owner, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, acl_rights(test, acl, 4, 2, 8, false),
				    c->member, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, acl_rights(test, acl, 4, 8, 2, false),
				    c->member, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, acl_rights(test, acl, 3, 8, 8, false), c->other, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, acl_rights(test, acl, 3, 8, 8, true), c->anonymous, "%u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, ditto_acl_mode(acl, KUIDT_INIT(1), KGIDT_INIT(2)),
				    c->mode, "%u", i);
		ditto_acl_put(acl);
	}
}

/* Where the mode takes the place of the list, nobody gets what only users have, or only guests. */
static void acl_mode_instead_test(struct kunit *test)
{
	static const struct {
		struct ditto_ace aces[2];
		umode_t mode;
		umode_t instead;
	} cases[] = {
		{ { { A, DITTO_WHO_EVERYONE, 0, 0, RW }, { D, DITTO_WHO_GROUP, 0, 0, RW } },
		  0666, 0666 },
		{ { { A, DITTO_WHO_AUTHENTICATED, 0, 0, RW }, { A, DITTO_WHO_EVERYONE, 0, 0, R } },
		  0666, 0644 },
		{ { { D, DITTO_WHO_AUTHENTICATED, 0, 0, R }, { A, DITTO_WHO_EVERYONE, 0, 0, RW } },
		  0222, 0222 },
		{ { { D, DITTO_WHO_ANONYMOUS, 0, 0, R }, { A, DITTO_WHO_EVERYONE, 0, 0, RW } },
		  0666, 0622 },
		{ { { D, DITTO_WHO_NETWORK, 0, 0, R }, { A, DITTO_WHO_EVERYONE, 0, 0, RW } },
		  0666, 0622 },
		{ { { A, DITTO_WHO_ANONYMOUS, 0, 0, RW }, { A, DITTO_WHO_NETWORK, 0, 0, R } },
		  0, 0 },
		{ { { A, DITTO_WHO_GROUP, 0, 0, RW }, { A, DITTO_WHO_AUTHENTICATED, 0, 0, R } },
		  0464, 0460 },
	};
	struct ditto_acl *acl;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		acl = acl_of(test, cases[i].aces, 2);
		KUNIT_EXPECT_EQ_MSG(test, ditto_acl_mode(acl, KUIDT_INIT(1), KGIDT_INIT(2)),
				    cases[i].mode, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, ditto_acl_mode_instead(acl, KUIDT_INIT(1), KGIDT_INIT(2)),
				    cases[i].instead, "%u", i);
		ditto_acl_put(acl);
	}
}

/* In all modes each class has the rights of its bits. */
static void acl_from_mode_test(struct kunit *test)
{
	struct ditto_acl *acl;
	umode_t type;
	u32 mode;

	for (mode = 0; mode <= 0777; mode++) {
		for (type = S_IFDIR; type; type = type == S_IFDIR ? S_IFREG : 0) {
			acl = ditto_acl_from_mode(type | mode);
			KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
			KUNIT_EXPECT_EQ(test, acl->flags,
					DITTO_ACL_MADE | DITTO_ACL_AUTO_INHERITED);
			KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, type == S_IFDIR), 0);
			KUNIT_EXPECT_EQ(test, ditto_acl_mode(acl, KUIDT_INIT(1), KGIDT_INIT(2)),
					mode);
			KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, acl, 1, 2, 2, false)),
					mode >> 6);
			KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, acl, 3, 2, 8, false)),
					mode >> 3 & 7);
			KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, acl, 3, 8, 8, false)),
					mode & 7);
			ditto_acl_put(acl);
		}
	}
}

/* The bits by POSIX.1e, for the entries in the order below. */
static u32 posix_bits(const struct posix_acl *posix, u32 uid, u32 gid1, u32 gid2)
{
	const struct posix_acl_entry *e = posix->a_entries;
	bool in_group = gid1 == 2 || gid2 == 2, in_named = gid1 == 6 || gid2 == 6;
	u32 bits = 0;

	if (uid == 1)
		return e[0].e_perm;
	if (uid == 5)
		return e[1].e_perm & e[4].e_perm;
	if (!in_group && !in_named)
		return e[5].e_perm;
	if (in_group)
		bits |= e[2].e_perm;
	if (in_named)
		bits |= e[3].e_perm;
	return bits & e[4].e_perm;
}

static struct posix_acl *posix_make(struct kunit *test, u32 perms)
{
	static const struct posix_acl_entry entries[] = {
		{ .e_tag = ACL_USER_OBJ },
		{ .e_tag = ACL_USER, .e_uid = KUIDT_INIT(5) },
		{ .e_tag = ACL_GROUP_OBJ },
		{ .e_tag = ACL_GROUP, .e_gid = KGIDT_INIT(6) },
		{ .e_tag = ACL_MASK },
		{ .e_tag = ACL_OTHER },
	};
	struct posix_acl *posix = posix_acl_alloc(ARRAY_SIZE(entries), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, posix);
	memcpy(posix->a_entries, entries, sizeof(entries));
	for (i = 0; i < posix->a_count; i++)
		posix->a_entries[i].e_perm = perms >> (3 * i) & 7;
	return posix;
}

/* The callers: the owner, the named user, members of each group and of both, another user. */
static const u32 posix_people[][3] = {
	{ 1, 8, 8 }, { 1, 2, 6 }, { 5, 8, 8 }, { 5, 2, 6 }, { 3, 2, 8 }, { 3, 8, 6 }, { 3, 6, 2 },
	{ 3, 8, 8 },
};

static void acl_from_posix_test(struct kunit *test)
{
	struct posix_acl *posix;
	struct ditto_acl *acl;
	const u32 *who;
	unsigned int i;
	u32 perms;

	/* Seven has no common factor with eight: each class meets all bits. */
	for (perms = 0; perms < BIT(18); perms += 7) {
		posix = posix_make(test, perms);
		acl = ditto_acl_from_posix(S_IFREG, posix, NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
		for (i = 0; i < ARRAY_SIZE(posix_people); i++) {
			who = posix_people[i];
			KUNIT_ASSERT_EQ_MSG(test, acl_bits(acl_rights(test, acl, who[0], who[1],
								      who[2], false)),
					    posix_bits(posix, who[0], who[1], who[2]),
					    "%06o %u", perms, i);
		}
		ditto_acl_put(acl);
		posix_acl_release(posix);
	}
}

static bool acl_is_canonical(const struct ditto_acl *acl)
{
	bool allows = false;

	for (unsigned int i = 0; i < acl->count; i++) {
		if (acl->aces[i].type == DITTO_ACE_DENY && allows)
			return false;
		allows |= acl->aces[i].type == DITTO_ACE_ALLOW;
	}
	return true;
}

static struct ditto_acl *acl_from_perms(struct kunit *test, u32 perms)
{
	struct posix_acl *posix = posix_make(test, perms);
	struct ditto_acl *acl = ditto_acl_from_posix(S_IFREG, posix, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	posix_acl_release(posix);
	return acl;
}

/* The rights are equal, also if the named user owns the file. */
static void acl_canonical_rights_test(struct kunit *test)
{
	unsigned int i, canonical = 0, sorted = 0;
	struct ditto_acl *acl, *plain;
	const u32 *who;
	u32 perms;

	for (perms = 0; perms < BIT(18); perms += 7) {
		acl = acl_from_perms(test, perms);
		plain = acl_from_perms(test, perms);
		sorted += acl_is_canonical(plain);
		ditto_acl_canonicalize(acl, KUIDT_INIT(perms & 1 ? 1 : 5));
		canonical += acl_is_canonical(acl);
		if (!acl_is_canonical(acl))
			KUNIT_ASSERT_MEMEQ(test, acl->aces, plain->aces,
					   flex_array_size(plain, aces, plain->count));
		for (i = 0; perms & 1 && i < ARRAY_SIZE(posix_people); i++) {
			who = posix_people[i];
			KUNIT_ASSERT_EQ_MSG(test, acl_rights(test, acl, who[0], who[1], who[2],
							     false),
					    acl_rights(test, plain, who[0], who[1], who[2], false),
					    "%06o %u", perms, i);
		}
		ditto_acl_put(plain);
		ditto_acl_put(acl);
	}
	KUNIT_EXPECT_GT(test, canonical, sorted);
}

static void acl_canonical_test(struct kunit *test)
{
	static const struct {
		u32 perms;	/* other, mask, group 6, the group, user 5, the owner */
		u32 owner;
		bool canonical;
	} cases[] = {
		{ 0477406, 1, true },	/* the user 5 may nothing, all others may read */
		{ 0477406, 5, false },	/* the caller is the owner */
		{ 0477446, 1, true },	/* nothing is denied */
		{ 0470446, 1, false },	/* the group 6 may nothing: the owner may be a member */
		{ 0470400, 1, false },	/* or the user */
		{ 0170440, 1, true },	/* what is denied is allowed behind it only */
	};
	struct ditto_acl *acl, *plain;
	struct posix_acl *posix;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		acl = acl_from_perms(test, cases[i].perms);
		ditto_acl_canonicalize(acl, KUIDT_INIT(cases[i].owner));
		KUNIT_EXPECT_EQ_MSG(test, acl_is_canonical(acl), cases[i].canonical, "%u", i);
		ditto_acl_put(acl);
	}
	/* The creator of a file in the directory may be the user 5. */
	posix = posix_make(test, 0477406);
	acl = ditto_acl_from_posix(S_IFDIR | 0755, NULL, posix);
	plain = ditto_acl_from_posix(S_IFDIR | 0755, NULL, posix);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl) || IS_ERR(plain));
	ditto_acl_canonicalize(acl, KUIDT_INIT(1));
	KUNIT_EXPECT_MEMEQ(test, acl->aces, plain->aces,
			   flex_array_size(plain, aces, plain->count));
	ditto_acl_put(plain);
	ditto_acl_put(acl);
	posix_acl_release(posix);
}

/* A default ACL applies only to new files in the directory, with the same rights. */
static void acl_from_default_test(struct kunit *test)
{
	struct posix_acl *posix = posix_make(test, 0471537);
	struct ditto_acl *acl, *plain, *child;
	unsigned int i;

	acl = ditto_acl_from_posix(S_IFDIR | 0750, NULL, posix);
	plain = ditto_acl_from_mode(S_IFDIR | 0750);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl) || IS_ERR(plain));
	KUNIT_ASSERT_GT(test, acl->count, plain->count);
	KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, true), 0);
	KUNIT_EXPECT_MEMEQ(test, acl->aces, plain->aces,
			   flex_array_size(plain, aces, plain->count));
	for (i = plain->count; i < acl->count; i++)
		KUNIT_EXPECT_EQ(test, acl->aces[i].flags,
				DITTO_ACE_INHERITABLE | DITTO_ACE_INHERIT_ONLY);
	child = ditto_acl_inherit(acl, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(child));
	for (i = 0; i < ARRAY_SIZE(posix_people); i++)
		KUNIT_EXPECT_EQ(test, acl_bits(acl_rights(test, child, posix_people[i][0],
							  posix_people[i][1], posix_people[i][2],
							  false)),
				posix_bits(posix, posix_people[i][0], posix_people[i][1],
					   posix_people[i][2]));
	ditto_acl_put(child);
	ditto_acl_put(plain);
	ditto_acl_put(acl);
	posix_acl_release(posix);
}

static struct kunit_case acl_cases[] = {
	KUNIT_CASE(acl_rights_test),
	KUNIT_CASE(acl_mode_instead_test),
	KUNIT_CASE(acl_from_mode_test),
	KUNIT_CASE(acl_from_posix_test),
	KUNIT_CASE(acl_from_default_test),
	KUNIT_CASE(acl_canonical_test),
	KUNIT_CASE(acl_canonical_rights_test),
	{}
};

static struct kunit_suite acl_suite = {
	.name = "ditto_acl",
	.test_cases = acl_cases,
};

kunit_test_suite(acl_suite);
