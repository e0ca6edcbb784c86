// SPDX-License-Identifier: GPL-2.0-only
/*
 * The broker of offloaded data, between a kernel, a store process and a dittoctl that are all this
 * test: it takes the orders to the spawner, and so has the sockets of the process.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include "clock.h"
#include "daemon/config.h"
#include "daemon/key_command.h"
#include "daemon/late.h"
#include "daemon/offload_private.h"
#include "daemon/upcall.h"
#include "daemon/worker.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl.h"
#include "test.h"

#define FILE_SIZE	1048576
#define COOKIE		"main\n0123"
/* Milliseconds; only ends a test that would hang. */
#define WAIT		20000

#define FOLDER	"/tmp/ditto-offload.XXXXXX"
static char folder[26];
static char *ctl_path;

/* What the kernel was told: the file as it was filled, and the last answer. */
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;
static u8 kernel_file[FILE_SIZE];
static u64 kernel_filled;
static unsigned int kernel_answers;
static u32 kernel_error;
static char kernel_text[OFFLOAD_CTL_TEXT_SIZE];
/* The kernel takes data in order. */
static u64 kernel_next;
/* Error of the next fills. */
static int kernel_refuses;

struct offload_kernel *offload_kernel_new(unsigned int threads)
{
	(void)threads;
	return mem_new(1);
}

void offload_kernel_free(struct offload_kernel *k)
{
	free(k);
}

int offload_kernel_fill(struct offload_kernel *k, const struct offload_data *data,
			struct why *why)
{
	int rc = kernel_refuses;

	(void)k;
	pthread_mutex_lock(&kernel_lock);
	if (rc)
		why_not(why, "the kernel refuses");
	else if (data->offset + data->length > FILE_SIZE || data->recall != 77 ||
		 data->offset != kernel_next ||
		 pread(data->fd, kernel_file + data->offset, data->length, (off_t)data->start) !=
		 (ssize_t)data->length)
		rc = -EINVAL;
	else
		kernel_filled += data->length;
	kernel_next = data->offset + data->length;
	pthread_mutex_unlock(&kernel_lock);
	return rc;
}

struct nl_msg *upcall_answer(struct conn *channel)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096);

	(void)channel;
	genlmsg_put(msg, 0, 0, 1, 0, 0, DITTO_CMD_UPCALL_REPLY, 1);
	return msg;
}

void upcall_send(struct conn *channel, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	(void)channel;
	CHECK(!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_ID]);
	kernel_answers++;
	kernel_error = tb[DITTO_A_UPCALL_ERROR] ? nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) : 0;
	snprintf(kernel_text, sizeof(kernel_text), "%s", tb[DITTO_A_UPCALL_ERROR_TEXT] ?
		 nla_get_string(tb[DITTO_A_UPCALL_ERROR_TEXT]) : "");
	nlmsg_free(msg);
}

/* Other parts of dittod refer to these. */
void upcall_take(struct conn *channel, const struct upcall_services *services,
		 struct nl_msg *msg)
{
	(void)channel;
	(void)services;
	(void)msg;
}

void upcall_put_sids(struct nl_msg *msg, const struct sid_list *sids, bool complete)
{
	(void)msg;
	(void)sids;
	(void)complete;
}

/**
 * struct bench - a broker and all around it
 * @o: the broker
 * @cfg: its configuration
 * @spawner: our end of the spawner's socket
 * @late: descriptor of late.h
 * @process: the process's end of its socket, or -1
 * @packet: receive buffer of the process
 */
struct bench {
	struct offload *o;
	struct config *cfg;
	int spawner;
	int late;
	int process;
	u8 packet[OFFLOAD_PACKET_MAX];
};

/* Let the broker work until something can be read from @fd, or for @ms if @fd is -1. */
static bool bench_turn(struct bench *b, int fd, int ms)
{
	const struct source s = offload_source(b->o);
	u64 until = clock_ms() + (u64)ms;
	struct pollfd p[3];

	for (;;) {
		u64 now = clock_ms();

		p[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = s.fd, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = b->late, .events = POLLIN };
		if (now >= until || poll(p, 3, (int)(until - now)) <= 0)
			return false;
		if (p[1].revents)
			s.ready(s.arg);
		if (p[2].revents)
			late_ready(NULL);
		if (p[0].revents)
			return true;
	}
}

