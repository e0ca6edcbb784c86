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

/**
 * dnfs4_decode_client_id - decode an nfs_client_id4 or client_owner4
 * @cmp: the COMPOUND
 * @id: filled; @id->owner is valid until the operation ends
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_client_id(struct dnfs4_compound *cmp, struct dnfs4_client_id *id);

/**
 * dnfs4_client_make - create an unconfirmed client and add it to the tables
 * @cmp: the COMPOUND; the caller becomes the client's principal
 * @id: owner string and verifier
 *
 * Context: may sleep; clients->lock held.
 * Return: the client, borrowed from the tables; NULL without memory or budget, with too many
 * clients, or while the server is going away.
 */
struct dnfs4_client *dnfs4_client_make(struct dnfs4_compound *cmp,
				       const struct dnfs4_client_id *id);

extern const struct rhashtable_params dnfs4_client_params;

/**
 * dnfs4_client_number - give a client a number that is not in use, and add it to the table by id
 * @clients: the server's clients
 * @client: new
 *
 * Context: may sleep; clients->lock held.
 * Return: 0, or an errno of rhashtable_lookup_insert_fast().
 */
int dnfs4_client_number(struct dnfs4_clients *clients, struct dnfs4_client *client);

/**
 * dnfs4_client_by_owner - find the client records of an owner string
 * @clients: the server's clients
 * @minor: 0 for 4.0, else 4.1 and above
 * @id: owner string; the verifier is ignored
 * @confirmed: set to the confirmed record, borrowed, or NULL
 * @unconfirmed: set to the unconfirmed record, borrowed, or NULL
 *
 * Clients that are being released are skipped.
 *
 * Context: clients->lock held.
 */
void dnfs4_client_by_owner(struct dnfs4_clients *clients, u32 minor,
			   const struct dnfs4_client_id *id, struct dnfs4_client **confirmed,
			   struct dnfs4_client **unconfirmed);

/**
 * dnfs4_client_get - find a client by clientid, confirmed or not
 * @clients: the server's clients
 * @id: clientid4
 * @minor: 0 for 4.0, else 4.1 and above
 *
 * Context: any.
 * Return: the client with a reference; NULL if there is none, or it is being released.
 */
struct dnfs4_client *dnfs4_client_get(struct dnfs4_clients *clients, u64 id, u32 minor);

/**
 * dnfs4_client_admit - charge a client to its peer before it is confirmed
 * @client: about to be confirmed
 *
 * Moves the client's charges from the unproven trust level to @client->who.
 *
 * Context: clients->lock held.
 * Return: NFS4_OK, or NFS4ERR_DELAY if the budget is exhausted.
 */
u32 dnfs4_client_admit(struct dnfs4_client *client);

/**
 * dnfs4_client_unhash - remove a client from the tables
 * @client: held by the caller; may have been removed already
 *
 * Does not drop the reference of the tables; the release of the client does.
 *
 * Context: clients->lock held.
 */
void dnfs4_client_unhash(struct dnfs4_client *client);

/**
 * dnfs4_client_end - release a client and all its state
 * @client: held by the caller; NULL is allowed
 * @why: constant string for the trace
 *
 * Context: may sleep; no lock held.
 */
void dnfs4_client_end(struct dnfs4_client *client, const char *why);

/**
 * dnfs4_client_succeed - release the previous instance of a client
 * @client: the new instance, which was just confirmed; it keeps the delegations of @old if
 *	DNFS4_CLIENT_INHERITS is set
 * @old: the previous instance, out of the tables; its reference is put
 *
 * Context: may sleep; no lock held but client->create_lock.
 */
void dnfs4_client_succeed(struct dnfs4_client *client, struct dnfs4_client *old);

/**
 * dnfs4_client_has_state - check whether a client holds anything
 * @client: the client
 *
 * Void states do not count: they only wait for FREE_STATEID.
 *
 * Context: any.
 * Return: true if the client has claims in the lock table or valid states.
 */
bool dnfs4_client_has_state(struct dnfs4_client *client);

/**
 * dnfs4_client_keeps_name - check whether a client's owner string is refused to others
 * @client: the client, confirmed
 *
 * A courtesy client, or one without state, may lose its owner string (RFC 7530 section 16.33.5,
 * RFC 8881 section 18.35.4 case 3).
 *
 * Context: any.
 * Return: true if nobody else may take it over.
 */
bool dnfs4_client_keeps_name(struct dnfs4_client *client);

/**
 * dnfs4_client_yield_name - check whether another client may take over a client's owner string
 * @client: the client, confirmed
 *
 * A courtesy client that has state is retired for that: its record is removed first, in the
 * background, and then it is released.
 *
 * Context: does not wait.
 * Return: NFS4_OK if it has no state; NFS4ERR_CLID_INUSE, see dnfs4_client_keeps_name();
 * NFS4ERR_DELAY while the client is being released.
 */
u32 dnfs4_client_yield_name(struct dnfs4_client *client);

/* lease.c */

/* Work function of struct dnfs4_client.sweep. */
void dnfs4_sweep_work(struct work_struct *work);

/**
 * dnfs4_lease_begin - start the lease of a client
 * @client: the client, which has just been confirmed
 *
 * Context: any.
 */
void dnfs4_lease_begin(struct dnfs4_client *client);

/**
 * dnfs4_courtesy_clear - end the courtesy state of a client
 * @client: the client; need not be a courtesy client
 *
 * Only resets the flag and the count of courtesy clients.
 *
 * Context: any.
 */
void dnfs4_courtesy_clear(struct dnfs4_client *client);
/*
 * The account of a client is full: of those that are charged to it and lapsed, the one that was
 * seen least recently is to go. With clients->lock held. Does not wait.
 */
void dnfs4_courtesy_make_room(const struct dnfs4_client *client);
/* Clients that can be done without are to go. Does not wait. */
void dnfs4_clients_shrink(struct dnfs4_clients *clients);

/* Set up and tear down the laundry and the shrinker. */
int dnfs4_lease_init(struct dnfs4_clients *clients);
void dnfs4_lease_exit(struct dnfs4_clients *clients);

/* reclaim.c */

/**
 * dnfs4_reclaim_admit - allow a client to reclaim if it was known before the restart
 * @client: confirmed
 */
void dnfs4_reclaim_admit(struct dnfs4_client *client);

/**
 * dnfs4_reclaim_suspend - let a client reclaim after the module is loaded again
 * @client: being released because the server goes away
 *
 * The core outlives the module and keeps the records of clients.
 */
void dnfs4_reclaim_suspend(struct dnfs4_client *client);

/* Pass the record of a client's previous incarnation to it, if both have the same principal. */
void dnfs4_record_inherit(struct dnfs4_client *client, struct dnfs4_client *old);
/* Remove the record of a released client from disk, in the background. */
void dnfs4_record_remove(struct dnfs4_client *client);

/**
 * dnfs4_record_withdraw - remove a client's record before its state is given to others
 * @client: the client
 *
 * After success the client is not recorded again. Waits for the helper.
 *
 * Context: sleeps.
 * Return: 0, or an errno of ditto_recorder_withdraw(); then the record may still be on disk.
 */
int dnfs4_record_withdraw(struct dnfs4_client *client);

/* Add and remove the hook for the records of the previous server instance. */
void dnfs4_reclaim_init(struct dnfs4_clients *clients);
void dnfs4_reclaim_exit(struct dnfs4_clients *clients);

#endif
