// SPDX-License-Identifier: GPL-2.0-only
/* The store process as dittod uses it, with a store that misbehaves. */

#include <curl/curl.h>
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
#include "object/cookie.h"
#include "object/envelope.h"
#include "object/garbage.h"
#include "object/hash.h"
#include "store/msg.h"
#include "object/object_name.h"
#include "object/snapshot.h"
#include "process.h"
#include "s3_server.h"
#include "store_process.h"
#include "test.h"

#define MIB		(1024U * 1024)
#define SIZE		(6 * MIB)
#define RANGE		(5 * MIB / 2)
#define KEY_1		"key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_2		"key=ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static struct s3_server *server;
static pid_t process;
static int channel = -1;
static u64 last_id;
/* Content of the file that is pushed, and the file. */
static u8 *content;
static int file;

/* Fill with bytes that look random, other ones for each seed. */
static void content_fill(u8 *bytes, size_t len, u64 seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (u8)(seed >> 56);
	}
}

static bool channel_receive(struct offload_msg *msg, u8 *packet, int *fd)
{
	return store_process_hear(channel, msg, packet, fd);
}

/* Close the channel. Returns the exit status of the process. */
static int process_end(void)
{
	int status = -1;

	close(channel);
	channel = -1;
	if (waitpid(process, &status, 0) != process || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static u64 channel_ask(struct offload_msg *msg, int fd)
{
	msg->id = ++last_id;
	CHECK(!offload_msg_send(channel, msg, fd));
	return msg->id;
}

/**
 * struct answer - the last answer to a request
 * @msg: the answer
 * @text: its text
 */
struct answer {
	struct offload_msg msg;
	char text[OFFLOAD_TEXT_MAX + 1];
};

/* Compare the bytes of a part with the content. */
static void check_data(const struct offload_msg *msg, int fd)
{
	u8 *bytes = mem_new(msg->length);

	CHECK(fd >= 0 && (fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE));
	CHECK(pread(fd, bytes, msg->length, (off_t)msg->start) == (ssize_t)msg->length);
	CHECK(!memcmp(bytes, content + msg->offset, msg->length));
	free(bytes);
}

/* Wait for the last answer to a request; @got counts the bytes of its data. */
static void wait_for(u64 id, struct answer *a, u64 *got)
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

/* Define the store "s" with more settings. */
static void store_define(const char *more)
{
	char *text = mem_print("endpoint=http://127.0.0.1:%d\nbucket=b\naccess-key=a\nsecret-key=b\n%s%s",
			       server->port, strstr(more, "server-id=") ? "" : "server-id=aaaa\n",
			       more);
	struct offload_msg msg = { .type = OFFLOAD_STORE, .store = "s", .text = text,
				   .text_len = strlen(text) };
	struct answer a;
	u64 got;

	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.type == OFFLOAD_STORED);
	free(text);
}

/* The store is this server's, and requests are counted from here on. */
static void store_own(void)
{
	struct offload_msg msg = { .type = OFFLOAD_OWN, .store = "s" };
	struct answer a;
	u64 got;

	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

static void push_file(int fd, struct answer *a)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "s" };
	u64 got;

	wait_for(channel_ask(&msg, fd), a, &got);
}

static u64 fetch_send(const struct answer *pushed, u64 offset, u64 length)
{
	struct offload_msg msg = { .type = OFFLOAD_FETCH, .offset = offset, .length = length,
				   .cookie_len = pushed->msg.cookie_len };

	memcpy(msg.cookie, pushed->msg.cookie, msg.cookie_len);
	return channel_ask(&msg, -1);
}

static void fetch_range(const struct answer *pushed, u64 offset, u64 length, struct answer *a)
{
	u64 got;

	wait_for(fetch_send(pushed, offset, length), a, &got);
	CHECK(a->msg.type != OFFLOAD_FETCHED || got == length);
}

/* Push the file, and fetch it in ranges from a process that has no cache. */
static void check_round_trip(const char *settings, struct answer *pushed)
{
	struct answer a;
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

static void push_and_fetch(void)
{
	struct answer first, again;
	int puts;

	store_define("prefix=p\n");
	store_own();
	check_round_trip("prefix=p\n", &first);
	CHECK(first.msg.uploaded > SIZE && first.msg.uploaded < SIZE + 100000);
	CHECK(!first.msg.deduplicated && first.msg.requests == 2 * (u64)server->puts);
	puts = server->puts;
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.uploaded);
	CHECK(again.msg.deduplicated == SIZE && server->puts == puts);
	CHECK(again.msg.cookie_len == first.msg.cookie_len &&
	      !memcmp(again.msg.cookie, first.msg.cookie, first.msg.cookie_len));
	check_round_trip("prefix=k\n" KEY_1, &first);
	CHECK(!server->bad);
}

static void keys_change(void)
{
	struct answer pushed, a;

	check_round_trip("prefix=k\n" KEY_1, &pushed);
	store_define("prefix=k\n" KEY_2 KEY_1);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	store_define("prefix=k\n" KEY_2);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EIO && strstr(a.text, "wrong key"));
	store_define("prefix=k\n");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key"));
}

