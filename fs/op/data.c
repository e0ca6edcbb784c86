// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing through the open files cached with a node.
 *
 * A stateless client checks permission when it opens a file, and the server checks again at each
 * request. Therefore the owner may read and write regardless of the current mode, and a file that
 * may only be executed can be read, because a client has to read it in order to run it.
 *
 * Write-back errors (fs/node/wb_err.c): a write that is answered before it is durable returns the
 * write verifier read before it. After a write-back error, the verifier changes before any reply
 * is sent. A client therefore never finds the old verifier in the reply to a COMMIT that should
 * have covered lost data.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "../../lockd/mirror.h"
#include "../../net/server.h"
#include "../node/node_private.h"
#include "../offload/offload.h"
#include "check/lock_check_private.h"
#include "data_private.h"
#include "scan.h"
#include "space.h"

/*
 * Check permission to read, or to execute. @op: the caller, entered. Return: 0 or a negative errno.
 */
int ditto_may_read(const struct ditto_op *op, struct ditto_node *node)
{
	int err;

	err = ditto_node_permission(op, node, DITTO_MAY_READ | DITTO_MAY_OWNER);
	if (err == -EACCES)
		err = ditto_node_permission(op, node, DITTO_MAY_EXEC);
	return err;
}

/*
 * Check for conflicting locks of local processes, for callers with mandatory locks. Return: as
 * ditto_lock_check_local().
 */
int ditto_lock_check_local_slow(struct ditto_op *op, struct file *file, enum ditto_intent_kind kind,
				u64 pos, u64 count)
{
	struct ditto_intent intent = { .kind = kind, .first = pos, .empty = !count };

	if (!ditto_share_local_locks(op->share))
		return 0;
	if (check_add_overflow(pos, count - !!count, &intent.last))
		intent.last = U64_MAX;
	return ditto_mirror_check_io(file, &intent, op->actor, op->conflict);
}

/* Limit a request to the largest offset of the file system. */
static size_t clamp_count(const struct inode *inode, loff_t pos, size_t count)
{
	return min_t(u64, count, inode->i_sb->s_maxbytes - pos);
}

struct ditto_splice {
	struct splice_desc sd;
	splice_actor *actor;
};

static int splice_pipe(struct pipe_inode_info *pipe, struct splice_desc *sd)
{
	struct ditto_splice *splice = container_of(sd, struct ditto_splice, sd);

	return __splice_from_pipe(pipe, sd, splice->actor);
}

static ssize_t splice_file(struct file *file, loff_t pos, size_t count,
			   splice_actor *actor, void *data)
{
	struct ditto_splice splice = {
		.sd = {
			.total_len = count,
			.pos = pos,
			.u.data = data,
		},
		.actor = actor,
	};
	int err;

	/* Splicing pays only if it passes on pages of the page cache. */
	if (!file->f_op->splice_read || file->f_op->splice_read == copy_splice_read ||
	    file->f_flags & O_DIRECT || IS_DAX(file_inode(file)))
		return -EOPNOTSUPP;
	err = rw_verify_area(READ, file, &pos, count);
	return err ?: splice_direct_to_actor(file, &splice.sd, splice_pipe);
}

/*
 * Get an open file for a range that no lock of others forbids to read. @op: the caller, entered,
 * who may read; @count: number of bytes; 0 conflicts with no lock. The range also breaks what
 * others have cached, as the lock table says. Return: the file, to be put, or an ERR_PTR: -EAGAIN
 * (locked), -EJUKEBOX and others.
 */
struct ditto_file *ditto_file_to_read(struct ditto_op *op, struct ditto_node *node, u64 pos,
				      u64 count)
{
	struct ditto_file *df;
	int err;

	err = ditto_lock_check_bytes(op, node, DITTO_INTENT_READ, pos, count);
	if (err)
		return ERR_PTR(err);
	df = ditto_op_file(op, node, DITTO_FILE_READ);
	if (IS_ERR(df))
		return ERR_PTR(ditto_no_wait(PTR_ERR(df)));
	err = ditto_lock_check_local(op, df->file, DITTO_INTENT_READ, pos, count);
	if (!err)
		return df;
	ditto_file_put(df);
	return ERR_PTR(err);
}

