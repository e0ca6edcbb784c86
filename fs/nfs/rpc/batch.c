// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches of calls: receiving and the order of execution. See batch.h; replies are sent by
 * batch_send.c.
 *
 * While a thread executes a batch it has XPT_BUSY, and nobody else receives from the connection.
 * So a call that takes long must not keep it. Before a step that takes long or waits for clients,
 * the thread releases the connection itself, by dnfs_batch_release(). Whether other calls wait, for
 * a device for example, depends on the file system and on what is cached, so the connection learns
 * it: behind a call that waited, the next ones release the connection before they are executed
 * (net/block_hint.h). A call that waits unexpectedly is found by batches_look(), which looks at all
 * batches now and then while any is active, and the connection is released by a work item.
 *
 * Locking: batches_lock (spinlock) guards the list of batches. @stage changes from RUNNING by
 * cmpxchg(): to IDLE by the thread, or to RESCUED by the work item, which holds batch->lock (mutex)
 * until the connection is released. The thread then takes batch->lock before it goes on. The work
 * item reads members of the batch that the thread does not write while it executes a call. A batch
 * sends with xpt_mutex and receives with the lock of the socket; both are taken inside batch->lock.
 *
 * The batch of a thread is found by its struct dnfs_worker.
 */
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/lwq.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sunrpc/auth.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "../../../net/yield.h"
#include "../../../net/peer.h"
#include "../../../net/rx_data.h"
#include "../server.h"
#include "batch.h"
#include "batch_send.h"
#include "call.h"
#include "large.h"
#include "rpc.h"
#include "sunrpc_glue.h"
#include "worker.h"

/*
 * Pages that a call finds free at least. READ of more than DNFS_BRIEF_IO, READDIR, and all that
 * may have longer results release the connection first and then find all of them free.
 */
#define BATCH_PAGES_MIN		(SZ_256K / PAGE_SIZE)
/* The same for a COMPOUND, whose limits are computed at its beginning; as sunrpc leaves. */
#define BATCH_PAGES_COMPOUND	(DNFS_MAX_PAYLOAD / PAGE_SIZE + 1)

static_assert(BATCH_PAGES_MIN * PAGE_SIZE > DNFS_BRIEF_IO);
static_assert(BATCH_PAGES_MIN < DNFS_PAGES && BATCH_PAGES_COMPOUND < DNFS_PAGES);
/* Behind the first look the buffer grows to its full size in steps of two. */
static_assert(DNFS_BATCH_IN == 8 * DNFS_BATCH_IN_FIRST);

/* Interval at which running batches are looked at; a call may take as long without a rescue. */
#define BATCH_LOOK		(msecs_to_jiffies(5) + 1)

static DEFINE_SPINLOCK(batches_lock);	/* guards the list */
static LIST_HEAD(batches);
/* batches_look() is armed or running. */
static bool batches_watched;
static void batches_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(batches_work, batches_look);

static void batch_rescue(struct work_struct *work);

static void batch_forget(struct dnfs_batch *batch)
{
	dnfs_admitted_forget(&batch->admitted);
	batch->body_len = 0;
}

static void batch_destroy(struct dnfs_batch *batch)
{
	batch_forget(batch);
	if (batch->groups)
		put_group_info(batch->groups);
	dnfs_sent_pages_free(&batch->sent_pages);
	kvfree(batch->in);
	kvfree(batch->out);
	kfree(batch);
}

static struct dnfs_batch *batch_create(struct svc_rqst *rqstp)
{
	struct dnfs_batch *batch = kzalloc(sizeof(*batch), GFP_KERNEL);

	if (!batch)
		return NULL;
	batch->rqstp = rqstp;
	batch->begun = jiffies - HZ;
	mutex_init(&batch->lock);
	INIT_WORK(&batch->rescue, batch_rescue);
	batch->groups = groups_alloc(UNX_NGROUPS);
	batch->in = kvmalloc(DNFS_BATCH_IN, GFP_KERNEL);
	batch->out = kvmalloc(DNFS_BATCH_OUT, GFP_KERNEL);
	if (batch->groups && batch->in && batch->out)
		return batch;
	batch_destroy(batch);
	return NULL;
}

