// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recalls: ranges that the helper was asked for, see offload.h.
 *
 * There is one recall of a range at a time, whoever needs it. The helper gives the data in order
 * with offload-fill (fill.c), and then answers the request. The answer, the deadline or the end of
 * the helper completes the request, and a worker ends the recall: it makes the data durable, then
 * the record, and only then is the range in the file. Reads find the beginning of one earlier, as
 * far as that is on the disk. A recall that the helper has not filled to its end has failed,
 * whatever the helper answers.
 *
 * The deadline is one for progress, since no other one fits both a range of many megabytes on a
 * slow line and a store that has stopped: it begins anew with each piece that was taken, and with
 * each notice of the helper that more has come to it (upcall-progress).
 *
 * Each file system has a queue in which recalls wait for their turn, for one that is frozen or
 * hangs keeps all its turns until their deadlines. The helper knows the file system, too, and
 * keeps apart what waits for each.
 *
 * Locking: recall->lock (mutex) is held while data is copied, and taken by the worker to end that.
 * It nests outside of the lock of struct ditto_room, write access to the mount and stub->sem.
 * stub->lock guards the list of recalls. The table of recalls has its own lock.
 *
 * Lifetime: the request has a reference, which passes to the worker; so has whoever copies data. A
 * recall holds the node.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/wait_bit.h>

#include "../../net/event.h"
#include "../../net/fairq.h"
#include "../../net/helper/upcall.h"
#include "../../net/netlink.h"
#include "../../net/server.h"
#include "../../net/stats.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../op/op.h"
#include "../share/cred.h"
#include "../share/share.h"
#include "fault.h"
#include "recall.h"
#include "stub.h"

const struct ditto_fairq_limits ditto_recall_limits = {
	.width = 16, .peer_width = 16, .waiting = 4096, .peer_waiting = 4096,
};

/* The file is not in use by the server any more; nothing is taken. */
static void recall_close_file(struct ditto_recall *recall)
{
	if (recall->file)
		ditto_file_put(recall->file);
	recall->file = NULL;
}

/* Drop a reference. May sleep. */
void ditto_recall_put(struct ditto_recall *recall)
{
	if (!refcount_dec_and_test(&recall->ref))
		return;
	recall_close_file(recall);
	if (recall->ahead)
		atomic_dec(&recall->node->volume->offload_ahead);
	ditto_stub_put(recall->stub);
	ditto_node_put(recall->node);
	mutex_destroy(&recall->lock);
	kfree(recall->rest);
	kfree(recall);
}

static int recall_ask_put(struct sk_buff *msg, void *arg)
{
	const struct ditto_recall *recall = arg;
	const struct ditto_offload_record *record = &recall->stub->record;
	const struct super_block *sb = recall->node->volume->sb;

	if (ditto_nl_put_u64(msg, DITTO_A_UPCALL_FILE_SYSTEM, new_encode_dev(sb->s_dev)) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_RECALL, recall->number) ||
	    nla_put_string(msg, DITTO_A_UPCALL_SHARE, recall->share) ||
	    nla_put(msg, DITTO_A_UPCALL_COOKIE, record->cookie_len, record->cookie) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_FILE_SIZE, READ_ONCE(record->size)) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_OFFSET, recall->pos) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_LENGTH, recall->end - recall->pos))
		return -EMSGSIZE;
	return 0;
}

static int recall_ask_got(struct genl_info *info, void *arg)
{
	return 0;
}

static void recall_ask_failed(struct genl_info *info, void *arg)
{
	struct ditto_recall *recall = arg;
	const struct nlattr *text = info->attrs[DITTO_A_UPCALL_ERROR_TEXT];

	if (text)
		strscpy(recall->cause, nla_data(text), sizeof(recall->cause));
}

static void recall_ask_done(struct ditto_upcall_req *ask, int err)
{
	struct ditto_recall *recall = container_of(ask, struct ditto_recall, ask);

	recall->error = err;
	queue_work(ask->srv->offload->wq, &recall->work);
}

