/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals of the client code, shared by client.c, client_exchange.c, client_setclientid.c,
 * lease.c, reclaim.c and session_create.c. See client.h for locking and lifetime.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_CLIENT_PRIVATE_H
#define _DITTO_FS_NFS_V4_SESSION_CLIENT_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/siphash.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../../../net/helper/recorder.h"
#include "../deleg/delegation.h"
#include "../engine/compound.h"
#include "client.h"

struct shrinker;

/* Chains of the table by owner string. */
#define DNFS4_OWNER_BUCKETS	1024

/**
 * struct dnfs4_clients - the clients of a server
 * @server: the server
 * @epoch: see dnfs4_server_epoch()
 * @owner_key: hash key for owner strings, so that clients cannot choose colliding ones
 * @id_key: key of the permutation that turns client numbers into clientids
 * @alias_key: key of the aliases that other clients see as clientids
 * @lock: guards the members from here up to @room_made
 * @by_owner: hash chains by owner string, of struct dnfs4_client.owner_link
 * @all: all clients, by struct dnfs4_client.lru
 * @count: length of @all
 * @last_id: counts the numbers of clients; its lower half is the number of the newest client
 * @room_made: jiffies at which a courtesy client was last retired for another client
 * @by_id: table by clientid, of struct dnfs4_client.hash; changed under @lock
 * @courtesy_lock: see client.h
 * @courtesy: number of courtesy clients
 * @alive: number of clients not yet freed
 * @idle: woken when @alive drops to zero
 * @ending: the server is going away; client records stay on disk
 * @hook: notifies of the client records of the previous server instance
 * @wq: frees clients and runs the laundry
 * @laundry: periodic work that expires leases
 * @running: the laundry is armed; under the lock of the service
 * @shrinker: reclaims courtesy clients and unused slots
 * @shrink: work that releases clients for @shrinker
 */
struct dnfs4_clients {
	struct dnfs4_server *server;
	u32 epoch;
	siphash_key_t owner_key;
	siphash_key_t id_key;
	siphash_key_t alias_key;
	struct mutex lock;	/* see above */
	struct list_head by_owner[DNFS4_OWNER_BUCKETS];
	struct list_head all;
	unsigned int count;
	u64 last_id;
	unsigned long room_made;
	struct rhashtable by_id;
	struct mutex courtesy_lock;	/* see above */
	atomic_t courtesy;
	atomic_t alive;
	wait_queue_head_t idle;
	bool ending;
	struct ditto_state_hook hook;
	struct workqueue_struct *wq;
	struct delayed_work laundry;
	bool running;
	struct shrinker *shrinker;
	struct work_struct shrink;
};

/**
 * struct dnfs4_pending - data of a SETCLIENTID that is not yet confirmed
 * @confirm: the server's verifier, setclientid_confirm
 * @addr: callback address
 */
struct dnfs4_pending {
	u8 confirm[NFS4_VERIFIER_SIZE];
	struct dnfs4_callback_addr addr;
};

/**
 * struct dnfs4_client_id - decoded nfs_client_id4 or client_owner4
 * @verifier: identifies the incarnation of the client
 * @len: bytes of @owner
 * @owner: owner string, independent of the client's address; borrowed
 */
struct dnfs4_client_id {
	u8 verifier[NFS4_VERIFIER_SIZE];
	u32 len;
	const void *owner;
};

static inline struct dnfs4_client *dnfs4_client_of(struct ditto_client *client)
{
	return container_of(client, struct dnfs4_client, client);
}

/* client.c */

/* client.c */
u32 dnfs4_decode_client_id(struct dnfs4_compound *cmp, struct dnfs4_client_id *id);
struct dnfs4_client *dnfs4_client_make(struct dnfs4_compound *cmp,
				       const struct dnfs4_client_id *id);

extern const struct rhashtable_params dnfs4_client_params;

int dnfs4_client_number(struct dnfs4_clients *clients, struct dnfs4_client *client);
void dnfs4_client_by_owner(struct dnfs4_clients *clients, u32 minor,
			   const struct dnfs4_client_id *id, struct dnfs4_client **confirmed,
			   struct dnfs4_client **unconfirmed);
struct dnfs4_client *dnfs4_client_get(struct dnfs4_clients *clients, u64 id, u32 minor);
u32 dnfs4_client_admit(struct dnfs4_client *client);
void dnfs4_client_unhash(struct dnfs4_client *client);
void dnfs4_client_end(struct dnfs4_client *client, const char *why);
void dnfs4_client_succeed(struct dnfs4_client *client, struct dnfs4_client *old);
bool dnfs4_client_has_state(struct dnfs4_client *client);
bool dnfs4_client_keeps_name(struct dnfs4_client *client);
u32 dnfs4_client_yield_name(struct dnfs4_client *client);

/* lease.c */

/* lease.c */
void dnfs4_sweep_work(struct work_struct *work);
void dnfs4_lease_begin(struct dnfs4_client *client);
void dnfs4_courtesy_clear(struct dnfs4_client *client);
void dnfs4_courtesy_make_room(const struct dnfs4_client *client);
void dnfs4_clients_shrink(struct dnfs4_clients *clients);

/* Set up and tear down the laundry and the shrinker. */
int dnfs4_lease_init(struct dnfs4_clients *clients);
void dnfs4_lease_exit(struct dnfs4_clients *clients);

/* reclaim.c */

/* reclaim.c */
void dnfs4_reclaim_admit(struct dnfs4_client *client);
void dnfs4_reclaim_suspend(struct dnfs4_client *client);
void dnfs4_record_inherit(struct dnfs4_client *client, struct dnfs4_client *old);
void dnfs4_record_remove(struct dnfs4_client *client);
int dnfs4_record_withdraw(struct dnfs4_client *client);

/* Add and remove the hook for the records of the previous server instance. */
void dnfs4_reclaim_init(struct dnfs4_clients *clients);
void dnfs4_reclaim_exit(struct dnfs4_clients *clients);

#endif
