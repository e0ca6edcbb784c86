// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trees of opens, grants and ranges, compared with a walk over all of them: after random
 * operations a random check must have the same result and break the same bits of every grant.
 */
#include <linux/prandom.h>

#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "../../../lockd/range_private.h"
#include "../rounds.h"
#include "claim_common.h"

#define KEYS		12
#define SLOTS		40
#define OPERATIONS	20000

/* An open with the indices of its key and its owner; without a key -1. */
struct open_slot {
	struct ditto_open *open;
	int key;
	int owner;
};

/**
 * struct holder_test - two clients with keys and their claims
 * @rnd: random numbers
 * @node: the node
 * @client: the clients
 * @key: keys of the clients in turn; also the owners of opens and ranges
 * @lease: grants, by key
 * @slot: opens
 * @range: EXACT ranges
 * @held: the range of this index is held
 * @told: callbacks of the grants
 */
struct holder_test {
	struct rnd_state rnd;
	struct claim_node *node;
	struct claim_client *client[2];
	struct ditto_owner *key[KEYS];
	struct ditto_lease *lease[KEYS];
	struct open_slot slot[SLOTS];
	struct ditto_range_request range[SLOTS];
	bool held[SLOTS];
	struct claim_told told;
};

static u32 holder_roll(struct holder_test *t, u32 below)
{
	return prandom_u32_state(&t->rnd) % below;
}

static struct holder_test *holder_begin(struct kunit *test)
{
	struct holder_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	prandom_seed_state(&t->rnd, 5);
	t->node = claim_node(test);
	for (int i = 0; i < 2; i++)
		t->client[i] = claim_client(test, "client", 0);
	for (u32 i = 0; i < KEYS; i++)
		t->key[i] = claim_owner(test, t->client[i % 2], i / 2);
	return t;
}

static void grant_end(struct holder_test *t, int key)
{
	if (!t->lease[key])
		return;
	ditto_lease_return(t->lease[key]);
	ditto_lease_put(t->lease[key]);
	t->lease[key] = NULL;
}

static void holder_end(struct kunit *test, struct holder_test *t)
{
	for (int i = 0; i < SLOTS; i++) {
		if (t->slot[i].open)
			ditto_open_release(t->slot[i].open);
	}
	for (int i = 0; i < KEYS; i++) {
		grant_end(t, i);
		ditto_range_release_owner(&t->node->point, t->key[i]);
	}
	claim_flush(test);
	for (int i = 0; i < KEYS; i++)
		ditto_owner_put(t->key[i]);
	for (int i = 0; i < 2; i++)
		claim_client_end(test, t->client[i]);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&t->told.grants), 0);
}

/* A check, its caller, and the result that the walk over everything predicts. */
struct expected {
	struct ditto_intent intent;
	struct ditto_actor actor;
	enum ditto_answer answer;
	u8 bits[KEYS];
	u8 left[KEYS];
};

static u8 grant_bits(const struct ditto_lease *lease)
{
	return lease ? ditto_lease_bits(lease) : 0;
}

/* Bits that no break has asked for yet. */
static u8 grant_left(const struct ditto_lease *lease)
{
	return lease && ditto_lease_breaking(lease) ? lease->target : grant_bits(lease);
}

static bool is_mine(const struct expected *e, const struct ditto_matrix_cell *cell,
		    const struct ditto_owner *mine, const struct ditto_owner *owner)
{
	if (cell->exempt == DITTO_EXEMPT_CLIENT)
		return e->actor.client == owner->client;
	if (e->actor.by_key && mine)
		return cell->exempt == DITTO_EXEMPT_OWNER && ditto_owner_same_key(mine, owner);
	return cell->exempt == DITTO_EXEMPT_OWNER && mine == owner;
}

/* Bits that a cell breaks of a grant, and those of them that are waited for. */
static u8 expect_gives(const struct expected *e, const struct ditto_lease *lease, u8 *waits)
{
	const struct ditto_matrix_cell *cell = &ditto_matrix[lease->claim.held][e->intent.kind];
	bool opens = e->intent.kind == DITTO_INTENT_OPEN;
	bool writes = opens && (e->intent.access & DITTO_OPEN_WRITE ||
				(lease->claim.held == DITTO_HELD_DELEGATION &&
				 e->intent.deny & DITTO_OPEN_READ));

	*waits = 0;
	if (is_mine(e, cell, e->actor.lease_owner, lease->claim.owner) ||
	    (opens && !e->intent.access && !e->intent.deny))
		return 0;
	*waits = cell->waits_for | (writes ? cell->gives_up_to_write : 0);
	return cell->gives_up | (writes ? cell->gives_up_to_write : 0);
}

