// SPDX-License-Identifier: GPL-2.0-only
/* CLONE (RFC 7862 section 15.13): share the blocks of the saved file with the current one. */
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../op/space.h"
#include "../deleg/delegation.h"
#include "../engine/ops.h"
#include "../state/open.h"

struct clone_range {
	struct dnfs4_stateid src;
	struct dnfs4_stateid dst;
	u64 src_pos;
	u64 dst_pos;
	u64 count;
};

static u32 clone_decode(struct dnfs4_compound *cmp, void *args)
{
	struct clone_range *a = args;

	if (dnfs4_decode_stateid(cmp->in, &a->src) || dnfs4_decode_stateid(cmp->in, &a->dst) ||
	    xdr_stream_decode_u64(cmp->in, &a->src_pos) ||
	    xdr_stream_decode_u64(cmp->in, &a->dst_pos) ||
	    xdr_stream_decode_u64(cmp->in, &a->count))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static int clone_files(struct dnfs4_compound *cmp, const struct clone_range *a,
		       struct dnfs4_io *src, struct dnfs4_io *dst)
{
	struct ditto_node *from = cmp->saved_fh.target.node, *to = dnfs4_node(cmp);
	struct ditto_wcc wcc;
	u64 verifier;
	ssize_t n;

	n = ditto_copy(&src->op, from, a->src_pos, &dst->op, to, a->dst_pos, a->count, true,
		       &verifier);
	if (n < 0)
		return n;
	if (n)
		dnfs4_delegation_note_mtime(cmp->client, to, false);
	/* All of the range or nothing: there is no count in the result. */
	if (n < a->count || (!n && a->src_pos > i_size_read(from->inode)))
		return -EINVAL;
	/* The result has no verifier, so no COMMIT can follow. */
	return n ? ditto_fsync(&dst->op, to, a->dst_pos, n, &verifier, &wcc) : 0;
}

static u32 clone_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct clone_range *a = args;
	struct dnfs4_io src, dst;
	u32 status;

	status = dnfs4_check_data_of(cmp, &cmp->saved_fh) ?: dnfs4_check_data(cmp);
	if (status)
		return status;
	/* RFC 7862 section 15.13.3: a count of 0 ends at the end of the file, if there is one. */
	if (a->src_pos > S64_MAX || a->dst_pos > S64_MAX || a->count > S64_MAX - a->src_pos ||
	    a->count > S64_MAX - a->dst_pos)
		return NFS4ERR_INVAL;
	status = dnfs4_io_begin_of(cmp, &cmp->saved_fh, &a->src, false, &src);
	if (status)
		return status;
	status = dnfs4_io_begin(cmp, &a->dst, true, &dst);
	if (status)
		goto end_src;
	status = dnfs4_status(cmp, clone_files(cmp, a, &src, &dst));
	dnfs4_io_end(&dst);
end_src:
	dnfs4_io_end(&src);
	return status;
}

const struct dnfs4_op dnfs4_op_clone = {
	.name = "CLONE",
	.flags = DNFS4_OP_FH | DNFS4_OP_SAVED | DNFS4_OP_CHANGES,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct clone_range),
	.decode = clone_decode,
	.exec = clone_exec,
};
