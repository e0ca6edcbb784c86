// SPDX-License-Identifier: GPL-2.0-only
/* The history of conflicts: what is noted, how it ended, and whose entries go. */
#include <net/ipv6.h>

#include "../../../lockd/history.h"
#include "claim_common.h"

/**
 * struct history_test - two clients on two machines
 * @holder: has the claims
 * @asker: asks
 * @held: owner of @holder
 * @owner: owner of @asker
 * @node: a node
 */
struct history_test {
	struct claim_client *holder;
	struct claim_client *asker;
	struct ditto_owner *held;
	struct ditto_owner *owner;
	struct claim_node *node;
};

static struct in6_addr machine_address(u8 number)
{
	struct in6_addr addr;

	ipv6_addr_set_v4mapped(htonl(0xc0a80000 + number), &addr);
	return addr;
}

static struct history_test *history_begin(struct kunit *test)
{
	struct history_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct in6_addr one = machine_address(1), two = machine_address(2);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->holder = claim_client(test, "holder", 0);
	t->asker = claim_client(test, "asker", 0);
	ditto_client_identify(&t->holder->client, "alice", &one);
	ditto_client_identify(&t->asker->client, "", &two);
	t->held = claim_owner(test, t->holder, 1);
	t->owner = claim_owner(test, t->asker, 2);
	t->node = claim_node(test);
	return t;
}

static void history_end(struct kunit *test, struct history_test *t)
{
	ditto_range_release_owner(&t->node->point, t->held);
	ditto_range_release_owner(&t->node->point, t->owner);
	claim_flush(test);
	ditto_owner_put(t->held);
	ditto_owner_put(t->owner);
	claim_client_end(test, t->holder);
	claim_client_end(test, t->asker);
}

static int history_lock(struct history_test *t, struct ditto_owner *owner, u64 first, u64 last,
			struct claim_wait *w)
{
	struct ditto_range_request req = claim_req(t->node, owner, true, first, last);

	return ditto_range_lock(&req, w ? &w->wait : NULL, NULL);
}

/* The entry with a number, which has to be put; a test ends without it. */
static struct ditto_history_entry *history_entry(struct kunit *test, u64 number)
{
	struct ditto_history_entry *entry = ditto_history_after(&claim_table(test)->history,
								number - 1);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, entry->number, number);
	return entry;
}

static u32 history_length(struct kunit *test)
{
	return claim_table(test)->history.count;
}

static void refusals_are_counted(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct ditto_history_entry *entry;
	struct ditto_range_request req;

	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, 9, NULL), 0);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 20, 29, NULL), 0);
	/* What was granted, or only tested, is no news. */
	req = claim_req(t->node, t->owner, true, 5, 5);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), 0);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 14, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 25, 25, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), 2);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_REFUSED);
	KUNIT_EXPECT_EQ(test, entry->count, 3);
	KUNIT_EXPECT_EQ(test, entry->kind, DITTO_INTENT_RANGE_EXCLUSIVE);
	KUNIT_EXPECT_EQ(test, entry->asked.first, 5);
	KUNIT_EXPECT_EQ(test, entry->asked.last, 14);
	KUNIT_EXPECT_EQ(test, entry->held.held, DITTO_HELD_POSIX_EXCLUSIVE);
	KUNIT_EXPECT_EQ(test, entry->held.last, 9);
	KUNIT_EXPECT_STREQ(test, entry->asked.client, "asker");
	KUNIT_EXPECT_STREQ(test, entry->held.client, "holder");
	KUNIT_EXPECT_STREQ(test, entry->held.who.user, "alice");
	KUNIT_EXPECT_TRUE(test, entry->held.who.known);
	KUNIT_EXPECT_EQ(test, entry->held.who.addr.s6_addr[15], 1);
	ditto_history_put(entry);
	history_end(test, t);
}

static void waits_end(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct claim_wait *w = claim_wait(test), *other = claim_wait(test);
	struct claim_wait *again = claim_wait(test);
	struct ditto_history_entry *entry;
	struct ditto_range_request req;

	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, 9, NULL), 0);
	/* An earlier refusal remains one. */
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 5, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 5, w), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 6, 6, other), -EINPROGRESS);
	/* A retransmission of a request that waits is no other one. */
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 6, 6, again), -EALREADY);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_REFUSED);
	KUNIT_EXPECT_EQ(test, entry->count, 1);
	ditto_history_put(entry);
	entry = history_entry(test, 2);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_WAITING);
	KUNIT_EXPECT_STREQ(test, entry->held.client, "holder");
	claim_now += 1234;
	req = claim_req(t->node, t->owner, true, 6, 6);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	req = claim_req(t->node, t->held, true, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_GRANTED);
	KUNIT_EXPECT_EQ(test, entry->ms, 1234);
	ditto_history_put(entry);
	entry = history_entry(test, 3);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_WITHDRAWN);
	ditto_history_put(entry);
	KUNIT_EXPECT_EQ(test, history_length(test), 3);
	history_end(test, t);
}

