/* SPDX-License-Identifier: GPL-2.0-only */
/* The space a file takes: holes, reserved blocks, copies that share them. */
#ifndef _DITTO_FS_OP_SPACE_H
#define _DITTO_FS_OP_SPACE_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;

enum ditto_space_how {
	DITTO_SPACE_RESERVE,	/* blocks for the range; the file grows to hold it */
	DITTO_SPACE_RESERVE_KEEP, /* the size stays */
	DITTO_SPACE_PUNCH,	/* a hole: reads as zeros, blocks are given back */
	DITTO_SPACE_ZERO,	/* zeros, blocks stay; the size stays */
};

/* Return: 0, -EOPNOTSUPP (by this file system), -ENOSPC, -EJUKEBOX, -EAGAIN and others. */
int ditto_allocate(struct ditto_op *op, struct ditto_node *node, enum ditto_space_how how,
		   u64 pos, u64 count);

/**
 * ditto_seek - the next data or hole
 * @op: who
 * @node: a regular file, held
 * @pos: from there
 * @hole: look for a hole instead of data
 * @found: where it begins; the end of the file counts as a hole
 *
 * Return: 0, -ENXIO (no more of it, or @pos is beyond the end).
 */
int ditto_seek(struct ditto_op *op, struct ditto_node *node, u64 pos, bool hole, u64 *found);

/**
 * ditto_copy - copy bytes between files of one server
 * @op: who; reads @from
 * @from: regular file, held
 * @from_pos: first byte there
 * @op_to: who; writes @to
 * @to: regular file, held
 * @to_pos: first byte there
 * @count: bytes; 0 is to the end of @from
 * @clone: share the blocks or fail with -EOPNOTSUPP; -EINVAL if not aligned
 * @verifier: filled with the write verifier
 *
 * Asks for both files as for reading and writing the whole range.
 *
 * Context: may sleep long; ends early with what was copied when a signal is
 * pending for the thread. Return: bytes copied, or an errno: -EINVAL (the
 * ranges overlap in one file), -EXDEV, -EOPNOTSUPP and those of read and write.
 */
ssize_t ditto_copy(struct ditto_op *op, struct ditto_node *from, u64 from_pos,
		   struct ditto_op *op_to, struct ditto_node *to, u64 to_pos, u64 count,
		   bool clone, u64 *verifier);

#endif
