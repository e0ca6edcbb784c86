/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of a server: struct ditto_settings, as netlink reads and writes it.
 */
#ifndef _DITTO_NET_SETTINGS_H
#define _DITTO_NET_SETTINGS_H

#include <linux/types.h>

struct ditto_server;
struct ditto_settings;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* Set the defaults; first of all in a new server. */
void ditto_settings_init(struct ditto_server *srv);

/**
 * ditto_settings_set - change the settings that are given
 * @srv: the server
 * @attrs: by DITTO_A_SERVER_*, checked against the policy; NULL where absent
 * @extack: filled on error
 *
 * All or nothing: if a protocol cannot follow, the old settings stay.
 *
 * Context: may sleep.
 * Return: 0, -EBUSY (handle key after the first share) or what a protocol said.
 */
int ditto_settings_set(struct ditto_server *srv, struct nlattr **attrs,
		       struct netlink_ext_ack *extack);

/* Add all settings to a message; 0 or -EMSGSIZE. The handle key is never told. */
int ditto_settings_put(struct sk_buff *msg, const struct ditto_server *srv);

#endif