/* The control socket of a worker that the spawner is told to start, or -1. */
static int bench_take_order(struct bench *b, enum worker_kind kind)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int fd;

	if (!bench_turn(b, b->spawner, WAIT) || recvmsg(b->spawner, &h, 0) != 1 ||
	    byte != (char)kind || !h.msg_controllen)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	return fd;
}

/* Become the process that the spawner is told to start. */
static bool bench_spawn(struct bench *b)
{
	b->process = bench_take_order(b, WORKER_STORES);
	return b->process >= 0;
}

static bool process_hear(struct bench *b, struct offload_msg *msg, int *fd)
{
	return bench_turn(b, b->process, WAIT) &&
	       !offload_msg_receive(b->process, msg, b->packet, fd);
}

static void process_say(struct bench *b, struct offload_msg msg, int pass)
{
	CHECK(!offload_msg_send(b->process, &msg, pass));
}

static void process_hello(struct bench *b)
{
	process_say(b, (struct offload_msg){ .type = OFFLOAD_HELLO, .number = OFFLOAD_VERSION },
		    -1);
}

static void process_fails(struct bench *b, u64 id, int error, const char *text)
{
	struct offload_msg msg = {
		.type = OFFLOAD_FAILED,
		.id = id,
		.error = error,
		.text = text,
		.text_len = strlen(text),
	};

	process_say(b, msg, -1);
}

/* The first messages of a process. */
static void process_begin(struct bench *b)
{
	struct offload_msg msg;
	int fd;

	process_hello(b);
	if (!CHECK(process_hear(b, &msg, &fd)))
		return;
	CHECK(msg.type == OFFLOAD_STORE && fd == -1 && !strcmp(msg.store, "main"));
	CHECK(msg.text_len > 20 && !strncmp(msg.text, "endpoint=http://127.0.0.1:1\n", 28));
	process_say(b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
}

static void process_end(struct bench *b)
{
	close(b->process);
	b->process = -1;
}

/* A configuration with a store and more keys of it. */
static struct config *config_of(const char *store, const char *more)
{
	char *text = mem_print("[store %s]\nendpoint = http://127.0.0.1:1\nbucket = cold\n"
			       "credentials-file = %s/c\n%s[share data]\n"
			       "path = /srv\noffload-store = %s\n", store, folder, more, store);
	struct config *cfg;
	struct mistakes m;

	cfg = config_parse("f", text, strlen(text), &m);
	free(text);
	return cfg;
}

/* Configure a broker, with more keys of its store. */
static void bench_configure(struct bench *b, const char *more)
{
	int pair[2];

	memset(b, 0, sizeof(*b));
	memset(kernel_file, 0, sizeof(kernel_file));
	kernel_filled = 0;
	kernel_answers = 0;
	kernel_refuses = 0;
	b->late = late_open();
	b->process = -1;
	b->cfg = config_of("main", more);
	CHECK(b->cfg && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	b->spawner = pair[0];
	b->o = offload_new(pair[1], ctl_path, folder);
	CHECK(b->o && b->late >= 0);
	offload_configure(b->o, b->cfg);
}

static void bench_begin(struct bench *b)
{
	bench_configure(b, "");
	CHECK(bench_spawn(b));
	process_begin(b);
}

static void bench_end(struct bench *b)
{
	int spawner = b->o->spawner;

	offload_free(b->o);
	config_free(b->cfg);
	close(b->spawner);
	close(spawner);
	close(b->late);
	if (b->process >= 0)
		close(b->process);
}

/* The kernel wants a range; the deadline is in ms. */
static void kernel_ask(struct bench *b, u64 offset, u64 length, u32 deadline, const char *cookie)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096);

	kernel_next = offset;
	genlmsg_put(msg, 0, 0, 1, 0, 0, DITTO_CMD_UPCALL, 1);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, 5);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TYPE,
		       DITTO_UPCALL_KIND_OFFLOAD_FETCH);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DEADLINE_MS, deadline);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_RECALL, 77);
	msg_put_string(msg, DITTO_A_UPCALL_SHARE, "data");
	msg_put(msg, DITTO_A_UPCALL_COOKIE, cookie, strlen(cookie));
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_FILE_SIZE, FILE_SIZE);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_OFFSET, offset);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_LENGTH, length);
	offload_take(b->o, NULL, msg);
	nlmsg_free(msg);
}

