// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callback channels: queueing, sending and replies. See callback.h for locking and lifetime.
 *
 * A channel that is not up sends one callback at a time, or a probe if the queue is empty. The
 * first reply makes it up. A lost callback is resent over the next transport: in 4.1 over each
 * connection that is bound, of each session, before any of them is tried again. In 4.1 it keeps
 * its slot and sequence id while the session is the same, so that the client recognizes the
 * retransmission (RFC 8881 section 2.10.6.1.3).
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../../../net/server.h"
#include "../engine/server.h"
#include "callback.h"
#include "cb_dial.h"
#include "delegations.h"

/* Delay before a callback is resent after NFS4ERR_DELAY or a local failure. */
#define AGAIN_MS	200
/* Delay before the first use of a new connection, so that the client learns of it first. */
#define YOUNG_MS	5
/* Longest wait for the first probe in dnfs4_callback_wait_up(). */
#define WAIT_UP_MS	60

static struct workqueue_struct *callback_wq;

static bool is_past(unsigned long when)
{
	return time_after_eq(jiffies, when);
}

static struct dnfs4_callback_channel *channel_of(const struct dnfs4_callback *cb)
{
	return cb->client->callback;
}

/* Run the work of a channel now. In callback.c. Context: any. */
void dnfs4_channel_kick(struct dnfs4_callback_channel *channel)
{
	spin_lock_bh(&channel->lock);
	if (channel->running)
		mod_delayed_work(callback_wq, &channel->work, 0);
	spin_unlock_bh(&channel->lock);
}

/*
 * Recheck the queue of a channel. The channel finishes queued callbacks that are not wanted any
 * more. Context: any.
 */
void dnfs4_callback_kick(struct dnfs4_client *client)
{
	dnfs4_channel_kick(client->callback);
}

/*
 * Check whether a client can be called back now. Context: any. Return: true if its channel is up.
 */
bool dnfs4_callback_is_up(const struct dnfs4_client *client)
{
	return client->callback && READ_ONCE(client->callback->up);
}

/*
 * Check whether a client can be called back. If the first probe of a changed channel is still
 * unanswered, waits a short time for it. Return: true if the channel is up.
 */
bool dnfs4_callback_wait_up(struct dnfs4_client *client)
{
	struct dnfs4_callback_channel *channel = client->callback;

	if (READ_ONCE(channel->up) || !READ_ONCE(channel->young))
		return READ_ONCE(channel->up);
	if (!wait_var_event_timeout(&channel->up, READ_ONCE(channel->up),
				    msecs_to_jiffies(WAIT_UP_MS)))
		WRITE_ONCE(channel->young, false);
	return READ_ONCE(channel->up);
}

static void set_up(struct dnfs4_callback_channel *channel, bool up)
{
	WRITE_ONCE(channel->up, up);
	if (!up)
		return;
	channel->failures = 0;
	channel->told = false;
	if (!channel->answered && channel->dial.xprt) {
		channel->answered = true;
		dnfs4_dial_answered(&channel->client->server->delegations->dials,
				    (struct sockaddr *)&channel->dial.xprt->addr);
	}
	WRITE_ONCE(channel->young, false);
	clear_bit(DNFS4_CLIENT_CB_DOWN, &channel->client->flags);
	/* Make @up visible before looking for waiters. */
	smp_mb();
	wake_up_var(&channel->up);
}

/* The transport failed or cannot be opened. Schedule the next attempt. */
static void set_down(struct dnfs4_callback_channel *channel)
{
	u32 ms = dnfs4_dial_pause_ms(0);

	set_up(channel, false);
	set_bit(DNFS4_CLIENT_CB_DOWN, &channel->client->flags);
	/* Each connection that is bound is tried before any is tried again. */
	if (!channel->tried) {
		ms = dnfs4_dial_pause_ms(channel->failures++);
		/* It does not answer any more: the pauses of its address apply again. */
		if (channel->failures > 2)
			channel->answered = false;
	}
	channel->not_before = jiffies + msecs_to_jiffies(ms);
}

/* Queueing and end of callbacks */

