// SPDX-License-Identifier: GPL-2.0-only
/*
 * Responses: where they are written, their headers, credits, signatures and encryption, and how
 * they are assembled (MS-SMB2 section 3.3.4.1).
 *
 * The small responses of a message lie one behind the other in its buffer, so that most
 * messages are answered by one piece of memory. A response that reserved more room has a buffer
 * of its own. Each buffer begins with DSMB_SEND_HEADROOM bytes for the frame length and a
 * transform header. Responses in several buffers are copied into one buffer only if they are
 * encrypted or in too many pieces.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../net/stats.h"
#include "../auth/negotiate.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../compress/compress.h"
#include "../server.h"
#include "../share_options.h"
#include "allowance.h"
#include "buf.h"
#include "call.h"
#include "compressed.h"
#include "conn.h"
#include "credit.h"
#include "message.h"

/* MS-SMB2 section 2.2.2; one byte of ErrorData is present even if ByteCount is zero. */
#define ERROR_BODY	9
/* Alignment of responses in a compound (MS-SMB2 section 3.3.4.1.3). */
#define ALIGN_COMPOUND	8
/* Bytes of a response that are not compressed: headers, of READ in front of the data. */
#define COMPRESS_AFTER	(DSMB_OUT_HEADER + 16)
#define PAGES_FIRST	16
#define PAGES_MAX	(DSMB_IO_MAX / PAGE_SIZE + 1)

static u8 *reply_header(const struct dsmb_call *call)
{
	return call->reply->data + call->reply_at;
}

static void set_out(struct dsmb_call *call, u32 size)
{
	call->out = dsmb_builder(reply_header(call) + DSMB_OUT_HEADER, size);
}

/*
 * Give a call room for a small response. Context: process; may sleep for memory. Return: 0 or
 * -ENOMEM.
 */
int dsmb_reply_begin(struct dsmb_call *call)
{
	struct dsmb_message *message = call->message;
	struct dsmb_server *server = call->conn->server;
	u32 need = DSMB_OUT_HEADER + DSMB_REPLY_SMALL + ALIGN_COMPOUND;

	if (message->reply && message->reply->size - message->reply_end < need) {
		dsmb_buf_put(server, message->reply);
		message->reply = NULL;
	}
	if (!message->reply) {
		message->reply = dsmb_buf_get(server, SZ_4K);
		if (!message->reply)
			return -ENOMEM;
		message->reply_end = DSMB_SEND_HEADROOM;
	}
	call->reply = dsmb_buf_hold(message->reply);
	call->reply_at = message->reply_end;
	set_out(call, DSMB_REPLY_SMALL);
	return 0;
}

/*
 * Make room for a large response. If the message was not charged for so many, it is now. Context:
 * process; may sleep for memory. Return: 0, or -ENOMEM, to be answered with INSUFFICIENT_RESOURCES,
 * also if the user may hold no more.
 */
int dsmb_reply_reserve(struct dsmb_call *call, u32 size)
{
	struct dsmb_server *server = call->conn->server;
	u32 need = DSMB_OUT_HEADER + size + ALIGN_COMPOUND;
	struct dsmb_buf *buf;

	if (size > DSMB_MESSAGE_MAX - DSMB_SEND_HEADROOM - DSMB_OUT_HEADER - ALIGN_COMPOUND)
		return -ENOMEM;
	if (call->reply->size - call->reply_at >= need) {
		set_out(call, max_t(u32, size, call->out.size));
		return 0;
	}
	buf = dsmb_buf_get(server, DSMB_SEND_HEADROOM + need);
	if (!buf)
		return -ENOMEM;
	/* Such as the target of a link, or many changes. */
	if (DSMB_SEND_HEADROOM + need > dsmb_call_prepaid(call) &&
	    !dsmb_message_charge(call->message, buf->size)) {
		dsmb_buf_put(server, buf);
		return -ENOMEM;
	}
	dsmb_buf_put(server, call->reply);
	call->reply = buf;
	call->reply_at = DSMB_SEND_HEADROOM;
	set_out(call, size);
	return 0;
}

