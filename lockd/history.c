// SPDX-License-Identifier: GPL-2.0-only
/* History of conflicts, see history.h. */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "../net/peer.h"
#include "acting.h"
#include "check_private.h"
#include "history.h"
#include "lease_private.h"
#include "table.h"

/* The newest entries of a machine that are compared with a refusal. */
#define COMPARED_MAX	32
/* Operations on a range. */
#define RANGED	(BIT(DITTO_INTENT_READ) | BIT(DITTO_INTENT_WRITE) | \
		 BIT(DITTO_INTENT_RANGE_SHARED) | BIT(DITTO_INTENT_RANGE_EXCLUSIVE))

static void history_remove(struct ditto_history *history, struct ditto_history_entry *entry)
{
	__xa_erase(&history->entries, entry->number);
	list_del(&entry->of_machine);
	entry->machine->bytes -= entry->bytes;
	history->bytes -= entry->bytes;
	kfree(entry->share);
	kfree(entry->path);
	kfree(entry);
}

/* Count memory that an entry takes. At the limit, a machine has more than what is added. */
static void history_count(struct ditto_history *history, struct ditto_history_entry *entry,
			  size_t bytes)
{
	struct ditto_history_machine *most = history->machines;

	entry->bytes += bytes;
	entry->machine->bytes += bytes;
	history->bytes += bytes;
	if (history->bytes <= DITTO_HISTORY_BYTES)
		return;
	for (int i = 1; i < DITTO_HISTORY_MACHINES; i++)
		if (history->machines[i].bytes > most->bytes)
			most = &history->machines[i];
	while (history->bytes > DITTO_HISTORY_BYTES)
		history_remove(history, list_first_entry(&most->entries, struct ditto_history_entry,
							 of_machine));
}

/* Look for files, as many as can be looked for at a time. Further entries queue the work again. */
static void history_name_work(struct work_struct *work)
{
	struct ditto_history *history = container_of(work, struct ditto_history, work);
	void (*name)(struct ditto_lock_point *point, char **share, char **path);
	struct ditto_history_unnamed unnamed;
	struct ditto_history_entry *entry;
	char *share, *path;

	for (int i = 0; i < DITTO_HISTORY_UNNAMED && READ_ONCE(history->unnamed_count); i++) {
		xa_lock(&history->entries);
		unnamed = history->unnamed[history->unnamed_first++ % DITTO_HISTORY_UNNAMED];
		history->unnamed_count--;
		xa_unlock(&history->entries);
		share = NULL;
		path = NULL;
		name = READ_ONCE(history->name);
		if (name)
			name(unnamed.point, &share, &path);
		unnamed.point->ops->put(unnamed.point);
		xa_lock(&history->entries);
		entry = xa_load(&history->entries, unnamed.number);
		if (entry) {
			swap(entry->share, share);
			swap(entry->path, path);
			history_count(history, entry, ksize(entry->share) + ksize(entry->path));
		}
		xa_unlock(&history->entries);
		kfree(share);
		kfree(path);
		cond_resched();
	}
}

/* Make an empty history. */
void ditto_history_init(struct ditto_history *history)
{
	xa_init(&history->entries);
	for (int i = 0; i < DITTO_HISTORY_MACHINES; i++)
		INIT_LIST_HEAD(&history->machines[i].entries);
	INIT_WORK(&history->work, history_name_work);
}

/* Wait until the files of all entries were looked for; with @stop, look for no more. */
void ditto_history_settle_names(struct ditto_history *history, bool stop)
{
	if (stop)
		WRITE_ONCE(history->name, NULL);
	flush_work(&history->work);
}

/* Free all entries; nothing waits and no grant is held any more. */
void ditto_history_exit(struct ditto_history *history)
{
	struct ditto_history_entry *entry;
	unsigned long number;

	flush_work(&history->work);
	xa_lock(&history->entries);
	xa_for_each(&history->entries, number, entry)
		history_remove(history, entry);
	xa_unlock(&history->entries);
}

/*
 * Begin an entry. The user of a client that has several is the one whose credential acts. What acts
 * with no such credential is the server itself, for a client or for a process.
 */
static void entry_begin(struct ditto_history_entry *entry, struct ditto_lock_table *table,
			const struct ditto_intent *intent, const struct ditto_actor *actor,
			enum ditto_outcome outcome)
{
	const struct ditto_client *client = ditto_actor_client(actor);
	struct ditto_holding *asked = &entry->asked;
	struct ditto_client_who *who = &asked->who;
	struct in6_addr machine;

	/* Holes of @asked are hashed, too. */
	memset(entry, 0, sizeof(*entry));
	entry->kind = intent->kind;
	entry->outcome = outcome;
	entry->count = 1;
	entry->began = table->clock();
	entry->time = ktime_get_real_ns();
	entry->last = entry->time;
	asked->held = BIT(intent->kind) & RANGED ? DITTO_HELD_POSIX_SHARED : DITTO_HELDS;
	asked->first = intent->first;
	asked->last = intent->last;
	asked->empty = intent->empty;
	asked->access = intent->access;
	asked->deny = intent->deny;
	strscpy(asked->protocol, client ? client->protocol : actor->from ? "" : "local");
	if (client) {
		strscpy(asked->client, client->name);
		ditto_client_who(client, who);
	} else if (actor->from) {
		who->addr = *actor->from;
		who->known = true;
	}
	if ((client || actor->from) && !who->user[0] && !actor->queued &&
	    ditto_acting_table() == table)
		scnprintf(who->user, sizeof(who->user), "uid %u",
			  from_kuid_munged(&init_user_ns, current_fsuid()));
	ditto_addr_who(&machine, &who->addr);
	entry->machine = &table->history.machines[siphash(&machine, sizeof(machine),
							  &table->owner_key) %
						  DITTO_HISTORY_MACHINES];
}