/*
 * Make the batch of a service thread. Context: called by the thread. Return: the batch; NULL
 * without memory, and then all calls are left to sunrpc.
 */
struct dnfs_batch *dnfs_batch_alloc(struct svc_rqst *rqstp)
{
	struct dnfs_batch *batch = batch_create(rqstp);

	if (!batch)
		return NULL;
	spin_lock(&batches_lock);
	list_add(&batch->list, &batches);
	spin_unlock(&batches_lock);
	dnfs_worker_of(rqstp)->batch = batch;
	return batch;
}

/* Get the batch of a service thread. Context: any. Return: the batch, or NULL. */
struct dnfs_batch *dnfs_batch_of(const struct svc_rqst *rqstp)
{
	return dnfs_worker_of(rqstp)->batch;
}

/* Free the batch of a service thread. @batch: the batch, or NULL. Context: called by the thread. */
void dnfs_batch_free(struct dnfs_batch *batch)
{
	if (!batch)
		return;
	dnfs_worker_of(batch->rqstp)->batch = NULL;
	spin_lock(&batches_lock);
	list_del(&batch->list);
	spin_unlock(&batches_lock);
	cancel_work_sync(&batch->rescue);
	batch_destroy(batch);
}

/* Copy what the socket has received, up to batch->most bytes, and leave it there. */
static void batch_peek(struct dnfs_batch *batch)
{
	struct sock *sk = batch->sk;
	bool slow;
	int n = 0;

	slow = lock_sock_fast(sk);
	/* Urgent data and protocols above TCP are left to sunrpc. */
	batch->foreign = tcp_sk(sk)->urg_data || inet_csk(sk)->icsk_ulp_ops;
	/* Nobody else receives, so what was copied is still there. */
	if (likely(!batch->foreign))
		n = ditto_copy_arrived(sk, batch->have, batch->in + batch->have,
				       batch->most - batch->have);
	unlock_sock_fast(sk, slow);
	if (likely(n >= 0))
		batch->have += n;
	else
		batch->foreign = true;
}

static void batch_release(struct dnfs_batch *batch)
{
	struct svc_xprt *xprt = batch->xprt;

	if (dnfs_batch_finish(batch, false))
		set_bit(XPT_DATA, &xprt->xpt_flags);
	batch->released = true;
	svc_xprt_received(xprt);
}

static void batch_rescue(struct work_struct *work)
{
	struct dnfs_batch *batch = container_of(work, struct dnfs_batch, rescue);

	mutex_lock(&batch->lock);
	if (cmpxchg(&batch->stage, DNFS_BATCH_RUNNING, DNFS_BATCH_RESCUED) == DNFS_BATCH_RUNNING)
		batch_release(batch);
	mutex_unlock(&batch->lock);
}

static void batches_look(struct work_struct *work)
{
	struct dnfs_batch *batch;
	bool active = false;

	WRITE_ONCE(batches_watched, false);
	/* Pairs with batch_begin(): either that finds this cleared, or the stage is found here. */
	smp_mb();
	spin_lock(&batches_lock);
	list_for_each_entry(batch, &batches, list) {
		unsigned long begun = READ_ONCE(batch->begun);

		active |= time_before(jiffies, begun + HZ);
		if (READ_ONCE(batch->stage) != DNFS_BATCH_RUNNING)
			continue;
		active = true;
		if (time_after(jiffies, begun + BATCH_LOOK))
			queue_work(system_unbound_wq, &batch->rescue);
	}
	spin_unlock(&batches_lock);
	if (active && !xchg(&batches_watched, true))
		queue_delayed_work(system_wq, &batches_work, BATCH_LOOK);
}

/* Module exit; there is no batch any more. */
void dnfs_batches_exit(void)
{
	cancel_delayed_work_sync(&batches_work);
}