static void recall_report(struct ditto_recall *recall, int err)
{
	u64 ino = recall->node->inode->i_ino;
	char text[DITTO_SHARE_NAME_MAX + DITTO_RECALL_CAUSE_MAX + 128];

	snprintf(text, sizeof(text), "%s: inode %llu: data of %llu bytes at %llu: error %d%s%s",
		 recall->share, ino, recall->end - recall->pos, recall->pos, -err,
		 *recall->cause ? ": " : "", recall->cause);
	pr_warn_ratelimited("share %s cannot be brought back\n", text);
	ditto_event(recall->ask.srv, DITTO_EVENT_OFFLOAD_FAILED, text);
}

static void recall_report_whole(struct ditto_recall *recall)
{
	char text[DITTO_SHARE_NAME_MAX + 64];

	snprintf(text, sizeof(text), "%s: inode %llu", recall->share,
		 (u64)recall->node->inode->i_ino);
	ditto_event(recall->ask.srv, DITTO_EVENT_OFFLOAD_RESIDENT, text);
}

/* No more data is taken. Return: whether all was. */
static bool recall_close(struct ditto_recall *recall)
{
	bool filled;

	mutex_lock(&recall->lock);
	recall->ended = true;
	filled = recall->filled >= recall->end;
	mutex_unlock(&recall->lock);
	return filled;
}

/*
 * Note the result of an attempt, 0 or an errno, for those who wait. A success of one range does not
 * hide an unreported failure of another one.
 */
static void recall_note_locked(struct ditto_stub *stub, int err)
{
	lockdep_assert_held(&stub->lock);
	if (!err && !stub->told)
		return;
	stub->error = err;
	stub->error_at = jiffies;
	stub->told = false;
}

static int recall_commit(struct ditto_recall *recall)
{
	struct ditto_stub *stub = recall->stub;
	u64 end = recall->end;

	/* Whoever uses the data once it is there notes that. */
	spin_lock(&stub->lock);
	stub->used = recall->used;
	stub->came = jiffies;
	spin_unlock(&stub->lock);
	/* The last range ends with the content, which may have become shorter. */
	if (end >= READ_ONCE(stub->record.size))
		end = U64_MAX >> 1;
	return ditto_fault(DITTO_FAULT_COMMIT_DATA) ?:
	       ditto_stub_commit(stub, recall->file ? recall->file->file : NULL,
				 ditto_offload_range_pos(&stub->record, recall->range), end);
}

/*
 * What may be read of a range whose recall has failed stays, unless the disk may have failed: the
 * next recall does not see this one's errors. Return: NULL if nothing stays.
 */
static struct ditto_part *recall_part(const struct ditto_recall *recall)
{
	u64 pos = ditto_offload_range_pos(&recall->stub->record, recall->range);

	if (recall->flush_error || ditto_stub_needs_fsync(recall->node->inode->i_sb))
		return NULL;
	return recall->readable > pos ? ditto_part_alloc(recall->range, recall->readable) : NULL;
}

static void recall_work(struct work_struct *work)
{
	struct ditto_recall *recall = container_of(work, struct ditto_recall, work);
	struct ditto_offload *offload = recall->ask.srv->offload;
	struct ditto_volume *volume = recall->node->volume;
	struct ditto_stub *stub = recall->stub;
	bool filled = recall_close(recall), all;
	struct ditto_part *part = NULL;
	u64 room, reserve;
	bool commits;
	int err;

	cancel_work_sync(&recall->flush);
	err = recall->error ?: recall->flush_error;
	if (!filled && !err) {
		strscpy(recall->cause, "the helper did not give all data", sizeof(recall->cause));
		err = -EIO;
	}
	commits = !err;
	if (commits)
		err = recall_commit(recall);
	recall_close_file(recall);
	xa_erase(&offload->recalls, recall->id);
	if (!err)
		ditto_release_candidate_note(stub);
	else if (!commits)
		part = recall_part(recall);
	spin_lock(&stub->lock);
	recall_note_locked(stub, err);
	if (part)
		ditto_part_keep_locked(stub, part);
	/* While the recall is in the list, the data stays. */
	list_del(&recall->link);
	stub->whole &= !err;
	all = stub->whole;
	spin_unlock(&stub->lock);
	ditto_stats_count(offload->stats, DITTO_OFFLOAD_COUNT_RECALL, err,
			  ktime_get_ns() - recall->began, err ? 0 : recall->end - recall->pos);
	if (err)
		recall_report(recall, err);
	else if (test_bit(DITTO_NODE_WHOLE, &recall->node->flags))
		recall_report_whole(recall);
	if (all && ditto_recall_all(stub) == -ENOMEM) {
		spin_lock(&stub->lock);
		recall_note_locked(stub, -ENOMEM);
		spin_unlock(&stub->lock);
	}
	ditto_stub_wake(stub);
	/* This recall has no waiters any more; the next ones are to find room. */
	if (!err) {
		room = ditto_room_now(volume, &reserve);
		ditto_release_restore_reserve(volume, room, reserve, recall->end - recall->pos);
	}
	ditto_recall_put(recall);
}

