// SPDX-License-Identifier: GPL-2.0-only
/* Calls to clients: those that could not start or wait, and how many answers a client has. */
#include <kunit/test.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../fs/nfs/nlm/callout.h"
#include "../../../fs/nfs/nlm/client.h"
#include "../../../fs/nfs/nlm/message.h"
#include "../../../fs/nfs/nlm/nlm.h"
#include "../../../fs/nfs/nlm/proc.h"
#include "../../../fs/nfs/nlm/status.h"
#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/server.h"
#include "../../../net/budget.h"
#include "../../../net/server.h"
#include "../net/budget_sum.h"

static const struct dnfs_program program = {
	.vers = NLM4_VERSION,
	.status = dnlm4_status,
};

/* Answers, and all calls, under way to a client that has an IPv4 address. */
#define ANSWERS		64
#define CALLS		4096

/**
 * struct callout_case - a server that has no connections for callouts
 * @srv: the server
 * @nfs: its NFS side
 * @nlm: its locking side
 * @callout: a callout
 * @done: how often it ended
 */
struct callout_case {
	struct ditto_server srv;
	struct dnfs_server nfs;
	struct dnlm_server nlm;
	struct dnlm_callout callout;
	unsigned int done;
};

static void callout_done(struct dnlm_callout *callout, int err)
{
	container_of(callout, struct callout_case, callout)->done++;
}

static const struct dnlm_callout_ops callout_ops = {
	.done = callout_done,
};

/* A callout that could not start ends neither at once nor when it is settled. */
static void callout_refused(struct kunit *test, struct callout_case *c, int err)
{
	unsigned int before = c->nlm.ncallouts;

	memset(&c->callout, 0, sizeof(c->callout));
	c->callout.ops = &callout_ops;
	KUNIT_ASSERT_EQ(test, dnlm_callout_start(&c->nlm, &c->callout), err);
	dnlm_callout_settle(&c->callout, -ECANCELED);
	flush_delayed_work(&c->callout.work);
	KUNIT_EXPECT_EQ(test, c->done, 0);
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, before);
}

static void not_started_among_many(struct kunit *test)
{
	struct callout_case *c = test->priv;

	c->nlm.ncallouts = DNLM_CALLOUTS_MAX;
	callout_refused(test, c, -EBUSY);
	c->nlm.ncallouts = 0;
}

static void not_started_at_the_end(struct kunit *test)
{
	struct callout_case *c = test->priv;

	dnlm_callouts_stop(&c->nlm);
	callout_refused(test, c, -ESHUTDOWN);
}

/* A callout that is settled while it waits for its turn leaves the queue and ends. */
static void settled_while_it_waits(struct kunit *test)
{
	struct callout_case *c = test->priv;

	c->callout.ops = &callout_ops;
	KUNIT_ASSERT_EQ(test, dnlm_callout_start(&c->nlm, &c->callout), 0);
	flush_delayed_work(&c->callout.work);
	KUNIT_EXPECT_EQ(test, c->nlm.turns[DNLM_CALL].waiting, 1);
	KUNIT_EXPECT_EQ(test, c->done, 0);
	dnlm_callout_settle(&c->callout, 0);
	flush_delayed_work(&c->callout.work);
	KUNIT_EXPECT_EQ(test, c->nlm.turns[DNLM_CALL].waiting, 0);
	KUNIT_EXPECT_EQ(test, c->done, 1);
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, 0);
}

/* Answer a message that came from an address. */
static void message_from(struct callout_case *c, const char *from)
{
	struct sockaddr_storage addr = {}, local = {};
	/* Too large for a stack beside the call. */
	static struct dnlm_res res;
	struct dnfs_call call = {
		.server = &c->nfs,
		.srv = &c->srv,
		.program = &program,
		.addr = (struct sockaddr *)&addr,
		.local = (struct sockaddr *)&local,
		.res = &res,
	};

	memset(&res, 0, sizeof(res));
	inet_pton_with_scope(&init_net, AF_UNSPEC, from, "0", &addr);
	inet_pton_with_scope(&init_net, AF_UNSPEC, from, "0", &local);
	dnlm_answer(&call, 0, NLMPROC_LOCK_RES);
}

