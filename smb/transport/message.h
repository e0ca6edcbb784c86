/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message is the content of one frame: one command, or several in a compound. The responses
 * of a message go out in one frame, apart from interim responses.
 *
 * A message belongs to one thread at a time, which runs its calls in order. While a call is
 * parked, no thread owns the message; the waker of the call queues the message's work.
 * References keep the memory for threads that look at a parked call.
 */
#ifndef _DITTO_SMB_TRANSPORT_MESSAGE_H
#define _DITTO_SMB_TRANSPORT_MESSAGE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../../net/fairq.h"
#include "call.h"
#include "transport.h"

struct ditto_rx_data;
struct dsmb_buf;
struct dsmb_conn;
struct dsmb_fs_limit;
struct dsmb_run_queue;
struct dsmb_server;
struct dsmb_session;
struct dsmb_waiting;

/* Bytes that a call is charged for, as its response is short. */
#define DSMB_SHORT_ANSWER	SZ_4K
/* Bytes a message holds besides its data: itself, and the buffer for its first response. */
#define DSMB_MESSAGE_COST	(sizeof(struct dsmb_message) + DSMB_SHORT_ANSWER)
/* Bytes above which a message is run by a worker of its own if there are others. */
#define DSMB_LARGE_BYTES	SZ_64K
/* Calls that need no allocation of their own. */
#define DSMB_MESSAGE_FEW	4

/**
 * struct dsmb_chain - what a related command inherits (MS-SMB2 section 3.3.5.2.7.2)
 * @session_id: SessionId of the previous command
 * @tree_id: TreeId of the previous command
 * @no_ids: no previous command gave valid ids: INVALID_PARAMETER
 * @has_file: @persistent and @volatile_id are from a previous command
 * @failed: status of the CREATE that failed, so that there is no FileId; else 0
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
 * struct dsmb_message - a received message
 * @conn: held
 * @list: in a batch of messages received together, on the list of idle messages, or in
 *	dsmb_waiting.rest
 * @ref: the thread that runs it, and each thread that looks at one of its calls
 * @buf: the buffer it lies in, held
 * @offset: of its first byte in @buf; after decryption, of the plaintext
 * @len: bytes
 * @apart: bytes of data at its end that are in @taken instead of @buf
 * @taken: these bytes; NULL if there are none
 * @received: time when it was received, if slow calls are traced; else 0
 * @cost: bytes counted as in flight
 * @parked: bytes counted as parked
 * @smb1: it is an SMB1 NEGOTIATE
 * @sealed: it came encrypted
 * @expands_max: bytes that it is charged for because it may be compressed, until that is known
 * @expanded: it is compressed: the length that it has when it is expanded; else 0
 * @room: where it is to be expanded, charged; NULL before there is memory
 * @came_compressed: it was compressed
 * @compress: its responses are to be compressed
 * @split: its commands have been parsed
 * @slow: to be run by a worker of its own
 * @syncs: a command waits for a device if its file is on one
 * @login: to be run by a worker for authentications
 * @records: to be run by a worker that may wait for records
 * @large: to be run by a worker of its own if other messages were received with it
 * @reserve: it uses the reserve of the connection; see dsmb_transport_has_reserve()
 * @place: the limit that gave it a place, or NULL; see dsmb_fs_limit_wait(). Its current call holds
 *	the limit
 * @run_queue: the run queue that it is in, or NULL
 * @waits_in: the set of messages that it waits in, or NULL; guarded by the lock of the set
 * @session: session whose key decrypted it, held; NULL if it came in the clear
 * @calls: its commands
 * @ncalls: number of @calls
 * @pos: index of the call that is run
 * @first: index of the first call whose response was not sent
 * @few: memory of @calls, if that is enough
 * @chain: what the next related command inherits
 * @reply: buffer for small responses; kept while the message is idle
 * @reply_end: end of the used part of @reply
 * @out: its responses on their way out
 * @turn: entry in @waits_in
 * @work: runs it
 */
struct dsmb_message {
	struct dsmb_conn *conn;
	struct list_head list;
	refcount_t ref;
	struct dsmb_buf *buf;
	u32 offset;
	u32 len;
	u32 apart;
	struct ditto_rx_data *taken;
	u64 received;
	u32 cost;
	u32 parked;
	bool smb1;
	bool sealed;
	u32 expands_max;
	u32 expanded;
	struct dsmb_buf *room;
	bool came_compressed;
	bool compress;
	bool split;
	bool slow;
	bool syncs;
	bool login;
	bool records;
	bool large;
	bool reserve;
	struct dsmb_fs_limit *place;
	struct dsmb_run_queue *run_queue;
	struct dsmb_waiting *waits_in;
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
	struct ditto_fair_turn turn;
	struct work_struct work;
};

