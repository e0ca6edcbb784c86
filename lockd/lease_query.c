// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking the holder of WRITE for the attributes of its file.
 *
 * Questions are numbered and sent one at a time. The answer to a question that was sent before a
 * caller arrived may be older than the caller, so the caller waits for the next one. Callers wait
 * only briefly. While a holder is slow, callers that arrive later do not wait for it at all, and
 * from time to time one of them asks again.
 *
 * Locking: all state is under ctx->lock. A waiting caller holds a reference on the grant, which
 * may have ended when it wakes.
 */
#include <linux/jiffies.h>
#include <linux/wait_bit.h>

#include "check_private.h"
#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"

static void question_put(struct ditto_lease *lease)
{
	lease->ask_again = false;
	lease->asked++;
	lease->asked_at = ditto_owner_table(lease->claim.owner)->clock();
	ditto_lease_notify(lease, DITTO_NOTIFY_ASK);
}

static u32 ask_ms(const struct ditto_lease *lease)
{
	return READ_ONCE(ditto_owner_table(lease->claim.owner)->settings.ask_ms);
}

/*
 * The number of the question whose answer is recent enough for this caller. Return: false if the
 * holder is slow. If a question is given up here, the callers that wait for it or for the next
 * one wake.
 */
static bool question_join(struct ditto_lease *lease, u32 *number)
{
	u64 age = ditto_owner_table(lease->claim.owner)->clock() - lease->asked_at;
	u32 wait = ask_ms(lease);

	if (lease->asked == lease->answered) {
		question_put(lease);
		*number = lease->asked;
	} else if (age >= wait + DITTO_LEASE_QUERY_AGAIN_MS) {
		WRITE_ONCE(lease->answered, lease->asked);
		question_put(lease);
		*number = lease->asked;
	} else if (age < wait) {
		lease->ask_again = true;
		*number = lease->asked + 1;
	} else {
		return false;
	}
	return true;
}

static bool is_answered(const struct ditto_lease *lease, u32 number)
{
	return (s32)(READ_ONCE(lease->answered) - number) >= 0;
}

/* Wait for an answer and copy it. */
static int answer_await(struct ditto_lease *lease, u32 number, struct ditto_lease_answer *answer)
{
	struct ditto_lock_table *table = ditto_owner_table(lease->claim.owner);
	u32 wait_ms = ask_ms(lease);
	struct ditto_lock_ctx *ctx;
	int err = 0;

	if (atomic_inc_return(&table->asking) > DITTO_LEASE_QUERIES_LONG)
		wait_ms = min(wait_ms, DITTO_LEASE_QUERY_MS);
	wait_var_event_timeout(&lease->answered,
			       is_answered(lease, number) || !ditto_lease_bits(lease),
			       msecs_to_jiffies(wait_ms));
	atomic_dec(&table->asking);
	ctx = ditto_lock_ctx_of(&lease->claim);
	/* The grant was returned, with everything its holder had cached. */
	if (!ctx)
		return -ENOENT;
	if (!(lease->bits & DITTO_LEASE_WRITE))
		err = -ENOENT;
	else if (is_answered(lease, number))
		*answer = lease->answer;
	else
		err = -EBUSY;
	ditto_lock_ctx_unlock(ctx);
	return err;
}

/*
 * The part of ditto_lease_query() that asks the holder. @point: of the node, held by the caller.
 * Context: see ditto_lease_query(). Return: see ditto_lease_query().
 */
int ditto_lease_query_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			   struct ditto_lease_answer *answer)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	const struct ditto_client *holder;
	struct ditto_lease *lease;
	bool joined;
	u32 number;
	int err;

	if (!ctx)
		return -ENOENT;
	lease = ditto_writer(ctx);
	if (!lease || !lease->ops->ask)
		goto none;
	/* A courtesy client would not reply. */
	holder = lease->claim.owner->client;
	if (holder == (actor ? ditto_actor_client(actor) : NULL) || READ_ONCE(holder->courtesy))
		goto none;
	ditto_lease_hold(lease);
	joined = question_join(lease, &number);
	ditto_lock_ctx_unlock(ctx);
	err = joined ? answer_await(lease, number, answer) : -EBUSY;
	ditto_lease_put(lease);
	return err;
none:
	ditto_lock_ctx_unlock(ctx);
	return -ENOENT;
}

/*
 * Tell whether somebody has a delegation to write. @point: of the node, held by the caller. Such a
 * holder may have the file open for writing without an OPEN claim. Context: no lock of the table
 * held. Return: true if there is one.
 */
bool ditto_delegation_writes(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	const struct ditto_lease *lease;
	bool writes;

	if (!ctx)
		return false;
	lease = ditto_writer(ctx);
	writes = lease && ditto_is_delegation(lease->claim.held);
	ditto_lock_ctx_unlock(ctx);
	return writes;
}

/**
 * ditto_lease_answered - pass on the holder's reply to @ask
 * @lease: referenced by the caller
 * @answer: the reply, which is copied
 *
 * A reply that nothing waits for any more still lets the next question be sent. A reply for a
 * grant that ended is dropped.
 *
 * Context: may sleep; also from a callback of the grant.
 */
void ditto_lease_answered(struct ditto_lease *lease, const struct ditto_lease_answer *answer)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);

	if (!ctx)
		return;
	if (lease->asked != lease->answered) {
		lease->answer = *answer;
		WRITE_ONCE(lease->answered, lease->asked);
		if (lease->ask_again)
			question_put(lease);
	}
	ditto_lock_ctx_unlock(ctx);
	/* Orders the answer before the test for waiters. */
	smp_mb();
	wake_up_var(&lease->answered);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_answered, "DITTO");

/* Wake callers that wait for an answer of a grant that ends. Defined in lease_query.c. */
void ditto_lease_query_end(struct ditto_lease *lease)
{
	clear_bit(DITTO_NOTIFY_ASK, &lease->notify_due);
	if (lease->asked == lease->answered)
		return;
	/* Orders the end of the grant before the test for waiters. */
	smp_mb();
	wake_up_var(&lease->answered);
}
