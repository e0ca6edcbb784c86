/* SPDX-License-Identifier: GPL-2.0-only */
/* Registration with rpcbind. */
#ifndef _DITTO_FS_NFS_RPC_RPCBIND_H
#define _DITTO_FS_NFS_RPC_RPCBIND_H

struct dnfs_server;
struct netlink_ext_ack;

/* What rpcbind calls a netid; it has one port for each program and netid. */
enum dnfs_rpcbind_kind {
	DNFS_RPCBIND_TCP4,
	DNFS_RPCBIND_UDP4,
	DNFS_RPCBIND_TCP6,
	DNFS_RPCBIND_UDP6,
	DNFS_RPCBIND_KINDS
};

/**
 * dnfs_rpcbind_start - get ready to talk to rpcbind
 * @server: of the namespace; the service runs
 *
 * Registers nothing yet.
 *
 * Context: may sleep; server->lock is held.
 */
void dnfs_rpcbind_start(struct dnfs_server *server);

/**
 * dnfs_rpcbind_update - make what is registered what is listened on
 * @server: of the namespace
 * @port: of each netid, in host order; 0 where nothing listens
 * @extack: told of an entry that another server has; may be NULL
 *
 * All is registered again, in case that rpcbind was started anew. If it does not answer, that
 * is logged once, and tried with the next update.
 *
 * Context: a process; may sleep; server->lock is held. To be called before a socket is
 * closed and after it was opened, so that rpcbind names only ports that are ours.
 */
void dnfs_rpcbind_update(struct dnfs_server *server,
			 const unsigned short port[DNFS_RPCBIND_KINDS],
			 struct netlink_ext_ack *extack);

/**
 * dnfs_rpcbind_stop - withdraw all that is registered
 * @server: of the namespace
 *
 * Context: may sleep; server->lock is held.
 */
void dnfs_rpcbind_stop(struct dnfs_server *server);

#endif
