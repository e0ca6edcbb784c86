// SPDX-License-Identifier: GPL-2.0-only
/*
 * Case-insensitive index of a directory's names, see casefold_index.h.
 *
 * Locking, outermost first
 *   build (mutex) is held while the directory is listed, by lookups that need the index; never by
 *   a task that changes the directory. An overlay's is outside of all locks of its layers, and so
 *   of the mutexes of indexes of directories there: lockdep knows the depth.
 *   The directory's inode lock, shared, while the index is compared with the directory: a change
 *   by the server is in both of them or in none.
 *   lru_lock (spinlock) guards the list of indexes with names.
 *   lock (spinlock) guards the contents of an index.
 *
 * A listing compares the number of changes seen before and after, and is repeated if they differ.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../node/casefold.h"
#include "../node/node.h"
#include "casefold_index.h"
#include "op_private.h"
#include "shortname.h"

/* Attempts to list a directory without concurrent changes. */
#define DITTO_BUILDS_MAX	3
/* Smallest table, as log2 of its heads; and average chain length that makes a table full. */
#define DITTO_HEADS_MIN		6
#define DITTO_CHAIN_MAX		8

/**
 * struct casefold_name - what a name is found by: its folded form, or its short name
 * @link: link in the table
 * @hash: hash of that
 * @is_short: it is the short name, which the name itself is not
 * @len: bytes of @name
 * @name: the name, not terminated
 */
struct casefold_name {
	struct hlist_node link;
	u32 hash;
	bool is_short;
	u8 len;
	char name[];
};

/**
 * struct casefold_table - names by the hash of what they are found by
 * @heads: 1 << @bits hash chains, or NULL
 * @bits: log2 of the number of heads
 * @count: number of struct casefold_name
 * @shorts: names are found by their short names, too
 */
struct casefold_table {
	struct hlist_head *heads;
	u32 bits;
	u32 count;
	bool shorts;
};

/**
 * struct casefold_absent - a name that a listing without an index did not find
 * @known: there was such a listing
 * @sure: @change identifies the directory's state, which it does not on some remote file systems
 * @hash: hash of the name
 * @seen: number of changes of the directory when the listing began
 * @change: change attribute of the directory then
 */
struct casefold_absent {
	bool known;
	bool sure;
	u32 hash;
	u64 seen;
	u64 change;
};

/**
 * struct ditto_casefold - index of a directory
 * @build: see above
 * @lock: guards the rest except @lru and @used
 * @seen: number of changes of the directory since the index was allocated
 * @valid: @table contains the names of the directory at @change
 * @change: change attribute of the directory
 * @table: the names
 * @absent: the name that was last searched for without the index
 * @lru: link on the list of indexes with names; under lru_lock
 * @used: jiffies of the last use
 */
struct ditto_casefold {
	struct mutex build;	/* see above */
	spinlock_t lock;	/* see above */
	u64 seen;
	bool valid;
	u64 change;
	struct casefold_table table;
	struct casefold_absent absent;
	struct list_head lru;
	unsigned long used;
};

static DEFINE_SPINLOCK(lru_lock);
static LIST_HEAD(lru);
static u32 lru_len;
static atomic_long_t total = ATOMIC_LONG_INIT(0);

#ifdef DITTO_TESTS
atomic_t ditto_casefold_builds = ATOMIC_INIT(0);

static void count_build(void)
{
	atomic_inc(&ditto_casefold_builds);
}
#else
static void count_build(void) {}
#endif

/* Hash tables */

static struct hlist_head *table_head(const struct casefold_table *t, u32 hash)
{
	return &t->heads[hash & (BIT(t->bits) - 1)];
}

static int table_init(struct casefold_table *t, u32 count)
{
	t->bits = max(order_base_2(count), DITTO_HEADS_MIN);
	t->count = 0;
	t->heads = kvcalloc(BIT(t->bits), sizeof(*t->heads), GFP_KERNEL);
	return t->heads ? 0 : -ENOMEM;
}