static struct ditto_recall *recall_alloc(struct ditto_stub *stub, u32 range)
{
	struct ditto_offload *offload = stub->node->volume->srv->offload;
	struct ditto_recall *recall = kzalloc(sizeof(*recall), GFP_KERNEL);
	int err;

	if (!recall)
		return NULL;
	err = xa_alloc_cyclic(&offload->recalls, &recall->id, NULL, XA_LIMIT(1, U32_MAX),
			      &offload->next, GFP_KERNEL);
	if (err < 0) {
		kfree(recall);
		return NULL;
	}
	/* One for the request, one for the caller. */
	refcount_set(&recall->ref, 2);
	INIT_WORK(&recall->work, recall_work);
	INIT_WORK(&recall->flush, ditto_fill_flush);
	mutex_init(&recall->lock);
	init_completion(&recall->begun);
	refcount_inc(&stub->ref);
	recall->stub = stub;
	ditto_node_hold(stub->node);
	recall->node = stub->node;
	recall->number = (u64)offload->term << 32 | recall->id;
	recall->range = range;
	recall->began = ktime_get_ns();
	ditto_volume_share_name(stub->node->volume, recall->share, sizeof(recall->share));
	return recall;
}

/* The recall of a range, or NULL. */
static struct ditto_recall *recall_of_locked(struct ditto_stub *stub, u32 range)
{
	struct ditto_recall *recall;

	lockdep_assert_held(&stub->lock);
	list_for_each_entry(recall, &stub->recalls, link)
		if (recall->range == range)
			return recall;
	return NULL;
}

/*
 * As ditto_offload_absent(), for a read, which may have the beginning of a range while the rest
 * comes. stub->lock is held.
 */
u32 ditto_recall_absent_locked(struct ditto_stub *stub, u64 pos, u64 end)
{
	const struct ditto_offload_record *record = &stub->record;
	u32 range = ditto_offload_absent(record, pos, end);

	while (range != DITTO_OFFLOAD_NONE) {
		const struct ditto_recall *recall = recall_of_locked(stub, range);
		u64 readable = recall ? recall->readable : ditto_part_end_locked(stub, range);
		u64 range_end = ditto_offload_range_end(record, range);

		if (readable < min(end, range_end))
			break;
		range = ditto_offload_absent(record, range_end, end);
	}
	return range;
}

/* An operation uses these bytes, which it has found. stub->lock is held. */
void ditto_recall_use_locked(struct ditto_stub *stub, u64 pos, u64 end)
{
	struct ditto_recall *recall;

	lockdep_assert_held(&stub->lock);
	stub->used = true;
	list_for_each_entry(recall, &stub->recalls, link)
		recall->used |= ditto_offload_range_pos(&stub->record, recall->range) < end &&
				pos < recall->readable;
}

/*
 * Any context. Return: true if a byte is absent, for a read or for others, and something goes on
 * that ends with ditto_stub_wake().
 */
