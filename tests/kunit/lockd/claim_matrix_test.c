// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole matrix: every kind of claim against every intent, of a stranger, of
 * another owner of the same client and of the holder itself, with and without
 * mandatory ranges of its own.
 *
 * The expectation is written here a second time, as letters:
 *   -	allowed
 *   D	denied to all
 *   d	denied to all but the holder
 *   x	denied to callers whose own ranges are mandatory, except the holder
 *   b	the holder must answer a break first
 *   t	the holder is notified, and the operation continues
 */
#include "claim_common.h"

/* read write size getattr setattr open remove rename replace link entry child shared exclusive */
static const char *const expected[DITTO_HELDS] = {
	[DITTO_HELD_POSIX_SHARED]		= "-xx----------d",
	[DITTO_HELD_POSIX_EXCLUSIVE]		= "xxx---------dd",
	[DITTO_HELD_EXACT_SHARED]		= "-DD----------D",
	[DITTO_HELD_EXACT_EXCLUSIVE]		= "ddd---------dD",
	[DITTO_HELD_OPEN]			= "ddd--dddd-----",
	[DITTO_HELD_LEASE]			= "bbb--bbbb---bb",
	[DITTO_HELD_DELEGATION]			= "bbb-bbbbbb--bb",
	[DITTO_HELD_DIRECTORY]			= "------bbb-tt--",
	[DITTO_HELD_DIRECTORY_DELEGATION]	= "----b-bbb-b---",
};

/* Bits that a grant of all bits may keep, as DITTO_LEASE_* bits. */
static const char *const expected_keep[DITTO_HELDS] = {
	[DITTO_HELD_LEASE]			= "300--3555---30",
	[DITTO_HELD_DELEGATION]			= "300-030000--30",
	[DITTO_HELD_DIRECTORY]			= "------010-00--",
	[DITTO_HELD_DIRECTORY_DELEGATION]	= "----0-000-0---",
};

enum who { STRANGER, SAME_CLIENT, HOLDER, WHO };

/**
 * struct cell - the claim of one cell
 * @node: the node
 * @owner: callers, by enum who
 * @open: held, or NULL
 * @lease: held, or NULL
 * @told: callbacks of @lease
 */
struct cell {
	struct claim_node *node;
	struct ditto_owner *owner[WHO];
	struct ditto_open *open;
	struct ditto_lease *lease;
	struct claim_told told;
};

static void hold_range(struct kunit *test, struct cell *cell, enum ditto_held held)
{
	struct ditto_range_request req = claim_req(cell->node, cell->owner[HOLDER],
						   held & 1, 10, 19);

	req.discipline = held < DITTO_HELD_EXACT_SHARED ? DITTO_POSIX : DITTO_EXACT;
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
}

static void cell_hold(struct kunit *test, struct cell *cell, enum ditto_held held)
{
	struct ditto_actor actor = { .owner = cell->owner[HOLDER] };

	if (ditto_held_is_range(held)) {
		hold_range(test, cell, held);
	} else if (held == DITTO_HELD_OPEN) {
		cell->open = ditto_open_claim(&cell->node->point, &actor, 7, 7, false, NULL, NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(cell->open));
	} else {
		cell->lease = claim_grant(cell->node, cell->owner[HOLDER], held - DITTO_HELD_LEASE,
					  DITTO_LEASE_ALL, &cell->told);
		KUNIT_ASSERT_FALSE(test, IS_ERR(cell->lease));
	}
}

static void let_go(struct kunit *test, struct cell *cell)
{
	ditto_range_release_owner(&cell->node->point, cell->owner[HOLDER]);
	if (cell->open)
		ditto_open_release(cell->open);
	cell->open = NULL;
	if (cell->lease) {
		ditto_lease_return(cell->lease);
		claim_flush(test);
		ditto_lease_put(cell->lease);
	}
	cell->lease = NULL;
	cell->node->point.quiet_until = 0;
	memset(&cell->told, 0, sizeof(cell->told));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(cell->node->point.ctx));
}

