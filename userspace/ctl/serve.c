// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl status, start and stop: the server as a whole. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clock.h"
#include "common/listener.h"
#include "common/share.h"
#include "common/status.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "module.h"
#include "out.h"
#include "text.h"

/*
 * Milliseconds between two looks at dittod's status, and until dittod must have handled a signal.
 */
#define POLL_MS		50
#define SIGNAL_MS	30000
/* Objects that were added meanwhile are removed in the next round. */
#define STOP_ROUNDS	3

enum health {
	HEALTH_GOOD,
	HEALTH_DEGRADED,
	HEALTH_NOT_RUNNING,
};

static const char *const health_names[] = { "serving", "degraded", "not running" };
static const int health_exit[] = { CTL_OK, CTL_DEGRADED, CTL_NOT_RUNNING };

/**
 * struct health_report - output of dittoctl status
 * @health: overall health
 * @loaded: ditto.ko is loaded
 * @helper: a helper is registered, usually dittod
 * @known: a dittod of this namespace has written @daemon
 * @applied: @daemon is about this server, not about one that was unloaded
 * @shares: number of shares
 * @listeners: number of listeners
 * @calls_back: shares accept Kerberos over NFS, whose clients of 4.0 are called back with it
 * @gssd: rpc.gssd runs, which that needs
 * @grace: enum ditto_grace_state
 * @others: enum ditto_grace_others
 * @daemon: status that dittod wrote
 */
struct health_report {
	enum health health;
	bool loaded;
	bool helper;
	bool known;
	bool applied;
	unsigned int shares;
	unsigned int listeners;
	bool calls_back;
	bool gssd;
	u32 grace;
	u32 others;
	struct status daemon;
};

/* Remarks on what else is amiss. */
#define NOTE_HELPER "the kernel has a helper, but no dittod of this network namespace has left its status in /run/ditto: it may run in another container"
#define NOTE_NOT_APPLIED "dittod has not applied its configuration to this server yet"
#define NOTE_LISTENER "clients cannot connect: there is no listener (dittoctl listener add nfs)"
#define NOTE_LOADING "clients wait: dittod has not told yet who may reclaim what it held before the restart"
#define NOTE_FORGETTING "clients get nothing new: dittod has not removed the records of those who did not come back after the restart"
#define NOTE_OTHERS "clients get no locks: another lock manager of this machine (lockd or nfsd) is in grace (dittoctl grace status)"
#define NOTE_GSSD "rpc.gssd does not run: clients of NFSv4.0 with Kerberos get no delegations (systemctl start rpc-gssd)"

/* Call a function for each remark on the state. */
static void serve_notes(const struct health_report *h, void (*tell)(const char *note))
{
	unsigned int i;
	struct why why;

	if (h->loaded && h->helper && !h->known)
		tell(NOTE_HELPER);
	if (h->known && h->helper && !h->daemon.stopped && !h->applied)
		tell(NOTE_NOT_APPLIED);
	if (h->loaded && !h->listeners && !h->daemon.stopped)
		tell(NOTE_LISTENER);
	if (h->grace == DITTO_GRACE_STATE_LOADING)
		tell(NOTE_LOADING);
	if (h->grace == DITTO_GRACE_STATE_FORGETTING)
		tell(NOTE_FORGETTING);
	if (h->others)
		tell(NOTE_OTHERS);
	if (h->calls_back && !h->gssd)
		tell(NOTE_GSSD);
	for (i = 0; i < h->daemon.nremarks; i++) {
		why_not(&why, "%s: %s", h->daemon.remark[i].what, h->daemon.remark[i].why);
		tell(why.text);
	}
}

static void note_json(const char *note)
{
	json_string(stdout, NULL, note);
}

