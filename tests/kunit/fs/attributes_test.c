// SPDX-License-Identifier: GPL-2.0-only
/* Attributes that POSIX has no place for, and extended attributes for clients. */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/xattr.h>

#include "../../../fs/op/dosattr_private.h"
#include "../../../fs/op/check/rights.h"
#include "../../../fs/op/xattr.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-attributes")

static const struct ditto_dosattr_stored good = {
	.version = DITTO_DOSATTR_VERSION,
	.valid = DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME | DITTO_DOSATTR_CHANGED,
	.flags = cpu_to_le32(DITTO_FLAG_HIDDEN),
	.btime_sec = cpu_to_le64(-5),
	.btime_nsec = cpu_to_le32(7),
	.changed_sec = cpu_to_le64(-6),
	.changed_nsec = cpu_to_le32(8),
	.seen_sec = cpu_to_le64(9),
	.seen_nsec = cpu_to_le32(NSEC_PER_SEC - 1),
};

static void dosattr_decode(struct kunit *test)
{
	struct ditto_dosattr_stored bad;
	struct ditto_dosattr dosattr;

	KUNIT_EXPECT_TRUE(test, ditto_dosattr_decode(&good, sizeof(good), &dosattr));
	KUNIT_EXPECT_EQ(test, dosattr.valid, good.valid);
	KUNIT_EXPECT_EQ(test, dosattr.flags, DITTO_FLAG_HIDDEN);
	KUNIT_EXPECT_EQ(test, dosattr.btime.tv_sec, -5);
	KUNIT_EXPECT_EQ(test, dosattr.btime.tv_nsec, 7);
	KUNIT_EXPECT_EQ(test, dosattr.changed.tv_sec, -6);
	KUNIT_EXPECT_EQ(test, dosattr.changed.tv_nsec, 8);
	KUNIT_EXPECT_EQ(test, dosattr.seen.tv_sec, 9);
	KUNIT_EXPECT_EQ(test, dosattr.seen.tv_nsec, NSEC_PER_SEC - 1);
	for (size_t len = 0; len < sizeof(good); len++)
		KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&good, len, &dosattr));
	bad = good;
	bad.version++;
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	bad = good;
	bad.valid = 0x80;
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	bad = good;
	bad.btime_nsec = cpu_to_le32(NSEC_PER_SEC);
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	KUNIT_EXPECT_EQ(test, dosattr.valid, 0);
	bad = good;
	bad.changed_nsec = cpu_to_le32(NSEC_PER_SEC);
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	bad = good;
	bad.seen_nsec = cpu_to_le32(U32_MAX);
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	KUNIT_EXPECT_EQ(test, dosattr.changed.tv_sec, 0);
	/* Unknown flags are not an error. */
	bad = good;
	bad.flags = cpu_to_le32(U32_MAX);
	KUNIT_EXPECT_TRUE(test, ditto_dosattr_decode(&bad, sizeof(bad), &dosattr));
	KUNIT_EXPECT_EQ(test, dosattr.flags, DITTO_FLAGS_KEPT);
}

/* The format of the first version stays readable. */
static void dosattr_decode_first(struct kunit *test)
{
	struct ditto_dosattr_stored first = good;
	struct ditto_dosattr dosattr;
	size_t len;

	first.version = DITTO_DOSATTR_VERSION_1;
	first.valid = DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME;
	KUNIT_EXPECT_TRUE(test, ditto_dosattr_decode(&first, DITTO_DOSATTR_SIZE_1, &dosattr));
	KUNIT_EXPECT_EQ(test, dosattr.valid, DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME);
	KUNIT_EXPECT_EQ(test, dosattr.flags, DITTO_FLAG_HIDDEN);
	KUNIT_EXPECT_EQ(test, dosattr.btime.tv_sec, -5);
	for (len = 0; len <= sizeof(first); len++)
		KUNIT_EXPECT_EQ(test, ditto_dosattr_decode(&first, len, &dosattr),
				len == DITTO_DOSATTR_SIZE_1);
	/* The first version had no change time. */
	first.valid |= DITTO_DOSATTR_CHANGED;
	KUNIT_EXPECT_FALSE(test, ditto_dosattr_decode(&first, DITTO_DOSATTR_SIZE_1, &dosattr));
}

