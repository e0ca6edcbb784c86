// SPDX-License-Identifier: GPL-2.0-only
/* A thread that lets others run learns whether they gave the CPU back soon. */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>

#include "../../../net/yield.h"

/* A task that computes: whenever it runs, it keeps the CPU for long. */
static int yield_hog(void *arg)
{
	while (!kthread_should_stop()) {
		ktime_t until = ktime_add_ns(ktime_get(), 50 * DITTO_YIELD_SOON);

		while (ktime_before(ktime_get(), until))
			cpu_relax();
		cond_resched();
	}
	return 0;
}

static void others_take_long(struct kunit *test)
{
	struct task_struct *hog = kthread_create(yield_hog, NULL, "ditto-kunit-hog");

	KUNIT_ASSERT_FALSE(test, IS_ERR(hog));
	migrate_disable();
	kthread_bind(hog, smp_processor_id());
	wake_up_process(hog);
	KUNIT_EXPECT_TRUE(test, ditto_yield_helps(true));
	KUNIT_EXPECT_FALSE(test, ditto_yield());
	migrate_enable();
	kthread_stop(hog);
}

/* A clock of ticks stands still, or jumps. */
static void clock_of_ticks(struct kunit *test)
{
	const u64 since = 5 * NSEC_PER_SEC;

	KUNIT_EXPECT_FALSE(test, ditto_yield_was_short(since, since));
	KUNIT_EXPECT_TRUE(test, ditto_yield_was_short(since, since + 1));
	KUNIT_EXPECT_TRUE(test, ditto_yield_was_short(since, since + DITTO_YIELD_SOON - 1));
	KUNIT_EXPECT_FALSE(test, ditto_yield_was_short(since, since + DITTO_YIELD_SOON));
	KUNIT_EXPECT_FALSE(test, ditto_yield_was_short(since, since + TICK_NSEC));
}

static struct kunit_case yield_cases[] = {
	KUNIT_CASE(others_take_long),
	KUNIT_CASE(clock_of_ticks),
	{}
};

static struct kunit_suite yield_suite = {
	.name = "ditto_yield",
	.test_cases = yield_cases,
};

kunit_test_suite(yield_suite);