static void zeros_and_nothing(void)
{
	int zeros = memfd_create("zeros", 0), empty = memfd_create("empty", 0);
	struct answer pushed, a;

	store_define("prefix=z\n");
	store_own();
	CHECK(!ftruncate(zeros, 64 * MIB));
	push_file(zeros, &pushed);
	/* Four equal chunks, and the manifest. */
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && server->puts == 2);
	CHECK(pushed.msg.deduplicated == 48 * MIB && pushed.msg.uploaded < 10000);
	push_file(empty, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && !pushed.msg.size);
	fetch_range(&pushed, 0, 0, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	fetch_range(&pushed, 0, 1, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	close(zeros);
	close(empty);
}

/* Fetch a file in order. Returns the number of objects that were asked for. */
static int fetch_in_order(const struct answer *pushed, u64 size, u64 range)
{
	int gets = server->gets;
	struct answer a;
	u64 offset;

	for (offset = 0; offset < size; offset += range) {
		fetch_range(pushed, offset, size - offset < range ? size - offset : range, &a);
		CHECK(a.msg.type == OFFLOAD_FETCHED);
	}
	return server->gets - gets;
}

/* A chunk is loaded once for all ranges, and is not kept when all of it was sent. */
static void chunks_are_kept_until_sent(void)
{
	int zeros = memfd_create("zeros", 0), objects;
	struct answer pushed;
	u8 *was = content;

	store_define("prefix=sent\n");
	store_own();
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	objects = server->puts;
	store_define("prefix=sent\n");
	CHECK(fetch_in_order(&pushed, SIZE, RANGE) == objects);
	/* The manifest is there still. */
	CHECK(fetch_in_order(&pushed, SIZE, SIZE) == objects - 1);

	CHECK(!ftruncate(zeros, 48 * MIB));
	push_file(zeros, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	content = mem_new(48 * MIB);
	/* Three equal chunks. */
	CHECK(fetch_in_order(&pushed, 48 * MIB, 8 * MIB) == 2);
	free(content);
	content = was;
	close(zeros);
}

/* Faults after which another attempt succeeds. */
static void passing_faults(void)
{
	static const struct {
		enum s3_fault fault;
		int method;
	} faults[] = {
		{ S3_ERROR, 0 }, { S3_SLOW_DOWN, 0 }, { S3_CLOSE, 0 }, { S3_HTML, 0 },
		{ S3_TRUNCATED, 'G' }, { S3_WRONG, 'G' }, { S3_SHORT, 'G' }, { S3_LONG, 'G' },
		{ S3_LOST, 'G' }, { S3_ETAG, 'P' }, { S3_DENIED, 'H' }, { S3_EXPECTATION, 'P' },
	};
	struct answer pushed, a;
	char prefix[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		snprintf(prefix, sizeof(prefix), "prefix=fault%zu\n", i);
		store_define(prefix);
		store_own();
		s3_server_fault(server, faults[i].fault, faults[i].method, 2);
		push_file(file, &pushed);
		if (!CHECK(pushed.msg.type == OFFLOAD_PUSHED)) {
			printf("# fault %d: %s\n", faults[i].fault, pushed.text);
			continue;
		}
		s3_server_fault(server, faults[i].fault, faults[i].method, 2);
		store_define(prefix);
		fetch_range(&pushed, 0, SIZE, &a);
		if (!CHECK(a.msg.type == OFFLOAD_FETCHED))
			printf("# fault %d: %s\n", faults[i].fault, a.text);
	}
	CHECK(!server->bad);
}

static const struct {
	enum s3_fault fault;
	bool fetching;
	int error;
	const char *text;
} lasting[] = {
	{ S3_NO_BUCKET, false, ENOENT, "there is no such bucket" },
	{ S3_SIGNATURE, false, EACCES, "the secret key is wrong" },
	{ S3_SKEW, false, EACCES, "clock skew: the clock of this machine is 72" },
	{ S3_QUOTA, false, EDQUOT, "the quota of the bucket is used up" },
	{ S3_ETAG, false, EIO, "wrong bytes: the store has stored" },
	{ S3_HTML, false, EIO, "the store has a problem (502)" },
	{ S3_PAGE, false, EIO, "the answer is not one of a store" },
	{ S3_PAGE, true, EIO, "the object is not one of Ditto" },
	{ S3_NO_BUCKET, true, ENOENT, "there is no such bucket" },
	{ S3_LOST, true, ENODATA, "it was deleted, or the store does not show" },
	{ S3_DENIED, true, EACCES, "access denied" },
	{ S3_WRONG, true, EIO, "wrong bytes" },
	{ S3_SHORT, true, EIO, "its header says" },
	{ S3_LONG, true, EIO, "its header says" },
	{ S3_TRUNCATED, true, EIO, "wrong bytes: the answer is truncated" },
	{ S3_SILENT, true, ETIMEDOUT, "no answer: Operation too slow" },
	{ S3_CLOSE, true, EHOSTUNREACH, "no answer" },
};

/* Faults that stay are errors with names and causes, and never data. */
static void lasting_faults(void)
{
	struct answer pushed, a;
	char settings[64];
	size_t i;

	check_round_trip("prefix=last\n", &pushed);
	for (i = 0; i < ARRAY_SIZE(lasting); i++) {
		snprintf(settings, sizeof(settings), "prefix=last%s\ntimeout=1\nparallel=2\n",
			 lasting[i].fetching ? "" : "ing");
		store_define(settings);
		s3_server_fault(server, lasting[i].fault, lasting[i].fetching ? 'G' : 'P', 100000);
		if (lasting[i].fetching)
			fetch_range(&pushed, 0, RANGE, &a);
		else
			push_file(file, &a);
		s3_server_fault(server, S3_GOOD, 0, 0);
		if (!CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == (u64)lasting[i].error &&
			   strstr(a.text, lasting[i].text) && strstr(a.text, "store s, bucket b")))
			printf("# fault %d: %d, %llu %s\n", lasting[i].fault, a.msg.type,
			       (unsigned long long)a.msg.error, a.text);
		CHECK(!strchr(a.text, 0x1b));
	}
}

/* A page that says yes to everything is not taken for an object that is there. */
static void page_is_no_object(void)
{
	struct answer pushed, a;

	store_define("prefix=page\n");
	s3_server_fault(server, S3_PAGE, 'H', 100000);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && !pushed.msg.deduplicated);
	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=page\n");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
}

static void store_is_left_alone(void)
{
	struct offload_msg check = { .type = OFFLOAD_CHECK, .store = "s" };
	struct answer a;
	u64 got;

	store_define("prefix=check\ntimeout=1\n");
	s3_server_fault(server, S3_CLOSE, 0, 100000);
	do {
		wait_for(channel_ask(&check, -1), &a, &got);
		CHECK(a.msg.type == OFFLOAD_FAILED);
	} while (a.msg.type == OFFLOAD_FAILED && a.msg.error != EHOSTDOWN);
	CHECK(strstr(a.text, "store s does not answer and is not asked"));
	s3_server_fault(server, S3_GOOD, 0, 0);
	do {
		usleep(50000);
		wait_for(channel_ask(&check, -1), &a, &got);
	} while (a.msg.type == OFFLOAD_FAILED && a.msg.error == EHOSTDOWN);
	CHECK(a.msg.type == OFFLOAD_CHECKED);
}

