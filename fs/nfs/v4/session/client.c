// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: tables, creation and release; see client.h for locking and lifetime.
 *
 * A new client starts with one reference, which belongs to the tables. A client always ends by
 * a release in the lock table, which calls dnfs4_client_released(). That function removes the
 * client from the tables, ends its sessions and states, and drops the reference.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/nfs4.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/sunrpc/xdr.h>

#include "../../../../lockd/grace.h"
#include "../../../../lockd/owner.h"
#include "../../../../net/peer.h"
#include "../../../../net/server.h"
#include "../../../share/share.h"
#include "../../server.h"
#include "../engine/server.h"
#include "client_private.h"
#include "principal.h"
#include "session.h"
#include "session_private.h"

const struct rhashtable_params dnfs4_client_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct dnfs4_client, id),
	.head_offset = offsetof(struct dnfs4_client, hash),
	.automatic_shrinking = true,
};

/* Key in the lock table of the owner of a client's delegations. */
static const u8 dnfs4_cache_key[] = "\0delegations";

/*
 * Get the epoch of this server instance. The epoch is the upper half of every clientid, and
 * therefore the first four bytes of every stateid in network order. It is chosen at random when the
 * server starts. Context: any. Return: the epoch; never 0 or all ones.
 */
u32 dnfs4_server_epoch(const struct dnfs4_server *server)
{
	return server->clients->epoch;
}

/* Decode an nfs_client_id4 or client_owner4. Return: NFS4_OK or NFS4ERR_BADXDR. */
u32 dnfs4_decode_client_id(struct dnfs4_compound *cmp, struct dnfs4_client_id *id)
{
	if (xdr_stream_decode_opaque_fixed(cmp->in, id->verifier, sizeof(id->verifier)) < 0)
		return NFS4ERR_BADXDR;
	return dnfs4_decode_opaque(cmp, DNFS4_OWNER_STRING_MAX, &id->owner, &id->len);
}

/*
 * The lower half of a clientid is the client's number under a keyed permutation (four rounds of
 * a Feistel network). A client cannot guess another's clientid from its own, clientids are
 * unique, and the server recognizes clientids that it never gave out.
 */
#define ID_ROUNDS	4

static u16 client_id_round(const struct dnfs4_clients *clients, u32 round, u16 half)
{
	return siphash_2u32(round, half, &clients->id_key);
}

static u32 client_id_hide(const struct dnfs4_clients *clients, u32 number)
{
	u16 left = number >> 16, right = number;

	for (u32 round = 0; round < ID_ROUNDS; round++) {
		u16 next = left ^ client_id_round(clients, round, right);

		left = right;
		right = next;
	}
	return (u32)left << 16 | right;
}

static u32 client_id_reveal(const struct dnfs4_clients *clients, u32 hidden)
{
	u16 left = hidden >> 16, right = hidden;

	for (u32 round = ID_ROUNDS; round--;) {
		u16 before = right ^ client_id_round(clients, round, left);

		right = left;
		left = before;
	}
	return (u32)left << 16 | right;
}

/* The clientid that other clients see: the same for all of them, and not valid. */
u64 dnfs4_client_alias(const struct dnfs4_server *server, u64 id)
{
	return siphash_1u64(id, &server->clients->alias_key);
}

static struct list_head *dnfs4_owner_bucket(struct dnfs4_clients *clients, const void *owner,
					    u32 len)
{
	return &clients->by_owner[siphash(owner, len, &clients->owner_key) % DNFS4_OWNER_BUCKETS];
}

/*
 * Find the client records of an owner string. @confirmed: set to the confirmed record, borrowed, or
 * NULL; @unconfirmed: set to the unconfirmed record, borrowed, or NULL. Clients that are being
 * released are skipped. Context: clients->lock held.
 */
void dnfs4_client_by_owner(struct dnfs4_clients *clients, u32 minor,
			   const struct dnfs4_client_id *id, struct dnfs4_client **confirmed,
			   struct dnfs4_client **unconfirmed)
{
	struct dnfs4_client *client;

