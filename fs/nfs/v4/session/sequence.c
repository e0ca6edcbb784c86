// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEQUENCE (RFC 8881 section 18.46), the first operation of every request in a session.
 *
 * The fast path takes no lock other than the busy bit of the slot. It allocates memory only for
 * the first use of a slot and for the first reply that a slot keeps. A SEQUENCE that fails does
 * not change slot, lease or connections.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>
#include <linux/xxhash.h>
#include <net/net_namespace.h>

#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client.h"
#include "session_private.h"

/* Bytes of a request covered by the digest, in addition to its length. */
#define DIGEST_BYTES	DNFS_DIGEST_MAX

/* XDR words behind the session id in arguments and results. */
#define ARG_WORDS	4
#define RES_WORDS	5
#define SEQUENCE_BYTES	(DNFS4_SESSIONID_SIZE + RES_WORDS * XDR_UNIT)

struct sequence_args {
	u8 session[DNFS4_SESSIONID_SIZE];
	struct dnfs4_slot_request req;
	u32 keep;
};

struct sequence_res {
	u8 session[DNFS4_SESSIONID_SIZE];
	u32 seqid;
	u32 slot;
	u32 highest;
	u32 target;
	u32 flags;
};

static u32 sequence_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct sequence_args *args = argp;
	const __be32 *p = dnfs_inline_decode(cmp->in, DNFS4_SESSIONID_SIZE + ARG_WORDS * XDR_UNIT);

	/* One check for all arguments, because every request has them. */
	if (!p)
		return NFS4ERR_BADXDR;
	memcpy(args->session, p, sizeof(args->session));
	p += sizeof(args->session) / XDR_UNIT;
	args->req.seqid = be32_to_cpup(p++);
	args->req.id = be32_to_cpup(p++);
	args->req.highest = be32_to_cpup(p++);
	args->keep = be32_to_cpup(p);
	return args->keep > 1 ? NFS4ERR_BADXDR : NFS4_OK;
}

/*
 * Digest of the request behind SEQUENCE and of its caller, to detect false retries (section
 * 2.10.6.1.3.1). A reply that went through TLS is not repeated without. The digest is not keyed: a
 * client that constructs collisions of its own requests only harms itself. @whole: of its content,
 * too. Where no reply is kept, a retry fails in any case.
 */
static u64 sequence_digest(const struct dnfs4_compound *cmp, bool whole)
{
	const struct xdr_buf *buf = cmp->in->buf;
	unsigned int pos = dnfs_decode_pos(cmp->in);
	u32 left = buf->len > pos ? buf->len - pos : 0;
	u32 len = min_t(u32, left, DIGEST_BYTES);
	u64 seed = __kuid_val(cmp->call->ident.uid);
	u8 bytes[DIGEST_BYTES] __uninitialized;

	/* Multiplied: the caller chooses the uid, and the numbers must not cancel each other. */
	seed = seed * GOLDEN_RATIO_64 + left;
	seed = seed * GOLDEN_RATIO_64 + cmp->nops;
	seed = seed * GOLDEN_RATIO_64 + cmp->call->sec;
	seed = seed * GOLDEN_RATIO_64 + cmp->call->security;
	if (!whole)
		return seed;
	if ((const u8 *)cmp->in->p + len <= (const u8 *)cmp->in->end)
		return xxh64(cmp->in->p, len, seed);
	if (read_bytes_from_xdr_buf(buf, pos, bytes, len))
		return 0;
	return xxh64(bytes, len, seed);
}

/*
 * Check the request against the limits of the session. Its connection must be bound to the
 * session, or may be bound now (section 2.10.3.1), which sets @bind.
 */
static u32 sequence_check(const struct dnfs4_compound *cmp, struct dnfs4_session *session,
			  bool *bind)
{
	if (READ_ONCE(session->dead))
		return NFS4ERR_BADSESSION;
	if (cmp->in->buf->len > session->fore.maxrequestsize)
		return NFS4ERR_REQ_TOO_BIG;
	if (cmp->nops > session->fore.maxoperations)
		return NFS4ERR_TOO_MANY_OPS;
	*bind = !dnfs4_conn_dirs(session, cmp->call->conn);
	if (*bind && test_bit(DNFS4_CLIENT_MACH_CRED, &session->client->flags))
		return NFS4ERR_CONN_NOT_BOUND_TO_SESSION;
	return NFS4_OK;
}

