// SPDX-License-Identifier: GPL-2.0-only
/*
 * Further operations on sessions: DESTROY_SESSION, BIND_CONN_TO_SESSION and BACKCHANNEL_CTL
 * (RFC 8881 sections 18.37, 18.34 and 18.33); the check of SP4_MACH_CRED protection, and the
 * decoding of callback_sec_parms4.
 */
#include <linux/slab.h>
#include <linux/sunrpc/msg_prot.h>
#include <linux/sunrpc/xdr.h>

#include "../../../share/share.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client.h"
#include "principal.h"
#include "session_private.h"

/* Most entries in callback_sec_parms4<>, and limits of authsys_parms. */
#define CB_SEC_MAX	32
#define MACHINE_MAX	255
#define GROUPS_MAX	16
/* Longest GSS handle. */
#define GSS_HANDLE_MAX	1024

/*
 * Check an operation against a client's SP4_MACH_CRED protection. Context: any. Return: true if the
 * operation is not in spo_must_enforce, or the call comes from the client's principal with
 * integrity protection.
 */
bool dnfs4_mach_cred_check(const struct dnfs4_client *client, const struct dnfs_call *call,
			   u32 opnum)
{
	if (!test_bit(DNFS4_CLIENT_MACH_CRED, &client->flags))
		return true;
	if (opnum > DNFS4_OP_MAX || !(client->enforce[opnum / 32] & BIT(opnum % 32)))
		return true;
	return dnfs4_is_protected(call) && dnfs4_principal_matches(client, call);
}

/*
 * The same as dnfs4_mach_cred_check() for an operation on a client as a whole, which
 * dnfs4_principal_may_manage() is for.
 *
 * What concerns a client as a whole is up to its principal and its machine, also without
 * SP4_MACH_CRED: who has learned an id must not end or divert a session.
 */
bool dnfs4_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call, u32 opnum)
{
	return dnfs4_mach_cred_check(client, call, opnum) &&
	       dnfs4_principal_may_manage(client, call);
}

/*
 * Check an operation against SP4_MACH_CRED protection. RFC 8881 section 2.10.8.3. Return: false if
 * the client requires its machine credential for the operation, and the call does not have it.
 */
bool dnfs4_mach_cred_allows(const struct dnfs4_compound *cmp, u32 opnum)
{
	return !cmp->client || dnfs4_mach_cred_check(cmp->client, cmp->call, opnum);
}

/*
 * Check for an operation that the machine credential does for all users. Such operations give up
 * what the client holds, so they need no access to the share. Return: true if the client asked for
 * that, and the call has its machine credential.
 */
bool dnfs4_mach_cred_frees(const struct dnfs4_compound *cmp, u32 opnum)
{
	const struct dnfs4_client *client = cmp->client;

	return client && test_bit(DNFS4_CLIENT_MACH_CRED, &client->flags) &&
	       opnum <= DNFS4_OP_MAX && client->allow[opnum / 32] & BIT(opnum % 32) &&
	       dnfs4_is_protected(cmp->call) && dnfs4_principal_matches(client, cmp->call);
}

static u32 cb_sec_decode_sys(struct dnfs4_compound *cmp, struct dnfs4_cb_sec *sec)
{
	u32 stamp, len, count, gid;
	const void *machine;

	if (xdr_stream_decode_u32(cmp->in, &stamp) ||
	    dnfs4_decode_opaque(cmp, MACHINE_MAX, &machine, &len) ||
	    xdr_stream_decode_u32(cmp->in, &sec->uid) ||
	    xdr_stream_decode_u32(cmp->in, &sec->gid) ||
	    xdr_stream_decode_u32(cmp->in, &count) || count > GROUPS_MAX)
		return NFS4ERR_BADXDR;
	while (count--)
		if (xdr_stream_decode_u32(cmp->in, &gid))
			return NFS4ERR_BADXDR;
	sec->sec = DITTO_SEC_SYS;
	return NFS4_OK;
}

