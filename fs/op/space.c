// SPDX-License-Identifier: GPL-2.0-only
/*
 * Space of a file, see space.h.
 *
 * Preallocation changes no byte, so byte-range locks conflict only with growth of the file;
 * operations that write zeros are checked as writes. The result is durable before the function
 * returns, unless the caller's @unstable is set: then it is as durable as an unstable write.
 */

#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "../offload/offload.h"
#include "check/lock_check_private.h"
#include "data_private.h"
#include "scan.h"
#include "space.h"

/* Pages of zeros written in one call. */
#define ZERO_PAGES	32
/* Zeros written by one ditto_zero(), whose caller may give up in between. */
#define ZERO_MAX	SZ_16M
/* Ranges of data that one ditto_zero() lets the file system zero. */
#define ZERO_RANGES	1024

static const int modes[] = {
	[DITTO_SPACE_RESERVE] = 0,
	[DITTO_SPACE_RESERVE_KEEP] = FALLOC_FL_KEEP_SIZE,
	[DITTO_SPACE_PUNCH] = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	[DITTO_SPACE_ZERO] = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
};

/* The operation for the lock check. */
struct space_intent {
	enum ditto_intent_kind kind;
	u64 pos;
	u64 count;
};

static struct space_intent space_intent(const struct ditto_node *node, enum ditto_space_how how,
					u64 pos, u64 count)
{
	u64 size = i_size_read(node->inode);

	switch (how) {
	case DITTO_SPACE_RESERVE:
		return (struct space_intent) {
			DITTO_INTENT_SIZE, size, max(size, pos + count) - size
		};
	case DITTO_SPACE_RESERVE_KEEP:
		return (struct space_intent) { DITTO_INTENT_WRITE, pos, 0 };
	default:
		return (struct space_intent) { DITTO_INTENT_WRITE, pos, count };
	}
}

/*
 * The file system zeros its data, with the blocks and the size kept. Holes are left: all their
 * blocks may be more than there are. After @max ranges of data, @next is set to the data to
 * continue with.
 */
static int zero_data(struct file *file, u64 pos, u64 count, u32 max, u64 *next)
{
	u64 end = min_t(u64, pos + count, i_size_read(file_inode(file)));
	loff_t hole;
	int err;

	for (;;) {
		pos = pos < end ? ditto_next_data(file, pos, end) : end;
		if (pos == end)
			return 0;
		if (!max--) {
			*next = pos;
			return 0;
		}
		if (signal_pending(current))
			return -EINTR;
		/* Without SEEK_HOLE the rest is data; and it may have become a hole since. */
		hole = vfs_llseek(file, pos, SEEK_HOLE);
		if (hole <= (loff_t)pos || hole > end)
			hole = end;
		err = vfs_fallocate(file, modes[DITTO_SPACE_ZERO], pos, hole - pos);
		if (err)
			return err;
		pos = hole;
		cond_resched();
	}
}

/*
 * Fallback if the file system cannot zero a range: zeros are written over its data. Large holes are
 * left, and the size is kept. After @max bytes, @next is set to the data to continue with.
 */
static int zero_by_writing(struct file *file, u64 pos, u64 count, u64 max, u64 *next)
{
	const u64 size = ZERO_PAGES * PAGE_SIZE;
	u64 end, stop = pos + count;
	struct inode *inode = file_inode(file);
	struct kvec vec[ZERO_PAGES];
	struct iov_iter iter;
	ssize_t ret;
	loff_t at;

	for (int i = 0; i < ZERO_PAGES; i++) {
		vec[i].iov_base = page_address(ZERO_PAGE(0));
		vec[i].iov_len = PAGE_SIZE;
	}
	for (;;) {
		end = min_t(u64, stop, i_size_read(inode));
		pos = pos < end ? ditto_next_data(file, pos, end) : end;
		if (pos == end)
			return 0;
		if (!max) {
			*next = pos;
			return 0;
		}
		if (signal_pending(current))
			return -EINTR;
		iov_iter_kvec(&iter, ITER_SOURCE, vec, ZERO_PAGES, size);
		/* In a page that was begun, what was a hole would be found as data. */
		iov_iter_truncate(&iter, min3(end - pos, max, size - pos % size));
		at = pos;
		ret = vfs_iter_write(file, &iter, &at, 0);
		if (ret < 0)
			return ret;
		if (!ret)
			return -EIO;
		pos += ret;
		max -= ret;
		cond_resched();
	}
}

/*
 * Absent data looks like holes, over which no zeros are written. It is content, so clearing it is a
 * change.
 */
static int zero_absent(struct file *file)
{
	struct inode *inode = file_inode(file);
	int err;

	file_start_write(file);
	inode_lock(inode);
	err = file_modified(file);
	inode_unlock(inode);
	file_end_write(file);
	return err;
}

