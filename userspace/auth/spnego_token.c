// SPDX-License-Identifier: GPL-2.0-only
/* Tokens of SPNEGO; see spnego_token.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "spnego_token.h"

/* Fields of NegTokenInit, NegTokenInit2 and NegTokenResp. */
#define INIT_MECH_TYPES		DER_CONTEXT(0)
#define INIT_MECH_TOKEN		DER_CONTEXT(2)
#define INIT_MIC		DER_CONTEXT(3)	/* or negHints */
#define INIT2_MIC		DER_CONTEXT(4)
#define RESP_STATE		DER_CONTEXT(0)
#define RESP_MECH		DER_CONTEXT(1)
#define RESP_TOKEN		DER_CONTEXT(2)
#define RESP_MIC		DER_CONTEXT(3)
/* The alternatives of NegotiationToken. */
#define TOKEN_INIT		DER_CONTEXT(0)
#define TOKEN_RESP		DER_CONTEXT(1)
/* Header of the first token of a mechanism (RFC 2743 section 3.1). */
#define FIRST_TOKEN		DER_APPLICATION(0)

/* MS-SPNG section 3.2.5.2. */
static const char hint[] = "not_defined_in_RFC4178@please_ignore";
static const u8 ntlm_signature[8] = "NTLMSSP";

static const struct der oids[SPNEGO_MECHS] = {
	[SPNEGO_MS_KERBEROS] = { (const u8 *)"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02", 9 },
	[SPNEGO_KERBEROS] = { (const u8 *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 9 },
	[SPNEGO_NTLM] = { (const u8 *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10 },
};

static const struct der spnego_oid = { (const u8 *)"\x2b\x06\x01\x05\x05\x02", 6 };

static bool der_same(const struct der *a, const struct der *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->at, b->at, a->len));
}

static enum spnego_mech spnego_mech_of(const struct der *oid)
{
	unsigned int mech;

	for (mech = 0; mech < SPNEGO_MECHS && !der_same(oid, &oids[mech]); mech++)
		;
	return (enum spnego_mech)mech;
}

/* Read MechTypeList. Mechanisms behind the first SPNEGO_LIST_MAX are not looked at. */
static bool read_list(struct der field, struct spnego_token *out)
{
	struct der_value value;
	struct der rest, oid;

	if (!der_get(&field, &value) || value.tag != DER_SEQUENCE ||
	    value.whole.len > SPNEGO_LIST_BYTES)
		return false;
	out->list = value.whole;
	rest = value.content;
	while (rest.len) {
		if (!der_enter(&rest, DER_OID, &oid))
			return false;
		if (out->mechs_count < SPNEGO_LIST_MAX)
			out->mechs[out->mechs_count++] = spnego_mech_of(&oid);
	}
	return out->mechs_count;
}

/* Read reqFlags only as far as to skip it, whatever BIT STRING it is. */
static bool read_init(struct der in, struct spnego_token *out)
{
	struct der_value field, value;
	struct der fields;

	if (!der_enter(&in, DER_SEQUENCE, &fields))
		return false;
	while (fields.len) {
		if (!der_get(&fields, &field))
			return false;
		switch (field.tag) {
		case INIT_MECH_TYPES:
			if (out->list.at || !read_list(field.content, out))
				return false;
			break;
		case INIT_MECH_TOKEN:
			if (!der_enter(&field.content, DER_OCTET_STRING, &out->token))
				return false;
			break;
		case INIT_MIC:
		case INIT2_MIC:
			/* In NegTokenInit2 negHints has the number of the MIC. */
			if (der_get(&field.content, &value) && value.tag == DER_OCTET_STRING)
				out->mic = value.content;
			break;
		}
	}
	return out->list.at;
}

static bool read_resp(struct der in, struct spnego_token *out)
{
	struct der_value field;
	struct der fields, state;

	if (!der_enter(&in, DER_SEQUENCE, &fields))
		return false;
	while (fields.len) {
		if (!der_get(&fields, &field))
			return false;
		switch (field.tag) {
		case RESP_STATE:
			if (!der_enter(&field.content, DER_ENUMERATED, &state) || state.len != 1)
				return false;
			if (state.at[0] < SPNEGO_NO_STATE)
				out->state = (enum spnego_state)state.at[0];
			break;
		case RESP_TOKEN:
			if (!der_enter(&field.content, DER_OCTET_STRING, &out->token))
				return false;
			break;
		case RESP_MIC:
			if (!der_enter(&field.content, DER_OCTET_STRING, &out->mic))
				return false;
			break;
		}
	}
	return true;
}

/* Read a token with the header of a mechanism. */
static enum spnego_kind read_first(struct der in, struct spnego_token *out)
{
	struct der_value value;
	struct der oid, init;