/* Messages about two fetches until @id ends. Returns the notices that more has come for @id. */
static unsigned int hear_progress(u64 id, u64 other)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	struct offload_msg msg;
	unsigned int moves = 0;
	int fd;

	while (CHECK(channel_receive(&msg, packet, &fd))) {
		CHECK(msg.id == id || msg.id == other);
		if (fd >= 0)
			close(fd);
		if (msg.id != id)
			continue;
		if (!CHECK(msg.type == OFFLOAD_PROGRESS || msg.type == OFFLOAD_DATA ||
			   msg.type == OFFLOAD_FETCHED) || msg.type == OFFLOAD_FETCHED)
			break;
		moves += msg.type == OFFLOAD_PROGRESS;
	}
	return moves;
}

/*
 * A chunk that takes longer than the time of a store, and one that waits behind it, are told to
 * come further, and come.
 */
static void store_on_a_slow_line(void)
{
	struct answer pushed;
	u64 first, second;

	check_round_trip("prefix=slow\ntimeout=2\nparallel=1\n", &pushed);
	store_define("prefix=slow\ntimeout=2\nparallel=1\n");
	s3_server_fault(server, S3_SLOW, 'G', 100000);
	first = fetch_send(&pushed, 0, 1000);
	second = fetch_send(&pushed, SIZE - 1000, 1000);
	CHECK(hear_progress(first, second) > 2);
	CHECK(hear_progress(second, 0) > 2);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* Many readers of a range share its chunks, and only so many transfers run. */
static void many_readers(void)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	struct answer pushed;
	struct offload_msg msg;
	int fd, left = 50, i;
	u64 got = 0;

	check_round_trip("prefix=many\nparallel=2\n", &pushed);
	store_define("prefix=many\nparallel=2\n");
	s3_server_fault(server, S3_GOOD, 0, 0);
	for (i = 0; i < left; i++)
		fetch_send(&pushed, 0, SIZE);
	while (left && CHECK(channel_receive(&msg, packet, &fd))) {
		if (msg.type == OFFLOAD_PROGRESS)
			continue;
		CHECK(msg.type == OFFLOAD_DATA || msg.type == OFFLOAD_FETCHED);
		if (msg.type == OFFLOAD_DATA)
			got += msg.length;
		else
			left--;
		if (fd >= 0)
			close(fd);
	}
	CHECK(got == 50ULL * SIZE);
	CHECK(server->gets <= (int)(SIZE / MIB) + 1 && server->busiest <= 2);
}

static void requests_cancelled(void)
{
	struct offload_msg push = { .type = OFFLOAD_PUSH, .store = "s" };
	struct offload_msg cancel = { .type = OFFLOAD_CANCEL };
	struct answer pushed, a;
	u64 got;

	check_round_trip("prefix=cancel\n", &pushed);
	store_define("prefix=cancel\n");
	s3_server_fault(server, S3_SILENT, 0, 100000);
	cancel.id = fetch_send(&pushed, 0, SIZE);
	CHECK(!offload_msg_send(channel, &cancel, -1));
	wait_for(cancel.id, &a, &got);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ECANCELED && !got);
	cancel.id = channel_ask(&push, file);
	CHECK(!offload_msg_send(channel, &cancel, -1));
	wait_for(cancel.id, &a, &got);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ECANCELED);
	/* One that is unknown is ignored. */
	CHECK(!offload_msg_send(channel, &cancel, -1));
	s3_server_fault(server, S3_GOOD, 0, 0);
	check_round_trip("prefix=cancel\n", &pushed);
}

static void file_becomes_shorter(void)
{
	int fd = memfd_create("file", 0);
	struct offload_msg push = { .type = OFFLOAD_PUSH, .store = "s" };
	struct answer a;
	u64 id, got;

	store_define("prefix=short\nparallel=1\ntimeout=1\n");
	store_own();
	s3_server_fault(server, S3_SILENT, 'H', 1);
	CHECK(!ftruncate(fd, 200 * MIB));
	id = channel_ask(&push, fd);
	while (server->times)
		usleep(10000);
	CHECK(!ftruncate(fd, MIB));
	wait_for(id, &a, &got);
	if (!CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ESTALE))
		printf("# %s\n", a.text);
	close(fd);
}

static void wrong_requests(void)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "other" };
	struct answer pushed = { .msg.cookie_len = 3 }, a;
	int pair[2];
	u64 got;

	wait_for(channel_ask(&msg, file), &a, &got);
	CHECK(a.msg.error == ENOENT && strstr(a.text, "store other is not configured"));
	msg = (struct offload_msg){ .type = OFFLOAD_PUSH, .store = "s" };
	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.error == EBADF);
	CHECK(!pipe(pair));
	wait_for(channel_ask(&msg, pair[0]), &a, &got);
	CHECK(a.msg.error == EINVAL);
	close(pair[0]);
	close(pair[1]);
	fetch_range(&pushed, 0, 1, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	msg = (struct offload_msg){ .type = OFFLOAD_STORE, .store = "a/b" };
	wait_for(channel_ask(&msg, -1), &a, &got);
	CHECK(a.msg.type == OFFLOAD_FAILED);
}

static void order_give_file(u32 type, const char *text, int file, struct answer *a, int *passed)
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

static void order_give(u32 type, const char *text, struct answer *a, int *passed)
{
	order_give_file(type, text, -1, a, passed);
}

