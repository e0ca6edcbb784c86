/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crowd is the set of workers that run operations of one file system. What is mounted within a
 * share is a file system of its own: a call moves to its crowd when its path or its open leads
 * there. A copy is in the crowd of its target.
 *
 * A file system that hangs keeps every worker that enters it. Each crowd may therefore have
 * only a small share of the workers, and all crowds together may borrow from a part of the
 * rest. Calls beyond these limits wait without a worker, in the order of waiting.h. The remaining
 * workers serve the other file systems.
 */
#ifndef _DITTO_SMB_TRANSPORT_CROWD_H
#define _DITTO_SMB_TRANSPORT_CROWD_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

struct dsmb_crowd;
struct dsmb_message;
struct super_block;

/**
 * struct dsmb_crowds - the crowds of one pool of workers
 * @lock: spinlock; guards @list and the last reference to a crowd
 * @list: struct dsmb_crowd
 * @own: workers that each crowd may have
 * @lent: workers that all crowds together may have beyond that
 * @borrowed: workers of @lent that are in use
 */
struct dsmb_crowds {
	spinlock_t lock;	/* see above */
	struct list_head list;
	int own;
	int lent;
	atomic_t borrowed;
};

/**
 * dsmb_crowds_init - set up the crowds of a pool of workers
 * @crowds: filled
 * @workers: size of the pool, at least 16
 */
void dsmb_crowds_init(struct dsmb_crowds *crowds, unsigned int workers);

/**
 * dsmb_crowd_get - find or make the crowd of a file system
 * @crowds: the pool's crowds
 * @sb: the file system; compared only, not held
 *
 * Context: any but interrupts; does not sleep.
 * Return: the crowd with a reference, or NULL without memory.
 */
struct dsmb_crowd *dsmb_crowd_get(struct dsmb_crowds *crowds, const struct super_block *sb);

/**
 * dsmb_crowd_hold - take another reference to a crowd
 * @crowd: the crowd, held; may be NULL
 *
 * Context: any.
 * Return: @crowd.
 */
struct dsmb_crowd *dsmb_crowd_hold(struct dsmb_crowd *crowd);

/**
 * dsmb_crowd_put - drop a reference to a crowd
 * @crowd: the crowd; may be NULL
 *
 * Context: any but interrupts; does not sleep.
 */
void dsmb_crowd_put(struct dsmb_crowd *crowd);

/**
 * dsmb_crowd_enter - let a worker enter the file system, if there is room
 * @crowd: of the file system
 *
 * Context: any but interrupts; does not sleep.
 * Return: true if the worker may enter; it calls dsmb_crowd_leave() afterwards. False if the
 * limits are reached.
 */
bool dsmb_crowd_enter(struct dsmb_crowd *crowd);

/**
 * dsmb_crowd_leave - let a worker leave the file system
 * @crowd: as given to dsmb_crowd_enter()
 *
 * The place goes to the message whose turn is next, if one waits.
 *
 * Context: process.
 */
void dsmb_crowd_leave(struct dsmb_crowd *crowd);

/**
 * dsmb_crowd_wait - let a message wait without a worker
 * @crowd: the crowd that has no room
 * @message: the message; consumed
 *
 * The message is queued with a place in dsmb_message.place, which it uses instead of calling
 * dsmb_crowd_enter(). A message that does not need it any more calls dsmb_crowd_leave() at once:
 * its connection may have ended, its call may be cancelled, its tree may be closed.
 *
 * Context: process; does not sleep.
 */
void dsmb_crowd_wait(struct dsmb_crowd *crowd, struct dsmb_message *message);

#endif
