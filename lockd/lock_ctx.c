// SPDX-License-Identifier: GPL-2.0-only
/* The lock context of a node: memory, lock, summary. Its lifetime rules are in claim.h. */
#include <linux/cache.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "mirror.h"
#include "open_private.h"
#include "range_private.h"
#include "trace.h"
#include "wait_private.h"

/* All nodes that have no range, and nothing that waits, share it. */
static struct ditto_lock_busy lock_idle __ro_after_init = {
	.waits = LIST_HEAD_INIT(lock_idle.waits),
	.parks = LIST_HEAD_INIT(lock_idle.parks),
};

static bool lock_ctx_is_busy(const struct ditto_lock_ctx *ctx)
{
	return ctx->busy != &lock_idle;
}

static bool lock_ctx_is_unused(const struct ditto_lock_ctx *ctx)
{
	return !ctx->claims && !ctx->pins && !ctx->busy->waiting && !ctx->busy->parked;
}

/* ctx->busy for writing, after ditto_lock_ctx_make_busy(). ctx->lock held. */
struct ditto_lock_busy *ditto_lock_ctx_busy(struct ditto_lock_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	WARN_ON_ONCE(!lock_ctx_is_busy(ctx));
	return (struct ditto_lock_busy *)ctx->busy;
}

/* Few nodes need it. Tests make it fail, by its place on the stack. */
static noinline struct ditto_lock_busy *lock_ctx_alloc_busy(gfp_t gfp)
{
	return kzalloc(sizeof(struct ditto_lock_busy), gfp);
}

/* @busy: zeroed memory, which is the context's afterwards, or NULL. */
static bool lock_ctx_set_busy(struct ditto_lock_ctx *ctx, struct ditto_lock_busy *busy)
{
	if (!busy)
		return false;
	INIT_LIST_HEAD(&busy->waits);
	INIT_LIST_HEAD(&busy->parks);
	/* Pairs with readers under client->lock. */
	smp_store_release(&ctx->busy, busy);
	return true;
}

/*
 * Let a node have ranges and waiting operations. @ctx: locked. Context: ctx->lock held. Return:
 * false without memory.
 */
bool ditto_lock_ctx_make_busy(struct ditto_lock_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	return likely(lock_ctx_is_busy(ctx)) ||
	       lock_ctx_set_busy(ctx, lock_ctx_alloc_busy(GFP_NOWAIT | __GFP_NOWARN));
}

/*
 * Do the same in advance, and wait for memory. @ctx: locked; the lock may be dropped during the
 * call. Without memory ditto_lock_ctx_make_busy() fails later. Context: ctx->lock held; may sleep.
 */
void ditto_lock_ctx_want_busy(struct ditto_lock_ctx *ctx)
{
	struct ditto_lock_busy *busy;

	if (likely(ditto_lock_ctx_make_busy(ctx)))
		return;
	ditto_lock_ctx_pin(ctx);
	__acquire(&ctx->lock);
	spin_unlock(&ctx->lock);
	busy = lock_ctx_alloc_busy(GFP_KERNEL);
	ditto_lock_ctx_lock_pinned(ctx);
	ditto_lock_ctx_unpin(ctx);
	if (lock_ctx_is_busy(ctx))
		kfree(busy);
	else
		lock_ctx_set_busy(ctx, busy);
}

static void lock_ctx_free(struct ditto_lock_ctx *ctx)
{
	if (unlikely(lock_ctx_is_busy(ctx)))
		kfree(ctx->busy);
	kmem_cache_free(ditto_lock_ctx_slab, ctx);
}

/* Slab constructor: initialises the lock, which survives the reuse of the memory. */
void ditto_lock_ctx_first(void *memory)
{
	struct ditto_lock_ctx *ctx = memory;

	spin_lock_init(&ctx->lock);
}

/*
 * A new context, locked, and dead until it is on its node. A reader that found the previous user of
 * this memory may still be waiting for the lock, so the lock is held while the members are
 * initialised.
 */
