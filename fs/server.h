/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server of one network namespace: what hangs together and is torn down
 * together. Each part keeps its own state behind an opaque pointer.
 */
#ifndef _DITTO_FS_SERVER_H
#define _DITTO_FS_SERVER_H

#include <linux/atomic.h>
#include <linux/siphash.h>
#include <linux/types.h>

struct net;
struct ditto_share_table;
struct ditto_node_table;
struct ditto_cred_cache;
struct ditto_peer_table;
struct ditto_stats_table;
struct ditto_upcalls;
struct ditto_names;
struct ditto_records;
struct ditto_lock_table;
struct ditto_stats_group;
struct ditto_listeners;
struct ditto_budget;
struct ditto_login_delays;

/*
 * Of connections, by protocols that can encrypt. The values are those of the netlink enum
 * "encryption-mode".
 */
enum ditto_encryption {
	DITTO_ENCRYPTION_OFF,
	DITTO_ENCRYPTION_OFFERED,	/* the client decides, and each share */
	DITTO_ENCRYPTION_REQUIRED,
};

/* What @min_dialect is without a word from the administrator: 2.0.2. */
#define DITTO_MIN_DIALECT	0x0202

/**
 * struct ditto_settings - settings of a server, changed live
 * @threads: service threads of a thread-based protocol; 0 lets the protocol choose
 * @max_connections: connections over all listeners of a protocol
 * @node_limit: nodes kept in memory while idle
 * @file_limit: open files kept in memory while idle
 * @file_idle_ms: how long an unused open file is kept
 * @drain_ms: how long removing a share or a listener waits for requests
 * @upcall_ms: how long a request to the helper may take
 * @name_ttl_s: how long an answer of the helper about names and groups is kept
 * @name_negative_ttl_s: the same for "there is no such thing"
 * @udp: serve the data protocol over UDP too
 * @lease_time_s: how long a client that falls silent keeps what it holds
 * @grace_s: longest grace; 0 is the lease time
 * @waits_per_node: requests that wait for ranges of one node
 * @claims_per_client: what one client may hold
 * @recall_pause_s: after a recall, no delegation is granted on the node
 * @require_signing: messages that are not signed are refused, by protocols that can sign
 * @encryption: enum ditto_encryption
 * @min_dialect: oldest version accepted of a protocol that numbers its dialects
 * @durable_s: how long what a client has open waits for it to come back, where a protocol
 *	lets it, and it asks for no other time; 0: not at all
 * @max_delegations: what all clients may hold
 * @delegations_per_client: what one may
 * @delegations: grant any
 * @session_slots: requests that a session may have under way, where slots count them
 * @sessions_per_client: sessions that a client may make
 * @silence_s: a connection ends when the other machine answers nothing for so long, where
 *	it holds what a client has
 * @sessions_per_connection: sessions that one connection may carry, those being set up too
 * @restrict_anonymous: nobody logs in without a name, unless a share lets guests in
 * @login_delay_ms: how long the first login that fails is answered late; see net/helper/login_delay.h
 * @budget_memory_mib: may be held for all clients; this and the next: 0 lets net/budget.c choose
 * @budget_user_mib: for one address that is logged in; half for one user
 * @budget_anonymous_mib: for one address without a name
 * @budget_unproven_kib: for one address before its login
 * @budget_connections: of one address; half as many before its login
 * @budget_opens: of one address or user; as many delegations
 * @break_wait_ms: how long a call waits for other clients to give way or to answer, before its
 *	own is told to come again, where a protocol has a word for that
 *
 * Each is read with READ_ONCE() where it is used and written under the
 * settings lock of net/settings.c. Limits are those in ditto.yaml.
 */
struct ditto_settings {
	u32 threads;
	u32 max_connections;
	u32 node_limit;
	u32 file_limit;
	u32 file_idle_ms;
	u32 drain_ms;
	u32 upcall_ms;
	u32 name_ttl_s;
	u32 name_negative_ttl_s;
	bool udp;
	u32 lease_time_s;
	u32 grace_s;
	u32 waits_per_node;
	u32 claims_per_client;
	u32 recall_pause_s;
	bool require_signing;
	u32 encryption;
	u32 min_dialect;
	u32 durable_s;
	u32 max_delegations;
	u32 delegations_per_client;
	bool delegations;
	u32 session_slots;
	u32 sessions_per_client;
	u32 silence_s;
	u32 break_wait_ms;
	u32 sessions_per_connection;
	bool restrict_anonymous;
	u32 login_delay_ms;
	u32 budget_memory_mib;
	u32 budget_user_mib;
	u32 budget_anonymous_mib;
	u32 budget_unproven_kib;
	u32 budget_connections;
	u32 budget_opens;
};

/**
 * struct ditto_server - one server, one per network namespace
 * @net: the namespace; not counted, the server ends before it
 * @settings: see there
 * @handle_key: signs file handles; set before the first handle is made
 * @handle_key_set: the key came from outside and so survives a restart
 * @write_verifier: changes whenever unstable data may have been lost
 * @started: wall clock time of the start, in nanoseconds
 * @locks: lockd/table.c
 * @lock_stats: net/locks.c
 * @delegation_stats: the same
 * @shares: fs/share/share.c
 * @nodes: fs/node/node.c
 * @creds: fs/share/cred.c
 * @peers: net/peer.c
 * @stats: net/stats.c
 * @upcalls: net/helper/upcall.c
 * @names: net/helper/names.c
 * @records: net/helper/record.c
 * @listeners: net/listener.c
 * @budget: net/budget.c
 * @login_delays: net/helper/login_delay.c
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
	struct ditto_cred_cache *creds;
	struct ditto_peer_table *peers;
	struct ditto_stats_table *stats;
	struct ditto_upcalls *upcalls;
	struct ditto_names *names;
	struct ditto_records *records;
	struct ditto_listeners *listeners;
	struct ditto_budget *budget;
	struct ditto_login_delays *login_delays;
};

/* What keys are derived for; the numbers are part of what clients keep, see ditto_key_derive(). */
enum ditto_key_use {
	DITTO_KEY_SERVER_NAME = 1,	/* the name that clients know a server again by */
	DITTO_KEY_STREAM_COOKIE,	/* places in listings of named streams */
};

/**
 * ditto_key_derive - a key for one use, from the key that signs handles
 * @srv: the server
 * @use: see the enum; no two uses share a key
 * @key: filled; the same as long as the handle key is, across restarts
 *
 * Values that clients see, of names that they choose, tell them nothing about
 * the key that signs handles.
 *
 * Context: any.
 */
void ditto_key_derive(const struct ditto_server *srv, enum ditto_key_use use, siphash_key_t *key);

/**
 * ditto_server_of - the server of a network namespace
 * @net: the namespace
 *
 * Context: any. Valid while the caller holds the namespace.
 * Return: the server, never NULL while ditto.ko is loaded.
 */
struct ditto_server *ditto_server_of(const struct net *net);

/**
 * ditto_server_writeback_failed - make clients send their unstable data again
 * @srv: the server
 *
 * Called when a sync failed: acknowledged unstable writes may be gone, so the
 * write verifier changes (RFC 1813 section 3.3.21).
 *
 * Context: any.
 */
void ditto_server_writeback_failed(struct ditto_server *srv);

#endif
