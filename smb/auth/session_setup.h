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

/**
 * dsmb_session_new - make a session that is on no connection yet
 * @conn: connection of the SESSION_SETUP
 *
 * Return: the session with the caller's reference; NULL without memory or if the budget is used
 * up.
 */
struct dsmb_session *dsmb_session_new(struct dsmb_conn *conn);

/**
 * dsmb_channel_find - find the channel of a session on a connection
 * @conn: the connection
 * @id: SessionId
 * @session: filled on success with the session, held
 *
 * The channel need not be authenticated.
 *
 * Return: the channel, held, or NULL.
 */
struct dsmb_channel *dsmb_channel_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_session **session);

/**
 * dsmb_channel_new - add a session to a connection
 * @conn: held
 * @session: held
 * @binding: the session is on another connection already
 * @channel: filled on success, held
 *
 * Context: process; may sleep; takes session->lock.
 * Return: 0; -EMFILE if the connection has too many sessions or the session too many channels;
 * -EEXIST if it is on this connection; -ESHUTDOWN if either has ended; -ENOMEM.
 */
int dsmb_channel_new(struct dsmb_conn *conn, struct dsmb_session *session, bool binding,
		     struct dsmb_channel **channel);

/**
 * dsmb_channel_close - take a session off a connection
 * @channel: held; may be closed already
 * @why: reason for traces if the session is closed, a constant
 *
 * The session is closed if this was its last channel.
 *
 * Context: process; may sleep; no lock held.
 */
void dsmb_channel_close(struct dsmb_channel *channel, const char *why);

/**
 * dsmb_session_validate - make an authenticated session VALID
 * @session: user and keys are set
 * @name: name of the client in the lock table
 * @addr: its address
 *
 * The session is registered with the lock table.
 *
 * Context: process; may sleep; takes session->lock.
 * Return: false if the session was closed, or its client has sessions with another dialect.
 */
bool dsmb_session_validate(struct dsmb_session *session, const char *name,
			   const struct in6_addr *addr);

/**
 * dsmb_user_is_same - do two identities belong to the same account?
 * @a: one identity
 * @b: the other identity
 *
 * Context: any.
 * Return: true if uid, SID, and the guest and anonymous flags are equal.
 */
bool dsmb_user_is_same(const struct ditto_auth_user *a, const struct ditto_auth_user *b);

/**
 * dsmb_auth_arm - start the time limit of an authentication, DSMB_AUTH_S
 * @channel: held
 *
 * Context: process; does not sleep.
 */
void dsmb_auth_arm(struct dsmb_channel *channel);

/**
 * dsmb_auth_disarm - stop the time limit of an authentication
 * @channel: held
 *
 * Context: process; does not sleep, and does not wait for the timer.
 */
void dsmb_auth_disarm(struct dsmb_channel *channel);

/* The functions of client_dialect.c. */

/**
 * dsmb_client_enter - count a session for its ClientGuid
 * @session: authenticated; session->lock is held
 *
 * Return: false if the ClientGuid has sessions with another dialect.
 */
bool dsmb_client_enter(struct dsmb_session *session);

/**
 * dsmb_client_leave - undo dsmb_client_enter()
 * @session: closed, so that it is not entered any more; it need not be entered
 */
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

/**
 * dsmb_session_finish - complete an authentication that the helper accepted
 * @channel: of the authentication; the caller runs its step
 * @auth: the user and the key
 * @req: the request
 *
 * Context: process; may sleep; no lock held.
 * Return: STATUS_SUCCESS; a status that the authentication is refused with.
 */
u32 dsmb_session_finish(struct dsmb_channel *channel, const struct ditto_auth *auth,
			const struct dsmb_setup *req);

/**
 * dsmb_session_setup_failed - end what an authentication was for
 * @channel: of the authentication
 * @status: the status it ended with
 *
 * A failed binding leaves the session as it was. So does a reauthentication that was cancelled
 * (MS-SMB2 section 3.3.5.16), whose connection ended, or that could not be decided for want of
 * the helper, of memory or of budget: the client tries again. A client that was refused loses the
 * session (MS-SMB2 section 3.3.5.5.3).
 *
 * Context: process; may sleep; no lock held.
 */
void dsmb_session_setup_failed(struct dsmb_channel *channel, u32 status);

/**
 * dsmb_session_flags - get the SessionFlags of a session (MS-SMB2 section 2.2.6)
 * @session: authenticated
 *
 * Context: any.
 * Return: DSMB_SESSION_* bits.
 */
u16 dsmb_session_flags(const struct dsmb_session *session);

/**
 * dsmb_log_refused - log and report a refused login
 * @conn: the connection
 * @user: name that was given; it is not proven and may contain anything, so it is escaped
 * @why: the reason, a constant
 */
void dsmb_log_refused(const struct dsmb_conn *conn, const char *user, const char *why);

/* The functions of channel.c. */

/**
 * dsmb_setup_signature - verify the signature of a SESSION_SETUP request
 * @call: its request is signed
 * @signer: the key
 *
 * Return: STATUS_SUCCESS, ACCESS_DENIED or INSUFFICIENT_RESOURCES.
 */
u32 dsmb_setup_signature(struct dsmb_call *call, struct dsmb_signer *signer);

/**
 * dsmb_refuse_foreign - choose the key that signs the refusal of a SESSION_SETUP
 * @call: of SESSION_SETUP; names a session that is not on this connection or has another key
 *	here
 *
 * If the request is signed with the session's key, the response is signed with it too (MS-SMB2
 * section 3.3.4.1.1).
 */
void dsmb_refuse_foreign(struct dsmb_call *call);

/**
 * dsmb_bind_begin - check a request to bind a session, and make its channel
 * @call: of SESSION_SETUP with SMB2_SESSION_FLAG_BINDING
 * @channel: filled on success, held
 * @session: filled on success, held
 *
 * Return: a status.
 */
u32 dsmb_bind_begin(struct dsmb_call *call, struct dsmb_channel **channel,
		    struct dsmb_session **session);

/**
 * dsmb_bind_finish - give a bound channel its signing key after authentication
 * @channel: being bound
 * @auth: succeeded
 *
 * Return: STATUS_SUCCESS; ACCESS_DENIED if the user is not the session's user;
 * INSUFFICIENT_RESOURCES.
 */
u32 dsmb_bind_finish(struct dsmb_channel *channel, const struct ditto_auth *auth);

#endif