static void objects_listed_read_deleted(void)
{
	char lines[16384] = "", name[OFFLOAD_STORE_MAX * 2] = "", chunk[sizeof(name)] = "";
	struct answer pushed, a;
	int fd = -1;

	store_define(KEY_1);
	push_file(file, &pushed);
	order_give(OFFLOAD_LIST, "chunks/\n", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_LISTED && a.msg.number > 1 && !a.msg.done && fd >= 0);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(strstr(lines, "chunks/") ?: "", "%127s", chunk) == 1);
	memset(lines, 0, sizeof(lines));
	order_give(OFFLOAD_LIST, "manifests/\n", &a, &fd);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(lines, "%127s %*d 7", name) == 1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && fd >= 0 && lseek(fd, 0, SEEK_END) > 0);
	close(fd);
	memcpy(name, chunk, sizeof(name));
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && a.msg.size && fd < 0);
	s3_server_fault(server, S3_WRONG, 'G', 100);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADMSG);
	s3_server_fault(server, S3_GOOD, 0, 0);
	/* What files may refer to is not deleted alone. */
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", name);
	s3_server_fault(server, S3_SIGNATURE, 'D', 1);
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "DELETE ") && strstr(a.text, name));
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_DELETED);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ENODATA && strstr(a.text, name));
	order_give(OFFLOAD_DELETE, "ditto-check", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	order_give(OFFLOAD_LIST, "chunks/", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
}

/**
 * struct objects - objects of the store that files refer to
 * @lines: their names, one in each line
 * @n: number of them
 * @run: number of the run of gc
 */
struct objects {
	char lines[16384];
	unsigned int n;
	u64 run;
};

static void objects_list(struct objects *o)
{
	static const char *const folders[] = { "chunks/\n", "manifests/\n" };
	char lines[16384], *line, *next;
	struct answer a;
	size_t i;
	int fd;

	o->lines[0] = '\0';
	o->n = 0;
	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		memset(lines, 0, sizeof(lines));
		order_give(OFFLOAD_LIST, folders[i], &a, &fd);
		CHECK(!a.msg.number || pread(fd, lines, sizeof(lines) - 1, 0) > 0);
		close(fd);
		for (line = strtok_r(lines, "\n", &next); line;
		     line = strtok_r(NULL, "\n", &next)) {
			sprintf(strchr(o->lines, '\0'), "%.*s\n", (int)strcspn(line, " "), line);
			o->n++;
		}
	}
}

/* Write a list of garbage with these objects. */
static void objects_condemn(const struct objects *o)
{
	struct garbage_list list = { .time = 7, .n = o->n };
	u8 *bytes = mem_new(GARBAGE_MAX), name[HASH_SIZE];
	int file = memfd_create("list", MFD_CLOEXEC), fd;
	char *lines = mem_string(o->lines), *line, *next;
	struct answer a;
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

static void objects_begin_run(struct objects *o)
{
	struct answer a;
	int fd;

	order_give(OFFLOAD_COLLECT, "begin", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_COLLECTED && a.msg.number && fd < 0);
	o->run = a.msg.number;
}

/* Delete the objects. Returns how many of them stay for this cause, or -1. */
static int objects_collect(const struct objects *o, const char *cause, struct answer *a)
{
	char run[32], lines[32768] = "", *at;
	int file = memfd_create("names", MFD_CLOEXEC), fd, n = 0;

	sprintf(run, "%llu", (unsigned long long)o->run);
	CHECK(write(file, o->lines, strlen(o->lines)) == (ssize_t)strlen(o->lines));
	order_give_file(OFFLOAD_COLLECT, run, file, a, &fd);
	close(file);
	if (a->msg.type != OFFLOAD_COLLECTED)
		return -1;
	if (fd >= 0)
		CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	for (at = lines; *cause && (at = strstr(at, cause)); at++)
		n++;
	return *cause ? n : (int)strlen(lines);
}

/* Condemned objects are sent again, and not deleted then; and are sent again after a deletion. */
static void condemned_objects(void)
{
	struct answer pushed, again, a;
	struct objects o;
	int puts;

	store_define("prefix=condemned\ntimeout=15\n" KEY_1);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	objects_list(&o);
	CHECK(o.n > 2);
	objects_begin_run(&o);
	/* Nothing is deleted that no list names. */
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n);
	objects_condemn(&o);

	/* Uploads of this process know the list, and those of another one read it. */
	s3_server_fault(server, S3_GOOD, 0, 0);
	puts = server->puts;
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && !server->heads);
	CHECK(server->puts == puts + (int)o.n);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
	/* Once is enough. */
	push_file(file, &again);
	CHECK(again.msg.deduplicated && server->puts == puts + (int)o.n);
	store_define("prefix=condemned\ntimeout=15\n" KEY_1);
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == ESTALE);
	objects_begin_run(&o);
	CHECK(server->lists == 1);
	s3_server_fault(server, S3_GOOD, 0, 0);
	push_file(file, &again);
	CHECK(!again.msg.deduplicated && !server->heads);

	/* The next run deletes them, though another list of the store cannot be read at first. */
	s3_server_fault(server, S3_DENIED, 'L', 1);
	order_give(OFFLOAD_COLLECT, "begin", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EACCES);
	objects_begin_run(&o);
	s3_server_fault(server, S3_GOOD, 0, 0);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1 && !server->deletes);
	/* The store says that they are there, as a copy that lags behind. */
	s3_server_fault(server, S3_LAGS, 'H', 1000);
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && !server->heads);
	s3_server_fault(server, S3_GOOD, 0, 0);
	fetch_range(&again, 0, SIZE, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_FETCHED);
}

/* Condemn what a push has sent, and begin a run. Ends without faults. */
static void objects_condemn_new(struct objects *o, const char *settings)
{
	struct answer pushed;

	store_define(settings);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	objects_list(o);
	objects_begin_run(o);
	objects_condemn(o);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* If a list cannot be used, uploads send everything, once, and what they have sent stays. */
static void lists_that_are_damaged(void)
{
	struct answer pushed, a;
	struct objects o;

	objects_condemn_new(&o, "prefix=damaged\ntimeout=15\n" KEY_1);
	s3_server_fault(server, S3_WRONG, 'G', 1000);
	objects_begin_run(&o);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && !pushed.msg.deduplicated && !server->heads);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && pushed.msg.deduplicated);
	s3_server_fault(server, S3_GOOD, 0, 0);
	objects_begin_run(&o);
	CHECK(objects_collect(&o, "", &a) == 0);
}

/* A store with keys does not believe a list of garbage that has none. */
static void lists_without_a_key(void)
{
	char lines[16384] = "", name[OFFLOAD_STORE_MAX * 2] = "";
	struct answer a;
	struct objects o;
	int fd;

	objects_condemn_new(&o, "prefix=keyless\ntimeout=15\n");
	order_give(OFFLOAD_LIST, "garbage/\n", &a, &fd);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(lines, "%127s", name) == 1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && fd >= 0);
	close(fd);
	store_define("prefix=keyless\ntimeout=15\n" KEY_1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ENOKEY);
	/* The names of the last run are remembered for another one. */
	objects_begin_run(&o);
	objects_begin_run(&o);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
}