/**
 * dsmb_message_new - make a message of received bytes
 * @conn: connection it arrived on
 * @buf: holds the bytes; a reference is taken
 * @offset: of its first byte
 * @len: bytes
 *
 * The bytes count as in flight until the message is freed or parked.
 *
 * Context: process; may sleep for memory.
 * Return: the message with one reference, or NULL without memory.
 */
struct dsmb_message *dsmb_message_new(struct dsmb_conn *conn, struct dsmb_buf *buf,
				      u32 offset, u32 len);

/**
 * dsmb_message_prepare - decrypt, expand and parse a message in the order of arrival
 * @message: new, or held back for memory
 *
 * The MessageIds are consumed, and CANCEL can find the calls afterwards. A large encrypted
 * message is left to the worker that runs it, if there is a CPU for both, and a compressed one that
 * is or becomes large in any case. If there is no memory now for what a message expands to, it is
 * left compressed without @room, and must be prepared again.
 *
 * Context: process; may sleep. Called by the thread that receives.
 * Return: NULL, or the reason to drop the connection, a constant.
 */
const char *dsmb_message_prepare(struct dsmb_message *message);

/**
 * dsmb_message_frees - does a message consist of commands that release resources?
 * @message: prepared and parsed
 *
 * Context: any.
 * Return: true if each command has DSMB_FREES; false if there is none.
 */
bool dsmb_message_frees(const struct dsmb_message *message);

/**
 * dsmb_message_waste - memory that data which were taken hold beyond their length
 * @message: the message
 *
 * Context: any.
 * Return: bytes.
 */
u32 dsmb_message_waste(const struct dsmb_message *message);

/**
 * dsmb_message_drop_rx_data - release data that were taken, which have been copied
 * @message: the message; its length stays
 *
 * Context: process; does not sleep.
 */
void dsmb_message_drop_rx_data(struct dsmb_message *message);

/**
 * dsmb_message_end_reserve - return the reserve of the connection
 * @message: has room in the budget by now, or has ended; need not use the reserve
 *
 * The next message may use the reserve afterwards.
 */
void dsmb_message_end_reserve(struct dsmb_message *message);

/**
 * dsmb_message_assess - find out what a message may take, charge it, and refuse what is too much
 * @message: its calls have been parsed, and none was run
 *
 * Refuses calls whose responses would together be longer than is allowed for one message, and marks
 * a message that may take long.
 *
 * Context: process; does not sleep.
 */
void dsmb_message_assess(struct dsmb_message *message);

/**
 * dsmb_call_answer_max - bytes that the response of a call may take by its charge
 * @call: its header has been parsed
 *
 * Context: any.
 * Return: bytes beyond a short response; 0 if it is short, as far as is known before the call is
 * run.
 */
u32 dsmb_call_answer_max(const struct dsmb_call *call);

/**
 * dsmb_call_prepaid - bytes of its response that a message was charged for with each call
 * @call: runs
 *
 * Context: any.
 * Return: bytes.
 */
u32 dsmb_call_prepaid(const struct dsmb_call *call);

/**
 * dsmb_message_charge - charge a message for a response that is longer than what was prepaid
 * @message: runs
 * @bytes: what the response takes
 *
 * Context: process; does not sleep.
 * Return: false if the principal may hold no more; then nothing is charged.
 */
bool dsmb_message_charge(struct dsmb_message *message, u32 bytes);

/**
 * dsmb_message_answers_large - has it a command that may have a large response?
 * @message: prepared
 *
 * Context: any.
 * Return: true if it has one that is not refused.
 */
bool dsmb_message_answers_large(const struct dsmb_message *message);

/**
 * dsmb_message_refuse_large - refuse the calls of a message that have large responses
 * @message: not run yet
 *
 * The largest possible size of these responses is not charged any more.
 */
void dsmb_message_refuse_large(struct dsmb_message *message);

/**
 * dsmb_message_is_cancel - is a message a single CANCEL?
 * @message: prepared
 *
 * Context: any.
 * Return: true if it is; false if it is not, or was not parsed yet.
 */
bool dsmb_message_is_cancel(const struct dsmb_message *message);

/**
 * dsmb_message_run - run a message, or continue it
 * @message: prepared; belongs to this thread; consumed
 * @outs: the responses are added to this list when all calls are done
 *
 * Context: process; may sleep; no lock held.
 */
void dsmb_message_run(struct dsmb_message *message, struct list_head *outs);

/**
 * dsmb_message_run_here - run a message after its call was cancelled
 * @message: belongs to the caller; consumed
 * @call: the cancelled call
 *
 * The message is run in this thread if little is left to do: @call is its last call, its
 * command has nothing to undo, and the message needs no special worker. Otherwise a worker runs
 * it.
 *
 * Context: process; may sleep; no lock held.
 */
