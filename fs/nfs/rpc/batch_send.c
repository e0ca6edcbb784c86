// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies of a batch: what is to be sent, and sending it together. See batch.h.
 *
 * The replies are copied into the socket, so the memory that they were encoded in is free again.
 * Payload that is longer than BATCH_COPY_MAX, or in the page cache, is sent by reference to its
 * pages. Pages of the page cache are put then. Others are used again when the network has sent them
 * (sent_pages.h), and such a reply is the last one of its batch, because sunrpc allocates what is
 * missing.
 */
#include <linux/bvec.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/tcp.h>
#include <net/rps.h>
#include <net/tcp.h>

#include "../../../net/slow_call.h"
#include "batch.h"
#include "batch_send.h"
#include "call.h"
#include "sunrpc_glue.h"
#include "worker.h"

/* Replies with more payload than this are sent by reference to their pages. */
#define BATCH_COPY_MAX		(16 * 1024)
/* The longest head of a reply. */
#define BATCH_HEAD_MAX		PAGE_SIZE
/* Pieces of the longest reply that is copied, with its head and its tail. */
#define BATCH_PIECES_MAX	(BATCH_COPY_MAX / PAGE_SIZE + 4)

/* One reply of any length fits into an empty batch. */
static_assert(sizeof(__be32) + BATCH_HEAD_MAX <= DNFS_BATCH_OUT);
static_assert(BATCH_PIECES_MAX <= DNFS_BATCH_VECS);

/* @locked: this thread has locked the socket, which has no TLS. */
static int batch_send_vec(struct dnfs_batch *batch, int flags, bool locked)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | flags };
	int sent;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, batch->vec, batch->nvec, batch->bytes);
	if (locked) {
		sock_rps_record_flow(batch->sk);
		sent = tcp_sendmsg_locked(batch->sk, &msg, batch->bytes);
	} else {
		sent = sock_sendmsg(dnfs_batch_svsk(batch)->sk_sock, &msg);
	}
	return sent == batch->bytes ? 0 : sent < 0 ? sent : -EAGAIN;
}

static int batch_send_pages(struct dnfs_batch *batch)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | MSG_SPLICE_PAGES };
	struct bio_vec *bvec = batch->rqstp->rq_bvec;
	const struct xdr_buf *res = &batch->res;
	unsigned int offset = offset_in_page(res->page_base), n = 0;
	struct page **pages = res->pages + (res->page_base >> PAGE_SHIFT);
	u32 left = res->page_len;
	int sent;

	if (res->tail[0].iov_len)
		msg.msg_flags |= MSG_MORE;
	while (left) {
		u32 len = min_t(u32, PAGE_SIZE - offset, left);

		bvec_set_page(&bvec[n++], *pages++, len, offset);
		offset = 0;
		left -= len;
	}
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, n, res->page_len);
	sent = sock_sendmsg(dnfs_batch_svsk(batch)->sk_sock, &msg);
	return sent == res->page_len ? 0 : sent < 0 ? sent : -EAGAIN;
}

static int batch_send_all(struct dnfs_batch *batch, bool pages)
{
	int err;

	err = batch_send_vec(batch, pages ? MSG_MORE : 0, false);
	if (err || !pages)
		return err;
	err = batch_send_pages(batch);
	if (err || !batch->res.tail[0].iov_len)
		return err;
	batch->vec[0] = batch->res.tail[0];
	batch->nvec = 1;
	batch->bytes = batch->vec[0].iov_len;
	return batch_send_vec(batch, 0, false);
}

/* The replies were sent, or failed. One that is being added may be among these calls. */
static void batch_sent(struct dnfs_batch *batch, int err)
{
	struct list_head *traced = &dnfs_worker_of(batch->rqstp)->traced;

	if (unlikely(!list_empty(traced)))
		ditto_slow_calls_end(traced, !err);
}

/* Send the replies. Context: takes xpt_mutex. */
void dnfs_batch_send(struct dnfs_batch *batch, bool pages)
{
	struct svc_xprt *xprt = batch->xprt;
	int err = -ENOTCONN;

	if (!batch->nvec)
		return;
	mutex_lock(&xprt->xpt_mutex);
	if (!svc_xprt_is_dead(xprt)) {
		err = batch_send_all(batch, pages);
		if (err)
			svc_xprt_deferred_close(xprt);
	}
	mutex_unlock(&xprt->xpt_mutex);
	batch->nvec = 0;
	batch->bytes = 0;
	batch_sent(batch, err);
}

/* Return: true if the socket has bytes behind the calls that were begun. */
static bool batch_has_next(const struct dnfs_batch *batch)
{
	const struct tcp_sock *tp = tcp_sk(batch->sk);

	return READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq) > batch->done;
}

