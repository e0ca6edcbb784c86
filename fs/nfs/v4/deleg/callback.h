/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks, and the channel that delivers them to a client.
 *
 * A callback waits in the queue of its client's channel until the channel has a transport and,
 * in 4.1, a free slot. No thread waits for a reply: one work item per channel opens the
 * transport, sends callbacks, handles replies, and resends lost callbacks over another
 * transport until their deadline. The work item never runs concurrently with itself, so members
 * used only by it need no lock.
 *
 * Locking: channel->lock (spinlock, taken with bottom halves disabled) guards the lists, the
 * callbacks on them, and the flags that allow the channel to run.
 *
 * Lifetime: a callback holds its client while it is in progress. The channel is freed with its
 * client, after its RPC tasks have ended. Until then it is in the server's list, so that a walk
 * can go on behind a client that it holds, even after the client is released.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CALLBACK_H
#define _DITTO_FS_NFS_V4_DELEG_CALLBACK_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../rpc/dial.h"
#include "../session/client.h"
#include "../session/session.h"
#include "delegation.h"

struct dnfs4_callback;
struct rpc_clnt;
struct rpc_task;
struct svc_xprt;

/* Most bytes of arguments and results of CB_COMPOUND; sunrpc puts both into one page. */
#define DNFS4_CB_ARGS_BYTES	2304
#define DNFS4_CB_RES_BYTES	640
/* Bytes of a call besides its arguments: RPC header and an AUTH_SYS credential. */
#define DNFS4_CB_RPC_BYTES	512
/* Bytes of CB_COMPOUND and CB_SEQUENCE before the operation. */
#define DNFS4_CB_HEAD_BYTES	128
/* Smallest usable request and reply size of a back channel. */
#define DNFS4_CB_SIZE_MIN	1024

/**
 * struct dnfs4_callback_ops - operations of a kind of callback
 * @op: OP_CB_*; 0 for a probe: CB_NULL in 4.0, a lone CB_SEQUENCE in 4.1
 * @wanted: returns false if the callback need not be sent any more; NULL: always wanted
 * @encode: encodes the arguments of the operation, behind its number
 * @decode: decodes the results behind NFS4_OK; returns 0 or an errno. NULL if there are none.
 *	Called by sunrpc; must not sleep
 * @done: called with @err 0 for a reply, whose status is @cb->status; or with @err for no reply:
 *	-ETIMEDOUT (deadline), -ECANCELED (no longer wanted), -ESHUTDOWN, -EMSGSIZE. May
 *	sleep. Returns the delay in milliseconds after which to resend an answered callback; 0:
 *	do not resend
 * @release: the callback has ended and its memory may be reused; may be NULL. May sleep
 *
 * For each channel, @done and @release run one at a time.
 */
struct dnfs4_callback_ops {
	u32 op;
	bool (*wanted)(const struct dnfs4_callback *cb);
	bool (*encode)(struct xdr_stream *xdr, const struct dnfs4_callback *cb);
	int (*decode)(struct xdr_stream *xdr, struct dnfs4_callback *cb);
	u32 (*done)(struct dnfs4_callback *cb, int err);
	void (*release)(struct dnfs4_callback *cb);
};

/* struct dnfs4_callback.seq_status before a reply. */
#define DNFS4_CB_NO_STATUS	U32_MAX

/**
 * struct dnfs4_callback - a callback; embedded in the object it is about
 * @ops: operations of its kind
 * @client: the client to call; holds a reference while the callback is in progress
 * @link: link in a list of the channel
 * @deadline: jiffies after which the callback is given up
 * @not_before: jiffies before which it is not sent
 * @lost_at: jiffies after which it counts as lost, once it is sent
 * @after: request whose reply the callback must not overtake
 * @session: 4.1: session of @slot, with a reference
 * @slot: slot of the back channel, or DNFS4_CB_NO_SLOT
 * @seqid: sequence id in the slot
 * @highest: csa_highest_slotid
 * @minor: minor version of the CB_COMPOUND
 * @ident: 4.0: callback_ident
 * @task_status: status of the RPC task
 * @seq_status: status of CB_SEQUENCE, or DNFS4_CB_NO_STATUS
 * @target: csr_target_highest_slotid
 * @status: status of the operation
 */
