/* SPDX-License-Identifier: GPL-2.0-only */
/* The check of operations against the claims of a node. */
#ifndef _DITTO_LOCKD_CHECK_PRIVATE_H
#define _DITTO_LOCKD_CHECK_PRIVATE_H

#include "lock_ctx_private.h"

enum ditto_answer ditto_conflict_check(struct ditto_lock_ctx *ctx,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor,
				       struct ditto_conflict *conflict);
bool ditto_break_all(struct ditto_lock_point *point, const struct ditto_intent *intent,
		     const struct ditto_actor *actor, bool waits);
struct ditto_lease *ditto_writer(struct ditto_lock_ctx *ctx);
struct ditto_client *ditto_actor_client(const struct ditto_actor *actor);
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor);
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held);
void ditto_describe_holding(struct ditto_holding *holding, const struct ditto_claim *held);
u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits);

#endif
