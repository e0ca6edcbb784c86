/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduling priority of work that clients can ask for without end, some of them before they
 * have proved anything: logins, pipes, look-ups of names. Where the CPU is not enough for all, it
 * comes behind the server's own work, so it does not take the CPU from clients that are served.
 */
#ifndef _DITTO_PRIORITY_H
#define _DITTO_PRIORITY_H

#include <sys/resource.h>

/* Weighs a tenth of other threads where all want the CPU; see sched(7). */
#define PRIORITY_NICE	10

/*
 * Lower the priority of the calling thread, and of the threads and processes that it starts. The
 * priority of another thread of the process stays, against POSIX; see setpriority(2).
 */
static inline void priority_lower(void)
{
	/* It cannot fail, as no privilege is needed to lower it. */
	if (getpriority(PRIO_PROCESS, 0) < PRIORITY_NICE)
		setpriority(PRIO_PROCESS, 0, PRIORITY_NICE);
}

#endif
