// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durability of metadata: RFC 1813 section 1.1 requires every change of metadata to be on stable
 * storage before the reply is sent.
 *
 * There are three kinds of file systems: those that can commit an inode's metadata (ext4, xfs),
 * those that do so only through an open file (btrfs, overlayfs, file systems without a journal),
 * and those that store nothing. ext4 without a journal is of the first kind, but commits the inode
 * alone, and not the blocks of a directory.
 */

#include <linux/buffer_head.h>
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
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

	/* O_NONBLOCK: do not wait for the holder of a lease. */
	file = dentry_open(&path, O_RDONLY | O_NONBLOCK | O_LARGEFILE, current_cred());
	if (IS_ERR(file))
		return commit_all(inode->i_sb);

	err = vfs_fsync(file, 0);
	/* Close now: a file left to delayed fput() would pin the mount for a while. */
	__fput_sync(file);
	return err;
}

/* On the disk, in little endian: the superblock, and its s_feature_compat. */
#define EXT4_SUPERBLOCK_AT	1024
#define EXT4_COMPAT_AT		0x5c
#define EXT4_HAS_JOURNAL	0x4

static bool ext4_has_journal(struct super_block *sb)
{
	/* A buffer that ext4 keeps. */
	struct buffer_head *bh = sb_bread(sb, EXT4_SUPERBLOCK_AT / sb->s_blocksize);
	const __le32 *compat;
	bool has;

	if (!bh)
		return false;
	compat = (void *)bh->b_data + EXT4_SUPERBLOCK_AT % sb->s_blocksize + EXT4_COMPAT_AT;
	has = *compat & cpu_to_le32(EXT4_HAS_JOURNAL);
	brelse(bh);
	return has;
}

/* Write the blocks of metadata that ext4 lists with an inode, because no journal has them. */
static int commit_blocks(struct ditto_share *share, struct dentry *dentry)
{
	struct super_block *sb = dentry->d_sb;

	if (sb->s_magic != EXT4_SUPER_MAGIC || ext4_has_journal(sb))
		return 0;
	return d_is_reg(dentry) || d_is_dir(dentry) ? commit_by_fsync(share, dentry) :
						      commit_all(sb);
}

int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh)
{
	struct inode *inode = d_inode(dentry);
	struct super_block *sb = inode->i_sb;

	if (sb->s_export_op && sb->s_export_op->commit_metadata)
		return sb->s_export_op->commit_metadata(inode) ?:
		       commit_blocks(share, dentry);
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		return commit_by_fsync(share, dentry);

	/* Symbolic links, devices and the like cannot be opened for fsync. */
	if (sb->s_op->write_inode)
		return sync_inode_metadata(inode, 1);
	/* File systems that log on fsync log new entries together with their directory. */
	return fresh ? 0 : commit_all(sb);
}

int ditto_sync_dir(struct ditto_op *op, struct ditto_node *dir)
{
	struct dentry *dentry = ditto_node_dentry(dir);
	const struct cred *old = ditto_op_enter(op);
	int err = ditto_commit(op->share, dentry, false);

	ditto_op_leave(old);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_sync_dir, "DITTO");