/* The thread executes a call from now on. */
static void batch_begin(struct dnfs_batch *batch)
{
	WRITE_ONCE(batch->begun, jiffies);
	/* A full barrier; pairs with batches_look(). */
	xchg(&batch->stage, DNFS_BATCH_RUNNING);
	if (unlikely(!READ_ONCE(batches_watched)) && !xchg(&batches_watched, true))
		queue_delayed_work(system_wq, &batches_work, BATCH_LOOK);
}

/* The thread does not execute a call any more, or has to release the connection itself. */
static void batch_end(struct dnfs_batch *batch)
{
	if (likely(cmpxchg(&batch->stage, DNFS_BATCH_RUNNING, DNFS_BATCH_IDLE) !=
		   DNFS_BATCH_RESCUED))
		return;
	/* The work item may still be about it. */
	mutex_lock(&batch->lock);
	WRITE_ONCE(batch->stage, DNFS_BATCH_IDLE);
	mutex_unlock(&batch->lock);
}

/*
 * The replies before the present one are sent, so it gets their pages, too. Nothing happens if it
 * has results in its pages already, or is a COMPOUND, which has limited its reply.
 */
static void batch_rewind(struct dnfs_batch *batch)
{
	struct svc_rqst *rqstp = batch->rqstp;
	struct xdr_stream *xdr = &rqstp->rq_res_stream;
	struct xdr_buf *res = &batch->res;

	if (batch->proc->flags & DNFS_PROC_WHOLE || res->page_len || xdr->iov != res->head ||
	    rqstp->rq_next_page != res->pages)
		return;
	rqstp->rq_next_page = rqstp->rq_respages;
	res->pages = rqstp->rq_respages;
	res->buflen = PAGE_SIZE * (rqstp->rq_page_end - res->pages);
	xdr->page_ptr = res->pages - 1;
}

/*
 * Let other threads receive from the connection. The replies that are ready are sent. The present
 * call becomes the last one of the batch. Context: called by the thread that executes the call.
 */
void dnfs_batch_release(struct dnfs_batch *batch)
{
	batch_end(batch);
	if (!batch->released)
		batch_release(batch);
	batch_rewind(batch);
	/* If it waits now, other calls of the connection go on. */
	batch->keeps = false;
}

/* Return: true if there are enough free pages for the reply to the present call. */
static bool batch_has_pages(const struct dnfs_batch *batch)
{
	const struct svc_rqst *rqstp = batch->rqstp;
	bool whole = batch->proc->flags & DNFS_PROC_WHOLE;

	return rqstp->rq_page_end - rqstp->rq_next_page >=
	       (whole ? BATCH_PAGES_COMPOUND : BATCH_PAGES_MIN);
}

/* Use the memory of replies that were sent again. */
static void batch_empty(struct dnfs_batch *batch)
{
	batch->used = 0;
	batch->rqstp->rq_next_page = batch->rqstp->rq_respages;
}

enum batch_state {
	BATCH_CALL,	/* a call is prepared and is to be executed */
	BATCH_MORE,	/* another call may be in the buffer */
	BATCH_EMPTY,	/* all that the buffer had was executed */
	BATCH_END,	/* it is the turn of other connections */
	BATCH_OTHER,	/* sunrpc is to receive what follows */
};

/* The mark of the record at @pos, which is in the buffer. */
static u32 batch_mark(const struct dnfs_batch *batch, unsigned int pos)
{
	return be32_to_cpup((const __be32 *)(batch->in + pos));
}

/* Return: true if a batch may take the record: it has one fragment, of whole words. */
static bool mark_is_plain(u32 mark)
{
	return mark & RPC_LAST_STREAM_FRAGMENT && !((mark & RPC_FRAGMENT_SIZE_MASK) % XDR_UNIT);
}

