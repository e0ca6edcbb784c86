// SPDX-License-Identifier: GPL-2.0-only
/* The table of owners, see owner.h. */
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "client.h"
#include "client_private.h"
#include "owner.h"
#include "table.h"

/**
 * struct listed_owner - an owner in the table
 * @node: entry in the table
 * @owner: the owner
 */
struct listed_owner {
	struct rhash_head node;
	struct ditto_owner owner;
};

/* Lookup key of an owner. */
struct owner_name {
	const struct ditto_client *client;
	const void *key;
	u32 hash;
	u16 len;
};

static u32 name_hash(const void *data, u32 len, u32 seed)
{
	const struct owner_name *name = data;

	return jhash_1word(name->hash, seed);
}

static u32 owner_hash(const void *data, u32 len, u32 seed)
{
	const struct listed_owner *listed = data;

	return jhash_1word(listed->owner.hash, seed);
}

static int owner_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ditto_owner *owner = &((const struct listed_owner *)obj)->owner;
	const struct owner_name *name = arg->key;

	return owner->hash != name->hash || owner->client != name->client ||
	       owner->len != name->len || memcmp(owner->key, name->key, name->len);
}

static const struct rhashtable_params owner_params = {
	.head_offset = offsetof(struct listed_owner, node),
	.hashfn = name_hash,
	.obj_hashfn = owner_hash,
	.obj_cmpfn = owner_cmp,
	.automatic_shrinking = true,
};

int ditto_owners_init(struct ditto_lock_table *table)
{
	return rhashtable_init(&table->owners, &owner_params);
}

void ditto_owners_exit(struct ditto_lock_table *table)
{
	rhashtable_destroy(&table->owners);
}

static struct owner_name owner_name(struct ditto_client *client, const void *key, size_t len)
{
	struct ditto_lock_table *table = client->table;

	return (struct owner_name){
		.client = client, .key = key, .len = len,
		.hash = siphash(key, len, &table->owner_key) ^
			siphash_1u64((uintptr_t)client, &table->owner_key),
	};
}

/* @owner: zeros. */
static void owner_init(struct ditto_owner *owner, struct ditto_client *client, const void *key,
		       size_t len)
{
	owner->client = client;
	refcount_set(&owner->ref, 1);
	owner->len = len;
	memcpy(owner->key, key, len);
}

/* Count a new owner, which holds its client from now on. */
static void owner_count(struct ditto_client *client)
{
	ditto_client_hold(client);
	atomic_inc(&client->owners);
	ditto_locks_live_add(client->table, DITTO_COUNT_OWNERS, 1);
}

/* Return: 0 if the client may have an owner with such a key. */
static int owner_check(const struct ditto_client *client, size_t len)
{
	if (len > DITTO_OWNER_KEY_MAX)
		return -EINVAL;
	return READ_ONCE(client->dead) ? -ESHUTDOWN : 0;
}

/**
 * ditto_owner_new - create an owner that cannot be found by its key
 * @client: the client
 * @key: bytes of the key, which no other owner of @client has
 * @len: length of @key in bytes, at most DITTO_OWNER_KEY_MAX
 *
 * Return: as ditto_owner_get().
 */
struct ditto_owner *ditto_owner_new(struct ditto_client *client, const void *key, size_t len)
{
	int err = owner_check(client, len);
	struct ditto_owner *owner;

	if (err)
		return ERR_PTR(err);
	if (len <= DITTO_OWNER_KEY_SHORT)
		owner = kmem_cache_zalloc(ditto_owner_slab, GFP_KERNEL);
	else
		owner = kzalloc(struct_size(owner, key, len), GFP_KERNEL);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	owner_init(owner, client, key, len);
	owner_count(client);
	return owner;
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_new, "DITTO");

static struct ditto_owner *owner_find(struct ditto_lock_table *table,
				      const struct owner_name *name)
{
	struct listed_owner *listed;

	rcu_read_lock();
	listed = rhashtable_lookup(&table->owners, name, owner_params);
	if (listed && !refcount_inc_not_zero(&listed->owner.ref))
		listed = NULL;
	rcu_read_unlock();
	return listed ? &listed->owner : NULL;
}

