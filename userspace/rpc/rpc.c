// SPDX-License-Identifier: GPL-2.0-only
/* Server side of connection-oriented RPC over a named pipe; see rpc.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "mem.h"
#include "rpc.h"

/* Types of fragments (C706 section 12.6.4). */
enum ptype {
	PTYPE_REQUEST = 0,
	PTYPE_RESPONSE = 2,
	PTYPE_FAULT = 3,
	PTYPE_BIND = 11,
	PTYPE_BIND_ACK = 12,
	PTYPE_BIND_NAK = 13,
	PTYPE_ALTER_CONTEXT = 14,
	PTYPE_ALTER_CONTEXT_RESP = 15,
	PTYPE_CO_CANCEL = 18,
	PTYPE_ORPHANED = 19,
};

#define PFC_FIRST	0x01
#define PFC_LAST	0x02
#define PFC_NOT_RUN	0x20
#define PFC_OBJECT	0x80

#define HEADER_SIZE	16
/* Size of the header of a response, before its results. */
#define RESPONSE_SIZE	24
/* Smallest fragment size that every peer must accept, and our largest. */
#define FRAGMENT_MIN	1432
#define FRAGMENT_MAX	4280
/* Fragments that are not requests are limited to this. */
#define BIND_MAX	FRAGMENT_MAX
/* Size of a handle with its preceding attributes (MS-RPCE section 2.3.1). */
#define HANDLE_ATTRIBUTES	4

/* Results of a presentation context, and reasons of a rejection (C706 section 12.6.3.1). */
#define RESULT_ACCEPTED		0
#define RESULT_REJECTED		2
#define RESULT_NEGOTIATED	3
#define REASON_INTERFACE	1
#define REASON_SYNTAX		2
#define NAK_AUTHENTICATION	8

/* 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2 */
static const u8 ndr_uuid[16] = {
	0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48,
	0x60,
};

#define NDR_VERSION	2

/* First half of 6cb71c2c-9812-4540-..., feature negotiation (MS-RPCE section 2.2.2.14). */
static const u8 features_uuid[8] = { 0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45 };

/* A buffer that collects a fragment or a call. */
struct bytes {
	u8 *data;
	size_t len;
};

/* A handle that a client holds. */
struct handle {
	u8 bytes[RPC_HANDLE_SIZE];
	struct rpc_object object;
};

/* A presentation context: number and interface. */
struct context {
	u16 number;
	const struct rpc_interface *iface;
};

/**
 * struct rpc_conn - a connection
 * @iface: first interface of the pipe
 * @user: user of the connection
 * @asks: sources of information for the present call
 * @bound: a BIND was accepted
 * @contexts: accepted presentation contexts
 * @ncontexts: number of entries in @contexts
 * @max_fragment: largest fragment that the client accepts
 * @partial: bytes of an incomplete fragment
 * @call: parameters of an incomplete call
 * @in_call: there is an incomplete call
 * @call_id: number of the call
 * @context: presentation context of the call
 * @opnum: operation number of the call
 * @handles: handles that the client holds
 * @nhandles: number of entries in @handles
 * @serial: number of the last handle
 */
struct rpc_conn {
	const struct rpc_interface *iface;
	struct rpc_user user;
	const struct rpc_asks *asks;
	bool bound;
	struct context contexts[RPC_CONTEXTS_MAX];
	unsigned int ncontexts;
	u16 max_fragment;
	struct bytes partial;
	struct bytes call;
	bool in_call;
	u32 call_id;
	u16 context;
	u16 opnum;
	struct handle handles[RPC_HANDLES_MAX];
	unsigned int nhandles;
	u32 serial;
};

/* A fragment; @body starts after the header. */
struct fragment {
	u8 type;
	u8 flags;
	u16 auth_len;
	u32 call_id;
	struct ndr_in body;
};

static const struct rpc_interface *const interfaces[RPC_PIPES] = {
	&srvsvc_interface, &lsarpc_interface, &wkssvc_interface, &samr_interface,
};

int rpc_pipe_number(const char *name)
{
	int i;

	for (i = 0; i < RPC_PIPES; i++)
		if (!strcasecmp(interfaces[i]->pipe, name))
			return i;
	return -ENOENT;
}

struct rpc_conn *rpc_conn_new(unsigned int pipe, const struct rpc_user *user)
{
	struct rpc_conn *conn = mem_new(sizeof(*conn));

