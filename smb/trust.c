// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a connection is trusted. See trust.h.
 *
 * Locking: conn->trust_lock (mutex) serializes changes of the level; session->lock may be held
 * around it, never the other way round.
 */
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "credit.h"
#include "message.h"
#include "server.h"
#include "session.h"
#include "session_setup.h"
#include "transport.h"
#include "trust.h"

/* The objects of a connection. */
#define CONN_BYTES	SZ_8K
#define RX_AND_IDLE(_rx, _idle)	\
	.rx = (_rx), .idle = (_idle), .kept = CONN_BYTES + (_rx) + (_idle) * DSMB_MESSAGE_COST

const struct dsmb_allowance dsmb_allowances[DITTO_TRUST_LEVELS] = {
	[DITTO_TRUST_STRANGER] = {
		.message_max = DSMB_MESSAGE_MAX_UNAUTH, .credits = DSMB_CREDITS_UNAUTH,
		.inflight = SZ_16K, .parked = SZ_256K, RX_AND_IDLE(SZ_4K, 1),
		.floor = SZ_32K + SZ_8K, .step = SZ_16K,
	},
	[DITTO_TRUST_UNPROVEN] = {
		.message_max = DSMB_MESSAGE_MAX_UNAUTH, .credits = DSMB_CREDITS_UNAUTH,
		.inflight = SZ_16K, .parked = SZ_256K, RX_AND_IDLE(SZ_4K, 1),
		.floor = SZ_32K + SZ_8K, .step = SZ_16K,
	},
	[DITTO_TRUST_ANONYMOUS] = {
		.message_max = DSMB_MESSAGE_MAX, .credits = 512,
		.inflight = SZ_8M, .parked = SZ_8M, RX_AND_IDLE(SZ_16K, 4),
		.floor = SZ_128K, .step = SZ_256K,
	},
	[DITTO_TRUST_USER] = {
		.message_max = DSMB_MESSAGE_MAX, .credits = DSMB_CREDITS_MAX,
		.inflight = SZ_64M, .parked = SZ_64M, RX_AND_IDLE(SZ_16K, 16),
		.floor = SZ_256K, .step = SZ_256K,
	},
};

/* The session that makes the connection worth most, held, or NULL if none does. */
static struct dsmb_session *conn_best_session(struct dsmb_conn *conn, enum ditto_trust *trust)
{
	struct dsmb_session *session = NULL;
	struct dsmb_channel *channel;
	unsigned long id, best = 0;

	*trust = conn->who.trust;
	rcu_read_lock();
	xa_for_each(&conn->sessions, id, channel) {
		enum ditto_trust worth = READ_ONCE(channel->session->trust);

		/* Pairs with the end of the authentication: the session's principal is there. */
		if (worth <= *trust || !smp_load_acquire(&channel->ready))
			continue;
		best = id;
		*trust = worth;
		if (worth == DITTO_TRUST_USER)
			break;
	}
	rcu_read_unlock();
	if (!best)
		return NULL;
	channel = dsmb_channel_find(conn, best, &session);
	dsmb_channel_put(channel);
	return channel ? session : NULL;
}

/* What a session without a name may last that uses nothing is the time for a login. */
static void conn_fell(struct dsmb_conn *conn)
{
	mod_delayed_work(conn->server->slow, &conn->handshake, DSMB_HANDSHAKE_S * HZ);
}

int dsmb_conn_settle(struct dsmb_conn *conn)
{
	struct ditto_principal who = conn->who;
	struct dsmb_session *session;
	enum ditto_trust old;
	int err = 0;

	mutex_lock(&conn->trust_lock);
	old = conn->trust;
	session = conn_best_session(conn, &who.trust);
	if (session)
		who.user = session->who.user;
	if (who.trust != old && READ_ONCE(conn->state) != DSMB_CONN_DEAD) {
		err = ditto_charge_move(&conn->charge, &who);
		if (!err)
			err = dsmb_transport_set_trust(conn->transport, &who);
		if (!err)
			WRITE_ONCE(conn->trust, who.trust);
		if (!err && who.trust == conn->who.trust)
			conn_fell(conn);
	}
	mutex_unlock(&conn->trust_lock);

	if (session)
		dsmb_session_put(session);
	/* One of the two charges may have moved: each stays what it is until it is moved again. */
	if (err && who.trust < old)
		dsmb_conn_drop(conn, "nobody is logged in any more, and there are too many such");
	return err;
}

int dsmb_session_admit_guest(struct dsmb_session *session, struct dsmb_conn *conn)
{
	if (READ_ONCE(session->trust) >= DITTO_TRUST_ANONYMOUS)
		return 0;
	WRITE_ONCE(session->trust, DITTO_TRUST_ANONYMOUS);
	return dsmb_conn_settle(conn);
}
