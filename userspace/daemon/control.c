// SPDX-License-Identifier: GPL-2.0-only
/* Orders to dittod, see control.h. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "config/apply.h"
#include "worker/channel.h"
#include "clock.h"
#include "config/compare.h"
#include "config/config.h"
#include "config/config_file.h"
#include "control.h"
#include "identity/idmap.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "problems.h"
#include "state/recorder.h"
#include "state/state.h"
#include "nl/status.h"

/* Seconds until a failed change is retried: at first, and at most. */
#define RETRY_MIN	1
#define RETRY_MAX	60

/* What a job applies. */
enum apply_what {
	APPLY_NOTHING,
	APPLY_FAILED,
	APPLY_ALL,
};

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
 * @what: what @job applies
 * @again: what @job must apply when it runs once more
 * @less: a protocol was unloaded since the last @job for all began
 * @ready: the service manager was notified
 * @instance: instance of a server that waits for its records until its shares exist; or 0
 * @waited: seconds that it has waited
 * @heard: when the last order arrived: to use @next_cfg, otherwise @cfg, or to stop
 * @refused: when the last file arrived, if it has mistakes; otherwise 0
 * @mistakes: mistakes of that file
 * @tls: what is wrong with the files of [tls], or NULL
 * @keytab: what is wrong with the keys of the keytab, or that this is not known; or NULL
 * @keytab_wrong: they are known to be wrong
 * @covered: shares whose path leads elsewhere
 * @stores: object stores that were asked, and why they do not answer
 * @buckets: what their buckets are like
 * @refusals: why nothing is uploaded to object stores that answer
 * @look: compares the kernel with @cfg
 * @looking: @look is queued or running; @cfg stays
 * @look_again: @look must run once more
 * @compared: of the last @look that has ended
 * @next_compared: filled by @look
 * @telling: dittoctl is informed of changes
 * @begun: @heard at the start of the last @job
 * @since: when dittod began, seconds since 1970
 * @applied: @begun of the last one that has ended
 * @served: the file that this one has applied
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
	enum apply_what what;
	enum apply_what again;
	bool less;
	bool ready;
	u64 instance;
	unsigned int waited;
	u64 heard;
	u64 refused;
	struct mistakes mistakes;
	char *tls;
	char *keytab;
	bool keytab_wrong;
	struct problems covered;
	struct problems stores;
	struct problems buckets;
	struct problems refusals;
	struct job look;
	bool looking;
	bool look_again;
	struct compared compared;
	struct compared next_compared;
	bool telling;
	u64 begun;
	u64 since;
	u64 applied;
	struct file_stamp served;
	bool stopped;
	unsigned int retry_s;
	int retry;
	int timer;
};

static void control_set_timer(struct control *c, bool on)
{
	struct itimerspec every = { { on, 0 }, { on, 0 } };

	timerfd_settime(c->timer, 0, &every, NULL);
}

static struct control *control_of(struct job *job)
{
	return (struct control *)((char *)job - offsetof(struct control, job));
}

static void control_tell(struct control *c, const char *status)
{
	notify("%sSTATUS=%s", c->ready ? "" : "READY=1\n", status);
	c->ready = true;
}

static void status_add(struct status *s, const struct problems *more)
{
	unsigned int i;

	for (i = 0; i < more->n; i++)
		s->problem[s->nproblems++] = (struct status_problem){ more->list[i].what,
								      more->list[i].why };
}

static bool status_has(const struct status_problem *list, unsigned int n, const char *what)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i].what, what))
			return true;
	return false;
}

/* What could not be applied differs for that reason. */
static void status_add_compared(struct status *s, const struct compared *compared)
{
	const struct problems *p = &compared->problems, *remarks = &compared->remarks;
	unsigned int i, before = s->nproblems;

	for (i = 0; i < p->n; i++) {
		if (!status_has(s->failure, s->nfailures, p->list[i].what) &&
		    !status_has(s->problem, before, p->list[i].what))
			s->problem[s->nproblems++] = (struct status_problem){ p->list[i].what,
									      p->list[i].why };
	}
	for (i = 0; i < remarks->n; i++)
		s->remark[s->nremarks++] = (struct status_problem){ remarks->list[i].what,
								    remarks->list[i].why };
	for (i = 0; i < compared->nspaces; i++)
		s->space[s->nspaces++] = (struct status_space){ compared->space[i].share,
								compared->space[i].space.size,
								compared->space[i].space.free };
}

