// SPDX-License-Identifier: GPL-2.0-only
/*
 * What TCP connections cost: their number, and calls that are half received.
 *
 * sunrpc accepts whoever comes, and keeps the pages of a record until all of it is there. So
 * listening sockets get operations of ours: a connection is charged to the machine that it
 * comes from when it is accepted, and for a record that comes in pieces while it grows. A
 * connection for which there is no room is closed.
 *
 * Our operations are sunrpc's but for two. A connection gets sunrpc's back when it goes, for
 * callbacks may hold it for longer than our service runs.
 *
 * Locking: xprt->xpt_lock (spinlock) guards what a connection is charged. The budget's locks
 * are not taken inside it: accounts are given up under RCU.
 */
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sunrpc/svcsock.h>

#include "../../net/budget.h"
#include "../../net/peer.h"
#include "../admit.h"
#include "server.h"

/*
 * Bytes of a record that are not charged for. Nor is the connection itself: a machine whose
 * memory is used up must be able to come back and give some of it up.
 */
#define CONN_RECORD_FREE	SZ_16K
/* A record that is larger is charged for in such steps. */
#define CONN_RECORD_STEP	SZ_64K

/**
 * struct dnfs_conn - what a connection is charged
 * @user: told by sunrpc when the connection goes
 * @xprt: the connection; not counted
 * @charge: for being one
 * @memory: for the record that is being received
 * @rcu: freed under RCU
 */
struct dnfs_conn {
	struct svc_xpt_user user;
	struct svc_xprt *xprt;
	struct ditto_charge charge;
	struct ditto_charge memory;
	struct rcu_head rcu;
};

/* Written once, before a connection has them. */
static DEFINE_MUTEX(conn_ops_lock);
static const struct svc_xprt_ops *conn_stock_ops;
static struct svc_xprt_ops conn_ops;

static void conn_free(struct dnfs_conn *conn)
{
	ditto_uncharge(&conn->memory);
	ditto_uncharge(&conn->charge);
	kfree(conn);
}

static void conn_free_rcu(struct rcu_head *rcu)
{
	conn_free(container_of(rcu, struct dnfs_conn, rcu));
}

/* Called with xpt_lock. */
static void conn_gone(struct svc_xpt_user *user)
{
	struct dnfs_conn *conn = container_of(user, struct dnfs_conn, user);

	WRITE_ONCE(conn->xprt->xpt_ops, conn_stock_ops);
	call_rcu(&conn->rcu, conn_free_rcu);
}

/* A machine that a share admits speaks for its users, see struct dnfs4_client. */
static enum ditto_trust conn_trust(struct ditto_peer *peer)
{
	enum ditto_ports ports;

	switch (ditto_admit(peer, &ports)) {
	case DITTO_ADMITTED:
		return DITTO_TRUST_USER;
	case DITTO_UNDECIDED:
		return DITTO_TRUST_UNPROVEN;
	case DITTO_STRANGER:
		break;
	}
	return DITTO_TRUST_STRANGER;
}

static int conn_charge(struct dnfs_conn *conn)
{
	struct ditto_server *srv = dnfs_server_of(conn->xprt->xpt_net)->srv;
	struct ditto_principal who = {};
	struct ditto_peer *peer;
	int err;

	peer = ditto_peer_get(srv, (struct sockaddr *)&conn->xprt->xpt_remote,
			      dnfs_protocol_bit());
	if (!peer)
		return -ENOMEM;
	err = ditto_principal_init(&who, srv, &peer->addr, conn_trust(peer), INVALID_UID);
	ditto_peer_put(peer);
	if (err)
		return err;
	err = ditto_charge(&conn->charge, &who, DITTO_BUDGET_CONNECTIONS, 1) ?:
	      ditto_charge(&conn->memory, &who, DITTO_BUDGET_MEMORY, 0);
	ditto_principal_exit(&who);
	return err;
}

static int conn_begin(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	int err;

	if (!conn)
		return -ENOMEM;
	conn->xprt = xprt;
	conn->user.callback = conn_gone;
	err = conn_charge(conn) ?: register_xpt_user(xprt, &conn->user);
	if (err) {
		conn_free(conn);
		return err;
	}
	/* Nobody else knows it yet. */
	WRITE_ONCE(xprt->xpt_ops, &conn_ops);
	return 0;
}

static struct svc_xprt *conn_accept(struct svc_xprt *listener)
{
	struct svc_xprt *xprt = conn_stock_ops->xpo_accept(listener);

	/* It was busy until now: a thread finds the bit as soon as it is not any more. */
	if (xprt && conn_begin(xprt))
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
	return xprt;
}

static struct dnfs_conn *conn_of(struct svc_xprt *xprt)
{
	struct svc_xpt_user *user;

	lockdep_assert_held(&xprt->xpt_lock);
	list_for_each_entry(user, &xprt->xpt_users, list)
		if (user->callback == conn_gone)
			return container_of(user, struct dnfs_conn, user);
	return NULL;
}

/* The charge follows what sunrpc keeps of a record. */
static void conn_settle(struct svc_xprt *xprt, const struct svc_sock *svsk)
{
	struct dnfs_conn *conn;
	u32 held;
	int err = 0;

	spin_lock(&xprt->xpt_lock);
	conn = conn_of(xprt);
	held = READ_ONCE(svsk->sk_datalen);
	held = held > CONN_RECORD_FREE ? round_up(held, CONN_RECORD_STEP) : 0;
	if (conn && conn->memory.amount != held)
		err = ditto_charge_resize(&conn->memory, held);
	spin_unlock(&xprt->xpt_lock);
	if (err)
		svc_xprt_deferred_close(xprt);
}

static int conn_recvfrom(struct svc_rqst *rqstp)
{
	struct svc_xprt *xprt = rqstp->rq_xprt;
	const struct svc_sock *svsk = container_of(xprt, struct svc_sock, sk_xprt);
	int len = conn_stock_ops->xpo_recvfrom(rqstp);

	/* Another thread may go on with the next record: what it finds is settled by it. */
	if (unlikely(len > CONN_RECORD_FREE || READ_ONCE(svsk->sk_datalen) > CONN_RECORD_FREE))
		conn_settle(xprt, svsk);
	return len;
}

void dnfs_connections_charge(struct svc_xprt *listener)
{
	mutex_lock(&conn_ops_lock);
	if (!conn_stock_ops) {
		conn_stock_ops = listener->xpt_ops;
		conn_ops = *conn_stock_ops;
		conn_ops.xpo_accept = conn_accept;
		conn_ops.xpo_recvfrom = conn_recvfrom;
	}
	mutex_unlock(&conn_ops_lock);
	WRITE_ONCE(listener->xpt_ops, &conn_ops);
}
