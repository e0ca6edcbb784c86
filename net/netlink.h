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

/**
 * ditto_nl_family_set - make the family known to those who send messages of their own accord
 * @family: registered; NULL before it is unregistered, and then for good
 *
 * Context: any.
 */
void ditto_nl_family_set(const struct genl_family *family);

/**
 * ditto_nl_family_get - get the family, to send a message that is no reply
 *
 * Context: any.
 * Return: the family; NULL while it is not registered, when its number and its multicast groups
 * may be another family's.
 */
const struct genl_family *ditto_nl_family_get(void);

/**
 * ditto_nl_put_u64 - add a 64-bit attribute without padding
 * @msg: netlink message
 * @type: attribute
 * @value: value
 *
 * The format has no padding attributes, so readers must copy the value out.
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value);

/**
 * ditto_nl_put_addr - add an address as 4 bytes (IPv4) or 16 bytes (IPv6)
 * @msg: netlink message
 * @type: attribute
 * @addr: IPv6 address, or IPv4 address mapped into IPv6
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr);

/**
 * ditto_nl_get_addr - read an address of 4 or 16 bytes
 * @attr: the attribute
 * @addr: filled; an IPv4 address is mapped into IPv6
 * @extack: filled on error
 *
 * Return: 0, or -EINVAL for another length.
 */
int ditto_nl_get_addr(const struct nlattr *attr, struct in6_addr *addr,
		      struct netlink_ext_ack *extack);

/**
 * ditto_nl_get_gids - read group ids from an attribute
 * @attr: ids of 4 bytes each; a remainder is ignored
 * @gids: filled; must have room for all ids of @attr
 *
 * Ids that are not valid in the initial user namespace are skipped.
 *
 * Return: the number of ids written to @gids.
 */
unsigned int ditto_nl_get_gids(const struct nlattr *attr, kgid_t *gids);

#endif
