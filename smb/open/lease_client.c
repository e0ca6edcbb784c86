// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock table clients for state that does not belong to one session. Such a client stands for a
 * ClientGuid (MS-SMB2 section 3.3.1.11). It holds the leases, which sessions of the same ClientGuid
 * share, and the claims of opens that may outlive their session. It exists until the last of those
 * sessions and opens is gone.
 *
 * Locking: clients_lock (mutex), taken inside session->lock, guards the table, and the first and
 * the last use of a client. A session keeps the memory of its client until the session is freed; an
 * open keeps it by its owner.
 */
#include <linux/hashtable.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "../../net/live.h"
#include "../../net/server.h"
#include "../auth/session.h"
#include "../server.h"
#include "late_ack.h"
#include "lease.h"

struct dsmb_lease_client {
	struct ditto_client client;
	struct dsmb_server *server;
	guid_t guid;
	atomic_t users;		/* sessions and opens */
	struct hlist_node link;
	struct work_struct work;
	struct dsmb_late_acks late_acks;
	struct rcu_head rcu;
};

static DEFINE_MUTEX(clients_lock);
static DEFINE_HASHTABLE(clients, 12);

#ifdef DITTO_TESTS
unsigned long dsmb_lease_client_steps;

/* Called with clients_lock held. */
static void client_step(void)
{
	WRITE_ONCE(dsmb_lease_client_steps, dsmb_lease_client_steps + 1);
}
#else
static void client_step(void) {}
#endif

/* Hash a ClientGuid, which clients choose, with a secret key. Context: any. Return: the hash. */
u64 dsmb_guid_hash(const guid_t *guid)
{
	static siphash_key_t secret __read_mostly;

	/* Clients choose the ids. */
	get_random_once(&secret, sizeof(secret));
	return siphash(guid, sizeof(*guid), &secret);
}

static void client_free_rcu(struct rcu_head *rcu)
{
	struct dsmb_lease_client *lc = container_of(rcu, struct dsmb_lease_client, rcu);
	struct dsmb_server *server = lc->server;

	kfree(lc);
	ditto_live_put(&server->objects);
}

static void client_free(struct ditto_client *client)
{
	call_rcu(&container_of(client, struct dsmb_lease_client, client)->rcu, client_free_rcu);
}

static const struct ditto_client_ops client_ops = {
	.free = client_free,
};

/* A callback of the lock table may drop the last open, and the release waits for callbacks. */
static void client_release(struct work_struct *work)
{
	struct dsmb_lease_client *lc = container_of(work, struct dsmb_lease_client, work);

	ditto_client_release(&lc->client, "the last open is gone");
	ditto_client_put(&lc->client);
}

static struct dsmb_lease_client *client_find(const struct dsmb_server *server, const guid_t *guid)
{
	struct dsmb_lease_client *lc;

	hash_for_each_possible(clients, lc, link, dsmb_guid_hash(guid)) {
		client_step();
		if (lc->server == server && guid_equal(&lc->guid, guid))
			return lc;
	}
	return NULL;
}

static struct dsmb_lease_client *client_new(struct dsmb_server *server, const guid_t *guid)
{
	struct dsmb_lease_client *lc = kzalloc(sizeof(*lc), GFP_KERNEL);
	char name[48];

	if (!lc)
		return NULL;
	lc->server = server;
	ditto_live_get(&server->objects);
	lc->guid = *guid;
	snprintf(name, sizeof(name), "client %pUl", &lc->guid);
	ditto_client_init(&lc->client, server->srv->locks, &client_ops, "smb", name, 0);
	INIT_WORK(&lc->work, client_release);
	dsmb_late_acks_init(&lc->late_acks);
	hash_add(clients, &lc->link, dsmb_guid_hash(guid));
	return lc;
}

