/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that make up clients share: see client.h.
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

#include "../../../../net/helper/record.h"
#include "../deleg/delegation.h"
#include "../engine/compound.h"
#include "client.h"

struct shrinker;

/* Chains of the table by owner string. */
#define DNFS4_OWNER_BUCKETS	1024

/**
 * struct dnfs4_clients - the clients of a server
 * @server: ours
 * @epoch: see dnfs4_server_epoch()
 * @owner_key: keys the hash of owner strings, so that clients cannot choose colliding ones
 * @id_key: keys the order in which clientids are given out
 * @lock: guards what follows up to @room_made
 * @by_owner: struct dnfs4_client.owner_link
 * @all: struct dnfs4_client.lru
 * @count: of @all
 * @last_id: number of the newest client
 * @room_made: jiffies when a courtesy client was last retired for another one
 * @by_id: struct dnfs4_client.hash; changed under @lock
 * @courtesy_lock: see client.h
 * @courtesy: clients that are lapsed
 * @alive: clients that are not freed
 * @idle: woken when @alive drops to zero
 * @ending: the server goes away; what is recorded of clients stays
 * @hook: tells of the clients of the time before
 * @wq: frees clients; runs the laundry
 * @laundry: ends leases
 * @running: the laundry is armed; under the lock of the service
 * @shrinker: takes courtesy clients, and slots that nobody uses
 * @shrink: does it for clients
 */
struct dnfs4_clients {
	struct dnfs4_server *server;
	u32 epoch;
	siphash_key_t owner_key;
	siphash_key_t id_key;
	struct mutex lock;	/* see above */
	struct list_head by_owner[DNFS4_OWNER_BUCKETS];
	struct list_head all;
	unsigned int count;
	u32 last_id;
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
 * struct dnfs4_pending - what a SETCLIENTID said, until it is confirmed
 * @confirm: the server's verifier
 * @addr: where to call back
 */
struct dnfs4_pending {
	u8 confirm[NFS4_VERIFIER_SIZE];
	struct dnfs4_callback_addr addr;
};

/**
 * struct dnfs4_client_id - nfs_client_id4 and client_owner4
 * @verifier: of the incarnation
 * @len: bytes of @owner
 * @owner: names the client, whatever its address
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

u32 dnfs4_decode_client_id(struct dnfs4_compound *cmp, struct dnfs4_client_id *id);

/**
 * dnfs4_client_make - a new, unconfirmed client, in the tables
 * @cmp: who asks is its principal
 * @id: who it says it is
 *
 * With clients->lock held. Return: borrowed, or NULL without memory, or with too many clients.
 */
struct dnfs4_client *dnfs4_client_make(struct dnfs4_compound *cmp,
				       const struct dnfs4_client_id *id);

/**
 * dnfs4_client_by_owner - the clients with an owner string
 * @clients: of the server
 * @minor: 0, or 1 for all above
 * @id: owner string
 * @confirmed: the confirmed one
 * @unconfirmed: and the other; each is borrowed, or NULL
 *
 * With clients->lock held.
 */
void dnfs4_client_by_owner(struct dnfs4_clients *clients, u32 minor,
			   const struct dnfs4_client_id *id, struct dnfs4_client **confirmed,
			   struct dnfs4_client **unconfirmed);

/* The client with an id, confirmed or not, held; NULL if there is none, or it is gone. */
struct dnfs4_client *dnfs4_client_get(struct dnfs4_clients *clients, u64 id, u32 minor);

/*
 * It is about to be confirmed: it counts among those of its machine from now on. With
 * clients->lock held. NFS4_OK, or NFS4ERR_DELAY if there is no room there; then a courtesy client
 * of the same machine or user goes, if there is one.
 */
u32 dnfs4_client_admit(struct dnfs4_client *client);

/* Out of the tables. With clients->lock held. */
void dnfs4_client_unhash(struct dnfs4_client *client);

/* It goes with all it has; @why is for the trace. NULL is allowed. May sleep; no lock held. */
void dnfs4_client_end(struct dnfs4_client *client, const char *why);

/* Does it hold anything? */
bool dnfs4_client_has_state(struct dnfs4_client *client);

/* lease.c */

/* The lease of a client that has just been confirmed begins. */
void dnfs4_lease_begin(struct dnfs4_client *client);
/* It is no courtesy client any more, or it is gone. */
void dnfs4_courtesy_clear(struct dnfs4_client *client);
/*
 * The account of a client is full: of those that are charged to it and lapsed, the one that was
 * seen least recently is to go. With clients->lock held. Does not wait.
 */
void dnfs4_courtesy_make_room(const struct dnfs4_client *client);
/* Clients that can be done without are to go. Does not wait. */
void dnfs4_clients_shrink(struct dnfs4_clients *clients);
int dnfs4_lease_init(struct dnfs4_clients *clients);
void dnfs4_lease_exit(struct dnfs4_clients *clients);

/* reclaim.c */

/* It was confirmed: may it reclaim? */
void dnfs4_reclaim_admit(struct dnfs4_client *client);
/* The module goes, the lock table stays: the client may reclaim when the module comes again. */
void dnfs4_reclaim_suspend(struct dnfs4_client *client);
/* What is on disk of a client that has gone goes, too. May sleep. */
void dnfs4_record_remove(struct dnfs4_client *client);
/*
 * What is on disk of a client goes, and none is put any more, before others get what it has. An
 * errno of ditto_record_remove() if it may be there still. May sleep.
 */
int dnfs4_record_withdraw(struct dnfs4_client *client);
void dnfs4_reclaim_init(struct dnfs4_clients *clients);
void dnfs4_reclaim_exit(struct dnfs4_clients *clients);

#endif
