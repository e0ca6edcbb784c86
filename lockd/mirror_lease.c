// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caching grants as one lease of the VFS per node, of the delegation kind: our
 * own open files do not veto it, and besides opens and truncation it is broken
 * by changes of names and attributes. The lease is as strong as the strongest
 * grant. When a local process breaks it, the grants are broken by the matrix, as
 * for anybody else, and the lease is lowered when they are; until then the
 * process waits, at most as long as the grants' deadlines.
 *
 * The VFS tells of a break once, and not again for as long as it is pending. So the mirror
 * remembers it: until the lease is down nothing is granted that would keep it up. Grants that
 * slipped in, or whose holder could not be asked before, are looked for again from time to time.
 * Afterwards nothing is granted for a moment, because a process that was woken still has to do
 * what it waited for, and a rename or a removal is stopped by a new lease as by the old one. A
 * process that opens the file for writing needs no such time: the VFS counts it from before the
 * break until it closes, and no grant is made meanwhile.
 *
 * Locking: mirror->lock guards the lease. The VFS tells of a break under a
 * spinlock of its own, so that only makes the work due; what the mirror remembers is forgotten
 * under the same spinlock, before those who wait are woken. Grants are checked against pending
 * breaks under ctx->lock, which the work takes after a break was noted: a grant either
 * sees the break or is seen by the work.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>

#include "acting.h"
#include "mirror_private.h"

/* The inode was busy for a moment: lower the lease a little later. */
#define LOWER_AGAIN_MS	20
/* The same for a new one, or that of claims which just went is still there: times 1 ms. */
#define RAISE_TRIES	20
/* No grants after a local process was let go on, unless it is seen as having the file open. */
#define BARRED_MS	250
/* A local process still waits: its break is begun again where it is not under way. */
#define BREAK_AGAIN_MS	1000

static bool breaker_is_ours(struct file_lease *fl)
{
	return ditto_is_acting();
}

/* The work has a reference on the mirror. One that is being freed drops its lease anyway. */
static void mirror_kick(struct ditto_mirror *mirror, unsigned int ms)
{
	if (test_and_set_bit(DITTO_MIRROR_BUSY, &mirror->flags))
		return;
	if (!refcount_inc_not_zero(&mirror->ref))
		return;
	queue_delayed_work(mirror->point->table->wq, &mirror->work, msecs_to_jiffies(ms));
}

/* A local process breaks the lease. It waits until we lower that: our deadlines count. */
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

/* Caching bits that are not granted now, because of what local processes wait for. */
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

/* What local processes have the file open for; the server's own opens are waited for. */
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

/* Before the lease goes that a local process waits for. */
static void mirror_bar(struct ditto_mirror *mirror)
{
	struct ditto_lock_point *point = mirror->point;

	if (test_bit(DITTO_MIRROR_WRITE, &mirror->flags) &&
	    !(mirror_local_access(mirror) & DITTO_OPEN_WRITE))
		WRITE_ONCE(point->barred_until, point->table->clock() + BARRED_MS);
}

/* The lease is being lowered: who waits for that goes on. */
static void mirror_break_over(struct ditto_mirror *mirror, int type)
{
	/* No break of this kind comes before the lease is raised again. */
	if (type != F_WRLCK)
		clear_bit(DITTO_MIRROR_READ, &mirror->flags);
	if (type == F_UNLCK)
		clear_bit_unlock(DITTO_MIRROR_WRITE, &mirror->flags);
}

static int lease_change(struct file_lease *fl, int arg, struct list_head *dispose)
{
	/* No stronger than it was while somebody waits for it to be weaker. */
	if (arg == F_WRLCK && fl->c.flc_flags & (FL_UNLOCK_PENDING | FL_DOWNGRADE_PENDING))
		return -EAGAIN;
	mirror_break_over(fl->c.flc_owner, arg);
	return lease_modify(fl, arg, dispose);
}

static const struct lease_manager_operations mirror_lease_ops = {
	.lm_break = lease_break,
	.lm_change = lease_change,
	.lm_breaker_owns_lease = breaker_is_ours,
};

