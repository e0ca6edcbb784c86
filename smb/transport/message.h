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

struct dsmb_message *dsmb_message_new(struct dsmb_conn *conn, struct dsmb_buf *buf,
				      u32 offset, u32 len);
const char *dsmb_message_prepare(struct dsmb_message *message);
bool dsmb_message_frees(const struct dsmb_message *message);

u32 dsmb_message_waste(const struct dsmb_message *message);

void dsmb_message_drop_rx_data(struct dsmb_message *message);
void dsmb_message_end_reserve(struct dsmb_message *message);

void dsmb_message_assess(struct dsmb_message *message);
u32 dsmb_call_answer_max(const struct dsmb_call *call);
u32 dsmb_call_prepaid(const struct dsmb_call *call);
bool dsmb_message_charge(struct dsmb_message *message, u32 bytes);
bool dsmb_message_answers_large(const struct dsmb_message *message);
void dsmb_message_refuse_large(struct dsmb_message *message);

bool dsmb_message_is_cancel(const struct dsmb_message *message);
void dsmb_message_run(struct dsmb_message *message, struct list_head *outs);
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

void dsmb_message_put(struct dsmb_message *message);
void dsmb_message_end(struct dsmb_message *message);
void dsmb_message_free_idle(struct dsmb_server *server, struct dsmb_message *message);
unsigned int dsmb_split(const void *message, u32 len, u32 *at, unsigned int max);

/* The functions of reply.c. */

int dsmb_reply_begin(struct dsmb_call *call);
void dsmb_reply_end(struct dsmb_call *call, u32 status);
bool dsmb_reply_interim(struct dsmb_message *message, struct dsmb_call *call);
void dsmb_reply_done(struct dsmb_message *message);
bool dsmb_reply_finish(struct dsmb_message *message);

bool dsmb_message_is_large(const struct dsmb_message *message);
bool dsmb_message_is_short(const struct dsmb_message *message);
u32 dsmb_message_cost(const struct dsmb_message *message);

bool dsmb_message_unseals_apart(const struct dsmb_server *server, u32 len);

/* Create and destroy the cache of messages, once for the module. */
int dsmb_message_init(void);
void dsmb_message_exit(void);

#endif