static void table_free(struct casefold_table *t)
{
	struct casefold_name *n;
	struct hlist_node *next;

	for (u32 i = 0; t->heads && i < BIT(t->bits); i++) {
		hlist_for_each_entry_safe(n, next, &t->heads[i], link)
			kfree(n);
		cond_resched();
	}
	kvfree(t->heads);
	*t = (struct casefold_table){};
}

/* Move the names to a table with more heads. */
static int table_grow(struct casefold_table *t)
{
	struct casefold_table larger;
	struct casefold_name *n;
	struct hlist_node *next;
	int err;

	err = table_init(&larger, t->count * DITTO_CHAIN_MAX);
	if (err)
		return err;
	for (u32 i = 0; i < BIT(t->bits); i++)
		hlist_for_each_entry_safe(n, next, &t->heads[i], link) {
			hlist_del(&n->link);
			hlist_add_head(&n->link, table_head(&larger, n->hash));
		}
	larger.count = t->count;
	larger.shorts = t->shorts;
	kvfree(t->heads);
	*t = larger;
	return 0;
}

static bool table_is_full(const struct casefold_table *t)
{
	return t->count >= DITTO_CHAIN_MAX << t->bits;
}

static bool table_is_at_limit(const struct casefold_table *t)
{
	return t->count >= DITTO_CASEFOLD_NAMES_MAX << t->shorts;
}

/* Hash a name, or its short name. Return: false if it is not found by that. */
static bool name_hash(const struct ditto_name *name, bool is_short, u32 *hash)
{
	char made[DITTO_SHORT_MAX];
	struct ditto_name shorter = { .name = made };

	if (!is_short)
		return ditto_name_hash(name, hash);
	if (ditto_is_shortname(name))
		return false;
	shorter.len = ditto_shortname(name, made);
	return ditto_name_hash(&shorter, hash);
}

/* True if a directory's name, or its short name, is @name but for case. */
static bool name_matches(const struct ditto_name *has, bool is_short,
			 const struct ditto_name *name)
{
	char made[DITTO_SHORT_MAX];
	struct ditto_name shorter = { .name = made };

	if (!is_short)
		return ditto_names_same(has, name);
	if (ditto_is_shortname(has))
		return false;
	shorter.len = ditto_shortname(has, made);
	return ditto_names_same(&shorter, name);
}

static struct casefold_name *name_alloc(const struct ditto_name *name, bool is_short, u32 hash)
{
	struct casefold_name *n = kmalloc(struct_size(n, name, name->len), GFP_KERNEL);

	if (!n)
		return NULL;
	n->hash = hash;
	n->is_short = is_short;
	n->len = name->len;
	memcpy(n->name, name->name, name->len);
	return n;
}

static void table_add(struct casefold_table *t, struct casefold_name *n)
{
	hlist_add_head(&n->link, table_head(t, n->hash));
	t->count++;
}

static struct casefold_name *table_find_exact(const struct casefold_table *t,
					      const struct ditto_name *name, bool is_short,
					      u32 hash)
{
	struct casefold_name *n;

	hlist_for_each_entry(n, table_head(t, hash), link)
		if (n->hash == hash && n->is_short == is_short && n->len == name->len &&
		    !memcmp(n->name, name->name, name->len))
			return n;
	return NULL;
}

/* True if @a precedes @b in byte order. */
static bool is_before(const struct ditto_name *a, const struct ditto_name *b)
{
	int cmp = memcmp(a->name, b->name, min(a->len, b->len));

	return cmp < 0 || (!cmp && a->len < b->len);
}

/* State of the directory */

/* Get the change attribute. Return: 0, or -EAGAIN if it does not identify the directory's state. */
static int dir_change(struct ditto_share *share, struct ditto_node *dir, u64 *change)
{
	struct ditto_attr attr;
	struct timespec64 now;
	int err;

	err = ditto_getattr(share, dir, &attr);
	if (err)
		return err;
	*change = attr.change;
	if ((attr.st.result_mask & STATX_CHANGE_COOKIE) || !dir->volume->is_remote)
		return 0;
	ktime_get_real_ts64(&now);
	now = timespec64_sub(now, attr.st.ctime);
	return timespec64_to_ns(&now) > DITTO_TICK_NS ? 0 : -EAGAIN;
}

