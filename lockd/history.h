/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * History of conflicts: the newest refusals, waits and breaks of a table, with who asked and whose
 * claim was in the way. Written only when there is a conflict, and not for a break that nobody
 * waits for.
 *
 * At the limit the oldest entry of the machine whose entries take most memory goes, so that a
 * client that provokes conflicts displaces its own history first.
 *
 * Locking: the lock of @entries guards everything. It is taken inside all other locks of the table.
 *
 * Lifetime: entries belong to the history alone. Waiting requests and grants have the number of the
 * entry whose end they tell; if it was displaced, nothing is told.
 */
#ifndef _DITTO_LOCKD_HISTORY_H
#define _DITTO_LOCKD_HISTORY_H

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "claim.h"

struct ditto_lease;
struct ditto_lock_table;

/* Memory of all entries: of 1,700 conflicts, if the paths have less than 100 bytes. */
#define DITTO_HISTORY_BYTES	SZ_2M
/* Machines are counted by the hash of their address. */
#define DITTO_HISTORY_MACHINES	64
/* Entries whose file is looked for at a time; others have none. Each pins a node. */
#define DITTO_HISTORY_UNNAMED	128

/* The values match the netlink enum "conflict-outcome". */
enum ditto_outcome {
	DITTO_OUTCOME_REFUSED,
	DITTO_OUTCOME_WAITING,
	DITTO_OUTCOME_GRANTED,		/* after it waited */
	DITTO_OUTCOME_WITHDRAWN,	/* the waiting request was cancelled, or its client ended */
	DITTO_OUTCOME_BREAKING,		/* the holder was asked to give way */
	DITTO_OUTCOME_RETURNED,		/* the holder gave way */
	DITTO_OUTCOME_REVOKED,		/* the holder did not answer */
};

/* A conflict. */
struct ditto_history_entry {
	struct list_head of_machine;
	struct ditto_history_machine *machine;	/* that asked */
	size_t bytes;		/* memory that the entry takes */
	unsigned long number;	/* from 1, in the order of time */
	u64 refusal;	/* hash of a refused request and of the claim in the way; else 0 */
	u64 began;	/* of a wait or a break, in milliseconds of the table's clock */
	u64 ms;		/* duration of a wait or a break that ended */
	u64 time;	/* wall clock of the first time, in nanoseconds */
	u64 last;	/* wall clock of the last time */
	u32 count;	/* times that it was refused */
	enum ditto_intent_kind kind;
	enum ditto_outcome outcome;
	struct ditto_holding asked;	/* who, and for what; held is a range's if it was for one */
	struct ditto_holding held;	/* what was in the way; held is DITTO_HELDS if nothing */
	char *share;	/* NULL while, and if, the name is not known */
	char *path;	/* the same */
};

/* The history of a table. */
struct ditto_history {
	struct xarray entries;	/* by number */
	unsigned long last;	/* number of the newest entry */
	size_t bytes;		/* memory that all entries take */
	struct ditto_history_machine {
		struct list_head entries;	/* oldest first */
		size_t bytes;
	} machines[DITTO_HISTORY_MACHINES];	/* that asked */
	struct ditto_history_unnamed {
		unsigned long number;
		struct ditto_lock_point *point;	/* held */
	} unnamed[DITTO_HISTORY_UNNAMED];	/* ring of entries whose file is looked for */
	u32 unnamed_first;
	u32 unnamed_count;
	/*
	 * Finds the share and the path of a node, to be freed by kfree(); either may stay NULL. May
	 * sleep. NULL if nodes have no names.
	 */
	void (*name)(struct ditto_lock_point *point, char **share, char **path);
	struct work_struct work;	/* calls @name */
};

void ditto_history_init(struct ditto_history *history);
void ditto_history_exit(struct ditto_history *history);
void ditto_history_settle_names(struct ditto_history *history, bool stop);
void ditto_history_refused(struct ditto_lock_point *point, const struct ditto_intent *intent,
			   const struct ditto_actor *actor, const struct ditto_conflict *conflict);

/*
 * Note that a request waits: may sleep; no claim is in the way if @conflict->held is DITTO_HELDS.
 * Note that a grant is being broken, and its return waited for: ctx->lock held.
 * Return: the number for ditto_history_end(), or 0.
 */
unsigned long ditto_history_waits(struct ditto_lock_point *point, const struct ditto_intent *intent,
				  const struct ditto_actor *actor,
				  const struct ditto_conflict *conflict);
unsigned long ditto_history_breaks(const struct ditto_lease *lease,
				   const struct ditto_intent *intent,
				   const struct ditto_actor *actor);
void ditto_history_end(struct ditto_lock_table *table, unsigned long *number,
		       enum ditto_outcome outcome);
int ditto_history_next(struct ditto_history *history, unsigned long number,
		       int (*show)(const struct ditto_history_entry *entry, void *arg), void *arg);

#endif
