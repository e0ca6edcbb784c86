// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections whose calls wait: which calls release the connection before they are executed.
 */
#include <kunit/test.h>

#include "../../../net/block_hint.h"

/* Let a call begin, and wait unless it releases the connection. Return: true if it does. */
static bool block_hint_slow(struct ditto_block_hint *hint)
{
	if (ditto_block_hint_begin(hint))
		return true;
	ditto_block_hint_waited(hint);
	return false;
}

/* Let calls begin until one keeps the connection. Return: how many did not. */
static unsigned int block_hint_releases(struct ditto_block_hint *hint)
{
	unsigned int n = 0;

	while (ditto_block_hint_begin(hint))
		n++;
	return n;
}

/* Let calls begin that do not wait. Return: how many kept the connection. */
static unsigned int block_hint_keeps(struct ditto_block_hint *hint, unsigned int calls)
{
	unsigned int n = 0;

	while (calls--)
		n += !ditto_block_hint_begin(hint);
	return n;
}

/* Calls that do not wait keep the connection. */
static void calls_without_waiting(struct kunit *test)
{
	struct ditto_block_hint hint = {};

	KUNIT_EXPECT_EQ(test, block_hint_keeps(&hint, 10000), 10000);
}

/* What one call waited for costs the next ones a wake-up each, and then no more. */
static void one_call_waits(struct kunit *test)
{
	struct ditto_block_hint hint = {};

	KUNIT_EXPECT_EQ(test, block_hint_keeps(&hint, 1000), 1000);
	KUNIT_EXPECT_FALSE(test, block_hint_slow(&hint));
	KUNIT_EXPECT_EQ(test, block_hint_releases(&hint), DITTO_BLOCK_HINT_SPAN);
	KUNIT_EXPECT_EQ(test, block_hint_keeps(&hint, 10000), 10000);
}

/* On a slow device nearly all calls release the connection. */
static void all_calls_wait(struct kunit *test)
{
	struct ditto_block_hint hint = {};
	unsigned int kept = 0;

	for (unsigned int span = DITTO_BLOCK_HINT_SPAN; span <= DITTO_BLOCK_HINT_SPAN_MAX;
	     span *= 2) {
		KUNIT_EXPECT_FALSE(test, block_hint_slow(&hint));
		for (unsigned int i = 0; i < span; i++)
			KUNIT_EXPECT_TRUE(test, block_hint_slow(&hint));
	}
	for (int i = 0; i < 100 * DITTO_BLOCK_HINT_SPAN_MAX; i++)
		kept += !block_hint_slow(&hint);
	KUNIT_EXPECT_LE(test, kept, 100);
}

/* Few calls keep the connection, too, if one of ten waits. */
static void some_calls_wait(struct kunit *test)
{
	struct ditto_block_hint hint = {};
	unsigned int kept = 0;

	for (int i = 0; i < 100000; i++) {
		if (ditto_block_hint_begin(&hint))
			continue;
		kept++;
		if (!(i % 10))
			ditto_block_hint_waited(&hint);
	}
	KUNIT_EXPECT_LE(test, kept, 100000 / 50);
}

/* When a device is quick again, or has been cached, the span is the shortest. */
static void waiting_ends(struct kunit *test)
{
	struct ditto_block_hint hint = {};

	for (int i = 0; i < 10000; i++)
		block_hint_slow(&hint);
	KUNIT_EXPECT_LE(test, block_hint_releases(&hint), DITTO_BLOCK_HINT_SPAN_MAX);
	KUNIT_EXPECT_EQ(test, block_hint_keeps(&hint, DITTO_BLOCK_HINT_KEPT),
			DITTO_BLOCK_HINT_KEPT);
	KUNIT_EXPECT_FALSE(test, block_hint_slow(&hint));
	KUNIT_EXPECT_EQ(test, block_hint_releases(&hint), DITTO_BLOCK_HINT_SPAN);
}

static struct kunit_case block_hint_cases[] = {
	KUNIT_CASE(calls_without_waiting),
	KUNIT_CASE(one_call_waits),
	KUNIT_CASE(all_calls_wait),
	KUNIT_CASE(some_calls_wait),
	KUNIT_CASE(waiting_ends),
	{}
};

static struct kunit_suite block_hint_suite = {
	.name = "ditto_block_hint",
	.test_cases = block_hint_cases,
};

kunit_test_suite(block_hint_suite);