static struct ditto_lock_ctx *lock_ctx_alloc(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx = kmem_cache_alloc(ditto_lock_ctx_slab, GFP_KERNEL);

	if (!ctx)
		return NULL;
	spin_lock(&ctx->lock);
	memset_after(ctx, 0, lock);
	WRITE_ONCE(ctx->summary, 0);
	ctx->dead = true;
	ctx->pump = false;
	ctx->settled = false;
	ctx->watched = false;
	ctx->more = false;
	ctx->first_used = false;
	WRITE_ONCE(ctx->covered, false);
	ctx->pins = 0;
	ctx->begun = 0;
	ctx->point = point;
	ctx->holders = RB_ROOT;
	ctx->busy = &lock_idle;
	__release(&ctx->lock);
	return ctx;
}

static __always_inline struct ditto_lock_ctx *lock_ctx_of_point(const void *arg)
{
	const struct ditto_lock_point *point = arg;

	return rcu_dereference(point->ctx);
}

static __always_inline struct ditto_lock_ctx *mirrored_of_point(const void *arg)
{
	struct ditto_lock_ctx *ctx = lock_ctx_of_point(arg);

	return ctx && READ_ONCE(ctx->mirror) ? ctx : NULL;
}

static __always_inline struct ditto_lock_ctx *covered_of_point(const void *arg)
{
	struct ditto_lock_ctx *ctx = lock_ctx_of_point(arg);

	return ctx && READ_ONCE(ctx->covered) ? ctx : NULL;
}

static __always_inline struct ditto_lock_ctx *
lock_ctx_search(struct ditto_lock_ctx *(*find)(const void *arg), struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx;

	while ((ctx = ditto_lock_ctx_lock(find, point))) {
		if (likely(ctx->point == point))
			break;
		__acquire(&ctx->lock);
		spin_unlock(&ctx->lock);
	}
	return ctx;
}

/*
 * Find and lock the lock context of a node. @point: of the node, held by the caller. Context: takes
 * ctx->lock. Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if nothing is held.
 */
struct ditto_lock_ctx *ditto_lock_ctx_find(struct ditto_lock_point *point)
{
	return lock_ctx_search(lock_ctx_of_point, point);
}

/*
 * The same as ditto_lock_ctx_find() if the node has a mirror, else NULL. ctx->mirror may be gone
 * when it returns.
 */
struct ditto_lock_ctx *ditto_lock_ctx_find_mirrored(struct ditto_lock_point *point)
{
	return lock_ctx_search(mirrored_of_point, point);
}

/*
 * The same as ditto_lock_ctx_find_mirrored() if its ranges come and go without the VFS, see
 * ctx->covered; else NULL.
 */
struct ditto_lock_ctx *ditto_lock_ctx_find_covered(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx = lock_ctx_search(covered_of_point, point);

	if (ctx && unlikely(!ctx->covered)) {
		ditto_lock_ctx_unlock_same(ctx);
		ctx = NULL;
	}
	return ctx;
}

/*
 * Find or allocate the lock context of a node, and lock it. @point: of the node, held by the
 * caller. Context: takes ctx->lock. Return: the context, to be passed to ditto_lock_ctx_unlock();
 * NULL without memory.
 */
struct ditto_lock_ctx *ditto_lock_ctx_make(struct ditto_lock_point *point)
{
	struct ditto_lock_ctx *ctx, *fresh;

	ctx = ditto_lock_ctx_find(point);
	if (ctx)
		return ctx;
	fresh = lock_ctx_alloc(point);
	if (!fresh)
		return NULL;
	__acquire(&fresh->lock);
	while (cmpxchg(&point->ctx, RCU_INITIALIZER(NULL), RCU_INITIALIZER(fresh))) {
		spin_unlock(&fresh->lock);
		ctx = ditto_lock_ctx_find(point);
		if (ctx) {
			lock_ctx_free(fresh);
			return ctx;
		}
		spin_lock(&fresh->lock);
	}
	fresh->dead = false;
	__release(&fresh->lock);
	ditto_locks_live_add(point->table, DITTO_COUNT_NODES, 1);
	point->ops->get(point);
	return fresh;
}

