// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittod: applies the configuration to ditto.ko and answers its upcalls.
 *
 * One event loop waits for everything. Untrusted input is parsed by workers, which are separate
 * processes. Blocking work runs in pools: authentication over SMB and over NFS have eight threads
 * each and named pipes four, look-ups of accounts four times as many as one client may keep busy;
 * netgroups, applying the configuration, and writing records have one thread each; four give
 * offloaded data to the kernel. No kind of work can therefore delay another.
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "audit.h"
#include "apply.h"
#include "auth.h"
#include "channel.h"
#include "clock.h"
#include "command.h"
#include "common/offload_ctl.h"
#include "config.h"
#include "config_file.h"
#include "fault.h"
#include "hosts.h"
#include "identity/identity.h"
#include "idmap.h"
#include "kernel.h"
#include "late.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "mounts.h"
#include "notify.h"
#include "offload.h"
#include "paths.h"
#include "pipe.h"
#include "pool.h"
#include "privileges.h"
#include "recorder.h"
#include "refresh.h"
#include "rpcsec.h"
#include "services.h"
#include "state.h"
#include "status.h"
#include "tls.h"
#include "upcall.h"
#include "worker.h"

#define DEFAULT_CONFIG	"/etc/ditto/ditto.conf"
#define DEFAULT_STATE	"/var/lib/ditto"

/* Seconds until a failed change is retried: at first, and at most. */
#define RETRY_MIN	1
#define RETRY_MAX	60

/* Seconds until dittod looks at a server that has lost a protocol. */
#define GONE_PAUSE	5

/* Seconds after which a server gets its records even if its shares are not complete. */
#define BEGIN_WAIT	20

/**
 * struct daemon - state of dittod
 * @file: the configuration file
 * @cfg: the present configuration; changed only while @job does not run
 * @next_cfg: the next configuration, or NULL
 * @st: used by @job only
 * @state_dir: folder of @st
 * @kernel: used by jobs of @applier only
 * @channel: connections to the kernel
 * @services: services that process upcalls
 * @spawner: socket of the spawner
 * @tls: agent for TLS handshakes
 * @signals: signal descriptor
 * @failed: @stop was set because of an error
 * @applier: pool of one thread for @job, @refresh and @mounts
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
 * @begun: @heard at the start of the last @job
 * @applied: @begun of the last one that has ended
 * @stopped: nothing is applied until the file is read again; also read by @job
 * @retry_s: seconds until the next retry; 0 if nothing failed
 * @retry: timer for the retry
 * @refresh: makes the kernel renew registrations with other programs
 * @mounts: tells the kernel about file systems within shares
 * @rpcsec: authenticates users of NFS
 * @timer: fires every second while ditto.ko is not loaded, or @instance waits
 * @stop: ends the loop
 */
struct daemon {
	struct config_file file;
	struct config *cfg;
	struct config *next_cfg;
	struct state *st;
	const char *state_dir;
	struct kernel *kernel;
	struct channel *channel;
	struct upcall_services services;
	int spawner;
	struct tls *tls;
	int signals;
	bool failed;
	struct pool *applier;
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
	u64 begun;
	u64 applied;
	bool stopped;
	unsigned int retry_s;
	int retry;
	struct refresh *refresh;
	struct mounts *mounts;
	struct rpcsec *rpcsec;
	int timer;
	bool stop;
};

static void set_timer(struct daemon *d, bool on)
{
	struct itimerspec every = { { on, 0 }, { on, 0 } };

	timerfd_settime(d->timer, 0, &every, NULL);
}

static struct daemon *of_job(struct job *job)
{
	return (struct daemon *)((char *)job - offsetof(struct daemon, job));
}

static void dittod_tell(struct daemon *d, const char *status)
{
	notify("%sSTATUS=%s", d->ready ? "" : "READY=1\n", status);
	d->ready = true;
}

