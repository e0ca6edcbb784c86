/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the server after a restart, and the grace period: only clients that are known from
 * before may take claims, and only by reclaim.
 *
 * LOADING, from the first helper until it has said which clients there were, then GRACE while any
 * of them may reclaim, then FORGETTING until those that did not are durably forgotten, then NORMAL.
 * Only NORMAL grants new claims: what a client could still reclaim, in this life of the server or
 * the next, must not be given to another one (RFC 8881 section 8.4.2.1). A server without a helper
 * has no records and is NORMAL from the beginning.
 *
 * The grace period is shared with the kernel's (locks_start_grace()): while another lock manager of
 * the namespace is in grace, new claims of the kinds that it holds off are refused here too.
 *
 * Locking: grace->lock guards the state and the list of known clients. It is innermost but for what
 * table->forget() takes.
 */
#ifndef _DITTO_LOCKD_GRACE_H
#define _DITTO_LOCKD_GRACE_H

#include <linux/filelock.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "client.h"
#include "matrix.h"

struct ditto_actor;
struct ditto_lock_point;
struct ditto_lock_table;

/* Limit of known clients, longest identifier in bytes, and hash buckets. */
#define DITTO_KNOWN_MAX		65536
#define DITTO_KNOWN_ID_MAX	1024
#define DITTO_KNOWN_BUCKETS	256

/**
 * enum ditto_lock_state - state of the server, see above
 * @DITTO_STATE_NORMAL: nothing from before a restart can be reclaimed
 * @DITTO_STATE_LOADING: a helper has not said yet which clients there were before the restart
 * @DITTO_STATE_GRACE: known clients may reclaim
 * @DITTO_STATE_FORGETTING: the records of clients that did not reclaim are being removed
 */
enum ditto_lock_state {
	DITTO_STATE_NORMAL,
	DITTO_STATE_LOADING,
	DITTO_STATE_GRACE,
	DITTO_STATE_FORGETTING,
};

/* Kinds of claims that a client may have held before the restart. */
enum ditto_known_held {
	DITTO_KNOWN_RANGES,	/* advisory ranges: no operation on a file violates them */
	DITTO_KNOWN_ANY,	/* also opens and caching grants, which operations can violate */
};

/**
 * struct ditto_grace - the grace period of one server
 * @manager: entry in the kernel's list of lock managers unless the state is NORMAL
 * @left: the state was NORMAL until then, in milliseconds of the table's clock
 * @since: start of the grace period, in milliseconds of the table's clock
 * @until: latest end, in milliseconds of the table's clock; 0 once others may get claims again
 * @end: ends the grace period at @until
 * @lock: guards the members that follow, and the changes of table->state, @left, @since and @until
 * @known: struct ditto_known by hash of the identifier; kept as long as the table
 * @key: of that hash, as clients choose their identifiers
 * @count: number of known clients of all rounds
 * @round: number of the grace period that is under way, or comes next; clients of an earlier one
 *	may not reclaim any more
 * @over: the grace period of @round is over
 * @expected: number of clients that are known in @round
 * @finished: number of @expected that reclaim nothing more
 * @guarded: number of @expected that may reclaim more than ranges and are not finished
 * @forgetting: number of times that the state became FORGETTING
 */
struct ditto_grace {
	struct lock_manager manager;
	u64 left;
	u64 since;
	u64 until;
	struct delayed_work end;
	spinlock_t lock;	/* see above */
	struct hlist_head known[DITTO_KNOWN_BUCKETS];
	siphash_key_t key;
	u32 count;
	u32 round;
	bool over;
	u32 expected;
	u32 finished;
	u32 guarded;
	u64 forgetting;
};

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
		     enum ditto_known_held held);

/*
 * A helper is here that will say which clients there were before the restart: from now on nothing
 * is granted that one of them may reclaim. Does not sleep.
 */
void ditto_grace_load(struct ditto_lock_table *table);
/* All clients of before the restart are known: ends LOADING. Does not sleep. */
void ditto_grace_loaded(struct ditto_lock_table *table);

/**
 * ditto_grace_start - begin the grace period
 * @table: the lock table
 *
 * It lasts until all known clients are done, or until the setting grace_ms is over. Nothing
 * happens if no client may reclaim, if it has begun, or before ditto_grace_loaded().
 *
 * Context: process; does not sleep.
 */
void ditto_grace_start(struct ditto_lock_table *table);

/**
 * ditto_grace_resize - apply a change of the setting grace_ms to an active grace period
 * @table: the lock table
 *
 * Context: process; does not sleep.
 */
void ditto_grace_resize(struct ditto_lock_table *table);

