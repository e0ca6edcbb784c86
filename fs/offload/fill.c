// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data of recalls, which the helper gives in order with offload-fill; see recall.c.
 *
 * A reader need not wait for the whole range: what was filled is brought to the disk piece by
 * piece, and may then be read. It must be on the disk first: a page whose writing fails may leave
 * memory, and would then be read as zeros. The record does not cover such a piece, so after a crash
 * it comes once more, and nobody may write there before the range is in the file.
 *
 * Locking: see recall.c. A flush holds no reference; the worker that ends the recall cancels it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/pagemap.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "../../net/server.h"
#include "../../net/stats.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../share/cred.h"
#include "fault.h"
#include "recall.h"
#include "stub.h"

/* Bytes copied in one step. */
#define FILL_STEP	SZ_256K
/* How often other data gives way for the same bytes before the file system counts as full. */
#define ROOM_TRIES	8

/* Ends a write at its checks, which file systems make of the position with the inode locked. */
#define FILL_NOWHERE	LLONG_MAX

/*
 * Stop data from being written behind a cut. @stub: a local process has made its file shorter, and
 * its record was cut; its lock is held. Context: the inode is locked since the file was made
 * shorter, so a write that has not begun finds out, and one that has ended was cut.
 */
void ditto_fill_stop_locked(struct ditto_stub *stub)
{
	struct ditto_recall *recall;

	lockdep_assert_held(&stub->lock);
	list_for_each_entry(recall, &stub->recalls, link)
		if (recall->write && recall->write_end > stub->record.size)
			recall->write->ki_pos = FILL_NOWHERE;
}

/*
 * Let truncations stop a write of so many bytes of the content. Return: how many of them are still
 * within it.
 */
static size_t fill_begin(struct ditto_recall *recall, struct kiocb *iocb, u64 pos, size_t len)
{
	struct ditto_stub *stub = recall->stub;
	u64 end;

	spin_lock(&stub->lock);
	end = min_t(u64, stub->record.size, i_size_read(file_inode(iocb->ki_filp)));
	len = pos < end ? min_t(u64, len, end - pos) : 0;
	recall->write = iocb;
	recall->write_end = pos + len;
	spin_unlock(&stub->lock);
	return len;
}

/* Return: true if a truncation has stopped the write, or would have if it had come in time. */
static bool fill_end(struct ditto_recall *recall)
{
	struct ditto_stub *stub = recall->stub;
	bool stopped;

	spin_lock(&stub->lock);
	stopped = recall->write->ki_pos == FILL_NOWHERE;
	recall->write = NULL;
	spin_unlock(&stub->lock);
	return stopped;
}

/*
 * Some file systems refuse to write into an immutable file, whose content does not change by what
 * comes back. Return: as write_iter(), whose error is @err.
 */
static ssize_t fill_write_immutable(struct kiocb *iocb, struct iov_iter *iter, ssize_t err)
{
	struct inode *inode = file_inode(iocb->ki_filp);

	if (!IS_IMMUTABLE(inode) || IS_DAX(inode) || !inode->i_mapping->a_ops->write_begin)
		return err;
	inode_lock(inode);
	err = -EFBIG;
	if (iocb->ki_pos != FILL_NOWHERE)
		err = generic_perform_write(iocb, iter);
	inode_unlock(inode);
	return err;
}

/* Times of a file before what comes back is written, and its change number. */
struct fill_times {
	struct timespec64 mtime;
	struct timespec64 ctime;
	u64 version;
};

static void fill_save_times(struct inode *inode, struct fill_times *times)
{
	if (inode->i_sb->s_magic != BTRFS_SUPER_MAGIC)
		return;
	inode_lock(inode);
	times->mtime = inode_get_mtime(inode);
	times->ctime = inode_get_ctime(inode);
	times->version = inode_peek_iversion_raw(inode);
	inode_unlock(inode);
}

