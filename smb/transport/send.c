// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket of a connection: sending. See transport.h.
 *
 * Locking: the thread that set t->is_sending owns t->sending. It keeps this right while the
 * socket is full (T_BLOCKED); the thread that clears T_BLOCKED queues the work that continues.
 * t->lock guards t->queue and t->is_sending.
 */
#include <linux/bvec.h>
#include <linux/socket.h>
#include <net/rps.h>
#include <net/tcp.h>

#include "../server.h"
#include "conn.h"
#include "transport.h"
#include "transport_private.h"

/* Limit of pieces of memory given to the socket in one call. */
#define SEND_VECS	32

/* Gathers memory to send, up to the first frame with pages. Returns the number of pieces. */
static unsigned int send_gather(struct dsmb_transport *t, struct kvec *vec, size_t *bytes,
				bool *pages_follow)
{
	struct dsmb_out *out;
	unsigned int n = 0;

	*bytes = 0;
	*pages_follow = false;
	list_for_each_entry(out, &t->sending, list) {
		u32 skip = out->sent;

		if (n + out->nvec > SEND_VECS)
			break;
		for (unsigned int i = 0; i < out->nvec; i++) {
			size_t len = out->vec[i].iov_len;

			if (skip >= len) {
				skip -= len;
				continue;
			}
			vec[n].iov_base = out->vec[i].iov_base + skip;
			vec[n].iov_len = len - skip;
			*bytes += vec[n++].iov_len;
			skip = 0;
		}
		if (out->page_bytes) {
			*pages_follow = true;
			break;
		}
	}
	return n;
}

/* The socket is the server's own, so no security module is asked about each message. */
static int send_msg(struct dsmb_transport *t, struct msghdr *msg)
{
	struct sock *sk = t->sock->sk;
	int ret;

	if (unlikely(!t->is_tcp))
		return sock_sendmsg(t->sock, msg);
	lock_sock(sk);
	sock_rps_record_flow(sk);
	ret = tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
	release_sock(sk);
	return ret;
}

static int send_memory(struct dsmb_transport *t)
{
	struct dsmb_out *first = list_first_entry(&t->sending, struct dsmb_out, list);
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	/* Filled as far as it is used. */
	struct kvec vec[SEND_VECS] __uninitialized;
	bool pages_follow;
	unsigned int n;
	size_t bytes;

	if (likely(list_is_singular(&t->sending) && !first->sent)) {
		pages_follow = first->page_bytes;
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, first->vec, first->nvec, first->bytes);
	} else {
		n = send_gather(t, vec, &bytes, &pages_follow);
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, vec, n, bytes);
	}
	if (pages_follow)
		msg.msg_flags |= MSG_MORE;
	return send_msg(t, &msg);
}

static int send_pages(struct dsmb_transport *t, struct dsmb_out *out)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, out->pages, out->npages, out->page_bytes);
	iov_iter_advance(&msg.msg_iter, out->sent - out->bytes);
	return send_msg(t, &msg);
}

/* Accounts for @bytes sent; calls @done of the frames that are complete. */
static void send_account(struct dsmb_transport *t, u32 bytes)
{
	struct dsmb_out *out, *next;

	list_for_each_entry_safe(out, next, &t->sending, list) {
		u32 rest = out->bytes + out->page_bytes - out->sent;
		u32 part = min(bytes, rest);

		out->sent += part;
		bytes -= part;
		if (part < rest)
			return;
		list_del(&out->list);
		out->done(out);
		if (!bytes)
			return;
	}
}

/* Takes what was queued. Returns false if there is nothing, and gives the right to send back. */
static bool send_more(struct dsmb_transport *t)
{
	bool more = true;

	spin_lock(&t->lock);
	list_splice_tail_init(&t->queue, &t->sending);
	if (list_empty(&t->sending)) {
		t->is_sending = false;
		more = false;
	}
	spin_unlock(&t->lock);
	return more;
}

/* Returns true if the socket has no room; the thread that gets the callback continues. */
static bool send_block(struct dsmb_transport *t)
{
	struct sock *sk = t->sock->sk;

	set_bit(SOCK_NOSPACE, &t->sock->flags);
	set_bit(T_BLOCKED, &t->flags);
	/* Room that was made before the bit was set was not noticed by the callback. */
	smp_mb__after_atomic();
	if (!sk_stream_is_writeable(sk) && !sk->sk_err &&
	    !(READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN) && !test_bit(T_STOPPED, &t->flags))
		return true;
	return !test_and_clear_bit(T_BLOCKED, &t->flags);
}

