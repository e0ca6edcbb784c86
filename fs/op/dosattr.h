/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DOS attributes: attributes that POSIX lacks. These are the file attribute flags, the creation
 * time, a change time that was set explicitly, and the object id. They are stored in one extended
 * attribute, "trusted.ditto.extra", which clients cannot write. It contains, in little endian:
 * version, flags, creation time, object id, and the change time together with the ctime that the
 * inode had when it was set.
 *
 * Without the extended attribute, the creation time comes from the file system (its birth time,
 * otherwise the oldest of its times), and the flags follow from the file type. The inode's ctime
 * cannot be set; a change time that was set replaces it until the next change.
 */
#ifndef _DITTO_FS_OP_DOSATTR_H
#define _DITTO_FS_OP_DOSATTR_H

#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uuid.h>

struct dentry;
struct ditto_attr;
struct ditto_node;
struct ditto_op;
struct ditto_share;
struct kstat;

/* File attribute flags; the values are as in MS-FSCC section 2.6. */
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
 * struct ditto_dosattr - DOS attributes of a file
 * @valid: DITTO_DOSATTR_* bits: members that are present, or to be set
 * @flags: DITTO_FLAG_*
 * @keep: flags that ditto_dosattr_set() leaves as the file has them; @flags gives the others. Not
 *	filled when read
 * @btime: creation time
 * @object_id: see MS-FSCC section 2.1.3; cannot be changed once it is set
 * @changed: time of the last change of data or attributes
 * @seen: ctime of the inode when @changed was stored; internal
 */
struct ditto_dosattr {
	u32 valid;
	u32 flags;
	u32 keep;
	struct timespec64 btime;
	uuid_t object_id;
	struct timespec64 changed;
	struct timespec64 seen;
};

int ditto_dosattr_get(struct ditto_share *share, struct dentry *dentry, const struct kstat *st,
		      struct ditto_dosattr *dosattr);

int ditto_getattr_dos(struct ditto_share *share, struct dentry *dentry, struct ditto_attr *attr,
		      struct ditto_dosattr *dosattr);

int ditto_dosattr_set(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_dosattr *dosattr);

#endif
