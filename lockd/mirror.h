/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror: shows the claims of a node to the VFS, and so to every process on the server.
 *
 * Ranges become POSIX locks of the VFS, for each node the union of their bytes, owned by the
 * mirror. Many ranges, and those that come and go often, become one lock of the file, until a local
 * process meets it; see mirror_cover.c. Caching grants become one lease of the VFS per node, of the
 * delegation kind. A claim is first put on the node, where it excludes others already; then it is
 * shown to the VFS with no spinlock of the table held; then it is confirmed or taken back.
 *
 * Once one claim of a node is shown, all are, until the last claim ends. The request decides
 * whether the first one is shown. Bytes beyond OFFSET_MAX and empty ranges exist in the table
 * only.
 *
 * Locking: mirror->lock (mutex) makes a change of ranges and the call that shows it to the VFS one
 * step. It is taken before ctx->lock and held across VFS calls that do not wait: if a
 * local process is in the way, the VFS notifies the request when to try again. With ctx->covered
 * there is no such call, and ctx->lock is enough.
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

/* Internal to the table. Functions that hold or put a mirror accept NULL. */

/**
 * ditto_mirror_begin - find or create the mirror of a node, and pin the lock context
 * @point: of the node, held by the caller
 * @filp: an open file of the node, to create the mirror if there is none; or NULL
 *
 * Return: the mirror, to be passed to ditto_mirror_end(); NULL if there is none and @filp is NULL;
 * ERR_PTR(-ENOMEM).
 */
struct ditto_mirror *ditto_mirror_begin(struct ditto_lock_point *point, struct file *filp);

/* Unpin the lock context. NULL is allowed. May sleep. */
void ditto_mirror_end(struct ditto_mirror *mirror);

/* Take a reference; NULL is allowed. Any context. */
struct ditto_mirror *ditto_mirror_hold(struct ditto_mirror *mirror);

/* Drop a reference; NULL is allowed. May sleep. */
void ditto_mirror_put(struct ditto_mirror *mirror);

/**
 * ditto_mirror_lock - claim a range and show it to the VFS
 * @mirror: of ditto_mirror_begin()
 * @req: the request
 * @wait: see ditto_range_lock()
 * @conflict: see ditto_range_lock()
 * @prealloc: see ditto_range_take()
 *
 * Context: may sleep; takes mirror->lock. Defined in mirror_range.c.
 * Return: see ditto_range_lock().
 */
int ditto_mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct ditto_wait *wait, struct ditto_conflict *conflict,
		      struct ditto_range *prealloc[2]);

/**
 * ditto_mirror_give_up - give up a range, or weaken it, also in the VFS
 * @mirror: of ditto_mirror_begin()
 * @req: the request
 * @weaken: see ditto_range_give_up()
 * @prealloc: see ditto_range_give_up()
 *
 * Context: may sleep; takes mirror->lock. Defined in mirror_range.c.
 * Return: see ditto_range_give_up().
 */
int ditto_mirror_give_up(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			 bool weaken, struct ditto_range *prealloc[2]);

/**
 * ditto_mirror_test - test a range request against the locks of local processes
 * @req: the request; @req->filp is set
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Context: may sleep. Defined in mirror_range.c.
 * Return: 0; -EAGAIN (conflict); or an error of the file system.
 */
int ditto_mirror_test(const struct ditto_range_request *req, struct ditto_conflict *conflict);

/**
 * ditto_mirror_forget - remove the VFS lock of a range whose client or node was released
 * @range: off its node; @range->mirror is put
 *
 * Context: may sleep; takes mirror->lock. Defined in mirror_view.c.
 */
void ditto_mirror_forget(struct ditto_range *range);

/**
 * ditto_mirror_yield - let courtesy clients give way to local processes that wait already
 * @mirror: referenced
 *
 * The VFS asks whether a range gives way only when a process meets it. The release of a courtesy
 * client begins that has a range among the bytes of a lock for which a process waits.
 *
 * Context: any but interrupts; no lock of the table is held. Defined in mirror_view.c.
 */
void ditto_mirror_yield(struct ditto_mirror *mirror);

/**
 * ditto_mirror_turn - the turn of a queued request came: ask the VFS next
 * @ctx: locked
 * @wait: the request, which has a mirror
 *
 * Context: ctx->lock held. Defined in mirror_range.c.
 * Return: -EINPROGRESS (the VFS is being asked), or the conflict as ditto_range_conflict_check().
 */
int ditto_mirror_turn(struct ditto_lock_ctx *ctx, struct ditto_wait *wait);

/**
 * ditto_mirror_wait_join - let the VFS be asked for a request that was queued without a mirror
 * @ctx: locked, has a mirror
 * @wait: the request
 *
 * Context: ctx->lock held. Defined in mirror_range.c.
 * Return: false without memory.
 */
bool ditto_mirror_wait_join(struct ditto_lock_ctx *ctx, struct ditto_wait *wait);

/**
 * ditto_mirror_wait_leave - a request leaves the queue: do not let its work wait for a retry
 * @wait: the request; it may have no mirror
 *
 * The work keeps the request, and the release of its client waits for it.
 *
 * Context: ctx->lock held. Defined in mirror_range.c.
 */
void ditto_mirror_wait_leave(struct ditto_wait *wait);

/* Free what a queued request needs for the VFS. May sleep. */
void ditto_mirror_wait_free(struct ditto_wait *wait);

/**
 * ditto_mirror_lease - raise the VFS lease to stand for a new grant
 * @mirror: of ditto_mirror_begin()
 *
 * Context: may sleep; takes mirror->lock. Defined in mirror_lease.c.
 * Return: false if the VFS lease could not be set or a local process is in the way.
 */
bool ditto_mirror_lease(struct ditto_mirror *mirror);

/* Caching bits that must not be granted now, see mirror_lease.c. ctx->lock held. */
u8 ditto_mirror_barred(const struct ditto_lock_ctx *ctx);

/* Lower the VFS lease soon if the grants of the node became weaker. ctx->lock held. */
void ditto_mirror_note(struct ditto_lock_ctx *ctx);

/**
 * ditto_mirror_check_io - test whether a local process's lock forbids reading or writing
 * @file: the file
 * @intent: DITTO_INTENT_READ, DITTO_INTENT_WRITE or DITTO_INTENT_SIZE
 * @actor: the caller; only one whose own ranges are mandatory is stopped
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Called after ditto_claim_check(), where local processes count.
 *
 * Context: any but interrupts. Defined in mirror_range.c.
 * Return: 0 or -EAGAIN.
 */
int ditto_mirror_check_io(struct file *file, const struct ditto_intent *intent,
			  const struct ditto_actor *actor, struct ditto_conflict *conflict);

#endif
