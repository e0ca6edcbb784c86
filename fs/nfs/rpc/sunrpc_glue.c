// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses of sunrpc that its interface does not provide for. They rely on how Linux 6.12 and 7.3 work
 * inside, and are in this file, so that they can be checked against another kernel; the mark of TLS
 * is set where a call is received.
 *
 * The thread of a request. Each service thread has state of its own: what it executes, its batch,
 * and the file that it has seen last. A call that comes from sunrpc has only its struct svc_rqst,
 * which is the thread's for as long as that lives. Its rq_private is for a server's own use.
 *
 * Transport operations. sunrpc accepts all connections, and keeps the pages of a record until it is
 * complete, without a limit for a client. It also decides alone when it receives. So a listening
 * socket gets a copy of its operations, in which those are replaced that accept, receive, send,
 * ask for room to send, begin TLS, and end; what remains is done by sunrpc's own. The class stays
 * "tcp", because the back channel of NFSv4.1 depends on that. sunrpc reads xpt_ops anew for each
 * operation. A connection that must not receive gets a second copy, in which there is never room
 * to send: for such a connection sunrpc wakes no thread. A connection gets its own operations back
 * when it is closed, because a callback may hold it for longer than this module is loaded. RDMA has
 * another copy, in which those are replaced that accept, receive, send, ask for room, release a
 * call, and end. Its module may have been unloaded and loaded elsewhere since the last listener;
 * before that, all who used the copy went.
 *
 * The send queue of RDMA. A thread that finds no place in it waits until the client takes what was
 * sent, which it need never do. So a call is received only if there are places for it and for the
 * calls in progress. A call takes as many as its client wants, by the segments of memory that it
 * names; the header with them is read before sunrpc reads it. A call with arguments to fetch is
 * received twice, and has its places from the first time on. Threads that wait are woken whenever
 * the client has taken something. An entry of ours among them has a connection enqueued then.
 *
 * The listener of RDMA. sunrpc queues a connection to a listener until it is accepted, however many
 * there are, forgets the queue when the listener is closed, and takes connections until it is
 * freed. A connection that is left there keeps the module and the device for ever. So the
 * listener's events come to us first: a closed listener refuses connections, and then the queue is
 * emptied; an open one refuses what is too much.
 *
 * The identifier of a listener of RDMA. Its end waits until its handler returns, and while sunrpc's
 * handler is replaced by ours either may be called. But an event may end the identifier while a
 * thread closes the listener with it. So who closes a listener waits for its events, and later ones
 * find it closed and leave its identifier to svc_rdma_free(). Only while our handler is installed
 * may a change of a bond end an identifier that is in use, as in sunrpc.
 *
 * The first user of a connection. sunrpc has no private pointer in a struct svc_xprt for TCP, but a
 * list of users that are notified of its end. Ours is registered before any other, and sunrpc
 * adds each later user in front, so it is the last one of the list until the connection is closed.
 * The list changes under xpt_lock only, but its end does not while the caller has XPT_BUSY, since
 * sunrpc needs that for closing. Ours is freed after a grace period, so that it may be read under
 * RCU.
 *
 * The protection of a call. A call that was received before a TLS handshake may be executed after
 * it, and a man in the middle can send such calls. sunrpc's TCP does not use rq_xprt_ctxt, and
 * keeps it with a call that is deferred, so it has a mark for calls that were received through TLS.
 *
 * Pages kept aside. A page of a file that is spliced into a reply replaces a page of the thread.
 * sunrpc would free the thread's and allocate another, 256 times for 1 MiB. The thread's pages are
 * kept in memory of the thread, which otherwise only a WRITE uses, with the numbers of their slots.
 * rq_next_page is advanced past such a page, because it must not be written to.
 *
 * Deferred calls. A call of NFSv3 that needs data of an offloaded file is executed again when the
 * data is there, without a thread until then (park.c). sunrpc can do that for calls that wait for
 * its caches: it keeps a copy of the request, puts it into the connection's list of deferred
 * requests when the cache has an answer, and any thread then executes it from the start, with the
 * authentication of calls that were seen before. Its own way into that list leads through a cache
 * entry. So the copy is made and put there by us. sunrpc has its service in the member that says
 * whose request it is, where ours has a mark, and nothing looks at that any more once the
 * request is in the list.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sunrpc/svc_rdma.h>
