// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: what is done in place of sunrpc's transport operations (sunrpc_glue.c).
 *
 * sunrpc accepts all connections, and keeps the pages of a record until the record is complete.
 * Here a connection is charged to the peer's machine when it is accepted, calls are executed in
 * batches, a long record is charged while it is received, and nothing is received while the machine
 * has too many unsent bytes. The charges are in conn.c, the handshakes of TLS in handshake.c.
 *
 * RDMA: sunrpc receives the calls, which wait in buffers that it makes with the connection. So each
 * connection is charged for them when it is accepted. A call is received only if there is room in
 * the send queue for what it and the calls in progress want to be fetched and sent.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/sunrpc/svcsock.h>
#include <net/sock.h>

#include "../../../net/rx_data.h"
#include "../server.h"
#include "batch.h"
#include "connection_private.h"
#include "sock.h"
#include "sunrpc_glue.h"

/* Nothing is received while this many bytes wait to be sent. TCP's default buffer is as large. */
#define CONN_UNSENT_MAX		SZ_4M

/* Charge for a connection, of which @memory bytes are made with it. */
static int conn_begin(struct svc_xprt *xprt, long memory)
{
	struct dnfs_conn *conn = dnfs_conn_alloc(xprt);
	int err;

	if (!conn)
		return -ENOMEM;
	dnfs_shake_init(conn);
	err = dnfs_conn_charge(conn, memory) ?: register_xpt_user(xprt, &conn->user);
	if (err) {
		dnfs_conn_uncount(conn);
		dnfs_conn_free(conn);
	}
	return err;
}

static struct svc_xprt *conn_accept(struct svc_xprt *listener)
{
	struct svc_xprt *xprt = dnfs_stock_ops->xpo_accept(listener);

	/*
	 * Otherwise the others that wait would wait for one more. If the flag is set, there was
	 * memory, but the client had left: who waits behind it must not wait for such clients.
	 */
	if (!xprt && !test_bit(XPT_CONN, &listener->xpt_flags) &&
	    dnfs_sock_accept_again(dnfs_conn_sock(listener)))
		set_bit(XPT_CONN, &listener->xpt_flags);
	if (!xprt)
		return NULL;
	if (conn_begin(xprt, 0)) {
		/* It is still busy; a thread sees the flag as soon as it is released. */
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
	} else {
		dnfs_sock_init(dnfs_conn_sock(xprt));
		/* No other thread uses the connection yet. */
		dnfs_ops_use(xprt, false);
	}
	return xprt;
}

/* The thread's batch, if calls are to be executed in one. It exists only while they are. */
static struct dnfs_batch *conn_batch_get(struct svc_rqst *rqstp, const struct dnfs_conn *conn)
{
	struct dnfs_batch *batch = dnfs_batch_of(rqstp);

	/* A large call that was begun has to be ended, whatever the setting says now. */
	if (conn && (conn->stream.part || READ_ONCE(conn->server->settings.fast_path)))
		return batch ?: dnfs_batch_alloc(rqstp);
	dnfs_batch_free(batch);
	return NULL;
}

static int conn_recvfrom(struct svc_rqst *rqstp)
{
	struct svc_xprt *xprt = rqstp->rq_xprt;
	struct dnfs_conn *conn = dnfs_conn_of(xprt);
	const struct svc_sock *svsk = container_of(xprt, struct svc_sock, sk_xprt);
	/* While this thread has XPT_BUSY, no handshake can begin. */
	bool tls = test_bit(XPT_TLS_SESSION, &xprt->xpt_flags);
	struct dnfs_batch *batch;
	int len;

	if (likely(conn))
		dnfs_worker_of(rqstp)->trust = READ_ONCE(conn->charge.trust);
	if (unlikely(dnfs_conn_has_unsent(xprt)) && dnfs_conn_watch(xprt))
		goto later;
	if (tls)
		goto receive;
	batch = conn_batch_get(rqstp, conn);
	if (!batch && conn && conn->stream.part) {
		/* sunrpc would take the rest of the call for a record. */
		svc_xprt_deferred_close(xprt);
		svc_xprt_received(xprt);
		return 0;
	}
	if (batch) {
		bool finished = dnfs_batch_run(batch, &conn->stream), full = false;

		if (READ_ONCE(dnfs_conn_sock(xprt)->sk_wmem_queued) > DNFS_CONN_FREE)
			full = dnfs_conn_watch(xprt);
		if (finished)
			return 0;
		if (full)
			goto later;
	}

receive:
	/* A batch may have awaited more. */
	ditto_report_from(svsk->sk_sock, 1);
	len = dnfs_stock_ops->xpo_recvfrom(rqstp);
	/* sunrpc's TCP does not use this pointer, and keeps it with a call that is deferred. */
	if (tls)
		rqstp->rq_xprt_ctxt = dnfs_conn_tls_ctxt;
	/*
	 * sunrpc has released XPT_BUSY, and another thread may receive the next record already; it
	 * settles the charge for that.
	 */
	if (unlikely(len > DNFS_CONN_FREE || READ_ONCE(svsk->sk_datalen) > DNFS_CONN_FREE))
		dnfs_conn_settle_part(xprt);
	return len;

later:
	set_bit(XPT_DATA, &xprt->xpt_flags);
	svc_xprt_received(xprt);
	return 0;
}

