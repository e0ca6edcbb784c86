// SPDX-License-Identifier: GPL-2.0-only
/*
 * FREE_STATEID and TEST_STATEID (RFC 8881 sections 18.38 and 18.48).
 *
 * After the server has revoked state, a client of 4.1 finds out with TEST_STATEID which of its
 * stateids are void, and acknowledges each of them with FREE_STATEID.
 */
#include <linux/slab.h>

#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"

/* FREE_STATEID */

struct free_args {
	struct dnfs4_stateid stateid;
};

static u32 free_decode(struct dnfs4_compound *cmp, void *args)
{
	struct free_args *a = args;

	return dnfs4_decode_stateid(cmp->in, &a->stateid);
}

static u32 free_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct free_args *a = args;
	struct dnfs4_state *state;
	u32 status;

	status = dnfs4_state_find_any(cmp, &a->stateid, ~0U, &state);
	if (status)
		return status;
	/* First updates the state from its caching grant, so that a revocation is seen. */
	if (state->ops->kind & DNFS4_STATE_DELEGATIONS)
		dnfs4_delegation_check(cmp, state);
	/* A void state is known until it is freed here. */
	dnfs4_state_lock(state);
	status = dnfs4_state_check_seqid(cmp, state, &a->stateid);
	if (state->void_why != DNFS4_CLOSED &&
	    (!status || state->void_why != DNFS4_VALID))
		status = state->ops->free_stateid(state);
	dnfs4_state_unlock(state);
	dnfs4_state_put(state);
	return status;
}

const struct dnfs4_op dnfs4_op_free_stateid = {
	.name = "FREE_STATEID",
	.flags = DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct free_args),
	.decode = free_decode,
	.exec = free_exec,
};

/* TEST_STATEID */

struct test_args {
	u32 count;
	struct dnfs4_stateid *stateids;
};

struct test_res {
	u32 count;
	u32 *status;
};

static u32 test_decode(struct dnfs4_compound *cmp, void *args)
{
	struct test_args *a = args;

	/* The count is limited by the length of the request. */
	if (xdr_stream_decode_u32(cmp->in, &a->count) ||
	    a->count > xdr_stream_remaining(cmp->in) / NFS4_STATEID_SIZE)
		return NFS4ERR_BADXDR;
	a->stateids = kvmalloc_array(a->count, sizeof(*a->stateids), GFP_KERNEL_ACCOUNT);
	if (!a->stateids)
		return NFS4ERR_DELAY;
	for (u32 i = 0; i < a->count; i++)
		if (dnfs4_decode_stateid(cmp->in, &a->stateids[i]))
			return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/* Special stateids are not valid here (RFC 8881 section 18.48.3). */
static u32 test_one(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid)
{
	struct dnfs4_state *state;
	struct dnfs4_lock *lock;
	struct dnfs4_open *open;
	u32 status;

	if (dnfs4_stateid_special(sid) != DNFS4_SPECIAL_NONE)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_state_find(cmp, sid, ~0U, &state);
	if (status)
		return status;
	/* NULL for a delegation. */
	lock = dnfs4_lock_of(state);
	open = lock ? lock->open : dnfs4_open_of(state);
	if (open)
		status = dnfs4_open_check_claim(cmp, open);
	else if (state->ops->kind & DNFS4_STATE_DELEGATIONS)
		status = dnfs4_delegation_check(cmp, state);
	dnfs4_state_put(state);
	return status;
}

static u32 test_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct test_args *a = args;
	struct test_res *res = result;

	res->status = kvmalloc_array(a->count, sizeof(*res->status), GFP_KERNEL_ACCOUNT);
	if (!res->status)
		return NFS4ERR_DELAY;
	res->count = a->count;
	for (u32 i = 0; i < a->count; i++)
		res->status[i] = test_one(cmp, &a->stateids[i]);
	return NFS4_OK;
}

static bool test_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct test_res *res = result;

	if (xdr_stream_encode_u32(cmp->out, res->count) < 0)
		return false;
	for (u32 i = 0; i < res->count; i++)
		if (xdr_stream_encode_u32(cmp->out, res->status[i]) < 0)
			return false;
	return true;
}

static u32 test_reply(const struct dnfs4_compound *cmp, const void *args)
{
	const struct test_args *a = args;

	return (1 + a->count) * XDR_UNIT;
}

static void test_end(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct test_args *a = args;
	struct test_res *res = result;

	kvfree(a->stateids);
	kvfree(res->status);
}

const struct dnfs4_op dnfs4_op_test_stateid = {
	.name = "TEST_STATEID",
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct test_args),
	.ressize = sizeof(struct test_res),
	.decode = test_decode,
	.exec = test_exec,
	.encode = test_encode,
	.reply = test_reply,
	.release = test_end,
};
