/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners as the tools know them. */
#ifndef _DITTO_TOOLS_LISTENER_H
#define _DITTO_TOOLS_LISTENER_H

#include "text.h"

struct nl_msg;

/* Longest name of a protocol and NUL. */
#define LISTENER_PROTOCOL_MAX	16
/* Longest result of listener_text(). */
#define LISTENER_TEXT_MAX	128

/**
 * struct listener - a listener, wished or found
 * @id: its number; 0 for one that is only wished
 * @protocol: who serves it
 * @transport: enum ditto_transport_type
 * @addr: where it listens
 * @port: 0 for the protocol's own
 * @connections: only of one that was found
 */
struct listener {
	u32 id;
	char protocol[LISTENER_PROTOCOL_MAX];
	u32 transport;
	struct address addr;
	u16 port;
	u32 connections;
};

bool listener_set_protocol(struct listener *l, const char *text, struct why *why);
bool listener_set_transport(struct listener *l, const char *text, struct why *why);
bool listener_set_address(struct listener *l, const char *text, struct why *why);
bool listener_set_port(struct listener *l, const char *text, struct why *why);

/* Add to a message of the command listener-new. */
void listener_put(struct nl_msg *msg, const struct listener *l);
/* From an answer; false if it makes no sense. */
bool listener_from_msg(struct listener *l, struct nl_msg *msg);
/* Same protocol, transport and address, whatever the port? */
bool listener_same_place(const struct listener *a, const struct listener *b);
/* "nfs tcp 192.0.2.1 port 2049", without the port if it is the protocol's own. */
const char *listener_text(const struct listener *l, char buf[LISTENER_TEXT_MAX]);

#endif