static bool kernel_is_answered(struct bench *b)
{
	u64 until = clock_ms() + WAIT;

	while (!kernel_answers && clock_ms() < until)
		bench_turn(b, -1, 20);
	return kernel_answers == 1;
}

static u8 byte_at(u64 place)
{
	return (u8)(place * 7 + place / 251);
}

/* Data of the process: @before bytes of something else come first in its file. */
static int data_file(u64 offset, u64 length, u64 before, bool sealed)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	u8 *bytes = mem_new(before + length);
	u64 i;

	for (i = 0; i < length; i++)
		bytes[before + i] = byte_at(offset + i);
	CHECK(write(fd, bytes, before + length) == (ssize_t)(before + length));
	free(bytes);
	CHECK(!sealed || !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	return fd;
}

static void process_send_data(struct bench *b, u64 id, u64 offset, u64 length, bool sealed)
{
	struct offload_msg msg = {
		.type = OFFLOAD_DATA,
		.id = id,
		.offset = offset,
		.length = length,
		.start = 10,
	};
	int fd = data_file(offset, length, 10, sealed);

	process_say(b, msg, fd);
	close(fd);
}

static bool kernel_has(u64 offset, u64 length)
{
	u64 i;

	for (i = offset; i < offset + length; i++)
		if (kernel_file[i] != byte_at(i))
			return false;
	return true;
}

static void fetch_in_parts(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 1000, 5000, 60000, COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		CHECK(msg.type == OFFLOAD_FETCH && msg.offset == 1000 && msg.length == 5000);
		CHECK(msg.cookie_len == strlen(COOKIE) &&
		      !memcmp(msg.cookie, COOKIE, msg.cookie_len));
		/* In any order. */
		process_send_data(&b, msg.id, 3000, 3000, true);
		process_send_data(&b, msg.id, 1000, 2000, true);
		bench_turn(&b, -1, 50);
		CHECK(!kernel_answers);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(kernel_is_answered(&b) && !kernel_error);
	CHECK(kernel_filled == 5000 && kernel_has(1000, 5000));
	bench_end(&b);
}

/* A process that sends what cannot be right is replaced, and the fetch is repeated. */
static void check_misbehaviour(u64 offset, u64 length, bool sealed, bool twice)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		if (length)
			process_send_data(&b, msg.id, offset, length, sealed);
		if (twice)
			process_send_data(&b, msg.id, offset, length, sealed);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(bench_spawn(&b));
	CHECK(!kernel_answers);
	process_begin(&b);
	if (CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH)) {
		process_send_data(&b, msg.id, 0, 4096, true);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(kernel_is_answered(&b) && !kernel_error && kernel_has(0, 4096));
	bench_end(&b);
}

static void misbehaving_process(void)
{
	/* Nothing; less than all; beyond the range; a file that may change; the same twice. */
	check_misbehaviour(0, 0, true, false);
	check_misbehaviour(0, 4095, true, false);
	check_misbehaviour(1, 4096, true, false);
	check_misbehaviour(0, 4096, false, false);
	check_misbehaviour(0, 2048, true, true);
}

static void fetch_that_fails(void)
{
	static const char text[] = "bucket cold, object chunks/00/0: wrong bytes";
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd)))
		process_fails(&b, msg.id, EBADMSG, text);
	CHECK(kernel_is_answered(&b) && kernel_error == EBADMSG);
	SAME(kernel_text, text);
	bench_end(&b);
}