/*
 * Lock the lock context of a claim or a waiting request. @where: its pointer to the context; the
 * caller keeps that memory. Context: takes ctx->lock. Return: the context, to be passed to
 * ditto_lock_ctx_unlock(); NULL if it is off its node.
 */
struct ditto_lock_ctx *ditto_lock_ctx_at(struct ditto_lock_ctx *const *where)
{
	struct ditto_lock_ctx *ctx;

	/* Pairs with ditto_claim_detach(). */
	if (!smp_load_acquire(where))
		return NULL;
	rcu_read_lock();
	/* Pairs with ditto_claim_detach(), too. */
	while ((ctx = smp_load_acquire(where))) {
		spin_lock(&ctx->lock);
		if (*where == ctx) {
			__release(&ctx->lock);
			break;
		}
		spin_unlock(&ctx->lock);
	}
	rcu_read_unlock();
	return ctx;
}

static u16 lock_ctx_summary(const struct ditto_lock_ctx *ctx)
{
	const struct ditto_holder_sum held = ditto_holders_sum(ctx);
	u32 denied;
	u16 sum = 0;

	for (int row = 0; ctx->busy->ranged && row < DITTO_RANGE_ROWS; row++) {
		if (!RB_EMPTY_ROOT(&ctx->busy->ranges[row]))
			sum |= row < DITTO_HELD_EXACT_SHARED ? DITTO_SUM_RANGE : DITTO_SUM_EXACT;
	}
	/* Most nodes have none. */
	denied = held.modes & ditto_modes_any(ditto_modes(0, DITTO_OPEN_KEPT));
	for (int bit = 0; denied && bit < 3; bit++) {
		if (denied & ditto_modes_any(ditto_modes(0, BIT(bit))))
			sum |= DITTO_SUM_DENY_READ << bit;
	}
	sum |= ditto_classes_bits(held.held) * DITTO_SUM_LEASE_READ;
	if (held.modes & DITTO_HOLDER_OPEN)
		sum |= DITTO_SUM_OPEN;
	if (held.modes & DITTO_HOLDER_NOTIFY)
		sum |= DITTO_SUM_NOTIFY;
	if (ctx->busy->waiting)
		sum |= DITTO_SUM_WAIT;
	return sum;
}

/* Take the claims that are to be freed off the node, the newest last. */
static void gone_take(struct ditto_lock_ctx *ctx, struct ditto_claim **gone)
{
	struct ditto_claim *claim;

	while ((claim = ctx->gone)) {
		ctx->gone = claim->gone;
		claim->gone = *gone;
		*gone = claim;
	}
}

static void gone_free(struct ditto_claim *claim)
{
	struct ditto_claim *next;

	for (; claim; claim = next) {
		next = claim->gone;
		if (ditto_held_is_range(claim->held))
			ditto_range_free(ditto_claim_range(claim));
		else
			ditto_lease_put(ditto_claim_lease(claim));
	}
}

/* Reset the limits of one hold of the lock. */
static void lock_ctx_hold_end(struct ditto_lock_ctx *ctx)
{
	ctx->more = false;
	ctx->begun = 0;
	ditto_steps_end();
}

/*
 * Grant waiting requests and wake parked operations for what was given up. Return: true if a
 * queued request must break more grants than one hold of the lock allows.
 */
static bool lock_ctx_settle(struct ditto_lock_ctx *ctx)
{
	u16 summary;

	/*
	 * A request that is granted may have broken a grant that parked operations wait for, too.
	 */
	while (ctx->settled || ctx->pump) {
		if (ctx->settled)
			ditto_park_wake(ctx);
		ctx->settled = false;
		ctx->pump = false;
		ditto_wait_pump(ctx);
	}
	if (ctx->mirror)
		ditto_mirror_note(ctx);
	summary = lock_ctx_summary(ctx);
	if (summary != ctx->summary)
		WRITE_ONCE(ctx->summary, summary);
	return ctx->more && ctx->busy->waiting;
}

