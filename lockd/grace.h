/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace period: after a restart only clients that are known from before may take claims, and only
 * by reclaim.
 *
 * There is one grace period per server, shared with the kernel's (locks_start_grace()): while
 * another lock manager of the namespace is in grace, new claims are refused here too.
 *
 * Locking: grace->lock guards the list of known clients. It is innermost.
 */
#ifndef _DITTO_LOCKD_GRACE_H
#define _DITTO_LOCKD_GRACE_H

#include <linux/filelock.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "matrix.h"

struct ditto_actor;
struct ditto_lock_point;
struct ditto_client;
struct ditto_lock_table;

/* Limit of known clients, longest identifier in bytes, and hash buckets. */
#define DITTO_KNOWN_MAX		65536
#define DITTO_KNOWN_ID_MAX	1024
#define DITTO_KNOWN_BUCKETS	256

/* Kinds of claims that a client may have held before the restart. */
enum ditto_known_held {
	DITTO_KNOWN_RANGES,	/* advisory ranges: no operation on a file violates them */
	DITTO_KNOWN_ANY,	/* also opens and caching grants, which operations can violate */
};

/**
 * struct ditto_grace - the grace period of one server
 * @manager: entry in the kernel's list of lock managers
 * @active: reclaims are accepted, new claims are not
 * @since: start, in milliseconds of the table's clock
 * @until: latest end, in milliseconds of the table's clock
 * @end: ends the grace period at @until
 * @lock: guards the members that follow, and the changes of @active, @since and @until
 * @known: struct ditto_known by hash of the identifier; kept as long as the table
 * @key: of that hash, as clients choose their identifiers
 * @count: number of known clients
 * @unfinished: number of known clients that may still reclaim
 * @guarded: number of @unfinished that may reclaim more than ranges
 */
struct ditto_grace {
	struct lock_manager manager;
	bool active;
	u64 since;
	u64 until;
	struct delayed_work end;
	spinlock_t lock;	/* see above */
	struct hlist_head known[DITTO_KNOWN_BUCKETS];
	siphash_key_t key;
	u32 count;
	u32 unfinished;
	u32 guarded;
};

/**
 * ditto_grace_know - record a client that existed before the restart
 * @table: the lock table
 * @id: opaque identifier; ditto_grace_admit() compares it
 * @len: length of @id in bytes, at most DITTO_KNOWN_ID_MAX
 * @held: what it may have held
 *
 * Called before ditto_grace_start(). A client recorded twice counts once. If the table goes
 * through several grace periods, a client that finished one may reclaim in the next after it is
 * recorded again; during a grace period it stays finished.
 *
 * Context: may sleep.
 * Return: 0, -EINVAL (length), -ENOMEM, -ENOSPC (too many clients).
 */
int ditto_grace_know(struct ditto_lock_table *table, const void *id, size_t len,
		     enum ditto_known_held held);

/**
 * ditto_grace_start - begin the grace period
 * @table: the lock table
 *
 * It lasts until all known clients are done, or until the setting grace_ms is over. Nothing
 * happens if no client may reclaim or if it is already active.
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
 * ditto_grace_end - end the grace period now
 * @table: the lock table
 *
 * Also on behalf of the administrator. Idempotent.
 *
 * Context: process; does not sleep.
 */
void ditto_grace_end(struct ditto_lock_table *table);

/**
 * ditto_grace_active - test for a grace period, ours or another lock manager's in the namespace
 * @table: the lock table
 *
 * Context: process; does not sleep.
 * Return: true while new claims must wait.
 */
bool ditto_grace_active(struct ditto_lock_table *table);

/**
 * ditto_grace_left - report the progress of our grace period
 * @table: the lock table
 * @unfinished: set to the number of clients that may still reclaim
 *
 * Context: process; does not sleep.
 * Return: seconds left, rounded up; 0 if it is not active.
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
 * ditto_grace_check - check whether a claim may be taken now
 * @client: the client
 * @reclaim: the claim was held before the restart
 *
 * Context: process; does not sleep.
 * Return: 0; -EPERM (a new claim during grace); -ESTALE (a reclaim without a grace period, or by a
 * client that is not known or is done).
 */
int ditto_grace_check(struct ditto_client *client, bool reclaim);

/**
 * ditto_grace_guards - check whether a claim that may yet be reclaimed forbids an operation
 * @point: of the file, held by the caller
 * @kind: the operation to check
 * @actor: the caller; NULL is anonymous
 *
 * True for a change while a known client may still reclaim more than ranges, unless the caller's
 * client now has an open for writing or deleting the file, or a grant with WRITE. Such a claim
 * coexisted with all claims that are still to be reclaimed, so it is compatible with them (RFC
 * 8881 section 8.4.2.1).
 *
 * Context: process; may reschedule; no lock of the table held.
 * Return: true if the operation must wait for the end of the grace period.
 */
bool ditto_grace_guards(struct ditto_lock_point *point, enum ditto_intent_kind kind,
			const struct ditto_actor *actor);

/**
 * ditto_grace_is_newer - test whether a file was created after the grace period began
 * @table: the lock table
 * @born: birth time of the file, by the clock of this machine
 *
 * The beginning is counted back from the present real time, because the clock may be set during
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
void ditto_grace_exit(struct ditto_lock_table *table);

#endif
