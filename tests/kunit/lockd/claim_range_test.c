// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges, compared with simple models: a map of bytes for POSIX discipline, a list for EXACT.
 * Operations are random with fixed seeds, over a space small enough for many overlaps, part of it
 * at the largest offsets.
 */
#include <linux/prandom.h>
#include <net/ipv6.h>

#include "../../../lockd/lock_ctx_private.h"
#include "../../../lockd/range_private.h"
#include "../../../net/server.h"
#include "../rounds.h"
#include "claim_common.h"

#define OPERATIONS	100000
#define SPACE		64
#define OWNERS		4

/* Byte 0 of the map; in half of the runs the last byte of the map is U64_MAX. */
static u64 base;

struct range_test {
	struct claim_client *client;
	struct claim_node *node;
	struct ditto_owner *owner[OWNERS];
	struct rnd_state rnd;
};

static struct range_test *range_test_begin(struct kunit *test, u64 seed)
{
	struct range_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->client = claim_client(test, "client", 0);
	t->node = claim_node(test);
	for (u32 i = 0; i < OWNERS; i++)
		t->owner[i] = claim_owner(test, t->client, i);
	prandom_seed_state(&t->rnd, seed);
	return t;
}

static void range_test_end(struct kunit *test, struct range_test *t)
{
	for (u32 i = 0; i < OWNERS; i++) {
		ditto_range_release_owner(&t->node->point, t->owner[i]);
		ditto_owner_put(t->owner[i]);
	}
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_EQ(test, refcount_read(&t->node->ref), 1);
	claim_client_end(test, t->client);
}

static u32 range_random(struct range_test *t, u32 below)
{
	return prandom_u32_state(&t->rnd) % below;
}

static struct ditto_range_request random_req(struct range_test *t, enum ditto_discipline discipline)
{
	u32 a = range_random(t, SPACE), b = range_random(t, SPACE);
	struct ditto_range_request req = claim_req(t->node, t->owner[range_random(t, OWNERS)],
						   range_random(t, 2), base + min(a, b),
						   base + max(a, b));

	req.discipline = discipline;
	return req;
}

static u32 owner_number(struct range_test *t, const struct ditto_owner *owner)
{
	u32 i = 0;

	while (t->owner[i] != owner)
		i++;
	return i;
}

/* POSIX: for each owner and byte, 0 nothing, 1 shared, 2 exclusive. */
static u8 map[OWNERS][SPACE];

static bool map_conflicts(u32 owner, u32 first, u32 last, bool exclusive)
{
	for (u32 o = 0; o < OWNERS; o++) {
		for (u32 i = first; o != owner && i <= last; i++) {
			if (map[o][i] == 2 || (map[o][i] && exclusive))
				return true;
		}
	}
	return false;
}

/* Number of ranges of the map; merged ranges count once. */
static u32 map_ranges(void)
{
	u32 n = 0;

	for (u32 o = 0; o < OWNERS; o++) {
		for (u32 i = 0; i < SPACE; i++)
			n += map[o][i] && (!i || map[o][i - 1] != map[o][i]);
	}
	return n;
}

/* The table's ranges are those of the map. */
static void expect_map(struct kunit *test, struct range_test *t)
{
	struct rb_node *rb;
	u32 n = 0;

	for (rb = rb_first(&t->client->client.claims); rb; rb = rb_next(rb)) {
		struct ditto_claim *claim = rb_entry(rb, struct ditto_claim, by_id);
		struct ditto_range *range = ditto_claim_range(claim);
		u32 owner = owner_number(t, claim->owner);
		u8 mode = ditto_range_is_exclusive(range) ? 2 : 1;

		for (u64 at = range->first - base; at <= range->last - base; at++)
			KUNIT_ASSERT_EQ(test, map[owner][at], mode);
		n++;
	}
	KUNIT_ASSERT_EQ(test, n, map_ranges());
	KUNIT_ASSERT_EQ(test, n, ditto_client_live(&t->client->client, DITTO_CLAIM_RANGE));
}

