// SPDX-License-Identifier: GPL-2.0-only
/*
 * Breaks of oplocks and leases: notifications (MS-SMB2 sections 2.2.23, 3.3.4.6, 3.3.4.7) and
 * acknowledgments (sections 2.2.24, 3.3.5.22). See lease.h.
 *
 * A client that cannot be notified loses its caching immediately. The lock table measures the time
 * for an acknowledgment. When the time is over, the caching grant is void; a client that was
 * notified knows the timeout and is not notified again.
 */
#include <linux/list.h>

#include "../../lockd/lease.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../server.h"
#include "../transport/buf.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "break_delivery.h"
#include "durable.h"
#include "late_ack.h"
#include "lease.h"
#include "open.h"
#include "persist.h"

/* StructureSize */
#define DSMB_OPLOCK_BREAK_SIZE		24	/* notification, acknowledgment and response */
#define DSMB_LEASE_BREAK_SIZE		44	/* notification */
#define DSMB_LEASE_ACK_SIZE		36	/* acknowledgment and response */

#define DSMB_BREAK_MESSAGE_ID		U64_MAX
#define DSMB_BREAK_ACK_REQUIRED		BIT(0)	/* Flags of a lease break notification */

/* The state that the client keeps if the lock table allows @keep: an oplock has fewer states. */
static u8 dsmb_break_to(const struct dsmb_lease *lease, u8 keep)
{
	return dsmb_lease_is_oplock(lease) ? keep & DITTO_LEASE_READ : keep;
}

/*
 * Build the notification of a break; from here on the client counts as notified. Called with
 * lease->lock held.
 */
static struct dsmb_notice dsmb_notice_make(struct dsmb_lease *lease, u8 keep, bool ack)
{
	struct dsmb_notice notice = {
		.from = lease->state,
		.to = dsmb_break_to(lease, keep),
		.ack = ack,
	};

	lease->due = false;
	notice.needed = lease->state & ~notice.to;
	if (!notice.needed)
		return notice;
	/*
	 * The epoch changes with each break, because clients ignore a break with an epoch they
	 * know.
	 */
	notice.epoch = lease->version == 2 ? ++lease->epoch : 0;
	if (ack) {
		lease->breaking = true;
		lease->again = false;
		lease->break_to = notice.to;
	} else {
		lease->state = notice.to;
	}
	return notice;
}

/* Build the notification of the outstanding break once more. */
static struct dsmb_notice dsmb_notice_repeat(const struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	return (struct dsmb_notice) {
		.needed = true,
		.ack = true,
		.from = lease->state,
		.to = lease->break_to,
		.epoch = lease->version == 2 ? lease->epoch : 0,
	};
}

static void dsmb_notice_header(struct dsmb_builder *out, u64 session_id)
{
	dsmb_encode_u32(out, DSMB_PROTOCOL_ID);
	dsmb_encode_u16(out, DSMB_OUT_HEADER);
	dsmb_builder_reserve(out, 2 + 4);
	dsmb_encode_u16(out, DSMB_OPLOCK_BREAK);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u32(out, DSMB_FLAG_RESPONSE);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u64(out, DSMB_BREAK_MESSAGE_ID);
	dsmb_encode_u64(out, 0);
	dsmb_encode_u64(out, session_id);
	dsmb_builder_reserve(out, 16);
}

/*
 * A lease belongs to no session, so the SessionId of its notification is 0 (MS-SMB2 section
 * 3.3.4.7). In an encrypted one it is the SessionId of the transform header: clients discard a
 * message in which the two differ (section 3.2.5.1.1.1).
 */
static void dsmb_notice_encode(struct dsmb_builder *out, const struct dsmb_lease *lease,
			       const struct dsmb_notice *notice, u64 session_id, bool encrypt)
{
	if (dsmb_lease_is_oplock(lease)) {
		dsmb_notice_header(out, session_id);
		dsmb_encode_u16(out, DSMB_OPLOCK_BREAK_SIZE);
		dsmb_encode_u8(out, dsmb_oplock_level(notice->to));
		dsmb_builder_reserve(out, 1 + 4);
		dsmb_encode_u64(out, lease->persistent);
		dsmb_encode_u64(out, lease->volatile_id);
		return;
	}
	dsmb_notice_header(out, encrypt ? session_id : 0);
	dsmb_encode_u16(out, DSMB_LEASE_BREAK_SIZE);
	dsmb_encode_u16(out, notice->epoch);
	dsmb_encode_u32(out, notice->ack ? DSMB_BREAK_ACK_REQUIRED : 0);
	dsmb_encode_bytes(out, lease->key, sizeof(lease->key));
	dsmb_encode_u32(out, notice->from);
	dsmb_encode_u32(out, notice->to);
	dsmb_builder_reserve(out, 3 * 4);
}

