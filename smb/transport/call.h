/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls: one command of a message, from its parsing to its answer.
 *
 * A handler reads its arguments by @in, writes its answer by @out, and returns a
 * status. It runs on a worker and may sleep for I/O, but not for other clients or the
 * helper: what must wait for them is parked. A parked call holds no thread. It is run
 * again from its start when what it waits for happened (dsmb_call_again()), or
 * completed by whoever has the result (dsmb_call_complete()). So a handler
 * changes nothing before the last point where it may park.
 *
 * The engine sends STATUS_PENDING for a parked call, and takes care of CANCEL, of
 * sessions, trees, opens and connections that end: it calls @cancel, once.
 */
#ifndef _DITTO_SMB_TRANSPORT_CALL_H
#define _DITTO_SMB_TRANSPORT_CALL_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../../fs/op/op.h"
#include "../../lockd/claim.h"
#include "../auth/crypto.h"
#include "builder.h"
#include "cursor.h"
#include "status.h"
#include "wire.h"

struct dsmb_buf;
struct dsmb_call;
struct dsmb_channel;
struct dsmb_conn;
struct dsmb_created;	/* replay.h */
struct dsmb_crowd;
struct dsmb_message;	/* what was received at once, maybe several calls: message.h */
struct dsmb_open;
struct dsmb_session;
struct dsmb_tree;

/* Body of the largest answer without a reservation, header not counted. */
#define DSMB_REPLY_SMALL	1024

/**
 * struct dsmb_call - one command
 * @conn: held
 * @message: it came with; keeps the bytes of @in
 * @cmd: what is known of the command
 * @command: its code
 * @flags: of its header
 * @message_id: of its header
 * @charge: CreditCharge, at least 1
 * @channel_sequence: of its header, for 3.x
 * @credits: asked for
 * @tree_id: of its header, or of the command it is related to
 * @session_id: the same
 * @at: of its header in the message
 * @in: the command from its header on, so that offsets of the wire are offsets of
 *	the cursor; stands behind the header
 * @out: the answer's body; offsets of the wire count from the header, which is
 *	DSMB_OUT_HEADER bytes before it
 * @session: held, or NULL where the command needs none
 * @channel: by which it came; valid while @conn and @session are held
 * @tree: held, or NULL
 * @share: of a disk tree, held while the handler runs
 * @op: filled for a disk tree: share, credential, actor without owner, park, conflict;
 *	dsmb_call_open() completes it
 * @actor: behind @op
 * @conflict: behind @op
 * @park: behind @op
 * @open: found by dsmb_call_open(), held; dropped by the engine when the call is done
 * @early: the open it names, held since it came: a CLOSE behind it does not overtake it
 * @created: the CreateGuid of a CREATE that is not through, or NULL: replay.c
 * @counted: it is one of the open's outstanding calls: replay.c
 * @turn: of the open's channel sequence, then
 * @nonce: what its answer is signed under
 * @encrypted: it came encrypted, and so goes the answer
 * @cancel: set by who parks: make the parked call end soon; called once, from any
 *	process context, with no lock held. NULL if the lock table's park is all there is.
 * @private: the handler's, kept while the call is parked; freed by @release
 * @release: frees @private at the end; NULL for none
 * @async_id: of STATUS_PENDING; 0 until it was sent
 * @pages: data of the answer behind the body, as pages
 * @npages: how many
 * @pages_max: room in @pages
 * @keep_body: what is in @out goes out, though the status is an error
 * @refused: answers of the message would be too large with its own
 * @begun: it was run before
 * @waited: it is counted in conn->nasync
 * @quiet: no STATUS_PENDING while it is parked: it waits for this server, and not long
 * @endless: it is parked for what may never come, though its command is not DSMB_ENDLESS
 * @lock: guards what follows up to @final
 * @state: see enum dsmb_call_state in call.c
 * @woken: what happened while it ran or was being cancelled
 * @cancelling: @cancel is running
 * @cancel_called: it ran or runs
 * @last_run: it runs once more to undo what it did, for it was cancelled
 * @cancelled: it is to end with @cancel_status
 * @cancel_status: see there
 * @final: status of dsmb_call_complete()
 * @reply: holds the answer
 * @reply_at: of its header in @reply
 * @reply_len: of header and body, and padding
 * @list: on the connection's list
 * @by_id: in the connection's table
 * @open_link: on nobody's list, or that of calls waiting on @open
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
	struct dsmb_cursor in;
	struct dsmb_builder out;
	struct dsmb_session *session;
	struct dsmb_channel *channel;
	struct dsmb_tree *tree;
	struct ditto_share *share;
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_conflict *conflict;
	struct ditto_park park;
	struct dsmb_open *open;
	struct dsmb_open *early;
	struct dsmb_created *created;
	bool counted;
	u32 turn;
	struct dsmb_nonce nonce;
	bool encrypted;
	void (*cancel)(struct dsmb_call *call);
	void *private;
	void (*release)(struct dsmb_call *call);
	u64 async_id;
	struct bio_vec *pages;
	unsigned int npages;
	unsigned int pages_max;
	bool keep_body;
	bool refused;
	bool begun;
	bool waited;
	bool quiet;
	bool endless;
	spinlock_t lock;	/* see above */
	u8 state;
	u8 woken;
	bool cancelling;
	bool cancel_called;
	bool last_run;
	bool cancelled;
	u32 cancel_status;
	u32 final;
	struct dsmb_buf *reply;
	u32 reply_at;
	u32 reply_len;
	struct list_head list;
	struct hlist_node by_id;
	struct list_head open_link;
};

