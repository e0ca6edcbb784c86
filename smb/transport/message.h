/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages: what came in one frame, one command or several, and their answers,
 * which go out in one frame.
 *
 * A message belongs to one thread at a time, which runs its calls in order.
 * While a call is parked it belongs to nobody; who wakes the call queues the
 * message's work. References keep the memory for those who look at a parked call.
 */
#ifndef _DITTO_SMB_TRANSPORT_MESSAGE_H
#define _DITTO_SMB_TRANSPORT_MESSAGE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "call.h"
#include "transport.h"

struct dsmb_buf;
struct dsmb_conn;
struct dsmb_crowd;
struct dsmb_server;
struct dsmb_session;

/* What a message holds besides its bytes: itself, and the buffer for its answers. */
#define DSMB_MESSAGE_COST	(sizeof(struct dsmb_message) + SZ_4K)
/* Calls that need no allocation of their own. */
#define DSMB_MESSAGE_FEW	4

/**
 * struct dsmb_chain - what related commands take from those before them (3.3.5.2.7.2)
 * @session_id: of the command before
 * @tree_id: of the command before
 * @no_ids: there was none that worked: INVALID_PARAMETER
 * @has_file: @persistent and @volatile_id are those of a command before
 * @failed: why there is no file: the status of the CREATE that failed, else 0
 * @persistent: FileId.Persistent
 * @volatile_id: FileId.Volatile
 */
struct dsmb_chain {
	u64 session_id;
	u32 tree_id;
	bool no_ids;
	bool has_file;
	u32 failed;
	u64 persistent;
	u64 volatile_id;
};

/**
 * struct dsmb_message - one
 * @conn: held
 * @list: of messages received together, or idle
 * @ref: see above
 * @buf: holds it
 * @offset: of its first byte in @buf; of the plain text once that is there
 * @len: bytes
 * @cost: counted as being in flight
 * @parked: counted as being parked
 * @smb1: it is a NEGOTIATE of SMB1
 * @sealed: it came encrypted
 * @split: its commands are known
 * @slow: it is to be run by a worker of its own
 * @login: by one of those for authentications
 * @records: by one of those that wait until something is recorded
 * @large: so is it if there are others
 * @reserve: it came in though the account is full: its calls may not wait for other clients
 * @woken_by: queued by it, held; the next one is woken even if this one does not go in
 * @session: whose key it came sealed with, held
 * @calls: its commands
 * @ncalls: how many
 * @pos: the one that is run
 * @first: the first that was not answered
 * @few: behind @calls, if that is enough
 * @chain: for related commands
 * @reply: takes small answers; stays with the message
 * @reply_end: of what is used of it
 * @out: the answer on its way
 * @work: runs it
 */
struct dsmb_message {
	struct dsmb_conn *conn;
	struct list_head list;
	refcount_t ref;
	struct dsmb_buf *buf;
	u32 offset;
	u32 len;
	u32 cost;
	u32 parked;
	bool smb1;
	bool sealed;
	bool split;
	bool slow;
	bool login;
	bool records;
	bool large;
	bool reserve;
	struct dsmb_crowd *woken_by;
	struct dsmb_session *session;
	struct dsmb_call *calls;
	u16 ncalls;
	u16 pos;
	u16 first;
	struct dsmb_call few[DSMB_MESSAGE_FEW];
	struct dsmb_chain chain;
	struct dsmb_buf *reply;
	u32 reply_end;
	struct dsmb_out out;
	struct work_struct work;
};

/**
 * dsmb_message_new - a message that was received
 * @conn: by which it came
 * @buf: a reference is taken
 * @offset: of its first byte
 * @len: bytes
 *
 * Return: the message, or NULL.
 */
struct dsmb_message *dsmb_message_new(struct dsmb_conn *conn, struct dsmb_buf *buf,
				      u32 offset, u32 len);

/**
 * dsmb_message_prepare - take it apart, in the order of arrival
 * @message: new
 *
 * Its ids are used up and its calls can be found by CANCEL. Large sealed messages
 * are left to the worker that runs them. Return: 0; else why the connection is to be dropped.
 */
const char *dsmb_message_prepare(struct dsmb_message *message);
/* It was taken apart: each of its commands frees something, or takes nothing. */
bool dsmb_message_frees(const struct dsmb_message *message);
/* It has room, or has ended: the next one may come in by the reserve. Process context. */
void dsmb_message_end_reserve(struct dsmb_message *message);
/* It was not run yet: large answers are refused, and not charged any more. */
void dsmb_message_refuse_large(struct dsmb_message *message);
/* It is one command, CANCEL. False for what is not taken apart yet. */
bool dsmb_message_is_cancel(const struct dsmb_message *message);

/*
 * Run it, or run it on. The answer is in @outs, unless there is none (yet). Consumes
 * the message.
 */
void dsmb_message_run(struct dsmb_message *message, struct list_head *outs);
/* Run it by a worker of its own. */
void dsmb_message_queue(struct dsmb_message *message);
/* Here, if that is quick: @call, which was cancelled, is all that is left. Process context. */
void dsmb_message_run_here(struct dsmb_message *message, const struct dsmb_call *call);

static inline void dsmb_message_hold(struct dsmb_message *message)
{
	refcount_inc(&message->ref);
}

/* Is the call that runs the last of the message? */
static inline bool dsmb_message_is_at_last(const struct dsmb_message *message)
{
	return message->pos == message->ncalls - 1;
}

void dsmb_message_put(struct dsmb_message *message);
/* It is answered, or never will be: its calls end. */
void dsmb_message_end(struct dsmb_message *message);
/* An idle message of a connection that ends. */
void dsmb_message_free_idle(struct dsmb_server *server, struct dsmb_message *message);

/**
 * dsmb_split - where the commands of a message are
 * @message: it
 * @len: bytes
 * @at: filled with the offset of each
 * @max: room in @at
 *
 * Return: how many, or 0 if the message is malformed or has more.
 */
unsigned int dsmb_split(const void *message, u32 len, u32 *at, unsigned int max);

/* reply.c: answers */

/* Room for a small answer; -ENOMEM. */
int dsmb_reply_begin(struct dsmb_call *call);
/* The call is done: header, and body of errors. */
void dsmb_reply_end(struct dsmb_call *call, u32 status);
/*
 * STATUS_PENDING for the call that is run, with the answers before it, whose buffers go. False
 * without memory.
 */
bool dsmb_reply_interim(struct dsmb_message *message, struct dsmb_call *call);
/* All is answered: put it together. False if there is nothing to send, or it failed. */
bool dsmb_reply_finish(struct dsmb_message *message);

int dsmb_message_init(void);
void dsmb_message_exit(void);

#endif