/* The path of a notification to the client; all members are held. */
struct dsmb_break_route {
	struct dsmb_conn *conn;
	struct dsmb_session *session;
	struct dsmb_channel *channel;
	bool encrypt;
};

static void dsmb_break_route_put(struct dsmb_break_route *route)
{
	dsmb_channel_put(route->channel);
	dsmb_session_put(route->session);
	dsmb_conn_put(route->conn);
}

/* Get the n-th usable connection of the session. */
static bool dsmb_break_route_of(struct dsmb_session *session, unsigned int n,
				struct dsmb_break_route *route)
{
	struct dsmb_channel *channel;

	route->conn = NULL;
	mutex_lock(&session->lock);
	list_for_each_entry(channel, &session->channels, list) {
		if (!channel->ready || READ_ONCE(channel->conn->state) == DSMB_CONN_DEAD || n--)
			continue;
		route->conn = channel->conn;
		dsmb_conn_hold(route->conn);
		route->session = session;
		dsmb_session_hold(session);
		route->channel = channel;
		dsmb_channel_hold(channel);
		break;
	}
	mutex_unlock(&session->lock);
	return route->conn;
}

/*
 * MS-SMB2 section 3.3.4.1.4: encrypt if session or share require it, or if the CREATE was
 * encrypted.
 */
static bool dsmb_break_route_by(struct dsmb_open *open, unsigned int n,
				struct dsmb_break_route *route)
{
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	bool found;

	if (!dsmb_open_place(open, &session, &tree))
		return false;
	route->encrypt = session->encrypt || READ_ONCE(tree->encrypt) || open->encrypted;
	found = dsmb_break_route_of(session, n, route);
	dsmb_tree_put(tree);
	dsmb_session_put(session);
	return found;
}

/* Get the n-th connection of the session of an open that has the lease. */
static bool dsmb_break_route_find(struct dsmb_lease *lease, unsigned int n,
				  struct dsmb_break_route *route)
{
	struct dsmb_open *open;

	lockdep_assert_held(&lease->lock);
	list_for_each_entry(open, &lease->holders, lease_link) {
		if (dsmb_break_route_by(open, n, route))
			return true;
	}
	return false;
}

/*
 * Get the n-th connection to send a notification on. If its session has ended since,
 * dsmb_break_lost() finds the session in @via.
 */
static bool dsmb_break_route_take(struct dsmb_lease *lease, unsigned int n,
				  struct dsmb_break_route *route)
{
	bool found;

	mutex_lock(&lease->lock);
	found = dsmb_break_route_find(lease, n, route);
	if (found)
		lease->via = route->session->id;
	mutex_unlock(&lease->lock);
	return found;
}

/* MS-SMB2 section 3.3.4.1.1: the notification is not signed. */
static int dsmb_notice_send_by(struct dsmb_break_route *route, struct dsmb_lease *lease,
			       const struct dsmb_notice *notice)
{
	struct dsmb_builder out;
	struct dsmb_buf *buf;

	buf = dsmb_buf_get(route->conn->server, DSMB_SEND_HEADROOM + DSMB_OUT_HEADER +
			   DSMB_LEASE_BREAK_SIZE);
	if (!buf)
		return -ENOMEM;
	out = dsmb_builder(buf->data + DSMB_SEND_HEADROOM,
			   DSMB_OUT_HEADER + DSMB_LEASE_BREAK_SIZE);
	dsmb_notice_encode(&out, lease, notice, route->session->id, route->encrypt);
	return dsmb_conn_send(route->conn, buf, out.len, route->encrypt ? route->session->id : 0);
}

/*
 * Send a break notification. It is sent on the first connection of an open of the lease that
 * accepts it (MS-SMB2 sections 3.3.4.6 and 3.3.4.7). Context: lease->lock not held. Return: false
 * if no connection accepts it.
 */
