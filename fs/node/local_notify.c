// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local changes of directories, see local_notify.h.
 *
 * A mark on the directory's inode tells of what happens in it. The one who makes
 * the change holds locks then, so the event is only copied; a worker tells the
 * lock table, and nobody waits for that. What we do for clients comes by here as
 * well and is passed over: it was told with the name of its actor.
 *
 * A name that is moved away is told a moment later: if it turns up in the same
 * directory, it was renamed.
 *
 * Locking: table->local_lock (mutex) guards node->local and orders beginning
 * with ending; local->lock, innermost, the events. Only the worker ends.
 *
 * Lifetime: a watch is its mark's memory, and holds the node. The node has a
 * reference until the worker ends it, and the worker has one while it is due.
 */
#include <linux/err.h>
#include <linux/fsnotify_backend.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../lockd/acting.h"
#include "../../lockd/claim.h"
#include "../../lockd/lease.h"
#include "../server.h"
#include "local_notify.h"
#include "node_private.h"

/* How long a name that was moved away may take to turn up. */
#define MOVE_MS		20

#define NAME_EVENTS	(FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO)
#define LOCAL_EVENTS	(NAME_EVENTS | FS_ATTRIB | FS_MODIFY)

/**
 * struct local_event - something that happened
 * @link: in local->events
 * @change: as it is told
 * @cookie: of a move; the same for both of its ends
 * @name: of the entry
 * @old_name: before, of one that was renamed
 */
struct local_event {
	struct list_head link;
	struct ditto_entry_change change;
	u32 cookie;
	char name[NAME_MAX];
	char old_name[NAME_MAX];
};

/**
 * struct ditto_local - a watched directory
 * @mark: tells of it
 * @node: of the directory, held
 * @users: for how many it is watched
 * @ended: the mark is gone, or goes; by the worker
 * @lock: guards the rest but @work
 * @events: struct local_event, to be told
 * @count: length of @events
 * @lost: some could not be kept
 * @work: tells them, and ends what nobody needs any more
 */
struct ditto_local {
	struct fsnotify_mark mark;
	struct ditto_node *node;
	atomic_t users;
	bool ended;
	spinlock_t lock;	/* see above */
	struct list_head events;
	u32 count;
	bool lost;
	struct delayed_work work;
};

static struct ditto_local *local_of(struct fsnotify_mark *mark)
{
	return container_of(mark, struct ditto_local, mark);
}

/* Let the worker look. It has a reference while it is due. */
static void local_kick(struct ditto_local *local, unsigned int ms)
{
	bool due;

	if (!refcount_inc_not_zero(&local->mark.refcnt))
		return;
	if (ms)
		due = !queue_delayed_work(ditto_wq, &local->work, msecs_to_jiffies(ms));
	else
		due = mod_delayed_work(ditto_wq, &local->work, 0);
	if (due)
		fsnotify_put_mark(&local->mark);
}

/* The new name of what was moved away a moment ago? Then it was renamed. */
static bool is_renamed(struct ditto_local *local, const struct qstr *name, u32 cookie)
{
	struct local_event *last;

	if (!cookie || list_empty(&local->events))
		return false;
	last = list_last_entry(&local->events, struct local_event, link);
	if (last->cookie != cookie || last->change.event != DITTO_ENTRY_REMOVED)
		return false;
	memcpy(last->old_name, last->name, last->change.len);
	memcpy(last->name, name->name, name->len);
	last->change.event = DITTO_ENTRY_RENAMED;
	last->change.old_name = last->old_name;
	last->change.old_len = last->change.len;
	last->change.len = name->len;
	return true;
}

/* The same happened to the same entry, and is still to be told. */
static bool is_repeated(struct ditto_local *local, enum ditto_entry_event event,
			const struct qstr *name)
{
	struct local_event *last;

	if (event != DITTO_ENTRY_ATTRIBUTES || list_empty(&local->events))
		return false;
	last = list_last_entry(&local->events, struct local_event, link);
	return last->change.event == event && last->change.len == name->len &&
	       !memcmp(last->name, name->name, name->len);
}

static enum ditto_entry_event event_of(u32 mask)
{
	if (mask & (FS_CREATE | FS_MOVED_TO))
		return DITTO_ENTRY_ADDED;
	if (mask & (FS_DELETE | FS_MOVED_FROM))
		return DITTO_ENTRY_REMOVED;
	return DITTO_ENTRY_ATTRIBUTES;
}

static void event_fill(struct local_event *event, u32 mask, const struct qstr *name, u32 cookie)
{
	event->change = (struct ditto_entry_change) {
		.event = event_of(mask),
		.name = event->name,
		.len = name->len,
	};
	event->cookie = cookie;
	memcpy(event->name, name->name, name->len);
}

static void local_note(struct ditto_local *local, u32 mask, const struct qstr *name, u32 cookie)
{
	struct local_event *event = kmalloc(sizeof(*event), GFP_KERNEL | __GFP_NOWARN);

	if (event)
		event_fill(event, mask, name, cookie);
	spin_lock(&local->lock);
	if ((mask & FS_MOVED_TO) && is_renamed(local, name, cookie)) {
		;
	} else if (is_repeated(local, event_of(mask), name)) {
		;
	} else if (event && local->count < DITTO_CHANGES_PER_LEASE) {
		list_add_tail(&event->link, &local->events);
		local->count++;
		event = NULL;
	} else {
		local->lost = true;
	}
	spin_unlock(&local->lock);
	kfree(event);
	local_kick(local, mask & FS_MOVED_FROM ? MOVE_MS : 0);
}

