// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket of a connection: receiving, and the start and end of the transport. See
 * transport.h; long messages are in large.c, sending is in send.c, memory accounting in
 * transport_memory.c.
 *
 * Locking: the bit T_RX_BUSY is the right to receive; its holder owns the receive members. A
 * worker holds a reference to the connection from the time it is queued until it has run.
 * t->lock guards the send queue. The socket's sk_callback_lock guards sk_user_data and the
 * callbacks.
 */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../../net/server.h"
#include "../server.h"
#include "buf.h"
#include "conn.h"
#include "message.h"
#include "transport.h"
#include "transport_private.h"
#include "trust.h"

/* Delay before receiving again after a failed allocation. */
#define RX_RETRY_MS	10
/* Delay before receiving again if the client's budget is used up. */
#define RX_QUOTA_MS	100
/* Seconds for which a message waits for memory before its large responses are refused. */
#define HELD_S		10
/* Seconds without a message after which an idle connection keeps only its objects. */
#define TRIM_S		5
/* The shortest message is an SMB1 header with an empty body. */
#define MESSAGE_MIN	35
/*
 * A batch is continued in another receive buffer while it has fewer bytes and messages: answers
 * that are sent together cost less, but one worker runs them one after the other.
 */
#define BATCH_BYTES	SZ_64K
#define BATCH_MESSAGES	16

/* Number of TCP keepalive probes in the second half of the silence time. */
#define KEEP_COUNT	4

static struct dsmb_worker *worker_take(struct dsmb_transport *t)
{
	for (unsigned int i = 0; i < RX_WORKERS; i++)
		if (!test_and_set_bit(i, &t->workers_busy))
			return &t->workers[i];
	return NULL;
}

void dsmb_transport_kick(struct dsmb_transport *t)
{
	struct dsmb_worker *worker;

	do {
		if (test_bit(T_STOPPED, &t->flags) || test_and_set_bit(T_RX_BUSY, &t->flags))
			return;
		worker = worker_take(t);
		if (worker)
			break;
		/*
		 * The next worker that becomes free checks this. It cannot receive before
		 * T_RX_BUSY is cleared.
		 */
		set_bit(T_STARVED, &t->flags);
		clear_bit_unlock(T_RX_BUSY, &t->flags);
		/* Pairs with the end of worker_run(): at least one side sees the other's change. */
		smp_mb__after_atomic();
	} while (READ_ONCE(t->workers_busy) != GENMASK(RX_WORKERS - 1, 0));
	if (!worker)
		return;
	if (!refcount_inc_not_zero(&t->conn->ref)) {
		clear_bit(worker->nr, &t->workers_busy);
		return;
	}
	queue_work(t->conn->server->workqueue, &worker->work);
}

static void retry_work(struct work_struct *work)
{
	struct dsmb_transport *t = container_of(work, struct dsmb_transport, retry.work);

	dsmb_transport_kick(t);
}

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

/**
 * struct rx_batch - messages received together, in order
 * @messages: to be run
 * @cancels: single CANCEL requests
 * @bytes: bytes that were received
 * @count: messages that were received
 * @cancelled: a CANCEL was received by the reserve and run at once
 */
struct rx_batch {
	struct list_head messages;
	struct list_head cancels;
	u32 bytes;
	unsigned int count;
	bool cancelled;
};

static bool batch_is_empty(const struct rx_batch *batch)
{
	return list_empty(&batch->messages) && list_empty(&batch->cancels) && !batch->cancelled;
}

int dsmb_transport_recv(struct dsmb_transport *t, void *data, u32 len)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	return kernel_recvmsg(t->sock, &msg, &vec, 1, len, MSG_DONTWAIT | MSG_NOSIGNAL) ?:
	       -ECONNRESET;
}

/*
 * Takes the result of receiving. Returns the bytes received; 0 if there are none now; a negative
 * errno if the connection failed or memory is short. What came before a failure is run first; the
 * failure is found again after it.
 */
