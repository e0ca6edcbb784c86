// SPDX-License-Identifier: GPL-2.0-only
/* Reading attributes of files, and recording them around a change. */

#include <linux/iversion.h>
#include <linux/magic.h>
#include <linux/siphash.h>
#include <linux/statfs.h>

#include "../node/node.h"
#include "attr.h"
#include "dosattr_private.h"
#include "op_private.h"
#include "space.h"

#define DITTO_STATX_LISTED	(STATX_BASIC_STATS | STATX_BTIME | STATX_SUBVOL)
#define DITTO_STATX_MASK	(DITTO_STATX_LISTED | STATX_CHANGE_COOKIE)

/*
 * Numbers that no inode has: file systems count inodes from the bottom, and the bit distinguishes
 * these from hashes, which have bit 63.
 */
#define DITTO_SUBVOLUME_BIT	BIT_ULL(62)
#define DITTO_SUBVOLUME_SHIFT	40

/* Not secret: fsids and numbers must be the same after a restart, and on every machine. */
static const siphash_key_t subvolume_key = {
	{ 0x646974746f207375ULL, 0x62766f6c756d6520ULL }
};

/*
 * Every subvolume has inode numbers of its own, and snapshots have their origin's
 * (RFC 8881 section 5.8.1.9: objects with one fsid are one file system).
 */
static noinline_for_stack void attr_set_subvolume(const struct ditto_share *share,
						  const struct inode *inode,
						  struct ditto_attr *attr)
{
	const struct kstat *st = &attr->st;

	attr->fsid = siphash_2u64(share->tag, st->subvol, &subvolume_key) ?: 1;
	if (inode->i_sb->s_magic == BTRFS_SUPER_MAGIC && st->ino == DITTO_BTRFS_ROOT_INO)
		attr->mounted_on = DITTO_SUBVOLUME_BIT | st->subvol;
}

/**
 * ditto_attr_share_fileid - get a number that is unique within a whole share
 * @share: share the file was reached through
 * @attr: its attributes
 *
 * For protocols to which a share is one volume, with the file systems within it. In the subvolume
 * of the share's root it is the inode number.
 *
 * Context: any.
 * Return: the number, never 0.
 */
u64 ditto_attr_share_fileid(const struct ditto_share *share, const struct ditto_attr *attr)
{
	const struct kstat *st = &attr->st;

	if (likely(attr->fsid == share->tag && !share->outer))
		return st->ino;
	if (!share->outer && st->ino < BIT_ULL(DITTO_SUBVOLUME_SHIFT) &&
	    st->subvol < DITTO_SUBVOLUME_BIT >> DITTO_SUBVOLUME_SHIFT)
		return DITTO_SUBVOLUME_BIT | st->subvol << DITTO_SUBVOLUME_SHIFT | st->ino;
	return BIT_ULL(63) | siphash_2u64(attr->fsid, st->ino, &subvolume_key);
}
EXPORT_SYMBOL_NS_GPL(ditto_attr_share_fileid, "DITTO");

/*
 * Get the inode number from a number of ditto_attr_share_fileid(). Context: any. Return: false for
 * a file of a file system within the share, and for a hash.
 */
bool ditto_attr_split_fileid(const struct ditto_share *share, u64 id, u64 *ino, u64 *subvolume)
{
	if (share->outer || id & BIT_ULL(63))
		return false;
	if (id & DITTO_SUBVOLUME_BIT) {
		*ino = id & (BIT_ULL(DITTO_SUBVOLUME_SHIFT) - 1);
		*subvolume = (id & ~DITTO_SUBVOLUME_BIT) >> DITTO_SUBVOLUME_SHIFT;
	} else {
		*ino = id;
		*subvolume = share->subvolume;
	}
	return true;
}

/*
 * The counter of a file system may be less than it was: after a crash, when it was not written, or
 * when overlayfs has copied the file to its upper layer. Values that clients have seen must not
 * come again with other contents, so the time is added.
 */
static void attr_set_change(struct ditto_attr *attr)
{
	const struct kstat *st = &attr->st;

	attr->change = (u64)st->ctime.tv_sec * NSEC_PER_SEC + st->ctime.tv_nsec;
	if (!(st->result_mask & STATX_CHANGE_COOKIE))
		return;
	if (st->attributes & STATX_ATTR_CHANGE_MONOTONIC)
		attr->change = st->change_cookie;
	else
		attr->change += st->change_cookie;
}

/*
 * The same as vfs_getattr_nosec() for members that are read here and by protocols. Those that are
 * cleared are what file systems set beyond generic_fillattr(), or add bits to. To clear all of
 * struct kstat, and to look for attributes that no protocol tells, is 50 instructions for each
 * entry of a listing.
 */
