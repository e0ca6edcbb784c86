// SPDX-License-Identifier: GPL-2.0-only
/* Common parts of all workers. */

#include <errno.h>
#include <unistd.h>

#include "mem.h"
#include "worker.h"

/* Argument of a thread behind the gate. */
struct channel_thread {
	struct worker_gate *gate;
	int fd;
};

void worker_check(int rc)
{
	if (rc)
		_exit(rc == -ECONNRESET ? 0 : 1);
}

static void *worker_thread_run(void *arg)
{
	struct channel_thread *t = arg;

	pthread_mutex_lock(&t->gate->lock);
	pthread_mutex_unlock(&t->gate->lock);
	t->gate->run(t->gate->arg, t->fd);
	return NULL;
}

void worker_gate_start(struct worker_gate *gate)
{
	pthread_t id;
	int i;

	pthread_mutex_init(&gate->lock, NULL);
	pthread_mutex_lock(&gate->lock);
	for (i = 0; i < WORKER_CHANNELS; i++) {
		struct channel_thread *t = mem_new(sizeof(*t));

		t->gate = gate;
		t->fd = WORKER_FD_CHANNEL + i;
		worker_check(-pthread_create(&id, NULL, worker_thread_run, t));
	}
}

void worker_gate_open(struct worker_gate *gate)
{
	pthread_mutex_unlock(&gate->lock);
}
