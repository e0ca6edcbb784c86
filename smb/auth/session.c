// SPDX-License-Identifier: GPL-2.0-only
/*
 * How sessions and channels are made, found and closed, and LOGOFF. See session.h.
 *
 * Locking: session->lock guards the channels and the state. conn->lock and the locks of the
 * tables are not held around it. A channel is linked in its connection's table and on its
 * session's list together; the thread that takes it off the list under session->lock also takes
 * it out of the table.
 *
 * Lifetime: a linked channel holds its connection and its session, so finding it under RCU
 * finds them. The memory of a session stays until the lock table has released its client too.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>

#include "../../net/event.h"
#include "../../net/live.h"
#include "../../net/server.h"
#include "../open/break_delivery.h"
#include "../open/lease.h"
#include "../open/open.h"
#include "../server.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/transport.h"
#include "../transport/trust.h"
#include "session.h"
#include "session_setup.h"
#include "tree.h"

/* StructureSize of LOGOFF and of its response. */
#define LOGOFF_SIZE	4
/* Tries to find an unused SessionId. */
#define ID_TRIES	16
/* If a step is running when the time limit is over, it is checked again after this many seconds. */
#define BUSY_AGAIN_S	1
#define CLOSE_WAIT_MS	1000

static void session_free_rcu(struct rcu_head *rcu)
{
	struct dsmb_session *session = container_of(rcu, struct dsmb_session, rcu);
	struct dsmb_server *server = session->server;

	kfree(session);
	ditto_live_put(&server->objects);
}

static void session_free(struct dsmb_session *session)
{
	xa_destroy(&session->trees);
	xa_destroy(&session->opens);
	ditto_uncharge(&session->opens_charge);
	ditto_uncharge(&session->trees_charge);
	ditto_uncharge(&session->charge);
	ditto_principal_exit(&session->who);
	memzero_explicit(session->signing_key, sizeof(session->signing_key));
	memzero_explicit(session->session_key, sizeof(session->session_key));
	call_rcu(&session->rcu, session_free_rcu);
}

static void client_free(struct ditto_client *client)
{
	session_free(container_of(client, struct dsmb_session, client));
}

static const struct ditto_client_ops client_ops = {
	.free = client_free,
};

/* Drop a reference to a channel. @channel: the channel; may be NULL. */
void dsmb_channel_put(struct dsmb_channel *channel)
{
	if (!channel || !refcount_dec_and_test(&channel->ref))
		return;
	ditto_uncharge(&channel->login);
	dsmb_signer_put(channel->signer);
	kfree_rcu(channel, rcu);
}

/* Drop a reference to a session. */
void dsmb_session_put(struct dsmb_session *session)
{
	struct dsmb_identity *identity;

	if (!refcount_dec_and_test(&session->ref))
		return;
	dsmb_signer_put(session->signer);
	dsmb_sealer_free(session->seal);
	dsmb_sealer_free(session->unseal);
	if (session->user)
		ditto_auth_user_put(session->user);
	while ((identity = session->identities)) {
		session->identities = identity->next;
		ditto_auth_user_put(identity->user);
		kfree(identity);
	}
	dsmb_lease_client_put(session);
	/* Only an authenticated session is known to the lock table. */
	if (session->client.table)
		ditto_client_put(&session->client);
	else
		session_free(session);
}

/*
 * Chooses a SessionId and adds the session to the table. 32 bits are enough, and some clients
 * keep no more.
 */
static int session_publish(struct dsmb_session *session)
{
	int err = -EBUSY, i;

	for (i = 0; i < ID_TRIES && err == -EBUSY; i++) {
		session->id = get_random_u32();
		/* 0 and 0xffffffff have a special meaning on the wire. */
		if (!session->id || session->id == U32_MAX)
			continue;
		err = xa_insert(&session->server->sessions, session->id, session, GFP_KERNEL);
	}
	return err;
}

/*
 * Make a session that is on no connection yet. Return: the session with the caller's reference;
 * NULL without memory or if the budget is used up.
 */