/* Initialize a callback. @cb: embedded in the caller's object. */
void dnfs4_callback_init_one(struct dnfs4_callback *cb, const struct dnfs4_callback_ops *ops,
			     struct dnfs4_client *client)
{
	memset(cb, 0, sizeof(*cb));
	cb->ops = ops;
	cb->client = client;
	cb->slot = DNFS4_CB_NO_SLOT;
	INIT_LIST_HEAD(&cb->link);
}

/*
 * Queue a callback. @cb: not in progress; its memory must stay until @cb->ops->release is called;
 * @wait: milliseconds to wait before sending; @ms: milliseconds from now until the deadline.
 * Context: process; does not sleep. Return: false if the channel is closed; then none of @cb->ops
 * is called.
 */
bool dnfs4_callback_send(struct dnfs4_callback *cb, u32 wait, u32 ms)
{
	struct dnfs4_callback_channel *channel = channel_of(cb);
	bool taken;

	cb->deadline = jiffies + msecs_to_jiffies(ms);
	cb->not_before = jiffies + msecs_to_jiffies(wait);
	spin_lock_bh(&channel->lock);
	taken = !channel->gone;
	if (taken) {
		/* The tables hold the client until the channel is gone. */
		dnfs4_client_hold(cb->client);
		list_add_tail(&cb->link, &channel->queue);
	}
	spin_unlock_bh(&channel->lock);
	if (taken)
		dnfs4_channel_kick(channel);
	return taken;
}

/*
 * Note that the RPC task of a callback has ended. In callback.c. Context: process; does not sleep.
 */
void dnfs4_callback_ended(struct dnfs4_callback *cb)
{
	struct dnfs4_callback_channel *channel = channel_of(cb);

	spin_lock_bh(&channel->lock);
	list_move_tail(&cb->link, &channel->ended);
	spin_unlock_bh(&channel->lock);
	dnfs4_channel_kick(channel);
}

static void slot_give(struct dnfs4_callback *cb, enum dnfs4_cb_fate fate)
{
	if (cb->slot == DNFS4_CB_NO_SLOT)
		return;
	dnfs4_cb_slot_give(cb->session, cb->slot, fate);
	dnfs4_session_put(cb->session);
	cb->slot = DNFS4_CB_NO_SLOT;
	cb->session = NULL;
}

/* Put a callback back: at the front of the queue, to keep the order, or behind all others. */
static void callback_put_back(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb,
			      bool behind)
{
	spin_lock_bh(&channel->lock);
	if (behind)
		list_add_tail(&cb->link, &channel->queue);
	else
		list_add(&cb->link, &channel->queue);
	spin_unlock_bh(&channel->lock);
}

/* The same for one that is to wait before it is sent again. */
static void callback_requeue(struct dnfs4_callback_channel *channel,
			     struct dnfs4_callback *cb, u32 ms)
{
	cb->not_before = jiffies + msecs_to_jiffies(ms);
	callback_put_back(channel, cb, false);
}

static void callback_finish(struct dnfs4_callback_channel *channel,
			    struct dnfs4_callback *cb, int err)
{
	struct dnfs4_client *client = cb->client;
	u32 ms = 0;

	slot_give(cb, DNFS4_CB_LOST);
	if (cb == &channel->probe) {
		channel->probing = false;
		return;
	}
	if (cb->ops->done)
		ms = cb->ops->done(cb, err);
	if (ms && !err) {
		callback_requeue(channel, cb, ms);
		return;
	}
	if (cb->ops->release)
		cb->ops->release(cb);
	dnfs4_client_put(client);
}

/* Replies */

/*
 * There was no reply, or a malformed one. A channel that is not up sends one callback at a time, so
 * one that the client never answers goes behind the others, which it may answer. If the session has
 * one slot, these wait for its end: it keeps the slot (RFC 8881 section 2.10.6.1.3).
 */
static void callback_lost(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	channel->broken = true;
	if (cb == &channel->probe) {
		callback_finish(channel, cb, -EIO);
		return;
	}
	cb->not_before = jiffies;
	callback_put_back(channel, cb, true);
}

