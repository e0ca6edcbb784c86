/* SPDX-License-Identifier: GPL-2.0-only */
/* Access of users to a share (struct ditto_share_users) in netlink messages. */
#ifndef _DITTO_NET_NL_NL_SHARE_USERS_H
#define _DITTO_NET_NL_NL_SHARE_USERS_H

#include <linux/types.h>

struct ditto_share_users;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

int ditto_nl_share_users_read(struct ditto_share_users *share_users, const struct nlattr *attr,
			      struct netlink_ext_ack *extack);
int ditto_nl_share_users_put(struct sk_buff *msg, const struct ditto_share_users *share_users);
size_t ditto_nl_share_users_size(const struct ditto_share_users *share_users);

#endif
