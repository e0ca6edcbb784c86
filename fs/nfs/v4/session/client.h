/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients of version 4: who they say they are, their lease, and what hangs off them.
 *
 * A record of a client is made unconfirmed by SETCLIENTID or EXCHANGE_ID and
 * confirmed by SETCLIENTID_CONFIRM or the first CREATE_SESSION; one owner string
 * has at most one of each. Confirmed with another verifier the old one goes with
 * all it held.
 *
 * The lease: a client that was silent for the lease time is a courtesy client. Its state stays
 * until somebody else needs what it holds (the lock table tells by releasing it,
 * ditto_client_set_courtesy()), until it speaks again, or until DNFS4_COURTESY_MAX_S.
 *
 * Locking: clients->lock (mutex) guards the tables by owner string and the step from
 * unconfirmed to confirmed. Look-up by id is under RCU. clients->courtesy_lock (mutex)
 * makes the step to and from courtesy, and is taken inside it. Neither is held
 * while a client is released.
 *
 * Lifetime: counted by @client, the lock table's.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_CLIENT_H
#define _DITTO_FS_NFS_V4_SESSION_CLIENT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../../../../lockd/client.h"
#include "../../../../net/budget.h"

struct dnfs_call;
struct dnfs4_callback_channel;
struct dnfs4_compound;
struct dnfs4_create_reply;
struct dnfs4_pending;
struct dnfs4_server;
struct ditto_owner;

/* Limits. */
#define DNFS4_CLIENTS_MAX		65536	/* of a server, confirmed or not */
#define DNFS4_OWNER_STRING_MAX		1024	/* NFS4_OPAQUE_LIMIT */
#define DNFS4_STATES_PER_CLIENT		1048576
/* States that a client is charged for at once. */
#define DNFS4_STATES_STEP		64
/* Bytes that the record of a client takes, with what it is called back by, but for its name. */
#define DNFS4_CLIENT_BYTES		4096
/* An unconfirmed client is forgotten after so long. */
#define DNFS4_UNCONFIRMED_S		90
/* A courtesy client is forgotten after so long, though nobody needs what it holds. */
#define DNFS4_COURTESY_MAX_S		86400
/* Words of a bitmap4 of operations. */
#define DNFS4_OP_WORDS			3

/* Bits of dnfs4_client.flags */
#define DNFS4_CLIENT_CONFIRMED		0
#define DNFS4_CLIENT_COURTESY		1	/* the lease ended; state is kept out of courtesy */
#define DNFS4_CLIENT_GONE		2	/* released: STALE_CLIENTID or EXPIRED */
#define DNFS4_CLIENT_RECLAIM_COMPLETE	3	/* 4.1: RECLAIM_COMPLETE was done */
#define DNFS4_CLIENT_MAY_RECLAIM	4	/* it was known before the restart */
#define DNFS4_CLIENT_RECORDED		5	/* a record of it is on disk */
#define DNFS4_CLIENT_MACH_CRED		6	/* SP4_MACH_CRED */
#define DNFS4_CLIENT_CB_DOWN		7	/* callbacks do not get through */
#define DNFS4_CLIENT_CB_MISSED		8	/* 4.0: a delegation was revoked: RENEW tells */
#define DNFS4_CLIENT_RECORD_UNSURE	9	/* the record may be on disk, or may not */
#define DNFS4_CLIENT_WITHDRAWN		10	/* the record is gone, and so is the client soon */

/**
 * struct dnfs4_principal - who made a client (RFC 8881 section 2.10.5: same principal)
 * @sec: flavour, a DITTO_SEC_* bit
 * @uid: of AUTH_SYS
 * @name: of RPCSEC_GSS: the principal; else NULL
 */
struct dnfs4_principal {
	u32 sec;
	kuid_t uid;
	char *name;
};

/**
 * struct dnfs4_client - a client
 * @client: of the lock table: its claims, its lifetime
 * @server: ours
 * @id: clientid4: the server's epoch (upper half) and a number that cannot be guessed
 * @minor: 0, or 1 for 4.1 and all above: a client of one is none of the other
 * @flags: DNFS4_CLIENT_*
 * @verifier: the incarnation (co_verifier), as it came
 * @confirm: 4.0: the server's verifier for SETCLIENTID_CONFIRM
 * @principal: who made it
 * @who: who is charged for what it holds; constant
 * @charge: for being a client, and @memory for its record: on nobody's word until it is
 *	confirmed, which clients->lock guards
 * @memory: see there
 * @renewed: jiffies of the last renewal, written at most once a second
 * @courtesy_at: jiffies since when it is a courtesy client
 * @states: struct dnfs4_state by number; its lock guards what follows up to @states_closed. See
 *	dnfs4_states_init()
 * @states_next: number to look for a free one from
 * @states_anchor: number that is kept taken, see dnfs4_states_anchor(); 0: none
 * @nstates: how many there are
 * @ndelegations: of them, delegations
 * @opens: charge for all others
 * @delegations: charge for delegations
 * @states_closed: no new ones
 * @owners_lock: guards what owner.c says
 * @owners_idle: open-owners and lock-owners without state, remembered for a while
 * @nowners_idle: how many
 * @lock_waits: locks that are waited for; under @owners_lock
 * @lease_owner: of its delegations in the lock table
 * @callback: callback.c's
 * @revoked: states that are void and not yet freed, by what SEQ4_STATUS tells
 * @back_conns: connections on which it can be called back, of all sessions
 * @sessions_lock: guards @sessions for writing; read under RCU
 * @sessions: struct dnfs4_session.client_link
 * @nsessions: how many
 * @create_lock: makes one CREATE_SESSION after the other; outside all other locks
 * @create_seqid: 4.1: csa_sequence expected next
 * @create_reply: the reply to the last one
 * @enforce: SP4_MACH_CRED: operations that the machine credential alone may do, as bits
 * @allow: the same: operations that it may do for everybody
 * @pending: 4.0: what waits for SETCLIENTID_CONFIRM; under clients->lock
 * @record_lock: one writes @client's record at a time
 * @hash: in the table by id
 * @owner_link: in the table by owner string
 * @lru: in the order of their coming, for the laundry; under clients->lock
 * @todo: on a list of the laundry's
 * @hashed: it is in the tables; under clients->lock
 * @impl: 4.1: nii_name of the client, for people; or NULL
 * @owner_len: bytes of @owner_string
 * @owner_string: co_ownerid
 * @rcu: freed under RCU, and where it may sleep
 */
