// SPDX-License-Identifier: GPL-2.0-only
/* GETATTR, SETATTR and ACCESS (RFC 1813 sections 3.3.1, 3.3.2 and 3.3.4). */
#include <linux/fs.h>

#include "../../node/node.h"
#include "../rpc/access.h"
#include "procs.h"
#include "xdr.h"

static int dnfs3_getattr_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_fh_args *a = args;
	struct dnfs3_attr_res *res = result;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = ditto_getattr_asked(&target.op, target.node, &res->attr.attr);
	dnfs_target_put(&target);
	return err;
}

/* Only here the attributes are not optional. */
static bool dnfs3_getattr_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs3_attr_res *res = result;
	bool ok = call->status == NFS3_OK;
	__be32 *p = dnfs3_res_begin(call, ok ? NFS3_FATTR_SIZE : 0);

	if (p && ok)
		dnfs3_encode_fattr(p, call->userns, &res->attr.attr);
	return p;
}

const struct dnfs_proc dnfs3_proc_getattr = {
	.name = "GETATTR",
	.flags = DNFS_PROC_MOUNTING | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_fh_args),
	.ressize = sizeof(struct dnfs3_attr_res),
	.max_reply = 4 + NFS3_FATTR_SIZE,
	.decode = dnfs3_decode_fh_args,
	.exec = dnfs3_getattr_exec,
	.encode = dnfs3_getattr_encode,
};

static bool dnfs3_setattr_decode(struct dnfs_call *call, void *args)
{
	struct dnfs3_setattr_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       dnfs3_decode_sattr(call->in, &a->sattr) &&
	       dnfs3_decode_bool(call->in, &a->guarded) &&
	       (!a->guarded || dnfs3_decode_time(call->in, &a->ctime));
}

static int dnfs3_setattr_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_setattr_args *a = args;
	struct dnfs3_wcc_res *res = result;
	struct dnfs_target target;
	struct ditto_setattr set;
	struct timespec64 guard;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = dnfs3_setattr_of(call, &a->sattr, &set);
	if (err)
		goto unchanged;
	if (a->guarded) {
		err = dnfs3_time_of(&a->ctime, &guard);
		if (err)
			goto unchanged;
		set.guard = &guard;
	}
	err = ditto_setattr(&target.op, target.node, &set, &res->wcc);
	goto put;

unchanged:
	dnfs_wcc_unchanged(&target, &res->wcc);
put:
	dnfs_target_put(&target);
	return err;
}

const struct dnfs_proc dnfs3_proc_setattr = {
	.name = "SETATTR",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_setattr_args),
	.ressize = sizeof(struct dnfs3_wcc_res),
	.max_reply = 4 + NFS3_WCC_SIZE,
	.decode = dnfs3_setattr_decode,
	.exec = dnfs3_setattr_exec,
	.encode = dnfs3_encode_wcc_res,
};

/**
 * struct access_args - arguments of ACCESS
 * @fh: the file
 * @access: ACCESS3_*: permissions to check
 */
struct access_args {
	struct dnfs_fh fh;
	u32 access;
};

/**
 * struct access_res - results of ACCESS
 * @attr: attributes of the file
 * @access: ACCESS3_*: permissions granted
 */
struct access_res {
	struct dnfs_post_attr attr;
	u32 access;
};

static bool dnfs3_access_decode(struct dnfs_call *call, void *args)
{
	struct access_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       !dnfs_decode_u32(call->in, &a->access);
}

static int dnfs3_access_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct access_args *a = args;
	struct access_res *res = result;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = dnfs_access(&target.op, target.node, dnfs_accessed_of(target.node->inode->i_mode),
			  a->access & ACCESS3_ALL, &res->access);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_access_encode(struct dnfs_call *call, const void *result)
{
	const struct access_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, XDR_UNIT, &p))
		return false;
	if (p)
		dnfs3_encode_u32(p, res->access);
	return true;
}

const struct dnfs_proc dnfs3_proc_access = {
	.name = "ACCESS",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct access_args),
	.ressize = sizeof(struct access_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + 4,
	.decode = dnfs3_access_decode,
	.exec = dnfs3_access_exec,
	.encode = dnfs3_access_encode,
};