/* Ranges of a file with absent data are cleared in one step. */
static int zero_range(struct file *file, const struct ditto_stub *stub, u64 pos, u64 count,
		      u64 *next)
{
	int err = stub ? zero_absent(file) : 0;

	if (!err)
		err = zero_data(file, pos, count, stub ? U32_MAX : ZERO_RANGES, next);
	if (err == -EOPNOTSUPP)
		err = zero_by_writing(file, pos, count, stub ? U64_MAX : ZERO_MAX, next);
	return err;
}

/*
 * The part of a range to clear that a file can have. Where files belong to another file system
 * (overlayfs), its limit counts, which may be lower.
 */
static u64 space_to_clear(const struct file *file, u64 pos, u64 count)
{
	u64 max = d_real_inode(file->f_path.dentry)->i_sb->s_maxbytes;

	return pos < max ? min(count, max - pos) : 0;
}

/* Room that is lacking: clients reserve all of a file that has a part of its blocks already. */
static u64 space_needed(struct ditto_node *node, enum ditto_space_how how, u64 pos, u64 count)
{
	if (how == DITTO_SPACE_PUNCH || how == DITTO_SPACE_ZERO)
		return 0;
	return pos ? count : count - min(count, ditto_release_space(node));
}

/* The caller's credential is in place. @next is set if DITTO_SPACE_ZERO was not completed. */
static int do_allocate(struct ditto_op *op, struct ditto_node *node, enum ditto_space_how how,
		       u64 pos, u64 count, u64 *next)
{
	struct space_intent intent = space_intent(node, how, pos, count);
	bool clears = how == DITTO_SPACE_PUNCH || how == DITTO_SPACE_ZERO;
	struct ditto_stub *stub;
	struct ditto_file *df;
	struct file *file;
	int err, wb_err, changing;
	bool full = false;
	errseq_t since;

	err = ditto_node_permission(op, node, DITTO_MAY_WRITE | DITTO_MAY_OWNER);
	if (err)
		return err;
	err = ditto_lock_check_bytes(op, node, intent.kind, intent.pos, intent.count);
	if (err)
		return err;
	changing = ditto_worm_change_begin(op, node, intent.kind);
	if (changing < 0)
		return changing;
	/* Space that no client can see is no reason for a new write time. */
	df = how == DITTO_SPACE_RESERVE_KEEP ? ditto_file_open_own(op->share->root.mnt, node) :
	     ditto_op_file(op, node, DITTO_FILE_WRITE);
	if (IS_ERR(df)) {
		ditto_worm_change_end(op, node, changing);
		return ditto_no_wait(PTR_ERR(df));
	}
	file = df->file;
	err = ditto_lock_check_local(op, file, intent.kind, intent.pos, intent.count);
	if (err)
		goto put;
	if (clears)
		count = space_to_clear(file, pos, count);
	if (!count)
		goto put;
	err = ditto_offload_enter(op, node, clears ? DITTO_OFFLOAD_CLEAR : DITTO_OFFLOAD_WRITE, pos,
				  count, &stub);
	if (err)
		goto put;

	since = ditto_wb_err_write(node, file->f_path.dentry, op->pins);
	err = how == DITTO_SPACE_ZERO ? zero_range(file, stub, pos, count, next) :
	      vfs_fallocate(file, modes[how], pos, count);
	/*
	 * The last close of before may have freed space, and cleared the flag, until now. A file
	 * that other machines can extend has no size that is safe to set.
	 */
	if (how == DITTO_SPACE_RESERVE_KEEP && !node->volume->is_remote)
		set_bit(DITTO_NODE_RESERVED, &node->flags);
	/* Parts of blocks at the ends of a hole are zeroed in the page cache. */
	if (!err && !op->unstable)
		err = vfs_fsync_range(file, pos, pos + count - 1, 0);
	if (clears)
		err = ditto_offload_cleared(stub, pos, count, err);
	ditto_offload_leave(stub);
	if (err && !ditto_is_refusal(err))
		ditto_server_writeback_failed(op->srv);
	wb_err = ditto_wb_err_take(node, file->f_path.dentry, since);
	if (!err && !op->unstable)
		err = wb_err;
	err = ditto_no_wait(err);
	full = err == -ENOSPC;
put:
	ditto_file_put(df);
	ditto_worm_change_end(op, node, changing);
	ditto_lock_recheck(op, node, intent.kind);
	if (full)
		err = ditto_offload_find_room(op, node, space_needed(node, how, pos, count), err);
	if (!err)
		ditto_child_written(op, node, how == DITTO_SPACE_RESERVE_KEEP ?
				    DITTO_CHANGED_SIZE : DITTO_CHANGED_SIZE | DITTO_CHANGED_MTIME);
	return err;
}

