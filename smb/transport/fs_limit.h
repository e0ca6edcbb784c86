/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many workers may run operations of one file system. What is mounted within a share is a
 * file system of its own: a call moves to its limit when its path or its open leads there. A copy
 * counts for its target.
 *
 * A file system that hangs keeps every worker that enters it. Each may therefore have only a small
 * share of the workers, and all together may borrow from a part of the rest. Calls beyond these
 * limits wait without a worker, in the order of waiting.h. The remaining workers serve the other
 * file systems.
 */
#ifndef _DITTO_SMB_TRANSPORT_FS_LIMIT_H
#define _DITTO_SMB_TRANSPORT_FS_LIMIT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

struct dsmb_fs_limit;
struct dsmb_message;
struct super_block;

/**
 * struct dsmb_fs_limits - the limits of one pool of workers
 * @lock: spinlock; guards @list and the last reference to a limit
 * @list: struct dsmb_fs_limit
 * @own: workers that each file system may have
 * @lent: workers that all file systems together may have beyond that
 * @borrowed: workers of @lent that are in use
 */
struct dsmb_fs_limits {
	spinlock_t lock;	/* see above */
	struct list_head list;
	int own;
	int lent;
	atomic_t borrowed;
};

/**
 * dsmb_fs_limits_init - set up the fs_limits of a pool of workers
 * @fs_limits: filled
 * @workers: size of the pool, at least 16
 */
void dsmb_fs_limits_init(struct dsmb_fs_limits *fs_limits, unsigned int workers);

/**
 * dsmb_fs_limit_get - find or make the limit of a file system
 * @fs_limits: the pool's fs_limits
 * @sb: the file system; compared only, not held
 *
 * Context: any but interrupts; does not sleep.
 * Return: the limit with a reference, or NULL without memory.
 */
struct dsmb_fs_limit *dsmb_fs_limit_get(struct dsmb_fs_limits *fs_limits,
					const struct super_block *sb);

/**
 * dsmb_fs_limit_hold - take another reference to a limit
 * @fs_limit: the limit, held; may be NULL
 *
 * Context: any.
 * Return: @fs_limit.
 */
struct dsmb_fs_limit *dsmb_fs_limit_hold(struct dsmb_fs_limit *fs_limit);

/**
 * dsmb_fs_limit_put - drop a reference to a limit
 * @fs_limit: the limit; may be NULL
 *
 * Context: any but interrupts; does not sleep.
 */
void dsmb_fs_limit_put(struct dsmb_fs_limit *fs_limit);

/**
 * dsmb_fs_limit_enter - let a worker enter the file system, if there is room
 * @fs_limit: of the file system
 *
 * Context: any but interrupts; does not sleep.
 * Return: true if the worker may enter; it calls dsmb_fs_limit_leave() afterwards. False if the
 * limits are reached.
 */
bool dsmb_fs_limit_enter(struct dsmb_fs_limit *fs_limit);

/**
 * dsmb_fs_limit_leave - let a worker leave the file system
 * @fs_limit: as given to dsmb_fs_limit_enter()
 *
 * The place goes to the message whose turn is next, if one waits.
 */
void dsmb_fs_limit_leave(struct dsmb_fs_limit *fs_limit);

/**
 * dsmb_fs_limit_wait - let a message wait without a worker
 * @fs_limit: the limit that has no room
 * @message: the message; consumed
 *
 * The message is queued with a place in dsmb_message.place, which it uses instead of calling
 * dsmb_fs_limit_enter(). A message that does not need it any more calls dsmb_fs_limit_leave()
 * immediately: its connection may have ended, its call may be cancelled, its tree may be closed.
 *
 * Context: process; does not sleep.
 */
void dsmb_fs_limit_wait(struct dsmb_fs_limit *fs_limit, struct dsmb_message *message);

#endif
