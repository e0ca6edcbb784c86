// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket of a connection: its workers and callbacks, and the start and end of the transport.
 * See transport.h; receiving is in receive.c and large.c, sending in send.c, memory accounting in
 * transport_memory.c.
 *
 * Locking: the bit T_RX_BUSY is the right to receive; its holder owns the receive members. A
 * worker holds a reference to the connection from the time it is queued until it has run.
 * t->lock guards the send queue, and what a worker has received and not begun, which another one
 * takes over if it is stuck. The socket's sk_callback_lock guards sk_user_data and the
 * callbacks.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "../../net/yield.h"
#include "../../net/server.h"
#include "../../net/slow_call.h"
#include "../../net/rx_data.h"
#include "../server.h"
#include "buf.h"
#include "conn.h"
#include "message.h"
#include "run_queue.h"
#include "transport.h"
#include "transport_private.h"

/* Number of TCP keepalive probes in the second half of the silence time. */
#define KEEP_COUNT	4
/* A batch that has taken longer is divided among workers, as its messages may wait for a device. */
#define BATCH_TIME	(msecs_to_jiffies(5) + 1)
/* Batches, or single messages, of a connection after which a worker serves others. */
#define TURNS_MAX	16

static struct dsmb_worker *worker_take(struct dsmb_transport *t)
{
	for (unsigned int i = 0; i < RX_WORKERS; i++)
		if (!test_and_set_bit(i, &t->workers_busy))
			return &t->workers[i];
	return NULL;
}

/* Wake a worker to receive, unless one receives. Context: any, including the socket's callbacks. */
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
	if (!worker) {
		/* They may wait for a device that never answers. */
		queue_delayed_work(t->conn->server->slow, &t->starved, BATCH_TIME);
		return;
	}
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

/* The next message of a worker's batch: those that sync come last, as the others would wait. */
static struct dsmb_message *worker_choose(struct dsmb_worker *worker)
{
	struct dsmb_message *message;

	list_for_each_entry(message, &worker->rest, list)
		if (likely(!message->syncs))
			return message;
	return list_first_entry_or_null(&worker->rest, struct dsmb_message, list);
}

/* Takes the first message of a batch, which is not empty. */
static struct dsmb_message *worker_first(struct dsmb_worker *worker, struct list_head *batch)
{
	struct dsmb_message *message;

	/* Before the batch can be seen, so that nobody takes it for one that is stuck. */
	WRITE_ONCE(worker->begun, jiffies);
	spin_lock(&worker->t->lock);
	list_splice(batch, &worker->rest);
	message = worker_choose(worker);
	list_del_init(&message->list);
	spin_unlock(&worker->t->lock);
	return message;
}

/*
 * Takes the next message of a worker's batch, and leaves with the batch what is to be sent of the
 * previous one. Returns NULL at the end, or if others have taken the rest; all is given to be sent
 * then.
 */
static struct dsmb_message *worker_next(struct dsmb_worker *worker, struct list_head *outs)
{
	struct dsmb_transport *t = worker->t;
	struct dsmb_message *message;
	bool send = false;

	WRITE_ONCE(worker->begun, jiffies);
	spin_lock(&t->lock);
	list_splice_tail_init(outs, &worker->outs);
	message = worker_choose(worker);
	if (message)
		list_del_init(&message->list);
	else
		send = dsmb_send_begin(t, &worker->outs);
	spin_unlock(&t->lock);
	if (send)
		dsmb_send_all(t);
	return message;
}

/*
 * Runs a message that syncs, or has another worker run it if it is likely to wait, as one before it
 * has, or another worker runs one: so they do not take all workers of the connection.
 */
static void worker_run_sync(struct dsmb_worker *worker, struct dsmb_message *message,
			    struct list_head *outs)
{
	unsigned long switches = current->nvcsw;
	struct dsmb_transport *t = worker->t;
	bool keeps;

	spin_lock(&t->lock);
	keeps = !t->syncing && !ditto_block_hint_begin(&t->block_hint);
	t->syncing |= keeps;
	spin_unlock(&t->lock);
	if (!keeps) {
		dsmb_message_queue(message);
		return;
	}
	dsmb_message_run(message, outs);
	spin_lock(&t->lock);
	t->syncing = false;
	if (current->nvcsw != switches)
		ditto_block_hint_waited(&t->block_hint);
	spin_unlock(&t->lock);
}

