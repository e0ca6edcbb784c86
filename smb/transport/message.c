// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a message is decrypted, expanded, parsed, run and answered. See message.h.
 *
 * The calls of a message are registered with the connection in the order of arrival, and before
 * any of them is run, so that CANCEL finds every call that came before it. A message whose call is
 * parked is counted as parked instead of in flight; message_cost.c has what it is charged.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../../net/rx_data.h"
#include "../../net/slow_call.h"
#include "../../net/stats.h"
#include "../auth/negotiate.h"
#include "../auth/session.h"
#include "../server.h"
#include "allowance.h"
#include "buf.h"
#include "command.h"
#include "compressed.h"
#include "conn.h"
#include "credit.h"
#include "fs_limit.h"
#include "run_queue.h"
#include "message.h"

static struct kmem_cache *message_cache;

/*
 * Find the commands of a message (MS-SMB2 section 3.3.5.2.7). Context: any. Return: the number of
 * commands; 0 if the message is malformed or has more than @max.
 */
unsigned int dsmb_split(const void *message, u32 len, u32 *at, unsigned int max)
{
	unsigned int n = 0;
	u32 pos = 0;

	for (;;) {
		struct dsmb_cursor c = dsmb_cursor(message + pos, len - pos);
		const struct dsmb_header *header = dsmb_get(&c, sizeof(*header));
		u32 next;

		if (n == max || !header || header->protocol_id != cpu_to_le32(DSMB_PROTOCOL_ID) ||
		    header->structure_size != cpu_to_le16(sizeof(*header)) ||
		    header->flags & cpu_to_le32(DSMB_FLAG_RESPONSE))
			return 0;
		at[n++] = pos;
		next = le32_to_cpu(header->next_command);
		if (!next)
			return n;
		if (next % 8 || next < sizeof(*header) || next > c.size)
			return 0;
		pos += next;
	}
}

static void message_work(struct work_struct *work);

static void message_sent(struct dsmb_out *out)
{
	dsmb_message_end(container_of(out, struct dsmb_message, out));
}

/* An idle message keeps only the buffer for its responses. */
static void message_init(struct dsmb_message *message, struct dsmb_conn *conn)
{
	struct dsmb_buf *reply = message->reply;

	memset(message, 0, offsetof(struct dsmb_message, few));
	memset(&message->chain, 0, sizeof(message->chain));
	message->reply = reply;
	message->reply_end = DSMB_SEND_HEADROOM;
	message->out.sent = 0;
	message->out.done = message_sent;
	INIT_LIST_HEAD(&message->list);
	INIT_WORK(&message->work, message_work);
	refcount_set(&message->ref, 1);
	message->calls = message->few;
	dsmb_conn_hold(conn);
	message->conn = conn;
}

/*
 * Make a message of received bytes. @buf: holds the bytes; a reference is taken. The bytes count as
 * in flight until the message is freed or parked. Context: process; may sleep for memory. Return:
 * the message with one reference, or NULL without memory.
 */
struct dsmb_message *dsmb_message_new(struct dsmb_conn *conn, struct dsmb_buf *buf,
				      u32 offset, u32 len)
{
	struct dsmb_message *message = dsmb_transport_take_idle(conn->transport);

	if (!message) {
		message = kmem_cache_alloc(message_cache, GFP_KERNEL);
		if (!message)
			return NULL;
		message->reply = NULL;
	}
	message_init(message, conn);
	message->buf = dsmb_buf_hold(buf);
	message->offset = offset;
	message->len = len;
	if (ditto_slow_is_traced())
		message->received = dsmb_transport_received(conn->transport);
	message->cost = len + DSMB_MESSAGE_COST;
	dsmb_transport_charge(conn->transport, message->cost);
	return message;
}

/* Free a message that a connection kept as idle. */
void dsmb_message_free_idle(struct dsmb_server *server, struct dsmb_message *message)
{
	dsmb_buf_put(server, message->reply);
	kmem_cache_free(message_cache, message);
}

/* Return the reserve of the connection. The next message may use the reserve afterwards. */
void dsmb_message_end_reserve(struct dsmb_message *message)
{
	if (!message->reserve)
		return;
	message->reserve = false;
	dsmb_transport_end_reserve(message->conn->transport);
}

