// SPDX-License-Identifier: GPL-2.0-only
/* Audit lists: stored form, inheritance, and lists of files; fs/op/check/audit_list.c. */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/xattr.h>

#include "../../../fs/op/check/audit_list.h"
#include "listed.h"

DEFINE_FOLDER(f, "kunit-audit-list")

#define AUDIT(who, mask, ...)	{ DITTO_ACE_AUDIT, DITTO_WHO_##who, mask, ##__VA_ARGS__ }
#define DONE	DITTO_ACE_ON_SUCCESS
#define DENIED	DITTO_ACE_ON_FAILURE

static const struct listed_entry entries[] = {
	AUDIT(EVERYONE, DITTO_RIGHT_WRITE_DATA, 0, DONE | BOTH),
	AUDIT(UID, DITTO_RIGHT_SECURITY | DITTO_RIGHTS_ALL, USER, DENIED | DONE),
	AUDIT(FOREIGN, DITTO_RIGHT_DELETE, 1, DENIED | DITTO_ACE_FILE_INHERIT),
	AUDIT(OWNER, DITTO_RIGHT_READ_DATA, 0, DENIED | DITTO_ACE_DIR_INHERIT),
};

/* Any bit changed or cut off: refused, or another list with just those bytes. */
static void audit_stored(struct kunit *test)
{
	struct ditto_acl *list = listed_make(test, entries, ARRAY_SIZE(entries)), *got;
	size_t size = ditto_acl_stored_size(list);
	u8 *bytes = kunit_kzalloc(test, size, GFP_KERNEL);
	u8 *again = kunit_kzalloc(test, DITTO_ACL_STORED_MAX, GFP_KERNEL);
	umode_t mode;

	KUNIT_ASSERT_TRUE(test, bytes && again);
	list->flags = DITTO_ACL_PROTECTED | DITTO_ACL_AUTO_INHERITED;
	ditto_audit_list_encode(list, bytes);
	got = ditto_audit_list_decode(bytes, size);
	KUNIT_ASSERT_FALSE(test, IS_ERR(got));
	KUNIT_EXPECT_EQ(test, got->flags, list->flags);
	KUNIT_EXPECT_EQ(test, got->count, list->count);
	KUNIT_EXPECT_MEMEQ(test, got->aces, list->aces, list->count * sizeof(list->aces[0]));
	ditto_acl_put(got);
	/* Neither is the other. */
	KUNIT_EXPECT_PTR_EQ(test, ditto_acl_decode(bytes, size, &mode), ERR_PTR(-EUCLEAN));
	for (size_t i = 0; i < size; i++)
		KUNIT_EXPECT_PTR_EQ(test, ditto_audit_list_decode(bytes, i), ERR_PTR(-EUCLEAN));
	for (size_t i = 0; i < size * 8; i++) {
		bytes[i / 8] ^= BIT(i % 8);
		got = ditto_audit_list_decode(bytes, size);
		if (!IS_ERR(got)) {
			KUNIT_EXPECT_EQ(test, ditto_audit_list_check(got, true), 0);
			ditto_audit_list_encode(got, again);
			KUNIT_EXPECT_MEMEQ(test, bytes, again, size);
			ditto_acl_put(got);
		}
		bytes[i / 8] ^= BIT(i % 8);
	}
	ditto_acl_put(list);
}

static void audit_checked(struct kunit *test)
{
	static const struct listed_entry bad[] = {
		ALLOW(EVERYONE, 1),
		DENY(EVERYONE, 1),
		{ DITTO_ACE_AUDIT + 1, DITTO_WHO_EVERYONE, 1 },
		AUDIT(EVERYONE, BIT(21)),
		AUDIT(EVERYONE, 1, 0, BIT(5)),
	};
	struct ditto_acl *list;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		list = listed_make(test, &bad[i], 1);
		KUNIT_EXPECT_EQ_MSG(test, ditto_audit_list_check(list, true), -EINVAL, "%zu", i);
		ditto_acl_put(list);
	}
	list = listed_make(test, entries, ARRAY_SIZE(entries));
	KUNIT_EXPECT_EQ(test, ditto_audit_list_check(list, true), 0);
	KUNIT_EXPECT_EQ(test, ditto_audit_list_check(list, false), -EINVAL);
	/* An audit entry grants nothing in an access control list, so it may not be in one. */
	KUNIT_EXPECT_EQ(test, ditto_acl_check(list, true), -EINVAL);
	list->flags = DITTO_ACL_NULL;
	KUNIT_EXPECT_EQ(test, ditto_audit_list_check(list, true), -EINVAL);
	ditto_acl_put(list);
}

static int audit_set(struct ditto_node *node, const struct ditto_acl *list, u32 held)
{
	int err;

	f.op.held = held;
	err = ditto_set_audit_list(&f.op, node, list);
	f.op.held = 0;
	return err;
}

static void expect_audits(struct kunit *test, struct ditto_node *node,
			  const struct listed_entry *want, size_t count)
{
	struct ditto_acl *list = ditto_get_audit_list(f.share, node);

	KUNIT_ASSERT_FALSE(test, IS_ERR(list));
	if (!count)
		KUNIT_EXPECT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, list ? list->count : 0, count);
	for (size_t i = 0; list && i < min_t(size_t, count, list->count); i++) {
		KUNIT_EXPECT_EQ(test, list->aces[i].type, DITTO_ACE_AUDIT);
		KUNIT_EXPECT_EQ(test, list->aces[i].who, want[i].who);
		KUNIT_EXPECT_EQ(test, list->aces[i].flags, want[i].flags);
		KUNIT_EXPECT_EQ(test, list->aces[i].mask, want[i].mask);
	}
	ditto_acl_put(list);
}

