/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations shared by transport.c, receive.c, large.c, transport_memory.c and send.c: the state
 * of a transport.
 *
 * The right to receive is the bit T_RX_BUSY. Its holder owns the members from @rx to
 * @held_until, except that @held is also taken by xchg(). The right to send is @is_sending; its
 * holder owns @sending.
 */
#ifndef _DITTO_SMB_TRANSPORT_TRANSPORT_PRIVATE_H
#define _DITTO_SMB_TRANSPORT_TRANSPORT_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../net/budget.h"
#include "../../net/block_hint.h"
#include "../wire/wire.h"
#include "transport.h"
#include "allowance.h"

struct ditto_rx_data;
struct dsmb_buf;
struct dsmb_conn;
struct dsmb_message;
struct dsmb_transport;
struct sock;
struct socket;

/*
 * Offset of a large message in its buffer. The text of an encrypted message, behind its transform
 * header, then begins at a multiple of 16 bytes, so that no block of AES is in two pages.
 */
#define DSMB_LARGE_AT	12

static_assert((DSMB_LARGE_AT + sizeof(struct dsmb_transform)) % 16 == 0);

/* Workers that may be busy with messages of one connection, slow calls not counted. */
#define RX_WORKERS	8
/* Seconds without a message after which an idle connection keeps only its objects. */
#define TRIM_S		5

/* Bits of dsmb_transport.flags. */
enum {
	T_RX_BUSY,	/* a thread receives */
	T_STARVED,	/* no worker could receive, because all were busy */
	T_THROTTLED,	/* too much is in flight */
	T_BLOCKED,	/* the sender waits for room in the socket */
	T_STOPPED,	/* no worker may be woken */
	T_RESERVE,	/* a message uses the reserve; set by the receiver */
};

/**
 * struct dsmb_worker - a worker that receives and runs messages
 * @t: its transport
 * @nr: its bit in workers_busy
 * @work: runs it; holds a reference to the connection while it is queued
 * @rest: messages of its batch that it has not begun; under the transport's @lock, as @outs
 * @outs: struct dsmb_out of those that it has run, to be sent
 * @begun: jiffies when it began the message that it runs
 */
struct dsmb_worker {
	struct dsmb_transport *t;
	unsigned int nr;
	struct work_struct work;
	struct list_head rest;
	struct list_head outs;
	unsigned long begun;
};

/**
 * struct dsmb_transport - the socket of a connection and its state
 * @conn: the connection; not counted
 * @sock: the connected socket
 * @is_tcp: it is a TCP socket without a protocol on top, which is used without the socket layer
 * @flags: T_* bits
 * @workers_busy: one bit for each busy worker
 * @workers: the workers
 * @rx: buffer into which small messages are received, or NULL
 * @rx_start: first byte in @rx that was not parsed
 * @rx_end: end of the received bytes in @rx
 * @expects_data: the last message that was begun in @rx has data that are taken
 * @rx_err: what dsmb_receive() returned last
 * @shares_cpu: a message came soon the last time that the receiver had yielded the CPU; written
 *	with T_RX_BUSY
 * @large: buffer of a message longer than @rx that is being received, or NULL
 * @taken: data of that message that are not in @large; NULL if all of it is
 * @large_len: length of that message
 * @large_flat: bytes of it that are to be in @large
 * @large_have: bytes of it that were received
 * @held: a received message that waits for memory for its responses, or NULL; set by the
 *	receiver, taken by xchg()
 * @held_until: jiffies; afterwards its large responses are refused
 * @refuses: large responses are refused until the budget has room for one; of the receiver
 * @inflight: bytes in flight; see transport.h
 * @inflight_max: limit of @inflight at any trust level
 * @parked: bytes held by parked calls
 * @reserved: copy of @memory.amount for lockless readers; written under @memory_lock
 * @memory_lock: spinlock; guards @memory, @kept and @floor
 * @memory: charge for @kept, @inflight and @parked
 * @kept: bytes that the connection keeps even if nothing is in flight; less when it is idle
 * @in_use: the connection is in use, not idle
 * @floor: the charge does not go below this; less when the connection is idle
 * @is_used: a message came since @trim last ran
 * @trim: frees what an idle connection keeps
 * @retry: receives again after memory was short
 * @starved: receives if all workers stay busy
 * @lock: spinlock; guards @queue, @is_sending, @idle, @nidle, @block_hint and @syncing, and the
 *	batches of @workers
 * @queue: struct dsmb_out, to be sent
 * @is_sending: a thread has the right to send
 * @idle: struct dsmb_message kept for reuse
 * @nidle: number of @idle
 * @spare: one more, or NULL; taken and put without the lock
 * @block_hint: whether messages that sync are likely to wait
 * @syncing: a worker of a batch runs such a message
 * @sending: struct dsmb_out that the sender has begun with, or took from @queue
 * @send_work: continues to send when the socket has room
 * @old_data_ready: the socket's own callback
 * @old_state_change: the socket's own callback
 * @old_write_space: the socket's own callback
 */
