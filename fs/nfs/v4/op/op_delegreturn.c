// SPDX-License-Identifier: GPL-2.0-only
/*
 * DELEGRETURN (RFC 7530 section 16.8, RFC 8881 section 18.6).
 *
 * The stateid is removed first, so that of two concurrent requests only one returns the
 * delegation; then the caching grant behind it ends.
 */
#include <linux/nfs4.h>

#include "../deleg/delegations.h"
#include "../engine/ops.h"

static u32 delegreturn_decode(struct dnfs4_compound *cmp, void *args)
{
	return dnfs4_decode_stateid(cmp->in, args);
}

/* Checks that the delegation is valid and of this file, and removes its state. */
static u32 delegreturn_state(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			     struct dnfs4_state *state)
{
	u32 status;

	if (dnfs4_delegation_of(state)->node != dnfs4_node(cmp))
		return NFS4ERR_BAD_STATEID;
	mutex_lock(&state->lock);
	status = dnfs4_state_check_seqid(cmp, state, sid);
	mutex_unlock(&state->lock);
	status = status ?: dnfs4_delegation_check(cmp, state);
	if (status)
		return status;
	/* If two requests return it, the second one fails. */
	return dnfs4_state_del(state) ? NFS4_OK : NFS4ERR_BAD_STATEID;
}

/* 4.0: a client that returns a delegation needs no NFS4ERR_CB_PATH_DOWN from RENEW any more. */
static void delegreturn_is_known(struct dnfs4_compound *cmp)
{
	if (!cmp->minor && cmp->client)
		clear_bit(DNFS4_CLIENT_CB_MISSED, &cmp->client->flags);
}

static u32 delegreturn_do(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid)
{
	struct dnfs4_state *state;
	u32 status;

	status = dnfs4_state_find(cmp, sid, DNFS4_STATE_DELEGATIONS, &state);
	delegreturn_is_known(cmp);
	if (status)
		return status;
	status = delegreturn_state(cmp, sid, state);
	if (!status)
		dnfs4_delegation_end(dnfs4_delegation_of(state));
	dnfs4_state_put(state);
	return status;
}

static u32 delegreturn_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	u32 status = delegreturn_do(cmp, args);

	/* A revocation detected by this request is reported by its status. */
	if (status == NFS4ERR_BAD_STATEID)
		delegreturn_is_known(cmp);
	return status;
}

const struct dnfs4_op dnfs4_op_delegreturn = {
	.name = "DELEGRETURN",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED,
	.minor_first = 0,
	.minor_last = 2,
	.argsize = sizeof(struct dnfs4_stateid),
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.decode = delegreturn_decode,
	.exec = delegreturn_exec,
};
