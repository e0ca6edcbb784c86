// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE_SESSION (RFC 8881 section 18.36), which also confirms a client.
 *
 * Each client has one slot for CREATE_SESSION. A request with the next sequence number is
 * executed. One with the last number gets the last reply again, whether success or failure, but
 * only from the principal to whom it was sent: it has the id of a session. Any other number is
 * NFS4ERR_SEQ_MISORDERED.
 *
 * Locking: client->create_lock serializes the requests of a client. clients->lock is taken
 * inside it for the confirmation.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>

#include "../../../../net/server.h"
#include "../../server.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client_private.h"
#include "principal.h"
#include "session_private.h"

/* Limits of a back channel; the message size applies to requests and replies. */
#define BACK_MESSAGE_MAX	PAGE_SIZE
#define BACK_OPS_MAX		16
#define BACK_SLOTS_MAX		16
/* How long a machine that works keeps its state from others of the same name. */
#define NAMESAKE_TURN_S		10

struct create_args {
	u64 id;
	u32 sequence;
	u32 flags;
	struct dnfs4_channel_attrs fore;
	struct dnfs4_channel_attrs back;
	u32 cb_program;
	struct dnfs4_cb_sec cb_sec;
};

struct create_res {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 sequence;
	u32 flags;
	struct dnfs4_channel_attrs fore;
	struct dnfs4_channel_attrs back;
};

/**
 * struct dnfs4_create_reply - reply to the last CREATE_SESSION of a client
 * @status: its status
 * @security: TLS of the connection of the request, one DNFS_CONN_* bit
 * @caller: digest of the principal of the request
 * @res: its results, if the status is NFS4_OK
 */
struct dnfs4_create_reply {
	u32 status;
	u32 security;
	u8 caller[DNFS4_PRINCIPAL_DIGEST];
	struct create_res res;
};

static u32 create_decode_attrs(struct xdr_stream *xdr, struct dnfs4_channel_attrs *attrs)
{
	u32 count, ird;

	if (xdr_stream_decode_u32(xdr, &attrs->headerpadsize) ||
	    xdr_stream_decode_u32(xdr, &attrs->maxrequestsize) ||
	    xdr_stream_decode_u32(xdr, &attrs->maxresponsesize) ||
	    xdr_stream_decode_u32(xdr, &attrs->maxresponsesize_cached) ||
	    xdr_stream_decode_u32(xdr, &attrs->maxoperations) ||
	    xdr_stream_decode_u32(xdr, &attrs->maxrequests) ||
	    xdr_stream_decode_u32(xdr, &count) || count > 1 ||
	    (count && xdr_stream_decode_u32(xdr, &ird)))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 create_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct create_args *args = argp;

	if (xdr_stream_decode_u64(cmp->in, &args->id) ||
	    xdr_stream_decode_u32(cmp->in, &args->sequence) ||
	    xdr_stream_decode_u32(cmp->in, &args->flags) ||
	    create_decode_attrs(cmp->in, &args->fore) ||
	    create_decode_attrs(cmp->in, &args->back) ||
	    xdr_stream_decode_u32(cmp->in, &args->cb_program))
		return NFS4ERR_BADXDR;
	return dnfs4_decode_cb_sec(cmp, &args->cb_sec);
}

static u32 create_fore(const struct dnfs4_compound *cmp, struct dnfs4_channel_attrs *attrs)
{
	/* Largest record for which sunrpc has pages. */
	u32 most = cmp->call->max_payload + PAGE_SIZE;

	if (!attrs->maxrequests || !attrs->maxoperations)
		return NFS4ERR_INVAL;
	if (attrs->maxrequestsize < DNFS4_MAX_REQUEST_MIN ||
	    attrs->maxresponsesize < DNFS4_MAX_REPLY_MIN)
		return NFS4ERR_TOOSMALL;
	attrs->headerpadsize = 0;
	attrs->maxrequestsize = min(attrs->maxrequestsize, most);
	attrs->maxresponsesize = min(attrs->maxresponsesize, most);
	attrs->maxresponsesize_cached = min3(attrs->maxresponsesize_cached,
					     attrs->maxresponsesize, DNFS4_SLOT_REPLY_MAX);
	attrs->maxoperations = min(attrs->maxoperations, DNFS4_OPS_MAX);
	return NFS4_OK;
}

static u32 create_back(struct dnfs4_channel_attrs *attrs, bool wanted)
{
	/* A client may not want a back channel now, and still request one that is unusable. */
	wanted |= attrs->maxrequestsize || attrs->maxresponsesize;
	if (wanted && (attrs->maxrequestsize < DNFS4_MAX_REQUEST_MIN ||
		       attrs->maxresponsesize < DNFS4_MAX_REPLY_MIN))
		return NFS4ERR_TOOSMALL;
	/* Room for CB_SEQUENCE and one more operation. */
	if (wanted && (attrs->maxoperations < 2 || !attrs->maxrequests))
		return NFS4ERR_INVAL;
	attrs->headerpadsize = 0;
	attrs->maxrequestsize = min(attrs->maxrequestsize, BACK_MESSAGE_MAX);
	attrs->maxresponsesize = min(attrs->maxresponsesize, BACK_MESSAGE_MAX);
	attrs->maxresponsesize_cached = min(attrs->maxresponsesize_cached,
					    attrs->maxresponsesize);
	attrs->maxoperations = min(attrs->maxoperations, BACK_OPS_MAX);
	attrs->maxrequests = min(attrs->maxrequests, BACK_SLOTS_MAX);
	return NFS4_OK;
}

