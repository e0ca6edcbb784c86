// SPDX-License-Identifier: GPL-2.0-only
/*
 * VERIFY and NVERIFY (RFC 8881 sections 18.31 and 18.15): compare attributes.
 *
 * The file's attributes are encoded and the bytes compared, because each value has only one
 * encoding.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "../attr/attr_private.h"
#include "../engine/ops.h"

/* Longest attributes that are compared; the server's are never as long. */
#define VERIFY_BYTES_MAX	(4096 + 2 * (8 + DITTO_ACES_MAX * DNFS4_ACE_BYTES_MAX))

struct verify_args {
	struct dnfs4_bitmap map;
	bool more;
	struct xdr_buf data;
	u32 len;
};

static u32 verify_decode(struct dnfs4_compound *cmp, void *args)
{
	struct verify_args *a = args;

	if (dnfs4_decode_bitmap(cmp->in, &a->map, &a->more) ||
	    xdr_stream_decode_u32(cmp->in, &a->len) < 0 || a->len > VERIFY_BYTES_MAX ||
	    !xdr_stream_subsegment(cmp->in, &a->data, a->len))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/* Checks that all attributes in the request are supported. */
static u32 check_map(const struct verify_args *a, const struct dnfs4_bitmap *there)
{
	return a->more || memcmp(&a->map, there, sizeof(*there)) ? NFS4ERR_ATTRNOTSUPP : NFS4_OK;
}

/* Return: NFS4ERR_SAME, NFS4ERR_NOT_SAME, or another error. */
static u32 verify_compare(struct dnfs4_compound *cmp, const struct verify_args *a,
			  struct dnfs4_attr_src *src)
{
	struct dnfs4_attr_plan plan;
	u32 head, bytes, status;
	bool same;
	u8 *ours;
	int err;

	status = dnfs4_attr_plan(cmp, &cmp->current_fh, &a->map, &plan) ?:
		 check_map(a, &plan.map);
	if (status)
		return status;
	/* Sections 18.15.3 and 18.31.3: rdattr_error cannot be compared. */
	if (dnfs4_bitmap_has(&a->map, FATTR4_RDATTR_ERROR))
		return NFS4ERR_INVAL;
	err = dnfs4_attr_read(cmp, &cmp->current_fh, NULL, &plan, src);
	if (err)
		return dnfs4_status(cmp, err);
	status = check_map(a, &src->map);
	if (status)
		return status;
	head = dnfs4_bitmap_bytes(&src->map) + XDR_UNIT;
	bytes = dnfs4_attr_bytes(src);
	if (bytes - head != a->len)
		return NFS4ERR_NOT_SAME;
	ours = kvmalloc(bytes + a->len, GFP_KERNEL);
	if (!ours)
		return NFS4ERR_DELAY;
	dnfs4_attr_put((__be32 *)ours, src, bytes);
	same = !read_bytes_from_xdr_buf(&a->data, 0, ours + bytes, a->len) &&
	       !memcmp(ours + head, ours + bytes, a->len);
	kvfree(ours);
	return same ? NFS4ERR_SAME : NFS4ERR_NOT_SAME;
}

static u32 verify_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	u32 status = verify_compare(cmp, args, res);

	return status == NFS4ERR_SAME ? NFS4_OK : status;
}

static u32 nverify_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	u32 status = verify_compare(cmp, args, res);

	return status == NFS4ERR_NOT_SAME ? NFS4_OK : status;
}

static void verify_release(struct dnfs4_compound *cmp, void *args, void *res)
{
	dnfs4_attr_src_free(res);
}

const struct dnfs4_op dnfs4_op_verify = {
	.name = "VERIFY",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct verify_args),
	.ressize = DNFS4_ATTR_SRC_CLEAR,
	.decode = verify_decode,
	.exec = verify_exec,
	.release = verify_release,
};

const struct dnfs4_op dnfs4_op_nverify = {
	.name = "NVERIFY",
	.flags = DNFS4_OP_FH_ANY | DNFS4_OP_QUICK,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct verify_args),
	.ressize = DNFS4_ATTR_SRC_CLEAR,
	.decode = verify_decode,
	.exec = nverify_exec,
	.release = verify_release,
};
