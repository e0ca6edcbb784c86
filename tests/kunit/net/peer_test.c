// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers by address.
 */
#include <kunit/test.h>
#include <linux/in.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../net/listener.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/show.h"

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

/* Only a machine that a share serves has counters; a connection with a name counts for it. */
static void traffic_of_the_machine(struct kunit *test)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000205) };
	struct ditto_peer *peer = peer_get(test, 0xc0000205, 0), *proved;
	struct ditto_traffic sum;

	KUNIT_ASSERT_NOT_NULL(test, peer);
	KUNIT_EXPECT_NULL(test, (void __force *)peer->traffic);
	ditto_peer_traffic_count(peer, 100, 1, 0);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)peer->traffic);
	ditto_peer_traffic_count(peer, 100, 0, 2);
	proved = ditto_peer_prove(test->priv, (struct sockaddr *)&sin,
				  kstrdup("name", GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, proved);
	ditto_peer_traffic_count(proved, 100, 4, 0);
	KUNIT_EXPECT_NULL(test, (void __force *)proved->traffic);
	KUNIT_EXPECT_EQ(test, ditto_traffic_read(peer->traffic, &sum), 3);
	KUNIT_EXPECT_EQ(test, sum.nanoseconds, 300);
	KUNIT_EXPECT_EQ(test, sum.read, 5);
	KUNIT_EXPECT_EQ(test, sum.written, 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&peer->ref), 2);
	ditto_peer_put(proved);
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
	*removals = ditto_peers_next(test->priv, *last + 1, batch);
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
	KUNIT_EXPECT_NULL(test, ditto_peer_find(test->priv, &peer->addr));
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
	KUNIT_ASSERT_EQ(test, ditto_peers_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_listeners_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void peer_test_exit(struct kunit *test)
{
	ditto_listeners_exit(test->priv);
	ditto_peers_exit(test->priv);
}

static struct kunit_case peer_cases[] = {
	KUNIT_CASE(one_machine_one_peer),
	KUNIT_CASE(counted_again),
	KUNIT_CASE(traffic_of_the_machine),
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
