// SPDX-License-Identifier: GPL-2.0-only
/* Lists of files on a real tmpfs: storage, cache, enforcement, inheritance. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/uio.h>
#include <linux/xattr.h>

#include "../../../fs/acl/acl.h"
#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "../../../fs/op/check/rights.h"
#include "../../../fs/op/xattr.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/share.h"
#include "../../../net/server.h"
#include "listed.h"

#define ACL_XATTR	"trusted.ditto.acl"
DEFINE_FOLDER(f, "kunit-acl-file")

static int chmod_as(struct ditto_cred *cred, struct ditto_node *node, umode_t mode)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = mode };

	return listed_set(&f, cred, node, &set);
}

static u32 acl_file_rights(struct kunit *test, struct ditto_node *node, struct ditto_node *parent)
{
	struct ditto_op op = f.op;
	u32 rights = 0;

	op.cred = f.user;
	KUNIT_EXPECT_EQ(test, ditto_rights(&op, node, parent, &rights), 0);
	return rights;
}

/* Accesses by a process of the server. */

static int local_set(struct ditto_node *node, const char *name, const void *value, size_t size)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int err;

	err = vfs_setxattr(mnt_idmap(f.path.mnt), dentry, name, value, size, 0);
	dput(dentry);
	return err;
}

static ssize_t local_get(struct ditto_node *node, const char *name, void *value, size_t size)
{
	struct dentry *dentry = ditto_node_dentry(node);
	ssize_t len;

	len = vfs_getxattr(mnt_idmap(f.path.mnt), dentry, name, value, size);
	dput(dentry);
	return len;
}

static int local_remove(struct ditto_node *node, const char *name)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int err;

	err = vfs_removexattr(mnt_idmap(f.path.mnt), dentry, name);
	dput(dentry);
	return err;
}

/* Make the list that setfacl -m u:USER:@perm makes; the caller releases it. */
static struct posix_acl *posix_of_user(struct kunit *test, u16 perm)
{
	struct posix_acl *acl = posix_acl_alloc(5, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, acl);
	acl->a_entries[0] = (struct posix_acl_entry){ .e_tag = ACL_USER_OBJ, .e_perm = 6 };
	acl->a_entries[1] = (struct posix_acl_entry){ .e_tag = ACL_USER, .e_perm = perm,
						      .e_uid = KUIDT_INIT(USER) };
	acl->a_entries[2] = (struct posix_acl_entry){ .e_tag = ACL_GROUP_OBJ };
	acl->a_entries[3] = (struct posix_acl_entry){ .e_tag = ACL_MASK, .e_perm = 7 };
	acl->a_entries[4] = (struct posix_acl_entry){ .e_tag = ACL_OTHER };
	return acl;
}

static int local_setfacl(struct kunit *test, struct ditto_node *node, u16 perm)
{
	struct posix_acl *acl = posix_of_user(test, perm);
	struct dentry *dentry = ditto_node_dentry(node);
	int err;

	err = vfs_set_acl(mnt_idmap(f.path.mnt), dentry, XATTR_NAME_POSIX_ACL_ACCESS, acl);
	posix_acl_release(acl);
	dput(dentry);
	return err;
}

static bool has_posix_acl(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct posix_acl *acl = vfs_get_acl(mnt_idmap(f.path.mnt), dentry,
					    XATTR_NAME_POSIX_ACL_ACCESS);

	dput(dentry);
	if (IS_ERR(acl))
		return false;
	posix_acl_release(acl);
	return true;
}

static struct ditto_node *file_with(struct kunit *test, umode_t mode)
{
	return folder_make(test, &f, "file", mode, false);
}

static void acl_file_done(struct kunit *test, struct ditto_node *node)
{
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
}

/* Cases */

