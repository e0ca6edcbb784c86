// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a worker running.
 *
 * Locking: functions with the suffix _locked need the keeper's lock; see struct keeper.
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

static void crew_put_locked(struct crew *crew)
{
	int i;

	if (--crew->users)
		return;
	for (i = 0; i < WORKER_CHANNELS; i++)
		close(crew->channel[i]);
	close(crew->control);
	free(crew);
}

/* Start another worker, unless the last start was too recent. */
static void keeper_start_locked(struct keeper *k)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct crew *crew = NULL;
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
		crew = mem_new(sizeof(*crew));
		crew->users = 1;
		crew->control = ours[0];
		memcpy(crew->channel, ours + 1, sizeof(crew->channel));
		crew->hellos = !k->ops->begin;
		if (k->ops->begin)
			rc = k->ops->begin(k->arg, crew);
	}
	if (!rc && epoll_ctl(k->poll, EPOLL_CTL_ADD, ours[0], &event))
		rc = -errno;
	if (rc) {
		log_error("the %s cannot be started: %s", k->ops->name, strerror(-rc));
		for (i = 0; i < n; i++)
			close(ours[i]);
		free(crew);
		return;
	}
	k->crew = crew;
}

/* Stop using a worker. Threads that wait for it notice that its sockets are shut down. */
static void keeper_fail_locked(struct keeper *k, struct crew *crew, const char *what)
{
	int i;

	if (crew->dead)
		return;
	crew->dead = true;
	log_error("the %s %s: %s under way fail, and another one is started", k->ops->name, what,
		  k->ops->work);
	epoll_ctl(k->poll, EPOLL_CTL_DEL, crew->control, NULL);
	for (i = 0; i < WORKER_CHANNELS; i++)
		shutdown(crew->channel[i], SHUT_RDWR);
	shutdown(crew->control, SHUT_RDWR);
	if (k->ops->lost)
		k->ops->lost(k->arg);
	k->crew = NULL;
	crew_put_locked(crew);
	keeper_start_locked(k);
}

const char *keeper_failure(int rc)
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
static void keeper_sleep_locked(struct keeper *k)
{
	u64 ms = k->started + k->pause;
	struct timespec until;

	if (k->crew) {
		pthread_cond_wait(&k->freed, &k->lock);
		return;
	}
	until.tv_sec = (time_t)(ms / 1000);
	until.tv_nsec = (long)(ms % 1000) * 1000000;
	pthread_cond_clockwait(&k->freed, &k->lock, CLOCK_MONOTONIC, &until);
}

int keeper_get(struct keeper *k, struct crew **crew)
{
	/* If a worker has just failed, waiting for the next one is worthwhile. */
	u64 until = clock_ms() + PAUSE_MAX + PAUSE_MIN;
	struct crew *c;
	int i = -1;

	pthread_mutex_lock(&k->lock);
	for (;;) {
		if (!k->crew)
			keeper_start_locked(k);
		c = k->crew;
		if (!c && clock_ms() >= until)
			break;
		for (i = 0; c && i < WORKER_CHANNELS && c->busy[i]; i++)
			;
		if (c && i < WORKER_CHANNELS)
			break;
		keeper_sleep_locked(k);
	}
	if (c) {
		c->busy[i] = true;
		c->taken[i] = clock_ms();
		c->users++;
		*crew = c;
	}
	pthread_mutex_unlock(&k->lock);
	return c ? i : -1;
}

void keeper_put(struct keeper *k, struct crew *crew, int channel, int rc)
{
	pthread_mutex_lock(&k->lock);
	if (!rc)
		crew->heard = clock_ms();
	/* The worker answers on other channels, so only this channel is unusable. It stays busy. */
	if (rc == -ETIMEDOUT && crew->heard >= crew->taken[channel] &&
	    ++crew->late < (k->ops->most_late ?: WORKER_CHANNELS)) {
		log_warning("the %s does not answer to one of its %s", k->ops->name, k->ops->work);
	} else {
		if (rc)
			keeper_fail_locked(k, crew, keeper_failure(rc));
		crew->busy[channel] = false;
	}
	crew_put_locked(crew);
	pthread_cond_broadcast(&k->freed);
	pthread_mutex_unlock(&k->lock);
}

void keeper_tell(struct keeper *k, const struct worker_msg *msg)
{
	pthread_mutex_lock(&k->lock);
	if (k->crew)
		worker_msg_send(k->crew->control, msg, -1);
	pthread_mutex_unlock(&k->lock);
}

int keeper_ask(struct keeper *k, const struct worker_msg *msg, int pass)
{
	int rc = -ESRCH;

	pthread_mutex_lock(&k->lock);
	if (!k->crew)
		keeper_start_locked(k);
	if (k->crew)
		rc = worker_msg_send(k->crew->control, msg, pass);
	/* The worker has ended, and this is the first notice of it. */
	if (rc && rc != -EAGAIN && k->crew) {
		keeper_fail_locked(k, k->crew, keeper_failure(rc));
		rc = k->crew ? worker_msg_send(k->crew->control, msg, pass) : -ESRCH;
	}
	pthread_mutex_unlock(&k->lock);
	return rc;
}

void keeper_give_up(struct keeper *k, int rc)
{
	pthread_mutex_lock(&k->lock);
	if (k->crew)
		keeper_fail_locked(k, k->crew, keeper_failure(rc));
	pthread_mutex_unlock(&k->lock);
}

int keeper_fd(const struct keeper *k)
{
	return k->poll;
}

static bool keeper_hello_locked(struct keeper *k, const struct worker_msg *msg)
{
	if (!k->crew->hellos)
		return false;
	k->crew->hellos--;
	if (!k->met && !(msg->mechs & WORKER_FILTERED))
		log_warning("this kernel has no seccomp: the %s is not confined by it",
			    k->ops->name);
	k->met = true;
	if (k->ops->hello)
		k->ops->hello(k->arg, msg);
	return true;
}

static void keeper_hear_locked(struct keeper *k, u64 until)
{
	struct worker_msg msg;
	int rc;

	if (!k->crew)
		return;
	rc = worker_msg_receive(k->crew->control, &msg, k->packet, NULL, until);
	if (!rc && msg.type == WORKER_HELLO)
		rc = keeper_hello_locked(k, &msg) ? 0 : -EBADMSG;
	else if (!rc)
		rc = k->ops->heard && k->ops->heard(k->arg, &msg) ? 0 : -EBADMSG;
	if (rc && rc != -EAGAIN)
		keeper_fail_locked(k, k->crew, keeper_failure(rc));
}

void keeper_ready(struct keeper *k)
{
	struct epoll_event event;

	pthread_mutex_lock(&k->lock);
	/* The worker that caused the event may have been replaced since. */
	if (epoll_wait(k->poll, &event, 1, 0) == 1)
		keeper_hear_locked(k, clock_ms() + START_TIME);
	pthread_mutex_unlock(&k->lock);
}

bool keeper_wait(struct keeper *k)
{
	bool met;

	pthread_mutex_lock(&k->lock);
	keeper_hear_locked(k, clock_ms() + START_TIME);
	met = k->met;
	pthread_mutex_unlock(&k->lock);
	return met;
}

int keeper_open(struct keeper *k, const struct keeper_ops *ops, void *arg, int spawner, int file)
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
	keeper_start_locked(k);
	pthread_mutex_unlock(&k->lock);
	return 0;
}

void keeper_close(struct keeper *k)
{
	if (k->crew)
		crew_put_locked(k->crew);
	k->crew = NULL;
	close(k->poll);
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->freed);
}
