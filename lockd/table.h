/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock table of one server: settings, counters, clients, owners, grace period. The claims
 * themselves hang off the nodes, see claim.h.
 */
#ifndef _DITTO_LOCKD_TABLE_H
#define _DITTO_LOCKD_TABLE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rbtree.h>
#include <linux/rhashtable-types.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "client.h"
#include "grace.h"
#include "history.h"

struct ditto_server;
struct net;

/* Defaults of the settings. */
#define DITTO_WAITS_PER_NODE	100
#define DITTO_WAITS_PER_CLIENT	4096
#define DITTO_WAITS_PER_SERVER	65536
#define DITTO_CLAIMS_PER_NODE	1048576
#define DITTO_CLAIMS_PER_CLIENT	1048576
#define DITTO_CLAIMS_PER_SERVER	16777216
#define DITTO_DELEGATIONS_PER_CLIENT	65536
#define DITTO_DELEGATIONS_PER_SERVER	1048576
#define DITTO_QUIET_MS		30000
#define DITTO_GRACE_MS		90000
/* Operations that wait for breaks on one node; each is also a request that a connection counts. */
#define DITTO_PARKS_PER_NODE	4096

/**
 * struct ditto_lock_settings - limits and times, changed live with WRITE_ONCE()
 * @waits_per_node: waiting requests on one node
 * @waits_per_client: waiting requests of one client
 * @waits: waiting requests of the server
 * @claims_per_node: claims on one node
 * @claims_per_client: claims of one client
 * @claims: claims of the server
 * @delegations_per_client: delegations of one client; at the limit none is granted
 * @delegations: delegations of the server; at the limit none is granted
 * @quiet_ms: time after a recall in which no delegation is granted on the node
 * @ask_ms: how long the reply of a holder that is asked is awaited, at most DITTO_ASK_MS_MAX
 * @grace_ms: longest grace period
 */
struct ditto_lock_settings {
	u32 waits_per_node;
	u32 waits_per_client;
	u32 waits;
	u32 claims_per_node;
	u32 claims_per_client;
	u32 claims;
	u32 delegations_per_client;
	u32 delegations;
	u32 quiet_ms;
	u32 ask_ms;
	u32 grace_ms;
};

/**
 * enum ditto_lock_event - events that are counted
 * @DITTO_LOCK_GRANTED: a claim was put on its node
 * @DITTO_LOCK_CONFLICT: a claim refused an operation
 * @DITTO_LOCK_BREAK: a step of a break began
 * @DITTO_LOCK_ACK: a holder answered a break
 * @DITTO_LOCK_REVOKED: a grant was revoked because its holder did not answer
 * @DITTO_LOCK_WAITED: a request was queued
 * @DITTO_LOCK_DEADLOCK: a request was refused because its waiting closes a cycle
 * @DITTO_LOCK_LIMIT: a limit was reached
 * @DITTO_LOCK_RELEASED: a claim was dropped because its client, share, node or owner ended
 * @DITTO_LOCK_CLIENT_RELEASED: a client was released
 * @DITTO_LOCK_GRACE_STARTED: the grace period began
 * @DITTO_LOCK_GRACE_ENDED: the grace period ended, and others get claims again
 * @DITTO_LOCK_EVENTS: number of events
 */
enum ditto_lock_event {
	DITTO_LOCK_GRANTED,
	DITTO_LOCK_CONFLICT,
	DITTO_LOCK_BREAK,
	DITTO_LOCK_ACK,
	DITTO_LOCK_REVOKED,
	DITTO_LOCK_WAITED,
	DITTO_LOCK_DEADLOCK,
	DITTO_LOCK_LIMIT,
	DITTO_LOCK_RELEASED,
	DITTO_LOCK_CLIENT_RELEASED,
	DITTO_LOCK_GRACE_STARTED,
	DITTO_LOCK_GRACE_ENDED,
	DITTO_LOCK_EVENTS,
};

/* Objects that are counted: claims by kind (enum ditto_claim_kind), nodes with claims, owners. */
enum ditto_lock_count {
	DITTO_COUNT_NODES = DITTO_CLAIM_KINDS,
	DITTO_COUNT_OWNERS,
	DITTO_LOCK_COUNTS,
};

/**
 * struct ditto_lock_events - counters of one CPU
 * @count: by enum ditto_lock_event
 * @live: objects that were made less those that were freed, by enum ditto_lock_count; negative if
 *	other CPUs made them
 */
struct ditto_lock_events {
	u64 count[DITTO_LOCK_EVENTS];
	s64 live[DITTO_LOCK_COUNTS];
};

/* Base-2 logarithm of the number of lists of mirrors, each with its own lock. */
#define DITTO_MIRROR_LISTS_LOG	6

/**
 * struct ditto_mirror_list - mirrors of the nodes that hash to one list
 * @lock: guards @mirrors; no other lock is taken inside it
 * @mirrors: struct ditto_mirror
 */
