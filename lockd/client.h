/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients: owners and claims that end together.
 *
 * A client is the unit that disappears as one: its owners, their claims and their waiting
 * requests are released by one function, whatever the cause.
 *
 * Locking: client->lock (spinlock) guards what the client has. It is taken inside a node's
 * ctx->lock (see claim.h), never around it: a release finds the first claim under the client's
 * lock, drops that lock and then takes the node's.
 *
 * Lifetime: each owner holds its client; each claim and waiting request holds its owner.
 */
#ifndef _DITTO_LOCKD_CLIENT_H
#define _DITTO_LOCKD_CLIENT_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../net/budget.h"

struct ditto_client;
struct ditto_client_identity;
struct ditto_lock_table;
struct ditto_known;

/* Longest client name, which is for people only. */
#define DITTO_CLIENT_NAME_MAX	128
/* Longest name of a client's user, which is for people only. */
#define DITTO_CLIENT_USER_MAX	64
/* A time to live that never ends by itself. */
#define DITTO_CLIENT_TTL_NEVER	UINT_MAX
/* Clients of a server that are withdrawn at the same time. */
#define DITTO_YIELDS_AT_ONCE	64

/* Kinds of claims that are counted, with the values of the netlink enum "claim-type". */
enum ditto_claim_kind {
	DITTO_CLAIM_RANGE,
	DITTO_CLAIM_OPEN,
	DITTO_CLAIM_LEASE,
	DITTO_CLAIM_KINDS,
};

/**
 * struct ditto_client_who - user and address of a client, for people
 * @known: @addr is known
 * @addr: address of the machine; IPv4 is mapped into IPv6
 * @user: name of the user; empty if it is not known, or if the client has several
 */
struct ditto_client_who {
	bool known;
	struct in6_addr addr;
	char user[DITTO_CLIENT_USER_MAX];
};

/**
 * struct ditto_delegation_count - statistics of delegations, of a client or of the table
 * @held: delegations held now
 * @granted: delegations ever granted
 * @recalled: recalls, in whole or in part
 * @returned: delegations returned by their holders, recalled or not
 * @revoked: delegations revoked, because no answer came in time or the holder was a courtesy
 *	client
 * @answers: recalls that were answered
 * @answer_ms: sum of the times from notification to answer, in milliseconds
 * @answer_max_ms: the longest of these times, in milliseconds
 */
struct ditto_delegation_count {
	atomic_t held;
	atomic64_t granted;
	atomic64_t recalled;
	atomic64_t returned;
	atomic64_t revoked;
	atomic64_t answers;
	atomic64_t answer_ms;
	atomic64_t answer_max_ms;
};

/**
 * struct ditto_client_ops - callbacks to the protocol of a client
 * @withdraw: prepare to take away what a silent client holds: durably delete the record that would
 *	let it reclaim after a restart (RFC 8881 section 8.4.3). Returns 0, after which the
 *	client is released, or a negative errno; the client then keeps what it holds, and this
 *	may be called again. NULL if no such record exists. Runs concurrently for different
 *	clients, but not for one client. May sleep
 * @released: everything the client held is gone; called once, may sleep
 * @free: the last reference is gone; frees the memory that embeds the client. Process context, but
 *	a spinlock may be held, so it does not sleep
 */
struct ditto_client_ops {
	int (*withdraw)(struct ditto_client *client);
	void (*released)(struct ditto_client *client);
	void (*free)(struct ditto_client *client);
};

