// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of open_delegation4 in the reply to an OPEN (RFC 7530 section 16.16.2, RFC 8881
 * section 18.16.2, RFC 9754 section 5).
 */
#include <linux/nfs4.h>

#include "../../rpc/encode.h"
#include "delegation.h"

/*
 * The limit on modified data that a client may keep beyond CLOSE (RFC 8881 section 18.16.3). It
 * is 0, because the server does not reserve space for such data, and because clients return a
 * delegation before they have written the data of a closed file, so that the next reader would
 * get old data.
 */
#define CLOSE_LIMIT	0

/* Encode an open_delegation4. Return: false if it does not fit. */
bool dnfs4_encode_delegated(struct xdr_stream *xdr, const struct dnfs4_delegated *out)
{
	static const char who[] = "EVERYONE@";

	if (!dnfs_encode_u32(xdr, out->type))
		return false;
	switch (out->type) {
	case NFS4_OPEN_DELEGATE_READ:
	case NFS4_OPEN_DELEGATE_WRITE:
	case NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG:
		if (!dnfs4_encode_stateid(xdr, &out->stateid) ||
		    !dnfs_encode_u32(xdr, out->recall))
			return false;
		if (out->type != NFS4_OPEN_DELEGATE_READ &&
		    (!dnfs_encode_u32(xdr, NFS4_LIMIT_SIZE) ||
		     xdr_stream_encode_u64(xdr, CLOSE_LIMIT) < 0))
			return false;
		/*
		 * The nfsace4 of users for whom the client need not check access with ACCESS
		 * before a local open. It grants nothing, which is always correct; clients do
		 * check.
		 */
		return dnfs_encode_u32(xdr, NFS4_ACE_ACCESS_ALLOWED_ACE_TYPE) &&
		       dnfs_encode_u32(xdr, 0) &&
		       dnfs_encode_u32(xdr, 0) &&
		       xdr_stream_encode_opaque(xdr, who, sizeof(who) - 1) >= 0;
	case NFS4_OPEN_DELEGATE_NONE_EXT:
		if (!dnfs_encode_u32(xdr, out->why))
			return false;
		if (out->why != WND4_CONTENTION && out->why != WND4_RESOURCE)
			return true;
		return dnfs_encode_u32(xdr, out->will);
	default:
		return true;
	}
}
