/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct TCP: four bytes with the length, then a message (MS-SMB2 2.1).
 *
 * Receiving. When data arrives, one of a few workers of the connection is woken.
 * It is the only one that receives, takes what is there in one go, takes the
 * messages apart in their order, lets another one receive, and then runs what it
 * took. So a lone request is received, run and answered by one thread without
 * a switch; and while handlers run or wait for a disk, what arrives is not held up.
 * With all workers busy nothing is received.
 *
 * Sending. Answers are queued; who finds nobody sending sends until the queue
 * is empty. Sending never waits: if the socket is full, it goes on when there is
 * room.
 *
 * Backpressure. Messages from their arrival until their answer is sent are counted
 * in bytes: what they hold, and what their answers may be. Above a limit nothing is
 * received, so a client that takes no answers is not listened to. Parked calls are not
 * counted, for CANCEL must come through: they have a limit of their own.
 *
 * Budget. Both are charged to the client's account, in steps, with what the connection
 * keeps while it is in use. When the account has no room, nothing is received until it
 * has. A message whose answers do not fit is held back, and all behind it. What is kept goes
 * when the connection was idle for a while.
 *
 * Reserve. What fills an account may wait for its own client: for an acknowledgment, a CLOSE, a
 * CANCEL. So a connection that is logged in is always charged for one small message more, which
 * comes in though the account is full. It is run if its commands free something (DSMB_FREES),
 * else it is held back as above; its calls may not wait for other clients, and the next such
 * message comes in when it has ended. Nothing of this is beyond the budget.
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
 * struct dsmb_out - bytes on their way out
 * @list: in the queue
 * @vec: memory, the frame's length first
 * @nvec: how many
 * @pages: behind it, or NULL
 * @npages: how many
 * @bytes: of memory
 * @page_bytes: of pages
 * @sent: of both
 * @done: it was sent, or never will be; any process context
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

/* The connection has its principal. NULL without memory or if that may have no more. */
struct dsmb_transport *dsmb_transport_new(struct dsmb_conn *conn, struct socket *sock);
/* One that was never started; the socket stays the caller's. */
void dsmb_transport_discard(struct dsmb_transport *t);
/* Begin to receive. */
void dsmb_transport_start(struct dsmb_transport *t);
/* The socket is shut down: nothing is received or sent any more. */
void dsmb_transport_shutdown(struct dsmb_transport *t);
/* After that: no worker is woken any more, what is queued goes. */
void dsmb_transport_stop(struct dsmb_transport *t);
/* No worker runs any more. */
void dsmb_transport_free(struct dsmb_transport *t);
/* The client has ended the connection, whether that was dealt with or not. Any context. */
bool dsmb_transport_is_over(const struct dsmb_transport *t);

/* Send all of a list of struct dsmb_out; it is empty then. */
void dsmb_transport_send(struct dsmb_transport *t, struct list_head *outs);

/* Where the socket's bytes end by now, and whether the other machine has them up to there. */
u32 dsmb_transport_position(const struct dsmb_transport *t);
bool dsmb_transport_arrived(const struct dsmb_transport *t, u32 position);
/* How many bytes the other machine has acknowledged, ever. */
u64 dsmb_transport_acked(const struct dsmb_transport *t);

/* An idle message, or NULL; and where one goes that is not needed: false if there are enough. */
struct dsmb_message *dsmb_transport_take_idle(struct dsmb_transport *t);
bool dsmb_transport_keep_idle(struct dsmb_transport *t, struct dsmb_message *message);

/**
 * dsmb_transport_set_trust - charge somebody else, and keep what he may
 * @t: the transport
 * @who: to be charged from now on
 *
 * Context: process; the caller has one call at a time. Return: 0; -EDQUOT: nothing changed.
 */
int dsmb_transport_set_trust(struct dsmb_transport *t, const struct ditto_principal *who);

/* Bytes that the answers of one message may take. */
u32 dsmb_transport_answers_max(const struct dsmb_transport *t);
/* Bytes are in flight, or no longer. */
void dsmb_transport_charge(struct dsmb_transport *t, u32 bytes);
void dsmb_transport_uncharge(struct dsmb_transport *t, u32 bytes);
/* The same for what a parked call keeps; false if that is too much. */
bool dsmb_transport_park(struct dsmb_transport *t, u32 bytes);
void dsmb_transport_unpark(struct dsmb_transport *t, u32 bytes);
/* The message that came in by the reserve has ended, or has room by now. Process context. */
void dsmb_transport_end_reserve(struct dsmb_transport *t);

#endif
