// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges as POSIX locks of the VFS, and queued requests that wait for the locks of local
 * processes; see mirror.h.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

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

static fl_owner_t mirror_get_owner(fl_owner_t owner)
{
	return ditto_owner_hold(owner);
}

static void mirror_put_owner(fl_owner_t owner)
{
	ditto_owner_put(owner);
}

/* The work has a reference on the request, and the release of the client waits for it. */
static void mirror_range_kick(struct ditto_mirror_wait *mw, unsigned int ms)
{
	if (test_and_set_bit(WAIT_BUSY, &mw->flags))
		return;
	if (!refcount_inc_not_zero(&mw->wait->ref))
		return;
	ditto_callback_begin(mw->wait->request.owner->client);
	queue_delayed_work(mw->mirror->point->table->wq, &mw->work, msecs_to_jiffies(ms));
}

/* The lock in the way is gone. Called under a spinlock of the VFS. */
static void mirror_notify(struct file_lock *fl)
{
	mirror_range_kick(container_of(fl, struct ditto_mirror_wait, fl), 0);
}

/*
 * A local process meets the lock of a client that may be a courtesy client. Called under a
 * spinlock of the VFS. Kernel threads are excluded: the operations of the server's own threads
 * were checked by the table before, and one of them may be needed to release the client.
 */
static bool mirror_expirable(struct file_lock *fl)
{
	const struct ditto_owner *owner = fl->c.flc_owner;

	return !(current->flags & PF_KTHREAD) && ditto_client_yields_now(owner->client);
}

static const struct lock_manager_operations mirror_lock_ops = {
	.lm_mod_owner = THIS_MODULE,
	.lm_lock_expirable = mirror_expirable,
	.lm_expire_lock = ditto_clients_yielded,
	.lm_get_owner = mirror_get_owner,
	.lm_put_owner = mirror_put_owner,
	.lm_notify = mirror_notify,
};

static void fill_lock(struct file_lock *fl, struct file *file, struct ditto_owner *owner, int type,
		      u64 first, u64 last)
{
	locks_init_lock(fl);
	fl->c.flc_flags = FL_POSIX;
	fl->c.flc_type = type;
	fl->c.flc_owner = owner;
	/* The owner is no process of this machine. */
	fl->c.flc_pid = -1;
	fl->c.flc_file = file;
	fl->fl_lmops = &mirror_lock_ops;
	fl->fl_start = first;
	fl->fl_end = min_t(u64, last, OFFSET_MAX);
}

static int vfs_set(struct ditto_mirror *mirror, struct ditto_owner *owner, int type, u64 first,
		   u64 last)
{
	struct file *file = ditto_mirror_file(mirror, type);
	struct file_lock fl;

	if (first > OFFSET_MAX)
		return 0;
	fill_lock(&fl, file, owner, type, first, last);
	return vfs_lock_file(file, F_SETLK, &fl, NULL);
}

/*
 * Account for one class of an owner's ranges that do not overlap: @range is the first that does
 * not end before byte @at. *@type becomes the lock type at @at if the range covers it; *@last is
 * reduced to the last byte up to which the result holds.
 */
static void cover_apart(const struct ditto_range *range, u64 at, int *type, u64 *last)
{
	if (!range)
		return;
	if (range->first > at) {
		*last = min(*last, range->first - 1);
		return;
	}
	*last = min(*last, range->last);
	*type = ditto_range_is_exclusive(range) ? F_WRLCK : F_RDLCK;
}

/*
 * The same for an owner's shared EXACT ranges. They stack: the one that reaches farthest counts
 * among those that begin up to @at. They do not weaken an exclusive result.
 */
static void cover_shared(struct ditto_lock_ctx *ctx,
			 struct ditto_owner *owner, u64 at, int *type,
			 u64 *last)
{
	struct ditto_range *range;
	u64 reach;

	if (ditto_range_own_max(ctx, owner, DITTO_OWN_SHARED, at, &reach) && reach >= at) {
		*last = min(*last, reach);
		if (*type == F_UNLCK)
			*type = F_RDLCK;
		return;
	}
	range = ditto_range_own(ctx, owner, DITTO_OWN_SHARED, at);
	if (range)
		*last = min(*last, range->first - 1);
}

/*
 * The lock type that an owner has at byte @at, and the last byte up to which it holds. Return:
 * false if the owner has nothing left on the node.
 */
static bool mirror_cover(struct ditto_mirror *mirror, struct ditto_owner *owner, u64 at, int *type,
			 u64 *last)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(mirror->point);
	bool any;

	*type = F_UNLCK;
	if (!ctx)
		return false;
	/* A newer lock context of the node, which is not shown to the VFS. */
	if (ctx->mirror != mirror) {
		ditto_lock_ctx_unlock(ctx);
		return false;
	}
	any = ditto_range_own(ctx, owner, DITTO_OWN_POSIX, 0) ||
	      ditto_range_own_exact(ctx, owner);
	cover_apart(ditto_range_own(ctx, owner, DITTO_OWN_POSIX, at), at, type, last);
	if (*type != F_WRLCK)
		cover_apart(ditto_range_own(ctx, owner, DITTO_OWN_EXCLUSIVE, at), at, type,
			    last);
	cover_shared(ctx, owner, at, type, last);
	ditto_lock_ctx_unlock(ctx);
	return any;
}