static void full_file_system(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_refuses = -ENOSPC;
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		u64 id = msg.id;

		process_send_data(&b, id, 0, 100, true);
		/* The rest is not wanted any more. */
		CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL && msg.id == id);
		process_fails(&b, id, ECANCELED, "");
	}
	CHECK(kernel_is_answered(&b) && kernel_error == ENOSPC);
	SAME(kernel_text, "the kernel refuses");
	bench_end(&b);
}

/* A fetch is repeated once if the process ends, and then fails. */
static void process_that_ends(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd, i;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	for (i = 0; i < 2; i++) {
		CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
		CHECK(!kernel_answers);
		process_end(&b);
		CHECK(bench_spawn(&b));
		process_begin(&b);
	}
	CHECK(kernel_is_answered(&b) && kernel_error == EIO);
	SAME(kernel_text, "the store process has ended");
	bench_end(&b);
}

/* The kernel has an answer before its deadline, and the fetch is cancelled. */
static void store_that_is_slow(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 500, COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	CHECK(kernel_is_answered(&b) && kernel_error == ETIMEDOUT);
	SAME(kernel_text, "store main has not sent all data in time");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL);
	/* Late data is not given to the kernel. */
	process_send_data(&b, msg.id, 0, 4096, true);
	process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	bench_turn(&b, -1, 50);
	CHECK(kernel_answers == 1 && !kernel_filled);
	CHECK(!offload_fetches(b.o, NULL));
	bench_end(&b);
}

static void unknown_stores(void)
{
	struct bench b;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, "other\n0123");
	CHECK(kernel_answers == 1 && kernel_error == ENOENT);
	SAME(kernel_text, "there is no [store other] in the configuration");
	kernel_ask(&b, 0, 4096, 60000, "main");
	CHECK(kernel_answers == 2 && kernel_error == EIO);
	SAME(kernel_text, "the record of the file does not name a store");
	bench_end(&b);
}

/* Requests wait until a store is known; if the process refuses it, they fail. */
static void store_that_is_refused(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	process_end(&b);
	CHECK(bench_spawn(&b));
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	process_hello(&b);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_STORE && !kernel_answers);
	process_fails(&b, msg.id, EINVAL, "no");
	CHECK(kernel_is_answered(&b) && kernel_error == ENOENT);
	SAME(kernel_text, "[store main]: no");
	bench_end(&b);
}

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
	snprintf(request.path, sizeof(request.path), "/srv/file");
	if (file >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &file, sizeof(int));
	}
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", ctl_path);
	CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(sendmsg(fd, &h, 0) == sizeof(request));
	return fd;
}

static int any_file(void)
{
	char *path = mem_print("%s/file", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	free(path);
	CHECK(write(fd, "content", 7) == 7);
	return fd;
}

static ssize_t ctl_hear(struct bench *b, int fd, union offload_ctl_answer *answer)
{
	return bench_turn(b, fd, WAIT) ? recv(fd, answer, sizeof(*answer), MSG_DONTWAIT) : -1;
}

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
					     .uploaded = 5, .requests = 2, .cookie = COOKIE,
					     .cookie_len = strlen(COOKIE) };
		process_say(&b, say, -1);
		CHECK(ctl_hear(&b, ctl, &a) == sizeof(a.push) && a.type == OFFLOAD_CTL_DONE &&
		      a.push.done == 7 && a.push.uploaded == 5 && a.push.requests == 2 &&
		      a.push.cookie_len == strlen(COOKIE) &&
		      !memcmp(a.push.cookie, COOKIE, strlen(COOKIE)));
	}
	close(ctl);
	bench_end(&b);
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

	/* What is no request ends the connection. */
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

/* A new configuration replaces a store; without stores the process ends. */
static void other_configurations(void)
{
	struct config *none = config_new();
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	bench_turn(&b, -1, 50);
	offload_configure(b.o, b.cfg);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_STORE);
	/* Again, while the answer is missing. */
	offload_configure(b.o, b.cfg);
	process_say(&b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_STORE);
	process_say(&b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	offload_configure(b.o, none);
	CHECK(bench_turn(&b, b.process, WAIT) && offload_msg_receive(b.process, &msg, b.packet,
								     &fd) == -ECONNRESET);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	CHECK(kernel_answers && kernel_error == ENOENT);
	bench_end(&b);
	config_free(none);
}