/* Read @count bytes into @iter, or pass them to @actor if @iter is NULL. */
static ssize_t do_read(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		       struct iov_iter *iter, size_t count,
		       splice_actor *actor, void *data, bool *eof)
{
	bool scanned = READ_ONCE(op->share->has_scan);
	struct inode *inode = node->inode;
	struct ditto_stub *stub;
	loff_t end = pos;
	const struct cred *old;
	struct ditto_file *df;
	ssize_t ret;

	*eof = false;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;

	old = ditto_op_enter(op);
	ret = ditto_may_read(op, node);
	if (ret)
		goto leave;
	if (ditto_is_beyond(inode, pos)) {
		*eof = true;
		goto leave;
	}
	df = ditto_file_to_read(op, node, pos, count);
	ret = PTR_ERR_OR_ZERO(df);
	if (ret)
		goto leave;
	count = clamp_count(inode, pos, count);
	ret = unlikely(scanned) ? ditto_scan_check_slow(op, node) : 0;
	if (!ret)
		ret = ditto_offload_enter(op, node, DITTO_OFFLOAD_READ, pos, count, &stub);
	if (ret)
		goto put;
	if (iter) {
		iov_iter_truncate(iter, count);
		ret = vfs_iter_read(df->file, iter, &end, 0);
		if (unlikely(scanned) && ret > 0)
			ret = ditto_scan_check_slow(op, node) ?: ret;
	} else if (unlikely(scanned)) {
		/* Pages may change until they are sent. */
		ret = -EOPNOTSUPP;
	} else {
		ret = splice_file(df->file, pos, count, actor, data);
	}
	ret = ditto_no_wait(ret);
	/*
	 * A read of nothing was beyond the end, whatever others have written since: clients take it
	 * for an error otherwise.
	 */
	if (ret >= 0)
		*eof = (count && !ret) || pos + ret >= i_size_read(inode);
	ditto_offload_leave(stub);
put:
	ditto_file_put(df);
leave:
	ditto_op_leave(old);
	return ret;
}

/**
 * ditto_read - read from a regular file
 * @op: the caller; permission is checked, except that the owner may always read
 * @node: held
 * @pos: offset in bytes
 * @iter: destination and byte count
 * @eof: set if the last byte read is the last one of the file
 *
 * Return: bytes read, or -EINVAL (not a regular file), -EACCES, -EIO and others.
 */