/*
 * Make room for a response whose data is encrypted from pages. @head: bytes of the body before the
 * data. The room for the data begins with a page, as most of what is read does, so that both are
 * walked in as few steps as possible. Context: process; may sleep for memory. Return: 0 or -ENOMEM.
 */
int dsmb_reply_reserve_pages(struct dsmb_call *call, u32 head, u32 size)
{
	struct dsmb_server *server = call->conn->server;
	u32 before = DSMB_OUT_HEADER + head;
	struct dsmb_buf *buf;

	if (before > PAGE_SIZE - DSMB_SEND_HEADROOM ||
	    size > DSMB_MESSAGE_MAX - PAGE_SIZE - ALIGN_COMPOUND)
		return -ENOMEM;
	buf = dsmb_buf_get(server, PAGE_SIZE + size + ALIGN_COMPOUND);
	if (!buf)
		return -ENOMEM;
	dsmb_buf_put(server, call->reply);
	call->reply = buf;
	call->reply_at = PAGE_SIZE - before;
	set_out(call, head);
	return 0;
}

static struct dsmb_signer *signer_of(const struct dsmb_call *call, u32 status)
{
	struct dsmb_signer *signer;
	bool away;

	if (!call->session)
		return NULL;
	signer = call->session->signer;
	away = signer && dsmb_signer_is_away(signer, call->conn->number);
	/*
	 * MS-SMB2 section 3.3.4.1.1. However, an AES-GMAC key that belongs to another connection
	 * is not used if another key can sign.
	 */
	if (call->channel && call->channel->signer &&
	    (call->command != DSMB_SESSION_SETUP || status == STATUS_SUCCESS || away))
		return call->channel->signer;
	/*
	 * The few nonces for this connection are reserved for the steps of an authentication that
	 * binds.
	 */
	if (away && status != STATUS_MORE_PROCESSING_REQUIRED)
		return NULL;
	return signer;
}

/*
 * Is the response encrypted (MS-SMB2 section 3.3.4.1.4)? The response of TREE_CONNECT is not
 * encrypted for the share, because it tells the client that the share requires encryption.
 */
static bool is_sealed(const struct dsmb_call *call)
{
	if (call->encrypted)
		return true;
	/*
	 * This was decided when the pages were added; the share's requirement may have changed
	 * since.
	 */
	if (call->npages)
		return false;
	if (!call->session || !call->session->seal || call->command == DSMB_SESSION_SETUP)
		return false;
	return call->session->encrypt ||
	       (call->tree && call->tree->encrypt && call->command != DSMB_TREE_CONNECT);
}

/*
 * Is the response signed? An interim response has the MessageId of the final one and is not
 * signed; no client verifies it (MS-SMB2 section 3.2.5.1.3). The last response of SESSION_SETUP is
 * signed also within an encrypted message: Samba's client from 4.25.1 on verifies it there.
 */
static bool is_signed(const struct dsmb_call *call, u32 status, bool interim)
{
	if (interim || !call->session)
		return false;
	if (call->command == DSMB_SESSION_SETUP && status == STATUS_SUCCESS)
		return signer_of(call, status);
	if (!call->session->signing_required && !(call->flags & DSMB_FLAG_SIGNED))
		return false;
	return !is_sealed(call) && signer_of(call, status);
}

/*
 * May the response data be sent as pages of the page cache? Return: true unless the response is
 * signed, encrypted or part of a compound.
 */
bool dsmb_reply_may_splice(const struct dsmb_call *call)
{
	const struct dsmb_message *message = call->message;

	/* In a compound, padding may have to follow. */
	return message->ncalls == 1 && !is_sealed(call) && !is_signed(call, STATUS_SUCCESS, false);
}

/*
 * May the response data be encrypted straight from the page cache? Return: true if the request came
 * encrypted, is no compound, and its key reads data only once.
 */
