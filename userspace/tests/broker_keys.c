// SPDX-License-Identifier: GPL-2.0-only
/* The broker of offloaded data: keys that a command prints. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker_bench.h"
#include "broker/key_command.h"
#include "mem.h"

#define KEY1	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY2	BENCH_KEY
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
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	key_worker(&b, "old", true, KEY2);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY1 "\nkey=" KEY2 "\nserver-id=");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH && !broker_kernel.answers);
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
	kernel_ask(&b, 4096, 4096, 60000, BENCH_COOKIE);
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH && !broker_kernel.answers);
	bench_end(&b);
}

static void check_keys_refused(bool good, const char *said, const char *cause)
{
	char *want = mem_print("[store main]: key-command /bin/kmip new: %s", cause);
	struct bench b;

	bench_configure(&b, COMMAND);
	key_worker(&b, "new", good, said);
	CHECK(bench_spawn(&b));
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	CHECK(kernel_is_answered(&b) && broker_kernel.error == ENOENT);
	SAME(broker_kernel.text, want);
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
	char *more = mem_print("key-file = %s/k\n", bench_folder);
	struct config *cfg = bench_config("main", more);
	struct offload_msg msg;
	struct bench b;
	int fd, worker;

	bench_configure(&b, COMMAND);
	worker = key_worker_begin(&b, "new");
	CHECK(bench_spawn(&b));
	process_hello(&b);
	kernel_ask(&b, 0, 4096, 60000, BENCH_COOKIE);
	bench_turn(&b, -1, 50);
	offload_configure(b.o, cfg);
	process_hear_keys(&b, "secret-key=B\nkey=" KEY2 "\nserver-id=");
	CHECK(process_hear(&b, &msg, &fd) && msg.type == OFFLOAD_FETCH);
	CHECK(!key_worker_end(worker, good, said));
	CHECK(bench_is_quiet(&b) && !broker_kernel.answers);
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
	struct config *cfg = bench_config("main", OTHER_COMMAND);
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
	struct config *cfg = bench_config("more", OTHER_COMMAND);
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

int main(void)
{
	static const struct test tests[] = {
		TEST(keys_of_a_command), TEST(keys_refused), TEST(command_replaced),
		TEST(command_changed), TEST(command_of_no_store), { 0 }
	};

	return bench_main(tests);
}
