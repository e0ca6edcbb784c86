// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on clients of the lock table. */
#include <linux/math64.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../lockd/client.h"
#include "../../lockd/table.h"
#include "../server.h"
#include "family.h"

static int lock_client_put(struct sk_buff *msg, struct ditto_client *client)
{
	const struct ditto_delegation_count *count = &client->delegations;
	u64 answers = atomic64_read(&count->answers);
	u32 connections;

	spin_lock(&client->lock);
	connections = client->connections;
	spin_unlock(&client->lock);
	if (nla_put_string(msg, DITTO_A_LOCK_CLIENT_NAME, client->name) ||
	    nla_put_string(msg, DITTO_A_LOCK_CLIENT_PROTOCOL, client->protocol) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_RANGES,
			     ditto_client_live(client, DITTO_CLAIM_RANGE)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_OPENS,
			     ditto_client_live(client, DITTO_CLAIM_OPEN)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_LEASES,
			     ditto_client_live(client, DITTO_CLAIM_LEASE)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_WAITS, atomic_read(&client->waiting)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_OWNERS, atomic_read(&client->owners)) ||
	    nla_put_u32(msg, DITTO_A_LOCK_CLIENT_CONNECTIONS, connections) ||
	    nla_put_u8(msg, DITTO_A_LOCK_CLIENT_COURTESY, READ_ONCE(client->courtesy)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_DELEGATIONS, atomic_read(&count->held)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_DELEGATIONS_GRANTED,
			     atomic64_read(&count->granted)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_DELEGATIONS_RECALLED,
			     atomic64_read(&count->recalled)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_DELEGATIONS_RETURNED,
			     atomic64_read(&count->returned)) ||
	    ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_DELEGATIONS_REVOKED,
			     atomic64_read(&count->revoked)))
		return -EMSGSIZE;
	if (answers &&
	    (ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_RECALL_MS,
			      div64_u64(atomic64_read(&count->answer_ms), answers)) ||
	     ditto_nl_put_u64(msg, DITTO_A_LOCK_CLIENT_RECALL_MAX_MS,
			      atomic64_read(&count->answer_max_ms))))
		return -EMSGSIZE;
	return 0;
}

static int lock_client_tell(struct sk_buff *skb, struct netlink_callback *cb,
			    struct ditto_client *client)
{
	void *hdr = ditto_nl_dump_put(skb, cb);

	if (!hdr)
		return -EMSGSIZE;
	if (lock_client_put(skb, client)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int ditto_nl_lock_client_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_lock_table *table = ditto_server_of(sock_net(skb->sk))->locks;
	struct ditto_client *client;
	int err = 0;

	while (!err && (client = ditto_client_after(table, cb->args[0]))) {
		/* A released client is only kept by its protocol and not shown. */
		if (!READ_ONCE(client->dead))
			err = lock_client_tell(skb, cb, client);
		if (!err)
			cb->args[0] = client->number;
		ditto_client_put(client);
	}
	return err;
}

int ditto_nl_lock_client_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_lock_table *table = ditto_server_of(genl_info_net(info))->locks;
	const struct nlattr *protocol = info->attrs[DITTO_A_LOCK_CLIENT_PROTOCOL];
	const struct nlattr *name = info->attrs[DITTO_A_LOCK_CLIENT_NAME];
	struct ditto_client *client;
	unsigned int count = 0;
	struct sk_buff *msg;
	void *hdr;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_LOCK_CLIENT_NAME)) {
		NL_SET_ERR_MSG(info->extack, "which client? give its name");
		return -EINVAL;
	}
	while ((client = ditto_client_find(table, protocol ? nla_data(protocol) : NULL,
					   nla_data(name)))) {
		err = ditto_client_withdraw(client);
		if (!err)
			ditto_client_release(client, "administrator");
		ditto_client_put(client);
		if (err) {
			NL_SET_ERR_MSG_ATTR(info->extack, name,
					    "the client's record cannot be removed, so that after a restart it could claim what is another's by then; is dittod running?");
			return err;
		}
		count++;
	}
	if (!count) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, name, "%.60s holds nothing",
					(const char *)nla_data(name));
		return -ENOENT;
	}

	msg = ditto_nl_reply_new(info, nla_total_size(sizeof(u32)), &hdr);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, DITTO_A_LOCK_CLIENT_RELEASED, count)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