/* Bytes between the header of the wire and the body. */
#define DSMB_OUT_HEADER		64

/* What a command needs; see command.c for the table. */
#define DSMB_NEEDS_SESSION	BIT(0)
#define DSMB_NEEDS_TREE		BIT(1)
#define DSMB_NEEDS_DISK		BIT(2)	/* a tree of a disk share; else NOT_SUPPORTED */
#define DSMB_SLOW		BIT(3)	/* may take long: does not hold up what arrived with it */
#define DSMB_CHANGES		BIT(4)	/* checks the channel sequence (3.3.5.2.10) */
#define DSMB_LARGE_ANSWER	BIT(5)	/* its answer may be as large as its charge allows */
#define DSMB_RECORDS		BIT(6)	/* may wait until it is recorded, on a continuous share */
#define DSMB_ENDLESS		BIT(7)	/* may wait for another client without a time limit */
#define DSMB_NO_INTERIM		BIT(8)	/* no STATUS_PENDING: it waits for breaks only */
#define DSMB_FREES		BIT(9)	/* ends something that is held, or shows that it lives */

/**
 * struct dsmb_command - what is known of a command
 * @name: for people
 * @structure_size: StructureSize of the request
 * @flags: DSMB_NEEDS_* and others
 * @file_id: where its FileId is, from the header on; 0 if it has none
 * @handle: does it; returns a status, DSMB_PARKED or DSMB_DROP
 */
struct dsmb_command {
	const char *name;
	u16 structure_size;
	u16 flags;
	u16 file_id;
	u32 (*handle)(struct dsmb_call *call);
};

extern const struct dsmb_command dsmb_commands[DSMB_COMMANDS];

/*
 * The handlers, one file for each or a few. StructureSize was checked, @in stands
 * behind it. Session and tree are there where the table says so.
 */
u32 dsmb_negotiate(struct dsmb_call *call);
u32 dsmb_session_setup(struct dsmb_call *call);
u32 dsmb_logoff(struct dsmb_call *call);
u32 dsmb_tree_connect(struct dsmb_call *call);
u32 dsmb_tree_disconnect(struct dsmb_call *call);
u32 dsmb_create(struct dsmb_call *call);
u32 dsmb_close(struct dsmb_call *call);
u32 dsmb_flush(struct dsmb_call *call);
u32 dsmb_read(struct dsmb_call *call);
u32 dsmb_write(struct dsmb_call *call);
u32 dsmb_lock(struct dsmb_call *call);
u32 dsmb_ioctl(struct dsmb_call *call);
u32 dsmb_echo(struct dsmb_call *call);
u32 dsmb_query_directory(struct dsmb_call *call);
u32 dsmb_change_notify(struct dsmb_call *call);
u32 dsmb_query_info(struct dsmb_call *call);
u32 dsmb_set_info(struct dsmb_call *call);
u32 dsmb_oplock_break(struct dsmb_call *call);

/**
 * dsmb_reply_reserve - room for a larger answer
 * @call: nothing was written to @out yet
 * @size: of the body
 *
 * Return: 0, or -ENOMEM (INSUFFICIENT_RESOURCES).
 */
int dsmb_reply_reserve(struct dsmb_call *call, u32 size);

