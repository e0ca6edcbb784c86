// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caching grants as one VFS lease per node, of the delegation kind.
 *
 * The server's own open files do not veto such a lease, and besides opens and truncation it is
 * broken by changes of names and attributes. The VFS lease is as strong as the strongest grant.
 * When a local process breaks it, the grants are broken by the matrix, as for any other caller,
 * and the VFS lease is lowered when they are; until then the process waits, at most as long as
 * the deadlines of the grants. A thread of another server counts as a local process. It does not
 * wait; its client retries.
 *
 * The VFS reports a break once, and not again while it is pending, so the mirror remembers it:
 * until the VFS lease is lowered, no grant is made that would keep it up. Grants that were made
 * concurrently, or whose holder could not be asked before, are looked for again from time to
 * time. After the VFS lease is lowered no grant is made for a moment, because the process that
 * was woken still has to do its operation, and a new lease would stop its rename or removal as
 * the old one did. A process that opens the file for writing does not need that time: the VFS
 * counts its open from before the break until it closes, and no grant is made while it does.
 *
 * Locking: mirror->lock guards the VFS lease. The VFS reports a break under a spinlock of its
 * own, so the report only queues the work; the remembered break is cleared under the same
 * spinlock, before the waiting processes are woken. New grants are checked against pending breaks
 * under ctx->lock, which the work takes after a break was recorded: a grant either sees the break
 * or is seen by the work.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>

#include "../net/callback.h"
#include "acting.h"
#include "check_private.h"
#include "lock_ctx_private.h"
#include "mirror_private.h"

/* Retry time for lowering the VFS lease while the inode is busy. */
#define LOWER_AGAIN_MS	20
/*
 * Tries, about 1 ms apart, to raise the VFS lease while the inode is busy or the lease of a
 * previous lock context still exists.
 */
#define RAISE_TRIES	20
/* No grants for this time after a local process was let continue, unless its open is visible. */
#define BARRED_MS	250
/* Time after which a break for a waiting local process is begun again where necessary. */
#define BREAK_AGAIN_MS	1000

/* True if the table whose grants the VFS lease stands for has checked what the thread does. */
static bool breaker_is_ours(struct file_lease *fl)
{
	const struct ditto_mirror *mirror = fl->c.flc_owner;

	return ditto_acting_table() == mirror->point->table;
}

/* The work holds a reference. A mirror that is being freed drops its VFS lease anyway. */
static void mirror_kick(struct ditto_mirror *mirror, unsigned int ms)
{
	if (test_and_set_bit(DITTO_MIRROR_BUSY, &mirror->flags))
		return;
	if (!refcount_inc_not_zero(&mirror->ref))
		return;
	queue_delayed_work(mirror->point->table->wq, &mirror->work, msecs_to_jiffies(ms));
}

/* A local process breaks the VFS lease. No break time is set: the grants have deadlines. */
static bool lease_break(struct file_lease *fl)
{
	struct ditto_mirror *mirror = fl->c.flc_owner;

	fl->fl_break_time = 0;
	fl->fl_downgrade_time = 0;
	set_bit(fl->c.flc_flags & FL_UNLOCK_PENDING ? DITTO_MIRROR_WRITE : DITTO_MIRROR_READ,
		&mirror->flags);
	mirror_kick(mirror, 0);
	return false;
}

/* Caching bits that must not be granted now, see mirror_lease.c. ctx->lock held. */
u8 ditto_mirror_barred(const struct ditto_lock_ctx *ctx)
{
	const struct ditto_mirror *mirror = ctx->mirror;
	const struct ditto_lock_point *point = ctx->point;

	lockdep_assert_held(&ctx->lock);
	if (mirror && test_bit_acquire(DITTO_MIRROR_WRITE, &mirror->flags))
		return DITTO_LEASE_ALL;
	if (point->table->clock() < READ_ONCE(point->barred_until))
		return DITTO_LEASE_ALL;
	return mirror && test_bit(DITTO_MIRROR_READ, &mirror->flags) ? DITTO_LEASE_WRITE : 0;
}

/* Access of local processes, after the server's own opens have settled. */
static u8 mirror_local_access(const struct ditto_mirror *mirror)
{
	struct ditto_lock_point *point = mirror->point;
	u8 access = point->ops->local_access ? point->ops->local_access(point) : 0;

	if (access && point->ops->settle) {
		point->ops->settle(point);
		access = point->ops->local_access(point);
	}
	return access;
}

