/* SPDX-License-Identifier: GPL-2.0-only */
/* Grants of a share in netlink messages. */
#ifndef _DITTO_NET_NL_GRANTS_H
#define _DITTO_NET_NL_GRANTS_H

#include <linux/types.h>

struct ditto_grants;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/**
 * ditto_nl_grants_read - take the grants of a request
 * @grants: those in it are freed; what others may do stays
 * @attr: all grants
 * @extack: filled on error
 *
 * Context: may sleep. Return: 0, -EINVAL, -E2BIG, -EEXIST, -ENOMEM; then @grants is unchanged.
 */
int ditto_nl_grants_read(struct ditto_grants *grants, const struct nlattr *attr,
			 struct netlink_ext_ack *extack);
/* 0 or -EMSGSIZE. */
int ditto_nl_grants_put(struct sk_buff *msg, const struct ditto_grants *grants);
/* The bytes of that. */
size_t ditto_nl_grants_size(const struct ditto_grants *grants);

#endif
