// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of directories by local processes, see local_notify.h.
 *
 * A mark on the directory's inode reports its changes. The task that makes a change holds locks,
 * so the event is only copied; a worker notifies the lock table, and no task waits for that.
 * Changes that the server makes for clients are reported here, too, and are ignored, because the
 * operation itself notifies with the client's actor. It does so with the directory locked, and
 * first has the events notified that were copied before (ditto_local_notify_flush()).
 *
 * Changes of the directory itself have no name: of its attributes, its move, and its replacement by
 * a rename. Its inode does not report its removal while a node pins it, so the volume's mark does,
 * see ditto_local_notify_removed().
 *
 * A directory is removed before its holders are asked to return their grants, so its node is kept
 * until they have.
 *
 * The removal of a name by a rename is delayed: if the new name appears in the same directory
 * within MOVE_MS, it is notified as a rename.
 *
 * A change by a client can be of a file of which the kernel has not all names in memory, as after
 * they were evicted. It may be in any directory, so a worker notifies the holders on all of the
 * volume.
 *
 * Locking: table->local_lock (mutex) guards node->local and serializes begin and end. local->order
 * (mutex) is held while events are notified, and nests inside the directory's inode lock.
 * local->lock is innermost and guards the events. Only the worker ends a watch.
 *
 * Lifetime: a watch is part of its mark's memory, which is freed after an RCU grace period, and
 * holds the node. The node's pointer has a reference to the mark until the worker ends the watch,
 * and a queued worker has one, too.
 */
#include <linux/err.h>
#include <linux/fsnotify_backend.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../lockd/acting.h"
#include "../../lockd/claim.h"
#include "../../lockd/lease.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "local_notify.h"
#include "node_private.h"

/* Time to wait for the new name of a renamed file. */
#define MOVE_MS		20

#define NAME_EVENTS	(FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO)
#define LOCAL_EVENTS	(NAME_EVENTS | FS_ATTRIB | FS_MODIFY | FS_MOVE_SELF)

/**
 * struct local_event - a change of a directory
 * @link: link in local->events
 * @change: change for the lock table
 * @cookie: same value for both ends of a rename
 * @name: name of the entry
 * @old_name: previous name of a renamed entry
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
 * @mark: fsnotify mark
 * @node: node of the directory, held
 * @link: link in table->local_list, until the watch ends; under table->local_lock
 * @unnamed: value of volume->unnamed up to which holders were notified; under table->local_lock
 * @users: number of users of the watch
 * @ended: the mark is destroyed, or about to be; set by the worker
 * @order: keeps the events in order while they are notified
 * @lock: guards the rest except @work and @rcu
 * @events: struct local_event to notify
 * @count: length of @events
 * @lost: events were dropped
 * @own: bits by enum ditto_intent_kind: changes of the directory itself to notify
 * @work: notifies of events, and ends a watch without users
 * @rcu: frees the watch
 */
struct ditto_local {
	struct fsnotify_mark mark;
	struct ditto_node *node;
	struct list_head link;
	unsigned int unnamed;
	atomic_t users;
	bool ended;
	struct mutex order;	/* see above */
	spinlock_t lock;	/* see above */
	struct list_head events;
	u32 count;
	bool lost;
	unsigned long own;
	struct delayed_work work;
	struct rcu_head rcu;
};

static struct ditto_local *local_of(struct fsnotify_mark *mark)
{
	return container_of(mark, struct ditto_local, mark);
}

/* Queue the worker, which has a reference while it is queued. */
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

/* Merge the new name into the last event if that was the removal of the old one. */
static bool local_merge_rename(struct ditto_local *local, const struct qstr *name, u32 cookie)
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

/* True if the last event already reports the same change of the same entry. */
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

/* The directory itself has changed. */
static void local_handle_own(struct ditto_local *local, enum ditto_intent_kind kind)
{
	spin_lock(&local->lock);
	__set_bit(kind, &local->own);
	spin_unlock(&local->lock);
	local_kick(local, 0);
}

static enum ditto_intent_kind own_intent_of(u32 mask, const struct inode *dir)
{
	/* A rename has replaced the directory: only its link count is reported. */
	if (IS_DEADDIR(dir))
		return DITTO_INTENT_REMOVE;
	return mask & FS_MOVE_SELF ? DITTO_INTENT_RENAME : DITTO_INTENT_SETATTR;
}

