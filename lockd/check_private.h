/* SPDX-License-Identifier: GPL-2.0-only */
/* The check of operations against the claims of a node. */
#ifndef _DITTO_LOCKD_CHECK_PRIVATE_H
#define _DITTO_LOCKD_CHECK_PRIVATE_H

#include "lock_ctx_private.h"

/**
 * ditto_conflict_check - check an operation against the claims of a node, by the matrix
 * @ctx: locked
 * @intent: the operation to check
 * @actor: the caller
 * @conflict: filled with DITTO_DENIED; may be NULL
 *
 * Begins the breaks that the operation needs. If it needs more of them than may be begun under one
 * hold of the lock, ctx->more is set until the lock is dropped; the result is then not final, and
 * the caller checks again.
 *
 * Context: ctx->lock held. Defined in check.c.
 * Return: DITTO_ALLOWED, DITTO_DENIED or DITTO_BREAKING.
 */
enum ditto_answer ditto_conflict_check(struct ditto_lock_ctx *ctx,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor,
				       struct ditto_conflict *conflict);

/**
 * ditto_break_all - break all grants that conflict with an operation
 * @point: of the node, held by the caller
 * @intent: the operation
 * @actor: the caller; NULL is anonymous
 * @waits: the caller waits for the breaks, so that they are noted in the history
 *
 * Begins a limited number of breaks under each hold of the lock.
 *
 * Context: may sleep; no lock of the table held. Defined in check.c.
 * Return: true if any break was begun.
 */
bool ditto_break_all(struct ditto_lock_point *point, const struct ditto_intent *intent,
		     const struct ditto_actor *actor, bool waits);

/**
 * ditto_writer - find the grant with WRITE, which excludes all others
 * @ctx: locked
 *
 * Context: ctx->lock held. Defined in check.c.
 * Return: the grant, or NULL.
 */
struct ditto_lease *ditto_writer(struct ditto_lock_ctx *ctx);

/* The client that the caller acts for; NULL if it is anonymous. */
struct ditto_client *ditto_actor_client(const struct ditto_actor *actor);

/**
 * ditto_exempt - test whether a claim does not count for a caller
 * @cell: cell of the matrix
 * @held: the claim
 * @actor: the caller
 *
 * Context: any. Defined in check.c.
 * Return: true if the exemption of the cell applies.
 */
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor);

/**
 * ditto_describe - describe a claim that is in the way
 * @conflict: filled; may be NULL
 * @held: the claim
 *
 * Context: any in which the claim cannot change. Defined in check.c.
 */
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held);

/* The same without the key of the owner. */
void ditto_describe_holding(struct ditto_holding *holding, const struct ditto_claim *held);

/**
 * ditto_gives_up - compute what an operation breaks of a grant
 * @cell: cell of the matrix, in a row of caching grants
 * @intent: the operation
 * @older: the grant is of the older kind, see struct ditto_lease_request
 * @waits: set to the bits whose return the operation waits for
 *
 * Context: any. Defined in check.c.
 * Return: DITTO_LEASE_* bits that the operation breaks, held or not.
 */
u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits);

#endif
