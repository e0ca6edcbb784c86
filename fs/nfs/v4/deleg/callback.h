/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks, and the channel by which a client gets them.
 *
 * A callback waits in the queue of its client's channel until there is a way to the
 * client and, in 4.1, a slot. No thread waits for an answer: one work item of the
 * channel makes the way, sends, looks at what came back, and tries again by another
 * way what got lost, until the callback's deadline. It never runs twice at once, so
 * what only it uses needs no lock.
 *
 * Locking: channel->lock (spinlock) guards the lists, the state of callbacks that are
 * on them, and whether the channel may run.
 *
 * Lifetime: a callback holds its client while it is under way; the channel ends with
 * its client, after its tasks.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CALLBACK_H
#define _DITTO_FS_NFS_V4_DELEG_CALLBACK_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../session/client.h"
#include "../session/session.h"
#include "delegation.h"

struct dnfs4_callback;
struct rpc_clnt;
struct rpc_task;
struct svc_xprt;

/* Bytes of the arguments, and of results, of CB_COMPOUND: both fit into the page they get. */
#define DNFS4_CB_ARGS_BYTES	2304
#define DNFS4_CB_RES_BYTES	640
/* What a call is longer by than its arguments: RPC header and an AUTH_SYS credential. */
#define DNFS4_CB_RPC_BYTES	512
/* CB_COMPOUND and CB_SEQUENCE before the operation. */
#define DNFS4_CB_HEAD_BYTES	128
/* Least requests and replies of a back channel that is of use. */
#define DNFS4_CB_SIZE_MIN	1024

/**
 * struct dnfs4_callback_ops - a kind of callback; all run one at a time for each channel
 * @op: OP_CB_*; 0 is none: CB_NULL, in 4.1 a bare CB_SEQUENCE
 * @wanted: is it still to be sent; NULL is always
 * @encode: the operation's arguments, behind its number
 * @decode: its results behind NFS4_OK: 0 or an errno; NULL if there are none. In the context
 *	of sunrpc: must not sleep
 * @done: it was answered, @cb->status; or there is no answer, @err: -ETIMEDOUT (its
 *	deadline), -ECANCELED (not wanted any more), -ESHUTDOWN, -EMSGSIZE, -EIO. May sleep.
 *	Returns milliseconds after which to send it again, 0 not to
 * @release: it is over, and the memory may be used again; NULL if nobody cares. May sleep
 */
struct dnfs4_callback_ops {
	u32 op;
	bool (*wanted)(const struct dnfs4_callback *cb);
	bool (*encode)(struct xdr_stream *xdr, const struct dnfs4_callback *cb);
	int (*decode)(struct xdr_stream *xdr, struct dnfs4_callback *cb);
	u32 (*done)(struct dnfs4_callback *cb, int err);
	void (*release)(struct dnfs4_callback *cb);
};

/* No answer to CB_SEQUENCE came. */
#define DNFS4_CB_NO_STATUS	U32_MAX

/**
 * struct dnfs4_callback - a callback; embedded in what it is about
 * @ops: see there
 * @client: whom
 * @link: on a list of the channel
 * @deadline: jiffies after which there is no use in it
 * @not_before: jiffies before which it is not sent
 * @wb_err_at: jiffies at which it counts as lost, once it is sent
 * @after: the request whose reply it must not overtake
 * @session: 4.1: of @slot, held
 * @slot: which it has, or DNFS4_CB_NO_SLOT
 * @seqid: of the slot
 * @highest: csa_highest_slotid
 * @minor: of the CB_COMPOUND
 * @ident: 4.0: callback_ident
 * @task_status: of the RPC
 * @seq_status: of CB_SEQUENCE
 * @target: its csr_target_highest_slotid
 * @status: of the operation
 */
struct dnfs4_callback {
	const struct dnfs4_callback_ops *ops;
	struct dnfs4_client *client;
	struct list_head link;
	unsigned long deadline;
	unsigned long not_before;
	unsigned long wb_err_at;
	struct dnfs4_call_ref after;
	struct dnfs4_session *session;
	u32 slot;
	u32 seqid;
	u32 highest;
	u32 minor;
	u32 ident;
	int task_status;
	u32 seq_status;
	u32 target;
	u32 status;
};

/**
 * dnfs4_callback_init_one - before it is sent for the first time
 * @cb: embedded
 * @ops: see there
 * @client: whom
 */
void dnfs4_callback_init_one(struct dnfs4_callback *cb, const struct dnfs4_callback_ops *ops,
			     struct dnfs4_client *client);