static bool is_exempt(enum ditto_held held, enum who who)
{
	if (held == DITTO_HELD_DELEGATION || held == DITTO_HELD_DIRECTORY_DELEGATION)
		return who != STRANGER;
	return who == HOLDER;
}

static enum ditto_answer answer_to(char letter, bool exempt, bool exact)
{
	switch (letter) {
	case 'D':
		return DITTO_DENIED;
	case 'd':
		return exempt ? DITTO_ALLOWED : DITTO_DENIED;
	case 'x':
		return exempt || !exact ? DITTO_ALLOWED : DITTO_DENIED;
	case 'b':
		return exempt ? DITTO_ALLOWED : DITTO_BREAKING;
	default:
		return DITTO_ALLOWED;
	}
}

static void try_cell(struct kunit *test, struct cell *cell, enum ditto_held held,
		     enum ditto_intent_kind kind, enum who who, bool exact)
{
	struct ditto_intent intent = {
		.kind = kind, .access = DITTO_OPEN_READ, .first = 15, .last = 30,
	};
	struct ditto_actor actor = {
		.owner = cell->owner[who], .lease_owner = cell->owner[who], .exact = exact,
	};
	char letter = expected[held][kind];
	bool told = !is_exempt(held, who) && (letter == 'b' || letter == 't');
	struct ditto_conflict conflict;
	enum ditto_answer answer;

	cell_hold(test, cell, held);
	answer = ditto_claim_check(&cell->node->point, &intent, &actor, NULL, &conflict);
	KUNIT_EXPECT_EQ_MSG(test, answer, answer_to(letter, is_exempt(held, who), exact),
			    "%s against %s, who %d, exact %d", ditto_intent_names[kind],
			    ditto_held_names[held], who, exact);
	if (answer == DITTO_DENIED) {
		KUNIT_EXPECT_EQ(test, conflict.held, held);
		KUNIT_EXPECT_STREQ(test, conflict.client, "holder");
		KUNIT_EXPECT_EQ(test, conflict.key_len, 4);
	}
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&cell->told.breaks), told);
	if (told)
		KUNIT_EXPECT_EQ_MSG(test, cell->told.keep, expected_keep[held][kind] - '0',
				    "%s against %s", ditto_intent_names[kind],
				    ditto_held_names[held]);
	let_go(test, cell);
}

static void every_cell(struct kunit *test)
{
	struct claim_client *holder = claim_client(test, "holder", 0);
	struct claim_client *other = claim_client(test, "other", 0);
	struct cell *cell = kunit_kzalloc(test, sizeof(*cell), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cell);
	cell->node = claim_node(test);
	cell->owner[HOLDER] = claim_owner(test, holder, 1);
	cell->owner[SAME_CLIENT] = claim_owner(test, holder, 2);
	cell->owner[STRANGER] = claim_owner(test, other, 1);

	for (int i = 0; i < DITTO_HELDS * DITTO_INTENTS * WHO * 2; i++)
		try_cell(test, cell, i / 2 / WHO / DITTO_INTENTS, i / 2 / WHO % DITTO_INTENTS,
			 i / 2 % WHO, i & 1);

	for (int who = 0; who < WHO; who++)
		ditto_owner_put(cell->owner[who]);
	claim_client_end(test, holder);
	claim_client_end(test, other);
}

