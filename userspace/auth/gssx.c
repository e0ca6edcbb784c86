// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of sunrpc about contexts of RPCSEC_GSS.
 *
 * The RPC program is gssproxy's, which proto/gss-proxy.x describes in XDR. sunrpc ignores most of
 * it (net/sunrpc/auth_gss/gss_rpc_xdr.c): those parts are empty here.
 */

#include <arpa/inet.h>
#include <gssapi/gssapi.h>
#include <string.h>
#include <strings.h>

#include "gssx.h"

#define PROGRAM		400112
#define VERSION		1
#define PROC_NULL	0
#define PROC_ACCEPT	9

/* RFC 5531 section 9 */
#define RPC_VERSION	2
#define RPC_CALL	0
#define RPC_REPLY	1
#define MSG_ACCEPTED	0
#define AUTH_NONE	0
#define SUCCESS		0
#define PROC_UNAVAIL	3
#define LAST_FRAGMENT	0x80000000u

/* Name of the option with the account. Its NUL counts. */
static const char creds_option[] = "linux_creds_v1";
/* The mechanism, without tag and length (RFC 4121 section 1). */
static const u8 krb5_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };

/* Bits of the context in the kernel (net/sunrpc/auth_gss/gss_krb5_internal.h). */
#define CTX_CFX		2
#define CTX_SUBKEY	4

/* Longest names, token and context that the kernel takes. */
#define NAME_MAX_LEN	255
#define TOKEN_OUT_MAX	1024
#define CTX_MAX		128

/**
 * struct reader - what is left of a record
 * @at: next byte
 * @left: number of bytes
 * @bad: the record ended too early
 */
struct reader {
	const u8 *at;
	size_t left;
	bool bad;
};