bool ditto_recall_runs(struct ditto_stub *stub, u64 pos, bool read)
{
	u32 range = pos >> stub->record.shift;
	bool runs;

	spin_lock(&stub->lock);
	runs = stub->clearing || stub->releasing || recall_of_locked(stub, range);
	if (read)
		runs &= ditto_recall_absent_locked(stub, pos, pos + 1) != DITTO_OFFLOAD_NONE;
	else
		runs &= ditto_offload_absent(&stub->record, pos, pos + 1) != DITTO_OFFLOAD_NONE;
	spin_unlock(&stub->lock);
	return runs;
}

/* A range is due if it is absent and nobody has asked for it. */
static bool recall_is_due_locked(struct ditto_stub *stub, u32 range)
{
	lockdep_assert_held(&stub->lock);
	if (range >= ditto_offload_ranges(&stub->record) || test_bit(range, stub->record.map))
		return false;
	return !recall_of_locked(stub, range) && !stub->clearing && !stub->releasing &&
	       !READ_ONCE(stub->node->volume->offload_stopped);
}

/* Requests are sent in turn for machines, and for the users of each. */
static void recall_set_asker(struct ditto_recall *recall, const struct ditto_op *op)
{
	if (!op)
		return;
	if (op->from)
		recall->ask.peer = *op->from;
	if (op->cred)
		recall->ask.user = from_kuid(&init_user_ns, op->cred->cred->fsuid);
}

/*
 * May the server write into a file? Not in a read-only snapshot, as btrfs has them, nor on a
 * read-only file system. An immutable file gets back what is its content.
 */
static int recall_may_write(struct inode *inode)
{
	if (!IS_IMMUTABLE(inode))
		return inode_permission(&nop_mnt_idmap, inode, MAY_WRITE);
	if (sb_rdonly(inode->i_sb))
		return -EROFS;
	return inode->i_op->permission ?
	       inode->i_op->permission(&nop_mnt_idmap, inode, MAY_WRITE) : 0;
}

/*
 * Can data be written into the file? Otherwise nothing is fetched in vain, and the reason is logged
 * once. Return: 0 or -EIO.
 */
static int recall_check_file(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	char share[DITTO_SHARE_NAME_MAX + 1];
	char text[DITTO_SHARE_NAME_MAX + NAME_MAX + 192];
	const struct cred *old;
	struct dentry *dentry;
	int err;

	old = override_creds(node->volume->srv->nodes->cred);
	err = recall_may_write(node->inode);
	revert_creds(old);
	if (likely(!err)) {
		WRITE_ONCE(stub->refused, false);
		return 0;
	}
	if (xchg(&stub->refused, true))
		return -EIO;
	ditto_volume_share_name(node->volume, share, sizeof(share));
	dentry = ditto_node_dentry(node);
	snprintf(text, sizeof(text),
		 "%s: inode %llu (%pd): its data is not here, and cannot be brought back into a file that is %s: error %d",
		 share, (u64)node->inode->i_ino, dentry,
		 err == -EROFS ? "in a read-only snapshot or file system" : "read-only", -err);
	dput(dentry);
	pr_warn_ratelimited("share %s\n", text);
	ditto_event(node->volume->srv, DITTO_EVENT_OFFLOAD_FAILED, text);
	return -EIO;
}

/* Any context. Return: true if the range is absent, and nobody has asked for it. */
bool ditto_recall_is_due(struct ditto_stub *stub, u32 range)
{
	bool due;

	spin_lock(&stub->lock);
	due = recall_is_due_locked(stub, range);
	spin_unlock(&stub->lock);
	return due;
}

/*
 * Ask for a range, unless that is done already. @op: who needs it, for fair ordering; NULL for the
 * server itself. Context: may sleep for memory. Return: 0; -EIO if data cannot be written into the
 * file; -ENOMEM.
 */
