// SPDX-License-Identifier: GPL-2.0-only
/* LOOKUP (RFC 1813 section 3.3.3). */
#include "../../share/handle.h"
#include "../../node/node.h"
#include "../../share/share.h"
#include "procs.h"
#include "xdr.h"

static int dnfs3_lookup_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_dirop_args *a = args;
	struct dnfs3_lookup_res *res = result;
	struct ditto_share *share, *nested;
	struct dnfs_target dir;
	struct ditto_node *node;
	int err;

	err = dnfs_target_get(call, &a->where.dir, &dir);
	if (err)
		return err;
	err = ditto_lookup_follow(&dir.op, dir.node, &a->where.name, &nested, &node);
	if (err)
		goto put_dir;
	share = nested ?: dir.op.share;
	err = ditto_handle_of_node(share, node, &res->handle);
	if (err)
		goto put_node;
	res->attr.valid = !ditto_getattr_plain(share, node, &res->attr.attr);
put_node:
	ditto_node_put(node);
	if (nested)
		ditto_share_put(nested);
put_dir:
	dnfs_post_attr_get(&dir, &res->dir_attr);
	dnfs_target_put(&dir);
	return err;
}

static bool dnfs3_lookup_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs3_lookup_res *res = result;
	size_t len = dnfs3_post_attr_size(&res->dir_attr);
	bool ok = call->status == NFS3_OK;
	__be32 *p;

	if (ok)
		len += XDR_UNIT + res->handle.len + dnfs3_post_attr_size(&res->attr);
	p = dnfs3_res_begin(call, len);
	if (!p)
		return false;
	if (ok) {
		p = xdr_encode_opaque(p, res->handle.data, res->handle.len);
		p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	}
	dnfs3_encode_post_attr(p, call->userns, &res->dir_attr);
	return true;
}

const struct dnfs_proc dnfs3_proc_lookup = {
	.name = "LOOKUP",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_dirop_args),
	.ressize = sizeof(struct dnfs3_lookup_res),
	.max_reply = 4 + NFS3_FH_WIRE_SIZE + 2 * NFS3_POST_ATTR_SIZE,
	.decode = dnfs3_decode_dirop_args,
	.exec = dnfs3_lookup_exec,
	.encode = dnfs3_lookup_encode,
};
