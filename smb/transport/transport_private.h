/* SPDX-License-Identifier: GPL-2.0-only */
/* What transport.c and send.c share. */
#ifndef _DITTO_SMB_TRANSPORT_TRANSPORT_PRIVATE_H
#define _DITTO_SMB_TRANSPORT_TRANSPORT_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../net/budget.h"
#include "transport.h"
#include "trust.h"

struct dsmb_buf;
struct dsmb_conn;
struct dsmb_message;
struct dsmb_transport;
struct sock;
struct socket;

/* Threads that may be busy with what came over one connection, slow calls not counted. */
#define RX_WORKERS	8

/* Bits of dsmb_transport.flags. */
enum {
	T_RX_BUSY,	/* somebody receives */
	T_STARVED,	/* nobody could receive, as all workers were busy */
	T_THROTTLED,	/* too much is in flight */
	T_BLOCKED,	/* who sent waits for room in the socket */
	T_STOPPED,	/* no worker is to be woken */
	T_RESERVE,	/* a message came in by the reserve; set by who receives */
};

/**
 * struct dsmb_worker - one of those who receive
 * @t: whose
 * @nr: its bit
 * @work: runs it
 */
struct dsmb_worker {
	struct dsmb_transport *t;
	unsigned int nr;
	struct work_struct work;
};

/**
 * struct dsmb_transport - a connection's socket
 * @conn: whose; not counted
 * @sock: connected
 * @flags: T_* bits
 * @workers_busy: a bit for each of @workers
 * @workers: see there
 * @rx: small messages are received into it
 * @rx_start: of what was received but not taken apart
 * @rx_end: behind it
 * @large: a long message that is being received, or NULL
 * @large_len: of it
 * @large_have: of that, received
 * @held: a message that was received and waits for room for its answers, or NULL; set by who
 *	receives, taken by xchg()
 * @held_until: jiffies; then its large answers are refused
 * @refuses: a message was held in vain, so large answers that do not fit are refused at once,
 *	until one fits; of who receives
 * @inflight: bytes, see transport.h
 * @inflight_max: above, nothing is received, however far the client is trusted
 * @parked: bytes of parked calls
 * @reserved: bytes of @memory; changed under @memory_lock
 * @memory_lock: guards what follows up to @floor
 * @memory: charged for @kept and what is in flight and parked
 * @in_use: it keeps buffers for what comes next
 * @kept: bytes that stay whether anything is in flight or not
 * @floor: the charge does not go below, while the connection is in use
 * @is_used: something came since @trim looked last
 * @trim: takes what an idle connection keeps
 * @retry: receives after memory was short
 * @lock: guards what follows
 * @queue: struct dsmb_out, to be sent
 * @is_sending: somebody sends
 * @idle: struct dsmb_message
 * @nidle: how many
 * @sending: struct dsmb_out; of who sends
 * @send_work: sends on when the socket has room again
 * @old_data_ready: of the socket
 * @old_state_change: of the socket
 * @old_write_space: of the socket
 */
struct dsmb_transport {
	struct dsmb_conn *conn;
	struct socket *sock;
	unsigned long flags;
	unsigned long workers_busy;
	struct dsmb_worker workers[RX_WORKERS];

	struct dsmb_buf *rx;
	u32 rx_start;
	u32 rx_end;
	struct dsmb_buf *large;
	u32 large_len;
	u32 large_have;
	struct dsmb_message *held;
	unsigned long held_until;
	bool refuses;

	atomic_long_t inflight;
	long inflight_max;
	atomic_long_t parked;
	long reserved;
	spinlock_t memory_lock;	/* see above */
	struct ditto_charge memory;
	bool in_use;
	long kept;
	long floor;
	bool is_used;
	struct delayed_work trim;
	struct delayed_work retry;

	spinlock_t lock;	/* see above */
	struct list_head queue;
	bool is_sending;
	struct list_head idle;
	unsigned int nidle;

	struct list_head sending;
	struct work_struct send_work;
	void (*old_data_ready)(struct sock *sk);
	void (*old_state_change)(struct sock *sk);
	void (*old_write_space)(struct sock *sk);
};

/* Bytes in flight, above which nothing is received. */
static inline long dsmb_transport_inflight_max(const struct dsmb_transport *t)
{
	return min(dsmb_allowance(t->conn)->inflight, t->inflight_max);
}

/* Bytes that are received at once. With the right to receive. */
static inline u32 dsmb_transport_rx_size(const struct dsmb_transport *t)
{
	return t->in_use ? dsmb_allowance(t->conn)->rx : DSMB_RX_MIN;
}

/* transport_memory.c */

/* Charge for what is held and @more bytes; 0 or -EDQUOT. Any process context. */
int dsmb_transport_ensure(struct dsmb_transport *t, long more);
/* It is in use, or is not: what it keeps is charged. With the right to receive; 0 or -EDQUOT. */
int dsmb_transport_keep(struct dsmb_transport *t, bool in_use);
/* May a message of @len bytes come in by the reserve? With the right to receive. */
bool dsmb_transport_has_reserve(const struct dsmb_transport *t, u32 len);
/* All but the first few idle messages go. Process context. */
void dsmb_transport_drop_idle(struct dsmb_transport *t, unsigned int keep);

/* Let somebody receive, if nobody does. Any context. */
void dsmb_transport_kick(struct dsmb_transport *t);
/* The socket has room, or is gone: who waits for it goes on. Any context. */
void dsmb_transport_unblock(struct dsmb_transport *t);
void dsmb_transport_init_send(struct dsmb_transport *t);

#endif
