// SPDX-License-Identifier: GPL-2.0-only
/* Clients and owners: time to live, release, lists of claims; grace period. */
#include <linux/filelock.h>
#include <net/net_namespace.h>

#include "../../../lockd/client_private.h"
#include "../../../lockd/holder.h"
#include "../../../lockd/range_private.h"
#include "../../../lockd/show.h"
#include "../await.h"
#include "claim_common.h"

static void one_key_one_owner(struct kunit *test)
{
	struct claim_client *a = claim_client(test, "a", 0), *b = claim_client(test, "b", 0);
	u8 *key = kunit_kzalloc(test, DITTO_OWNER_KEY_MAX + 1, GFP_KERNEL);
	struct ditto_owner *one, *two, *other;

	KUNIT_ASSERT_NOT_NULL(test, key);
	KUNIT_EXPECT_NULL(test, ditto_owner_find(&a->client, key, 5));
	one = ditto_owner_get(&a->client, key, DITTO_OWNER_KEY_MAX);
	two = ditto_owner_get(&a->client, key, DITTO_OWNER_KEY_MAX);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	KUNIT_EXPECT_PTR_EQ(test, one, two);
	ditto_owner_put(two);
	/* The same bytes, but one less; and the same key of another client. */
	other = ditto_owner_get(&a->client, key, DITTO_OWNER_KEY_MAX - 1);
	KUNIT_EXPECT_PTR_NE(test, one, other);
	ditto_owner_put(other);
	other = ditto_owner_get(&b->client, key, DITTO_OWNER_KEY_MAX);
	KUNIT_EXPECT_PTR_NE(test, one, other);
	ditto_owner_put(other);
	two = ditto_owner_find(&a->client, key, DITTO_OWNER_KEY_MAX);
	KUNIT_EXPECT_PTR_EQ(test, one, two);
	ditto_owner_put(two);
	ditto_owner_put(one);
	KUNIT_EXPECT_NULL(test, ditto_owner_find(&a->client, key, DITTO_OWNER_KEY_MAX));
	KUNIT_EXPECT_TRUE(test, ditto_owner_get(&a->client, key, DITTO_OWNER_KEY_MAX + 1) ==
				ERR_PTR(-EINVAL));
	/* One that is in no table. */
	one = ditto_owner_new(&a->client, key, 8);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	KUNIT_EXPECT_NULL(test, ditto_owner_find(&a->client, key, 8));
	KUNIT_EXPECT_MEMEQ(test, one->key, key, 8);
	ditto_owner_put(one);
	KUNIT_EXPECT_TRUE(test, ditto_owner_new(&a->client, key, DITTO_OWNER_KEY_MAX + 1) ==
				ERR_PTR(-EINVAL));
	/* An empty key is a key, too. */
	one = ditto_owner_get(&a->client, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(one));
	ditto_owner_put(one);
	claim_client_end(test, a);
	claim_client_end(test, b);
}

static struct ditto_open *open_as(struct claim_node *node, struct ditto_owner *owner)
{
	struct ditto_actor actor = { .owner = owner };

	return ditto_open_claim(&node->point, &actor, 1, 0, false, NULL, NULL);
}

