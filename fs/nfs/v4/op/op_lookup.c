// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOOKUP, LOOKUPP and READLINK (RFC 8881 sections 18.13, 18.14, 18.24).
 *
 * Names are looked up in directories of a share, in named attribute directories, and in the
 * pseudo root, whose entries are the shares. A lookup into a share that does not accept the
 * flavour fails with NFS4ERR_WRONGSEC.
 */
#include <linux/fs.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../../../share/share.h"
#include "../engine/ops.h"

struct lookup_args {
	struct ditto_name name;
};

static u32 lookup_decode(struct dnfs4_compound *cmp, void *args)
{
	struct lookup_args *a = args;

	return dnfs4_decode_name(cmp, &a->name);
}

static u32 lookup_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	bool named = cmp->current_fh.kind == DNFS4_FH_ATTRDIR;
	const struct lookup_args *a = args;
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct ditto_share *nested = NULL;
	struct ditto_node *node;
	u32 status;
	int err;

	if (dnfs4_fh_is_weak(&cmp->current_fh))
		return NFS4ERR_WRONGSEC;
	if (cmp->current_fh.kind == DNFS4_FH_PSEUDO) {
		status = dnfs4_pseudo_lookup(cmp, &a->name);
		return !status && dnfs4_fh_is_weak(&cmp->current_fh) ? NFS4ERR_WRONGSEC : status;
	}
	status = dnfs4_fh_is_dir(cmp);
	if (status)
		return status;
	if (named)
		err = ditto_permission(op, dnfs4_node(cmp), DITTO_MAY_READ_XATTRS) ?:
		      ditto_stream_open(op, dnfs4_node(cmp), &a->name, false, &node, NULL);
	else
		err = ditto_lookup_follow(op, dnfs4_node(cmp), &a->name, &nested, &node);
	if (err)
		return dnfs4_status(cmp, err);
	if (nested)
		return dnfs4_fh_enter(cmp, DNFS4_FH_NODE, nested, node, NULL);
	dnfs4_fh_set(cmp, node, named);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_lookup = {
	.name = "LOOKUP",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_ANY_SEC | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct lookup_args),
	.decode = lookup_decode,
	.exec = lookup_exec,
};

static u32 lookupp_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	static const struct ditto_name dotdot = { .name = "..", .len = 2 };
	const struct dnfs4_fh *fh = &cmp->current_fh;
	struct ditto_share *outer;
	struct ditto_node *node;
	u32 status;
	int err;

	if (fh->path_id)
		return dnfs4_path_parent(cmp);
	if (fh->kind == DNFS4_FH_PSEUDO)
		return NFS4ERR_NOENT;
	status = dnfs4_fh_is_dir(cmp);
	if (status)
		return status;
	/* The parent of a share's root is the pseudo root, whatever its parent directory is. */
	if (dnfs4_fh_is_share_root(fh)) {
		dnfs4_fh_enter_pseudo(cmp, 0);
		return NFS4_OK;
	}
	if (dnfs4_fh_is_weak(fh))
		return NFS4ERR_WRONGSEC;
	if (fh->kind == DNFS4_FH_ATTRDIR) {
		node = dnfs4_node(cmp);
		ditto_node_hold(node);
	} else {
		err = ditto_lookup_follow(dnfs4_fs_op(cmp), dnfs4_node(cmp), &dotdot, &outer,
					  &node);
		if (err)
			return dnfs4_status(cmp, err);
		if (outer)
			return dnfs4_fh_enter(cmp, DNFS4_FH_NODE, outer, node, NULL);
	}
	dnfs4_fh_set(cmp, node, false);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_lookupp = {
	.name = "LOOKUPP",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_ANY_SEC | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.exec = lookupp_exec,
};

struct readlink_res {
	char *target;
	u32 len;
};

static u32 readlink_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct readlink_res *res = result;
	struct ditto_node *node = dnfs4_node(cmp);
	int err;

	if (!S_ISLNK(node->inode->i_mode))
		return cmp->minor ? NFS4ERR_WRONG_TYPE : NFS4ERR_INVAL;
	res->target = dnfs4_scratch_alloc(cmp, PAGE_SIZE);
	if (!res->target)
		return NFS4ERR_SERVERFAULT;
	err = ditto_readlink(dnfs4_fs_op(cmp), node, res->target, &res->len);
	if (!err)
		memset(res->target + res->len, 0, -res->len % sizeof(__be32));
	return dnfs4_status(cmp, err);
}

static bool readlink_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct readlink_res *res = result;

	if (xdr_stream_encode_u32(cmp->out, res->len) < 0)
		return false;
	dnfs_place_payload(cmp->call, res->len);
	return dnfs4_encode_bytes(cmp->out, res->target, xdr_align_size(res->len));
}

const struct dnfs4_op dnfs4_op_readlink = {
	.name = "READLINK",
	.flags = DNFS4_OP_FH | DNFS4_OP_NO_ATTRDIR | DNFS4_OP_QUICK,
	.pseudo_status = NFS4ERR_INVAL,
	.minor_last = DNFS4_MINOR_MAX,
	.ressize = sizeof(struct readlink_res),
	.exec = readlink_exec,
	.encode = readlink_encode,
};
