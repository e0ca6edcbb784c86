// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers inside operations of one file system, and the messages that wait because there
 * are too many. See crowd.h.
 *
 * A message waits only while a worker is inside, and each worker that leaves queues one
 * message, so every message makes progress. A queued message may have to wait again if other
 * file systems have borrowed all spare workers.
 *
 * Locking: crowd->lock (spinlock) guards the waiting messages; crowds->lock (spinlock) guards
 * the list of crowds and the last reference to one. They are never taken together.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "crowd.h"
#include "message.h"

/* Fraction of the workers that each file system may have, and that all may borrow. */
#define OWN_PART	8
#define LENT_PART	2

/**
 * struct dsmb_crowd - the workers of one pool inside one file system
 * @crowds: the pool's crowds
 * @list: on crowds->list, under crowds->lock
 * @ref: trees, and messages queued by it
 * @sb: the file system; compared only
 * @inside: number of workers inside
 * @lock: spinlock; guards @waiting
 * @waiting: struct dsmb_message, in the order of arrival
 */
struct dsmb_crowd {
	struct dsmb_crowds *crowds;
	struct list_head list;
	refcount_t ref;
	const struct super_block *sb;
	atomic_t inside;
	spinlock_t lock;	/* see above */
	struct list_head waiting;
};

void dsmb_crowds_init(struct dsmb_crowds *crowds, unsigned int workers)
{
	spin_lock_init(&crowds->lock);
	INIT_LIST_HEAD(&crowds->list);
	crowds->own = workers / OWN_PART;
	crowds->lent = workers / LENT_PART;
	atomic_set(&crowds->borrowed, 0);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowds_init);

struct dsmb_crowd *dsmb_crowd_get(struct dsmb_crowds *crowds, const struct super_block *sb)
{
	struct dsmb_crowd *crowd;

	spin_lock(&crowds->lock);
	list_for_each_entry(crowd, &crowds->list, list) {
		if (crowd->sb != sb)
			continue;
		refcount_inc(&crowd->ref);
		goto out;
	}
	crowd = kzalloc(sizeof(*crowd), GFP_ATOMIC);
	if (!crowd)
		goto out;
	crowd->crowds = crowds;
	refcount_set(&crowd->ref, 1);
	crowd->sb = sb;
	spin_lock_init(&crowd->lock);
	INIT_LIST_HEAD(&crowd->waiting);
	list_add(&crowd->list, &crowds->list);
out:
	spin_unlock(&crowds->lock);
	return crowd;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_get);

void dsmb_crowd_put(struct dsmb_crowd *crowd)
{
	struct dsmb_crowds *crowds;
	bool last;

	if (!crowd || refcount_dec_not_one(&crowd->ref))
		return;
	crowds = crowd->crowds;
	spin_lock(&crowds->lock);
	last = refcount_dec_and_test(&crowd->ref);
	if (last)
		list_del(&crowd->list);
	spin_unlock(&crowds->lock);
	if (last)
		kfree(crowd);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_put);

/*
 * Queues the message that has waited longest. The message remembers the crowd; see
 * dsmb_crowd_pass().
 */
static void crowd_wake(struct dsmb_crowd *crowd)
{
	struct dsmb_message *message;

	spin_lock(&crowd->lock);
	message = list_first_entry_or_null(&crowd->waiting, struct dsmb_message, list);
	if (message)
		list_del_init(&message->list);
	spin_unlock(&crowd->lock);
	if (!message)
		return;
	refcount_inc(&crowd->ref);
	message->woken_by = crowd;
	dsmb_message_queue(message);
}

void dsmb_crowd_pass(struct dsmb_crowd *crowd)
{
	if (!crowd)
		return;
	/*
	 * A worker inside wakes the next message; a message that waits again has seen a worker
	 * inside.
	 */
	smp_mb();
	if (!atomic_read(&crowd->inside))
		crowd_wake(crowd);
	dsmb_crowd_put(crowd);
}

/*
 * Removes a worker and queues a waiting message. A worker that could not enter (@was_in is
 * false) queues one only if no worker is inside.
 */
static void dsmb_crowd_out(struct dsmb_crowd *crowd, bool was_in)
{
	int inside = atomic_dec_return(&crowd->inside);

	if (inside >= crowd->crowds->own)
		atomic_dec(&crowd->crowds->borrowed);
	if (inside && !was_in)
		return;
	/* Pairs with dsmb_crowd_wait(): at least one side sees the other's change. */
	smp_mb__after_atomic();
	if (unlikely(!list_empty_careful(&crowd->waiting)))
		crowd_wake(crowd);
}

bool dsmb_crowd_enter(struct dsmb_crowd *crowd)
{
	struct dsmb_crowds *crowds = crowd->crowds;

	if (likely(atomic_inc_return(&crowd->inside) <= crowds->own))
		return true;
	if (atomic_inc_return(&crowds->borrowed) <= crowds->lent)
		return true;
	dsmb_crowd_out(crowd, false);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_enter);

void dsmb_crowd_leave(struct dsmb_crowd *crowd)
{
	dsmb_crowd_out(crowd, true);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_leave);

bool dsmb_crowd_wait(struct dsmb_crowd *crowd, struct dsmb_message *message)
{
	bool waits;

	spin_lock(&crowd->lock);
	list_add_tail(&message->list, &crowd->waiting);
	/* Pairs with dsmb_crowd_out(). */
	smp_mb();
	waits = atomic_read(&crowd->inside);
	if (!waits)
		list_del_init(&message->list);
	spin_unlock(&crowd->lock);
	return waits;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_wait);
