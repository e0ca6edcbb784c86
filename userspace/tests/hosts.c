// SPDX-License-Identifier: GPL-2.0-only
/* Host names from the host worker, and from a worker that lies, ends or hangs. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "hosts/host_names.h"
#include "hosts/hosts.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"
#include "mem.h"
#include "process.h"
#include "test.h"

static int spawner;
static u8 packet[WORKER_PACKET_MAX];

struct question {
	struct host_lookup lookup;
	struct nss_names names;
	int done;
};

static void on_done(struct host_lookup *l)
{
	((struct question *)l)->done++;
}

static void hosts_ask(struct hosts *h, struct question *q, const char *addr)
{
	struct why why;

	memset(q, 0, sizeof(*q));
	CHECK(text_address(addr, &q->lookup.addr, &why));
	q->lookup.names = &q->names;
	q->lookup.done = on_done;
	hosts_submit(h, &q->lookup);
}

/* Run until there is an answer. Returns false after a timeout. */
static bool hosts_answered(struct hosts *h, struct question *q)
{
	struct pollfd p = { .fd = hosts_fd(h), .events = POLLIN };
	u64 end = clock_ms() + 60000;

	while (!q->done && clock_ms() < end)
		if (poll(&p, 1, 100) == 1)
			hosts_ready(h);
	return q->done == 1;
}

/* Repeat until a worker is available. */
static bool finds_localhost(struct hosts *h)
{
	struct question q;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		hosts_ask(h, &q, "127.0.0.1");
		if (!CHECK(hosts_answered(h, &q)) || !q.lookup.error)
			break;
		CHECK(q.lookup.error == -EAGAIN && !q.names.n);
		usleep(100000);
	}
	return !q.lookup.error && q.names.n && !strcmp(q.names.name[0], "localhost");
}

static void worker_answers(void)
{
	struct hosts *h = hosts_new(spawner);
	struct question q[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(q); i++)
		hosts_ask(h, &q[i], "127.0.0.1");
	for (i = 0; i < ARRAY_SIZE(q); i++)
		CHECK(hosts_answered(h, &q[i]) && !q[i].lookup.error &&
		      !strcmp(q[i].names.name[0], "localhost"));
	process_check_worker(1);
	hosts_free(h);
}

/* A pending look-up fails with -EAGAIN; the next worker answers again. */
static void worker_dies(void)
{
	struct question q;
	struct hosts *h;
	pid_t pid = -1;
	int times;

	CHECK(process_worker_gone());
	h = hosts_new(spawner);
	for (times = 0; times < 3; times++) {
		CHECK(finds_localhost(h));
		pid = process_worker_after(pid);
		CHECK(process_stop(pid));
		hosts_ask(h, &q, "127.0.0.1");
		CHECK(!q.done && !kill(pid, SIGSEGV) && !kill(pid, SIGCONT));
		CHECK(hosts_answered(h, &q) && q.lookup.error == -EAGAIN && !q.names.n);
	}
	CHECK(finds_localhost(h));
	hosts_free(h);
}

static void worker_hangs(void)
{
	struct question q;
	struct hosts *h;
	pid_t pid;

	CHECK(process_worker_gone());
	h = hosts_new(spawner);
	CHECK(finds_localhost(h));
	pid = process_worker();
	CHECK(process_stop(pid));
	hosts_ask(h, &q, "127.0.0.1");
	CHECK(hosts_answered(h, &q) && q.lookup.error == -EAGAIN);
	CHECK(finds_localhost(h));
	CHECK(process_worker_after(pid) > 0);
	hosts_free(h);
}

static void end_with_questions(void)
{
	struct question q;
	struct hosts *h;

	CHECK(process_worker_gone());
	h = hosts_new(spawner);
	CHECK(finds_localhost(h));
	CHECK(process_stop(process_worker()));
	hosts_ask(h, &q, "127.0.0.1");
	hosts_free(h);
	CHECK(q.done == 1 && q.lookup.error == -EAGAIN);
}

static void list_of_names(void)
{
	static struct nss_names in = { 2, { "one.example.org", "two" } }, out;
	u8 bytes[HOST_NAMES_MAX + 2];
	size_t len = host_names_put(&in, bytes);
	unsigned int i;

	CHECK(len == 20 && host_names_take(bytes, len, &out) && out.n == 2);
	SAME(out.name[0], "one.example.org");
	SAME(out.name[1], "two");
	CHECK(host_names_take(bytes, 0, &out) && !out.n);
	/* Without its end, empty, and with an invalid name. */
	CHECK(!host_names_take(bytes, len - 1, &out));
	CHECK(!host_names_take((const u8 *)"a\0\0b", 5, &out));
	CHECK(!host_names_take((const u8 *)"a b", 4, &out));
	CHECK(!host_names_take((const u8 *)"*.org", 6, &out));
	CHECK(!host_names_take((const u8 *)"\303\244", 3, &out));
	/* Longer than the longest name, and too many names. */
	memset(bytes, 'x', 256);
	bytes[256] = 0;
	CHECK(!host_names_take(bytes, 257, &out));
	bytes[255] = 0;
	CHECK(host_names_take(bytes, 256, &out) && strlen(out.name[0]) == 255);
	for (i = 0; i <= NSS_NAMES_MAX; i++)
		memcpy(bytes + 2 * i, "y", 2);
	CHECK(host_names_take(bytes, 2 * NSS_NAMES_MAX, &out) && out.n == NSS_NAMES_MAX);
	CHECK(!host_names_take(bytes, 2 * NSS_NAMES_MAX + 2, &out));
}

