/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections without a logged-in user, by client. When the limit of connections is reached,
 * one of them ends to make room for a new one.
 *
 * A client is an entity with an account of its own: an IPv4 address or an IPv6 /64. The
 * connections of a client are kept in the order of arrival, and the clients by their number of
 * connections. Neither a new connection nor a refused one therefore searches a list.
 *
 * Locking: @lock (spinlock) guards everything; it is taken inside conn->trust_lock.
 */
#ifndef _DITTO_SMB_TRANSPORT_UNPROVEN_H
#define _DITTO_SMB_TRANSPORT_UNPROVEN_H

#include <linux/list.h>
#include <linux/spinlock.h>

#include "../../net/budget.h"

struct dsmb_conn;
struct dsmb_server;

#define DSMB_UNPROVEN_BITS	7
/* Lists of clients by their number of connections; the last list has all larger numbers too. */
#define DSMB_UNPROVEN_COUNTS	256
/* Trust levels of connections without a logged-in user. */
#define DSMB_UNPROVEN_LEVELS	(DITTO_TRUST_UNPROVEN + 1)

/**
 * struct dsmb_unproven - the connections of a server without a logged-in user
 * @lock: spinlock; guards everything
 * @clients: struct dsmb_unproven_client by account
 * @by_count: the same clients by trust level and number of connections
 */
struct dsmb_unproven {
	spinlock_t lock;	/* see above */
	struct hlist_head clients[1 << DSMB_UNPROVEN_BITS];
	struct list_head by_count[DSMB_UNPROVEN_LEVELS][DSMB_UNPROVEN_COUNTS];
};

/**
 * dsmb_unproven_alloc - allocate the table of a server
 *
 * Context: process; may sleep for memory.
 * Return: the table, to be freed by kvfree(); NULL without memory.
 */
struct dsmb_unproven *dsmb_unproven_alloc(void);

/**
 * dsmb_unproven_add - add a connection on which no user is logged in
 * @conn: held; charged at the trust level it began with
 *
 * Without memory the connection is not added, and does not make room for others.
 *
 * Context: process; may sleep for memory.
 */
void dsmb_unproven_add(struct dsmb_conn *conn);

/**
 * dsmb_unproven_remove - remove a connection: a user logged in, or it ends
 * @conn: held; need not have been added
 *
 * Context: any but interrupts; does not sleep.
 */
void dsmb_unproven_remove(struct dsmb_conn *conn);

/**
 * dsmb_unproven_take - choose a connection to end in favor of a new one
 * @conn: the new connection, not added yet
 * @most: choose from the new connection's own client if that has more connections than this, or
 *	as many as any other client
 *
 * Context: any but interrupts; does not sleep.
 * Return: the oldest connection of the own client, or of the client that has the most; held and
 * removed. NULL if there is none.
 */
struct dsmb_conn *dsmb_unproven_take(struct dsmb_conn *conn, unsigned int most);

#endif
