// SPDX-License-Identifier: GPL-2.0-only
/* The summaries in the trees of ranges, against what their ranges say. */
#include <linux/prandom.h>

#include "../../../lockd/lock_ctx_private.h"
#include "../../../lockd/range_private.h"
#include "../rounds.h"
#include "claim_common.h"

#define OPERATIONS	20000
#define CLIENTS		3
#define OWNERS		6
/* The space is wide, so that there are many ranges. */
#define SPACE		4096
#define LENGTH		8

struct tree_test {
	struct claim_client *client[CLIENTS];
	struct claim_node *node;
	struct ditto_owner *owner[OWNERS];
	struct rnd_state rnd;
};

static u32 tree_random(struct tree_test *t, u32 below)
{
	return prandom_u32_state(&t->rnd) % below;
}

static struct ditto_range *range_at(struct rb_node *rb)
{
	return rb_entry_safe(rb, struct ditto_range, by_first);
}

static void expect_sum(struct kunit *test, const struct ditto_range *range)
{
	const struct ditto_owner *owner = range->claim.owner;
	struct ditto_range_sum want = {
		.last = range->last, .owner = owner, .client = owner->client,
	};
	const struct ditto_range *child[] = {
		range_at(range->by_first.rb_left), range_at(range->by_first.rb_right),
	};

	for (int i = 0; i < ARRAY_SIZE(child); i++) {
		if (!child[i])
			continue;
		want.last = max(want.last, child[i]->subtree.last);
		if (child[i]->subtree.owner != owner)
			want.owner = NULL;
		if (child[i]->subtree.client != owner->client)
			want.client = NULL;
	}
	KUNIT_ASSERT_EQ(test, range->subtree.last, want.last);
	KUNIT_ASSERT_PTR_EQ(test, range->subtree.owner, want.owner);
	KUNIT_ASSERT_PTR_EQ(test, range->subtree.client, want.client);
}

/* Returns the number of ranges. */
static u32 expect_sums(struct kunit *test, const struct tree_test *t)
{
	const struct ditto_lock_ctx *ctx = rcu_dereference_protected(t->node->point.ctx, true);
	u32 n = 0;

	for (int row = 0; ctx && row < DITTO_RANGE_ROWS; row++) {
		const struct rb_root *root = &ctx->busy->ranges[row];

		for (struct rb_node *rb = rb_first(root); rb; rb = rb_next(rb), n++)
			expect_sum(test, range_at(rb));
	}
	return n;
}

static void tree_step(struct tree_test *t)
{
	struct ditto_range_request req = {
		.point = &t->node->point, .owner = t->owner[tree_random(t, OWNERS)],
		.discipline = tree_random(t, 2) ? DITTO_POSIX : DITTO_EXACT,
		.exclusive = tree_random(t, 2), .first = tree_random(t, SPACE),
	};

	/* Now and then one that ends behind all others. */
	req.last = tree_random(t, 16) ? req.first + tree_random(t, LENGTH) : U64_MAX;
	/* Whether it is refused is the matter of other cases. */
	if (tree_random(t, 3))
		ditto_range_lock(&req, NULL, NULL);
	else
		ditto_range_unlock(&req);
}

static void sums_of_subtrees(struct kunit *test)
{
	struct tree_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	u32 most = 0;

	KUNIT_ASSERT_NOT_NULL(test, t);
	prandom_seed_state(&t->rnd, 17);
	t->node = claim_node(test);
	for (u32 i = 0; i < CLIENTS; i++)
		t->client[i] = claim_client(test, "client", 0);
	for (u32 i = 0; i < OWNERS; i++)
		t->owner[i] = claim_owner(test, t->client[i % CLIENTS], i);
	for (u32 i = 0; i < ditto_test_rounds(OPERATIONS); i++) {
		tree_step(t);
		if (i % 16 == 0)
			most = max(most, expect_sums(test, t));
	}
	KUNIT_EXPECT_GT(test, most, 100);
	for (u32 i = 0; i < OWNERS; i++) {
		ditto_range_release_owner(&t->node->point, t->owner[i]);
		expect_sums(test, t);
		ditto_owner_put(t->owner[i]);
	}
	for (u32 i = 0; i < CLIENTS; i++)
		claim_client_end(test, t->client[i]);
}

static struct kunit_case claim_tree_cases[] = {
	KUNIT_CASE_SLOW(sums_of_subtrees),
	{}
};

static struct kunit_suite claim_tree_suite = {
	.name = "claim_tree",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_tree_cases,
};

kunit_test_suite(claim_tree_suite);