struct dsmb_session *dsmb_session_new(struct dsmb_conn *conn)
{
	struct dsmb_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	session->server = conn->server;
	ditto_live_get(&session->server->objects);
	refcount_set(&session->ref, 2);		/* for the table and the caller */
	refcount_set(&session->closing, 1);
	mutex_init(&session->lock);
	session->state = DSMB_SESSION_SETUP_GOING_ON;
	session->dialect = conn->dialect;
	session->client_guid = conn->client_guid;
	INIT_LIST_HEAD(&session->channels);
	xa_init_flags(&session->trees, XA_FLAGS_ALLOC1);
	xa_init_flags(&session->opens, XA_FLAGS_ALLOC1);
	spin_lock_init(&session->opens_lock);
	session->trust = conn->who.trust;
	session->since = ktime_get_real_seconds();
	session->expires = TIME64_MAX;
	if (ditto_charge(&session->charge, &conn->who, DITTO_BUDGET_SESSIONS, 1) ||
	    session_publish(session)) {
		session_free(session);
		return NULL;
	}
	return session;
}

static __always_inline struct dsmb_channel *channel_find(struct dsmb_conn *conn, u64 id,
							 struct dsmb_session **session)
{
	struct dsmb_channel *channel;

	rcu_read_lock();
	channel = rcu_dereference(conn->first);
	/* An id is random, so that the tree of few sessions is deep, too. */
	if (unlikely(!channel || channel->session->id != id))
		channel = xa_load(&conn->sessions, id);
	if (!channel || !refcount_inc_not_zero(&channel->session->ref)) {
		rcu_read_unlock();
		return NULL;
	}
	*session = channel->session;
	if (!refcount_inc_not_zero(&channel->ref))
		channel = NULL;
	rcu_read_unlock();
	if (!channel)
		dsmb_session_put(*session);
	return channel;
}

/*
 * Find the channel of a session on a connection. @session: filled on success with the session,
 * held. The channel need not be authenticated. Return: the channel, held, or NULL.
 */
struct dsmb_channel *dsmb_channel_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_session **session)
{
	return channel_find(conn, id, session);
}

static bool session_is_overdue(const struct dsmb_session *session)
{
	return READ_ONCE(session->expires) <= ktime_get_real_seconds() &&
	       READ_ONCE(session->state) == DSMB_SESSION_VALID;
}

/* Makes a session EXPIRED if its ticket has ended. May sleep; takes session->lock. */
void dsmb_session_expire(struct dsmb_session *session)
{
	if (likely(!session_is_overdue(session)))
		return;
	mutex_lock(&session->lock);
	/* A reauthentication that has come first has changed both under the lock. */
	if (session_is_overdue(session))
		WRITE_ONCE(session->state, DSMB_SESSION_EXPIRED);
	mutex_unlock(&session->lock);
}

/*
 * Find an authenticated session on a connection. @channel: filled with its channel, held; may be
 * NULL. Sessions that are VALID or EXPIRED are found. A session whose ticket has ended becomes
 * EXPIRED here. Context: takes session->lock. Return: the session, held, or NULL.
 */
struct dsmb_session *dsmb_session_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_channel **out)
{
	struct dsmb_session *session;
	struct dsmb_channel *channel;

	channel = channel_find(conn, id, &session);
	if (!channel)
		return NULL;
	/* Pairs with dsmb_session_finish(): the channel's key is visible. */
	if (!smp_load_acquire(&channel->ready) ||
	    READ_ONCE(session->state) == DSMB_SESSION_CLOSED) {
		dsmb_channel_put(channel);
		dsmb_session_put(session);
		return NULL;
	}
	dsmb_session_expire(session);
	if (out)
		*out = channel;
	else
		dsmb_channel_put(channel);
	return session;
}

/*
 * Find a session by its id, authenticated or not, on any connection. Return: the session, held, or
 * NULL.
 */
struct dsmb_session *dsmb_session_find_any(struct dsmb_server *server, u64 id, bool ending)
{
	struct dsmb_session *session;

	rcu_read_lock();
	session = xa_load(&server->sessions, id);
	if (session && !ending && READ_ONCE(session->state) == DSMB_SESSION_CLOSED)
		session = NULL;
	if (session && !refcount_inc_not_zero(&session->ref))
		session = NULL;
	rcu_read_unlock();
	return session;
}

/*
 * Get how a session is logged in now. Context: any. Return: DITTO_LOGIN_* bit, or 0 if the helper
 * does not say.
 */
u32 dsmb_session_login(const struct dsmb_session *session)
{
	const struct ditto_auth_user *user = dsmb_session_acting_user(session);

	/* The anonymous user of a session is known by its flag alone. */
	return user->anonymous ? user->login : READ_ONCE(session->login);
}