static int lease_change(struct file_lease *fl, int arg, struct list_head *dispose)
{
	struct ditto_mirror *mirror = fl->c.flc_owner;

	/* The lease is not raised to F_WRLCK while a process waits for it to be weaker. */
	if (arg == F_WRLCK && fl->c.flc_flags & (FL_UNLOCK_PENDING | FL_DOWNGRADE_PENDING))
		return -EAGAIN;
	/*
	 * The processes that waited for the lease to be lowered continue. No break of this kind
	 * comes before the lease is raised again.
	 */
	if (arg != F_WRLCK)
		clear_bit(DITTO_MIRROR_READ, &mirror->flags);
	if (arg == F_UNLCK)
		clear_bit_unlock(DITTO_MIRROR_WRITE, &mirror->flags);
	return lease_modify(fl, arg, dispose);
}

#ifdef DITTO_HAVE_LEASE_OPEN_CONFLICT
/* Opens are looked at before the lease is asked for, as older kernels expect of a delegation. */
static int lease_ignore_opens(struct file *file, int arg)
{
	return 0;
}
#endif

static const struct lease_manager_operations mirror_lease_ops = {
#ifdef DITTO_HAVE_LEASE_OPEN_CONFLICT
	.lm_open_conflict = lease_ignore_opens,
#endif
	.lm_break = lease_break,
	.lm_change = lease_change,
	.lm_breaker_owns_lease = breaker_is_ours,
};

static int lease_drop(struct ditto_mirror *mirror)
{
	struct ditto_lock_point *point = mirror->point;
	void *owner = mirror;

	/* A local process that waits for this gets time for its operation. */
	if (test_bit(DITTO_MIRROR_WRITE, &mirror->flags) &&
	    !(mirror_local_access(mirror) & DITTO_OPEN_WRITE))
		WRITE_ONCE(point->barred_until, point->table->clock() + BARRED_MS);
	kernel_setlease(mirror->file, F_UNLCK, NULL, &owner);
	return 0;
}

static int lease_set(struct ditto_mirror *mirror, int type)
{
	struct file_lease *fl;
	int err;

	if (type == F_UNLCK)
		return lease_drop(mirror);
	fl = locks_alloc_lease();
	if (!fl)
		return -ENOMEM;
	fl->fl_lmops = &mirror_lease_ops;
	fl->c.flc_flags = FL_DELEG;
	fl->c.flc_type = type;
	fl->c.flc_owner = mirror;
	fl->c.flc_pid = -1;
	fl->c.flc_file = mirror->file;
	err = kernel_setlease(mirror->file, type, &fl, NULL);
	/* setlease takes the memory if the lease is new. */
	if (fl)
		locks_free_lease(fl);
	return err;
}

/* The type of the VFS lease that stands for the grants of a node. */
static int type_for(const struct ditto_lock_ctx *ctx)
{
	u64 classes = ditto_holders_sum(ctx).held;

	if (classes & DITTO_CLASSES_WRITE)
		return F_WRLCK;
	return classes ? F_RDLCK : F_UNLCK;
}

static int lease_strength(int type)
{
	return type == F_WRLCK ? 2 : type == F_RDLCK;
}

static int type_wanted(struct ditto_mirror *mirror)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(mirror->point);
	int type = F_UNLCK;

	if (ctx) {
		/* A newer lock context of the node may not be shown to the VFS. */
		if (ctx->mirror == mirror)
			type = type_for(ctx);
		ditto_lock_ctx_unlock(ctx);
	}
	return type;
}

/* Make the VFS lease as strong as the grants; it is raised only with @raise. */
static int lease_sync(struct ditto_mirror *mirror, bool raise)
{
	int type, err;

	lockdep_assert_held(&mirror->lock);
	/* Grants may end during the VFS calls. */
	while ((type = type_wanted(mirror)) != mirror->lease_type) {
		if (lease_strength(type) > lease_strength(mirror->lease_type) && !raise)
			return 0;
		err = lease_set(mirror, type);
		if (err)
			return err;
		WRITE_ONCE(mirror->lease_type, type);
	}
	return 0;
}

/*
 * Raise the VFS lease to stand for a new grant. Context: takes mirror->lock. Return: false if the
 * VFS lease could not be set or a local process is in the way.
 */
