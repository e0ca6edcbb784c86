/* SPDX-License-Identifier: GPL-2.0-only */
/* Access of users to a share (struct ditto_share_users) in netlink messages. */
#ifndef _DITTO_NET_NL_NL_SHARE_USERS_H
#define _DITTO_NET_NL_NL_SHARE_USERS_H

#include <linux/types.h>

struct ditto_share_users;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/**
 * ditto_nl_share_users_read - replace the entries of a list of share users from a request
 * @share_users: its entries are freed and replaced; its default for all other users stays
 * @attr: nested attribute with all entries
 * @extack: filled on error
 *
 * Return: 0; -EINVAL, -E2BIG, -EEXIST or -ENOMEM, which leave @share_users unchanged.
 */
int ditto_nl_share_users_read(struct ditto_share_users *share_users, const struct nlattr *attr,
			      struct netlink_ext_ack *extack);

/**
 * ditto_nl_share_users_put - add a list of share users to a message
 * @msg: netlink message
 * @share_users: the list; its default access is added, too
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_nl_share_users_put(struct sk_buff *msg, const struct ditto_share_users *share_users);
/* Bytes of attributes that ditto_nl_share_users_put() needs. */
size_t ditto_nl_share_users_size(const struct ditto_share_users *share_users);

#endif
