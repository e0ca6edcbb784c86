// SPDX-License-Identifier: GPL-2.0-only
/*
 * The procedures of NSM version 1 (C702 chapter 11).
 *
 * A requester of MON is called back at the address that the request came from,
 * whatever name it gave, so that it cannot have other machines called. A notice of
 * a restart is believed only from the address that the host locks from.
 *
 * Locking: nlm->monitors_lock guards the list of monitoring requests.
 * nlm->callouts_lock nests inside it. It is not held while the helper is asked.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sunrpc/clnt.h>
#include <net/ipv6.h>

#include "../../../net/peer.h"
#include "../rpc/call.h"
#include "../server.h"
#include "callout.h"
#include "client.h"
#include "nlm.h"
#include "nsm.h"
#include "record.h"
#include "status.h"
#include "trace.h"

/**
 * struct dnlm_monitor - a monitoring request (MON)
 * @list: entry in the server's list
 * @nlm: the server
 * @recorder: of its record
 * @token: by which @recorder tells it from other requests with the same key
 * @promised: the client knows that it is recorded, or it is one of before a restart
 * @rec: requester, monitored host and callback; also the record
 *
 * Guarded by monitors_lock.
 */
struct dnlm_monitor {
	struct list_head list;
	struct dnlm_server *nlm;
	struct ditto_recorder *recorder;
	u64 token;
	bool promised;
	struct dnlm_record rec;
};

/**
 * struct dnsm_telling - a callback to a requester
 * @callout: makes the call
 * @proc: the procedure named in MON
 * @notice: its arguments
 * @name: name of the host that restarted
 * @priv: private data given in MON
 */
struct dnsm_telling {
	struct dnlm_callout callout;
	struct rpc_procinfo proc;
	struct dnsm_notice notice;
	u8 priv[NSM_PRIV_SIZE];
	u8 name[];
};

struct dnsm_res {
	u32 state;
};

static struct dnlm_bytes dnsm_name_of(const struct dnlm_record *rec)
{
	return (struct dnlm_bytes){ rec->name_len, rec->name };
}

static bool dnsm_same_bytes(const u8 *a, u32 len, const struct dnlm_bytes *b)
{
	return len == b->len && !memcmp(a, b->data, len);
}

/* Matches a request to its requester and monitored host; any host if @args has no name. */
static bool dnsm_is_of(const struct dnlm_monitor *mon, const struct in6_addr *addr,
		       const struct dnsm_args *args)
{
	const struct dnlm_record *rec = &mon->rec;

	return ipv6_addr_equal(&rec->addr, addr) && rec->program == args->program &&
	       rec->version == args->version && rec->procedure == args->procedure &&
	       dnsm_same_bytes(rec->my_name, rec->my_name_len, &args->my_name) &&
	       (!args->name.data || dnsm_same_bytes(rec->name, rec->name_len, &args->name));
}

/* @of_client: number of requests of the client at the address, if none is found. */
static struct dnlm_monitor *dnsm_find(struct dnlm_server *nlm, const struct in6_addr *addr,
				      const struct dnsm_args *args, unsigned int *of_client)
{
	struct dnlm_monitor *mon;
	struct in6_addr client, who;

	lockdep_assert_held(&nlm->monitors_lock);
	ditto_addr_who(&client, addr);
	*of_client = 0;
	list_for_each_entry(mon, &nlm->monitors, list) {
		if (args && dnsm_is_of(mon, addr, args))
			return mon;
		ditto_addr_who(&who, &mon->rec.addr);
		*of_client += ipv6_addr_equal(&who, &client);
	}
	return NULL;
}

/* Takes a request out of the list. */
static void dnsm_monitor_del(struct dnlm_monitor *mon)
{
	lockdep_assert_held(&mon->nlm->monitors_lock);
	list_del(&mon->list);
	mon->nlm->nmonitors--;
	ditto_recorder_put(mon->recorder);
	kfree(mon);
}

/* The same for a request that is taken back: its record goes, too. */
static void dnsm_monitor_end(struct dnlm_monitor *mon)
{
	ditto_recorder_unset(mon->recorder, mon->token, NULL);
	dnsm_monitor_del(mon);
}

