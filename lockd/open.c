// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens, see open.h. The holder owns the memory; the table takes the open off its node when the
 * client, the share or the node ends.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "check_private.h"
#include "history.h"
#include "holder.h"
#include "lock_ctx_private.h"
#include "open_private.h"
#include "range_private.h"
#include "trace.h"
#include "wait_private.h"

static void open_init(struct ditto_open *open, const struct ditto_actor *actor)
{
	open->claim.held = DITTO_HELD_OPEN;
	open->claim.owner = ditto_owner_hold(actor->owner);
	if (actor->lease_owner)
		open->lease_owner = ditto_owner_hold(actor->lease_owner);
	open->claim.share = actor->share;
	INIT_HLIST_HEAD(&open->ranges);
}

static void open_put_owners(struct ditto_open *open)
{
	ditto_owner_put(open->lease_owner);
	ditto_owner_put(open->claim.owner);
}

/*
 * Take an open off its node. If ranges or waiting requests end with the open, one of them is
 * dropped instead, and this is called again. Context: ctx->lock held. Return: true if the open is
 * off its node.
 */
bool ditto_open_drop(struct ditto_open *open, const char *why)
{
	struct ditto_lock_ctx *ctx = open->claim.ctx;
	struct ditto_range *range;
	struct ditto_wait *wait;

	lockdep_assert_held(&ctx->lock);
	/*
	 * Waiting requests first, or they would be granted the ranges that are given up. Few
	 * requests wait on one node.
	 */
	list_for_each_entry(wait, &ctx->busy->waits, link) {
		if (wait->request.open == open) {
			ditto_wait_finish(wait, -ESHUTDOWN);
			return false;
		}
	}
	if (!hlist_empty(&open->ranges)) {
		range = hlist_entry(open->ranges.first, struct ditto_range, of_open);
		ditto_claim_drop(&range->claim, why);
		return false;
	}
	trace_ditto_release(&open->claim, 0, why);
	ditto_holder_del_open(ctx, open);
	ditto_claim_detach(&open->claim);
	return true;
}

static int open_checked(struct ditto_lock_ctx *ctx, enum ditto_answer answer,
			struct ditto_park *park)
{
	switch (answer) {
	case DITTO_ALLOWED:
		return 0;
	case DITTO_DENIED:
		return -EAGAIN;
	default:
		return park && !ditto_park_add(ctx, park) ? -ENOLCK : -EBUSY;
	}
}

/*
 * Lock the context of a node, with memory for a holder that it does not have. Return: NULL if there
 * is no memory.
 */
static struct ditto_lock_ctx *open_ctx_make(struct ditto_lock_point *point,
					    const struct ditto_owner *key,
					    struct ditto_holder **memory)
{
	struct ditto_lock_ctx *ctx;

	while ((ctx = ditto_lock_ctx_make(point)) && !*memory &&
	       ditto_holder_needs_memory(ctx, key)) {
		ditto_lock_ctx_unlock_same(ctx);
		*memory = ditto_holder_alloc();
		if (!*memory)
			return NULL;
	}
	return ctx;
}

/*
 * Claim an open. @actor: the caller; @actor->owner must be set; @reclaim: the open was held before
 * a restart; @conflict: filled with -EAGAIN; may be NULL. Checks DITTO_INTENT_OPEN and claims the
 * open in one step. If a deny conflict is with a holder that caches its handle, that handle is
 * broken first (MS-FSA section 2.1.5.1.2.2 has the share check). Return: 0 (@open stays until
 * ditto_open_end()); -EAGAIN (conflict), -EBUSY (breaking; @park is parked), -ENOLCK (a limit; also
 * of parked operations), -EPERM (grace), -ESTALE (nothing to reclaim), -ESHUTDOWN, -ENOMEM.
 */
int ditto_open_claim_in(struct ditto_open *open, struct ditto_lock_point *point,
			const struct ditto_actor *actor, u8 access, u8 deny, bool reclaim,
			struct ditto_park *park, struct ditto_conflict *conflict)
{
	struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN, .access = access, .deny = deny,
	};
	enum ditto_answer answer = DITTO_ALLOWED;
	struct ditto_conflict own __uninitialized;
	struct ditto_holder *holder = NULL;
	struct ditto_lock_ctx *ctx;
	bool more, waited = false;
	int err;

	err = ditto_grace_check(actor->owner->client, DITTO_CLAIM_OPEN, reclaim);
	if (err)
		return err;
	open_init(open, actor);
	open->acl = access & DITTO_OPEN_ACL;
	if (!conflict)
		conflict = &own;
	do {
		ctx = open_ctx_make(point, actor->lease_owner, &holder);
		if (!ctx) {
			err = -ENOMEM;
			break;
		}
		answer = ditto_conflict_check(ctx, &intent, actor, conflict);
		more = ctx->more;
		err = open_checked(ctx, answer, more ? NULL : park);
		if (!err) {
			/* Lists read these as soon as the client has the claim. */
			WRITE_ONCE(open->access, access & DITTO_OPEN_KEPT);
			WRITE_ONCE(open->deny, deny);
			err = ditto_claim_attach(ctx, &open->claim);
		}
		if (!err) {
			ditto_holder_add_open(ctx, open, &holder);
			trace_ditto_grant(&open->claim, 0, "open");
		}
		ditto_lock_ctx_unlock(ctx);
		/* It was not parked. */
		if (unlikely(err == -ENOLCK) && answer == DITTO_BREAKING && !waited) {
			waited = ditto_park_want_room(point);
			more = waited;
		}
		cond_resched();
	} while (more);
	/* NULL if the open has it now. */
	ditto_holder_free(holder);
	if (answer == DITTO_DENIED)
		ditto_history_refused(point, &intent, actor, conflict);
	if (err)
		open_put_owners(open);
	return err;
}

