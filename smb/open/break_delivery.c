// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detection of breaks that do not reach the client. Another client waits for the acknowledgment of
 * a break, and a connection may be dead long before it times out. If the session has another
 * channel, a channel whose peer acknowledged nothing for a while is dropped, and the break is sent
 * on the next one: MS-SMB2 sections 3.3.4.6 and 3.3.4.7. The last channel keeps its usual timeout.
 *
 * Delivery is measured by TCP acknowledgments: the client itself may take as long as a break may.
 *
 * Locking: the work is armed under session->lock, while the channel is linked.
 */
#include <linux/list.h>

#include "../auth/session.h"
#include "../server.h"
#include "../transport/conn.h"
#include "../transport/transport.h"
#include "break_delivery.h"

/* Longer than TCP needs to recover from lost segments. */
#define ARRIVAL_S	5

static void let_go(struct dsmb_channel *channel)
{
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;

	dsmb_channel_put(channel);
	dsmb_session_put(session);
	dsmb_conn_put(conn);
}

static void break_delivery_arm(struct dsmb_channel *channel)
{
	lockdep_assert_held(&channel->session->lock);
	if (channel->dead)
		return;
	dsmb_channel_hold(channel);
	dsmb_session_hold(channel->session);
	dsmb_conn_hold(channel->conn);
	if (queue_delayed_work(channel->conn->server->slow,
			       &channel->break_delivery, ARRIVAL_S * HZ)) {
		channel->told =
			dsmb_transport_position(channel->conn->transport);
		channel->acked = dsmb_transport_acked(channel->conn->transport);
	} else {
		let_go(channel);
	}
}

void dsmb_break_delivery_watch(struct dsmb_channel *channel)
{
	mutex_lock(&channel->session->lock);
	break_delivery_arm(channel);
	mutex_unlock(&channel->session->lock);
}

void dsmb_break_delivery_disarm(struct dsmb_channel *channel)
{
	if (cancel_delayed_work(&channel->break_delivery))
		let_go(channel);
}

static bool has_other(const struct dsmb_channel *channel)
{
	const struct dsmb_session *session = channel->session;
	const struct dsmb_channel *other;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(other, &session->channels, list) {
		if (other != channel && other->ready &&
		    READ_ONCE(other->conn->state) != DSMB_CONN_DEAD)
			return true;
	}
	return false;
}

void dsmb_break_delivery_work(struct work_struct *work)
{
	struct dsmb_channel *channel = container_of(to_delayed_work(work), struct dsmb_channel,
						    break_delivery);
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;
	bool lost;

	mutex_lock(&session->lock);
	/* Positions are compared only if nothing was acknowledged since, because they wrap. */
	lost = dsmb_transport_acked(conn->transport) == channel->acked &&
	       !dsmb_transport_arrived(conn->transport, channel->told) && has_other(channel);
	/* More may have been sent since. */
	if (!lost && !dsmb_transport_arrived(conn->transport,
					     dsmb_transport_position(conn->transport)))
		break_delivery_arm(channel);
	mutex_unlock(&session->lock);
	if (lost)
		dsmb_conn_drop(conn, "a break does not arrive, and there is another channel");
	let_go(channel);
}