static struct ditto_casefold *index_of(struct ditto_node *dir)
{
	struct ditto_casefold *c, *old;

	/* Pairs with cmpxchg() below. */
	c = smp_load_acquire(&dir->casefold);
	if (c)
		return c;
	c = ditto_volume_watch_names(dir->volume) ? NULL : kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	mutex_init(&c->build);
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->lru);
	old = cmpxchg(&dir->casefold, NULL, c);
	if (!old)
		return c;
	kfree(c);
	return old;
}

/**
 * struct search - a search for a name
 * @name: the name
 * @is_short: it is a short name
 * @hash: its hash
 * @found: filled with the name in the directory, terminated
 * @len: bytes of @found, while the directory is listed
 */
struct search {
	const struct ditto_name *name;
	bool is_short;
	u32 hash;
	char *found;
	u32 len;
};

/*
 * Search the index for the state @change. The first of several matches in byte order counts.
 * Return: 0, -ENOENT, or -EAGAIN if the index is not valid.
 */
static int index_find(struct ditto_casefold *c, u64 change, const struct search *s)
{
	unsigned long now = jiffies;
	struct ditto_name has, best = {};
	struct casefold_name *n;
	int err = -EAGAIN;

	spin_lock(&c->lock);
	if (!c->valid || c->change != change || (s->is_short && !c->table.shorts))
		goto unlock;
	hlist_for_each_entry(n, table_head(&c->table, s->hash), link) {
		has = (struct ditto_name){ .name = n->name, .len = n->len };
		if (n->hash == s->hash && n->is_short == s->is_short &&
		    name_matches(&has, s->is_short, s->name) &&
		    (!best.name || is_before(&has, &best)))
			best = has;
	}
	err = -ENOENT;
	if (best.name) {
		memcpy(s->found, best.name, best.len);
		s->found[best.len] = '\0';
		err = 0;
	}
unlock:
	spin_unlock(&c->lock);
	if (READ_ONCE(c->used) != now)
		WRITE_ONCE(c->used, now);
	return err;
}

/* Search for the current state; waits for a change by the server in progress. */
static int index_find_now(struct ditto_share *share, struct ditto_node *dir,
			  struct ditto_casefold *c, const struct search *s)
{
	u64 change;
	int err;

	if (!READ_ONCE(c->valid))
		return -EAGAIN;
	err = dir_change(share, dir, &change) ?: index_find(c, change, s);
	if (err != -EAGAIN)
		return err;
	inode_lock_shared(dir->inode);
	err = dir_change(share, dir, &change) ?: index_find(c, change, s);
	inode_unlock_shared(dir->inode);
	return err;
}

/* LRU of indexes */

/* Take the names of the least recently used index, except @keep. */
static bool lru_take(const struct ditto_casefold *keep, struct casefold_table *t)
{
	struct ditto_casefold *c, *oldest = NULL;

	spin_lock(&lru_lock);
	if (lru_len > DITTO_CASEFOLD_DIRS_MAX ||
	    atomic_long_read(&total) > DITTO_CASEFOLD_TOTAL_MAX)
		list_for_each_entry(c, &lru, lru)
			if (c != keep && (!oldest || time_before(c->used, oldest->used)))
				oldest = c;
	if (oldest) {
		list_del_init(&oldest->lru);
		lru_len--;
		spin_lock(&oldest->lock);
		*t = oldest->table;
		oldest->table = (struct casefold_table){};
		oldest->valid = false;
		spin_unlock(&oldest->lock);
		atomic_long_sub(t->count, &total);
	}
	spin_unlock(&lru_lock);
	return oldest;
}

static void lru_enter(struct ditto_casefold *c)
{
	struct casefold_table t;

	spin_lock(&lru_lock);
	if (list_empty(&c->lru)) {
		list_add_tail(&c->lru, &lru);
		lru_len++;
	}
	spin_unlock(&lru_lock);
	while (lru_take(c, &t))
		table_free(&t);
}

