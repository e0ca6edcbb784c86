// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on files that are not whole, see offload.h.
 *
 * No thread waits for data: the operation is refused with -EJUKEBOX and repeated. A failure of the
 * helper is reported at least once before the next attempt.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>

#include "../../lockd/claim.h"
#include "../../net/server.h"
#include "../op/op.h"
#include "../op/scan.h"
#include "stub.h"

static u32 access_absent_locked(struct ditto_stub *stub, bool read, u64 pos, u64 end)
{
	return read ? ditto_recall_absent_locked(stub, pos, end) :
		      ditto_offload_absent(&stub->record, pos, end);
}

/* Tell the caller what it may wait for: all that it needs of a range. */
static void access_note(struct ditto_op *op, struct ditto_stub *stub, bool read, u32 range,
			u64 end)
{
	if (!op->absent || op->absent->node)
		return;
	ditto_node_hold(stub->node);
	*op->absent = (struct ditto_absence) {
		.node = stub->node,
		.last = min(end, ditto_offload_range_end(&stub->record, range)) - 1,
		.read = read,
	};
}

/* Park the operation. Data that came just before woke nobody, so it is looked for again. */
static void access_park(struct ditto_op *op, struct ditto_stub *stub, bool read, u64 pos, u64 end)
{
	bool come;

	if (!op->park || !ditto_park_on(&stub->node->point, op->park))
		return;
	spin_lock(&stub->lock);
	come = !stub->releasing && !stub->clearing &&
	       (list_empty(&stub->recalls) ||
		access_absent_locked(stub, read, pos, end) == DITTO_OFFLOAD_NONE);
	spin_unlock(&stub->lock);
	if (come || test_bit(DITTO_NODE_WHOLE, &stub->node->flags))
		ditto_park_wake_point(&stub->node->point);
}

/* Ask for what is absent. Return: 0 if nothing is; -EJUKEBOX; an errno. */
static int access_want(struct ditto_op *op, struct ditto_stub *stub, bool read, u64 pos, u64 end)
{
	int failed = 0, err;
	u32 range;

	spin_lock(&stub->lock);
	range = access_absent_locked(stub, read, pos, end);
	if (range == DITTO_OFFLOAD_NONE)
		ditto_recall_use_locked(stub, pos, end);
	else if (!op->no_recall)
		failed = ditto_stub_failed_locked(stub);
	spin_unlock(&stub->lock);
	if (range != DITTO_OFFLOAD_NONE && op->no_recall)
		return -ENOMEDIUM;
	if (failed)
		return failed;
	if (range != DITTO_OFFLOAD_NONE) {
		err = ditto_recall_range(stub, range, op, false);
		if (err)
			return err;
	}
	if (read && end > pos && !op->no_recall)
		ditto_offload_read_ahead(op, stub, pos, end);
	if (range == DITTO_OFFLOAD_NONE)
		return 0;
	access_note(op, stub, read, range, end);
	access_park(op, stub, read, pos, end);
	return -EJUKEBOX;
}

/*
 * Old data must not come after the zeros: data is brought back or cleared, never both. Ended
 * by ditto_offload_cleared().
 */
static int access_clear(struct ditto_op *op, struct ditto_stub *stub)
{
	bool busy;

	spin_lock(&stub->lock);
	busy = !list_empty(&stub->recalls);
	if (!busy) {
		stub->clearing++;
		ditto_parts_drop_locked(stub);
	}
	spin_unlock(&stub->lock);
	if (!busy)
		return 0;
	access_park(op, stub, false, 0, U64_MAX);
	return -EJUKEBOX;
}

/* The first and last range of bytes to clear have to be in the file unless they are whole. */
static int access_want_edges(struct ditto_op *op, struct ditto_stub *stub, u64 pos, u64 end)
{
	u64 size = 1ULL << stub->record.shift, mask = size - 1, tail;
	int err;

	end = min(end, READ_ONCE(stub->record.size));
	if (pos >= end)
		return 0;
	tail = end & ~mask;
	if (pos & mask) {
		err = access_want(op, stub, false, pos, pos + 1);
		if (err)
			return err;
	}
	if (end & mask && end < READ_ONCE(stub->record.size) && tail >= pos)
		return access_want(op, stub, false, end - 1, end);
	return 0;
}

/*
 * Get the stub of a node for an operation. Return: 0, and NULL if the file is whole; -ENOMEM, or
 * what ditto_stub_error() says.
 */
static int access_get(struct ditto_node *node, struct ditto_stub **stub)
{
	int err;

	*stub = ditto_stub_get(node);
	if (!IS_ERR(*stub))
		return 0;
	err = PTR_ERR(*stub);
	*stub = NULL;
	return err == -ENOMEM ? err : ditto_stub_error(err);
}

