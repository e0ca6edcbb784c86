// SPDX-License-Identifier: GPL-2.0-only
/* Calls to clients: those that could not start. */
#include <kunit/test.h>

#include "../../../fs/nfs/nlm/callout.h"
#include "../../../fs/nfs/nlm/nlm.h"

/**
 * struct callout_case - the locking side of a server
 * @nlm: the locking side
 * @callout: a callout
 * @done: how often it ended
 */
struct callout_case {
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

static int callout_test_init(struct kunit *test)
{
	struct callout_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_waitqueue_head(&c->nlm.idle);
	dnlm_callouts_init(&c->nlm);
	test->priv = c;
	return 0;
}

static void callout_test_exit(struct kunit *test)
{
	struct callout_case *c = test->priv;

	if (c)
		dnlm_callouts_stop(&c->nlm);
}

static struct kunit_case callout_cases[] = {
	KUNIT_CASE(not_started_among_many),
	KUNIT_CASE(not_started_at_the_end),
	{}
};

static struct kunit_suite callout_suite = {
	.name = "ditto_nlm_callout",
	.init = callout_test_init,
	.exit = callout_test_exit,
	.test_cases = callout_cases,
};

kunit_test_suite(callout_suite);
