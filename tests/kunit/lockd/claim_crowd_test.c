// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many claims on one node: the largest number of tree steps under one hold of ctx->lock, which
 * must grow no faster than the logarithm of the number of claims, and the time that an operation
 * takes. Prints lines of the form "bench NAME beside NUMBER: NUMBER ns, NUMBER steps".
 */
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../../../lockd/lease_private.h"
#include "../../../lockd/lock_ctx_private.h"
#include "../../../lockd/open_private.h"
#include "../../../lockd/show.h"
#include "../../../lockd/wait_private.h"
#include "claim_common.h"

#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE
#define W DITTO_LEASE_WRITE
#define TIMES		1000

static const u32 sizes[] = { 10, 1000, IS_ENABLED(CONFIG_KASAN) ? 10000 : 100000 };

/**
 * struct crowd - a client with claims by many keys on one node, and another client
 * @count: number of keys
 * @node: the node
 * @client: the client with the claims
 * @other: the client that operates beside them
 * @asker: owner of @other
 * @actor: caller with @asker
 * @key: owners of @client
 * @open: opens, by key
 * @lease: grants, by key
 * @told: callbacks of the grants
 * @began: start of the measurement
 */
struct crowd {
	u32 count;
	struct claim_node *node;
	struct claim_client *client;
	struct claim_client *other;
	struct ditto_owner *asker;
	struct ditto_actor actor;
	struct ditto_owner **key;
	struct ditto_open **open;
	struct ditto_lease **lease;
	struct claim_told told;
	u64 began;
};

static struct crowd *crowd_make(struct kunit *test, u32 count)
{
	struct crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->count = count;
	c->node = claim_node(test);
	c->client = claim_client(test, "crowd", 0);
	c->other = claim_client(test, "other", 0);
	c->asker = claim_owner(test, c->other, 1);
	c->actor = (struct ditto_actor) { .owner = c->asker, .lease_owner = c->asker,
					  .exact = true };
	c->key = kvcalloc(count, sizeof(*c->key), GFP_KERNEL);
	c->open = kvcalloc(count, sizeof(*c->open), GFP_KERNEL);
	c->lease = kvcalloc(count, sizeof(*c->lease), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, c->key && c->open && c->lease);
	for (u32 i = 0; i < count; i++)
		c->key[i] = claim_owner(test, c->client, i);
	return c;
}

static void crowd_leave(struct crowd *c, u32 i)
{
	if (c->open[i])
		ditto_open_release(c->open[i]);
	c->open[i] = NULL;
	if (c->lease[i]) {
		ditto_lease_return(c->lease[i]);
		ditto_lease_put(c->lease[i]);
	}
	c->lease[i] = NULL;
}

static void crowd_end(struct kunit *test, struct crowd *c)
{
	for (u32 i = 0; i < c->count; i++) {
		crowd_leave(c, i);
		ditto_owner_put(c->key[i]);
		if (i % 1024 == 0)
			cond_resched();
	}
	claim_flush(test);
	ditto_owner_put(c->asker);
	claim_client_end(test, c->client);
	claim_client_end(test, c->other);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.grants), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(c->node->point.ctx));
	kvfree(c->key);
	kvfree(c->open);
	kvfree(c->lease);
}

static struct ditto_open *crowd_try(struct crowd *c, struct ditto_owner *owner, u8 access, u8 deny)
{
	struct ditto_actor actor = { .owner = owner, .lease_owner = owner };

	return ditto_open_claim(&c->node->point, &actor, access, deny, false, NULL, NULL);
}

static void crowd_open(struct kunit *test, struct crowd *c, u8 access, u8 deny)
{
	for (u32 i = 0; i < c->count; i++) {
		c->open[i] = crowd_try(c, c->key[i], access, deny);
		KUNIT_ASSERT_FALSE(test, IS_ERR(c->open[i]));
		if (i % 1024 == 0)
			cond_resched();
	}
}

static struct ditto_lease *crowd_grant(struct crowd *c, struct ditto_owner *key,
				       enum ditto_lease_type style, u8 want, bool notify)
{
	struct ditto_lease_request req = {
		.point = &c->node->point, .actor.lease_owner = key, .style = style, .want = want,
		.notify = notify, .break_ms = 35000, .ops = &claim_lease_ops, .private = &c->told,
	};
	struct ditto_lease *lease;

