/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * To let a client run that shares the CPU with the thread that has served it.
 *
 * A thread that has answered and finds no further call leaves the connection, and has to be woken
 * for the next call. If the client runs first, its next call is there already, for half of what a
 * wake-up takes. The scheduler wants to switch to a client that was woken by an answer, as long as
 * the client is not the one that takes more of the CPU. Otherwise the thread yields, but only if
 * the client of the connection came in time before, and the CPU came back soon: a thread that
 * yields to a task that computes gives a whole slice away, while a call from elsewhere would have
 * woken it.
 *
 * Each yield also puts the thread's deadline off by a slice, and the scheduler forgives that only
 * by the time that tasks run. Where its clock counts ticks (User Mode Linux), no time passes in
 * between, and a thread that yields for each call waits for ticks behind a second client. So a
 * clock that stands still tells that the thread must not yield.
 */
#ifndef _DITTO_NET_YIELD_H
#define _DITTO_NET_YIELD_H

#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>
#include <linux/time64.h>

/* Nanoseconds in which a client that shares the CPU takes an answer and sends its next call. */
#define DITTO_YIELD_SOON		(100 * NSEC_PER_USEC)

/*
 * May a client come in time if it runs now? Context: any. Return: true if the thread is to call
 * ditto_yield().
 */
static inline bool ditto_yield_helps(bool shares)
{
	return need_resched() || (shares && !single_task_running());
}

/*
 * Has the CPU come back soon? Context: any. Return: true if the clock has moved, by less than
 * DITTO_YIELD_SOON.
 */
static inline bool ditto_yield_was_short(u64 since, u64 now)
{
	return now != since && now - since < DITTO_YIELD_SOON;
}

/*
 * Let others run. Context: process; no lock held, but the right to receive from the connection may
 * be. Return: true if they ran shortly, by a clock that did not stand still. If a call has arrived
 * as well, its client shares the CPU, which the thread is to remember for the next time.
 */
static inline bool ditto_yield(void)
{
	u64 since = local_clock();

	if (need_resched())
		cond_resched();
	else
		yield();
	return ditto_yield_was_short(since, local_clock());
}

#endif
