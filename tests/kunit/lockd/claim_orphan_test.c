// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orphans: delegations that a client inherits from the one that it replaces, until it adopts them
 * or somebody else needs the file.
 */
#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "../../../lockd/orphan.h"
#include "claim_common.h"

#define RH (DITTO_LEASE_READ | DITTO_LEASE_HANDLE)
#define RHW DITTO_LEASE_ALL

#define NODES 3

enum { OLD, HEIR, OTHER, CLIENTS };

/**
 * struct orphan_test - a client, the one that replaces it, and another one
 * @node: the nodes
 * @client: by OLD, HEIR, OTHER
 * @owner: an owner of each
 * @key: key of the heir for its orphans
 * @told: callbacks of the grants that are no orphans
 * @orphans: number of orphans that are not freed
 */
struct orphan_test {
	struct claim_node *node[NODES];
	struct claim_client *client[CLIENTS];
	struct ditto_owner *owner[CLIENTS];
	struct ditto_owner *key;
	struct claim_told told;
	atomic_t orphans;
};

static void orphan_freed(struct ditto_lease *lease)
{
	struct orphan_test *t = ditto_lease_private(lease);

	atomic_dec(&t->orphans);
}

/* No other callback may be called. */
static const struct ditto_lease_ops orphan_ops = {
	.free = orphan_freed,
};

static struct orphan_test *orphan_begin(struct kunit *test)
{
	static const char *const names[] = { "old", "heir", "other" };
	struct orphan_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (int i = 0; i < NODES; i++)
		t->node[i] = claim_node(test);
	for (u32 i = 0; i < CLIENTS; i++) {
		t->client[i] = claim_client(test, names[i], 0);
		t->owner[i] = claim_owner(test, t->client[i], i);
	}
	t->key = claim_owner(test, t->client[HEIR], 100);
	return t;
}

static void orphan_end(struct kunit *test, struct orphan_test *t)
{
	ditto_owner_put(t->key);
	for (u32 i = 0; i < CLIENTS; i++) {
		ditto_owner_put(t->owner[i]);
		claim_client_end(test, t->client[i]);
	}
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->orphans), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->delegations.held), 0);
	for (int i = 0; i < NODES; i++)
		KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node[i]->point.ctx));
}

/* A delegation of the old client, which nobody but the table refers to. */
static void orphan_delegate(struct kunit *test, struct orphan_test *t, int node, u8 want)
{
	struct ditto_lease *lease = claim_grant(t->node[node], t->owner[OLD],
						DITTO_LEASE_TYPE_DELEGATION, want, &t->told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), want);
	ditto_lease_put(lease);
}

static unsigned int orphan_inherit(struct orphan_test *t, unsigned int most)
{
	unsigned int count;

	/* Freed ones count down, maybe before the call returns. */
	count = ditto_orphans_inherit(&t->client[OLD]->client, t->key, &orphan_ops, t, most);
	atomic_add(count, &t->orphans);
	return count;
}

static u8 orphan_on(struct orphan_test *t, int node)
{
	return ditto_orphan_bits(&t->node[node]->point, t->key);
}

static struct ditto_lease *orphan_adopt(struct orphan_test *t, int node, u8 want)
{
	struct ditto_lease_request req = {
		.point = &t->node[node]->point, .actor.lease_owner = t->owner[HEIR],
		.style = DITTO_LEASE_TYPE_DELEGATION, .want = want, .break_ms = 35000,
		.adopts = t->key, .ops = &claim_lease_ops, .private = &t->told,
	};
	struct ditto_lease *lease = ditto_lease_grant(&req);

	if (!IS_ERR(lease))
		atomic_inc(&t->told.grants);
	return lease;
}

static enum ditto_answer orphan_check(struct orphan_test *t, int client, int node,
				      enum ditto_intent_kind kind, u8 access)
{
	struct ditto_actor actor = {
		.owner = t->owner[client], .lease_owner = t->owner[client],
	};
	struct ditto_intent intent = { .kind = kind, .access = access, .last = 9 };

	return ditto_claim_check(&t->node[node]->point, &intent, &actor, NULL, NULL);
}

/* The old client ends without a callback, and what it had stays with the heir. */
static void passed_on(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);

	orphan_delegate(test, t, 0, RH);
	orphan_delegate(test, t, 1, RHW);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 2);
	ditto_client_release(&t->client[OLD]->client, "restarted");
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.revokes), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), RH);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 1), RHW);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 2), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->client[HEIR]->client.delegations.held), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&claim_table(test)->delegations.held), 2);
	orphan_end(test, t);
}

/* Nobody is asked, nobody waits, and only what conflicts goes. */
static void gives_way(struct kunit *test)
{
	static const struct {
		u8 held;
		int client;
		enum ditto_intent_kind kind;
		u8 access;
		bool stays;
	} table[] = {
		{ RH, OTHER, DITTO_INTENT_OPEN, DITTO_OPEN_READ, true },
		{ RH, OTHER, DITTO_INTENT_READ, 0, true },
		{ RHW, OTHER, DITTO_INTENT_GETATTR, 0, true },
		{ RHW, HEIR, DITTO_INTENT_OPEN, DITTO_OPEN_WRITE, true },
		{ RHW, HEIR, DITTO_INTENT_WRITE, 0, true },
		{ RHW, OTHER, DITTO_INTENT_READ, 0, false },
		{ RHW, OTHER, DITTO_INTENT_OPEN, DITTO_OPEN_READ, false },
		{ RH, OTHER, DITTO_INTENT_OPEN, DITTO_OPEN_WRITE, false },
		{ RH, OTHER, DITTO_INTENT_WRITE, 0, false },
		{ RH, OTHER, DITTO_INTENT_SETATTR, 0, false },
		{ RH, OTHER, DITTO_INTENT_REMOVE, 0, false },
		{ RH, OTHER, DITTO_INTENT_RANGE_EXCLUSIVE, 0, false },
	};
	struct orphan_test *t = orphan_begin(test);

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		orphan_delegate(test, t, 0, table[i].held);
		KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
		KUNIT_EXPECT_EQ_MSG(test, orphan_check(t, table[i].client, 0, table[i].kind,
						       table[i].access), DITTO_ALLOWED,
				    "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, orphan_on(t, 0), table[i].stays ? table[i].held : 0,
				    "row %d", i);
		ditto_orphan_drop(&t->node[0]->point, t->key);
	}
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 0);
	orphan_end(test, t);
}