bool dsmb_notice_send(struct dsmb_lease *lease, const struct dsmb_notice *notice)
{
	unsigned int n = 0;
	struct dsmb_break_route route;
	int err = -ENOTCONN;

	while (err && n < DSMB_CHANNELS_MAX && dsmb_break_route_take(lease, n, &route)) {
		err = dsmb_notice_send_by(&route, lease, notice);
		if (err)
			n++;
		else
			/* A channel that has been taken off is not found again. */
			err = dsmb_break_delivery_watch(route.channel, lease, notice);
		dsmb_break_route_put(&route);
	}
	return !err;
}

/*
 * Take all caching from a client that cannot be notified. The lease's lock is held until the grant
 * is returned, so that a client that reconnects learns the state after the loss.
 */
static void dsmb_lease_take_back(struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	lease->breaking = false;
	lease->state = 0;
	ditto_lease_return(lease->grant);
}

static bool dsmb_lease_has_route(struct dsmb_lease *lease)
{
	struct dsmb_break_route route;
	bool found = dsmb_break_route_find(lease, 0, &route);

	if (found)
		dsmb_break_route_put(&route);
	return found;
}

/* Return: true if a notification may be repeated immediately; otherwise it waits for a response. */
static bool dsmb_lease_repeats(struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	lease->again = lease->unnotified;
	return !lease->again;
}

/*
 * Answer for a client that no notification of this grant's break has reached. While disconnected
 * opens end, the break is left to the last of them: the operation in conflict must not meet them.
 */
static void dsmb_notice_settle(struct dsmb_lease *lease, const struct ditto_lease *grant,
			       const struct dsmb_notice *notice)
{
	bool again = false;

	mutex_lock(&lease->lock);
	/* The client may have reconnected since, and may have acknowledged the break. */
	if (lease->grant == grant &&
	    (lease->breaking ? !lease->yielding : !notice->ack)) {
		if (lease->breaking && dsmb_lease_has_route(lease))
			again = dsmb_lease_repeats(lease);
		else
			dsmb_lease_take_back(lease);
	}
	mutex_unlock(&lease->lock);
	if (again)
		dsmb_notice_send(lease, notice);
	else
		dsmb_persist_lease_later(lease);
}

/* Called without the lease's lock: no connection took the notification of this grant's break. */
static void dsmb_notice_fail(struct dsmb_lease *lease, const struct ditto_lease *grant,
			     const struct dsmb_notice *notice)
{
	dsmb_durables_yield(lease);
	dsmb_notice_settle(lease, grant, notice);
}

/*
 * Note that an open which gave way is closed, or that its client has come back. The last one
 * answers the break, unless the client can be notified again. Context: lease->lock not held.
 */
void dsmb_lease_yielded(struct dsmb_lease *lease)
{
	struct ditto_lease *grant = NULL;
	struct dsmb_notice notice;

	mutex_lock(&lease->lock);
	notice = dsmb_notice_repeat(lease);
	if (!--lease->yielding && lease->breaking) {
		grant = lease->grant;
		ditto_lease_hold(grant);
	}
	mutex_unlock(&lease->lock);
	if (!grant)
		return;
	dsmb_notice_settle(lease, grant, &notice);
	ditto_lease_put(grant);
}

/* Called without the lease's lock: send the notification, or answer in place of the client. */
static void dsmb_notice_out(struct dsmb_lease *lease, struct ditto_lease *grant,
			    const struct dsmb_notice *notice)
{
	if (!notice->needed) {
		if (notice->ack)
			ditto_lease_ack(grant, notice->to);
		return;
	}
	if (!dsmb_notice_send(lease, notice))
		dsmb_notice_fail(lease, grant, notice);
}

/*
 * Deal with a break that the client may not have heard of. @lost: session that ended, or NULL. If
 * another open of the lease has a connection, the notification is sent again if it was sent through
 * @lost. Otherwise the disconnected opens of the lease are closed as by dsmb_durables_yield(), and
 * the break is answered in place of the client. The function does nothing if no break is
 * outstanding. Context: lease->lock not held.
 */
void dsmb_break_lost(struct dsmb_lease *lease, const struct dsmb_session *lost)
{
	struct ditto_lease *grant = NULL;
	struct dsmb_notice notice;
	bool again = false;
	struct dsmb_break_route route;

	mutex_lock(&lease->lock);
	notice = dsmb_notice_repeat(lease);
	if (!lease->breaking)
		goto unlock;
	if (dsmb_break_route_find(lease, 0, &route)) {
		/* Further opens of the lost session follow. */
		again = lost && route.session != lost && lease->via == lost->id &&
			dsmb_lease_repeats(lease);
		dsmb_break_route_put(&route);
	} else {
		grant = lease->grant;
		ditto_lease_hold(grant);
	}
unlock:
	mutex_unlock(&lease->lock);
	if (again)
		dsmb_notice_send(lease, &notice);
	if (!grant)
		return;
	dsmb_notice_fail(lease, grant, &notice);
	ditto_lease_put(grant);
}

