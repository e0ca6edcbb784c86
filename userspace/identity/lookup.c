// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups of accounts with a deadline.
 *
 * Locking: the mutex protects everything. The thread of a look-up owns the input and the result
 * until @done is set.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "lookup.h"
#include "mem.h"
#include "priority.h"

/* Most idle threads that are kept for further look-ups. */
#define IDLE_MAX	4

/**
 * struct lookup - a pending look-up
 * @next: next look-up that waits for a thread
 * @user: the user on whose behalf it is made
 * @asker: the client for which it is made; the wildcard address also for nobody in particular
 * @find: performs the look-up
 * @arg: argument of @find
 * @q: the question and its answer
 * @rc: result
 * @done: the result is available
 * @left: no caller waits any more, so the thread frees it
 */
struct lookup {
	struct lookup *next;
	u64 user;
	struct address asker;
	int (*find)(void *arg, struct identity_query *q);
	void *arg;
	struct identity_query q;
	int rc;
	bool done;
	bool left;
};

/**
 * struct lookups - all look-ups
 * @lock: see above
 * @work: signalled when a look-up waits for a thread
 * @ended: signalled when a look-up is done
 * @waiting: look-ups that wait for a thread
 * @all: all pending look-ups
 * @n: number of pending look-ups
 * @queued: number of those that wait for a thread
 * @idle: number of idle threads
 */
struct lookups {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t ended;
	struct lookup *waiting;
	struct lookup *all[LOOKUPS_MAX];
	unsigned int n;
	unsigned int queued;
	unsigned int idle;
};

static struct lookups lookups = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
};

static struct lookup *lookup_next_locked(void)
{
	struct lookup *l;

	lookups.idle++;
	while (!lookups.waiting)
		pthread_cond_wait(&lookups.work, &lookups.lock);
	lookups.idle--;
	l = lookups.waiting;
	lookups.waiting = l->next;
	lookups.queued--;
	return l;
}

/* Remove a look-up from the pending ones. */
static void lookup_remove_locked(struct lookup *l)
{
	unsigned int i;

	for (i = 0; lookups.all[i] != l; i++)
		;
	lookups.all[i] = lookups.all[--lookups.n];
}

static void *lookup_thread(void *arg)
{
	struct lookup *l;
	int rc;

	(void)arg;
	priority_lower();
	pthread_mutex_lock(&lookups.lock);
	do {
		l = lookup_next_locked();
		pthread_mutex_unlock(&lookups.lock);
		rc = l->find(l->arg, &l->q);
		pthread_mutex_lock(&lookups.lock);
		lookup_remove_locked(l);
		l->rc = rc;
		l->done = true;
		if (l->left)
			free(l);
		pthread_cond_broadcast(&lookups.ended);
	} while (lookups.queued || lookups.idle < IDLE_MAX);
	pthread_mutex_unlock(&lookups.lock);
	return NULL;
}

/* Check the limits, and make sure that a thread will take the look-up. */
static bool lookup_may_locked(const struct lookup_who *who)
{
	unsigned int most = who->most ?: LOOKUPS_PER_USER;
	unsigned int i, mine = 0, askers = 0;
	pthread_t thread;

	for (i = 0; i < lookups.n; i++) {
		const struct lookup *l = lookups.all[i];

		if (l->user != who->user)
			continue;
		mine++;
		askers += who->asker && address_same_client(&l->asker, who->asker);
	}
	if (mine >= most || lookups.n == LOOKUPS_MAX)
		return false;
	if (who->asker && askers >= most / (who->asker->len ? 4 : 2))
		return false;
	if (lookups.queued < lookups.idle)
		return true;
	if (pthread_create(&thread, NULL, lookup_thread, NULL))
		return false;
	pthread_detach(thread);
	return true;
}

static void lookup_wait_locked(const struct lookup *l, u64 until)
{
	const struct timespec end = clock_timespec(until);
	int rc = 0;

	while (!l->done && rc != ETIMEDOUT)
		rc = pthread_cond_clockwait(&lookups.ended, &lookups.lock, CLOCK_MONOTONIC, &end);
}

/* Queue a look-up. Returns NULL if too many are pending. */
static struct lookup *lookup_add_locked(const struct lookup_who *who,
					const struct identity_query *q)
{
	struct lookup *l;

	if (!lookup_may_locked(who))
		return NULL;
	l = mem_new(sizeof(*l));
	l->user = who->user;
	if (who->asker)
		l->asker = *who->asker;
	l->find = who->find;
	l->arg = who->arg;
	l->q = *q;
	l->next = lookups.waiting;
	lookups.waiting = l;
	lookups.queued++;
	lookups.all[lookups.n++] = l;
	pthread_cond_signal(&lookups.work);
	return l;
}

int lookup_begin(const struct lookup_who *who, const struct identity_query *q)
{
	struct lookup *l;

	pthread_mutex_lock(&lookups.lock);
	l = lookup_add_locked(who, q);
	if (l)
		l->left = true;
	pthread_mutex_unlock(&lookups.lock);
	return l ? 0 : -EAGAIN;
}

int lookup_account(const struct lookup_who *who, struct identity_query *q)
{
	u64 now = clock_ms();
	u64 until = who->until < now + LOOKUP_TIME ? who->until : now + LOOKUP_TIME;
	struct lookup *l;
	int rc;

	if (now >= until)
		return -ETIMEDOUT;
	pthread_mutex_lock(&lookups.lock);
	l = lookup_add_locked(who, q);
	if (!l) {
		pthread_mutex_unlock(&lookups.lock);
		return -EAGAIN;
	}
	lookup_wait_locked(l, until);
	if (l->done) {
		rc = l->rc;
		*q = l->q;
		free(l);
	} else {
		rc = -ETIMEDOUT;
		l->left = true;
	}
	pthread_mutex_unlock(&lookups.lock);
	return rc;
}