/* Return: BATCH_MORE if a record is in the buffer as a whole, BATCH_EMPTY if it may follow. */
static enum batch_state batch_record(const struct dnfs_batch *batch, unsigned int pos)
{
	unsigned int left = batch->have - pos;
	u32 mark, len;

	if (left < sizeof(mark))
		return BATCH_EMPTY;
	mark = batch_mark(batch, pos);
	len = mark & RPC_FRAGMENT_SIZE_MASK;
	if (!mark_is_plain(mark) || len > DNFS_BATCH_IN - sizeof(mark))
		return BATCH_OTHER;
	return len <= left - sizeof(mark) ? BATCH_MORE : BATCH_EMPTY;
}

/* Return: true if a record is so long that its payload is received apart, if it has one. */
static bool batch_is_long(const struct dnfs_batch *batch, unsigned int pos)
{
	return batch->have - pos >= sizeof(u32) &&
	       (batch_mark(batch, pos) & RPC_FRAGMENT_SIZE_MASK) > DNFS_BATCH_WHOLE;
}

/* Look at more of what the socket has. Return: false if there is no more, or no room for it. */
static bool batch_look_further(struct dnfs_batch *batch)
{
	if (batch->have < batch->most || batch->most == DNFS_BATCH_IN)
		return false;
	batch->most = max(2 * batch->most, DNFS_BATCH_IN_FIRST);
	batch_peek(batch);
	return true;
}

/*
 * Bytes of the record at @pos that a batch can go on with: all of a short one, the head of a long
 * one, or the mark. Return: 0 if sunrpc is to receive it.
 */
static u32 batch_wants(const struct dnfs_batch *batch, unsigned int pos)
{
	u32 mark, len;

	if (batch->have - pos < sizeof(mark))
		return sizeof(mark);
	mark = batch_mark(batch, pos);
	len = mark & RPC_FRAGMENT_SIZE_MASK;
	if (!mark_is_plain(mark) || len > DNFS_MAX_PAYLOAD + DNFS_LARGE_AROUND)
		return 0;
	return len > DNFS_BATCH_WHOLE ? DNFS_BATCH_IN_HEAD : sizeof(mark) + len;
}

/*
 * Return: true if the rest of that can be awaited in the socket. TCP reports less if it has no room
 * for more, or may not have: then sunrpc is to receive it.
 */
static bool batch_awaits(struct dnfs_batch *batch, unsigned int pos)
{
	int most = READ_ONCE(sock_net(batch->sk)->ipv4.sysctl_tcp_rmem[2]) / 2;
	u32 bytes = batch_wants(batch, pos);

	if (bytes <= batch->have - pos || bytes > most || tcp_epollin_ready(batch->sk, INT_MAX))
		return false;
	batch->awaits = bytes;
	return true;
}

/* What to do where no whole call is. The rest of one may wait behind a full buffer. */
static enum batch_state batch_behind(struct dnfs_batch *batch, unsigned int pos)
{
	if (batch->foreign)
		return BATCH_OTHER;
	if (pos == batch->have || (pos && batch->have == DNFS_BATCH_IN) || batch_awaits(batch, pos))
		return BATCH_EMPTY;
	return BATCH_OTHER;
}

/* Return: true if the connection had its turn. */
static bool batch_had_turn(const struct dnfs_batch *batch)
{
	return batch->calls >= DNFS_BATCH_CALLS ||
	       (batch->calls >= DNFS_BATCH_CALLS_FAIR &&
		!lwq_empty(&batch->rqstp->rq_pool->sp_xprts));
}

static bool batch_may_go_on(const struct dnfs_batch *batch)
{
	return !batch->released && !batch_had_turn(batch) &&
	       !time_after(jiffies, batch->turn) &&
	       !(READ_ONCE(batch->xprt->xpt_flags) & (BIT(XPT_CLOSE) | BIT(XPT_HANDSHAKE))) &&
	       READ_ONCE(batch->sk->sk_wmem_queued) <= DNFS_BATCH_UNSENT;
}

