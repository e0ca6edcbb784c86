// SPDX-License-Identifier: GPL-2.0-only
/*
 * Breaks: taking back caching grants.
 *
 * A lease with only READ to give up is broken by a notification without an answer. Any other
 * holder has until the deadline to answer, counted from the moment it is notified, by a timer of
 * the grant; then the grant is revoked, whether a request waits for it or not. If more has to be
 * given up while an answer is awaited, further steps follow, each with its own deadline. A
 * lease gives up first WRITE, then HANDLE, then READ; a delegation goes to the target in one step.
 *
 * Locking: the state of a grant is under its node's ctx->lock. The callbacks of a grant run from
 * one work item, so one at a time, with no lock held.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "../net/callback.h"
#include "check_private.h"
#include "client_private.h"
#include "history.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "trace.h"

/* Retry time for a holder whose deadline has passed and that is not withdrawn yet. */
#define EXPIRE_AGAIN_MS	1000

/* A change of a directory entry to be delivered to one holder; the names follow. */
struct ditto_change {
	struct list_head link;
	struct ditto_entry_change change;
	char names[];
};

/* Queue the callbacks. A release of the client waits for them. */
static void lease_queue(struct ditto_lease *lease)
{
	struct ditto_client *client = lease->claim.owner->client;

	ditto_lease_hold(lease);
	ditto_callback_begin(client);
	if (queue_work(client->table->wq, &lease->tell))
		return;
	/* The work is queued already and keeps both counts above these. */
	ditto_callback_end(client);
	refcount_dec(&lease->ref);
}

/* Set a DITTO_NOTIFY_* bit and queue the callbacks of a grant. Defined in break.c. */
void ditto_lease_notify(struct ditto_lease *lease, unsigned int what)
{
	set_bit(what, &lease->notify_due);
	lease_queue(lease);
}

static void break_arm(struct ditto_lease *lease, u64 ms)
{
	ditto_lease_hold(lease);
	if (!queue_delayed_work(ditto_owner_table(lease->claim.owner)->wq, &lease->expire,
				msecs_to_jiffies(ms)))
		refcount_dec(&lease->ref);
}

static bool is_lease(const struct ditto_lease *lease)
{
	return lease->claim.held == DITTO_HELD_LEASE || lease->claim.held == DITTO_HELD_DIRECTORY;
}

/* Callers that change the node wait for that, see ditto_claim_wait_notified_slow(). */
static void tell_holder(struct ditto_lease *lease, unsigned int what)
{
	struct ditto_lock_point *point = lease->claim.ctx->point;

	lockdep_assert_held(&lease->claim.ctx->lock);
	if (!lease->unnotified) {
		point->ops->get(point);
		atomic_inc(&point->unnotified);
		lease->unnotified = point;
	}
	ditto_lease_notify(lease, what);
}

/* The holder was notified, or needs no notification any more. */
static void holder_told(struct ditto_lease *lease)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);
	struct ditto_lock_point *point = NULL;

	if (!ctx) {
		/*
		 * The lease is off its node. Pairs with its removal: a bit that was set before is
		 * visible here.
		 */
		smp_rmb();
	}
	if (!(READ_ONCE(lease->notify_due) & (BIT(DITTO_NOTIFY_BREAK) | BIT(DITTO_NOTIFY_REVOKED))))
		swap(point, lease->unnotified);
	if (ctx)
		ditto_lock_ctx_unlock(ctx);
	if (!point)
		return;
	if (atomic_dec_and_test(&point->unnotified))
		wake_up_var(&point->unnotified);
	point->ops->put(point);
}

/*
 * Wait until the holders of a node were notified of their breaks. @point: of the node, held by the
 * caller. Waits at most DITTO_UNTOLD_MS, or DITTO_UNTOLD_SHORT_MS if many wait already. Returns
 * immediately when called from a grant's own callback, which would wait for itself. Context: no
 * lock held that a callback needs.
 */
void ditto_claim_wait_notified_slow(struct ditto_lock_point *point)
{
	const struct work_struct *work = current_work();
	struct ditto_lock_table *table = point->table;
	unsigned int ms = DITTO_UNTOLD_MS;

	/* A holder that changes something in its callback would wait for itself. */
	if (work && work->func == ditto_lease_notify_work)
		return;
	if (atomic_inc_return(&table->unnotified) > DITTO_UNNOTIFIED_LONG)
		ms = DITTO_UNTOLD_SHORT_MS;
	wait_var_event_timeout(&point->unnotified, !atomic_read(&point->unnotified),
			       msecs_to_jiffies(ms));
	atomic_dec(&table->unnotified);
}

