/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps that may stall because a directory does not answer. Only some of the threads of a pool may
 * be in such a step: the others are left for logins that do not need it.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_STEP_LIMIT_H
#define _DITTOD_STEP_LIMIT_H

#include <pthread.h>
#include <stdbool.h>

#include "common/types.h"

/* Milliseconds without progress in which a directory that answers, if slowly, is reached again. */
#define STEP_LIMIT_TIME	3000

/**
 * struct step_limit - a step that may stall
 * @lock: protects all members
 * @left: signalled when a thread has left the step
 * @most: most threads in the step
 * @ms: milliseconds without progress after which no thread waits any more
 * @n: threads in the step
 * @patient: threads that wait for as long as @ms; at most half of @most, but one
 * @moved: when the last one entered or left it, by clock_ms()
 */
struct step_limit {
	pthread_mutex_t lock;
	pthread_cond_t left;
	unsigned int most;
	unsigned int ms;
	unsigned int n;
	unsigned int patient;
	u64 moved;
};

#define STEP_LIMIT(max, time) \
	{ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .most = (max), .ms = (time) }

/*
 * Enter a step. While there are too many threads in it, this waits, but only as long as they come
 * and go, and not much longer than the time of the step. Returns false if they stall. Who waits
 * keeps what others may need, so most wait for a third of that time only.
 */
bool step_limit_enter(struct step_limit *s);
void step_limit_leave(struct step_limit *s);

#endif