bool dsmb_reply_may_seal_pages(const struct dsmb_call *call)
{
	const struct dsmb_message *message = call->message;

	/*
	 * A request that came encrypted is answered encrypted with the session it came with,
	 * whatever has been set since.
	 */
	return message->ncalls == 1 && call->encrypted &&
	       dsmb_sealer_reads_once(message->session->seal);
}

/*
 * Append a part of a page to the response, behind the body. @page: the page; a reference is taken.
 * Context: process; may sleep for memory. Return: 0, -ENOMEM, or -EMSGSIZE if there are too many
 * pages.
 */
int dsmb_reply_add_page(struct dsmb_call *call, struct page *page, u32 offset, u32 len)
{
	if (call->npages == call->pages_max) {
		unsigned int max = min_t(unsigned int, PAGES_MAX,
					 call->pages_max ? 2 * call->pages_max : PAGES_FIRST);
		struct bio_vec *pages;

		if (call->npages == max)
			return -EMSGSIZE;
		pages = kvrealloc(call->pages, max * sizeof(*pages), GFP_KERNEL);
		if (!pages)
			return -ENOMEM;
		call->pages = pages;
		call->pages_max = max;
	}
	get_page(page);
	bvec_set_page(&call->pages[call->npages++], page, len, offset);
	return 0;
}

/*
 * Grants credits (MS-SMB2 section 3.3.1.2) up to the limit of the connection's trust level. What
 * requests without a sent response have consumed counts against it, except this one and the parked
 * ones, which have their own limit. The final response after an interim one grants none.
 */
static u16 reply_credits(struct dsmb_call *call)
{
	struct dsmb_conn *conn = call->conn;
	u32 max = dsmb_allowance(conn)->credits;
	u32 others;
	u16 granted;

	if (call->async_id)
		return 0;
	spin_lock(&conn->lock);
	others = conn->unsent - (call->waited ? 0 : call->charge);
	granted = dsmb_credits_grant(conn->credits, call->charge, call->credits,
				     max - min(others, max));
	spin_unlock(&conn->lock);
	return granted;
}

static void encode_header(struct dsmb_call *call, void *at, u32 status, u64 async_id, u16 credits)
{
	u32 keep = DSMB_FLAG_RELATED | DSMB_FLAG_PRIORITY_MASK | DSMB_FLAG_REPLAY;
	struct dsmb_header *header = at;

	*header = (struct dsmb_header) {
		.protocol_id = cpu_to_le32(DSMB_PROTOCOL_ID),
		.structure_size = cpu_to_le16(sizeof(*header)),
		.credit_charge = cpu_to_le16(call->charge),
		.status = cpu_to_le32(status),
		.command = cpu_to_le16(call->command),
		.credits = cpu_to_le16(credits),
		.flags = cpu_to_le32(DSMB_FLAG_RESPONSE | (call->flags & keep) |
				     (async_id ? DSMB_FLAG_ASYNC : 0)),
		.message_id = cpu_to_le64(call->message_id),
		.session_id = cpu_to_le64(call->session ? call->session->id : call->session_id),
	};
	if (async_id)
		header->async_id = cpu_to_le64(async_id);
	else
		header->tree_id = cpu_to_le32(call->tree ? call->tree->id : call->tree_id);
}

static void encode_error(struct dsmb_builder *out)
{
	dsmb_back(out, 0);
	dsmb_encode_u16(out, ERROR_BODY);
	dsmb_builder_reserve(out, ERROR_BODY - 2);
}

/*
 * Does the status need an error body (MS-SMB2 section 2.2.2)? A warning without a body gets one
 * too.
 */
static bool is_error_body(const struct dsmb_call *call, u32 status)
{
	if (call->keep_body && call->out.len)
		return false;
	if (call->command == DSMB_SESSION_SETUP && status == STATUS_MORE_PROCESSING_REQUIRED)
		return false;
	return dsmb_is_error(status) || (status && !call->out.len);
}

/*
 * Complete the response of a call. Writes the header, and the error body if the status needs one
 * (MS-SMB2 section 2.2.2).
 */
