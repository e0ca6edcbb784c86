/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call is one command of a message, from its parsing to its response.
 *
 * Its command (command.h) is decoded from @in, executed, and encoded to @out. It runs on a worker
 * and may sleep for I/O, but not for other clients or the helper. A call that must wait for them is
 * parked; a parked call holds no thread. It is executed again when the event it waits for has
 * happened (dsmb_call_rerun()), or it is completed with a result (dsmb_call_complete()).
 *
 * The engine (call.c, dispatch.c, message.c) sends STATUS_PENDING for a parked call. It handles
 * CANCEL, and sessions, trees, opens and connections that end while a call is parked, by
 * calling @cancel.
 *
 * Lifetime: a call is part of its struct dsmb_message and lives as long as it. A call holds
 * references to its session, channel, tree and open; the message holds the connection.
 */
#ifndef _DITTO_SMB_TRANSPORT_CALL_H
#define _DITTO_SMB_TRANSPORT_CALL_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../../fs/op/op.h"
#include "../../lockd/claim.h"
#include "../../net/helper/names.h"
#include "../auth/crypto.h"
#include "../wire/builder.h"
#include "../wire/cursor.h"
#include "../wire/status.h"
#include "../wire/wire.h"

struct ditto_range_request;
struct ditto_slow_call;
struct dsmb_buf;
struct dsmb_call;
struct dsmb_channel;
struct dsmb_command;	/* command.h */
struct dsmb_conn;
struct dsmb_created;	/* replay.h */
struct dsmb_fs_limit;
struct dsmb_message;	/* one received frame, one or more calls: message.h */
struct dsmb_open;
struct dsmb_session;
struct dsmb_tree;

/* Bytes of the largest response body without a reservation. */
#define DSMB_REPLY_SMALL	1024

/* Bytes of arguments and results that need no allocation; enough for all commands but CREATE. */
#define DSMB_CALL_ROOM		192

/**
 * struct dsmb_call_names - answers of the helper that a call waits for
 * @call: the call
 * @park: waits for an answer
 */
struct dsmb_call_names {
	struct dsmb_call *call;
	struct ditto_names_park park;
};

