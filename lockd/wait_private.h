/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting: requests for ranges, the deadlock search, parked operations. */
#ifndef _DITTO_LOCKD_WAIT_PRIVATE_H
#define _DITTO_LOCKD_WAIT_PRIVATE_H

#include "lock_ctx_private.h"
#include "range.h"

enum ditto_wait_state {
	DITTO_WAIT_NEW,		/* in the queue, but it may still be refused */
	DITTO_WAIT_QUEUED,	/* waits for its turn */
	DITTO_WAIT_TRYING,	/* its turn came, the VFS is being asked */
	DITTO_WAIT_LOCAL,	/* a local process is in the way */
	DITTO_WAIT_DONE,	/* out of the queue */
};

/**
 * ditto_wait_ahead - test whether an earlier request in the queue conflicts
 * @ctx: locked
 * @req: the request
 * @self: its place in the queue; NULL if it is not queued, so that all are earlier
 * @conflict: filled with true; may be NULL
 *
 * Context: ctx->lock held. Defined in wait.c.
 * Return: true if the request must not overtake an earlier one.
 */
bool ditto_wait_ahead(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      const struct ditto_wait *self, struct ditto_conflict *conflict);

/* True if the queued request is this one: same owner, discipline, mode and bytes. */
bool ditto_wait_is(const struct ditto_wait *wait, const struct ditto_range_request *req);

/* True if two requests would exclude each other if both were granted. */
bool ditto_wait_conflicts(const struct ditto_range_request *a,
			  const struct ditto_range_request *b);

/**
 * ditto_wait_enqueue - wait for a range that is not free
 * @req: the request; copied
 * @wait: the waiter
 * @conflict: filled with -EAGAIN and -EINPROGRESS; its @held is set before
 * @prealloc: memory for the grant; taken over if the request is queued
 *
 * Context: may sleep; takes table->deadlock. Defined in wait.c.
 * Return: -EINPROGRESS if it waits; otherwise see ditto_range_lock().
 */
int ditto_wait_enqueue(const struct ditto_range_request *req, struct ditto_wait *wait,
		       struct ditto_conflict *conflict, struct ditto_range *prealloc[2]);

/* Describe a queued request as the range that it will hold. */
void ditto_wait_describe(struct ditto_conflict *conflict, const struct ditto_wait *wait);

/* Grant the queued requests whose turn has come. ctx->lock held. */
void ditto_wait_pump(struct ditto_lock_ctx *ctx);

/**
 * ditto_wait_finish - take a request off the queue and queue its callback
 * @wait: in the queue
 * @result: for the callback
 *
 * Context: ctx->lock held. Defined in wait.c.
 */
void ditto_wait_finish(struct ditto_wait *wait, int result);

/**
 * ditto_wait_remove - take a request off the queue without a callback
 * @wait: in the queue; the caller puts the queue's reference
 *
 * Context: ctx->lock held. Defined in wait.c.
 */
void ditto_wait_remove(struct ditto_wait *wait);

/* Drop a reference on a waiting request. May sleep. */
void ditto_wait_put(struct ditto_wait *wait);

/*
 * Ranges that a search for a deadlock looks at before it gives up and lets the request wait. Others
 * that are to wait, on whatever nodes, wait for the search.
 */
#define DITTO_DEADLOCK_RANGES	131072

/**
 * ditto_deadlock - test whether a queued request would wait for itself
 * @table: the lock table
 * @wait: the request, in state DITTO_WAIT_NEW
 *
 * Context: may sleep; table->deadlock held and no other lock. Defined in deadlock.c.
 * Return: true if its waiting closes a cycle of owners.
 */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait);

/**
 * ditto_park_add - park an operation on a node
 * @ctx: locked
 * @park: initialised, not parked
 *
 * Context: ctx->lock held. Defined in park.c.
 * Return: false if too many operations are parked already, without memory, or if @park is parked.
 */
bool ditto_park_add(struct ditto_lock_ctx *ctx, struct ditto_park *park);

/**
 * ditto_park_want_room - make room for an operation that ditto_park_add() did not park
 * @point: of the node, held by the caller
 *
 * Context: may sleep; no lock of the table held.
 * Return: true if the caller may check again and park then; false if too many operations are
 *	parked, or without memory.
 */
bool ditto_park_want_room(struct ditto_lock_point *point);

/* Queue the callbacks of all parked operations. ctx->lock held. */
void ditto_park_wake(struct ditto_lock_ctx *ctx);

/* The same for those that are brief. Under ctx->lock. */
void ditto_park_wake_brief(struct ditto_lock_ctx *ctx);

#endif
