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
 * @torn: other machines may have made changes in between, which this one's locks do not exclude
 * @post_valid: @post was read; only its change attribute in the same case
 * @pre_size: size before
 * @pre_mtime: modification time before
 * @pre_ctime: change time before
 * @pre_change: change attribute before
 * @post: attributes after
 */
struct ditto_wcc {
	bool pre_valid;
	bool torn;
	bool post_valid;
	u64 pre_size;
	struct timespec64 pre_mtime;
	struct timespec64 pre_ctime;
	u64 pre_change;
	struct ditto_attr post;
};

int ditto_getattr(struct ditto_share *share, struct ditto_node *node,
		  struct ditto_attr *attr);
int ditto_getattr_plain(struct ditto_share *share, struct ditto_node *node,
			struct ditto_attr *attr);
void ditto_count_change(struct ditto_node *node);
int ditto_read_change(struct ditto_share *share, struct ditto_node *node, u64 *change);

int ditto_getattr_asked(const struct ditto_op *op, struct ditto_node *node,
			struct ditto_attr *attr);
int ditto_getattr_asked_by(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, struct ditto_attr *attr);
int ditto_store_times(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_lease_times *times);

int ditto_getattr_dentry(struct ditto_share *share, struct dentry *dentry,
			 struct ditto_attr *attr);
int ditto_getattr_listed(struct ditto_share *share, struct dentry *dentry,
			 struct ditto_attr *attr);
u64 ditto_attr_share_fileid(const struct ditto_share *share, const struct ditto_attr *attr);
bool ditto_attr_split_fileid(const struct ditto_share *share, u64 id, u64 *ino, u64 *subvolume);

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

/* Whether the attributes before the change are those that it met. */
static inline bool ditto_wcc_is_atomic(const struct ditto_wcc *wcc)
{
	return wcc->pre_valid && !wcc->torn;
}

/*
 * Change info of a directory whose entries were changed. It is not atomic unless both values are
 * known, and nobody else can have changed it in between.
 */
static inline struct ditto_change_info ditto_wcc_change(const struct ditto_wcc *wcc)
{
	return (struct ditto_change_info){
		.before = wcc->pre_valid ? wcc->pre_change : 0,
		.after = wcc->post_valid ? wcc->post.change : 0,
		.atomic = ditto_wcc_is_atomic(wcc) && wcc->post_valid,
	};
}

int ditto_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st);

#endif
