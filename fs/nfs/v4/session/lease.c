// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases, and the laundry that expires them, and deals with opens that were revoked and with owners
 * that are idle for long.
 *
 * When a client has been silent for the lease time, the laundry makes it a courtesy client, and
 * retires it immediately if it holds no state. A courtesy client keeps its state (RFC 8881
 * section 8.4.2.4) until that conflicts with another request, memory is short, or
 * DNFS4_COURTESY_MAX_S has passed. Only courtesy clients are retired, because only they have to
 * ask the lock table before they can go on: either the client renews and stays, or it is retired
 * and cannot renew. While the service is stopped no client can renew its lease, so all leases start
 * again when the service starts.
 *
 * Locking: see client.h.
 */
#include <linux/jiffies.h>
#include <linux/shrinker.h>

#include "../../../../net/server.h"
#include "../engine/server.h"
#include "../state/open.h"
#include "client_private.h"
#include "session_private.h"

/* Runs of the laundry per lease time, and bounds for the interval. */
#define LAUNDRY_PER_LEASE	8
#define LAUNDRY_MIN_MS		250
#define LAUNDRY_MAX_MS		10000
/* Most clients released in one run of the shrinker's work. */
#define DISCARDS_AT_ONCE		64
/* Shortest interval between two releases that make room; refused clients retry less often. */
#define ROOM_EVERY		(HZ / 4)

static unsigned long dnfs4_lease_time(const struct dnfs4_clients *clients)
{
	return READ_ONCE(clients->server->srv->settings.lease_time_s) * HZ;
}

/*
 * End the courtesy state of a client. Only resets the flag and the count of courtesy clients.
 * Context: any.
 */
void dnfs4_courtesy_clear(struct dnfs4_client *client)
{
	if (test_and_clear_bit(DNFS4_CLIENT_COURTESY, &client->flags))
		atomic_dec(&client->server->clients->courtesy);
}

/* End the courtesy state, see dnfs4_client_use(). */
static u32 dnfs4_client_revive(struct dnfs4_client *client, u32 gone)
{
	struct dnfs4_clients *clients = client->server->clients;
	u32 status = NFS4_OK;

	mutex_lock(&clients->courtesy_lock);
	if (test_bit_acquire(DNFS4_CLIENT_COURTESY, &client->flags)) {
		if (ditto_client_set_courtesy(&client->client, false))
			dnfs4_courtesy_clear(client);
		else
			status = NFS4ERR_DELAY;
	}
	if (READ_ONCE(client->client.dead))
		status = gone;
	mutex_unlock(&clients->courtesy_lock);
	return status;
}

/*
 * Renew a client's lease. Every operation of a client counts as a sign of life. A courtesy client
 * that still has all its state leaves the courtesy state. Context: takes clients->courtesy_lock for
 * a courtesy client. Return: NFS4_OK; @gone; NFS4ERR_DELAY while a courtesy client is being
 * withdrawn, because it keeps its state if its record cannot be removed.
 */
u32 dnfs4_client_use(struct dnfs4_client *client, u32 gone)
{
	unsigned long now = jiffies;

	if (time_after(now, READ_ONCE(client->renewed) + HZ)) {
		WRITE_ONCE(client->renewed, now);
		/* Pairs with dnfs4_client_courtesy(): that sees @renewed, or this the flag. */
		smp_mb();
	}
	/* A release sets @dead and then clears the flag, which is therefore read first. */
	if (unlikely(test_bit_acquire(DNFS4_CLIENT_COURTESY, &client->flags)))
		return dnfs4_client_revive(client, gone);
	return unlikely(READ_ONCE(client->client.dead)) ? gone : NFS4_OK;
}

/* Start the lease of a client. Context: any. */
void dnfs4_lease_begin(struct dnfs4_client *client)
{
	WRITE_ONCE(client->renewed, jiffies);
	WRITE_ONCE(client->previous_since, jiffies);
}

static bool dnfs4_lease_is_over(const struct dnfs4_clients *clients,
				const struct dnfs4_client *client)
{
	return time_after(jiffies, READ_ONCE(client->renewed) + dnfs4_lease_time(clients));
}

