/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocols and their listeners.
 *
 * A protocol module registers itself. The administrator adds listeners, each of which names a
 * protocol. The functions here start and stop listeners by the protocol's operations.
 *
 * Locking: one mutex per server serializes start and stop, and another one announcements. Neither
 * is held while a protocol is asked something or closes something, since both may be held by a task
 * that waits for a file system that hangs. See listener.c.
 */
#ifndef _DITTO_NET_LISTENER_H
#define _DITTO_NET_LISTENER_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "option.h"
#include "setting.h"
#include "version.h"

struct ditto_conn_show;
struct ditto_open_show;
struct ditto_peer;
struct ditto_server;
struct ditto_session_show;
struct ditto_share;
struct ditto_tree_show;
struct netlink_ext_ack;

/* Listeners of one server. */
#define DITTO_LISTENERS_MAX	64
/* Names of protocols seen since boot, and bytes of the longest name with its NUL. */
#define DITTO_PROTOCOLS_MAX	8
#define DITTO_PROTOCOL_NAME	16

/* The values match the netlink enum "transport-type". */
enum ditto_transport {
	DITTO_TRANSPORT_TCP,
	DITTO_TRANSPORT_UDP,
	DITTO_TRANSPORT_RDMA,
};

/**
 * struct ditto_listener - an address that is listened on
 * @srv: the server
 * @id: number shown to the administrator; never reused
 * @protocol: protocol that serves it
 * @transport: TCP, UDP or RDMA
 * @addr: address and port; the port is never 0
 * @leaving: it will be closed next and must not be announced any more; written with the mutex of
 *	announcements held
 * @private: data of the protocol
 * @users: calls into the protocol by this listener, and one while it is on the list
 * @unused: completed when the last of @users ends
 * @list: in the server's list, under its locks
 */
struct ditto_listener {
	struct ditto_server *srv;
	u32 id;
	const struct ditto_protocol *protocol;
	enum ditto_transport transport;
	struct sockaddr_storage addr;
	bool leaving;
	void *private;
	refcount_t users;
	struct completion unused;
	struct list_head list;
};

/**
 * struct ditto_protocol - a protocol module
 * @owner: the module
 * @name: name as the administrator writes it: "nfs", "smb"
 * @bit: its bit in ditto_peer.protocols; set by ditto_protocol_register()
 * @default_port: port of a listener that gives none
 * @rdma_port: the same over RDMA
 * @transports: BIT(enum ditto_transport) of the transports it can serve
 * @listen: starts to serve a listener; the first listener starts the service. Fills the extack on
 *	error. An AF_INET6 listener on in6addr_any accepts IPv4 too.
 * @close: stops a listener and waits for requests in flight, at most for the drain setting;
 *	closing the last listener stops the service
 * @announce: tells other programs, such as rpcbind, about the listeners that are not leaving;
 *	called after a listener was opened and before one is closed, and when settings change, by
 *	one task at a time for each server. The extack gets a warning; it may be NULL. May be NULL
 * @disconnect: closes all connections of a peer and returns their number; may be NULL
 * @connections: counts the connections of a peer, or of all peers for NULL; may be NULL
 * @conns: dumps connections, see net/show.h; may be NULL
 * @settings_changed: applies settings that can change while the service runs; returns 0 or an
 *	errno; may be NULL
 * @sessions: dumps sessions, see net/show.h; NULL for a protocol without sessions
 * @session_close: closes a session; returns 0 or -ENOENT
 * @opens: dumps opens
 * @open_close: closes an open; returns 0 or -ENOENT
 * @trees: dumps the shares that sessions are connected to
 * @tree_close: disconnects a session from a share; returns 0 or -ENOENT
 * @logins: tells which DITTO_LOGIN_* kinds of logins a share takes; NULL for a protocol without
 *	logins
 * @reaches: tells whether the user of a session may use a share, without waiting for the helper;
 *	NULL for a protocol without logins
 * @settings: its own settings, if any
 * @options: its own options of shares, if any
 * @list: in the list of protocols
 *
 * @listen, @close and @settings_changed are called by one task at a time for each server, and
 * @announce by one task, too. The others are called in parallel with these and each other while a
 * listener is there, and until @close has returned for the last one or a little longer; but not
 * after ditto_protocol_unregister(). All may sleep. Those that dump or count wait for nothing that
 * a file system or a client may hold up, so that the administrator can see what hangs.
 */