/* Decode an array of callback_sec_parms4. Return: NFS4_OK or NFS4ERR_BADXDR. */
u32 dnfs4_decode_cb_sec(struct dnfs4_compound *cmp, struct dnfs4_cb_sec *sec)
{
	u32 count, flavor, service, len, status = NFS4_OK;
	const void *handle;

	*sec = (struct dnfs4_cb_sec) {};
	if (xdr_stream_decode_u32(cmp->in, &count) || count > CB_SEC_MAX)
		return NFS4ERR_BADXDR;
	while (count--) {
		struct dnfs4_cb_sec one = {};

		if (xdr_stream_decode_u32(cmp->in, &flavor))
			return NFS4ERR_BADXDR;
		switch (flavor) {
		case RPC_AUTH_NULL:
			one.sec = DITTO_SEC_NONE;
			break;
		case RPC_AUTH_UNIX:
			status = cb_sec_decode_sys(cmp, &one);
			break;
		case RPC_AUTH_GSS:
			/* Callbacks with RPCSEC_GSS are not supported: skip the entry. */
			if (xdr_stream_decode_u32(cmp->in, &service) ||
			    dnfs4_decode_opaque(cmp, GSS_HANDLE_MAX, &handle, &len) ||
			    dnfs4_decode_opaque(cmp, GSS_HANDLE_MAX, &handle, &len))
				status = NFS4ERR_BADXDR;
			break;
		default:
			status = NFS4ERR_BADXDR;
		}
		if (status)
			return status;
		/* The first entry that can be used. */
		if (!sec->sec)
			*sec = one;
	}
	return NFS4_OK;
}

struct destroy_args {
	u8 session[DNFS4_SESSIONID_SIZE];
};

static u32 destroy_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct destroy_args *args = argp;

	if (xdr_stream_decode_opaque_fixed(cmp->in, args->session, sizeof(args->session)) < 0)
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 destroy_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	const struct destroy_args *args = argp;
	struct dnfs4_session *session = dnfs4_session_find(cmp->server, args->session);
	u32 status;

	if (!session)
		return NFS4ERR_BADSESSION;
	/* Section 18.37.3: only the last operation may destroy the session of the request. */
	status = NFS4ERR_NOT_ONLY_OP;
	if (cmp->session == session && cmp->index + 1 != cmp->nops)
		goto put;
	status = NFS4ERR_CONN_NOT_BOUND_TO_SESSION;
	if (!dnfs4_conn_dirs(session, cmp->call->conn))
		goto put;
	status = NFS4ERR_WRONG_CRED;
	if (!dnfs4_may_manage(session->client, cmp->call, OP_DESTROY_SESSION))
		goto put;
	status = dnfs4_session_end(session) ? NFS4_OK : NFS4ERR_BADSESSION;
put:
	dnfs4_session_put(session);
	return status;
}

const struct dnfs4_op dnfs4_op_destroy_session = {
	.name = "DESTROY_SESSION",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_SOLE | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct destroy_args),
	.decode = destroy_decode,
	.exec = destroy_exec,
};

struct bind_args {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 dir;
	u32 rdma;
};

struct bind_res {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 dir;
};

static u32 bind_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct bind_args *args = argp;

	if (xdr_stream_decode_opaque_fixed(cmp->in, args->session, sizeof(args->session)) < 0 ||
	    xdr_stream_decode_u32(cmp->in, &args->dir) ||
	    xdr_stream_decode_u32(cmp->in, &args->rdma) || args->rdma > 1)
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/*
 * Channels by channel_dir_from_client4: granted to a new connection, and those that a bound
 * connection may have to be extended to them.
 */
static const struct {
	u32 asked;
	u32 given;
	u32 raised;
} bind_dirs[] = {
	{ NFS4_CDFC4_FORE, DNFS4_CONN_FORE, DNFS4_CONN_FORE },
	{ NFS4_CDFC4_BACK, DNFS4_CONN_BACK, DNFS4_CONN_BACK },
	{ NFS4_CDFC4_FORE_OR_BOTH, DNFS4_CONN_FORE | DNFS4_CONN_BACK, DNFS4_CONN_FORE },
	{ NFS4_CDFC4_BACK_OR_BOTH, DNFS4_CONN_FORE | DNFS4_CONN_BACK, DNFS4_CONN_BACK },
};

