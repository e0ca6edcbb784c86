// SPDX-License-Identifier: GPL-2.0-only
/* Orders to dittod, see control.h. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "apply.h"
#include "channel.h"
#include "clock.h"
#include "config.h"
#include "config_file.h"
#include "idmap.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "control.h"
#include "problems.h"
#include "recorder.h"
#include "state.h"
#include "status.h"

/* Seconds until a failed change is retried: at first, and at most. */
#define RETRY_MIN	1
#define RETRY_MAX	60

/* Seconds until dittod looks at a server that has lost a protocol. */
#define GONE_PAUSE	5

/* Seconds after which a server gets its records even if its shares are not complete. */
#define BEGIN_WAIT	20

/**
 * struct control - the configuration and how far it is applied
 * @file: the configuration file
 * @with: what the configuration is applied with
 * @cfg: the present configuration; changed only while @job does not run
 * @next_cfg: the next configuration, or NULL
 * @job: applies the configuration
 * @result: of the last @job that has ended
 * @next: filled by @job
 * @applying: @job is queued or running
 * @again: @job must run once more
 * @less: a protocol was unloaded while @job ran
 * @ready: the service manager was notified
 * @instance: instance of a server that waits for its records until its shares exist; or 0
 * @waited: seconds that it has waited
 * @heard: when the last order arrived: to use @next_cfg, otherwise @cfg, or to stop
 * @refused: when the last file arrived, if it has mistakes; otherwise 0
 * @mistakes: those of that file
 * @tls: what is wrong with the files of [tls], or NULL
 * @covered: shares whose path leads elsewhere
 * @telling: dittoctl is told of changes
 * @begun: @heard at the start of the last @job
 * @applied: @begun of the last one that has ended
 * @stopped: nothing is applied until the file is read again; also read by @job
 * @retry_s: seconds until the next retry; 0 if nothing failed
 * @retry: timer for the retry
 * @timer: fires every second while ditto.ko is not loaded, or @instance waits
 */
struct control {
	const struct config_file *file;
	struct control_means with;
	struct config *cfg;
	struct config *next_cfg;
	struct job job;
	struct applied result;
	struct applied next;
	bool applying;
	bool again;
	bool less;
	bool ready;
	u64 instance;
	unsigned int waited;
	u64 heard;
	u64 refused;
	struct mistakes mistakes;
	char *tls;
	struct problems covered;
	bool telling;
	u64 begun;
	u64 applied;
	bool stopped;
	unsigned int retry_s;
	int retry;
	int timer;
};

static void control_set_timer(struct control *o, bool on)
{
	struct itimerspec every = { { on, 0 }, { on, 0 } };

	timerfd_settime(o->timer, 0, &every, NULL);
}

static struct control *control_of(struct job *job)
{
	return (struct control *)((char *)job - offsetof(struct control, job));
}

static void control_tell(struct control *o, const char *status)
{
	notify("%sSTATUS=%s", o->ready ? "" : "READY=1\n", status);
	o->ready = true;
}

static void status_add(struct status *s, const struct problems *more)
{
	unsigned int i;

	for (i = 0; i < more->n; i++)
		s->problem[s->nproblems++] = (struct status_problem){ more->list[i].what,
								      more->list[i].why };
}

/* The status is for dittoctl; dittod works without it. A @job has not stopped before its end. */
static void control_write_status(struct control *o)
{
	bool stopped = o->stopped && !o->applying;
	struct status s = { .pid = getpid(), .heard = stopped ? o->heard : o->applied,
			    .refused = o->refused, .stopped = stopped,
			    .started = o->result.started, .shares = o->cfg->nshares };
	unsigned int i;

	s.problem = mem_new((o->mistakes.count + o->result.problems.n + o->covered.n + 2) *
			    sizeof(*s.problem));
	for (i = 0; i < o->mistakes.count; i++)
		s.problem[s.nproblems++] = (struct status_problem){ STATUS_CONFIGURATION,
								    o->mistakes.text[i] };
	if (o->tls)
		s.problem[s.nproblems++] = (struct status_problem){ "tls", o->tls };
	status_add(&s, &o->result.problems);
	status_add(&s, &o->covered);
	if (status_write(&s))
		log_warning("the status cannot be written: %s", strerror(errno));
	free(s.problem);
}

void control_tell_tls(struct control *o, const char *problem)
{
	if (o->tls && problem && !strcmp(o->tls, problem))
		return;
	free(o->tls);
	o->tls = problem ? mem_string(problem) : NULL;
	if (o->telling)
		control_write_status(o);
}

void control_tell_covered(struct control *o, const struct problems *covered)
{
	unsigned int i;

	problems_free(&o->covered);
	for (i = 0; i < covered->n; i++)
		problems_add(&o->covered, covered->list[i].what, covered->list[i].why);
	if (o->telling)
		control_write_status(o);
}

static void control_set_retry(struct control *o, unsigned int seconds)
{
	struct itimerspec once = { { 0, 0 }, { seconds, 0 } };

	o->retry_s = seconds;
	timerfd_settime(o->retry, 0, &once, NULL);
}

static void control_run_apply(struct job *job)
{
	struct control *o = control_of(job);

	apply(o->with.kernel, o->cfg, o->with.st, &o->result, &o->next, &o->stopped);
}

void control_apply(struct control *o)
{
	if (o->stopped)
		return;
	if (o->applying) {
		o->again = true;
		return;
	}
	if (o->next_cfg) {
		config_free(o->cfg);
		o->cfg = o->next_cfg;
		o->next_cfg = NULL;
	}
	idmap_set_domain(o->cfg->domain);
	o->begun = o->heard;
	o->again = false;
	o->applying = true;
	/* Cannot fail: this pool has room for this job, the refresh and the mounts. */
	pool_submit(o->with.applier, &o->job);
}

