/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The NFS side of a server: one per network namespace.
 */
#ifndef _DITTO_FS_NFS_SERVER_H
#define _DITTO_FS_NFS_SERVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include <net/netns/generic.h>

#include "../../net/budget.h"
#include "../../net/helper/recorder.h"
#include "../../net/listener.h"
#include "../../net/setting.h"
#include "../../net/task.h"
#include "../share/admit.h"
#include "rpc/call.h"
#include "rpc/sunrpc_glue.h"
#include "rpc/worker.h"

struct ditto_conn_show;
struct ditto_conns;
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
struct svc_rqst;
struct svc_serv;
struct svc_xprt;

/* Settings of NFS, described in setting_defs.h; read with READ_ONCE(), see net/setting.h. */
struct dnfs_settings {
#define SETTING(...) DITTO_SETTING_MEMBER(__VA_ARGS__)
#include "setting_defs.h"
};

/* Tasks that run concurrently, of all machines and of one. */
#define DNFS_TASKS_AT_ONCE	32
#define DNFS_TASKS_OF_PEER	8
/* Tasks that run concurrently and may wait for a disk, of all file systems and of one. */
#define DNFS_DISK_TASKS_AT_ONCE	256
#define DNFS_DISK_TASKS_OF_FS	16

/* Most mounts that are remembered for MOUNT's DUMP. */
#define DNFS_MOUNTS_MAX		1024

/**
 * struct dnfs_server - state of the NFS programs in a network namespace
 * @srv: the core's server; stays until this one has ended
 * @net: the namespace, as in @srv
 * @end: ends the server, when the namespace or the module has gone: main.c
 * @settings: see struct dnfs_settings
 * @replies: the reply cache
 * @nlm: NLM and NSM, the locking side of version 3
 * @v4: state of version 4
 * @stats: statistics of each program
 * @conns: connections by client: rpc/conn_charge.c
 * @pausing: number of service threads that wait for a break or for the helper
 * @pausing_max: limit of @pausing; changed with WRITE_ONCE()
 * @recorders: records of clients, hosts and monitoring requests
 * @disk_tasks: work that callbacks of the lock table leave, because it may wait for a disk
 * @workers: the service threads, and what they are kept by
 * @lock: guards the members up to @listeners; held while the service is started, changed and
 *	stopped, and so for as long as a thread of it that ends waits for a file system
 * @serv_sem: held with @lock while @serv is changed, and for reading by whoever only looks at the
 *	connections of the service; nothing is waited for under it
 * @serv: sunrpc's service; NULL while there is no listener
 * @listeners: list of struct dnfs_listener
 * @rpcbind: registrations with rpcbind, changed by dnfs_announce() only; NULL while there are none
 * @mounts_lock: guards @mounts and @nmounts
 * @mounts: mounts reported by clients, oldest first
 * @nmounts: number of them
 */
struct dnfs_server {
	struct ditto_server *srv;
	struct net *net;
	struct work_struct end;
	struct dnfs_settings settings;
	struct dnfs_replies *replies;
	struct dnlm_server *nlm;
	struct dnfs4_server *v4;
	struct ditto_stats_group *stats[DNFS_PROGRAMS];
	struct ditto_conns *conns;
	atomic_t pausing;
	unsigned int pausing_max;
	struct ditto_recorders recorders;
	struct ditto_tasks disk_tasks;
	struct dnfs_workers workers;

	struct mutex lock;	/* see above */
	struct rw_semaphore serv_sem;	/* see above */
	struct svc_serv *serv;
	struct list_head listeners;
	struct dnfs_rpcbind *rpcbind;

	struct mutex mounts_lock;	/* see above */
	struct list_head mounts;
	unsigned int nmounts;
};

/**
 * struct dnfs_part - a part of the module; each member may be NULL
 * @setup: called with the module's init
 * @cleanup: called with the module's exit
 * @init: called with the set-up of a namespace
 * @exit: called with the teardown of a namespace
 * @start: called when the service starts; dnfs_server.lock is held
 * @stop: called when the service stops, even if it failed to start; dnfs_server.lock is held
 * @changed: settings have changed while the service runs; dnfs_server.lock is held
 *
 * All may sleep. @setup and @init return 0 or an errno.
 */
struct dnfs_part {
	int (*setup)(void);
	void (*cleanup)(void);
	int (*init)(struct dnfs_server *server);
	void (*exit)(struct dnfs_server *server);
	void (*start)(struct dnfs_server *server);
	void (*stop)(struct dnfs_server *server);
	void (*changed)(struct dnfs_server *server);
};

/* main.c: all parts, in the order of @setup, @init, @start and @changed; the others go back. */
#define DNFS_PARTS	6
extern const struct dnfs_part dnfs_parts[DNFS_PARTS];

extern unsigned int dnfs_net_id;
extern struct ditto_protocol dnfs_protocol;

/* The NFS state of a network namespace, for whoever holds the namespace. */
static inline struct dnfs_server *dnfs_server_of(const struct net *net)
{
	struct dnfs_server **server = net_generic(net, dnfs_net_id);

	return *server;
}

/* The bit of this protocol in struct ditto_peer. */
static inline unsigned int dnfs_protocol_bit(void)
{
	return dnfs_protocol.bit;
}

/* rpc.c */

/* fs/nfs/rpc/rpc.c */
struct svc_program *dnfs_rpc_programs(unsigned int *count);
void dnfs_rpc_init(void);

/* service.c: operations of struct ditto_protocol; all may sleep and take dnfs_server.lock */

/* fs/nfs/rpc/service.c */
int dnfs_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack);
void dnfs_close(struct ditto_listener *listener);
unsigned int dnfs_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int dnfs_connections(struct ditto_server *srv, const struct ditto_peer *peer);
int dnfs_conns(struct ditto_server *srv, struct ditto_conn_show *show);
void dnfs_announce(struct ditto_server *srv, struct netlink_ext_ack *extack);
int dnfs_settings_changed(struct ditto_server *srv);
int dnfs_thread(void *data);

/* connection.c */

/* fs/nfs/rpc/connection.c */
void dnfs_connections_charge(struct svc_xprt *listener);
void dnfs_connections_flush(void);

/* conn.c */

/* fs/nfs/rpc/conn.c */
bool dnfs_conn_peer(const struct svc_rqst *rqstp, struct ditto_peer **peer);
u64 dnfs_conn_look_up(struct svc_xprt *xprt, struct ditto_peer **peer);

/* conn_charge.c */

/*
 * Get the level of trust of a machine. A machine that a share admits sends requests of its users,
 * so it gets their level. Return: the level.
 */
static inline enum ditto_trust dnfs_conn_trust(enum ditto_admission admission)
{
	switch (admission) {
	case DITTO_ADMITTED:
		return DITTO_TRUST_USER;
	case DITTO_UNDECIDED:
		return DITTO_TRUST_UNPROVEN;
	case DITTO_STRANGER:
		break;
	}
	return DITTO_TRUST_STRANGER;
}

/* fs/nfs/rpc/conn_charge.c */
void dnfs_conn_decided(struct svc_xprt *xprt, enum ditto_trust trust);

/* mount.c */

/* fs/nfs/v3/mount.c */
void dnfs_mounts_free(struct dnfs_server *server);

#endif
