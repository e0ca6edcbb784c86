// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on the server as a whole: its state, clients, statistics, caches. */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/node/node.h"
#include "../../fs/share/cred.h"
#include "../budget.h"
#include "../budget_private.h"
#include "../event.h"
#include "../helper/names.h"
#include "../helper/record.h"
#include "../helper/upcall.h"
#include "../listener.h"
#include "../peer.h"
#include "../server.h"
#include "../show.h"
#include "../stats.h"
#include "../version.h"
#include "family.h"
#include "locks.h"

static_assert(DITTO_TRUST_STRANGER == (int)DITTO_BUDGET_LEVEL_STRANGER);
static_assert(DITTO_TRUST_USER == (int)DITTO_BUDGET_LEVEL_USER);

static int server_put(struct sk_buff *msg, struct ditto_server *srv)
{
	if (ditto_nl_put_u64(msg, DITTO_A_SERVER_STARTED, srv->started) ||
	    nla_put_u8(msg, DITTO_A_SERVER_HELPER, ditto_upcall_has_helper(srv)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_NODES, ditto_nodes_count(srv)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_OPEN_FILES, ditto_files_count(srv)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_EPOCH, ditto_server_epoch(srv)) ||
	    ditto_locks_put(msg, srv) ||
	    nla_put_string(msg, DITTO_A_SERVER_VERSION, DITTO_VERSION))
		return -EMSGSIZE;
	for (unsigned int bit = 0; bit < DITTO_PROTOCOLS_MAX; bit++)
		if (ditto_protocol_loaded(bit) &&
		    nla_put_string(msg, DITTO_A_SERVER_PROTOCOLS, ditto_protocol_name(bit)))
			return -EMSGSIZE;
	return 0;
}

int ditto_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = ditto_nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;
	err = server_put(msg, ditto_server_of(genl_info_net(info)));
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_cache_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));

	/* Names go first, so that the caches flushed later are not refilled from old names. */
	ditto_names_flush(srv);
	ditto_peers_forget_verdicts(srv);
	ditto_creds_flush(srv);
	ditto_nodes_flush(srv);
	return 0;
}

static int client_put_use(struct sk_buff *msg, const struct ditto_account_use *use)
{
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_CLIENT_BUDGET);

	if (!nest || nla_put_string(msg, DITTO_A_BUDGET_KIND, use->name) ||
	    ditto_nl_put_u64(msg, DITTO_A_BUDGET_USED, use->used) ||
	    ditto_nl_put_u64(msg, DITTO_A_BUDGET_LIMIT, use->limit))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Add what the client holds of each kind; nothing if it holds nothing. */
static int client_put_budget(struct sk_buff *msg, struct ditto_server *srv,
			     const struct in6_addr *addr)
{
	struct ditto_account *account = ditto_account_find_peer(srv, addr);
	int err;

	if (!account)
		return 0;
	err = ditto_nl_put_u64(msg, DITTO_A_CLIENT_REFUSED, ditto_account_refused(account));
	for (unsigned int kind = 0; !err && kind < DITTO_BUDGET_KINDS; kind++) {
		struct ditto_account_use use;

		ditto_account_show(account, kind, &use);
		if (use.used)
			err = client_put_use(msg, &use);
	}
	ditto_account_put(account);
	return err;
}

static int client_put(struct sk_buff *msg, struct ditto_server *srv, struct ditto_peer *peer)
{
	unsigned int idle_ms = jiffies_to_msecs(jiffies - READ_ONCE(peer->used));
	unsigned long protocols = READ_ONCE(peer->protocols);
	unsigned int bit;

	if (ditto_nl_put_addr(msg, DITTO_A_CLIENT_ADDRESS, &peer->addr) ||
	    nla_put_u32(msg, DITTO_A_CLIENT_CONNECTIONS, ditto_protocols_connections(srv, peer)) ||
	    ditto_nl_put_u64(msg, DITTO_A_CLIENT_SINCE, peer->since) ||
	    ditto_nl_put_u64(msg, DITTO_A_CLIENT_IDLE_MS, idle_ms) ||
	    ditto_nl_put_u64(msg, DITTO_A_CLIENT_REQUESTS, ditto_peer_requests(peer)) ||
	    client_put_budget(msg, srv, &peer->addr))
		return -EMSGSIZE;
	for_each_set_bit(bit, &protocols, DITTO_PROTOCOLS_MAX) {
		const char *name = ditto_protocol_name(bit);

		if (name && nla_put_string(msg, DITTO_A_CLIENT_PROTOCOLS, name))
			return -EMSGSIZE;
	}
	return 0;
}

