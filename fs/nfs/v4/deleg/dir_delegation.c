// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directory delegations: CB_NOTIFY informs the holder of changes in a delegated directory
 * (RFC 8881 sections 10.9 and 20.4). A change of a type that the holder did not request recalls
 * the delegation.
 *
 * The lock table calls dir_notify() for one change after the other, which only notes the event,
 * because what follows reads from the disk. A task handles the events in order: dir_attrs.c reads
 * attributes, and dir_cookies.c the place of a new entry in the listing. The changes are collected
 * for a short time and sent in order, in one callback. If attributes change again before the
 * callback, only the last values are sent.
 *
 * A holder that does not keep up has changes pending in the lock table, and events and changes
 * here; when a limit is reached, the delegation is recalled.
 *
 * Locking: dir->order (mutex) guards the cookies and the place. dir->lock (spinlock) guards the
 * events and the changes.
 */
#include <linux/list.h>
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../../lockd/lease.h"
#include "../../../../net/task.h"
#include "../../../node/node.h"
#include "../../server.h"
#include "../attr/attr.h"
#include "../attr/dir_attrs.h"
#include "../engine/server.h"
#include "delegations.h"
#include "dir_delegation.h"
#include "dir_notify.h"

/* Time for which changes are collected. */
#define NOTIFY_WAIT_MS		50
/* Deadline of a callback; after it the delegation is recalled. */
#define NOTIFY_MS		15000
/* Most changes pending for one holder, and most events; those in the lock table are not counted. */
#define CHANGES_MAX		1024

/**
 * struct dir_event - a change that the lock table has reported
 * @link: link in the list of events
 * @change: the change; its names follow
 * @names: the names
 */
struct dir_event {
	struct list_head link;
	struct ditto_entry_change change;
	char names[];
};

/**
 * struct dnfs4_dir - notifications to the holder of a directory delegation
 * @d: the delegation; no reference, because it owns this object
 * @types: bits of NOTIFY4_* that the holder requested
 * @attr_wait: milliseconds that a change of attributes may wait
 * @reader: reads attributes
 * @order: guards @cookies and @place
 * @cookies: cookies that the holder knows
 * @place: place of the entry that is being handled
 * @lock: guards @events, @nevents, @changes, @count, @batch and @sending
 * @events: events that are not handled yet, oldest first
 * @nevents: length of @events
 * @task: handles the events
 * @changes: pending changes, oldest first
 * @count: length of @changes
 * @batch: number of changes in the callback in progress
 * @sending: @notify is in progress
 * @notify: CB_NOTIFY
 */
struct dnfs4_dir {
	struct dnfs4_delegation *d;
	u32 types;
	u32 attr_wait;
	struct dnfs4_dir_reader reader;
	struct mutex order;	/* see above */
	struct dnfs4_dir_cookies cookies;
	struct dnfs4_dir_place place;
	spinlock_t lock;	/* see above */
	struct list_head events;
	u32 nevents;
	struct ditto_task task;
	struct list_head changes;
	u32 count;
	u32 batch;
	bool sending;
	struct dnfs4_callback notify;
};

static struct dnfs4_dir *dir_of(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_dir, notify);
}

/*
 * Choose as many changes as fit into a callback. A retransmission has the same changes, because
 * the client may have received them.
 */
static void batch_choose(struct dnfs4_dir *dir, const struct dnfs4_callback *cb)
{
	/* Stateid and filehandle come first. */
	u32 head = 4 + DNFS4_OTHER_SIZE + 4 + DNFS4_FH_FILE_MAX + 4;
	u32 room = dnfs4_callback_room(cb) - head;
	struct dnfs4_dir_change *change;

	lockdep_assert_held(&dir->lock);
	if (dir->batch)
		return;
	/* A small session may have no room for the neighbour. */
	change = list_first_entry_or_null(&dir->changes, struct dnfs4_dir_change, link);
	if (change && dnfs4_dir_change_bytes(change) > room) {
		change->prev_len = 0;
		change->cookie = 0;
		change->last = false;
	}
	list_for_each_entry(change, &dir->changes, link) {
		if (dnfs4_dir_change_bytes(change) > room)
			break;
		room -= dnfs4_dir_change_bytes(change);
		dir->batch++;
	}
}

