/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror: how the VFS, and so every process on the server, sees the claims
 * of a node.
 *
 * Ranges are POSIX locks of the VFS, for each owner the union of the bytes it
 * has; caching grants are one delegation lease of the VFS per node. A claim is
 * put on the node first, where it excludes others already, then shown with no
 * lock of the table held, then confirmed or taken back.
 *
 * Once something on a node is shown, everything on it is, until the last claim
 * goes; whether the first is, the request says. Bytes beyond OFFSET_MAX and
 * empty ranges exist in the table only.
 *
 * Locking: mirror->lock (mutex) makes a change of an owner's ranges and what the
 * VFS is told of it one step. It is taken before ctx->lock and held across
 * VFS calls that do not wait: a request that a local process stands in the way
 * of is told by the VFS when to try again.
 */
#ifndef _DITTO_LOCKD_MIRROR_H
#define _DITTO_LOCKD_MIRROR_H

#include <linux/list.h>

struct ditto_actor;
struct ditto_lock_point;
struct ditto_lock_ctx;
struct ditto_conflict;
struct ditto_intent;
struct ditto_mirror;
struct ditto_range;
struct ditto_range_request;
struct ditto_wait;
struct file;

/* For the table itself; a mirror that is NULL is allowed where it is only held or put. */

/*
 * The mirror of a node, made if @filp is given; NULL if there is none. The
 * claims of the node are pinned until ditto_mirror_end().
 */
struct ditto_mirror *ditto_mirror_begin(struct ditto_lock_point *point, struct file *filp);
void ditto_mirror_end(struct ditto_mirror *mirror);
struct ditto_mirror *ditto_mirror_hold(struct ditto_mirror *mirror);
void ditto_mirror_put(struct ditto_mirror *mirror);

/* mirror_range.c */
int ditto_mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct ditto_wait *wait, struct ditto_conflict *conflict,
		      struct ditto_range *spares[2]);
int ditto_mirror_unlock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			struct ditto_range *spares[2]);
int ditto_mirror_test(const struct ditto_range_request *req, struct ditto_conflict *conflict);

/* A range is gone because its client or node is. May sleep. */
void ditto_mirror_forget(struct ditto_range *range);

/* In the queue: the turn of a request came; the request is freed. */
int ditto_mirror_turn(struct ditto_lock_ctx *ctx, struct ditto_wait *wait);
void ditto_mirror_wait_free(struct ditto_wait *wait);

/* mirror_lease.c: a grant was made; false if the VFS does not stand for it. */
bool ditto_mirror_lease(struct ditto_mirror *mirror);
/* Caching bits that must not be granted now, see mirror_lease.c. Under ctx->lock. */
u8 ditto_mirror_barred(const struct ditto_lock_ctx *ctx);
/* Grants of the node may be fewer now. Under ctx->lock. */
void ditto_mirror_note(struct ditto_lock_ctx *ctx);

/**
 * ditto_mirror_check_io - does a local process's lock forbid reading or writing
 * @file: the file
 * @intent: DITTO_INTENT_READ, DITTO_INTENT_WRITE or DITTO_INTENT_SIZE
 * @actor: who; only one whose own ranges are mandatory is stopped
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * To be asked after ditto_claim_check(), where local processes count.
 *
 * Return: 0 or -EAGAIN.
 */
int ditto_mirror_check_io(struct file *file, const struct ditto_intent *intent,
			  const struct ditto_actor *actor, struct ditto_conflict *conflict);

#endif
