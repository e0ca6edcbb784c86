// SPDX-License-Identifier: GPL-2.0-only
/* The broker of offloaded data: data for the kernel, and stores that are not as they should be. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker_bench.h"
#include "daemon/problems.h"
#include "mem.h"

/* Parts with which no more is fetched for a file system. */
#define ENOUGH	24
/* Number of a recall into a file system that is frozen. */
#define FROZEN	78

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
		if (broker_kernel.file[i] != byte_at(i))
			return false;
	return true;
}

static void fetch_in_parts(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 1000, 5000, 60000, BENCH_COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		CHECK(msg.type == OFFLOAD_FETCH && msg.offset == 1000 && msg.length == 5000);
		CHECK(msg.cookie_len == strlen(BENCH_COOKIE) &&
		      !memcmp(msg.cookie, BENCH_COOKIE, msg.cookie_len));
		/* In any order. */
		process_send_data(&b, msg.id, 3000, 3000, true);
		process_send_data(&b, msg.id, 1000, 2000, true);
		bench_turn(&b, -1, 50);
		CHECK(!broker_kernel.answers);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(kernel_is_answered(&b) && !broker_kernel.error);
	CHECK(broker_kernel.filled == 5000 && kernel_has(1000, 5000));
	bench_end(&b);
}

/* A process that sends what cannot be right is replaced, and the fetch is repeated. */
static void check_misbehaviour(u64 offset, u64 length, bool sealed, bool twice)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		if (length)
			process_send_data(&b, msg.id, offset, length, sealed);
		if (twice)
			process_send_data(&b, msg.id, offset, length, sealed);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(bench_spawn(&b));
	CHECK(!broker_kernel.answers);
	process_begin(&b);
	if (CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH)) {
		process_send_data(&b, msg.id, 0, 4096, true);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(kernel_is_answered(&b) && !broker_kernel.error && kernel_has(0, 4096));
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
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd)))
		process_fails(&b, msg.id, EBADMSG, text);
	CHECK(kernel_is_answered(&b) && broker_kernel.error == EBADMSG);
	SAME(broker_kernel.text, text);
	bench_end(&b);
}

static void full_file_system(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	broker_kernel.refuses = -ENOSPC;
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	if (CHECK(process_hear(&b, &msg, &fd))) {
		u64 id = msg.id;

		process_send_data(&b, id, 0, 100, true);
		/* The rest is not wanted any more. */
		CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL && msg.id == id);
		process_fails(&b, id, ECANCELED, "");
	}
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ENOSPC);
	SAME(broker_kernel.text, "the kernel refuses");
	bench_end(&b);
}

/* A fetch is repeated once if the process ends, and then fails. */
static void process_that_ends(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd, i;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	for (i = 0; i < 2; i++) {
		CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
		CHECK(!broker_kernel.answers);
		process_end(&b);
		CHECK(bench_spawn(&b));
		process_begin(&b);
	}
	CHECK(kernel_is_answered(&b) && broker_kernel.error == EIO);
	SAME(broker_kernel.text, "the store process has ended");
	bench_end(&b);
}

static bool process_hears_fetch(struct bench *b, struct offload_msg *msg)
{
	int fd;

	return CHECK(process_hear(b, msg, &fd) && msg->type == OFFLOAD_FETCH);
}

/* What waits for a frozen file system holds up nothing else, and is fetched again if need be. */
static void frozen_file_system(void)
{
	struct offload_msg msg;
	struct bench b;
	int i;

	bench_begin(&b);
	broker_kernel.stuck = FROZEN;
	for (i = 0; i < ENOUGH; i++) {
		kernel_ask_for(&b, FROZEN, 0, 4096, 60000, BENCH_COOKIE);
		if (process_hears_fetch(&b, &msg))
			process_send_data(&b, msg.id, 0, 4096, true);
	}
	bench_turn(&b, -1, 50);
	/* It has enough. */
	kernel_ask_for(&b, FROZEN, 0, 4096, 60000, BENCH_COOKIE);
	kernel_ask(&b, 4096, 4096, 60000, BENCH_COOKIE);
	if (process_hears_fetch(&b, &msg) && CHECK(msg.offset == 4096)) {
		process_send_data(&b, msg.id, 4096, 4096, true);
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	}
	CHECK(kernel_is_answered(&b) && !broker_kernel.error && kernel_has(4096, 4096));
	process_end(&b);
	if (CHECK(bench_spawn(&b))) {
		process_begin(&b);
		CHECK(offload_fetches(b.o, NULL) == ENOUGH + 1);
		kernel_thaw();
		for (i = 0; i < ENOUGH + 1; i++)
			process_hears_fetch(&b, &msg);
	}
	kernel_thaw();
	bench_end(&b);
}

