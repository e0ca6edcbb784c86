/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the parts of stream.h: stream.c, stream_dir.c and stream_list.c. */
#ifndef _DITTO_FS_OPEN_STREAM_PRIVATE_H
#define _DITTO_FS_OPEN_STREAM_PRIVATE_H

#include <linux/types.h>

struct cred;
struct dentry;
struct ditto_name;
struct ditto_node;
struct ditto_share;

/**
 * ditto_streams_enter - act as the server on the streams of a share
 * @share: the share
 * @write: with write access to its mount
 * @old: filled with the credential that ditto_streams_leave() puts back
 *
 * Return: 0, -EOPNOTSUPP if access depends on the user's credential, -EROFS.
 */
int ditto_streams_enter(struct ditto_share *share, bool write, const struct cred **old);
void ditto_streams_leave(struct ditto_share *share, bool write, const struct cred *old);

/**
 * ditto_streams_node - get the node of the directory of a file's streams
 * @share: the share
 * @base: the file
 * @maker: as for ditto_stream_dir()
 *
 * Context: may sleep; the server's credential is in place.
 * Return: the node, to be put, or an ERR_PTR as of ditto_stream_dir().
 */
struct ditto_node *ditto_streams_node(struct ditto_share *share, struct ditto_node *base,
				      const struct cred *maker);

/**
 * ditto_stream_unlink - remove a stream whatever holds it
 * @share: the share
 * @child: the stream
 * @node: its node, held, which the caller passes to ditto_node_forget() then; or NULL
 *
 * Context: may sleep; the server's credential is in place.
 * Return: 0, -ENOENT if it has lost its name, or another errno.
 */
int ditto_stream_unlink(struct ditto_share *share, struct dentry *child, struct ditto_node *node);

/**
 * ditto_stream_dir - get the directory of a file's streams
 * @share: the share
 * @base: the file
 * @maker: credential subject to quotas, to create the directory in the name of the file's
 *	owner; NULL to create none
 *
 * Context: may sleep; the server's credential is in place.
 * Return: the directory, to be put, or an ERR_PTR: -ENOENT, -EDQUOT, other errors of the file
 * system.
 */
struct dentry *ditto_stream_dir(struct ditto_share *share, struct ditto_node *base,
				const struct cred *maker);

/**
 * ditto_stream_unmake_dir - remove the directory of a file's streams if it is empty
 * @share: the share
 * @dentry: the directory
 *
 * Context: may sleep; the server's credential is in place.
 */
void ditto_stream_unmake_dir(struct ditto_share *share, struct dentry *dentry);

/**
 * ditto_stream_give - give a stream, or the directory of streams, to the owner of the file
 * @share: the share
 * @base: the file
 * @dentry: stream or directory; its inode is not locked
 *
 * Context: may sleep; a credential subject to quotas is in place.
 * Return: 0, -EDQUOT or another errno.
 */
int ditto_stream_give(struct ditto_share *share, const struct ditto_node *base,
		      struct dentry *dentry);

/**
 * ditto_stream_create - create a stream
 * @share: the share
 * @base: the file
 * @dir: directory of its streams, held
 * @name: name of the stream
 * @maker: credential subject to quotas, not NULL
 * @verf: 8 bytes to store in the stream's times, or NULL
 *
 * Context: may sleep; the server's credential is in place.
 * Return: the stream, or an existing one of this name, to be put; or an ERR_PTR: -ENOENT,
 * -EDQUOT, other errors of the file system.
 */
struct dentry *ditto_stream_create(struct ditto_share *share, const struct ditto_node *base,
				   struct ditto_node *dir, const struct ditto_name *name,
				   const struct cred *maker, const u8 *verf);

/**
 * ditto_streams_reset - let go of what is known about the directory for streams of a share
 * @share: the share, which may be ending
 */
void ditto_streams_reset(struct ditto_share *share);

#endif
