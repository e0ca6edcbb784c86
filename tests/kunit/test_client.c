// SPDX-License-Identifier: GPL-2.0-only
#include "test_client.h"

static void test_client_free(struct ditto_client *client)
{
	complete(&container_of(client, struct test_client, client)->freed);
}

static const struct ditto_client_ops test_client_ops = { .free = test_client_free };

void test_client_begin(struct test_client *c, struct ditto_lock_table *table)
{
	memset(c, 0, sizeof(*c));
	init_completion(&c->freed);
	ditto_client_init(&c->client, table, &test_client_ops, "test", "holder",
			  DITTO_CLIENT_TTL_NEVER);
}

void test_client_end(struct test_client *c)
{
	ditto_client_release(&c->client, "test over");
	ditto_client_put(&c->client);
	wait_for_completion(&c->freed);
}