#define KEY1	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY2	"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define COMMAND	"key-command = /bin/kmip get\nkey-ids = new old\n"
#define OTHER_COMMAND	"key-command = /bin/kmip get\nkey-ids = two\n"

/* Be the key worker: compare the order. */
static int key_worker_begin(struct bench *b, const char *id)
{
	int fd = bench_take_order(b, WORKER_KEYS);
	char want[] = "/bin/kmip\0get\0...\0";
	struct key_order order;

	if (!CHECK(fd >= 0))
		return -1;
	memcpy(want + 14, id, 3);
	CHECK(recv(fd, &order, sizeof(order), 0) == (ssize_t)sizeof(order));
	CHECK(order.ms == 30000 && !memcmp(order.words, want, sizeof(want)));
	return fd;
}

/* Answer. Returns false if nobody wants to know. */
static bool key_worker_end(int fd, bool good, const char *text)
{
	struct key_answer answer = { .good = good, .len = (u32)strlen(text) };
	bool sent;

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	sent = send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
	close(fd);
	return sent;
}

static void key_worker(struct bench *b, const char *id, bool good, const char *text)
{
	int fd = key_worker_begin(b, id);

	CHECK(fd >= 0 && key_worker_end(fd, good, text));
}

/* Hear the definition of the store, and whether it has these keys and the server's id. */
static void process_hear_keys(struct bench *b, const char *keys)
{
	struct offload_msg msg;
	int fd;

	if (!CHECK(process_hear(b, &msg, &fd) && msg.type == OFFLOAD_STORE))
		return;
	CHECK(memmem(msg.text, msg.text_len, keys, strlen(keys)));
	process_say(b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
}

static void keys_of_a_command(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_configure(&b, COMMAND);
	fd = b.spawner;
	key_worker(&b, "new", true, KEY1 "\n");
	CHECK(bench_spawn(&b));
	process_hello(&b);
	/* Who wants data waits for the keys. */
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	key_worker(&b, "old", true, KEY2);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY1 "\nkey=" KEY2 "\nserver-id=");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH && !kernel_answers);
	/* The keys stay in use until there are others. */
	offload_configure(b.o, b.cfg);
	process_hear_keys(&b, "\nkey=" KEY1 "\nkey=" KEY2 "\nserver-id=");
	key_worker(&b, "new", true, KEY2);
	key_worker(&b, "old", true, KEY1);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nkey=" KEY1 "\nserver-id=");
	/* They stay in use, too, if the command fails. */
	offload_configure(b.o, b.cfg);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nkey=" KEY1 "\nserver-id=");
	key_worker(&b, "new", false, "no route");
	kernel_ask(&b, 4096, 4096, 60000, COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH && !kernel_answers);
	bench_end(&b);
}

static void check_keys_refused(bool good, const char *said, const char *cause)
{
	char *want = mem_print("[store main]: key-command /bin/kmip new: %s", cause);
	struct bench b;

	bench_configure(&b, COMMAND);
	key_worker(&b, "new", good, said);
	CHECK(bench_spawn(&b));
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	CHECK(kernel_is_answered(&b) && kernel_error == ENOENT);
	SAME(kernel_text, want);
	bench_end(&b);
	free(want);
}

static void keys_refused(void)
{
	static const char want[] = "it must print one key of 64 hexadecimal digits";

	check_keys_refused(false, "no\033 route", "no? route");
	check_keys_refused(true, "", want);
	check_keys_refused(true, KEY1 "0", want);
	check_keys_refused(true, KEY1 " " KEY2, want);
	check_keys_refused(true, KEY1 "\n# a comment", want);
}

/* Nothing is left that would wake the broker at once. */
static bool bench_is_quiet(struct bench *b)
{
	struct pollfd p = { .fd = offload_source(b->o).fd, .events = POLLIN };

	bench_turn(b, -1, 50);
	return !poll(&p, 1, 0);
}

