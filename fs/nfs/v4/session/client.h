/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NFSv4 clients: identity, lease, and the state that belongs to them.
 *
 * SETCLIENTID or EXCHANGE_ID makes an unconfirmed client record. SETCLIENTID_CONFIRM or the
 * first CREATE_SESSION confirms it. An owner string has at most one confirmed and one
 * unconfirmed record. Confirming a record with a different verifier releases the old record
 * and all its state.
 *
 * Lease: a client that has been silent for the lease time becomes a courtesy client. Its state
 * stays until another client needs something it holds (the lock table then releases the
 * client, see ditto_client_set_courtesy()), until the client sends a request again, or until
 * DNFS4_COURTESY_MAX_S has passed.
 *
 * Locking: clients->lock (mutex) guards the table by owner string and the step from
 * unconfirmed to confirmed. Lookup by clientid is under RCU. clients->courtesy_lock (mutex)
 * serializes the steps into and out of the courtesy state. No code path holds both mutexes,
 * and neither is held while a client is released.
 *
 * Lifetime: reference counted by @ref. All these references together hold one on @client, the
 * lock table's client, and one on @lease_owner. So whoever holds a client, such as a COMPOUND or a
 * copy in the background, may use @lease_owner, even when the client has been released. The lock
 * table and the owners of claims hold @client alone: the memory stays, but @lease_owner may be
 * gone. The lease owner itself holds @client, so @client cannot count all references.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_CLIENT_H
#define _DITTO_FS_NFS_V4_SESSION_CLIENT_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../../../lockd/client.h"
#include "../../../../net/budget.h"
#include "../../../../net/task.h"
#include "../state/state_table.h"

struct dnfs_call;
struct dnfs4_callback_channel;
struct dnfs4_compound;
struct dnfs4_create_reply;
struct dnfs4_pending;
struct dnfs4_server;
struct ditto_owner;

/* Limits. */
#define DNFS4_CLIENTS_MAX		65536	/* per server, confirmed or not */
#define DNFS4_OWNER_STRING_MAX		1024	/* NFS4_OPAQUE_LIMIT */
#define DNFS4_STATES_PER_CLIENT		1048576
/* Step in which states are charged to a client's budget. */
#define DNFS4_STATES_STEP		64
/* Bytes charged for a client record and its callback channel, without the owner string. */
#define DNFS4_CLIENT_BYTES		4096
/* Longest life of an unconfirmed client, in seconds. */
#define DNFS4_UNCONFIRMED_S		90
/* Longest life of a courtesy client without a conflict, in seconds. */
#define DNFS4_COURTESY_MAX_S		86400
/* Words in a bitmap4 of operations. */
#define DNFS4_OP_WORDS			3

/* Bits of dnfs4_client.flags */
#define DNFS4_CLIENT_CONFIRMED		0
#define DNFS4_CLIENT_COURTESY		1	/* the lease expired: a courtesy client */
#define DNFS4_CLIENT_GONE		2	/* released: STALE_CLIENTID or EXPIRED */
#define DNFS4_CLIENT_RECLAIM_COMPLETE	3	/* 4.1: RECLAIM_COMPLETE was done */
#define DNFS4_CLIENT_MAY_RECLAIM	4	/* it was known before the restart */
#define DNFS4_CLIENT_MACH_CRED		6	/* SP4_MACH_CRED */
#define DNFS4_CLIENT_CB_DOWN		7	/* callbacks do not reach the client */
#define DNFS4_CLIENT_CB_MISSED		8	/* 4.0: delegation revoked, RENEW reports it */
#define DNFS4_CLIENT_INHERITS		11	/* its previous instance is being released */
#define DNFS4_CLIENT_PREVIOUS		12	/* it may claim what its previous instance had */
#define DNFS4_CLIENT_SHARES_NAME	14	/* 4.1: another machine has the same name */

