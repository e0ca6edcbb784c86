// SPDX-License-Identifier: GPL-2.0-only
/* Orphans, see orphan.h. That a conflict revokes them is in break.c, their adoption in lease.c. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "orphan.h"
#include "table.h"
#include "trace.h"

/* Claims looked at under one hold of a client's lock. */
#define LOOK_AT_ONCE	256

/**
 * struct grant_search - position in a walk through the delegations of files of a client
 * @client: the client
 * @orphans: only its orphans
 * @id: number of the claim that was passed last
 * @more: there may be claims behind it
 */
struct grant_search {
	struct ditto_client *client;
	bool orphans;
	u64 id;
	bool more;
};

static bool search_meets(const struct grant_search *search, struct ditto_claim *claim)
{
	return claim->held == DITTO_HELD_DELEGATION &&
	       (!search->orphans || ditto_claim_lease(claim)->orphan);
}

/* The next grant; the walk stays before it. Under client->lock. */
static struct ditto_claim *search_next_claim(struct grant_search *search)
{
	struct ditto_claim *claim;
	int looked = 0;

	lockdep_assert_held(&search->client->lock);
	claim = ditto_client_claim_after(search->client, search->id);
	while (claim && !search_meets(search, claim) && looked++ < LOOK_AT_ONCE) {
		search->id = claim->id;
		claim = ditto_client_claim_next(claim);
	}
	search->more = claim;
	return claim && search_meets(search, claim) ? claim : NULL;
}

static struct ditto_lock_ctx *search_next_ctx(const void *arg)
{
	struct grant_search *search = (struct grant_search *)arg;
	struct ditto_lock_ctx *ctx;
	struct ditto_claim *claim;

	spin_lock(&search->client->lock);
	claim = search_next_claim(search);
	ctx = claim ? claim->ctx : NULL;
	spin_unlock(&search->client->lock);
	return ctx;
}

/*
 * Lock the node of the next grant and pass that. @ctx is set to the locked node, or to NULL.
 * Return: the grant, or NULL; then the walk goes on while search->more.
 */
static struct ditto_lease *search_next(struct grant_search *search, struct ditto_lock_ctx **ctx)
{
	struct ditto_client *client = search->client;
	struct ditto_claim *claim;

	*ctx = ditto_lock_ctx_lock(search_next_ctx, search);
	if (!*ctx)
		return NULL;
	spin_lock(&client->lock);
	claim = search_next_claim(search);
	if (claim && claim->ctx != *ctx)
		claim = NULL;
	if (claim)
		search->id = claim->id;
	spin_unlock(&client->lock);
	return claim ? ditto_claim_lease(claim) : NULL;
}

static bool heir_may_have_more(struct ditto_client *heir)
{
	return atomic_read(&heir->delegations.held) <
	       READ_ONCE(heir->table->settings.delegations_per_client);
}

/* Return: true if @old was replaced by @fresh. */
static bool grant_pass_on(struct ditto_lock_ctx *ctx, struct ditto_lease *old,
			  struct ditto_lease *fresh, struct ditto_holder **holder)
{
	const struct ditto_owner *key = fresh->claim.owner;

	if (old->state != DITTO_LEASE_HELD || ditto_lease_of(ctx, key) ||
	    !heir_may_have_more(key->client))
		return false;
	fresh->claim.share = old->claim.share;
	fresh->break_ms = old->break_ms;
	fresh->orphan = true;
	return !ditto_lease_replace(ctx, old, fresh, holder);
}

/* Pass the next grant on. Return: 1 or 0 for the number of orphans, or -ENOMEM. */
static int search_inherit(struct grant_search *search, const struct ditto_lease_request *req)
{
	struct ditto_lease *old, *fresh = ditto_lease_alloc(req);
	struct ditto_holder *holder = ditto_holder_alloc();
	struct ditto_lock_ctx *ctx;
	bool passed = false;

	if (!fresh || !holder)
		goto free;
	old = search_next(search, &ctx);
	if (old)
		passed = grant_pass_on(ctx, old, fresh, &holder);
	if (ctx)
		ditto_lock_ctx_unlock(ctx);
free:
	ditto_holder_free(holder);
	if (passed)
		ditto_lease_put(fresh);
	else if (fresh)
		ditto_lease_free(fresh);
	else
		return -ENOMEM;
	return passed;
}

