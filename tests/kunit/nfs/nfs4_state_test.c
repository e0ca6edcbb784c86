// SPDX-License-Identifier: GPL-2.0-only
/* NFSv4: stateids, the table of a client's states, seqids of owners, histories of opens. */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/nfs/v4/session/client.h"
#include "../../../fs/nfs/v4/state/open.h"
#include "../../../fs/open/instance_private.h"
#include "../../../net/server.h"

/**
 * struct fake - a state that counts what becomes of it
 * @state: the state
 * @freed: how often
 */
struct fake {
	struct dnfs4_state state;
	int freed;
};

static void fake_release(struct dnfs4_state *state)
{
}

static u32 fake_free_stateid(struct dnfs4_state *state)
{
	return NFS4ERR_LOCKS_HELD;
}

static void fake_free(struct dnfs4_state *state)
{
	container_of(state, struct fake, state)->freed++;
}

static const struct dnfs4_state_ops fake_ops = {
	.kind = DNFS4_STATE_OPEN,
	.release = fake_release,
	.free_stateid = fake_free_stateid,
	.free = fake_free,
};

static const struct dnfs4_state_ops fake_delegation_ops = {
	.kind = DNFS4_STATE_DELEGATION,
	.release = fake_release,
	.free_stateid = fake_free_stateid,
	.free = fake_free,
};

static void end_client(void *client)
{
	dnfs4_table_exit(&((struct dnfs4_client *)client)->states);
}

static struct dnfs4_client *new_client(struct kunit *test)
{
	struct dnfs4_client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, client);
	client->id = 0x1234567800000042;
	dnfs4_states_init(client);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_client, client), 0);
	return client;
}

static struct fake *new_fake(struct kunit *test, struct dnfs4_client *client)
{
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	dnfs4_state_init(&fake->state, &fake_ops, client);
	return fake;
}

static void end_budget(void *priv)
{
	struct dnfs4_client *client = priv;
	struct ditto_server *srv = client->server->srv;

	ditto_uncharge(&client->opens);
	ditto_uncharge(&client->delegations);
	ditto_principal_exit(&client->who);
	/* Warns if anything is left. */
	ditto_budget_exit(srv);
}

/* A client that is charged for its states. */
static struct dnfs4_client *new_charged(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	client->server = kunit_kzalloc(test, sizeof(*client->server), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, client->server);
	client->server->srv = srv;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&client->who, srv, &in6addr_loopback,
						   DITTO_TRUST_ANONYMOUS, INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&client->opens, &client->who, DITTO_BUDGET_OPENS, 0), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&client->delegations, &client->who,
					   DITTO_BUDGET_DELEGATIONS, 0), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_budget, client), 0);
	return client;
}

/* The machine gets as many as it may have and returns all; delegations have their own limit. */
static void states_are_charged(struct kunit *test)
{
	struct dnfs4_client *client = new_charged(test);
	long limit = ditto_budget_peer_limit(client->server->srv, DITTO_TRUST_ANONYMOUS,
					     DITTO_BUDGET_OPENS);
	struct fake *first = new_fake(test, client), *refused, *delegation;
	struct ditto_charge other = {};
	struct dnfs4_state *state;
	u32 id = 0;

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&first->state), 0);
	KUNIT_EXPECT_EQ(test, client->opens.amount, 1);
	/* Another client at the same address has the rest except one. */
	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &client->who, DITTO_BUDGET_OPENS,
					   limit - DNFS4_STATES_STEP - 1), 0);
	for (unsigned int i = 1; i <= DNFS4_STATES_STEP; i++) {
		KUNIT_EXPECT_TRUE(test, dnfs4_states_may_open(client));
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&new_fake(test, client)->state), 0);
	}
	refused = new_fake(test, client);
	KUNIT_EXPECT_FALSE(test, dnfs4_states_may_open(client));
	KUNIT_EXPECT_EQ(test, dnfs4_state_add(&refused->state), -ENOSPC);
	KUNIT_EXPECT_EQ(test, refcount_read(&refused->state.ref), 1);
	KUNIT_EXPECT_EQ(test, client->nstates, DNFS4_STATES_STEP + 1);
	delegation = kunit_kzalloc(test, sizeof(*delegation), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, delegation);
	dnfs4_state_init(&delegation->state, &fake_delegation_ops, client);
	KUNIT_EXPECT_EQ(test, dnfs4_state_add(&delegation->state), 0);
	KUNIT_EXPECT_EQ(test, client->delegations.amount, 1);
	/* One is freed, so one more fits. */
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&first->state));
	KUNIT_EXPECT_EQ(test, dnfs4_state_add(&refused->state), 0);
	ditto_uncharge(&other);
	while ((state = dnfs4_table_after(&client->states, &id)))
		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(state));
	KUNIT_EXPECT_EQ(test, client->nstates, 0);
	KUNIT_EXPECT_EQ(test, client->ndelegations, 0);
	KUNIT_EXPECT_EQ(test, client->opens.amount, 0);
}

