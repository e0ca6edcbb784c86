// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload policy watch: runs the policies as soon as the kernel tells that a file system
 * has no room and nothing there gives way. Each run is a process of its own, so what it needs ends
 * with it.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "clock.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "offload.h"
#include "jobs.h"

/* Milliseconds between two runs at least. */
#define WATCH_LEAST	5000
/* A run looks at all files: it takes at most a part of the time. */
#define WATCH_PART	4
/* Milliseconds after which it is looked where events come from. */
#define WATCH_LISTEN	10000

static int watch_on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[DITTO_A_EVENT_MAX + 1];
	bool *full = arg;

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd == DITTO_CMD_EVENT &&
	    !msg_parse(msg, &spec_event_set, tb) && tb[DITTO_A_EVENT_TYPE] &&
	    nla_get_u32(tb[DITTO_A_EVENT_TYPE]) == DITTO_EVENT_KIND_OFFLOAD_FULL)
		*full = true;
	return NL_OK;
}

/* The module may have been loaded anew, which then has another number for the events. */
static void watch_listen(struct conn *c, bool *full)
{
	conn_close(c);
	if (conn_open(c) || conn_find_family(c))
		return;
	nl_socket_disable_seq_check(c->sock);
	nl_socket_modify_cb(c->sock, NL_CB_VALID, NL_CB_CUSTOM, watch_on_event, full);
	nl_socket_set_nonblocking(c->sock);
	nl_socket_add_membership(c->sock, c->events);
}

/* Wait for an event, at least @least milliseconds. */
static void watch_wait(struct conn *c, bool *full, u64 least)
{
	u64 begun = clock_ms(), now;
	struct pollfd p = { .events = POLLIN };

	while (now = clock_ms(), !*full || now < begun + least) {
		p.fd = c->sock && !*full ? nl_socket_get_fd(c->sock) : -1;
		if (poll(&p, 1, *full ? (int)(begun + least - now) : WATCH_LISTEN) > 0)
			nl_recvmsgs_default(c->sock);
		else if (!*full)
			watch_listen(c, full);
	}
}

/* Returns false if no process can be made. */
static bool watch_run(struct ctl *ctl)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		exit(offload_policies_scheduled(ctl, false) ? CTL_OK : CTL_REFUSED);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0;
}

int offload_policy_watch(struct ctl *ctl, char **words)
{
	struct conn events = { 0 };
	bool full;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	for (;;) {
		u64 begun = clock_ms(), least;

		/* What happens during the run is heard behind it. */
		full = false;
		watch_listen(&events, &full);
		if (!watch_run(ctl)) {
			why_not(&ctl->conn.why, "%s", strerror(errno));
			conn_close(&events);
			return ctl_refused(ctl, NULL);
		}
		least = WATCH_PART * (clock_ms() - begun);
		watch_wait(&events, &full, least < WATCH_LEAST ? WATCH_LEAST : least);
	}
}
