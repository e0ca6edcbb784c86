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

struct dsmb_transport *dsmb_transport_new(struct dsmb_conn *conn, struct socket *sock);
void dsmb_transport_discard(struct dsmb_transport *t);
void dsmb_transport_start(struct dsmb_transport *t);
void dsmb_transport_shutdown(struct dsmb_transport *t);
void dsmb_transport_stop(struct dsmb_transport *t);
void dsmb_transport_free(struct dsmb_transport *t);
bool dsmb_transport_is_over(const struct dsmb_transport *t);

void dsmb_transport_send(struct dsmb_transport *t, struct list_head *outs);

u64 dsmb_transport_received(const struct dsmb_transport *t);

u32 dsmb_transport_position(const struct dsmb_transport *t);
bool dsmb_transport_arrived(const struct dsmb_transport *t, u32 position);
u64 dsmb_transport_acked(const struct dsmb_transport *t);
u64 dsmb_transport_goal(struct dsmb_transport *t);

struct dsmb_message *dsmb_transport_take_idle(struct dsmb_transport *t);
bool dsmb_transport_keep_idle(struct dsmb_transport *t, struct dsmb_message *message);
int dsmb_transport_set_trust(struct dsmb_transport *t, const struct ditto_principal *who);
u32 dsmb_transport_answers_max(const struct dsmb_transport *t);
void dsmb_transport_charge(struct dsmb_transport *t, u32 bytes);
bool dsmb_transport_charge_now(struct dsmb_transport *t, u32 bytes);
bool dsmb_transport_could_charge(struct dsmb_transport *t, u32 bytes);
void dsmb_transport_uncharge(struct dsmb_transport *t, u32 bytes);
bool dsmb_transport_park(struct dsmb_transport *t, u32 bytes);
void dsmb_transport_unpark(struct dsmb_transport *t, u32 bytes);
void dsmb_transport_end_reserve(struct dsmb_transport *t);

#endif
