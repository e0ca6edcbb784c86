// SPDX-License-Identifier: GPL-2.0-only
/* Waiting requests: order, retransmission, cancel, limits, deadlocks. */
#include "claim_common.h"

#define OWNERS		8

struct wait_test {
	struct claim_client *client[OWNERS];
	struct ditto_owner *owner[OWNERS];
	struct claim_node *node[OWNERS];
	struct claim_wait wait[OWNERS];
};

static struct wait_test *wait_begin(struct kunit *test)
{
	struct wait_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (u32 i = 0; i < OWNERS; i++) {
		t->client[i] = claim_client(test, "client", 0);
		t->owner[i] = claim_owner(test, t->client[i], i);
		t->node[i] = claim_node(test);
		claim_wait_init(&t->wait[i]);
	}
	return t;
}

static void wait_end(struct kunit *test, struct wait_test *t)
{
	for (u32 i = 0; i < OWNERS; i++) {
		for (u32 n = 0; n < OWNERS; n++)
			ditto_range_release_owner(&t->node[n]->point, t->owner[i]);
	}
	claim_flush(test);
	for (u32 i = 0; i < OWNERS; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
		KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node[i]->point.ctx));
	}
}

static int wait_lock(struct wait_test *t, int node, int owner, bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node[node], t->owner[owner], exclusive,
						   first, last);

	return ditto_range_lock(&req, NULL, NULL);
}

/* Lock or wait, with the single waiter of the owner. */
static int lock_wait(struct wait_test *t, int node, int owner, bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node[node], t->owner[owner], exclusive,
						   first, last);

	claim_wait_init(&t->wait[owner]);
	return ditto_range_lock(&req, &t->wait[owner].wait, NULL);
}

static void wait_unlock(struct kunit *test, struct wait_test *t, int node, int owner)
{
	struct ditto_range_request req = claim_req(t->node[node], t->owner[owner], true, 0,
						   U64_MAX);

	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	claim_flush(test);
}

static bool wait_granted(struct wait_test *t, int owner)
{
	return atomic_read(&t->wait[owner].granted) && !t->wait[owner].result;
}

static void in_the_order_of_coming(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	for (int i = 1; i < OWNERS; i++)
		KUNIT_EXPECT_EQ(test, lock_wait(t, 0, i, true, 0, 9), -EINPROGRESS);
	for (int i = 1; i < OWNERS; i++) {
		KUNIT_EXPECT_FALSE(test, wait_granted(t, i));
		wait_unlock(test, t, 0, i - 1);
		KUNIT_EXPECT_TRUE(test, wait_granted(t, i));
		KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[i].released), 1);
		if (i > 1)
			KUNIT_EXPECT_GT(test, t->wait[i].order, t->wait[i - 1].order);
	}
	wait_end(test, t);
}

/* Readers that arrive while a writer waits queue behind it, if they wait at all. */
static void writer_is_not_starved(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 2, false, 5, 20), -EINPROGRESS);
	/* Requests for other bytes, and requests that do not wait, pass. */
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 3, false, 10, 20), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 4, false, 0, 9), 0);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 1));
	wait_unlock(test, t, 0, 4);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 2));
	wait_unlock(test, t, 0, 1);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 2));
	wait_end(test, t);
}

static void retransmission_is_known(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct claim_wait *again = claim_wait(test);
	struct ditto_range_request req = claim_req(t->node[0], t->owner[1], true, 0, 9);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &again->wait, NULL), -EALREADY);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	/* A retransmission after the grant: the range is held. */
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &again->wait, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&again->granted) + atomic_read(&again->released), 0);
	wait_unlock(test, t, 0, 1);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 2, true, 0, 9), 0);
	wait_end(test, t);
}

/* EXACT ranges stack, so each of two requests for the same bytes gets its own. */
static void exact_ranges_wait_one_by_one(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct ditto_range_request req = claim_req(t->node[0], t->owner[1], false, 0, 9);

	req.discipline = DITTO_EXACT;
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	for (int i = 1; i < 3; i++)
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &t->wait[i].wait, NULL),
				-EINPROGRESS);
	wait_unlock(test, t, 0, 0);
	for (int i = 1; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, wait_granted(t, i));
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	}
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), -ENOENT);
	wait_end(test, t);
}

