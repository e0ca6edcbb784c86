// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an authentication ends: the user, the keys and the policy of a new session, the user that a
 * session acts as after a reauthentication, and refusals (MS-SMB2 section 3.3.5.5.3).
 *
 * Locking: only one step of a channel runs at a time (channel->busy), so only one thread is here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/share/share.h"
#include "../../net/event.h"
#include "../../net/helper/auth.h"
#include "../../net/peer.h"
#include "../../net/server.h"
#include "../server.h"
#include "../transport/conn.h"
#include "../transport/trust.h"
#include "../wire/status.h"
#include "keys.h"
#include "session_setup.h"

/* Longest part of an unproven user name that is logged. */
#define TOLD_NAME_MAX		64
/* Identities of a session: a user whose groups change more often logs in anew. */
#define IDENTITIES_MAX		16

/* Log and report a refused login. */
void dsmb_log_refused(const struct dsmb_conn *conn, const char *user, const char *why)
{
	char subject[DITTO_CLIENT_NAME_MAX], addr[DITTO_ADDR_TEXT];
	int len = strnlen(user, TOLD_NAME_MAX);

	pr_info_ratelimited("%s cannot log in as \"%*pE\": %s\n", conn->name, len, user, why);
	snprintf(subject, sizeof(subject), "%*pE@%s", len, user,
		 ditto_addr_text(&conn->peer->addr, addr));
	ditto_event(conn->server->srv, DITTO_EVENT_AUTH_REFUSED, subject);
}

/*
 * Makes the keys of a new session. Guest and anonymous sessions have none (MS-SMB2 section
 * 3.3.5.5.3).
 */
static int session_keys(struct dsmb_session *session, struct dsmb_channel *channel,
			const struct ditto_auth *auth, const struct dsmb_setup *req)
{
	const struct dsmb_conn *conn = channel->conn;
	struct dsmb_signer *signer;
	int err;

	session->session_key_len = clamp_t(u8, auth->key_len, DSMB_SESSION_KEY_SIZE,
					   sizeof(session->session_key));
	memcpy(session->session_key, auth->key, session->session_key_len);
	err = dsmb_signing_key(conn, auth, channel->preauth, session->signing_key);
	if (err)
		return err;
	/* Session and channel share one key object, so that it knows all its signatures. */
	signer = dsmb_signer_new(conn->signing, session->signing_key,
				 sizeof(session->signing_key), conn->number, req->message_id);
	if (IS_ERR(signer))
		return PTR_ERR(signer);
	session->signer = signer;
	channel->signer = dsmb_signer_hold(signer);
	if (conn->cipher) {
		session->seal = dsmb_sealing_key(conn, auth, channel->preauth, DSMB_KEY_SEAL);
		session->unseal = dsmb_sealing_key(conn, auth, channel->preauth, DSMB_KEY_UNSEAL);
	}
	err = PTR_ERR_OR_ZERO(session->seal) ?: PTR_ERR_OR_ZERO(session->unseal);
	if (IS_ERR(session->seal))
		session->seal = NULL;
	if (IS_ERR(session->unseal))
		session->unseal = NULL;
	return err;
}

/* NEGOTIATE announces the same for all logins, because it comes before them. */
static bool signing_is_required(const struct dsmb_settings *settings, u32 login)
{
	return READ_ONCE(settings->require_signing) ||
	       (login == DITTO_LOGIN_BY_NTLM && READ_ONCE(settings->require_ntlm_signing));
}

