// SPDX-License-Identifier: GPL-2.0-only
/*
 * Applying range requests that were checked: POSIX ranges are merged, split and converted so that
 * an owner's ranges never overlap; EXACT ranges stack. All steps that can fail precede the first
 * change.
 *
 * Locking: everything is under ctx->lock, except for the allocation of memory.
 */
#include <linux/slab.h>

#include "lock_ctx_private.h"
#include "mirror.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "trace.h"

/*
 * Those who lock bytes mostly do so again and again, so one range of each client is kept when it
 * has gone. Return: memory with anything in it.
 */
static struct ditto_range *range_memory(struct ditto_client *client)
{
	struct ditto_range *range = READ_ONCE(client->spare) ? xchg(&client->spare, NULL) : NULL;

	return range ?: kmem_cache_alloc(ditto_range_slab, GFP_KERNEL);
}

/*
 * Allocate a range for a request. @req: the request; the owner is referenced. Return: the range, or
 * NULL.
 */
struct ditto_range *ditto_range_alloc(const struct ditto_range_request *req)
{
	struct ditto_range *range = range_memory(req->owner->client);

	if (!range)
		return NULL;
	/* The other members are set when it is put on its node. */
	range->claim.ctx = NULL;
	range->claim.owner = ditto_owner_hold(req->owner);
	range->claim.share = req->share;
	range->empty = false;
	range->pending = false;
	range->open = req->open;
	range->mirror = NULL;
	return range;
}

/*
 * Free a range. @range: on no node; if its client or node was released, the VFS lock goes as well.
 */
void ditto_range_free(struct ditto_range *range)
{
	struct ditto_owner *owner = range->claim.owner;
	struct ditto_client *client = owner->client;

	if (range->mirror)
		ditto_mirror_forget(range);
	if (READ_ONCE(client->spare) || cmpxchg(&client->spare, NULL, range))
		kmem_cache_free(ditto_range_slab, range);
	ditto_owner_put(owner);
}

/*
 * Allocate the ranges that a request needs. @prealloc: filled: one range to take, and the spare one
 * or NULL. Return: false without memory.
 */
bool ditto_ranges_alloc(const struct ditto_range_request *req, bool spare,
			struct ditto_range *prealloc[2])
{
	spare = spare && req->discipline == DITTO_POSIX;
	prealloc[0] = ditto_range_alloc(req);
	prealloc[1] = spare ? ditto_range_alloc(req) : NULL;
	if (prealloc[0] && (!spare || prealloc[1]))
		return true;
	ditto_ranges_free(prealloc);
	return false;
}

/* Free the spare ranges that were not used. May sleep. */
void ditto_ranges_free(struct ditto_range *prealloc[2])
{
	for (int i = 0; i < 2; i++) {
		if (prealloc[i])
			ditto_range_free(prealloc[i]);
		prealloc[i] = NULL;
	}
}

/* Take a range off its node; it is freed when ctx->lock is dropped. ctx->lock held. */
void ditto_range_remove(struct ditto_range *range)
{
	ditto_range_erase(range->claim.ctx, range);
	ditto_claim_detach(&range->claim);
}

/*
 * The same as ditto_range_remove() because client, share or node ends: freeing it also removes the
 * VFS lock.
 */
void ditto_range_drop(struct ditto_range *range)
{
	/* One that was dropped while pending has it: a node has no other as long as it is held. */
	if (!range->mirror)
		range->mirror = ditto_mirror_hold(range->claim.ctx->mirror);
	ditto_range_remove(range);
}

/*
 * Set the bytes of a range that its client has, but its node does not. Lists read them under the
 * lock of the client as soon as that has the claim.
 */
static void range_widen(struct ditto_range *range, u64 first, u64 last)
{
	struct ditto_client *client = range->claim.owner->client;

	if (first == range->first && last == range->last)
		return;
	spin_lock(&client->lock);
	range->first = first;
	range->last = last;
	spin_unlock(&client->lock);
}

/* True if a range and the requested one would merge if they touched. */
static bool posix_is_alike(const struct ditto_range *range, const struct ditto_range_request *req)
{
	return ditto_range_is_exclusive(range) == req->exclusive && range->open == req->open &&
	       range->claim.share == req->share;
}

/* True if a request cuts the owner's range at its first byte, if there is one, into two pieces. */
static bool posix_cuts(const struct ditto_range *own, const struct ditto_range_request *req,
		       bool unlock)
{
	if (!own || own->first >= req->first || own->last <= req->last)
		return false;
	return unlock || !posix_is_alike(own, req);
}

/*
 * Check that a request has all the ranges that it needs. @ctx: locked. For a caller that asks
 * others before it takes the range. Context: ctx->lock held. Return: 0; -ENOMEM if a range of the
 * owner would be split and the spare one is missing.
 */