static void note_print(const char *note)
{
	printf("note: %s\n", note);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int serve_count(struct ctl *ctl, u8 cmd, unsigned int *n)
{
	struct replies r;
	int status = ctl_list(ctl, cmd, &r);

	if (status)
		return status;
	*n = r.count;
	replies_free(&r);
	return CTL_OK;
}

static int ask_server(struct ctl *ctl, u64 *started, bool *helper)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	struct nl_msg *reply = NULL;
	int status = ctl_do(ctl, DITTO_CMD_SERVER_GET, NULL, NULL, NULL, &reply);

	if (status || !reply)
		return CTL_REFUSED;
	if (msg_parse(reply, &spec_server_set, tb))
		status = CTL_REFUSED;
	if (!status && tb[DITTO_A_SERVER_STARTED])
		*started = nla_get_u64(tb[DITTO_A_SERVER_STARTED]);
	if (!status && tb[DITTO_A_SERVER_HELPER])
		*helper = nla_get_u8(tb[DITTO_A_SERVER_HELPER]);
	nlmsg_free(reply);
	return status;
}

static int ask_grace(struct ctl *ctl, struct health_report *h)
{
	struct nlattr *tb[DITTO_A_GRACE_MAX + 1];
	struct nl_msg *reply = NULL;
	int status = ctl_do(ctl, DITTO_CMD_GRACE_GET, NULL, NULL, NULL, &reply);

	if (status || !reply)
		return CTL_REFUSED;
	if (msg_parse(reply, &spec_grace_set, tb))
		status = CTL_REFUSED;
	if (!status && tb[DITTO_A_GRACE_STATE])
		h->grace = nla_get_u32(tb[DITTO_A_GRACE_STATE]);
	if (!status && tb[DITTO_A_GRACE_OTHERS])
		h->others = nla_get_u32(tb[DITTO_A_GRACE_OTHERS]);
	nlmsg_free(reply);
	return status;
}

static bool is_gssd(const char *pid, const struct stat *here)
{
	char path[300], comm[32] = "";
	struct stat ns;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	if (strcmp(comm, "rpc.gssd\n"))
		return false;
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return stat(path, &ns) ? errno == EACCES : ns.st_ino == here->st_ino;
}

/* Does rpc.gssd run in this network namespace? Who may not look is told that it does. */
static bool gssd_runs(void)
{
	const struct dirent *entry;
	bool found = false;
	struct stat here;
	DIR *proc;

	if (stat("/proc/self/ns/net", &here))
		return true;
	proc = opendir("/proc");
	if (!proc)
		return true;
	while (!found && (entry = readdir(proc)))
		found = isdigit((unsigned char)entry->d_name[0]) && is_gssd(entry->d_name, &here);
	closedir(proc);
	return found;
}

/* Find out whether clients of NFS are called back with Kerberos. */
static int look_at_calls(struct ctl *ctl, struct health_report *h)
{
	bool nfs = false, kerberos = false;
	struct listener l;
	struct replies r;
	struct share *s;
	unsigned int i;

	if (ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r))
		return CTL_REFUSED;
	for (i = 0; i < r.count; i++)
		nfs |= listener_from_msg(&l, r.msg[i]) && !strcmp(l.protocol, "nfs");
	replies_free(&r);
	if (ctl_list(ctl, DITTO_CMD_SHARE_GET, &r))
		return CTL_REFUSED;
	for (i = 0; i < r.count; i++) {
		s = share_from_msg(r.msg[i]);
		kerberos |= s && s->sec & ~(u32)(DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS);
		share_free(s);
	}
	replies_free(&r);
	h->calls_back = nfs && kerberos;
	h->gssd = h->calls_back && gssd_runs();
	return CTL_OK;
}

static int serve_look(struct ctl *ctl, struct health_report *h)
{
	u64 started = 0;

	memset(h, 0, sizeof(*h));
	h->health = HEALTH_NOT_RUNNING;
	h->known = status_read(&h->daemon);
	if (conn_open(&ctl->conn) || conn_find_family(&ctl->conn))
		return CTL_OK;
	h->loaded = true;
	if (ask_server(ctl, &started, &h->helper) || ask_grace(ctl, h) ||
	    serve_count(ctl, DITTO_CMD_SHARE_GET, &h->shares) ||
	    serve_count(ctl, DITTO_CMD_LISTENER_GET, &h->listeners) || look_at_calls(ctl, h))
		return CTL_REFUSED;
	h->applied = h->daemon.started == started;
	if (!h->known || !h->helper || h->daemon.stopped)
		return CTL_OK;
	h->health = HEALTH_GOOD;
	if (h->daemon.nproblems || !h->applied || !h->listeners || h->others ||
	    h->grace == DITTO_GRACE_STATE_LOADING || h->grace == DITTO_GRACE_STATE_FORGETTING)
		h->health = HEALTH_DEGRADED;
	return CTL_OK;
}

