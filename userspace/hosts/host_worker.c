// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host worker: queries name servers for the names of hosts, and reports them to dittod. It
 * has one thread, and exits when dittod does.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_names.h"
#include "mem.h"
#include "resolver.h"
#include "worker/sandbox.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/* A question of dittod. */
struct question {
	struct host_lookup lookup;
	u64 id;
	struct nss_names names;
};

/* Blocks until dittod has read enough of the earlier messages. */
static void host_worker_say(const struct worker_msg *msg)
{
	struct pollfd p = { .fd = WORKER_FD_CONTROL, .events = POLLOUT };
	int rc;

	while ((rc = worker_msg_send(WORKER_FD_CONTROL, msg, -1)) == -EAGAIN)
		poll(&p, 1, -1);
	worker_check(rc);
}

static void question_done(struct host_lookup *l)
{
	struct question *q = (struct question *)l;
	struct worker_msg msg = { .type = WORKER_RESOLVED, .id = q->id, .error = (u64)-l->error };
	u8 names[HOST_NAMES_MAX];

	msg.token = names;
	msg.token_len = host_names_put(&q->names, names);
	host_worker_say(&msg);
	free(q);
}

static void host_worker_take(struct resolver *r, u8 *packet)
{
	struct question *q = mem_new(sizeof(*q));
	struct worker_msg msg;

	worker_check(worker_msg_receive(WORKER_FD_CONTROL, &msg, packet, NULL, 0));
	worker_check(msg.type == WORKER_RESOLVE && (msg.token_len == 4 || msg.token_len == 16) ?
		     0 : -EBADMSG);
	q->lookup.addr.len = msg.token_len;
	memcpy(q->lookup.addr.bytes, msg.token, msg.token_len);
	q->lookup.names = &q->names;
	q->lookup.done = question_done;
	q->id = msg.id;
	resolver_submit(r, &q->lookup);
	worker_check(resolver_is_well(r) ? 0 : -EACCES);
}

void worker_run_hosts(void)
{
	struct worker_msg msg = { .type = WORKER_HELLO };
	struct pollfd p[2] = { { .fd = WORKER_FD_CONTROL, .events = POLLIN } };
	u8 *packet = mem_new(WORKER_PACKET_MAX);
	struct resolver *r;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	r = resolver_new(NULL);
	if (!r)
		_exit(1);
	rc = sandbox_reading(resolver_files);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	rc = sandbox_calls(SANDBOX_HOSTS);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	if (!rc)
		msg.mechs = WORKER_FILTERED;
	host_worker_say(&msg);
	p[1] = (struct pollfd){ .fd = resolver_fd(r), .events = POLLIN };
	for (;;) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents)
			resolver_ready(r);
		if (p[0].revents)
			host_worker_take(r, packet);
	}
}
