// SPDX-License-Identifier: GPL-2.0-only
/* Explanations of access checks agree with the checks: fs/op/check/explain.c, fs/acl/acl_eval.c. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../../fs/op/check/explain.h"
#include "listed.h"

DEFINE_FOLDER(f, "kunit-explain")

#define LISTS	2000
#define ROUNDS	150

static struct rnd_state explain_random;

static u32 random_below(u32 limit)
{
	return prandom_u32_state(&explain_random) % limit;
}

/* Entries for a few principals, so that many of them match and name the same rights. */
static void any_entry(struct listed_entry *entry, bool is_dir)
{
	*entry = (struct listed_entry) {
		.type = random_below(2),
		.who = random_below(DITTO_WHO_FOREIGN),
		.mask = prandom_u32_state(&explain_random) & prandom_u32_state(&explain_random) &
			DITTO_RIGHTS_ALL,
		.id = USER + random_below(2),
	};
	if (is_dir && !random_below(4))
		entry->flags = DITTO_ACE_INHERITABLE | DITTO_ACE_INHERIT_ONLY;
}

static struct ditto_acl *any_list(struct kunit *test, bool is_dir)
{
	struct listed_entry entries[6];
	u32 count = random_below(ARRAY_SIZE(entries) + 1);
	struct ditto_acl *acl;

	for (u32 i = 0; i < count; i++)
		any_entry(&entries[i], is_dir);
	acl = listed_make(test, entries, count);
	if (!count && !random_below(4))
		acl->flags = DITTO_ACL_NULL;
	return acl;
}

/* Whether a decision grants its right. */
static bool decision_grants(const struct ditto_acl_decision *decision)
{
	if (decision->by == DITTO_DECIDED_BY_ENTRY)
		return decision->ace.type == DITTO_ACE_ALLOW;
	return decision->by != DITTO_DECIDED_BY_NOBODY;
}

/* The entries that are told to have decided give the rights that the evaluation gives. */
static void test_lists(struct kunit *test)
{
	struct ditto_acl_decisions *decisions = kunit_kzalloc(test, sizeof(*decisions), GFP_KERNEL);
	struct cred cred = {};

	KUNIT_ASSERT_NOT_NULL(test, decisions);
	prandom_seed_state(&explain_random, 1);
	cred.group_info = groups_alloc(0);
	KUNIT_ASSERT_NOT_NULL(test, cred.group_info);
	for (u32 i = 0; i < LISTS; i++) {
		struct ditto_acl *acl = any_list(test, true);
		struct ditto_acl_subject who = {
			.cred = &cred,
			.anonymous = !random_below(4),
			.uid = KUIDT_INIT(USER + random_below(2)),
			.gid = KGIDT_INIT(USER + random_below(2)),
		};
		const struct ditto_ace *undecided;
		u32 plain, explained, told = 0;

		cred.fsuid = KUIDT_INIT(USER + random_below(2));
		cred.fsgid = KGIDT_INIT(USER + random_below(2));
		plain = ditto_acl_rights(acl, &who, &undecided);
		who.decisions = decisions;
		explained = ditto_acl_rights(acl, &who, &undecided);
		for (unsigned int bit = 0; bit < DITTO_RIGHT_BITS; bit++) {
			const struct ditto_acl_decision *decision = &decisions->right[bit];

			if (!(DITTO_RIGHTS_ALL & BIT(bit)))
				continue;
			if (decision_grants(decision))
				told |= BIT(bit);
			if (decision->by != DITTO_DECIDED_BY_ENTRY)
				continue;
			KUNIT_ASSERT_LT(test, decision->number, acl->count);
			KUNIT_EXPECT_MEMEQ(test, &decision->ace, &acl->aces[decision->number],
					   sizeof(decision->ace));
			KUNIT_EXPECT_TRUE(test, decision->ace.mask & BIT(bit));
		}
		KUNIT_EXPECT_EQ(test, explained, plain);
		KUNIT_EXPECT_EQ_MSG(test, told, plain, "list %u", i);
		ditto_acl_put(acl);
	}
	put_group_info(cred.group_info);
}

/* Whether the reason for a right grants it. */
static bool reason_grants(const struct ditto_explanation *why, unsigned int bit,
			  const struct ditto_op *op, const struct ditto_node *node)
{
	const struct ditto_right_reason *right = &why->right[bit];
	unsigned int above = bit == ilog2(DITTO_RIGHT_DELETE) ? ilog2(DITTO_RIGHT_DELETE_CHILD) :
								ilog2(DITTO_RIGHT_READ_DATA);

	switch ((enum ditto_reason)right->reason) {
	case DITTO_REASON_LIST:
		return decision_grants(&why->list.right[bit]);
	case DITTO_REASON_PARENT_LIST:
		return decision_grants(&why->parent_list.right[above]);
	case DITTO_REASON_MODE:
	case DITTO_REASON_PARENT_MODE:
		return !(right->need & ~right->bits);
	case DITTO_REASON_OWNER:
		return uid_eq(op->cred->cred->fsuid, node->inode->i_uid);
	case DITTO_REASON_EVERYBODY:
	case DITTO_REASON_ADMINISTRATOR:
	case DITTO_REASON_TRAVERSE:
	case DITTO_REASON_NO_MEANING:
		return true;
	default:
		return false;
	}
}

