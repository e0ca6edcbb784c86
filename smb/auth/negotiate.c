// SPDX-License-Identifier: GPL-2.0-only
/*
 * NEGOTIATE, the first command of a connection, its SMB1 form, and
 * FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 sections 3.3.5.3, 3.3.5.4 and 3.3.5.15.12).
 *
 * Locking: the negotiated values are written under conn->lock by the one call that takes the
 * connection out of its first states. They are constant afterwards, and call_check() lets no
 * other command through before.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "../../fs/share/share.h"
#include "../../net/helper/auth.h"
#include "../../net/server.h"
#include "../wire/time.h"
#include "../open/persist.h"
#include "../server.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "negotiate.h"
#include "session.h"
#include "session_setup.h"

/* MS-SMB2 section 2.2.4. */
#define RESPONSE_SIZE		65
#define BLOB_OFFSET		(sizeof(struct dsmb_header) + RESPONSE_SIZE - 1)
#define CONTEXTS_ROOM		256	/* for the response's contexts */
/* MS-SMB2 section 2.2.32.6. */
#define VALIDATE_REPLY		24

/* MS-CIFS sections 2.2.3.1 and 2.2.4.52.1. */
#define SMB1_COMMAND_OFFSET	4
#define SMB1_COMMAND_NEGOTIATE	0x72
#define SMB1_HEADER_SIZE	32
#define SMB1_STATUS_OFFSET	5
#define SMB1_FLAGS_OFFSET	9
#define SMB1_FLAGS_REPLY	0x80
#define SMB1_NO_DIALECT		0xffff
#define SMB1_DIALECT_FORMAT	0x02

/**
 * struct answer - the values of a NEGOTIATE response
 * @dialect: DialectRevision
 * @mode: SecurityMode
 * @caps: Capabilities
 * @io_max: MaxTransactSize, MaxReadSize and MaxWriteSize
 * @offer: contexts to respond with, for 3.1.1; else NULL
 */
struct answer {
	u16 dialect;
	u16 mode;
	u32 caps;
	u32 io_max;
	const struct dsmb_offer *offer;
};

/**
 * struct request - the values of a NEGOTIATE request (MS-SMB2 section 2.2.3)
 * @dialects: DialectCount
 * @list: Dialects, as on the wire
 * @mode: SecurityMode
 * @caps: Capabilities
 * @guid: ClientGuid
 * @contexts_offset: NegotiateContextOffset
 * @contexts: NegotiateContextCount
 * @blob: first token of the authentication, for the response
 */
struct request {
	u16 dialects;
	const void *list;
	u16 mode;
	u32 caps;
	guid_t guid;
	u32 contexts_offset;
	u16 contexts;
	void *blob;
};

/**
 * struct negotiated - the results of a NEGOTIATE
 * @answer: values of the response
 * @offer: contexts of @answer
 * @blob: as in struct request
 * @blob_len: bytes of @blob
 */
struct negotiated {
	struct answer answer;
	struct dsmb_offer offer;
	const void *blob;
	size_t blob_len;
};

/* MS-SMB2 section 3.3.5.4. */
static u16 server_mode(const struct dsmb_conn *conn)
{
	const struct dsmb_settings *settings = &conn->server->settings;

	return READ_ONCE(settings->require_signing) || READ_ONCE(settings->require_ntlm_signing) ?
	       DSMB_SIGNING_ENABLED | DSMB_SIGNING_REQUIRED : DSMB_SIGNING_ENABLED;
}

static bool encryption_is_offered(const struct dsmb_conn *conn)
{
	return READ_ONCE(conn->server->settings.encryption) != DSMB_ENCRYPTION_OFF;
}

/*
 * Capabilities of the response: MS-SMB2 section 3.3.5.4. Clients of 2.1 announce none, and clients
 * of 3.x get what they announced, except for leasing and large messages.
 */
