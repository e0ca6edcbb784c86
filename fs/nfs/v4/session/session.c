// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: tables and lifetime, see session.h.
 *
 * Locking: sessions->lock (mutex) guards insertion into and removal from the tables. It is
 * taken outside client->sessions_lock and session->lock.
 */
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>

#include "../engine/compound.h"
#include "../engine/server.h"
#include "client.h"
#include "session_private.h"

/* The server has made the id from random bytes: each is as good as a hash. */
static u32 session_hash(const void *data, u32 len, u32 seed)
{
	return get_unaligned((const u32 *)data) ^ seed;
}

/* Inlined, instead of the table's default call of memcmp(). */
static int session_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dnfs4_session *session = obj;

	static_assert(DNFS4_SESSIONID_SIZE == 2 * sizeof(u64));
	return get_unaligned((const u64 *)arg->key) != get_unaligned((const u64 *)session->id) ||
	       get_unaligned((const u64 *)arg->key + 1) !=
	       get_unaligned((const u64 *)session->id + 1);
}

static const struct rhashtable_params dnfs4_session_params = {
	.key_len = DNFS4_SESSIONID_SIZE,
	.key_offset = offsetof(struct dnfs4_session, id),
	.head_offset = offsetof(struct dnfs4_session, hash),
	.hashfn = session_hash,
	.obj_cmpfn = session_cmp,
	.automatic_shrinking = true,
};

/* Take a reference on a session. Context: any. */
void dnfs4_session_hold(struct dnfs4_session *session)
{
	refcount_inc(&session->ref);
}

/* Drop a reference on a session. @session: NULL is allowed. Context: any. */
void dnfs4_session_put(struct dnfs4_session *session)
{
	if (!session || !refcount_dec_and_test(&session->ref))
		return;
	dnfs4_slots_free(session);
	ditto_uncharge(&session->memory);
	ditto_uncharge(&session->charge);
	dnfs4_client_put(session->client);
	kfree_rcu(session, rcu);
}

/* Find a session by id. Context: any. Return: the session with a reference, or NULL. */
struct dnfs4_session *dnfs4_session_find(struct dnfs4_server *server,
					 const u8 id[DNFS4_SESSIONID_SIZE])
{
	struct dnfs4_session *session;

	rcu_read_lock();
	session = rhashtable_lookup(&server->sessions->by_id, id, dnfs4_session_params);
	if (session && !refcount_inc_not_zero(&session->ref))
		session = NULL;
	rcu_read_unlock();
	return session;
}

/*
 * Allocate a session. @client: the client; the session takes a reference. The session is in no
 * table yet. Return: the session with one reference; NULL without memory or budget.
 */
struct dnfs4_session *dnfs4_session_alloc(struct dnfs4_client *client)
{
	struct dnfs4_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	if (ditto_charge(&session->charge, &client->who, DITTO_BUDGET_SESSIONS, 1) ||
	    ditto_charge(&session->memory, &client->who, DITTO_BUDGET_MEMORY,
			 DNFS4_SESSION_BYTES)) {
		ditto_uncharge(&session->charge);
		kfree(session);
		return NULL;
	}
	refcount_set(&session->ref, 1);
	dnfs4_client_hold(client);
	session->client = client;
	session->since = ktime_get_real_seconds();
	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->conns);
	INIT_LIST_HEAD(&session->client_link);
	xa_init(&session->slots);
	return session;
}

static bool session_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct dnfs4_session, by_number)->number <
	       rb_entry(b, struct dnfs4_session, by_number)->number;
}

/*
 * Give a session its id and add it to the tables. Return: 0; -ENOMEM; -ESHUTDOWN if the client is
 * gone.
 */
int dnfs4_session_publish(struct dnfs4_session *session)
{
	struct dnfs4_client *client = session->client;
	struct dnfs4_sessions *sessions = client->server->sessions;
	int err;

	mutex_lock(&sessions->lock);
	/* dnfs4_sessions_destroy() runs after the flag is set, and ends earlier sessions. */
	err = -ESHUTDOWN;
	if (test_bit(DNFS4_CLIENT_GONE, &client->flags) || READ_ONCE(client->client.dead))
		goto unlock;
	/*
	 * The number is never 0, and never equals one of another protocol, which count from 1. It
	 * is below 2^53, so that programs can read it as a floating point number.
	 */
	session->number = (u64)(dnfs4_server_epoch(client->server) % BIT(20) | 1) << 32 |
			  (sessions->last + 1);
	/* Knowing the id is enough to use the session, so it must not be guessable. */
	get_random_bytes(session->id, sizeof(session->id));
	err = -ENOMEM;
	if (rhashtable_insert_fast(&sessions->by_id, &session->hash, dnfs4_session_params))
		goto unlock;
	sessions->last++;
	dnfs4_session_hold(session);
	rb_add_cached(&session->by_number, &sessions->all, session_less);
	mutex_lock(&client->sessions_lock);
	list_add_tail(&session->client_link, &client->sessions);
	WRITE_ONCE(client->nsessions, client->nsessions + 1);
	mutex_unlock(&client->sessions_lock);
	err = 0;
unlock:
	mutex_unlock(&sessions->lock);
	return err;
}

