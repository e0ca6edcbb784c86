// SPDX-License-Identifier: GPL-2.0-only
/*
 * Releasing everything that was claimed through one share, for all clients.
 *
 * Claims are found by their clients, a few at a time, so that no lock is held for long, however
 * many claims there are.
 */
#include <linux/sched.h>

#include "client_private.h"
#include "lock_ctx_private.h"
#include "wait_private.h"

/**
 * struct share_search - position in a walk through the claims of a client
 * @client: the client
 * @share: number of the share
 * @id: number of the claim that was passed last
 * @more: there may be claims behind it
 */
struct share_search {
	struct ditto_client *client;
	u32 share;
	u64 id;
	bool more;
};

/* The next claim of the share; the walk stays before it. Under client->lock. */
static struct ditto_claim *share_next_claim(struct share_search *search)
{
	struct ditto_claim *claim;
	int looked = 0;

	lockdep_assert_held(&search->client->lock);
	claim = ditto_client_claim_after(search->client, search->id);
	while (claim && claim->share != search->share && looked++ < DITTO_LOOKS_AT_ONCE) {
		search->id = claim->id;
		claim = ditto_client_claim_next(claim);
	}
	search->more = claim;
	return claim && claim->share == search->share ? claim : NULL;
}

static struct ditto_lock_ctx *share_next_claimed(const void *arg)
{
	struct share_search *search = (struct share_search *)arg;
	struct ditto_claim *claim;
	struct ditto_lock_ctx *ctx;

	spin_lock(&search->client->lock);
	claim = share_next_claim(search);
	ctx = claim ? claim->ctx : NULL;
	spin_unlock(&search->client->lock);
	return ctx;
}

static void share_drop_claims(struct ditto_client *client, u32 share, const char *why)
{
	struct share_search search = { .client = client, .share = share, .more = true };
	struct ditto_lock_ctx *ctx;
	struct ditto_claim *claim;

	while (search.more) {
		ctx = ditto_lock_ctx_lock(share_next_claimed, &search);
		if (ctx) {
			for (int i = 0; i < DITTO_DROPS_AT_ONCE; i++) {
				spin_lock(&client->lock);
				claim = share_next_claim(&search);
				if (claim && claim->ctx != ctx)
					claim = NULL;
				spin_unlock(&client->lock);
				if (!claim)
					break;
				ditto_claim_drop(claim, why);
			}
			/* Parked operations that conflicted with the claims may retry. */
			ctx->settled = true;
			ditto_lock_ctx_unlock(ctx);
		}
		cond_resched();
	}
}

/* The first request that waits through the share, or NULL. Under client->lock. */
static struct ditto_wait *share_first_wait(const struct share_search *search)
{
	struct ditto_wait *wait;

	lockdep_assert_held(&search->client->lock);
	list_for_each_entry(wait, &search->client->waits, client_link) {
		if (wait->request.share == search->share)
			return wait;
	}
	return NULL;
}

static struct ditto_lock_ctx *share_first_awaited(const void *arg)
{
	const struct share_search *search = arg;
	struct ditto_lock_ctx *ctx;
	struct ditto_wait *wait;

	spin_lock(&search->client->lock);
	wait = share_first_wait(search);
	ctx = wait ? wait->ctx : NULL;
	spin_unlock(&search->client->lock);
	return ctx;
}

static void share_drop_waits(struct ditto_client *client, u32 share)
{
	const struct share_search search = { .client = client, .share = share };
	struct ditto_lock_ctx *ctx;
	struct ditto_wait *wait;

	while ((ctx = ditto_lock_ctx_lock(share_first_awaited, &search))) {
		spin_lock(&client->lock);
		wait = share_first_wait(&search);
		if (wait && wait->ctx != ctx)
			wait = NULL;
		spin_unlock(&client->lock);
		if (wait)
			ditto_wait_finish(wait, -ESHUTDOWN);
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}

/*
 * Release everything that was claimed through a share. @table: the lock table. Takes claims of all
 * kinds and waiting requests of all clients, as ditto_client_release() does. The caller makes sure
 * that nothing more is claimed through the share. Context: no lock held.
 */
void ditto_locks_release_share(struct ditto_lock_table *table, u32 share, const char *why)
{
	struct ditto_client *client;
	u64 number = 0;

	/* Waiting requests of all clients first, or they would be granted what is given up. */
	while ((client = ditto_client_after(table, number))) {
		number = client->number;
		share_drop_waits(client, share);
		ditto_client_put(client);
	}
	number = 0;
	while ((client = ditto_client_after(table, number))) {
		number = client->number;
		share_drop_claims(client, share, why);
		ditto_client_put(client);
	}
}