#include <linux/wait.h>

#include "../../../net/peer.h"
#include "../share_options.h"
#include "connection_private.h"
#include "rpc.h"
#include "sunrpc_glue.h"

/* Transport operations */

/* The operations are written before any connection uses them, and then are the same. */
static DEFINE_MUTEX(ops_lock);
const struct svc_xprt_ops *dnfs_stock_ops;
struct svc_xprt_ops dnfs_ops, dnfs_held_ops;
static struct svc_xprt_ops rdma_ops;
static rdma_cm_event_handler rdma_stock_event;
/* Held while a listener has an event; taken for writing to wait for the end of that. */
static DECLARE_RWSEM(rdma_event_sem);

/* Most connections that wait to be accepted, as many as for TCP; and of one machine. */
#define RDMA_QUEUE_MAX		64
#define RDMA_QUEUE_MACHINE	16
/* Parts of a message: head, pages and tail. No piece is in two of them. */
#define RDMA_PARTS	3
/* Requests for a segment, where the device registers memory for it, and invalidates that. */
#define RDMA_REGISTERED	3

static int rdma_event(struct rdma_cm_id *id, struct rdma_cm_event *event);

static int held_has_wspace(struct svc_xprt *xprt)
{
	return 0;
}

/* Let a listening socket, and what it accepts, use operations of ours. */
void dnfs_ops_install(struct svc_xprt *listener, const struct svc_xprt_ops *ours)
{
	mutex_lock(&ops_lock);
	if (!dnfs_stock_ops) {
		dnfs_stock_ops = listener->xpt_ops;
		dnfs_ops = *dnfs_stock_ops;
		dnfs_ops.xpo_accept = ours->xpo_accept;
		dnfs_ops.xpo_recvfrom = ours->xpo_recvfrom;
		dnfs_ops.xpo_sendto = ours->xpo_sendto;
		dnfs_ops.xpo_has_wspace = ours->xpo_has_wspace;
		dnfs_ops.xpo_detach = ours->xpo_detach;
		if (dnfs_ops.xpo_handshake)
			dnfs_ops.xpo_handshake = ours->xpo_handshake;
		dnfs_held_ops = dnfs_ops;
		dnfs_held_ops.xpo_has_wspace = held_has_wspace;
	}
	mutex_unlock(&ops_lock);
	dnfs_ops_use(listener, false);
}

static struct svcxprt_rdma *rdma_of(struct svc_xprt *xprt)
{
	return container_of(xprt, struct svcxprt_rdma, sc_xprt);
}

/*
 * Check whether a connection may wait to be accepted. Return: false if there are too many, of all
 * machines or of this one.
 */
bool dnfs_rdma_queue_has_room(struct svc_xprt *listener, const struct sockaddr *from,
			      unsigned int *waiting)
{
	struct svcxprt_rdma *rdma = rdma_of(listener), *queued;
	unsigned int total = 0;
	struct in6_addr machine, who, addr;

	*waiting = 0;
	if (!ditto_addr_map(from, &addr))
		return false;
	ditto_addr_who(&machine, &addr);
	spin_lock(&rdma->sc_lock);
	list_for_each_entry(queued, &rdma->sc_accept_q, sc_accept_q) {
		total++;
		if (!ditto_addr_map((struct sockaddr *)&queued->sc_xprt.xpt_remote, &addr))
			continue;
		ditto_addr_who(&who, &addr);
		*waiting += ipv6_addr_equal(&who, &machine);
	}
	spin_unlock(&rdma->sc_lock);
	return total < RDMA_QUEUE_MAX && *waiting < RDMA_QUEUE_MACHINE;
}

/* Return: true if a request for a connection goes into the queue of a listener. */
static bool rdma_may_queue(struct svc_xprt *listener, const struct rdma_cm_id *id)
{
	const struct sockaddr *from = (const struct sockaddr *)&id->route.addr.dst_addr;
	unsigned int waiting;

	if (!dnfs_rdma_queue_has_room(listener, from, &waiting)) {
		pr_info_ratelimited("client %pISc is refused: %u connections over RDMA wait to be accepted, of all clients, or %u of its address or /64\n",
				    from, RDMA_QUEUE_MAX, RDMA_QUEUE_MACHINE);
		return false;
	}
	if (!dnfs_conn_may_connect(listener->xpt_net, from, waiting)) {
		pr_info_ratelimited("client %pISc is refused: it has as many connections as the budget lets it have\n",
				    from);
		return false;
	}
	return true;
}