/* Adds a request to the list if there is room. Its client has @of_client requests already. */
static struct dnlm_monitor *dnsm_monitor_new(struct dnlm_server *nlm,
					     const struct dnlm_record *rec, unsigned int of_client)
{
	struct ditto_recorder *recorder;
	struct dnlm_monitor *mon;

	lockdep_assert_held(&nlm->monitors_lock);
	if (of_client >= DNSM_PER_CLIENT_MAX || nlm->nmonitors >= DNSM_MONITORS_MAX)
		return ERR_PTR(-ENOSPC);
	recorder = dnlm_record_recorder(nlm->recorders, rec);
	if (IS_ERR(recorder))
		return ERR_CAST(recorder);
	mon = kzalloc(sizeof(*mon), GFP_KERNEL);
	if (!mon) {
		ditto_recorder_put(recorder);
		return ERR_PTR(-ENOMEM);
	}
	mon->nlm = nlm;
	mon->recorder = recorder;
	mon->token = ditto_recorder_token(nlm->recorders);
	mon->rec = *rec;
	list_add_tail(&mon->list, &nlm->monitors);
	nlm->nmonitors++;
	return mon;
}

/* The record of a request, to be freed. */
static struct dnlm_record *dnsm_record_of(const struct dnlm_route *route,
					  const struct dnsm_args *args)
{
	struct dnlm_record *rec = kzalloc(sizeof(*rec), GFP_KERNEL);

	if (!rec)
		return NULL;
	rec->kind = DNLM_RECORD_MONITOR;
	rec->addr = route->addr;
	rec->local = route->local;
	rec->scope = route->scope;
	rec->udp = route->udp;
	rec->program = args->program;
	rec->version = args->version;
	rec->procedure = args->procedure;
	rec->name_len = args->name.len;
	rec->my_name_len = args->my_name.len;
	memcpy(rec->priv, args->priv, sizeof(rec->priv));
	memcpy(rec->name, args->name.data, args->name.len);
	memcpy(rec->my_name, args->my_name.data, args->my_name.len);
	return rec;
}

static void dnsm_told(struct dnlm_callout *callout, int err)
{
	kfree(container_of(callout, struct dnsm_telling, callout));
}

static const struct dnlm_callout_ops dnsm_tell_ops = {
	.done = dnsm_told,
};

static void dnsm_tell(struct dnlm_server *nlm, const struct dnlm_record *rec, u32 state)
{
	struct dnsm_telling *telling;

	telling = kzalloc(struct_size(telling, name, rec->name_len), GFP_KERNEL);
	if (!telling)
		return;
	memcpy(telling->priv, rec->priv, sizeof(telling->priv));
	memcpy(telling->name, rec->name, rec->name_len);
	telling->notice = (struct dnsm_notice) {
		.name = { rec->name_len, telling->name },
		.state = state,
		.priv = telling->priv,
	};
	telling->proc = dnsm_client_notify;
	telling->proc.p_proc = rec->procedure;
	telling->proc.p_encode = dnsm_encode_status;
	telling->proc.p_arglen += XDR_QUADLEN(NSM_PRIV_SIZE);
	telling->proc.p_name = "STATUS";

	telling->callout.ops = &dnsm_tell_ops;
	telling->callout.route = (struct dnlm_route) {
		.addr = rec->addr,
		.local = rec->local,
		.scope = rec->scope,
		.udp = rec->udp,
	};
	telling->callout.either = true;
	telling->callout.program = &dnsm_client_program;
	telling->callout.number = rec->program;
	telling->callout.version = rec->version;
	telling->callout.proc = &telling->proc;
	telling->callout.args = &telling->notice;
	if (dnlm_callout_start(nlm, &telling->callout))
		kfree(telling);
}

/*
 * Call back all that monitor a host, in the background. Monitoring requests may name the host by
 * name or by address. Context: takes monitors_lock.
 */
void dnsm_tell_monitors(struct dnlm_server *nlm, const struct in6_addr *addr,
			const struct dnlm_bytes *name, u32 state)
{
	char text[DITTO_ADDR_TEXT];
	struct dnlm_bytes literal = { .data = (const u8 *)text };
	struct dnlm_monitor *mon;

	ditto_addr_text(addr, text);
	literal.len = strlen(text);
	mutex_lock(&nlm->monitors_lock);
	list_for_each_entry(mon, &nlm->monitors, list) {
		struct dnlm_bytes watched = dnsm_name_of(&mon->rec);

		if (dnlm_same_name(&watched, name) ||
		    dnsm_same_bytes(mon->rec.name, mon->rec.name_len, &literal))
			dnsm_tell(nlm, &mon->rec, state);
	}
	mutex_unlock(&nlm->monitors_lock);
}

