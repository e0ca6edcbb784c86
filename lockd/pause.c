// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting briefly in a thread for breaks on a node: for protocols that cannot put an operation
 * aside and whose clients retry only after a long delay.
 */
#include <linux/completion.h>
#include <linux/slab.h>

#include "check_private.h"
#include "client_private.h"
#include "holder.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "wait_private.h"

/**
 * struct pause - a waiting thread; on the heap because its work may be pending when the time is up
 * @park: parked on the node
 * @over: completed when a break was settled
 */
struct pause {
	struct ditto_park park;
	struct completion over;
};

static void pause_over(struct ditto_park *park)
{
	complete(&container_of(park, struct pause, park)->over);
}

/* Wait until a break is settled. Return: false if none is outstanding; @left is reduced. */
static bool pause_break(struct ditto_lock_point *point, long *left)
{
	struct pause *pause = kmalloc(sizeof(*pause), GFP_KERNEL);
	bool breaking = false, parked = false;
	struct ditto_lock_ctx *ctx;

	if (!pause) {
		*left = 0;
		return false;
	}
	init_completion(&pause->over);
	ditto_park_init(&pause->park, pause_over);
	ctx = ditto_lock_ctx_find(point);
	if (ctx) {
		ditto_lock_ctx_want_busy(ctx);
		/* Breaks are settled under the same lock, so none is missed. */
		breaking = ditto_holders_sum(ctx).modes & DITTO_HOLDER_BREAKING;
		if (breaking)
			parked = ditto_park_add(ctx, &pause->park);
		ditto_lock_ctx_unlock(ctx);
	}
	/* Above a limit, or without memory, it is not waited for. */
	if (breaking && !parked)
		*left = 0;
	if (parked) {
		*left = wait_for_completion_timeout(&pause->over, *left);
		ditto_park_cancel(&pause->park);
	}
	kfree(pause);
	return parked;
}

/**
 * ditto_claim_pause - wait briefly until a break is settled
 * @point: of the node, held by the caller
 * @timeout: jiffies, not 0
 *
 * For a thread whose check said that a break is outstanding and that may wait for a moment.
 * Returns when the first outstanding break on the node is settled, immediately if there is none.
 * Courtesy clients that the check found in the way are gone then, unless the time is over.
 * The caller repeats the check.
 *
 * Context: may sleep; no lock held that a holder needs to give something up.
 * Return: jiffies left, 0 if the time is over.
 */
long ditto_claim_pause(struct ditto_lock_point *point, long timeout)
{
	long left = ditto_clients_yielded_timeout(point->table, timeout);

	if (left)
		pause_break(point, &left);
	return left;
}
EXPORT_SYMBOL_NS_GPL(ditto_claim_pause, "DITTO");

static bool pause_describe(struct ditto_lock_ctx *ctx, struct ditto_holding *holding)
{
	static const struct ditto_holder_sum breaking = { .modes = DITTO_HOLDER_BREAKING };
	const struct ditto_holder *holder = ditto_holder_first(ctx, &breaking);

	if (!holder || !holder->grant)
		return false;
	ditto_describe_holding(holding, &holder->grant->claim);
	return true;
}

/**
 * ditto_break_describe - find a holder that was asked to give way
 * @point: of the node, held by the caller
 * @holding: filled with what it holds
 *
 * Context: may sleep; no lock of the table held.
 * Return: true if there is one.
 */
bool ditto_break_describe(struct ditto_lock_point *point, struct ditto_holding *holding)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	bool found;

	if (!ctx)
		return false;
	found = pause_describe(ctx, holding);
	ditto_lock_ctx_unlock(ctx);
	return found;
}
EXPORT_SYMBOL_NS_GPL(ditto_break_describe, "DITTO");

/**
 * ditto_park_describe - find what a parked operation waits for
 * @park: initialised
 * @breaking: set if a holder was asked to give way, and @holding is filled
 * @holding: what it holds
 *
 * Context: may sleep; no lock of the table held.
 * Return: the node, to be put; NULL if it is not parked on one.
 */
struct ditto_lock_point *ditto_park_describe(struct ditto_park *park, bool *breaking,
					     struct ditto_holding *holding)
{
	struct ditto_lock_point *point;
	struct ditto_lock_ctx *ctx;

	/* As in ditto_park_cancel(). */
	rcu_read_lock();
	point = READ_ONCE(park->point);
	ctx = point ? ditto_lock_ctx_find(point) : NULL;
	rcu_read_unlock();
	if (!ctx)
		return NULL;
	if (park->point == point) {
		*breaking = pause_describe(ctx, holding);
		point->ops->get(point);
	} else {
		point = NULL;
	}
	ditto_lock_ctx_unlock(ctx);
	return point;
}
EXPORT_SYMBOL_NS_GPL(ditto_park_describe, "DITTO");

/*
 * Have the holders on a file give up opens and writes that they only cache. @point: of the file,
 * held by the caller. Breaks HANDLE and WRITE of leases, and delegations, as an open for writing
 * that deletes the file would, and waits until the holders have answered, or have lost their
 * grants. Opens, and ranges, that remain are in use, or the time is over. Courtesy clients keep
 * their delegations. Context: no lock held that a holder needs to give something up.
 */
void ditto_lease_recall(struct ditto_lock_point *point, long timeout)
{
	static const struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN,
		.access = DITTO_OPEN_WRITE | DITTO_OPEN_REMOVE,
	};
	long left = timeout;

	do {
		ditto_break_all(point, &intent, NULL, true);
		/* Each wait consumes at least one jiffy, so that the repetition ends. */
	} while (left > 0 && pause_break(point, &left) && left-- > 0);
}
