// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family: registration, and helpers shared by its operations. */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <kunit/visibility.h>

#include "helper/upcall.h"
#include "netlink.h"
#include "server.h"

/*
 * Set while the family is registered; otherwise its multicast groups may belong to another family.
 */
static bool genl_ready;

bool ditto_genl_ready(void)
{
	return READ_ONCE(genl_ready);
}

int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put(msg, type, sizeof(value), &value);
}

int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return nla_put_in_addr(msg, type, addr->s6_addr32[3]);
	return nla_put_in6_addr(msg, type, addr);
}

int ditto_nl_get_addr(const struct nlattr *attr, struct in6_addr *addr,
		      struct netlink_ext_ack *extack)
{
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		ipv6_addr_set_v4mapped(nla_get_in_addr(attr), addr);
		return 0;
	case sizeof(struct in6_addr):
		*addr = nla_get_in6_addr(attr);
		return 0;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 bytes (IPv4) or 16 bytes (IPv6)");
		return -EINVAL;
	}
}

unsigned int ditto_nl_get_gids(const struct nlattr *attr, kgid_t *gids)
{
	unsigned int n = nla_len(attr) / sizeof(u32), got = 0;
	const u8 *data = nla_data(attr);

	for (unsigned int i = 0; i < n; i++) {
		kgid_t gid;
		u32 id;

		memcpy(&id, data + i * sizeof(id), sizeof(id));
		gid = make_kgid(&init_user_ns, id);
		if (gid_valid(gid))
			gids[got++] = gid;
	}
	return got;
}

struct sk_buff *ditto_nl_reply_new(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(size, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_iput(msg, info);
	if (*hdr)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

void *ditto_nl_dump_put(struct sk_buff *msg, struct netlink_callback *cb)
{
	return __genlmsg_iput(msg, genl_info_dump(cb), NLM_F_MULTI);
}

#if IS_ENABLED(CONFIG_KUNIT)
const struct genl_split_ops *ditto_nl_op(u8 cmd)
{
	for (unsigned int i = 0; i < ditto_nl_family.n_split_ops; i++)
		if (ditto_nl_family.split_ops[i].cmd == cmd)
			return &ditto_nl_family.split_ops[i];
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_nl_op);
#endif

/* A netlink socket was closed. If it was the helper's, the helper is gone. */
static int netlink_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *notify = ptr;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		ditto_upcall_portid_gone(ditto_server_of(notify->net), notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = netlink_event,
};

/*
 * Events name clients, so only the administrator may receive them. The code generator has no way
 * to express that.
 */
static const struct genl_multicast_group admin_groups[] = {
	[DITTO_NLGRP_EVENTS] = {
		.name = DITTO_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

int ditto_genl_init(void)
{
	int err = netlink_register_notifier(&netlink_notifier);

	if (err)
		return err;
	ditto_nl_family.mcgrps = admin_groups;
	ditto_nl_family.n_mcgrps = ARRAY_SIZE(admin_groups);
	err = genl_register_family(&ditto_nl_family);
	if (err) {
		netlink_unregister_notifier(&netlink_notifier);
		return err;
	}
	WRITE_ONCE(genl_ready, true);
	return 0;
}

void ditto_genl_exit(void)
{
	WRITE_ONCE(genl_ready, false);
	genl_unregister_family(&ditto_nl_family);
	netlink_unregister_notifier(&netlink_notifier);
}
