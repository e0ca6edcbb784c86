// SPDX-License-Identifier: GPL-2.0-only
/* Makes the kernel renew registrations with other programs; see refresh.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/kernel.h"
#include "pool.h"
#include "refresh.h"

/* Seconds between two requests. */
#define REFRESH_EVERY	30

/**
 * struct refresh - the periodic request
 * @job: sends the request
 * @pool: runs @job
 * @kernel: receives the request
 * @asking: @job is queued or running
 * @timer: timer descriptor
 */
struct refresh {
	struct job job;
	struct pool *pool;
	struct kernel *kernel;
	bool asking;
	int timer;
};

static struct refresh *of_job(struct job *job)
{
	return (struct refresh *)((char *)job - offsetof(struct refresh, job));
}

static void run_refresh(struct job *job)
{
	const struct kernel_server none = { 0 };

	kernel_server_set(of_job(job)->kernel, &none);
}

static void refresh_done(struct job *job)
{
	of_job(job)->asking = false;
}

struct refresh *refresh_new(struct pool *pool, struct kernel *kernel)
{
	const struct itimerspec every = { { REFRESH_EVERY, 0 }, { REFRESH_EVERY, 0 } };
	struct refresh *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->job.run = run_refresh;
	r->job.done = refresh_done;
	r->pool = pool;
	r->kernel = kernel;
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->timer >= 0 && !timerfd_settime(r->timer, 0, &every, NULL))
		return r;
	if (r->timer >= 0)
		close(r->timer);
	free(r);
	return NULL;
}

int refresh_fd(const struct refresh *r)
{
	return r->timer;
}

void refresh_ready(struct refresh *r, bool up)
{
	u64 times;

	if (read(r->timer, &times, sizeof(times)) == sizeof(times) && up && !r->asking)
		r->asking = !pool_submit(r->pool, &r->job);
}
