// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens that their clients have lost: each stays until its record is removed, and no
 * longer. The helper is a thread of the test.
 */
#include <kunit/test.h>
#include <linux/timer.h>
#include <net/net_namespace.h>

#include "../../../fs/open/instance_private.h"
#include "../../../lockd/claim.h"
#include "../../../net/helper/record.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../../../smb/auth/tree.h"
#include "../../../smb/open/durable.h"
#include "../../../smb/open/open.h"
#include "../../../smb/open/persist.h"
#include "../../../smb/server.h"
#include "../await.h"
#include "../net/fake_helper.h"

#define OPENS		4

/**
 * struct sweep_case - a server with persistent opens, and its helper
 * @srv: the server
 * @server: its SMB side, as far as these opens need it
 * @helper: the helper
 * @stays: FileId.Persistent of the record that it cannot remove
 * @refuse: the open is refused when the helper is asked
 * @count: number of requests
 * @open: the opens, as far as they are needed
 * @durable: of the open with the same index
 */
struct sweep_case {
	struct ditto_server srv;
	struct dsmb_server server;
	struct fake_helper helper;
	u64 stays;
	bool refuse;
	unsigned int count;
	struct dsmb_open open[OPENS];
	struct dsmb_durable durable[OPENS];
};

static void sweep_asked(struct fake_helper *helper)
{
	struct sweep_case *c = container_of(helper, struct sweep_case, helper);
	__le64 id = 0;

	nla_memcpy(&id, helper->attrs[DITTO_A_UPCALL_RECORD_KEY], sizeof(id));
	WRITE_ONCE(c->count, c->count + 1);
	/* durable_make() gives up meanwhile */
	if (c->refuse)
		WRITE_ONCE(c->open->durable, NULL);
	fake_helper_answer(helper, fake_helper_serial(helper),
			   READ_ONCE(c->stays) == le64_to_cpu(id) ? EIO : 0);
}

static void opens_make(struct kunit *test, struct sweep_case *c)
{
	for (unsigned int i = 0; i < OPENS; i++) {
		struct dsmb_open *open = &c->open[i];

		open->server = &c->server;
		open->persistent = i + 1;
		refcount_set(&open->ref, 1);
		spin_lock_init(&open->where);
		open->durable = &c->durable[i];
		open->durable->persist = dsmb_persist_alloc(open);
		KUNIT_ASSERT_NOT_NULL(test, open->durable->persist);
		KUNIT_ASSERT_EQ(test, ditto_recorder_restore(open->durable->persist->recorder,
							     open->durable->persist->token, "",
							     0), 0);
	}
}

/* Number of opens that are held until their record is gone. */
static unsigned int opens_held(const struct sweep_case *c)
{
	unsigned int held = 0;

	for (unsigned int i = 0; i < OPENS; i++)
		held += refcount_read(&c->open[i].ref) - 1;
	return held;
}

/* A record that cannot be removed keeps its open, and no other one, until it can. */
static void expired_opens(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	opens_make(test, c);
	c->stays = 2;
	for (unsigned int i = 0; i < OPENS; i++) {
		dsmb_persist_expire(&c->open[i]);
		/* It was lost and given up at the same time. */
		dsmb_persist_expire(&c->open[i]);
	}
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->count) >= OPENS && opens_held(c) == 1));
	KUNIT_EXPECT_EQ(test, refcount_read(&c->open[1].ref), 2);
	WRITE_ONCE(c->stays, 0);
	KUNIT_EXPECT_TRUE(test, await(!opens_held(c)));
}

/* The server ends before the record could be removed. */
static void expired_at_the_end(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	opens_make(test, c);
	c->stays = 2;
	dsmb_persist_expire(&c->open[1]);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->count)));
	ditto_recorders_end(&c->server.open_records);
	ditto_tasks_drain(&c->server.open_records.tasks);
	KUNIT_EXPECT_EQ(test, opens_held(c), 0);
}

/* How often the open becomes persistent, or is refused. */
#define TURNS		100

