/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths that clients name, as in MNT: of a share, or of a directory below one. */
#ifndef _DITTO_FS_NFS_V3_MOUNT_H
#define _DITTO_FS_NFS_V3_MOUNT_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;
struct dnfs_call;

struct ditto_share *dnfs_path_share(struct dnfs_call *call, const char *path, u32 len,
				    const char **rest);
int dnfs_path_walk(struct ditto_op *op, struct ditto_node **node, const char *rest,
		   const char *end);

#endif