int ditto_range_can_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			 struct ditto_range *prealloc[2])
{
	const struct ditto_range *own;

	lockdep_assert_held(&ctx->lock);
	if (prealloc[1] || req->discipline != DITTO_POSIX)
		return 0;
	own = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, req->first);
	return posix_cuts(own, req, false) ? -ENOMEM : 0;
}

/*
 * Make the part of @range behind the request a range of its own; this is the step that can fail.
 * There is a spare range. @range stays the owner's range at the first byte of the request.
 */
static int posix_split(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *range, struct ditto_range *prealloc[2])
{
	struct ditto_range *spare = prealloc[1];
	int err;

	spare->claim.held = range->claim.held;
	spare->claim.share = range->claim.share;
	spare->open = range->open;
	spare->first = req->last + 1;
	spare->last = range->last;
	err = ditto_claim_attach(ctx, &spare->claim);
	if (err)
		return err;
	ditto_range_move(range, range->first, req->last);
	ditto_range_insert(ctx, spare);
	spare->claim.since = range->claim.since;
	prealloc[1] = NULL;
	return 0;
}

/*
 * Take these bytes from the owner's ranges, except from those that merge with the request. @range:
 * its range at the first byte, or the next one behind that, or NULL.
 */
static void posix_clear(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			struct ditto_range *range, bool unlock)
{
	struct ditto_range *next;

	for (; range && range->first <= req->last; range = next) {
		next = ditto_range_own_next(range);
		if (!unlock && posix_is_alike(range, req))
			continue;
		/* No range is cut into two pieces here: posix_split() did that. */
		if (range->first < req->first)
			ditto_range_move(range, range->first, req->first - 1);
		else if (range->last > req->last)
			ditto_range_move(range, req->last + 1, range->last);
		else
			ditto_range_remove(range);
		ctx->pump = true;
	}
}

/* Merge the owner's ranges that are alike and touch these bytes into @new. */
static void posix_merge(struct ditto_lock_ctx *ctx, struct ditto_range *new,
			const struct ditto_range_request *req)
{
	u64 first = req->first, last = req->last;
	struct ditto_range *range, *next;

	range = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, first ? first - 1 : 0);
	for (; range && (last == U64_MAX || range->first <= last + 1); range = next) {
		next = ditto_range_own_next(range);
		if (!posix_is_alike(range, req))
			continue;
		first = min(first, range->first);
		last = max(last, range->last);
		new->claim.since = min(new->claim.since, range->claim.since);
		ditto_range_remove(range);
	}
	range_widen(new, first, last);
	ditto_range_insert(ctx, new);
}

/* Note what the owner has among these bytes. @range: see posix_clear() */
static void posix_note(const struct ditto_range_request *req, struct ditto_range *range)
{
	struct ditto_range_before *past = req->past;

	past->count = 0;
	past->more = false;
	for (; range && range->first <= req->last; range = ditto_range_own_next(range)) {
		if (past->count == DITTO_RANGE_PAST) {
			past->more = true;
			return;
		}
		past->piece[past->count].first = max(range->first, req->first);
		past->piece[past->count].last = min(range->last, req->last);
		past->piece[past->count].exclusive = ditto_range_is_exclusive(range);
		past->count++;
	}
}

static int posix_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      struct ditto_range *prealloc[2])
{
	struct ditto_range *own = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, req->first);
	struct ditto_range *new = prealloc[0];
	bool cuts = posix_cuts(own, req, false);
	int err;

	if (cuts && !prealloc[1])
		return -ENOMEM;
	if (unlikely(req->past))
		posix_note(req, own);
	new->claim.held = ditto_range_row(DITTO_POSIX, req->exclusive);
	/* Already held. */
	if (own && posix_is_alike(own, req) && own->first <= req->first &&
	    own->last >= req->last)
		return 0;
	new->first = req->first;
	new->last = req->last;
	err = ditto_claim_attach(ctx, &new->claim);
	if (err)
		return err;
	prealloc[0] = NULL;
	err = cuts ? posix_split(ctx, req, own, prealloc) : 0;
	if (err) {
		ditto_claim_detach(&new->claim);
		return err;
	}
	posix_clear(ctx, req, own, false);
	posix_merge(ctx, new, req);
	trace_ditto_grant(&new->claim, 0, "range");
	return 0;
}

/*
 * Take a range that was checked to be free. @ctx: locked; @prealloc: of ditto_ranges_alloc(); those
 * that are used become NULL. Context: ctx->lock held. Return: 0; nothing was changed with
 * -ESHUTDOWN (client or open ended), -ENOLCK (a limit), -ENOMEM (see ditto_range_can_take()).
 */
