// SPDX-License-Identifier: GPL-2.0-only
/* The broker of offloaded data: the store process and its queue of tasks. See offload.h. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "daemon/log.h"
#include "mem.h"
#include "offload_private.h"
#include "state/server_id.h"
#include "text.h"
#include "worker/worker.h"

/*
 * Milliseconds between two starts of the process: at first, at most, and the time after which the
 * pause is reset.
 */
#define PAUSE_MIN	500
#define PAUSE_MAX	30000
#define PAUSE_FORGET	60000
/* Milliseconds in which the process must say HELLO, and end a request that was cancelled. */
#define ANSWER_TIME	20000
/* Messages that are taken before others get their turn. */
#define TURN		32

struct offload_store *offload_store_find(const struct offload *o, const char *name)
{
	unsigned int i;

	for (i = 0; i < o->nstores; i++)
		if (!strcmp(o->stores[i]->name, name))
			return o->stores[i];
	return NULL;
}

unsigned int offload_count(const struct offload *o, const struct offload_task_ops *ops,
			   const char *store)
{
	const struct offload_task *t;
	unsigned int n = 0;

	for (t = o->tasks; t; t = t->next)
		n += t->ops == ops && (!store || !strcmp(t->store, store));
	return n;
}

static void offload_unlink(struct offload *o, struct offload_task *task)
{
	struct offload_task **link = &o->tasks;

	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
}

static void offload_fail(struct offload *o, struct offload_task *task, u32 error,
			 const char *text)
{
	offload_unlink(o, task);
	task->ops->failed(o, task, error, text);
}

/* The time at which something is overdue; 0 for never. */
static u64 offload_next_time(const struct offload *o)
{
	const struct offload_task *t;
	u64 at = 0;

	if (o->process < 0)
		return o->wanted ? o->started + o->pause : 0;
	if (!o->ready)
		return o->started + ANSWER_TIME;
	for (t = o->tasks; t; t = t->next)
		if (t->cancelled && (!at || t->cancelled + ANSWER_TIME < at))
			at = t->cancelled + ANSWER_TIME;
	return at;
}

