// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued range requests.
 *
 * The queue of a node is in the order of arrival. Whenever something on the node is given up, the
 * queue is processed from its head: a request is granted if no claim and no earlier waiting
 * request is in its way.
 *
 * Locking: ctx->lock guards the queue; client->lock, inside it, guards the lists of client and
 * owner. A request is queued under table->deadlock, so if two requests close a cycle together,
 * the second sees the first.
 */
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../net/callback.h"
#include "check_private.h"
#include "client_private.h"
#include "history.h"
#include "lock_ctx_private.h"
#include "mirror.h"
#include "range_private.h"
#include "trace.h"
#include "wait_private.h"

/* True if two requests would exclude each other if both were granted. */
bool ditto_wait_conflicts(const struct ditto_range_request *a, const struct ditto_range_request *b)
{
	if (a->owner == b->owner || (!a->exclusive && !b->exclusive))
		return false;
	if (ditto_range_is_nowhere(a->empty, a->first) ||
	    ditto_range_is_nowhere(b->empty, b->first))
		return false;
	return a->first <= ditto_range_end(b->empty, b->first, b->last) &&
	       b->first <= ditto_range_end(a->empty, a->first, a->last);
}

/* True if the queued request is this one: same owner, discipline, mode and bytes. */
bool ditto_wait_is(const struct ditto_wait *wait, const struct ditto_range_request *req)
{
	const struct ditto_range_request *have = &wait->request;

	return have->owner == req->owner && have->discipline == req->discipline &&
	       have->exclusive == req->exclusive && have->empty == req->empty &&
	       have->first == req->first && (req->empty || have->last == req->last);
}

/* Describe a queued request as the range that it will hold. */
void ditto_wait_describe(struct ditto_conflict *conflict, const struct ditto_wait *wait)
{
	const struct ditto_range_request *req = &wait->request;
	struct ditto_range range = {
		.claim.owner = req->owner, .claim.id = wait->id,
		.claim.held = ditto_range_row(req->discipline, req->exclusive),
		.first = req->first, .last = req->last, .empty = req->empty,
	};

	ditto_describe(conflict, &range.claim);
}

/*
 * Test whether an earlier request in the queue conflicts. @ctx: locked; @self: its place in the
 * queue; NULL if it is not queued, so that all are earlier; @conflict: filled with true; may be
 * NULL. Context: ctx->lock held. Return: true if the request must not overtake an earlier one.
 */
bool ditto_wait_ahead(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      const struct ditto_wait *self, struct ditto_conflict *conflict)
{
	struct ditto_wait *wait;

	lockdep_assert_held(&ctx->lock);
	list_for_each_entry(wait, &ctx->busy->waits, link) {
		if (wait == self)
			break;
		if (!wait->tell && ditto_wait_conflicts(&wait->request, req)) {
			if (wait->request.owner->client != req->owner->client)
				ditto_client_yields(wait->request.owner->client);
			ditto_wait_describe(conflict, wait);
			return true;
		}
	}
	return false;
}

static void wait_work(struct work_struct *work)
{
	struct ditto_wait *wait = container_of(work, struct ditto_wait, work);
	struct ditto_client *client = wait->request.owner->client;
	struct ditto_callback cb;

	ditto_client_hold(client);
	ditto_callback_enter(&cb);
	/* The range may have been granted and already released with the client. */
	if (READ_ONCE(client->dead))
		WRITE_ONCE(wait->result, -ESHUTDOWN);
	wait->granted(wait, wait->result);
	ditto_wait_put(wait);
	ditto_callback_leave(&cb);
	ditto_callback_end(client);
	ditto_client_put(client);
}

/* Free everything that the table added to the waiter. */
static void wait_clean(struct ditto_wait *wait)
{
	ditto_ranges_free(wait->prealloc);
	ditto_mirror_wait_free(wait);
	ditto_owner_put(wait->request.lease_owner);
	ditto_owner_put(wait->request.owner);
}

/* Drop a reference on a waiting request. May sleep. */
void ditto_wait_put(struct ditto_wait *wait)
{
	if (!refcount_dec_and_test(&wait->ref))
		return;
	wait_clean(wait);
	wait->release(wait);
}

/*
 * Requests that want a notification only are never in the way of others, and are abandoned
 * without notice. They are counted separately, so that they do not use up the limits of the
 * others.
 */
static bool wait_within_limits(struct ditto_lock_ctx *ctx,
			       struct ditto_client *client, bool tell)
{
	const struct ditto_lock_settings *set = &client->table->settings;
	int telling = atomic_read(&client->table->telling);
	int all = tell ? telling : atomic_read(&client->table->waiting) - telling;
	u32 here = tell ? ctx->busy->telling : ctx->busy->waiting - ctx->busy->telling;

	/*
	 * The two counters are read one after the other, so the difference may be negative for a
	 * moment.
	 */
	if (here < READ_ONCE(set->waits_per_node) &&
	    atomic_read(&client->waiting) < READ_ONCE(set->waits_per_client) &&
	    max(all, 0) < READ_ONCE(set->waits))
		return true;
	ditto_locks_count(client->table, DITTO_LOCK_LIMIT);
	return false;
}

