/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What session.c, session_setup.c and channel.c share: sessions coming and
 * going on their connections (MS-SMB2 sections 2.2.5, 2.2.6 and 3.3.5.5).
 */
#ifndef _DITTO_SMB_AUTH_SESSION_SETUP_H
#define _DITTO_SMB_AUTH_SESSION_SETUP_H

#include <linux/types.h>

#include "session.h"

struct ditto_auth;
struct dsmb_call;
struct dsmb_conn;

/* 2.2.5 */
#define DSMB_SETUP_BINDING		BIT(0)

/* 2.2.6 */
#define DSMB_SESSION_IS_GUEST		BIT(0)
#define DSMB_SESSION_IS_NULL		BIT(1)
#define DSMB_SESSION_ENCRYPT_DATA	BIT(2)

/* An authentication that takes longer is given up. */
#define DSMB_AUTH_S			30

/* session.c */

/* A session with an id of its own, held, on no connection yet. NULL without memory. */
struct dsmb_session *dsmb_session_new(struct dsmb_conn *conn);
/* The channel of a session on a connection, authenticated or not, held, and its session, held. */
struct dsmb_channel *dsmb_channel_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_session **session);
/**
 * dsmb_channel_new - put a session on a connection
 * @conn: held
 * @session: held
 * @binding: it is there already on another
 * @channel: filled, held
 *
 * Return: 0, -EMFILE (too many of either), -EEXIST (it is on this connection),
 * -ESHUTDOWN (one of them ended), -ENOMEM.
 */
int dsmb_channel_new(struct dsmb_conn *conn, struct dsmb_session *session, bool binding,
		     struct dsmb_channel **channel);
/* Take a session off a connection; ends the session if it was the last. May sleep. */
void dsmb_channel_close(struct dsmb_channel *channel, const char *why);
/* It was authenticated: the lock table learns of it under this name. False if it was closed. */
bool dsmb_session_validate(struct dsmb_session *session, const char *name);
/* Are these the same account? */
bool dsmb_user_is_same(const struct ditto_auth_user *a, const struct ditto_auth_user *b);

/* An authentication of the channel begins: it is given up after DSMB_AUTH_S. */
void dsmb_auth_arm(struct dsmb_channel *channel);
/* It is over earlier. */
void dsmb_auth_disarm(struct dsmb_channel *channel);

/* session_setup.c */

/* SESSION_SETUP was answered; see dsmb_before_send(). */
void dsmb_session_setup_sent(struct dsmb_call *call, const void *message, u32 len);

/* channel.c */

/* Was a request signed with this key? Returns a status. */
u32 dsmb_setup_signature(struct dsmb_call *call, struct dsmb_signer *signer);
/*
 * A request about a session that is not on this connection, or has another key there, is
 * refused: who signed it with the session's key gets the answer signed with it, too (3.3.4.1.1).
 */
void dsmb_refuse_foreign(struct dsmb_call *call);
/* A request to bind: find or make its channel (3.3.5.5 steps 3 to 5). Returns a status. */
u32 dsmb_bind_begin(struct dsmb_call *call, struct dsmb_channel **channel,
		    struct dsmb_session **session);
/* Its authentication succeeded: the channel gets its key. Returns a status. */
u32 dsmb_bind_finish(struct dsmb_channel *channel, const struct ditto_auth *auth);

#endif
