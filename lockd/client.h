/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients: who goes away together.
 *
 * A client is what disappears as one: its owners and all their claims and
 * waiting requests are released by one function, whatever the cause.
 *
 * Locking: client->lock (spinlock) guards what the client has. It is taken
 * inside a node's ctx->lock (see claim.h), never around it: a release finds
 * the first claim under the client's lock, drops that, and then takes the node's.
 *
 * Lifetime: each owner holds its client, each claim and waiting request holds
 * its owner.
 */
#ifndef _DITTO_LOCKD_CLIENT_H
#define _DITTO_LOCKD_CLIENT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../net/budget.h"

struct ditto_client;
struct ditto_lock_table;
struct ditto_known;

/* Longest description of a client, for people. */
#define DITTO_CLIENT_NAME_MAX	128
/* A time to live that never ends by itself. */
#define DITTO_CLIENT_TTL_NEVER	UINT_MAX
/* Clients of a server that are withdrawn at once. */
#define DITTO_YIELDS_AT_ONCE	64

/* What is counted; the values are those of the netlink enum "claim-type". */
enum ditto_claim_kind {
	DITTO_CLAIM_RANGE,
	DITTO_CLAIM_OPEN,
	DITTO_CLAIM_LEASE,
	DITTO_CLAIM_KINDS,
};

/**
 * struct ditto_delegation_count - what became of delegations, of a client or of all
 * @held: now
 * @granted: ever
 * @recalled: were asked back, in whole or in part
 * @returned: were given back by their holders, asked for or not
 * @revoked: were taken away, because no answer came in time or the holder was a courtesy client
 * @answers: recalls that were answered
 * @answer_ms: time from being told to the answer, of all of them
 * @answer_max_ms: the longest
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
 * struct ditto_client_ops - what a client's protocol wants to be told
 * @withdraw: what the client holds is to be given away without its knowledge: what would let it
 *	claim that after a restart has to go before, durably (RFC 8881 section 8.4.3). Returns 0,
 *	after which the client is released, or an errno: it keeps what it has, and may be asked
 *	for again. NULL if nothing of it outlives a restart. Several may run at once for different
 *	clients, one for one. May sleep
 * @released: everything the client held is gone; called once, may sleep
 * @free: the last reference is gone; frees the memory around the client. Any context.
 */
struct ditto_client_ops {
	int (*withdraw)(struct ditto_client *client);
	void (*released)(struct ditto_client *client);
	void (*free)(struct ditto_client *client);
};

/**
 * struct ditto_client - who is gone together
 * @table: the lock table
 * @ops: see there
 * @protocol: short name of the protocol, for people
 * @name: which client, for people
 * @ref: references
 * @wide: its requests may come without an owner (the protocol does not tell);
 *	such a request is exempt from what any owner of the client is exempt
 *	from. Set by the protocol before the first request.
 * @dead: released; no owner of it gets anything any more. Under @lock for writing.
 * @courtesy: what it holds stays only until somebody else wants it, see
 *	ditto_client_set_courtesy(). Under @lock for writing
 * @yielding: an attempt to withdraw and release the client is due or running, see
 *	ditto_client_retire(). Under @lock
 * @withdraw_failed: an attempt failed since the client was last heard of; the next one is made
 *	a moment later. Under @lock
 * @yield_since: jiffies when the attempt became due. Under @lock
 * @yield_why: why, a constant. Under @lock
 * @lock: guards @claims, @waits and @charge
 * @claims: all claims, in the order of their numbers, which is that of their coming
 * @newest: the last of them
 * @waits: all waiting requests, by ditto_wait.client_link
 * @owners: count of owners
 * @live: claims by kind; each zero after release
 * @waiting: waiting requests
 * @charge: for claims and waiting requests, see ditto_client_charge()
 * @delegations: what became of its delegations
 * @callbacks: callbacks of its claims and waits that are due or running
 * @connections: connections now; under @lock
 * @ttl_ms: how long the claims outlive the last connection; 0 releases at once
 * @expire: runs when @ttl_ms is over
 * @yield: withdraws and releases the client, holds it while it is due; queued under @lock
 * @known: the record of a client that was known before the restart, or NULL;
 *	see ditto_grace_admit()
 * @number: in the order of their coming, from 1; not used again
 * @by_number: in the table's tree of clients
 */
struct ditto_client {
	struct ditto_lock_table *table;
	const struct ditto_client_ops *ops;
	const char *protocol;
	char name[DITTO_CLIENT_NAME_MAX];
	refcount_t ref;
	bool wide;
	bool dead;
	bool courtesy;
	bool yielding;
	bool withdraw_failed;
	unsigned long yield_since;
	const char *yield_why;
	spinlock_t lock;	/* see above */
	struct rb_root_cached claims;
	struct rb_node *newest;
	struct list_head waits;
	atomic_t owners;
	atomic_t live[DITTO_CLAIM_KINDS];
	atomic_t waiting;
	struct ditto_charge charge;
	struct ditto_delegation_count delegations;
	atomic_t callbacks;
	u32 connections;
	u32 ttl_ms;
	struct delayed_work expire;
	struct delayed_work yield;
	struct ditto_known *known;
	u64 number;
	struct rb_node by_number;
};

