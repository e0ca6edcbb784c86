// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of an operation against the claims of a node, by the matrix.
 *
 * Ranges and opens in the way refuse the operation, unless the holder may have given them up
 * locally without reporting it yet: a holder of WRITE may have released ranges, and a holder of
 * HANDLE may have closed opens. Such a holder is asked first, and its claims are checked after it
 * answered. Claims of a courtesy client that are in the way refuse nothing: the client is
 * released with everything it has.
 */
#include <linux/string.h>

#include "check_private.h"
#include "client_private.h"
#include "history.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "open_private.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "trace.h"
#include "wait_private.h"

/* The client that the caller acts for; NULL if it is anonymous. */
struct ditto_client *ditto_actor_client(const struct ditto_actor *actor)
{
	if (actor->client)
		return actor->client;
	if (actor->owner)
		return actor->owner->client;
	return actor->lease_owner ? actor->lease_owner->client : NULL;
}

/*
 * Test whether a claim does not count for a caller. Context: any. Return: true if the exemption of
 * the cell applies.
 */
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor)
{
	const struct ditto_owner *mine = ditto_held_is_lease(held->held) ? actor->lease_owner :
									   actor->owner;
	const struct ditto_client *client;

	switch (cell->exempt) {
	case DITTO_EXEMPT_OWNER:
		if (mine)
			return actor->by_key ? ditto_owner_same_key(mine, held->owner) :
					       mine == held->owner;
		client = ditto_actor_client(actor);
		if (actor->delegated)
			return client == held->owner->client;
		return client && client->machine &&
		       client->machine == held->owner->client->machine;
	case DITTO_EXEMPT_CLIENT:
		return ditto_actor_client(actor) == held->owner->client;
	default:
		return false;
	}
}

/* The same as ditto_describe() without the key of the owner. */
void ditto_describe_holding(struct ditto_holding *holding, const struct ditto_claim *held)
{
	const struct ditto_client *client = held->owner->client;
	struct ditto_claim *claim = (struct ditto_claim *)held;
	const struct ditto_range *range;

	memset(holding, 0, sizeof(*holding));
	holding->held = held->held;
	holding->claim = held->id;
	strscpy(holding->protocol, client->protocol);
	strscpy(holding->client, client->name);
	ditto_client_who(client, &holding->who);
	if (ditto_held_is_range(held->held)) {
		range = ditto_claim_range(claim);
		holding->first = range->first;
		holding->last = range->last;
		holding->empty = range->empty;
		holding->exclusive = ditto_range_is_exclusive(range);
	} else if (held->held == DITTO_HELD_OPEN) {
		holding->access = ditto_claim_open(claim)->access;
		holding->deny = ditto_claim_open(claim)->deny;
	} else {
		holding->lease = ditto_claim_lease(claim)->bits;
	}
}

/*
 * Describe a claim that is in the way. @conflict: filled; may be NULL. Context: any in which the
 * claim cannot change.
 */
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held)
{
	if (!conflict)
		return;
	memset(conflict, 0, sizeof(*conflict));
	ditto_describe_holding(&conflict->holding, held);
	conflict->key_len = held->owner->len;
	memcpy(conflict->key, held->owner->key, held->owner->len);
}

/*
 * Bits that an open breaks because an operation of @kind follows it. @open is the cell of opens;
 * the cell of @kind is in the same row.
 */
static u8 gives_up_also(const struct ditto_matrix_cell *open, enum ditto_intent_kind kind,
			u8 *waits)
{
	const struct ditto_matrix_cell *cell = open - DITTO_INTENT_OPEN + kind;

	*waits |= cell->waits_for;
	return cell->gives_up;
}

/*
 * Compute what an operation breaks of a grant. Context: any. Return: DITTO_LEASE_* bits that the
 * operation breaks, held or not.
 */
