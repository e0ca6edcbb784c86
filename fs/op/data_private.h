/* SPDX-License-Identifier: GPL-2.0-only */
/* What reading, writing, copying and the space of files have in common. */
#ifndef _DITTO_FS_OP_DATA_PRIVATE_H
#define _DITTO_FS_OP_DATA_PRIVATE_H

#include <linux/errno.h>
#include <linux/fs.h>

#include "../node/file.h"
#include "op_private.h"
#include "rights.h"

/* Is @err one that leaves what was written before as it is? */
static inline bool ditto_is_refusal(ssize_t err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG || err == -EROFS ||
	       err == -EPERM || err == -EACCES || err == -EINVAL || err == -ETXTBSY ||
	       err == -EOPNOTSUPP || err == -EXDEV;
}

static inline bool ditto_is_beyond(const struct inode *inode, loff_t pos)
{
	/* What does not fit into a loff_t comes here as a negative number. */
	return pos < 0 || pos >= inode->i_sb->s_maxbytes;
}

/* May it write at the end of the file only, by what was granted at open? */
static inline bool ditto_op_appends(const struct ditto_op *op)
{
	return (op->held & (DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)) ==
	       DITTO_RIGHT_APPEND_DATA;
}

/* May the caller read? The credential is in place. */
int ditto_may_read(const struct ditto_op *op, struct ditto_node *node);

int ditto_lock_check_local_slow(struct ditto_op *op, struct file *file, enum ditto_intent_kind kind,
				u64 pos, u64 count);

/**
 * ditto_lock_check_local - do locks of processes on the server allow this
 * @op: who
 * @file: of the file
 * @kind: DITTO_INTENT_READ, DITTO_INTENT_WRITE or DITTO_INTENT_SIZE
 * @pos: first byte
 * @count: bytes
 *
 * Asked after the table. Such a lock is advisory: it stops only those whose own
 * are mandatory, and only in a share where local processes count.
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