static void worker_run_batch(struct dsmb_worker *worker, struct list_head *batch)
{
	unsigned long until = jiffies + BATCH_TIME;
	struct dsmb_message *message;
	bool synced = false;
	LIST_HEAD(outs);

	for (message = worker_first(worker, batch); message;
	     message = worker_next(worker, &outs)) {
		/* Others only take messages away. */
		bool last = list_empty(&worker->rest);
		bool late = time_after(jiffies, until);
		bool syncs = message->syncs;

		/* Others may take responses away, and add none. */
		if (unlikely(late || (syncs && !synced)))
			dsmb_transport_send(worker->t, &worker->outs);
		synced |= syncs;
		if (message->slow || ((message->large || late) && !last))
			dsmb_message_queue(message);
		else if (unlikely(syncs))
			worker_run_sync(worker, message, &outs);
		else
			dsmb_message_run(message, &outs);
	}
}

/* Has each message run by a worker of a queue. */
static void messages_divide(struct list_head *messages)
{
	struct dsmb_message *message, *next;

	list_for_each_entry_safe(message, next, messages, list) {
		list_del_init(&message->list);
		dsmb_message_queue(message);
	}
}

/*
 * Sends what workers have run, and divides what they have not begun, if they have been with one
 * message for long: it may wait for a device that never answers.
 */
static void transport_rescue(struct dsmb_transport *t)
{
	LIST_HEAD(messages);
	LIST_HEAD(outs);

	spin_lock(&t->lock);
	for (unsigned int i = 0; i < RX_WORKERS; i++) {
		struct dsmb_worker *worker = &t->workers[i];

		if (!time_after(jiffies, READ_ONCE(worker->begun) + BATCH_TIME))
			continue;
		list_splice_tail_init(&worker->rest, &messages);
		list_splice_tail_init(&worker->outs, &outs);
	}
	spin_unlock(&t->lock);
	dsmb_transport_send(t, &outs);
	messages_divide(&messages);
}

