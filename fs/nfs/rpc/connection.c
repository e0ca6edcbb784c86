// SPDX-License-Identifier: GPL-2.0-only
/*
 * Budget charges for TCP connections: their number, the memory of partly received calls, and the
 * replies that wait in the send queue.
 *
 * sunrpc accepts all connections, and keeps the pages of a record until the record is complete.
 * Listening sockets therefore use operations of this file (sunrpc_glue.c). A connection is
 * charged to the peer's machine when it is accepted. A long record is charged while it is
 * received. A connection that exceeds the budget is closed. While a machine has too many unsent
 * bytes, nothing is received from any of its connections.
 *
 * Locking: xprt->xpt_lock (spinlock) guards the charges of a connection. Accounts are released
 * by call_rcu(), so that the locks of the budget are not taken inside it. A thread that has
 * XPT_BUSY finds the charges without the lock, because sunrpc closes a connection only with
 * XPT_BUSY; it may read them then, but not change them. Another thread may move them to another
 * level of trust meanwhile, but not to another account: see conn_charge.c. For the charges of
 * handshakes see handshake.c.
 */
#include <kunit/visibility.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../../../net/rx_data.h"
#include "../server.h"
#include "../share_options.h"
#include "batch.h"
#include "connection_private.h"
#include "large.h"
#include "sock.h"
#include "sunrpc_glue.h"

/*
 * Bytes of a record that are free of charge. The memory of the connection itself is free, too: a
 * machine that has used up its memory budget must still be able to connect and release state.
 */
#define CONN_FREE		SZ_16K
/* Step in which more bytes are charged. */
#define CONN_STEP		SZ_64K
/* Nothing is received while this many bytes wait to be sent. TCP's default buffer is as large. */
#define CONN_UNSENT_MAX		SZ_4M
/* A connection is closed if the client acknowledges nothing for this time. */
#define CONN_STALLED		(30 * HZ)
/* Interval at which unsent replies are checked; it grows while the client acknowledges nothing. */
#define CONN_LOOK_MIN		msecs_to_jiffies(20)
#define CONN_LOOK_MAX		msecs_to_jiffies(320)

static atomic64_t conn_ids = ATOMIC64_INIT(0);
static struct workqueue_struct *conn_wq;

static struct sock *conn_sock(struct svc_xprt *xprt)
{
	return container_of(xprt, struct svc_sock, sk_xprt)->sk_sk;
}

static void conn_free(struct dnfs_conn *conn)
{
	ditto_uncharge(&conn->handshake);
	ditto_uncharge(&conn->unsent);
	ditto_uncharge(&conn->memory);
	ditto_uncharge(&conn->charge);
	if (conn->peer)
		ditto_peer_put(conn->peer);
	dnfs_large_free(conn->stream.part);
	kfree(conn);
}

static void conn_free_rcu(struct rcu_head *rcu)
{
	conn_free(container_of(rcu, struct dnfs_conn, rcu));
}

void dnfs_conn_put(struct dnfs_conn *conn)
{
	if (refcount_dec_and_test(&conn->ref))
		call_rcu(&conn->rcu, conn_free_rcu);
}

/* The connection is closed. Called with xpt_lock; the caller holds a reference. */
static void conn_gone(struct svc_xpt_user *user)
{
	struct dnfs_conn *conn = container_of(user, struct dnfs_conn, user);

	dnfs_ops_return(conn->xprt);
	conn->gone = true;
	dnfs_conn_uncount(conn);
	if (cancel_delayed_work(&conn->look)) {
		svc_xprt_put(conn->xprt);
		dnfs_conn_put(conn);
	}
	dnfs_conn_put(conn);
}

/* The charges of a connection; NULL if it has none. The caller has xpt_lock or XPT_BUSY. */
struct dnfs_conn *dnfs_conn_of(struct svc_xprt *xprt)
{
	struct svc_xpt_user *user = dnfs_xprt_first_user(xprt);

	if (!user || user->callback != conn_gone)
		return NULL;
	return container_of(user, struct dnfs_conn, user);
}

u64 dnfs_conn_look_up(struct svc_xprt *xprt, struct ditto_peer **peer)
{
	struct dnfs_conn *conn;
	u64 id = 0;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn) {
		id = conn->stream.id;
		if (peer && conn->peer) {
			*peer = conn->peer;
			refcount_inc(&(*peer)->ref);
		}
	}
	spin_unlock(&xprt->xpt_lock);
	return id;
}

bool dnfs_conn_peer(const struct svc_rqst *rqstp, struct ditto_peer **peer)
{
	*peer = NULL;
	return likely(dnfs_conn_security(rqstp) != DNFS_CONN_MTLS) ||
	       dnfs_conn_look_up(rqstp->rq_xprt, peer);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_conn_peer);

