/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocols and their listeners: one life cycle for all of them.
 *
 * A protocol module registers itself; the administrator adds listeners that
 * name it. The core starts, drains and stops; the protocol knows how.
 *
 * Locking: one mutex per server serializes start and stop; the protocol's
 * operations are called with it held and may sleep.
 */
#ifndef _DITTO_NET_LISTENER_H
#define _DITTO_NET_LISTENER_H

#include <linux/list.h>
#include <linux/module.h>
#include <linux/socket.h>

struct ditto_open_show;
struct ditto_peer;
struct ditto_server;
struct ditto_session_show;
struct ditto_tree_show;
struct netlink_ext_ack;

/* Listeners of one server. */
#define DITTO_LISTENERS_MAX	64
/* Names of protocols that are known since boot, and the longest with its end. */
#define DITTO_PROTOCOLS_MAX	8
#define DITTO_PROTOCOL_NAME	16

/* The values are those of the netlink enum "transport-type". */
enum ditto_transport {
	DITTO_TRANSPORT_TCP,
	DITTO_TRANSPORT_UDP,
};

/**
 * struct ditto_listener - an address that is listened on
 * @srv: the server
 * @id: its number, for people and netlink; never used again
 * @protocol: who serves it
 * @transport: TCP or UDP
 * @addr: address and port; the port is never 0
 * @private: the protocol's
 * @list: in the server's list, under its mutex
 */
struct ditto_listener {
	struct ditto_server *srv;
	u32 id;
	const struct ditto_protocol *protocol;
	enum ditto_transport transport;
	struct sockaddr_storage addr;
	void *private;
	struct list_head list;
};

/**
 * struct ditto_protocol - what a protocol module brings
 * @owner: the module
 * @name: as the administrator writes it: "nfs", "smb"
 * @bit: its bit in ditto_peer.protocols; set by ditto_protocol_register()
 * @default_port: used where a listener names none
 * @transports: BIT(enum ditto_transport) it can serve
 * @listen: begin to serve @listener; the first one starts the service. Fills @extack on error.
 *	An AF_INET6 listener on in6addr_any takes IPv4 too.
 * @close: stop listening and wait for requests in flight, at most the drain setting; the
 *	last one ends the service
 * @disconnect: close all connections of a peer; returns how many
 * @connections: count connections of a peer, or of all with NULL
 * @settings_changed: settings were written; take what can be taken live
 * @sessions: tell about sessions, see net/show.h; NULL for a protocol without
 * @session_close: end a session; -ENOENT
 * @opens: tell about what sessions have open
 * @open_close: close one; -ENOENT
 * @trees: tell about the shares that sessions use
 * @tree_close: take one from its session; -ENOENT
 * @list: in the list of protocols
 */
struct ditto_protocol {
	struct module *owner;
	const char *name;
	unsigned int bit;
	u16 default_port;
	u32 transports;
	int (*listen)(struct ditto_listener *listener, struct netlink_ext_ack *extack);
	void (*close)(struct ditto_listener *listener);
	unsigned int (*disconnect)(struct ditto_server *srv, const struct ditto_peer *peer);
	unsigned int (*connections)(struct ditto_server *srv, const struct ditto_peer *peer);
	int (*settings_changed)(struct ditto_server *srv);
	int (*sessions)(struct ditto_server *srv, struct ditto_session_show *show);
	int (*session_close)(struct ditto_server *srv, u64 id);
	int (*opens)(struct ditto_server *srv, struct ditto_open_show *show);
	int (*open_close)(struct ditto_server *srv, u64 id);
	int (*trees)(struct ditto_server *srv, struct ditto_tree_show *show);
	int (*tree_close)(struct ditto_server *srv, u64 session, u32 id);
	struct list_head list;
};

/* Make a protocol known. -EEXIST if its name is taken. */
int ditto_protocol_register(struct ditto_protocol *protocol);
/*
 * Closes its listeners in every namespace, then forgets it. No operation runs any more when it
 * returns.
 */
void ditto_protocol_unregister(struct ditto_protocol *protocol);

int ditto_listener_add(struct ditto_server *srv, const char *protocol,
		       enum ditto_transport transport, const struct sockaddr_storage *addr,
		       u32 *id, struct netlink_ext_ack *extack);
int ditto_listener_del(struct ditto_server *srv, u32 id, struct netlink_ext_ack *extack);
/* Those whose id is @from or above, in that order. @fn runs with the listeners' mutex held. */
int ditto_listener_for_each(struct ditto_server *srv, u32 from,
			    int (*fn)(struct ditto_listener *listener, void *arg), void *arg);

/*
 * What goes to every protocol that has a listener on the server. A peer's
 * connections: close them, or count them (of all peers with NULL). Settings
 * changed: the first error ends it.
 */
unsigned int ditto_protocols_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int ditto_protocols_connections(struct ditto_server *srv, const struct ditto_peer *peer);
int ditto_protocols_settings_changed(struct ditto_server *srv, struct netlink_ext_ack *extack);

/*
 * Call a function for the protocol with a bit, if it has a listener on the server. @fn runs with
 * the listeners' mutex held. What it returns, or -EPROTONOSUPPORT without one.
 */
int ditto_protocol_with(struct ditto_server *srv, unsigned int bit,
			int (*fn)(struct ditto_server *srv, const struct ditto_protocol *protocol,
				  void *arg), void *arg);

/* The name that has a bit of ditto_peer.protocols, or NULL; it outlives the module. */
const char *ditto_protocol_name(unsigned int bit);
/* Is the protocol with this bit loaded now? */
bool ditto_protocol_loaded(unsigned int bit);

int ditto_listeners_init(struct ditto_server *srv);
void ditto_listeners_exit(struct ditto_server *srv);

#endif