static __always_inline int attr_ask(const struct path *path, u32 mask, struct kstat *st)
{
	struct inode *inode = d_inode(path->dentry);
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);

	st->result_mask = STATX_BASIC_STATS;
	st->attributes = 0;
	st->attributes_mask = 0;
	st->btime = (struct timespec64){ };
	st->change_cookie = 0;
	st->subvol = 0;
	if (likely(inode->i_op->getattr))
		return inode->i_op->getattr(idmap, path, st, mask,
					    AT_STATX_SYNC_AS_STAT | AT_GETATTR_NOSEC);
	generic_fillattr(idmap, mask, inode, st);
	return 0;
}

/* All but @attr->change. */
static __always_inline int attr_read(struct ditto_share *share, struct dentry *dentry, u32 mask,
				     struct ditto_attr *attr)
{
	struct path path = { .mnt = share->root.mnt, .dentry = dentry };
	struct kstat *st = &attr->st;
	int err;

	err = attr_ask(&path, mask, st);
	if (err)
		return err;

	st->ino = ditto_fileid(st->ino);
	attr->fsid = share->tag;
	attr->mounted_on = st->ino;
	if (unlikely(st->result_mask & STATX_SUBVOL && st->subvol != share->subvolume))
		attr_set_subvolume(share, d_inode(dentry), attr);
	return 0;
}

/**
 * ditto_getattr_listed - read the attributes of a dentry except the change attribute
 * @share: share the dentry was reached through
 * @dentry: positive
 * @attr: filled but for @attr->change
 *
 * Context: as ditto_getattr().
 * Return: as ditto_getattr().
 */
int ditto_getattr_listed(struct ditto_share *share, struct dentry *dentry,
			 struct ditto_attr *attr)
{
	return attr_read(share, dentry, DITTO_STATX_LISTED, attr);
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_listed, "DITTO");

/**
 * ditto_getattr_dos - read the attributes and the DOS attributes of a dentry
 * @share: share the dentry was reached through
 * @dentry: positive
 * @attr: filled as by ditto_getattr_listed()
 * @dosattr: filled as by ditto_dosattr_get()
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_getattr_dos(struct ditto_share *share, struct dentry *dentry, struct ditto_attr *attr,
		      struct ditto_dosattr *dosattr)
{
	int err = attr_read(share, dentry, DITTO_STATX_LISTED, attr);

	if (err)
		return err;
	if (likely(ditto_dosattr_get_plain(share->volume, d_inode(dentry), &attr->st, dosattr)))
		return 0;
	return ditto_dosattr_get(share, dentry, &attr->st, dosattr);
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_dos, "DITTO");

/**
 * ditto_getattr_dentry - read the attributes of a dentry
 * @share: share the dentry was reached through
 * @dentry: positive
 * @attr: filled
 *
 * Context: as ditto_getattr().
 * Return: as ditto_getattr().
 */
int ditto_getattr_dentry(struct ditto_share *share, struct dentry *dentry,
			 struct ditto_attr *attr)
{
	int err = attr_read(share, dentry, DITTO_STATX_MASK, attr);

	if (!err)
		attr_set_change(attr);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_dentry, "DITTO");

/* True if the file system tells ctime and counter as they are in the inode. */
static bool change_is_in_inode(const struct inode *inode)
{
	switch (inode->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	}
	return false;
}

/* Always inlined, so that @read is called directly. */
static __always_inline int attr_read_node(struct ditto_share *share, struct ditto_node *node,
					  struct ditto_attr *attr,
					  int (*read)(struct ditto_share *share,
						      struct dentry *dentry,
						      struct ditto_attr *attr))
{
	struct dentry *dentry = ditto_node_dentry(node);
	int err;

	err = read(share, dentry, attr);
	dput(dentry);
	return err;
}

/**
 * ditto_getattr - read the attributes of a node
 * @share: share the node was reached through
 * @node: held
 * @attr: filled
 *
 * Context: may sleep on network file systems only.
 * Return: 0 or an errno of the file system.
 */
int ditto_getattr(struct ditto_share *share, struct ditto_node *node,
		  struct ditto_attr *attr)
{
	return attr_read_node(share, node, attr, ditto_getattr_dentry);
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr, "DITTO");

/**
 * ditto_read_change - read the change attribute of a node
 * @share: share the node was reached through
 * @node: held
 * @change: filled, as @change of ditto_getattr()
 *
 * Context: as ditto_getattr().
 * Return: as ditto_getattr(); 0 if the inode has it, whatever state the file system is in.
 */
