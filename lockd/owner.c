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
	const struct ditto_owner *owner = data;

	return jhash_1word(owner->hash, seed);
}

static int owner_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct owner_name *name = arg->key;
	const struct ditto_owner *owner = obj;

	return owner->hash != name->hash || owner->client != name->client ||
	       owner->len != name->len || memcmp(owner->key, name->key, name->len);
}

static const struct rhashtable_params owner_params = {
	.head_offset = offsetof(struct ditto_owner, node),
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

static struct ditto_owner *owner_alloc(struct ditto_client *client, const struct owner_name *name)
{
	struct ditto_owner *owner = kzalloc(struct_size(owner, key, name->len), GFP_KERNEL);

	if (!owner)
		return NULL;
	owner->client = client;
	refcount_set(&owner->ref, 1);
	INIT_LIST_HEAD(&owner->waits);
	INIT_LIST_HEAD(&owner->search_link);
	owner->hash = name->hash;
	owner->len = name->len;
	memcpy(owner->key, name->key, name->len);
	return owner;
}

static struct ditto_owner *owner_find(struct ditto_lock_table *table,
				      const struct owner_name *name)
{
	struct ditto_owner *owner;

	rcu_read_lock();
	owner = rhashtable_lookup(&table->owners, name, owner_params);
	if (owner && !refcount_inc_not_zero(&owner->ref))
		owner = NULL;
	rcu_read_unlock();
	return owner;
}

struct ditto_owner *ditto_owner_find(struct ditto_client *client, const void *key, size_t len)
{
	struct owner_name name = owner_name(client, key, len);

	return owner_find(client->table, &name);
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_find, DITTO);

struct ditto_owner *ditto_owner_get(struct ditto_client *client, const void *key, size_t len)
{
	struct ditto_lock_table *table = client->table;
	struct owner_name name = owner_name(client, key, len);
	struct ditto_owner *owner, *fresh, *old;

	if (len > DITTO_OWNER_KEY_MAX)
		return ERR_PTR(-EINVAL);
	if (READ_ONCE(client->dead))
		return ERR_PTR(-ESHUTDOWN);
	owner = owner_find(table, &name);
	if (owner)
		return owner;

	fresh = owner_alloc(client, &name);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	for (;;) {
		rcu_read_lock();
		old = rhashtable_lookup_get_insert_key(&table->owners, &name, &fresh->node,
						       owner_params);
		if (!old) {
			rcu_read_unlock();
			ditto_client_hold(client);
			atomic_inc(&client->owners);
			percpu_counter_inc(&table->counts[DITTO_COUNT_OWNERS]);
			return fresh;
		}
		if (!IS_ERR(old) && !refcount_inc_not_zero(&old->ref)) {
			/* The last reference is gone, and the owner is about to leave the table. */
			rcu_read_unlock();
			cond_resched();
			continue;
		}
		rcu_read_unlock();
		kfree(fresh);
		return old;
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_get, DITTO);

static void owner_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct ditto_owner, rcu));
}

void ditto_owner_put(struct ditto_owner *owner)
{
	struct ditto_client *client;

	if (!owner || !refcount_dec_and_test(&owner->ref))
		return;
	client = owner->client;
	rhashtable_remove_fast(&client->table->owners, &owner->node, owner_params);
	percpu_counter_dec(&client->table->counts[DITTO_COUNT_OWNERS]);
	atomic_dec(&client->owners);
	call_rcu(&owner->rcu, owner_free);
	ditto_client_put(client);
}
EXPORT_SYMBOL_NS_GPL(ditto_owner_put, DITTO);