static struct ditto_dosattr dosattr_get(struct kunit *test, struct ditto_node *node)
{
	struct kstat st = folder_stat(test, &folder, node);
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_dosattr dosattr;

	KUNIT_EXPECT_EQ(test, ditto_dosattr_get(folder.share, dentry, &st, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr.valid & (DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME),
			DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME);
	dput(dentry);
	return dosattr;
}

/* Change the attribute like a process on the server; a NULL value removes it. */
static int store_locally(struct ditto_node *node, const void *value, size_t len)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct mnt_idmap *idmap = mnt_idmap(folder.path.mnt);
	int err;

	if (value)
		err = vfs_setxattr(idmap, dentry, DITTO_DOSATTR_XATTR, value, len, 0);
	else
		err = vfs_removexattr(idmap, dentry, DITTO_DOSATTR_XATTR);
	dput(dentry);
	return err;
}

static ssize_t stored_length(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	ssize_t len = vfs_getxattr(mnt_idmap(folder.path.mnt), dentry,
				   DITTO_DOSATTR_XATTR, NULL, 0);

	dput(dentry);
	return len;
}

/* What a file system does not fill in is not left over from another file. */
static void attributes_left_over(struct kunit *test)
{
	struct path path = folder.path;
	struct ditto_node *file;
	struct ditto_attr attr;
	struct kstat st;

	file = folder_make(test, &folder, "file", 0640, false);
	path.dentry = ditto_node_dentry(file);
	KUNIT_EXPECT_EQ(test, vfs_getattr_nosec(&path, &st, STATX_BASIC_STATS | STATX_BTIME |
						STATX_SUBVOL | STATX_CHANGE_COOKIE, 0), 0);
	memset(&attr, 0xff, sizeof(attr));
	KUNIT_EXPECT_EQ(test, ditto_getattr_dentry(folder.share, path.dentry, &attr), 0);
	KUNIT_EXPECT_EQ(test, attr.st.result_mask, st.result_mask);
	KUNIT_EXPECT_EQ(test, attr.st.attributes, st.attributes);
	KUNIT_EXPECT_EQ(test, attr.st.subvol, st.subvol);
	KUNIT_EXPECT_EQ(test, attr.st.change_cookie, st.change_cookie);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.btime, &st.btime));
	KUNIT_EXPECT_EQ(test, attr.st.mode, st.mode);
	KUNIT_EXPECT_EQ(test, attr.st.nlink, st.nlink);
	KUNIT_EXPECT_TRUE(test, uid_eq(attr.st.uid, st.uid));
	KUNIT_EXPECT_TRUE(test, gid_eq(attr.st.gid, st.gid));
	KUNIT_EXPECT_EQ(test, attr.st.rdev, st.rdev);
	KUNIT_EXPECT_EQ(test, attr.st.size, st.size);
	KUNIT_EXPECT_EQ(test, attr.st.blocks, st.blocks);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.ctime, &st.ctime));
	dput(path.dentry);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static void dosattr_defaults(struct kunit *test)
{
	struct ditto_node *file, *frozen, *dir;
	struct kstat st;

	file = folder_make(test, &folder, "file", 0600, false);
	frozen = folder_make(test, &folder, "frozen", 0444, false);
	dir = folder_make(test, &folder, "dir", 0555, true);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_ARCHIVE);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, frozen).flags,
			DITTO_FLAG_ARCHIVE | DITTO_FLAG_READONLY);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, dir).flags, 0);
	st = folder_stat(test, &folder, file);
	KUNIT_EXPECT_TRUE(test, st.result_mask & STATX_BTIME);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).btime.tv_sec, st.btime.tv_sec);
	ditto_node_put(file);
	ditto_node_put(frozen);
	ditto_node_put(dir);
	folder_remove(test, &folder, "file", false);
	folder_remove(test, &folder, "frozen", false);
	folder_remove(test, &folder, "dir", true);
}

