// SPDX-License-Identifier: GPL-2.0-only
/* The principal budget: charges, limits and refusals. */
#include <kunit/test.h>
#include <linux/in6.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "../../../net/budget.h"
#include "../../../net/server.h"
#include "budget_sum.h"

static struct in6_addr addr_v4(u32 ip)
{
	struct in6_addr addr;

	ipv6_addr_set_v4mapped(htonl(ip), &addr);
	return addr;
}

static void principal_get(struct kunit *test, struct ditto_principal *who, u32 ip,
			  enum ditto_trust trust, u32 uid)
{
	struct in6_addr addr = addr_v4(ip);

	KUNIT_ASSERT_EQ(test, ditto_principal_init(who, test->priv, &addr, trust,
						   KUIDT_INIT(uid)), 0);
}

static u64 principal_used(struct kunit *test, u32 ip, enum ditto_budget_kind kind)
{
	struct ditto_account_use use = {};
	struct in6_addr addr = addr_v4(ip);
	struct ditto_account *account = ditto_account_find_peer(test->priv, &addr);

	if (!account)
		return 0;
	ditto_account_show(account, kind, &use);
	ditto_account_put(account);
	return use.used;
}

/* Charge and free as many of a kind as fit, all of the same size; returns their number. */
static unsigned int budget_fill(struct kunit *test, const struct ditto_principal *who,
				enum ditto_budget_kind kind, long each, unsigned int max)
{
	struct ditto_charge *charges = kvcalloc(max, sizeof(*charges), GFP_KERNEL);
	unsigned int n = 0;

	KUNIT_ASSERT_NOT_NULL(test, charges);
	while (n < max && !ditto_charge(&charges[n], who, kind, each))
		n++;
	for (unsigned int i = 0; i < n; i++)
		ditto_uncharge(&charges[i]);
	kvfree(charges);
	return n;
}

static void what_is_charged_comes_back(struct kunit *test)
{
	struct ditto_charge charge = {}, empty = {};
	struct ditto_principal p;

	principal_get(test, &p, 1, DITTO_TRUST_UNPROVEN, -1);
	KUNIT_EXPECT_NULL(test, p.user);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &p, DITTO_BUDGET_MEMORY, 5000), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_MEMORY), 5000);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_SESSIONS), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 2, DITTO_BUDGET_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, budget_sum(test->priv, DITTO_TRUST_UNPROVEN, DITTO_BUDGET_MEMORY),
			5000);

	/* The account stays as long as something is charged to it. */
	ditto_principal_exit(&p);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_MEMORY), 5000);
	KUNIT_EXPECT_EQ(test, ditto_charge_resize(&charge, 7000), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_MEMORY), 7000);
	KUNIT_EXPECT_EQ(test, ditto_charge_resize(&charge, 0), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_MEMORY), 0);
	ditto_uncharge(&charge);
	ditto_uncharge(&charge);
	KUNIT_EXPECT_EQ(test, memcmp(&charge, &empty, sizeof(charge)), 0);
}

static void an_account_ends_with_its_last_charge(struct kunit *test)
{
	struct in6_addr addr = addr_v4(1);
	struct ditto_charge charge = {};
	struct ditto_principal p;

	principal_get(test, &p, 1, DITTO_TRUST_USER, 1000);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &p, DITTO_BUDGET_OPENS, 1), 0);
	ditto_principal_exit(&p);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_OPENS), 1);
	ditto_uncharge(&charge);
	KUNIT_EXPECT_NULL(test, ditto_account_find_peer(test->priv, &addr));
	for (unsigned int kind = 0; kind < DITTO_BUDGET_KINDS; kind++)
		KUNIT_EXPECT_EQ(test, budget_sum(test->priv, DITTO_TRUST_USER, kind), 0);
}

/* A peer gets the limit of the table for its level. */
static void a_peer_has_limits_by_level(struct kunit *test)
{
	for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++) {
		for (unsigned int kind = 0; kind < DITTO_BUDGET_KINDS; kind++) {
			u64 limit = ditto_budget_peer_limit(test->priv, trust, kind);
			struct ditto_charge charge = {};
			struct ditto_principal p;

			principal_get(test, &p, 1, trust, -1);
			KUNIT_EXPECT_LE(test, limit, ditto_budget_limit(test->priv, trust, kind));
			KUNIT_EXPECT_EQ(test, ditto_charge(&charge, &p, kind, limit + 1), -EDQUOT);
			KUNIT_EXPECT_EQ(test, ditto_account_refused(p.peer), 1);
			KUNIT_EXPECT_EQ(test, ditto_charge(&charge, &p, kind, limit), 0);
			KUNIT_EXPECT_EQ(test, ditto_charge_resize(&charge, limit + 1), -EDQUOT);
			KUNIT_EXPECT_EQ(test, principal_used(test, 1, kind), limit);
			ditto_uncharge(&charge);
			ditto_principal_exit(&p);
		}
	}
}

