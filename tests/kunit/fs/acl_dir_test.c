// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of directories on a real tmpfs: creation, look-up, renaming and removal of entries, and
 * inheritance.
 */
#include <kunit/test.h>
#include <linux/fs.h>

#include "../../../fs/acl/acl.h"
#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "../../../fs/op/check/rights.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/share.h"
#include "listed.h"

DEFINE_FOLDER(f, "kunit-acl-dir")

static const struct ditto_name other_name = { "other", 5 };

static void acl_dir_done(struct kunit *test, struct ditto_node *dir)
{
	ditto_node_put(dir);
	folder_remove(test, &f, "dir", true);
}

static struct ditto_node *dir_with(struct kunit *test, umode_t mode)
{
	struct ditto_node *dir = folder_make(test, &f, "dir", mode, true);

	KUNIT_EXPECT_EQ(test, listed_chmod(&f, dir, mode), 0);
	return dir;
}

static int make_as(struct ditto_cred *cred, struct ditto_node *dir,
		   const struct ditto_setattr *set, bool is_dir, struct ditto_node **out)
{
	struct ditto_op op = f.op;

	op.cred = cred;
	return folder_create(&op, dir, &other_name, set, is_dir, out);
}

static int remove_as(struct ditto_cred *cred, struct ditto_node *dir, bool is_dir)
{
	struct ditto_op op = f.op;
	struct ditto_wcc wcc;

	op.cred = cred;
	return ditto_remove(&op, dir, &other_name, is_dir, &wcc);
}

static int lookup_as(struct ditto_cred *cred, struct ditto_node *dir)
{
	struct ditto_op op = f.op;
	struct ditto_node *node;
	int err;

	op.cred = cred;
	err = ditto_lookup(&op, dir, &other_name, &node);
	if (!err)
		ditto_node_put(node);
	return err;
}

/* Creating files and creating directories need different rights. */
static void test_make(struct kunit *test)
{
	const struct ditto_setattr none = {};
	struct ditto_node *dir = dir_with(test, 0777);
	struct ditto_node *node;

	SET_LIST(&f, dir, ALLOW(UID, ENTERS, USER));
	KUNIT_EXPECT_EQ(test, make_as(f.user, dir, &none, false, &node), -EACCES);
	SET_LIST(&f, dir, ALLOW(UID, ENTERS | DITTO_RIGHT_WRITE_DATA, USER));
	KUNIT_EXPECT_EQ(test, make_as(f.user, dir, &none, true, &node), -EACCES);
	KUNIT_ASSERT_EQ(test, make_as(f.user, dir, &none, false, &node), 0);
	KUNIT_EXPECT_EQ(test, __kuid_val(node->inode->i_uid), USER);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, lookup_as(f.user, dir), 0);
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), -EACCES);
	SET_LIST(&f, dir, ALLOW(UID, ENTERS | DITTO_RIGHT_DELETE_CHILD, USER));
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), 0);
	SET_LIST(&f, dir, ALLOW(UID, ENTERS | DITTO_RIGHT_APPEND_DATA, USER));
	KUNIT_EXPECT_EQ(test, make_as(f.user, dir, &none, false, &node), -EACCES);
	KUNIT_ASSERT_EQ(test, make_as(f.user, dir, &none, true, &node), 0);
	ditto_node_put(node);
	SET_LIST(&f, dir, ALLOW(UID, READS, USER),
		 ALLOW(EVERYONE, ANYTHING & ~DITTO_RIGHT_EXECUTE));
	KUNIT_EXPECT_EQ(test, lookup_as(f.user, dir), -EACCES);
	KUNIT_EXPECT_EQ(test, remove_as(f.admin, dir, true), 0);
	acl_dir_done(test, dir);
}

/* DELETE on the file is enough, whatever the directory's list and sticky bit are. */
static void test_delete_by_child(struct kunit *test)
{
	const struct ditto_setattr none = {};
	struct ditto_node *dir = dir_with(test, 01755);
	struct ditto_node *node;

	KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &none, false, &node), 0);
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, READS, USER));
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), -EACCES);
	/* The directory's mode allows it, but not the sticky bit. */
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, dir, 01777), 0);
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), -EPERM);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_DELETE, USER));
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, dir, 01755), 0);
	KUNIT_EXPECT_EQ(test, remove_as(f.user, dir, false), 0);
	ditto_node_put(node);
	acl_dir_done(test, dir);
}

static int rename_as(struct ditto_cred *cred, struct ditto_node *from, struct ditto_node *to)
{
	static const struct ditto_name name = { "renamed", 7 };
	struct ditto_wcc wcc[2];
	struct ditto_op op = f.op;

	op.cred = cred;
	return ditto_rename(&op, from, &other_name, &op, to, &name, &wcc[0], &wcc[1]);
}

/* Each object is checked by its own list. */
static void test_rename(struct kunit *test)
{
	const struct ditto_setattr none = {};
	struct ditto_node *dir = dir_with(test, 0755);
	struct ditto_node *node;

	KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &none, false, &node), 0);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_DELETE, USER));
	KUNIT_EXPECT_EQ(test, rename_as(f.user, dir, dir), -EACCES);
	SET_LIST(&f, dir, ALLOW(UID, ENTERS | DITTO_RIGHT_APPEND_DATA, USER));
	KUNIT_EXPECT_EQ(test, rename_as(f.user, dir, dir), -EACCES);
	SET_LIST(&f, dir, ALLOW(UID, ENTERS | DITTO_RIGHT_WRITE_DATA, USER));
	SET_LIST(&f, node, ALLOW(UID, READS, USER));
	KUNIT_EXPECT_EQ(test, rename_as(f.user, dir, dir), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_DELETE, USER));
	KUNIT_EXPECT_EQ(test, rename_as(f.user, dir, dir), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, ditto_remove(&f.op, dir, &(struct ditto_name){ "renamed", 7 }, false,
					   &(struct ditto_wcc){}), 0);
	acl_dir_done(test, dir);
}

