// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE (RFC 8881 section 18.4): all types but regular files, which OPEN creates.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../node/node.h"
#include "../attr/attr.h"
#include "../engine/ops.h"

/* The data of createtype4 is that of a symbolic link or of a device. */
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

static int make_link(struct dnfs4_compound *cmp, const struct create_args *a,
		     struct ditto_node **node, struct ditto_wcc *wcc)
{
	char *text = dnfs_link_text(&a->target);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = ditto_symlink(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name, text, &a->sattr.set,
			    node, wcc);
	kfree(text);
	return err;
}

static int make_special(struct dnfs4_compound *cmp, const struct create_args *a, umode_t type,
			struct ditto_node **node, struct ditto_wcc *wcc)
{
	dev_t dev = MKDEV(a->major, a->minor);

	if (MAJOR(dev) != a->major || MINOR(dev) != a->minor)
		return -EINVAL;
	return ditto_mknod(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name, type, dev,
			   &a->sattr.set, node, wcc);
}

static int create_exec_type(struct dnfs4_compound *cmp, const struct create_args *a,
			    struct ditto_node **node, struct ditto_wcc *wcc)
{
	switch (a->type) {
	case NF4DIR:
		return ditto_mkdir(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name, &a->sattr.set,
				   node, wcc);
	case NF4LNK:
		return make_link(cmp, a, node, wcc);
	case NF4BLK:
		return make_special(cmp, a, S_IFBLK, node, wcc);
	case NF4CHR:
		return make_special(cmp, a, S_IFCHR, node, wcc);
	case NF4SOCK:
		return make_special(cmp, a, S_IFSOCK, node, wcc);
	case NF4FIFO:
		return make_special(cmp, a, S_IFIFO, node, wcc);
	}
	return -EBADTYPE;
}

static u32 create_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct create_args *a = args;
	struct create_res *res = result;
	umode_t type = S_IFIFO;
	struct ditto_node *node;
	u32 status;
	int err;

	if (dnfs4_fh_is_dir(cmp))
		return NFS4ERR_NOTDIR;
	/* No type that CREATE makes has a size that can be set. */
	if (a->sattr.set.valid & DITTO_SET_SIZE)
		return NFS4ERR_INVAL;
	/* dnfs4_sattr_fit() treats all other types alike. */
	if (a->type == NF4DIR)
		type = S_IFDIR;
	if (a->type == NF4LNK)
		type = S_IFLNK;
	status = dnfs4_sattr_fit(cmp, &a->sattr, NULL, type);
	if (status)
		return status;
	err = create_exec_type(cmp, a, &node, &res->wcc);
	if (err)
		return dnfs4_status(cmp, err);
	/* The file exists whatever fails now; attributes that were not set are not in attrset. */
	dnfs4_sattr_dosattr(dnfs4_fs_op(cmp), node, &a->sattr);
	dnfs4_sattr_made(dnfs4_fs_op(cmp), node, &a->sattr, &res->made);
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
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_CACHED | DNFS4_OP_NO_ATTRDIR,
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
