// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers by address.
 */
#include <kunit/test.h>
#include <linux/in.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../net/budget.h"
#include "../../../net/listener.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/show.h"
#include "budget_sum.h"

static struct ditto_peer *peer_get(struct kunit *test, u32 ip, unsigned int bit)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(ip) };

	return ditto_peer_get(test->priv, (struct sockaddr *)&sin, bit);
}

static void one_machine_one_peer(struct kunit *test)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(99) };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct ditto_peer *v4, *v6;

	v4 = peer_get(test, 0xc0000201, 0);
	KUNIT_ASSERT_NOT_NULL(test, v4);
	ipv6_addr_set_v4mapped(htonl(0xc0000201), &mapped.sin6_addr);
	v6 = ditto_peer_get(test->priv, (struct sockaddr *)&mapped, 1);
	KUNIT_EXPECT_PTR_EQ(test, v4, v6);
	KUNIT_EXPECT_EQ(test, v4->protocols, BIT(0) | BIT(1));
	KUNIT_EXPECT_EQ(test, ditto_peer_requests(v4), 2);
	ditto_peer_put(v4);
	ditto_peer_put(v6);
	KUNIT_EXPECT_NULL(test, ditto_peer_get(test->priv, &other, 0));
}

/* Each call of a batch counts, though the machine is looked up once. */
static void counted_again(struct kunit *test)
{
	struct ditto_peer *peer = peer_get(test, 0xc0000204, 0);

	KUNIT_ASSERT_NOT_NULL(test, peer);
	/* Of the table, and of the test. */
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 2);
	KUNIT_EXPECT_PTR_EQ(test, ditto_peer_get_again(peer), peer);
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 3);
	KUNIT_EXPECT_EQ(test, ditto_peer_requests(peer), 2);
	ditto_peer_put(peer);
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 2);
	ditto_peer_put(peer);
}

static u64 memory_charged(struct kunit *test)
{
	return budget_sum(test->priv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY);
}

/*
 * Only a machine that a share serves has counters, and pays for them; a connection with a name
 * counts for it.
 */
static void traffic_of_the_machine(struct kunit *test)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000205) };
	struct ditto_peer *peer = peer_get(test, 0xc0000205, 0), *proved;
	struct ditto_traffic sum;

	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_EXPECT_NULL(test, (void __force *)peer->traffic);
	KUNIT_EXPECT_EQ(test, memory_charged(test), 0);
	ditto_peer_traffic_count(peer, 100, 1, 0);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)peer->traffic);
	KUNIT_EXPECT_EQ(test, memory_charged(test), num_possible_cpus() * sizeof(sum));
	ditto_peer_traffic_count(peer, 100, 0, 2);
	proved = ditto_peer_prove(test->priv, (struct sockaddr *)&sin,
				  kstrdup("name", GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, proved);
	KUNIT_EXPECT_PTR_EQ(test, proved->machine, peer);
	ditto_peer_traffic_count(proved, 100, 4, 0);
	KUNIT_EXPECT_NULL(test, (void __force *)proved->traffic);
	ditto_traffic_read(peer->traffic, &sum);
	KUNIT_EXPECT_EQ(test, sum.requests, 3);
	KUNIT_EXPECT_EQ(test, sum.nanoseconds, 300);
	KUNIT_EXPECT_EQ(test, sum.read, 5);
	KUNIT_EXPECT_EQ(test, sum.written, 2);
	KUNIT_EXPECT_EQ(test, memory_charged(test), num_possible_cpus() * sizeof(sum));
	/* Of the table, of the test, and of the connection. */
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 3);
	ditto_peer_put(proved);
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 2);
	ditto_peer_put(peer);
}

/* Who may hold no more is served and not counted. It is tried again after a pause. */
static void traffic_refused(struct kunit *test)
{
	struct ditto_peer *peer = peer_get(test, 0xc0000206, 0);
	struct ditto_charge rest = {};

	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_ASSERT_EQ(test, ditto_charge_machine(&rest, test->priv, &peer->addr,
						   DITTO_BUDGET_MEMORY, 0), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge_resize(&rest, ditto_charge_room(&rest)), 0);
	ditto_peer_traffic_count(peer, 100, 1, 0);
	KUNIT_EXPECT_NULL(test, (void __force *)peer->traffic);
	ditto_uncharge(&rest);
	ditto_peer_traffic_count(peer, 100, 1, 0);
	KUNIT_EXPECT_NULL(test, (void __force *)peer->traffic);
	peer->traffic_retry = jiffies;
	ditto_peer_traffic_count(peer, 100, 1, 0);
	KUNIT_EXPECT_NOT_NULL(test, (void __force *)peer->traffic);
	ditto_peer_put(peer);
}

