// SPDX-License-Identifier: GPL-2.0-only
/* The history of conflicts: what is noted, how it ended, and whose entries go. */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "../../../lockd/acting.h"
#include "../../../lockd/history.h"
#include "../../../lockd/lease_private.h"
#include "../await.h"
#include "claim_common.h"

/**
 * struct history_test - two clients on two machines
 * @holder: has the claims
 * @asker: asks
 * @held: owner of @holder
 * @owner: owner of @asker
 * @node: a node
 */
struct history_test {
	struct claim_client *holder;
	struct claim_client *asker;
	struct ditto_owner *held;
	struct ditto_owner *owner;
	struct claim_node *node;
};

static struct in6_addr machine_address(u8 number)
{
	struct in6_addr addr;

	ipv6_addr_set_v4mapped(htonl(0xc0a80000 + number), &addr);
	return addr;
}

static struct history_test *history_begin(struct kunit *test)
{
	struct history_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct in6_addr one = machine_address(1), two = machine_address(2);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->holder = claim_client(test, "holder", 0);
	t->asker = claim_client(test, "asker", 0);
	ditto_client_identify(&t->holder->client, "alice", &one);
	ditto_client_identify(&t->asker->client, "", &two);
	t->held = claim_owner(test, t->holder, 1);
	t->owner = claim_owner(test, t->asker, 2);
	t->node = claim_node(test);
	return t;
}

static void history_end(struct kunit *test, struct history_test *t)
{
	ditto_range_release_owner(&t->node->point, t->held);
	ditto_range_release_owner(&t->node->point, t->owner);
	claim_flush(test);
	ditto_owner_put(t->held);
	ditto_owner_put(t->owner);
	claim_client_end(test, t->holder);
	claim_client_end(test, t->asker);
}

static int history_lock(struct history_test *t, struct ditto_owner *owner, u64 first, u64 last,
			struct claim_wait *w)
{
	struct ditto_range_request req = claim_req(t->node, owner, true, first, last);

	return ditto_range_lock(&req, w ? &w->wait : NULL, NULL);
}

static int entry_copy(const struct ditto_history_entry *entry, void *arg)
{
	*(struct ditto_history_entry *)arg = *entry;
	return 1;
}

/* A copy of the entry behind a number, until the next call. Its names are not for use. */
static const struct ditto_history_entry *history_after(struct kunit *test, unsigned long number)
{
	static struct ditto_history_entry copy;

	return ditto_history_next(&claim_table(test)->history, number, entry_copy, &copy) ?
	       &copy : NULL;
}

static const struct ditto_history_entry *history_entry(struct kunit *test, unsigned long number)
{
	const struct ditto_history_entry *entry = history_after(test, number - 1);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, entry->number, number);
	return entry;
}

static u32 history_length(struct kunit *test)
{
	const struct ditto_history_entry *entry;
	unsigned long number = 0;
	u32 length = 0;

	for (; (entry = history_after(test, number)); length++)
		number = entry->number;
	return length;
}

static void refusals_are_counted(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	const struct ditto_history_entry *entry;
	struct ditto_range_request req;

	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, 9, NULL), 0);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 20, 29, NULL), 0);
	/* What was granted, or only tested, is no news. */
	req = claim_req(t->node, t->owner, true, 5, 5);
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), 0);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 14, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 25, 25, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), 2);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_REFUSED);
	KUNIT_EXPECT_EQ(test, entry->count, 3);
	KUNIT_EXPECT_EQ(test, entry->kind, DITTO_INTENT_RANGE_EXCLUSIVE);
	KUNIT_EXPECT_EQ(test, entry->asked.first, 5);
	KUNIT_EXPECT_EQ(test, entry->asked.last, 14);
	KUNIT_EXPECT_EQ(test, entry->held.held, DITTO_HELD_POSIX_EXCLUSIVE);
	KUNIT_EXPECT_EQ(test, entry->held.last, 9);
	KUNIT_EXPECT_STREQ(test, entry->asked.client, "asker");
	KUNIT_EXPECT_STREQ(test, entry->held.client, "holder");
	KUNIT_EXPECT_STREQ(test, entry->held.who.user, "alice");
	KUNIT_EXPECT_TRUE(test, entry->held.who.known);
	KUNIT_EXPECT_EQ(test, entry->held.who.addr.s6_addr[15], 1);
	history_end(test, t);
}

