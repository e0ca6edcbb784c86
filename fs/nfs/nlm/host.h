/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts: the machines that lock, by the name they give themselves and the
 * address they speak from, never by a port.
 *
 * A host is remembered longer than its claims. Those belong to a client of the
 * lock table, made when the host first asks for something; a reboot of the
 * host releases that client, and the next request makes another.
 */
#ifndef _DITTO_FS_NFS_NLM_HOST_H
#define _DITTO_FS_NFS_NLM_HOST_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/socket.h>

#include "../../../lockd/client.h"
#include "message.h"

struct dnfs_call;
struct dnlm_server;

/* Hosts of one server, and names that one address may use. */
#define DNLM_HOSTS_MAX		16384
#define DNLM_NAMES_PER_ADDR	256
/* A host that holds nothing is forgotten after so long. */
#define DNLM_HOST_IDLE_S	300

/**
 * struct dnlm_way - how a host is reached
 * @addr: the host, IPv4 mapped
 * @local: our address that it speaks to
 * @scope: of a link-local @addr
 * @udp: it speaks UDP
 */
struct dnlm_way {
	struct in6_addr addr;
	struct in6_addr local;
	u32 scope;
	bool udp;
};

/**
 * struct dnlm_host - a machine that locks
 * @nlm: the server
 * @hash: in the server's table, by address; under its lock
 * @ref: holders, and one of the table
 * @rcu: freed under RCU, for the module's sake
 * @lock: guards what follows up to @used; never taken by what the table calls
 * @client: holds its claims now; NULL if there are none
 * @way: how it was reached last
 * @state: its NSM state as far as known; 0 is unknown
 * @recorded: will be told of a restart of ours
 * @outdated: what is recorded has an older @state
 * @known: was recorded before the restart, so it may reclaim
 * @gone: out of the table
 * @used: jiffies of the last request
 * @who: who is charged for it and for what it holds; constant
 * @charge: for being a host
 * @label: name and address, for people; constant
 * @name_len: bytes of @name
 * @name: as the host calls itself
 */
struct dnlm_host {
	struct dnlm_server *nlm;
	struct hlist_node hash;
	refcount_t ref;
	struct rcu_head rcu;

	struct mutex lock;	/* see above */
	struct dnlm_client *client;
	struct dnlm_way way;
	u32 state;
	bool recorded;
	bool outdated;
	bool known;
	bool gone;
	unsigned long used;
	struct ditto_principal who;
	struct ditto_charge charge;

	char label[DITTO_CLIENT_NAME_MAX];
	u32 name_len;
	u8 name[] __counted_by(name_len);
};

/**
 * struct dnlm_client - what a host holds between two reboots
 * @client: in the lock table
 * @host: held
 * @shares_lock: guards @shares
 * @shares: struct dnlm_share
 * @rcu: freed under RCU, for the module's sake
 */
struct dnlm_client {
	struct ditto_client client;
	struct dnlm_host *host;
	struct mutex shares_lock;	/* see above */
	struct list_head shares;
	struct rcu_head rcu;
};

static inline struct dnlm_client *dnlm_client_of(struct ditto_client *client)
{
	return container_of(client, struct dnlm_client, client);
}

/* Where a call came from. */
void dnlm_way_of(const struct dnfs_call *call, struct dnlm_way *way);
/* An address as sockets take it, with port 0. Returns its length. */
size_t dnlm_sockaddr(const struct in6_addr *addr, u32 scope, struct sockaddr_storage *ss);

/**
 * dnlm_host_get - the host with a name and an address
 * @nlm: the server
 * @way: its @addr counts; a new host is reached this way
 * @name: as it calls itself
 * @create: make it if there is none
 *
 * Context: may sleep. Return: a host to be put, or an ERR_PTR: -ENOENT (none,
 * and not to be made), -EINVAL (no name), -ENOLCK (too many), -ENOMEM.
 */
struct dnlm_host *dnlm_host_get(struct dnlm_server *nlm, const struct dnlm_way *way,
				const struct dnlm_bytes *name, bool create);
void dnlm_host_put(struct dnlm_host *host);

/**
 * dnlm_host_client - the client that a host's new claims belong to
 * @host: held
 *
 * Context: may sleep. Return: a client to be put with ditto_client_put(), or an
 * ERR_PTR: -ENOMEM, -ESHUTDOWN.
 */
struct dnlm_client *dnlm_host_client(struct dnlm_host *host);

/* The one that there is, to be put, or NULL. */
struct dnlm_client *dnlm_host_client_now(struct dnlm_host *host);

/**
 * dnlm_host_release - a host loses all that it holds and waits for
 * @host: held
 * @why: for the log and the trace
 */
void dnlm_host_release(struct dnlm_host *host, const char *why);

/**
 * dnlm_host_restarted - a host says that it was restarted
 * @host: held
 * @state: its NSM state now
 *
 * Believed if the state moved forward, or if none was known; then what the
 * host held before is released. The state that a LOCK carries does not count:
 * several hosts that share a kernel share it, whatever each one's own is.
 *
 * Return: it was believed.
 */
bool dnlm_host_restarted(struct dnlm_host *host, u32 state);

/**
 * dnlm_host_lost - a host did not answer
 * @host: held
 *
 * It holds nothing any more, may not reclaim, and is not to be told again; grace
 * does not wait for it.
 */
void dnlm_host_lost(struct dnlm_host *host);

/**
 * dnlm_host_for_addr - call a function for all hosts of an address
 * @nlm: the server
 * @addr: IPv4 mapped
 * @fn: may sleep
 * @arg: passed to @fn
 */
void dnlm_host_for_addr(struct dnlm_server *nlm, const struct in6_addr *addr,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg);

/* The same for all hosts. */
void dnlm_host_for_each(struct dnlm_server *nlm,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg);

/* Are two names of a host the same? Letter case and the domain of one do not count. */
bool dnlm_same_name(const struct dnlm_bytes *a, const struct dnlm_bytes *b);

/* Begin and end of the server. */
void dnlm_hosts_init(struct dnlm_server *nlm);
void dnlm_hosts_exit(struct dnlm_server *nlm);

#endif
