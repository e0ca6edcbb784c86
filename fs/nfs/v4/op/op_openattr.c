// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPENATTR (RFC 8881 section 18.17): makes the named attribute directory of a file the
 * current filehandle. Named attributes are the streams of the file.
 */
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../engine/ops.h"

struct openattr_args {
	u32 create;
};

static u32 openattr_decode(struct dnfs4_compound *cmp, void *args)
{
	struct openattr_args *a = args;

	if (xdr_stream_decode_u32(cmp->in, &a->create))
		return NFS4ERR_BADXDR;
	return a->create > 1 ? NFS4ERR_BADXDR : NFS4_OK;
}

static int one_is_enough(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	return 1;
}

static u32 openattr_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct openattr_args *a = args;
	struct dnfs4_fh *fh = &cmp->current_fh;
	struct ditto_node *node = dnfs4_node(cmp);
	struct ditto_op *op = dnfs4_fs_op(cmp);
	int err;

	if (fh->named)
		return cmp->minor ? NFS4ERR_WRONG_TYPE : NFS4ERR_INVAL;
	if (!ditto_has_streams(op->share))
		return NFS4ERR_NOTSUPP;
	/*
	 * RFC 8881 section 6.2.1.3.1: finding the directory needs the permission to read named
	 * attributes, creating it the permission to write them. An empty directory is not stored.
	 */
	err = ditto_permission(op, node, DITTO_MAY_READ_XATTRS);
	if (err)
		return dnfs4_status(cmp, err);
	err = ditto_stream_list(op, node, one_is_enough, NULL);
	if (!err)
		err = a->create ? ditto_permission(op, node, DITTO_MAY_WRITE_XATTRS) : -ENOENT;
	if (err < 0)
		return dnfs4_status(cmp, err);
	fh->kind = DNFS4_FH_ATTRDIR;
	cmp->stateid_set = false;
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_openattr = {
	.name = "OPENATTR",
	.flags = DNFS4_OP_FH | DNFS4_OP_NO_ATTRDIR,
	.pseudo_status = NFS4ERR_NOTSUPP,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct openattr_args),
	.decode = openattr_decode,
	.exec = openattr_exec,
};
