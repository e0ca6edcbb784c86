// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the trust level of a connection follows its sessions. See trust.h.
 *
 * Locking: conn->trust_lock (mutex) serializes changes of the level. It may be taken under
 * session->lock; session->lock is never taken under it.
 */
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "../auth/session.h"
#include "../auth/session_setup.h"
#include "../server.h"
#include "credit.h"
#include "message.h"
#include "transport.h"
#include "trust.h"
#include "prelogin.h"

/*
 * Returns the id of the ready session that gives the connection the highest trust, and sets
 * @trust to it; 0 if none gives more than @trust. Among sessions of users, the one that pays
 * for the connection is preferred.
 */
static unsigned long conn_best_id(struct dsmb_conn *conn, enum ditto_trust *trust)
{
	struct dsmb_channel *channel;
	unsigned long id, best = 0;

	rcu_read_lock();
	xa_for_each(&conn->sessions, id, channel) {
		enum ditto_trust worth = READ_ONCE(channel->session->trust);
		bool pays;

		if (worth < *trust)
			continue;
		/* Pairs with dsmb_session_finish(): the session's principal is visible. */
		if (!smp_load_acquire(&channel->ready))
			continue;
		pays = worth == DITTO_TRUST_USER &&
		       channel->session->who.user == conn->charge.user;
		if (worth == *trust && !pays)
			continue;
		best = id;
		*trust = worth;
		if (pays)
			break;
	}
	rcu_read_unlock();
	return best;
}

/* Returns the session that gives the connection the highest trust, held, or NULL. */
static struct dsmb_session *conn_best_session(struct dsmb_conn *conn, enum ditto_trust *trust)
{
	struct dsmb_session *session = NULL;
	struct dsmb_channel *channel = NULL;
	unsigned long best;

	lockdep_assert_held(&conn->trust_lock);
	/* A session that ends leaves the table before its references drop to zero. */
	do {
		*trust = conn->who.trust;
		best = conn_best_id(conn, trust);
		if (best)
			channel = dsmb_channel_find(conn, best, &session);
	} while (best && !channel);
	dsmb_channel_put(channel);
	return session;
}

/* A connection that fell has the time of a login to get another session. */
static void conn_fell(struct dsmb_conn *conn)
{
	dsmb_prelogin_add(conn);
	mod_delayed_work(conn->server->slow, &conn->handshake, DSMB_HANDSHAKE_S * HZ);
}

/* Moves all charges of the connection, or none. */
static int conn_move_charges(struct dsmb_conn *conn, const struct ditto_principal *who)
{
	struct ditto_charge moved = {};
	int err;

	lockdep_assert_held(&conn->trust_lock);
	err = ditto_charge(&moved, who, DITTO_BUDGET_CONNECTIONS, conn->charge.amount);
	if (err)
		return err;
	err = dsmb_transport_set_trust(conn->transport, who);
	if (err) {
		ditto_uncharge(&moved);
		return err;
	}
	ditto_uncharge(&conn->charge);
	conn->charge = moved;
	return 0;
}

/*
 * Recompute the trust level of a connection from its sessions. To be called after a session became
 * ready, was raised, or left. The connection is dropped if it falls and cannot be charged at the
 * lower level. Context: takes conn->trust_lock. session->lock may be held. Return: 0, or -EDQUOT if
 * the charges cannot be moved.
 */
int dsmb_conn_settle(struct dsmb_conn *conn)
{
	struct ditto_principal who = conn->who;
	struct dsmb_session *session;
	enum ditto_trust old;
	int err = 0;

	mutex_lock(&conn->trust_lock);
	old = conn->trust;
	session = conn_best_session(conn, &who.trust);
	if (session && who.trust == DITTO_TRUST_USER)
		who.user = session->who.user;
	if ((who.trust != old || who.user != conn->charge.user) &&
	    READ_ONCE(conn->state) != DSMB_CONN_DEAD) {
		err = conn_move_charges(conn, &who);
		if (err)
			goto unlock;
		WRITE_ONCE(conn->trust, who.trust);
		if (who.trust == conn->who.trust)
			conn_fell(conn);
		else
			dsmb_prelogin_remove(conn);
	}
unlock:
	mutex_unlock(&conn->trust_lock);

	if (session)
		dsmb_session_put(session);
	/*
	 * If the next user cannot be charged, the previous principal is still charged, but not
	 * for a connection that is trusted less.
	 */
	if (err && who.trust < old)
		dsmb_conn_drop(conn, "nobody is logged in any more, and there are too many such");
	return err;
}

/*
 * Raise an anonymous or guest session that connects to a guest share. Context: takes session->lock.
 * Return: 0, or -EDQUOT with the session's trust unchanged.
 */
int dsmb_session_admit_guest(struct dsmb_session *session, struct dsmb_conn *conn)
{
	enum ditto_trust before;
	int err = 0;

	/* Another TREE_CONNECT must wait until it is known whether this one is admitted. */
	mutex_lock(&session->lock);
	before = session->trust;
	if (before < DITTO_TRUST_ANONYMOUS) {
		WRITE_ONCE(session->trust, DITTO_TRUST_ANONYMOUS);
		err = dsmb_conn_settle(conn);
		if (err)
			WRITE_ONCE(session->trust, before);
	}
	mutex_unlock(&session->lock);
	return err;
}
