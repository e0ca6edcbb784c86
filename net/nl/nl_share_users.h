/* SPDX-License-Identifier: GPL-2.0-only */
/* Grants of a share in netlink messages. */
#ifndef _DITTO_NET_NL_NL_SHARE_USERS_H
#define _DITTO_NET_NL_NL_SHARE_USERS_H

#include <linux/types.h>

struct ditto_share_users;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/**
 * ditto_nl_share_users_read - take the grants of a request
 * @share_users: those in it are freed; what others may do stays
 * @attr: all grants
 * @extack: filled on error
 *
 * Context: may sleep. Return: 0, -EINVAL, -E2BIG, -EEXIST, -ENOMEM; then @share_users is unchanged.
 */
int ditto_nl_share_users_read(struct ditto_share_users *share_users, const struct nlattr *attr,
			      struct netlink_ext_ack *extack);
/* 0 or -EMSGSIZE. */
int ditto_nl_share_users_put(struct sk_buff *msg, const struct ditto_share_users *share_users);
/* The bytes of that. */
size_t ditto_nl_share_users_size(const struct ditto_share_users *share_users);

#endif
