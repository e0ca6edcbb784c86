// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scan worker, see scan_order.h. A process of its own runs the program for each file, and ends
 * with it.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scan_order.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

static void scan_answer(struct scan_answer *a)
{
	send(WORKER_FD_CONTROL, a, sizeof(*a), MSG_NOSIGNAL);
}

static void scan_done(struct command *c, bool good)
{
	struct scan_answer a = { .id = *(u64 *)c->arg, .clean = good };

	if (c->status == 1) {
		c->text[strcspn(c->text, "\r\n")] = '\0';
		snprintf(a.why, sizeof(a.why), "%.*s", SCAN_WHY_MAX - 1, c->text);
	} else if (!good) {
		a.error = EIO;
		snprintf(a.why, sizeof(a.why), "%.*s", SCAN_WHY_MAX - 1, c->why);
	}
	scan_answer(&a);
	_exit(0);
}

/* Wait for an order. Returns false when dittod does not want the worker any more. */
static bool scan_take(struct scan_order *order, int *file)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { order, sizeof(*order) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t len;

	do
		len = recvmsg(WORKER_FD_CONTROL, &h, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len != (ssize_t)sizeof(*order) || h.msg_controllen < CMSG_LEN(sizeof(int)))
		return false;
	memcpy(file, CMSG_DATA(&control.header), sizeof(int));
	return true;
}

static void scan_run(struct scan_order *order, int file)
{
	static struct command c = { .done = scan_done, .talks = true };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	c.input = file;
	c.arg = &order->id;
	command_execute(&c, order->words, order->ms);
}

void worker_run_scans(void)
{
	static struct scan_order order;
	struct scan_answer a;
	int file, rc;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	/* Nobody asks how the processes end. */
	signal(SIGCHLD, SIG_IGN);
	rc = sandbox_command();
	if (rc)
		_exit(1);
	while (scan_take(&order, &file)) {
		pid = fork();
		if (!pid)
			scan_run(&order, file);
		close(file);
		if (pid > 0)
			continue;
		a = (struct scan_answer){ .id = order.id, .error = EAGAIN };
		snprintf(a.why, sizeof(a.why), "no process can be started");
		scan_answer(&a);
	}
	/* They end what they run, and then themselves. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}