ssize_t ditto_read(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		   struct iov_iter *iter, bool *eof)
{
	return do_read(op, node, pos, iter, iov_iter_count(iter), NULL, NULL, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_read, "DITTO");

/**
 * ditto_read_splice - read by passing on pages of the page cache
 * @op: the caller, as in ditto_read()
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes
 * @actor: called for each piece, as in splice_direct_to_actor()
 * @data: argument of the actor, in splice_desc.u.data
 * @eof: as in ditto_read()
 *
 * Return: as ditto_read(); -EOPNOTSUPP if the file cannot be spliced, before the actor was
 * called.
 */
ssize_t ditto_read_splice(struct ditto_op *op, struct ditto_node *node, loff_t pos,
			  size_t count,
			  int (*actor)(struct pipe_inode_info *, struct pipe_buffer *,
				       struct splice_desc *),
			  void *data, bool *eof)
{
	return do_read(op, node, pos, NULL, count, actor, data, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_read_splice, "DITTO");

/**
 * ditto_note_access - set the access time of a file to now, if a local read would (mount(8))
 * @op: the caller
 * @node: held
 */
void ditto_note_access(const struct ditto_op *op, struct ditto_node *node)
{
	struct path path = { .mnt = op->share->root.mnt, .dentry = ditto_node_dentry(node) };

	touch_atime(&path);
	dput(path.dentry);
}
EXPORT_SYMBOL_NS_GPL(ditto_note_access, "DITTO");

/**
 * ditto_read_check - check whether a range may be read, without reading it
 * @op: the caller, as in ditto_read()
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes; 0 conflicts with no lock
 *
 * The check breaks what others have cached, as a read does.
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES, -EAGAIN (locked), -EJUKEBOX and others.
 */
int ditto_read_check(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count)
{
	const struct cred *old;
	struct ditto_file *df;
	int err;

	if (!S_ISREG(node->inode->i_mode))
		return -EINVAL;
	old = ditto_op_enter(op);
	err = ditto_may_read(op, node);
	if (!err) {
		df = ditto_file_to_read(op, node, pos, count);
		err = PTR_ERR_OR_ZERO(df);
		if (!err) {
			err = ditto_scan_check(op, node);
			ditto_file_put(df);
		}
	}
	ditto_op_leave(old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_read_check, "DITTO");

static const rwf_t stable_flags[] = {
	[DITTO_UNSTABLE] = 0,
	[DITTO_DATA_SYNC] = RWF_DSYNC,
	[DITTO_FILE_SYNC] = RWF_DSYNC | RWF_SYNC,
};

/*
 * Make @pos the end of the file; fail if the file is longer. A write with RWF_APPEND then goes
 * behind all existing data, regardless of concurrent writers.
 */
static int file_end_at(struct ditto_share *share, struct ditto_file *df, loff_t pos)
{
	struct file *file = df->file;
	struct inode *inode = file_inode(file);
	int err;

	err = mnt_want_write_file(file);
	if (err)
		return err;
	inode_lock(inode);
	ditto_refresh_size(share, df->node);
	if (pos < i_size_read(inode))
		err = -EACCES;
	else if (pos > i_size_read(inode))
		err = ditto_file_set_size(file, pos);
	inode_unlock(inode);
	mnt_drop_write_file(file);
	return err;
}

/* Write with the caller's credential in place, after all checks. */
static ssize_t write_file(struct ditto_op *op, struct ditto_file *df, loff_t pos,
			  struct iov_iter *iter, enum ditto_stable stable, u64 *verifier)
{
	rwf_t flags = stable_flags[stable];
	struct file *file = df->file;
	errseq_t since;
	ssize_t ret;
	int err;

	since = ditto_wb_err_write(df->node, file->f_path.dentry, op->pins);
	*verifier = atomic64_read(&op->srv->write_verifier);
	if (ditto_op_appends(op)) {
		err = file_end_at(op->share, df, pos);
		if (err)
			return err;
		flags |= RWF_APPEND;
	}
	iov_iter_truncate(iter, clamp_count(file_inode(file), pos, iov_iter_count(iter)));
	/* Also clears set-id bits, as far as the credential in place requires it. */
	ret = vfs_iter_write(file, iter, &pos, flags);

	if (ret < 0 && !ditto_is_refusal(ret))
		ditto_server_writeback_failed(op->srv);
	/* The verifier has changed, so the client sends unstable data again. */
	err = ditto_wb_err_take(df->node, file->f_path.dentry, since);
	if (ret < 0 || stable == DITTO_UNSTABLE || !err)
		return ret;
	/* The instance gets the error now, and not once more from its next sync. */
	ditto_wb_err_take_owed(op->pins, df->node, file->f_path.dentry);
	return err;
}

/**
 * ditto_write - write to a regular file
 * @op: the caller; permission is checked, except that the owner may always write
 * @node: held
 * @pos: offset in bytes
 * @iter: source and byte count
 * @stable: durability before the function returns
 * @verifier: filled with the write verifier that goes with the data
 * @wcc: filled on success and failure; may be NULL
 *
 * The file's lock is only taken inside the write, so no attributes before it can be read
 * atomically: @wcc contains none.
 *
 * Return: bytes written, or -EINVAL (not a regular file), -EACCES, -EROFS, -EFBIG, -ENOSPC,
 * -EDQUOT, -EIO.
 */
ssize_t ditto_write(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		    struct iov_iter *iter, enum ditto_stable stable,
		    u64 *verifier, struct ditto_wcc *wcc)
{
	struct dentry *dentry = wcc ? ditto_node_dentry(node) : NULL;
	const struct cred *old = ditto_op_enter(op);
	struct inode *inode = node->inode;
	size_t count = iov_iter_count(iter);
	loff_t size = i_size_read(inode);
	struct ditto_stub *stub;
	struct ditto_file *df;
	int changing = 0;
	bool full = false;
	ssize_t ret;

	*verifier = atomic64_read(&op->srv->write_verifier);
	ret = -EINVAL;
	if (!S_ISREG(inode->i_mode))
		goto leave;
	ret = ditto_node_permission(op, node, DITTO_MAY_WRITE | DITTO_MAY_OWNER);
	if (ret || !count)
		goto leave;
	ret = -EFBIG;
	if (ditto_is_beyond(inode, pos))
		goto leave;
	ret = ditto_lock_check_bytes(op, node, DITTO_INTENT_WRITE, pos, count);
	if (ret)
		goto leave;
	changing = ditto_worm_change_begin(op, node, DITTO_INTENT_WRITE);
	ret = min(changing, 0);
	if (ret)
		goto leave;
	df = ditto_op_file(op, node, DITTO_FILE_WRITE);
	if (IS_ERR(df)) {
		ret = ditto_no_wait(PTR_ERR(df));
		goto leave;
	}
	ret = ditto_lock_check_local(op, df->file, DITTO_INTENT_WRITE, pos, count);
	if (!ret)
		ret = ditto_offload_enter(op, node, DITTO_OFFLOAD_WRITE, pos, count, &stub);
	if (!ret) {
		ret = ditto_no_wait(write_file(op, df, pos, iter, stable, verifier));
		/* What is absent has found no room by other means. */
		full = ret == -ENOSPC;
		ditto_offload_leave(stub);
	}
	ditto_file_put(df);
	ditto_lock_recheck(op, node, DITTO_INTENT_WRITE);
	if (full)
		ret = ditto_offload_find_room(op, node, count, ret);
	if (ret > 0)
		ditto_child_written(op, node, i_size_read(inode) == size ? DITTO_CHANGED_MTIME :
				    DITTO_CHANGED_MTIME | DITTO_CHANGED_SIZE);
leave:
	ditto_worm_change_end(op, node, changing);
	ditto_op_leave(old);
	if (!wcc)
		return ret;
	ditto_wcc_init(op, wcc);
	ditto_wcc_post_data(op->share, dentry, wcc);
	dput(dentry);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_write, "DITTO");

/**
 * ditto_fsync - make a range of a file durable
 * @op: the caller; no permission is checked, as fsync(2) checks none, but by file systems that the
 *	caller has to open files on. Data that was accepted must become durable even if the caller
 *	may not write any more
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes; 0 means to the end of the file
 * @verifier: filled with the write verifier after the operation; a failure changes it
 * @wcc: filled on success and failure, without attributes before the operation
 *
 * Return: 0, -EINVAL (not a regular file, or a file system without fsync), -EIO and others.
 */
int ditto_fsync(struct ditto_op *op, struct ditto_node *node, loff_t pos, u64 count,
		u64 *verifier, struct ditto_wcc *wcc)
{
	struct dentry *dentry = ditto_node_dentry(node);
	loff_t end = LLONG_MAX;
	const struct cred *old;
	struct ditto_file *df;
	int err, wb_err, owed;
	errseq_t since;

	/* No count means to the end of the file. */
	if (count && (count > LLONG_MAX || check_add_overflow(pos, (loff_t)(count - 1), &end)))
		end = LLONG_MAX;
	ditto_wcc_init(op, wcc);
	old = ditto_op_enter(op);
	err = -EINVAL;
	if (!S_ISREG(node->inode->i_mode))
		goto leave;
	/* The file may be read-only since it was written; that is enough to write it back. */
	df = ditto_op_file(op, node, DITTO_FILE_READ);
	if (IS_ERR(df)) {
		err = PTR_ERR(df);
		goto leave;
	}
	/* A file system without fsync stores nothing, and its refusal is no loss of data. */
	if (!df->file->f_op->fsync)
		goto put;
	/* An offset that does not fit into a loff_t is beyond the end of every file. */
	err = 0;
	if (pos < 0)
		goto put;
	since = ditto_wb_err_watch(node, df->file->f_path.dentry);
	err = vfs_fsync_range(df->file, pos, end, 0);
	if (err)
		ditto_server_writeback_failed(op->srv);
	/* If another COMMIT received the error instead, the verifier has changed. */
	wb_err = ditto_wb_err_take(node, df->file->f_path.dentry, since);
	/* An instance has no verifier, and others may have received the error of its data. */
	owed = ditto_wb_err_take_owed(op->pins, node, df->file->f_path.dentry);
	err = err ?: wb_err ?: owed;
put:
	ditto_file_put(df);
leave:
	ditto_op_leave(old);
	*verifier = atomic64_read(&op->srv->write_verifier);
	ditto_wcc_post_data(op->share, dentry, wcc);
	dput(dentry);
	return ditto_no_wait(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_fsync, "DITTO");