static void test_set_get(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_acl *acl;

	KUNIT_ASSERT_TRUE(test, ditto_acl_is_supported(&f.op));
	acl = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_TRUE(test, acl->flags & DITTO_ACL_MADE);
	ditto_acl_put(acl);

	SET_LIST(&f, node, DENY(UID, WRITES, USER), ALLOW(EVERYONE, READS));
	acl = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_FALSE(test, acl->flags & DITTO_ACL_MADE);
	KUNIT_ASSERT_EQ(test, acl->count, 2);
	KUNIT_EXPECT_EQ(test, acl->aces[0].type, DITTO_ACE_DENY);
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[0].uid), USER);
	KUNIT_EXPECT_EQ(test, acl->aces[1].mask, READS);
	ditto_acl_put(acl);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0444);
	KUNIT_EXPECT_GT(test, local_get(node, ACL_XATTR, NULL, 0), 0);
	acl_file_done(test, node);
}

/* Files with equal lists share one in memory. */
static void test_shared(struct kunit *test)
{
	static const struct listed_entry entries[] = {
		DENY(UID, WRITES, USER), ALLOW(EVERYONE, READS),
	};
	struct ditto_node *other = folder_make(test, &f, "other", 0600, false);
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_acl *acl, *same, *changed;

	listed_give(test, &f, node, entries, ARRAY_SIZE(entries));
	listed_give(test, &f, other, entries, ARRAY_SIZE(entries));
	acl = ditto_get_acl(&f.op, node);
	same = ditto_get_acl(&f.op, other);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl) || IS_ERR(same));
	KUNIT_EXPECT_PTR_EQ(test, acl, same);
	ditto_acl_put(same);
	/* A change of one file's list does not affect the other file. */
	listed_give(test, &f, other, entries, 1);
	changed = ditto_get_acl(&f.op, other);
	same = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(changed) || IS_ERR(same));
	KUNIT_EXPECT_EQ(test, changed->count, 1);
	KUNIT_EXPECT_PTR_EQ(test, acl, same);
	ditto_acl_put(changed);
	ditto_acl_put(same);
	ditto_acl_put(acl);
	ditto_node_put(other);
	folder_remove(test, &f, "other", false);
	acl_file_done(test, node);
}

static void test_taken_away(struct kunit *test)
{
	const struct ditto_setattr none = { .valid = DITTO_SET_ACL };
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_acl *acl;

	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.admin, node, &none), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0444);
	acl = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_TRUE(test, acl->flags & DITTO_ACL_MADE);
	ditto_acl_put(acl);
	acl_file_done(test, node);
}

/* Set-id and sticky bits are in no list. */
static void test_high_bits(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 06755);

	KUNIT_ASSERT_EQ(test, listed_mode(node), 06755);
	SET_LIST(&f, node, ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, listed_mode(node), 06600);
	acl_file_done(test, node);
}

/* A list allows this user less, or more, than the mode. */
static void test_list_beats_mode(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	/* The umask has no effect. */
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0666), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ | DITTO_MAY_WRITE), 0);
	SET_LIST(&f, node, DENY(UID, READS, USER), ALLOW(EVERYONE, READS | WRITES));
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0666);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);

	SET_LIST(&f, node, ALLOW(UID, READS, USER), ALLOW(OWNER, READS));
	KUNIT_EXPECT_EQ(test, listed_mode(node) & 0077, 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	acl_file_done(test, node);
}

static ssize_t read_as_user(struct ditto_node *node)
{
	struct ditto_op op = f.op;
	char buf[4];
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct iov_iter iter;
	bool eof;

	op.cred = f.user;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return ditto_read(&op, node, 0, &iter, &eof);
}

static void test_data(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0666);

	KUNIT_EXPECT_EQ(test, read_as_user(node), 0);
	SET_LIST(&f, node, ALLOW(OWNER, READS));
	KUNIT_EXPECT_EQ(test, read_as_user(node), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, READS, USER));
	KUNIT_EXPECT_EQ(test, read_as_user(node), 0);
	acl_file_done(test, node);
}

