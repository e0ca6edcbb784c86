/* SPDX-License-Identifier: GPL-2.0-only */
/* The trees of the ranges of a node: by first byte, and by owner. */
#ifndef _DITTO_LOCKD_RANGE_TREE_PRIVATE_H
#define _DITTO_LOCKD_RANGE_TREE_PRIVATE_H

#include "range_private.h"

void ditto_range_insert(struct ditto_lock_ctx *ctx, struct ditto_range *range);
void ditto_range_erase(struct ditto_lock_ctx *ctx, struct ditto_range *range);
void ditto_range_confirm(struct ditto_lock_ctx *ctx, struct ditto_range *range);
void ditto_range_move(struct ditto_range *range, u64 first, u64 last);

/**
 * struct ditto_range_pass - ranges that a search skips, whole subtrees at a time
 * @owner: skip the ranges of this owner; or NULL
 * @client: skip the ranges of these clients; or NULL
 */
struct ditto_range_pass {
	const struct ditto_owner *owner;
	const struct ditto_client *client[2];
};

/**
 * struct ditto_range_place - a position among the ranges of a row
 * @first: first byte of a range
 * @id: number of the range
 */
struct ditto_range_place {
	u64 first;
	u64 id;
};

struct ditto_range *ditto_range_other(struct ditto_lock_ctx *ctx, enum ditto_held row, u64 first,
				      u64 last, const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_other_behind(struct ditto_lock_ctx *ctx, enum ditto_held row,
					     const struct ditto_range_place *place, u64 first,
					     u64 last, const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_other_next(struct ditto_range *range, u64 first, u64 last,
					   const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_overlap(struct ditto_lock_ctx *ctx, enum ditto_held row,
					u64 first, u64 last);

/**
 * enum ditto_own_class - classes of an owner's ranges
 * @DITTO_OWN_POSIX: POSIX discipline; do not overlap
 * @DITTO_OWN_EXCLUSIVE: EXACT discipline, exclusive; do not overlap
 * @DITTO_OWN_EMPTY_EXCLUSIVE: the same without a byte
 * @DITTO_OWN_SHARED: EXACT discipline, shared; stack
 * @DITTO_OWN_EMPTY_SHARED: the same without a byte
 * @DITTO_OWN_PENDING: the VFS is being asked
 *
 * They order an owner's ranges in ctx->busy->by_owner, before first and last byte. When ranges are
 * taken again in this order, none is refused because of the owner's others.
 */
enum ditto_own_class {
	DITTO_OWN_POSIX,
	DITTO_OWN_EXCLUSIVE,
	DITTO_OWN_EMPTY_EXCLUSIVE,
	DITTO_OWN_SHARED,
	DITTO_OWN_EMPTY_SHARED,
	DITTO_OWN_PENDING,
};

struct ditto_range *ditto_range_own(struct ditto_lock_ctx *ctx, const struct ditto_owner *owner,
				    enum ditto_own_class class, u64 byte);
struct ditto_range *ditto_range_own_next(struct ditto_range *range);
struct ditto_range *ditto_range_own_exactly(struct ditto_lock_ctx *ctx,
					    const struct ditto_owner *owner,
					    enum ditto_own_class class, u64 first, u64 last);
struct ditto_range *ditto_range_own_exact(struct ditto_lock_ctx *ctx,
					  const struct ditto_owner *owner);
struct ditto_range *ditto_range_own_exact_next(struct ditto_range *range);

#endif