/* A stranger at an address does not use up the share of users who logged in there. */
static void levels_do_not_share(struct kunit *test)
{
	u64 limit = ditto_budget_peer_limit(test->priv, DITTO_TRUST_UNPROVEN,
					    DITTO_BUDGET_CONNECTIONS);
	struct ditto_charge all = {}, one = {};
	struct ditto_principal attacker, user;

	principal_get(test, &attacker, 1, DITTO_TRUST_UNPROVEN, -1);
	principal_get(test, &user, 1, DITTO_TRUST_USER, 1000);
	KUNIT_ASSERT_EQ(test, ditto_charge(&all, &attacker, DITTO_BUDGET_CONNECTIONS, limit), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge(&one, &user, DITTO_BUDGET_CONNECTIONS, 1), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_CONNECTIONS), limit + 1);
	ditto_uncharge(&one);
	ditto_uncharge(&all);
	ditto_principal_exit(&attacker);
	ditto_principal_exit(&user);
}

/* A user has one account for all addresses. */
static void a_user_has_one_account(struct kunit *test)
{
	struct ditto_principal here, there, other;
	struct ditto_charge *charges;
	unsigned int n = 0;

	charges = kunit_kcalloc(test, 16, sizeof(*charges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, charges);
	principal_get(test, &here, 1, DITTO_TRUST_USER, 1000);
	principal_get(test, &there, 2, DITTO_TRUST_USER, 1000);
	principal_get(test, &other, 2, DITTO_TRUST_USER, 1001);
	KUNIT_EXPECT_PTR_EQ(test, here.user, there.user);
	KUNIT_EXPECT_PTR_NE(test, there.user, other.user);
	/* 1280 pipes for a user, from all addresses together. */
	while (n < 16 && !ditto_charge(&charges[n], n & 1 ? &here : &there,
				       DITTO_BUDGET_PIPES, 320))
		n++;
	KUNIT_EXPECT_EQ(test, n, 4);
	KUNIT_EXPECT_EQ(test, ditto_charge(&charges[n], &other, DITTO_BUDGET_PIPES, 320), 0);
	for (unsigned int i = 0; i <= n; i++)
		ditto_uncharge(&charges[i]);
	/* The peer is not charged for a request that the user's limit refused. */
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_PIPES), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 2, DITTO_BUDGET_PIPES), 0);
	ditto_principal_exit(&here);
	ditto_principal_exit(&there);
	ditto_principal_exit(&other);
}

static void ipv6_is_counted_by_network(struct kunit *test)
{
	struct in6_addr one = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	struct in6_addr two = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [8] = 1, [15] = 2 } };
	struct in6_addr far = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 1 } };
	struct ditto_principal a, b, c;

	KUNIT_ASSERT_EQ(test, ditto_principal_init(&a, test->priv, &one, DITTO_TRUST_UNPROVEN,
						   INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&b, test->priv, &two, DITTO_TRUST_UNPROVEN,
						   INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&c, test->priv, &far, DITTO_TRUST_UNPROVEN,
						   INVALID_UID), 0);
	KUNIT_EXPECT_PTR_EQ(test, a.peer, b.peer);
	KUNIT_EXPECT_PTR_NE(test, a.peer, c.peer);
	/* Users of a network are bounded by their own accounts, too. */
	KUNIT_EXPECT_EQ(test, budget_fill(test, &a, DITTO_BUDGET_CONNECTIONS, 1, 300), 128);
	a.trust = DITTO_TRUST_USER;
	KUNIT_EXPECT_EQ(test, budget_fill(test, &a, DITTO_BUDGET_CONNECTIONS, 1, 2000), 1024);
	ditto_principal_exit(&a);
	ditto_principal_exit(&b);
	ditto_principal_exit(&c);
}

