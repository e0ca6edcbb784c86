// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delegations: when they are granted, limits, statistics; and asking the holder for size and
 * change attribute.
 */
#include <linux/jiffies.h>

#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "claim_common.h"

#define R DITTO_LEASE_READ
#define RH (DITTO_LEASE_READ | DITTO_LEASE_HANDLE)
#define RHW DITTO_LEASE_ALL

struct deleg_test {
	struct claim_node *node;
	struct claim_client *client[2];
	struct ditto_owner *owner[2];
	struct claim_told told;
	struct ditto_lease *lease;
};

static struct deleg_test *deleg_begin(struct kunit *test)
{
	struct deleg_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (u32 i = 0; i < 2; i++) {
		t->client[i] = claim_client(test, i ? "other" : "holder", 0);
		t->owner[i] = claim_owner(test, t->client[i], i);
	}
	return t;
}

static void deleg_drop(struct kunit *test, struct deleg_test *t)
{
	if (!t->lease)
		return;
	ditto_lease_return(t->lease);
	claim_flush(test);
	ditto_lease_put(t->lease);
	t->lease = NULL;
}

static void deleg_end(struct kunit *test, struct deleg_test *t)
{
	deleg_drop(test, t);
	for (u32 i = 0; i < 2; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->delegations.held), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
}

/* Returns the bits granted, or an errno. */
static int grant_to(struct deleg_test *t, int i, u8 want)
{
	struct ditto_lease *lease = claim_grant(t->node, t->owner[i], DITTO_LEASE_TYPE_DELEGATION,
						want, &t->told);

	if (IS_ERR(lease))
		return PTR_ERR(lease);
	t->lease = lease;
	return ditto_lease_bits(lease);
}

static struct ditto_open *open_as(struct kunit *test, struct deleg_test *t, int i, u8 access,
				  u8 deny)
{
	struct ditto_actor actor = { .owner = t->owner[i] };
	struct ditto_open *open = ditto_open_claim(&t->node->point, &actor, access, deny, false,
						   NULL, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	return open;
}

static void beside_opens(struct kunit *test)
{
	static const struct {
		u8 access;
		u8 deny;
		u8 want;
		int own;
		int other;
	} table[] = {
		{ DITTO_OPEN_READ, 0, RH, RH, RH },
		{ DITTO_OPEN_READ, 0, RHW, RHW, RH },
		{ DITTO_OPEN_READ, DITTO_OPEN_WRITE, RH, RH, RH },
		{ DITTO_OPEN_READ, DITTO_OPEN_READ, RH, RH, -EAGAIN },
		{ 0, DITTO_OPEN_READ, RHW, RHW, -EAGAIN },
		{ DITTO_OPEN_WRITE, 0, RH, RH, -EAGAIN },
		{ DITTO_OPEN_WRITE, 0, RHW, RHW, -EAGAIN },
		{ 0, 0, RHW, RHW, RHW },
	};
	struct deleg_test *t = deleg_begin(test);

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		struct ditto_open *open = open_as(test, t, 0, table[i].access,
						  table[i].deny);

		KUNIT_EXPECT_EQ(test, grant_to(t, 0, table[i].want), table[i].own);
		deleg_drop(test, t);
		KUNIT_EXPECT_EQ(test, grant_to(t, 1, table[i].want), table[i].other);
		deleg_drop(test, t);
		ditto_open_release(open);
	}
	deleg_end(test, t);
}

/* The holder opens for reading by itself, so an open that denies it takes the delegation. */
static void denies_reading(struct kunit *test)
{
	static const struct {
		int client;
		u8 deny;
		enum ditto_answer answer;
	} table[] = {
		{ 0, DITTO_OPEN_READ, DITTO_ALLOWED },
		{ 1, 0, DITTO_ALLOWED },
		{ 1, DITTO_OPEN_WRITE, DITTO_ALLOWED },
		{ 1, DITTO_OPEN_READ, DITTO_BREAKING },
	};
	struct deleg_test *t = deleg_begin(test);
	struct ditto_intent intent = { .kind = DITTO_INTENT_OPEN, .access = DITTO_OPEN_READ };

	KUNIT_ASSERT_EQ(test, grant_to(t, 0, RH), RH);
	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		struct ditto_actor actor = { .owner = t->owner[table[i].client] };

		intent.deny = table[i].deny;
		KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL,
							NULL), table[i].answer);
	}
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(t->lease));
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent,
						&(struct ditto_actor){ .owner = t->owner[1] },
						NULL, NULL), DITTO_ALLOWED);
	deleg_end(test, t);
}

static struct ditto_range_request range_of(struct deleg_test *t, int i)
{
	return claim_req(t->node, t->owner[i], true, 0, 9);
}

/*
 * The holder's own ranges break nothing, and can be sent to the server during a recall (RFC 8881
 * section 10.4.4).
 */
