/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crowds: the workers that are inside operations of one file system.
 *
 * A file system that hangs keeps every worker that enters it. So each may have a few
 * workers, and all together borrow from a part of the rest; calls beyond that wait without
 * a worker. What is left goes on with the other file systems.
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
 * struct dsmb_crowds - those of a server
 * @lock: spinlock, guards @list and the last reference to one
 * @list: struct dsmb_crowd
 * @own: workers that each may have
 * @lent: workers that all may have beyond that
 * @borrowed: of them, in use
 */
struct dsmb_crowds {
	spinlock_t lock;	/* see above */
	struct list_head list;
	int own;
	int lent;
	atomic_t borrowed;
};

/* @workers: of the server, at least 16. */
void dsmb_crowds_init(struct dsmb_crowds *crowds, unsigned int workers);

/* That of a file system, held; NULL without memory. Any context. */
struct dsmb_crowd *dsmb_crowd_get(struct dsmb_crowds *crowds, const struct super_block *sb);
/* NULL is allowed. Any context. */
void dsmb_crowd_put(struct dsmb_crowd *crowd);

/* May this worker go in? Any context. */
bool dsmb_crowd_enter(struct dsmb_crowd *crowd);
/* It comes out; a message that waits is queued. Process context. */
void dsmb_crowd_leave(struct dsmb_crowd *crowd);
/**
 * dsmb_crowd_pass - a message that was woken has run
 * @crowd: who woke it, or NULL; the reference of struct dsmb_message.woken_by is dropped
 *
 * A message that is woken need not go in: its connection may be gone, its call cancelled, its
 * tree closed. Nobody would come out then, so the next one is woken here.
 *
 * Context: process.
 */
void dsmb_crowd_pass(struct dsmb_crowd *crowd);
/*
 * Wait without a worker: the message is queued when somebody comes out, and is not the
 * caller's any more. False if all came out meanwhile: try again.
 */
bool dsmb_crowd_wait(struct dsmb_crowd *crowd, struct dsmb_message *message);

#endif
