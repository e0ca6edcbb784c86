/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock table of one server: settings, counters, clients, owners, grace.
 * What is held hangs off the nodes, see claim.h.
 */
#ifndef _DITTO_LOCKD_TABLE_H
#define _DITTO_LOCKD_TABLE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/rhashtable-types.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "client.h"
#include "grace.h"

struct net;

/* Settings as they start. */
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
/* Operations that wait for breaks on one node; each is a request some connection counts. */
#define DITTO_PARKS_PER_NODE	4096

/**
 * struct ditto_lock_settings - limits and times, changed live with WRITE_ONCE()
 * @waits_per_node: requests that wait on one node
 * @waits_per_client: of one client
 * @waits: of all
 * @claims_per_node: claims on one node
 * @claims_per_client: of one client
 * @claims: of all
 * @delegations_per_client: delegations of one client
 * @delegations: of all; with more than either, none is granted
 * @quiet_ms: after a delegation was recalled, none is granted on the node
 * @ask_ms: how long the answer of a holder that is asked is waited for, at most
 *	DITTO_LEASE_QUERY_MS_MAX
 * @grace_ms: longest grace
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

/* What is counted over time. */
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

/**
 * struct ditto_lock_events - counters of one CPU
 * @count: by enum ditto_lock_event
 */
struct ditto_lock_events {
	u64 count[DITTO_LOCK_EVENTS];
};

/* Lists of mirrors, each with a lock of its own. */
#define DITTO_MIRROR_LISTS_LOG	6

/**
 * struct ditto_mirror_list - mirrors of some nodes
 * @lock: guards @mirrors; nothing is taken inside
 * @mirrors: struct ditto_mirror
 */
struct ditto_mirror_list {
	spinlock_t lock;	/* see above */
	struct hlist_head mirrors;
};

/**
 * struct ditto_lock_table - the lock table of one server
 * @net: the namespace; not counted, the table ends before it
 * @guards: see ditto_grace_guards(). Every change of a file reads it, so it lies beside what is
 *	seldom written. Under grace.lock for writing
 * @settings: see there
 * @owners: struct ditto_owner by client and key
 * @owner_key: keys the hash, so that clients cannot choose colliding keys
 * @clients_lock: guards @clients and @last_client
 * @clients: struct ditto_client by number
 * @last_client: number of the last one
 * @live: claims by kind; zero before the table goes
 * @waiting: waiting requests
 * @telling: how many of these want to be told only
 * @yields: clients with an attempt to withdraw and release them that is due or running
 * @asking: how many wait for the answer of a holder that is asked
 * @untold: how many wait until holders were told
 * @delegations: what became of delegations
 * @owner_count: owners
 * @nodes: nodes with claims
 * @mirrors: nodes that are shown to the VFS, or were a moment ago
 * @mirror_lists: those, by the address of the point
 * @deadlock: held while a request is queued, see deadlock.c
 * @search: number of the last search for deadlocks; under @deadlock
 * @last_id: of a claim or a waiting request
 * @wq: runs callbacks and timers
 * @release_wq: releases clients, which waits for callbacks
 * @yield_wq: withdraws clients before it releases them, which waits for what keeps records
 * @clock: milliseconds that deadlines are measured in; tests have their own
 * @events: counters
 * @watch: told of what people want to hear, see ditto_locks_report(); NULL at first
 * @grace: see grace.h
 */
struct ditto_lock_table {
	struct net *net;
	bool guards;
	struct ditto_lock_settings settings;
	struct rhashtable owners;
	siphash_key_t owner_key;
	spinlock_t clients_lock;	/* see above */
	struct rb_root clients;
	u64 last_client;
	atomic_t live[DITTO_CLAIM_KINDS];
	atomic_t waiting;
	atomic_t telling;
	atomic_t yields;
	atomic_t asking;
	atomic_t untold;
	struct ditto_delegation_count delegations;
	atomic_t owner_count;
	atomic_t nodes;
	atomic_t mirrors;
	struct ditto_mirror_list mirror_lists[1 << DITTO_MIRROR_LISTS_LOG];
	struct mutex deadlock;	/* see above */
	u64 search;
	atomic64_t last_id;
	struct workqueue_struct *wq;
	struct workqueue_struct *release_wq;
	struct workqueue_struct *yield_wq;
	u64 (*clock)(void);
	struct ditto_lock_events __percpu *events;
	void (*watch)(struct ditto_lock_table *table, enum ditto_lock_event event,
		      const struct ditto_client *client);
	struct ditto_grace grace;
};

/* Make the lock table of a namespace, or an ERR_PTR. May sleep. */
struct ditto_lock_table *ditto_locks_create(struct net *net);

/* End it: all clients were released and put, all nodes are without claims. May sleep. */
void ditto_locks_destroy(struct ditto_lock_table *table);

/**
 * ditto_locks_release_share - what was claimed through a share goes with it
 * @table: the table
 * @share: its number, as of struct ditto_actor
 * @why: for the trace; a constant
 *
 * Takes claims of all kinds and requests that wait, of all clients, as
 * ditto_client_release() does. Nothing is claimed through it any more.
 *
 * Context: may sleep; no lock held.
 */
void ditto_locks_release_share(struct ditto_lock_table *table, u32 share, const char *why);

/* How often something happened, over all CPUs. */
u64 ditto_locks_events(struct ditto_lock_table *table, enum ditto_lock_event event);

static inline void ditto_locks_count(struct ditto_lock_table *table, enum ditto_lock_event event)
{
	this_cpu_inc(table->events->count[event]);
}

/**
 * ditto_locks_report - count, and tell who watches
 * @table: the table
 * @event: what happened
 * @client: to whom: whose claim refused, is asked back, was revoked; who was
 *	released; NULL for the grace
 *
 * Context: any; the watch is called with locks of the table held.
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