u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits)
{
	u8 access = older ? intent->access : intent->access & ~DITTO_OPEN_ACL;
	u8 bits = cell->gives_up;

	*waits = cell->waits_for;
	if (intent->kind != DITTO_INTENT_OPEN)
		return intent->tests ? bits & *waits : bits;
	/* Opens of attributes only break nothing. */
	if (!access && !intent->deny) {
		*waits = 0;
		return 0;
	}
	if (intent->access & DITTO_OPEN_WRITE ||
	    (cell->opens_itself && intent->deny & DITTO_OPEN_READ)) {
		bits |= cell->gives_up_to_write;
		*waits |= cell->gives_up_to_write;
	}
	if (intent->access & DITTO_OPEN_EMPTY)
		bits |= gives_up_also(cell, DITTO_INTENT_SIZE, waits);
	if (intent->access & DITTO_OPEN_REMOVE)
		bits |= gives_up_also(cell, DITTO_INTENT_REMOVE, waits);
	return bits;
}

/* Courtesy clients that are passed before the check stops looking at further claims. */
#define COURTESY_AT_ONCE	64

/**
 * struct conflict_query - a check and its intermediate results
 * @intent: the operation to check
 * @actor: the caller
 * @waits: the caller waits for breaks
 * @yielding: courtesy clients in the way are released; otherwise they are only counted
 * @courtesy: number of claims of courtesy clients that were passed
 */
struct conflict_query {
	const struct ditto_intent *intent;
	const struct ditto_actor *actor;
	bool waits;
	bool yielding;
	unsigned int courtesy;
};

static const struct ditto_matrix_cell *query_cell(const struct conflict_query *q,
						  enum ditto_held held)
{
	return &ditto_matrix[held][q->intent->kind];
}

/* True if a claim refuses the operation; false if it ends with its courtesy client. */
static bool query_stops_at(struct conflict_query *q, const struct ditto_claim *held)
{
	struct ditto_client *client = held->owner->client;

	if (likely(!READ_ONCE(client->courtesy)) || client == ditto_actor_client(q->actor))
		return true;
	if (q->yielding && !ditto_client_yields(client))
		return true;
	if (q->actor->brief && READ_ONCE(client->withdraw_failed))
		return true;
	q->courtesy++;
	return false;
}

static bool query_is_over(const struct conflict_query *q)
{
	return q->courtesy >= COURTESY_AT_ONCE;
}

/*
 * Find the grant with WRITE, which excludes all others. @ctx: locked. Context: ctx->lock held.
 * Return: the grant, or NULL.
 */
struct ditto_lease *ditto_writer(struct ditto_lock_ctx *ctx)
{
	static const struct ditto_holder_sum writer = { .held = DITTO_CLASSES_WRITE };
	struct ditto_holder *holder = ditto_holder_first(ctx, &writer);

	return holder ? holder->grant : NULL;
}

/*
 * The client that may have released ranges locally and whose WRITE this operation breaks first;
 * or NULL.
 */
static const struct ditto_client *ranges_hidden_by(struct ditto_lock_ctx *ctx,
						   const struct conflict_query *q)
{
	const struct ditto_lease *lease = ditto_writer(ctx);
	const struct ditto_matrix_cell *cell;
	u8 bits, waits;

	/* The ranges of the client are not older than its orphan, so they do not depend on it. */
	if (!lease || lease->orphan)
		return NULL;
	cell = query_cell(q, lease->claim.held);
	bits = ditto_gives_up(cell, q->intent, lease->older, &waits) & waits;
	if (!(bits & DITTO_LEASE_WRITE) || ditto_exempt(cell, &lease->claim, q->actor))
		return NULL;
	return lease->claim.owner->client;
}

/* The first range of a row of the matrix that refuses the operation, or NULL. */
static const struct ditto_claim *row_refuses(struct ditto_lock_ctx *ctx, struct conflict_query *q,
					     enum ditto_held row)
{
	const struct ditto_intent *intent = q->intent;
	u64 last = ditto_range_end(intent->empty, intent->first, intent->last);
	const struct ditto_matrix_cell *cell = query_cell(q, row);
	struct ditto_range_pass pass = { .client[0] = ranges_hidden_by(ctx, q) };
	struct ditto_range *range;
	bool exempt;

