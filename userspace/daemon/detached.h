/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that may block for ever, each in a detached thread of its own, with a deadline for the
 * caller.
 *
 * A call into a hanging file system or name service cannot be cancelled: its thread stays until
 * there is an answer. Calls are known by a key, and there is at most one call of a key in a list.
 *
 * Locking: the list's mutex protects the list and the states of its calls. The thread of a call
 * owns the rest of it until @done is set.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_DETACHED_H
#define _DITTOD_DETACHED_H

#include <pthread.h>

#include "common/types.h"

/**
 * struct detached - a call, embedded in its arguments and results
 * @next: next call in the list
 * @rc: result
 * @done: the result is available
 * @late: detached_end() gave the call up
 * @when: when the result became available, by clock_ms()
 */
struct detached {
	struct detached *next;
	int rc;
	bool done;
	bool late;
	u64 when;
};

/**
 * struct detached_path - a call about a path, which is its key
 * @call: the call
 * @path: the path
 */
struct detached_path {
	struct detached call;
	char *path;
};

/**
 * struct detached_ops - one kind of calls
 * @stack_size: size of a thread's stack in bytes
 * @keep_ms: how long a result that came too late is kept for the next caller with the same key
 * @path_size: of calls that begin with struct detached_path: their size, and @same, @make and @free
 *	are NULL; else 0
 * @same: true if the call has this key
 * @make: allocates a call with a copy of the key
 * @run: makes the call, in its thread and without the lock; its result becomes @rc
 * @read: copies the results to the caller of detached_get(), with the lock held
 * @free: frees a call
 */
struct detached_ops {
	size_t stack_size;
	u64 keep_ms;
	size_t path_size;
	bool (*same)(const struct detached *one, const void *key);
	struct detached *(*make)(const void *key);
	int (*run)(struct detached *one);
	void (*read)(const struct detached *one, void *out);
	void (*free)(struct detached *one);
};

/**
 * struct detached_list - all calls of one kind
 * @ops: the kind
 * @lock: protects the calls
 * @done: signalled when a call is done
 * @first: first call
 */
struct detached_list {
	const struct detached_ops *ops;
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct detached *first;
};

#define DETACHED_LIST(list_ops) {			\
	.ops = (list_ops),				\
	.lock = PTHREAD_MUTEX_INITIALIZER,		\
	.done = PTHREAD_COND_INITIALIZER,		\
}

/*
 * Start a call, unless an earlier one of the same key still runs. If there is no thread for it,
 * detached_get() returns the error.
 */
void detached_begin(struct detached_list *list, const void *key);

/**
 * detached_get - wait for the result of detached_begin()
 * @list: the list
 * @key: the key given to detached_begin()
 * @until: deadline by clock_ms()
 * @out: passed to &detached_ops.read if there is a result
 *
 * A call that detached_end() gave up is not waited for again.
 *
 * Return: the result of the call; -ETIMEDOUT if there is none yet.
 */
int detached_get(struct detached_list *list, const void *key, u64 until, void *out);

/* Discard the result of one call, or give the call up, as detached_end() does. */
void detached_drop(struct detached_list *list, const void *key);
/* Discard all results. Calls that have none yet are given up, but keep running. */
void detached_end(struct detached_list *list);
/* The number of calls that were given up and still run. */
unsigned int detached_count_late(struct detached_list *list);

#endif
