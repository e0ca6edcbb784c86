/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths that clients name, as in MNT: of a share, or of a directory below one. */
#ifndef _DITTO_FS_NFS_V3_MOUNT_H
#define _DITTO_FS_NFS_V3_MOUNT_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;
struct dnfs_call;

/**
 * dnfs_path_share - find the share with the longest path that a path begins with
 * @call: the call
 * @path: not terminated
 * @len: length of @path
 * @rest: set to the part of @path below the share
 *
 * Context: any.
 * Return: the share with a reference; NULL if there is none; ERR_PTR(-EJUKEBOX) if its file system
 * is full, see dnfs_worker_enter(), and then the call gets no reply.
 */
struct ditto_share *dnfs_path_share(struct dnfs_call *call, const char *path, u32 len,
				    const char **rest);

/**
 * dnfs_path_walk - look up the names of a path one by one
 * @op: the caller; the reference to its share is replaced when the path enters a file system within
 * @node: where the path begins, with a reference; replaced by the directory that it leads to
 * @rest: the path
 * @end: end of the path
 *
 * Return: 0; -EACCES for a path with ".."; -ENOTDIR; or an errno of ditto_lookup().
 */
int dnfs_path_walk(struct ditto_op *op, struct ditto_node **node, const char *rest,
		   const char *end);

#endif
