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

int ditto_may_read(const struct ditto_op *op, struct ditto_node *node);
struct ditto_file *ditto_file_to_read(struct ditto_op *op, struct ditto_node *node, u64 pos,
				      u64 count);

u64 ditto_next_data(struct file *file, u64 pos, u64 end);

int ditto_lock_check_local_slow(struct ditto_op *op, struct file *file, enum ditto_intent_kind kind,
				u64 pos, u64 count);

/*
 * Check for conflicting locks of local processes. Called after the check of the lock table. Locks
 * of local processes are advisory: they conflict only with callers whose own locks are mandatory,
 * and only in a share with the option local_locks. Return: 0 or -EAGAIN.
 */
static inline int ditto_lock_check_local(struct ditto_op *op, struct file *file,
					 enum ditto_intent_kind kind, u64 pos, u64 count)
{
	if (likely(!op->actor || !op->actor->exact))
		return 0;
	return ditto_lock_check_local_slow(op, file, kind, pos, count);
}

#endif