void dsmb_reply_end(struct dsmb_call *call, u32 status)
{
	struct dsmb_message *message = call->message;

	if (call->command == DSMB_CANCEL) {
		call->reply_len = 0;
		return;
	}
	if (is_error_body(call, status) || call->out.full) {
		if (!dsmb_is_error(status) && call->out.full)
			status = STATUS_INSUFFICIENT_RESOURCES;
		encode_error(&call->out);
	}
	call->final = status;
	call->reply_len = DSMB_OUT_HEADER + call->out.len;
	/* A client that compresses its requests gets long responses so; READ has a flag for it. */
	if (unlikely(message->came_compressed) && call->command != DSMB_READ &&
	    call->reply_len > DSMB_SHORT_ANSWER)
		dsmb_reply_compress(call);
	encode_header(call, reply_header(call), status, call->async_id, reply_credits(call));
	if (call->reply == message->reply)
		message->reply_end = call->reply_at + ALIGN(call->reply_len, ALIGN_COMPOUND);
}

/*
 * Compress the response if the share and the client allow that (MS-SMB2 section 3.3.4.1.5). Returns
 * true if it will be tried.
 */
bool dsmb_reply_compress(struct dsmb_call *call)
{
	/* Visible, as the state of the connection was read when the call was checked. */
	const struct dsmb_compression *with = &call->conn->compression;

	/* Pattern_V1 is written in chains only. */
	if (!with->count || !call->tree ||
	    (with->count == 1 && with->ids[0] == DSMB_COMPRESS_PATTERN_V1 && !with->chained) ||
	    READ_ONCE(call->tree->compress) == DSMB_SHARE_COMPRESS_OFF)
		return false;
	call->message->compress = true;
	return true;
}

/* Pads a response in a compound with zeros. Returns its length with padding. */
static u32 reply_pad(u8 *at, u32 len)
{
	u32 total = ALIGN(len, ALIGN_COMPOUND);

	memset(at + len, 0, total - len);
	return total;
}

/*
 * Completes a response of @total bytes: sets NextCommand, signs it, and extends the
 * preauthentication hash.
 */
static int finish_answer(struct dsmb_call *call, u8 *at, u32 total, bool more, u32 status,
			 bool interim)
{
	struct kvec vec = { .iov_base = at, .iov_len = total };
	struct dsmb_header *header = (void *)at;
	int err = 0;

	if (more)
		header->next_command = cpu_to_le32(total);
	if (is_signed(call, status, interim)) {
		err = dsmb_sign(signer_of(call, status), &call->nonce, &vec, 1);
		if (err == -EKEYREJECTED)
			err = 0;
	}
	if (!err && (call->command == DSMB_NEGOTIATE || call->command == DSMB_SESSION_SETUP))
		dsmb_before_send(call, at, DSMB_OUT_HEADER + call->out.len);
	return err;
}

static struct dsmb_session *sealed_for(struct dsmb_message *message)
{
	if (message->session)
		return message->session;
	for (unsigned int i = message->first; i < message->ncalls; i++)
		if (is_sealed(&message->calls[i]))
			return message->calls[i].session;
	return NULL;
}

/*
 * Encrypts the message and @pages behind it if @session is set, and writes the frame length.
 * Returns the offset of the frame in @buf, or a negative errno.
 */
static int reply_wrap(struct dsmb_session *session, struct dsmb_buf *buf, u32 at, u32 len,
		      const struct bio_vec *pages, unsigned int npages)
{
	u32 page_bytes = dsmb_pages_len(pages, npages);
	struct dsmb_transform transform = {
		.protocol_id = cpu_to_le32(DSMB_TRANSFORM_ID),
		.original_size = cpu_to_le32(len + page_bytes),
		.flags = cpu_to_le16(1),
	};
	int err;

	if (session) {
		transform.session_id = cpu_to_le64(session->id);
		at -= sizeof(transform);
		memcpy(buf->data + at, &transform, sizeof(transform));
		err = dsmb_seal(session->seal, buf, at, len, pages, npages);
		if (err)
			return err;
		len += sizeof(transform);
	}
	at -= DSMB_FRAME;
	put_unaligned_be32(len + page_bytes, buf->data + at);
	return at;
}