static void special_stateids(struct kunit *test)
{
	static const struct {
		u32 seqid;
		u8 fill;
		enum dnfs4_special special;
	} cases[] = {
		{ 0, 0, DNFS4_SPECIAL_ANON },
		{ 1, 0, DNFS4_SPECIAL_CURRENT },
		{ 2, 0, DNFS4_SPECIAL_INVALID },
		{ U32_MAX, 0, DNFS4_SPECIAL_INVALID },
		{ U32_MAX, 0xff, DNFS4_SPECIAL_BYPASS },
		{ 0, 0xff, DNFS4_SPECIAL_INVALID },
		{ 1, 0xff, DNFS4_SPECIAL_INVALID },
		{ 0, 0x11, DNFS4_SPECIAL_NONE },
		{ U32_MAX, 0x11, DNFS4_SPECIAL_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dnfs4_stateid sid = { .seqid = cases[i].seqid };

		memset(sid.other, cases[i].fill, sizeof(sid.other));
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_stateid_special(&sid), cases[i].special,
				    "case %zu", i);
	}
}

static void seqids_compare_in_a_circle(struct kunit *test)
{
	static const struct {
		u32 minor;
		u32 now;
		u32 seqid;
		u32 status;
	} cases[] = {
		{ 0, 5, 5, NFS4_OK },
		{ 0, 5, 4, NFS4ERR_OLD_STATEID },
		{ 0, 5, 6, NFS4ERR_BAD_STATEID },
		{ 0, 5, 0, NFS4ERR_OLD_STATEID },
		{ 1, 5, 0, NFS4_OK },
		{ 1, 5, 1, NFS4ERR_OLD_STATEID },
		{ 1, 1, U32_MAX, NFS4ERR_OLD_STATEID },
		{ 1, U32_MAX, 1, NFS4ERR_BAD_STATEID },
		{ 1, U32_MAX, U32_MAX - 1, NFS4ERR_OLD_STATEID },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_seqid_status(cases[i].minor, cases[i].now,
							     cases[i].seqid),
				    cases[i].status, "case %zu", i);
}

static void seqid_of_a_state_is_never_zero(struct kunit *test)
{
	struct fake *fake = new_fake(test, new_client(test));

	KUNIT_EXPECT_EQ(test, fake->state.seqid, 1);
	fake->state.seqid = U32_MAX;
	dnfs4_state_lock(&fake->state);
	dnfs4_state_bump(&fake->state);
	dnfs4_state_unlock(&fake->state);
	KUNIT_EXPECT_EQ(test, fake->state.seqid, 1);
}

/**
 * struct locker - a task that locks a state again and again
 * @work: the task
 * @state: the state
 * @inside: how many have it locked, of all tasks; under the lock
 * @times: how often all of them had it locked; under the lock
 * @alone: nobody else had it locked at the same time
 */
struct locker {
	struct work_struct work;
	struct dnfs4_state *state;
	int *inside;
	int *times;
	bool alone;
};

#define LOCKERS		4
#define LOCKER_TIMES	5

