// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "object/garbage.h"
#include "object/hash.h"
#include "object/object_name.h"
#include "store_client.h"

struct s3_server *server;
pid_t process;
int channel = -1;
u8 *content;
int file;
static u64 last_id;

/* Fill with bytes that look random, other ones for each seed. */
static void content_fill(u8 *bytes, size_t len, u64 seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (u8)(seed >> 56);
	}
}

bool channel_receive(struct offload_msg *msg, u8 *packet, int *fd)
{
	return store_process_hear(channel, msg, packet, fd);
}

int process_end(void)
{
	int status = -1;

	close(channel);
	channel = -1;
	if (waitpid(process, &status, 0) != process || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

u64 channel_ask(struct offload_msg *msg, int fd)
{
	msg->id = ++last_id;
	CHECK(!offload_msg_send(channel, msg, fd));
	return msg->id;
}

/* Compare the bytes of a part with the content. */
static void check_data(const struct offload_msg *msg, int fd)
{
	u8 *bytes = mem_new(msg->length);

	CHECK(fd >= 0 && (fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE));
	CHECK(pread(fd, bytes, msg->length, (off_t)msg->start) == (ssize_t)msg->length);
	CHECK(!memcmp(bytes, content + msg->offset, msg->length));
	free(bytes);
}

void wait_for(u64 id, struct last_answer *a, u64 *got)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	int fd;

	memset(a, 0, sizeof(*a));
	*got = 0;
	for (;;) {
		if (!CHECK(channel_receive(&a->msg, packet, &fd)))
			return;
		CHECK(a->msg.id == id);
		if (a->msg.type == OFFLOAD_DATA) {
			check_data(&a->msg, fd);
			*got += a->msg.length;
			close(fd);
		} else if (a->msg.type != OFFLOAD_PROGRESS) {
			break;
		}
	}
	if (a->msg.text)
		memcpy(a->text, a->msg.text, a->msg.text_len);
}

void store_define(const char *more)
{
	char *text = mem_print("endpoint=http://127.0.0.1:%d\nbucket=b\naccess-key=a\nsecret-key=b\n%s%s",
			       server->port, strstr(more, "server-id=") ? "" : "server-id=aaaa\n",
			       more);
	struct offload_msg msg = { .type = OFFLOAD_STORE, .store = "s", .text = text,
				   .text_len = strlen(text) };
	struct last_answer a;
	u64 got;

	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.type == OFFLOAD_STORED);
	free(text);
}

void store_own(void)
{
	struct offload_msg msg = { .type = OFFLOAD_OWN, .store = "s" };
	struct last_answer a;
	u64 got;

	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

void push_file(int fd, struct last_answer *a)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "s" };
	u64 got;

	wait_for(channel_ask(&msg, fd), a, &got);
}

u64 fetch_send(const struct last_answer *pushed, u64 offset, u64 length)
{
	struct offload_msg msg = { .type = OFFLOAD_FETCH, .offset = offset, .length = length,
				   .cookie_len = pushed->msg.cookie_len };

	memcpy(msg.cookie, pushed->msg.cookie, msg.cookie_len);
	return channel_ask(&msg, -1);
}

void fetch_range(const struct last_answer *pushed, u64 offset, u64 length, struct last_answer *a)
{
	u64 got;

	wait_for(fetch_send(pushed, offset, length), a, &got);
	CHECK(a->msg.type != OFFLOAD_FETCHED || got == length);
}

void check_round_trip(const char *settings, struct last_answer *pushed)
{
	struct last_answer a;
	u64 offset;

	store_define(settings);
	push_file(file, pushed);
	if (!CHECK(pushed->msg.type == OFFLOAD_PUSHED && pushed->msg.size == SIZE)) {
		printf("# %s\n", pushed->text);
		return;
	}
	store_define(settings);
	for (offset = 0; offset < SIZE; offset += RANGE) {
		fetch_range(pushed, offset, SIZE - offset < RANGE ? SIZE - offset : RANGE, &a);
		if (!CHECK(a.msg.type == OFFLOAD_FETCHED))
			printf("# %s\n", a.text);
	}
	fetch_range(pushed, 12345, 1, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
}

void store_ask(u32 type, const char *text, struct last_answer *a)
{
	struct offload_msg msg = { .type = type, .store = "s", .text = text,
				   .text_len = strlen(text) };
	u64 got;

	wait_for(channel_ask(&msg, -1), a, &got);
}

void order_give_file(u32 type, const char *text, int file, struct last_answer *a, int *passed)
{
	struct offload_msg msg = { .type = type, .store = "s", .text = text,
				   .text_len = strlen(text) };
	u8 packet[OFFLOAD_PACKET_MAX];

	memset(a, 0, sizeof(*a));
	channel_ask(&msg, file);
	CHECK(channel_receive(&a->msg, packet, passed));
	if (a->msg.text)
		memcpy(a->text, a->msg.text, a->msg.text_len);
}

void order_give(u32 type, const char *text, struct last_answer *a, int *passed)
{
	order_give_file(type, text, -1, a, passed);
}

void objects_condemn(const char *objects, u32 n)
{
	struct garbage_list list = { .time = 7, .n = n };
	u8 *bytes = mem_new(GARBAGE_MAX), name[HASH_SIZE];
	int file = memfd_create("list", MFD_CLOEXEC), fd;
	char *lines = mem_string(objects), *line, *next;
	struct last_answer a;
	u32 i = 0, kind;
	size_t len;

	for (line = strtok_r(lines, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		CHECK(object_name_parse(line, &kind, name));
		garbage_put(bytes, i++, kind, name);
	}
	len = garbage_encode(&list, bytes);
	CHECK(write(file, bytes, len) == (ssize_t)len);
	order_give_file(OFFLOAD_KEEP, "", file, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_KEPT);
	close(fd);
	close(file);
	free(lines);
	free(bytes);
}

int store_client_main(const struct test *tests)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	content = mem_new(SIZE);
	content_fill(content, SIZE, 42);
	file = memfd_create("content", MFD_CLOEXEC);
	if (!hash_init() || write(file, content, SIZE) != SIZE)
		return 1;
	server = s3_server_start();
	channel = store_process_start(&process);
	if (!server || channel < 0)
		return 1;
	status = test_main(tests);
	s3_server_stop(server);
	return status;
}
