// SPDX-License-Identifier: GPL-2.0-only
/* NFSv4: open-owners and lock-owners without state. */
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/nfs/v4/session/client.h"
#include "../../../fs/nfs/v4/session/client_private.h"
#include "../../../fs/nfs/v4/session/session.h"
#include "../../../fs/nfs/v4/state/owner.h"
#include "../../../net/server.h"
#include "../await.h"

/**
 * struct idle_case - a client with idle owners, and the laundry of its server
 * @srv: the server
 * @server: its NFSv4 side, as far as the laundry needs it
 * @clients: the clients of @server
 * @client: the only one
 * @owner: the oldest ones first; the test has a reference to each
 */
struct idle_case {
	struct ditto_server srv;
	struct dnfs4_server server;
	struct dnfs4_clients clients;
	struct dnfs4_client client;
	struct dnfs4_owner *owner[3];
};

static int idle_test_init(struct kunit *test)
{
	struct idle_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->srv.settings.lease_time_s = 3600;
	c->server.srv = &c->srv;
	c->server.clients = &c->clients;
	c->clients.server = &c->server;
	mutex_init(&c->clients.lock);
	INIT_LIST_HEAD(&c->clients.all);
	c->client.server = &c->server;
	__set_bit(DNFS4_CLIENT_CONFIRMED, &c->client.flags);
	refcount_set(&c->client.ref, 1);
	INIT_LIST_HEAD(&c->client.todo);
	dnfs4_states_init(&c->client);
	list_add(&c->client.lru, &c->clients.all);
	KUNIT_ASSERT_EQ(test, dnfs4_sessions_init(&c->server), 0);
	c->clients.wq = alloc_workqueue("ditto_test_clients", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, c->clients.wq);
	KUNIT_ASSERT_EQ(test, dnfs4_lease_init(&c->clients), 0);
	return 0;
}

static void idle_test_exit(struct kunit *test)
{
	struct idle_case *c = test->priv;

	if (!c)
		return;
	if (c->clients.shrinker)
		dnfs4_lease_exit(&c->clients);
	if (c->clients.wq)
		destroy_workqueue(c->clients.wq);
	dnfs4_sessions_exit(&c->server);
	dnfs4_table_exit(&c->client.states);
}

/* An owner that is idle for @seconds. */
static struct dnfs4_owner *owner_add(struct kunit *test, unsigned int seconds)
{
	struct idle_case *c = test->priv;
	struct dnfs4_owner *owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, owner);
	/* The list has one, and the test. */
	refcount_set(&owner->ref, 2);
	owner->client = &c->client;
	owner->idle_since = jiffies - seconds * HZ;
	list_add_tail(&owner->idle, &c->client.owners_idle);
	c->client.nowners_idle++;
	return owner;
}

/* The client does not open or close anything any more, and has renewed its lease just now. */
static void owners_of_a_quiet_client(struct kunit *test)
{
	static const unsigned int idle_s[] = {
		2 * DNFS4_OWNER_IDLE_S, DNFS4_OWNER_IDLE_S, DNFS4_OWNER_IDLE_S / 2,
	};
	struct idle_case *c = test->priv;

	for (unsigned int i = 0; i < ARRAY_SIZE(idle_s); i++)
		c->owner[i] = owner_add(test, idle_s[i]);
	dnfs4_clients_start(&c->server);
	dnfs4_clients_settings_changed(&c->server);
	KUNIT_EXPECT_TRUE(test, await(READ_ONCE(c->client.nowners_idle) == 1 &&
				      refcount_read(&c->client.ref) == 1));
	dnfs4_clients_stop(&c->server);
	for (unsigned int i = 0; i < ARRAY_SIZE(idle_s); i++) {
		bool stays = idle_s[i] < DNFS4_OWNER_IDLE_S;

		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&c->owner[i]->ref), stays ? 2 : 1,
				    "owner %u", i);
		KUNIT_EXPECT_EQ_MSG(test, list_empty(&c->owner[i]->idle), !stays, "owner %u", i);
	}
}

static struct kunit_case nfs4_owner_cases[] = {
	KUNIT_CASE(owners_of_a_quiet_client),
	{}
};

static struct kunit_suite nfs4_owner_suite = {
	.name = "ditto-nfs4-owner",
	.init = idle_test_init,
	.exit = idle_test_exit,
	.test_cases = nfs4_owner_cases,
};

kunit_test_suites(&nfs4_owner_suite);
