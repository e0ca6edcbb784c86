/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections by client. When a limit of connections is reached, one of them ends to make room for
 * a new one.
 *
 * A client is an entity with an account of its own: an IPv4 address or an IPv6 /64. The
 * connections of a client at a level of trust are kept in the order of arrival, and the clients of
 * a level by their number of connections. Neither a new connection nor a refused one therefore
 * searches a list.
 *
 * Locking: @lock (spinlock) guards everything. The owner takes it, so that a connection that was
 * chosen cannot end before the owner has a reference to it. It is taken inside the locks of
 * connections.
 */
#ifndef _DITTO_NET_CONNS_H
#define _DITTO_NET_CONNS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "budget.h"

struct ditto_conns_client;

#define DITTO_CONNS_BITS	10
/* Lists of clients by their number of connections; the last list has all larger numbers too. */
#define DITTO_CONNS_COUNTS	256

/**
 * struct ditto_conns - connections by client
 * @lock: spinlock; guards everything
 * @count: number of connections
 * @clients: struct ditto_conns_client by account
 * @by_count: the same clients by level of trust and number of connections
 */
struct ditto_conns {
	spinlock_t lock;	/* see above */
	unsigned int count;
	struct hlist_head clients[1 << DITTO_CONNS_BITS];
	struct list_head by_count[DITTO_TRUST_LEVELS][DITTO_CONNS_COUNTS];
};

/**
 * struct ditto_conns_link - a connection, embedded in its object; zero at first
 * @list: link in the list of its client
 * @client: its client; NULL if the connection is not added
 */
struct ditto_conns_link {
	struct list_head list;
	struct ditto_conns_client *client;
};

/**
 * ditto_conns_alloc - allocate a table without connections
 *
 * Context: process; may sleep for memory.
 * Return: the table, to be freed by kvfree() when it is empty; NULL without memory.
 */
struct ditto_conns *ditto_conns_alloc(void);

/**
 * ditto_conns_add - add a connection
 * @conns: the table
 * @link: the connection, not added
 * @who: its client and its level of trust; the account is held until the connection is removed
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 * Return: 0 or -ENOMEM.
 */
int ditto_conns_add(struct ditto_conns *conns, struct ditto_conns_link *link,
		    const struct ditto_principal *who);

/**
 * ditto_conns_remove - remove a connection
 * @conns: the table
 * @link: the connection; need not have been added
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 */
void ditto_conns_remove(struct ditto_conns *conns, struct ditto_conns_link *link);

/**
 * ditto_conns_move - count a connection at another level of trust
 * @conns: the table
 * @link: the connection; need not have been added
 * @who: its client, and the level
 *
 * Without memory it stays where it is.
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 */
void ditto_conns_move(struct ditto_conns *conns, struct ditto_conns_link *link,
		      const struct ditto_principal *who);

/**
 * ditto_conns_take - choose a connection of a level to end in favor of a new one of the same level
 * @conns: the table
 * @who: client and level of the new connection
 * @most: choose from the new connection's own client if that has more connections than this, or
 *	as many as any other client
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 * Return: the oldest connection of the own client, or of the client that has the most; removed.
 * NULL if there is none.
 */
struct ditto_conns_link *ditto_conns_take(struct ditto_conns *conns,
					  const struct ditto_principal *who, unsigned int most);

/**
 * ditto_conns_take_lesser - choose a connection to end that matters less than a new one
 * @conns: the table
 * @who: client and level of the new connection
 *
 * Clients of a lower level come first. A client of the same level loses a connection only if it
 * still has as many as the new connection's own client has then: so clients that want more than
 * there are do not end each other's connections for ever.
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 * Return: the oldest connection of the client that has the most; removed. NULL if there is none.
 */
struct ditto_conns_link *ditto_conns_take_lesser(struct ditto_conns *conns,
						 const struct ditto_principal *who);

#endif
