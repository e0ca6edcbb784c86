// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections whose calls wait: which calls release the connection before they are executed.
 */
#include <kunit/test.h>

#include "../../../net/wary.h"

/* Let a call begin, and wait unless it releases the connection. Return: true if it does. */
static bool wary_slow(struct ditto_wary *wary)
{
	if (ditto_wary_begin(wary))
		return true;
	ditto_wary_waited(wary);
	return false;
}

/* Let calls begin until one keeps the connection. Return: how many did not. */
static unsigned int wary_releases(struct ditto_wary *wary)
{
	unsigned int n = 0;

	while (ditto_wary_begin(wary))
		n++;
	return n;
}

/* Let calls begin that do not wait. Return: how many kept the connection. */
static unsigned int wary_keeps(struct ditto_wary *wary, unsigned int calls)
{
	unsigned int n = 0;

	while (calls--)
		n += !ditto_wary_begin(wary);
	return n;
}

/* Calls that do not wait keep the connection. */
static void calls_without_waiting(struct kunit *test)
{
	struct ditto_wary wary = {};

	KUNIT_EXPECT_EQ(test, wary_keeps(&wary, 10000), 10000);
}

/* What one call waited for costs the next ones a wake-up each, and then no more. */
static void one_call_waits(struct kunit *test)
{
	struct ditto_wary wary = {};

	KUNIT_EXPECT_EQ(test, wary_keeps(&wary, 1000), 1000);
	KUNIT_EXPECT_FALSE(test, wary_slow(&wary));
	KUNIT_EXPECT_EQ(test, wary_releases(&wary), DITTO_WARY_SPAN);
	KUNIT_EXPECT_EQ(test, wary_keeps(&wary, 10000), 10000);
}

/* On a slow device nearly all calls release the connection. */
static void all_calls_wait(struct kunit *test)
{
	struct ditto_wary wary = {};
	unsigned int kept = 0;

	for (unsigned int span = DITTO_WARY_SPAN; span <= DITTO_WARY_SPAN_MAX; span *= 2) {
		KUNIT_EXPECT_FALSE(test, wary_slow(&wary));
		for (unsigned int i = 0; i < span; i++)
			KUNIT_EXPECT_TRUE(test, wary_slow(&wary));
	}
	for (int i = 0; i < 100 * DITTO_WARY_SPAN_MAX; i++)
		kept += !wary_slow(&wary);
	KUNIT_EXPECT_LE(test, kept, 100);
}

/* Few calls keep the connection, too, if one of ten waits. */
static void some_calls_wait(struct kunit *test)
{
	struct ditto_wary wary = {};
	unsigned int kept = 0;

	for (int i = 0; i < 100000; i++) {
		if (ditto_wary_begin(&wary))
			continue;
		kept++;
		if (!(i % 10))
			ditto_wary_waited(&wary);
	}
	KUNIT_EXPECT_LE(test, kept, 100000 / 50);
}

/* When a device is quick again, or has been cached, the span is the shortest. */
static void waiting_ends(struct kunit *test)
{
	struct ditto_wary wary = {};

	for (int i = 0; i < 10000; i++)
		wary_slow(&wary);
	KUNIT_EXPECT_LE(test, wary_releases(&wary), DITTO_WARY_SPAN_MAX);
	KUNIT_EXPECT_EQ(test, wary_keeps(&wary, DITTO_WARY_KEPT), DITTO_WARY_KEPT);
	KUNIT_EXPECT_FALSE(test, wary_slow(&wary));
	KUNIT_EXPECT_EQ(test, wary_releases(&wary), DITTO_WARY_SPAN);
}

static struct kunit_case wary_cases[] = {
	KUNIT_CASE(calls_without_waiting),
	KUNIT_CASE(one_call_waits),
	KUNIT_CASE(all_calls_wait),
	KUNIT_CASE(some_calls_wait),
	KUNIT_CASE(waiting_ends),
	{}
};

static struct kunit_suite wary_suite = {
	.name = "ditto_wary",
	.test_cases = wary_cases,
};

kunit_test_suite(wary_suite);
