// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies between files of the server, see space.h. The file system shares the blocks or copies
 * them itself if it can; otherwise the kernel copies page by page.
 *
 * The copy runs with the writer's credential: read access was checked before, and the data is
 * written in the writer's name. Copied data is as durable as an unstable write (fs/op/data.c).
 */

#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "../offload/offload.h"
#include "check/lock_check_private.h"
#include "data_private.h"
#include "scan.h"
#include "space.h"

/* Size of one VFS call, which does not check for signals. */
#define COPY_AT_ONCE	SZ_16M

/**
 * struct copy - parameters of a copy
 * @op: the caller, for reading
 * @from: source
 * @from_pos: first byte in @from
 * @op_to: the caller, for writing
 * @to: destination
 * @to_pos: first byte in @to
 * @count: number of bytes
 * @clone: share the blocks or fail
 * @full: the file system of the destination has no room
 */
struct copy {
	struct ditto_op *op;
	struct ditto_node *from;
	u64 from_pos;
	struct ditto_op *op_to;
	struct ditto_node *to;
	u64 to_pos;
	u64 count;
	bool clone;
	bool full;
};

/* Check the arguments, and compute the byte count if it is 0. */
static int copy_check(struct copy *c)
{
	const struct inode *from = c->from->inode, *to = c->to->inode;
	u64 size, end, apart;

	if (!S_ISREG(from->i_mode) || !S_ISREG(to->i_mode))
		return -EINVAL;
	/* The VFS copies to the given position; it cannot append. */
	if (ditto_op_appends(c->op_to))
		return -EACCES;
	ditto_refresh_size(c->op->share, c->from);
	size = i_size_read(from);
	if (!c->count && c->from_pos < size)
		c->count = size - c->from_pos;
	if (!c->count)
		return 0;
	if (check_add_overflow(c->from_pos, c->count, &end) || end > from->i_sb->s_maxbytes)
		return -EINVAL;
	if (check_add_overflow(c->to_pos, c->count, &end) || end > to->i_sb->s_maxbytes)
		return -EFBIG;
	apart = c->from_pos > c->to_pos ? c->from_pos - c->to_pos : c->to_pos - c->from_pos;
	return from == to && apart < c->count ? -EINVAL : 0;
}

/* Check permissions and locks of both files. */
static int copy_lock_check(struct copy *c)
{
	const struct cred *old;
	int err;

	old = ditto_op_enter(c->op);
	err = ditto_may_read(c->op, c->from);
	ditto_op_leave(old);
	if (err)
		return err;
	old = ditto_op_enter(c->op_to);
	err = ditto_node_permission(c->op_to, c->to, DITTO_MAY_WRITE | DITTO_MAY_OWNER);
	ditto_op_leave(old);
	if (err)
		return err;
	err = ditto_lock_check_bytes(c->op, c->from, DITTO_INTENT_READ, c->from_pos, c->count);
	if (err)
		return err;
	return ditto_lock_check_bytes(c->op_to, c->to, DITTO_INTENT_WRITE, c->to_pos, c->count);
}

