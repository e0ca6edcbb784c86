// SPDX-License-Identifier: GPL-2.0-only
/* Fair queues: the order of turns. */
#include <kunit/test.h>
#include <linux/inet.h>
#include <net/ipv6.h>

#include "../../../net/fairq.h"

#define TURNS	64

/**
 * struct fairq_case - a queue and what happened
 * @q: the queue
 * @turns: requests
 * @order: which turns began, in their order
 * @n: how many
 * @evicted: which turns made room for others, in their order
 * @nevicted: how many
 */
struct fairq_case {
	struct ditto_fairq q;
	struct fairq_turn {
		struct ditto_fair_turn turn;
		struct fairq_case *of;
	} turns[TURNS];
	unsigned int order[TURNS];
	unsigned int n;
	unsigned int evicted[TURNS];
	unsigned int nevicted;
};

static void fairq_test_run(struct ditto_fair_turn *turn)
{
	struct fairq_turn *t = container_of(turn, struct fairq_turn, turn);
	struct fairq_case *c = t->of;

	c->order[c->n++] = t - c->turns;
}

static void fairq_test_evicted(struct ditto_fair_turn *turn)
{
	struct fairq_turn *t = container_of(turn, struct fairq_turn, turn);
	struct fairq_case *c = t->of;

	c->evicted[c->nevicted++] = t - c->turns;
}

static int fairq_test_enter(struct fairq_case *c, unsigned int i, const char *addr, u64 user)
{
	struct in6_addr in6 = {};
	u8 v4[4];

	c->turns[i].of = c;
	c->turns[i].turn.run = fairq_test_run;
	c->turns[i].turn.evicted = fairq_test_evicted;
	if (strchr(addr, ':'))
		in6_pton(addr, -1, in6.s6_addr, -1, NULL);
	else if (in4_pton(addr, -1, v4, -1, NULL))
		ipv6_addr_set_v4mapped(*(__be32 *)v4, &in6);
	return ditto_fairq_enter(&c->q, &c->turns[i].turn, &in6, user);
}

/* End a turn, and start the turns that are due. */
static void fairq_test_leave(struct fairq_case *c, unsigned int i)
{
	ditto_fairq_leave(&c->q, &c->turns[i].turn);
	flush_work(&c->q.work);
}

static struct fairq_case *fairq_case_new(struct kunit *test, unsigned int width,
					 unsigned int peer_width, unsigned int peer_waiting)
{
	const struct ditto_fairq_limits limits = {
		.width = width, .peer_width = peer_width, .waiting = 32,
		.peer_waiting = peer_waiting,
	};
	struct fairq_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	ditto_fairq_init(&c->q, &limits);
	return c;
}

/* End all turns one by one, in the order in which they began. */
static void fairq_test_drain(struct fairq_case *c, unsigned int first)
{
	fairq_test_leave(c, first);
	for (unsigned int i = 0; i < c->n; i++)
		fairq_test_leave(c, c->order[i]);
	ditto_fairq_exit(&c->q);
}

static void fairq_peers_take_turns(struct kunit *test)
{
	static const unsigned int want[] = { 4, 7, 1, 5, 2, 6, 3 };
	struct fairq_case *c = fairq_case_new(test, 1, 1, 16);

	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 0, "192.0.2.1", 0), 1);
	for (unsigned int i = 1; i <= 3; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, "192.0.2.1", 0), 0);
	for (unsigned int i = 4; i <= 6; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, "192.0.2.2", 0), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 7, "192.0.2.3", 0), 0);
	KUNIT_EXPECT_EQ(test, c->n, 0);
	fairq_test_drain(c, 0);
	KUNIT_ASSERT_EQ(test, c->n, ARRAY_SIZE(want));
	KUNIT_EXPECT_MEMEQ(test, c->order, want, sizeof(want));
}

