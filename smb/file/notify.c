// SPDX-License-Identifier: GPL-2.0-only
/*
 * CHANGE_NOTIFY: MS-SMB2 sections 2.2.35, 2.2.36, 3.3.5.19; MS-FSA section 2.1.5.11.
 *
 * A request that finds no changes is parked. As soon as there are changes, the request that has
 * waited longest gets all of them, and runs again to respond. See notify.h for locking and
 * lifetime.
 */
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../../net/budget.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "../wire/name.h"
#include "notify.h"

#define DSMB_NOTIFY_REPLY	9
#define DSMB_NOTIFY_HEAD	8	/* of the response, before the changes */
#define DSMB_NOTIFY_CHANGE_HEAD	12	/* of each change, before its name */
#define DSMB_NOTIFY_ALIGN	4

/* Bytes that are charged in one step. */
#define DSMB_NOTIFY_STEP	SZ_4K

#define DSMB_NOTIFY_TREE	BIT(0)	/* Flags */

/**
 * struct dsmb_notify - CHANGE_NOTIFY state of an open
 * @watch: watch on the open's instance
 * @ref: see notify.h
 * @lock: spinlock; guards the members below
 * @waits: struct dsmb_notify_wait, oldest first
 * @changes: struct dsmb_notify_change, not reported yet
 * @count: number of @changes
 * @bytes: memory used by @changes
 * @charge: charge for @bytes
 * @room: encoded bytes that @changes may take: OutputBufferLength of the first request
 * @used: encoded bytes that @changes take
 * @lost: there were more changes than are kept
 * @rcu: freed under RCU
 */
struct dsmb_notify {
	struct ditto_watch watch;
	refcount_t ref;
	spinlock_t lock;	/* see above */
	struct list_head waits;
	struct list_head changes;
	u32 count;
	u32 bytes;
	struct ditto_charge charge;
	u32 room;
	u32 used;
	bool lost;
	struct rcu_head rcu;
};

/**
 * struct dsmb_notify_wait - a request that waits; @private of its call
 * @notify: state of the open, with a reference
 * @call: the call
 * @link: in @notify->waits; empty if the call runs again soon or ends
 * @given: @status and @changes are set
 * @status: status of the response
 * @changes: changes to report with STATUS_SUCCESS
 */
struct dsmb_notify_wait {
	struct dsmb_notify *notify;
	struct dsmb_call *call;
	struct list_head link;
	bool given;
	u32 status;
	struct list_head changes;
};

struct dsmb_notify_args {
	u16 flags;
	u32 size;		/* OutputBufferLength */
	u64 persistent;
	u64 volatile_id;
	u32 filter;
};

struct dsmb_notify_res {
	u32 len;		/* bytes of the changes */
};

static void dsmb_notify_free_changes(struct list_head *changes)
{
	struct dsmb_notify_change *change, *next;

	list_for_each_entry_safe(change, next, changes, link)
		kfree(change);
	INIT_LIST_HEAD(changes);
}

/* The list of changes is empty, or was taken by a request. */
static void dsmb_notify_forget(struct dsmb_notify *notify)
{
	notify->count = 0;
	notify->bytes = 0;
	notify->used = 0;
	ditto_charge_resize(&notify->charge, 0);
}

static void dsmb_notify_free(struct rcu_head *rcu)
{
	struct dsmb_notify *notify = container_of(rcu, struct dsmb_notify, rcu);

	dsmb_notify_free_changes(&notify->changes);
	ditto_uncharge(&notify->charge);
	kfree(notify);
}

/* A callback of the watch that has ended may still add a change. */
static void dsmb_notify_release(struct dsmb_notify *notify)
{
	if (refcount_dec_and_test(&notify->ref))
		call_rcu(&notify->rcu, dsmb_notify_free);
}

/* Drop the CHANGE_NOTIFY state of an open. @notify: state of the open, or NULL. */
void dsmb_notify_close(struct dsmb_notify *notify)
{
	if (notify)
		dsmb_notify_release(notify);
}

/* Collecting changes */

static bool dsmb_notify_has_news(const struct dsmb_notify *notify)
{
	return notify->lost || notify->count;
}