/* The status is for dittoctl; dittod works without it. A @job has not stopped before its end. */
static void control_write_status(struct control *c)
{
	bool stopped = c->stopped && !c->applying;
	struct status s = { .pid = getpid(), .heard = stopped ? c->heard : c->applied,
			    .refused = c->refused, .stopped = stopped,
			    .started = c->result.started, .shares = c->cfg->nshares,
			    .state_dir = (char *)c->with.state_dir, .file = c->served,
			    .config = c->file->optional ? NULL : (char *)c->file->path };
	unsigned int i;

	s.failure = mem_new((c->result.problems.n + 1) * sizeof(*s.failure));
	s.problem = mem_new((c->mistakes.count + c->covered.n + c->compared.problems.n + 3) *
			    sizeof(*s.problem));
	s.remark = mem_new((c->compared.remarks.n + 2) * sizeof(*s.remark));
	s.store = mem_new((c->stores.n + 1) * sizeof(*s.store));
	s.bucket = mem_new((c->buckets.n + 1) * sizeof(*s.bucket));
	s.refusal = mem_new((c->refusals.n + 1) * sizeof(*s.refusal));
	s.space = mem_new((c->compared.nspaces + 1) * sizeof(*s.space));
	for (i = 0; i < c->mistakes.count; i++)
		s.problem[s.nproblems++] = (struct status_problem){ STATUS_CONFIGURATION,
								    c->mistakes.text[i] };
	if (c->tls)
		s.problem[s.nproblems++] = (struct status_problem){ "tls", c->tls };
	if (c->keytab && c->keytab_wrong)
		s.problem[s.nproblems++] = (struct status_problem){ "keytab", c->keytab };
	else if (c->keytab)
		s.remark[s.nremarks++] = (struct status_problem){ "keytab", c->keytab };
	for (i = 0; i < c->result.problems.n; i++)
		s.failure[s.nfailures++] =
			(struct status_problem){ c->result.problems.list[i].what,
						 c->result.problems.list[i].why };
	status_add(&s, &c->covered);
	if (!stopped)
		status_add_compared(&s, &c->compared);
	for (i = 0; i < c->stores.n; i++)
		s.store[s.nstores++] = (struct status_problem){ c->stores.list[i].what,
								c->stores.list[i].why };
	for (i = 0; i < c->buckets.n; i++)
		s.bucket[s.nbuckets++] = (struct status_problem){ c->buckets.list[i].what,
								  c->buckets.list[i].why };
	for (i = 0; i < c->refusals.n; i++)
		s.refusal[s.nrefusals++] = (struct status_problem){ c->refusals.list[i].what,
								    c->refusals.list[i].why };
	config_schedule(c->cfg, &s.schedule);
	s.schedule.since = c->since;
	if (status_write(&s))
		log_warning("the status cannot be written: %s", strerror(errno));
	free(s.failure);
	free(s.problem);
	free(s.remark);
	free(s.store);
	free(s.bucket);
	free(s.refusal);
	free(s.space);
}

void control_tell_tls(struct control *c, const char *problem)
{
	if (c->tls && problem && !strcmp(c->tls, problem))
		return;
	free(c->tls);
	c->tls = problem ? mem_string(problem) : NULL;
	if (c->telling)
		control_write_status(c);
}

void control_tell_keytab(struct control *c, bool wrong, const char *why)
{
	free(c->keytab);
	c->keytab = why ? mem_string(why) : NULL;
	c->keytab_wrong = wrong;
	if (c->telling)
		control_write_status(c);
}

/* Replace a list by a copy of another. */
static void control_replace(struct problems *list, const struct problems *by)
{
	unsigned int i;

	problems_free(list);
	for (i = 0; i < by->n; i++)
		problems_add(list, by->list[i].what, by->list[i].why);
}

void control_tell_stores(struct control *c, const struct offload_told *told)
{
	control_replace(&c->stores, &told->stores);
	control_replace(&c->buckets, &told->buckets);
	control_replace(&c->refusals, &told->refusals);
	if (c->telling)
		control_write_status(c);
}