/* CB_SEQUENCE was refused: RFC 8881 section 20.9.3. */
static void callback_refused(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	enum dnfs4_cb_fate fate = DNFS4_CB_NOT_TAKEN;

	switch (cb->seq_status) {
	case NFS4ERR_DELAY:
		/* The callback keeps its slot. */
		callback_requeue(channel, cb, AGAIN_MS);
		return;
	case NFS4ERR_BADSLOT:
	case NFS4ERR_BAD_HIGH_SLOT:
		if (!cb->slot)
			break;
		dnfs4_cb_slots_limit(cb->session, cb->slot);
		slot_give(cb, fate);
		callback_requeue(channel, cb, 0);
		return;
	case NFS4ERR_SEQ_MISORDERED:
		if (cb->seqid == 1)
			break;
		slot_give(cb, DNFS4_CB_MISORDERED);
		callback_requeue(channel, cb, 0);
		return;
	case NFS4ERR_SEQ_FALSE_RETRY:
		slot_give(cb, DNFS4_CB_TAKEN);
		callback_requeue(channel, cb, 0);
		return;
	case NFS4ERR_REQ_TOO_BIG:
	case NFS4ERR_REP_TOO_BIG:
	case NFS4ERR_TOO_MANY_OPS:
		slot_give(cb, fate);
		callback_finish(channel, cb, -EMSGSIZE);
		return;
	case NFS4ERR_BADSESSION:
	case NFS4ERR_DEADSESSION:
		WRITE_ONCE(cb->session->back_refused, true);
		break;
	}
	slot_give(cb, DNFS4_CB_LOST);
	callback_lost(channel, cb);
}

static void callback_answered(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	if (cb->minor) {
		if (cb->target < DNFS4_CB_SLOTS)
			dnfs4_cb_slots_limit(cb->session, cb->target + 1);
		slot_give(cb, DNFS4_CB_TAKEN);
	}
	callback_finish(channel, cb, 0);
}

/* Handle the callbacks that sunrpc has finished. */
static void callback_collect(struct dnfs4_callback_channel *channel)
{
	struct dnfs4_callback *cb;

	for (;;) {
		spin_lock_bh(&channel->lock);
		cb = list_first_entry_or_null(&channel->ended, struct dnfs4_callback, link);
		if (cb)
			list_del_init(&cb->link);
		spin_unlock_bh(&channel->lock);
		if (!cb)
			return;
		if (cb->task_status < 0) {
			dnfs4_cb_transport_explain(channel, cb->task_status);
			callback_lost(channel, cb);
			continue;
		}
		/* The client has processed the callback before, and did not cache its reply. */
		if (cb->minor && cb->seq_status == NFS4ERR_RETRY_UNCACHED_REP) {
			cb->status = cb->seq_status;
			cb->seq_status = NFS4_OK;
			cb->target = U32_MAX;
		}
		if (!cb->minor || cb->seq_status == NFS4_OK || cb->seq_status == NFS4ERR_DELAY)
			set_up(channel, true);
		if (!cb->minor || cb->seq_status == NFS4_OK)
			callback_answered(channel, cb);
		else
			callback_refused(channel, cb);
	}
}

/* Sending */

static int callback_is_useless(const struct dnfs4_callback *cb)
{
	if (is_past(cb->deadline))
		return -ETIMEDOUT;
	return cb->ops->wanted && !cb->ops->wanted(cb) ? -ECANCELED : 0;
}

/* Finish queued callbacks that passed their deadline or are not wanted any more. */
static void sort_out(struct dnfs4_callback_channel *channel)
{
	struct dnfs4_callback *cb, *next;
	LIST_HEAD(out);

	spin_lock_bh(&channel->lock);
	list_for_each_entry_safe(cb, next, &channel->queue, link)
		if (callback_is_useless(cb))
			list_move_tail(&cb->link, &out);
	spin_unlock_bh(&channel->lock);
	list_for_each_entry_safe(cb, next, &out, link) {
		list_del_init(&cb->link);
		callback_finish(channel, cb, callback_is_useless(cb) ?: -ECANCELED);
	}
}

