/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct TCP transport: four bytes of length, then a message (MS-SMB2 section 2.1).
 *
 * Receiving. When data arrives, one of a few workers of the connection is woken. Only one
 * worker receives at a time. It takes the data that is there, parses the messages in order,
 * lets another worker receive, and then runs the messages it took. A lone request is thus
 * received, run and answered by one thread without a switch, and new data is received while
 * commands run or wait for a disk. If all workers are busy for longer than a few milliseconds, a
 * work item receives, and gives each message to a worker of a queue.
 *
 * Sending. Responses are queued. If no thread is sending, the one that queues a response sends
 * until the queue is empty. Sending never waits: if the socket is full, a worker continues when
 * there is room.
 *
 * Backpressure. Each message is counted in bytes from its arrival until its response is sent:
 * what it holds, and how large its responses may be. Above a limit nothing is received, so a
 * client that does not read its responses is not served further. Parked calls are not counted
 * there, because CANCEL must be received; they have a limit of their own.
 *
 * Budget. Both counts are charged to the client's account, in steps, together with the memory
 * that the connection keeps while it is in use. If the account has no room, nothing is received
 * until it has. A message whose responses do not fit is held back, with all messages behind it.
 * The kept memory is freed when the connection has been idle for a while.
 */
#ifndef _DITTO_SMB_TRANSPORT_TRANSPORT_H
#define _DITTO_SMB_TRANSPORT_TRANSPORT_H

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uio.h>

struct bio_vec;
struct ditto_principal;
struct dsmb_conn;
struct dsmb_message;
struct dsmb_transport;
struct socket;

#define DSMB_OUT_VECS	4
#define DSMB_FRAME	4	/* bytes of the length */
#define DSMB_RX_MIN	SZ_4K	/* the smallest buffer that is received into */

/**
 * struct dsmb_out - a frame on its way out
 * @list: on the send queue
 * @vec: the bytes in memory, beginning with the frame's length
 * @nvec: number of @vec
 * @pages: pages sent behind @vec, or NULL
 * @npages: number of @pages
 * @bytes: bytes in @vec
 * @page_bytes: bytes in @pages
 * @sent: bytes sent, of both
 * @done: called once when it was sent or will not be sent; process context; owns @out
 */
struct dsmb_out {
	struct list_head list;
	struct kvec vec[DSMB_OUT_VECS];
	unsigned int nvec;
	struct bio_vec *pages;
	unsigned int npages;
	u32 bytes;
	u32 page_bytes;
	u32 sent;
	void (*done)(struct dsmb_out *out);
};

/**
 * dsmb_transport_new - make the transport of a connection
 * @conn: its principal is initialized; not held by the transport
 * @sock: the connected socket; stays the caller's until dsmb_transport_start()
 *
 * Context: process; may sleep for memory.
 * Return: the transport; NULL without memory or if the principal may hold no more.
 */
struct dsmb_transport *dsmb_transport_new(struct dsmb_conn *conn, struct socket *sock);

/**
 * dsmb_transport_discard - free a transport that was never started
 * @t: the transport; may be NULL
 *
 * The socket stays the caller's.
 */
void dsmb_transport_discard(struct dsmb_transport *t);

/**
 * dsmb_transport_start - start receiving
 * @t: the transport; owns the socket from now on
 */
void dsmb_transport_start(struct dsmb_transport *t);

/**
 * dsmb_transport_shutdown - shut the socket down
 * @t: started
 *
 * Nothing is received or sent afterwards.
 */
void dsmb_transport_shutdown(struct dsmb_transport *t);

/**
 * dsmb_transport_stop - stop the workers after dsmb_transport_shutdown()
 * @t: shut down
 *
 * No worker is woken any more, and queued frames are dropped. Workers that run are not waited
 * for.
 */
void dsmb_transport_stop(struct dsmb_transport *t);

/**
 * dsmb_transport_free - free a transport and its socket
 * @t: stopped; no worker runs
 */
void dsmb_transport_free(struct dsmb_transport *t);

/**
 * dsmb_transport_is_over - has the client closed the connection?
 * @t: the transport
 *
 * This is known from the socket's state, even if the end was not processed yet.
 *
 * Context: any.
 * Return: true if nothing more can be received.
 */
bool dsmb_transport_is_over(const struct dsmb_transport *t);

/**
 * dsmb_transport_send - send frames
 * @t: started
 * @outs: list of struct dsmb_out; empty afterwards
 *
 * Context: process; may sleep in the socket, but does not wait for the client.
 */
void dsmb_transport_send(struct dsmb_transport *t, struct list_head *outs);

