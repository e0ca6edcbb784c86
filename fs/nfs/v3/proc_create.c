// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE, MKDIR, SYMLINK and MKNOD (RFC 1813 sections 3.3.8 to 3.3.11).
 *
 * The results have the attributes of the directory before and after, also on failure.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "../../node/node.h"
#include "procs.h"
#include "xdr.h"

#define CREATE_MAX	(4 + 4 + NFS3_FH_WIRE_SIZE + NFS3_POST_ATTR_SIZE + NFS3_WCC_SIZE)

/*
 * Fills the results for the new object @node, whose reference is consumed. It exists whatever
 * fails now, so a filehandle or attributes that cannot be had are left out.
 */
static void dnfs3_create_end(struct dnfs_target *dir, int err, struct ditto_node *node,
			     struct dnfs3_create_res *res)
{
	if (err) {
		if (!res->wcc.post_valid)
			dnfs_wcc_unchanged(dir, &res->wcc);
		return;
	}
	if (dnfs_node_handle(dir->op.share, node, &res->handle))
		res->handle.len = 0;
	res->attr.valid = !ditto_getattr(dir->op.share, node, &res->attr.attr);
	ditto_node_put(node);
}

static bool dnfs3_create_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs3_create_res *res = result;
	bool ok = call->status == NFS3_OK;
	bool has_handle = res->handle.len;
	size_t len = dnfs3_wcc_size(&res->wcc);
	__be32 *p;

	if (ok)
		len += XDR_UNIT + (has_handle ? XDR_UNIT + res->handle.len : 0) +
		       dnfs3_post_attr_size(&res->attr);
	p = dnfs3_res_begin(call, len);
	if (!p)
		return false;
	if (ok) {
		p = xdr_encode_bool(p, has_handle);
		if (has_handle)
			p = xdr_encode_opaque(p, res->handle.data, res->handle.len);
		p = dnfs3_encode_post_attr(p, call->userns, &res->attr);
	}
	dnfs3_encode_wcc(p, call->userns, &res->wcc);
	return true;
}

/**
 * struct create_args - arguments of CREATE
 * @where: directory and name
 * @how: enum createmode3
 * @sattr: attributes, unless EXCLUSIVE
 * @verf: verifier, if EXCLUSIVE
 */
struct create_args {
	struct dnfs3_dirop where;
	u32 how;
	struct dnfs3_sattr sattr;
	u8 verf[NFS3_CREATEVERFSIZE];
};

static bool dnfs3_create_decode(struct dnfs_call *call, void *args)
{
	struct create_args *a = args;

	if (!dnfs3_decode_dirop(call->in, &a->where) ||
	    !dnfs3_decode_enum(call->in, &a->how, EXCLUSIVE))
		return false;
	if (a->how == EXCLUSIVE)
		return xdr_stream_decode_opaque_fixed(call->in, a->verf, sizeof(a->verf)) >= 0;
	return dnfs3_decode_sattr(call->in, &a->sattr);
}