static void offload_set_timer(const struct offload *o)
{
	u64 at = offload_next_time(o), keys = offload_keys_next_time(o);
	u64 probe = offload_probe_next_time(o);
	struct itimerspec spec = { 0 };

	if (keys && (!at || keys < at))
		at = keys;
	if (probe && (!at || probe < at))
		at = probe;
	spec.it_value.tv_sec = (time_t)(at / 1000);
	spec.it_value.tv_nsec = (long)(at % 1000) * 1000000;
	timerfd_settime(o->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* The process is gone: what it had fails, or is sent again to the next one. */
static void offload_end_sent(struct offload *o)
{
	struct offload_task *t, *next;

	for (t = o->tasks; t; t = next) {
		next = t->next;
		if (!t->sent)
			continue;
		if (!t->cancelled && t->ops->repeats && t->ops->repeats(t)) {
			t->sent = false;
			continue;
		}
		offload_fail(o, t, EIO, "the store process has ended");
		/* The owner may have changed the list. */
		next = o->tasks;
	}
}

static void offload_lose(struct offload *o, const char *what)
{
	log_error("the store process %s: another one is started", what);
	close(o->process);
	o->process = -1;
	o->ready = false;
	offload_stores_lost(o);
	offload_end_sent(o);
}

/* Send what waits, in order. A store gets nothing before its definition was taken. */
static void offload_send(struct offload *o)
{
	struct offload_task *t, *next;
	int rc;

	for (t = o->tasks; t && o->ready; t = next) {
		const struct offload_store *s = offload_store_find(o, t->store);

		next = t->next;
		if (t->sent || (s && !s->ready && t != &s->task) ||
		    (t->ops->waits && t->ops->waits(t)))
			continue;
		rc = t->ops->send(o, t);
		/* The process reads later; there is an event then. */
		if (rc == -EAGAIN)
			break;
		t->sent = !rc;
		if (rc) {
			offload_fail(o, t, (u32)-rc, strerror(-rc));
			next = o->tasks;
		}
	}
}

void offload_submit(struct offload *o, struct offload_task *task)
{
	const struct offload_store *s = offload_store_find(o, task->store);
	struct offload_task **link = &o->tasks;
	char text[OFFLOAD_CTL_TEXT_SIZE];

	task->id = ++o->serial;
	task->next = NULL;
	task->sent = false;
	task->cancelled = 0;
	if (!s || (s->why[0] && task != &s->task)) {
		if (s)
			snprintf(text, sizeof(text), "%s", s->why);
		else
			snprintf(text, sizeof(text), "there is no [store %s] in the configuration",
				 task->store);
		task->ops->failed(o, task, ENOENT, text);
		return;
	}
	while (*link)
		link = &(*link)->next;
	*link = task;
	offload_send(o);
}

void offload_refuse(struct offload *o, const struct offload_store *s)
{
	struct offload_task *t, *next;

	for (t = o->tasks; t; t = next) {
		next = t->next;
		if (t->sent || t == &s->task || strcmp(t->store, s->name))
			continue;
		offload_fail(o, t, ENOENT, s->why);
		next = o->tasks;
	}
	offload_probe_tell(o);
}

void offload_cancel(struct offload *o, struct offload_task *task)
{
	const struct offload_msg msg = { .type = OFFLOAD_CANCEL, .id = task->id };

	if (task->cancelled)
		return;
	task->cancelled = clock_ms();
	if (!task->sent)
		offload_fail(o, task, ECANCELED, "cancelled");
	else
		/* If the process does not read, the time for its answer runs all the same. */
		offload_msg_send(o->process, &msg, -1);
	offload_set_timer(o);
}

void offload_store_failed(struct offload *o, const char *name, const char *text)
{
	struct offload_store *s = offload_store_find(o, name);

	if (!s)
		return;
	s->errors++;
	snprintf(s->error, sizeof(s->error), "%s", text);
}

/* Pass a message on to its task. Returns false if it is invalid. */
static bool offload_heard(struct offload *o, const struct offload_msg *msg, int fd)
{
	char text[OFFLOAD_CTL_TEXT_SIZE];
	const struct offload_store *s;
	struct offload_task *t;
	struct why why;

	if (msg->type == OFFLOAD_HELLO) {
		if (fd >= 0)
			close(fd);
		if (o->ready || msg->number != OFFLOAD_VERSION)
			return false;
		o->ready = true;
		offload_stores_send(o);
		return true;
	}
	if (msg->type == OFFLOAD_TOLD) {
		if (fd >= 0)
			close(fd);
		return offload_store_told(o, msg);
	}
	for (t = o->tasks; t && (t->id != msg->id || !t->sent); t = t->next)
		;
	if (!t) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (msg->type == OFFLOAD_FAILED) {
		if (fd >= 0)
			close(fd);
		snprintf(text, sizeof(text), "%.*s", (int)msg->text_len, msg->text);
		offload_fail(o, t, msg->error ? (u32)msg->error : EIO, text);
		return true;
	}
	if (msg->type == OFFLOAD_DATA || msg->type == OFFLOAD_PROGRESS)
		return t->ops->heard(o, t, msg, fd);
	s = offload_store_find(o, t->store);
	/* Nothing may rely on a bucket that this server would not know again. */
	if (s && (msg->type == OFFLOAD_PUSHED || msg->type == OFFLOAD_KEPT ||
		  msg->type == OFFLOAD_OWNED) && !offload_store_is_kept(o, s, &why)) {
		if (fd >= 0)
			close(fd);
		offload_fail(o, t, EIO, why.text);
		return true;
	}
	/* Unlinked first, because the owner frees it with its last message. */
	offload_unlink(o, t);
	if (t->ops->heard(o, t, msg, fd))
		return true;
	/* The task fails, or is repeated, like all others that the process has. */
	t->next = o->tasks;
	o->tasks = t;
	return false;
}

static void offload_receive(struct offload *o)
{
	struct offload_msg msg = { .type = 0 };
	int fd, n, rc = 0;
	char what[64];

	for (n = 0; n < TURN && o->process >= 0; n++) {
		rc = offload_msg_receive(o->process, &msg, o->packet, &fd);
		if (rc)
			break;
		if (!offload_heard(o, &msg, fd)) {
			rc = -EBADMSG;
			break;
		}
	}
	if (!rc || rc == -EAGAIN)
		return;
	if (rc == -EBADMSG)
		snprintf(what, sizeof(what), "sent an invalid message (type %u)", msg.type);
	offload_lose(o, rc == -EBADMSG ? what : "has ended");
}

static bool offload_watch(const struct offload *o, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return !epoll_ctl(o->poll, EPOLL_CTL_ADD, fd, &event);
}

/* No process will take what people wait for. Recalls have time until the kernel gives them up. */
static void offload_end_orders(struct offload *o, const char *text)
{
	struct offload_task *t, *next;

	for (t = o->tasks; t; t = next) {
		const struct offload_store *s = offload_store_find(o, t->store);

		next = t->next;
		if (t->ops->repeats || (s && t == &s->task))
			continue;
		offload_fail(o, t, ENOENT, text);
		next = o->tasks;
	}
}

static void offload_start(struct offload *o)
{
	char text[OFFLOAD_CTL_TEXT_SIZE];
	u64 now = clock_ms();
	char path[PATH_MAX];
	int pair[2];
	int rc = 0;

	if (o->process >= 0 || !o->wanted || (o->started && now < o->started + o->pause))
		return;
	o->pause = o->started && now < o->started + PAUSE_FORGET ? 2 * o->pause : PAUSE_MIN;
	if (o->pause > PAUSE_MAX)
		o->pause = PAUSE_MAX;
	o->started = now;
	if (worker_program_path(WORKER_STORES_PROGRAM, path) && access(path, X_OK)) {
		snprintf(text, sizeof(text), "the program " WORKER_STORES_PROGRAM ": %s",
			 strerror(errno));
		log_error("%s: %s: nothing can be offloaded or recalled", path, strerror(errno));
		offload_end_orders(o, text);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		log_error("the store process cannot be started: %s", strerror(errno));
		return;
	}
	rc = worker_spawner_program(o->spawner, WORKER_STORES, pair[1]);
	close(pair[1]);
	if (!rc && !offload_watch(o, pair[0]))
		rc = -errno;
	if (rc) {
		close(pair[0]);
		log_error("the store process cannot be started: %s", strerror(-rc));
		return;
	}
	o->process = pair[0];
	o->starts++;
}

/* A process that does not answer is replaced: the spawner kills it. */
static void offload_timer_ready(struct offload *o)
{
	u64 times, at;

	/* EAGAIN means that the timer was set again after it fired. */
	if (read(o->timer, &times, sizeof(times)) < 0 && errno != EAGAIN)
		abort();
	at = offload_next_time(o);
	if (o->process >= 0 && at && clock_ms() >= at)
		offload_lose(o, "does not answer");
}

static void offload_ready(void *arg)
{
	struct offload *o = arg;

	/* None of them blocks, so it does not matter which one has work. */
	offload_timer_ready(o);
	offload_keys_ready(o);
	offload_fills_ready(o->fills);
	offload_receive(o);
	offload_clients_ready(o);
	offload_start(o);
	offload_probe_ready(o);
	offload_send(o);
	offload_set_timer(o);
}

struct source offload_source(struct offload *o)
{
	return (struct source){ o->poll, offload_ready, o, 0 };
}

void offload_configure(struct offload *o, const struct config *cfg)
{
	offload_stores_set(o, cfg);
	offload_keys_ready(o);
	if (!o->wanted && o->process >= 0) {
		/* It exits when its socket is closed. */
		log_notice("there are no stores any more: the store process ends");
		close(o->process);
		o->process = -1;
		o->ready = false;
		o->started = 0;
		offload_stores_lost(o);
		offload_end_sent(o);
	}
	offload_start(o);
	offload_send(o);
	offload_set_timer(o);
	offload_probe_tell(o);
}

void offload_gone(struct offload *o)
{
	offload_fetches_drop(o);
	offload_set_timer(o);
}

/* Without an id, stores cannot be claimed, so nothing is written there. */
static char *offload_owner(const char *state_dir)
{
	char *path = mem_print("%s/server-id", state_dir);
	char id[SERVER_ID_SIZE], name[256] = "", *lines;
	int rc = server_id_get(path, id);

	if (rc) {
		log_error("%s: %s: nothing is uploaded or deleted in any store", path,
			  strerror(-rc));
		lines = mem_print("refused=the id of this server cannot be read: %s: %s\n", path,
				  strerror(-rc));
	} else {
		if (gethostname(name, sizeof(name) - 1))
			name[0] = '\0';
		text_make_printable(name);
		lines = mem_print("server-id=%s\nserver-name=%s\n", id, name[0] ? name : "?");
	}
	free(path);
	return lines;
}

/* Earlier versions noted there when objects were deleted, which is in the store now. */
static void offload_remove_deletions(const char *state_dir)
{
	char *path = mem_print("%s/offload-deletions", state_dir);

	unlink(path);
	free(path);
}

struct offload *offload_new(int spawner, const char *socket_path, const char *state_dir)
{
	struct offload *o = mem_new(sizeof(*o));

	o->spawner = spawner;
	o->process = -1;
	o->poll = epoll_create1(EPOLL_CLOEXEC);
	o->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	o->fills = offload_fills_new();
	o->clients = offload_clients_new(socket_path);
	o->keys = offload_keys_new();
	o->owner = offload_owner(state_dir);
	o->known = offload_known_new(state_dir);
	offload_remove_deletions(state_dir);
	if (o->poll >= 0 && o->timer >= 0 && o->fills && o->clients &&
	    offload_watch(o, o->timer) && offload_watch(o, offload_fills_fd(o->fills)) &&
	    offload_watch(o, offload_clients_fd(o->clients)))
		return o;
	offload_free(o);
	return NULL;
}

void offload_free(struct offload *o)
{
	if (!o)
		return;
	if (o->process >= 0)
		close(o->process);
	o->process = -1;
	while (o->tasks)
		offload_fail(o, o->tasks, ECANCELED, "dittod ends");
	offload_fills_free(o->fills);
	offload_clients_free(o);
	offload_keys_free(o->keys);
	offload_known_free(o->known);
	free(o->owner);
	offload_stores_free(o);
	if (o->timer >= 0)
		close(o->timer);
	if (o->poll >= 0)
		close(o->poll);
	free(o);
}