/* Inheritance */

static void test_inherit(struct kunit *test)
{
	const struct ditto_setattr spare = {
		.valid = DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL, .mode = 0600,
	};
	struct ditto_node *dir = dir_with(test, 0755);
	struct ditto_node *node;
	struct ditto_acl *acl;

	SET_LIST(&f, dir, ALLOW(EVERYONE, ENTERS | WRITES), ALLOW(UID, READS, USER, BOTH));
	for (int is_dir = 0; is_dir < 2; is_dir++) {
		KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &spare, is_dir, &node), 0);
		acl = ditto_get_acl(&f.op, node);
		KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
		KUNIT_EXPECT_FALSE(test, acl->flags & DITTO_ACL_MADE);
		KUNIT_EXPECT_EQ(test, acl->count, 1);
		KUNIT_EXPECT_EQ(test, acl->aces[0].flags & BOTH, is_dir ? BOTH : 0);
		KUNIT_EXPECT_EQ(test, listed_mode(node) & 0077, 0);
		KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
		ditto_acl_put(acl);
		ditto_node_put(node);
		KUNIT_EXPECT_EQ(test, remove_as(f.admin, dir, is_dir), 0);
	}
	acl_dir_done(test, dir);
}

static bool is_stored(struct kunit *test, struct ditto_node *node)
{
	struct ditto_acl *acl = ditto_get_acl(&f.op, node);
	bool made;

	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	made = acl->flags & DITTO_ACL_MADE;
	ditto_acl_put(acl);
	return !made;
}

/* A given mode is applied to the inherited list: 0600 is not readable for others. */
static void test_inherit_mode(struct kunit *test)
{
	const struct ditto_setattr mode = { .valid = DITTO_SET_MODE, .mode = 0600 };
	struct ditto_node *dir = dir_with(test, 0755);
	struct ditto_node *node;

	SET_LIST(&f, dir, ALLOW(EVERYONE, ANYTHING, 0, BOTH));
	KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &mode, false, &node), 0);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0600);
	KUNIT_EXPECT_TRUE(test, is_stored(test, node));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, remove_as(f.admin, dir, false), 0);
	acl_dir_done(test, dir);
}

/* Unless the share has another setting. */
static void test_inherit_acl_mode(struct kunit *test)
{
	static const struct {
		u32 how;
		umode_t mode;
		int may;
		bool stored;
	} cases[] = {
		{ DITTO_CHMOD_GROUPMASK, 01600, -EACCES, true },
		{ DITTO_CHMOD_DISCARD, 01600, -EACCES, false },
		{ DITTO_CHMOD_PASSTHROUGH, 01740, 0, true },
		{ DITTO_CHMOD_RESTRICTED, 01740, 0, true },
	};
	const struct ditto_setattr mode = { .valid = DITTO_SET_MODE, .mode = 01600 };
	struct ditto_node *dir = dir_with(test, 0755);
	struct ditto_node *node;

	SET_LIST(&f, dir, ALLOW(UID, READS | WRITES, USER, BOTH), ALLOW(OWNER, ANYTHING, 0, BOTH),
		 ALLOW(GROUP, READS, 0, BOTH));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		listed_chmod_does(test, &f, cases[i].how);
		KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &mode, true, &node), 0);
		KUNIT_EXPECT_EQ(test, listed_mode(node), cases[i].mode);
		KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), cases[i].may);
		KUNIT_EXPECT_EQ(test, is_stored(test, node), cases[i].stored);
		ditto_node_put(node);
		KUNIT_EXPECT_EQ(test, remove_as(f.admin, dir, true), 0);
	}
	listed_chmod_does(test, &f, DITTO_CHMOD_GROUPMASK);
	acl_dir_done(test, dir);
}

/* A given list replaces the inherited one. */
static void test_make_with_list(struct kunit *test)
{
	static const struct listed_entry own[] = { ALLOW(UID, READS, USER) };
	struct ditto_acl *acl = listed_make(test, own, 1);
	const struct ditto_setattr set = { .valid = DITTO_SET_ACL, .acl = acl };
	struct ditto_node *dir = dir_with(test, 02755);
	struct ditto_node *node;

	SET_LIST(&f, dir, ALLOW(EVERYONE, ANYTHING, 0, BOTH));
	KUNIT_ASSERT_EQ(test, make_as(f.admin, dir, &set, true, &node), 0);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 02000);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	ditto_node_put(node);
	ditto_acl_put(acl);
	KUNIT_EXPECT_EQ(test, remove_as(f.admin, dir, true), 0);
	acl_dir_done(test, dir);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_make),
	KUNIT_CASE(test_delete_by_child),
	KUNIT_CASE(test_rename),
	KUNIT_CASE(test_inherit),
	KUNIT_CASE(test_inherit_mode),
	KUNIT_CASE(test_inherit_acl_mode),
	KUNIT_CASE(test_make_with_list),
	{ },
};

static struct kunit_suite suite = {
	.name = "acl_dir",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = cases,
};

kunit_test_suite(suite);