/* Stores that do not know how to delete many objects, and answers that say less than all. */
static void deletions_that_fail(void)
{
	struct answer pushed, a;
	struct objects o;
	int n;

	store_define("prefix=fail\ntimeout=15\n" KEY_1);
	push_file(file, &pushed);
	objects_list(&o);
	objects_begin_run(&o);
	objects_condemn(&o);
	s3_server_fault(server, S3_PAGE, 'O', 1);
	CHECK(objects_collect(&o, "something else", &a) == (int)o.n);
	s3_server_fault(server, S3_PAGE, 'O', 1);
	CHECK(objects_collect(&o, " refused: ", &a) == 0);
	s3_server_fault(server, S3_KEEPS, 'O', 1);
	n = server->objects;
	CHECK(objects_collect(&o, " refused: the store refuses: InternalError", &a) == 1);
	CHECK(server->objects == n - (int)o.n + 1);
	s3_server_fault(server, S3_KEEPS, 'O', 1);
	CHECK(objects_collect(&o, "does not say", &a) == 1);
	objects_begin_run(&o);
	push_file(file, &pushed);
	objects_begin_run(&o);
	/* Another refusal is no reason to do without the request the next time. */
	s3_server_fault(server, S3_DENIED, 'O', 1);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 2);
	objects_begin_run(&o);
	push_file(file, &pushed);
	objects_begin_run(&o);
	s3_server_fault(server, S3_NO_BULK, 'O', 1);
	n = server->objects;
	CHECK(objects_collect(&o, "", &a) == 0 && server->objects == n - (int)o.n);
	CHECK(server->bulks == 1 && server->deletes == (int)o.n);
	/* It is not asked again. */
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1);
	s3_server_fault(server, S3_DENIED, 'D', 1);
	CHECK(objects_collect(&o, " refused: ", &a) == 1);
	/* A batch without its file is no beginning. */
	order_give(OFFLOAD_COLLECT, "1", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADF);
	order_give(OFFLOAD_COLLECT, "", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADF);
	/* Other things than such objects. */
	sprintf(o.lines, "ditto-owner\n");
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == EINVAL);
	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", o.lines);
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == EINVAL);
}

/* Send a batch without waiting for the answer. Returns its number when the store has it. */
static u64 objects_collect_send(const struct objects *o)
{
	struct offload_msg msg = { .type = OFFLOAD_COLLECT, .store = "s" };
	int names = memfd_create("names", MFD_CLOEXEC);
	char *run = mem_print("%llu", (unsigned long long)o->run);
	u64 id;

	CHECK(write(names, o->lines, strlen(o->lines)) == (ssize_t)strlen(o->lines));
	msg.text = run;
	msg.text_len = strlen(run);
	id = channel_ask(&msg, names);
	while (!server->bulks)
		usleep(1000);
	close(names);
	free(run);
	return id;
}

/* Hear the next message, which answers a request. */
static void channel_hear(u64 id, u32 type)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	struct offload_msg msg;
	int fd;

	do {
		if (!CHECK(channel_receive(&msg, packet, &fd)))
			return;
		if (fd >= 0)
			close(fd);
	} while (msg.type == OFFLOAD_PROGRESS);
	CHECK(msg.id == id && msg.type == type);
}

/* What a run deletes is waited for by uploads and by the next run, also if nobody waits for it. */
static void deletions_that_go_on(void)
{
	struct offload_msg cancel = { .type = OFFLOAD_CANCEL };
	struct offload_msg push = { .type = OFFLOAD_PUSH, .store = "s" };
	struct offload_msg begin = { .type = OFFLOAD_COLLECT, .store = "s",
				     .text = "begin", .text_len = strlen("begin") };
	u64 pushed, begun;
	struct objects o;
	int n;

	objects_condemn_new(&o, "prefix=goon\ntimeout=6\n" KEY_1);
	n = server->objects;
	s3_server_fault(server, S3_SILENT, 'O', 1);
	cancel.id = objects_collect_send(&o);
	CHECK(!offload_msg_send(channel, &cancel, -1));
	channel_hear(cancel.id, OFFLOAD_FAILED);
	pushed = channel_ask(&push, file);
	begun = channel_ask(&begin, -1);
	channel_hear(begun, OFFLOAD_COLLECTED);
	/* On a busy machine the answer to the second attempt may be late, too. */
	CHECK(server->bulks >= 2);
	channel_hear(pushed, OFFLOAD_PUSHED);
	/* The second attempt was good, and the first one may still delete what would be sent. */
	CHECK(!server->puts_before && server->puts == (int)o.n && server->objects == n);
}

/* A store deletes later than anybody waits for its answer: of a request, or of the process. */
static void deletions_that_are_late(void)
{
	struct answer pushed, a;
	struct objects o;

	objects_condemn_new(&o, "prefix=late\ntimeout=1\n" KEY_1);
	s3_server_fault(server, S3_LATE, 'O', 1000);
	CHECK(objects_collect(&o, " ", &a) >= (int)o.n);
	push_file(file, &pushed);
	while (server->late < server->bulks)
		usleep(1000);
	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=late\ntimeout=1\n" KEY_1);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);

	objects_condemn_new(&o, "prefix=later\ntimeout=1\n" KEY_1);
	s3_server_fault(server, S3_LATE, 'O', 1000);
	objects_collect_send(&o);
	CHECK(process_end() == 0);
	channel = store_process_start(&process);
	store_define("prefix=later\ntimeout=1\n" KEY_1);
	push_file(file, &pushed);
	while (server->late < server->bulks)
		usleep(1000);
	s3_server_fault(server, S3_GOOD, 0, 0);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	/* Other tests push the same names elsewhere. */
	CHECK(process_end() == 0);
	channel = store_process_start(&process);
}

/*
 * Give an order for all objects of the store, with a text behind each name. Returns how many were
 * rewritten.
 */