/* Bytes to be charged: rounded up, and none for a small number. */
static long conn_rounded(u32 bytes)
{
	return bytes > CONN_FREE ? round_up(bytes, CONN_STEP) : 0;
}

/*
 * Charge for the bytes in the socket's send queue. Return: true if nothing must be received from
 * the connection, because its machine has too many or a handshake is in progress.
 */
static bool conn_settle_unsent(struct dnfs_conn *conn)
{
	long unsent = conn_rounded(READ_ONCE(conn_sock(conn->xprt)->sk_wmem_queued));
	bool full;

	lockdep_assert_held(&conn->xprt->xpt_lock);
	if (conn->unsent.amount != unsent)
		ditto_charge_force(&conn->unsent, unsent);
	full = conn->shaking || !ditto_charge_room(&conn->unsent);
	dnfs_ops_use(conn->xprt, full);
	return full;
}

static void conn_look_again(struct dnfs_conn *conn)
{
	conn->looking = true;
	refcount_inc(&conn->ref);
	svc_xprt_get(conn->xprt);
	queue_delayed_work(conn_wq, &conn->look, conn->wait);
}

/* Charge for unsent bytes, and check them regularly until there are none. Return: as above. */
static bool conn_watch_unsent(struct dnfs_conn *conn)
{
	bool full = conn_settle_unsent(conn);

	if ((full || conn->unsent.amount) && !conn->looking) {
		conn->moved = jiffies;
		conn->wait = CONN_LOOK_MIN;
		conn_look_again(conn);
	}
	return full;
}

/* Return: true if replies wait, and the client has acknowledged nothing for too long. */
static bool conn_is_stalled(struct dnfs_conn *conn)
{
	u32 acked = READ_ONCE(tcp_sk(conn_sock(conn->xprt))->snd_una);
	bool moves = acked != conn->acked;

	conn->acked = acked;
	conn->wait = moves ? CONN_LOOK_MIN : min(2 * conn->wait, CONN_LOOK_MAX);
	if (moves || !conn->unsent.amount)
		conn->moved = jiffies;
	return time_after(jiffies, conn->moved + CONN_STALLED);
}

static void conn_look(struct work_struct *work)
{
	struct dnfs_conn *conn = container_of(to_delayed_work(work), struct dnfs_conn, look);
	struct svc_xprt *xprt = conn->xprt;
	bool full = false, stalled = false;

	spin_lock(&xprt->xpt_lock);
	if (!conn->gone) {
		full = conn_settle_unsent(conn);
		stalled = conn_is_stalled(conn);
		conn->looking = false;
		if (full || conn->unsent.amount)
			conn_look_again(conn);
	}
	spin_unlock(&xprt->xpt_lock);

	/*
	 * Pairs with svc_xprt_received(): either that finds the new operations, or
	 * svc_xprt_enqueue() finds that the connection is not busy.
	 */
	smp_mb();
	if (stalled)
		svc_xprt_deferred_close(xprt);
	else if (!full)
		svc_xprt_enqueue(xprt);
	svc_xprt_put(xprt);
	dnfs_conn_put(conn);
}

void dnfs_conn_handshake(struct svc_xprt *xprt)
{
	dnfs_stock_ops->xpo_handshake(xprt);
}

void dnfs_conn_pause(struct dnfs_conn *conn)
{
	struct svc_xprt *xprt = conn->xprt;

	spin_lock(&xprt->xpt_lock);
	conn->shaking = true;
	dnfs_ops_use(xprt, true);
	spin_unlock(&xprt->xpt_lock);
}

void dnfs_conn_resume(struct dnfs_conn *conn, struct ditto_peer *peer)
{
	struct svc_xprt *xprt = conn->xprt;

	spin_lock(&xprt->xpt_lock);
	conn->peer = peer;
	if (!conn->gone) {
		conn->shaking = false;
		conn_watch_unsent(conn);
	}
	spin_unlock(&xprt->xpt_lock);

	/* Pairs with svc_xprt_received(), as in conn_look(). */
	smp_mb();
	svc_xprt_enqueue(xprt);
}

static int conn_begin(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	int err;

	if (!conn)
		return -ENOMEM;
	conn->stream.id = atomic64_inc_return(&conn_ids);
	conn->xprt = xprt;
	conn->server = dnfs_server_of(xprt->xpt_net);
	conn->user.callback = conn_gone;
	refcount_set(&conn->ref, 1);
	INIT_DELAYED_WORK(&conn->look, conn_look);
	dnfs_shake_init(conn);
	err = dnfs_conn_charge(conn) ?: register_xpt_user(xprt, &conn->user);
	if (err) {
		dnfs_conn_uncount(conn);
		conn_free(conn);
		return err;
	}
	dnfs_sock_init(conn_sock(xprt));
	/* No other thread uses the connection yet. */
	dnfs_ops_use(xprt, false);
	return 0;
}