static bool slot_take(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	if (!channel->session)
		return true;
	if (cb->slot != DNFS4_CB_NO_SLOT && cb->session == channel->session) {
		dnfs4_cb_slot_again(cb->session, cb->slot, &cb->seqid, &cb->highest);
		return true;
	}
	slot_give(cb, DNFS4_CB_LOST);
	if (cb == &channel->probe)
		cb->slot = dnfs4_cb_slot_take_lost(channel->session, &cb->seqid, &cb->highest);
	if (cb->slot == DNFS4_CB_NO_SLOT)
		cb->slot = dnfs4_cb_slot_take(channel->session, &cb->seqid, &cb->highest);
	if (cb->slot == DNFS4_CB_NO_SLOT)
		return false;
	cb->session = channel->session;
	dnfs4_session_hold(cb->session);
	return true;
}

/* Send a callback that is on no list. Return: false if there is no free slot. */
static bool send_one(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	if (!slot_take(channel, cb))
		return false;
	cb->lost_at = jiffies + HZ / 2 + (channel->up ? dnfs4_cb_timeout(channel->client) :
							dnfs4_cb_first_timeout(channel));
	spin_lock_bh(&channel->lock);
	list_add_tail(&cb->link, &channel->sent);
	spin_unlock_bh(&channel->lock);
	if (dnfs4_cb_transport_call(channel, cb)) {
		/* The task was not started, for lack of memory. */
		spin_lock_bh(&channel->lock);
		list_del_init(&cb->link);
		spin_unlock_bh(&channel->lock);
		if (cb == &channel->probe)
			callback_lost(channel, cb);
		else
			callback_requeue(channel, cb, AGAIN_MS);
	}
	return true;
}

/* Take the first callback that is due at @now off the queue. @full: it must have a slot. */
static struct dnfs4_callback *next_due(struct dnfs4_callback_channel *channel, unsigned long now,
				       bool full)
{
	struct dnfs4_callback *cb, *found = NULL;

	spin_lock_bh(&channel->lock);
	list_for_each_entry(cb, &channel->queue, link) {
		if (time_after(cb->not_before, now) || (full && cb->slot == DNFS4_CB_NO_SLOT))
			continue;
		list_del_init(&cb->link);
		found = cb;
		break;
	}
	spin_unlock_bh(&channel->lock);
	return found;
}

static bool is_idle(struct dnfs4_callback_channel *channel)
{
	bool idle;

	spin_lock_bh(&channel->lock);
	idle = list_empty(&channel->sent);
	spin_unlock_bh(&channel->lock);
	return idle;
}

/*
 * Send what is due. A callback that is sent again keeps its slot, so it does not stay behind those
 * that wait for one: perhaps for its own.
 */
static void send_due(struct dnfs4_callback_channel *channel, unsigned long now)
{
	struct dnfs4_callback *cb;
	bool full = false;

	do {
		if (!channel->up && !is_idle(channel))
			return;
		cb = next_due(channel, now, full);
		if (!cb)
			break;
		if (!send_one(channel, cb)) {
			callback_put_back(channel, cb, false);
			full = true;
		}
	} while (!channel->broken);
	if (channel->broken || channel->probing)
		return;
	if (channel->up ? !channel->session || !READ_ONCE(channel->session->cb_slots.lost) :
			  !is_idle(channel))
		return;
	channel->probing = true;
	channel->probe.deadline = jiffies + MAX_JIFFY_OFFSET;
	if (!send_one(channel, &channel->probe))
		channel->probing = false;
}

/* The work */

static void look_at_changes(struct dnfs4_callback_channel *channel)
{
	bool conns = test_and_clear_bit(DNFS4_CHANGED_CONNS, &channel->changed);
	bool addr = test_and_clear_bit(DNFS4_CHANGED_ADDR, &channel->changed);

	if (!conns && !addr)
		return;
	channel->failures = 0;
	channel->told = false;
	if (addr)
		channel->answered = false;
	channel->not_before = jiffies + msecs_to_jiffies(YOUNG_MS);
	if (channel->clnt && !addr && channel->up && dnfs4_cb_transport_is_current(channel))
		return;
	channel->tried = 0;
	if (!channel->clnt)
		return;
	dnfs4_cb_transport_close(channel);
	callback_collect(channel);
	WRITE_ONCE(channel->young, true);
	set_up(channel, false);
	channel->broken = false;
}

