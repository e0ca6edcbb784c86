// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caching grants: which grants fit beside other claims, as a truth table and under random
 * operations; breaks with their steps and deadlines, by a test clock.
 */
#include <linux/prandom.h>

#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "../rounds.h"
#include "claim_common.h"

#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE
#define W DITTO_LEASE_WRITE
#define RHW DITTO_LEASE_ALL
#define HOLDERS		4
#define OPERATIONS	100000

struct grant_test {
	struct claim_node *node;
	struct claim_client *client[HOLDERS];
	struct ditto_owner *key[HOLDERS];
	struct claim_told told[HOLDERS];
	struct ditto_lease *lease[HOLDERS];
	struct ditto_open *open[HOLDERS];
};

static struct grant_test *lease_begin(struct kunit *test)
{
	struct grant_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->node = claim_node(test);
	for (u32 i = 0; i < HOLDERS; i++) {
		t->client[i] = claim_client(test, "client", 0);
		t->key[i] = claim_owner(test, t->client[i], i);
	}
	return t;
}

static void lease_drop(struct kunit *test, struct grant_test *t, int i)
{
	if (!t->lease[i])
		return;
	ditto_lease_return(t->lease[i]);
	claim_flush(test);
	ditto_lease_put(t->lease[i]);
	t->lease[i] = NULL;
}

static void lease_end(struct kunit *test, struct grant_test *t)
{
	for (u32 i = 0; i < HOLDERS; i++) {
		lease_drop(test, t, i);
		if (t->open[i])
			ditto_open_release(t->open[i]);
		ditto_owner_put(t->key[i]);
		claim_client_end(test, t->client[i]);
		KUNIT_EXPECT_EQ(test, atomic_read(&t->told[i].grants), 0);
	}
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, refcount_read(&t->node->ref), 1);
}

/* Request a grant. Returns the bits granted, 0 if none. */
static u8 lease_grant(struct grant_test *t, int i, enum ditto_lease_type style, u8 want)
{
	struct ditto_lease *lease = claim_grant(t->node, t->key[i], style, want, &t->told[i]);

	if (IS_ERR(lease))
		return 0;
	if (t->lease[i])
		ditto_lease_put(lease);
	t->lease[i] = lease;
	return ditto_lease_bits(lease);
}

static enum ditto_answer lease_check(struct grant_test *t, int i, enum ditto_intent_kind kind)
{
	struct ditto_actor actor = {};
	struct ditto_intent intent = { .kind = kind, .access = DITTO_OPEN_READ, .last = 9 };

	if (i >= 0) {
		actor.owner = t->key[i];
		actor.lease_owner = t->key[i];
	}
	return ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
}

static void fits_beside_a_grant(struct kunit *test)
{
	static const u8 table[][3] = {
		/* held, requested, granted */
		{ R, R, R }, { R, R | H, R | H }, { R, RHW, R | H }, { R, R | W, R },
		{ R | H, R | H, R | H }, { R | H, RHW, R | H }, { R | H, W, 0 },
		{ R | W, R, 0 }, { RHW, RHW, 0 }, { R, H, 0 }, { R, H | W, 0 },
	};
	struct grant_test *t = lease_begin(test);

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, table[i][0]),
				table[i][0]);
		KUNIT_EXPECT_EQ_MSG(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, table[i][1]),
				    table[i][2], "held %u, wanted %u", table[i][0],
				    table[i][1]);
		claim_flush(test);
		KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].breaks), 0);
		lease_drop(test, t, 0);
		lease_drop(test, t, 1);
	}
	lease_end(test, t);
}