static int bytes_received(int ret, const struct rx_batch *batch)
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
	t->held_until = jiffies + HELD_S * HZ;
	/* Pairs with dsmb_transport_stop(): exactly one side ends the message. */
	smp_store_mb(t->held, message);
	if (!test_bit(T_STOPPED, &t->flags))
		return;
	message = transport_take_held(t);
	if (message)
		dsmb_message_end(message);
}

/* Charge a message for its largest possible responses. Returns -EDQUOT if it must be held back. */
static int message_fit(struct dsmb_transport *t, struct dsmb_message *message)
{
	bool large = message->cost > message->len + DSMB_MESSAGE_COST;

	if (!dsmb_transport_ensure(t, 0)) {
		dsmb_message_end_reserve(message);
		if (large)
			t->refuses = false;
		return 0;
	}
	if (!t->refuses && !(message->reserve && dsmb_message_frees(message)))
		return -EDQUOT;
	dsmb_message_refuse_large(message);
	return 0;
}

/* Run a CANCEL that used the reserve at once, so that the next message can use the reserve. */
static void message_cancel_now(struct dsmb_transport *t, struct dsmb_message *message)
{
	LIST_HEAD(outs);

	dsmb_message_run(message, &outs);
	dsmb_transport_send(t, &outs);
}

/*
 * Makes a message of received bytes and parses it. A malformed message ends the connection.
 * Returns 0; -EDQUOT if the message is held back; -ENOMEM; -EPIPE.
 */
static int batch_add(struct dsmb_transport *t, struct dsmb_buf *buf, u32 offset, u32 len,
		     bool reserve, struct rx_batch *batch)
{
	struct dsmb_message *message = dsmb_message_new(t->conn, buf, offset, len);
	const char *why;
	int err;

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
	why = dsmb_message_prepare(message);
	if (why) {
		dsmb_message_end(message);
		dsmb_conn_drop(t->conn, why);
		return -EPIPE;
	}
	if (dsmb_message_is_cancel(message)) {
		batch->cancelled |= reserve;
		if (reserve)
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

/*
 * Takes the held message into the batch if there is memory for it, or if it has waited too
 * long. Returns 0 or -EDQUOT.
 */
static int batch_add_held(struct dsmb_transport *t, struct rx_batch *batch)
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
static bool batch_may_grow(const struct rx_batch *batch)
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

/*
 * Takes the complete messages from the receive buffer. Returns 0; -ENOMEM, -EBUSY or -EDQUOT to
 * be tried again later; another negative errno ends the connection.
 */
static int parse_frames(struct dsmb_transport *t, struct rx_batch *batch)
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
	if (t->rx_start == t->rx_end && refcount_read(&t->rx->ref) == 1) {
		t->rx_start = 0;
		t->rx_end = 0;
		return 0;
	}
	return t->rx_end > t->rx->size - DSMB_FRAME ? transport_move_rest(t, DSMB_FRAME) : 0;
}

/* Receives more of the large message, and takes it into the batch when it is complete. */
static int receive_large(struct dsmb_transport *t, struct rx_batch *batch)
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

static int receive_small(struct dsmb_transport *t, struct rx_batch *batch)
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
	/* Messages that were left when memory was short. */
	err = parse_frames(t, batch);
	if (err || t->large)
		return err;
	room = t->rx->size - t->rx_end;
	n = bytes_received(dsmb_transport_recv(t, t->rx->data + t->rx_end, room), batch);
	if (n < 0)
		return n;
	t->rx_end += n;
	err = parse_frames(t, batch);
	if (!err && n < room && !t->large)
		return -EAGAIN;
	return err;
}

/*
 * Receives a batch, up to about BATCH_BYTES. Returns 0 if there may be more; -EAGAIN if there
 * is no more; -EBUSY if something must end first; another negative errno ends the connection.
 */
static int transport_receive(struct dsmb_transport *t, struct rx_batch *batch)
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

static void transport_run(struct dsmb_transport *t, struct list_head *batch)
{
	struct dsmb_message *message, *next;
	LIST_HEAD(outs);

	list_for_each_entry_safe(message, next, batch, list) {
		bool last = list_is_last(&message->list, batch);

		list_del_init(&message->list);
		if (message->slow || (message->large && !last))
			dsmb_message_queue(message);
		else
			dsmb_message_run(message, &outs);
	}
	dsmb_transport_send(t, &outs);
}

