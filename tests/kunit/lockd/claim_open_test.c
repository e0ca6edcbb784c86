// SPDX-License-Identifier: GPL-2.0-only
/* Opens: all pairs of access and deny bits, changes, parked operations. */
#include <linux/completion.h>

#include "claim_common.h"

struct open_test {
	struct claim_client *client[2];
	struct ditto_owner *owner[2];
	struct claim_node *node;
};

static struct open_test *open_begin(struct kunit *test)
{
	struct open_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (int i = 0; i < 2; i++) {
		t->client[i] = claim_client(test, i ? "second" : "first", 0);
		t->owner[i] = claim_owner(test, t->client[i], 1);
	}
	return t;
}

static void open_end(struct kunit *test, struct open_test *t)
{
	for (int i = 0; i < 2; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
	}
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
}

static struct ditto_open *try_open(struct open_test *t, int who, u8 access, u8 deny)
{
	struct ditto_actor actor = { .owner = t->owner[who] };

	return ditto_open_claim(&t->node->point, &actor, access, deny, false, NULL, NULL);
}

static void every_pair(struct kunit *test)
{
	struct open_test *t = open_begin(test);

	for (int i = 0; i < 8 * 8 * 8 * 8; i++) {
		u8 a = i & 7, d = i >> 3 & 7, a2 = i >> 6 & 7, d2 = i >> 9;
		struct ditto_open *one = try_open(t, 0, a, d), *two = try_open(t, 1, a2, d2);

		KUNIT_ASSERT_FALSE(test, IS_ERR(one));
		if (a & d2 || d & a2) {
			KUNIT_ASSERT_TRUE(test, two == ERR_PTR(-EAGAIN));
		} else {
			KUNIT_ASSERT_FALSE(test, IS_ERR(two));
			ditto_open_release(two);
		}
		ditto_open_release(one);
	}
	open_end(test, t);
}

static struct ditto_open *open_with_key(struct open_test *t, int who)
{
	struct ditto_actor actor = { .owner = t->owner[who], .lease_owner = t->owner[who] };

	return ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_READ, 0, false, NULL, NULL);
}

