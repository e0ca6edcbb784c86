// SPDX-License-Identifier: GPL-2.0-only
/* Calls in detached threads: results, deadlines, and answers that come too late. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "daemon/detached.h"
#include "mem.h"
#include "test.h"

/* Milliseconds that a hanging call is waited for, and at most for one that is not. */
#define SHORT_TIME	20
#define LONG_TIME	20000

/**
 * struct square - a call that squares its key
 * @call: the call
 * @key: the key
 * @result: the result
 */
struct square {
	struct detached call;
	int key;
	int result;
};

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_shut;
static unsigned int squares_started, squares_freed;

static bool square_same(const struct detached *one, const void *key)
{
	return ((const struct square *)one)->key == *(const int *)key;
}

static struct detached *square_make(const void *key)
{
	struct square *square = mem_new(sizeof(*square));

	square->key = *(const int *)key;
	return &square->call;
}

static int square_run(struct detached *one)
{
	struct square *square = (struct square *)one;

	pthread_mutex_lock(&gate_lock);
	squares_started++;
	pthread_cond_broadcast(&gate_moved);
	while (gate_shut)
		pthread_cond_wait(&gate_moved, &gate_lock);
	pthread_mutex_unlock(&gate_lock);
	square->result = square->key * square->key;
	return square->key < 0 ? -ERANGE : 0;
}

static void square_read(const struct detached *one, void *out)
{
	*(int *)out = ((const struct square *)one)->result;
}

static void square_free(struct detached *one)
{
	pthread_mutex_lock(&gate_lock);
	squares_freed++;
	pthread_cond_broadcast(&gate_moved);
	pthread_mutex_unlock(&gate_lock);
	free(one);
}

static const struct detached_ops square_ops = {
	.stack_size = 64 * 1024,
	.same = square_same,
	.make = square_make,
	.run = square_run,
	.read = square_read,
	.free = square_free,
};

static const struct detached_ops kept_ops = {
	.stack_size = 64 * 1024,
	.keep_ms = LONG_TIME,
	.same = square_same,
	.make = square_make,
	.run = square_run,
	.read = square_read,
	.free = square_free,
};

static void gate_set(bool shut)
{
	pthread_mutex_lock(&gate_lock);
	gate_shut = shut;
	pthread_cond_broadcast(&gate_moved);
	pthread_mutex_unlock(&gate_lock);
}

/* Wait until a counter has a value. Returns false after LONG_TIME. */
static bool gate_wait(const unsigned int *counter, unsigned int value)
{
	const u64 until = clock_ms() + LONG_TIME;
	const struct timespec end = { (time_t)(until / 1000), 0 };
	int rc = 0;

	pthread_mutex_lock(&gate_lock);
	while (*counter != value && !rc)
		rc = pthread_cond_clockwait(&gate_moved, &gate_lock, CLOCK_MONOTONIC, &end);
	pthread_mutex_unlock(&gate_lock);
	return !rc;
}

static void square_reset(void)
{
	squares_started = 0;
	squares_freed = 0;
}

static void results_of_calls(void)
{
	static struct detached_list list = DETACHED_LIST(&square_ops);
	int three = 3, bad = -2, four = 4, out = 0;

	square_reset();
	detached_begin(&list, &three);
	detached_begin(&list, &bad);
	detached_begin(&list, &three);
	CHECK(!detached_get(&list, &three, clock_ms() + LONG_TIME, &out) && out == 9);
	CHECK(detached_get(&list, &bad, clock_ms() + LONG_TIME, &out) == -ERANGE);
	CHECK(detached_get(&list, &four, clock_ms() + LONG_TIME, &out) == -ETIMEDOUT);
	CHECK(squares_started == 2 && !squares_freed);
	detached_end(&list);
	CHECK(squares_freed == 2);
	CHECK(detached_get(&list, &three, clock_ms() + LONG_TIME, &out) == -ETIMEDOUT);
}

/* A call that hangs is neither waited for again nor started a second time. */
static void late_result_dropped(void)
{
	static struct detached_list list = DETACHED_LIST(&square_ops);
	int three = 3, out = 0;

	square_reset();
	gate_set(true);
	detached_begin(&list, &three);
	CHECK(detached_get(&list, &three, clock_ms() + SHORT_TIME, &out) == -ETIMEDOUT);
	detached_end(&list);
	detached_begin(&list, &three);
	CHECK(detached_get(&list, &three, clock_ms() + LONG_TIME, &out) == -ETIMEDOUT);
	CHECK(gate_wait(&squares_started, 1) && detached_count_late(&list) == 1);
	gate_set(false);
	CHECK(gate_wait(&squares_freed, 1));
	detached_begin(&list, &three);
	CHECK(!detached_get(&list, &three, clock_ms() + LONG_TIME, &out) && out == 9);
	CHECK(squares_started == 2);
	detached_end(&list);
}

/* The next caller with the same key gets the late result. */
static void late_result_kept(void)
{
	static struct detached_list list = DETACHED_LIST(&kept_ops);
	const u64 until = clock_ms() + LONG_TIME;
	int three = 3, out = 0;

	square_reset();
	gate_set(true);
	detached_begin(&list, &three);
	CHECK(detached_get(&list, &three, clock_ms() + SHORT_TIME, &out) == -ETIMEDOUT);
	detached_end(&list);
	gate_set(false);
	do
		detached_begin(&list, &three);
	while (detached_get(&list, &three, until, &out) && clock_ms() < until);
	CHECK(out == 9 && squares_started == 1);
	detached_end(&list);
	CHECK(squares_freed == 1);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(results_of_calls), TEST(late_result_dropped), TEST(late_result_kept), { 0 }
	};

	return test_main(tests);
}
