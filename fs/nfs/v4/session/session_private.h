/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that make up sessions share: see session.h.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_SESSION_PRIVATE_H
#define _DITTO_FS_NFS_V4_SESSION_SESSION_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>

#include "session.h"
#include "slot.h"

struct dnfs4_server;
struct dnfs_call;
struct ditto_session_show;
struct ditto_server;

/**
 * struct dnfs4_sessions - the sessions of a server
 * @by_id: struct dnfs4_session.hash
 * @lock: guards the next two, and the way into and out of the tables
 * @all: struct dnfs4_session.all_link, in the order of their numbers
 * @last: number of the newest
 * @spare: slots with memory beyond what sessions begin with
 */
struct dnfs4_sessions {
	struct rhashtable by_id;
	struct mutex lock;	/* see above */
	struct list_head all;
	u32 last;
	atomic_t spare;
};

/* Bytes of a reply that slots of a session have room for; a bare SEQUENCE is always kept. */
static inline u32 dnfs4_slot_reply_max(const struct dnfs4_session *session)
{
	return max_t(u32, session->fore.maxresponsesize_cached, 256);
}

/* Sessions that the laundry looks at in one hold of the lock. */
#define DNFS4_SESSIONS_AT_ONCE	32

/* session.c */

/* The session with an id, held, or NULL. Any context. */
struct dnfs4_session *dnfs4_session_find(struct dnfs4_server *server,
					 const u8 id[DNFS4_SESSIONID_SIZE]);
/*
 * A session of a client, in no table, with one reference; NULL without memory, or if the client
 * may have no more.
 */
struct dnfs4_session *dnfs4_session_alloc(struct dnfs4_client *client);
/* Into the tables. 0, -ENOMEM, -ESHUTDOWN (the client is gone). */
int dnfs4_session_publish(struct dnfs4_session *session);
/* It ends: out of the tables, without connections. False if it had ended already. */
bool dnfs4_session_end(struct dnfs4_session *session);
/* The sessions with numbers from @number on, held; returns how many of @most. */
unsigned int dnfs4_sessions_from(struct dnfs4_server *server, u64 number,
				 struct dnfs4_session **list, unsigned int most);

/* slot.c: for the laundry and when memory is short */

/* The numbers of slots follow demand and setting; what nobody uses is freed. */
void dnfs4_sessions_review(struct dnfs4_server *server);
unsigned long dnfs4_slots_spare(struct dnfs4_server *server);
/* Ask for slots back; returns for how many. Does not wait. */
unsigned long dnfs4_slots_shrink(struct dnfs4_server *server, unsigned long count);

/* conn.c */

/**
 * dnfs4_conn_bind - a connection becomes one of a session
 * @session: held
 * @xprt: the connection
 * @dirs: DNFS4_CONN_*
 *
 * Return: 0, -EEXIST (it is one already, and stays what it is), -ENOMEM, -ENOSPC, -ENOTCONN (it
 * is being closed), -ESHUTDOWN (the session has ended).
 */
int dnfs4_conn_bind(struct dnfs4_session *session, struct svc_xprt *xprt, u32 dirs);
/**
 * dnfs4_conn_raise - a connection of a session may be used in both directions
 * @session: held
 * @xprt: the connection
 *
 * The way back is probed if it had none.
 *
 * Context: may sleep. Return: false if it is not one of the session (any more).
 */
bool dnfs4_conn_raise(struct dnfs4_session *session, struct svc_xprt *xprt);
/* DNFS4_CONN_* of a connection, 0 if it is not one of the session. */
u32 dnfs4_conn_dirs(struct dnfs4_session *session, const struct svc_xprt *xprt);
/* All connections of an ended session leave it. May sleep. */
void dnfs4_conns_drop(struct dnfs4_session *session);

/* session_ops.c */

/**
 * struct dnfs4_cb_sec - what csa_sec_parms offer for callbacks
 * @sec: the DITTO_SEC_* bit chosen; 0 if none will do
 * @uid: of AUTH_SYS
 * @gid: of the same
 */
struct dnfs4_cb_sec {
	u32 sec;
	u32 uid;
	u32 gid;
};

/* callback_sec_parms4<>: the first that we can use counts. */
u32 dnfs4_decode_cb_sec(struct dnfs4_compound *cmp, struct dnfs4_cb_sec *sec);

/* May the call do an operation on a client that may have SP4_MACH_CRED? */
bool dnfs4_mach_cred_check(const struct dnfs4_client *client, const struct dnfs_call *call,
			   u32 opnum);

#endif