/* Claims of every kind on many nodes, some waiting, some breaking: all end with the client. */
static void teardown_to_zero(struct kunit *test)
{
	struct claim_client *c = claim_client(test, "gone", 0), *other = claim_client(test, "b", 0);
	struct ditto_owner *owner = claim_owner(test, c, 1), *stays = claim_owner(test, other, 1);
	struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = 5 };
	static struct claim_wait wait[20];
	static struct ditto_open *open[20];
	static struct ditto_lease *lease[20];
	struct claim_node *node[20];
	struct claim_told told = {};

	for (int i = 0; i < 20; i++) {
		struct ditto_range_request req;

		node[i] = claim_node(test);
		for (u64 n = 0; n < 100; n++) {
			req = claim_req(node[i], owner, true, 10 * n, 10 * n + 5);
			KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
		}
		req = claim_req(node[i], stays, true, 5000, 5009);
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
		req = claim_req(node[i], owner, true, 5000, 5000);
		claim_wait_init(&wait[i]);
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, &wait[i].wait, NULL), -EINPROGRESS);
		open[i] = open_as(node[i], owner);
		KUNIT_ASSERT_FALSE(test, IS_ERR(open[i]));
	}
	for (int i = 0; i < 20; i++) {
		struct claim_node *alone = claim_node(test);

		lease[i] = claim_grant(alone, owner, DITTO_LEASE_TYPE_LEASE,
				       DITTO_LEASE_ALL, &told);
		KUNIT_ASSERT_FALSE(test, IS_ERR(lease[i]));
		if (i & 1)
			ditto_claim_check(&alone->point, &intent, NULL, NULL, NULL);
	}
	KUNIT_EXPECT_EQ(test, ditto_client_live(&c->client, DITTO_CLAIM_RANGE), 2000);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&c->client, DITTO_CLAIM_OPEN), 20);
	KUNIT_EXPECT_EQ(test, ditto_client_live(&c->client, DITTO_CLAIM_LEASE), 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->client.waiting), 20);
	KUNIT_EXPECT_EQ(test, ditto_locks_live(claim_table(test), DITTO_CLAIM_RANGE), 2020);

	ditto_client_release(&c->client, "test");
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&c->client), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.revokes), 20);
	KUNIT_EXPECT_EQ(test, ditto_locks_live(claim_table(test), DITTO_CLAIM_RANGE), 20);
	for (int i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, wait[i].result, -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, atomic_read(&wait[i].released), 1);
		ditto_open_release(open[i]);
		ditto_lease_put(lease[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&told.grants), 0);
	ditto_owner_put(owner);
	ditto_owner_put(stays);
	claim_client_end(test, c);
	claim_client_end(test, other);
}

/*
 * A number is above those that its client has seen, from whatever CPU, and those of other clients
 * differ.
 */
static void numbers_grow(struct kunit *test)
{
	struct claim_client *c[2] = { claim_client(test, "ahead", 0),
				      claim_client(test, "behind", 0) };
	struct ditto_open *open[4];
	u64 id[ARRAY_SIZE(open)];

	/* Claims of the first client were made by a CPU that counts faster. */
	c[0]->client.last_id = 1ULL << 40;
	for (int i = 0; i < ARRAY_SIZE(open); i++) {
		struct claim_client *own = c[i & 1];
		struct claim_node *node = claim_node(test);
		struct ditto_owner *owner = claim_owner(test, own, i);

		open[i] = open_as(node, owner);
		KUNIT_ASSERT_FALSE(test, IS_ERR(open[i]));
		id[i] = own->client.last_id;
		for (int other = 0; other < i; other++)
			KUNIT_EXPECT_NE(test, id[i], id[other]);
		ditto_owner_put(owner);
	}
	KUNIT_EXPECT_GT(test, id[0], 1ULL << 40);
	KUNIT_EXPECT_GT(test, id[2], id[0]);
	KUNIT_EXPECT_GT(test, id[3], id[1]);
	for (int i = 0; i < ARRAY_SIZE(open); i++)
		ditto_open_release(open[i]);
	claim_client_end(test, c[0]);
	claim_client_end(test, c[1]);
}

