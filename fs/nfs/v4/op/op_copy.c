// SPDX-License-Identifier: GPL-2.0-only
/*
 * COPY (RFC 7862 sections 4 and 15.2): from the saved file to the current one. Copies from other
 * servers (section 4.4) are not offered: a server that opens files elsewhere for its clients is a
 * client whom nobody has asked.
 *
 * Bytes are copied in order, so every copy is consecutive. At most copy-sync-kib is copied before
 * the reply, so that a copy does not keep a thread. A longer copy goes on in the background, see
 * state/offload.h. If the client wants it done before the reply, or cannot be called back, it gets
 * the number of bytes copied and asks for the rest again.
 */
#include <linux/limits.h>
#include <linux/nfs4.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>

#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../../../op/space.h"
#include "../../server.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/offload.h"
#include "../state/open.h"

/* Result with a stateid. */
#define COPY_REPLY_BYTES	64

struct copy_args {
	struct dnfs4_stateid src;
	struct dnfs4_stateid dst;
	u64 src_pos;
	u64 dst_pos;
	u64 count;
	u32 consecutive;
	u32 synchronous;
	u32 servers;
};

struct copy_res {
	struct dnfs4_stateid callback;
	bool background;
	u64 count;
	u64 verf;
};

static u32 copy_decode(struct dnfs4_compound *cmp, void *args)
{
	struct copy_args *a = args;

	if (dnfs4_decode_stateid(cmp->in, &a->src) || dnfs4_decode_stateid(cmp->in, &a->dst) ||
	    xdr_stream_decode_u64(cmp->in, &a->src_pos) ||
	    xdr_stream_decode_u64(cmp->in, &a->dst_pos) ||
	    xdr_stream_decode_u64(cmp->in, &a->count) ||
	    xdr_stream_decode_u32(cmp->in, &a->consecutive) || a->consecutive > 1 ||
	    xdr_stream_decode_u32(cmp->in, &a->synchronous) || a->synchronous > 1 ||
	    xdr_stream_decode_u32(cmp->in, &a->servers))
		return NFS4ERR_BADXDR;
	/* What follows the servers is not decoded: exec refuses them. */
	return NFS4_OK;
}

/*
 * RFC 7862 section 15.2.3: the source range must not reach beyond the end of the file, which only
 * the holder of a write delegation may know.
 */
static u32 copy_check_end(struct dnfs4_compound *cmp, const struct copy_args *a,
			  struct dnfs4_io *src)
{
	struct ditto_node *from = cmp->saved_fh.target.node;
	struct ditto_attr attr;
	int err;

	if (a->src_pos + a->count <= i_size_read(from->inode))
		return NFS4_OK;
	err = ditto_getattr_asked(&src->op, from, &attr);
	if (err)
		return dnfs4_status(cmp, err);
	return a->src_pos + a->count <= attr.st.size ? NFS4_OK : NFS4ERR_INVAL;
}

/*
 * The core refuses to copy a piece onto itself. In a longer copy no piece may overlap, and yet
 * later ones would copy what earlier ones have written.
 */
static bool copy_overlaps(const struct dnfs4_compound *cmp, const struct copy_args *a, u64 count)
{
	u64 apart = a->src_pos > a->dst_pos ? a->src_pos - a->dst_pos : a->dst_pos - a->src_pos;

	return cmp->saved_fh.target.node == dnfs4_node(cmp) && apart < count;
}

/* A named attribute is copied as part of its file, which may not be held. */
static bool copy_may_go_on(const struct dnfs4_compound *cmp, const struct copy_args *a)
{
	return !a->synchronous && atomic_read(&cmp->client->back_conns) &&
	       !cmp->saved_fh.named && !cmp->current_fh.named;
}

/*
 * RFC 7862 section 15.2.3: a count of 0 is the rest of the file. Only the holder of a grant that
 * caches writes knows where the file ends, so the size is read when it has given that back.
 */
static int copy_check_rest(struct dnfs4_io *src, struct ditto_node *from, u64 pos, u64 *count)
{
	int err = ditto_read_check(&src->op, from, pos, 0);
	u64 size;

	ditto_refresh_size(src->op.share, from);
	size = i_size_read(from->inode);
	if (!err && size > pos)
		*count = size - pos;
	return err;
}

static u32 copy_now(struct dnfs4_compound *cmp, const struct copy_args *a, struct dnfs4_io *src,
		    struct dnfs4_io *dst, struct copy_res *res)
{
	u64 most = (u64)READ_ONCE(cmp->call->server->settings.copy_sync_kib) * SZ_1K;
	struct ditto_node *from = cmp->saved_fh.target.node;
	struct dnfs4_offload_range range;
	u64 count = a->count;
	ssize_t n;
	int err;

