// SPDX-License-Identifier: GPL-2.0-only
/* The broker of offloaded data: files that dittoctl pushes, and the status of stores. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "broker_bench.h"
#include "mem.h"

#define POLICIES	300

static int ctl_connect_to(struct offload_ctl_request request, int file)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct iovec iov = { &request, sizeof(request) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	request.version = OFFLOAD_CTL_VERSION;
	if (!request.path[0])
		snprintf(request.path, sizeof(request.path), "/srv/file");
	if (file >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &file, sizeof(int));
	}
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", bench_ctl_path);
	CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(sendmsg(fd, &h, 0) == sizeof(request));
	return fd;
}

static int any_file(void)
{
	char *path = mem_print("%s/file", bench_folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	free(path);
	CHECK(write(fd, "content", 7) == 7);
	return fd;
}

static ssize_t ctl_hear(struct bench *b, int fd, union offload_ctl_answer *answer)
{
	return bench_turn(b, fd, BENCH_WAIT) ? recv(fd, answer, sizeof(*answer), MSG_DONTWAIT) : -1;
}

#define PUSHED		"main\n0123\n3\n00112233445566778899aabbccddeeff"
#define PUSHED_ELSEWHERE	"main\n0123\n4\nff112233445566778899aabbccddeeff\n0 81 0123"

static void push_a_file(void)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH, .share = "data" };
	union offload_ctl_answer a;
	int fd = -1, file = any_file(), ctl;
	struct offload_msg msg, say;
	struct bench b;
	char text[8] = "";

	bench_begin(&b);
	ctl = ctl_connect_to(request, file);
	close(file);
	if (CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_PUSH && fd >= 0)) {
		SAME(msg.store, "main");
		CHECK(pread(fd, text, 7, 0) == 7);
		SAME(text, "content");
		close(fd);
		say = (struct offload_msg) { .type = OFFLOAD_PROGRESS, .id = msg.id, .size = 7,
					     .done = 3, .requests = 1 };
		process_say(&b, say, -1);
		CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.push) &&
		      a.type == OFFLOAD_CTL_PROGRESS && a.push.done == 3);
		say = (struct offload_msg) { .type = OFFLOAD_PUSHED, .id = msg.id, .size = 7,
					     .uploaded = 5, .requests = 2, .cookie = PUSHED,
					     .cookie_len = strlen(PUSHED) };
		process_say(&b, say, -1);
		CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.push) && a.type == OFFLOAD_CTL_DONE &&
		      a.push.done == 7 && a.push.uploaded == 5 && a.push.requests == 2 &&
		      a.push.cookie_len == strlen(PUSHED) &&
		      !memcmp(a.push.cookie, PUSHED, strlen(PUSHED)));
	}
	close(ctl);
	bench_end(&b);
}

/* Content that comes slowly is passed on when it is there. */
static void content_comes_slowly(void)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_FETCH };
	union offload_ctl_answer a;
	int fd = -1, file = any_file(), ctl;
	struct offload_msg msg, say;
	struct bench b;

	snprintf(request.path, sizeof(request.path), "0 7\n" PUSHED);
	bench_begin(&b);
	ctl = ctl_connect_to(request, -1);
	if (CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH && msg.length == 7)) {
		say = (struct offload_msg) { .type = OFFLOAD_PROGRESS, .id = msg.id };
		process_say(&b, say, -1);
		say = (struct offload_msg) { .type = OFFLOAD_DATA, .id = msg.id, .length = 7 };
		process_say(&b, say, file);
		CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.data) && a.type == OFFLOAD_CTL_DATA &&
		      a.data.length == 7);
		say = (struct offload_msg) { .type = OFFLOAD_FETCHED, .id = msg.id };
		process_say(&b, say, -1);
		CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.object) && a.type == OFFLOAD_CTL_OBJECT);
	}
	close(ctl);
	close(file);
	bench_end(&b);
}

