// SPDX-License-Identifier: GPL-2.0-only
/*
 * DELEGRETURN (RFC 7530 section 16.8, RFC 8881 section 18.6).
 *
 * The stateid is removed first, so that only one of two concurrent requests returns the
 * delegation; then the caching grant behind it ends.
 */
#include <linux/nfs4.h>

#include "../deleg/delegations.h"
#include "../engine/ops.h"

static u32 delegreturn_decode(struct dnfs4_compound *cmp, void *args)
{
	return dnfs4_decode_stateid(cmp->in, args);
}

/* 4.0: a client that returns a delegation needs no NFS4ERR_CB_PATH_DOWN from RENEW any more. */
static void delegreturn_is_known(struct dnfs4_compound *cmp)
{
	if (!cmp->minor && cmp->client)
		clear_bit(DNFS4_CLIENT_CB_MISSED, &cmp->client->flags);
}

static u32 delegreturn_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	const struct dnfs4_stateid *sid = args;
	struct dnfs4_state *state;
	u32 status;

	status = dnfs4_state_find(cmp, sid, DNFS4_STATE_DELEGATIONS, &state);
	delegreturn_is_known(cmp);
	if (status)
		return status;
	if (dnfs4_delegation_of(state)->node != dnfs4_node(cmp)) {
		status = NFS4ERR_BAD_STATEID;
		goto put;
	}
	dnfs4_state_lock(state);
	status = dnfs4_state_check_seqid(cmp, state, sid);
	dnfs4_state_unlock(state);
	if (status)
		goto put;
	status = dnfs4_delegation_check(cmp, state);
	if (status)
		goto put;
	/* If two requests return it, the second one fails. */
	if (dnfs4_state_del(state))
		dnfs4_delegation_end(dnfs4_delegation_of(state));
	else
		status = NFS4ERR_BAD_STATEID;
put:
	dnfs4_state_put(state);
	/* A revocation detected by this request is reported by its status. */
	if (status == NFS4ERR_BAD_STATEID)
		delegreturn_is_known(cmp);
	return status;
}

const struct dnfs4_op dnfs4_op_delegreturn = {
	.name = "DELEGRETURN",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED | DNFS4_OP_QUICK |
		 DNFS4_OP_ABSENT,
	.minor_first = 0,
	.minor_last = 2,
	.argsize = sizeof(struct dnfs4_stateid),
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.decode = delegreturn_decode,
	.exec = delegreturn_exec,
};