/* Free the index of a node that is being freed. */
void ditto_casefold_free(struct ditto_node *dir)
{
	struct ditto_casefold *c = dir->casefold;

	if (!c)
		return;
	spin_lock(&lru_lock);
	if (!list_empty(&c->lru)) {
		list_del_init(&c->lru);
		lru_len--;
	}
	spin_unlock(&lru_lock);
	atomic_long_sub(c->table.count, &total);
	table_free(&c->table);
	kfree(c);
}

/* Building */

struct listing {
	struct casefold_table table;
	int err;
};

static int listing_put(struct listing *l, const struct ditto_name *name, bool is_short, u32 hash)
{
	struct casefold_name *n;
	int err;

	if (table_is_at_limit(&l->table))
		return -E2BIG;
	if (table_is_full(&l->table)) {
		err = table_grow(&l->table);
		if (err)
			return err;
	}
	n = name_alloc(name, is_short, hash);
	if (!n)
		return -ENOMEM;
	table_add(&l->table, n);
	return 0;
}

static bool listing_add(void *arg, const struct ditto_name *name)
{
	struct listing *l = arg;
	u32 hash;

	if (name_hash(name, false, &hash))
		l->err = listing_put(l, name, false, hash);
	if (!l->err && l->table.shorts && name_hash(name, true, &hash))
		l->err = listing_put(l, name, true, hash);
	return !l->err;
}

/* List the directory, and install the listing if the directory has not changed since. */
static int index_build_once(struct ditto_share *share, struct ditto_node *dir,
			    struct ditto_casefold *c)
{
	struct listing l = { .table.shorts = ditto_has_shortnames(share) };
	u64 seen, change, now;
	int err;

	err = table_init(&l.table, 0);
	if (err)
		return err;
	spin_lock(&c->lock);
	seen = c->seen;
	spin_unlock(&c->lock);
	count_build();
	err = dir_change(share, dir, &change);
	if (err)
		goto free;
	err = ditto_list_names(share, dir, listing_add, &l) ?: l.err;
	if (err)
		goto free;

	inode_lock_shared(dir->inode);
	err = dir_change(share, dir, &now);
	spin_lock(&c->lock);
	if (!err && (now != change || c->seen != seen))
		err = -EAGAIN;
	if (!err) {
		atomic_long_add((long)l.table.count - (long)c->table.count, &total);
		swap(c->table, l.table);
		c->valid = true;
		c->change = now;
	}
	spin_unlock(&c->lock);
	inode_unlock_shared(dir->inode);
free:
	table_free(&l.table);
	if (!err)
		lru_enter(c);
	return err;
}

/*
 * Build the index and search it. A task that waited for another builder may find it done.
 * Return: as index_find(), or -E2BIG.
 */
static int index_build(struct ditto_share *share, struct ditto_node *dir,
		       struct ditto_casefold *c, const struct search *s)
{
	int err;

	mutex_lock_nested(&c->build, dir->inode->i_sb->s_stack_depth);
	err = index_find_now(share, dir, c, s);
	for (int i = 0; err == -EAGAIN && i < DITTO_BUILDS_MAX; i++) {
		err = index_build_once(share, dir, c);
		if (!err)
			err = index_find_now(share, dir, c, s);
	}
	mutex_unlock(&c->build);
	return err;
}

/* Search without an index, for a directory that changes constantly or is too large. */
static bool search_name(void *arg, const struct ditto_name *has)
{
	struct search *s = arg;
	const struct ditto_name best = { .name = s->found, .len = s->len };

	if (name_matches(has, s->is_short, s->name) && (!s->len || is_before(has, &best))) {
		memcpy(s->found, has->name, has->len);
		s->len = has->len;
	}
	return true;
}

/* List the directory for a name, and note its state if the name is not there. */
static int search_listing(struct ditto_share *share, struct ditto_node *dir,
			  struct ditto_casefold *c, struct search *s)
{
	struct casefold_absent absent = { .known = true, .hash = s->hash };
	int err;

