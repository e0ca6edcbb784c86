// SPDX-License-Identifier: GPL-2.0-only
/* Messages of sunrpc about contexts of RPCSEC_GSS, and advice about errors of Kerberos. */

#include <arpa/inet.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_advice.h"
#include "auth/gssx.h"
#include "mem.h"
#include "test.h"

static u8 reply[GSSX_REPLY_MAX];

/* Bytes that are built or read in XDR. */
struct xdr {
	u8 bytes[GSSX_CALL_MAX];
	size_t len;
	size_t at;
};

static void xdr_u32(struct xdr *x, u32 value)
{
	value = htonl(value);
	memcpy(x->bytes + x->len, &value, sizeof(value));
	x->len += sizeof(value);
}

static void xdr_buffer(struct xdr *x, const void *bytes, size_t len)
{
	xdr_u32(x, (u32)len);
	memcpy(x->bytes + x->len, bytes, len);
	x->len += (len + 3) & ~(size_t)3;
}

static void xdr_call(struct xdr *x, u32 program, u32 procedure)
{
	memset(x, 0, sizeof(*x));
	xdr_u32(x, 0x1234);
	xdr_u32(x, 0);
	xdr_u32(x, 2);
	xdr_u32(x, program);
	xdr_u32(x, 1);
	xdr_u32(x, procedure);
	xdr_u32(x, 0);
	xdr_buffer(x, "", 0);
	xdr_u32(x, 0);
	xdr_buffer(x, "", 0);
}

/* A call as gssx_enc_accept_sec_context() of the kernel encodes it. */
static void xdr_accept(struct xdr *x, const char *token)
{
	xdr_call(x, 400112, 9);
	xdr_buffer(x, "", 0);
	xdr_buffer(x, "", 0);
	xdr_u32(x, 2);
	xdr_buffer(x, "exported_context_type", 22);
	xdr_buffer(x, "linux_lucid_v1", 15);
	xdr_buffer(x, "exported_creds_type", 20);
	xdr_buffer(x, "linux_creds_v1", 15);
	xdr_u32(x, 0);
	xdr_u32(x, 0);
	xdr_buffer(x, token, strlen(token));
	xdr_u32(x, 0);
	xdr_u32(x, 0);
	xdr_u32(x, 0);
}

static void calls_decode(void)
{
	struct gssx_call call;
	struct xdr x;
	size_t i;

	xdr_accept(&x, "token");
	CHECK(gssx_call_decode(&call, x.bytes, x.len));
	CHECK(call.xid == 0x1234 && call.kind == GSSX_ACCEPT);
	CHECK(call.token_len == 5 && !memcmp(call.token, "token", 5));
	/* The 12 bytes behind the token do not matter. */
	for (i = 0; i < x.len - 12; i++)
		CHECK(!gssx_call_decode(&call, x.bytes, i));
	xdr_call(&x, 400112, 0);
	CHECK(gssx_call_decode(&call, x.bytes, x.len) && call.kind == GSSX_PING);
	xdr_call(&x, 400112, 8);
	CHECK(gssx_call_decode(&call, x.bytes, x.len) && call.kind == GSSX_UNKNOWN);
	xdr_call(&x, 100003, 9);
	CHECK(gssx_call_decode(&call, x.bytes, x.len) && call.kind == GSSX_UNKNOWN);
	/* A context to continue: its first buffer instead of "none". */
	xdr_call(&x, 400112, 9);
	xdr_buffer(&x, "", 0);
	xdr_buffer(&x, "", 0);
	xdr_u32(&x, 0);
	xdr_buffer(&x, "context", 7);
	CHECK(gssx_call_decode(&call, x.bytes, x.len) && !call.token);
	x.bytes[7] = 1;
	CHECK(!gssx_call_decode(&call, x.bytes, x.len));
}

/* A token lies within the record, whatever its bytes are. */
static void calls_damaged(void)
{
	struct gssx_call call;
	struct xdr good, x;
	int i;

	xdr_accept(&good, "a token");
	srandom(1);
	for (i = 0; i < 200000; i++) {
		memcpy(x.bytes, good.bytes, good.len);
		x.len = (size_t)random() % (good.len + 1);
		x.bytes[(size_t)random() % good.len] = (u8)random();
		x.bytes[(size_t)random() % good.len] = (u8)random();
		if (gssx_call_decode(&call, x.bytes, x.len) && call.token)
			CHECK(call.token >= x.bytes &&
			      call.token + call.token_len <= x.bytes + x.len);
	}
}

static u32 take_u32(struct xdr *x)
{
	u32 value;

	CHECK(x->at + sizeof(value) <= x->len);
	memcpy(&value, x->bytes + x->at, sizeof(value));
	x->at += sizeof(value);
	return ntohl(value);
}

static const u8 *take_buffer(struct xdr *x, size_t *len)
{
	const u8 *bytes;

	*len = take_u32(x);
	bytes = x->bytes + x->at;
	x->at += (*len + 3) & ~(size_t)3;
	CHECK(x->at <= x->len);
	return bytes;
}

static bool take_text(struct xdr *x, const char *text)
{
	size_t len;
	const u8 *bytes = take_buffer(x, &len);

	return len == strlen(text) && !memcmp(bytes, text, len);
}

static void take_zeros(struct xdr *x, unsigned int n)
{
	while (n--)
		CHECK(!take_u32(x));
}

