/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections on which nobody has logged in, by client: which of them ends when there is no
 * room for one more.
 *
 * A client is what has an account of its own: an IPv4 address or an IPv6 /64. Its connections
 * are kept in the order of their arrival, and clients by how many they have, so that neither
 * a new connection nor a refused one looks at others.
 *
 * Locking: @lock (spinlock) guards all of it, and is taken inside conn->trust_lock.
 */
#ifndef _DITTO_SMB_TRANSPORT_UNPROVEN_H
#define _DITTO_SMB_TRANSPORT_UNPROVEN_H

#include <linux/list.h>
#include <linux/spinlock.h>

#include "../../net/budget.h"

struct dsmb_conn;
struct dsmb_server;

#define DSMB_UNPROVEN_BITS	7
/* Clients with more connections than that are not told apart by their number. */
#define DSMB_UNPROVEN_COUNTS	256
/* Levels of trust of connections on which nobody is logged in. */
#define DSMB_UNPROVEN_LEVELS	(DITTO_TRUST_UNPROVEN + 1)

/**
 * struct dsmb_unproven - those of a server
 * @lock: see above
 * @clients: struct dsmb_unproven_client by account
 * @by_count: the same by level of trust and number of connections
 */
struct dsmb_unproven {
	spinlock_t lock;	/* see above */
	struct hlist_head clients[1 << DSMB_UNPROVEN_BITS];
	struct list_head by_count[DSMB_UNPROVEN_LEVELS][DSMB_UNPROVEN_COUNTS];
};

/* NULL without memory. */
struct dsmb_unproven *dsmb_unproven_alloc(void);

/**
 * dsmb_unproven_add - nobody is logged in on a connection
 * @conn: held; charged at the level of trust it began with
 *
 * Without memory it is not added, and does not make room for others.
 * Context: process; may sleep for memory.
 */
void dsmb_unproven_add(struct dsmb_conn *conn);
/* Somebody is, or it ends; it need not have been added. Any context but interrupts. */
void dsmb_unproven_remove(struct dsmb_conn *conn);

/**
 * dsmb_unproven_take - whose place may a new connection take?
 * @conn: the new one, not added yet
 * @most: take it from its own client if that has more than so many connections, or as many as
 *	any other client
 *
 * Return: the oldest connection of its own client, or of the client that has most; held, and
 * not to be found here any more. NULL if there is none.
 */
struct dsmb_conn *dsmb_unproven_take(struct dsmb_conn *conn, unsigned int most);

#endif
