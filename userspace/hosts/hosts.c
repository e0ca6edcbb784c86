// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client of the host worker. Runs in the thread of the event loop only; callbacks of the supervisor
 * hold its lock.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "host_names.h"
#include "hosts.h"
#include "worker/supervisor.h"
#include "mem.h"

/* Most pending questions; more than the kernel has. */
#define WAITING_MAX	1024
/* Milliseconds until the worker is considered dead; longer than its limit for one host. */
#define ANSWER_TIME	12000

/**
 * struct hosts - client of the host worker
 * @supervisor: supervisor of the worker
 * @poll: epoll descriptor that watches the worker and @timer
 * @timer: fires at the deadline of the oldest question
 * @serial: number of the last question
 * @waiting: questions that the worker has, oldest first
 * @last: end of the list @waiting
 * @n: number of questions in @waiting
 * @ended: questions whose @done is to be called
 */
struct hosts {
	struct supervisor supervisor;
	int poll;
	int timer;
	u64 serial;
	struct host_lookup *waiting;
	struct host_lookup **last;
	unsigned int n;
	struct host_lookup *ended;
};

/*
 * Remove a question from the queue with its answer. @done is called later, without the supervisor's
 * lock.
 */
static void hosts_end(struct hosts *h, struct host_lookup **p, int error)
{
	struct host_lookup *l = *p;

	*p = l->next;
	if (!l->next)
		h->last = p;
	h->n--;
	if (error)
		l->names->n = 0;
	l->error = error;
	l->next = h->ended;
	h->ended = l;
}

/*
 * Process an answer. Returns false unless it belongs to a pending question, and has either names
 * or an error.
 */
static bool hosts_heard(void *arg, const struct worker_msg *msg)
{
	struct host_lookup **p;
	struct hosts *h = arg;
	struct nss_names *names;

	if (msg->type != WORKER_RESOLVED ||
	    (msg->error && msg->error != ENOENT && msg->error != EAGAIN))
		return false;
	for (p = &h->waiting; *p && (*p)->id != msg->id; p = &(*p)->next)
		;
	if (!*p)
		return false;
	names = (*p)->names;
	if (!host_names_take(msg->token, msg->token_len, names) || !names->n != !!msg->error)
		return false;
	hosts_end(h, p, -(int)msg->error);
	return true;
}

static void hosts_lost(void *arg)
{
	struct hosts *h = arg;

	while (h->waiting)
		hosts_end(h, &h->waiting, -EAGAIN);
}

static const struct supervisor_ops hosts_ops = {
	.kind = WORKER_HOSTS,
	.name = "host worker",
	.work = "look-ups of hosts",
	.heard = hosts_heard,
	.lost = hosts_lost,
};

static void hosts_set_timer(const struct hosts *h)
{
	struct itimerspec at = { 0 };

	if (h->waiting) {
		at.it_value.tv_sec = (time_t)(h->waiting->until / 1000);
		/* A timer set to zero would be disarmed. */
		at.it_value.tv_nsec = (long)(h->waiting->until % 1000) * 1000000 + 1;
	}
	timerfd_settime(h->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void hosts_deliver(struct hosts *h)
{
	struct host_lookup *l;

	hosts_set_timer(h);
	while ((l = h->ended)) {
		h->ended = l->next;
		l->done(l);
	}
}

void hosts_submit(struct hosts *h, struct host_lookup *l)
{
	struct worker_msg msg = { .type = WORKER_RESOLVE, .token = l->addr.bytes,
				  .token_len = l->addr.len };
	int rc = -EAGAIN;

	l->id = ++h->serial;
	msg.id = l->id;
	if (h->n < WAITING_MAX)
		rc = supervisor_call(&h->supervisor, &msg, -1);
	if (rc) {
		l->names->n = 0;
		l->error = -EAGAIN;
		l->next = h->ended;
		h->ended = l;
	} else {
		l->until = clock_ms() + ANSWER_TIME;
		l->next = NULL;
		*h->last = l;
		h->last = &l->next;
		h->n++;
	}
	hosts_deliver(h);
}

int hosts_fd(const struct hosts *h)
{
	return h->poll;
}

void hosts_ready(struct hosts *h)
{
	u64 times;

	/* EAGAIN means that the timer was set again after it fired. */
	if (read(h->timer, &times, sizeof(times)) < 0 && errno != EAGAIN)
		abort();
	supervisor_ready(&h->supervisor);
	if (h->waiting && clock_ms() >= h->waiting->until)
		supervisor_give_up(&h->supervisor, -ETIMEDOUT);
	hosts_deliver(h);
}

static bool hosts_watch(const struct hosts *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return !epoll_ctl(h->poll, EPOLL_CTL_ADD, fd, &event);
}

struct hosts *hosts_new(int spawner)
{
	struct hosts *h = mem_new(sizeof(*h));

	h->last = &h->waiting;
	h->poll = epoll_create1(EPOLL_CLOEXEC);
	h->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->poll >= 0 && h->timer >= 0 && hosts_watch(h, h->timer) &&
	    !supervisor_open(&h->supervisor, &hosts_ops, h, spawner, -1)) {
		if (hosts_watch(h, supervisor_fd(&h->supervisor)))
			return h;
		supervisor_close(&h->supervisor);
	}
	if (h->poll >= 0)
		close(h->poll);
	if (h->timer >= 0)
		close(h->timer);
	free(h);
	return NULL;
}

void hosts_free(struct hosts *h)
{
	hosts_lost(h);
	hosts_deliver(h);
	supervisor_close(&h->supervisor);
	close(h->timer);
	close(h->poll);
	free(h);
}