static void locker_run(struct work_struct *work)
{
	struct locker *locker = container_of(work, struct locker, work);

	for (int i = 0; i < LOCKER_TIMES; i++) {
		dnfs4_state_lock(locker->state);
		locker->alone &= !(*locker->inside)++;
		/* The others wait meanwhile. */
		schedule_timeout_uninterruptible(1);
		(*locker->times)++;
		(*locker->inside)--;
		dnfs4_state_unlock(locker->state);
	}
}

static void state_is_locked_by_one_task(struct kunit *test)
{
	struct fake *fake = new_fake(test, new_client(test));
	struct locker lockers[LOCKERS];
	int inside = 0, times = 0;

	for (int i = 0; i < LOCKERS; i++) {
		lockers[i] = (struct locker){
			.state = &fake->state, .inside = &inside, .times = &times, .alone = true,
		};
		INIT_WORK_ONSTACK(&lockers[i].work, locker_run);
		queue_work(system_unbound_wq, &lockers[i].work);
	}
	for (int i = 0; i < LOCKERS; i++) {
		flush_work(&lockers[i].work);
		destroy_work_on_stack(&lockers[i].work);
		KUNIT_EXPECT_TRUE(test, lockers[i].alone);
	}
	KUNIT_EXPECT_EQ(test, times, LOCKERS * LOCKER_TIMES);
}

/**
 * struct sleeper - a task that locks a state once
 * @work: the task
 * @state: the state
 * @sleeps: how often it slept until it had the state locked
 */
struct sleeper {
	struct work_struct work;
	struct dnfs4_state *state;
	unsigned long sleeps;
};

#define SLEEPERS	12

static void sleeper_run(struct work_struct *work)
{
	struct sleeper *sleeper = container_of(work, struct sleeper, work);
	unsigned long before = current->nvcsw;

	dnfs4_state_lock(sleeper->state);
	sleeper->sleeps = current->nvcsw - before;
	/* Those that were woken try meanwhile. */
	schedule_timeout_uninterruptible(1);
	dnfs4_state_unlock(sleeper->state);
}

/* If each unlock woke all that wait, the last would sleep as often as there are others. */
static void unlock_of_a_state_wakes_one_task(struct kunit *test)
{
	struct fake *fake = new_fake(test, new_client(test));
	struct sleeper sleepers[SLEEPERS];
	unsigned long sleeps = 0;

	dnfs4_state_lock(&fake->state);
	for (int i = 0; i < SLEEPERS; i++) {
		sleepers[i] = (struct sleeper){ .state = &fake->state };
		INIT_WORK_ONSTACK(&sleepers[i].work, sleeper_run);
		queue_work(system_unbound_wq, &sleepers[i].work);
	}
	schedule_timeout_uninterruptible(HZ / 10);
	dnfs4_state_unlock(&fake->state);
	for (int i = 0; i < SLEEPERS; i++) {
		flush_work(&sleepers[i].work);
		destroy_work_on_stack(&sleepers[i].work);
		sleeps += sleepers[i].sleeps;
	}
	KUNIT_EXPECT_LE(test, sleeps, 2 * SLEEPERS);
}

/* What performance.md says an open takes. */
static void open_takes_little(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "pointers are smaller here, or locks larger");
	KUNIT_EXPECT_LE(test, sizeof(struct dnfs4_open), 104);
}

static void stateid_says_whose_it_is(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *fake = new_fake(test, client);
	struct dnfs4_stateid sid;

	client->number_mask = 0x12345678;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
	dnfs4_state_stateid(&fake->state, &sid);
	KUNIT_EXPECT_EQ(test, sid.seqid, 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_be64(sid.other), client->id);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(sid.other + 8), fake->state.id ^ 0x12345678);
	KUNIT_EXPECT_NE(test, fake->state.id, 0);
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&fake->state));
	KUNIT_EXPECT_FALSE(test, dnfs4_state_del(&fake->state));
	KUNIT_EXPECT_EQ(test, fake->freed, 0);
	dnfs4_state_put(&fake->state);
	KUNIT_EXPECT_EQ(test, fake->freed, 1);
}