/*
 * An event of a listener that is not closed, with rdma_event_sem. sunrpc gives it another
 * identifier when a bond has changed to another device, which may fail. It does nothing when the
 * device is removed, which waits for the end of the identifier.
 */
static int rdma_listener_event(struct svcxprt_rdma *rdma, struct rdma_cm_id *id,
			       struct rdma_cm_event *event)
{
	int ret = 0;

	switch (event->event) {
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		return rdma_may_queue(&rdma->sc_xprt, id) ? rdma_stock_event(id, event) : 1;
	case RDMA_CM_EVENT_ADDR_CHANGE:
		if (id != rdma->sc_cm_id)
			return 0;
		ret = rdma_stock_event(id, event);
		if (rdma->sc_cm_id)
			WRITE_ONCE(rdma->sc_cm_id->event_handler, rdma_event);
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		ret = 1;
		if (id == rdma->sc_cm_id)
			rdma->sc_cm_id = NULL;
		break;
	default:
		break;
	}
	if (!rdma->sc_cm_id)
		pr_warn("listener %pISpc: its RDMA device is gone, remove it and add it again\n",
			&rdma->sc_xprt.xpt_local);
	return ret;
}

/*
 * Events of a listener, and of a connection until it is accepted. Return: 1 to have the identifier
 * ended, else 0. sunrpc would take the connection for a listener if its address changed.
 */
static int rdma_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct svcxprt_rdma *rdma = id->context;
	int ret;

	if (!test_bit(XPT_LISTENER, &rdma->sc_xprt.xpt_flags))
		return 0;
	down_read(&rdma_event_sem);
	if (test_bit(XPT_CLOSE, &rdma->sc_xprt.xpt_flags))
		ret = event->event == RDMA_CM_EVENT_CONNECT_REQUEST;
	else
		ret = rdma_listener_event(rdma, id, event);
	up_read(&rdma_event_sem);
	return ret;
}

/* Wait for events of listeners that have been found open. */
static void rdma_await_events(void)
{
	down_write(&rdma_event_sem);
	up_write(&rdma_event_sem);
}

static void rdma_detach(struct svc_xprt *xprt)
{
	/* An event may end the identifier that is used here. */
	if (test_bit(XPT_LISTENER, &xprt->xpt_flags))
		rdma_await_events();
	dnfs_class_ops(xprt)->xpo_detach(xprt);
}

/* Let a listener for RDMA use operations of ours. */
void dnfs_rdma_ops_install(struct svc_xprt *listener, const struct svc_xprt_ops *ours)
{
	struct svc_xprt_ops ops = *dnfs_class_ops(listener);
	struct svcxprt_rdma *rdma = rdma_of(listener);

	ops.xpo_accept = ours->xpo_accept;
	ops.xpo_recvfrom = ours->xpo_recvfrom;
	ops.xpo_sendto = ours->xpo_sendto;
	ops.xpo_has_wspace = ours->xpo_has_wspace;
	ops.xpo_release_ctxt = ours->xpo_release_ctxt;
	ops.xpo_detach = rdma_detach;
	mutex_lock(&ops_lock);
	if (memcmp(&rdma_ops, &ops, sizeof(ops)))
		rdma_ops = ops;
	if (rdma->sc_cm_id) {
		rdma_stock_event = rdma->sc_cm_id->event_handler;
		WRITE_ONCE(rdma->sc_cm_id->event_handler, rdma_event);
	}
	mutex_unlock(&ops_lock);
	dnfs_rdma_ops_use(listener);
}

