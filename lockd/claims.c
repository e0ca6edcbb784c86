// SPDX-License-Identifier: GPL-2.0-only
/* What is held on one node: its memory, its lock, its summary. */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "mirror.h"
#include "private.h"
#include "trace.h"

void ditto_claims_first(void *memory)
{
	struct ditto_claims *claims = memory;

	spin_lock_init(&claims->lock);
}

/*
 * New claims, dead until they are on their node. Who found what was here before may still be
 * waiting for the lock, so it is held while all behind it is made.
 */
static struct ditto_claims *claims_alloc(struct ditto_claim_point *point)
{
	struct ditto_claims *claims = kmem_cache_alloc(ditto_claims_slab, GFP_KERNEL);

	if (!claims)
		return NULL;
	spin_lock(&claims->lock);
	memset_after(claims, 0, lock);
	WRITE_ONCE(claims->summary, 0);
	claims->dead = true;
	claims->pump = false;
	claims->settled = false;
	claims->watched = false;
	claims->more = false;
	claims->point = point;
	claims->holders = RB_ROOT_CACHED;
	claims->by_id = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&claims->waits);
	INIT_LIST_HEAD(&claims->parks);
	INIT_LIST_HEAD(&claims->gone);
	for (int row = 0; row < DITTO_RANGE_ROWS; row++)
		claims->ranges[row] = RB_ROOT_CACHED;
	claims->by_owner = RB_ROOT_CACHED;
	spin_unlock(&claims->lock);
	return claims;
}

static __always_inline struct ditto_claims *claims_of_point(const void *arg)
{
	const struct ditto_claim_point *point = arg;

	return rcu_dereference(point->claims);
}

/* The claims of a node, locked; NULL if it has none. */
struct ditto_claims *ditto_claims_find(struct ditto_claim_point *point)
{
	struct ditto_claims *claims;

	while ((claims = ditto_claims_lock(claims_of_point, point))) {
		if (likely(claims->point == point))
			break;
		__acquire(&claims->lock);
		spin_unlock(&claims->lock);
	}
	return claims;
}

/* The claims of a node, locked, made if it has none; NULL without memory. */
struct ditto_claims *ditto_claims_make(struct ditto_claim_point *point)
{
	struct ditto_claims *claims, *fresh;

	claims = ditto_claims_find(point);
	if (claims)
		return claims;
	fresh = claims_alloc(point);
	if (!fresh)
		return NULL;
	/* Locked before anybody can see it. */
	spin_lock(&fresh->lock);
	while (cmpxchg(&point->claims, RCU_INITIALIZER(NULL), RCU_INITIALIZER(fresh))) {
		spin_unlock(&fresh->lock);
		claims = ditto_claims_find(point);
		if (claims) {
			kmem_cache_free(ditto_claims_slab, fresh);
			return claims;
		}
		spin_lock(&fresh->lock);
	}
	fresh->dead = false;
	__release(&fresh->lock);
	atomic_inc(&point->table->nodes);
	point->ops->get(point);
	return fresh;
}

/*
 * The claims that a claim or a waiting request is on, locked; NULL if it is
 * off. The caller keeps its memory.
 */
struct ditto_claims *ditto_claims_at(struct ditto_claims *const *where)
{
	struct ditto_claims *claims;

	rcu_read_lock();
	while ((claims = READ_ONCE(*where))) {
		spin_lock(&claims->lock);
		if (*where == claims) {
			__release(&claims->lock);
			break;
		}
		spin_unlock(&claims->lock);
	}
	rcu_read_unlock();
	return claims;
}

static u32 claims_summary(const struct ditto_claims *claims)
{
	u32 modes = ditto_holders_sum(claims).modes, sum = 0;

	for (int row = 0; row < DITTO_RANGE_ROWS; row++) {
		if (!RB_EMPTY_ROOT(&claims->ranges[row].rb_root))
			sum |= row < DITTO_HELD_EXACT_SHARED ? DITTO_SUM_RANGE : DITTO_SUM_EXACT;
	}
	for (int bit = 0; bit < 3; bit++) {
		if (modes & ditto_modes_any(ditto_modes(0, BIT(bit))))
			sum |= DITTO_SUM_DENY_READ << bit;
		if (claims->caching[bit])
			sum |= DITTO_SUM_CACHE_READ << bit;
	}
	if (claims->opens)
		sum |= DITTO_SUM_OPEN;
	if (claims->notifying)
		sum |= DITTO_SUM_NOTIFY;
	if (claims->waiting)
		sum |= DITTO_SUM_WAIT;
	return sum;
}