/* Release data that were taken, which have been copied. Context: process; does not sleep. */
void dsmb_message_drop_rx_data(struct dsmb_message *message)
{
	if (message->taken)
		dsmb_buf_unclaim_rx(message->conn->server, message->apart);
	ditto_rx_data_free(message->taken);
	message->taken = NULL;
}

static void message_free(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	struct dsmb_server *server = conn->server;

	if (message->calls != message->few)
		kvfree(message->calls);
	dsmb_buf_put(server, message->buf);
	dsmb_buf_put(server, message->room);
	dsmb_message_drop_rx_data(message);
	if (message->session)
		dsmb_session_put(message->session);
	if (message->reply && refcount_read(&message->reply->ref) > 1) {
		dsmb_buf_put(server, message->reply);
		message->reply = NULL;
	}
	dsmb_transport_uncharge(conn->transport, message->cost);
	dsmb_transport_unpark(conn->transport, message->parked);
	dsmb_message_end_reserve(message);
	/* An idle message keeps its reply buffer; an idle connection keeps no idle messages. */
	if (conn->state == DSMB_CONN_DEAD ||
	    !dsmb_transport_keep_idle(conn->transport, message)) {
		dsmb_buf_put(server, message->reply);
		kmem_cache_free(message_cache, message);
	}
	dsmb_conn_put(conn);
}

/*
 * Drop a reference to a message. @message: the message; freed or kept as idle with the last
 * reference.
 */
void dsmb_message_put(struct dsmb_message *message)
{
	if (refcount_dec_and_test(&message->ref))
		message_free(message);
}

/*
 * End the calls of a message and drop the owner's reference. @message: its responses were sent, or
 * never will be; consumed.
 */
void dsmb_message_end(struct dsmb_message *message)
{
	for (unsigned int i = 0; i < message->ncalls; i++)
		dsmb_call_end(&message->calls[i]);
	dsmb_message_put(message);
}

/*
 * Is a message decrypted while the next one is received? @len: bytes of the encrypted message. With
 * more of them than CPUs, those that came first would end later, as all share the CPUs' time, and
 * the client would get its answers in bursts. Context: any. Return: true if it is large and a CPU
 * is left for the thread that receives.
 */
bool dsmb_message_unseals_apart(const struct dsmb_server *server, u32 len)
{
	return len > DSMB_LARGE_BYTES &&
	       atomic_read(&server->unsealing) + 1 < (int)num_online_cpus();
}

static const char *message_unseal(struct dsmb_message *message)
{
	struct dsmb_server *server = message->conn->server;
	bool large = message->len > DSMB_LARGE_BYTES;
	u8 *data = message->buf->data + message->offset;
	struct dsmb_cursor c = dsmb_cursor(data, message->len);
	u32 size;
	u16 flags;
	u64 id;
	int err;

	dsmb_seek(&c, offsetof(struct dsmb_transform, original_size));
	size = dsmb_get_u32(&c);
	dsmb_skip(&c, 2);
	flags = dsmb_get_u16(&c);
	id = dsmb_get_u64(&c);
	if (c.bad || flags != 1 || size != dsmb_left(&c) || size < sizeof(struct dsmb_header))
		return "a malformed encrypted message";
	message->session = dsmb_session_find(message->conn, id, NULL);
	if (!message->session || !message->session->unseal)
		return "a message encrypted for no session";
	if (large)
		atomic_inc(&server->unsealing);
	err = dsmb_unseal(message->session->unseal, message->buf, message->offset, size);
	if (large)
		atomic_dec(&server->unsealing);
	if (err)
		return "an encrypted message that cannot be decrypted";
	message->offset += sizeof(struct dsmb_transform);
	message->len = size;
	message->sealed = true;
	return NULL;
}

/* Bytes that a compressed message may have for credits: data, and everything else. */
static u32 credits_allow(u32 credits)
{
	return (credits + 1) * DSMB_CREDIT_BYTES;
}

/*
 * Checks what a compressed message says of itself before anything is allocated. Few bytes can
 * expand to many, so credits limit them: what a single request consumes whose header can be seen,
 * else all that the client has.
 */
