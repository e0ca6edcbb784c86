/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace: after a restart, only those take claims who had them before.
 *
 * One grace per server, shared with the kernel's (locks_start_grace()): while
 * another lock manager of the namespace is in grace, new claims wait here too.
 *
 * Locking: grace->lock guards the list of known clients, innermost.
 */
#ifndef _DITTO_LOCKD_GRACE_H
#define _DITTO_LOCKD_GRACE_H

#include <linux/filelock.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "matrix.h"

struct ditto_actor;
struct ditto_lock_point;
struct ditto_client;
struct ditto_lock_table;

/* Clients that may be known from before, and bytes of what names one. */
#define DITTO_KNOWN_MAX		65536
#define DITTO_KNOWN_ID_MAX	1024
#define DITTO_KNOWN_BUCKETS	256

/* What a client may have held before the restart. */
enum ditto_known_held {
	DITTO_KNOWN_RANGES,	/* advisory ranges: no operation on a file violates them */
	DITTO_KNOWN_ANY,	/* also opens and grants, which operations can violate */
};

/**
 * struct ditto_grace - the grace of one server
 * @manager: ours in the kernel's list
 * @active: reclaims are taken, new claims are not
 * @since: when it began, by the table's clock
 * @until: when it ends at the latest
 * @end: ends it then
 * @lock: guards the rest
 * @known: struct ditto_known by hash; kept until the table goes
 * @count: how many
 * @unfinished: those of them that may still reclaim
 * @guarded: those of @unfinished that may reclaim more than ranges
 */
struct ditto_grace {
	struct lock_manager manager;
	bool active;
	u64 since;
	u64 until;
	struct delayed_work end;
	spinlock_t lock;	/* see above */
	struct hlist_head known[DITTO_KNOWN_BUCKETS];
	u32 count;
	u32 unfinished;
	u32 guarded;
};

/**
 * ditto_grace_know - a client existed before the restart
 * @table: the table
 * @id: opaque name that the client will be admitted by
 * @len: bytes, at most DITTO_KNOWN_ID_MAX
 * @held: what it may have held
 *
 * To be called before ditto_grace_start(). Knowing one twice is one. Where the
 * table goes through several graces, one that has finished is known anew before
 * the next; during a grace it stays finished.
 *
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC.
 */
int ditto_grace_know(struct ditto_lock_table *table, const void *id, size_t len,
		     enum ditto_known_held held);

/**
 * ditto_grace_start - begin the grace
 * @table: the table
 *
 * Lasts until all known clients are done, or the setting grace_ms is over. Does
 * nothing if no client is known or it has begun already.
 */
void ditto_grace_start(struct ditto_lock_table *table);

/* The setting grace_ms was changed: one that is active ends by the new one. May sleep. */
void ditto_grace_resize(struct ditto_lock_table *table);

/* End it now, as the administrator may. Idempotent. */
void ditto_grace_end(struct ditto_lock_table *table);

/* Is there a grace, of ours or of another lock manager in the namespace? */
bool ditto_grace_active(struct ditto_lock_table *table);

/* Seconds ours lasts still, rounded up, and how many clients have not finished. */
u32 ditto_grace_left(struct ditto_lock_table *table, u32 *unfinished);

/**
 * ditto_grace_admit - a client is one of those known before
 * @client: who
 * @id: as for ditto_grace_know()
 * @len: bytes
 *
 * Return: true if it is and may reclaim; the protocol has checked that it is
 * who it says it is.
 */
bool ditto_grace_admit(struct ditto_client *client, const void *id, size_t len);

/* A client has reclaimed what it wanted, or never will. With the last one the grace ends. */
void ditto_grace_done(struct ditto_client *client);

/**
 * ditto_grace_check - may a claim be taken now
 * @client: for whom
 * @reclaim: it was held before the restart
 *
 * Return: 0; -EPERM (a new claim in grace); -ESTALE (a reclaim without grace,
 * or by a client that was not known or is done).
 */
int ditto_grace_check(struct ditto_client *client, bool reclaim);

/**
 * ditto_grace_guards - may a claim that is not reclaimed yet forbid this operation
 * @point: of the file, held
 * @kind: what is to be done
 * @actor: who asks; NULL is anonymous
 *
 * True for a change while a known client may still reclaim more than ranges, unless the
 * client that asks may write or delete the file by an open, or write it by a grant, that it
 * has now. Such a claim was held beside all those that are still to be reclaimed, so it is
 * compatible with them (RFC 8881 section 8.4.2.1).
 *
 * Context: process; does not sleep; no lock of the table held.
 */
bool ditto_grace_guards(struct ditto_lock_point *point, enum ditto_intent_kind kind,
			const struct ditto_actor *actor);

/**
 * ditto_grace_is_newer - was a file made after the grace began
 * @table: of the grace, which began at some time
 * @born: birth time of the file, by the clock of this machine
 *
 * The beginning is counted back from the present real time, because that clock may be set
 * while the grace goes on: many machines start with a wrong one. A file from the future was
 * made by a clock that was ahead of this one, so it may be an old file.
 *
 * Context: any process context. Return: true only if nobody can have claimed it before.
 */
bool ditto_grace_is_newer(struct ditto_lock_table *table, const struct timespec64 *born);

void ditto_grace_init(struct ditto_lock_table *table);
void ditto_grace_exit(struct ditto_lock_table *table);

#endif
