// SPDX-License-Identifier: GPL-2.0-only
/* Grace, see grace.h. */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "client.h"
#include "grace.h"
#include "table.h"

/**
 * struct ditto_known - a client known from before the restart
 * @link: in grace->known
 * @finished: it reclaims nothing more
 * @len: bytes of @id
 * @id: what names it
 */
struct ditto_known {
	struct hlist_node link;
	bool finished;
	u16 len;
	u8 id[] __counted_by(len);
};

/* The deadline may have passed; the clock decides. */
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
	/* Who opens with deny bits or expects to cache may meet one who reclaims. */
	grace->manager.block_opens = true;
	INIT_DELAYED_WORK(&grace->end, grace_timer);
	spin_lock_init(&grace->lock);
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
	return &grace->known[jhash(id, len, 0) % DITTO_KNOWN_BUCKETS];
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

/* Before the next grace, it may reclaim again though it was done with the last one. */
static void known_again(struct ditto_grace *grace, struct ditto_known *known)
{
	lockdep_assert_held(&grace->lock);
	if (!known->finished || grace->active)
		return;
	known->finished = false;
	grace->unfinished++;
}

int ditto_grace_know(struct ditto_lock_table *table, const void *id, size_t len)
{
	struct ditto_grace *grace = &table->grace;
	struct ditto_known *known, *old;
	int err = 0;

	if (!len || len > DITTO_KNOWN_ID_MAX)
		return -EINVAL;
	known = kzalloc(struct_size(known, id, len), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	known->len = len;
	memcpy(known->id, id, len);

	spin_lock(&grace->lock);
	old = known_find(grace, id, len);
	if (old) {
		kfree(known);
		known_again(grace, old);
	} else if (grace->count >= DITTO_KNOWN_MAX) {
		kfree(known);
		err = -ENOSPC;
	} else {
		hlist_add_head(&known->link, known_bucket(grace, id, len));
		grace->count++;
		grace->unfinished++;
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
	/* It looks at the clock, and goes on waiting if there is still time. */
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
		if (!--grace->unfinished)
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
