// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims that end together: ranges with their open, and claims of all kinds with the share that
 * they were claimed through.
 */
#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "../../../lockd/show.h"
#include "claim_common.h"

#define SHARES	2
#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE

struct release_test {
	struct claim_client *client[2];
	struct ditto_owner *owner[2];
	struct claim_node *node;
	struct claim_told told;
};

static struct release_test *release_begin(struct kunit *test)
{
	struct release_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (u32 i = 0; i < 2; i++) {
		t->client[i] = claim_client(test, i ? "second" : "first", 0);
		t->owner[i] = claim_owner(test, t->client[i], i);
	}
	return t;
}

static void release_end(struct kunit *test, struct release_test *t)
{
	for (u32 i = 0; i < 2; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
	}
	claim_flush(test);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
}

static struct ditto_open *release_open(struct kunit *test, struct release_test *t, int who,
				       u32 share)
{
	struct ditto_actor actor = {
		.owner = t->owner[who], .lease_owner = t->owner[who], .share = share,
	};
	struct ditto_open *open = ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_READ, 0,
						   false, NULL, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	return open;
}

static struct ditto_range_request release_range(struct release_test *t, int who,
						struct ditto_open *open, u32 share, u64 first,
						u64 last)
{
	struct ditto_range_request req = claim_req(t->node, t->owner[who], true, first, last);

	req.lease_owner = t->owner[who];
	req.open = open;
	req.share = share;
	return req;
}

static int release_lock(struct release_test *t, int who, struct ditto_open *open, u64 first,
			u64 last)
{
	struct ditto_range_request req = release_range(t, who, open, 0, first, last);

	return ditto_range_lock(&req, NULL, NULL);
}

static int release_count_ranges(struct release_test *t, int who)
{
	return ditto_client_live(&t->client[who]->client, DITTO_CLAIM_RANGE);
}

/* More ranges than are dropped under one hold of the lock, and a waiting request. */
static void ranges_go_with_their_open(struct kunit *test)
{
	struct release_test *t = release_begin(test);
	struct ditto_open *open = release_open(test, t, 0, 0), *other = release_open(test, t, 0, 0);
	struct ditto_range_request req = release_range(t, 0, open, 0, 5000, 5009);
	struct claim_wait *wait = claim_wait(test);

	for (int i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, release_lock(t, 0, open, 10 * i, 10 * i + 4), 0);
	KUNIT_EXPECT_EQ(test, release_lock(t, 0, other, 4000, 4009), 0);
	KUNIT_EXPECT_EQ(test, release_lock(t, 1, NULL, 5000, 5009), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -EINPROGRESS);
	ditto_open_revoke(open);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, wait->result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 1);
	/* No range can be claimed with the open any more. */
	KUNIT_EXPECT_EQ(test, release_lock(t, 0, open, 0, 9), -ESHUTDOWN);
	claim_wait_init(wait);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 1);
	ditto_open_release(open);
	ditto_open_release(other);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 0);
	release_end(test, t);
}

/* An owner's ranges with different opens split and replace each other, but do not merge. */
static void each_range_has_one_open(struct kunit *test)
{
	struct release_test *t = release_begin(test);
	struct ditto_open *a = release_open(test, t, 0, 0), *b = release_open(test, t, 0, 0);

	KUNIT_EXPECT_EQ(test, release_lock(t, 0, a, 0, 99), 0);
	KUNIT_EXPECT_EQ(test, release_lock(t, 0, b, 40, 59), 0);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 3);
	ditto_open_release(a);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 1);
	KUNIT_EXPECT_EQ(test, release_lock(t, 1, NULL, 0, 39), 0);
	KUNIT_EXPECT_EQ(test, release_lock(t, 1, NULL, 59, 60), -EAGAIN);
	KUNIT_EXPECT_EQ(test, release_lock(t, 0, b, 60, 99), 0);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 1);
	ditto_open_release(b);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 0);
	release_end(test, t);
}

/* An open that the administrator releases by number takes its ranges and its lease along. */
static void open_is_released_by_number(struct kunit *test)
{
	struct release_test *t = release_begin(test);
	struct ditto_open *open = release_open(test, t, 0, 0);
	struct ditto_lease *lease;

	lease = claim_grant(t->node, t->owner[0], DITTO_LEASE_TYPE_LEASE, R | H, &t->told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	for (int i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, release_lock(t, 0, open, 10 * i, 10 * i + 4), 0);
	KUNIT_EXPECT_EQ(test, ditto_show_release(claim_table(test), open->claim.id, "test"), 0);
	claim_flush(test);
	KUNIT_EXPECT_FALSE(test, ditto_open_held(open));
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client[0]->client), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	ditto_lease_put(lease);
	ditto_open_release(open);
	release_end(test, t);
}

/* Everything of one share is released, and nothing of the other. */
static void claims_go_with_their_share(struct kunit *test)
{
	struct release_test *t = release_begin(test);
	struct claim_wait *wait = claim_wait(test);
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.owner = t->owner[0],
		.actor.lease_owner = t->owner[0], .actor.share = 1, .style = DITTO_LEASE_TYPE_LEASE,
		.want = R, .ops = &claim_lease_ops, .private = &t->told,
	};
	struct ditto_range_request range;
	struct ditto_open *open[SHARES];
	struct ditto_lease *lease;

	for (int i = 0; i < SHARES; i++)
		open[i] = release_open(test, t, 0, i + 1);
	atomic_inc(&t->told.grants);
	lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	for (int i = 0; i < 1000; i++) {
		range = release_range(t, 0, NULL, i % SHARES + 1, 10 * i, 10 * i + 4);
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&range, NULL, NULL), 0);
	}
	range = release_range(t, 0, open[0], 1, 20000, 20009);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&range, NULL, NULL), 0);
	range = release_range(t, 1, NULL, 1, 0, 20009);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&range, &wait->wait, NULL), -EINPROGRESS);
	ditto_locks_release_share(claim_table(test), 1, "test");
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, wait->result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, release_count_ranges(t, 0), 500);
	KUNIT_EXPECT_FALSE(test, ditto_open_held(open[0]));
	KUNIT_EXPECT_TRUE(test, ditto_open_held(open[1]));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	ditto_locks_release_share(claim_table(test), 2, "test");
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client[0]->client), 0);
	ditto_lease_put(lease);
	for (int i = 0; i < SHARES; i++)
		ditto_open_release(open[i]);
	release_end(test, t);
}

static struct kunit_case claim_release_cases[] = {
	KUNIT_CASE(ranges_go_with_their_open),
	KUNIT_CASE(each_range_has_one_open),
	KUNIT_CASE(open_is_released_by_number),
	KUNIT_CASE(claims_go_with_their_share),
	{}
};

static struct kunit_suite claim_release_suite = {
	.name = "claim_release",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_release_cases,
};

kunit_test_suite(claim_release_suite);