/* What an owner had is noted when its request is granted, not when it is queued. */
static void undo_after_a_wait(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct ditto_range_request req = claim_req(t->node[0], t->owner[1], true, 0, 29);
	struct ditto_range_before past = {};

	req.past = &past;
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 20, 29), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &t->wait[1].wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 1, false, 0, 9), 0);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	KUNIT_EXPECT_EQ(test, ditto_range_undo(&req, &past), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 2, true, 10, 29), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 2, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 2, true, 0, 9), -EAGAIN);
	wait_end(test, t);
}

/* A grant is known at once, before its callback; neither a refusal nor a cancel is one. */
static void granted_before_the_callback(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct ditto_range_request req = claim_req(t->node[0], t->owner[0], true, 0, 9);
	struct ditto_range_request more = claim_req(t->node[0], t->owner[1], true, 5, 10);

	KUNIT_EXPECT_FALSE(test, ditto_wait_was_granted(&t->wait[1].wait));
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	for (int i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ(test, lock_wait(t, 0, i, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel_wait(&t->wait[2].wait), 0);
	ditto_client_release(&t->client[3]->client, "test");
	KUNIT_EXPECT_FALSE(test, ditto_wait_was_granted(&t->wait[1].wait));
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_TRUE(test, ditto_wait_was_granted(&t->wait[1].wait));
	KUNIT_EXPECT_FALSE(test, ditto_wait_was_granted(&t->wait[2].wait));
	KUNIT_EXPECT_FALSE(test, ditto_wait_was_granted(&t->wait[3].wait));
	/* What is held in several ranges is held; what is only shared, or only in part, is not. */
	req.owner = t->owner[1];
	KUNIT_EXPECT_TRUE(test, ditto_range_is_held(&req));
	KUNIT_EXPECT_FALSE(test, ditto_range_is_held(&more));
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 1, false, 5, 10), 0);
	KUNIT_EXPECT_FALSE(test, ditto_range_is_held(&req));
	req.exclusive = false;
	KUNIT_EXPECT_TRUE(test, ditto_range_is_held(&req));
	wait_unlock(test, t, 0, 1);
	KUNIT_EXPECT_FALSE(test, ditto_range_is_held(&req));
	wait_end(test, t);
}

/* Cancel by waiter, which needs no node: fails after a grant, and a second time. */
static void cancel_by_wait(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 2, true, 5, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel_wait(&t->wait[1].wait), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel_wait(&t->wait[1].wait), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].granted), 0);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 2));
	KUNIT_EXPECT_EQ(test, ditto_range_cancel_wait(&t->wait[2].wait), -ENOENT);
	wait_unlock(test, t, 0, 2);
	wait_end(test, t);
}

static void cancel_matches_exactly(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct ditto_range_request req = claim_req(t->node[0], t->owner[1], false, 0, 9);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 2, true, 5, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), -ENOENT);
	req.exclusive = true;
	req.last = 8;
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), -ENOENT);
	req.last = 9;
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].granted), 0);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].granted), 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 2));
	wait_end(test, t);
}

static void queues_are_limited(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct wait_test *t = wait_begin(test);

	table->settings.waits_per_node = 2;
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 1, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 2, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 3, true, 0, 9), -ENOLCK);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 1, 3, true, 0, 9), -EINPROGRESS);
	table->settings.waits_per_node = DITTO_WAITS_PER_NODE;
	table->settings.waits = 3;
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 4, true, 0, 9), -ENOLCK);
	table->settings.waits = 4;
	table->settings.waits_per_client = 0;
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 4, true, 0, 9), -ENOLCK);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->waiting), 3);
	table->settings.waits_per_client = 1;
	wait_end(test, t);
}

