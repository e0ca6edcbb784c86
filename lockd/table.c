// SPDX-License-Identifier: GPL-2.0-only
/* The lock table of a server: creation and destruction, and the slabs that all tables share. */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "client_private.h"
#include "lease_private.h"
#include "lock_ctx_private.h"
#include "open_private.h"
#include "range_private.h"

struct kmem_cache *ditto_lock_ctx_slab;
struct kmem_cache *ditto_holder_slab;
struct kmem_cache *ditto_range_slab;
struct kmem_cache *ditto_open_slab;
struct kmem_cache *ditto_lease_slab;
struct kmem_cache *ditto_owner_slab;

/* Created with the first table, destroyed with the last. */
static DEFINE_MUTEX(shared_lock);
static unsigned int shared_users;

static void slabs_destroy(void)
{
	kmem_cache_destroy(ditto_lock_ctx_slab);
	kmem_cache_destroy(ditto_holder_slab);
	kmem_cache_destroy(ditto_range_slab);
	kmem_cache_destroy(ditto_open_slab);
	kmem_cache_destroy(ditto_lease_slab);
	/* Owners of the table are freed under RCU. */
	rcu_barrier();
	kmem_cache_destroy(ditto_owner_slab);
}

static int shared_get(void)
{
	int err = 0;

	mutex_lock(&shared_lock);
	if (shared_users)
		goto out;
	ditto_matrix_init();
	ditto_lock_ctx_slab = kmem_cache_create("ditto_lock_ctx", sizeof(struct ditto_lock_ctx), 0,
						SLAB_TYPESAFE_BY_RCU, ditto_lock_ctx_first);
	ditto_holder_slab = KMEM_CACHE(ditto_holder, 0);
	ditto_range_slab = KMEM_CACHE(ditto_range, 0);
	ditto_open_slab = KMEM_CACHE(ditto_open, 0);
	ditto_lease_slab = KMEM_CACHE(ditto_lease, SLAB_TYPESAFE_BY_RCU);
	ditto_owner_slab = kmem_cache_create("ditto_owner",
					     struct_size_t(struct ditto_owner, key,
							   DITTO_OWNER_KEY_SHORT), 0, 0, NULL);
	if (!ditto_lock_ctx_slab || !ditto_holder_slab || !ditto_range_slab || !ditto_open_slab ||
	    !ditto_lease_slab || !ditto_owner_slab) {
		slabs_destroy();
		err = -ENOMEM;
	}
out:
	if (!err)
		shared_users++;
	mutex_unlock(&shared_lock);
	return err;
}

static void shared_put(void)
{
	mutex_lock(&shared_lock);
	if (!--shared_users)
		slabs_destroy();
	mutex_unlock(&shared_lock);
}

static u64 clock_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

static const struct ditto_lock_settings default_settings = {
	.waits_per_node		= DITTO_WAITS_PER_NODE,
	.waits_per_client	= DITTO_WAITS_PER_CLIENT,
	.waits			= DITTO_WAITS_PER_SERVER,
	.claims_per_node	= DITTO_CLAIMS_PER_NODE,
	.claims_per_client	= DITTO_CLAIMS_PER_CLIENT,
	.claims			= DITTO_CLAIMS_PER_SERVER,
	.delegations_per_client	= DITTO_DELEGATIONS_PER_CLIENT,
	.delegations		= DITTO_DELEGATIONS_PER_SERVER,
	.quiet_ms		= DITTO_QUIET_MS,
	.ask_ms			= DITTO_LEASE_QUERY_MS,
	.grace_ms		= DITTO_GRACE_MS,
};

static int table_alloc_parts(struct ditto_lock_table *table)
{
	int err;

	err = percpu_counter_init(&table->claims, 0, GFP_KERNEL);
	if (err)
		return err;
	table->last_id = alloc_percpu(u64);
	if (!table->last_id)
		goto err_claims;
	table->events = alloc_percpu(struct ditto_lock_events);
	if (!table->events)
		goto err_last_id;
	table->wq = alloc_workqueue("ditto-lock", WQ_UNBOUND, 0);
	if (!table->wq)
		goto err_events;
	table->release_wq = alloc_workqueue("ditto-release", WQ_UNBOUND, 0);
	if (!table->release_wq)
		goto err_wq;
	table->yield_wq = alloc_workqueue("ditto-yield", WQ_UNBOUND, DITTO_YIELDS_AT_ONCE);
	if (!table->yield_wq)
		goto err_release_wq;
	err = ditto_owners_init(table);
	if (err)
		goto err_yield_wq;
	return 0;

err_yield_wq:
	destroy_workqueue(table->yield_wq);
err_release_wq:
	destroy_workqueue(table->release_wq);
err_wq:
	destroy_workqueue(table->wq);
err_events:
	free_percpu(table->events);
err_last_id:
	free_percpu(table->last_id);
err_claims:
	percpu_counter_destroy(&table->claims);
	return -ENOMEM;
}

/* Create the lock table of a namespace. Return: the table, or an ERR_PTR. */
struct ditto_lock_table *ditto_locks_create(struct net *net)
{
	struct ditto_lock_table *table;
	int err;

	err = shared_get();
	if (err)
		return ERR_PTR(err);
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		goto err_shared;
	table->net = net;
	table->settings = default_settings;
	table->clock = clock_ms;
	get_random_bytes(&table->owner_key, sizeof(table->owner_key));
	spin_lock_init(&table->clients_lock);
	table->clients = RB_ROOT;
	for (size_t i = 0; i < ARRAY_SIZE(table->mirror_lists); i++)
		spin_lock_init(&table->mirror_lists[i].lock);
	mutex_init(&table->deadlock);
	ditto_grace_init(table);
	ditto_history_init(&table->history);
	if (table_alloc_parts(table))
		goto err_table;
	return table;

err_table:
	kfree(table);
err_shared:
	shared_put();
	return ERR_PTR(-ENOMEM);
}

/* Free a lock table. */
void ditto_locks_destroy(struct ditto_lock_table *table)
{
	ditto_grace_exit(table);
	ditto_history_exit(&table->history);
	/* The last claims are gone; their mirrors may still be updating the VFS. */
	wait_var_event(&table->mirrors, !atomic_read(&table->mirrors));
	/* A withdrawal releases clients and a release queues callbacks, never the reverse. */
	destroy_workqueue(table->yield_wq);
	destroy_workqueue(table->release_wq);
	destroy_workqueue(table->wq);
	WARN_ON(!RB_EMPTY_ROOT(&table->clients));
	WARN_ON(ditto_locks_live(table, DITTO_COUNT_OWNERS));
	WARN_ON(ditto_locks_live(table, DITTO_COUNT_NODES));
	ditto_owners_exit(table);
	free_percpu(table->events);
	free_percpu(table->last_id);
	percpu_counter_destroy(&table->claims);
	kfree(table);
	shared_put();
}

/* Read an event counter, over all CPUs. @table: the lock table. Context: any. Return: the sum. */
u64 ditto_locks_events(struct ditto_lock_table *table, enum ditto_lock_event event)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(table->events, cpu)->count[event]);
	return sum;
}

/*
 * Number of objects of the table. @table: the lock table. Context: any. Return: the sum over all
 * CPUs, exact while nothing is added or removed.
 */
s64 ditto_locks_live(struct ditto_lock_table *table, unsigned int what)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(table->events, cpu)->live[what]);
	return sum;
}
