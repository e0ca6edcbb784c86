// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family: registration, and what the operations share. */
#include <linux/build_bug.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>

#include "../event.h"
#include "../helper/upcall.h"
#include "../server.h"
#include "../slow_call.h"
#include "family.h"

static_assert(DITTO_EVENT_GROUP == (int)DITTO_NLGRP_EVENTS);

/*
 * Begin the reply to a request. @size: bytes to reserve for attributes. Return: the message, or
 * NULL without memory or if @size has no room for the header.
 */
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

/*
 * Begin a message of a dump. A dump that goes on by counting, or whose objects may return under
 * another key, sets cb->seq to a number that changes with them, under the lock that it counts
 * under. The message, or the end of the dump, then tells the reader that something may be missing
 * or doubled (NLM_F_DUMP_INTR). Return: the header for genlmsg_end(), or NULL if @msg is full.
 */
void *ditto_nl_dump_put(struct sk_buff *msg, struct netlink_callback *cb)
{
	void *hdr = __genlmsg_iput(msg, genl_info_dump(cb), NLM_F_MULTI);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

#ifdef DITTO_TESTS
/* The first operation of a command, with its policy. */
const struct genl_split_ops *ditto_nl_op(u8 cmd)
{
	for (unsigned int i = 0; i < ditto_nl_family.n_split_ops; i++)
		if (ditto_nl_family.split_ops[i].cmd == cmd)
			return &ditto_nl_family.split_ops[i];
	return NULL;
}
#endif

/* A netlink socket was closed. If it was the helper's, the helper is gone; it may be a tracer's. */
static int netlink_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *notify = ptr;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC) {
		ditto_upcall_portid_gone(ditto_server_of(notify->net), notify->portid);
		ditto_slow_portid_gone(ditto_server_of(notify->net), notify->portid);
	}
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

/*
 * Register the generic netlink family. Requests may arrive immediately: all network namespaces must
 * have servers before the call. Return: 0 or an errno of genl_register_family() or of the notifier
 * chain.
 */
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
	ditto_nl_family_set(&ditto_nl_family);
	return 0;
}

/*
 * Unregister the generic netlink family. No request runs when it returns, and no further one is
 * accepted. Events are dropped from its beginning on.
 */
void ditto_genl_exit(void)
{
	ditto_nl_family_set(NULL);
	genl_unregister_family(&ditto_nl_family);
	netlink_unregister_notifier(&netlink_notifier);
}