int ditto_read_change(struct ditto_share *share, struct ditto_node *node, u64 *change)
{
	struct inode *inode = node->inode;
	/* Filled, or not used. */
	struct ditto_attr attr __uninitialized;
	int err;

	if (!change_is_in_inode(inode)) {
		err = ditto_getattr(share, node, &attr);
		if (!err)
			*change = attr.change;
		return err;
	}
	attr.st.ctime = inode_get_ctime(inode);
	attr.st.attributes = 0;
	attr.st.result_mask = 0;
	if (IS_I_VERSION(inode)) {
		attr.st.change_cookie = inode_query_iversion(inode);
		attr.st.result_mask = STATX_CHANGE_COOKIE;
	}
	attr_set_change(&attr);
	*change = attr.change;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_read_change, "DITTO");

/**
 * ditto_refresh_size - let an inode have the size that its file has now
 * @share: share the node was reached through
 * @node: held
 *
 * Before i_size_read(): where other machines change files, the inode has the size of the last time
 * that the file system was asked. An error leaves that.
 *
 * Context: may sleep on network and cluster file systems only.
 */
void ditto_refresh_size(struct ditto_share *share, struct ditto_node *node)
{
	struct path path = { .mnt = share->root.mnt };
	struct kstat st;

	if (likely(!node->volume->is_remote))
		return;
	path.dentry = ditto_node_dentry(node);
	vfs_getattr_nosec(&path, &st, STATX_SIZE, AT_STATX_SYNC_AS_STAT);
	dput(path.dentry);
}
EXPORT_SYMBOL_NS_GPL(ditto_refresh_size, "DITTO");

/*
 * Move the change attribute of a node that was changed. @node: held; it has a name. ext4 and tmpfs
 * do not count that a file gets, loses or changes a name, nor that it is truncated to the size that
 * it has. They set its ctime, which stays the same until the clock ticks. As in the file system,
 * nothing is counted if the count was not read since the change before. Context: the mount's write
 * access is held.
 */
void ditto_count_change(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct inode *inode = d_real_inode(dentry);
	struct super_block *sb = inode->i_sb;

	switch (sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case TMPFS_MAGIC:
		if (!IS_I_VERSION(inode) || !inode_maybe_inc_iversion(inode, false))
			break;
		/* The upper layer of an overlay may be frozen while the overlay is not. */
		if (!sb_start_write_trylock(sb))
			break;
		mark_inode_dirty(inode);
		sb_end_write(sb);
	}
	dput(dentry);
}

/**
 * ditto_getattr_plain - read the attributes of a node except the change attribute
 * @share: share the node was reached through
 * @node: held
 * @attr: filled but for @attr->change
 *
 * File systems count a change only if the count was read since the one before. Then they store the
 * inode with it: on ext4 a commit of the journal for a synchronous write that has none otherwise.
 *
 * Context: as ditto_getattr().
 * Return: as ditto_getattr().
 */
int ditto_getattr_plain(struct ditto_share *share, struct ditto_node *node,
			struct ditto_attr *attr)
{
	return attr_read_node(share, node, attr, ditto_getattr_listed);
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_plain, "DITTO");

/* Copy the attributes that count as "before". Context: any. */
void ditto_wcc_set_pre(struct ditto_wcc *wcc, const struct ditto_attr *attr)
{
	wcc->pre_size = attr->st.size;
	wcc->pre_mtime = attr->st.mtime;
	wcc->pre_ctime = attr->st.ctime;
	wcc->pre_change = attr->change;
	wcc->pre_valid = true;
}

/*
 * Record the attributes before a change. Context: the caller holds the inode lock until after the
 * change. Return: 0 or an errno of the file system.
 */
int ditto_wcc_pre(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc)
{
	int err;

	/* @wcc->post is free until the attributes after the change are recorded. */
	err = ditto_getattr_dentry(share, dentry, &wcc->post);
	if (!err)
		ditto_wcc_set_pre(wcc, &wcc->post);
	return err;
}

/* Record the attributes after a change, whether it succeeded or not. */
void ditto_wcc_post(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc)
{
	wcc->post_valid = !ditto_getattr_dentry(share, dentry, &wcc->post);
}

/* Record the attributes after data were written. */
void ditto_wcc_post_data(struct ditto_share *share, struct dentry *dentry, struct ditto_wcc *wcc)
{
	wcc->post_valid = !ditto_getattr_listed(share, dentry, &wcc->post);
}

/**
 * ditto_statfs - get free space and free files
 * @op: the caller
 * @node: held
 * @st: filled
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st)
{
	struct path path = {
		.mnt = op->share->root.mnt,
		.dentry = ditto_node_dentry(node),
	};
	const struct cred *old;
	int err;

	old = ditto_op_enter(op);
	err = vfs_statfs(&path, st);
	ditto_op_leave(old);
	dput(path.dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_statfs, "DITTO");