struct ditto_protocol {
	struct module *owner;
	const char *name;
	unsigned int bit;
	u16 default_port;
	u16 rdma_port;
	u32 transports;
	int (*listen)(struct ditto_listener *listener, struct netlink_ext_ack *extack);
	void (*close)(struct ditto_listener *listener);
	void (*announce)(struct ditto_server *srv, struct netlink_ext_ack *extack);
	unsigned int (*disconnect)(struct ditto_server *srv, const struct ditto_peer *peer);
	unsigned int (*connections)(struct ditto_server *srv, const struct ditto_peer *peer);
	int (*conns)(struct ditto_server *srv, struct ditto_conn_show *show);
	int (*settings_changed)(struct ditto_server *srv);
	int (*sessions)(struct ditto_server *srv, struct ditto_session_show *show);
	int (*session_close)(struct ditto_server *srv, u64 id);
	int (*opens)(struct ditto_server *srv, struct ditto_open_show *show);
	int (*open_close)(struct ditto_server *srv, u64 id);
	int (*trees)(struct ditto_server *srv, struct ditto_tree_show *show);
	int (*tree_close)(struct ditto_server *srv, u64 session, u32 id);
	u32 (*logins)(const struct ditto_share *share);
	bool (*reaches)(struct ditto_server *srv, u64 session, struct ditto_share *share);
	struct ditto_setting_owner settings;
	struct ditto_option_owner options;
	struct list_head list;
};

/* The version of the core that is loaded. */
extern const char ditto_core_version[];

/*
 * Whether a protocol module fits to the core that is loaded. Structs that they share may differ
 * between versions, which only kernels with CONFIG_MODVERSIONS see. So a module calls this before
 * it uses anything of the core. Return: 0, or -ENOEXEC after a message.
 */
static inline int ditto_core_check(void)
{
	if (!strcmp(ditto_core_version, DITTO_VERSION))
		return 0;
	pr_err("version %s does not fit to version %s of the module ditto that is loaded: 'dittoctl upgrade' replaces both\n",
	       DITTO_VERSION, ditto_core_version);
	return -ENOEXEC;
}

int ditto_protocol_register(struct ditto_protocol *protocol);
void ditto_protocol_unregister(struct ditto_protocol *protocol);
int ditto_listener_add(struct ditto_server *srv, const char *protocol_name,
		       enum ditto_transport transport, const struct sockaddr_storage *addr,
		       u32 *id, struct netlink_ext_ack *extack);
int ditto_listener_del(struct ditto_server *srv, u32 id, struct netlink_ext_ack *extack);
int ditto_listener_for_each(struct ditto_server *srv, u32 from,
			    int (*fn)(struct ditto_listener *listener, void *arg), void *arg);
unsigned int ditto_protocols_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int ditto_protocols_connections(struct ditto_server *srv, const struct ditto_peer *peer);
bool ditto_server_listens(const struct ditto_server *srv);
int ditto_protocols_settings_changed(struct ditto_server *srv, struct netlink_ext_ack *extack);
void ditto_protocols_announce(struct ditto_server *srv, struct netlink_ext_ack *extack);
int ditto_protocol_with(struct ditto_server *srv, unsigned int bit,
			int (*fn)(struct ditto_server *srv, const struct ditto_protocol *protocol,
				  void *arg), void *arg);
const char *ditto_protocol_name(unsigned int bit);
bool ditto_protocol_loaded(unsigned int bit);

/* Create the listeners of a server; close and destroy them. May sleep. */
int ditto_listeners_init(struct ditto_server *srv);
void ditto_listeners_exit(struct ditto_server *srv);

#endif
