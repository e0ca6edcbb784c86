// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections by client. See conns.h for the idea and the lock.
 *
 * A client is in the hash table and on the list of its count as long as it has connections.
 */
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "conns.h"

/**
 * struct ditto_conns_client - a client with connections of a level of trust
 * @hash: in the table by account
 * @list: on the list of clients with the same number of connections
 * @links: struct ditto_conns_link, oldest first; each connection holds @account
 * @account: account of the client
 * @trust: level of trust of its connections
 * @count: number of @links
 */
struct ditto_conns_client {
	struct hlist_node hash;
	struct list_head list;
	struct list_head links;
	const struct ditto_account *account;
	enum ditto_trust trust;
	unsigned int count;
};

/**
 * ditto_conns_alloc - allocate a table without connections
 *
 * Context: process; may sleep for memory.
 * Return: the table, to be freed by kvfree() when it is empty; NULL without memory.
 */
struct ditto_conns *ditto_conns_alloc(void)
{
	struct ditto_conns *conns = kvzalloc(sizeof(*conns), GFP_KERNEL);

	if (!conns)
		return NULL;
	spin_lock_init(&conns->lock);
	for (unsigned int trust = 0; trust < DITTO_TRUST_LEVELS; trust++)
		for (unsigned int i = 0; i < DITTO_CONNS_COUNTS; i++)
			INIT_LIST_HEAD(&conns->by_count[trust][i]);
	return conns;
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_alloc, "DITTO");

static struct hlist_head *conns_bucket(struct ditto_conns *conns,
				       const struct ditto_account *account)
{
	return &conns->clients[hash_ptr(account, DITTO_CONNS_BITS)];
}

static struct ditto_conns_client *conns_find(struct ditto_conns *conns,
					     const struct ditto_principal *who)
{
	struct ditto_conns_client *client;

	lockdep_assert_held(&conns->lock);
	hlist_for_each_entry(client, conns_bucket(conns, who->peer), hash)
		if (client->account == who->peer && client->trust == who->trust)
			return client;
	return NULL;
}

static struct ditto_conns_client *conns_create(struct ditto_conns *conns,
					       const struct ditto_principal *who)
{
	struct ditto_conns_client *client = kzalloc(sizeof(*client), GFP_ATOMIC);

	if (!client)
		return NULL;
	client->account = who->peer;
	client->trust = who->trust;
	INIT_LIST_HEAD(&client->list);
	INIT_LIST_HEAD(&client->links);
	hlist_add_head(&client->hash, conns_bucket(conns, client->account));
	return client;
}

static void conns_count(struct ditto_conns *conns, struct ditto_conns_client *client, int more)
{
	unsigned int place;

	conns->count += more;
	client->count += more;
	place = min(client->count, DITTO_CONNS_COUNTS - 1);
	list_move_tail(&client->list, &conns->by_count[client->trust][place]);
}

static void conns_link(struct ditto_conns *conns, struct ditto_conns_link *link,
		       struct ditto_conns_client *client)
{
	link->client = client;
	list_add_tail(&link->list, &client->links);
	conns_count(conns, client, 1);
}

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
		    const struct ditto_principal *who)
{
	struct ditto_conns_client *client = conns_find(conns, who) ?: conns_create(conns, who);

	if (!client)
		return -ENOMEM;
	conns_link(conns, link, client);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_add, "DITTO");

/**
 * ditto_conns_remove - remove a connection
 * @conns: the table
 * @link: the connection; need not have been added
 *
 * Context: any but interrupts; the caller holds @conns->lock.
 */
void ditto_conns_remove(struct ditto_conns *conns, struct ditto_conns_link *link)
{
	struct ditto_conns_client *client = link->client;

	lockdep_assert_held(&conns->lock);
	if (!client)
		return;
	link->client = NULL;
	list_del(&link->list);
	conns_count(conns, client, -1);
	if (client->count)
		return;
	list_del(&client->list);
	hlist_del(&client->hash);
	kfree(client);
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_remove, "DITTO");

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
		      const struct ditto_principal *who)
{
	struct ditto_conns_client *client;

	if (!link->client)
		return;
	client = conns_find(conns, who) ?: conns_create(conns, who);
	if (!client || client == link->client)
		return;
	ditto_conns_remove(conns, link);
	conns_link(conns, link, client);
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_move, "DITTO");

/* Return: the client with the most connections, or NULL. */
static struct ditto_conns_client *conns_largest(struct ditto_conns *conns, enum ditto_trust trust)
{
	lockdep_assert_held(&conns->lock);
	for (unsigned int i = DITTO_CONNS_COUNTS - 1; i; i--)
		if (!list_empty(&conns->by_count[trust][i]))
			return list_first_entry(&conns->by_count[trust][i],
						struct ditto_conns_client, list);
	return NULL;
}

static struct ditto_conns_link *conns_take_oldest(struct ditto_conns *conns,
						  struct ditto_conns_client *client)
{
	struct ditto_conns_link *oldest;

	if (!client)
		return NULL;
	oldest = list_first_entry(&client->links, struct ditto_conns_link, list);
	ditto_conns_remove(conns, oldest);
	return oldest;
}

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
					  const struct ditto_principal *who, unsigned int most)
{
	struct ditto_conns_client *client = conns_largest(conns, who->trust);
	struct ditto_conns_client *own = conns_find(conns, who);

	if (own && client && (own->count > most || own->count >= client->count))
		client = own;
	return conns_take_oldest(conns, client);
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_take, "DITTO");

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
						 const struct ditto_principal *who)
{
	struct ditto_conns_client *client, *own;

	for (enum ditto_trust trust = 0; trust < who->trust; trust++) {
		client = conns_largest(conns, trust);
		if (client)
			return conns_take_oldest(conns, client);
	}
	client = conns_largest(conns, who->trust);
	own = conns_find(conns, who);
	if (client && client->count - 1 > (own ? own->count : 0))
		return conns_take_oldest(conns, client);
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_conns_take_lesser, "DITTO");