/* When the last byte of what is being received came, see ditto_slow_received(). Any context. */
u64 dsmb_transport_received(const struct dsmb_transport *t);

/**
 * dsmb_transport_position - get the position behind the last byte given to the socket
 * @t: started
 *
 * Context: any.
 * Return: a TCP sequence number.
 */
u32 dsmb_transport_position(const struct dsmb_transport *t);

/**
 * dsmb_transport_arrived - has the client's TCP acknowledged all bytes up to a position?
 * @t: started
 * @position: from dsmb_transport_position(); sequence numbers wrap
 *
 * Context: any.
 * Return: true if it has.
 */
bool dsmb_transport_arrived(const struct dsmb_transport *t, u32 position);

/**
 * dsmb_transport_acked - count the bytes that the client's TCP has acknowledged
 * @t: started
 *
 * Context: any.
 * Return: bytes since the connection was established.
 */
u64 dsmb_transport_acked(const struct dsmb_transport *t);

/**
 * dsmb_transport_goal - get how many bytes are acknowledged when all that was sent has arrived
 * @t: started
 *
 * Context: process; may sleep; takes t->lock.
 * Return: value that dsmb_transport_acked() has then; U64_MAX while frames wait for room in the
 * socket.
 */
u64 dsmb_transport_goal(struct dsmb_transport *t);

/**
 * dsmb_transport_take_idle - take an idle message for reuse
 * @t: the transport
 *
 * Context: process; does not sleep.
 * Return: a message, or NULL.
 */
struct dsmb_message *dsmb_transport_take_idle(struct dsmb_transport *t);

/**
 * dsmb_transport_keep_idle - keep a message for reuse
 * @t: the transport
 * @message: without references; the transport's if true is returned
 *
 * Context: process; does not sleep.
 * Return: false if enough are kept.
 */
bool dsmb_transport_keep_idle(struct dsmb_transport *t, struct dsmb_message *message);

/**
 * dsmb_transport_set_trust - charge another principal, and apply its limits
 * @t: the transport
 * @who: charged from now on
 *
 * Context: process; the caller serializes (conn->trust_lock).
 * Return: 0, or -EDQUOT with nothing changed.
 */
int dsmb_transport_set_trust(struct dsmb_transport *t, const struct ditto_principal *who);

/**
 * dsmb_transport_answers_max - get the limit of bytes of the responses of one message
 * @t: the transport
 *
 * Context: any.
 * Return: bytes.
 */
u32 dsmb_transport_answers_max(const struct dsmb_transport *t);

/**
 * dsmb_transport_charge - count bytes as in flight
 * @t: the transport
 * @bytes: number of bytes
 *
 * The budget is charged later, by dsmb_transport_ensure().
 *
 * Context: any.
 */
void dsmb_transport_charge(struct dsmb_transport *t, u32 bytes);

/**
 * dsmb_transport_charge_now - count bytes as in flight, and charge the budget
 * @t: the transport
 * @bytes: number of bytes
 *
 * Context: process; does not sleep.
 * Return: false if the budget does not allow it; then nothing is counted.
 */
bool dsmb_transport_charge_now(struct dsmb_transport *t, u32 bytes);

/**
 * dsmb_transport_could_charge - could the budget ever allow this?
 * @t: the transport
 * @bytes: number of bytes
 *
 * Context: process; does not sleep.
 * Return: true if the principal may hold the bytes when it holds nothing else.
 */
bool dsmb_transport_could_charge(struct dsmb_transport *t, u32 bytes);

/**
 * dsmb_transport_uncharge - stop to count bytes as in flight
 * @t: the transport
 * @bytes: number of bytes
 *
 * Receiving continues if it was stopped by the limit.
 *
 * Context: process; does not sleep.
 */
void dsmb_transport_uncharge(struct dsmb_transport *t, u32 bytes);

/**
 * dsmb_transport_park - count bytes as held by parked calls
 * @t: the transport
 * @bytes: number of bytes
 *
 * Context: process; does not sleep.
 * Return: false if a limit or the budget does not allow it; then nothing is counted.
 */
bool dsmb_transport_park(struct dsmb_transport *t, u32 bytes);

/**
 * dsmb_transport_unpark - stop to count bytes as held by parked calls
 * @t: the transport
 * @bytes: number of bytes; may be 0
 *
 * Context: process; does not sleep.
 */
void dsmb_transport_unpark(struct dsmb_transport *t, u32 bytes);
/*
 * The message that used the reserve has room in the budget by now, or has ended. Process context.
 */
void dsmb_transport_end_reserve(struct dsmb_transport *t);

#endif