static int lease_drop(struct ditto_mirror *mirror)
{
	void *owner = mirror;

	mirror_bar(mirror);
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
	/* Taken when it is new. */
	if (fl)
		locks_free_lease(fl);
	return err;
}

/* The lease that stands for these grants. */
static int type_for(const struct ditto_lock_ctx *ctx)
{
	if (ctx->caching[ilog2(DITTO_LEASE_WRITE)])
		return F_WRLCK;
	return ctx->caching[ilog2(DITTO_LEASE_READ)] ? F_RDLCK : F_UNLCK;
}

/* In the order of strength. */
static int lease_strength(int type)
{
	return type == F_WRLCK ? 2 : type == F_RDLCK;
}

static int type_wanted(struct ditto_mirror *mirror)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(mirror->point);
	int type = F_UNLCK;

	if (ctx) {
		/* Claims that came after ours died may have none. */
		if (ctx->mirror == mirror)
			type = type_for(ctx);
		ditto_lock_ctx_unlock(ctx);
	}
	return type;
}

/* As strong as the grants want it, raised only if @raise. */
static int lease_sync(struct ditto_mirror *mirror, bool raise)
{
	int type, err;

	lockdep_assert_held(&mirror->lock);
	/* Grants may go while the VFS is spoken to. */
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

/* Did a local process open the file before the lease was there to be broken? */
static bool opened_meanwhile(struct ditto_mirror *mirror)
{
	u8 access = mirror_local_access(mirror);

	return access & DITTO_OPEN_WRITE || (access && mirror->lease_type == F_WRLCK);
}

/* The VFS only tries: that it fails once says little. */
static int lease_raise(struct ditto_mirror *mirror)
{
	int err = lease_sync(mirror, true);

	for (int i = 0; err == -EAGAIN && i < RAISE_TRIES; i++) {
		usleep_range(1000, 2000);
		err = lease_sync(mirror, true);
	}
	return err;
}

/* Was the lease of claims that went meanwhile in somebody's way? */
static bool mirror_is_barred(const struct ditto_mirror *mirror)
{
	const struct ditto_lock_point *point = mirror->point;

	return point->table->clock() < READ_ONCE(point->barred_until);
}

bool ditto_mirror_lease(struct ditto_mirror *mirror)
{
	bool ok;

	mutex_lock(&mirror->lock);
	ok = !lease_raise(mirror) && !opened_meanwhile(mirror) && !mirror_is_barred(mirror);
	mutex_unlock(&mirror->lock);
	return ok;
}

void ditto_mirror_note(struct ditto_lock_ctx *ctx)
{
	struct ditto_mirror *mirror = ctx->mirror;

	if (lease_strength(type_for(ctx)) < lease_strength(READ_ONCE(mirror->lease_type)))
		mirror_kick(mirror, 0);
}

/* Ask the holders of grants to give way to a local process. */
static void break_for_local(struct ditto_mirror *mirror, enum ditto_intent_kind kind)
{
	const struct ditto_intent intent = { .kind = kind, .last = U64_MAX };

	ditto_claim_recheck_slow(mirror->point, &intent, NULL);
}

/*
 * Whoever holds what a local process waits for may not have been asked: a silent client that is
 * to be withdrawn first may come back before it is.
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
	int err;

	clear_bit(DITTO_MIRROR_BUSY, &mirror->flags);
	/* Who found it set in mirror_kick() relies on what is looked at from here on. */
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
}

static void mirror_again(struct work_struct *work)
{
	struct ditto_mirror *mirror = container_of(to_delayed_work(work), struct ditto_mirror,
						   again);

	mirror_kick(mirror, 0);
	ditto_mirror_put(mirror);
}

void ditto_mirror_lease_init(struct ditto_mirror *mirror)
{
	mirror->lease_type = F_UNLCK;
	INIT_DELAYED_WORK(&mirror->work, mirror_work);
	INIT_DELAYED_WORK(&mirror->again, mirror_again);
}

/* The last reference goes, so nothing is due. */
void ditto_mirror_lease_exit(struct ditto_mirror *mirror)
{
	if (mirror->lease_type != F_UNLCK)
		lease_drop(mirror);
}
