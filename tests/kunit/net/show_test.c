// SPDX-License-Identifier: GPL-2.0-only
/* Dumps of connections, in net/show.h. */
#include <kunit/test.h>

#include "../../../net/show.h"

/* More than fit; a prime number, so that steps of any length visit all. */
#define CONNS	257

/* A list without order is shown in ascending order, by as many walks as there are batches. */
static void batches_are_in_order(struct kunit *test)
{
	struct ditto_show_batch *batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);
	u64 *ids = kunit_kcalloc(test, CONNS, sizeof(*ids), GFP_KERNEL);
	u64 next = 0;
	unsigned int i, walks = 0;

	KUNIT_ASSERT_NOT_NULL(test, batch);
	KUNIT_ASSERT_NOT_NULL(test, ids);
	for (i = 0; i < CONNS; i++)
		ids[i] = 1 + i * 37 % CONNS;
	do {
		batch->count = 0;
		for (i = 0; i < CONNS; i++)
			if (ids[i] >= next + 1)
				ditto_show_batch_add(batch, ids[i], &ids[i]);
		for (i = 0; i < batch->count; i++) {
			KUNIT_ASSERT_EQ(test, batch->id[i], ++next);
			KUNIT_ASSERT_EQ(test, *(u64 *)batch->conn[i], next);
		}
		walks++;
	} while (batch->count == DITTO_SHOW_BATCH);
	KUNIT_EXPECT_EQ(test, next, CONNS);
	KUNIT_EXPECT_EQ(test, walks, CONNS / DITTO_SHOW_BATCH + 1);
}

static struct kunit_case show_cases[] = {
	KUNIT_CASE(batches_are_in_order),
	{}
};

static struct kunit_suite show_suite = {
	.name = "ditto_show",
	.test_cases = show_cases,
};

kunit_test_suite(show_suite);