	atomic_inc(&c->told.grants);
	lease = ditto_lease_grant(&req);
	if (IS_ERR(lease))
		atomic_dec(&c->told.grants);
	return lease;
}

static void crowd_lease(struct kunit *test, struct crowd *c, enum ditto_lease_type style, u8 want,
			bool notify)
{
	for (u32 i = 0; i < c->count; i++) {
		c->lease[i] = crowd_grant(c, c->key[i], style, want, notify);
		KUNIT_ASSERT_FALSE(test, IS_ERR(c->lease[i]));
		if (i % 1024 == 0)
			cond_resched();
	}
}

static enum ditto_answer crowd_ask(struct crowd *c, enum ditto_intent_kind kind)
{
	struct ditto_intent intent = { .kind = kind, .last = U64_MAX };

	return ditto_claim_check_slow(&c->node->point, &intent, &c->actor, NULL, NULL);
}

/* Objects that are still to be freed must not be measured. */
static void crowd_begin(struct crowd *c)
{
	rcu_barrier();
	WRITE_ONCE(ditto_steps_max, 0);
	c->began = ktime_get_ns();
}

/* @breaks: number of grants that may be processed under one hold of the lock */
static void crowd_report(struct kunit *test, struct crowd *c, const char *what, u32 times,
			 u32 breaks)
{
	u64 tenths = div_u64(10 * (ktime_get_ns() - c->began), times);
	unsigned long steps = READ_ONCE(ditto_steps_max);

	kunit_info(test, "bench %s beside %u: %llu.%llu ns, %lu steps\n", what, c->count,
		   tenths / 10, tenths % 10, steps);
	KUNIT_EXPECT_LE_MSG(test, steps, breaks * (32 + 16 * ilog2(c->count)), "%s beside %u",
			    what, c->count);
}

static void crowd_add_opens(struct kunit *test, struct crowd *c)
{
	struct ditto_open *open, *denies;

	crowd_open(test, c, DITTO_OPEN_READ | DITTO_OPEN_WRITE, 0);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++) {
		open = crowd_try(c, c->asker, DITTO_OPEN_READ, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(open));
		ditto_open_release(open);
	}
	crowd_report(test, c, "open and close", TIMES, 1);

	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++) {
		crowd_leave(c, i % c->count);
		c->open[i % c->count] = crowd_try(c, c->key[i % c->count], DITTO_OPEN_READ, 0);
	}
	crowd_report(test, c, "close and open one of them", TIMES, 1);

	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++)
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_WRITE), DITTO_ALLOWED);
	crowd_report(test, c, "write that no open denies", TIMES, 1);

	denies = crowd_try(c, c->asker, DITTO_OPEN_READ, DITTO_OPEN_DELETE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(denies));
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++)
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_REMOVE), DITTO_ALLOWED);
	crowd_report(test, c, "remove that its own open denies", TIMES, 1);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++) {
		open = crowd_try(c, c->key[0], DITTO_OPEN_DELETE, 0);
		KUNIT_ASSERT_TRUE(test, open == ERR_PTR(-EAGAIN));
	}
	crowd_report(test, c, "open that one open denies", TIMES, 1);
	ditto_open_release(denies);
}

static void crowd_add_leases(struct kunit *test, struct crowd *c)
{
	struct ditto_open *open;
	struct ditto_lease *lease;
	u32 acks = min(TIMES, c->count / 2);

	crowd_open(test, c, DITTO_OPEN_READ, DITTO_OPEN_DELETE);
	crowd_lease(test, c, DITTO_LEASE_TYPE_LEASE, R | H, false);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++) {
		open = crowd_try(c, c->asker, DITTO_OPEN_READ, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(open));
		lease = crowd_grant(c, c->asker, DITTO_LEASE_TYPE_LEASE, R | H, false);
		KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
		ditto_open_release(open);
		ditto_lease_return(lease);
		ditto_lease_put(lease);
	}
	crowd_report(test, c, "open, lease, close and return", TIMES, 1);

	/* Each of them may hide a closed open. */
	crowd_begin(c);
	KUNIT_EXPECT_EQ(test, crowd_ask(c, DITTO_INTENT_REMOVE), DITTO_BREAKING);
	crowd_report(test, c, "break HANDLE of each, one of them", c->count, DITTO_DROPS_AT_ONCE);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.breaks), c->count);
	crowd_begin(c);
	for (u32 i = 0; i < acks; i++) {
		ditto_open_release(c->open[i]);
		c->open[i] = NULL;
		KUNIT_ASSERT_EQ(test, ditto_lease_ack(c->lease[i], R), 0);
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_REMOVE), DITTO_BREAKING);
	}
	crowd_report(test, c, "close, answer, and ask again", acks, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.breaks), c->count);
}

