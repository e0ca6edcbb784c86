// SPDX-License-Identifier: GPL-2.0-only
/* The time of a call is divided among the phases that it goes through. */
#include <kunit/test.h>
#include <net/net_namespace.h>

#include "../../../net/server.h"
#include "../../../net/slow_call.h"
#include "../../../net/slow_call_private.h"

#define OVER	(60 * NSEC_PER_SEC)
/* Sockets that nobody has: they are no ids of processes. */
#define PORT	0xfffffff0

static int slow_call_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	KUNIT_ASSERT_EQ(test, ditto_slow_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void slow_call_test_exit(struct kunit *test)
{
	ditto_slow_exit(test->priv);
}

static struct ditto_slow_call *call_new(struct kunit *test, u64 received)
{
	struct ditto_slow_call *call;

	KUNIT_ASSERT_EQ(test, ditto_slow_trace(test->priv, PORT, OVER), 0);
	call = ditto_slow_call_new(test->priv, received);
	KUNIT_ASSERT_NOT_NULL(test, call);
	return call;
}

static void call_enter(struct ditto_slow_call *call, enum ditto_phase phase, u64 now, u64 cpu,
		       u64 delay, u64 switches)
{
	const struct ditto_thread_clock clock = {
		.now = now, .cpu = cpu, .delay = delay, .switches = switches,
	};

	ditto_slow_call_enter_at(call, phase, &clock);
}

static void time_divided(struct kunit *test)
{
	struct ditto_slow_call *call = call_new(test, 1000);

	call_enter(call, DITTO_PHASE_RUN, 1100, 5000, 70, 9);
	/* 300: 100 on a processor, 50 without one, and asleep. */
	call_enter(call, DITTO_PHASE_BREAK, 1400, 5100, 120, 11);
	/* Another thread goes on, whose clocks are others. */
	call_enter(call, DITTO_PHASE_QUEUE, 2400, 3, 4, 5);
	call_enter(call, DITTO_PHASE_RUN, 2500, 900000, 900000, 900000);
	/* It does not sleep; its clock of the processor has not moved since the last tick. */
	call_enter(call, DITTO_PHASE_SEND, 2700, 900000, 900000, 900000);
	call_enter(call, DITTO_PHASE_SEND, 2707, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_QUEUE], 200);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_RUN], 300);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_SCHED], 50);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_SLEEP], 150);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_BREAK], 1000);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_SEND], 7);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_RANGE], 0);
	ditto_slow_call_drop(call);
}

/* Clocks that have more than the time that has passed do not make it longer. */
static void clocks_differ(struct kunit *test)
{
	struct ditto_slow_call *call = call_new(test, 0);

	call_enter(call, DITTO_PHASE_RUN, 0, 0, 0, 0);
	call_enter(call, DITTO_PHASE_SEND, 100, 500, 0, 1);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_RUN], 100);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_SLEEP], 0);
	call_enter(call, DITTO_PHASE_RUN, 100, 0, 0, 0);
	call_enter(call, DITTO_PHASE_SEND, 150, 10, 500, 1);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_RUN], 100);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_SCHED], 50);
	ditto_slow_call_drop(call);
}

/* Of several operations, the one that took the longest names the call. */
static void longest_operation(struct kunit *test)
{
	struct ditto_slow_call *call = call_new(test, 0);

	call->step = ktime_get_ns();
	KUNIT_EXPECT_TRUE(test, ditto_slow_call_step(call, "p", "first"));
	call->longest = OVER;
	KUNIT_EXPECT_FALSE(test, ditto_slow_call_step(call, "p", "brief"));
	KUNIT_EXPECT_STREQ(test, call->operation, "first");
	call->step = ktime_get_ns() - 2 * OVER;
	KUNIT_EXPECT_TRUE(test, ditto_slow_call_step(call, "p", "long"));
	KUNIT_EXPECT_STREQ(test, call->operation, "long");
	ditto_slow_call_drop(call);
}

