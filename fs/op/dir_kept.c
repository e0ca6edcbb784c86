// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept listings, see dir_kept.h.
 *
 * Lifetimes: the node has a reference to its listing, and so has each call that uses it. A listing
 * is found under RCU. Its parts and their tree are freed with the last reference.
 *
 * Locking: kept_lock guards the list of listings, and which one a node has. It is taken when a
 * listing begins or is dropped, not when it is used. The tree of parts has its own lock.
 *
 * Memory: the oldest listings go when all of them exceed a part of the machine's memory, or when
 * the kernel wants some of it.
 */
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../node/handle.h"
#include "../node/node.h"
#include "dir_kept.h"

/* All listings have this part of the machine's memory, and one of them this part of that. */
#define KEPT_MEMORY_SHIFT	6
#define KEPT_SHARE_SHIFT	2

/* A read that ended for want of room and gave fewer entries would make too small a part. */
#define KEPT_LEAST		16

/* Listings that are looked at for one that was not used. */
#define KEPT_LOOK		8

/* A listing and the first node of its tree. */
#define KEPT_EACH		(sizeof(struct ditto_kept) + 256)

/* The end is not known; no position is so large. */
#define KEPT_NO_END		U64_MAX

/* To keep something is not worth waiting for memory. */
#define KEPT_GFP		(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/**
 * struct dir_state - a state of a directory
 * @ctime: change time
 * @version: change attribute. With the time, it tells changes that the file system forgets to
 *	count, and those that the clock does not tell apart
 */
struct dir_state {
	struct timespec64 ctime;
	u64 version;
};

/**
 * struct ditto_kept - a kept listing
 * @ref: the node's reference, and those of calls
 * @state: state of the directory; constant
 * @basis: what the handles depend on; constant
 * @parts: struct ditto_kept_part, by the ranges of their entries' positions, and by @from
 * @list: all of them
 * @end: position behind the last entry of the directory, or KEPT_NO_END
 * @bytes: memory of the parts
 * @stopped: nothing is added any more
 * @used: it was used since the search for an old one has passed
 * @node: the directory; under kept_lock, while on the list
 * @lru: link on the list of listings, or empty; under kept_lock
 * @rcu: freed under RCU
 */
struct ditto_kept {
	refcount_t ref;
	struct dir_state state;
	struct ditto_handle_basis basis;
	struct maple_tree parts;
	struct llist_head list;
	u64 end;
	atomic_long_t bytes;
	bool stopped;
	bool used;
	struct ditto_node *node;
	struct list_head lru;
	struct rcu_head rcu;
};

/* Positions from @low to @high; none if @low is greater. */
struct kept_range {
	u64 low;
	u64 high;
};

/**
 * struct part_shape - number and positions of the entries of a part
 * @count: number of entries
 * @dots: range of the positions of "." and ".."
 * @rest: that of the other entries
 */
struct part_shape {
	u32 count;
	struct kept_range dots;
	struct kept_range rest;
};

static DEFINE_SPINLOCK(kept_lock);
static LIST_HEAD(kept_lru);
VISIBLE_IF_KUNIT atomic_long_t ditto_kept_bytes = ATOMIC_LONG_INIT(0);
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_bytes);
VISIBLE_IF_KUNIT long ditto_kept_most;
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_most);
static struct shrinker *kept_shrinker;

/* Could listings of this directory be kept? */
static bool dir_may_be_kept(const struct ditto_node *dir)
{
	const struct inode *inode = dir->inode;

	return IS_I_VERSION(inode) && !IS_ENCRYPTED(inode) && !IS_DEADDIR(inode) &&
	       !dir->volume->is_remote && !ditto_sb_is_overlay(inode->i_sb);
}

/*
 * A change that is being made may be seen or not: it has not returned to whom it is made for.
 * What is read of the directory waits for it, and is compared with the state behind.
 */
static void dir_state_read(const struct inode *inode, struct dir_state *state)
{
	state->ctime = inode_get_ctime(inode);
	state->version = inode_peek_iversion(inode);
}

static bool dir_state_same(const struct dir_state *a, const struct dir_state *b)
{
	return timespec64_equal(&a->ctime, &b->ctime) && a->version == b->version;
}

/* Two states with the same mark would only be kept one listing early. */
static u32 dir_state_mark(const struct dir_state *state)
{
	return (u32)state->ctime.tv_sec ^ (u32)state->ctime.tv_nsec ^ (u32)state->version;
}

/* Will the next change have another time? */
static bool dir_state_is_past(struct inode *inode, const struct dir_state *state)
{
	struct timespec64 now = current_time(inode);

	return timespec64_compare(&now, &state->ctime) > 0;
}

