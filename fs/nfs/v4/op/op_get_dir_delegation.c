// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET_DIR_DELEGATION (RFC 8881 section 18.39).
 *
 * A directory delegation is a caching grant of the lock table for read and handle. It is given
 * only if the backchannel works. A refusal is not an error: it is the non-fatal status
 * GDD4_UNAVAIL. But a client that may still reclaim gets NFS4ERR_GRACE (section 18.51.3).
 */
#include <linux/err.h>
#include <linux/nfs4.h>

#include "../../../../lockd/lease.h"
#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../attr/attr.h"
#include "../deleg/delegations.h"
#include "../deleg/dir_delegation.h"
#include "../engine/ops.h"
#include "../engine/server.h"

/* gddrnf_status */
#define GDD4_OK		0
#define GDD4_UNAVAIL	1

/* Longest delay of notifications of attribute changes, whatever the client requests. */
#define ATTR_WAIT_MAX_MS	5000

/**
 * struct get_dir_res - GET_DIR_DELEGATION4res_non_fatal
 * @status: GDD4_*
 * @stateid: valid with GDD4_OK
 * @told: the notifications that will be sent
 * @will: with GDD4_UNAVAIL: the client will be notified when it may have more delegations
 */
struct get_dir_res {
	u32 status;
	struct dnfs4_stateid stateid;
	struct dnfs4_dir_ask told;
	bool will;
};

static u32 decode_wait(struct xdr_stream *xdr, u32 *ms)
{
	struct timespec64 wait;
	u32 status = dnfs4_decode_time(xdr, &wait);

	if (status)
		return status;
	if (wait.tv_sec < 0)
		return NFS4ERR_INVAL;
	if (wait.tv_sec >= ATTR_WAIT_MAX_MS / MSEC_PER_SEC)
		*ms = ATTR_WAIT_MAX_MS;
	else
		*ms = wait.tv_sec * MSEC_PER_SEC + wait.tv_nsec / NSEC_PER_MSEC;
	return NFS4_OK;
}

static u32 get_dir_decode(struct dnfs4_compound *cmp, void *data)
{
	struct dnfs4_dir_ask *ask = data;
	struct xdr_stream *xdr = cmp->in;
	struct dnfs4_bitmap types;
	u32 signal, child, dir, status;
	bool more;

	if (xdr_stream_decode_bool(xdr, &signal) < 0)
		return NFS4ERR_BADXDR;
	status = dnfs4_decode_bitmap(xdr, &types, &more) ?:
		 decode_wait(xdr, &child) ?:
		 decode_wait(xdr, &dir) ?:
		 dnfs4_decode_bitmap(xdr, &ask->child, &more) ?:
		 dnfs4_decode_bitmap(xdr, &ask->dir, &more);
	if (status)
		return status;
	ask->signal = signal;
	ask->types = types.word[0];
	ask->wait = min(child, dir);
	return NFS4_OK;
}

static u32 get_dir_exec(struct dnfs4_compound *cmp, void *data, void *out)
{
	const struct dnfs4_dir_ask *ask = data;
	struct get_dir_res *res = out;
	struct dnfs4_delegation *d;
	u32 status;
	int err;

	if (!S_ISDIR(dnfs4_node(cmp)->inode->i_mode))
		return NFS4ERR_NOTDIR;
	err = ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp), DITTO_MAY_READ);
	if (err)
		return dnfs4_status(cmp, err);
	status = dnfs4_reclaim_check(cmp->client, false);
	if (status)
		return status;
	res->status = GDD4_UNAVAIL;
	res->will = false;
	if (!dnfs4_callback_wait_up(cmp->client))
		return NFS4_OK;
	status = dnfs4_client_record(cmp);
	if (status)
		return status;
	d = dnfs4_delegation_alloc(cmp, DNFS4_STATE_DIRECTORY, false);
	if (IS_ERR(d))
		goto refused;
	res->told = *ask;
	d->dir = dnfs4_dir_alloc(cmp, d, &res->told);
	if (!d->dir)
		goto drop;
	dnfs4_state_lock(&d->state);
	err = dnfs4_delegation_grant(cmp, d, DITTO_LEASE_READ | DITTO_LEASE_HANDLE, false, NULL,
				     &dnfs4_dir_cache_ops);
	if (!err)
		dnfs4_state_stateid(&d->state, &res->stateid);
	dnfs4_state_unlock(&d->state);
	if (err)
		goto drop;
	dnfs4_dir_granted(d->dir);
	dnfs4_state_put(&d->state);
	dnfs4_delegation_count(cmp->server, DNFS4_DELEG_DIRECTORY, false, 0);
	dnfs4_current_stateid_set(cmp, &res->stateid);
	res->status = GDD4_OK;
	return NFS4_OK;

drop:
	dnfs4_delegation_drop(d);
	dnfs4_state_put(&d->state);
refused:
	res->will = err == -ENOLCK && ask->signal && dnfs4_room_want(cmp);
	dnfs4_delegation_count(cmp->server, DNFS4_DELEG_REFUSED, true, 0);
	return NFS4_OK;
}

static bool get_dir_encode(struct dnfs4_compound *cmp, u32 status, const void *out)
{
	static const u8 cookieverf[NFS4_VERIFIER_SIZE];
	const struct get_dir_res *res = out;
	const struct dnfs4_bitmap types = { .word[0] = res->told.types };
	struct xdr_stream *xdr = cmp->out;

	if (xdr_stream_encode_u32(xdr, res->status) < 0)
		return false;
	/* gddrnf_will_signal_deleg_avail */
	if (res->status == GDD4_UNAVAIL)
		return xdr_stream_encode_u32(xdr, res->will) >= 0;
	return xdr_stream_encode_opaque_fixed(xdr, cookieverf, sizeof(cookieverf)) >= 0 &&
	       dnfs4_encode_stateid(xdr, &res->stateid) &&
	       dnfs4_encode_bitmap(xdr, &types) &&
	       dnfs4_encode_bitmap(xdr, &res->told.child) &&
	       dnfs4_encode_bitmap(xdr, &res->told.dir);
}

static u32 get_dir_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return 4 + NFS4_VERIFIER_SIZE + 4 + DNFS4_OTHER_SIZE + 3 * (4 + 4 * DNFS4_BITMAP_WORDS);
}

const struct dnfs4_op dnfs4_op_get_dir_delegation = {
	.name = "GET_DIR_DELEGATION",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_NO_ATTRDIR,
	.minor_first = 1,
	.minor_last = 2,
	.argsize = sizeof(struct dnfs4_dir_ask),
	.ressize = sizeof(struct get_dir_res),
	.pseudo_status = NFS4ERR_NOTSUPP,
	.decode = get_dir_decode,
	.exec = get_dir_exec,
	.encode = get_dir_encode,
	.reply = get_dir_reply,
};