/* Close the connections to a listener for RDMA, closed before, that wait to be accepted. */
void dnfs_rdma_queue_empty(struct svc_xprt *listener)
{
	struct svcxprt_rdma *rdma = rdma_of(listener);
	struct module *owner = listener->xpt_class->xcl_owner;
	struct svc_xprt *xprt;

	/* An event that queues a connection now has found the listener open. */
	rdma_await_events();
	while (!list_empty_careful(&rdma->sc_accept_q)) {
		/* A connection has a reference of the module, as in sunrpc. */
		__module_get(owner);
		xprt = dnfs_class_ops(listener)->xpo_accept(listener);
		if (!xprt) {
			module_put(owner);
			continue;
		}
		/* It is busy and in no list, so that nobody else closes it. */
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
		set_bit(XPT_DEAD, &xprt->xpt_flags);
		xprt->xpt_ops->xpo_detach(xprt);
		svc_xprt_put(xprt);
	}
}

/* Return: true if a list has an item at *@p, which is moved past the mark of that. */
static bool rdma_has_item(const __be32 **p, const __be32 *end)
{
	return *p < end && *(*p)++ != xdr_zero;
}

/* Add to @pages where one may end within a segment, which begins anywhere in a page. */
static void rdma_add_pages(unsigned int *pages, __be32 length)
{
	*pages = min_t(unsigned int, DNFS_PAGES, *pages + (be32_to_cpu(length) >> PAGE_SHIFT) + 1);
}

/* Add the segments of a chunk for results; *@p is moved past them. */
static void rdma_add_segments(struct dnfs_rdma_chunks *chunks, const __be32 **p,
			      const __be32 *end)
{
	unsigned int count = *p < end ? be32_to_cpup((*p)++) : 0;

	count = min_t(size_t, count, (end - *p) / rpcrdma_segment_maxsz);
	chunks->writes += count;
	/* Handle and length, and an offset of two words. */
	for (; count; count--, *p += rpcrdma_segment_maxsz)
		rdma_add_pages(&chunks->write_pages, (*p)[1]);
}

/* Count the memory that a call names. Return: the numbers. */
struct dnfs_rdma_chunks dnfs_rdma_chunks_of(const __be32 *header, unsigned int bytes)
{
	const __be32 *p = header + rpcrdma_fixed_maxsz, *end = header + bytes / XDR_UNIT;
	struct dnfs_rdma_chunks chunks = {};
	unsigned int writes = 0;

	while (rdma_has_item(&p, end) && end - p >= rpcrdma_readseg_maxsz) {
		/* Position and handle come first. */
		rdma_add_pages(&chunks.read_pages, p[2]);
		p += rpcrdma_readseg_maxsz;
		chunks.reads++;
	}
	/* Things cut into n and m pieces at different places are n + m - 1 pieces. */
	while (rdma_has_item(&p, end)) {
		rdma_add_segments(&chunks, &p, end);
		chunks.writes += RDMA_PARTS - 1;
		writes++;
	}
	/* The Reply chunk has the rest: before the first, between two, and after the last. */
	if (rdma_has_item(&p, end)) {
		rdma_add_segments(&chunks, &p, end);
		chunks.writes += RDMA_PARTS * (writes + 1) - 1;
	}
	return chunks;
}

/*
 * Find how many places of the send queue a call takes at most. Return: the number, with one for the
 * reply.
 */
unsigned int dnfs_rdma_places(struct dnfs_rdma_chunks chunks, unsigned int read_sge,
			      unsigned int write_sge, bool registers)
{
	/* The call itself, if it is fetched, is cut by other chunks, each with a segment. */
	unsigned int pieces = 2 * chunks.reads, reads, writes;

	/* A piece takes a request, and further ones only for pages that end within it. */
	reads = pieces * (registers ? RDMA_REGISTERED : 1) + chunks.read_pages / read_sge;
	writes = chunks.writes + chunks.write_pages / write_sge;
	return 1 + max(reads, writes);
}