/* Applies the settings to a session, or refuses it. */
static u32 session_policy(struct dsmb_session *session, const struct dsmb_conn *conn,
			  const struct ditto_auth *auth, const struct dsmb_setup *req)
{
	const struct dsmb_settings *settings = &session->server->settings;
	bool weak = session->is_guest || session->is_anonymous;
	bool encrypt = READ_ONCE(settings->encryption) == DSMB_ENCRYPTION_REQUIRED;

	if (session->is_anonymous && READ_ONCE(settings->restrict_anonymous) &&
	    !ditto_shares_let_guests(session->server->srv)) {
		dsmb_log_refused(conn, "", "no share lets anybody in without a name");
		return STATUS_ACCESS_DENIED;
	}
	if (!weak && !auth->key_len) {
		dsmb_log_refused(conn, session->user->name, "there is no key to sign with");
		return STATUS_LOGON_FAILURE;
	}
	if (encrypt && (weak || !conn->cipher)) {
		dsmb_log_refused(conn, session->user->name, "encryption is required");
		return STATUS_ACCESS_DENIED;
	}
	session->encrypt = encrypt;
	session->signing_required = !weak && ((req->mode & DSMB_SIGNING_REQUIRED) ||
					      signing_is_required(settings, auth->user->login));
	return STATUS_SUCCESS;
}

/*
 * Closes the session that the client says it lost (MS-SMB2 section 3.3.5.5.3). Returns true if
 * it was closed.
 */
static bool previous_close(struct dsmb_session *session, u64 id)
{
	struct dsmb_session *previous;
	bool same;

	if (!id || id == session->id)
		return false;
	previous = dsmb_session_find_any(session->server, id, true);
	if (!previous)
		return false;
	/* dsmb_session_validate() has set the table, after the user. */
	mutex_lock(&previous->lock);
	same = previous->client.table && dsmb_user_is_same(previous->user, session->user);
	mutex_unlock(&previous->lock);
	if (same) {
		dsmb_session_close(previous, "the client began anew");
		dsmb_session_wait_closed(previous);
	}
	dsmb_session_put(previous);
	return same;
}

/* Charges the user from now on, or the machine for a guest or anonymous session. */
static int session_charge(struct dsmb_session *session, const struct dsmb_conn *conn)
{
	bool weak = session->is_guest || session->is_anonymous;
	struct ditto_principal *who = &session->who;
	int err;

	err = ditto_principal_init(who, session->server->srv, &conn->peer->addr,
				   weak ? DITTO_TRUST_ANONYMOUS : DITTO_TRUST_USER,
				   weak ? INVALID_UID : session->user->uid);
	if (err)
		return err;
	err = ditto_charge_move(&session->charge, who);
	if (err)
		return err;
	err = ditto_charge(&session->opens_charge, who, DITTO_BUDGET_OPENS, 0) ?:
	      ditto_charge(&session->trees_charge, who, DITTO_BUDGET_OPENS, 0);
	if (err)
		return err;
	/* A null session alone gives no trust: see dsmb_session_admit_guest(). */
	if (!weak)
		WRITE_ONCE(session->trust, DITTO_TRUST_USER);
	return 0;
}

static u32 finish_new(struct dsmb_channel *channel, const struct ditto_auth *auth,
		      const struct dsmb_setup *req)
{
	struct dsmb_session *session = channel->session;
	const struct dsmb_conn *conn = channel->conn;
	char name[DITTO_CLIENT_NAME_MAX], addr[DITTO_ADDR_TEXT];
	u32 status;

	session->user = ditto_auth_user_hold(auth->user);
	session->acting_user = session->user;
	session->login = auth->user->login;
	session->is_guest = auth->user->guest;
	session->is_anonymous = auth->user->anonymous;
	session->expires = auth->expires;
	status = session_policy(session, conn, auth, req);
	if (status)
		return status;
	if (!session->is_guest && !session->is_anonymous &&
	    session_keys(session, channel, auth, req))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (session_charge(session, conn))
		return STATUS_INSUFFICIENT_RESOURCES;

	snprintf(name, sizeof(name), "%s@%s #%llu", session->user->name,
		 ditto_addr_text(&conn->peer->addr, addr), session->id);
	if (!dsmb_session_validate(session, name, &conn->peer->addr))
		return STATUS_USER_SESSION_DELETED;
	ditto_event(session->server->srv, DITTO_EVENT_SESSION_OPENED, name);
	return STATUS_SUCCESS;
}

