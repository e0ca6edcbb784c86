/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions of 4.1 and above: slots that make every request happen once, and the
 * connections that belong to a session, which may be many, as may be the sessions of a
 * connection (RFC 8881 section 2.10).
 *
 * Locking: a slot is taken by one atomic bit, from SEQUENCE until
 * dnfs4_sequence_done(); who finds it taken answers DELAY or SEQ_MISORDERED.
 * session->lock (spinlock) guards connections and the numbers of slots.
 *
 * Lifetime: counted; found by id under RCU. A request holds its session. When the
 * session is destroyed its slots stay until the last request is done.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_SESSION_H
#define _DITTO_FS_NFS_V4_SESSION_SESSION_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "../../../../net/budget.h"
#include "../deleg/cb_slot.h"

struct dnfs4_client;
struct dnfs4_compound;
struct dnfs4_session;

#define DNFS4_SESSIONID_SIZE	16
/* Most slots of a session, whatever the setting; least there are always. */
#define DNFS4_SLOTS_MAX		1024
/* Bytes of a reply that a slot keeps at most. */
#define DNFS4_SLOT_REPLY_MAX	4096
/* Least sizes that make a session of use: below it is TOOSMALL. */
#define DNFS4_MAX_REQUEST_MIN	256
#define DNFS4_MAX_REPLY_MIN	256
/* Slots that a session begins with, and never has fewer if the client asked for as many. */
#define DNFS4_SLOTS_START	16
/* Connections of one session. */
#define DNFS4_CONNS_PER_SESSION	64
/* Bytes that a session takes, without its slots. */
#define DNFS4_SESSION_BYTES	2048

/**
 * struct dnfs4_channel_attrs - channel_attrs4 (RFC 8881 section 18.36.1), clamped
 * @headerpadsize: none
 * @maxrequestsize: bytes of a call, with all that belongs to RPC
 * @maxresponsesize: bytes of a reply
 * @maxresponsesize_cached: bytes of a reply that is kept
 * @maxoperations: of one COMPOUND
 * @maxrequests: slots
 */
struct dnfs4_channel_attrs {
	u32 headerpadsize;
	u32 maxrequestsize;
	u32 maxresponsesize;
	u32 maxresponsesize_cached;
	u32 maxoperations;
	u32 maxrequests;
};

#define DNFS4_CONN_FORE		BIT(0)
#define DNFS4_CONN_BACK		BIT(1)

/**
 * struct dnfs4_conn - a connection that belongs to a session
 * @session: not counted: unlinked before the session goes
 * @xprt: counted
 * @dirs: DNFS4_CONN_*
 * @user: told by sunrpc when the connection goes
 * @linked: on the list; under session->lock
 * @link: on session->conns, changed under session->lock, read under RCU
 * @rcu: freed under RCU
 */
struct dnfs4_conn {
	struct dnfs4_session *session;
	struct svc_xprt *xprt;
	u32 dirs;
	struct svc_xpt_user user;
	bool linked;
	struct list_head link;
	struct rcu_head rcu;
};

/**
 * struct dnfs4_session - a session
 * @ref: holders, and one while it is in the table
 * @client: held
 * @id: sessionid4, random
 * @number: never used again; for people
 * @since: wall clock
 * @minor: minor version of CREATE_SESSION: callbacks are of the same
 * @dead: destroyed: BADSESSION
 * @fore: of the fore channel, as granted
 * @back: of the back channel
 * @cb_program: csa_cb_program
 * @cb_sec: chosen of csa_sec_parms: a DITTO_SEC_* bit
 * @cb_uid: of AUTH_SYS callbacks
 * @cb_gid: of the same
 * @lock: see above
 * @conns: struct dnfs4_conn
 * @nconns: of @conns
 * @back_lost: a connection of the back channel went, and none is left
 * @slots: struct dnfs4_slot by number, see slot.c
 * @charge: for being a session; constant
 * @memory: charge for it and @slots_paid slots, each with a reply; under session->lock
 * @slots_asked: how many the client wanted
 * @slots_paid: how many there may be at most
 * @slots_now: those with lower numbers are taken: sr_highest_slotid + 1
 * @slots_target: sr_target_highest_slotid + 1
 * @slots_peak: how many the client used at once of late
 * @slots_live: of @slots with memory
 * @cb_slots: of the back channel: cb_slot.c's
 * @client_link: on client->sessions, read under RCU
 * @all_link: on the server's list
 * @hash: in the table by id
 * @rcu: freed under RCU
 */
struct dnfs4_session {
	refcount_t ref;
	struct dnfs4_client *client;
	u8 id[DNFS4_SESSIONID_SIZE];
	u64 number;
	time64_t since;
	u32 minor;
	bool dead;
	struct dnfs4_channel_attrs fore;
	struct dnfs4_channel_attrs back;
	u32 cb_program;
	u32 cb_sec;
	u32 cb_uid;
	u32 cb_gid;
	spinlock_t lock;	/* see above */
	struct list_head conns;
	u32 nconns;
	bool back_lost;
	struct xarray slots;
	struct ditto_charge charge;
	struct ditto_charge memory;
	u32 slots_asked;
	u32 slots_paid;
	u32 slots_now;
	u32 slots_target;
	u32 slots_peak;
	atomic_t slots_live;
	struct dnfs4_cb_slots cb_slots;
	struct list_head client_link;
	struct list_head all_link;
	struct rhash_head hash;
	struct rcu_head rcu;
};

void dnfs4_session_hold(struct dnfs4_session *session);
/* NULL is allowed. Any context. */
void dnfs4_session_put(struct dnfs4_session *session);

/**
 * dnfs4_session_back_conn - a connection to call the client back on
 * @client: whose
 * @after: not this one, which failed; NULL for the first choice, the newest of its session
 * @session: filled with the session, held
 *
 * Context: any. Return: the connection's xprt with a reference, or NULL if there is none.
 */
struct svc_xprt *dnfs4_session_back_conn(struct dnfs4_client *client, const struct svc_xprt *after,
					 struct dnfs4_session **session);

/**
 * struct dnfs4_call_ref - a request, for callbacks that must not overtake its reply
 * @session: sessionid4
 * @seqid: sa_sequenceid
 * @slot: sa_slotid
 * @valid: there was a SEQUENCE
 */
struct dnfs4_call_ref {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 seqid;
	u32 slot;
	bool valid;
};

/**
 * dnfs4_sequence_done - the COMPOUND is encoded: keep its reply and give the slot back
 * @cmp: with a slot; its reply begins at @cmp->start
 *
 * The engine calls it once for every COMPOUND whose SEQUENCE succeeded. Puts @cmp->session.
 */
void dnfs4_sequence_done(struct dnfs4_compound *cmp);

/* SP4_MACH_CRED: may this call do the operation with that number? (RFC 8881 section 2.10.8.3) */
bool dnfs4_mach_cred_allows(const struct dnfs4_compound *cmp, u32 opnum);

/* All sessions of a client end; its connections stay open. May sleep. */
void dnfs4_sessions_destroy(struct dnfs4_client *client);

#endif