	spin_lock(&c->lock);
	absent.seen = c->seen;
	spin_unlock(&c->lock);
	absent.sure = !dir_change(share, dir, &absent.change);
	err = ditto_list_names(share, dir, search_name, s);
	if (err)
		return err;
	s->found[s->len] = '\0';
	if (s->len)
		return 0;
	if (!s->is_short) {
		spin_lock(&c->lock);
		c->absent = absent;
		spin_unlock(&c->lock);
	}
	return -ENOENT;
}

/*
 * Find the exact spelling of a name in a directory. @dir: a directory, held; access is not checked;
 * @found: filled and terminated; NAME_MAX + 1 bytes. If several names differ in case only, or have
 * the same short name, the first one in byte order is returned. Context: no inode lock held.
 * Return: 0, -ENOENT, or an errno of the file system.
 */
int ditto_casefold_find(struct ditto_share *share, struct ditto_node *dir,
			const struct ditto_name *name, bool is_short, char *found)
{
	struct search s = { .name = name, .is_short = is_short, .found = found };
	struct ditto_casefold *c;
	int err;

	if (!ditto_name_hash(name, &s.hash))
		return -ENOENT;
	c = index_of(dir);
	if (!c)
		return -ENOMEM;
	err = index_find_now(share, dir, c, &s);
	if (err == -EAGAIN)
		err = index_build(share, dir, c, &s);
	if (err != -EAGAIN && err != -E2BIG && err != -ENOMEM)
		return err;
	return search_listing(share, dir, c, &s);
}

/* Updates */

static struct ditto_casefold *index_if_any(struct ditto_node *dir)
{
	/* Pairs with cmpxchg() in index_of(). */
	return smp_load_acquire(&dir->casefold);
}

static void remove_locked(struct ditto_casefold *c, const struct ditto_name *name, bool is_short)
{
	struct casefold_name *n;
	u32 hash;

	if (!name_hash(name, is_short, &hash))
		return;
	n = table_find_exact(&c->table, name, is_short, hash);
	if (!n)
		return;
	hlist_del(&n->link);
	kfree(n);
	c->table.count--;
	atomic_long_dec(&total);
}

/* Returns false if there is no room, or was no memory. @n is NULL after it was added. */
static bool add_locked(struct ditto_casefold *c, const struct ditto_name *name, bool is_short,
		       struct casefold_name **n)
{
	u32 hash;

	if (!*n)
		return !name_hash(name, is_short, &hash);
	if (table_find_exact(&c->table, name, is_short, (*n)->hash))
		return true;
	if (table_is_full(&c->table) || table_is_at_limit(&c->table))
		return false;
	table_add(&c->table, *n);
	*n = NULL;
	atomic_long_inc(&total);
	return true;
}

/* @n: for the folded form of @added, and for its short name; NULL without memory, or if not used */
static bool change_locked(struct ditto_casefold *c, const struct ditto_name *removed,
			  const struct ditto_name *added, struct casefold_name **n)
{
	for (int is_short = 0; is_short <= c->table.shorts; is_short++) {
		if (removed)
			remove_locked(c, removed, is_short);
		if (added && !add_locked(c, added, is_short, &n[is_short]))
			return false;
	}
	return true;
}

/*
 * Update the index after a change by the server. @dir: the directory, inode locked; @removed:
 * removed name, or NULL; @added: added name, or NULL.
 */
void ditto_casefold_changed(struct ditto_node *dir, const struct ditto_wcc *wcc,
			    const struct ditto_name *removed, const struct ditto_name *added)
{
	struct ditto_casefold *c = index_if_any(dir);
	struct casefold_name *n[2] = {};
	u32 hash;

	if (!c)
		return;
	for (int i = 0; added && i <= READ_ONCE(c->table.shorts); i++)
		if (name_hash(added, i, &hash))
			n[i] = name_alloc(added, i, hash);
	spin_lock(&c->lock);
	c->seen++;
	c->valid = c->valid && ditto_wcc_is_atomic(wcc) && wcc->post_valid &&
		   c->change == wcc->pre_change && change_locked(c, removed, added, n);
	if (c->valid)
		c->change = wcc->post.change;
	spin_unlock(&c->lock);
	kfree(n[0]);
	kfree(n[1]);
}