/* What forbids the use of a stub whatever the range. */
static int access_check(struct ditto_op *op, struct ditto_stub *stub)
{
	if (READ_ONCE(stub->damaged))
		return -EIO;
	if (!READ_ONCE(stub->releasing))
		return 0;
	if (op->park && ditto_park_on(&stub->node->point, op->park) && !READ_ONCE(stub->releasing))
		ditto_park_wake_point(&stub->node->point);
	return -EJUKEBOX;
}

/* The file may grow only when the stored record does not say more than it has. */
static int access_store_cut(struct ditto_stub *stub)
{
	struct super_block *sb = stub->node->inode->i_sb;
	int err;

	if (likely(!READ_ONCE(stub->uncut)))
		return 0;
	sb_start_write(sb);
	err = ditto_stub_store_cut(stub);
	sb_end_write(sb);
	return ditto_stub_error(err);
}

/* The part of ditto_offload_enter() for files that are not known to be whole. */
int ditto_offload_enter_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_offload_use use, u64 pos, u64 count,
			     struct ditto_stub **found)
{
	u64 end = count > U64_MAX - pos ? U64_MAX : pos + count;
	struct ditto_stub *stub;
	int err = access_get(node, &stub);

	if (!stub)
		return err;
	err = access_check(op, stub);
	if (!err && use != DITTO_OFFLOAD_READ && use != DITTO_OFFLOAD_LOOK)
		err = access_store_cut(stub);
	if (!err && use == DITTO_OFFLOAD_CLEAR)
		err = ditto_stub_conflict_check(stub) ?: access_want_edges(op, stub, pos, end) ?:
		      access_clear(op, stub);
	else if (!err && use != DITTO_OFFLOAD_LOOK)
		err = access_want(op, stub, use == DITTO_OFFLOAD_READ, pos, end);
	if (err) {
		ditto_stub_put(stub);
		return err;
	}
	*found = stub;
	return 0;
}

/* The part of ditto_offload_will_need() for files that are not known to be whole. */
void ditto_offload_will_need_slow(struct ditto_op *op, struct ditto_node *node, u64 pos,
				  u64 count)
{
	u64 end = !count || count > U64_MAX - pos ? U64_MAX : pos + count;
	struct ditto_stub *stub = ditto_stub_get(node);
	u32 left = DITTO_OFFLOAD_AT_ONCE, range, ranges;

	if (IS_ERR_OR_NULL(stub))
		return;
	if (READ_ONCE(stub->damaged) || READ_ONCE(stub->releasing) || op->no_recall)
		goto put;
	spin_lock(&stub->lock);
	ranges = ditto_offload_ranges(&stub->record);
	range = ditto_offload_absent(&stub->record, pos, end);
	spin_unlock(&stub->lock);
	if (range == DITTO_OFFLOAD_NONE)
		goto put;
	for (; left && range < ranges && ditto_offload_range_pos(&stub->record, range) < end;
	     range++, left--)
		if (ditto_recall_range(stub, range, op, false))
			break;
put:
	ditto_stub_put(stub);
}

/**
 * ditto_offload_park - park an operation until data, or room, is there
 * @absence: from an operation that was refused
 * @park: initialised, not parked; woken when the operation is worth repeating: the data is there,
 *	nobody brings it back any more, or something else has happened to the file; room was made,
 *	or nothing gave way
 *
 * Context: may sleep.
 * Return: false if it is worth repeating now, or if too many operations are parked. The park may
 * be woken all the same, so the caller cancels it.
 */
bool ditto_offload_park(const struct ditto_absence *absence, struct ditto_park *park)
{
	struct ditto_stub *stub;
	bool parked;

	if (absence->room)
		return ditto_room_park(absence->node->volume, park);
	if (absence->unchecked)
		return ditto_scan_park(absence->node, park);
	stub = ditto_stub_get(absence->node);
	if (IS_ERR_OR_NULL(stub))
		return false;
	/* A recall that has already ended woke nobody, so it is looked for afterwards. */
	parked = ditto_park_on(&absence->node->point, park) &&
		 ditto_recall_runs(stub, absence->last, absence->read);
	ditto_stub_put(stub);
	return parked;
}
EXPORT_SYMBOL_NS_GPL(ditto_offload_park, "DITTO");

/* The part of ditto_offload_leave() for stubs. */
void ditto_offload_leave_slow(struct ditto_stub *stub)
{
	ditto_stub_put(stub);
}

/*
 * Record that bytes were overwritten with zeros. @stub: entered with DITTO_OFFLOAD_CLEAR; NULL does
 * nothing. Context: no inode lock held. Return: @err, or a negative errno: the ranges that were
 * cleared will be brought back.
 */
