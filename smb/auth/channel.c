// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a session to one more connection: MS-SMB2 sections 3.3.5.5 and 3.3.5.5.3.
 *
 * The client proves by a signature with the session's key that the session is its own, and
 * authenticates again as the same user. The new channel gets a signing key of its own;
 * encryption keys belong to the session. A refusal is signed with the session's key if the
 * request was, so that the client can trust it.
 */
#include <linux/err.h>
#include <linux/list.h>

#include "../transport/call.h"
#include "../transport/conn.h"
#include "keys.h"
#include "session_setup.h"

/*
 * AES-GMAC signs differently from the other algorithms, so it is used on all channels or on
 * none. The cipher is the same on all channels, because the encryption keys are the session's;
 * signing keys are the channels'.
 */
static u32 check_algorithms(struct dsmb_conn *conn, struct dsmb_session *session)
{
	const struct dsmb_channel *channel;
	u32 status = STATUS_SUCCESS;

	mutex_lock(&session->lock);
	channel = list_first_entry_or_null(&session->channels, struct dsmb_channel, list);
	if (!channel)
		status = STATUS_USER_SESSION_DELETED;
	else if (conn->signing != DSMB_SIGNING_AES_GMAC &&
		 channel->conn->signing == DSMB_SIGNING_AES_GMAC)
		status = STATUS_REQUEST_OUT_OF_SEQUENCE;
	else if (conn->signing == DSMB_SIGNING_AES_GMAC &&
		 channel->conn->signing != DSMB_SIGNING_AES_GMAC)
		status = STATUS_NOT_SUPPORTED;
	else if (!dsmb_dialect_is_3x(conn->dialect))
		status = STATUS_REQUEST_NOT_ACCEPTED;
	else if (session->dialect != conn->dialect)
		status = STATUS_INVALID_PARAMETER;
	else if (channel->conn->cipher != conn->cipher)
		status = STATUS_INVALID_PARAMETER;
	mutex_unlock(&session->lock);
	return status;
}

static u32 check_session(struct dsmb_call *call, struct dsmb_session *session)
{
	struct dsmb_conn *conn = call->conn;
	u32 status = check_algorithms(conn, session);

	if (status)
		return status;
	if (!(call->flags & DSMB_FLAG_SIGNED))
		return STATUS_INVALID_PARAMETER;
	if (!guid_equal(&session->client_guid, &conn->client_guid))
		return STATUS_USER_SESSION_DELETED;
	/* Pairs with dsmb_session_validate(): all that VALID implies is visible. */
	switch (smp_load_acquire(&session->state)) {
	case DSMB_SESSION_SETUP_GOING_ON:
		return STATUS_REQUEST_NOT_ACCEPTED;
	case DSMB_SESSION_EXPIRED:
		return STATUS_NETWORK_SESSION_EXPIRED;
	case DSMB_SESSION_CLOSED:
		return STATUS_USER_SESSION_DELETED;
	case DSMB_SESSION_VALID:
		break;
	}
	if (session->is_guest || session->is_anonymous)
		return STATUS_NOT_SUPPORTED;
	return STATUS_SUCCESS;
}

/*
 * Verify the signature of a SESSION_SETUP request. Return: STATUS_SUCCESS, ACCESS_DENIED or
 * INSUFFICIENT_RESOURCES.
 */