static u32 negotiate_capabilities(const struct dsmb_conn *conn, u16 dialect, u32 client_caps)
{
	u32 caps = 0;

	/* Clients need not ask a server without links for referrals. */
	if (ditto_shares_have_links(conn->server->srv))
		caps |= DSMB_CAP_DFS;
	if (dialect >= DSMB_DIALECT_210)
		caps |= DSMB_CAP_LEASING | DSMB_CAP_LARGE_MTU;
	if (dialect >= DSMB_DIALECT_300)
		caps |= client_caps & (DSMB_CAP_DIRECTORY_LEASING | DSMB_CAP_MULTI_CHANNEL);
	if (dialect >= DSMB_DIALECT_300 && client_caps & DSMB_CAP_PERSISTENT_HANDLES &&
	    dsmb_persist_is_on(conn->server))
		caps |= DSMB_CAP_PERSISTENT_HANDLES;
	/* 3.1.1 negotiates encryption by a context. */
	if ((dialect == DSMB_DIALECT_300 || dialect == DSMB_DIALECT_302) &&
	    encryption_is_offered(conn))
		caps |= client_caps & DSMB_CAP_ENCRYPTION;
	return caps;
}

static void encode_answer(struct dsmb_conn *conn, struct dsmb_builder *out,
			  const struct answer *answer, const void *blob, u16 blob_len)
{
	u32 start = out->len, count_at, offset_at;

	dsmb_encode_u16(out, RESPONSE_SIZE);
	dsmb_encode_u16(out, answer->mode);
	dsmb_encode_u16(out, answer->dialect);
	count_at = out->len;
	dsmb_encode_u16(out, 0);
	dsmb_encode_bytes(out, &conn->server->guid, sizeof(conn->server->guid));
	dsmb_encode_u32(out, answer->caps);
	dsmb_encode_u32(out, answer->io_max);
	dsmb_encode_u32(out, answer->io_max);
	dsmb_encode_u32(out, answer->io_max);
	dsmb_encode_u64(out, dsmb_filetime_now());
	dsmb_encode_u64(out, 0);		/* ServerStartTime: zero by section 3.3.5.4 */
	dsmb_encode_u16(out, BLOB_OFFSET);
	dsmb_encode_u16(out, blob_len);
	offset_at = out->len;
	dsmb_encode_u32(out, 0);
	dsmb_encode_bytes(out, blob, blob_len);
	if (answer->offer) {
		dsmb_encode_align(out, 8);
		dsmb_fill_u32(out, offset_at, sizeof(struct dsmb_header) + out->len - start);
		dsmb_fill_u16(out, count_at, dsmb_offer_answer(out, answer->offer));
	}
}

/* Returns the first token of the authentication, or NULL, in particular without a helper. */
static void *hello_get(struct dsmb_conn *conn, size_t *len)
{
	void *blob;

	*len = 0;
	if (ditto_auth_hello(conn->server->srv, &blob, len))
		return NULL;
	if (*len <= U16_MAX)
		return blob;
	kvfree(blob);
	*len = 0;
	return NULL;
}

static u32 negotiate_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct request *req = args;

	req->dialects = dsmb_get_u16(in);
	req->mode = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	req->caps = dsmb_get_u32(in);
	dsmb_get_bytes(in, &req->guid, sizeof(req->guid));
	req->contexts_offset = dsmb_get_u32(in);
	req->contexts = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	if (in->bad || !req->dialects || req->dialects > DSMB_DIALECTS_MAX ||
	    req->dialects > dsmb_left(in) / sizeof(__le16))
		return STATUS_INVALID_PARAMETER;
	req->list = in->data + in->pos;
	return STATUS_SUCCESS;
}

/* Chooses the algorithms; 3.1.1 has contexts for them. */
static u32 choose_algorithms(struct dsmb_call *call, const struct request *req, u16 dialect,
			     u32 caps, struct dsmb_offer *offer)
{
	const u32 all = BIT(DSMB_CIPHER_AES128_CCM) | BIT(DSMB_CIPHER_AES128_GCM) |
			BIT(DSMB_CIPHER_AES256_CCM) | BIT(DSMB_CIPHER_AES256_GCM);

	if (dialect == DSMB_DIALECT_311)
		return dsmb_offer_parse(&call->in, req->contexts_offset, req->contexts,
					encryption_is_offered(call->conn) ? all : 0,
					READ_ONCE(call->conn->server->settings.compression), offer);
	*offer = (struct dsmb_offer) {
		.signing = dialect >= DSMB_DIALECT_300 ? DSMB_SIGNING_AES_CMAC :
			   DSMB_SIGNING_HMAC_SHA256,
	};
	if (caps & DSMB_CAP_ENCRYPTION)
		offer->cipher = DSMB_CIPHER_AES128_CCM;
	return STATUS_SUCCESS;
}