static void fairq_users_of_a_peer_take_turns(struct kunit *test)
{
	static const unsigned int want[] = { 1, 4, 5, 2, 6, 3 };
	struct fairq_case *c = fairq_case_new(test, 1, 1, 16);

	fairq_test_enter(c, 0, "192.0.2.1", 9);
	for (unsigned int i = 1; i <= 3; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, "192.0.2.1", 1), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 4, "192.0.2.1", 2), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 5, "192.0.2.1", 3), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 6, "192.0.2.1", 3), 0);
	fairq_test_drain(c, 0);
	KUNIT_ASSERT_EQ(test, c->n, ARRAY_SIZE(want));
	KUNIT_EXPECT_MEMEQ(test, c->order, want, sizeof(want));
}

static void fairq_a_peer_takes_a_part(struct kunit *test)
{
	struct fairq_case *c = fairq_case_new(test, 4, 2, 2);

	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 0, "2001:db8::1", 0), 1);
	/* All of a /64 is one peer. */
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 1, "2001:db8::ffff:2", 0), 1);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 2, "2001:db8::3", 0), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 3, "2001:db8::4", 0), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 4, "2001:db8::5", 0), -EBUSY);
	/* Others do not wait for it. */
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 5, "2001:db8:0:1::1", 0), 1);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 6, "192.0.2.1", 0), 1);
	/* The total is bounded, too. */
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 7, "192.0.2.2", 0), 0);
	fairq_test_leave(c, 0);
	KUNIT_EXPECT_EQ(test, c->n, 1);
	KUNIT_EXPECT_TRUE(test, c->order[0] == 2 || c->order[0] == 7);
	for (unsigned int i = 1; i <= 6; i++)
		if (i != 2 && i != 3 && i != 4)
			fairq_test_leave(c, i);
	for (unsigned int i = 0; i < c->n; i++)
		fairq_test_leave(c, c->order[i]);
	KUNIT_EXPECT_EQ(test, c->n, 3);
	ditto_fairq_exit(&c->q);
}

static void fairq_requests_are_given_up(struct kunit *test)
{
	static const unsigned int want[] = { 2, 4 };
	struct fairq_case *c = fairq_case_new(test, 1, 1, 16);

	fairq_test_enter(c, 0, "192.0.2.1", 0);
	for (unsigned int i = 1; i <= 4; i++)
		fairq_test_enter(c, i, "192.0.2.1", 1);
	/* The first one of a user, and one in the middle; a running one cannot be cancelled. */
	KUNIT_EXPECT_TRUE(test, ditto_fairq_cancel(&c->q, &c->turns[1].turn));
	KUNIT_EXPECT_TRUE(test, ditto_fairq_cancel(&c->q, &c->turns[3].turn));
	KUNIT_EXPECT_FALSE(test, ditto_fairq_cancel(&c->q, &c->turns[3].turn));
	KUNIT_EXPECT_FALSE(test, ditto_fairq_cancel(&c->q, &c->turns[0].turn));
	fairq_test_drain(c, 0);
	KUNIT_ASSERT_EQ(test, c->n, ARRAY_SIZE(want));
	KUNIT_EXPECT_MEMEQ(test, c->order, want, sizeof(want));
}

/* The next turn is another peer's, however many users a peer has. */
static void fairq_a_flood_is_passed(struct kunit *test)
{
	struct fairq_case *c = fairq_case_new(test, 1, 1, 32);

	fairq_test_enter(c, 0, "192.0.2.1", 0);
	for (unsigned int i = 1; i < 31; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, "192.0.2.1", i), 0);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 40, "192.0.2.2", 0), 0);
	fairq_test_drain(c, 0);
	KUNIT_ASSERT_EQ(test, c->n, 31);
	KUNIT_EXPECT_EQ(test, c->order[0], 40);
}

