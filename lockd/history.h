/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * History of conflicts: the newest refusals, waits and breaks of a table, with who asked and whose
 * claim was in the way. Written only when there is a conflict.
 *
 * There are DITTO_HISTORY_MAX entries at most. At the limit the oldest entry of the machine that
 * asked most often goes, so that a client that provokes conflicts displaces its own history first.
 * A refusal that repeats an earlier one is counted there.
 *
 * Locking: history->lock (spinlock) is taken inside all other locks of the table.
 *
 * Lifetime: an entry is held by the history, by the waiting request or grant whose end it will
 * tell, by the work that looks for its file's name, and by readers.
 */
#ifndef _DITTO_LOCKD_HISTORY_H
#define _DITTO_LOCKD_HISTORY_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "client.h"
#include "matrix.h"

struct ditto_actor;
struct ditto_claim;
struct ditto_intent;
struct ditto_lease;
struct ditto_lock_ctx;
struct ditto_lock_point;
struct ditto_lock_table;

#define DITTO_HISTORY_MAX	1024
/* Machines are counted by the hash of their address. */
#define DITTO_HISTORY_MACHINES	64

/* The values match the netlink enum "conflict-outcome". */
enum ditto_outcome {
	DITTO_OUTCOME_REFUSED,
	DITTO_OUTCOME_WAITING,
	DITTO_OUTCOME_GRANTED,		/* after it waited */
	DITTO_OUTCOME_WITHDRAWN,	/* the waiting request was cancelled, or its client ended */
	DITTO_OUTCOME_BREAKING,		/* the holder was asked to give way */
	DITTO_OUTCOME_NOTIFIED,		/* the holder was notified, and is not waited for */
	DITTO_OUTCOME_RETURNED,		/* the holder gave way */
	DITTO_OUTCOME_REVOKED,		/* the holder did not answer, or was not asked */
};

/**
 * struct ditto_history_side - one side of a conflict
 * @who: the client's user and address
 * @first: first byte, of a range
 * @last: last byte, of a range
 * @held: enum ditto_held of a claim
 * @access: of an open: DITTO_OPEN_* bits
 * @deny: of an open: DITTO_OPEN_* bits
 * @lease: of a caching grant: DITTO_LEASE_* bits
 * @ranged: it has a range
 * @empty: the range has no byte
 * @protocol: of the client; "local" for a process on the server, or empty
 * @client: name of the client, or empty
 */
struct ditto_history_side {
	struct ditto_client_who who;
	u64 first;
	u64 last;
	u8 held;
	u8 access;
	u8 deny;
	u8 lease;
	bool ranged;
	bool empty;
	char protocol[16];
	char client[DITTO_CLIENT_NAME_MAX];
};

/**
 * struct ditto_history_entry - a conflict
 * @link: in the order of time; under history->lock
 * @of_machine: the same, of one machine; under history->lock
 * @unnamed: in the list of those whose file is looked for
 * @ref: references
 * @number: from 1, in the order of time
 * @machine: index of the machine that asked
 * @claim: number of the claim or waiting request in the way; 0 if a local process's lock was
 * @asker: number of the client that asked; 0 for an anonymous request
 * @owner: hash of the owner that asked; 0 without one
 * @began: of a wait or a break: its beginning, in milliseconds of the table's clock
 * @time: wall clock of the first time, in nanoseconds
 * @last: wall clock of the last time
 * @count: times that it was refused
 * @ms: of a wait or a break that ended: its duration
 * @kind: the operation
 * @outcome: enum ditto_outcome
 * @asked: who asked, and for what
 * @held: what was in the way, and whose; without a client if that is not known
 * @point: the node, held until its name is looked for
 * @share: name of the share; NULL while, and if, it is not known
 * @path: of the file; as @share
 */
struct ditto_history_entry {
	struct list_head link;
	struct list_head of_machine;
	struct list_head unnamed;
	refcount_t ref;
	u64 number;
	u32 machine;
	u64 claim;
	u64 asker;
	u64 owner;
	u64 began;
	u64 time;
	u64 last;
	u32 count;
	u32 ms;
	enum ditto_intent_kind kind;
	enum ditto_outcome outcome;
	struct ditto_history_side asked;
	struct ditto_history_side held;
	struct ditto_lock_point *point;
	char *share;
	char *path;
};

/**
 * struct ditto_history - the history of a table
 * @lock: guards what follows but @work
 * @entries: struct ditto_history_entry, oldest first
 * @machines: the same, by the machine that asked
 * @counts: length of each of @machines
 * @count: length of @entries
 * @last: number of the newest entry
 * @unnamed: entries whose file is looked for
 * @unnamed_count: length of @unnamed
 * @name: finds the share and the path of a node, to be freed by kfree(); either may stay NULL. May
 *	sleep. NULL if nodes have no names
 * @work: calls @name
 */
struct ditto_history {
	spinlock_t lock;	/* see above */
	struct list_head entries;
	struct list_head machines[DITTO_HISTORY_MACHINES];
	u32 counts[DITTO_HISTORY_MACHINES];
	u32 count;
	u64 last;
	struct list_head unnamed;
	u32 unnamed_count;
	void (*name)(struct ditto_lock_point *point, char **share, char **path);
	struct work_struct work;
};

/* Make an empty history. */
void ditto_history_init(struct ditto_history *history);
/* Free all entries; nothing waits and no grant is held any more. */
void ditto_history_exit(struct ditto_history *history);

/* Wait until the files of all entries were looked for; with @stop, look for no more. */
void ditto_history_settle_names(struct ditto_history *history, bool stop);

/* Note that a claim refused an operation. @held: NULL for the lock of a local process. */
void ditto_history_refused(struct ditto_lock_point *point, const struct ditto_intent *intent,
			   const struct ditto_actor *actor, const struct ditto_claim *held);

/*
 * Note that a request which was refused waits instead. Return: the entry, for ditto_history_end();
 * or NULL.
 */
struct ditto_history_entry *ditto_history_waits(struct ditto_lock_point *point,
						const struct ditto_intent *intent,
						const struct ditto_actor *actor);

/* Note that a break of a grant begins; lease->noted is set. ctx->lock held. */
void ditto_history_breaks(struct ditto_lease *lease, const struct ditto_intent *intent,
			  const struct ditto_actor *actor);

/* A wait or break ended. @entry: is cleared; may point to NULL. Called with a lock of the table. */
void ditto_history_end(struct ditto_lock_table *table, struct ditto_history_entry **entry,
		       enum ditto_outcome outcome);

/* The first entry with a larger number, to be put; or NULL. */
struct ditto_history_entry *ditto_history_after(struct ditto_history *history, u64 number);
void ditto_history_put(struct ditto_history_entry *entry);

#endif
