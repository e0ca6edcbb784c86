// SPDX-License-Identifier: GPL-2.0-only
/* Calls that may block for ever, each in a detached thread of its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "detached.h"
#include "mem.h"

/**
 * struct detached_thread - argument of a thread
 * @list: list of the call
 * @one: the call
 */
struct detached_thread {
	struct detached_list *list;
	struct detached *one;
};

static struct detached_path *detached_path_of(const struct detached *one)
{
	return (struct detached_path *)one;
}

static bool detached_is(const struct detached_list *list, const struct detached *one,
			const void *key)
{
	return list->ops->path_size ? !strcmp(detached_path_of(one)->path, key) :
				      list->ops->same(one, key);
}

static struct detached *detached_make(const struct detached_list *list, const void *key)
{
	struct detached_path *one;

	if (!list->ops->path_size)
		return list->ops->make(key);
	one = mem_new(list->ops->path_size);
	one->path = mem_string(key);
	return &one->call;
}

static void detached_free(const struct detached_list *list, struct detached *one)
{
	if (!list->ops->path_size) {
		list->ops->free(one);
		return;
	}
	free(detached_path_of(one)->path);
	free(one);
}

static struct detached **detached_find_locked(struct detached_list *list, const void *key)
{
	struct detached **p = &list->first;

	while (*p && !detached_is(list, *p, key))
		p = &(*p)->next;
	return p;
}

static void detached_free_locked(struct detached_list *list, struct detached **p)
{
	struct detached *one = *p;

	*p = one->next;
	detached_free(list, one);
}

static void *detached_run(void *arg)
{
	struct detached_thread *thread = arg;
	struct detached_list *list = thread->list;
	struct detached *one = thread->one;
	struct detached **p;
	int rc;

	free(thread);
	rc = list->ops->run(one);
	pthread_mutex_lock(&list->lock);
	one->rc = rc;
	one->when = clock_ms();
	one->done = true;
	if (one->late && !list->ops->keep_ms) {
		for (p = &list->first; *p != one;)
			p = &(*p)->next;
		detached_free_locked(list, p);
	}
	pthread_cond_broadcast(&list->done);
	pthread_mutex_unlock(&list->lock);
	return NULL;
}

static int detached_start(struct detached_list *list, struct detached *one)
{
	struct detached_thread *arg;
	pthread_attr_t attr;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return -rc;
	arg = mem_new(sizeof(*arg));
	arg->list = list;
	arg->one = one;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, list->ops->stack_size);
	rc = pthread_create(&thread, &attr, detached_run, arg);
	if (rc)
		free(arg);
	pthread_attr_destroy(&attr);
	return -rc;
}

void detached_begin(struct detached_list *list, const void *key)
{
	struct detached **p, *one;

	pthread_mutex_lock(&list->lock);
	p = detached_find_locked(list, key);
	if (*p && (*p)->done && (*p)->late && clock_ms() >= (*p)->when + list->ops->keep_ms)
		detached_free_locked(list, p);
	if (!*detached_find_locked(list, key)) {
		one = detached_make(list, key);
		one->next = list->first;
		list->first = one;
		one->rc = detached_start(list, one);
		one->done = one->rc;
	}
	pthread_mutex_unlock(&list->lock);
}

int detached_get(struct detached_list *list, const void *key, u64 until, void *out)
{
	const struct timespec end = clock_timespec(until);
	struct detached *one;
	int rc = 0;

	pthread_mutex_lock(&list->lock);
	for (;;) {
		/* Another thread may have ended and freed the call during the wait. */
		one = *detached_find_locked(list, key);
		if (!one || one->done || one->late || rc == ETIMEDOUT)
			break;
		rc = pthread_cond_clockwait(&list->done, &list->lock, CLOCK_MONOTONIC, &end);
	}
	if (one && one->done) {
		rc = one->rc;
		list->ops->read(one, out);
	} else {
		rc = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&list->lock);
	return rc;
}

unsigned int detached_count_late(struct detached_list *list)
{
	const struct detached *one;
	unsigned int n = 0;

	pthread_mutex_lock(&list->lock);
	for (one = list->first; one; one = one->next)
		n += one->late && !one->done;
	pthread_mutex_unlock(&list->lock);
	return n;
}

void detached_drop(struct detached_list *list, const void *key)
{
	struct detached **p;

	pthread_mutex_lock(&list->lock);
	p = detached_find_locked(list, key);
	if (*p && (*p)->done)
		detached_free_locked(list, p);
	else if (*p)
		(*p)->late = true;
	pthread_mutex_unlock(&list->lock);
}

void detached_end(struct detached_list *list)
{
	struct detached **p;

	pthread_mutex_lock(&list->lock);
	for (p = &list->first; *p;) {
		if ((*p)->done) {
			detached_free_locked(list, p);
		} else {
			(*p)->late = true;
			p = &(*p)->next;
		}
	}
	pthread_mutex_unlock(&list->lock);
}