/**
 * struct dsmb_call - one command of a message
 * @conn: the connection; held by @message
 * @message: the message it came with; keeps the bytes of @in
 * @cmd: entry of dsmb_commands; NULL for an unknown command
 * @command: Command of the header
 * @flags: Flags of the header
 * @message_id: MessageId of the header
 * @charge: CreditCharge of the header, at least 1
 * @channel_sequence: ChannelSequence of the header, for 3.x
 * @credits: CreditRequest of the header
 * @tree_id: TreeId of the header; of the previous command for a related one
 * @session_id: SessionId of the header; of the previous command for a related one
 * @at: offset of the header in the message
 * @share_status: for a disk tree, why there is no @share although a command with DSMB_FREES runs
 * @session: held, or NULL if the command needs none
 * @channel: channel it arrived on; held, or NULL
 * @tree: held, or NULL
 * @share: share of a disk tree, held while the command runs; NULL also with @share_status
 * @fs_limit: limit of a file system within the share that the call is about, held; NULL for the
 *	tree's. It is of the queue that the message runs on
 * @place: limit in which the worker has a place for the call while it runs, or NULL
 * @op: for a disk tree, filled with share, credential, actor without owner, park and conflict;
 *	dsmb_call_open() adds the owner
 * @actor: lock owner of @op
 * @conflict: conflict record of @op, or NULL
 * @open: found by dsmb_call_open(), held; dropped by the engine when the call is done
 * @early: the open its FileId named on arrival, held, so that a CLOSE that arrived later does not
 *	overtake the call
 * @created: entry for the CreateGuid of a CREATE that is not complete, or NULL: open/replay.c
 * @counted: counted among the outstanding calls of @open: open/replay.c
 * @turn: with @counted, the channel sequence period of @open that it is counted in
 * @nonce: identifies its response for signing
 * @encrypted: the request came encrypted, so the response is encrypted too
 * @cancel: set by a command that parks: makes the parked call end soon. Called in process context
 *	with no lock held, once when the call is cancelled, and once more if its last run parks
 *	again, but not while the call waits for @names. NULL if it waits only on @park
 * @private: data of the command, kept while the call is parked and freed by its release(); if the
 *	call is cancelled, the command is executed once more to undo what it did
 * @names: answers of the helper that it waits for, or NULL. While it does, it is counted as parked,
 *	but no STATUS_PENDING is sent: the wait is bounded, and clients do not expect it
 * @async_id: AsyncId of STATUS_PENDING; 0 until that was sent. In CANCEL, the AsyncId it names
 * @pages: data of the response behind the body, as pages
 * @npages: number of @pages
 * @pages_max: room in @pages
 * @keep_body: send what is in @out although the status is an error
 * @refused: the responses of the message would be too large with this one
 * @read: bytes that a READ has returned, for statistics
 * @written: bytes that a WRITE has written, likewise
 * @begun: it was run before
 * @waited: counted in conn->nasync
 * @quiet: send no STATUS_PENDING while it is parked: it waits for this server only, and not
 *	long
 * @endless: it may be parked without a time limit although its command is not DSMB_ENDLESS
 * @tells: breaks wait until its response was sent; release() ends that
 * @lock: spinlock; guards the members from @state to @final
 * @state: see enum dsmb_call_state in call.c
 * @woken: what woke it while it ran, was parked or was being cancelled
 * @cancelling: @cancel is running
 * @cancel_called: @cancel is running or has run
 * @last_run: cancelled, and run once more so that the command undoes what it did
 * @cancelled: to end with @cancel_status
 * @cancel_status: status of a cancelled call
 * @final: status given to dsmb_call_complete(); later, status of the response
 * @slow: where its time goes; NULL unless slow calls are traced
 * @reply: buffer that holds the response
 * @reply_at: offset of the response's header in @reply
 * @reply_len: bytes of header and body, and padding in a compound
 * @args: decoded arguments of the command; NULL before decoding, and once they were released
 * @in: the command from its header on, so that wire offsets are cursor offsets; positioned
 *	behind the header
 * @out: body of the response; wire offsets count from the header, which is DSMB_OUT_HEADER
 *	bytes before it
 * @park: park of @op
 * @by_id: in conn->calls, under conn->lock
 * @open_link: in the table of parked calls of call.c, or empty
 * @room: memory of the arguments and behind them the results, if it suffices
 */
struct dsmb_call {
	struct dsmb_conn *conn;
	struct dsmb_message *message;
	const struct dsmb_command *cmd;
	u16 command;
	u32 flags;
	u64 message_id;
	u16 charge;
	u16 channel_sequence;
	u16 credits;
	u32 tree_id;
	u64 session_id;
	u32 at;
	u32 share_status;
	struct dsmb_session *session;
	struct dsmb_channel *channel;
	struct dsmb_tree *tree;
	struct ditto_share *share;
	struct dsmb_fs_limit *fs_limit;
	struct dsmb_fs_limit *place;
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_conflict *conflict;
	struct dsmb_open *open;
	struct dsmb_open *early;
	struct dsmb_created *created;
	bool counted;
	u32 turn;
	struct dsmb_nonce nonce;
	bool encrypted;
	void (*cancel)(struct dsmb_call *call);
	void *private;
	struct dsmb_call_names *names;
	u64 async_id;
	struct bio_vec *pages;
	unsigned int npages;
	unsigned int pages_max;
	u32 read;
	u32 written;
	bool keep_body;
	bool refused;
	bool begun;
	bool waited;
	bool quiet;
	bool endless;
	bool tells;
	spinlock_t lock;	/* see above */
	u8 state;
	u8 woken;
	bool cancelling;
	bool cancel_called;
	bool last_run;
	bool cancelled;
	u32 cancel_status;
	u32 final;
	struct ditto_slow_call *slow;
	struct dsmb_buf *reply;
	u32 reply_at;
	u32 reply_len;
	void *args;
	/* The following are not cleared: they are set before they are read. */
	struct dsmb_cursor in;
	struct dsmb_builder out;
	struct ditto_park park;
	struct hlist_node by_id;
	struct list_head open_link;
	u64 room[DSMB_CALL_ROOM / sizeof(u64)];
};