static bool is_equal(const struct ditto_name *a, const struct ditto_name *b)
{
	return a->len == b->len && !memcmp(a->name, b->name, a->len);
}

/*
 * True if the last listing without the index showed that the name is free. Where nothing identifies
 * the directory's state, another listing would not show more.
 */
static bool is_absent(const struct ditto_casefold *c, u64 change, u32 hash)
{
	const struct casefold_absent *a = &c->absent;

	return a->known && a->hash == hash && a->seen == c->seen &&
	       (!a->sure || a->change == change);
}

/* True if a name that was found in some case is neither this one nor the one to be removed. */
static bool is_in_the_way(const struct ditto_name *found, const struct ditto_name *name,
			  const struct ditto_name *except)
{
	return !is_equal(found, name) && (!except || !is_equal(found, except));
}

/* Under the lock of the index. Return: as ditto_casefold_check(). */
static int check_locked(const struct ditto_casefold *c, u64 change, u32 hash,
			const struct ditto_name *name, const struct ditto_name *except)
{
	const struct casefold_name *n;
	struct ditto_name has;

	if (!c->valid || c->change != change)
		return is_absent(c, change, hash) ? 0 : -EAGAIN;
	hlist_for_each_entry(n, table_head(&c->table, hash), link) {
		has = (struct ditto_name){ .name = n->name, .len = n->len };
		if (n->hash == hash && !n->is_short && is_in_the_way(&has, name, except) &&
		    ditto_names_same(&has, name))
			return -EEXIST;
	}
	return 0;
}

/*
 * Check that a name does not exist in another case. @dir: the directory, inode locked; @except: a
 * name that is about to be removed, or NULL. For callers that found the name free before they
 * locked the directory: the index contains names added since. Return: 0; -EEXIST; -EAGAIN if that
 * is not known, because other tasks have changed the directory or there is no index: the caller
 * unlocks it and calls ditto_casefold_search() before the next attempt.
 */
int ditto_casefold_check(struct ditto_node *dir, const struct ditto_wcc *wcc,
			 const struct ditto_name *name, const struct ditto_name *except)
{
	struct ditto_casefold *c = index_if_any(dir);
	u32 hash;
	int err;

	if (!ditto_name_hash(name, &hash))
		return 0;
	if (!c || !wcc->pre_valid)
		return -EAGAIN;
	spin_lock(&c->lock);
	err = check_locked(c, wcc->pre_change, hash, name, except);
	spin_unlock(&c->lock);
	return err;
}

/*
 * Check that a name does not exist in another case, before the directory is locked. @dir: a
 * directory, held; access is not checked; @except: a name that is about to be removed, or NULL.
 * Context: no inode lock held. Return: 0, -EEXIST, or an errno of the file system.
 */
int ditto_casefold_search(struct ditto_share *share, struct ditto_node *dir,
			  const struct ditto_name *name, const struct ditto_name *except)
{
	char *spelling = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	struct ditto_name found = { .name = spelling };
	int err;

	if (!spelling)
		return -ENOMEM;
	err = ditto_casefold_find(share, dir, name, false, spelling);
	if (!err) {
		found.len = strlen(spelling);
		if (is_in_the_way(&found, name, except))
			err = -EEXIST;
	}
	kfree(spelling);
	return err == -ENOENT ? 0 : err;
}

/* Invalidate the index after a change by another task. Context: any but interrupts. */
void ditto_casefold_spoil(struct ditto_node *dir)
{
	struct ditto_casefold *c = index_if_any(dir);

	if (!c)
		return;
	spin_lock(&c->lock);
	c->seen++;
	c->valid = false;
	spin_unlock(&c->lock);
}