static int conn_sendto(struct svc_rqst *rqstp)
{
	struct svc_xprt *xprt = rqstp->rq_xprt;
	int sent = dnfs_stock_ops->xpo_sendto(rqstp);

	if (READ_ONCE(dnfs_conn_sock(xprt)->sk_wmem_queued) > DNFS_CONN_FREE)
		dnfs_conn_watch(xprt);
	return sent;
}

static bool conn_has_room(struct svc_xprt *xprt)
{
	return READ_ONCE(dnfs_conn_sock(xprt)->sk_wmem_queued) < CONN_UNSENT_MAX;
}

static int conn_has_wspace(struct svc_xprt *xprt)
{
	if (test_bit(XPT_LISTENER, &xprt->xpt_flags) || conn_has_room(xprt))
		return 1;
	/* TCP enqueues the connection again after an acknowledgment if this flag is set. */
	set_bit(SOCK_NOSPACE, &container_of(xprt, struct svc_sock, sk_xprt)->sk_sock->flags);
	/* Pairs with tcp_check_space(), which tests the flag after the queue has shrunk. */
	smp_mb__after_atomic();
	return conn_has_room(xprt);
}

/*
 * No account is charged for the unsent replies any more, so they are discarded, by a reset when the
 * socket is released. A reset also ends the connection for a client that got no FIN.
 */
static void conn_detach(struct svc_xprt *xprt)
{
	struct sock *sk = dnfs_conn_sock(xprt);

	if (READ_ONCE(sk->sk_wmem_queued) > DNFS_CONN_FREE)
		sock_no_linger(sk);
	dnfs_stock_ops->xpo_detach(xprt);
	if (dnfs_sock_lacks_fin(sk))
		sock_no_linger(sk);
}

static const struct svc_xprt_ops conn_ops = {
	.xpo_accept = conn_accept,
	.xpo_recvfrom = conn_recvfrom,
	.xpo_sendto = conn_sendto,
	.xpo_has_wspace = conn_has_wspace,
	.xpo_detach = conn_detach,
	.xpo_handshake = dnfs_shake,
};

static struct svc_xprt *rdma_accept(struct svc_xprt *listener)
{
	struct svc_xprt *xprt = dnfs_class_ops(listener)->xpo_accept(listener);

	if (!xprt)
		return NULL;
	if (conn_begin(xprt, dnfs_rdma_memory(xprt))) {
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
	} else {
		dnfs_rdma_wake_begin(dnfs_conn_of(xprt));
		dnfs_rdma_ops_use(xprt);
	}
	return xprt;
}

static int rdma_has_wspace(struct svc_xprt *xprt)
{
	/* A call that was fetched has its places already. */
	return dnfs_rdma_is_fetched(xprt) || dnfs_conn_rdma_has_room(xprt);
}

/* The client may never take what waits for it, so that is watched. */
static void rdma_watch(struct svc_xprt *xprt)
{
	const struct dnfs_conn *conn;
	bool looking;

	if (!dnfs_rdma_unsent(xprt))
		return;
	rcu_read_lock();
	conn = dnfs_conn_of(xprt);
	looking = !conn || READ_ONCE(conn->looking);
	rcu_read_unlock();
	if (!looking)
		dnfs_conn_watch(xprt);
}