static struct dnfs_rdma_call rdma_call_of(const struct svcxprt_rdma *rdma,
					  const struct svc_rdma_recv_ctxt *ctxt)
{
	struct ib_device *dev = rdma->sc_cm_id->device;
	bool iwarp = rdma_protocol_iwarp(dev, rdma->sc_port_num);
	u32 write_sge = rdma->sc_qp->max_write_sge ?: 1;
	/* iWARP registers what it reads, which takes many pages each time. */
	u32 read_sge = iwarp ? write_sge : rdma->sc_qp->max_read_sge ?: 1;
	struct dnfs_rdma_chunks chunks = dnfs_rdma_chunks_of(ctxt->rc_recv_buf, ctxt->rc_byte_len);
	bool registers = iwarp || dev->attrs.max_sgl_rd;
	struct dnfs_rdma_call call = {
		.ctxt = ctxt,
		.fetches = chunks.reads,
		.places = dnfs_rdma_places(chunks, read_sge, write_sge, registers),
	};

	chunks.reads = 0;
	chunks.read_pages = 0;
	call.reply = dnfs_rdma_places(chunks, read_sge, write_sge, registers);
	return call;
}

/*
 * Look at the next call of a connection. A call whose arguments are fetched before this one is
 * received comes first. Context: the caller has XPT_BUSY. Return: false if there is none; then the
 * connection waits for one.
 */
bool dnfs_rdma_next(struct svc_xprt *xprt, struct dnfs_rdma_call *next)
{
	struct svcxprt_rdma *rdma = rdma_of(xprt);
	const struct svc_rdma_recv_ctxt *ctxt = NULL;
	bool fetched;

	*next = (struct dnfs_rdma_call) {};
	spin_lock(&rdma->sc_rq_dto_lock);
	fetched = !list_empty(&rdma->sc_read_complete_q);
	if (!fetched) {
		ctxt = list_first_entry_or_null(&rdma->sc_rq_dto_q, struct svc_rdma_recv_ctxt,
						rc_list);
		if (!ctxt)
			clear_bit(XPT_DATA, &xprt->xpt_flags);
	}
	spin_unlock(&rdma->sc_rq_dto_lock);
	if (!ctxt)
		return fetched;
	/* The call stays first, as the caller has XPT_BUSY. */
	ib_dma_sync_single_for_cpu(rdma->sc_pd->device, ctxt->rc_recv_sge.addr, ctxt->rc_byte_len,
				   DMA_FROM_DEVICE);
	*next = rdma_call_of(rdma, ctxt);
	return true;
}

/* Places that a call takes when its arguments are fetched, by sunrpc's context of it. */
unsigned int dnfs_rdma_reply_places(struct svc_xprt *xprt, const void *ctxt)
{
	return rdma_call_of(rdma_of(xprt), ctxt).reply;
}

/* Whether the arguments of a call were fetched. Any context. */
bool dnfs_rdma_is_fetched(struct svc_xprt *xprt)
{
	return !list_empty_careful(&rdma_of(xprt)->sc_read_complete_q);
}

/* Most places that a call may take. */
unsigned int dnfs_rdma_places_most(struct svc_xprt *xprt)
{
	const struct svcxprt_rdma *rdma = rdma_of(xprt);

	return rdma->sc_sq_depth - min(rdma->sc_sq_depth, rdma->sc_max_bc_requests + 1);
}

/* Whether so many places are free, so that no thread waits for one. Any context. */
bool dnfs_rdma_has_room(struct svc_xprt *xprt, long places)
{
	struct svcxprt_rdma *rdma = rdma_of(xprt);

	/* Callbacks take places, too. */
	places += rdma->sc_max_bc_requests;
	if (likely(atomic_read(&rdma->sc_sq_avail) > places))
		return true;
	/*
	 * Pairs with svc_rdma_wake_send_waiters(): either this finds the room, or rdma_wake() that
	 * the connection is not busy.
	 */
	smp_mb();
	return atomic_read(&rdma->sc_sq_avail) > places;
}

/* Places with something that the client has not taken. */
u32 dnfs_rdma_unsent(struct svc_xprt *xprt)
{
	const struct svcxprt_rdma *rdma = rdma_of(xprt);

	return rdma->sc_sq_depth - atomic_read(&rdma->sc_sq_avail);
}

/* The client has taken something. The connection exists, as the entry is still in the list. */
static int rdma_wake(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct dnfs_conn *conn = container_of(entry, struct dnfs_conn, wake);

	/* The lock of the list is held. */
	WRITE_ONCE(conn->taken, conn->taken + 1);
	svc_xprt_enqueue(conn->xprt);
	return 0;
}

void dnfs_rdma_wake_begin(struct dnfs_conn *conn)
{
	init_waitqueue_func_entry(&conn->wake, rdma_wake);
	add_wait_queue(&rdma_of(conn->xprt)->sc_send_wait, &conn->wake);
}