/*
 * Send the replies, and take the calls that were begun out of the socket. @hold: do not send while
 * the socket has bytes behind these calls, as the caller goes on with them. The socket is locked
 * once for both. Until both are done, the client's next call waits in its backlog, so it does not
 * come behind the one before; unless the replies have to wait for memory. Context: takes xpt_mutex
 * if there is a reply. Return: true if the socket has more, and all that is awaited.
 */
bool dnfs_batch_finish(struct dnfs_batch *batch, bool hold)
{
	struct svc_xprt *xprt = batch->xprt;
	struct sock *sk = batch->sk;
	bool send = batch->nvec && !(hold && batch_has_next(batch));
	int err = 0;
	bool more;

	if (send)
		mutex_lock(&xprt->xpt_mutex);
	lock_sock(sk);
	if (send)
		err = svc_xprt_is_dead(xprt) ? -ENOTCONN : batch_send_vec(batch, 0, true);
	/* Behind the replies, so that they carry the acknowledgment. */
	if (batch->done)
		tcp_read_done(sk, batch->done);
	/* tcp_inq() does not count what is behind urgent data. */
	more = tcp_inq(sk) >= (int)batch->awaits || tcp_sk(sk)->urg_data;
	release_sock(sk);
	/* Before others may send behind a part of a reply. */
	if (err)
		svc_xprt_deferred_close(xprt);
	if (send) {
		mutex_unlock(&xprt->xpt_mutex);
		batch->nvec = 0;
		batch->bytes = 0;
		batch_sent(batch, err);
	}
	batch->done = 0;
	return more;
}

static void batch_add(struct dnfs_batch *batch, void *base, size_t len)
{
	struct kvec *vec = batch->vec + batch->nvec;

	if (!len)
		return;
	batch->bytes += len;
	if (batch->nvec && vec[-1].iov_base + vec[-1].iov_len == base) {
		vec[-1].iov_len += len;
		return;
	}
	*vec = (struct kvec) { .iov_base = base, .iov_len = len };
	batch->nvec++;
}

/* The end of the reply in @batch->out. If there is payload, its padding may be in the tail. */
static unsigned int batch_used(const struct dnfs_batch *batch)
{
	const struct xdr_buf *res = &batch->res;
	const struct kvec *last = res->tail[0].iov_len ? res->tail : res->head;
	const u8 *end = last->iov_base + last->iov_len;

	return round_up(end - batch->out, XDR_UNIT);
}

/* Let the next call, which may be a COMPOUND, find all pages of the thread, if there is room. */
static void batch_hold_pages(struct dnfs_batch *batch)
{
	struct page **pages = batch->res.pages, **end = batch->rqstp->rq_next_page;

	if (pages < end && dnfs_sent_pages_hold(&batch->sent_pages, pages, end - pages))
		batch->rqstp->rq_next_page = pages;
}

/*
 * Add the reply to the present call. Context: any. Return: false if its payload is to be sent by
 * reference.
 */
bool dnfs_batch_add_reply(struct dnfs_batch *batch)
{
	struct xdr_buf *res = &batch->res;
	__be32 *mark = res->head[0].iov_base - sizeof(*mark);
	unsigned int offset = offset_in_page(res->page_base);
	struct page **pages = res->pages + (res->page_base >> PAGE_SHIFT);
	u32 left = res->page_len;

	if (!batch->nvec)
		batch->sent_pages.held = 0;
	res->len = res->head[0].iov_len + res->page_len + res->tail[0].iov_len;
	*mark = cpu_to_be32(RPC_LAST_STREAM_FRAGMENT | res->len);
	batch_add(batch, mark, sizeof(*mark) + res->head[0].iov_len);
	batch->used = batch_used(batch);
	if (left && (left > BATCH_COPY_MAX || dnfs_pages_aside(batch->rqstp)))
		return false;
	while (left) {
		u32 len = min_t(u32, PAGE_SIZE - offset, left);

		batch_add(batch, page_address(*pages++) + offset, len);
		offset = 0;
		left -= len;
	}
	batch_add(batch, res->tail[0].iov_base, res->tail[0].iov_len);
	/* Pages of the page cache may be there even if there is no payload: it did not fit. */
	if (batch->proc->flags & DNFS_PROC_WHOLE && !dnfs_pages_aside(batch->rqstp))
		batch_hold_pages(batch);
	return true;
}

/*
 * Whether there is room for one more reply. Context: any. Return: true if one of any length fits.
 */
bool dnfs_batch_has_room(const struct dnfs_batch *batch)
{
	return batch->used + sizeof(__be32) + BATCH_HEAD_MAX <= DNFS_BATCH_OUT &&
	       batch->nvec + BATCH_PIECES_MAX <= DNFS_BATCH_VECS;
}
