// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE (RFC 8881 section 18.4): all types but regular files, which OPEN creates.
 */
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../node/node.h"
#include "../attr/attr.h"
#include "../engine/ops.h"

/* createtype4 has data for a symbolic link or a device. */
struct create_args {
	u32 type;
	struct xdr_buf target;
	u32 major;
	u32 minor;
	struct ditto_name name;
	struct dnfs4_sattr sattr;
};

struct create_res {
	struct ditto_wcc wcc;
	struct dnfs4_bitmap made;
};

static u32 create_decode(struct dnfs4_compound *cmp, void *args)
{
	struct create_args *a = args;
	u32 len, status;

	if (xdr_stream_decode_u32(cmp->in, &a->type))
		return NFS4ERR_BADXDR;
	switch (a->type) {
	case NF4LNK:
		if (xdr_stream_decode_u32(cmp->in, &len) ||
		    !xdr_stream_subsegment(cmp->in, &a->target, len))
			return NFS4ERR_BADXDR;
		break;
	case NF4BLK:
	case NF4CHR:
		if (xdr_stream_decode_u32(cmp->in, &a->major) ||
		    xdr_stream_decode_u32(cmp->in, &a->minor))
			return NFS4ERR_BADXDR;
		break;
	}
	status = dnfs4_decode_name(cmp, &a->name);
	return status ?: dnfs4_decode_sattr(cmp, &a->sattr);
}

/* Fills @args of a link or a device. The caller frees @args->target. */
static int create_data(const struct create_args *a, struct ditto_create_args *args)
{
	char *text;

	if (!S_ISLNK(args->type))
		return dnfs_rdev(a->major, a->minor, &args->rdev);
	text = dnfs_link_text(&a->target);
	if (IS_ERR(text))
		return PTR_ERR(text);
	args->target = text;
	return 0;
}

static u32 create_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	static const umode_t types[] = {
		[NF4DIR]	= S_IFDIR,
		[NF4LNK]	= S_IFLNK,
		[NF4BLK]	= S_IFBLK,
		[NF4CHR]	= S_IFCHR,
		[NF4SOCK]	= S_IFSOCK,
		[NF4FIFO]	= S_IFIFO,
	};
	struct create_args *a = args;
	struct create_res *res = result;
	struct ditto_create_args file = {
		.type = a->type < ARRAY_SIZE(types) ? types[a->type] : 0,
		.how = DITTO_CREATE_GUARDED,
		.set = &a->sattr.set,
	};
	struct ditto_node *node;
	u32 status;
	int err;

	if (dnfs4_fh_is_dir(cmp))
		return NFS4ERR_NOTDIR;
	/* No type that CREATE makes has a size that can be set. */
	if (a->sattr.set.valid & DITTO_SET_SIZE)
		return NFS4ERR_INVAL;
	status = dnfs4_sattr_fit(cmp, &a->sattr, NULL, file.type);
	if (status)
		return status;
	err = file.type ? create_data(a, &file) : -EBADTYPE;
	if (err)
		return dnfs4_status(cmp, err);
	err = ditto_create_entry(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name, &file, &node, NULL,
				 &res->wcc);
	kfree(file.target);
	if (err)
		return dnfs4_status(cmp, err);
	/* The file exists whatever fails now; attributes that were not set are not in attrset. */
	dnfs4_sattr_dosattr(dnfs4_fs_op(cmp), node, &a->sattr);
	dnfs4_sattr_made(dnfs4_fs_op(cmp), node, &a->sattr, &res->made);
	if (dnfs4_sattr_label(cmp, node, &a->sattr))
		dnfs4_bitmap_clear(&res->made, FATTR4_SEC_LABEL);
	dnfs4_fh_set(cmp, node, false);
	return NFS4_OK;
}

static bool create_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct create_res *res = result;

	return dnfs4_encode_change_info(cmp->out, &res->wcc) &&
	       dnfs4_encode_bitmap(cmp->out, &res->made);
}

static void create_release(struct dnfs4_compound *cmp, void *args, void *res)
{
	struct create_args *a = args;

	dnfs4_sattr_free(&a->sattr);
}

static u32 create_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return DNFS4_CHANGE_INFO_BYTES + DNFS4_BITMAP_BYTES;
}

const struct dnfs4_op dnfs4_op_create = {
	.name = "CREATE",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED | DNFS4_OP_NO_ATTRDIR |
		 DNFS4_OP_QUICK,
	.pseudo_status = NFS4ERR_ROFS,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct create_args),
	.ressize = sizeof(struct create_res),
	.decode = create_decode,
	.exec = create_exec,
	.encode = create_encode,
	.release = create_release,
	.reply = create_reply,
};