/* True if an open is in the way. */
static bool expect_crosses(const struct holder_test *t, const struct expected *e,
			   const struct open_slot *slot)
{
	const struct ditto_matrix_cell *cell = &ditto_matrix[DITTO_HELD_OPEN][e->intent.kind];
	bool opens = e->intent.kind == DITTO_INTENT_OPEN;
	u8 access = opens ? e->intent.access : ditto_intent_access[e->intent.kind];
	u8 deny = opens ? e->intent.deny : 0;

	return slot->open && cell->action == DITTO_RULE_DENY_MODE &&
	       (ditto_open_deny(slot->open) & access || ditto_open_access(slot->open) & deny) &&
	       !is_mine(e, cell, e->actor.owner, t->key[slot->owner]);
}

/* The grant with this key has to give up some of its bits. */
static void expect_break(const struct holder_test *t, struct expected *e, int key, u8 gives)
{
	const struct ditto_lease *lease = t->lease[key];

	if (!(gives & e->left[key]))
		return;
	e->left[key] = ditto_lease_valid(e->left[key] & ~gives);
	/* Leases with READ only are broken without an answer. */
	if (lease->claim.held == DITTO_HELD_LEASE && e->bits[key] == DITTO_LEASE_READ)
		e->bits[key] = 0;
}

static void holder_expect(const struct holder_test *t, struct expected *e)
{
	bool hides[KEYS] = {}, hidden = false, wait = false;
	u8 waits, gives;

	for (int i = 0; i < KEYS; i++) {
		e->bits[i] = grant_bits(t->lease[i]);
		e->left[i] = grant_left(t->lease[i]);
	}
	e->answer = DITTO_DENIED;
	for (int i = 0; i < SLOTS; i++) {
		const struct open_slot *slot = &t->slot[i];
		int key = slot->key;

		if (!expect_crosses(t, e, slot))
			continue;
		if (key < 0 || t->key[key] == e->actor.lease_owner ||
		    !(e->bits[key] & DITTO_LEASE_HANDLE))
			return;
		hides[key] = true;
		hidden = true;
	}
	for (int i = 0; i < KEYS; i++) {
		if (!e->bits[i])
			continue;
		gives = expect_gives(e, t->lease[i], &waits);
		if (hidden)
			gives &= DITTO_LEASE_HANDLE;
		wait |= hides[i] || (e->bits[i] & gives & waits);
		expect_break(t, e, i, hides[i] ? DITTO_LEASE_HANDLE : gives);
	}
	e->answer = wait ? DITTO_BREAKING : DITTO_ALLOWED;
}

static void expect_grants(struct kunit *test, struct holder_test *t, const struct expected *e)
{
	for (int i = 0; i < KEYS; i++) {
		KUNIT_ASSERT_EQ(test, grant_bits(t->lease[i]), e->bits[i]);
		if (e->bits[i])
			KUNIT_ASSERT_EQ(test, grant_left(t->lease[i]), e->left[i]);
		else
			grant_end(t, i);
	}
}

/* A caller with one of the keys or with none. Both clients have the same key bytes. */
static struct ditto_actor random_actor(struct holder_test *t)
{
	u32 key = holder_roll(t, KEYS + 1);

	if (key == KEYS)
		return (struct ditto_actor) {};
	return (struct ditto_actor){
		.client = t->key[key]->client,
		.owner = t->key[key],
		.lease_owner = holder_roll(t, 4) ? t->key[(key + 2 * holder_roll(t, 2)) % KEYS]
						 : NULL,
		.by_key = !holder_roll(t, 4),
	};
}

static void random_question(struct kunit *test, struct holder_test *t)
{
	static const enum ditto_intent_kind kinds[] = {
		DITTO_INTENT_READ, DITTO_INTENT_WRITE, DITTO_INTENT_SETATTR, DITTO_INTENT_REMOVE,
		DITTO_INTENT_RENAME, DITTO_INTENT_LINK, DITTO_INTENT_RANGE_SHARED,
	};
	struct expected e = { .actor = random_actor(t) };

	e.intent =
		(struct ditto_intent){.kind = kinds[holder_roll(t, ARRAY_SIZE(kinds))], .last = 9};
	holder_expect(t, &e);
	KUNIT_ASSERT_EQ_MSG(test, ditto_claim_check(&t->node->point, &e.intent, &e.actor, NULL,
						    NULL), e.answer, "%s",
			    ditto_intent_names[e.intent.kind]);
	expect_grants(test, t, &e);
}

