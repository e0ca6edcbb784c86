// SPDX-License-Identifier: GPL-2.0-only
/*
 * Breaks: taking back what was granted.
 *
 * A holder with nothing but reading to give up is told, and that is that. Any
 * other has until the deadline to answer, counted from the moment it is told,
 * by a timer of its own; then the grant is void, whether anybody waits or not.
 * If more is asked for while an answer is awaited, it is asked for in further
 * steps, each with its own deadline, first WRITE, then HANDLE, then READ.
 *
 * Locking: the state of a grant is under its node's ctx->lock. Callbacks run
 * from one work item per grant, so one at a time, with no lock held.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "private.h"
#include "trace.h"

/* A holder whose deadline has passed is not withdrawn yet. */
#define EXPIRE_AGAIN_MS	1000

/* A change of a directory on its way to one holder; the names follow. */
struct ditto_change {
	struct list_head link;
	struct ditto_entry_change change;
	char names[];
};

/* Queue the callbacks. The client waits for them when it is released. */
static void cache_queue(struct ditto_cache *cache)
{
	struct ditto_client *client = cache->claim.owner->client;

	ditto_cache_hold(cache);
	ditto_callback_begin(client);
	if (queue_work(client->table->wq, &cache->tell))
		return;
	/* It is due already, which keeps both counts above this one. */
	ditto_callback_end(client);
	refcount_dec(&cache->ref);
}

void ditto_cache_tell(struct ditto_cache *cache, unsigned int what)
{
	set_bit(what, &cache->tells);
	cache_queue(cache);
}

static void arm(struct ditto_cache *cache, u64 ms)
{
	ditto_cache_hold(cache);
	if (!queue_delayed_work(ditto_owner_table(cache->claim.owner)->wq, &cache->expire,
				msecs_to_jiffies(ms)))
		refcount_dec(&cache->ref);
}

static bool is_lease(const struct ditto_cache *cache)
{
	return cache->claim.held == DITTO_HELD_LEASE || cache->claim.held == DITTO_HELD_DIRECTORY;
}

/* Who changes the node stays until the holder is told. */
static void tell_holder(struct ditto_cache *cache, unsigned int what)
{
	struct ditto_lock_point *point = cache->claim.ctx->point;

	lockdep_assert_held(&cache->claim.ctx->lock);
	if (!cache->untold) {
		point->ops->get(point);
		atomic_inc(&point->untold);
		cache->untold = point;
	}
	ditto_cache_tell(cache, what);
}

/* It was told, or there is nothing to be told any more. */
static void holder_told(struct ditto_cache *cache)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);
	struct ditto_lock_point *point = NULL;

	if (!ctx) {
		/* Off its node: what is to be told was set before it was taken off. */
		smp_rmb();
	}
	if (!(READ_ONCE(cache->tells) & (BIT(DITTO_TELL_BREAK) | BIT(DITTO_TELL_REVOKED))))
		swap(point, cache->untold);
	if (ctx)
		ditto_lock_ctx_unlock(ctx);
	if (!point)
		return;
	if (atomic_dec_and_test(&point->untold))
		wake_up_var(&point->untold);
	point->ops->put(point);
}

void ditto_claim_told_slow(struct ditto_lock_point *point)
{
	const struct work_struct *work = current_work();
	struct ditto_lock_table *table = point->table;
	unsigned int ms = DITTO_UNTOLD_MS;

	/* A holder that changes something when it is told would wait for itself. */
	if (work && work->func == ditto_cache_tell_work)
		return;
	if (atomic_inc_return(&table->untold) > DITTO_UNTOLD_LONG)
		ms = DITTO_UNTOLD_SHORT_MS;
	wait_var_event_timeout(&point->untold, !atomic_read(&point->untold),
			       msecs_to_jiffies(ms));
	atomic_dec(&table->untold);
}
EXPORT_SYMBOL_NS_GPL(ditto_claim_told_slow, DITTO);

/* Ask the holder to keep no more than this. */
static void break_step(struct ditto_cache *cache, u8 keep)
{
	struct ditto_lock_point *point = cache->claim.ctx->point;
	struct ditto_lock_table *table = point->table;

	cache->keep = keep;
	cache->told = false;
	cache->ack = !is_lease(cache) || cache->bits != DITTO_CACHE_READ;
	trace_ditto_break(&cache->claim, keep, cache->ack ? "ack" : "no ack");
	ditto_locks_report(table, DITTO_LOCK_BREAK, cache->claim.owner->client);
	ditto_delegation_recalled(cache);
	if (!is_lease(cache))
		point->quiet_until = table->clock() + READ_ONCE(table->settings.quiet_ms);
	tell_holder(cache, DITTO_TELL_BREAK);
	if (cache->ack) {
		WRITE_ONCE(cache->state, DITTO_CACHE_BREAKING);
		ditto_holder_update(cache);
	} else {
		ditto_cache_set_bits(cache, keep);
	}
}

