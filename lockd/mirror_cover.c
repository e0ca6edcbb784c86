// SPDX-License-Identifier: GPL-2.0-only
/*
 * Covers: bytes for which the VFS shows one exclusive lock of the mirror, whatever ranges are
 * there. The VFS keeps the locks of a file in a list that it walks for each request, so that
 * many ranges would make every request slow. As long as no local process has locks or asks for
 * any, it need not see which ranges they are: nobody but the mirror can have a lock under a cover,
 * so ranges there come and go without the VFS being asked. For the same reason a file whose
 * ranges come and go often is covered, and stays covered while it has none. Its requests need not
 * even take mirror->lock, since ctx->covered tells that no cover changes.
 *
 * The VFS makes a local process that meets a cover wait and ask again, while the cover is
 * refined: what is free of ranges is given up, and the rest is shown exactly if it is little, or
 * becomes smaller covers with free bytes between them. So a request meets a few covers, each one
 * smaller than the one before, until it is granted or meets an exact lock. The VFS then has few
 * locks more than before.
 *
 * Locking: covers change under mirror->lock, with cover_lock held around changes of the list; the
 * VFS reports a hit under a spinlock of its own, inside which cover_lock is taken. A cover is in
 * the list before its lock is set, and leaves it after the exact locks are set, so that no local
 * process takes the lock of a cover for the lock of a range.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../net/callback.h"
#include "client_private.h"
#include "lock_ctx_private.h"
#include "mirror_private.h"
#include "range_private.h"
#include "range_tree_private.h"

/* Runs of a cover that are few enough to be shown exactly; exclusive ones need not be shown. */
#define FEW_RUNS	32
/* Runs that are looked at for this. */
#define RUNS_LOOKED_AT	1024
/* Pieces that a cover is cut into, and runs looked at for a place to cut. */
#define PIECES		8
#define RUNS_TO_CUT	4
/* Attempts to make covers around locks of local processes. */
#define TRIES		24
/* No cover is made again so soon after a local process met one, or was in its way. */
#define QUIET_MS	1000
/* A local process waits no longer than this until a cover that it meets is refined once. */
#define HIT_BOUND_MS	5000

/**
 * struct cover - bytes of which the VFS is shown one exclusive lock
 * @link: entry in mirror->covers
 * @first: first byte
 * @last: last byte, up to OFFSET_MAX
 * @hit: a local process has met it
 */
struct cover {
	struct list_head link;
	u64 first;
	u64 last;
	bool hit;
};

/**
 * struct gap - bytes to take out of a cover
 * @first: first byte
 * @last: last byte
 * @type: how they are shown, F_UNLCK or F_RDLCK
 */
struct gap {
	u64 first;
	u64 last;
	int type;
};

/**
 * struct cuts - what is to become of a cover
 * @gap: bytes to take out, in ascending order
 * @count: number of entries
 * @few: the cover has few runs
 * @from: with no gaps and many runs: bytes before this one are shown exactly
 */
struct cuts {
	struct gap gap[PIECES + 2];
	int count;
	bool few;
	u64 from;
};

static struct cover *cover_alloc(u64 first, u64 last)
{
	struct cover *cover = kzalloc(sizeof(*cover), GFP_KERNEL);

	if (cover) {
		cover->first = first;
		cover->last = last;
	}
	return cover;
}

static void cover_link(struct ditto_mirror *mirror, struct cover *cover)
{
	struct cover *next;

	spin_lock(&mirror->cover_lock);
	list_for_each_entry(next, &mirror->covers, link)
		if (next->first > cover->first)
			break;
	list_add_tail(&cover->link, &next->link);
	spin_unlock(&mirror->cover_lock);
}

static void cover_free(struct ditto_mirror *mirror, struct cover *cover)
{
	spin_lock(&mirror->cover_lock);
	list_del(&cover->link);
	spin_unlock(&mirror->cover_lock);
	kfree(cover);
}

/* Forget all covers, whose bytes the VFS is not shown any more. May sleep; mirror->lock held. */
void ditto_cover_end(struct ditto_mirror *mirror)
{
	struct cover *cover, *next;

	list_for_each_entry_safe(cover, next, &mirror->covers, link)
		cover_free(mirror, cover);
}

