// SPDX-License-Identifier: GPL-2.0-only
/* Messages of workers; limits and failures of the login worker. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/auth.h"
#include "rpc/rpc.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"
#include "mem.h"
#include "process.h"
#include "test.h"

static struct auth *all;
static u8 packet[WORKER_PACKET_MAX];

static struct worker_msg message_take(void)
{
	struct worker_msg msg = { .type = WORKER_TOOK, .outcome = 1, .way = 1, .expires = 77,
				  .name = "HERE\\alice", .user = "alice", .why = "because",
				  .key = { 1, 2, 3 }, .key_len = 3, .enctype = 18,
				  .subkey = 1, .seq = 5, .target = "nfs/server@REALM",
				  .token = (const u8 *)"token", .token_len = 5,
				  .sids = (const u8 *)"sids", .sids_len = 4 };

	return msg;
}

/* All messages between the pipe worker and dittod during a call. */
static void messages_of_pipes(void)
{
	struct worker_msg in = { .type = WORKER_CALL, .id = 77, .first = 1, .pipe = 2,
				 .uid = UINT32_MAX, .anonymous = 1, .user = "alice",
				 .domain = "HERE", .token = (const u8 *)"call", .token_len = 4 };
	struct worker_msg out;
	size_t len = worker_msg_encode(&in, packet);

	CHECK(len && worker_msg_decode(&out, packet, len));
	CHECK(out.type == WORKER_CALL && out.id == 77 && out.first && out.pipe == 2);
	CHECK(out.uid == UINT32_MAX && out.anonymous);
	SAME(out.user, "alice");
	SAME(out.domain, "HERE");
	CHECK(out.token_len == 4 && !memcmp(out.token, "call", 4));
	in.pipe = RPC_PIPES;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	in.pipe = 2;
	in.uid = 1ULL << 32;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	in = (struct worker_msg){ .type = WORKER_FIND, .by_name = 1, .user = "users",
				  .domain = "HERE" };
	CHECK(worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	CHECK(out.by_name);
	SAME(out.user, "users");
	SAME(out.domain, "HERE");
	in.by_name = 2;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	in = (struct worker_msg){ .type = WORKER_FOUND, .use = SID_USE_UNKNOWN,
				  .sid = "S-1-22-1-0" };
	CHECK(worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	SAME(out.sid, "S-1-22-1-0");
	in.use++;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	in = (struct worker_msg){ .type = WORKER_CALLED, .error = EINVAL };
	CHECK(worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	CHECK(out.error == EINVAL && !out.token_len);
	in.error = 4096;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
}

static void message_kinds(void)
{
	struct worker_msg in = message_take(), out;
	size_t len = worker_msg_encode(&in, packet);

	CHECK(len && worker_msg_decode(&out, packet, len));
	CHECK(out.type == WORKER_TOOK && out.outcome == 1 && out.way == 1 && out.expires == 77);
	SAME(out.name, in.name);
	SAME(out.user, in.user);
	SAME(out.why, in.why);
	CHECK(out.key_len == 3 && !memcmp(out.key, in.key, 3));
	CHECK(out.enctype == 18 && out.subkey == 1 && out.seq == 5);
	SAME(out.target, in.target);
	CHECK(out.token_len == 5 && !memcmp(out.token, "token", 5));
	CHECK(out.sids_len == 4 && !memcmp(out.sids, "sids", 4));
	/* A field that the type does not have is not transmitted. */
	in.type = WORKER_FORGET;
	in.id = 12345;
	len = worker_msg_encode(&in, packet);
	CHECK(len == 8 + 4 + 8 && worker_msg_decode(&out, packet, len));
	CHECK(out.id == 12345 && !out.name[0] && !out.token_len);
}

/* A token for a worker that drops another login first. */
static void message_forget(void)
{
	struct worker_msg in = { .type = WORKER_TAKE, .id = 8, .first = 1, .forget = 7,
				 .token = (const u8 *)"token", .token_len = 5 };
	struct worker_msg out;

	CHECK(worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	CHECK(out.id == 8 && out.first && out.forget == 7 && out.token_len == 5);
}

/* A truncated packet, one with trailing bytes, and one of an invalid type. */
static void message_lengths(void)
{
	struct worker_msg in = message_take(), out;
	size_t len = worker_msg_encode(&in, packet);
	size_t i;

	for (i = 0; i < len; i++)
		CHECK(!worker_msg_decode(&out, packet, i));
	CHECK(!worker_msg_decode(&out, packet, len + 1));
	packet[4]++;
	CHECK(!worker_msg_decode(&out, packet, len + 1));
	CHECK(!worker_msg_decode(&out, packet, len));
	packet[4]--;
	CHECK(worker_msg_decode(&out, packet, len));
	packet[0] = 0;
	CHECK(!worker_msg_decode(&out, packet, len));
	packet[0] = WORKER_TYPES;
	CHECK(!worker_msg_decode(&out, packet, len));
	packet[0] = WORKER_TOOK;
	/* Length of the first field, which is a number. */
	packet[8]--;
	CHECK(!worker_msg_decode(&out, packet, len));
}

static void message_limits(void)
{
	static u8 token[WORKER_TOKEN_MAX + 1], sids[WORKER_SIDS_MAX + 1];
	struct worker_msg in = message_take(), out;
	size_t len;
	u8 *nul;

	in.token = token;
	in.token_len = WORKER_TOKEN_MAX;
	len = worker_msg_encode(&in, packet);
	CHECK(len && worker_msg_decode(&out, packet, len) && out.token_len == WORKER_TOKEN_MAX);
	in.token_len++;
	CHECK(!worker_msg_encode(&in, packet));
	in.token_len--;
	/* Both at their limits fit. */
	in.sids = sids;
	in.sids_len = WORKER_SIDS_MAX;
	len = worker_msg_encode(&in, packet);
	CHECK(len && worker_msg_decode(&out, packet, len) && out.sids_len == WORKER_SIDS_MAX);
	in.sids_len++;
	CHECK(!worker_msg_encode(&in, packet));
	in = message_take();
	in.key_len = AUTH_KEY_MAX + 1;
	CHECK(!worker_msg_encode(&in, packet));
	in = message_take();
	in.outcome = 5;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	in = message_take();
	in.way = 3;
	CHECK(!worker_msg_decode(&out, packet, worker_msg_encode(&in, packet)));
	/* Text must not contain a NUL. */
	in = message_take();
	len = worker_msg_encode(&in, packet);
	nul = memmem(packet, len, "HERE", 4);
	nul[1] = 0;
	CHECK(!worker_msg_decode(&out, packet, len));
}

/* For arbitrary bytes, all decoded fields lie within the packet. */
static void message_damage(void)
{
	struct worker_msg in = message_take(), out;
	size_t len = worker_msg_encode(&in, packet);
	u8 copy[512];
	int i;

	memcpy(copy, packet, len);
	srandom(1);
	for (i = 0; i < 200000; i++) {
		memcpy(packet, copy, len);
		packet[(size_t)random() % len] = (u8)random();
		packet[(size_t)random() % len] = (u8)random();
		if (worker_msg_decode(&out, packet, len) && out.token_len)
			CHECK(out.token >= packet && out.token + out.token_len <= packet + len);
		if (worker_msg_decode(&out, packet, len) && out.sids_len)
			CHECK(out.sids >= packet && out.sids + out.sids_len <= packet + len);
	}
}

/* A descriptor is accepted only where one is expected; an oversized packet is invalid. */
static void socket_messages(void)
{
	struct worker_msg in = message_take(), out;
	static u8 big[WORKER_PACKET_MAX + 1];
	int pair[2], fd;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	CHECK(!worker_msg_send(pair[0], &in, STDIN_FILENO));
	CHECK(!worker_msg_receive(pair[1], &out, packet, NULL, 0));
	SAME(out.name, in.name);
	CHECK(!worker_msg_send(pair[0], &in, STDIN_FILENO));
	CHECK(!worker_msg_receive(pair[1], &out, packet, &fd, 0) && fd >= 0);
	CHECK(!close(fd));
	CHECK(send(pair[0], big, sizeof(big), 0) == sizeof(big));
	CHECK(worker_msg_receive(pair[1], &out, packet, NULL, 0) == -EBADMSG);
	CHECK(worker_msg_receive(pair[1], &out, packet, NULL, 1) == -ETIMEDOUT);
	close(pair[0]);
	CHECK(worker_msg_receive(pair[1], &out, packet, NULL, 0) == -ECONNRESET);
	close(pair[1]);
}

static void sandbox_holds(void)
{
	/* Beside the threads of the channels, one asks winbind for the domain of the machine. */
	process_check_worker(2 + WORKER_CHANNELS);
}

/* NTLM NEGOTIATE_MESSAGE (MS-NLMP section 2.2.1.1). */
static const u8 first[40] = {
	'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x35, 0x82, 0x88, 0xe0,
};

static int login_send(struct auth_step *step)
{
	free(step->reply);
	step->reply = NULL;
	step->token = first;
	step->token_len = sizeof(first);
	return auth_step(all, step);
}

/* A pending login fails; the next one uses another worker. */
static void worker_killed(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	pid_t pid, other;
	int tries;

	CHECK(!login_send(step) && step->id);
	sleep(1);
	pid = process_worker();
	CHECK(pid > 0 && !kill(pid, SIGSEGV));
	for (tries = 0; tries < 6000; tries++) {
		auth_ready(all);
		other = process_worker();
		if (other > 0 && other != pid)
			break;
		usleep(10000);
	}
	CHECK(tries < 6000);
	CHECK(login_send(step) == -EAGAIN && !step->done);
	step->id = 0;
	CHECK(!login_send(step) && step->id);
	free(step->reply);
	free(step);
}

/* The same, when the login itself notices the failure. */
static void killed_unnoticed(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	pid_t pid;
	int tries;

	sleep(2);
	pid = process_worker();
	CHECK(pid > 0 && !kill(pid, SIGSEGV));
	for (tries = 0; tries < 6000 && process_status(pid, "Threads", 10) > 1; tries++)
		usleep(10000);
	CHECK(login_send(step) == -EAGAIN);
	step->id = 0;
	CHECK(!login_send(step) && step->id);
	free(step->reply);
	free(step);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(message_kinds), TEST(message_forget), TEST(messages_of_pipes),
		TEST(message_lengths), TEST(message_limits), TEST(message_damage),
		TEST(socket_messages), TEST(sandbox_holds), TEST(worker_killed),
		TEST(killed_unnoticed), { 0 }
	};
	int status;

	worker_main(argc, argv);
	setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
	all = auth_new("/nonexistent/users", NULL, worker_spawner_start());
	if (!all) {
		printf("not ok login: it cannot begin\n");
		return EXIT_FAILURE;
	}
	status = test_main(tests);
	auth_free(all);
	return status;
}