int ditto_offload_cleared(struct ditto_stub *stub, u64 pos, u64 count, int err)
{
	if (!stub)
		return err;
	if (!err)
		err = ditto_stub_commit(stub, NULL, pos,
					count > U64_MAX - pos ? U64_MAX : pos + count);
	spin_lock(&stub->lock);
	stub->clearing--;
	spin_unlock(&stub->lock);
	ditto_stub_wake(stub);
	return err;
}

/* Byte behind the absent ranges that contain @pos; @pos if it is in the file. */
static u64 stub_absent_end(struct ditto_stub *stub, u64 pos)
{
	struct ditto_offload_record *record = &stub->record;
	u32 ranges, next, range;
	u64 end = pos;

	spin_lock(&stub->lock);
	range = ditto_offload_absent(record, pos, pos + 1);
	if (range != DITTO_OFFLOAD_NONE) {
		ranges = ditto_offload_ranges(record);
		next = find_next_bit(record->map, ranges, range);
		end = ditto_offload_range_end(record, min(next, ranges) - 1);
	}
	spin_unlock(&stub->lock);
	return end;
}

/* First byte from @pos on that is absent; the size of the record if none is. */
static u64 stub_absent_next(struct ditto_stub *stub, u64 pos)
{
	u64 at = U64_MAX;
	u32 range;

	spin_lock(&stub->lock);
	range = ditto_offload_absent(&stub->record, pos, stub->record.size);
	if (range != DITTO_OFFLOAD_NONE)
		at = max(pos, ditto_offload_range_pos(&stub->record, range));
	spin_unlock(&stub->lock);
	return at;
}

/*
 * Correct what the file system says about holes. @stub: entered with DITTO_OFFLOAD_LOOK, or NULL.
 * Absent ranges are data. Return: the offset, or an errno as vfs_llseek().
 */
loff_t ditto_offload_seek(struct ditto_stub *stub, struct file *file, u64 pos, bool hole)
{
	loff_t at;
	u64 end;

	if (!stub)
		return vfs_llseek(file, pos, hole ? SEEK_HOLE : SEEK_DATA);
	if (!hole) {
		at = vfs_llseek(file, pos, SEEK_DATA);
		end = stub_absent_next(stub, pos);
		if (end == U64_MAX || (at < 0 && at != -ENXIO))
			return at;
		return at < 0 ? end : min_t(u64, at, end);
	}
	for (;;) {
		at = vfs_llseek(file, pos, SEEK_HOLE);
		if (at < 0)
			return at;
		end = stub_absent_end(stub, at);
		if (end == at || end >= i_size_read(file_inode(file)))
			return end == at ? at : i_size_read(file_inode(file));
		pos = end;
	}
}

/*
 * Make sure that the size of a file can be changed. @node: a regular file, held; @stub: filled, for
 * ditto_offload_resize_end(); NULL if the file is whole. Only a range that the new size divides
 * must be in the file. Context: no inode lock held. Until the end, no data is brought back. Return:
 * as ditto_offload_enter().
 */
int ditto_offload_resize_begin(struct ditto_op *op, struct ditto_node *node, u64 size,
			       struct ditto_stub **found)
{
	struct ditto_stub *stub;
	int err;

	*found = NULL;
	if (likely(test_bit(DITTO_NODE_WHOLE, &node->flags)))
		return 0;
	err = access_get(node, &stub);
	if (!stub)
		return err;
	down_write(&stub->sem);
	err = access_check(op, stub);
	/* Whoever empties the file needs none of its data; another size is to leave some. */
	if (!err && size)
		err = ditto_stub_conflict_check(stub);
	err = err ?: ditto_stub_error(ditto_stub_store_cut(stub));
	/* The range that is cut keeps data. */
	if (!err && size && size < stub->record.size &&
	    size & ((1ULL << stub->record.shift) - 1))
		err = access_want(op, stub, false, size - 1, size);
	if (err) {
		up_write(&stub->sem);
		ditto_stub_put(stub);
		return err;
	}
	*found = stub;
	return 0;
}

/*
 * Record the size. @stub: from ditto_offload_resize_begin(), or NULL. Context: no inode lock held;
 * the caller has write access to the mount. Return: @err, or a negative errno.
 */
int ditto_offload_resize_end(struct ditto_stub *stub, u64 size, int err)
{
	if (!stub)
		return err;
	/*
	 * The file is shorter on disk before the record is: after a crash between the two, the
	 * record is cut when it is read.
	 */
	if (size < stub->record.size)
		err = ditto_stub_error(ditto_stub_cut(stub, size)) ?: err;
	up_write(&stub->sem);
	ditto_stub_wake(stub);
	ditto_stub_put(stub);
	return err;
}
