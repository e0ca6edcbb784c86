// SPDX-License-Identifier: GPL-2.0-only
/*
 * The charges for a connection: the connection itself, the memory of a partly received
 * call, and the replies that wait in the send queue. A connection that exceeds the budget is
 * closed.
 *
 * Locking: xprt->xpt_lock (spinlock) guards the charges of a connection. Accounts are released
 * by call_rcu(), so that the locks of the budget are not taken inside it. A thread that has
 * XPT_BUSY finds the charges without the lock, because sunrpc closes a connection only with
 * XPT_BUSY; it may read them then, but not change them. Another thread may move them to another
 * level of trust, but not to another account: see conn_charge.c. For the charges of
 * handshakes see handshake.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../server.h"
#include "../share_options.h"
#include "batch.h"
#include "connection_private.h"
#include "large.h"
#include "sunrpc_glue.h"

/* Step in which more bytes are charged. */
#define CONN_STEP		SZ_64K
/* A connection is closed if the client acknowledges nothing for this time. */
#define CONN_STALLED		(30 * HZ)
/* Interval at which unsent replies are checked; it grows while the client acknowledges nothing. */
#define CONN_LOOK_MIN		msecs_to_jiffies(20)
#define CONN_LOOK_MAX		msecs_to_jiffies(320)

static atomic64_t conn_ids = ATOMIC64_INIT(0);
static struct workqueue_struct *conn_wq;

/* Free charges that were never registered. */
void dnfs_conn_free(struct dnfs_conn *conn)
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
	dnfs_conn_free(container_of(rcu, struct dnfs_conn, rcu));
}

/* Drop a reference. Context: any. */
void dnfs_conn_put(struct dnfs_conn *conn)
{
	if (refcount_dec_and_test(&conn->ref))
		call_rcu(&conn->rcu, conn_free_rcu);
}

/* Do not count a connection any more. Context: process; does not sleep. */
void dnfs_conn_uncount(struct dnfs_conn *conn)
{
	struct ditto_conns *conns = conn->server->conns;

	spin_lock(&conns->lock);
	ditto_conns_remove(conns, &conn->counted);
	spin_unlock(&conns->lock);
}

/* The connection is closed. Called with xpt_lock; the caller holds a reference. */
static void conn_gone(struct svc_xpt_user *user)
{
	struct dnfs_conn *conn = container_of(user, struct dnfs_conn, user);

	dnfs_ops_return(conn->xprt);
	if (dnfs_xprt_is_rdma(conn->xprt))
		dnfs_rdma_wake_end(conn);
	conn->gone = true;
	dnfs_conn_uncount(conn);
	if (cancel_delayed_work(&conn->look)) {
		svc_xprt_put(conn->xprt);
		dnfs_conn_put(conn);
	}
	dnfs_conn_put(conn);
}

/*
 * Get the charges of a connection. While ours is not removed, it remains the last one of the list.
 * Context: the caller has xpt_lock, XPT_BUSY, or for reading only, RCU. Return: the charges; NULL
 * if it has none.
 */
struct dnfs_conn *dnfs_conn_of(struct svc_xprt *xprt)
{
	struct svc_xpt_user *user = dnfs_xprt_first_user(xprt);

	if (!user || user->callback != conn_gone)
		return NULL;
	return container_of(user, struct dnfs_conn, user);
}

/*
 * Get the number of a connection, and who it has proved to be. @xprt: the connection, held; @peer:
 * set to the peer of dnfs_conn_peer(), with a reference, if there is one; may be NULL. Context:
 * any; takes xpt_lock. Return: the number, or 0 if the connection is closed.
 */
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

/*
 * Get the peer of a call whose client has proved its name. @peer: set to the peer, with a
 * reference; NULL if the client has proved no name. Context: any. Return: false if the call came
 * with a certificate and the connection is closed: the name is not known any more, and the call
 * must not be executed under another one.
 */
bool dnfs_conn_peer(const struct svc_rqst *rqstp, struct ditto_peer **peer)
{
	*peer = NULL;
	return likely(dnfs_conn_security(rqstp) != DNFS_CONN_MTLS) ||
	       dnfs_conn_look_up(rqstp->rq_xprt, peer);
}