static void posix_step(struct kunit *test, struct range_test *t)
{
	struct ditto_range_request req = random_req(t, DITTO_POSIX);
	u32 owner = owner_number(t, req.owner), first = req.first - base, last = req.last - base;
	bool conflicts = map_conflicts(owner, first, last, req.exclusive);
	static struct ditto_conflict conflict;
	u8 mode = req.exclusive ? 2 : 1;

	switch (range_random(t, 5)) {
	case 0:
	case 1:
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, &conflict),
				conflicts ? -EAGAIN : 0);
		if (!conflicts)
			memset(map[owner] + first, mode, last - first + 1);
		break;
	case 2:
	case 3:
		KUNIT_ASSERT_EQ(test, ditto_range_unlock(&req), 0);
		memset(map[owner] + first, 0, last - first + 1);
		conflicts = false;
		break;
	default:
		KUNIT_ASSERT_EQ(test, ditto_range_test(&req, &conflict), conflicts ? -EAGAIN : 0);
	}
	/* The holder in the conflict holds such a range, and it overlaps. */
	if (conflicts) {
		u32 holder;

		memcpy(&holder, conflict.key, sizeof(holder));
		KUNIT_ASSERT_NE(test, holder, owner);
		KUNIT_ASSERT_LE(test, conflict.first, req.last);
		KUNIT_ASSERT_GE(test, conflict.last, req.first);
		KUNIT_ASSERT_EQ(test, map[holder][conflict.first - base],
				conflict.exclusive ? 2 : 1);
	}
}

static void posix_like_a_map(struct kunit *test)
{
	for (int end = 0; end < 2; end++) {
		struct range_test *t = range_test_begin(test, 4711 + end);

		base = end ? U64_MAX - SPACE + 1 : 0;
		memset(map, 0, sizeof(map));
		for (u32 i = 0; i < ditto_test_rounds(OPERATIONS); i++) {
			posix_step(test, t);
			if (i % 16 == 0)
				expect_map(test, t);
		}
		range_test_end(test, t);
	}
}

/* Lock, give some of it up, and undo the rest: each byte has what it had before, or less. */
static void undo_step(struct kunit *test, struct range_test *t)
{
	struct ditto_range_request req = random_req(t, DITTO_POSIX);
	struct ditto_range_request cut = random_req(t, DITTO_POSIX);
	u32 owner = owner_number(t, req.owner), first = req.first - base, last = req.last - base;
	struct ditto_range_before past;
	u8 before[SPACE];

	memcpy(before, map[owner], SPACE);
	req.past = &past;
	if (ditto_range_lock(&req, NULL, NULL))
		return;
	memset(map[owner] + first, req.exclusive ? 2 : 1, last - first + 1);
	if (range_random(t, 2)) {
		cut.owner = req.owner;
		KUNIT_ASSERT_EQ(test, ditto_range_unlock(&cut), 0);
		memset(map[owner] + (cut.first - base), 0, cut.last - cut.first + 1);
	}
	/* Larger numbers of pieces are in undo_of_many_pieces(). */
	if (past.more)
		return;
	KUNIT_ASSERT_EQ(test, ditto_range_undo(&req, &past), 0);
	for (u32 i = first; i <= last; i++)
		map[owner][i] = min(map[owner][i], before[i]);
}

static void undo_like_a_map(struct kunit *test)
{
	for (int end = 0; end < 2; end++) {
		struct range_test *t = range_test_begin(test, 815 + end);

		base = end ? U64_MAX - SPACE + 1 : 0;
		memset(map, 0, sizeof(map));
		for (u32 i = 0; i < ditto_test_rounds(OPERATIONS) / 4; i++) {
			posix_step(test, t);
			undo_step(test, t);
			expect_map(test, t);
		}
		range_test_end(test, t);
	}
}

/* If the owner had more pieces than can be told, it keeps all that it got. */
static void undo_of_many_pieces(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 0);

	base = 0;
	for (u32 pieces = DITTO_RANGE_PAST; pieces <= DITTO_RANGE_PAST + 1; pieces++) {
		struct ditto_range_request all = claim_req(t->node, t->owner[0], true, 0,
							   SPACE - 1);
		struct ditto_range_before past;
		bool more = pieces > DITTO_RANGE_PAST;

		memset(map, 0, sizeof(map));
		KUNIT_ASSERT_EQ(test, ditto_range_unlock(&all), 0);
		for (u32 i = 0; i < pieces; i++) {
			struct ditto_range_request one = claim_req(t->node, t->owner[0], true,
								   2 * i + 1, 2 * i + 1);

			KUNIT_ASSERT_EQ(test, ditto_range_lock(&one, NULL, NULL), 0);
			map[0][2 * i + 1] = 2;
		}
		all.past = &past;
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&all, NULL, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_undo(&all, &past), more ? -E2BIG : 0);
		if (more)
			memset(map[0], 2, SPACE);
		expect_map(test, t);
	}
	range_test_end(test, t);
}

/* EXACT: a range that was granted. */
struct exact {
	u32 owner;
	s64 first;
	s64 last;
	bool exclusive;
};

static struct exact list[256];
static u32 listed;

