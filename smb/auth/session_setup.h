/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations shared by session.c, session_setup.c, session_finish.c, client_dialect.c and
 * channel.c: how sessions and channels are made, authenticated and bound (MS-SMB2 sections 2.2.5,
 * 2.2.6 and 3.3.5.5).
 */
#ifndef _DITTO_SMB_AUTH_SESSION_SETUP_H
#define _DITTO_SMB_AUTH_SESSION_SETUP_H

#include <linux/types.h>

#include "../wire/cursor.h"
#include "session.h"

struct ditto_auth;
struct dsmb_call;
struct dsmb_conn;

/* MS-SMB2 section 2.2.5. */
#define DSMB_SETUP_BINDING		BIT(0)

/* MS-SMB2 section 2.2.6. */
#define DSMB_SESSION_IS_GUEST		BIT(0)
#define DSMB_SESSION_IS_NULL		BIT(1)
#define DSMB_SESSION_ENCRYPT_DATA	BIT(2)

/* Seconds after which an authentication is given up. */
#define DSMB_AUTH_S			30
/* Steps of reauthentications that a session may take in some seconds before each is delayed. */
#define DSMB_RENEWALS_MAX		32
#define DSMB_RENEWALS_S			60

/* The functions of session.c. */

/* session.c */
struct dsmb_session *dsmb_session_new(struct dsmb_conn *conn);
struct dsmb_channel *dsmb_channel_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_session **session);
int dsmb_channel_new(struct dsmb_conn *conn, struct dsmb_session *session, bool binding,
		     struct dsmb_channel **channel);
void dsmb_channel_close(struct dsmb_channel *channel, const char *why);
bool dsmb_session_validate(struct dsmb_session *session, const char *name,
			   const struct in6_addr *addr);
bool dsmb_user_is_same(const struct ditto_auth_user *a, const struct ditto_auth_user *b);
void dsmb_auth_arm(struct dsmb_channel *channel);
void dsmb_auth_disarm(struct dsmb_channel *channel);

/* The functions of client_dialect.c. */

/* client_dialect.c */
bool dsmb_client_enter(struct dsmb_session *session);
void dsmb_client_leave(struct dsmb_session *session);

/* The functions of session_finish.c. */

/**
 * struct dsmb_setup - the values of a SESSION_SETUP request (MS-SMB2 section 2.2.5)
 * @flags: DSMB_SETUP_BINDING
 * @mode: SecurityMode
 * @token: security buffer, for the helper
 * @previous: PreviousSessionId: a session that the client lost
 * @message_id: MessageId of the header
 */
struct dsmb_setup {
	u8 flags;
	u8 mode;
	struct dsmb_cursor token;
	u64 previous;
	u64 message_id;
};

/* session_finish.c */
u32 dsmb_session_finish(struct dsmb_channel *channel, const struct ditto_auth *auth,
			const struct dsmb_setup *req);
void dsmb_session_setup_failed(struct dsmb_channel *channel, u32 status);
u16 dsmb_session_flags(const struct dsmb_session *session);
void dsmb_log_refused(const struct dsmb_conn *conn, const char *user, const char *why);

/* The functions of channel.c. */

/* channel.c */
u32 dsmb_setup_signature(struct dsmb_call *call, struct dsmb_signer *signer);
void dsmb_refuse_foreign(struct dsmb_call *call);
u32 dsmb_bind_begin(struct dsmb_call *call, struct dsmb_channel **channel,
		    struct dsmb_session **session);
u32 dsmb_bind_finish(struct dsmb_channel *channel, const struct ditto_auth *auth);

#endif
