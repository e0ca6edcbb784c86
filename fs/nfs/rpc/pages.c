// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of requests and replies: payload that is read or written where it
 * lies.
 *
 * A page of the page cache that was put into a reply stands in the place of
 * one of the thread's own pages. It must never be written to, so once one has
 * been put there, what rq_next_page has passed is given back after the reply,
 * whatever becomes of the call.
 *
 * The thread's own page is kept aside meanwhile, so that 1 MiB does not cost
 * 256 pages freed and allocated: in rq_vec, which only a WRITE uses otherwise,
 * with the count in rq_cachetype, which sunrpc leaves to the server.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/sunrpc/svc.h>
#include <linux/uio.h>

#include "rpc.h"

/*
 * Above this the pages of the page cache go out themselves. As measured on
 * tmpfs over loopback, copying costs less up to 4 KiB, as much from 8 to
 * 16 KiB, 1.15 times as much at 32 KiB and 1.5 times and more at 1 MiB.
 */
#define DNFS_SPLICE_ABOVE	(16 * 1024)

static struct page **dnfs_rpc_pages(struct dnfs_call *call, unsigned int *count)
{
	struct dnfs_rpc_call *rc = container_of(call, struct dnfs_rpc_call, call);
	struct svc_rqst *rqstp = rc->rqstp;

	rc->payload = rqstp->rq_next_page;
	*count = max_t(ssize_t, rqstp->rq_page_end - rqstp->rq_next_page, 0);
	return rc->payload;
}

static bool dnfs_rpc_add_page(struct dnfs_call *call, struct page *page)
{
	struct svc_rqst *rqstp = container_of(call, struct dnfs_rpc_call, call)->rqstp;

	if (rqstp->rq_next_page >= rqstp->rq_page_end ||
	    rqstp->rq_cachetype == ARRAY_SIZE(rqstp->rq_vec))
		return false;
	rqstp->rq_vec[rqstp->rq_cachetype++].iov_base = *rqstp->rq_next_page;
	get_page(page);
	*rqstp->rq_next_page++ = page;
	return true;
}

void dnfs_restore_pages(struct svc_rqst *rqstp)
{
	struct page **slot = rqstp->rq_pages;

	while (rqstp->rq_cachetype) {
		struct page *page = rqstp->rq_vec[--rqstp->rq_cachetype].iov_base;

		/* Each page that was given back left an empty place. */
		while (slot < rqstp->rq_page_end && *slot)
			slot++;
		if (WARN_ON_ONCE(slot == rqstp->rq_page_end))
			put_page(page);
		else
			*slot = page;
	}
}

static void dnfs_rpc_payload(struct dnfs_call *call, u32 base, u32 len)
{
	struct dnfs_rpc_call *rc = container_of(call, struct dnfs_rpc_call, call);
	struct svc_rqst *rqstp = rc->rqstp;
	struct page **end = rc->payload + DIV_ROUND_UP(base + len, PAGE_SIZE);
	struct xdr_stream *xdr = call->xdr;

	if (rqstp->rq_next_page < end)
		rqstp->rq_next_page = end;
	svcxdr_encode_opaque_pages(rqstp, xdr, rc->payload, base, len);
	/*
	 * What follows has the rest of the first page. The stream does not know that: it would
	 * go on in the first page of the payload, which may be the page cache's.
	 */
	xdr->buf->buflen = xdr->buf->len + (xdr->end - xdr->p) * sizeof(*xdr->p);
}

const struct dnfs_transport dnfs_rpc_transport = {
	.pages = dnfs_rpc_pages,
	.add_page = dnfs_rpc_add_page,
	.payload = dnfs_rpc_payload,
	.once = dnfs_rpc_once,
};

/*
 * Take a piece of a file out of the pipe. Pieces must join without a gap: a
 * piece either goes on in the last page where the one before it ended, or
 * both meet at the boundary of pages. A page may come twice in a row, as the
 * zero page of a hole does. What does not join ends the read early.
 */