static bool notify_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	struct dnfs4_dir *dir = dir_of(cb);
	const struct dnfs4_delegation *d = dir->d;
	struct dnfs4_stateid sid;
	struct dnfs4_dir_change *change;
	u32 n = 0;
	bool ok;

	dnfs4_state_stateid(&d->state, &sid);
	if (!dnfs4_encode_stateid(xdr, &sid) ||
	    xdr_stream_encode_opaque(xdr, d->fh, d->fh_len) < 0)
		return false;
	spin_lock(&dir->lock);
	batch_choose(dir, cb);
	ok = xdr_stream_encode_u32(xdr, dir->batch) >= 0;
	list_for_each_entry(change, &dir->changes, link) {
		if (!ok || n++ == dir->batch)
			break;
		ok = dnfs4_dir_change_encode(xdr, change);
	}
	spin_unlock(&dir->lock);
	return ok;
}

/* The callback */

static void change_free(struct dnfs4_dir_change *change)
{
	kfree(change->attrs.data);
	kfree(change);
}

static void changes_drop(struct dnfs4_dir *dir, u32 n)
{
	struct dnfs4_dir_change *change, *next;

	list_for_each_entry_safe(change, next, &dir->changes, link) {
		if (!n--)
			break;
		list_del(&change->link);
		change_free(change);
		dir->count--;
	}
}

static bool notify_wanted(const struct dnfs4_callback *cb)
{
	const struct dnfs4_delegation *d = dir_of(cb)->d;

	return READ_ONCE(d->grant) && !READ_ONCE(d->recalled);
}

/* The holder missed a change: recall, so that it reads the directory again. */
static void dir_recall(struct dnfs4_dir *dir)
{
	struct ditto_lease *grant = dnfs4_delegation_grant_get(dir->d);

	if (!grant)
		return;
	ditto_lease_break(grant, DITTO_LEASE_ALL);
	ditto_lease_put(grant);
}

static u32 notify_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_dir *dir = dir_of(cb);
	bool ok = !err && (cb->status == NFS4_OK || cb->status == NFS4ERR_RETRY_UNCACHED_REP);
	u32 more;

	if (!err && cb->status == NFS4ERR_DELAY)
		return NOTIFY_WAIT_MS;
	/* An empty batch means that not even one change fits. */
	ok &= dir->batch != 0;
	dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_NOTIFY, !ok, 0);
	if (!ok) {
		dir_recall(dir);
		return 0;
	}
	spin_lock(&dir->lock);
	changes_drop(dir, dir->batch);
	dir->batch = 0;
	more = dir->count;
	if (!more)
		dir->sending = false;
	spin_unlock(&dir->lock);
	cb->deadline = jiffies + msecs_to_jiffies(NOTIFY_MS);
	return !!more;
}

static void notify_release(struct dnfs4_callback *cb)
{
	dnfs4_state_put(&dir_of(cb)->d->state);
}

static const struct dnfs4_callback_ops notify_ops = {
	.op = OP_CB_NOTIFY,
	.wanted = notify_wanted,
	.encode = notify_encode,
	.done = notify_done,
	.release = notify_release,
};

/* Notifications by the lock table */

/* Notification type by event of the lock table. */
static const u32 type_of[] = {
	[DITTO_ENTRY_ADDED] = NOTIFY4_ADD_ENTRY,
	[DITTO_ENTRY_REMOVED] = NOTIFY4_REMOVE_ENTRY,
	[DITTO_ENTRY_RENAMED] = NOTIFY4_RENAME_ENTRY,
	[DITTO_ENTRY_ATTRIBUTES] = NOTIFY4_CHANGE_CHILD_ATTRS,
};

/* Return: a change; NULL without memory. Only added and renamed entries have a @place. */
static struct dnfs4_dir_change *change_make(struct dnfs4_dir *dir, u32 type,
					    const struct ditto_entry_change *from,
					    const struct dnfs4_dir_place *place)
{
	u32 len = from ? from->len : 0, old_len = from ? from->old_len : 0;
	u32 prev_len = place ? place->prev_len : 0;
	struct dnfs4_dir_change *change;

	change = kzalloc(struct_size(change, names, len + old_len + prev_len), GFP_KERNEL);
	if (!change)
		return NULL;
	change->type = type;
	change->len = len;
	change->old_len = old_len;
	change->prev_len = prev_len;
	if (len)
		memcpy(change->names, from->name, len);
	if (old_len)
		memcpy(change->names + len, from->old_name, old_len);
	if (place) {
		memcpy(change->names + len + old_len, place->prev, prev_len);
		change->prev_cookie = place->prev_cookie;
		change->cookie = place->cookie;
		change->last = place->last;
	}
	if (type != NOTIFY4_REMOVE_ENTRY)
		dnfs4_dir_read(&dir->reader, dir->d, from ? change->names : NULL, len,
			       &change->attrs);
	return change;
}