/* Give all changes to a request. Called with notify->lock held. */
static void dsmb_notify_give(struct dsmb_notify *notify, struct dsmb_notify_wait *wait)
{
	wait->given = true;
	wait->status = notify->lost ? STATUS_NOTIFY_ENUM_DIR : STATUS_SUCCESS;
	list_splice_init(&notify->changes, &wait->changes);
	dsmb_notify_forget(notify);
	notify->lost = false;
}

/* Give the changes to the request that has waited longest. Called with notify->lock held. */
static void dsmb_notify_wake(struct dsmb_notify *notify)
{
	struct dsmb_notify_wait *first;

	lockdep_assert_held(&notify->lock);
	first = list_first_entry_or_null(&notify->waits, struct dsmb_notify_wait, link);
	if (!first || !dsmb_notify_has_news(notify))
		return;
	dsmb_notify_give(notify, first);
	list_del_init(&first->link);
	dsmb_call_rerun(first->call);
}

static void dsmb_notify_lose_locked(struct dsmb_notify *notify)
{
	dsmb_notify_free_changes(&notify->changes);
	dsmb_notify_forget(notify);
	notify->lost = true;
}

/* A modification of the same object as the last change need not be listed again. */
static bool dsmb_notify_is_known(const struct dsmb_notify *notify,
				 const struct ditto_watch_event *event)
{
	const struct dsmb_notify_change *last;

	if (!notify->count || (event->action != DITTO_WATCH_MODIFIED &&
			       event->action != DITTO_WATCH_STREAM_MODIFIED))
		return false;
	last = list_last_entry(&notify->changes, struct dsmb_notify_change, link);
	return last->action == event->action && last->len == event->len &&
	       last->stream_len == event->stream_len &&
	       !memcmp(last->names, event->path, event->len) &&
	       !memcmp(last->names + event->len, event->stream, event->stream_len);
}

static struct dsmb_notify_change *dsmb_notify_copy(const struct ditto_watch_event *event)
{
	struct dsmb_notify_change *change;

	change = kmalloc(struct_size(change, names, event->len + event->stream_len),
			 GFP_ATOMIC | __GFP_NOWARN);
	if (!change)
		return NULL;
	change->action = event->action;
	change->len = event->len;
	change->stream_len = event->stream_len;
	memcpy(change->names, event->path, event->len);
	if (event->stream_len)
		memcpy(change->names + event->len, event->stream, event->stream_len);
	return change;
}

/* UTF-16 units of a name in UTF-8. Invalid UTF-8 may take more. */
static u32 dsmb_notify_units(const char *name, u32 len)
{
	u32 units = 0;

	for (u32 i = 0; i < len; i++) {
		u8 c = name[i];

		units += ((c & 0xc0) != 0x80) + (c >= 0xf0);
	}
	return units;
}

static u32 dsmb_notify_size(const struct ditto_watch_event *event)
{
	u32 units = dsmb_notify_units(event->path, event->len);

	if (event->stream_len)
		units += 1 + dsmb_notify_units(event->stream, event->stream_len);
	return DSMB_NOTIFY_CHANGE_HEAD + 2 * units;
}

static void dsmb_notify_add(struct dsmb_notify *notify, const struct ditto_watch_event *event)
{
	struct dsmb_notify_change *change = NULL;
	u32 bytes = struct_size(change, names, event->len + event->stream_len);
	u32 used;

	/* A client that must read the directory again needs no further changes. */
	if (notify->lost || dsmb_notify_is_known(notify, event))
		return;
	used = ALIGN(notify->used, DSMB_NOTIFY_ALIGN) + dsmb_notify_size(event);
	if (used <= notify->room && notify->count < DSMB_NOTIFY_CHANGES_MAX &&
	    bytes <= DSMB_NOTIFY_BYTES_MAX - notify->bytes &&
	    !ditto_charge_cover(&notify->charge, notify->bytes + bytes, DSMB_NOTIFY_STEP))
		change = dsmb_notify_copy(event);
	if (!change) {
		dsmb_notify_lose_locked(notify);
		return;
	}
	list_add_tail(&change->link, &notify->changes);
	notify->count++;
	notify->bytes += bytes;
	notify->used = used;
}

static struct dsmb_notify *dsmb_notify_of(struct ditto_watch *watch)
{
	return container_of(watch, struct dsmb_notify, watch);
}

