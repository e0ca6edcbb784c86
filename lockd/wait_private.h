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

/* wait.c */
bool ditto_wait_ahead(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      const struct ditto_wait *self, struct ditto_conflict *conflict);
bool ditto_wait_is(const struct ditto_wait *wait, const struct ditto_range_request *req);
bool ditto_wait_conflicts(const struct ditto_range_request *a,
			  const struct ditto_range_request *b);
int ditto_wait_enqueue(const struct ditto_range_request *req, struct ditto_wait *wait,
		       struct ditto_conflict *conflict, struct ditto_range *prealloc[2]);
void ditto_wait_describe(struct ditto_conflict *conflict, const struct ditto_wait *wait);
void ditto_wait_pump(struct ditto_lock_ctx *ctx);
void ditto_wait_finish(struct ditto_wait *wait, int result);
void ditto_wait_remove(struct ditto_wait *wait);
void ditto_wait_put(struct ditto_wait *wait);

/*
 * Ranges that a search for a deadlock looks at before it gives up and lets the request wait. Others
 * that are to wait, on whatever nodes, wait for the search.
 */
#define DITTO_DEADLOCK_RANGES	131072

/* deadlock.c */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait);

/* park.c */
bool ditto_park_add(struct ditto_lock_ctx *ctx, struct ditto_park *park);
bool ditto_park_want_room(struct ditto_lock_point *point);
void ditto_park_wake(struct ditto_lock_ctx *ctx);
void ditto_park_wake_brief(struct ditto_lock_ctx *ctx);

#endif
