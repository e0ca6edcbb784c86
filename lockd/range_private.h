/* SPDX-License-Identifier: GPL-2.0-only */
/* Byte ranges inside the lock table: taking and giving up. */
#ifndef _DITTO_LOCKD_RANGE_PRIVATE_H
#define _DITTO_LOCKD_RANGE_PRIVATE_H

#include <linux/rbtree.h>

#include "lock_ctx_private.h"
#include "open_private.h"
#include "range.h"

/**
 * struct ditto_range_sum - summary of a set of ranges
 * @last: largest last byte
 * @owner: common owner of the ranges; NULL if they have several
 * @client: common client of the ranges; NULL if they have several
 */
struct ditto_range_sum {
	u64 last;
	const struct ditto_owner *owner;
	const struct ditto_client *client;
};

/**
 * struct ditto_range - a byte range
 * @claim: common part
 * @by_first: node in ctx->busy->ranges, unless the range overlaps nothing
 * @by_owner: node in ctx->busy->by_owner
 * @first: first byte; changed under ctx->lock and client->lock
 * @last: last byte; of an empty range, the one before @first
 * @subtree: summary of the subtree of @by_first
 * @empty: the range has no byte
 * @pending: the VFS is being asked; until it answers, the range is not merged, split or unlocked
 * @open: the open that the range ends with, on the same node; or NULL
 * @of_open: entry in @open->ranges
 * @mirror: referenced; shows the VFS that the bytes are gone. Only set after a release of the
 *	client or the node
 */
struct ditto_range {
	struct ditto_claim claim;
	struct rb_node by_first;
	struct rb_node by_owner;
	u64 first;
	u64 last;
	struct ditto_range_sum subtree;
	bool empty;
	bool pending;
	struct ditto_open *open;
	struct hlist_node of_open;
	struct ditto_mirror *mirror;
};

extern struct kmem_cache *ditto_range_slab;

static inline struct ditto_range *ditto_claim_range(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_range, claim);
}

static inline bool ditto_range_is_exclusive(const struct ditto_range *range)
{
	return range->claim.held == DITTO_HELD_POSIX_EXCLUSIVE ||
	       range->claim.held == DITTO_HELD_EXACT_EXCLUSIVE;
}

static inline enum ditto_held ditto_range_row(enum ditto_discipline discipline, bool exclusive)
{
	if (discipline == DITTO_POSIX)
		return exclusive ? DITTO_HELD_POSIX_EXCLUSIVE : DITTO_HELD_POSIX_SHARED;
	return exclusive ? DITTO_HELD_EXACT_EXCLUSIVE : DITTO_HELD_EXACT_SHARED;
}

/*
 * The last byte for comparisons. For an empty range it is the one before its first byte, so that it
 * overlaps ranges that have bytes on both sides of it.
 */
static inline u64 ditto_range_end(bool empty, u64 first, u64 last)
{
	return empty ? first - 1 : last;
}

/* The empty range before byte 0 overlaps nothing (MS-FSA section 2.1.4.10). */
static inline bool ditto_range_is_nowhere(bool empty, u64 first)
{
	return empty && !first;
}

/* True unless the open that a range would end with is gone. */
static inline bool ditto_range_may_be(const struct ditto_lock_ctx *ctx,
				      const struct ditto_range_request *req)
{
	return !req->open || req->open->claim.ctx == ctx;
}

/* range_apply.c */
struct ditto_range *ditto_range_alloc(const struct ditto_range_request *req);
void ditto_range_free(struct ditto_range *range);
bool ditto_ranges_alloc(const struct ditto_range_request *req, bool spare,
			struct ditto_range *prealloc[2]);
void ditto_ranges_free(struct ditto_range *prealloc[2]);
int ditto_range_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *prealloc[2]);
bool ditto_range_take_pending(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			      struct ditto_range *prealloc[2]);
int ditto_range_can_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			 struct ditto_range *prealloc[2]);
int ditto_range_give(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *prealloc[2]);
int ditto_range_weaken(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *prealloc[2]);

/* ditto_range_weaken() if @weaken, otherwise ditto_range_give(). */
static inline int ditto_range_give_up(struct ditto_lock_ctx *ctx,
				      const struct ditto_range_request *req, bool weaken,
				      struct ditto_range *prealloc[2])
{
	return weaken ? ditto_range_weaken(ctx, req, prealloc) :
			ditto_range_give(ctx, req, prealloc);
}

void ditto_range_remove(struct ditto_range *range);
void ditto_range_drop(struct ditto_range *range);

/* A range request as an operation and its caller. Defined in range.c. */
struct ditto_intent ditto_range_intent(const struct ditto_range_request *req);
struct ditto_actor ditto_range_actor(const struct ditto_range_request *req);
int ditto_range_conflict_check(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			       struct ditto_conflict *conflict);
int ditto_range_try(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		    struct ditto_range *prealloc[2], struct ditto_conflict *conflict);

#endif