/*
 * Sets the negotiated values. Returns false for a second NEGOTIATE (MS-SMB2 section 3.3.5.4),
 * or if another call was faster.
 */
static bool conn_negotiated(struct dsmb_conn *conn, const struct request *req,
			    const struct answer *answer, const struct dsmb_offer *offer,
			    const u8 preauth[DSMB_PREAUTH_SIZE])
{
	bool first;

	spin_lock(&conn->lock);
	first = conn->state == DSMB_CONN_NEW || conn->state == DSMB_CONN_WILDCARD;
	if (first) {
		conn->dialect = answer->dialect;
		memcpy(conn->client_dialects, req->list, req->dialects * sizeof(__le16));
		conn->client_ndialects = req->dialects;
		conn->client_guid = req->guid;
		conn->client_caps = req->caps;
		conn->client_mode = req->mode;
		conn->server_caps = answer->caps;
		conn->server_mode = answer->mode;
		conn->cipher = offer->cipher;
		conn->signing = offer->signing;
		conn->posix = offer->posix;
		conn->compression = offer->compression;
		conn->large_mtu = answer->caps & DSMB_CAP_LARGE_MTU;
		memcpy(conn->preauth, preauth, DSMB_PREAUTH_SIZE);
		/* Pairs with call_check() in dispatch.c. */
		smp_store_release(&conn->state, DSMB_CONN_NEGOTIATED);
	}
	spin_unlock(&conn->lock);
	return first;
}

static u32 negotiate_exec(struct dsmb_call *call, void *args, void *res)
{
	u32 min = READ_ONCE(call->conn->server->settings.min_dialect);
	u8 preauth[DSMB_PREAUTH_SIZE] = { };
	struct dsmb_conn *conn = call->conn;
	struct negotiated *r = res;
	struct answer *answer = &r->answer;
	struct request *req = args;
	u32 status;

	answer->dialect = dsmb_dialect_choose(&call->in, req->dialects, min);
	if (!answer->dialect) {
		pr_info_ratelimited("client %s is refused: it speaks nothing from min-dialect on\n",
				    conn->name);
		return STATUS_NOT_SUPPORTED;
	}
	answer->caps = negotiate_capabilities(conn, answer->dialect, req->caps);
	status = choose_algorithms(call, req, answer->dialect, answer->caps, &r->offer);
	if (status)
		return status;

	answer->mode = server_mode(conn);
	answer->io_max = answer->caps & DSMB_CAP_LARGE_MTU ? DSMB_IO_MAX : DSMB_IO_MAX_SMALL;
	if (answer->dialect == DSMB_DIALECT_311) {
		answer->offer = &r->offer;
		if (dsmb_preauth_update(preauth, call->in.data, call->in.size))
			return STATUS_INSUFFICIENT_RESOURCES;
	}
	req->blob = hello_get(conn, &r->blob_len);
	r->blob = req->blob;
	if (dsmb_reply_reserve(call, RESPONSE_SIZE + r->blob_len + CONTEXTS_ROOM))
		return STATUS_INSUFFICIENT_RESOURCES;
	return conn_negotiated(conn, req, answer, &r->offer, preauth) ? STATUS_SUCCESS : DSMB_DROP;
}

static void negotiate_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct negotiated *r = res;

	encode_answer(call->conn, &call->out, &r->answer, r->blob, r->blob_len);
}

static void negotiate_release(struct dsmb_call *call, void *args)
{
	const struct request *req = args;

	kvfree(req->blob);
}