/* Begin a step of a break: the holder is asked to keep no more than @keep. */
static void break_step(struct ditto_lease *lease, u8 keep)
{
	struct ditto_lock_point *point = lease->claim.ctx->point;
	struct ditto_lock_table *table = point->table;

	lease->keep = keep;
	lease->told = false;
	lease->ack = !is_lease(lease) || lease->bits != DITTO_LEASE_READ;
	trace_ditto_break(&lease->claim, keep, lease->ack ? "ack" : "no ack");
	ditto_locks_report(table, DITTO_LOCK_BREAK, lease->claim.owner->client);
	ditto_delegation_recalled(lease);
	if (!is_lease(lease))
		point->quiet_until = table->clock() + READ_ONCE(table->settings.quiet_ms);
	tell_holder(lease, DITTO_NOTIFY_BREAK);
	if (lease->ack) {
		WRITE_ONCE(lease->state, DITTO_LEASE_BREAKING);
		ditto_holder_update(lease);
	} else {
		ditto_lease_set_bits(lease, keep);
	}
}

/* Revoke the grant, because its holder does not answer. */
static void break_revoke(struct ditto_lease *lease)
{
	struct ditto_lock_table *table = lease->claim.ctx->point->table;

	trace_ditto_revoke(&lease->claim, 0, "");
	ditto_locks_report(table, DITTO_LOCK_REVOKED, lease->claim.owner->client);
	ditto_delegation_revoked(lease);
	clear_bit(DITTO_NOTIFY_BREAK, &lease->notify_due);
	tell_holder(lease, DITTO_NOTIFY_REVOKED);
	ditto_history_end(table, &lease->noted, DITTO_OUTCOME_REVOKED);
	ditto_lease_remove(lease);
}

/*
 * A delegation of a file can be reclaimed after a restart. It is not revoked alone: it ends with
 * everything else of its courtesy client once that is withdrawn, and the request in conflict
 * retries.
 */
static bool break_awaits_withdrawal(const struct ditto_lease *lease)
{
	return lease->claim.held == DITTO_HELD_DELEGATION &&
	       lease->claim.owner->client->ops->withdraw;
}

static void orphan_revoke(struct ditto_lease *lease)
{
	struct ditto_lock_table *table = lease->claim.ctx->point->table;

	trace_ditto_revoke(&lease->claim, 0, "orphan");
	ditto_locks_report(table, DITTO_LOCK_REVOKED, lease->claim.owner->client);
	ditto_delegation_revoked(lease);
	ditto_lease_remove(lease);
}

/*
 * Begin a break, or add to the one that is outstanding. Context: ctx->lock held. Return: false if
 * nothing was begun, because the holder is a courtesy client that must be withdrawn first, and the
 * grant ends with its other claims.
 */
bool ditto_break_begin(struct ditto_lease *lease, u8 gives_up)
{
	u8 keep = ditto_lease_valid(lease->bits & ~gives_up);
	struct ditto_lock_ctx *ctx = lease->claim.ctx;

	lockdep_assert_held(&ctx->lock);
	/* Neither an orphan nor a courtesy client is asked to give way. */
	if (lease->orphan) {
		orphan_revoke(lease);
	} else if (ditto_client_yields(lease->claim.owner->client)) {
		if (break_awaits_withdrawal(lease))
			return false;
		break_revoke(lease);
	} else if (lease->state == DITTO_LEASE_BREAKING) {
		lease->target = ditto_lease_valid(lease->target & keep);
		ditto_holder_update(lease);
	} else {
		lease->target = keep;
		break_step(lease, keep);
	}
	ctx->begun++;
	return true;
}

/**
 * ditto_lease_break - break a grant that its holder cannot keep
 * @lease: referenced by the caller
 * @gives_up: DITTO_LEASE_* bits to be given up
 *
 * The holder does not know yet that these bits cannot stay; it is asked to give them up as for a
 * conflict.
 *
 * Context: may sleep; also from a callback of the grant.
 */
void ditto_lease_break(struct ditto_lease *lease, u8 gives_up)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);

	if (!ctx)
		return;
	if (lease->bits & gives_up)
		ditto_break_begin(lease, gives_up);
	ditto_lock_ctx_unlock(ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_break, "DITTO");

/* The next step down to the target. */
static u8 next_step(const struct ditto_lease *lease)
{
	u8 excess = lease->bits & ~lease->target;

	if (!is_lease(lease))
		return lease->target;
	if (excess & DITTO_LEASE_WRITE)
		return lease->bits & ~DITTO_LEASE_WRITE;
	if (excess & DITTO_LEASE_HANDLE)
		return lease->bits & ~DITTO_LEASE_HANDLE;
	return 0;
}