/**
 * struct grants - an open that becomes persistent and is refused, in turn
 * @timer: does that in interrupts, between any two instructions of a sweep
 * @open: the open
 * @durable: its durability while it has one
 * @turns: how often that changed
 */
struct grants {
	struct timer_list timer;
	struct dsmb_open *open;
	struct dsmb_durable *durable;
	unsigned int turns;
};

static void grants_turn(struct timer_list *timer)
{
	struct grants *grants = container_of(timer, struct grants, timer);

	WRITE_ONCE(grants->open->durable, grants->open->durable ? NULL : grants->durable);
	WRITE_ONCE(grants->turns, grants->turns + 1);
	if (grants->turns < TURNS)
		mod_timer(timer, jiffies + 1);
}

/* A share is removed while an open of it asks for persistence. */
static void refused_open(struct kunit *test)
{
	struct sweep_case *c = test->priv;
	struct dsmb_open *open = c->open;
	struct grants grants = { .open = open, .durable = c->durable };
	struct ditto_owner *owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);
	struct dsmb_tree *tree = kunit_kzalloc(test, sizeof(*tree), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, owner);
	KUNIT_ASSERT_NOT_NULL(test, tree);
	/* Its file was taken away with its share. */
	open->inst = kunit_kzalloc(test, sizeof(*open->inst), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, open->inst);
	opens_make(test, c);
	refcount_set(&tree->ref, 1);
	open->owner = owner;
	open->tree = tree;
	dsmb_persist_remove(open->durable->persist);
	KUNIT_ASSERT_EQ(test, xa_err(xa_store(&c->server.durables, open->persistent, open,
					      GFP_KERNEL)), 0);

	timer_setup_on_stack(&grants.timer, grants_turn, 0);
	mod_timer(&grants.timer, jiffies + 1);
	while (READ_ONCE(grants.turns) < TURNS) {
		dsmb_persist_withdraw(&c->server);
		cond_resched();
	}
	timer_delete_sync(&grants.timer);
	destroy_timer_on_stack(&grants.timer);
	KUNIT_EXPECT_EQ(test, refcount_read(&open->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&tree->ref), 1);
}

/* An open that asks for persistence is left alone: it may be refused at any time. */
static void taken_over(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	opens_make(test, c);
	c->refuse = true;
	KUNIT_EXPECT_FALSE(test, dsmb_durable_close(c->open));
}

static int sweep_test_init(struct kunit *test)
{
	struct sweep_case *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->srv.net = &init_net;
	ditto_settings_init(&c->srv);
	/* The helper answers whenever it is scheduled. */
	c->srv.settings.upcall_ms = 60 * MSEC_PER_SEC;
	c->server.srv = &c->srv;
	xa_init(&c->server.durables);
	ditto_recorders_init(&c->server.open_records, &c->srv, OPENS, OPENS);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_records_init(&c->srv), 0);
	c->server.records = alloc_workqueue("ditto_test_records", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, c->server.records);
	KUNIT_ASSERT_EQ(test, fake_helper_start(&c->helper, &c->srv, sweep_asked), 0);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(&c->srv, 1, true), 0);
	return 0;
}

static void sweep_test_exit(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	if (!c)
		return;
	fake_helper_stop(&c->helper);
	if (c->server.records)
		destroy_workqueue(c->server.records);
	ditto_recorders_end(&c->server.open_records);
	for (unsigned int i = 0; i < OPENS; i++)
		dsmb_persist_free(c->durable[i].persist);
	ditto_recorders_exit(&c->server.open_records);
	xa_destroy(&c->server.durables);
	ditto_records_exit(&c->srv);
	ditto_upcalls_exit(&c->srv);
	kvfree(c);
}

static struct kunit_case sweep_cases[] = {
	KUNIT_CASE(expired_opens),
	KUNIT_CASE(expired_at_the_end),
	KUNIT_CASE(refused_open),
	KUNIT_CASE(taken_over),
	{}
};

static struct kunit_suite sweep_suite = {
	.name = "smb_sweep",
	.init = sweep_test_init,
	.exit = sweep_test_exit,
	.test_cases = sweep_cases,
};

kunit_test_suite(sweep_suite);
