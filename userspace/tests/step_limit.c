// SPDX-License-Identifier: GPL-2.0-only
/* Steps that may stall. */

#include <pthread.h>
#include <unistd.h>

#include "daemon/step_limit.h"
#include "test.h"

/* Threads on a busy machine wait for this long. */
static struct step_limit moving = STEP_LIMIT(2, 60000);

/* A thread that is one too many waits for progress, but not for ever, and the next is refused. */
static void step_stalls(void)
{
	static struct step_limit step = STEP_LIMIT(2, 90);

	CHECK(step_limit_enter(&step) && step_limit_enter(&step));
	CHECK(!step_limit_enter(&step));
	CHECK(!step_limit_enter(&step));
	step_limit_leave(&step);
	CHECK(step_limit_enter(&step));
	step_limit_leave(&step);
	step_limit_leave(&step);
	CHECK(!step.n && !step.patient);
}

static void *thread_enters(void *arg)
{
	return step_limit_enter(arg) ? arg : NULL;
}

/* Of those that wait only some do so as long as the directory may take, and they get in. */
static void few_wait_long(void)
{
	static struct step_limit step = STEP_LIMIT(2, 60000);
	pthread_t thread;
	void *entered;

	CHECK(step_limit_enter(&step) && step_limit_enter(&step));
	CHECK(!pthread_create(&thread, NULL, thread_enters, &step));
	for (;;) {
		pthread_mutex_lock(&step.lock);
		if (step.patient)
			break;
		pthread_mutex_unlock(&step.lock);
		usleep(1000);
	}
	/* Nothing has moved for half of the time. */
	step.moved -= step.ms / 2;
	pthread_mutex_unlock(&step.lock);
	CHECK(!step_limit_enter(&step));
	step_limit_leave(&step);
	CHECK(!pthread_join(thread, &entered) && entered);
	CHECK(step.n == 2 && !step.patient);
}

static void *thread_passes(void *arg)
{
	unsigned int i;
	bool good = true;

	(void)arg;
	for (i = 0; good && i < 20; i++) {
		good = step_limit_enter(&moving);
		if (!good)
			break;
		usleep(5000);
		step_limit_leave(&moving);
	}
	return good ? &moving : NULL;
}

/* Threads that come and go wait for each other, and none is refused. */
static void step_moves(void)
{
	pthread_t threads[6];
	void *good;
	size_t i;

	for (i = 0; i < 6; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_passes, NULL));
	for (i = 0; i < 6; i++)
		CHECK(!pthread_join(threads[i], &good) && good);
	CHECK(!moving.n && !moving.patient);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(step_stalls), TEST(few_wait_long), TEST(step_moves), { 0 }
	};

	return test_main(tests);
}
