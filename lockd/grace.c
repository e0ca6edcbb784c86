// SPDX-License-Identifier: GPL-2.0-only
/* Grace period, see grace.h. */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>

#include "check_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"

/**
 * struct ditto_known - a client known from before the restart
 * @link: entry in grace->known
 * @round: the last grace period in which it may reclaim
 * @finished: it reclaims nothing more
 * @guarded: it may reclaim more than ranges
 * @len: length of @id in bytes
 * @id: its identifier
 */
struct ditto_known {
	struct hlist_node link;
	u32 round;
	bool finished;
	bool guarded;
	u16 len;
	u8 id[] __counted_by(len);
};

/*
 * Changes of files are held off while it is not known whether a claim that may be reclaimed forbids
 * them, and for as long as such a claim is on record.
 */
static void guards_update(struct ditto_lock_table *table)
{
	lockdep_assert_held(&table->grace.lock);
	switch (table->state) {
	case DITTO_STATE_NORMAL:
		WRITE_ONCE(table->guards, false);
		break;
	case DITTO_STATE_LOADING:
		WRITE_ONCE(table->guards, true);
		break;
	case DITTO_STATE_GRACE:
		WRITE_ONCE(table->guards, table->grace.guarded);
		break;
	case DITTO_STATE_FORGETTING:
		/* As at the end of the state before. */
		break;
	}
}

static void grace_state_set(struct ditto_lock_table *table, enum ditto_lock_state state)
{
	struct ditto_grace *grace = &table->grace;

	lockdep_assert_held(&grace->lock);
	if (state == table->state)
		return;
	if (table->state == DITTO_STATE_NORMAL) {
		grace->left = table->clock();
		locks_start_grace(table->net, &grace->manager);
	}
	WRITE_ONCE(table->state, state);
	guards_update(table);
	if (state == DITTO_STATE_NORMAL)
		locks_end_grace(&grace->manager);
	/* Pairs with the barrier of ditto_grace_wait(). */
	smp_mb();
	wake_up_var(&table->state);
}

/* The timer only says that the deadline may have passed; the clock decides. */
static void grace_timer(struct work_struct *work)
{
	struct ditto_grace *grace = container_of(to_delayed_work(work), struct ditto_grace, end);
	struct ditto_lock_table *table = container_of(grace, struct ditto_lock_table, grace);
	u64 until = READ_ONCE(grace->until), now = table->clock();

	if (now >= until)
		ditto_grace_end(table);
	else
		queue_delayed_work(table->wq, &grace->end, msecs_to_jiffies(until - now));
}

/*
 * Part of ditto_locks_create() and ditto_locks_destroy(). The exit ends the grace period; may
 * sleep.
 */
void ditto_grace_init(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;

	INIT_LIST_HEAD(&grace->manager.list);
	/* New opens with deny bits and new grants could conflict with a reclaim. */
	grace->manager.block_opens = true;
	INIT_DELAYED_WORK(&grace->end, grace_timer);
	spin_lock_init(&grace->lock);
	get_random_bytes(&grace->key, sizeof(grace->key));
}

void ditto_grace_leave(struct ditto_lock_table *table)
{
	/* Nothing is forgotten: a grace period that is cut short continues in the next life. */
	spin_lock(&table->grace.lock);
	table->grace.over = true;
	grace_state_set(table, DITTO_STATE_NORMAL);
	/* Readers are under RCU. */
	WRITE_ONCE(table->net, NULL);
	spin_unlock(&table->grace.lock);
}

void ditto_grace_exit(struct ditto_lock_table *table)
{
	struct ditto_known *known;
	struct hlist_node *next;

	ditto_grace_leave(table);
	cancel_delayed_work_sync(&table->grace.end);
	for (int i = 0; i < DITTO_KNOWN_BUCKETS; i++) {
		hlist_for_each_entry_safe(known, next, &table->grace.known[i], link)
			kfree(known);
	}
}

static struct hlist_head *known_bucket(struct ditto_grace *grace, const void *id, size_t len)
{
	return &grace->known[siphash(id, len, &grace->key) % DITTO_KNOWN_BUCKETS];
}

static struct ditto_known *known_find(struct ditto_grace *grace, const void *id, size_t len)
{
	struct ditto_known *known;

