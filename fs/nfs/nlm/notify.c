// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery after a restart: recorded hosts may reclaim, and are notified.
 *
 * All hosts are notified concurrently in the background, over UDP and TCP in turns, again and again
 * with growing pauses: the way to a host may take as long to come up as the server, or longer. A
 * host that has neither answered nor reclaimed by the end of the grace period is lost: its record
 * is deleted, so that it cannot reclaim at a later restart what others have got since, and what it
 * holds is released. Others get new claims after that. A lost host is notified further, so that it
 * learns what it has lost.
 *
 * A crash can be simulated, so the NSM state is made of the server's epoch and the
 * number of simulated crashes: it moves forward in both cases.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/slab.h>

#include "../../../lockd/grace.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "callout.h"
#include "client.h"
#include "monitor.h"
#include "nlm.h"
#include "nsm.h"
#include "record.h"
#include "trace.h"

/* Bits of the state that count simulated crashes; the lowest bit is set while the server is up. */
#define DNSM_CRASH_BITS		6

/*
 * Time in which a host is notified, unless the grace period is longer, and the pauses between
 * tries, each twice as long as the one before, in milliseconds.
 */
#define DNSM_NOTIFY_MS		(15 * 60 * 1000)
#define DNSM_PAUSE_MIN_MS	500
#define DNSM_PAUSE_MAX_MS	15000

/**
 * struct dnsm_notifying - a NOTIFY to a host
 * @callout: sends it
 * @host: a reference; NULL if the host does not lock, or was notified already
 * @notice: its arguments
 * @pause_ms: the last pause
 * @name: our name in the notice
 */
struct dnsm_notifying {
	struct dnlm_callout callout;
	struct dnlm_host *host;
	struct dnsm_notice notice;
	unsigned int pause_ms;
	u8 name[__NEW_UTS_LEN + 1];
};

static u32 dnsm_state_of(u64 epoch, u32 crashes)
{
	return ((u32)epoch << DNSM_CRASH_BITS | crashes) << 1 | 1;
}

static void dnsm_notify(struct dnlm_server *nlm, const struct dnlm_route *route,
			const char *name, struct dnlm_host *host);

/* Return: milliseconds until the grace period ends; 0 if it is over. */
static unsigned int dnsm_grace_left(struct dnlm_server *nlm)
{
	u32 unfinished;

	return ditto_grace_left(nlm->srv->locks, &unfinished) * MSEC_PER_SEC;
}

static unsigned int dnsm_notify_missed(struct dnlm_callout *callout)
{
	struct dnsm_notifying *telling = container_of(callout, struct dnsm_notifying, callout);
	unsigned int left = dnsm_grace_left(callout->nlm);

	/* A simulated crash may have followed. */
	telling->notice.state = READ_ONCE(callout->nlm->state);
	telling->pause_ms = clamp(2 * telling->pause_ms, DNSM_PAUSE_MIN_MS, DNSM_PAUSE_MAX_MS);
	return left ? min(telling->pause_ms, left) : telling->pause_ms;
}

/* A host may know us by address instead of name: after the first notice it gets one for each. */
static void dnsm_notified(struct dnlm_callout *callout, int err)
{
	struct dnsm_notifying *telling = container_of(callout, struct dnsm_notifying, callout);
	struct dnlm_host *host = telling->host;
	char text[DITTO_ADDR_TEXT];

	trace_dnlm_notify(&callout->route.addr, telling->notice.state, err);
	if (host && !err) {
		dnlm_host_notified(host);
		dnsm_notify(callout->nlm, &callout->route,
			    ditto_addr_text(&callout->route.local, text), NULL);
	}
	if (host)
		dnlm_host_put(host);
	kfree(telling);
}

static const struct dnlm_callout_ops dnsm_notify_ops = {
	.missed = dnsm_notify_missed,
	.done = dnsm_notified,
};

static void dnsm_notify(struct dnlm_server *nlm, const struct dnlm_route *route,
			const char *name, struct dnlm_host *host)
{
	struct dnsm_notifying *telling = kzalloc(sizeof(*telling), GFP_KERNEL);

	BUILD_BUG_ON(sizeof(telling->name) < DITTO_ADDR_TEXT);
	if (!telling)
		return;
	telling->notice = (struct dnsm_notice) {
		.name = { strscpy((char *)telling->name, name, sizeof(telling->name)),
			  telling->name },
		.state = nlm->state,
	};
	telling->callout.ops = &dnsm_notify_ops;
	telling->callout.route = *route;
	/* Status monitors are reached by UDP first. */
	telling->callout.route.udp = true;
	telling->callout.either = true;
	telling->callout.kind = DNLM_NOTICE;
	telling->callout.limit_ms = max(dnsm_grace_left(nlm), DNSM_NOTIFY_MS);
	telling->callout.program = &dnsm_client_program;
	telling->callout.version = NSM_VERSION;
	telling->callout.proc = &dnsm_client_notify;
	telling->callout.args = &telling->notice;
	telling->host = host;
	if (host)
		refcount_inc(&host->ref);
	if (!dnlm_callout_start(nlm, &telling->callout))
		return;
	if (host)
		dnlm_host_put(host);
	kfree(telling);
}