static void fits_beside_other_claims(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct ditto_actor actor = { .owner = t->key[0] };
	struct ditto_range_request req = claim_req(t->node, t->key[0], false, 0, 9);
	struct ditto_open *open;

	/* An open for reading excludes WRITE; one for writing excludes all of a delegation. */
	open = ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_READ, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R | H);
	lease_drop(test, t, 1);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DELEGATION, RHW), R | H);
	lease_drop(test, t, 1);
	KUNIT_EXPECT_EQ(test, ditto_open_change(open, DITTO_OPEN_WRITE, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R | H);
	lease_drop(test, t, 1);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DELEGATION, RHW), 0);
	/* The holder's own open does not count. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, RHW), RHW);
	lease_drop(test, t, 0);
	ditto_open_release(open);
	/*
	 * An open of attributes excludes nothing, one of the access control list WRITE of a lease.
	 */
	open = ditto_open_claim(&t->node->point, &actor, 0, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	lease_drop(test, t, 1);
	ditto_open_release(open);
	open = ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_ACL, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, ditto_open_access(open), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R | H);
	lease_drop(test, t, 1);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	lease_drop(test, t, 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DELEGATION, RHW), RHW);
	lease_drop(test, t, 1);
	ditto_open_release(open);
	/* It does not break WRITE of an existing lease. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	open = ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_ACL, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	lease_drop(test, t, 1);
	ditto_open_release(open);

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R | H);
	lease_drop(test, t, 1);
	req.exclusive = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), 0);
	/* There is nothing to read behind the end of the file. */
	t->node->size = 0;
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R | H);
	lease_drop(test, t, 1);
	t->node->size = 1;
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	lease_drop(test, t, 0);
	ditto_range_release_owner(&t->node->point, t->key[0]);
	/* WRITE has no meaning for a directory. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DIRECTORY, RHW), R | H);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DIRECTORY_DELEGATION, RHW), R | H);
	lease_drop(test, t, 1);
	lease_drop(test, t, 0);
	lease_end(test, t);
}

/* The bits that a random run expects each holder to have. */
static u8 model[HOLDERS];

static u8 model_fit(int i, u8 want)
{
	for (int j = 0; j < HOLDERS; j++) {
		if (j == i || !model[j])
			continue;
		want = model[j] & W ? 0 : want & ~W;
	}
	return want & R ? want : 0;
}

/* The holder of WRITE answers at once, so the model needs no time. */
static void model_step(struct kunit *test, struct grant_test *t, struct rnd_state *rnd)
{
	int i = prandom_u32_state(rnd) % HOLDERS, op = prandom_u32_state(rnd) % 8;
	u8 want = prandom_u32_state(rnd) % 8, expect;

	if (op < 4) {
		expect = model_fit(i, want | model[i]);
		/*
		 * A first grant may be a part of the request; a second one is everything or
		 * nothing.
		 */
		if (model[i] && expect != (want | model[i]))
			expect = model[i];
		KUNIT_ASSERT_EQ(test, lease_grant(t, i, DITTO_LEASE_TYPE_LEASE, want), expect);
		model[i] = expect;
	} else if (op == 4) {
		lease_drop(test, t, i);
		model[i] = 0;
	} else {
		static const enum ditto_intent_kind kinds[] = {
			DITTO_INTENT_READ, DITTO_INTENT_WRITE, DITTO_INTENT_REMOVE,
		};
		static const u8 left[] = { R | H, 0, R | W };
		bool waits = false;

		for (int j = 0; j < HOLDERS; j++) {
			u8 gone = j == i ? 0 : model[j] & ~left[op - 5];

			waits |= gone & (op == 7 ? H : W);
			model[j] &= ~gone;
		}
		KUNIT_ASSERT_EQ(test, lease_check(t, i, kinds[op - 5]),
				waits ? DITTO_BREAKING : DITTO_ALLOWED);
		claim_flush(test);
	}
	for (int j = 0; j < HOLDERS; j++) {
		KUNIT_ASSERT_EQ(test, t->lease[j] ? ditto_lease_bits(t->lease[j]) : 0, model[j]);
		/* A holder drops a grant that is void. */
		if (!model[j])
			lease_drop(test, t, j);
	}
}

static void random_like_a_truth_table(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 20);
	memset(model, 0, sizeof(model));
	for (int i = 0; i < HOLDERS; i++)
		t->told[i].obey = true;
	for (u32 n = 0; n < ditto_test_rounds(OPERATIONS); n++) {
		model_step(test, t, &rnd);
		if (n % 1024 == 0)
			cond_resched();
	}
	lease_end(test, t);
}