/*
 * btrfs_write_check() sets the times whatever FMODE_NOCMTIME says, and then adds one to the number.
 * If it is another one, somebody has changed the file, and the later of the two times stays: which
 * it is cannot be told. The number stays, as somebody may have it.
 * A write that ended before, with one of these results @ret, has changed nothing: then one more is
 * somebody's change.
 */
static void fill_restore_times(struct inode *inode, const struct fill_times *times, ssize_t ret)
{
	struct timespec64 ctime;

	if (inode->i_sb->s_magic != BTRFS_SUPER_MAGIC ||
	    !ret || ret == -EFBIG || ret == -EROFS || ret == -ETXTBSY)
		return;
	inode_lock(inode);
	ctime = inode_get_ctime(inode);
	if (!timespec64_equal(&ctime, &times->ctime) && IS_I_VERSION(inode) &&
	    inode_peek_iversion_raw(inode) >> I_VERSION_QUERIED_SHIFT ==
	    (times->version >> I_VERSION_QUERIED_SHIFT) + 1) {
		inode_set_mtime_to_ts(inode, times->mtime);
		inode_set_ctime_to_ts(inode, times->ctime);
		mark_inode_dirty(inode);
	}
	inode_unlock(inode);
}

/*
 * Write what is not behind the end of the content any more. Nothing keeps a local process from
 * making the file shorter after that was looked at, but it does so with the inode locked, and stops
 * the write before it unlocks it: neither data nor the old size comes back behind the cut, where
 * others may write then. Write access to the mount comes before stub->sem, so the file system's
 * function is called directly. Return: bytes that are done with, or an errno.
 */
static ssize_t fill_write(struct ditto_recall *recall, void *buf, u64 pos, size_t len)
{
	struct file *file = recall->file->file;
	struct kvec vec = { .iov_base = buf };
	struct fill_times times;
	struct iov_iter iter;
	struct kiocb iocb;
	bool stopped;
	ssize_t ret;
	int fault;

	file_start_write(file);
	down_read(&recall->stub->sem);
	do {
		ret = 0;
		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = pos;
		vec.iov_len = fill_begin(recall, &iocb, pos, len);
		iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
		fill_save_times(file_inode(file), &times);
		fault = vec.iov_len ? ditto_fault(DITTO_FAULT_FILL_CHECKED) : 0;
		if (vec.iov_len)
			ret = fault ?: file->f_op->write_iter(&iocb, &iter);
		if (ret == -EPERM)
			ret = fill_write_immutable(&iocb, &iter, ret);
		if (!fault)
			fill_restore_times(file_inode(file), &times, ret);
		stopped = fill_end(recall);
	} while (stopped && ret == -EFBIG);
	up_read(&recall->stub->sem);
	file_end_write(file);
	if (!ret && vec.iov_len)
		return -EIO;
	return ret == vec.iov_len ? len : ret;
}

/*
 * Zeros where the file has a hole are there already, and need no room: a sparse file stays one. If
 * it has nothing else yet, some are written all the same: a file that is all a hole is one whose
 * record is lost, see "dittoctl offload gc". Nobody writes into an absent range while it is filled.
 */
static bool fill_is_hole(struct ditto_recall *recall, const void *buf, size_t len)
{
	loff_t data;

	if (memchr_inv(buf, 0, len) || vfs_llseek(recall->file->file, 0, SEEK_DATA) == -ENXIO)
		return false;
	data = vfs_llseek(recall->file->file, recall->filled, SEEK_DATA);
	return data == -ENXIO || data >= (loff_t)(recall->filled + len);
}

/*
 * If what somebody else has written is to stay, limit @len to bytes of one kind.
 * Return: 0 or an errno.
 */
static int fill_find_piece(struct ditto_recall *recall, size_t *len)
{
	int ret;

	if (!recall->keep_local)
		return 0;
	if (recall->filled >= recall->piece_end) {
		ret = ditto_stub_conflict_piece(recall->file->file, &recall->stub->record,
						recall->filled, &recall->piece_end);
		if (ret < 0)
			return ret;
		recall->piece_stays = ret;
	}
	*len = min_t(u64, *len, recall->piece_end - recall->filled);
	return 0;
}