static void own_ranges(struct kunit *test)
{
	struct deleg_test *t = deleg_begin(test);
	struct ditto_range_request own = range_of(t, 0), other = range_of(t, 1);
	struct claim_wait *wait = claim_wait(test);
	struct ditto_open *open, *second;

	open = open_as(test, t, 0, DITTO_OPEN_WRITE, 0);
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&own, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&own), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 0);

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&other, &wait->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 1);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&own, NULL, NULL), 0);
	second = open_as(test, t, 0, DITTO_OPEN_READ | DITTO_OPEN_WRITE, 0);
	ditto_lease_return(t->lease);
	claim_flush(test);
	/* The range that was sent in time is held, and the other client waits for it. */
	KUNIT_EXPECT_EQ(test, atomic_read(&wait->granted), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&own), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, wait->result, 0);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	ditto_open_release(second);
	ditto_open_release(open);
	deleg_end(test, t);
}

static void deleg_recall(struct kunit *test, struct deleg_test *t)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };
	struct ditto_actor actor = { .owner = t->owner[1] };

	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_BREAKING);
	claim_flush(test);
}

static void deleg_expect_counts(struct kunit *test, const struct ditto_delegation_count *count,
				s64 granted, s64 recalled, s64 returned, s64 revoked)
{
	KUNIT_EXPECT_EQ(test, atomic64_read(&count->granted), granted);
	KUNIT_EXPECT_EQ(test, atomic64_read(&count->recalled), recalled);
	KUNIT_EXPECT_EQ(test, atomic64_read(&count->returned), returned);
	KUNIT_EXPECT_EQ(test, atomic64_read(&count->revoked), revoked);
}

static void counts_delegations(struct kunit *test)
{
	struct deleg_test *t = deleg_begin(test);
	struct ditto_lock_table *table = claim_table(test);
	const struct ditto_delegation_count *mine = &t->client[0]->client.delegations;

	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	KUNIT_EXPECT_EQ(test, atomic_read(&mine->held), 1);
	deleg_drop(test, t);
	deleg_expect_counts(test, mine, 1, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answers), 0);

	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	deleg_recall(test, t);
	/* A second conflict does not recall again. */
	deleg_recall(test, t);
	claim_now += 300;
	deleg_drop(test, t);
	deleg_expect_counts(test, mine, 2, 1, 2, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answers), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answer_ms), 300);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answer_max_ms), 300);

	/* No delegation for a time after the recall. */
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), -EAGAIN);
	claim_now += DITTO_QUIET_MS;
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	deleg_recall(test, t);
	claim_now += 100;
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease, 0), 0);
	ditto_lease_put(t->lease);
	t->lease = NULL;
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answer_ms), 400);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mine->answer_max_ms), 300);

	claim_now += DITTO_QUIET_MS;
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	deleg_recall(test, t);
	claim_now += 35000;
	claim_poke(test, t->lease);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 1);
	deleg_expect_counts(test, mine, 4, 3, 3, 1);
	deleg_expect_counts(test, &table->delegations, 4, 3, 3, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->delegations.held), 0);
	deleg_expect_counts(test, &t->client[1]->client.delegations, 0, 0, 0, 0);
	deleg_end(test, t);
}

static void limits_delegations(struct kunit *test)
{
	struct deleg_test *t = deleg_begin(test);
	struct ditto_lock_table *table = claim_table(test);
	struct claim_node *other = claim_node(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	WRITE_ONCE(table->settings.delegations_per_client, 1);
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, R), R);
	lease = claim_grant(other, t->owner[0], DITTO_LEASE_TYPE_DELEGATION, R, &told);
	KUNIT_EXPECT_PTR_EQ(test, lease, ERR_PTR(-ENOLCK));
	/* Leases do not count. */
	lease = claim_grant(other, t->owner[0], DITTO_LEASE_TYPE_LEASE, R, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	lease = claim_grant(other, t->owner[1], DITTO_LEASE_TYPE_DELEGATION, R, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	WRITE_ONCE(table->settings.delegations, 1);
	lease = claim_grant(other, t->owner[1], DITTO_LEASE_TYPE_DELEGATION, R, &told);
	KUNIT_EXPECT_PTR_EQ(test, lease, ERR_PTR(-ENOLCK));
	deleg_drop(test, t);
	lease = claim_grant(other, t->owner[1], DITTO_LEASE_TYPE_DELEGATION, R, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.grants), 0);
	deleg_end(test, t);
}

/**
 * struct asked - a holder that can be asked
 * @asks: number of questions
 * @answers: answer at once
 * @size: size to report
 * @modified: flag to report
 * @grants: number of grants that are not freed
 */
struct asked {
	atomic_t asks;
	bool answers;
	u64 size;
	bool modified;
	atomic_t grants;
};

static void deleg_answer(struct ditto_lease *lease, u64 size, u64 change, bool modified)
{
	ditto_lease_answered(lease, &(struct ditto_lease_answer){
		.size = size, .change = change, .modified = modified,
	});
}

