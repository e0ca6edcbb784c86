/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server of one network namespace. It owns all parts that live and are torn down with the
 * namespace; each part keeps its state behind an opaque pointer.
 */
#ifndef _DITTO_NET_SERVER_H
#define _DITTO_NET_SERVER_H

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
 * Encryption of connections, in protocols that can encrypt. The values are those of the netlink
 * enum "encryption-mode".
 */
enum ditto_encryption {
	DITTO_ENCRYPTION_OFF,
	DITTO_ENCRYPTION_OFFERED,	/* the client may encrypt; a share may require it */
	DITTO_ENCRYPTION_REQUIRED,
};

/* Default of @min_dialect: 2.0.2. */
#define DITTO_MIN_DIALECT	0x0202

/**
 * struct ditto_settings - settings of a server, changeable at run time
 * @threads: service threads of a thread-based protocol; 0 lets the protocol choose
 * @max_connections: connections over all listeners of a protocol
 * @node_limit: nodes kept in memory
 * @file_limit: open files kept in the cache
 * @file_idle_ms: time until an unused open file is closed, in ms
 * @drain_ms: time that the removal of a share or listener waits for requests, in ms
 * @upcall_ms: timeout of a request to the helper, in ms
 * @name_ttl_s: time to cache the helper's answers about names and groups, in seconds
 * @name_negative_ttl_s: the same for negative answers
 * @udp: serve the data protocol over UDP, too
 * @lease_time_s: time until a silent client loses its claims, in seconds
 * @grace_s: longest grace period, in seconds; 0 means the lease time
 * @waits_per_node: waiting byte-range lock requests per node
 * @claims_per_client: claims that one client may hold
 * @recall_pause_s: time after a recall without new delegations on the node, in seconds
 * @require_signing: refuse unsigned messages, in protocols that can sign
 * @encryption: enum ditto_encryption
 * @min_dialect: lowest accepted dialect of a protocol with numbered dialects
 * @durable_s: default time that opens of a disconnected client wait for its reconnect, in
 *	seconds, in protocols with durable opens; 0 disables them
 * @max_delegations: delegations of all clients together
 * @delegations_per_client: delegations of one client
 * @delegations: grant delegations
 * @session_slots: concurrent requests of a session, in protocols with slots
 * @sessions_per_client: sessions of one client
 * @silence_s: time until a connection whose peer does not respond is closed, in seconds,
 *	if state of a client depends on it
 * @sessions_per_connection: sessions on one connection, including those being set up
 * @restrict_anonymous: refuse anonymous logins, unless a share admits guests
 * @login_delay_ms: delay of the answer to the first failed login, in ms; see
 *	net/helper/login_delay.h
 * @budget_memory_mib: memory for all clients together, in MiB; for this and the next, 0
 *	lets net/budget.c choose
 * @budget_user_mib: memory for one address with a login, in MiB; one user gets half of it
 * @budget_anonymous_mib: memory for one address without a name, in MiB
 * @budget_unproven_kib: memory for one address before its login, in KiB
 * @budget_connections: connections of one address; half as many before its login
 * @budget_opens: opens of one address or user; the same limit for delegations
 * @break_wait_ms: time that a request waits for a break or an answer of other clients, in
 *	ms, before it is told to retry, in protocols that can say so
 *
 * Each member is read with READ_ONCE() and written under the settings lock of net/nl/settings.c.
 * Limits are those in ditto.yaml.
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
 * @net: the namespace; not counted, because the server ends before it
 * @settings: see struct ditto_settings
 * @handle_key: signs file handles; set before the first handle is made
 * @handle_key_set: the key was set by the helper, so handles survive a restart
 * @write_verifier: changes whenever unstable data may have been lost
 * @started: wall clock time of the start, in nanoseconds
 * @locks: lockd/table.c
 * @lock_stats: net/nl/locks.c
 * @delegation_stats: net/nl/locks.c
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

/* Uses of derived keys. Clients keep values made with them, so the numbers must not change. */
enum ditto_key_use {
	DITTO_KEY_SERVER_NAME = 1,	/* name by which clients recognize a server */
	DITTO_KEY_STREAM_COOKIE,	/* cookies in listings of named streams */
};

/**
 * ditto_key_derive - derive a key for one use from the key that signs handles
 * @srv: the server
 * @use: use of the key; no two uses share a key
 * @key: filled; stable across restarts if the handle key is
 *
 * Clients that see values made with a derived key, even of chosen input, learn nothing about the
 * key that signs handles.
 *
 * Context: any.
 */
void ditto_key_derive(const struct ditto_server *srv, enum ditto_key_use use, siphash_key_t *key);

/**
 * ditto_server_of - get the server of a network namespace
 * @net: the namespace
 *
 * Context: any. The result is valid while the caller holds the namespace.
 * Return: the server; never NULL while ditto.ko is loaded.
 */
struct ditto_server *ditto_server_of(const struct net *net);

/**
 * ditto_server_writeback_failed - make clients send their unstable data again
 * @srv: the server
 *
 * Called when a sync has failed: answered unstable writes may be lost, so the write verifier
 * changes (RFC 1813 section 3.3.21).
 *
 * Context: any.
 */
void ditto_server_writeback_failed(struct ditto_server *srv);

#endif
