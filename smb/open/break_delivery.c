// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detection of breaks that do not reach the client. Another client waits for the acknowledgment of
 * a break, and a connection may be dead long before it times out. If the session has another
 * channel, a channel whose peer acknowledged nothing for a while is dropped, and the break is sent
 * on the next one: MS-SMB2 sections 3.3.4.6 and 3.3.4.7. The last channel keeps its usual timeout.
 *
 * Nobody waits for the client if the break needs no acknowledgment, but a client that does not
 * hear of it would read old data from its cache for ever. Such a break is remembered until it has
 * arrived. If the channel is lost before that, the break is sent on another channel, or to another
 * session that has the lease. A client that gets a break twice loses no more than caching.
 *
 * Delivery is measured by TCP acknowledgments: the client itself may take as long as a break may.
 * What has arrived is forgotten with the next break, so no more is remembered than the socket
 * holds.
 *
 * Locking: the work is armed, and breaks are remembered, under session->lock while the channel is
 * linked.
 */
#include <linux/list.h>
#include <linux/slab.h>

#include "../auth/session.h"
#include "../server.h"
#include "../transport/conn.h"
#include "../transport/transport.h"
#include "break_delivery.h"
#include "lease.h"

/* Longer than TCP needs to recover from lost segments. */
#define ARRIVAL_S	5

/**
 * struct sent_break - a break without acknowledgment that may not have arrived
 * @list: in dsmb_channel.breaks
 * @lease: lease that was broken, held
 * @notice: its notification
 * @goal: the break has arrived when so many bytes are acknowledged, see dsmb_transport_goal()
 */
struct sent_break {
	struct list_head list;
	struct dsmb_lease *lease;
	struct dsmb_notice notice;
	u64 goal;
};

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

static struct sent_break *sent_break_alloc(struct dsmb_lease *lease,
					   const struct dsmb_notice *notice)
{
	struct sent_break *sent = kmalloc(sizeof(*sent), GFP_KERNEL);

	if (!sent)
		return NULL;
	dsmb_lease_hold(lease);
	sent->lease = lease;
	sent->notice = *notice;
	sent->goal = U64_MAX;
	return sent;
}

/* Called without locks: the lease may be freed. */
static void sent_breaks_free(struct list_head *breaks)
{
	struct sent_break *sent, *next;

	list_for_each_entry_safe(sent, next, breaks, list) {
		dsmb_lease_put(sent->lease);
		kfree(sent);
	}
}

/* Moves the breaks that have arrived to @arrived; remembers @sent if it is not NULL. */
static void sent_breaks_update(struct dsmb_channel *channel, struct sent_break *sent,
			       struct list_head *arrived)
{
	struct dsmb_transport *t = channel->conn->transport;
	struct sent_break *next;
	u64 goal, acked;

	lockdep_assert_held(&channel->session->lock);
	if (sent)
		list_add_tail(&sent->list, &channel->breaks);
	if (list_empty(&channel->breaks))
		return;
	acked = dsmb_transport_acked(t);
	goal = dsmb_transport_goal(t);
	if (sent)
		sent->goal = goal;
	list_for_each_entry_safe(sent, next, &channel->breaks, list) {
		/* It was not known before if the break waited for room in the socket. */
		sent->goal = min(sent->goal, goal);
		if (sent->goal > acked)
			return;
		list_move_tail(&sent->list, arrived);
	}
}

/*
 * Watch the delivery of a break. @channel: channel that the break was sent on; the caller has a
 * reference. Context: process context, may sleep; takes session->lock. Return: 0, or -ENOTCONN if
 * the channel was taken off its session.
 */
int dsmb_break_delivery_watch(struct dsmb_channel *channel, struct dsmb_lease *lease,
			      const struct dsmb_notice *notice)
{
	/* Without memory the break is sent only once. */
	struct sent_break *sent = notice->ack ? NULL : sent_break_alloc(lease, notice);
	LIST_HEAD(old);
	bool dead;

	mutex_lock(&channel->session->lock);
	dead = channel->dead;
	if (!dead) {
		sent_breaks_update(channel, sent, &old);
		break_delivery_arm(channel);
	} else if (sent) {
		list_add(&sent->list, &old);
	}
	mutex_unlock(&channel->session->lock);
	sent_breaks_free(&old);
	return dead ? -ENOTCONN : 0;
}

/*
 * Stop watching a channel. Breaks without acknowledgment that may be lost with the channel are sent
 * once more. Context: process context, may sleep; takes session->lock and the locks of leases.
 */
void dsmb_break_delivery_disarm(struct dsmb_channel *channel)
{
	struct sent_break *sent;
	LIST_HEAD(old);
	LIST_HEAD(lost);

	if (cancel_delayed_work(&channel->break_delivery))
		let_go(channel);
	mutex_lock(&channel->session->lock);
	sent_breaks_update(channel, NULL, &old);
	list_splice_init(&channel->breaks, &lost);
	mutex_unlock(&channel->session->lock);
	list_for_each_entry(sent, &lost, list)
		dsmb_notice_send(sent->lease, &sent->notice);
	sent_breaks_free(&lost);
	sent_breaks_free(&old);
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

/*
 * Work function of dsmb_channel.break_delivery. @work: the work; drops its references to channel,
 * session and connection.
 */
void dsmb_break_delivery_work(struct work_struct *work)
{
	struct dsmb_channel *channel = container_of(to_delayed_work(work), struct dsmb_channel,
						    break_delivery);
	struct dsmb_session *session = channel->session;
	struct dsmb_conn *conn = channel->conn;
	LIST_HEAD(old);
	bool lost;

	mutex_lock(&session->lock);
	sent_breaks_update(channel, NULL, &old);
	/* Positions are compared only if nothing was acknowledged since, because they wrap. */
	lost = dsmb_transport_acked(conn->transport) == channel->acked &&
	       !dsmb_transport_arrived(conn->transport, channel->told) && has_other(channel);
	/* More may have been sent since. */
	if (!lost && (!list_empty(&channel->breaks) ||
		      !dsmb_transport_arrived(conn->transport,
					      dsmb_transport_position(conn->transport))))
		break_delivery_arm(channel);
	mutex_unlock(&session->lock);
	sent_breaks_free(&old);
	if (lost)
		dsmb_conn_drop(conn, "a break does not arrive, and there is another channel");
	let_go(channel);
}