/* MS-FSA section 2.1.4.10, in signed numbers so that an empty range ends before it begins. */
static bool list_conflicts(const struct exact *want)
{
	for (u32 i = 0; i < listed; i++) {
		const struct exact *held = &list[i];

		if ((!held->first && held->last < 0) || (!want->first && want->last < 0))
			continue;
		if (want->first > held->last || want->last < held->first)
			continue;
		if (want->exclusive || (held->exclusive && held->owner != want->owner))
			return true;
	}
	return false;
}

/* The index of the range that an unlock takes: the exclusive one first. */
static u32 list_find(const struct exact *want)
{
	u32 found = listed;

	for (u32 i = 0; i < listed; i++) {
		if (list[i].owner != want->owner || list[i].first != want->first ||
		    list[i].last != want->last)
			continue;
		if (list[i].exclusive)
			return i;
		found = i;
	}
	return found;
}

static void exact_step(struct kunit *test, struct range_test *t)
{
	struct ditto_range_request req = random_req(t, DITTO_EXACT);
	struct exact want = { .exclusive = req.exclusive };
	u32 found;

	req.empty = !range_random(t, 8);
	want.owner = owner_number(t, req.owner);
	want.first = req.first;
	want.last = req.empty ? want.first - 1 : (s64)req.last;
	/* Half of the unlocks are of ranges that are held. */
	if (listed && range_random(t, 2)) {
		want = list[range_random(t, listed)];
		req.owner = t->owner[want.owner];
		req.empty = want.last < want.first;
		req.first = want.first;
		req.last = want.last;
		req.exclusive = want.exclusive;
	}
	if (range_random(t, 2) && listed < ARRAY_SIZE(list)) {
		bool conflicts = list_conflicts(&want);

		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), conflicts ? -EAGAIN : 0);
		if (!conflicts)
			list[listed++] = want;
		return;
	}
	found = list_find(&want);
	KUNIT_ASSERT_EQ(test, ditto_range_unlock(&req), found < listed ? 0 : -ENOENT);
	if (found < listed)
		list[found] = list[--listed];
}

/* I/O of one byte against the list. */
static void exact_io(struct kunit *test, struct range_test *t)
{
	struct ditto_intent intent = {.kind = range_random(t, 2) ? DITTO_INTENT_WRITE
								 : DITTO_INTENT_READ};
	struct ditto_actor actor = {.owner = t->owner[range_random(t, OWNERS)], .exact = true};
	u32 owner = owner_number(t, actor.owner);
	bool denied = false;

	intent.first = range_random(t, SPACE);
	intent.last = intent.first;
	for (u32 i = 0; i < listed; i++) {
		bool own = list[i].owner == owner;

		if (list[i].first > (s64)intent.first || list[i].last < (s64)intent.first)
			continue;
		denied |= list[i].exclusive ? !own : intent.kind == DITTO_INTENT_WRITE;
	}
	KUNIT_ASSERT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			denied ? DITTO_DENIED : DITTO_ALLOWED);
}

static void exact_like_a_list(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 42);

	base = 0;
	listed = 0;
	for (u32 i = 0; i < ditto_test_rounds(OPERATIONS); i++) {
		exact_step(test, t);
		exact_io(test, t);
		KUNIT_ASSERT_EQ(test, listed, ditto_client_live(&t->client->client, 0));
	}
	range_test_end(test, t);
}

/* Of two ranges of the same bytes that of the requested mode is given up, or none. */
static void mode_that_is_given_up(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request shared = claim_req(t->node, t->owner[0], false, 0, 9);
	struct ditto_range_request exclusive = claim_req(t->node, t->owner[0], true, 0, 9);
	struct ditto_range_request other = claim_req(t->node, t->owner[1], false, 5, 5);

	shared.discipline = DITTO_EXACT;
	exclusive.discipline = DITTO_EXACT;
	other.discipline = DITTO_EXACT;
	for (int empty = 0; empty < 2; empty++) {
		shared.empty = empty;
		exclusive.empty = empty;
		shared.same_mode = true;
		exclusive.same_mode = true;
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&exclusive, NULL, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&shared), -ENOENT);
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&shared, NULL, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&shared), 0);
		if (!empty)
			KUNIT_EXPECT_EQ(test, ditto_range_lock(&other, NULL, NULL), -EAGAIN);
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&shared, NULL, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&exclusive), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&exclusive), -ENOENT);
		/* Without the wish any mode will do. */
		exclusive.same_mode = false;
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&exclusive), 0);
		KUNIT_EXPECT_EQ(test, ditto_range_unlock(&exclusive), -ENOENT);
	}
	range_test_end(test, t);
}

