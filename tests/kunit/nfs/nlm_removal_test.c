// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal of hosts: lost ones at once, and again where it failed; idle ones some at a time. The
 * test itself is the helper.
 */
#include <kunit/test.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../fs/nfs/nlm/host.h"
#include "../../../fs/nfs/nlm/nlm.h"
#include "../../../fs/nfs/server.h"
#include "../../../net/budget.h"
#include "../../../net/helper/record.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../net/fake_helper.h"

/* Hosts that are lost at once, and hosts that are idle. */
#define LOST		4
#define IDLE		(2 * DNLM_REMOVALS_MAX)
/* Seconds until a request that does not come is given up. */
#define REQUEST_WAIT_S	20

/**
 * struct removal_case - a server with hosts, and its helper
 * @srv: the server
 * @recorders: its recorders
 * @nlm: its locking side
 * @host: the hosts; the last ones may be missing
 * @new: a host that locks for the first time
 * @helper: the helper
 * @asked: numbers of the requests that the helper has read
 */
struct removal_case {
	struct ditto_server srv;
	struct ditto_recorders recorders;
	struct dnlm_server nlm;
	struct dnlm_host *host[IDLE];
	struct dnlm_host *new;
	struct fake_helper helper;
	u64 asked[LOST];
};

/* Read a request without answering it. Return: false if none comes. */
static bool question_read(struct removal_case *c, u64 *serial)
{
	if (!fake_helper_read(&c->helper))
		return false;
	*serial = fake_helper_serial(&c->helper);
	return true;
}

/* The host of machine @number. */
static struct dnlm_host *host_make(struct kunit *test, struct removal_case *c, unsigned int number)
{
	const struct dnlm_bytes name = { 4, (const u8 *)"host" };
	struct dnlm_route route = {};
	struct dnlm_host *host;

	ipv6_addr_set_v4mapped(htonl(0xc6120000 + number), &route.addr);
	host = dnlm_host_get(&c->nlm, &route, &name, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, host);
	return host;
}

/* Hosts of as many machines, all recorded. */
static void hosts_make(struct kunit *test, struct removal_case *c, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		c->host[i] = host_make(test, c, i);
		KUNIT_ASSERT_EQ(test, ditto_recorder_restore(c->host[i]->recorder, 0, "", 0), 0);
	}
}

static void retry_run(struct removal_case *c)
{
	mod_delayed_work(system_wq, &c->recorders.retry, 0);
	flush_delayed_work(&c->recorders.retry);
}

/* Lose all hosts; the helper hears of each before it has answered any. */
static void hosts_lose(struct kunit *test, struct removal_case *c)
{
	hosts_make(test, c, LOST);
	for (unsigned int i = 0; i < LOST; i++)
		dnlm_host_lost(c->host[i]);
	for (unsigned int i = 0; i < LOST; i++)
		KUNIT_ASSERT_TRUE_MSG(test, question_read(c, &c->asked[i]), "host %u", i);
}

static unsigned int hosts_lost(struct kunit *test, const struct removal_case *c)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < LOST; i++) {
		KUNIT_EXPECT_EQ(test, ditto_recorder_may_be(c->host[i]->recorder),
				c->host[i]->lost);
		lost += c->host[i]->lost;
	}
	return lost;
}

static void lost_together(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), LOST);
	for (unsigned int i = 0; i < LOST; i++)
		fake_helper_answer(&c->helper, c->asked[i], 0);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

/* A record that stays holds up no other, and is removed at the next try. */
static void one_stays(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	fake_helper_answer(&c->helper, c->asked[0], EIO);
	for (unsigned int i = 1; i < LOST; i++)
		fake_helper_answer(&c->helper, c->asked[i], 0);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 1);
	retry_run(c);
	KUNIT_ASSERT_TRUE(test, question_read(c, &c->asked[0]));
	fake_helper_answer(&c->helper, c->asked[0], 0);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

/* Without a helper all wait for the next try. */
static void lost_without_a_helper(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_lose(test, c);
	ditto_upcall_portid_gone(&c->srv, c->helper.port);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), LOST);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(&c->srv, c->helper.port), 0);
	retry_run(c);
	for (unsigned int i = 0; i < LOST; i++)
		KUNIT_ASSERT_TRUE(test, question_read(c, &c->asked[i]));
	for (unsigned int i = 0; i < LOST; i++)
		fake_helper_answer(&c->helper, c->asked[i], 0);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_EQ(test, hosts_lost(test, c), 0);
}

static int removals_busy(const struct removal_case *c)
{
	return atomic_read(&c->recorders.tasks.count);
}

static void gc_run(struct removal_case *c)
{
	mod_delayed_work(system_unbound_wq, &c->nlm.gc, 0);
	flush_delayed_work(&c->nlm.gc);
}

/* Recorded hosts that hold nothing. */
static void hosts_idle(struct kunit *test, struct removal_case *c)
{
	hosts_make(test, c, IDLE);
	for (unsigned int i = 0; i < IDLE; i++)
		c->host[i]->used -= (DNLM_HOST_IDLE_S + 1) * HZ;
}

static void removals_answer(struct kunit *test, struct removal_case *c, unsigned int count, u32 err)
{
	u64 serial;

	for (unsigned int i = 0; i < count; i++) {
		KUNIT_ASSERT_TRUE_MSG(test, question_read(c, &serial), "request %u", i);
		KUNIT_ASSERT_EQ(test, fake_helper_type(&c->helper), DITTO_UPCALL_RECORD_REMOVE);
		fake_helper_answer(&c->helper, serial, err);
	}
}