/* Add the sums of a share or a client to a message. Return: 0 or -EMSGSIZE. */
int ditto_nl_put_traffic(struct sk_buff *msg, const struct ditto_traffic *sum)
{
	if (ditto_nl_put_u64(msg, DITTO_A_TRAFFIC_REQUESTS, sum->requests) ||
	    ditto_nl_put_u64(msg, DITTO_A_TRAFFIC_NANOSECONDS, sum->nanoseconds) ||
	    ditto_nl_put_u64(msg, DITTO_A_TRAFFIC_READ, sum->read) ||
	    ditto_nl_put_u64(msg, DITTO_A_TRAFFIC_WRITTEN, sum->written))
		return -EMSGSIZE;
	return 0;
}

static int client_put_traffic(struct sk_buff *msg, struct ditto_server *srv,
			      struct ditto_peer *peer)
{
	struct ditto_traffic sum;

	ditto_traffic_read(READ_ONCE(peer->traffic), &sum);
	if (ditto_nl_put_u64(msg, DITTO_A_TRAFFIC_NUMBER, peer->number) ||
	    ditto_nl_put_addr(msg, DITTO_A_TRAFFIC_CLIENT, &peer->addr))
		return -EMSGSIZE;
	return ditto_nl_put_traffic(msg, &sum);
}

/**
 * struct client_dump - state of a dump of clients, zero before the first part
 * @last: number of the last client shown
 * @end: number of the last client to be shown: those that come during the dump must not prolong it
 */
struct client_dump {
	u64 last;
	u64 end;
};

static int client_dump_one(struct sk_buff *msg, struct netlink_callback *cb,
			   struct ditto_server *srv, struct ditto_peer *peer, bool traffic)
{
	void *hdr = ditto_nl_dump_put(msg, cb);

	if (!hdr)
		return -EMSGSIZE;
	if ((traffic ? client_put_traffic : client_put)(msg, srv, peer)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* @traffic: tell counters, of clients that have some, or else all about each client */
static int client_dump(struct sk_buff *skb, struct netlink_callback *cb, bool traffic)
{
	struct ditto_server *srv = ditto_server_of(sock_net(skb->sk));
	struct ditto_show_batch *batch = kmalloc(sizeof(*batch), GFP_KERNEL);
	struct client_dump *dump = (struct client_dump *)cb->ctx;
	unsigned int removals;
	int err = 0;

	if (!batch)
		return -ENOMEM;
	if (!dump->end)
		dump->end = ditto_peers_newest(srv);
	do {
		cond_resched();
		removals = ditto_peers_next(srv, dump->last + 1, traffic, batch);
		/* Rates of those that stay are right although others have gone. */
		if (!traffic)
			cb->seq = removals;
		for (unsigned int i = 0; i < batch->count; i++) {
			if (!err && batch->id[i] <= dump->end)
				err = client_dump_one(skb, cb, srv, batch->conn[i], traffic);
			if (!err)
				dump->last = batch->id[i];
			ditto_peer_put(batch->conn[i]);
		}
	} while (!err && batch->count && dump->last < dump->end);
	kfree(batch);
	return err;
}

int ditto_nl_client_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return client_dump(skb, cb, false);
}

int ditto_nl_client_traffic_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return client_dump(skb, cb, true);
}