/**
 * ditto_grace_end - end the grace period now, or the wait for the helper that loads
 * @table: the lock table
 *
 * On behalf of the administrator. New claims are granted once the clients that did not reclaim are
 * forgotten. Idempotent.
 *
 * Context: process; does not sleep.
 */
void ditto_grace_end(struct ditto_lock_table *table);

/**
 * ditto_grace_forgotten - the clients that did not reclaim are durably forgotten
 * @table: the lock table
 * @number: as given to table->forget()
 *
 * Context: process; does not sleep.
 */
void ditto_grace_forgotten(struct ditto_lock_table *table, u64 number);

/**
 * ditto_grace_wait - wait while the server is in a state
 * @table: the lock table
 * @state: the state
 * @ms: longest wait, in milliseconds
 *
 * Return: true if the server is in another state.
 */
bool ditto_grace_wait(struct ditto_lock_table *table, enum ditto_lock_state state,
		      unsigned int ms);

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
bool ditto_grace_holds(struct ditto_lock_table *table, enum ditto_claim_kind kind);

/**
 * ditto_grace_left - report the progress of our grace period
 * @table: the lock table
 * @unfinished: set to the number of clients that may still reclaim
 *
 * Context: process; does not sleep.
 * Return: seconds left, rounded up; 0 if nobody may reclaim.
 */
u32 ditto_grace_left(struct ditto_lock_table *table, u32 *unfinished);

/**
 * ditto_grace_admit - look up a client among those known from before the restart
 * @client: the client; the protocol has verified its identity
 * @id: see ditto_grace_know()
 * @len: length of @id in bytes
 *
 * Context: process; does not sleep.
 * Return: true if the client is known and may reclaim.
 */
bool ditto_grace_admit(struct ditto_client *client, const void *id, size_t len);

/**
 * ditto_grace_done - the client reclaims nothing more
 * @client: the client
 *
 * Nothing happens if it was not admitted. The grace period ends when the last known client is
 * done.
 *
 * Context: process; does not sleep.
 */
void ditto_grace_done(struct ditto_client *client);

/**
 * ditto_grace_may_reclaim - check whether a client may reclaim now
 * @client: the client
 *
 * Context: process; does not sleep.
 * Return: true if it was admitted to this grace period, which goes on, and is not done.
 */
bool ditto_grace_may_reclaim(const struct ditto_client *client);

/**
 * ditto_grace_check - check whether a claim may be taken now
 * @client: the client
 * @kind: kind of the claim
 * @reclaim: the claim was held before the restart
 *
 * Context: process; does not sleep.
 * Return: 0; -EPERM (a new claim that must wait); -ESTALE (a reclaim without a grace period, or by
 * a client that is not known or is done).
 */
int ditto_grace_check(struct ditto_client *client, enum ditto_claim_kind kind, bool reclaim);

/**
 * ditto_grace_guards - check whether a claim that may yet be reclaimed forbids an operation
 * @point: of the file, held by the caller
 * @kind: the operation to check
 * @actor: the caller; NULL is anonymous
 *
 * True for a change while a known client may still reclaim more than ranges, in this life of the
 * server or the next, or while it is not known which clients may; unless the caller's client now
 * has an open for writing or deleting the file, or a grant with WRITE. Such a claim coexisted with
 * all claims that are still to be reclaimed, so it is compatible with them (RFC 8881 section
 * 8.4.2.1).
 *
 * Context: process; may reschedule; no lock of the table held.
 * Return: true if the operation must wait for the end of the grace period.
 */
bool ditto_grace_guards(struct ditto_lock_point *point, enum ditto_intent_kind kind,
			const struct ditto_actor *actor);

/**
 * ditto_grace_is_newer - test whether a file was created after the server left the state NORMAL
 * @table: the lock table
 * @born: birth time of the file, by the clock of this machine
 *
 * That time is counted back from the present real time, because the clock may be set during
 * the grace period: many machines start with a wrong one. A birth time in the future was written
 * by a clock that was ahead of this one, so the file may be old.
 *
 * Context: process; does not sleep.
 * Return: true only if no client can have claimed the file before the restart.
 */
bool ditto_grace_is_newer(struct ditto_lock_table *table, const struct timespec64 *born);

/*
 * Part of ditto_locks_create() and ditto_locks_destroy(). The exit ends the grace period; may
 * sleep.
 */
void ditto_grace_init(struct ditto_lock_table *table);
/*
 * The namespace of the table is ending: end our grace period, and stop looking at other ones.
 * The namespace stays for a grace period of RCU.
 */
void ditto_grace_leave(struct ditto_lock_table *table);
void ditto_grace_exit(struct ditto_lock_table *table);

#endif