/* Check one file: as ditto_rights() and ditto_permission() say, for reasons that say the same. */
static void expect_explained(struct kunit *test, struct ditto_op *op, struct ditto_node *node,
			     struct ditto_node *parent, struct ditto_explanation *why)
{
	const unsigned int execute = ilog2(DITTO_RIGHT_EXECUTE);
	u32 plain, rights, told = 0;
	int err;

	KUNIT_ASSERT_EQ(test, ditto_rights(op, node, parent, &plain), 0);
	KUNIT_ASSERT_EQ(test, ditto_explain_rights(op, node, parent, why, &rights), 0);
	KUNIT_EXPECT_EQ(test, rights, plain);
	for (unsigned int bit = 0; bit < DITTO_RIGHT_BITS; bit++) {
		if (!(DITTO_RIGHTS_ALL & BIT(bit)))
			continue;
		KUNIT_EXPECT_NE_MSG(test, why->right[bit].reason, DITTO_REASON_UNKNOWN, "bit %u",
				    bit);
		/* Nothing but modes and lists decides in this folder. */
		KUNIT_EXPECT_NE_MSG(test, why->right[bit].reason, DITTO_REASON_KERNEL, "bit %u",
				    bit);
		if (reason_grants(why, bit, op, node))
			told |= BIT(bit);
	}
	KUNIT_EXPECT_EQ(test, told, plain);

	if (!S_ISDIR(node->inode->i_mode))
		return;
	err = ditto_explain_traverse(op, node, why);
	KUNIT_EXPECT_EQ(test, err, ditto_permission(op, node, DITTO_MAY_EXEC));
	KUNIT_EXPECT_NE(test, why->right[execute].reason, DITTO_REASON_UNKNOWN);
	KUNIT_EXPECT_EQ(test, reason_grants(why, execute, op, node), !err);
}

/* A POSIX ACL as by a process of the server. */
static void any_posix(struct kunit *test, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct posix_acl *acl = posix_acl_alloc(6, GFP_KERNEL);
	const short tags[] = {
		ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_GROUP, ACL_MASK, ACL_OTHER,
	};

	KUNIT_ASSERT_NOT_NULL(test, acl);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		acl->a_entries[i].e_tag = tags[i];
		acl->a_entries[i].e_perm = random_below(8);
		if (tags[i] == ACL_USER)
			acl->a_entries[i].e_uid = KUIDT_INIT(USER);
		else if (tags[i] == ACL_GROUP)
			acl->a_entries[i].e_gid = KGIDT_INIT(USER + random_below(2));
	}
	KUNIT_EXPECT_EQ(test, 0, vfs_set_acl(mnt_idmap(f.path.mnt), dentry,
					     XATTR_NAME_POSIX_ACL_ACCESS, acl));
	posix_acl_release(acl);
	dput(dentry);
}

/* Give a file any owner, mode, POSIX ACL or list. */
static void any_access(struct kunit *test, struct ditto_node *node, bool is_dir)
{
	struct ditto_setattr set = {
		.valid = DITTO_SET_UID | DITTO_SET_GID | DITTO_SET_MODE,
		.uid = KUIDT_INIT(USER + random_below(2)),
		.gid = KGIDT_INIT(USER + random_below(2)),
		.mode = random_below(01000) | (is_dir && !random_below(3) ? S_ISVTX : 0),
	};
	struct ditto_setattr remove = { .valid = DITTO_SET_ACL };
	u32 kind = random_below(3);

	KUNIT_ASSERT_EQ(test, listed_set(&f, f.admin, node, &remove), 0);
	KUNIT_ASSERT_EQ(test, listed_set(&f, f.admin, node, &set), 0);
	if (kind == 1) {
		any_posix(test, node);
	} else if (kind == 2) {
		struct ditto_acl *acl = any_list(test, is_dir);

		remove.acl = acl;
		KUNIT_ASSERT_EQ(test, listed_set(&f, f.admin, node, &remove), 0);
		ditto_acl_put(acl);
	}
}

/* Files and directories of any access, asked for by the user and the administrator. */
static void test_files(struct kunit *test)
{
	struct ditto_explanation *why = kunit_kzalloc(test, sizeof(*why), GFP_KERNEL);
	struct ditto_node *dir = folder_make(test, &f, "d", 0777, true);
	struct ditto_node *file = folder_make(test, &f, "f", 0777, false);

	KUNIT_ASSERT_NOT_NULL(test, why);
	prandom_seed_state(&explain_random, 2);
	for (u32 i = 0; i < ROUNDS; i++) {
		struct ditto_op op = f.op;

		any_access(test, f.root, true);
		any_access(test, dir, true);
		any_access(test, file, false);
		op.cred = random_below(8) ? f.user : f.admin;
		op.writable = random_below(8);
		op.traverses = random_below(2);
		expect_explained(test, &op, f.root, NULL, why);
		expect_explained(test, &op, dir, f.root, why);
		expect_explained(test, &op, file, f.root, why);
	}
	any_access(test, f.root, true);
	ditto_node_put(dir);
	ditto_node_put(file);
	folder_remove(test, &f, "d", true);
	folder_remove(test, &f, "f", false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_lists),
	KUNIT_CASE(test_files),
	{ },
};

static struct kunit_suite suite = {
	.name = "explain",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = cases,
};

kunit_test_suite(suite);