/**
 * struct plain_out - a message in a single buffer, on its way out
 * @out: the frame
 * @buf: the buffer
 * @conn: held
 */
struct plain_out {
	struct dsmb_out out;
	struct dsmb_buf *buf;
	struct dsmb_conn *conn;
};

static void plain_done(struct dsmb_out *out)
{
	struct plain_out *plain = container_of(out, struct plain_out, out);

	dsmb_transport_uncharge(plain->conn->transport, plain->buf->size);
	dsmb_buf_put(plain->conn->server, plain->buf);
	dsmb_conn_put(plain->conn);
	kfree(plain);
}

/* Sends the message in @buf, which is consumed. */
static int send_plain(struct dsmb_conn *conn, struct dsmb_session *session, struct dsmb_buf *buf,
		      u32 len)
{
	struct plain_out *plain = kzalloc(sizeof(*plain), GFP_KERNEL);
	LIST_HEAD(outs);
	int at;

	at = plain ? reply_wrap(session, buf, DSMB_SEND_HEADROOM, len, NULL, 0) : -ENOMEM;
	if (at < 0) {
		dsmb_buf_put(conn->server, buf);
		kfree(plain);
		return at;
	}
	dsmb_conn_hold(conn);
	plain->conn = conn;
	plain->buf = buf;
	plain->out.done = plain_done;
	plain->out.bytes = DSMB_SEND_HEADROOM - at + len;
	plain->out.vec[0].iov_base = buf->data + at;
	plain->out.vec[0].iov_len = plain->out.bytes;
	plain->out.nvec = 1;
	list_add_tail(&plain->out.list, &outs);
	/* The client may not read it for a while. */
	dsmb_transport_charge(conn->transport, buf->size);
	dsmb_transport_send(conn->transport, &outs);
	return 0;
}

/*
 * Send a message that is not a response (a break notification). @buf: consumed; the message begins
 * at DSMB_SEND_HEADROOM. Return: 0; -ENOTCONN if the session is not on this connection; -ENOMEM or
 * an error of encryption.
 */
int dsmb_conn_send(struct dsmb_conn *conn, struct dsmb_buf *buf, u32 len, u64 session_id)
{
	struct dsmb_session *session = NULL;
	int err;

	if (session_id)
		session = dsmb_session_find(conn, session_id, NULL);
	if (session_id && !session) {
		dsmb_buf_put(conn->server, buf);
		return -ENOTCONN;
	}
	err = send_plain(conn, session && session->seal ? session : NULL, buf, len);
	if (session)
		dsmb_session_put(session);
	return err;
}

/* Bytes of the responses from the first that was not sent up to @end, with padding. */
static u32 answers_len(const struct dsmb_message *message, unsigned int end)
{
	u32 len = 0;

	for (unsigned int i = message->first; i < end; i++)
		len += ALIGN(message->calls[i].reply_len, ALIGN_COMPOUND);
	return len;
}

/* Drops the responses before the current call after copies of them were queued. */
static void answers_drop_sent(struct dsmb_message *message)
{
	struct dsmb_server *server = message->conn->server;

	for (unsigned int i = 0; i < message->pos; i++) {
		dsmb_buf_put(server, message->calls[i].reply);
		message->calls[i].reply = NULL;
		message->calls[i].reply_len = 0;
	}
}

static unsigned int count_answers(const struct dsmb_message *message, unsigned int end)
{
	unsigned int n = 0;

	for (unsigned int i = message->first; i < end; i++)
		n += message->calls[i].reply_len > 0;
	return n;
}

/*
 * Completes copies of the responses before the current call, with padding, at @at. With @more,
 * another response follows. Returns their end, or NULL if signing failed.
 */
