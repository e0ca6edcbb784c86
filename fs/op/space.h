/* SPDX-License-Identifier: GPL-2.0-only */
/* Space of a file: holes, preallocation, copies and shared blocks. */
#ifndef _DITTO_FS_OP_SPACE_H
#define _DITTO_FS_OP_SPACE_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;

/* Kinds of space allocation. */
enum ditto_space_how {
	DITTO_SPACE_RESERVE,	/* preallocate; the file may grow */
	/* Preallocate for an instance; keep the size. The last close frees what is not used. */
	DITTO_SPACE_RESERVE_KEEP,
	DITTO_SPACE_PUNCH,	/* punch a hole; keep the size */
	DITTO_SPACE_ZERO,	/* for ditto_zero() alone */
};

/**
 * ditto_allocate - preallocate or clear a range of a file
 * @op: the caller; needs write permission
 * @node: held
 * @how: kind of allocation
 * @pos: first byte
 * @count: number of bytes
 *
 * The result is durable unless @op->unstable is set.
 *
 * Return: 0, -EINVAL (not a regular file), -EOPNOTSUPP (by the file system), -ENOSPC, -EFBIG,
 * -EJUKEBOX, -EAGAIN and others.
 */
int ditto_allocate(struct ditto_op *op, struct ditto_node *node, enum ditto_space_how how,
		   u64 pos, u64 count);

/**
 * ditto_refresh_size - let an inode have the size that its file has now
 * @share: share the node was reached through
 * @node: held
 *
 * Before i_size_read(): where other machines change files, the inode has the size of the last time
 * that the file system was asked. An error leaves that.
 *
 * Context: may sleep on network and cluster file systems only.
 */
void ditto_refresh_size(struct ditto_share *share, struct ditto_node *node);

/**
 * ditto_space_trim - free space that instances have reserved beyond the end of a file
 * @share: a share that the file is in, held
 * @node: held; its last instance has gone. Nothing is done if there is a new one by now
 *
 * MS-FSCC section 2.4.4: it is freed when the last handle is closed. Size and mtime of the file
 * stay the same. If that fails, the file keeps the space until the next last close. A file system
 * that other machines can change keeps it: setting the size could cut what they append.
 */
void ditto_space_trim(struct ditto_share *share, struct ditto_node *node);

/**
 * ditto_zero - write zeros over a range of a file, with its blocks and its size kept
 * @op: the caller; needs write permission
 * @node: held
 * @pos: first byte
 * @end: byte behind the range
 * @next: filled with @end; or, where the file system cannot zero a range and much had to be
 *	written, with the offset to continue from
 *
 * Holes may be left. The lock table is checked for the whole range. What was zeroed is durable
 * unless @op->unstable is set.
 *
 * Return: as ditto_allocate().
 */
int ditto_zero(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 end, u64 *next);

/**
 * ditto_block_size - size of the blocks that files of a file system may share
 * @node: held
 *
 * Context: any.
 * Return: bytes, a power of two.
 */
u32 ditto_block_size(const struct ditto_node *node);

/**
 * ditto_seek - find the next data or hole
 * @op: the caller; needs read permission
 * @node: a regular file, held
 * @pos: offset to start from
 * @hole: look for a hole instead of data
 * @found: filled with the offset; the end of the file counts as a hole
 *
 * Return: 0; -ENXIO (no more data, or @pos is beyond the end); -EINVAL (not a regular file) and
 * others.
 */
int ditto_seek(struct ditto_op *op, struct ditto_node *node, u64 pos, bool hole, u64 *found);

/**
 * ditto_may_have_holes - is it worth looking for holes?
 * @op: its share is @node's
 * @node: a regular file, held
 *
 * A file with as many blocks as its size needs counts as data, although some of them may be beyond
 * its end or hold no data.
 *
 * Return: true if there are fewer blocks, or that is not known.
 */
bool ditto_may_have_holes(const struct ditto_op *op, struct ditto_node *node);

/**
 * struct ditto_data_map - data and holes at the beginning of a range
 * @hole: bytes of the hole that the range begins with
 * @data: bytes of data behind it, in which short holes count as data
 * @tail: bytes of the hole behind the data
 * @eof: the three end at the end of the file
 */
struct ditto_data_map {
	u64 hole;
	u64 data;
	u64 tail;
	bool eof;
};

/**
 * ditto_map_data - find out which part of a range has to be read
 * @op: the caller; checked as for reading the range
 * @node: a regular file, held
 * @pos: first byte
 * @count: number of bytes
 * @data_max: most bytes of data
 * @map: filled; it may end before the range
 *
 * The costs do not depend on the size of the file: it is looked for data in steps within the range.
 * A caller that asks ditto_may_have_holes() first often has none of them.
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES, -EAGAIN, -EJUKEBOX and others.
 */
int ditto_map_data(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count,
		   u64 data_max, struct ditto_data_map *map);

/**
 * ditto_data_map_settle - fit a map to what was read of its data
 * @node: held
 * @pos: first byte of the range
 * @count: bytes of data that were read
 * @eof: the read met the end of the file
 * @map: from ditto_map_data()
 *
 * If the file was truncated since, no hole is left beyond its end, and @map->eof tells whether
 * the three end at the end that the file has now or had when the data was read.
 *
 * Context: any.
 */
void ditto_data_map_settle(const struct ditto_node *node, u64 pos, u64 count, bool eof,
			   struct ditto_data_map *map);

/**
 * ditto_copy - copy bytes between files of one server
 * @op: the caller, for reading @from
 * @from: regular file, held
 * @from_pos: first byte in @from
 * @op_to: the caller, for writing @to
 * @to: regular file, held
 * @to_pos: first byte in @to
 * @count: number of bytes; 0 means to the end of @from
 * @clone: share the blocks, or fail with -EOPNOTSUPP; -EINVAL if not aligned
 * @verifier: filled with the write verifier
 *
 * The lock table is checked as for reading and writing the whole range.
 *
 * Context: may sleep long; a pending signal of the thread ends the copy early.
 * Return: bytes copied, or -EINVAL (overlapping ranges in one file), -EXDEV, -EOPNOTSUPP and
 * errors of read and write.
 */
ssize_t ditto_copy(struct ditto_op *op, struct ditto_node *from, u64 from_pos,
		   struct ditto_op *op_to, struct ditto_node *to, u64 to_pos, u64 count,
		   bool clone, u64 *verifier);

#endif
