/* SPDX-License-Identifier: GPL-2.0-only */
/* Registration with rpcbind. */
#ifndef _DITTO_FS_NFS_RPC_RPCBIND_H
#define _DITTO_FS_NFS_RPC_RPCBIND_H

struct dnfs_server;
struct netlink_ext_ack;

/* The netids of rpcbind, which has one port per program, version and netid. */
enum dnfs_rpcbind_kind {
	DNFS_RPCBIND_TCP4,
	DNFS_RPCBIND_UDP4,
	DNFS_RPCBIND_TCP6,
	DNFS_RPCBIND_UDP6,
	DNFS_RPCBIND_KINDS
};

/**
 * dnfs_rpcbind_start - prepare registration with rpcbind
 * @server: the server; the service runs
 *
 * Registers nothing yet. Without memory nothing will be registered.
 *
 * Context: may sleep; server->lock is held.
 */
void dnfs_rpcbind_start(struct dnfs_server *server);

/**
 * dnfs_rpcbind_update - register the ports of the listening sockets
 * @server: the server
 * @port: port of each netid, in host order; 0 where nothing listens
 * @extack: gets a message about an entry of another server; may be NULL
 *
 * Registers all entries again, in case rpcbind was restarted. If rpcbind does not answer, this
 * is logged once, and the next update tries again.
 *
 * Call this before a socket is closed and after it was opened, so that rpcbind only names
 * ports that belong to this server.
 *
 * Context: process; may sleep; server->lock is held.
 */
void dnfs_rpcbind_update(struct dnfs_server *server,
			 const unsigned short port[DNFS_RPCBIND_KINDS],
			 struct netlink_ext_ack *extack);

/**
 * dnfs_rpcbind_stop - remove all entries from rpcbind
 * @server: the server
 *
 * Context: may sleep; server->lock is held.
 */
void dnfs_rpcbind_stop(struct dnfs_server *server);

#endif
