// SPDX-License-Identifier: GPL-2.0-only
/*
 * Courtesy clients, see ditto_client_set_courtesy().
 *
 * A client yields where one of its claims is found in the way, under ctx->lock. A workqueue of
 * the table withdraws and releases it a moment later. Until then its claims refuse nothing, but
 * conflicting claims are not granted either.
 *
 * Locking: client->lock guards whether a client is a courtesy client and whether it yields.
 */
#include <linux/jiffies.h>
#include <linux/wait_bit.h>

#include "client.h"
#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "mirror.h"
#include "table.h"
#include "wait_private.h"

/* Claims looked at under one hold of a client's lock. */
#define LOOK_AT_ONCE	256

/* The VFS does not say which client a local process waits for; it looks again after this time. */
#define YIELD_MS	1000

/* Retry time for a client that could not be withdrawn. */
#define WITHDRAW_AGAIN_MS	1000

/*
 * A local process cannot be killed while it waits for a release, so it waits no longer than this.
 */
#define YIELD_BOUND_MS		5000

/*
 * What local processes wait for: attempts of all tables that are due or running, and attempts that
 * are over. They are global because the VFS does not say whose lock a local process has met.
 */
static atomic_t yields_due = ATOMIC_INIT(0);
static atomic_t yields_done = ATOMIC_INIT(0);

/* Something that a local process waits for in ditto_clients_yielded() is due. Any context. */
void ditto_yield_begin(void)
{
	atomic_inc(&yields_due);
}

/* It is over. Any context. */
void ditto_yield_end(void)
{
	atomic_inc(&yields_done);
	atomic_dec(&yields_due);
	/* Orders both before the search for waiters. */
	smp_mb__after_atomic();
	wake_up_var(&yields_done);
}

/* An attempt to withdraw and release the client becomes due. */
static void client_attempt_begin(struct ditto_client *client)
{
	lockdep_assert_held(&client->lock);
	client->yielding = true;
	client->yield_since = jiffies;
	atomic_inc(&client->table->yields);
	ditto_yield_begin();
}

static void client_attempt_end(struct ditto_client *client)
{
	struct ditto_lock_table *table = client->table;
	bool ended;

	spin_lock(&client->lock);
	ended = client->yielding;
	client->yielding = false;
	spin_unlock(&client->lock);
	if (!ended)
		return;
	ditto_yield_end();
	if (atomic_dec_and_test(&table->yields))
		wake_up_var(&table->yields);
}

/* Queue an attempt unless one is due already or a retry is pending. */
static void client_yield_begin(struct ditto_client *client, const char *why)
{
	lockdep_assert_held(&client->lock);
	if (client->dead || client->yielding || delayed_work_pending(&client->yield))
		return;
	client_attempt_begin(client);
	client->yield_why = why;
	ditto_client_hold(client);
	queue_delayed_work(client->table->yield_wq, &client->yield, 0);
}

/**
 * ditto_client_retire - release a courtesy client as soon as it can be withdrawn
 * @client: held by the caller; nothing happens if it is not, or no longer, a courtesy client
 * @why: see ditto_client_release()
 *
 * A workqueue of the table withdraws the client and then releases it, DITTO_YIELDS_AT_ONCE clients
 * at a time. Until then the client cannot renew, so it gets nothing that would be lost. If the
 * withdrawal fails it may come back, and the attempt is repeated until it does.
 *
 * Context: process; does not sleep; ctx->lock may be held, client->lock must not be.
 * Return: true if it is a courtesy client, which is about to be released; false if the client
 * keeps what it holds.
 */
bool ditto_client_retire(struct ditto_client *client, const char *why)
{
	bool courtesy;

	if (likely(!READ_ONCE(client->courtesy)))
		return false;
	/* The lock decides whether this or a renewal comes first. */
	spin_lock(&client->lock);
	courtesy = client->courtesy;
	if (courtesy)
		client_yield_begin(client, why);
	spin_unlock(&client->lock);
	return courtesy;
}
EXPORT_SYMBOL_NS_GPL(ditto_client_retire, "DITTO");

/*
 * Report a conflict with a claim of a client. Begins the release of a courtesy client. Context: any
 * but interrupts; ctx->lock may be held. Return: true if it is a courtesy client, which is about to
 * be released.
 */