/* Have other data give way for the rest of the range. Return: true if some did. */
static bool fill_make_room(const struct ditto_recall *recall)
{
	u64 reserve;
	u32 project;

	ditto_room_of(recall->node, &reserve, &project);
	return ditto_release_make_room(recall->node->volume, recall->end - recall->filled, project);
}

/* Bytes of a block, all of which are a hole, or none. */
static u64 fill_block(const struct ditto_recall *recall)
{
	return max_t(u64, PAGE_SIZE, i_blocksize(recall->node->inode));
}

/* The same for all bytes. Other data gives way if the file system is full. */
static int fill_write_all(struct ditto_recall *recall, void *buf, size_t len)
{
	unsigned int tries = ROOM_TRIES;
	size_t some;
	ssize_t ret;

	while (len) {
		some = recall->filled ? len : min_t(u64, len, fill_block(recall));
		ret = fill_find_piece(recall, &some);
		if (ret)
			return ret;
		if (recall->piece_stays || fill_is_hole(recall, buf, some))
			ret = some;
		else if (recall->scarce &&
			 ditto_release_is_scarce(recall->node, some))
			ret = -ENOSPC;
		else
			ret = fill_write(recall, buf, recall->filled, some);
		if (ret == -ENOSPC && tries-- && fill_make_room(recall))
			continue;
		if (ret < 0)
			return ret;
		buf += ret;
		len -= ret;
		/* Pairs with ditto_fill_flush(), which writes these bytes back. */
		smp_store_release(&recall->filled, recall->filled + ret);
	}
	return 0;
}

/*
 * If what somebody else has written is to stay, only whole blocks are written: after a crash, the
 * zeros in the rest of one would count as written, too. Return: bytes of @len that wait for more.
 */
static size_t fill_rest(const struct ditto_recall *recall, size_t len)
{
	u64 end = recall->filled + len;

	if (!recall->keep_local || end >= recall->end)
		return 0;
	return end & (fill_block(recall) - 1);
}

static int fill_write_blocks(struct ditto_recall *recall, void *buf, size_t len)
{
	size_t rest = fill_rest(recall, len);
	int err;

	if (rest && !recall->rest)
		recall->rest = kmalloc(fill_block(recall), GFP_KERNEL);
	if (rest && !recall->rest)
		return -ENOMEM;
	recall->rest_len = 0;
	err = fill_write_all(recall, buf, len - rest);
	if (!err && rest) {
		memcpy(recall->rest, buf + len - rest, rest);
		recall->rest_len = rest;
	}
	return err;
}

static int fill_copy(struct ditto_recall *recall, const struct ditto_offload_fill *fill)
{
	void *buf = kvmalloc(FILL_STEP, GFP_KERNEL);
	loff_t from = fill->from_pos;
	u64 left = fill->count;
	size_t rest;
	ssize_t len;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	while (!err && left) {
		rest = recall->rest_len;
		if (rest)
			memcpy(buf, recall->rest, rest);
		len = kernel_read(fill->from, buf + rest, min_t(u64, left, FILL_STEP - rest),
				  &from);
		if (len <= 0) {
			err = len ?: -ENODATA;
			break;
		}
		left -= len;
		err = ditto_fault(DITTO_FAULT_FILL_WRITE) ?:
		      fill_write_blocks(recall, buf, rest + len) ?:
		      ditto_fault(DITTO_FAULT_FILL_WRITTEN);
		cond_resched();
	}
	kvfree(buf);
	return err;
}

/*
 * A file system that is quite full could not store the records of files that give way, and XFS
 * frees no blocks of a project whose quota is used up.
 */
