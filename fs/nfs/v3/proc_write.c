// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE and COMMIT (RFC 1813 sections 3.3.7 and 3.3.21).
 *
 * The payload of a WRITE is written from the pages where it arrived.
 */
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "procs.h"
#include "xdr.h"

/**
 * struct write_res - results of WRITE
 * @wcc: attributes before and after
 * @count: bytes written
 * @committed: enum stable_how
 * @verf: write verifier
 */
struct write_res {
	struct ditto_wcc wcc;
	u32 count;
	u32 committed;
	u64 verf;
};

static bool dnfs3_write_decode(struct dnfs_call *call, void *args)
{
	struct dnfs3_write_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       !xdr_stream_decode_u64(call->in, &a->offset) &&
	       !xdr_stream_decode_u32(call->in, &a->count) &&
	       dnfs3_decode_enum(call->in, &a->stable, FILE_SYNC) &&
	       dnfs3_decode_data(call->in, &a->data);
}

static bool dnfs3_write_payload(struct xdr_stream *in, u32 *len)
{
	struct dnfs3_write_args a;

	return dnfs3_decode_fh(in, &a.fh) &&
	       !xdr_stream_decode_u64(in, &a.offset) &&
	       !xdr_stream_decode_u32(in, &a.count) &&
	       !xdr_stream_decode_u32(in, &a.stable) &&
	       !xdr_stream_decode_u32(in, len);
}

/*
 * Most writes are UNSTABLE, and the client repeats them until they are committed. Their replies
 * are not cached, because they would displace those that have to be kept.
 */
static bool dnfs3_write_repeatable(const void *args)
{
	const struct dnfs3_write_args *a = args;

	return a->stable == UNSTABLE;
}

static int dnfs3_write_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_write_args *a = args;
	struct write_res *res = result;
	struct dnfs_target target;
	struct iov_iter iter;
	ssize_t n;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	/* RFC 1813: count and the length of the data "must be the same". */
	err = -EINVAL;
	if (a->count > a->data.len || !dnfs_write_iter(call, &a->data, a->count, &iter))
		goto unchanged;
	err = -EFBIG;
	if (a->offset > S64_MAX || a->count > S64_MAX - a->offset)
		goto unchanged;
	if (a->count > DNFS_BRIEF_IO)
		dnfs_may_wait(call);
	n = ditto_write(&target.op, target.node, a->offset, &iter, (enum ditto_stable)a->stable,
			&res->verf, &res->wcc);
	dnfs_target_put(&target);
	if (n < 0)
		return n;
	res->count = n;
	res->committed = a->stable;
	call->bytes = n;
	call->written = n;
	return 0;

unchanged:
	dnfs_wcc_unchanged(&target, &res->wcc);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_write_encode(struct dnfs_call *call, const void *result)
{
	const struct write_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_wcc(call, &res->wcc, 2 * XDR_UNIT + NFS3_WRITEVERFSIZE, &p))
		return false;
	if (p) {
		p = dnfs3_encode_u32(p, res->count);
		p = dnfs3_encode_u32(p, res->committed);
		memcpy(p, &res->verf, NFS3_WRITEVERFSIZE);
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_write = {
	.name = "WRITE",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_write_args),
	.ressize = sizeof(struct write_res),
	.max_reply = 4 + NFS3_WCC_SIZE + 8 + NFS3_WRITEVERFSIZE,
	.decode = dnfs3_write_decode,
	.repeatable = dnfs3_write_repeatable,
	.exec = dnfs3_write_exec,
	.encode = dnfs3_write_encode,
	.payload = dnfs3_write_payload,
};

/**
 * struct commit_args - arguments of COMMIT
 * @fh: the file
 * @offset: first byte
 * @count: number of bytes; 0 means to the end of the file
 */
struct commit_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
};

/**
 * struct commit_res - results of COMMIT
 * @wcc: attributes before and after
 * @verf: write verifier
 */
struct commit_res {
	struct ditto_wcc wcc;
	u64 verf;
};

static bool dnfs3_commit_decode(struct dnfs_call *call, void *args)
{
	struct commit_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       !xdr_stream_decode_u64(call->in, &a->offset) &&
	       !xdr_stream_decode_u32(call->in, &a->count);
}

static int dnfs3_commit_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct commit_args *a = args;
	struct commit_res *res = result;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	if (a->offset <= S64_MAX) {
		err = ditto_fsync(&target.op, target.node, a->offset, a->count, &res->verf,
				  &res->wcc);
	} else {
		err = -EINVAL;
		dnfs_wcc_unchanged(&target, &res->wcc);
	}
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_commit_encode(struct dnfs_call *call, const void *result)
{
	const struct commit_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_wcc(call, &res->wcc, NFS3_WRITEVERFSIZE, &p))
		return false;
	if (p)
		memcpy(p, &res->verf, NFS3_WRITEVERFSIZE);
	return true;
}

const struct dnfs_proc dnfs3_proc_commit = {
	.name = "COMMIT",
	.flags = DNFS_PROC_DIRECT | DNFS_PROC_SLOW,
	.argsize = sizeof(struct commit_args),
	.ressize = sizeof(struct commit_res),
	.max_reply = 4 + NFS3_WCC_SIZE + NFS3_WRITEVERFSIZE,
	.decode = dnfs3_commit_decode,
	.exec = dnfs3_commit_exec,
	.encode = dnfs3_commit_encode,
};