	lockdep_assert_held(&clients->lock);
	*confirmed = NULL;
	*unconfirmed = NULL;
	list_for_each_entry(client, dnfs4_owner_bucket(clients, id->owner, id->len), owner_link) {
		if (client->minor != !!minor || client->owner_len != id->len ||
		    memcmp(client->owner_string, id->owner, id->len))
			continue;
		/* Its release has begun. */
		if (READ_ONCE(client->client.dead))
			continue;
		if (test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags))
			*confirmed = client;
		else
			*unconfirmed = client;
	}
}

/*
 * Find a client by clientid, confirmed or not. Context: any. Return: the client with a reference;
 * NULL if there is none, or it is being released.
 */
struct dnfs4_client *dnfs4_client_get(struct dnfs4_clients *clients, u64 id, u32 minor)
{
	struct dnfs4_client *client;

	rcu_read_lock();
	client = rhashtable_lookup(&clients->by_id, &id, dnfs4_client_params);
	if (client && (client->minor != !!minor || READ_ONCE(client->client.dead) ||
		       !refcount_inc_not_zero(&client->ref)))
		client = NULL;
	rcu_read_unlock();
	return client;
}

/*
 * Find a confirmed client by clientid. @out: set to the client on success; the caller puts the
 * reference. Does not renew the lease. Context: any. Return: NFS4_OK; NFS4ERR_STALE_CLIENTID if
 * there is no confirmed client of this family with that clientid; NFS4ERR_EXPIRED in 4.0 if this
 * server instance gave out the clientid and the client is gone (RFC 7530 section 13.1.5).
 */
u32 dnfs4_client_find(struct dnfs4_server *server, u64 id, u32 minor, struct dnfs4_client **out)
{
	struct dnfs4_clients *clients = server->clients;
	struct dnfs4_client *client = dnfs4_client_get(clients, id, minor);
	u32 number;

	if (client && test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags)) {
		*out = client;
		return NFS4_OK;
	}
	/* Unconfirmed, or a client of the other minor version family. */
	if (!client)
		client = dnfs4_client_get(clients, id, !minor);
	if (client) {
		dnfs4_client_put(client);
		return NFS4ERR_STALE_CLIENTID;
	}
	if (minor || upper_32_bits(id) != clients->epoch)
		return NFS4ERR_STALE_CLIENTID;
	/*
	 * If this server instance gave the clientid out, then in 4.0 the lease of the client has
	 * expired (RFC 7530 section 13.1.5). All numbers count as given out once they were used up.
	 */
	number = client_id_reveal(clients, lower_32_bits(id));
	return number && number <= READ_ONCE(clients->last_id) ? NFS4ERR_EXPIRED :
								  NFS4ERR_STALE_CLIENTID;
}

/*
 * 4.0: set the client of a COMPOUND. @client: the client; its reference passes to @cmp. Also makes
 * the current and saved handles act for @client, so that nothing refers to the previous client any
 * more, and puts that one.
 */
void dnfs4_compound_set_client(struct dnfs4_compound *cmp, struct dnfs4_client *client)
{
	struct dnfs4_client *before = cmp->client;

	cmp->client = client;
	dnfs4_fh_actor(cmp, &cmp->current_fh);
	if (cmp->saved_fh.target.op.actor)
		dnfs4_fh_actor(cmp, &cmp->saved_fh);
	dnfs4_client_put(before);
}

/*
 * 4.0: find and renew the client that an operation names. For operations with a clientid argument,
 * such as OPEN, LOCK and RENEW. Return: NFS4_OK, or a status of dnfs4_client_find();
 * NFS4ERR_EXPIRED if the client has lost its state; NFS4ERR_DELAY as of dnfs4_client_use().
 */
u32 dnfs4_client_of_op(struct dnfs4_compound *cmp, u64 id)
{
	struct dnfs4_client *client;
	u32 status;

	status = dnfs4_client_find(cmp->server, id, cmp->minor, &client);
	if (status)
		return status;
	status = dnfs4_client_use(client, NFS4ERR_EXPIRED);
	if (status) {
		dnfs4_client_put(client);
		return status;
	}
	dnfs4_compound_set_client(cmp, client);
	return NFS4_OK;
}

/*
 * Check whether a client holds anything. Void states do not count: they only wait for FREE_STATEID.
 * Context: any. Return: true if the client has claims in the lock table or valid states.
 */
