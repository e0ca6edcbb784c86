// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on offloaded files. */
#include <net/genetlink.h>

#include "family.h"

int ditto_nl_offload_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int ditto_nl_offload_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int ditto_nl_offload_fill_doit(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int ditto_nl_offload_recall_doit(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}