/* A break of a new grant by a write. Return: the grant. */
static struct ditto_lease *history_break(struct kunit *test, struct history_test *t, u8 want,
					 struct claim_told *told)
{
	const struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = U64_MAX };
	const struct ditto_actor actor = { .client = &t->asker->client };
	struct ditto_lease *lease = claim_grant(t->node, t->held, DITTO_LEASE_TYPE_LEASE, want,
						told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
	claim_flush(test);
	return lease;
}

static void breaks_end(struct kunit *test)
{
	static const enum ditto_outcome want[] = {
		DITTO_OUTCOME_RETURNED, DITTO_OUTCOME_REVOKED, DITTO_OUTCOME_NOTIFIED,
		DITTO_OUTCOME_RETURNED,
	};
	struct history_test *t = history_begin(test);
	struct ditto_history_entry *entry;
	struct claim_told told = {};
	struct ditto_lease *lease;

	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_BREAKING);
	KUNIT_EXPECT_EQ(test, entry->kind, DITTO_INTENT_WRITE);
	KUNIT_EXPECT_EQ(test, entry->held.lease, DITTO_LEASE_ALL);
	ditto_history_put(entry);
	claim_now += 5;
	while (ditto_lease_breaking(lease)) {
		KUNIT_ASSERT_EQ(test, ditto_lease_ack(lease, told.keep), 0);
		claim_flush(test);
	}
	ditto_lease_put(lease);

	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	claim_now += 35000;
	claim_poke(test, lease);
	ditto_lease_put(lease);

	lease = history_break(test, t, DITTO_LEASE_READ, &told);
	ditto_lease_put(lease);

	/* The holder gives back what it was asked for. */
	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, history_length(test), ARRAY_SIZE(want));
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		entry = history_entry(test, i + 1);
		KUNIT_EXPECT_EQ(test, entry->outcome, want[i]);
		ditto_history_put(entry);
	}
	history_end(test, t);
}

/* A client that provokes many conflicts displaces its own history. */
static void others_keep_their_entries(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct claim_client *victim = claim_client(test, "victim", 0);
	struct ditto_owner *owner = claim_owner(test, victim, 3);
	struct ditto_history_entry *entry;
	struct in6_addr three = machine_address(3);

	ditto_client_identify(&victim->client, "", &three);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, U64_MAX, NULL), 0);
	KUNIT_EXPECT_EQ(test, history_lock(t, owner, 0, 0, NULL), -EAGAIN);
	for (u64 i = 0; i < 2 * DITTO_HISTORY_MAX; i++)
		KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, i, i, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), DITTO_HISTORY_MAX);
	/* The two machines may be counted as one. */
	entry = ditto_history_after(&claim_table(test)->history, 0);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	if (claim_table(test)->history.counts[entry->machine] < DITTO_HISTORY_MAX)
		KUNIT_EXPECT_STREQ(test, entry->asked.client, "victim");
	ditto_history_put(entry);
	entry = ditto_history_after(&claim_table(test)->history, 2 * DITTO_HISTORY_MAX);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, entry->asked.first, 2 * DITTO_HISTORY_MAX - 1);
	ditto_history_put(entry);
	KUNIT_EXPECT_NULL(test, ditto_history_after(&claim_table(test)->history,
						    2 * DITTO_HISTORY_MAX + 1));
	ditto_owner_put(owner);
	claim_client_end(test, victim);
	history_end(test, t);
}

/* A client with several users has none in descriptions; its address is the newest one. */
static void users_of_clients(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct in6_addr five = machine_address(5);
	struct ditto_client_who who;

	ditto_client_identify(&t->holder->client, "alice", &five);
	ditto_client_who(&t->holder->client, &who);
	KUNIT_EXPECT_STREQ(test, who.user, "alice");
	KUNIT_EXPECT_EQ(test, who.addr.s6_addr[15], 5);
	ditto_client_identify(&t->holder->client, "bob", &five);
	ditto_client_identify(&t->holder->client, "bob", &five);
	ditto_client_who(&t->holder->client, &who);
	KUNIT_EXPECT_STREQ(test, who.user, "");
	history_end(test, t);
}

static struct kunit_case history_cases[] = {
	KUNIT_CASE(refusals_are_counted),
	KUNIT_CASE(waits_end),
	KUNIT_CASE(breaks_end),
	KUNIT_CASE(others_keep_their_entries),
	KUNIT_CASE(users_of_clients),
	{}
};

static struct kunit_suite history_suite = {
	.name = "claim_history",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = history_cases,
};

kunit_test_suite(history_suite);
