// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compression of single files, see compress.h.
 *
 * The flag is an inode flag (chattr +c). It is set with the server's credential, because the VFS
 * permits only the owner to set it, while a caller that was granted write access at open may set
 * it, too (MS-FSA section 2.1.5.10.30).
 */

/* fileattr.h needs declarations of linux/fs.h */
#include <linux/fs.h>

#include <linux/fileattr.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "check/lock_check_private.h"
#include "compress.h"
#include "op_private.h"

/**
 * ditto_can_compress - tell whether the share's file system has a compression flag
 * @share: held
 *
 * Other file systems ignore the flag, such as ext4, or depend on format options.
 *
 * Context: any.
 * Return: true if it has.
 */
bool ditto_can_compress(const struct ditto_share *share)
{
	return share->root.mnt->mnt_sb->s_magic == BTRFS_SUPER_MAGIC;
}
EXPORT_SYMBOL_NS_GPL(ditto_can_compress, "DITTO");

/* Return: 1 if the flag has this value already. */
static int set_flag(struct ditto_share *share, struct dentry *dentry, bool on)
{
	struct file_kattr old = { }, new = { };
	u32 flags;
	int err;

	err = vfs_fileattr_get(dentry, &old);
	if (err)
		return err;
	flags = old.flags & ~FS_COMPR_FL;
	/* The file system sets FS_NOCOMP_FL when compression did not pay. */
	if (on)
		flags = (flags & ~FS_NOCOMP_FL) | FS_COMPR_FL;
	if (flags == old.flags)
		return 1;
	fileattr_fill_flags(&new, flags);
	err = vfs_fileattr_set(ditto_idmap(share), dentry, &new);
	/* A file that is written in place cannot be compressed. */
	return err == -EINVAL || err == -ENOIOCTLCMD ? -EOPNOTSUPP : err;
}

/**
 * ditto_compress - set or clear the compression flag
 * @op: the caller; the caller of this function has checked the permission
 * @node: regular file or directory, held; a directory passes the flag on to new files
 * @on: compress
 *
 * The lock table is checked as for a change of attributes.
 *
 * Return: 0; -EOPNOTSUPP (by the file system or for this file), -EROFS, -EJUKEBOX and others.
 */
int ditto_compress(struct ditto_op *op, struct ditto_node *node, bool on)
{
	struct vfsmount *mnt = op->share->root.mnt;
	umode_t mode = node->inode->i_mode;
	struct dentry *dentry;
	const struct cred *old;
	int ret, changing;

	if (!ditto_can_compress(op->share) || (!S_ISREG(mode) && !S_ISDIR(mode)))
		return -EOPNOTSUPP;
	ret = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (ret)
		return ret;
	ret = ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	/* The immutable flag is another bit of the same word. */
	changing = ret ?: ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	ret = min(changing, 0);
	if (ret)
		goto drop;
	dentry = ditto_node_dentry(node);
	old = override_creds(op->srv->nodes->cred);
	ret = set_flag(op->share, dentry, on);
	revert_creds(old);
	ditto_worm_change_end(op, node, changing);
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (!ret) {
		ditto_child_changed(op, node, DITTO_CHANGED_ATTRIBUTES);
		ret = ditto_op_commit(op, dentry, false);
	}
	dput(dentry);
drop:
	mnt_drop_write(mnt);
	return min(ret, 0);
}
EXPORT_SYMBOL_NS_GPL(ditto_compress, "DITTO");
