// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE and COMMIT (RFC 8881 sections 18.32 and 18.3).
 *
 * The payload of a WRITE is written from the pages where it arrived. COMMIT needs no stateid.
 */
#include <linux/limits.h>
#include <linux/nfs.h>
#include <linux/nfs4.h>
#include <linux/uio.h>

#include "../../rpc/encode.h"
#include "../engine/ops.h"
#include "../state/open.h"

struct write_args {
	struct dnfs4_stateid stateid;
	u64 offset;
	u32 stable;
	u32 count;
	struct xdr_buf data;
};

struct write_res {
	u32 count;
	u32 committed;
	u64 verf;
};

static u32 write_decode(struct dnfs4_compound *cmp, void *args)
{
	struct write_args *a = args;

	BUILD_BUG_ON((int)NFS_UNSTABLE != (int)DITTO_UNSTABLE ||
		     (int)NFS_DATA_SYNC != (int)DITTO_DATA_SYNC ||
		     (int)NFS_FILE_SYNC != (int)DITTO_FILE_SYNC);
	if (dnfs4_decode_stateid(cmp->in, &a->stateid) ||
	    xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u32(cmp->in, &a->stable) || a->stable > NFS_FILE_SYNC ||
	    xdr_stream_decode_u32(cmp->in, &a->count) ||
	    a->count > xdr_stream_remaining(cmp->in) ||
	    !xdr_stream_subsegment(cmp->in, &a->data, a->count))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 write_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct write_args *a = args;
	struct write_res *res = result;
	struct iov_iter iter;
	struct dnfs4_io io;
	ssize_t n;
	u32 status;

	status = dnfs4_check_data(cmp);
	if (status)
		return status;
	if (a->offset > S64_MAX || a->count > S64_MAX - a->offset)
		return NFS4ERR_FBIG;
	if (!dnfs_write_iter(cmp->call, &a->data, a->count, &iter))
		return NFS4ERR_INVAL;
	status = dnfs4_io_begin(cmp, &a->stateid, true, &io);
	if (status)
		return status;
	if (a->count > DNFS_BRIEF_IO)
		dnfs_may_wait(cmp->call);
	n = ditto_write(&io.op, dnfs4_node(cmp), a->offset, &iter,
			(enum ditto_stable)a->stable, &res->verf, NULL);
	dnfs4_io_end(&io);
	if (n < 0)
		return dnfs4_status(cmp, n);
	res->count = n;
	res->committed = a->stable;
	cmp->call->bytes += n;
	cmp->call->written += n;
	return NFS4_OK;
}

static bool write_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct write_res *res = result;
	__be32 *p = dnfs_inline_reserve(cmp->out, 2 * XDR_UNIT + sizeof(res->verf));

	if (!p)
		return false;
	*p++ = cpu_to_be32(res->count);
	*p++ = cpu_to_be32(res->committed);
	memcpy(p, &res->verf, sizeof(res->verf));
	return true;
}

const struct dnfs4_op dnfs4_op_write = {
	.name = "WRITE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct write_args),
	.ressize = sizeof(struct write_res),
	.decode = write_decode,
	.exec = write_exec,
	.encode = write_encode,
};

/* COMMIT */

struct commit_args {
	u64 offset;
	u32 count;
};

struct commit_res {
	u64 verf;
};

static u32 commit_decode(struct dnfs4_compound *cmp, void *args)
{
	struct commit_args *a = args;

	if (xdr_stream_decode_u64(cmp->in, &a->offset) ||
	    xdr_stream_decode_u32(cmp->in, &a->count))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 commit_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct commit_args *a = args;
	struct commit_res *res = result;
	struct ditto_wcc wcc;
	u32 status = dnfs4_check_data(cmp);

	if (status)
		return status;
	if (a->offset > S64_MAX || a->count > S64_MAX - a->offset)
		return NFS4ERR_INVAL;
	return dnfs4_status(cmp, ditto_fsync(dnfs4_fs_op(cmp), dnfs4_node(cmp), a->offset,
					     a->count, &res->verf, &wcc));
}

static bool commit_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct commit_res *res = result;
	__be32 *p = xdr_reserve_space(cmp->out, sizeof(res->verf));

	if (!p)
		return false;
	memcpy(p, &res->verf, sizeof(res->verf));
	return true;
}

const struct dnfs4_op dnfs4_op_commit = {
	.name = "COMMIT",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_ISDIR,
	.argsize = sizeof(struct commit_args),
	.ressize = sizeof(struct commit_res),
	.decode = commit_decode,
	.exec = commit_exec,
	.encode = commit_encode,
};
