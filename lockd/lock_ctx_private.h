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

/* Slab constructor: initialises the lock, which survives the reuse of the memory. */
void ditto_lock_ctx_first(void *memory);

/**
 * ditto_lock_ctx_find - find and lock the lock context of a node
 * @point: of the node, held by the caller
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if nothing is held.
 */
struct ditto_lock_ctx *ditto_lock_ctx_find(struct ditto_lock_point *point);

/* The same if the node has a mirror, else NULL. ctx->mirror may be gone when it returns. */
struct ditto_lock_ctx *ditto_lock_ctx_find_mirrored(struct ditto_lock_point *point);

/* The same if its ranges come and go without the VFS, see ctx->covered; else NULL. */
struct ditto_lock_ctx *ditto_lock_ctx_find_covered(struct ditto_lock_point *point);

/**
 * ditto_lock_ctx_make - find or allocate the lock context of a node, and lock it
 * @point: of the node, held by the caller
 *
 * Context: may sleep; takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL without memory.
 */
struct ditto_lock_ctx *ditto_lock_ctx_make(struct ditto_lock_point *point);

/**
 * ditto_lock_ctx_at - lock the lock context of a claim or a waiting request
 * @where: its pointer to the context; the caller keeps that memory
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if it is off its node.
 */
struct ditto_lock_ctx *ditto_lock_ctx_at(struct ditto_lock_ctx *const *where);

/**
 * ditto_lock_ctx_unlock - settle everything that changed, and unlock
 * @ctx: locked
 *
 * First wakes parked operations and runs the queue for what was given up, and updates the summary.
 * Then drops the lock, frees claims that ended, and frees the context if nothing is held any more.
 *
 * Context: ctx->lock held and no other; may sleep after the lock is dropped.
 */
void ditto_lock_ctx_unlock(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_unlock_same - unlock when nothing changed but the pins
 * @ctx: locked; if it is pinned, a later ditto_lock_ctx_unlock() settles everything
 *
 * Context: ctx->lock held.
 */
void ditto_lock_ctx_unlock_same(struct ditto_lock_ctx *ctx);

/* Keep the context while its lock is dropped. ctx->lock held. */
void ditto_lock_ctx_pin(struct ditto_lock_ctx *ctx);

/* Undo ditto_lock_ctx_pin(). ctx->lock held. */
void ditto_lock_ctx_unpin(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_make_busy - let a node have ranges and waiting operations
 * @ctx: locked
 *
 * Context: ctx->lock held.
 * Return: false without memory.
 */
bool ditto_lock_ctx_make_busy(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_want_busy - do the same in advance, and wait for memory
 * @ctx: locked; the lock may be dropped during the call
 *
 * Without memory ditto_lock_ctx_make_busy() fails later.
 *
 * Context: ctx->lock held; may sleep.
 */
void ditto_lock_ctx_want_busy(struct ditto_lock_ctx *ctx);

/* ctx->busy for writing, after ditto_lock_ctx_make_busy(). ctx->lock held. */
struct ditto_lock_busy *ditto_lock_ctx_busy(struct ditto_lock_ctx *ctx);

/* Lock a context that the caller has pinned. */
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

/**
 * ditto_lock_number - number of a new claim or waiting request
 * @client: its client
 *
 * The number is larger than all of the same client, and unique in the table. Every CPU counts for
 * itself, and its own number is in the lowest bits, so that no memory is written by all.
 *
 * Context: client->lock held.
 * Return: the number, never 0.
 */
u64 ditto_lock_number(struct ditto_client *client);

/**
 * ditto_claim_attach - put a claim on its node and its client
 * @ctx: locked
 * @claim: kind and owner are set; no reference is taken
 *
 * Context: ctx->lock held.
 * Return: 0; -ESHUTDOWN (the client was released); -ENOLCK (a limit).
 */
int ditto_claim_attach(struct ditto_lock_ctx *ctx, struct ditto_claim *claim);

/**
 * ditto_claim_detach - take a claim off its node and its client
 * @claim: attached; memory of the table is freed when ctx->lock is dropped
 *
 * Context: ctx->lock held.
 */
void ditto_claim_detach(struct ditto_claim *claim);

/**
 * ditto_claim_drop - take off a claim of any kind, because its client, share or node ends
 * @claim: attached
 * @why: reason for the trace; a constant string
 *
 * The ranges and waiting requests that end with an open are dropped before it, one in each call.
 *
 * Context: ctx->lock held.
 * Return: false if the open is still there, and this must be called again.
 */
bool ditto_claim_drop(struct ditto_claim *claim, const char *why);

/* Claims that are dropped, or breaks that are begun, under one hold of a lock. */
#define DITTO_DROPS_AT_ONCE	64

/* Claims looked at under one hold of a client's lock. */
#define DITTO_LOOKS_AT_ONCE	256

#endif