/**
 * ditto_client_init - make a client known to the table
 * @client: embedded in the protocol's own object, zeroed
 * @table: the table
 * @ops: see there
 * @protocol: short constant name
 * @name: which client, for people; copied
 * @ttl_ms: see struct ditto_client
 *
 * Context: any. The client starts with one reference, the caller's, and is to
 * be released by ditto_client_release() before that is put.
 */
void ditto_client_init(struct ditto_client *client, struct ditto_lock_table *table,
		       const struct ditto_client_ops *ops, const char *protocol,
		       const char *name, u32 ttl_ms);

/**
 * ditto_client_charge - say who is charged for what a client claims and waits for
 * @client: held; what it has and waits for already is charged, too
 * @who: its principal; accounts are held as long as the client is
 *
 * The first one is charged. A client of whom this is not said is charged by its protocol.
 *
 * Context: process.
 */
void ditto_client_charge(struct ditto_client *client, const struct ditto_principal *who);

static inline void ditto_client_hold(struct ditto_client *client)
{
	refcount_inc(&client->ref);
}

void ditto_client_put(struct ditto_client *client);

/**
 * ditto_client_after - the next client in the order of their coming
 * @table: the table
 * @number: of the last one; 0 to begin
 *
 * For lists: each client that is there all the time is found once, whoever comes and goes.
 *
 * Context: any but an interrupt. Return: a client to be put, or NULL.
 */
struct ditto_client *ditto_client_after(struct ditto_lock_table *table, u64 number);

/*
 * The client of that protocol, or of any for NULL, and name, to be put, or NULL: for the
 * administrator. May sleep.
 */
struct ditto_client *ditto_client_find(struct ditto_lock_table *table, const char *protocol,
				       const char *name);

/**
 * ditto_client_connected - a connection came; stops the time to live
 * @client: held
 *
 * Context: process; does not sleep.
 * Return: false if the client was released already and a new one is needed.
 */
bool ditto_client_connected(struct ditto_client *client);

/* A connection went. With the last the time to live begins. Process context; does not sleep. */
void ditto_client_disconnected(struct ditto_client *client);

/**
 * ditto_client_release - give up all that a client holds and waits for
 * @client: held by the caller
 * @why: for the trace, as "connection lost", "lease expired"; a constant
 *
 * The one way out for unlock-all, session end, lease expiry, a reboot of the
 * client and the administrator. Idempotent; when it returns, the live counters
 * are zero and no callback of a claim or waiting request of this client runs
 * or will run.
 *
 * Context: may sleep; no lock held, and not from such a callback.
 */
void ditto_client_release(struct ditto_client *client, const char *why);

/**
 * ditto_client_withdraw - nothing of a client outlives a restart any more
 * @client: held; to be released at once if this returns 0
 *
 * For whoever takes away what the client has, and is ready to wait.
 *
 * Context: may sleep. Return: 0, or what @client->ops->withdraw returned.
 */
int ditto_client_withdraw(struct ditto_client *client);

/**
 * ditto_client_retire - a client is to go, whenever it can be withdrawn
 * @client: held
 * @why: as for ditto_client_release()
 *
 * Withdrawn and then released from a workqueue of the table, DITTO_YIELDS_AT_ONCE at a time. If
 * it cannot be withdrawn it stays as it is, and the caller may come again.
 *
 * Context: any.
 */
void ditto_client_retire(struct ditto_client *client, const char *why);

/**
 * ditto_client_set_courtesy - a client was not heard of for too long, or was again
 * @client: held
 * @courtesy: which of both
 *
 * What a courtesy client holds and waits for stays until it is in somebody else's
 * way (RFC 8881 section 8.4.2.4): of another client, an anonymous request, or a
 * local process. Then all of it is released, as by ditto_client_retire(), and who
 * asked is told to come again as for a break; whoever is parked or queued is woken
 * when it is gone. The holder is not asked to give way: its caching grants are
 * revoked. While the client cannot be withdrawn it may come back, and is tried
 * again until it does; local processes meet its ranges as those of any other client.
 *
 * Context: may sleep; no lock held.
 * Return: true if the client is now as it was asked for; false if it was
 * released, or is about to be, and a new one is needed.
 */
bool ditto_client_set_courtesy(struct ditto_client *client, bool courtesy);

/* Claims of all kinds, now. */
static inline int ditto_client_claims(const struct ditto_client *client)
{
	return atomic_read(&client->live[DITTO_CLAIM_RANGE]) +
	       atomic_read(&client->live[DITTO_CLAIM_OPEN]) +
	       atomic_read(&client->live[DITTO_CLAIM_LEASE]);
}

#endif
