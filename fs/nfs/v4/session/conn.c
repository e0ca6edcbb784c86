// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of sessions, a many-to-many relation (RFC 8881 section 2.10.3).
 *
 * A connection is unlinked from its session either by sunrpc's notification that the transport
 * is closed, or by the end of the session. The path that unlinks it also frees it.
 *
 * Locking: session->lock is taken inside xprt->xpt_lock, which sunrpc holds during the
 * notification, and client->back_lock inside both. client->sessions_lock is taken outside
 * session->lock. The end of a session waits for a running notification by taking xpt_lock.
 */
#include <linux/rculist.h>
#include <linux/slab.h>

#include "../../../share/share.h"
#include "../deleg/callback.h"
#include "client.h"
#include "session_private.h"

/*
 * Count a connection as usable for callbacks. Count and callback status change under the lock:
 * otherwise the loss of the last connection could set the status after a new connection has
 * cleared it.
 */
static void dnfs4_conn_back_add(struct dnfs4_conn *conn)
{
	struct dnfs4_client *client = conn->session->client;

	spin_lock(&client->back_lock);
	conn->back = ++client->last_back;
	atomic_inc(&client->back_conns);
	clear_bit(DNFS4_CLIENT_CB_DOWN, &client->flags);
	spin_unlock(&client->back_lock);
}

static void dnfs4_conn_back_remove(struct dnfs4_client *client)
{
	spin_lock(&client->back_lock);
	if (atomic_dec_and_test(&client->back_conns))
		set_bit(DNFS4_CLIENT_CB_DOWN, &client->flags);
	spin_unlock(&client->back_lock);
}

static void dnfs4_conn_unlink_locked(struct dnfs4_conn *conn)
{
	struct dnfs4_session *session = conn->session;
	const struct dnfs4_conn *other;
	bool lost = true;

	lockdep_assert_held(&session->lock);
	conn->linked = false;
	list_del_rcu(&conn->link);
	session->nconns--;
	if (!(conn->dirs & DNFS4_CONN_BACK))
		return;
	list_for_each_entry(other, &session->conns, link)
		if (other->dirs & DNFS4_CONN_BACK)
			lost = false;
	session->back_lost = lost;
}

/* Return: the client with a reference if this call unlinked the connection; else NULL. */
static struct dnfs4_client *dnfs4_conn_unlink(struct dnfs4_conn *conn)
{
	struct dnfs4_session *session = conn->session;
	struct dnfs4_client *client = NULL;

	spin_lock(&session->lock);
	/* After the unlink the session may be freed. */
	if (conn->linked) {
		client = session->client;
		dnfs4_client_hold(client);
		dnfs4_conn_unlink_locked(conn);
	}
	spin_unlock(&session->lock);
	return client;
}

/* Free an unlinked connection. Any context. */
static void dnfs4_conn_free(struct dnfs4_conn *conn, struct dnfs4_client *client)
{
	ditto_client_disconnected(&client->client);
	if (conn->dirs & DNFS4_CONN_BACK) {
		dnfs4_conn_back_remove(client);
		dnfs4_callback_changed(client);
	}
	svc_xprt_put(conn->xprt);
	kfree_rcu(conn, rcu);
}

/* The transport is closed. Called with xpt_lock; the session exists until the unlink. */
static void dnfs4_conn_lost(struct svc_xpt_user *user)
{
	struct dnfs4_conn *conn = container_of(user, struct dnfs4_conn, user);
	struct dnfs4_client *client = dnfs4_conn_unlink(conn);

	if (!client)
		return;
	dnfs4_conn_free(conn, client);
	dnfs4_client_put(client);
}

/* Return: 0; or an errno, in which case the caller still owns the unlinked connection. */
static int dnfs4_conn_join(struct dnfs4_conn *conn, struct svc_xprt *xprt)
{
	struct dnfs4_session *session = conn->session;
	struct dnfs4_client *client = NULL;
	int err;

	err = register_xpt_user(xprt, &conn->user);
	if (err)
		return err;
	/* Once linked it may be unlinked concurrently, and freed after a grace period. */
	rcu_read_lock();
	spin_lock(&session->lock);
	if (session->dead) {
		err = -ESHUTDOWN;
	} else if (dnfs4_conn_dirs(session, xprt)) {
		/* A concurrent request has linked it. */
		err = -EEXIST;
	} else if (session->nconns >= DNFS4_CONNS_PER_SESSION) {
		err = -ENOSPC;
	} else {
		conn->linked = true;
		list_add_tail_rcu(&conn->link, &session->conns);
		session->nconns++;
		if (conn->dirs & DNFS4_CONN_BACK)
			session->back_lost = false;
	}
	spin_unlock(&session->lock);
	/* If the transport was closed before the link, no notification unlinks it. */
	if (!err && svc_xprt_is_dead(xprt)) {
		client = dnfs4_conn_unlink(conn);
		if (client)
			err = -ENOTCONN;
	}
	rcu_read_unlock();
	if (err)
		unregister_xpt_user(xprt, &conn->user);
	dnfs4_client_put(client);
	return err;
}

/*
 * Bind a connection to a session. @xprt: the connection; NULL is -ENOTCONN. RFC 8881 section
 * 2.10.3. Return: 0; -EEXIST if it is bound already, in which case its directions do not change;
 * -ENOMEM; -ENOSPC; -ENOTCONN if it is being closed; -ESHUTDOWN if the session has ended.
 */
