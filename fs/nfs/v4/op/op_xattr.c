// SPDX-License-Identifier: GPL-2.0-only
/*
 * GETXATTR, SETXATTR and REMOVEXATTR (RFC 8276 section 8.4).
 *
 * These are the extended attributes of the "user." namespace, without its prefix; they are also
 * the extended attributes of SMB. Named attributes have none.
 */
#include <linux/nfs4.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../op/xattr.h"
#include "../attr/attr.h"
#include "../engine/ops.h"
#include "xattr.h"

/*
 * Check whether the current filehandle can have extended attributes. Context: any. Return: NFS4_OK;
 * NFS4ERR_WRONG_TYPE for a named attribute; NFS4ERR_NOTSUPP if the file system stores none.
 */
u32 dnfs4_xattr_check(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_fh *fh = &cmp->current_fh;

	if (fh->named)
		return NFS4ERR_WRONG_TYPE;
	return dnfs4_has_xattrs(fh) ? NFS4_OK : NFS4ERR_NOTSUPP;
}

/* The arguments of GETXATTR and REMOVEXATTR: only the name. */

struct xattr_name_args {
	struct ditto_name name;
};

static u32 xattr_name_decode(struct dnfs4_compound *cmp, void *args)
{
	struct xattr_name_args *a = args;

	return dnfs4_decode_xattr_name(cmp, &a->name);
}

/* GETXATTR */

/**
 * struct getxattr_res - results of GETXATTR
 * @len: bytes of the value
 * @value: the value, padded with zeros to whole words; to be freed
 */
struct getxattr_res {
	u32 len;
	void *value;
};

static u32 getxattr_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct xattr_name_args *a = args;
	struct ditto_node *node = dnfs4_node(cmp);
	struct getxattr_res *res = result;
	ssize_t size, len;
	u32 status, bytes;

	status = dnfs4_xattr_check(cmp);
	if (status)
		return status;
	size = ditto_xattr_get(dnfs4_fs_op(cmp), node, &a->name, NULL, 0);
	if (size < 0)
		return dnfs4_status(cmp, size);
	if (size > DITTO_XATTR_VALUE_MAX)
		return NFS4ERR_XATTR2BIG;
	bytes = XDR_UNIT + xdr_align_size(size);
	if (bytes > dnfs4_room(cmp))
		return dnfs4_too_big(cmp, bytes);
	if (!size)
		return NFS4_OK;
	res->value = kvzalloc(xdr_align_size(size), GFP_KERNEL_ACCOUNT);
	if (!res->value)
		return NFS4ERR_DELAY;
	len = ditto_xattr_get(dnfs4_fs_op(cmp), node, &a->name, res->value, size);
	/* The value has been replaced with a longer one. */
	if (len == -ERANGE)
		return NFS4ERR_DELAY;
	if (len < 0)
		return dnfs4_status(cmp, len);
	res->len = len;
	return NFS4_OK;
}

static bool getxattr_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct getxattr_res *res = result;

	return xdr_stream_encode_u32(cmp->out, res->len) > 0 &&
	       dnfs4_encode_bytes(cmp->out, res->value, xdr_align_size(res->len));
}

static void getxattr_release(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct getxattr_res *res = result;

	kvfree(res->value);
}

const struct dnfs4_op dnfs4_op_getxattr = {
	.name = "GETXATTR",
	.flags = DNFS4_OP_FH | DNFS4_OP_NO_ATTRDIR,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_NOTSUPP,
	.argsize = sizeof(struct xattr_name_args),
	.ressize = sizeof(struct getxattr_res),
	.decode = xattr_name_decode,
	.exec = getxattr_exec,
	.encode = getxattr_encode,
	.release = getxattr_release,
};

/* SETXATTR */

struct setxattr_args {
	u32 option;
	struct ditto_name name;
	u32 len;
	struct xdr_buf value;
};

struct xattr_change_res {
	struct ditto_wcc wcc;
};

/* Options of SETXATTR; others are not valid. */
static const enum ditto_xattr_how setxattr_options[] = {
	[SETXATTR4_EITHER] = DITTO_XATTR_EITHER,
	[SETXATTR4_CREATE] = DITTO_XATTR_CREATE,
	[SETXATTR4_REPLACE] = DITTO_XATTR_REPLACE,
};

static u32 setxattr_decode(struct dnfs4_compound *cmp, void *args)
{
	struct setxattr_args *a = args;
	u32 status;

	if (xdr_stream_decode_u32(cmp->in, &a->option) ||
	    a->option >= ARRAY_SIZE(setxattr_options))
		return NFS4ERR_BADXDR;
	status = dnfs4_decode_xattr_name(cmp, &a->name);
	if (status)
		return status;
	if (xdr_stream_decode_u32(cmp->in, &a->len) ||
	    a->len > xdr_stream_remaining(cmp->in) ||
	    !xdr_stream_subsegment(cmp->in, &a->value, a->len))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 setxattr_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct setxattr_args *a = args;
	struct xattr_change_res *res = result;
	void *value = NULL;
	u32 status;
	int err;

	status = dnfs4_xattr_check(cmp);
	if (status)
		return status;
	if (a->len > DITTO_XATTR_VALUE_MAX)
		return NFS4ERR_XATTR2BIG;
	if (a->len) {
		value = kvmalloc(a->len, GFP_KERNEL_ACCOUNT);
		if (!value)
			return NFS4ERR_DELAY;
		if (read_bytes_from_xdr_buf(&a->value, 0, value, a->len)) {
			status = NFS4ERR_BADXDR;
			goto free;
		}
	}
	err = ditto_xattr_set(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name, value, a->len,
			      setxattr_options[a->option], &res->wcc);
	status = dnfs4_status(cmp, err);
free:
	kvfree(value);
	return status;
}

static bool xattr_change_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct xattr_change_res *res = result;

	return dnfs4_encode_change_info(cmp->out, &res->wcc);
}

static u32 xattr_change_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return DNFS4_CHANGE_INFO_BYTES;
}

const struct dnfs4_op dnfs4_op_setxattr = {
	.name = "SETXATTR",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_NO_ATTRDIR,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_NOTSUPP,
	.argsize = sizeof(struct setxattr_args),
	.ressize = sizeof(struct xattr_change_res),
	.decode = setxattr_decode,
	.exec = setxattr_exec,
	.encode = xattr_change_encode,
	.reply = xattr_change_reply,
};

/* REMOVEXATTR */

static u32 removexattr_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct xattr_name_args *a = args;
	struct xattr_change_res *res = result;

	return dnfs4_xattr_check(cmp) ?:
	       dnfs4_status(cmp, ditto_xattr_remove(dnfs4_fs_op(cmp), dnfs4_node(cmp), &a->name,
						    &res->wcc));
}

const struct dnfs4_op dnfs4_op_removexattr = {
	.name = "REMOVEXATTR",
	.flags = DNFS4_OP_FH | DNFS4_OP_CHANGES | DNFS4_OP_NO_ATTRDIR,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_NOTSUPP,
	.argsize = sizeof(struct xattr_name_args),
	.ressize = sizeof(struct xattr_change_res),
	.decode = xattr_name_decode,
	.exec = removexattr_exec,
	.encode = xattr_change_encode,
	.reply = xattr_change_reply,
};