static int wait_add(struct ditto_lock_ctx *ctx, struct ditto_wait *wait,
		    const struct ditto_range_request *req)
{
	struct ditto_client *client = req->owner->client;
	struct ditto_lock_busy *busy;
	int err;

	if (!ditto_range_may_be(ctx, req))
		return -ESHUTDOWN;
	if (!wait_within_limits(ctx, client, wait->tell))
		return -ENOLCK;
	if (!ditto_lock_ctx_make_busy(ctx))
		return -ENOMEM;
	busy = ditto_lock_ctx_busy(ctx);
	spin_lock(&client->lock);
	err = client->dead ? -ESHUTDOWN : ditto_client_cover(client, 1);
	if (err) {
		spin_unlock(&client->lock);
		return err;
	}
	wait->request = *req;
	wait->request.queued = true;
	wait->since = ktime_get_real_seconds();
	wait->id = ditto_lock_number(client);
	wait->ctx = ctx;
	wait->state = DITTO_WAIT_NEW;
	wait->result = -EINPROGRESS;
	wait->barge = false;
	wait->noted = 0;
	wait->search = 0;
	wait->blocked = 0;
	wait->prealloc[0] = NULL;
	wait->prealloc[1] = NULL;
	/*
	 * References of the queue and of the caller; the caller puts its own when the request may
	 * start.
	 */
	refcount_set(&wait->ref, 2);
	INIT_WORK(&wait->work, wait_work);
	list_add_tail(&wait->client_link, &client->waits);
	list_add_tail(&wait->owner_link, &req->owner->waits->list);
	atomic_inc(&client->waiting);
	spin_unlock(&client->lock);
	ditto_owner_hold(req->owner);
	if (req->lease_owner)
		ditto_owner_hold(req->lease_owner);
	atomic_inc(&client->table->waiting);
	list_add_tail(&wait->link, &busy->waits);
	busy->waiting++;
	if (wait->tell) {
		atomic_inc(&client->table->telling);
		busy->telling++;
	}
	trace_ditto_wait(wait, -EINPROGRESS);
	ditto_locks_count(client->table, DITTO_LOCK_WAITED);
	return 0;
}

/*
 * Take a request off the queue without a callback. @wait: in the queue; the caller puts the queue's
 * reference. Context: ctx->lock held.
 */
void ditto_wait_remove(struct ditto_wait *wait)
{
	struct ditto_client *client = wait->request.owner->client;
	struct ditto_lock_ctx *ctx = wait->ctx;
	struct ditto_lock_busy *busy = ditto_lock_ctx_busy(ctx);

	ditto_history_end(client->table, &wait->noted, DITTO_OUTCOME_WITHDRAWN);
	spin_lock(&client->lock);
	WRITE_ONCE(wait->ctx, NULL);
	list_del_init(&wait->client_link);
	list_del_init(&wait->owner_link);
	atomic_dec(&client->waiting);
	ditto_client_cover(client, 0);
	spin_unlock(&client->lock);
	atomic_dec(&client->table->waiting);
	list_del_init(&wait->link);
	/* Pairs with ditto_wait_was_granted(): behind the result and what the range has changed. */
	smp_store_release(&wait->state, DITTO_WAIT_DONE);
	ditto_mirror_wait_leave(wait);
	busy->waiting--;
	if (wait->tell) {
		atomic_dec(&client->table->telling);
		busy->telling--;
	}
	/* Later requests may have waited for this one. */
	ctx->pump = true;
}

/* Take a request off the queue and queue its callback. Context: ctx->lock held. */
void ditto_wait_finish(struct ditto_wait *wait, int result)
{
	struct ditto_client *client = wait->request.owner->client;

	trace_ditto_wait(wait, result);
	wait->result = result;
	if (!result)
		ditto_history_end(client->table, &wait->noted, DITTO_OUTCOME_GRANTED);
	/* The order matters: a release that finds no request waits for the callback. */
	ditto_callback_begin(client);
	ditto_wait_remove(wait);
	queue_work(client->table->wq, &wait->work);
}

/**
 * ditto_wait_was_granted - test whether a queued request has got its range
 * @wait: as passed to ditto_range_lock(); the caller keeps its memory
 *
 * Its callback may not have been called yet, and the range may have been given up since.
 *
 * Context: any.
 * Return: false while it waits, and if it was refused or cancelled; also before it is queued.
 */
bool ditto_wait_was_granted(const struct ditto_wait *wait)
{
	/* Pairs with ditto_wait_remove(). */
	return smp_load_acquire(&wait->state) == DITTO_WAIT_DONE && !READ_ONCE(wait->result);
}
EXPORT_SYMBOL_NS_GPL(ditto_wait_was_granted, "DITTO");

