// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that are given up between their grant in the lock table and its callback, which begins
 * GRANTED. The test holds the callbacks up.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "../../../fs/nfs/nlm/callout.h"
#include "../../../fs/nfs/nlm/grant.h"
#include "../../../fs/nfs/nlm/host.h"
#include "../../../fs/nfs/nlm/nlm.h"
#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/server.h"
#include "../../../net/budget.h"
#include "../../../net/server.h"
#include "../lockd/claim_common.h"

/* Blocked locks of a case. */
#define GRANTS		2

/**
 * struct grant_case - a host that waits for locks of another client
 * @srv: the server; its lock table is that of the test
 * @recorders: its recorders
 * @nfs: its NFS side
 * @nlm: its locking side; no callout gets a connection
 * @asker: the host and its lock owner
 * @other: the other client
 * @holder: its lock owner, which has all bytes
 * @node: the file
 * @msg: a LOCK request of the host
 * @grant: its blocked locks, of ten bytes each
 */
struct grant_case {
	struct ditto_server srv;
	struct ditto_recorders recorders;
	struct dnfs_server nfs;
	struct dnlm_server nlm;
	struct dnlm_asker asker;
	struct claim_client *other;
	struct ditto_owner *holder;
	struct claim_node *node;
	struct dnlm_msg msg;
	struct dnlm_grant *grant[GRANTS];
};

/* The callback of blocked locks, which waits for the end of a case. */
static struct {
	void (*granted)(struct ditto_wait *wait, int error);
	struct completion may_begin;
} callback;

static void callback_late(struct ditto_wait *wait, int error)
{
	wait_for_completion(&callback.may_begin);
	callback.granted(wait, error);
}

/* The bytes of a blocked lock, or with GRANTS of all of them. */
static struct ditto_range_request bytes_of(struct grant_case *c, unsigned int number)
{
	return claim_req(c->node, c->asker.owner, true, number < GRANTS ? 10 * number : 0,
			 number < GRANTS ? 10 * number + 9 : 10 * GRANTS - 1);
}

static void holder_unlocks(struct kunit *test, struct grant_case *c, unsigned int number)
{
	struct ditto_range_request req = bytes_of(c, number);

	req.owner = c->holder;
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
}

/* The host unlocks bytes, as UNLOCK does. */
static void host_unlocks(struct kunit *test, struct grant_case *c, unsigned int number)
{
	struct ditto_range_request req = bytes_of(c, number);

	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	dnlm_grants_given_up(&c->nlm, &req, &c->msg.fh);
}

static void host_waits(struct kunit *test, struct grant_case *c, unsigned int number)
{
	static const struct dnfs_program program = { .vers = NLM4_VERSION };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct ditto_range_request req = bytes_of(c, number);
	struct dnfs_call call = {
		.server = &c->nfs,
		.program = &program,
		.addr = (struct sockaddr *)&addr,
		.local = (struct sockaddr *)&addr,
	};
	struct dnlm_grant *grant;

	c->msg.offset = req.first;
	grant = dnlm_grant_alloc(&call, &c->msg, false, &req, &c->asker);
	KUNIT_ASSERT_NOT_NULL(test, grant);
	callback.granted = grant->wait.granted;
	grant->wait.granted = callback_late;
	req.past = &grant->past;
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, &grant->wait, NULL), -EINPROGRESS);
	c->grant[number] = grant;
}

/* An UNLOCK ends the GRANTED of what it unlocked, and of nothing else. */
static void unlocked_before_the_callback(struct kunit *test)
{
	struct grant_case *c = test->priv;

	holder_unlocks(test, c, 0);
	/* A lock that waits stays, and one that was granted and is held. */
	host_unlocks(test, c, 1);
	KUNIT_EXPECT_FALSE(test, c->grant[0]->dropped);
	KUNIT_EXPECT_FALSE(test, c->grant[1]->dropped);
	host_unlocks(test, c, GRANTS);
	KUNIT_EXPECT_TRUE(test, c->grant[0]->dropped);
	KUNIT_EXPECT_FALSE(test, c->grant[1]->dropped);
	/* Nor does one that was granted behind the unlocking, before its GRANTED are ended. */
	holder_unlocks(test, c, 1);
	dnlm_grants_given_up(&c->nlm, &(struct ditto_range_request){
		.point = &c->node->point, .owner = c->asker.owner, .last = U64_MAX,
	}, &c->msg.fh);
	KUNIT_EXPECT_FALSE(test, c->grant[1]->dropped);
}

