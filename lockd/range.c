// SPDX-License-Identifier: GPL-2.0-only
/* Range requests: lock, unlock, test, cancel and release; see range.h. */
#include "check_private.h"
#include "history.h"
#include "lock_ctx_private.h"
#include "mirror.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "trace.h"
#include "wait_private.h"

static int range_valid(const struct ditto_range_request *req)
{
	if (req->empty)
		return req->discipline == DITTO_EXACT ? 0 : -EINVAL;
	return req->first <= req->last ? 0 : -EINVAL;
}

struct ditto_intent ditto_range_intent(const struct ditto_range_request *req)
{
	return (struct ditto_intent) {
		.kind = req->exclusive ? DITTO_INTENT_RANGE_EXCLUSIVE : DITTO_INTENT_RANGE_SHARED,
		.first = req->first, .last = req->last, .empty = req->empty,
		.tests = req->tests,
	};
}

struct ditto_actor ditto_range_actor(const struct ditto_range_request *req)
{
	return (struct ditto_actor) {
		.client = req->owner->client, .owner = req->owner,
		.lease_owner = req->lease_owner, .exact = req->discipline == DITTO_EXACT,
		.brief = req->brief, .queued = req->queued,
	};
}

/*
 * Check a range request against the claims of its node. @ctx: locked; @conflict: filled with
 * -EAGAIN; may be NULL. Context: ctx->lock held. Return: 0; -EAGAIN (conflict); -EBUSY (a break was
 * begun first).
 */
int ditto_range_conflict_check(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			       struct ditto_conflict *conflict)
{
	const struct ditto_intent intent = ditto_range_intent(req);
	const struct ditto_actor actor = ditto_range_actor(req);

	switch (ditto_conflict_check(ctx, &intent, &actor, conflict)) {
	case DITTO_DENIED:
		return -EAGAIN;
	case DITTO_ALLOWED:
		return 0;
	default:
		return -EBUSY;
	}
}

/*
 * Begin the remaining breaks, if there were too many for one hold of the lock. Return: true if
 * any was begun; the request is then checked again, because maybe none of them has to be waited
 * for.
 */
static bool range_break_rest(const struct ditto_range_request *req)
{
	const struct ditto_intent intent = ditto_range_intent(req);
	const struct ditto_actor actor = ditto_range_actor(req);

	return ditto_break_all(req->point, &intent, &actor, true);
}

/*
 * Check a range request and take the range, in one step. @ctx: locked; @conflict: filled with
 * -EAGAIN; may be NULL. Context: ctx->lock held. Return: see ditto_range_conflict_check() and
 * ditto_range_take().
 */
int ditto_range_try(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		    struct ditto_range *prealloc[2], struct ditto_conflict *conflict)
{
	int err = ditto_range_conflict_check(ctx, req, conflict);

	return err ?: ditto_range_take(ctx, req, prealloc);
}

/* Lock a range that the VFS need not be shown. @ctx: locked; it is unlocked afterwards. */
static int range_lock_at(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			 struct ditto_wait *wait, struct ditto_conflict *conflict,
			 struct ditto_range *prealloc[2])
{
	int err;

	/* A request that can wait does not overtake the queue. */
	if (wait && (wait->tell || ditto_wait_ahead(ctx, req, NULL, conflict)))
		err = -EAGAIN;
	else
		err = ditto_range_try(ctx, req, prealloc, conflict);
	ditto_lock_ctx_unlock(ctx);
	return err;
}

static int range_lock(const struct ditto_range_request *req, struct ditto_wait *wait,
		      struct ditto_conflict *conflict, struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_make(req->point);
	int err;

	if (!ctx)
		return -ENOMEM;
	ditto_lock_ctx_want_busy(ctx);
	err = range_lock_at(ctx, req, wait, conflict, prealloc);
	if (wait && (err == -EAGAIN || err == -EBUSY))
		err = ditto_wait_enqueue(req, wait, conflict, prealloc);
	return err;
}

/*
 * Lock without the mirror, if the file is covered. Return: false if the request has to go another
 * way; one that is to wait has to be known to the mirror.
 */
static bool range_lock_covered(const struct ditto_range_request *req, struct ditto_wait *wait,
			       struct ditto_conflict *conflict, struct ditto_range *prealloc[2],
			       int *err)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find_covered(req->point);

	if (!ctx)
		return false;
	*err = range_lock_at(ctx, req, wait, conflict, prealloc);
	return !wait || (*err != -EAGAIN && *err != -EBUSY);
}

