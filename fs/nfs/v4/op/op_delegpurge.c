// SPDX-License-Identifier: GPL-2.0-only
/*
 * DELEGPURGE (RFC 7530 section 16.7, RFC 8881 section 18.5): the client does not want to claim
 * the delegations that its previous instance had and that it has not claimed yet.
 */
#include <linux/nfs4.h>

#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"

static u32 delegpurge_decode(struct dnfs4_compound *cmp, void *args)
{
	return xdr_stream_decode_u64(cmp->in, args) < 0 ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 delegpurge_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	u32 status = NFS4_OK;

	/* With a session the clientid is ignored. */
	if (!cmp->minor)
		status = dnfs4_client_of_op(cmp, *(u64 *)args);
	if (status)
		return status;
	if (test_bit(DNFS4_CLIENT_INHERITS, &cmp->client->flags))
		return NFS4ERR_DELAY;
	dnfs4_previous_purge(cmp->client);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_delegpurge = {
	.name = "DELEGPURGE",
	.flags = DNFS4_OP_CHANGES,
	.minor_first = 0,
	.minor_last = 2,
	.argsize = sizeof(u64),
	.decode = delegpurge_decode,
	.exec = delegpurge_exec,
};