static void cb_transport_give_up(struct dnfs4_callback_channel *channel)
{
	dnfs4_cb_transport_close(channel);
	callback_collect(channel);
	set_down(channel);
	channel->broken = false;
}

/*
 * 4.0: whether a connection may be made now; else @channel->not_before is set. An address that
 * answers may have its connection again, as one that is idle is closed.
 */
static bool dial_is_due(struct dnfs4_callback_channel *channel)
{
	struct dnfs4_dials *dials = &channel->client->server->delegations->dials;
	struct sockaddr_storage to;

	if (channel->client->minor || channel->answered)
		return true;
	spin_lock_bh(&channel->lock);
	to = channel->addr.addr;
	spin_unlock_bh(&channel->lock);
	return dnfs4_dial_is_due(dials, (struct sockaddr *)&to, &channel->not_before);
}

static void arm_until(unsigned long *when, unsigned long at)
{
	if (time_before(at, *when))
		*when = at;
}

/*
 * Have the work run again when there is something to do. @looked: when the queue was searched for
 * callbacks that are due. One that has become due since needs the work; one that was due then waits
 * for the slot of another one, which needs the work by itself, or whose end kicks the channel.
 */
static void callback_arm(struct dnfs4_callback_channel *channel, unsigned long looked)
{
	unsigned long now = jiffies, when = now + MAX_JIFFY_OFFSET;
	struct dnfs4_callback *cb;

	if (!channel->clnt)
		arm_until(&when, channel->not_before);
	spin_lock_bh(&channel->lock);
	cb = list_first_entry_or_null(&channel->sent, struct dnfs4_callback, link);
	if (cb)
		arm_until(&when, cb->lost_at);
	list_for_each_entry(cb, &channel->queue, link) {
		arm_until(&when, cb->deadline);
		if (channel->up && time_after(cb->not_before, looked))
			arm_until(&when, cb->not_before);
	}
	/* Does nothing if the work is queued already. */
	if (channel->running && when != now + MAX_JIFFY_OFFSET)
		queue_delayed_work(callback_wq, &channel->work,
				   time_after(when, now) ? when - now : 1);
	spin_unlock_bh(&channel->lock);
}

static void channel_work(struct work_struct *work)
{
	struct dnfs4_callback_channel *channel =
		container_of(to_delayed_work(work), struct dnfs4_callback_channel, work);
	const struct dnfs4_callback *oldest;
	unsigned long now;
	bool overdue;

	callback_collect(channel);
	look_at_changes(channel);
	/* sunrpc may take long to connect, so it is not left to decide that a callback is lost. */
	spin_lock_bh(&channel->lock);
	oldest = list_first_entry_or_null(&channel->sent, struct dnfs4_callback, link);
	overdue = oldest && is_past(oldest->lost_at);
	spin_unlock_bh(&channel->lock);
	if (channel->broken || overdue)
		cb_transport_give_up(channel);
	sort_out(channel);
	/* A transport connects once, and the client closed the connection while it was idle. */
	if (channel->up && dnfs_dial_is_over(&channel->dial) && is_idle(channel))
		dnfs4_cb_transport_close(channel);
	if (!channel->clnt && is_past(channel->not_before) && dial_is_due(channel)) {
		int err = dnfs4_cb_transport_open(channel);

		if (err) {
			dnfs4_cb_transport_explain(channel, err);
			set_down(channel);
		}
	}
	now = jiffies;
	if (channel->clnt)
		send_due(channel, now);
	if (channel->broken)
		cb_transport_give_up(channel);
	callback_arm(channel, now);
}

/*
 * Get the room for the arguments of a callback. For dnfs4_callback_ops.encode. Return: most bytes
 * of arguments that the client accepts.
 */
u32 dnfs4_callback_room(const struct dnfs4_callback *cb)
{
	u32 room = DNFS4_CB_ARGS_BYTES - DNFS4_CB_HEAD_BYTES;

	if (!cb->session)
		return room;
	return min(room, cb->session->back.maxrequestsize - DNFS4_CB_RPC_BYTES -
			 DNFS4_CB_HEAD_BYTES);
}

/* Set-up and end of a channel */

static const struct dnfs4_callback_ops probe_ops = { };