static void deadline_begins_with_the_break(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	/* The time it was held before the break does not count. */
	claim_now += 1000000;
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_READ), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, t->told[0].keep, R | H);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(t->lease[0]));
	claim_now += 34999;
	claim_poke(test, t->lease[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].revokes), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), RHW);
	/* The grant ends without a further check, and with all its bits. */
	claim_now++;
	claim_poke(test, t->lease[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].revokes), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R | H), -ENOENT);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_READ), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, ditto_locks_events(claim_table(test), DITTO_LOCK_REVOKED), 1);
	lease_end(test, t);
}

/* RWH to RH to R to nothing; each step is answered and has its own deadline. */
static void cascade_goes_by_steps(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct claim_told *told = &t->told[0];

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_OPEN), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, told->keep, R | H);
	/* Meanwhile another operation needs more. */
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->breaks), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], RHW), -EINVAL);
	claim_now += 30000;
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R | H), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->breaks), 2);
	KUNIT_EXPECT_EQ(test, told->keep, R);
	KUNIT_EXPECT_TRUE(test, told->ack);
	claim_now += 30000;
	claim_poke(test, t->lease[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->revokes), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->breaks), 3);
	KUNIT_EXPECT_EQ(test, told->keep, 0);
	/* Only READ was left, so no answer is awaited. */
	KUNIT_EXPECT_FALSE(test, told->ack);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], 0), -ENOENT);
	lease_end(test, t);
}

struct waiting {
	struct ditto_park park;
	atomic_t woken;
};

static void park_woken(struct ditto_park *park)
{
	atomic_inc(&container_of(park, struct waiting, park)->woken);
}

/* A caller that waits for WRITE waits until the break is over, including steps for others. */
static void waits_for_every_step(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct ditto_intent intent = { .kind = DITTO_INTENT_OPEN, .access = DITTO_OPEN_READ };
	struct ditto_actor actor = { .owner = t->key[1], .lease_owner = t->key[1] };
	struct waiting *waiting = kunit_kzalloc(test, sizeof(*waiting), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, waiting);
	ditto_park_init(&waiting->park, park_woken);
	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, &waiting->park,
						NULL), DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, lease_check(t, 2, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R | H), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, t->told[0].keep, R);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiting->woken), 0);
	/* After this answer only READ is left, which needs no answer. */
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiting->woken), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), 0);
	lease_end(test, t);
}

/* A request that breaks a grant when its turn comes wakes parked operations. */
static void turn_of_a_request_wakes(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct ditto_intent intent = { .kind = DITTO_INTENT_REMOVE };
	struct ditto_range_request held = claim_req(t->node, t->key[0], true, 0, 9);
	struct ditto_range_request want = claim_req(t->node, t->key[2], true, 0, 9);
	struct ditto_lease_request reader = {
		.point = &t->node->point, .actor.owner = t->key[0], .actor.lease_owner = t->key[1],
		.style = DITTO_LEASE_TYPE_LEASE, .want = R, .ops = &claim_lease_ops,
		.private = &t->told[1],
	};
	struct waiting *waiting = kunit_kzalloc(test, sizeof(*waiting), GFP_KERNEL);
	struct claim_wait *wait = claim_wait(test);

	KUNIT_ASSERT_NOT_NULL(test, waiting);
	ditto_park_init(&waiting->park, park_woken);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&held, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R | H), R | H);
	atomic_inc(&t->told[1].grants);
	t->lease[1] = ditto_lease_grant(&reader);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->lease[1]));
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&want, &wait->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, NULL, &waiting->park,
						NULL), DITTO_BREAKING);
	claim_flush(test);
	/* The reader's break needs no answer. */
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&held), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&wait->granted), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[1]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&waiting->woken), 1);
	ditto_range_release_owner(&t->node->point, t->key[2]);
	lease_end(test, t);
}

/* Grant a lease of the older kind. */
static u8 grant_older(struct kunit *test, struct grant_test *t, int i, u8 want)
{
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->key[i], .want = want,
		.style = DITTO_LEASE_TYPE_LEASE, .older = true, .break_ms = 35000,
		.ops = &claim_lease_ops, .private = &t->told[i],
	};
	struct ditto_lease *lease = ditto_lease_grant(&req);

	if (IS_ERR(lease))
		return 0;
	KUNIT_ASSERT_NULL(test, t->lease[i]);
	atomic_inc(&t->told[i].grants);
	t->lease[i] = lease;
	return ditto_lease_bits(lease);
}