/* A CANCEL that finds nothing queued gives back what was granted, once. */
static void cancelled_before_the_callback(struct kunit *test)
{
	struct grant_case *c = test->priv;
	struct ditto_range_request req = bytes_of(c, 0);
	struct ditto_range_before past;

	KUNIT_EXPECT_FALSE(test, dnlm_grant_cancel(&c->nlm, &req, &c->msg.fh, &past));
	holder_unlocks(test, c, GRANTS);
	req.last++;
	KUNIT_EXPECT_FALSE(test, dnlm_grant_cancel(&c->nlm, &req, &c->msg.fh, &past));
	req.last--;
	KUNIT_EXPECT_TRUE(test, dnlm_grant_cancel(&c->nlm, &req, &c->msg.fh, &past));
	KUNIT_EXPECT_EQ(test, past.count, 0);
	KUNIT_EXPECT_FALSE(test, past.more);
	KUNIT_EXPECT_FALSE(test, dnlm_grant_cancel(&c->nlm, &req, &c->msg.fh, &past));
	KUNIT_EXPECT_TRUE(test, c->grant[0]->dropped);
	KUNIT_EXPECT_FALSE(test, c->grant[1]->dropped);
}

static void host_begin(struct kunit *test, struct grant_case *c)
{
	const struct dnlm_bytes name = { 4, (const u8 *)"host" };
	struct dnlm_route route = { .addr = IN6ADDR_LOOPBACK_INIT };

	c->asker.host = dnlm_host_get(&c->nlm, &route, &name, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->asker.host);
	c->asker.client = dnlm_host_client(c->asker.host);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->asker.client);
	c->asker.owner = ditto_owner_get(&c->asker.client->client, "1234oh", 6);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->asker.owner);
	c->msg = (struct dnlm_msg) {
		.fh = { 4, (const u8 *)"file" },
		.oh = { 2, (const u8 *)"oh" },
		.length = 10,
		.exclusive = true,
	};
}

static int grant_test_init(struct kunit *test)
{
	struct grant_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct ditto_range_request all;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_EQ(test, claim_test_init(test), 0);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&c->srv), 0);
	init_completion(&callback.may_begin);
	ditto_recorders_init(&c->recorders, &c->srv, DNFS_TASKS_AT_ONCE, DNFS_TASKS_OF_PEER);
	c->srv.locks = claim_table(test);
	c->nfs.nlm = &c->nlm;
	c->nlm.srv = &c->srv;
	c->nlm.recorders = &c->recorders;
	init_waitqueue_head(&c->nlm.idle);
	dnlm_callouts_init(&c->nlm);
	dnlm_grants_init(&c->nlm);
	dnlm_hosts_init(&c->nlm);
	c->nlm.turns[DNLM_CALL].limits.width = 0;
	c->node = claim_node(test);
	c->other = claim_client(test, "other", 0);
	c->holder = claim_owner(test, c->other, 1);
	host_begin(test, c);
	all = bytes_of(c, GRANTS);
	all.owner = c->holder;
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&all, NULL, NULL), 0);
	for (unsigned int i = 0; i < GRANTS; i++)
		host_waits(test, c, i);
	test->priv = c;
	return 0;
}

/* A GRANTED that was not ended is a callout now; it would look for the file of its handle. */
static void grant_test_exit(struct kunit *test)
{
	struct grant_case *c = test->priv;

	if (!c)
		return;
	holder_unlocks(test, c, GRANTS);
	dnlm_grants_drop(c->asker.client);
	complete_all(&callback.may_begin);
	test->priv = c->srv.locks;
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, c->nlm.ncallouts, 0);
	dnlm_callouts_stop(&c->nlm);
	ditto_owner_put(c->holder);
	claim_client_end(test, c->other);
	ditto_owner_put(c->asker.owner);
	ditto_client_put(&c->asker.client->client);
	dnlm_host_put(c->asker.host);
	dnlm_hosts_exit(&c->nlm);
	ditto_recorders_exit(&c->recorders);
	claim_test_exit(test);
	ditto_budget_exit(&c->srv);
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE(unlocked_before_the_callback),
	KUNIT_CASE(cancelled_before_the_callback),
	{}
};

static struct kunit_suite grant_suite = {
	.name = "ditto_nlm_grant",
	.init = grant_test_init,
	.exit = grant_test_exit,
	.test_cases = grant_cases,
};

kunit_test_suite(grant_suite);