/*
 * Restore a monitoring request from its record. Context: takes monitors_lock. Return: 0; -ENOSPC if
 * there are too many; or -ENOMEM.
 */
int dnsm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec)
{
	struct dnlm_monitor *mon;
	unsigned int of_client;
	int err;

	mutex_lock(&nlm->monitors_lock);
	dnsm_find(nlm, &rec->addr, NULL, &of_client);
	mon = dnsm_monitor_new(nlm, rec, of_client);
	err = PTR_ERR_OR_ZERO(mon);
	if (err)
		goto unlock;
	mon->promised = true;
	err = dnlm_record_restore(mon->recorder, mon->token, rec);
unlock:
	mutex_unlock(&nlm->monitors_lock);
	return err;
}

/*
 * Call a function for each monitoring request. Context: takes monitors_lock and holds it during
 * @fn.
 */
void dnsm_visit_monitors(struct dnlm_server *nlm,
			 void (*fn)(const struct dnlm_record *rec, void *arg), void *arg)
{
	struct dnlm_monitor *mon;

	mutex_lock(&nlm->monitors_lock);
	list_for_each_entry(mon, &nlm->monitors, list)
		fn(&mon->rec, arg);
	mutex_unlock(&nlm->monitors_lock);
}

void dnsm_init(struct dnlm_server *nlm)
{
	mutex_init(&nlm->monitors_lock);
	INIT_LIST_HEAD(&nlm->monitors);
}

void dnsm_exit(struct dnlm_server *nlm)
{
	struct dnlm_monitor *mon, *next;

	mutex_lock(&nlm->monitors_lock);
	list_for_each_entry_safe(mon, next, &nlm->monitors, list)
		dnsm_monitor_del(mon);
	mutex_unlock(&nlm->monitors_lock);
}

/* Strings are copied, because the request may lie in scattered pages. */
static bool dnsm_decode_string(struct xdr_stream *xdr, struct dnlm_bytes *bytes, u8 *room)
{
	__be32 *p;

	if (xdr_stream_decode_u32(xdr, &bytes->len) || bytes->len > NSM_STRING_MAX)
		return false;
	p = xdr_inline_decode(xdr, bytes->len);
	if (!p)
		return false;
	memcpy(room, p, bytes->len);
	bytes->data = room;
	return true;
}

/* sm_name */
static bool dnsm_decode_name(struct dnfs_call *call, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_string(call->in, &a->name, a->room);
}

static bool dnsm_decode_my_id(struct dnfs_call *call, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_string(call->in, &a->my_name, a->room + NSM_STRING_MAX) &&
	       !xdr_stream_decode_u32(call->in, &a->program) &&
	       !xdr_stream_decode_u32(call->in, &a->version) &&
	       !xdr_stream_decode_u32(call->in, &a->procedure);
}

static bool dnsm_decode_mon_id(struct dnfs_call *call, void *args)
{
	return dnsm_decode_name(call, args) && dnsm_decode_my_id(call, args);
}

/* sm_stat_res */
static bool dnsm_encode_stat_res(struct dnfs_call *call, const void *result)
{
	const struct dnsm_res *res = result;

	return xdr_stream_encode_u32(call->xdr, call->status) >= 0 &&
	       xdr_stream_encode_u32(call->xdr, res->state) >= 0;
}

/* sm_stat */
static bool dnsm_encode_stat(struct dnfs_call *call, const void *result)
{
	const struct dnsm_res *res = result;

	return xdr_stream_encode_u32(call->xdr, res->state) >= 0;
}

#define DNSM_PROC(_name, _decode, _exec, _encode)	\
	{						\
		.name = (_name),			\
		.flags = DNFS_PROC_RESERVED,		\
		.argsize = sizeof(struct dnsm_args),	\
		.ressize = sizeof(struct dnsm_res),	\
		.max_reply = 2 * XDR_UNIT,		\
		.decode = (_decode),			\
		.exec = (_exec),			\
		.encode = (_encode),			\
	}

