// SPDX-License-Identifier: GPL-2.0-only
/* Objects of a store whose key changes. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "store_client.h"
#include "test.h"

static void keys_change(void)
{
	struct last_answer pushed, a;

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

/*
 * Give an order for all objects of the store, with a text behind each name. Returns how many were
 * rewritten.
 */
static unsigned int objects_rekey_with(const char *more)
{
	char lines[16384] = "", *line, *next, text[256];
	unsigned int n = 0;
	struct last_answer a;
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
	struct last_answer pushed, a;
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

/* A key that is not that of the data is noticed before anything is uploaded or deleted. */
static void keys_are_checked(void)
{
	struct last_answer a;
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

int main(void)
{
	static const struct test tests[] = {
		TEST(keys_change),
		TEST(objects_get_another_key),
		TEST(keys_are_checked),
		{ NULL, NULL }
	};

	return store_client_main(tests);
}