/* True if it is the same user, with the same groups and SIDs. */
static bool identity_is_same(const struct ditto_auth_user *a, const struct ditto_auth_user *b)
{
	return dsmb_user_is_same(a, b) && gid_eq(a->gid, b->gid) && a->ngroups == b->ngroups &&
	       !memcmp(a->groups, b->groups, array_size(a->ngroups, sizeof(a->groups[0]))) &&
	       ditto_token_eq(a->token, b->token);
}

/*
 * Finds the identity of the session that is the same as @user, and adds it if there is none. Calls
 * use identities without a reference, so they are kept as long as the session, and are few.
 */
static u32 identity_take(struct dsmb_session *session, struct ditto_auth_user *user,
			 struct ditto_auth_user **out)
{
	struct dsmb_identity *identity;
	unsigned int count = 1;

	lockdep_assert_held(&session->lock);
	*out = session->user;
	if (identity_is_same(session->user, user))
		return STATUS_SUCCESS;
	for (identity = session->identities; identity; identity = identity->next) {
		*out = identity->user;
		if (identity_is_same(identity->user, user))
			return STATUS_SUCCESS;
		count += !identity->user->anonymous;
	}
	/* There is one anonymous identity at most. */
	if (count >= IDENTITIES_MAX && !user->anonymous)
		return STATUS_ACCESS_DENIED;
	identity = kmalloc(sizeof(*identity), GFP_KERNEL);
	if (!identity)
		return STATUS_INSUFFICIENT_RESOURCES;
	identity->user = ditto_auth_user_hold(user);
	identity->next = session->identities;
	session->identities = identity;
	*out = user;
	return STATUS_SUCCESS;
}

/*
 * A session can be reauthenticated by the same user, or anonymously. In the latter case it acts
 * as the anonymous user until the user comes back, but no longer than the user's ticket lasts.
 * Any other user is refused.
 */
static bool session_may_act_as(const struct dsmb_session *session,
			       const struct ditto_auth_user *user)
{
	return dsmb_user_is_same(session->user, user) ||
	       (user->anonymous && !session->is_guest &&
		READ_ONCE(session->state) != DSMB_SESSION_EXPIRED);
}

/* The trees of the session are renewed with their next requests. */
static void session_act_as(struct dsmb_session *session, struct ditto_auth_user *user,
			   const struct ditto_auth *auth)
{
	mutex_lock(&session->lock);
	/* A user who comes back by another kind of login gets another access to shares. */
	if (!user->anonymous) {
		WRITE_ONCE(session->login, auth->user->login);
		WRITE_ONCE(session->expires, auth->expires);
	}
	/* Pairs with dsmb_session_acting_user(). */
	smp_store_release(&session->acting_user, user);
	if (session->state == DSMB_SESSION_EXPIRED)
		/* Pairs as in dsmb_session_validate(). */
		smp_store_release(&session->state, DSMB_SESSION_VALID);
	mutex_unlock(&session->lock);
}

/* Sets the trust of a session and its connections, up to one that fails. Returns 0 or -EDQUOT. */
static int channels_settle(struct dsmb_session *session, enum ditto_trust trust)
{
	const struct dsmb_channel *channel;
	int err = 0;

	lockdep_assert_held(&session->lock);
	WRITE_ONCE(session->trust, trust);
	list_for_each_entry(channel, &session->channels, list)
		if (channel->ready && !err)
			err = dsmb_conn_settle(channel->conn);
	return err;
}

/*
 * Sets the trust of a session and its connections to the trust of the user it is about to act as.
 * Returns 0 or -EDQUOT; then all is as before.
 */
static int session_settle(struct dsmb_session *session, const struct ditto_auth_user *user)
{
	enum ditto_trust trust = user->anonymous ? DITTO_TRUST_ANONYMOUS : DITTO_TRUST_USER;
	enum ditto_trust before;
	int err = 0;

	if (session->is_guest || session->is_anonymous)
		return 0;
	mutex_lock(&session->lock);
	before = session->trust;
	if (trust != before)
		err = channels_settle(session, trust);
	/* Those that were settled before the one that failed. */
	if (err)
		channels_settle(session, before);
	mutex_unlock(&session->lock);
	return err;
}