/**
 * ditto_lease_ack - answer a break on behalf of the holder
 * @lease: referenced by the caller
 * @keep: the bits that it keeps; a subset of those that the break leaves
 *
 * The break continues if the holder still has too much. A caller that waits for this step waits for
 * the following ones, too: the break is over when the holder has no more than the conflicting opens
 * leave it (MS-FSA section 2.1.4.12).
 *
 * Context: may sleep; also from a callback of the grant.
 * Return: 0; -EINVAL (keeps too many bits; the break stands); -ENOENT (no break is outstanding, or
 * the grant was revoked).
 */
int ditto_lease_ack(struct ditto_lease *lease, u8 keep)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);
	bool settled;
	int err = 0;

	if (!ctx)
		return -ENOENT;
	keep = ditto_lease_valid(keep);
	if (lease->state != DITTO_LEASE_BREAKING || !lease->told) {
		err = -ENOENT;
		goto unlock;
	}
	if (keep & ~lease->keep) {
		err = -EINVAL;
		goto unlock;
	}
	trace_ditto_ack(&lease->claim, keep, "");
	ditto_locks_count(ctx->point->table, DITTO_LOCK_ACK);
	settled = ctx->settled;
	if (cancel_delayed_work(&lease->expire))
		refcount_dec(&lease->ref);
	ditto_delegation_answered(lease, keep);
	WRITE_ONCE(lease->state, DITTO_LEASE_HELD);
	if (!(keep & ~lease->target))
		ditto_history_end(ctx->point->table, &lease->noted, DITTO_OUTCOME_RETURNED);
	ditto_lease_set_bits(lease, keep);
	if (!(keep & ~lease->target))
		goto unlock;
	break_step(lease, next_step(lease));
	if (lease->ack) {
		ctx->settled = settled;
		ctx->pump = true;
	}
unlock:
	ditto_lock_ctx_unlock(ctx);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_ack, "DITTO");

/* Start the deadline. Return: false if the holder needs no notification any more. */
static bool break_notified(struct ditto_lease *lease, u8 *keep, bool *ack)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);

	*keep = lease->keep;
	*ack = lease->ack;
	if (!ctx)
		/*
		 * The lease is off its node: this break removed it, or an event that cleared the
		 * bit.
		 */
		return !*ack;
	if (*ack) {
		lease->told = true;
		lease->deadline = ctx->point->table->clock() + lease->break_ms;
		break_arm(lease, lease->break_ms);
	}
	ditto_lock_ctx_unlock(ctx);
	return true;
}

/* The next change to be delivered, or NULL. */
static struct ditto_change *change_next(struct ditto_lease *lease)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);
	struct ditto_change *change = NULL;

	if (!ctx)
		return NULL;
	change = list_first_entry_or_null(&lease->changes, struct ditto_change, link);
	if (change) {
		list_del(&change->link);
		lease->change_count--;
	}
	ditto_lock_ctx_unlock(ctx);
	return change;
}

/* Work of ditto_lease.tell: runs the callbacks that are due. */
void ditto_lease_notify_work(struct work_struct *work)
{
	struct ditto_lease *lease = container_of(work, struct ditto_lease, tell);
	struct ditto_client *client = lease->claim.owner->client;
	struct ditto_change *change;
	struct ditto_callback cb;
	bool ack;
	u8 keep;

	ditto_callback_enter(&cb);
	while ((change = change_next(lease))) {
		lease->ops->notify(lease, &change->change);
		kfree(change);
	}
	if (test_and_clear_bit(DITTO_NOTIFY_BREAK, &lease->notify_due) &&
	    break_notified(lease, &keep, &ack))
		lease->ops->breaking(lease, keep, ack);
	if (test_and_clear_bit(DITTO_NOTIFY_REVOKED, &lease->notify_due))
		lease->ops->revoked(lease);
	holder_told(lease);
	if (test_and_clear_bit(DITTO_NOTIFY_ASK, &lease->notify_due) && READ_ONCE(lease->claim.ctx))
		lease->ops->ask(lease);

	ditto_client_hold(client);
	ditto_lease_put(lease);
	ditto_callback_leave(&cb);
	ditto_callback_end(client);
	ditto_client_put(client);
}

/*
 * Work of ditto_lease.expire: revokes the grant if the deadline of a break has passed. The timer
 * only says that the deadline may have passed; the clock decides. A delegation of a courtesy client
 * is checked again later.
 */
