// SPDX-License-Identifier: GPL-2.0-only
/*
 * REMOVE, RMDIR, RENAME and LINK (RFC 1813 sections 3.3.12 to 3.3.15).
 *
 * The results have the attributes of the directories before and after, also on failure.
 */
#include <linux/string.h>

#include "procs.h"
#include "xdr.h"

static int dnfs3_unlink(struct dnfs_call *call, const struct dnfs3_dirop *where, bool is_dir,
			struct dnfs3_wcc_res *res)
{
	struct dnfs_target dir;
	int err;

	err = dnfs_target_get(call, &where->dir, &dir);
	if (err)
		return err;
	err = ditto_remove(&dir.op, dir.node, &where->name, is_dir, &res->wcc);
	dnfs_target_put(&dir);
	return err;
}

static int dnfs3_remove_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_dirop_args *a = args;

	return dnfs3_unlink(call, &a->where, false, result);
}

const struct dnfs_proc dnfs3_proc_remove = {
	.name = "REMOVE",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_dirop_args),
	.ressize = sizeof(struct dnfs3_wcc_res),
	.max_reply = 4 + NFS3_WCC_SIZE,
	.decode = dnfs3_decode_dirop_args,
	.exec = dnfs3_remove_exec,
	.encode = dnfs3_encode_wcc_res,
};

static int dnfs3_rmdir_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_dirop_args *a = args;

	return dnfs3_unlink(call, &a->where, true, result);
}

const struct dnfs_proc dnfs3_proc_rmdir = {
	.name = "RMDIR",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_dirop_args),
	.ressize = sizeof(struct dnfs3_wcc_res),
	.max_reply = 4 + NFS3_WCC_SIZE,
	.decode = dnfs3_decode_dirop_args,
	.exec = dnfs3_rmdir_exec,
	.encode = dnfs3_encode_wcc_res,
};

/**
 * struct rename_res - results of RENAME
 * @from: attributes of the old directory before and after
 * @to: attributes of the new directory before and after
 */
struct rename_res {
	struct ditto_wcc from;
	struct ditto_wcc to;
};

static bool dnfs3_rename_decode(struct dnfs_call *call, void *args)
{
	struct dnfs3_rename_args *a = args;

	return dnfs3_decode_dirop(call->in, &a->from) && dnfs3_decode_dirop(call->in, &a->to);
}

static bool dnfs3_fh_equal(const struct dnfs_fh *a, const struct dnfs_fh *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/*
 * The directories may be in different shares, and access to each is checked. Most files are
 * renamed within their directory, which is looked up and checked once then.
 */
static int dnfs3_rename_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_rename_args *a = args;
	struct dnfs_target from, other, *to = &from;
	struct rename_res *res = result;
	int err;

	err = dnfs_target_get(call, &a->from.dir, &from);
	if (err)
		return err;
	if (!dnfs3_fh_equal(&a->from.dir, &a->to.dir)) {
		to = &other;
		err = dnfs_target_get(call, &a->to.dir, to);
		if (err) {
			dnfs_wcc_unchanged(&from, &res->from);
			goto put_from;
		}
	}
	err = ditto_rename(&from.op, from.node, &a->from.name, &to->op, to->node, &a->to.name,
			   &res->from, &res->to);
	if (to != &from)
		dnfs_target_put(to);
put_from:
	dnfs_target_put(&from);
	return err;
}

static bool dnfs3_rename_encode(struct dnfs_call *call, const void *result)
{
	const struct rename_res *res = result;
	__be32 *p = dnfs3_res_begin(call, dnfs3_wcc_size(&res->from) + dnfs3_wcc_size(&res->to));

	if (!p)
		return false;
	p = dnfs3_encode_wcc(p, call->userns, &res->from);
	dnfs3_encode_wcc(p, call->userns, &res->to);
	return true;
}

const struct dnfs_proc dnfs3_proc_rename = {
	.name = "RENAME",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_rename_args),
	.ressize = sizeof(struct rename_res),
	.max_reply = 4 + 2 * NFS3_WCC_SIZE,
	.decode = dnfs3_rename_decode,
	.exec = dnfs3_rename_exec,
	.encode = dnfs3_rename_encode,
};

/**
 * struct link_args - arguments of LINK
 * @fh: the file
 * @link: directory and name of the new link
 */
struct link_args {
	struct dnfs_fh fh;
	struct dnfs3_dirop link;
};

/**
 * struct link_res - results of LINK
 * @attr: attributes of the file
 * @wcc: attributes of the directory before and after
 */
struct link_res {
	struct dnfs_post_attr attr;
	struct ditto_wcc wcc;
};

static bool dnfs3_link_decode(struct dnfs_call *call, void *args)
{
	struct link_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) && dnfs3_decode_dirop(call->in, &a->link);
}

static int dnfs3_link_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct link_args *a = args;
	struct link_res *res = result;
	struct dnfs_target target, dir;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	err = dnfs_target_get(call, &a->link.dir, &dir);
	if (err)
		goto out;
	err = ditto_link(&target.op, target.node, &dir.op, dir.node, &a->link.name, &res->wcc);
	dnfs_target_put(&dir);
out:
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_link_encode(struct dnfs_call *call, const void *result)
{
	const struct link_res *res = result;
	__be32 *p = dnfs3_res_begin(call, dnfs3_post_attr_size(&res->attr) +
					  dnfs3_wcc_size(&res->wcc));

	if (!p)
		return false;
	p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	dnfs3_encode_wcc(p, call->userns, &res->wcc);
	return true;
}

const struct dnfs_proc dnfs3_proc_link = {
	.name = "LINK",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct link_args),
	.ressize = sizeof(struct link_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + NFS3_WCC_SIZE,
	.decode = dnfs3_link_decode,
	.exec = dnfs3_link_exec,
	.encode = dnfs3_link_encode,
};