/* STAT */

static int dnsm_stat_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnsm_args *a = args;
	struct dnsm_res *res = result;

	res->state = READ_ONCE(call->server->nlm->state);
	return res->state && a->name.len ? 0 : -EAGAIN;
}

static const struct dnfs_proc dnsm_proc_stat =
	DNSM_PROC("STAT", dnsm_decode_name, dnsm_stat_exec, dnsm_encode_stat_res);

/* MON */

static bool dnsm_mon_decode(struct dnfs_call *call, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_mon_id(call, args) &&
	       xdr_stream_decode_opaque_fixed(call->in, a->priv, sizeof(a->priv)) >= 0;
}

/* Return: 0 if the request is recorded, which the reply then confirms to its client. */
static int dnsm_monitor_promise(struct dnlm_monitor *mon)
{
	if (!ditto_recorder_is_written(mon->recorder, mon->token))
		return -EJUKEBOX;
	mon->promised = true;
	return 0;
}

/* A monitor that was promised before stays. */
static void dnsm_monitor_refuse(struct dnlm_monitor *mon)
{
	if (!mon->promised)
		dnsm_monitor_end(mon);
}

/*
 * Enter a request, and have it recorded. Return: 0 if it is; -EJUKEBOX while the record is being
 * written; or another errno.
 */
static int dnsm_monitor_ask(struct dnlm_server *nlm, struct dnfs_call *call,
			    const struct dnsm_args *args, const struct dnlm_record *rec)
{
	struct dnlm_monitor *mon;
	unsigned int of_client;
	int err;

	lockdep_assert_held(&nlm->monitors_lock);
	mon = dnsm_find(nlm, &rec->addr, args, &of_client);
	if (call->record_awaited) {
		if (!mon)
			return -EIO;
		err = dnsm_monitor_promise(mon);
		if (!err || ditto_task_is_busy(&mon->recorder->task))
			return err;
		pr_warn_ratelimited("%pI6c asks to be told of restarts, but cannot be recorded\n",
				    &rec->addr);
		dnsm_monitor_refuse(mon);
		return -EIO;
	}
	if (!mon)
		mon = dnsm_monitor_new(nlm, rec, of_client);
	if (IS_ERR(mon))
		return PTR_ERR(mon);
	err = dnlm_record_set(mon->recorder, mon->token, rec);
	if (err) {
		dnsm_monitor_refuse(mon);
		return err;
	}
	mon->rec = *rec;
	err = dnsm_monitor_promise(mon);
	if (err)
		dnfs_await_record(call, &mon->recorder->task);
	return err;
}

/* A call without a reply, because the record is still being written, is repeated by its client. */
static int dnsm_mon_exec(struct dnfs_call *call, void *args, void *result)
{
	struct dnlm_server *nlm = call->server->nlm;
	const struct dnsm_args *a = args;
	struct dnsm_res *res = result;
	struct dnlm_record *rec;
	struct dnlm_route route;
	int err;

	res->state = READ_ONCE(nlm->state);
	if (!res->state)
		return -EAGAIN;
	if (!a->name.len || a->version > DNSM_CALLBACK_VERSIONS)
		return -EINVAL;
	dnlm_route_of(call, &route);
	rec = dnsm_record_of(&route, a);
	if (!rec)
		return -ENOMEM;
	mutex_lock(&nlm->monitors_lock);
	err = dnsm_monitor_ask(nlm, call, a, rec);
	mutex_unlock(&nlm->monitors_lock);
	kfree(rec);
	return err;
}

static const struct dnfs_proc dnsm_proc_mon =
	DNSM_PROC("MON", dnsm_mon_decode, dnsm_mon_exec, dnsm_encode_stat_res);

/* UNMON and UNMON_ALL */

/*
 * Deletes requests of a requester, for one host or all, and their records in the background. The
 * call may wait a moment for the last one.
 */