/* Whether a byte is under a cover. Context: mirror->lock held. Return: true if it is. */
bool ditto_cover_at(struct ditto_mirror *mirror, u64 at, u64 *last)
{
	struct cover *cover;

	list_for_each_entry(cover, &mirror->covers, link) {
		if (cover->last < at)
			continue;
		*last = min(*last, cover->first > at ? cover->first - 1 : cover->last);
		return cover->first <= at;
	}
	return false;
}

/* True if all of these bytes are under one cover. mirror->lock held. */
bool ditto_cover_has(struct ditto_mirror *mirror, u64 first, u64 last)
{
	u64 to = last;

	lockdep_assert_held(&mirror->lock);
	return ditto_cover_at(mirror, first, &to) && to == last;
}

/* True if a cover of the whole file stays without ranges under it. mirror->lock held. */
bool ditto_cover_stays(struct ditto_mirror *mirror)
{
	return mirror->asks >= DITTO_COVER_ASKS && ditto_cover_has(mirror, 0, OFFSET_MAX);
}

/* True if a local process waits for a lock of the mirror. */
static bool cover_awaited(const struct ditto_mirror *mirror)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(mirror->file));

	return ctx && locks_owner_has_blockers(ctx, (fl_owner_t)mirror);
}

/*
 * Cover these bytes, unless a local process has a lock there. The new cover absorbs others. Nor is
 * there a cover while a process waits: the VFS would let it wait for the lock of the cover, and it
 * would not be woken when its range goes. Once the cover is in the list, no process begins to wait.
 */
static int cover_add(struct ditto_mirror *mirror, u64 first, u64 last,
		     struct file_lock *in_the_way)
{
	struct cover *cover = cover_alloc(first, last), *old, *next;
	int err;

	if (!cover)
		return -ENOMEM;
	cover_link(mirror, cover);
	err = cover_awaited(mirror) ? -EBUSY :
	      ditto_mirror_set(mirror, F_WRLCK, first, last, in_the_way);
	if (err) {
		cover_free(mirror, cover);
		return err;
	}
	list_for_each_entry_safe(old, next, &mirror->covers, link) {
		if (old == cover || old->last < first || old->first > last)
			continue;
		spin_lock(&mirror->cover_lock);
		cover->first = min(cover->first, old->first);
		cover->last = max(cover->last, old->last);
		cover->hit |= old->hit;
		spin_unlock(&mirror->cover_lock);
		cover_free(mirror, old);
	}
	WRITE_ONCE(mirror->stuck, false);
	return 0;
}

/*
 * The cover of the whole file stays no longer. Requests that have found it so are done, and the
 * next ones come under mirror->lock.
 */
static void quiet_begin(struct ditto_mirror *mirror)
{
	struct ditto_lock_ctx *ctx = ditto_mirror_ctx(mirror);

	if (ctx) {
		WRITE_ONCE(ctx->covered, false);
		ditto_lock_ctx_unlock_same(ctx);
	}
	mirror->cover_next = jiffies + msecs_to_jiffies(QUIET_MS);
	mirror->asks = 0;
}

/* Cover these bytes, except where local processes have locks. May sleep; mirror->lock held. */
void ditto_cover_try(struct ditto_mirror *mirror, u64 first, u64 last)
{
	struct file_lock lock;
	u64 at = first, end = last, begin, behind;
	int err;

	lockdep_assert_held(&mirror->lock);
	/* A file system with locks of its own does not send its callers to wait. */
	if (mirror->file->f_op->lock || time_before(jiffies, mirror->cover_next))
		return;
	for (int i = 0; i < TRIES && at <= last; i++) {
		locks_init_lock(&lock);
		err = cover_add(mirror, at, end, &lock);
		if (err && err != -EAGAIN) {
			quiet_begin(mirror);
			return;
		}
		behind = end + 1;
		if (err) {
			/* The VFS knows locks by owner, so there may be others before this one. */
			begin = lock.fl_start;
			behind = lock.fl_end + 1ULL;
			locks_release_private(&lock);
			quiet_begin(mirror);
			if (begin > at) {
				end = begin - 1;
				continue;
			}
		}
		at = behind;
		end = last;
	}
}

/*
 * Show exactly what is in the bytes of a cover up to @last. They leave the cover run by run, so
 * that after an error it has no bytes that were given up.
 */