/* The status is for dittoctl; dittod works without it. A @job has not stopped before its end. */
static void write_status(struct daemon *d)
{
	bool stopped = d->stopped && !d->applying;
	struct status s = { .pid = getpid(), .heard = stopped ? d->heard : d->applied,
			    .refused = d->refused, .stopped = stopped,
			    .started = d->result.started, .shares = d->cfg->nshares };
	unsigned int i;

	s.problem = mem_new((d->mistakes.count + d->result.nproblems + 1) * sizeof(*s.problem));
	for (i = 0; i < d->mistakes.count; i++)
		s.problem[s.nproblems++] = (struct status_problem){ STATUS_CONFIGURATION,
								    d->mistakes.text[i] };
	for (i = 0; i < d->result.nproblems; i++)
		s.problem[s.nproblems++] = (struct status_problem){ d->result.problem[i].what,
								    d->result.problem[i].why };
	if (status_write(&s))
		log_warning("the status cannot be written: %s", strerror(errno));
	free(s.problem);
}

static void set_retry(struct daemon *d, unsigned int seconds)
{
	struct itimerspec once = { { 0, 0 }, { seconds, 0 } };

	d->retry_s = seconds;
	timerfd_settime(d->retry, 0, &once, NULL);
}

static void run_apply(struct job *job)
{
	struct daemon *d = of_job(job);

	apply(d->kernel, d->cfg, d->st, &d->result, &d->next, &d->stopped);
}

static void start_apply(struct daemon *d)
{
	if (d->stopped)
		return;
	if (d->applying) {
		d->again = true;
		return;
	}
	if (d->next_cfg) {
		config_free(d->cfg);
		d->cfg = d->next_cfg;
		d->next_cfg = NULL;
	}
	idmap_set_domain(d->cfg->domain);
	d->begun = d->heard;
	d->again = false;
	d->applying = true;
	/* Cannot fail: this pool has room for this job, the refresh and the mounts. */
	pool_submit(d->applier, &d->job);
}

/*
 * Clients that are notified of the restart reclaim their locks at once, so the shares must exist
 * before.
 */
static void begin_life(struct daemon *d)
{
	if (!d->instance)
		return;
	recorder_begin(d->services.recorder, d->instance, 0);
	d->instance = 0;
	set_timer(d, false);
}

static void apply_done(struct job *job)
{
	struct daemon *d = of_job(job);
	char status[128];

	d->applying = false;
	d->applied = d->begun;
	applied_free(&d->result);
	d->result = d->next;
	d->next = (struct applied){ 0 };
	write_status(d);
	if (d->result.gone) {
		channel_check(d->channel);
	} else {
		snprintf(status, sizeof(status), "%u shares configured, %u changes, %u errors",
			 d->cfg->nshares, d->result.changes, d->result.errors);
		/* Do not log retries without effect. */
		if (!d->retry_s || d->result.changes || d->result.news || !d->result.errors)
			log_notice("%s", status);
		dittod_tell(d, status);
		if (!d->result.errors || d->stopped)
			set_retry(d, 0);
		else if (!d->retry_s || d->result.changes)
			set_retry(d, RETRY_MIN);
		else
			set_retry(d, d->retry_s < RETRY_MAX / 2 ? 2 * d->retry_s : RETRY_MAX);
	}
	if (d->less && !d->result.gone)
		set_retry(d, GONE_PAUSE);
	d->less = false;
	if (d->again && channel_is_up(d->channel))
		start_apply(d);
	else
		begin_life(d);
}

static void on_up(void *arg)
{
	struct daemon *d = arg;

	set_timer(d, false);
	rpcsec_check(d->rpcsec);
	start_apply(d);
}

static void wait_for_module(struct daemon *d)
{
	set_timer(d, true);
	set_retry(d, 0);
	/* The results belong to a server that is gone. A running job clears them when it ends. */
	if (!d->applying) {
		applied_free(&d->result);
		write_status(d);
	}
	dittod_tell(d, "waiting for ditto.ko");
}

static void on_down(void *arg)
{
	struct daemon *d = arg;

	d->again = false;
	d->instance = 0;
	recorder_gone(d->services.recorder);
	pipes_clear(d->services.pipes);
	offload_gone(d->services.offload);
	wait_for_module(d);
}

static void on_protocol(void *arg)
{
	struct daemon *d = arg;

	rpcsec_check(d->rpcsec);
	start_apply(d);
}

