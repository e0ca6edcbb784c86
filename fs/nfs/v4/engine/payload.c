// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the payload of a WRITE begins in a COMPOUND whose rest has not arrived yet.
 *
 * Only the COMPOUNDs that clients send to write are recognized: PUTFH and WRITE, behind SEQUENCE in
 * a session (RFC 8881 sections 18.46, 18.19 and 18.32). The place does not depend on how operations
 * end: either the WRITE is reached, and finds its data here, or nothing behind it is looked at.
 */
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>

#include "../session/session.h"
#include "../state/stateid.h"
#include "compound.h"

/* SEQUENCE behind the session id: sequence id, slot, highest slot, and whether to cache. */
#define SEQUENCE_ARGS_BYTES	(DNFS4_SESSIONID_SIZE + 4 * XDR_UNIT)
/* WRITE in front of the length of its data: stateid, offset, and how stable. */
#define WRITE_ARGS_BYTES	(XDR_UNIT + DNFS4_OTHER_SIZE + sizeof(u64) + XDR_UNIT)

static bool payload_skip(struct xdr_stream *in, u32 len)
{
	return xdr_inline_decode(in, len);
}

static bool payload_skip_opaque(struct xdr_stream *in, u32 max)
{
	u32 len;

	return !xdr_stream_decode_u32(in, &len) && len <= max && payload_skip(in, len);
}

static bool payload_op_is(struct xdr_stream *in, u32 opnum)
{
	u32 found;

	return !xdr_stream_decode_u32(in, &found) && found == opnum;
}

/*
 * Find the payload of a COMPOUND; see struct dnfs_proc. @len: set to the bytes of the payload.
 * Context: any. Return: true if @in is at a payload now.
 */
bool dnfs4_payload(struct xdr_stream *in, u32 *len)
{
	u32 minor, nops;

	if (!payload_skip_opaque(in, DNFS4_TAG_MAX) || xdr_stream_decode_u32(in, &minor) ||
	    xdr_stream_decode_u32(in, &nops) || nops < (minor ? 3 : 2))
		return false;
	if (minor && !(payload_op_is(in, OP_SEQUENCE) && payload_skip(in, SEQUENCE_ARGS_BYTES)))
		return false;
	return payload_op_is(in, OP_PUTFH) && payload_skip_opaque(in, NFS4_FHSIZE) &&
	       payload_op_is(in, OP_WRITE) && payload_skip(in, WRITE_ARGS_BYTES) &&
	       !xdr_stream_decode_u32(in, len);
}
