// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections over which threads give data to the kernel.
 *
 * Locking: the mutex protects the list of connections; each is used by one thread at a time.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl.h"
#include "offload_private.h"

/**
 * struct offload_kernel - the connections
 * @lock: protects the members below
 * @n: entries of @conn
 * @conn: connections that no thread uses
 */
struct offload_kernel {
	pthread_mutex_t lock;
	unsigned int n;
	struct conn *conn[];
};

static struct conn *kernel_get_conn(struct offload_kernel *k)
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

static void kernel_put_conn(struct offload_kernel *k, struct conn *c)
{
	pthread_mutex_lock(&k->lock);
	/* There is room: each thread has one at most. */
	k->conn[k->n++] = c;
	pthread_mutex_unlock(&k->lock);
}

static struct nl_msg *kernel_fill_message(const struct conn *c, const struct offload_data *data)
{
	struct nl_msg *msg = conn_message(c, DITTO_CMD_OFFLOAD_FILL);

	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_RECALL, data->recall);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FD, (u64)data->fd);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FD_OFFSET, data->start);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_OFFSET, data->offset);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_LENGTH, data->length);
	return msg;
}

int offload_kernel_fill(struct offload_kernel *k, const struct offload_data *data,
			struct why *why)
{
	struct conn *c = kernel_get_conn(k);
	int rc;

	if (!c) {
		why_not(why, "there is no connection to the kernel");
		return -ENOMEM;
	}
	rc = c->family ? 0 : conn_find_family(c);
	if (!rc)
		rc = conn_call(c, kernel_fill_message(c, data), NULL);
	/* The module may be another one than before, with another number of the family. */
	if (rc) {
		c->family = 0;
		*why = c->why;
	}
	kernel_put_conn(k, c);
	return rc;
}

struct offload_kernel *offload_kernel_new(unsigned int threads)
{
	struct offload_kernel *k = mem_new(sizeof(*k) + threads * sizeof(k->conn[0]));

	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void offload_kernel_free(struct offload_kernel *k)
{
	while (k->n) {
		conn_close(k->conn[--k->n]);
		free(k->conn[k->n]);
	}
	pthread_mutex_destroy(&k->lock);
	free(k);
}