/*
 * Settle everything that changed, and unlock. @ctx: locked. First wakes parked operations and runs
 * the queue for what was given up, and updates the summary. Then drops the lock, frees claims that
 * ended, and frees the context if nothing is held any more. Context: ctx->lock held and no other;
 * may sleep after the lock is dropped.
 */
void ditto_lock_ctx_unlock(struct ditto_lock_ctx *ctx)
{
	struct ditto_lock_point *point = ctx->point;
	struct ditto_mirror *mirror = NULL;
	struct ditto_claim *gone = NULL;
	bool dead, unwatch;

	lockdep_assert_held(&ctx->lock);
	__acquire(&ctx->lock);
	while (lock_ctx_settle(ctx)) {
		ditto_lock_ctx_pin(ctx);
		lock_ctx_hold_end(ctx);
		/* Nobody else frees them, who may hold the mirror's lock. */
		gone_take(ctx, &gone);
		spin_unlock(&ctx->lock);
		cond_resched();
		spin_lock(&ctx->lock);
		ditto_lock_ctx_unpin(ctx);
		ctx->pump = true;
	}
	lock_ctx_hold_end(ctx);
	gone_take(ctx, &gone);
	/* The watch of a directory ends after its last grant. */
	unwatch = ctx->watched && !ditto_holders_sum(ctx).held;
	if (unwatch) {
		ctx->watched = false;
		point->ops->get(point);
	}
	dead = lock_ctx_is_unused(ctx);
	if (dead) {
		ctx->dead = true;
		RCU_INIT_POINTER(point->ctx, NULL);
		mirror = ctx->mirror;
	}
	spin_unlock(&ctx->lock);

	if (gone)
		gone_free(gone);
	if (unlikely(unwatch)) {
		point->ops->watch(point, false);
		point->ops->put(point);
	}
	if (dead) {
		ditto_mirror_put(mirror);
		ditto_locks_live_add(point->table, DITTO_COUNT_NODES, -1);
		lock_ctx_free(ctx);
		point->ops->put(point);
	}
}

/*
 * Unlock when nothing changed but the pins. @ctx: locked; if it is pinned, a later
 * ditto_lock_ctx_unlock() settles everything. Context: ctx->lock held.
 */
void ditto_lock_ctx_unlock_same(struct ditto_lock_ctx *ctx)
{
	if (unlikely(lock_ctx_is_unused(ctx))) {
		ditto_lock_ctx_unlock(ctx);
		return;
	}
	__acquire(&ctx->lock);
	lock_ctx_hold_end(ctx);
	spin_unlock(&ctx->lock);
}

/* Keep the context while its lock is dropped. ctx->lock held. */
void ditto_lock_ctx_pin(struct ditto_lock_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	ctx->pins++;
}

/* Undo ditto_lock_ctx_pin(). ctx->lock held. */
void ditto_lock_ctx_unpin(struct ditto_lock_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	ctx->pins--;
}

/* Lock a context that the caller has pinned. */
void ditto_lock_ctx_lock_pinned(struct ditto_lock_ctx *ctx)
{
	spin_lock(&ctx->lock);
	__release(&ctx->lock);
}

/* Concurrent claims on other nodes may exceed a table-wide limit slightly. */
static int claim_limits(struct ditto_lock_ctx *ctx, struct ditto_claim *claim)
{
	struct ditto_client *client = claim->owner->client;
	struct ditto_lock_table *table = client->table;

	if (ctx->claims < READ_ONCE(table->settings.claims_per_node) &&
	    ditto_client_claims(client) < READ_ONCE(table->settings.claims_per_client) &&
	    percpu_counter_compare(&table->claims, READ_ONCE(table->settings.claims)) < 0 &&
	    !ditto_client_cover(client, 1))
		return 0;
	ditto_locks_count(table, DITTO_LOCK_LIMIT);
	return -ENOLCK;
}

