// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directory cache, see dir_cache.h.
 *
 * Lifetimes: the node has a reference to its listing, and so has each call that uses it. A listing
 * is found under RCU. Its parts and their tree are freed with the last reference.
 *
 * Locking: dir_cache_lock guards the list of listings, and which one a node has. It is taken when a
 * listing begins or is dropped, not when it is used. The tree of parts has its own lock.
 *
 * Memory: the oldest listings go when all of them exceed a part of the machine's memory, or when
 * the kernel wants some of it.
 */
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../node/node.h"
#include "../share/handle.h"
#include "dir_cache.h"

/* All listings have this part of the machine's memory, and one of them this part of that. */
#define DIR_CACHE_MEMORY_SHIFT	6
#define DIR_CACHE_SHARE_SHIFT	2

/* A read that ended for want of room and gave fewer entries would make too small a part. */
#define DIR_CACHE_LEAST		16

/* Listings that are looked at for one that was not used. */
#define DIR_CACHE_LOOK		8

/* A listing and the first node of its tree. */
#define DIR_CACHE_EACH		(sizeof(struct ditto_dir_cache) + 256)

/* The end is not known; no position is so large. */
#define DIR_CACHE_NO_END		U64_MAX

/* To keep something is not worth waiting for memory. */
#define DIR_CACHE_GFP		(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

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
 * struct ditto_dir_cache - a cached listing
 * @ref: the node's reference, and one of each call
 * @state: state of the directory; constant
 * @basis: what the handles depend on; constant
 * @parts: struct ditto_dir_part, by the ranges of their entries' positions, and by @from
 * @list: all of them
 * @end: position behind the last entry of the directory, or DIR_CACHE_NO_END
 * @bytes: memory of the parts
 * @stopped: nothing is added any more
 * @used: it was used since the search for an old one has passed
 * @node: the directory; under dir_cache_lock, while on the list
 * @lru: link on the list of listings, or empty; under dir_cache_lock
 * @rcu: freed under RCU
 */
struct ditto_dir_cache {
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
struct dir_cache_range {
	u64 low;
	u64 high;
};

/**
 * struct part_shape - number and positions of the entries of a part
 * @count: number of entries
 * @dots: range of the positions of "." and ".."
 * @rest: range of the positions of the other entries
 */
struct part_shape {
	u32 count;
	struct dir_cache_range dots;
	struct dir_cache_range rest;
};

static DEFINE_SPINLOCK(dir_cache_lock);
static LIST_HEAD(dir_cache_lru);
atomic_long_t ditto_dir_cache_bytes = ATOMIC_LONG_INIT(0);
long ditto_dir_cache_most;
static struct shrinker *dir_cache_shrinker;

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

static void dir_cache_destroy(struct ditto_dir_cache *cache)
{
	struct ditto_dir_part *part, *next;

	llist_for_each_entry_safe(part, next, llist_del_all(&cache->list), link) {
		kfree(part->handles);
		kfree(part);
		cond_resched();
	}
	mtree_destroy(&cache->parts);
	atomic_long_sub(atomic_long_read(&cache->bytes), &ditto_dir_cache_bytes);
	kfree_rcu(cache, rcu);
}

/* Release a cached listing. */
void ditto_dir_cache_put(struct ditto_dir_cache *cache)
{
	if (refcount_dec_and_test(&cache->ref))
		dir_cache_destroy(cache);
}

/* Take a listing from its node. The node's reference passes to the caller. */
static void dir_cache_detach_locked(struct ditto_dir_cache *cache)
{
	lockdep_assert_held(&dir_cache_lock);
	RCU_INIT_POINTER(cache->node->dir_cache, NULL);
	list_del_init(&cache->lru);
}

/* Drop the listing of a node if it is this one; any if @only is NULL. */
static void dir_cache_drop(struct ditto_node *node, const struct ditto_dir_cache *only)
{
	struct ditto_dir_cache *cache;

	spin_lock(&dir_cache_lock);
	cache = rcu_dereference_protected(node->dir_cache, lockdep_is_held(&dir_cache_lock));
	if (cache && only && cache != only)
		cache = NULL;
	if (cache)
		dir_cache_detach_locked(cache);
	spin_unlock(&dir_cache_lock);
	if (cache)
		ditto_dir_cache_put(cache);
}

/* Drop the cached listing of a node that is being freed. */
void ditto_dir_cache_free(struct ditto_node *node)
{
	if (rcu_access_pointer(node->dir_cache))
		dir_cache_drop(node, NULL);
}

/* Drop the listing that comes next. Some that were used since get a second chance. */
static bool dir_cache_drop_oldest(void)
{
	struct ditto_dir_cache *cache;

	spin_lock(&dir_cache_lock);
	for (int look = DIR_CACHE_LOOK; ; look--) {
		cache = list_first_entry_or_null(&dir_cache_lru, struct ditto_dir_cache, lru);
		if (!cache || !look || !READ_ONCE(cache->used))
			break;
		WRITE_ONCE(cache->used, false);
		list_move_tail(&cache->lru, &dir_cache_lru);
	}
	if (cache)
		dir_cache_detach_locked(cache);
	spin_unlock(&dir_cache_lock);
	if (cache)
		ditto_dir_cache_put(cache);
	return cache;
}

/* Count memory of a listing. Return: false if it has its share. */
static bool dir_cache_charge(struct ditto_dir_cache *cache, size_t bytes)
{
	atomic_long_add(bytes, &ditto_dir_cache_bytes);
	if (atomic_long_add_return(bytes, &cache->bytes) <=
	    ditto_dir_cache_most >> DIR_CACHE_SHARE_SHIFT)
		return true;
	WRITE_ONCE(cache->stopped, true);
	return false;
}

static void dir_cache_uncharge(struct ditto_dir_cache *cache, size_t bytes)
{
	atomic_long_sub(bytes, &ditto_dir_cache_bytes);
	atomic_long_sub(bytes, &cache->bytes);
}

/* Drop old listings while all of them exceed their part of the memory. */
static void dir_cache_trim(void)
{
	while (atomic_long_read(&ditto_dir_cache_bytes) > ditto_dir_cache_most &&
	       dir_cache_drop_oldest())
		cond_resched();
}

static struct ditto_dir_cache *dir_cache_hold(struct ditto_node *dir)
{
	struct ditto_dir_cache *cache;

