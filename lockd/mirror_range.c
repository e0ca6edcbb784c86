// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges as POSIX locks of the VFS, and queued requests that wait for the locks of local
 * processes; see mirror.h.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../net/callback.h"
#include "client_private.h"
#include "lock_ctx_private.h"
#include "mirror_private.h"
#include "range_private.h"
#include "range_tree_private.h"
#include "wait_private.h"

/* Retry time: a file system with locks of its own does not notify waiters. */
#define RETRY_MS	1000

/* Bits of ditto_mirror_wait.flags */
#define WAIT_BUSY	0	/* the work is due and has a reference on the request */

/**
 * struct ditto_mirror_wait - state of a queued request for the VFS
 * @wait: the request
 * @mirror: referenced
 * @fl: waits behind the lock of a local process
 * @work: tries to take the lock
 * @flags: WAIT_* bits
 */
struct ditto_mirror_wait {
	struct ditto_wait *wait;
	struct ditto_mirror *mirror;
	struct file_lock fl;
	struct delayed_work work;
	unsigned long flags;
};

/*
 * The work has a reference on the request, and the release of the client waits for it: the callback
 * is counted before the reference is taken.
 */
static void mirror_range_kick(struct ditto_mirror_wait *mw, unsigned int ms)
{
	struct ditto_client *client = mw->wait->request.owner->client;

	if (test_and_set_bit(WAIT_BUSY, &mw->flags))
		return;
	ditto_callback_begin(client);
	if (!refcount_inc_not_zero(&mw->wait->ref)) {
		/* It is being freed, and has its owner until the VFS has forgotten it. */
		ditto_callback_end(client);
		return;
	}
	queue_delayed_work(mw->mirror->point->table->wq, &mw->work, msecs_to_jiffies(ms));
}

/*
 * A request leaves the queue: do not let its work wait for a retry. The work keeps the request, and
 * the release of its client waits for it.
 *
 * The reference of the work stays with it. Work that runs is left alone: it finds that the request
 * is not queued any more.
 *
 * Context: ctx->lock held.
 */
void ditto_mirror_wait_leave(struct ditto_wait *wait)
{
	struct ditto_mirror_wait *mw = wait->mirror;

	if (mw && cancel_delayed_work(&mw->work))
		queue_delayed_work(mw->mirror->point->table->wq, &mw->work, 0);
}

/* The lock in the way is gone. Called under a spinlock of the VFS. */
static void mirror_notify(struct file_lock *fl)
{
	mirror_range_kick(container_of(fl, struct ditto_mirror_wait, fl), 0);
}

static const struct lock_manager_operations mirror_wait_ops = {
	.lm_notify = mirror_notify,
};

/* Put the range on its node, where it excludes others, before the VFS is asked. */
static int pending_add(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *range)
{
	int err;

	if (!ditto_range_may_be(ctx, req))
		return -ESHUTDOWN;
	if (!ditto_lock_ctx_make_busy(ctx))
		return -ENOMEM;
	range->claim.held = ditto_range_row(req->discipline, req->exclusive);
	range->first = req->first;
	range->last = ditto_range_end(req->empty, req->first, req->last);
	range->empty = req->empty;
	range->pending = true;
	err = ditto_claim_attach(ctx, &range->claim);
	if (err)
		range->pending = false;
	else
		ditto_range_insert(ctx, range);
	return err;
}

/* The VFS has answered: confirm the range if @err is 0, otherwise take it back. */
static int pending_end(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *prealloc[2], int err)
{
	struct ditto_range *range = prealloc[0];
	bool held = range->claim.ctx;

	if (likely(held && !err) && ditto_range_take_pending(ctx, req, prealloc))
		return 0;
	if (held)
		ditto_range_remove(range);
	range->pending = false;
	if (err)
		return err;
	/* The client, or the open that the range ends with, has been released. */
	if (!held)
		return -ESHUTDOWN;
	return ditto_range_take(ctx, req, prealloc);
}