	if (cell->exempt == DITTO_EXEMPT_OWNER)
		pass.owner = q->actor->owner;
	range = ditto_range_other(ctx, row, intent->first, last, &pass);
	for (; range && !query_is_over(q);
	     range = ditto_range_other_next(range, intent->first, last, &pass)) {
		exempt = ditto_exempt(cell, &range->claim, q->actor);
		if (!exempt && query_stops_at(q, &range->claim))
			return &range->claim;
		/* If the whole client is exempt or a courtesy client, skip all its ranges. */
		if (!exempt || !q->actor->owner)
			pass.client[1] = range->claim.owner->client;
	}
	return NULL;
}

static const struct ditto_claim *ranges_refuse(struct ditto_lock_ctx *ctx, struct conflict_query *q)
{
	const struct ditto_intent *intent = q->intent;
	bool claiming = intent->kind == DITTO_INTENT_RANGE_SHARED ||
			intent->kind == DITTO_INTENT_RANGE_EXCLUSIVE;
	const struct ditto_claim *in_way = NULL;

	/* I/O of no byte meets nothing; a claim of no byte meets the ranges around it. */
	if (intent->empty && (!claiming || !intent->first))
		return NULL;
	for (int row = 0; row < DITTO_RANGE_ROWS && !in_way; row++) {
		const struct ditto_matrix_cell *cell = query_cell(q, row);

		if (RB_EMPTY_ROOT(&ctx->busy->ranges[row]))
			continue;
		if (cell->action == DITTO_RULE_DENY && (!cell->exact_only || q->actor->exact))
			in_way = row_refuses(ctx, q, row);
	}
	return in_way;
}

/* Mode bits of the opens that are in the way. */
static u8 query_modes(const struct conflict_query *q)
{
	const struct ditto_intent *intent = q->intent;

	if (query_cell(q, DITTO_HELD_OPEN)->action != DITTO_RULE_DENY_MODE)
		return 0;
	if (intent->kind == DITTO_INTENT_OPEN)
		return ditto_modes(intent->deny, intent->access);
	return ditto_modes(0, ditto_intent_access[intent->kind]);
}

/* The next open of a holder with another owner; with @client set, with another client. */
static struct ditto_open *open_pass(const struct conflict_query *q, struct ditto_holder *holder,
				    const struct ditto_open *open, u8 modes, bool client)
{
	const struct ditto_owner *owner = open->claim.owner;

	/* A caller without an owner is exempt as a client. */
	return ditto_holder_open_behind(holder, owner->client,
					client || !q->actor->owner ? NULL : owner, modes);
}

/* The first open of a holder that refuses the operation, or NULL. */
static const struct ditto_claim *holder_refuses(struct conflict_query *q,
						struct ditto_holder *holder, u8 modes)
{
	const struct ditto_matrix_cell *cell = query_cell(q, DITTO_HELD_OPEN);
	struct ditto_open *open = ditto_holder_open(holder, modes);
	bool exempt;

	while (open && !query_is_over(q)) {
		exempt = ditto_exempt(cell, &open->claim, q->actor);
		if (!exempt && query_stops_at(q, &open->claim))
			return &open->claim;
		open = open_pass(q, holder, open, modes, !exempt);
	}
	return NULL;
}

/* True if a hidden open of the holder would be in the way. */
static bool holder_hides(const struct conflict_query *q, struct ditto_holder *holder, u8 modes)
{
	const struct ditto_matrix_cell *cell = query_cell(q, DITTO_HELD_OPEN);
	struct ditto_open *open = ditto_holder_open(holder, modes);

	/* The caller knows which of its own opens are closed. */
	if (holder->key == q->actor->lease_owner)
		return false;
	while (open && ditto_exempt(cell, &open->claim, q->actor))
		open = open_pass(q, holder, open, modes, false);
	return open;
}

static const struct ditto_claim *opens_refuse(struct ditto_lock_ctx *ctx, struct conflict_query *q)
{
	u8 modes = query_modes(q);
	const struct ditto_holder_sum shown = { .modes = modes << DITTO_MODES_SHOWN };
	const struct ditto_claim *in_way;
	struct ditto_holder *holder;

	if (!modes)
		return NULL;
	holder = q->actor->lease_owner ? ditto_holder_find(ctx, q->actor->lease_owner) : NULL;
	in_way = holder ? holder_refuses(q, holder, modes) : NULL;
	for (holder = ditto_holder_first(ctx, &shown); holder && !in_way && !query_is_over(q);
	     holder = ditto_holder_next(holder, &shown)) {
		if (!holder->key || holder->key != q->actor->lease_owner)
			in_way = holder_refuses(q, holder, modes);
	}
	return in_way;
}