/**
 * ditto_orphans_inherit - make the delegations of a client orphans of another client
 * @from: the client that was replaced; the caller releases it afterwards
 * @key: key of the heir for its orphans; used for nothing else
 * @ops: only @ops->free is called, once for each orphan that ends
 * @private: for @ops
 * @most: inherit no more than these
 *
 * Each delegation is passed on in one step, so that no conflict is missed. The holder's callbacks
 * of the old grant are not called, except @free. A delegation that is being recalled is not passed
 * on, and neither is what exceeds a limit of the heir. Orphans of @from are passed on, too.
 *
 * Return: number of orphans.
 */
unsigned int ditto_orphans_inherit(struct ditto_client *from, struct ditto_owner *key,
				   const struct ditto_lease_ops *ops, void *private,
				   unsigned int most)
{
	const struct ditto_lease_request req = {
		.actor.lease_owner = key, .style = DITTO_LEASE_TYPE_DELEGATION,
		.ops = ops, .private = private,
	};
	struct grant_search search = { .client = from, .more = true };
	unsigned int count = 0;
	int passed = 0;

	while (search.more && count < most && passed >= 0) {
		passed = search_inherit(&search, &req);
		if (passed > 0)
			count++;
		cond_resched();
	}
	return count;
}
EXPORT_SYMBOL_NS_GPL(ditto_orphans_inherit, "DITTO");

/* The orphan with a key. ctx->lock held. */
static struct ditto_lease *orphan_of(struct ditto_lock_ctx *ctx, const struct ditto_owner *key)
{
	struct ditto_lease *lease = ditto_lease_of(ctx, key);

	return lease && lease->orphan ? lease : NULL;
}

/**
 * ditto_orphan_bits - look for the orphan with a key on a node
 * @point: of the node, held by the caller
 * @key: the key
 *
 * The orphan is adopted by ditto_lease_grant(), see struct ditto_lease_request.
 *
 * Return: its DITTO_LEASE_* bits; 0 if there is none.
 */
u8 ditto_orphan_bits(struct ditto_lock_point *point, const struct ditto_owner *key)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	struct ditto_lease *lease;
	u8 bits = 0;

	if (!ctx)
		return 0;
	lease = orphan_of(ctx, key);
	if (lease)
		bits = lease->bits;
	ditto_lock_ctx_unlock_same(ctx);
	return bits;
}
EXPORT_SYMBOL_NS_GPL(ditto_orphan_bits, "DITTO");

static void orphan_drop(struct ditto_lease *lease)
{
	trace_ditto_release(&lease->claim, 0, "orphan");
	ditto_lease_drop(lease);
}

/**
 * ditto_orphan_drop - give up the orphan with a key on a node, if there is one
 * @point: of the node, held by the caller
 * @key: the key
 */
void ditto_orphan_drop(struct ditto_lock_point *point, const struct ditto_owner *key)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	struct ditto_lease *lease;

	if (!ctx)
		return;
	lease = orphan_of(ctx, key);
	if (lease)
		orphan_drop(lease);
	ditto_lock_ctx_unlock(ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_orphan_drop, "DITTO");

/**
 * ditto_orphans_drop - give up all orphans of a client
 * @client: held by the caller
 */
void ditto_orphans_drop(struct ditto_client *client)
{
	struct grant_search search = { .client = client, .orphans = true, .more = true };
	struct ditto_lock_ctx *ctx;
	struct ditto_lease *lease;

	while (search.more) {
		lease = search_next(&search, &ctx);
		if (lease)
			orphan_drop(lease);
		if (ctx)
			ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_orphans_drop, "DITTO");