static void numbers_go_in_a_circle(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *one = new_fake(test, client), *two = new_fake(test, client);

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&one->state), 0);
	dnfs4_state_del(&one->state);
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&two->state), 0);
	KUNIT_EXPECT_NE(test, one->state.id, two->state.id);
	KUNIT_EXPECT_EQ(test, client->nstates, 1);
	dnfs4_state_del(&two->state);
	KUNIT_EXPECT_EQ(test, client->nstates, 0);
}

/* 0 is for none. */
static void zero_is_not_given(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *fake = new_fake(test, client);

	for (unsigned int i = 1; i < 3 * DNFS4_RECENT; i++) {
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
		KUNIT_EXPECT_EQ(test, fake->state.id, i);
		dnfs4_state_del(&fake->state);
	}
	client->states.next = U32_MAX;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
	KUNIT_EXPECT_EQ(test, fake->state.id, U32_MAX);
	dnfs4_state_del(&fake->state);
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
	KUNIT_EXPECT_EQ(test, fake->state.id, 1);
	dnfs4_state_del(&fake->state);
}

/* Return: the number of states that going through the table finds; each is found by its number. */
static unsigned int states_found(struct kunit *test, struct dnfs4_client *client)
{
	struct dnfs4_state *state;
	unsigned int found = 0;
	u32 before = 0, id = 0;

	while ((state = dnfs4_table_after(&client->states, &id))) {
		KUNIT_EXPECT_EQ(test, state->id, id);
		KUNIT_EXPECT_GT(test, id, before);
		KUNIT_EXPECT_PTR_EQ(test, dnfs4_table_find(&client->states, id), state);
		before = id;
		found++;
	}
	return found;
}

/* A state that stays gives its place to a newer one. */
static void old_states_move_to_the_tree(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *fakes[3 * DNFS4_RECENT], *brief = new_fake(test, client);

	for (unsigned int i = 0; i < ARRAY_SIZE(fakes); i++) {
		fakes[i] = new_fake(test, client);
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fakes[i]->state), 0);
		KUNIT_EXPECT_EQ(test, states_found(test, client), i + 1);
		KUNIT_EXPECT_EQ(test, xa_empty(&client->states.tree), i < DNFS4_RECENT);
	}
	/* Those that are gone leave their places, and the tree. */
	for (unsigned int i = 0; i < ARRAY_SIZE(fakes); i += 2)
		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&fakes[i]->state));
	KUNIT_EXPECT_EQ(test, states_found(test, client), ARRAY_SIZE(fakes) / 2);
	KUNIT_EXPECT_NULL(test, dnfs4_table_find(&client->states, fakes[0]->state.id));
	/* A brief one needs the place of one that stays once, and then has it. */
	for (unsigned int i = 0; i < 3 * DNFS4_RECENT; i++) {
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&brief->state), 0);
		KUNIT_EXPECT_EQ(test, states_found(test, client), ARRAY_SIZE(fakes) / 2 + 1);
		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&brief->state));
	}
	for (unsigned int i = 1; i < ARRAY_SIZE(fakes); i += 2)
		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&fakes[i]->state));
	KUNIT_EXPECT_EQ(test, states_found(test, client), 0);
	KUNIT_EXPECT_FALSE(test, dnfs4_state_del(&fakes[1]->state));
}

/* With one more state than there are places, the tree is not made and freed for each. */
static void tree_keeps_its_nodes(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *fakes[DNFS4_RECENT + 1];

	client->states.next = 1 << 24;
	for (unsigned int i = 0; i < ARRAY_SIZE(fakes); i++) {
		fakes[i] = new_fake(test, client);
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fakes[i]->state), 0);
	}
	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(fakes); i++) {
		struct fake *oldest = fakes[i % ARRAY_SIZE(fakes)];

		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&oldest->state));
		KUNIT_EXPECT_FALSE(test, xa_empty(&client->states.tree));
		KUNIT_EXPECT_EQ(test, states_found(test, client), DNFS4_RECENT);
		KUNIT_ASSERT_EQ(test, dnfs4_state_add(&oldest->state), 0);
		KUNIT_EXPECT_EQ(test, states_found(test, client), ARRAY_SIZE(fakes));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(fakes); i++)
		KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&fakes[i]->state));
}