static int local_handle(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			struct inode *dir, const struct qstr *name, u32 cookie)
{
	const struct ditto_node_table *table = mark->group->private;
	struct ditto_local *local = local_of(mark);
	struct local_event *event;

	if (ditto_acting_table() == table->srv->locks)
		return 0;
	if (!name) {
		local_handle_own(local, own_intent_of(mask, local->node->inode));
		return 0;
	}
	if (name->len > NAME_MAX)
		return 0;
	/* Changes of data and attributes are frequent and concern few holders. */
	if (!(mask & NAME_EVENTS) &&
	    !ditto_lock_point_held(&local->node->point, DITTO_SUM_NOTIFY |
				   ditto_intent_mask[0][DITTO_INTENT_CHILD]))
		return 0;

	event = kmalloc(sizeof(*event), GFP_KERNEL | __GFP_NOWARN);
	if (event) {
		event->change = (struct ditto_entry_change) {
			.event = event_of(mask),
			.name = event->name,
			.len = name->len,
		};
		event->cookie = cookie;
		memcpy(event->name, name->name, name->len);
	}
	spin_lock(&local->lock);
	if (mask & FS_MOVED_TO && local_merge_rename(local, name, cookie))
		goto unlock;
	if (is_repeated(local, event_of(mask), name))
		goto unlock;
	if (event && local->count < DITTO_CHANGES_PER_LEASE) {
		list_add_tail(&event->link, &local->events);
		local->count++;
		event = NULL;
	} else {
		local->lost = true;
	}
unlock:
	spin_unlock(&local->lock);
	kfree(event);
	local_kick(local, mask & FS_MOVED_FROM ? MOVE_MS : 0);
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
	mutex_destroy(&local->order);
	kfree_rcu(local, rcu);
	/* Freeing the node may take long, so the worker does it. */
	ditto_node_put_later(node);
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
	struct ditto_intent own = {};
	unsigned long kinds;
	LIST_HEAD(events);
	bool lost;

	mutex_lock(&local->order);
	spin_lock(&local->lock);
	list_splice_init(&local->events, &events);
	local->count = 0;
	lost = local->lost;
	local->lost = false;
	kinds = local->own;
	local->own = 0;
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
	for_each_set_bit(own.kind, &kinds, DITTO_INTENTS)
		ditto_claim_recheck_nowait(point, &own, NULL);
	mutex_unlock(&local->order);
}

static void local_work(struct work_struct *work)
{
	struct ditto_local *local = container_of(to_delayed_work(work), struct ditto_local, work);
	struct ditto_node_table *table = local->mark.group->private;
	bool ends;

	if (local->ended)
		goto put;
	local_tell(local);
	mutex_lock(&table->local_lock);
	ends = !atomic_read(&local->users);
	if (ends) {
		local->ended = true;
		list_del(&local->link);
		rcu_assign_pointer(local->node->local, NULL);
	}
	mutex_unlock(&table->local_lock);
	if (ends) {
		fsnotify_destroy_mark(&local->mark, table->local_group);
		fsnotify_put_mark(&local->mark);
	}
put:
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
	mutex_init(&local->order);
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
	local->unnamed = atomic_read(&node->volume->unnamed);
	list_add_tail(&local->link, &table->local_list);
	rcu_assign_pointer(node->local, local);
	return 0;
}

/*
 * Note that a local process has removed the last name of a file. @node: held; the file has no link.
 * A process that removes a directory does not wait until holders have returned their grants. They
 * are asked to when the directory is gone, and need its handle to do so. The end of the last grant
 * kills the node. Context: any. Return: true if the node is to be kept until then. False for other
 * files, if there is no grant, or if the current thread acts for a client of the server, and so
 * deals with grants itself: then the node must be killed now.
 */
bool ditto_local_notify_leave(struct ditto_node *node)
{
	if (ditto_acting_table() == node->volume->srv->locks)
		return false;
	set_bit(DITTO_NODE_LEFT, &node->flags);
	/* Either a grant is seen here, or the bit by local_left() at its end. */
	smp_mb__after_atomic();
	return S_ISDIR(node->inode->i_mode) && ditto_leases_held(&node->point);
}

/* Kill the node of a removed directory whose last grant has ended. */
static void local_left(struct ditto_node_table *table, struct ditto_node *node)
{
	/* The grant ended before: pairs with ditto_local_notify_leave(). */
	smp_mb();
	if (likely(!test_bit(DITTO_NODE_LEFT, &node->flags)) || ditto_leases_held(&node->point))
		return;
	if (ditto_node_kill_unopened(table, node))
		ditto_node_dispose(table, node);
}

