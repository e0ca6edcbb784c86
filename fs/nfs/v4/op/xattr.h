/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended attributes: what the operations of RFC 8276 share. */
#ifndef _DITTO_FS_NFS_V4_OP_XATTR_H
#define _DITTO_FS_NFS_V4_OP_XATTR_H

#include <linux/types.h>

struct dnfs4_compound;

u32 dnfs4_xattr_check(const struct dnfs4_compound *cmp);

#endif