static void dsmb_notify_changed(struct ditto_watch *watch, const struct ditto_watch_event *event)
{
	const struct ditto_watch_event renamed = {
		.action = DITTO_WATCH_RENAMED_NEW, .path = event->to, .len = event->to_len,
	};
	struct dsmb_notify *notify = dsmb_notify_of(watch);

	spin_lock(&notify->lock);
	dsmb_notify_add(notify, event);
	/* Clients pair an old name with the new name behind it: no other change comes between. */
	if (event->to)
		dsmb_notify_add(notify, &renamed);
	dsmb_notify_wake(notify);
	spin_unlock(&notify->lock);
}

static void dsmb_notify_lost(struct ditto_watch *watch)
{
	struct dsmb_notify *notify = dsmb_notify_of(watch);

	spin_lock(&notify->lock);
	dsmb_notify_lose_locked(notify);
	dsmb_notify_wake(notify);
	spin_unlock(&notify->lock);
}

static void dsmb_notify_delete_pending(struct ditto_watch *watch)
{
	struct dsmb_notify *notify = dsmb_notify_of(watch);
	struct dsmb_notify_wait *wait, *next;

	spin_lock(&notify->lock);
	list_for_each_entry_safe(wait, next, &notify->waits, link) {
		wait->given = true;
		wait->status = STATUS_DELETE_PENDING;
		list_del_init(&wait->link);
		dsmb_call_rerun(wait->call);
	}
	spin_unlock(&notify->lock);
}

/* The file may have been taken away from the open. Each request finds out when it runs again. */
static void dsmb_notify_ended(struct ditto_watch *watch)
{
	dsmb_notify_lost(watch);
	dsmb_notify_release(dsmb_notify_of(watch));
}

static const struct ditto_watch_ops dsmb_notify_ops = {
	.changed = dsmb_notify_changed,
	.lost = dsmb_notify_lost,
	.delete_pending = dsmb_notify_delete_pending,
	.ended = dsmb_notify_ended,
};

/* Response */

/* Compute an upper bound of the encoded size of changes. Return: bytes. */
u32 dsmb_notify_room(const struct list_head *changes)
{
	const struct dsmb_notify_change *change;
	u32 room = 0;

	/* A byte becomes at most one UTF-16 unit. */
	list_for_each_entry(change, changes, link)
		room += DSMB_NOTIFY_CHANGE_HEAD + DSMB_NOTIFY_ALIGN +
			2 * (change->len + 1 + change->stream_len);
	return room;
}

/* Encode changes as FILE_NOTIFY_INFORMATION. MS-FSCC section 2.7.1. */
void dsmb_notify_encode(struct dsmb_builder *out, const struct list_head *changes)
{
	const struct dsmb_notify_change *change;
	u32 start = out->len, at = start, end;

	list_for_each_entry(change, changes, link) {
		if (at != start || out->len != start) {
			dsmb_builder_reserve(out, -(out->len - start) & (DSMB_NOTIFY_ALIGN - 1));
			dsmb_fill_u32(out, at, out->len - at);
			at = out->len;
		}
		dsmb_encode_u32(out, 0);
		dsmb_encode_u32(out, change->action);
		dsmb_encode_u32(out, 0);
		dsmb_encode_path(out, change->names, change->len);
		if (change->stream_len) {
			dsmb_encode_u16(out, ':');
			dsmb_encode_string(out, change->names + change->len, change->stream_len);
		}
		end = out->len;
		dsmb_fill_u32(out, at + 8, end - at - DSMB_NOTIFY_CHANGE_HEAD);
	}
}

/* Report all changes or none: if they do not fit, they are lost (MS-FSA section 2.1.5.11.1). */
static u32 dsmb_notify_answer(struct dsmb_call *call, const struct list_head *changes, u32 size,
			      struct dsmb_notify_res *res)
{
	u32 room = dsmb_notify_room(changes);
	struct dsmb_builder b;

	if (dsmb_reply_reserve(call, DSMB_NOTIFY_HEAD + room))
		return STATUS_INSUFFICIENT_RESOURCES;
	b = dsmb_builder(call->out.data + DSMB_NOTIFY_HEAD, room);
	dsmb_notify_encode(&b, changes);
	if (b.full || b.len > size)
		return STATUS_NOTIFY_ENUM_DIR;
	res->len = b.len;
	return STATUS_SUCCESS;
}

