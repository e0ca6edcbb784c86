// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a worker running.
 *
 * Locking: functions with the suffix _locked need the supervisor's lock; see struct supervisor.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "supervisor.h"
#include "daemon/log.h"
#include "mem.h"

/*
 * Milliseconds in which the first worker must become ready, or else dittod ends. Less than systemd
 * waits for dittod, and more than a machine needs that is busy with booting.
 */
#define START_TIME	60000
/*
 * Milliseconds between two starts of a worker: at first, at most, and the time after which the
 * pause is reset.
 */
#define PAUSE_MIN	500
#define PAUSE_MAX	4000
#define PAUSE_FORGET	60000

static void worker_socks_put_locked(struct worker_socks *socks)
{
	int i;

	if (--socks->users)
		return;
	for (i = 0; i < WORKER_CHANNELS; i++)
		close(socks->channel[i]);
	close(socks->control);
	free(socks);
}

/* Start another worker, unless the last start was too recent. */
static void supervisor_start_locked(struct supervisor *k)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct worker_socks *socks = NULL;
	int theirs[WORKER_SOCKETS];
	int ours[WORKER_SOCKETS];
	u64 now = clock_ms();
	int i, n, rc = 0;

	if (k->started && now < k->started + k->pause)
		return;
	k->pause = k->started && now < k->started + PAUSE_FORGET ? 2 * k->pause : PAUSE_MIN;
	if (k->pause > PAUSE_MAX)
		k->pause = PAUSE_MAX;
	k->started = now;
	for (n = 0; n < WORKER_SOCKETS; n++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
			rc = -errno;
			break;
		}
		ours[n] = pair[0];
		theirs[n] = pair[1];
	}
	if (!rc)
		rc = worker_spawner_order(k->spawner, k->ops->kind, theirs, k->file);
	for (i = 0; i < n; i++)
		close(theirs[i]);
	if (!rc) {
		socks = mem_new(sizeof(*socks));
		socks->users = 1;
		socks->control = ours[0];
		memcpy(socks->channel, ours + 1, sizeof(socks->channel));
		socks->hellos = !k->ops->begin;
		if (k->ops->begin)
			rc = k->ops->begin(k->arg, socks);
	}
	if (!rc && epoll_ctl(k->poll, EPOLL_CTL_ADD, ours[0], &event))
		rc = -errno;
	if (rc) {
		log_error("the %s cannot be started: %s", k->ops->name, strerror(-rc));
		for (i = 0; i < n; i++)
			close(ours[i]);
		free(socks);
		return;
	}
	k->socks = socks;
}

/* Stop using a worker. Threads that wait for it notice that its sockets are shut down. */
static void supervisor_fail_locked(struct supervisor *k, struct worker_socks *socks,
				   const char *what)
{
	int i;

	if (socks->dead)
		return;
	socks->dead = true;
	log_error("the %s %s: %s under way fail, and another one is started", k->ops->name, what,
		  k->ops->work);
	epoll_ctl(k->poll, EPOLL_CTL_DEL, socks->control, NULL);
	for (i = 0; i < WORKER_CHANNELS; i++)
		shutdown(socks->channel[i], SHUT_RDWR);
	shutdown(socks->control, SHUT_RDWR);
	if (k->ops->lost)
		k->ops->lost(k->arg);
	k->socks = NULL;
	worker_socks_put_locked(socks);
	supervisor_start_locked(k);
}

const char *supervisor_failure(int rc)
{
	switch (rc) {
	case -ETIMEDOUT:
	case -EAGAIN:
		return "does not answer";
	case -EBADMSG:
		return "sent an invalid message";
	default:
		return "has ended";
	}
}

/* Sleep until a channel is free, or until a worker can be started again. */
static void supervisor_sleep_locked(struct supervisor *k)
{
	u64 ms = k->started + k->pause;
	struct timespec until;

	if (k->socks) {
		pthread_cond_wait(&k->freed, &k->lock);
		return;
	}
	until.tv_sec = (time_t)(ms / 1000);
	until.tv_nsec = (long)(ms % 1000) * 1000000;
	pthread_cond_clockwait(&k->freed, &k->lock, CLOCK_MONOTONIC, &until);
}

int supervisor_get(struct supervisor *k, struct worker_socks **socks)
{
	/* If a worker has just failed, waiting for the next one is worthwhile. */
	u64 until = clock_ms() + PAUSE_MAX + PAUSE_MIN;
	struct worker_socks *c;
	int i = -1;

	pthread_mutex_lock(&k->lock);
	for (;;) {
		if (!k->socks)
			supervisor_start_locked(k);
		c = k->socks;
		if (!c && clock_ms() >= until)
			break;
		for (i = 0; c && i < WORKER_CHANNELS && c->busy[i]; i++)
			;
		if (c && i < WORKER_CHANNELS)
			break;
		supervisor_sleep_locked(k);
	}
	if (c) {
		c->busy[i] = true;
		c->taken[i] = clock_ms();
		c->users++;
		*socks = c;
	}
	pthread_mutex_unlock(&k->lock);
	return c ? i : -1;
}