void control_tell_covered(struct control *c, const struct problems *covered)
{
	control_replace(&c->covered, covered);
	if (c->telling)
		control_write_status(c);
}

static void control_set_retry(struct control *c, unsigned int seconds)
{
	struct itimerspec once = { { 0, 0 }, { seconds, 0 } };

	c->retry_s = seconds;
	timerfd_settime(c->retry, 0, &once, NULL);
}

static void control_run_apply(struct job *job)
{
	struct control *c = control_of(job);

	apply(c->with.kernel, c->cfg, c->with.st, &c->result, &c->next, &c->stopped,
	      c->what == APPLY_FAILED);
}

static void control_submit(struct control *c, enum apply_what what)
{
	if (c->stopped)
		return;
	if (c->applying || c->looking) {
		if (c->again < what)
			c->again = what;
		return;
	}
	c->what = what;
	if (c->next_cfg) {
		config_free(c->cfg);
		c->cfg = c->next_cfg;
		c->next_cfg = NULL;
		c->what = APPLY_ALL;
	}
	if (c->what == APPLY_ALL)
		c->less = false;
	idmap_set_domain(c->cfg->domain);
	c->begun = c->heard;
	c->again = APPLY_NOTHING;
	c->applying = true;
	/* Cannot fail: this pool has room for the two jobs, the refresh and the mounts. */
	pool_submit(c->with.applier, &c->job);
}

void control_apply(struct control *c)
{
	control_submit(c, APPLY_ALL);
}

static struct control *control_of_look(struct job *job)
{
	return (struct control *)((char *)job - offsetof(struct control, look));
}

static void control_run_look(struct job *job)
{
	struct control *c = control_of_look(job);

	compare(c->with.kernel, c->cfg, &c->next_compared);
}

static void control_look_done(struct job *job)
{
	struct control *c = control_of_look(job);

	c->looking = false;
	compared_free(&c->compared);
	c->compared = c->next_compared;
	c->next_compared = (struct compared){ 0 };
	control_write_status(c);
	if (!channel_is_up(c->with.channel))
		return;
	if (c->again)
		control_submit(c, c->again);
	else if (c->look_again)
		control_look(c);
}

void control_look(struct control *c)
{
	/* Another look follows each change. */
	c->look_again = c->looking;
	if (c->applying || c->looking || c->stopped || !channel_is_up(c->with.channel))
		return;
	c->looking = true;
	pool_submit(c->with.applier, &c->look);
}

/*
 * Clients that are notified of the restart reclaim their locks immediately, so the shares must
 * exist before.
 */
static void control_begin_life(struct control *c)
{
	if (!c->instance)
		return;
	recorder_begin(c->with.recorder, c->instance, 0);
	c->instance = 0;
	control_set_timer(c, false);
}

static void control_apply_done(struct job *job)
{
	struct control *c = control_of(job);
	char status[128];

	c->applying = false;
	c->applied = c->begun;
	c->served = c->cfg->stamp;
	applied_free(&c->result);
	c->result = c->next;
	c->next = (struct applied){ 0 };
	/* Another look follows. */
	compared_free(&c->compared);
	control_write_status(c);
	if (c->result.gone) {
		channel_check(c->with.channel);
	} else {
		snprintf(status, sizeof(status), "%u shares configured, %u changes, %u errors",
			 c->cfg->nshares, c->result.changes.n, c->result.errors);
		/* Do not log retries without effect. */
		if (!c->retry_s || c->result.changes.n || c->result.news || !c->result.errors)
			log_notice("%s", status);
		control_tell(c, status);
		if (!c->result.errors || c->stopped)
			control_set_retry(c, 0);
		else if (!c->retry_s || c->result.changes.n)
			control_set_retry(c, RETRY_MIN);
		else
			control_set_retry(c, c->retry_s < RETRY_MAX / 2 ? 2 * c->retry_s :
					    RETRY_MAX);
	}
	if (c->less && !c->result.gone)
		control_set_retry(c, GONE_PAUSE);
	if (c->again && channel_is_up(c->with.channel)) {
		control_submit(c, c->again);
		return;
	}
	control_begin_life(c);
	control_look(c);
}