/*
 * Do two identities belong to the same account? Context: any. Return: true if uid, SID, and the
 * guest and anonymous flags are equal.
 */
bool dsmb_user_is_same(const struct ditto_auth_user *a, const struct ditto_auth_user *b)
{
	return uid_eq(a->uid, b->uid) && a->guest == b->guest && a->anonymous == b->anonymous &&
	       a->sid_len == b->sid_len && !memcmp(a->sid, b->sid, a->sid_len);
}

/*
 * Make an authenticated session VALID. @name: name of the client in the lock table. The session is
 * registered with the lock table. Context: takes session->lock. Return: false if the session was
 * closed, or its client has sessions with another dialect.
 */
bool dsmb_session_validate(struct dsmb_session *session, const char *name,
			   const struct in6_addr *addr)
{
	bool alive;

	mutex_lock(&session->lock);
	alive = session->state != DSMB_SESSION_CLOSED && dsmb_client_enter(session);
	if (alive) {
		ditto_client_init(&session->client, session->server->srv->locks, &client_ops,
				  "smb", name, 0);
		ditto_client_charge(&session->client, &session->who);
		ditto_client_identify(&session->client, session->user->name, addr);
		/* Pairs with the acquires that check for VALID: all members are visible. */
		smp_store_release(&session->state, DSMB_SESSION_VALID);
	}
	mutex_unlock(&session->lock);
	return alive;
}

/* Limit of sessions of a connection, including those being set up. */
static int conn_sessions_max(const struct dsmb_conn *conn)
{
	int max = READ_ONCE(conn->server->settings.sessions_per_connection);

	return READ_ONCE(conn->trust) > DITTO_TRUST_UNPROVEN ? max :
							       min(max, DSMB_SESSIONS_UNPROVEN);
}

static void channel_expire_drop(struct dsmb_channel *channel)
{
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;

	dsmb_channel_put(channel);
	dsmb_session_put(session);
	dsmb_conn_put(conn);
}

/* Start the time limit of an authentication, DSMB_AUTH_S. Context: process; does not sleep. */
void dsmb_auth_arm(struct dsmb_channel *channel)
{
	dsmb_channel_hold(channel);
	dsmb_session_hold(channel->session);
	dsmb_conn_hold(channel->conn);
	if (!queue_delayed_work(channel->conn->server->slow, &channel->expire, DSMB_AUTH_S * HZ))
		channel_expire_drop(channel);
}

/*
 * Stop the time limit of an authentication. Context: process; does not sleep, and does not wait for
 * the timer.
 */
void dsmb_auth_disarm(struct dsmb_channel *channel)
{
	if (cancel_delayed_work(&channel->expire))
		channel_expire_drop(channel);
}

static void channel_expired(struct work_struct *work)
{
	struct dsmb_channel *channel = container_of(to_delayed_work(work), struct dsmb_channel,
						    expire);
	struct dsmb_session *session = channel->session;
	struct dsmb_server *server = session->server;
	bool busy, going;
	u64 auth = 0;

	mutex_lock(&session->lock);
	busy = channel->busy;
	going = channel->going && !channel->dead;
	if (!busy && going) {
		channel->going = false;
		ditto_uncharge(&channel->login);
		swap(auth, channel->auth);
	}
	mutex_unlock(&session->lock);

	if (busy && queue_delayed_work(server->slow, &channel->expire, BUSY_AGAIN_S * HZ))
		return;
	if (auth)
		ditto_auth_abort(server->srv, auth);
	/* A session that was being reauthenticated stays until its own end. */
	if (!busy && going && !channel->ready)
		dsmb_channel_close(channel, "the authentication took too long");
	channel_expire_drop(channel);
}

/*
 * Takes a channel off its session and its connection. The caller drops the references it held,
 * by channel_drop().
 */
static void channel_unlink(struct dsmb_channel *channel)
{
	struct dsmb_session *session = channel->session;

	lockdep_assert_held(&session->lock);
	xa_cmpxchg(&channel->conn->sessions, session->id, channel, NULL, GFP_KERNEL);
	unrcu_pointer(cmpxchg(&channel->conn->first, RCU_INITIALIZER(channel), NULL));
	atomic_dec(&channel->conn->nsessions);
	channel->dead = true;
	list_del_init(&channel->list);
	session->nchannels--;
}