int ditto_recall_range(struct ditto_stub *stub, u32 range, const struct ditto_op *op, bool ahead)
{
	struct ditto_volume *volume = stub->node->volume;
	struct ditto_server *srv = volume->srv;
	struct ditto_recall *recall;
	bool due;
	int err;

	if (!ditto_recall_is_due(stub, range))
		return 0;
	err = recall_check_file(stub) ?: ditto_stub_conflict_check(stub);
	if (err)
		return err;
	recall = recall_alloc(stub, range);
	if (!recall)
		return -ENOMEM;
	recall->ahead = ahead;
	if (ahead)
		atomic_inc(&volume->offload_ahead);
	spin_lock(&stub->lock);
	due = recall_is_due_locked(stub, range);
	if (due) {
		recall->pos = ditto_part_take_locked(stub, range);
		recall->filled = recall->pos;
		recall->readable = recall->pos;
		recall->end = ditto_offload_range_end(&stub->record, range);
		recall->keep_local = stub->keep_local &&
				     !ditto_offload_is_own(&stub->record, range);
		list_add_tail(&recall->link, &stub->recalls);
	}
	spin_unlock(&stub->lock);
	if (!due) {
		xa_erase(&srv->offload->recalls, recall->id);
		ditto_recall_put(recall);
		ditto_recall_put(recall);
		return 0;
	}
	xa_store(&srv->offload->recalls, recall->id, recall, GFP_KERNEL);
	recall->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_OFFLOAD_FETCH,
		.put = recall_ask_put,
		.got = recall_ask_got,
		.failed = recall_ask_failed,
		.arg = recall,
		.deadline_ms = READ_ONCE(srv->settings.offload_recall_ms),
		.queue = &volume->offload_queue,
		.moved = &volume->offload_moved,
	};
	ditto_fairq_set_width(&volume->offload_queue, READ_ONCE(srv->settings.offload_recalls));
	recall_set_asker(recall, op);
	recall->ask.done = recall_ask_done;
	ditto_upcall_start(srv, &recall->ask);
	complete_all(&recall->begun);
	ditto_recall_put(recall);
	return 0;
}

/*
 * Ask for all absent ranges, some at a time. Context: may sleep for memory. Return: 0; -EBUSY while
 * the blocks are being freed; -EIO, -ENOSPC or -EDQUOT after a failure; -ENOMEM.
 */
