/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts: the machines that lock, identified by caller name and address, never by
 * port.
 *
 * A host is kept longer than its claims. The claims belong to a client of the lock
 * table, which is created at the host's first request; a restart of the host
 * releases that client, and the next request creates another.
 */
#ifndef _DITTO_FS_NFS_NLM_HOST_H
#define _DITTO_FS_NFS_NLM_HOST_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree_types.h>
#include <linux/refcount.h>
#include <linux/socket.h>

#include "../../../lockd/client.h"
#include "../../../net/helper/recorder.h"
#include "message.h"

struct dnfs_call;
struct dnlm_server;

/*
 * Most hosts of a server, and most names of hosts at one address. All hosts are as many as
 * DITTO_BUDGET_CLIENTS lets all clients have, so that no machine or network can take all of them.
 */
#define DNLM_HOSTS_MAX		65536
#define DNLM_NAMES_PER_ADDR	256
/* Seconds after which a host that holds nothing is forgotten. */
#define DNLM_HOST_IDLE_S	300
/* Records that are awaited at most when the gc work removes more, and seconds until it goes on. */
#define DNLM_REMOVALS_MAX	256
#define DNLM_GC_S		1

/**
 * struct dnlm_route - addresses and transport to reach a host
 * @addr: address of the host, IPv4 mapped
 * @local: our address that the host uses, IPv4 mapped
 * @scope: scope id of a link-local @addr
 * @udp: use UDP instead of TCP
 */
struct dnlm_route {
	struct in6_addr addr;
	struct in6_addr local;
	u32 scope;
	bool udp;
};

/**
 * struct dnlm_host - a machine that locks
 * @nlm: the server
 * @hash: entry in the server's table, by address; guarded by hosts_lock, read under RCU
 * @ref: references, one of them of the table
 * @rcu: freed after an RCU grace period, so that rcu_barrier() waits for it at module unload
 * @recorder: of its record
 * @removal: waits until the record of a lost host is gone; holds the host
 * @lock: guards the members up to @used; callbacks of the lock table must not take it
 * @client: client that holds its claims; NULL if there is none; also read under RCU
 * @route: how the host was reached last; its @addr is constant
 * @state: its NSM state as far as known; 0 if unknown
 * @known: it was recorded before our restart, so it may reclaim
 * @untold: it is not known whether it knows of our restart
 * @lost: it did not answer our notice; it is released once its record is deleted
 * @gone: it was removed from the table
 * @used: jiffies of the last request
 * @who: principal that is charged for the host and its claims; constant
 * @charge: charge for the host itself
 * @label: name and address for messages; constant
 * @name_len: bytes of @name
 * @name: name in the host's requests
 */
struct dnlm_host {
	struct dnlm_server *nlm;
	struct hlist_node hash;
	refcount_t ref;
	struct rcu_head rcu;

	struct ditto_recorder *recorder;
	struct ditto_recorder_wait removal;

	struct mutex lock;	/* see above */
	struct dnlm_client __rcu *client;
	struct dnlm_route route;
	u32 state;
	bool known;
	bool untold;
	bool lost;
	bool gone;
	unsigned long used;
	struct ditto_principal who;
	struct ditto_charge charge;

	char label[DITTO_CLIENT_NAME_MAX];
	u32 name_len;
	u8 name[] __counted_by(name_len);
};

/**
 * struct dnlm_client - what a host holds between two of its restarts
 * @client: client in the lock table
 * @host: a reference
 * @shares_lock: guards @shares
 * @shares: tree of struct dnlm_share by file and owner
 * @token: by which the recorder of @host tells it from other clients of the host
 * @rcu: freed after an RCU grace period, so that rcu_barrier() waits for it at module unload
 */
struct dnlm_client {
	struct ditto_client client;
	struct dnlm_host *host;
	struct mutex shares_lock;	/* see above */
	struct rb_root shares;
	u64 token;
	struct rcu_head rcu;
};

static inline struct dnlm_client *dnlm_client_of(struct ditto_client *client)
{
	return container_of(client, struct dnlm_client, client);
}

void dnlm_route_of(const struct dnfs_call *call, struct dnlm_route *route);
size_t dnlm_sockaddr(const struct in6_addr *addr, u32 scope, struct sockaddr_storage *ss);
struct dnlm_host *dnlm_host_get(struct dnlm_server *nlm, const struct dnlm_route *route,
				const struct dnlm_bytes *name, bool create);
void dnlm_host_put(struct dnlm_host *host);
struct dnlm_client *dnlm_host_client(struct dnlm_host *host);
struct dnlm_client *dnlm_host_client_locked(const struct dnlm_host *host);
struct dnlm_client *dnlm_host_client_now(struct dnlm_host *host);
void dnlm_host_release(struct dnlm_host *host, const char *why);
bool dnlm_host_restarted(struct dnlm_host *host, u32 state);
bool dnlm_host_notified(struct dnlm_host *host);
void dnlm_host_lost(struct dnlm_host *host);
void dnlm_host_for_addr(struct dnlm_server *nlm, const struct in6_addr *addr,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg);
void dnlm_host_for_each(struct dnlm_server *nlm,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg);
bool dnlm_same_name(const struct dnlm_bytes *a, const struct dnlm_bytes *b);

/* Set-up and teardown with the server; the latter releases all hosts and may sleep. */
void dnlm_hosts_init(struct dnlm_server *nlm);
void dnlm_hosts_exit(struct dnlm_server *nlm);
#endif