static void gone_free(struct list_head *gone)
{
	struct ditto_claim *claim, *next;

	list_for_each_entry_safe(claim, next, gone, gone) {
		if (ditto_held_is_range(claim->held))
			ditto_range_free(ditto_claim_range(claim));
		else
			ditto_cache_put(ditto_claim_cache(claim));
	}
}

/* With the last grant of a directory it need not be watched; the caller does that unlocked. */
static bool claims_unwatch(struct ditto_claims *claims)
{
	if (!claims->watched || claims->caching[0])
		return false;
	claims->watched = false;
	claims->point->ops->get(claims->point);
	return true;
}

/* What begins to count with the next hold of the lock. */
static void claims_hold_end(struct ditto_claims *claims)
{
	claims->more = false;
	claims->begun = 0;
	ditto_steps_end();
}

/*
 * Whoever waits for what was given up gets its turn. True if a request in the queue is to
 * take more grants than may be broken under one hold of the lock.
 */
static bool claims_settle(struct ditto_claims *claims)
{
	u32 summary;

	/* Whose turn it is may take a grant that others are parked for, too. */
	while (claims->settled || claims->pump) {
		if (claims->settled)
			ditto_park_wake(claims);
		claims->settled = false;
		claims->pump = false;
		ditto_wait_pump(claims);
	}
	if (claims->mirror)
		ditto_mirror_note(claims);
	summary = claims_summary(claims);
	if (summary != claims->summary)
		WRITE_ONCE(claims->summary, summary);
	return claims->more && claims->waiting;
}

/*
 * Drop the lock. Before, whoever waits for what was given up gets its turn;
 * after, what is gone is freed.
 */
void ditto_claims_unlock(struct ditto_claims *claims)
{
	struct ditto_claim_point *point = claims->point;
	struct ditto_mirror *mirror = NULL;
	LIST_HEAD(gone);
	bool dead, unwatch;

	lockdep_assert_held(&claims->lock);
	__acquire(&claims->lock);
	while (claims_settle(claims)) {
		ditto_claims_pin(claims);
		claims_hold_end(claims);
		spin_unlock(&claims->lock);
		cond_resched();
		spin_lock(&claims->lock);
		ditto_claims_unpin(claims);
		claims->pump = true;
	}
	claims_hold_end(claims);
	list_splice_init(&claims->gone, &gone);
	unwatch = claims_unwatch(claims);
	dead = !claims->held;
	if (dead) {
		claims->dead = true;
		RCU_INIT_POINTER(point->claims, NULL);
		mirror = claims->mirror;
	}
	spin_unlock(&claims->lock);

	gone_free(&gone);
	if (unwatch) {
		point->ops->watch(point, false);
		point->ops->put(point);
	}
	if (dead) {
		ditto_mirror_put(mirror);
		atomic_dec(&point->table->nodes);
		kmem_cache_free(ditto_claims_slab, claims);
		point->ops->put(point);
	}
}

void ditto_claims_unlock_same(struct ditto_claims *claims)
{
	if (!claims->held) {
		ditto_claims_unlock(claims);
		return;
	}
	__acquire(&claims->lock);
	claims_hold_end(claims);
	spin_unlock(&claims->lock);
}

/* Keep the claims while the lock is dropped for a moment. */
void ditto_claims_pin(struct ditto_claims *claims)
{
	lockdep_assert_held(&claims->lock);
	claims->held++;
}

void ditto_claims_unpin(struct ditto_claims *claims)
{
	lockdep_assert_held(&claims->lock);
	claims->held--;
}

void ditto_claims_lock_pinned(struct ditto_claims *claims)
{
	spin_lock(&claims->lock);
	__release(&claims->lock);
}

/* Concurrent claims on other nodes may pass a limit of all by a few. */
static int claim_limits(struct ditto_claims *claims, struct ditto_claim *claim)
{
	struct ditto_client *client = claim->owner->client;
	struct ditto_lock_table *table = client->table;
	u32 all = 0;

	for (int kind = 0; kind < DITTO_CLAIM_KINDS; kind++)
		all += atomic_read(&table->live[kind]);
	if (claims->claims < READ_ONCE(table->settings.claims_per_node) &&
	    ditto_client_claims(client) < READ_ONCE(table->settings.claims_per_client) &&
	    all < READ_ONCE(table->settings.claims) && !ditto_client_cover(client, 1))
		return 0;
	ditto_locks_count(table, DITTO_LOCK_LIMIT);
	return -ENOLCK;
}

/* Into a tree by number. The newest number is the largest, so its place needs no search. */
static void number_add(struct rb_root_cached *root, struct rb_node **newest, struct rb_node *rb)
{
	rb_link_node(rb, *newest, *newest ? &(*newest)->rb_right : &root->rb_root.rb_node);
	rb_insert_color_cached(rb, root, !*newest);
	*newest = rb;
}

