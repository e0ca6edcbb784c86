/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals of the session code, shared by conn.c, sequence.c, session*.c and slot.c. See
 * session.h for locking and lifetime.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_SESSION_PRIVATE_H
#define _DITTO_FS_NFS_V4_SESSION_SESSION_PRIVATE_H

#include <linux/atomic.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rbtree_types.h>
#include <linux/rhashtable-types.h>

#include "session.h"
#include "slot.h"

struct dnfs4_server;
struct dnfs_call;
struct ditto_session_show;
struct ditto_server;

/**
 * struct dnfs4_sessions - the sessions of a server
 * @by_id: table by sessionid4, of struct dnfs4_session.hash
 * @lock: guards @all and @last, and insertion into and removal from the tables
 * @all: all sessions by number, of struct dnfs4_session.by_number
 * @last: lower half of the newest session's number
 * @extra_slots: number of slots with memory above DNFS4_SLOTS_START, over all sessions
 */
struct dnfs4_sessions {
	struct rhashtable by_id;
	struct mutex lock;	/* see above */
	struct rb_root_cached all;
	u32 last;
	atomic_t extra_slots;
};

/* Bytes reserved in a slot for a reply; the reply to a lone SEQUENCE is always kept. */
static inline u32 dnfs4_slot_reply_max(const struct dnfs4_session *session)
{
	return max_t(u32, session->fore.maxresponsesize_cached, 256);
}

/* Sessions that the laundry collects under one hold of sessions->lock. */
#define DNFS4_SESSIONS_AT_ONCE	32

/* The client has named the session, so it knows it: callbacks may use the session again. */
static inline void dnfs4_session_known(struct dnfs4_session *session)
{
	if (unlikely(READ_ONCE(session->back_refused)))
		WRITE_ONCE(session->back_refused, false);
}

/* session.c */

/**
 * dnfs4_session_find - find a session by id
 * @server: the server
 * @id: sessionid4
 *
 * Context: any.
 * Return: the session with a reference, or NULL.
 */
struct dnfs4_session *dnfs4_session_find(struct dnfs4_server *server,
					 const u8 id[DNFS4_SESSIONID_SIZE]);

/**
 * dnfs4_session_alloc - allocate a session
 * @client: the client; the session takes a reference
 *
 * The session is in no table yet.
 *
 * Return: the session with one reference; NULL without memory or budget.
 */
struct dnfs4_session *dnfs4_session_alloc(struct dnfs4_client *client);

/**
 * dnfs4_session_publish - give a session its id and add it to the tables
 * @session: new
 *
 * Return: 0; -ENOMEM; -ESHUTDOWN if the client is gone.
 */
int dnfs4_session_publish(struct dnfs4_session *session);

/**
 * dnfs4_session_end - end a session
 * @session: held by the caller
 *
 * Removes it from the tables and unbinds its connections.
 *
 * Return: false if the session had ended already.
 */
bool dnfs4_session_end(struct dnfs4_session *session);

/**
 * dnfs4_sessions_from - list sessions in the order of their numbers
 * @server: the server
 * @number: lowest number to return
 * @list: filled with sessions, each with a reference
 * @most: room in @list
 *
 * The cost does not depend on the number of sessions before them, so a walk of all sessions may
 * take them in small steps, and go on behind the last one after it has ended.
 *
 * Return: the number of sessions in @list.
 */
unsigned int dnfs4_sessions_from(struct dnfs4_server *server, u64 number,
				 struct dnfs4_session **list, unsigned int most);

/* slot.c: for the laundry and the shrinker */

/**
 * dnfs4_sessions_review - adjust the slot counts of all sessions
 * @server: the server
 *
 * Calls dnfs4_slots_review() for each session.
 */
void dnfs4_sessions_review(struct dnfs4_server *server);

/**
 * dnfs4_slots_reclaimable - count the slots that could be given up
 * @server: the server
 *
 * Context: any.
 * Return: the number of slots with memory above DNFS4_SLOTS_START.
 */
unsigned long dnfs4_slots_reclaimable(struct dnfs4_server *server);

/**
 * dnfs4_slots_shrink - lower the slot targets of sessions
 * @server: the server
 * @count: number of slots wanted back
 *
 * Clients see the lower target with their next SEQUENCE. The memory is freed by a later
 * dnfs4_sessions_review().
 *
 * Context: any process context; does not sleep.
 * Return: the number of slots asked back.
 */
unsigned long dnfs4_slots_shrink(struct dnfs4_server *server, unsigned long count);

/* conn.c */

/**
 * dnfs4_conn_bind - bind a connection to a session
 * @session: held by the caller
 * @xprt: the connection; NULL is -ENOTCONN
 * @dirs: DNFS4_CONN_*
 *
 * RFC 8881 section 2.10.3.
 *
 * Return: 0; -EEXIST if it is bound already, in which case its directions do not change;
 * -ENOMEM; -ENOSPC; -ENOTCONN if it is being closed; -ESHUTDOWN if the session has ended.
 */
int dnfs4_conn_bind(struct dnfs4_session *session, struct svc_xprt *xprt, u32 dirs);

/**
 * dnfs4_conn_raise - extend a bound connection to both channels
 * @session: held by the caller
 * @xprt: the connection
 *
 * Triggers a probe of the back channel if the connection did not belong to it before.
 *
 * Return: false if the connection is not (or no longer) bound to the session.
 */
bool dnfs4_conn_raise(struct dnfs4_session *session, struct svc_xprt *xprt);

/**
 * dnfs4_conn_dirs - get the channels that a connection is bound to
 * @session: the session
 * @xprt: the connection
 *
 * Context: any; with or without session->lock.
 * Return: DNFS4_CONN_* bits; 0 if the connection is not bound to the session.
 */
u32 dnfs4_conn_dirs(struct dnfs4_session *session, const struct svc_xprt *xprt);

/**
 * dnfs4_conns_drop - unbind all connections of an ended session
 * @session: @session->dead is set, so that no connection is bound again
 */
void dnfs4_conns_drop(struct dnfs4_session *session);

/* session_ops.c */

/**
 * struct dnfs4_cb_sec - security for callbacks, chosen from callback_sec_parms4
 * @sec: the DITTO_SEC_* bit chosen; 0 if no entry is usable
 * @uid: uid for AUTH_SYS
 * @gid: gid for AUTH_SYS
 */
struct dnfs4_cb_sec {
	u32 sec;
	u32 uid;
	u32 gid;
};

/**
 * dnfs4_decode_cb_sec - decode an array of callback_sec_parms4
 * @cmp: the COMPOUND
 * @sec: filled with the first usable entry; all zero if there is none
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_cb_sec(struct dnfs4_compound *cmp, struct dnfs4_cb_sec *sec);

/**
 * dnfs4_mach_cred_check - check an operation against a client's SP4_MACH_CRED protection
 * @client: the client, with or without SP4_MACH_CRED
 * @call: the call
 * @opnum: number of the operation
 *
 * Context: any.
 * Return: true if the operation is not in spo_must_enforce, or the call comes from the client's
 * principal with integrity protection.
 */
bool dnfs4_mach_cred_check(const struct dnfs4_client *client, const struct dnfs_call *call,
			   u32 opnum);

/* The same for an operation on a client as a whole, which dnfs4_principal_may_manage() is for. */
bool dnfs4_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call, u32 opnum);

#endif