/* An anonymous request is a stranger to all claims and holds none. */
static void anonymous_is_a_stranger(struct kunit *test)
{
	struct claim_client *c = claim_client(test, "holder", 0);
	struct claim_client *other = claim_client(test, "other", 0);
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .first = 0, .last = 9 };
	struct ditto_actor wide = { .client = &c->client }, near = { .client = &other->client };
	struct claim_node *node = claim_node(test);
	struct ditto_owner *owner = claim_owner(test, c, 1);
	struct ditto_actor actor = { .owner = owner };
	struct ditto_open *open;

	open = ditto_open_claim(&node->point, &actor, DITTO_OPEN_READ, DITTO_OPEN_WRITE, false,
				NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, NULL, NULL, NULL),
			DITTO_DENIED);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, &wide, NULL, NULL),
			DITTO_DENIED);
	/* Exempt if the client's requests may come without an owner, from any client beside it. */
	c->client.machine = 1;
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, &wide, NULL, NULL),
			DITTO_ALLOWED);
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, &near, NULL, NULL),
			DITTO_DENIED);
	other->client.machine = 2;
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, &near, NULL, NULL),
			DITTO_DENIED);
	other->client.machine = 1;
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, &near, NULL, NULL),
			DITTO_ALLOWED);
	/* Reading is not denied, and the summary already says so. */
	intent.kind = DITTO_INTENT_READ;
	KUNIT_EXPECT_FALSE(test, ditto_lock_point_held(&node->point,
						       ditto_intent_mask[0][DITTO_INTENT_READ]));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&node->point, &intent, NULL, NULL, NULL),
			DITTO_ALLOWED);
	ditto_open_release(open);
	ditto_owner_put(owner);
	claim_client_end(test, other);
	claim_client_end(test, c);
}

/* The summary never hides a conflict of the matrix. */
static void masks_cover_the_matrix(struct kunit *test)
{
	static const u32 sums[DITTO_HELDS] = {
		[DITTO_HELD_POSIX_SHARED]	= DITTO_SUM_RANGE,
		[DITTO_HELD_POSIX_EXCLUSIVE]	= DITTO_SUM_RANGE,
		[DITTO_HELD_EXACT_SHARED]	= DITTO_SUM_EXACT,
		[DITTO_HELD_EXACT_EXCLUSIVE]	= DITTO_SUM_EXACT,
		[DITTO_HELD_OPEN]		= DITTO_SUM_OPEN | DITTO_SUM_DENY_READ |
						  DITTO_SUM_DENY_WRITE | DITTO_SUM_DENY_DELETE,
		[DITTO_HELD_LEASE]		= DITTO_SUM_LEASE_READ | DITTO_SUM_LEASE_HANDLE |
						  DITTO_SUM_LEASE_WRITE,
		[DITTO_HELD_DELEGATION]		= DITTO_SUM_LEASE_READ | DITTO_SUM_LEASE_HANDLE |
						  DITTO_SUM_LEASE_WRITE,
		[DITTO_HELD_DIRECTORY]		= DITTO_SUM_LEASE_READ | DITTO_SUM_LEASE_HANDLE,
		[DITTO_HELD_DIRECTORY_DELEGATION] = DITTO_SUM_LEASE_READ | DITTO_SUM_LEASE_HANDLE,
	};

	for (int held = 0; held < DITTO_HELDS; held++) {
		for (int kind = 0; kind < DITTO_INTENTS; kind++) {
			char letter = expected[held][kind];

			KUNIT_EXPECT_EQ_MSG(test, letter != '-',
					    !!(ditto_intent_mask[1][kind] & sums[held] &&
					       ditto_matrix[held][kind].action), "%s, %s",
					    ditto_held_names[held], ditto_intent_names[kind]);
		}
	}
	/* Reading attributes conflicts with nothing, and plain reading with no READ of a lease. */
	KUNIT_EXPECT_EQ(test, ditto_intent_mask[1][DITTO_INTENT_GETATTR], 0);
	KUNIT_EXPECT_EQ(test, ditto_intent_mask[0][DITTO_INTENT_READ],
			DITTO_SUM_EXACT | DITTO_SUM_DENY_READ | DITTO_SUM_LEASE_WRITE);
}

static struct kunit_case claim_matrix_cases[] = {
	KUNIT_CASE_SLOW(every_cell),
	KUNIT_CASE(anonymous_is_a_stranger),
	KUNIT_CASE(masks_cover_the_matrix),
	{}
};

static struct kunit_suite claim_matrix_suite = {
	.name = "claim_matrix",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_matrix_cases,
};

kunit_test_suite(claim_matrix_suite);