/* The process says that a file was uploaded. Returns the answer to the client. */
static union offload_ctl_answer push_ends_in(struct bench *b, const char *store,
					     const char *cookie)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH, .share = "data" };
	struct offload_msg msg, say = { .type = OFFLOAD_PUSHED, .cookie_len = strlen(cookie) };
	union offload_ctl_answer a = { .type = 0 };
	int fd = -1, file = any_file(), ctl;

	snprintf(request.store, sizeof(request.store), "%s", store);
	ctl = ctl_connect_to(request, file);
	close(file);
	memcpy(say.cookie, cookie, say.cookie_len);
	if (CHECK(process_hear(b, &msg, &fd) && msg.type == OFFLOAD_PUSH)) {
		close(fd);
		say.id = msg.id;
		process_say(b, say, -1);
		CHECK(ctl_hear(b, ctl, &a) > 0);
	}
	close(ctl);
	return a;
}

static union offload_ctl_answer push_ends(struct bench *b, const char *cookie)
{
	return push_ends_in(b, "main", cookie);
}

/* No file is released into a bucket that this server does not know. */
static void pushes_elsewhere(void)
{
	union offload_ctl_answer a;
	struct bench b;

	bench_begin(&b);
	a = push_ends(&b, PUSHED);
	CHECK(a.type == OFFLOAD_CTL_DONE);
	a = push_ends(&b, PUSHED_ELSEWHERE);
	if (CHECK(a.type == OFFLOAD_CTL_FAILED))
		CHECK(strstr(a.failure.text, "another bucket has taken the place"));
	a = push_ends(&b, "main\n0123\n1");
	CHECK(a.type == OFFLOAD_CTL_FAILED && strstr(a.failure.text, "has not told"));
	bench_end(&b);
}

#define TWO_STORES \
	"probe-s = 0\n[store twin]\nendpoint = http://127.0.0.2:1\nbucket = cold\n" \
	"credentials-file = %s/c\nencryption = off\nprobe-s = 0\n"

/* The process gets settings of a store, with a line. */
static void check_defined(struct bench *b, const char *store, const char *line)
{
	struct offload_msg msg;
	int fd = -1;

	if (!CHECK(process_hear(b, &msg, &fd) && msg.type == OFFLOAD_STORE))
		return;
	SAME(msg.store, store);
	CHECK(memmem(msg.text, msg.text_len, line, strlen(line)));
	process_say(b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
	bench_turn(b, -1, 50);
}

/* Two sections for one bucket: it belongs to the one that is first uploaded to. */
static void one_bucket_twice(const char *first, const char *second)
{
	char *more = mem_print(TWO_STORES, bench_folder), *path, *line;
	union offload_ctl_answer a;
	struct bench b;

	bench_configure(&b, more);
	CHECK(bench_spawn(&b));
	process_hello(&b);
	check_defined(&b, "main", "bucket=cold\n");
	check_defined(&b, "twin", "bucket=cold\n");
	a = push_ends_in(&b, first, PUSHED);
	CHECK(a.type == OFFLOAD_CTL_DONE);
	line = mem_print("\nother=%s %s\n", strrchr(PUSHED, '\n') + 1, first);
	check_defined(&b, second, line);
	a = push_ends_in(&b, second, PUSHED);
	if (CHECK(a.type == OFFLOAD_CTL_FAILED))
		CHECK(strstr(a.failure.text, "it is the bucket of [store"));
	/* Nor is it remembered for both. */
	offload_configure(b.o, b.cfg);
	check_defined(&b, "main", !strcmp(first, "main") ? "\nuuid=0011" : line);
	check_defined(&b, "twin", !strcmp(first, "twin") ? "\nuuid=0011" : line);
	bench_end(&b);
	path = mem_print("%s/offload-stores", bench_folder);
	CHECK(!unlink(path));
	free(path);
	free(line);
	free(more);
}

static void sections_for_one_bucket(void)
{
	char *path = mem_print("%s/offload-stores", bench_folder);

	unlink(path);
	free(path);
	one_bucket_twice("main", "twin");
	one_bucket_twice("twin", "main");
}

/* An upload ends with the connection, with the process, and with an error. */
static void pushes_that_end(void)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH, .share = "data" };
	union offload_ctl_answer a;
	int fd = -1, file = any_file(), ctl;
	struct offload_msg msg;
	struct bench b;

	bench_begin(&b);
	ctl = ctl_connect_to(request, file);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_PUSH);
	close(fd);
	close(ctl);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL);
	process_fails(&b, msg.id, ECANCELED, "");
	bench_turn(&b, -1, 50);
	CHECK(!offload_pushes(b.o, NULL));

	ctl = ctl_connect_to(request, file);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_PUSH);
	close(fd);
	process_end(&b);
	CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.failure) && a.type == OFFLOAD_CTL_FAILED);
	SAME(a.failure.text, "the store process has ended");
	SAME(a.failure.store, "main");
	close(ctl);

	snprintf(request.store, sizeof(request.store), "other");
	ctl = ctl_connect_to(request, file);
	CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.failure) && a.type == OFFLOAD_CTL_FAILED);
	SAME(a.failure.text, "there is no [store other] in the configuration");
	close(ctl);

	request.store[0] = '\0';
	ctl = ctl_connect_to(request, -1);
	CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.failure) && a.failure.error == EINVAL);
	close(ctl);

	/* Any other message ends the connection. */
	request.type = OFFLOAD_CTL_DONE;
	ctl = ctl_connect_to(request, file);
	CHECK(ctl_hear(&b, ctl, &a) == 0);
	close(ctl);
	close(file);
	bench_end(&b);
}

