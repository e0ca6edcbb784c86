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

void dnfs4_callback_init_one(struct dnfs4_callback *cb, const struct dnfs4_callback_ops *ops,
			     struct dnfs4_client *client);
bool dnfs4_callback_send(struct dnfs4_callback *cb, u32 wait, u32 ms);
bool dnfs4_callback_wait_up(struct dnfs4_client *client);

void dnfs4_callback_miss(struct dnfs4_client *client);

void dnfs4_callback_kick(struct dnfs4_client *client);
u32 dnfs4_callback_room(const struct dnfs4_callback *cb);

struct dnfs4_client *dnfs4_callback_next(struct dnfs4_server *server,
					 struct dnfs4_client *previous);
void dnfs4_callbacks_start(struct dnfs4_server *server);
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

void dnfs4_channel_kick(struct dnfs4_callback_channel *channel);
void dnfs4_channel_halt(struct dnfs4_callback_channel *channel);

/* cb_transport.c: only for the work of a channel, or while it is halted */

int dnfs4_cb_transport_open(struct dnfs4_callback_channel *channel);
void dnfs4_cb_transport_close(struct dnfs4_callback_channel *channel);
unsigned long dnfs4_cb_timeout(const struct dnfs4_client *client);
unsigned long dnfs4_cb_first_timeout(const struct dnfs4_callback_channel *channel);
void dnfs4_cb_transport_explain(struct dnfs4_callback_channel *channel, int err);
bool dnfs4_cb_transport_is_current(const struct dnfs4_callback_channel *channel);
int dnfs4_cb_transport_call(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb);

void dnfs4_callback_ended(struct dnfs4_callback *cb);

int dnfs4_ways_setup(void);
void dnfs4_ways_cleanup(void);

/* callback_xdr.c */

bool dnfs4_cb_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb);
int dnfs4_cb_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb);

#endif