static void random_open(struct kunit *test, struct holder_test *t)
{
	struct open_slot *slot = &t->slot[holder_roll(t, SLOTS)];
	/* Few opens deny anything, or few could be held. */
	struct expected e = {.intent = {.kind = DITTO_INTENT_OPEN,
					.access = holder_roll(t, 8),
					.deny = holder_roll(t, 6) ? 0 : BIT(holder_roll(t, 3))}};
	struct ditto_open *open;
	int err;

	if (slot->open) {
		ditto_open_release(slot->open);
		slot->open = NULL;
		return;
	}
	slot->owner = holder_roll(t, KEYS);
	slot->key = holder_roll(t, 4) ? (int)holder_roll(t, KEYS) : -1;
	e.actor = (struct ditto_actor) {
		.client = t->key[slot->owner]->client, .owner = t->key[slot->owner],
		.lease_owner = slot->key < 0 ? NULL : t->key[slot->key],
	};
	holder_expect(t, &e);
	open = ditto_open_claim(&t->node->point, &e.actor, e.intent.access, e.intent.deny, false,
				NULL, NULL);
	err = PTR_ERR_OR_ZERO(open);
	KUNIT_ASSERT_EQ(test, err, e.answer == DITTO_ALLOWED ? 0 :
				   e.answer == DITTO_DENIED ? -EAGAIN : -EBUSY);
	slot->open = err ? NULL : open;
	expect_grants(test, t, &e);
}

/* A change of an open to fewer bits always succeeds. */
static void random_downgrade(struct kunit *test, struct holder_test *t)
{
	struct open_slot *slot = &t->slot[holder_roll(t, SLOTS)];

	if (slot->open)
		KUNIT_ASSERT_EQ(test, ditto_open_change(slot->open, ditto_open_access(slot->open) &
							holder_roll(t, 8), 0, NULL), 0);
}

/* The largest grant that fits, by a walk. */
static u8 expect_fit(const struct holder_test *t, int key, enum ditto_lease_type style, u8 want)
{
	bool lease = style == DITTO_LEASE_TYPE_LEASE;
	enum ditto_held held = lease ? DITTO_HELD_LEASE : DITTO_HELD_DELEGATION;
	const struct ditto_matrix_cell *cell = &ditto_matrix[held][DITTO_INTENT_OPEN];

	for (int i = 0; i < KEYS; i++) {
		u8 bits = grant_bits(t->lease[i]);

		if (i != key && bits)
			want &= bits & DITTO_LEASE_WRITE ? 0 : ~DITTO_LEASE_WRITE;
	}
	for (int i = 0; i < SLOTS; i++) {
		const struct open_slot *slot = &t->slot[i];
		u8 access = slot->open ? ditto_open_access(slot->open) : 0;

		if (!slot->open || (!access && !ditto_open_deny(slot->open)))
			continue;
		if (lease ? slot->key == key || slot->owner == key :
			    t->key[slot->owner]->client == t->key[key]->client)
			continue;
		want &= ~cell->gives_up;
		if (access & DITTO_OPEN_WRITE)
			want &= ~cell->gives_up_to_write;
		if (!lease && ditto_open_deny(slot->open) & DITTO_OPEN_READ)
			want = 0;
	}
	return ditto_lease_valid(want);
}

static void random_grant(struct kunit *test, struct holder_test *t)
{
	enum ditto_lease_type style = holder_roll(t, 3) ? DITTO_LEASE_TYPE_LEASE
						 : DITTO_LEASE_TYPE_DELEGATION;
	u8 want = DITTO_LEASE_READ | holder_roll(t, 8), fit;
	int key = holder_roll(t, KEYS);

	if (t->lease[key]) {
		grant_end(t, key);
		return;
	}
	/* The time after a recall is over. */
	claim_now += DITTO_QUIET_MS;
	fit = expect_fit(t, key, style, want);
	t->lease[key] = claim_grant(t->node, t->key[key], style, want, &t->told);
	if (IS_ERR(t->lease[key]))
		t->lease[key] = NULL;
	KUNIT_ASSERT_EQ(test, grant_bits(t->lease[key]), fit);
}

static void random_answer(struct kunit *test, struct holder_test *t)
{
	int key = holder_roll(t, KEYS);

	if (!t->lease[key] || !ditto_lease_breaking(t->lease[key]))
		return;
	claim_flush(test);
	KUNIT_ASSERT_EQ(test, ditto_lease_ack(t->lease[key], t->lease[key]->keep), 0);
	if (!ditto_lease_bits(t->lease[key]))
		grant_end(t, key);
}

