// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections to the kernel for threads, see conns.h.
 *
 * Locking: the mutex protects the list of connections; each is used by one thread at a time.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "conns.h"
#include "common/mem.h"

/**
 * struct conns - the connections
 * @lock: protects the members below
 * @n: entries of @conn
 * @conn: connections that no thread uses
 */
struct conns {
	pthread_mutex_t lock;
	unsigned int n;
	struct conn *conn[];
};

static struct conn *conns_get(struct conns *k)
{
	struct conn *c = NULL;

	pthread_mutex_lock(&k->lock);
	if (k->n)
		c = k->conn[--k->n];
	pthread_mutex_unlock(&k->lock);
	if (c)
		return c;
	c = mem_new(sizeof(*c));
	if (!conn_open(c))
		return c;
	free(c);
	return NULL;
}

static void conns_put(struct conns *k, struct conn *c)
{
	pthread_mutex_lock(&k->lock);
	/* There is room: each thread has one at most. */
	k->conn[k->n++] = c;
	pthread_mutex_unlock(&k->lock);
}

int conns_call(struct conns *k, struct nl_msg *(*put)(const struct conn *c, const void *arg),
	       const void *arg, struct why *why)
{
	struct conn *c = conns_get(k);
	int rc;

	if (!c) {
		why_not(why, "there is no connection to the kernel");
		return -ENOMEM;
	}
	rc = c->family ? 0 : conn_find_family(c);
	if (!rc)
		rc = conn_call(c, put(c, arg), NULL);
	/* The module may be another one than before, with another number of the family. */
	if (rc) {
		c->family = 0;
		*why = c->why;
	}
	conns_put(k, c);
	return rc;
}

struct conns *conns_new(unsigned int threads)
{
	struct conns *k = mem_new(sizeof(*k) + threads * sizeof(k->conn[0]));

	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void conns_free(struct conns *k)
{
	if (!k)
		return;
	while (k->n) {
		conn_close(k->conn[--k->n]);
		free(k->conn[k->n]);
	}
	pthread_mutex_destroy(&k->lock);
	free(k);
}