/**
 * struct ditto_client - a client
 * @table: the lock table
 * @ops: callbacks to the protocol
 * @protocol: short name of the protocol, for people
 * @name: name of the client, for people
 * @ref: references
 * @machine: number of the machine that the client is on, if requests may come without an owner
 *	because the protocol identifies no more than that; otherwise 0. Such a request is exempt
 *	from whatever any owner of a client with the same number is exempt from. Set by the
 *	protocol before the first request
 * @dead: released; its owners get nothing any more. Under @lock for writing.
 * @courtesy: it keeps its claims only until they conflict with another caller, see
 *	ditto_client_set_courtesy(). Under @lock for writing
 * @yielding: an attempt to withdraw and release the client is due or running, see
 *	ditto_client_retire(). Under @lock
 * @withdraw_failed: an attempt failed since the client last renewed; the next one follows after a
 *	delay. Under @lock
 * @opens_lost: somebody else dropped an open of it. A protocol that notifies its clients clears
 *	it, and then looks for the opens that are not held any more
 * @yield_since: jiffies when the attempt became due. Under @lock
 * @yield_why: reason of the attempt, a constant string. Under @lock
 * @lock: guards @claims, @waits and @charge
 * @claims: all claims by number, which is the order of their creation
 * @newest: the claim with the largest number
 * @last_id: number of the newest claim or waiting request that it ever had; under @lock
 * @waits: all waiting requests, by ditto_wait.client_link
 * @owners: number of owners
 * @live: number of claims by kind; each is zero after the release. Under @lock for writing
 * @waiting: number of waiting requests
 * @charge: budget charge for claims and waiting requests, see ditto_client_charge()
 * @spare: memory for its next range, reused from one that has gone; or NULL
 * @delegations: statistics of its delegations
 * @callbacks: callbacks of its claims and waits that are due or running
 * @connections: number of connections; under @lock
 * @ttl_ms: how long the claims outlive the last connection; 0 releases them immediately
 * @expire: runs when @ttl_ms is over
 * @yield: withdraws and releases the client; holds a reference while it is due; queued under @lock
 * @known: record of a client known from before the restart, or NULL; see ditto_grace_admit()
 * @identity: see ditto_client_identify(); NULL at first. Written under @lock
 * @number: number in order of creation, from 1; never reused
 * @by_number: node in the table's tree of clients
 */
struct ditto_client {
	struct ditto_lock_table *table;
	const struct ditto_client_ops *ops;
	const char *protocol;
	char name[DITTO_CLIENT_NAME_MAX];
	refcount_t ref;
	u64 machine;
	bool dead;
	bool courtesy;
	bool yielding;
	bool withdraw_failed;
	bool opens_lost;
	unsigned long yield_since;
	const char *yield_why;
	spinlock_t lock;	/* see above */
	struct rb_root claims;
	struct rb_node *newest;
	u64 last_id;
	struct list_head waits;
	atomic_t owners;
	int live[DITTO_CLAIM_KINDS];
	atomic_t waiting;
	struct ditto_charge charge;
	struct ditto_range *spare;
	struct ditto_delegation_count delegations;
	atomic_t callbacks;
	u32 connections;
	u32 ttl_ms;
	struct delayed_work expire;
	struct delayed_work yield;
	struct ditto_known *known;
	struct ditto_client_identity __rcu *identity;
	u64 number;
	struct rb_node by_number;
};

void ditto_client_init(struct ditto_client *client, struct ditto_lock_table *table,
		       const struct ditto_client_ops *ops, const char *protocol,
		       const char *name, u32 ttl_ms);
void ditto_client_charge(struct ditto_client *client, const struct ditto_principal *who);
void ditto_client_identify(struct ditto_client *client, const char *user,
			   const struct in6_addr *addr);
void ditto_client_who(const struct ditto_client *client, struct ditto_client_who *who);

static inline void ditto_client_hold(struct ditto_client *client)
{
	refcount_inc(&client->ref);
}

void ditto_client_put(struct ditto_client *client);
struct ditto_client *ditto_client_after(struct ditto_lock_table *table, u64 number);
struct ditto_client *ditto_client_find(struct ditto_lock_table *table, const char *protocol,
				       const char *name);
bool ditto_client_connected(struct ditto_client *client);
void ditto_client_disconnected(struct ditto_client *client);

u32 ditto_delegations_left(struct ditto_client *client);

void ditto_client_release(struct ditto_client *client, const char *why);

int ditto_client_withdraw(struct ditto_client *client);
bool ditto_client_retire(struct ditto_client *client, const char *why);
bool ditto_client_set_courtesy(struct ditto_client *client, bool courtesy);

/* Number of claims of a kind. */
static inline int ditto_client_live(const struct ditto_client *client, enum ditto_claim_kind kind)
{
	return READ_ONCE(client->live[kind]);
}

/* Number of claims of all kinds. */
static inline int ditto_client_claims(const struct ditto_client *client)
{
	return ditto_client_live(client, DITTO_CLAIM_RANGE) +
	       ditto_client_live(client, DITTO_CLAIM_OPEN) +
	       ditto_client_live(client, DITTO_CLAIM_LEASE);
}

#endif
