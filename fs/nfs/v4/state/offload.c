// SPDX-License-Identifier: GPL-2.0-only
/* Copies in the background, and CB_OFFLOAD (RFC 7862 section 16.1); see offload.h. */
#include <linux/slab.h>

#include "../../../node/node.h"
#include "../../../share/cred.h"
#include "../deleg/delegation.h"
#include "../deleg/delegations.h"
#include "../session/client.h"
#include "offload.h"

/* Deadline of CB_OFFLOAD: the result waits for a back channel as long as its client may live. */
#define OFFLOAD_TELL_MS		(DNFS4_COURTESY_MAX_S * 1000U)
/* Delay before CB_OFFLOAD is resent after NFS4ERR_DELAY. */
#define OFFLOAD_DELAY_MS	100

static struct dnfs4_offload *offload_of_job(struct ditto_job *job)
{
	return container_of(job, struct dnfs4_offload, job);
}

static struct dnfs4_offload *offload_of_callback(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_offload, told);
}

/* The state */

static void offload_free(struct dnfs4_state *state)
{
	struct dnfs4_client *client = state->client;

	kfree_rcu(dnfs4_offload_of(state), rcu);
	dnfs4_client_put(client);
}

/* The client is being released. */
static void offload_release(struct dnfs4_state *state)
{
	struct dnfs4_offload *offload = dnfs4_offload_of(state);

	WRITE_ONCE(offload->forgotten, true);
	ditto_job_cancel(&offload->job, -ESHUTDOWN);
}

static u32 offload_free_stateid(struct dnfs4_state *state)
{
	struct dnfs4_offload *offload = dnfs4_offload_of(state);

	if (!ditto_job_is_over(&offload->job))
		return NFS4ERR_LOCKS_HELD;
	WRITE_ONCE(offload->forgotten, true);
	dnfs4_callback_kick(state->client);
	dnfs4_state_del(state);
	return NFS4_OK;
}

static const struct dnfs4_state_ops offload_ops = {
	.kind = DNFS4_STATE_OFFLOAD,
	.release = offload_release,
	.free_stateid = offload_free_stateid,
	.free = offload_free,
};

/*
 * Get progress or result of a copy. @count: set to the number of bytes copied. Context: any.
 * Return: NFS4_OK while it runs, and if bytes were copied before an error; else the error.
 */
u32 dnfs4_offload_status(struct dnfs4_offload *offload, u64 *count)
{
	const struct ditto_job *job = &offload->job;

	*count = atomic64_read(&job->done);
	switch (job->err) {
	case -ECANCELED:
	case -ESTALE:
	case -EKEYREVOKED:
		return dnfs4_status_of(OP_COPY, job->err);
	}
	/* After an error the client asks for the rest again, and gets the error then. */
	return *count ? NFS4_OK : dnfs4_status_of(OP_COPY, job->err);
}

/* CB_OFFLOAD */

static bool offload_tell_wanted(const struct dnfs4_callback *cb)
{
	return !READ_ONCE(offload_of_callback(cb)->forgotten);
}

static bool offload_tell_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	struct dnfs4_offload *offload = offload_of_callback(cb);
	struct dnfs4_stateid sid;
	u32 status;
	u64 count;
	__be32 *p;

	dnfs4_state_stateid(&offload->state, &sid);
	status = dnfs4_offload_status(offload, &count);
	if (xdr_stream_encode_opaque(xdr, offload->fh, offload->fh_len) < 0 ||
	    !dnfs4_encode_stateid(xdr, &sid) || xdr_stream_encode_u32(xdr, status) < 0)
		return false;
	/* coa_bytes_copied */
	if (status)
		return xdr_stream_encode_u64(xdr, count) >= 0;
	/* write_response4, without wr_callback_id */
	p = xdr_reserve_space(xdr, 4 * XDR_UNIT + sizeof(offload->job.verifier));
	if (!p)
		return false;
	*p++ = 0;
	p = xdr_encode_hyper(p, count);
	*p++ = cpu_to_be32(DITTO_UNSTABLE);
	memcpy(p, &offload->job.verifier, sizeof(offload->job.verifier));
	return true;
}