static unsigned int objects_rekey_with(const char *more)
{
	char lines[16384] = "", *line, *next, text[256];
	unsigned int n = 0;
	struct answer a;
	int fd = -1;

	order_give(OFFLOAD_LIST, "\n", &a, &fd);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	for (line = strtok_r(lines, " ", &next); line; line = strtok_r(NULL, " ", &next)) {
		strtok_r(NULL, "\n", &next);
		if (!strchr(line, '/'))
			continue;
		snprintf(text, sizeof(text), "%s%s", line, more);
		order_give(OFFLOAD_REKEY, text, &a, &fd);
		CHECK(a.msg.type == OFFLOAD_REKEYED);
		n += a.msg.done != 0;
	}
	return n;
}

static unsigned int objects_rekey(void)
{
	return objects_rekey_with("");
}

static void objects_get_another_key(void)
{
	struct answer pushed, a;
	unsigned int n;

	store_define("prefix=rekey\n" KEY_1);
	push_file(file, &pushed);
	CHECK(objects_rekey() == 0);
	store_define("prefix=rekey\n" KEY_2 KEY_1);
	n = objects_rekey();
	CHECK(n > 1);
	CHECK(objects_rekey() == 0);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	/* Both keys are needed: one decrypts, the other one has made the names. */
	store_define("prefix=rekey\n" KEY_1);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "encrypted with the key"));
	store_define("prefix=rekey\n" KEY_2);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "named with the key"));
	/* And back again; then the second one is needed no more. */
	store_define("prefix=rekey\n" KEY_1 KEY_2);
	CHECK(objects_rekey() == n);
	store_define("prefix=rekey\n" KEY_1);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	/* Objects from before the first key are encrypted, too; damaged ones are not written. */
	store_define("prefix=clear\n");
	push_file(file, &pushed);
	store_define("prefix=clear\n" KEY_1);
	/* But none that anybody can have made, unless something refers to it. */
	CHECK(objects_rekey() == 0);
	CHECK(objects_rekey_with("\nreferred") == n);
	CHECK(objects_rekey_with("\nreferred") == 0);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	store_define("prefix=clear\n");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED);
}

/* The name of a head is told before the head is sent. */
static void heads_named(void)
{
	struct offload_msg msg = { .type = OFFLOAD_KEEP, .store = "s", .text = "name",
				   .text_len = 4 };
	struct snapshot_head h = { .tree_size = 77, .entries = 3, .share = "data",
				   .name = "monday" };
	char names[2][OBJECT_NAME_SIZE] = { "" };
	int head = memfd_create("head", MFD_CLOEXEC), fd, puts, i;
	u8 bytes[SNAPSHOT_HEAD_MAX], packet[OFFLOAD_PACKET_MAX];
	struct offload_msg said;

	h.cookie_len = (size_t)sprintf((char *)h.cookie, "cold\n%064d\n1", 5);
	i = (int)snapshot_head_encode(&h, bytes);
	CHECK(write(head, bytes, (size_t)i) == i);
	store_define("prefix=heads\n" KEY_1);
	store_own();
	puts = server->puts;
	for (i = 0; i < 2; i++) {
		channel_ask(&msg, head);
		CHECK(channel_receive(&said, packet, &fd) && said.type == OFFLOAD_KEPT && fd >= 0);
		CHECK(pread(fd, names[i], OBJECT_NAME_SIZE - 1, 0) > 0);
		close(fd);
		CHECK(server->puts == puts + i);
		msg.text_len = 0;
	}
	close(head);
	SAME(names[0], names[1]);
}

static void store_behind_a_proxy(void)
{
	/* Only the proxy, which is the store here, knows where that is. */
	char *settings = mem_print("endpoint=http://store.invalid\nproxy=http://127.0.0.1:%d\n",
				   server->port);
	struct answer pushed;

	check_round_trip(settings, &pushed);
	free(settings);
}

static void process_confined(void)
{
	CHECK(process_status(process, "CapPrm", 16) == 0);
	CHECK(process_status(process, "CapBnd", 16) == 0 || getuid());
	CHECK(process_status(process, "NoNewPrivs", 10) == 1);
	CHECK(getuid() || process_status(process, "Uid", 10) > 0);
	if (process_status(getpid(), "Seccomp", 10) >= 0)
		CHECK(process_status(process, "Seccomp", 10) == 2);
}

static void process_ends(void)
{
	int status = -1;

	CHECK(process_end() == 0);
	channel = store_process_start(&process);
	CHECK(channel >= 0);
	CHECK(send(channel, "junk", 4, 0) == 4);
	CHECK(waitpid(process, &status, 0) == process && WIFEXITED(status) &&
	      WEXITSTATUS(status) == 1);
	close(channel);
}

#define OWNER_A	"prefix=own\nserver-id=aaaa\nserver-name=one\n"
#define OWNER_B	"prefix=own\nserver-id=bbbb\nserver-name=two\n"

static void store_ask(u32 type, const char *text, struct answer *a)
{
	struct offload_msg msg = { .type = type, .store = "s", .text = text,
				   .text_len = strlen(text) };
	u64 got;

	wait_for(channel_ask(&msg, -1), a, &got);
}

static void check_not_ours(const struct answer *a, const char *owner)
{
	if (!CHECK(a->msg.type == OFFLOAD_FAILED && a->msg.error == EPERM &&
		   strstr(a->text, owner) && strstr(a->text, "dittoctl offload take s")))
		printf("# %s\n", a->text);
}

/* An answer of some seconds ago is good for uploads, but not for deletions. */
static void owner_ages(const char *name)
{
	struct answer a;
	int gets;

	store_ask(OFFLOAD_DELETE, name, &a);
	gets = server->gets;
	sleep(6);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == gets);
	store_ask(OFFLOAD_DELETE, name, &a);
	CHECK(a.msg.type == OFFLOAD_DELETED && server->gets == gets + 1);
}

/* Requests of a claim: the object, lists, the bucket's configuration. Garbage is listed, too. */
#define TRACES	3
#define CONFIGS	3