/* Peers with their full shares fill the queue, and a new one still gets in. */
static void fairq_a_full_queue_makes_room(struct kunit *test)
{
	static const char *const peers[] = { "192.0.2.1", "2001:db8::1", "2001:db8:0:1::1" };
	struct fairq_case *c = fairq_case_new(test, 1, 1, 12);
	unsigned int i;

	fairq_test_enter(c, 0, peers[0], 0);
	for (i = 1; i <= 32; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, peers[i % 3], i), 0);
	/* Another address of a /64 is the same peer. */
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 40, "2001:db8::2", 40), -EBUSY);
	KUNIT_EXPECT_EQ(test, c->nevicted, 0);
	for (i = 41; i <= 50; i++)
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, "192.0.2.2", i), i < 49 ? 0 : -EBUSY);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 51, "192.0.2.3", 51), 0);
	KUNIT_EXPECT_EQ(test, c->nevicted, 9);
	KUNIT_EXPECT_EQ(test, c->q.waiting, 32);
	/* They neither start nor can be cancelled. */
	for (i = 0; i < c->nevicted; i++)
		KUNIT_EXPECT_FALSE(test, ditto_fairq_cancel(&c->q,
							    &c->turns[c->evicted[i]].turn));
	fairq_test_drain(c, 0);
	KUNIT_EXPECT_EQ(test, c->n, 32);
}

/* Also if each has one request; a peer with several loses one of its busiest user. */
static void fairq_everybody_gets_in(struct kunit *test)
{
	struct fairq_case *c = fairq_case_new(test, 1, 1, 32);
	char addr[32];
	unsigned int i;

	fairq_test_enter(c, 0, "192.0.2.1", 0);
	for (i = 1; i <= 30; i++) {
		snprintf(addr, sizeof(addr), "2001:db8:0:%x::1", i);
		KUNIT_EXPECT_EQ(test, fairq_test_enter(c, i, addr, 0), 0);
	}
	fairq_test_enter(c, 31, "192.0.2.2", 1);
	fairq_test_enter(c, 32, "192.0.2.2", 1);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 33, "192.0.2.3", 0), 0);
	KUNIT_ASSERT_EQ(test, c->nevicted, 1);
	KUNIT_EXPECT_EQ(test, c->evicted[0], 32);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 34, "192.0.2.4", 0), 0);
	KUNIT_EXPECT_EQ(test, c->nevicted, 2);
	KUNIT_EXPECT_EQ(test, fairq_test_enter(c, 35, "192.0.2.4", 0), -EBUSY);
	fairq_test_drain(c, 0);
	KUNIT_EXPECT_EQ(test, c->n, 32);
}

/* A queue of width 0 gives no turns; its owner takes the requests in the same order. */
static void fairq_is_taken_from(struct kunit *test)
{
	static const unsigned int want[] = { 1, 5, 3, 2, 4 };
	struct fairq_case *c = fairq_case_new(test, 0, 1, 16);
	struct ditto_fair_turn *turn;

	fairq_test_enter(c, 0, "192.0.2.1", 1);
	fairq_test_enter(c, 1, "192.0.2.1", 1);
	fairq_test_enter(c, 2, "192.0.2.1", 1);
	fairq_test_enter(c, 3, "192.0.2.1", 2);
	fairq_test_enter(c, 4, "192.0.2.1", 2);
	fairq_test_enter(c, 5, "192.0.2.2", 1);
	KUNIT_EXPECT_TRUE(test, ditto_fairq_cancel(&c->q, &c->turns[0].turn));
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		turn = ditto_fairq_take(&c->q);
		KUNIT_ASSERT_PTR_EQ(test, turn, &c->turns[want[i]].turn);
		KUNIT_EXPECT_FALSE(test, ditto_fairq_cancel(&c->q, turn));
	}
	KUNIT_EXPECT_NULL(test, ditto_fairq_take(&c->q));
	KUNIT_EXPECT_EQ(test, c->n, 0);
	ditto_fairq_exit(&c->q);
}

static struct kunit_case fairq_cases[] = {
	KUNIT_CASE(fairq_peers_take_turns),
	KUNIT_CASE(fairq_users_of_a_peer_take_turns),
	KUNIT_CASE(fairq_a_peer_takes_a_part),
	KUNIT_CASE(fairq_requests_are_given_up),
	KUNIT_CASE(fairq_a_flood_is_passed),
	KUNIT_CASE(fairq_a_full_queue_makes_room),
	KUNIT_CASE(fairq_everybody_gets_in),
	KUNIT_CASE(fairq_is_taken_from),
	{}
};

static struct kunit_suite fairq_suite = {
	.name = "ditto_fairq",
	.test_cases = fairq_cases,
};

kunit_test_suite(fairq_suite);