/* Each owner holds its node and waits for the next one's; the last closes the cycle. */
static void circles_are_refused(struct kunit *test)
{
	for (int n = 2; n <= OWNERS; n++) {
		struct wait_test *t = wait_begin(test);

		for (int i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, wait_lock(t, i, i, true, 0, 9), 0);
		for (int i = 0; i < n - 1; i++)
			KUNIT_EXPECT_EQ(test, lock_wait(t, i + 1, i, true, 5, 5), -EINPROGRESS);
		KUNIT_EXPECT_EQ_MSG(test, lock_wait(t, 0, n - 1, true, 5, 5), -EDEADLK,
				    "circle of %d", n);
		/* The request was not queued, and others continue. */
		wait_unlock(test, t, n - 1, n - 1);
		KUNIT_EXPECT_TRUE(test, wait_granted(t, n - 2));
		for (int i = 0; i < n; i++)
			wait_unlock(test, t, i, i);
		wait_end(test, t);
	}
}

/* An owner waits with many requests; any of them can close the cycle. */
static void circle_by_one_of_many(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct claim_wait *waits = kunit_kcalloc(test, OWNERS, sizeof(*waits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, waits);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	for (int i = 1; i < OWNERS; i++) {
		struct ditto_range_request req = claim_req(t->node[i], t->owner[0], true, 0, 9);

		claim_wait_init(&waits[i]);
		KUNIT_EXPECT_EQ(test, wait_lock(t, i, i, true, 0, 9), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &waits[i].wait, NULL), -EINPROGRESS);
	}
	for (int i = 1; i < OWNERS; i++) {
		KUNIT_EXPECT_EQ(test, lock_wait(t, 0, i, true, 0, 9), -EDEADLK);
		/* Without that request there is no cycle. */
		wait_unlock(test, t, i, i);
		KUNIT_EXPECT_EQ(test, atomic_read(&waits[i].granted), 1);
		KUNIT_EXPECT_EQ(test, lock_wait(t, 0, i, true, 0, 9), -EINPROGRESS);
	}
	wait_end(test, t);
}

static void two_upgrades_are_a_circle(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 1, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 0, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EDEADLK);
	wait_unlock(test, t, 0, 1);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 0));
	wait_end(test, t);
}

/* The request of the first client has overtaken that of the second one, which waits for its end. */
static void first_then_second(struct kunit *test, struct wait_test *t)
{
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 0));
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 1));
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	wait_end(test, t);
}

/* If only the order of the queue makes a cycle, the order gives way. */
static void order_is_no_deadlock(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	/* The only reader upgrades to a writer although another request waits for it. */
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 0, true, 0, 9), -EINPROGRESS);
	first_then_second(test, t);
}

/* The order gives way as well if a client is in the way that goes by itself. */
static void courtesy_is_no_deadlock(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, false, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 2, true, 20, 29), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[2]->client, true));
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 99), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 0, true, 20, 29), -EINPROGRESS);
	flush_workqueue(claim_table(test)->yield_wq);
	flush_workqueue(claim_table(test)->release_wq);
	first_then_second(test, t);
}

static void release_ends_waiting(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 2, true, 0, 9), -EINPROGRESS);
	ditto_client_release(&t->client[1]->client, "test");
	KUNIT_EXPECT_EQ(test, t->wait[1].result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[1].released), 1);
	/* The release of the holder's client lets the next one in. */
	ditto_client_release(&t->client[0]->client, "test");
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 2));
	/* The release of the node ends waiting, too; nothing is left on it. */
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 3, true, 0, 9), -EINPROGRESS);
	ditto_lock_point_release(&t->node[0]->point, "test");
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, t->wait[3].result, -ESHUTDOWN);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node[0]->point.ctx));
	wait_end(test, t);
}

/* A range may wait for a break of WRITE. */
static void waits_for_a_break(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	lease = claim_grant(t->node[0], t->owner[0], DITTO_LEASE_TYPE_LEASE,
			    DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 1, false, 0, 9), -EBUSY);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, false, 0, 9), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 1));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, told.keep), 0);
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	wait_end(test, t);
}

