// SPDX-License-Identifier: GPL-2.0-only
/* OFFLOAD_CANCEL and OFFLOAD_STATUS (RFC 7862 sections 15.8 and 15.9). */
#include "../engine/ops.h"
#include "../state/offload.h"

/* How long OFFLOAD_CANCEL waits for the end of the copy before the client must retry. */
#define CANCEL_WAIT_MS	20

struct offload_args {
	struct dnfs4_stateid stateid;
};

struct offload_res {
	u64 count;
	bool complete;
	u32 status;
};

static u32 offload_decode(struct dnfs4_compound *cmp, void *args)
{
	struct offload_args *a = args;

	return dnfs4_decode_stateid(cmp->in, &a->stateid);
}

/* Find the copy to the current file, whose stateid does not change (RFC 7862 section 4.8). */
static u32 offload_find(struct dnfs4_compound *cmp, const struct offload_args *a,
			struct dnfs4_offload **offload)
{
	struct dnfs4_state *state;
	u32 status;

	if (!a->stateid.seqid || dnfs4_stateid_special(&a->stateid) != DNFS4_SPECIAL_NONE)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_state_find(cmp, &a->stateid, DNFS4_STATE_OFFLOAD, &state);
	if (status)
		return status;
	*offload = dnfs4_offload_of(state);
	if ((*offload)->node == dnfs4_node(cmp))
		return NFS4_OK;
	dnfs4_state_put(state);
	return NFS4ERR_BAD_STATEID;
}

/*
 * The client may write to the file as soon as it has the reply, so that the last piece must have
 * been copied.
 */
static u32 cancel_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct dnfs4_offload *offload;
	u32 status;

	status = offload_find(cmp, args, &offload);
	if (status)
		return status;
	WRITE_ONCE(offload->forgotten, true);
	ditto_job_cancel(&offload->job, -ECANCELED);
	if (ditto_job_wait(&offload->job, CANCEL_WAIT_MS)) {
		dnfs4_callback_kick(cmp->client);
		dnfs4_state_del(&offload->state);
	} else {
		status = NFS4ERR_DELAY;
	}
	dnfs4_state_put(&offload->state);
	return status;
}

const struct dnfs4_op dnfs4_op_offload_cancel = {
	.name = "OFFLOAD_CANCEL",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.argsize = sizeof(struct offload_args),
	.decode = offload_decode,
	.exec = cancel_exec,
};

static u32 status_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct offload_res *res = result;
	struct dnfs4_offload *offload;
	u32 status;

	status = offload_find(cmp, args, &offload);
	if (status)
		return status;
	/* First, so that the result is the final one. */
	res->complete = ditto_job_is_over(&offload->job);
	res->status = dnfs4_offload_status(offload, &res->count);
	dnfs4_state_put(&offload->state);
	return NFS4_OK;
}

static bool status_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct offload_res *res = result;

	return xdr_stream_encode_u64(cmp->out, res->count) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, res->complete) >= 0 &&
	       (!res->complete || xdr_stream_encode_u32(cmp->out, res->status) >= 0);
}

const struct dnfs4_op dnfs4_op_offload_status = {
	.name = "OFFLOAD_STATUS",
	.flags = DNFS4_OP_FH,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_BAD_STATEID,
	.argsize = sizeof(struct offload_args),
	.ressize = sizeof(struct offload_res),
	.decode = offload_decode,
	.exec = status_exec,
	.encode = status_encode,
};