/* Set @out to a new session, which is in no table yet. */
static u32 create_session(struct dnfs4_compound *cmp, struct dnfs4_client *client,
			  const struct create_args *args, struct dnfs4_session **out)
{
	bool back = args->flags & SESSION4_BACK_CHAN && args->cb_sec.sec;
	struct dnfs4_channel_attrs fore_attrs = args->fore, back_attrs = args->back;
	struct dnfs4_session *session;
	u32 status;

	status = create_fore(cmp, &fore_attrs) ?: create_back(&back_attrs, back);
	if (status)
		return status;
	session = dnfs4_session_alloc(client);
	if (!session)
		return NFS4ERR_DELAY;
	session->minor = cmp->minor;
	session->fore = fore_attrs;
	session->fore.maxrequests = dnfs4_slots_init(session, fore_attrs.maxrequests);
	if (!session->fore.maxrequests) {
		dnfs4_session_put(session);
		return NFS4ERR_DELAY;
	}
	session->back = back_attrs;
	session->cb_program = args->cb_program;
	session->cb_sec = args->cb_sec.sec;
	session->cb_uid = args->cb_sec.uid;
	session->cb_gid = args->cb_sec.gid;
	*out = session;
	return NFS4_OK;
}

/*
 * Machines with one name take turns: one that works keeps its state for a while, because open files
 * survive few losses of it. Work is what renews the lease at least every other second.
 */
static bool create_waits_for(const struct dnfs4_client *confirmed)
{
	return time_before(jiffies, confirmed->confirmed_at + NAMESAKE_TURN_S * HZ) &&
	       time_before(jiffies, READ_ONCE(confirmed->renewed) + 2 * HZ);
}

/* Confirm the client; @old is set to the incarnation that it replaces, with a reference. */
static u32 create_confirm(struct dnfs4_client *client, const struct dnfs_call *call,
			  struct dnfs4_client **old)
{
	const struct dnfs4_client_id id = {
		.len = client->owner_len, .owner = client->owner_string
	};
	struct dnfs4_clients *clients = client->server->clients;
	struct dnfs4_client *confirmed, *unconfirmed;
	u32 status;

	mutex_lock(&clients->lock);
	status = NFS4ERR_STALE_CLIENTID;
	if (!client->hashed)
		goto unlock;
	status = NFS4_OK;
	if (test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags))
		goto unlock;
	status = NFS4ERR_DELAY;
	dnfs4_client_by_owner(clients, 1, &id, &confirmed, &unconfirmed);
	if (confirmed && test_bit(DNFS4_CLIENT_SHARES_NAME, &client->flags) &&
	    create_waits_for(confirmed))
		goto unlock;
	if (!dnfs4_principal_confirm(&client->principal, call))
		goto unlock;
	status = dnfs4_client_admit(client);
	if (status)
		goto unlock;
	if (confirmed) {
		client->replaces = true;
		memcpy(client->replaced, confirmed->verifier, sizeof(client->replaced));
		dnfs4_client_hold(confirmed);
		dnfs4_client_unhash(confirmed);
		*old = confirmed;
		if (dnfs4_principal_may_restart(confirmed, call))
			set_bit(DNFS4_CLIENT_INHERITS, &client->flags);
	}
	dnfs4_lease_begin(client);
	client->confirmed_at = jiffies;
	set_bit(DNFS4_CLIENT_CONFIRMED, &client->flags);
unlock:
	mutex_unlock(&clients->lock);
	return status;
}