/* The first open of a lease stands for all of them. */
static void dsmb_break_resend(struct dsmb_open *open)
{
	struct dsmb_lease *lease = open->lease;
	struct dsmb_notice notice;
	bool again;

	if (!lease)
		return;
	mutex_lock(&lease->lock);
	again = lease->breaking && list_first_entry_or_null(&lease->holders, struct dsmb_open,
							    lease_link) == open;
	notice = dsmb_notice_repeat(lease);
	mutex_unlock(&lease->lock);
	if (again)
		dsmb_notice_send(lease, &notice);
}

/*
 * Send outstanding breaks of a session once more. Breaks that were sent on the lost channel may not
 * have arrived.
 */
void dsmb_breaks_resend(struct dsmb_session *session)
{
	struct dsmb_open *open;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&session->opens, index, open) {
		if (!refcount_inc_not_zero(&open->ref))
			continue;
		rcu_read_unlock();
		dsmb_break_resend(open);
		dsmb_open_put(open);
		rcu_read_lock();
	}
	rcu_read_unlock();
}

static void dsmb_lease_breaking(struct ditto_lease *grant, u8 keep, bool ack)
{
	struct dsmb_lease *lease = ditto_lease_private(grant);
	struct dsmb_notice notice;

	mutex_lock(&lease->lock);
	if (lease->grant != grant) {
		/* The grant was returned, or the lease never kept it. */
		mutex_unlock(&lease->lock);
		return;
	}
	if (lease->unnotified) {
		lease->due = true;
		lease->due_keep = keep;
		lease->due_ack = ack;
		mutex_unlock(&lease->lock);
		return;
	}
	notice = dsmb_notice_make(lease, keep, ack);
	mutex_unlock(&lease->lock);
	dsmb_notice_out(lease, grant, &notice);
	if (!ack)
		dsmb_persist_lease_later(lease);
}

/*
 * Note that the response of a CREATE with this lease was sent. Sends the break that waited for it.
 * Context: lease->lock not held.
 */
void dsmb_lease_sent(struct dsmb_lease *lease)
{
	struct ditto_lease *grant = NULL;
	struct dsmb_notice notice = { };

	mutex_lock(&lease->lock);
	lease->unnotified--;
	if (!lease->unnotified && lease->due) {
		grant = lease->grant;
		ditto_lease_hold(grant);
		notice = dsmb_notice_make(lease, lease->due_keep, lease->due_ack);
	} else if (!lease->unnotified && lease->breaking && lease->again) {
		lease->again = false;
		notice = dsmb_notice_repeat(lease);
	}
	mutex_unlock(&lease->lock);
	if (grant) {
		dsmb_notice_out(lease, grant, &notice);
		if (notice.needed && !notice.ack)
			dsmb_persist_lease_later(lease);
		ditto_lease_put(grant);
	} else if (notice.needed) {
		dsmb_notice_send(lease, &notice);
	}
}

/*
 * Note a loss of all caching. A client that is about to learn of its caching, and that has not
 * heard of a break, is notified of the loss after that.
 */
static void dsmb_lease_lose(struct dsmb_lease *lease)
{
	lockdep_assert_held(&lease->lock);
	lease->due = lease->unnotified && (!lease->breaking || lease->again);
	if (lease->due) {
		lease->due_keep = 0;
		lease->due_ack = false;
	} else {
		lease->state = 0;
	}
	lease->breaking = false;
}

/* The acknowledgment came too late, or the file or the session is gone. */
static void dsmb_lease_revoked(struct ditto_lease *grant)
{
	struct dsmb_lease *lease = ditto_lease_private(grant);
	bool known;

	mutex_lock(&lease->lock);
	known = lease->grant == grant;
	if (known)
		dsmb_lease_lose(lease);
	mutex_unlock(&lease->lock);
	if (!known)
		return;
	/* Disconnected opens have lost the caching that kept them open. */
	dsmb_durables_yield(lease);
	dsmb_persist_lease_later(lease);
}

static void dsmb_lease_free(struct ditto_lease *grant)
{
	dsmb_lease_put(ditto_lease_private(grant));
}