void supervisor_put(struct supervisor *k, struct worker_socks *socks, int channel, int rc)
{
	pthread_mutex_lock(&k->lock);
	if (!rc)
		socks->heard = clock_ms();
	/* The worker answers on other channels, so only this channel is unusable. It stays busy. */
	if (rc == -ETIMEDOUT && socks->heard >= socks->taken[channel] &&
	    ++socks->late < (k->ops->most_late ?: WORKER_CHANNELS)) {
		log_warning("the %s does not answer to one of its %s", k->ops->name, k->ops->work);
	} else {
		if (rc)
			supervisor_fail_locked(k, socks, supervisor_failure(rc));
		socks->busy[channel] = false;
	}
	worker_socks_put_locked(socks);
	pthread_cond_broadcast(&k->freed);
	pthread_mutex_unlock(&k->lock);
}

void supervisor_send(struct supervisor *k, const struct worker_msg *msg)
{
	pthread_mutex_lock(&k->lock);
	if (k->socks)
		worker_msg_send(k->socks->control, msg, -1);
	pthread_mutex_unlock(&k->lock);
}

int supervisor_call(struct supervisor *k, const struct worker_msg *msg, int pass)
{
	int rc = -ESRCH;

	pthread_mutex_lock(&k->lock);
	if (!k->socks)
		supervisor_start_locked(k);
	if (k->socks)
		rc = worker_msg_send(k->socks->control, msg, pass);
	/* The worker has ended, and this is the first notice of it. */
	if (rc && rc != -EAGAIN && k->socks) {
		supervisor_fail_locked(k, k->socks, supervisor_failure(rc));
		rc = k->socks ? worker_msg_send(k->socks->control, msg, pass) : -ESRCH;
	}
	pthread_mutex_unlock(&k->lock);
	return rc;
}

void supervisor_give_up(struct supervisor *k, int rc)
{
	pthread_mutex_lock(&k->lock);
	if (k->socks)
		supervisor_fail_locked(k, k->socks, supervisor_failure(rc));
	pthread_mutex_unlock(&k->lock);
}

int supervisor_fd(const struct supervisor *k)
{
	return k->poll;
}

static bool supervisor_hello_locked(struct supervisor *k, const struct worker_msg *msg)
{
	if (!k->socks->hellos)
		return false;
	k->socks->hellos--;
	if (!k->met && !(msg->mechs & WORKER_FILTERED))
		log_warning("this kernel has no seccomp: the %s is not confined by it",
			    k->ops->name);
	k->met = true;
	if (k->ops->hello)
		k->ops->hello(k->arg, msg);
	return true;
}

static void supervisor_receive_locked(struct supervisor *k, u64 until)
{
	struct worker_msg msg;
	int rc;

	if (!k->socks)
		return;
	rc = worker_msg_receive(k->socks->control, &msg, k->packet, NULL, until);
	if (!rc && msg.type == WORKER_HELLO)
		rc = supervisor_hello_locked(k, &msg) ? 0 : -EBADMSG;
	else if (!rc)
		rc = k->ops->heard && k->ops->heard(k->arg, &msg) ? 0 : -EBADMSG;
	if (rc && rc != -EAGAIN)
		supervisor_fail_locked(k, k->socks, supervisor_failure(rc));
}

void supervisor_ready(struct supervisor *k)
{
	struct epoll_event event;

	pthread_mutex_lock(&k->lock);
	/* The worker that caused the event may have been replaced since. */
	if (epoll_wait(k->poll, &event, 1, 0) == 1)
		supervisor_receive_locked(k, clock_ms() + START_TIME);
	pthread_mutex_unlock(&k->lock);
}

bool supervisor_wait(struct supervisor *k)
{
	bool met;

	pthread_mutex_lock(&k->lock);
	supervisor_receive_locked(k, clock_ms() + START_TIME);
	met = k->met;
	pthread_mutex_unlock(&k->lock);
	return met;
}

int supervisor_open(struct supervisor *k, const struct supervisor_ops *ops, void *arg, int spawner,
		    int file)
{
	k->poll = epoll_create1(EPOLL_CLOEXEC);
	if (k->poll < 0)
		return -errno;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->freed, NULL);
	k->ops = ops;
	k->arg = arg;
	k->spawner = spawner;
	k->file = file;
	pthread_mutex_lock(&k->lock);
	supervisor_start_locked(k);
	pthread_mutex_unlock(&k->lock);
	return 0;
}

void supervisor_close(struct supervisor *k)
{
	if (k->socks)
		worker_socks_put_locked(k->socks);
	k->socks = NULL;
	close(k->poll);
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->freed);
}
