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

bool ditto_open_held(const struct ditto_open *open)
{
	return READ_ONCE(open->claim.ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_held, "DITTO");

void ditto_open_end(struct ditto_open *open)
{
	ditto_open_revoke(open);
	open_put_owners(open);
}

void ditto_open_release(struct ditto_open *open)
{
	ditto_open_end(open);
	kmem_cache_free(ditto_open_slab, open);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_release, "DITTO");

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

struct ditto_owner *ditto_open_owner(const struct ditto_open *open)
{
	return open->claim.owner;
}

u8 ditto_open_access(const struct ditto_open *open)
{
	return READ_ONCE(open->access);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_access, "DITTO");

u8 ditto_open_deny(const struct ditto_open *open)
{
	return READ_ONCE(open->deny);
}
EXPORT_SYMBOL_NS_GPL(ditto_open_deny, "DITTO");
