/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The NFS side of a server: one per network namespace.
 */
#ifndef _DITTO_FS_NFS_SERVER_H
#define _DITTO_FS_NFS_SERVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "rpc/call.h"

struct ditto_listener;
struct ditto_peer;
struct ditto_server;
struct ditto_stats_group;
struct dnfs_replies;
struct dnfs_rpcbind;
struct dnfs4_server;
struct dnlm_server;
struct net;
struct netlink_ext_ack;
struct svc_program;
struct svc_serv;
struct svc_xprt;

/* Clients' mounts that are remembered for MOUNT's DUMP. */
#define DNFS_MOUNTS_MAX		1024

/**
 * struct dnfs_server - what the NFS programs keep for a namespace
 * @srv: the core's
 * @net: the namespace
 * @replies: the reply cache
 * @nlm: locks of version 3 clients
 * @v4: what version 4 keeps
 * @stats: of each program
 * @pausing: service threads that wait for holders to give way
 * @pausing_max: how many may; changed with WRITE_ONCE()
 * @lock: guards what follows up to @mounts_lock; the service is started,
 *	changed and stopped under it
 * @serv: sunrpc's service; NULL while nothing listens
 * @listeners: struct dnfs_listener
 * @rpcbind: what is registered with rpcbind; NULL without memory
 * @mounts_lock: guards @mounts and @nmounts
 * @mounts: what clients said they mounted, oldest first
 * @nmounts: how many
 */
struct dnfs_server {
	struct ditto_server *srv;
	struct net *net;
	struct dnfs_replies *replies;
	struct dnlm_server *nlm;
	struct dnfs4_server *v4;
	struct ditto_stats_group *stats[DNFS_PROGRAMS];
	atomic_t pausing;
	unsigned int pausing_max;

	struct mutex lock;	/* see above */
	struct svc_serv *serv;
	struct list_head listeners;
	struct dnfs_rpcbind *rpcbind;

	struct mutex mounts_lock;	/* see above */
	struct list_head mounts;
	unsigned int nmounts;
};

/* main.c */
struct dnfs_server *dnfs_server_of(const struct net *net);
/* Bit of our protocol in struct ditto_peer. */
unsigned int dnfs_protocol_bit(void);

/* rpc.c: programs for sunrpc, @count of them */
struct svc_program *dnfs_rpc_programs(unsigned int *count);
void dnfs_rpc_init(void);

/* service.c: the operations of struct ditto_protocol */
int dnfs_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack);
void dnfs_close(struct ditto_listener *listener);
unsigned int dnfs_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int dnfs_connections(struct ditto_server *srv, const struct ditto_peer *peer);
int dnfs_settings_changed(struct ditto_server *srv);

/*
 * connection.c: connections that this listening socket accepts are charged to their machines,
 * and so is what they leave of their answers. They and the socket are gone before the module
 * is. May sleep.
 */
void dnfs_connections_charge(struct svc_xprt *listener);
/* Nothing is charged any more for connections that are gone. May sleep. */
void dnfs_connections_flush(void);
int dnfs_connections_init(void);
void dnfs_connections_exit(void);

/* mount.c */
void dnfs_mounts_free(struct dnfs_server *server);

#endif