bool ditto_mirror_lease(struct ditto_mirror *mirror)
{
	const struct ditto_lock_point *point = mirror->point;
	bool ok = false;
	u8 access;
	int err;

	mutex_lock(&mirror->lock);
	err = lease_sync(mirror, true);
	/* The VFS does not wait when it sets a lease, so a single failure says little. */
	for (int i = 0; err == -EAGAIN && i < RAISE_TRIES; i++) {
		usleep_range(1000, 2000);
		err = lease_sync(mirror, true);
	}
	if (err)
		goto unlock;
	/* A local process may have opened the file before there was a VFS lease to break. */
	access = mirror_local_access(mirror);
	if (access & DITTO_OPEN_WRITE || (access && mirror->lease_type == F_WRLCK))
		goto unlock;
	/* It may have broken the VFS lease of a previous lock context just now. */
	ok = point->table->clock() >= READ_ONCE(point->barred_until);
unlock:
	mutex_unlock(&mirror->lock);
	return ok;
}

/* Lower the VFS lease soon if the grants of the node became weaker. ctx->lock held. */
void ditto_mirror_note(struct ditto_lock_ctx *ctx)
{
	struct ditto_mirror *mirror = ctx->mirror;
	int type = READ_ONCE(mirror->lease_type);

	if (type != F_UNLCK && lease_strength(type_for(ctx)) < lease_strength(type))
		mirror_kick(mirror, 0);
}

/* Break the grants that conflict with a local process. */
static void break_for_local(struct ditto_mirror *mirror, enum ditto_intent_kind kind)
{
	const struct ditto_intent intent = { .kind = kind, .last = U64_MAX };

	ditto_break_all(mirror->point, &intent, NULL, true);
}

/*
 * While a local process waits, look again later: a holder may not have been asked yet, because a
 * silent client that is to be withdrawn first may renew before it is.
 */
static void mirror_watch_break(struct ditto_mirror *mirror)
{
	lockdep_assert_held(&mirror->lock);
	if (READ_ONCE(mirror->flags) & (BIT(DITTO_MIRROR_READ) | BIT(DITTO_MIRROR_WRITE))) {
		ditto_mirror_hold(mirror);
		if (queue_delayed_work(mirror->point->table->wq, &mirror->again,
				       msecs_to_jiffies(BREAK_AGAIN_MS)))
			return;
	} else if (!cancel_delayed_work(&mirror->again)) {
		return;
	}
	/* The caller has a reference, too. */
	refcount_dec(&mirror->ref);
}

static void mirror_work(struct work_struct *work)
{
	struct ditto_mirror *mirror = container_of(to_delayed_work(work), struct ditto_mirror,
						   work);
	struct ditto_callback cb;
	int err;

	ditto_callback_enter(&cb);
	clear_bit(DITTO_MIRROR_BUSY, &mirror->flags);
	/*
	 * A caller that found the bit set in mirror_kick() relies on everything read from here on.
	 */
	smp_mb__after_atomic();
	if (test_bit(DITTO_MIRROR_READ, &mirror->flags))
		break_for_local(mirror, DITTO_INTENT_READ);
	if (test_bit(DITTO_MIRROR_WRITE, &mirror->flags))
		break_for_local(mirror, DITTO_INTENT_WRITE);
	mutex_lock(&mirror->lock);
	err = lease_sync(mirror, false);
	mirror_watch_break(mirror);
	mutex_unlock(&mirror->lock);
	if (err)
		mirror_kick(mirror, LOWER_AGAIN_MS);
	ditto_mirror_put(mirror);
	ditto_callback_leave(&cb);
}

static void mirror_again(struct work_struct *work)
{
	struct ditto_mirror *mirror = container_of(to_delayed_work(work), struct ditto_mirror,
						   again);
	struct ditto_callback cb;

	ditto_callback_enter(&cb);
	mirror_kick(mirror, 0);
	ditto_mirror_put(mirror);
	ditto_callback_leave(&cb);
}

void ditto_mirror_lease_init(struct ditto_mirror *mirror)
{
	mirror->lease_type = F_UNLCK;
	INIT_DELAYED_WORK(&mirror->work, mirror_work);
	INIT_DELAYED_WORK(&mirror->again, mirror_again);
}

/* No work is due, because that would hold a reference. */
void ditto_mirror_lease_exit(struct ditto_mirror *mirror)
{
	if (mirror->lease_type != F_UNLCK)
		lease_drop(mirror);
}
