/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thread pools for calls that would block the event loop. The name service switch queries servers
 * that may take minutes to answer. The netlink command that removes a share returns after the
 * last request to that share, which may itself wait for an upcall that dittod answers.
 *
 * pool_submit() is thread-safe; the other functions are for the thread of the event loop.
 */
#ifndef _DITTO_POOL_H
#define _DITTO_POOL_H

struct pool;

/**
 * struct job - one unit of work
 * @run: performs the work, in a thread of the pool
 * @done: takes the result, in the thread that calls pool_reap(); may free the job
 * @next: used by the pool
 */
struct job {
	void (*run)(struct job *job);
	void (*done)(struct job *job);
	struct job *next;
};

/* Create a pool that holds at most @limit jobs. Returns NULL and sets errno on error. */
struct pool *pool_new(unsigned int threads, unsigned int limit);
/* The same with threads of low priority (priority.h), for work that clients ask for. */
struct pool *pool_new_low(unsigned int threads, unsigned int limit);
/*
 * Wait for running jobs and free the pool. Jobs that were not started are dropped, and @done of
 * jobs that ended is not called.
 */
void pool_free(struct pool *p);
/*
 * Queue a job, which belongs to the pool until its @done is called. Returns 0, or -EAGAIN if the
 * pool is full.
 */
int pool_submit(struct pool *p, struct job *job);
/* The descriptor is readable when pool_reap() has work. */
int pool_fd(const struct pool *p);
/* Call @done of all jobs that ended. */
void pool_reap(struct pool *p);

#endif