/* Lock with the mirror, if there is one, or is to be one. */
static int range_lock_mirrored(const struct ditto_range_request *req, struct ditto_wait *wait,
			       struct ditto_conflict *conflict, struct ditto_range *prealloc[2])
{
	struct ditto_mirror *mirror = ditto_mirror_begin(req->point, req->filp);
	int err;

	if (IS_ERR(mirror))
		return PTR_ERR(mirror);
	if (mirror)
		err = ditto_mirror_lock(mirror, req, wait, conflict, prealloc);
	else
		err = range_lock(req, wait, conflict, prealloc);
	ditto_mirror_end(mirror);
	return err;
}

/* @spare: see ditto_ranges_alloc(). */
static int range_lock_any(const struct ditto_range_request *req, struct ditto_wait *wait,
			  struct ditto_conflict *conflict, bool spare)
{
	struct ditto_range *prealloc[2];
	int err;

	if (!ditto_ranges_alloc(req, spare, prealloc))
		return -ENOMEM;
	do {
		if (!range_lock_covered(req, wait, conflict, prealloc, &err))
			err = range_lock_mirrored(req, wait, conflict, prealloc);
		/* A queued request checks again by itself. */
	} while (err == -EBUSY && range_break_rest(req));
	ditto_ranges_free(prealloc);
	return err;
}

/* A range that is free does not pay for it. */
static noinline void range_note_refusal(const struct ditto_range_request *req,
					const struct ditto_conflict *conflict)
{
	const struct ditto_intent intent = ditto_range_intent(req);
	const struct ditto_actor actor = ditto_range_actor(req);

	ditto_history_refused(req->point, &intent, &actor, conflict);
}

/**
 * ditto_range_lock - claim a range
 * @req: the request
 * @wait: queue behind the conflict instead of failing; NULL not to. The table owns it after
 *	-EINPROGRESS only. A request with @wait->tell is queued in any case.
 * @conflict: filled with -EAGAIN and -EINPROGRESS; may be NULL
 *
 * POSIX discipline: replaces, splits and merges the owner's own ranges; the upgrade from shared to
 * exclusive is atomic and refused while others hold shared ranges. EXACT discipline: stacks.
 *
 * Return: 0; -EAGAIN (conflict); -EINPROGRESS (queued); -EALREADY (the same request is queued: a
 * retransmission, but not of EXACT discipline); -EBUSY (a break is outstanding: retry); -EDEADLK;
 * -ENOLCK (a limit); -EINVAL (range); -ESHUTDOWN (client or open released); -EPERM (new claim in
 * grace); -ESTALE (reclaim without grace, or by an unknown client); -ENOMEM; and errors of the file
 * system if the range is shown to the VFS.
 */
int ditto_range_lock(const struct ditto_range_request *req, struct ditto_wait *wait,
		     struct ditto_conflict *conflict)
{
	struct ditto_conflict own __uninitialized;
	int err = range_valid(req) ?:
		  ditto_grace_check(req->owner->client, DITTO_CLAIM_RANGE, req->reclaim);

	if (err)
		return err;
	if (!conflict)
		conflict = &own;
	/* Until a claim is found in the way. */
	conflict->held = DITTO_HELDS;
	/* A queued request is granted without the chance to allocate. */
	err = range_lock_any(req, wait, conflict, wait);
	if (unlikely(err == -ENOMEM) && !wait)
		err = range_lock_any(req, NULL, conflict, true);
	if (unlikely(err == -EAGAIN) && !req->waits)
		range_note_refusal(req, conflict);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_lock, "DITTO");

/* See ditto_range_give_up(). */
static int range_give_up(const struct ditto_range_request *req, bool weaken,
			 struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find_covered(req->point);
	struct ditto_mirror *mirror = ctx ? NULL : ditto_mirror_begin(req->point, NULL);
	int ret;

	if (mirror) {
		ret = ditto_mirror_give_up(mirror, req, weaken, prealloc);
		ditto_mirror_end(mirror);
		return ret;
	}
	if (!ctx)
		ctx = ditto_lock_ctx_find(req->point);
	if (!ctx)
		return req->discipline == DITTO_EXACT ? -ENOENT : 0;
	ret = ditto_range_give_up(ctx, req, weaken, prealloc);
	ditto_lock_ctx_unlock(ctx);
	return ret;
}

/**
 * ditto_range_unlock - give up a range
 * @req: POSIX: any bytes, held by the owner or not; EXACT: one range exactly, of whatever mode
 *	without @req->same_mode
 *
 * Return: 0; -ENOENT (EXACT: not held); -EINVAL; -ENOMEM, -ENOLCK, -ESHUTDOWN (a split needs
 * memory, passes a limit, or the client was released; nothing was changed).
 */