static void time_to_live(struct kunit *test)
{
	struct claim_client *now = claim_client(test, "now", 0);
	struct claim_client *later = claim_client(test, "later", 60 * MSEC_PER_SEC);
	struct claim_client *never = claim_client(test, "never", DITTO_CLIENT_TTL_NEVER);
	struct claim_client *all[] = { now, later, never };
	struct claim_client *soon = claim_client(test, "soon", 50);
	struct ditto_lock_table *table = claim_table(test);

	/* Two connections each; the first one to end is not the last. */
	for (int i = 0; i < 6; i++)
		KUNIT_EXPECT_TRUE(test, ditto_client_connected(&all[i / 2]->client));
	for (int i = 0; i < 3; i++)
		ditto_client_disconnected(&all[i]->client);
	flush_workqueue(table->yield_wq);
	flush_workqueue(table->release_wq);
	KUNIT_EXPECT_EQ(test, now->released, 0);

	for (int i = 0; i < 3; i++)
		ditto_client_disconnected(&all[i]->client);
	flush_workqueue(table->yield_wq);
	flush_workqueue(table->release_wq);
	KUNIT_EXPECT_EQ(test, now->released, 1);
	KUNIT_EXPECT_FALSE(test, ditto_client_connected(&now->client));
	/* A connection in time stops the release. */
	KUNIT_EXPECT_EQ(test, later->released, 0);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&later->client.expire));
	KUNIT_EXPECT_TRUE(test, ditto_client_connected(&later->client));
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&later->client.expire));
	ditto_client_disconnected(&later->client);
	KUNIT_EXPECT_TRUE(test, mod_delayed_work(table->release_wq, &later->client.expire, 0));
	flush_workqueue(table->release_wq);
	KUNIT_EXPECT_EQ(test, later->released, 1);
	/* The time also runs out by itself. */
	KUNIT_EXPECT_TRUE(test, ditto_client_connected(&soon->client));
	ditto_client_disconnected(&soon->client);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(soon->released)));
	KUNIT_EXPECT_EQ(test, never->released, 0);
	for (int i = 0; i < 3; i++)
		claim_client_end(test, all[i]);
	claim_client_end(test, soon);
}

static void found_by_name(struct kunit *test)
{
	struct claim_client *c = claim_client(test, "host", 0);
	struct ditto_lock_table *table = claim_table(test);
	struct ditto_client *found = ditto_client_find(table, "test", "host");

	KUNIT_EXPECT_PTR_EQ(test, found, &c->client);
	ditto_client_put(found);
	KUNIT_EXPECT_NULL(test, ditto_client_find(table, "test", "hos"));
	KUNIT_EXPECT_NULL(test, ditto_client_find(table, "tes", "host"));
	claim_client_end(test, c);
	KUNIT_EXPECT_NULL(test, ditto_client_find(table, "test", "host"));
}

/* A walk continues behind its last client although that and others before it are gone. */
static void listed_while_others_go(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct claim_client *c[4];
	struct ditto_client *client;
	u64 number;

	for (int i = 0; i < 4; i++)
		c[i] = claim_client(test, "client", 0);
	client = ditto_client_after(table, 0);
	KUNIT_EXPECT_PTR_EQ(test, client, &c[0]->client);
	ditto_client_put(client);
	client = ditto_client_after(table, client->number);
	KUNIT_EXPECT_PTR_EQ(test, client, &c[1]->client);
	number = client->number;
	ditto_client_put(client);
	claim_client_end(test, c[0]);
	claim_client_end(test, c[1]);
	c[0] = claim_client(test, "new", 0);
	client = ditto_client_after(table, number);
	KUNIT_EXPECT_PTR_EQ(test, client, &c[2]->client);
	ditto_client_put(client);
	client = ditto_client_after(table, client->number);
	KUNIT_EXPECT_PTR_EQ(test, client, &c[3]->client);
	ditto_client_put(client);
	client = ditto_client_after(table, client->number);
	KUNIT_EXPECT_PTR_EQ(test, client, &c[0]->client);
	ditto_client_put(client);
	KUNIT_EXPECT_NULL(test, ditto_client_after(table, c[0]->client.number));
	claim_client_end(test, c[0]);
	claim_client_end(test, c[2]);
	claim_client_end(test, c[3]);
}