static int local_handle(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct ditto_local *local = local_of(mark);

	if (!name || name->len > NAME_MAX || ditto_is_acting())
		return 0;
	/* They are many, and for a few only. */
	if (!(mask & NAME_EVENTS) &&
	    !ditto_lock_point_held(&local->node->point, DITTO_SUM_NOTIFY |
				   ditto_intent_mask[0][DITTO_INTENT_CHILD]))
		return 0;
	local_note(local, mask, name, cookie);
	return 0;
}

static void local_free(struct fsnotify_mark *mark)
{
	struct ditto_local *local = local_of(mark);
	struct ditto_node_table *table = mark->group->private;
	struct ditto_node *node = local->node;
	struct local_event *event, *next;

	list_for_each_entry_safe(event, next, &local->events, link)
		kfree(event);
	kfree(local);
	/* What is left of it may take long. */
	if (refcount_dec_and_test(&node->ref))
		ditto_node_dispose(table, node);
	atomic_dec(&table->watches.observers);
	if (atomic_dec_and_test(&table->locals))
		wake_up_var(&table->locals);
}

static const struct fsnotify_ops local_ops = {
	.handle_inode_event = local_handle,
	.free_mark = local_free,
};

static void local_tell(struct ditto_local *local)
{
	static const struct ditto_intent entry = { .kind = DITTO_INTENT_ENTRY };
	static const struct ditto_intent child = { .kind = DITTO_INTENT_CHILD };
	struct ditto_lock_point *point = &local->node->point;
	struct local_event *event, *next;
	LIST_HEAD(events);
	bool lost;

	spin_lock(&local->lock);
	list_splice_init(&local->events, &events);
	local->count = 0;
	lost = local->lost;
	local->lost = false;
	spin_unlock(&local->lock);

	list_for_each_entry_safe(event, next, &events, link) {
		ditto_claim_recheck_nowait(point, event->change.event == DITTO_ENTRY_ATTRIBUTES ?
					   &child : &entry, NULL);
		ditto_lease_deliver(point, NULL, &event->change);
		kfree(event);
	}
	if (lost) {
		ditto_claim_recheck_nowait(point, &entry, NULL);
		ditto_lease_lose(point);
	}
}

/* Nobody needs it any more? */
static bool local_ends(struct ditto_local *local, struct ditto_node_table *table)
{
	bool ends;

	mutex_lock(&table->local_lock);
	ends = !atomic_read(&local->users);
	if (ends) {
		local->ended = true;
		local->node->local = NULL;
	}
	mutex_unlock(&table->local_lock);
	return ends;
}

static void local_work(struct work_struct *work)
{
	struct ditto_local *local = container_of(to_delayed_work(work), struct ditto_local, work);
	struct ditto_node_table *table = local->mark.group->private;

	if (!local->ended) {
		local_tell(local);
		if (local_ends(local, table)) {
			fsnotify_destroy_mark(&local->mark, table->local_group);
			fsnotify_put_mark(&local->mark);
		}
	}
	fsnotify_put_mark(&local->mark);
}

static struct fsnotify_group *local_group(struct ditto_node_table *table)
{
	struct fsnotify_group *group = table->local_group;

	lockdep_assert_held(&table->local_lock);
	if (group)
		return group;
	group = fsnotify_alloc_group(&local_ops, 0);
	if (!IS_ERR(group)) {
		group->private = table;
		table->local_group = group;
	}
	return group;
}

static int local_begin(struct ditto_node_table *table, struct ditto_node *node)
{
	struct fsnotify_group *group = local_group(table);
	struct ditto_local *local;
	int err;

	if (IS_ERR(group))
		return PTR_ERR(group);
	local = kzalloc(sizeof(*local), GFP_KERNEL);
	if (!local)
		return -ENOMEM;
	ditto_node_hold(node);
	local->node = node;
	atomic_set(&local->users, 1);
	spin_lock_init(&local->lock);
	INIT_LIST_HEAD(&local->events);
	INIT_DELAYED_WORK(&local->work, local_work);
	fsnotify_init_mark(&local->mark, group);
	local->mark.mask = LOCAL_EVENTS | FS_EVENT_ON_CHILD;
	atomic_inc(&table->locals);
	atomic_inc(&table->watches.observers);
	err = fsnotify_add_inode_mark(&local->mark, node->inode, 0);
	if (err) {
		fsnotify_put_mark(&local->mark);
		return err;
	}
	node->local = local;
	return 0;
}

static int watch_on(struct ditto_node_table *table, struct ditto_node *node)
{
	int err = 0;

	mutex_lock(&table->local_lock);
	if (node->local)
		atomic_inc(&node->local->users);
	else
		err = local_begin(table, node);
	mutex_unlock(&table->local_lock);
	return err;
}

static void watch_off(struct ditto_node *node)
{
	/* It stays as long as there are users, of whom the caller is one. */
	struct ditto_local *local = READ_ONCE(node->local);

	refcount_inc(&local->mark.refcnt);
	if (atomic_dec_and_test(&local->users))
		local_kick(local, 0);
	fsnotify_put_mark(&local->mark);
}

int ditto_local_notify_watch(struct ditto_lock_point *point, bool on)
{
	struct ditto_node *node = container_of(point, struct ditto_node, point);

	if (on)
		return watch_on(node->volume->srv->nodes, node);
	watch_off(node);
	return 0;
}

void ditto_local_notify_init(struct ditto_node_table *table)
{
	mutex_init(&table->local_lock);
}

void ditto_local_notify_exit(struct ditto_node_table *table)
{
	if (!table->local_group)
		return;
	wait_var_event(&table->locals, !atomic_read(&table->locals));
	/* They are freed by code of ours. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(table->local_group);
}