bool ditto_client_yields(struct ditto_client *client)
{
	return ditto_client_retire(client, "silent");
}

/*
 * ditto_client_yields() for a caller that can only wait for the release. Context: any but
 * interrupts. Return: false also if the release may take long, because an attempt to withdraw the
 * client failed or is slow.
 */
bool ditto_client_yields_now(struct ditto_client *client)
{
	bool now;

	if (likely(!ditto_client_yields(client)))
		return false;
	spin_lock(&client->lock);
	now = client->yielding && !client->withdraw_failed &&
	      time_before(jiffies, client->yield_since + msecs_to_jiffies(YIELD_BOUND_MS));
	spin_unlock(&client->lock);
	return now;
}

/*
 * Delete what would let a client reclaim after a restart. @client: held by the caller, which
 * releases it immediately if this returns 0. For callers that take away a client's claims and can
 * wait. Return: 0, or the error of @client->ops->withdraw.
 */
int ditto_client_withdraw(struct ditto_client *client)
{
	return client->ops->withdraw ? client->ops->withdraw(client) : 0;
}

/**
 * struct review - position in a walk through the claims of a client
 * @client: the client
 * @id: number of the claim that was looked at last
 * @more: there may be claims behind it
 * @mirror: of the last node where local processes were looked for, held; or NULL
 */
struct review {
	struct ditto_client *client;
	u64 id;
	bool more;
	struct ditto_mirror *mirror;
};

/* True if local processes may wait for a range, and others of its node were not looked at last. */
static bool review_is_shown(const struct review *review, const struct ditto_claim *claim)
{
	const struct ditto_mirror *mirror = READ_ONCE(claim->ctx->mirror);

	return ditto_held_is_range(claim->held) && mirror && mirror != review->mirror;
}

/*
 * The next node where requests wait for a claim of the client, where it has a grant, or where local
 * processes may wait for its ranges.
 */
static struct ditto_lock_ctx *next_awaited(const void *arg)
{
	struct review *review = (struct review *)arg;
	struct ditto_client *client = review->client;
	const struct ditto_lock_busy *busy;
	struct ditto_lock_ctx *found = NULL;
	struct ditto_claim *claim;
	int looked = 0;

	spin_lock(&client->lock);
	claim = ditto_client_claim_after(client, review->id);
	for (; claim && !found && looked < LOOK_AT_ONCE; looked++) {
		review->id = claim->id;
		/* Pairs with ditto_lock_ctx_make_busy(). */
		busy = smp_load_acquire(&claim->ctx->busy);
		if (READ_ONCE(busy->waiting) || READ_ONCE(busy->parked) ||
		    ditto_held_is_lease(claim->held) || review_is_shown(review, claim))
			found = claim->ctx;
		claim = ditto_client_claim_next(claim);
	}
	review->more = claim;
	spin_unlock(&client->lock);
	return found;
}

/* Wake the operations that do not wait for a client that could not be withdrawn. */
static void review_brief(struct ditto_client *client)
{
	struct review review = { .client = client };
	struct ditto_lock_ctx *ctx;

	do {
		ctx = ditto_lock_ctx_lock(next_awaited, &review);
		if (ctx) {
			ditto_park_wake_brief(ctx);
			ditto_lock_ctx_unlock(ctx);
		}
		cond_resched();
	} while (review.more);
}

/*
 * Wake the requests that wait for the client already, so that they check again. The VFS wakes no
 * local process for that, so the client gives way to one that waits.
 */
static void review_claims(struct ditto_client *client)
{
	struct review review = { .client = client };
	struct ditto_mirror *mirror;
	struct ditto_lock_ctx *ctx;
	struct ditto_claim *claim;

	do {
		mirror = NULL;
		ctx = ditto_lock_ctx_lock(next_awaited, &review);
		if (ctx) {
			/* If the claim still exists, it stays while the node is locked. */
			spin_lock(&client->lock);
			claim = ditto_client_claim_after(client, review.id - 1);
			if (claim && (claim->id != review.id || claim->ctx != ctx))
				claim = NULL;
			spin_unlock(&client->lock);
			if (claim && ditto_held_is_lease(claim->held))
				ditto_holder_update(ditto_claim_lease(claim));
			ctx->settled = true;
			if (ctx->mirror != review.mirror)
				mirror = ditto_mirror_hold(ctx->mirror);
			ditto_lock_ctx_unlock(ctx);
		}
		if (mirror) {
			ditto_mirror_yield(mirror);
			ditto_mirror_put(review.mirror);
			review.mirror = mirror;
		}
		cond_resched();
	} while (review.more);
	ditto_mirror_put(review.mirror);
}