static void find_makes_none(struct kunit *test)
{
	struct in6_addr addr;
	struct ditto_peer *peer, *found;

	ipv6_addr_set_v4mapped(htonl(0xc0000202), &addr);
	KUNIT_EXPECT_NULL(test, ditto_peer_find(test->priv, &addr));
	peer = peer_get(test, 0xc0000202, 0);
	found = ditto_peer_find(test->priv, &addr);
	KUNIT_ASSERT_PTR_EQ(test, peer, found);
	KUNIT_EXPECT_EQ(test, ditto_peer_requests(peer), 1);
	ditto_peer_put(found);
	ditto_peer_put(peer);
}

/* A proof counts for a day, or for longer if it is repeated. */
static void vouching_ends(struct kunit *test)
{
	struct ditto_peer *peer = peer_get(test, 0xc0000203, 0);
	time64_t now = ktime_get_boottime_seconds();

	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_EXPECT_FALSE(test, ditto_peer_is_vouched(peer));
	ditto_peer_vouch(peer);
	KUNIT_EXPECT_TRUE(test, ditto_peer_is_vouched(peer));
	peer->vouched = now - DITTO_PEER_VOUCHED_S - 1;
	KUNIT_EXPECT_FALSE(test, ditto_peer_is_vouched(peer));
	ditto_peer_vouch(peer);
	KUNIT_EXPECT_TRUE(test, ditto_peer_is_vouched(peer));
	ditto_peer_put(peer);
}

/* Read the next peers of a list, in the order of their numbers. Returns how many there are. */
static unsigned int peers_read(struct kunit *test, u64 *last, unsigned int *removals)
{
	struct ditto_show_batch *batch = kunit_kmalloc(test, sizeof(*batch), GFP_KERNEL);
	unsigned int count;

	KUNIT_ASSERT_NOT_NULL(test, batch);
	*removals = ditto_peers_next(test->priv, *last + 1, false, batch);
	count = batch->count;
	for (unsigned int i = 0; i < count; i++) {
		struct ditto_peer *peer = batch->conn[i];

		KUNIT_EXPECT_GT(test, peer->number, *last);
		*last = peer->number;
		ditto_peer_put(peer);
	}
	kunit_kfree(test, batch);
	return count;
}

/* Of many machines only those with counters are found when these are read. */
static void counted_are_listed(struct kunit *test)
{
	struct ditto_show_batch *batch = kunit_kmalloc(test, sizeof(*batch), GFP_KERNEL);
	struct ditto_peer *peer;

	KUNIT_ASSERT_NOT_NULL(test, batch);
	for (u32 ip = 1; ip <= DITTO_SHOW_BATCH + 10; ip++)
		ditto_peer_put(peer_get(test, ip, 0));
	peer = peer_get(test, 0xc0000207, 0);
	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_EXPECT_EQ(test, ditto_peers_newest(test->priv), peer->number);
	ditto_peers_next(test->priv, 1, true, batch);
	KUNIT_EXPECT_EQ(test, batch->count, 0);
	ditto_peer_traffic_count(peer, 100, 1, 0);
	ditto_peers_next(test->priv, 1, true, batch);
	KUNIT_ASSERT_EQ(test, batch->count, 1);
	KUNIT_EXPECT_PTR_EQ(test, (struct ditto_peer *)batch->conn[0], peer);
	ditto_peer_put(peer);
	ditto_peers_next(test->priv, peer->number + 1, true, batch);
	KUNIT_EXPECT_EQ(test, batch->count, 0);
	ditto_peer_put(peer);
}

