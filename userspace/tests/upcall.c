// SPDX-License-Identifier: GPL-2.0-only
/* Requests of the kernel and their answers; the pool that works on them. */

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/pool.h"
#include "daemon/upcall.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl.h"
#include "test.h"

static const u8 loopback[4] = { 127, 0, 0, 1 };

static struct nl_msg *request(u32 type)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_UPCALL);

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, 42);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TYPE, type);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DEADLINE_MS, 500);
	return msg;
}

/* Parse, find the answer, and read the answer's message back. */
static struct nl_msg *answer(struct upcall *u, struct nl_msg *msg, struct nlattr **tb)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *out;

	memset(u, 0, sizeof(*u));
	CHECK(!upcall_parse(u, msg, 1000));
	nlmsg_free(msg);
	CHECK(u->id == 42 && u->deadline == 1500);
	upcall_work(u);
	out = conn_message(&c, DITTO_CMD_UPCALL_REPLY);
	upcall_put(out, u);
	CHECK(!msg_parse(out, &spec_upcall_set, tb));
	CHECK(tb[DITTO_A_UPCALL_ID] && nla_get_u64(tb[DITTO_A_UPCALL_ID]) == 42);
	return out;
}

static void groups_of_root(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = request(DITTO_UPCALL_KIND_GROUPS);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 0);
	msg = answer(u, msg, tb);
	CHECK(!tb[DITTO_A_UPCALL_ERROR] && tb[DITTO_A_UPCALL_GIDS]);
	CHECK(u->ngids >= 1 && u->gids[0] == 0);
	nlmsg_free(msg);
	free(u);
}

static void groups_of_nobody_known(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = request(DITTO_UPCALL_KIND_GROUPS);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, 3999999999U);
	msg = answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_ERROR] && nla_get_u32(tb[DITTO_A_UPCALL_ERROR]) == ENOENT);
	CHECK(!tb[DITTO_A_UPCALL_GIDS]);
	nlmsg_free(msg);
	free(u);
}

/* /etc/hosts names it everywhere. */
static void name_of_loopback(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = request(DITTO_UPCALL_KIND_HOST_NAME);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, loopback, sizeof(loopback));
	msg = answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_HOST_NAME] &&
	      !nla_strcmp(tb[DITTO_A_UPCALL_HOST_NAME], "localhost"));
	nlmsg_free(msg);
	free(u);
}

static void not_in_netgroup(void)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	struct nl_msg *msg = request(DITTO_UPCALL_KIND_NETGROUP);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, loopback, sizeof(loopback));
	msg_put_string(msg, DITTO_A_UPCALL_NETGROUP, "no-such-netgroup");
	msg_put_string(msg, DITTO_A_UPCALL_HOST_NAME, "localhost");
	msg = answer(u, msg, tb);
	CHECK(tb[DITTO_A_UPCALL_MEMBER] && !nla_get_u8(tb[DITTO_A_UPCALL_MEMBER]));
	nlmsg_free(msg);
	free(u);
}

static void check_parse(struct nl_msg *msg, int want)
{
	struct upcall *u = mem_new(sizeof(*u));

	CHECK(upcall_parse(u, msg, 0) == want);
	nlmsg_free(msg);
	free(u);
}

static void requests_without_sense(void)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg;

	check_parse(conn_message(&c, DITTO_CMD_UPCALL), -EBADMSG);
	check_parse(request(DITTO_UPCALL_KIND_HOST_NAME), -EBADMSG);
	check_parse(request(DITTO_UPCALL_KIND_NETGROUP), -EBADMSG);
	check_parse(request(DITTO_UPCALL_KIND_GROUPS), -EBADMSG);
	check_parse(request(1000), -EOPNOTSUPP);
	msg = request(DITTO_UPCALL_KIND_HOST_NAME);
	msg_put(msg, DITTO_A_UPCALL_ADDRESS, "12345", 5);
	check_parse(msg, -EBADMSG);
}

/* An IPv4 address mapped into IPv6 is asked for as IPv4. */
static void mapped_address(void)
{
	static const u8 mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1 };
	struct nl_msg *msg = request(DITTO_UPCALL_KIND_HOST_NAME);
	struct upcall *u = mem_new(sizeof(*u));

	msg_put(msg, DITTO_A_UPCALL_ADDRESS, mapped, sizeof(mapped));
	CHECK(!upcall_parse(u, msg, 0));
	CHECK(u->addr.len == 4 && u->addr.bytes[0] == 192);
	nlmsg_free(msg);
	free(u);
}

struct counted {
	struct job job;
	int runs;
	int dones;
};

static void count_run(struct job *job)
{
	((struct counted *)job)->runs++;
}

static void count_done(struct job *job)
{
	((struct counted *)job)->dones++;
}

static void pool_runs_all(void)
{
	struct counted jobs[100];
	struct pool *p = pool_new(4, 100);
	struct pollfd pfd = { .fd = pool_fd(p), .events = POLLIN };
	struct job one_more = { 0 };
	int left = 100;
	int i;

	memset(jobs, 0, sizeof(jobs));
	for (i = 0; i < 100; i++) {
		jobs[i].job.run = count_run;
		jobs[i].job.done = count_done;
		CHECK(!pool_submit(p, &jobs[i].job));
	}
	/* Full until the results are taken, whether the jobs have run or not. */
	CHECK(pool_submit(p, &one_more) == -EAGAIN);
	while (left && poll(&pfd, 1, 5000) == 1) {
		pool_reap(p);
		for (left = 0, i = 0; i < 100; i++)
			left += !jobs[i].dones;
	}
	for (i = 0; i < 100; i++)
		CHECK(jobs[i].runs == 1 && jobs[i].dones == 1);
	pool_free(p);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(groups_of_root), TEST(groups_of_nobody_known), TEST(name_of_loopback),
		TEST(not_in_netgroup), TEST(requests_without_sense), TEST(mapped_address),
		TEST(pool_runs_all), { 0 }
	};

	return test_main(tests);
}