/* Requests */

static void dsmb_notify_done(struct dsmb_call *call, void *args)
{
	struct dsmb_notify_wait *wait = call->private;

	if (!wait)
		return;
	call->private = NULL;
	spin_lock(&wait->notify->lock);
	list_del_init(&wait->link);
	spin_unlock(&wait->notify->lock);
	dsmb_notify_free_changes(&wait->changes);
	dsmb_notify_release(wait->notify);
	kfree(wait);
}

/*
 * The status of a cancelled request: CANCEL was received, too many requests wait, or the open is
 * closed.
 */
static u32 dsmb_notify_cancelled(struct dsmb_call *call)
{
	if (call->cancel_status == STATUS_INSUFFICIENT_RESOURCES)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (call->cancel_status == STATUS_CANCELLED && !READ_ONCE(call->open->closing))
		return STATUS_CANCELLED;
	return STATUS_NOTIFY_CLEANUP;
}

static void dsmb_notify_cancel(struct dsmb_call *call)
{
	struct dsmb_notify_wait *wait = call->private;
	bool given;

	spin_lock(&wait->notify->lock);
	given = wait->given;
	list_del_init(&wait->link);
	spin_unlock(&wait->notify->lock);
	if (!given)
		dsmb_call_complete(call, dsmb_notify_cancelled(call));
}

/* Join the queue, or take the changes immediately if there are any. */
static struct dsmb_notify_wait *dsmb_notify_enter(struct dsmb_call *call,
						  struct dsmb_notify *notify)
{
	struct dsmb_notify_wait *wait = kzalloc(sizeof(*wait), GFP_KERNEL);

	if (!wait)
		return NULL;
	refcount_inc(&notify->ref);
	wait->notify = notify;
	wait->call = call;
	INIT_LIST_HEAD(&wait->link);
	INIT_LIST_HEAD(&wait->changes);
	call->private = wait;
	call->cancel = dsmb_notify_cancel;
	spin_lock(&notify->lock);
	if (dsmb_notify_has_news(notify))
		dsmb_notify_give(notify, wait);
	else
		list_add_tail(&wait->link, &notify->waits);
	spin_unlock(&notify->lock);
	return wait;
}

/* Respond if the request has been given a status or was cancelled; otherwise park it. */
static u32 dsmb_notify_go_on(struct dsmb_call *call, u32 size, struct dsmb_notify_res *res)
{
	struct dsmb_notify_wait *wait = call->private;
	bool given, cancelled = dsmb_call_is_cancelled(call);

	spin_lock(&wait->notify->lock);
	given = wait->given;
	if (!given && cancelled)
		list_del_init(&wait->link);
	spin_unlock(&wait->notify->lock);
	if (!given && cancelled)
		return dsmb_notify_cancelled(call);
	/*
	 * MS-SMB2 section 3.3.5.2.7: the requests behind it in the compound would wait without end.
	 */
	if (!given)
		return dsmb_message_is_at_last(call->message) ? DSMB_PARKED : STATUS_INTERNAL_ERROR;
	if (wait->status == STATUS_SUCCESS)
		return dsmb_notify_answer(call, &wait->changes, size, res);
	return wait->status;
}

/* The first request on an open decides what is watched. */
static u32 dsmb_notify_begin(struct dsmb_call *call, const struct dsmb_notify_args *args)
{
	struct dsmb_notify *notify = kzalloc(sizeof(*notify), GFP_KERNEL);
	struct dsmb_open *open = call->open;
	struct dsmb_open_rare *rare = open->rare;
	int err;

	lockdep_assert_held(&rare->lock);
	if (!notify)
		return STATUS_INSUFFICIENT_RESOURCES;
	/*
	 * The open has a reference, and the watch another one: it outlives the open if the share is
	 * being removed.
	 */
	refcount_set(&notify->ref, 2);
	spin_lock_init(&notify->lock);
	INIT_LIST_HEAD(&notify->waits);
	INIT_LIST_HEAD(&notify->changes);
	notify->room = args->size;
	notify->watch.ops = &dsmb_notify_ops;
	notify->watch.what = args->filter;
	notify->watch.tree = args->flags & DSMB_NOTIFY_TREE;
	err = ditto_charge(&notify->charge, &call->session->who, DITTO_BUDGET_CHANGES, 0) ?:
	      ditto_instance_watch(open->inst, &notify->watch);
	if (err) {
		ditto_uncharge(&notify->charge);
		kfree(notify);
		return dsmb_status(err);
	}
	rare->notify = notify;
	return STATUS_SUCCESS;
}