/* The file system is named as the cause, not the store. */
static void file_system_that_is_slow(void)
{
	struct offload_msg msg;
	struct bench b;

	bench_begin(&b);
	broker_kernel.stuck = FROZEN;
	kernel_ask_for(&b, FROZEN, 0, 4096, 500, BENCH_COOKIE);
	if (process_hears_fetch(&b, &msg))
		process_send_data(&b, msg.id, 0, 4096, true);
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ETIMEDOUT);
	SAME(broker_kernel.text, "the file system has not taken the data in time");
	kernel_thaw();
	bench_end(&b);
}

/* The kernel has an answer before its deadline, and the fetch is cancelled. */
static void store_that_is_slow(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 500, BENCH_COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ETIMEDOUT);
	SAME(broker_kernel.text, "store main has sent nothing for 1 s");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL);
	/* Late data is not given to the kernel. */
	process_send_data(&b, msg.id, 0, 4096, true);
	process_say(&b, (struct offload_msg){ .type = OFFLOAD_FETCHED, .id = msg.id }, -1);
	bench_turn(&b, -1, 50);
	CHECK(broker_kernel.answers == 1 && !broker_kernel.filled);
	CHECK(!offload_fetches(b.o, NULL));
	bench_end(&b);
}

/* The deadline is one for progress: it begins anew with what comes, and then nothing comes. */
static void store_that_comes_further(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd, i;

	bench_begin(&b);
	kernel_ask(&b, 0, 8192, 800, BENCH_COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	for (i = 0; i < 8; i++) {
		process_say(&b, (struct offload_msg){ .type = OFFLOAD_PROGRESS, .id = msg.id }, -1);
		bench_turn(&b, -1, 200);
	}
	CHECK(broker_kernel.moves == 8 && !broker_kernel.answers);
	process_send_data(&b, msg.id, 4096, 4096, true);
	bench_turn(&b, -1, 400);
	CHECK(broker_kernel.moves == 9 && !broker_kernel.answers);
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ETIMEDOUT);
	SAME(broker_kernel.text, "store main has sent nothing for 1 s");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_CANCEL);
	/* Nobody waits any more. */
	process_say(&b, (struct offload_msg){ .type = OFFLOAD_PROGRESS, .id = msg.id }, -1);
	bench_turn(&b, -1, 50);
	CHECK(broker_kernel.moves == 9 && broker_kernel.answers == 1);
	bench_end(&b);
}

static void unknown_stores(void)
{
	struct bench b;

	bench_begin(&b);
	kernel_ask(&b, 0, 4096, 60000, "other\n0123");
	CHECK(broker_kernel.answers == 1 && broker_kernel.error == ENOENT);
	SAME(broker_kernel.text, "there is no [store other] in the configuration");
	kernel_ask(&b, 0, 4096, 60000, "main");
	CHECK(broker_kernel.answers == 2 && broker_kernel.error == EIO);
	SAME(broker_kernel.text, "the record of the file does not name a store");
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
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	process_hello(&b);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_STORE && !broker_kernel.answers);
	process_fails(&b, msg.id, EINVAL, "no");
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ENOENT);
	SAME(broker_kernel.text, "[store main]: no");
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
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	offload_configure(b.o, none);
	CHECK(bench_turn(&b, b.process, BENCH_WAIT) &&
	      offload_msg_receive(b.process, &msg, b.packet, &fd) == -ECONNRESET);
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	CHECK(broker_kernel.answers && broker_kernel.error == ENOENT);
	bench_end(&b);
	config_free(none);
}