const struct dsmb_command dsmb_command_negotiate = {
	.name = "negotiate",
	.structure_size = 36,
	.args_size = sizeof(struct request),
	.res_size = sizeof(struct negotiated),
	.decode = negotiate_decode,
	.exec = negotiate_exec,
	.encode = negotiate_encode,
	.release = negotiate_release,
};

/*
 * Extend the preauthentication hash by a response (MS-SMB2 section 3.3.4.1). To be called before
 * the first byte is sent, because the client's next request may follow immediately.
 */
void dsmb_before_send(struct dsmb_call *call, const void *message, u32 len)
{
	const struct dsmb_header *head = message;
	struct dsmb_channel *channel = call->channel;
	u8 *hash = call->conn->preauth;

	if (call->conn->dialect != DSMB_DIALECT_311)
		return;
	if (call->command == DSMB_SESSION_SETUP) {
		/*
		 * The final response is not part of the hash, because the keys that sign it are
		 * derived before.
		 */
		if (!channel || channel->ready || len < sizeof(*head) ||
		    head->status != cpu_to_le32(STATUS_MORE_PROCESSING_REQUIRED))
			return;
		hash = channel->preauth;
	}
	if (dsmb_preauth_update(hash, message, len))
		dsmb_conn_drop(call->conn, "no preauthentication hash could be made");
}

/* Is this dialect in the list? */
static bool smb1_has(struct dsmb_cursor list, const char *dialect)
{
	u32 len = strlen(dialect) + 1;

	while (dsmb_left(&list)) {
		const u8 *name = list.data + list.pos + 1;
		u32 left = dsmb_left(&list) - 1;
		const u8 *end = memchr(name, 0, left);

		if (!end || name[-1] != SMB1_DIALECT_FORMAT)
			return false;
		if (end - name + 1 == len && !memcmp(name, dialect, len))
			return true;
		dsmb_skip(&list, end - name + 2);
	}
	return false;
}

/* The dialects of an SMB1 NEGOTIATE: MS-CIFS section 2.2.4.52.1. */
static struct dsmb_cursor smb1_dialects(struct dsmb_cursor *in)
{
	u8 command, words;
	u16 bytes;

	dsmb_seek(in, SMB1_COMMAND_OFFSET);
	command = dsmb_get_u8(in);
	dsmb_seek(in, SMB1_HEADER_SIZE);
	words = dsmb_get_u8(in);
	bytes = dsmb_get_u16(in);
	if (command != SMB1_COMMAND_NEGOTIATE || words)
		in->bad = true;
	return dsmb_window(in, in->pos, bytes);
}

static void smb1_encode_header(struct dsmb_builder *out)
{
	struct dsmb_header head = {
		.protocol_id = cpu_to_le32(DSMB_PROTOCOL_ID),
		.structure_size = cpu_to_le16(sizeof(head)),
		.command = cpu_to_le16(DSMB_NEGOTIATE),
		.credits = cpu_to_le16(1),
		.flags = cpu_to_le32(DSMB_FLAG_RESPONSE),
	};

	dsmb_encode_bytes(out, &head, sizeof(head));
}

/*
 * Sets the negotiated values: 2.0.2 is final, after the wildcard dialect the client sends
 * NEGOTIATE.
 */
static bool smb1_settle(struct dsmb_conn *conn, const struct answer *answer)
{
	bool first;

	spin_lock(&conn->lock);
	first = conn->state == DSMB_CONN_NEW;
	if (first && answer->dialect == DSMB_DIALECT_WILDCARD) {
		conn->state = DSMB_CONN_WILDCARD;
	} else if (first) {
		conn->dialect = answer->dialect;
		conn->server_mode = answer->mode;
		conn->signing = DSMB_SIGNING_HMAC_SHA256;
		/* Pairs with call_check() in dispatch.c. */
		smp_store_release(&conn->state, DSMB_CONN_NEGOTIATED);
	}
	spin_unlock(&conn->lock);
	return first;
}

/*
 * The answer to a client that knows no dialect of SMB2, in its own protocol (MS-CIFS section
 * 2.2.4.52.2): some wait for a reply long after the connection was closed.
 */