static u32 create_run(struct dnfs4_compound *cmp, struct dnfs4_client *client,
		      const struct create_args *args, struct create_res *res)
{
	struct dnfs4_client *old = NULL;
	struct dnfs4_session *session;
	u32 status, dirs;
	int err;

	lockdep_assert_held(&client->create_lock);
	/*
	 * Other principals may create further sessions of a confirmed client (18.36.4), but
	 * principals of other machines would get at what its users hold.
	 */
	if (test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags) ?
	    !dnfs4_principal_may_manage(client, cmp->call) :
	    !dnfs4_principal_matches(client, cmp->call))
		return NFS4ERR_CLID_INUSE;
	if (!dnfs4_mach_cred_check(client, cmp->call, OP_CREATE_SESSION))
		return NFS4ERR_WRONG_CRED;
	if (args->flags & ~SESSION4_FLAG_MASK_A)
		return NFS4ERR_INVAL;
	if (READ_ONCE(client->nsessions) >=
	    READ_ONCE(cmp->server->nfs->settings.sessions_per_client))
		return NFS4ERR_NOSPC;
	status = create_session(cmp, client, args, &session);
	if (status)
		return status;
	status = create_confirm(client, cmp->call, &old);
	/* Release the state of the old incarnation before the new one can request it. */
	if (old)
		dnfs4_client_succeed(client, old);
	if (status)
		goto put;
	status = dnfs4_client_use(client, NFS4ERR_STALE_CLIENTID);
	if (status)
		goto put;
	if (!READ_ONCE(client->nsessions) &&
	    !test_bit(DNFS4_CLIENT_RECLAIM_COMPLETE, &client->flags))
		dnfs4_reclaim_admit(client);
	err = dnfs4_session_publish(session);
	if (err) {
		status = err == -ESHUTDOWN ? NFS4ERR_STALE_CLIENTID : NFS4ERR_DELAY;
		goto put;
	}
	memcpy(res->session, session->id, sizeof(res->session));
	res->sequence = args->sequence;
	res->fore = session->fore;
	res->back = session->back;
	dirs = DNFS4_CONN_FORE;
	if (args->flags & SESSION4_BACK_CHAN && session->cb_sec)
		dirs |= DNFS4_CONN_BACK;
	/* A connection that has been closed is not bound; that is no error. */
	if (!dnfs4_conn_bind(session, cmp->call->conn, dirs) && dirs & DNFS4_CONN_BACK)
		res->flags |= SESSION4_BACK_CHAN;
	status = NFS4_OK;
put:
	dnfs4_session_put(session);
	return status;
}

static u32 create_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	const struct create_args *args = argp;
	struct dnfs4_client *client = dnfs4_client_get(cmp->server->clients, args->id, 1);
	struct dnfs4_create_reply *last;
	u8 caller[DNFS4_PRINCIPAL_DIGEST];
	struct create_res *res = resp;
	u32 status;

	if (!client)
		return NFS4ERR_STALE_CLIENTID;
	mutex_lock(&client->create_lock);
	status = NFS4ERR_DELAY;
	if (!dnfs4_caller_digest(cmp->call, caller))
		goto unlock;
	last = client->create_reply;
	if (args->sequence == client->create_seqid - 1 && last) {
		status = NFS4ERR_CLID_INUSE;
		if (memcmp(last->caller, caller, sizeof(caller)) ||
		    cmp->call->security < last->security)
			goto unlock;
		*res = last->res;
		status = last->status;
		goto unlock;
	}
	status = NFS4ERR_SEQ_MISORDERED;
	if (args->sequence != client->create_seqid)
		goto unlock;
	if (!last) {
		last = kzalloc(sizeof(*last), GFP_KERNEL);
		status = NFS4ERR_DELAY;
		if (!last)
			goto unlock;
	}
	status = create_run(cmp, client, args, res);
	switch (status) {
	case NFS4ERR_DELAY:
	case NFS4ERR_STALE_CLIENTID:
	case NFS4ERR_TOOSMALL:
	case NFS4ERR_INVAL:
	case NFS4ERR_CLID_INUSE:
	case NFS4ERR_WRONG_CRED:
		/*
		 * The sequence number is not consumed: after an argument error the client sends a
		 * corrected request with the same number, and after NFS4ERR_DELAY the same request.
		 * It is the client's, and nobody else consumes it.
		 */
		if (!client->create_reply)
			kfree(last);
		break;
	default:
		last->status = status;
		last->res = *res;
		last->security = cmp->call->security;
		memcpy(last->caller, caller, sizeof(caller));
		client->create_seqid++;
		client->create_reply = last;
	}
unlock:
	mutex_unlock(&client->create_lock);
	dnfs4_client_put(client);
	return status;
}

static bool create_encode_attrs(struct xdr_stream *xdr, const struct dnfs4_channel_attrs *attrs)
{
	return xdr_stream_encode_u32(xdr, attrs->headerpadsize) >= 0 &&
	       xdr_stream_encode_u32(xdr, attrs->maxrequestsize) >= 0 &&
	       xdr_stream_encode_u32(xdr, attrs->maxresponsesize) >= 0 &&
	       xdr_stream_encode_u32(xdr, attrs->maxresponsesize_cached) >= 0 &&
	       xdr_stream_encode_u32(xdr, attrs->maxoperations) >= 0 &&
	       xdr_stream_encode_u32(xdr, attrs->maxrequests) >= 0 &&
	       xdr_stream_encode_u32(xdr, 0) >= 0;
}

static bool create_encode(struct dnfs4_compound *cmp, u32 status, const void *resp)
{
	const struct create_res *res = resp;

	return xdr_stream_encode_opaque_fixed(cmp->out, res->session, sizeof(res->session)) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, res->sequence) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, res->flags) >= 0 &&
	       create_encode_attrs(cmp->out, &res->fore) &&
	       create_encode_attrs(cmp->out, &res->back);
}

static u32 create_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return sizeof(struct create_res) + 2 * 4;
}

const struct dnfs4_op dnfs4_op_create_session = {
	.name = "CREATE_SESSION",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_SOLE | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct create_args),
	.ressize = sizeof(struct create_res),
	.decode = create_decode,
	.exec = create_exec,
	.encode = create_encode,
	.reply = create_reply,
};
