// SPDX-License-Identifier: GPL-2.0-only
/*
 * Courtesy clients: they keep claims of every kind until another caller conflicts with one, in
 * any way that a caller can; and they may renew before that.
 */

#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "claim_common.h"

#define R DITTO_LEASE_READ
#define RHW DITTO_LEASE_ALL

/**
 * struct courtesy_test - a silent client and a live one
 * @node: the node
 * @client: the first falls silent, the second lives
 * @owner: by client
 * @told: callbacks of the grants
 */
struct courtesy_test {
	struct claim_node *node;
	struct claim_client *client[2];
	struct ditto_owner *owner[2];
	struct claim_told told;
};

static struct courtesy_test *courtesy_begin(struct kunit *test)
{
	struct courtesy_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (u32 i = 0; i < 2; i++) {
		t->client[i] = claim_client(test, i ? "live" : "silent", 0);
		t->owner[i] = claim_owner(test, t->client[i], i);
	}
	return t;
}

static void courtesy_end(struct kunit *test, struct courtesy_test *t)
{
	for (u32 i = 0; i < 2; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
}

static void client_silence(struct kunit *test, struct courtesy_test *t)
{
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[0]->client, true));
}

/* The client is released, and its protocol was notified once. */
static void client_expect_gone(struct kunit *test, struct courtesy_test *t)
{
	flush_workqueue(claim_table(test)->yield_wq);
	flush_workqueue(claim_table(test)->release_wq);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 1);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client[0]->client), 0);
	KUNIT_EXPECT_FALSE(test, ditto_client_set_courtesy(&t->client[0]->client, false));
}

static int client_lock(struct courtesy_test *t, int i, bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node, t->owner[i], exclusive, first, last);

	return ditto_range_lock(&req, NULL, NULL);
}

static struct ditto_open *open_as(struct courtesy_test *t, int i, u8 access, u8 deny,
				  struct ditto_park *park)
{
	struct ditto_actor actor = { .owner = t->owner[i], .lease_owner = t->owner[i] };

	return ditto_open_claim(&t->node->point, &actor, access, deny, false, park, NULL);
}

static enum ditto_answer client_check(struct courtesy_test *t, int i, enum ditto_intent_kind kind)
{
	struct ditto_actor actor = { .owner = t->owner[i], .lease_owner = t->owner[i] };
	struct ditto_intent intent = { .kind = kind, .last = 9 };

	return ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
}

static void kept_without_a_conflict(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_open *open = open_as(t, 0, DITTO_OPEN_READ, DITTO_OPEN_WRITE, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	client_silence(test, t);
	/* Claims beside it, operations that do not conflict, and claims of its own. */
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 10, 19), 0);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_READ), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 5, 9), 0);
	flush_workqueue(claim_table(test)->yield_wq);
	flush_workqueue(claim_table(test)->release_wq);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client[0]->client), 2);
	/* After a renewal its claims refuse as before. */
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[0]->client, false));
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_DENIED);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	ditto_open_release(open);
	courtesy_end(test, t);
}

static void range_yields(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_range_request req = claim_req(t->node, t->owner[1], false, 0, 9);
	struct claim_node *other = claim_node(test);
	struct ditto_range_request elsewhere = claim_req(other, t->owner[0], true, 0, 9);

	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&elsewhere, NULL, NULL), 0);
	client_silence(test, t);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EBUSY);
	/* Everything is released, on every node. */
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), 0);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(other->point.ctx));
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	courtesy_end(test, t);
}

/* A live client refuses as well, so the courtesy client is not released. */
static void stays_if_refused_anyway(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct claim_client *third = claim_client(test, "third", 0);
	struct ditto_owner *owner = claim_owner(test, third, 7);
	struct ditto_range_request req = claim_req(t->node, owner, true, 0, 9);

	KUNIT_EXPECT_EQ(test, client_lock(t, 0, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, false, 0, 9), 0);
	client_silence(test, t);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EAGAIN);
	flush_workqueue(claim_table(test)->yield_wq);
	flush_workqueue(claim_table(test)->release_wq);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EBUSY);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	ditto_range_release_owner(&t->node->point, owner);
	ditto_owner_put(owner);
	claim_client_end(test, third);
	courtesy_end(test, t);
}

