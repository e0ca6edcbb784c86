// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of an operation beside many nodes with claims, and beside many clients: the steps under
 * one hold of ctx->lock must stay the same, and the time shows the rest. Prints lines of the form
 * "bench NAME beside NUMBER: NUMBER ns, NUMBER steps". Many claims on one node are in
 * claim_crowd_test.c.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../../../lockd/holder.h"
#include "claim_common.h"

#define TIMES		2000
#define CLIENTS_MAX	1000
#define NODES_MAX	1000000
/* Memory of a node with a claim, including that of the test; and what is left for others. */
#define NODE_MEMORY	1024
#define MEMORY_LEFT	SZ_1G

/**
 * struct scale - nodes that have an open each, of clients in turn
 * @nodes: number of nodes
 * @clients: number of clients
 * @node: the nodes
 * @open: an open on each
 * @client: the clients
 * @owner: an owner of each
 * @other: another client, which operates beside them
 * @asker: its owner
 * @began: start of the measurement
 */
struct scale {
	u32 nodes;
	u32 clients;
	struct claim_node *node;
	struct ditto_open **open;
	struct claim_client *client[CLIENTS_MAX];
	struct ditto_owner *owner[CLIENTS_MAX];
	struct claim_client *other;
	struct ditto_owner *asker;
	u64 began;
};

enum { OPEN_ONE, OPEN_FRESH, LOCK_ONE, AGAIN, OPERATIONS };

static const char * const operations[] = {
	[OPEN_ONE]	= "open and close a node of many",
	[OPEN_FRESH]	= "open and close another node",
	[LOCK_ONE]	= "lock and unlock a node of many",
	[AGAIN]		= "close and open one of many",
};

static struct ditto_open *scale_open(struct claim_node *node, struct ditto_owner *owner)
{
	struct ditto_actor actor = { .owner = owner };

	return ditto_open_claim(&node->point, &actor, DITTO_OPEN_READ, 0, false, NULL, NULL);
}

static struct scale *scale_make(struct kunit *test, u32 nodes, u32 clients)
{
	struct scale *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->nodes = nodes;
	s->clients = clients;
	s->other = claim_client(test, "other", 0);
	s->asker = claim_owner(test, s->other, 1);
	s->node = kvcalloc(nodes, sizeof(*s->node), GFP_KERNEL);
	s->open = kvcalloc(nodes, sizeof(*s->open), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, s->node && s->open);
	for (u32 i = 0; i < clients; i++) {
		s->client[i] = claim_client(test, "one", 0);
		s->owner[i] = claim_owner(test, s->client[i], 1);
	}
	for (u32 i = 0; i < nodes; i++) {
		claim_node_init(test, &s->node[i]);
		s->open[i] = scale_open(&s->node[i], s->owner[i % clients]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(s->open[i]));
		if (i % 1024 == 0)
			cond_resched();
	}
	return s;
}

static void scale_end(struct kunit *test, struct scale *s)
{
	for (u32 i = 0; i < s->nodes; i++) {
		ditto_open_release(s->open[i]);
		if (i % 1024 == 0)
			cond_resched();
	}
	for (u32 i = 0; i < s->clients; i++) {
		ditto_owner_put(s->owner[i]);
		claim_client_end(test, s->client[i]);
	}
	ditto_owner_put(s->asker);
	claim_client_end(test, s->other);
	claim_flush(test);
	kvfree(s->node);
	kvfree(s->open);
}

/* Do an operation once; false if it failed. */
static bool scale_do(struct kunit *test, struct scale *s, int what, u32 at)
{
	struct ditto_range_request lock = claim_req(&s->node[at], s->asker, true, 0, 0);
	static struct claim_node fresh;
	struct ditto_open *open;

	switch (what) {
	case AGAIN:
		ditto_open_release(s->open[at]);
		s->open[at] = scale_open(&s->node[at], s->owner[at % s->clients]);
		return !IS_ERR(s->open[at]);
	case LOCK_ONE:
		return !ditto_range_lock(&lock, NULL, NULL) && !ditto_range_unlock(&lock);
	case OPEN_FRESH:
		claim_node_init(test, &fresh);
		break;
	}
	open = scale_open(what == OPEN_FRESH ? &fresh : &s->node[at], s->asker);
	if (IS_ERR(open))
		return false;
	ditto_open_release(open);
	return true;
}

/* Do all operations many times, on nodes by chance. @least holds the steps beside the fewest. */
static void scale_measure(struct kunit *test, struct scale *s, u32 beside, const char *whom,
			  unsigned long least[OPERATIONS])
{
	for (int what = 0; what < OPERATIONS; what++) {
		struct rnd_state chance;
		unsigned long steps;
		bool done = true;
		u64 tenths;

		prandom_seed_state(&chance, 1);
		/* Objects that are still to be freed must not be measured. */
		rcu_barrier();
		WRITE_ONCE(ditto_steps_max, 0);
		s->began = ktime_get_ns();
		for (u32 i = 0; i < TIMES; i++)
			done &= scale_do(test, s, what, prandom_u32_state(&chance) % s->nodes);
		tenths = div_u64(10 * (ktime_get_ns() - s->began), TIMES);
		steps = READ_ONCE(ditto_steps_max);
		KUNIT_EXPECT_TRUE(test, done);
		kunit_info(test, "bench %s, %s beside %u: %llu.%llu ns, %lu steps\n",
			   operations[what], whom, beside, tenths / 10, tenths % 10, steps);
		if (!least[what])
			least[what] = steps + 1;
		KUNIT_EXPECT_EQ_MSG(test, steps + 1, least[what], "%s beside %u %s",
				    operations[what], beside, whom);
	}
}

static void scale_nodes(struct kunit *test)
{
	u64 room = (u64)si_mem_available() << PAGE_SHIFT;
	unsigned long least[OPERATIONS] = { };
	u32 most = IS_ENABLED(CONFIG_KASAN) ? NODES_MAX / 100 : NODES_MAX;

	for (u32 nodes = 1000; nodes <= most; nodes *= 10) {
		struct scale *s;

		if (nodes > 1000 && (u64)nodes * NODE_MEMORY + MEMORY_LEFT > room)
			break;
		s = scale_make(test, nodes, 10);
		scale_measure(test, s, nodes, "nodes", least);
		scale_end(test, s);
	}
}

static void scale_clients(struct kunit *test)
{
	unsigned long least[OPERATIONS] = { };

	for (u32 clients = 1; clients <= CLIENTS_MAX; clients *= 10) {
		struct scale *s = scale_make(test, 1000, clients);

		scale_measure(test, s, clients, "clients", least);
		scale_end(test, s);
	}
}

static struct kunit_case claim_scale_cases[] = {
	KUNIT_CASE_SLOW(scale_nodes),
	KUNIT_CASE_SLOW(scale_clients),
	{}
};

static struct kunit_suite claim_scale_suite = {
	.name = "claim_bench_scale",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_scale_cases,
};

kunit_test_suite(claim_scale_suite);