static void print_json(const struct health_report *h)
{
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_string(stdout, "state", health_names[h->health]);
	json_bool(stdout, "loaded", h->loaded);
	json_bool(stdout, "helper", h->helper);
	json_bool(stdout, "stopped", h->daemon.stopped);
	json_number(stdout, "shares", h->shares);
	json_number(stdout, "configured", h->daemon.shares);
	json_number(stdout, "listeners", h->listeners);
	json_open(stdout, "problems", '[');
	for (i = 0; i < h->daemon.nproblems; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "subject", h->daemon.problem[i].what);
		json_string(stdout, "problem", h->daemon.problem[i].why);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_open(stdout, "notes", '[');
	serve_notes(h, note_json);
	json_close(stdout, ']');
	json_close(stdout, '}');
	json_end(stdout);
}

static void print_text(const struct health_report *h)
{
	static const struct column columns[] = {
		{ "SUBJECT", false }, { "PROBLEM", false }, { NULL, false }
	};
	char hint[MODULE_HINT_MAX];
	struct table *t;
	unsigned int i;

	printf("%s: %u share%s, %u listener%s\n", health_names[h->health], h->shares,
	       h->shares == 1 ? "" : "s", h->listeners, h->listeners == 1 ? "" : "s");
	if (!h->loaded)
		printf("ditto.ko is not loaded: %s\n", module_hint("ditto_nfs", hint));
	else if (h->daemon.stopped)
		puts("stopped: dittoctl start serves again");
	else if (!h->helper)
		puts("dittod does not run: systemctl start dittod");
	serve_notes(h, note_print);
	if (!h->daemon.nproblems)
		return;
	t = table_new(columns);
	for (i = 0; i < h->daemon.nproblems; i++) {
		table_cell(t, "%s", h->daemon.problem[i].what);
		table_cell(t, "%s", h->daemon.problem[i].why);
	}
	table_end(t, stdout);
}

static int status_run(struct ctl *ctl, char **words)
{
	struct health_report h;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (serve_look(ctl, &h)) {
		status_free(&h.daemon);
		return CTL_REFUSED;
	}
	if (ctl->json)
		print_json(&h);
	else
		print_text(&h);
	status_free(&h.daemon);
	return health_exit[h.health];
}

static void print_mistakes(const struct ctl *ctl, const struct status *s)
{
	unsigned int i;

	for (i = 0; i < s->nproblems; i++) {
		if (strcmp(s->problem[i].what, STATUS_CONFIGURATION))
			continue;
		text_make_printable(s->problem[i].why);
		fprintf(stderr, "dittoctl: %s: %s\n", ctl->object, s->problem[i].why);
	}
}

/*
 * Check whether dittod has handled the order given at @since: to stop, or to use a new
 * configuration, which it has @refused if there are mistakes. Sets @pid to the running dittod,
 * which may be another process by now that needs the signal too.
 */
static bool daemon_did(const struct ctl *ctl, bool stopped, u64 since, pid_t *pid, bool *refused)
{
	struct status s;
	bool did;

	/* A dittod that has ended applies nothing any more. */
	if (!status_read(&s))
		return stopped;
	/* A result of an earlier order does not count. */
	did = s.heard >= since && s.stopped == stopped;
	*refused = !stopped && s.refused >= since;
	if (*refused)
		print_mistakes(ctl, &s);
	*pid = s.pid;
	status_free(&s);
	return did || *refused;
}

