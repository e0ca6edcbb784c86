/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of access control lists in netlink messages. */
#ifndef _DITTO_NET_NL_NL_ACL_H
#define _DITTO_NET_NL_NL_ACL_H

#include <net/netlink.h>

struct ditto_ace;

/* Bytes of an entry in a message, at most. */
#define DITTO_NL_ACE_SIZE \
	nla_total_size(4 * nla_total_size(sizeof(u32)) + nla_total_size(DITTO_FOREIGN_MAX))

int ditto_nl_ace_put(struct sk_buff *msg, int type, const struct ditto_ace *ace);
int ditto_nl_ace_read(struct ditto_ace *ace, const struct nlattr *attr,
		      struct netlink_ext_ack *extack);

#endif
