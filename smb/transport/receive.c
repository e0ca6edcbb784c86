// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket of a connection: receiving a batch of messages. See transport_private.h; long messages
 * are in large.c.
 *
 * Locking: all of it is done by the holder of T_RX_BUSY, but for the end of the held message.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/socket.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include <net/rps.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../../net/rx_data.h"
#include "../server.h"
#include "buf.h"
#include "conn.h"
#include "message.h"
#include "transport.h"
#include "transport_private.h"

/* Delay before receiving again after a failed allocation. */
#define RX_RETRY_MS	10
/* Delay before receiving again if the client's budget is used up. */
#define RX_QUOTA_MS	100
/* Seconds for which a message waits for memory before its large responses are refused. */
#define HELD_S		10
/* Seconds for which one waits that is compressed, and has no calls yet that could be refused. */
#define EXPANDS_S	30
/* The shortest message is an SMB1 header with an empty body. */
#define MESSAGE_MIN	35
/* Bytes up to which what has arrived is copied under the socket's spinlock. */
#define RECV_FAST	SZ_64K
/*
 * A batch is continued in another receive buffer while it has fewer bytes and messages: answers
 * that are sent together cost less, but one worker runs them one after the other.
 */
#define BATCH_BYTES	SZ_64K
#define BATCH_MESSAGES	16
/*
 * A client that has sent data sends more: only the head of its next message is received first, up
 * to where the data of a WRITE begin, so that they can be taken, too.
 */
#define DATA_HEAD	((u32)(DSMB_FRAME + sizeof(struct dsmb_header) + DSMB_WRITE_FIXED))

static bool transport_is_throttled(struct dsmb_transport *t)
{
	if (likely(atomic_long_read(&t->inflight) < dsmb_transport_inflight_max(t)))
		return false;
	set_bit(T_THROTTLED, &t->flags);
	/* The last message in flight may have ended before it could see the bit. */
	smp_mb__after_atomic();
	return atomic_long_read(&t->inflight) >= dsmb_transport_inflight_max(t) ||
	       !test_and_clear_bit(T_THROTTLED, &t->flags);
}

/*
 * May a message of @len bytes be received? Returns 0; -EBUSY if other messages of the
 * connection must end first; -EDQUOT if the principal's budget is used up.
 */
static int transport_admit(struct dsmb_transport *t, u32 len)
{
	if (transport_is_throttled(t))
		return -EBUSY;
	return dsmb_transport_ensure(t, len + DSMB_MESSAGE_COST);
}

static bool batch_is_empty(const struct dsmb_rx_batch *batch)
{
	return list_empty(&batch->messages) && list_empty(&batch->cancels) && !batch->cancelled;
}

/*
 * Returns false if the socket has urgent data, and the result in @ret otherwise. The socket is the
 * server's own, so no security module is asked.
 */
static bool recv_tcp(struct sock *sk, void *data, u32 len, int *ret)
{
	bool slow, urgent;

	sock_rps_record_flow(sk);
	slow = lock_sock_fast(sk);
	urgent = tcp_sk(sk)->urg_data;
	if (likely(!urgent)) {
		*ret = ditto_copy_arrived(sk, 0, data, len);
		if (*ret > 0)
			tcp_read_done(sk, *ret);
		else if (!*ret)
			*ret = ditto_sock_end(sk) ?: -EAGAIN;
	}
	unlock_sock_fast(sk, slow);
	return !urgent;
}

/*
 * Receive bytes that have arrived. Context: process; does not wait for bytes; the caller has the
 * right to receive. Return: the number of bytes; -EAGAIN if there are none now; -ECONNRESET if none
 * will come, or another errno of the socket.
 */
int dsmb_transport_recv(struct dsmb_transport *t, void *data, u32 len)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	int ret;

	/* recv_tcp() copies with bottom halves off, so not much. */
	if (likely(t->is_tcp && len <= RECV_FAST) && recv_tcp(t->sock->sk, data, len, &ret))
		return ret;
	return kernel_recvmsg(t->sock, &msg, &vec, 1, len, MSG_DONTWAIT | MSG_NOSIGNAL) ?:
	       -ECONNRESET;
}