static void waits_end(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct claim_wait *w = claim_wait(test), *other = claim_wait(test);
	struct claim_wait *again = claim_wait(test);
	const struct ditto_history_entry *entry;
	struct ditto_range_request req;

	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, 9, NULL), 0);
	/* An earlier refusal remains one. */
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 5, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 5, 5, w), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 6, 6, other), -EINPROGRESS);
	/* A retransmission of a request that waits is no other one. */
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 6, 6, again), -EALREADY);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_REFUSED);
	KUNIT_EXPECT_EQ(test, entry->count, 1);
	/* Nor is one that a caller repeats to wait. */
	req = claim_req(t->node, t->owner, true, 7, 7);
	req.waits = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EAGAIN);
	entry = history_entry(test, 2);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_WAITING);
	KUNIT_EXPECT_STREQ(test, entry->held.client, "holder");
	claim_now += 1234;
	req = claim_req(t->node, t->owner, true, 6, 6);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	req = claim_req(t->node, t->held, true, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	claim_flush(test);
	entry = history_entry(test, 2);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_GRANTED);
	KUNIT_EXPECT_EQ(test, entry->ms, 1234);
	entry = history_entry(test, 3);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_WITHDRAWN);
	KUNIT_EXPECT_EQ(test, history_length(test), 3);
	history_end(test, t);
}

/* A break of a new grant by a write. Return: the grant. */
static struct ditto_lease *history_break(struct kunit *test, struct history_test *t, u8 want,
					 struct claim_told *told)
{
	const struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = U64_MAX };
	const struct ditto_actor actor = { .client = &t->asker->client };
	struct ditto_lease *lease = claim_grant(t->node, t->held, DITTO_LEASE_TYPE_LEASE, want,
						told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
	claim_flush(test);
	return lease;
}

static void breaks_end(struct kunit *test)
{
	static const enum ditto_outcome want[] = {
		DITTO_OUTCOME_RETURNED, DITTO_OUTCOME_REVOKED, DITTO_OUTCOME_RETURNED,
	};
	struct history_test *t = history_begin(test);
	const struct ditto_history_entry *entry;
	struct claim_told told = {};
	struct ditto_lease *lease;

	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	entry = history_entry(test, 1);
	KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_BREAKING);
	KUNIT_EXPECT_EQ(test, entry->kind, DITTO_INTENT_WRITE);
	KUNIT_EXPECT_EQ(test, entry->held.lease, DITTO_LEASE_ALL);
	claim_now += 5;
	while (ditto_lease_breaking(lease)) {
		KUNIT_ASSERT_EQ(test, ditto_lease_ack(lease, told.keep), 0);
		claim_flush(test);
	}
	ditto_lease_put(lease);

	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	claim_now += 35000;
	claim_poke(test, lease);
	ditto_lease_put(lease);

	/* Nobody waits for this one. */
	lease = history_break(test, t, DITTO_LEASE_READ, &told);
	ditto_lease_put(lease);

	/* The holder gives back what it was asked for. */
	lease = history_break(test, t, DITTO_LEASE_ALL, &told);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, history_length(test), ARRAY_SIZE(want));
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		entry = history_entry(test, i + 1);
		KUNIT_EXPECT_EQ(test, entry->outcome, want[i]);
	}
	history_end(test, t);
}

/* Breaks that nobody waits for are no conflicts. */
static void breaks_without_waiting(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_ENTRY };
	struct history_test *t = history_begin(test);
	const struct ditto_actor actor = { .client = &t->asker->client };
	struct claim_told told = {};
	struct ditto_lease *lease;

	/* Changes of a directory that is cached. */
	lease = claim_grant(t->node, t->held, DITTO_LEASE_TYPE_DIRECTORY, DITTO_LEASE_READ, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_ALLOWED);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	ditto_lease_put(lease);

	/* A grant that was made during a change that is over. */
	lease = claim_grant(t->node, t->held, DITTO_LEASE_TYPE_LEASE, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	intent.kind = DITTO_INTENT_WRITE;
	ditto_claim_recheck(&t->node->point, &intent, &actor);
	claim_flush(test);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(lease));
	KUNIT_EXPECT_EQ(test, history_length(test), 0);
	/* Now one does. */
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_BREAKING);
	KUNIT_EXPECT_EQ(test, history_length(test), 1);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	KUNIT_EXPECT_EQ(test, history_entry(test, 1)->outcome, DITTO_OUTCOME_RETURNED);
	history_end(test, t);
}

