// SPDX-License-Identifier: GPL-2.0-only
/* Nodes, clients, grants and waiters for the suites of the lock table, see claim_common.h. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <net/net_namespace.h>

#include "../../../lockd/lease_private.h"
#include "../../../net/callback.h"
#include "../await.h"
#include "claim_common.h"

u64 claim_now;

static atomic_t wait_order;
/* Callbacks that ran where ditto_assert_no_callback() would not find them. */
static atomic_t unwatched;

void claim_callback(void)
{
	if (!ditto_callback_is_current())
		atomic_inc(&unwatched);
}

static u64 clock_read(void)
{
	return READ_ONCE(claim_now);
}

int claim_test_init(struct kunit *test)
{
	struct ditto_lock_table *table = ditto_locks_create(&init_net);

	if (IS_ERR(table))
		return PTR_ERR(table);
	table->clock = clock_read;
	claim_now = 1000000;
	test->priv = table;
	return 0;
}

void claim_test_exit(struct kunit *test)
{
	struct ditto_lock_table *table = test->priv;

	if (!table)
		return;
	flush_workqueue(table->yield_wq);
	flush_workqueue(table->release_wq);
	flush_workqueue(table->wq);
	KUNIT_EXPECT_EQ(test, atomic_xchg(&unwatched, 0), 0);
	for (int kind = 0; kind < DITTO_CLAIM_KINDS; kind++)
		KUNIT_EXPECT_EQ(test, ditto_locks_live(table, kind), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->waiting), 0);
	KUNIT_EXPECT_EQ(test, ditto_locks_live(table, DITTO_COUNT_NODES), 0);
	KUNIT_EXPECT_EQ(test, ditto_locks_live(table, DITTO_COUNT_OWNERS), 0);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&table->clients));
	ditto_locks_destroy(table);
}

static void node_get(struct ditto_lock_point *point)
{
	refcount_inc(&container_of(point, struct claim_node, point)->ref);
}

static void node_put(struct ditto_lock_point *point)
{
	refcount_dec(&container_of(point, struct claim_node, point)->ref);
}

static u8 node_local(struct ditto_lock_point *point)
{
	return container_of(point, struct claim_node, point)->local;
}

static u64 node_size(struct ditto_lock_point *point)
{
	return container_of(point, struct claim_node, point)->size;
}

static const struct ditto_lock_point_ops node_ops = {
	.get = node_get,
	.put = node_put,
	.local_access = node_local,
	.size = node_size,
};

void claim_node_init(struct kunit *test, struct claim_node *node)
{
	ditto_lock_point_init(&node->point, claim_table(test), &node_ops);
	refcount_set(&node->ref, 1);
	node->local = 0;
	node->size = U64_MAX;
}

struct claim_node *claim_node(struct kunit *test)
{
	struct claim_node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, node);
	claim_node_init(test, node);
	return node;
}

static void client_released(struct ditto_client *client)
{
	container_of(client, struct claim_client, client)->released++;
}

static void client_free(struct ditto_client *client)
{
	complete(&container_of(client, struct claim_client, client)->freed);
}

static int client_withdraw(struct ditto_client *client)
{
	struct claim_client *c = container_of(client, struct claim_client, client);

	if (c->slow)
		wait_for_completion(c->slow);
	atomic_inc(&c->withdrawals);
	return READ_ONCE(c->stuck);
}

static const struct ditto_client_ops client_ops = {
	.released = client_released,
	.free = client_free,
};

const struct ditto_client_ops claim_recorded_ops = {
	.withdraw = client_withdraw,
	.released = client_released,
	.free = client_free,
};

struct claim_client *claim_client(struct kunit *test, const char *name, u32 ttl_ms)
{
	struct claim_client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->freed);
	ditto_client_init(&c->client, claim_table(test), &client_ops, "test", name, ttl_ms);
	return c;
}