struct ditto_mirror_list {
	spinlock_t lock;	/* see above */
	struct hlist_head mirrors;
};

/**
 * struct ditto_lock_table - the lock table of one server
 * @net: the network namespace, for the grace periods of others there; NULL once it is ending:
 *	ditto_grace_leave()
 * @srv: whose table it is, for @watch and @forget
 * @guards: see ditto_grace_guards(). Every change of a file reads it, so it is kept beside members
 *	that are seldom written. Under grace.lock for writing, as the next one
 * @state: whether new claims are granted; every new claim reads it
 * @settings: limits and times
 * @owners: struct ditto_owner by client and key
 * @owner_key: keys the hash, so that clients cannot choose colliding keys
 * @clients_lock: guards @clients and @last_client
 * @clients: struct ditto_client by number
 * @last_client: number of the newest client
 * @claims: number of claims, for their limit
 * @waiting: number of waiting requests
 * @telling: number of waiting requests that want a notification only
 * @yields: number of clients with an attempt to withdraw and release them due or running
 * @asking: number of callers that wait for the reply of a holder
 * @unnotified: number of callers that wait until holders were notified
 * @delegations: statistics of delegations
 * @mirrors: number of mirrors, including those that are being freed
 * @mirror_lists: the mirrors, by the address of the point
 * @deadlock: held while a request is queued, see deadlock.c
 * @search: number of the last deadlock search; under @deadlock
 * @last_id: number of the newest claim or waiting request of each CPU, see ditto_lock_number()
 * @wq: runs callbacks and timers
 * @release_wq: releases clients, which waits for callbacks
 * @yield_wq: withdraws clients before it releases them, which waits for the keeper of the records
 * @clock: milliseconds that deadlines are measured in; tests replace it
 * @events: counters; @live is zero before the table ends
 * @watch: called for events that are reported to people, see ditto_locks_report(); NULL at first
 * @forget: called with grace.lock held when the state becomes FORGETTING: has the clients that did
 *	not reclaim forgotten durably, and ditto_grace_forgotten() called then. Returns false if
 *	there is nothing to forget. NULL at first
 * @history: the newest conflicts
 * @grace: the grace period
 */
struct ditto_lock_table {
	struct net *net;
	struct ditto_server *srv;
	bool guards;
	enum ditto_lock_state state;
	struct ditto_lock_settings settings;
	struct rhashtable owners;
	siphash_key_t owner_key;
	spinlock_t clients_lock;	/* see above */
	struct rb_root clients;
	u64 last_client;
	struct percpu_counter claims;
	atomic_t waiting;
	atomic_t telling;
	atomic_t yields;
	atomic_t asking;
	atomic_t unnotified;
	struct ditto_delegation_count delegations;
	atomic_t mirrors;
	struct ditto_mirror_list mirror_lists[1 << DITTO_MIRROR_LISTS_LOG];
	struct mutex deadlock;	/* see above */
	u64 search;
	u64 __percpu *last_id;
	struct workqueue_struct *wq;
	struct workqueue_struct *release_wq;
	struct workqueue_struct *yield_wq;
	u64 (*clock)(void);
	struct ditto_lock_events __percpu *events;
	void (*watch)(struct ditto_lock_table *table, enum ditto_lock_event event,
		      const struct ditto_client *client);
	bool (*forget)(struct ditto_lock_table *table, u64 number);
	struct ditto_history history;
	struct ditto_grace grace;
};

struct ditto_lock_table *ditto_locks_create(struct net *net);
void ditto_locks_destroy(struct ditto_lock_table *table);

void ditto_locks_release_share(struct ditto_lock_table *table, u32 share, const char *why);

u64 ditto_locks_events(struct ditto_lock_table *table, enum ditto_lock_event event);
s64 ditto_locks_live(struct ditto_lock_table *table, unsigned int what);

/* Count objects that were made, or freed if @by is negative. Any context. */
static inline void ditto_locks_live_add(struct ditto_lock_table *table, unsigned int what, int by)
{
	this_cpu_add(table->events->live[what], by);
}

/* Count an event. Any context. */
static inline void ditto_locks_count(struct ditto_lock_table *table, enum ditto_lock_event event)
{
	this_cpu_inc(table->events->count[event]);
}

/*
 * Count an event and report it to the watcher. @table: the lock table; @client: the client whose
 * claim caused a conflict, is broken or was revoked, or that was released; NULL for the grace
 * period. Context: any; the watcher is called with locks of the table held.
 */
static inline void ditto_locks_report(struct ditto_lock_table *table, enum ditto_lock_event event,
				      const struct ditto_client *client)
{
	void (*watch)(struct ditto_lock_table *table, enum ditto_lock_event event,
		      const struct ditto_client *client) = READ_ONCE(table->watch);

	ditto_locks_count(table, event);
	if (watch)
		watch(table, event, client);
}

#endif