/* Answer requests to remove records until one is to write a record. Return: number of them. */
static unsigned int removals_before_record(struct kunit *test, struct removal_case *c)
{
	unsigned int before = 0;
	u64 serial;

	for (;; before++) {
		KUNIT_ASSERT_TRUE_MSG(test, question_read(c, &serial), "request %u", before);
		fake_helper_answer(&c->helper, serial, 0);
		if (fake_helper_type(&c->helper) == DITTO_UPCALL_RECORD_PUT)
			return before;
	}
}

/* All idle hosts go, a limited number at a time, so that another one is recorded soon. */
static void idle_some_at_a_time(struct kunit *test)
{
	struct removal_case *c = test->priv;
	unsigned int before;

	hosts_idle(test, c);
	c->new = host_make(test, c, IDLE);
	gc_run(c);
	KUNIT_EXPECT_EQ(test, removals_busy(c), DNLM_REMOVALS_MAX);
	KUNIT_EXPECT_EQ(test, c->nlm.nhosts, IDLE + 1 - DNLM_REMOVALS_MAX);
	/* Those that have not ended count. */
	gc_run(c);
	KUNIT_EXPECT_EQ(test, removals_busy(c), DNLM_REMOVALS_MAX);

	/* It would go on meanwhile. */
	disable_delayed_work_sync(&c->nlm.gc);
	KUNIT_ASSERT_EQ(test, ditto_recorder_set(c->new->recorder, 1, "", 0, NULL), 0);
	before = removals_before_record(test, c);
	KUNIT_EXPECT_LE(test, before, DNLM_REMOVALS_MAX);
	enable_delayed_work(&c->nlm.gc);
	gc_run(c);
	removals_answer(test, c, IDLE - before, 0);
	ditto_tasks_drain(&c->recorders.tasks);
	KUNIT_EXPECT_TRUE(test, ditto_recorder_is_written(c->new->recorder, 1));
	KUNIT_EXPECT_EQ(test, c->nlm.nhosts, 1);
}

/* Removals that fail do not keep others from their turn. */
static void idle_behind_failures(struct kunit *test)
{
	struct removal_case *c = test->priv;

	hosts_idle(test, c);
	gc_run(c);
	disable_delayed_work_sync(&c->nlm.gc);
	disable_delayed_work_sync(&c->recorders.retry);
	removals_answer(test, c, DNLM_REMOVALS_MAX, EIO);
	ditto_tasks_drain(&c->recorders.tasks);
	enable_delayed_work(&c->nlm.gc);
	gc_run(c);
	removals_answer(test, c, DNLM_REMOVALS_MAX, 0);
	ditto_tasks_drain(&c->recorders.tasks);
	for (unsigned int i = 0; i < IDLE; i++)
		KUNIT_EXPECT_EQ_MSG(test, ditto_recorder_may_be(c->host[i]->recorder),
				    !list_empty(&c->host[i]->recorder->again), "host %u", i);
	enable_delayed_work(&c->recorders.retry);
	retry_run(c);
	removals_answer(test, c, DNLM_REMOVALS_MAX, 0);
	ditto_tasks_drain(&c->recorders.tasks);
	for (unsigned int i = 0; i < IDLE; i++)
		KUNIT_EXPECT_FALSE(test, ditto_recorder_may_be(c->host[i]->recorder));
	KUNIT_EXPECT_EQ(test, c->nlm.nhosts, 0);
}

static void helper_make(struct kunit *test, struct removal_case *c)
{
	KUNIT_ASSERT_EQ(test, fake_helper_open(&c->helper, &c->srv, REQUEST_WAIT_S * HZ), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcall_register(&c->srv, c->helper.port), 0);
	KUNIT_ASSERT_EQ(test, ditto_state_begin(&c->srv, 1, true), 0);
}

static int removal_test_init(struct kunit *test)
{
	struct removal_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->srv.net = &init_net;
	ditto_settings_init(&c->srv);
	c->srv.settings.upcall_ms = 2 * REQUEST_WAIT_S * MSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&c->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_records_init(&c->srv), 0);
	ditto_recorders_init(&c->recorders, &c->srv, DNFS_TASKS_AT_ONCE, DNFS_TASKS_OF_PEER);
	c->nlm.srv = &c->srv;
	c->nlm.recorders = &c->recorders;
	init_waitqueue_head(&c->nlm.idle);
	dnlm_hosts_init(&c->nlm);
	test->priv = c;
	helper_make(test, c);
	return 0;
}

static void removal_test_exit(struct kunit *test)
{
	struct removal_case *c = test->priv;

	if (!c)
		return;
	ditto_upcall_portid_gone(&c->srv, c->helper.port);
	for (unsigned int i = 0; i < IDLE; i++)
		if (c->host[i])
			dnlm_host_put(c->host[i]);
	if (c->new)
		dnlm_host_put(c->new);
	ditto_recorders_end(&c->recorders);
	dnlm_hosts_exit(&c->nlm);
	ditto_recorders_exit(&c->recorders);
	ditto_records_exit(&c->srv);
	ditto_upcalls_exit(&c->srv);
	ditto_budget_exit(&c->srv);
	fake_helper_close(&c->helper);
}

static struct kunit_case removal_cases[] = {
	KUNIT_CASE(lost_together),
	KUNIT_CASE(one_stays),
	KUNIT_CASE(lost_without_a_helper),
	KUNIT_CASE(idle_some_at_a_time),
	KUNIT_CASE(idle_behind_failures),
	{}
};

static struct kunit_suite removal_suite = {
	.name = "ditto_nlm_removal",
	.init = removal_test_init,
	.exit = removal_test_exit,
	.test_cases = removal_cases,
};

kunit_test_suite(removal_suite);