int ditto_range_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *prealloc[2])
{
	struct ditto_range *new = prealloc[0];
	int err;

	lockdep_assert_held(&ctx->lock);
	if (!ditto_range_may_be(ctx, req))
		return -ESHUTDOWN;
	if (!ditto_lock_ctx_make_busy(ctx))
		return -ENOMEM;
	if (req->discipline == DITTO_POSIX)
		return posix_take(ctx, req, prealloc);
	new->claim.held = ditto_range_row(DITTO_EXACT, req->exclusive);
	new->empty = req->empty;
	new->first = req->first;
	new->last = ditto_range_end(req->empty, req->first, req->last);
	err = ditto_claim_attach(ctx, &new->claim);
	if (err)
		return err;
	prealloc[0] = NULL;
	ditto_range_insert(ctx, new);
	trace_ditto_grant(&new->claim, 0, "range");
	return 0;
}

/* True if the owner has no range that overlaps or touches the requested one. */
static bool posix_is_apart(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req)
{
	const struct ditto_range *own;

	own = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, req->first ? req->first - 1 : 0);
	return !own || (req->last != U64_MAX && own->first > req->last + 1);
}

/*
 * Take a range that is on its node as a pending one. @ctx: locked. The same as to remove it and to
 * call ditto_range_take(), for nearly all requests. Context: ctx->lock held. Return: false if other
 * ranges of the owner have to be changed; nothing was done then.
 */
bool ditto_range_take_pending(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			      struct ditto_range *prealloc[2])
{
	struct ditto_range *range = prealloc[0];

	lockdep_assert_held(&ctx->lock);
	if (req->discipline == DITTO_POSIX && !posix_is_apart(ctx, req))
		return false;
	if (unlikely(req->past))
		posix_note(req, NULL);
	ditto_range_confirm(ctx, range);
	prealloc[0] = NULL;
	trace_ditto_grant(&range->claim, 0, "range");
	return true;
}

/* Find an EXACT range of the owner by its mode and its bytes. */
static struct ditto_range *exact_find(struct ditto_lock_ctx *ctx,
				      const struct ditto_range_request *req, bool exclusive)
{
	u64 last = ditto_range_end(req->empty, req->first, req->last);
	enum ditto_own_class class;

	if (exclusive)
		class = req->empty ? DITTO_OWN_EMPTY_EXCLUSIVE : DITTO_OWN_EXCLUSIVE;
	else
		class = req->empty ? DITTO_OWN_EMPTY_SHARED : DITTO_OWN_SHARED;
	return ditto_range_own_exactly(ctx, req->owner, class, req->first, last);
}

/*
 * Give up a range. @ctx: locked; @prealloc: the second is used if a POSIX range must be split.
 * Context: ctx->lock held. Return: 0; nothing was changed with -ENOENT (EXACT: not held), -ENOMEM,
 * -ENOLCK (a limit), -ESHUTDOWN (the client was released).
 */
int ditto_range_give(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *prealloc[2])
{
	struct ditto_range *range;
	int err;

	lockdep_assert_held(&ctx->lock);
	if (req->discipline == DITTO_POSIX) {
		range = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, req->first);
		if (posix_cuts(range, req, true)) {
			err = prealloc[1] ? posix_split(ctx, req, range, prealloc) : -ENOMEM;
			if (err)
				return err;
		}
		posix_clear(ctx, req, range, true);
		return 0;
	}
	/* An exclusive range goes before a shared one of the same bytes. */
	if (req->same_mode)
		range = exact_find(ctx, req, req->exclusive);
	else
		range = exact_find(ctx, req, true) ?: exact_find(ctx, req, false);
	if (!range)
		return -ENOENT;
	ditto_range_remove(range);
	return 0;
}

/*
 * Make the first range shared that an exclusive POSIX request left. @ctx: locked; @req: the
 * request; only ranges are changed that would merge with it, and only at its bytes; @prealloc: of
 * ditto_ranges_alloc(), with a spare one; those that are used become NULL. Context: ctx->lock held.
 * Return: 1 if there may be more of them; 0 if there is none; nothing was changed with an errno of
 * ditto_range_take().
 */
int ditto_range_weaken(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *prealloc[2])
{
	struct ditto_range *range = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, req->first);
	struct ditto_range_request shared = *req;

	lockdep_assert_held(&ctx->lock);
	while (range && range->first <= req->last && !posix_is_alike(range, req))
		range = ditto_range_own_next(range);
	if (!range || range->first > req->last)
		return 0;
	/* The owner has these bytes exclusively, so none of others is in the way. */
	shared.exclusive = false;
	shared.first = max(range->first, req->first);
	shared.last = min(range->last, req->last);
	shared.past = NULL;
	return ditto_range_take(ctx, &shared, prealloc) ?: 1;
}