/* Take the places for the next call. Return: false if it must not be received now. */
static bool rdma_reserve(struct svc_xprt *xprt, struct dnfs_conn *conn,
			 const struct dnfs_rdma_call *next)
{
	if (!next->ctxt)
		return true;
	if (next->places > dnfs_rdma_places_most(xprt)) {
		pr_info_ratelimited("client %pISc is disconnected: its call has too many segments for the send queue\n",
				    &xprt->xpt_remote);
		svc_xprt_deferred_close(xprt);
		return false;
	}
	WRITE_ONCE(conn->wants, next->places);
	if (!dnfs_conn_rdma_has_room(xprt))
		return false;
	atomic_add(next->places, &conn->places);
	WRITE_ONCE(conn->wants, 1);
	return true;
}

/*
 * Give places back that the call does not need any more, after something was received: @ctxt, or
 * NULL if no call is to be executed. What is being fetched has its own places in the send queue. A
 * malformed message with arguments to fetch is not told from one that is being fetched, which is
 * the loss of its client alone.
 */
static void rdma_settle(struct svc_xprt *xprt, struct dnfs_conn *conn,
			const struct dnfs_rdma_call *next, const void *ctxt)
{
	unsigned int kept = 0;

	/* Else one was received whose arguments were fetched after rdma_reserve() had looked. */
	if (ctxt == next->ctxt || (!ctxt && next->fetches))
		kept = next->reply;
	if (next->places == kept)
		return;
	atomic_sub(next->places - kept, &conn->places);
	svc_xprt_enqueue(xprt);
}

static int rdma_recvfrom(struct svc_rqst *rqstp)
{
	struct svc_xprt *xprt = rqstp->rq_xprt;
	struct dnfs_conn *conn = dnfs_conn_of(xprt);
	struct dnfs_rdma_call next;
	int len;

	if (unlikely(!conn))
		return dnfs_class_ops(xprt)->xpo_recvfrom(rqstp);
	dnfs_worker_of(rqstp)->trust = READ_ONCE(conn->charge.trust);
	rdma_watch(xprt);
	if (!dnfs_rdma_next(xprt, &next) || unlikely(!rdma_reserve(xprt, conn, &next)))
		goto later;
	refcount_inc(&conn->ref);
	len = dnfs_class_ops(xprt)->xpo_recvfrom(rqstp);
	rdma_settle(xprt, conn, &next, rqstp->rq_xprt_ctxt);
	dnfs_conn_put(conn);
	rdma_watch(xprt);
	return len;

later:
	svc_xprt_received(xprt);
	return 0;
}

static void rdma_release_ctxt(struct svc_xprt *xprt, void *ctxt)
{
	struct dnfs_conn *conn;

	if (ctxt) {
		rcu_read_lock();
		conn = dnfs_conn_of(xprt);
		if (conn)
			atomic_sub(dnfs_rdma_reply_places(xprt, ctxt), &conn->places);
		rcu_read_unlock();
	}
	dnfs_class_ops(xprt)->xpo_release_ctxt(xprt, ctxt);
}

static int rdma_sendto(struct svc_rqst *rqstp)
{
	struct svc_xprt *xprt = rqstp->rq_xprt;
	int sent;

	rdma_watch(xprt);
	sent = dnfs_class_ops(xprt)->xpo_sendto(rqstp);
	rdma_watch(xprt);
	return sent;
}

static const struct svc_xprt_ops rdma_ops = {
	.xpo_accept = rdma_accept,
	.xpo_recvfrom = rdma_recvfrom,
	.xpo_sendto = rdma_sendto,
	.xpo_has_wspace = rdma_has_wspace,
	.xpo_release_ctxt = rdma_release_ctxt,
};

/*
 * Charge a listener's connections to their machines. The socket and its connections must be gone
 * before the module is unloaded.
 */
void dnfs_connections_charge(struct svc_xprt *listener)
{
	if (dnfs_xprt_is_rdma(listener)) {
		dnfs_rdma_ops_install(listener, &rdma_ops);
		return;
	}
	dnfs_sock_init_listener(dnfs_conn_sock(listener));
	dnfs_ops_install(listener, &conn_ops);
}

/* Nothing is charged any more for connections that are gone. May sleep. */
void dnfs_connections_flush(void)
{
	/* A handshake may arm a look at the unsent bytes. */
	dnfs_shake_flush();
	dnfs_conn_flush();
}