int ditto_recall_all(struct ditto_stub *stub)
{
	u32 left = DITTO_OFFLOAD_AT_ONCE, range = 0, ranges, absent;
	int err = 0;

	spin_lock(&stub->lock);
	ranges = ditto_offload_ranges(&stub->record);
	absent = ditto_offload_absent(&stub->record, 0, stub->record.size);
	if (stub->releasing)
		err = -EBUSY;
	else if (stub->damaged)
		err = -EIO;
	else if (absent != DITTO_OFFLOAD_NONE)
		err = ditto_stub_failed_locked(stub);
	stub->whole = !err;
	spin_unlock(&stub->lock);
	if (err)
		return err;
	if (absent == DITTO_OFFLOAD_NONE)
		return ditto_stub_end(stub);
	for (; left; left--, range++) {
		spin_lock(&stub->lock);
		range = find_next_zero_bit(stub->record.map, ranges, range);
		spin_unlock(&stub->lock);
		if (range >= ranges)
			break;
		err = ditto_recall_range(stub, range, NULL, false);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Begin to bring back all data of a file. @node: a regular file, held. Context: does not wait for
 * the data. Return: 0; -EALREADY if the file is whole; or a negative errno.
 */
int ditto_offload_recall(struct ditto_node *node, enum ditto_offload_choice choice)
{
	struct ditto_stub *stub = S_ISREG(node->inode->i_mode) ? ditto_stub_get(node) : NULL;
	int err = 0;

	if (IS_ERR(stub))
		return PTR_ERR(stub);
	/* The file stays, so it needs nothing in the store any more. */
	if (!stub) {
		if (S_ISREG(node->inode->i_mode))
			ditto_stored_forget(node, NULL);
		return -EALREADY;
	}
	WRITE_ONCE(stub->forget, true);
	if (choice != DITTO_OFFLOAD_REFUSE)
		err = ditto_stub_conflict_decide(stub, choice);
	err = err ?: ditto_recall_all(stub);
	ditto_stub_put(stub);
	return err;
}

/* Find a recall by its number for the helper. Any context. A reference, or NULL. */
struct ditto_recall *ditto_recall_find(struct ditto_offload *offload, u64 number)
{
	struct ditto_recall *recall;

	xa_lock(&offload->recalls);
	recall = xa_load(&offload->recalls, lower_32_bits(number));
	if (recall && recall->number == number)
		refcount_inc(&recall->ref);
	else
		recall = NULL;
	xa_unlock(&offload->recalls);
	return recall;
}

/* The first recall of a volume whose id is @id or more, which @id is set to; held. Or NULL. */
static struct ditto_recall *recall_of_volume(struct ditto_offload *offload,
					     const struct ditto_volume *volume, unsigned long *id)
{
	struct ditto_recall *recall;

	xa_lock(&offload->recalls);
	xa_for_each_start(&offload->recalls, *id, recall, *id) {
		if (recall->node->volume == volume) {
			refcount_inc(&recall->ref);
			break;
		}
	}
	xa_unlock(&offload->recalls);
	return recall;
}

/* Recalls of other file systems are not waited for: their disks may hang. */
static void recalls_cancel(struct ditto_offload *offload, const struct ditto_volume *volume)
{
	struct ditto_recall *recall;
	unsigned long id;

	for (id = 0; (recall = recall_of_volume(offload, volume, &id)); id++) {
		wait_for_completion(&recall->begun);
		if (ditto_upcall_cancel(&recall->ask))
			recall_ask_done(&recall->ask, -ESHUTDOWN);
		ditto_recall_put(recall);
	}
	for (id = 0; (recall = recall_of_volume(offload, volume, &id)); id++) {
		flush_work(&recall->work);
		ditto_recall_put(recall);
	}
}

/* End all recalls of a volume that has stopped. May sleep. */
void ditto_recalls_stop(struct ditto_volume *volume)
{
	/* A local process that saw the volume before may still ask for data. */
	do {
		recalls_cancel(volume->srv->offload, volume);
	} while (!wait_var_event_timeout(&volume->offload_waits,
					 !atomic_read(&volume->offload_waits),
					 msecs_to_jiffies(20)));
	recalls_cancel(volume->srv->offload, volume);
}

static const char *const offload_ops[DITTO_OFFLOAD_COUNTS] = {
	[DITTO_OFFLOAD_COUNT_RELEASE] = "release",
	[DITTO_OFFLOAD_COUNT_ADOPT] = "adopt",
	[DITTO_OFFLOAD_COUNT_RECALL] = "recall",
	[DITTO_OFFLOAD_COUNT_FILL] = "fill",
};

int ditto_offload_init(struct ditto_server *srv)
{
	struct ditto_offload *offload = kzalloc(sizeof(*offload), GFP_KERNEL);

	if (!offload)
		return -ENOMEM;
	xa_init_flags(&offload->recalls, XA_FLAGS_ALLOC1);
	offload->term = get_random_u32();
	offload->wq = alloc_workqueue("ditto_offload", WQ_UNBOUND, 0);
	if (!offload->wq)
		goto free;
	offload->room_wq = alloc_workqueue("ditto_room", WQ_UNBOUND, 0);
	if (!offload->room_wq)
		goto destroy;
	offload->stats = ditto_stats_register(srv, "offload", offload_ops, DITTO_OFFLOAD_COUNTS);
	if (!offload->stats)
		goto destroy_room;
	srv->offload = offload;
	return 0;

destroy_room:
	destroy_workqueue(offload->room_wq);
destroy:
	destroy_workqueue(offload->wq);
free:
	kfree(offload);
	return -ENOMEM;
}

void ditto_offload_exit(struct ditto_server *srv)
{
	struct ditto_offload *offload = srv->offload;

	destroy_workqueue(offload->wq);
	destroy_workqueue(offload->room_wq);
	ditto_stats_unregister(offload->stats);
	xa_destroy(&offload->recalls);
	srv->offload = NULL;
	kfree(offload);
}