/* The same of an entry that was added, removed or renamed, with cookies. */
static struct dnfs4_dir_change *change_make_entry(struct dnfs4_dir *dir, u32 type,
						  const struct ditto_entry_change *from)
{
	struct dnfs4_dir_cookies *cookies = &dir->cookies;
	const struct dnfs4_dir_place *place = NULL;
	struct dnfs4_dir_change *change;
	u64 replaced = 0, old = 0;

	mutex_lock(&dir->order);
	if (type == NOTIFY4_REMOVE_ENTRY)
		old = dnfs4_dir_cookies_take(cookies, from->name, from->len);
	if (type == NOTIFY4_RENAME_ENTRY)
		old = dnfs4_dir_cookies_take(cookies, from->old_name, from->old_len);
	if (from->replaced)
		replaced = dnfs4_dir_cookies_take(cookies, from->name, from->len);
	if (type != NOTIFY4_REMOVE_ENTRY) {
		dnfs4_dir_cookies_place(cookies, &dir->reader, dir->d, from->name, from->len,
					&dir->place);
		place = &dir->place;
	}
	change = change_make(dir, type, from, place);
	mutex_unlock(&dir->order);
	if (!change)
		return NULL;
	change->old_cookie = old;
	change->replaced = from->replaced;
	change->replaced_cookie = replaced;
	return change;
}

/* Find an earlier change of the same attributes that is not being sent: @change replaces it. */
static struct dnfs4_dir_change *change_before(const struct dnfs4_dir *dir,
					      const struct dnfs4_dir_change *change)
{
	struct dnfs4_dir_change *other;
	u32 n = 0;

	if (change->type > NOTIFY4_CHANGE_DIR_ATTRS)
		return NULL;
	list_for_each_entry(other, &dir->changes, link)
		if (n++ >= dir->batch && other->type == change->type && other->len == change->len &&
		    !memcmp(other->names, change->names, change->len))
			return other;
	return NULL;
}

/* Queue a change. Return: false if the holder would miss it. */
static bool dir_encode(struct dnfs4_dir *dir, u32 type, const struct ditto_entry_change *from)
{
	u32 wait = type > NOTIFY4_CHANGE_DIR_ATTRS ? NOTIFY_WAIT_MS :
						     max(dir->attr_wait, NOTIFY_WAIT_MS);
	struct dnfs4_dir_change *change, *before;
	bool kept = true, send = false;

	change = BIT(type) & DNFS4_DIR_ENTRY_TYPES ? change_make_entry(dir, type, from) :
						     change_make(dir, type, from, NULL);
	if (!change)
		return false;
	spin_lock(&dir->lock);
	before = change_before(dir, change);
	if (before) {
		list_del(&before->link);
		list_add_tail(&change->link, &dir->changes);
	} else if (dir->count < CHANGES_MAX) {
		list_add_tail(&change->link, &dir->changes);
		dir->count++;
		send = !dir->sending;
		dir->sending = true;
	} else {
		kept = false;
	}
	spin_unlock(&dir->lock);
	if (before)
		change_free(before);
	if (!kept)
		change_free(change);
	if (!send)
		return kept;
	dnfs4_state_hold(&dir->d->state);
	/* On failure the client is being released, and the delegation with it. */
	if (!dnfs4_callback_send(&dir->notify, wait, NOTIFY_MS))
		dnfs4_state_put(&dir->d->state);
	return true;
}

/* Handle an event. Return: false if the holder would miss it. */
static bool dir_handle(struct dnfs4_dir *dir, const struct ditto_entry_change *change)
{
	bool entry = change->event != DITTO_ENTRY_ATTRIBUTES;
	u32 type = type_of[change->event];
	bool ok = true;

	if (READ_ONCE(dir->d->recalled))
		return true;
	if (dir->types & BIT(type))
		ok = dir_encode(dir, type, change);
	else if (entry)
		/* The holder did not request this type, but must not miss the change. */
		ok = false;
	if (ok && entry && dir->types & BIT(NOTIFY4_CHANGE_DIR_ATTRS))
		ok = dir_encode(dir, NOTIFY4_CHANGE_DIR_ATTRS, NULL);
	return ok;
}

/* Return: false if there are too many events, or without memory. */
static bool event_add(struct dnfs4_dir *dir, const struct ditto_entry_change *from)
{
	struct dir_event *event = kmalloc(struct_size(event, names, from->len + from->old_len),
					  GFP_KERNEL);
	bool added;

	if (!event)
		return false;
	event->change = *from;
	event->change.name = event->names;
	event->change.old_name = event->names + from->len;
	memcpy(event->names, from->name, from->len);
	if (from->old_len)
		memcpy(event->names + from->len, from->old_name, from->old_len);
	spin_lock(&dir->lock);
	added = dir->nevents < CHANGES_MAX;
	if (added) {
		list_add_tail(&event->link, &dir->events);
		dir->nevents++;
	}
	spin_unlock(&dir->lock);
	if (!added)
		kfree(event);
	return added;
}

