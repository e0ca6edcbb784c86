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

/**
 * dsmb_reply_reserve - make room for a large response
 * @call: nothing was written to @out yet
 * @size: bytes of the body
 *
 * If the message was not charged for so many, it is now.
 *
 * Context: process; may sleep for memory.
 * Return: 0, or -ENOMEM, to be answered with INSUFFICIENT_RESOURCES, also if the user may hold no
 * more.
 */
int dsmb_reply_reserve(struct dsmb_call *call, u32 size);

/*
 * Compress the response if the share and the client allow that (MS-SMB2 section 3.3.4.1.5). Returns
 * true if it will be tried.
 */
bool dsmb_reply_compress(struct dsmb_call *call);

/**
 * dsmb_reply_may_splice - may the response data be sent as pages of the page cache?
 * @call: the call
 *
 * Return: true unless the response is signed, encrypted or part of a compound.
 */
bool dsmb_reply_may_splice(const struct dsmb_call *call);

/**
 * dsmb_reply_may_seal_pages - may the response data be encrypted straight from the page cache?
 * @call: the call
 *
 * Return: true if the request came encrypted, is no compound, and its key reads data only once.
 */
bool dsmb_reply_may_seal_pages(const struct dsmb_call *call);

/**
 * dsmb_reply_reserve_pages - make room for a response whose data is encrypted from pages
 * @call: dsmb_reply_may_seal_pages() is true for it; nothing was written to @out yet
 * @head: bytes of the body before the data
 * @size: bytes of the data
 *
 * The room for the data begins with a page, as most of what is read does, so that both are walked
 * in as few steps as possible.
 *
 * Context: process; may sleep for memory.
 * Return: 0 or -ENOMEM.
 */
int dsmb_reply_reserve_pages(struct dsmb_call *call, u32 head, u32 size);

/**
 * dsmb_reply_add_page - append a part of a page to the response, behind the body
 * @call: dsmb_reply_may_splice() is true for it, or dsmb_reply_reserve_pages() succeeded
 * @page: the page; a reference is taken
 * @offset: first byte in the page
 * @len: bytes
 *
 * Context: process; may sleep for memory.
 * Return: 0, -ENOMEM, or -EMSGSIZE if there are too many pages.
 */
int dsmb_reply_add_page(struct dsmb_call *call, struct page *page, u32 offset, u32 len);

/**
 * dsmb_call_open - find the open that a call names
 * @call: with a session; its @open is set
 * @persistent: FileId.Persistent of the request
 * @volatile_id: FileId.Volatile of the request
 *
 * Only for commands without DSMB_NEEDS_OPEN. A related call uses the FileId of the call before it,
 * whatever its own says. The function sets the owner in @call->op.actor to the owner of the open,
 * remembers the FileId for related calls, and checks the ChannelSequence (MS-SMB2 section
 * 3.3.5.2.10).
 *
 * Return: STATUS_SUCCESS; STATUS_FILE_CLOSED; STATUS_INVALID_HANDLE if a related call has no
 * FileId; STATUS_FILE_NOT_AVAILABLE if the ChannelSequence does not allow the call; DSMB_FS_FULL as
 * dsmb_call_move(); for a related call, the status of the CREATE that failed before it (MS-SMB2
 * section 3.3.5.2.7.2).
 */
u32 dsmb_call_open(struct dsmb_call *call, u64 persistent, u64 volatile_id);

/**
 * dsmb_call_move - let a call go on in a file system within its share
 * @call: runs; has changed nothing yet
 * @share: the file system
 *
 * The worker gives its place in one file system back for one in the other.
 *
 * Context: process; does not sleep.
 * Return: STATUS_SUCCESS; INSUFFICIENT_RESOURCES without memory; DSMB_FS_FULL if there is no place,
 * which the command returns immediately: it is run again when there is one.
 */
u32 dsmb_call_move(struct dsmb_call *call, const struct ditto_share *share);

/**
 * dsmb_call_created - record the open of a successful CREATE for the related calls behind it
 * @call: of CREATE
 * @open: the new open
 *
 * Context: any; the thread runs the message.
 */