/* May data go out as pages of the page cache? Not if it is signed or encrypted, or not last. */
bool dsmb_reply_may_splice(const struct dsmb_call *call);
/* Data behind the body: a reference to a part of a page, taken here. -ENOMEM, -EMSGSIZE. */
int dsmb_reply_add_page(struct dsmb_call *call, struct page *page, u32 offset, u32 len);

/**
 * dsmb_call_open - the open a call is about
 * @call: with a session
 * @persistent: FileId.Persistent as it came; all ones for that of a related call
 * @volatile_id: FileId.Volatile as it came; the same
 * @open: filled, held until the call is done
 *
 * Sets @call->op.actor's owner to the open's, and remembers the FileId for related calls.
 * Return: DSMB_SUCCESS, DSMB_FILE_CLOSED, or for a related call what failed before
 * it (3.3.5.2.7.2).
 */
u32 dsmb_call_open(struct dsmb_call *call, u64 persistent, u64 volatile_id,
		   struct dsmb_open **open);
/* CREATE worked: related calls behind it are about this open. */
void dsmb_call_created(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_call_parked - the lock table took the call's park (-EJUKEBOX with a park)
 * @call: whose handler returns
 *
 * To be returned from the handler at once, as `return dsmb_call_parked(call)`.
 * Return: DSMB_PARKED; or, if nothing was parked, a status to answer.
 */
u32 dsmb_call_parked(struct dsmb_call *call);

/* Run a parked call again. Any process context; does nothing the second time. */
void dsmb_call_again(struct dsmb_call *call);
/* End a parked call with a status and what is in @out. Any process context. */
void dsmb_call_complete(struct dsmb_call *call, u32 status);
/* CANCEL came, or what it is about ended; a handler that runs again looks at it. */
bool dsmb_call_is_cancelled(const struct dsmb_call *call);
/*
 * Cancel the calls parked on an open, with this status instead of CANCELLED: those of a
 * session, or all without one. May sleep.
 */
void dsmb_calls_cancel(struct dsmb_open *open, const struct dsmb_session *session, u32 status);
/* The same for all of a session, or of one tree of it. May sleep. */
void dsmb_calls_cancel_session(struct dsmb_session *session, const struct dsmb_tree *tree,
			       u32 status);

/* Does the credit charge of a call cover a payload of so many bytes (3.3.5.2.5)? */
bool dsmb_charge_covers(const struct dsmb_call *call, u32 bytes);

/* The engine's own, not for handlers: call.c and dispatch.c. */

void dsmb_calls_init(void);
void dsmb_call_init(struct dsmb_call *call, struct dsmb_message *message);
/* Drop the open it is about, until it runs again. */
void dsmb_call_drop_open(struct dsmb_call *call);
/* It does not run any more: drop the open it was about, before it is answered. */
void dsmb_call_done(struct dsmb_call *call);
/* The handler is done and its answer, too: drop what is the handler's. */
void dsmb_call_release(struct dsmb_call *call);
/* The call is answered: drop what it holds. */
void dsmb_call_end(struct dsmb_call *call);
/* Make a parked or running call end with a status. May sleep. */
void dsmb_call_cancel(struct dsmb_call *call, u32 status);
/* If it waits, it is answered when this returns, as far as that is quick. */
void dsmb_call_cancel_here(struct dsmb_call *call, u32 status);
/*
 * The handler returned DSMB_PARKED. True if the call waits now and belongs to
 * whoever wakes it; false if it is to be run on at once.
 */
bool dsmb_call_park(struct dsmb_call *call);
/* Did something happen already that makes a call go on which is about to be parked? */
bool dsmb_call_is_woken(struct dsmb_call *call);
/* A call that was woken: true with the status it ended with, or false if it is to be run again. */
bool dsmb_call_woken_status(struct dsmb_call *call, u32 *status);
/* In the order of arrival: take hold of what it is about. */
void dsmb_call_arrived(struct dsmb_call *call);
/* The workers that it is counted among while its handler runs, of a disk tree: crowd.h. */
struct dsmb_crowd *dsmb_call_crowd(const struct dsmb_call *call);
/* Check it and run its handler. */
u32 dsmb_call_run(struct dsmb_call *call);
/* It ended, maybe while it waited: what the next related command takes from it. */
void dsmb_call_leave(struct dsmb_call *call, u32 status);
/* CANCEL: finds its victim; there is no answer (cancel.c). */
void dsmb_cancel(struct dsmb_call *call);

#endif