/* The responses of cancelled calls are sent before another worker can answer later requests. */
static void transport_run_cancels(struct dsmb_transport *t, struct list_head *cancels)
{
	struct dsmb_message *message, *next;
	LIST_HEAD(outs);

	list_for_each_entry_safe(message, next, cancels, list) {
		list_del_init(&message->list);
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

/* Ends receiving. @err: as from dsmb_receive(). */
static void transport_end_receive(struct dsmb_transport *t, int err)
{
	t->rx_err = err;
	clear_bit_unlock(T_RX_BUSY, &t->flags);
	/* A callback that saw T_RX_BUSY set left its data to the check below. */
	smp_mb__after_atomic();
	if (missed_something(t, err))
		dsmb_transport_kick(t);
}

/* Receives a batch, and runs its CANCELs. Consumes the right to receive. */
static void transport_receive(struct dsmb_transport *t, struct dsmb_rx_batch *batch)
{
	int err;

	*batch = (struct dsmb_rx_batch) {
		.messages = LIST_HEAD_INIT(batch->messages),
		.cancels = LIST_HEAD_INIT(batch->cancels),
	};
	err = dsmb_receive(t, batch);
	if (err && err != -EAGAIN && err != -EBUSY)
		dsmb_conn_drop(t->conn, err == -EPROTO ? "a frame that is no SMB message" : NULL);
	if (unlikely(!list_empty(&batch->cancels)))
		transport_run_cancels(t, &batch->cancels);
	transport_end_receive(t, err);
}

/*
 * Lets a client that shares the CPU send its next request, for which no worker has to be queued and
 * woken then. Others who kick the transport during the yield leave it to this worker, so it looks
 * at all that the last receiver waited for. Returns true if there is something to receive, with the
 * right to do so.
 */
static bool worker_lingers(struct dsmb_transport *t)
{
	bool arrived, soon;

	if (!ditto_yield_helps(READ_ONCE(t->shares_cpu)) || test_bit(T_STOPPED, &t->flags) ||
	    test_and_set_bit(T_RX_BUSY, &t->flags))
		return false;
	soon = ditto_yield();
	arrived = missed_something(t, t->rx_err);
	WRITE_ONCE(t->shares_cpu, soon && arrived);
	if (!arrived)
		transport_end_receive(t, t->rx_err);
	return arrived;
}

static void worker_run(struct work_struct *work)
{
	struct dsmb_worker *worker = container_of(work, struct dsmb_worker, work);
	struct dsmb_transport *t = worker->t;
	struct dsmb_conn *conn = t->conn;
	struct dsmb_rx_batch batch;
	unsigned int turns = 0;

	do {
		transport_receive(t, &batch);
		if (unlikely(READ_ONCE(t->workers_busy) != BIT(worker->nr)))
			transport_rescue(t);
		if (!list_empty(&batch.messages))
			worker_run_batch(worker, &batch.messages);
		/* A client with several requests under way sends more, which make a batch. */
	} while (batch.count == 1 && ++turns < TURNS_MAX && worker_lingers(t));

	clear_bit_unlock(worker->nr, &t->workers_busy);
	/* Pairs with dsmb_transport_kick(). */
	smp_mb__after_atomic();
	if (test_and_clear_bit(T_STARVED, &t->flags))
		dsmb_transport_kick(t);
	dsmb_conn_put(conn);
}

/*
 * Receives although all workers have been busy for a while. What comes is run by workers of run
 * queues, so a file system that hangs does not hold up acknowledgments, requests for others, or the
 * end of the connection. If more comes, dsmb_transport_kick() queues this again.
 */
static void starved_work(struct work_struct *work)
{
	struct dsmb_transport *t = container_of(work, struct dsmb_transport, starved.work);
	struct dsmb_rx_batch batch;
	unsigned int turns = 0;

	transport_rescue(t);
	do {
		if (!test_bit(T_STARVED, &t->flags) || test_bit(T_STOPPED, &t->flags) ||
		    test_and_set_bit(T_RX_BUSY, &t->flags))
			return;
		transport_receive(t, &batch);
		messages_divide(&batch.messages);
	} while (batch.count && ++turns < TURNS_MAX);
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

	transport_rescue(t);
	if (!READ_ONCE(t->is_used) && !test_and_set_bit(T_RX_BUSY, &t->flags)) {
		trimmed = transport_trim(t);
		transport_end_receive(t, trimmed ? -EAGAIN : 0);
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

/*
 * Make the transport of a connection. @conn: its principal is initialized; not held by the
 * transport; @sock: the connected socket; stays the caller's until dsmb_transport_start(). Context:
 * process; may sleep for memory. Return: the transport; NULL without memory or if the principal may
 * hold no more.
 */
struct dsmb_transport *dsmb_transport_new(struct dsmb_conn *conn, struct socket *sock)
{
	struct dsmb_transport *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->conn = conn;
	t->sock = sock;
	t->is_tcp = ditto_can_take(sock);
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
	INIT_DELAYED_WORK(&t->starved, starved_work);
	dsmb_transport_init_send(t);
	for (unsigned int i = 0; i < RX_WORKERS; i++) {
		t->workers[i].t = t;
		t->workers[i].nr = i;
		INIT_LIST_HEAD(&t->workers[i].rest);
		INIT_LIST_HEAD(&t->workers[i].outs);
		INIT_WORK(&t->workers[i].work, worker_run);
	}
	return t;
}

/*
 * Free a transport that was never started. @t: the transport; may be NULL. The socket stays the
 * caller's.
 */
void dsmb_transport_discard(struct dsmb_transport *t)
{
	if (!t)
		return;
	ditto_uncharge(&t->memory);
	kfree(t);
}

/* Start receiving. */
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

/* Shut the socket down. Nothing is received or sent afterwards. */
void dsmb_transport_shutdown(struct dsmb_transport *t)
{
	kernel_sock_shutdown(t->sock, SHUT_RDWR);
}

static void transport_cancel_works(struct dsmb_transport *t)
{
	cancel_delayed_work_sync(&t->retry);
	cancel_delayed_work_sync(&t->trim);
	cancel_delayed_work_sync(&t->starved);
}

/*
 * Stop the workers after dsmb_transport_shutdown(). No worker is woken any more, and queued frames
 * are dropped. Workers that run are not waited for.
 */
void dsmb_transport_stop(struct dsmb_transport *t)
{
	struct sock *sk = t->sock->sk;

	set_bit(T_STOPPED, &t->flags);
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data == t) {
		sk->sk_user_data = NULL;
		sk->sk_data_ready = t->old_data_ready;
		sk->sk_state_change = t->old_state_change;
		sk->sk_write_space = t->old_write_space;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	transport_cancel_works(t);
	/* Pairs with transport_hold() of receive.c; xchg() is a full barrier. */
	dsmb_receive_drop_held(t);
	/* The sender finds the socket shut down. */
	dsmb_transport_unblock(t);
}

/* When the last byte of what is being received came, see ditto_slow_received(). Any context. */
u64 dsmb_transport_received(const struct dsmb_transport *t)
{
	return ditto_slow_received(t->sock->sk);
}

/*
 * Has the client closed the connection? This is known from the socket's state, even if the end was
 * not processed yet. Context: any. Return: true if nothing more can be received.
 */
bool dsmb_transport_is_over(const struct dsmb_transport *t)
{
	return READ_ONCE(t->sock->sk->sk_shutdown) & RCV_SHUTDOWN;
}

/* Free a transport and its socket. */
void dsmb_transport_free(struct dsmb_transport *t)
{
	/* The last receiver may have queued them after dsmb_transport_stop(). */
	transport_cancel_works(t);
	dsmb_transport_drop_idle(t, 0);
	dsmb_large_drop(t);
	dsmb_buf_put(t->conn->server, t->rx);
	sock_release(t->sock);
	dsmb_transport_discard(t);
}