static const struct ditto_claim *claims_refuse(struct ditto_lock_ctx *ctx, struct conflict_query *q)
{
	return ranges_refuse(ctx, q) ?: opens_refuse(ctx, q);
}

/* True if one more break may be begun under this hold of the lock; otherwise sets ctx->more. */
static bool break_is_due(struct ditto_lock_ctx *ctx)
{
	ctx->more = ctx->begun >= DITTO_DROPS_AT_ONCE;
	return !ctx->more;
}

/* The operation waits for a break, if one was begun. */
static void query_note(const struct conflict_query *q, struct ditto_lease *lease)
{
	if (q->waits && lease->state == DITTO_LEASE_BREAKING && !lease->noted)
		lease->noted = ditto_history_breaks(lease, q->intent, q->actor);
}

/* Begin a break. Return: see ditto_break_begin(). */
static bool query_break(const struct conflict_query *q, struct ditto_lease *lease, u8 bits,
			bool waits)
{
	bool begun = ditto_break_begin(lease, bits);

	if (waits)
		query_note(q, lease);
	return begun;
}

/*
 * Holders of HANDLE may have closed the opens in the way without reporting it: break HANDLE
 * first. Return: true if there are any.
 */
static bool hidden_break(struct ditto_lock_ctx *ctx, const struct conflict_query *q)
{
	u8 modes = query_modes(q);
	const struct ditto_holder_sum asked = { .modes = modes << DITTO_MODES_ASKED };
	const struct ditto_holder_sum hidden = { .modes = modes << DITTO_MODES_HIDDEN };
	struct ditto_holder *holder, *next;
	unsigned int stuck = 0;
	bool any = false;

	for (holder = ditto_holder_first(ctx, &asked); holder && !any;
	     holder = ditto_holder_next(holder, &asked))
		any = holder_hides(q, holder, modes);
	for (holder = ditto_holder_first(ctx, &hidden); holder; holder = next) {
		next = ditto_holder_next(holder, &hidden);
		if (!holder_hides(q, holder, modes))
			continue;
		any = true;
		if (!break_is_due(ctx))
			break;
		if (!query_break(q, holder->grant, DITTO_LEASE_HANDLE, true) &&
		    ++stuck == COURTESY_AT_ONCE)
			break;
	}
	return any;
}

/*
 * The subset of @classes with a bit among @only that is to be given up; with @waited_for, one
 * whose return is waited for.
 */
static u64 classes_meet(const struct conflict_query *q, u64 classes, u8 only, bool waited_for)
{
	bool delivered = q->intent->kind == DITTO_INTENT_ENTRY ||
			 q->intent->kind == DITTO_INTENT_CHILD;
	u64 met = 0;
	u8 bits, waits;

	for (; classes; classes &= classes - 1) {
		struct ditto_grant_class class = ditto_class_at(__ffs64(classes));

		/* Changes are delivered to it instead. */
		if (class.notify && delivered)
			continue;
		bits = ditto_gives_up(query_cell(q, class.held), q->intent, class.older,
				      &waits) & class.bits & only;
		if (waited_for ? bits & waits : bits)
			met |= classes & -classes;
	}
	return met;
}

/* The subset of @classes whose cell exempts by key. */
static u64 classes_of_keys(const struct conflict_query *q, u64 classes)
{
	u64 of_keys = 0;

	for (; classes; classes &= classes - 1) {
		if (query_cell(q, ditto_class_at(__ffs64(classes)).held)->exempt ==
		    DITTO_EXEMPT_OWNER)
			of_keys |= classes & -classes;
	}
	return of_keys;
}

/*
 * The next holder behind all holders with the same key bytes, of any client. Grants of those that
 * the key does not exempt, because their cell exempts by client, are not skipped.
 */