/* A cached list is found stale when a local process changes it. */
static void test_local_chmod(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	SET_LIST(&f, node, ALLOW(UID, READS | WRITES, USER), ALLOW(GROUP, READS | WRITES),
		 ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0640), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0600), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	acl_file_done(test, node);
}

static void test_local_setfacl(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	SET_LIST(&f, node, DENY(UID, READS, USER), ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, local_setfacl(test, node, 4), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	/* In the other direction the list is replaced. */
	SET_LIST(&f, node, DENY(UID, READS, USER), ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_FALSE(test, has_posix_acl(node));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	acl_file_done(test, node);
}

/* A list of one kind replaces that of the other kind, and needs the right to write lists. */
static void test_posix_set(struct kunit *test)
{
	struct posix_acl *posix = posix_of_user(test, 4);
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_op op = f.op;

	op.cred = f.user;
	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, posix), -EACCES);
	SET_LIST(&f, node, DENY(UID, READS, USER), ALLOW(UID, DITTO_RIGHT_WRITE_ACL, USER));
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, posix), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), -ENODATA);
	KUNIT_EXPECT_TRUE(test, has_posix_acl(node));
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0670);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	posix_acl_release(posix);
	acl_file_done(test, node);
}

/* A POSIX ACL that equals a mode is a chmod, and the list stays. */
static void test_posix_mode(struct kunit *test)
{
	struct posix_acl *same = posix_acl_from_mode(0444, GFP_KERNEL);
	struct posix_acl *less = posix_acl_from_mode(0400, GFP_KERNEL);
	struct posix_acl *posix = posix_of_user(test, 4);
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_op op = f.op;
	ssize_t len;

	KUNIT_ASSERT_NOT_NULL(test, same);
	KUNIT_ASSERT_NOT_NULL(test, less);
	SET_LIST(&f, node, DENY(UID, READS, USER + 1), ALLOW(EVERYONE, READS));
	len = local_get(node, ACL_XATTR, NULL, 0);
	KUNIT_ASSERT_GT(test, len, 0);
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, same), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), len);
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, NULL), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), len);
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, less), 0);
	KUNIT_EXPECT_GT(test, local_get(node, ACL_XATTR, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0400);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	op.cred = f.user;
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, same), -EACCES);
	/* Beside a POSIX ACL the list is ignored, and the next ACL removes it. */
	op.cred = f.admin;
	KUNIT_EXPECT_EQ(test, local_setfacl(test, node, 4), 0);
	KUNIT_EXPECT_EQ(test, ditto_set_posix_acl(&op, node, ACL_TYPE_ACCESS, posix), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), -ENODATA);
	posix_acl_release(posix);
	posix_acl_release(same);
	posix_acl_release(less);
	acl_file_done(test, node);
}

static void test_local_xattr(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0644);

	SET_LIST(&f, node, DENY(UID, READS, USER), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, local_remove(node, ACL_XATTR), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	acl_file_done(test, node);
}

/* It may have denied access that the mode allows. */
static void test_damaged(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0644);

	SET_LIST(&f, node, ALLOW(UID, READS, USER), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, local_set(node, ACL_XATTR, "nonsense", 8), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0666), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	acl_file_done(test, node);
}

/* WRITE_ACL does not allow to set the set-id bits. */
static void test_set_id(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0755);

	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHTS_ALL, USER), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, chmod_as(f.user, node, 04755), -EPERM);
	KUNIT_EXPECT_EQ(test, chmod_as(f.user, node, 0750), 0);
	KUNIT_EXPECT_EQ(test, chmod_as(f.admin, node, 04755), 0);
	acl_file_done(test, node);
}