static void dnsm_notify_host(struct dnlm_host *host, void *arg)
{
	struct dnlm_server *nlm = arg;

	if (ditto_recorder_may_be(host->recorder))
		dnsm_notify(nlm, &host->route, nlm->name, host);
}

static void dnsm_notify_monitor(const struct dnlm_record *rec, void *arg)
{
	struct dnlm_server *nlm = arg;
	struct dnlm_route route = {
		.addr = rec->addr,
		.local = rec->local,
		.scope = rec->scope,
	};

	dnsm_notify(nlm, &route, nlm->name, NULL);
}

static int dnsm_restore(const struct dnlm_record *rec, void *arg)
{
	struct dnlm_server *nlm = arg;
	int err;

	if (rec->kind == DNLM_RECORD_MONITOR)
		err = dnsm_monitor_restore(nlm, rec);
	else
		err = dnlm_monitor_restore(nlm, rec);
	if (err)
		pr_warn("%*pE was recorded, but cannot be told of the restart: error %d\n",
			(int)rec->name_len, rec->name, err);
	return 0;
}

static void dnsm_restarted(struct dnlm_server *nlm)
{
	WRITE_ONCE(nlm->state, dnsm_state_of(ditto_server_epoch(nlm->srv), nlm->crashes));
	dnlm_host_for_each(nlm, dnsm_notify_host, nlm);
	dnsm_visit_monitors(nlm, dnsm_notify_monitor, nlm);
}

/* Runs before any claim is granted: recorded hosts may reclaim. */
static void dnsm_begin(struct ditto_state_hook *hook)
{
	struct dnlm_server *nlm = container_of(hook, struct dnlm_server, hook);
	int err;

	err = dnlm_record_list(nlm->srv, dnsm_restore, nlm);
	if (err)
		pr_warn("not all hosts that locked can be told of the restart: error %d\n", err);
	ditto_grace_start(nlm->srv->locks);
}

static void dnsm_ready(struct ditto_state_hook *hook)
{
	dnsm_restarted(container_of(hook, struct dnlm_server, hook));
}

static void dnsm_host_forget(struct dnlm_host *host, void *arg)
{
	unsigned int *seen = arg;

	++*seen;
	/* It cannot reclaim any more. */
	if (!dnlm_host_notified(host))
		return;
	pr_info("%s did not answer the notice of our restart in time: it may not reclaim\n",
		host->label);
	dnlm_host_lost(host);
}

/* The grace period is over: delete the records of hosts that did not come back. */
static int dnsm_forget(struct ditto_state_hook *hook)
{
	struct dnlm_server *nlm = container_of(hook, struct dnlm_server, hook);
	unsigned int seen = 0;

	dnlm_host_for_each(nlm, dnsm_host_forget, &seen);
	if (!seen && READ_ONCE(nlm->nhosts))
		return -ENOMEM;
	return atomic_read(&nlm->lost) ? -EINPROGRESS : 0;
}

static void dnsm_crash(struct dnlm_host *host, void *arg)
{
	u8 id[DNLM_KNOWN_ID];
	bool known, recorded = ditto_recorder_may_be(host->recorder);

	dnlm_host_release(host, "simulated crash");
	mutex_lock(&host->lock);
	known = recorded &&
		!ditto_grace_know(host->nlm->srv->locks, id, dnlm_known_id(host, id),
				  DITTO_KNOWN_RANGES);
	host->known = known;
	WRITE_ONCE(host->untold, recorded);
	mutex_unlock(&host->lock);
}

/*
 * Simulate a crash: release all locks and notify all hosts. Context: takes monitors_lock and
 * host->lock. Return: 0; -EAGAIN while recovery is not complete; -ENOSPC after too many simulated
 * crashes.
 */
int dnsm_restart_again(struct dnlm_server *nlm)
{
	if (!READ_ONCE(nlm->state))
		return -EAGAIN;
	mutex_lock(&nlm->monitors_lock);
	if (nlm->crashes == BIT(DNSM_CRASH_BITS) - 1) {
		mutex_unlock(&nlm->monitors_lock);
		return -ENOSPC;
	}
	nlm->crashes++;
	mutex_unlock(&nlm->monitors_lock);
	dnlm_host_for_each(nlm, dnsm_crash, NULL);
	ditto_grace_start(nlm->srv->locks);
	dnsm_restarted(nlm);
	return 0;
}

/*
 * Begin recovery when the service starts. Once the helper has delivered the records from before the
 * restart, which may be later: restores the hosts, starts the grace period, and notifies the hosts
 * in the background. Only the first call has an effect.
 */
void dnsm_restart_begin(struct dnlm_server *nlm)
{
	if (nlm->hook.srv)
		return;
	nlm->hook.begin = dnsm_begin;
	nlm->hook.ready = dnsm_ready;
	nlm->hook.forget = dnsm_forget;
	ditto_state_hook_add(nlm->srv, &nlm->hook);
}

/* End recovery, whether it began or not. */
void dnsm_restart_stop(struct dnlm_server *nlm)
{
	ditto_state_hook_remove(&nlm->hook);
}
