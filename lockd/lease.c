// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caching grants: granting and returning, see lease.h; breaks are in break.c.
 *
 * Lifetime: a grant is referenced by the table while it is on its node, by its holder, by its
 * timer while that runs, and by a due callback.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "check_private.h"
#include "history.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "mirror.h"
#include "open_private.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "trace.h"

static const enum ditto_held style_rows[] = {
	[DITTO_LEASE_TYPE_LEASE]			= DITTO_HELD_LEASE,
	[DITTO_LEASE_TYPE_DELEGATION]		= DITTO_HELD_DELEGATION,
	[DITTO_LEASE_TYPE_DIRECTORY]			= DITTO_HELD_DIRECTORY,
	[DITTO_LEASE_TYPE_DIRECTORY_DELEGATION]	= DITTO_HELD_DIRECTORY_DELEGATION,
};

static bool is_directory(enum ditto_held held)
{
	return held >= DITTO_HELD_DIRECTORY;
}

/* Allocate a grant that is on no node yet. Return: the grant with one reference, or NULL. */
struct ditto_lease *ditto_lease_alloc(const struct ditto_lease_request *req)
{
	struct ditto_lease *lease = kmem_cache_zalloc(ditto_lease_slab, GFP_KERNEL);

	if (!lease)
		return NULL;
	lease->claim.held = style_rows[req->style];
	lease->claim.owner = ditto_owner_hold(req->actor.lease_owner);
	lease->claim.share = req->actor.share;
	refcount_set(&lease->ref, 1);
	lease->ops = req->ops;
	lease->private = req->private;
	lease->break_ms = req->break_ms;
	lease->notify = req->notify;
	lease->notify_attrs = req->notify_attrs;
	lease->older = req->older;
	INIT_WORK(&lease->tell, ditto_lease_notify_work);
	INIT_DELAYED_WORK(&lease->expire, ditto_lease_expire_work);
	INIT_LIST_HEAD(&lease->changes);
	return lease;
}

/* Free a grant that was never on a node, without a callback. */
void ditto_lease_free(struct ditto_lease *lease)
{
	ditto_changes_free(&lease->changes);
	ditto_owner_put(lease->claim.owner);
	kmem_cache_free(ditto_lease_slab, lease);
}

/* Take a reference. Any context. */
void ditto_lease_hold(struct ditto_lease *lease)
{
	refcount_inc(&lease->ref);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_hold, "DITTO");

/**
 * ditto_lease_put - drop a reference
 * @lease: the grant, which stays in force until it is returned or revoked, whatever references are
 *	held
 */
void ditto_lease_put(struct ditto_lease *lease)
{
	if (!refcount_dec_and_test(&lease->ref))
		return;
	lease->ops->free(lease);
	ditto_lease_free(lease);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_put, "DITTO");

/**
 * ditto_lease_bits - read the bits that a grant has now
 * @lease: the grant. The slab is SLAB_TYPESAFE_BY_RCU, so a caller without a reference may read
 *	under RCU and then check whether it is still the same grant
 *
 * Context: any.
 * Return: DITTO_LEASE_* bits; while a break is outstanding, those still held.
 */
u8 ditto_lease_bits(const struct ditto_lease *lease)
{
	return READ_ONCE(lease->bits);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_bits, "DITTO");

/**
 * ditto_lease_breaking - test whether an answer to a break is awaited
 * @lease: the grant, see ditto_lease_bits()
 *
 * Context: any.
 * Return: true if a break is outstanding.
 */
bool ditto_lease_breaking(const struct ditto_lease *lease)
{
	return READ_ONCE(lease->state) == DITTO_LEASE_BREAKING;
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_breaking, "DITTO");

/**
 * ditto_lease_gone - test whether a grant was revoked because its file is gone
 * @lease: the grant, for which @revoked is called
 *
 * Context: any.
 * Return: true if the file had lost its last name and was not open, and the grant was not being
 * broken: the holder removed the file, and could not return the grant any more.
 */
bool ditto_lease_gone(const struct ditto_lease *lease)
{
	return READ_ONCE(lease->gone);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_gone, "DITTO");

/* The private pointer of the request. Any context. */
void *ditto_lease_private(const struct ditto_lease *lease)
{
	return lease->private;
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_private, "DITTO");

/* Set the bits of a grant; without any it is taken off its node. ctx->lock held. */
void ditto_lease_set_bits(struct ditto_lease *lease, u8 bits)
{
	struct ditto_lock_ctx *ctx = lease->claim.ctx;

	WRITE_ONCE(lease->bits, bits);
	ctx->settled = true;
	if (bits)
		ditto_holder_update(lease);
	else
		ditto_lease_remove(lease);
}