/* During grace, known clients reclaim what they held; all others wait. */
static void grace_lets_known_clients_reclaim(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct claim_client *a = claim_client(test, "a", 0), *b = claim_client(test, "b", 0);
	struct claim_client *new = claim_client(test, "new", 0);
	struct claim_node *node = claim_node(test);
	struct ditto_owner *oa = claim_owner(test, a, 1), *on = claim_owner(test, new, 1);
	struct ditto_range_request req = claim_req(node, oa, true, 0, 9);
	struct ditto_actor actor = { .owner = on };
	struct ditto_open *open;
	struct claim_told told = {};
	u32 unfinished;

	/* No client is known, so there is nothing to wait for. */
	ditto_grace_start(table);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	req.reclaim = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ESTALE);

	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_RANGES), 0);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "bb", 2, DITTO_KNOWN_RANGES), 0);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_RANGES), 0);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "", 0, DITTO_KNOWN_RANGES), -EINVAL);
	ditto_grace_start(table);
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_TRUE(test, locks_in_grace(&init_net));
	KUNIT_EXPECT_TRUE(test, opens_in_grace(&init_net));
	KUNIT_EXPECT_EQ(test, ditto_grace_left(table, &unfinished), DITTO_GRACE_MS / 1000);
	KUNIT_EXPECT_EQ(test, unfinished, 2);

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -ESTALE);
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&a->client, "a", 1));
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&b->client, "bb", 2));
	KUNIT_EXPECT_FALSE(test, ditto_grace_admit(&new->client, "b", 1));
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	req.reclaim = false;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), 0);
	open = ditto_open_claim(&node->point, &actor, 1, 0, false, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, open == ERR_PTR(-EPERM));
	open = ditto_open_claim(&node->point, &actor, 1, 0, true, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, open == ERR_PTR(-ESTALE));
	KUNIT_EXPECT_TRUE(test, IS_ERR(claim_grant(node, on, DITTO_LEASE_TYPE_LEASE, 1, &told)));

	/* The last client to be done ends the grace period. */
	ditto_grace_done(&a->client);
	ditto_grace_done(&a->client);
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	ditto_grace_done(&new->client);
	ditto_grace_done(&b->client);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_FALSE(test, locks_in_grace(&init_net));
	/* No client may reclaim any more. A client known anew counts once. */
	ditto_grace_start(table);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_RANGES), 0);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_RANGES), 0);
	ditto_grace_left(table, &unfinished);
	KUNIT_EXPECT_EQ(test, unfinished, 1);
	ditto_grace_start(table);
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&a->client, "a", 1));
	ditto_grace_done(&a->client);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	ditto_owner_put(oa);
	ditto_owner_put(on);
	claim_client_end(test, a);
	claim_client_end(test, b);
	claim_client_end(test, new);
}

static void grace_ends_by_the_clock(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	u32 unfinished;

	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "never seen", 10, DITTO_KNOWN_RANGES), 0);
	ditto_grace_start(table);
	claim_now += DITTO_GRACE_MS - 1;
	mod_delayed_work(table->wq, &table->grace.end, 0);
	flush_delayed_work(&table->grace.end);
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_EQ(test, ditto_grace_left(table, &unfinished), 1);
	claim_now++;
	mod_delayed_work(table->wq, &table->grace.end, 0);
	flush_delayed_work(&table->grace.end);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	/* Whoever did not reclaim does not do so later. */
	ditto_grace_start(table);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	/* Ended by the administrator, and twice. */
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "another", 7, DITTO_KNOWN_RANGES), 0);
	ditto_grace_left(table, &unfinished);
	KUNIT_EXPECT_EQ(test, unfinished, 1);
	ditto_grace_start(table);
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	ditto_grace_end(table);
	ditto_grace_end(table);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
}

/* The helper of the state machine: it has forgotten when the test says so. */
static u64 forgets;
static bool forget_nothing;

static bool state_forget(struct ditto_lock_table *table, u64 number)
{
	forgets = number;
	return !forget_nothing;
}

/* A claim of either kind, new and as a reclaim, in the present state. */
static void state_expect(struct kunit *test, struct claim_client *c, int fresh, int reclaim)
{
	for (int kind = 0; kind < DITTO_CLAIM_KINDS; kind++) {
		KUNIT_EXPECT_EQ(test, ditto_grace_check(&c->client, kind, false), fresh);
		KUNIT_EXPECT_EQ(test, ditto_grace_check(&c->client, kind, true), reclaim);
	}
}