static void dnfs4_client_courtesy(struct dnfs4_client *client)
{
	struct dnfs4_clients *clients = client->server->clients;
	bool courtesy;

	mutex_lock(&clients->courtesy_lock);
	if (test_bit(DNFS4_CLIENT_COURTESY, &client->flags) ||
	    !dnfs4_lease_is_over(clients, client))
		goto unlock;
	client->courtesy_at = jiffies;
	/* Count before setting the flag, so that a concurrent release decrements the count. */
	atomic_inc(&clients->courtesy);
	set_bit(DNFS4_CLIENT_COURTESY, &client->flags);
	courtesy = ditto_client_set_courtesy(&client->client, true);
	/*
	 * Set the flag before reading @renewed again. Pairs with dnfs4_client_use(), which writes
	 * @renewed and then reads the flag.
	 */
	smp_mb();
	if (!courtesy || (!dnfs4_lease_is_over(clients, client) &&
			  ditto_client_set_courtesy(&client->client, false)))
		dnfs4_courtesy_clear(client);
unlock:
	mutex_unlock(&clients->courtesy_lock);
}

/* Return: true if the laundry must handle the client. */
static bool dnfs4_laundry_filter(const struct dnfs4_clients *clients,
				 const struct dnfs4_client *client)
{
	unsigned long unconfirmed = min(dnfs4_lease_time(clients), DNFS4_UNCONFIRMED_S * HZ);

	if (!test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags))
		return time_after(jiffies, READ_ONCE(client->renewed) + unconfirmed);
	if (test_bit(DNFS4_CLIENT_COURTESY, &client->flags))
		return time_after(jiffies, client->courtesy_at + DNFS4_COURTESY_MAX_S * HZ);
	return dnfs4_lease_is_over(clients, client);
}

static bool dnfs4_previous_filter(const struct dnfs4_clients *clients,
				  const struct dnfs4_client *client)
{
	return dnfs4_previous_is_over(client);
}

/* End a client unless it has been confirmed; out of the tables it cannot be confirmed. */
static void dnfs4_unconfirmed_end(struct dnfs4_client *client, const char *why)
{
	struct dnfs4_clients *clients = client->server->clients;
	bool ends;

	mutex_lock(&clients->lock);
	ends = client->hashed && !test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags);
	if (ends)
		dnfs4_client_unhash(client);
	mutex_unlock(&clients->lock);
	if (ends)
		dnfs4_client_end(client, why);
}

static void dnfs4_laundry_do(struct dnfs4_client *client)
{
	if (!test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags)) {
		dnfs4_unconfirmed_end(client, "never confirmed");
		return;
	}
	if (test_bit(DNFS4_CLIENT_COURTESY, &client->flags)) {
		ditto_client_retire(&client->client, "silent for too long");
		return;
	}
	dnfs4_client_courtesy(client);
	/* A client that renews from here on is no courtesy client any more, and stays. */
	if (!dnfs4_client_has_state(client))
		ditto_client_retire(&client->client, "lease expired");
}

/* Put up to @most clients that pass @filter on a list, each with a reference. */
static void dnfs4_collect(struct dnfs4_clients *clients, struct list_head *todo,
			  unsigned int most,
			  bool (*filter)(const struct dnfs4_clients *clients,
					 const struct dnfs4_client *client))
{
	struct dnfs4_client *client;

	mutex_lock(&clients->lock);
	list_for_each_entry(client, &clients->all, lru) {
		if (!most)
			break;
		/* Skip clients that are on another such list. */
		if (!list_empty(&client->todo) || !filter(clients, client))
			continue;
		dnfs4_client_hold(client);
		list_add_tail(&client->todo, todo);
		most--;
	}
	mutex_unlock(&clients->lock);
}

static void dnfs4_for_all(struct dnfs4_clients *clients, struct list_head *todo,
			  void (*fn)(struct dnfs4_client *client))
{
	struct dnfs4_client *client, *next;

	list_for_each_entry_safe(client, next, todo, todo) {
		fn(client);
		mutex_lock(&clients->lock);
		list_del_init(&client->todo);
		mutex_unlock(&clients->lock);
		dnfs4_client_put(client);
		cond_resched();
	}
}