/* Take a grant off its node; the table's reference is put when ctx->lock is dropped. */
void ditto_lease_remove(struct ditto_lease *lease)
{
	struct ditto_lock_ctx *ctx = lease->claim.ctx;

	WRITE_ONCE(lease->bits, 0);
	WRITE_ONCE(lease->state, DITTO_LEASE_GONE);
	ditto_holder_del_grant(ctx, lease);
	ctx->settled = true;
	if (cancel_delayed_work(&lease->expire))
		refcount_dec(&lease->ref);
	ditto_history_end(ctx->point->table, &lease->noted, DITTO_OUTCOME_RETURNED);
	ditto_delegation_hold(lease, -1);
	ditto_lease_query_end(lease);
	ditto_claim_detach(&lease->claim);
}

/* Revoke a grant because client, share or node ends; its holder is notified. ctx->lock held. */
void ditto_lease_drop(struct ditto_lease *lease)
{
	clear_bit(DITTO_NOTIFY_BREAK, &lease->notify_due);
	if (!lease->orphan)
		ditto_lease_notify(lease, DITTO_NOTIFY_REVOKED);
	ditto_history_end(lease->claim.ctx->point->table, &lease->noted, DITTO_OUTCOME_REVOKED);
	ditto_lease_remove(lease);
}

/*
 * True if a claim belongs to the same holder as the request: for a lease, a claim with the same
 * key or owner; for a delegation, a claim of the same client.
 */
static bool same_holder(const struct ditto_lease_request *req, const struct ditto_claim *held)
{
	const struct ditto_open *open = container_of(held, struct ditto_open, claim);

	if (ditto_is_delegation(style_rows[req->style]))
		return held->owner->client == req->actor.lease_owner->client;
	if (held->held == DITTO_HELD_OPEN && open->holder->key == req->actor.lease_owner)
		return true;
	return held->owner == req->actor.owner || held->owner == req->actor.lease_owner;
}

/* The bits that taking a claim would break of a grant with this request's type. */
static u8 taken_by(const struct ditto_lease_request *req, enum ditto_intent_kind kind, u8 access,
		   u8 deny)
{
	struct ditto_intent intent = { .kind = kind, .access = access, .deny = deny };
	u8 waits;

	return ditto_gives_up(&ditto_matrix[style_rows[req->style]][kind], &intent, req->older,
			      &waits);
}

/* True if another holder has an open with one of these modes. */
static bool fit_meets_open(struct ditto_lock_ctx *ctx, const struct ditto_lease_request *req,
			   u8 modes)
{
	const struct ditto_holder_sum sum = { .modes = ditto_modes_any(modes) };
	bool delegation = ditto_is_delegation(style_rows[req->style]);
	struct ditto_holder *holder;
	struct ditto_open *open;

	for (holder = ditto_holder_first(ctx, &sum); holder;
	     holder = ditto_holder_next(holder, &sum)) {
		if (!delegation && holder->key == req->actor.lease_owner)
			continue;
		/* Skip all opens of the owner, or of the client for a delegation, in one step. */
		open = ditto_holder_open(holder, modes);
		while (open && same_holder(req, &open->claim)) {
			const struct ditto_owner *owner = open->claim.owner;

			open = ditto_holder_open_behind(holder, owner->client,
							delegation ? NULL : owner, modes);
		}
		if (open)
			return true;
	}
	return false;
}

static u8 fit_opens(struct ditto_lock_ctx *ctx, const struct ditto_lease_request *req, u8 want)
{
	u8 writing = ditto_modes(DITTO_OPEN_WRITE, 0);
	u8 denying = ditto_modes(0, DITTO_OPEN_READ);

	/* All opens break the same bits, except that those may break more. */
	if (fit_meets_open(ctx, req, DITTO_MODES_ALL))
		want &= ~taken_by(req, DITTO_INTENT_OPEN, DITTO_OPEN_READ, 0);
	if (fit_meets_open(ctx, req, writing))
		want &= ~taken_by(req, DITTO_INTENT_OPEN, DITTO_OPEN_WRITE, 0);
	if (fit_meets_open(ctx, req, denying))
		want &= ~taken_by(req, DITTO_INTENT_OPEN, 0, DITTO_OPEN_READ);
	/* MS-FSA section 2.1.5.18: opens of attributes only do not count beside WRITE. */
	if (req->style == DITTO_LEASE_TYPE_LEASE && fit_meets_open(ctx, req, DITTO_MODES_ACL))
		want &= ~DITTO_LEASE_WRITE;
	return want;
}