static u8 *answers_copy(struct dsmb_message *message, u8 *at, bool more)
{
	unsigned int left = count_answers(message, message->pos);

	for (unsigned int i = message->first; i < message->pos; i++) {
		struct dsmb_call *before = &message->calls[i];
		u32 total;

		if (!before->reply_len)
			continue;
		memcpy(at, reply_header(before), before->reply_len);
		total = reply_pad(at, before->reply_len);
		if (finish_answer(before, at, total, --left || more, before->final, false))
			return NULL;
		at += total;
	}
	return at;
}

/* Sends copies of the responses before the current call, and what follows them, from @buf. */
static bool answers_send(struct dsmb_message *message, struct dsmb_buf *buf, u32 len)
{
	struct dsmb_session *session = sealed_for(message);

	message->first = message->pos;
	answers_drop_sent(message);
	return !send_plain(message->conn, session, buf, len);
}

/*
 * Send an interim response (MS-SMB2 section 3.3.4.2). The responses of the calls before @call are
 * sent with it, and their buffers are dropped. Return: false if there is no memory or the
 * connection had to be dropped.
 */
bool dsmb_reply_interim(struct dsmb_message *message, struct dsmb_call *call)
{
	struct dsmb_conn *conn = message->conn;
	u32 len = answers_len(message, message->pos) + DSMB_OUT_HEADER + ERROR_BODY;
	struct dsmb_builder body;
	struct dsmb_buf *buf;
	u32 async_id;
	u16 credits;
	u8 *at;

	buf = dsmb_buf_get(conn->server, DSMB_SEND_HEADROOM + len);
	if (!buf)
		return false;
	if (xa_alloc_cyclic(&conn->async, &async_id, call, xa_limit_32b, &conn->async_next,
			    GFP_KERNEL) < 0) {
		dsmb_buf_put(conn->server, buf);
		return false;
	}
	credits = reply_credits(call);
	/* CANCEL can find the call already; dsmb_call_end() removes it from the table. */
	spin_lock(&conn->lock);
	call->async_id = async_id;
	spin_unlock(&conn->lock);
	at = answers_copy(message, buf->data + DSMB_SEND_HEADROOM, true);
	if (!at)
		goto drop;
	encode_header(call, at, STATUS_PENDING, async_id, credits);
	body = dsmb_builder(at + DSMB_OUT_HEADER, ERROR_BODY);
	encode_error(&body);
	if (finish_answer(call, at, DSMB_OUT_HEADER + ERROR_BODY, false, STATUS_PENDING, true))
		goto drop;
	if (answers_send(message, buf, len))
		return true;
	buf = NULL;

drop:
	/* The responses before it have been signed, which can be done only once. */
	message->first = message->pos;
	dsmb_buf_put(conn->server, buf);
	dsmb_conn_drop(conn, "an interim answer could not be sent");
	return false;
}

/*
 * Send the responses of the calls before the current one. Their buffers are dropped. Without memory
 * they stay, to be sent with the others.
 */
void dsmb_reply_done(struct dsmb_message *message)
{
	struct dsmb_conn *conn = message->conn;
	u32 len = answers_len(message, message->pos);
	struct dsmb_buf *buf;

	buf = dsmb_buf_get(conn->server, DSMB_SEND_HEADROOM + len);
	if (!buf)
		return;
	if (answers_copy(message, buf->data + DSMB_SEND_HEADROOM, false)) {
		if (answers_send(message, buf, len))
			return;
		buf = NULL;
	}
	/* As above. */
	message->first = message->pos;
	dsmb_buf_put(conn->server, buf);
	dsmb_conn_drop(conn, "finished answers could not be sent");
}

/* Copies responses in several pieces into one buffer. */
static struct dsmb_buf *reply_linear(struct dsmb_message *message, u32 len)
{
	struct dsmb_buf *buf = dsmb_buf_get(message->conn->server, DSMB_SEND_HEADROOM + len);
	u8 *at;

	if (!buf)
		return NULL;
	at = buf->data + DSMB_SEND_HEADROOM;
	for (unsigned int i = message->first; i < message->ncalls; i++) {
		struct dsmb_call *call = &message->calls[i];

		if (!call->reply_len)
			continue;
		memcpy(at, reply_header(call), call->reply_len);
		at += call->reply_len;
	}
	return buf;
}