/* The lowest limit of all tracers decides what is slow, and no records are made without any. */
static void tracers_counted(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_slow_call *call;

	KUNIT_EXPECT_NULL(test, ditto_slow_call_new(srv, ktime_get_ns()));
	KUNIT_EXPECT_EQ(test, ditto_slow_trace(srv, PORT, OVER), 0);
	KUNIT_EXPECT_TRUE(test, ditto_slow_is_traced());
	call = ditto_slow_call_new(srv, ktime_get_ns());
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_FALSE(test, ditto_slow_call_is_slow(call));
	KUNIT_EXPECT_EQ(test, ditto_slow_trace(srv, PORT + 1, 0), 0);
	KUNIT_EXPECT_TRUE(test, ditto_slow_call_is_slow(call));
	ditto_slow_portid_gone(srv, PORT + 1);
	ditto_slow_portid_gone(srv, PORT + 1);
	KUNIT_EXPECT_FALSE(test, ditto_slow_call_is_slow(call));
	for (int i = 1; i < DITTO_SLOW_TRACERS; i++)
		KUNIT_EXPECT_EQ(test, ditto_slow_trace(srv, PORT + i, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_slow_trace(srv, PORT + 14, 0), -EUSERS);
	/* One that traces already changes its limit. */
	KUNIT_EXPECT_EQ(test, ditto_slow_trace(srv, PORT, 0), 0);
	for (int i = 0; i < DITTO_SLOW_TRACERS; i++)
		ditto_slow_portid_gone(srv, PORT + i);
	KUNIT_EXPECT_NULL(test, ditto_slow_call_new(srv, ktime_get_ns()));
	ditto_slow_call_drop(call);
}

/* The holder that was waited for the longest is the one that is told. */
static void longest_wait(struct kunit *test)
{
	struct ditto_slow_call *call = call_new(test, 0);

	ditto_slow_call_holder(call, DITTO_PHASE_RANGE, "p", "later");
	call_enter(call, DITTO_PHASE_BREAK, 10, 0, 0, 0);
	KUNIT_EXPECT_NULL(test, call->holder);
	ditto_slow_call_holder(call, DITTO_PHASE_BREAK, "p", "long");
	call_enter(call, DITTO_PHASE_QUEUE, 110, 0, 0, 0);
	call_enter(call, DITTO_PHASE_BREAK, 120, 0, 0, 0);
	ditto_slow_call_holder(call, DITTO_PHASE_BREAK, "p", "brief");
	call_enter(call, DITTO_PHASE_RANGE, 125, 0, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, call->holder);
	KUNIT_EXPECT_STREQ(test, call->holder->client, "long");
	ditto_slow_call_holder(call, DITTO_PHASE_RANGE, "q", "longer");
	call_enter(call, DITTO_PHASE_SEND, 300, 0, 0, 0);
	KUNIT_EXPECT_STREQ(test, call->holder->client, "longer");
	KUNIT_EXPECT_EQ(test, call->holder->phase, DITTO_PHASE_RANGE);
	KUNIT_EXPECT_EQ(test, call->ns[DITTO_PHASE_BREAK], 105);
	ditto_slow_call_drop(call);
}

static u64 lost_of(struct ditto_server *srv)
{
	return list_first_entry(&srv->slow->list, struct ditto_slow_tracer, list)->lost;
}

/*
 * Nobody can be sent to. What is told is lost: calls that were slow, and those that are to come
 * again; not others, nor those without a reply.
 */
static void calls_told(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	u64 ago = ktime_get_ns() - 2 * OVER;
	struct {
		u64 received;
		enum ditto_phase again;
		bool sent;
		u64 lost;
	} cases[] = {
		{ ago, 0, true, 1 },
		{ ago, 0, false, 1 },
		{ 0, 0, true, 1 },
		{ 0, DITTO_PHASE_BREAK, true, 2 },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ditto_slow_call *call = call_new(test, cases[i].received ?: ktime_get_ns());
		LIST_HEAD(calls);

		call->protocol = "p";
		call->operation = "o";
		call->again = cases[i].again;
		list_add(&call->list, &calls);
		ditto_slow_calls_end(&calls, cases[i].sent);
		KUNIT_EXPECT_TRUE(test, list_empty(&calls));
		KUNIT_EXPECT_EQ_MSG(test, lost_of(srv), cases[i].lost, "case %d", i);
	}
}

static struct kunit_case slow_call_cases[] = {
	KUNIT_CASE(time_divided),
	KUNIT_CASE(clocks_differ),
	KUNIT_CASE(longest_operation),
	KUNIT_CASE(tracers_counted),
	KUNIT_CASE(longest_wait),
	KUNIT_CASE(calls_told),
	{}
};

static struct kunit_suite slow_call_suite = {
	.name = "ditto_slow_call",
	.init = slow_call_test_init,
	.exit = slow_call_test_exit,
	.test_cases = slow_call_cases,
};

kunit_test_suite(slow_call_suite);
