// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ and READLINK (RFC 1813 sections 3.3.6 and 3.3.5).
 *
 * The data is put into the pages of the reply, or for READ pages of the page cache in their
 * place.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>

#include "procs.h"
#include "xdr.h"

/**
 * struct read_args - arguments of READ
 * @fh: the file
 * @offset: first byte
 * @count: bytes wanted
 */
struct read_args {
	struct dnfs_fh fh;
	u64 offset;
	u32 count;
};

static bool dnfs3_read_decode(struct dnfs_call *call, void *args)
{
	struct read_args *a = args;

	return dnfs3_decode_fh(call->in, &a->fh) &&
	       !xdr_stream_decode_u64(call->in, &a->offset) &&
	       !xdr_stream_decode_u32(call->in, &a->count);
}

static int dnfs3_read_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct read_args *a = args;
	struct dnfs3_read_res *res = result;
	u32 count = min(a->count, call->max_payload);
	loff_t pos = min_t(u64, a->offset, S64_MAX);
	struct dnfs_target target;
	ssize_t n;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	/* No file reaches the last offsets: such a read is one beyond the end of the file. */
	count = min_t(u64, count, S64_MAX - pos);
	n = dnfs_read(call, &target.op, target.node, pos, count, &res->base, &res->eof);
	if (n >= 0) {
		res->count = n;
		call->bytes = n;
		call->read = n;
	} else {
		err = n;
	}
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_read_encode(struct dnfs_call *call, const void *result)
{
	const struct dnfs3_read_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, 3 * XDR_UNIT, &p))
		return false;
	if (!p)
		return true;
	p = dnfs3_encode_u32(p, res->count);
	p = xdr_encode_bool(p, res->eof);
	dnfs3_encode_u32(p, res->count);
	if (res->count) {
		dnfs_place_payload(call, res->count);
		call->transport->payload(call, res->base, res->count);
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_read = {
	.name = "READ",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct read_args),
	.ressize = sizeof(struct dnfs3_read_res),
	.decode = dnfs3_read_decode,
	.exec = dnfs3_read_exec,
	.encode = dnfs3_read_encode,
};

/**
 * struct readlink_res - results of READLINK; the text is in the pages of the reply
 * @attr: attributes of the link
 * @len: bytes of the text
 */
struct readlink_res {
	struct dnfs_post_attr attr;
	u32 len;
};

static int dnfs3_readlink_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnfs3_fh_args *a = args;
	struct readlink_res *res = result;
	struct dnfs_target target;
	unsigned int npages;
	struct page **pages;
	int err;

	err = dnfs_target_get(call, &a->fh, &target);
	if (err)
		return err;
	pages = call->transport->pages(call, &npages);
	if (npages)
		err = ditto_readlink(&target.op, target.node, page_address(pages[0]), &res->len);
	else
		err = -ESERVERFAULT;
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static bool dnfs3_readlink_encode(struct dnfs_call *call, const void *result)
{
	const struct readlink_res *res = result;
	__be32 *p;

	if (!dnfs3_res_begin_attr(call, &res->attr, XDR_UNIT, &p))
		return false;
	if (p) {
		dnfs3_encode_u32(p, res->len);
		dnfs_place_payload(call, res->len);
		call->transport->payload(call, 0, res->len);
	}
	return true;
}

const struct dnfs_proc dnfs3_proc_readlink = {
	.name = "READLINK",
	.flags = DNFS_PROC_DIRECT,
	.argsize = sizeof(struct dnfs3_fh_args),
	.ressize = sizeof(struct readlink_res),
	.max_reply = 4 + NFS3_POST_ATTR_SIZE + 4 + PATH_MAX,
	.decode = dnfs3_decode_fh_args,
	.exec = dnfs3_readlink_exec,
	.encode = dnfs3_readlink_encode,
};