/*
 * Takes the result of receiving. Returns the bytes received; 0 if there are none now; a negative
 * errno if the connection failed or memory is short. What came before a failure is run first; the
 * failure is found again after it.
 */
static int bytes_received(int ret, const struct dsmb_rx_batch *batch)
{
	if (ret > 0)
		return ret;
	return ret == -EAGAIN || ret == -EINTR || !batch_is_empty(batch) ? 0 : ret;
}

/* Takes the held message. Returns NULL if another thread has taken it. */
static struct dsmb_message *transport_take_held(struct dsmb_transport *t)
{
	return xchg(&t->held, NULL);
}

/*
 * Holds a message back because there is no memory for its responses. Nothing is received until
 * it is run.
 */
static void transport_hold(struct dsmb_transport *t, struct dsmb_message *message)
{
	t->held_until = jiffies + (message->expanded ? EXPANDS_S : HELD_S) * HZ;
	/* Pairs with dsmb_transport_stop(): exactly one side ends the message. */
	smp_store_mb(t->held, message);
	if (test_bit(T_STOPPED, &t->flags))
		dsmb_receive_drop_held(t);
}

/* Charge a message for its largest possible responses. Returns -EDQUOT if it must be held back. */
static int message_fit(struct dsmb_transport *t, struct dsmb_message *message)
{
	bool lacks_room = message->expanded && !message->room;

	if (!lacks_room && !dsmb_transport_ensure(t, 0)) {
		dsmb_message_end_reserve(message);
		if (dsmb_message_answers_large(message))
			t->refuses = false;
		return 0;
	}
	if (message->expanded)
		return -EDQUOT;
	if (!t->refuses && !(message->reserve && dsmb_message_frees(message)))
		return -EDQUOT;
	dsmb_message_refuse_large(message);
	return 0;
}

/* Immediately run a CANCEL that used the reserve, so that the next message can use the reserve. */
static void message_cancel_now(struct dsmb_transport *t, struct dsmb_message *message)
{
	LIST_HEAD(outs);

	dsmb_message_run(message, &outs);
	dsmb_transport_send(t, &outs);
}

/*
 * Parses a message and takes it into the batch. A malformed message ends the connection. Returns 0;
 * -EDQUOT if the message is held back; -EPIPE.
 */
static int batch_take(struct dsmb_transport *t, struct dsmb_message *message,
		      struct dsmb_rx_batch *batch)
{
	const char *why = dsmb_message_prepare(message);
	int err;

	if (why) {
		dsmb_message_end(message);
		dsmb_conn_drop(t->conn, why);
		return -EPIPE;
	}
	if (dsmb_message_is_cancel(message)) {
		batch->cancelled |= message->reserve;
		if (message->reserve)
			message_cancel_now(t, message);
		else
			list_add_tail(&message->list, &batch->cancels);
		return 0;
	}
	err = message_fit(t, message);
	if (err)
		transport_hold(t, message);
	else
		list_add_tail(&message->list, &batch->messages);
	return err;
}

/* Makes a message of received bytes. Returns as batch_take(), or -ENOMEM. */
static int batch_add(struct dsmb_transport *t, struct dsmb_buf *buf, u32 offset, u32 len,
		     bool reserve, struct dsmb_rx_batch *batch)
{
	struct dsmb_message *message = dsmb_message_new(t->conn, buf, offset, len);

	if (!message)
		return -ENOMEM;
	if (reserve) {
		set_bit(T_RESERVE, &t->flags);
		message->reserve = true;
	}
	/* These bytes are now counted for the message. */
	if (buf == t->large) {
		dsmb_transport_uncharge(t, len);
		message->apart = len - t->large_flat;
		message->taken = t->taken;
		t->taken = NULL;
	}
	batch->bytes += len;
	batch->count++;
	if (!READ_ONCE(t->is_used))
		WRITE_ONCE(t->is_used, true);
	return batch_take(t, message, batch);
}