/* A holder that is not asked yet, because it is silent and cannot be withdrawn, breaks nothing. */
static void breaks_that_do_not_begin(struct kunit *test)
{
	const struct ditto_intent intent = { .kind = DITTO_INTENT_WRITE, .last = U64_MAX };
	struct history_test *t = history_begin(test);
	struct ditto_actor actor = { .client = &t->asker->client };
	struct claim_client *other = claim_client(test, "other", 0);
	struct claim_told told = {};
	struct ditto_lease *lease;

	t->holder->client.ops = &claim_recorded_ops;
	t->holder->stuck = -EAGAIN;
	lease = claim_grant(t->node, t->held, DITTO_LEASE_TYPE_DELEGATION, DITTO_LEASE_READ, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->holder->client, true));
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_BREAKING);
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_EQ(test, history_length(test), 0);
	KUNIT_EXPECT_TRUE(test, await(ditto_client_set_courtesy(&t->holder->client, false)));
	/* Another one has it asked, and is noted. */
	actor.client = &other->client;
	KUNIT_EXPECT_EQ(test, ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL),
			DITTO_BREAKING);
	KUNIT_EXPECT_STREQ(test, history_entry(test, 1)->asked.client, "other");
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	t->holder->stuck = 0;
	claim_client_end(test, other);
	history_end(test, t);
}

/* The turn of a request may come in a thread that acts for another user. */
static void turn_has_no_user(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct claim_client *reader = claim_client(test, "reader", 0);
	struct ditto_owner *key = claim_owner(test, reader, 3);
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct ditto_acting acting = {};
	struct claim_wait *w = claim_wait(test);
	struct claim_told told = {};
	const struct cred *old;
	struct ditto_lease *lease;
	struct ditto_range_request req;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(1234);
	ditto_acting_add(&acting, cred, claim_table(test));
	lease = claim_grant(t->node, key, DITTO_LEASE_TYPE_DELEGATION, DITTO_LEASE_READ, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	req = claim_req(t->node, t->held, false, 0, 9);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 0, 9, w), -EINPROGRESS);
	cred->fsuid = KUIDT_INIT(5678);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	revert_creds(old);
	KUNIT_EXPECT_TRUE(test, ditto_lease_breaking(lease));
	KUNIT_EXPECT_STREQ(test, history_entry(test, 1)->asked.who.user, "uid 1234");
	KUNIT_EXPECT_EQ(test, history_entry(test, 2)->outcome, DITTO_OUTCOME_BREAKING);
	KUNIT_EXPECT_STREQ(test, history_entry(test, 2)->asked.client, "asker");
	KUNIT_EXPECT_STREQ(test, history_entry(test, 2)->asked.who.user, "");
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, history_entry(test, 1)->outcome, DITTO_OUTCOME_GRANTED);
	ditto_acting_del(&acting);
	/* It is on the stack, and RCU readers may still look at it. */
	synchronize_rcu();
	put_cred(cred);
	ditto_owner_put(key);
	claim_client_end(test, reader);
	history_end(test, t);
}

/* Length of the path that history_name() finds. */
static size_t name_length;
/* It waits for this. */
static struct completion name_due;

static void history_name(struct ditto_lock_point *point, char **share, char **path)
{
	wait_for_completion(&name_due);
	*share = kstrdup("share", GFP_KERNEL);
	*path = kzalloc(name_length + 1, GFP_KERNEL);
	if (*path)
		memset(*path, 'x', name_length);
}

