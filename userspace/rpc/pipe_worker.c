// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipe worker: parses what clients write into pipes, and asks dittod for accounts and shares.
 * It exits when dittod does.
 *
 * Locking: the mutex protects the table. A connection that a thread works on is not in the table.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "rpc.h"
#include "share_change.h"
#include "worker/sandbox.h"
#include "config/share_list.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/**
 * struct slot - entry of a pipe
 * @id: number chosen by dittod, which determines the index of the entry
 * @conn: the connection; NULL while a thread works on it, or if there is none
 */
struct slot {
	u64 id;
	struct rpc_conn *conn;
};

struct table {
	pthread_mutex_t lock;
	struct slot slot[WORKER_PIPES_MAX];
};

/**
 * struct thread - a thread that processes calls
 * @table: table of pipes
 * @fd: socket of the thread's channel
 * @until: CLOCK_MONOTONIC in ms; no names are asked for after it, to answer the call in time
 * @packet: buffer of the call
 * @answer: buffer of the answer to a question
 */
struct thread {
	struct table *table;
	int fd;
	u64 until;
	u8 packet[WORKER_PACKET_MAX];
	u8 answer[WORKER_PACKET_MAX];
};

static struct rpc_conn *table_take(struct table *table, u64 id)
{
	struct slot *slot = &table->slot[id % WORKER_PIPES_MAX];
	struct rpc_conn *conn = NULL;

	pthread_mutex_lock(&table->lock);
	if (slot->id == id) {
		conn = slot->conn;
		slot->conn = NULL;
	}
	pthread_mutex_unlock(&table->lock);
	return conn;
}

/* Numbers grow, so the pipe with the larger number is the newer one and stays. */
static void table_put(struct table *table, u64 id, struct rpc_conn *conn)
{
	struct slot *slot = &table->slot[id % WORKER_PIPES_MAX];

	pthread_mutex_lock(&table->lock);
	if (id >= slot->id) {
		struct rpc_conn *old = slot->conn;

		slot->id = id;
		slot->conn = conn;
		conn = old;
	}
	pthread_mutex_unlock(&table->lock);
	rpc_conn_free(conn);
}

/* Send a question, and wait for the answer and the descriptor that may come with it. */
static void thread_ask(struct thread *t, struct worker_msg *msg, u32 answer, int *fd)
{
	worker_check(worker_msg_send(t->fd, msg, -1));
	worker_check(worker_msg_receive(t->fd, msg, t->answer, fd, 0));
	worker_check(msg->type == answer ? 0 : -EBADMSG);
}

static int thread_find(void *arg, bool by_name, struct sid *sid, struct sid_name *name)
{
	struct worker_msg msg = { .type = WORKER_FIND, .by_name = by_name };
	const struct thread *t = arg;

	if (clock_ms() >= t->until)
		return -ETIMEDOUT;
	if (by_name) {
		memcpy(msg.user, name->name, sizeof(msg.user));
		memcpy(msg.domain, name->domain, sizeof(msg.domain));
	} else {
		sid_text(sid, msg.sid);
	}
	thread_ask(arg, &msg, WORKER_FOUND, NULL);
	if (msg.error)
		return -(int)msg.error;
	worker_check(sid_parse(msg.sid, sid) ? 0 : -EBADMSG);
	name->use = (enum sid_use)msg.use;
	memcpy(name->name, msg.user, sizeof(name->name));
	memcpy(name->domain, msg.domain, sizeof(name->domain));
	return 0;
}