/* The command is replaced by a file while it runs: what becomes of it is not looked at. */
static void check_command_replaced(bool good, const char *said)
{
	char *more = mem_print("key-file = %s/k\n", folder);
	struct config *cfg = config_of("main", more);
	struct offload_msg msg;
	struct bench b;
	int fd, worker;

	bench_configure(&b, COMMAND);
	worker = key_worker_begin(&b, "new");
	CHECK(bench_spawn(&b));
	process_hello(&b);
	kernel_ask(&b, 0, 4096, 60000, COOKIE);
	bench_turn(&b, -1, 50);
	offload_configure(b.o, cfg);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nserver-id=");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	CHECK(!key_worker_end(worker, good, said));
	CHECK(bench_is_quiet(&b) && !kernel_answers);
	/* No other keys are sent, and the command is not run again. */
	CHECK(!bench_turn(&b, b.process, 50) && !bench_turn(&b, b.spawner, 50));
	bench_end(&b);
	config_free(cfg);
	free(more);
}

static void command_replaced(void)
{
	check_command_replaced(false, "no route");
	check_command_replaced(true, KEY1 "\n");
}

/* Another command: what the one before prints is not taken for its keys. */
static void command_changed(void)
{
	struct config *cfg = config_of("main", OTHER_COMMAND);
	struct bench b;
	int worker;

	bench_configure(&b, COMMAND);
	worker = key_worker_begin(&b, "new");
	CHECK(bench_spawn(&b));
	process_hello(&b);
	offload_configure(b.o, cfg);
	CHECK(!key_worker_end(worker, true, KEY1 "\n"));
	key_worker(&b, "two", true, KEY2 "\n");
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nserver-id=");
	CHECK(bench_is_quiet(&b));
	bench_end(&b);
	config_free(cfg);
}

/* The store is removed while its command runs: others get their keys. */
static void command_of_no_store(void)
{
	struct config *cfg = config_of("more", OTHER_COMMAND);
	struct bench b;
	int worker;

	bench_configure(&b, COMMAND);
	worker = key_worker_begin(&b, "new");
	CHECK(bench_spawn(&b));
	process_hello(&b);
	bench_turn(&b, -1, 50);
	offload_configure(b.o, cfg);
	key_worker(&b, "two", true, KEY2 "\n");
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nserver-id=");
	CHECK(!key_worker_end(worker, true, KEY1 "\n"));
	CHECK(bench_is_quiet(&b));
	bench_end(&b);
	config_free(cfg);
}

/* The broker looks for the program beside its own. */
static char *program_make(void)
{
	char *path = mem_new(PATH_MAX);

	CHECK(worker_program_path(WORKER_STORES_PROGRAM, path));
	CHECK(!symlink("/bin/true", path) || errno == EEXIST);
	return path;
}

static bool secret_write(const char *name, const char *text)
{
	char *path = mem_print("%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	free(path);
	return good;
}

int main(void)
{
	static const struct test tests[] = {
		TEST(fetch_in_parts), TEST(misbehaving_process), TEST(fetch_that_fails),
		TEST(full_file_system), TEST(process_that_ends), TEST(store_that_is_slow),
		TEST(unknown_stores), TEST(store_that_is_refused), TEST(push_a_file),
		TEST(pushes_that_end), TEST(status_of_stores), TEST(other_configurations),
		TEST(keys_of_a_command), TEST(keys_refused), TEST(command_replaced),
		TEST(command_changed), TEST(command_of_no_store), { 0 }
	};
	char command[64];
	char *program;
	int status;

	snprintf(folder, sizeof(folder), "%s", FOLDER);
	if (!mkdtemp(folder))
		return 1;
	if (!secret_write("c", "access-key=A\nsecret-key=B\n") || !secret_write("k", KEY2 "\n"))
		return 1;
	ctl_path = mem_print("%s/ctl", folder);
	program = program_make();
	status = test_main(tests);
	unlink(program);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) ? 1 : status;
}