/* Tries again to take a message that expands, which was held back until @until at most. */
static int batch_take_expanding(struct dsmb_transport *t, struct dsmb_message *message,
				unsigned long until, struct dsmb_rx_batch *batch)
{
	int err;

	if (time_after(jiffies, until)) {
		dsmb_message_end(message);
		dsmb_conn_drop(t->conn, "no memory for a compressed message for a long time");
		return -EPIPE;
	}
	err = batch_take(t, message, batch);
	t->held_until = until;
	return err;
}

/*
 * Takes the held message into the batch if there is memory for it, or if it has waited too
 * long. Returns as batch_take().
 */
static int batch_add_held(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	struct dsmb_message *message;
	bool fits;

	if (likely(!READ_ONCE(t->held)))
		return 0;
	fits = !dsmb_transport_ensure(t, 0);
	if (!fits && time_before_eq(jiffies, t->held_until))
		return -EDQUOT;
	message = transport_take_held(t);
	if (!message)
		return 0;
	if (message->expanded)
		return batch_take_expanding(t, message, t->held_until, batch);
	if (fits) {
		dsmb_message_end_reserve(message);
	} else {
		/*
		 * The calls that use the budget may wait for the client, so receiving must
		 * continue.
		 */
		t->refuses = true;
		dsmb_message_refuse_large(message);
	}
	list_add_tail(&message->list, &batch->messages);
	return 0;
}

/* May more be received before the batch is run? A CANCEL does not wait. */
static bool batch_may_grow(const struct dsmb_rx_batch *batch)
{
	return batch_is_empty(batch) ||
	       (batch->bytes < BATCH_BYTES && batch->count < BATCH_MESSAGES &&
		list_empty(&batch->cancels) && !batch->cancelled);
}

/*
 * Moves the incomplete message to the front of a buffer with room for @size bytes, frame
 * included. The limit may have fallen since the current buffer was allocated.
 */
static int transport_move_rest(struct dsmb_transport *t, u32 size)
{
	u32 there = t->rx_end - t->rx_start;
	struct dsmb_buf *buf = t->rx;

	size = max3(size, there, dsmb_transport_rx_size(t));
	if (refcount_read(&t->rx->ref) > 1 || t->rx->size < size) {
		buf = dsmb_buf_get_rx(t->conn->server, size);
		if (!buf)
			return -ENOMEM;
	}
	memmove(buf->data, t->rx->data + t->rx_start, there);
	if (buf != t->rx) {
		dsmb_buf_put(t->conn->server, t->rx);
		t->rx = buf;
	}
	t->rx_start = 0;
	t->rx_end = there;
	return 0;
}

/* Uses the buffer from its start again, unless it has bytes, or messages use it. */
static bool transport_rewind(struct dsmb_transport *t)
{
	if (t->rx_start != t->rx_end || refcount_read(&t->rx->ref) > 1)
		return false;
	t->rx_start = 0;
	t->rx_end = 0;
	return true;
}

/*
 * Takes the complete messages from the receive buffer. Returns 0; -ENOMEM, -EBUSY or -EDQUOT to
 * be tried again later; another negative errno ends the connection.
 */
static int parse_frames(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	while (t->rx_end - t->rx_start >= DSMB_FRAME) {
		u32 frame = get_unaligned_be32(t->rx->data + t->rx_start);
		u32 len = frame & 0xffffff;
		bool reserve;
		int err;

		if (frame >> 24 || len < MESSAGE_MIN ||
		    len > dsmb_allowance(t->conn)->message_max)
			return -EPROTO;
		if (len <= t->rx_end - t->rx_start - DSMB_FRAME) {
			err = transport_admit(t, len);
			reserve = err == -EDQUOT && dsmb_transport_has_reserve(t, len);
			if (err && !reserve)
				return err;
			err = batch_add(t, t->rx, t->rx_start + DSMB_FRAME, len, reserve, batch);
			if (err && err != -EDQUOT)
				return err;
			t->rx_start += DSMB_FRAME + len;
			if (err)
				return err;
			continue;
		}
		/*
		 * A buffer that was allocated before the trust level fell may be larger than the
		 * charge.
		 */
		if (DSMB_FRAME + len > min(t->rx->size, dsmb_transport_rx_size(t)))
			return transport_admit(t, len) ?: dsmb_large_begin(t, len);
		if (DSMB_FRAME + len > t->rx->size - t->rx_start)
			return transport_move_rest(t, DSMB_FRAME + len);
		return 0;
	}
	if (transport_rewind(t))
		return 0;
	return t->rx_end > t->rx->size - DSMB_FRAME ? transport_move_rest(t, DSMB_FRAME) : 0;
}