/* Void, whatever it was: the holder does not answer. */
static void revoke(struct ditto_cache *cache)
{
	struct ditto_lock_table *table = cache->claim.ctx->point->table;

	trace_ditto_revoke(&cache->claim, 0, "");
	ditto_locks_report(table, DITTO_LOCK_REVOKED, cache->claim.owner->client);
	ditto_delegation_revoked(cache);
	clear_bit(DITTO_TELL_BREAK, &cache->tells);
	tell_holder(cache, DITTO_TELL_REVOKED);
	ditto_cache_remove(cache);
}

/*
 * A delegation of a file can be claimed after a restart: it is taken with all else that its
 * lapsed client has, once that is withdrawn, and whoever needs it comes again.
 */
static bool break_awaits_withdrawal(const struct ditto_cache *cache)
{
	return cache->claim.held == DITTO_HELD_DELEGATION &&
	       cache->claim.owner->client->ops->withdraw;
}

/* The deadline has passed. What a silent client could claim again is looked at again later. */
static void break_expire(struct ditto_cache *cache)
{
	if (ditto_client_yields(cache->claim.owner->client) && break_awaits_withdrawal(cache))
		arm(cache, EXPIRE_AGAIN_MS);
	else
		revoke(cache);
}

/* Bits that are held are to be given up. Nothing happens twice. */
bool ditto_break_begin(struct ditto_cache *cache, u8 gives_up)
{
	u8 keep = ditto_cache_valid(cache->bits & ~gives_up);
	struct ditto_lock_ctx *ctx = cache->claim.ctx;

	lockdep_assert_held(&ctx->lock);
	/* Nobody is there to be asked. */
	if (ditto_client_yields(cache->claim.owner->client)) {
		if (break_awaits_withdrawal(cache))
			return false;
		revoke(cache);
	} else if (cache->state == DITTO_CACHE_BREAKING) {
		cache->target = ditto_cache_valid(cache->target & keep);
		ditto_holder_update(cache);
	} else {
		cache->target = keep;
		break_step(cache, keep);
	}
	ctx->begun++;
	return true;
}

void ditto_cache_break(struct ditto_cache *cache, u8 gives_up)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);

	if (!ctx)
		return;
	if (cache->bits & gives_up)
		ditto_break_begin(cache, gives_up);
	ditto_lock_ctx_unlock(ctx);
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_break, DITTO);

/* The next step down to the target. */
static u8 next_step(const struct ditto_cache *cache)
{
	u8 excess = cache->bits & ~cache->target;

	if (!is_lease(cache))
		return cache->target;
	if (excess & DITTO_CACHE_WRITE)
		return cache->bits & ~DITTO_CACHE_WRITE;
	if (excess & DITTO_CACHE_HANDLE)
		return cache->bits & ~DITTO_CACHE_HANDLE;
	return 0;
}

/*
 * What an answer leaves; the break goes on if that is still too much. Who waits for this
 * step waits for those that follow, too: the break is over when the holder has no more
 * than others leave it (MS-FSA section 2.1.4.12).
 */
static void break_answered(struct ditto_cache *cache, u8 keep)
{
	struct ditto_lock_ctx *ctx = cache->claim.ctx;
	bool settled = ctx->settled;

	if (cancel_delayed_work(&cache->expire))
		refcount_dec(&cache->ref);
	ditto_delegation_answered(cache, keep);
	WRITE_ONCE(cache->state, DITTO_CACHE_HELD);
	ditto_cache_set_bits(cache, keep);
	if (!(keep & ~cache->target))
		return;
	break_step(cache, next_step(cache));
	if (!cache->ack)
		return;
	ctx->settled = settled;
	ctx->pump = true;
}

int ditto_cache_ack(struct ditto_cache *cache, u8 keep)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);
	int err = 0;

	if (!ctx)
		return -ENOENT;
	keep = ditto_cache_valid(keep);
	if (cache->state != DITTO_CACHE_BREAKING || !cache->told) {
		err = -ENOENT;
	} else if (keep & ~cache->keep) {
		err = -EINVAL;
	} else {
		trace_ditto_ack(&cache->claim, keep, "");
		ditto_locks_count(ctx->point->table, DITTO_LOCK_ACK);
		break_answered(cache, keep);
	}
	ditto_lock_ctx_unlock(ctx);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_ack, DITTO);

/* The deadline begins now. False if there is nothing to tell any more. */
static bool break_told(struct ditto_cache *cache, u8 *keep, bool *ack)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);

	*keep = cache->keep;
	*ack = cache->ack;
	if (!ctx)
		/* Off its node: by this break, or by something that cleared the bit. */
		return !*ack;
	if (*ack) {
		cache->told = true;
		cache->deadline = ctx->point->table->clock() + cache->break_ms;
		arm(cache, cache->break_ms);
	}
	ditto_lock_ctx_unlock(ctx);
	return true;
}

/* The next change to be delivered, or NULL. */
static struct ditto_change *change_next(struct ditto_cache *cache)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);
	struct ditto_change *change = NULL;

	if (!ctx)
		return NULL;
	change = list_first_entry_or_null(&cache->changes, struct ditto_change, link);
	if (change) {
		list_del(&change->link);
		cache->change_count--;
	}
	ditto_lock_ctx_unlock(ctx);
	return change;
}