/* States that moved may be replaced like others. */
static void another_takes_the_number_in_the_tree(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *one = new_fake(test, client), *two = new_fake(test, client);
	struct fake *newer = new_fake(test, client);

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&one->state), 0);
	client->states.next += DNFS4_RECENT - 1;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&newer->state), 0);
	KUNIT_EXPECT_FALSE(test, xa_empty(&client->states.tree));
	KUNIT_EXPECT_TRUE(test, dnfs4_state_replace(&one->state, &two->state));
	KUNIT_EXPECT_EQ(test, one->state.id, two->state.id);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_table_find(&client->states, 1), &two->state);
	KUNIT_EXPECT_FALSE(test, dnfs4_state_del(&one->state));
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&two->state));
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&newer->state));
}

/*
 * A client may be released while an addition waits for memory to move an older state. The new state
 * has no number then, so no lookup has found it, and its opener may drop what it stands for.
 */
static void state_of_a_released_client_is_never_found(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *older = new_fake(test, client), *late = new_fake(test, client);
	u32 number = client->states.next;

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&older->state), 0);
	client->states.next = number + DNFS4_RECENT;
	dnfs4_table_lock(&client->states);
	dnfs4_table_close(&client->states);
	dnfs4_table_unlock(&client->states);

	KUNIT_EXPECT_EQ(test, dnfs4_state_add(&late->state), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, late->state.id, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&late->state.ref), 1);
	KUNIT_EXPECT_EQ(test, client->nstates, 1);
	/* It is refused after the older one has moved, not before. */
	KUNIT_EXPECT_PTR_EQ(test, xa_load(&client->states.tree, number), &older->state);

	KUNIT_EXPECT_EQ(test, states_found(test, client), 1);
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&older->state));
	KUNIT_EXPECT_EQ(test, client->nstates, 0);
	xa_erase(&client->states.tree, number);
	KUNIT_EXPECT_TRUE(test, xa_empty(&client->states.tree));
}

/* After all numbers were given, the next one may still be in use. */
static void number_is_in_use(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *one = new_fake(test, client), *two = new_fake(test, client);
	struct fake *newer = new_fake(test, client);

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&one->state), 0);
	/* It is in the tree, which is not searched before. */
	client->states.next = one->state.id + DNFS4_RECENT;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&newer->state), 0);
	client->states.next = one->state.id;
	client->states.around = true;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&two->state), 0);
	KUNIT_EXPECT_NE(test, one->state.id, two->state.id);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_table_find(&client->states, one->state.id), &one->state);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_table_find(&client->states, two->state.id), &two->state);
	KUNIT_EXPECT_NE(test, client->states.next, two->state.id);
	dnfs4_state_del(&newer->state);
	dnfs4_state_del(&one->state);
	dnfs4_state_del(&two->state);
}

static void another_takes_the_number(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *one = new_fake(test, client), *two = new_fake(test, client);

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&one->state), 0);
	KUNIT_EXPECT_TRUE(test, dnfs4_state_replace(&one->state, &two->state));
	KUNIT_EXPECT_EQ(test, one->state.id, two->state.id);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_table_find(&client->states, two->state.id), &two->state);
	KUNIT_EXPECT_EQ(test, client->nstates, 1);
	KUNIT_EXPECT_FALSE(test, dnfs4_state_replace(&one->state, &two->state));
	dnfs4_state_put(&one->state);
	KUNIT_EXPECT_EQ(test, one->freed, 1);
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&two->state));
}

