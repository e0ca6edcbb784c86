/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals shared by reading, writing, copying and space allocation. */
#ifndef _DITTO_FS_OP_DATA_PRIVATE_H
#define _DITTO_FS_OP_DATA_PRIVATE_H

#include <linux/errno.h>
#include <linux/fs.h>

#include "../node/file.h"
#include "check/rights.h"
#include "op_private.h"

/* True for errors that leave previously written data intact: refusals, and interruptions. */
static inline bool ditto_is_refusal(ssize_t err)
{
	return ditto_no_wait(err) != err ||
	       err == -ENOSPC || err == -EDQUOT || err == -EFBIG || err == -EROFS ||
	       err == -EPERM || err == -EACCES || err == -EINVAL || err == -ETXTBSY ||
	       err == -EOPNOTSUPP || err == -EXDEV;
}

static inline bool ditto_is_beyond(const struct inode *inode, loff_t pos)
{
	/* An offset that does not fit into a loff_t arrives here as a negative number. */
	return pos < 0 || pos >= inode->i_sb->s_maxbytes;
}

/* True if the access granted at open permits writing at the end of the file only. */
static inline bool ditto_op_appends(const struct ditto_op *op)
{
	return (op->held & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)) ==
	       DITTO_RIGHT_APPEND_DATA;
}

/**
 * ditto_may_read - check permission to read, or to execute
 * @op: the caller, entered
 * @node: a regular file
 *
 * Return: 0 or a negative errno.
 */
int ditto_may_read(const struct ditto_op *op, struct ditto_node *node);

/**
 * ditto_file_to_read - get an open file for a range that no lock of others forbids to read
 * @op: the caller, entered, who may read
 * @node: a regular file
 * @pos: first byte
 * @count: number of bytes; 0 conflicts with no lock
 *
 * The range also breaks what others have cached, as the lock table says.
 *
 * Return: the file, to be put, or an ERR_PTR: -EAGAIN (locked), -EJUKEBOX and others.
 */
struct ditto_file *ditto_file_to_read(struct ditto_op *op, struct ditto_node *node, u64 pos,
				      u64 count);

/**
 * ditto_next_data - find data of an open file, as the file system knows it
 * @file: a regular file
 * @pos: offset to start from
 * @end: offset to end at
 *
 * Return: the offset of the next data, or @end.
 */
u64 ditto_next_data(struct file *file, u64 pos, u64 end);

/**
 * ditto_lock_check_local_slow - check for conflicting locks of local processes, for callers with
 * mandatory locks
 * @op: the caller
 * @file: an open file of the node
 * @kind: kind of the operation
 * @pos: first byte
 * @count: number of bytes
 *
 * Return: as ditto_lock_check_local().
 */
int ditto_lock_check_local_slow(struct ditto_op *op, struct file *file, enum ditto_intent_kind kind,
				u64 pos, u64 count);

/**
 * ditto_lock_check_local - check for conflicting locks of local processes
 * @op: the caller
 * @file: an open file of the node
 * @kind: DITTO_INTENT_READ, DITTO_INTENT_WRITE or DITTO_INTENT_SIZE
 * @pos: first byte
 * @count: number of bytes
 *
 * Called after the check of the lock table. Locks of local processes are advisory: they conflict
 * only with callers whose own locks are mandatory, and only in a share with the option
 * local_locks.
 *
 * Return: 0 or -EAGAIN.
 */
static inline int ditto_lock_check_local(struct ditto_op *op, struct file *file,
					 enum ditto_intent_kind kind, u64 pos, u64 count)
{
	if (likely(!op->actor || !op->actor->exact))
		return 0;
	return ditto_lock_check_local_slow(op, file, kind, pos, count);
}

#endif
