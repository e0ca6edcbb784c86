// SPDX-License-Identifier: GPL-2.0-only
/* Clients: lifetime, connections and release, see client.h. */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include "client.h"
#include "client_private.h"
#include "lock_ctx_private.h"
#include "table.h"
#include "wait_private.h"

/* Claims and waiting requests that a client is charged for in one step. */
#define LOCKS_STEP	64

struct ditto_client_identity {
	struct rcu_head rcu;
	bool several;	/* users; none is shown then */
	struct ditto_client_who who;
};

/**
 * ditto_client_identify - say whose a client is, for people
 * @client: the client
 * @user: name of the user; "" if the client's requests name their own
 * @addr: address of the machine, IPv4 mapped into IPv6
 *
 * May be called again: the address is then the new one, and the client has several users if that is
 * another one. Without memory what is known remains.
 *
 * Context: may sleep; no lock held.
 */
void ditto_client_identify(struct ditto_client *client, const char *user,
			   const struct in6_addr *addr)
{
	struct ditto_client_identity *identity = kzalloc(sizeof(*identity), GFP_KERNEL), *old;

	if (!identity)
		return;
	identity->who.known = true;
	identity->who.addr = *addr;
	spin_lock(&client->lock);
	old = rcu_dereference_protected(client->identity, lockdep_is_held(&client->lock));
	identity->several = old && (old->several || strncmp(old->who.user, user,
							    DITTO_CLIENT_USER_MAX - 1));
	if (!identity->several)
		strscpy(identity->who.user, user);
	rcu_assign_pointer(client->identity, identity);
	spin_unlock(&client->lock);
	if (old)
		kfree_rcu(old, rcu);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_identify, "DITTO");

/* Fill in what ditto_client_identify() was called with. Any context. */
void ditto_client_who(const struct ditto_client *client, struct ditto_client_who *who)
{
	const struct ditto_client_identity *identity;

	rcu_read_lock();
	identity = rcu_dereference(client->identity);
	if (identity)
		*who = identity->who;
	else
		memset(who, 0, sizeof(*who));
	rcu_read_unlock();
}
EXPORT_SYMBOL_NS_GPL(ditto_client_who, "DITTO");

/**
 * ditto_client_put - drop a reference on a client
 * @client: the client; freed by @ops->free with the last reference
 *
 * Context: any but interrupts; does not sleep.
 */
void ditto_client_put(struct ditto_client *client)
{
	struct ditto_client_identity *identity;
	struct ditto_lock_table *table = client->table;
	bool last;

	if (refcount_dec_not_one(&client->ref))
		return;
	spin_lock(&table->clients_lock);
	last = refcount_dec_and_test(&client->ref);
	if (last)
		rb_erase(&client->by_number, &table->clients);
	spin_unlock(&table->clients_lock);
	if (!last)
		return;
	ditto_uncharge(&client->charge);
	kfree(client->spare);
	identity = rcu_dereference_protected(client->identity, true);
	if (identity)
		kfree_rcu(identity, rcu);
	client->ops->free(client);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_put, "DITTO");

/**
 * ditto_client_charge - set the principal that pays for a client's claims and waits
 * @client: has neither claims nor waits yet
 * @who: the principal; its accounts are held as long as the client
 *
 * A client without a principal is charged by its protocol, if at all.
 *
 * Context: process, before others can find @client.
 */