/*
 * Show the VFS what an owner has of these bytes. Giving up everything needs no memory. Giving up
 * the middle of a range does, and without memory the VFS sees more than is held until the owner's
 * next change.
 */
static void mirror_sync(struct ditto_mirror *mirror, struct ditto_owner *owner, u64 first, u64 last)
{
	u64 at = first, end;
	int type;

	lockdep_assert_held(&mirror->lock);
	last = min_t(u64, last, OFFSET_MAX);
	while (at <= last) {
		end = last;
		if (!mirror_cover(mirror, owner, at, &type, &end)) {
			vfs_set(mirror, owner, F_UNLCK, 0, OFFSET_MAX);
			return;
		}
		vfs_set(mirror, owner, type, at, end);
		at = end + 1;
		cond_resched();
	}
}

void ditto_mirror_forget(struct ditto_range *range)
{
	struct ditto_mirror *mirror = range->mirror;

	if (!range->empty) {
		mutex_lock(&mirror->lock);
		mirror_sync(mirror, range->claim.owner, range->first, range->last);
		mutex_unlock(&mirror->lock);
	}
	range->mirror = NULL;
	ditto_mirror_put(mirror);
}

/* Put the range on its node, where it excludes others, before the VFS is asked. */
static int pending_add(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		       struct ditto_range *range)
{
	int err;

	if (!ditto_range_may_be(ctx, req))
		return -ESHUTDOWN;
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

	if (held)
		ditto_range_remove(range);
	range->pending = false;
	if (err)
		return err;
	/* The client, or the open that the range ends with, was released meanwhile. */
	if (!held)
		return -ESHUTDOWN;
	return ditto_range_take(ctx, req, prealloc);
}

/*
 * The lock type that covers both the request and what the owner has in its bytes. An exclusive
 * range there is the owner's own, or the request would have been refused.
 */
static int type_to_ask(struct ditto_mirror *mirror, const struct ditto_range_request *req)
{
	struct ditto_lock_ctx *ctx;
	struct ditto_range *own;
	bool exclusive;

	if (req->exclusive)
		return F_WRLCK;
	if (req->discipline == DITTO_POSIX)
		return F_RDLCK;
	ctx = ditto_lock_ctx_find(mirror->point);
	if (!ctx)
		return F_RDLCK;
	own = ditto_range_own(ctx, req->owner, DITTO_OWN_EXCLUSIVE, req->first);
	exclusive = (own && own->first <= req->last) ||
		    ditto_range_overlap(ctx, DITTO_HELD_POSIX_EXCLUSIVE, req->first, req->last);
	ditto_lock_ctx_unlock(ctx);
	return exclusive ? F_WRLCK : F_RDLCK;
}

/* Ask the VFS for the bytes of a pending range; if @fl is given, it waits for them. */
static int mirror_ask(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct file_lock *fl)
{
	struct file_lock now;
	struct file *file;
	int type;

	if (req->empty || req->first > OFFSET_MAX)
		return 0;
	type = type_to_ask(mirror, req);
	file = ditto_mirror_file(mirror, type);
	if (!fl)
		fl = &now;
	fill_lock(fl, file, req->owner, type, req->first, req->last);
	/* A file system with locks of its own may block here. */
	if (fl != &now && !file->f_op->lock)
		fl->c.flc_flags |= FL_SLEEP;
	return vfs_lock_file(file, F_SETLK, fl, NULL);
}