/* Memory may be reused between the look-up in the table and the reference. */
static void memory_of_another_is_not_found(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test), *other = new_client(test);
	struct dnfs4_compound *cmp = kunit_kzalloc(test, sizeof(*cmp), GFP_KERNEL);
	struct fake *fake = new_fake(test, client);
	struct dnfs4_state *found;
	struct dnfs4_stateid sid;

	KUNIT_ASSERT_NOT_NULL(test, cmp);
	cmp->minor = 1;
	cmp->client = client;
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
	dnfs4_state_stateid(&fake->state, &sid);
	KUNIT_ASSERT_EQ(test, dnfs4_state_find(cmp, &sid, DNFS4_STATE_OPEN, &found), NFS4_OK);
	KUNIT_EXPECT_PTR_EQ(test, found, &fake->state);
	dnfs4_state_put(found);

	fake->state.id++;
	KUNIT_EXPECT_EQ(test, dnfs4_state_find(cmp, &sid, DNFS4_STATE_OPEN, &found),
			NFS4ERR_BAD_STATEID);
	fake->state.id--;
	fake->state.client = other;
	KUNIT_EXPECT_EQ(test, dnfs4_state_find(cmp, &sid, DNFS4_STATE_OPEN, &found),
			NFS4ERR_BAD_STATEID);
	fake->state.client = client;
	/* The table's reference and the test's. */
	KUNIT_EXPECT_EQ(test, refcount_read(&fake->state.ref), 2);
	KUNIT_EXPECT_TRUE(test, dnfs4_state_del(&fake->state));
}

static void revoked_is_told_until_freed(struct kunit *test)
{
	struct dnfs4_client *client = new_client(test);
	struct fake *fake = new_fake(test, client);

	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&fake->state), 0);
	dnfs4_state_revoke(&fake->state, DNFS4_ADMIN_REVOKED);
	dnfs4_state_revoke(&fake->state, DNFS4_REVOKED);
	KUNIT_EXPECT_EQ(test, fake->state.void_why, DNFS4_ADMIN_REVOKED);
	KUNIT_EXPECT_EQ(test, client->revoked[DNFS4_ADMIN_REVOKED], 1);
	KUNIT_EXPECT_EQ(test, client->revoked[DNFS4_REVOKED], 0);
	dnfs4_state_del(&fake->state);
	KUNIT_EXPECT_EQ(test, client->revoked[DNFS4_ADMIN_REVOKED], 0);
	/* A state that is out of the table cannot be revoked. */
	fake->state.void_why = DNFS4_VALID;
	dnfs4_state_revoke(&fake->state, DNFS4_EXPIRED);
	KUNIT_EXPECT_EQ(test, fake->state.void_why, DNFS4_VALID);
}

/* An open that is being closed gives up its claim first, and is not taken for a revoked one. */
static void closed_is_not_revoked(struct kunit *test)
{
	struct dnfs4_open *open = kunit_kzalloc(test, sizeof(*open), GFP_KERNEL);
	struct dnfs4_compound *cmp = kunit_kzalloc(test, sizeof(*cmp), GFP_KERNEL);
	struct dnfs4_client *client = new_client(test);

	KUNIT_ASSERT_NOT_NULL(test, open);
	KUNIT_ASSERT_NOT_NULL(test, cmp);
	/* It has no claim. */
	open->inst = kunit_kzalloc(test, sizeof(*open->inst), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, open->inst);
	dnfs4_state_init(&open->state, &fake_ops, client);
	KUNIT_ASSERT_EQ(test, dnfs4_state_add(&open->state), 0);
	KUNIT_EXPECT_EQ(test, dnfs4_open_check_claim(cmp, open), NFS4ERR_ADMIN_REVOKED);
	KUNIT_EXPECT_EQ(test, client->revoked[DNFS4_ADMIN_REVOKED], 1);
	dnfs4_state_del(&open->state);
	open->state.void_why = DNFS4_CLOSED;
	KUNIT_EXPECT_EQ(test, dnfs4_open_check_claim(cmp, open), NFS4ERR_BAD_STATEID);
	/* Its client is being released. */
	open->state.void_why = DNFS4_VALID;
	KUNIT_EXPECT_EQ(test, dnfs4_open_check_claim(cmp, open), NFS4ERR_BAD_STATEID);
	KUNIT_EXPECT_EQ(test, client->nrevoked, 0);
}