static int thread_list(void *arg, struct kernel_shares *out)
{
	struct worker_msg msg = { .type = WORKER_LIST };
	int fd = -1;
	int rc;

	thread_ask(arg, &msg, WORKER_LISTED, &fd);
	rc = msg.error ? -(int)msg.error : share_list_read(fd, out);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int thread_rows(void *arg, enum rpc_list list, struct rows *out)
{
	struct worker_msg msg = { .type = WORKER_ROWS, .list = list };
	int fd = -1;
	int rc;

	thread_ask(arg, &msg, WORKER_LISTED, &fd);
	rc = msg.error ? -(int)msg.error : rows_read(fd, out);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int thread_end(void *arg, enum rpc_list list, u64 id)
{
	struct worker_msg msg = { .type = WORKER_END, .list = list, .id = id };

	thread_ask(arg, &msg, WORKER_ENDED, NULL);
	return -(int)msg.error;
}

static int thread_change(void *arg, const struct share_change *change)
{
	struct worker_msg msg = { .type = WORKER_CHANGE };
	struct ndr_out out;
	int rc = -EOPNOTSUPP;

	ndr_out_init(&out, WORKER_TOKEN_MAX);
	if (share_change_put(change, &out)) {
		msg.token = out.data;
		msg.token_len = out.len;
		thread_ask(arg, &msg, WORKER_ENDED, NULL);
		rc = -(int)msg.error;
	}
	free(out.data);
	return rc;
}

/* Send the answer to a call, in parts that fit in messages. */
static void thread_answer(struct thread *t, int rc, const u8 *reply, size_t len)
{
	struct worker_msg out = { .type = WORKER_CALLED, .error = (u64)-rc };
	size_t done = 0;

	for (;;) {
		out.token = reply + done;
		out.token_len = len - done < WORKER_TOKEN_MAX ? len - done : WORKER_TOKEN_MAX;
		done += out.token_len;
		out.more = done < len;
		worker_check(worker_msg_send(t->fd, &out, -1));
		if (done == len)
			return;
		worker_check(worker_msg_receive(t->fd, &out, t->answer, NULL, 0));
		worker_check(out.type == WORKER_GO_ON ? 0 : -EBADMSG);
		out.type = WORKER_CALLED;
	}
}

static void thread_call(struct thread *t, const struct worker_msg *in)
{
	struct rpc_asks asks = { .accounts = { .find = thread_find, .arg = t },
				 .shares = thread_list, .list = thread_rows,
				 .end = thread_end, .change = thread_change };
	struct rpc_user user = { .uid = (u32)in->uid, .anonymous = in->anonymous,
				 .guest = in->guest,
				 .administrator = in->administrator };
	struct rpc_conn *conn;
	u8 *reply = NULL;
	size_t len = 0;
	int rc = -ENOENT;

	t->until = in->until;
	worker_check(sid_parse(in->sid, &asks.accounts.machine) ? 0 : -EBADMSG);
	memcpy(user.name, in->user, sizeof(user.name));
	memcpy(user.domain, in->domain, sizeof(user.domain));
	if (in->first)
		conn = rpc_conn_new((unsigned int)in->pipe, &user);
	else
		conn = table_take(t->table, in->id);
	if (conn)
		rc = rpc_conn_take(conn, &asks, in->token, in->token_len, &reply, &len);
	if (rc)
		rpc_conn_free(conn);
	else
		table_put(t->table, in->id, conn);
	thread_answer(t, rc, reply, len);
	free(reply);
}

static void thread_run(void *arg, int fd)
{
	struct thread *t = mem_new(sizeof(*t));
	struct worker_msg msg;

	t->table = arg;
	t->fd = fd;
	for (;;) {
		worker_check(worker_msg_receive(fd, &msg, t->packet, NULL, 0));
		worker_check(msg.type == WORKER_CALL ? 0 : -EBADMSG);
		thread_call(t, &msg);
	}
}

void worker_run_pipes(void)
{
	struct worker_msg msg = { .type = WORKER_HELLO };
	struct table *table = mem_new(sizeof(*table));
	struct worker_gate gate = { .run = thread_run, .arg = table };
	u8 *packet = mem_new(WORKER_PACKET_MAX);
	int rc;

	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&table->lock, NULL);
	/* Reads a file, which the sandbox will forbid. */
	tzset();
	rc = sandbox_files(-1);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	worker_gate_start(&gate);
	rc = sandbox_calls(SANDBOX_SOCKETS);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	if (!rc)
		msg.mechs = WORKER_FILTERED;
	worker_gate_open(&gate);
	worker_check(worker_msg_send(WORKER_FD_CONTROL, &msg, -1));
	for (;;) {
		worker_check(worker_msg_receive(WORKER_FD_CONTROL, &msg, packet, NULL, 0));
		worker_check(msg.type == WORKER_FORGET ? 0 : -EBADMSG);
		rpc_conn_free(table_take(table, msg.id));
	}
}