static struct ditto_holder *holder_pass_key(struct ditto_lock_ctx *ctx,
					    const struct conflict_query *q,
					    struct ditto_holder *holder,
					    const struct ditto_holder_sum *sum)
{
	const struct ditto_holder_sum others = {
		.held = sum->held & ~classes_of_keys(q, sum->held),
		.left = sum->left & ~classes_of_keys(q, sum->left),
	};
	struct ditto_holder *next = ditto_holder_next(holder, &others);

	if (next && ditto_owner_same_key(next->key, holder->key))
		return next;
	return ditto_holder_behind(ctx, holder->key, true, sum);
}

/* The first holder from @holder on whose grant is not exempt. */
static struct ditto_holder *holder_pass(struct ditto_lock_ctx *ctx, const struct conflict_query *q,
					struct ditto_holder *holder,
					const struct ditto_holder_sum *sum)
{
	const struct ditto_matrix_cell *cell;

	while (holder) {
		cell = query_cell(q, holder->grant->claim.held);
		if (!ditto_exempt(cell, &holder->grant->claim, q->actor))
			break;
		if (q->actor->by_key && cell->exempt == DITTO_EXEMPT_OWNER)
			holder = holder_pass_key(ctx, q, holder, sum);
		else
			holder = ditto_holder_next(holder, sum);
	}
	return holder;
}

/*
 * Begin breaks of grants, of the bits in @only. If @last is given, the search begins behind that
 * key and replaces it by the key of the last holder. Return: true if the operation must wait for
 * a holder.
 */
static bool grants_break(struct ditto_lock_ctx *ctx, const struct conflict_query *q, u8 only,
			 struct ditto_owner **last)
{
	struct ditto_holder_sum all = ditto_holders_sum(ctx);
	const struct ditto_holder_sum left = { .left = classes_meet(q, all.left, only, false) };
	struct ditto_holder_sum held = {};
	struct ditto_holder *holder, *next;
	unsigned int stuck = 0;
	bool wait = false;

	holder = last ? ditto_holder_behind(ctx, *last, false, &left) :
			ditto_holder_first(ctx, &left);
	holder = holder_pass(ctx, q, holder, &left);
	for (; holder && break_is_due(ctx); holder = next) {
		struct ditto_lease *lease = holder->grant;
		const struct ditto_matrix_cell *cell = query_cell(q, lease->claim.held);
		u8 waits, bits = ditto_gives_up(cell, q->intent, lease->older, &waits) & only;

		bits &= lease->bits;
		next = holder_pass(ctx, q, ditto_holder_next(holder, &left), &left);
		/* The courtesy client is released a moment later, and its bits count until then. */
		if (!lease->orphan && ditto_client_yields(lease->claim.owner->client))
			wait |= bits & waits;
		if (last)
			*last = lease->claim.owner;
		if (!query_break(q, lease, bits, bits & waits) && ++stuck == COURTESY_AT_ONCE) {
			ctx->more = last && next;
			break;
		}
	}
	held.held = classes_meet(q, ditto_holders_sum(ctx).held, only, true);
	holder = holder_pass(ctx, q, ditto_holder_first(ctx, &held), &held);
	/* The break has had no waiter so far. */
	if (holder)
		query_note(q, holder->grant);
	return wait || holder;
}

/* Most nodes have no grants. */
static bool grants_are_there(const struct ditto_lock_ctx *ctx)
{
	const struct ditto_holder_sum all = ditto_holders_sum(ctx);

	return all.left || all.held;
}

/*
 * Check an operation against the claims of a node, by the matrix. @ctx: locked; @conflict: filled
 * with DITTO_DENIED; may be NULL. Begins the breaks that the operation needs. If it needs more of
 * them than may be begun under one hold of the lock, ctx->more is set until the lock is dropped;
 * the result is then not final, and the caller checks again. Context: ctx->lock held. Return:
 * DITTO_ALLOWED, DITTO_DENIED or DITTO_BREAKING.
 */
enum ditto_answer ditto_conflict_check(struct ditto_lock_ctx *ctx,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor,
				       struct ditto_conflict *conflict)
{
	struct conflict_query q = { .intent = intent, .actor = actor, .waits = true };
	const struct ditto_claim *in_way;
	bool hidden;