int ditto_nl_budget_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_server *srv = ditto_server_of(sock_net(skb->sk));
	enum ditto_budget_kind kind;
	enum ditto_trust level;
	void *hdr;

	for (; cb->args[0] < DITTO_TRUST_LEVELS * DITTO_BUDGET_KINDS; cb->args[0]++) {
		level = cb->args[0] / DITTO_BUDGET_KINDS;
		kind = cb->args[0] % DITTO_BUDGET_KINDS;
		hdr = ditto_nl_dump_put(skb, cb);
		if (!hdr)
			return -EMSGSIZE;
		if (nla_put_u32(skb, DITTO_A_LEVEL_BUDGET_LEVEL, level) ||
		    nla_put_string(skb, DITTO_A_LEVEL_BUDGET_KIND, ditto_budget_kinds[kind].name) ||
		    ditto_nl_put_u64(skb, DITTO_A_LEVEL_BUDGET_USED,
				     ditto_budget_used(srv, level, kind)) ||
		    ditto_nl_put_u64(skb, DITTO_A_LEVEL_BUDGET_LIMIT,
				     ditto_budget_limit(srv, level, kind))) {
			genlmsg_cancel(skb, hdr);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, hdr);
	}
	return 0;
}

static int disconnected_reply(struct genl_info *info, unsigned int count)
{
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, nla_total_size(sizeof(u32)), &hdr);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, DITTO_A_CLIENT_DISCONNECTED, count)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_client_disconnect_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	const struct nlattr *attr = info->attrs[DITTO_A_CLIENT_ADDRESS];
	char text[DITTO_ADDR_TEXT];
	struct ditto_peer *peer;
	struct in6_addr addr;
	unsigned int count;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_CLIENT_ADDRESS)) {
		NL_SET_ERR_MSG(info->extack, "which client? give its address");
		return -EINVAL;
	}
	err = ditto_nl_get_addr(attr, &addr, info->extack);
	if (err)
		return err;
	ditto_addr_text(&addr, text);
	peer = ditto_peer_find(srv, &addr);
	if (!peer) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, attr, "%s is no client", text);
		return -ENOENT;
	}
	count = ditto_protocols_disconnect(srv, peer);
	ditto_peer_put(peer);
	ditto_event(srv, DITTO_EVENT_CLIENT_DISCONNECTED, text);
	return disconnected_reply(info, count);
}

/**
 * struct stat_dump - state of a dump of statistics
 * @msg: message being filled
 * @cb: callback of the dump
 * @group: index of the group to continue with
 * @op: operation of that group to continue with
 * @at: groups seen in this call
 */
struct stat_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	unsigned int group;
	unsigned int op;
	unsigned int at;
};

static int stat_put(struct stat_dump *dump, const struct ditto_stats_group *group, unsigned int op)
{
	void *hdr = ditto_nl_dump_put(dump->msg, dump->cb);
	struct ditto_op_count sum;

	if (!hdr)
		return -EMSGSIZE;
	ditto_stats_read(group, op, &sum);
	if (nla_put_string(dump->msg, DITTO_A_STAT_GROUP, group->name) ||
	    nla_put_string(dump->msg, DITTO_A_STAT_OP, group->ops[op]) ||
	    ditto_nl_put_u64(dump->msg, DITTO_A_STAT_CALLS, sum.calls) ||
	    ditto_nl_put_u64(dump->msg, DITTO_A_STAT_ERRORS, sum.errors) ||
	    ditto_nl_put_u64(dump->msg, DITTO_A_STAT_NANOSECONDS, sum.nanoseconds) ||
	    ditto_nl_put_u64(dump->msg, DITTO_A_STAT_BYTES, sum.bytes) ||
	    (group->count &&
	     nla_put(dump->msg, DITTO_A_STAT_TIMES, sizeof(sum.times), sum.times))) {
		genlmsg_cancel(dump->msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(dump->msg, hdr);
	return 0;
}

static int stat_dump_group(struct ditto_stats_group *group, void *arg)
{
	struct stat_dump *dump = arg;

	dump->cb->seq = ditto_stats_generation(group->srv);
	if (dump->at++ < dump->group)
		return 0;
	for (; dump->op < group->nops; dump->op++)
		if (group->ops[dump->op] && stat_put(dump, group, dump->op))
			return -EMSGSIZE;
	dump->group++;
	dump->op = 0;
	return 0;
}

int ditto_nl_stat_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct stat_dump dump = {
		.msg = skb, .cb = cb, .group = cb->args[0], .op = cb->args[1]
	};
	int ret = ditto_stats_for_each(ditto_server_of(sock_net(skb->sk)), stat_dump_group,
				       &dump);

	cb->args[0] = dump.group;
	cb->args[1] = dump.op;
	return ret;
}
