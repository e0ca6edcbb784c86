/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: per-CPU counters by protocol and operation, and by share and client. Counting writes
 * no shared cache line.
 */
#ifndef _DITTO_NET_STATS_H
#define _DITTO_NET_STATS_H

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct ditto_server;

/* Requests are counted by their time: below 2^13 ns (8 us) in the first counter. */
#define DITTO_TIME_SHIFT	13
/* The last one is for 2^31 ns (2.1 s) and more. */
#define DITTO_TIMES		20

/**
 * struct ditto_op_count - counters of one operation on one CPU
 * @calls: finished requests
 * @errors: requests among @calls that were answered with an error
 * @nanoseconds: time spent in the handler, waiting included
 * @bytes: payload moved
 * @times: requests by their time; those in the counter with index i > 0 took at least half of
 *	2^(DITTO_TIME_SHIFT + i) ns, and less than that but in the last one
 */
struct ditto_op_count {
	u64 calls;
	u64 errors;
	u64 nanoseconds;
	u64 bytes;
	u64 times[DITTO_TIMES];
};

/**
 * struct ditto_stats_group - the operations of one protocol version
 * @srv: the server
 * @name: name shown to the administrator, such as "nfs3"; not copied
 * @ops: names of the operations, not copied; operations with a NULL name are not shown
 * @nops: entries of @ops
 * @count: per CPU, an array of @nops counters; NULL if @read is set
 * @read: fills the sum of counters that are kept elsewhere; NULL if @count is used
 * @list: in the server's list
 */
struct ditto_stats_group {
	struct ditto_server *srv;
	const char *name;
	const char *const *ops;
	unsigned int nops;
	struct ditto_op_count __percpu *count;
	void (*read)(const struct ditto_stats_group *group, unsigned int op,
		     struct ditto_op_count *sum);
	struct list_head list;
};

struct ditto_stats_group *ditto_stats_register(struct ditto_server *srv, const char *name,
					       const char *const *ops, unsigned int nops);

/**
 * ditto_stats_register_read - create a group of counters that are kept elsewhere
 * @srv: the server
 * @name: name of the group; must outlive it
 * @ops: names of the operations; must outlive the group
 * @nops: entries of @ops
 * @read: fills the sum for one operation; called by ditto_stats_read() with a zeroed sum
 *
 * ditto_stats_count() must not be used on such a group.
 *
 * Return: the group, to be freed with ditto_stats_unregister(); NULL without memory.
 */
struct ditto_stats_group *
ditto_stats_register_read(struct ditto_server *srv, const char *name,
			  const char *const *ops, unsigned int nops,
			  void (*read)(const struct ditto_stats_group *group, unsigned int op,
				       struct ditto_op_count *sum));

void ditto_stats_unregister(struct ditto_stats_group *group);

/* The counter of @times for a request of so many nanoseconds. */
static inline unsigned int ditto_time_index(u64 nanoseconds)
{
	return min(fls64(nanoseconds >> DITTO_TIME_SHIFT), DITTO_TIMES - 1);
}

/* Count one finished request in a group made by ditto_stats_register(). Any context. */
static inline void ditto_stats_count(struct ditto_stats_group *group, unsigned int op,
				     bool error, u64 nanoseconds, u64 bytes)
{
	struct ditto_op_count *c = get_cpu_ptr(group->count) + op;

	c->calls++;
	c->errors += error;
	c->nanoseconds += nanoseconds;
	c->bytes += bytes;
	c->times[ditto_time_index(nanoseconds)]++;
	put_cpu_ptr(group->count);
}

void ditto_stats_read(const struct ditto_stats_group *group, unsigned int op,
		      struct ditto_op_count *sum);

/**
 * struct ditto_traffic - requests of a share or of a client on one CPU
 * @requests: number of requests
 * @nanoseconds: their time, as in struct ditto_op_count
 * @read: payload of READs
 * @written: payload of WRITEs
 */
struct ditto_traffic {
	u64 requests;
	u64 nanoseconds;
	u64 read;
	u64 written;
};

/**
 * struct ditto_share_traffic - requests of a share on one CPU
 * @sum: all
 * @times: requests by their time, as in struct ditto_op_count
 *
 * Clients have no @times: there may be many.
 */
struct ditto_share_traffic {
	struct ditto_traffic sum;
	u64 times[DITTO_TIMES];
};

/* Count one finished request. Any context. */
static inline void ditto_traffic_count(struct ditto_traffic __percpu *traffic, u64 nanoseconds,
				       u64 read, u64 written)
{
	this_cpu_inc(traffic->requests);
	this_cpu_add(traffic->nanoseconds, nanoseconds);
	if (read)
		this_cpu_add(traffic->read, read);
	if (written)
		this_cpu_add(traffic->written, written);
}

static inline void ditto_share_traffic_count(struct ditto_share_traffic __percpu *traffic,
					     u64 nanoseconds, u64 read, u64 written)
{
	ditto_traffic_count(&traffic->sum, nanoseconds, read, written);
	this_cpu_inc(traffic->times[ditto_time_index(nanoseconds)]);
}

/* Sum counters over all CPUs. Requests that are just being counted may be missed. Any context. */
void ditto_traffic_read(const struct ditto_traffic __percpu *traffic, struct ditto_traffic *sum);
void ditto_share_traffic_read(const struct ditto_share_traffic __percpu *traffic,
			      struct ditto_share_traffic *sum);
unsigned int ditto_stats_generation(const struct ditto_server *srv);
int ditto_stats_for_each(struct ditto_server *srv,
			 int (*fn)(struct ditto_stats_group *group, void *arg), void *arg);

/* Create and destroy the statistics of a server; all groups must be unregistered at its end. */
int ditto_stats_init(struct ditto_server *srv);
void ditto_stats_exit(struct ditto_server *srv);

#endif