const struct ditto_lease_ops dsmb_lease_ops = {
	.breaking = dsmb_lease_breaking,
	.revoked = dsmb_lease_revoked,
	.free = dsmb_lease_free,
};

/* An acknowledgment is awaited, and none is being processed. */
static bool dsmb_lease_awaits(const struct dsmb_lease *lease)
{
	return lease->breaking && !lease->giving;
}

/*
 * Record what the client gives up before a conflicting operation continues, so that a restart does
 * not restore it.
 */
static int dsmb_lease_record(struct dsmb_lease *lease, u8 keep)
{
	int err;

	lockdep_assert_held(&lease->lock);
	lease->giving = lease->state & ~keep;
	mutex_unlock(&lease->lock);
	err = dsmb_persist_lease(lease);
	mutex_lock(&lease->lock);
	lease->giving = 0;
	return err;
}

/* The client keeps @keep. The lease's lock is held, and released while this is recorded. */
static u32 dsmb_lease_acked(struct dsmb_lease *lease, u8 keep)
{
	const struct ditto_lease *grant = lease->grant;
	int err = dsmb_lease_record(lease, keep);

	/*
	 * While the acknowledgment was recorded, its time may have ended and another break may have
	 * begun.
	 */
	if (lease->grant != grant || !lease->breaking || keep & ~lease->break_to)
		return STATUS_UNSUCCESSFUL;
	if (err)
		return STATUS_INSUFFICIENT_RESOURCES;
	switch (ditto_lease_ack(lease->grant, keep)) {
	case 0:
		lease->breaking = false;
		lease->state = keep;
		return STATUS_SUCCESS;
	case -EINVAL:
		return STATUS_REQUEST_NOT_ACCEPTED;
	default:
		return STATUS_UNSUCCESSFUL;
	}
}

static u32 dsmb_lease_ack(struct dsmb_lease *lease, u32 state)
{
	u32 status;

	mutex_lock(&lease->lock);
	if (!dsmb_lease_awaits(lease))
		status = STATUS_UNSUCCESSFUL;
	else if (state & ~lease->break_to)
		status = STATUS_REQUEST_NOT_ACCEPTED;
	else
		status = dsmb_lease_acked(lease, dsmb_lease_bits(state));
	mutex_unlock(&lease->lock);
	/* What was not given up after all is to be in the record. */
	if (status)
		dsmb_persist_lease_later(lease);
	return status;
}

/*
 * Acknowledge the break of an oplock; a wrong level ends the break, too. If none is in progress,
 * Windows has STATUS_INVALID_OPLOCK_PROTOCOL, as smb2.oplock.levelii500 of smbtorture expects;
 * MS-SMB2 section 3.3.5.22.1 has STATUS_INVALID_DEVICE_STATE.
 */
static u32 dsmb_oplock_ack(struct dsmb_lease *lease, u8 level)
{
	u32 refusal = STATUS_SUCCESS, status;

	mutex_lock(&lease->lock);
	if (level == DSMB_OPLOCK_LEASE)
		refusal = STATUS_INVALID_PARAMETER;
	else if (level != DSMB_OPLOCK_NONE &&
		 (level != DSMB_OPLOCK_II || !(lease->state & DITTO_LEASE_WRITE)))
		refusal = STATUS_INVALID_OPLOCK_PROTOCOL;
	/* The client must not keep more than the break allows. */
	else if (lease->breaking && dsmb_oplock_bits(level) & ~lease->break_to)
		refusal = STATUS_INVALID_OPLOCK_PROTOCOL;
	if (!dsmb_lease_awaits(lease))
		status = refusal ?: STATUS_INVALID_OPLOCK_PROTOCOL;
	else if (refusal)
		status = dsmb_lease_acked(lease, 0) ?: refusal;
	else
		status = dsmb_lease_acked(lease, dsmb_oplock_bits(level));
	mutex_unlock(&lease->lock);
	if (status)
		dsmb_persist_lease_later(lease);
	return status;
}

/**
 * struct dsmb_ack_args - the values of an acknowledgment (MS-SMB2 section 2.2.24)
 * @is_lease: of a lease: @key and @state are set; else of an oplock
 * @level: OplockLevel
 * @persistent: FileId.Persistent
 * @volatile_id: FileId.Volatile
 * @key: LeaseKey
 * @state: LeaseState
 */