/**
 * struct dnfs4_principal - the principal that created a client
 * @sec: security flavour, one DITTO_SEC_* bit
 * @uid: uid of the call that created the client; compared only without a GSS principal
 * @name: RPCSEC_GSS principal name, owned; NULL for other flavours
 * @service: principal as "service@host", owned; NULL if it is no service or cannot be called back
 * @acceptor: principal of this machine in that form, owned; NULL if it is not known
 * @security: TLS of that call's connection, one DNFS_CONN_* bit
 * @cert_name: name that the machine proved with its certificate, owned; NULL if none
 */
struct dnfs4_principal {
	u32 sec;
	kuid_t uid;
	char *name;
	char *service;
	char *acceptor;
	u32 security;
	char *cert_name;
};

/**
 * struct dnfs4_client - a client
 * @client: the lock table's client: claims, and the lifetime of the memory
 * @ref: references, see above
 * @server: the server it belongs to
 * @id: clientid4: the server's epoch (upper half) and a number that cannot be guessed
 * @minor: 0 for 4.0, 1 for 4.1 and above; the two families share no clients
 * @flags: DNFS4_CLIENT_*
 * @verifier: co_verifier or the verifier of SETCLIENTID: identifies the incarnation
 * @replaces: 4.1: it took the place of an incarnation with the verifier @replaced
 * @replaced: see @replaces
 * @confirmed_at: 4.1: jiffies when it was confirmed
 * @confirm: 4.0: the server's verifier for SETCLIENTID_CONFIRM
 * @principal: principal that created the client
 * @addr: address from which the client record was made
 * @who: budget account charged for what the client holds; constant
 * @charge: charge for the client itself. @charge and @memory are made with the unproven trust
 *	level and move to @who when the client is confirmed; under clients->lock
 * @memory: charge for the memory of the record, see @charge
 * @renewed: jiffies of the last lease renewal, written at most once a second
 * @courtesy_at: jiffies when it became a courtesy client
 * @previous_since: jiffies when its time to claim delegations of its previous instance began
 * @states: its states by number. The lock of the table guards the members from here up to
 *	@delegations. See dnfs4_states_init()
 * @number_mask: hides the numbers of @states in stateids; constant
 * @nstates: number of states
 * @ndelegations: number of states that are delegations
 * @nkept: number of delegations of its previous instance, or more while they are being passed on
 * @disowned: @delegations is charged to the next instance
 * @opens: charge for states other than delegations
 * @delegations: charge for delegations, @nkept included
 * @owners_lock: spinlock for the owner lists, see owner.h
 * @owners_idle: open-owners and lock-owners without state, kept for a while
 * @nowners_idle: length of @owners_idle
 * @lock_waits: number of waits for byte-range locks; under @owners_lock
 * @lease_owner: owner of the client's delegations in the lock table, for those who hold @ref
 * @callback: callback channel, see callback.h
 * @revoked: number of void states not yet freed, by enum dnfs4_void; changed under @states' lock
 * @nrevoked: number of all of them
 * @back_lock: spinlock for changes of @back_conns and the status that follows from it, and for
 *	@last_back
 * @back_conns: number of connections usable for callbacks, over all sessions
 * @last_back: number of the newest of their bindings, see struct dnfs4_conn
 * @sessions_lock: guards @sessions and @nsessions
 * @sessions: sessions, by struct dnfs4_session.client_link
 * @nsessions: length of @sessions
 * @create_lock: serializes CREATE_SESSION; outside all other locks
 * @create_seqid: 4.1: csa_sequence expected next
 * @create_reply: reply to the last CREATE_SESSION, or NULL
 * @enforce: SP4_MACH_CRED: bitmap of operations that require the machine credential
 * @allow: SP4_MACH_CRED: bitmap of operations that the machine credential may do for all users
 * @pending: 4.0: data of a SETCLIENTID not yet confirmed; under clients->lock
 * @recorder: of the client's record on disk, once it has had one; set once
 * @token: by which @recorder tells it from other incarnations
 * @hash: link in the table by clientid
 * @owner_link: link in the table by owner string
 * @lru: link in the list of all clients, in order of creation; under clients->lock
 * @todo: link in a work list of the laundry
 * @sweep: deals with opens that lost their claims; queued with a reference
 * @lost_at: 4.0: jiffies when @sweep last found that an open had lost its claim
 * @sweep_due: 4.0: jiffies when to look again for opens that were revoked; 0: there are none;
 *	written by @sweep
 * @hashed: it is in the tables; under clients->lock
 * @impl: 4.1: nii_name of the client, for display; or NULL
 * @owner_len: bytes of @owner_string
 * @owner_string: co_ownerid, or the id of nfs_client_id4
 * @rcu: frees the client after a grace period, in a context that may sleep
 */
