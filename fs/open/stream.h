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

/**
 * ditto_stream_open - open or create a stream
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @name: name in any case; a new stream keeps this spelling
 * @create: create the stream if it does not exist
 * @out: filled with the stream's node, to be put
 * @created: set if the stream was created; may be NULL
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EROFS, -ENOSPC (also for too many streams), -EDQUOT, -EOPNOTSUPP (the file
 * system checks the caller's credential, so the server cannot act for it; or one is to be created
 * on a share without streams) and others.
 */
int ditto_stream_open(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, bool create, struct ditto_node **out,
		      bool *created);

/**
 * ditto_stream_make - create a stream exclusively
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @name: name of the stream
 * @verf: 8 bytes, stored in the stream's times until these are set
 * @out: filled with the stream's node, to be put; unchanged on error
 * @created: set if this call created the stream
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_stream_open(); -EEXIST unless the stream was created with the same verifier.
 */
int ditto_stream_make(struct ditto_op *op, struct ditto_node *base,
		      const struct ditto_name *name, const u8 *verf, struct ditto_node **out,
		      bool *created);

/**
 * ditto_stream_remove - remove a stream by its name
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @name: name in any case
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EROFS, -EOPNOTSUPP, -ETXTBSY (share reservation), -EJUKEBOX and others.
 */
int ditto_stream_remove(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *name);

/**
 * ditto_stream_remove_dentry - remove a stream by its dentry
 * @op: the caller; @op->stream_of is the base file, or NULL to notify no watches
 * @dentry: dentry of the stream
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_stream_remove(); -ENOENT if the dentry has lost its name.
 */
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

/**
 * ditto_stream_rename - rename a stream within its file
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @from: old name in any case
 * @to: new name
 * @over: what is done with another stream that has the new name
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EEXIST, -EINVAL, -EROFS, -EILSEQ, -ENAMETOOLONG, -EOPNOTSUPP, -ETXTBSY
 * (share reservation), -EJUKEBOX and others.
 */
int ditto_stream_rename(struct ditto_op *op, struct ditto_node *base,
			const struct ditto_name *from, const struct ditto_name *to,
			enum ditto_stream_over over);

/**
 * ditto_stream_list - call a function for each stream of a file
 * @op: the caller
 * @base: the file or directory, held
 * @fn: receives name, size and allocated bytes; a nonzero value ends the list
 * @arg: passed to @fn
 *
 * The list is empty if the share or the file system has no streams.
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
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

/**
 * ditto_streams_peek - read the size and the beginning of some streams of a file
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @peeks: the streams
 * @count: number of @peeks
 *
 * For listings: it reports what the server knows, and asks no holder of a grant. What cannot be
 * read counts as missing.
 */
void ditto_streams_peek(struct ditto_op *op, struct ditto_node *base,
			struct ditto_stream_peek *peeks, unsigned int count);

/**
 * ditto_stream_dir_attr - get the attributes of the directory that contains a file's streams
 * @op: the caller
 * @base: the file or directory, held
 * @attr: filled
 *
 * Return: 0; -ENOENT (the file never had streams); -EOPNOTSUPP and others.
 */
int ditto_stream_dir_attr(struct ditto_op *op, struct ditto_node *base, struct ditto_attr *attr);

/**
 * ditto_has_streams - tell whether files of a share may have streams, by its options
 * @share: held
 *
 * Context: any.
 * Return: true if they may.
 */
bool ditto_has_streams(const struct ditto_share *share);

/**
 * ditto_streams_give - give the streams of a file to its new owner and group
 * @op: the caller that changed the owner
 * @base: the file, held
 *
 * Those that it has in other shares of the file system, too. Streams that exceed the new owner's
 * quota keep their owner.
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_streams_give(struct ditto_op *op, struct ditto_node *base);

/**
 * ditto_streams_forget - remove the streams of a file that lost its last name
 * @share: a share that may be ending, or NULL
 * @base: the file, held
 *
 * Those that it has in all shares of the file system. With @share, those in others are left to the
 * volume's worker, which keeps the file until they are gone; unless too many files wait for that.
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_streams_forget(struct ditto_share *share, struct ditto_node *base);

/**
 * ditto_streams_forget_later - have the volume's worker remove the streams of a file
 * @base: the file, held, which a local process has removed while it was open
 *
 * If too many files wait for the worker, or without memory, they go with the last open of the file.
 * Further calls do nothing, so those that the file gets later stay.
 *
 * Context: may sleep; locks of inodes may be held.
 */
void ditto_streams_forget_later(struct ditto_node *base);

/* Set up the volume's list of files that wait for the worker. Any context. Return: 0. */
int ditto_streams_volume_init(struct ditto_volume *volume);

/* The part of the volume's worker. May sleep. */
void ditto_streams_work(struct ditto_volume *volume);

/**
 * ditto_streams_leave_share - remove what the volume's worker would have to remove in a share, and
 * let go of its directory for streams
 * @share: the share, which is ending: the worker does not visit it any more
 */
void ditto_streams_leave_share(struct ditto_share *share);

#endif