static void waiter_gets_it(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_range_request req = claim_req(t->node, t->owner[1], true, 0, 9);
	struct claim_wait *wait = claim_wait(test);

	/* The request waited before the client became a courtesy client, and does nothing more. */
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -EINPROGRESS);
	client_silence(test, t);
	client_expect_gone(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&wait->granted), 1);
	KUNIT_EXPECT_EQ(test, wait->result, 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	courtesy_end(test, t);
}

/* A request of the courtesy client is ahead of others in the queue. */
static void queue_yields(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct claim_client *third = claim_client(test, "third", 0);
	struct ditto_owner *owner = claim_owner(test, third, 7);
	struct ditto_range_request first = claim_req(t->node, t->owner[0], true, 0, 9);
	struct ditto_range_request second = claim_req(t->node, owner, false, 0, 9);
	struct claim_wait *wait = claim_wait(test), *behind = claim_wait(test);

	KUNIT_EXPECT_EQ(test, client_lock(t, 1, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&first, &wait->wait, NULL), -EINPROGRESS);
	client_silence(test, t);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&second, &behind->wait, NULL), -EINPROGRESS);
	client_expect_gone(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, wait->result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, behind->result, 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	ditto_range_release_owner(&t->node->point, owner);
	ditto_owner_put(owner);
	claim_client_end(test, third);
	courtesy_end(test, t);
}

struct parked {
	struct ditto_park park;
	atomic_t done;
};

static void parked_done(struct ditto_park *park)
{
	atomic_inc(&container_of(park, struct parked, park)->done);
}

static struct parked *parked_new(struct kunit *test)
{
	struct parked *parked = kunit_kzalloc(test, sizeof(*parked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, parked);
	ditto_park_init(&parked->park, parked_done);
	return parked;
}

static void open_yields(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_open *held = open_as(t, 0, DITTO_OPEN_WRITE, DITTO_OPEN_READ, NULL);
	struct parked *parked = parked_new(test);
	struct ditto_open *open;

	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	KUNIT_EXPECT_PTR_EQ(test, open_as(t, 1, DITTO_OPEN_READ, 0, &parked->park),
			    ERR_PTR(-EAGAIN));
	client_silence(test, t);
	/* The caller has to retry, and is woken when it can. */
	KUNIT_EXPECT_PTR_EQ(test, open_as(t, 1, DITTO_OPEN_READ, 0, &parked->park),
			    ERR_PTR(-EBUSY));
	client_expect_gone(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 1);
	open = open_as(t, 1, DITTO_OPEN_READ, 0, &parked->park);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_FALSE(test, ditto_open_held(held));
	ditto_open_release(open);
	ditto_open_release(held);
	courtesy_end(test, t);
}

/* The reverse: bits that a change of an open adds, and writing without an open. */
static void change_and_io_yield(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_open *held = open_as(t, 0, DITTO_OPEN_READ, DITTO_OPEN_WRITE, NULL);
	struct ditto_open *open = open_as(t, 1, DITTO_OPEN_READ, 0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, ditto_open_change(open, DITTO_OPEN_WRITE, 0, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_DENIED);
	client_silence(test, t);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, ditto_client_set_courtesy(&t->client[0]->client, false), false);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, ditto_open_change(open, DITTO_OPEN_WRITE, 0, NULL), 0);
	ditto_open_release(open);
	ditto_open_release(held);
	courtesy_end(test, t);
}

static struct ditto_lease *client_grant(struct kunit *test, struct courtesy_test *t,
					enum ditto_lease_type style, u8 want)
{
	struct ditto_lease *lease = claim_grant(t->node, t->owner[0], style, want, &t->told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), want);
	return lease;
}