/*
 * Ranges behind the end of the file are no reason not to cache data and handles. A holder of WRITE
 * would lock there without asking (MS-FSA section 2.1.5.18).
 */
static u8 range_takes(const struct ditto_lease_request *req, const struct ditto_range *range,
		      u8 taken)
{
	struct ditto_lock_point *point = req->point;

	if (ditto_is_delegation(style_rows[req->style]) || !point->ops->size ||
	    range->first < point->ops->size(point))
		return taken;
	return taken & DITTO_LEASE_WRITE;
}

static u8 fit_ranges(struct ditto_lock_ctx *ctx, const struct ditto_lease_request *req, u8 want)
{
	const struct ditto_owner *key = req->actor.lease_owner;
	struct ditto_range_pass pass = {};
	struct ditto_range *range;
	bool exclusive;
	u8 taken;

	if (ditto_is_delegation(style_rows[req->style]))
		pass.client[0] = key->client;
	else
		pass.owner = req->actor.owner ?: key;
	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		exclusive = row == DITTO_HELD_POSIX_EXCLUSIVE || row == DITTO_HELD_EXACT_EXCLUSIVE;
		taken = taken_by(req, exclusive ? DITTO_INTENT_RANGE_EXCLUSIVE :
						  DITTO_INTENT_RANGE_SHARED, 0, 0);
		if (!(want & taken))
			continue;
		/* Ranges of the same holder do not count. The first one of others takes most. */
		range = ditto_range_other(ctx, row, 0, U64_MAX, &pass);
		while (range && same_holder(req, &range->claim))
			range = ditto_range_other_next(range, 0, U64_MAX, &pass);
		if (range)
			want &= ~range_takes(req, range, taken);
	}
	return want;
}

static u8 fit_lease(struct ditto_lock_ctx *ctx, const struct ditto_lease_request *req, u8 want)
{
	u64 classes = ditto_holders_sum(ctx).held;
	struct ditto_grant_class other;
	bool leases;

	for (; classes; classes &= classes - 1) {
		const struct ditto_holder_sum sum = { .held = classes & -classes };

		if (!ditto_holder_other(ctx, req->actor.lease_owner, &sum))
			continue;
		/* READ and HANDLE are shared, WRITE is not. */
		other = ditto_class_at(__ffs64(classes));
		if (other.bits & DITTO_LEASE_WRITE)
			return 0;
		want &= ~DITTO_LEASE_WRITE;
		/* HANDLE is not shared between older and other leases. */
		leases = req->style == DITTO_LEASE_TYPE_LEASE && other.held == DITTO_HELD_LEASE;
		if (leases && req->older && other.bits & DITTO_LEASE_HANDLE)
			return 0;
		if (leases && other.older)
			want &= ~DITTO_LEASE_HANDLE;
	}
	return want;
}

/*
 * The part of @want that the claims of others would not break if they were taken now, but for
 * ranges behind the end.
 */
static u8 lease_fit(struct ditto_lock_ctx *ctx, const struct ditto_lease_request *req, u8 want)
{
	u8 access;

	want = fit_lease(ctx, req, want);
	want = fit_opens(ctx, req, want);
	want = fit_ranges(ctx, req, want);
	want &= ~ditto_mirror_barred(ctx);
	/* Local processes count as if they had opened through the server. */
	if (req->filp && req->point->ops->local_access) {
		access = req->point->ops->local_access(req->point);
		/*
		 * A process that has the file open for writing may write at any time without a
		 * check.
		 */
		if (access & DITTO_OPEN_WRITE)
			return 0;
		want &= ~taken_by(req, DITTO_INTENT_OPEN, access, 0);
	}
	return ditto_lease_valid(want);
}

/* The caching grant with a key, or NULL. ctx->lock held. Defined in lease.c. */
struct ditto_lease *ditto_lease_of(struct ditto_lock_ctx *ctx, const struct ditto_owner *key)
{
	struct ditto_holder *holder = ditto_holder_find(ctx, key);

	return holder ? holder->grant : NULL;
}