static void send_purge(struct dsmb_transport *t)
{
	struct dsmb_out *out, *next;

	do {
		list_for_each_entry_safe(out, next, &t->sending, list) {
			list_del(&out->list);
			out->done(out);
		}
	} while (send_more(t));
}

/*
 * Send all frames, and give the right to send back. @t: the transport; the caller has the right,
 * and there are frames. Context: process; may sleep in the socket, but does not wait for the
 * client.
 */
void dsmb_send_all(struct dsmb_transport *t)
{
	do {
		struct dsmb_out *out = list_first_entry(&t->sending, struct dsmb_out, list);
		int ret;

		if (out->sent < out->bytes)
			ret = send_memory(t);
		else
			ret = send_pages(t, out);
		if (ret > 0) {
			send_account(t, ret);
			continue;
		}
		if (ret == -EINTR)
			continue;
		if (ret == -EAGAIN) {
			if (send_block(t))
				return;
			cond_resched();
			if (!test_bit(T_STOPPED, &t->flags))
				continue;
		}
		dsmb_conn_drop(t->conn, NULL);
		send_purge(t);
		return;
	} while (send_more(t));
}

static void send_work(struct work_struct *work)
{
	struct dsmb_transport *t = container_of(work, struct dsmb_transport, send_work);
	struct dsmb_conn *conn = t->conn;

	dsmb_send_all(t);
	dsmb_conn_put(conn);
}

/*
 * Let the sender continue if it waits for room in the socket. Context: any, including the socket's
 * callbacks.
 */
void dsmb_transport_unblock(struct dsmb_transport *t)
{
	/* The frames being sent hold messages, which hold the connection. */
	if (test_bit(T_BLOCKED, &t->flags) && test_and_clear_bit(T_BLOCKED, &t->flags)) {
		dsmb_conn_hold(t->conn);
		queue_work(t->conn->server->slow, &t->send_work);
	}
}

/*
 * Queue frames, and take the right to send if nobody has it. Context: any; the caller holds
 * @t->lock. Return: true if the caller has the right now, and calls dsmb_send_all() without the
 * lock.
 */
bool dsmb_send_begin(struct dsmb_transport *t, struct list_head *outs)
{
	lockdep_assert_held(&t->lock);
	if (list_empty(outs))
		return false;
	if (t->is_sending) {
		list_splice_tail_init(outs, &t->queue);
		return false;
	}
	t->is_sending = true;
	list_splice_init(outs, &t->sending);
	return true;
}

/* Send frames. Context: process; may sleep in the socket, but does not wait for the client. */
void dsmb_transport_send(struct dsmb_transport *t, struct list_head *outs)
{
	bool send;

	if (list_empty(outs))
		return;
	spin_lock(&t->lock);
	send = dsmb_send_begin(t, outs);
	spin_unlock(&t->lock);
	if (send)
		dsmb_send_all(t);
}

/*
 * Get the position behind the last byte given to the socket. Context: any. Return: a TCP sequence
 * number.
 */
u32 dsmb_transport_position(const struct dsmb_transport *t)
{
	return READ_ONCE(tcp_sk(t->sock->sk)->write_seq);
}

/*
 * Has the client's TCP acknowledged all bytes up to a position? Context: any. Return: true if it
 * has.
 */
bool dsmb_transport_arrived(const struct dsmb_transport *t, u32 position)
{
	return !before(READ_ONCE(tcp_sk(t->sock->sk)->snd_una), position);
}

/*
 * Count the bytes that the client's TCP has acknowledged. Context: any. Return: bytes since the
 * connection was established.
 */
u64 dsmb_transport_acked(const struct dsmb_transport *t)
{
	return READ_ONCE(tcp_sk(t->sock->sk)->bytes_acked);
}

/*
 * Get how many bytes are acknowledged when all that was sent has arrived. Context: takes t->lock.
 * Return: value that dsmb_transport_acked() has then; U64_MAX while frames wait for room in the
 * socket.
 */
u64 dsmb_transport_goal(struct dsmb_transport *t)
{
	struct sock *sk = t->sock->sk;
	bool queued;
	u64 goal;

	spin_lock(&t->lock);
	queued = t->is_sending;
	spin_unlock(&t->lock);
	if (queued)
		return U64_MAX;
	lock_sock(sk);
	goal = tcp_sk(sk)->bytes_acked + (tcp_sk(sk)->write_seq - tcp_sk(sk)->snd_una);
	release_sock(sk);
	return goal;
}

/* Initialize the send state of a new transport. */
void dsmb_transport_init_send(struct dsmb_transport *t)
{
	INIT_WORK(&t->send_work, send_work);
}