/* Without memory a conflict is not noted. Return: the number of the entry, or 0. */
static unsigned long entry_add(const struct ditto_history_entry *like,
			       struct ditto_lock_point *point, gfp_t gfp)
{
	/* There are few conflicts. */
	struct ditto_history_entry *entry = kmemdup(like, sizeof(*like), gfp | __GFP_NOWARN);
	struct ditto_history *history = &point->table->history;
	struct ditto_history_unnamed *unnamed;
	unsigned long number;

	if (!entry)
		return 0;
	xa_lock(&history->entries);
	number = history->last + 1;
	entry->number = number;
	if (xa_err(__xa_store(&history->entries, number, entry, GFP_NOWAIT | __GFP_NOWARN))) {
		xa_unlock(&history->entries);
		kfree(entry);
		return 0;
	}
	history->last = number;
	list_add_tail(&entry->of_machine, &entry->machine->entries);
	if (READ_ONCE(history->name) && history->unnamed_count < DITTO_HISTORY_UNNAMED) {
		unnamed = &history->unnamed[(history->unnamed_first + history->unnamed_count++) %
					    DITTO_HISTORY_UNNAMED];
		unnamed->number = number;
		unnamed->point = point;
		point->ops->get(point);
		/* Shares that change are waited for, as callbacks must not do. */
		queue_work(point->table->release_wq, &history->work);
	}
	history_count(history, entry, ksize(entry));
	xa_unlock(&history->entries);
	return number;
}

/* Note that a claim refused an operation. May sleep; no lock of the table held. */
void ditto_history_refused(struct ditto_lock_point *point, const struct ditto_intent *intent,
			   const struct ditto_actor *actor, const struct ditto_conflict *conflict)
{
	struct ditto_lock_table *table = point->table;
	struct ditto_history_entry entry, *old;
	unsigned int compared = 0;
	bool repeats = false;

	entry_begin(&entry, table, intent, actor, DITTO_OUTCOME_REFUSED);
	entry.held = conflict->holding;
	/* Without the owner: many clients have another one for each try. */
	entry.refusal = siphash_4u64(siphash(&entry.asked, sizeof(entry.asked), &table->owner_key),
				     (unsigned long)point, intent->kind, conflict->claim,
				     &table->owner_key) ?: 1;
	xa_lock(&table->history.entries);
	list_for_each_entry_reverse(old, &entry.machine->entries, of_machine) {
		repeats = old->refusal == entry.refusal;
		if (repeats || ++compared == COMPARED_MAX)
			break;
	}
	if (repeats) {
		old->count++;
		old->last = entry.last;
	}
	xa_unlock(&table->history.entries);
	if (!repeats)
		entry_add(&entry, point, GFP_KERNEL);
}

unsigned long ditto_history_waits(struct ditto_lock_point *point, const struct ditto_intent *intent,
				  const struct ditto_actor *actor,
				  const struct ditto_conflict *conflict)
{
	struct ditto_history_entry entry;

	entry_begin(&entry, point->table, intent, actor, DITTO_OUTCOME_WAITING);
	entry.held = conflict->holding;
	return entry_add(&entry, point, GFP_KERNEL);
}

unsigned long ditto_history_breaks(const struct ditto_lease *lease,
				   const struct ditto_intent *intent,
				   const struct ditto_actor *actor)
{
	struct ditto_lock_point *point = lease->claim.ctx->point;
	struct ditto_history_entry entry;

	lockdep_assert_held(&lease->claim.ctx->lock);
	entry_begin(&entry, point->table, intent, actor, DITTO_OUTCOME_BREAKING);
	ditto_describe_holding(&entry.held, &lease->claim);
	return entry_add(&entry, point, GFP_NOWAIT);
}

/* A wait or break ended. @number: 0 if it was not noted; is set to 0. Any context. */
void ditto_history_end(struct ditto_lock_table *table, unsigned long *number,
		       enum ditto_outcome outcome)
{
	struct ditto_history_entry *entry;

	if (!*number)
		return;
	xa_lock(&table->history.entries);
	entry = xa_load(&table->history.entries, *number);
	if (entry) {
		entry->ms = table->clock() - entry->began;
		entry->outcome = outcome;
	}
	xa_unlock(&table->history.entries);
	*number = 0;
}

/*
 * Call @show, which does not sleep, for the first entry with a larger number. Return: its result,
 * or 0 without such an entry.
 */
int ditto_history_next(struct ditto_history *history, unsigned long number,
		       int (*show)(const struct ditto_history_entry *entry, void *arg), void *arg)
{
	const struct ditto_history_entry *entry;
	int ret = 0;

	xa_lock(&history->entries);
	entry = xa_find_after(&history->entries, &number, ULONG_MAX, XA_PRESENT);
	if (entry)
		ret = show(entry, arg);
	xa_unlock(&history->entries);
	return ret;
}