static void grace_states(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct claim_client *a = claim_client(test, "a", 0), *b = claim_client(test, "b", 0);

	forget_nothing = false;
	table->forget = state_forget;
	state_expect(test, a, 0, -ESTALE);
	/* The helper has not said who may reclaim: nothing is granted, and nothing begins. */
	ditto_grace_load(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_LOADING);
	KUNIT_EXPECT_TRUE(test, table->guards);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_ANY), 0);
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "b", 1, DITTO_KNOWN_RANGES), 0);
	ditto_grace_start(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_LOADING);
	KUNIT_EXPECT_FALSE(test, ditto_grace_admit(&a->client, "a", 1));
	state_expect(test, a, -EPERM, -ESTALE);
	KUNIT_EXPECT_FALSE(test, ditto_grace_wait(table, DITTO_STATE_LOADING, 1));

	ditto_grace_loaded(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_GRACE);
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&a->client, "a", 1));
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&b->client, "b", 1));
	state_expect(test, a, -EPERM, 0);
	ditto_grace_done(&a->client);
	KUNIT_EXPECT_FALSE(test, table->guards);

	/* Not yet forgotten, it could reclaim after the next restart what others get now. */
	ditto_grace_end(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_FORGETTING);
	state_expect(test, b, -EPERM, -ESTALE);
	ditto_grace_end(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_FORGETTING);
	ditto_grace_forgotten(table, forgets - 1);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_FORGETTING);
	KUNIT_EXPECT_TRUE(test, locks_in_grace(&init_net));
	ditto_grace_forgotten(table, forgets);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_NORMAL);
	KUNIT_EXPECT_FALSE(test, locks_in_grace(&init_net));
	state_expect(test, b, 0, -ESTALE);

	/* One that was admitted and not done does not reclaim in the next grace period. */
	KUNIT_EXPECT_EQ(test, ditto_grace_know(table, "a", 1, DITTO_KNOWN_ANY), 0);
	ditto_grace_start(table);
	KUNIT_EXPECT_TRUE(test, table->guards);
	state_expect(test, b, -EPERM, -ESTALE);
	KUNIT_EXPECT_FALSE(test, ditto_grace_admit(&b->client, "b", 1));
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&a->client, "a", 1));
	forget_nothing = true;
	ditto_grace_done(&a->client);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_NORMAL);
	table->forget = NULL;
	claim_client_end(test, a);
	claim_client_end(test, b);
}

/* Nobody is known, so nobody is waited for. */
static void grace_loads_nothing(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);

	table->forget = state_forget;
	ditto_grace_load(table);
	ditto_grace_loaded(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_NORMAL);
	KUNIT_EXPECT_FALSE(test, table->guards);
	/* The administrator does without the helper. */
	ditto_grace_load(table);
	ditto_grace_end(table);
	KUNIT_EXPECT_EQ(test, table->state, DITTO_STATE_NORMAL);
	table->forget = NULL;
}

/* Another lock manager of the machine holds off what it knows: ranges, or opens as well. */
static void grace_of_others(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct lock_manager other = {};

	INIT_LIST_HEAD(&other.list);
	locks_start_grace(&init_net, &other);
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_RANGE));
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_LEASE));
	other.block_opens = true;
	KUNIT_EXPECT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	locks_end_grace(&other);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_RANGE));
}

struct shown {
	unsigned int count;
	unsigned int states[4];
	unsigned int stop_after;
	u64 next_first;
};

static int show_one(const struct ditto_claim_info *info, void *arg)
{
	struct shown *shown = arg;

	if (shown->stop_after && shown->count == shown->stop_after)
		return -ENOSPC;
	if (info->kind == DITTO_CLAIM_RANGE && info->state == DITTO_SHOW_HELD &&
	    info->what.first == shown->next_first)
		shown->next_first += 10;
	shown->states[info->state]++;
	shown->count++;
	return 0;
}