static void store_has_one_owner(void)
{
	char name[OBJECT_NAME_SIZE];
	struct answer pushed, a;
	int puts;

	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", name);
	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define(OWNER_A);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && server->gets == 2 + CONFIGS);
	CHECK(server->lists == TRACES + 1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == 2 + CONFIGS);
	store_ask(OFFLOAD_OWN, "", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && !a.msg.done);
	CHECK(server->gets == 3 + CONFIGS);
	puts = server->puts;

	/* Another server reads, but does not write or delete. */
	store_define(OWNER_B);
	push_file(file, &a);
	check_not_ours(&a, "the server one (aaaa, since 20");
	store_ask(OFFLOAD_DELETE, "chunks/00/none", &a);
	check_not_ours(&a, "the server one");
	store_ask(OFFLOAD_OWN, "", &a);
	check_not_ours(&a, "the server one");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED && server->puts == puts);
	store_ask(OFFLOAD_OWN, "take", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	owner_ages(name);
	store_define(OWNER_A);
	push_file(file, &a);
	check_not_ours(&a, "the server two (bbbb");

	/* Stores that do not know conditions, or do not answer. */
	store_define("prefix=own2\nserver-id=aaaa\n");
	s3_server_fault(server, S3_NO_CONDITIONS, 'P', 1000);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == 1 + 7 + 1 + CONFIGS);
	/* A store that does not show at once what was put there. */
	store_define("prefix=own4\nserver-id=aaaa\n");
	s3_server_fault(server, S3_LOST, 'G', 3);
	store_ask(OFFLOAD_OWN, "", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	/* Nor that another server was there first, which it knows. */
	store_define("prefix=own4\nserver-id=bbbb\n");
	s3_server_fault(server, S3_LOST, 'G', 5);
	puts = server->puts;
	push_file(file, &a);
	check_not_ours(&a, "the server ? (aaaa");
	CHECK(server->puts == puts + 1);
	store_define("prefix=own3\nserver-id=aaaa\ntimeout=1\n");
	s3_server_fault(server, S3_NO_BUCKET, 'G', 1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "there is no such bucket"));
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* A key that is not that of the data is noticed before anything is uploaded or deleted. */
static void keys_are_checked(void)
{
	struct answer a;
	int puts;

	s3_server_fault(server, S3_GOOD, 0, 0);
	/* What was written without a key, or by an earlier version, may get one. */
	store_define("prefix=keys\nserver-id=aaaa\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	puts = server->puts;
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_2);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key: its data is encrypted"));
	store_ask(OFFLOAD_DELETE, "chunks/00/none", &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key"));
	store_ask(OFFLOAD_OWN, "take", &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key"));
	store_define("prefix=keys\nserver-id=aaaa\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "which is missing here"));
	CHECK(server->puts == puts);
	/* A new key before the old one: from then on there is data of both. */
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_2 KEY_1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key"));
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_2);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "wrong key"));
	store_define("prefix=keys\nserver-id=aaaa\n" KEY_1 KEY_2);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
}

/* Value of a line of what was told. */
static const char *bucket_word(const char *key)
{
	static char value[512];
	const char *line = strstr(store_process_told, key);

	snprintf(value, sizeof(value), "%.*s", line ? (int)strcspn(line, "\n") : 0, line ?: "");
	return value + (line ? strlen(key) : 0);
}

static void check_refused(const struct answer *a, const char *text)
{
	if (!CHECK(a->msg.type == OFFLOAD_FAILED && strstr(a->text, text)))
		printf("# %d: %s\n", a->msg.type, a->text);
}

/* Nothing is written or deleted, for a reason. */
static void check_closed(const char *settings, const char *text)
{
	int puts = server->puts;
	struct answer a;

	store_define(settings);
	push_file(file, &a);
	check_refused(&a, text);
	store_ask(OFFLOAD_DELETE, "chunks/00/none", &a);
	check_refused(&a, text);
	store_ask(OFFLOAD_OWN, "", &a);
	check_refused(&a, text);
	CHECK(server->puts == puts);
}

#define UUID_X	"00112233445566778899aabbccddeeff"

/* Another bucket under the name of a store is not taken for it. */
static void buckets_have_uuids(void)
{
	struct answer pushed, a;
	char *settings, uuid[STORE_UUID_SIZE], text[64];
	struct cookie cookie;

	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=id\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED &&
	      cookie_decode(&cookie, pushed.msg.cookie, pushed.msg.cookie_len));
	snprintf(uuid, sizeof(uuid), "%s", bucket_word("uuid="));
	CHECK(store_uuid_is_good(uuid));
	SAME(cookie.uuid, uuid);
	settings = mem_print("prefix=id\nuuid=%s\n", uuid);
	check_round_trip(settings, &pushed);
	snprintf(text, sizeof(text), "is %s", uuid);
	store_ask(OFFLOAD_OWN, text, &a);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	store_ask(OFFLOAD_OWN, "is " UUID_X, &a);
	check_refused(&a, "and this one has");
	free(settings);

	/* The bucket has another UUID than the one before. */
	check_closed("prefix=id\nuuid=" UUID_X "\n", "it is another bucket: it has the UUID");
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "another bucket");
	store_ask(OFFLOAD_CHECK, "", &a);
	check_refused(&a, "take --new-bucket s");
	check_refused(&a, "id/ditto-owner was overwritten: remove that object");
	store_ask(OFFLOAD_LIST, "chunks/\n", &a);
	check_refused(&a, "it is another bucket");
	cookie.uuid[0] = '\0';
	pushed.msg.cookie_len = cookie_encode(&cookie, pushed.msg.cookie);
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "it is another bucket");
	store_ask(OFFLOAD_OWN, "take", &a);
	check_refused(&a, "it is another bucket");
	store_ask(OFFLOAD_OWN, "take new", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	SAME(bucket_word("uuid="), uuid);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);

	store_ask(OFFLOAD_OWN, "take " UUID_X, &a);
	check_refused(&a, "id/ditto-owner was overwritten, remove that object first");

	/* It belongs to another section. */
	settings = mem_print("prefix=id\nother=" UUID_X " warm\nother=%s cold\n", uuid);
	check_closed(settings, "it is the bucket of [store cold]");
	store_ask(OFFLOAD_OWN, "take new", &a);
	check_refused(&a, "it is the bucket of [store cold]");
	/* What was offloaded under either name can be read. */
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	free(settings);
	settings = mem_print("prefix=id\nuuid=%s\nother=%s cold\n", uuid, uuid);
	check_closed(settings, "is remembered for [store cold], too: recall the files");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	free(settings);
}

