/* SPDX-License-Identifier: GPL-2.0-only */
/* Event loop: one thread that waits for many descriptors. */
#ifndef _DITTOD_LOOP_H
#define _DITTOD_LOOP_H

#include <stdbool.h>

struct pool;

/**
 * struct source - a descriptor and its handler
 * @fd: the descriptor
 * @ready: called when @fd is readable
 * @arg: argument of @ready
 * @events: events of epoll(7) instead of EPOLLIN; or 0
 */
struct source {
	int fd;
	void (*ready)(void *arg);
	void *arg;
	unsigned int events;
};

/* Return the source of a pool, whose handler is pool_reap(). */
struct source loop_pool(struct pool *pool);

/*
 * Block the signals that end or reload a daemon, in this thread and all threads started later,
 * and return a descriptor that receives them. SIGPIPE and SIGXFSZ are ignored. Returns -1 and sets
 * errno on error.
 */
int loop_signals(void);

/**
 * loop_run - run the handlers of readable descriptors
 * @sources: the descriptors
 * @n: number of entries in @sources
 * @stop: set by a handler to end the loop
 *
 * Return: 0 when @stop is set, or a negative errno.
 */
int loop_run(struct source *sources, unsigned int n, const bool *stop);

#endif
