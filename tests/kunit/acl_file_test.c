// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of files on a real tmpfs: stored, kept, found old, obeyed, inherited.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/uio.h>
#include <linux/xattr.h>

#include "../../fs/acl.h"
#include "../../fs/cred.h"
#include "../../fs/node.h"
#include "../../fs/op.h"
#include "../../fs/rights.h"
#include "../../fs/server.h"
#include "../../fs/xattr.h"
#include "folder.h"

#define ACL_XATTR	"trusted.ditto.acl"
#define USER		1000
#define READS		(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL)
#define WRITES		(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)
/* What it takes to make, find and list. */
#define ENTERS		(READS | DITTO_RIGHT_EXECUTE)
#define ANYTHING	DITTO_RIGHTS_ALL
#define BOTH		DITTO_ACE_INHERITABLE

static struct folder f = { .name = "kunit-acl-file" };

static const struct ditto_name other_name = { "other", 5 };

/* An entry, for what is to be a list. */
struct entry {
	u8 type;
	u8 who;
	u32 mask;
	u32 id;
	u8 flags;
};

#define ALLOW(who, mask, ...)	{ DITTO_ACE_ALLOW, DITTO_WHO_##who, mask, ##__VA_ARGS__ }
#define DENY(who, mask, ...)	{ DITTO_ACE_DENY, DITTO_WHO_##who, mask, ##__VA_ARGS__ }

static struct ditto_acl *list_of(struct kunit *test, const struct entry *entries, size_t count)
{
	struct ditto_acl *acl = ditto_acl_alloc(count);

	KUNIT_ASSERT_NOT_NULL(test, acl);
	for (size_t i = 0; i < count; i++) {
		struct ditto_ace *ace = &acl->aces[i];

		ace->type = entries[i].type;
		ace->who = entries[i].who;
		ace->mask = entries[i].mask;
		ace->flags = entries[i].flags;
		if (ace->who == DITTO_WHO_UID)
			ace->uid = KUIDT_INIT(entries[i].id);
		else if (ace->who == DITTO_WHO_GID)
			ace->gid = KGIDT_INIT(entries[i].id);
	}
	return acl;
}

static int set_as(struct ditto_cred *cred, struct ditto_node *node,
		  const struct ditto_setattr *set)
{
	struct ditto_op op = f.op;
	struct ditto_wcc wcc;

	op.cred = cred;
	return ditto_setattr(&op, node, set, &wcc);
}

static void set_list(struct kunit *test, struct ditto_node *node, const struct entry *entries,
		     size_t count)
{
	struct ditto_acl *acl = list_of(test, entries, count);
	const struct ditto_setattr set = { .valid = DITTO_SET_ACL, .acl = acl };

	KUNIT_ASSERT_EQ(test, set_as(f.admin, node, &set), 0);
	ditto_acl_put(acl);
}

#define SET_LIST(node, ...) do {						\
	static const struct entry entries_[] = { __VA_ARGS__ };			\
	set_list(test, node, entries_, ARRAY_SIZE(entries_));			\
} while (0)

static int may(struct ditto_node *node, u32 may)
{
	struct ditto_op op = f.op;

	op.cred = f.user;
	return ditto_permission(&op, node, may);
}

static umode_t mode_of(const struct ditto_node *node)
{
	return node->inode->i_mode & 07777;
}

/* What a process of the server does. */

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

static int local_chmod(struct ditto_node *node, umode_t mode)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct iattr ia = {
		.ia_valid = ATTR_MODE,
		.ia_mode = (node->inode->i_mode & S_IFMT) | mode,
	};
	int err;

	inode_lock(node->inode);
	err = notify_change(mnt_idmap(f.path.mnt), dentry, &ia, NULL);
	inode_unlock(node->inode);
	dput(dentry);
	return err;
}

/* setfacl -m u:USER:@perm */
static int local_setfacl(struct kunit *test, struct ditto_node *node, u16 perm)
{
	struct posix_acl *acl = posix_acl_alloc(5, GFP_KERNEL);
	struct dentry *dentry = ditto_node_dentry(node);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	acl->a_entries[0] = (struct posix_acl_entry){ .e_tag = ACL_USER_OBJ, .e_perm = 6 };
	acl->a_entries[1] = (struct posix_acl_entry){ .e_tag = ACL_USER, .e_perm = perm,
						      .e_uid = KUIDT_INIT(USER) };
	acl->a_entries[2] = (struct posix_acl_entry){ .e_tag = ACL_GROUP_OBJ };
	acl->a_entries[3] = (struct posix_acl_entry){ .e_tag = ACL_MASK, .e_perm = 7 };
	acl->a_entries[4] = (struct posix_acl_entry){ .e_tag = ACL_OTHER };
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

static void done(struct kunit *test, struct ditto_node *node, bool is_dir)
{
	ditto_node_put(node);
	folder_remove(test, &f, is_dir ? "dir" : "file", is_dir);
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

	SET_LIST(node, DENY(UID, WRITES, USER), ALLOW(EVERYONE, READS));
	acl = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_FALSE(test, acl->flags & DITTO_ACL_MADE);
	KUNIT_ASSERT_EQ(test, acl->count, 2);
	KUNIT_EXPECT_EQ(test, acl->aces[0].type, DITTO_ACE_DENY);
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[0].uid), USER);
	KUNIT_EXPECT_EQ(test, acl->aces[1].mask, READS);
	ditto_acl_put(acl);
	KUNIT_EXPECT_EQ(test, mode_of(node), 0444);
	KUNIT_EXPECT_GT(test, local_get(node, ACL_XATTR, NULL, 0), 0);
	done(test, node, false);
}

