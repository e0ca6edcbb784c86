// SPDX-License-Identifier: GPL-2.0-only
/* Files to be scanned, see scan.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "daemon/log.h"
#include "daemon/upcall.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"
#include "scan.h"
#include "scan_order.h"
#include "worker/worker.h"

/* More than the kernel sends without an answer. */
#define SCAN_RUNS_MAX	64
/* Milliseconds between two starts of the worker. */
#define SCAN_PAUSE	1000
/* Milliseconds for which an answer may be late: the kernel does not wait for it any more. */
#define SCAN_LATE	5000

/**
 * struct scan_run - a file that is being scanned
 * @link: entry in the list
 * @channel: connection on which the answer is sent
 * @id: number of the request, and of the order
 * @until: clock_ms() at which the kernel does not wait any more
 */
struct scan_run {
	LIST_ENTRY(scan_run) link;
	struct conn *channel;
	u64 id;
	u64 until;
};

/**
 * struct scan - all of them
 * @spawner: socket of the spawner
 * @poll: watches @fd
 * @fd: socket of the worker, or -1
 * @started: clock_ms() at which it was started, or 0
 * @conn: connection for files
 * @command: the program and its arguments; NULL without
 * @runs: struct scan_run
 * @nruns: their number
 */
struct scan {
	int spawner;
	int poll;
	int fd;
	u64 started;
	struct conn conn;
	char *command;
	LIST_HEAD(, scan_run) runs;
	unsigned int nruns;
};

struct scan *scan_new(int spawner)
{
	struct scan *s = mem_new(sizeof(*s));

	s->spawner = spawner;
	s->fd = -1;
	s->poll = epoll_create1(EPOLL_CLOEXEC);
	if (s->poll >= 0 && !conn_open(&s->conn))
		return s;
	if (s->poll >= 0)
		close(s->poll);
	free(s);
	return NULL;
}

/* Another program, or the first one that this process knows, may say something else. */
void scan_configure(struct scan *s, const char *command)
{
	bool same = command && s->command ? !strcmp(command, s->command) : command == s->command;

	if (same)
		return;
	free(s->command);
	s->command = command ? mem_string(command) : NULL;
	/* Without the module nothing is known. */
	if (conn_find_family(&s->conn))
		return;
	if (conn_call(&s->conn, conn_message(&s->conn, DITTO_CMD_SCAN_FORGET), NULL))
		log_warning("what is known about the content of files may be that of another scan-command: %s; see dittoctl scan forget",
			    s->conn.why.text);
}

static void scan_answer(struct conn *channel, u64 id, const struct scan_answer *a)
{
	struct nl_msg *msg = upcall_answer(channel);

	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, id);
	if (a->error)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, a->error);
	else
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_GRANTED, a->clean);
	if (*a->why)
		msg_put_string(msg, DITTO_A_UPCALL_ERROR_TEXT, a->why);
	upcall_send(channel, msg);
}

static void scan_fail(struct conn *channel, u64 id, int error, const char *why)
{
	struct scan_answer a = { .error = (u32)error };

	snprintf(a.why, sizeof(a.why), "%.*s", SCAN_WHY_MAX - 1, why);
	scan_answer(channel, id, &a);
}

static void scan_run_free(struct scan *s, struct scan_run *run)
{
	LIST_REMOVE(run, link);
	s->nruns--;
	free(run);
}