/* Each is set on its own and leaves the others. */
static void dosattr_set(struct kunit *test)
{
	struct ditto_dosattr dosattr = {.valid = DITTO_DOSATTR_FLAGS,
					.flags = DITTO_FLAG_ARCHIVE};
	struct ditto_node *file;
	uuid_t id;

	file = folder_make(test, &folder, "file", 0600, false);
	/* The value that the file has anyway. */
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, stored_length(file), -ENODATA);
	dosattr.keep = DITTO_FLAG_ARCHIVE;
	dosattr.flags = 0;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, stored_length(file), -ENODATA);
	dosattr.keep = 0;
	dosattr.flags = 0;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, stored_length(file), DITTO_DOSATTR_SIZE_1);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, 0);
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_BTIME, .btime.tv_sec = -1000 };
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).btime.tv_sec, -1000);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).valid & DITTO_DOSATTR_OBJECT_ID, 0);
	/* Flags that are not set stay: those of others, and those that the file has by default. */
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_FLAGS,
				       .flags = DITTO_FLAG_READONLY | DITTO_FLAG_SYSTEM };
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	dosattr.flags = DITTO_FLAG_HIDDEN;
	dosattr.keep = ~DITTO_FLAG_HIDDEN;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags,
			DITTO_FLAG_READONLY | DITTO_FLAG_SYSTEM | DITTO_FLAG_HIDDEN);
	dosattr.flags = 0;
	dosattr.keep = ~DITTO_FLAG_SYSTEM;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags,
			DITTO_FLAG_READONLY | DITTO_FLAG_HIDDEN);
	uuid_gen(&id);
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_OBJECT_ID, .object_id = id };
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	dosattr = dosattr_get(test, file);
	KUNIT_EXPECT_TRUE(test, uuid_equal(&dosattr.object_id, &id));
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_OBJECT_ID };
	uuid_gen(&dosattr.object_id);
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	dosattr = dosattr_get(test, file);
	KUNIT_EXPECT_TRUE(test, uuid_equal(&dosattr.object_id, &id));
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_BTIME, .btime.tv_nsec = -1 };
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), -EINVAL);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).btime.tv_sec, -1000);
	folder.op.writable = false;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), -EINVAL);
	dosattr.btime.tv_nsec = 0;
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), -EROFS);
	folder.op.writable = true;
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

/* It stays until any other change. */
static void dosattr_changed(struct kunit *test)
{
	struct ditto_dosattr dosattr = { .valid = DITTO_DOSATTR_CHANGED, .changed.tv_sec = 1000 };
	struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0640 };
	struct ditto_node *file;
	struct ditto_wcc wcc;
	struct kstat st;

	file = folder_make(test, &folder, "file", 0600, false);
	st = folder_stat(test, &folder, file);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_nsec, st.ctime.tv_nsec);
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, stored_length(file), sizeof(good));
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_sec, 1000);
	/* A second time, though nothing else is different. */
	msleep(50);
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_sec, 1000);

	msleep(50);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	st = folder_stat(test, &folder, file);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_sec, st.ctime.tv_sec);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_nsec, st.ctime.tv_nsec);

	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	msleep(50);
	dosattr = (struct ditto_dosattr){.valid = DITTO_DOSATTR_FLAGS,
					 .flags = DITTO_FLAG_HIDDEN};
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, stored_length(file), DITTO_DOSATTR_SIZE_1);
	st = folder_stat(test, &folder, file);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).changed.tv_sec, st.ctime.tv_sec);
	dosattr = (struct ditto_dosattr) { .valid = DITTO_DOSATTR_CHANGED,
				       .changed.tv_nsec = NSEC_PER_SEC };
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), -EINVAL);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static void dosattr_damaged(struct kunit *test)
{
	struct ditto_dosattr dosattr = { .valid = DITTO_DOSATTR_FLAGS, .flags = DITTO_FLAG_SYSTEM };
	struct ditto_node *file;
	char junk[100];

	memset(junk, 0xff, sizeof(junk));
	file = folder_make(test, &folder, "file", 0600, false);
	for (size_t len = 0; len <= sizeof(junk); len += 25) {
		KUNIT_EXPECT_EQ(test, store_locally(file, junk, len), 0);
		KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_ARCHIVE);
	}
	/* The next change corrects it. */
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_SYSTEM);
	KUNIT_EXPECT_EQ(test, stored_length(file), DITTO_DOSATTR_SIZE_1);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static bool absence_is_known(struct ditto_node *file)
{
	struct timespec64 ctime = inode_get_ctime(file->inode);

	return ditto_dosattr_is_plain(file->volume, file->inode, &ctime);
}

