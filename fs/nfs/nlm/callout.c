// SPDX-License-Identifier: GPL-2.0-only
/*
 * RPC calls to daemons on clients.
 *
 * No thread waits for a reply. A callout is a work item that runs when a try is due,
 * when its turn comes, when a try ended, when its time is over, and when the callout was
 * settled; it never runs concurrently with itself. Shutting down the RPC client of a try waits for
 * its task, so that nothing of the try is left when its result is evaluated.
 *
 * A try takes a turn of a fair queue, and gives it back when it ends: a machine that does not
 * answer keeps no more turns than its part, and the next try waits behind other machines. Answers
 * have a queue of their own. Many implementations do not reply to them, and each of these would
 * keep a turn for the whole time of a try.
 *
 * Locking: nlm->callouts_lock guards the list and the count; @settled, @verdict and @waits
 * are written under it. The lock of the queue does not nest with it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/sunrpc/clnt.h>
#include <linux/sunrpc/xprtsock.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "callout.h"
#include "nlm.h"
#include "trace.h"

/* The number of callouts limits the waiting ones: none is evicted. */
static const struct ditto_fairq_limits dnlm_turn_limits[DNLM_CALLOUT_KINDS] = {
	[DNLM_CALL] = {
		.width = DNLM_RUNNING_MAX,
		.peer_width = DNLM_RUNNING_OF_PEER,
		.waiting = DNLM_CALLOUTS_MAX,
		.peer_waiting = DNLM_CALLOUTS_MAX,
	},
	[DNLM_ANSWER] = {
		.width = DNLM_ANSWERING_MAX,
		.peer_width = DNLM_ANSWERING_PEER,
		.waiting = DNLM_CALLOUTS_MAX,
		.peer_waiting = DNLM_CALLOUTS_MAX,
	},
	/* Notices go on for long, to many machines that may be gone. */
	[DNLM_NOTICE] = {
		.width = DNLM_NOTIFYING_MAX,
		.peer_width = DNLM_NOTIFYING_MAX,
		.waiting = DNLM_CALLOUTS_MAX,
		.peer_waiting = DNLM_CALLOUTS_MAX,
	},
};

/* Machines of one IPv6 /64 that take turns; the queue goes through them, so they are few. */
#define DNLM_TURN_GROUPS	64

static struct workqueue_struct *dnlm_wq;

static bool dnlm_is_over(const struct dnlm_callout *callout)
{
	return time_after_eq(jiffies, callout->deadline);
}

static struct ditto_fairq *dnlm_turns(const struct dnlm_callout *callout)
{
	return &callout->nlm->turns[callout->kind];
}

static void dnlm_turn_run(struct ditto_fair_turn *turn)
{
	struct dnlm_callout *callout = container_of(turn, struct dnlm_callout, turn);
	struct dnlm_server *nlm = callout->nlm;

	/* The work may free the callout as soon as it sees that it does not wait any more. */
	spin_lock(&nlm->callouts_lock);
	callout->waits = false;
	/* The time in the queue does not count against the client's. */
	callout->deadline += jiffies - callout->since;
	mod_delayed_work(dnlm_wq, &callout->work, 0);
	spin_unlock(&nlm->callouts_lock);
}

/* Return: 1 if the callout has its turn; 0 if it waits for it; or an errno. */
static int dnlm_turn_begin(struct dnlm_callout *callout)
{
	struct dnlm_server *nlm = callout->nlm;
	const struct in6_addr *addr = &callout->route.addr;
	int ret;

	if (callout->turn.peer)
		return 1;
	callout->turn.run = dnlm_turn_run;
	callout->since = jiffies;
	callout->waits = true;
	ret = ditto_fairq_enter(dnlm_turns(callout), &callout->turn, addr,
				siphash(addr, sizeof(*addr), &nlm->hosts_key) % DNLM_TURN_GROUPS);
	if (ret)
		callout->waits = false;
	return ret;
}

