// SPDX-License-Identifier: GPL-2.0-only
/* A broker and all around it. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include "broker_bench.h"
#include "clock.h"
#include "daemon/upcall_deadline.h"
#include "daemon/upcall.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"

#define FOLDER	"/tmp/ditto-offload.XXXXXX"

char bench_folder[sizeof(FOLDER)];
char *bench_ctl_path;

struct broker_kernel broker_kernel;
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kernel_thawed = PTHREAD_COND_INITIALIZER;

int offload_kernel_fill(struct conns *conns, const struct offload_data *data, struct why *why)
{
	int rc = broker_kernel.refuses;

	(void)conns;
	pthread_mutex_lock(&kernel_lock);
	while (broker_kernel.stuck == data->recall)
		pthread_cond_wait(&kernel_thawed, &kernel_lock);
	if (rc)
		why_not(why, "the kernel refuses");
	else if (data->recall != BENCH_RECALL)
		goto unlock;
	else if (data->offset + data->length > BENCH_FILE_SIZE ||
		 data->offset != broker_kernel.next ||
		 pread(data->fd, broker_kernel.file + data->offset, data->length,
		       (off_t)data->start) != (ssize_t)data->length)
		rc = -EINVAL;
	else
		broker_kernel.filled += data->length;
	broker_kernel.next = data->offset + data->length;
unlock:
	pthread_mutex_unlock(&kernel_lock);
	return rc;
}

void kernel_thaw(void)
{
	pthread_mutex_lock(&kernel_lock);
	broker_kernel.stuck = 0;
	pthread_cond_broadcast(&kernel_thawed);
	pthread_mutex_unlock(&kernel_lock);
}

static struct nl_msg *kernel_message(u8 cmd)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096);

	genlmsg_put(msg, 0, 0, 1, 0, 0, cmd, 1);
	return msg;
}

struct nl_msg *upcall_answer(struct conn *channel)
{
	(void)channel;
	return kernel_message(DITTO_CMD_UPCALL_REPLY);
}

struct nl_msg *upcall_progress(struct conn *channel)
{
	(void)channel;
	return kernel_message(DITTO_CMD_UPCALL_PROGRESS);
}

void upcall_send(struct conn *channel, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	(void)channel;
	CHECK(!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_ID]);
	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd == DITTO_CMD_UPCALL_PROGRESS) {
		broker_kernel.moves++;
		nlmsg_free(msg);
		return;
	}
	broker_kernel.answers++;
	broker_kernel.error = tb[DITTO_A_UPCALL_ERROR] ? nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) : 0;
	snprintf(broker_kernel.text, sizeof(broker_kernel.text), "%s",
		 tb[DITTO_A_UPCALL_ERROR_TEXT] ?
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

bool bench_turn(struct bench *b, int fd, int ms)
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
			upcall_deadline_ready(NULL);
		if (p[0].revents)
			return true;
	}
}

int bench_take_order(struct bench *b, enum worker_kind kind)
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

	if (!bench_turn(b, b->spawner, BENCH_WAIT) || recvmsg(b->spawner, &h, 0) != 1 ||
	    byte != (char)kind || !h.msg_controllen)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	return fd;
}

bool bench_spawn(struct bench *b)
{
	b->process = bench_take_order(b, WORKER_STORES);
	return b->process >= 0;
}

bool process_hear(struct bench *b, struct offload_msg *msg, int *fd)
{
	return bench_turn(b, b->process, BENCH_WAIT) &&
	       !offload_msg_receive(b->process, msg, b->packet, fd);
}

void process_say(struct bench *b, struct offload_msg msg, int pass)
{
	CHECK(!offload_msg_send(b->process, &msg, pass));
}

void process_hello(struct bench *b)
{
	process_say(b, (struct offload_msg){ .type = OFFLOAD_HELLO, .number = OFFLOAD_VERSION },
		    -1);
}

void process_fails(struct bench *b, u64 id, int error, const char *text)
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

void process_begin(struct bench *b)
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

void process_end(struct bench *b)
{
	close(b->process);
	b->process = -1;
}

struct config *bench_config(const char *store, const char *more)
{
	char *text = mem_print("[store %s]\nendpoint = http://127.0.0.1:1\nbucket = cold\n"
			       "credentials-file = %s/c\n%s%s[share data]\n"
			       "path = /srv\noffload-store = %s\n", store, bench_folder,
			       strstr(more, "key-") ? "" : "encryption = off\n", more, store);
	struct config *cfg;
	struct mistakes m;

	cfg = config_parse("f", text, strlen(text), &m);
	free(text);
	return cfg;
}

void bench_configure(struct bench *b, const char *more)
{
	int pair[2];

	memset(b, 0, sizeof(*b));
	memset(&broker_kernel, 0, sizeof(broker_kernel));
	b->late = upcall_deadline_open();
	b->process = -1;
	b->cfg = bench_config("main", more);
	CHECK(b->cfg && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	b->spawner = pair[0];
	b->o = offload_new(pair[1], bench_ctl_path, bench_folder);
	CHECK(b->o && b->late >= 0);
	offload_configure(b->o, b->cfg);
}

void bench_begin(struct bench *b)
{
	bench_configure(b, "");
	CHECK(bench_spawn(b));
	process_begin(b);
}

void bench_end(struct bench *b)
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

void kernel_ask_for(struct bench *b, u64 recall, u64 offset, u64 length, u32 deadline,
		    const char *cookie)
{
	struct nl_msg *msg = nlmsg_alloc_size(4096);

	genlmsg_put(msg, 0, 0, 1, 0, 0, DITTO_CMD_UPCALL, 1);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, 5);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TYPE,
		       DITTO_UPCALL_KIND_OFFLOAD_FETCH);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DEADLINE_MS, deadline);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_RECALL, recall);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_FILE_SYSTEM, recall);
	msg_put_string(msg, DITTO_A_UPCALL_SHARE, "data");
	msg_put(msg, DITTO_A_UPCALL_COOKIE, cookie, strlen(cookie));
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_FILE_SIZE, BENCH_FILE_SIZE);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_OFFSET, offset);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_LENGTH, length);
	offload_take(b->o, NULL, msg);
	nlmsg_free(msg);
}

void kernel_ask(struct bench *b, u64 offset, u64 length, u32 deadline, const char *cookie)
{
	broker_kernel.next = offset;
	kernel_ask_for(b, BENCH_RECALL, offset, length, deadline, cookie);
}

bool kernel_is_answered(struct bench *b)
{
	u64 until = clock_ms() + BENCH_WAIT;

	while (!broker_kernel.answers && clock_ms() < until)
		bench_turn(b, -1, 20);
	return broker_kernel.answers == 1;
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
	char *path = mem_print("%s/%s", bench_folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	free(path);
	return good;
}

int bench_main(const struct test *tests)
{
	char command[64];
	char *program;
	int status;

	snprintf(bench_folder, sizeof(bench_folder), "%s", FOLDER);
	if (!mkdtemp(bench_folder))
		return 1;
	if (!secret_write("c", "access-key=A\nsecret-key=B\n") ||
	    !secret_write("k", BENCH_KEY "\n"))
		return 1;
	bench_ctl_path = mem_print("%s/ctl", bench_folder);
	program = program_make();
	status = test_main(tests);
	unlink(program);
	snprintf(command, sizeof(command), "rm -r %s", bench_folder);
	return system(command) ? 1 : status;
}