static void crowd_add_readers(struct kunit *test, struct crowd *c)
{
	struct ditto_range_request req = claim_req(c->node, c->asker, true, 0, 9);

	crowd_lease(test, c, DITTO_LEASE_TYPE_LEASE, R, false);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++)
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_OPEN), DITTO_ALLOWED);
	crowd_report(test, c, "open beside leases", TIMES, 1);
	/* The operation does not wait for them, but they are notified. */
	crowd_begin(c);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	crowd_report(test, c, "lock that takes READ of each, one of them", c->count,
		     DITTO_DROPS_AT_ONCE);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.breaks), c->count);
}

static void crowd_waiters(struct kunit *test, struct crowd *c)
{
	struct ditto_range_request req = claim_req(c->node, c->asker, true, 0, 9);
	struct claim_wait *w = claim_wait(test);
	int err;

	crowd_lease(test, c, DITTO_LEASE_TYPE_LEASE, R, false);
	crowd_begin(c);
	err = ditto_range_lock(&req, &w->wait, NULL);
	KUNIT_EXPECT_TRUE(test, !err || err == -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, err ? atomic_read(&w->granted) : 1, 1);
	KUNIT_EXPECT_EQ(test, err ? w->result : 0, 0);
	crowd_report(test, c, "wait in the queue for READ of each, one of them", c->count,
		     DITTO_DROPS_AT_ONCE);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.breaks), c->count);
}

static void crowd_change(struct kunit *test, struct crowd *c)
{
	struct ditto_entry_change change = { .event = DITTO_ENTRY_ADDED, .name = "new", .len = 3 };

	crowd_lease(test, c, DITTO_LEASE_TYPE_DIRECTORY, R | H, true);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++)
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_ENTRY), DITTO_ALLOWED);
	crowd_report(test, c, "change of an entry", TIMES, 1);
	crowd_begin(c);
	ditto_lease_deliver(&c->node->point, &c->actor, &change);
	crowd_report(test, c, "deliver a change to each, one of them", c->count,
		     DITTO_DROPS_AT_ONCE);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.changes), c->count);
	ditto_lease_lose(&c->node->point);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told.breaks), c->count);
}

static int show_count(const struct ditto_claim_info *info, void *arg)
{
	++*(u32 *)arg;
	return 0;
}

static void crowd_exact(struct kunit *test, struct crowd *c)
{
	struct ditto_range_request req = claim_req(c->node, c->asker, true, 0, 0);
	struct ditto_show_cursor cursor = {};
	u32 shown = 0;

	req.discipline = DITTO_EXACT;
	for (u32 i = 0; i < c->count; i++) {
		req.first = 10 * i;
		req.last = 10 * i + 4;
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	}
	/* Empty ranges before byte 0 overlap nothing. */
	req.first = 0;
	req.empty = true;
	for (u32 i = 0; i < c->count; i++)
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	crowd_begin(c);
	for (u32 i = 0; i < TIMES; i++)
		KUNIT_ASSERT_EQ(test, crowd_ask(c, DITTO_INTENT_READ), DITTO_ALLOWED);
	crowd_report(test, c, "read over its own ranges", TIMES, 1);
	crowd_begin(c);
	KUNIT_EXPECT_EQ(test, ditto_show_point(&c->node->point, &cursor, show_count, &shown), 0);
	KUNIT_EXPECT_EQ(test, shown, 2 * c->count);
	crowd_report(test, c, "list, one range", 2 * c->count, 1);
	c->lease[0] = crowd_grant(c, c->key[0], DITTO_LEASE_TYPE_DELEGATION, R | H | W, false);
	KUNIT_EXPECT_TRUE(test, c->lease[0] == ERR_PTR(-EAGAIN));
	c->lease[0] = NULL;
	crowd_begin(c);
	ditto_range_release_owner(&c->node->point, c->asker);
	crowd_report(test, c, "give up all ranges, one of them", 2 * c->count,
		     DITTO_DROPS_AT_ONCE);
}