static void grant_is_revoked(struct kunit *test)
{
	static const struct {
		enum ditto_lease_type style;
		u8 want;
		enum ditto_intent_kind kind;
		enum ditto_answer answer;
	} table[] = {
		{ DITTO_LEASE_TYPE_DELEGATION, RHW, DITTO_INTENT_READ, DITTO_BREAKING },
		{ DITTO_LEASE_TYPE_DELEGATION, R, DITTO_INTENT_SETATTR, DITTO_BREAKING },
		{ DITTO_LEASE_TYPE_LEASE, RHW, DITTO_INTENT_REMOVE, DITTO_BREAKING },
		/* A break without an answer is not waited for, as for other clients. */
		{ DITTO_LEASE_TYPE_LEASE, R, DITTO_INTENT_WRITE, DITTO_ALLOWED },
		{ DITTO_LEASE_TYPE_DIRECTORY_DELEGATION, R, DITTO_INTENT_ENTRY, DITTO_BREAKING },
	};

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		struct courtesy_test *t = courtesy_begin(test);
		struct ditto_lease *lease = client_grant(test, t, table[i].style, table[i].want);

		client_silence(test, t);
		KUNIT_EXPECT_EQ(test, client_check(t, 1, table[i].kind), table[i].answer);
		KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), 0);
		client_expect_gone(test, t);
		KUNIT_EXPECT_EQ(test, client_check(t, 1, table[i].kind), DITTO_ALLOWED);
		KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
		ditto_lease_put(lease);
		courtesy_end(test, t);
	}
}

/* A break was outstanding when the holder fell silent: no caller waits for its deadline. */
static void break_ends(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_lease *lease = client_grant(test, t, DITTO_LEASE_TYPE_DELEGATION, RHW);
	struct ditto_actor actor = { .owner = t->owner[1] };
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };
	struct parked *parked = parked_new(test);

	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, &parked->park,
						NULL), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 1);
	client_silence(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 1);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, &parked->park,
						NULL), DITTO_BREAKING);
	client_expect_gone(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 2);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	ditto_lease_put(lease);
	courtesy_end(test, t);
}

/* It loses its grant by the first change that it would have been told of, and not by others. */
static void changes_are_not_kept_for_it(struct kunit *test)
{
	static const struct ditto_entry_change change = {
		.event = DITTO_ENTRY_ADDED, .name = "new", .len = 3,
	};
	static const struct ditto_entry_change written = {
		.event = DITTO_ENTRY_ATTRIBUTES, .name = "old", .len = 3,
	};
	struct courtesy_test *t = courtesy_begin(test);
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->owner[0],
		.style = DITTO_LEASE_TYPE_DIRECTORY_DELEGATION, .want = R, .notify = true,
		.break_ms = 35000, .ops = &claim_lease_ops, .private = &t->told,
	};
	struct ditto_lease *lease;

	atomic_inc(&t->told.grants);
	lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	client_silence(test, t);
	ditto_lease_deliver(&t->node->point, NULL, &written);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), R);
	ditto_lease_deliver(&t->node->point, NULL, &change);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.changes), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	ditto_lease_put(lease);
	courtesy_end(test, t);
}

static void released_meanwhile(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);

	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	client_silence(test, t);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), -EBUSY);
	/* The protocol releases the client at the same time. */
	ditto_client_release(&t->client[0]->client, "lease expired");
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), 0);
	client_expect_gone(test, t);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	courtesy_end(test, t);
}

/* Clients of a protocol that keeps records. */
static struct courtesy_test *begin_recorded(struct kunit *test)
{
	struct courtesy_test *t = courtesy_begin(test);

	for (u32 i = 0; i < 2; i++)
		t->client[i]->client.ops = &claim_recorded_ops;
	return t;
}