/* A client that provokes many conflicts displaces its own history, also of what still waits. */
static void others_keep_their_entries(struct kunit *test)
{
	struct ditto_history *history = &claim_table(test)->history;
	struct history_test *t = history_begin(test);
	struct claim_client *victim = claim_client(test, "victim", 0);
	struct ditto_owner *owner = claim_owner(test, victim, 3);
	const struct ditto_history_entry *entry;
	struct in6_addr four = machine_address(4);
	struct claim_wait *w = claim_wait(test);
	struct ditto_range_request req;
	u64 many = DITTO_HISTORY_BYTES / sizeof(*entry) + 100;

	ditto_client_identify(&victim->client, "", &four);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, U64_MAX, NULL), 0);
	KUNIT_EXPECT_EQ(test, history_lock(t, owner, 0, 0, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, 0, 0, w), -EINPROGRESS);
	for (u64 i = 0; i < many; i++)
		KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, i, i, NULL), -EAGAIN);
	KUNIT_EXPECT_LE(test, history->bytes, DITTO_HISTORY_BYTES);
	KUNIT_EXPECT_GT(test, history->bytes, DITTO_HISTORY_BYTES / 2);
	KUNIT_EXPECT_GE(test, history_length(test), DITTO_HISTORY_BYTES / SZ_4K);
	/* The two machines may be counted as one. */
	entry = history_after(test, 0);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	if (entry->machine->bytes < history->bytes)
		KUNIT_EXPECT_STREQ(test, entry->asked.client, "victim");
	/* A list goes on behind an entry that was displaced: here the one that waits. */
	entry = history_after(test, 2);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_GT(test, entry->number, 3UL);
	entry = history_entry(test, many + 2);
	KUNIT_EXPECT_EQ(test, entry->asked.first, many - 1);
	KUNIT_EXPECT_NULL(test, history_after(test, many + 2));
	/* Its end changes no other entry. */
	req = claim_req(t->node, t->owner, true, 0, 0);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	for (unsigned long number = 0; (entry = history_after(test, number));
	     number = entry->number)
		KUNIT_EXPECT_EQ(test, entry->outcome, DITTO_OUTCOME_REFUSED);
	ditto_owner_put(owner);
	claim_client_end(test, victim);
	history_end(test, t);
}

/* Names count as memory, and pin a limited number of nodes. */
static void names_are_limited(struct kunit *test)
{
	struct ditto_history *history = &claim_table(test)->history;
	struct history_test *t = history_begin(test);
	u32 many = 3 * DITTO_HISTORY_UNNAMED, before;

	init_completion(&name_due);
	name_length = SZ_32K;
	WRITE_ONCE(history->name, history_name);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->held, 0, U64_MAX, NULL), 0);
	before = refcount_read(&t->node->ref);
	for (u64 i = 0; i < many; i++)
		KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, i, i, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, history_length(test), many);
	/* One more is being looked for. */
	KUNIT_EXPECT_LE(test, refcount_read(&t->node->ref), before + DITTO_HISTORY_UNNAMED + 1);
	complete_all(&name_due);
	ditto_history_settle_names(history, false);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->node->ref), before);
	KUNIT_EXPECT_LE(test, history->bytes, DITTO_HISTORY_BYTES);
	KUNIT_EXPECT_LT(test, history_length(test), many);
	ditto_history_settle_names(history, true);
	KUNIT_EXPECT_EQ(test, history_lock(t, t->owner, many, many, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->node->ref), before);
	history_end(test, t);
}

/* A client with several users has none in descriptions; its address is the newest one. */
static void users_of_clients(struct kunit *test)
{
	struct history_test *t = history_begin(test);
	struct in6_addr five = machine_address(5);
	struct ditto_client_who who;

	ditto_client_identify(&t->holder->client, "alice", &five);
	ditto_client_who(&t->holder->client, &who);
	KUNIT_EXPECT_STREQ(test, who.user, "alice");
	KUNIT_EXPECT_EQ(test, who.addr.s6_addr[15], 5);
	ditto_client_identify(&t->holder->client, "bob", &five);
	ditto_client_identify(&t->holder->client, "bob", &five);
	ditto_client_who(&t->holder->client, &who);
	KUNIT_EXPECT_STREQ(test, who.user, "");
	history_end(test, t);
}

static struct kunit_case history_cases[] = {
	KUNIT_CASE(refusals_are_counted),
	KUNIT_CASE(waits_end),
	KUNIT_CASE(breaks_end),
	KUNIT_CASE(breaks_without_waiting),
	KUNIT_CASE(breaks_that_do_not_begin),
	KUNIT_CASE(turn_has_no_user),
	KUNIT_CASE(others_keep_their_entries),
	KUNIT_CASE(names_are_limited),
	KUNIT_CASE(users_of_clients),
	{}
};

static struct kunit_suite history_suite = {
	.name = "claim_history",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = history_cases,
};

kunit_test_suite(history_suite);
