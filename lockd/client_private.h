/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients and owners inside the lock table: their claims, courtesy, callbacks. */
#ifndef _DITTO_LOCKD_CLIENT_PRIVATE_H
#define _DITTO_LOCKD_CLIENT_PRIVATE_H

#include <linux/rbtree.h>

#include "lock_ctx_private.h"

/* The client's oldest claim, or NULL. Under client->lock. */
static inline struct ditto_claim *ditto_client_first_claim(struct ditto_client *client)
{
	return rb_entry_safe(rb_first(&client->claims), struct ditto_claim, by_id);
}

/**
 * ditto_client_cover - adjust a client's charge to its claims and waits
 * @client: the client
 * @more: claims or waits about to be added
 *
 * Context: client->lock held. Defined in client.c.
 * Return: 0, or -ENOLCK if the client may have no more.
 */
int ditto_client_cover(struct ditto_client *client, int more);

/**
 * ditto_client_claim_after - find the first claim of a client behind a number
 * @client: the client
 * @id: number of a claim, which need not exist
 *
 * Context: client->lock held. Defined in client.c.
 * Return: the claim, or NULL.
 */
struct ditto_claim *ditto_client_claim_after(const struct ditto_client *client, u64 id);

static inline struct ditto_claim *ditto_client_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->by_id), struct ditto_claim, by_id);
}

/**
 * ditto_client_yields - report a conflict with a claim of a client
 * @client: the holder
 *
 * Begins the release of a courtesy client.
 *
 * Context: any but interrupts; ctx->lock may be held. Defined in courtesy.c.
 * Return: true if it is a courtesy client, which is about to be released.
 */
bool ditto_client_yields(struct ditto_client *client);

/**
 * ditto_client_yields_now - ditto_client_yields() for a caller that can only wait for the release
 * @client: the holder
 *
 * Context: any but interrupts.
 * Return: false also if the release may take long, because an attempt to withdraw the client
 * failed or is slow.
 */
bool ditto_client_yields_now(struct ditto_client *client);

/* Work of client->yield: withdraw and release the client. */
void ditto_client_yield_work(struct work_struct *work);

/* Cancel client->yield, because the client is released in another way. */
void ditto_client_yield_cancel(struct ditto_client *client);

/* Something that a local process waits for in ditto_clients_yielded() is due. Any context. */
void ditto_yield_begin(void);

/* It is over. Any context. */
void ditto_yield_end(void);

/*
 * For the VFS: wait up to a second for the release of courtesy clients, or for a cover to be
 * refined. May sleep.
 */
void ditto_clients_yielded(void);

/**
 * ditto_clients_yielded_timeout - wait until no release of a courtesy client is due or running
 * @table: the lock table
 * @timeout: jiffies
 *
 * Return: jiffies left, 0 if the time is over.
 */
long ditto_clients_yielded_timeout(struct ditto_lock_table *table, long timeout);

/* A callback of the client's claims is due; ditto_callback_end() when it is over. */
static inline void ditto_callback_begin(struct ditto_client *client)
{
	atomic_inc(&client->callbacks);
}

/* A callback that ditto_callback_begin() announced is over; wakes those that wait for the last. */
void ditto_callback_end(struct ditto_client *client);

static inline struct ditto_lock_table *ditto_owner_table(const struct ditto_owner *owner)
{
	return owner->client->table;
}

/* Owners with a key of this length or less have a cache of their own: such keys are numbers. */
#define DITTO_OWNER_KEY_SHORT	8
extern struct kmem_cache *ditto_owner_slab;

/* owner.c: part of ditto_locks_create() and ditto_locks_destroy(). */
int ditto_owners_init(struct ditto_lock_table *table);
void ditto_owners_exit(struct ditto_lock_table *table);

#endif
