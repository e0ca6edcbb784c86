/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locking side of an NFSv3 server: NLM, with which clients lock, and NSM, with
 * which servers and clients notify each other of restarts.
 *
 * Locking: each part has a lock of its own, named below. They nest as follows: hosts_lock, and the
 * locks of recorders and of the lock table, inside dnlm_host.lock; locks of recorders inside
 * monitors_lock; callouts_lock inside grants_lock and monitors_lock; the locks of the lock table
 * inside dnlm_client.shares_lock and grants_lock. No others nest.
 */
#ifndef _DITTO_FS_NFS_NLM_NLM_H
#define _DITTO_FS_NFS_NLM_NLM_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/utsname.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../../net/fairq.h"
#include "../../../net/helper/record.h"
#include "callout.h"

struct ditto_client;
struct ditto_lock_table;
struct ditto_recorders;
struct ditto_server;
struct dnfs_server;
struct in6_addr;
struct net;

/* Size of the hash tables, in bits. */
#define DNLM_HOST_BITS		10
#define DNLM_GRANT_BITS		10

/**
 * struct dnlm_server - NLM and NSM state of a network namespace
 * @srv: the core's server
 * @net: the namespace
 * @recorders: recorders of the NFS side
 * @name: name of this server, set when the service starts
 * @hosts_lock: guards @hosts, which is also read under RCU, and @nhosts
 * @hosts_key: of the hashes in @hosts
 * @hosts: struct dnlm_host by address
 * @nhosts: number of hosts
 * @clients: number of struct dnlm_client that are not freed yet
 * @idle: woken when @clients or @ncallouts drops to zero
 * @gc: removes hosts that hold nothing
 * @lost: number of hosts that are lost
 * @callouts_lock: guards the members up to @stopping
 * @callouts: list of callouts that have not ended
 * @ncallouts: number of them
 * @stopping: no new callouts are started
 * @turns: gives connections to the callouts of each kind, host by host
 * @shares: number of share reservations of all hosts
 * @grants_lock: guards both tables of struct dnlm_grant
 * @by_owner: all grants
 * @by_cookie: grants whose GRANTED call is in progress
 * @monitors_lock: guards @monitors, @nmonitors and @crashes
 * @monitors: list of struct dnlm_monitor
 * @nmonitors: number of them
 * @state: NSM state of this server, odd; 0 until the epoch is known, and no host may lock
 * @crashes: number of simulated crashes
 * @hook: called when the records from before the restart were read, and when the records of hosts
 *	that did not come back are to be deleted
 */
struct dnlm_server {
	struct ditto_server *srv;
	struct net *net;
	struct ditto_recorders *recorders;
	char name[__NEW_UTS_LEN + 1];

	spinlock_t hosts_lock;	/* see above */
	siphash_key_t hosts_key;
	DECLARE_HASHTABLE(hosts, DNLM_HOST_BITS);
	unsigned int nhosts;
	atomic_t clients;
	wait_queue_head_t idle;
	struct delayed_work gc;
	atomic_t lost;

	spinlock_t callouts_lock;	/* see above */
	struct list_head callouts;
	unsigned int ncallouts;
	bool stopping;
	struct ditto_fairq turns[DNLM_CALLOUT_KINDS];

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
};

/* Module init and exit. */
int dnlm_init(void);
void dnlm_exit(void);
int dnlm_server_init(struct dnfs_server *server);
void dnlm_server_exit(struct dnfs_server *server);
void dnlm_server_start(struct dnfs_server *server);

#endif