/* Claims that could be reclaimed after a restart are not given to others. */
static void kept_until_withdrawn(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];
	struct parked *parked = parked_new(test);
	struct ditto_open *held = open_as(t, 0, DITTO_OPEN_WRITE, DITTO_OPEN_READ, NULL);
	struct ditto_open *open;

	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	KUNIT_EXPECT_PTR_EQ(test, open_as(t, 1, DITTO_OPEN_READ, 0, &parked->park),
			    ERR_PTR(-EBUSY));
	for (int i = 0; i < 3; i++) {
		flush_workqueue(claim_table(test)->yield_wq);
		KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), -EBUSY);
	}
	/* Repeated checks do not cause more attempts. */
	KUNIT_EXPECT_EQ(test, atomic_read(&c->withdrawals), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 0);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	/* The next attempt succeeds, and waiting callers are notified. */
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->withdrawals), 2);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 1);
	open = open_as(t, 1, DITTO_OPEN_READ, 0, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	ditto_open_release(open);
	ditto_open_release(held);
	courtesy_end(test, t);
}

/* Only callers that do not wait for that are told at once, and they are refused. */
static void brief_callers_are_refused(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct ditto_range_request req = claim_req(t->node, t->owner[1], true, 0, 9);
	struct parked *parked = parked_new(test), *brief = parked_new(test);
	struct claim_client *c = t->client[0];

	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_park_on(&t->node->point, &parked->park));
	brief->park.brief = true;
	KUNIT_EXPECT_TRUE(test, ditto_park_on(&t->node->point, &brief->park));
	req.brief = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EBUSY);
	flush_workqueue(claim_table(test)->yield_wq);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&brief->done), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EAGAIN);
	req.brief = false;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EBUSY);
	/* The next attempt succeeds. */
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	client_expect_gone(test, t);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 1);
	req.brief = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	courtesy_end(test, t);
}

static void comes_back_before_it_is_withdrawn(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];
	struct parked *parked = parked_new(test);
	struct ditto_open *held = open_as(t, 0, DITTO_OPEN_WRITE, DITTO_OPEN_READ, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(held));
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	KUNIT_EXPECT_PTR_EQ(test, open_as(t, 1, DITTO_OPEN_READ, 0, &parked->park),
			    ERR_PTR(-EBUSY));
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&c->client, false));
	/* Waiting callers check again and are refused. */
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->done), 1);
	KUNIT_EXPECT_PTR_EQ(test, open_as(t, 1, DITTO_OPEN_READ, 0, NULL), ERR_PTR(-EAGAIN));
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->withdrawals), 1);
	ditto_open_release(held);
	courtesy_end(test, t);
}

/* A delegation is not revoked alone, because it could be reclaimed. */
static void delegation_awaits_withdrawal(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];
	struct ditto_lease *lease = claim_grant(t->node, t->owner[0],
						DITTO_LEASE_TYPE_DELEGATION,
						RHW, &t->told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
		flush_workqueue(claim_table(test)->yield_wq);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), RHW);
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	ditto_lease_put(lease);
	courtesy_end(test, t);
}

/* The same if the break began before the holder fell silent, and the deadline passes. */
static void deadline_awaits_withdrawal(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];
	struct ditto_lease *lease = claim_grant(t->node, t->owner[0],
						DITTO_LEASE_TYPE_DELEGATION,
						RHW, &t->told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 1);
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	claim_now += 35000;
	for (int i = 0; i < 2; i++) {
		claim_poke(test, lease);
		flush_workqueue(claim_table(test)->yield_wq);
		KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 0);
		KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), RHW);
	}
	/* The deadline began a withdrawal of the client. */
	KUNIT_EXPECT_EQ(test, atomic_read(&c->withdrawals), 1);
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	client_expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	ditto_lease_put(lease);
	courtesy_end(test, t);
}

/* A client that renews before its withdrawal is a holder that did not answer in time. */
static void deadline_of_a_holder_that_returned(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];
	struct ditto_lease *lease = claim_grant(t->node, t->owner[0],
						DITTO_LEASE_TYPE_DELEGATION,
						RHW, &t->told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	claim_now += 35000;
	claim_poke(test, lease);
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&c->client, false));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), RHW);
	claim_poke(test, lease);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	flush_delayed_work(&c->client.yield);
	KUNIT_EXPECT_EQ(test, client_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	ditto_lease_put(lease);
	courtesy_end(test, t);
}