static int space_change(struct ditto_op *op, struct ditto_node *node, enum ditto_space_how how,
			u64 pos, u64 count, u64 *next)
{
	u64 max = node->inode->i_sb->s_maxbytes;
	const struct cred *old;
	int err;

	if (!S_ISREG(node->inode->i_mode))
		return -EINVAL;
	if (!count)
		return 0;
	/* Beyond the largest offset there is no data to clear. */
	if (how == DITTO_SPACE_PUNCH || how == DITTO_SPACE_ZERO) {
		if (pos >= max)
			return 0;
		count = min(count, max - pos);
	}
	if (pos > max || count > max - pos)
		return -EFBIG;
	old = ditto_op_enter(op);
	ditto_refresh_size(op->share, node);
	err = do_allocate(op, node, how, pos, count, next);
	ditto_op_leave(old);
	return err;
}

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
		   u64 pos, u64 count)
{
	return space_change(op, node, how, pos, count, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_allocate, "DITTO");

/*
 * Free space that instances have reserved beyond the end of a file. @share: a share that the file
 * is in, held; @node: held; its last instance has gone. Nothing is done if there is a new one by
 * now. MS-FSCC section 2.4.4: it is freed when the last handle is closed. Size and mtime of the
 * file stay the same. If that fails, the file keeps the space until the next last close. A file
 * system that other machines can change keeps it: setting the size could cut what they append.
 */
void ditto_space_trim(struct ditto_share *share, struct ditto_node *node)
{
	struct iattr ia = { .ia_valid = ATTR_SIZE | ATTR_MTIME | ATTR_MTIME_SET };
	struct inode *inode = node->inode;
	struct vfsmount *mnt = share->root.mnt;
	const struct cred *old;
	struct dentry *dentry;

	if (likely(!test_bit(DITTO_NODE_RESERVED, &node->flags)) || !inode->i_nlink ||
	    mnt_want_write(mnt))
		return;
	dentry = ditto_node_dentry(node);
	old = override_creds(share->srv->nodes->cred);
	inode_lock(inode);
	/* Space is reserved under this lock. What a new instance reserves is freed at its end. */
	if (READ_ONCE(node->instances) || !test_and_clear_bit(DITTO_NODE_RESERVED, &node->flags))
		goto unlock;
	/* An asynchronous direct write beyond the end sets the size when it completes. */
	inode_dio_wait(d_real_inode(dentry));
	/* Setting the size of now frees the blocks behind it. tmpfs would change the mtime, too. */
	ia.ia_size = i_size_read(inode);
	ia.ia_mtime = inode_get_mtime(inode);
	if (notify_change(mnt_idmap(mnt), dentry, &ia, NULL))
		set_bit(DITTO_NODE_RESERVED, &node->flags);
unlock:
	inode_unlock(inode);
	revert_creds(old);
	dput(dentry);
	mnt_drop_write(mnt);
}

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
int ditto_zero(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 end, u64 *next)
{
	*next = end;
	return space_change(op, node, DITTO_SPACE_ZERO, pos, end - pos, next);
}
EXPORT_SYMBOL_NS_GPL(ditto_zero, "DITTO");

/**
 * ditto_block_size - size of the blocks that files of a file system may share
 * @node: held
 *
 * Context: any.
 * Return: bytes, a power of two.
 */
u32 ditto_block_size(const struct ditto_node *node)
{
	return i_blocksize(node->inode);
}
EXPORT_SYMBOL_NS_GPL(ditto_block_size, "DITTO");

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
int ditto_seek(struct ditto_op *op, struct ditto_node *node, u64 pos, bool hole, u64 *found)
{
	struct ditto_stub *stub;
	const struct cred *old;
	struct ditto_file *df;
	loff_t at;
	u64 size;
	int err;

	if (!S_ISREG(node->inode->i_mode))
		return -EINVAL;
	old = ditto_op_enter(op);
	err = ditto_may_read(op, node);
	if (err)
		goto leave;
	/* No byte is read, but the holder of a write grant may have cached data for holes. */
	err = ditto_lock_check_bytes(op, node, DITTO_INTENT_READ, pos, 0);
	if (err)
		goto leave;
	df = ditto_op_file(op, node, DITTO_FILE_READ);
	if (IS_ERR(df)) {
		err = PTR_ERR(df);
		goto leave;
	}
	err = -ENXIO;
	ditto_refresh_size(op->share, node);
	size = i_size_read(node->inode);
	if (pos >= size)
		goto put;
	err = ditto_scan_check(op, node) ?:
	      ditto_offload_enter(op, node, DITTO_OFFLOAD_LOOK, pos, 0, &stub);
	if (err)
		goto put;
	/* The file position that this sets is not used. */
	at = ditto_offload_seek(stub, df->file, pos, hole);
	ditto_offload_leave(stub);
	/* Without SEEK_HOLE, the whole file is data. */
	if (at == -EINVAL || at == -EOPNOTSUPP || at == -ESPIPE)
		at = hole ? size : pos;
	err = min_t(loff_t, at, 0);
	if (!err)
		*found = at;
put:
	ditto_file_put(df);
leave:
	ditto_op_leave(old);
	return ditto_no_wait(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_seek, "DITTO");
