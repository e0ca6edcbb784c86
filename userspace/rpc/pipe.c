// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named pipes of clients.
 *
 * The pipe worker parses the messages, and has the RPC connections. dittod decides what a
 * compromised worker must not: the existing pipes, their users, and the information that these
 * users may see.
 *
 * Locking: the mutex of struct pipes protects the table and the reference counts. The mutex of a
 * pipe is held during a call. A closed pipe is freed with its last reference.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "client_counts.h"
#include "identity/identity.h"
#include "worker/supervisor.h"
#include "mem.h"
#include "pipe.h"
#include "pipe_rows.h"
#include "config/share_list.h"

/*
 * Most pipes of one user, out of WORKER_PIPES_MAX. An additional pipe evicts the least recently
 * used pipe of that user, or of the user with the most pipes.
 */
#define PIPES_PER_USER	256
/*
 * Milliseconds in which the worker must process a call, without the time that its questions take.
 */
#define CALL_TIME	30000
/* Most questions in one call; its message has no room for more names and SIDs. */
#define QUESTIONS_MAX	8192

/**
 * struct pipe - a named pipe
 * @id: number of the pipe
 * @users: reference count, with one for the table
 * @used: order of the last use
 * @lock: held during a call; protects @known
 * @known: the worker knows the pipe
 * @number: see rpc_pipe_number()
 * @user: the user that opened it
 * @client_count: entry of that user in the table of client_counts
 */
struct pipe {
	u64 id;
	unsigned int users;
	u64 used;
	pthread_mutex_t lock;
	bool known;
	unsigned int number;
	struct rpc_user user;
	struct client_count *client_count;
};

struct pipes {
	struct supervisor supervisor;
	pthread_mutex_t lock;
	pipe_shares_t shares;
	pipe_change_t change;
	u64 serial;
	u64 uses;
	struct pipe *table[WORKER_PIPES_MAX];
	struct client_counts client_counts;
};

static const struct supervisor_ops pipes_ops = {
	.kind = WORKER_PIPES,
	.name = "pipe worker",
	.work = "calls on pipes",
};

struct pipes *pipes_new(int spawner, pipe_shares_t shares, pipe_change_t change)
{
	struct pipes *pipes = mem_new(sizeof(*pipes));
	u32 start = 0;

	if (supervisor_open(&pipes->supervisor, &pipes_ops, pipes, spawner, -1)) {
		free(pipes);
		return NULL;
	}
	pthread_mutex_init(&pipes->lock, NULL);
	pipes->shares = shares;
	pipes->change = change;
	/* Numbers of the daemon's previous life must not be valid. */
	if (getrandom(&start, sizeof(start), 0) < 0)
		start = 0;
	pipes->serial = (u64)start << 10 | 1;
	return pipes;
}

