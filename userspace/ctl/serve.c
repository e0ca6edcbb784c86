// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl start and stop: the server as a whole. */

#include <errno.h>
#include <linux/genetlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "nl/listener.h"
#include "nl/status.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "nl/share.h"
#include "serve.h"
#include "text.h"

/*
 * Milliseconds between two looks at dittod's status, and until dittod must have handled a signal.
 */
#define POLL_MS		50
#define SIGNAL_MS	30000
/* Objects that were added during a round are removed in the next one. */
#define STOP_ROUNDS	3

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void print_mistakes(const struct ctl *ctl, const struct status *s)
{
	unsigned int i;

	for (i = 0; i < s->nproblems; i++) {
		if (strcmp(s->problem[i].what, STATUS_CONFIGURATION))
			continue;
		ctl_failed(ctl, "%s", s->problem[i].why);
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

static int daemon_signal(const struct ctl *ctl, pid_t pid, int signal)
{
	if (!kill(pid, signal))
		return CTL_OK;
	return ctl_failed(ctl, "dittod (process %d): %s", pid, strerror(errno));
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
		return ctl_failed(ctl, "dittod does not run: systemctl start dittod");
	}
	told = s.pid;
	status_free(&s);
	if (daemon_signal(ctl, told, signal))
		return CTL_REFUSED;
	for (ms = 0; ms < SIGNAL_MS; ms += POLL_MS) {
		pid = told;
		if (daemon_did(ctl, stopped, since, &pid, &refused))
			return refused ? CTL_REFUSED : CTL_OK;
		if (pid != told && daemon_signal(ctl, pid, signal))
			return CTL_REFUSED;
		told = pid;
		sleep_ms(POLL_MS);
	}
	return ctl_failed(ctl, "dittod (process %d) does not answer", told);
}

static void put_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_LISTENER_ID, arg, sizeof(u32));
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
			status |= ctl_do(ctl, DITTO_CMD_SHARE_DEL, share_put_name,
					 nla_get_string(name), nla_get_string(name), NULL);
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

int serve_reload(const struct ctl *ctl)
{
	return tell_daemon(ctl, SIGHUP, false);
}

static int start_run(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	return serve_reload(ctl);
}

const struct verb start_verbs[] = {
	{ "", start_run, "" },
	{ NULL, NULL, NULL }
};

const struct verb stop_verbs[] = {
	{ "", stop_run, "" },
	{ NULL, NULL, NULL }
};