static int daemon_signal(pid_t pid, int signal)
{
	if (!kill(pid, signal))
		return CTL_OK;
	fprintf(stderr, "dittoctl: dittod (process %d): %s\n", pid, strerror(errno));
	return CTL_REFUSED;
}

/* Send a signal to dittod, and wait until it has handled it. */
static int tell_daemon(const struct ctl *ctl, int signal, bool stopped)
{
	u64 since = clock_ns();
	bool refused = false;
	struct status s;
	pid_t pid, told;
	int ms;

	if (!status_read(&s)) {
		if (stopped)
			return CTL_OK;
		fputs("dittoctl: start: dittod does not run: systemctl start dittod\n", stderr);
		return CTL_REFUSED;
	}
	told = s.pid;
	status_free(&s);
	if (daemon_signal(told, signal))
		return CTL_REFUSED;
	for (ms = 0; ms < SIGNAL_MS; ms += POLL_MS) {
		pid = told;
		if (daemon_did(ctl, stopped, since, &pid, &refused))
			return refused ? CTL_REFUSED : CTL_OK;
		if (pid != told && daemon_signal(pid, signal))
			return CTL_REFUSED;
		told = pid;
		sleep_ms(POLL_MS);
	}
	fprintf(stderr, "dittoctl: dittod (process %d) does not answer\n", told);
	return CTL_REFUSED;
}

static void put_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_LISTENER_ID, arg, sizeof(u32));
}

static void put_name(struct nl_msg *msg, const void *arg)
{
	msg_put_string(msg, DITTO_A_SHARE_NAME, arg);
}

/* Request the removal of all listeners, and add their number to @n. Returns an exit status. */
static int del_listeners(struct ctl *ctl, unsigned int *n)
{
	struct replies r;
	unsigned int i;
	int status = ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r);

	if (status)
		return status;
	for (i = 0; i < r.count; i++) {
		char text[LISTENER_TEXT_MAX];
		struct listener l;

		if (listener_from_msg(&l, r.msg[i]))
			status |= ctl_do(ctl, DITTO_CMD_LISTENER_DEL, put_id, &l.id,
					 listener_text(&l, text), NULL);
	}
	*n += r.count;
	replies_free(&r);
	return status;
}

static int del_shares(struct ctl *ctl, unsigned int *n)
{
	struct replies r;
	unsigned int i;
	int status = ctl_list(ctl, DITTO_CMD_SHARE_GET, &r);

	if (status)
		return status;
	for (i = 0; i < r.count; i++) {
		const struct nlattr *name = nlmsg_find_attr(nlmsg_hdr(r.msg[i]), GENL_HDRLEN,
							    DITTO_A_SHARE_NAME);

		if (name)
			status |= ctl_do(ctl, DITTO_CMD_SHARE_DEL, put_name, nla_get_string(name),
					 nla_get_string(name), NULL);
	}
	*n += r.count;
	replies_free(&r);
	return status;
}

/*
 * Listeners are removed first. Clients then wait for the server to return; otherwise they would
 * receive an error that the share is gone.
 */
static int stop_run(struct ctl *ctl, char **words)
{
	unsigned int round, n = 1;
	int told, status = CTL_OK;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	told = tell_daemon(ctl, SIGUSR1, true);
	if (conn_open(&ctl->conn) || conn_find_family(&ctl->conn))
		return told;
	for (round = 0; n && !status && round < STOP_ROUNDS; round++) {
		n = 0;
		status = del_listeners(ctl, &n);
		status |= del_shares(ctl, &n);
	}
	return status ? CTL_REFUSED : told;
}

static int start_run(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	return tell_daemon(ctl, SIGHUP, false);
}

const struct verb status_verbs[] = {
	{ "", status_run, "" },
	{ NULL, NULL, NULL }
};

const struct verb start_verbs[] = {
	{ "", start_run, "" },
	{ NULL, NULL, NULL }
};

const struct verb stop_verbs[] = {
	{ "", stop_run, "" },
	{ NULL, NULL, NULL }
};
