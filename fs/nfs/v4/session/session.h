/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions of NFSv4.1 and above (RFC 8881 section 2.10).
 *
 * A session has slots, which give exactly-once semantics, and connections. A session may have
 * many connections, and a connection may belong to many sessions.
 *
 * Locking: a request owns its slot through one atomic bit, from SEQUENCE until
 * dnfs4_sequence_done(). A request that finds the slot busy gets NFS4ERR_DELAY or
 * NFS4ERR_SEQ_MISORDERED. session->lock (spinlock) guards the list of connections and the
 * slot counts.
 *
 * Lifetime: reference counted; found by id under RCU. A request holds its session. The slots
 * of a destroyed session stay until its last request is done.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_SESSION_H
#define _DITTO_FS_NFS_V4_SESSION_SESSION_H

#include <linux/list.h>
#include <linux/rbtree_types.h>
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
/* Upper limit for the slots of a session, whatever the setting. */
#define DNFS4_SLOTS_MAX		1024
/* Most bytes of a reply that a slot keeps. */
#define DNFS4_SLOT_REPLY_MAX	4096
/* Smallest usable request and reply sizes; below them CREATE_SESSION gets NFS4ERR_TOOSMALL. */
#define DNFS4_MAX_REQUEST_MIN	256
#define DNFS4_MAX_REPLY_MIN	256
/* Initial target for the number of slots; the target does not shrink below it by itself. */
#define DNFS4_SLOTS_START	16
/* Most connections of one session. */
#define DNFS4_CONNS_PER_SESSION	64
/* Bytes charged for a session, without its slots. */
#define DNFS4_SESSION_BYTES	2048

/**
 * struct dnfs4_channel_attrs - channel_attrs4 (RFC 8881 section 18.36.1), clamped
 * @headerpadsize: ca_headerpadsize; the server always grants 0
 * @maxrequestsize: bytes of a call, including the RPC header
 * @maxresponsesize: bytes of a reply, including the RPC header
 * @maxresponsesize_cached: bytes of a reply that is cached
 * @maxoperations: operations in one COMPOUND
 * @maxrequests: number of slots
 */
struct dnfs4_channel_attrs {
	u32 headerpadsize;
	u32 maxrequestsize;
	u32 maxresponsesize;
	u32 maxresponsesize_cached;
	u32 maxoperations;
	u32 maxrequests;
};

/* Channels of a session that a connection belongs to. */
#define DNFS4_CONN_FORE		BIT(0)
#define DNFS4_CONN_BACK		BIT(1)

/**
 * struct dnfs4_conn - a connection that belongs to a session
 * @session: the session; no reference, because the connection is unlinked before the session
 *	is freed
 * @xprt: the transport; holds a reference
 * @dirs: DNFS4_CONN_*
 * @back: number of its binding to the back channel, ascending over all sessions of the client;
 *	0: it is not bound to that
 * @user: notification by sunrpc that the transport is closed
 * @linked: it is on the session's list; under session->lock
 * @link: link in session->conns; changed under session->lock, read under RCU
 * @rcu: frees it after a grace period
 */
struct dnfs4_conn {
	struct dnfs4_session *session;
	struct svc_xprt *xprt;
	u32 dirs;
	u64 back;
	struct svc_xpt_user user;
	bool linked;
	struct list_head link;
	struct rcu_head rcu;
};

/**
 * struct dnfs4_session - a session
 * @ref: reference count; the table by id has one reference
 * @client: the client; holds a reference
 * @id: sessionid4, random
 * @number: unique number for display, not reused
 * @since: time of creation, in seconds of wall-clock time
 * @minor: minor version of CREATE_SESSION; callbacks use the same
 * @dead: destroyed: NFS4ERR_BADSESSION; written under @lock
 * @fore: attributes of the fore channel, as granted
 * @back: attributes of the back channel, as granted
 * @cb_program: csa_cb_program
 * @cb_sec: flavour chosen from csa_sec_parms, a DITTO_SEC_* bit; 0: none is usable
 * @cb_uid: uid for AUTH_SYS callbacks
 * @cb_gid: gid for AUTH_SYS callbacks
 * @lock: see above
 * @conns: connections, by struct dnfs4_conn.link
 * @nconns: length of @conns
 * @back_lost: the last connection of the back channel was lost
 * @back_refused: the client did not know the session when it was called back over it, and has not
 *	used it since
 * @slots: struct dnfs4_slot by number, see slot.c
 * @charge: charge for the session itself; constant
 * @memory: charge for the memory of the session and of @slots_paid slots with a reply each;
 *	under @lock
 * @slots_asked: number of slots the client asked for
 * @slots_paid: number of slots charged, the upper limit for @slots_now
 * @slots_now: number of slots accepted from the client: sr_highest_slotid + 1
 * @slots_target: number of slots the client should use: sr_target_highest_slotid + 1
 * @slots_peak: most slots in concurrent use since the last review; 0: the client was silent
 * @slots_live: number of slots that have memory
 * @cb_slots: slots of the back channel, see cb_slot.h
 * @client_link: link in client->sessions
 * @by_number: node in the server's tree of all sessions
 * @hash: link in the table by id
 * @rcu: frees the session after a grace period
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
	bool back_refused;
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
	struct rb_node by_number;
	struct rhash_head hash;
	struct rcu_head rcu;
};

void dnfs4_session_hold(struct dnfs4_session *session);
void dnfs4_session_put(struct dnfs4_session *session);

struct svc_xprt *dnfs4_session_back_conn(struct dnfs4_client *client, u64 *back,
					 struct dnfs4_session **session);

/**
 * struct dnfs4_call_ref - identity of a request, for csa_referring_call_lists
 * @session: sessionid4
 * @seqid: sa_sequenceid
 * @slot: sa_slotid
 * @valid: the request had a SEQUENCE
 *
 * A callback names the request whose reply it must not overtake (RFC 8881 section 2.10.6.3).
 */
struct dnfs4_call_ref {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 seqid;
	u32 slot;
	bool valid;
};

void dnfs4_sequence_done(struct dnfs4_compound *cmp);

bool dnfs4_mach_cred_allows(const struct dnfs4_compound *cmp, u32 opnum);
bool dnfs4_mach_cred_frees(const struct dnfs4_compound *cmp, u32 opnum);

void dnfs4_sessions_destroy(struct dnfs4_client *client);

#endif
