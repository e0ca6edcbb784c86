// SPDX-License-Identifier: GPL-2.0-only
/* Lists of claims, see show.h. Claims are copied in batches under a lock and shown without it. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "check_private.h"
#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "open_private.h"
#include "range_private.h"
#include "show.h"
#include "wait_private.h"

/* Claims copied under one hold of a lock. */
#define SHOWN_AT_ONCE	16

/**
 * struct batch - a batch of copied claims
 * @count: number of entries
 * @info: the entries; each holds its node
 */
struct batch {
	u32 count;
	struct ditto_claim_info info[SHOWN_AT_ONCE];
};

/* A new entry of the batch. */
static struct ditto_claim_info *batch_next(struct batch *batch, struct ditto_lock_point *point)
{
	struct ditto_claim_info *info = &batch->info[batch->count++];

	memset(info, 0, sizeof(*info));
	point->ops->get(point);
	info->point = point;
	return info;
}

/* Under the lock of the node or of the client. */
static void show_claim(struct batch *batch, struct ditto_claim *claim)
{
	struct ditto_claim_info *info = batch_next(batch, claim->ctx->point);
	const struct ditto_lease *lease;
	u64 now;

	info->id = claim->id;
	info->kind = ditto_claim_kind(claim);
	ditto_describe(&info->what, claim);
	info->since = claim->since;
	if (info->kind == DITTO_CLAIM_RANGE && ditto_claim_range(claim)->pending)
		info->state = DITTO_SHOW_PENDING;
	if (info->kind != DITTO_CLAIM_LEASE)
		return;
	lease = ditto_claim_lease(claim);
	if (!ditto_lease_breaking(lease))
		return;
	now = info->point->table->clock();
	info->state = DITTO_SHOW_BREAKING;
	info->keep = READ_ONCE(lease->keep);
	info->left_ms = READ_ONCE(lease->break_ms);
	if (READ_ONCE(lease->told))
		info->left_ms = max_t(s64, READ_ONCE(lease->deadline) - now, 0);
}

static void show_wait(struct batch *batch, struct ditto_wait *wait)
{
	struct ditto_claim_info *info = batch_next(batch, wait->ctx->point);

	info->id = wait->id;
	info->kind = DITTO_CLAIM_RANGE;
	info->state = DITTO_SHOW_WAITING;
	info->since = wait->since;
	ditto_wait_describe(&info->what, wait);
}

static bool batch_full(const struct batch *batch)
{
	return batch->count == SHOWN_AT_ONCE;
}

/* Show the batch. The cursor passes each entry that @fn accepted. */
static int batch_show(struct batch *batch, struct ditto_show_cursor *cursor, ditto_show_fn fn,
		      void *arg)
{
	int err = 0;

	for (u32 i = 0; i < batch->count; i++) {
		struct ditto_claim_info *info = &batch->info[i];

		if (!err)
			err = fn(info, arg);
		if (!err && info->state == DITTO_SHOW_WAITING)
			cursor->wait = info->id;
		else if (!err)
			cursor->claim = info->id;
		info->point->ops->put(info->point);
	}
	return err;
}

/**
 * struct show - a list
 * @protocol: only clients of this protocol; or NULL
 * @name: only the client of this name; or NULL
 * @point: only claims of this node; or NULL
 * @cursor: position
 * @batch: entries that were copied
 * @fn: called for each entry
 * @arg: for @fn
 */
struct show {
	const char *protocol;
	const char *name;
	const struct ditto_lock_point *point;
	struct ditto_show_cursor *cursor;
	struct batch *batch;
	ditto_show_fn fn;
	void *arg;
};

/* Under the lock of the client of what is on this context. */
static bool show_wants(const struct show *show, const struct ditto_lock_ctx *ctx)
{
	return !show->point || ctx->point == show->point;
}

static int show_client(struct ditto_client *client, const struct show *show)
{
	struct ditto_show_cursor *cursor = show->cursor;
	struct batch *batch = show->batch;
	struct ditto_claim *claim;
	struct ditto_wait *wait;
	u32 looked;
	u64 passed;
	int err;

	do {
		batch->count = 0;
		looked = 0;
		spin_lock(&client->lock);
		passed = cursor->claim;
		claim = ditto_client_claim_after(client, passed);
		while (claim && !batch_full(batch) && looked++ < DITTO_LOOKS_AT_ONCE) {
			ditto_step();
			if (show_wants(show, claim->ctx))
				show_claim(batch, claim);
			passed = claim->id;
			claim = ditto_client_claim_next(claim);
		}
		/* Waits are in the order of their numbers, too, and few. */
		list_for_each_entry(wait, &client->waits, client_link) {
			if (batch_full(batch))
				break;
			if (wait->id > cursor->wait && show_wants(show, wait->ctx))
				show_wait(batch, wait);
		}
		ditto_steps_end();
		spin_unlock(&client->lock);
		err = batch_show(batch, cursor, show->fn, show->arg);
		if (!err)
			cursor->claim = passed;
		cond_resched();
	} while (!err && (claim || batch_full(batch)));
	return err;
}

static int show_clients(struct ditto_lock_table *table, const struct show *show)
{
	struct ditto_show_cursor *cursor = show->cursor;
	struct ditto_client *client;
	int err = 0;

	while (!err && (client = ditto_client_after(table, cursor->client))) {
		/* The client that was listed last may be gone. */
		if (cursor->shown != client->number) {
			cursor->shown = client->number;
			cursor->claim = 0;
			cursor->wait = 0;
		}
		if ((!show->protocol || !strcmp(show->protocol, client->protocol)) &&
		    (!show->name || !strcmp(show->name, client->name)))
			err = show_client(client, show);
		if (!err)
			cursor->client = client->number;
		ditto_client_put(client);
	}
	return err;
}