/*
 * Number of a new claim or waiting request. The number is larger than all of the same client, and
 * unique in the table. Every CPU counts for itself, and its own number is in the lowest bits, so
 * that no memory is written by all. Context: client->lock held. Return: the number, never 0.
 */
u64 ditto_lock_number(struct ditto_client *client)
{
	u32 bits = order_base_2(nr_cpu_ids);
	u64 *last, id;

	lockdep_assert_held(&client->lock);
	last = get_cpu_ptr(client->table->last_id);
	id = max(*last, client->last_id);
	id = ((id >> bits) + 1) << bits | smp_processor_id();
	*last = id;
	put_cpu_ptr(client->table->last_id);
	client->last_id = id;
	return id;
}

/* Add to the client's tree. The newest number is the largest, so no search is needed. */
static void number_add(struct ditto_client *client, struct rb_node *rb)
{
	struct rb_node *newest = client->newest;

	rb_link_node(rb, newest, newest ? &newest->rb_right : &client->claims.rb_node);
	rb_insert_color(rb, &client->claims);
	client->newest = rb;
}

static void number_del(struct ditto_client *client, struct rb_node *rb)
{
	if (client->newest == rb)
		client->newest = rb_prev(rb);
	rb_erase(rb, &client->claims);
}

/*
 * Put a claim on its node and its client. @ctx: locked; @claim: kind and owner are set; no
 * reference is taken. Context: ctx->lock held. Return: 0; -ESHUTDOWN (the client was released);
 * -ENOLCK (a limit).
 */
int ditto_claim_attach(struct ditto_lock_ctx *ctx, struct ditto_claim *claim)
{
	struct ditto_client *client = claim->owner->client;
	enum ditto_claim_kind kind = ditto_claim_kind(claim);
	int err;

	lockdep_assert_held(&ctx->lock);
	spin_lock(&client->lock);
	err = client->dead ? -ESHUTDOWN : claim_limits(ctx, claim);
	if (err) {
		spin_unlock(&client->lock);
		return err;
	}
	WRITE_ONCE(claim->ctx, ctx);
	claim->since = ktime_get_real_seconds();
	claim->id = ditto_lock_number(client);
	number_add(client, &claim->by_id);
	WRITE_ONCE(client->live[kind], client->live[kind] + 1);
	if (kind == DITTO_CLAIM_RANGE)
		WRITE_ONCE(claim->owner->ranges, claim->owner->ranges + 1);
	spin_unlock(&client->lock);
	ditto_locks_live_add(client->table, kind, 1);
	percpu_counter_inc(&client->table->claims);
	ctx->claims++;
	ditto_locks_count(client->table, DITTO_LOCK_GRANTED);
	return 0;
}

/*
 * Take a claim off its node and its client. @claim: attached; memory of the table is freed when
 * ctx->lock is dropped. Context: ctx->lock held.
 */
void ditto_claim_detach(struct ditto_claim *claim)
{
	struct ditto_lock_ctx *ctx = claim->ctx;
	struct ditto_client *client = claim->owner->client;
	enum ditto_claim_kind kind = ditto_claim_kind(claim);

	lockdep_assert_held(&ctx->lock);
	spin_lock(&client->lock);
	number_del(client, &claim->by_id);
	WRITE_ONCE(client->live[kind], client->live[kind] - 1);
	if (kind == DITTO_CLAIM_RANGE)
		WRITE_ONCE(claim->owner->ranges, claim->owner->ranges - 1);
	ditto_client_cover(client, 0);
	spin_unlock(&client->lock);
	ditto_locks_live_add(client->table, kind, -1);
	percpu_counter_dec(&client->table->claims);
	ctx->claims--;
	ctx->pump = true;
	/* Opens and pending ranges are not the table's memory. */
	if (ditto_held_is_range(claim->held) ? !ditto_claim_range(claim)->pending :
					       claim->held != DITTO_HELD_OPEN) {
		claim->gone = ctx->gone;
		ctx->gone = claim;
	}
	/* A task that sees this without the lock may free the open. See ditto_lock_ctx_at(). */
	smp_store_release(&claim->ctx, NULL);
}

