/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "ditto", see Documentation/netlink.md.
 *
 * genl.c and genl.h are generated from Documentation/netlink/specs/ditto.yaml by net/ynl-regen.
 * The operations that they name are in net/nl/.
 */
#ifndef _DITTO_NET_NETLINK_H
#define _DITTO_NET_NETLINK_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "genl.h"

/* Version that server-get reports; the same as the version of the modules. */
#define DITTO_VERSION	"0.1.0"

/**
 * ditto_genl_init - register the generic netlink family
 *
 * Requests may arrive at once, so all network namespaces must have their servers before the call.
 *
 * Context: may sleep.
 * Return: 0 or an errno of genl_register_family() or of the notifier chain.
 */
int ditto_genl_init(void);

/**
 * ditto_genl_exit - unregister the generic netlink family
 *
 * No request runs when it returns, and no further one is accepted. Events are dropped from its
 * beginning on.
 *
 * Context: may sleep.
 */
void ditto_genl_exit(void);

/* True while the family is registered, so that messages can be sent. Any context. */
bool ditto_genl_ready(void);

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

/**
 * ditto_nl_reply_new - begin the reply to a request
 * @info: the request
 * @size: bytes to reserve for attributes
 * @hdr: filled, for genlmsg_end()
 *
 * Context: may sleep.
 * Return: the message, or NULL without memory or if @size has no room for the header.
 */
struct sk_buff *ditto_nl_reply_new(struct genl_info *info, size_t size, void **hdr);

/**
 * ditto_nl_dump_put - begin a message of a dump
 * @msg: buffer of the dump
 * @cb: state of the dump
 *
 * Return: the header for genlmsg_end(), or NULL if @msg is full.
 */
void *ditto_nl_dump_put(struct sk_buff *msg, struct netlink_callback *cb);

#if IS_ENABLED(CONFIG_KUNIT)
/* The first operation of a command, with its policy. */
const struct genl_split_ops *ditto_nl_op(u8 cmd);
#endif

#endif
