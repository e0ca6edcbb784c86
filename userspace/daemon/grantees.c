// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks up the users and groups of shares.
 *
 * A query to a hanging name service cannot be cancelled: its thread stays until there is an
 * answer. That answer is kept for the next caller with the same names, so a name service that is
 * only slow succeeds eventually.
 *
 * Locking: the mutex protects the list. The thread of a look-up owns it until @done is set.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "grantees.h"
#include "mem.h"

/* Bytes of a thread's stack; modules of the name service need much. */
#define STACK_SIZE	(512 * 1024)
/* Milliseconds for which a late answer is kept. */
#define LATE_TIME	120000

/**
 * struct grantees - look-up of the users and groups of one share
 * @next: next look-up in the list
 * @grants: the names
 * @found: the resolved numbers, if @rc is 0
 * @rc: result
 * @why: text of the result
 * @done: the result is available
 * @late: no caller waits for it
 * @when: when the result became available, by clock_ms()
 */
struct grantees {
	struct grantees *next;
	struct grants grants;
	struct grants found;
	int rc;
	struct why why;
	bool done;
	bool late;
	u64 when;
};

static pthread_mutex_t grantees_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t grantees_done = PTHREAD_COND_INITIALIZER;
static struct grantees *grantees_list;

static bool grants_need_names(const struct grants *g)
{
	unsigned int i;

	for (i = 0; i < g->n && !g->grant[i].name; i++)
		;
	return i < g->n;
}

static bool grant_equal(const struct grant *a, const struct grant *b)
{
	if (a->group != b->group || a->access != b->access || !a->name != !b->name)
		return false;
	return a->name ? !strcmp(a->name, b->name) : a->id == b->id;
}

/* Compare the names in order; grants_same() compares only numbers. */
static bool grants_equal(const struct grants *a, const struct grants *b)
{
	unsigned int i;

	for (i = 0; i < a->n && i < b->n; i++)
		if (!grant_equal(&a->grant[i], &b->grant[i]))
			return false;
	return a->n == b->n;
}

static void grants_copy(struct grants *out, const struct grants *g)
{
	unsigned int i;

	out->n = g->n;
	out->grant = mem_new((g->n + 1) * sizeof(*out->grant));
	for (i = 0; i < g->n; i++) {
		out->grant[i] = g->grant[i];
		if (g->grant[i].name)
			out->grant[i].name = mem_string(g->grant[i].name);
	}
}

static struct grantees **grantees_find_locked(const struct grants *g)
{
	struct grantees **p = &grantees_list;

	while (*p && !grants_equal(&(*p)->grants, g))
		p = &(*p)->next;
	return p;
}

static void grantees_free_locked(struct grantees **p)
{
	struct grantees *one = *p;

	*p = one->next;
	grants_free(&one->grants);
	grants_free(&one->found);
	free(one);
}

static void *grantees_run(void *arg)
{
	struct grantees *one = arg;
	int rc = grants_resolve(&one->grants, &one->found, &one->why);

	pthread_mutex_lock(&grantees_lock);
	one->rc = rc;
	one->when = clock_ms();
	one->done = true;
	pthread_cond_broadcast(&grantees_done);
	pthread_mutex_unlock(&grantees_lock);
	return NULL;
}

static int grantees_start(struct grantees *one)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return -rc;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = pthread_create(&thread, &attr, grantees_run, one);
	pthread_attr_destroy(&attr);
	return -rc;
}

void grantees_begin(const struct grants *g)
{
	struct grantees **p, *one;

	if (!grants_need_names(g))
		return;
	pthread_mutex_lock(&grantees_lock);
	p = grantees_find_locked(g);
	if (*p && (*p)->done && clock_ms() >= (*p)->when + LATE_TIME)
		grantees_free_locked(p);
	if (!*grantees_find_locked(g)) {
		one = mem_new(sizeof(*one));
		grants_copy(&one->grants, g);
		one->next = grantees_list;
		grantees_list = one;
		one->rc = grantees_start(one);
		one->done = one->rc;
		if (one->rc)
			why_not(&one->why, "no thread to look its users and groups up: %s",
				strerror(-one->rc));
	}
	pthread_mutex_unlock(&grantees_lock);
}

int grantees_get(const struct grants *g, u64 until, struct grants *out, struct why *why)
{
	const struct timespec end = { (time_t)(until / 1000), (long)(until % 1000) * 1000000 };
	struct grantees *one;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!grants_need_names(g))
		return grants_resolve(g, out, why);
	pthread_mutex_lock(&grantees_lock);
	one = *grantees_find_locked(g);
	while (one && !one->done && !one->late && rc != ETIMEDOUT)
		rc = pthread_cond_clockwait(&grantees_done, &grantees_lock, CLOCK_MONOTONIC, &end);
	if (one && one->done) {
		rc = one->rc;
		*why = one->why;
		if (!rc)
			grants_copy(out, &one->found);
	} else {
		why_not(why, "the name service does not answer about its users and groups");
		rc = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&grantees_lock);
	return rc;
}

void grantees_end(void)
{
	struct grantees **p;

	pthread_mutex_lock(&grantees_lock);
	for (p = &grantees_list; *p;) {
		if ((*p)->done) {
			grantees_free_locked(p);
		} else {
			(*p)->late = true;
			p = &(*p)->next;
		}
	}
	pthread_mutex_unlock(&grantees_lock);
}