void dsmb_message_run_here(struct dsmb_message *message, const struct dsmb_call *call);

/* Bytes of a message that are in its buffer. */
static inline u32 dsmb_message_flat(const struct dsmb_message *message)
{
	return message->len - message->apart;
}

/* Take a reference. */
static inline void dsmb_message_hold(struct dsmb_message *message)
{
	refcount_inc(&message->ref);
}

/* Is the call that is run the last of its message? */
static inline bool dsmb_message_is_at_last(const struct dsmb_message *message)
{
	return message->pos == message->ncalls - 1;
}

/**
 * dsmb_message_put - drop a reference to a message
 * @message: the message; freed or kept as idle with the last reference
 */
void dsmb_message_put(struct dsmb_message *message);

/**
 * dsmb_message_end - end the calls of a message and drop the owner's reference
 * @message: its responses were sent, or never will be; consumed
 */
void dsmb_message_end(struct dsmb_message *message);

/**
 * dsmb_message_free_idle - free a message that a connection kept as idle
 * @server: the server
 * @message: not on a list any more
 */
void dsmb_message_free_idle(struct dsmb_server *server, struct dsmb_message *message);

/**
 * dsmb_split - find the commands of a message (MS-SMB2 section 3.3.5.2.7)
 * @message: the message
 * @len: bytes
 * @at: filled with the offset of each command
 * @max: room in @at
 *
 * Context: any.
 * Return: the number of commands; 0 if the message is malformed or has more than @max.
 */
unsigned int dsmb_split(const void *message, u32 len, u32 *at, unsigned int max);

/* The functions of reply.c. */

/**
 * dsmb_reply_begin - give a call room for a small response
 * @call: about to run for the first time
 *
 * Context: process; may sleep for memory.
 * Return: 0 or -ENOMEM.
 */
int dsmb_reply_begin(struct dsmb_call *call);

/**
 * dsmb_reply_end - complete the response of a call
 * @call: its command is done
 * @status: its status
 *
 * Writes the header, and the error body if the status needs one (MS-SMB2 section 2.2.2).
 */
void dsmb_reply_end(struct dsmb_call *call, u32 status);

/**
 * dsmb_reply_interim - send an interim response (MS-SMB2 section 3.3.4.2)
 * @message: the message
 * @call: the call that is about to be parked
 *
 * The responses of the calls before @call are sent with it, and their buffers are dropped.
 *
 * Return: false if there is no memory or the connection had to be dropped.
 */
bool dsmb_reply_interim(struct dsmb_message *message, struct dsmb_call *call);

/**
 * dsmb_reply_done - send the responses of the calls before the current one
 * @message: the message
 *
 * Their buffers are dropped. Without memory they stay, to be sent with the others.
 */
void dsmb_reply_done(struct dsmb_message *message);

/**
 * dsmb_reply_finish - sign, encrypt and frame the responses of a message
 * @message: all its calls are done
 *
 * Return: true if @message->out is ready to be sent; false if nothing is left to send or the
 * connection was dropped.
 */
bool dsmb_reply_finish(struct dsmb_message *message);

/**
 * dsmb_message_is_large - may it take long to run a message?
 * @message: its calls have been parsed, and those that are refused are marked
 *
 * Such a message is run by a worker of its own if others were received with it.
 *
 * Context: any.
 * Return: true if it has more bytes or may have, by the charges of its commands, than one credit is
 * for, or more than DSMB_MESSAGE_FEW commands.
 */
bool dsmb_message_is_large(const struct dsmb_message *message);

/**
 * dsmb_message_is_short - are its calls so few and short that none is refused?
 * @message: its calls have been parsed
 *
 * Context: any.
 * Return: true if so; then the message is not large either.
 */
bool dsmb_message_is_short(const struct dsmb_message *message);

/**
 * dsmb_message_cost - bytes that a message is charged for
 * @message: as for dsmb_message_is_large()
 *
 * Context: any.
 * Return: what it holds itself, and for each call the larger of its data and of what its response
 * may take by its charge.
 */
u32 dsmb_message_cost(const struct dsmb_message *message);

/**
 * dsmb_message_unseals_apart - is a message decrypted while the next one is received?
 * @server: counts the large messages that are being decrypted
 * @len: bytes of the encrypted message
 *
 * With more of them than CPUs, those that came first would end later, as all share the CPUs'
 * time, and the client would get its answers in bursts.
 *
 * Context: any.
 * Return: true if it is large and a CPU is left for the thread that receives.
 */
bool dsmb_message_unseals_apart(const struct dsmb_server *server, u32 len);

/* Create and destroy the cache of messages, once for the module. */
int dsmb_message_init(void);
void dsmb_message_exit(void);

#endif