	if (!der_get(&in, &value) || value.tag != FIRST_TOKEN ||
	    !der_enter(&value.content, DER_OID, &oid))
		return SPNEGO_MALFORMED;
	if (der_same(&oid, &spnego_oid))
		return der_enter(&value.content, TOKEN_INIT, &init) && read_init(init, out) ?
		       SPNEGO_INIT : SPNEGO_MALFORMED;
	switch (spnego_mech_of(&oid)) {
	case SPNEGO_KERBEROS:
	case SPNEGO_MS_KERBEROS:
		out->token = value.whole;
		return SPNEGO_BARE_KERBEROS;
	default:
		return SPNEGO_UNKNOWN;
	}
}

static enum spnego_kind read_token(struct der in, struct spnego_token *out)
{
	struct der content;

	if (in.len >= sizeof(ntlm_signature) &&
	    !memcmp(in.at, ntlm_signature, sizeof(ntlm_signature))) {
		out->token = in;
		return SPNEGO_BARE_NTLM;
	}
	switch (in.len ? in.at[0] : 0) {
	case FIRST_TOKEN:
		return read_first(in, out);
	case TOKEN_INIT:
		return der_enter(&in, TOKEN_INIT, &content) && read_init(content, out) ?
		       SPNEGO_INIT : SPNEGO_MALFORMED;
	case TOKEN_RESP:
		return der_enter(&in, TOKEN_RESP, &content) && read_resp(content, out) ?
		       SPNEGO_RESP : SPNEGO_MALFORMED;
	default:
		return SPNEGO_MALFORMED;
	}
}

void spnego_token_read(const u8 *token, size_t len, struct spnego_token *out)
{
	memset(out, 0, sizeof(*out));
	out->state = SPNEGO_NO_STATE;
	out->kind = read_token((struct der){ token, len }, out);
	if (out->mic.at && der_same(&out->mic, &out->token))
		out->mic = (struct der){ 0 };
}

/* Allocate a buffer for a token with these bytes and values around them. */
static void out_init(struct der_out *out, size_t bytes, unsigned int values)
{
	out->size = bytes + values * 6;
	out->start = out->size;
	out->data = mem_new(out->size);
}

/* Return what was written, at the beginning of its buffer. */
static u8 *out_take(struct der_out *out, size_t *len)
{
	*len = out->size - out->start;
	memmove(out->data, out->data + out->start, *len);
	return out->data;
}

static void put_value(struct der_out *out, u8 tag, const void *bytes, size_t len)
{
	size_t end = out->start;

	der_put(out, bytes, len);
	der_wrap(out, tag, end);
}

/* A field with an OCTET STRING, unless that is empty. */
static void put_octets(struct der_out *out, u8 field, const struct der *octets)
{
	size_t end = out->start;

	if (!octets->len)
		return;
	put_value(out, DER_OCTET_STRING, octets->at, octets->len);
	der_wrap(out, field, end);
}

u8 *spnego_hello(unsigned int mechs, size_t *len)
{
	struct der_out out;
	size_t all, end;
	int mech;

	out_init(&out, 128, 16);
	all = out.start;
	put_value(&out, DER_GENERAL_STRING, hint, sizeof(hint) - 1);
	der_wrap(&out, DER_CONTEXT(0), all);
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, DER_CONTEXT(3), all);
	end = out.start;
	for (mech = SPNEGO_MECHS - 1; mech >= 0; mech--)
		if (mechs & SPNEGO_BIT(mech))
			put_value(&out, DER_OID, oids[mech].at, oids[mech].len);
	der_wrap(&out, DER_SEQUENCE, end);
	der_wrap(&out, INIT_MECH_TYPES, end);
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, TOKEN_INIT, all);
	put_value(&out, DER_OID, spnego_oid.at, spnego_oid.len);
	der_wrap(&out, FIRST_TOKEN, all);
	return out_take(&out, len);
}

u8 *spnego_resp_encode(const struct spnego_resp *resp, size_t *len)
{
	const u8 state = (u8)resp->state;
	struct der_out out;
	size_t all, end;

	out_init(&out, 32 + resp->token.len + resp->mic.len, 12);
	all = out.start;
	put_octets(&out, RESP_MIC, &resp->mic);
	put_octets(&out, RESP_TOKEN, &resp->token);
	end = out.start;
	if (resp->mech < SPNEGO_MECHS) {
		put_value(&out, DER_OID, oids[resp->mech].at, oids[resp->mech].len);
		der_wrap(&out, RESP_MECH, end);
	}
	end = out.start;
	put_value(&out, DER_ENUMERATED, &state, sizeof(state));
	der_wrap(&out, RESP_STATE, end);
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, TOKEN_RESP, all);
	return out_take(&out, len);
}