/**
 * dnfs4_callback_send - call a client back
 * @cb: not under way; its memory stays until @cb->ops->release
 * @wait: milliseconds to wait before
 * @ms: until the deadline, from now
 *
 * Context: process, does not sleep.
 * Return: false if the channel is at its end: nothing will be called.
 */
bool dnfs4_callback_send(struct dnfs4_callback *cb, u32 wait, u32 ms);

/*
 * Can it be called back? If that is being found out for the first time, waits a moment for the
 * answer. May sleep.
 */
bool dnfs4_callback_wait_up(struct dnfs4_client *client);

/* 4.0: a delegation was revoked, see dnfs4_callback_missed(). */
void dnfs4_callback_miss(struct dnfs4_client *client);

/* Look again at what waits: something may not be wanted any more. Any context. */
void dnfs4_callback_kick(struct dnfs4_client *client);

/* For @cb->ops->encode: the longest arguments that the client takes, in bytes. */
u32 dnfs4_callback_room(const struct dnfs4_callback *cb);

/* The client with a channel and the lowest number above this one, held; NULL behind the last. */
struct dnfs4_client *dnfs4_callback_next(struct dnfs4_server *server, u64 id);

/* With the service: who waits is called now. */
void dnfs4_callbacks_start(struct dnfs4_server *server);
/* Nobody is called any more; what waits, waits. May sleep. */
void dnfs4_callbacks_stop(struct dnfs4_server *server);

/**
 * struct dnfs4_callback_channel - how a client is called back
 * @client: whose
 * @list: of the server's
 * @lock: see above
 * @halt: by one thread at a time: the service and the client may end at once
 * @running: the service runs, and the client has not gone
 * @gone: the client goes: nothing is taken any more
 * @up: an answer came, and nothing got lost since
 * @young: no way was tried since the last change, or its answer is out
 * @queue: callbacks to be sent
 * @sent: under way
 * @ended: answered, or lost
 * @addr: of 4.0
 * @changed: where the way leads may have changed
 * @work: see above
 * @clnt: the way, or NULL; from here on the work's alone
 * @cred: of the calls
 * @xprt: 4.1: the connection, held
 * @session: 4.1: by which, held
 * @failed: 4.1: connection by which something got lost last, held
 * @program: that is called
 * @sec: DITTO_SEC_* bit that is used
 * @broken: something got lost by this way
 * @probe: finds out whether there is a way
 * @probing: it is under way
 * @held: delegations that the client may take for valid, as far as it was told
 * @missed: jiffies until when a revocation is told, 0 if it has not been told yet
 * @failures: ways that failed one after another
 * @not_before: when to try the next
 */
struct dnfs4_callback_channel {
	struct dnfs4_client *client;
	struct list_head list;
	spinlock_t lock;	/* see above */
	struct mutex halt;
	bool running;
	bool gone;
	bool up;
	bool young;
	struct list_head queue;
	struct list_head sent;
	struct list_head ended;
	struct dnfs4_callback_addr addr;
	unsigned long changed;
	struct delayed_work work;
	struct rpc_clnt *clnt;
	const struct cred *cred;
	struct svc_xprt *xprt;
	struct dnfs4_session *session;
	struct svc_xprt *failed;
	u32 program;
	u32 sec;
	bool broken;
	struct dnfs4_callback probe;
	bool probing;
	atomic_t held;
	unsigned long missed;
	u32 failures;
	unsigned long not_before;
};

/* Bits of @changed */
#define DNFS4_CHANGED_CONNS	0	/* connections or sessions */
#define DNFS4_CHANGED_ADDR	1	/* where to dial */

/* callback.c: let the work look. Any context. */
void dnfs4_channel_kick(struct dnfs4_callback_channel *channel);
/* The work does not run any more, and no task of ours is left. May sleep. */
void dnfs4_channel_halt(struct dnfs4_callback_channel *channel);

/* cb_transport.c: make the way to a client, and take it away. Only for the work. */
int dnfs4_way_open(struct dnfs4_callback_channel *channel);
/* Waits for tasks of ours, which are killed. */
void dnfs4_way_close(struct dnfs4_callback_channel *channel);
/* How long an answer is waited for, in jiffies. */
unsigned long dnfs4_way_time(const struct dnfs4_client *client);
/* Does it still lead where it should? */
bool dnfs4_way_is_good(const struct dnfs4_callback_channel *channel);
/* Send. An errno if nothing was begun; else @cb ends in dnfs4_callback_ended(). */
int dnfs4_way_call(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb);
/* callback.c: a task of sunrpc is over. Process context, does not sleep. */
void dnfs4_callback_ended(struct dnfs4_callback *cb);

/* callback_xdr.c: CB_COMPOUND4args and CB_COMPOUND4res */
bool dnfs4_cb_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb);
int dnfs4_cb_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb);

#endif
