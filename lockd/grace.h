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

int ditto_grace_know(struct ditto_lock_table *table, const void *id, size_t len,
		     enum ditto_known_held held);
void ditto_grace_load(struct ditto_lock_table *table);
void ditto_grace_loaded(struct ditto_lock_table *table);
void ditto_grace_start(struct ditto_lock_table *table);
void ditto_grace_resize(struct ditto_lock_table *table);
void ditto_grace_end(struct ditto_lock_table *table);
void ditto_grace_forgotten(struct ditto_lock_table *table, u64 number);
bool ditto_grace_wait(struct ditto_lock_table *table, enum ditto_lock_state state,
		      unsigned int ms);
bool ditto_grace_holds(struct ditto_lock_table *table, enum ditto_claim_kind kind);
u32 ditto_grace_left(struct ditto_lock_table *table, u32 *unfinished);
bool ditto_grace_admit(struct ditto_client *client, const void *id, size_t len);
void ditto_grace_done(struct ditto_client *client);
bool ditto_grace_may_reclaim(const struct ditto_client *client);
int ditto_grace_check(struct ditto_client *client, enum ditto_claim_kind kind, bool reclaim);
bool ditto_grace_guards(struct ditto_lock_point *point, enum ditto_intent_kind kind,
			const struct ditto_actor *actor);
bool ditto_grace_is_newer(struct ditto_lock_table *table, const struct timespec64 *born);
void ditto_grace_init(struct ditto_lock_table *table);
/*
 * The namespace of the table is ending: end our grace period, and stop looking at other ones.
 * The namespace stays for a grace period of RCU.
 */
void ditto_grace_leave(struct ditto_lock_table *table);
void ditto_grace_exit(struct ditto_lock_table *table);

#endif