static void fill_find_room(struct ditto_recall *recall)
{
	struct ditto_volume *volume = recall->node->volume;
	u64 bytes = recall->end - recall->pos, reserve, left;
	u32 project;

	left = ditto_room_of(recall->node, &reserve, &project);
	if (!project)
		ditto_release_keep_room(volume, bytes);
	else if (left < bytes + DITTO_OFFLOAD_HEADROOM)
		ditto_release_make_room(volume, bytes + DITTO_OFFLOAD_HEADROOM - left, project);
	recall->scarce = ditto_release_is_scarce(recall->node, bytes);
	if (recall->scarce && !project)
		ditto_room_tell(volume, ditto_room_now(volume, &reserve));
}

/* Under recall->lock. */
static int fill_take(struct ditto_recall *recall, const struct ditto_offload_fill *fill,
		     struct netlink_ext_ack *extack)
{
	const struct cred *old;
	struct ditto_file *file;
	bool first = !recall->file;
	u64 next;
	int err = 0;

	if (recall->ended)
		return -ENOENT;
	next = recall->filled + recall->rest_len;
	if (fill->pos != next || fill->count > recall->end - next) {
		NL_SET_ERR_MSG_FMT(extack,
				   "the data of the range comes in order; next is offset %llu",
				   next);
		return -EINVAL;
	}
	if (first) {
		file = ditto_file_open_own(recall->node->volume->mnt, recall->node);
		if (IS_ERR(file))
			return PTR_ERR(file) == -EJUKEBOX ? -EBUSY : PTR_ERR(file);
		recall->file = file;
	}
	old = override_creds(recall->ask.srv->nodes->cred);
	if (first)
		fill_find_room(recall);
	/* The file system may write to the disk at any time what is copied. */
	if (!recall->owned && !recall->keep_local)
		err = ditto_stub_own(recall->stub, recall->file->file, recall->range);
	recall->owned = !err;
	err = err ?: fill_copy(recall, fill);
	revert_creds(old);
	return err;
}

/*
 * Bring what was filled to the disk, and let readers have it. Context: on the queue of the recalls;
 * not after recall->ended was set and the work was cancelled.
 */
void ditto_fill_flush(struct work_struct *work)
{
	struct ditto_recall *recall = container_of(work, struct ditto_recall, flush);
	u64 filled;
	int err;

	/* Pairs with fill_write_all(), which has written these bytes. */
	filled = smp_load_acquire(&recall->filled);
	if (recall->flush_error || filled <= recall->readable)
		return;
	/* The file was opened before its first byte came, so it tells of each failure since. */
	err = ditto_fault(DITTO_FAULT_FLUSH_DATA) ?:
	      file_write_and_wait_range(recall->file->file, recall->readable, filled - 1) ?:
	      ditto_fault(DITTO_FAULT_FLUSH_DONE);
	if (err) {
		recall->flush_error = err;
		return;
	}
	spin_lock(&recall->stub->lock);
	recall->readable = filled;
	spin_unlock(&recall->stub->lock);
	ditto_stub_wake(recall->stub);
}

/*
 * Take data of a range that is being recalled. Return: 0; -ENOENT if the recall has ended; -EINVAL
 * if the data is not the next of the range; -ENODATA if the file has less data; -ENOSPC if there is
 * no room, also after other files have given way; or an errno of a file system.
 */
int ditto_offload_fill(struct ditto_server *srv, const struct ditto_offload_fill *fill,
		       struct netlink_ext_ack *extack)
{
	struct ditto_recall *recall = ditto_recall_find(srv->offload, fill->recall);
	int err;

	if (!recall) {
		NL_SET_ERR_MSG(extack, "nobody waits for this data any more");
		return -ENOENT;
	}
	mutex_lock(&recall->lock);
	err = fill_take(recall, fill, extack);
	/* All data of the range is made durable in one step, with the record. */
	if (!err)
		ditto_upcall_moved(&recall->ask);
	if (!err && recall->filled < recall->end)
		queue_work(srv->offload->wq, &recall->flush);
	mutex_unlock(&recall->lock);
	ditto_stats_count(srv->offload->stats, DITTO_OFFLOAD_COUNT_FILL, err, 0,
			  err ? 0 : fill->count);
	ditto_recall_put(recall);
	return err;
}