void ditto_cache_tell_work(struct work_struct *work)
{
	struct ditto_cache *cache = container_of(work, struct ditto_cache, tell);
	struct ditto_client *client = cache->claim.owner->client;
	struct ditto_change *change;
	bool ack;
	u8 keep;

	while ((change = change_next(cache))) {
		cache->ops->notify(cache, &change->change);
		kfree(change);
	}
	if (test_and_clear_bit(DITTO_TELL_BREAK, &cache->tells) && break_told(cache, &keep, &ack))
		cache->ops->breaking(cache, keep, ack);
	if (test_and_clear_bit(DITTO_TELL_REVOKED, &cache->tells))
		cache->ops->revoked(cache);
	holder_told(cache);
	if (test_and_clear_bit(DITTO_TELL_ASK, &cache->tells) && READ_ONCE(cache->claim.ctx))
		cache->ops->ask(cache);

	ditto_client_hold(client);
	ditto_cache_put(cache);
	ditto_callback_end(client);
	ditto_client_put(client);
}

/* The timer says that the deadline may have passed; the clock decides. */
void ditto_cache_expire_work(struct work_struct *work)
{
	struct ditto_cache *cache = container_of(to_delayed_work(work), struct ditto_cache, expire);
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);

	if (ctx && cache->state == DITTO_CACHE_BREAKING && cache->told) {
		u64 now = ctx->point->table->clock();

		if (now >= cache->deadline)
			break_expire(cache);
		else
			arm(cache, cache->deadline - now);
	}
	if (ctx)
		ditto_lock_ctx_unlock(ctx);
	ditto_cache_put(cache);
}

void ditto_changes_free(struct list_head *changes)
{
	struct ditto_change *change, *next;

	list_for_each_entry_safe(change, next, changes, link)
		kfree(change);
}

static struct ditto_change *change_copy(const struct ditto_entry_change *from)
{
	struct ditto_change *change;

	change = kmalloc(struct_size(change, names, from->len + from->old_len),
			 GFP_NOWAIT | __GFP_NOWARN);
	if (!change)
		return NULL;
	change->change = *from;
	change->change.name = change->names;
	change->change.old_name = change->names + from->len;
	memcpy(change->names, from->name, from->len);
	if (from->old_len)
		memcpy(change->names + from->len, from->old_name, from->old_len);
	return change;
}

static void deliver(struct ditto_cache *cache, const struct ditto_entry_change *from)
{
	struct ditto_change *change = NULL;

	if (cache->change_count < DITTO_CHANGES_PER_CACHE &&
	    !READ_ONCE(cache->claim.owner->client->lapsed))
		change = change_copy(from);
	if (!change) {
		ditto_break_begin(cache, DITTO_CACHE_READ);
		return;
	}
	list_add_tail(&change->link, &cache->changes);
	cache->change_count++;
	cache_queue(cache);
}

/*
 * To some of those who want to be told, and @behind is the key of the last of them; true if there
 * are more. A grant that is made in between needs not be told.
 */
static bool deliver_some(struct ditto_lock_point *point, struct ditto_owner **behind,
			 const struct ditto_actor *actor, const struct ditto_entry_change *change)
{
	static const struct ditto_holder_sum told = { .modes = DITTO_HOLDER_NOTIFY };
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	struct ditto_holder *holder, *next;
	struct ditto_owner *last = NULL;

	if (!ctx)
		return false;
	holder = ditto_holder_behind(ctx, *behind, false, &told);
	for (int i = 0; holder && i < DITTO_DROPS_AT_ONCE; i++, holder = next) {
		struct ditto_cache *cache = holder->grant;
		const struct ditto_matrix_cell *cell =
			&ditto_matrix[cache->claim.held][DITTO_INTENT_ENTRY];

		next = ditto_holder_next(holder, &told);
		last = cache->claim.owner;
		if (!change)
			ditto_break_begin(cache, DITTO_CACHE_READ);
		else if (!ditto_exempt(cell, &cache->claim, actor))
			deliver(cache, change);
	}
	/* A grant that went keeps its key until then. */
	if (last)
		ditto_owner_hold(last);
	ditto_lock_ctx_unlock(ctx);
	ditto_owner_put(*behind);
	*behind = last;
	return holder;
}

/* Of a change; or with NULL, of changes that nobody can name. */
static void deliver_all(struct ditto_lock_point *point, const struct ditto_actor *actor,
			const struct ditto_entry_change *change)
{
	struct ditto_owner *behind = NULL;

	while (deliver_some(point, &behind, actor, change))
		cond_resched();
	ditto_owner_put(behind);
}

void ditto_cache_deliver_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			      const struct ditto_entry_change *change)
{
	static const struct ditto_actor anonymous;

	deliver_all(point, actor ?: &anonymous, change);
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_deliver_slow, DITTO);

void ditto_cache_lose(struct ditto_lock_point *point)
{
	deliver_all(point, NULL, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_lose, DITTO);
