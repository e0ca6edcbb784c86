// SPDX-License-Identifier: GPL-2.0-only
/* The key worker: runs one command, see key_command.h. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "key_command.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

/* Answer with the output, or with a failure, and exit. */
static void key_done(struct command *c, bool good)
{
	struct key_answer a = { .good = good };

	memcpy(a.text, c->text, sizeof(a.text));
	if (!good)
		snprintf(a.text, sizeof(a.text), "%s", c->why);
	a.len = good ? c->len : (u32)strlen(a.text);
	send(WORKER_FD_CONTROL, &a, sizeof(a), MSG_NOSIGNAL);
	_exit(0);
}

void worker_run_keys(void)
{
	static struct command c = { .input = -1, .done = key_done };
	static struct key_order order;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	if (recv(WORKER_FD_CONTROL, &order, sizeof(order), 0) != (ssize_t)sizeof(order))
		_exit(1);
	rc = sandbox_command();
	if (rc) {
		snprintf(c.why, sizeof(c.why), "its sandbox: %s", strerror(-rc));
		key_done(&c, false);
	}
	command_execute(&c, order.words, order.ms);
}