/* Ask for one run. All that is there is the request's, or the owner's, or shared. */
static int run_ask(struct ditto_mirror_run *run)
{
	/* The pending range has been released. */
	if (run->type == F_UNLCK)
		return 0;
	if (run->type != run->asked)
		run->stronger = true;
	return ditto_mirror_set(run->mirror, run->type, run->first, run->last, run->in_the_way);
}

/*
 * Wait for the lock of a local process without claiming anything. The waiting lock has an owner of
 * its own, so it must not conflict with what the mirror shows: a shared one does not, if the
 * process has an exclusive one. Return: FILE_LOCK_DEFERRED; 0 (the lock has gone); -EAGAIN (try
 * again after some time).
 */
static int mirror_await(const struct ditto_mirror_run *run, struct ditto_owner *owner,
			struct file_lock *fl)
{
	struct ditto_mirror *mirror = run->mirror;
	u64 first = max_t(u64, run->first, run->in_the_way->fl_start);
	u64 last = min_t(u64, run->last, run->in_the_way->fl_end);
	int type = run->in_the_way->c.flc_type == F_WRLCK ? F_RDLCK : F_WRLCK;
	int err;

	if (type == F_WRLCK && ditto_mirror_shares(mirror, first, last))
		return -EAGAIN;
	ditto_mirror_fill(fl, mirror->file, owner, type, first, last);
	fl->fl_lmops = &mirror_wait_ops;
	fl->c.flc_flags |= FL_SLEEP | FL_ACCESS;
	err = vfs_lock_file(mirror->file, F_SETLK, fl, NULL);
	return !err || err == FILE_LOCK_DEFERRED ? err : -EAGAIN;
}

/*
 * Ask the VFS for the bytes of a pending range; if @fl is given, it waits for them. @run->stronger
 * tells whether the owner has stronger ranges there.
 */
static int mirror_ask(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct file_lock *fl, struct ditto_mirror_run *run)
{
	struct file_lock in_the_way __uninitialized;
	int err;

	*run = (struct ditto_mirror_run) {
		.asked = req->exclusive ? F_WRLCK : F_RDLCK, .in_the_way = fl ? &in_the_way : NULL,
	};
	if (req->empty)
		return 0;
	do {
		if (fl)
			locks_init_lock(&in_the_way);
		err = ditto_mirror_each(mirror, req->first, req->last, run_ask, run);
		/* A file system with locks of its own does not say what is in the way. */
		if (!fl || err != -EAGAIN || mirror->file->f_op->lock)
			return err;
		err = mirror_await(run, req->owner, fl);
		locks_release_private(&in_the_way);
	} while (!err);
	return err;
}

/* After a change of the table, or a refusal: make the VFS show the actual state. */
static void mirror_settle(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			  const struct ditto_mirror_run *run, int err)
{
	if (!req->empty && (err || run->stronger))
		ditto_mirror_sync(mirror, req->first, req->last);
}

/*
 * Describe the lock of a local process. Called with the request itself first, in case the lock is
 * gone when the VFS is asked; its process is then not known.
 */
static void describe_local(struct ditto_conflict *conflict, const struct file_lock *fl)
{
	memset(conflict, 0, sizeof(*conflict));
	conflict->exclusive = fl->c.flc_type == F_WRLCK;
	conflict->held = ditto_range_row(DITTO_POSIX, conflict->exclusive);
	conflict->first = fl->fl_start;
	conflict->last = fl->fl_end == OFFSET_MAX ? U64_MAX : fl->fl_end;
	strscpy(conflict->protocol, "local");
	snprintf(conflict->client, sizeof(conflict->client), "process %d", fl->c.flc_pid);
	conflict->key_len = scnprintf(conflict->key, sizeof(conflict->key), "%d", fl->c.flc_pid);
}

static int local_test(struct file *file, fl_owner_t owner, const struct ditto_range_request *req,
		      struct ditto_conflict *conflict)
{
	struct file_lock fl;
	int err;

