/* SPDX-License-Identifier: GPL-2.0-only */
/* One thread that waits for many descriptors. */
#ifndef _DITTOD_LOOP_H
#define _DITTOD_LOOP_H

#include <stdbool.h>

struct pool;

/**
 * struct source - a descriptor
 * @fd: the descriptor
 * @ready: what to do when it is readable
 * @arg: for @ready
 */
struct source {
	int fd;
	void (*ready)(void *arg);
	void *arg;
};

/* The source of a pool whose jobs need nothing done after them. */
struct source loop_pool(struct pool *pool);

/* A descriptor for signals that only it hears from now on, in all threads started later. */
int loop_signals(void);

/**
 * loop_run - wait for descriptors, and do what there is to do
 * @sources: descriptors
 * @n: of @sources
 * @stop: set by one of them
 *
 * Return: 0 when it is to stop, or a negative errno.
 */
int loop_run(struct source *sources, unsigned int n, const bool *stop);

#endif
