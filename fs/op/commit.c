// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durable before answered: RFC 1813 section 1.1 wants every change of
 * metadata on stable storage when the reply goes out.
 *
 * Three kinds of file systems: those that commit what belongs to an inode
 * when asked (ext4, xfs); those that do so only for an open file (btrfs,
 * overlayfs, file systems without a journal); those that keep nothing.
 */

#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/writeback.h>

#include "op_private.h"

static int commit_all(struct super_block *sb)
{
	int err;

	down_read(&sb->s_umount);
	err = sync_filesystem(sb);
	up_read(&sb->s_umount);
	return err;
}

static int commit_by_fsync(struct ditto_share *share, struct dentry *dentry)
{
	struct path path = { .mnt = share->root.mnt, .dentry = dentry };
	struct inode *inode = d_inode(dentry);
	struct file *file;
	int err;

	if (!inode->i_fop->fsync || inode->i_fop->fsync == noop_fsync)
		return 0;

	/* O_NONBLOCK: not to wait for the holder of a lease. */
	file = dentry_open(&path, O_RDONLY | O_NONBLOCK | O_LARGEFILE, current_cred());
	if (IS_ERR(file))
		return commit_all(inode->i_sb);

	err = vfs_fsync(file, 0);
	/* At once: what a thread leaves to fput() would pin the mount a while longer. */
	__fput_sync(file);
	return err;
}

int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh)
{
	struct inode *inode = d_inode(dentry);
	struct super_block *sb = inode->i_sb;

	if (sb->s_export_op && sb->s_export_op->commit_metadata)
		return sb->s_export_op->commit_metadata(inode);
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		return commit_by_fsync(share, dentry);

	/* Links, devices and the like cannot be opened for it. */
	if (sb->s_op->write_inode)
		return sync_inode_metadata(inode, 1);
	/* Who logs by fsync() logs new entries together with their directory. */
	return fresh ? 0 : commit_all(sb);
}
