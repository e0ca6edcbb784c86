// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pipes that clients of the server open.
 *
 * Locking: the mutex of all guards the table, the one of a pipe its connection.
 * A pipe that was closed is freed by the last one who uses it.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "holders.h"
#include "mem.h"
#include "pipe.h"

/*
 * Pipes at once, and of them those of one user. One more takes the place of the one of
 * that user that was used longest ago, or of the user who has most.
 */
#define PIPES_MAX	1024
#define PIPES_PER_USER	256

/**
 * struct pipe - a pipe
 * @id: its number
 * @users: the table and those who use it
 * @used: when it was used last, in uses of pipes
 * @lock: guards @conn
 * @conn: connection of remote calls
 * @holder: the user
 */
struct pipe {
	u64 id;
	unsigned int users;
	u64 used;
	pthread_mutex_t lock;
	struct rpc_conn *conn;
	struct holder *holder;
};

struct pipes {
	pthread_mutex_t lock;
	rpc_shares_t shares;
	u64 serial;
	u64 uses;
	struct pipe *table[PIPES_MAX];
	struct holders holders;
};

static const struct rpc_interface *const interfaces[] = {
	&srvsvc_interface, &lsarpc_interface, &wkssvc_interface,
};

struct pipes *pipes_new(rpc_shares_t shares)
{
	struct pipes *pipes = mem_new(sizeof(*pipes));
	u32 start = 0;

	pthread_mutex_init(&pipes->lock, NULL);
	pipes->shares = shares;
	/* Numbers of the daemon's life before are nobody's. */
	if (getrandom(&start, sizeof(start), 0) < 0)
		start = 0;
	pipes->serial = (u64)start << 10 | 1;
	return pipes;
}

static void put_locked(struct pipe *p)
{
	if (!p || --p->users)
		return;
	rpc_conn_free(p->conn);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Its place is free again. */
static void clear_locked(struct pipes *pipes, unsigned int place)
{
	struct pipe *p = pipes->table[place];

	if (!p)
		return;
	holders_drop(&pipes->holders, p->holder);
	pipes->table[place] = NULL;
	put_locked(p);
}

void pipes_clear(struct pipes *pipes)
{
	unsigned int i;

	pthread_mutex_lock(&pipes->lock);
	for (i = 0; i < PIPES_MAX; i++)
		clear_locked(pipes, i);
	pthread_mutex_unlock(&pipes->lock);
}

void pipes_free(struct pipes *pipes)
{
	pipes_clear(pipes);
	pthread_mutex_destroy(&pipes->lock);
	free(pipes);
}

static const struct rpc_interface *find_interface(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (!strcasecmp(interfaces[i]->pipe, name))
			return interfaces[i];
	return NULL;
}

/* Of a user who has some: the place of the one that was used longest ago. */
static unsigned int oldest_locked(const struct pipes *pipes, const struct holder *holder)
{
	unsigned int oldest = PIPES_MAX;
	unsigned int i;

	for (i = 0; i < PIPES_MAX; i++) {
		const struct pipe *p = pipes->table[i];

		if (p && p->holder == holder &&
		    (oldest == PIPES_MAX || p->used < pipes->table[oldest]->used))
			oldest = i;
	}
	return oldest;
}

/* A place for a user's pipe. */
static unsigned int room_locked(struct pipes *pipes, const char *key)
{
	const struct holder *holder = holders_find(&pipes->holders, key);
	unsigned int i;

	if (holder && holder->count >= PIPES_PER_USER)
		return oldest_locked(pipes, holder);
	for (i = 0; i < PIPES_MAX; i++)
		if (!pipes->table[i])
			return i;
	return oldest_locked(pipes, holders_most(&pipes->holders));
}

int pipe_open(struct pipes *pipes, const char *name, const struct rpc_user *user, u64 *id)
{
	const struct rpc_interface *iface = find_interface(name);
	char key[HOLDER_KEY_SIZE];
	unsigned int place;
	struct pipe *p;

	if (!iface)
		return -ENOENT;
	snprintf(key, sizeof(key), user->anonymous ? "anonymous" : "%u", user->uid);
	p = mem_new(sizeof(*p));
	p->users = 1;
	pthread_mutex_init(&p->lock, NULL);
	p->conn = rpc_conn_new(iface, user, pipes->shares);
	pthread_mutex_lock(&pipes->lock);
	place = room_locked(pipes, key);
	clear_locked(pipes, place);
	pipes->table[place] = p;
	p->holder = holders_add(&pipes->holders, key);
	p->id = pipes->serial++ * PIPES_MAX + place;
	p->used = ++pipes->uses;
	*id = p->id;
	pthread_mutex_unlock(&pipes->lock);
	return 0;
}

static struct pipe *get(struct pipes *pipes, u64 id)
{
	struct pipe *p;

	pthread_mutex_lock(&pipes->lock);
	p = pipes->table[id % PIPES_MAX];
	if (p && p->id == id) {
		p->users++;
		p->used = ++pipes->uses;
	} else {
		p = NULL;
	}
	pthread_mutex_unlock(&pipes->lock);
	return p;
}

static void put(struct pipes *pipes, struct pipe *p)
{
	pthread_mutex_lock(&pipes->lock);
	put_locked(p);
	pthread_mutex_unlock(&pipes->lock);
}

int pipe_call(struct pipes *pipes, u64 id, const u8 *in, size_t len, u8 **out, size_t *out_len)
{
	struct pipe *p = get(pipes, id);
	int rc;

	*out = NULL;
	*out_len = 0;
	if (!p)
		return -ENOENT;
	pthread_mutex_lock(&p->lock);
	rc = rpc_conn_take(p->conn, in, len, out, out_len);
	pthread_mutex_unlock(&p->lock);
	put(pipes, p);
	/* After what is no remote call nothing can be one. */
	if (rc)
		pipe_close(pipes, id);
	return rc;
}

void pipe_close(struct pipes *pipes, u64 id)
{
	unsigned int place = id % PIPES_MAX;

	pthread_mutex_lock(&pipes->lock);
	if (pipes->table[place] && pipes->table[place]->id == id)
		clear_locked(pipes, place);
	pthread_mutex_unlock(&pipes->lock);
}