/* Work of client->yield: withdraw and release the client. */
void ditto_client_yield_work(struct work_struct *work)
{
	struct ditto_client *client = container_of(to_delayed_work(work), struct ditto_client,
						   yield);
	const char *why;
	bool due, first;

	spin_lock(&client->lock);
	/* A retry; the client may have renewed while it waited for that. */
	if (!client->yielding && client->courtesy && !client->dead)
		client_attempt_begin(client);
	due = client->yielding;
	why = client->yield_why;
	spin_unlock(&client->lock);
	if (!due)
		goto put;

	if (!ditto_client_withdraw(client)) {
		ditto_client_release(client, why);
		goto end;
	}
	/* The client keeps its claims, may come back, and is tried again later. */
	spin_lock(&client->lock);
	first = !client->withdraw_failed;
	if (!client->dead) {
		WRITE_ONCE(client->withdraw_failed, true);
		ditto_client_hold(client);
		queue_delayed_work(client->table->yield_wq, &client->yield,
				   msecs_to_jiffies(WITHDRAW_AGAIN_MS));
	}
	spin_unlock(&client->lock);
	if (first)
		review_brief(client);
end:
	client_attempt_end(client);
put:
	ditto_client_put(client);
}

/* Cancel client->yield, because the client is released in another way. */
void ditto_client_yield_cancel(struct ditto_client *client)
{
	if (!cancel_delayed_work(&client->yield))
		return;
	client_attempt_end(client);
	ditto_client_put(client);
}

/*
 * Wait until no release of a courtesy client is due or running. @table: the lock table. Return:
 * jiffies left, 0 if the time is over.
 */
long ditto_clients_yielded_timeout(struct ditto_lock_table *table, long timeout)
{
	return wait_var_event_timeout(&table->yields, !atomic_read(&table->yields), timeout);
}

/*
 * For the VFS: wait up to a second for the release of courtesy clients, or for a cover to be
 * refined. May sleep. Returns after any release, so that attempts of other tables do not delay the
 * caller.
 */
void ditto_clients_yielded(void)
{
	int before = atomic_read(&yields_done);

	wait_var_event_timeout(&yields_done, atomic_read(&yields_done) != before ||
			       !atomic_read(&yields_due), msecs_to_jiffies(YIELD_MS));
}

/**
 * ditto_client_set_courtesy - make a silent client a courtesy client, or end that
 * @client: held by the caller
 * @courtesy: true if the client has been silent for too long; false if it renewed
 *
 * A courtesy client keeps its claims and waits until they are in the way (RFC 8881 section
 * 8.4.2.4) of another client, an anonymous request or a local process. Then everything is
 * released, as by ditto_client_retire(), and the request in conflict has to retry as for a break;
 * parked and queued requests are woken when the client is gone. The holder is not asked to give
 * way: its caching grants are revoked. While the client cannot be withdrawn, it may come back, and
 * the attempt is repeated until it does; until then local processes conflict with its ranges as
 * with any other client's.
 *
 * Context: may sleep; no lock held.
 * Return: true if the client now has the requested state; false if it was released, or is about to
 * be, and a new one is needed.
 */
bool ditto_client_set_courtesy(struct ditto_client *client, bool courtesy)
{
	bool can, awaited;

	spin_lock(&client->lock);
	can = !client->dead && !client->yielding;
	/* Requests that waited for the release now wait for it as for any other client. */
	awaited = client->withdraw_failed;
	if (can) {
		WRITE_ONCE(client->courtesy, courtesy);
		WRITE_ONCE(client->withdraw_failed, client->withdraw_failed && courtesy);
	}
	spin_unlock(&client->lock);
	if (can && (courtesy || awaited))
		review_claims(client);
	return can;
}
EXPORT_SYMBOL_NS_GPL(ditto_client_set_courtesy, "DITTO");
