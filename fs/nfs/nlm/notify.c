// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery after a restart: recorded hosts may reclaim, and are notified.
 *
 * All hosts are notified at once and in the background. A host that does not answer
 * in time, over UDP or TCP, is considered gone: it may not reclaim, and what it holds
 * is released.
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

/**
 * struct dnsm_notifying - a NOTIFY to a host
 * @callout: sends it
 * @host: a reference; NULL if the host does not lock, or was notified already
 * @notice: its arguments
 * @name: our name in the notice
 */
struct dnsm_notifying {
	struct dnlm_callout callout;
	struct dnlm_host *host;
	struct dnsm_notice notice;
	u8 name[__NEW_UTS_LEN + 1];
};

static u32 dnsm_state_of(u64 epoch, u32 crashes)
{
	return ((u32)epoch << DNSM_CRASH_BITS | crashes) << 1 | 1;
}

static void dnsm_notify(struct dnlm_server *nlm, const struct dnlm_way *way,
			const char *name, struct dnlm_host *host);

/* A host may know us by address instead of name: after the first notice it gets one for each. */
static void dnsm_notified(struct dnlm_callout *callout, int err)
{
	struct dnsm_notifying *telling = container_of(callout, struct dnsm_notifying, callout);
	struct dnlm_host *host = telling->host;
	char text[DITTO_ADDR_TEXT];

	trace_dnlm_notify(&callout->way.addr, telling->notice.state, err);
	if (host && !err) {
		dnsm_notify(callout->nlm, &callout->way,
			    ditto_addr_text(&callout->way.local, text), NULL);
	} else if (host && err != -ESHUTDOWN) {
		pr_info("%s does not answer the notice of our restart (error %d): it may not reclaim\n",
			host->label, err);
		dnlm_host_lost(host);
	}
	if (host)
		dnlm_host_put(host);
	kfree(telling);
}

static const struct dnlm_callout_ops dnsm_notify_ops = {
	.done = dnsm_notified,
};

static void dnsm_notify(struct dnlm_server *nlm, const struct dnlm_way *way,
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
	telling->callout.way = *way;
	/* Status monitors are reached by UDP first. */
	telling->callout.way.udp = true;
	telling->callout.either = true;
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

	if (READ_ONCE(host->recorded))
		dnsm_notify(nlm, &host->way, nlm->name, host);
}

static void dnsm_notify_monitor(const struct dnlm_record *rec, void *arg)
{
	struct dnlm_server *nlm = arg;
	struct dnlm_way way = {
		.addr = rec->addr,
		.local = rec->local,
		.scope = rec->scope,
	};

	dnsm_notify(nlm, &way, nlm->name, NULL);
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
	WRITE_ONCE(nlm->recovered, true);
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
	ditto_grace_start(dnlm_table(nlm));
}

static void dnsm_ready(struct ditto_state_hook *hook)
{
	dnsm_restarted(container_of(hook, struct dnlm_server, hook));
}

static void dnsm_crash(struct dnlm_host *host, void *arg)
{
	u8 id[DNLM_KNOWN_ID];
	bool known;

	dnlm_host_release(host, "simulated crash");
	mutex_lock(&host->lock);
	known = host->recorded &&
		!ditto_grace_know(dnlm_table(host->nlm), id, dnlm_known_id(host, id),
				  DITTO_KNOWN_RANGES);
	host->known = known;
	mutex_unlock(&host->lock);
}

int dnsm_restart_again(struct dnlm_server *nlm)
{
	if (!READ_ONCE(nlm->recovered))
		return -EAGAIN;
	mutex_lock(&nlm->monitors_lock);
	if (nlm->crashes == BIT(DNSM_CRASH_BITS) - 1) {
		mutex_unlock(&nlm->monitors_lock);
		return -ENOSPC;
	}
	nlm->crashes++;
	mutex_unlock(&nlm->monitors_lock);
	dnlm_host_for_each(nlm, dnsm_crash, NULL);
	ditto_grace_start(dnlm_table(nlm));
	dnsm_restarted(nlm);
	return 0;
}

void dnsm_restart_begin(struct dnlm_server *nlm)
{
	if (nlm->hook.srv)
		return;
	nlm->hook.begin = dnsm_begin;
	nlm->hook.ready = dnsm_ready;
	ditto_state_hook_add(nlm->srv, &nlm->hook);
}

void dnsm_restart_stop(struct dnlm_server *nlm)
{
	ditto_state_hook_remove(&nlm->hook);
}