/* The absence of the attribute is cached until the file changes. */
static void dosattr_absence_is_kept(struct kunit *test)
{
	struct ditto_node *file;

	file = folder_make(test, &folder, "file", 0600, false);
	dosattr_get(test, file);
	msleep(50);
	dosattr_get(test, file);
	KUNIT_EXPECT_TRUE(test, absence_is_known(file));
	KUNIT_EXPECT_EQ(test, store_locally(file, &good, sizeof(good)), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_HIDDEN);
	KUNIT_EXPECT_EQ(test, store_locally(file, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_ARCHIVE);
	/* Shortly after a change it is not cached: another change could have the same time. */
	KUNIT_EXPECT_EQ(test, store_locally(file, &good, sizeof(good)), 0);
	KUNIT_EXPECT_FALSE(test, absence_is_known(file));
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_HIDDEN);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

/* Read attributes and DOS attributes of a file in one call and in two; they are the same. */
static void dosattr_get_both(struct kunit *test, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_dosattr two = dosattr_get(test, node), one;
	struct ditto_attr attr;

	memset(&one, 0xff, sizeof(one));
	KUNIT_EXPECT_EQ(test, ditto_getattr_dos(folder.share, dentry, &attr, &one), 0);
	KUNIT_EXPECT_EQ(test, attr.st.mode, node->inode->i_mode);
	KUNIT_EXPECT_EQ(test, one.valid, two.valid);
	KUNIT_EXPECT_EQ(test, one.flags, two.flags);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&one.btime, &two.btime));
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&one.changed, &two.changed));
	dput(dentry);
}

static void dosattr_in_one_call(struct kunit *test)
{
	struct ditto_dosattr set = {.valid = DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME,
				    .flags = DITTO_FLAG_SYSTEM, .btime.tv_sec = -1000};
	struct ditto_node *nodes[3];

	nodes[0] = folder_make(test, &folder, "file", 0600, false);
	nodes[1] = folder_make(test, &folder, "frozen", 0444, false);
	nodes[2] = folder_make(test, &folder, "dir", 0755, true);
	for (u32 i = 0; i < ARRAY_SIZE(nodes); i++)
		dosattr_get_both(test, nodes[i]);
	msleep(50);
	for (u32 i = 0; i < ARRAY_SIZE(nodes); i++) {
		dosattr_get(test, nodes[i]);
		KUNIT_EXPECT_TRUE(test, absence_is_known(nodes[i]));
		dosattr_get_both(test, nodes[i]);
		KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, nodes[i], &set), 0);
		dosattr_get_both(test, nodes[i]);
		ditto_node_put(nodes[i]);
	}
	folder_remove(test, &folder, "file", false);
	folder_remove(test, &folder, "frozen", false);
	folder_remove(test, &folder, "dir", true);
}