/* Did data arrive for which no worker was woken, because this one was receiving? */
static bool missed_something(struct dsmb_transport *t, int err)
{
	struct sock *sk = t->sock->sk;

	if (err == -EBUSY)
		return !test_bit(T_THROTTLED, &t->flags) && !delayed_work_pending(&t->retry);
	if (err == -EAGAIN)
		return tcp_epollin_ready(sk, sock_rcvlowat(sk, 0, INT_MAX)) ||
		       (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
	return !err;
}

static void worker_run(struct work_struct *work)
{
	struct dsmb_worker *worker = container_of(work, struct dsmb_worker, work);
	struct dsmb_transport *t = worker->t;
	struct dsmb_conn *conn = t->conn;
	struct rx_batch batch = {};
	int err;

	INIT_LIST_HEAD(&batch.messages);
	INIT_LIST_HEAD(&batch.cancels);
	err = transport_receive(t, &batch);
	if (err && err != -EAGAIN && err != -EBUSY)
		dsmb_conn_drop(conn, err == -EPROTO ? "a frame that is no SMB message" : NULL);
	/*
	 * The responses of cancelled calls are sent before another worker can answer later
	 * requests.
	 */
	transport_run(t, &batch.cancels);

	clear_bit_unlock(T_RX_BUSY, &t->flags);
	/* A callback that saw T_RX_BUSY set left its data to the check below. */
	smp_mb__after_atomic();
	if (missed_something(t, err))
		dsmb_transport_kick(t);

	transport_run(t, &batch.messages);

	clear_bit_unlock(worker->nr, &t->workers_busy);
	/* Pairs with dsmb_transport_kick(). */
	smp_mb__after_atomic();
	if (test_and_clear_bit(T_STARVED, &t->flags))
		dsmb_transport_kick(t);
	dsmb_conn_put(conn);
}

/*
 * Frees what an idle connection keeps. The caller has the right to receive. Returns false if a
 * message is being received or held.
 */
static bool transport_trim(struct dsmb_transport *t)
{
	if (t->large || READ_ONCE(t->held) || (t->rx && t->rx_start != t->rx_end))
		return false;
	dsmb_buf_put(t->conn->server, t->rx);
	t->rx = NULL;
	t->rx_start = 0;
	t->rx_end = 0;
	dsmb_transport_drop_idle(t, 0);
	dsmb_transport_keep(t, false);
	return true;
}

/* Trims the connection if no message came since the last time. */
static void trim_work(struct work_struct *work)
{
	struct dsmb_transport *t = container_of(work, struct dsmb_transport, trim.work);
	bool trimmed = false;

	if (!READ_ONCE(t->is_used) && !test_and_set_bit(T_RX_BUSY, &t->flags)) {
		trimmed = transport_trim(t);
		clear_bit_unlock(T_RX_BUSY, &t->flags);
		/* Pairs with dsmb_transport_kick(), as in worker_run(). */
		smp_mb__after_atomic();
		if (!trimmed || missed_something(t, -EAGAIN))
			dsmb_transport_kick(t);
	}
	WRITE_ONCE(t->is_used, false);
	if (!trimmed && !test_bit(T_STOPPED, &t->flags))
		queue_delayed_work(t->conn->server->slow, &t->trim, TRIM_S * HZ);
}

static void data_ready(struct sock *sk)
{
	struct dsmb_transport *t;

	read_lock_bh(&sk->sk_callback_lock);
	t = sk->sk_user_data;
	if (t)
		dsmb_transport_kick(t);
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * The connection was closed or failed. Receiving notices it; or sending does, if nothing is
 * received because too much is in flight.
 */
static void state_change(struct sock *sk)
{
	struct dsmb_transport *t;

	read_lock_bh(&sk->sk_callback_lock);
	t = sk->sk_user_data;
	if (t) {
		dsmb_transport_kick(t);
		dsmb_transport_unblock(t);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void write_space(struct sock *sk)
{
	struct dsmb_transport *t;

	read_lock_bh(&sk->sk_callback_lock);
	t = sk->sk_user_data;
	if (t && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		dsmb_transport_unblock(t);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * Detects a client that vanished, whether the connection is idle or not. The user timeout ends
 * an idle connection too; the number of probes does not matter then.
 */
static void set_options(struct sock *sk, u32 silence_s)
{
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, max(silence_s / 2, 1));
	tcp_sock_set_keepintvl(sk, max(silence_s / 2 / KEEP_COUNT, 1));
	tcp_sock_set_keepcnt(sk, KEEP_COUNT);
	tcp_sock_set_user_timeout(sk, silence_s * MSEC_PER_SEC);
	sock_no_linger(sk);
}

struct dsmb_transport *dsmb_transport_new(struct dsmb_conn *conn, struct socket *sock)
{
	struct dsmb_transport *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->conn = conn;
	t->sock = sock;
	t->inflight_max = dsmb_buf_conn_max(conn->server);
	t->kept = dsmb_allowance(conn)->trimmed;
	t->floor = t->kept;
	if (ditto_charge(&t->memory, &conn->who, DITTO_BUDGET_MEMORY, t->kept)) {
		kfree(t);
		return NULL;
	}
	t->reserved = t->kept;
	spin_lock_init(&t->memory_lock);
	spin_lock_init(&t->lock);
	INIT_LIST_HEAD(&t->queue);
	INIT_LIST_HEAD(&t->sending);
	INIT_LIST_HEAD(&t->idle);
	INIT_DELAYED_WORK(&t->retry, retry_work);
	INIT_DELAYED_WORK(&t->trim, trim_work);
	dsmb_transport_init_send(t);
	for (unsigned int i = 0; i < RX_WORKERS; i++) {
		t->workers[i].t = t;
		t->workers[i].nr = i;
		INIT_WORK(&t->workers[i].work, worker_run);
	}
	return t;
}

void dsmb_transport_discard(struct dsmb_transport *t)
{
	if (!t)
		return;
	ditto_uncharge(&t->memory);
	kfree(t);
}

void dsmb_transport_start(struct dsmb_transport *t)
{
	struct sock *sk = t->sock->sk;

	set_options(sk, READ_ONCE(t->conn->server->settings.silence_s));
	write_lock_bh(&sk->sk_callback_lock);
	t->old_data_ready = sk->sk_data_ready;
	t->old_state_change = sk->sk_state_change;
	t->old_write_space = sk->sk_write_space;
	sk->sk_user_data = t;
	sk->sk_data_ready = data_ready;
	sk->sk_state_change = state_change;
	sk->sk_write_space = write_space;
	write_unlock_bh(&sk->sk_callback_lock);
	dsmb_transport_kick(t);
}

void dsmb_transport_shutdown(struct dsmb_transport *t)
{
	kernel_sock_shutdown(t->sock, SHUT_RDWR);
}

void dsmb_transport_stop(struct dsmb_transport *t)
{
	struct sock *sk = t->sock->sk;
	struct dsmb_message *held;

	set_bit(T_STOPPED, &t->flags);
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data == t) {
		sk->sk_user_data = NULL;
		sk->sk_data_ready = t->old_data_ready;
		sk->sk_state_change = t->old_state_change;
		sk->sk_write_space = t->old_write_space;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_delayed_work_sync(&t->retry);
	cancel_delayed_work_sync(&t->trim);
	/* Pairs with transport_hold(); xchg() is a full barrier. */
	held = transport_take_held(t);
	if (held)
		dsmb_message_end(held);
	/* The sender finds the socket shut down. */
	dsmb_transport_unblock(t);
}

bool dsmb_transport_is_over(const struct dsmb_transport *t)
{
	return READ_ONCE(t->sock->sk->sk_shutdown) & RCV_SHUTDOWN;
}

void dsmb_transport_free(struct dsmb_transport *t)
{
	/* The last receiver may have queued them after dsmb_transport_stop(). */
	cancel_delayed_work_sync(&t->retry);
	cancel_delayed_work_sync(&t->trim);
	dsmb_transport_drop_idle(t, 0);
	dsmb_large_drop(t);
	dsmb_buf_put(t->conn->server, t->rx);
	sock_release(t->sock);
	dsmb_transport_discard(t);
}
