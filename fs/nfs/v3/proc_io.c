// SPDX-License-Identifier: GPL-2.0-only
/*
 * Procedures of NFS version 3 that transfer data. Section numbers are those of RFC 1813.
 *
 * READ puts its data into the pages of the reply, or pages of the page cache in their place.
 * WRITE takes its data from the pages of the request.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/uio.h>

#include "../../op/attr.h"
#include "types.h"

/* 3.3.5 */
int dnfs3_readlink(struct dnfs_call *call)
{
	const struct dnfs3_fh_args *args = call->args;
	struct dnfs3_readlink_res *res = call->res;
	struct dnfs_target target;
	unsigned int npages;
	struct page **pages;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
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

/* 3.3.6 */
int dnfs3_read(struct dnfs_call *call)
{
	const struct dnfs3_read_args *args = call->args;
	struct dnfs3_read_res *res = call->res;
	u32 count = min(args->count, call->max_payload);
	loff_t pos = min_t(u64, args->offset, S64_MAX);
	struct dnfs_target target;
	ssize_t n;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;

	/* No file reaches the last offsets: such a read is one beyond the end of the file. */
	count = min_t(u64, count, S64_MAX - pos);
	n = dnfs_read(call, &target.op, target.node, pos, count, &res->base, &res->eof);
	if (n >= 0) {
		res->count = n;
		call->bytes = n;
	} else {
		err = n;
	}
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

/* Checks of a WRITE that do not need the file. */
static int take_data(struct dnfs_call *call, struct iov_iter *iter)
{
	const struct dnfs3_write_args *args = call->args;

	/* RFC 1813: count and the length of the data "must be the same". */
	if (args->count > args->data.len ||
	    !dnfs_write_iter(call, &args->data, args->count, iter))
		return -EINVAL;
	if (args->offset > S64_MAX || args->count > S64_MAX - args->offset)
		return -EFBIG;
	return 0;
}

/* 3.3.7 */
int dnfs3_write(struct dnfs_call *call)
{
	const struct dnfs3_write_args *args = call->args;
	struct dnfs3_write_res *res = call->res;
	struct dnfs_target target;
	struct iov_iter iter;
	ssize_t n;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;

	n = take_data(call, &iter);
	if (!n)
		n = ditto_write(&target.op, target.node, args->offset, &iter,
				(enum ditto_stable)args->stable, &res->verf, &res->wcc);
	else
		dnfs_wcc_unchanged(&target, &res->wcc);
	if (n >= 0) {
		res->count = n;
		res->committed = args->stable;
		call->bytes = n;
	} else {
		err = n;
	}
	dnfs_target_put(&target);
	return err;
}

/* 3.3.21 */
int dnfs3_commit(struct dnfs_call *call)
{
	const struct dnfs3_commit_args *args = call->args;
	struct dnfs3_commit_res *res = call->res;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	if (args->offset <= S64_MAX) {
		err = ditto_fsync(&target.op, target.node, args->offset, args->count,
				  &res->verf, &res->wcc);
	} else {
		err = -EINVAL;
		dnfs_wcc_unchanged(&target, &res->wcc);
	}
	dnfs_target_put(&target);
	return err;
}
