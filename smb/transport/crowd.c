// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crowds: the workers that are inside operations of one file system. See crowd.h.
 *
 * A message waits only while somebody is inside, and whoever comes out queues one, so
 * each gets on. It may have to wait again if what is lent is in use by others.
 *
 * Locking: two spinlocks that are never taken together: crowd->lock guards the messages
 * that wait, crowds->lock the list of crowds and the last reference to one.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "crowd.h"
#include "message.h"

/* Of the workers, what each file system may have, and what all may borrow. */
#define OWN_PART	8
#define LENT_PART	2

/**
 * struct dsmb_crowd - one
 * @crowds: whose
 * @list: there
 * @ref: trees
 * @sb: which file system; compared only
 * @inside: workers
 * @lock: see above
 * @waiting: struct dsmb_message
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

/* Queue the message that waits longest. It remembers who woke it: see dsmb_crowd_pass(). */
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
	/* Whoever is inside wakes the next one; a message that waits again saw one inside. */
	smp_mb();
	if (!atomic_read(&crowd->inside))
		crowd_wake(crowd);
	dsmb_crowd_put(crowd);
}

/* A message that waits is queued; one whose worker could not go in does not wake others. */
static void dsmb_crowd_out(struct dsmb_crowd *crowd, bool was_in)
{
	int inside = atomic_dec_return(&crowd->inside);

	if (inside >= crowd->crowds->own)
		atomic_dec(&crowd->crowds->borrowed);
	if (inside && !was_in)
		return;
	/* Pairs with dsmb_crowd_wait(): one of us sees what the other did. */
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
	/* Pairs with dsmb_crowd_leave(). */
	smp_mb();
	waits = atomic_read(&crowd->inside);
	if (!waits)
		list_del_init(&message->list);
	spin_unlock(&crowd->lock);
	return waits;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_wait);
