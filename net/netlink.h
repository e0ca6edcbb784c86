/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netlink messages: the attributes of Documentation/netlink/specs/ditto.yaml, and the family for
 * messages that are no replies.
 */
#ifndef _DITTO_NET_NETLINK_H
#define _DITTO_NET_NETLINK_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>
#include <uapi/linux/ditto.h>

void ditto_nl_family_set(const struct genl_family *family);
const struct genl_family *ditto_nl_family_get(void);
int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value);
int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr);
int ditto_nl_get_addr(const struct nlattr *attr, struct in6_addr *addr,
		      struct netlink_ext_ack *extack);
unsigned int ditto_nl_get_gids(const struct nlattr *attr, kgid_t *gids);

#endif