/*
 * End a session. Removes it from the tables and unbinds its connections. Return: false if the
 * session had ended already.
 */
bool dnfs4_session_end(struct dnfs4_session *session)
{
	struct dnfs4_client *client = session->client;
	struct dnfs4_sessions *sessions = client->server->sessions;
	bool first;

	mutex_lock(&sessions->lock);
	spin_lock(&session->lock);
	first = !session->dead;
	WRITE_ONCE(session->dead, true);
	spin_unlock(&session->lock);
	if (first) {
		rhashtable_remove_fast(&sessions->by_id, &session->hash, dnfs4_session_params);
		rb_erase_cached(&session->by_number, &sessions->all);
		mutex_lock(&client->sessions_lock);
		list_del(&session->client_link);
		WRITE_ONCE(client->nsessions, client->nsessions - 1);
		mutex_unlock(&client->sessions_lock);
	}
	mutex_unlock(&sessions->lock);
	if (!first)
		return false;
	dnfs4_conns_drop(session);
	dnfs4_session_put(session);
	return true;
}

/* End all sessions of a client. The transports stay open. */
void dnfs4_sessions_destroy(struct dnfs4_client *client)
{
	struct dnfs4_session *session;

	for (;;) {
		mutex_lock(&client->sessions_lock);
		session = list_first_entry_or_null(&client->sessions, struct dnfs4_session,
						   client_link);
		if (session)
			dnfs4_session_hold(session);
		mutex_unlock(&client->sessions_lock);
		if (!session)
			break;
		dnfs4_session_end(session);
		dnfs4_session_put(session);
	}
}

/* The session with the lowest number from @number on, or NULL. */
static struct dnfs4_session *sessions_seek(struct dnfs4_sessions *sessions, u64 number)
{
	struct rb_node *rb = sessions->all.rb_root.rb_node;
	struct dnfs4_session *session, *found = NULL;

	lockdep_assert_held(&sessions->lock);
	while (rb) {
		session = rb_entry(rb, struct dnfs4_session, by_number);
		if (session->number >= number) {
			found = session;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return found;
}

/*
 * List sessions in the order of their numbers. @list: filled with sessions, each with a reference.
 * The cost does not depend on the number of sessions before them, so a walk of all sessions may
 * take them in small steps, and go on behind the last one after it has ended. Return: the number of
 * sessions in @list.
 */
unsigned int dnfs4_sessions_from(struct dnfs4_server *server, u64 number,
				 struct dnfs4_session **list, unsigned int most)
{
	struct dnfs4_sessions *sessions = server->sessions;
	struct dnfs4_session *session;
	unsigned int count = 0;

	mutex_lock(&sessions->lock);
	session = sessions_seek(sessions, number);
	while (session && count < most) {
		dnfs4_session_hold(session);
		list[count++] = session;
		session = rb_entry_safe(rb_next(&session->by_number), struct dnfs4_session,
					by_number);
	}
	mutex_unlock(&sessions->lock);
	return count;
}

int dnfs4_sessions_init(struct dnfs4_server *server)
{
	struct dnfs4_sessions *sessions = kzalloc(sizeof(*sessions), GFP_KERNEL);
	int err;

	if (!sessions)
		return -ENOMEM;
	mutex_init(&sessions->lock);
	sessions->all = RB_ROOT_CACHED;
	err = rhashtable_init(&sessions->by_id, &dnfs4_session_params);
	if (err) {
		kfree(sessions);
		return err;
	}
	server->sessions = sessions;
	return 0;
}

/* All clients are freed, and with them all sessions. */
void dnfs4_sessions_exit(struct dnfs4_server *server)
{
	struct dnfs4_sessions *sessions = server->sessions;

	if (!sessions)
		return;
	/* Wait for dnfs4_slot_free_rcu(), which is code of this module. */
	rcu_barrier();
	rhashtable_destroy(&sessions->by_id);
	server->sessions = NULL;
	kfree(sessions);
}