/* After a change of the table, or a refusal: make the VFS show the actual state. */
static void mirror_settle(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			  int err)
{
	if (!req->empty && (err || req->discipline == DITTO_EXACT))
		mirror_sync(mirror, req->owner, req->first, req->last);
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

static int local_test(struct file *file, const struct ditto_range_request *req,
		      struct ditto_conflict *conflict)
{
	struct file_lock fl;
	int err;

	fill_lock(&fl, file, req->owner, req->exclusive ? F_WRLCK : F_RDLCK, req->first, req->last);
	/* A test has no lock manager; the result has that of the lock in the way. */
	fl.fl_lmops = NULL;
	if (conflict)
		describe_local(conflict, &fl);
	err = vfs_test_lock(file, &fl);
	if (err || fl.c.flc_type == F_UNLCK)
		return err;
	if (conflict)
		describe_local(conflict, &fl);
	/* The copy of the other lock holds a reference on its owner. */
	locks_release_private(&fl);
	return -EAGAIN;
}

int ditto_mirror_test(const struct ditto_range_request *req, struct ditto_conflict *conflict)
{
	if (req->empty || req->first > OFFSET_MAX)
		return 0;
	return local_test(req->filp, req, conflict);
}

int ditto_mirror_check_io(struct file *file, const struct ditto_intent *intent,
			  const struct ditto_actor *actor, struct ditto_conflict *conflict)
{
	struct file_lock fl;

	if (!actor->exact || intent->empty || intent->first > OFFSET_MAX ||
	    !vfs_inode_has_locks(file_inode(file)))
		return 0;
	fill_lock(&fl, file, actor->owner, intent->kind == DITTO_INTENT_READ ? F_RDLCK : F_WRLCK,
		  intent->first, intent->last);
	fl.fl_lmops = NULL;
	posix_test_lock(file, &fl);
	if (fl.c.flc_type == F_UNLCK)
		return 0;
	if (conflict)
		describe_local(conflict, &fl);
	locks_release_private(&fl);
	return -EAGAIN;
}
EXPORT_SYMBOL_NS_GPL(ditto_mirror_check_io, DITTO);

static void turn_work(struct work_struct *work);

static struct ditto_mirror_wait *mirror_wait_alloc(struct ditto_mirror *mirror,
						   struct ditto_wait *wait)
{
	struct ditto_mirror_wait *mw = kzalloc(sizeof(*mw), GFP_KERNEL);

	if (!mw)
		return NULL;
	mw->wait = wait;
	mw->mirror = ditto_mirror_hold(mirror);
	locks_init_lock(&mw->fl);
	INIT_DELAYED_WORK(&mw->work, turn_work);
	return mw;
}

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

int ditto_mirror_lock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
		      struct ditto_wait *wait, struct ditto_conflict *conflict,
		      struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = mirror->ctx;
	int err;

	mutex_lock(&mirror->lock);
	ditto_lock_ctx_lock_pinned(ctx);
	if (wait && (wait->tell || ditto_wait_ahead(ctx, req, NULL, conflict)))
		err = -EAGAIN;
	else
		err = ditto_range_conflict_check(ctx, req, conflict);
	if (!err)
		err = pending_add(ctx, req, prealloc[0]);
	ditto_lock_ctx_unlock(ctx);
	if (err)
		goto unlock;

	err = mirror_ask(mirror, req, NULL);
	if (err == -EAGAIN)
		local_test(mirror->file, req, conflict);
	ditto_lock_ctx_lock_pinned(ctx);
	err = pending_end(ctx, req, prealloc, err);
	ditto_lock_ctx_unlock(ctx);
	mirror_settle(mirror, req, err);
unlock:
	mutex_unlock(&mirror->lock);
	if (!wait || (err != -EAGAIN && err != -EBUSY))
		return err;

	wait->mirror = mirror_wait_alloc(mirror, wait);
	if (!wait->mirror)
		return -ENOMEM;
	err = ditto_wait_enqueue(req, wait, conflict, prealloc);
	if (err != -EINPROGRESS)
		ditto_mirror_wait_free(wait);
	return err;
}

int ditto_mirror_unlock(struct ditto_mirror *mirror, const struct ditto_range_request *req,
			struct ditto_range *prealloc[2])
{
	struct ditto_lock_ctx *ctx = mirror->ctx;
	int err;

	mutex_lock(&mirror->lock);
	ditto_lock_ctx_lock_pinned(ctx);
	err = ditto_range_give(ctx, req, prealloc);
	ditto_lock_ctx_unlock(ctx);
	if (!err && !req->empty)
		mirror_sync(mirror, req->owner, req->first, req->last);
	mutex_unlock(&mirror->lock);
	return err;
}

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
	struct ditto_lock_ctx *ctx;
	int err;

	lockdep_assert_held(&mirror->lock);
	ctx = ditto_lock_ctx_at(&wait->ctx);
	if (!ctx)
		return;
	/* Check again: it may not be the request's turn any more. */
	err = ditto_range_conflict_check(ctx, &wait->request, NULL);
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

	/*
	 * A waiting lock would make the VFS count the owner as blocked in its own deadlock
	 * detection, so a request for a notification only does not wait there.
	 */
	err = mirror_ask(mirror, &req, wait->tell ? NULL : &mw->fl);
	ditto_lock_ctx_lock_pinned(ctx);
	ditto_lock_ctx_unpin(ctx);
	if (wait->ctx)
		turn_end(ctx, wait, err);
	else
		/* Cancelled, or its client was released. */
		err = pending_end(ctx, &req, wait->prealloc, err ?: -ESHUTDOWN);
	ditto_lock_ctx_unlock(ctx);
	if (err != FILE_LOCK_DEFERRED)
		mirror_settle(mirror, &req, -EAGAIN);
}

static void turn_work(struct work_struct *work)
{
	struct ditto_mirror_wait *mw = container_of(to_delayed_work(work),
						    struct ditto_mirror_wait, work);
	struct ditto_wait *wait = mw->wait;
	struct ditto_mirror *mirror = ditto_mirror_hold(mw->mirror);
	struct ditto_client *client = wait->request.owner->client;

	ditto_client_hold(client);
	clear_bit(WAIT_BUSY, &mw->flags);
	/*
	 * A caller that found the bit set in mirror_kick() relies on everything read from here on.
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
}
