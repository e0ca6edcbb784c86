// SPDX-License-Identifier: GPL-2.0-only
/* History of conflicts, see history.h. */
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "../net/peer.h"
#include "acting.h"
#include "check_private.h"
#include "history.h"
#include "lease_private.h"
#include "open_private.h"
#include "range_private.h"
#include "table.h"

/* Entries whose file is looked for at a time; others have none. Each pins a node. */
#define UNNAMED_MAX	128
/* The newest entries of a machine that are compared with another conflict. */
#define COMPARED_MAX	32

void ditto_history_put(struct ditto_history_entry *entry)
{
	if (!entry || !refcount_dec_and_test(&entry->ref))
		return;
	kfree(entry->share);
	kfree(entry->path);
	kfree(entry);
}

static void history_name_work(struct work_struct *work)
{
	struct ditto_history *history = container_of(work, struct ditto_history, work);
	void (*name)(struct ditto_lock_point *point, char **share, char **path);
	struct ditto_history_entry *entry;
	char *share, *path;

	for (;;) {
		spin_lock(&history->lock);
		entry = list_first_entry_or_null(&history->unnamed, struct ditto_history_entry,
						 unnamed);
		if (entry) {
			list_del_init(&entry->unnamed);
			history->unnamed_count--;
		}
		spin_unlock(&history->lock);
		if (!entry)
			return;
		name = READ_ONCE(history->name);
		share = NULL;
		path = NULL;
		if (name)
			name(entry->point, &share, &path);
		/* Pair with the acquires of readers, who get the text with the pointer. */
		smp_store_release(&entry->share, share);
		/* See above. */
		smp_store_release(&entry->path, path);
		entry->point->ops->put(entry->point);
		ditto_history_put(entry);
		cond_resched();
	}
}

void ditto_history_init(struct ditto_history *history)
{
	spin_lock_init(&history->lock);
	INIT_LIST_HEAD(&history->entries);
	for (int i = 0; i < DITTO_HISTORY_MACHINES; i++)
		INIT_LIST_HEAD(&history->machines[i]);
	INIT_LIST_HEAD(&history->unnamed);
	INIT_WORK(&history->work, history_name_work);
}

void ditto_history_settle_names(struct ditto_history *history, bool stop)
{
	if (stop)
		WRITE_ONCE(history->name, NULL);
	flush_work(&history->work);
}

/* Take an entry off the history. Its reference is the caller's. */
static void history_remove(struct ditto_history *history, struct ditto_history_entry *entry)
{
	list_del(&entry->link);
	list_del(&entry->of_machine);
	history->counts[entry->machine]--;
	history->count--;
}

void ditto_history_exit(struct ditto_history *history)
{
	struct ditto_history_entry *entry, *next;

	flush_work(&history->work);
	list_for_each_entry_safe(entry, next, &history->entries, link) {
		history_remove(history, entry);
		ditto_history_put(entry);
	}
}

/* Drop an entry if there are too many, see history.h. */
static void history_drop_excess(struct ditto_history *history)
{
	struct ditto_history_entry *entry;
	u32 most = 0;

	lockdep_assert_held(&history->lock);
	if (history->count < DITTO_HISTORY_MAX)
		return;
	for (u32 i = 1; i < DITTO_HISTORY_MACHINES; i++)
		if (history->counts[i] > history->counts[most])
			most = i;
	entry = list_first_entry(&history->machines[most], struct ditto_history_entry, of_machine);
	history_remove(history, entry);
	ditto_history_put(entry);
}

static void side_of_client(struct ditto_history_side *side, const struct ditto_client *client)
{
	strscpy(side->protocol, client->protocol);
	strscpy(side->client, client->name);
	ditto_client_who(client, &side->who);
}

/*
 * The user of a client that has several is the one whose credential acts. What acts with no such
 * credential is the server itself, for a client or for a process.
 */
static void side_of_actor(struct ditto_history_side *side, const struct ditto_lock_table *table,
			  const struct ditto_actor *actor)
{
	const struct ditto_client *client = ditto_actor_client(actor);
	struct ditto_client_who *who = &side->who;

	if (client) {
		side_of_client(side, client);
	} else if (actor->from) {
		who->addr = *actor->from;
		who->known = true;
	} else {
		strscpy(side->protocol, "local");
		return;
	}
	if (!who->user[0] && ditto_acting_table() == table)
		scnprintf(who->user, sizeof(who->user), "uid %u",
			  from_kuid_munged(&init_user_ns, current_fsuid()));
}