	hlist_for_each_entry(known, known_bucket(grace, id, len), link) {
		if (known->len == len && !memcmp(known->id, id, len))
			return known;
	}
	return NULL;
}

static u32 grace_unfinished(const struct ditto_grace *grace)
{
	return grace->expected - grace->finished;
}

/* The client may reclaim in this round. */
static void known_expect(struct ditto_lock_table *table, struct ditto_known *known)
{
	known->round = table->grace.round;
	known->finished = false;
	table->grace.expected++;
	if (known->guarded)
		table->grace.guarded++;
	guards_update(table);
}

static bool known_may_reclaim(const struct ditto_grace *grace, const struct ditto_known *known)
{
	return known && READ_ONCE(known->round) == READ_ONCE(grace->round) &&
	       !READ_ONCE(known->finished);
}

/* Clients of the last round that did not reclaim may not do so in the next one. */
static void round_begin(struct ditto_grace *grace)
{
	lockdep_assert_held(&grace->lock);
	if (!grace->over)
		return;
	grace->over = false;
	WRITE_ONCE(grace->round, grace->round + 1);
	grace->expected = 0;
	grace->finished = 0;
	grace->guarded = 0;
}

/**
 * ditto_grace_know - record a client that existed before the restart
 * @table: the lock table
 * @id: opaque identifier; ditto_grace_admit() compares it
 * @len: length of @id in bytes, at most DITTO_KNOWN_ID_MAX
 * @held: what it may have held
 *
 * Called before ditto_grace_loaded() or ditto_grace_start(). A client recorded twice counts once.
 * The first client that is recorded after a grace period begins the next round; clients of the
 * previous round may not reclaim in it unless they are recorded again.
 *
 * Return: 0, -EINVAL (length), -ENOMEM, -ENOSPC (too many clients).
 */
int ditto_grace_know(struct ditto_lock_table *table, const void *id, size_t len,
		     enum ditto_known_held held)
{
	struct ditto_grace *grace = &table->grace;
	struct ditto_known *known, *old;
	int err = 0;