/* A slow withdrawal delays neither other withdrawals nor the caller that requests it. */
static void retired_side_by_side(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	DECLARE_COMPLETION_ONSTACK(slow);

	t->client[0]->slow = &slow;
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[1]->client, true));
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&t->client[0]->client, "lease expired"));
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&t->client[0]->client, "lease expired"));
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&t->client[1]->client, "lease expired"));
	flush_delayed_work(&t->client[1]->client.yield);
	KUNIT_EXPECT_EQ(test, t->client[1]->released, 1);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 0);
	/* A client that is retired cannot renew any more. */
	KUNIT_EXPECT_FALSE(test, ditto_client_set_courtesy(&t->client[0]->client, false));
	complete(&slow);
	flush_delayed_work(&t->client[0]->client.yield);
	KUNIT_EXPECT_EQ(test, t->client[0]->released, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->client[0]->withdrawals), 1);
	t->client[0]->slow = NULL;
	courtesy_end(test, t);
}

static void stays_if_it_cannot_be_retired(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];

	c->stuck = -ECONNREFUSED;
	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&c->client, "lease expired"));
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), -EBUSY);
	/* The attempt is repeated without being asked for. */
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	client_expect_gone(test, t);
	courtesy_end(test, t);
}

/* A client that lives, or renewed before it could be retired, keeps what it holds. */
static void retired_only_if_silent(struct kunit *test)
{
	struct courtesy_test *t = begin_recorded(test);
	struct claim_client *c = t->client[0];

	KUNIT_EXPECT_EQ(test, client_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_FALSE(test, ditto_client_retire(&c->client, "lease expired"));
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&c->client, false));
	KUNIT_EXPECT_FALSE(test, ditto_client_retire(&c->client, "lease expired"));
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->withdrawals), 0);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), -EAGAIN);
	/* It came back after an attempt that failed: the next one does not take place. */
	c->stuck = -ECONNREFUSED;
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&c->client, "lease expired"));
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&c->client, false));
	WRITE_ONCE(c->stuck, 0);
	flush_delayed_work(&c->client.yield);
	KUNIT_EXPECT_EQ(test, c->released, 0);
	KUNIT_EXPECT_EQ(test, client_lock(t, 1, true, 0, 9), -EAGAIN);
	/* Without anything that it holds, too. */
	ditto_range_release_owner(&t->node->point, t->owner[0]);
	KUNIT_EXPECT_FALSE(test, ditto_client_retire(&c->client, "lease expired"));
	client_silence(test, t);
	KUNIT_EXPECT_TRUE(test, ditto_client_retire(&c->client, "lease expired"));
	client_expect_gone(test, t);
	courtesy_end(test, t);
}

static struct kunit_case claim_courtesy_cases[] = {
	KUNIT_CASE(kept_until_withdrawn),
	KUNIT_CASE(brief_callers_are_refused),
	KUNIT_CASE(comes_back_before_it_is_withdrawn),
	KUNIT_CASE(delegation_awaits_withdrawal),
	KUNIT_CASE(deadline_awaits_withdrawal),
	KUNIT_CASE(deadline_of_a_holder_that_returned),
	KUNIT_CASE(retired_side_by_side),
	KUNIT_CASE(stays_if_it_cannot_be_retired),
	KUNIT_CASE(retired_only_if_silent),
	KUNIT_CASE(kept_without_a_conflict),
	KUNIT_CASE(range_yields),
	KUNIT_CASE(stays_if_refused_anyway),
	KUNIT_CASE(waiter_gets_it),
	KUNIT_CASE(queue_yields),
	KUNIT_CASE(open_yields),
	KUNIT_CASE(change_and_io_yield),
	KUNIT_CASE(grant_is_revoked),
	KUNIT_CASE(break_ends),
	KUNIT_CASE(changes_are_not_kept_for_it),
	KUNIT_CASE(released_meanwhile),
	{}
};

static struct kunit_suite claim_courtesy_suite = {
	.name = "ditto_claim_courtesy",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_courtesy_cases,
};

kunit_test_suite(claim_courtesy_suite);