static void opens_and_grants(struct kunit *test)
{
	struct holder_test *t = holder_begin(test);

	for (u32 n = 0; n < ditto_test_rounds(OPERATIONS); n++) {
		switch (holder_roll(t, 8)) {
		case 0 ... 1:
			random_open(test, t);
			break;
		case 2:
			random_downgrade(test, t);
			break;
		case 3 ... 4:
			random_grant(test, t);
			break;
		case 5:
			random_answer(test, t);
			break;
		default:
			random_question(test, t);
		}
		if (n % 1024 == 0)
			cond_resched();
	}
	holder_end(test, t);
}

static bool range_in_way(const struct ditto_range_request *held, enum ditto_intent_kind kind,
			 const struct ditto_actor *actor, u64 first, u64 last)
{
	const struct ditto_matrix_cell *cell =
		&ditto_matrix[ditto_range_row(DITTO_EXACT, held->exclusive)][kind];

	return cell->action == DITTO_RULE_DENY &&
	       !(cell->exempt == DITTO_EXEMPT_OWNER && held->owner == actor->owner) &&
	       held->first <= last && held->last >= first;
}

static void range_question(struct kunit *test, struct holder_test *t)
{
	u32 first = holder_roll(t, 64), last = first + holder_roll(t, 64);
	struct ditto_intent intent = {
		.kind = holder_roll(t, 2) ? DITTO_INTENT_READ : DITTO_INTENT_WRITE,
		.first = first, .last = last,
	};
	struct ditto_actor actor = { .owner = t->key[holder_roll(t, KEYS)], .exact = true };
	bool denied = false;

	for (int i = 0; i < SLOTS; i++)
		denied |= t->held[i] &&
			  range_in_way(&t->range[i], intent.kind, &actor, first, last);
	KUNIT_ASSERT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			denied ? DITTO_DENIED : DITTO_ALLOWED);
}

/* EXACT ranges stack, so exactly the ranges taken are held. */
static void random_range(struct kunit *test, struct holder_test *t, int i)
{
	struct ditto_range_request *req = &t->range[i];

	if (t->held[i]) {
		KUNIT_ASSERT_EQ(test, ditto_range_unlock(req), 0);
		t->held[i] = false;
		return;
	}
	/* Few owners, so that most overlaps are with own ranges; each owner has one mode. */
	*req = claim_req(t->node, t->key[i % 3], i % 3 == 0, holder_roll(t, 128), 0);
	req->last = req->first + holder_roll(t, i % 5 ? 4 : 40);
	req->discipline = DITTO_EXACT;
	t->held[i] = !ditto_range_lock(req, NULL, NULL);
}

static void random_ranges(struct kunit *test)
{
	struct holder_test *t = holder_begin(test);

	for (u32 n = 0; n < ditto_test_rounds(OPERATIONS); n++) {
		if (holder_roll(t, 2))
			random_range(test, t, holder_roll(t, SLOTS));
		else
			range_question(test, t);
		if (n % 1024 == 0)
			cond_resched();
	}
	holder_end(test, t);
}

static int sign_of(int diff)
{
	return diff < 0 ? -1 : diff > 0;
}

/* Keys that differ in one byte, or in two, are ordered as memcmp() does. */
static void keys_are_ordered_by_bytes(struct kunit *test)
{
	u8 a[20], b[20];

	for (u32 len = 0; len <= sizeof(a); len++) {
		for (u32 i = 0; i < (len + 1) * (len + 1); i++) {
			u32 one = i / (len + 1), two = i % (len + 1);

			memset(a, 0x80, sizeof(a));
			memset(b, 0x80, sizeof(b));
			if (one < len)
				a[one]++;
			if (two < len)
				b[two] += 2;
			KUNIT_EXPECT_EQ_MSG(test, sign_of(ditto_key_bytes_compare(a, b, len)),
					    sign_of(memcmp(a, b, len)), "%u: %u %u", len, one, two);
		}
	}
}

static struct kunit_case claim_holder_cases[] = {
	KUNIT_CASE(keys_are_ordered_by_bytes),
	KUNIT_CASE_SLOW(opens_and_grants),
	KUNIT_CASE_SLOW(random_ranges),
	{}
};

static struct kunit_suite claim_holder_suite = {
	.name = "claim_holder",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_holder_cases,
};

kunit_test_suite(claim_holder_suite);