/* A client gets no more answers than its part, and others get theirs. */
static void answers_of_a_client_are_few(struct kunit *test)
{
	struct callout_case *c = test->priv;

	for (unsigned int i = 0; i < 2 * ANSWERS; i++)
		message_from(c, "192.0.2.1");
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, ANSWERS);
	message_from(c, "192.0.2.2");
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, ANSWERS + 1);
	KUNIT_EXPECT_LE(test, ditto_budget_limit(&c->srv, DITTO_TRUST_USER, DITTO_BUDGET_ANSWERS),
			DNLM_CALLOUTS_MAX / 2);
	dnlm_callouts_stop(&c->nlm);
	KUNIT_EXPECT_EQ(test, budget_sum(&c->srv, DITTO_TRUST_USER, DITTO_BUDGET_ANSWERS), 0);
}

static void calls_done(struct dnlm_callout *callout, int err)
{
}

static const struct dnlm_callout_ops calls_ops = {
	.done = calls_done,
};

/* A machine is not called more often at a time than its part, and others are called. */
static void calls_to_a_client_are_few(struct kunit *test)
{
	struct dnlm_callout *calls = kvcalloc(CALLS + 2, sizeof(*calls), GFP_KERNEL);
	struct callout_case *c = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, calls);
	for (unsigned int i = 0; i < CALLS + 2; i++) {
		calls[i].ops = &calls_ops;
		ipv6_addr_set_v4mapped(htonl(0xc0000201 + i / (CALLS + 1)), &calls[i].route.addr);
		KUNIT_EXPECT_EQ(test, dnlm_callout_start(&c->nlm, &calls[i]),
				i == CALLS ? -EDQUOT : 0);
	}
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, CALLS + 1);
	KUNIT_EXPECT_EQ(test, ditto_budget_limit(&c->srv, DITTO_TRUST_USER, DITTO_BUDGET_CALLOUTS),
			DNLM_CALLOUTS_MAX);
	dnlm_callouts_stop(&c->nlm);
	KUNIT_EXPECT_EQ(test, budget_sum(&c->srv, DITTO_TRUST_USER, DITTO_BUDGET_CALLOUTS), 0);
	kvfree(calls);
}

static int callout_test_init(struct kunit *test)
{
	struct callout_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&c->srv), 0);
	c->nfs.nlm = &c->nlm;
	c->nlm.srv = &c->srv;
	c->nlm.net = &init_net;
	init_waitqueue_head(&c->nlm.idle);
	dnlm_callouts_init(&c->nlm);
	c->nlm.turns[DNLM_CALL].limits.width = 0;
	c->nlm.turns[DNLM_ANSWER].limits.width = 0;
	test->priv = c;
	return 0;
}

static void callout_test_exit(struct kunit *test)
{
	struct callout_case *c = test->priv;

	if (!c)
		return;
	dnlm_callouts_stop(&c->nlm);
	/* Warns if an answer did not return its charge. */
	ditto_budget_exit(&c->srv);
}

static struct kunit_case callout_cases[] = {
	KUNIT_CASE(not_started_among_many),
	KUNIT_CASE(not_started_at_the_end),
	KUNIT_CASE(settled_while_it_waits),
	KUNIT_CASE(answers_of_a_client_are_few),
	KUNIT_CASE(calls_to_a_client_are_few),
	{}
};

static struct kunit_suite callout_suite = {
	.name = "ditto_nlm_callout",
	.init = callout_test_init,
	.exit = callout_test_exit,
	.test_cases = callout_cases,
};

kunit_test_suite(callout_suite);
