// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operations on listeners.
 */
#include <linux/build_bug.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <net/ipv6.h>

#include "../listener.h"
#include "../server.h"
#include "family.h"

static_assert(DITTO_TRANSPORT_TCP == (int)DITTO_TRANSPORT_TYPE_TCP);
static_assert(DITTO_TRANSPORT_UDP == (int)DITTO_TRANSPORT_TYPE_UDP);
static_assert(DITTO_TRANSPORT_RDMA == (int)DITTO_TRANSPORT_TYPE_RDMA);

/* Check for IPv6 by creating a socket: it may be compiled out, not loaded or disabled. */
static bool ipv6_is_there(struct net *net)
{
	struct socket *sock;

	if (sock_create_kern(net, PF_INET6, SOCK_STREAM, IPPROTO_TCP, &sock))
		return false;
	sock_release(sock);
	return true;
}

static void sockaddr_make(struct sockaddr_storage *to, const struct in6_addr *addr, __be16 port)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *sin = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (ipv6_addr_v4mapped(addr)) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = addr->s6_addr32[3];
		sin->sin_port = port;
	} else {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = *addr;
		sin6->sin6_port = port;
	}
}

/* Read the address of a request; without one, listen on all addresses. */
static int listener_addr(struct genl_info *info, struct sockaddr_storage *to)
{
	const struct nlattr *attr = info->attrs[DITTO_A_LISTENER_ADDRESS];
	struct in6_addr addr = IN6ADDR_ANY_INIT;
	__be16 port = 0;
	int err;

	if (info->attrs[DITTO_A_LISTENER_PORT])
		port = htons(nla_get_u16(info->attrs[DITTO_A_LISTENER_PORT]));
	if (attr) {
		err = ditto_nl_get_addr(attr, &addr, info->extack);
		if (err)
			return err;
	} else if (!ipv6_is_there(genl_info_net(info))) {
		ipv6_addr_set_v4mapped(htonl(INADDR_ANY), &addr);
	}
	sockaddr_make(to, &addr, port);
	return 0;
}

int ditto_nl_listener_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	enum ditto_transport transport = DITTO_TRANSPORT_TCP;
	struct sockaddr_storage addr;
	struct sk_buff *msg;
	void *hdr;
	u32 id;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_LISTENER_PROTOCOL)) {
		NL_SET_ERR_MSG(info->extack, "a listener needs a protocol, such as nfs");
		return -EINVAL;
	}
	if (info->attrs[DITTO_A_LISTENER_TRANSPORT])
		transport = nla_get_u32(info->attrs[DITTO_A_LISTENER_TRANSPORT]);
	err = listener_addr(info, &addr);
	if (err)
		return err;

	/* Allocate the reply first: a listener whose number cannot be reported is of no use. */
	msg = ditto_nl_reply_new(info, nla_total_size(sizeof(u32)), &hdr);
	if (!msg)
		return -ENOMEM;
	err = ditto_listener_add(srv, nla_data(info->attrs[DITTO_A_LISTENER_PROTOCOL]), transport,
				 &addr, &id, info->extack);
	if (!err)
		err = nla_put_u32(msg, DITTO_A_LISTENER_ID, id);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_listener_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_LISTENER_ID)) {
		NL_SET_ERR_MSG(info->extack, "which listener? give its number");
		return -EINVAL;
	}
	return ditto_listener_del(ditto_server_of(genl_info_net(info)),
				  nla_get_u32(info->attrs[DITTO_A_LISTENER_ID]), info->extack);
}

struct listener_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
};

static int listener_dump_one(struct ditto_listener *listener, void *arg)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&listener->addr;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&listener->addr;
	const struct ditto_protocol *protocol = listener->protocol;
	struct listener_dump *dump = arg;
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);
	u32 connections = 0;

	if (!hdr)
		return -EMSGSIZE;
	if (listener->addr.ss_family == AF_INET6) {
		if (nla_put_in6_addr(msg, DITTO_A_LISTENER_ADDRESS, &sin6->sin6_addr) ||
		    nla_put_u16(msg, DITTO_A_LISTENER_PORT, ntohs(sin6->sin6_port)))
			goto full;
	} else {
		if (nla_put_in_addr(msg, DITTO_A_LISTENER_ADDRESS, sin->sin_addr.s_addr) ||
		    nla_put_u16(msg, DITTO_A_LISTENER_PORT, ntohs(sin->sin_port)))
			goto full;
	}
	if (protocol->connections)
		connections = protocol->connections(listener->srv, NULL);
	if (nla_put_u32(msg, DITTO_A_LISTENER_ID, listener->id) ||
	    nla_put_string(msg, DITTO_A_LISTENER_PROTOCOL, protocol->name) ||
	    nla_put_u32(msg, DITTO_A_LISTENER_TRANSPORT, listener->transport) ||
	    nla_put_u32(msg, DITTO_A_LISTENER_CONNECTIONS, connections))
		goto full;
	genlmsg_end(msg, hdr);
	dump->cb->args[0] = listener->id + 1;
	return 0;

full:
	genlmsg_cancel(msg, hdr);
	return -EMSGSIZE;
}

int ditto_nl_listener_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct listener_dump dump = { .msg = skb, .cb = cb };

	return ditto_listener_for_each(ditto_server_of(sock_net(skb->sk)), cb->args[0],
				       listener_dump_one, &dump);
}
