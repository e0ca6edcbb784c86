/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of a server: struct ditto_settings as netlink reads and writes it. */
#ifndef _DITTO_NET_NL_SETTINGS_H
#define _DITTO_NET_NL_SETTINGS_H

#include <linux/types.h>

struct ditto_server;
struct ditto_settings;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* Set the defaults. Must be the first step in the life of a server. */
void ditto_settings_init(struct ditto_server *srv);

/**
 * ditto_settings_set - change the settings that are given
 * @srv: the server
 * @attrs: attributes by DITTO_A_SERVER_*, checked against the policy; NULL where absent
 * @extack: filled on error
 *
 * Either all settings change or none: if a protocol rejects them, the old values are restored.
 *
 * Context: may sleep.
 * Return: 0, -EBUSY if a handle key is given after the first share was added, or the
 * error of a protocol.
 */
int ditto_settings_set(struct ditto_server *srv, struct nlattr **attrs,
		       struct netlink_ext_ack *extack);

/**
 * ditto_settings_put - add all settings to a message
 * @msg: netlink message
 * @srv: the server
 *
 * The handle key is secret and never added.
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_settings_put(struct sk_buff *msg, const struct ditto_server *srv);

#endif