/* A list that is read in parts has each peer once, and also those that come meanwhile. */
static void listed_once(struct kunit *test)
{
	const unsigned int some = DITTO_SHOW_BATCH + 10;
	unsigned int first, removals;
	u64 last = 0;

	for (u32 ip = 1; ip <= some; ip++)
		ditto_peer_put(peer_get(test, ip, 0));
	KUNIT_EXPECT_EQ(test, peers_read(test, &last, &first), DITTO_SHOW_BATCH);
	KUNIT_EXPECT_NE(test, first, 0);
	ditto_peer_put(peer_get(test, some + 1, 0));
	KUNIT_EXPECT_EQ(test, peers_read(test, &last, &removals), 11);
	KUNIT_EXPECT_EQ(test, peers_read(test, &last, &removals), 0);
	/* Nothing can be missing. */
	KUNIT_EXPECT_EQ(test, removals, first);
}

/* More peers in use at the front of a full table than are compared to find one to drop. */
#define IN_USE	40

static void peers_are_bounded(struct kunit *test)
{
	struct ditto_peer *held[IN_USE];
	unsigned int n = 0, read, before, removals;
	struct in6_addr addr;
	u64 last = 0;

	for (u32 i = 0; i < IN_USE; i++)
		held[i] = peer_get(test, i + 1, 0);
	KUNIT_EXPECT_EQ(test, peers_read(test, &last, &before), IN_USE);
	for (u32 ip = IN_USE + 1; ip < DITTO_PEERS_MAX + 100; ip++)
		ditto_peer_put(peer_get(test, ip, 0));
	last = 0;
	do {
		read = peers_read(test, &last, &removals);
		n += read;
	} while (read);
	KUNIT_EXPECT_EQ(test, n, DITTO_PEERS_MAX);
	/* A reader of a list must read it again: a machine may have come back. */
	KUNIT_EXPECT_NE(test, removals, before);

	/* Peers in use are not freed. */
	for (u32 i = 0; i < IN_USE; i++) {
		ipv6_addr_set_v4mapped(htonl(i + 1), &addr);
		KUNIT_ASSERT_PTR_EQ(test, held[i], ditto_peer_find(test->priv, &addr));
		ditto_peer_put(held[i]);
		ditto_peer_put(held[i]);
	}
}

/* A peer with a proved name is not that of its address. */
static void proved_is_apart(struct kunit *test)
{
	const struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000263),
	};
	const struct sockaddr *sa = (const struct sockaddr *)&sin;
	struct ditto_peer *peer, *found;

	peer = ditto_peer_prove(test->priv, sa, kstrdup("name", GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_EXPECT_STREQ(test, peer->cert_name, "name");
	/* It holds the peer of its address. */
	KUNIT_EXPECT_PTR_EQ(test, ditto_peer_find(test->priv, &peer->addr), peer->machine);
	ditto_peer_put(peer->machine);
	found = ditto_peer_get(test->priv, sa, 0);
	KUNIT_ASSERT_NOT_NULL(test, found);
	KUNIT_EXPECT_PTR_NE(test, found, peer);
	KUNIT_EXPECT_NULL(test, found->cert_name);
	ditto_peer_put(found);
	ditto_peer_put(peer);
}

static void address_for_people(struct kunit *test)
{
	struct in6_addr addr = { { .u6_addr8 = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };
	char text[DITTO_ADDR_TEXT];

	KUNIT_EXPECT_STREQ(test, ditto_addr_text(&addr, text), "2001:db8::1");
	ipv6_addr_set_v4mapped(htonl(0xc0000201), &addr);
	KUNIT_EXPECT_STREQ(test, ditto_addr_text(&addr, text), "192.0.2.1");
}

static int peer_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_peers_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_listeners_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void peer_test_exit(struct kunit *test)
{
	ditto_listeners_exit(test->priv);
	ditto_peers_exit(test->priv);
	ditto_budget_exit(test->priv);
}

static struct kunit_case peer_cases[] = {
	KUNIT_CASE(one_machine_one_peer),
	KUNIT_CASE(counted_again),
	KUNIT_CASE(traffic_of_the_machine),
	KUNIT_CASE(traffic_refused),
	KUNIT_CASE(counted_are_listed),
	KUNIT_CASE(find_makes_none),
	KUNIT_CASE(vouching_ends),
	KUNIT_CASE(listed_once),
	KUNIT_CASE_SLOW(peers_are_bounded),
	KUNIT_CASE(proved_is_apart),
	KUNIT_CASE(address_for_people),
	{}
};

static struct kunit_suite peer_suite = {
	.name = "ditto_peer",
	.init = peer_test_init,
	.exit = peer_test_exit,
	.test_cases = peer_cases,
};

kunit_test_suite(peer_suite);