static struct problems known;
static unsigned int told;

/* What was told of the bucket, and the number of refusals. */
static char bucket[256];
static unsigned int refusals;

static void bench_tell(void *arg, const struct offload_told *all)
{
	const struct problems *stores = &all->stores;
	unsigned int i;

	CHECK(arg == &known);
	refusals = all->refusals.n;
	snprintf(bucket, sizeof(bucket), "%s", all->buckets.n ? all->buckets.list[0].why : "");
	problems_free(&known);
	for (i = 0; i < stores->n; i++)
		problems_add(&known, stores->list[i].what, stores->list[i].why);
	told++;
}

/* Hear a question, and answer it: with a cause, or NULL. Returns what is told then. */
static const char *answer_probe(struct bench *b, const char *cause)
{
	unsigned int before = told;
	struct offload_msg msg;
	int fd;

	if (!CHECK(process_hear(b, &msg, &fd) && msg.type == OFFLOAD_CHECK))
		return "";
	SAME(msg.store, "main");
	if (cause)
		process_fails(b, msg.id, EIO, cause);
	else
		process_say(b, (struct offload_msg){ .type = OFFLOAD_CHECKED, .id = msg.id }, -1);
	bench_turn(b, -1, 50);
	if (told == before)
		return "nothing new";
	return CHECK(known.n == 1) ? known.list[0].why : "";
}

/* Stores are asked when they are defined and from time to time; what changes is told. */
static void stores_that_are_asked(void)
{
	struct config *none = config_new();
	struct bench b;

	bench_configure(&b, "probe-s = 1\n");
	offload_tell_stores(b.o, bench_tell, &known);
	CHECK(bench_spawn(&b));
	process_begin(&b);
	SAME(answer_probe(&b, "connection refused"), "connection refused");
	SAME(answer_probe(&b, "connection refused"), "nothing new");
	SAME(answer_probe(&b, NULL), "");
	SAME(answer_probe(&b, NULL), "nothing new");
	offload_configure(b.o, none);
	CHECK(!known.n);
	bench_end(&b);
	config_free(none);
	problems_free(&known);
}

/* Nobody is asked who was not to be. */
static void stores_that_are_not_asked(void)
{
	struct offload_msg msg;
	struct bench b;
	int fd;

	bench_configure(&b, "probe-s = 0\n");
	offload_tell_stores(b.o, bench_tell, &known);
	CHECK(bench_spawn(&b));
	process_begin(&b);
	CHECK(!bench_turn(&b, b.process, 50) && !known.n);
	/* What is wrong with its section is known all the same. */
	process_end(&b);
	CHECK(bench_spawn(&b));
	process_hello(&b);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_STORE);
	process_fails(&b, msg.id, EINVAL, "no");
	bench_turn(&b, -1, 50);
	if (CHECK(known.n == 1))
		SAME(known.list[0].why, "[store main]: no");
	bench_end(&b);
	problems_free(&known);
}

#define UUID_A	"00112233445566778899aabbccddeeff"
#define UUID_B	"ffeeddccbbaa99887766554433221100"

/* The settings of the store that a process gets which has just started. */
static char *process_settings(struct bench *b)
{
	struct offload_msg msg;
	char *text;
	int fd;

	CHECK(bench_spawn(b));
	process_hello(b);
	if (!CHECK(process_hear(b, &msg, &fd) && msg.type == OFFLOAD_STORE))
		return mem_string("");
	text = mem_print("%.*s", (int)msg.text_len, msg.text);
	process_say(b, (struct offload_msg){ .type = OFFLOAD_STORED, .id = msg.id }, -1);
	bench_turn(b, -1, 50);
	return text;
}