/* Not at once: questions would keep ditto.ko from being unloaded next. */
static void on_protocol_gone(void *arg)
{
	struct daemon *d = arg;

	if (d->applying)
		d->less = true;
	else
		set_retry(d, GONE_PAUSE);
}

static void on_shares(void *arg)
{
	struct daemon *d = arg;

	mounts_changed(d->mounts, true);
}

static void on_registered(void *arg, u64 instance, u64 epoch)
{
	struct daemon *d = arg;

	if (epoch) {
		recorder_begin(d->services.recorder, instance, epoch);
		return;
	}
	d->instance = instance;
	d->waited = 0;
	if (d->applying)
		set_timer(d, true);
	else
		begin_life(d);
}

static const struct channel_ops channel_ops = {
	.up = on_up,
	.down = on_down,
	.protocol = on_protocol,
	.protocol_gone = on_protocol_gone,
	.shares = on_shares,
	.registered = on_registered,
};

/* The SID that this machine has had since its first start. */
static void dittod_use_machine(struct state *st)
{
	char derived[NSS_NAME_SIZE], text[NSS_NAME_SIZE];
	struct sid sid, recorded;

	identity_machine(&sid);
	sid_text(&sid, derived);
	state_machine_sid(st, derived, text, sizeof(text));
	if (sid_parse(text, &recorded))
		identity_machine_set(&recorded);
	else
		log_warning("the recorded SID '%s' of this machine is not valid: %s is used", text,
			    derived);
}

static void dittod_reload(struct daemon *d)
{
	u64 heard = clock_ns();
	struct config *cfg;

	mistakes_free(&d->mistakes);
	cfg = config_file_load(&d->file, &d->mistakes);
	d->refused = cfg ? 0 : heard;
	channel_hello(d->channel);
	if (!cfg) {
		log_error("nothing of %s is applied", d->file.path);
		write_status(d);
		notify("STATUS=mistakes in %s: the configuration before it is in use",
		       d->file.path);
		return;
	}
	config_free(d->next_cfg);
	d->next_cfg = cfg;
	/* Now, because what was applied before may still wait for requests to end. */
	config_use_accounts(cfg);
	rpcsec_set(d->rpcsec, !cfg->gssproxy);
	tls_configure(d->tls, &cfg->tls);
	offload_configure(d->services.offload, cfg);
	d->heard = heard;
	__atomic_store_n(&d->stopped, false, __ATOMIC_RELAXED);
	log_notice("%s is read again", d->file.path);
	if (channel_is_up(d->channel))
		start_apply(d);
}

/* dittoctl stop removes shares and listeners as soon as dittod adds no more. */
static void stop_serving(struct daemon *d)
{
	__atomic_store_n(&d->stopped, true, __ATOMIC_RELAXED);
	d->heard = clock_ns();
	d->again = false;
	set_retry(d, 0);
	log_notice("stopped: nothing is applied until the configuration is read again");
	notify("STATUS=stopped");
	if (!d->applying)
		write_status(d);
}

static void signal_ready(void *arg)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		dittod_reload(d);
	else if (info.ssi_signo == SIGUSR1)
		stop_serving(d);
	else
		d->stop = true;
}

static void timer_ready(void *arg)
{
	struct daemon *d = arg;
	u64 times;

	if (read(d->timer, &times, sizeof(times)) != sizeof(times))
		return;
	if (!channel_is_up(d->channel))
		channel_check(d->channel);
	else if (++d->waited >= BEGIN_WAIT)
		begin_life(d);
}

static void retry_ready(void *arg)
{
	struct daemon *d = arg;
	u64 times;

	if (read(d->retry, &times, sizeof(times)) == sizeof(times) && channel_is_up(d->channel))
		start_apply(d);
}

static void refresh_is_ready(void *arg)
{
	struct daemon *d = arg;

	refresh_ready(d->refresh, channel_is_up(d->channel));
	rpcsec_check(d->rpcsec);
}

static void mounts_are_ready(void *arg)
{
	struct daemon *d = arg;

	mounts_changed(d->mounts, channel_is_up(d->channel));
}

static void hosts_are_ready(void *arg)
{
	hosts_ready(arg);
}

