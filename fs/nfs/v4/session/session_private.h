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

/* session.c */
struct dnfs4_session *dnfs4_session_find(struct dnfs4_server *server,
					 const u8 id[DNFS4_SESSIONID_SIZE]);
struct dnfs4_session *dnfs4_session_alloc(struct dnfs4_client *client);
int dnfs4_session_publish(struct dnfs4_session *session);
bool dnfs4_session_end(struct dnfs4_session *session);
unsigned int dnfs4_sessions_from(struct dnfs4_server *server, u64 number,
				 struct dnfs4_session **list, unsigned int most);

/* slot.c: for the laundry and the shrinker */

/* slot.c */
void dnfs4_sessions_review(struct dnfs4_server *server);
unsigned long dnfs4_slots_reclaimable(struct dnfs4_server *server);
unsigned long dnfs4_slots_shrink(struct dnfs4_server *server, unsigned long count);

/* conn.c */

/* conn.c */
int dnfs4_conn_bind(struct dnfs4_session *session, struct svc_xprt *xprt, u32 dirs);
bool dnfs4_conn_raise(struct dnfs4_session *session, struct svc_xprt *xprt);
u32 dnfs4_conn_dirs(struct dnfs4_session *session, const struct svc_xprt *xprt);
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

/* session_ops.c */
u32 dnfs4_decode_cb_sec(struct dnfs4_compound *cmp, struct dnfs4_cb_sec *sec);
bool dnfs4_mach_cred_check(const struct dnfs4_client *client, const struct dnfs_call *call,
			   u32 opnum);
bool dnfs4_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call, u32 opnum);

#endif