static void upgrade_is_atomic(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request a = claim_req(t->node, t->owner[0], false, 0, 99);
	struct ditto_range_request b = claim_req(t->node, t->owner[1], false, 50, 59);
	struct ditto_conflict *conflict = kunit_kzalloc(test, sizeof(*conflict), GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, ditto_range_lock(&a, NULL, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&b, NULL, NULL), 0);
	a.exclusive = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&a, NULL, conflict), -EAGAIN);
	KUNIT_EXPECT_EQ(test, conflict->first, 50);
	KUNIT_EXPECT_EQ(test, conflict->last, 59);
	KUNIT_EXPECT_FALSE(test, conflict->exclusive);
	/* The first owner still holds all its shared bytes. */
	b.exclusive = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&b, NULL, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&b), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&a, NULL, NULL), 0);
	range_test_end(test, t);
}

static void range_lengths(struct kunit *test)
{
	struct ditto_range_request req = {};

	KUNIT_EXPECT_EQ(test, ditto_range_set_posix(&req, 10, 0), 0);
	KUNIT_EXPECT_EQ(test, req.last, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_set_posix(&req, U64_MAX, 1), 0);
	KUNIT_EXPECT_EQ(test, req.last, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_set_posix(&req, U64_MAX, 2), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ditto_range_set_posix(&req, 2, U64_MAX), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, ditto_range_set_exact(&req, 7, 0), 0);
	KUNIT_EXPECT_TRUE(test, req.empty);
	KUNIT_EXPECT_EQ(test, ditto_range_set_exact(&req, U64_MAX, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_set_exact(&req, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, req.last, U64_MAX - 1);
	KUNIT_EXPECT_EQ(test, ditto_range_set_exact(&req, 1, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_set_exact(&req, 2, U64_MAX), -EOVERFLOW);
}

static void bad_ranges_are_refused(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 9, 8);

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EINVAL);
	req.empty = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EINVAL);
	req.discipline = DITTO_EXACT;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), -ENOENT);
	range_test_end(test, t);
}

/* The memory of a range that has gone is the client's next one, and nothing of it is left there. */
static void memory_is_used_again(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request other = claim_req(t->node, t->owner[1], false, 0, U64_MAX);
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 9, 8);
	struct ditto_range_request more = claim_req(t->node, t->owner[0], true, 20, 29);
	struct ditto_client *client = &t->client->client;
	struct ditto_range *spare;

	req.discipline = DITTO_EXACT;
	req.empty = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_NULL(test, client->spare);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	spare = client->spare;
	KUNIT_EXPECT_NOT_NULL(test, spare);
	req = claim_req(t->node, t->owner[0], true, 0, 9);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_NULL_MSG(test, client->spare, "it is the range");
	KUNIT_EXPECT_EQ_MSG(test, ditto_range_lock(&other, NULL, NULL), -EAGAIN, "it has bytes");
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&more, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_PTR_EQ(test, client->spare, spare);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&more), 0);
	KUNIT_EXPECT_PTR_EQ_MSG(test, client->spare, spare, "only one is kept");
	range_test_end(test, t);
}

/* Ten thousand ranges on one file; each is found, and all are released. */
static void many_ranges(struct kunit *test)
{
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request req;

	for (u32 i = 0; i < 10000; i++) {
		req = claim_req(t->node, t->owner[i % OWNERS], true, 10ULL * i, 10ULL * i + 4);
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	}
	for (u32 i = 0; i < 10000; i++) {
		req = claim_req(t->node, t->owner[(i + 1) % OWNERS], false, 10ULL * i + 4,
				10ULL * i + 9);
		KUNIT_ASSERT_EQ(test, ditto_range_test(&req, NULL), -EAGAIN);
		req.first++;
		KUNIT_ASSERT_EQ(test, ditto_range_test(&req, NULL), 0);
	}
	req = claim_req(t->node, t->owner[0], true, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&t->client->client, DITTO_CLAIM_RANGE), 7500);
	range_test_end(test, t);
}

/* A lock that cuts a range in two is granted once: it has the spare range before it begins. */
static void cut_once(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 0, 99);
	u64 granted;

	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	granted = ditto_locks_events(table, DITTO_LOCK_GRANTED);
	req = claim_req(t->node, t->owner[0], false, 40, 49);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&t->client->client, DITTO_CLAIM_RANGE), 3);
	/* The new range, and the rest behind it. */
	KUNIT_EXPECT_EQ(test, ditto_locks_events(table, DITTO_LOCK_GRANTED), granted + 2);
	range_test_end(test, t);
}