/* Read the reply up to the status. */
static void take_reply(struct xdr *x, const struct auth_step *step)
{
	static const struct gssx_call call = { .xid = 77, .kind = GSSX_ACCEPT };

	memset(x, 0, sizeof(*x));
	x->len = gssx_reply_encode(&call, step, reply);
	CHECK(x->len && x->len <= sizeof(x->bytes));
	memcpy(x->bytes, reply, x->len);
	CHECK(take_u32(x) == (0x80000000 | (u32)(x->len - 4)));
	CHECK(take_u32(x) == 77 && take_u32(x) == 1);
	take_zeros(x, 4);
}

static struct auth_step step_done(void)
{
	struct auth_step s = { .done = true, .user = "alice@EXAMPLE.ORG", .key = "0123456789abcdef",
			       .key_len = 16, .expires = 2000000000, .reply_len = 5,
			       .reply = (u8 *)"reply", .account = { .uid = 1000, .gid = 100,
			       .gids = { 100, 101 }, .ngids = 2 },
			       .context = { .enctype = 17, .subkey = true, .seq = 99,
			       .target = "nfs/server@EXAMPLE.ORG" } };

	return s;
}

static void take_context(struct xdr *x)
{
	u32 flags, expires, enctype;
	const u8 *ctx;
	size_t len;
	u64 seq;

	ctx = take_buffer(x, &len);
	CHECK(len == 20 + 16);
	memcpy(&flags, ctx, 4);
	memcpy(&expires, ctx + 4, 4);
	memcpy(&seq, ctx + 8, 8);
	memcpy(&enctype, ctx + 16, 4);
	CHECK(flags == 6 && expires == 2000000000 && seq == 99 && enctype == 17);
	CHECK(!memcmp(ctx + 20, "0123456789abcdef", 16));
}

static void take_creds(struct xdr *x, const u32 *want, size_t n)
{
	size_t len;
	const u8 *creds;

	CHECK(take_u32(x) == 1);
	creds = take_buffer(x, &len);
	CHECK(len == 15 && !memcmp(creds, "linux_creds_v1", 15));
	creds = take_buffer(x, &len);
	CHECK(len == 4 * n && !memcmp(creds, want, len) && x->at == x->len);
}

static void replies_encode(void)
{
	static const u32 alice[] = { 1000, 100, 2, 100, 101 };
	static const u32 nobody[] = { UINT32_MAX, UINT32_MAX, 0 };
	struct auth_step s = step_done();
	struct xdr x;
	size_t len;

	take_reply(&x, &s);
	take_zeros(&x, 2);
	take_buffer(&x, &len);
	take_zeros(&x, 6);
	CHECK(take_u32(&x) == 1);
	take_context(&x);
	take_zeros(&x, 2);
	take_buffer(&x, &len);
	CHECK(len == 9 && take_text(&x, s.user));
	take_zeros(&x, 5);
	CHECK(take_text(&x, s.context.target));
	take_zeros(&x, 6);
	CHECK(take_u32(&x) == 2000000000);
	take_zeros(&x, 3);
	CHECK(take_u32(&x) == 1 && !take_u32(&x));
	CHECK(take_u32(&x) == 1 && take_text(&x, "reply") && !take_u32(&x));
	take_creds(&x, alice, 5);
	s.anonymous = true;
	take_reply(&x, &s);
	x.at = x.len - 3 * 4 - 4 - 16 - 4 - 4;
	take_creds(&x, nobody, 3);
}

static void replies_of_failure(void)
{
	static const struct gssx_call call = { .xid = 77, .kind = GSSX_ACCEPT };
	struct auth_step s = step_done();
	char name[300];
	struct xdr x;

	s.done = false;
	take_reply(&x, &s);
	CHECK(!take_u32(&x) && take_u32(&x) == 13 << 16);
	take_zeros(&x, 11);
	CHECK(x.at == x.len);
	take_reply(&x, NULL);
	CHECK(!take_u32(&x) && take_u32(&x) == 13 << 16);
	/* The kernel would not take these results. */
	s = step_done();
	memset(name, 'x', sizeof(name));
	memcpy(s.user, name, 256);
	CHECK(!gssx_reply_encode(&call, &s, reply));
	s = step_done();
	s.reply_len = 1025;
	s.reply = mem_new(s.reply_len);
	CHECK(!gssx_reply_encode(&call, &s, reply));
	s.reply_len = 1024;
	s.account.ngids = NSS_GROUPS_MAX;
	CHECK(gssx_reply_encode(&call, &s, reply));
	free(s.reply);
}

static void advices_found(void)
{
	struct why why;

	why_not(&why, "Ticket expired");
	auth_advice_add((u32)KRB5KRB_AP_ERR_TKT_EXPIRED, &why);
	SAME(why.text, "Ticket expired; the user needs a new ticket (kinit)");
	why_not(&why, "other");
	auth_advice_add(12345, &why);
	SAME(why.text, "other");
	memset(why.text, 'x', sizeof(why.text) - 1);
	why.text[sizeof(why.text) - 1] = '\0';
	auth_advice_add((u32)KRB5KRB_AP_ERR_SKEW, &why);
	CHECK(strlen(why.text) == sizeof(why.text) - 1);
}

int main(void)
{
	static const struct test tests[] = {TEST(calls_decode),       TEST(calls_damaged),
					    TEST(replies_encode),     TEST(replies_of_failure),
					    TEST(advices_found),      {0}};

	return test_main(tests);
}