static void dnlm_turn_end(struct dnlm_callout *callout)
{
	if (callout->turn.peer)
		ditto_fairq_leave(dnlm_turns(callout), &callout->turn);
}

/* Return: true if the callout waits for its turn. One that is over leaves the queue. */
static bool dnlm_turn_waits(struct dnlm_callout *callout)
{
	struct dnlm_server *nlm = callout->nlm;
	bool waits, over;

	spin_lock(&nlm->callouts_lock);
	waits = callout->waits;
	over = callout->settled || nlm->stopping;
	spin_unlock(&nlm->callouts_lock);
	/* If it cannot leave the queue any more, its turn begins, and the work runs again. */
	if (!waits || !over || !ditto_fairq_cancel(dnlm_turns(callout), &callout->turn))
		return waits;
	callout->waits = false;
	return false;
}

static struct rpc_clnt *dnlm_connect(const struct dnlm_callout *callout)
{
	const struct dnlm_route *route = &callout->route;
	struct sockaddr_storage addr, local;
	struct rpc_timeout timeout = {
		.to_initval = route->udp ? HZ / 2 : msecs_to_jiffies(DNLM_TRY_MS),
		.to_maxval = msecs_to_jiffies(DNLM_TRY_MS),
		.to_increment = HZ / 2,
		.to_retries = 3,
	};
	struct rpc_create_args args = {
		.net = callout->nlm->net,
		.protocol = route->udp ? XPRT_TRANSPORT_UDP : XPRT_TRANSPORT_TCP,
		.address = (struct sockaddr *)&addr,
		.addrsize = dnlm_sockaddr(&route->addr, route->scope, &addr),
		.timeout = &timeout,
		.program = callout->program,
		.prognumber = callout->number,
		.version = callout->version,
		.authflavor = RPC_AUTH_UNIX,
		.flags = RPC_CLNT_CREATE_NOPING | RPC_CLNT_CREATE_QUIET |
			 RPC_CLNT_CREATE_REUSEPORT,
		.cred = current_cred(),
	};

	/* Clients identify us by the address that they use. */
	if (!ipv6_addr_any(&route->local)) {
		dnlm_sockaddr(&route->local, route->scope, &local);
		args.saddress = (struct sockaddr *)&local;
	}
	return rpc_create(&args);
}

static void dnlm_call_done(struct rpc_task *task, void *data)
{
	struct dnlm_callout *callout = data;

	/* Within a try, a datagram is sent again. */
	if (task->tk_rqstp)
		callout->sent += task->tk_rqstp->rq_ntrans;
	WRITE_ONCE(callout->status, task->tk_status);
	mod_delayed_work(dnlm_wq, &callout->work, 0);
}

static const struct rpc_call_ops dnlm_call_ops = {
	.rpc_call_done = dnlm_call_done,
};

/* Like dnlm_connect(), unless the network namespace is going, which sunrpc would hold. */
static struct rpc_clnt *dnlm_connect_alive(const struct dnlm_callout *callout)
{
	struct net *net = maybe_get_net(callout->nlm->net);
	struct rpc_clnt *clnt;

	if (!net)
		return ERR_PTR(-ESHUTDOWN);
	clnt = dnlm_connect(callout);
	put_net(net);
	return clnt;
}

/* Starts a try. Return: false if it failed immediately. */
static bool dnlm_try_begin(struct dnlm_callout *callout)
{
	const struct rpc_message msg = {
		.rpc_proc = callout->proc,
		.rpc_argp = callout->args,
		.rpc_resp = callout->res,
	};
	unsigned long left = callout->deadline - jiffies;
	int err;

	callout->status = -EINPROGRESS;
	callout->clnt = dnlm_connect_alive(callout);
	if (IS_ERR(callout->clnt)) {
		callout->status = PTR_ERR(callout->clnt);
		callout->clnt = NULL;
		return false;
	}
	/* Queued before the call, which may end before the next line. */
	queue_delayed_work(dnlm_wq, &callout->work, min(left, msecs_to_jiffies(DNLM_TRY_MS)));
	dnfs_dial_begin(&callout->dial, callout->clnt);
	err = rpc_call_async(callout->clnt, &msg,
			     RPC_TASK_SOFT | RPC_TASK_SOFTCONN | RPC_TASK_TIMEOUT,
			     &dnlm_call_ops, callout);
	if (err) {
		callout->status = err;
		mod_delayed_work(dnlm_wq, &callout->work, 0);
	}
	return true;
}