bool dnfs4_client_has_state(struct dnfs4_client *client)
{
	struct dnfs4_state *state;
	bool found = false;
	u32 id = 0;

	/* What its previous instance had does not count: the client may not know of it. */
	if (ditto_client_claims(&client->client) > READ_ONCE(client->nkept))
		return true;
	/* A void state only waits for FREE_STATEID. */
	rcu_read_lock();
	while (!found && (state = dnfs4_table_after(&client->states, &id))) {
		found = READ_ONCE(state->void_why) == DNFS4_VALID;
		/* The memory may be reused for another client's state unless it is still here. */
		smp_rmb();
		found = found && dnfs4_table_find(&client->states, id) == state;
	}
	rcu_read_unlock();
	return found;
}

/*
 * Check whether a client's owner string is refused to others. A courtesy client, or one without
 * state, may lose its owner string (RFC 7530 section 16.33.5, RFC 8881 section 18.35.4 case 3).
 * Context: any. Return: true if nobody else may take it over.
 */
bool dnfs4_client_keeps_name(struct dnfs4_client *client)
{
	return dnfs4_client_has_state(client) && !test_bit(DNFS4_CLIENT_COURTESY, &client->flags);
}

/*
 * Check whether another client may take over a client's owner string. A courtesy client that has
 * state is retired for that: its record is removed first, in the background, and then it is
 * released. Context: does not wait. Return: NFS4_OK if it has no state; NFS4ERR_CLID_INUSE, see
 * dnfs4_client_keeps_name(); NFS4ERR_DELAY while the client is being released.
 */
u32 dnfs4_client_yield_name(struct dnfs4_client *client)
{
	if (dnfs4_client_keeps_name(client))
		return NFS4ERR_CLID_INUSE;
	if (!dnfs4_client_has_state(client))
		return NFS4_OK;
	/* If the client renews first it stays, and the next attempt is refused. */
	ditto_client_retire(&client->client, "another one takes over its name");
	return NFS4ERR_DELAY;
}

/*
 * Remove a client from the tables. @client: held by the caller; may have been removed already. Does
 * not drop the reference of the tables; the release of the client does. Context: clients->lock
 * held.
 */
void dnfs4_client_unhash(struct dnfs4_client *client)
{
	struct dnfs4_clients *clients = client->server->clients;

	lockdep_assert_held(&clients->lock);
	if (!client->hashed)
		return;
	client->hashed = false;
	rhashtable_remove_fast(&clients->by_id, &client->hash, dnfs4_client_params);
	list_del(&client->owner_link);
	list_del(&client->lru);
	WRITE_ONCE(clients->count, clients->count - 1);
}

/* The lock table has released all claims of the client; called once. */
static void dnfs4_client_released(struct ditto_client *dc)
{
	struct dnfs4_client *client = dnfs4_client_of(dc);
	struct dnfs4_clients *clients = client->server->clients;

	set_bit(DNFS4_CLIENT_GONE, &client->flags);
	dnfs4_courtesy_clear(client);
	mutex_lock(&clients->lock);
	dnfs4_client_unhash(client);
	mutex_unlock(&clients->lock);

	dnfs4_callback_stop(client);
	dnfs4_sessions_destroy(client);
	dnfs4_states_release(client);
	if (READ_ONCE(clients->ending)) {
		dnfs4_reclaim_suspend(client);
	} else {
		ditto_grace_done(dc);
		dnfs4_record_remove(client);
	}
	/* The reference of the tables. */
	dnfs4_client_put(client);
}

/* The last reference was dropped: what all of them held is put. Context: as dnfs4_client_put(). */
void dnfs4_client_unheld(struct dnfs4_client *client)
{
	ditto_owner_put(client->lease_owner);
	ditto_client_put(&client->client);
}

static void dnfs4_client_uncharge(struct dnfs4_client *client)
{
	ditto_uncharge(&client->delegations);
	ditto_uncharge(&client->opens);
	ditto_uncharge(&client->memory);
	ditto_uncharge(&client->charge);
	ditto_principal_exit(&client->who);
}