/* Stop the worker, and what it runs. */
static void scan_drop(struct scan *s, const char *why)
{
	struct scan_run *run;

	while ((run = LIST_FIRST(&s->runs))) {
		if (why)
			scan_fail(run->channel, run->id, EIO, why);
		scan_run_free(s, run);
	}
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void scan_gone(struct scan *s)
{
	scan_drop(s, NULL);
}

/* Returns 0 or a negative errno. */
static int scan_start(struct scan *s)
{
	struct epoll_event event = { .events = EPOLLIN };
	u64 now = clock_ms();
	int pair[2];
	int rc;

	if (s->fd >= 0)
		return 0;
	if (s->started && now < s->started + SCAN_PAUSE)
		return -EAGAIN;
	s->started = now;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	rc = worker_spawner_program(s->spawner, WORKER_SCANS, pair[1]);
	close(pair[1]);
	if (!rc && epoll_ctl(s->poll, EPOLL_CTL_ADD, pair[0], &event))
		rc = -errno;
	if (rc)
		close(pair[0]);
	else
		s->fd = pair[0];
	return rc;
}

/* Get the file from the kernel. Returns it or a negative errno. */
static int scan_open(struct scan *s, const struct conn *channel, u64 number)
{
	struct nlattr *tb[DITTO_A_SCAN_MAX + 1];
	struct nl_msg *msg, *reply;
	int rc;

	s->conn.family = channel->family;
	msg = conn_message(&s->conn, DITTO_CMD_SCAN_OPEN);
	msg_put_number(msg, &spec_scan_set, DITTO_A_SCAN_NUMBER, number);
	rc = conn_call(&s->conn, msg, &reply);
	if (rc)
		return rc;
	rc = -EBADMSG;
	if (reply && !msg_parse(reply, &spec_scan_set, tb) && tb[DITTO_A_SCAN_FD])
		rc = (int)nla_get_u32(tb[DITTO_A_SCAN_FD]);
	nlmsg_free(reply);
	return rc;
}

/* Returns 0 or a negative errno. */
static int scan_send(const struct scan *s, struct scan_order *order, int file)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	struct iovec iov = { order, sizeof(*order) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	c.header.cmsg_level = SOL_SOCKET;
	c.header.cmsg_type = SCM_RIGHTS;
	c.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c.header), &file, sizeof(int));
	return sendmsg(s->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Those whose answer did not come. */
static void scan_forget_late(struct scan *s)
{
	struct scan_run *run, *next;
	u64 now = clock_ms();

	for (run = LIST_FIRST(&s->runs); run; run = next) {
		next = LIST_NEXT(run, link);
		if (now >= run->until + SCAN_LATE)
			scan_run_free(s, run);
	}
}

void scan_take(struct scan *s, struct conn *channel, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct scan_order order = { 0 };
	struct scan_run *run;
	u32 ms;
	int file, rc;

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID])
		return;
	order.id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	if (!tb[DITTO_A_UPCALL_SCAN] || !tb[DITTO_A_UPCALL_DEADLINE_MS]) {
		scan_fail(channel, order.id, EBADMSG, "the request was not understood");
		return;
	}
	if (!s->command) {
		scan_fail(channel, order.id, ENOENT,
			  "scan-command is missing in [server] of the configuration");
		return;
	}
	if (!command_put_words(order.words, s->command, NULL)) {
		scan_fail(channel, order.id, E2BIG, "scan-command has too many words");
		return;
	}
	scan_forget_late(s);
	rc = s->nruns < SCAN_RUNS_MAX ? scan_start(s) : -EBUSY;
	if (rc) {
		scan_fail(channel, order.id, EIO, "the scan worker cannot be started");
		return;
	}
	file = scan_open(s, channel, nla_get_u64(tb[DITTO_A_UPCALL_SCAN]));
	/* Nobody waits for it any more. */
	if (file == -ENOENT)
		return;
	/* So that the answer is not late. */
	ms = nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	order.ms = ms - ms / 10;
	rc = file < 0 ? file : scan_send(s, &order, file);
	if (file >= 0)
		close(file);
	if (rc) {
		scan_fail(channel, order.id, -rc, strerror(-rc));
		return;
	}
	run = mem_new(sizeof(*run));
	run->channel = channel;
	run->id = order.id;
	run->until = clock_ms() + ms;
	LIST_INSERT_HEAD(&s->runs, run, link);
	s->nruns++;
}

static void scan_ready(void *arg)
{
	struct scan *s = arg;
	struct scan_answer a;
	struct scan_run *run;
	ssize_t len;

	len = recv(s->fd, &a, sizeof(a), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len != (ssize_t)sizeof(a)) {
		log_error("the scan worker has ended: scans under way fail");
		scan_drop(s, "the scan worker has ended");
		return;
	}
	a.why[SCAN_WHY_MAX - 1] = '\0';
	text_make_printable(a.why);
	LIST_FOREACH(run, &s->runs, link)
		if (run->id == a.id)
			break;
	if (!run)
		return;
	scan_answer(run->channel, run->id, &a);
	scan_run_free(s, run);
}

struct source scan_source(struct scan *s)
{
	return (struct source){ s->poll, scan_ready, s, 0 };
}
