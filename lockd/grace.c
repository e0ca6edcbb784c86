// SPDX-License-Identifier: GPL-2.0-only
/* Grace period, see grace.h. */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "check_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"

/**
 * struct ditto_known - a client known from before the restart
 * @link: entry in grace->known
 * @finished: it reclaims nothing more
 * @guarded: it may reclaim more than ranges
 * @len: length of @id in bytes
 * @id: its identifier
 */
struct ditto_known {
	struct hlist_node link;
	bool finished;
	bool guarded;
	u16 len;
	u8 id[] __counted_by(len);
};

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

void ditto_grace_exit(struct ditto_lock_table *table)
{
	struct ditto_known *known;
	struct hlist_node *next;

	ditto_grace_end(table);
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

static void guards_update(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;

	lockdep_assert_held(&grace->lock);
	WRITE_ONCE(table->guards, grace->active && grace->guarded);
}

/* Count one more client that may reclaim, or with @by -1 one less. */
static void known_count(struct ditto_lock_table *table, const struct ditto_known *known, int by)
{
	table->grace.unfinished += by;
	if (known->guarded)
		table->grace.guarded += by;
	guards_update(table);
}

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
	old = known_find(grace, id, len);
	if (old) {
		kfree(known);
		/* A client that finished the last grace period may reclaim in the next. */
		if (old->finished && !grace->active) {
			old->finished = false;
			known_count(table, old, 1);
		}
	} else if (grace->count >= DITTO_KNOWN_MAX) {
		kfree(known);
		err = -ENOSPC;
	} else {
		hlist_add_head(&known->link, known_bucket(grace, id, len));
		grace->count++;
		known_count(table, known, 1);
	}
	spin_unlock(&grace->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_know, DITTO);

void ditto_grace_start(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;
	u32 ms = READ_ONCE(table->settings.grace_ms);

	spin_lock(&grace->lock);
	if (!grace->unfinished || grace->active) {
		spin_unlock(&grace->lock);
		return;
	}
	WRITE_ONCE(grace->active, true);
	grace->since = table->clock();
	grace->until = grace->since + ms;
	guards_update(table);
	locks_start_grace(table->net, &grace->manager);
	spin_unlock(&grace->lock);
	mod_delayed_work(table->wq, &grace->end, msecs_to_jiffies(ms));
	ditto_locks_report(table, DITTO_LOCK_GRACE_STARTED, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_start, DITTO);

void ditto_grace_resize(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;
	bool active;

	spin_lock(&grace->lock);
	active = grace->active;
	if (active)
		WRITE_ONCE(grace->until, grace->since + READ_ONCE(table->settings.grace_ms));
	spin_unlock(&grace->lock);
	/* The timer looks at the clock and continues to wait if there is time left. */
	if (active)
		mod_delayed_work(table->wq, &grace->end, 0);
}

static void grace_end_locked(struct ditto_lock_table *table)
{
	struct ditto_grace *grace = &table->grace;

	lockdep_assert_held(&grace->lock);
	if (!grace->active)
		return;
	WRITE_ONCE(grace->active, false);
	guards_update(table);
	locks_end_grace(&grace->manager);
	cancel_delayed_work(&grace->end);
	ditto_locks_report(table, DITTO_LOCK_GRACE_ENDED, NULL);
}

void ditto_grace_end(struct ditto_lock_table *table)
{
	spin_lock(&table->grace.lock);
	grace_end_locked(table);
	spin_unlock(&table->grace.lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_end, DITTO);

bool ditto_grace_active(struct ditto_lock_table *table)
{
	return READ_ONCE(table->grace.active) || locks_in_grace(table->net);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_active, DITTO);

u32 ditto_grace_left(struct ditto_lock_table *table, u32 *unfinished)
{
	struct ditto_grace *grace = &table->grace;
	u64 now = table->clock();
	u32 left = 0;

	spin_lock(&grace->lock);
	*unfinished = grace->unfinished;
	if (grace->active && grace->until > now)
		left = DIV_ROUND_UP_ULL(grace->until - now, MSEC_PER_SEC);
	spin_unlock(&grace->lock);
	return left;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_left, DITTO);

bool ditto_grace_admit(struct ditto_client *client, const void *id, size_t len)
{
	struct ditto_grace *grace = &client->table->grace;
	struct ditto_known *known;

	spin_lock(&grace->lock);
	known = grace->active ? known_find(grace, id, len) : NULL;
	if (known && known->finished)
		known = NULL;
	WRITE_ONCE(client->known, known);
	spin_unlock(&grace->lock);
	return known;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_admit, DITTO);

void ditto_grace_done(struct ditto_client *client)
{
	struct ditto_grace *grace = &client->table->grace;
	struct ditto_known *known;

	spin_lock(&grace->lock);
	known = client->known;
	WRITE_ONCE(client->known, NULL);
	if (known && !known->finished) {
		known->finished = true;
		known_count(client->table, known, -1);
		if (!grace->unfinished)
			grace_end_locked(client->table);
	}
	spin_unlock(&grace->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_done, DITTO);

int ditto_grace_check(struct ditto_client *client, bool reclaim)
{
	struct ditto_lock_table *table = client->table;

	if (reclaim)
		return READ_ONCE(table->grace.active) && READ_ONCE(client->known) ? 0 : -ESTALE;
	return ditto_grace_active(table) ? -EPERM : 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_check, DITTO);

bool ditto_grace_is_newer(struct ditto_lock_table *table, const struct timespec64 *born)
{
	struct timespec64 now, began;
	u64 passed;

	spin_lock(&table->grace.lock);
	passed = table->clock() - table->grace.since;
	spin_unlock(&table->grace.lock);
	ktime_get_real_ts64(&now);
	began = timespec64_sub(now, ns_to_timespec64(passed * NSEC_PER_MSEC));
	return timespec64_compare(born, &began) > 0 && timespec64_compare(born, &now) <= 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_grace_is_newer, DITTO);

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
EXPORT_SYMBOL_NS_GPL(ditto_grace_guards, DITTO);