	/* A test has no lock manager; its result has the lock manager of the lock in the way. */
	ditto_mirror_fill(&fl, file, owner, req->exclusive ? F_WRLCK : F_RDLCK, req->first,
			  req->last);
	if (conflict)
		describe_local(conflict, &fl);
	err = vfs_test_lock(file, &fl);
	if (err || fl.c.flc_type == F_UNLCK)
		return err;
	if (conflict)
		describe_local(conflict, &fl);
	/* The copy of the other lock may hold a reference on its owner. */
	locks_release_private(&fl);
	return -EAGAIN;
}

/*
 * Test a range request against the locks of local processes. @conflict: filled with -EAGAIN; may be
 * NULL. Return: 0; -EAGAIN (conflict); or an error of the file system.
 */
int ditto_mirror_test(const struct ditto_range_request *req, struct ditto_conflict *conflict)
{
	struct ditto_mirror *mirror;
	int err;

	if (req->empty || req->first > OFFSET_MAX)
		return 0;
	mirror = ditto_mirror_begin(req->point, NULL);
	err = local_test(req->filp, mirror ?: (fl_owner_t)req->owner, req, conflict);
	ditto_mirror_end(mirror);
	return err;
}

/*
 * Test whether a local process's lock forbids reading or writing. @actor: the caller; only one
 * whose own ranges are mandatory is stopped; @conflict: filled with -EAGAIN; may be NULL. Called
 * after ditto_claim_check(), where local processes count. Context: any but interrupts. Return: 0 or
 * -EAGAIN.
 */
int ditto_mirror_check_io(struct file *file, const struct ditto_intent *intent,
			  const struct ditto_actor *actor, struct ditto_conflict *conflict)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	u64 last = min_t(u64, intent->last, OFFSET_MAX);
	bool writes = intent->kind != DITTO_INTENT_READ;
	const struct ditto_lock_table *table;
	struct file_lock *fl;
	int err = 0;

	if (!actor->exact || intent->empty || intent->first > OFFSET_MAX || !ctx)
		return 0;
	table = actor->owner ? actor->owner->client->table : NULL;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
		/* The table has checked its own. */
		if (ditto_mirror_shows(fl) &&
		    !ditto_mirror_stops(fl, table, intent->first, last, writes))
			continue;
		if ((u64)fl->fl_start > last || (u64)fl->fl_end < intent->first ||
		    (!writes && fl->c.flc_type == F_RDLCK))
			continue;
		if (conflict)
			describe_local(conflict, fl);
		err = -EAGAIN;
		break;
	}
	spin_unlock(&ctx->flc_lock);
	return err;
}

static void turn_work(struct work_struct *work);

static struct ditto_mirror_wait *mirror_wait_alloc(struct ditto_mirror *mirror,
						   struct ditto_wait *wait, gfp_t gfp)
{
	struct ditto_mirror_wait *mw = kzalloc(sizeof(*mw), gfp);

	if (!mw)
		return NULL;
	mw->wait = wait;
	mw->mirror = ditto_mirror_hold(mirror);
	locks_init_lock(&mw->fl);
	INIT_DELAYED_WORK(&mw->work, turn_work);
	return mw;
}

/* Free what a queued request needs for the VFS. May sleep. */
void ditto_mirror_wait_free(struct ditto_wait *wait)
{
	struct ditto_mirror_wait *mw = wait->mirror;

	if (!mw)
		return;
	locks_delete_block(&mw->fl);
	ditto_mirror_put(mw->mirror);
	kfree(mw);
	wait->mirror = NULL;
}

/* True if the VFS need not be asked for these bytes. */
static bool mirror_knows(struct ditto_mirror *mirror, const struct ditto_range_request *req)
{
	return req->empty || req->first > OFFSET_MAX ||
	       ditto_cover_has(mirror, req->first, min_t(u64, req->last, OFFSET_MAX));
}

