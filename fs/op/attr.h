/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of a file, read in one pass, and changes to them.
 */
#ifndef _DITTO_FS_OP_ATTR_H
#define _DITTO_FS_OP_ATTR_H

#include <linux/stat.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct dentry;
struct ditto_acl;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct kstatfs;

/**
 * struct ditto_attr - a snapshot of a file's attributes
 * @st: from one vfs_getattr(); @st.ino is never 0
 * @fsid: the same for all files of a share, stable across restarts
 * @change: grows with every change of data or attributes (STATX_CHANGE_COOKIE, else ctime)
 */
struct ditto_attr {
	struct kstat st;
	u64 fsid;
	u64 change;
};

/* Which fields of struct ditto_setattr are to be set. */
#define DITTO_SET_MODE		BIT(0)
#define DITTO_SET_UID		BIT(1)
#define DITTO_SET_GID		BIT(2)
#define DITTO_SET_SIZE		BIT(3)
#define DITTO_SET_ATIME		BIT(4)	/* to @atime */
#define DITTO_SET_ATIME_NOW	BIT(5)	/* to the server's time */
#define DITTO_SET_MTIME		BIT(6)
#define DITTO_SET_MTIME_NOW	BIT(7)
#define DITTO_SET_ACL		BIT(8)
#define DITTO_SET_MODE_SPARE	BIT(9)	/* with DITTO_SET_MODE: not over a list */

/**
 * struct ditto_setattr - attributes to set
 * @valid: DITTO_SET_* bits
 * @mode: permission bits, set-id and sticky included
 * @uid: new owner
 * @gid: new group
 * @size: new size in bytes
 * @atime: access time
 * @mtime: modification time
 * @acl: the access control list, borrowed; the mode becomes what follows from it, and with
 *	DITTO_SET_MODE too the list is changed to fit that. NULL takes a stored one away
 * @guard: if not NULL, nothing is done unless the file's ctime is this: -ENOTSYNC
 * @over_ranges: bytes that others claimed do not stop the new size
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
 * @pre_valid: @pre_size, @pre_mtime, @pre_ctime, @pre_change were read atomically with the change
 * @post_valid: @post was read
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
 * @share: the share it was reached through
 * @node: held
 * @attr: filled
 *
 * Context: may sleep on network file systems only. Return: 0 or an errno of the file system.
 */
int ditto_getattr(struct ditto_share *share, struct ditto_node *node,
		  struct ditto_attr *attr);
/**
 * ditto_getattr_asked - the same, for who must not miss what a client keeps to itself
 * @op: who
 * @node: held
 * @attr: filled
 *
 * If another client holds the file's writes in its cache and can be asked, it is:
 * the size is what it says, and if it has changed the file, times and change
 * attribute go on with every question (RFC 8881 section 10.4.3), as they will
 * have when its writes come. One that does not answer in time is asked to give
 * its writes up.
 *
 * Context: may sleep, at most the setting break-wait-ms for the holder.
 * Return: as ditto_getattr(); -EJUKEBOX (the holder was told to give way; @op->park
 * waits if it says that it does).
 */
int ditto_getattr_asked(struct ditto_op *op, struct ditto_node *node, struct ditto_attr *attr);
/* ditto_getattr() for a dentry, as a listing has it. */
int ditto_getattr_dentry(struct ditto_share *share, struct dentry *dentry,
			 struct ditto_attr *attr);

/**
 * ditto_setattr - change attributes
 * @op: who asks
 * @node: held
 * @set: what to change
 * @wcc: filled, whether it worked or not
 *
 * Return: 0, -ENOTSYNC (guard), -EACCES, -EPERM, -EROFS, -EISDIR and -EINVAL
 * (size of what has none), -EFBIG, -ENOSPC, -EDQUOT.
 */
int ditto_setattr(struct ditto_op *op, struct ditto_node *node,
		  const struct ditto_setattr *set, struct ditto_wcc *wcc);

/**
 * struct ditto_change_info - the change attribute around a change (RFC 8881 section 3.3.2)
 * @before: before it
 * @after: after it
 * @atomic: nothing else changed in between
 */
struct ditto_change_info {
	u64 before;
	u64 after;
	bool atomic;
};

/* Of a directory whose entries were changed. Where one is not known, it is not atomic. */
static inline struct ditto_change_info ditto_wcc_change(const struct ditto_wcc *wcc)
{
	return (struct ditto_change_info){
		.before = wcc->pre_valid ? wcc->pre_change : 0,
		.after = wcc->post_valid ? wcc->post.change : 0,
		.atomic = wcc->pre_valid && wcc->post_valid,
	};
}

/* Free space and files below a node, for FSSTAT and its like. */
int ditto_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st);

#endif
