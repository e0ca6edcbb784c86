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

#include <linux/blkdev.h>
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

#ifdef DITTO_HAVE_MAPPING_BUFFERS
/* Write the blocks of metadata that are listed with an inode, because no journal has them. */
static int commit_blocks(struct ditto_volume *volume, struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;

	if (likely(list_empty(&mapping->i_private_list)))
		return 0;
	return sync_mapping_buffers(mapping) ?: blkdev_issue_flush(inode->i_sb->s_bdev);
}
#else
/* On the disk, in little endian: the superblock, and its s_feature_incompat. */
#define EXT4_SUPERBLOCK_AT	1024
#define EXT4_INCOMPAT_AT	0x60
#define EXT4_RECOVER		0x4

/*
 * While ext4 is mounted for writing, the flag is set if there is a journal and it is used. A mount
 * keeps its journal; the flag itself is cleared while the file system is frozen.
 */
static bool ext4_has_journal(struct ditto_volume *volume)
{
	struct super_block *sb = volume->sb;
	const __le32 *incompat;
	struct buffer_head *bh;

	if (READ_ONCE(volume->has_journal))
		return true;
	bh = sb_bread(sb, EXT4_SUPERBLOCK_AT / sb->s_blocksize);
	if (!bh)
		return false;
	incompat = (void *)bh->b_data + EXT4_SUPERBLOCK_AT % sb->s_blocksize + EXT4_INCOMPAT_AT;
	if (READ_ONCE(*incompat) & cpu_to_le32(EXT4_RECOVER))
		WRITE_ONCE(volume->has_journal, true);
	brelse(bh);
	return READ_ONCE(volume->has_journal);
}

/*
 * Write all blocks of metadata, because no journal has them, and only ext4 knows which of them are
 * the inode's. Data of files is not among them.
 */
static int commit_blocks(struct ditto_volume *volume, struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	if (sb->s_magic != EXT4_SUPER_MAGIC || ext4_has_journal(volume))
		return 0;
	return sync_blockdev(sb->s_bdev) ?: blkdev_issue_flush(sb->s_bdev);
}
#endif

/* Make metadata durable. Context: no inode lock held. Return: 0 or the error of the file system. */
int ditto_commit(struct ditto_share *share, struct dentry *dentry, bool fresh)
{
	struct inode *inode = d_inode(dentry);
	struct super_block *sb = inode->i_sb;

	if (sb->s_export_op && sb->s_export_op->commit_metadata)
		return sb->s_export_op->commit_metadata(inode) ?:
		       commit_blocks(share->volume, inode);
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		return commit_by_fsync(share, dentry);

	/* Symbolic links, devices and the like cannot be opened for fsync. */
	if (sb->s_op->write_inode)
		return sync_inode_metadata(inode, 1);
	/* File systems that log on fsync log new entries together with their directory. */
	return fresh ? 0 : commit_all(sb);
}

/**
 * ditto_sync_dir - make the entries and attributes of a directory durable
 * @op: the caller; no permission is checked, as fsync(2) checks none
 * @dir: a directory, held
 *
 * Return: 0 or the error of the file system.
 */
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
