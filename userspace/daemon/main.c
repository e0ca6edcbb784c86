// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittod: applies the configuration to ditto.ko and answers its upcalls.
 *
 * One event loop waits for everything. Untrusted input is parsed by workers, which are separate
 * processes. Blocking work runs in pools: authentication over SMB and over NFS have eight threads
 * each and named pipes four, look-ups of accounts four times as many as one client may keep busy;
 * netgroups, applying the configuration, writing records, and checks of the keytab have one thread
 * each; four give offloaded data to the kernel. No kind of work can therefore delay another.
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
#include <unistd.h>

#include "tls/agent.h"
#include "audit.h"
#include "auth/auth.h"
#include "worker/channel.h"
#include "config/command.h"
#include "common/offload_ctl.h"
#include "common/run_path.h"
#include "config/config.h"
#include "config/config_file.h"
#include "control.h"
#include "fault.h"
#include "hosts/hosts.h"
#include "identity/identity.h"
#include "kernel.h"
#include "auth/keytab_check.h"
#include "upcall_deadline.h"
#include "log.h"
#include "loop.h"
#include "config/mounts.h"
#include "notify.h"
#include "broker/offload.h"
#include "broker/scan.h"
#include "paths.h"
#include "rpc/pipe.h"
#include "pool.h"
#include "worker/privileges.h"
#include "state/recorder.h"
#include "config/refresh.h"
#include "auth/rpcsec.h"
#include "services.h"
#include "daemon_lock.h"
#include "state/state.h"
#include "tls/tls.h"
#include "upcall.h"
#include "worker/worker.h"

#define DEFAULT_CONFIG	"/etc/ditto/ditto.conf"
#define DEFAULT_STATE	"/var/lib/ditto"

/**
 * struct daemon - state of dittod
 * @file: the configuration file
 * @control: applies the configuration
 * @state_dir: folder of the state
 * @kernel: used by jobs of @applier only
 * @channel: connections to the kernel
 * @services: services that process upcalls
 * @spawner: socket of the spawner
 * @tls: agent for TLS handshakes
 * @signals: signal descriptor
 * @failed: @stop was set because of an error
 * @applier: pool of one thread for @control, @refresh and @mounts
 * @refresh: makes the kernel renew registrations with other programs
 * @mounts: tells the kernel about file systems within shares
 * @rpcsec: authenticates users of NFS
 * @keytab: compares the keys of the keytab with the KDC's
 * @stop: ends the loop
 */
struct daemon {
	struct config_file file;
	struct control *control;
	const char *state_dir;
	struct kernel *kernel;
	struct channel *channel;
	struct upcall_services services;
	int spawner;
	struct tls *tls;
	int signals;
	bool failed;
	struct pool *applier;
	struct refresh *refresh;
	struct mounts *mounts;
	struct rpcsec *rpcsec;
	struct keytab_check *keytab;
	bool stop;
};

static void on_up(void *arg)
{
	struct daemon *d = arg;

	rpcsec_check(d->rpcsec);
	control_up(d->control);
}

static void on_down(void *arg)
{
	struct daemon *d = arg;

	recorder_gone(d->services.recorder);
	pipes_clear(d->services.pipes);
	mounts_drop_all(d->mounts);
	offload_gone(d->services.offload);
	scan_gone(d->services.scan);
	control_down(d->control);
}

static void on_protocol(void *arg)
{
	struct daemon *d = arg;

	rpcsec_check(d->rpcsec);
	control_apply(d->control);
}

static void on_protocol_gone(void *arg)
{
	struct daemon *d = arg;

	control_protocol_gone(d->control);
}

static void on_shares(void *arg)
{
	struct daemon *d = arg;

	mounts_changed(d->mounts, true);
}

static void on_changed(void *arg)
{
	struct daemon *d = arg;

	control_look(d->control);
}

static void on_share_removed(void *arg, const char *name)
{
	struct daemon *d = arg;

	mounts_drop_share(d->mounts, name);
}

static void on_registered(void *arg, u64 instance, u64 epoch)
{
	struct daemon *d = arg;

	if (epoch)
		recorder_begin(d->services.recorder, instance, epoch);
	else
		control_hold_records(d->control, instance);
}

