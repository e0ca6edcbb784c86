// SPDX-License-Identifier: GPL-2.0-only
/* Named pipes, and the worker that parses their messages. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "identity/identity.h"
#include "rpc/pipe.h"
#include "rpc/pipe_admin.h"
#include "rpc/pipe_rows.h"
#include "config/share_list.h"
#include "auth/ntlm/utf16.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"
#include "mem.h"
#include "process.h"
#include "rpc_messages.h"
#include "test.h"

#define RESPONSE	24
/* Number of calls in one message. */
#define CALLS		100

static int spawner;
static unsigned int nshares = 1;

static int not_changed(const struct rpc_user *user, const u8 *bytes, size_t len, u64 until)
{
	(void)user;
	(void)bytes;
	(void)len;
	(void)until;
	return -EIO;
}

static int shares_served(const struct rpc_user *user, struct kernel_shares *out)
{
	unsigned int i;

	(void)user;
	memset(out, 0, sizeof(*out));
	for (i = 0; i < nshares; i++) {
		char *name = mem_print("share%05u", i);
		struct share *s = share_new(name);

		free(name);
		s->path = mem_print("/srv/%u", i);
		s->comment = mem_string("one of many");
		s->guest = i == 1;
		out->share = mem_grow(out->share, out->n, sizeof(*out->share));
		out->share[out->n++] = s;
	}
	return 0;
}

static unsigned int lists_made;

/* A list that takes 50 ms to make. */
static int slowly_served(const struct rpc_user *user, struct kernel_shares *out)
{
	lists_made++;
	usleep(50000);
	return shares_served(user, out);
}

static int not_served(const struct rpc_user *user, struct kernel_shares *out)
{
	(void)user;
	(void)out;
	return -EIO;
}

/* A pipe of a user, and its last reply. */
struct peer {
	struct pipes *pipes;
	u64 id;
	u8 *out;
	size_t len;
};

static void open_by(struct peer *p, struct pipes *pipes, const char *name,
		    const struct rpc_user *user)
{
	memset(p, 0, sizeof(*p));
	p->pipes = pipes;
	CHECK(!pipe_open(pipes, name, user, &p->id));
}

static int peer_send(struct peer *p, const void *data, size_t len)
{
	free(p->out);
	return pipe_call(p->pipes, p->id, data, len, UINT64_MAX, &p->out, &p->len);
}

/* Close the pipe. */
static void peer_end(struct peer *p)
{
	free(p->out);
	pipe_close(p->pipes, p->id);
}

/* Return the last word of a reply, which is its status. */
static u32 status_of(const struct peer *p)
{
	u32 status = 0xdead;

	if (p->len > RESPONSE)
		memcpy(&status, p->out + p->len - 4, sizeof(status));
	return status;
}

static bool has_text(const struct peer *p, const char *text)
{
	u8 units[128];
	size_t n = utf16_from_utf8(text, units);

	return p->len && memmem(p->out, p->len, units, 2 * n);
}

static void no_such_pipe(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes = pipes_new(spawner, shares_served, not_changed);
	struct peer p, first;
	int i;

	CHECK(pipe_open(pipes, "spoolss", &user, &p.id) == -ENOENT);
	open_by(&p, pipes, "SRVSVC", &user);
	pipe_close(pipes, p.id);
	CHECK(peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)) == -ENOENT);
	/* A user with too many pipes loses the oldest. */
	open_by(&first, pipes, "srvsvc", &user);
	for (i = 0; i < 1100; i++)
		open_by(&p, pipes, "srvsvc", &user);
	CHECK(peer_send(&first, bind_srvsvc, sizeof(bind_srvsvc)) == -ENOENT);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	pipes_clear(pipes);
	CHECK(peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)) == -ENOENT);
	peer_end(&p);
	pipes_free(pipes);
}

