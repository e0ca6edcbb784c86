/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners: parsing, netlink messages and text. */
#ifndef _DITTO_TOOLS_LISTENER_H
#define _DITTO_TOOLS_LISTENER_H

#include "module.h"
#include "common/text.h"

struct nl_msg;

/* Bytes of the longest name of a protocol, with its NUL. */
#define LISTENER_PROTOCOL_MAX	16
/* Bytes of the longest result of listener_text(), with its NUL. */
#define LISTENER_TEXT_MAX	128

/**
 * struct listener - a listener, configured or existing
 * @id: number of an existing listener; 0 for one that is only configured
 * @protocol: name of the protocol
 * @transport: enum ditto_transport_type
 * @addr: address
 * @port: port; 0 for the default of the protocol
 * @connections: number of connections of an existing listener
 */
struct listener {
	u32 id;
	char protocol[LISTENER_PROTOCOL_MAX];
	u32 transport;
	struct address addr;
	u16 port;
	u32 connections;
};

/* Set a member from text. They return false and fill @why on error. */
bool listener_set_protocol(struct listener *l, const char *text, struct why *why);
bool listener_set_transport(struct listener *l, const char *text, struct why *why);
bool listener_set_address(struct listener *l, const char *text, struct why *why);
bool listener_set_port(struct listener *l, const char *text, struct why *why);

/* Add the listener to a message of the command listener-new. */
void listener_put(struct nl_msg *msg, const struct listener *l);
/* Read a listener from a reply; false if the reply is malformed. */
bool listener_from_msg(struct listener *l, struct nl_msg *msg);
/* True if protocol, transport and address are the same; ports may differ. */
bool listener_same_place(const struct listener *a, const struct listener *b);
/* Format as "nfs tcp 192.0.2.1 port 2049", without the port if it is 0. Returns @buf. */
/* Say how to get the module of its protocol. Returns @hint. */
const char *listener_hint(const struct listener *l, char hint[MODULE_HINT_MAX]);
/* Return its port, or its protocol's if it has none. */
u16 listener_port(const struct listener *l);
const char *listener_text(const struct listener *l, char buf[LISTENER_TEXT_MAX]);

#endif
