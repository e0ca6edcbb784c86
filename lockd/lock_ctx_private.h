/* SPDX-License-Identifier: GPL-2.0-only */
/* Lock contexts, and putting claims of any kind on a node and taking them off. */
#ifndef _DITTO_LOCKD_LOCK_CTX_PRIVATE_H
#define _DITTO_LOCKD_LOCK_CTX_PRIVATE_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "claim.h"
#include "table.h"

static inline enum ditto_claim_kind ditto_claim_kind(const struct ditto_claim *claim)
{
	if (ditto_held_is_range(claim->held))
		return DITTO_CLAIM_RANGE;
	return claim->held == DITTO_HELD_OPEN ? DITTO_CLAIM_OPEN : DITTO_CLAIM_LEASE;
}

extern struct kmem_cache *ditto_lock_ctx_slab;

/*
 * Everything held on one node: lockd/lock_ctx.c. The functions that return a lock context return
 * it locked. They are annotated as if they did not lock, because sparse cannot follow a lock that
 * is taken only sometimes.
 */

void ditto_lock_ctx_first(void *memory);
struct ditto_lock_ctx *ditto_lock_ctx_find(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_find_mirrored(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_find_covered(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_make(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_at(struct ditto_lock_ctx *const *where);
void ditto_lock_ctx_unlock(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_unlock_same(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_pin(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_unpin(struct ditto_lock_ctx *ctx);
bool ditto_lock_ctx_make_busy(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_want_busy(struct ditto_lock_ctx *ctx);
struct ditto_lock_busy *ditto_lock_ctx_busy(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_lock_pinned(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_lock - lock the context that a search finds
 * @find: the search; called under RCU and repeated while it finds a dying context, which it must
 *	stop to find
 * @arg: for @find
 *
 * The memory may be the context of another node by the time the lock is taken: the caller checks
 * whether what it looks for is there.
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if @find finds none.
 */
static __always_inline struct ditto_lock_ctx *
ditto_lock_ctx_lock(struct ditto_lock_ctx *(*find)(const void *arg), const void *arg)
{
	struct ditto_lock_ctx *ctx;

	rcu_read_lock();
	while ((ctx = find(arg))) {
		spin_lock(&ctx->lock);
		if (!ctx->dead) {
			__release(&ctx->lock);
			break;
		}
		spin_unlock(&ctx->lock);
	}
	rcu_read_unlock();
	return ctx;
}

/* Lock the context that a claim is on; see ditto_lock_ctx_at(). */
static inline struct ditto_lock_ctx *ditto_lock_ctx_of(struct ditto_claim *claim)
{
	return ditto_lock_ctx_at(&claim->ctx);
}

u64 ditto_lock_number(struct ditto_client *client);
int ditto_claim_attach(struct ditto_lock_ctx *ctx, struct ditto_claim *claim);
void ditto_claim_detach(struct ditto_claim *claim);
bool ditto_claim_drop(struct ditto_claim *claim, const char *why);

/* Claims that are dropped, or breaks that are begun, under one hold of a lock. */
#define DITTO_DROPS_AT_ONCE	64

/* Claims looked at under one hold of a client's lock. */
#define DITTO_LOOKS_AT_ONCE	256

#endif