static int dnfs_splice_actor(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
			     struct splice_desc *sd)
{
	struct dnfs_call *call = sd->u.data;
	struct page *page = buf->page + (buf->offset >> PAGE_SHIFT);
	unsigned int offset = offset_in_page(buf->offset);
	unsigned int i = 0, npages = DIV_ROUND_UP(offset + sd->len, PAGE_SIZE);

	if (!call->spliced) {
		call->spliced_base = offset;
	} else {
		if (offset_in_page(call->spliced_base + call->spliced) != offset)
			return -EIO;
		if (offset) {
			if (page != call->spliced_last)
				return -EIO;
			i = 1;
		}
	}

	for (; i < npages; i++)
		if (!call->transport->add_page(call, page + i))
			return -EIO;
	call->spliced_last = page + npages - 1;
	call->spliced += sd->len;
	return sd->len;
}

static ssize_t dnfs_read_copy(struct dnfs_call *call, struct ditto_op *op,
			      struct ditto_node *node, loff_t pos, u32 count,
			      struct page **pages, bool *eof)
{
	unsigned int i, npages = DIV_ROUND_UP(count, PAGE_SIZE);
	struct iov_iter iter;

	for (i = 0; i < npages; i++)
		bvec_set_page(&call->bvec[i], pages[i],
			      min_t(u32, count - i * PAGE_SIZE, PAGE_SIZE), 0);
	iov_iter_bvec(&iter, ITER_DEST, call->bvec, npages, count);
	return ditto_read(op, node, pos, &iter, eof);
}

ssize_t dnfs_read(struct dnfs_call *call, struct ditto_op *op, struct ditto_node *node,
		  loff_t pos, u32 count, u32 *base, bool *eof)
{
	unsigned int npages;
	struct page **pages = call->transport->pages(call, &npages);
	ssize_t n;

	*base = 0;
	npages = min(npages, call->nvec);
	if (call->can_splice && count > DNFS_SPLICE_ABOVE &&
	    DIV_ROUND_UP(offset_in_page(pos) + count, PAGE_SIZE) <= npages) {
		n = ditto_read_splice(op, node, pos, count, dnfs_splice_actor, call, eof);
		if (n != -EOPNOTSUPP) {
			*base = call->spliced_base;
			return n;
		}
	}
	count = min_t(u64, count, (u64)npages << PAGE_SHIFT);
	return dnfs_read_copy(call, op, node, pos, count, pages, eof);
}

bool dnfs_write_iter(struct dnfs_call *call, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter)
{
	struct page **pages = data->pages + (data->page_base >> PAGE_SHIFT);
	unsigned int offset = offset_in_page(data->page_base);
	u32 left, n, in_pages = data->page_len;
	unsigned int nvec = 0;

	for (left = count; left; left -= n) {
		struct kvec *vec = &call->vec[nvec];

		if (nvec == call->nvec)
			return false;
		if (!nvec && data->head[0].iov_len) {
			*vec = data->head[0];
		} else if (in_pages) {
			vec->iov_base = page_address(*pages++) + offset;
			vec->iov_len = min_t(u32, PAGE_SIZE - offset, in_pages);
			in_pages -= vec->iov_len;
			offset = 0;
		} else {
			*vec = data->tail[0];
			/* The rest is there, or the arguments would not have been decoded. */
			if (vec->iov_len < left)
				return false;
		}
		vec->iov_len = min_t(size_t, vec->iov_len, left);
		n = vec->iov_len;
		nvec++;
	}
	iov_iter_kvec(iter, ITER_SOURCE, call->vec, nvec, count);
	return true;
}

char *dnfs_link_text(const struct xdr_buf *data)
{
	char *s;

	if (!data->len)
		return ERR_PTR(-EINVAL);
	if (data->len >= PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	s = kmalloc(data->len + 1, GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	if (read_bytes_from_xdr_buf(data, 0, s, data->len) || memchr(s, '\0', data->len)) {
		kfree(s);
		return ERR_PTR(-EINVAL);
	}
	s[data->len] = '\0';
	return s;
}
