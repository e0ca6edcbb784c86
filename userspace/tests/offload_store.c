// SPDX-License-Identifier: GPL-2.0-only
/* The store process as dittod uses it, with a store that misbehaves. */

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "object/object_name.h"
#include "object/snapshot.h"
#include "process.h"
#include "store_client.h"
#include "test.h"

static void process_confined(void)
{
	CHECK(process_status(process, "CapPrm", 16) == 0);
	CHECK(process_status(process, "CapBnd", 16) == 0 || getuid());
	CHECK(process_status(process, "NoNewPrivs", 10) == 1);
	CHECK(getuid() || process_status(process, "Uid", 10) > 0);
	if (process_status(getpid(), "Seccomp", 10) >= 0)
		CHECK(process_status(process, "Seccomp", 10) == 2);
}

static void push_and_fetch(void)
{
	struct last_answer first, again;
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

static void zeros_and_nothing(void)
{
	int zeros = memfd_create("zeros", 0), empty = memfd_create("empty", 0);
	struct last_answer pushed, a;

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
static int fetch_in_order(const struct last_answer *pushed, u64 size, u64 range)
{
	int gets = server->gets;
	struct last_answer a;
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
	struct last_answer pushed;
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
	struct last_answer pushed, a;
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
	struct last_answer pushed, a;
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
	struct last_answer pushed, a;

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
	struct last_answer a;
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
	struct last_answer pushed;
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
	struct last_answer pushed;
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
	struct last_answer pushed, a;
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
	struct last_answer a;
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
	struct last_answer pushed = { .msg.cookie_len = 3 }, a;
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
	struct last_answer pushed;

	check_round_trip(settings, &pushed);
	free(settings);
}

/* Buckets with object lock want a checksum; other stores may not know it. */
static void uploads_have_checksums(void)
{
	struct last_answer a;
	int sums = server->sums;

	s3_server_fault(server, S3_GOOD, 0, 0);
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
	struct last_answer a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=expect\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->puts);
	CHECK(server->expects == (can ? 0 : server->puts));
}

/* The token of a session is sent with all requests, and signed. */
static void requests_have_tokens(void)
{
	struct last_answer a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	check_round_trip("prefix=tokens\ntoken=IQoJb3JpZ2luX2VjEJ///+/==\n", &a);
	CHECK(server->puts && !server->bad);
	CHECK(server->tokens == server->gets + server->heads + server->puts + server->lists);
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

int main(void)
{
	static const struct test tests[] = {
		TEST(process_confined),
		TEST(push_and_fetch),
		TEST(zeros_and_nothing),
		TEST(chunks_are_kept_until_sent),
		TEST(passing_faults),
		TEST(lasting_faults),
		TEST(page_is_no_object),
		TEST(store_is_left_alone),
		TEST(store_on_a_slow_line),
		TEST(many_readers),
		TEST(requests_cancelled),
		TEST(file_becomes_shorter),
		TEST(wrong_requests),
		TEST(heads_named),
		TEST(store_behind_a_proxy),
		TEST(uploads_have_checksums),
		TEST(uploads_without_expect),
		TEST(requests_have_tokens),
		TEST(process_ends),
		{ NULL, NULL }
	};

	return store_client_main(tests);
}