void dsmb_call_created(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_call_parked - park a call after the lock table returned -EJUKEBOX
 * @call: the call whose command returns
 *
 * The command returns the value immediately, as in `return dsmb_call_parked(call)`.
 *
 * Context: process; in the command.
 * Return: DSMB_PARKED; FILE_NOT_AVAILABLE if the lock table did not take the call's park.
 */
u32 dsmb_call_parked(struct dsmb_call *call);

/**
 * dsmb_call_rerun - run a parked call again
 * @call: parked, or about to be
 *
 * Only the first wake-up of a parking has an effect. The caller must not touch the call
 * afterwards unless it holds the message.
 *
 * Context: process; does not sleep.
 */
void dsmb_call_rerun(struct dsmb_call *call);

/**
 * dsmb_call_complete - end a parked call
 * @call: parked, or about to be; @out has the body of its response
 * @status: its status
 *
 * Only the first wake-up of a parking has an effect. The caller must not touch the call
 * afterwards unless it holds the message.
 *
 * Context: process; does not sleep.
 */
void dsmb_call_complete(struct dsmb_call *call, u32 status);

/**
 * dsmb_call_is_cancelled - was a call cancelled?
 * @call: the call
 *
 * A command that is run again checks this.
 *
 * Context: any.
 * Return: true if the client cancelled the call, or its open, tree, session or connection
 * ended.
 */
bool dsmb_call_is_cancelled(const struct dsmb_call *call);

/**
 * dsmb_calls_cancel - cancel the calls that are parked on an open
 * @open: the open
 * @session: only calls of this session; NULL for all
 * @status: status to end them with
 *
 * Context: process; may sleep; no spinlock held.
 */
void dsmb_calls_cancel(struct dsmb_open *open, const struct dsmb_session *session, u32 status);

/**
 * dsmb_calls_cancel_session - cancel the calls of a session that are parked
 * @session: the session
 * @tree: only calls on this tree; NULL for all
 * @status: status to end them with
 *
 * Context: process; may sleep; no spinlock held.
 */
void dsmb_calls_cancel_session(struct dsmb_session *session, const struct dsmb_tree *tree,
			       u32 status);

/**
 * dsmb_charge_covers - does the CreditCharge cover a payload? (MS-SMB2 section 3.3.5.2.5)
 * @call: the call
 * @bytes: size of the payload
 *
 * Context: any.
 * Return: true if it does, or the connection does not charge credits by size.
 */
bool dsmb_charge_covers(const struct dsmb_call *call, u32 bytes);

/* The functions below belong to the engine and are not for commands: call.c and dispatch.c. */

/* Initialize the table of parked calls, once for the module. */
void dsmb_calls_init(void);

/**
 * dsmb_call_init - initialize a call
 * @call: zeroed and filled
 * @message: the message it is part of
 */
void dsmb_call_init(struct dsmb_call *call, struct dsmb_message *message);

/* Begin and end the time that a thread runs a call which is traced: call_slow.c. */
void dsmb_call_slow_begin(struct dsmb_call *call);
void dsmb_call_slow_run(struct dsmb_call *call, u32 status);

/* Note whose range a call which is traced will wait for. Context: @req is valid. */
void dsmb_call_slow_range(struct dsmb_call *call, const struct ditto_range_request *req);

/* Note the open that a call which is traced is about. Context: the share is held. */
void dsmb_call_slow_open(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_call_drop_open - drop the open of a call that is done or is run again
 * @call: the call
 *
 * Ends its part in the open's channel sequence, and clears the owner of @call->op.
 *
 * Context: process; may sleep, because the last reference closes the open.
 */
void dsmb_call_drop_open(struct dsmb_call *call);

/* True if the call is or is about to be parked for an answer of the helper. */
static inline bool dsmb_call_waits_for_names(const struct dsmb_call *call)
{
	return call->names && call->names->park.waits;
}

/* Ends the wait of a parked call for the helper, because the call was cancelled. */
void dsmb_call_cancel_names(struct dsmb_call *call);

/**
 * dsmb_call_names_end - stop asking the helper
 * @call: the call, after questions with dsmb_call_names_park()
 *
 * Return: STATUS_SUCCESS; or DSMB_PARKED if an answer is missing: the command drops what it has,
 * returns the value immediately, and starts over when it runs again.
 */
u32 dsmb_call_names_end(struct dsmb_call *call);

/* The park of the call for answers of the helper, made if it has none. NULL without memory. */
struct ditto_names_park *dsmb_call_names_park(struct dsmb_call *call);

/* Forgets the answers that the call waits for, if there are any. */
void dsmb_call_drop_names(struct dsmb_call *call);

/**
 * dsmb_call_need_share - get the share for a call whose command does not always need it
 * @call: of a command with DSMB_FREES; runs; has changed nothing yet
 *
 * Return: STATUS_SUCCESS, with @call->share and @call->op filled; a status; or DSMB_PARKED while
 * the helper is asked, which the command returns immediately.
 */
u32 dsmb_call_need_share(struct dsmb_call *call);

/**
 * dsmb_call_drop_all - the same as dsmb_call_done(), of a call that has something to be dropped
 * @call: its status is final
 */
void dsmb_call_drop_all(struct dsmb_call *call);

/* True if dsmb_call_done() has nothing to drop. The call's status is final. */
static inline bool dsmb_call_is_done(const struct dsmb_call *call)
{
	return !call->open && !call->early && !call->names && !call->park.used &&
	       list_empty_careful(&call->open_link);
}

/**
 * dsmb_call_done - drop the open of a call that does not run any more
 * @call: its status is final
 *
 * Takes the call off the parked calls, cancels its park, and drops its opens. This happens
 * before the response is sent, because the response may wait for the client, and the response of a
 * CLOSE means that the open is gone.
 */
static inline void dsmb_call_done(struct dsmb_call *call)
{
	if (!dsmb_call_is_done(call))
		dsmb_call_drop_all(call);
}

/**
 * dsmb_call_release - release the arguments of a call, and what its command took
 * @call: it is done and its response is written, or it never will be
 */
void dsmb_call_release(struct dsmb_call *call);

/**
 * dsmb_call_end - drop all that a call holds
 * @call: its response was sent, or never will be
 *
 * Context: process; may sleep; conn->lock is not held.
 */
void dsmb_call_end(struct dsmb_call *call);

/**
 * dsmb_call_cancel - end a parked or running call with a status
 * @call: the call; its message is held
 * @status: its status, unless it was cancelled before
 *
 * A call that runs ends with @status only if its command would park it, or checks for it.
 *
 * Context: process; may sleep; no spinlock held.
 */
void dsmb_call_cancel(struct dsmb_call *call, u32 status);

/**
 * dsmb_call_cancel_here - cancel a call and send its response from this thread if possible
 * @call: the call; its message is held
 * @status: its status, unless it was cancelled before
 *
 * The response of a parked call is sent before the function returns, if little work remains;
 * else a worker sends it. See dsmb_message_run_here().
 *
 * Context: process; may sleep; no lock held.
 */
void dsmb_call_cancel_here(struct dsmb_call *call, u32 status);

/**
 * dsmb_call_park - park a call whose command returned DSMB_PARKED
 * @call: the call
 *
 * Context: process; may sleep, because an object that has ended cancels the call here.
 * Return: true if the call waits now; the message then belongs to the waker. False if the call
 * must be run on immediately.
 */
bool dsmb_call_park(struct dsmb_call *call);

/**
 * dsmb_call_is_woken - was a call woken before it could be parked?
 * @call: its command returned DSMB_PARKED
 *
 * Context: any.
 * Return: true if dsmb_call_rerun() or dsmb_call_complete() was called.
 */
bool dsmb_call_is_woken(struct dsmb_call *call);

/**
 * dsmb_call_woken_status - find out how a woken call goes on
 * @call: was parked; belongs to this thread again
 * @status: filled if the call has ended
 *
 * A cancelled call with a @cancel function or private data is run once more, so that its
 * command can undo what it did.
 *
 * Return: true if the call ended with @status; false if it must be run again.
 */
bool dsmb_call_woken_status(struct dsmb_call *call, u32 *status);

/**
 * dsmb_call_arrived - look up the session and the open of a call on arrival
 * @call: parsed; calls of a connection come in the order of arrival
 *
 * A related call is left alone, because the calls before it decide what it is about.
 *
 * Context: process; only the thread that receives, or that runs a large message that came encrypted
 * or compressed.
 */
void dsmb_call_arrived(struct dsmb_call *call);

/**
 * dsmb_call_fs_limit - get the worker limit that applies to a call on a disk tree
 * @call: with a tree
 *
 * Context: any.
 * Return: the limit of the file system that the call is about, as far as that is known, for the
 * queue that the message runs on; see fs_limit.h.
 */
struct dsmb_fs_limit *dsmb_call_fs_limit(const struct dsmb_call *call);

/**
 * dsmb_call_run - check and execute a call, or continue it
 * @call: the call; belongs to this thread
 * @clock: time in ns if the thread has just read it, else 0; set to when the call ended, or to 0
 *
 * The checks of MS-SMB2 section 3.3.5.2 are made on the first run only. A call that was completed
 * while it was parked is only encoded.
 *
 * Return: a status to answer with, DSMB_PARKED, DSMB_DROP, DSMB_FS_FULL, DSMB_TO_BE_RECORDED or
 * DSMB_TURN_OVER.
 */
u32 dsmb_call_run(struct dsmb_call *call, u64 *clock);

#endif