struct dsmb_ack_args {
	bool is_lease;
	u8 level;
	u64 persistent;
	u64 volatile_id;
	u8 key[DSMB_LEASE_KEY_SIZE];
	u32 state;
};

static u32 dsmb_ack_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_ack_args *a = args;

	switch (dsmb_get_u16(in)) {
	case DSMB_LEASE_ACK_SIZE:
		a->is_lease = true;
		dsmb_skip(in, 2 + 4);
		dsmb_get_bytes(in, a->key, sizeof(a->key));
		a->state = dsmb_get_u32(in);
		dsmb_skip(in, 8);
		break;
	case DSMB_OPLOCK_BREAK_SIZE:
		a->level = dsmb_get_u8(in);
		dsmb_skip(in, 1 + 4);
		a->persistent = dsmb_get_u64(in);
		a->volatile_id = dsmb_get_u64(in);
		break;
	default:
		return STATUS_INVALID_PARAMETER;
	}
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* An acknowledgment is recorded for the opens of all shares that hold the lease. */
static bool dsmb_ack_is_recorded(const struct dsmb_call *call, struct dsmb_lease *lease)
{
	return !call->message->records && dsmb_persist_has_lease(lease);
}

/* The acknowledgment is none of an outstanding break: it is late, if one is awaited. */
static void dsmb_ack_was_late(const struct dsmb_call *call, const u8 *key)
{
	struct ditto_client *client = dsmb_lease_client(call->session, false);

	if (client)
		dsmb_late_ack_came(dsmb_lease_client_late_acks(client), key);
}

/* MS-SMB2 section 3.3.5.22.2 */
static u32 dsmb_ack_by_key(const struct dsmb_call *call, const struct dsmb_ack_args *a)
{
	struct dsmb_lease *lease = dsmb_lease_find(call->session, a->key);
	u32 status = DSMB_TO_BE_RECORDED;

	if (!lease)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (!dsmb_ack_is_recorded(call, lease))
		status = dsmb_lease_ack(lease, a->state);
	dsmb_lease_put(lease);
	return status;
}

static u32 dsmb_ack_exec(struct dsmb_call *call, void *args, void *res)
{
	struct dsmb_ack_args *a = args, *r = res;
	struct dsmb_lease *lease;
	u32 status;

	/* The response repeats the acknowledgment. */
	*r = *a;
	if (a->is_lease) {
		status = dsmb_ack_by_key(call, a);
		if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_UNSUCCESSFUL)
			dsmb_ack_was_late(call, a->key);
		return status;
	}
	/* MS-SMB2 section 3.3.5.22.1 */
	status = dsmb_call_open(call, a->persistent, a->volatile_id);
	if (status)
		return status;
	lease = call->open->lease;
	if (!lease || !dsmb_lease_is_oplock(lease))
		return STATUS_INVALID_OPLOCK_PROTOCOL;
	/* A related request may not have named it. */
	r->persistent = call->open->persistent;
	r->volatile_id = call->open->volatile_id;
	if (dsmb_ack_is_recorded(call, lease))
		return DSMB_TO_BE_RECORDED;
	return dsmb_oplock_ack(lease, a->level);
}

static void dsmb_ack_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_ack_args *r = res;
	struct dsmb_builder *out = &call->out;

	if (r->is_lease) {
		dsmb_encode_u16(out, DSMB_LEASE_ACK_SIZE);
		dsmb_builder_reserve(out, 2 + 4);
		dsmb_encode_bytes(out, r->key, sizeof(r->key));
		dsmb_encode_u32(out, r->state);
		dsmb_encode_u64(out, 0);
		return;
	}
	dsmb_encode_u16(out, DSMB_OPLOCK_BREAK_SIZE);
	dsmb_encode_u8(out, r->level);
	dsmb_builder_reserve(out, 1 + 4);
	dsmb_encode_u64(out, r->persistent);
	dsmb_encode_u64(out, r->volatile_id);
}

/* StructureSize says whether it is an oplock or a lease; only an oplock is named by its FileId. */
const struct dsmb_command dsmb_command_oplock_break = {
	.name = "oplock_break",
	.flags = DSMB_ON_TREE | DSMB_RECORDS | DSMB_FREES | DSMB_UNLIMITED,
	.args_size = sizeof(struct dsmb_ack_args),
	.res_size = sizeof(struct dsmb_ack_args),
	.decode = dsmb_ack_decode,
	.exec = dsmb_ack_exec,
	.encode = dsmb_ack_encode,
};