/* Some file systems do not change the ctime with an extended attribute. */
static void dosattr_is_stored_at_the_same_time(struct kunit *test)
{
	struct ditto_dosattr dosattr = { .valid = DITTO_DOSATTR_FLAGS, .flags = DITTO_FLAG_SYSTEM };
	struct timespec64 ctime;
	struct ditto_node *file;

	file = folder_make(test, &folder, "file", 0600, false);
	msleep(50);
	dosattr_get(test, file);
	KUNIT_EXPECT_TRUE(test, absence_is_known(file));
	ctime = inode_get_ctime(file->inode);
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	inode_set_ctime_to_ts(file->inode, ctime);
	KUNIT_EXPECT_EQ(test, dosattr_get(test, file).flags, DITTO_FLAG_SYSTEM);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static int xattr_set(struct ditto_node *file, const char *name, const char *value,
		     enum ditto_xattr_how how)
{
	const struct ditto_name n = { name, strlen(name) };

	return ditto_xattr_set(&folder.op, file, &n, value, strlen(value), how, NULL);
}

static ssize_t xattr_get(struct ditto_node *file, const char *name, char *value, size_t size)
{
	const struct ditto_name n = { name, strlen(name) };

	return ditto_xattr_get(&folder.op, file, &n, value, size);
}

static int xattr_remove(struct ditto_node *file, const char *name)
{
	const struct ditto_name n = { name, strlen(name) };

	return ditto_xattr_remove(&folder.op, file, &n, NULL);
}

static int count_name(void *arg, const struct ditto_name *name)
{
	unsigned int *count = arg;

	if (name->len == 3 && (!memcmp(name->name, "one", 3) || !memcmp(name->name, "two", 3)))
		++*count;
	else
		*count += 100;
	return 0;
}

static int stop_at_once(void *arg, const struct ditto_name *name)
{
	return -ECANCELED;
}

static void dosattr_xattrs(struct kunit *test)
{
	struct ditto_dosattr dosattr = { .valid = DITTO_DOSATTR_FLAGS, .flags = DITTO_FLAG_HIDDEN };
	unsigned int count = 0;
	struct ditto_node *file;
	char value[16];

	file = folder_make(test, &folder, "file", 0600, false);
	KUNIT_EXPECT_EQ(test, ditto_xattr_list(&folder.op, file, count_name, &count), 0);
	KUNIT_EXPECT_EQ(test, ditto_dosattr_set(&folder.op, file, &dosattr), 0);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", value, sizeof(value)), -ENODATA);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "one", "1", DITTO_XATTR_REPLACE), -ENODATA);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "one", "1", DITTO_XATTR_CREATE), 0);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "one", "2", DITTO_XATTR_CREATE), -EEXIST);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "one", "four", DITTO_XATTR_EITHER), 0);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", NULL, 0), 4);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", value, 3), -ERANGE);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", value, sizeof(value)), 4);
	KUNIT_EXPECT_EQ(test, memcmp(value, "four", 4), 0);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "ONE", NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "two", "", DITTO_XATTR_EITHER), 0);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "two", value, sizeof(value)), 0);
	KUNIT_EXPECT_EQ(test, ditto_xattr_list(&folder.op, file, count_name, &count), 0);
	KUNIT_EXPECT_EQ(test, count, 2);
	KUNIT_EXPECT_EQ(test, ditto_xattr_list(&folder.op, file, stop_at_once, NULL), -ECANCELED);
	KUNIT_EXPECT_EQ(test, xattr_remove(file, "one"), 0);
	KUNIT_EXPECT_EQ(test, xattr_remove(file, "one"), -ENODATA);
	/* The server's own attributes are hidden. */
	KUNIT_EXPECT_EQ(test, xattr_set(file, "ditto.x", "1", DITTO_XATTR_EITHER), -EPERM);
	KUNIT_EXPECT_EQ(test, xattr_get(file, "ditto.x", NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, xattr_get(file, DITTO_DOSATTR_XATTR, NULL, 0), -ENODATA);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static void xattr_limits(struct kunit *test)
{
	char *name = kunit_kzalloc(test, 256, GFP_KERNEL);
	const struct ditto_name empty = { name, 0 }, zero = { "a\0b", 3 };
	struct ditto_node *file;

	KUNIT_ASSERT_NOT_NULL(test, name);
	file = folder_make(test, &folder, "file", 0600, false);
	KUNIT_EXPECT_EQ(test, ditto_xattr_get(&folder.op, file, &empty, NULL, 0), -EILSEQ);
	KUNIT_EXPECT_EQ(test, ditto_xattr_remove(&folder.op, file, &zero, NULL), -EILSEQ);
	memset(name, 'x', 251);
	KUNIT_EXPECT_EQ(test, xattr_set(file, name, "1", DITTO_XATTR_EITHER), -ENAMETOOLONG);
	name[250] = '\0';
	KUNIT_EXPECT_EQ(test, xattr_set(file, name, "1", DITTO_XATTR_EITHER), 0);
	KUNIT_EXPECT_EQ(test, xattr_get(file, name, NULL, 0), 1);
	KUNIT_EXPECT_EQ(test, ditto_xattr_set(&folder.op, file, &zero, name, 1,
					      DITTO_XATTR_EITHER, NULL), -EILSEQ);
	KUNIT_EXPECT_EQ(test, ditto_xattr_set(&folder.op, file, &(struct ditto_name){ "n", 1 },
					      name, DITTO_XATTR_VALUE_MAX + 1,
					      DITTO_XATTR_EITHER, NULL), -E2BIG);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

/* Access is that of the mode, or was granted at open. */
static void xattr_rights(struct kunit *test)
{
	unsigned int count = 0;
	struct ditto_node *file;

	file = folder_make(test, &folder, "file", 0600, false);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "one", "1", DITTO_XATTR_EITHER), 0);
	folder.op.cred = folder.user;
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", NULL, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "two", "1", DITTO_XATTR_EITHER), -EACCES);
	KUNIT_EXPECT_EQ(test, xattr_remove(file, "one"), -EACCES);
	KUNIT_EXPECT_EQ(test, ditto_xattr_list(&folder.op, file, count_name, &count), -EACCES);
	folder.op.held = DITTO_RIGHT_READ_XATTRS;
	KUNIT_EXPECT_EQ(test, xattr_get(file, "one", NULL, 0), 1);
	KUNIT_EXPECT_EQ(test, ditto_xattr_list(&folder.op, file, count_name, &count), 0);
	KUNIT_EXPECT_EQ(test, xattr_set(file, "two", "1", DITTO_XATTR_EITHER), -EACCES);
	folder.op.held = DITTO_RIGHT_WRITE_XATTRS;
	KUNIT_EXPECT_EQ(test, xattr_set(file, "two", "1", DITTO_XATTR_EITHER), 0);
	folder.op.held = 0;
	folder.op.cred = folder.admin;
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
}

