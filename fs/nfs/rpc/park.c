// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parked calls: they wait for data of offloaded files without a thread.
 *
 * A client repeats a call of NFSv3 five seconds after NFS3ERR_JUKEBOX. A call that met absent data,
 * and has done nothing yet, is therefore kept. When the data is there, when nobody brings it back
 * any more, or when the time is over, it is handed to sunrpc as a call that was deferred, and
 * a thread executes it from the start, whether a batch or sunrpc had received it. sunrpc knows how
 * to authenticate calls that it has seen before.
 *
 * The work item of a parked call begins and ends its waiting, so the two never overlap. It is
 * queued again by the first of three events: the lock table wakes the park, the connection is
 * closed, or the time is over. All three only queue it.
 *
 * Lifetime: a parked call holds the file's node and the connection. No thread of a service that is
 * being stopped parks calls any more, and its connections are closed, so none is left when the
 * workqueue has been flushed. The end of a volume ends its recalls, which wakes the parks on its
 * nodes; a call that is parked later finds no recall.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/workqueue.h>

#include "../../../lockd/claim.h"
#include "../../../net/budget.h"
#include "../../../net/peer.h"
#include "../../node/node.h"
#include "../../share/share.h"
#include "../server.h"
#include "park.h"
#include "rpc.h"

/**
 * struct dnfs_parked - a parked call
 * @park: waits on the node of the file
 * @work: begins and ends the waiting
 * @closed: notification by sunrpc that the connection is closed
 * @begun: @work has run once
 * @xprt: the connection, with a reference
 * @req: the request, which is handed to sunrpc
 * @absent: the data that the call needs, with a reference to its file
 * @charge: charge to the client's machine
 */
struct dnfs_parked {
	struct ditto_park park;
	struct delayed_work work;
	struct svc_xpt_user closed;
	bool begun;
	struct svc_xprt *xprt;
	struct svc_deferred_req *req;
	struct ditto_absence absent;
	struct ditto_charge charge;
};

static struct workqueue_struct *park_wq;

/* Keep the request of a call. Return: it, or NULL. */
static struct svc_deferred_req *park_keep(struct dnfs_rpc_call *rc)
{
	unsigned long wait = msecs_to_jiffies(READ_ONCE(rc->call.server->settings.offload_wait_ms));
	struct svc_deferred_req *req = dnfs_deferred_of(rc->rqstp);

	if (!wait)
		return NULL;
	if (!req)
		return dnfs_park_copy(rc, jiffies + wait);
	if (time_after_eq(jiffies, dnfs_deferred_state(req)->until))
		return NULL;
	dnfs_deferred_take(rc->rqstp);
	return req;
}

static void park_end(struct dnfs_parked *parked)
{
	/* Nothing queues the work any more after these two. */
	unregister_xpt_user(parked->xprt, &parked->closed);
	ditto_park_cancel(&parked->park);
	cancel_delayed_work(&parked->work);
	ditto_node_put(parked->absent.node);
	ditto_uncharge(&parked->charge);
	dnfs_deferred_state(parked->req)->ready = ktime_get();
	dnfs_deferred_hand_over(parked->xprt, parked->req);
	svc_xprt_put(parked->xprt);
	kfree(parked);
}

/* Return: false if there is nothing to wait for. */
static bool park_begin(struct dnfs_parked *parked)
{
	unsigned long until = dnfs_deferred_state(parked->req)->until, now = jiffies;

	if (time_after_eq(now, until) || register_xpt_user(parked->xprt, &parked->closed))
		return false;
	/* Each wait takes at least a jiffy, so that the retries end where too many are parked. */
	if (!ditto_offload_park(&parked->absent, &parked->park))
		until = now + 1;
	queue_delayed_work(park_wq, &parked->work, until - now);
	return true;
}

static void park_work(struct work_struct *work)
{
	struct dnfs_parked *parked = container_of(to_delayed_work(work), struct dnfs_parked, work);
	bool begun = parked->begun;

	parked->begun = true;
	if (begun || !park_begin(parked))
		park_end(parked);
}

static void park_woken(struct ditto_park *park)
{
	struct dnfs_parked *parked = container_of(park, struct dnfs_parked, park);

	mod_delayed_work(park_wq, &parked->work, 0);
}

/* Called with xpt_lock. */
static void park_closed(struct svc_xpt_user *user)
{
	struct dnfs_parked *parked = container_of(user, struct dnfs_parked, closed);

	mod_delayed_work(park_wq, &parked->work, 0);
}

/*
 * Keep a call that met absent data. @rc: the call: it has done nothing yet, and must be executed
 * again from the start. Calls over TCP are kept, for the time of the setting offload-wait-ms from
 * the first execution on, and as many for one address as its budget allows. Return: the kept call,
 * for dnfs_park(), which has taken over @absent of the call; NULL if the client must retry.
 */
struct dnfs_parked *dnfs_park_prepare(struct dnfs_rpc_call *rc)
{
	struct dnfs_call *call = &rc->call;
	struct dnfs_parked *parked;

	/* Over RDMA, sunrpc needs its buffer of a call for the reply. */
	if (!call->absent.node || !call->conn || dnfs_xprt_is_rdma(call->conn))
		return NULL;
	parked = kzalloc(sizeof(*parked), GFP_KERNEL);
	if (!parked)
		return NULL;
	/* The machine has passed the rules of a share, so it has the trust of one that may. */
	if (ditto_charge_machine(&parked->charge, call->srv, &call->peer->addr,
				 DITTO_BUDGET_PARKED, 1))
		goto free;
	parked->req = park_keep(rc);
	if (!parked->req)
		goto uncharge;
	ditto_park_init(&parked->park, park_woken);
	INIT_DELAYED_WORK(&parked->work, park_work);
	INIT_LIST_HEAD(&parked->closed.list);
	parked->closed.callback = park_closed;
	svc_xprt_get(call->conn);
	parked->xprt = call->conn;
	parked->absent = call->absent;
	call->absent.node = NULL;
	return parked;

uncharge:
	ditto_uncharge(&parked->charge);
free:
	kfree(parked);
	return NULL;
}

/*
 * Let a kept call wait. Another thread may execute it again from now on, so nothing of the first
 * execution must be left. Context: any.
 */
void dnfs_park(struct dnfs_parked *parked)
{
	queue_delayed_work(park_wq, &parked->work, 0);
}

/* Wait until the calls of connections that are closed have gone. May sleep. */
void dnfs_park_flush(void)
{
	flush_workqueue(park_wq);
}

/* Called once when the module is loaded. May sleep. Return: 0 or -ENOMEM. */
int dnfs_park_init(void)
{
	park_wq = alloc_workqueue("ditto_nfs_park", WQ_UNBOUND, 0);
	return park_wq ? 0 : -ENOMEM;
}

/* No call is parked any more. May sleep. */
void dnfs_park_exit(void)
{
	destroy_workqueue(park_wq);
}