void ditto_lease_expire_work(struct work_struct *work)
{
	struct ditto_lease *lease = container_of(to_delayed_work(work), struct ditto_lease, expire);
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);
	struct ditto_callback cb;
	u64 now;

	ditto_callback_enter(&cb);
	if (!ctx)
		goto put;
	if (lease->state != DITTO_LEASE_BREAKING || !lease->told)
		goto unlock;
	now = ctx->point->table->clock();
	if (now < lease->deadline)
		break_arm(lease, lease->deadline - now);
	else if (ditto_client_yields(lease->claim.owner->client) && break_awaits_withdrawal(lease))
		break_arm(lease, EXPIRE_AGAIN_MS);
	else
		break_revoke(lease);
unlock:
	ditto_lock_ctx_unlock(ctx);
put:
	ditto_lease_put(lease);
	ditto_callback_leave(&cb);
}

/* Free the changes that were not delivered. */
void ditto_changes_free(struct list_head *changes)
{
	struct ditto_change *change, *next;

	list_for_each_entry_safe(change, next, changes, link)
		kfree(change);
}

/* Queue a copy of a change; if that is not possible, the holder must give up READ. */
static void break_deliver(struct ditto_lease *lease, const struct ditto_entry_change *from)
{
	struct ditto_change *change = NULL;

	/* Others do not cache what changes, and would lose READ if they could not be notified. */
	if (from->event == DITTO_ENTRY_ATTRIBUTES && !lease->notify_attrs)
		return;
	if (lease->change_count < DITTO_CHANGES_PER_LEASE &&
	    !READ_ONCE(lease->claim.owner->client->courtesy))
		change = kmalloc(struct_size(change, names, from->len + from->old_len),
				 GFP_NOWAIT | __GFP_NOWARN);
	if (!change) {
		ditto_break_begin(lease, DITTO_LEASE_READ);
		return;
	}
	change->change = *from;
	change->change.name = change->names;
	change->change.old_name = change->names + from->len;
	memcpy(change->names, from->name, from->len);
	if (from->old_len)
		memcpy(change->names + from->len, from->old_name, from->old_len);
	list_add_tail(&change->link, &lease->changes);
	lease->change_count++;
	lease_queue(lease);
}

/*
 * Deliver a change to the grants that requested notifications; with NULL, break READ because of
 * changes whose names are not known. The lock is dropped between batches; a grant that is made in
 * between needs no notification.
 */
static void deliver_all(struct ditto_lock_point *point, const struct ditto_actor *actor,
			const struct ditto_entry_change *change)
{
	static const struct ditto_holder_sum told = { .modes = DITTO_HOLDER_NOTIFY };
	const struct ditto_matrix_cell *cell;
	struct ditto_owner *behind = NULL, *last;
	struct ditto_holder *holder, *next;
	struct ditto_lock_ctx *ctx;
	struct ditto_lease *lease;

	do {
		ctx = ditto_lock_ctx_find(point);
		if (!ctx)
			break;
		last = NULL;
		holder = ditto_holder_behind(ctx, behind, false, &told);
		for (int i = 0; holder && i < DITTO_DROPS_AT_ONCE; i++, holder = next) {
			lease = holder->grant;
			cell = &ditto_matrix[lease->claim.held][DITTO_INTENT_ENTRY];
			next = ditto_holder_next(holder, &told);
			last = lease->claim.owner;
			if (!change)
				ditto_break_begin(lease, DITTO_LEASE_READ);
			else if (!ditto_exempt(cell, &lease->claim, actor))
				break_deliver(lease, change);
		}
		/* A grant that ended keeps its key until ctx->lock is dropped. */
		if (last)
			ditto_owner_hold(last);
		ditto_lock_ctx_unlock(ctx);
		ditto_owner_put(behind);
		behind = last;
		cond_resched();
	} while (holder);
	ditto_owner_put(behind);
}

/*
 * The part of ditto_lease_deliver() that finds the holders. @point: of the directory, held by the
 * caller. Context: does not wait for the holders.
 */
void ditto_lease_deliver_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			      const struct ditto_entry_change *change)
{
	static const struct ditto_actor anonymous;

	deliver_all(point, actor ?: &anonymous, change);
}

/*
 * Changes of entries happened whose names are not known. @point: of the directory, held by the
 * caller. Grants that requested notifications get READ broken instead. Context: does not wait for
 * the holders.
 */
void ditto_lease_lose(struct ditto_lock_point *point)
{
	deliver_all(point, NULL, NULL);
}