/* Ends a try, so that nothing of it is left. Return: its result. */
static int dnlm_try_end(struct dnlm_callout *callout)
{
	bool ended = READ_ONCE(callout->status) != -EINPROGRESS;

	rpc_shutdown_client(callout->clnt);
	callout->clnt = NULL;
	dnfs_dial_end(&callout->dial);
	dnlm_turn_end(callout);
	cancel_delayed_work(&callout->work);
	/* The status of a task that was aborted by this is ignored, but not an answer that came. */
	if (!ended && callout->status)
		callout->status = -ETIMEDOUT;
	return callout->status;
}

static void dnlm_callout_finish(struct dnlm_callout *callout, int err)
{
	struct dnlm_server *nlm = callout->nlm;

	dnlm_turn_end(callout);
	cancel_delayed_work(&callout->work);
	ditto_uncharge(&callout->charge);
	trace_dnlm_callout(callout, err);
	callout->ops->done(callout, err);

	spin_lock(&nlm->callouts_lock);
	if (!--nlm->ncallouts)
		wake_up_all(&nlm->idle);
	spin_unlock(&nlm->callouts_lock);
}

/*
 * Ends the callout if @over, if it was settled, or if the server stops. Return: true if it ended
 * with @err; it is then off the list and cannot be settled any more.
 */
static bool dnlm_callout_over(struct dnlm_callout *callout, bool over, int *err)
{
	struct dnlm_server *nlm = callout->nlm;

	spin_lock(&nlm->callouts_lock);
	if (callout->settled) {
		over = true;
		*err = callout->verdict;
	} else if (nlm->stopping && !over) {
		over = true;
		*err = -ESHUTDOWN;
	}
	if (over) {
		callout->settled = true;
		list_del_init(&callout->list);
	}
	spin_unlock(&nlm->callouts_lock);
	return over;
}

/* Return: jiffies until the next try. */
static unsigned long dnlm_pause(struct dnlm_callout *callout)
{
	return msecs_to_jiffies(callout->ops->missed ? callout->ops->missed(callout) :
						       DNLM_RETRY_MS);
}

/* Return: jiffies until the next try; 0 if a try was started, or waits for its turn. */
static unsigned long dnlm_try(struct dnlm_callout *callout)
{
	int turn = dnlm_turn_begin(callout);

	if (!turn || (turn > 0 && dnlm_try_begin(callout)))
		return 0;
	dnlm_turn_end(callout);
	return dnlm_pause(callout);
}

static void dnlm_callout_work(struct work_struct *work)
{
	struct dnlm_callout *callout = container_of(work, struct dnlm_callout, work.work);
	unsigned long delay = 0;
	bool over = false;
	int err = 0;

	if (dnlm_turn_waits(callout))
		return;
	if (callout->clnt) {
		err = dnlm_try_end(callout);
		if (!err && callout->ops->answered)
			err = callout->ops->answered(callout);
		over = !err || (err != -EAGAIN && callout->status == 0) || dnlm_is_over(callout);
		if (!over)
			delay = dnlm_pause(callout);
		callout->route.udp ^= callout->either;
	}
	if (dnlm_callout_over(callout, over, &err)) {
		dnlm_callout_finish(callout, err);
		return;
	}
	if (!delay) {
		if (dnlm_is_over(callout)) {
			err = -ETIMEDOUT;
			if (dnlm_callout_over(callout, true, &err))
				dnlm_callout_finish(callout, err);
			return;
		}
		delay = dnlm_try(callout);
		if (!delay)
			return;
	}
	queue_delayed_work(dnlm_wq, &callout->work, delay);
}