/* Begin the call at @p, with room for its reply. Return: as dnfs_direct_begin(). */
static bool batch_prepare(struct dnfs_batch *batch, const __be32 *p, unsigned int len)
{
	if (dnfs_batch_has_room(batch)) {
		if (!dnfs_direct_begin(batch, p, len))
			return false;
		if (batch_has_pages(batch))
			return true;
	}
	dnfs_batch_send(batch, false);
	batch_empty(batch);
	return dnfs_direct_begin(batch, p, len);
}

/* Execute the call that was prepared, and add its reply. */
static enum batch_state batch_call(struct dnfs_batch *batch)
{
	/* From the beginning of the call on, the rescue may give the connection away. */
	bool release = batch->proc->exec && ditto_block_hint_begin(&batch->stream->block_hint);
	unsigned long switches = current->nvcsw;
	struct svc_rqst *rqstp = batch->rqstp;
	bool waited, reply;

	batch->calls++;
	batch->keeps = true;
	batch_begin(batch);
	if (unlikely(release))
		dnfs_batch_release(batch);
	reply = dnfs_rpc_execute(rqstp, batch->program, batch->proc, batch);
	if (reply)
		dnfs_direct_end(batch);
	/* Not for the rescue, which comes to a call that is only slow, too. */
	waited = current->nvcsw != switches && batch->keeps;
	batch_end(batch);
	if (unlikely(waited))
		dnfs_conn_waited(batch->xprt);

	if (reply && !dnfs_batch_add_reply(batch)) {
		dnfs_batch_send(batch, true);
		if (!dnfs_pages_aside(rqstp)) {
			dnfs_sent_pages_exchange(&batch->sent_pages, rqstp);
			return BATCH_END;
		}
		if (!dnfs_return_pages(rqstp, batch->res.pages))
			return BATCH_END;
		batch_empty(batch);
	}
	/* Pages of the page cache must not be written to, whether they are in a reply or not. */
	if (dnfs_pages_aside(rqstp))
		return BATCH_END;
	return batch_may_go_on(batch) ? BATCH_MORE : BATCH_END;
}

/*
 * A record is too long and not received apart. The next round looks at it again if only the end of
 * the buffer may have hidden where its payload begins.
 */
static enum batch_state batch_refuse_large(const struct dnfs_batch *batch, unsigned int pos)
{
	return pos && batch->have == batch->most && !batch->foreign ? BATCH_EMPTY : BATCH_OTHER;
}

/* Begin to receive what is at @pos, if it is a large call with a payload. Its mark is there. */
static enum batch_state batch_begin_large(struct dnfs_batch *batch, unsigned int pos)
{
	unsigned int there = round_down(batch->have - pos, XDR_UNIT);
	const __be32 *p = (const __be32 *)(batch->in + pos);
	struct xdr_stream *in = &batch->rqstp->rq_arg_stream;
	u32 mark, len, payload;

	if (batch->foreign)
		return BATCH_OTHER;
	mark = batch_mark(batch, pos);
	len = mark & RPC_FRAGMENT_SIZE_MASK;
	if (!mark_is_plain(mark))
		return BATCH_OTHER;
	if (!batch_prepare(batch, p + 1, there - sizeof(mark)) || !batch->proc->payload ||
	    !batch->proc->payload(in, &payload))
		return batch_refuse_large(batch, pos);
	batch->stream->part = dnfs_large_new(p + 1, xdr_stream_pos(in), payload, len);
	if (!batch->stream->part)
		return BATCH_OTHER;
	batch->done = pos + sizeof(mark) + batch->stream->part->at;
	batch->stream->expects_large = true;
	return BATCH_EMPTY;
}

/* Receive the rest of a large call. What was received stays in @batch->large for the call. */
static enum batch_state batch_go_on_large(struct dnfs_batch *batch)
{
	struct dnfs_large *large = batch->stream->part;
	int got = dnfs_large_receive(large, dnfs_batch_svsk(batch)->sk_sock);