	lockdep_assert_held(&ctx->lock);
	in_way = claims_refuse(ctx, &q);
	/*
	 * Courtesy clients are released only if no other claim refuses. A client may renew between
	 * the passes, so the second pass may still find a claim that refuses.
	 */
	if (!in_way && q.courtesy) {
		q.yielding = true;
		q.courtesy = 0;
		in_way = claims_refuse(ctx, &q);
	}
	if (in_way) {
		ditto_describe(conflict, in_way);
		trace_ditto_conflict(in_way, 0, ditto_intent_names[intent->kind]);
		ditto_locks_report(ctx->point->table, DITTO_LOCK_CONFLICT,
				   in_way->owner->client);
		return DITTO_DENIED;
	}
	hidden = hidden_break(ctx, &q);
	/*
	 * While hidden opens are in doubt only HANDLE is broken; the other bits follow once they
	 * are not.
	 */
	if (unlikely(grants_are_there(ctx)) &&
	    grants_break(ctx, &q, hidden ? DITTO_LEASE_HANDLE : DITTO_LEASE_ALL, NULL))
		return DITTO_BREAKING;
	return hidden || q.courtesy || ctx->more ? DITTO_BREAKING : DITTO_ALLOWED;
}

static const struct ditto_actor anonymous;

/*
 * The part of ditto_claim_check() that looks at the claims. @point: of the node, held by the
 * caller; @actor: the caller; NULL is anonymous; @conflict: filled with DITTO_DENIED; may be NULL.
 * Context: no lock of the table held. Return: see enum ditto_answer.
 */
enum ditto_answer ditto_claim_check_slow(struct ditto_lock_point *point,
					 const struct ditto_intent *intent,
					 const struct ditto_actor *actor,
					 struct ditto_park *park,
					 struct ditto_conflict *conflict)
{
	struct ditto_lock_ctx *ctx;
	enum ditto_answer answer;
	bool more, waited = false;

	if (!actor)
		actor = &anonymous;
	do {
		ctx = ditto_lock_ctx_find(point);
		if (!ctx)
			return DITTO_ALLOWED;
		answer = ditto_conflict_check(ctx, intent, actor, conflict);
		more = ctx->more;
		if (answer == DITTO_BREAKING && !more && park && !ditto_park_add(ctx, park))
			answer = DITTO_BUSY;
		ditto_lock_ctx_unlock(ctx);
		if (unlikely(answer == DITTO_BUSY) && !waited) {
			waited = ditto_park_want_room(point);
			more = waited;
		}
		cond_resched();
	} while (more);
	if (answer == DITTO_DENIED && conflict)
		ditto_history_refused(point, intent, actor, conflict);
	return answer;
}

/*
 * Break all grants that conflict with an operation. @point: of the node, held by the caller;
 * @actor: the caller; NULL is anonymous; @waits: the caller waits for the breaks, so that they are
 * noted in the history. Begins a limited number of breaks under each hold of the lock. Context: no
 * lock of the table held. Return: true if any break was begun.
 */
bool ditto_break_all(struct ditto_lock_point *point, const struct ditto_intent *intent,
		     const struct ditto_actor *actor, bool waits)
{
	const struct conflict_query q = {
		.intent = intent, .actor = actor ?: &anonymous, .waits = waits,
	};
	struct ditto_owner *behind = NULL, *last;
	struct ditto_lock_ctx *ctx;
	bool more = true, any = false;

	while (more && (ctx = ditto_lock_ctx_find(point))) {
		last = behind;
		grants_break(ctx, &q, DITTO_LEASE_ALL, &last);
		/* A grant that ended keeps its key until ctx->lock is dropped. */
		if (last)
			ditto_owner_hold(last);
		any |= ctx->begun;
		more = ctx->more;
		ditto_lock_ctx_unlock(ctx);
		ditto_owner_put(behind);
		behind = last;
		cond_resched();
	}
	ditto_owner_put(behind);
	return any;
}

/*
 * Break all grants that an operation invalidates. @point: of the node, held by the caller; @actor:
 * the caller; NULL is anonymous. Context: no lock of the table held. Does not wait for the holders.
 */
void ditto_claim_recheck_slow(struct ditto_lock_point *point,
			      const struct ditto_intent *intent,
			      const struct ditto_actor *actor)
{
	ditto_break_all(point, intent, actor, false);
}
