// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks of the lock table are told from what may wait, see net/callback.h. Those of breaks,
 * revocations, changes and grants check that in all suites, by claim_callback().
 */
#include <linux/completion.h>

#include "../../../net/callback.h"
#include "../await.h"
#include "claim_common.h"

struct callback_test {
	struct ditto_park park;
	struct completion done;
	atomic_t asked;
};

static struct callback_test *test_make(struct kunit *test)
{
	struct callback_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	init_completion(&t->done);
	return t;
}

/* A task is in a callback from its beginning to its end, also if that calls another one. */
static void from_begin_to_end(struct kunit *test)
{
	struct ditto_callback outer, inner;

	KUNIT_EXPECT_FALSE(test, ditto_callback_is_current());
	ditto_callback_enter(&outer);
	ditto_callback_enter(&inner);
	ditto_callback_leave(&inner);
	KUNIT_EXPECT_TRUE(test, ditto_callback_is_current());
	ditto_callback_leave(&outer);
	KUNIT_EXPECT_FALSE(test, ditto_callback_is_current());
}

static void parked_done(struct ditto_park *park)
{
	claim_callback();
	complete(&container_of(park, struct callback_test, park)->done);
}

/* A parked operation is called back. */
static void operations_park(struct kunit *test)
{
	static const struct ditto_intent write = { .kind = DITTO_INTENT_WRITE };
	struct claim_client *client = claim_client(test, "client", 0);
	struct ditto_owner *owner = claim_owner(test, client, 1);
	struct callback_test *t = test_make(test);
	struct claim_node *node = claim_node(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	lease = claim_grant(node, owner, DITTO_LEASE_TYPE_LEASE, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_park_init(&t->park, parked_done);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &write, NULL, &t->park, NULL),
			DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, 0), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&t->done, AWAIT_LIMIT), 0);
	ditto_lease_put(lease);
	ditto_owner_put(owner);
	claim_client_end(test, client);
	claim_flush(test);
}

static void asked_breaking(struct ditto_lease *lease, u8 keep, bool ack)
{
	claim_callback();
}

static void asked_revoked(struct ditto_lease *lease)
{
	claim_callback();
}

static void asked_free(struct ditto_lease *lease)
{
}

static void asked_ask(struct ditto_lease *lease)
{
	struct callback_test *t = ditto_lease_private(lease);

	claim_callback();
	atomic_inc(&t->asked);
}

static const struct ditto_lease_ops asked_ops = {
	.breaking = asked_breaking,
	.revoked = asked_revoked,
	.free = asked_free,
	.ask = asked_ask,
};

/* A holder is asked for attributes. */
static void holders_are_asked(struct kunit *test)
{
	struct claim_client *client = claim_client(test, "client", 0);
	struct ditto_owner *owner = claim_owner(test, client, 1);
	struct callback_test *t = test_make(test);
	struct claim_node *node = claim_node(test);
	struct ditto_lease_request req = {
		.point = &node->point, .actor.lease_owner = owner,
		.style = DITTO_LEASE_TYPE_DELEGATION, .want = DITTO_LEASE_ALL, .break_ms = 1000,
		.ops = &asked_ops, .private = t,
	};
	struct ditto_lease_answer answer;
	struct ditto_lease *lease;

	lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_query(&node->point, NULL, &answer), -EBUSY);
	KUNIT_EXPECT_GE(test, atomic_read(&t->asked), 1);
	ditto_lease_put(lease);
	ditto_owner_put(owner);
	claim_client_end(test, client);
	claim_flush(test);
}

static struct kunit_case claim_callback_cases[] = {
	KUNIT_CASE(from_begin_to_end),
	KUNIT_CASE(operations_park),
	KUNIT_CASE(holders_are_asked),
	{}
};

static struct kunit_suite claim_callback_suite = {
	.name = "claim_callback",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_callback_cases,
};

kunit_test_suite(claim_callback_suite);
