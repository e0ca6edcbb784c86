// SPDX-License-Identifier: GPL-2.0-only
/* Lines of the audit log, and of that of dittod. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/audit.h"
#include "daemon/log.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"
#include "test.h"

static struct nl_msg *record_message(const char *path, u64 lost)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_UPCALL);

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_AUDIT_EVENT, DITTO_AUDIT_KIND_OPEN);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3001);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TIME, 1700000000123456789);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ACCESS, 1u << 24 | 1u << 16 | 2);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_LOST, lost);
	msg_put_string(msg, DITTO_A_UPCALL_SHARE, "data");
	msg_put_string(msg, DITTO_A_UPCALL_PATH, path);
	msg_put_string(msg, DITTO_A_UPCALL_CLIENT, "192.0.2.7");
	return msg;
}

static void expect_lines(const char *path, u64 lost, const char *want)
{
	struct nl_msg *msg = record_message(path, lost);
	struct audit_record r;
	char *text;

	CHECK(!audit_record_parse(&r, msg));
	text = audit_record_text(&r);
	SAME(text, want);
	free(text);
	audit_record_free(&r);
	nlmsg_free(msg);
}

#define HEAD	"{\"time\":\"2023-11-14T22:13:20.123456Z\",\"event\":"
#define OPEN	HEAD "\"open\",\"result\":\"denied\",\"uid\":3001,\"user\":\"\"," \
		"\"client\":\"192.0.2.7\",\"protocol\":\"\",\"share\":\"data\",\"path\":"
#define TAIL	",\"access\":[\"write-data\",\"delete\",\"security\"]}\n"

static void audit_lines(void)
{
	expect_lines("/a b", 0, OPEN "\"/a b\"" TAIL);
	expect_lines("/\"\\\n\x7f", 0, OPEN "\"/\\\"\\\\\\u000a\\u007f\"" TAIL);
	expect_lines("/\xc3\xa4\xff\xc3", 0, OPEN "\"/\xc3\xa4\\ufffd\\ufffd\"" TAIL);
	expect_lines("/\302\2332J\302\205\302\240", 0,
		     OPEN "\"/\\u009b2J\\u0085\302\240\"" TAIL);
	expect_lines("", 7, HEAD "\"lost\",\"count\":7}\n" OPEN "\"\"" TAIL);
}

static void audit_malformed(void)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_UPCALL);
	struct audit_record r;

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3001);
	CHECK(audit_record_parse(&r, msg));
	audit_record_free(&r);
	nlmsg_free(msg);
}

/* The longest path does not hide the cause behind it. */
static void log_of_long_path(void)
{
	char *path = mem_new(PATH_MAX), line[2 * PATH_MAX] = "";
	int out[2], old = dup(STDERR_FILENO);
	size_t len = 0;
	ssize_t n;

	memset(path, 'a', PATH_MAX - 1);
	CHECK(old >= 0 && !pipe(out));
	dup2(out[1], STDERR_FILENO);
	close(out[1]);
	log_error("%s: %s", path, "the\ncause");
	dup2(old, STDERR_FILENO);
	close(old);
	while ((n = read(out[0], line + len, sizeof(line) - 1 - len)) > 0)
		len += (size_t)n;
	close(out[0]);
	CHECK(strstr(line, "a: the?cause\n"));
	free(path);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(audit_lines), TEST(audit_malformed), TEST(log_of_long_path), { 0 }
	};

	return test_main(tests);
}