/* Older leases exclude HANDLE of others; reading the access control list breaks their WRITE. */
static void older_leases(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);
	struct ditto_intent look = { .kind = DITTO_INTENT_OPEN, .access = DITTO_OPEN_ACL };
	struct ditto_actor actor = { .owner = t->key[3], .lease_owner = t->key[3] };
	struct ditto_lock_point *point = &t->node->point;

	KUNIT_EXPECT_EQ(test, grant_older(test, t, 0, R), R);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), R);
	KUNIT_EXPECT_EQ(test, grant_older(test, t, 2, R), R);
	lease_drop(test, t, 0);
	lease_drop(test, t, 1);
	lease_drop(test, t, 2);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(point, &look, &actor, NULL, NULL), DITTO_ALLOWED);
	lease_drop(test, t, 1);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, R | H), R | H);
	KUNIT_EXPECT_EQ(test, grant_older(test, t, 0, R), 0);
	lease_drop(test, t, 1);
	/* A delegation does not exclude them. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DELEGATION, R | H), R | H);
	KUNIT_EXPECT_EQ(test, grant_older(test, t, 0, R), R);
	lease_drop(test, t, 1);
	lease_drop(test, t, 0);
	KUNIT_EXPECT_EQ(test, grant_older(test, t, 0, RHW), RHW);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(point, &look, &actor, NULL, NULL),
			DITTO_BREAKING);
	claim_flush(test);
	lease_end(test, t);
}

/* A holder is notified once of a repeated break, and may keep less. */
static void breaks_coalesce(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	for (int i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, lease_check(t, 1 + i % 3, DITTO_INTENT_READ), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].breaks), 1);
	/* During a break, another request with the key does not widen the grant. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(t->lease[0]));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], R), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), R);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_READ), DITTO_ALLOWED);
	/* Afterwards it may be widened again. */
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R | H), R | H);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, R), 0);
	lease_end(test, t);
}

/* A holder of READ is only notified; one of RH answers. The change waits for neither. */
static void readers_are_told_only(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R), R);
	KUNIT_ASSERT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, R | H), R | H);
	KUNIT_EXPECT_EQ(test, lease_check(t, 2, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	claim_flush(test);
	KUNIT_EXPECT_FALSE(test, t->told[0].ack);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[0]), 0);
	KUNIT_EXPECT_TRUE(test, t->told[1].ack);
	KUNIT_EXPECT_EQ(test, t->told[1].keep, 0);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(t->lease[1]));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[1], 0), 0);
	lease_end(test, t);
}

static void recall_quiets_the_node(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, R | H), R | H);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_REMOVE), DITTO_BREAKING);
	claim_flush(test);
	lease_drop(test, t, 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_REMOVE), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, R | H), 0);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R), R);
	lease_drop(test, t, 0);
	claim_now += DITTO_QUIET_MS - 1;
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, R | H), 0);
	claim_now++;
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_DELEGATION, R | H), R | H);
	lease_end(test, t);
}

/* A grant made between check and operation is broken before the reply. */
static void recheck_breaks_late_grants(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };
	struct grant_test *t = lease_begin(test);

	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	ditto_claim_recheck(&t->node->point, &intent, NULL);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].breaks), 1);
	KUNIT_EXPECT_EQ(test, t->told[0].keep, 0);
	lease_end(test, t);
}

