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

struct ditto_conns *ditto_conns_alloc(void);
int ditto_conns_add(struct ditto_conns *conns, struct ditto_conns_link *link,
		    const struct ditto_principal *who);
void ditto_conns_remove(struct ditto_conns *conns, struct ditto_conns_link *link);
void ditto_conns_move(struct ditto_conns *conns, struct ditto_conns_link *link,
		      const struct ditto_principal *who);
struct ditto_conns_link *ditto_conns_take(struct ditto_conns *conns,
					  const struct ditto_principal *who, unsigned int most);
struct ditto_conns_link *ditto_conns_take_lesser(struct ditto_conns *conns,
						 const struct ditto_principal *who);

#endif