/* Many that take all they can leave something for a latecomer. */
static void greedy_ones_leave_something(struct kunit *test)
{
	u64 limit = ditto_budget_peer_limit(test->priv, DITTO_TRUST_USER, DITTO_BUDGET_CLIENTS);
	u64 all = ditto_budget_limit(test->priv, DITTO_TRUST_USER, DITTO_BUDGET_CLIENTS);
	unsigned int n = all / limit + 4;
	struct ditto_charge late = {}, *charges;
	struct ditto_principal p;
	u64 sum = 0;

	charges = kunit_kcalloc(test, n, sizeof(*charges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, charges);
	for (unsigned int i = 0; i < n; i++) {
		u64 part = limit / 16;

		principal_get(test, &p, 10 + i, DITTO_TRUST_USER, -1);
		KUNIT_EXPECT_EQ(test, ditto_charge(&charges[i], &p, DITTO_BUDGET_CLIENTS, part), 0);
		while (part < limit && !ditto_charge_resize(&charges[i], part + limit / 16))
			part += limit / 16;
		sum += part;
		ditto_principal_exit(&p);
	}
	KUNIT_EXPECT_GT(test, sum, all / 2);
	KUNIT_EXPECT_LE(test, sum, all - all / 16);
	principal_get(test, &p, 9, DITTO_TRUST_USER, -1);
	KUNIT_EXPECT_EQ(test, ditto_charge(&late, &p, DITTO_BUDGET_CLIENTS, limit / 16), 0);
	ditto_uncharge(&late);
	ditto_principal_exit(&p);
	for (unsigned int i = 0; i < n; i++)
		ditto_uncharge(&charges[i]);
}

static void a_login_moves_what_is_held(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_principal before, after;
	struct ditto_charge charge = {}, rest = {};
	u64 limit = ditto_budget_peer_limit(srv, DITTO_TRUST_USER, DITTO_BUDGET_CONNECTIONS);

	principal_get(test, &before, 1, DITTO_TRUST_UNPROVEN, -1);
	principal_get(test, &after, 1, DITTO_TRUST_USER, 1000);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &before, DITTO_BUDGET_CONNECTIONS, 1), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&rest, &after, DITTO_BUDGET_CONNECTIONS, limit), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_move(&charge, &after), -EDQUOT);
	KUNIT_EXPECT_EQ(test, charge.trust, DITTO_TRUST_UNPROVEN);
	KUNIT_EXPECT_EQ(test, ditto_charge_resize(&rest, limit - 1), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_move(&charge, &after), 0);
	KUNIT_EXPECT_EQ(test, charge.trust, DITTO_TRUST_USER);
	KUNIT_EXPECT_EQ(test, budget_sum(srv, DITTO_TRUST_UNPROVEN, DITTO_BUDGET_CONNECTIONS), 0);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_CONNECTIONS), limit);
	ditto_uncharge(&charge);
	ditto_uncharge(&rest);
	ditto_principal_exit(&before);
	ditto_principal_exit(&after);
}

/* Also where nothing more would be accepted. */
static void a_part_is_charged_by_itself(struct kunit *test)
{
	u64 limit = ditto_budget_limit(test->priv, DITTO_TRUST_USER, DITTO_BUDGET_OPENS);
	struct ditto_charge all = {}, more = {}, part = {}, parts[4] = {};
	struct ditto_principal p, other[4];

	/* Three quarters of the total are used, so holders of much get nothing. */
	for (unsigned int i = 0; i < 4; i++) {
		principal_get(test, &other[i], 2 + i, DITTO_TRUST_USER, 2000 + i);
		KUNIT_ASSERT_EQ(test, ditto_charge(&parts[i], &other[i], DITTO_BUDGET_OPENS,
						   limit / 5), 0);
	}
	principal_get(test, &p, 1, DITTO_TRUST_USER, 1000);
	KUNIT_ASSERT_EQ(test, ditto_charge(&all, &p, DITTO_BUDGET_OPENS, 3), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge_resize(&all, limit / 8), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge(&more, &other[0], DITTO_BUDGET_OPENS, 1), -EDQUOT);
	ditto_charge_split(&parts[0], &part, 1);
	KUNIT_EXPECT_EQ(test, part.amount, 1);
	KUNIT_EXPECT_EQ(test, parts[0].amount, limit / 5 - 1);
	KUNIT_EXPECT_EQ(test, principal_used(test, 2, DITTO_BUDGET_OPENS), limit / 5);

	/* The part holds the accounts when the rest and the principal are gone. */
	ditto_uncharge(&parts[0]);
	ditto_principal_exit(&other[0]);
	KUNIT_EXPECT_EQ(test, principal_used(test, 2, DITTO_BUDGET_OPENS), 1);
	ditto_uncharge(&part);
	KUNIT_EXPECT_EQ(test, principal_used(test, 2, DITTO_BUDGET_OPENS), 0);

	ditto_charge_split(&all, &part, 0);
	KUNIT_EXPECT_EQ(test, part.amount, 0);
	ditto_uncharge(&part);
	ditto_uncharge(&all);
	ditto_principal_exit(&p);
	for (unsigned int i = 1; i < 4; i++) {
		ditto_uncharge(&parts[i]);
		ditto_principal_exit(&other[i]);
	}
}