/*
 * With AUTH_SYS a machine speaks for its users and is charged for them. Only an authenticated
 * user has an account of its own, because anyone could fill the account of an unauthenticated
 * one. An unconfirmed client may belong to anyone on that machine, so its record is charged at
 * the unproven trust level.
 */
static int dnfs4_client_charge(struct dnfs4_client *client, const struct dnfs_call *call)
{
	bool named = call->sec & ~DITTO_SEC_NONE;
	bool proven = call->ident.proven && !call->ident.anonymous;
	struct ditto_principal unproven = { .trust = DITTO_TRUST_UNPROVEN };
	int err;

	err = ditto_principal_init(&client->who, call->srv, &call->peer->addr,
				   named ? DITTO_TRUST_USER : DITTO_TRUST_ANONYMOUS,
				   proven ? call->ident.uid : INVALID_UID);
	if (err)
		return err;
	unproven.peer = client->who.peer;
	return ditto_charge(&client->charge, &unproven, DITTO_BUDGET_CLIENTS, 1) ?:
	       ditto_charge(&client->memory, &unproven, DITTO_BUDGET_MEMORY,
			    DNFS4_CLIENT_BYTES + client->owner_len) ?:
	       ditto_charge(&client->opens, &client->who, DITTO_BUDGET_OPENS, 0) ?:
	       ditto_charge(&client->delegations, &client->who, DITTO_BUDGET_DELEGATIONS, 0);
}

/*
 * Charge a client to its peer before it is confirmed. Moves the client's charges from the unproven
 * trust level to @client->who. Context: clients->lock held. Return: NFS4_OK, or NFS4ERR_DELAY if
 * the budget is exhausted.
 */
u32 dnfs4_client_admit(struct dnfs4_client *client)
{
	struct ditto_charge *charges[] = { &client->charge, &client->memory };

	lockdep_assert_held(&client->server->clients->lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(charges); i++)
		/* An earlier attempt may have moved only one of them. */
		if (charges[i]->trust != client->who.trust &&
		    ditto_charge_move(charges[i], &client->who)) {
			dnfs4_courtesy_make_room(client);
			return NFS4ERR_DELAY;
		}
	return NFS4_OK;
}

static void dnfs4_client_free_work(struct work_struct *work)
{
	struct dnfs4_client *client = container_of(to_rcu_work(work), struct dnfs4_client, rcu);
	struct dnfs4_clients *clients = client->server->clients;

	ditto_recorder_put(client->recorder);
	dnfs4_callback_free(client);
	dnfs4_table_exit(&client->states);
	dnfs4_client_uncharge(client);
	kfree(client->create_reply);
	kfree(client->pending);
	dnfs4_principal_exit(&client->principal);
	kfree(client->impl);
	kfree(client->owner_string);
	kfree(client);
	if (atomic_dec_and_test(&clients->alive))
		wake_up_all(&clients->idle);
}

static void dnfs4_client_free(struct ditto_client *dc)
{
	struct dnfs4_client *client = dnfs4_client_of(dc);

	INIT_RCU_WORK(&client->rcu, dnfs4_client_free_work);
	queue_rcu_work(client->server->clients->wq, &client->rcu);
}

static int dnfs4_client_withdraw(struct ditto_client *dc)
{
	return dnfs4_record_withdraw(dnfs4_client_of(dc));
}

static const struct ditto_client_ops dnfs4_client_ops = {
	.withdraw = dnfs4_client_withdraw,
	.released = dnfs4_client_released,
	.free = dnfs4_client_free,
};

/*
 * Release a client and all its state. @client: held by the caller; NULL is allowed. Context: no
 * lock held.
 */
void dnfs4_client_end(struct dnfs4_client *client, const char *why)
{
	if (client)
		ditto_client_release(&client->client, why);
}

/*
 * Release the previous instance of a client. @old: the previous instance, out of the tables; its
 * reference is put. Context: no lock held but client->create_lock.
 */
void dnfs4_client_succeed(struct dnfs4_client *client, struct dnfs4_client *old)
{
	dnfs4_record_inherit(client, old);
	if (test_bit(DNFS4_CLIENT_INHERITS, &client->flags))
		dnfs4_previous_inherit(client, old);
	dnfs4_client_end(old, "the client was restarted");
	dnfs4_client_put(old);
}