	if (!len || len > DITTO_KNOWN_ID_MAX)
		return -EINVAL;
	known = kzalloc(struct_size(known, id, len), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	known->guarded = held == DITTO_KNOWN_ANY;
	known->len = len;
	memcpy(known->id, id, len);

	spin_lock(&grace->lock);
	round_begin(grace);
	old = known_find(grace, id, len);
	if (old) {
		kfree(known);
		if (old->round != grace->round)
			known_expect(table, old);
	} else if (grace->count >= DITTO_KNOWN_MAX) {
		kfree(known);
		err = -ENOSPC;
	} else {
		hlist_add_head(&known->link, known_bucket(grace, id, len));
		grace->count++;
		known_expect(table, known);
	}
	spin_unlock(&grace->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_know, "DITTO");

/* Begin the grace period if any client may reclaim. */
static bool grace_begin(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;
	u32 ms = READ_ONCE(table->settings.grace_ms);

	lockdep_assert_held(&grace->lock);
	if (grace->over || !grace_unfinished(grace))
		return false;
	grace->since = table->clock();
	WRITE_ONCE(grace->until, grace->since + ms);
	grace_state_set(table, DITTO_STATE_GRACE);
	mod_delayed_work(table->wq, &grace->end, msecs_to_jiffies(ms));
	ditto_locks_report(table, DITTO_LOCK_GRACE_STARTED, NULL);
	return true;
}

static void grace_normal(struct ditto_lock_table *table)
{
	grace_state_set(table, DITTO_STATE_NORMAL);
	if (!table->grace.until)
		return;
	WRITE_ONCE(table->grace.until, 0);
	ditto_locks_report(table, DITTO_LOCK_GRACE_ENDED, NULL);
}

/*
 * Nobody reclaims any more. Whoever did not must be forgotten before others get what it held,
 * because it could reclaim that after the next restart (RFC 8881 section 8.4.2.1).
 */
static void grace_forget(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;

	lockdep_assert_held(&grace->lock);
	grace->over = true;
	cancel_delayed_work(&grace->end);
	grace_state_set(table, DITTO_STATE_FORGETTING);
	grace->forgetting++;
	if (!table->forget || !table->forget(table, grace->forgetting))
		grace_normal(table);
}

/*
 * A helper is here that will say which clients there were before the restart: from now on nothing
 * is granted that one of them may reclaim. Does not sleep.
 */
void ditto_grace_load(struct ditto_lock_table *table)
{
	spin_lock(&table->grace.lock);
	if (table->state == DITTO_STATE_NORMAL)
		grace_state_set(table, DITTO_STATE_LOADING);
	spin_unlock(&table->grace.lock);
}

/* All clients of before the restart are known: ends LOADING. Does not sleep. */
void ditto_grace_loaded(struct ditto_lock_table *table)
{
	spin_lock(&table->grace.lock);
	if (table->state == DITTO_STATE_LOADING && !grace_begin(table))
		grace_normal(table);
	spin_unlock(&table->grace.lock);
}

/**
 * ditto_grace_start - begin the grace period
 * @table: the lock table
 *
 * It lasts until all known clients are done, or until the setting grace_ms is over. Nothing
 * happens if no client may reclaim, if it has begun, or before ditto_grace_loaded().
 *
 * Context: process; does not sleep.
 */
void ditto_grace_start(struct ditto_lock_table *table)
{
	spin_lock(&table->grace.lock);
	if (table->state == DITTO_STATE_NORMAL || table->state == DITTO_STATE_FORGETTING)
		grace_begin(table);
	spin_unlock(&table->grace.lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_start, "DITTO");

/*
 * Apply a change of the setting grace_ms to an active grace period. @table: the lock table.
 * Context: process; does not sleep.
 */
void ditto_grace_resize(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;
	bool active;

	spin_lock(&grace->lock);
	active = table->state == DITTO_STATE_GRACE;
	if (active)
		WRITE_ONCE(grace->until, grace->since + READ_ONCE(table->settings.grace_ms));
	spin_unlock(&grace->lock);
	/* The timer looks at the clock and continues to wait if there is time left. */
	if (active)
		mod_delayed_work(table->wq, &grace->end, 0);
}

/*
 * End the grace period now, or the wait for the helper that loads. @table: the lock table. On
 * behalf of the administrator. New claims are granted once the clients that did not reclaim are
 * forgotten. Idempotent. Context: process; does not sleep.
 */
void ditto_grace_end(struct ditto_lock_table *table)
{
	spin_lock(&table->grace.lock);
	if (table->state == DITTO_STATE_GRACE)
		grace_forget(table);
	else if (table->state == DITTO_STATE_LOADING)
		grace_state_set(table, DITTO_STATE_NORMAL);
	spin_unlock(&table->grace.lock);
}

/*
 * The clients that did not reclaim are durably forgotten. @table: the lock table. Context: process;
 * does not sleep.
 */
void ditto_grace_forgotten(struct ditto_lock_table *table, u64 number)
{
	spin_lock(&table->grace.lock);
	/* Another grace period may have begun, with others to be forgotten. */
	if (table->state == DITTO_STATE_FORGETTING && table->grace.forgetting == number)
		grace_normal(table);
	spin_unlock(&table->grace.lock);
}

/**
 * ditto_grace_wait - wait while the server is in a state
 * @table: the lock table
 * @state: the state
 * @ms: longest wait, in milliseconds
 *
 * Return: true if the server is in another state.
 */
bool ditto_grace_wait(struct ditto_lock_table *table, enum ditto_lock_state state,
		      unsigned int ms)
{
	return wait_var_event_timeout(&table->state, READ_ONCE(table->state) != state,
				      msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_wait, "DITTO");

/* Whether another server of the namespace holds up claims. */
static bool grace_of_others(struct ditto_lock_table *table, enum ditto_claim_kind kind)
{
	struct net *net;
	bool holds;

	rcu_read_lock();
	net = READ_ONCE(table->net);
	/* The last test takes a lock. */
	holds = net && unlikely(locks_in_grace(net)) &&
		(kind == DITTO_CLAIM_RANGE || opens_in_grace(net));
	rcu_read_unlock();
	return holds;
}

/**
 * ditto_grace_holds - check whether new claims must wait
 * @table: the lock table
 * @kind: kind of the claim
 *
 * All wait for our grace period, and ranges also for grace periods of other lock managers in the
 * namespace. Opens and grants wait for one only if it holds off opens: a lock manager of ranges
 * alone, such as lockd after a mount, knows no claims that they could violate.
 *
 * Context: process; does not sleep.
 * Return: true while new claims of this kind must wait.
 */
bool ditto_grace_holds(struct ditto_lock_table *table, enum ditto_claim_kind kind)
{
	return unlikely(READ_ONCE(table->state) != DITTO_STATE_NORMAL) ||
	       grace_of_others(table, kind);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_holds, "DITTO");

/**
 * ditto_grace_left - report the progress of our grace period
 * @table: the lock table
 * @unfinished: set to the number of clients that may still reclaim
 *
 * Context: process; does not sleep.
 * Return: seconds left, rounded up; 0 if nobody may reclaim.
 */
u32 ditto_grace_left(struct ditto_lock_table *table, u32 *unfinished)
{
	struct ditto_grace *grace = &table->grace;
	u64 now = table->clock();
	u32 left = 0;

	spin_lock(&grace->lock);
	*unfinished = grace_unfinished(grace);
	if (table->state == DITTO_STATE_GRACE && grace->until > now)
		left = DIV_ROUND_UP_ULL(grace->until - now, MSEC_PER_SEC);
	spin_unlock(&grace->lock);
	return left;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_left, "DITTO");

/**
 * ditto_grace_admit - look up a client among those known from before the restart
 * @client: the client; the protocol has verified its identity
 * @id: see ditto_grace_know()
 * @len: length of @id in bytes
 *
 * Context: process; does not sleep.
 * Return: true if the client is known and may reclaim.
 */
bool ditto_grace_admit(struct ditto_client *client, const void *id, size_t len)
{
	struct ditto_grace *grace = &client->table->grace;
	struct ditto_known *known = NULL;

	spin_lock(&grace->lock);
	if (client->table->state == DITTO_STATE_GRACE)
		known = known_find(grace, id, len);
	if (!known_may_reclaim(grace, known))
		known = NULL;
	WRITE_ONCE(client->known, known);
	spin_unlock(&grace->lock);
	return known;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_admit, "DITTO");

/**
 * ditto_grace_done - the client reclaims nothing more
 * @client: the client
 *
 * Nothing happens if it was not admitted. The grace period ends when the last known client is
 * done.
 *
 * Context: process; does not sleep.
 */
void ditto_grace_done(struct ditto_client *client)
{
	struct ditto_grace *grace = &client->table->grace;
	struct ditto_known *known;

	spin_lock(&grace->lock);
	known = client->known;
	WRITE_ONCE(client->known, NULL);
	if (known_may_reclaim(grace, known)) {
		WRITE_ONCE(known->finished, true);
		grace->finished++;
		if (known->guarded)
			grace->guarded--;
		guards_update(client->table);
		if (client->table->state == DITTO_STATE_GRACE && !grace_unfinished(grace))
			grace_forget(client->table);
	}
	spin_unlock(&grace->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_done, "DITTO");

/**
 * ditto_grace_may_reclaim - check whether a client may reclaim now
 * @client: the client
 *
 * Context: process; does not sleep.
 * Return: true if it was admitted to this grace period, which goes on, and is not done.
 */
bool ditto_grace_may_reclaim(const struct ditto_client *client)
{
	const struct ditto_lock_table *table = client->table;

	return READ_ONCE(table->state) == DITTO_STATE_GRACE &&
	       known_may_reclaim(&table->grace, READ_ONCE(client->known));
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_may_reclaim, "DITTO");

/*
 * Check whether a claim may be taken now. @reclaim: the claim was held before the restart. Context:
 * process; does not sleep. Return: 0; -EPERM (a new claim that must wait); -ESTALE (a reclaim
 * without a grace period, or by a client that is not known or is done).
 */
int ditto_grace_check(struct ditto_client *client, enum ditto_claim_kind kind, bool reclaim)
{
	if (reclaim)
		return ditto_grace_may_reclaim(client) ? 0 : -ESTALE;
	return ditto_grace_holds(client->table, kind) ? -EPERM : 0;
}

/*
 * Test whether a file was created after the server left the state NORMAL. @table: the lock table.
 * That time is counted back from the present real time, because the clock may be set during the
 * grace period: many machines start with a wrong one. A birth time in the future was written by a
 * clock that was ahead of this one, so the file may be old. Context: process; does not sleep.
 * Return: true only if no client can have claimed the file before the restart.
 */
bool ditto_grace_is_newer(struct ditto_lock_table *table, const struct timespec64 *born)
{
	struct timespec64 now, began;
	u64 passed;

	spin_lock(&table->grace.lock);
	passed = table->clock() - table->grace.left;
	spin_unlock(&table->grace.lock);
	ktime_get_real_ts64(&now);
	began = timespec64_sub(now, ns_to_timespec64(passed * NSEC_PER_MSEC));
	return timespec64_compare(born, &began) > 0 && timespec64_compare(born, &now) <= 0;
}

/* Opens whose use no claim that is still to be reclaimed can forbid. */
#define GRACE_MODES	(DITTO_OPEN_WRITE | DITTO_OPEN_DELETE)

static bool actor_has_writer(struct ditto_lock_ctx *ctx, const struct ditto_client *clients[3])
{
	const struct ditto_lease *writer = ditto_writer(ctx);

	for (int i = 0; writer && i < 3; i++) {
		if (writer->claim.owner->client == clients[i])
			return true;
	}
	return false;
}

/*
 * Test the opens of a limited number of holders behind key *@last. *@last becomes the key of the
 * last of them, referenced; NULL if there are no more.
 */
static bool actor_has_open_behind(struct ditto_lock_ctx *ctx,
				  const struct ditto_client *clients[3], struct ditto_owner **last)
{
	const struct ditto_holder_sum changes = { .modes = ditto_modes_any(GRACE_MODES) };
	struct ditto_holder *holder;

	holder = *last ? ditto_holder_behind(ctx, *last, false, &changes) :
			 ditto_holder_first(ctx, &changes);
	*last = NULL;
	for (int i = 1; holder; holder = ditto_holder_next(holder, &changes), i++) {
		for (int c = 0; c < 3; c++) {
			if (clients[c] && ditto_holder_open_of(holder, clients[c], GRACE_MODES))
				return true;
		}
		/* Only the first holder may have no key, and this is not the first. */
		if (i > DITTO_DROPS_AT_ONCE) {
			*last = ditto_owner_hold(holder->key);
			break;
		}
	}
	return false;
}

/* True if the caller has a claim whose use no claim that is still to be reclaimed can forbid. */
static bool actor_may_change(struct ditto_lock_point *point, const struct ditto_actor *actor)
{
	/*
	 * Its owners may belong to other clients than its own, if they outlive its connection.
	 */
	const struct ditto_client *clients[3] = {
		actor->client,
		actor->owner ? actor->owner->client : NULL,
		actor->lease_owner ? actor->lease_owner->client : NULL,
	};
	struct ditto_owner *behind = NULL, *last = NULL;
	struct ditto_lock_ctx *ctx;
	bool may = false;

	do {
		ctx = ditto_lock_ctx_find(point);
		if (!ctx)
			break;
		last = behind;
		may = actor_has_writer(ctx, clients) ||
		      actor_has_open_behind(ctx, clients, &last);
		ditto_lock_ctx_unlock(ctx);
		ditto_owner_put(behind);
		behind = last;
		cond_resched();
	} while (behind);
	ditto_owner_put(behind);
	return may;
}

/*
 * Check whether a claim that may yet be reclaimed forbids an operation. @point: of the file, held
 * by the caller; @actor: the caller; NULL is anonymous. True for a change while a known client may
 * still reclaim more than ranges, in this life of the server or the next, or while it is not known
 * which clients may; unless the caller's client now has an open for writing or deleting the file,
 * or a grant with WRITE. Such a claim coexisted with all claims that are still to be reclaimed, so
 * it is compatible with them (RFC 8881 section 8.4.2.1). Context: process; may reschedule; no lock
 * of the table held. Return: true if the operation must wait for the end of the grace period.
 */
bool ditto_grace_guards(struct ditto_lock_point *point, enum ditto_intent_kind kind,
			const struct ditto_actor *actor)
{
	static const u32 changes = BIT(DITTO_INTENT_WRITE) | BIT(DITTO_INTENT_SIZE) |
				   BIT(DITTO_INTENT_SETATTR) | BIT(DITTO_INTENT_REMOVE) |
				   BIT(DITTO_INTENT_RENAME) | BIT(DITTO_INTENT_REPLACE) |
				   BIT(DITTO_INTENT_LINK);

	if (!READ_ONCE(point->table->guards) || !(changes & BIT(kind)))
		return false;
	return !actor || !actor_may_change(point, actor);
}