static u32 offload_tell_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_offload *offload = offload_of_callback(cb);

	if (!err && cb->status == NFS4ERR_DELAY)
		return OFFLOAD_DELAY_MS;
	/* Section 4.8: the stateid is valid until the client replies, whatever it replies. */
	if (!err)
		dnfs4_state_del(&offload->state);
	return 0;
}

static void offload_tell_release(struct dnfs4_callback *cb)
{
	dnfs4_state_put(&offload_of_callback(cb)->state);
}

static const struct dnfs4_callback_ops offload_tell_ops = {
	.op = OP_CB_OFFLOAD,
	.wanted = offload_tell_wanted,
	.encode = offload_tell_encode,
	.done = offload_tell_done,
	.release = offload_tell_release,
};

/* The job */

static bool offload_is_void(const struct dnfs4_io *io)
{
	return io->state && READ_ONCE(io->state->void_why) != DNFS4_VALID;
}

static int offload_job_check(struct ditto_job *job)
{
	struct dnfs4_offload *offload = offload_of_job(job);

	return offload_is_void(&offload->src) || offload_is_void(&offload->dst) ? -EKEYREVOKED : 0;
}

static void offload_job_copied(struct ditto_job *job)
{
	dnfs4_delegation_note_mtime(offload_of_job(job)->state.client, job->to, false);
}

static void offload_job_ended(struct ditto_job *job)
{
	struct dnfs4_offload *offload = offload_of_job(job);

	dnfs4_io_end(&offload->src);
	dnfs4_io_end(&offload->dst);
	/* The job's reference passes to the callback. */
	if (READ_ONCE(offload->forgotten) ||
	    !dnfs4_callback_send(&offload->told, 0, OFFLOAD_TELL_MS))
		dnfs4_state_put(&offload->state);
}

static const struct ditto_job_ops offload_job_ops = {
	.check = offload_job_check,
	.copied = offload_job_copied,
	.ended = offload_job_ended,
};

static void offload_job_fill(struct dnfs4_offload *offload, struct dnfs4_compound *cmp,
			     const struct dnfs4_offload_range *range)
{
	struct ditto_job *job = &offload->job;

	job->ops = &offload_job_ops;
	job->protocol = cmp->client->client.protocol;
	job->client = cmp->client->client.name;
	job->peer = cmp->call->peer;
	job->op = offload->src.op;
	job->actor = offload->src.actor;
	job->from = cmp->saved_fh.target.node;
	job->from_pos = range->src_pos;
	job->op_to = offload->dst.op;
	job->actor_to = offload->dst.actor;
	job->to = dnfs4_node(cmp);
	job->to_pos = range->dst_pos;
	job->count = range->count;
}

/*
 * Copy to the current file in the background. Return: 0; or an errno if there are no resources for
 * it.
 */
int dnfs4_offload_start(struct dnfs4_compound *cmp, struct dnfs4_io *src, struct dnfs4_io *dst,
			const struct dnfs4_offload_range *range, struct dnfs4_stateid *sid)
{
	struct dnfs4_offload *offload = kzalloc(sizeof(*offload), GFP_KERNEL_ACCOUNT);
	int err;

	if (!offload)
		return -ENOMEM;
	err = dnfs4_fh_encode(&cmp->current_fh, offload->fh, &offload->fh_len);
	if (err) {
		kfree(offload);
		return err;
	}
	offload->src = *src;
	offload->dst = *dst;
	offload->node = dnfs4_node(cmp);
	dnfs4_client_hold(cmp->client);
	dnfs4_state_init(&offload->state, &offload_ops, cmp->client);
	dnfs4_callback_init_one(&offload->told, &offload_tell_ops, cmp->client);
	dnfs4_call_ref_fill(cmp, &offload->told.after);
	offload_job_fill(offload, cmp, range);
	ditto_job_init(&offload->job);
	/* The job, which may end immediately, needs the stateid. */
	err = dnfs4_state_add(&offload->state);
	if (err)
		goto put;
	dnfs4_state_stateid(&offload->state, sid);
	/* On success the job owns the first reference, and the states. */
	err = ditto_job_start(&offload->job, &cmp->client->who);
	if (err)
		goto del;
	src->state = NULL;
	dst->state = NULL;
	return 0;

del:
	dnfs4_state_del(&offload->state);
put:
	dnfs4_state_put(&offload->state);
	return err;
}