void dnfs_rdma_wake_end(struct dnfs_conn *conn)
{
	remove_wait_queue(&rdma_of(conn->xprt)->sc_send_wait, &conn->wake);
}

/* Bytes of the buffers that are made with a connection over RDMA. */
long dnfs_rdma_memory(struct svc_xprt *xprt)
{
	const struct svcxprt_rdma *rdma = rdma_of(xprt);
	const struct svc_rdma_recv_ctxt *ctxt;

	return (2L * rdma->sc_max_requests + rdma->sc_recv_batch) *
	       (kmalloc_size_roundup(struct_size(ctxt, rc_pages, DNFS_PAGES)) +
		kmalloc_size_roundup(rdma->sc_max_req_size));
}

/* Let a connection over RDMA use them. */
void dnfs_rdma_ops_use(struct svc_xprt *xprt)
{
	WRITE_ONCE(xprt->xpt_ops, &rdma_ops);
}

/* The first user that was registered for a connection, or NULL. With xpt_lock or XPT_BUSY. */
struct svc_xpt_user *dnfs_xprt_first_user(struct svc_xprt *xprt)
{
	struct list_head *last = READ_ONCE(xprt->xpt_users.prev);

	return last == &xprt->xpt_users ? NULL : list_entry(last, struct svc_xpt_user, list);
}

/* The protection of a call */

static u8 conn_tls;
void *const dnfs_conn_tls_ctxt = &conn_tls;

/* What protected a call when it was received: one DNFS_CONN_* bit, see share_options.h. */
u32 dnfs_conn_security(const struct svc_rqst *rqstp)
{
	if (rqstp->rq_xprt_ctxt != dnfs_conn_tls_ctxt)
		return DNFS_CONN_PLAIN;
	return test_bit(XPT_PEER_AUTH, &rqstp->rq_xprt->xpt_flags) ? DNFS_CONN_MTLS : DNFS_CONN_TLS;
}

/* Pages of a thread that are kept aside */

/*
 * Add a page of a file to the payload, in place of a page of the thread. @page: the page; gets a
 * reference. Return: false if there is no room.
 */
bool dnfs_page_replace(struct svc_rqst *rqstp, struct page *page)
{
	struct dnfs_worker *worker = dnfs_worker_of(rqstp);

	if (rqstp->rq_next_page >= rqstp->rq_page_end || worker->aside == DNFS_PAGES)
		return false;
	worker->vec[worker->aside++] = (struct kvec) {
		.iov_base = *rqstp->rq_next_page,
		.iov_len = rqstp->rq_next_page - rqstp->rq_respages,
	};
	get_page(page);
	*rqstp->rq_next_page++ = page;
	return true;
}

/* Return the pages that splicing had replaced to the thread. */
void dnfs_restore_pages(struct svc_rqst *rqstp)
{
	struct dnfs_worker *worker = dnfs_worker_of(rqstp);

	while (worker->aside) {
		const struct kvec *own = &worker->vec[--worker->aside];
		struct page **slot = rqstp->rq_respages + own->iov_len;

		/* sunrpc has released the page cache page. */
		if (WARN_ON_ONCE(*slot))
			put_page(own->iov_base);
		else
			*slot = own->iov_base;
	}
	svc_rqst_respages_refill(rqstp);
}

/*
 * Put pages of the page cache that were sent, and take the thread's own again. The network has
 * references of its own. Return: false if the call used other pages, too. Then nothing has changed.
 */
bool dnfs_return_pages(struct svc_rqst *rqstp, struct page **first)
{
	struct dnfs_worker *worker = dnfs_worker_of(rqstp);
	unsigned int n = worker->aside;

	/* Not if the call has used others, or has used these in an earlier attempt. */
	if (rqstp->rq_next_page != first + n ||
	    rqstp->rq_respages + worker->vec[0].iov_len != first)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		put_page(first[i]);
		first[i] = worker->vec[i].iov_base;
	}
	worker->aside = 0;
	return true;
}

/* Calls that were deferred by us */

/*
 * RFC 2203 section 5.3.2.2: length and sequence number in front of the arguments. sunrpc does not
 * expect them in a call that was deferred.
 */