/*
 * Clients that are notified of the restart reclaim their locks at once, so the shares must exist
 * before.
 */
static void control_begin_life(struct control *o)
{
	if (!o->instance)
		return;
	recorder_begin(o->with.recorder, o->instance, 0);
	o->instance = 0;
	control_set_timer(o, false);
}

static void control_apply_done(struct job *job)
{
	struct control *o = control_of(job);
	char status[128];

	o->applying = false;
	o->applied = o->begun;
	applied_free(&o->result);
	o->result = o->next;
	o->next = (struct applied){ 0 };
	control_write_status(o);
	if (o->result.gone) {
		channel_check(o->with.channel);
	} else {
		snprintf(status, sizeof(status), "%u shares configured, %u changes, %u errors",
			 o->cfg->nshares, o->result.changes, o->result.errors);
		/* Do not log retries without effect. */
		if (!o->retry_s || o->result.changes || o->result.news || !o->result.errors)
			log_notice("%s", status);
		control_tell(o, status);
		if (!o->result.errors || o->stopped)
			control_set_retry(o, 0);
		else if (!o->retry_s || o->result.changes)
			control_set_retry(o, RETRY_MIN);
		else
			control_set_retry(o, o->retry_s < RETRY_MAX / 2 ? 2 * o->retry_s :
					    RETRY_MAX);
	}
	if (o->less && !o->result.gone)
		control_set_retry(o, GONE_PAUSE);
	o->less = false;
	if (o->again && channel_is_up(o->with.channel))
		control_apply(o);
	else
		control_begin_life(o);
}

static void control_wait(struct control *o)
{
	control_set_timer(o, true);
	control_set_retry(o, 0);
	/* The results belong to a server that is gone. A running job clears them when it ends. */
	if (!o->applying) {
		applied_free(&o->result);
		control_write_status(o);
	}
	control_tell(o, "waiting for ditto.ko");
}

void control_up(struct control *o)
{
	control_set_timer(o, false);
	control_apply(o);
}

void control_down(struct control *o)
{
	o->again = false;
	o->instance = 0;
	control_wait(o);
}

/* Not at once: questions would keep ditto.ko from being unloaded next. */
void control_protocol_gone(struct control *o)
{
	if (o->applying)
		o->less = true;
	else
		control_set_retry(o, GONE_PAUSE);
}

void control_hold_records(struct control *o, u64 instance)
{
	o->instance = instance;
	o->waited = 0;
	if (o->applying)
		control_set_timer(o, true);
	else
		control_begin_life(o);
}

const struct config *control_read(struct control *o)
{
	u64 heard = clock_ns();
	struct config *cfg;

	mistakes_free(&o->mistakes);
	cfg = config_file_load(o->file, &o->mistakes);
	o->refused = cfg ? 0 : heard;
	if (!cfg) {
		log_error("nothing of %s is applied", o->file->path);
		control_write_status(o);
		notify("STATUS=mistakes in %s: the configuration before it is in use",
		       o->file->path);
		return NULL;
	}
	config_free(o->next_cfg);
	o->next_cfg = cfg;
	o->heard = heard;
	__atomic_store_n(&o->stopped, false, __ATOMIC_RELAXED);
	log_notice("%s is read again", o->file->path);
	return cfg;
}

/* dittoctl stop removes shares and listeners as soon as dittod adds no more. */
void control_stop(struct control *o)
{
	__atomic_store_n(&o->stopped, true, __ATOMIC_RELAXED);
	o->heard = clock_ns();
	o->again = false;
	control_set_retry(o, 0);
	log_notice("stopped: nothing is applied until the configuration is read again");
	notify("STATUS=stopped");
	if (!o->applying)
		control_write_status(o);
}

static void control_timer_ready(void *arg)
{
	struct control *o = arg;
	u64 times;

	if (read(o->timer, &times, sizeof(times)) != sizeof(times))
		return;
	if (!channel_is_up(o->with.channel))
		channel_check(o->with.channel);
	else if (++o->waited >= BEGIN_WAIT)
		control_begin_life(o);
}

static void control_retry_ready(void *arg)
{
	struct control *o = arg;
	u64 times;

	if (read(o->retry, &times, sizeof(times)) == sizeof(times) &&
	    channel_is_up(o->with.channel))
		control_apply(o);
}

struct control *control_new(const struct config_file *file)
{
	struct control *o = mem_new(sizeof(*o));

	o->file = file;
	o->heard = clock_ns();
	o->cfg = config_file_load(file, NULL);
	if (!o->cfg) {
		free(o);
		return NULL;
	}
	o->job.run = control_run_apply;
	o->job.done = control_apply_done;
	o->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	o->retry = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (o->timer < 0 || o->retry < 0) {
		log_error("cannot make a timer: %s", strerror(errno));
		free(o);
		return NULL;
	}
	return o;
}

const struct config *control_config(const struct control *o)
{
	return o->cfg;
}

void control_begin(struct control *o, const struct control_means *with)
{
	o->with = *with;
	o->telling = true;
	/* dittoctl can send orders from now on: their signals wait until the loop takes them. */
	control_write_status(o);
	channel_check(o->with.channel);
	if (!channel_is_up(o->with.channel)) {
		log_notice("ditto.ko is not loaded: waiting for it");
		control_wait(o);
	}
}

struct source control_timer_source(struct control *o)
{
	return (struct source){ o->timer, control_timer_ready, o, 0 };
}

struct source control_retry_source(struct control *o)
{
	return (struct source){ o->retry, control_retry_ready, o, 0 };
}

void control_end(struct control *o)
{
	status_remove();
	if (!o->applying)
		state_close(o->with.st);
}