int dnfs4_conn_bind(struct dnfs4_session *session, struct svc_xprt *xprt, u32 dirs)
{
	struct dnfs4_client *client = session->client;
	struct dnfs4_conn *conn;
	int err;

	if (!xprt)
		return -ENOTCONN;
	conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return -ENOMEM;
	if (!ditto_client_connected(&client->client)) {
		kfree(conn);
		return -ESHUTDOWN;
	}
	conn->session = session;
	conn->xprt = xprt;
	conn->dirs = dirs;
	conn->user.callback = dnfs4_conn_lost;
	INIT_LIST_HEAD(&conn->user.list);
	svc_xprt_get(xprt);
	if (dirs & DNFS4_CONN_BACK)
		dnfs4_conn_back_add(conn);
	err = dnfs4_conn_join(conn, xprt);
	if (err)
		dnfs4_conn_free(conn, client);
	else if (dirs & DNFS4_CONN_BACK)
		dnfs4_callback_changed(client);
	return err;
}

static struct dnfs4_conn *dnfs4_conn_find(struct dnfs4_session *session,
					  const struct svc_xprt *xprt)
{
	struct dnfs4_conn *conn;

	list_for_each_entry_rcu(conn, &session->conns, link, lockdep_is_held(&session->lock))
		if (conn->xprt == xprt)
			return conn;
	return NULL;
}

/*
 * Get the channels that a connection is bound to. Context: any; with or without session->lock.
 * Return: DNFS4_CONN_* bits; 0 if the connection is not bound to the session.
 */
u32 dnfs4_conn_dirs(struct dnfs4_session *session, const struct svc_xprt *xprt)
{
	const struct dnfs4_conn *conn;
	u32 dirs;

	rcu_read_lock();
	conn = dnfs4_conn_find(session, xprt);
	dirs = conn ? READ_ONCE(conn->dirs) : 0;
	rcu_read_unlock();
	return dirs;
}

/*
 * Extend a bound connection to both channels. Triggers a probe of the back channel if the
 * connection did not belong to it before. Return: false if the connection is not (or no longer)
 * bound to the session.
 */
bool dnfs4_conn_raise(struct dnfs4_session *session, struct svc_xprt *xprt)
{
	struct dnfs4_conn *conn;
	bool was_back = true;

	spin_lock(&session->lock);
	conn = dnfs4_conn_find(session, xprt);
	if (conn) {
		was_back = conn->dirs & DNFS4_CONN_BACK;
		WRITE_ONCE(conn->dirs, DNFS4_CONN_FORE | DNFS4_CONN_BACK);
		session->back_lost = false;
		/* The unlink decrements the count. */
		if (!was_back)
			dnfs4_conn_back_add(conn);
	}
	spin_unlock(&session->lock);
	if (!was_back)
		dnfs4_callback_changed(session->client);
	return conn;
}

/* Unbind all connections of an ended session. */
void dnfs4_conns_drop(struct dnfs4_session *session)
{
	struct dnfs4_conn *conn;

	for (;;) {
		spin_lock(&session->lock);
		conn = list_first_entry_or_null(&session->conns, struct dnfs4_conn, link);
		if (conn)
			dnfs4_conn_unlink_locked(conn);
		spin_unlock(&session->lock);
		if (!conn)
			break;
		/* Waits for a running notification, which finds the connection unlinked. */
		unregister_xpt_user(conn->xprt, &conn->user);
		dnfs4_conn_free(conn, session->client);
	}
}

/* Return: false if the client has refused callbacks over the session, or granted too little. */
static bool dnfs4_session_calls_back(const struct dnfs4_session *session)
{
	return !READ_ONCE(session->back_refused) &&
	       READ_ONCE(session->cb_sec) & (DITTO_SEC_NONE | DITTO_SEC_SYS) &&
	       session->back.maxoperations >= 2 && session->back.maxrequests &&
	       session->back.maxrequestsize >= DNFS4_CB_SIZE_MIN &&
	       session->back.maxresponsesize >= DNFS4_CB_SIZE_MIN;
}

/*
 * The newest connection of the session's back channel that was bound after number *@back and
 * before number @before, with a reference; *@back is set to its number. NULL if there is none.
 */
static struct svc_xprt *dnfs4_session_back(struct dnfs4_session *session, u64 before, u64 *back)
{
	struct svc_xprt *found = NULL;
	struct dnfs4_conn *conn;

	spin_lock(&session->lock);
	list_for_each_entry(conn, &session->conns, link) {
		if (conn->back <= *back || conn->back >= before || svc_xprt_is_dead(conn->xprt))
			continue;
		*back = conn->back;
		found = conn->xprt;
	}
	if (found)
		svc_xprt_get(found);
	spin_unlock(&session->lock);
	return found;
}

/*
 * Choose a connection for callbacks to a client. @session: set to the session of the connection,
 * with a reference, on success. A client that lost a connection or a session makes a new one, so
 * the newest binding is the most likely to work. Those that were made before it follow in turn.
 * Sessions that cannot be used for callbacks are skipped. Context: takes client->sessions_lock.
 * Return: the connection's transport with a reference; NULL if none is left.
 */
struct svc_xprt *dnfs4_session_back_conn(struct dnfs4_client *client, u64 *back,
					 struct dnfs4_session **out)
{
	struct svc_xprt *xprt, *found = NULL;
	u64 before = *back ?: U64_MAX;
	struct dnfs4_session *session;

	*back = 0;
	mutex_lock(&client->sessions_lock);
	list_for_each_entry(session, &client->sessions, client_link) {
		if (!dnfs4_session_calls_back(session))
			continue;
		xprt = dnfs4_session_back(session, before, back);
		if (!xprt)
			continue;
		if (found)
			svc_xprt_put(found);
		found = xprt;
		*out = session;
	}
	if (found)
		dnfs4_session_hold(*out);
	mutex_unlock(&client->sessions_lock);
	return found;
}