static const struct channel_ops channel_ops = {
	.up = on_up,
	.down = on_down,
	.protocol = on_protocol,
	.protocol_gone = on_protocol_gone,
	.shares = on_shares,
	.share_removed = on_share_removed,
	.changed = on_changed,
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

/* Use what other parts than the kernel need of the configuration. */
static void dittod_use(struct daemon *d, const struct config *cfg)
{
	config_use_accounts(cfg);
	rpcsec_set(d->rpcsec, !cfg->gssproxy);
	tls_configure(d->tls, &cfg->tls);
	offload_configure(d->services.offload, cfg);
	scan_configure(d->services.scan, cfg->scan_command);
}

static void dittod_reload(struct daemon *d)
{
	const struct config *cfg = control_read(d->control);

	channel_hello(d->channel);
	keytab_check_look(d->keytab, true);
	if (!cfg)
		return;
	/* Now, because what was applied before may still wait for requests to end. */
	dittod_use(d, cfg);
	if (channel_is_up(d->channel))
		control_apply(d->control);
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
		control_stop(d->control);
	else
		d->stop = true;
}

static void refresh_is_ready(void *arg)
{
	struct daemon *d = arg;

	refresh_ready(d->refresh, channel_is_up(d->channel));
	control_look(d->control);
	keytab_check_look(d->keytab, false);
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

static void tls_is_told(void *arg, const char *problem)
{
	struct daemon *d = arg;

	control_tell_tls(d->control, problem);
}

static void covered_are_told(void *arg, const struct problems *covered)
{
	struct daemon *d = arg;

	control_tell_covered(d->control, covered);
}

static void stores_are_told(void *arg, const struct offload_told *told)
{
	struct daemon *d = arg;

	control_tell_stores(d->control, told);
}

static void keytab_is_told(void *arg, bool wrong, const char *why)
{
	struct daemon *d = arg;

	control_tell_keytab(d->control, wrong, why);
}

static bool open_kernel(struct daemon *d)
{
	bool started = services_open(&d->services, d->spawner, d->state_dir);
	struct why why;

	d->rpcsec = rpcsec_new(d->services.auth);
	d->applier = pool_new(1, 4);
	d->kernel = kernel_open();
	d->tls = tls_new(d->spawner, tls_is_told, d);
	d->keytab = keytab_check_new(d->spawner, keytab_is_told, d);
	if (d->applier && d->kernel) {
		d->refresh = refresh_new(d->applier, d->kernel);
		d->mounts = mounts_new(d->applier, d->kernel, covered_are_told, d);
	}
	if (!started || !d->applier || !d->kernel || !d->refresh ||
	    !d->mounts || !d->rpcsec || !d->tls || !d->keytab) {
		log_error("cannot start: %s", strerror(errno));
		return false;
	}
	offload_tell_stores(d->services.offload, stores_are_told, d);
	d->channel = channel_open(&d->services, &channel_ops, d, &why);
	if (!d->channel)
		log_error("%s", why.text);
	return d->channel;
}

static int dittod_run(struct daemon *d, const char *state_dir)
{
	struct control_means with = { 0 };
	char replay[PATH_MAX], socket[RUN_PATH_SIZE];
	struct why why;
	int late, rc;

	d->signals = loop_signals();
	d->control = control_new(&d->file);
	if (!d->control)
		return EXIT_FAILURE;
	if (!daemon_lock(state_dir, &why)) {
		log_error("%s", why.text);
		return EXIT_FAILURE;
	}
	d->state_dir = state_dir;
	with.st = state_open(state_dir, &why);
	if (!with.st) {
		log_error("%s", why.text);
		return EXIT_FAILURE;
	}
	dittod_use_machine(with.st);
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
	late = upcall_deadline_open();
	if (late < 0) {
		log_error("cannot make a timer: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (!open_kernel(d))
		return EXIT_FAILURE;
	log_notice("dittod %s, start %llu", DITTO_VERSION, state_epoch(with.st));
	dittod_use(d, control_config(d->control));
	with.kernel = d->kernel;
	with.applier = d->applier;
	with.channel = d->channel;
	with.recorder = d->services.recorder;
	with.state_dir = state_dir;
	control_begin(d->control, &with);
	keytab_check_look(d->keytab, true);

	struct source sources[] = {
		{ d->signals, signal_ready, d, 0 },
		control_timer_source(d->control),
		control_retry_source(d->control),
		{ refresh_fd(d->refresh), refresh_is_ready, d, 0 },
		{ mounts_fd(d->mounts), mounts_are_ready, d, EPOLLPRI },
		loop_pool(d->services.names),
		loop_pool(d->services.sids),
		loop_pool(d->services.netgroups),
		{ late, upcall_deadline_ready, NULL, 0 },
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
		scan_source(d->services.scan),
		loop_pool(d->applier),
		keytab_check_source(d->keytab),
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
	/* Its process ends with it; what the kernel waits for is asked for again. */
	unlink(run_path(socket, OFFLOAD_CTL_NAME, OFFLOAD_CTL_SUFFIX));
	recorder_close(d->services.recorder);
	control_end(d->control);
	daemon_unlock();
	fflush(NULL);
	_exit(rc || d->failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void dittod_usage(FILE *out)
{
	fputs("dittod [-c FILE] [-s DIR] [--json]\n"
	      "       [--check-config | --show-config | --diff-config | --save-config | --add-config |\n"
	      "        --dry-run | --map-user NAME | --tls-agent]\n\n"
	      "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
	      "  -s, --state DIR     where the state database lies (" DEFAULT_STATE ")\n"
	      "      --check-config  only say whether the configuration has mistakes\n"
	      "      --show-config   only print what is served, as a configuration\n"
	      "      --diff-config   only print what is served and differs from the configuration\n"
	      "      --save-config   only change the configuration to what is served\n"
	      "      --add-config    only add the sections that the standard input has\n"
	      "      --dry-run       only print what would be changed to apply the configuration\n"
	      "      --json          print a JSON document for one of these\n"
	      "      --map-user NAME only say which account user@REALM or DOMAIN\\user gets\n"
	      "      --tls-agent     only do TLS handshakes for this machine's kernel\n"
	      "  -h, --help\n"
	      "  -V, --version\n\n"
	      "Manual: man dittod\n", out);
}

/* Options without a letter. */
enum {
	OPTION_CHECK = 256,
	OPTION_SHOW,
	OPTION_DIFF,
	OPTION_SAVE,
	OPTION_ADD,
	OPTION_DRY_RUN,
};

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "check-config", no_argument, NULL, OPTION_CHECK },
		{ "show-config", no_argument, NULL, OPTION_SHOW },
		{ "diff-config", no_argument, NULL, OPTION_DIFF },
		{ "save-config", no_argument, NULL, OPTION_SAVE },
		{ "add-config", no_argument, NULL, OPTION_ADD },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "json", no_argument, NULL, 'j' },
		{ "map-user", required_argument, NULL, 'm' },
		{ "tls-agent", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	static struct daemon d = { .file = { .path = DEFAULT_CONFIG, .optional = true } };
	const char *state_dir = DEFAULT_STATE;
	const char *mapped = NULL;
	bool agent = false, json = false;
	int command = 0;
	int c;

	worker_main(argc, argv);
	fault_init();
	log_open();
	while ((c = getopt_long(argc, argv, "c:s:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			d.file.path = optarg;
			d.file.optional = false;
			break;
		case 's':
			state_dir = optarg;
			break;
		case OPTION_CHECK:
		case OPTION_SHOW:
		case OPTION_DIFF:
		case OPTION_SAVE:
		case OPTION_ADD:
		case OPTION_DRY_RUN:
			command = c;
			break;
		case 'j':
			json = true;
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
	switch (command) {
	case OPTION_CHECK:
		return command_check_config(&d.file, json);
	case OPTION_SHOW:
		return command_show_config();
	case OPTION_DIFF:
		return command_diff_config(&d.file, json);
	case OPTION_SAVE:
		return command_save_config(&d.file, json);
	case OPTION_ADD:
		return command_add_config(&d.file, json);
	case OPTION_DRY_RUN:
		return command_dry_run(&d.file, state_dir, json);
	default:
		return dittod_run(&d, state_dir);
	}
}