/* WRITE_ACL allows to change the mode, and the list follows; ownership alone does not. */
static void test_chmod(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0644);

	KUNIT_EXPECT_EQ(test, chmod_as(f.user, node, 0600), -EPERM);
	SET_LIST(&f, node, ALLOW(UID, READS | DITTO_RIGHT_WRITE_ACL, USER), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, chmod_as(f.user, node, 0640), 0);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0640);
	KUNIT_EXPECT_GT(test, local_get(node, ACL_XATTR, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, chmod_as(f.admin, node, 0600), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	acl_file_done(test, node);
}

static void test_set_by_right(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0644);
	static const struct listed_entry all[] = { ALLOW(EVERYONE, ANYTHING) };
	struct ditto_acl *acl = listed_make(test, all, 1);
	const struct ditto_setattr set = { .valid = DITTO_SET_ACL, .acl = acl };

	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), -EPERM);
	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, READS | DITTO_RIGHT_WRITE_ACL, USER));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), 0);
	KUNIT_EXPECT_EQ(test, listed_mode(node), 0777);
	ditto_acl_put(acl);
	acl_file_done(test, node);
}

/* The share's acl-mode decides how a client's chmod changes a list. */
static void test_acl_mode(struct kunit *test)
{
	static const struct {
		u32 how;
		int err, read, write;
		umode_t mode;
		bool stored;
	} cases[] = {
		{ DITTO_CHMOD_GROUPMASK, 0, 0, -EACCES, 0640, true },
		{ DITTO_CHMOD_DISCARD, 0, -EACCES, -EACCES, 0640, false },
		{ DITTO_CHMOD_PASSTHROUGH, 0, 0, 0, 0640, true },
		{ DITTO_CHMOD_RESTRICTED, -EPERM, 0, 0, 0600, true },
	};
	struct ditto_node *node = file_with(test, 0600);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		listed_chmod_does(test, &f, cases[i].how);
		SET_LIST(&f, node, ALLOW(UID, READS | WRITES, USER), ALLOW(OWNER, READS | WRITES));
		KUNIT_EXPECT_EQ(test, chmod_as(f.admin, node, 0600), 0);
		KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);
		KUNIT_EXPECT_EQ(test, chmod_as(f.admin, node, 0640), cases[i].err);
		KUNIT_EXPECT_EQ(test, listed_mode(node), cases[i].mode);
		KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), cases[i].read);
		KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), cases[i].write);
		KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0) > 0, cases[i].stored);
	}
	/* A list that equals a mode can be changed by a chmod. */
	SET_LIST(&f, node, ALLOW(OWNER, READS | WRITES), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, chmod_as(f.admin, node, 0600), 0);
	listed_chmod_does(test, &f, DITTO_CHMOD_GROUPMASK);
	acl_file_done(test, node);
}

/* Only to the caller. */
static void test_chown(struct kunit *test)
{
	const struct ditto_setattr mine = { .valid = DITTO_SET_UID, .uid = KUIDT_INIT(USER) };
	const struct ditto_setattr yours = { .valid = DITTO_SET_UID, .uid = KUIDT_INIT(USER + 1) };
	const struct ditto_setattr same_group = {
		.valid = DITTO_SET_UID | DITTO_SET_GID,
		.uid = KUIDT_INIT(USER), .gid = KGIDT_INIT(0),
	};
	const struct ditto_setattr other_group = {
		.valid = DITTO_SET_UID | DITTO_SET_GID,
		.uid = KUIDT_INIT(USER), .gid = KGIDT_INIT(USER + 7),
	};
	struct ditto_node *node = file_with(test, 0644);

	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &mine), -EPERM);
	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &mine), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, READS | DITTO_RIGHT_WRITE_OWNER, USER),
		 ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &yours), -EPERM);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &other_group), -EPERM);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &same_group), 0);
	KUNIT_EXPECT_EQ(test, __kuid_val(node->inode->i_uid), USER);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &mine), 0);
	KUNIT_EXPECT_GT(test, local_get(node, ACL_XATTR, NULL, 0), 0);
	acl_file_done(test, node);
}

