// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding and decoding of CB_COMPOUND and CB_SEQUENCE (RFC 8881 sections 19.2 and 20.9).
 *
 * A CB_COMPOUND has one operation. In 4.1 the operation follows a CB_SEQUENCE, which may also be
 * alone. The reply is not trusted: session id, sequence id, slot and operation numbers must
 * match the call.
 */

#include "callback.h"

/* Longest tag accepted in a reply; the tag of the call is empty. */
#define CB_TAG_MAX	64

static bool encode_sequence(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	const struct dnfs4_call_ref *after = &cb->after;
	const u8 *id = cb->session->id;

	if (xdr_stream_encode_u32(xdr, OP_CB_SEQUENCE) < 0 ||
	    xdr_stream_encode_opaque_fixed(xdr, id, DNFS4_SESSIONID_SIZE) < 0 ||
	    xdr_stream_encode_u32(xdr, cb->seqid) < 0 ||
	    xdr_stream_encode_u32(xdr, cb->slot) < 0 ||
	    xdr_stream_encode_u32(xdr, cb->highest) < 0 ||
	    /* csa_cachethis: all callbacks are idempotent. */
	    xdr_stream_encode_u32(xdr, 0) < 0)
		return false;
	/* csa_referring_call_lists: the request whose reply must arrive first. */
	if (!after->valid)
		return xdr_stream_encode_u32(xdr, 0) >= 0;
	return xdr_stream_encode_u32(xdr, 1) >= 0 &&
	       xdr_stream_encode_opaque_fixed(xdr, after->session, sizeof(after->session)) >= 0 &&
	       xdr_stream_encode_u32(xdr, 1) >= 0 &&
	       xdr_stream_encode_u32(xdr, after->seqid) >= 0 &&
	       xdr_stream_encode_u32(xdr, after->slot) >= 0;
}

/* Encode a CB_COMPOUND4args. RFC 8881 section 19.2. Return: false if it does not fit. */
bool dnfs4_cb_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	bool sequence = cb->minor;
	u32 ops = sequence + !!cb->ops->op;

	if (xdr_stream_encode_u32(xdr, 0) < 0 ||
	    xdr_stream_encode_u32(xdr, cb->minor) < 0 ||
	    xdr_stream_encode_u32(xdr, cb->ident) < 0 ||
	    xdr_stream_encode_u32(xdr, ops) < 0)
		return false;
	if (sequence && !encode_sequence(xdr, cb))
		return false;
	if (!cb->ops->op)
		return true;
	return xdr_stream_encode_u32(xdr, cb->ops->op) >= 0 && cb->ops->encode(xdr, cb);
}

/* Decode number and status of a result. */
static int decode_op(struct xdr_stream *xdr, u32 want, u32 *status)
{
	u32 op;

	if (xdr_stream_decode_u32(xdr, &op) < 0 || op != want ||
	    xdr_stream_decode_u32(xdr, status) < 0)
		return -EBADMSG;
	return 0;
}

static int decode_sequence(struct xdr_stream *xdr, struct dnfs4_callback *cb)
{
	u8 id[DNFS4_SESSIONID_SIZE];
	u32 seqid, slot, highest, status;
	int err;

	err = decode_op(xdr, OP_CB_SEQUENCE, &status);
	if (err)
		return err;
	if (status) {
		cb->seq_status = status;
		return 0;
	}
	if (xdr_stream_decode_opaque_fixed(xdr, id, sizeof(id)) < 0 ||
	    xdr_stream_decode_u32(xdr, &seqid) < 0 ||
	    xdr_stream_decode_u32(xdr, &slot) < 0 ||
	    xdr_stream_decode_u32(xdr, &highest) < 0 ||
	    xdr_stream_decode_u32(xdr, &cb->target) < 0)
		return -EBADMSG;
	if (memcmp(id, cb->session->id, sizeof(id)) || seqid != cb->seqid || slot != cb->slot)
		return -EBADMSG;
	cb->seq_status = NFS4_OK;
	return 0;
}

/*
 * Decode a CB_COMPOUND4res. Context: does not sleep. Return: 0, or an errno if the reply is
 * malformed or does not match the call.
 */
int dnfs4_cb_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb)
{
	u32 status, tag_len, ops;
	int err;

	if (xdr_stream_decode_u32(xdr, &status) < 0 ||
	    xdr_stream_decode_u32(xdr, &tag_len) < 0 || tag_len > CB_TAG_MAX ||
	    (tag_len && !xdr_inline_decode(xdr, tag_len)) ||
	    xdr_stream_decode_u32(xdr, &ops) < 0)
		return -EBADMSG;
	cb->status = status;
	if (cb->minor) {
		/* Refused before CB_SEQUENCE. */
		if (!ops) {
			cb->seq_status = status ?: NFS4ERR_BADXDR;
			return 0;
		}
		err = decode_sequence(xdr, cb);
		if (err || cb->seq_status || !cb->ops->op)
			return err;
		ops--;
	}
	if (!ops)
		return status ? 0 : -EBADMSG;
	err = decode_op(xdr, cb->ops->op, &cb->status);
	/* A client may answer an unknown operation with OP_CB_ILLEGAL. */
	if (err && status == NFS4ERR_OP_ILLEGAL) {
		cb->status = status;
		return 0;
	}
	if (err || cb->status || !cb->ops->decode)
		return err;
	return cb->ops->decode(xdr, cb);
}