#define DEFERRED_INTEGRITY_BYTES	(2 * XDR_UNIT)

/* Its address marks our requests. */
static u8 deferred_owner;

/* The state that is kept with a copy. */
struct dnfs_deferred_state *dnfs_deferred_state(struct svc_deferred_req *req)
{
	return PTR_ALIGN((void *)&req->args[req->argslen], __alignof__(struct dnfs_deferred_state));
}

/* The copy that a call is executed from, if it was deferred by us; else NULL. */
struct svc_deferred_req *dnfs_deferred_of(const struct svc_rqst *rqstp)
{
	struct svc_deferred_req *req = rqstp->rq_deferred;

	return req && req->handle.owner == &deferred_owner ? req : NULL;
}

/* When a call arrived; the first time if it was deferred by us. */
ktime_t dnfs_park_started(const struct svc_rqst *rqstp)
{
	struct svc_deferred_req *req = dnfs_deferred_of(rqstp);

	return unlikely(req) ? dnfs_deferred_state(req)->started : rqstp->rq_stime;
}

/*
 * Copy a call for sunrpc. Return: the copy, to be freed with kfree(); NULL if the call is too long,
 * or without memory.
 */
struct svc_deferred_req *dnfs_park_copy(const struct dnfs_rpc_call *rc, unsigned long until)
{
	unsigned int cut = rc->call.sec == DITTO_SEC_KRB5I ? DEFERRED_INTEGRITY_BYTES : 0;
	const struct svc_rqst *rqstp = rc->rqstp;
	const struct xdr_buf *buf = rqstp->rq_arg_stream.buf;
	const u8 *from = buf->head[0].iov_base;
	struct svc_deferred_req *req;
	unsigned int words;

	if (buf->len > buf->head[0].iov_len || buf->len > DNFS_PARK_BYTES || rc->args < cut ||
	    rc->args > buf->len)
		return NULL;
	words = (buf->len - cut) / XDR_UNIT;
	req = kzalloc(ALIGN(struct_size(req, args, words),
			    __alignof__(struct dnfs_deferred_state)) +
		      sizeof(struct dnfs_deferred_state), GFP_KERNEL);
	if (!req)
		return NULL;
	req->handle.owner = &deferred_owner;
	req->prot = rqstp->rq_prot;
	req->addr = rqstp->rq_addr;
	req->addrlen = rqstp->rq_addrlen;
	req->daddr = rqstp->rq_daddr;
	req->argslen = words;
	/* It tells only what protected the call; sunrpc takes it for a buffer and moves it. */
	req->xprt_ctxt = rqstp->rq_xprt_ctxt;
	memcpy(req->args, from, rc->args - cut);
	memcpy((u8 *)req->args + rc->args - cut, from + rc->args,
	       words * XDR_UNIT - (rc->args - cut));
	*dnfs_deferred_state(req) = (struct dnfs_deferred_state) {
		.started = rc->call.started, .until = until,
	};
	return req;
}

/* Take the copy from a call, so that sunrpc does not free it. */
void dnfs_deferred_take(struct svc_rqst *rqstp)
{
	rqstp->rq_deferred->xprt_ctxt = rqstp->rq_xprt_ctxt;
	rqstp->rq_deferred = NULL;
}

/*
 * Let any thread execute a call, unless the connection is closed. @xprt: the connection, held;
 * @req: the call; is freed, at the latest when it was executed. Context: process; takes xpt_lock.
 */
void dnfs_deferred_hand_over(struct svc_xprt *xprt, struct svc_deferred_req *req)
{
	bool dead;

	spin_lock(&xprt->xpt_lock);
	set_bit(XPT_DEFERRED, &xprt->xpt_flags);
	/* In this order: sunrpc sets XPT_DEAD, and then looks at XPT_DEFERRED without the lock. */
	smp_mb__after_atomic();
	dead = test_bit(XPT_DEAD, &xprt->xpt_flags);
	if (!dead)
		list_add_tail(&req->handle.recent, &xprt->xpt_deferred);
	spin_unlock(&xprt->xpt_lock);
	if (dead)
		kfree(req);
	else
		svc_xprt_enqueue(xprt);
}