static void test_taken_away(struct kunit *test)
{
	const struct ditto_setattr none = { .valid = DITTO_SET_ACL };
	struct ditto_node *node = file_with(test, 0600);
	struct ditto_acl *acl;

	SET_LIST(node, ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, set_as(f.admin, node, &none), 0);
	KUNIT_EXPECT_EQ(test, local_get(node, ACL_XATTR, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, mode_of(node), 0444);
	acl = ditto_get_acl(&f.op, node);
	KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
	KUNIT_EXPECT_TRUE(test, acl->flags & DITTO_ACL_MADE);
	ditto_acl_put(acl);
	done(test, node, false);
}

/* Set-id and sticky bits are of no list. */
static void test_high_bits(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 06755);

	KUNIT_ASSERT_EQ(test, mode_of(node), 06755);
	SET_LIST(node, ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, mode_of(node), 06600);
	done(test, node, false);
}

/* A list narrows and widens what the mode says to this user. */
static void test_list_beats_mode(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	/* Whatever umask there is. */
	KUNIT_EXPECT_EQ(test, local_chmod(node, 0666), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ | DITTO_MAY_WRITE), 0);
	SET_LIST(node, DENY(UID, READS, USER), ALLOW(EVERYONE, READS | WRITES));
	KUNIT_EXPECT_EQ(test, mode_of(node), 0666);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_WRITE), 0);

	SET_LIST(node, ALLOW(UID, READS, USER), ALLOW(OWNER, READS));
	KUNIT_EXPECT_EQ(test, mode_of(node) & 0077, 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_WRITE), -EACCES);
	done(test, node, false);
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
	SET_LIST(node, ALLOW(OWNER, READS));
	KUNIT_EXPECT_EQ(test, read_as_user(node), -EACCES);
	SET_LIST(node, ALLOW(UID, READS, USER));
	KUNIT_EXPECT_EQ(test, read_as_user(node), 0);
	done(test, node, false);
}

/* What was kept is found old when somebody on the server changes it. */
static void test_local_chmod(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	SET_LIST(node, ALLOW(UID, READS | WRITES, USER), ALLOW(GROUP, READS | WRITES),
		 ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_WRITE), 0);
	KUNIT_EXPECT_EQ(test, local_chmod(node, 0640), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_WRITE), -EACCES);
	KUNIT_EXPECT_EQ(test, local_chmod(node, 0600), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	done(test, node, false);
}

static void test_local_setfacl(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	SET_LIST(node, DENY(UID, READS, USER), ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, local_setfacl(test, node, 4), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_WRITE), -EACCES);
	/* And the other way round, the list goes in its place. */
	SET_LIST(node, DENY(UID, READS, USER), ALLOW(OWNER, READS | WRITES));
	KUNIT_EXPECT_FALSE(test, has_posix_acl(node));
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	done(test, node, false);
}

static void test_local_xattr(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0644);

	SET_LIST(node, DENY(UID, READS, USER), ALLOW(EVERYONE, READS));
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, local_remove(node, ACL_XATTR), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	done(test, node, false);
}

/* It is as if there were none, and no more. */
static void test_damaged(struct kunit *test)
{
	struct ditto_node *node = file_with(test, 0600);

	SET_LIST(node, ALLOW(UID, READS, USER), ALLOW(OWNER, READS));
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, local_set(node, ACL_XATTR, "nonsense", 8), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, local_chmod(node, 0644), 0);
	KUNIT_EXPECT_EQ(test, may(node, DITTO_MAY_READ), 0);
	done(test, node, false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_set_get),
	KUNIT_CASE(test_taken_away),
	KUNIT_CASE(test_high_bits),
	KUNIT_CASE(test_list_beats_mode),
	KUNIT_CASE(test_data),
	KUNIT_CASE(test_local_chmod),
	KUNIT_CASE(test_local_setfacl),
	KUNIT_CASE(test_local_xattr),
	KUNIT_CASE(test_damaged),
	{ },
};

static int suite_start(struct kunit_suite *suite)
{
	return folder_start(&f);
}

static void suite_stop(struct kunit_suite *suite)
{
	folder_stop(&f);
}

static int case_start(struct kunit *test)
{
	folder_begin(test, &f);
	return 0;
}

static void case_stop(struct kunit *test)
{
	folder_end(test, &f);
}

static struct kunit_suite suite = {
	.name = "acl_file",
	.suite_init = suite_start,
	.suite_exit = suite_stop,
	.init = case_start,
	.exit = case_stop,
	.test_cases = cases,
};

kunit_test_suite(suite);