static void side_of_claim(struct ditto_history_side *side, const struct ditto_claim *held)
{
	struct ditto_claim *claim = (struct ditto_claim *)held;
	const struct ditto_range *range;

	side_of_client(side, held->owner->client);
	side->held = held->held;
	if (ditto_held_is_range(held->held)) {
		range = ditto_claim_range(claim);
		side->ranged = true;
		side->first = range->first;
		side->last = range->last;
		side->empty = range->empty;
	} else if (held->held == DITTO_HELD_OPEN) {
		side->access = ditto_claim_open(claim)->access;
		side->deny = ditto_claim_open(claim)->deny;
	} else {
		side->lease = ditto_claim_lease(claim)->bits;
	}
}

/* The index of the machine that asked; of the client, if its address is not known. */
static u32 history_machine(const struct ditto_lock_table *table,
			   const struct ditto_history_side *asked)
{
	struct in6_addr machine;
	u64 hash;

	if (asked->who.known) {
		ditto_addr_who(&machine, &asked->who.addr);
		hash = siphash(&machine, sizeof(machine), &table->owner_key);
	} else {
		hash = siphash(asked->client, strlen(asked->client), &table->owner_key);
	}
	return hash % DITTO_HISTORY_MACHINES;
}

static bool has_range(const struct ditto_intent *intent)
{
	switch (intent->kind) {
	case DITTO_INTENT_READ:
	case DITTO_INTENT_WRITE:
	case DITTO_INTENT_RANGE_SHARED:
	case DITTO_INTENT_RANGE_EXCLUSIVE:
		return true;
	default:
		return false;
	}
}

/* Without memory a conflict is not noted. There are few entries, so that few are allocated. */
static struct ditto_history_entry *history_new(struct ditto_lock_point *point,
					       const struct ditto_intent *intent,
					       const struct ditto_actor *actor,
					       const struct ditto_claim *held)
{
	struct ditto_history_entry *entry = kzalloc(sizeof(*entry), GFP_NOWAIT | __GFP_NOWARN);
	const struct ditto_client *client = ditto_actor_client(actor);

	if (!entry)
		return NULL;
	refcount_set(&entry->ref, 1);
	INIT_LIST_HEAD(&entry->unnamed);
	entry->asker = client ? client->number : 0;
	if (actor->owner)
		entry->owner = siphash(actor->owner->key, actor->owner->len,
				       &point->table->owner_key);
	entry->claim = held ? held->id : 0;
	entry->time = ktime_get_real_ns();
	entry->last = entry->time;
	entry->count = 1;
	entry->kind = intent->kind;
	entry->point = point;
	entry->asked.ranged = has_range(intent);
	entry->asked.first = intent->first;
	entry->asked.last = intent->last;
	entry->asked.empty = intent->empty;
	entry->asked.access = intent->access;
	entry->asked.deny = intent->deny;
	side_of_actor(&entry->asked, point->table, actor);
	entry->held.held = DITTO_HELDS;
	if (held)
		side_of_claim(&entry->held, held);
	entry->machine = history_machine(point->table, &entry->asked);
	return entry;
}

/*
 * Did the same client ask for the same on the same node? @point is only compared. Many clients have
 * another owner for each try.
 */
static bool same_request(const struct ditto_history_entry *a, const struct ditto_history_entry *b)
{
	return a->asker == b->asker && a->kind == b->kind && a->point == b->point &&
	       a->asked.first == b->asked.first && a->asked.last == b->asked.last &&
	       a->asked.empty == b->asked.empty && a->asked.access == b->asked.access &&
	       a->asked.deny == b->asked.deny &&
	       ipv6_addr_equal(&a->asked.who.addr, &b->asked.who.addr) &&
	       !strcmp(a->asked.who.user, b->asked.who.user);
}

/*
 * A recent refusal of the same request, by the same claim unless @any; or the same request of the
 * same owner that waits, and was retransmitted.
 */
static struct ditto_history_entry *history_find(struct ditto_history *history,
						const struct ditto_history_entry *like, bool any)
{
	struct ditto_history_entry *entry;
	unsigned int compared = 0;

	lockdep_assert_held(&history->lock);
	list_for_each_entry_reverse(entry, &history->machines[like->machine], of_machine) {
		if (same_request(entry, like) &&
		    ((entry->outcome == DITTO_OUTCOME_WAITING &&
		      entry->owner == like->owner) ||
		     (entry->outcome == DITTO_OUTCOME_REFUSED &&
		      (any || entry->claim == like->claim))))
			return entry;
		if (++compared == COMPARED_MAX)
			break;
	}
	return NULL;
}