static int dnsm_unmon_exec(struct dnfs_call *call, void *args, void *result)
{
	struct dnlm_server *nlm = call->server->nlm;
	struct dnlm_monitor *mon, *next;
	struct dnsm_res *res = result;
	struct dnlm_route route;

	dnlm_route_of(call, &route);
	mutex_lock(&nlm->monitors_lock);
	list_for_each_entry_safe(mon, next, &nlm->monitors, list) {
		if (!dnsm_is_of(mon, &route.addr, args))
			continue;
		dnfs_await_end(call);
		dnfs_await_record(call, &mon->recorder->task);
		dnsm_monitor_end(mon);
	}
	mutex_unlock(&nlm->monitors_lock);
	if (dnfs_pause_begin(call))
		dnfs_pause(call);
	res->state = READ_ONCE(nlm->state);
	return 0;
}

static const struct dnfs_proc dnsm_proc_unmon =
	DNSM_PROC("UNMON", dnsm_decode_mon_id, dnsm_unmon_exec, dnsm_encode_stat);
static const struct dnfs_proc dnsm_proc_unmon_all =
	DNSM_PROC("UNMON_ALL", dnsm_decode_my_id, dnsm_unmon_exec, dnsm_encode_stat);

/* SIMU_CRASH */

/*
 * Behaves as if the server had restarted (C702 section 11.3): all locks are released
 * and their holders notified. Allowed only from the server itself.
 */
static int dnsm_simu_crash_exec(struct dnfs_call *call, void *args, void *result)
{
	struct dnlm_server *nlm = call->server->nlm;
	struct dnlm_route route;

	dnlm_route_of(call, &route);
	if (!ipv6_addr_loopback(&route.addr) &&
	    !(ipv6_addr_v4mapped(&route.addr) && ipv4_is_loopback(route.addr.s6_addr32[3]))) {
		pr_warn_ratelimited("%pISpc asks for a simulated crash: refused\n", call->addr);
		return -EACCES;
	}
	return dnsm_restart_again(nlm);
}

static const struct dnfs_proc dnsm_proc_simu_crash =
	DNSM_PROC("SIMU_CRASH", NULL, dnsm_simu_crash_exec, NULL);

/* NOTIFY */

static bool dnsm_notify_decode(struct dnfs_call *call, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_name(call, args) && !xdr_stream_decode_u32(call->in, &a->state);
}

struct dnsm_news {
	const struct dnsm_args *args;
	bool believed;
	bool forward;
};

static void dnsm_host_restarted(struct dnlm_host *host, void *arg)
{
	struct dnlm_bytes name = { host->name_len, host->name };
	struct dnsm_news *news = arg;

	if (!dnlm_same_name(&name, &news->args->name))
		return;
	news->believed = true;
	news->forward |= dnlm_host_restarted(host, news->args->state);
}

static int dnsm_notify_exec(struct dnfs_call *call, void *args, void *result)
{
	struct dnlm_server *nlm = call->server->nlm;
	struct dnsm_news news = { .args = args };
	struct dnlm_route route;

	dnlm_route_of(call, &route);
	dnlm_host_for_addr(nlm, &route.addr, dnsm_host_restarted, &news);
	trace_dnlm_notified(&route.addr, news.args->state, news.believed, news.forward);
	if (news.forward)
		dnsm_tell_monitors(nlm, &route.addr, &news.args->name, news.args->state);
	return news.believed ? 0 : -ENOENT;
}

static const struct dnfs_proc dnsm_proc_notify =
	DNSM_PROC("NOTIFY", dnsm_notify_decode, dnsm_notify_exec, NULL);

const struct dnfs_proc *const dnsm1_procs[NSM_PROCEDURES] = {
	[NSMPROC_NULL] = &dnfs_proc_null,
	[NSMPROC_STAT] = &dnsm_proc_stat,
	[NSMPROC_MON] = &dnsm_proc_mon,
	[NSMPROC_UNMON] = &dnsm_proc_unmon,
	[NSMPROC_UNMON_ALL] = &dnsm_proc_unmon_all,
	[NSMPROC_SIMU_CRASH] = &dnsm_proc_simu_crash,
	[NSMPROC_NOTIFY] = &dnsm_proc_notify,
};

const struct dnfs_program dnsm1_program = {
	.index = DNFS_PROGRAM_NSM,
	.prog = NSM_PROGRAM,
	.vers = NSM_VERSION,
	.name = "status",
	.group = "nsm1",
	.any_udp = true,
	.loopback = true,
	.status = dnsm_status,
	.procs = dnsm1_procs,
	.nprocs = ARRAY_SIZE(dnsm1_procs),
};
