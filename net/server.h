/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server of one network namespace. It owns all parts that begin with the namespace; each part
 * keeps its state behind an opaque pointer. The server ends after the namespace, since its end may
 * wait for disks and an ending namespace holds up all others.
 */
#ifndef _DITTO_NET_SERVER_H
#define _DITTO_NET_SERVER_H

#include <linux/atomic.h>
#include <linux/siphash.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "live.h"
#include "setting.h"

struct net;
struct ditto_share_table;
struct ditto_node_table;
struct ditto_cred_cache;
struct ditto_peer_table;
struct ditto_stats_table;
struct ditto_slow_tracers;
struct ditto_upcalls;
struct ditto_names;
struct ditto_records;
struct ditto_lock_table;
struct ditto_stats_group;
struct ditto_listeners;
struct ditto_budget;
struct ditto_login_delays;
struct ditto_peer_cert_names;
struct ditto_jobs;
struct ditto_offload;
struct ditto_scans;

/**
 * struct ditto_server - one server, one per network namespace
 * @net: the namespace, whose memory the server keeps; see ditto_server_hold_net()
 * @settings: settings of the core; each protocol has its own in its server
 * @handle_key: signs file handles; random until the helper sets it
 * @handle_key_set: the key was set, so handles survive a restart; there are no listeners before
 * @write_verifier: changes whenever unstable data may have been lost
 * @started: wall clock time of the start, in nanoseconds
 * @locks: lockd/table.c
 * @lock_stats: net/nl/locks.c
 * @delegation_stats: net/nl/locks.c
 * @shares: fs/share/share.c
 * @nodes: fs/node/node.c
 * @jobs: fs/op/job.c
 * @offload: fs/offload/recall.c
 * @creds: fs/share/cred.c
 * @peers: net/peer.c
 * @peer_certs: net/peer_cert.c
 * @stats: net/stats.c
 * @slow: net/slow_call.c
 * @upcalls: net/helper/upcall.c
 * @audit_lost: records for the audit log that were lost and not reported yet
 * @names: net/helper/names.c
 * @records: net/helper/record.c
 * @scans: fs/op/scan.c
 * @listeners: net/listener.c
 * @budget: net/budget.c
 * @login_delays: net/helper/login_delay.c
 * @live: servers of protocols, which outlive their namespace as this one does
 * @end: ends the server when its namespace or the module does: fs/main.c
 * @options_added: called when a protocol with options of shares was registered; returns 0 or
 *	-ENOMEM; set by fs/share/share.c
 */
struct ditto_server {
	struct net *net;
	struct ditto_settings settings;
	siphash_key_t handle_key;
	bool handle_key_set;
	atomic64_t write_verifier;
	u64 started;

	struct ditto_lock_table *locks;
	struct ditto_stats_group *lock_stats;
	struct ditto_stats_group *delegation_stats;
	struct ditto_share_table *shares;
	struct ditto_node_table *nodes;
	struct ditto_jobs *jobs;
	struct ditto_offload *offload;
	struct ditto_scans *scans;
	struct ditto_cred_cache *creds;
	struct ditto_peer_table *peers;
	struct ditto_peer_cert_names *peer_certs;
	struct ditto_stats_table *stats;
	struct ditto_slow_tracers *slow;
	struct ditto_upcalls *upcalls;
	atomic64_t audit_lost;
	struct ditto_names *names;
	struct ditto_records *records;
	struct ditto_listeners *listeners;
	struct ditto_budget *budget;
	struct ditto_login_delays *login_delays;
	struct ditto_live live;
	struct work_struct end;
	int (*options_added)(struct ditto_server *srv);
};

/* Uses of derived keys. Clients keep values made with them, so the numbers must not change. */
enum ditto_key_use {
	DITTO_KEY_SERVER_NAME = 1,	/* name by which clients recognize a server */
	DITTO_KEY_STREAM_COOKIE,	/* cookies in listings of named streams */
	DITTO_KEY_PSEUDO_PATH,		/* numbers of directories on the paths of shares */
};

void ditto_key_derive(const struct ditto_server *srv, enum ditto_key_use use, siphash_key_t *key);
struct ditto_server *ditto_server_of(const struct net *net);
struct net *ditto_server_hold_net(const struct ditto_server *srv);
void ditto_server_writeback_failed(struct ditto_server *srv);

#endif
