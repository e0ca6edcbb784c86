// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of persistent opens that cannot be removed: a sweep gives up after some, and the next one
 * begins with the others. The helper is a thread of the test.
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
#include "../net/fake_helper.h"

/* Opens; a sweep that fails leaves some of them to the next one. */
#define OPENS		(DSMB_SWEEP_FAILURES_MAX + 4)
/* Requests that are noted. */
#define ASKED_MAX	(4 * OPENS)

/**
 * struct sweep_case - a server with persistent opens, and its helper
 * @srv: the server
 * @server: its SMB side, as far as sweeps need it
 * @helper: the helper
 * @error: error of its answers
 * @asked: FileId.Persistent of the records that it should have removed
 * @count: number of them
 * @open: the opens, as far as sweeps need them
 * @durable: of the open with the same index
 */
struct sweep_case {
	struct ditto_server srv;
	struct dsmb_server server;
	struct fake_helper helper;
	u32 error;
	u64 asked[ASKED_MAX];
	unsigned int count;
	struct dsmb_open open[OPENS];
	struct dsmb_durable durable[OPENS];
	bool refuse;
};

static void sweep_asked(struct fake_helper *helper)
{
	struct sweep_case *c = container_of(helper, struct sweep_case, helper);
	__le64 id = 0;

	nla_memcpy(&id, helper->attrs[DITTO_A_UPCALL_RECORD_KEY], sizeof(id));
	c->asked[c->count++ % ASKED_MAX] = le64_to_cpu(id);
	/* durable_make() gives up meanwhile */
	if (c->refuse)
		WRITE_ONCE(c->open->durable, NULL);
	fake_helper_answer(helper, fake_helper_serial(helper), c->error);
}

/* Return: number of requests of the sweep. */
static unsigned int sweep_run(struct sweep_case *c)
{
	c->count = 0;
	dsmb_persist_sweep(&c->server);
	return c->count;
}

static void opens_make(struct kunit *test, struct sweep_case *c)
{
	for (unsigned int i = 0; i < OPENS; i++) {
		struct dsmb_open *open = &c->open[i];

		open->server = &c->server;
		open->persistent = i + 1;
		refcount_set(&open->ref, 1);
		open->durable = &c->durable[i];
		open->durable->persist = dsmb_persist_alloc(open);
		KUNIT_ASSERT_NOT_NULL(test, open->durable->persist);
	}
}

/* The opens are closed, and their records cannot be removed. */
static void closed_opens(struct kunit *test)
{
	struct sweep_case *c = test->priv;
	u64 untried[OPENS - DSMB_SWEEP_FAILURES_MAX];
	u64 all = 0;

	opens_make(test, c);
	c->error = EIO;
	for (unsigned int i = 0; i < OPENS; i++)
		dsmb_persist_end(c->durable[i].persist);
	flush_workqueue(c->server.records);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->server.nremains), OPENS);

	KUNIT_EXPECT_EQ(test, sweep_run(c), DSMB_SWEEP_FAILURES_MAX);
	for (unsigned int i = 0; i < c->count; i++)
		all |= BIT_ULL(c->asked[i]);
	KUNIT_EXPECT_EQ(test, sweep_run(c), DSMB_SWEEP_FAILURES_MAX);
	/* Those that the sweep before left come first. */
	memcpy(untried, c->asked, sizeof(untried));
	for (unsigned int i = 0; i < ARRAY_SIZE(untried); i++) {
		KUNIT_EXPECT_FALSE_MSG(test, all & BIT_ULL(untried[i]), "open %llu", untried[i]);
		all |= BIT_ULL(untried[i]);
	}
	KUNIT_EXPECT_EQ(test, all, GENMASK_ULL(OPENS, 1));

	c->error = 0;
	KUNIT_EXPECT_EQ(test, sweep_run(c), OPENS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->server.nremains), 0);
	KUNIT_EXPECT_EQ(test, sweep_run(c), 0);
}

/* Their clients have lost the opens, which stay as long as their records. */
static void expired_opens(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	opens_make(test, c);
	for (unsigned int i = 0; i < OPENS; i++) {
		c->open[i].expired = true;
		KUNIT_ASSERT_EQ(test, xa_err(xa_store(&c->server.durables, c->open[i].persistent,
						      &c->open[i], GFP_KERNEL)), 0);
	}
	c->error = EIO;
	c->server.expired = true;
	for (unsigned int round = 0; round < 2; round++) {
		KUNIT_EXPECT_EQ(test, sweep_run(c), DSMB_SWEEP_FAILURES_MAX);
		KUNIT_EXPECT_EQ(test, c->asked[0], 1);
		KUNIT_EXPECT_EQ(test, sweep_run(c), OPENS - DSMB_SWEEP_FAILURES_MAX);
		KUNIT_EXPECT_EQ(test, c->asked[0], DSMB_SWEEP_FAILURES_MAX + 1);
	}
	KUNIT_EXPECT_TRUE(test, c->server.expired);
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
	spin_lock_init(&open->where);
	open->owner = owner;
	open->tree = tree;
	open->durable->persist->ended = true;
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
	KUNIT_EXPECT_EQ(test, refcount_read(&c->durable->persist->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&open->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&tree->ref), 1);
}

/* An open that asks for persistence is left alone: it may be refused at any time. */
static void taken_over(struct kunit *test)
{
	struct sweep_case *c = test->priv;

	opens_make(test, c);
	spin_lock_init(&c->open->where);
	c->error = EIO;
	c->refuse = true;
	KUNIT_EXPECT_FALSE(test, dsmb_durable_close(c->open));
}

/* Sweeps are run by the test. */
static void sweep_ignored(struct work_struct *work)
{
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
	init_llist_head(&c->server.remains);
	xa_init(&c->server.durables);
	INIT_DELAYED_WORK(&c->server.retry, sweep_ignored);
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
	cancel_delayed_work_sync(&c->server.retry);
	fake_helper_stop(&c->helper);
	if (c->server.records)
		destroy_workqueue(c->server.records);
	dsmb_persist_sweep_last(&c->server);
	for (unsigned int i = 0; i < OPENS; i++)
		dsmb_persist_put(c->durable[i].persist);
	xa_destroy(&c->server.durables);
	ditto_records_exit(&c->srv);
	ditto_upcalls_exit(&c->srv);
	kvfree(c);
}

static struct kunit_case sweep_cases[] = {
	KUNIT_CASE(closed_opens),
	KUNIT_CASE(expired_opens),
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
