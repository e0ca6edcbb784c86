/* SPDX-License-Identifier: GPL-2.0-only */
/* The SMB server of a network namespace. */
#ifndef _DITTO_SMB_SERVER_H
#define _DITTO_SMB_SERVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../net/helper/record.h"
#include "transport/crowd.h"

struct ditto_listener;
struct ditto_peer;
struct ditto_server;
struct ditto_stats_group;
struct dsmb_buf_pool;
struct dsmb_interfaces;
struct dsmb_unproven;
struct in6_addr;
struct net;
struct netlink_ext_ack;

/**
 * struct dsmb_server - what hangs together and ends together
 * @srv: the core's
 * @guid: ServerGuid; random, the same for the life of the namespace's server
 * @started: of the service, as FILETIME
 * @lock: mutex around start and stop of listeners, and around changes of @interfaces
 * @listeners: struct dsmb_listener
 * @interfaces: what clients are told of the addresses that are listened on, under RCU; NULL from
 *	a change of the listeners to the next question: fsctl_net.c
 * @interfaces_work: makes it anew
 * @conns_lock: guards @conns and @nconns
 * @conns: all connections
 * @nconns: how many
 * @live: connections that have memory still; connections leave @conns before they are freed
 * @idle: woken when @live or @nconns drops
 * @sessions: struct dsmb_session by id; its lock guards it
 * @durables: struct dsmb_open by persistent id, those that are durable; see durable.h
 * @ndurables: how many
 * @awaiting: calls that wait until the loss of a connection was dealt with
 * @hook: learns what was open before a restart; persist_restore.c
 * @begun: it did, or was waited for in vain
 * @told: woken then
 * @pending_lock: mutex, guards @pending
 * @pending: records of opens that were not restored yet
 * @remains: struct dsmb_persist of opens that are closed, whose records could not be removed yet
 * @nremains: how many
 * @retry: restores what is pending, and removes what is not needed any more
 * @workqueue: receives and runs calls; unbound
 * @slow: runs what may take long, parked calls that go on, and ends connections
 * @login: runs logins, which do not wait behind what was let in
 * @records: runs what may wait until the helper has recorded something
 * @crowds: how many workers may be inside a file system
 * @recorders: the same, of those of @records
 * @unproven: connections on which nobody has logged in: unproven.h
 * @buffers: smb/transport/buf.c
 * @stats: "smb"
 */
struct dsmb_server {
	struct ditto_server *srv;
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
	wait_queue_head_t idle;
	struct xarray sessions;
	struct xarray durables;
	atomic_t ndurables;
	atomic_t awaiting;
	struct ditto_state_hook hook;
	bool begun;
	wait_queue_head_t told;
	struct mutex pending_lock;	/* see above */
	struct list_head pending;
	struct llist_head remains;
	atomic_t nremains;
	struct delayed_work retry;
	struct workqueue_struct *workqueue;
	struct workqueue_struct *slow;
	struct workqueue_struct *login;
	struct workqueue_struct *records;
	struct dsmb_crowds crowds;
	struct dsmb_crowds recorders;
	struct dsmb_unproven *unproven;
	struct dsmb_buf_pool *buffers;
	struct ditto_stats_group *stats;
};

/* A connection on which nobody logs in goes. */
#define DSMB_HANDSHAKE_S	30

/* main.c */
struct dsmb_server *dsmb_server_of(const struct net *net);
/* Bit of our protocol in struct ditto_peer. */
unsigned int dsmb_protocol_bit(void);

int dsmb_server_init(struct dsmb_server *server, struct net *net);
/* No listener is there any more. Waits for the connections that are being closed. */
void dsmb_server_exit(struct dsmb_server *server);

/* fsctl_net.c */
void dsmb_interfaces_init(struct dsmb_server *server);
/* Listeners changed. @lock is held. */
void dsmb_interfaces_forget(struct dsmb_server *server);

/* server.c: the operations of struct ditto_protocol */
int dsmb_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack);
void dsmb_close_listener(struct ditto_listener *listener);
/* Does a listener take connections to this address? IPv4 is mapped. @lock is held. */
bool dsmb_listens_on(struct dsmb_server *server, const struct in6_addr *addr);
unsigned int dsmb_disconnect(struct ditto_server *srv, const struct ditto_peer *peer);
unsigned int dsmb_connections(struct ditto_server *srv, const struct ditto_peer *peer);
int dsmb_settings_changed(struct ditto_server *srv);

#endif