/* The rest of a limit may be less than a step, and a smaller charge is no refusal. */
static void a_step_ends_at_the_limit(struct kunit *test)
{
	long limit = ditto_budget_peer_limit(test->priv, DITTO_TRUST_ANONYMOUS, DITTO_BUDGET_PIPES);
	struct ditto_charge charge = {}, rest = {};
	struct ditto_principal p;

	principal_get(test, &p, 1, DITTO_TRUST_ANONYMOUS, -1);
	KUNIT_ASSERT_EQ(test, ditto_charge(&rest, &p, DITTO_BUDGET_PIPES, limit - 20), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &p, DITTO_BUDGET_PIPES, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 1, 16), 0);
	KUNIT_EXPECT_EQ(test, charge.amount, 16);
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 17, 32), 0);
	KUNIT_EXPECT_EQ(test, charge.amount, 17);
	/* The need is charged already: the charge does not change. */
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 10, 32), 0);
	KUNIT_EXPECT_EQ(test, charge.amount, 17);
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 20, 32), 0);
	KUNIT_EXPECT_EQ(test, charge.amount, 20);
	KUNIT_EXPECT_EQ(test, ditto_charge_cover(&charge, 20, 32), 0);
	KUNIT_EXPECT_EQ(test, ditto_account_refused(p.peer), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 21, 32), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ditto_account_refused(p.peer), 1);
	KUNIT_EXPECT_EQ(test, charge.amount, 20);
	KUNIT_EXPECT_EQ(test, ditto_charge_step(&charge, 3, 8), 0);
	KUNIT_EXPECT_EQ(test, charge.amount, 8);
	ditto_uncharge(&charge);
	ditto_uncharge(&rest);
	ditto_principal_exit(&p);
}

/* Charged one by one and in steps, up to the limit whatever the step, and freed. */
static void a_charge_covers_a_count(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	long limit = ditto_budget_peer_limit(srv, DITTO_TRUST_ANONYMOUS, DITTO_BUDGET_PIPES);
	struct ditto_charge charge = {}, rest = {}, none = {};
	struct ditto_principal p;

	principal_get(test, &p, 1, DITTO_TRUST_ANONYMOUS, -1);
	KUNIT_EXPECT_EQ(test, ditto_charge_cover(&none, 1 << 30, 8), 0);
	KUNIT_EXPECT_EQ(test, none.amount, 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &p, DITTO_BUDGET_PIPES, 0), 0);
	for (long i = 0; i <= limit / 2; i++) {
		KUNIT_EXPECT_EQ(test, ditto_charge_cover(&charge, i, 8), 0);
		KUNIT_EXPECT_GE(test, charge.amount, i);
		KUNIT_EXPECT_LT(test, charge.amount, i + 8);
	}
	KUNIT_EXPECT_EQ(test, ditto_charge(&rest, &p, DITTO_BUDGET_PIPES,
					   limit - charge.amount - 3), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_cover(&charge, charge.amount + 3, 8), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_cover(&charge, charge.amount + 1, 8), -EDQUOT);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_PIPES), limit);
	/* A charge of zero succeeds where nothing else fits. */
	KUNIT_EXPECT_EQ(test, ditto_charge(&none, &p, DITTO_BUDGET_PIPES, 0), 0);
	ditto_uncharge(&none);
	for (long i = charge.amount; i--;) {
		KUNIT_EXPECT_EQ(test, ditto_charge_cover(&charge, i, 8), 0);
		KUNIT_EXPECT_GE(test, charge.amount, i);
		KUNIT_EXPECT_LT(test, charge.amount, i + 16);
	}
	ditto_uncharge(&charge);
	ditto_uncharge(&rest);
	ditto_principal_exit(&p);
}