static void asked_ask(struct ditto_lease *lease)
{
	struct asked *asked = ditto_lease_private(lease);
	int n = atomic_inc_return(&asked->asks);

	if (asked->answers)
		deleg_answer(lease, asked->size, n, asked->modified);
}

static void asked_breaking(struct ditto_lease *lease, u8 keep, bool ack) {}

static void asked_revoked(struct ditto_lease *lease) {}

static void asked_free(struct ditto_lease *lease)
{
	struct asked *asked = ditto_lease_private(lease);

	atomic_dec(&asked->grants);
}

static const struct ditto_lease_ops asked_ops = {
	.breaking = asked_breaking,
	.revoked = asked_revoked,
	.free = asked_free,
	.ask = asked_ask,
};

static void grant_asked(struct kunit *test, struct deleg_test *t, struct asked *asked, u8 want)
{
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->owner[0],
		.style = DITTO_LEASE_TYPE_DELEGATION, .want = want, .break_ms = 35000,
		.ops = &asked_ops, .private = asked,
	};

	atomic_inc(&asked->grants);
	t->lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->lease));
}

static int deleg_want(struct deleg_test *t, int i, struct ditto_lease_answer *answer)
{
	struct ditto_actor actor = { .owner = t->owner[i] };

	return ditto_lease_query(&t->node->point, &actor, answer);
}

static void holder_is_asked(struct kunit *test)
{
	struct deleg_test *t = deleg_begin(test);
	struct asked asked = { .answers = true, .size = 12345, .modified = true };
	struct ditto_lease_answer answer = {};

	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -ENOENT);
	/* A holder without WRITE is not asked, nor is one that cannot be asked. */
	grant_asked(test, t, &asked, RH);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -ENOENT);
	deleg_drop(test, t);
	KUNIT_EXPECT_EQ(test, grant_to(t, 0, RHW), RHW);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -ENOENT);
	deleg_drop(test, t);

	grant_asked(test, t, &asked, RHW);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 0, &answer), -ENOENT);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), 0);
	KUNIT_EXPECT_EQ(test, answer.size, 12345);
	KUNIT_EXPECT_TRUE(test, answer.modified);
	KUNIT_EXPECT_EQ(test, answer.change, 1);
	asked.size = 5;
	KUNIT_EXPECT_EQ(test, ditto_lease_query(&t->node->point, NULL, &answer), 0);
	KUNIT_EXPECT_EQ(test, answer.size, 5);
	KUNIT_EXPECT_EQ(test, answer.change, 2);
	/* Asking breaks nothing. */
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease), RHW);
	ditto_client_set_courtesy(&t->client[0]->client, true);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -ENOENT);
	ditto_client_set_courtesy(&t->client[0]->client, false);
	deleg_drop(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.grants), 0);
	deleg_end(test, t);
}

static void holder_is_slow(struct kunit *test)
{
	struct deleg_test *t = deleg_begin(test);
	struct asked asked = {};
	struct ditto_lease_answer answer = {};
	unsigned long begun;

	grant_asked(test, t, &asked, RHW);
	begun = jiffies;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - begun), 1000);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 1);
	/* Within the retry time the holder is neither asked again nor waited for. */
	claim_now += DITTO_LEASE_QUERY_MS;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 1);
	claim_now += DITTO_LEASE_QUERY_AGAIN_MS;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 2);
	/* A late answer: the next caller asks anew. */
	deleg_answer(t->lease, 7, 7, true);
	deleg_answer(t->lease, 8, 8, true);
	asked.answers = true;
	asked.size = 9;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), 0);
	KUNIT_EXPECT_EQ(test, answer.size, 9);
	/* A caller that arrives while a question is outstanding waits for the next one. */
	asked.answers = false;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 4);
	asked.answers = true;
	deleg_answer(t->lease, 10, 10, true);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.asks), 5);
	/* Returned with a question outstanding; the answer is too late. */
	asked.answers = false;
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -EBUSY);
	ditto_lease_return(t->lease);
	deleg_answer(t->lease, 11, 11, true);
	KUNIT_EXPECT_EQ(test, deleg_want(t, 1, &answer), -ENOENT);
	deleg_drop(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked.grants), 0);
	deleg_end(test, t);
}

static struct kunit_case claim_delegation_cases[] = {
	KUNIT_CASE(beside_opens),
	KUNIT_CASE(denies_reading),
	KUNIT_CASE(own_ranges),
	KUNIT_CASE(counts_delegations),
	KUNIT_CASE(limits_delegations),
	KUNIT_CASE(holder_is_asked),
	KUNIT_CASE(holder_is_slow),
	{}
};

static struct kunit_suite claim_delegation_suite = {
	.name = "ditto_claim_delegation",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_delegation_cases,
};

kunit_test_suite(claim_delegation_suite);
