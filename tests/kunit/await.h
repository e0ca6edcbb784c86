/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for what other threads do. */
#ifndef _DITTO_TESTS_KUNIT_AWAIT_H
#define _DITTO_TESTS_KUNIT_AWAIT_H

#include <linux/delay.h>
#include <linux/jiffies.h>

/* The limit only ends a case that would hang: a busy machine takes its time. */
#define AWAIT_LIMIT	(60 * HZ)

/**
 * await() - poll until a condition holds
 * @condition: is evaluated each time
 *
 * Context: may sleep.
 * Return: true if it holds, false after AWAIT_LIMIT.
 */
#define await(condition) ({						\
	unsigned long __limit = jiffies + AWAIT_LIMIT;			\
	bool __holds;							\
									\
	while (!(__holds = (condition)) && time_before(jiffies, __limit)) \
		msleep(20);						\
	__holds;							\
})

#endif