static struct dir_event *event_next(struct dnfs4_dir *dir)
{
	struct dir_event *event;

	spin_lock(&dir->lock);
	event = list_first_entry_or_null(&dir->events, struct dir_event, link);
	if (event) {
		list_del(&event->link);
		dir->nevents--;
	}
	spin_unlock(&dir->lock);
	return event;
}

static struct dnfs4_dir *dir_of_task(struct ditto_task *task)
{
	return container_of(task, struct dnfs4_dir, task);
}

static void dir_run(struct ditto_task *task)
{
	struct dnfs4_dir *dir = dir_of_task(task);
	struct dir_event *event;

	while ((event = event_next(dir))) {
		if (!dir_handle(dir, &event->change))
			dir_recall(dir);
		kfree(event);
	}
}

static void dir_hold(struct ditto_task *task)
{
	dnfs4_state_hold(&dir_of_task(task)->d->state);
}

static void dir_put(struct ditto_task *task)
{
	dnfs4_state_put(&dir_of_task(task)->d->state);
}

static const struct ditto_task_ops dir_task_ops = {
	.run = dir_run,
	.hold = dir_hold,
	.put = dir_put,
};

static void dir_notify(struct ditto_lease *grant, const struct ditto_entry_change *change)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);

	if (READ_ONCE(d->recalled))
		return;
	if (event_add(d->dir, change))
		ditto_task_start(&d->dir->task);
	else
		ditto_lease_break(grant, DITTO_LEASE_ALL);
}

const struct ditto_lease_ops dnfs4_dir_cache_ops = {
	.breaking = dnfs4_delegation_breaking,
	.revoked = dnfs4_delegation_revoked,
	.notify = dir_notify,
	.free = dnfs4_delegation_free,
};

/* Creation and end */

/*
 * Allocate the notifications of a directory delegation. Return: the object, to be freed with
 * dnfs4_dir_free(); NULL without memory.
 */
struct dnfs4_dir *dnfs4_dir_alloc(struct dnfs4_compound *cmp, struct dnfs4_delegation *d,
				  struct dnfs4_dir_ask *ask)
{
	struct in6_addr fs = ditto_task_object(dnfs4_node(cmp)->inode->i_sb);
	struct dnfs4_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);

	if (!dir)
		return NULL;
	ask->types &= DNFS4_DIR_TYPES;
	dir->d = d;
	dir->types = ask->types;
	dir->attr_wait = ask->wait;
	dnfs4_dir_reader_init(cmp, &dir->reader, ask);
	mutex_init(&dir->order);
	dnfs4_dir_cookies_init(&dir->cookies);
	spin_lock_init(&dir->lock);
	INIT_LIST_HEAD(&dir->events);
	ditto_task_init(&dir->task, &cmp->server->nfs->disk_tasks, &dir_task_ops, &fs);
	INIT_LIST_HEAD(&dir->changes);
	dnfs4_callback_init_one(&dir->notify, &notify_ops, d->state.client);
	dir->notify.after = d->recall.after;
	return dir;
}

/*
 * Note that the delegation was granted. Remembers the cookies of entries, if their removal is to be
 * notified.
 */
void dnfs4_dir_granted(struct dnfs4_dir *dir)
{
	if (!(dir->types & (BIT(NOTIFY4_REMOVE_ENTRY) | BIT(NOTIFY4_RENAME_ENTRY))))
		return;
	mutex_lock(&dir->order);
	dnfs4_dir_cookies_list(&dir->cookies, &dir->reader, dir->d);
	mutex_unlock(&dir->order);
}

/*
 * Check whether a holder is notified of changes of entries. Context: any. Return: true if any
 * notification of entries was requested.
 */
bool dnfs4_dir_tells(const struct dnfs4_dir *dir)
{
	return dir->types & DNFS4_DIR_ENTRY_TYPES;
}

/*
 * Check whether a holder is notified of changes of what entries name. Context: any. Return: true if
 * NOTIFY4_CHANGE_CHILD_ATTRS was requested.
 */
bool dnfs4_dir_tells_attrs(const struct dnfs4_dir *dir)
{
	return dir->types & BIT(NOTIFY4_CHANGE_CHILD_ATTRS);
}

/*
 * Free the notifications of a directory delegation. No event is left: the task, which handles them,
 * has held the delegation.
 */
void dnfs4_dir_free(struct dnfs4_dir *dir)
{
	changes_drop(dir, dir->count);
	dnfs4_dir_cookies_free(&dir->cookies);
	dnfs4_dir_reader_free(&dir->reader);
	kfree(dir);
}