static int cover_show(struct ditto_mirror *mirror, struct cover *cover, u64 last)
{
	int type, err;
	u64 to;

	do {
		to = last;
		type = ditto_mirror_type(mirror, cover->first, &to);
		/* Exclusive bytes are shown already. */
		err = 0;
		if (type != F_WRLCK)
			err = ditto_mirror_set(mirror, type, cover->first, to, NULL);
		if (err)
			return err;
		if (to == cover->last) {
			cover_free(mirror, cover);
			return 0;
		}
		spin_lock(&mirror->cover_lock);
		cover->first = to + 1;
		spin_unlock(&mirror->cover_lock);
		cond_resched();
	} while (to < last);
	return 0;
}

/* Show exactly what is under covers, and forget them. May sleep; mirror->lock held. */
void ditto_cover_lift(struct ditto_mirror *mirror)
{
	struct cover *cover, *next;

	lockdep_assert_held(&mirror->lock);
	list_for_each_entry_safe(cover, next, &mirror->covers, link)
		cover_show(mirror, cover, cover->last);
}

/* The bytes of a cover that ranges are in. Return: false if there are none. */
static bool cover_hull(struct ditto_lock_ctx *ctx, const struct cover *cover, struct gap *hull)
{
	struct ditto_range *range;
	struct rb_node *root;
	bool any = false;

	hull->first = cover->last;
	hull->last = 0;
	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		range = ditto_range_overlap(ctx, row, cover->first, cover->last);
		if (!range)
			continue;
		any = true;
		hull->first = min(hull->first, max(range->first, cover->first));
		/* The last byte of the whole row: not before the last one under the cover. */
		root = ctx->busy->ranges[row].rb_node;
		range = rb_entry(root, struct ditto_range, by_first);
		hull->last = max(hull->last, min(range->subtree.last, cover->last));
	}
	return any;
}

static void cuts_add(struct cuts *cuts, u64 first, u64 last, int type)
{
	cuts->gap[cuts->count++] = (struct gap) { first, last, type };
}

/* Find bytes that are not exclusive between the ranges, at about equal distances. */
static void cuts_between(struct ditto_lock_ctx *ctx, const struct gap *hull, struct cuts *cuts)
{
	u64 step = (hull->last - hull->first) / PIECES;
	u64 at, to, behind = hull->first;
	int type;

	for (int i = 1; i < PIECES; i++) {
		at = max(hull->first + i * step, behind);
		for (int n = 0; n < RUNS_TO_CUT && at <= hull->last; n++, at = to + 1) {
			to = hull->last;
			type = ditto_mirror_run(ctx, at, &to);
			if (type == F_WRLCK)
				continue;
			cuts_add(cuts, at, to, type);
			behind = to + 1;
			break;
		}
	}
}

static void cuts_find(struct ditto_mirror *mirror, const struct cover *cover, struct cuts *cuts)
{
	struct ditto_lock_ctx *ctx = ditto_mirror_ctx(mirror);
	struct gap hull;
	int few = 0;
	u64 to;

	*cuts = (struct cuts) { .few = true };
	if (!ctx)
		return;
	if (!cover_hull(ctx, cover, &hull))
		goto unlock;
	cuts->from = hull.first;
	for (int n = 0; n < RUNS_LOOKED_AT && few < FEW_RUNS && cuts->from <= hull.last; n++) {
		to = hull.last;
		few += ditto_mirror_run(ctx, cuts->from, &to) != F_WRLCK;
		cuts->from = to + 1;
	}
	cuts->few = cuts->from > hull.last;
	if (cuts->few)
		goto unlock;
	if (hull.first > cover->first)
		cuts_add(cuts, cover->first, hull.first - 1, F_UNLCK);
	cuts_between(ctx, &hull, cuts);
	if (hull.last < cover->last)
		cuts_add(cuts, hull.last + 1, cover->last, F_UNLCK);
unlock:
	ditto_lock_ctx_unlock_same(ctx);
}

/* Take a gap out of a cover. *@at becomes the cover behind it, or NULL. */
static int cover_cut(struct ditto_mirror *mirror, struct cover **at, const struct gap *gap)
{
	struct cover *cover = *at, *rest = NULL;
	int err;
	u64 last = cover->last;

	if (gap->last < last) {
		rest = cover_alloc(gap->last + 1, last);
		if (!rest)
			return -ENOMEM;
	}
	err = ditto_mirror_set(mirror, gap->type, gap->first, gap->last, NULL);
	if (err) {
		kfree(rest);
		return err;
	}
	if (rest)
		cover_link(mirror, rest);
	if (gap->first > cover->first) {
		spin_lock(&mirror->cover_lock);
		cover->last = gap->first - 1;
		spin_unlock(&mirror->cover_lock);
	} else {
		cover_free(mirror, cover);
	}
	/* Whoever has met the whole cover meets one of its pieces again. */
	*at = rest;
	return 0;
}

