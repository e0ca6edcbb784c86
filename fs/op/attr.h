/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes of a file: reading and changing them. */
#ifndef _DITTO_FS_OP_ATTR_H
#define _DITTO_FS_OP_ATTR_H

#include <linux/stat.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct dentry;
struct ditto_acl;
struct ditto_lease_times;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct kstatfs;

/**
 * struct ditto_attr - a snapshot of a file's attributes
 * @st: result of one vfs_getattr(); @st.ino is never 0
 * @fsid: file system of the file, stable across restarts: the share's tag, except in
 *	subvolumes other than the share root's. @st.ino is unique among files with the same @fsid
 * @mounted_on: number of the file in its parent directory's file system; differs
 *	from @st.ino for the root of a subvolume (RFC 8881 section 5.8.2.23)
 * @change: change attribute: grows with every change of data or attributes: ctime in nanoseconds
 *	plus STATX_CHANGE_COOKIE, or this alone with STATX_ATTR_CHANGE_MONOTONIC
 */
struct ditto_attr {
	struct kstat st;
	u64 fsid;
	u64 mounted_on;
	u64 change;
};

/* A time of a change that is closer to now may cover two changes. */
#define DITTO_TICK_NS		(50 * NSEC_PER_MSEC)

/* Members of struct ditto_setattr that are set. */
#define DITTO_SET_MODE		BIT(0)
#define DITTO_SET_UID		BIT(1)
#define DITTO_SET_GID		BIT(2)
#define DITTO_SET_SIZE		BIT(3)
#define DITTO_SET_ATIME		BIT(4)	/* to @atime */
#define DITTO_SET_ATIME_NOW	BIT(5)	/* to the server's time */
#define DITTO_SET_MTIME		BIT(6)
#define DITTO_SET_MTIME_NOW	BIT(7)
#define DITTO_SET_ACL		BIT(8)
#define DITTO_SET_MODE_IF_NO_ACL	BIT(9)	/* with DITTO_SET_MODE: an ACL has precedence */
#define DITTO_SET_CTIME_NOW	BIT(10)	/* the others set it, too; alone it is not notified */

/**
 * struct ditto_setattr - attributes to set
 * @valid: DITTO_SET_* bits
 * @mode: permission bits, including set-id and sticky bits
 * @uid: new owner
 * @gid: new group
 * @size: new size in bytes
 * @atime: access time
 * @mtime: modification time
 * @acl: access control list, borrowed; the mode is derived from it, and with
 *	DITTO_SET_MODE the list is adapted to that mode. NULL removes a stored list
 * @guard: if not NULL, fail with -ENOTSYNC unless this is the ctime of the file
 * @over_ranges: byte-range locks of others do not prevent the new size
 */
struct ditto_setattr {
	u32 valid;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	u64 size;
	struct timespec64 atime;
	struct timespec64 mtime;
	const struct ditto_acl *acl;
	const struct timespec64 *guard;
	bool over_ranges;
};

/**
 * struct ditto_wcc - attributes around a change (RFC 1813 section 2.6)
 * @pre_valid: @pre_size, @pre_mtime, @pre_ctime and @pre_change were read atomically with
 *	the change; only the last one if a directory was changed for an op without @tells_wcc
 * @post_valid: @post was read; only its change attribute in the same case
 * @pre_size: size before
 * @pre_mtime: modification time before
 * @pre_ctime: change time before
 * @pre_change: change attribute before
 * @post: attributes after
 */
struct ditto_wcc {
	bool pre_valid;
	bool post_valid;
	u64 pre_size;
	struct timespec64 pre_mtime;
	struct timespec64 pre_ctime;
	u64 pre_change;
	struct ditto_attr post;
};

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
		  struct ditto_attr *attr);

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
			struct ditto_attr *attr);

/**
 * ditto_count_change - move the change attribute of a node that was changed
 * @node: held; it has a name
 *
 * ext4 and tmpfs do not count that a file gets, loses or changes a name, nor that it is truncated
 * to the size that it has. They set its ctime, which stays the same until the clock ticks. As in
 * the file system, nothing is counted if the count was not read since the change before.
 *
 * Context: may sleep; the mount's write access is held.
 */
