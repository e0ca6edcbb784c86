/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACCESS, whose bits are the same in all versions (RFC 1813 section 3.3.4, RFC 8881
 * section 18.1.1).
 */
#ifndef _DITTO_FS_NFS_RPC_ACCESS_H
#define _DITTO_FS_NFS_RPC_ACCESS_H

#include <linux/stat.h>

#include "../../op/op.h"

/* What the bits are asked of. */
enum dnfs_accessed {
	DNFS_ACCESSED_FILE,	/* or anything but a directory */
	DNFS_ACCESSED_DIR,
	DNFS_ACCESSED_ATTRS,	/* the directory of the named attributes of a file */
	DNFS_ACCESSEDS,
};

static inline enum dnfs_accessed dnfs_accessed_of(umode_t mode)
{
	return S_ISDIR(mode) ? DNFS_ACCESSED_DIR : DNFS_ACCESSED_FILE;
}

/* Those with a meaning for it. */
u32 dnfs_access_known(enum dnfs_accessed what);

/**
 * dnfs_access - what the caller may do
 * @op: who
 * @node: held
 * @what: it is asked for; with DNFS_ACCESSED_ATTRS, @node is the file
 * @wanted: bits that are asked for
 * @granted: filled with those of them that the caller has; without a meaning, none
 *
 * Return: 0, also if nothing is granted, or an errno of ditto_permission() that is no refusal.
 */
int dnfs_access(struct ditto_op *op, struct ditto_node *node, enum dnfs_accessed what, u32 wanted,
		u32 *granted);

#endif