/*
 * Signs the responses. Returns the number of pieces of memory they are in; the first
 * DSMB_OUT_VECS of them are in @out. Returns a negative errno if signing failed.
 */
static int reply_pieces(struct dsmb_message *message, struct dsmb_out *out, u32 *bytes)
{
	unsigned int left = count_answers(message, message->ncalls), n = 0;
	bool compound = left > 1;
	u8 *end = NULL;

	*bytes = 0;
	for (unsigned int i = message->first; i < message->ncalls; i++) {
		struct dsmb_call *call = &message->calls[i];
		u8 *at;

		if (!call->reply_len)
			continue;
		at = reply_header(call);
		/* The last response is padded too, as by Windows. */
		if (compound)
			call->reply_len = reply_pad(at, call->reply_len);
		if (finish_answer(call, at, call->reply_len, --left, call->final, false))
			return -EIO;
		*bytes += call->reply_len;
		if (at == end) {
			if (n <= DSMB_OUT_VECS)
				out->vec[n - 1].iov_len += call->reply_len;
		} else {
			if (n < DSMB_OUT_VECS) {
				out->vec[n].iov_base = at;
				out->vec[n].iov_len = call->reply_len;
			}
			n++;
		}
		end = at + call->reply_len;
	}
	return n;
}

/* The same, of a message with a single call. */
static int reply_piece(struct dsmb_message *message, struct dsmb_out *out, u32 *bytes)
{
	struct dsmb_call *call = &message->calls[0];
	u8 *at;

	/* CANCEL has no response. */
	if (!call->reply_len)
		return 0;
	at = reply_header(call);
	if (finish_answer(call, at, call->reply_len, false, call->final, false))
		return -EIO;
	*bytes = call->reply_len;
	out->vec[0].iov_base = at;
	out->vec[0].iov_len = call->reply_len;
	return 1;
}

/*
 * Data that was encrypted into the buffer of the response, from @data on, is sent from there and
 * not copied. Without pages the frame is sent as memory.
 */
static void reply_lend(struct dsmb_call *call, struct dsmb_out *out, u32 data, u32 len)
{
	while (call->npages)
		put_page(call->pages[--call->npages].bv_page);
	if (offset_in_page(data))
		return;
	/* The pages of the file were as many or more. */
	call->npages = dsmb_buf_lend(call->reply, data, len, call->pages);
	if (!call->npages)
		return;
	out->pages = call->pages;
	out->npages = call->npages;
	out->page_bytes = len;
}

/* Does a share forbid to compress one of the responses? */
static bool reply_stays_plain(const struct dsmb_message *message)
{
	for (unsigned int i = message->first; i < message->ncalls; i++) {
		const struct dsmb_tree *tree = message->calls[i].tree;

		if (tree && READ_ONCE(tree->compress) == DSMB_SHARE_COMPRESS_OFF)
			return true;
	}
	return false;
}

/*
 * Compresses a message of @bytes bytes. Returns a buffer with @len bytes, or NULL if they are no
 * fewer.
 */
static struct dsmb_buf *reply_compressed(struct dsmb_conn *conn, const u8 *data, u32 bytes,
					 u32 *len)
{
	struct dsmb_buf *buf = dsmb_buf_get(conn->server, DSMB_SEND_HEADROOM + bytes), *fitting;
	u64 start = ktime_get_ns();

	if (!buf)
		return NULL;
	*len = dsmb_compressed_make(&conn->compression, data, bytes, COMPRESS_AFTER,
				    buf->data + DSMB_SEND_HEADROOM);
	ditto_stats_count(conn->server->compression, DSMB_COUNT_COMPRESS_FROM, !*len,
			  ktime_get_ns() - start, bytes);
	if (!*len) {
		dsmb_buf_put(conn->server, buf);
		return NULL;
	}
	ditto_stats_count(conn->server->compression, DSMB_COUNT_COMPRESS_TO, false, 0, *len);
	/* The client may not read it for a while. */
	fitting = *len < bytes / 4 ? dsmb_buf_get(conn->server, DSMB_SEND_HEADROOM + *len) : NULL;
	if (!fitting)
		return buf;
	memcpy(fitting->data + DSMB_SEND_HEADROOM, buf->data + DSMB_SEND_HEADROOM, *len);
	dsmb_buf_put(conn->server, buf);
	return fitting;
}

