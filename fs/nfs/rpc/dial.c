// SPDX-License-Identifier: GPL-2.0-only
/* RPC transports that connect once, see dial.h. */
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sunrpc/clnt.h>
#include <linux/sunrpc/xprt.h>

#include "dial.h"

/* The operations of sunrpc's TCP transport, and the same with our own connect. */
static const struct rpc_xprt_ops *dial_tcp_ops;
static struct rpc_xprt_ops dial_ops;
/* Two threads that need them first would both fill them. */
static DEFINE_MUTEX(dial_lock);

static void dial_connect(struct rpc_xprt *xprt, struct rpc_task *task)
{
	if (!READ_ONCE(xprt->stat.connect_count)) {
		dial_tcp_ops->connect(xprt, task);
		return;
	}
	xprt_clear_connecting(xprt);
	xprt_wake_pending_tasks(xprt, -ECONNREFUSED);
}

/*
 * Let the transport of @clnt, which has made no call yet, connect once. The tasks of @clnt have
 * RPC_TASK_SOFTCONN. Nothing is done for datagrams.
 */
void dnfs_dial_begin(struct dnfs_dial *dial, struct rpc_clnt *clnt)
{
	struct rpc_xprt *xprt;

	rcu_read_lock();
	xprt = xprt_get(rcu_dereference(clnt->cl_xprt));
	rcu_read_unlock();
	if (!xprt)
		return;
	if (xprt->prot != IPPROTO_TCP) {
		xprt_put(xprt);
		return;
	}
	mutex_lock(&dial_lock);
	if (!dial_tcp_ops) {
		dial_tcp_ops = xprt->ops;
		dial_ops = *xprt->ops;
		dial_ops.connect = dial_connect;
	}
	mutex_unlock(&dial_lock);
	dial->xprt = xprt;
	dial->ops = xprt->ops;
	xprt->ops = &dial_ops;
}

/* Return: true if the connection was made and is lost. */
bool dnfs_dial_is_over(const struct dnfs_dial *dial)
{
	return dial->xprt && READ_ONCE(dial->xprt->stat.connect_count) &&
	       !xprt_connected(dial->xprt);
}

/* Drop the transport, after its RPC client was shut down. Nothing is done if there is none. */
void dnfs_dial_end(struct dnfs_dial *dial)
{
	if (!dial->xprt)
		return;
	/* sunrpc may free the transport when this module is gone. */
	dial->xprt->ops = dial->ops;
	xprt_put(dial->xprt);
	dial->xprt = NULL;
}