	conn->iface = interfaces[pipe];
	conn->user = *user;
	conn->max_fragment = FRAGMENT_MIN;
	return conn;
}

void rpc_conn_free(struct rpc_conn *conn)
{
	if (!conn)
		return;
	while (conn->nhandles)
		free(conn->handles[--conn->nhandles].object.name);
	free(conn->partial.data);
	free(conn->call.data);
	free(conn);
}

static void bytes_add(struct bytes *b, const u8 *data, size_t len)
{
	u8 *grown;

	if (!len)
		return;
	grown = realloc(b->data, b->len + len);
	if (!grown)
		mem_out();
	memcpy(grown + b->len, data, len);
	b->data = grown;
	b->len += len;
}

static void bytes_clear(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

bool rpc_handle_create(struct rpc_call *call, const struct rpc_object *object,
		       u8 bytes[RPC_HANDLE_SIZE])
{
	struct rpc_conn *conn = call->conn;
	struct handle h = { .object = *object };

	conn->serial++;
	memcpy(h.bytes + HANDLE_ATTRIBUTES, &conn->serial, sizeof(conn->serial));
	if (conn->nhandles == RPC_HANDLES_MAX ||
	    getrandom(h.bytes + 8, RPC_HANDLE_SIZE - 8, 0) != RPC_HANDLE_SIZE - 8) {
		free(h.object.name);
		return false;
	}
	conn->handles[conn->nhandles++] = h;
	memcpy(bytes, h.bytes, sizeof(h.bytes));
	return true;
}

void rpc_handle_copy(const struct rpc_call *call, u8 bytes[RPC_HANDLE_SIZE])
{
	memcpy(bytes, call->conn->handles[call->handle].bytes, RPC_HANDLE_SIZE);
}

void rpc_handle_drop(struct rpc_call *call)
{
	struct rpc_conn *conn = call->conn;

	free(conn->handles[call->handle].object.name);
	conn->handles[call->handle] = conn->handles[--conn->nhandles];
}

int rpc_list_get(struct rpc_call *call, enum rpc_list list, const struct rows **rows)
{
	*rows = &call->lists[list];
	return call->asks->list(call->asks->accounts.arg, list, &call->lists[list]);
}

/* Read a handle and find its index. Returns 0 or a fault code. */
static u32 find_handle(struct rpc_call *call, unsigned int *index)
{
	const struct rpc_conn *conn = call->conn;
	const u8 *bytes;

	ndr_get(&call->in, -call->in.pos & 3);
	bytes = ndr_get(&call->in, RPC_HANDLE_SIZE);
	if (!bytes)
		return RPC_FAULT_NDR;
	for (*index = 0; *index < conn->nhandles; (*index)++)
		if (!memcmp(conn->handles[*index].bytes, bytes, RPC_HANDLE_SIZE))
			return 0;
	return RPC_FAULT_CONTEXT;
}

/* Write the header of a fragment. Returns its offset, for end_fragment(). */
static size_t begin_fragment(struct ndr_out *out, enum ptype type, u8 flags, u32 call_id)
{
	size_t start = out->len;
	const u8 header[8] = { 5, 0, (u8)type, flags, 0x10 };

	/* One before it may have ended at any offset. */
	out->base = start;
	ndr_put(out, header, sizeof(header));
	ndr_put16(out, 0);
	ndr_put16(out, 0);
	ndr_put32(out, call_id);
	return start;
}

static void end_fragment(struct ndr_out *out, size_t start)
{
	size_t len = out->len - start;

	if (out->full)
		return;
	out->data[start + 8] = (u8)len;
	out->data[start + 9] = (u8)(len >> 8);
}

static void put_fault(struct ndr_out *out, const struct rpc_conn *conn, u32 call_id, u32 status)
{
	bool ran = status == RPC_FAULT_NDR || status == RPC_FAULT_MEMORY;
	size_t start = begin_fragment(out, PTYPE_FAULT,
				      PFC_FIRST | PFC_LAST | (ran ? 0 : PFC_NOT_RUN), call_id);

	ndr_put32(out, 0);
	ndr_put16(out, conn->context);
	ndr_put16(out, 0);
	ndr_put32(out, status);
	ndr_put32(out, 0);
	end_fragment(out, start);
}

static void put_nak(struct ndr_out *out, u32 call_id, u16 reason)
{
	size_t start = begin_fragment(out, PTYPE_BIND_NAK, PFC_FIRST | PFC_LAST, call_id);

	ndr_put16(out, reason);
	/* Supported protocol versions: only 5.0. */
	ndr_put8(out, 1);
	ndr_put8(out, 5);
	ndr_put8(out, 0);
	end_fragment(out, start);
}

/* Write results in fragments of the size that the client accepts. */
static void put_response(struct ndr_out *out, const struct rpc_conn *conn,
			 const struct ndr_out *results)
{
	size_t room = (conn->max_fragment - RESPONSE_SIZE) & ~(size_t)7;
	size_t done = 0, part, start;
	u8 flags;

	do {
		part = results->len - done < room ? results->len - done : room;
		flags = (done ? 0 : PFC_FIRST) | (done + part == results->len ? PFC_LAST : 0);
		start = begin_fragment(out, PTYPE_RESPONSE, flags, conn->call_id);
		ndr_put32(out, (u32)(results->len - done));
		ndr_put16(out, conn->context);
		ndr_put16(out, 0);
		ndr_put(out, results->data + done, part);
		end_fragment(out, start);
		done += part;
	} while (done < results->len);
}

static const struct context *find_context(const struct rpc_conn *conn, u16 number)
{
	unsigned int i;

	for (i = 0; i < conn->ncontexts; i++)
		if (conn->contexts[i].number == number)
			return &conn->contexts[i];
	return NULL;
}

/* Let a handler answer between its parameters and its results. Returns 0 or a fault code. */
static u32 answer_call(struct rpc_call *call, const struct rpc_interface *iface,
		       const struct rpc_op *op)
{
	void *args = mem_chain_new(&call->memory, iface->args_size);
	u32 fault = 0, status;

	if (op->handle != RPC_HANDLE_NONE)
		fault = find_handle(call, &call->handle);
	if (fault)
		return fault;
	if (op->handle != RPC_HANDLE_NONE)
		call->object = call->conn->handles[call->handle].object;
	if (op->handle > RPC_HANDLE_ANY && op->handle != call->object.kind)
		return RPC_FAULT_CONTEXT;
	ndr_read(&call->in, op->in, args, &call->memory);
	if (call->in.bad || (call->in.excess && !iface->excess))
		return RPC_FAULT_NDR;
	status = op->answer(call, args);
	ndr_write(&call->out, op->out, args);
	ndr_put32(&call->out, status);
	return call->fault;
}

/* Run a complete call. */
static void run_call(struct rpc_conn *conn, struct ndr_out *out)
{
	const struct context *context = find_context(conn, conn->context);
	struct rpc_call call = {
		.conn = conn,
		.user = &conn->user,
		.asks = conn->asks,
		.opnum = conn->opnum,
	};
	const struct rpc_op *op;
	unsigned int i;
	u32 fault;

	ndr_in_init(&call.in, conn->call.data, conn->call.len);
	ndr_out_init(&call.out, RPC_REPLY_MAX);
	if (!context) {
		fault = RPC_FAULT_CONTEXT;
		goto done;
	}
	for (op = context->iface->ops; op->answer && op->opnum != conn->opnum; op++)
		;
	if (!op->answer) {
		fault = RPC_FAULT_OPNUM;
		goto done;
	}
	fault = answer_call(&call, context->iface, op);
	if (!fault && call.in.bad)
		fault = RPC_FAULT_NDR;
	if (!fault && call.out.full)
		fault = RPC_FAULT_MEMORY;
done:
	if (fault)
		put_fault(out, conn, conn->call_id, fault);
	else
		put_response(out, conn, &call.out);
	free(call.out.data);
	for (i = 0; i < RPC_LISTS; i++)
		rows_free(&call.lists[i]);
	mem_chain_free(&call.memory);
	bytes_clear(&conn->call);
	conn->in_call = false;
}

/* Process a fragment of a call. */
static int take_request(struct rpc_conn *conn, struct fragment *f, struct ndr_out *out)
{
	struct ndr_in *in = &f->body;
	u16 context, opnum;
	size_t len;

	ndr_get32(in);
	context = ndr_get16(in);
	opnum = ndr_get16(in);
	if (f->flags & PFC_OBJECT)
		ndr_get(in, 16);
	if (in->bad || f->auth_len || !conn->bound)
		return -EINVAL;
	if (f->flags & PFC_FIRST) {
		bytes_clear(&conn->call);
		conn->in_call = true;
		conn->call_id = f->call_id;
		conn->context = context;
		conn->opnum = opnum;
	} else if (!conn->in_call || f->call_id != conn->call_id || context != conn->context ||
		   opnum != conn->opnum) {
		return -EINVAL;
	}
	len = in->len - in->pos;
	if (len > RPC_CALL_MAX - conn->call.len)
		return -EINVAL;
	bytes_add(&conn->call, ndr_get(in, len), len);
	if (f->flags & PFC_LAST)
		run_call(conn, out);
	return 0;
}

/* Proposal for one presentation context; @iface is NULL if the interface is not served. */
struct offer {
	u16 context;
	const struct rpc_interface *iface;
	bool ndr;
	bool features;
};

static const struct rpc_interface *find_interface(const struct rpc_conn *conn, const u8 *uuid,
						  u32 version)
{
	const struct rpc_interface *iface;

	/* Minor versions are backward compatible. */
	for (iface = conn->iface; iface; iface = iface->beside)
		if (!memcmp(uuid, iface->uuid, 16) &&
		    (version & 0xffff) == (iface->version & 0xffff) &&
		    version >> 16 <= iface->version >> 16)
			break;
	return iface;
}

static void get_offer(const struct rpc_conn *conn, struct ndr_in *in, struct offer *offer)
{
	const u8 *uuid;
	u32 version;
	u8 n;

	memset(offer, 0, sizeof(*offer));
	ndr_get(in, -in->pos & 3);
	offer->context = ndr_get16(in);
	n = ndr_get8(in);
	ndr_get8(in);
	uuid = ndr_get(in, 16);
	version = ndr_get32(in);
	offer->iface = uuid ? find_interface(conn, uuid, version) : NULL;
	for (; n && !in->bad; n--) {
		uuid = ndr_get(in, 16);
		version = ndr_get32(in);
		if (!uuid)
			break;
		offer->ndr |= !memcmp(uuid, ndr_uuid, 16) && version == NDR_VERSION;
		offer->features |= !memcmp(uuid, features_uuid, sizeof(features_uuid));
	}
}

static void put_result(struct ndr_out *out, u16 result, u16 reason)
{
	static const u8 nothing[16];
	bool accepted = result == RESULT_ACCEPTED;

	ndr_put16(out, result);
	ndr_put16(out, reason);
	ndr_put(out, accepted ? ndr_uuid : nothing, 16);
	ndr_put32(out, accepted ? NDR_VERSION : 0);
}

static void answer_offer(struct rpc_conn *conn, const struct offer *offer, struct ndr_out *out)
{
	const struct context *known = find_context(conn, offer->context);

	if (offer->features) {
		put_result(out, RESULT_NEGOTIATED, 0);
	} else if (!offer->iface) {
		put_result(out, RESULT_REJECTED, REASON_INTERFACE);
	} else if (!offer->ndr || (!known && conn->ncontexts == RPC_CONTEXTS_MAX)) {
		put_result(out, RESULT_REJECTED, REASON_SYNTAX);
	} else {
		/* A context number stays bound to its first interface, as in Windows. */
		if (!known)
			conn->contexts[conn->ncontexts++] = (struct context){
				.number = offer->context, .iface = offer->iface,
			};
		put_result(out, RESULT_ACCEPTED, 0);
	}
}

static int take_bind(struct rpc_conn *conn, struct fragment *f, struct ndr_out *out)
{
	static const char prefix[] = "\\PIPE\\";
	size_t len = strlen(conn->iface->pipe) + 1;
	bool bind = f->type == PTYPE_BIND;
	struct ndr_in *in = &f->body;
	u16 max_transmit, max_receive;
	struct offer offer;
	size_t start;
	u32 group;
	u8 n, i;

	max_transmit = ndr_get16(in);
	max_receive = ndr_get16(in);
	group = ndr_get32(in);
	n = ndr_get8(in);
	ndr_get(in, 3);
	if (in->bad || bind == conn->bound)
		return -EINVAL;
	if (f->auth_len) {
		put_nak(out, f->call_id, NAK_AUTHENTICATION);
		return 0;
	}
	if (bind && max_receive >= FRAGMENT_MIN)
		conn->max_fragment = max_receive < FRAGMENT_MAX ? max_receive : FRAGMENT_MAX;
	start = begin_fragment(out, bind ? PTYPE_BIND_ACK : PTYPE_ALTER_CONTEXT_RESP,
			       PFC_FIRST | PFC_LAST, f->call_id);
	/* The server's own sizes: what it sends, and what it receives (C706 section 12.6.4.4). */
	ndr_put16(out, conn->max_fragment);
	ndr_put16(out, max_transmit < FRAGMENT_MAX ? max_transmit : FRAGMENT_MAX);
	ndr_put32(out, group ?: 1);
	/* The secondary address is the name of the pipe; an ALTER_CONTEXT response has none. */
	if (bind) {
		ndr_put16(out, (u16)(strlen(prefix) + len));
		ndr_put(out, prefix, strlen(prefix));
		ndr_put(out, conn->iface->pipe, len);
	} else {
		ndr_put16(out, 0);
	}
	ndr_align(out, 4);
	ndr_put8(out, n);
	ndr_align(out, 4);
	for (i = 0; i < n && !in->bad; i++) {
		get_offer(conn, in, &offer);
		answer_offer(conn, &offer, out);
	}
	end_fragment(out, start);
	conn->bound = true;
	return in->bad ? -EINVAL : 0;
}

static int take_fragment(struct rpc_conn *conn, struct fragment *f, struct ndr_out *out)
{
	switch (f->type) {
	case PTYPE_REQUEST:
		return take_request(conn, f, out);
	case PTYPE_BIND:
	case PTYPE_ALTER_CONTEXT:
		return take_bind(conn, f, out);
	case PTYPE_ORPHANED:
		bytes_clear(&conn->call);
		conn->in_call = false;
		return 0;
	case PTYPE_CO_CANCEL:
		/* The call is already complete. */
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * Return the length of the next fragment; 0 if its header is incomplete, -EINVAL if it is
 * invalid.
 */
static int fragment_len(const struct bytes *b)
{
	u16 len;

	if (b->len < HEADER_SIZE)
		return 0;
	len = (u16)(b->data[8] | b->data[9] << 8);
	/* Version 5.0 or 5.1, little endian. */
	if (b->data[0] != 5 || b->data[1] > 1 || b->data[4] != 0x10 || len < HEADER_SIZE)
		return -EINVAL;
	if (b->data[2] != PTYPE_REQUEST && len > BIND_MAX)
		return -EINVAL;
	return len;
}

static void parse_fragment(struct fragment *f, const u8 *data, size_t len)
{
	struct ndr_in header;

	ndr_in_init(&header, data, HEADER_SIZE);
	header.pos = 10;
	f->type = data[2];
	f->flags = data[3];
	f->auth_len = ndr_get16(&header);
	f->call_id = ndr_get32(&header);
	ndr_in_init(&f->body, data + HEADER_SIZE, len - HEADER_SIZE);
}

int rpc_conn_take(struct rpc_conn *conn, const struct rpc_asks *asks, const u8 *data, size_t len,
		  u8 **out, size_t *out_len)
{
	struct bytes *b = &conn->partial;
	struct ndr_out answers;
	struct fragment f;
	size_t used = 0;
	int rc = 0;

	conn->asks = asks;
	*out = NULL;
	*out_len = 0;
	ndr_out_init(&answers, RPC_ANSWER_MAX);
	bytes_add(b, data, len);
	while (!rc && used < b->len) {
		struct bytes rest = { b->data + used, b->len - used };
		int want = fragment_len(&rest);

		if (want < 0)
			rc = want;
		if (want <= 0 || (size_t)want > rest.len)
			break;
		parse_fragment(&f, rest.data, (size_t)want);
		rc = take_fragment(conn, &f, &answers);
		/* The client could not read the remaining replies. */
		if (answers.full)
			rc = -EINVAL;
		used += (size_t)want;
	}
	b->len -= used;
	if (b->len)
		memmove(b->data, b->data + used, b->len);
	else
		bytes_clear(b);
	if (rc) {
		free(answers.data);
		return rc;
	}
	*out = answers.data;
	*out_len = answers.len;
	return 0;
}