/* Each claim is listed once, in order of creation, also when the list is read in parts. */
static void each_claim_is_shown(struct kunit *test)
{
	struct claim_client *c = claim_client(test, "a", 0), *d = claim_client(test, "b", 0);
	struct ditto_owner *owner = claim_owner(test, c, 1), *other = claim_owner(test, d, 1);
	struct ditto_lock_table *table = claim_table(test);
	struct ditto_show_cursor cursor = {};
	struct claim_node *node = claim_node(test);
	struct ditto_range_request req;
	struct shown shown = {};
	struct claim_wait *wait = claim_wait(test);
	struct ditto_open *open = open_as(node, other);

	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	for (u64 i = 0; i < 100; i++) {
		req = claim_req(node, owner, true, 10 * i, 10 * i + 5);
		KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	}
	req = claim_req(node, other, false, 0, 9);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -EINPROGRESS);

	for (shown.stop_after = 7; ; shown.stop_after += 7) {
		if (!ditto_show_clients(table, NULL, NULL, &cursor, show_one, &shown))
			break;
	}
	KUNIT_EXPECT_EQ(test, shown.count, 102);
	KUNIT_EXPECT_EQ(test, shown.next_first, 1000);
	KUNIT_EXPECT_EQ(test, shown.states[DITTO_SHOW_HELD], 101);
	KUNIT_EXPECT_EQ(test, shown.states[DITTO_SHOW_WAITING], 1);

	memset(&shown, 0, sizeof(shown));
	memset(&cursor, 0, sizeof(cursor));
	KUNIT_EXPECT_EQ(test, ditto_show_point(&node->point, &cursor, show_one, &shown), 0);
	KUNIT_EXPECT_EQ(test, shown.count, 102);

	memset(&shown, 0, sizeof(shown));
	memset(&cursor, 0, sizeof(cursor));
	KUNIT_EXPECT_EQ(test, ditto_show_clients(table, "test", "b", &cursor, show_one, &shown), 0);
	KUNIT_EXPECT_EQ(test, shown.count, 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&node->ref), 2);

	ditto_open_release(open);
	ditto_owner_put(owner);
	ditto_owner_put(other);
	claim_client_end(test, c);
	claim_client_end(test, d);
}

/* Ranges of the listed node that are there at first, and entries of a part of its list. */
#define LISTED		100
#define LISTED_PART	7

struct listed {
	const struct ditto_lock_point *point;
	u32 left;
	u32 foreign;
	u32 opens;
	u8 times[2 * LISTED];
};

static int list_one(const struct ditto_claim_info *info, void *arg)
{
	struct listed *listed = arg;

	if (!listed->left)
		return -ENOSPC;
	listed->left--;
	if (info->point != listed->point)
		listed->foreign++;
	else if (info->kind == DITTO_CLAIM_OPEN)
		listed->opens++;
	else
		listed->times[info->what.first / 10]++;
	return 0;
}

static void listed_lock(struct kunit *test, struct claim_node *node, struct ditto_owner *owner,
			u64 number)
{
	struct ditto_range_request req = claim_req(node, owner, true, 10 * number, 10 * number + 5);

	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
}

static void listed_unlock(struct kunit *test, struct claim_node *node, struct ditto_owner *owner,
			  u64 number)
{
	struct ditto_range_request req = claim_req(node, owner, true, 10 * number, 10 * number + 5);

	KUNIT_ASSERT_EQ(test, ditto_range_unlock(&req), 0);
}

/*
 * The list of a node that is read in parts has each claim that stays exactly once, while others
 * come and go, and none of the many claims that the same clients have on other nodes.
 */
