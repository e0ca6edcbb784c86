// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conflicts: data in absent ranges that this server has not written. A local process wrote it while
 * nobody guarded the file, as without this module, and what the store has would replace it. Neither
 * is overwritten: nothing is brought back into such a file until the administrator has decided.
 *
 * A file is looked at before the first of its ranges is brought back, once for each stub: while its
 * stub exists, nobody else writes there. If the file has the change number of its release, nobody
 * has. Otherwise the file system tells where it has data. What this server itself may leave in
 * absent ranges does not count, see record.h: parts of recalls that did not end, and what the file
 * system did not free. The record says so before any of that is written. It need not be durable
 * alone: file systems do not make a change of metadata durable before an earlier one of the file.
 *
 * Locking: stub->io is held from the look at the record to that at the file, so no recall begins to
 * write in between.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "../../net/event.h"
#include "../../net/server.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "fault.h"
#include "stub.h"

/*
 * Record that this server may leave data in an absent range. It is recorded on the disk before what
 * is written into the range afterwards. Context: neither write access to the mount nor an inode
 * lock held. Return: 0 or an errno.
 */
int ditto_stub_own(struct ditto_stub *stub, struct file *file, u32 range)
{
	struct ditto_offload_record *next;
	int err = 0;

	file_start_write(file);
	mutex_lock(&stub->io);
	next = ditto_stub_copy_record(stub);
	if (!next) {
		err = -ENOMEM;
		goto unlock;
	}
	/* A range that was cut is not brought back, and another stub may have stored the record. */
	if (range >= ditto_offload_ranges(next) || rcu_access_pointer(stub->node->stub) != stub ||
	    !ditto_offload_own(next, range))
		goto free;
	err = ditto_stub_store(stub, file, next, false);
	if (err)
		goto free;
	spin_lock(&stub->lock);
	if (range < ditto_offload_ranges(&stub->record))
		ditto_offload_own(&stub->record, range);
	spin_unlock(&stub->lock);
free:
	kfree(next);
unlock:
	mutex_unlock(&stub->io);
	file_end_write(file);
	return err ?: ditto_fault(DITTO_FAULT_FILL_OWNED);
}

/*
 * Byte behind the part of the content that is looked at. If the file is longer, clients may have
 * written behind the content, and the file system has data for the whole block, or folio of tmpfs.
 */
static u64 conflict_end(const struct inode *inode, const struct ditto_offload_record *record)
{
	u64 size = i_size_read(inode), unit = max_t(u64, PAGE_SIZE, i_blocksize(inode));

	if (size <= record->size)
		return size;
	if (!mapping_can_writeback(inode->i_mapping))
		unit = 1ULL << record->shift;
	return round_down(record->size, unit);
}

/* The range from which on data counts again: the first one that is absent, and not our own. */
static u32 conflict_next(const struct ditto_offload_record *record, u32 range)
{
	u32 ranges = ditto_offload_ranges(record);

	do {
		range = find_next_zero_bit(record->map, ranges, range);
		if (range >= ranges || !ditto_offload_is_own(record, range))
			return range;
		range++;
	} while (true);
}

/*
 * Find data in absent ranges that this server has not left there. Context: no inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_conflict_find(struct file *file, const struct ditto_offload_record *record,
			     u32 *found)
{
	u64 end = conflict_end(file_inode(file), record);
	u32 range = conflict_next(record, 0), next;
	loff_t data;

	*found = DITTO_OFFLOAD_NONE;
	while (ditto_offload_range_pos(record, range) < end) {
		data = vfs_llseek(file, ditto_offload_range_pos(record, range), SEEK_DATA);
		if (data < 0)
			return data == -ENXIO ? 0 : data;
		if (data >= end)
			return 0;
		next = conflict_next(record, data >> record->shift);
		if (next == data >> record->shift) {
			*found = next;
			return 0;
		}
		range = next;
	}
	return 0;
}

static bool conflict_is_excluded(const struct ditto_stub *stub)
{
	struct inode *inode = stub->node->inode;

	return ditto_stub_counts(stub->node) && stub->record.size <= i_size_read(inode) &&
	       stub->record.change == ditto_offload_change(inode);
}

static void conflict_report(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	char text[DITTO_SHARE_NAME_MAX + NAME_MAX + 448];
	char share[DITTO_SHARE_NAME_MAX + 1] = "";
	struct dentry *dentry;

	ditto_volume_share_name(node->volume, share, sizeof(share));
	dentry = ditto_node_dentry(node);
	snprintf(text, sizeof(text),
		 "%s: inode %llu (%pd): conflict: it was written while no server guarded it, and its data is in the store; it is not read or overwritten before you decide: \"dittoctl offload recall --overwrite\" takes what the store has%s, \"--keep-local\" what was written, and the rest from the store",
		 share, (u64)node->inode->i_ino, dentry,
		 i_size_read(node->inode) > stub->record.size ?
			", and leaves what is behind it, for the file is longer now" : "");
	dput(dentry);
	pr_warn_ratelimited("share %s\n", text);
	ditto_event(node->volume->srv, DITTO_EVENT_OFFLOAD_FAILED, text);
}

/*
 * Learn whether a stub has a conflict, and tell the administrator. stub->io is held. Return: 0, or
 * an errno if that is not known.
 */