static const char *message_measure(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	const u8 *data = message->buf->data + message->offset;
	const struct dsmb_header *first;
	u32 credits, size;

	/* Pairs with conn_negotiated(): the compression is visible. */
	if (smp_load_acquire(&conn->state) != DSMB_CONN_NEGOTIATED || !conn->compression.count)
		return "a compressed message, which was not negotiated";
	if (READ_ONCE(conn->trust) < DITTO_TRUST_ANONYMOUS)
		return "a compressed message before a login";
	spin_lock(&conn->lock);
	credits = conn->credits->free;
	spin_unlock(&conn->lock);
	first = dsmb_compressed_header(data, message->len);
	if (first && !first->next_command)
		credits = min_t(u32, credits, conn->large_mtu ?
				max(le16_to_cpu(first->credit_charge), 1) : 1);
	size = dsmb_compressed_measure(&conn->compression, data, message->len,
				       min(dsmb_allowance(conn)->message_max,
					   credits_allow(credits)));
	if (!size)
		return "a compressed message that is malformed, or longer than its credits allow";
	if (!dsmb_transport_could_charge(conn->transport,
					 message->cost - message->expands_max + size))
		return "a compressed message that expands to more than its user may ever hold";
	message->expanded = size;
	return NULL;
}

/*
 * Charges a message for what it expands to, and gets the buffer. The thread that receives holds
 * back what is too much now; for a worker there is @expands_max.
 */
static void message_get_room(struct dsmb_message *message, bool receives)
{
	struct dsmb_conn *conn = message->conn;
	u32 size = message->expanded;

	/* The reserve of the connection is for a CANCEL that came compressed, too. */
	if (!receives || size <= dsmb_allowance(conn)->reserve)
		dsmb_transport_charge(conn->transport, size);
	else if (!dsmb_transport_charge_now(conn->transport, size))
		return;
	message->cost += size;
	message->room = receives ? dsmb_buf_get_rx(conn->server, size) :
				   dsmb_buf_get(conn->server, size);
	if (message->room)
		return;
	message->cost -= size;
	dsmb_transport_uncharge(conn->transport, size);
}

static const char *message_expand(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	u64 start = ktime_get_ns();
	int err;

	err = dsmb_compressed_expand(&conn->compression, message->buf->data + message->offset,
				     message->len, message->room->data, message->expanded);
	if (err)
		return err == -ENOMEM ? "no memory for a compressed message" :
					"a compressed message that cannot be expanded";
	ditto_stats_count(conn->server->compression, DSMB_COUNT_EXPAND_FROM, false,
			  ktime_get_ns() - start, message->len);
	ditto_stats_count(conn->server->compression, DSMB_COUNT_EXPAND_TO, false, 0,
			  message->expanded);
	dsmb_buf_put(conn->server, message->buf);
	message->buf = message->room;
	message->room = NULL;
	message->cost -= message->len;
	dsmb_transport_uncharge(conn->transport, message->len);
	message->offset = 0;
	message->len = message->expanded;
	message->expanded = 0;
	message->came_compressed = true;
	return NULL;
}

/* May a large encrypted message be left to a worker, which cannot hold back what it expands to? */
static bool message_may_be_left(struct dsmb_message *message)
{
	u32 most = dsmb_allowance(message->conn)->message_max;

	if (!message->conn->compression.count)
		return true;
	if (!dsmb_message_charge(message, most))
		return false;
	message->expands_max = most;
	return true;
}

/* dsmb_split() has seen that there is a header. */
static void parse_header(struct dsmb_call *call)
{
	const struct dsmb_header *header = dsmb_get(&call->in, sizeof(*header));

	if (!header)
		return;
	call->charge = le16_to_cpu(header->credit_charge);
	/* The first half of the field, which was Status before 3.0. */
	call->channel_sequence = le32_to_cpu(header->status);
	call->command = le16_to_cpu(header->command);
	call->credits = le16_to_cpu(header->credits);
	call->flags = le32_to_cpu(header->flags);
	call->message_id = le64_to_cpu(header->message_id);
	call->nonce.conn = call->message->conn->number;
	call->nonce.message_id = call->message_id;
	/* Only a CANCEL request may have an AsyncId. */
	if (call->command == DSMB_CANCEL && (call->flags & DSMB_FLAG_ASYNC))
		call->async_id = le64_to_cpu(header->async_id);
	else
		call->tree_id = le32_to_cpu(header->tree_id);
	call->session_id = le64_to_cpu(header->session_id);
	if (!call->charge || !call->message->conn->large_mtu)
		call->charge = 1;
	call->encrypted = call->message->sealed;
	if (call->command < DSMB_COMMANDS)
		call->cmd = dsmb_commands[call->command];
}

