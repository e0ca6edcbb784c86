/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locking side of an NFS server: NLM, through which its clients lock, and
 * NSM, through which both sides tell that they were restarted.
 *
 * Locking: each part has a lock of its own, named below; none is held while
 * another one's is taken, except that hosts->lock and what the lock table
 * takes nest inside dnlm_host.lock.
 */
#ifndef _DITTO_FS_NFS_NLM_NLM_H
#define _DITTO_FS_NFS_NLM_NLM_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/utsname.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../../net/helper/record.h"

struct ditto_client;
struct ditto_lock_table;
struct ditto_server;
struct dnfs_server;
struct in6_addr;
struct net;

/* Hosts are few beside their locks. */
#define DNLM_HOST_BITS		8
#define DNLM_GRANT_BITS		10

/**
 * struct dnlm_server - what NLM and NSM keep for a namespace
 * @srv: the core's
 * @net: the namespace
 * @name: how this server calls itself; set when the service begins
 * @hosts_lock: guards @hosts and @nhosts
 * @hosts: struct dnlm_host by address
 * @nhosts: how many
 * @clients: struct dnlm_client that are not freed yet
 * @idle: woken when @clients or @ncallouts drops to zero
 * @gc: forgets hosts that hold nothing
 * @callouts_lock: guards what follows up to @grants_lock
 * @callouts: calls to clients that are under way or wait for their turn
 * @ncallouts: how many
 * @nrunning: how many of them have a connection
 * @stopping: no new ones
 * @shares: share reservations of all hosts
 * @grants_lock: guards the two tables of struct dnlm_grant
 * @by_owner: all of them
 * @by_cookie: those that the client is being told of
 * @monitors_lock: guards @monitors and @nmonitors
 * @monitors: struct dnlm_monitor
 * @nmonitors: how many
 * @state: NSM state of this server, odd; 0 until the epoch is known
 * @crashes: how often a crash was simulated
 * @hook: tells when the records of the time before are there
 * @recovered: they are: hosts may lock
 */
struct dnlm_server {
	struct ditto_server *srv;
	struct net *net;
	char name[__NEW_UTS_LEN + 1];

	spinlock_t hosts_lock;	/* see above */
	DECLARE_HASHTABLE(hosts, DNLM_HOST_BITS);
	unsigned int nhosts;
	atomic_t clients;
	wait_queue_head_t idle;
	struct delayed_work gc;

	spinlock_t callouts_lock;	/* see above */
	struct list_head callouts;
	unsigned int ncallouts;
	unsigned int nrunning;
	bool stopping;

	atomic_t shares;

	struct mutex grants_lock;	/* see above */
	DECLARE_HASHTABLE(by_owner, DNLM_GRANT_BITS);
	DECLARE_HASHTABLE(by_cookie, DNLM_GRANT_BITS);

	struct mutex monitors_lock;	/* see above */
	struct list_head monitors;
	unsigned int nmonitors;

	u32 state;
	u32 crashes;
	struct ditto_state_hook hook;
	bool recovered;
};

/* The module is loaded and unloaded. */
int dnlm_init(void);
void dnlm_exit(void);

/**
 * dnlm_server_alloc - the locking side of a server
 * @server: the NFS side
 *
 * Return: NULL without memory.
 */
struct dnlm_server *dnlm_server_alloc(struct dnfs_server *server);

/**
 * dnlm_server_free - no service runs any more
 * @nlm: its locking side; NULL does nothing
 *
 * Gives up every claim of every host. What is recorded of them stays, so that
 * they are told when a server starts again.
 *
 * Context: may sleep.
 */
void dnlm_server_free(struct dnlm_server *nlm);

/* The service began: tell the clients of a server before this one that it did. */
void dnlm_server_start(struct dnlm_server *nlm);

/* The locking side of a server, and the lock table that it uses. */
struct dnlm_server *dnlm_server_of(const struct dnfs_server *server);
struct ditto_lock_table *dnlm_table(const struct dnlm_server *nlm);

/**
 * dnlm_sharer_find - the client at an address that made share reservations
 * @nlm: the server
 * @addr: IPv4 mapped
 *
 * What such a host reads and writes by NFS comes without an owner; it is not to
 * be stopped by its own reservations. Costs one load while there are none at all.
 *
 * Context: may sleep. Return: a client to be put, or NULL.
 */
struct ditto_client *dnlm_sharer_find(struct dnlm_server *nlm, const struct in6_addr *addr);

static inline struct ditto_client *dnlm_sharer(struct dnlm_server *nlm,
					       const struct in6_addr *addr)
{
	if (likely(!atomic_read(&nlm->shares)))
		return NULL;
	return dnlm_sharer_find(nlm, addr);
}

#endif
