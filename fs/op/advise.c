// SPDX-License-Identifier: GPL-2.0-only
/*
 * Advice about future access to a file.
 *
 * Only advice that concerns the page cache is taken, and data that is outside of the file system is
 * brought back in advance. Advice about the order of access would change
 * the readahead of an open file that all clients share.
 */

#include <linux/fadvise.h>
#include <linux/fs.h>

#include "../offload/offload.h"
#include "data_private.h"

/**
 * ditto_advise - take advice about future access to a range of a file
 * @op: the caller; needs read permission
 * @node: held
 * @advice: the advice
 * @pos: first byte
 * @count: number of bytes; 0 means to the end of the file
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES and others.
 */
int ditto_advise(struct ditto_op *op, struct ditto_node *node, enum ditto_advice advice, u64 pos,
		 u64 count)
{
	static const int advices[] = {
		[DITTO_ADVICE_WILLNEED] = POSIX_FADV_WILLNEED,
		[DITTO_ADVICE_DONTNEED] = POSIX_FADV_DONTNEED,
	};
	struct inode *inode = node->inode;
	const struct cred *old;
	struct ditto_file *df;
	int err;

	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	old = ditto_op_enter(op);
	err = ditto_may_read(op, node);
	if (err || ditto_is_beyond(inode, pos))
		goto leave;
	df = ditto_op_file(op, node, DITTO_FILE_READ);
	if (IS_ERR(df)) {
		err = PTR_ERR(df);
		goto leave;
	}
	if (advice == DITTO_ADVICE_WILLNEED)
		ditto_offload_will_need(op, node, pos, count);
	err = vfs_fadvise(df->file, pos, min_t(u64, count, inode->i_sb->s_maxbytes - pos),
			  advices[advice]);
	ditto_file_put(df);
leave:
	ditto_op_leave(old);
	return ditto_no_wait(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_advise, "DITTO");