/* A user that opens pipes without end evicts only its own. */
static void pipes_of_others_stay(void)
{
	struct rpc_user victim = { .uid = 1000 }, user = { .uid = 1001 };
	struct pipes *pipes = pipes_new(spawner, shares_served, not_changed);
	struct peer p, theirs;
	int i;

	open_by(&theirs, pipes, "srvsvc", &victim);
	for (i = 0; i < 8000; i++) {
		user.uid = 1001 + (uid_t)i % 6;
		user.anonymous = i % 7 == 0;
		open_by(&p, pipes, "srvsvc", &user);
	}
	CHECK(!peer_send(&theirs, bind_srvsvc, sizeof(bind_srvsvc)));
	peer_end(&theirs);
	pipes_free(pipes);
}

static void shares_are_listed(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct rpc_user nobodies[] = { { .anonymous = true }, { .uid = 1000, .guest = true } };
	struct pipes *pipes = pipes_new(spawner, shares_served, not_changed);
	struct peer p;
	size_t i;

	nshares = 300;
	open_by(&p, pipes, "srvsvc", &user);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && !status_of(&p));
	CHECK(has_text(&p, "share00000") && has_text(&p, "share00299") && has_text(&p, "IPC$"));
	peer_end(&p);
	for (i = 0; i < ARRAY_SIZE(nobodies); i++) {
		open_by(&p, pipes, "srvsvc", &nobodies[i]);
		CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
		CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && !status_of(&p));
		CHECK(!has_text(&p, "share00000") && has_text(&p, "share00001"));
		peer_end(&p);
	}
	nshares = 1;
	pipes_free(pipes);

	pipes = pipes_new(spawner, not_served, not_changed);
	open_by(&p, pipes, "srvsvc", &user);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	/* ERROR_GEN_FAILURE */
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && status_of(&p) == 31);
	peer_end(&p);
	pipes_free(pipes);
}

/* An answer that is longer than a message of the worker arrives whole. */
static void answer_in_parts(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes = pipes_new(spawner, shares_served, not_changed);
	struct peer p;

	nshares = 1000;
	open_by(&p, pipes, "srvsvc", &user);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && !status_of(&p));
	CHECK(p.len > WORKER_TOKEN_MAX && has_text(&p, "share00000") &&
	      has_text(&p, "share00999"));
	nshares = 1;
	/* The next one is not part of it. */
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && !status_of(&p) && p.len < 1000);
	peer_end(&p);
	pipes_free(pipes);
}

/* A message of many calls: all are answered, but lists are made until the deadline only. */
static void calls_without_end(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes = pipes_new(spawner, slowly_served, not_changed);
	u8 *message = mem_new(CALLS * sizeof(share_enum));
	struct peer p;
	int i;

	for (i = 0; i < CALLS; i++)
		memcpy(message + i * sizeof(share_enum), share_enum, sizeof(share_enum));
	open_by(&p, pipes, "srvsvc", &user);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	free(p.out);
	CHECK(!pipe_call(pipes, p.id, message, CALLS * sizeof(share_enum), clock_ms() + 1000,
			 &p.out, &p.len));
	/* ERROR_GEN_FAILURE for the last one, which has no list. */
	CHECK(p.len > CALLS * RESPONSE && status_of(&p) == 31);
	CHECK(lists_made && lists_made < CALLS / 2);
	/* The next message has its own time. */
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)) && !status_of(&p));
	peer_end(&p);
	free(message);
	pipes_free(pipes);
}

/* The worker gets only what the user may see, so it cannot reveal more. */
static void list_of_shares(void)
{
	struct kernel_shares in, out;
	int fd;

	nshares = 3;
	shares_served(NULL, &in);
	nshares = 1;
	fd = share_list_write(&in, false, true);
	CHECK(fd >= 0 && !share_list_read(fd, &out) && out.n == 3);
	SAME(out.share[2]->name, "share00002");
	SAME(out.share[2]->path, "/srv/2");
	SAME(out.share[2]->comment, "one of many");
	CHECK(out.share[2]->browse && !out.share[2]->guest && out.share[1]->guest);
	kernel_shares_free(&out);
	/* The end is missing. */
	CHECK(!ftruncate(fd, lseek(fd, 0, SEEK_END) - 1));
	CHECK(share_list_read(fd, &out) == -EBADMSG && !out.n);
	close(fd);
	fd = share_list_write(&in, true, false);
	CHECK(fd >= 0 && !share_list_read(fd, &out) && out.n == 1);
	SAME(out.share[0]->name, "share00001");
	SAME(out.share[0]->path, "");
	kernel_shares_free(&out);
	close(fd);
	kernel_shares_free(&in);
}