/*
 * List all claims and waiting requests, client by client. @table: the lock table; @protocol: only
 * clients of this protocol; NULL for all; @name: only the client of this name; NULL for all.
 * Return: the last result of @fn, -ENOMEM, or 0 at the end.
 */
int ditto_show_clients(struct ditto_lock_table *table, const char *protocol, const char *name,
		       struct ditto_show_cursor *cursor, ditto_show_fn fn, void *arg)
{
	struct show show = {
		.protocol = protocol, .name = name, .cursor = cursor, .fn = fn, .arg = arg,
	};
	int err;

	show.batch = kvmalloc(sizeof(*show.batch), GFP_KERNEL);
	if (!show.batch)
		return -ENOMEM;
	err = show_clients(table, &show);
	kvfree(show.batch);
	return err;
}

/*
 * List all claims and waiting requests of one node, client by client. @point: of the node, held by
 * the caller. Looks at the claims of all nodes: only clients have theirs in an order in which a
 * list can go on. Claims and requests that stay on the node are listed exactly once. Return: see
 * ditto_show_clients().
 */
int ditto_show_point(struct ditto_lock_point *point, struct ditto_show_cursor *cursor,
		     ditto_show_fn fn, void *arg)
{
	struct show show = { .point = point, .cursor = cursor, .fn = fn, .arg = arg };
	int err;

	/* On most nodes nothing is held. */
	if (!rcu_access_pointer(point->ctx))
		return 0;
	show.batch = kvmalloc(sizeof(*show.batch), GFP_KERNEL);
	if (!show.batch)
		return -ENOMEM;
	err = show_clients(point->table, &show);
	kvfree(show.batch);
	return err;
}

/* A claim or a waiting request found by its number. */
struct numbered {
	struct ditto_claim *claim;
	struct ditto_wait *wait;
	struct ditto_lock_ctx *ctx;
};

static struct numbered client_numbered(struct ditto_client *client, u64 id)
{
	struct numbered found = {};
	struct ditto_claim *claim;
	struct ditto_wait *wait;

	spin_lock(&client->lock);
	claim = ditto_client_claim_after(client, id - 1);
	if (claim && claim->id == id) {
		found.claim = claim;
		found.ctx = claim->ctx;
	}
	list_for_each_entry(wait, &client->waits, client_link) {
		if (wait->id == id) {
			found.wait = wait;
			found.ctx = wait->ctx;
			break;
		}
	}
	spin_unlock(&client->lock);
	return found;
}

struct numbered_at {
	struct ditto_client *client;
	u64 id;
};

static struct ditto_lock_ctx *lock_ctx_of_numbered(const void *arg)
{
	const struct numbered_at *at = arg;

	return client_numbered(at->client, at->id).ctx;
}

/*
 * Drop the claim or the waiting request. An open takes along the lease with its key, but not a
 * delegation, which is the whole client's. Return: false if ranges or waits that end with the
 * claim must be dropped first.
 */
static bool numbered_drop(struct ditto_lock_ctx *ctx, const struct numbered *found,
			  const char *why)
{
	const struct ditto_owner *key = NULL;
	struct ditto_lease *lease;

	if (found->wait) {
		ditto_wait_finish(found->wait, -ESHUTDOWN);
		return true;
	}
	if (found->claim->held == DITTO_HELD_OPEN)
		key = ditto_claim_open(found->claim)->holder->key;
	for (int i = 0; i < DITTO_DROPS_AT_ONCE; i++) {
		if (!ditto_claim_drop(found->claim, why))
			continue;
		/* The memory of an open is its holder's, so it is not used from here on. */
		lease = key ? ditto_lease_of(ctx, key) : NULL;
		if (lease && !ditto_is_delegation(lease->claim.held))
			ditto_claim_drop(&lease->claim, why);
		return true;
	}
	return false;
}

static bool client_release_numbered(struct ditto_client *client, u64 id, const char *why)
{
	const struct numbered_at at = { .client = client, .id = id };
	struct ditto_lock_ctx *ctx;
	struct numbered found;
	bool any = false, done = false;

	while (!done && (ctx = ditto_lock_ctx_lock(lock_ctx_of_numbered, &at))) {
		/*
		 * It may have ended before the lock was taken; if not, it stays while the lock is
		 * held.
		 */
		found = client_numbered(client, id);
		if (found.ctx == ctx) {
			any = true;
			done = numbered_drop(ctx, &found, why);
		}
		/* Parked operations that conflicted with the claim may retry. */
		ctx->settled = true;
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
	return any;
}

/*
 * Take away one claim, or end one wait. @table: the lock table. Has the effect of a release of the
 * client, limited to this claim. Return: 0, or -ENOENT (no claim or wait has this number any more).
 */
int ditto_show_release(struct ditto_lock_table *table, u64 id, const char *why)
{
	struct ditto_client *client;
	bool done = false;
	u64 number = 0;

	while (!done && (client = ditto_client_after(table, number))) {
		number = client->number;
		done = client_release_numbered(client, id, why);
		ditto_client_put(client);
		cond_resched();
	}
	return done ? 0 : -ENOENT;
}