/* The deadlock search, with many owners of ranges in the way that all have the same first byte. */
static void crowd_add_holders(struct kunit *test, struct crowd *c)
{
	struct ditto_range_request req = claim_req(c->node, c->asker, true, 0, 9);
	struct claim_wait *w = claim_wait(test);

	for (u32 i = 0; i < c->count; i++) {
		struct ditto_range_request held = claim_req(c->node, c->key[i], false, 0, 9);

		KUNIT_ASSERT_EQ(test, ditto_range_lock(&held, NULL, NULL), 0);
	}
	crowd_begin(c);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, &w->wait, NULL), -EINPROGRESS);
	crowd_report(test, c, "search for a deadlock, one range in the way", c->count,
		     DITTO_DROPS_AT_ONCE);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	for (u32 i = 0; i < c->count; i++)
		ditto_range_release_owner(&c->node->point, c->key[i]);
}

/*
 * A search gives up among too many ranges, here of two owners by turns, so that those who are to
 * wait elsewhere do not wait for it for long.
 */
static void search_gives_up(struct kunit *test)
{
	struct crowd *c = crowd_make(test, 3);
	struct claim_node *elsewhere = claim_node(test);
	struct claim_wait *w = claim_wait(test), *last = claim_wait(test);
	struct ditto_range_request all = claim_req(c->node, c->asker, true, 0, U64_MAX);
	struct ditto_range_request mine = claim_req(elsewhere, c->asker, true, 0, 9);
	struct ditto_range_request theirs = claim_req(elsewhere, c->key[2], true, 0, 9);
	struct ditto_range_request few;

	/* The last owner waits for the asker; the others come before it. */
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&mine, NULL, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&theirs, &last->wait, NULL), -EINPROGRESS);
	for (u32 i = 0; i <= DITTO_DEADLOCK_RANGES; i++) {
		u32 key = i == DITTO_DEADLOCK_RANGES ? 2 : i % 2;
		struct ditto_range_request held = claim_req(c->node, c->key[key], false, i, i);

		KUNIT_ASSERT_EQ(test, ditto_range_lock(&held, NULL, NULL), 0);
		if (i % 1024 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&all, &w->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&all), 0);
	/* It finds the circle if it gets to the last one here, and to the asker's elsewhere. */
	few = claim_req(c->node, c->key[0], true, 0, 2);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&few), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&all, &w->wait, NULL), -EDEADLK);
	for (u32 i = 0; i < c->count; i++)
		ditto_range_release_owner(&c->node->point, c->key[i]);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&theirs), 0);
	ditto_range_release_owner(&elsewhere->point, c->asker);
	crowd_end(test, c);
}

static void crowd_run(struct kunit *test, void (*run)(struct kunit *test, struct crowd *c))
{
	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct crowd *c = crowd_make(test, sizes[i]);

		run(test, c);
		crowd_end(test, c);
	}
}

static void crowd_opens(struct kunit *test)
{
	crowd_run(test, crowd_add_opens);
}

static void crowd_leases(struct kunit *test)
{
	crowd_run(test, crowd_add_leases);
}

static void crowd_readers(struct kunit *test)
{
	crowd_run(test, crowd_add_readers);
}

static void crowd_waiting(struct kunit *test)
{
	crowd_run(test, crowd_waiters);
}

static void crowd_changes(struct kunit *test)
{
	crowd_run(test, crowd_change);
}

static void crowd_ranges(struct kunit *test)
{
	crowd_run(test, crowd_exact);
}

static void crowd_holders(struct kunit *test)
{
	crowd_run(test, crowd_add_holders);
}

static struct kunit_case claim_crowd_cases[] = {
	KUNIT_CASE_SLOW(crowd_opens),
	KUNIT_CASE_SLOW(crowd_leases),
	KUNIT_CASE_SLOW(crowd_readers),
	KUNIT_CASE_SLOW(crowd_waiting),
	KUNIT_CASE_SLOW(crowd_changes),
	KUNIT_CASE_SLOW(crowd_ranges),
	KUNIT_CASE_SLOW(crowd_holders),
	KUNIT_CASE_SLOW(search_gives_up),
	{}
};

static struct kunit_suite claim_crowd_suite = {
	.name = "claim_bench_crowd",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_crowd_cases,
};

kunit_test_suite(claim_crowd_suite);
