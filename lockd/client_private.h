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

int ditto_client_cover(struct ditto_client *client, int more);
struct ditto_claim *ditto_client_claim_after(const struct ditto_client *client, u64 id);

static inline struct ditto_claim *ditto_client_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->by_id), struct ditto_claim, by_id);
}

bool ditto_client_yields(struct ditto_client *client);
bool ditto_client_yields_now(struct ditto_client *client);
void ditto_client_yield_work(struct work_struct *work);
void ditto_client_yield_cancel(struct ditto_client *client);
void ditto_yield_begin(void);
void ditto_yield_end(void);
void ditto_clients_yielded(void);
long ditto_clients_yielded_timeout(struct ditto_lock_table *table, long timeout);

/* A callback of the client's claims is due; ditto_callback_end() when it is over. */
static inline void ditto_callback_begin(struct ditto_client *client)
{
	atomic_inc(&client->callbacks);
}

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