static void status_of_stores(void)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	union offload_ctl_answer a;
	struct bench b;
	int ctl;

	bench_begin(&b);
	bench_turn(&b, -1, 50);
	ctl = ctl_connect_to(request, -1);
	CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.store) && a.type == OFFLOAD_CTL_STORE);
	SAME(a.store.name, "main");
	SAME(a.store.where, "http://127.0.0.1:1/cold");
	CHECK(a.store.running && a.store.starts == 1 && !a.store.errors);
	CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.store) && a.type == OFFLOAD_CTL_DONE);
	close(ctl);
	bench_end(&b);
}

/* More policies than the socket has room for, and what comes after them. */
static void long_list(void)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_POLICIES };
	char *more = mem_string(""), *longer, name[16];
	union offload_ctl_answer a;
	unsigned int i, turn;
	struct bench b;
	int ctl;

	for (i = 0; i < POLICIES; i++) {
		longer = mem_print("%s[policy p%u]\npath = /srv/p%u\nchanged = 1d\n", more, i, i);
		free(more);
		more = longer;
	}
	bench_configure(&b, more);
	free(more);
	ctl = ctl_connect_to(request, -1);
	/* Nobody reads yet. */
	bench_turn(&b, -1, 50);
	for (turn = 0; turn < 2; turn++) {
		i = 0;
		while (ctl_hear(&b, ctl, &a) == sizeof(a.policy) && a.type == OFFLOAD_CTL_POLICY) {
			snprintf(name, sizeof(name), "p%u", i++);
			SAME(a.policy.name, name);
		}
		CHECK(i == POLICIES && a.type == OFFLOAD_CTL_DONE);
		request.version = OFFLOAD_CTL_VERSION;
		/* The connection takes a second request. */
		CHECK(turn || send(ctl, &request, sizeof(request), 0) == sizeof(request));
	}
	close(ctl);
	/* Another one that goes away in the middle of it. */
	ctl = ctl_connect_to(request, -1);
	bench_turn(&b, -1, 50);
	close(ctl);
	bench_turn(&b, -1, 50);
	bench_end(&b);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(push_a_file), TEST(content_comes_slowly), TEST(pushes_elsewhere),
		TEST(sections_for_one_bucket),
		TEST(pushes_that_end), TEST(status_of_stores), TEST(long_list),
		{ 0 }
	};

	return bench_main(tests);
}