u32 dsmb_setup_signature(struct dsmb_call *call, struct dsmb_signer *signer)
{
	struct kvec message = { .iov_base = (void *)call->in.data, .iov_len = call->in.size };

	switch (dsmb_verify(signer, &message, 1)) {
	case 0:
		return STATUS_SUCCESS;
	case -EBADMSG:
		return STATUS_ACCESS_DENIED;
	default:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
}

/* Is the request signed with the session's key, as every request to bind must be? */
static u32 bind_signature(struct dsmb_call *call, struct dsmb_session *session)
{
	/* Pairs with dsmb_session_validate(): the key is visible. */
	if (smp_load_acquire(&session->state) == DSMB_SESSION_SETUP_GOING_ON || !session->signer ||
	    !(call->flags & DSMB_FLAG_SIGNED))
		return STATUS_ACCESS_DENIED;
	return dsmb_setup_signature(call, session->signer);
}

/*
 * Choose the key that signs the refusal of a SESSION_SETUP. If the request is signed with the
 * session's key, the response is signed with it too (MS-SMB2 section 3.3.4.1.1).
 */
void dsmb_refuse_foreign(struct dsmb_call *call)
{
	struct dsmb_session *session;

	session = dsmb_session_find_any(call->conn->server, call->session_id, false);
	if (!session)
		return;
	if (!call->session && !bind_signature(call, session))
		call->session = session;
	else
		dsmb_session_put(session);
}

/*
 * The session is on this connection already, so the key of its channel counts (MS-SMB2 section
 * 3.3.5.2.4).
 */
static u32 bind_again(struct dsmb_call *call, const struct dsmb_channel *channel)
{
	/* Pairs with dsmb_session_finish(). */
	if (smp_load_acquire(&channel->ready) && channel->signer &&
	    dsmb_setup_signature(call, channel->signer))
		return STATUS_ACCESS_DENIED;
	return STATUS_REQUEST_NOT_ACCEPTED;
}

/*
 * Check a request to bind a session, and make its channel. @channel: filled on success, held;
 * @session: filled on success, held. Return: a status.
 */
u32 dsmb_bind_begin(struct dsmb_call *call, struct dsmb_channel **channel,
		    struct dsmb_session **session)
{
	struct dsmb_conn *conn = call->conn;
	u32 status, denied;

	*channel = dsmb_channel_find(conn, call->session_id, session);
	if (!*channel)
		*session = dsmb_session_find_any(conn->server, call->session_id, false);
	if (!*session)
		return dsmb_dialect_is_3x(conn->dialect) ? STATUS_USER_SESSION_DELETED :
							   STATUS_REQUEST_NOT_ACCEPTED;

	denied = bind_signature(call, *session);
	status = check_session(call, *session);
	if (status)
		goto refuse;
	if (*channel && !(*channel)->binding) {
		status = bind_again(call, *channel);
		goto refuse;
	}
	status = denied;
	if (status)
		goto refuse;
	if (*channel)
		return STATUS_SUCCESS;
	switch (dsmb_channel_new(conn, *session, true, channel)) {
	case 0:
		return STATUS_SUCCESS;
	case -EEXIST:
		status = STATUS_REQUEST_NOT_ACCEPTED;
		break;
	case -ESHUTDOWN:
		status = STATUS_USER_SESSION_DELETED;
		break;
	default:
		status = STATUS_INSUFFICIENT_RESOURCES;
	}
refuse:
	dsmb_channel_put(*channel);
	/*
	 * If the request was signed with the session's key, the refusal is too (MS-SMB2 section
	 * 3.3.4.1.1).
	 */
	if (!denied && !call->session)
		call->session = *session;
	else
		dsmb_session_put(*session);
	return status;
}

/*
 * Give a bound channel its signing key after authentication. Return: STATUS_SUCCESS; ACCESS_DENIED
 * if the user is not the session's user; INSUFFICIENT_RESOURCES.
 */
u32 dsmb_bind_finish(struct dsmb_channel *channel, const struct ditto_auth *auth)
{
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;
	u8 key[DSMB_SESSION_KEY_SIZE];
	struct dsmb_signer *signer;

	if (!auth->key_len || !dsmb_user_is_same(session->user, auth->user))
		return STATUS_ACCESS_DENIED;
	if (dsmb_signing_key(conn, auth, channel->preauth, key))
		return STATUS_INSUFFICIENT_RESOURCES;
	signer = dsmb_signer_new(conn->signing, key, sizeof(key), conn->number, 0);
	memzero_explicit(key, sizeof(key));
	if (IS_ERR(signer))
		return STATUS_INSUFFICIENT_RESOURCES;
	channel->signer = signer;
	return STATUS_SUCCESS;
}