static void process_tells(struct bench *b, const char *text)
{
	struct offload_msg msg = { .type = OFFLOAD_TOLD, .store = "main", .text = text,
				   .text_len = strlen(text) };

	process_say(b, msg, -1);
	bench_turn(b, -1, 50);
}

/* What the settings of a store say of UUIDs, when another broker starts with the same state. */
static void check_remembered(const char *line)
{
	struct bench b;
	char *text;

	bench_configure(&b, "probe-s = 0\n");
	text = process_settings(&b);
	if (!CHECK(line ? !!strstr(text, line) : !strstr(text, "\nuuid=")))
		printf("# %s\n", text);
	free(text);
	bench_end(&b);
}

/* While the UUID of a bucket cannot be kept, reading goes on. */
static void state_without_room(void)
{
	char *path = mem_print("%s/offload-stores.new", bench_folder);
	struct offload_msg msg;
	struct bench b;
	int fd;

	CHECK(!mkdir(path, 0700));
	bench_configure(&b, "probe-s = 0\n");
	free(process_settings(&b));
	process_tells(&b, "uuid=" UUID_A "\n");
	SAME(offload_known_uuid(b.o->known, "main"), "");
	kernel_ask(&b, 0, 10, 60000, BENCH_COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	/* There is room again. */
	CHECK(!rmdir(path));
	process_tells(&b, "uuid=" UUID_A "\n");
	SAME(offload_known_uuid(b.o->known, "main"), UUID_A);
	bench_end(&b);
	path[strlen(path) - strlen(".new")] = '\0';
	CHECK(!unlink(path));
	free(path);
}

/* The UUID of a store's bucket is remembered for ever, and another one is not taken for it. */
static void buckets_remembered(void)
{
	char *path = mem_print("%s/offload-stores", bench_folder);
	struct bench b;
	FILE *file;

	check_remembered(NULL);
	bench_configure(&b, "probe-s = 0\n");
	offload_tell_stores(b.o, bench_tell, &known);
	free(process_settings(&b));
	process_tells(&b, "uuid=" UUID_A "\nversioning=on\nlock=off\n"
			  "lifecycle=none\nclass=STANDARD\nrefused=\n");
	SAME(bucket, "UUID " UUID_A
	     "; versions on; object lock off; lifecycle none; class STANDARD");
	CHECK(!refusals);
	process_tells(&b, "uuid=" UUID_A "\nrefused=a rule\n");
	CHECK(refusals == 1);
	/* Nobody has said that another bucket takes its place. */
	process_tells(&b, "uuid=" UUID_B "\n");
	CHECK(bench_spawn(&b));
	bench_end(&b);
	check_remembered("\nuuid=" UUID_A "\n");

	file = fopen(path, "w");
	CHECK(file && fputs(UUID_B " other\n", file) > 0 && !fclose(file));
	check_remembered("\nother=" UUID_B " other\n");
	file = fopen(path, "w");
	CHECK(file && fputs(UUID_A " main", file) > 0 && !fclose(file));
	check_remembered("offload-stores is damaged");
	unlink(path);
	free(path);
	problems_free(&known);
}

/* What an earlier version has left is removed. */
static void state_of_earlier_versions(void)
{
	char *path = mem_print("%s/offload-deletions", bench_folder);
	FILE *file = fopen(path, "w");
	struct bench b;

	CHECK(file && !fclose(file));
	bench_configure(&b, "probe-s = 0\n");
	CHECK(access(path, F_OK) < 0);
	bench_end(&b);
	free(path);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(fetch_in_parts), TEST(misbehaving_process), TEST(fetch_that_fails),
		TEST(full_file_system), TEST(process_that_ends), TEST(frozen_file_system),
		TEST(file_system_that_is_slow), TEST(store_that_is_slow),
		TEST(store_that_comes_further),
		TEST(unknown_stores), TEST(store_that_is_refused), TEST(other_configurations),
		TEST(stores_that_are_asked), TEST(stores_that_are_not_asked),
		TEST(state_without_room), TEST(buckets_remembered),
		TEST(state_of_earlier_versions),
		{ 0 }
	};

	return bench_main(tests);
}