static void put_locked(struct pipes *pipes, struct pipe *p)
{
	const struct worker_msg msg = { .type = WORKER_FORGET, .id = p->id };

	if (--p->users)
		return;
	/*
	 * If the message is lost, the next pipe with the same index replaces this one in the
	 * worker.
	 */
	if (p->known)
		supervisor_send(&pipes->supervisor, &msg);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Free an entry of the table. */
static void clear_locked(struct pipes *pipes, unsigned int place)
{
	struct pipe *p = pipes->table[place];

	if (!p)
		return;
	client_counts_drop(&pipes->client_counts, p->client_count);
	pipes->table[place] = NULL;
	put_locked(pipes, p);
}

void pipes_clear(struct pipes *pipes)
{
	unsigned int i;

	pthread_mutex_lock(&pipes->lock);
	for (i = 0; i < WORKER_PIPES_MAX; i++)
		clear_locked(pipes, i);
	pthread_mutex_unlock(&pipes->lock);
}

void pipes_free(struct pipes *pipes)
{
	pipes_clear(pipes);
	supervisor_close(&pipes->supervisor);
	pthread_mutex_destroy(&pipes->lock);
	free(pipes);
}

/* Return the index of the least recently used pipe of a client_count. */
static unsigned int oldest_locked(const struct pipes *pipes,
				  const struct client_count *client_count)
{
	unsigned int oldest = WORKER_PIPES_MAX;
	unsigned int i;

	for (i = 0; i < WORKER_PIPES_MAX; i++) {
		const struct pipe *p = pipes->table[i];

		if (p && p->client_count == client_count &&
		    (oldest == WORKER_PIPES_MAX || p->used < pipes->table[oldest]->used))
			oldest = i;
	}
	return oldest;
}

/* Return an index for a new pipe of a user; a pipe there is evicted by the caller. */
static unsigned int room_locked(struct pipes *pipes, const char *key)
{
	const struct client_count *client_count = client_counts_find(&pipes->client_counts, key);
	unsigned int i;

	if (client_count && client_count->count >= PIPES_PER_USER)
		return oldest_locked(pipes, client_count);
	for (i = 0; i < WORKER_PIPES_MAX; i++)
		if (!pipes->table[i])
			return i;
	return oldest_locked(pipes, client_counts_most(&pipes->client_counts));
}

int pipe_open(struct pipes *pipes, const char *name, const struct rpc_user *user, u64 *id)
{
	int number = rpc_pipe_number(name);
	char key[CLIENT_COUNT_KEY_SIZE];
	unsigned int place;
	struct pipe *p;

	if (number < 0)
		return number;
	snprintf(key, sizeof(key), user->anonymous ? "anonymous" : "%u", user->uid);
	p = mem_new(sizeof(*p));
	p->users = 1;
	pthread_mutex_init(&p->lock, NULL);
	p->number = (unsigned int)number;
	p->user = *user;
	pthread_mutex_lock(&pipes->lock);
	place = room_locked(pipes, key);
	clear_locked(pipes, place);
	pipes->table[place] = p;
	p->client_count = client_counts_add(&pipes->client_counts, key);
	p->id = pipes->serial++ * WORKER_PIPES_MAX + place;
	p->used = ++pipes->uses;
	*id = p->id;
	pthread_mutex_unlock(&pipes->lock);
	return 0;
}

static struct pipe *pipe_get(struct pipes *pipes, u64 id)
{
	struct pipe *p;

	pthread_mutex_lock(&pipes->lock);
	p = pipes->table[id % WORKER_PIPES_MAX];
	if (p && p->id == id) {
		p->users++;
		p->used = ++pipes->uses;
	} else {
		p = NULL;
	}
	pthread_mutex_unlock(&pipes->lock);
	return p;
}

static void pipe_put(struct pipes *pipes, struct pipe *p)
{
	pthread_mutex_lock(&pipes->lock);
	put_locked(pipes, p);
	pthread_mutex_unlock(&pipes->lock);
}

/*
 * Answer a question for an account, unless the deadline has passed or the user must not see
 * accounts.
 */
static int pipe_find(const struct pipe *p, int fd, struct worker_msg *msg, u64 deadline)
{
	const struct identity_who who = { .user = p->user.uid, .until = deadline };
	struct identity_query q = { .by = msg->by_name ? IDENTITY_BY_NAME : IDENTITY_BY_SID,
				    .kinds = IDENTITY_USER | IDENTITY_GROUP };
	struct worker_msg found = { .type = WORKER_FOUND };
	int rc = -EACCES;

	memcpy(q.who.name.name, msg->user, sizeof(q.who.name.name));
	memcpy(q.who.name.domain, msg->domain, sizeof(q.who.name.domain));
	if (!msg->by_name && !sid_parse(msg->sid, &q.who.sid))
		return -EBADMSG;
	if (rpc_user_is_known(&p->user))
		rc = identity_find(&who, &q);
	found.error = (u64)-rc;
	if (!rc) {
		found.use = q.who.name.use;
		sid_text(&q.who.sid, found.sid);
		memcpy(found.user, q.who.name.name, sizeof(found.user));
		memcpy(found.domain, q.who.name.domain, sizeof(found.domain));
	}
	return worker_msg_send(fd, &found, -1);
}

/* Errors of the netlink connection may be numbers that are not errno values. */
static u64 pipe_error(int rc)
{
	return rc ? rc == -EACCES || rc == -ENOENT ? (u64)-rc : EIO : 0;
}

/*
 * Lists are not made after the deadline: one message may have hundreds of calls that want some, and
 * nobody waits for their answers any more.
 */
static int pipe_late(u64 deadline)
{
	return clock_ms() < deadline ? 0 : -ETIMEDOUT;
}

static int pipe_list(const struct pipes *pipes, const struct pipe *p, int fd,
		     struct worker_msg *msg, u64 deadline)
{
	struct kernel_shares shares = { 0 };
	int rc = pipe_late(deadline);
	int list = -1;

	if (!rc)
		rc = pipes->shares(&p->user, &shares);
	if (!rc) {
		list = share_list_write(&shares, !rpc_user_is_known(&p->user),
					p->user.administrator);
		kernel_shares_free(&shares);
		rc = list < 0 ? list : 0;
	}
	msg->type = WORKER_LISTED;
	msg->error = pipe_error(rc);
	rc = worker_msg_send(fd, msg, list);
	if (list >= 0)
		close(list);
	return rc;
}

static int pipe_list_rows(const struct pipe *p, int fd, struct worker_msg *msg, u64 deadline)
{
	struct rows rows = { 0 };
	int rc = pipe_late(deadline);
	int list = -1;

	if (!rc)
		rc = pipe_rows_get(&p->user, (enum rpc_list)msg->list, deadline, &rows);
	if (!rc) {
		list = rows_write(&rows);
		rc = list < 0 ? list : 0;
	}
	rows_free(&rows);
	msg->type = WORKER_LISTED;
	msg->error = pipe_error(rc);
	rc = worker_msg_send(fd, msg, list);
	if (list >= 0)
		close(list);
	return rc;
}

static int pipe_end(const struct pipe *p, int fd, struct worker_msg *msg)
{
	msg->error = pipe_error(pipe_rows_end(&p->user, (enum rpc_list)msg->list, msg->id));
	msg->type = WORKER_ENDED;
	return worker_msg_send(fd, msg, -1);
}

static int pipe_change(const struct pipes *pipes, const struct pipe *p, int fd,
		       struct worker_msg *msg, u64 deadline)
{
	int rc = p->user.administrator ? pipe_late(deadline) : -EACCES;

	if (!rc)
		rc = pipes->change(&p->user, msg->token, msg->token_len, deadline);
	if (rc == -EBADMSG)
		return rc;
	msg->error = (u64)-rc;
	msg->type = WORKER_ENDED;
	return worker_msg_send(fd, msg, -1);
}

/**
 * struct pipe_answer - what the worker answers to a message
 * @data: bytes for the client, freed by the caller
 * @len: length of @data
 */
struct pipe_answer {
	u8 *data;
	size_t len;
};

/* Append a part, and ask for the next one if there is more. */
static int pipe_add_answer(struct pipe_answer *answer, int fd, const struct worker_msg *msg)
{
	const struct worker_msg go_on = { .type = WORKER_GO_ON };

	if (msg->token_len > RPC_ANSWER_MAX - answer->len || (msg->more && !msg->token_len))
		return -EBADMSG;
	if (msg->token_len) {
		answer->data = realloc(answer->data, answer->len + msg->token_len);
		if (!answer->data)
			mem_out();
		memcpy(answer->data + answer->len, msg->token, msg->token_len);
		answer->len += msg->token_len;
	}
	return msg->more ? worker_msg_send(fd, &go_on, -1) : 0;
}

/*
 * Process one message on one channel. Returns 0 and the answer, or a negative errno that makes
 * the worker unusable.
 */
static int pipe_exchange(const struct pipes *pipes, const struct pipe *p, int fd,
			 struct worker_msg *msg, u8 *packet, u64 deadline,
			 struct pipe_answer *answer)
{
	u64 until = clock_ms() + CALL_TIME;
	unsigned int asked;
	u64 before;
	int rc;

	rc = worker_msg_send(fd, msg, -1);
	for (asked = 0; !rc; asked++) {
		rc = worker_msg_receive(fd, msg, packet, NULL, until);
		if (rc)
			break;
		if (msg->type == WORKER_CALLED) {
			rc = pipe_add_answer(answer, fd, msg);
			if (rc || !msg->more)
				break;
			continue;
		}
		before = clock_ms();
		if (asked == QUESTIONS_MAX)
			rc = -EBADMSG;
		else if (msg->type == WORKER_FIND)
			rc = pipe_find(p, fd, msg, deadline);
		else if (msg->type == WORKER_LIST)
			rc = pipe_list(pipes, p, fd, msg, deadline);
		else if (msg->type == WORKER_ROWS)
			rc = pipe_list_rows(p, fd, msg, deadline);
		else if (msg->type == WORKER_END)
			rc = pipe_end(p, fd, msg);
		else if (msg->type == WORKER_CHANGE)
			rc = pipe_change(pipes, p, fd, msg, deadline);
		else
			rc = -EBADMSG;
		until += clock_ms() - before;
	}
	return rc;
}

int pipe_call(struct pipes *pipes, u64 id, const u8 *in, size_t len, u64 deadline, u8 **out,
	      size_t *out_len)
{
	struct worker_msg msg = { .type = WORKER_CALL, .id = id, .token = in, .token_len = len };
	struct pipe_answer answer = { 0 };
	struct pipe *p = pipe_get(pipes, id);
	struct sid machine;
	struct worker_socks *socks;
	u8 *packet;
	int i, rc;

	*out = NULL;
	*out_len = 0;
	if (!p)
		return -ENOENT;
	pthread_mutex_lock(&p->lock);
	i = supervisor_get(&pipes->supervisor, &socks);
	if (i < 0) {
		rc = -ENOENT;
		goto out;
	}
	msg.first = !p->known;
	msg.pipe = p->number;
	msg.uid = p->user.uid;
	msg.anonymous = p->user.anonymous;
	msg.guest = p->user.guest;
	msg.administrator = p->user.administrator;
	msg.until = deadline;
	memcpy(msg.user, p->user.name, sizeof(msg.user));
	memcpy(msg.domain, p->user.domain, sizeof(msg.domain));
	identity_machine(&machine);
	sid_text(&machine, msg.sid);
	p->known = true;
	packet = mem_new(WORKER_PACKET_MAX);
	rc = pipe_exchange(pipes, p, socks->channel[i], &msg, packet, deadline,
			   &answer);
	supervisor_put(&pipes->supervisor, socks, i, rc);
	if (rc) {
		rc = -ENOENT;
	} else if (msg.error) {
		rc = msg.error == ENOENT ? -ENOENT : -EINVAL;
	} else {
		*out = answer.data;
		*out_len = answer.len;
		answer.data = NULL;
	}
	free(answer.data);
	free(packet);
out:
	pthread_mutex_unlock(&p->lock);
	pipe_put(pipes, p);
	/* After an error the pipe is unusable. */
	if (rc)
		pipe_close(pipes, id);
	return rc;
}

void pipe_close(struct pipes *pipes, u64 id)
{
	unsigned int place = id % WORKER_PIPES_MAX;

	pthread_mutex_lock(&pipes->lock);
	if (pipes->table[place] && pipes->table[place]->id == id)
		clear_locked(pipes, place);
	pthread_mutex_unlock(&pipes->lock);
}

int pipes_fd(const struct pipes *pipes)
{
	return supervisor_fd(&pipes->supervisor);
}

void pipes_ready(struct pipes *pipes)
{
	supervisor_ready(&pipes->supervisor);
}
