/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named streams: additional byte sequences of a file, each with its own data, size, locks and
 * share reservations.
 *
 * A stream is a regular file in a directory that belongs to its base file. The directory lies in
 * ".ditto/streams" at the root of the share and is named by inode number and generation of the
 * base file. Everything that works for files therefore works for streams, at any size. The name
 * ".ditto" in the root of a share is hidden in all protocols: it cannot be looked up, listed or
 * created. Streams are removed with the last name of their file.
 */
#ifndef _DITTO_FS_OPEN_STREAM_H
#define _DITTO_FS_OPEN_STREAM_H

#include <linux/types.h>

#include "../node/hidden.h"
#include "../op/op.h"

struct dentry;
struct ditto_node_table;
struct ditto_volume;
struct qstr;

/* Streams of one file. */
#define DITTO_STREAMS_MAX	1024

int ditto_stream_open(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, bool create, struct ditto_node **out,
		      bool *created);
int ditto_stream_make(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, const u8 *verf, struct ditto_node **out,
		      bool *created);
int ditto_stream_remove(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *name);
int ditto_stream_remove_dentry(struct ditto_op *op, struct dentry *dentry);

/**
 * enum ditto_stream_over - what a rename does with a stream that has the new name
 * @DITTO_STREAM_OVER_NONE: the rename fails with -EEXIST
 * @DITTO_STREAM_OVER_EMPTY: it is replaced if it is empty and not open; otherwise -EINVAL (MS-FSA
 *	section 2.1.5.15.11.1)
 * @DITTO_STREAM_OVER_ANY: it is replaced (RFC 8881 section 18.26)
 */
enum ditto_stream_over {
	DITTO_STREAM_OVER_NONE,
	DITTO_STREAM_OVER_EMPTY,
	DITTO_STREAM_OVER_ANY,
};

int ditto_stream_rename(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *from, const struct ditto_name *to,
			enum ditto_stream_over over);

int ditto_stream_list(struct ditto_op *op, struct ditto_node *base,
		      int (*fn)(void *arg, const struct ditto_name *name, u64 size, u64 allocated),
		      void *arg);

/**
 * struct ditto_stream_peek - a stream whose beginning is read
 * @name: name of the stream; its case matters
 * @buf: filled with its first bytes
 * @len: size of @buf; 0 if only the size is wanted
 * @size: filled with the size of the stream; 0 if there is none
 */
struct ditto_stream_peek {
	struct ditto_name name;
	void *buf;
	u32 len;
	u64 size;
};

void ditto_streams_peek(struct ditto_op *op, struct ditto_node *base,
			struct ditto_stream_peek *peeks, unsigned int count);
int ditto_stream_dir_attr(struct ditto_op *op, struct ditto_node *base, struct ditto_attr *attr);

bool ditto_has_streams(const struct ditto_share *share);

void ditto_streams_give(struct ditto_op *op, struct ditto_node *base);
void ditto_streams_forget(struct ditto_share *share, struct ditto_node *base);
void ditto_streams_forget_later(struct ditto_node *base);
int ditto_streams_volume_init(struct ditto_volume *volume);
void ditto_streams_work(struct ditto_volume *volume);
void ditto_streams_leave_share(struct ditto_share *share);

#endif
