// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE, MKDIR, SYMLINK and MKNOD (RFC 1813 sections 3.3.8 to 3.3.11).
 *
 * The results have the attributes of the directory before and after, also on failure.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "../../share/handle.h"
#include "../../node/node.h"
#include "procs.h"
#include "xdr.h"

#define CREATE_MAX	(4 + 4 + NFS3_FH_WIRE_SIZE + NFS3_POST_ATTR_SIZE + NFS3_WCC_SIZE)

/*
 * Creates @file with the attributes @sattr and fills the results. @err is the error of other
 * arguments, which is reported after one of the handle and before one of the attributes.
 */
static int dnfs3_create_entry(struct dnfs_call *call, const struct dnfs3_dirop *where,
			      const struct dnfs3_sattr *sattr,
			      const struct ditto_create_args *file, int err,
			      struct dnfs3_create_res *res)
{
	struct ditto_create_args args = *file;
	struct ditto_node *node;
	struct ditto_setattr set;
	struct dnfs_target dir;
	int bad_handle;

	bad_handle = dnfs_target_get(call, &where->dir, &dir);
	if (bad_handle)
		return bad_handle;
	err = err ?: dnfs3_setattr_of(call, sattr, &set);
	if (err)
		goto out;
	args.set = &set;
	err = ditto_create_entry(&dir.op, dir.node, &where->name, &args, &node, NULL, &res->wcc);
	if (err)
		goto out;
	/* The file exists whatever fails now: a handle or attributes that fail are left out. */
	if (ditto_handle_of_node(dir.op.share, node, &res->handle))
		res->handle.len = 0;
	res->attr.valid = !ditto_getattr_plain(dir.op.share, node, &res->attr.attr);
	ditto_node_put(node);
out:
	if (err && !res->wcc.post_valid)
		dnfs_wcc_unchanged(&dir, &res->wcc);
	dnfs_target_put(&dir);
	return err;
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
	const struct ditto_create_args file = {
		.type = S_IFREG, .how = hows[a->how], .verf = a->verf,
	};

	return dnfs3_create_entry(call, &a->where, &a->sattr, &file, 0, result);
}

const struct dnfs_proc dnfs3_proc_create = {
	.name = "CREATE",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
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
	static const struct ditto_create_args file = {
		.type = S_IFDIR, .how = DITTO_CREATE_GUARDED,
	};
	const struct mkdir_args *a = args;

	return dnfs3_create_entry(call, &a->where, &a->sattr, &file, 0, result);
}

const struct dnfs_proc dnfs3_proc_mkdir = {
	.name = "MKDIR",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
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
	char *target = dnfs_link_text(&a->target);
	const struct ditto_create_args file = {
		.type = S_IFLNK, .how = DITTO_CREATE_GUARDED, .target = target,
	};
	int err;

	err = dnfs3_create_entry(call, &a->where, &a->sattr, &file, PTR_ERR_OR_ZERO(target),
				 result);
	if (!IS_ERR(target))
		kfree(target);
	return err;
}

const struct dnfs_proc dnfs3_proc_symlink = {
	.name = "SYMLINK",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
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
		       !dnfs_decode_u32(call->in, &a->major) &&
		       !dnfs_decode_u32(call->in, &a->minor);
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
	struct ditto_create_args file = {
		.type = types[a->type], .how = DITTO_CREATE_GUARDED,
	};
	int err = file.type ? dnfs_rdev(a->major, a->minor, &file.rdev) : -EBADTYPE;

	return dnfs3_create_entry(call, &a->where, &a->sattr, &file, err, result);
}

const struct dnfs_proc dnfs3_proc_mknod = {
	.name = "MKNOD",
	.flags = DNFS_PROC_CACHED | DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_mknod_args),
	.ressize = sizeof(struct dnfs3_create_res),
	.max_reply = CREATE_MAX,
	.decode = dnfs3_mknod_decode,
	.exec = dnfs3_mknod_exec,
	.encode = dnfs3_create_encode,
};