/*
 * Consumes the MessageIds and adds the calls to the connection. Only CANCEL has a MessageId
 * that was used before.
 */
static const char *register_calls(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	const char *why = NULL;

	dsmb_message_assess(message);
	spin_lock(&conn->lock);
	for (unsigned int i = 0; i < message->ncalls; i++) {
		struct dsmb_call *call = &message->calls[i];

		if (call->command != DSMB_CANCEL) {
			if (!dsmb_credits_use(conn->credits, call->message_id, call->charge)) {
				why = "a message id that was not granted, or was used before";
				break;
			}
			hlist_add_head(&call->by_id, dsmb_conn_bucket(conn, call->message_id));
			conn->unsent += call->charge;
		}
		if (call->cmd) {
			message->slow |= !!(call->cmd->flags & DSMB_SLOW);
			message->syncs |= !!(call->cmd->flags & DSMB_SYNCS);
		}
		message->login |= call->command == DSMB_SESSION_SETUP;
	}
	spin_unlock(&conn->lock);
	return why;
}

static bool ids_match(const struct dsmb_message *message)
{
	for (unsigned int i = 0; i < message->ncalls; i++) {
		const struct dsmb_call *call = &message->calls[i];

		if ((!i || !(call->flags & DSMB_FLAG_RELATED)) &&
		    call->session_id != message->session->id)
			return false;
	}
	return true;
}

