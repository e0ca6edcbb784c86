// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of requests and replies: payload is read into and written from the pages of the
 * service thread, without copying.
 *
 * A page cache page that is spliced into a reply replaces one of the thread's own pages, which is
 * kept aside (sunrpc_glue.c). It must never be written to. A batch puts it when the reply is sent;
 * else sunrpc releases it after the reply, whether the call succeeds or fails.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/sunrpc/svc.h>
#include <linux/uio.h>

#include "batch.h"
#include "large.h"
#include "rpc.h"
#include "sunrpc_glue.h"

/*
 * Reads longer than this are spliced. As measured on tmpfs over loopback, copying costs less
 * than splicing up to 4 KiB, the same from 8 to 16 KiB, 1.15 times as much at 32 KiB, and 1.5
 * times or more at 1 MiB.
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
	return dnfs_page_replace(container_of(call, struct dnfs_rpc_call, call)->rqstp, page);
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
	 * Data behind the payload goes into the rest of the first page. Limit the stream to that:
	 * it would continue in the first page of the payload, which may be in the page cache.
	 */
	xdr->buf->buflen = xdr->buf->len + (xdr->end - xdr->p) * sizeof(*xdr->p);
}

static void dnfs_rpc_may_wait(struct dnfs_call *call)
{
	dnfs_batch_release(container_of(call, struct dnfs_rpc_call, call)->batch);
}

const struct dnfs_transport dnfs_rpc_transport = {
	.pages = dnfs_rpc_pages,
	.add_page = dnfs_rpc_add_page,
	.payload = dnfs_rpc_payload,
	.once = dnfs_rpc_once,
	.may_wait = dnfs_rpc_may_wait,
};

/*
 * Take a piece of a file from the pipe. Pieces must join without a gap: a piece either continues
 * in the last page where the previous one ended, or both meet at a page boundary. The same page
 * may come twice in a row, like the zero page of a hole. A piece that does not join ends the
 * read early.
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

/*
 * Read into the pages of the reply. @count: bytes wanted; fewer are read if the reply has no room.
 * Long reads splice page cache pages into the reply if possible. Return: bytes read, or an errno of
 * ditto_read().
 */
ssize_t dnfs_read(struct dnfs_call *call, struct ditto_op *op, struct ditto_node *node,
		  loff_t pos, u32 count, u32 *base, bool *eof)
{
	unsigned int i, npages;
	struct iov_iter iter;
	struct page **pages;
	ssize_t n;

	/* First, because more pages may be free afterwards. */
	if (count > DNFS_BRIEF_IO)
		dnfs_may_wait(call);
	*base = 0;
	pages = call->transport->pages(call, &npages);
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
	npages = DIV_ROUND_UP(count, PAGE_SIZE);
	for (i = 0; i < npages; i++)
		bvec_set_page(&call->bvec[i], pages[i],
			      min_t(u32, count - i * PAGE_SIZE, PAGE_SIZE), 0);
	iov_iter_bvec(&iter, ITER_DEST, call->bvec, npages, count);
	return ditto_read(op, node, pos, &iter, eof);
}

/*
 * Over RDMA, let the device write the next bytes of the results to the client. Must be called
 * before the bytes are encoded.
 */
void dnfs_place_payload(struct dnfs_call *call, u32 len)
{
	struct dnfs_rpc_call *rc = container_of(call, struct dnfs_rpc_call, call);

	if (likely(!call->conn || !dnfs_xprt_is_rdma(call->conn)))
		return;
	/* Others stay in the reply, if it has room. */
	if (!len || rc->nplaced == ARRAY_SIZE(rc->placed))
		return;
	rc->placed[rc->nplaced++] = (struct dnfs_placed) { call->xdr->buf->len, len };
}

/* Name the payloads that are to be placed to sunrpc. The reply is complete. In pages.c. */
void dnfs_place_all(struct dnfs_rpc_call *rc)
{
	for (unsigned int i = 0; i < rc->nplaced; i++) {
		const struct dnfs_placed *placed = &rc->placed[i];

		/* One that did not fit was replaced with an error. */
		if (placed->at + placed->len > rc->call.xdr->buf->len)
			return;
		/* Where the client has too little room, sunrpc refuses the reply. */
		svc_encode_result_payload(rc->rqstp, placed->at, placed->len);
	}
}

/*
 * Make an iterator over the payload of a WRITE, without copying. @call: the call; @call->vec is
 * used and must outlive @iter; @count: bytes of the payload to write. Return: false if the payload
 * has more pieces than @call->nvec, or is not that which was received apart.
 */
bool dnfs_write_iter(struct dnfs_call *call, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter)
{
	struct page **pages = data->pages + (data->page_base >> PAGE_SHIFT);
	unsigned int offset = offset_in_page(data->page_base);
	u32 left, n, in_pages = data->page_len;
	unsigned int nvec = 0;

	if (call->large && in_pages)
		return dnfs_large_iter(call->large, data, count, iter);
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
			/* Decoding has checked that the payload is complete. */
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

/*
 * Get the text of a new symbolic link. Return: a NUL-terminated string, to be freed with kfree();
 * or an ERR_PTR: -EINVAL if it is empty or contains a NUL, -ENAMETOOLONG, -ENOMEM.
 */
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

/*
 * Make the device number of a new device node. Context: any. Return: 0, or -EINVAL if Linux has no
 * such device number.
 */
int dnfs_rdev(u32 major, u32 minor, dev_t *rdev)
{
	*rdev = MKDEV(major, minor);
	return MAJOR(*rdev) == major && MINOR(*rdev) == minor ? 0 : -EINVAL;
}
