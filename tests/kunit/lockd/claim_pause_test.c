// SPDX-License-Identifier: GPL-2.0-only
/* Threads that wait briefly for breaks: the holder answers, is released, or neither. */
#include <linux/completion.h>
#include <linux/jiffies.h>

#include "../../../lockd/lease_private.h"
#include "../await.h"
#include "claim_common.h"

#define RHW	DITTO_LEASE_ALL
/* Long enough for a slow machine; no test waits for all of it. */
#define LONG	(60 * HZ)

struct pause_test {
	struct claim_node *node;
	struct claim_client *client[2];
	struct ditto_owner *key[2];
	struct claim_told told;
	struct ditto_lease *lease;
	struct delayed_work answer;
};

static struct pause_test *pause_begin(struct kunit *test)
{
	struct pause_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (u32 i = 0; i < 2; i++) {
		t->client[i] = claim_client(test, i ? "other" : "holder", 0);
		t->key[i] = claim_owner(test, t->client[i], i);
	}
	t->lease = claim_grant(t->node, t->key[0], DITTO_LEASE_TYPE_DELEGATION, RHW, &t->told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->lease));
	return t;
}

static void pause_end(struct kunit *test, struct pause_test *t)
{
	ditto_lease_return(t->lease);
	claim_flush(test);
	ditto_lease_put(t->lease);
	for (u32 i = 0; i < 2; i++) {
		ditto_owner_put(t->key[i]);
		claim_client_end(test, t->client[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
}

static enum ditto_answer pause_write(struct pause_test *t)
{
	struct ditto_actor actor = { .owner = t->key[1], .lease_owner = t->key[1] };
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };

	return ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
}

static long pause_wait(struct pause_test *t, long timeout)
{
	return ditto_claim_pause(&t->node->point, timeout);
}

static void not_without_a_break(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);
	struct claim_node *bare = claim_node(test);

	KUNIT_EXPECT_EQ(test, pause_wait(t, LONG), LONG);
	KUNIT_EXPECT_EQ(test, ditto_claim_pause(&bare->point, LONG), LONG);
	pause_end(test, t);
}

static void give_back(struct work_struct *work)
{
	struct pause_test *t = container_of(to_delayed_work(work), struct pause_test, answer);

	ditto_lease_return(t->lease);
}

static void until_the_answer(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);
	long left;

	INIT_DELAYED_WORK(&t->answer, give_back);
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	schedule_delayed_work(&t->answer, msecs_to_jiffies(20));
	left = pause_wait(t, LONG);
	KUNIT_EXPECT_GT(test, left, 0);
	KUNIT_EXPECT_LT(test, left, LONG);
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_ALLOWED);
	flush_delayed_work(&t->answer);
	pause_end(test, t);
}

static void not_for_ever(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);

	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, pause_wait(t, 2), 0);
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	pause_end(test, t);
}

static void until_courtesy_clients_are_gone(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);

	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[0]->client, true));
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	KUNIT_EXPECT_GT(test, pause_wait(t, LONG), 0);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 1);
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_ALLOWED);
	pause_end(test, t);
}

/* An attempt that is to be made later is not waited for. */
static void not_for_a_later_attempt(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);
	struct claim_node *bare = claim_node(test);
	struct claim_client *holder = t->client[0];

	holder->client.ops = &claim_recorded_ops;
	holder->stuck = -ECONNREFUSED;
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&holder->client, true));
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&holder->withdrawals), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->yields), 0);
	KUNIT_EXPECT_GT(test, ditto_claim_pause(&bare->point, HZ / 2), 0);
	/* The retry counts while it runs. */
	WRITE_ONCE(holder->stuck, 0);
	flush_delayed_work(&holder->client.yield);
	KUNIT_EXPECT_EQ(test, holder->released, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->yields), 0);
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_ALLOWED);
	pause_end(test, t);
}

/* A retry is waited for; a release of the client in another way ends it. */
static void for_a_repeated_attempt(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);
	struct claim_node *bare = claim_node(test);
	struct claim_client *holder = t->client[0];
	DECLARE_COMPLETION_ONSTACK(slow);

	holder->client.ops = &claim_recorded_ops;
	holder->stuck = -ECONNREFUSED;
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&holder->client, true));
	KUNIT_EXPECT_EQ(test, pause_write(t), DITTO_BREAKING);
	flush_workqueue(claim_table(test)->yield_wq);
	holder->slow = &slow;
	mod_delayed_work(claim_table(test)->yield_wq, &holder->client.yield, 0);
	await(atomic_read(&claim_table(test)->yields));
	KUNIT_EXPECT_EQ(test, ditto_claim_pause(&bare->point, 2), 0);
	complete(&slow);
	flush_workqueue(claim_table(test)->yield_wq);
	holder->slow = NULL;
	KUNIT_EXPECT_EQ(test, atomic_read(&holder->withdrawals), 2);
	/* A third attempt is due. */
	ditto_client_release(&holder->client, "test");
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->yields), 0);
	pause_end(test, t);
}

/* A holder in use keeps READ of a lease; a delegation ends. */
static void recall_of_what_is_cached(struct kunit *test)
{
	struct pause_test *t = pause_begin(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	INIT_DELAYED_WORK(&t->answer, give_back);
	schedule_delayed_work(&t->answer, msecs_to_jiffies(20));
	ditto_lease_recall(&t->node->point, LONG);
	flush_delayed_work(&t->answer);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease), 0);

	lease = claim_grant(t->node, t->key[1], DITTO_LEASE_TYPE_LEASE,
			    DITTO_LEASE_READ | DITTO_LEASE_HANDLE, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_lease_recall(&t->node->point, 2);
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, DITTO_LEASE_READ), 0);
	/* There is nothing left to wait for. */
	ditto_lease_recall(&t->node->point, LONG);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_READ);
	ditto_lease_return(lease);
	claim_flush(test);
	ditto_lease_put(lease);
	pause_end(test, t);
}

static struct kunit_case claim_pause_cases[] = {
	KUNIT_CASE(not_without_a_break),
	KUNIT_CASE(until_the_answer),
	KUNIT_CASE(not_for_ever),
	KUNIT_CASE(until_courtesy_clients_are_gone),
	KUNIT_CASE(not_for_a_later_attempt),
	KUNIT_CASE(for_a_repeated_attempt),
	KUNIT_CASE(recall_of_what_is_cached),
	{}
};

static struct kunit_suite claim_pause_suite = {
	.name = "claim_pause",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_pause_cases,
};

kunit_test_suite(claim_pause_suite);