static void logins_ready(void *arg)
{
	struct daemon *d = arg;

	pool_reap(d->services.logins);
	channel_hello(d->channel);
}

static void auth_is_ready(void *arg)
{
	struct daemon *d = arg;

	auth_ready(d->services.auth);
	channel_hello(d->channel);
}

/*
 * The spawner sends nothing, so its socket is readable because it has ended. No worker can be
 * started any more.
 */
static void spawner_is_ready(void *arg)
{
	struct daemon *d = arg;

	log_error("the process that starts workers has ended: dittod must be started again");
	d->failed = true;
	d->stop = true;
}

static void pipes_are_ready(void *arg)
{
	pipes_ready(arg);
}

static void recorder_ready(void *arg)
{
	recorder_reap(arg);
}

static void helper_ready(void *arg)
{
	channel_helper_ready(arg);
}

static void rpcsec_is_ready(void *arg)
{
	rpcsec_ready(arg);
}

static void events_ready(void *arg)
{
	channel_events_ready(arg);
}

static bool open_kernel(struct daemon *d)
{
	bool started = services_open(&d->services, d->spawner, d->state_dir);
	struct why why;

	d->rpcsec = rpcsec_new(d->services.auth);
	d->applier = pool_new(1, 3);
	d->kernel = kernel_open();
	d->tls = tls_new(d->spawner);
	if (d->applier && d->kernel) {
		d->refresh = refresh_new(d->applier, d->kernel);
		d->mounts = mounts_new(d->applier, d->kernel);
	}
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	d->retry = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!started || !d->applier || !d->kernel || d->timer < 0 || d->retry < 0 ||
	    !d->refresh || !d->mounts || !d->rpcsec || !d->tls) {
		log_error("cannot start: %s", strerror(errno));
		return false;
	}
	d->channel = channel_open(&d->services, &channel_ops, d, &why);
	if (!d->channel)
		log_error("%s", why.text);
	return d->channel;
}