int ditto_range_unlock(const struct ditto_range_request *req)
{
	struct ditto_range *prealloc[2] = {};
	int err;

	err = range_valid(req) ?: range_give_up(req, false, prealloc);
	if (likely(err != -ENOMEM))
		return err;
	/* Few requests cut a range into two and so need another one. */
	prealloc[1] = ditto_range_alloc(req);
	if (prealloc[1])
		err = range_give_up(req, false, prealloc);
	ditto_ranges_free(prealloc);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_unlock, "DITTO");

static int range_weaken_all(const struct ditto_range_request *req)
{
	struct ditto_range *prealloc[2];
	int ret;

	do {
		if (!ditto_ranges_alloc(req, true, prealloc))
			return -ENOMEM;
		ret = range_give_up(req, true, prealloc);
		ditto_ranges_free(prealloc);
	} while (ret > 0);
	return ret;
}

/**
 * ditto_range_undo - give back what a POSIX request got that its owner did not have before
 * @req: the request, granted
 * @past: filled when the request was granted
 *
 * Bytes that were new are unlocked. Bytes that were shared before are shared again, as far as the
 * owner still has them by this request. All others stay as they are; those that were exclusive and
 * became shared, too, as others may share them by now. Each step only gives something up, so others
 * may see one before the next.
 *
 * Return: 0; -E2BIG (@past has no room for all that the owner had: everything is kept); an errno of
 * ditto_range_unlock(), and then the owner keeps a part of what was new.
 */
int ditto_range_undo(const struct ditto_range_request *req, const struct ditto_range_before *past)
{
	struct ditto_range_request part = *req;
	int err;

	if (past->more)
		return -E2BIG;
	for (unsigned int i = 0; i < past->count; i++) {
		if (part.first < past->piece[i].first) {
			part.last = past->piece[i].first - 1;
			err = ditto_range_unlock(&part);
			if (err)
				return err;
		}
		part.first = past->piece[i].first;
		part.last = past->piece[i].last;
		err = req->exclusive && !past->piece[i].exclusive ? range_weaken_all(&part) : 0;
		/* Behind the last byte of the request there may be no other number. */
		if (err || part.last == req->last)
			return err;
		part.first = part.last + 1;
	}
	part.last = req->last;
	return ditto_range_unlock(&part);
}
EXPORT_SYMBOL_NS_GPL(ditto_range_undo, "DITTO");

/**
 * ditto_range_test - test whether ditto_range_lock() would succeed
 * @req: the request
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Holders that may keep ranges to themselves have to tell them first. Others keep what they cache,
 * as nothing is changed.
 *
 * Return: 0; -EAGAIN (conflict); -EBUSY (a holder that keeps ranges to itself must answer a break
 * first: retry); -EINVAL; or an error of the file system.
 */
int ditto_range_test(const struct ditto_range_request *req, struct ditto_conflict *conflict)
{
	struct ditto_range_request tested = *req;
	struct ditto_lock_ctx *ctx;
	int err = range_valid(req);

	if (err)
		return err;
	tested.tests = true;
	do {
		ctx = ditto_lock_ctx_find(req->point);
		if (!ctx) {
			err = 0;
			break;
		}
		err = ditto_range_conflict_check(ctx, &tested, conflict);
		ditto_lock_ctx_unlock(ctx);
	} while (err == -EBUSY && range_break_rest(&tested));
	if (!err && req->filp)
		err = ditto_mirror_test(req, conflict);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_test, "DITTO");

/**
 * ditto_range_cancel - cancel a queued request
 * @req: matches a queued request in owner, discipline, mode and bytes
 *
 * Return: 0; -ENOENT if it is not queued.
 */
int ditto_range_cancel(const struct ditto_range_request *req)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(req->point);
	struct ditto_wait *wait, *found = NULL;

	if (!ctx)
		return -ENOENT;
	list_for_each_entry(wait, &ctx->busy->waits, link) {
		if (ditto_wait_is(wait, req)) {
			found = wait;
			ditto_wait_remove(found);
			break;
		}
	}
	ditto_lock_ctx_unlock(ctx);
	if (!found)
		return -ENOENT;
	ditto_wait_put(found);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_cancel, "DITTO");

/**
 * ditto_range_cancel_wait - cancel a queued request by its waiter
 * @wait: as passed to ditto_range_lock(); the caller keeps its memory
 *
 * For callers that no longer hold the node.
 *
 * Return: 0; -ENOENT if it is not queued any more: the callback was or will be called.
 */