static u32 bind_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct svc_xprt *xprt = cmp->call->conn;
	const struct bind_args *args = argp;
	struct dnfs4_session *session;
	struct bind_res *res = resp;
	u32 bound, status, i = 0;
	int err = 0;

	/* Section 18.34.3: it must be the only operation; SEQUENCE may not precede it. */
	if (cmp->nops != 1)
		return NFS4ERR_NOT_ONLY_OP;
	session = dnfs4_session_find(cmp->server, args->session);
	if (!session)
		return NFS4ERR_BADSESSION;
	status = NFS4ERR_WRONG_CRED;
	if (!dnfs4_may_manage(session->client, cmp->call, OP_BIND_CONN_TO_SESSION))
		goto put;
	status = NFS4ERR_INVAL;
	while (i < ARRAY_SIZE(bind_dirs) && bind_dirs[i].asked != args->dir)
		i++;
	if (i == ARRAY_SIZE(bind_dirs))
		goto put;
	dnfs4_session_known(session);
	memcpy(res->session, session->id, sizeof(res->session));
	res->dir = bind_dirs[i].given;
	bound = dnfs4_conn_dirs(session, xprt);
	if (!bound)
		err = dnfs4_conn_bind(session, xprt, res->dir);
	/* A concurrent request on this connection has bound it. */
	if (err == -EEXIST)
		bound = dnfs4_conn_dirs(session, xprt);
	if (!bound) {
		status = err == -ESHUTDOWN ? NFS4ERR_BADSESSION : err ? NFS4ERR_DELAY : NFS4_OK;
		goto put;
	}
	/*
	 * Section 18.34.3: a client may not request other channels for a bound connection. But a
	 * client that reconnects may send SEQUENCE, which binds the connection to the fore
	 * channel, before it requests both. It would have no back channel then, so the connection
	 * is extended.
	 */
	status = NFS4_OK;
	if (bound == res->dir)
		goto put;
	status = NFS4ERR_INVAL;
	if (bound != bind_dirs[i].raised)
		goto put;
	status = dnfs4_conn_raise(session, xprt) ? NFS4_OK : NFS4ERR_DELAY;
put:
	dnfs4_session_put(session);
	return status;
}

static bool bind_encode(struct dnfs4_compound *cmp, u32 status, const void *resp)
{
	const struct bind_res *res = resp;

	/* channel_dir_from_server4 has the values of DNFS4_CONN_*; none changes to RDMA. */
	return xdr_stream_encode_opaque_fixed(cmp->out, res->session, sizeof(res->session)) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, res->dir) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, 0) >= 0;
}

static u32 bind_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return DNFS4_SESSIONID_SIZE + 2 * 4;
}

const struct dnfs4_op dnfs4_op_bind_conn_to_session = {
	.name = "BIND_CONN_TO_SESSION",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_SOLE | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct bind_args),
	.ressize = sizeof(struct bind_res),
	.decode = bind_decode,
	.exec = bind_exec,
	.encode = bind_encode,
	.reply = bind_reply,
};

struct backchannel_args {
	u32 program;
	struct dnfs4_cb_sec sec;
};

static u32 backchannel_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct backchannel_args *args = argp;

	if (xdr_stream_decode_u32(cmp->in, &args->program))
		return NFS4ERR_BADXDR;
	return dnfs4_decode_cb_sec(cmp, &args->sec);
}

static u32 backchannel_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	const struct backchannel_args *args = argp;
	struct dnfs4_session *session = cmp->session;

	if (!args->sec.sec)
		return NFS4ERR_INVAL;
	if (!dnfs4_principal_may_manage(session->client, cmp->call))
		return NFS4ERR_WRONG_CRED;
	spin_lock(&session->lock);
	session->cb_program = args->program;
	session->cb_sec = args->sec.sec;
	session->cb_uid = args->sec.uid;
	session->cb_gid = args->sec.gid;
	spin_unlock(&session->lock);
	dnfs4_callback_changed(session->client);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_backchannel_ctl = {
	.name = "BACKCHANNEL_CTL",
	.flags = DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct backchannel_args),
	.decode = backchannel_decode,
	.exec = backchannel_exec,
};
