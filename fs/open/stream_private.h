/* SPDX-License-Identifier: GPL-2.0-only */
/* The directories of streams: fs/open/stream_dir.c. */
#ifndef _DITTO_FS_OPEN_STREAM_PRIVATE_H
#define _DITTO_FS_OPEN_STREAM_PRIVATE_H

#include <linux/types.h>

struct cred;
struct dentry;
struct ditto_name;
struct ditto_node;
struct ditto_share;

/* At the root of each share that has streams. */
#define DITTO_HIDDEN	".ditto"

/**
 * ditto_stream_dir - the directory of a file's streams
 * @share: through which
 * @base: the file
 * @maker: makes it if need be, in the owner's name; a credential that quotas count for. NULL to
 *	make none
 *
 * Context: may sleep; the server acts. Return: to be put, or an ERR_PTR: -ENOENT, -EDQUOT, other
 * errors of the file system.
 */
struct dentry *ditto_stream_dir(struct ditto_share *share, const struct ditto_node *base,
				const struct cred *maker);
/* Remove it, if it is empty; the server acts. */
void ditto_stream_unmake_dir(struct ditto_share *share, struct dentry *dentry);

/**
 * ditto_stream_give - give a stream, or the directory of streams, to the owner of the file
 * @share: through which
 * @base: the file
 * @dentry: what is given; its inode is not locked
 *
 * Context: may sleep; with a credential in place that quotas count for. Return: 0, -EDQUOT or
 * another errno.
 */
int ditto_stream_give(struct ditto_share *share, const struct ditto_node *base,
		      struct dentry *dentry);

/**
 * ditto_stream_create - make a stream
 * @share: through which
 * @base: the file
 * @dir: the directory of its streams, held
 * @name: of the stream
 * @maker: as of ditto_stream_dir(), not NULL
 * @verf: 8 bytes to be kept in the stream's times, or NULL
 *
 * Context: may sleep; the server acts. Return: the stream, or what has its name, to be put; or
 * an ERR_PTR: -ENOENT, -EDQUOT, other errors of the file system.
 */
struct dentry *ditto_stream_create(struct ditto_share *share, const struct ditto_node *base,
				   struct ditto_node *dir, const struct ditto_name *name,
				   const struct cred *maker, const u8 *verf);

#endif