static void kept_destroy(struct ditto_kept *kept)
{
	struct ditto_kept_part *part, *next;

	llist_for_each_entry_safe(part, next, llist_del_all(&kept->list), link) {
		kfree(part->handles);
		kfree(part);
		cond_resched();
	}
	mtree_destroy(&kept->parts);
	atomic_long_sub(atomic_long_read(&kept->bytes), &ditto_kept_bytes);
	kfree_rcu(kept, rcu);
}

void ditto_kept_put(struct ditto_kept *kept)
{
	if (refcount_dec_and_test(&kept->ref))
		kept_destroy(kept);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_put);

/* Take a listing from its node. The node's reference passes to the caller. */
static void kept_detach_locked(struct ditto_kept *kept)
{
	lockdep_assert_held(&kept_lock);
	RCU_INIT_POINTER(kept->node->kept, NULL);
	list_del_init(&kept->lru);
}

/* Drop the listing of a node if it is this one; any if @only is NULL. */
static void kept_drop(struct ditto_node *node, const struct ditto_kept *only)
{
	struct ditto_kept *kept;

	spin_lock(&kept_lock);
	kept = rcu_dereference_protected(node->kept, lockdep_is_held(&kept_lock));
	if (kept && only && kept != only)
		kept = NULL;
	if (kept)
		kept_detach_locked(kept);
	spin_unlock(&kept_lock);
	if (kept)
		ditto_kept_put(kept);
}

void ditto_kept_free(struct ditto_node *node)
{
	if (rcu_access_pointer(node->kept))
		kept_drop(node, NULL);
}

/* Drop the listing that comes next. Some that were used since get a second chance. */
static bool kept_drop_oldest(void)
{
	struct ditto_kept *kept;

	spin_lock(&kept_lock);
	for (int look = KEPT_LOOK; ; look--) {
		kept = list_first_entry_or_null(&kept_lru, struct ditto_kept, lru);
		if (!kept || !look || !READ_ONCE(kept->used))
			break;
		WRITE_ONCE(kept->used, false);
		list_move_tail(&kept->lru, &kept_lru);
	}
	if (kept)
		kept_detach_locked(kept);
	spin_unlock(&kept_lock);
	if (kept)
		ditto_kept_put(kept);
	return kept;
}

/* Count memory of a listing. Return: false if it has its share. */
static bool kept_charge(struct ditto_kept *kept, size_t bytes)
{
	atomic_long_add(bytes, &ditto_kept_bytes);
	if (atomic_long_add_return(bytes, &kept->bytes) <= ditto_kept_most >> KEPT_SHARE_SHIFT)
		return true;
	WRITE_ONCE(kept->stopped, true);
	return false;
}

static void kept_uncharge(struct ditto_kept *kept, size_t bytes)
{
	atomic_long_sub(bytes, &ditto_kept_bytes);
	atomic_long_sub(bytes, &kept->bytes);
}

/* Drop old listings while all of them exceed their part of the memory. */
static void kept_trim(void)
{
	while (atomic_long_read(&ditto_kept_bytes) > ditto_kept_most && kept_drop_oldest())
		cond_resched();
}

static struct ditto_kept *kept_hold(struct ditto_node *dir)
{
	struct ditto_kept *kept;

	rcu_read_lock();
	kept = rcu_dereference(dir->kept);
	if (kept && !refcount_inc_not_zero(&kept->ref))
		kept = NULL;
	rcu_read_unlock();
	return kept;
}

/* Begin a listing, unless another task was faster. */
static struct ditto_kept *kept_begin(struct ditto_share *share, struct ditto_node *dir,
				     const struct dir_state *state)
{
	struct ditto_kept *kept;

	if (!dir_state_is_past(dir->inode, state))
		return NULL;
	kept = kzalloc(sizeof(*kept), KEPT_GFP);
	if (!kept)
		return NULL;
	/* The caller's, and that of the node. */
	refcount_set(&kept->ref, 2);
	kept->state = *state;
	ditto_handle_basis_get(share, &kept->basis);
	mt_init_flags(&kept->parts, MT_FLAGS_USE_RCU);
	kept->end = KEPT_NO_END;
	kept->node = dir;
	kept_charge(kept, KEPT_EACH);
	spin_lock(&kept_lock);
	if (!rcu_access_pointer(dir->kept)) {
		rcu_assign_pointer(dir->kept, kept);
		list_add_tail(&kept->lru, &kept_lru);
		spin_unlock(&kept_lock);
		kept_trim();
		return kept;
	}
	spin_unlock(&kept_lock);
	kept_destroy(kept);
	return NULL;
}

struct ditto_kept *ditto_kept_get(struct ditto_share *share, struct ditto_node *dir, u64 cookie)
{
	struct ditto_kept *kept;
	struct dir_state state;
	u32 mark;