/**
 * ditto_open_claim - claim an open in memory of its own
 * @point: see ditto_open_claim_in()
 * @actor: see ditto_open_claim_in()
 * @access: see ditto_open_claim_in()
 * @deny: see ditto_open_claim_in()
 * @reclaim: see ditto_open_claim_in()
 * @park: see ditto_open_claim_in()
 * @conflict: see ditto_open_claim_in()
 *
 * Return: the open, to be released with ditto_open_release(); or an ERR_PTR.
 */
struct ditto_open *ditto_open_claim(struct ditto_lock_point *point,
				    const struct ditto_actor *actor, u8 access, u8 deny,
				    bool reclaim, struct ditto_park *park,
				    struct ditto_conflict *conflict)
{
	struct ditto_open *open = kmem_cache_zalloc(ditto_open_slab, GFP_KERNEL);
	int err;

	if (!open)
		return ERR_PTR(-ENOMEM);
	err = ditto_open_claim_in(open, point, actor, access, deny, reclaim, park, conflict);
	if (!err)
		return open;
	kmem_cache_free(ditto_open_slab, open);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_claim, "DITTO");

/**
 * ditto_open_change - change the bits of an open, in one step
 * @open: claimed
 * @access: new DITTO_OPEN_* bits
 * @deny: new DITTO_OPEN_* bits
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Only the bits that are new are checked.
 *
 * Return: 0; nothing was changed with -EAGAIN (conflict), -EBUSY (a break is outstanding: retry),
 * -ESHUTDOWN (the open was revoked or its client released).
 */
int ditto_open_change(struct ditto_open *open, u8 access, u8 deny,
		      struct ditto_conflict *conflict)
{
	struct ditto_actor actor = { .owner = open->claim.owner };
	struct ditto_intent intent = { .kind = DITTO_INTENT_OPEN };
	struct ditto_conflict own __uninitialized;
	struct ditto_lock_point *point;
	enum ditto_answer answer;
	struct ditto_lock_ctx *ctx;
	bool more;
	int err;

	if (!conflict)
		conflict = &own;
	do {
		ctx = ditto_lock_ctx_of(&open->claim);
		if (!ctx)
			return -ESHUTDOWN;
		point = ctx->point;
		actor.lease_owner = open->holder->key;
		/* The bits it has already were checked before. */
		intent.access = access & ~open->access;
		intent.deny = deny & ~open->deny;
		answer = ditto_conflict_check(ctx, &intent, &actor, conflict);
		err = open_checked(ctx, answer, NULL);
		more = ctx->more;
		if (!err) {
			ctx->pump = true;
			WRITE_ONCE(open->access, access);
			WRITE_ONCE(open->deny, deny);
			ditto_holder_update_open(open);
		}
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	} while (more);
	if (answer == DITTO_DENIED)
		ditto_history_refused(point, &intent, &actor, conflict);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_open_change, "DITTO");

/**
 * ditto_open_revoke - end the claim of an open
 * @open: claimed; the memory stays
 *
 * The ranges that were claimed with the open, and the requests that wait for such ranges, end with
 * it. Idempotent.
 */
void ditto_open_revoke(struct ditto_open *open)
{
	struct ditto_lock_ctx *ctx;
	bool dropped = false;

	while (!dropped && (ctx = ditto_lock_ctx_of(&open->claim))) {
		for (int i = 0; i < DITTO_DROPS_AT_ONCE && !dropped; i++)
			dropped = ditto_open_drop(open, "close");
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_open_revoke, "DITTO");

/**
 * ditto_open_held - test whether an open still counts
 * @open: claimed
 *
 * Context: any.
 * Return: false once it was revoked, or released with its client, share or node.
 */
bool ditto_open_held(const struct ditto_open *open)
{
	return READ_ONCE(open->claim.ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_held, "DITTO");

/*
 * End the claim of an open in memory of the caller. @open: of ditto_open_claim_in(); the memory is
 * the caller's again.
 */
void ditto_open_end(struct ditto_open *open)
{
	ditto_open_revoke(open);
	open_put_owners(open);
}

/**
 * ditto_open_release - end the claim and free the open
 * @open: of ditto_open_claim(). Needed also after the release of the client, which leaves the
 *	memory
 */
void ditto_open_release(struct ditto_open *open)
{
	ditto_open_end(open);
	kmem_cache_free(ditto_open_slab, open);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_release, "DITTO");

/**
 * ditto_open_has_exclusive - test whether exclusive ranges were claimed with an open
 * @open: claimed
 *
 * Context: process; no lock of the table held.
 * Return: true if there is one, also while the VFS is being asked for it.
 */
bool ditto_open_has_exclusive(struct ditto_open *open)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_at(&open->claim.ctx);
	bool has;

	if (!ctx)
		return false;
	has = open->exclusive;
	ditto_lock_ctx_unlock(ctx);
	return has;
}
EXPORT_SYMBOL_NS_GPL(ditto_open_has_exclusive, "DITTO");

/* The owner it was claimed with; no reference. Valid as long as @open. */
struct ditto_owner *ditto_open_owner(const struct ditto_open *open)
{
	return open->claim.owner;
}

/* Access bits, without DITTO_OPEN_ACL. Any context. */
u8 ditto_open_access(const struct ditto_open *open)
{
	return READ_ONCE(open->access);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_access, "DITTO");

/* Deny bits. Any context. */
u8 ditto_open_deny(const struct ditto_open *open)
{
	return READ_ONCE(open->deny);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_deny, "DITTO");