static void smb1_encode_refusal(struct dsmb_builder *out, const struct dsmb_cursor *in)
{
	u8 header[SMB1_HEADER_SIZE];

	memcpy(header, in->data, sizeof(header));
	memset(header + SMB1_STATUS_OFFSET, 0, SMB1_FLAGS_OFFSET - SMB1_STATUS_OFFSET);
	header[SMB1_FLAGS_OFFSET] |= SMB1_FLAGS_REPLY;
	dsmb_encode_bytes(out, header, sizeof(header));
	dsmb_encode_u8(out, 1);
	dsmb_encode_u16(out, SMB1_NO_DIALECT);
	dsmb_encode_u16(out, 0);
}

/*
 * Handle the SMB1 multi-protocol negotiation (MS-SMB2 section 3.3.5.3). Return: 0, or a negative
 * errno: the connection must be dropped; with -EPROTONOSUPPORT, which has an SMB1 response, after
 * that was sent.
 */
int dsmb_negotiate_smb1(struct dsmb_conn *conn, struct dsmb_cursor *in, struct dsmb_builder *out)
{
	u32 min = READ_ONCE(conn->server->settings.min_dialect);
	struct dsmb_cursor list = smb1_dialects(in);
	struct answer answer = {
		.mode = server_mode(conn),
		.io_max = DSMB_IO_MAX_SMALL,
	};
	size_t len;
	void *blob;

	if (in->bad)
		return -EINVAL;
	if (smb1_has(list, "SMB 2.???")) {
		answer.dialect = DSMB_DIALECT_WILDCARD;
	} else if (smb1_has(list, "SMB 2.002") && min <= DSMB_DIALECT_202) {
		answer.dialect = DSMB_DIALECT_202;
	} else {
		smb1_encode_refusal(out, in);
		return -EPROTONOSUPPORT;
	}
	if (!smb1_settle(conn, &answer))
		return -EPROTO;

	smb1_encode_header(out);
	blob = hello_get(conn, &len);
	encode_answer(conn, out, &answer, blob, len);
	kvfree(blob);
	return out->full ? -EMSGSIZE : 0;
}

/*
 * A server of 3.1.1 compares the whole array with the one in NEGOTIATE, which had the negotiated
 * dialect as the best one, whatever min_dialect says now.
 */
static bool dialects_are_same(const struct dsmb_conn *conn, struct dsmb_cursor *in)
{
	u16 count = dsmb_get_u16(in);
	u32 len = count * sizeof(__le16);
	const void *list = dsmb_get(in, len);

	return list && count && count == conn->client_ndialects &&
	       !memcmp(list, conn->client_dialects, len);
}

/*
 * Handle FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 section 3.3.5.15.12). @out: filled with its output,
 * 24 bytes; its size is MaxOutputResponse if that is less. Context: any. Return: STATUS_SUCCESS;
 * DSMB_DROP if the values differ from NEGOTIATE, so that the negotiation was tampered with, or if
 * the response does not fit.
 */
u32 dsmb_validate_negotiate(struct dsmb_call *call, struct dsmb_cursor *in,
			    struct dsmb_builder *out)
{
	const struct dsmb_conn *conn = call->conn;
	guid_t guid;
	u32 caps;
	u16 mode;

	if (conn->dialect == DSMB_DIALECT_311 || out->size < VALIDATE_REPLY)
		return DSMB_DROP;
	caps = dsmb_get_u32(in);
	dsmb_get_bytes(in, &guid, sizeof(guid));
	mode = dsmb_get_u16(in);
	if (!dialects_are_same(conn, in) || caps != conn->client_caps ||
	    mode != conn->client_mode || !guid_equal(&guid, &conn->client_guid))
		return DSMB_DROP;

	dsmb_encode_u32(out, conn->server_caps);
	dsmb_encode_bytes(out, &conn->server->guid, sizeof(conn->server->guid));
	dsmb_encode_u16(out, conn->server_mode);
	dsmb_encode_u16(out, conn->dialect);
	return STATUS_SUCCESS;
}