/* Bytes to be charged: rounded up, and none for a small number. */
static long conn_rounded(u32 bytes)
{
	return bytes > DNFS_CONN_FREE ? round_up(bytes, CONN_STEP) : 0;
}

/* Whether calls may be received over RDMA, so that no thread has to wait for the client. */
bool dnfs_conn_rdma_has_room(struct svc_xprt *xprt)
{
	const struct dnfs_conn *conn;
	long places = 1;

	rcu_read_lock();
	conn = dnfs_conn_of(xprt);
	/* Calls give up theirs after they took them from the send queue, which is read next. */
	if (conn)
		places = (long)atomic_read_acquire(&conn->places) + READ_ONCE(conn->wants);
	rcu_read_unlock();
	return dnfs_rdma_has_room(xprt, places);
}

/*
 * Charge for the bytes in the socket's send queue. Return: true if nothing must be received from
 * the connection, because its machine has too many, a handshake is in progress, or the send queue
 * of RDMA has no room.
 */
static bool conn_settle_unsent(struct dnfs_conn *conn)
{
	long unsent;
	bool full;

	lockdep_assert_held(&conn->xprt->xpt_lock);
	if (dnfs_xprt_is_rdma(conn->xprt))
		return !dnfs_conn_rdma_has_room(conn->xprt);
	unsent = conn_rounded(READ_ONCE(dnfs_conn_sock(conn->xprt)->sk_wmem_queued));
	if (conn->unsent.amount != unsent)
		ditto_charge_force(&conn->unsent, unsent);
	full = conn->shaking || !ditto_charge_room(&conn->unsent);
	dnfs_ops_use(conn->xprt, full);
	return full;
}

static void conn_queue_check(struct dnfs_conn *conn)
{
	conn->looking = true;
	refcount_inc(&conn->ref);
	svc_xprt_get(conn->xprt);
	queue_delayed_work(conn_wq, &conn->look, conn->wait);
}

/* Return: true if something waits to be taken by the client. */
static bool conn_waits(struct dnfs_conn *conn)
{
	return dnfs_xprt_is_rdma(conn->xprt) ? dnfs_rdma_unsent(conn->xprt) : conn->unsent.amount;
}

/* Charge for unsent bytes, and check them regularly until there are none. Return: as above. */
static bool conn_watch_unsent(struct dnfs_conn *conn)
{
	bool full = conn_settle_unsent(conn);

	if ((full || conn_waits(conn)) && !conn->looking) {
		conn->moved = jiffies;
		conn->wait = CONN_LOOK_MIN;
		conn_queue_check(conn);
	}
	return full;
}

/* Return: true if replies wait, and the client has acknowledged nothing for too long. */
static bool conn_is_stalled(struct dnfs_conn *conn)
{
	u32 acked = dnfs_xprt_is_rdma(conn->xprt) ?
		    READ_ONCE(conn->taken) :
		    READ_ONCE(tcp_sk(dnfs_conn_sock(conn->xprt))->snd_una);
	bool moves = acked != conn->acked;

	conn->acked = acked;
	conn->wait = moves ? CONN_LOOK_MIN : min(2 * conn->wait, CONN_LOOK_MAX);
	if (moves || !conn_waits(conn))
		conn->moved = jiffies;
	return time_after(jiffies, conn->moved + CONN_STALLED);
}

static void conn_check_unsent(struct work_struct *work)
{
	struct dnfs_conn *conn = container_of(to_delayed_work(work), struct dnfs_conn, look);
	struct svc_xprt *xprt = conn->xprt;
	bool full = false, stalled = false;

	spin_lock(&xprt->xpt_lock);
	if (!conn->gone) {
		full = conn_settle_unsent(conn);
		stalled = conn_is_stalled(conn);
		/* Order it before the look at what waits: pairs with rdma_watch(). */
		smp_store_mb(conn->looking, false);
		if (full || conn_waits(conn))
			conn_queue_check(conn);
	}
	spin_unlock(&xprt->xpt_lock);

	/*
	 * Pairs with svc_xprt_received(): either that finds the new operations, or
	 * svc_xprt_enqueue() finds that the connection is not busy.
	 */
	smp_mb();
	if (stalled) {
		pr_info_ratelimited("client %pISc is disconnected: it does not take the replies to its calls\n",
				    &xprt->xpt_remote);
		svc_xprt_deferred_close(xprt);
	} else if (!full) {
		svc_xprt_enqueue(xprt);
	}
	svc_xprt_put(xprt);
	dnfs_conn_put(conn);
}