static struct svc_xprt *conn_accept(struct svc_xprt *listener)
{
	struct svc_xprt *xprt = dnfs_stock_ops->xpo_accept(listener);

	/*
	 * Otherwise the others that wait would wait for one more. If the flag is set, there was
	 * memory, but the client had left: who waits behind it must not wait for such clients.
	 */
	if (!xprt && !test_bit(XPT_CONN, &listener->xpt_flags) &&
	    dnfs_sock_accept_again(conn_sock(listener)))
		set_bit(XPT_CONN, &listener->xpt_flags);
	/* The connection is still busy; a thread sees the flag as soon as it is released. */
	if (xprt && conn_begin(xprt))
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
	return xprt;
}

/* Charge for what was received of a record by sunrpc, or of a large call. */
static void conn_settle_part(struct svc_xprt *xprt, const struct svc_sock *svsk)
{
	struct dnfs_conn *conn;
	long held;
	int err = 0;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn) {
		held = conn_rounded(max_t(u32, READ_ONCE(svsk->sk_datalen), conn->part_bytes));
		if (conn->memory.amount != held)
			err = ditto_charge_resize(&conn->memory, held);
	}
	spin_unlock(&xprt->xpt_lock);
	if (err)
		svc_xprt_deferred_close(xprt);
}

void dnfs_conn_holds(struct svc_xprt *xprt, u32 bytes)
{
	struct dnfs_conn *conn;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn)
		conn->part_bytes = bytes;
	spin_unlock(&xprt->xpt_lock);
	conn_settle_part(xprt, container_of(xprt, struct svc_sock, sk_xprt));
}

/* Charge for unsent bytes. Return: true if nothing must be received now. */
static bool conn_watch(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn;
	bool full;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	full = conn && conn_watch_unsent(conn);
	spin_unlock(&xprt->xpt_lock);
	return full;
}

/*
 * Check whether conn_watch() has anything to do. Mostly it has not, and then a call takes no lock
 * here. The caller has XPT_BUSY.
 */
static bool conn_has_unsent(struct svc_xprt *xprt)
{
	const struct dnfs_conn *conn = dnfs_conn_of(xprt);

	return READ_ONCE(conn_sock(xprt)->sk_wmem_queued) > CONN_FREE ||
	       !dnfs_ops_are_used(xprt) ||
	       (conn && (READ_ONCE(conn->unsent.amount) || !ditto_charge_room(&conn->unsent)));
}

void dnfs_conn_waited(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn)
		ditto_block_hint_waited(&conn->stream.block_hint);
	spin_unlock(&xprt->xpt_lock);
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
	if (unlikely(conn_has_unsent(xprt)) && conn_watch(xprt))
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

		if (READ_ONCE(conn_sock(xprt)->sk_wmem_queued) > CONN_FREE)
			full = conn_watch(xprt);
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
	if (unlikely(len > CONN_FREE || READ_ONCE(svsk->sk_datalen) > CONN_FREE))
		conn_settle_part(xprt, svsk);
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

	if (READ_ONCE(conn_sock(xprt)->sk_wmem_queued) > CONN_FREE)
		conn_watch(xprt);
	return sent;
}

static bool conn_has_room(struct svc_xprt *xprt)
{
	return READ_ONCE(conn_sock(xprt)->sk_wmem_queued) < CONN_UNSENT_MAX;
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
 * socket is released. A reset also tells a client of the end that was not told by a FIN.
 */
static void conn_detach(struct svc_xprt *xprt)
{
	struct sock *sk = conn_sock(xprt);

	if (READ_ONCE(sk->sk_wmem_queued) > CONN_FREE)
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

void dnfs_connections_charge(struct svc_xprt *listener)
{
	dnfs_sock_init_listener(conn_sock(listener));
	dnfs_ops_install(listener, &conn_ops);
}

void dnfs_connections_flush(void)
{
	/* A handshake may arm a look at the unsent bytes. */
	dnfs_shake_flush();
	flush_workqueue(conn_wq);
	/* Accounts are released by RCU callbacks. */
	rcu_barrier();
}

int dnfs_connections_init(void)
{
	int err;

	conn_wq = alloc_workqueue("ditto_nfs_conn", WQ_UNBOUND, 0);
	if (!conn_wq)
		return -ENOMEM;
	err = dnfs_shake_module_init();
	if (err)
		destroy_workqueue(conn_wq);
	return err;
}

void dnfs_connections_exit(void)
{
	dnfs_batches_exit();
	dnfs_shake_module_exit();
	destroy_workqueue(conn_wq);
	rcu_barrier();
}