void claim_client_end(struct kunit *test, struct claim_client *c)
{
	ditto_client_release(&c->client, "end of test");
	for (int kind = 0; kind < DITTO_CLAIM_KINDS; kind++)
		KUNIT_EXPECT_EQ(test, ditto_client_live(&c->client, kind), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->client.waiting), 0);
	KUNIT_EXPECT_EQ(test, c->released, 1);
	ditto_client_put(&c->client);
	/* A running callback may hold the last reference. */
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&c->freed, AWAIT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->client.owners), 0);
}

struct ditto_owner *claim_owner(struct kunit *test, struct claim_client *c, u32 key)
{
	struct ditto_owner *owner = ditto_owner_get(&c->client, &key, sizeof(key));

	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	return owner;
}

static void told_breaking(struct ditto_lease *lease, u8 keep, bool ack)
{
	static const struct ditto_intent write = { .kind = DITTO_INTENT_WRITE };
	struct claim_told *told = ditto_lease_private(lease);

	claim_callback();
	if (told->slow_ms)
		msleep(told->slow_ms);
	if (told->changes_point)
		ditto_claim_recheck(told->changes_point, &write, NULL);
	told->keep = keep;
	told->ack = ack;
	atomic_inc(&told->breaks);
	if (told->obey && ack)
		ditto_lease_ack(lease, keep);
}

static void told_revoked(struct ditto_lease *lease)
{
	struct claim_told *told = ditto_lease_private(lease);

	claim_callback();
	if (told->slow_ms)
		msleep(told->slow_ms);
	atomic_inc(&told->revokes);
}

static void told_notify(struct ditto_lease *lease, const struct ditto_entry_change *change)
{
	struct claim_told *told = ditto_lease_private(lease);

	claim_callback();
	memset(told->name, 0, sizeof(told->name));
	memcpy(told->name, change->name, min_t(size_t, change->len, sizeof(told->name) - 1));
	atomic_inc(&told->changes);
}

static void told_free(struct ditto_lease *lease)
{
	struct claim_told *told = ditto_lease_private(lease);

	atomic_dec(&told->grants);
}

const struct ditto_lease_ops claim_lease_ops = {
	.breaking = told_breaking,
	.revoked = told_revoked,
	.notify = told_notify,
	.free = told_free,
};

struct ditto_lease *claim_grant(struct claim_node *node, struct ditto_owner *key,
				enum ditto_lease_type style, u8 want, struct claim_told *told)
{
	struct ditto_lease_request req = {
		.point = &node->point, .actor.lease_owner = key, .style = style, .want = want,
		.break_ms = 35000, .ops = &claim_lease_ops, .private = told,
	};
	struct ditto_lease *lease;

	atomic_inc(&told->grants);
	lease = ditto_lease_grant(&req);
	/* Not granted, or one more reference on an existing grant. */
	if (IS_ERR(lease) || refcount_read(&lease->ref) > 2)
		atomic_dec(&told->grants);
	return lease;
}

void claim_flush(struct kunit *test)
{
	struct workqueue_struct *wq = claim_table(test)->wq;

	/* The work that a VFS event queues may in turn queue the callback of the holder. */
	flush_workqueue(wq);
	flush_workqueue(wq);
}

void claim_poke(struct kunit *test, struct ditto_lease *lease)
{
	struct ditto_lock_table *table = claim_table(test);

	if (delayed_work_pending(&lease->expire))
		mod_delayed_work(table->wq, &lease->expire, 0);
	flush_delayed_work(&lease->expire);
	claim_flush(test);
}

static void wait_granted(struct ditto_wait *wait, int error)
{
	struct claim_wait *w = container_of(wait, struct claim_wait, wait);

	claim_callback();
	w->result = error;
	w->order = atomic_inc_return(&wait_order);
	atomic_inc(&w->granted);
}

static void wait_released(struct ditto_wait *wait)
{
	atomic_inc(&container_of(wait, struct claim_wait, wait)->released);
}

struct claim_wait *claim_wait(struct kunit *test)
{
	struct claim_wait *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	claim_wait_init(w);
	return w;
}

void claim_wait_init(struct claim_wait *w)
{
	memset(w, 0, sizeof(*w));
	w->wait.granted = wait_granted;
	w->wait.release = wait_released;
	w->result = 1;
}