static u64 change_of(struct kunit *test, struct ditto_node *node)
{
	struct ditto_attr attr = {};
	u64 change = 0;

	KUNIT_EXPECT_EQ(test, ditto_getattr(folder.share, node, &attr), 0);
	KUNIT_EXPECT_EQ(test, ditto_read_change(folder.share, node, &change), 0);
	KUNIT_EXPECT_EQ(test, change, attr.change);
	return change;
}

/* All attributes of a directory are read around its change only for who tells them. */
static void attributes_around_a_change(struct kunit *test)
{
	const struct ditto_name name = { "entry", 5 };
	struct ditto_op op = folder.op;
	struct ditto_attr now;
	struct ditto_wcc wcc;
	u64 before;

	for (unsigned int all = 0; all < 2; all++) {
		op.tells_wcc = all;
		ditto_node_put(folder_make(test, &folder, "entry", 0600, false));
		before = change_of(test, folder.root);
		memset(&wcc, 0, sizeof(wcc));
		KUNIT_EXPECT_EQ(test, ditto_remove(&op, folder.root, &name, false, &wcc), 0);
		KUNIT_EXPECT_EQ(test, ditto_getattr(folder.share, folder.root, &now), 0);
		KUNIT_EXPECT_TRUE(test, wcc.pre_valid);
		KUNIT_EXPECT_TRUE(test, wcc.post_valid);
		KUNIT_EXPECT_EQ(test, wcc.pre_change, before);
		KUNIT_EXPECT_EQ(test, wcc.post.change, now.change);
		KUNIT_EXPECT_NE(test, wcc.post.change, before);
		KUNIT_EXPECT_EQ(test, wcc.pre_mtime.tv_sec != 0, all);
		KUNIT_EXPECT_EQ(test, wcc.post.st.ino, all ? now.st.ino : 0);
	}
}

static struct kunit_case attributes_cases[] = {
	KUNIT_CASE(dosattr_decode),
	KUNIT_CASE(dosattr_decode_first),
	KUNIT_CASE(attributes_left_over),
	KUNIT_CASE(dosattr_defaults),
	KUNIT_CASE(dosattr_set),
	KUNIT_CASE(dosattr_changed),
	KUNIT_CASE(dosattr_damaged),
	KUNIT_CASE(dosattr_absence_is_kept),
	KUNIT_CASE(dosattr_in_one_call),
	KUNIT_CASE(dosattr_is_stored_at_the_same_time),
	KUNIT_CASE(dosattr_xattrs),
	KUNIT_CASE(xattr_limits),
	KUNIT_CASE(xattr_rights),
	KUNIT_CASE(attributes_around_a_change),
	{}
};

static struct kunit_suite attributes_suite = {
	.name = "ditto_attributes",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = attributes_cases,
};

kunit_test_suite(attributes_suite);