static void limits_hold(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 0, 9);

	table->settings.claims_per_client = 3;
	for (u64 i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
		req.first += 20;
		req.last += 20;
	}
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ENOLCK);
	/* A split needs one more range, and changes nothing without it. */
	req.first = 4;
	req.last = 5;
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), -ENOLCK);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&t->client->client, DITTO_CLAIM_RANGE), 3);
	req.exclusive = false;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ENOLCK);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&t->client->client, DITTO_CLAIM_RANGE), 3);
	req.first = 0;
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	table->settings.claims_per_client = DITTO_CLAIMS_PER_CLIENT;
	table->settings.claims_per_node = 3;
	req = claim_req(t->node, t->owner[0], true, 100, 109);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ENOLCK);
	table->settings.claims_per_node = 4;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_GE(test, ditto_locks_events(table, DITTO_LOCK_LIMIT), 4);
	range_test_end(test, t);
}

/* A client is charged for its claims up to the limit of its machine, and the charge is returned. */
static void ranges_are_charged(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_client *client = &t->client->client;
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 0, 0);
	struct ditto_principal who;
	struct ditto_charge other = {};
	long limit, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&who, srv, &in6addr_loopback,
						   DITTO_TRUST_ANONYMOUS, INVALID_UID), 0);
	limit = ditto_budget_peer_limit(srv, DITTO_TRUST_ANONYMOUS, DITTO_BUDGET_LOCKS);
	ditto_client_charge(client, &who);
	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &who, DITTO_BUDGET_LOCKS, limit - 100), 0);
	for (int err = 0; !err && n < 200; n += !err, req.first += 2, req.last += 2)
		err = ditto_range_lock(&req, NULL, NULL);
	KUNIT_EXPECT_EQ(test, n, 100);
	KUNIT_EXPECT_EQ(test, client->charge.amount, 100);
	req.first = 0;
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 0);
	KUNIT_EXPECT_LE(test, client->charge.amount, 2 * 64);
	ditto_uncharge(&other);
	ditto_principal_exit(&who);
	range_test_end(test, t);
	/* Warns if anything is left. */
	ditto_budget_exit(srv);
}

/* Claims made before the principal was known are charged later, to the first one, once. */
static void ranges_are_charged_late(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);
	struct range_test *t = range_test_begin(test, 1);
	struct ditto_client *client = &t->client->client;
	struct ditto_range_request req = claim_req(t->node, t->owner[0], true, 0, 0);
	struct ditto_principal who, second;
	struct ditto_charge other = {};
	long limit;

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&who, srv, &in6addr_loopback,
						   DITTO_TRUST_ANONYMOUS, INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&second, srv, &in6addr_any,
						   DITTO_TRUST_ANONYMOUS, INVALID_UID), 0);
	limit = ditto_budget_peer_limit(srv, DITTO_TRUST_ANONYMOUS, DITTO_BUDGET_LOCKS);
	for (int i = 0; i < 10; i++, req.first += 2, req.last += 2)
		KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_NULL(test, client->charge.peer);

	/* They do not fit: they stay, and none is added. */
	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &who, DITTO_BUDGET_LOCKS, limit - 9), 0);
	ditto_client_charge(client, &who);
	KUNIT_EXPECT_PTR_EQ(test, client->charge.peer, who.peer);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ENOLCK);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 10);
	ditto_uncharge(&other);

	ditto_client_charge(client, &second);
	KUNIT_EXPECT_PTR_EQ(test, client->charge.peer, who.peer);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_GE(test, client->charge.amount, 11);
	req.first = 0;
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	KUNIT_EXPECT_GE(test, client->charge.amount, 0);
	ditto_principal_exit(&second);
	ditto_principal_exit(&who);
	range_test_end(test, t);
	/* Warns if anything is left. */
	ditto_budget_exit(srv);
}

static struct kunit_case claim_range_cases[] = {
	KUNIT_CASE_SLOW(posix_like_a_map),
	KUNIT_CASE_SLOW(undo_like_a_map),
	KUNIT_CASE(undo_of_many_pieces),
	KUNIT_CASE_SLOW(exact_like_a_list),
	KUNIT_CASE(mode_that_is_given_up),
	KUNIT_CASE(upgrade_is_atomic),
	KUNIT_CASE(range_lengths),
	KUNIT_CASE(bad_ranges_are_refused),
	KUNIT_CASE(memory_is_used_again),
	KUNIT_CASE(many_ranges),
	KUNIT_CASE(cut_once),
	KUNIT_CASE(limits_hold),
	KUNIT_CASE(ranges_are_charged),
	KUNIT_CASE(ranges_are_charged_late),
	{}
};

static struct kunit_suite claim_range_suite = {
	.name = "claim_range",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_range_cases,
};

kunit_test_suite(claim_range_suite);