/* Call with a handle that the pipe returned. */
static int look_up(struct peer *p, const u8 *handle)
{
	u8 request[sizeof(lookup_sids2)];

	memcpy(request, lookup_sids2, sizeof(request));
	memcpy(request + HANDLE_AT, handle, 20);
	return peer_send(p, request, sizeof(request));
}

static void open_policy(struct peer *p, struct pipes *pipes, const struct rpc_user *user,
			u8 handle[20])
{
	open_by(p, pipes, "lsarpc", user);
	CHECK(!peer_send(p, bind_lsarpc, sizeof(bind_lsarpc)));
	if (CHECK(!peer_send(p, open_policy2, sizeof(open_policy2)) && p->len == RESPONSE + 24))
		memcpy(handle, p->out + RESPONSE, 20);
}

/* The worker requests names; after the deadline it gets none, and replies accordingly. */
static void names_are_found(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes = pipes_new(spawner, shares_served, not_changed);
	u8 request[sizeof(lookup_sids2)];
	struct peer p;

	memcpy(request, lookup_sids2, sizeof(request));
	open_policy(&p, pipes, &user, request + HANDLE_AT);
	CHECK(!peer_send(&p, request, sizeof(request)) && has_text(&p, "root"));
	CHECK(status_of(&p) == 0x107);
	free(p.out);
	CHECK(!pipe_call(pipes, p.id, request, sizeof(request), 0, &p.out, &p.len));
	CHECK(!has_text(&p, "root") && status_of(&p) == 0xc0000073);
	peer_end(&p);
	pipes_free(pipes);
}

static void sandbox_holds(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes;
	struct peer p;

	CHECK(process_worker_gone());
	pipes = pipes_new(spawner, shares_served, not_changed);
	open_by(&p, pipes, "srvsvc", &user);
	CHECK(!peer_send(&p, bind_srvsvc, sizeof(bind_srvsvc)));
	process_check_worker(1 + WORKER_CHANNELS);
	peer_end(&p);
	pipes_free(pipes);
}

/* Open pipes fail, and new ones can be opened, repeatedly. */
static void worker_killed(void)
{
	struct rpc_user user = { .uid = 1000 };
	struct pipes *pipes;
	u8 handle[20] = { 0 };
	struct peer p, other;
	pid_t pid;
	int tries, times;

	CHECK(process_worker_gone());
	pipes = pipes_new(spawner, shares_served, not_changed);
	for (times = 0; times < 2; times++) {
		open_policy(&p, pipes, &user, handle);
		open_by(&other, pipes, "srvsvc", &user);
		sleep(1 + (unsigned int)times);
		pid = process_worker();
		CHECK(pid > 0 && !kill(pid, SIGSEGV));
		for (tries = 0; tries < 6000 && process_status(pid, "Threads", 10) > 1; tries++)
			usleep(10000);
		/* Noticed by a call, and the second time by the event loop. */
		if (times)
			pipes_ready(pipes);
		CHECK(look_up(&p, handle) == -ENOENT);
		CHECK(look_up(&p, handle) == -ENOENT);
		peer_end(&p);
		/* This pipe had not been used before. */
		CHECK(!peer_send(&other, bind_srvsvc, sizeof(bind_srvsvc)));
		peer_end(&other);
		CHECK(process_worker_after(pid) > 0);
	}
	open_policy(&p, pipes, &user, handle);
	CHECK(!look_up(&p, handle) && has_text(&p, "root"));
	peer_end(&p);
	pipes_free(pipes);
}