	dnfs_conn_holds(batch->xprt, got ? 0 : dnfs_large_memory(large));
	if (!got)
		return BATCH_EMPTY;
	batch->stream->part = NULL;
	batch->large = large;
	if (got > 0 && batch_prepare(batch, (const __be32 *)large->flat, large->at))
		return BATCH_CALL;
	svc_xprt_deferred_close(batch->xprt);
	return BATCH_END;
}

/* Prepare the next call in @batch->in. */
static enum batch_state batch_next(struct dnfs_batch *batch, unsigned int *pos)
{
	const __be32 *p = (const __be32 *)(batch->in + *pos);
	enum batch_state state;
	unsigned int len;

	while (batch_is_long(batch, *pos)) {
		state = batch_begin_large(batch, *pos);
		if (state != BATCH_OTHER)
			return state;
		if (batch->most >= DNFS_BATCH_IN_FIRST || !batch_look_further(batch))
			break;
	}
	while ((state = batch_record(batch, *pos)) != BATCH_MORE)
		if (state == BATCH_OTHER || !batch_look_further(batch))
			return batch_behind(batch, *pos);
	len = batch_mark(batch, *pos) & RPC_FRAGMENT_SIZE_MASK;
	if (!batch_prepare(batch, p + 1, len))
		return BATCH_OTHER;
	*pos += sizeof(*p) + len;
	batch->done = *pos;
	batch->stream->expects_large = false;
	return BATCH_CALL;
}

/*
 * @payload: bytes of the large call that the round has received; 0 without one. Return: true if the
 * replies may wait for the replies to the calls behind them: none has a payload longer than what a
 * round executes of short calls.
 */
static bool batch_may_hold(const struct dnfs_batch *batch, enum batch_state state, u32 payload)
{
	u32 next = batch->stream->part ? batch->stream->part->payload : 0;

	return state == BATCH_EMPTY && (payload || next) && max(payload, next) <= DNFS_BATCH_IN;
}

/*
 * Begin a batch. Credential and admission of a caller hold for its next calls, too, if they come
 * soon and over the same connection. sunrpc wakes the thread that went to sleep last, so they
 * mostly come to this one.
 */
static void batch_enter(struct dnfs_batch *batch, struct dnfs_stream *stream)
{
	struct svc_rqst *rqstp = batch->rqstp;
	struct svc_xprt *xprt = batch->xprt;

	batch->server = dnfs_server_of(SVC_NET(rqstp));
	batch->sk = dnfs_batch_svsk(batch)->sk_sk;
	batch->max_payload = svc_max_payload(rqstp);
	batch->break_wait = dnfs_break_wait(batch->server);
	batch->turn = jiffies;
	batch->calls = 0;
	batch->released = false;
	batch->stream = stream;
	/* sunrpc releases the pages from here to rq_next_page. */
	svc_rqst_respages_all(rqstp);
	batch_empty(batch);
	rqstp->rq_xprt_ctxt = NULL;
	rqstp->rq_prot = IPPROTO_TCP;
	svc_xprt_copy_addrs(rqstp, xprt);
	if (batch->conn != stream->id || time_after(jiffies, batch->left))
		batch_forget(batch);
	batch->conn = stream->id;
	if (batch->body_len)
		rqstp->rq_cred = batch->cred;
}

static void batch_leave(struct dnfs_batch *batch)
{
	struct svc_cred *cred = &batch->rqstp->rq_cred;

	/* A machine is forgotten if it is silent. */
	if (batch->peer)
		ditto_peer_put(batch->peer);
	batch->peer = NULL;
	batch->left = jiffies;
	batch->cred = *cred;
	/* The groups are the batch's own. */
	cred->cr_group_info = NULL;
}

/*
 * A client that waits for each reply, and shares the CPU, sends its next call. The thread yields to
 * nobody while other connections wait for a thread.
 */