static bool dnfs4_owners_filter(const struct dnfs4_clients *clients,
				const struct dnfs4_client *client)
{
	return dnfs4_owners_are_old(client);
}

static bool dnfs4_sweep_is_due(const struct dnfs4_client *client)
{
	unsigned long due = READ_ONCE(client->sweep_due);

	return due && time_after_eq(jiffies, due);
}

static bool dnfs4_sweep_filter(const struct dnfs4_clients *clients,
			       const struct dnfs4_client *client)
{
	return READ_ONCE(client->client.opens_lost) || dnfs4_sweep_is_due(client);
}

/* Work function of struct dnfs4_client.sweep. */
void dnfs4_sweep_work(struct work_struct *work)
{
	struct dnfs4_client *client = container_of(work, struct dnfs4_client, sweep);
	unsigned long lease = dnfs4_lease_time(client->server->clients);
	bool due = dnfs4_sweep_is_due(client);

	WRITE_ONCE(client->client.opens_lost, false);
	/* Pairs with ditto_claim_drop(), which sets the flag behind the claim. */
	smp_mb();
	if (!dnfs4_opens_sweep(client, lease))
		WRITE_ONCE(client->sweep_due, 0);
	else if (due || !client->sweep_due)
		WRITE_ONCE(client->sweep_due, (jiffies + lease) ?: 1);
	dnfs4_client_put(client);
}

/* Closing files may take long: other clients do not wait for that. */
static void dnfs4_client_sweep(struct dnfs4_client *client)
{
	dnfs4_client_hold(client);
	if (!queue_work(client->server->clients->wq, &client->sweep))
		dnfs4_client_put(client);
}

static void dnfs4_laundry_arm(struct dnfs4_clients *clients)
{
	unsigned int ms = jiffies_to_msecs(dnfs4_lease_time(clients)) / LAUNDRY_PER_LEASE;

	ms = clamp(ms, LAUNDRY_MIN_MS, LAUNDRY_MAX_MS);
	mod_delayed_work(clients->wq, &clients->laundry, msecs_to_jiffies(ms));
}

static void dnfs4_laundry(struct work_struct *work)
{
	struct dnfs4_clients *clients = container_of(to_delayed_work(work), struct dnfs4_clients,
						     laundry);
	LIST_HEAD(todo);

	dnfs4_collect(clients, &todo, UINT_MAX, dnfs4_laundry_filter);
	dnfs4_for_all(clients, &todo, dnfs4_laundry_do);
	dnfs4_collect(clients, &todo, UINT_MAX, dnfs4_previous_filter);
	dnfs4_for_all(clients, &todo, dnfs4_previous_purge);
	dnfs4_collect(clients, &todo, UINT_MAX, dnfs4_owners_filter);
	dnfs4_for_all(clients, &todo, dnfs4_owners_age);
	dnfs4_collect(clients, &todo, UINT_MAX, dnfs4_sweep_filter);
	dnfs4_for_all(clients, &todo, dnfs4_client_sweep);
	dnfs4_sessions_review(clients->server);
	dnfs4_laundry_arm(clients);
}

void dnfs4_clients_start(struct dnfs4_server *server)
{
	struct dnfs4_clients *clients = server->clients;
	struct dnfs4_client *client;

	mutex_lock(&clients->lock);
	list_for_each_entry(client, &clients->all, lru)
		dnfs4_lease_begin(client);
	mutex_unlock(&clients->lock);
	clients->running = true;
	dnfs4_laundry_arm(clients);
}

void dnfs4_clients_stop(struct dnfs4_server *server)
{
	struct dnfs4_clients *clients = server->clients;

	clients->running = false;
	cancel_delayed_work_sync(&clients->laundry);
}

/*
 * Run the laundromat after a change of settings. Context: process context; dnfs_server.lock is
 * held.
 */
void dnfs4_clients_settings_changed(struct dnfs4_server *server)
{
	struct dnfs4_clients *clients = server->clients;

	if (clients->running)
		mod_delayed_work(clients->wq, &clients->laundry, 0);
}

/* When memory is short: release courtesy clients, oldest first, and ask for unused slots. */