/* The part of a request that is under mirror->lock. */
static int mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		       struct ditto_wait *wait, struct ditto_conflict *conflict,
		       struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = mirror->ctx;
	bool known = mirror_knows(mirror, req), many;
	struct ditto_mirror_run run;
	int err;

	ditto_lock_ctx_lock_pinned(ctx);
	ditto_lock_ctx_want_busy(ctx);
	WRITE_ONCE(ctx->covered, known && ditto_cover_stays(mirror));
	if (wait && (wait->tell || ditto_wait_ahead(ctx, req, NULL, conflict)))
		err = -EAGAIN;
	else if (known)
		err = ditto_range_try(ctx, req, prealloc, conflict);
	else
		err = ditto_range_conflict_check(ctx, req, conflict) ?:
		      ditto_range_can_take(ctx, req, prealloc) ?:
		      pending_add(ctx, req, prealloc[0]);
	ditto_lock_ctx_unlock(ctx);
	if (err || known)
		return err;

	err = mirror_ask(mirror, req, NULL, &run);
	if (err == -EAGAIN) {
		mirror->asks = 0;
		local_test(mirror->file, mirror, req, conflict);
	}
	ditto_lock_ctx_lock_pinned(ctx);
	err = pending_end(ctx, req, prealloc, err);
	many = !err && (ctx->busy->ranged > DITTO_COVER_MAKE ||
			++mirror->asks >= DITTO_COVER_ASKS);
	ditto_lock_ctx_unlock(ctx);
	mirror_settle(mirror, req, &run, err);
	if (many)
		ditto_cover_try(mirror, 0, OFFSET_MAX);
	return err;
}

/*
 * Claim a range and show it to the VFS. Context: takes mirror->lock. Return: see
 * ditto_range_lock().
 */
int ditto_mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct ditto_wait *wait, struct ditto_conflict *conflict,
		      struct ditto_range *prealloc[2])
{
	int err;

	mutex_lock(&mirror->lock);
	err = mirror_lock(mirror, req, wait, conflict, prealloc);
	mutex_unlock(&mirror->lock);
	if (!wait || (err != -EAGAIN && err != -EBUSY))
		return err;

	wait->mirror = mirror_wait_alloc(mirror, wait, GFP_KERNEL);
	if (!wait->mirror)
		return -ENOMEM;
	err = ditto_wait_enqueue(req, wait, conflict, prealloc);
	if (err != -EINPROGRESS)
		ditto_mirror_wait_free(wait);
	return err;
}

/*
 * Give up a range, or weaken it, also in the VFS. Context: takes mirror->lock. Return: see
 * ditto_range_give_up().
 */
int ditto_mirror_give_up(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			 bool weaken, struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = mirror->ctx;
	u32 left;
	int ret;

	mutex_lock(&mirror->lock);
	ditto_lock_ctx_lock_pinned(ctx);
	ret = ditto_range_give_up(ctx, req, weaken, prealloc);
	left = ctx->busy->ranged;
	ditto_lock_ctx_unlock(ctx);
	if (ret >= 0 && (!left || (!req->empty && (left <= DITTO_COVER_LEAVE ||
						   !mirror_knows(mirror, req)))))
		ditto_mirror_sync_left(mirror, left, req->first, req->last);
	mutex_unlock(&mirror->lock);
	return ret;
}

/*
 * Let the VFS be asked for a request that was queued without a mirror. @ctx: locked, has a mirror.
 * Context: ctx->lock held. Return: false without memory.
 */
bool ditto_mirror_wait_join(struct ditto_lock_ctx *ctx, struct ditto_wait *wait)
{
	lockdep_assert_held(&ctx->lock);
	wait->mirror = mirror_wait_alloc(ctx->mirror, wait, GFP_ATOMIC);
	return wait->mirror;
}

/*
 * The turn of a queued request came: ask the VFS next. @ctx: locked. Context: ctx->lock held.
 * Return: -EINPROGRESS (the VFS is being asked), or the conflict as ditto_range_conflict_check().
 */
int ditto_mirror_turn(struct ditto_lock_ctx *ctx, struct ditto_wait *wait)
{
	int err = ditto_range_conflict_check(ctx, &wait->request, NULL);

	if (err)
		return err;
	WRITE_ONCE(wait->state, DITTO_WAIT_TRYING);
	mirror_range_kick(wait->mirror, 0);
	return -EINPROGRESS;
}