/* A courtesy client loses its orphan to a conflict, and nothing else. */
static void of_a_courtesy_client(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);

	orphan_delegate(test, t, 0, RHW);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[HEIR]->client, true));
	KUNIT_EXPECT_EQ(test, orphan_check(t, OTHER, 0, DITTO_INTENT_WRITE, 0), DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client[HEIR]->client, false));
	orphan_end(test, t);
}

/* The heir's ranges count although it has an orphan with WRITE. */
static void hides_no_ranges(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);
	struct ditto_range_request req;

	orphan_delegate(test, t, 0, RHW);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
	req = claim_req(t->node[0], t->owner[HEIR], true, 0, 9);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, orphan_check(t, OTHER, 0, DITTO_INTENT_RANGE_EXCLUSIVE, 0),
			DITTO_DENIED);
	orphan_end(test, t);
}

/* What is adopted is a delegation like any other, and is adopted once. */
static void adopted_once(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);
	struct ditto_lease *lease;

	orphan_delegate(test, t, 0, RHW);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR(orphan_adopt(t, 1, RHW)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, PTR_ERR(orphan_adopt(t, 0, RH)), -EAGAIN);
	/* A recall of another file's holder would forbid a new delegation, but this is none. */
	t->node[0]->point.quiet_until = U64_MAX;
	lease = orphan_adopt(t, 0, RHW);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), RHW);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->orphans), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->client[HEIR]->client.delegations.held), 1);
	KUNIT_EXPECT_EQ(test, orphan_check(t, OTHER, 0, DITTO_INTENT_WRITE, 0), DITTO_BREAKING);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.breaks), 1);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	KUNIT_EXPECT_EQ(test, PTR_ERR(orphan_adopt(t, 0, RHW)), -EAGAIN);
	orphan_end(test, t);
}

/* Orphans are passed on with the rest, up to the limit, and are never more than the limit. */
static void inherited_again(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);
	struct ditto_owner *key = claim_owner(test, t->client[OTHER], 100);

	for (int i = 0; i < NODES; i++)
		orphan_delegate(test, t, i, RH);
	claim_table(test)->settings.delegations_per_client = 2;
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 2);
	KUNIT_EXPECT_EQ(test, ditto_orphans_inherit(&t->client[HEIR]->client, key, &orphan_ops, t,
						    1), 1);
	/* One was freed with the key of the heir, and one came. */
	atomic_inc(&t->orphans);
	KUNIT_EXPECT_EQ(test, ditto_orphan_bits(&t->node[0]->point, key), RH);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), 0);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 1), RH);
	ditto_owner_put(key);
	orphan_end(test, t);
}

/* A delegation that is being recalled is not passed on: somebody waits for it. */
static void not_while_recalled(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);

	orphan_delegate(test, t, 0, RHW);
	orphan_delegate(test, t, 1, RHW);
	KUNIT_EXPECT_EQ(test, orphan_check(t, OTHER, 0, DITTO_INTENT_WRITE, 0), DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), 0);
	KUNIT_EXPECT_EQ(test, orphan_on(t, 1), RHW);
	ditto_client_release(&t->client[OLD]->client, "restarted");
	KUNIT_EXPECT_EQ(test, orphan_check(t, OTHER, 0, DITTO_INTENT_WRITE, 0), DITTO_ALLOWED);
	orphan_end(test, t);
}

/* All at once, beside claims of other kinds, and by the share. */
static void given_up(struct kunit *test)
{
	struct orphan_test *t = orphan_begin(test);
	struct ditto_actor actor = { .owner = t->owner[HEIR] };
	struct ditto_open *open;

	for (int i = 0; i < NODES; i++)
		orphan_delegate(test, t, i, RH);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), NODES);
	open = ditto_open_claim(&t->node[0]->point, &actor, DITTO_OPEN_READ, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	ditto_orphans_drop(&t->client[HEIR]->client);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->orphans), 0);
	KUNIT_EXPECT_TRUE(test, ditto_open_held(open));
	ditto_open_release(open);

	orphan_delegate(test, t, 0, RH);
	KUNIT_EXPECT_EQ(test, orphan_inherit(t, UINT_MAX), 1);
	ditto_locks_release_share(claim_table(test), 0, "share removed");
	KUNIT_EXPECT_EQ(test, orphan_on(t, 0), 0);
	orphan_end(test, t);
}

static struct kunit_case claim_orphan_cases[] = {
	KUNIT_CASE(passed_on),
	KUNIT_CASE(gives_way),
	KUNIT_CASE(of_a_courtesy_client),
	KUNIT_CASE(hides_no_ranges),
	KUNIT_CASE(adopted_once),
	KUNIT_CASE(inherited_again),
	KUNIT_CASE(not_while_recalled),
	KUNIT_CASE(given_up),
	{}
};

static struct kunit_suite claim_orphan_suite = {
	.name = "ditto_claim_orphan",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_orphan_cases,
};

kunit_test_suite(claim_orphan_suite);