static void one_node_is_listed_while_claims_go(struct kunit *test)
{
	struct claim_client *a = claim_client(test, "a", 0), *b = claim_client(test, "b", 0);
	struct ditto_owner *owner = claim_owner(test, a, 1), *last = claim_owner(test, b, 1);
	struct claim_node *node = claim_node(test), *other = claim_node(test);
	struct listed *listed = kunit_kzalloc(test, sizeof(*listed), GFP_KERNEL);
	struct ditto_show_cursor cursor = {};
	struct ditto_open *open;
	u32 parts = 0;

	KUNIT_ASSERT_NOT_NULL(test, listed);
	for (u32 i = 0; i < 10 * LISTED; i++) {
		listed_lock(test, other, owner, i);
		listed_lock(test, other, last, 20 * LISTED + i);
		if (i < LISTED)
			listed_lock(test, node, owner, i);
	}
	open = open_as(node, last);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));

	listed->point = &node->point;
	for (;;) {
		listed->left = LISTED_PART;
		if (!ditto_show_point(&node->point, &cursor, list_one, listed))
			break;
		KUNIT_ASSERT_LT(test, parts, LISTED / 2);
		/* One that was listed, one that was not, and a new one. */
		listed_unlock(test, node, owner, parts);
		listed_unlock(test, node, owner, LISTED - 1 - parts);
		listed_lock(test, node, owner, LISTED + parts);
		parts++;
	}
	KUNIT_EXPECT_GT(test, parts, LISTED / 2 / LISTED_PART);
	KUNIT_EXPECT_EQ(test, listed->foreign, 0);
	KUNIT_EXPECT_EQ(test, listed->opens, 1);
	for (u32 i = 0; i < ARRAY_SIZE(listed->times); i++) {
		if (i >= parts && i < LISTED - parts)
			KUNIT_EXPECT_EQ(test, listed->times[i], 1);
		else
			KUNIT_EXPECT_LE(test, listed->times[i], 1);
	}

	ditto_open_release(open);
	ditto_owner_put(owner);
	ditto_owner_put(last);
	claim_client_end(test, a);
	claim_client_end(test, b);
}

/* Ranges that a list sees of a client while it gets one. */
static struct {
	struct ditto_client *client;
	struct task_struct *task;
	u32 seen;
	u32 wrong;
} watched;

static void watch_ranges(void)
{
	struct ditto_client *client = watched.client;
	struct ditto_claim *claim;
	struct ditto_range *range;

	if (current != watched.task)
		return;
	spin_lock(&client->lock);
	for (claim = ditto_client_first_claim(client); claim;
	     claim = ditto_client_claim_next(claim)) {
		range = ditto_claim_range(claim);
		watched.seen++;
		watched.wrong += (range->first != 10 || range->last != 15) &&
				 (range->first != 100 || range->last != 105);
	}
	spin_unlock(&client->lock);
}

/* Lists see the bytes of a range, not those that its memory had before, once its client has it. */
static void bytes_are_seen_at_once(struct kunit *test)
{
	struct claim_client *client = claim_client(test, "c", 0);
	struct ditto_owner *owner = claim_owner(test, client, 1);
	struct claim_node *node = claim_node(test);
	struct ditto_range_request first = claim_req(node, owner, true, 10, 15),
				   old = claim_req(node, owner, true, 50, 55),
				   last = claim_req(node, owner, true, 100, 105);

	KUNIT_ASSERT_EQ(test, ditto_range_lock(&last, NULL, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&old, NULL, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_range_unlock(&old), 0);
	watched.client = &client->client;
	watched.task = current;
	watched.seen = 0;
	watched.wrong = 0;
	WRITE_ONCE(ditto_step_watch, watch_ranges);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&first, NULL, NULL), 0);
	WRITE_ONCE(ditto_step_watch, NULL);
	KUNIT_EXPECT_GT(test, watched.seen, 2);
	KUNIT_EXPECT_EQ(test, watched.wrong, 0);
	ditto_owner_put(owner);
	claim_client_end(test, client);
}

static struct kunit_case claim_client_cases[] = {
	KUNIT_CASE(one_key_one_owner),
	KUNIT_CASE(teardown_to_zero),
	KUNIT_CASE(numbers_grow),
	KUNIT_CASE(time_to_live),
	KUNIT_CASE(found_by_name),
	KUNIT_CASE(listed_while_others_go),
	KUNIT_CASE(grace_lets_known_clients_reclaim),
	KUNIT_CASE(grace_states),
	KUNIT_CASE(grace_loads_nothing),
	KUNIT_CASE(grace_of_others),
	KUNIT_CASE(grace_ends_by_the_clock),
	KUNIT_CASE(each_claim_is_shown),
	KUNIT_CASE(one_node_is_listed_while_claims_go),
	KUNIT_CASE(bytes_are_seen_at_once),
	{}
};

static struct kunit_suite claim_client_suite = {
	.name = "claim_client",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_client_cases,
};

kunit_test_suite(claim_client_suite);