/* The request is new and does not wait yet. */
static u32 dsmb_notify_first(struct dsmb_call *call, const struct dsmb_notify_args *args)
{
	struct dsmb_open *open = call->open;
	struct dsmb_open_rare *rare;
	struct ditto_node *node;
	u32 status;

	if (args->size > dsmb_io_max(call->conn) || !dsmb_charge_covers(call, args->size))
		return STATUS_INVALID_PARAMETER;
	if (!open->inst || !ditto_instance_is_dir(open->inst))
		return STATUS_INVALID_PARAMETER;
	/* Clients know this status from Samba: they stop asking, and poll. */
	if (!dsmb_share_notifies(call->share))
		return STATUS_NOT_IMPLEMENTED;
	if (!(open->rights & DITTO_RIGHT_READ_DATA))
		return STATUS_ACCESS_DENIED;
	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;

	rare = dsmb_open_rare(open);
	if (!rare) {
		status = STATUS_INSUFFICIENT_RESOURCES;
		goto end;
	}
	mutex_lock(&rare->lock);
	if (!rare->notify)
		status = dsmb_notify_begin(call, args);
	mutex_unlock(&rare->lock);
	if (status)
		goto end;
	status = STATUS_INSUFFICIENT_RESOURCES;
	if (!dsmb_notify_enter(call, rare->notify))
		goto end;
	/*
	 * The directory may be going. This is checked after the request was queued, so that either
	 * this check or the callback sees it.
	 */
	status = STATUS_SUCCESS;
	if (ditto_instance_delete_pending(open->inst) || IS_DEADDIR(node->inode))
		status = STATUS_DELETE_PENDING;
end:
	dsmb_open_end(call, open);
	return status;
}

static u32 dsmb_notify_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_notify_args *a = args;

	a->flags = dsmb_get_u16(in);
	a->size = dsmb_get_u32(in);
	a->persistent = dsmb_get_u64(in);
	a->volatile_id = dsmb_get_u64(in);
	a->filter = dsmb_get_u32(in);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_notify_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_notify_args *a = args;
	u32 status;

	status = dsmb_call_open(call, a->persistent, a->volatile_id);
	/* The open was closed before the request ran again. */
	if (status && call->private && status != DSMB_FS_FULL)
		status = STATUS_NOTIFY_CLEANUP;
	if (status)
		return status;
	if (!call->private) {
		status = dsmb_notify_first(call, a);
		if (status)
			return status;
	}
	return dsmb_notify_go_on(call, a->size, res);
}

/*
 * The changes are there already, behind the bytes that are written here. STATUS_NOTIFY_ENUM_DIR and
 * STATUS_NOTIFY_CLEANUP are no failures (MS-SMB2 section 3.3.4.4), and come without changes.
 */
static void dsmb_notify_encode_reply(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_notify_res *r = res;
	struct dsmb_builder *out = &call->out;

	dsmb_encode_u16(out, DSMB_NOTIFY_REPLY);
	dsmb_encode_u16(out, DSMB_OUT_HEADER + DSMB_NOTIFY_HEAD);
	dsmb_encode_u32(out, status ? 0 : r->len);
	if (status)
		dsmb_builder_reserve(out, DSMB_NOTIFY_REPLY - DSMB_NOTIFY_HEAD);
	else
		dsmb_room(out, r->len);
}

/* The FileId is looked up by exec, because a request that has waited outlives its open. */
const struct dsmb_command dsmb_command_change_notify = {
	.name = "change_notify",
	.structure_size = 32,
	.flags = DSMB_ON_DISK | DSMB_ENDLESS,
	.file_id = DSMB_BODY(8),
	.args_size = sizeof(struct dsmb_notify_args),
	.res_size = sizeof(struct dsmb_notify_res),
	.decode = dsmb_notify_decode,
	.exec = dsmb_notify_exec,
	.encode = dsmb_notify_encode_reply,
	.release = dsmb_notify_done,
};
