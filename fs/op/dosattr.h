/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes that POSIX has no place for: flags of a file, the time of its
 * creation and of its last change as somebody set them, its object id. They are in
 * one extended attribute of the file, "trusted.ditto.extra", which no client can
 * write. What stands there: version, flags, creation time, object id, and the time
 * of the last change together with that of the inode, little endian.
 *
 * A file without it has a creation time from the file system (its birth time, or
 * else the oldest of its times), and the flags are those of its type. The inode's
 * time of change is nobody's to set: another one that was set stands for it until
 * the next change.
 */
#ifndef _DITTO_FS_OP_DOSATTR_H
#define _DITTO_FS_OP_DOSATTR_H

#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uuid.h>

struct dentry;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct kstat;

/* Flags; the numbers are those of MS-FSCC section 2.6. */
#define DITTO_FLAG_READONLY		0x00000001
#define DITTO_FLAG_HIDDEN		0x00000002
#define DITTO_FLAG_SYSTEM		0x00000004
#define DITTO_FLAG_ARCHIVE		0x00000020
#define DITTO_FLAG_TEMPORARY		0x00000100
#define DITTO_FLAG_SPARSE		0x00000200
#define DITTO_FLAG_OFFLINE		0x00001000
#define DITTO_FLAG_NOT_INDEXED		0x00002000
#define DITTO_FLAGS_KEPT \
	(DITTO_FLAG_READONLY | DITTO_FLAG_HIDDEN | DITTO_FLAG_SYSTEM | DITTO_FLAG_ARCHIVE | \
	 DITTO_FLAG_TEMPORARY | DITTO_FLAG_SPARSE | DITTO_FLAG_OFFLINE | DITTO_FLAG_NOT_INDEXED)

#define DITTO_DOSATTR_FLAGS	BIT(0)
#define DITTO_DOSATTR_BTIME	BIT(1)
#define DITTO_DOSATTR_OBJECT_ID	BIT(2)
#define DITTO_DOSATTR_CHANGED	BIT(3)

/**
 * struct ditto_dosattr - those attributes
 * @valid: DITTO_DOSATTR_* bits; which are there, or are to be set
 * @flags: DITTO_FLAG_*
 * @btime: time of creation
 * @object_id: see MS-FSCC section 2.1.3; set once and for all
 * @changed: time of the last change of anything
 * @seen: the inode's, when @changed was stored; not for callers
 */
struct ditto_dosattr {
	u32 valid;
	u32 flags;
	struct timespec64 btime;
	uuid_t object_id;
	struct timespec64 changed;
	struct timespec64 seen;
};

/**
 * ditto_dosattr_get - read them
 * @share: through which
 * @dentry: positive
 * @st: its attributes as vfs_getattr() gave them, with STATX_BTIME if there is one
 * @dosattr: filled; FLAGS, BTIME and CHANGED are always valid
 *
 * Cheap for a file without: the absence is remembered with the node's inode.
 *
 * Context: may sleep. Return: 0 or an errno of the file system.
 */
int ditto_dosattr_get(struct ditto_share *share, struct dentry *dentry, const struct kstat *st,
		      struct ditto_dosattr *dosattr);

/**
 * ditto_dosattr_set - change some of them
 * @op: who; rights are checked by the caller
 * @node: held
 * @dosattr: those with a bit in @dosattr->valid
 *
 * Asks the lock table as a change of attributes. Any other change of the file ends
 * the time of change that is set here, so it is to be set last.
 *
 * Return: 0, -EROFS, -EOPNOTSUPP (the file system has no place for them), -EJUKEBOX and others.
 */
int ditto_dosattr_set(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_dosattr *dosattr);

#endif
