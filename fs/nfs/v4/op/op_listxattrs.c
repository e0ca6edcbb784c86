// SPDX-License-Identifier: GPL-2.0-only
/*
 * LISTXATTRS (RFC 8276 section 8.4.3).
 *
 * A cookie is the number of names listed before. If names are added or removed between two
 * requests, the second one may repeat or omit names, as listxattr(2) may.
 */
#include <linux/nfs4.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../op/xattr.h"
#include "../engine/ops.h"
#include "xattr.h"

/* Bytes of cookie, number of names and eof. */
#define LISTXATTRS_HEAD_BYTES	16
/* Bytes of all names that a file system lists: short ones need more room on the wire. */
#define LISTXATTRS_BYTES_MAX	(2 * DITTO_XATTR_LIST_MAX)

struct listxattrs_args {
	u64 cookie;
	u32 maxcount;
};

/**
 * struct listxattrs_res - results of LISTXATTRS
 * @skip: names to leave out, which were listed before
 * @count: number of names in @names
 * @names: encoded names; to be freed
 * @len: bytes of @names used
 * @size: bytes of @names
 * @more: not all names did fit
 * @cookie: cookie to continue with
 */
struct listxattrs_res {
	u64 skip;
	u32 count;
	void *names;
	u32 len;
	u32 size;
	bool more;
	u64 cookie;
};

static u32 listxattrs_decode(struct dnfs4_compound *cmp, void *args)
{
	struct listxattrs_args *a = args;

	if (xdr_stream_decode_u64(cmp->in, &a->cookie) ||
	    xdr_stream_decode_u32(cmp->in, &a->maxcount))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static int listxattrs_add(void *arg, const struct ditto_name *name)
{
	struct listxattrs_res *res = arg;
	u32 bytes = XDR_UNIT + xdr_align_size(name->len);

	if (res->skip) {
		res->skip--;
		return 0;
	}
	if (bytes > res->size - res->len) {
		res->more = true;
		return 1;
	}
	xdr_encode_opaque(res->names + res->len, name->name, name->len);
	res->len += bytes;
	res->count++;
	return 0;
}

static u32 listxattrs_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct listxattrs_args *a = args;
	struct listxattrs_res *res = result;
	u32 room = dnfs4_room(cmp);
	u32 status;
	int err;

	status = dnfs4_xattr_check(cmp);
	if (status)
		return status;
	if (a->cookie > DITTO_XATTR_LIST_MAX)
		return NFS4ERR_BAD_COOKIE;
	if (a->maxcount < LISTXATTRS_HEAD_BYTES)
		return NFS4ERR_TOOSMALL;
	if (room < LISTXATTRS_HEAD_BYTES)
		return dnfs4_too_big(cmp, LISTXATTRS_HEAD_BYTES);
	res->size = min3(a->maxcount, room, LISTXATTRS_BYTES_MAX) - LISTXATTRS_HEAD_BYTES;
	res->names = kvmalloc(res->size, GFP_KERNEL_ACCOUNT);
	if (!res->names)
		return NFS4ERR_DELAY;
	res->skip = a->cookie;
	err = ditto_xattr_list(dnfs4_fs_op(cmp), dnfs4_node(cmp), listxattrs_add, res);
	if (err < 0)
		return dnfs4_status(cmp, err);
	if (res->more && !res->count)
		return a->maxcount <= room ? NFS4ERR_TOOSMALL : dnfs4_too_big(cmp, a->maxcount);
	res->cookie = a->cookie + res->count;
	return NFS4_OK;
}

static bool listxattrs_encode(struct dnfs4_compound *cmp, u32 status, const void *result)
{
	const struct listxattrs_res *res = result;

	return xdr_stream_encode_u64(cmp->out, res->cookie) > 0 &&
	       xdr_stream_encode_u32(cmp->out, res->count) > 0 &&
	       dnfs4_encode_bytes(cmp->out, res->names, res->len) &&
	       xdr_stream_encode_u32(cmp->out, !res->more) > 0;
}

static void listxattrs_release(struct dnfs4_compound *cmp, void *args, void *result)
{
	struct listxattrs_res *res = result;

	kvfree(res->names);
}

const struct dnfs4_op dnfs4_op_listxattrs = {
	.name = "LISTXATTRS",
	.flags = DNFS4_OP_FH | DNFS4_OP_NO_ATTRDIR,
	.minor_first = 2,
	.minor_last = DNFS4_MINOR_MAX,
	.pseudo_status = NFS4ERR_NOTSUPP,
	.argsize = sizeof(struct listxattrs_args),
	.ressize = sizeof(struct listxattrs_res),
	.decode = listxattrs_decode,
	.exec = listxattrs_exec,
	.encode = listxattrs_encode,
	.release = listxattrs_release,
};