/* dittod bounds what it tells and ends, whatever the worker asks for. */
static void lists_for_whom(void)
{
	static const struct rpc_user nobody = { .anonymous = true, .administrator = true };
	static const struct rpc_user guest = { .uid = 1000, .guest = true };
	static const struct rpc_user user = { .uid = 1000 };
	struct rows rows;
	int list;

	for (list = 0; list < RPC_LISTS; list++) {
		int want = list == RPC_LIST_DOMAIN || list == RPC_LIST_SERVER ? 0 : -EACCES;

		CHECK(pipe_rows_get(&nobody, (enum rpc_list)list, 0, &rows) == want);
		rows_free(&rows);
		CHECK(pipe_rows_get(&guest, (enum rpc_list)list, 0, &rows) == want);
		rows_free(&rows);
		CHECK(pipe_rows_end(&user, (enum rpc_list)list, 1) == -EACCES);
	}
	CHECK(pipe_rows_get(&user, RPC_LIST_OPENS, 0, &rows) == -EACCES);
	CHECK(pipe_rows_get(&user, RPC_LIST_TREES, 0, &rows) == -EACCES);
	CHECK(!pipe_rows_get(&user, RPC_LIST_USERS, 0, &rows) && rows.n);
	rows_free(&rows);
}

/* The groups of the session count, and root needs none. */
static void who_is_administrator(void)
{
	struct identity_aliases aliases = { .alias = { { 544, "root" } }, .n = 1 };
	const struct rpc_user root = { .uid = 0 }, user = { .uid = 1000 };
	const struct rpc_user guest = { .uid = 0, .guest = true };
	const u32 gids[] = { 100, 0 };

	CHECK(!pipe_is_admin(&user, gids, 2, UINT64_MAX));
	identity_builtin_set(&aliases);
	CHECK(pipe_is_admin(&user, gids, 2, UINT64_MAX));
	CHECK(!pipe_is_admin(&user, gids, 1, UINT64_MAX));
	CHECK(!pipe_is_admin(&guest, gids, 2, UINT64_MAX));
	aliases.n = 0;
	identity_builtin_set(&aliases);
	CHECK(pipe_is_admin(&root, NULL, 0, UINT64_MAX));
}

/* Lists are told as they were written, and damaged ones are refused. */
static void lists_of_rows(void)
{
	struct rows rows = { 0 }, got;
	char *text = mem_new(ROW_TEXT_MAX + 10);
	off_t len;
	int fd;

	memset(text, 'x', ROW_TEXT_MAX + 9);
	rows_add(&rows, "one", NULL, "three")->number[5] = 7;
	rows_add(&rows, NULL, text, NULL);
	fd = rows_write(&rows);
	if (!CHECK(fd >= 0))
		return;
	CHECK(!rows_read(fd, &got) && got.n == 2 && got.row[0].number[5] == 7);
	SAME(got.row[0].text[2], "three");
	SAME(got.row[0].text[1], "");
	CHECK(strlen(got.row[1].text[1]) == ROW_TEXT_MAX);
	rows_free(&got);
	len = lseek(fd, 0, SEEK_END);
	CHECK(!ftruncate(fd, len - 1) && rows_read(fd, &got) == -EBADMSG);
	CHECK(!ftruncate(fd, 20) && rows_read(fd, &got) == -EBADMSG);
	CHECK(!ftruncate(fd, 0) && !rows_read(fd, &got) && !got.n);
	close(fd);
	rows_free(&rows);
	free(text);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(no_such_pipe), TEST(pipes_of_others_stay), TEST(shares_are_listed),
		TEST(answer_in_parts), TEST(calls_without_end), TEST(list_of_shares),
		TEST(names_are_found), TEST(sandbox_holds), TEST(worker_killed),
		TEST(lists_for_whom), TEST(who_is_administrator), TEST(lists_of_rows), { 0 }
	};

	worker_main(argc, argv);
	spawner = worker_spawner_start();
	if (spawner < 0) {
		printf("not ok pipe: it cannot begin\n");
		return EXIT_FAILURE;
	}
	return test_main(tests);
}
