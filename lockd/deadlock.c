// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlock detection over all nodes.
 *
 * A waiting request waits for the owners of the ranges in its way and of the earlier requests in
 * the queue that it conflicts with; an owner waits with each of its requests. If a new request
 * can be reached from itself, its waiting would close a cycle. Every cycle is closed by the last
 * request to be queued, and requests are queued one at a time, so one search from each new
 * request suffices. Only ranges count: a break ends at its deadline.
 *
 * Locking: table->deadlock is held. Owners that were found are kept on a list through their
 * search_link, so nothing is allocated; one node's ctx->lock is held at a time.
 */
#include "lock_ctx_private.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "wait_private.h"

/* Owners visited before the search gives up and lets the request wait. */
#define SEARCH_MAX	65536
/* Ranges looked at under one hold of a node's lock. */
#define HOLDERS_AT_ONCE	64

/* A search: its number, the owners and ranges found so far, and the owners still to be visited. */
struct search {
	u64 number;
	unsigned int seen;
	unsigned int ranges;
	struct list_head todo;
};

static void search_add(struct search *search, struct ditto_owner *owner)
{
	struct ditto_owner_waits *waits = owner->waits;

	/*
	 * An owner that waits for nothing closes no cycle, and no owner begins to wait while the
	 * mutex is held.
	 */
	if (!waits || waits->search == search->number || list_empty_careful(&waits->list) ||
	    search->seen >= SEARCH_MAX)
		return;
	ditto_owner_hold(owner);
	waits->search = search->number;
	search->seen++;
	list_add_tail(&waits->search_link, &search->todo);
}

/*
 * Add the owners of some of the ranges of a row that a request waits for, from behind @place on,
 * and move @place. Return: false if there are no more, or the search gives up.
 */
static bool add_holders_some(struct search *search, struct ditto_lock_ctx *ctx,
			     const struct ditto_range_request *req, enum ditto_held row,
			     struct ditto_range_place *place)
{
	u64 last = ditto_range_end(req->empty, req->first, req->last);
	struct ditto_range_pass pass = { .owner = req->owner };
	struct ditto_range *range;

	range = place->id ?
		ditto_range_other_behind(ctx, row, place, req->first, last, &pass) :
		ditto_range_other(ctx, row, req->first, last, &pass);
	for (int i = 0; range && i < HOLDERS_AT_ONCE; i++) {
		if (search->ranges++ >= DITTO_DEADLOCK_RANGES)
			return false;
		*place = (struct ditto_range_place) { range->first, range->claim.id };
		if (range->claim.owner != req->owner)
			search_add(search, range->claim.owner);
		/* One range of an owner is enough. */
		pass.owner = range->claim.owner;
		range = ditto_range_other_next(range, req->first, last, &pass);
	}
	return range;
}

/*
 * Add all owners that a request waits for. Called under the lock of its node, which is dropped
 * between batches once the request itself is no longer needed; its owner is held. A range that
 * comes or goes in between may or may not be seen.
 */
static void add_blockers(struct search *search, struct ditto_lock_ctx *ctx,
			 const struct ditto_wait *wait)
{
	const struct ditto_range_request req = wait->request;
	enum ditto_intent_kind intent = req.exclusive ? DITTO_INTENT_RANGE_EXCLUSIVE :
							DITTO_INTENT_RANGE_SHARED;
	struct ditto_range_place place;
	struct ditto_wait *other;

	list_for_each_entry(other, &ctx->busy->waits, link) {
		if (other == wait)
			break;
		if (!wait->barge && !other->tell && ditto_wait_conflicts(&other->request, &req))
			search_add(search, other->request.owner);
	}
	if (ditto_range_is_nowhere(req.empty, req.first))
		return;
	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		if (ditto_matrix[row][intent].action != DITTO_RULE_DENY)
			continue;
		place = (struct ditto_range_place) {};
		while (add_holders_some(search, ctx, &req, row, &place)) {
			ditto_lock_ctx_pin(ctx);
			ditto_lock_ctx_unlock_same(ctx);
			cond_resched();
			ditto_lock_ctx_lock_pinned(ctx);
			ditto_lock_ctx_unpin(ctx);
		}
	}
}

/**
 * struct search_owner - an owner whose requests are visited
 * @number: number of the search
 * @owner: the owner
 */
struct search_owner {
	u64 number;
	struct ditto_owner *owner;
};

/*
 * The lock context of the owner's next request that this search has not visited; NULL if there is
 * none. Visited requests move to the end of the list, and none is added during a search.
 */
static struct ditto_lock_ctx *search_next_wait(const void *arg)
{
	const struct search_owner *so = arg;
	struct ditto_owner *owner = so->owner;
	struct ditto_lock_ctx *ctx = NULL;
	struct ditto_wait *wait;

	spin_lock(&owner->client->lock);
	wait = list_first_entry_or_null(&owner->waits->list, struct ditto_wait, owner_link);
	if (wait && wait->search != so->number) {
		wait->search = so->number;
		list_move_tail(&wait->owner_link, &owner->waits->list);
		ctx = wait->ctx;
	}
	spin_unlock(&owner->client->lock);
	return ctx;
}

/* A request of the owner on this node whose blockers are not followed yet, or NULL. */
static struct ditto_wait *search_next_blocked(const struct search *search,
					      const struct ditto_lock_ctx *ctx,
					      const struct ditto_owner *owner)
{
	struct ditto_wait *wait;

	list_for_each_entry(wait, &ctx->busy->waits, link) {
		if (wait->request.owner == owner && !wait->tell && wait->blocked != search->number)
			return wait;
	}
	return NULL;
}

/*
 * Add all owners that an owner waits for. If a request has just left the queue, its context
 * may be dying or belong to another node; then the next request is looked at.
 */
static void add_owner(struct search *search, struct ditto_owner *owner)
{
	const struct search_owner so = { .number = search->number, .owner = owner };
	struct ditto_lock_ctx *ctx;
	struct ditto_wait *wait;

	while ((ctx = ditto_lock_ctx_lock(search_next_wait, &so))) {
		while ((wait = search_next_blocked(search, ctx, owner))) {
			wait->blocked = search->number;
			add_blockers(search, ctx, wait);
		}
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}

/*
 * Test whether a queued request would wait for itself. @table: the lock table. Context:
 * table->deadlock held and no other lock. Return: true if its waiting closes a cycle of owners.
 */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait)
{
	struct ditto_owner *self = wait->request.owner, *owner;
	struct search search = { .number = ++table->search };
	struct ditto_owner_waits *waits;
	struct ditto_lock_ctx *ctx;
	bool found = false;

	lockdep_assert_held(&table->deadlock);
	INIT_LIST_HEAD(&search.todo);
	ctx = ditto_lock_ctx_at(&wait->ctx);
	if (ctx) {
		add_blockers(&search, ctx, wait);
		ditto_lock_ctx_unlock(ctx);
	}
	while (!list_empty(&search.todo)) {
		waits = list_first_entry(&search.todo, struct ditto_owner_waits, search_link);
		list_del_init(&waits->search_link);
		owner = waits->owner;
		if (owner == self)
			found = true;
		if (!found)
			add_owner(&search, owner);
		ditto_owner_put(owner);
	}
	return found;
}