/* Acts as spawner and worker; returns the worker's control socket. */
static int take_order(int orders)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(WORKER_SOCKETS * sizeof(int))];
	} control;
	u8 kind;
	struct iovec iov = { &kind, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int fds[WORKER_SOCKETS];
	size_t i;

	if (!CHECK(recvmsg(orders, &h, 0) == 1 && kind == WORKER_HOSTS))
		return -1;
	memcpy(fds, CMSG_DATA(&control.header), sizeof(fds));
	for (i = 1; i < WORKER_SOCKETS; i++)
		close(fds[i]);
	return fds[0];
}

/* Answers of a worker for 192.0.2.1; a number of 0 stands for that of the question. */
static const struct said {
	struct worker_msg msg;
	int error;
	bool lost;
} said[] = {
	{ { .type = WORKER_RESOLVED, .token = (const u8 *)"one\0two", .token_len = 8 }, 0, false },
	{ { .type = WORKER_RESOLVED, .error = ENOENT }, -ENOENT, false },
	{ { .type = WORKER_RESOLVED, .error = EAGAIN }, -EAGAIN, false },
	{ { .type = WORKER_RESOLVED, .error = EIO }, -EAGAIN, true },
	{ { .type = WORKER_RESOLVED }, -EAGAIN, true },
	{ { .type = WORKER_RESOLVED, .error = ENOENT, .token = (const u8 *)"one", .token_len = 4 },
	  -EAGAIN, true },
	{ { .type = WORKER_RESOLVED, .token = (const u8 *)"one;", .token_len = 5 }, -EAGAIN, true },
	{ { .type = WORKER_RESOLVED, .token = (const u8 *)"one", .token_len = 3 }, -EAGAIN, true },
	{ { .type = WORKER_RESOLVED, .id = 77, .error = ENOENT }, -EAGAIN, true },
	{ { .type = WORKER_HELLO }, -EAGAIN, true },
	{ { .type = WORKER_CALLED }, -EAGAIN, true },
};

static void worker_says(const struct said *s)
{
	struct worker_msg msg, hello = { .type = WORKER_HELLO, .mechs = WORKER_FILTERED };
	struct question q, again;
	struct hosts *h;
	int pair[2], fd;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	h = hosts_new(pair[0]);
	fd = take_order(pair[1]);
	CHECK(!worker_msg_send(fd, &hello, -1));
	hosts_ask(h, &q, "192.0.2.1");
	CHECK(!worker_msg_receive(fd, &msg, packet, NULL, 0) && msg.type == WORKER_RESOLVE);
	CHECK(msg.token_len == 4 && !memcmp(msg.token, "\300\0\2\1", 4));
	hello = s->msg;
	hello.id = hello.id ?: msg.id;
	CHECK(!worker_msg_send(fd, &hello, -1));
	CHECK(hosts_answered(h, &q) && q.lookup.error == s->error &&
	      q.names.n == (s->error ? 0 : 2));
	/* A second answer to the same question is invalid. */
	if (!s->lost) {
		hosts_ask(h, &again, "192.0.2.1");
		CHECK(!worker_msg_receive(fd, &msg, packet, NULL, 0) && !again.done);
		CHECK(!worker_msg_send(fd, &hello, -1));
		CHECK(hosts_answered(h, &again) && again.lookup.error == -EAGAIN);
	}
	CHECK(worker_msg_receive(fd, &msg, packet, NULL, 0) == -ECONNRESET);
	/* The look-up fails until there is another worker. */
	hosts_ask(h, &again, "192.0.2.1");
	CHECK(!again.done || again.lookup.error == -EAGAIN);
	hosts_free(h);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void worker_lies(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(said); i++)
		worker_says(&said[i]);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(list_of_names), TEST(worker_answers), TEST(worker_dies), TEST(worker_hangs),
		TEST(end_with_questions), TEST(worker_lies), { 0 }
	};

	worker_main(argc, argv);
	spawner = worker_spawner_start();
	if (spawner < 0) {
		printf("not ok hosts: it cannot begin\n");
		return EXIT_FAILURE;
	}
	return test_main(tests);
}
