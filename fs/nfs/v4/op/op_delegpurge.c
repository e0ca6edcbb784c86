// SPDX-License-Identifier: GPL-2.0-only
/*
 * DELEGPURGE (RFC 7530 section 16.7, RFC 8881 section 18.5). Delegations do not outlive their
 * client, because CLAIM_DELEGATE_PREV is not supported. So there is nothing to purge, and both
 * RFCs answer that with NFS4ERR_NOTSUPP.
 */
#include <linux/nfs4.h>

#include "../engine/ops.h"

static u32 delegpurge_decode(struct dnfs4_compound *cmp, void *args)
{
	return xdr_stream_decode_u64(cmp->in, args) < 0 ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 delegpurge_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	return NFS4ERR_NOTSUPP;
}

const struct dnfs4_op dnfs4_op_delegpurge = {
	.name = "DELEGPURGE",
	.minor_first = 0,
	.minor_last = 2,
	.argsize = sizeof(u64),
	.decode = delegpurge_decode,
	.exec = delegpurge_exec,
};