/* Receives more of the large message, and takes it into the batch when it is complete. */
static int receive_large(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	u32 want = t->large_len - t->large_have;
	int n, err;

	if (want) {
		n = bytes_received(dsmb_large_receive(t), batch);
		if (n < 0)
			return n;
		want -= n;
	}
	if (want)
		return -EAGAIN;
	err = batch_add(t, t->large, DSMB_LARGE_AT, t->large_len, false, batch);
	/* In this case the bytes still count as being received. */
	if (err == -ENOMEM)
		return err;
	dsmb_buf_put(t->conn->server, t->large);
	t->large = NULL;
	return err;
}

/* Allocates the receive buffer; a connection that was idle is charged for what it keeps first. */
static int transport_wake(struct dsmb_transport *t)
{
	int err;

	if (!t->in_use) {
		err = dsmb_transport_keep(t, true);
		if (err)
			dsmb_transport_keep(t, false);
		if (err && !dsmb_allowance(t->conn)->reserve)
			return err;
		queue_delayed_work(t->conn->server->slow, &t->trim, TRIM_S * HZ);
	}
	t->rx = dsmb_buf_get_rx(t->conn->server, dsmb_transport_rx_size(t));
	return t->rx ? 0 : -ENOMEM;
}

static int receive_small(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	u32 room;
	int n, err;

	/* The trust level changed, and with it the size of the buffer. */
	if (t->rx && t->rx_start == t->rx_end && t->rx->size != dsmb_allowance(t->conn)->rx) {
		dsmb_buf_put(t->conn->server, t->rx);
		t->rx = NULL;
		t->rx_start = 0;
		t->rx_end = 0;
	}
	if (!t->rx) {
		err = transport_wake(t);
		if (err)
			return err;
	}
	if (!transport_rewind(t)) {
		/* Messages that were left when memory was short, or no room for another one. */
		err = parse_frames(t, batch);
		if (err || t->large)
			return err;
	}
	room = t->rx->size - t->rx_end;
	if (t->expects_data && t->rx_start == t->rx_end)
		room = min(room, DATA_HEAD);
	n = bytes_received(dsmb_transport_recv(t, t->rx->data + t->rx_end, room), batch);
	if (n < 0)
		return n;
	t->rx_end += n;
	err = parse_frames(t, batch);
	if (n)
		t->expects_data = t->taken;
	if (!err && n < room && !t->large)
		return -EAGAIN;
	return err;
}

/*
 * Receive a batch, up to about 64 KiB. What came before a failure is in the batch, and is to be run
 * in any case. A failure of the socket behind it is found by the next call. Where memory or the
 * client's budget is short, @t->retry is queued, and the result is -EBUSY. Context: process; may
 * sleep for memory; the caller has the right to receive. Return: 0 if there may be more; -EAGAIN if
 * there is no more; -EBUSY if something must end first; another negative errno ends the connection.
 */
int dsmb_receive(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	int err = batch_add_held(t, batch);

	while (!err && batch_may_grow(batch)) {
		if (!t->large && transport_is_throttled(t))
			return -EBUSY;
		err = t->large ? receive_large(t, batch) : receive_small(t, batch);
	}
	if (err != -ENOMEM && err != -EDQUOT)
		return err;
	queue_delayed_work(t->conn->server->slow, &t->retry,
			   msecs_to_jiffies(err == -EDQUOT ? RX_QUOTA_MS : RX_RETRY_MS));
	return -EBUSY;
}

/* End the message that waits for memory, if there is one. Process context. */
void dsmb_receive_drop_held(struct dsmb_transport *t)
{
	struct dsmb_message *held = transport_take_held(t);

	if (held)
		dsmb_message_end(held);
}