/* Opens without a key, and those of one key, need no memory for a holder but the context's. */
static void holders_of_the_context(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct ditto_open *plain = try_open(t, 0, DITTO_OPEN_READ, 0);
	struct ditto_open *other = try_open(t, 1, DITTO_OPEN_READ, 0);
	struct ditto_open *one, *two;
	struct ditto_lock_ctx *ctx;

	KUNIT_ASSERT_FALSE(test, IS_ERR(plain) || IS_ERR(other));
	ctx = plain->claim.ctx;
	KUNIT_EXPECT_PTR_EQ(test, plain->holder, &ctx->first);
	KUNIT_EXPECT_PTR_EQ(test, other->holder, &ctx->first);
	ditto_open_release(plain);

	/* It is used again while there are other holders. */
	one = open_with_key(t, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	KUNIT_EXPECT_PTR_NE(test, one->holder, &ctx->first);
	ditto_open_release(other);
	two = open_with_key(t, 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(two));
	KUNIT_EXPECT_PTR_EQ(test, two->holder, &ctx->first);
	ditto_open_release(one);
	ditto_open_release(two);
	open_end(test, t);
}

static void change_is_one_step(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct ditto_conflict *conflict = kunit_kzalloc(test, sizeof(*conflict), GFP_KERNEL);
	struct ditto_open *one = try_open(t, 0, DITTO_OPEN_READ, 0);
	struct ditto_open *two = try_open(t, 1, DITTO_OPEN_READ, DITTO_OPEN_WRITE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(one) || IS_ERR(two));
	KUNIT_EXPECT_EQ(test, ditto_open_change(one, DITTO_OPEN_READ | DITTO_OPEN_WRITE, 0,
						conflict), -EAGAIN);
	KUNIT_EXPECT_EQ(test, conflict->held, DITTO_HELD_OPEN);
	KUNIT_EXPECT_EQ(test, conflict->deny, DITTO_OPEN_WRITE);
	KUNIT_EXPECT_STREQ(test, conflict->client, "second");
	KUNIT_EXPECT_EQ(test, ditto_open_access(one), DITTO_OPEN_READ);
	/* After a downgrade the other open may be upgraded. */
	KUNIT_EXPECT_EQ(test, ditto_open_change(two, DITTO_OPEN_READ, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_open_change(one, DITTO_OPEN_READ | DITTO_OPEN_WRITE, 0, NULL),
			0);
	KUNIT_EXPECT_EQ(test, ditto_open_change(two, DITTO_OPEN_READ, DITTO_OPEN_WRITE, NULL),
			-EAGAIN);
	ditto_open_release(one);
	KUNIT_EXPECT_EQ(test, ditto_open_change(two, DITTO_OPEN_READ, DITTO_OPEN_WRITE, NULL), 0);
	ditto_open_release(two);
	open_end(test, t);
}

/* An open without access and deny bits conflicts with nothing, not even a grant of all bits. */
static void looking_breaks_nothing(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct claim_told told = {};
	struct ditto_open *open;
	struct ditto_lease *lease;

	lease = claim_grant(t->node, t->owner[0], DITTO_LEASE_TYPE_DELEGATION,
			    DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	open = try_open(t, 1, 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	ditto_open_release(open);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	open_end(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.grants), 0);
}

/* The release of a client leaves the memory of its opens to their holders. */
static void open_outlives_its_client(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct ditto_open *open = try_open(t, 0, 7, 7);

	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	ditto_client_release(&t->client[0]->client, "test");
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, ditto_open_change(open, 1, 0, NULL), -ESHUTDOWN);
	KUNIT_EXPECT_TRUE(test, try_open(t, 0, 1, 0) == ERR_PTR(-ESHUTDOWN));
	ditto_open_release(open);
	open_end(test, t);
}

/* A share violation against a holder of HANDLE breaks that first, then is checked. */
static void violation_asks_the_holder_first(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct ditto_actor holder = { .owner = t->owner[0] };
	struct claim_told told = { .obey = false };
	struct ditto_open *open, *other;
	struct ditto_lease *lease;

	holder.lease_owner = claim_owner(test, t->client[0], 99);
	open = ditto_open_claim(&t->node->point, &holder, DITTO_OPEN_READ, DITTO_OPEN_WRITE, false,
				NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	lease = claim_grant(t->node, holder.lease_owner, DITTO_LEASE_TYPE_LEASE,
			    DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);

	KUNIT_EXPECT_TRUE(test, try_open(t, 1, DITTO_OPEN_WRITE, 0) == ERR_PTR(-EBUSY));
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, told.keep, DITTO_LEASE_READ | DITTO_LEASE_WRITE);
	KUNIT_EXPECT_TRUE(test, told.ack);
	/* The holder closes: the open existed in its cache only. */
	ditto_open_release(open);
	KUNIT_EXPECT_TRUE(test, try_open(t, 1, DITTO_OPEN_WRITE, 0) == ERR_PTR(-EBUSY));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, DITTO_LEASE_READ), 0);
	other = try_open(t, 1, DITTO_OPEN_WRITE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	ditto_open_release(other);
	ditto_lease_return(lease);

	/* The holder keeps the file open: the violation is refused. */
	ditto_lease_put(lease);
	open = ditto_open_claim(&t->node->point, &holder, DITTO_OPEN_READ, DITTO_OPEN_WRITE, false,
				NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	lease = claim_grant(t->node, holder.lease_owner, DITTO_LEASE_TYPE_LEASE, DITTO_LEASE_READ,
			    &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_TRUE(test, try_open(t, 1, DITTO_OPEN_WRITE, 0) == ERR_PTR(-EAGAIN));
	ditto_open_release(open);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	ditto_owner_put(holder.lease_owner);
	open_end(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.grants), 0);
}

struct parked {
	struct ditto_park park;
	struct completion done;
};

static void park_done(struct ditto_park *park)
{
	complete(&container_of(park, struct parked, park)->done);
}

static void parked_are_woken(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_REMOVE };
	struct open_test *t = open_begin(test);
	struct claim_told told = {};
	struct ditto_lease *lease;
	struct parked *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct parked *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, q);
	init_completion(&p->done);
	init_completion(&q->done);
	ditto_park_init(&p->park, park_done);
	ditto_park_init(&q->park, park_done);
	lease = claim_grant(t->node, t->owner[0], DITTO_LEASE_TYPE_LEASE, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, NULL, &p->park, NULL),
			DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, NULL, &q->park, NULL),
			DITTO_BREAKING);
	KUNIT_EXPECT_TRUE(test, ditto_park_cancel(&q->park));
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&p->done));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, told.keep), 0);
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, completion_done(&p->done));
	KUNIT_EXPECT_FALSE(test, completion_done(&q->done));
	KUNIT_EXPECT_FALSE(test, ditto_park_cancel(&p->park));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, NULL, &p->park, NULL),
			DITTO_ALLOWED);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	open_end(test, t);
}

static int range_lock(struct open_test *t, struct ditto_open *open, bool exclusive, u64 first,
		      u64 last)
{
	struct ditto_range_request req = claim_req(t->node, t->owner[1], exclusive, first, last);

	req.open = open;
	return ditto_range_lock(&req, NULL, NULL);
}

static int range_unlock(struct open_test *t, u64 first, u64 last)
{
	struct ditto_range_request req = claim_req(t->node, t->owner[1], false, first, last);

	return ditto_range_unlock(&req);
}