/* Grant the queued requests whose turn has come. ctx->lock held. */
void ditto_wait_pump(struct ditto_lock_ctx *ctx)
{
	struct ditto_wait *wait, *next;
	int err;

	list_for_each_entry_safe(wait, next, &ctx->busy->waits, link) {
		if (wait->state != DITTO_WAIT_QUEUED)
			continue;
		if (!wait->barge && ditto_wait_ahead(ctx, &wait->request, wait, NULL))
			continue;
		/* The node may have got a mirror since the request was queued. */
		if (ctx->mirror && !wait->mirror && !wait->tell &&
		    !ditto_mirror_wait_join(ctx, wait))
			err = -ENOMEM;
		else if (wait->mirror)
			err = ditto_mirror_turn(ctx, wait);
		else if (wait->tell)
			err = ditto_range_conflict_check(ctx, &wait->request, NULL);
		else
			err = ditto_range_try(ctx, &wait->request, wait->prealloc, NULL);
		if (err != -EAGAIN && err != -EBUSY && err != -EINPROGRESS)
			ditto_wait_finish(wait, err);
	}
}

/*
 * True if the request is queued already, as this is a retransmission. Ranges of EXACT discipline
 * stack, so a second request for one is another request.
 */
static bool wait_is_queued(struct ditto_lock_ctx *ctx, const struct ditto_wait *wait,
			   const struct ditto_range_request *req)
{
	const struct ditto_wait *other;

	lockdep_assert_held(&ctx->lock);
	if (req->discipline == DITTO_EXACT && !wait->tell)
		return false;
	list_for_each_entry(other, &ctx->busy->waits, link) {
		if (ditto_wait_is(other, req))
			return true;
	}
	return false;
}

/*
 * Check once more, now that no other request can be queued, and queue the request. Its turn
 * cannot come before wait_start().
 */
static int wait_try(const struct ditto_range_request *req, struct ditto_wait *wait,
		    struct ditto_conflict *conflict, struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_make(req->point);
	int err;

	if (!ctx)
		return -ENOMEM;
	ditto_lock_ctx_want_busy(ctx);
	if (wait_is_queued(ctx, wait, req)) {
		ditto_lock_ctx_unlock(ctx);
		return -EALREADY;
	}
	if (wait->mirror || wait->tell || ditto_wait_ahead(ctx, req, NULL, conflict))
		err = -EAGAIN;
	else
		err = ditto_range_try(ctx, req, prealloc, conflict);
	if (err == -EAGAIN || err == -EBUSY) {
		err = wait_add(ctx, wait, req);
		if (!err) {
			swap(wait->prealloc[0], prealloc[0]);
			swap(wait->prealloc[1], prealloc[1]);
			err = -EINPROGRESS;
		}
	}
	ditto_lock_ctx_unlock(ctx);
	return err;
}

/* Let the turn of a queued request come, or refuse its waiting if that closes a cycle. */
static int wait_start(const struct ditto_range_request *req, struct ditto_wait *wait,
		      const struct ditto_conflict *conflict)
{
	const struct ditto_intent intent = ditto_range_intent(req);
	const struct ditto_actor actor = ditto_range_actor(req);
	struct ditto_lock_table *table = req->point->table;
	/* A client that only wants a notification was refused. */
	unsigned long noted = wait->tell ? 0 :
			      ditto_history_waits(req->point, &intent, &actor, conflict);
	/* A notification claims nothing, and whether its owner waits for it is not known. */
	bool circle = !wait->tell && ditto_deadlock(table, wait);
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_at(&wait->ctx);

	/* The client has been released, and the callback reports that. */
	if (!ctx) {
		ditto_history_end(table, &noted, DITTO_OUTCOME_WITHDRAWN);
		goto put;
	}
	if (circle && ditto_range_conflict_check(ctx, &wait->request, NULL) == -EAGAIN) {
		trace_ditto_wait(wait, -EDEADLK);
		ditto_locks_count(table, DITTO_LOCK_DEADLOCK);
		ditto_history_end(table, &noted, DITTO_OUTCOME_REFUSED);
		ditto_wait_remove(wait);
		ditto_lock_ctx_unlock(ctx);
		wait_clean(wait);
		return -EDEADLK;
	}
	/*
	 * If only the order of the queue closes the cycle, the order gives way. A break that was
	 * begun, or a courtesy client that goes, ends by itself.
	 */
	if (circle)
		wait->barge = true;
	wait->noted = noted;
	wait->state = DITTO_WAIT_QUEUED;
	ctx->pump = true;
	ditto_lock_ctx_unlock(ctx);
put:
	ditto_wait_put(wait);
	return -EINPROGRESS;
}

/*
 * Wait for a range that is not free. @conflict: filled with -EAGAIN and -EINPROGRESS; its @held is
 * set before. Context: takes table->deadlock. Return: -EINPROGRESS if it waits; otherwise see
 * ditto_range_lock().
 */
int ditto_wait_enqueue(const struct ditto_range_request *req, struct ditto_wait *wait,
		       struct ditto_conflict *conflict, struct ditto_range *prealloc[2])
{
	struct ditto_lock_table *table = req->point->table;
	int err;

	mutex_lock(&table->deadlock);
	err = -ENOMEM;
	if (ditto_owner_make_waits(req->owner))
		err = wait_try(req, wait, conflict, prealloc);
	if (err == -EINPROGRESS)
		err = wait_start(req, wait, conflict);
	mutex_unlock(&table->deadlock);
	return err;
}
