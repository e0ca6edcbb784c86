// SPDX-License-Identifier: GPL-2.0-only
/* SEEK (RFC 7862 section 15.11): find the next data or hole. The end of a file is a hole. */
#include <linux/fs.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../op/space.h"
#include "../engine/ops.h"
#include "../state/open.h"

struct seek_args {
	struct dnfs4_stateid stateid;
	u64 offset;
	u32 what;
};

struct seek_res {
	bool eof;
	u64 offset;
};

static u32 seek_decode(struct dnfs4_compound *cmp, void *args)
{
	struct seek_args *a = args;

	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u32(cmp->in, &a->what))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 seek_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct ditto_node *node = dnfs4_node(cmp);
	const struct seek_args *a = args;
	struct seek_res *res = result;
	struct dnfs4_io io;
	u32 status;
	u64 size;
	int err;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	if (a->what != NFS4_CONTENT_DATA && a->what != NFS4_CONTENT_HOLE)
		return NFS4ERR_UNION_NOTSUPP;
	status = dnfs4_io_begin(cmp, &a->stateid, false, &io);
	if (status)
		return status;
	err = ditto_seek(&io.op, node, a->offset, a->what == NFS4_CONTENT_HOLE, &res->offset);
	dnfs4_io_end(&io);
	size = i_size_read(node->inode);
	/* RFC 7862 section 15.11.3: only an offset beyond the end of the file is an error. */
	if (err == -ENXIO && a->offset < size) {
		res->offset = size;
		err = 0;
	}
	res->eof = res->offset >= size;
	return dnfs4_status(cmp, err);
}

static bool seek_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct seek_res *res = result;
	__be32 *p = xdr_reserve_space(cmp->out, 3 * XDR_UNIT);

	if (!p)
		return false;
	*p++ = cpu_to_be32(res->eof);
	xdr_encode_hyper(p, res->offset);
	return true;
}

const struct dnfs4_op dnfs4_op_seek = {
	.name = "SEEK",
	.flags = DNFS4_OP_FH,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct seek_args),
	.ressize = sizeof(struct seek_res),
	.decode = seek_decode,
	.exec = seek_exec,
	.encode = seek_encode,
};