static int dnfs3_create_exec(struct dnfs_call *call, void *args, void *result)
{
	static const enum ditto_create_how hows[] = {
		[UNCHECKED]	= DITTO_CREATE_UNCHECKED,
		[GUARDED]	= DITTO_CREATE_GUARDED,
		[EXCLUSIVE]	= DITTO_CREATE_EXCLUSIVE,
	};
	const struct create_args *a = args;
	struct dnfs3_create_res *res = result;
	struct ditto_node *node = NULL;
	struct ditto_setattr set;
	struct dnfs_target dir;
	int err;

	err = dnfs_target_get(call, &a->where.dir, &dir);
	if (err)
		return err;
	err = dnfs3_setattr_of(call, &a->sattr, &set);
	if (!err)
		err = ditto_create(&dir.op, dir.node, &a->where.name, hows[a->how], &set, a->verf,
				   &node, &res->wcc);
	dnfs3_create_end(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

const struct dnfs_proc dnfs3_proc_create = {
	.name = "CREATE",
	.flags = DNFS_PROC_CACHED,
	.argsize = sizeof(struct create_args),
	.ressize = sizeof(struct dnfs3_create_res),
	.max_reply = CREATE_MAX,
	.decode = dnfs3_create_decode,
	.exec = dnfs3_create_exec,
	.encode = dnfs3_create_encode,
};

/**
 * struct mkdir_args - arguments of MKDIR
 * @where: directory and name
 * @sattr: attributes
 */
struct mkdir_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
};

static bool dnfs3_mkdir_decode(struct dnfs_call *call, void *args)
{
	struct mkdir_args *a = args;

	return dnfs3_decode_dirop(call->in, &a->where) && dnfs3_decode_sattr(call->in, &a->sattr);
}

static int dnfs3_mkdir_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct mkdir_args *a = args;
	struct dnfs3_create_res *res = result;
	struct ditto_node *node = NULL;
	struct ditto_setattr set;
	struct dnfs_target dir;
	int err;

	err = dnfs_target_get(call, &a->where.dir, &dir);
	if (err)
		return err;
	err = dnfs3_setattr_of(call, &a->sattr, &set);
	if (!err)
		err = ditto_mkdir(&dir.op, dir.node, &a->where.name, &set, &node, &res->wcc);
	dnfs3_create_end(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

const struct dnfs_proc dnfs3_proc_mkdir = {
	.name = "MKDIR",
	.flags = DNFS_PROC_CACHED,
	.argsize = sizeof(struct mkdir_args),
	.ressize = sizeof(struct dnfs3_create_res),
	.max_reply = CREATE_MAX,
	.decode = dnfs3_mkdir_decode,
	.exec = dnfs3_mkdir_exec,
	.encode = dnfs3_create_encode,
};

/**
 * struct symlink_args - arguments of SYMLINK
 * @where: directory and name
 * @sattr: attributes
 * @target: text of the link, where it arrived
 */
struct symlink_args {
	struct dnfs3_dirop where;
	struct dnfs3_sattr sattr;
	struct xdr_buf target;
};

static bool dnfs3_symlink_decode(struct dnfs_call *call, void *args)
{
	struct symlink_args *a = args;

	return dnfs3_decode_dirop(call->in, &a->where) &&
	       dnfs3_decode_sattr(call->in, &a->sattr) &&
	       dnfs3_decode_data(call->in, &a->target);
}

static int dnfs3_symlink_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct symlink_args *a = args;
	struct dnfs3_create_res *res = result;
	struct ditto_node *node = NULL;
	struct ditto_setattr set;
	struct dnfs_target dir;
	char *target;
	int err;

	err = dnfs_target_get(call, &a->where.dir, &dir);
	if (err)
		return err;
	target = dnfs_link_text(&a->target);
	if (IS_ERR(target)) {
		err = PTR_ERR(target);
		goto out;
	}
	err = dnfs3_setattr_of(call, &a->sattr, &set);
	if (!err)
		err = ditto_symlink(&dir.op, dir.node, &a->where.name, target, &set, &node,
				    &res->wcc);
	kfree(target);
out:
	dnfs3_create_end(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

const struct dnfs_proc dnfs3_proc_symlink = {
	.name = "SYMLINK",
	.flags = DNFS_PROC_CACHED,
	.argsize = sizeof(struct symlink_args),
	.ressize = sizeof(struct dnfs3_create_res),
	.max_reply = CREATE_MAX,
	.decode = dnfs3_symlink_decode,
	.exec = dnfs3_symlink_exec,
	.encode = dnfs3_create_encode,
};

static bool dnfs3_mknod_decode(struct dnfs_call *call, void *args)
{
	struct dnfs3_mknod_args *a = args;

	if (!dnfs3_decode_dirop(call->in, &a->where) ||
	    !dnfs3_decode_enum(call->in, &a->type, NF3FIFO) || a->type < NF3REG)
		return false;

	switch (a->type) {
	case NF3CHR:
	case NF3BLK:
		return dnfs3_decode_sattr(call->in, &a->sattr) &&
		       !xdr_stream_decode_u32(call->in, &a->major) &&
		       !xdr_stream_decode_u32(call->in, &a->minor);
	case NF3SOCK:
	case NF3FIFO:
		return dnfs3_decode_sattr(call->in, &a->sattr);
	}
	/* Nothing follows for types that MKNOD does not create. */
	return true;
}

static int dnfs3_mknod_exec(struct dnfs_call *call, void *args, void *result)
{
	static const umode_t types[] = {
		[NF3BLK]	= S_IFBLK,
		[NF3CHR]	= S_IFCHR,
		[NF3SOCK]	= S_IFSOCK,
		[NF3FIFO]	= S_IFIFO,
	};
	const struct dnfs3_mknod_args *a = args;
	struct dnfs3_create_res *res = result;
	struct ditto_node *node = NULL;
	struct ditto_setattr set;
	struct dnfs_target dir;
	dev_t rdev = 0;
	int err;

	err = dnfs_target_get(call, &a->where.dir, &dir);
	if (err)
		return err;
	if (!types[a->type]) {
		err = -EBADTYPE;
		goto out;
	}
	if (a->type == NF3CHR || a->type == NF3BLK) {
		rdev = MKDEV(a->major, a->minor);
		if (MAJOR(rdev) != a->major || MINOR(rdev) != a->minor) {
			err = -EINVAL;
			goto out;
		}
	}
	err = dnfs3_setattr_of(call, &a->sattr, &set);
	if (err)
		goto out;
	err = ditto_mknod(&dir.op, dir.node, &a->where.name, types[a->type], rdev, &set, &node,
			  &res->wcc);
out:
	dnfs3_create_end(&dir, err, node, res);
	dnfs_target_put(&dir);
	return err;
}

const struct dnfs_proc dnfs3_proc_mknod = {
	.name = "MKNOD",
	.flags = DNFS_PROC_CACHED,
	.argsize = sizeof(struct dnfs3_mknod_args),
	.ressize = sizeof(struct dnfs3_create_res),
	.max_reply = CREATE_MAX,
	.decode = dnfs3_mknod_decode,
	.exec = dnfs3_mknod_exec,
	.encode = dnfs3_create_encode,
};