/* The list stays whatever happens to the mode and the other list. */
static void audit_of_file(struct kunit *test)
{
	static const struct listed_entry one = AUDIT(EVERYONE, DITTO_RIGHT_WRITE_DATA, 0, DENIED);
	const struct ditto_setattr unlisted = { .valid = DITTO_SET_ACL };
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);
	struct ditto_acl *list = listed_make(test, &one, 1);
	struct ditto_acl *empty = listed_make(test, NULL, 0);

	expect_audits(test, node, NULL, 0);
	KUNIT_EXPECT_EQ(test, audit_set(node, list, DITTO_RIGHTS_ALL), -EACCES);
	KUNIT_EXPECT_EQ(test, audit_set(node, list, DITTO_RIGHT_SECURITY), 0);
	expect_audits(test, node, &one, 1);
	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	expect_audits(test, node, &one, 1);
	listed_chmod_does(test, &f, DITTO_CHMOD_DISCARD);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.admin, node, &(struct ditto_setattr) {
						 .valid = DITTO_SET_MODE, .mode = 0640 }), 0);
	listed_chmod_does(test, &f, DITTO_CHMOD_GROUPMASK);
	expect_audits(test, node, &one, 1);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.admin, node, &unlisted), 0);
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0604), 0);
	expect_audits(test, node, &one, 1);
	f.op.writable = false;
	KUNIT_EXPECT_EQ(test, audit_set(node, NULL, DITTO_RIGHT_SECURITY), -EROFS);
	f.op.writable = true;
	KUNIT_EXPECT_EQ(test, audit_set(node, empty, DITTO_RIGHT_SECURITY), 0);
	expect_audits(test, node, NULL, 0);
	KUNIT_EXPECT_EQ(test, audit_set(node, NULL, DITTO_RIGHT_SECURITY), 0);
	ditto_acl_put(empty);
	ditto_acl_put(list);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
}

static void audit_damaged(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);
	struct dentry *dentry = ditto_node_dentry(node);

	KUNIT_EXPECT_EQ(test, vfs_setxattr(&nop_mnt_idmap, dentry, DITTO_AUDIT_XATTR, "?", 1, 0),
			0);
	expect_audits(test, node, NULL, 0);
	dput(dentry);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
}

static void audit_inherited(struct kunit *test)
{
	static const struct listed_entry of_file[] = {
		AUDIT(EVERYONE, DITTO_RIGHT_WRITE_DATA, 0, DONE | DITTO_ACE_INHERITED),
		AUDIT(FOREIGN, DITTO_RIGHT_DELETE, 1, DENIED | DITTO_ACE_INHERITED),
	}, of_dir[] = {
		AUDIT(EVERYONE, DITTO_RIGHT_WRITE_DATA, 0, DONE | BOTH | DITTO_ACE_INHERITED),
		AUDIT(FOREIGN, DITTO_RIGHT_DELETE, 1, DENIED | DITTO_ACE_FILE_INHERIT |
		      DITTO_ACE_INHERIT_ONLY | DITTO_ACE_INHERITED),
		AUDIT(OWNER, DITTO_RIGHT_READ_DATA, 0, DENIED | DITTO_ACE_INHERITED),
		AUDIT(OWNER, DITTO_RIGHT_READ_DATA, 0, DENIED | DITTO_ACE_DIR_INHERIT |
		      DITTO_ACE_INHERIT_ONLY | DITTO_ACE_INHERITED),
	};
	static const struct ditto_name name = { "new", 3 };
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0777 };
	struct ditto_node *dir = folder_make(test, &f, "dir", 0777, true), *new;
	struct ditto_acl *list = listed_make(test, entries, ARRAY_SIZE(entries));
	struct ditto_wcc wcc;

	list->flags = DITTO_ACL_AUTO_INHERITED;
	KUNIT_EXPECT_EQ(test, audit_set(dir, list, DITTO_RIGHT_SECURITY), 0);
	for (int is_dir = 0; is_dir < 2; is_dir++) {
		KUNIT_ASSERT_EQ(test, folder_create(&f.op, dir, &name, &set, is_dir, &new), 0);
		if (is_dir)
			expect_audits(test, new, of_dir, ARRAY_SIZE(of_dir));
		else
			expect_audits(test, new, of_file, ARRAY_SIZE(of_file));
		KUNIT_EXPECT_EQ(test, new->inode->i_mode & 0777, 0777);
		ditto_node_put(new);
		KUNIT_EXPECT_EQ(test, ditto_remove(&f.op, dir, &name, is_dir, &wcc), 0);
	}
	ditto_acl_put(list);
	ditto_node_put(dir);
	folder_remove(test, &f, "dir", true);
}

static struct kunit_case audit_list_cases[] = {
	KUNIT_CASE(audit_stored),
	KUNIT_CASE(audit_checked),
	KUNIT_CASE(audit_of_file),
	KUNIT_CASE(audit_damaged),
	KUNIT_CASE(audit_inherited),
	{ }
};

static struct kunit_suite audit_list_suite = {
	.name = "ditto_audit_list",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = audit_list_cases,
};

kunit_test_suite(audit_list_suite);
