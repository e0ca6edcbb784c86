// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who holds leases: a client as its ClientGuid tells it (MS-SMB2 section 3.3.1.11),
 * over all its sessions. The lock table knows it as a client of its own, from the
 * first lease to the end of the last session that had one.
 *
 * Locking: clients_lock (mutex), inside session->lock, guards the list and the
 * counts of sessions. A session keeps the memory until it is gone itself.
 */
#include <linux/list.h>
#include <linux/slab.h>

#include "../fs/server.h"
#include "lease.h"
#include "server.h"
#include "session.h"

struct dsmb_lease_client {
	struct ditto_client client;
	struct dsmb_server *server;
	guid_t guid;
	u32 sessions;
	struct list_head link;
};

static DEFINE_MUTEX(clients_lock);
static LIST_HEAD(clients);

static void client_free(struct ditto_client *client)
{
	kfree(container_of(client, struct dsmb_lease_client, client));
}

static const struct ditto_client_ops client_ops = {
	.free = client_free,
};

static struct dsmb_lease_client *client_find(const struct dsmb_session *session)
{
	struct dsmb_lease_client *lc;

	list_for_each_entry(lc, &clients, link) {
		if (lc->server == session->server && guid_equal(&lc->guid, &session->client_guid))
			return lc;
	}
	return NULL;
}

static struct dsmb_lease_client *client_new(const struct dsmb_session *session)
{
	struct dsmb_lease_client *lc = kzalloc(sizeof(*lc), GFP_KERNEL);
	char name[48];

	if (!lc)
		return NULL;
	lc->server = session->server;
	lc->guid = session->client_guid;
	snprintf(name, sizeof(name), "leases of %pUl", &lc->guid);
	ditto_client_init(&lc->client, session->server->srv->locks, &client_ops, "smb", name, 0);
	list_add(&lc->link, &clients);
	return lc;
}

/* The caller has session->lock. */
static void client_join(struct dsmb_session *session, bool make)
{
	struct dsmb_lease_client *lc;

	mutex_lock(&clients_lock);
	lc = client_find(session);
	if (!lc && make)
		lc = client_new(session);
	if (lc) {
		lc->sessions++;
		ditto_client_hold(&lc->client);
	}
	mutex_unlock(&clients_lock);
	/* Pairs with those who look without the lock. */
	smp_store_release(&session->lease_client, lc);
}

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

void dsmb_lease_client_leave(struct dsmb_session *session, const char *why)
{
	struct dsmb_lease_client *lc = session->lease_client;
	bool last;

	if (!lc)
		return;
	mutex_lock(&clients_lock);
	last = !--lc->sessions;
	if (last)
		list_del(&lc->link);
	mutex_unlock(&clients_lock);
	if (last) {
		ditto_client_release(&lc->client, why);
		ditto_client_put(&lc->client);
	}
}

void dsmb_lease_client_put(struct dsmb_session *session)
{
	if (session->lease_client)
		ditto_client_put(&session->lease_client->client);
}
