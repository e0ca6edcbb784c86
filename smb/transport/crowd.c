// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers inside operations of one file system, and the messages that wait because there
 * are too many. See crowd.h.
 *
 * A worker that leaves gives its place to the message whose turn is next, so no message that
 * arrives later gets ahead of it. A message waits only while there is a worker inside, or a message
 * that has a place and will leave, so every message makes progress.
 *
 * Locking: the messages that wait have a lock of their own; crowds->lock (spinlock) guards the list
 * of crowds and the last reference to one. They are never taken together.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "crowd.h"
#include "message.h"
#include "waiting.h"

/* Fraction of the workers that each file system may have, and that all may borrow. */
#define OWN_PART	8
#define LENT_PART	2

/**
 * struct dsmb_crowd - the workers of one pool inside one file system
 * @crowds: the pool's crowds
 * @list: on crowds->list, under crowds->lock
 * @ref: trees, opens and calls within them, and threads that let a message wait
 * @sb: the file system; compared only
 * @inside: number of places taken: by workers inside, and by messages that are queued
 * @waiting: messages that wait for a place
 */
struct dsmb_crowd {
	struct dsmb_crowds *crowds;
	struct list_head list;
	refcount_t ref;
	const struct super_block *sb;
	atomic_t inside;
	struct dsmb_waiting waiting;
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
	dsmb_waiting_init(&crowd->waiting);
	list_add(&crowd->list, &crowds->list);
out:
	spin_unlock(&crowds->lock);
	return crowd;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_get);

struct dsmb_crowd *dsmb_crowd_hold(struct dsmb_crowd *crowd)
{
	if (crowd)
		refcount_inc(&crowd->ref);
	return crowd;
}

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

/* Gives a place back. Returns the number of places that are still taken. */
static int crowd_release(struct dsmb_crowd *crowd)
{
	int inside = atomic_dec_return(&crowd->inside);

	if (inside >= crowd->crowds->own)
		atomic_dec(&crowd->crowds->borrowed);
	return inside;
}

/*
 * Takes a place. A thread that gets none tries again if the last worker left meanwhile and a
 * message waits: nobody else would look for it.
 */
bool dsmb_crowd_enter(struct dsmb_crowd *crowd)
{
	struct dsmb_crowds *crowds = crowd->crowds;

	do {
		if (likely(atomic_inc_return(&crowd->inside) <= crowds->own))
			return true;
		if (atomic_inc_return(&crowds->borrowed) <= crowds->lent)
			return true;
	} while (!crowd_release(crowd) && dsmb_waiting_any(&crowd->waiting));
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_enter);

/* Gives free places to messages that wait, and lets workers run them. */
static void crowd_advance(struct dsmb_crowd *crowd)
{
	struct dsmb_message *message;

	while (unlikely(dsmb_waiting_any(&crowd->waiting)) && dsmb_crowd_enter(crowd)) {
		message = dsmb_waiting_take(&crowd->waiting);
		if (message) {
			message->place = crowd;
			dsmb_message_queue(message);
		} else {
			crowd_release(crowd);
		}
	}
}

void dsmb_crowd_leave(struct dsmb_crowd *crowd)
{
	/* The value returned by an atomic operation makes it a barrier: see dsmb_crowd_wait(). */
	crowd_release(crowd);
	crowd_advance(crowd);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_leave);

void dsmb_crowd_wait(struct dsmb_crowd *crowd, struct dsmb_message *message)
{
	/* The message may end at once, and its tree with it. */
	refcount_inc(&crowd->ref);
	dsmb_waiting_add(&crowd->waiting, message);
	/* Either the last worker to leave sees the message, or this thread sees that it left. */
	smp_mb();
	if (!atomic_read(&crowd->inside))
		crowd_advance(crowd);
	dsmb_crowd_put(crowd);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_crowd_wait);