/* Drops what an unlinked channel held. */
static void channel_drop(struct dsmb_channel *channel)
{
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;

	/* A running step notices that the channel is dead, and aborts the authentication itself. */
	if (channel->auth)
		ditto_auth_abort(session->server->srv, channel->auth);
	dsmb_auth_disarm(channel);
	dsmb_break_delivery_disarm(channel);
	if (channel->ready)
		dsmb_conn_settle(conn);
	dsmb_channel_put(channel);
	dsmb_session_put(session);
	dsmb_conn_put(conn);
}

static struct dsmb_channel *channel_alloc(struct dsmb_conn *conn, struct dsmb_session *session,
					  bool binding)
{
	struct dsmb_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (!channel)
		return NULL;
	refcount_set(&channel->ref, 2);		/* for the link and the caller */
	channel->conn = conn;
	channel->session = session;
	channel->binding = binding;
	INIT_LIST_HEAD(&channel->breaks);
	INIT_LIST_HEAD(&channel->list);
	INIT_DELAYED_WORK(&channel->expire, channel_expired);
	INIT_DELAYED_WORK(&channel->break_delivery, dsmb_break_delivery_work);
	return channel;
}

static int channel_link(struct dsmb_channel *channel)
{
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;
	int err;

	lockdep_assert_held(&session->lock);
	if (session->state == DSMB_SESSION_CLOSED)
		return -ESHUTDOWN;
	if (session->nchannels >= DSMB_CHANNELS_MAX)
		return -EMFILE;
	err = xa_insert(&conn->sessions, session->id, channel, GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -EEXIST : err;
	unrcu_pointer(cmpxchg(&conn->first, NULL, RCU_INITIALIZER(channel)));
	atomic_inc(&conn->nsessions);
	dsmb_conn_hold(conn);
	dsmb_session_hold(session);
	list_add_tail(&channel->list, &session->channels);
	session->nchannels++;
	return 0;
}

/*
 * Add a session to a connection. @channel: filled on success, held. Context: takes session->lock.
 * Return: 0; -EMFILE if the connection has too many sessions or the session too many channels;
 * -EEXIST if it is on this connection; -ESHUTDOWN if either has ended; -ENOMEM.
 */
int dsmb_channel_new(struct dsmb_conn *conn, struct dsmb_session *session, bool binding,
		     struct dsmb_channel **out)
{
	struct dsmb_channel *channel = channel_alloc(conn, session, binding);
	bool dead;
	int err;

	if (!channel)
		return -ENOMEM;
	mutex_lock(&session->lock);
	err = channel_link(channel);
	mutex_unlock(&session->lock);
	if (err) {
		kfree(channel);
		return err;
	}

	/* Checked after counting, so that concurrent calls cannot exceed the limit together. */
	if (atomic_read(&conn->nsessions) > conn_sessions_max(conn))
		err = -EMFILE;
	/*
	 * dsmb_conn_drop() marks the connection first, and its sessions are taken off
	 * afterwards.
	 */
	spin_lock(&conn->lock);
	dead = conn->state == DSMB_CONN_DEAD;
	spin_unlock(&conn->lock);
	if (dead)
		err = -ESHUTDOWN;
	if (err) {
		dsmb_channel_close(channel, "no connection for it");
		dsmb_channel_put(channel);
		return err;
	}
	*out = channel;
	return 0;
}

/*
 * Take a session off a connection. @channel: held; may be closed already. The session is closed if
 * this was its last channel. Context: no lock held.
 */
void dsmb_channel_close(struct dsmb_channel *channel, const char *why)
{
	struct dsmb_session *session = channel->session;
	bool unlinked, last;

	mutex_lock(&session->lock);
	unlinked = !channel->dead;
	if (unlinked)
		channel_unlink(channel);
	last = unlinked && !session->nchannels;
	if (unlinked)
		dsmb_session_hold(session);
	mutex_unlock(&session->lock);

	if (!unlinked)
		return;
	channel_drop(channel);
	if (last)
		dsmb_session_close(session, why);
	else
		dsmb_breaks_resend(session);
	dsmb_session_put(session);
}

static void channels_close(struct dsmb_session *session)
{
	struct dsmb_channel *channel;

	for (;;) {
		mutex_lock(&session->lock);
		channel = list_first_entry_or_null(&session->channels, struct dsmb_channel, list);
		if (channel)
			channel_unlink(channel);
		mutex_unlock(&session->lock);
		if (!channel)
			break;
		channel_drop(channel);
	}
}

/* An open that dsmb_session_close() left to a closer has ended. The session may be freed. */
void dsmb_session_closed(struct dsmb_session *session)
{
	if (!refcount_dec_and_test(&session->closing))
		return;
	/* A closed session is not registered with the lock table any more. */
	if (session->client.table) {
		ditto_client_release(&session->client, session->why);
		ditto_event(session->server->srv, DITTO_EVENT_SESSION_CLOSED,
			    session->client.name);
	}
	/* Until now a client that begins anew finds it, and waits for it. */
	xa_erase(&session->server->sessions, session->id);
	/* Pairs with dsmb_session_wait_closed(): for whoever has waited, the claims are gone. */
	smp_store_release(&session->closed, true);
	/* The waiter enters the queue and then reads the flag. */
	smp_mb();
	wake_up_var(&session->closed);
	/* The reference of the server's table. */
	dsmb_session_put(session);
}

/*
 * Wait a second at most until all opens of a closed session have ended: who closes one expects that
 * its files are free, and gone if they were to be deleted.
 */
void dsmb_session_wait_closed(struct dsmb_session *session)
{
	/* Pairs with dsmb_session_closed(). */
	wait_var_event_timeout(&session->closed, smp_load_acquire(&session->closed),
			       msecs_to_jiffies(CLOSE_WAIT_MS));
}

/*
 * Close a session. See the top of this file. Later calls do nothing. Context: but waits for no
 * close that may take long; no lock held.
 */
void dsmb_session_close(struct dsmb_session *session, const char *why)
{
	bool first;

	mutex_lock(&session->lock);
	first = session->state != DSMB_SESSION_CLOSED;
	WRITE_ONCE(session->state, DSMB_SESSION_CLOSED);
	mutex_unlock(&session->lock);
	if (!first)
		return;

	session->why = why;
	dsmb_client_leave(session);
	channels_close(session);
	dsmb_trees_close(session);
	dsmb_calls_cancel_session(session, NULL, STATUS_USER_SESSION_DELETED);
	dsmb_lease_client_leave(session, why);
	dsmb_session_closed(session);
}

/*
 * Has the client ended all connections of a session? This is known from the sockets, even if the
 * ends were not processed yet. Context: takes session->lock. Return: true if it has.
 */
bool dsmb_session_is_lost(struct dsmb_session *session)
{
	const struct dsmb_channel *channel;
	bool lost = true;

	mutex_lock(&session->lock);
	list_for_each_entry(channel, &session->channels, list)
		lost &= dsmb_transport_is_over(channel->conn->transport);
	mutex_unlock(&session->lock);
	return lost;
}

/*
 * Take all sessions off a connection that ends. A session without another connection is closed.
 * Context: no lock held.
 */
void dsmb_sessions_disconnected(struct dsmb_conn *conn)
{
	struct dsmb_session *session;
	struct dsmb_channel *channel;
	unsigned long id = 0;

	for (;;) {
		if (!xa_find(&conn->sessions, &id, ULONG_MAX, XA_PRESENT))
			break;
		channel = dsmb_channel_find(conn, id, &session);
		if (channel) {
			dsmb_channel_close(channel, "connection lost");
			dsmb_channel_put(channel);
			dsmb_session_put(session);
		}
		id++;
	}
}

/* LOGOFF: MS-SMB2 sections 2.2.7, 2.2.8 and 3.3.5.6. */

static u32 logoff_exec(struct dsmb_call *call, void *args, void *res)
{
	dsmb_session_close(call->session, "the client logged off");
	dsmb_session_wait_closed(call->session);
	return STATUS_SUCCESS;
}

static void logoff_encode(struct dsmb_call *call, u32 status, const void *res)
{
	dsmb_encode_u16(&call->out, LOGOFF_SIZE);
	dsmb_encode_u16(&call->out, 0);
}

const struct dsmb_command dsmb_command_logoff = {
	.name = "logoff",
	.structure_size = LOGOFF_SIZE,
	.flags = DSMB_ON_SESSION | DSMB_SLOW | DSMB_FREES,
	.exec = logoff_exec,
	.encode = logoff_encode,
};