static void test_times(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MTIME, .mtime.tv_sec = 5 };
	const struct ditto_setattr now = { .valid = DITTO_SET_MTIME_NOW };
	struct ditto_node *node = file_with(test, 0666);

	SET_LIST(&f, node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &now), -EACCES);
	SET_LIST(&f, node, ALLOW(EVERYONE, WRITES));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &now), 0);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_WRITE_ATTRS, USER));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), 0);
	KUNIT_EXPECT_EQ(test, inode_get_mtime_sec(node->inode), 5);
	acl_file_done(test, node);
}

static void test_truncate(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 3 };
	struct ditto_node *node = file_with(test, 0666);

	SET_LIST(&f, node, DENY(UID, WRITES, USER), ALLOW(EVERYONE, ANYTHING));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, WRITES, USER));
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.user, node, &set), 0);
	acl_file_done(test, node);
}

static void test_rights(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0666);
	u32 have;

	SET_LIST(&f, node, ALLOW(UID, READS | DITTO_RIGHT_DELETE | DITTO_RIGHT_WRITE_OWNER, USER),
		 ALLOW(EVERYONE, ANYTHING));
	have = acl_file_rights(test, node, f.root);
	KUNIT_EXPECT_EQ(test, have, ANYTHING);
	SET_LIST(&f, node, ALLOW(UID, READS | DITTO_RIGHT_DELETE | DITTO_RIGHT_WRITE_OWNER, USER));
	have = acl_file_rights(test, node, f.root);
	KUNIT_EXPECT_EQ(test, have, READS | DITTO_RIGHT_DELETE | DITTO_RIGHT_WRITE_OWNER |
			DITTO_RIGHT_SYNCHRONIZE);
	/* The directory of a file without a known name grants nothing. */
	have = acl_file_rights(test, node, NULL);
	KUNIT_EXPECT_FALSE(test, have & DITTO_RIGHT_DELETE);
	acl_file_done(test, node);
}

/* Extended attributes have rights of their own. */
static void test_xattrs(struct kunit *test)
{
	static const struct ditto_name name = { "a", 1 };
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_op op = f.op;
	char value[4];

	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0666), 0);
	op.cred = f.user;
	SET_LIST(&f, node, ALLOW(EVERYONE, READS | WRITES));
	KUNIT_EXPECT_EQ(test, ditto_xattr_set(&op, node, &name, "x", 1, DITTO_XATTR_EITHER,
					      NULL), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_WRITE_XATTRS, USER));
	KUNIT_EXPECT_EQ(test, ditto_xattr_set(&op, node, &name, "x", 1, DITTO_XATTR_EITHER,
					      NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_xattr_get(&op, node, &name, value, 4), -EACCES);
	SET_LIST(&f, node, ALLOW(UID, DITTO_RIGHT_READ_XATTRS, USER));
	KUNIT_EXPECT_EQ(test, ditto_xattr_get(&op, node, &name, value, 4), 1);
	acl_file_done(test, node);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_set_get),
	KUNIT_CASE(test_shared),
	KUNIT_CASE(test_taken_away),
	KUNIT_CASE(test_high_bits),
	KUNIT_CASE(test_list_beats_mode),
	KUNIT_CASE(test_data),
	KUNIT_CASE(test_local_chmod),
	KUNIT_CASE(test_local_setfacl),
	KUNIT_CASE(test_posix_set),
	KUNIT_CASE(test_posix_mode),
	KUNIT_CASE(test_local_xattr),
	KUNIT_CASE(test_damaged),
	KUNIT_CASE(test_set_id),
	KUNIT_CASE(test_chmod),
	KUNIT_CASE(test_set_by_right),
	KUNIT_CASE(test_acl_mode),
	KUNIT_CASE(test_chown),
	KUNIT_CASE(test_times),
	KUNIT_CASE(test_truncate),
	KUNIT_CASE(test_rights),
	KUNIT_CASE(test_xattrs),
	{ },
};

static struct kunit_suite suite = {
	.name = "acl_file",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = cases,
};

kunit_test_suite(suite);