/**
 * ditto_owner_find - find the owner with a key
 * @client: the client
 * @key: bytes of the key
 * @len: length of @key in bytes
 *
 * Context: any but interrupts; does not sleep.
 * Return: an owner to be put, or NULL.
 */
struct ditto_owner *ditto_owner_find(struct ditto_client *client, const void *key, size_t len)
{
	struct owner_name name = owner_name(client, key, len);

	return owner_find(client->table, &name);
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_find, "DITTO");

/**
 * ditto_owner_get - find or create the owner with a key
 * @client: the client
 * @key: bytes of the key
 * @len: length of @key in bytes, at most DITTO_OWNER_KEY_MAX
 *
 * Return: an owner to be put, or an ERR_PTR: -ENOMEM, -EINVAL (length), -ESHUTDOWN (the client was
 * released).
 */
struct ditto_owner *ditto_owner_get(struct ditto_client *client, const void *key, size_t len)
{
	struct ditto_lock_table *table = client->table;
	struct owner_name name = owner_name(client, key, len);
	struct listed_owner *fresh, *old;
	int err = owner_check(client, len);
	struct ditto_owner *owner;

	if (err)
		return ERR_PTR(err);
	owner = owner_find(table, &name);
	if (owner)
		return owner;

	fresh = kzalloc(struct_size(fresh, owner.key, len), GFP_KERNEL);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	owner_init(&fresh->owner, client, key, len);
	fresh->owner.hash = name.hash;
	fresh->owner.listed = true;
	for (;;) {
		rcu_read_lock();
		old = rhashtable_lookup_get_insert_key(&table->owners, &name, &fresh->node,
						       owner_params);
		if (!old) {
			rcu_read_unlock();
			owner_count(client);
			return &fresh->owner;
		}
		if (!IS_ERR(old) && !refcount_inc_not_zero(&old->owner.ref)) {
			/* The last reference is gone, and the owner is about to leave the table. */
			rcu_read_unlock();
			cond_resched();
			continue;
		}
		rcu_read_unlock();
		kfree(fresh);
		return IS_ERR(old) ? ERR_CAST(old) : &old->owner;
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_get, "DITTO");

/*
 * Let an owner have waiting requests. Few owners wait. Tests make it fail, by its place on the
 * stack. Context: table->deadlock held; may sleep. Return: false without memory.
 */
noinline bool ditto_owner_make_waits(struct ditto_owner *owner)
{
	struct ditto_owner_waits *waits = owner->waits;

	lockdep_assert_held(&owner->client->table->deadlock);
	if (waits)
		return true;
	waits = kzalloc(sizeof(*waits), GFP_KERNEL);
	if (!waits)
		return false;
	INIT_LIST_HEAD(&waits->list);
	INIT_LIST_HEAD(&waits->search_link);
	waits->owner = owner;
	owner->waits = waits;
	return true;
}

static void listed_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct listed_owner, owner.rcu));
}

/**
 * ditto_owner_put - drop a reference on an owner
 * @owner: the owner; NULL is allowed
 *
 * Context: process; does not sleep.
 */
void ditto_owner_put(struct ditto_owner *owner)
{
	struct listed_owner *listed;
	struct ditto_client *client;

	if (!owner || !refcount_dec_and_test(&owner->ref))
		return;
	client = owner->client;
	ditto_locks_live_add(client->table, DITTO_COUNT_OWNERS, -1);
	atomic_dec(&client->owners);
	kfree(owner->waits);
	if (owner->listed) {
		listed = container_of(owner, struct listed_owner, owner);
		rhashtable_remove_fast(&client->table->owners, &listed->node, owner_params);
		call_rcu(&owner->rcu, listed_free);
	} else {
		/* The memory of either cache. */
		kfree(owner);
	}
	ditto_client_put(client);
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_put, "DITTO");
