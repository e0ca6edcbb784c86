/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "ditto": Documentation/netlink.md.
 *
 * genl.c and genl.h are generated from Documentation/netlink/specs/ditto.yaml
 * by net/ynl-regen; the operations they name are in the files nl_*.c.
 */
#ifndef _DITTO_NET_NETLINK_H
#define _DITTO_NET_NETLINK_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "genl.h"

/* What server-get says; the same as the modules' version. */
#define DITTO_VERSION	"0.1.0"

/**
 * ditto_genl_init - make the family known
 *
 * Called when servers exist for all namespaces, for requests may come at once.
 *
 * Return: 0 or an errno of genl_register_family() or the notifier chain.
 */
int ditto_genl_init(void);

/* No request runs and none is taken any more when it returns; events are dropped from here on. */
void ditto_genl_exit(void);

/* Is the family registered, so that something can be sent? */
bool ditto_genl_ready(void);

/* A 64-bit attribute; the format has no padding, readers copy it out. */
int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value);

/* An address as 4 or 16 bytes. */
int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr);

/**
 * ditto_nl_get_addr - read an address of 4 or 16 bytes
 * @attr: the attribute
 * @addr: filled; IPv4 mapped into IPv6
 * @extack: filled on error
 *
 * Return: 0 or -EINVAL.
 */
int ditto_nl_get_addr(const struct nlattr *attr, struct in6_addr *addr,
		      struct netlink_ext_ack *extack);

/**
 * ditto_nl_get_gids - numbers of groups from an attribute; those that are none are left out
 * @attr: the numbers, each of 4 bytes; the remainder does not count
 * @gids: room for all of them
 *
 * Return: how many there are.
 */
unsigned int ditto_nl_get_gids(const struct nlattr *attr, kgid_t *gids);

/**
 * ditto_nl_reply_new - begin the reply to a request
 * @info: the request
 * @size: bytes of attributes
 * @hdr: filled, for genlmsg_end()
 *
 * Return: the message or NULL without memory.
 */
struct sk_buff *ditto_nl_reply_new(struct genl_info *info, size_t size, void **hdr);

/* Begin a message of a dump; NULL if it is full. */
void *ditto_nl_dump_put(struct sk_buff *msg, struct netlink_callback *cb);

#if IS_ENABLED(CONFIG_KUNIT)
/* The first operation of a command, with its policy. */
const struct genl_split_ops *ditto_nl_op(u8 cmd);
#endif

#endif
