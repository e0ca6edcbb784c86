// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics are summed over the CPUs, and groups listed in their order.
 */
#include <kunit/test.h>
#include <net/net_namespace.h>

#include "../../../net/server.h"
#include "../../../net/stats.h"

static const char *const ops[] = { "null", NULL, "read" };

static int stats_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	KUNIT_ASSERT_EQ(test, ditto_stats_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void stats_test_exit(struct kunit *test)
{
	ditto_stats_exit(test->priv);
}

static void sum_over_cpus(struct kunit *test)
{
	struct ditto_stats_group *group;
	struct ditto_op_count sum;
	unsigned int cpus = 0;
	int cpu;

	group = ditto_stats_register(test->priv, "test1", ops, ARRAY_SIZE(ops));
	KUNIT_ASSERT_NOT_NULL(test, group);
	ditto_stats_read(group, 2, &sum);
	KUNIT_EXPECT_EQ(test, sum.calls, 0);

	for_each_possible_cpu(cpu) {
		struct ditto_op_count *c = per_cpu_ptr(group->count, cpu) + 2;

		c->calls = 1ULL << 40;
		c->errors = 2;
		c->nanoseconds = 3;
		c->bytes = 4;
		cpus++;
	}
	ditto_stats_count(group, 2, false, 1000, 4096);
	ditto_stats_count(group, 2, true, 500, 0);
	ditto_stats_read(group, 2, &sum);
	KUNIT_EXPECT_EQ(test, sum.times[0], 2);
	KUNIT_EXPECT_EQ(test, sum.calls, cpus * (1ULL << 40) + 2);
	KUNIT_EXPECT_EQ(test, sum.errors, cpus * 2 + 1);
	KUNIT_EXPECT_EQ(test, sum.nanoseconds, cpus * 3 + 1500);
	KUNIT_EXPECT_EQ(test, sum.bytes, cpus * 4 + 4096);

	/* No other operation was counted. */
	ditto_stats_read(group, 0, &sum);
	KUNIT_EXPECT_EQ(test, sum.calls, 0);
	ditto_stats_read(group, 1, &sum);
	KUNIT_EXPECT_EQ(test, sum.bytes, 0);
	ditto_stats_unregister(group);
}

/* A request is counted below the least power of two that its time did not reach. */
static void counted_by_time(struct kunit *test)
{
	static const struct {
		u64 nanoseconds;
		unsigned int index;
	} of[] = {
		{ 0, 0 }, { 8191, 0 }, { 8192, 1 }, { 16383, 1 }, { 16384, 2 },
		{ (1ULL << 31) - 1, DITTO_TIMES - 2 }, { 1ULL << 31, DITTO_TIMES - 1 },
		{ U64_MAX, DITTO_TIMES - 1 },
	};
	u64 expected[DITTO_TIMES] = {};
	struct ditto_stats_group *group;
	struct ditto_op_count sum;

	group = ditto_stats_register(test->priv, "test1", ops, ARRAY_SIZE(ops));
	KUNIT_ASSERT_NOT_NULL(test, group);
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		ditto_stats_count(group, 0, false, of[i].nanoseconds, 0);
		expected[of[i].index]++;
	}
	ditto_stats_read(group, 0, &sum);
	KUNIT_EXPECT_MEMEQ(test, sum.times, expected, sizeof(expected));
	ditto_stats_unregister(group);
}

/* Those of a share have a histogram; reads and writes are told apart. */
static void traffic_adds_up(struct kunit *test)
{
	struct ditto_share_traffic __percpu *traffic = alloc_percpu(struct ditto_share_traffic);
	struct ditto_share_traffic sum;
	unsigned int cpus = 0;
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, (void __force *)traffic);
	for_each_possible_cpu(cpu) {
		per_cpu_ptr(traffic, cpu)->sum.requests = 1ULL << 40;
		per_cpu_ptr(traffic, cpu)->times[3] = 1ULL << 40;
		cpus++;
	}
	ditto_share_traffic_count(traffic, 8192, 5, 0);
	ditto_share_traffic_count(traffic, 10, 0, 7);
	ditto_share_traffic_count(traffic, U64_MAX - 8202, 0, 0);
	ditto_share_traffic_read(traffic, &sum);
	KUNIT_EXPECT_EQ(test, sum.sum.requests, cpus * (1ULL << 40) + 3);
	KUNIT_EXPECT_EQ(test, sum.times[0], 1);
	KUNIT_EXPECT_EQ(test, sum.times[1], 1);
	KUNIT_EXPECT_EQ(test, sum.times[3], cpus * (1ULL << 40));
	KUNIT_EXPECT_EQ(test, sum.times[DITTO_TIMES - 1], 1);
	KUNIT_EXPECT_EQ(test, sum.sum.nanoseconds, U64_MAX);
	KUNIT_EXPECT_EQ(test, sum.sum.read, 5);
	KUNIT_EXPECT_EQ(test, sum.sum.written, 7);
	free_percpu(traffic);
}

struct seen {
	unsigned int count;
	unsigned int generation;
	const char *name[4];
};

static int stats_note(struct ditto_stats_group *group, void *arg)
{
	struct seen *seen = arg;

	seen->generation = ditto_stats_generation(group->srv);
	seen->name[seen->count++] = group->name;
	return seen->count == 2;
}

static void groups_in_order(struct kunit *test)
{
	struct ditto_stats_group *group[3];
	struct seen seen = {};
	unsigned int before;

	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "a", "b", "c" };

		group[i] = ditto_stats_register(test->priv, names[i], ops, ARRAY_SIZE(ops));
		KUNIT_ASSERT_NOT_NULL(test, group[i]);
	}
	ditto_stats_unregister(group[1]);
	KUNIT_EXPECT_EQ(test, ditto_stats_for_each(test->priv, stats_note, &seen), 1);
	KUNIT_EXPECT_EQ(test, seen.count, 2);
	KUNIT_EXPECT_STREQ(test, seen.name[0], "a");
	KUNIT_EXPECT_STREQ(test, seen.name[1], "c");

	before = seen.generation;
	KUNIT_EXPECT_NE(test, before, 0);
	ditto_stats_unregister(group[0]);
	seen.count = 0;
	KUNIT_EXPECT_EQ(test, ditto_stats_for_each(test->priv, stats_note, &seen), 0);
	KUNIT_EXPECT_NE(test, seen.generation, before);
	ditto_stats_unregister(group[2]);
	ditto_stats_unregister(NULL);
	seen.count = 0;
	KUNIT_EXPECT_EQ(test, ditto_stats_for_each(test->priv, stats_note, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen.count, 0);
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE(sum_over_cpus),
	KUNIT_CASE(counted_by_time),
	KUNIT_CASE(traffic_adds_up),
	KUNIT_CASE(groups_in_order),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "ditto_stats",
	.init = stats_test_init,
	.exit = stats_test_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);
