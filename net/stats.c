// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: groups of per-CPU counters.
 *
 * Locking: the mutex guards the list of groups. A counter is written only by its own CPU, and the
 * sum is taken without a lock: it may miss requests that are counted while it is taken.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "server.h"
#include "stats.h"

/**
 * struct ditto_stats_table - the groups of one server
 * @lock: guards @groups and @generation
 * @groups: groups in the order of their registration
 * @generation: see ditto_stats_generation()
 */
struct ditto_stats_table {
	struct mutex lock;	/* guards @groups and @generation */
	struct list_head groups;
	unsigned int generation;
};

static struct ditto_stats_group *stats_group_new(struct ditto_server *srv, const char *name,
						 const char *const *ops, unsigned int nops)
{
	struct ditto_stats_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return NULL;
	group->srv = srv;
	group->name = name;
	group->ops = ops;
	group->nops = nops;
	return group;
}

static void stats_group_add(struct ditto_stats_group *group)
{
	struct ditto_stats_table *table = group->srv->stats;

	mutex_lock(&table->lock);
	list_add_tail(&group->list, &table->groups);
	table->generation++;
	mutex_unlock(&table->lock);
}

/**
 * ditto_stats_register - create a group of per-CPU counters, all zero
 * @srv: the server
 * @name: name of the group; must outlive it
 * @ops: names of the operations; must outlive the group
 * @nops: entries of @ops
 *
 * Return: the group, to be freed with ditto_stats_unregister(); NULL without memory.
 */
struct ditto_stats_group *ditto_stats_register(struct ditto_server *srv, const char *name,
					       const char *const *ops, unsigned int nops)
{
	struct ditto_stats_group *group = stats_group_new(srv, name, ops, nops);

	if (!group)
		return NULL;
	group->count = __alloc_percpu(array_size(nops, sizeof(*group->count)),
				      __alignof__(*group->count));
	if (!group->count) {
		kfree(group);
		return NULL;
	}
	stats_group_add(group);
	return group;
}
EXPORT_SYMBOL_NS_GPL(ditto_stats_register, "DITTO");

struct ditto_stats_group *
ditto_stats_register_read(struct ditto_server *srv, const char *name,
			  const char *const *ops, unsigned int nops,
			  void (*read)(const struct ditto_stats_group *group, unsigned int op,
				       struct ditto_op_count *sum))
{
	struct ditto_stats_group *group = stats_group_new(srv, name, ops, nops);

	if (!group)
		return NULL;
	group->read = read;
	stats_group_add(group);
	return group;
}

/**
 * ditto_stats_unregister - remove and free a group
 * @group: the group, or NULL; nothing counts in it any more
 */
void ditto_stats_unregister(struct ditto_stats_group *group)
{
	struct ditto_stats_table *table;

	if (!group)
		return;
	table = group->srv->stats;
	mutex_lock(&table->lock);
	list_del(&group->list);
	table->generation++;
	mutex_unlock(&table->lock);
	free_percpu(group->count);
	kfree(group);
}
EXPORT_SYMBOL_NS_GPL(ditto_stats_unregister, "DITTO");

/* Read the counters of one operation, summed over all CPUs. */
void ditto_stats_read(const struct ditto_stats_group *group, unsigned int op,
		      struct ditto_op_count *sum)
{
	int cpu;

	*sum = (struct ditto_op_count){};
	if (group->read) {
		group->read(group, op, sum);
		return;
	}
	for_each_possible_cpu(cpu) {
		const struct ditto_op_count *c = per_cpu_ptr(group->count, cpu) + op;

		sum->calls += READ_ONCE(c->calls);
		sum->errors += READ_ONCE(c->errors);
		sum->nanoseconds += READ_ONCE(c->nanoseconds);
		sum->bytes += READ_ONCE(c->bytes);
		for (int i = 0; i < DITTO_TIMES; i++)
			sum->times[i] += READ_ONCE(c->times[i]);
	}
}

void ditto_traffic_read(const struct ditto_traffic __percpu *traffic, struct ditto_traffic *sum)
{
	int cpu;

	*sum = (struct ditto_traffic){};
	for_each_possible_cpu(cpu) {
		const struct ditto_traffic *t = per_cpu_ptr(traffic, cpu);

		sum->requests += READ_ONCE(t->requests);
		sum->nanoseconds += READ_ONCE(t->nanoseconds);
		sum->read += READ_ONCE(t->read);
		sum->written += READ_ONCE(t->written);
	}
}

void ditto_share_traffic_read(const struct ditto_share_traffic __percpu *traffic,
			      struct ditto_share_traffic *sum)
{
	int cpu;

	*sum = (struct ditto_share_traffic){};
	ditto_traffic_read(&traffic->sum, &sum->sum);
	for_each_possible_cpu(cpu)
		for (int i = 0; i < DITTO_TIMES; i++)
			sum->times[i] += READ_ONCE(per_cpu_ptr(traffic, cpu)->times[i]);
}

/*
 * A number that is another one after a group came or went; never 0. Context: a function that
 * ditto_stats_for_each() calls.
 */
unsigned int ditto_stats_generation(const struct ditto_server *srv)
{
	lockdep_assert_held(&srv->stats->lock);
	return srv->stats->generation;
}

/*
 * Call a function for each group in the order of registration. @fn: called with the mutex of the
 * list held; a value other than 0 ends the walk. Return: 0 or the value with which @fn ended the
 * walk.
 */
int ditto_stats_for_each(struct ditto_server *srv,
			 int (*fn)(struct ditto_stats_group *group, void *arg), void *arg)
{
	struct ditto_stats_table *table = srv->stats;
	struct ditto_stats_group *group;
	int ret = 0;

	mutex_lock(&table->lock);
	list_for_each_entry(group, &table->groups, list) {
		ret = fn(group, arg);
		if (ret)
			break;
	}
	mutex_unlock(&table->lock);
	return ret;
}

int ditto_stats_init(struct ditto_server *srv)
{
	struct ditto_stats_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return -ENOMEM;
	mutex_init(&table->lock);
	INIT_LIST_HEAD(&table->groups);
	table->generation = 1;
	srv->stats = table;
	return 0;
}

void ditto_stats_exit(struct ditto_server *srv)
{
	struct ditto_stats_table *table = srv->stats;

	if (!table)
		return;
	WARN_ON(!list_empty(&table->groups));
	srv->stats = NULL;
	kfree(table);
}
