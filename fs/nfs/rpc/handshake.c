// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLS handshakes of connections (RFC 9289).
 *
 * sunrpc waits for a TLS handshake, at most five seconds, in the thread that calls xpo_handshake.
 * This file calls it from a work item, so that slow clients keep no service thread waiting. During
 * the handshake the operations of the connection receive nothing. A handshake is refused in the
 * middle of a record, whose beginning came without TLS.
 *
 * Locking: the charge for a handshake is made by the thread that has XPT_BUSY, and released by the
 * work item.
 */
#include <linux/sunrpc/svcsock.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../../../net/peer_cert.h"
#include "../../../net/rx_data.h"
#include "../server.h"
#include "connection_private.h"

/* Each handshake occupies a worker; their number is limited by the budget. */
static struct workqueue_struct *shake_wq;

static struct svc_sock *shake_svsk(struct svc_xprt *xprt)
{
	return container_of(xprt, struct svc_sock, sk_xprt);
}

/*
 * Set @peer if the client has proved its name. The helper has reported the name before the end of
 * the handshake. Return: false without memory.
 */
static bool shake_prove(const struct dnfs_conn *conn, struct ditto_peer **peer)
{
	struct ditto_server *srv = conn->server->srv;
	struct svc_xprt *xprt = conn->xprt;
	char *name;

	if (!test_bit(XPT_PEER_AUTH, &xprt->xpt_flags))
		return true;
	name = ditto_peer_cert_take(srv, atomic64_read(&shake_svsk(xprt)->sk_sk->sk_cookie));
	if (!name)
		return true;
	*peer = ditto_peer_prove(srv, (struct sockaddr *)&xprt->xpt_remote, name);
	return *peer;
}

/* Perform a TLS handshake (RFC 9289 section 4.1). If that fails, the connection is closed. */
static void shake_perform(struct work_struct *work)
{
	struct dnfs_conn *conn = container_of(work, struct dnfs_conn, shake);
	struct svc_xprt *xprt = conn->xprt;
	struct ditto_peer *peer = NULL;
	bool known;

	dnfs_stock_ops->xpo_handshake(xprt);
	known = shake_prove(conn, &peer);
	ditto_uncharge(&conn->handshake);
	/*
	 * Before anything is received again: what the client sends next would be read as calls, or
	 * executed by the rules for its address instead of the rules for its name.
	 */
	if (!known || !test_bit(XPT_TLS_SESSION, &xprt->xpt_flags))
		set_bit(XPT_CLOSE, &xprt->xpt_flags);

	dnfs_conn_resume(conn, peer);
	svc_xprt_put(xprt);
	dnfs_conn_put(conn);
}

/*
 * Charge for a handshake and begin it. Return: 0; -EALREADY if the connection has or had one, which
 * would replace its session; -EBADMSG if the beginning of a record was received without TLS; or an
 * errno of ditto_charge().
 */
static int shake_begin(struct svc_xprt *xprt, struct dnfs_conn *conn)
{
	const struct svc_sock *svsk = shake_svsk(xprt);
	struct ditto_principal who = {};
	int err;

	if (svsk->sk_tcplen || svsk->sk_datalen || conn->stream.part)
		return -EBADMSG;
	if (conn->shaking || test_bit(XPT_TLS_SESSION, &xprt->xpt_flags))
		return -EALREADY;
	err = dnfs_conn_principal(conn, &who);
	if (err)
		return err;
	err = ditto_charge(&conn->handshake, &who, DITTO_BUDGET_HANDSHAKES, 1);
	ditto_principal_exit(&who);
	if (err)
		return err;

	/* A batch may have awaited more than a message of the handshake. */
	ditto_report_from(svsk->sk_sock, 1);
	dnfs_conn_pause(conn);
	refcount_inc(&conn->ref);
	svc_xprt_get(xprt);
	queue_work(shake_wq, &conn->shake);
	return 0;
}

/*
 * Begin the TLS handshake for which a client has asked. For struct svc_xprt_ops. Context: the
 * caller has XPT_BUSY; may sleep.
 */
void dnfs_shake(struct svc_xprt *xprt)
{
	struct dnfs_conn *conn = dnfs_conn_of(xprt);

	/* Otherwise sunrpc would call this function again. */
	clear_bit(XPT_HANDSHAKE, &xprt->xpt_flags);
	/* The reply that lets the client begin TLS was sent, so it is too late for a refusal. */
	if (!conn || shake_begin(xprt, conn))
		set_bit(XPT_CLOSE, &xprt->xpt_flags);
}

/* Prepare a connection for handshakes. Context: any. */
void dnfs_shake_init(struct dnfs_conn *conn)
{
	INIT_WORK(&conn->shake, shake_perform);
}

/* Wait until no handshake is in progress. May sleep. */
void dnfs_shake_flush(void)
{
	flush_workqueue(shake_wq);
}

/* Module initialization. Return: 0 or -ENOMEM. */
int dnfs_shake_module_init(void)
{
	shake_wq = alloc_workqueue("ditto_nfs_tls", WQ_UNBOUND, 0);
	return shake_wq ? 0 : -ENOMEM;
}

/* Module exit; no connection is left. */
void dnfs_shake_module_exit(void)
{
	destroy_workqueue(shake_wq);
}