struct dsmb_transport {
	struct dsmb_conn *conn;
	struct socket *sock;
	bool is_tcp;
	unsigned long flags;
	unsigned long workers_busy;
	struct dsmb_worker workers[RX_WORKERS];

	struct dsmb_buf *rx;
	u32 rx_start;
	u32 rx_end;
	bool expects_data;
	int rx_err;
	bool shares_cpu;
	struct dsmb_buf *large;
	struct ditto_rx_data *taken;
	u32 large_len;
	u32 large_flat;
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
	struct delayed_work starved;

	spinlock_t lock;	/* see above */
	struct list_head queue;
	bool is_sending;
	struct list_head idle;
	unsigned int nidle;
	struct dsmb_message *spare;
	struct ditto_block_hint block_hint;
	bool syncing;

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

/* Size of the receive buffer. The caller has the right to receive. */
static inline u32 dsmb_transport_rx_size(const struct dsmb_transport *t)
{
	return t->in_use ? dsmb_allowance(t->conn)->rx : DSMB_RX_MIN;
}

/**
 * struct dsmb_rx_batch - messages received together, in order
 * @messages: to be run
 * @cancels: single CANCEL requests
 * @bytes: bytes that were received
 * @count: messages that were received
 * @cancelled: a CANCEL was received by the reserve and run immediately
 */
struct dsmb_rx_batch {
	struct list_head messages;
	struct list_head cancels;
	u32 bytes;
	unsigned int count;
	bool cancelled;
};

/* receive.c */

/* receive.c */
int dsmb_transport_recv(struct dsmb_transport *t, void *data, u32 len);
int dsmb_receive(struct dsmb_transport *t, struct dsmb_rx_batch *batch);
void dsmb_receive_drop_held(struct dsmb_transport *t);

/* large.c */

/* large.c */
int dsmb_large_begin(struct dsmb_transport *t, u32 len);
int dsmb_large_receive(struct dsmb_transport *t);
void dsmb_large_drop(struct dsmb_transport *t);

/* transport_memory.c */

/* transport_memory.c */
int dsmb_transport_ensure(struct dsmb_transport *t, long more);
int dsmb_transport_keep(struct dsmb_transport *t, bool in_use);
bool dsmb_transport_has_reserve(const struct dsmb_transport *t, u32 len);
void dsmb_transport_drop_idle(struct dsmb_transport *t, unsigned int keep);

/* transport.c */
void dsmb_transport_kick(struct dsmb_transport *t);

/* send.c */
void dsmb_transport_unblock(struct dsmb_transport *t);
bool dsmb_send_begin(struct dsmb_transport *t, struct list_head *outs);
void dsmb_send_all(struct dsmb_transport *t);
void dsmb_transport_init_send(struct dsmb_transport *t);

#endif