static struct dnfs4_client *dnfs4_client_alloc(struct dnfs4_compound *cmp,
					       const struct dnfs4_client_id *id)
{
	struct dnfs4_client *client = kzalloc(sizeof(*client), GFP_KERNEL);

	if (!client)
		return NULL;
	client->server = cmp->server;
	client->minor = !!cmp->minor;
	memcpy(client->verifier, id->verifier, sizeof(client->verifier));
	client->owner_len = id->len;
	client->owner_string = kmemdup(id->owner, id->len, GFP_KERNEL);
	client->renewed = jiffies;
	client->addr = cmp->call->peer->addr;
	dnfs4_states_init(client);
	spin_lock_init(&client->back_lock);
	mutex_init(&client->sessions_lock);
	mutex_init(&client->create_lock);
	client->token = ditto_recorder_token(&cmp->server->nfs->recorders);
	INIT_LIST_HEAD(&client->sessions);
	INIT_LIST_HEAD(&client->todo);
	INIT_WORK(&client->sweep, dnfs4_sweep_work);
	/* EXCHANGE_ID returns this value for the first CREATE_SESSION. */
	client->create_seqid = 1;
	if (client->owner_string && !dnfs4_client_charge(client, cmp->call) &&
	    dnfs4_principal_init(&client->principal, cmp->call) && !dnfs4_callback_init(client))
		return client;
	dnfs4_client_uncharge(client);
	dnfs4_principal_exit(&client->principal);
	kfree(client->owner_string);
	kfree(client);
	return NULL;
}

/*
 * Give a client a number that is not in use, and add it to the table by id. The numbers begin again
 * when they are used up; 0 is never given out. Context: clients->lock held. Return: 0, or an errno
 * of rhashtable_lookup_insert_fast().
 */
int dnfs4_client_number(struct dnfs4_clients *clients, struct dnfs4_client *client)
{
	u32 number;
	int err;

	do {
		WRITE_ONCE(clients->last_id, clients->last_id + 1);
		number = lower_32_bits(clients->last_id);
		client->id = (u64)clients->epoch << 32 | client_id_hide(clients, number);
		err = number ? rhashtable_lookup_insert_fast(&clients->by_id, &client->hash,
							     dnfs4_client_params) : -EEXIST;
	} while (err == -EEXIST);
	return err;
}

/* On success the client must be ended by a release. */
static bool dnfs4_client_publish(struct dnfs4_clients *clients, struct dnfs4_client *client,
				 const struct dnfs_call *call)
{
	char name[DITTO_CLIENT_NAME_MAX], text[DITTO_ADDR_TEXT];
	char owner[DITTO_CLIENT_NAME_MAX - DITTO_ADDR_TEXT - 4];
	struct in6_addr addr = {};
	int len;

	lockdep_assert_held(&clients->lock);
	len = string_escape_mem(client->owner_string, client->owner_len, owner, sizeof(owner) - 1,
				ESCAPE_HEX | ESCAPE_NAP, NULL);
	owner[min_t(size_t, len, sizeof(owner) - 1)] = '\0';
	ditto_addr_map(call->addr, &addr);
	scnprintf(name, sizeof(name), "%s (%s)", owner, ditto_addr_text(&addr, text));
	atomic_inc(&clients->alive);
	/* The lease alone decides how long a client without connections lives. */
	ditto_client_init(&client->client, call->srv->locks, &dnfs4_client_ops,
			  client->minor ? "nfs4.1" : "nfs4.0", name, DITTO_CLIENT_TTL_NEVER);
	refcount_set(&client->ref, 1);
	ditto_client_charge(&client->client, &client->who);
	ditto_client_identify(&client->client, "", &addr);
	client->lease_owner = ditto_owner_get(&client->client, dnfs4_cache_key,
					      sizeof(dnfs4_cache_key));
	if (IS_ERR(client->lease_owner)) {
		client->lease_owner = NULL;
		return false;
	}
	if (dnfs4_client_number(clients, client))
		return false;
	list_add_tail(&client->owner_link,
		      dnfs4_owner_bucket(clients, client->owner_string, client->owner_len));
	list_add_tail(&client->lru, &clients->all);
	WRITE_ONCE(clients->count, clients->count + 1);
	client->hashed = true;
	return true;
}