	if (!dir_may_be_kept(dir))
		return NULL;
	dir_state_read(dir->inode, &state);
	kept = kept_hold(dir);
	if (kept && dir_state_same(&kept->state, &state)) {
		if (!READ_ONCE(kept->used))
			WRITE_ONCE(kept->used, true);
		return kept;
	}
	if (kept) {
		kept_drop(dir, kept);
		ditto_kept_put(kept);
	}
	if (cookie)
		return NULL;
	mark = dir_state_mark(&state);
	if (READ_ONCE(dir->listed) == mark)
		return kept_begin(share, dir, &state);
	WRITE_ONCE(dir->listed, mark);
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_get);

bool ditto_kept_is_current(const struct ditto_kept *kept, const struct ditto_node *dir)
{
	struct dir_state now;

	dir_state_read(dir->inode, &now);
	return dir_state_same(&kept->state, &now) && !IS_DEADDIR(dir->inode);
}

struct ditto_kept_part *ditto_kept_find(struct ditto_kept *kept, u64 pos,
					const struct ditto_raw_entry **raw, u32 *index)
{
	const struct ditto_raw_entry *at;
	struct ditto_kept_part *part;
	const void *end;
	u32 n = 0;

	part = pos == (unsigned long)pos ? mtree_load(&kept->parts, pos) : NULL;
	if (!part)
		return NULL;
	at = (const void *)part->entries;
	end = part->entries + part->used;
	/* Where it was read there may be no entry any more. */
	while (pos != part->from && (const void *)at < end && at->pos != pos) {
		at = ditto_raw_next(at);
		n++;
	}
	if ((const void *)at == end)
		return NULL;
	*raw = at;
	*index = n;
	return part;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_find);

bool ditto_kept_is_end(const struct ditto_kept *kept, u64 pos)
{
	return pos != KEPT_NO_END && READ_ONCE(kept->end) == pos;
}

static bool raw_is_dots(const struct ditto_raw_entry *raw)
{
	return raw->name[0] == '.' && (raw->len == 1 || (raw->len == 2 && raw->name[1] == '.'));
}

static void range_grow(struct kept_range *range, u64 pos)
{
	range->low = min(range->low, pos);
	range->high = max(range->high, pos);
}

static bool range_is_empty(const struct kept_range *range)
{
	return range->low > range->high;
}

static bool range_has(const struct kept_range *range, u64 pos)
{
	return pos >= range->low && pos <= range->high;
}

/*
 * Measure entries. Their positions have to ascend, or descend as on tmpfs, but for "." and "..",
 * so that the ranges of two parts do not overlap. The positions have to differ, that of what is
 * behind them, too: ext4 gives one to all entries of a hash, and a part that ends among these would
 * lead to itself. Return: false otherwise.
 */
static bool shape_take(const struct ditto_raw_entry *raw, u32 used, u64 behind,
		       struct part_shape *shape)
{
	const void *end = (const void *)raw + used;
	struct kept_range *rest = &shape->rest;
	bool down = false;

	shape->dots = (struct kept_range){ .low = U64_MAX };
	*rest = shape->dots;
	for (shape->count = 0; (const void *)raw < end; raw = ditto_raw_next(raw)) {
		const u64 pos = raw->pos;

		shape->count++;
		if (pos != (unsigned long)pos)
			return false;
		if (raw_is_dots(raw)) {
			range_grow(&shape->dots, pos);
			continue;
		}
		if (rest->low == rest->high)
			down = pos < rest->low;
		if (!range_is_empty(rest) && (down ? pos >= rest->low : pos <= rest->high))
			return false;
		range_grow(rest, pos);
	}
	return !range_has(rest, behind) && !range_has(&shape->dots, behind);
}

/* The range without which a part is of no use. */
static const struct kept_range *shape_main(const struct part_shape *shape)
{
	return range_is_empty(&shape->rest) ? &shape->dots : &shape->rest;
}

/* Leave out entries that others have added meanwhile, and those behind them. */
static void part_cut(struct ditto_kept *kept, struct ditto_kept_part *part)
{
	const struct ditto_raw_entry *raw = (const void *)part->entries;
	const void *end = part->entries + part->used;

	for (; (const void *)raw < end; raw = ditto_raw_next(raw)) {
		if (!mtree_load(&kept->parts, raw->pos))
			continue;
		part->used = (const char *)raw - part->entries;
		part->behind = raw->pos;
		break;
	}
}

/* Put a range of a part into the tree. Return: 0, -EEXIST or -ENOMEM. */
static int part_store(struct ditto_kept *kept, struct ditto_kept_part *part,
		      const struct kept_range *range)
{
	if (range_is_empty(range))
		return 0;
	return mtree_insert_range(&kept->parts, range->low, range->high, part, KEPT_GFP);
}