void ditto_client_charge(struct ditto_client *client, const struct ditto_principal *who)
{
	spin_lock(&client->lock);
	/*
	 * A charge of 0 always succeeds. If the claims that the client has do not fit, it gets no
	 * more.
	 */
	if (!client->charge.peer && !ditto_charge(&client->charge, who, DITTO_BUDGET_LOCKS, 0))
		ditto_client_cover(client, 0);
	spin_unlock(&client->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_charge, "DITTO");

/*
 * Adjust a client's charge to its claims and waits. Context: client->lock held. Return: 0, or
 * -ENOLCK if the client may have no more.
 */
int ditto_client_cover(struct ditto_client *client, int more)
{
	int count = ditto_client_claims(client) + atomic_read(&client->waiting) + more;

	lockdep_assert_held(&client->lock);
	return ditto_charge_cover(&client->charge, count, LOCKS_STEP) ? -ENOLCK : 0;
}

/*
 * Find the next client in the order of creation. @table: the lock table. For walks: a client that
 * exists during the whole walk is found exactly once. Context: any but interrupts. Return: a client
 * to be put, or NULL.
 */
struct ditto_client *ditto_client_after(struct ditto_lock_table *table, u64 number)
{
	struct ditto_client *client, *found = NULL;
	struct rb_node *rb;

	spin_lock(&table->clients_lock);
	for (rb = table->clients.rb_node; rb;) {
		client = rb_entry(rb, struct ditto_client, by_number);
		if (client->number > number) {
			found = client;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	/* The last reference is dropped under this lock, so the client is alive. */
	if (found)
		ditto_client_hold(found);
	spin_unlock(&table->clients_lock);
	return found;
}

/*
 * Find a client by name, for the administrator. @table: the lock table; @protocol: its protocol;
 * NULL for any. Return: a client that is not released, to be put; or NULL.
 */
struct ditto_client *ditto_client_find(struct ditto_lock_table *table, const char *protocol,
				       const char *name)
{
	struct ditto_client *client;
	u64 number = 0;

	while ((client = ditto_client_after(table, number))) {
		if (!READ_ONCE(client->dead) && !strcmp(client->name, name) &&
		    (!protocol || !strcmp(client->protocol, protocol)))
			return client;
		number = client->number;
		ditto_client_put(client);
		cond_resched();
	}
	return NULL;
}

/**
 * ditto_client_connected - count a new connection; stops the time to live
 * @client: held by the caller
 *
 * Context: process; does not sleep.
 * Return: false if the client was already released and a new one is needed.
 */
bool ditto_client_connected(struct ditto_client *client)
{
	bool alive;

	spin_lock(&client->lock);
	alive = !client->dead;
	if (alive)
		client->connections++;
	spin_unlock(&client->lock);
	if (alive && cancel_delayed_work(&client->expire))
		ditto_client_put(client);
	return alive;
}
EXPORT_SYMBOL_NS_GPL(ditto_client_connected, "DITTO");

/**
 * ditto_client_disconnected - a connection ended; with the last one the time to live begins
 * @client: held by the caller
 *
 * Context: process; does not sleep.
 */
void ditto_client_disconnected(struct ditto_client *client)
{
	bool last;

	spin_lock(&client->lock);
	last = !--client->connections && !client->dead;
	if (last && client->ttl_ms != DITTO_CLIENT_TTL_NEVER) {
		ditto_client_hold(client);
		if (mod_delayed_work(client->table->release_wq, &client->expire,
				     msecs_to_jiffies(client->ttl_ms)))
			refcount_dec(&client->ref);
	}
	spin_unlock(&client->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_disconnected, "DITTO");

/* A callback that ditto_callback_begin() announced is over; wakes those that wait for the last. */
void ditto_callback_end(struct ditto_client *client)
{
	if (atomic_dec_and_test(&client->callbacks))
		wake_up_var(&client->callbacks);
}

/*
 * Find the first claim of a client behind a number. Context: client->lock held. Return: the claim,
 * or NULL.
 */
struct ditto_claim *ditto_client_claim_after(const struct ditto_client *client, u64 id)
{
	struct rb_node *rb = client->claims.rb_node;
	struct ditto_claim *found = NULL;

	while (rb) {
		struct ditto_claim *claim = rb_entry(rb, struct ditto_claim, by_id);

		if (claim->id > id) {
			found = claim;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return found;
}

/* The lock context of the client's oldest claim, or NULL. */
static struct ditto_lock_ctx *first_claimed(const void *arg)
{
	struct ditto_client *client = (struct ditto_client *)arg;
	struct ditto_claim *claim;
	struct ditto_lock_ctx *ctx;

	spin_lock(&client->lock);
	claim = ditto_client_first_claim(client);
	ctx = claim ? claim->ctx : NULL;
	spin_unlock(&client->lock);
	return ctx;
}

/* The lock context of the client's oldest waiting request, or NULL. */
static struct ditto_lock_ctx *first_awaited(const void *arg)
{
	struct ditto_client *client = (struct ditto_client *)arg;
	struct ditto_wait *wait;
	struct ditto_lock_ctx *ctx;

	spin_lock(&client->lock);
	wait = list_first_entry_or_null(&client->waits, struct ditto_wait, client_link);
	ctx = wait ? wait->ctx : NULL;
	spin_unlock(&client->lock);
	return ctx;
}

static void client_drop_claims(struct ditto_client *client, const char *why)
{
	struct ditto_lock_ctx *ctx;
	struct ditto_claim *claim;

	while ((ctx = ditto_lock_ctx_lock(first_claimed, client))) {
		for (int i = 0; i < DITTO_DROPS_AT_ONCE; i++) {
			spin_lock(&client->lock);
			claim = ditto_client_first_claim(client);
			if (claim && claim->ctx != ctx)
				claim = NULL;
			spin_unlock(&client->lock);
			if (!claim)
				break;
			ditto_claim_drop(claim, why);
		}
		/* Parked operations that conflicted with the claims may retry. */
		ctx->settled = true;
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}

static void client_drop_waits(struct ditto_client *client)
{
	struct ditto_lock_ctx *ctx;
	struct ditto_wait *wait;

	while ((ctx = ditto_lock_ctx_lock(first_awaited, client))) {
		do {
			spin_lock(&client->lock);
			wait = list_first_entry_or_null(&client->waits, struct ditto_wait,
							client_link);
			if (wait && wait->ctx != ctx)
				wait = NULL;
			spin_unlock(&client->lock);
			if (wait)
				ditto_wait_finish(wait, -ESHUTDOWN);
		} while (wait);
		ditto_lock_ctx_unlock(ctx);
		cond_resched();
	}
}

static void client_release(struct ditto_client *client, const char *why, bool if_idle)
{
	bool first;

	spin_lock(&client->lock);
	if (if_idle && client->connections) {
		spin_unlock(&client->lock);
		return;
	}
	first = !client->dead;
	WRITE_ONCE(client->dead, true);
	spin_unlock(&client->lock);
	if (cancel_delayed_work(&client->expire))
		ditto_client_put(client);
	ditto_client_yield_cancel(client);

	/* Waiting requests first, or they would be granted the claims that are given up. */
	client_drop_waits(client);
	client_drop_claims(client, why);
	wait_var_event(&client->callbacks, !atomic_read(&client->callbacks));
	if (!first)
		return;
	ditto_locks_report(client->table, DITTO_LOCK_CLIENT_RELEASED, client);
	if (client->ops->released)
		client->ops->released(client);
}

/**
 * ditto_client_release - give up everything that a client holds and waits for
 * @client: held by the caller
 * @why: reason for the trace, such as "connection lost" or "lease expired"; a constant
 *
 * The single way out for unlock-all, the end of a session, lease expiry, a reboot of the client
 * and the administrator. Idempotent. When it returns, the live counters are zero and no callback
 * of a claim or waiting request of this client runs or will run.
 *
 * Context: may sleep; no lock held, and not from such a callback.
 */
void ditto_client_release(struct ditto_client *client, const char *why)
{
	client_release(client, why, false);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_release, "DITTO");

/* The time to live is over. A connection that has arrived since then stops the release. */
static void client_expire(struct work_struct *work)
{
	struct ditto_client *client = container_of(to_delayed_work(work), struct ditto_client,
						   expire);

	client_release(client, "connection lost", true);
	ditto_client_put(client);
}

static bool client_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct ditto_client, by_number)->number <
	       rb_entry(b, struct ditto_client, by_number)->number;
}

/**
 * ditto_client_init - initialise a client and add it to the table
 * @client: embedded in the protocol's own object, zeroed
 * @table: the lock table
 * @ops: callbacks to the protocol
 * @protocol: short constant name
 * @name: name of the client, for people; copied
 * @ttl_ms: see struct ditto_client
 *
 * The client starts with one reference, the caller's. It must be released by
 * ditto_client_release() before that reference is put.
 *
 * Context: any but interrupts; does not sleep.
 */
void ditto_client_init(struct ditto_client *client, struct ditto_lock_table *table,
		       const struct ditto_client_ops *ops, const char *protocol,
		       const char *name, u32 ttl_ms)
{
	client->table = table;
	client->ops = ops;
	client->protocol = protocol;
	strscpy(client->name, name);
	refcount_set(&client->ref, 1);
	spin_lock_init(&client->lock);
	client->claims = RB_ROOT;
	client->newest = NULL;
	INIT_LIST_HEAD(&client->waits);
	client->ttl_ms = ttl_ms;
	INIT_DELAYED_WORK(&client->expire, client_expire);
	INIT_DELAYED_WORK(&client->yield, ditto_client_yield_work);

	spin_lock(&table->clients_lock);
	client->number = ++table->last_client;
	rb_add(&client->by_number, &table->clients, client_less);
	spin_unlock(&table->clients_lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_client_init, "DITTO");