/* Return: the bytes copied before an error, if there are any. */
static ssize_t copy_files(const struct copy *c, struct file *from, struct file *to)
{
	ssize_t done = 0, ret = 0;
	u64 from_pos, to_pos;
	size_t count;

	while (done < c->count) {
		if (signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		from_pos = c->from_pos + done;
		to_pos = c->to_pos + done;
		count = min_t(u64, c->count - done, COPY_AT_ONCE);
		ret = vfs_copy_file_range(from, from_pos, to, to_pos, count, 0);
		/* Different file systems, or one that cannot copy by itself. */
		if (ret == -EXDEV || ret == -EOPNOTSUPP)
			ret = vfs_copy_file_range(from, from_pos, to, to_pos, count,
						  COPY_FILE_SPLICE);
		if (ret <= 0)
			break;
		done += ret;
		cond_resched();
	}
	return done ?: ret;
}

/* Uses the caller's credential, for volumes that check access at open. */
static struct ditto_file *open_as(struct ditto_op *op, struct ditto_node *node,
				  enum ditto_file_mode mode)
{
	const struct cred *old = ditto_op_enter(op);
	struct ditto_file *df = ditto_op_file(op, node, mode);

	ditto_op_leave(old);
	return df;
}

/* Data of both files must be there. Return: 0, and @stub is entered for the destination. */
static int copy_enter(const struct copy *c, struct ditto_stub **stub)
{
	struct ditto_stub *from;
	int err;

	err = ditto_scan_check(c->op, c->from) ?:
	      ditto_offload_enter(c->op, c->from, DITTO_OFFLOAD_READ, c->from_pos, c->count, &from);
	if (err)
		return err;
	/* It stays in the file as long as the file is open. */
	ditto_offload_leave(from);
	return ditto_offload_enter(c->op_to, c->to, DITTO_OFFLOAD_WRITE, c->to_pos, c->count, stub);
}

static ssize_t do_copy(struct copy *c, u64 *verifier)
{
	struct ditto_file *from, *to;
	struct ditto_stub *stub;
	const struct cred *old;
	errseq_t since;
	ssize_t ret;

	from = open_as(c->op, c->from, DITTO_FILE_READ);
	if (IS_ERR(from))
		return PTR_ERR(from);
	to = open_as(c->op_to, c->to, DITTO_FILE_WRITE);
	if (IS_ERR(to)) {
		ret = PTR_ERR(to);
		goto put_from;
	}
	ret = ditto_lock_check_local(c->op, from->file, DITTO_INTENT_READ, c->from_pos, c->count);
	if (ret)
		goto put;
	ret = ditto_lock_check_local(c->op_to, to->file, DITTO_INTENT_WRITE, c->to_pos, c->count);
	if (ret)
		goto put;
	ret = copy_enter(c, &stub);
	if (ret)
		goto put;

	since = ditto_wb_err_write(c->to, to->file->f_path.dentry, c->op_to->pins);
	*verifier = atomic64_read(&c->op_to->srv->write_verifier);
	old = ditto_op_enter(c->op_to);
	if (c->clone)
		ret = min_t(loff_t, SSIZE_MAX,
			    vfs_clone_file_range(from->file, c->from_pos, to->file, c->to_pos,
						 c->count, 0));
	else
		ret = copy_files(c, from->file, to->file);
	ditto_op_leave(old);
	c->full = ret == -ENOSPC;
	if (ret < 0 && !ditto_is_refusal(ret))
		ditto_server_writeback_failed(c->op_to->srv);
	ditto_wb_err_take(c->to, to->file->f_path.dentry, since);
	ditto_offload_leave(stub);
put:
	ditto_file_put(to);
put_from:
	ditto_file_put(from);
	return ret;
}

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
		   bool clone, u64 *verifier)
{
	struct copy c = {
		.op = op, .from = from, .from_pos = from_pos,
		.op_to = op_to, .to = to, .to_pos = to_pos,
		.count = count, .clone = clone,
	};
	int changing;
	ssize_t ret;

	*verifier = atomic64_read(&op_to->srv->write_verifier);
	ret = copy_check(&c);
	if (ret)
		return ret;
	ret = copy_lock_check(&c);
	if (ret || !c.count)
		return ret;
	changing = ditto_worm_change_begin(op_to, to, DITTO_INTENT_WRITE);
	if (changing < 0)
		return changing;
	ret = ditto_no_wait(do_copy(&c, verifier));
	ditto_worm_change_end(op_to, to, changing);
	ditto_lock_recheck(op_to, to, DITTO_INTENT_WRITE);
	if (c.full)
		ret = ditto_offload_find_room(op_to, to, clone ? 0 : c.count, ret);
	if (ret > 0)
		ditto_child_written(op_to, to, DITTO_CHANGED_SIZE | DITTO_CHANGED_MTIME);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_copy, "DITTO");
