/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: per-CPU counters by protocol and operation. Counting writes no
 * shared cache line.
 */
#ifndef _DITTO_NET_STATS_H
#define _DITTO_NET_STATS_H

#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct ditto_server;

/**
 * struct ditto_op_count - counters of one operation on one CPU
 * @calls: finished requests
 * @errors: of them, answered with an error
 * @nanoseconds: time spent in the handler, waiting included
 * @bytes: payload moved
 */
struct ditto_op_count {
	u64 calls;
	u64 errors;
	u64 nanoseconds;
	u64 bytes;
};

/**
 * struct ditto_stats_group - the operations of one protocol version
 * @srv: the server
 * @name: for people: "nfs3", "mount3"
 * @ops: names of the operations; NULL entries are not shown
 * @nops: how many
 * @count: per CPU, an array of @nops; NULL with @read
 * @read: sums counters that are kept elsewhere; else NULL
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

/* Make a group of counters, all zero. NULL without memory. */
struct ditto_stats_group *ditto_stats_register(struct ditto_server *srv, const char *name,
					       const char *const *ops, unsigned int nops);
/* The same for counters that are kept elsewhere; ditto_stats_count() is not for them. */
struct ditto_stats_group *
ditto_stats_register_read(struct ditto_server *srv, const char *name,
			  const char *const *ops, unsigned int nops,
			  void (*read)(const struct ditto_stats_group *group, unsigned int op,
				       struct ditto_op_count *sum));
void ditto_stats_unregister(struct ditto_stats_group *group);

/* Count one request. Any context. */
static inline void ditto_stats_count(struct ditto_stats_group *group, unsigned int op,
				     bool error, u64 nanoseconds, u64 bytes)
{
	struct ditto_op_count *c = get_cpu_ptr(group->count) + op;

	c->calls++;
	c->errors += error;
	c->nanoseconds += nanoseconds;
	c->bytes += bytes;
	put_cpu_ptr(group->count);
}

/* Sum over the CPUs. */
void ditto_stats_read(const struct ditto_stats_group *group, unsigned int op,
		      struct ditto_op_count *sum);
/* @fn runs with the list's mutex held. */
int ditto_stats_for_each(struct ditto_server *srv,
			 int (*fn)(struct ditto_stats_group *group, void *arg), void *arg);

int ditto_stats_init(struct ditto_server *srv);
void ditto_stats_exit(struct ditto_server *srv);

#endif
