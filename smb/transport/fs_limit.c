// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers inside operations of one file system, and the messages that wait because there
 * are too many. See fs_limit.h.
 *
 * A worker that leaves gives its place to the message whose turn is next, so no message that
 * arrives later gets ahead of it. A message waits only while there is a worker inside, or a message
 * that has a place and will leave, so every message makes progress.
 *
 * Locking: the messages that wait have a lock of their own; fs_limits->lock (spinlock) guards the
 * list of limits and the last reference to one. They are never taken together.
 */
#include <linux/slab.h>

#include "fs_limit.h"
#include "message.h"
#include "run_queue.h"
#include "waiting.h"

/* Fraction of the workers that each file system may have, and that all may borrow. */
#define OWN_PART	8
#define LENT_PART	2

/**
 * struct dsmb_fs_limit - the workers of one pool inside one file system
 * @fs_limits: the pool's fs_limits
 * @list: on fs_limits->list, under fs_limits->lock
 * @ref: trees, opens and calls within them, and threads that let a message wait
 * @sb: the file system; compared only
 * @inside: number of places taken: by workers inside, and by messages that are queued
 * @waiting: messages that wait for a place
 */
struct dsmb_fs_limit {
	struct dsmb_fs_limits *fs_limits;
	struct list_head list;
	refcount_t ref;
	const struct super_block *sb;
	atomic_t inside;
	struct dsmb_waiting waiting;
};

/* Set up the fs_limits of a pool of workers. */
void dsmb_fs_limits_init(struct dsmb_fs_limits *fs_limits, unsigned int workers)
{
	spin_lock_init(&fs_limits->lock);
	INIT_LIST_HEAD(&fs_limits->list);
	fs_limits->own = workers / OWN_PART;
	fs_limits->lent = workers / LENT_PART;
	atomic_set(&fs_limits->borrowed, 0);
}

/*
 * Find or make the limit of a file system. @sb: the file system; compared only, not held. Context:
 * any but interrupts; does not sleep. Return: the limit with a reference, or NULL without memory.
 */
struct dsmb_fs_limit *dsmb_fs_limit_get(struct dsmb_fs_limits *fs_limits,
					const struct super_block *sb)
{
	struct dsmb_fs_limit *fs_limit;

	spin_lock(&fs_limits->lock);
	list_for_each_entry(fs_limit, &fs_limits->list, list) {
		if (fs_limit->sb != sb)
			continue;
		refcount_inc(&fs_limit->ref);
		goto out;
	}
	fs_limit = kzalloc(sizeof(*fs_limit), GFP_ATOMIC);
	if (!fs_limit)
		goto out;
	fs_limit->fs_limits = fs_limits;
	refcount_set(&fs_limit->ref, 1);
	fs_limit->sb = sb;
	dsmb_waiting_init(&fs_limit->waiting);
	list_add(&fs_limit->list, &fs_limits->list);
out:
	spin_unlock(&fs_limits->lock);
	return fs_limit;
}

/*
 * Take another reference to a limit. @fs_limit: the limit, held; may be NULL. Context: any. Return:
 * @fs_limit.
 */
struct dsmb_fs_limit *dsmb_fs_limit_hold(struct dsmb_fs_limit *fs_limit)
{
	if (fs_limit)
		refcount_inc(&fs_limit->ref);
	return fs_limit;
}

/*
 * Drop a reference to a limit. @fs_limit: the limit; may be NULL. Context: any but interrupts; does
 * not sleep.
 */
void dsmb_fs_limit_put(struct dsmb_fs_limit *fs_limit)
{
	struct dsmb_fs_limits *fs_limits;
	bool last;

	if (!fs_limit || refcount_dec_not_one(&fs_limit->ref))
		return;
	fs_limits = fs_limit->fs_limits;
	spin_lock(&fs_limits->lock);
	last = refcount_dec_and_test(&fs_limit->ref);
	if (last)
		list_del(&fs_limit->list);
	spin_unlock(&fs_limits->lock);
	if (last)
		kfree(fs_limit);
}

/* Gives a place back. Returns the number of places that are still taken. */
static int fs_limit_release(struct dsmb_fs_limit *fs_limit)
{
	int inside = atomic_dec_return(&fs_limit->inside);

	if (inside >= fs_limit->fs_limits->own)
		atomic_dec(&fs_limit->fs_limits->borrowed);
	return inside;
}

/*
 * Let a worker enter the file system, if there is room.
 *
 * Takes a place. A thread that gets none tries again if the last worker has left and a message
 * waits: nobody else would look for it.
 *
 * Context: any but interrupts; does not sleep. Return: true if the worker may enter; it calls
 * dsmb_fs_limit_leave() afterwards. False if the limits are reached.
 */
bool dsmb_fs_limit_enter(struct dsmb_fs_limit *fs_limit)
{
	struct dsmb_fs_limits *fs_limits = fs_limit->fs_limits;

	do {
		if (likely(atomic_inc_return(&fs_limit->inside) <= fs_limits->own))
			return true;
		if (atomic_inc_return(&fs_limits->borrowed) <= fs_limits->lent)
			return true;
	} while (!fs_limit_release(fs_limit) && dsmb_waiting_any(&fs_limit->waiting));
	return false;
}

/* Gives free places to messages that wait, and lets workers run them. */
static void fs_limit_advance(struct dsmb_fs_limit *fs_limit)
{
	struct dsmb_message *message;

	while (unlikely(dsmb_waiting_any(&fs_limit->waiting)) && dsmb_fs_limit_enter(fs_limit)) {
		message = dsmb_waiting_take(&fs_limit->waiting);
		if (message) {
			message->place = fs_limit;
			dsmb_message_queue(message);
		} else {
			fs_limit_release(fs_limit);
		}
	}
}

/*
 * Let a worker leave the file system. The place goes to the message whose turn is next, if one
 * waits.
 */
void dsmb_fs_limit_leave(struct dsmb_fs_limit *fs_limit)
{
	/* An atomic operation that returns a value is a barrier: see dsmb_fs_limit_wait(). */
	fs_limit_release(fs_limit);
	fs_limit_advance(fs_limit);
}

/*
 * Let a message wait without a worker. @message: the message; consumed. The message is queued with
 * a place in dsmb_message.place, which it uses instead of calling dsmb_fs_limit_enter(). A message
 * that does not need it any more calls dsmb_fs_limit_leave() immediately: its connection may have
 * ended, its call may be cancelled, its tree may be closed. Context: process; does not sleep.
 */
void dsmb_fs_limit_wait(struct dsmb_fs_limit *fs_limit, struct dsmb_message *message)
{
	/* The message may end as soon as it is added, and its tree with it. */
	refcount_inc(&fs_limit->ref);
	dsmb_waiting_add(&fs_limit->waiting, message);
	/* Either the last worker to leave sees the message, or this thread sees that it left. */
	smp_mb();
	if (!atomic_read(&fs_limit->inside))
		fs_limit_advance(fs_limit);
	dsmb_fs_limit_put(fs_limit);
}