static const u8 *read_bytes(struct reader *r, size_t len)
{
	const u8 *bytes = r->at;
	size_t padded = (len + 3) & ~(size_t)3;

	if (r->bad || padded < len || padded > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += padded;
	r->left -= padded;
	return bytes;
}

static u32 read_u32(struct reader *r)
{
	const u8 *bytes = read_bytes(r, sizeof(u32));
	u32 value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

static const u8 *read_buffer(struct reader *r, size_t *len)
{
	*len = read_u32(r);
	return read_bytes(r, *len);
}

static void skip_buffer(struct reader *r)
{
	size_t len;

	read_buffer(r, &len);
}

static void skip_options(struct reader *r)
{
	u32 n = read_u32(r);

	while (n-- && !r->bad) {
		skip_buffer(r);
		skip_buffer(r);
	}
}

bool gssx_call_decode(struct gssx_call *call, const u8 *record, size_t len)
{
	struct reader r = { record, len, false };
	u32 program, version, procedure;

	memset(call, 0, sizeof(*call));
	call->xid = read_u32(&r);
	if (read_u32(&r) != RPC_CALL || read_u32(&r) != RPC_VERSION)
		return false;
	program = read_u32(&r);
	version = read_u32(&r);
	procedure = read_u32(&r);
	/* Credential and verifier. The socket says who calls. */
	read_u32(&r);
	skip_buffer(&r);
	read_u32(&r);
	skip_buffer(&r);
	if (r.bad)
		return false;
	call->kind = GSSX_UNKNOWN;
	if (program != PROGRAM || version != VERSION)
		return true;
	if (procedure == PROC_NULL)
		call->kind = GSSX_PING;
	if (procedure != PROC_ACCEPT)
		return true;
	call->kind = GSSX_ACCEPT;
	/* Locale, context of the server, and options, which are always the same. */
	skip_buffer(&r);
	skip_buffer(&r);
	skip_options(&r);
	/*
	 * A context to continue, which Kerberos does not have: the kernel encodes it without the
	 * mark that it is there. Then a credential, which the kernel does not send.
	 */
	if (!read_u32(&r) && !read_u32(&r))
		call->token = read_buffer(&r, &call->token_len);
	return !r.bad;
}

/**
 * struct writer - a reply
 * @bytes: the reply
 * @len: its length
 * @bad: a part did not fit
 */
struct writer {
	u8 *bytes;
	size_t len;
	bool bad;
};

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (w->bad || padded > GSSX_REPLY_MAX - w->len) {
		w->bad = true;
		return;
	}
	memset(w->bytes + w->len, 0, padded);
	if (len)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += padded;
}

static void put_u32(struct writer *w, u32 value)
{
	value = htonl(value);
	put_bytes(w, &value, sizeof(value));
}

static void put_u64(struct writer *w, u64 value)
{
	put_u32(w, (u32)(value >> 32));
	put_u32(w, (u32)value);
}

static void put_buffer(struct writer *w, const void *bytes, size_t len, size_t max)
{
	if (len > max)
		w->bad = true;
	put_u32(w, (u32)len);
	put_bytes(w, bytes, len);
}

static void put_none(struct writer *w, unsigned int n)
{
	while (n--)
		put_u32(w, 0);
}

/* A name as text only: no type, no exported forms, no attributes, no extensions. */
static void put_name(struct writer *w, const char *name)
{
	put_buffer(w, name, strlen(name), NAME_MAX_LEN);
	put_none(w, 5);
}

/* The context, in the byte order of the machine (gss_import_v2_context() in the kernel). */
static void put_context(struct writer *w, const struct auth_step *s)
{
	u32 flags = CTX_CFX | (s->context.subkey ? CTX_SUBKEY : 0);
	u32 expires = s->expires > UINT32_MAX ? UINT32_MAX : (u32)s->expires;
	u8 ctx[CTX_MAX];
	size_t len = 0;

	memcpy(ctx + len, &flags, sizeof(flags));
	len += sizeof(flags);
	memcpy(ctx + len, &expires, sizeof(expires));
	len += sizeof(expires);
	memcpy(ctx + len, &s->context.seq, sizeof(s->context.seq));
	len += sizeof(s->context.seq);
	memcpy(ctx + len, &s->context.enctype, sizeof(s->context.enctype));
	len += sizeof(s->context.enctype);
	memcpy(ctx + len, s->key, s->key_len);
	len += s->key_len;
	put_buffer(w, ctx, len, CTX_MAX);
	explicit_bzero(ctx, sizeof(ctx));
}

/* The account, in the byte order of the machine. */
static void put_creds(struct writer *w, const struct auth_step *s)
{
	/* The kernel takes -1 for no account. */
	u32 uid = s->anonymous ? UINT32_MAX : s->account.uid;
	u32 gid = s->anonymous ? UINT32_MAX : s->account.gid;
	u32 n = s->anonymous ? 0 : s->account.ngids;

	put_u32(w, (3 + n) * sizeof(u32));
	put_bytes(w, &uid, sizeof(uid));
	put_bytes(w, &gid, sizeof(gid));
	put_bytes(w, &n, sizeof(n));
	put_bytes(w, s->account.gids, n * sizeof(u32));
}

static void put_accepted(struct writer *w, const struct auth_step *s)
{
	bool done = s && s->done;

	put_u64(w, done ? GSS_S_COMPLETE : GSS_S_FAILURE);
	put_buffer(w, krb5_oid, done ? sizeof(krb5_oid) : 0, sizeof(krb5_oid));
	put_u64(w, 0);
	/* Texts of the status, context of the server, options. */
	put_none(w, 4);
	put_u32(w, done);
	if (done) {
		put_context(w, s);
		/* No state, and nothing to release. */
		put_none(w, 2);
		put_buffer(w, krb5_oid, sizeof(krb5_oid), sizeof(krb5_oid));
		put_name(w, s->user);
		put_name(w, s->context.target);
		put_u64(w, s->expires);
		put_u64(w, 0);
		/* Not initiated here, but established; no options. */
		put_u32(w, 0);
		put_u32(w, 1);
		put_u32(w, 0);
	}
	put_u32(w, done && s->reply_len);
	if (done && s->reply_len)
		put_buffer(w, s->reply, s->reply_len, TOKEN_OUT_MAX);
	/* No delegated credential. */
	put_u32(w, 0);
	put_u32(w, done);
	if (done) {
		put_buffer(w, creds_option, sizeof(creds_option), sizeof(creds_option));
		put_creds(w, s);
	}
}

size_t gssx_reply_encode(const struct gssx_call *call, const struct auth_step *step, u8 *reply)
{
	struct writer w = { reply, 0, false };
	u32 mark;

	put_u32(&w, 0);
	put_u32(&w, call->xid);
	put_u32(&w, RPC_REPLY);
	put_u32(&w, MSG_ACCEPTED);
	put_u32(&w, AUTH_NONE);
	put_u32(&w, 0);
	put_u32(&w, call->kind == GSSX_UNKNOWN ? PROC_UNAVAIL : SUCCESS);
	if (call->kind == GSSX_ACCEPT)
		put_accepted(&w, step);
	if (w.bad)
		return 0;
	mark = htonl(LAST_FRAGMENT | (u32)(w.len - sizeof(mark)));
	memcpy(reply, &mark, sizeof(mark));
	return w.len;
}
