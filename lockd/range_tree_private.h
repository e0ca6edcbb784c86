/* SPDX-License-Identifier: GPL-2.0-only */
/* The trees of the ranges of a node: by first byte, and by owner. */
#ifndef _DITTO_LOCKD_RANGE_TREE_PRIVATE_H
#define _DITTO_LOCKD_RANGE_TREE_PRIVATE_H

#include "range_private.h"

/**
 * ditto_range_insert - put a range into the trees of its node
 * @ctx: locked
 * @range: all members that the trees sort by are set
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_insert(struct ditto_lock_ctx *ctx, struct ditto_range *range);

/**
 * ditto_range_erase - take a range out of the trees of its node
 * @ctx: locked
 * @range: in the trees
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_erase(struct ditto_lock_ctx *ctx, struct ditto_range *range);

/**
 * ditto_range_confirm - make a pending range what it stands for
 * @ctx: locked
 * @range: pending, in the trees
 *
 * Readers under client->lock see the one or the other.
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_confirm(struct ditto_lock_ctx *ctx, struct ditto_range *range);

/**
 * ditto_range_move - change the bytes of a range that is on its node
 * @range: the range
 * @first: new first byte
 * @last: new last byte
 *
 * Readers under client->lock see the old or the new bytes.
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
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

/**
 * ditto_range_other - find the first range of a row that overlaps and is not skipped
 * @ctx: locked
 * @row: row of the matrix
 * @first: first byte
 * @last: last byte, see ditto_range_end() for empty ranges
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other(struct ditto_lock_ctx *ctx, enum ditto_held row, u64 first,
				      u64 last, const struct ditto_range_pass *pass);

/**
 * ditto_range_other_behind - the same search, from behind a position
 * @ctx: locked
 * @row: row of the matrix
 * @place: the position, where a range may or may not be
 * @first: first byte
 * @last: last byte
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other_behind(struct ditto_lock_ctx *ctx, enum ditto_held row,
					     const struct ditto_range_place *place, u64 first,
					     u64 last, const struct ditto_range_pass *pass);

/**
 * ditto_range_other_next - continue a search of ditto_range_other()
 * @range: the range found last
 * @first: first byte
 * @last: last byte
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other_next(struct ditto_range *range, u64 first, u64 last,
					   const struct ditto_range_pass *pass);

/**
 * ditto_range_overlap - find the first range of a row that overlaps
 * @ctx: locked
 * @row: row of the matrix
 * @first: first byte
 * @last: last byte
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
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

/**
 * ditto_range_own - find an owner's first range of a class from a byte on
 * @ctx: locked
 * @owner: the owner
 * @class: the class
 * @byte: of a class that does not overlap, the first range that ends at or behind this byte is
 *	found; of a class that stacks, the first that begins at or behind it
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_own(struct ditto_lock_ctx *ctx, const struct ditto_owner *owner,
				    enum ditto_own_class class, u64 byte);

/* The owner's next range of the same class, or NULL. ctx->lock held. */
struct ditto_range *ditto_range_own_next(struct ditto_range *range);

/**
 * ditto_range_own_exactly - find an owner's range of a class with exactly these bytes
 * @ctx: locked
 * @owner: the owner
 * @class: the class
 * @first: first byte
 * @last: last byte, see ditto_range_end() for empty ranges
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_own_exactly(struct ditto_lock_ctx *ctx,
					    const struct ditto_owner *owner,
					    enum ditto_own_class class, u64 first, u64 last);

/**
 * ditto_range_own_exact - find an owner's first range of EXACT discipline, of any class
 * @ctx: locked
 * @owner: the owner
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL; a pending one does not count.
 */
struct ditto_range *ditto_range_own_exact(struct ditto_lock_ctx *ctx,
					  const struct ditto_owner *owner);

/* The owner's next range of EXACT discipline, or NULL. ctx->lock held. */
struct ditto_range *ditto_range_own_exact_next(struct ditto_range *range);

#endif