static u32 sequence_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct sequence_args *args = argp;
	struct sequence_res *res = resp;
	struct dnfs4_session *session;
	struct dnfs4_slot *slot;
	bool bind, again, whole;
	u32 need, keep, status;
	u64 digest;

	if (cmp->index)
		return NFS4ERR_SEQUENCE_POS;
	session = dnfs4_session_find(cmp->server, args->session);
	if (!session)
		return NFS4ERR_BADSESSION;
	status = sequence_check(cmp, session, &bind);
	if (status)
		goto put;
	status = dnfs4_slot_begin(session, &args->req, &slot, &again);
	if (status)
		goto put;
	/* The reply to a lone SEQUENCE is small, and clients retry it for recovery. */
	whole = again ? slot->whole : args->keep || cmp->nops == 1;
	digest = sequence_digest(cmp, whole);
	/* All that may fail comes before dnfs4_slot_commit(). */
	if (again) {
		status = dnfs4_slot_repeat(slot, digest);
		if (status)
			goto end_slot;
	} else {
		keep = args->keep ? max(session->fore.maxresponsesize_cached, 1U) : 0;
		need = SEQUENCE_BYTES + (cmp->nops > 1 ? DNFS4_OP_HEAD_BYTES : 0);
		status = dnfs4_limit(cmp, session->fore.maxresponsesize, keep, need);
		if (status)
			goto end_slot;
		status = NFS4ERR_DELAY;
		if (whole && !dnfs4_slot_reserve(slot, dnfs4_slot_reply_max(session)))
			goto end_slot;
	}
	/* A client that lost its state learns this when it creates a new session. */
	status = dnfs4_client_use(session->client, NFS4ERR_BADSESSION);
	if (status)
		goto end_slot;
	dnfs4_session_known(session);
	if (bind)
		dnfs4_conn_bind(session, cmp->call->conn, DNFS4_CONN_FORE);
	if (again) {
		cmp->replay = (struct dnfs4_replay) { .data = slot->reply, .len = slot->len };
	} else {
		dnfs4_slot_commit(session, slot, &args->req);
		slot->digest = digest;
		slot->whole = whole;
	}
	memcpy(res->session, session->id, sizeof(res->session));
	res->seqid = slot->seqid;
	res->slot = slot->id;
	res->highest = READ_ONCE(session->slots_now) - 1;
	res->target = READ_ONCE(session->slots_target) - 1;
	res->flags = dnfs4_client_status_flags(session->client);
	if (READ_ONCE(session->back_lost))
		res->flags |= SEQ4_STATUS_CB_PATH_DOWN_SESSION;
	cmp->slot = slot;
	cmp->session = session;
	cmp->client = session->client;
	dnfs4_client_hold(cmp->client);
	return NFS4_OK;

end_slot:
	dnfs4_slot_end(slot);
put:
	dnfs4_session_put(session);
	return status;
}

static bool sequence_encode(struct dnfs4_compound *cmp, u32 status, const void *resp)
{
	const struct sequence_res *res = resp;
	__be32 *p = dnfs_inline_reserve(cmp->out, SEQUENCE_BYTES);

	if (!p)
		return false;
	memcpy(p, res->session, sizeof(res->session));
	p += sizeof(res->session) / XDR_UNIT;
	*p++ = cpu_to_be32(res->seqid);
	*p++ = cpu_to_be32(res->slot);
	*p++ = cpu_to_be32(res->highest);
	*p++ = cpu_to_be32(res->target);
	*p = cpu_to_be32(res->flags);
	return true;
}

static u32 sequence_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return SEQUENCE_BYTES;
}

const struct dnfs4_op dnfs4_op_sequence = {
	.name = "SEQUENCE",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_BRIEF,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.decode = sequence_decode,
	.exec = sequence_exec,
	.encode = sequence_encode,
	.reply = sequence_reply,
};

/*
 * Cache the reply of a COMPOUND and release its slot. The engine calls this once for every COMPOUND
 * whose SEQUENCE succeeded. Puts @cmp->session.
 */
void dnfs4_sequence_done(struct dnfs4_compound *cmp)
{
	struct xdr_buf *buf = cmp->out->buf;
	struct dnfs4_slot *slot = cmp->slot;
	u32 len;

	/* Keep the reply. SEQUENCE made room unless sa_cachethis was not set. */
	if (!cmp->replay.data && (cmp->max_cached || cmp->nops == 1)) {
		xdr_commit_encode(cmp->out);
		len = buf->len - cmp->start;
		if (len <= slot->room &&
		    !read_bytes_from_xdr_buf(buf, cmp->start, slot->reply, len)) {
			slot->len = len;
			slot->kept = true;
		}
	}
	dnfs4_slot_end(slot);
	cmp->slot = NULL;
	dnfs4_session_put(cmp->session);
	cmp->session = NULL;
}

/* Status flag that reports void states, by reason. */
static const u32 void_flags[] = {
	[DNFS4_REVOKED] = SEQ4_STATUS_RECALLABLE_STATE_REVOKED,
	[DNFS4_ADMIN_REVOKED] = SEQ4_STATUS_ADMIN_STATE_REVOKED,
	[DNFS4_EXPIRED] = SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED,
};

/*
 * Compute sr_status_flags for a client. RFC 8881 section 18.46.3. SEQ4_STATUS_CB_PATH_DOWN_SESSION
 * is left to the caller. Context: any. Return: SEQ4_STATUS_* bits.
 */
u32 dnfs4_client_status_flags(struct dnfs4_client *client)
{
	u32 flags = 0;

	if (unlikely(READ_ONCE(client->nrevoked)))
		for (u32 i = 0; i < ARRAY_SIZE(void_flags); i++)
			if (void_flags[i] && READ_ONCE(client->revoked[i]))
				flags |= void_flags[i];
	if (test_bit(DNFS4_CLIENT_CB_DOWN, &client->flags))
		flags |= SEQ4_STATUS_CB_PATH_DOWN;
	return flags;
}