static void number_del(struct rb_root_cached *root, struct rb_node **newest, struct rb_node *rb)
{
	if (*newest == rb)
		*newest = rb_prev(rb);
	rb_erase_cached(rb, root);
}

struct ditto_claim *ditto_claims_claim_after(const struct ditto_claims *claims, u64 id)
{
	struct rb_node *rb = claims->by_id.rb_root.rb_node;
	struct ditto_claim *found = NULL;

	lockdep_assert_held(&claims->lock);
	while (rb) {
		struct ditto_claim *claim = rb_entry(rb, struct ditto_claim, on_node);

		ditto_step();
		if (claim->id > id) {
			found = claim;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return found;
}

int ditto_claim_attach(struct ditto_claims *claims, struct ditto_claim *claim)
{
	struct ditto_client *client = claim->owner->client;
	enum ditto_claim_kind kind = ditto_claim_kind(claim);
	int err;

	lockdep_assert_held(&claims->lock);
	spin_lock(&client->lock);
	err = client->dead ? -ESHUTDOWN : claim_limits(claims, claim);
	if (err) {
		spin_unlock(&client->lock);
		return err;
	}
	WRITE_ONCE(claim->claims, claims);
	claim->since = ktime_get_real_seconds();
	claim->id = atomic64_inc_return(&client->table->last_id);
	number_add(&client->claims, &client->newest, &claim->by_id);
	atomic_inc(&client->live[kind]);
	spin_unlock(&client->lock);
	atomic_inc(&client->table->live[kind]);
	number_add(&claims->by_id, &claims->newest, &claim->on_node);
	claims->claims++;
	claims->held++;
	ditto_locks_count(client->table, DITTO_LOCK_GRANTED);
	return 0;
}

/* Does somebody else look after its memory? */
static bool claim_is_kept(struct ditto_claim *claim)
{
	if (ditto_held_is_range(claim->held))
		return ditto_claim_range(claim)->pending;
	return claim->held == DITTO_HELD_OPEN;
}

void ditto_claim_detach(struct ditto_claim *claim)
{
	struct ditto_claims *claims = claim->claims;
	struct ditto_client *client = claim->owner->client;
	enum ditto_claim_kind kind = ditto_claim_kind(claim);

	lockdep_assert_held(&claims->lock);
	spin_lock(&client->lock);
	WRITE_ONCE(claim->claims, NULL);
	number_del(&client->claims, &client->newest, &claim->by_id);
	atomic_dec(&client->table->live[kind]);
	atomic_dec(&client->live[kind]);
	ditto_client_cover(client, 0);
	spin_unlock(&client->lock);
	number_del(&claims->by_id, &claims->newest, &claim->on_node);
	claims->claims--;
	claims->held--;
	claims->pump = true;
	if (!claim_is_kept(claim))
		list_add_tail(&claim->gone, &claims->gone);
}

bool ditto_claim_drop(struct ditto_claim *claim, const char *why)
{
	struct ditto_lock_table *table = ditto_owner_table(claim->owner);

	if (claim->held == DITTO_HELD_OPEN) {
		if (!ditto_open_drop(ditto_claim_open(claim), why))
			return false;
	} else {
		trace_ditto_release(claim, 0, why);
		if (ditto_held_is_range(claim->held))
			ditto_range_drop(ditto_claim_range(claim));
		else
			ditto_cache_drop(ditto_claim_cache(claim));
	}
	ditto_locks_count(table, DITTO_LOCK_RELEASED);
	return true;
}

/* The first of what is held or waited for goes; false if there is nothing. */
static bool claims_drop_one(struct ditto_claims *claims, const char *why)
{
	struct ditto_claim *claim;

	if (!list_empty(&claims->waits)) {
		ditto_wait_finish(list_first_entry(&claims->waits, struct ditto_wait, link),
				  -ESHUTDOWN);
		return true;
	}
	claim = rb_entry_safe(rb_first_cached(&claims->by_id), struct ditto_claim, on_node);
	if (claim)
		ditto_claim_drop(claim, why);
	return claim;
}

void ditto_claim_point_release(struct ditto_claim_point *point, const char *why)
{
	struct ditto_claims *claims;
	bool more = true;

	while (more) {
		claims = ditto_claims_find(point);
		if (!claims)
			return;
		/* A pause now and then for who wants the lock. */
		for (int i = 0; more && i < DITTO_DROPS_AT_ONCE; i++)
			more = claims_drop_one(claims, why);
		claims->settled = true;
		ditto_claims_unlock(claims);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_claim_point_release, DITTO);