/* Several opens with one key share the grant, which is widened. */
static struct ditto_lease *lease_widen(struct ditto_lock_ctx *ctx, struct ditto_lease *lease,
				       const struct ditto_lease_request *req, u8 want)
{
	if (lease->claim.held != style_rows[req->style] || lease->ops != req->ops)
		return ERR_PTR(-EINVAL);
	if (lease->state == DITTO_LEASE_HELD) {
		u8 fit = lease_fit(ctx, req, want | lease->bits);

		/* Widened only by everything requested: a part of it is no reason for a change. */
		if (fit == (want | lease->bits) && fit != lease->bits) {
			ditto_lease_set_bits(lease, fit);
			trace_ditto_grant(&lease->claim, 0, "wider");
		}
	}
	ditto_lease_hold(lease);
	return lease;
}

/* Put a grant on its node, whose claim is attached and whose bits are set. */
static void lease_enter(struct ditto_lock_ctx *ctx, struct ditto_lease *fresh,
			struct ditto_holder **holder)
{
	ditto_holder_add_grant(ctx, fresh, holder);
	ditto_delegation_hold(fresh, 1);
	/* The table's reference. */
	ditto_lease_hold(fresh);
	trace_ditto_grant(&fresh->claim, 0, "cache");
}

/*
 * Put a grant in the place of another one, in one step. @ctx: lock context of the node; @holder:
 * memory for a new holder; set to NULL if it was used. Context: ctx->lock held. Return: 0; -ENOLCK
 * or -ESHUTDOWN, and then @old stays.
 */
int ditto_lease_replace(struct ditto_lock_ctx *ctx, struct ditto_lease *old,
			struct ditto_lease *fresh, struct ditto_holder **holder)
{
	int err;

	fresh->bits = old->bits;
	err = ditto_claim_attach(ctx, &fresh->claim);
	if (err)
		return err;
	lease_enter(ctx, fresh, holder);
	trace_ditto_release(&old->claim, 0, "replaced");
	ditto_lease_remove(old);
	return 0;
}

/* The orphan stood beside all claims of others, so nothing else is checked. */
static struct ditto_lease *lease_adopt(struct ditto_lock_ctx *ctx, struct ditto_lease *fresh,
				       struct ditto_holder **holder,
				       const struct ditto_lease_request *req, u8 want)
{
	struct ditto_lease *old = ditto_lease_of(ctx, req->adopts);
	int err;

	if (!old || !old->orphan || old->bits != want || old->claim.held != fresh->claim.held)
		return ERR_PTR(-EAGAIN);
	/* A local process breaks it just now. */
	if (want & ditto_mirror_barred(ctx))
		return ERR_PTR(-EAGAIN);
	err = ditto_lease_replace(ctx, old, fresh, holder);
	return err ? ERR_PTR(err) : fresh;
}

static struct ditto_lease *lease_add(struct ditto_lock_ctx *ctx, struct ditto_lease *fresh,
				     struct ditto_holder **holder,
				     const struct ditto_lease_request *req, u8 want)
{
	struct ditto_lock_point *point = ctx->point;
	int err;

	if (ditto_is_delegation(fresh->claim.held) && point->table->clock() < point->quiet_until)
		return ERR_PTR(-EAGAIN);
	want = lease_fit(ctx, req, want);
	if (!want)
		return ERR_PTR(-EAGAIN);
	if (ditto_is_delegation(fresh->claim.held) &&
	    !ditto_delegation_fits(fresh->claim.owner->client))
		return ERR_PTR(-ENOLCK);
	/* Lists read them as soon as the client has the claim. */
	fresh->bits = want;
	err = ditto_claim_attach(ctx, &fresh->claim);
	if (err)
		return ERR_PTR(err);
	lease_enter(ctx, fresh, holder);
	return fresh;
}

/* @before is set to the bits held with this key before. */
static struct ditto_lease *lease_grant(const struct ditto_lease_request *req,
				       struct ditto_lease *fresh, struct ditto_holder **holder,
				       u8 *before)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_make(req->point);
	struct ditto_lease *lease;
	u8 want = req->want;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	/* WRITE has no meaning for a directory. */
	if (is_directory(fresh->claim.held))
		want &= ~DITTO_LEASE_WRITE;
	lease = ditto_lease_of(ctx, req->actor.lease_owner);
	*before = lease ? lease->bits : 0;
	if (lease)
		lease = lease_widen(ctx, lease, req, want);
	else if (req->adopts)
		lease = lease_adopt(ctx, fresh, holder, req, want);
	else
		lease = lease_add(ctx, fresh, holder, req, want);
	ditto_lock_ctx_unlock(ctx);
	/* Orders the grant before the holder's check; pairs with ditto_claim_recheck(). */
	smp_mb();
	return lease;
}