struct dnfs4_client {
	struct ditto_client client;
	struct dnfs4_server *server;
	u64 id;
	u32 minor;
	unsigned long flags;
	u8 verifier[8];
	u8 confirm[8];
	struct dnfs4_principal principal;
	struct ditto_principal who;
	struct ditto_charge charge;
	struct ditto_charge memory;
	unsigned long renewed;
	unsigned long courtesy_at;
	struct xarray states;
	u32 states_next;
	u32 states_anchor;
	u32 nstates;
	u32 ndelegations;
	struct ditto_charge opens;
	struct ditto_charge delegations;
	bool states_closed;
	spinlock_t owners_lock;	/* see above */
	struct list_head owners_idle;
	u32 nowners_idle;
	u32 lock_waits;
	struct ditto_owner *lease_owner;
	struct dnfs4_callback_channel *callback;
	atomic_t revoked[5];	/* by enum dnfs4_void */
	atomic_t back_conns;
	struct mutex sessions_lock;	/* see above */
	struct list_head sessions;
	u32 nsessions;
	struct mutex create_lock;	/* see above */
	u32 create_seqid;
	struct dnfs4_create_reply *create_reply;
	u32 enforce[DNFS4_OP_WORDS];
	u32 allow[DNFS4_OP_WORDS];
	struct dnfs4_pending *pending;
	struct mutex record_lock;	/* see above */
	struct rhash_head hash;
	struct list_head owner_link;
	struct list_head lru;
	struct list_head todo;
	bool hashed;
	char *impl;
	u32 owner_len;
	u8 *owner_string;
	struct rcu_work rcu;
};

static inline void dnfs4_client_hold(struct dnfs4_client *client)
{
	ditto_client_hold(&client->client);
}

static inline void dnfs4_client_put(struct dnfs4_client *client)
{
	if (client)
		ditto_client_put(&client->client);
}

/*
 * The upper half of the ids of clients, and so the first four bytes of stateids in network
 * order: another one in each life of the server.
 */
u32 dnfs4_server_epoch(const struct dnfs4_server *server);

/**
 * dnfs4_client_find - the confirmed client with an id
 * @server: ours
 * @id: clientid4
 * @minor: 0, or 1 for all above
 * @out: filled; to be put
 *
 * Renews nothing. Return: NFS4_OK; NFS4ERR_STALE_CLIENTID (never existed in this life of the
 * server, or was forgotten); NFS4ERR_EXPIRED (4.0: its lease ended and its state is gone).
 */
u32 dnfs4_client_find(struct dnfs4_server *server, u64 id, u32 minor, struct dnfs4_client **out);

/**
 * dnfs4_client_use - an operation of the client counts as a sign of life
 * @client: held
 *
 * Renews the lease; a courtesy client that has still everything is in force again.
 * Return: false if it lost its state meanwhile.
 */
bool dnfs4_client_use(struct dnfs4_client *client);

/**
 * dnfs4_compound_set_client - 4.0: an operation says whose it is
 * @cmp: one COMPOUND may speak of several clients: the last one counts from here on
 * @client: whose reference goes over to @cmp
 *
 * The handles of @cmp act for this client, too: nothing refers to the one before.
 */
void dnfs4_compound_set_client(struct dnfs4_compound *cmp, struct dnfs4_client *client);

/* 4.0: find by id, renew, and make it @cmp->client. For OPEN, LOCK and others. */
u32 dnfs4_client_of_op(struct dnfs4_compound *cmp, u64 id);

/**
 * dnfs4_reclaim_check - may the client claim something now
 * @client: who
 * @reclaim: it says that it held it before the restart
 *
 * Return: NFS4_OK; NFS4ERR_GRACE; NFS4ERR_NO_GRACE; NFS4ERR_RECLAIM_BAD (RFC 8881 sections
 * 8.4.2.1 and 18.51.3, RFC 7530 section 9.6).
 */
u32 dnfs4_reclaim_check(struct dnfs4_client *client, bool reclaim);

/* The status of SEQUENCE (sr_status_flags, RFC 8881 section 18.46.3) as it is now. */
u32 dnfs4_client_status_flags(struct dnfs4_client *client);

/* Same principal as the call's? */
bool dnfs4_principal_matches(const struct dnfs4_client *client, const struct dnfs_call *call);

/*
 * A client is wanted on disk before it gets its first state (an OPEN, a delegation): see
 * net/helper/record.h. Return: NFS4_OK, or NFS4ERR_DELAY while the helper cannot be reached; where
 * no helper is configured at all it is NFS4_OK, and nothing can be reclaimed.
 */
u32 dnfs4_client_record(struct dnfs4_client *client);

#endif