/* Take the claim of an open away from its holder, who may free the open right after that. */
static bool open_take(struct ditto_open *open, const char *why)
{
	struct ditto_client *client = open->claim.owner->client;
	bool dropped;

	ditto_client_hold(client);
	dropped = ditto_open_drop(open, why);
	if (dropped) {
		/* Behind the claim, for which the protocol looks after it has cleared this. */
		smp_store_release(&client->opens_lost, true);
	}
	ditto_client_put(client);
	return dropped;
}

/*
 * Take off a claim of any kind, because its client, share or node ends. The ranges and waiting
 * requests that end with an open are dropped before it, one in each call. Context: ctx->lock held.
 * Return: false if the open is still there, and this must be called again.
 */
bool ditto_claim_drop(struct ditto_claim *claim, const char *why)
{
	struct ditto_lock_table *table = ditto_owner_table(claim->owner);

	if (claim->held == DITTO_HELD_OPEN) {
		if (!open_take(ditto_claim_open(claim), why))
			return false;
	} else {
		trace_ditto_release(claim, 0, why);
		if (ditto_held_is_range(claim->held))
			ditto_range_drop(ditto_claim_range(claim));
		else
			ditto_lease_drop(ditto_claim_lease(claim));
	}
	ditto_locks_count(table, DITTO_LOCK_RELEASED);
	return true;
}

/*
 * A grant that nobody broke was the remover's own. The holder of any other one does not know that
 * the file is gone, and must learn of the loss.
 */
static void lease_mark_gone(struct ditto_lease *lease)
{
	if (lease->state == DITTO_LEASE_HELD)
		WRITE_ONCE(lease->gone, true);
}

/* A claim of the node, or NULL if there is none: ranges first, then holder by holder. */
static struct ditto_claim *lock_ctx_some_claim(struct ditto_lock_ctx *ctx)
{
	struct rb_node *rb = rb_first(&ctx->busy->by_owner);
	struct ditto_holder *holder;

	if (rb)
		return &rb_entry(rb, struct ditto_range, by_owner)->claim;
	rb = rb_first(&ctx->holders);
	if (!rb)
		return NULL;
	holder = rb_entry(rb, struct ditto_holder, by_key);
	if (holder->grant)
		return &holder->grant->claim;
	return &rb_entry(rb_first(&holder->opens), struct ditto_open, by_owner)->claim;
}

static void point_drop(struct ditto_lock_point *point, const char *why, bool gone)
{
	struct ditto_lock_ctx *ctx;
	struct ditto_claim *claim;
	struct ditto_wait *wait;
	bool more = true;

	while (more) {
		ctx = ditto_lock_ctx_find(point);
		if (!ctx)
			return;
		/* The lock is dropped from time to time, for other tasks. */
		for (int i = 0; more && i < DITTO_DROPS_AT_ONCE; i++) {
			wait = NULL;
			if (ctx->busy->waiting)
				wait = list_first_entry(&ctx->busy->waits, struct ditto_wait, link);
			claim = lock_ctx_some_claim(ctx);
			if (claim && gone && ditto_held_is_lease(claim->held))
				lease_mark_gone(ditto_claim_lease(claim));
			if (wait)
				ditto_wait_finish(wait, -ESHUTDOWN);
			else if (claim)
				ditto_claim_drop(claim, why);
			else
				more = false;
		}
		ctx->settled = true;
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}

/*
 * End all claims on an object, as when its share is removed. Ends all claims and waiting requests;
 * caching grants are revoked. New claims are not prevented. Context: no lock held.
 */
void ditto_lock_point_release(struct ditto_lock_point *point, const char *why)
{
	point_drop(point, why, false);
}

/*
 * End all claims on a file that is gone. The claims end as by ditto_lock_point_release(), but
 * holders of caching grants are not to blame for the loss, see ditto_lease_gone(). Context: no lock
 * held.
 */
void ditto_lock_point_gone(struct ditto_lock_point *point)
{
	point_drop(point, "file removed", true);
}
