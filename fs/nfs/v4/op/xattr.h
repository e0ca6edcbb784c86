/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended attributes: what the operations of RFC 8276 share. */
#ifndef _DITTO_FS_NFS_V4_OP_XATTR_H
#define _DITTO_FS_NFS_V4_OP_XATTR_H

#include <linux/types.h>

struct dnfs4_compound;

/**
 * dnfs4_xattr_check - check whether the current filehandle can have extended attributes
 * @cmp: its current filehandle is of a share, and no named attribute directory
 *
 * Context: any.
 * Return: NFS4_OK; NFS4ERR_WRONG_TYPE for a named attribute; NFS4ERR_NOTSUPP if the file system
 * stores none.
 */
u32 dnfs4_xattr_check(const struct dnfs4_compound *cmp);

#endif
