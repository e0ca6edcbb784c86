// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parked operations: they wait for breaks on a node without a thread. Whenever a break is
 * settled, all operations that are parked on the node check again.
 *
 * Locking: ctx->lock guards the list and park->point.
 */
#include "../net/callback.h"
#include "lock_ctx_private.h"
#include "wait_private.h"

static void park_work(struct work_struct *work)
{
	struct ditto_park *park = container_of(work, struct ditto_park, work);
	struct ditto_callback cb;

	ditto_callback_enter(&cb);
	park->done(park);
	ditto_callback_leave(&cb);
}

/**
 * ditto_park_init - initialise a park before it is passed to a check
 * @park: embedded in the operation, which holds the node until @done was called or the park was
 *	cancelled
 * @done: see struct ditto_park
 */
void ditto_park_init(struct ditto_park *park, void (*done)(struct ditto_park *park))
{
	park->done = done;
	park->point = NULL;
	park->used = false;
	park->brief = false;
	park->tries = 0;
	INIT_LIST_HEAD(&park->link);
	INIT_WORK(&park->work, park_work);
}
EXPORT_SYMBOL_NS_GPL(ditto_park_init, "DITTO");

/*
 * Park an operation on a node. @ctx: locked. Context: ctx->lock held. Return: false if too many
 * operations are parked already, without memory, or if @park is parked.
 */
bool ditto_park_add(struct ditto_lock_ctx *ctx, struct ditto_park *park)
{
	struct ditto_lock_busy *busy;

	lockdep_assert_held(&ctx->lock);
	/* An operation waits on one node at a time; it is queued there once. */
	if (WARN_ON_ONCE(!list_empty(&park->link)))
		return false;
	if (ctx->busy->parked >= DITTO_PARKS_PER_NODE) {
		ditto_locks_count(ctx->point->table, DITTO_LOCK_LIMIT);
		return false;
	}
	if (!ditto_lock_ctx_make_busy(ctx))
		return false;
	busy = ditto_lock_ctx_busy(ctx);
	list_add_tail(&park->link, &busy->parks);
	WRITE_ONCE(park->point, ctx->point);
	park->used = true;
	busy->parked++;
	return true;
}

static void park_remove(struct ditto_lock_ctx *ctx, struct ditto_park *park)
{
	list_del_init(&park->link);
	ditto_lock_ctx_busy(ctx)->parked--;
}

static void park_wake(struct ditto_lock_ctx *ctx, bool all)
{
	struct ditto_lock_table *table = ctx->point->table;
	struct ditto_park *park, *next;

	lockdep_assert_held(&ctx->lock);
	list_for_each_entry_safe(park, next, &ctx->busy->parks, link) {
		if (!all && !park->brief)
			continue;
		park_remove(ctx, park);
		queue_work(table->wq, &park->work);
		/*
		 * A park always has its point or its work. The work may already have run and parked
		 * again, but not on this node, whose lock is held.
		 */
		cmpxchg(&park->point, ctx->point, NULL);
	}
}

/* Queue the callbacks of all parked operations. ctx->lock held. */
void ditto_park_wake(struct ditto_lock_ctx *ctx)
{
	park_wake(ctx, true);
}

/* The same as ditto_park_wake() for those that are brief. Under ctx->lock. */
void ditto_park_wake_brief(struct ditto_lock_ctx *ctx)
{
	park_wake(ctx, false);
}

/*
 * Make room for an operation that ditto_park_add() did not park. @point: of the node, held by the
 * caller. Context: no lock of the table held. Return: true if the caller may check again and park
 * then; false if too many operations are parked, or without memory.
 */
bool ditto_park_want_room(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	bool room;

	/* Whatever was in the way is gone. */
	if (!ctx)
		return true;
	ditto_lock_ctx_want_busy(ctx);
	room = ditto_lock_ctx_make_busy(ctx) && ctx->busy->parked < DITTO_PARKS_PER_NODE;
	ditto_lock_ctx_unlock(ctx);
	return room;
}

/**
 * ditto_park_on - park an operation outside of a check
 * @point: of the node, held by the caller
 * @park: initialised, not parked
 *
 * Whatever is awaited is looked for again after the call, or its wake-up may be missed.
 *
 * Context: may sleep; no lock of the table held.
 * Return: false if too many operations are parked already, or without memory.
 */
bool ditto_park_on(struct ditto_lock_point *point, struct ditto_park *park)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_make(point);
	bool parked;

	if (!ctx)
		return false;
	ditto_lock_ctx_want_busy(ctx);
	parked = ditto_park_add(ctx, park);
	ditto_lock_ctx_unlock(ctx);
	return parked;
}
EXPORT_SYMBOL_NS_GPL(ditto_park_on, "DITTO");

/* Wake all operations that are parked on a node. May sleep; no lock of the table held. */
void ditto_park_wake_point(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);

	if (!ctx)
		return;
	ctx->settled = true;
	ditto_lock_ctx_unlock(ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_park_wake_point, "DITTO");

/**
 * ditto_park_cancel - stop waiting
 * @park: initialised
 *
 * Context: may sleep, because it waits for a running @done.
 * Return: true if @done has not run and will not run; false if it has run.
 */
bool ditto_park_cancel(struct ditto_park *park)
{
	struct ditto_lock_point *point;
	struct ditto_lock_ctx *ctx;
	bool parked = false;

	/*
	 * The task that wakes the park may drop the last reference on the node, which is freed
	 * under RCU.
	 */
	rcu_read_lock();
	point = READ_ONCE(park->point);
	ctx = point ? ditto_lock_ctx_find(point) : NULL;
	rcu_read_unlock();
	if (ctx) {
		parked = park->point == point;
		if (parked) {
			park_remove(ctx, park);
			WRITE_ONCE(park->point, NULL);
		}
		ditto_lock_ctx_unlock(ctx);
	}
	return parked || cancel_work_sync(&park->work);
}
EXPORT_SYMBOL_NS_GPL(ditto_park_cancel, "DITTO");