/* Create the callback channel of a new client. Return: 0 or -ENOMEM. */
int dnfs4_callback_init(struct dnfs4_client *client)
{
	struct dnfs4_delegations *all = client->server->delegations;
	struct dnfs4_callback_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (!channel)
		return -ENOMEM;
	channel->client = client;
	spin_lock_init(&channel->lock);
	mutex_init(&channel->halt);
	INIT_LIST_HEAD(&channel->queue);
	INIT_LIST_HEAD(&channel->sent);
	INIT_LIST_HEAD(&channel->ended);
	INIT_DELAYED_WORK(&channel->work, channel_work);
	channel->not_before = jiffies;
	dnfs4_callback_init_one(&channel->probe, &probe_ops, client);
	client->callback = channel;
	spin_lock_bh(&all->lock);
	channel->running = all->running;
	list_add_tail(&channel->list, &all->channels);
	spin_unlock_bh(&all->lock);
	return 0;
}

/* 4.0: set the callback address of a client. The channel probes the address with CB_NULL. */
void dnfs4_callback_set(struct dnfs4_client *client, const struct dnfs4_callback_addr *addr)
{
	struct dnfs4_callback_channel *channel = client->callback;

	spin_lock_bh(&channel->lock);
	channel->addr = *addr;
	spin_unlock_bh(&channel->lock);
	WRITE_ONCE(channel->young, true);
	set_bit(DNFS4_CHANGED_ADDR, &channel->changed);
	dnfs4_channel_kick(channel);
}

/*
 * 4.1: note that the back channel changed. The channel probes the connection if necessary, and
 * resends what is queued. Context: any.
 */
void dnfs4_callback_changed(struct dnfs4_client *client)
{
	struct dnfs4_callback_channel *channel = client->callback;

	if (!channel)
		return;
	if (!READ_ONCE(channel->up))
		WRITE_ONCE(channel->young, true);
	set_bit(DNFS4_CHANGED_CONNS, &channel->changed);
	dnfs4_channel_kick(channel);
}

/* Stop the work of a channel and end its RPC tasks. Context: takes channel->halt. */
void dnfs4_channel_halt(struct dnfs4_callback_channel *channel)
{
	mutex_lock(&channel->halt);
	spin_lock_bh(&channel->lock);
	channel->running = false;
	spin_unlock_bh(&channel->lock);
	cancel_delayed_work_sync(&channel->work);
	dnfs4_cb_transport_close(channel);
	callback_collect(channel);
	set_up(channel, false);
	channel->tried = 0;
	channel->broken = false;
	mutex_unlock(&channel->halt);
}

/*
 * Close the callback channel of a client. Ends all callbacks without waiting for replies. No
 * callback runs or is accepted afterwards.
 */
void dnfs4_callback_stop(struct dnfs4_client *client)
{
	struct dnfs4_callback_channel *channel = client->callback;
	struct dnfs4_callback *cb;

	if (!channel)
		return;
	spin_lock_bh(&channel->lock);
	channel->gone = true;
	spin_unlock_bh(&channel->lock);
	dnfs4_room_cancel(client);
	dnfs4_channel_halt(channel);
	while ((cb = list_first_entry_or_null(&channel->queue, struct dnfs4_callback, link))) {
		list_del_init(&cb->link);
		callback_finish(channel, cb, -ESHUTDOWN);
	}
}

/* Free the callback channel of a client. @client: being freed; may have no channel. */
void dnfs4_callback_free(struct dnfs4_client *client)
{
	struct dnfs4_delegations *all = client->server->delegations;

	if (!client->callback)
		return;
	spin_lock_bh(&all->lock);
	list_del(&client->callback->list);
	spin_unlock_bh(&all->lock);
	kfree(client->callback);
	client->callback = NULL;
}

int dnfs4_callbacks_setup(void)
{
	int err = dnfs4_ways_setup();

	if (err)
		return err;
	callback_wq = alloc_workqueue("ditto_nfs4_cb", WQ_UNBOUND, 0);
	if (callback_wq)
		return 0;
	dnfs4_ways_cleanup();
	return -ENOMEM;
}

void dnfs4_callbacks_cleanup(void)
{
	destroy_workqueue(callback_wq);
	dnfs4_ways_cleanup();
}