	rcu_read_lock();
	cache = rcu_dereference(dir->dir_cache);
	if (cache && !refcount_inc_not_zero(&cache->ref))
		cache = NULL;
	rcu_read_unlock();
	return cache;
}

/* Begin a listing, unless another task was faster. */
static struct ditto_dir_cache *dir_cache_begin(struct ditto_share *share, struct ditto_node *dir,
					       const struct dir_state *state)
{
	struct ditto_dir_cache *cache;

	if (!dir_state_is_past(dir->inode, state))
		return NULL;
	cache = kzalloc(sizeof(*cache), DIR_CACHE_GFP);
	if (!cache)
		return NULL;
	/* The caller's and the node's. */
	refcount_set(&cache->ref, 2);
	cache->state = *state;
	ditto_handle_basis_get(share, &cache->basis);
	mt_init_flags(&cache->parts, MT_FLAGS_USE_RCU);
	cache->end = DIR_CACHE_NO_END;
	cache->node = dir;
	dir_cache_charge(cache, DIR_CACHE_EACH);
	spin_lock(&dir_cache_lock);
	if (!rcu_access_pointer(dir->dir_cache)) {
		rcu_assign_pointer(dir->dir_cache, cache);
		list_add_tail(&cache->lru, &dir_cache_lru);
		spin_unlock(&dir_cache_lock);
		dir_cache_trim();
		return cache;
	}
	spin_unlock(&dir_cache_lock);
	dir_cache_destroy(cache);
	return NULL;
}

/*
 * Get the cached listing of a directory's present state. @dir: the directory, held; @cookie: where
 * the caller's listing begins; one that begins at 0 may be the first that is kept. Return: the
 * listing, which may have no parts yet, to be put; or NULL.
 */
struct ditto_dir_cache *ditto_dir_cache_get(struct ditto_share *share, struct ditto_node *dir,
					    u64 cookie)
{
	struct ditto_dir_cache *cache;
	struct dir_state state;
	u32 mark;

	if (!dir_may_be_kept(dir))
		return NULL;
	dir_state_read(dir->inode, &state);
	cache = dir_cache_hold(dir);
	if (cache && dir_state_same(&cache->state, &state)) {
		if (!READ_ONCE(cache->used))
			WRITE_ONCE(cache->used, true);
		return cache;
	}
	if (cache) {
		dir_cache_drop(dir, cache);
		ditto_dir_cache_put(cache);
	}
	if (cookie)
		return NULL;
	mark = dir_state_mark(&state);
	if (READ_ONCE(dir->listed) == mark)
		return dir_cache_begin(share, dir, &state);
	WRITE_ONCE(dir->listed, mark);
	return NULL;
}

/* Does a cached listing show the directory's present state? Context: any. Return: true if it is. */
bool ditto_dir_cache_is_current(const struct ditto_dir_cache *cache, const struct ditto_node *dir)
{
	struct dir_state now;

	dir_state_read(dir->inode, &now);
	return dir_state_same(&cache->state, &now) && !IS_DEADDIR(dir->inode);
}

/*
 * Find the part that has the entry at a position. Context: any. Return: the part, valid until
 * @cache is put; NULL if there is none, or no entry begins there.
 */
struct ditto_dir_part *ditto_dir_cache_find(struct ditto_dir_cache *cache, u64 pos,
					    const struct ditto_raw_entry **raw, u32 *index)
{
	const struct ditto_raw_entry *at;
	struct ditto_dir_part *part;
	const void *end;
	u32 n = 0;

	part = pos == (unsigned long)pos ? mtree_load(&cache->parts, pos) : NULL;
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

/*
 * Is it known that nothing is behind a position? Context: any. Return: true if the file system said
 * so.
 */
bool ditto_dir_cache_is_end(const struct ditto_dir_cache *cache, u64 pos)
{
	return pos != DIR_CACHE_NO_END && READ_ONCE(cache->end) == pos;
}

static bool raw_is_dots(const struct ditto_raw_entry *raw)
{
	return raw->name[0] == '.' && (raw->len == 1 || (raw->len == 2 && raw->name[1] == '.'));
}

static void range_grow(struct dir_cache_range *range, u64 pos)
{
	range->low = min(range->low, pos);
	range->high = max(range->high, pos);
}

static bool range_is_empty(const struct dir_cache_range *range)
{
	return range->low > range->high;
}

static bool range_has(const struct dir_cache_range *range, u64 pos)
{
	return pos >= range->low && pos <= range->high;
}

/*
 * Measure entries. Their positions have to ascend, or descend as on tmpfs, but for "." and "..",
 * so that the ranges of two parts do not overlap. The positions have to differ, also from the one
 * behind: ext4 gives one to all entries of a hash, and a part that ends among these would lead to
 * itself. Return: false otherwise.
 */
static bool shape_take(const struct ditto_raw_entry *raw, u32 used, u64 behind,
		       struct part_shape *shape)
{
	const void *end = (const void *)raw + used;
	struct dir_cache_range *rest = &shape->rest;
	bool down = false;

	shape->dots = (struct dir_cache_range){ .low = U64_MAX };
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
static const struct dir_cache_range *shape_main(const struct part_shape *shape)
{
	return range_is_empty(&shape->rest) ? &shape->dots : &shape->rest;
}

/* Leave out entries that others have added since, and those behind them. */
static void part_cut(struct ditto_dir_cache *cache, struct ditto_dir_part *part)
{
	const struct ditto_raw_entry *raw = (const void *)part->entries;
	const void *end = part->entries + part->used;

	for (; (const void *)raw < end; raw = ditto_raw_next(raw)) {
		if (!mtree_load(&cache->parts, raw->pos))
			continue;
		part->used = (const char *)raw - part->entries;
		part->behind = raw->pos;
		break;
	}
}

/* Put a range of a part into the tree. Return: 0, -EEXIST or -ENOMEM. */
static int part_store(struct ditto_dir_cache *cache, struct ditto_dir_part *part,
		      const struct dir_cache_range *range)
{
	if (range_is_empty(range))
		return 0;
	return mtree_insert_range(&cache->parts, range->low, range->high, part, DIR_CACHE_GFP);
}

/* Add a part. Return: false if it would not be found by its positions, or if there is no memory. */
static bool part_add(struct ditto_dir_cache *cache, struct ditto_dir_part *part,
		     struct part_shape *shape)
{
	struct dir_cache_range from = { part->from, part->from };
	int err;

	err = part_store(cache, part, shape_main(shape));
	if (err == -EEXIST) {
		part_cut(cache, part);
		shape_take((const void *)part->entries, part->used, part->behind, shape);
		part->count = shape->count;
		err = part->count ? part_store(cache, part, shape_main(shape)) : -EEXIST;
	}
	if (err)
		return false;
	llist_add(&part->link, &cache->list);
	/* One of them may be the first entry, and both may have come with other parts. */
	part_store(cache, part, &shape->dots);
	part_store(cache, part, &from);
	return true;
}

static struct ditto_dir_part *part_make(u64 from, u64 behind,
					const struct ditto_raw_entry *entries, u32 used,
					u32 count)
{
	struct ditto_dir_part *part;

	part = kmalloc(struct_size(part, entries, used), DIR_CACHE_GFP);
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

/*
 * Keep what was read of a directory, if its state is still the same. @cache: held; got before the
 * entries were read; @used: bytes of @entries, up to DITTO_PART_ROOM; 0 if there was none; @all:
 * the read did not end for want of the caller's room. If memory is short, or the listing has its
 * share of it, nothing is kept.
 */
void ditto_dir_cache_add(struct ditto_dir_cache *cache, struct ditto_node *dir, u64 from,
			 u64 behind, const struct ditto_raw_entry *entries, u32 used, bool all)
{
	struct ditto_dir_part *part;
	struct part_shape shape;
	size_t size;

	if (READ_ONCE(cache->stopped) || !ditto_dir_cache_is_current(cache, dir))
		return;
	if (!used) {
		WRITE_ONCE(cache->end, from);
		return;
	}
	/* What is read next may lack entries of the same position: it is not kept, either. */
	if (!shape_take(entries, used, behind, &shape)) {
		WRITE_ONCE(cache->stopped, true);
		return;
	}
	if (shape.count < (all ? 1 : DIR_CACHE_LEAST))
		return;
	size = struct_size(part, entries, used);
	part = dir_cache_charge(cache, size) ?
	       part_make(from, behind, entries, used, shape.count) : NULL;
	if (!part || !part_add(cache, part, &shape)) {
		dir_cache_uncharge(cache, size);
		kfree(part);
		return;
	}
	dir_cache_trim();
}

/*
 * Get the place for the handles of a part. Return: @part->count of them, each filled or empty; NULL
 * if @cache has handles of another share, or none can be kept, or memory is short.
 */
struct ditto_dir_part_handle *ditto_dir_cache_handles(struct ditto_dir_cache *cache,
						      struct ditto_dir_part *part,
						      const struct ditto_share *share)
{
	struct ditto_dir_part_handle *handles, *old;
	size_t size;

	/* Those that have the directory, too, are longer than what is kept. */
	if (cache->basis.has_parent || !ditto_handle_basis_is(share, &cache->basis))
		return NULL;
	/* Pairs with cmpxchg() below. */
	handles = smp_load_acquire(&part->handles);
	if (handles)
		return handles;
	size = array_size(part->count, sizeof(*handles));
	if (!dir_cache_charge(cache, size))
		goto uncharge;
	handles = kzalloc(size, DIR_CACHE_GFP);
	if (!handles)
		goto uncharge;
	old = cmpxchg(&part->handles, NULL, handles);
	if (!old) {
		dir_cache_trim();
		return handles;
	}
	kfree(handles);
	dir_cache_uncharge(cache, size);
	return old;
uncharge:
	dir_cache_uncharge(cache, size);
	return NULL;
}

/* Drop old listings until so much memory is free. Return: bytes that were freed. */
long ditto_dir_cache_shrink(long bytes)
{
	long before = atomic_long_read(&ditto_dir_cache_bytes), freed = 0;

	while (freed < bytes && dir_cache_drop_oldest())
		freed = before - atomic_long_read(&ditto_dir_cache_bytes);
	return freed;
}

static unsigned long dir_cache_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return atomic_long_read(&ditto_dir_cache_bytes) >> PAGE_SHIFT ?: SHRINK_EMPTY;
}

static unsigned long dir_cache_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	long freed = ditto_dir_cache_shrink(sc->nr_to_scan << PAGE_SHIFT);

	return freed > 0 ? DIV_ROUND_UP(freed, PAGE_SIZE) : SHRINK_STOP;
}

int ditto_dir_cache_init(void)
{
	ditto_dir_cache_most = (long)(totalram_pages() << PAGE_SHIFT) >> DIR_CACHE_MEMORY_SHIFT;
	dir_cache_shrinker = shrinker_alloc(0, "ditto-listings");
	if (!dir_cache_shrinker)
		return -ENOMEM;
	dir_cache_shrinker->count_objects = dir_cache_shrink_count;
	dir_cache_shrinker->scan_objects = dir_cache_shrink_scan;
	shrinker_register(dir_cache_shrinker);
	return 0;
}

void ditto_dir_cache_exit(void)
{
	shrinker_free(dir_cache_shrinker);
}
