/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named streams: further sequences of bytes of one file, each with data, size,
 * locks and share modes of its own.
 *
 * A stream is a regular file in a directory that belongs to its file, in
 * ".ditto/streams" at the share's root, named by the file's inode number and
 * generation. So everything
 * that works for a file works for a stream, and it may be as large. Nobody sees
 * ".ditto" of a share's root through any protocol: it cannot be looked up, listed
 * or made. Streams go with their file's last name, whoever removes it.
 */
#ifndef _DITTO_FS_OPEN_STREAM_H
#define _DITTO_FS_OPEN_STREAM_H

#include <linux/types.h>

#include "../op/op.h"

struct dentry;
struct ditto_node_table;
struct ditto_volume;
struct qstr;

/* As the module is loaded. */
void ditto_streams_init(void);

/* Streams of one file. */
#define DITTO_STREAMS_MAX	1024

/**
 * ditto_stream_open - the node of a stream
 * @op: who; rights are checked by the caller
 * @base: the file or directory, held
 * @name: any case finds it; kept as it was made
 * @create: make it if need be
 * @out: the stream's node, to be put
 * @created: set if it was made; may be NULL
 *
 * Return: 0, -ENOENT, -EROFS, -ENOSPC (also: too many), -EOPNOTSUPP (the file
 * system asks the caller for what the server does here).
 */
int ditto_stream_open(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, bool create, struct ditto_node **out,
		      bool *created);
/**
 * ditto_stream_make - make a stream, once
 * @op: who; rights are checked by the caller
 * @base: the file or directory, held
 * @name: of the stream
 * @verf: 8 bytes, kept in the stream's times until they are set
 * @out: the stream's node, to be put
 * @created: set if it was made now
 *
 * Return: as ditto_stream_open(); -EEXIST unless it was made with the same verifier.
 */
int ditto_stream_make(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, const u8 *verf, struct ditto_node **out,
		      bool *created);
int ditto_stream_remove(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *name);
/* The same by what is at hand, of @op->stream_of. -ENOENT if it lost its name already. */
int ditto_stream_remove_dentry(struct ditto_op *op, struct dentry *dentry);
int ditto_stream_rename(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *from, const struct ditto_name *to, bool replace);
/* Call @fn for each with its size and allocated bytes; a value other than 0 ends it. May sleep. */
int ditto_stream_list(struct ditto_op *op, struct ditto_node *base,
		      int (*fn)(void *arg, const struct ditto_name *name, u64 size, u64 allocated),
		      void *arg);
/* Attributes of the directory they are in. -ENOENT: there were none yet; -EOPNOTSUPP. */
int ditto_stream_dir_attr(struct ditto_op *op, struct ditto_node *base, struct ditto_attr *attr);
/* May files of this share have streams? A setting. Any context. */
bool ditto_has_streams(const struct ditto_share *share);
/* Is this name hidden in this directory? For look-ups, listings and makers of names. */
bool ditto_is_hidden(const struct ditto_share *share, const struct dentry *dir,
		     const struct ditto_name *name);
/* The same by the file system. Any context. */
bool ditto_is_hidden_on(struct ditto_volume *volume, const struct dentry *dir,
			const struct ditto_name *name);
/* @base got another owner or group: its streams follow, as far as his quota lets them. */
void ditto_streams_give(struct ditto_op *op, struct ditto_node *base);
/* The last name of @base went. */
void ditto_streams_forget(struct ditto_share *share, struct ditto_node *base);
/* Somebody made something of this name on a served file system. Any context. */
void ditto_streams_notice(struct ditto_node_table *table, const struct qstr *name);

#endif
