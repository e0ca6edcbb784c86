/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads for calls that block, which an event loop cannot make: the name
 * service switch asks servers that may not answer for minutes, and a command
 * that removes a share returns when its last request has ended, which may
 * itself wait for an answer of ours.
 */
#ifndef _DITTOD_POOL_H
#define _DITTOD_POOL_H

struct pool;

/**
 * struct job - one call
 * @run: makes it, in a thread of the pool
 * @done: takes its result, in the thread that calls pool_reap()
 * @next: the pool's
 */
struct job {
	void (*run)(struct job *job);
	void (*done)(struct job *job);
	struct job *next;
};

/* A pool that holds at most @limit jobs. NULL and errno on error. */
struct pool *pool_new(unsigned int threads, unsigned int limit);
/* Wait for running jobs and free; those that did not begin are lost. */
void pool_free(struct pool *p);
/* 0, or -EAGAIN if the pool is full. */
int pool_submit(struct pool *p, struct job *job);
/* Readable when pool_reap() has something to do. */
int pool_fd(const struct pool *p);
/* Call @done of all jobs that ended. */
void pool_reap(struct pool *p);

#endif