static int dittod_run(struct daemon *d, const char *state_dir)
{
	char replay[PATH_MAX];
	struct why why;
	int late, rc;

	d->signals = loop_signals();
	d->heard = clock_ns();
	d->cfg = config_file_load(&d->file, NULL);
	if (!d->cfg)
		return EXIT_FAILURE;
	d->state_dir = state_dir;
	d->st = state_open(state_dir, &why);
	if (!d->st) {
		log_error("%s", why.text);
		return EXIT_FAILURE;
	}
	dittod_use_machine(d->st);
	/* There are no other threads yet, and privileges are complete. */
	snprintf(replay, sizeof(replay), "%s/replay", state_dir);
	d->spawner = worker_spawner_start();
	if (d->spawner >= 0)
		d->services.auth = auth_new(DITTO_USERS_FILE, replay, d->spawner);
	if (!d->services.auth) {
		log_error("cannot log users in");
		return EXIT_FAILURE;
	}
	d->services.recorder = recorder_open(state_dir, &why);
	if (!d->services.recorder) {
		log_error("%s", why.text);
		return EXIT_FAILURE;
	}
	rc = privileges_drop();
	if (rc) {
		log_error(rc == -EPERM ? "this needs root (CAP_NET_ADMIN)" :
			  "cannot drop privileges: %s", strerror(-rc));
		return EXIT_FAILURE;
	}
	late = late_open();
	if (late < 0) {
		log_error("cannot make a timer: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	config_use_accounts(d->cfg);
	d->job.run = run_apply;
	d->job.done = apply_done;
	if (!open_kernel(d))
		return EXIT_FAILURE;
	log_notice("dittod %s, start %llu", DITTO_VERSION, state_epoch(d->st));
	rpcsec_set(d->rpcsec, !d->cfg->gssproxy);
	tls_configure(d->tls, &d->cfg->tls);
	offload_configure(d->services.offload, d->cfg);
	/* dittoctl can send orders from now on: their signals wait until the loop takes them. */
	write_status(d);
	channel_check(d->channel);
	if (!channel_is_up(d->channel)) {
		log_notice("ditto.ko is not loaded: waiting for it");
		wait_for_module(d);
	}

	struct source sources[] = {
		{ d->signals, signal_ready, d, 0 },
		{ d->timer, timer_ready, d, 0 },
		{ d->retry, retry_ready, d, 0 },
		{ refresh_fd(d->refresh), refresh_is_ready, d, 0 },
		{ mounts_fd(d->mounts), mounts_are_ready, d, EPOLLPRI },
		loop_pool(d->services.names),
		loop_pool(d->services.sids),
		loop_pool(d->services.netgroups),
		{ late, late_ready, NULL, 0 },
		{ hosts_fd(d->services.hosts), hosts_are_ready, d->services.hosts, 0 },
		{ pool_fd(d->services.logins), logins_ready, d, 0 },
		loop_pool(d->services.calls),
		loop_pool(d->services.audit),
		{ rpcsec_fd(d->rpcsec), rpcsec_is_ready, d->rpcsec, 0 },
		{ d->spawner, spawner_is_ready, d, 0 },
		{ auth_fd(d->services.auth), auth_is_ready, d, 0 },
		{ pipes_fd(d->services.pipes), pipes_are_ready, d->services.pipes, 0 },
		tls_source(d->tls),
		offload_source(d->services.offload),
		loop_pool(d->applier),
		{ recorder_fd(d->services.recorder), recorder_ready, d->services.recorder, 0 },
		{ channel_helper_fd(d->channel), helper_ready, d->channel, 0 },
		{ channel_events_fd(d->channel), events_ready, d->channel, 0 },
	};

	rc = loop_run(sources, ARRAY_SIZE(sources), &d->stop);
	if (rc)
		log_error("cannot wait for events: %s", strerror(-rc));
	/*
	 * The server continues to run. Threads may hang in the name service or wait for a share
	 * to drain; they end with the process. Destructors of libraries that these threads use
	 * do not run.
	 */
	notify("STOPPING=1");
	rpcsec_set(d->rpcsec, false);
	status_remove();
	/* Its process ends with it; what the kernel waits for is asked for again. */
	unlink(OFFLOAD_CTL_SOCKET);
	recorder_close(d->services.recorder);
	if (!d->applying)
		state_close(d->st);
	fflush(NULL);
	_exit(rc || d->failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void dittod_usage(FILE *out)
{
	fputs("dittod [-c FILE] [-s DIR] [--check-config | --map-user NAME | --tls-agent]\n\n"
	      "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
	      "  -s, --state DIR     where the state database lies (" DEFAULT_STATE ")\n"
	      "  -f, --foreground    stay in the foreground, which it always does\n"
	      "      --check-config  only say whether the configuration has mistakes\n"
	      "      --map-user NAME only say which account user@REALM or DOMAIN\\user gets\n"
	      "      --tls-agent     only do TLS handshakes for this machine's kernel\n"
	      "  -h, --help\n"
	      "  -V, --version\n\n"
	      "Manual: man dittod\n", out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "map-user", required_argument, NULL, 'm' },
		{ "tls-agent", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	static struct daemon d = { .file = { .path = DEFAULT_CONFIG, .optional = true } };
	const char *state_dir = DEFAULT_STATE;
	const char *mapped = NULL;
	bool check = false;
	bool agent = false;
	int c;

	worker_main(argc, argv);
	fault_init();
	log_open();
	while ((c = getopt_long(argc, argv, "c:s:fhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			d.file.path = optarg;
			d.file.optional = false;
			break;
		case 's':
			state_dir = optarg;
			break;
		case 'f':
			break;
		case 'k':
			check = true;
			break;
		case 't':
			agent = true;
			break;
		case 'm':
			mapped = optarg;
			break;
		case 'h':
			dittod_usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("dittod " DITTO_VERSION);
			return EXIT_SUCCESS;
		default:
			dittod_usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "dittod: '%s' is one word too many\n", argv[optind]);
		dittod_usage(stderr);
		return EXIT_FAILURE;
	}
	if (mapped)
		return command_map_user(&d.file, mapped);
	if (agent)
		return agent_run(&d.file);
	return check ? command_check_config(&d.file) : dittod_run(&d, state_dir);
}