/*
 * Sends the responses compressed, after they were signed and before they are encrypted (MS-SMB2
 * section 3.1.4.4). Returns false if they are to be sent as they are.
 */
static bool reply_send_compressed(struct dsmb_message *message, struct dsmb_session *session,
				  const struct dsmb_out *out, int n, u32 bytes)
{
	struct dsmb_conn *conn = message->conn;
	struct dsmb_buf *buf = NULL, *linear = NULL;
	const u8 *data = out->vec[0].iov_base;
	u32 charge = (n > 1 ? 2 : 1) * (DSMB_SEND_HEADROOM + bytes);
	u32 len;

	if (bytes <= COMPRESS_AFTER || reply_stays_plain(message) ||
	    !dsmb_transport_charge_now(conn->transport, charge))
		return false;
	if (n > 1) {
		linear = reply_linear(message, bytes);
		data = linear ? linear->data + DSMB_SEND_HEADROOM : NULL;
	}
	if (data)
		buf = reply_compressed(conn, data, bytes, &len);
	dsmb_buf_put(conn->server, linear);
	/* What is sent is charged by itself. */
	dsmb_transport_uncharge(conn->transport, charge);
	return buf && !send_plain(conn, session, buf, len);
}

/*
 * Sign, encrypt and frame the responses of a message. Return: true if @message->out is ready to be
 * sent; false if nothing is left to send or the connection was dropped.
 */
bool dsmb_reply_finish(struct dsmb_message *message)
{
	struct dsmb_call *last = &message->calls[message->ncalls - 1];
	struct dsmb_session *session = sealed_for(message);
	struct dsmb_out *out = &message->out;
	u32 bytes, page_bytes;
	struct dsmb_buf *buf;
	int n, at;

	out->pages = NULL;
	out->npages = 0;
	out->page_bytes = 0;
	if (likely(message->ncalls == 1))
		n = reply_piece(message, out, &bytes);
	else
		n = reply_pieces(message, out, &bytes);
	if (unlikely(message->compress) && n > 0 &&
	    reply_send_compressed(message, session, out, n, bytes))
		return false;
	if (n > 0 && (n > DSMB_OUT_VECS || (session && n > 1))) {
		buf = reply_linear(message, bytes);
		if (!buf || send_plain(message->conn, session, buf, bytes))
			n = -ENOMEM;
		else
			n = 0;
	}
	if (n < 0)
		dsmb_conn_drop(message->conn, "an answer could not be sent");
	if (n <= 0)
		return false;

	page_bytes = dsmb_pages_len(last->pages, last->npages);
	/* Each piece follows a headroom or another response, so the first piece has a headroom. */
	if (session) {
		struct dsmb_call *call = &message->calls[message->first];

		while (!call->reply_len)
			call++;
		at = reply_wrap(session, call->reply, call->reply_at, bytes, last->pages,
				last->npages);
		if (at < 0) {
			dsmb_conn_drop(message->conn, "an answer could not be encrypted");
			return false;
		}
		if (page_bytes)
			reply_lend(last, out, call->reply_at + bytes, page_bytes);
		out->vec[0].iov_base = call->reply->data + at;
		bytes += call->reply_at - at + page_bytes - out->page_bytes;
		out->vec[0].iov_len = bytes;
	} else {
		out->pages = last->pages;
		out->npages = last->npages;
		out->page_bytes = page_bytes;
		out->vec[0].iov_base -= DSMB_FRAME;
		out->vec[0].iov_len += DSMB_FRAME;
		put_unaligned_be32(bytes + page_bytes, out->vec[0].iov_base);
		bytes += DSMB_FRAME;
	}
	out->nvec = n;
	out->bytes = bytes;
	return true;
}