/* Add a part. Return: false if it would not be found by its positions, or if there is no memory. */
static bool part_add(struct ditto_kept *kept, struct ditto_kept_part *part,
		     struct part_shape *shape)
{
	struct kept_range from = { part->from, part->from };
	int err;

	err = part_store(kept, part, shape_main(shape));
	if (err == -EEXIST) {
		part_cut(kept, part);
		shape_take((const void *)part->entries, part->used, part->behind, shape);
		part->count = shape->count;
		err = part->count ? part_store(kept, part, shape_main(shape)) : -EEXIST;
	}
	if (err)
		return false;
	llist_add(&part->link, &kept->list);
	/* One of them may be the first entry, and both may have come with other parts. */
	part_store(kept, part, &shape->dots);
	part_store(kept, part, &from);
	return true;
}

static struct ditto_kept_part *part_make(u64 from, u64 behind,
					 const struct ditto_raw_entry *entries, u32 used,
					 u32 count)
{
	struct ditto_kept_part *part;

	part = kmalloc(struct_size(part, entries, used), KEPT_GFP);
	if (!part)
		return NULL;
	part->from = from;
	part->behind = behind;
	part->used = used;
	part->count = count;
	part->handles = NULL;
	memcpy(part->entries, entries, used);
	return part;
}

void ditto_kept_add(struct ditto_kept *kept, struct ditto_node *dir, u64 from, u64 behind,
		    const struct ditto_raw_entry *entries, u32 used, bool all)
{
	struct ditto_kept_part *part;
	struct part_shape shape;
	size_t size;

	if (READ_ONCE(kept->stopped) || !ditto_kept_is_current(kept, dir))
		return;
	if (!used) {
		WRITE_ONCE(kept->end, from);
		return;
	}
	/* What is read next may lack entries of the same position: it is not kept, either. */
	if (!shape_take(entries, used, behind, &shape)) {
		WRITE_ONCE(kept->stopped, true);
		return;
	}
	if (shape.count < (all ? 1 : KEPT_LEAST))
		return;
	size = struct_size(part, entries, used);
	part = kept_charge(kept, size) ? part_make(from, behind, entries, used, shape.count) : NULL;
	if (!part || !part_add(kept, part, &shape)) {
		kept_uncharge(kept, size);
		kfree(part);
		return;
	}
	kept_trim();
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_add);

struct ditto_kept_handle *ditto_kept_handles(struct ditto_kept *kept,
					     struct ditto_kept_part *part,
					     const struct ditto_share *share)
{
	struct ditto_kept_handle *handles, *old;
	size_t size;

	/* Those that have the directory, too, are longer than what is kept. */
	if (kept->basis.has_parent || !ditto_handle_basis_is(share, &kept->basis))
		return NULL;
	/* Pairs with cmpxchg() below. */
	handles = smp_load_acquire(&part->handles);
	if (handles)
		return handles;
	size = array_size(part->count, sizeof(*handles));
	if (!kept_charge(kept, size))
		goto uncharge;
	handles = kzalloc(size, KEPT_GFP);
	if (!handles)
		goto uncharge;
	old = cmpxchg(&part->handles, NULL, handles);
	if (!old) {
		kept_trim();
		return handles;
	}
	kfree(handles);
	kept_uncharge(kept, size);
	return old;
uncharge:
	kept_uncharge(kept, size);
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_handles);

VISIBLE_IF_KUNIT long ditto_kept_shrink(long bytes)
{
	long before = atomic_long_read(&ditto_kept_bytes), freed = 0;

	while (freed < bytes && kept_drop_oldest())
		freed = before - atomic_long_read(&ditto_kept_bytes);
	return freed;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_kept_shrink);

static unsigned long kept_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return atomic_long_read(&ditto_kept_bytes) >> PAGE_SHIFT ?: SHRINK_EMPTY;
}

static unsigned long kept_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	long freed = ditto_kept_shrink(sc->nr_to_scan << PAGE_SHIFT);

	return freed > 0 ? DIV_ROUND_UP(freed, PAGE_SIZE) : SHRINK_STOP;
}

int ditto_kept_init(void)
{
	ditto_kept_most = (long)(totalram_pages() << PAGE_SHIFT) >> KEPT_MEMORY_SHIFT;
	kept_shrinker = shrinker_alloc(0, "ditto-listings");
	if (!kept_shrinker)
		return -ENOMEM;
	kept_shrinker->count_objects = kept_shrink_count;
	kept_shrinker->scan_objects = kept_shrink_scan;
	shrinker_register(kept_shrinker);
	return 0;
}

void ditto_kept_exit(void)
{
	shrinker_free(kept_shrinker);
}