int ditto_stub_conflict_look(struct ditto_stub *stub, struct file *file)
{
	u32 range = DITTO_OFFLOAD_NONE;
	int err = 0;

	lockdep_assert_held(&stub->io);
	if (READ_ONCE(stub->checked))
		return 0;
	if (!conflict_is_excluded(stub))
		err = ditto_stub_conflict_find(file, &stub->record, &range);
	if (err)
		return err;
	if (range != DITTO_OFFLOAD_NONE) {
		WRITE_ONCE(stub->conflict, true);
		conflict_report(stub);
	}
	WRITE_ONCE(stub->checked, true);
	return 0;
}

/*
 * Make sure that nothing is overwritten that somebody else has written. Context: may sleep for the
 * disk; no lock inside of stub->sem held. Return: 0; -EIO if there is a conflict, or that is not
 * known; or what ditto_stub_error() says.
 */
int ditto_stub_conflict_check(struct ditto_stub *stub)
{
	struct ditto_file *own;
	int err = 0;

	if (likely(READ_ONCE(stub->checked)))
		return READ_ONCE(stub->conflict) ? -EIO : 0;
	mutex_lock(&stub->io);
	if (conflict_is_excluded(stub)) {
		WRITE_ONCE(stub->checked, true);
		goto unlock;
	}
	own = ditto_file_open_own(stub->node->volume->mnt, stub->node);
	if (IS_ERR(own)) {
		err = PTR_ERR(own);
		goto unlock;
	}
	err = ditto_stub_conflict_look(stub, own->file);
	ditto_file_put(own);
unlock:
	mutex_unlock(&stub->io);
	if (err)
		return ditto_stub_error(err);
	return READ_ONCE(stub->conflict) ? -EIO : 0;
}

/*
 * Data that was written is to be replaced: from now on it counts as left by this server. The file
 * gets the size of its content.
 */
static int conflict_overwrite(struct ditto_stub *stub, struct file *file)
{
	struct ditto_offload_record *next;
	struct inode *inode = file_inode(file);
	int err = 0;

	file_start_write(file);
	mutex_lock(&stub->io);
	next = ditto_stub_copy_record(stub);
	if (!next) {
		err = -ENOMEM;
		goto unlock;
	}
	ditto_offload_own_all(next);
	inode_lock(inode);
	if (i_size_read(inode) < next->size)
		err = ditto_file_set_size(file, next->size);
	inode_unlock(inode);
	err = err ?: ditto_stub_store(stub, file, next, true);
	if (!err) {
		spin_lock(&stub->lock);
		ditto_offload_own_all(&stub->record);
		spin_unlock(&stub->lock);
	}
	kfree(next);
unlock:
	mutex_unlock(&stub->io);
	file_end_write(file);
	return err;
}

/*
 * Data that was written stays, and what is absent around it comes back. Nothing is recorded: until
 * the ranges are in the file, a server that starts anew asks for the decision again.
 */
static int conflict_keep_local(struct ditto_stub *stub, struct file *file)
{
	u64 size;
	int err = 0;

	file_start_write(file);
	size = i_size_read(file_inode(file));
	/* Content that was cut is gone. */
	if (size < READ_ONCE(stub->record.size))
		err = ditto_stub_cut(stub, size);
	file_end_write(file);
	if (err)
		return err;
	spin_lock(&stub->lock);
	stub->keep_local = true;
	spin_unlock(&stub->lock);
	return 0;
}

/*
 * Tell what somebody else has written from holes that are to be filled. Context: no inode lock
 * held. Return: 1 if the piece was written and stays; 0 if it is to be filled; an errno.
 */
int ditto_stub_conflict_piece(struct file *file, const struct ditto_offload_record *record,
			      u64 pos, u64 *end)
{
	u64 stop = conflict_end(file_inode(file), record);
	loff_t at;

	*end = U64_MAX;
	if (pos >= stop)
		return 0;
	at = vfs_llseek(file, pos, SEEK_DATA);
	if (at == -ENXIO || at >= (loff_t)stop)
		return 0;
	if (at > (loff_t)pos) {
		*end = at;
		return 0;
	}
	if (at >= 0)
		at = vfs_llseek(file, pos, SEEK_HOLE);
	if (at < 0)
		return at;
	*end = min_t(u64, at, stop);
	return 1;
}

/*
 * End a conflict, if there is one. Context: neither write access to the mount nor an inode lock
 * held. Return: 0 or an errno.
 */
int ditto_stub_conflict_decide(struct ditto_stub *stub, enum ditto_offload_choice choice)
{
	struct ditto_node *node = stub->node;
	const struct cred *old;
	struct ditto_file *own;
	int err;

	err = ditto_stub_conflict_check(stub);
	if (!READ_ONCE(stub->conflict))
		return err;
	own = ditto_file_open_own(node->volume->mnt, node);
	if (IS_ERR(own))
		return PTR_ERR(own) == -EJUKEBOX ? -EBUSY : PTR_ERR(own);
	old = override_creds(node->volume->srv->nodes->cred);
	err = choice == DITTO_OFFLOAD_OVERWRITE ? conflict_overwrite(stub, own->file) :
						    conflict_keep_local(stub, own->file);
	revert_creds(old);
	ditto_file_put(own);
	if (err)
		return err;
	spin_lock(&stub->lock);
	stub->error = 0;
	WRITE_ONCE(stub->conflict, false);
	spin_unlock(&stub->lock);
	return 0;
}