/*
 * Create an unconfirmed client and add it to the tables. @cmp: the COMPOUND; the caller becomes the
 * client's principal. Context: clients->lock held. Return: the client, borrowed from the tables;
 * NULL without memory or budget, with too many clients, or while the server is going away.
 */
struct dnfs4_client *dnfs4_client_make(struct dnfs4_compound *cmp,
				       const struct dnfs4_client_id *id)
{
	struct dnfs4_clients *clients = cmp->server->clients;
	struct dnfs4_client *client;

	lockdep_assert_held(&clients->lock);
	if (clients->count >= DNFS4_CLIENTS_MAX || READ_ONCE(clients->ending)) {
		pr_warn_ratelimited("%pISpc: too many clients of version 4\n", cmp->call->addr);
		dnfs4_clients_shrink(clients);
		return NULL;
	}
	client = dnfs4_client_alloc(cmp, id);
	if (!client)
		return NULL;
	if (dnfs4_client_publish(clients, client, cmp->call))
		return client;
	/* It is in no table and holds nothing, so it needs no release. */
	WRITE_ONCE(client->client.dead, true);
	dnfs4_callback_stop(client);
	dnfs4_client_put(client);
	return NULL;
}

int dnfs4_clients_init(struct dnfs4_server *server)
{
	struct dnfs4_clients *clients = kvzalloc(sizeof(*clients), GFP_KERNEL);
	int err;

	if (!clients)
		return -ENOMEM;
	clients->server = server;
	/* Special stateids begin with all zeros or all ones. */
	clients->epoch = get_random_u32_inclusive(1, U32_MAX - 1);
	get_random_bytes(&clients->owner_key, sizeof(clients->owner_key));
	get_random_bytes(&clients->id_key, sizeof(clients->id_key));
	get_random_bytes(&clients->alias_key, sizeof(clients->alias_key));
	mutex_init(&clients->lock);
	mutex_init(&clients->courtesy_lock);
	for (int i = 0; i < DNFS4_OWNER_BUCKETS; i++)
		INIT_LIST_HEAD(&clients->by_owner[i]);
	INIT_LIST_HEAD(&clients->all);
	init_waitqueue_head(&clients->idle);
	err = rhashtable_init(&clients->by_id, &dnfs4_client_params);
	if (err)
		goto free;
	clients->wq = alloc_workqueue("ditto_nfs4", WQ_UNBOUND, 0);
	err = clients->wq ? 0 : -ENOMEM;
	if (err)
		goto destroy_table;
	server->clients = clients;
	err = dnfs4_lease_init(clients);
	if (err)
		goto destroy_wq;
	dnfs4_reclaim_init(clients);
	return 0;

destroy_wq:
	server->clients = NULL;
	destroy_workqueue(clients->wq);
destroy_table:
	rhashtable_destroy(&clients->by_id);
free:
	kvfree(clients);
	return err;
}

void dnfs4_clients_exit(struct dnfs4_server *server)
{
	struct dnfs4_clients *clients = server->clients;
	struct dnfs4_client *client;

	if (!clients)
		return;
	WRITE_ONCE(clients->ending, true);
	dnfs4_reclaim_exit(clients);
	dnfs4_lease_exit(clients);
	for (;;) {
		mutex_lock(&clients->lock);
		client = list_first_entry_or_null(&clients->all, struct dnfs4_client, lru);
		if (client)
			dnfs4_client_hold(client);
		mutex_unlock(&clients->lock);
		if (!client)
			break;
		dnfs4_client_end(client, "the server ends");
		/* A concurrent release may not have removed it from the tables yet. */
		mutex_lock(&clients->lock);
		dnfs4_client_unhash(client);
		mutex_unlock(&clients->lock);
		dnfs4_client_put(client);
	}
	wait_event(clients->idle, !atomic_read(&clients->alive));
	destroy_workqueue(clients->wq);
	rhashtable_destroy(&clients->by_id);
	server->clients = NULL;
	kvfree(clients);
}