	res->verf = atomic64_read(&cmp->call->srv->write_verifier);
	if (!count) {
		err = copy_check_rest(src, from, a->src_pos, &count);
		/* There may be nothing to copy, which needs permission as a WRITE of nothing. */
		if (!err && !count)
			err = ditto_permission(&dst->op, dnfs4_node(cmp),
					       DITTO_MAY_WRITE | DITTO_MAY_OWNER);
		if (err || !count)
			return dnfs4_status(cmp, err);
	}
	if (copy_overlaps(cmp, a, count))
		return NFS4ERR_INVAL;
	range = (struct dnfs4_offload_range) { a->src_pos, a->dst_pos, count };
	res->background = count > most && copy_may_go_on(cmp, a) &&
			  !dnfs4_offload_start(cmp, src, dst, &range, &res->callback);
	if (res->background)
		return NFS4_OK;
	n = ditto_copy(&src->op, from, a->src_pos, &dst->op, dnfs4_node(cmp), a->dst_pos,
		       min(count, most), false, &res->verf);
	if (n < 0)
		return dnfs4_status(cmp, n);
	if (n)
		dnfs4_delegation_note_mtime(cmp->client, dnfs4_node(cmp), false);
	res->count = n;
	return NFS4_OK;
}

static u32 copy_check_range(const struct copy_args *a)
{
	if (a->src_pos > S64_MAX || a->count > S64_MAX - a->src_pos)
		return NFS4ERR_INVAL;
	return a->dst_pos > S64_MAX || a->count > S64_MAX - a->dst_pos ? NFS4ERR_FBIG : NFS4_OK;
}

static bool copy_source_is_of_another(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid)
{
	u64 id = get_unaligned_be64(sid->other);
	struct dnfs4_client *client;
	struct dnfs4_state *state;
	bool is = false;

	if (id == cmp->client->id || dnfs4_client_find(cmp->server, id, cmp->minor, &client))
		return false;
	state = dnfs4_state_get(client, dnfs4_stateid_number(client, sid));
	if (state) {
		is = state->ops->kind & DNFS4_STATE_IO;
		dnfs4_state_put(state);
	}
	dnfs4_client_put(client);
	return is;
}

/*
 * A program may copy between mounts that belong to two clients, such as two containers of
 * one machine, and Linux then sends the stateid of the other one. That is no stateid of this
 * client, but BAD_STATEID would have Linux recover the open again and again. When the offload is
 * denied, it reads and writes.
 */
static u32 copy_source_begin(struct dnfs4_compound *cmp, const struct copy_args *a,
			     struct dnfs4_io *src)
{
	u32 status = dnfs4_io_begin_of(cmp, &cmp->saved_fh, &a->src, false, src);

	if (status == NFS4ERR_BAD_STATEID && copy_source_is_of_another(cmp, &a->src))
		return NFS4ERR_OFFLOAD_DENIED;
	return status;
}

static u32 copy_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct copy_args *a = args;
	struct copy_res *res = result;
	struct dnfs4_io src, dst;
	u32 status;

	if (a->servers)
		return NFS4ERR_NOTSUPP;
	status = dnfs4_check_data_of(cmp, &cmp->saved_fh) ?: dnfs4_check_data(cmp);
	if (status)
		return status;
	status = copy_check_range(a);
	if (status)
		return status;
	status = copy_source_begin(cmp, a, &src);
	if (status)
		return status;
	status = dnfs4_io_begin(cmp, &a->dst, true, &dst);
	if (status)
		goto end_src;
	status = copy_check_end(cmp, a, &src) ?: copy_now(cmp, a, &src, &dst, res);
	dnfs4_io_end(&dst);
end_src:
	dnfs4_io_end(&src);
	return status;
}

/* COPY4resok */
static bool copy_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct copy_res *res = result;

	/* No callback stateid if the copy is done. */
	return xdr_stream_encode_u32(cmp->out, res->background) >= 0 &&
	       (!res->background || dnfs4_encode_stateid(cmp->out, &res->callback)) &&
	       xdr_stream_encode_u64(cmp->out, res->count) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, DITTO_UNSTABLE) >= 0 &&
	       xdr_stream_encode_opaque_fixed(cmp->out, &res->verf, sizeof(res->verf)) >= 0 &&
	       /* cr_consecutive and cr_synchronous */
	       xdr_stream_encode_u32(cmp->out, 1) >= 0 &&
	       xdr_stream_encode_u32(cmp->out, !res->background) >= 0;
}

static u32 copy_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return COPY_REPLY_BYTES;
}

const struct dnfs4_op dnfs4_op_copy = {
	.name = "COPY",
	.flags = DNFS4_OP_FH | DNFS4_OP_SAVED | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct copy_args),
	.ressize = sizeof(struct copy_res),
	.decode = copy_decode,
	.exec = copy_exec,
	.encode = copy_encode,
	.reply = copy_reply,
};