static void history_add(struct ditto_history *history, struct ditto_history_entry *entry)
{
	struct ditto_lock_point *point = entry->point;

	lockdep_assert_held(&history->lock);
	history_drop_excess(history);
	entry->number = ++history->last;
	list_add_tail(&entry->link, &history->entries);
	list_add_tail(&entry->of_machine, &history->machines[entry->machine]);
	history->counts[entry->machine]++;
	history->count++;
	if (!READ_ONCE(history->name) || history->unnamed_count == UNNAMED_MAX)
		return;
	point->ops->get(point);
	refcount_inc(&entry->ref);
	list_add_tail(&entry->unnamed, &history->unnamed);
	history->unnamed_count++;
	queue_work(point->table->wq, &history->work);
}

void ditto_history_refused(struct ditto_lock_point *point, const struct ditto_intent *intent,
			   const struct ditto_actor *actor, const struct ditto_claim *held)
{
	struct ditto_history_entry *entry = history_new(point, intent, actor, held), *old;
	struct ditto_history *history = &point->table->history;

	if (!entry)
		return;
	entry->outcome = DITTO_OUTCOME_REFUSED;
	if (!held)
		strscpy(entry->held.protocol, "local");
	spin_lock(&history->lock);
	old = history_find(history, entry, false);
	if (old && old->outcome == DITTO_OUTCOME_REFUSED) {
		old->count++;
		old->last = entry->last;
	} else if (!old) {
		history_add(history, entry);
	}
	spin_unlock(&history->lock);
	if (old)
		ditto_history_put(entry);
}

struct ditto_history_entry *ditto_history_waits(struct ditto_lock_point *point,
						const struct ditto_intent *intent,
						const struct ditto_actor *actor)
{
	struct ditto_history_entry *entry = history_new(point, intent, actor, NULL), *old;
	struct ditto_history *history = &point->table->history;

	if (!entry)
		return NULL;
	entry->outcome = DITTO_OUTCOME_WAITING;
	entry->began = point->table->clock();
	spin_lock(&history->lock);
	/* The check that came first has noted what is in the way, maybe again. */
	old = history_find(history, entry, true);
	if (old && old->outcome == DITTO_OUTCOME_REFUSED && old->count == 1) {
		old->outcome = entry->outcome;
		old->began = entry->began;
		swap(entry, old);
	} else {
		if (old) {
			old->count -= old->outcome == DITTO_OUTCOME_REFUSED;
			entry->held = old->held;
			entry->claim = old->claim;
			old = NULL;
		}
		history_add(history, entry);
	}
	refcount_inc(&entry->ref);
	spin_unlock(&history->lock);
	ditto_history_put(old);
	return entry;
}

void ditto_history_breaks(struct ditto_lease *lease, const struct ditto_intent *intent,
			  const struct ditto_actor *actor)
{
	struct ditto_lock_point *point = lease->claim.ctx->point;
	struct ditto_history *history = &point->table->history;
	struct ditto_history_entry *entry;

	lockdep_assert_held(&lease->claim.ctx->lock);
	/* Others may wait for the same break. */
	if (lease->noted)
		return;
	entry = history_new(point, intent, actor, &lease->claim);
	if (!entry)
		return;
	entry->outcome = DITTO_OUTCOME_BREAKING;
	entry->began = point->table->clock();
	refcount_inc(&entry->ref);
	spin_lock(&history->lock);
	history_add(history, entry);
	spin_unlock(&history->lock);
	lease->noted = entry;
}

void ditto_history_end(struct ditto_lock_table *table, struct ditto_history_entry **entry,
		       enum ditto_outcome outcome)
{
	struct ditto_history_entry *ended = *entry;

	if (!ended)
		return;
	*entry = NULL;
	ended->ms = table->clock() - ended->began;
	WRITE_ONCE(ended->outcome, outcome);
	ditto_history_put(ended);
}

struct ditto_history_entry *ditto_history_after(struct ditto_history *history, u64 number)
{
	struct ditto_history_entry *entry, *found = NULL;

	spin_lock(&history->lock);
	list_for_each_entry(entry, &history->entries, link) {
		if (entry->number > number) {
			refcount_inc(&entry->ref);
			found = entry;
			break;
		}
	}
	spin_unlock(&history->lock);
	return found;
}
