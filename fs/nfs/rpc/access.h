/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ACCESS operation. Its bits are the same in all NFS versions that have them (RFC 1813 section
 * 3.3.4, RFC 8881 section 18.1.1); those for extended attributes are of 4.2 (RFC 8276 section 8.5).
 */
#ifndef _DITTO_FS_NFS_RPC_ACCESS_H
#define _DITTO_FS_NFS_RPC_ACCESS_H

#include <linux/stat.h>

#include "../../op/op.h"

/* Kind of object of an ACCESS, on which the meaning of the bits depends. */
enum dnfs_accessed {
	DNFS_ACCESSED_FILE,	/* anything but a directory */
	DNFS_ACCESSED_DIR,
	DNFS_ACCESSED_ATTRS,	/* the named attribute directory of a file */
	DNFS_ACCESSEDS,
};

static inline enum dnfs_accessed dnfs_accessed_of(umode_t mode)
{
	return S_ISDIR(mode) ? DNFS_ACCESSED_DIR : DNFS_ACCESSED_FILE;
}

u32 dnfs_access_known(enum dnfs_accessed what);
int dnfs_access(struct ditto_op *op, struct ditto_node *node, enum dnfs_accessed what, u32 wanted,
		u32 *granted);

#endif