/* The VFS has answered for a request whose turn came. */
static void turn_end(struct ditto_lock_ctx *ctx, struct ditto_wait *wait, int err)
{
	struct ditto_range_request *req = &wait->request;

	/* A local process is in the way; its unlock, or the timer, causes the next try. */
	if (err == FILE_LOCK_DEFERRED || err == -EAGAIN) {
		pending_end(ctx, req, wait->prealloc, -EAGAIN);
		WRITE_ONCE(wait->state, DITTO_WAIT_LOCAL);
		if (err == -EAGAIN)
			mirror_range_kick(wait->mirror, RETRY_MS);
		return;
	}
	if (wait->tell && !err)
		pending_end(ctx, req, wait->prealloc, -EAGAIN);
	else
		err = pending_end(ctx, req, wait->prealloc, err);
	ditto_wait_finish(wait, err);
}

static void mirror_turn(struct ditto_mirror_wait *mw)
{
	struct ditto_mirror *mirror = mw->mirror;
	struct ditto_wait *wait = mw->wait;
	struct ditto_range_request req = wait->request;
	struct ditto_mirror_run run;
	struct ditto_lock_ctx *ctx;
	int err;

	lockdep_assert_held(&mirror->lock);
	ctx = ditto_lock_ctx_at(&wait->ctx);
	if (!ctx)
		return;
	/* Check again: it may not be the request's turn any more. */
	err = ditto_range_conflict_check(ctx, &wait->request, NULL);
	if (!err && mirror_knows(mirror, &req)) {
		/* Requests that come without mirror->lock must not find a pending range. */
		if (!wait->tell)
			err = ditto_range_take(ctx, &wait->request, wait->prealloc);
		ditto_wait_finish(wait, err);
		ditto_lock_ctx_unlock(ctx);
		return;
	}
	if (!err)
		err = pending_add(ctx, &wait->request, wait->prealloc[0]);
	if (err) {
		if (err == -EAGAIN || err == -EBUSY)
			WRITE_ONCE(wait->state, DITTO_WAIT_QUEUED);
		else
			ditto_wait_finish(wait, err);
		ditto_lock_ctx_unlock(ctx);
		return;
	}
	ditto_lock_ctx_pin(ctx);
	ditto_lock_ctx_unlock(ctx);

	err = mirror_ask(mirror, &req, &mw->fl, &run);
	ditto_lock_ctx_lock_pinned(ctx);
	ditto_lock_ctx_unpin(ctx);
	if (wait->ctx)
		turn_end(ctx, wait, err);
	else
		/* Cancelled, or its client was released. */
		err = pending_end(ctx, &req, wait->prealloc, err ?: -ESHUTDOWN);
	ditto_lock_ctx_unlock(ctx);
	mirror_settle(mirror, &req, &run, -EAGAIN);
}

static void turn_work(struct work_struct *work)
{
	struct ditto_mirror_wait *mw = container_of(to_delayed_work(work),
						    struct ditto_mirror_wait, work);
	struct ditto_wait *wait = mw->wait;
	struct ditto_mirror *mirror = ditto_mirror_hold(mw->mirror);
	struct ditto_client *client = wait->request.owner->client;
	struct ditto_callback cb;

	ditto_client_hold(client);
	ditto_callback_enter(&cb);
	clear_bit(WAIT_BUSY, &mw->flags);
	/*
	 * A caller that found the bit set in mirror_range_kick() relies on everything read from
	 * here on.
	 */
	smp_mb__after_atomic();
	/* It may still be waiting from the last try. */
	locks_delete_block(&mw->fl);
	mutex_lock(&mirror->lock);
	mirror_turn(mw);
	mutex_unlock(&mirror->lock);
	ditto_wait_put(wait);
	ditto_callback_end(client);
	ditto_client_put(client);
	ditto_mirror_put(mirror);
	ditto_callback_leave(&cb);
}
