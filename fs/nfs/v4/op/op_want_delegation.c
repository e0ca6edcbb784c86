// SPDX-License-Identifier: GPL-2.0-only
/*
 * WANT_DELEGATION (RFC 8881 section 18.49): a delegation without an OPEN, under the rules of
 * OPEN. Instead of the OPEN, the user's permission is checked here.
 *
 * A client that met a limit is notified when it may have more, if it asks for that: room.c. A
 * delegation that was refused because of contention is never pushed: the reply says so by
 * ond_server_will_push_deleg, which is FALSE. CB_PUSH_DELEG (section 20.5) is optional, and clients
 * do not implement it.
 */
#include <linux/errno.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../op/op.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"

/**
 * struct want_args - WANT_DELEGATION4args
 * @want: wda_want
 * @claim: enum opentype4
 * @reclaim_type: with CLAIM_PREVIOUS: OPEN_DELEGATE_* to reclaim
 */
struct want_args {
	u32 want;
	u32 claim;
	u32 reclaim_type;
};

static u32 want_decode(struct dnfs4_compound *cmp, void *args)
{
	struct want_args *a = args;

	if (xdr_stream_decode_u32(cmp->in, &a->want) || xdr_stream_decode_u32(cmp->in, &a->claim))
		return NFS4ERR_BADXDR;
	switch (a->claim) {
	case NFS4_OPEN_CLAIM_FH:
	case NFS4_OPEN_CLAIM_DELEG_PREV_FH:
		return NFS4_OK;
	case NFS4_OPEN_CLAIM_PREVIOUS:
		return xdr_stream_decode_u32(cmp->in, &a->reclaim_type) ? NFS4ERR_BADXDR : NFS4_OK;
	}
	return NFS4ERR_BADXDR;
}

static u32 want_check_args(const struct dnfs4_compound *cmp, const struct want_args *a)
{
	/* Access bits are ignored. */
	u32 allowed = DNFS4_ACCESS_BOTH | NFS4_SHARE_WANT_MASK | DNFS4_SHARE_WHEN_MASK;
	u32 want = a->want & NFS4_SHARE_WANT_MASK;

	if (cmp->minor >= 2)
		allowed |= NFS4_SHARE_WANT_DELEG_TIMESTAMPS;
	if (a->want & ~allowed || !want || want == NFS4_SHARE_WANT_NO_DELEG ||
	    want > NFS4_SHARE_WANT_CANCEL)
		return NFS4ERR_INVAL;
	if (a->claim == NFS4_OPEN_CLAIM_PREVIOUS &&
	    !dnfs4_delegation_may_reclaim(cmp, a->reclaim_type))
		return NFS4ERR_INVAL;
	return NFS4_OK;
}

/* Return: true if the object can be delegated; else @why is set to the reason. */
static bool want_is_possible(const struct dnfs4_compound *cmp, u32 want, u32 *why)
{
	umode_t mode;

	want &= NFS4_SHARE_WANT_MASK;
	*why = WND4_CANCELLED;
	if (want == NFS4_SHARE_WANT_CANCEL) {
		dnfs4_room_cancel(cmp->client);
		return false;
	}
	*why = WND4_IS_DIR;
	if (cmp->current_fh.kind != DNFS4_FH_NODE)
		return false;
	mode = dnfs4_node(cmp)->inode->i_mode;
	if (S_ISDIR(mode))
		return false;
	*why = want == NFS4_SHARE_WANT_WRITE_DELEG && !S_ISREG(mode) ?
	       WND4_WRITE_DELEG_NOT_SUPP_FTYPE : WND4_NOT_SUPP_FTYPE;
	return S_ISREG(mode) && !cmp->current_fh.named;
}

/* The holder of a write delegation also reads. */
static u32 want_check_permission(struct dnfs4_compound *cmp, u32 type, bool reclaim)
{
	u32 may = DITTO_MAY_READ;
	int err;

	if (type != NFS4_OPEN_DELEGATE_READ)
		may |= DITTO_MAY_WRITE;
	/* The client had it before. */
	if (reclaim)
		may |= DITTO_MAY_OWNER | DITTO_MAY_RECLAIM;
	err = ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp), may);
	/* The operation does not have the status for these. */
	if (err == -EROFS || err == -EPERM)
		err = -EACCES;
	return dnfs4_status(cmp, err);
}

/* A delegation of the previous instance of the client, of whatever type that is. */
static u32 want_previous(struct dnfs4_compound *cmp, struct dnfs4_delegated *out)
{
	u32 status, type;

	status = dnfs4_previous_check(cmp->client);
	if (status)
		return status;
	type = dnfs4_previous_type(cmp);
	if (type == NFS4_OPEN_DELEGATE_NONE)
		return NFS4ERR_RECLAIM_BAD;
	return want_check_permission(cmp, type, true) ?: dnfs4_client_record(cmp) ?:
	       dnfs4_previous_claim(cmp, out);
}

static u32 want_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	const struct want_args *a = args;
	bool reclaim = a->claim == NFS4_OPEN_CLAIM_PREVIOUS;
	struct dnfs4_delegated *out = res;
	u32 status, type, why;

	status = want_check_args(cmp, a);
	if (status)
		return status;
	if (a->claim == NFS4_OPEN_CLAIM_DELEG_PREV_FH) {
		status = want_previous(cmp, out);
		if (status)
			return status;
		dnfs4_current_stateid_set(cmp, &out->stateid);
		return NFS4_OK;
	}
	if (!want_is_possible(cmp, a->want, &why)) {
		out->type = NFS4_OPEN_DELEGATE_NONE_EXT;
		out->why = why;
		return NFS4_OK;
	}
	/* For either type, that which disturbs others less. */
	type = (a->want & NFS4_SHARE_WANT_MASK) == NFS4_SHARE_WANT_WRITE_DELEG ?
	       NFS4_OPEN_DELEGATE_WRITE : NFS4_OPEN_DELEGATE_READ;
	if (reclaim)
		type = a->reclaim_type;
	status = want_check_permission(cmp, type, reclaim) ?:
		 dnfs4_reclaim_check(cmp->client, reclaim) ?:
		 dnfs4_client_record(cmp);
	if (status)
		return status;
	dnfs4_delegate_wanted(cmp, type, a->want, reclaim, out);
	if (dnfs4_delegated_is_held(out))
		dnfs4_current_stateid_set(cmp, &out->stateid);
	return NFS4_OK;
}

static bool want_encode(struct dnfs4_compound *cmp, u32 status, const void *res)
{
	return dnfs4_encode_delegated(cmp->out, res);
}

static u32 want_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return DNFS4_DELEGATED_BYTES;
}

const struct dnfs4_op dnfs4_op_want_delegation = {
	.name = "WANT_DELEGATION",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct want_args),
	.ressize = sizeof(struct dnfs4_delegated),
	.decode = want_decode,
	.exec = want_exec,
	.encode = want_encode,
	.reply = want_reply,
};