void ditto_count_change(struct ditto_node *node);

/**
 * ditto_read_change - read the change attribute of a node
 * @share: share the node was reached through
 * @node: held
 * @change: filled, as @change of ditto_getattr()
 *
 * Context: as ditto_getattr().
 * Return: as ditto_getattr(); 0 if the inode has it, whatever state the file system is in.
 */
int ditto_read_change(struct ditto_share *share, struct ditto_node *node, u64 *change);

/**
 * ditto_getattr_asked - read the attributes, including changes that a client has cached
 * @op: the caller
 * @node: held
 * @attr: filled; @attr->change only with @op->tells_change
 *
 * If another client caches writes of the file and can be queried, its answer gives the size. If
 * it has modified the file, times and change attribute advance with every query (RFC 8881 section
 * 10.4.3), as they will when the writes arrive. Times that the client keeps itself are stored. If
 * it does not answer in time, its write caching is recalled.
 *
 * Context: may sleep, at most the setting break-wait-ms for the holder.
 * Return: as ditto_getattr(); -EJUKEBOX if the holder's grant is being broken; @op->park waits
 * for that if it was queued.
 */
int ditto_getattr_asked(const struct ditto_op *op, struct ditto_node *node,
			struct ditto_attr *attr);

/**
 * ditto_getattr_asked_by - the same by a name that the caller holds already
 * @op: the caller
 * @node: held
 * @dentry: a name of the file, perhaps a removed one
 * @attr: as ditto_getattr_asked()
 *
 * Context: as ditto_getattr_asked().
 * Return: as ditto_getattr_asked().
 */
int ditto_getattr_asked_by(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, struct ditto_attr *attr);

/**
 * ditto_store_times - store the times of a file that a client has kept itself
 * @op: the client, which holds a grant with WRITE of the file
 * @node: held
 * @times: the times; which of them the client may set was checked
 *
 * Breaks no caching grant. An access time alone is stored only if the mount's rules for access
 * times say so, and does not change the change attribute of most file systems.
 *
 * Return: 0, -EROFS, or an errno of the file system.
 */
int ditto_store_times(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_lease_times *times);

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
			 struct ditto_attr *attr);

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
			 struct ditto_attr *attr);

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
u64 ditto_attr_share_fileid(const struct ditto_share *share, const struct ditto_attr *attr);

/**
 * ditto_attr_split_fileid - get the inode number from a number of ditto_attr_share_fileid()
 * @share: the share
 * @id: the number
 * @ino: filled
 * @subvolume: filled
 *
 * Context: any.
 * Return: false for a file of a file system within the share, and for a hash.
 */
bool ditto_attr_split_fileid(const struct ditto_share *share, u64 id, u64 *ino, u64 *subvolume);

/**
 * ditto_setattr - change attributes
 * @op: the caller
 * @node: held
 * @set: attributes to set
 * @wcc: filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOTSYNC (guard), -EACCES, -EPERM, -EROFS, -EISDIR and -EINVAL (size of a directory
 * or other non-regular file), -EFBIG, -ENOSPC, -EDQUOT, -EJUKEBOX, -EAGAIN, -ETXTBSY.
 */
int ditto_setattr(struct ditto_op *op, struct ditto_node *node,
		  const struct ditto_setattr *set, struct ditto_wcc *wcc);

/**
 * struct ditto_change_info - change attribute around a change (RFC 8881 section 3.3.2)
 * @before: value before
 * @after: value after
 * @atomic: no other change happened in between
 */
struct ditto_change_info {
	u64 before;
	u64 after;
	bool atomic;
};

/*
 * Change info of a directory whose entries were changed. It is not atomic unless both values are
 * known.
 */
static inline struct ditto_change_info ditto_wcc_change(const struct ditto_wcc *wcc)
{
	return (struct ditto_change_info){
		.before = wcc->pre_valid ? wcc->pre_change : 0,
		.after = wcc->post_valid ? wcc->post.change : 0,
		.atomic = wcc->pre_valid && wcc->post_valid,
	};
}

/**
 * ditto_statfs - get free space and free files
 * @op: the caller
 * @node: held
 * @st: filled
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st);

#endif