/* A change ends after its holders were notified, without waiting for their answers. */
static void told_before_it_is_done(struct kunit *test)
{
	static const struct {
		enum ditto_lease_type style;
		u8 bits;
		enum ditto_intent_kind kind;
	} table[] = {
		{ DITTO_LEASE_TYPE_LEASE, R, DITTO_INTENT_WRITE },
		{ DITTO_LEASE_TYPE_LEASE, R | H, DITTO_INTENT_WRITE },
		{ DITTO_LEASE_TYPE_DIRECTORY, R, DITTO_INTENT_ENTRY },
		{ DITTO_LEASE_TYPE_DIRECTORY, R | H, DITTO_INTENT_ENTRY },
	};
	struct grant_test *t = lease_begin(test);

	t->told[0].slow_ms = 20;
	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		struct ditto_intent intent = { .kind = table[i].kind, .last = 9 };

		KUNIT_ASSERT_EQ(test, lease_grant(t, 0, table[i].style, table[i].bits),
				table[i].bits);
		KUNIT_EXPECT_EQ(test, lease_check(t, 1, intent.kind), DITTO_ALLOWED);
		ditto_claim_recheck(&t->node->point, &intent, NULL);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->told[0].breaks), i + 1, "row %d", i);
		lease_drop(test, t, 0);
	}
	lease_end(test, t);
}

/* Nor does it end before a holder knows of its revocation. */
static void void_before_it_is_done(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	t->told[0].slow_ms = 20;
	claim_now += 35000;
	/* The deadline passes, and the change no longer finds the grant. */
	mod_delayed_work(t->node->point.table->wq, &t->lease[0]->expire, 0);
	flush_delayed_work(&t->lease[0]->expire);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	ditto_claim_recheck(&t->node->point, &intent, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].revokes), 1);
	lease_end(test, t);
}

/* A holder that changes the node in its callback does not wait for itself. */
static void told_by_itself(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 9 };
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R | H), R | H);
	t->told[0].changes_point = &t->node->point;
	ditto_claim_recheck(&t->node->point, &intent, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].breaks), 1);
	lease_end(test, t);
}

static struct ditto_lease *grant_notified(struct grant_test *t, int i, bool attrs)
{
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->key[i],
		.style = DITTO_LEASE_TYPE_DIRECTORY, .want = R | H, .notify = true,
		.notify_attrs = attrs,
		.break_ms = 1000, .ops = &claim_lease_ops, .private = &t->told[i],
	};

	atomic_inc(&t->told[i].grants);
	return ditto_lease_grant(&req);
}

/* The end of a grant that takes no changes does not end the delivery to others. */
static void changes_after_another_ended(struct kunit *test)
{
	struct ditto_entry_change change = { .event = DITTO_ENTRY_ADDED, .name = "new", .len = 3 };
	struct grant_test *t = lease_begin(test);

	t->lease[0] = grant_notified(t, 0, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->lease[0]));
	KUNIT_ASSERT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_DIRECTORY, R), R);
	ditto_lease_break(t->lease[1], R);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(t->lease[1]), 0);
	ditto_lease_deliver(&t->node->point, NULL, &change);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].changes), 1);
	lease_end(test, t);
}

static void changes_are_delivered(struct kunit *test)
{
	struct ditto_entry_change change = { .event = DITTO_ENTRY_ADDED, .name = "new", .len = 3 };
	struct grant_test *t = lease_begin(test);
	struct ditto_actor actor = { .lease_owner = t->key[1] };

	t->lease[0] = grant_notified(t, 0, false);
	t->lease[1] = grant_notified(t, 1, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->lease[0]) || IS_ERR(t->lease[1]));
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_ENTRY), DITTO_ALLOWED);
	ditto_lease_deliver(&t->node->point, &actor, &change);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].changes), 1);
	KUNIT_EXPECT_STREQ(test, t->told[0].name, "new");
	/* The caller that made the change is not notified, and nothing is broken. */
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[1].changes), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].breaks), 0);
	/* Changes of what entries name are delivered to those who asked for them. */
	change.event = DITTO_ENTRY_ATTRIBUTES;
	ditto_lease_deliver(&t->node->point, NULL, &change);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].changes), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[1].changes), 1);
	change.event = DITTO_ENTRY_ADDED;
	/* A holder that takes no changes loses READ, and with it the grant. */
	for (u32 i = 0; i < 100 * DITTO_CHANGES_PER_LEASE &&
	     !ditto_lease_breaking(t->lease[0]); i++)
		ditto_lease_deliver(&t->node->point, &actor, &change);
	claim_flush(test);
	lease_end(test, t);
}