/* Exclusive ranges are counted by open, and all ranges by owner, while they split and merge. */
static void ranges_are_counted(struct kunit *test)
{
	struct open_test *t = open_begin(test);
	struct claim_node *first = t->node, *other = claim_node(test);
	struct ditto_open *one = try_open(t, 0, 3, 0), *two = try_open(t, 0, 3, 0);
	struct ditto_open *elsewhere;

	KUNIT_ASSERT_FALSE(test, IS_ERR(one) || IS_ERR(two));
	KUNIT_EXPECT_EQ(test, range_lock(t, one, false, 0, 99), 0);
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(one));
	KUNIT_EXPECT_TRUE(test, ditto_owner_has_ranges(t->owner[1]));
	KUNIT_EXPECT_FALSE(test, ditto_owner_has_ranges(t->owner[0]));

	/* In the middle of the shared one; then the same by the other open. */
	KUNIT_EXPECT_EQ(test, range_lock(t, one, true, 40, 49), 0);
	KUNIT_EXPECT_TRUE(test, ditto_open_has_exclusive(one));
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(two));
	KUNIT_EXPECT_EQ(test, range_lock(t, two, true, 45, 54), 0);
	KUNIT_EXPECT_TRUE(test, ditto_open_has_exclusive(one));
	KUNIT_EXPECT_TRUE(test, ditto_open_has_exclusive(two));
	KUNIT_EXPECT_EQ(test, range_lock(t, two, false, 0, 99), 0);
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(one));
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(two));
	KUNIT_EXPECT_EQ(test, range_lock(t, one, true, 10, 19), 0);
	KUNIT_EXPECT_EQ(test, range_lock(t, one, true, 20, 29), 0);
	KUNIT_EXPECT_EQ(test, range_unlock(t, 15, 24), 0);
	KUNIT_EXPECT_TRUE(test, ditto_open_has_exclusive(one));
	KUNIT_EXPECT_EQ(test, range_unlock(t, 0, 29), 0);
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(one));

	/* The owner has ranges as long as it has one of any node. */
	t->node = other;
	elsewhere = try_open(t, 0, 3, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(elsewhere));
	KUNIT_EXPECT_EQ(test, range_lock(t, elsewhere, true, 0, 0), 0);
	t->node = first;
	KUNIT_EXPECT_EQ(test, range_unlock(t, 0, U64_MAX), 0);
	KUNIT_EXPECT_TRUE(test, ditto_owner_has_ranges(t->owner[1]));
	ditto_open_revoke(elsewhere);
	KUNIT_EXPECT_FALSE(test, ditto_owner_has_ranges(t->owner[1]));
	KUNIT_EXPECT_FALSE(test, ditto_open_has_exclusive(elsewhere));
	ditto_open_release(elsewhere);
	ditto_open_release(one);
	ditto_open_release(two);
	open_end(test, t);
}

static const struct ditto_lock_busy *busy_of(const struct claim_node *node)
{
	return rcu_dereference_protected(node->point.ctx, true)->busy;
}

/* Nodes that only have opens share what is empty; a range makes one that is the node's own. */
static void only_ranges_need_room(struct kunit *test)
{
	struct claim_node *first, *second = claim_node(test);
	struct open_test *t = open_begin(test);
	struct ditto_open *one, *two;

	first = t->node;
	one = try_open(t, 0, 3, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	t->node = second;
	two = try_open(t, 0, 3, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(two));
	KUNIT_EXPECT_PTR_EQ(test, busy_of(first), busy_of(second));
	KUNIT_EXPECT_EQ(test, range_lock(t, two, true, 0, 9), 0);
	KUNIT_EXPECT_PTR_NE(test, busy_of(first), busy_of(second));
	KUNIT_EXPECT_EQ(test, busy_of(first)->ranged, 0);
	KUNIT_EXPECT_EQ(test, busy_of(second)->ranged, 1);
	ditto_open_release(two);
	t->node = first;
	ditto_open_release(one);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(second->point.ctx));
	open_end(test, t);
}

/* What performance.md says an open takes of the lock table, and an owner whose key is a number. */
static void open_takes_little(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_DEBUG_SPINLOCK) ||
	    IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "locks are larger here");
	KUNIT_EXPECT_LE(test, sizeof(struct ditto_open), 104);
	KUNIT_EXPECT_LE(test, sizeof(struct ditto_lock_ctx), 128);
	KUNIT_EXPECT_LE(test, struct_size_t(struct ditto_owner, key, sizeof(u64)), 48);
}

static struct kunit_case claim_open_cases[] = {
	KUNIT_CASE(every_pair),
	KUNIT_CASE(holders_of_the_context),
	KUNIT_CASE(change_is_one_step),
	KUNIT_CASE(looking_breaks_nothing),
	KUNIT_CASE(open_outlives_its_client),
	KUNIT_CASE(violation_asks_the_holder_first),
	KUNIT_CASE(parked_are_woken),
	KUNIT_CASE(ranges_are_counted),
	KUNIT_CASE(only_ranges_need_room),
	KUNIT_CASE(open_takes_little),
	{}
};

static struct kunit_suite claim_open_suite = {
	.name = "claim_open",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_open_cases,
};

kunit_test_suite(claim_open_suite);