/* A charge that cannot be refused exceeds the limit and leaves no room. */
static void what_is_there_is_charged(struct kunit *test)
{
	struct ditto_charge charge = {}, more = {}, other = {};
	struct ditto_server *srv = test->priv;
	struct ditto_principal p, q;
	long limit;

	srv->settings.budget_memory_mib = 1024;
	ditto_budget_settings_changed(srv);
	limit = ditto_budget_peer_limit(srv, DITTO_TRUST_USER, DITTO_BUDGET_UNSENT);
	KUNIT_ASSERT_EQ(test, limit, SZ_64M);
	principal_get(test, &p, 1, DITTO_TRUST_USER, -1);
	principal_get(test, &q, 2, DITTO_TRUST_USER, -1);
	KUNIT_ASSERT_EQ(test, ditto_charge(&charge, &p, DITTO_BUDGET_UNSENT, 0), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &q, DITTO_BUDGET_UNSENT, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&charge), limit);
	ditto_charge_force(&charge, limit - 5);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&charge), 5);
	KUNIT_EXPECT_EQ(test, ditto_account_refused(p.peer), 0);
	ditto_charge_force(&charge, limit + 5);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_UNSENT), limit + 5);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&charge), 0);
	KUNIT_EXPECT_EQ(test, ditto_account_refused(p.peer), 1);
	KUNIT_EXPECT_EQ(test, ditto_charge(&more, &p, DITTO_BUDGET_UNSENT, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&other), limit);
	/* Above three quarters of the total only holders of little get more. */
	ditto_charge_force(&charge, 3 * limit + 1);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&other), limit - 1);
	ditto_charge_force(&other, limit / 8 + 1);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&other), 0);
	ditto_charge_force(&charge, 0);
	KUNIT_EXPECT_EQ(test, ditto_charge_room(&charge), limit);
	ditto_uncharge(&charge);
	ditto_uncharge(&other);
	KUNIT_EXPECT_EQ(test, principal_used(test, 1, DITTO_BUDGET_UNSENT), 0);
	ditto_principal_exit(&p);
	ditto_principal_exit(&q);
	srv->settings.budget_memory_mib = 0;
	ditto_budget_settings_changed(srv);
}

/* A setting is the limit of a peer; the other limits follow in proportion. */
static void settings_make_limits(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	u64 user = ditto_budget_peer_limit(srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY);

	srv->settings.budget_connections = 64;
	srv->settings.budget_opens = 100;
	srv->settings.budget_unproven_kib = 1 << 24;
	srv->settings.budget_anonymous_mib = 3;
	ditto_budget_settings_changed(srv);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_USER,
						      DITTO_BUDGET_CONNECTIONS), 64);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_UNPROVEN,
						      DITTO_BUDGET_CONNECTIONS), 32);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_STRANGER,
						      DITTO_BUDGET_CONNECTIONS), 4);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_USER,
						      DITTO_BUDGET_OPENS), 100);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_USER,
						      DITTO_BUDGET_DELEGATIONS), 100);
	/* A limit above the total is the total. */
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_UNPROVEN,
						      DITTO_BUDGET_MEMORY),
			ditto_budget_limit(srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY));
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_ANONYMOUS,
						      DITTO_BUDGET_MEMORY), 3 << 20);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_USER,
						      DITTO_BUDGET_MEMORY), user);
	a_peer_has_limits_by_level(test);

	srv->settings.budget_memory_mib = 1024;
	ditto_budget_settings_changed(srv);
	KUNIT_EXPECT_EQ(test, ditto_budget_limit(srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY),
			1 << 30);
	memset(&srv->settings, 0, sizeof(srv->settings));
	ditto_budget_settings_changed(srv);
	KUNIT_EXPECT_EQ(test, ditto_budget_peer_limit(srv, DITTO_TRUST_USER,
						      DITTO_BUDGET_CONNECTIONS), 256);
}

static int budget_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	test->priv = srv;
	return 0;
}

/* Warns if an account is left or has something charged. */
static void budget_test_exit(struct kunit *test)
{
	ditto_budget_exit(test->priv);
}

static struct kunit_case budget_cases[] = {
	KUNIT_CASE(what_is_charged_comes_back),
	KUNIT_CASE(an_account_ends_with_its_last_charge),
	KUNIT_CASE(a_peer_has_limits_by_level),
	KUNIT_CASE(levels_do_not_share),
	KUNIT_CASE(a_user_has_one_account),
	KUNIT_CASE(ipv6_is_counted_by_network),
	KUNIT_CASE(greedy_ones_leave_something),
	KUNIT_CASE(a_login_moves_what_is_held),
	KUNIT_CASE(a_part_is_charged_by_itself),
	KUNIT_CASE(a_step_ends_at_the_limit),
	KUNIT_CASE(a_charge_covers_a_count),
	KUNIT_CASE(what_is_there_is_charged),
	KUNIT_CASE(settings_make_limits),
	{}
};

static struct kunit_suite budget_suite = {
	.name = "ditto_budget",
	.init = budget_test_init,
	.exit = budget_test_exit,
	.test_cases = budget_cases,
};

kunit_test_suite(budget_suite);