static int cover_refine(struct ditto_mirror *mirror, struct cover *cover)
{
	struct cuts cuts;
	int err = 0;

	cuts_find(mirror, cover, &cuts);
	if (cuts.few)
		return cover_show(mirror, cover, cover->last);
	if (!cuts.count)
		return cover_show(mirror, cover, cuts.from - 1);
	for (int i = 0; !err && cover && i < cuts.count; i++)
		err = cover_cut(mirror, &cover, &cuts.gap[i]);
	return err;
}

/* The next cover that was hit; NULL ends the work. */
static struct cover *cover_next_hit(struct ditto_mirror *mirror)
{
	struct cover *cover, *found = NULL;

	spin_lock(&mirror->cover_lock);
	list_for_each_entry(cover, &mirror->covers, link) {
		if (cover->hit) {
			cover->hit = false;
			mirror->hit_since = jiffies;
			found = cover;
			break;
		}
	}
	if (!found)
		mirror->refining = false;
	spin_unlock(&mirror->cover_lock);
	return found;
}

static void cover_work(struct work_struct *work)
{
	struct ditto_mirror *mirror = container_of(work, struct ditto_mirror, refine);
	struct ditto_callback cb;
	struct cover *cover;
	int err;

	ditto_callback_enter(&cb);
	do {
		mutex_lock(&mirror->lock);
		quiet_begin(mirror);
		cover = cover_next_hit(mirror);
		err = cover ? cover_refine(mirror, cover) : 0;
		if (cover)
			WRITE_ONCE(mirror->stuck, err);
		mutex_unlock(&mirror->lock);
	} while (cover);
	ditto_yield_end();
	ditto_mirror_put(mirror);
	ditto_callback_leave(&cb);
}

/*
 * A local process meets a lock that the VFS is shown. @mirror: whose lock it is; @first: first byte
 * of the lock; @last: last byte of the lock. Context: under a spinlock of the VFS. Return: true if
 * it is to ask again after ditto_clients_yielded(), because a cover is in the way.
 */
bool ditto_cover_hit(struct ditto_mirror *mirror, u64 first, u64 last)
{
	struct cover *cover;
	bool hit = false;

	spin_lock(&mirror->cover_lock);
	list_for_each_entry(cover, &mirror->covers, link) {
		if (cover->first <= last && cover->last >= first) {
			cover->hit = true;
			hit = true;
		}
	}
	/* Without a reference the mirror is being freed, and its locks with it. */
	if (hit && !mirror->refining && refcount_inc_not_zero(&mirror->ref)) {
		mirror->refining = true;
		mirror->hit_since = jiffies;
		ditto_yield_begin();
		queue_work(mirror->point->table->wq, &mirror->refine);
	}
	if (hit && mirror->refining)
		hit = time_before(jiffies, mirror->hit_since + msecs_to_jiffies(HIT_BOUND_MS));
	spin_unlock(&mirror->cover_lock);
	/* Signals do not end the wait, and a cover cannot be refined without memory. */
	return hit && !READ_ONCE(mirror->stuck) && !fatal_signal_pending(current);
}

void ditto_cover_exit(struct ditto_mirror *mirror)
{
	bool covered = !list_empty(&mirror->covers);
	struct file_lock fl;

	/* A lock may be left where an unlock had no memory. */
	if (!vfs_inode_has_locks(file_inode(mirror->file)))
		return;
	/* A process that meets the cover now waits until it is gone: nobody refines it any more. */
	if (covered)
		ditto_yield_begin();
	mutex_lock(&mirror->lock);
	if (ditto_mirror_set(mirror, F_UNLCK, 0, OFFSET_MAX, NULL)) {
		ditto_mirror_fill(&fl, mirror->file, mirror, F_UNLCK, 0, OFFSET_MAX);
		posix_lock_file(mirror->file, &fl, NULL);
	}
	ditto_cover_end(mirror);
	mutex_unlock(&mirror->lock);
	if (covered)
		ditto_yield_end();
}

void ditto_cover_init(struct ditto_mirror *mirror)
{
	spin_lock_init(&mirror->cover_lock);
	INIT_LIST_HEAD(&mirror->covers);
	INIT_WORK(&mirror->refine, cover_work);
	mirror->cover_next = jiffies;
	mirror->hit_since = jiffies;
}