struct dnfs4_callback {
	const struct dnfs4_callback_ops *ops;
	struct dnfs4_client *client;
	struct list_head link;
	unsigned long deadline;
	unsigned long not_before;
	unsigned long lost_at;
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
 * dnfs4_callback_init_one - initialize a callback
 * @cb: embedded in the caller's object
 * @ops: operations of its kind
 * @client: the client to call
 */
void dnfs4_callback_init_one(struct dnfs4_callback *cb, const struct dnfs4_callback_ops *ops,
			     struct dnfs4_client *client);

/**
 * dnfs4_callback_send - queue a callback
 * @cb: not in progress; its memory must stay until @cb->ops->release is called
 * @wait: milliseconds to wait before sending
 * @ms: milliseconds from now until the deadline
 *
 * Context: process; does not sleep.
 * Return: false if the channel is closed; then none of @cb->ops is called.
 */
bool dnfs4_callback_send(struct dnfs4_callback *cb, u32 wait, u32 ms);

/**
 * dnfs4_callback_wait_up - check whether a client can be called back
 * @client: the client
 *
 * If the first probe of a changed channel is still unanswered, waits a short time for it.
 *
 * Return: true if the channel is up.
 */
bool dnfs4_callback_wait_up(struct dnfs4_client *client);

/**
 * dnfs4_callback_miss - 4.0: note that a delegation was revoked
 * @client: the client; RENEW reports it, see dnfs4_callback_missed()
 *
 * Context: any.
 */
void dnfs4_callback_miss(struct dnfs4_client *client);

/**
 * dnfs4_callback_kick - recheck the queue of a channel
 * @client: the client
 *
 * The channel finishes queued callbacks that are not wanted any more.
 *
 * Context: any.
 */
void dnfs4_callback_kick(struct dnfs4_client *client);

/**
 * dnfs4_callback_room - get the room for the arguments of a callback
 * @cb: being encoded
 *
 * For dnfs4_callback_ops.encode.
 *
 * Return: most bytes of arguments that the client accepts.
 */
u32 dnfs4_callback_room(const struct dnfs4_callback *cb);

/**
 * dnfs4_callback_next - iterate over the clients with a channel
 * @server: the server
 * @previous: the client that was returned last, whose reference is put; NULL to begin
 *
 * The walk goes on behind @previous, in order of creation. A client that exists during the whole
 * walk is found exactly once, also while others come and go.
 *
 * Context: any process context; does not sleep.
 * Return: the next client, with a reference; NULL after the last one.
 */
struct dnfs4_client *dnfs4_callback_next(struct dnfs4_server *server,
					 struct dnfs4_client *previous);

/**
 * dnfs4_callbacks_start - start all channels with the service
 * @server: the server
 *
 * Callbacks that are queued are sent now.
 */
void dnfs4_callbacks_start(struct dnfs4_server *server);

/**
 * dnfs4_callbacks_stop - stop all channels with the service
 * @server: the server
 *
 * Callbacks stay queued.
 */
void dnfs4_callbacks_stop(struct dnfs4_server *server);

/**
 * struct dnfs4_callback_channel - the callback channel of a client
 * @client: the client; no reference, because the channel is freed with it
 * @list: link in the server's list of channels
 * @lock: see above
 * @halt: serializes dnfs4_channel_halt(), because service and client may end at the same time
 * @running: the service runs and the client is not being released; under @lock
 * @gone: the client is being released: no callback is accepted; under @lock
 * @up: a reply came, and no callback was lost since
 * @young: the transport changed, and since then neither a reply came nor did a wait in
 *	dnfs4_callback_wait_up() time out
 * @queue: callbacks to be sent
 * @sent: callbacks sent and not yet ended
 * @ended: callbacks answered or failed
 * @addr: 4.0: where to call
 * @changed: DNFS4_CHANGED_* bits: the choice of the transport may have to change
 * @work: the work item, see above; alone uses the members from @clnt to @probing
 * @clnt: RPC client, or NULL
 * @dial: 4.0: transport of @clnt
 * @answered: 4.0: the client answered at @addr
 * @cred: credential of the calls
 * @xprt: 4.1: connection in use, with a reference
 * @session: 4.1: session of @xprt, with a reference
 * @tried: 4.1: number of the binding tried last, see struct dnfs4_conn; 0: the next attempt begins
 *	with the newest one
 * @program: RPC program number
 * @sec: flavour of the calls, a DITTO_SEC_* bit; RPCSEC_GSS in 4.0 only
 * @told: the log says why the client is not reached with RPCSEC_GSS; used by @work alone
 * @broken: a callback was lost on the transport
 * @probe: probe of the transport: CB_NULL, or a lone CB_SEQUENCE
 * @probing: @probe is in progress
 * @held: number of delegations that the client may take for valid
 * @missed: jiffies until which RENEW reports a revocation; 0 if it was not reported yet
 * @wants_room: the client is to be notified when it may have more delegations; under @lock
 * @room_after: the request that it asked with; under @lock
 * @failures: consecutive failures to reach the client; used by @work alone
 * @not_before: jiffies of the next attempt; used by @work alone
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
	struct dnfs_dial dial;
	bool answered;
	const struct cred *cred;
	struct svc_xprt *xprt;
	struct dnfs4_session *session;
	u64 tried;
	u32 program;
	u32 sec;
	bool told;
	bool broken;
	struct dnfs4_callback probe;
	bool probing;
	atomic_t held;
	unsigned long missed;
	bool wants_room;
	struct dnfs4_call_ref room_after;
	u32 failures;
	unsigned long not_before;
};

/* Bits of @changed */
#define DNFS4_CHANGED_CONNS	0	/* connections or sessions */
#define DNFS4_CHANGED_ADDR	1	/* 4.0: the address to connect to */

/**
 * dnfs4_channel_kick - run the work of a channel now
 * @channel: nothing happens if it is not running
 *
 * In callback.c.
 *
 * Context: any.
 */
void dnfs4_channel_kick(struct dnfs4_callback_channel *channel);

/**
 * dnfs4_channel_halt - stop the work of a channel and end its RPC tasks
 * @channel: the channel; callbacks stay in its queue
 *
 * Context: may sleep; takes channel->halt.
 */
void dnfs4_channel_halt(struct dnfs4_callback_channel *channel);

/* cb_transport.c: only for the work of a channel, or while it is halted */

/**
 * dnfs4_cb_transport_open - open the transport of a channel
 * @channel: has no transport
 *
 * Connects to the client in 4.0, as soon as something is sent. Uses a connection bound to the back
 * channel in 4.1.
 *
 * Return: 0; -ENOTCONN if there is no usable address or connection; or another errno.
 */
int dnfs4_cb_transport_open(struct dnfs4_callback_channel *channel);

/**
 * dnfs4_cb_transport_close - close the transport of a channel
 * @channel: with or without a transport
 *
 * Kills the RPC tasks of the channel and waits for them.
 */
void dnfs4_cb_transport_close(struct dnfs4_callback_channel *channel);

/**
 * dnfs4_cb_timeout - get the time to wait for the reply to a callback
 * @client: the client
 *
 * Context: any.
 * Return: a part of the lease time, in jiffies.
 */
unsigned long dnfs4_cb_timeout(const struct dnfs4_client *client);

/**
 * dnfs4_cb_first_timeout - get the time to wait for the reply to the first callback
 * @channel: has a transport
 *
 * It is longer with RPCSEC_GSS, for which rpc.gssd gets a ticket and a context first.
 *
 * Context: any.
 * Return: jiffies.
 */
unsigned long dnfs4_cb_first_timeout(const struct dnfs4_callback_channel *channel);

/**
 * dnfs4_cb_transport_explain - log why a callback was not sent, once for each address
 * @channel: the channel
 * @err: errno of the RPC task, or of opening the transport
 */
void dnfs4_cb_transport_explain(struct dnfs4_callback_channel *channel, int err);

/**
 * dnfs4_cb_transport_is_current - check whether the open transport is still the right one
 * @channel: has a transport
 *
 * Return: false in 4.1 if the connection or session is gone, or the callback parameters of the
 * session have changed; else true.
 */
bool dnfs4_cb_transport_is_current(const struct dnfs4_callback_channel *channel);

/**
 * dnfs4_cb_transport_call - start the RPC of a callback
 * @channel: has a transport
 * @cb: has a slot in 4.1
 *
 * Return: 0, after which dnfs4_callback_ended() is called for @cb; or an errno if the task was
 * not started.
 */
int dnfs4_cb_transport_call(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb);

/**
 * dnfs4_callback_ended - note that the RPC task of a callback has ended
 * @cb: sent
 *
 * In callback.c.
 *
 * Context: process; does not sleep.
 */
void dnfs4_callback_ended(struct dnfs4_callback *cb);

/**
 * dnfs4_ways_setup - prepare for transports, with the module
 *
 * Return: 0 or -ENOMEM.
 */
int dnfs4_ways_setup(void);

/**
 * dnfs4_ways_cleanup - wait until sunrpc has freed all transports
 *
 * sunrpc may use the description of the program for some seconds after a transport is closed,
 * while it tells the client to forget a context of RPCSEC_GSS.
 *
 * Context: may sleep; no channel has a transport.
 */
void dnfs4_ways_cleanup(void);

/* callback_xdr.c */

/**
 * dnfs4_cb_encode - encode a CB_COMPOUND4args
 * @xdr: the stream
 * @cb: the callback
 *
 * RFC 8881 section 19.2.
 *
 * Return: false if it does not fit.
 */
bool dnfs4_cb_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb);

/**
 * dnfs4_cb_decode - decode a CB_COMPOUND4res
 * @xdr: the stream
 * @cb: the callback; its status members are filled
 *
 * Context: does not sleep.
 * Return: 0, or an errno if the reply is malformed or does not match the call.
 */
int dnfs4_cb_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb);

#endif