static void batch_yield(struct dnfs_batch *batch)
{
	bool awaited = !lwq_empty(&batch->rqstp->rq_pool->sp_xprts);
	const unsigned long *flags = &batch->xprt->xpt_flags;
	struct dnfs_stream *stream = batch->stream;
	bool soon;

	if (test_bit(XPT_DATA, flags)) {
		cond_resched();
	} else if (ditto_yield_helps(stream->shares_cpu && !awaited)) {
		soon = ditto_yield();
		stream->shares_cpu = soon && test_bit(XPT_DATA, flags);
	}
}

/*
 * Execute the calls that wait in a connection. @stream: in the connection's memory; the caller
 * frees @part when the connection ends. The caller has XPT_BUSY, and the connection has no TLS. The
 * caller charges for the replies that are not sent yet. Return: true if it has given XPT_BUSY back;
 * false if sunrpc is to receive the next record.
 */
bool dnfs_batch_run(struct dnfs_batch *batch, struct dnfs_stream *stream)
{
	struct svc_rqst *rqstp = batch->rqstp;
	struct svc_xprt *xprt = rqstp->rq_xprt;
	unsigned int before, pos;
	enum batch_state state;
	struct svc_sock *svsk;
	u32 payload;

	batch->xprt = xprt;
	svsk = dnfs_batch_svsk(batch);
	/* sunrpc has received the beginning of a record. */
	if (svsk->sk_tcplen || svsk->sk_datalen)
		return false;
	batch_enter(batch, stream);
	if (!stream->part)
		ditto_report_from(svsk->sk_sock, 1);
	do {
		before = batch->calls;
		payload = stream->part ? stream->part->payload : 0;
		pos = 0;
		batch->have = 0;
		batch->most = stream->expects_large ? DNFS_BATCH_IN_HEAD : DNFS_BATCH_IN_FIRST;
		batch->done = 0;
		batch->awaits = 1;
		clear_bit(XPT_DATA, &xprt->xpt_flags);
		/* Data that arrives after the look sets it again. */
		smp_mb__after_atomic();
		if (payload) {
			state = batch_go_on_large(batch);
		} else {
			batch_peek(batch);
			state = batch_next(batch, &pos);
		}
		while (state == BATCH_CALL) {
			state = batch_call(batch);
			if (state == BATCH_MORE)
				state = payload ? BATCH_EMPTY : batch_next(batch, &pos);
		}
		dnfs_large_free(batch->large);
		batch->large = NULL;

		if (batch->released || !(batch->done || (payload && !stream->part)))
			dnfs_batch_send(batch, false);
		else if (dnfs_batch_finish(batch, batch_may_hold(batch, state, payload)))
			set_bit(XPT_DATA, &xprt->xpt_flags);
		if (state != BATCH_END && !batch->nvec)
			batch_empty(batch);
		/* A client with several calls under way does not wait for this reply. */
		if (state == BATCH_EMPTY && batch->calls == before + 1 && !batch->nvec &&
		    !batch->released)
			batch_yield(batch);
	} while (state == BATCH_EMPTY && test_bit(XPT_DATA, &xprt->xpt_flags) &&
		 batch_may_go_on(batch));
	if (batch->nvec) {
		dnfs_batch_send(batch, false);
		batch_empty(batch);
	}
	batch_leave(batch);
	/* As sunrpc does: a connection without calls is closed after a while. */
	if (batch->calls)
		clear_bit(XPT_OLD, &xprt->xpt_flags);
	/* What follows STARTTLS is not for sunrpc, which would take it for a record. */
	if (state == BATCH_OTHER && !test_bit(XPT_HANDSHAKE, &xprt->xpt_flags)) {
		/* sunrpc receives into the first page, which may be another one by now. */
		rqstp->rq_arg.head[0].iov_base = page_address(rqstp->rq_pages[0]);
		return false;
	}
	if (!batch->released) {
		if (state == BATCH_EMPTY && !stream->part)
			ditto_report_from(svsk->sk_sock, batch->awaits);
		svc_xprt_received(xprt);
	}
	return true;
}
