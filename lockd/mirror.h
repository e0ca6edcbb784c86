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

struct ditto_mirror *ditto_mirror_begin(struct ditto_lock_point *point, struct file *filp);
void ditto_mirror_end(struct ditto_mirror *mirror);
struct ditto_mirror *ditto_mirror_hold(struct ditto_mirror *mirror);
void ditto_mirror_put(struct ditto_mirror *mirror);

int ditto_mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct ditto_wait *wait, struct ditto_conflict *conflict,
		      struct ditto_range *prealloc[2]);
int ditto_mirror_give_up(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			 bool weaken, struct ditto_range *prealloc[2]);
int ditto_mirror_test(const struct ditto_range_request *req, struct ditto_conflict *conflict);

void ditto_mirror_forget(struct ditto_range *range);
void ditto_mirror_yield(struct ditto_mirror *mirror);

int ditto_mirror_turn(struct ditto_lock_ctx *ctx, struct ditto_wait *wait);
bool ditto_mirror_wait_join(struct ditto_lock_ctx *ctx, struct ditto_wait *wait);
void ditto_mirror_wait_leave(struct ditto_wait *wait);
void ditto_mirror_wait_free(struct ditto_wait *wait);

bool ditto_mirror_lease(struct ditto_mirror *mirror);
u8 ditto_mirror_barred(const struct ditto_lock_ctx *ctx);
void ditto_mirror_note(struct ditto_lock_ctx *ctx);

int ditto_mirror_check_io(struct file *file, const struct ditto_intent *intent,
			  const struct ditto_actor *actor, struct ditto_conflict *conflict);

#endif