static void owners_that_are_missing(void)
{
	struct answer a;

	check_closed("prefix=gone\nuuid=" UUID_X "\n", "gone/ditto-owner is missing");
	store_ask(OFFLOAD_CHECK, "", &a);
	check_refused(&a, "take --uuid " UUID_X " s");
	store_ask(OFFLOAD_OWN, "take", &a);
	check_refused(&a, "is missing");
	store_ask(OFFLOAD_OWN, "take 0", &a);
	check_refused(&a, "no UUID");
	store_ask(OFFLOAD_OWN, "take 99112233445566778899aabbccddeeff", &a);
	check_refused(&a, "the data of this server is in the UUID " UUID_X);
	store_ask(OFFLOAD_OWN, "take " UUID_X, &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	SAME(bucket_word("uuid="), UUID_X);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);

	/* Nobody remembers it, but there is data. */
	store_define("prefix=trace/manifests\n");
	push_file(file, &a);
	check_closed("prefix=trace\n", "is missing, but data of Ditto is there");
	store_ask(OFFLOAD_OWN, "take new", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
}

/* Who does not know who he is, or which bucket it was, writes nothing. */
static void servers_without_id(void)
{
	struct answer pushed, a;

	store_define("prefix=noid\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	check_closed("prefix=noid\nserver-id=\n", "this server has no id");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	check_closed("prefix=noid\nrefused=/state: damaged\n", "/state: damaged");
	/* Nor who may not read whose it is. */
	store_define("prefix=noid2\n");
	s3_server_fault(server, S3_DENIED, 'G', 1);
	push_file(file, &a);
	check_refused(&a, "access denied");
	CHECK(!server->puts);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

#define RULE	"<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix>%s</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"

static void buckets_that_remove_objects(void)
{
	const struct objects none = { .n = 0 };
	struct answer pushed, a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	snprintf(server->versioning, sizeof(server->versioning),
		 "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "other/");
	store_define("prefix=life\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "none");
	SAME(bucket_word("versioning="), "on");
	SAME(bucket_word("lock="), "off");
	SAME(bucket_word("class="), "STANDARD");

	/* The lists of garbage are data, too. */
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "life/garbage/");
	store_define("prefix=life\n");
	push_file(file, &a);
	check_refused(&a, "the rule tidy of its lifecycle deletes objects");
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "");
	store_define("prefix=life\n");
	store_ask(OFFLOAD_CHECK, "", &a);
	CHECK(a.msg.type == OFFLOAD_CHECKED);
	CHECK(strstr(bucket_word("refused="), "the rule tidy of its lifecycle deletes objects"));
	push_file(file, &a);
	check_refused(&a, "the rule tidy of its lifecycle deletes objects: remove that rule");
	/* Lists of garbage may be written. */
	objects_condemn(&none);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	store_define("prefix=life\nlifecycle=allow\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "the rule tidy of its lifecycle deletes objects");
	SAME(bucket_word("refused="), "");

	/* Stores that do not tell. */
	server->config_status = 501;
	store_define("prefix=life\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "unknown");
	SAME(bucket_word("versioning="), "unknown");
	SAME(bucket_word("lock="), "unknown");
	server->config_status = 0;
	server->lifecycle[0] = '\0';
	server->versioning[0] = '\0';
}

/* An archived object is not there for those who rely on it, and its readers hear why. */
static void objects_in_an_archive(void)
{
	struct answer pushed, again, a;
	int puts;

	store_define("prefix=ice\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	s3_server_fault(server, S3_ARCHIVED, 0, 100000);
	store_define("prefix=ice\n");
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "the object is archived");
	store_define("prefix=ice\n");
	s3_server_fault(server, S3_ARCHIVED, 'H', 100000);
	puts = server->puts;
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && server->puts > puts);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* Buckets with object lock want a checksum; other stores may not know it. */
static void uploads_have_checksums(void)
{
	struct answer a;
	int sums = server->sums;

	store_define("prefix=sums\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->sums == sums + server->puts &&
	      server->puts > 2);
	s3_server_fault(server, S3_NO_CHECKSUM, 'P', 100000);
	sums = server->sums;
	check_round_trip("prefix=nosums\n", &a);
	CHECK(server->sums == sums && !server->bad);
	s3_server_fault(server, S3_BAD_CHECKSUM, 'P', 100000);
	check_round_trip("prefix=badsums\n", &a);
	CHECK(server->sums == sums && !server->bad);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* "Expect" is only sent if libcurl would sign it anyway. */
static void uploads_without_expect(void)
{
	bool can = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080300;
	struct answer a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=expect\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->puts);
	CHECK(server->expects == (can ? 0 : server->puts));
}

/* The token of a session is sent with all requests, and signed. */
static void requests_have_tokens(void)
{
	struct answer a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	check_round_trip("prefix=tokens\ntoken=IQoJb3JpZ2luX2VjEJ///+/==\n", &a);
	CHECK(server->puts && !server->bad);
	CHECK(server->tokens == server->gets + server->heads + server->puts + server->lists);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(process_confined), TEST(push_and_fetch), TEST(keys_change),
		TEST(zeros_and_nothing), TEST(chunks_are_kept_until_sent),
		TEST(passing_faults), TEST(lasting_faults), TEST(page_is_no_object),
		TEST(store_is_left_alone), TEST(many_readers),
		TEST(store_on_a_slow_line), TEST(requests_cancelled),
		TEST(file_becomes_shorter), TEST(wrong_requests), TEST(objects_listed_read_deleted),
		TEST(condemned_objects), TEST(lists_that_are_damaged), TEST(lists_without_a_key),
		TEST(deletions_that_fail),
		TEST(deletions_that_go_on), TEST(deletions_that_are_late),
		TEST(objects_get_another_key), TEST(store_has_one_owner), TEST(keys_are_checked),
		TEST(buckets_have_uuids), TEST(owners_that_are_missing), TEST(servers_without_id),
		TEST(buckets_that_remove_objects), TEST(objects_in_an_archive),
		TEST(uploads_have_checksums), TEST(uploads_without_expect),
		TEST(requests_have_tokens),
		TEST(heads_named), TEST(store_behind_a_proxy),
		TEST(process_ends),
		{ NULL, NULL }
	};
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