/*
 * The VFS lease could not be set: restore the bits of which the holder knows. If a break has begun
 * since then, it takes away the other bits, too.
 */
static void lease_undo(struct ditto_lease *lease, u8 before)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);

	if (!ctx)
		return;
	if (lease->state == DITTO_LEASE_HELD)
		ditto_lease_set_bits(lease, ditto_lease_valid(lease->bits & before));
	else if (lease->bits & ~before)
		ditto_break_begin(lease, lease->bits & ~before);
	ditto_lock_ctx_unlock(ctx);
}

/*
 * A directory is watched from before its first holder knows that it may cache until after the
 * last grant is returned: one beginning for all grants.
 */
static int lease_watch(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx;
	bool surplus = true;
	int err;

	if (!point->ops->watch)
		return 0;
	err = point->ops->watch(point, true);
	if (err)
		return err;
	ctx = ditto_lock_ctx_find(point);
	if (ctx) {
		if (!ctx->watched && ditto_holders_sum(ctx).held) {
			ctx->watched = true;
			surplus = false;
		}
		ditto_lock_ctx_unlock(ctx);
	}
	if (surplus)
		point->ops->watch(point, false);
	return 0;
}

/**
 * ditto_lease_grant - make a caching grant, with as many of the requested bits as fit
 * @req: the request
 *
 * The claims of others are never broken: conflicting bits are left out of the grant. No delegation
 * is granted for a time after a recall on the node, and only reclaims are granted in grace. While
 * a break of the grant with the same key is outstanding, that grant is returned as it is. Nothing
 * is granted on what other machines access.
 *
 * Return: the grant with a reference for the caller; ditto_lease_bits() has its bits, which are 0
 * if it was void before it was returned (broken by a local process, or the VFS lease could not be
 * set). ERR_PTR(-EAGAIN) (nothing fits, or grace), -EINVAL (another type or holder with this key),
 * -ENOLCK (a limit), -ESHUTDOWN, -ENOMEM.
 */
struct ditto_lease *ditto_lease_grant(const struct ditto_lease_request *req)
{
	bool directory = is_directory(style_rows[req->style]);
	/* The VFS has no leases for directories; they are watched. */
	struct file *filp = directory ? NULL : req->filp;
	struct ditto_mirror *mirror;
	struct ditto_lease *lease, *fresh;
	struct ditto_holder *holder;
	u8 before;

	/* What another machine does would break no grant. */
	if (req->point->ops->unwatched)
		return ERR_PTR(-EAGAIN);
	if (!req->adopts && ditto_grace_check(req->actor.lease_owner->client, DITTO_CLAIM_LEASE,
					      req->reclaim))
		return ERR_PTR(-EAGAIN);
	fresh = ditto_lease_alloc(req);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	holder = ditto_holder_alloc();
	if (!holder) {
		ditto_lease_free(fresh);
		return ERR_PTR(-ENOMEM);
	}
	if (filp && req->point->ops->settle)
		req->point->ops->settle(req->point);
	mirror = ditto_mirror_begin(req->point, filp);
	if (IS_ERR(mirror)) {
		ditto_holder_free(holder);
		ditto_lease_free(fresh);
		return ERR_CAST(mirror);
	}
	lease = lease_grant(req, fresh, &holder, &before);
	ditto_holder_free(holder);
	if (lease != fresh)
		ditto_lease_free(fresh);
	if (!IS_ERR(lease) && filp && !ditto_mirror_lease(mirror))
		lease_undo(lease, before);
	else if (!IS_ERR(lease) && directory && lease_watch(req->point))
		lease_undo(lease, before);
	ditto_mirror_end(mirror);
	if (lease == fresh && ditto_lease_bits(lease))
		ditto_delegation_granted(lease);
	return lease;
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_grant, "DITTO");

/**
 * ditto_lease_return - return a grant on behalf of the holder
 * @lease: referenced by the caller, whose reference stays
 *
 * Idempotent.
 *
 * Context: may sleep; also from a callback of the grant.
 */
void ditto_lease_return(struct ditto_lease *lease)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&lease->claim);

	if (!ctx)
		return;
	trace_ditto_release(&lease->claim, 0, "returned");
	ditto_delegation_answered(lease, 0);
	clear_bit(DITTO_NOTIFY_BREAK, &lease->notify_due);
	ditto_lease_remove(lease);
	ditto_lock_ctx_unlock(ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_lease_return, "DITTO");
