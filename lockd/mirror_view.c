// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture that the VFS has of the ranges of a node: POSIX locks of one owner, the mirror,
 * for the union of all ranges, each byte as strong as the strongest range. Because it is one
 * owner's, the VFS changes it in one step, and no local process gets a lock in between. Where
 * there are covers, it shows more than that; see mirror_cover.c.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "client_private.h"
#include "lock_ctx_private.h"
#include "mirror_private.h"
#include "range_private.h"
#include "range_tree_private.h"

/* How many ranges in the way of a local process are searched for a courtesy client. */
#define YIELDS_LOOKED_AT	256

/* Runs that are shown one by one before a cover is tried instead. */
#define RUNS_BEFORE_COVER	64

static const u8 exclusive_rows[] = { DITTO_HELD_POSIX_EXCLUSIVE, DITTO_HELD_EXACT_EXCLUSIVE };
static const u8 shared_rows[] = { DITTO_HELD_POSIX_SHARED, DITTO_HELD_EXACT_SHARED };

/*
 * True if one of these rows has a range with byte @at. *@last is reduced to the last byte up to
 * which that is known to hold. An empty range does not have a byte and only ends a run.
 */
static bool rows_have(struct ditto_lock_ctx *ctx, const u8 rows[2], u64 at, u64 *last)
{
	struct ditto_range *range;
	u64 free = *last, held = 0;
	bool have = false;

	for (int i = 0; i < 2; i++) {
		range = ditto_range_overlap(ctx, rows[i], at, *last);
		if (!range)
			continue;
		if (range->first > at) {
			free = min(free, range->first - 1);
		} else {
			held = max(held, range->last);
			have = true;
		}
	}
	*last = min(*last, have ? held : free);
	return have;
}

static bool rows_overlap(struct ditto_lock_ctx *ctx, const u8 rows[2], u64 first, u64 last)
{
	return ditto_range_overlap(ctx, rows[0], first, last) ||
	       ditto_range_overlap(ctx, rows[1], first, last);
}

/*
 * The lock type that the ranges of a node have at a byte. @ctx: locked. Context: ctx->lock held.
 * Return: F_UNLCK, F_RDLCK or F_WRLCK.
 */
int ditto_mirror_run(struct ditto_lock_ctx *ctx, u64 at, u64 *last)
{
	if (rows_have(ctx, exclusive_rows, at, last))
		return F_WRLCK;
	return rows_have(ctx, shared_rows, at, last) ? F_RDLCK : F_UNLCK;
}