/* Called with session->lock held. */
static void client_join(struct dsmb_session *session, bool make)
{
	struct dsmb_lease_client *lc;
	struct ditto_client_who who;

	mutex_lock(&clients_lock);
	lc = client_find(session->server, &session->client_guid);
	if (!lc && make)
		lc = client_new(session->server, &session->client_guid);
	if (lc) {
		atomic_inc(&lc->users);
		ditto_client_hold(&lc->client);
		/* Sessions of one ClientGuid share it: the first user pays. */
		ditto_client_charge(&lc->client, &session->who);
		ditto_client_who(&session->client, &who);
		if (who.known)
			ditto_client_identify(&lc->client, who.user, &who.addr);
	}
	mutex_unlock(&clients_lock);
	/* Pairs with dsmb_lease_client(), which reads it without the lock. */
	smp_store_release(&session->lease_client, lc);
}

/*
 * Get the lock table client that holds the leases of a session. Context: takes session->lock.
 * Return: the client, or NULL if there is none.
 */
struct ditto_client *dsmb_lease_client(struct dsmb_session *session, bool make)
{
	/* Pairs with client_join(). */
	struct dsmb_lease_client *lc = smp_load_acquire(&session->lease_client);

	if (!lc) {
		mutex_lock(&session->lock);
		if (!session->lease_client && session->state != DSMB_SESSION_CLOSED)
			client_join(session, make);
		lc = session->lease_client;
		mutex_unlock(&session->lock);
	}
	return lc ? &lc->client : NULL;
}

/*
 * Get the lock table client for an open that may outlive the session. The client stays until
 * dsmb_lease_client_unuse(). Context: takes session->lock. Return: the client, or NULL.
 */
struct ditto_client *dsmb_lease_client_use(struct dsmb_session *session)
{
	struct ditto_client *client = dsmb_lease_client(session, true);
	struct dsmb_lease_client *lc;

	if (!client)
		return NULL;
	lc = container_of(client, struct dsmb_lease_client, client);
	/* Without users the client is being released: the session was closed. */
	return atomic_inc_not_zero(&lc->users) ? client : NULL;
}

/*
 * Get the lock table client of a ClientGuid. Released with dsmb_lease_client_unuse(). Return: the
 * client, or NULL without memory.
 */
struct ditto_client *dsmb_lease_client_of(struct dsmb_server *server, const guid_t *guid)
{
	struct dsmb_lease_client *lc;

	mutex_lock(&clients_lock);
	lc = client_find(server, guid) ?: client_new(server, guid);
	if (lc)
		atomic_inc(&lc->users);
	mutex_unlock(&clients_lock);
	return lc ? &lc->client : NULL;
}

/* Drop one user. Return: true if it was the last one; the client cannot be found any more then. */
static bool client_unuse(struct dsmb_lease_client *lc)
{
	if (!atomic_dec_and_mutex_lock(&lc->users, &clients_lock))
		return false;
	hash_del(&lc->link);
	mutex_unlock(&clients_lock);
	return true;
}

/*
 * Release a client that an open used. Context: any process context; the release itself runs in a
 * worker.
 */
void dsmb_lease_client_unuse(struct ditto_client *client)
{
	struct dsmb_lease_client *lc = container_of(client, struct dsmb_lease_client, client);

	if (client_unuse(lc))
		queue_work(lc->server->slow, &lc->work);
}

/* Get the late acknowledgments of a client. @client: lock table client of a ClientGuid. */
struct dsmb_late_acks *dsmb_lease_client_late_acks(struct ditto_client *client)
{
	return &container_of(client, struct dsmb_lease_client, client)->late_acks;
}

/*
 * Drop a closed session from its lock table client. The last user releases the client with all its
 * leases.
 */
void dsmb_lease_client_leave(struct dsmb_session *session, const char *why)
{
	struct dsmb_lease_client *lc = session->lease_client;

	if (lc && client_unuse(lc)) {
		ditto_client_release(&lc->client, why);
		ditto_client_put(&lc->client);
	}
}

/* Drop the memory reference of a session that is freed. */
void dsmb_lease_client_put(struct dsmb_session *session)
{
	if (session->lease_client)
		ditto_client_put(&session->lease_client->client);
}