/*
 * Start a callout. @callout: members up to @res filled by the caller, the rest zero. Context: takes
 * callouts_lock. Return: 0; -ESHUTDOWN; -EDQUOT if the machine has too many; -EBUSY if there are
 * too many; or -ENOMEM. After an error @done is not called.
 */
int dnlm_callout_start(struct dnlm_server *nlm, struct dnlm_callout *callout)
{
	int err;

	callout->nlm = nlm;
	INIT_LIST_HEAD(&callout->list);
	INIT_DELAYED_WORK(&callout->work, dnlm_callout_work);
	callout->deadline = jiffies + msecs_to_jiffies(callout->limit_ms ?: DNLM_CALLOUT_MS);
	callout->status = -EINPROGRESS;
	err = ditto_charge_machine(&callout->charge, nlm->srv, &callout->route.addr,
				   DITTO_BUDGET_CALLOUTS, 1);

	spin_lock(&nlm->callouts_lock);
	if (nlm->stopping)
		err = -ESHUTDOWN;
	else if (!err && nlm->ncallouts >= DNLM_CALLOUTS_MAX)
		err = -EBUSY;
	if (err) {
		/* Others may find it until the caller has taken it away: its work never runs. */
		callout->settled = true;
	} else {
		nlm->ncallouts++;
		list_add_tail(&callout->list, &nlm->callouts);
		queue_delayed_work(dnlm_wq, &callout->work, 0);
	}
	spin_unlock(&nlm->callouts_lock);
	if (err)
		ditto_uncharge(&callout->charge);
	return err;
}

/*
 * End a callout because its result is known otherwise. @callout: given to dnlm_callout_start(); the
 * caller holds the object it is embedded in. A callout that ended already, or could not start,
 * stays as it is. Context: process context; takes callouts_lock.
 */
void dnlm_callout_settle(struct dnlm_callout *callout, int verdict)
{
	struct dnlm_server *nlm = callout->nlm;

	spin_lock(&nlm->callouts_lock);
	if (!callout->settled) {
		callout->settled = true;
		callout->verdict = verdict;
		mod_delayed_work(dnlm_wq, &callout->work, 0);
	}
	spin_unlock(&nlm->callouts_lock);
}

static unsigned int dnlm_callouts_count(struct dnlm_server *nlm)
{
	unsigned int count;

	spin_lock(&nlm->callouts_lock);
	count = nlm->ncallouts;
	spin_unlock(&nlm->callouts_lock);
	return count;
}

void dnlm_callouts_init(struct dnlm_server *nlm)
{
	spin_lock_init(&nlm->callouts_lock);
	INIT_LIST_HEAD(&nlm->callouts);
	for (unsigned int kind = 0; kind < DNLM_CALLOUT_KINDS; kind++)
		ditto_fairq_init(&nlm->turns[kind], &dnlm_turn_limits[kind]);
}

/* End all callouts with -ESHUTDOWN and wait for the last one. */
void dnlm_callouts_stop(struct dnlm_server *nlm)
{
	struct dnlm_callout *callout;

	spin_lock(&nlm->callouts_lock);
	nlm->stopping = true;
	list_for_each_entry(callout, &nlm->callouts, list)
		mod_delayed_work(dnlm_wq, &callout->work, 0);
	spin_unlock(&nlm->callouts_lock);
	wait_event(nlm->idle, !dnlm_callouts_count(nlm));
	for (unsigned int kind = 0; kind < DNLM_CALLOUT_KINDS; kind++)
		ditto_fairq_exit(&nlm->turns[kind]);
}

int dnlm_callouts_module_init(void)
{
	dnlm_wq = alloc_workqueue("ditto_nlm", WQ_UNBOUND, 0);
	return dnlm_wq ? 0 : -ENOMEM;
}

void dnlm_callouts_module_exit(void)
{
	destroy_workqueue(dnlm_wq);
}