static void seqid_turns(struct kunit *test)
{
	static const struct dnfs4_op open = { .name = "OPEN" }, close = { .name = "CLOSE" };
	struct dnfs4_owner *owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, owner);
	/* An unknown state may have any seqid. */
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 77), DNFS4_SEQID_NEW);
	owner->known = true;
	owner->seqid = 77;
	owner->reply_op = &open;
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 78), DNFS4_SEQID_NEW);
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 77), DNFS4_SEQID_REPLAY);
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &close, 77), DNFS4_SEQID_BAD);
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 76), DNFS4_SEQID_BAD);
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 79), DNFS4_SEQID_BAD);
	/* The reply was not kept. */
	owner->reply_op = NULL;
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 77), DNFS4_SEQID_BAD);
	owner->seqid = U32_MAX;
	KUNIT_EXPECT_EQ(test, dnfs4_seqid_check(owner, &open, 0), DNFS4_SEQID_NEW);
}

#define H(access, deny)	dnfs4_history_bit(access, deny)

static void seqid_histories(struct kunit *test)
{
	const struct {
		u32 history;
		u32 access;
		u32 deny;
		bool allowed;
	} cases[] = {
		{ H(1, 0), 1, 0, true },
		{ H(1, 0), 2, 0, false },
		{ H(1, 0), 3, 0, false },
		{ H(3, 0), 1, 0, false },
		/* READ and WRITE were opened one by one. */
		{ H(1, 0) | H(2, 0), 3, 0, true },
		{ H(1, 0) | H(2, 0), 1, 0, true },
		{ H(1, 1) | H(2, 2), 3, 3, true },
		{ H(1, 1) | H(2, 2), 3, 1, false },
		{ H(1, 1) | H(2, 2), 1, 0, false },
		{ H(1, 1) | H(2, 2), 1, 2, false },
		{ H(1, 0) | H(3, 2), 3, 2, true },
		{ H(1, 0) | H(3, 2), 3, 0, false },
		{ 0, 1, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_history_allows(cases[i].history, cases[i].access,
							       cases[i].deny),
				    cases[i].allowed, "case %zu", i);
	KUNIT_EXPECT_EQ(test, dnfs4_history_after(H(1, 0) | H(2, 2) | H(3, 3), 3, 2),
			H(1, 0) | H(2, 2));
	KUNIT_EXPECT_EQ(test, dnfs4_history_after(H(1, 0) | H(2, 2), 1, 0), H(1, 0));
	/* Afterwards any union of the remaining opens is allowed. */
	KUNIT_EXPECT_FALSE(test, dnfs4_history_allows(dnfs4_history_after(H(1, 0) | H(2, 2), 1, 0),
						      2, 2));
}

static struct kunit_case nfs4_state_cases[] = {
	KUNIT_CASE(states_are_charged),
	KUNIT_CASE(special_stateids),
	KUNIT_CASE(seqids_compare_in_a_circle),
	KUNIT_CASE(seqid_of_a_state_is_never_zero),
	KUNIT_CASE(state_is_locked_by_one_task),
	KUNIT_CASE(unlock_of_a_state_wakes_one_task),
	KUNIT_CASE(open_takes_little),
	KUNIT_CASE(stateid_says_whose_it_is),
	KUNIT_CASE(numbers_go_in_a_circle),
	KUNIT_CASE(zero_is_not_given),
	KUNIT_CASE(old_states_move_to_the_tree),
	KUNIT_CASE(tree_keeps_its_nodes),
	KUNIT_CASE(another_takes_the_number_in_the_tree),
	KUNIT_CASE(state_of_a_released_client_is_never_found),
	KUNIT_CASE(number_is_in_use),
	KUNIT_CASE(another_takes_the_number),
	KUNIT_CASE(memory_of_another_is_not_found),
	KUNIT_CASE(revoked_is_told_until_freed),
	KUNIT_CASE(closed_is_not_revoked),
	KUNIT_CASE(seqid_turns),
	KUNIT_CASE(seqid_histories),
	{}
};

static struct kunit_suite nfs4_state_suite = {
	.name = "ditto-nfs4-state",
	.test_cases = nfs4_state_cases,
};

kunit_test_suites(&nfs4_state_suite);