/* Find and lock the lock context of the node, if the mirror is the one that shows it; or NULL. */
struct ditto_lock_ctx *ditto_mirror_ctx(struct ditto_mirror *mirror)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(mirror->point);

	/* A newer lock context of the node, which is not shown to the VFS. */
	if (ctx && ctx->mirror != mirror) {
		ditto_lock_ctx_unlock_same(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* True if a range of a courtesy client is among these bytes; its release begins. */
static bool rows_yield(struct ditto_lock_ctx *ctx, u64 first, u64 last)
{
	static const struct ditto_range_pass pass_none;
	struct ditto_range *range;
	int looked = 0;

	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		range = ditto_range_overlap(ctx, row, first, last);
		for (; range && looked < YIELDS_LOOKED_AT; looked++) {
			if (ditto_client_yields_now(range->claim.owner->client))
				return true;
			range = ditto_range_other_next(range, first, last, &pass_none);
		}
	}
	return false;
}

/*
 * A local process meets a lock of the picture. Called under a spinlock of the VFS. The ranges of
 * courtesy clients do not yield to kernel threads: the operations of the server's own threads
 * were checked by the table before, and one of them may be needed to release the client.
 */
static bool picture_expirable(struct file_lock *fl)
{
	struct ditto_mirror *mirror = fl->c.flc_owner;
	struct ditto_lock_ctx *ctx;
	bool yields;

	if (ditto_cover_hit(mirror, fl->fl_start, fl->fl_end))
		return true;
	if (current->flags & PF_KTHREAD)
		return false;
	ctx = ditto_mirror_ctx(mirror);
	if (!ctx)
		return false;
	yields = rows_yield(ctx, fl->fl_start, fl->fl_end);
	ditto_lock_ctx_unlock_same(ctx);
	return yields;
}

static const struct lock_manager_operations picture_ops = {
	.lm_mod_owner = THIS_MODULE,
	.lm_lock_expirable = picture_expirable,
	.lm_expire_lock = ditto_clients_yielded,
};

/*
 * Let courtesy clients give way to local processes that wait already. The VFS asks whether a range
 * gives way only when a process meets it. The release of a courtesy client begins that has a range
 * among the bytes of a lock for which a process waits. Context: any but interrupts; no lock of the
 * table is held.
 */
void ditto_mirror_yield(struct ditto_mirror *mirror)
{
	struct file_lock_context *locks = locks_inode_context(file_inode(mirror->file));
	struct ditto_lock_ctx *ctx;
	struct file_lock *fl;

	if (!locks)
		return;
	spin_lock(&locks->flc_lock);
	list_for_each_entry(fl, &locks->flc_posix, c.flc_list) {
		if (fl->c.flc_owner != mirror || list_empty(&fl->c.flc_blocked_requests))
			continue;
		ctx = ditto_mirror_ctx(mirror);
		if (!ctx)
			break;
		rows_yield(ctx, fl->fl_start, fl->fl_end);
		ditto_lock_ctx_unlock_same(ctx);
	}
	spin_unlock(&locks->flc_lock);
}

/* Fill in a POSIX lock, without operations of a lock manager. */
void ditto_mirror_fill(struct file_lock *fl, struct file *file, fl_owner_t owner, int type,
		       u64 first, u64 last)
{
	locks_init_lock(fl);
	fl->c.flc_flags = FL_POSIX;
	fl->c.flc_type = type;
	fl->c.flc_owner = owner;
	/* The owner is no process of this machine. */
	fl->c.flc_pid = -1;
	fl->c.flc_file = file;
	fl->fl_start = first;
	fl->fl_end = min_t(u64, last, OFFSET_MAX);
}

/*
 * Change what the VFS sees. @in_the_way: filled with -EAGAIN, unless the file system has locks of
 * its own; may be NULL. Context: mirror->lock held. Return: 0; -EAGAIN (a local process has a lock
 * there); another error.
 */
int ditto_mirror_set(struct ditto_mirror *mirror, int type, u64 first, u64 last,
		     struct file_lock *in_the_way)
{
	struct file *file = ditto_mirror_file(mirror, type);
	struct file_lock fl __uninitialized;

	lockdep_assert_held(&mirror->lock);
	if (first > OFFSET_MAX)
		return 0;
	ditto_mirror_fill(&fl, file, mirror, type, first, last);
	fl.fl_lmops = &picture_ops;
	return vfs_lock_file(file, F_SETLK, &fl, in_the_way);
}

/* True if a lock of the VFS is shown by a mirror. */
bool ditto_mirror_shows(const struct file_lock *fl)
{
	return fl->fl_lmops == &picture_ops;
}

/*
 * True if ranges of another table that a mirror shows by this lock stop a read, or a write of these
 * bytes. Covers show more than there is. Under the spinlock of the VFS; @table may be NULL for any.
 */
bool ditto_mirror_stops(const struct file_lock *fl, const struct ditto_lock_table *table,
			u64 first, u64 last, bool writes)
{
	struct ditto_mirror *mirror = fl->c.flc_owner;
	struct ditto_lock_ctx *ctx;
	bool stops;

	if (!table || mirror->point->table == table)
		return false;
	ctx = ditto_mirror_ctx(mirror);
	if (!ctx)
		return false;
	stops = rows_overlap(ctx, exclusive_rows, first, last) ||
		(writes && rows_overlap(ctx, shared_rows, first, last));
	ditto_lock_ctx_unlock_same(ctx);
	return stops;
}

/* True if the ranges that the mirror shows have shared ones among these bytes. */
bool ditto_mirror_shares(struct ditto_mirror *mirror, u64 first, u64 last)
{
	struct ditto_lock_ctx *ctx = ditto_mirror_ctx(mirror);
	bool shares;

	if (!ctx)
		return false;
	shares = rows_overlap(ctx, shared_rows, first, last);
	ditto_lock_ctx_unlock_same(ctx);
	return shares;
}

/* Number of ranges on the node, 0 if none of them is the mirror's to show. */
static u32 ranges_left(struct ditto_mirror *mirror)
{
	struct ditto_lock_ctx *ctx = ditto_mirror_ctx(mirror);
	u32 left;

	if (!ctx)
		return 0;
	left = ctx->busy->ranged;
	ditto_lock_ctx_unlock_same(ctx);
	return left;
}

/*
 * The same for a caller that has not locked the lock context. Return: F_UNLCK, also if the ranges
 * of the node are not the mirror's to show; F_RDLCK or F_WRLCK.
 */
int ditto_mirror_type(struct ditto_mirror *mirror, u64 at, u64 *last)
{
	struct ditto_lock_ctx *ctx = ditto_mirror_ctx(mirror);
	int type;

	if (!ctx)
		return F_UNLCK;
	type = ditto_mirror_run(ctx, at, last);
	ditto_lock_ctx_unlock_same(ctx);
	return type;
}

/*
 * Call a function for the runs of bytes that no cover shows. @run: memory for the walk; the members
 * for the caller are set. Context: mirror->lock held. Return: what @fn returned last, or 0.
 */
int ditto_mirror_each(struct ditto_mirror *mirror, u64 first, u64 last,
		      int (*fn)(struct ditto_mirror_run *run), struct ditto_mirror_run *run)
{
	u64 at = first;
	int err = 0;

	lockdep_assert_held(&mirror->lock);
	run->mirror = mirror;
	run->number = 0;
	last = min_t(u64, last, OFFSET_MAX);
	for (; !err && at <= last; at = run->last + 1) {
		run->last = last;
		if (ditto_cover_at(mirror, at, &run->last))
			continue;
		run->first = at;
		run->type = ditto_mirror_type(mirror, at, &run->last);
		err = fn(run);
		run->number++;
		cond_resched();
	}
	return err;
}

/*
 * Giving up the middle of a lock needs memory, and without it the VFS sees more than is held until
 * the next change there.
 */
static int run_show(struct ditto_mirror_run *run)
{
	if (run->number && !(run->number % RUNS_BEFORE_COVER)) {
		/* Go on from here, with or without covers. */
		ditto_cover_try(run->mirror, run->first, OFFSET_MAX);
		run->last = run->first - 1;
		return 0;
	}
	ditto_mirror_set(run->mirror, run->type, run->first, run->last, NULL);
	return 0;
}

/* The same as ditto_mirror_sync() for a caller that knows how many ranges the node has. */
void ditto_mirror_sync_left(struct ditto_mirror *mirror, u32 left, u64 first, u64 last)
{
	struct ditto_mirror_run run;

	lockdep_assert_held(&mirror->lock);
	if (ditto_cover_stays(mirror))
		return;
	if (!left) {
		/* Giving up everything needs no memory. */
		ditto_mirror_set(mirror, F_UNLCK, 0, OFFSET_MAX, NULL);
		ditto_cover_end(mirror);
		return;
	}
	if (left <= DITTO_COVER_LEAVE)
		ditto_cover_lift(mirror);
	ditto_mirror_each(mirror, first, last, run_show, &run);
}

/* Show the VFS these bytes as they are now, unless a cover stays. May sleep; mirror->lock held. */
void ditto_mirror_sync(struct ditto_mirror *mirror, u64 first, u64 last)
{
	ditto_mirror_sync_left(mirror, ranges_left(mirror), first, last);
}

/* Remove the VFS lock of a range whose client or node was released. Context: takes mirror->lock. */
void ditto_mirror_forget(struct ditto_range *range)
{
	struct ditto_mirror *mirror = range->mirror;

	mutex_lock(&mirror->lock);
	if (!range->empty || !ranges_left(mirror))
		ditto_mirror_sync(mirror, range->first, range->last);
	mutex_unlock(&mirror->lock);
	range->mirror = NULL;
	ditto_mirror_put(mirror);
}