/*
 * Begin or end to watch a directory. @point: lock context of the directory's node. Context: to
 * begin, may sleep and no lock is held; to end, process context without locks of the lock table.
 * Return: 0 or a negative errno; always 0 to end.
 */
int ditto_local_notify_watch(struct ditto_lock_point *point, bool on)
{
	struct ditto_node *node = ditto_node_of_point(point);
	struct ditto_node_table *table = node->volume->srv->nodes;
	struct ditto_local *local;
	int err = 0;

	if (!on) {
		/* Valid because the caller is one of the users. */
		local = rcu_dereference_protected(node->local, true);
		refcount_inc(&local->mark.refcnt);
		if (atomic_dec_and_test(&local->users))
			local_kick(local, 0);
		fsnotify_put_mark(&local->mark);
		local_left(table, node);
		return 0;
	}
	mutex_lock(&table->local_lock);
	local = rcu_dereference_protected(node->local, lockdep_is_held(&table->local_lock));
	if (local)
		atomic_inc(&local->users);
	else
		err = local_begin(table, node);
	mutex_unlock(&table->local_lock);
	return err;
}

/* Get the watch of a directory with a reference to its mark, or NULL. */
static struct ditto_local *local_get(struct ditto_node *dir)
{
	struct ditto_local *local;

	rcu_read_lock();
	local = rcu_dereference(dir->local);
	if (local && !refcount_inc_not_zero(&local->mark.refcnt))
		local = NULL;
	rcu_read_unlock();
	return local;
}

/*
 * Notify holders of what local processes have changed until now. @dir: node of the directory; its
 * inode lock is held. Called before holders are notified of a client's change, so that both arrive
 * in order. Context: does not wait for the holders.
 */
void ditto_local_notify_flush(struct ditto_node *dir)
{
	struct ditto_local *local = local_get(dir);

	if (!local)
		return;
	local_tell(local);
	fsnotify_put_mark(&local->mark);
}

/*
 * A directory was removed. Nothing happens if it is not watched, or if the current thread acts for
 * a client of the server. Context: notification of fsnotify, with locks of the task that removes
 * it; does not sleep.
 */
void ditto_local_notify_removed(struct ditto_node_table *table, const struct inode *dir)
{
	struct ditto_local *local;
	struct ditto_node *node;

	if (ditto_acting_table() == table->srv->locks)
		return;
	rcu_read_lock();
	node = ditto_node_peek_inode(table, dir);
	local = node ? local_get(node) : NULL;
	rcu_read_unlock();
	if (!local)
		return;
	local_handle_own(local, DITTO_INTENT_REMOVE);
	fsnotify_put_mark(&local->mark);
}

static void unnamed_work(struct work_struct *work)
{
	struct ditto_node_table *table = container_of(work, struct ditto_node_table, unnamed_work);
	struct ditto_local *local;
	unsigned int unnamed;

	mutex_lock(&table->local_lock);
	list_for_each_entry(local, &table->local_list, link) {
		unnamed = atomic_read(&local->node->volume->unnamed);
		if (unnamed == local->unnamed)
			continue;
		local->unnamed = unnamed;
		local_handle_own(local, DITTO_INTENT_CHILD);
	}
	mutex_unlock(&table->local_lock);
}

/*
 * Notify holders of a change of a file whose names are unknown. A client has changed it. It may be
 * in any directory, so holders of caching grants on all of them are notified, a moment later.
 * Changes that follow each other are notified together. Context: any.
 */
void ditto_local_notify_unnamed(struct ditto_volume *volume)
{
	atomic_inc(&volume->unnamed);
	/* The worker sees the count: it is queued once more if it runs already. */
	queue_work(ditto_wq, &volume->srv->nodes->unnamed_work);
}

/* Set up; called before any directory is watched. */
void ditto_local_notify_init(struct ditto_node_table *table)
{
	mutex_init(&table->local_lock);
	INIT_LIST_HEAD(&table->local_list);
	INIT_WORK(&table->unnamed_work, unnamed_work);
}

/* Tear down; no directory is watched any more. May sleep. */
void ditto_local_notify_exit(struct ditto_node_table *table)
{
	cancel_work_sync(&table->unnamed_work);
	if (!table->local_group)
		return;
	wait_var_event(&table->locals, !atomic_read(&table->locals));
	/* Marks are freed by a callback in this module. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(table->local_group);
}
