// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections without a logged-in user, by client. See unproven.h for the idea and the lock.
 *
 * A client is in the hash table and on the list of its count as long as it has connections.
 */
#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "../server.h"
#include "conn.h"
#include "unproven.h"

/**
 * struct dsmb_unproven_client - a client with connections without a logged-in user
 * @hash: in the table by account
 * @list: on the list of clients with the same number of connections
 * @conns: struct dsmb_conn, oldest first; each holds @account
 * @account: account of the client
 * @trust: trust level of its connections
 * @count: number of @conns
 */
struct dsmb_unproven_client {
	struct hlist_node hash;
	struct list_head list;
	struct list_head conns;
	const struct ditto_account *account;
	enum ditto_trust trust;
	unsigned int count;
};

struct dsmb_unproven *dsmb_unproven_alloc(void)
{
	struct dsmb_unproven *unproven = kvzalloc(sizeof(*unproven), GFP_KERNEL);

	if (!unproven)
		return NULL;
	spin_lock_init(&unproven->lock);
	for (unsigned int trust = 0; trust <= DITTO_TRUST_UNPROVEN; trust++)
		for (unsigned int i = 0; i < DSMB_UNPROVEN_COUNTS; i++)
			INIT_LIST_HEAD(&unproven->by_count[trust][i]);
	return unproven;
}

static struct hlist_head *unproven_bucket(struct dsmb_unproven *unproven,
					  const struct ditto_account *account)
{
	return &unproven->clients[hash_ptr(account, DSMB_UNPROVEN_BITS)];
}

static struct dsmb_unproven_client *unproven_find(struct dsmb_unproven *unproven,
						  const struct ditto_principal *who)
{
	struct dsmb_unproven_client *client;

	lockdep_assert_held(&unproven->lock);
	hlist_for_each_entry(client, unproven_bucket(unproven, who->peer), hash)
		if (client->account == who->peer && client->trust == who->trust)
			return client;
	return NULL;
}

static void unproven_count(struct dsmb_unproven *unproven, struct dsmb_unproven_client *client,
			   int more)
{
	unsigned int place;

	client->count += more;
	place = min(client->count, DSMB_UNPROVEN_COUNTS - 1);
	list_move_tail(&client->list, &unproven->by_count[client->trust][place]);
}

void dsmb_unproven_add(struct dsmb_conn *conn)
{
	struct dsmb_unproven *unproven = conn->server->unproven;
	struct dsmb_unproven_client *client, *spare;

	spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	if (!spare)
		return;
	spin_lock(&unproven->lock);
	/*
	 * A connection is removed after it was marked DEAD, so a marked one must not be added
	 * any more.
	 */
	if (conn->unproven_of || READ_ONCE(conn->state) == DSMB_CONN_DEAD)
		goto out;
	client = unproven_find(unproven, &conn->who);
	if (!client) {
		client = spare;
		spare = NULL;
		client->account = conn->who.peer;
		client->trust = conn->who.trust;
		INIT_LIST_HEAD(&client->list);
		INIT_LIST_HEAD(&client->conns);
		hlist_add_head(&client->hash, unproven_bucket(unproven, client->account));
	}
	conn->unproven_of = client;
	list_add_tail(&conn->unproven, &client->conns);
	unproven_count(unproven, client, 1);
out:
	spin_unlock(&unproven->lock);
	kfree(spare);
}

static void unproven_remove_locked(struct dsmb_unproven *unproven, struct dsmb_conn *conn)
{
	struct dsmb_unproven_client *client = conn->unproven_of;

	lockdep_assert_held(&unproven->lock);
	if (!client)
		return;
	conn->unproven_of = NULL;
	list_del_init(&conn->unproven);
	unproven_count(unproven, client, -1);
	if (client->count)
		return;
	list_del(&client->list);
	hlist_del(&client->hash);
	kfree(client);
}

void dsmb_unproven_remove(struct dsmb_conn *conn)
{
	struct dsmb_unproven *unproven = conn->server->unproven;

	spin_lock(&unproven->lock);
	unproven_remove_locked(unproven, conn);
	spin_unlock(&unproven->lock);
}

/* Returns the client with the most connections, or NULL. */
static struct dsmb_unproven_client *unproven_largest(struct dsmb_unproven *unproven,
						     enum ditto_trust trust)
{
	for (unsigned int i = DSMB_UNPROVEN_COUNTS - 1; i; i--)
		if (!list_empty(&unproven->by_count[trust][i]))
			return list_first_entry(&unproven->by_count[trust][i],
						struct dsmb_unproven_client, list);
	return NULL;
}

struct dsmb_conn *dsmb_unproven_take(struct dsmb_conn *conn, unsigned int most)
{
	struct dsmb_unproven *unproven = conn->server->unproven;
	struct dsmb_unproven_client *own, *client;
	struct dsmb_conn *oldest = NULL;

	spin_lock(&unproven->lock);
	own = unproven_find(unproven, &conn->who);
	client = unproven_largest(unproven, conn->who.trust);
	if (own && client && (own->count > most || own->count >= client->count))
		client = own;
	if (client) {
		oldest = list_first_entry(&client->conns, struct dsmb_conn, unproven);
		unproven_remove_locked(unproven, oldest);
		/* A connection is removed before its last reference is dropped. */
		dsmb_conn_hold(oldest);
	}
	spin_unlock(&unproven->lock);
	return oldest;
}
