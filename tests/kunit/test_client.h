/* SPDX-License-Identifier: GPL-2.0-only */
/* A client of the lock table that does nothing of its own. */
#ifndef _DITTO_TESTS_KUNIT_TEST_CLIENT_H
#define _DITTO_TESTS_KUNIT_TEST_CLIENT_H

#include <linux/completion.h>

#include "../../lockd/table.h"

/**
 * struct test_client - the client
 * @client: the client
 * @freed: completed when nothing refers to it any more
 */
struct test_client {
	struct ditto_client client;
	struct completion freed;
};

void test_client_begin(struct test_client *c, struct ditto_lock_table *table);
/* Release the client, and wait until it is free. */
void test_client_end(struct test_client *c);

#endif
