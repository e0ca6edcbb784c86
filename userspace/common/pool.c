// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thread pools for blocking calls.
 *
 * Locking: the mutex protects both queues, the count and the closing flag. Jobs run without it.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mem.h"
#include "pool.h"
#include "priority.h"
#include "types.h"

struct queue {
	struct job *first;
	struct job **last;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct queue waiting;
	struct queue ended;
	unsigned int count;
	unsigned int limit;
	bool closing;
	bool low;
	int fd;
	unsigned int nthreads;
	pthread_t threads[];
};

static void pool_push(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct job *pool_pop(struct queue *q)
{
	struct job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->last = &q->first;
	}
	return job;
}

static void *pool_work(void *arg)
{
	const u64 one = 1;
	struct pool *p = arg;
	struct job *job;

	if (p->low)
		priority_lower();
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->closing && !p->waiting.first)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->closing)
			break;
		job = pool_pop(&p->waiting);
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		pthread_mutex_lock(&p->lock);
		pool_push(&p->ended, job);
		/* Cannot overflow: the counter is read before 2^64 jobs have ended. */
		if (write(p->fd, &one, sizeof(one)) < 0)
			abort();
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static struct pool *pool_make(unsigned int threads, unsigned int limit, bool low)
{
	struct pool *p = mem_new(sizeof(*p) + threads * sizeof(p->threads[0]));
	sigset_t all, old;
	int rc = 0;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->waiting.last = &p->waiting.first;
	p->ended.last = &p->ended.first;
	p->limit = limit;
	p->low = low;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->fd < 0) {
		free(p);
		return NULL;
	}
	/* Only the event loop handles signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!rc && p->nthreads < threads) {
		rc = pthread_create(&p->threads[p->nthreads], NULL, pool_work, p);
		if (!rc)
			p->nthreads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		return p;
	pool_free(p);
	errno = rc;
	return NULL;
}

struct pool *pool_new(unsigned int threads, unsigned int limit)
{
	return pool_make(threads, limit, false);
}

struct pool *pool_new_low(unsigned int threads, unsigned int limit)
{
	return pool_make(threads, limit, true);
}

void pool_free(struct pool *p)
{
	unsigned int i;

	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->nthreads; i++)
		pthread_join(p->threads[i], NULL);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->work);
	free(p);
}

int pool_submit(struct pool *p, struct job *job)
{
	int rc = -EAGAIN;

	pthread_mutex_lock(&p->lock);
	if (p->count < p->limit) {
		p->count++;
		pool_push(&p->waiting, job);
		pthread_cond_signal(&p->work);
		rc = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int pool_fd(const struct pool *p)
{
	return p->fd;
}

void pool_reap(struct pool *p)
{
	struct job *job;
	u64 count;

	/* EAGAIN means that no job has ended since the last call. */
	if (read(p->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	for (;;) {
		pthread_mutex_lock(&p->lock);
		job = pool_pop(&p->ended);
		if (job)
			p->count--;
		pthread_mutex_unlock(&p->lock);
		if (!job)
			return;
		job->done(job);
	}
}
