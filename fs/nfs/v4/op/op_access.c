// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACCESS (RFC 8881 section 18.1): which of the requested permissions the caller has.
 *
 * "supported" has the bits that have a meaning for the type of file; "access" has those that
 * are granted. Anyone may read and search the pseudo root.
 */
#include <linux/fs.h>
#include <linux/nfs4.h>

#include "../../../node/node.h"
#include "../../rpc/access.h"
#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "../attr/attr.h"
#include "../engine/ops.h"

#define ACCESS_ALL	(NFS4_ACCESS_READ | NFS4_ACCESS_LOOKUP | NFS4_ACCESS_MODIFY |	\
			 NFS4_ACCESS_EXTEND | NFS4_ACCESS_DELETE | NFS4_ACCESS_EXECUTE)
/* Requested by clients of 4.2 (RFC 8276 section 8.5). */
#define ACCESS_XATTR	(NFS4_ACCESS_XAREAD | NFS4_ACCESS_XAWRITE | NFS4_ACCESS_XALIST)

struct access_args {
	u32 wanted;
};

struct access_res {
	u32 known;
	u32 granted;
};

static u32 access_decode(struct dnfs4_compound *cmp, void *args)
{
	struct access_args *a = args;
	u32 all = ACCESS_ALL | (cmp->minor >= 2 ? ACCESS_XATTR : 0);

	if (dnfs_decode_u32(cmp->in, &a->wanted))
		return NFS4ERR_BADXDR;
	return a->wanted & ~all ? NFS4ERR_INVAL : NFS4_OK;
}

static u32 access_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct access_args *a = args;
	struct access_res *res = result;
	struct ditto_node *node = dnfs4_node(cmp);
	enum dnfs_accessed what;
	u32 wanted = a->wanted;

	if (cmp->current_fh.kind == DNFS4_FH_PSEUDO) {
		res->known = wanted & ~ACCESS_XATTR & dnfs_access_known(DNFS_ACCESSED_DIR);
		res->granted = wanted & (NFS4_ACCESS_READ | NFS4_ACCESS_LOOKUP);
		return NFS4_OK;
	}
	what = cmp->current_fh.kind == DNFS4_FH_ATTRDIR ? DNFS_ACCESSED_ATTRS :
							  dnfs_accessed_of(node->inode->i_mode);
	/* Files of other types have none. */
	if (!dnfs4_has_xattrs(&cmp->current_fh) ||
	    !(S_ISREG(node->inode->i_mode) || S_ISDIR(node->inode->i_mode)))
		wanted &= ~ACCESS_XATTR;
	res->known = wanted & dnfs_access_known(what);
	return dnfs4_status(cmp, dnfs_access(dnfs4_fs_op(cmp), node, what, wanted,
					     &res->granted));
}

static bool access_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct access_res *res = result;
	__be32 *p = dnfs_inline_reserve(cmp->out, 8);

	if (!p)
		return false;
	p[0] = cpu_to_be32(res->known);
	p[1] = cpu_to_be32(res->granted);
	return true;
}

const struct dnfs4_op dnfs4_op_access = {
	.name = "ACCESS",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct access_args),
	.ressize = sizeof(struct access_res),
	.decode = access_decode,
	.exec = access_exec,
	.encode = access_encode,
};