/*
 * Completes a reauthentication. Keys and opens stay as they are (MS-SMB2 sections 3.3.5.5.2 and
 * 3.3.5.5.3), but the session acts with the groups that the user has by now.
 */
static u32 finish_again(struct dsmb_channel *channel, const struct ditto_auth *auth)
{
	struct dsmb_session *session = channel->session;
	struct ditto_auth_user *user;
	u32 status;

	if (!session_may_act_as(session, auth->user)) {
		dsmb_log_refused(channel->conn, auth->user->name, "the session is another user's");
		return STATUS_ACCESS_DENIED;
	}
	mutex_lock(&session->lock);
	status = identity_take(session, auth->user, &user);
	mutex_unlock(&session->lock);
	if (status == STATUS_ACCESS_DENIED)
		dsmb_log_refused(channel->conn, auth->user->name,
				 "its groups changed too often for one session");
	if (status)
		return status;
	if (session_settle(session, user))
		return STATUS_INSUFFICIENT_RESOURCES;
	session_act_as(session, user, auth);
	return STATUS_SUCCESS;
}

/*
 * Complete an authentication that the helper accepted. @channel: of the authentication; the caller
 * runs its step. Context: no lock held. Return: STATUS_SUCCESS; a status that the authentication is
 * refused with.
 */
u32 dsmb_session_finish(struct dsmb_channel *channel, const struct ditto_auth *auth,
			const struct dsmb_setup *req)
{
	struct dsmb_conn *conn = channel->conn;
	bool binds = channel->binding;
	u32 status;
	int err;

	if (channel->ready)
		return finish_again(channel, auth);
	status = binds ? dsmb_bind_finish(channel, auth) :
		 finish_new(channel, auth, req);
	if (status == STATUS_ACCESS_DENIED && binds)
		dsmb_log_refused(conn, auth->user->name, "the session to bind is another user's");
	if (status)
		return status;
	/* Pairs with dsmb_session_find(). */
	smp_store_release(&channel->ready, true);
	err = dsmb_conn_settle(conn);
	/*
	 * The lost session is closed when nothing else can fail, or when its budget is needed
	 * here.
	 */
	if (!binds && previous_close(channel->session, req->previous) && err)
		err = dsmb_conn_settle(conn);
	if (err) {
		/* A session that is ready outlives such a failure, but this one is not used yet. */
		if (!binds)
			dsmb_session_close(channel->session, "no budget for its connection");
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	/* Until nothing can fail any more, a failure ends the channel and not its session. */
	channel->binding = false;
	return STATUS_SUCCESS;
}

/* True if the client was refused. Other failures only say that this server could not decide. */
static bool setup_is_refused(u32 status)
{
	return status == STATUS_LOGON_FAILURE || status == STATUS_ACCESS_DENIED ||
	       status == STATUS_INVALID_PARAMETER;
}

/*
 * End what an authentication was for. A failed binding leaves the session as it was. So does a
 * reauthentication that was cancelled (MS-SMB2 section 3.3.5.16), whose connection ended, or that
 * could not be decided for want of the helper, of memory or of budget: the client tries again. A
 * client that was refused loses the session (MS-SMB2 section 3.3.5.5.3). Context: no lock held.
 */
void dsmb_session_setup_failed(struct dsmb_channel *channel, u32 status)
{
	if (channel->binding)
		dsmb_channel_close(channel, "binding failed");
	else if (!channel->ready || setup_is_refused(status))
		dsmb_session_close(channel->session, "authentication failed");
}

/*
 * Get the SessionFlags of a session (MS-SMB2 section 2.2.6). Context: any. Return: DSMB_SESSION_*
 * bits.
 */
u16 dsmb_session_flags(const struct dsmb_session *session)
{
	u16 flags = 0;

	if (session->is_guest)
		flags |= DSMB_SESSION_IS_GUEST;
	if (dsmb_session_acting_user(session)->anonymous)
		flags |= DSMB_SESSION_IS_NULL;
	if (session->encrypt)
		flags |= DSMB_SESSION_ENCRYPT_DATA;
	return flags;
}