static const char *message_split(struct dsmb_message *message)
{
	u8 *data = message->buf->data + message->offset;
	/* Filled as far as it is used; clearing it takes longer than splitting most messages. */
	u32 at[DSMB_COMPOUND_MAX] __uninitialized;
	unsigned int n;

	n = dsmb_split(data, dsmb_message_flat(message), at, DSMB_COMPOUND_MAX);
	if (!n)
		return "a malformed message";
	if (n > DSMB_MESSAGE_FEW) {
		message->calls = kvcalloc(n, sizeof(*message->calls), GFP_KERNEL);
		if (!message->calls) {
			message->calls = message->few;
			return "no memory for a long compound";
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		struct dsmb_call *call = &message->calls[i];
		u32 end = i + 1 < n ? at[i + 1] : dsmb_message_flat(message);

		dsmb_call_init(call, message);
		call->at = at[i];
		call->in = dsmb_cursor(data + at[i], end - at[i]);
		parse_header(call);
	}
	message->ncalls = n;
	message->split = true;
	/* MS-SMB2 section 3.3.5.2.7: all commands must be for the session whose key was used. */
	if (message->sealed && !ids_match(message))
		return "a command for another session than it was encrypted for";
	for (unsigned int i = 0; i < n; i++)
		dsmb_call_arrived(&message->calls[i]);
	return register_calls(message);
}

/* SMB1: only the negotiation that leads to SMB2, and only once (MS-SMB2 section 3.3.5.3). */
static const char *prepare_smb1(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	bool good;

	spin_lock(&conn->lock);
	good = conn->state == DSMB_CONN_NEW && dsmb_credits_use(conn->credits, 0, 1);
	spin_unlock(&conn->lock);
	message->smb1 = true;
	message->split = true;
	return good ? NULL : "SMB1";
}

static u32 message_protocol(const struct dsmb_message *message)
{
	struct dsmb_cursor c = dsmb_cursor(message->buf->data + message->offset,
					   dsmb_message_flat(message));

	return dsmb_get_u32(&c);
}

/* Is what was expanded longer than the credits allow that its requests consumed? */
static bool message_exceeds_credits(const struct dsmb_message *message)
{
	u32 credits = 0;

	for (unsigned int i = 0; i < message->ncalls; i++)
		if (message->calls[i].command != DSMB_CANCEL)
			credits += message->calls[i].charge;
	return message->len > credits_allow(credits);
}

/*
 * Decrypts and expands a message, in this order and each once at most (MS-SMB2 section 3.3.5.2.1),
 * and parses it. Expanding a large one would delay the messages behind it.
 */
static const char *message_open(struct dsmb_message *message, bool receives)
{
	const char *why = NULL;

	if (message_protocol(message) == DSMB_TRANSFORM_ID)
		why = message_unseal(message);
	if (!why && !message->expanded && message_protocol(message) == DSMB_COMPRESSED_ID)
		why = message_measure(message);
	if (why)
		return why;
	if (message->expanded && !message->room)
		message_get_room(message, receives);
	if (message->expands_max) {
		message->cost -= message->expands_max;
		dsmb_transport_uncharge(message->conn->transport, message->expands_max);
		message->expands_max = 0;
	}
	if (message->expanded) {
		if (!message->room)
			return receives ? NULL : "no memory for a compressed message";
		if (receives && max(message->len, message->expanded) > DSMB_LARGE_BYTES) {
			message->large = true;
			return NULL;
		}
		why = message_expand(message);
	}
	why = why ?: message_split(message);
	if (!why && message->came_compressed && message_exceeds_credits(message))
		why = "a compressed message that was longer than its credits allow";
	return why;
}

/*
 * Decrypt, expand and parse a message in the order of arrival. @message: new, or held back for
 * memory. The MessageIds are consumed, and CANCEL can find the calls afterwards. A large encrypted
 * message is left to the worker that runs it, if there is a CPU for both, and a compressed one that
 * is or becomes large in any case. If there is no memory now for what a message expands to, it is
 * left compressed without @room, and must be prepared again. Context: process; may sleep. Called by
 * the thread that receives. Return: NULL, or the reason to drop the connection, a constant.
 */
const char *dsmb_message_prepare(struct dsmb_message *message)
{
	switch (message_protocol(message)) {
	case DSMB_PROTOCOL_ID:
		return message_split(message);
	case DSMB_SMB1_ID:
		return prepare_smb1(message);
	case DSMB_TRANSFORM_ID:
		message->large = message->len > DSMB_LARGE_BYTES;
		/* Decrypting a large message would delay the messages behind it. */
		if (dsmb_message_unseals_apart(message->conn->server, message->len) &&
		    message_may_be_left(message))
			return NULL;
		return message_open(message, true);
	case DSMB_COMPRESSED_ID:
		return message_open(message, true);
	default:
		return "an unknown protocol";
	}
}

/*
 * Is a message a single CANCEL? Context: any. Return: true if it is; false if it is not, or was not
 * parsed yet.
 */
bool dsmb_message_is_cancel(const struct dsmb_message *message)
{
	return message->ncalls == 1 && message->calls[0].command == DSMB_CANCEL;
}

/*
 * Does a message consist of commands that release resources? Context: any. Return: true if each
 * command has DSMB_FREES; false if there is none.
 */
bool dsmb_message_frees(const struct dsmb_message *message)
{
	for (unsigned int i = 0; i < message->ncalls; i++)
		if (!message->calls[i].cmd || !(message->calls[i].cmd->flags & DSMB_FREES))
			return false;
	return message->ncalls;
}

/* Answers an SMB1 NEGOTIATE. */
static void message_run_smb1(struct dsmb_message *message)
{
	struct dsmb_cursor in = dsmb_cursor(message->buf->data + message->offset, message->len);
	struct dsmb_buf *buf;
	struct dsmb_builder out;
	int err;

	buf = dsmb_buf_get(message->conn->server, DSMB_SEND_HEADROOM + DSMB_OUT_HEADER +
			   DSMB_REPLY_SMALL);
	if (!buf)
		return;
	out = dsmb_builder(buf->data + DSMB_SEND_HEADROOM, DSMB_OUT_HEADER + DSMB_REPLY_SMALL);
	err = dsmb_negotiate_smb1(message->conn, &in, &out);
	if (err) {
		if (err == -EPROTONOSUPPORT)
			dsmb_conn_send(message->conn, buf, out.len, 0);
		else
			dsmb_buf_put(message->conn->server, buf);
		dsmb_conn_drop(message->conn, "SMB1 without a dialect of SMB2");
		return;
	}
	spin_lock(&message->conn->lock);
	dsmb_credits_grant(message->conn->credits, 1, 1, 1);
	spin_unlock(&message->conn->lock);
	dsmb_conn_send(message->conn, buf, out.len, 0);
}

/* Is an interim response to be sent if the call is parked? */
static bool call_has_interim(const struct dsmb_call *call)
{
	return !call->quiet && !call->async_id && !(call->cmd->flags & DSMB_NO_INTERIM) &&
	       !dsmb_call_waits_for_names(call);
}

/* Bytes that a message keeps while its current call is parked, and may need when it continues. */
static u32 message_keeps(const struct dsmb_message *message)
{
	/* The responses before the call are sent with its interim response. */
	unsigned int first = call_has_interim(&message->calls[message->pos]) ? message->pos :
									       message->first;
	const struct dsmb_buf *counted = message->reply;
	/* The receive buffer, which other messages may share, and an interim response. */
	u32 keeps = message->buf->size + message->apart + dsmb_message_waste(message) +
		    DSMB_MESSAGE_COST + SZ_4K;

	if (message->calls != message->few)
		keeps += message->ncalls * sizeof(*message->calls);
	for (unsigned int i = first; i <= message->pos; i++) {
		const struct dsmb_buf *reply = message->calls[i].reply;

		if (reply && reply != counted && reply != message->reply) {
			keeps += reply->size;
			counted = reply;
		}
	}
	/* A READ of a pipe has allocated its response already, whatever its credits allow. */
	for (unsigned int i = message->pos; i < message->ncalls; i++)
		if (!message->calls[i].endless)
			keeps += dsmb_call_answer_max(&message->calls[i]);
	return keeps + (message->ncalls - message->pos - 1) * DSMB_SHORT_ANSWER;
}

/*
 * May one more call of the connection be parked and counted? The bytes it keeps count as
 * parked. If they do not fit, the message stays counted as in flight, which stops receiving; a
 * call that may wait without a time limit, or for the helper, is refused instead.
 */
static bool may_wait(struct dsmb_message *message, struct dsmb_call *call)
{
	struct dsmb_conn *conn = message->conn;

	if (call->waited)
		return true;
	if (!message->parked) {
		u32 keeps = message_keeps(message);

		if (dsmb_transport_park(conn->transport, keeps)) {
			message->parked = keeps;
			dsmb_transport_uncharge(conn->transport, message->cost);
			message->cost = 0;
			dsmb_message_end_reserve(message);
		} else if (message->reserve || call->endless ||
			   (call->cmd->flags & DSMB_ENDLESS) || dsmb_call_waits_for_names(call)) {
			return false;
		}
	}
	spin_lock(&conn->lock);
	call->waited = conn->nasync < DSMB_ASYNC_MAX;
	if (call->waited) {
		conn->nasync++;
		conn->unsent -= call->charge;
	}
	spin_unlock(&conn->lock);
	return call->waited;
}

/*
 * The calls before the current one are done, but their responses may have to wait for it. Breaks of
 * the caching that they have granted must not: the call may wait for the same break. They must not
 * overtake the responses either, so these are sent now. MS-SMB2 section 3.3.4.1.3 leaves it to the
 * server which responses it compounds.
 */
static void message_release_done(struct dsmb_message *message)
{
	bool tells = false;

	for (unsigned int i = message->first; i < message->pos; i++)
		tells |= message->calls[i].tells;
	if (tells)
		dsmb_reply_done(message);
	for (unsigned int i = 0; i < message->pos; i++)
		dsmb_call_release(&message->calls[i]);
}

/*
 * Parks a call. Returns true if the message does not belong to this thread any more.
 *
 * An interim response is sent for a parked call wherever it stands in its message, together
 * with the responses before it (MS-SMB2 sections 3.3.4.2 and 3.3.5.2.7.2). A quiet call gets
 * none, so it does not count against the client's parked calls, unless it waits for names.
 */
static bool message_park(struct dsmb_message *message, struct dsmb_call *call)
{
	bool counts = !call->quiet || dsmb_call_waits_for_names(call);

	if (counts && !dsmb_call_is_woken(call) && !dsmb_call_is_cancelled(call) &&
	    (!may_wait(message, call) ||
	     (call_has_interim(call) && !dsmb_reply_interim(message, call))))
		dsmb_call_cancel(call, STATUS_INSUFFICIENT_RESOURCES);
	message_release_done(message);
	return dsmb_call_park(call);
}

/* The place of a message that has waited is for its first call only. */
static void message_leave_place(struct dsmb_message *message)
{
	struct dsmb_fs_limit *place = message->place;

	if (likely(!place))
		return;
	message->place = NULL;
	dsmb_fs_limit_leave(place);
}

/*
 * Run a message, or continue it. @message: prepared; belongs to this thread; consumed. Context: no
 * lock held.
 */
void dsmb_message_run(struct dsmb_message *message, struct list_head *outs)
{
	struct dsmb_conn *conn = message->conn;
	const char *why;
	u64 clock = 0;

	if (!message->split) {
		why = message_open(message, false);
		if (why)
			goto drop;
	}
	if (message->smb1) {
		message_run_smb1(message);
		goto end;
	}
	while (message->pos < message->ncalls) {
		struct dsmb_call *call = &message->calls[message->pos];
		u32 status;

		/* A CREATE that can be replayed survives its connection; see conn.c. */
		if (READ_ONCE(conn->state) == DSMB_CONN_DEAD && !call->created)
			goto end;
		if (ditto_slow_is_traced() && message->received)
			dsmb_call_slow_begin(call);
		status = dsmb_call_run(call, &clock);
		if (unlikely(call->slow))
			dsmb_call_slow_run(call, status);
		message_leave_place(message);
		switch (status) {
		case DSMB_PARKED:
			if (message_park(message, call))
				return;
			continue;
		case DSMB_FS_FULL:
			message_release_done(message);
			dsmb_fs_limit_wait(dsmb_call_fs_limit(call), message);
			return;
		case DSMB_TO_BE_RECORDED:
			message_release_done(message);
			message->records = true;
			/* The other workers have limits of their own. */
			dsmb_fs_limit_put(call->fs_limit);
			call->fs_limit = NULL;
			dsmb_message_queue(message);
			return;
		case DSMB_TURN_OVER:
			message_release_done(message);
			dsmb_message_queue(message);
			return;
		case DSMB_DROP:
			why = "a request that ends the connection";
			goto drop;
		}
		dsmb_reply_end(call, status);
		dsmb_call_done(call);
		message->pos++;
	}
	if (!dsmb_reply_finish(message))
		goto end;
	list_add_tail(&message->out.list, outs);
	return;
drop:
	dsmb_conn_drop(conn, why);
end:
	message_leave_place(message);
	dsmb_message_end(message);
}

static void message_work(struct work_struct *work)
{
	struct dsmb_message *message = container_of(work, struct dsmb_message, work);
	struct dsmb_conn *conn = message->conn;
	struct dsmb_run_queue *queue = message->run_queue;
	LIST_HEAD(outs);

	message->run_queue = NULL;
	dsmb_conn_hold(conn);
	dsmb_message_run(message, &outs);
	dsmb_transport_send(conn->transport, &outs);
	dsmb_run_queue_leave(queue);
	dsmb_conn_put(conn);
}

/*
 * Run a message after its call was cancelled. @message: belongs to the caller; consumed. The
 * message is run in this thread if little is left to do: @call is its last call, its command has
 * nothing to undo, and the message needs no special worker. Otherwise a worker runs it. Context: no
 * lock held.
 */
void dsmb_message_run_here(struct dsmb_message *message, const struct dsmb_call *call)
{
	/*
	 * Otherwise the rest may take long: another call, calls behind this one, or a command
	 * that is run again to undo what it did. Logins and records have workers of their own.
	 */
	if (call == &message->calls[message->pos] && dsmb_message_is_at_last(message) &&
	    (call->cancel || !call->private) && !message->login && !message->records)
		message_work(&message->work);
	else
		dsmb_message_queue(message);
}

int dsmb_message_init(void)
{
	message_cache = kmem_cache_create("dsmb_message", sizeof(struct dsmb_message), 0,
					  SLAB_HWCACHE_ALIGN, NULL);
	return message_cache ? 0 : -ENOMEM;
}

void dsmb_message_exit(void)
{
	kmem_cache_destroy(message_cache);
}