struct dnfs4_client {
	struct ditto_client client;
	refcount_t ref;
	struct dnfs4_server *server;
	u64 id;
	u32 minor;
	unsigned long flags;
	u8 verifier[8];
	bool replaces;
	u8 replaced[8];
	unsigned long confirmed_at;
	u8 confirm[8];
	struct dnfs4_principal principal;
	struct in6_addr addr;
	struct ditto_principal who;
	struct ditto_charge charge;
	struct ditto_charge memory;
	unsigned long renewed;
	unsigned long courtesy_at;
	unsigned long previous_since;
	struct dnfs4_state_table states;
	u32 number_mask;
	u32 nstates;
	u32 ndelegations;
	u32 nkept;
	bool disowned;
	struct ditto_charge opens;
	struct ditto_charge delegations;
	spinlock_t owners_lock;	/* see above */
	struct list_head owners_idle;
	u32 nowners_idle;
	u32 lock_waits;
	struct ditto_owner *lease_owner;
	struct dnfs4_callback_channel *callback;
	u32 revoked[5];	/* by enum dnfs4_void */
	u32 nrevoked;
	spinlock_t back_lock;	/* see above */
	atomic_t back_conns;
	u64 last_back;
	struct mutex sessions_lock;	/* see above */
	struct list_head sessions;
	u32 nsessions;
	struct mutex create_lock;	/* see above */
	u32 create_seqid;
	struct dnfs4_create_reply *create_reply;
	u32 enforce[DNFS4_OP_WORDS];
	u32 allow[DNFS4_OP_WORDS];
	struct dnfs4_pending *pending;
	struct ditto_recorder *recorder;
	u64 token;
	struct rhash_head hash;
	struct list_head owner_link;
	struct list_head lru;
	struct list_head todo;
	struct work_struct sweep;
	unsigned long lost_at;
	unsigned long sweep_due;
	bool hashed;
	char *impl;
	u32 owner_len;
	u8 *owner_string;
	struct rcu_work rcu;
};

u64 dnfs4_client_alias(const struct dnfs4_server *server, u64 id);

/* Take a reference on a client. */
static inline void dnfs4_client_hold(struct dnfs4_client *client)
{
	refcount_inc(&client->ref);
}

void dnfs4_client_unheld(struct dnfs4_client *client);

/* Drop a reference on a client; NULL is allowed. Context: process; does not sleep. */
static inline void dnfs4_client_put(struct dnfs4_client *client)
{
	if (client && refcount_dec_and_test(&client->ref))
		dnfs4_client_unheld(client);
}

u32 dnfs4_server_epoch(const struct dnfs4_server *server);
u32 dnfs4_client_find(struct dnfs4_server *server, u64 id, u32 minor, struct dnfs4_client **out);

u32 dnfs4_client_use(struct dnfs4_client *client, u32 gone);

void dnfs4_compound_set_client(struct dnfs4_compound *cmp, struct dnfs4_client *client);
u32 dnfs4_client_of_op(struct dnfs4_compound *cmp, u64 id);

u32 dnfs4_complete_check(struct dnfs4_client *client);
u32 dnfs4_reclaim_check(struct dnfs4_client *client, bool reclaim);

u32 dnfs4_client_status_flags(struct dnfs4_client *client);

bool dnfs4_principal_matches(const struct dnfs4_client *client, const struct dnfs_call *call);
bool dnfs4_principal_may_restart(const struct dnfs4_client *client, const struct dnfs_call *call);

u32 dnfs4_client_record(struct dnfs4_compound *cmp);

#endif