/* Allocate the charges of a new connection, all zero; NULL without memory. May sleep. */
struct dnfs_conn *dnfs_conn_alloc(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->stream.id = atomic64_inc_return(&conn_ids);
	conn->xprt = xprt;
	conn->server = dnfs_server_of(xprt->xpt_net);
	conn->user.callback = conn_gone;
	conn->wants = 1;
	refcount_set(&conn->ref, 1);
	INIT_DELAYED_WORK(&conn->look, conn_check_unsent);
	return conn;
}

/*
 * Receive nothing more until dnfs_conn_resume(). Context: the caller has XPT_BUSY; takes xpt_lock.
 */
void dnfs_conn_pause(struct dnfs_conn *conn)
{
	struct svc_xprt *xprt = conn->xprt;

	spin_lock(&xprt->xpt_lock);
	conn->shaking = true;
	dnfs_ops_use(xprt, true);
	spin_unlock(&xprt->xpt_lock);
}

/*
 * Receive again, unless the budget forbids it. @peer: the client, if it has proved a name; consumes
 * the reference. Context: takes xpt_lock.
 */
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

	/* Pairs with svc_xprt_received(), as in conn_check_unsent(). */
	smp_mb();
	svc_xprt_enqueue(xprt);
}

/*
 * Charge for what was received of a record by sunrpc, or of a large call. Takes xpt_lock. Charge
 * for what was received of a record by sunrpc, or of a large call.
 */
void dnfs_conn_settle_part(struct svc_xprt *xprt)
{
	const struct svc_sock *svsk = container_of(xprt, struct svc_sock, sk_xprt);
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

/*
 * Charge for the large call that is being received. @bytes: bytes of memory of what was received; 0
 * if it is complete. Context: any; takes xpt_lock.
 */
void dnfs_conn_holds(struct svc_xprt *xprt, u32 bytes)
{
	struct dnfs_conn *conn;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn)
		conn->part_bytes = bytes;
	spin_unlock(&xprt->xpt_lock);
	dnfs_conn_settle_part(xprt);
}

/*
 * Charge for unsent bytes. True if nothing must be received now. Takes xpt_lock. Charge for unsent
 * bytes. Return: true if nothing must be received now.
 */
bool dnfs_conn_watch(struct svc_xprt *xprt)
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
 * Whether dnfs_conn_watch() has anything to do. The caller has XPT_BUSY. Check whether
 * dnfs_conn_watch() has anything to do. Mostly it has not, and then a call takes no lock here. The
 * caller has XPT_BUSY.
 */
bool dnfs_conn_has_unsent(struct svc_xprt *xprt)
{
	const struct dnfs_conn *conn = dnfs_conn_of(xprt);

	return READ_ONCE(dnfs_conn_sock(xprt)->sk_wmem_queued) > DNFS_CONN_FREE ||
	       !dnfs_ops_are_used(xprt) ||
	       (conn && (READ_ONCE(conn->unsent.amount) || !ditto_charge_room(&conn->unsent)));
}

/*
 * Note that a call of a connection has waited; see ditto_block_hint_waited(). Context: any; takes
 * xpt_lock.
 */
void dnfs_conn_waited(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn;

	spin_lock(&xprt->xpt_lock);
	conn = dnfs_conn_of(xprt);
	if (conn)
		ditto_block_hint_waited(&conn->stream.block_hint);
	spin_unlock(&xprt->xpt_lock);
}

/* No charge is left of connections that are gone. May sleep. */
void dnfs_conn_flush(void)
{
	flush_workqueue(conn_wq);
	/* Accounts are released by RCU callbacks. */
	rcu_barrier();
}

int dnfs_conn_setup(void)
{
	conn_wq = alloc_workqueue("ditto_nfs_conn", WQ_UNBOUND, 0);
	return conn_wq ? 0 : -ENOMEM;
}

void dnfs_conn_cleanup(void)
{
	destroy_workqueue(conn_wq);
	rcu_barrier();
}