/* The same, for a notification only. */
static int lock_tell(struct wait_test *t, int node, int owner, bool exclusive, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node[node], t->owner[owner], exclusive,
						   first, last);

	claim_wait_init(&t->wait[owner]);
	t->wait[owner].wait.tell = true;
	return ditto_range_lock(&req, &t->wait[owner].wait, NULL);
}

/*
 * Requests for a notification are abandoned silently, so they do not use up the limits of others.
 */
static void told_only_takes_nobodys_place(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct wait_test *t = wait_begin(test);

	table->settings.waits_per_node = 1;
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 1, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 2, true, 0, 9), -ENOLCK);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 3, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 4, true, 0, 9), -ENOLCK);
	table->settings.waits_per_node = DITTO_WAITS_PER_NODE;
	table->settings.waits = 1;
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 5, true, 0, 9), -ENOLCK);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 6, true, 0, 9), -ENOLCK);
	table->settings.waits = 2;
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 6, true, 0, 9), -EINPROGRESS);
	wait_end(test, t);
}

/* Every request whose turn could be is notified; nothing is claimed, and no request is delayed. */
static void some_are_told_only(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 1, true, 5, 19), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 2, true, 0, 9), -EINPROGRESS);
	/* Behind requests for a notification, but those are not in the way. */
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 3, true, 10, 19), 0);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 1));
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 2));
	KUNIT_EXPECT_EQ(test, atomic_read(&t->wait[2].released), 1);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 4, true, 0, 9), 0);
	wait_unlock(test, t, 0, 3);
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 1));
	wait_unlock(test, t, 0, 4);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	/*
	 * A free range is notified at once; waiting requests come before requests for a
	 * notification.
	 */
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 5, true, 0, 9), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 5));
	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 6, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 0, 7, true, 0, 9), -EINPROGRESS);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 6));
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 7));
	wait_unlock(test, t, 0, 6);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 7));
	wait_end(test, t);
}

/* Whether the owner still waits for a notification is not known, so it closes no cycle. */
static void who_is_told_closes_no_circle(struct kunit *test)
{
	struct wait_test *t = wait_begin(test);

	KUNIT_EXPECT_EQ(test, wait_lock(t, 0, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, wait_lock(t, 1, 1, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, lock_tell(t, 1, 0, true, 0, 9), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, lock_wait(t, 0, 1, true, 0, 9), -EINPROGRESS);
	wait_unlock(test, t, 0, 0);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 1));
	KUNIT_EXPECT_FALSE(test, wait_granted(t, 0));
	wait_unlock(test, t, 1, 1);
	KUNIT_EXPECT_TRUE(test, wait_granted(t, 0));
	wait_end(test, t);
}

static struct kunit_case claim_wait_cases[] = {
	KUNIT_CASE(in_the_order_of_coming),
	KUNIT_CASE(writer_is_not_starved),
	KUNIT_CASE(retransmission_is_known),
	KUNIT_CASE(cancel_matches_exactly),
	KUNIT_CASE(exact_ranges_wait_one_by_one),
	KUNIT_CASE(undo_after_a_wait),
	KUNIT_CASE(granted_before_the_callback),
	KUNIT_CASE(cancel_by_wait),
	KUNIT_CASE(queues_are_limited),
	KUNIT_CASE(circles_are_refused),
	KUNIT_CASE(circle_by_one_of_many),
	KUNIT_CASE(two_upgrades_are_a_circle),
	KUNIT_CASE(order_is_no_deadlock),
	KUNIT_CASE(courtesy_is_no_deadlock),
	KUNIT_CASE(release_ends_waiting),
	KUNIT_CASE(waits_for_a_break),
	KUNIT_CASE(some_are_told_only),
	KUNIT_CASE(told_only_takes_nobodys_place),
	KUNIT_CASE(who_is_told_closes_no_circle),
	{}
};

static struct kunit_suite claim_wait_suite = {
	.name = "claim_wait",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_wait_cases,
};

kunit_test_suite(claim_wait_suite);