/* Bytes of the SMB2 header before the body. */
#define DSMB_OUT_HEADER		64

int dsmb_reply_reserve(struct dsmb_call *call, u32 size);
bool dsmb_reply_compress(struct dsmb_call *call);
bool dsmb_reply_may_splice(const struct dsmb_call *call);
bool dsmb_reply_may_seal_pages(const struct dsmb_call *call);
int dsmb_reply_reserve_pages(struct dsmb_call *call, u32 head, u32 size);
int dsmb_reply_add_page(struct dsmb_call *call, struct page *page, u32 offset, u32 len);

u32 dsmb_call_open(struct dsmb_call *call, u64 persistent, u64 volatile_id);
u32 dsmb_call_move(struct dsmb_call *call, const struct ditto_share *share);
void dsmb_call_created(struct dsmb_call *call, struct dsmb_open *open);

u32 dsmb_call_parked(struct dsmb_call *call);
void dsmb_call_rerun(struct dsmb_call *call);
void dsmb_call_complete(struct dsmb_call *call, u32 status);
bool dsmb_call_is_cancelled(const struct dsmb_call *call);
void dsmb_calls_cancel(struct dsmb_open *open, const struct dsmb_session *session, u32 status);
void dsmb_calls_cancel_session(struct dsmb_session *session, const struct dsmb_tree *tree,
			       u32 status);

bool dsmb_charge_covers(const struct dsmb_call *call, u32 bytes);

/* The functions below belong to the engine and are not for commands: call.c and dispatch.c. */

void dsmb_calls_init(void);
void dsmb_call_init(struct dsmb_call *call, struct dsmb_message *message);

/* Begin and end the time that a thread runs a call which is traced: call_slow.c. */
void dsmb_call_slow_begin(struct dsmb_call *call);
void dsmb_call_slow_run(struct dsmb_call *call, u32 status);
void dsmb_call_slow_range(struct dsmb_call *call, const struct ditto_range_request *req);
void dsmb_call_slow_open(struct dsmb_call *call, struct dsmb_open *open);

void dsmb_call_drop_open(struct dsmb_call *call);

/* True if the call is or is about to be parked for an answer of the helper. */
static inline bool dsmb_call_waits_for_names(const struct dsmb_call *call)
{
	return call->names && call->names->park.waits;
}

void dsmb_call_cancel_names(struct dsmb_call *call);
u32 dsmb_call_names_end(struct dsmb_call *call);
struct ditto_names_park *dsmb_call_names_park(struct dsmb_call *call);
void dsmb_call_drop_names(struct dsmb_call *call);

u32 dsmb_call_need_share(struct dsmb_call *call);

void dsmb_call_drop_all(struct dsmb_call *call);

/* True if dsmb_call_done() has nothing to drop. The call's status is final. */
static inline bool dsmb_call_is_done(const struct dsmb_call *call)
{
	return !call->open && !call->early && !call->names && !call->park.used &&
	       list_empty_careful(&call->open_link);
}

/*
 * Drop the open of a call that does not run any more. Takes the call off the parked calls, cancels
 * its park, and drops its opens. This happens before the response is sent, because the response may
 * wait for the client, and the response of a CLOSE means that the open is gone.
 */
static inline void dsmb_call_done(struct dsmb_call *call)
{
	if (!dsmb_call_is_done(call))
		dsmb_call_drop_all(call);
}

void dsmb_call_release(struct dsmb_call *call);
void dsmb_call_end(struct dsmb_call *call);
void dsmb_call_cancel(struct dsmb_call *call, u32 status);
void dsmb_call_cancel_here(struct dsmb_call *call, u32 status);
bool dsmb_call_park(struct dsmb_call *call);
bool dsmb_call_is_woken(struct dsmb_call *call);
bool dsmb_call_woken_status(struct dsmb_call *call, u32 *status);

void dsmb_call_arrived(struct dsmb_call *call);
struct dsmb_fs_limit *dsmb_call_fs_limit(const struct dsmb_call *call);
u32 dsmb_call_run(struct dsmb_call *call, u64 *clock);

#endif
