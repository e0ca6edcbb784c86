/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SMB server of a network namespace: its state, and the functions of main.c, server.c and
 * ioctl/fsctl_net.c that other files use.
 *
 * The server begins with the namespace, and ends when that, or the module, has gone, by a work:
 * its end may wait for disks. dsmb_server_init() and dsmb_server_exit() run in process context and
 * may sleep.
 */
#ifndef _DITTO_SMB_SERVER_H
#define _DITTO_SMB_SERVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../net/helper/recorder.h"
#include "../net/live.h"
#include "../net/setting.h"
#include "../net/task.h"
#include "transport/fs_limit.h"
#include "transport/run_queue.h"

struct ditto_conns;
struct ditto_listener;
struct ditto_peer;
struct ditto_protocol;
struct ditto_server;
struct ditto_stats_group;
struct dsmb_buf_pool;
struct dsmb_interfaces;
struct in6_addr;
struct net;
struct netlink_ext_ack;

/* The setting "encryption". */
enum dsmb_encryption {
	DSMB_ENCRYPTION_OFF,
	DSMB_ENCRYPTION_OFFERED,	/* the client may encrypt; a share may require it */
	DSMB_ENCRYPTION_REQUIRED,
};

/* Settings of SMB, described in setting_defs.h; read with READ_ONCE(), see net/setting.h. */
struct dsmb_settings {
#define SETTING(...) DITTO_SETTING_MEMBER(__VA_ARGS__)
#include "setting_defs.h"
};

/**
 * struct dsmb_server - the SMB server of one network namespace
 * @srv: the core server of the namespace; stays until this one has ended
 * @end: ends the server: main.c
 * @settings: see struct dsmb_settings
 * @guid: ServerGuid; random, constant for the life of the namespace's server
 * @started: time the server started, as FILETIME
 * @lock: mutex; serializes start and stop of listeners and changes of @interfaces
 * @listeners: struct dsmb_listener, under @lock
 * @interfaces: addresses reported by FSCTL_QUERY_NETWORK_INTERFACE_INFO, under RCU; NULL from a
 *	change of the listeners to the next query: ioctl/fsctl_net.c
 * @interfaces_work: renews @interfaces in the background
 * @conns_lock: spinlock; guards @conns and @nconns
 * @conns: all struct dsmb_conn
 * @nconns: number of connections that count against max_connections
 * @live: connections whose memory is not freed yet; a connection leaves @conns before it is
 *	freed
 * @objects: opens, and clients of the lock table, which are sessions and ClientGuids, whose memory
 *	is not freed yet; instances of a share that is being removed keep clients after all sessions
 *	and opens are closed
 * @idle: woken when a connection leaves @conns, and when @live drops to 0
 * @sessions: struct dsmb_session by SessionId; its own lock guards it
 * @durables: struct dsmb_open by persistent FileId, durable opens only; see open/durable.h
 * @ndurables: number of entries in @durables
 * @awaiting: calls that wait until the loss of a connection has been handled
 * @hook: called when the records from before a restart are available: open/persist_restore.c
 * @deleters_lock: spinlock; guards @deleters
 * @deleters: durability of persistent opens that request a deletion: open/persist_delete.c
 * @pending_lock: mutex; guards @pending
 * @pending: records of opens that are not restored yet
 * @open_records: records of persistent opens
 * @retry: restores the opens in @pending
 * @workqueue: receives messages and runs calls; unbound if there are several CPUs
 * @slow: runs calls that may take long, resumes parked calls, and ends connections
 * @ends: ends sessions beside others of their connection
 * @login: runs authentications, so that they do not wait behind other requests
 * @records: runs calls that may wait until the helper has recorded something
 * @closers: what closes opens in the background: open/closer.c
 * @slow_queue: the messages on @slow
 * @login_queue: the messages on @login
 * @record_queue: the messages on @records
 * @fs_limits: limit of workers per file system, for @workqueue and the other queues:
 *	transport/fs_limit.h
 * @recorders: the same limit, for the workers of @records
 * @prelogin: connections without a logged-in user: transport/prelogin.h
 * @unsealing: number of large messages that are being decrypted: transport/message.c
 * @buffers: pool of message buffers: transport/buf.c
 * @stats: counters of the statistics group "smb"
 * @compression: counters of the statistics group "smb-compression"
 */
struct dsmb_server {
	struct ditto_server *srv;
	struct work_struct end;
	struct dsmb_settings settings;
	guid_t guid;
	u64 started;
	struct mutex lock;	/* see above */
	struct list_head listeners;
	struct dsmb_interfaces __rcu *interfaces;
	struct work_struct interfaces_work;
	spinlock_t conns_lock;	/* see above */
	struct list_head conns;
	unsigned int nconns;
	atomic_t live;
	struct ditto_live objects;
	wait_queue_head_t idle;
	struct xarray sessions;
	struct xarray durables;
	atomic_t ndurables;
	atomic_t awaiting;
	struct ditto_state_hook hook;
	spinlock_t deleters_lock;	/* see above */
	struct rb_root deleters;
	struct mutex pending_lock;	/* see above */
	struct list_head pending;
	struct ditto_recorders open_records;
	struct delayed_work retry;
	struct workqueue_struct *workqueue;
	struct workqueue_struct *slow;
	struct workqueue_struct *ends;
	struct workqueue_struct *login;
	struct workqueue_struct *records;
	struct ditto_tasks closers;
	struct dsmb_run_queue slow_queue;
	struct dsmb_run_queue login_queue;
	struct dsmb_run_queue record_queue;
	struct dsmb_fs_limits fs_limits;
	struct dsmb_fs_limits recorders;
	struct ditto_conns *prelogin;
	atomic_t unsealing;
	struct dsmb_buf_pool *buffers;
	struct ditto_stats_group *stats;
	struct ditto_stats_group *compression;
};

/* The group "smb-compression": messages and bytes before and after. Errors: not compressible. */
enum dsmb_compression_count {
	DSMB_COUNT_EXPAND_FROM,
	DSMB_COUNT_EXPAND_TO,
	DSMB_COUNT_COMPRESS_FROM,
	DSMB_COUNT_COMPRESS_TO,
	DSMB_COMPRESSION_COUNTS
};

/* Seconds after which a connection without a logged-in user is dropped. */
#define DSMB_HANDSHAKE_S	30

/* The functions of main.c. */

/* Known to the core from module init on, when it has its bit. */
extern struct ditto_protocol dsmb_protocol;

/* Place of the server among the parts of a network namespace. */
extern unsigned int dsmb_net_id;

struct dsmb_server *dsmb_server_of(const struct net *net);
int dsmb_server_init(struct dsmb_server *server, struct net *net);
void dsmb_server_exit(struct dsmb_server *server);

/* The functions of ioctl/fsctl_net.c. */

void dsmb_interfaces_init(struct dsmb_server *server);
void dsmb_interfaces_forget(struct dsmb_server *server);

/* The operations of struct ditto_protocol, in server.c. */

int dsmb_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack);
void dsmb_close_listener(struct ditto_listener *listener);
bool dsmb_listens_on(struct dsmb_server *server, const struct in6_addr *addr);
unsigned int dsmb_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int dsmb_connections(struct ditto_server *srv, const struct ditto_peer *peer);

#endif