/* A test of a range takes what may hide ranges, and leaves what only a range would take. */
static void tests_take_what_hides(struct kunit *test)
{
	static const struct {
		enum ditto_lease_type style;
		u8 held;
		bool exclusive;
		int err;
		u8 left;
	} table[] = {
		{ DITTO_LEASE_TYPE_LEASE, R, true, 0, R },
		{ DITTO_LEASE_TYPE_LEASE, R | H, true, 0, R | H },
		{ DITTO_LEASE_TYPE_LEASE, RHW, true, -EBUSY, R | H },
		{ DITTO_LEASE_TYPE_LEASE, RHW, false, -EBUSY, R | H },
		{ DITTO_LEASE_TYPE_DELEGATION, R | H, false, 0, R | H },
		/* Last, as none is granted for a while after a recall. */
		{ DITTO_LEASE_TYPE_DELEGATION, R | H, true, -EBUSY, 0 },
	};
	struct grant_test *t = lease_begin(test);
	struct ditto_range_request req = {
		.point = &t->node->point, .owner = t->key[1], .lease_owner = t->key[1], .last = 9,
	};

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		KUNIT_ASSERT_EQ(test, lease_grant(t, 0, table[i].style, table[i].held),
				table[i].held);
		req.exclusive = table[i].exclusive;
		KUNIT_EXPECT_EQ_MSG(test, ditto_range_test(&req, NULL), table[i].err, "row %d", i);
		claim_flush(test);
		if (table[i].err) {
			KUNIT_EXPECT_EQ_MSG(test, t->told[0].keep, table[i].left, "row %d", i);
			KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[0], table[i].left), 0);
		}
		KUNIT_EXPECT_EQ_MSG(test, ditto_lease_bits(t->lease[0]), table[i].left,
				    "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, ditto_range_test(&req, NULL), 0, "row %d", i);
		lease_drop(test, t, 0);
	}
	lease_end(test, t);
}

/* The client is released during a break, and the node before the holder was notified. */
static void release_ends_breaks(struct kunit *test)
{
	struct grant_test *t = lease_begin(test);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_BREAKING);
	claim_flush(test);
	ditto_client_release(&t->client[0]->client, "test");
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[0].revokes), 1);
	KUNIT_EXPECT_EQ(test, lease_check(t, 1, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, lease_grant(t, 0, DITTO_LEASE_TYPE_LEASE, R), 0);

	KUNIT_ASSERT_EQ(test, lease_grant(t, 1, DITTO_LEASE_TYPE_LEASE, RHW), RHW);
	KUNIT_EXPECT_EQ(test, lease_check(t, 2, DITTO_INTENT_WRITE), DITTO_BREAKING);
	ditto_lock_point_release(&t->node->point, "test");
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told[1].revokes), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(t->lease[1], 0), -ENOENT);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	lease_end(test, t);
}

static struct kunit_case claim_grant_cases[] = {
	KUNIT_CASE(fits_beside_a_grant),
	KUNIT_CASE(tests_take_what_hides),
	KUNIT_CASE(fits_beside_other_claims),
	KUNIT_CASE_SLOW(random_like_a_truth_table),
	KUNIT_CASE(deadline_begins_with_the_break),
	KUNIT_CASE(cascade_goes_by_steps),
	KUNIT_CASE(waits_for_every_step),
	KUNIT_CASE(turn_of_a_request_wakes),
	KUNIT_CASE(older_leases),
	KUNIT_CASE(breaks_coalesce),
	KUNIT_CASE(readers_are_told_only),
	KUNIT_CASE(recall_quiets_the_node),
	KUNIT_CASE(recheck_breaks_late_grants),
	KUNIT_CASE(told_before_it_is_done),
	KUNIT_CASE(void_before_it_is_done),
	KUNIT_CASE(told_by_itself),
	KUNIT_CASE(changes_after_another_ended),
	KUNIT_CASE(changes_are_delivered),
	KUNIT_CASE(release_ends_breaks),
	{}
};

static struct kunit_suite claim_grant_suite = {
	.name = "claim_cache",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_grant_cases,
};

kunit_test_suite(claim_grant_suite);