int ditto_range_cancel_wait(struct ditto_wait *wait)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_at(&wait->ctx);

	if (!ctx)
		return -ENOENT;
	ditto_wait_remove(wait);
	ditto_lock_ctx_unlock(ctx);
	ditto_wait_put(wait);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_cancel_wait, "DITTO");

/**
 * ditto_range_is_held - test whether an owner has all that a POSIX request asks for
 * @req: the request; exclusive bytes satisfy a shared one
 *
 * Context: process; no lock of the table held.
 * Return: true if ditto_range_lock() would change nothing but merge ranges.
 */
bool ditto_range_is_held(const struct ditto_range_request *req)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(req->point);
	struct ditto_range *range;
	u64 next = req->first;
	bool held = false;

	if (!ctx)
		return false;
	range = ditto_range_own(ctx, req->owner, DITTO_OWN_POSIX, next);
	for (; !held && range && range->first <= next; range = ditto_range_own_next(range)) {
		if (req->exclusive && !ditto_range_is_exclusive(range))
			break;
		held = range->last >= req->last;
		next = range->last + 1;
	}
	ditto_lock_ctx_unlock(ctx);
	return held;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_is_held, "DITTO");

/**
 * ditto_range_release_owner - release all ranges and waits of an owner on a node
 * @point: of the node, held by the caller
 * @owner: the owner
 */
void ditto_range_release_owner(struct ditto_lock_point *point, struct ditto_owner *owner)
{
	struct ditto_wait *wait, *next;
	struct ditto_lock_ctx *ctx;
	struct ditto_range *range;
	bool more = true;

	while (more) {
		ctx = ditto_lock_ctx_find(point);
		if (!ctx)
			return;
		list_for_each_entry_safe(wait, next, &ctx->busy->waits, link) {
			if (wait->request.owner == owner)
				ditto_wait_finish(wait, -ESHUTDOWN);
		}
		/* Release as many ranges as one hold of the lock allows. */
		for (int i = 0; more && i < DITTO_DROPS_AT_ONCE; i++) {
			range = ditto_range_own(ctx, owner, DITTO_OWN_POSIX, 0) ?:
				ditto_range_own_exact(ctx, owner);
			if (range)
				ditto_claim_drop(&range->claim, "owner");
			else
				more = false;
		}
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_range_release_owner, "DITTO");

/**
 * ditto_range_owner_has - test whether an owner has an EXACT range on a node
 * @point: of the node, held by the caller
 * @owner: the owner
 *
 * Context: process; no lock of the table held.
 * Return: true if it has one.
 */
bool ditto_range_owner_has(struct ditto_lock_point *point, const struct ditto_owner *owner)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	bool has;

	if (!ctx)
		return false;
	has = ditto_range_own_exact(ctx, owner);
	ditto_lock_ctx_unlock(ctx);
	return has;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_owner_has, "DITTO");

/**
 * ditto_range_owner_list - list an owner's EXACT ranges on a node
 * @point: of the node, held by the caller
 * @owner: the owner
 * @list: filled with the first @max of them
 * @max: length of @list
 *
 * Context: process; no lock of the table held.
 * Return: their number, or @max + 1 if there are more than @max.
 */
unsigned int ditto_range_owner_list(struct ditto_lock_point *point,
				    const struct ditto_owner *owner,
				    struct ditto_range_held *list, unsigned int max)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	struct ditto_range *range;
	unsigned int n = 0;

	if (!ctx)
		return 0;
	for (range = ditto_range_own_exact(ctx, owner); range;
	     range = ditto_range_own_exact_next(range), n++) {
		if (n == max) {
			n++;
			break;
		}
		list[n] = (struct ditto_range_held) {
			.first = range->first,
			.length = range->empty ? 0 : range->last - range->first + 1,
			.exclusive = ditto_range_is_exclusive(range),
		};
	}
	ditto_lock_ctx_unlock(ctx);
	return n;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_owner_list, "DITTO");

/**
 * ditto_range_owner_has_posix - test whether an owner has a POSIX range on a node
 * @point: of the node, held by the caller
 * @owner: the owner
 *
 * Context: process; no lock of the table held.
 * Return: true if it has one.
 */
bool ditto_range_owner_has_posix(struct ditto_lock_point *point, const struct ditto_owner *owner)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	bool has;

	if (!ctx)
		return false;
	has = ditto_range_own(ctx, owner, DITTO_OWN_POSIX, 0);
	ditto_lock_ctx_unlock(ctx);
	return has;
}
EXPORT_SYMBOL_NS_GPL(ditto_range_owner_has_posix, "DITTO");