static void control_wait(struct control *c)
{
	control_set_timer(c, true);
	control_set_retry(c, 0);
	/* The results belong to a server that is gone. A running job clears them when it ends. */
	if (!c->applying) {
		applied_free(&c->result);
		compared_free(&c->compared);
		control_write_status(c);
	}
	control_tell(c, "waiting for ditto.ko");
}

void control_up(struct control *c)
{
	control_set_timer(c, false);
	control_apply(c);
}

void control_down(struct control *c)
{
	c->again = APPLY_NOTHING;
	c->instance = 0;
	control_wait(c);
}

/* Not immediately: questions would keep ditto.ko from being unloaded next. */
void control_protocol_gone(struct control *c)
{
	c->less = true;
	if (!c->applying)
		control_set_retry(c, GONE_PAUSE);
}

void control_hold_records(struct control *c, u64 instance)
{
	c->instance = instance;
	c->waited = 0;
	if (c->applying)
		control_set_timer(c, true);
	else
		control_begin_life(c);
}

const struct config *control_read(struct control *c)
{
	u64 heard = clock_ns();
	struct config *cfg;

	mistakes_free(&c->mistakes);
	cfg = config_file_load(c->file, &c->mistakes, NULL);
	c->refused = cfg ? 0 : heard;
	if (!cfg) {
		log_error("nothing of %s is applied", c->file->path);
		control_write_status(c);
		notify("STATUS=mistakes in %s: the configuration before it is in use",
		       c->file->path);
		return NULL;
	}
	config_free(c->next_cfg);
	c->next_cfg = cfg;
	c->heard = heard;
	__atomic_store_n(&c->stopped, false, __ATOMIC_RELAXED);
	log_notice("%s is read again", c->file->path);
	return cfg;
}

/* dittoctl stop removes shares and listeners as soon as dittod adds no more. */
void control_stop(struct control *c)
{
	__atomic_store_n(&c->stopped, true, __ATOMIC_RELAXED);
	c->heard = clock_ns();
	c->again = APPLY_NOTHING;
	control_set_retry(c, 0);
	log_notice("stopped: nothing is applied until the configuration is read again");
	notify("STATUS=stopped");
	if (!c->applying)
		control_write_status(c);
}

static void control_timer_ready(void *arg)
{
	struct control *c = arg;
	u64 times;

	if (read(c->timer, &times, sizeof(times)) != sizeof(times))
		return;
	if (!channel_is_up(c->with.channel))
		channel_check(c->with.channel);
	else if (++c->waited >= BEGIN_WAIT)
		control_begin_life(c);
}

static void control_retry_ready(void *arg)
{
	struct control *c = arg;
	u64 times;

	if (read(c->retry, &times, sizeof(times)) == sizeof(times) &&
	    channel_is_up(c->with.channel))
		control_submit(c, c->less ? APPLY_ALL : APPLY_FAILED);
}

struct control *control_new(const struct config_file *file)
{
	struct control *c = mem_new(sizeof(*c));

	c->file = file;
	c->heard = clock_ns();
	c->since = (u64)time(NULL);
	c->cfg = config_file_load(file, NULL, NULL);
	if (!c->cfg) {
		free(c);
		return NULL;
	}
	c->job.run = control_run_apply;
	c->job.done = control_apply_done;
	c->look.run = control_run_look;
	c->look.done = control_look_done;
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->retry = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0 || c->retry < 0) {
		log_error("cannot make a timer: %s", strerror(errno));
		free(c);
		return NULL;
	}
	return c;
}

const struct config *control_config(const struct control *c)
{
	return c->cfg;
}

void control_begin(struct control *c, const struct control_means *with)
{
	c->with = *with;
	c->telling = true;
	/* dittoctl can send orders from now on: their signals wait until the loop takes them. */
	control_write_status(c);
	channel_check(c->with.channel);
	if (!channel_is_up(c->with.channel)) {
		log_notice("ditto.ko is not loaded: waiting for it");
		control_wait(c);
	}
}

struct source control_timer_source(struct control *c)
{
	return (struct source){ c->timer, control_timer_ready, c, 0 };
}

struct source control_retry_source(struct control *c)
{
	return (struct source){ c->retry, control_retry_ready, c, 0 };
}

void control_end(struct control *c)
{
	status_remove();
	if (!c->applying)
		state_close(c->with.st);
}