/* A courtesy client, or one that was not confirmed within a second. */
static bool dnfs4_client_is_discardable(const struct dnfs4_clients *clients,
					const struct dnfs4_client *client)
{
	if (!test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags))
		return time_after(jiffies, READ_ONCE(client->renewed) + HZ);
	return test_bit(DNFS4_CLIENT_COURTESY, &client->flags);
}

static void dnfs4_client_discard(struct dnfs4_client *client)
{
	if (test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags))
		ditto_client_retire(&client->client, "memory is short");
	else
		dnfs4_unconfirmed_end(client, "memory is short");
}

static void dnfs4_shrink_work(struct work_struct *work)
{
	struct dnfs4_clients *clients = container_of(work, struct dnfs4_clients, shrink);
	LIST_HEAD(todo);

	dnfs4_collect(clients, &todo, DISCARDS_AT_ONCE, dnfs4_client_is_discardable);
	dnfs4_for_all(clients, &todo, dnfs4_client_discard);
}

/* Clients that can be done without are to go. Does not wait. */
void dnfs4_clients_shrink(struct dnfs4_clients *clients)
{
	queue_work(clients->wq, &clients->shrink);
}

/*
 * The account of a client is full: of those that are charged to it and lapsed, the one that was
 * seen least recently is to go. With clients->lock held. Does not wait.
 */
void dnfs4_courtesy_make_room(const struct dnfs4_client *client)
{
	struct dnfs4_clients *clients = client->server->clients;
	struct dnfs4_client *other, *oldest = NULL;

	lockdep_assert_held(&clients->lock);
	if (!atomic_read(&clients->courtesy) ||
	    time_before(jiffies, clients->room_made + ROOM_EVERY))
		return;
	clients->room_made = jiffies;
	list_for_each_entry(other, &clients->all, lru) {
		/* Only a client that is charged to the same account makes room there. */
		if (other->who.peer != client->who.peer &&
		    (!client->who.user || other->who.user != client->who.user))
			continue;
		/* A client that is being released already, or cannot be, makes no room. */
		if (!test_bit(DNFS4_CLIENT_COURTESY, &other->flags) ||
		    READ_ONCE(other->client.dead) || READ_ONCE(other->client.yielding) ||
		    READ_ONCE(other->client.withdraw_failed))
			continue;
		if (!oldest || time_before(READ_ONCE(other->renewed), READ_ONCE(oldest->renewed)))
			oldest = other;
	}
	if (oldest)
		ditto_client_retire(&oldest->client, "another client needs its place");
}

static unsigned long dnfs4_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dnfs4_clients *clients = shrinker->private_data;
	unsigned long count = atomic_read(&clients->courtesy) +
			      dnfs4_slots_reclaimable(clients->server);

	return count ?: SHRINK_EMPTY;
}

/*
 * The release of a client may wait for work that itself waits for memory. It is therefore done
 * from a workqueue, and counted as freed when it is queued.
 */
static unsigned long dnfs4_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dnfs4_clients *clients = shrinker->private_data;
	unsigned long count = dnfs4_slots_shrink(clients->server, sc->nr_to_scan);

	if (atomic_read(&clients->courtesy) && queue_work(clients->wq, &clients->shrink))
		count += min(atomic_read(&clients->courtesy), DISCARDS_AT_ONCE);
	return count ?: SHRINK_STOP;
}

int dnfs4_lease_init(struct dnfs4_clients *clients)
{
	INIT_DELAYED_WORK(&clients->laundry, dnfs4_laundry);
	INIT_WORK(&clients->shrink, dnfs4_shrink_work);
	clients->room_made = jiffies - ROOM_EVERY;
	clients->shrinker = shrinker_alloc(0, "ditto-nfs4-clients");
	if (!clients->shrinker)
		return -ENOMEM;
	clients->shrinker->count_objects = dnfs4_shrink_count;
	clients->shrinker->scan_objects = dnfs4_shrink_scan;
	clients->shrinker->private_data = clients;
	shrinker_register(clients->shrinker);
	return 0;
}

void dnfs4_lease_exit(struct dnfs4_clients *clients)
{
	shrinker_free(clients->shrinker);
	cancel_work_sync(&clients->shrink);
	cancel_delayed_work_sync(&clients->laundry);
}
