// SPDX-License-Identifier: GPL-2.0-only
/* Messages of NTLM on the wire; see ntlm_msg.h. */

#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "ntlm.h"
#include "ntlm_msg.h"
#include "utf16.h"

/* MessageType. */
#define NTLM_NEGOTIATE		1
#define NTLM_CHALLENGE		2
#define NTLM_AUTHENTICATE	3

/* Signature, MessageType and NegotiateFlags of NEGOTIATE. */
#define NEGOTIATE_SIZE		16
/* CHALLENGE with its version; then come TargetName and TargetInfo. */
#define CHALLENGE_SIZE		56
/* AUTHENTICATE without version and MIC. */
#define AUTHENTICATE_SIZE	64
/* AvId and AvLen. */
#define AV_HEADER		4
/* Where the AV_PAIRs are in NTLMv2_RESPONSE. */
#define AV_OFFSET		NTLM_RESPONSE_V2
/*
 * VERSION (MS-NLMP section 2.2.2.10): the version of a Windows Server that does all of this, 10.0,
 * and NTLMSSP_REVISION_W2K3. Clients look only at the last byte, if at all.
 */
static const u8 version[8] = { 10, 0, 0x63, 0x45, 0, 0, 0, 15 };

static const u8 signature[8] = "NTLMSSP";

static u16 ntlm_get16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

static u32 ntlm_get32(const u8 *p)
{
	return ntlm_get16(p) | (u32)ntlm_get16(p + 2) << 16;
}

static void ntlm_put(u8 *p, u64 value, size_t bytes)
{
	for (; bytes; bytes--, value >>= 8)
		*p++ = (u8)value;
}

bool ntlm_is_message(const u8 *token, size_t len)
{
	return len >= sizeof(signature) && !memcmp(token, signature, sizeof(signature));
}

static bool ntlm_is_type(const u8 *message, size_t len, size_t least, u32 type)
{
	return len >= least && ntlm_is_message(message, len) && ntlm_get32(message + 8) == type;
}

bool ntlm_negotiate_decode(const u8 *message, size_t len, u32 *flags)
{
	if (!ntlm_is_type(message, len, NEGOTIATE_SIZE, NTLM_NEGOTIATE))
		return false;
	*flags = ntlm_get32(message + 12);
	return true;
}

static u8 *av_put(u8 *p, enum ntlm_av_id id, size_t len)
{
	ntlm_put(p, id, 2);
	ntlm_put(p + 2, len, 2);
	return p + AV_HEADER;
}

static u8 *av_put_name(u8 *p, enum ntlm_av_id id, const char *name)
{
	size_t len = 2 * utf16_from_utf8(name, p + AV_HEADER);

	return av_put(p, id, len) + len;
}

static u8 *put_target_info(u8 *p, const struct ntlm_challenge *c)
{
	p = av_put_name(p, NTLM_AV_NB_DOMAIN_NAME, c->names->domain);
	p = av_put_name(p, NTLM_AV_NB_COMPUTER_NAME, c->names->computer);
	p = av_put_name(p, NTLM_AV_DNS_DOMAIN_NAME, c->names->dns_domain);
	p = av_put_name(p, NTLM_AV_DNS_COMPUTER_NAME, c->names->dns_computer);
	p = av_put(p, NTLM_AV_TIMESTAMP, 8);
	ntlm_put(p, c->time, 8);
	return av_put(p + 8, NTLM_AV_EOL, 0);
}

/* Write the header of a field: its bytes are those from @from to @to. */
static void field_put(u8 *message, size_t header, const u8 *from, const u8 *to)
{
	size_t len = (size_t)(to - from);

	ntlm_put(message + header, len, 2);
	ntlm_put(message + header + 2, len, 2);
	ntlm_put(message + header + 4, (size_t)(from - message), 4);
}

u8 *ntlm_challenge_encode(const struct ntlm_challenge *c, size_t *len)
{
	/* A name has at most two bytes for each of its UTF-8. */
	u8 *message = mem_new(CHALLENGE_SIZE + 2 * (sizeof(*c->names) + NTLM_DOMAIN_SIZE) +
			      6 * AV_HEADER + 8);
	u8 *payload = message + CHALLENGE_SIZE, *p = payload;

	memcpy(message, signature, sizeof(signature));
	ntlm_put(message + 8, NTLM_CHALLENGE, 4);
	ntlm_put(message + 20, c->flags, 4);
	memcpy(message + 24, c->challenge, sizeof(c->challenge));
	if (c->flags & NTLMSSP_NEGOTIATE_VERSION)
		memcpy(message + 48, version, sizeof(version));
	if (c->flags & NTLMSSP_NEGOTIATE_UNICODE)
		p += 2 * utf16_from_utf8(c->names->domain, p);
	else
		p += strlen(memcpy(p, c->names->domain, strlen(c->names->domain)));
	field_put(message, 12, payload, p);
	payload = p;
	p = put_target_info(p, c);
	field_put(message, 40, payload, p);
	*len = (size_t)(p - message);
	return message;
}

/* Read a field: its header has length, maximum length and offset. */
static bool field_get(const u8 *message, size_t len, size_t header, struct ntlm_bytes *field)
{
	size_t offset = ntlm_get32(message + header + 4);

	field->len = ntlm_get16(message + header);
	field->data = message;
	if (!field->len)
		return true;
	if (offset > len || field->len > len - offset)
		return false;
	field->data = message + offset;
	return true;
}

bool ntlm_authenticate_decode(const u8 *message, size_t len, u32 flags,
			      struct ntlm_authenticate *auth)
{
	if (!ntlm_is_type(message, len, AUTHENTICATE_SIZE, NTLM_AUTHENTICATE))
		return false;
	auth->flags = ntlm_get32(message + 60);
	/* Some clients repeat neither of the flags. */
	if (auth->flags & (NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM))
		flags = auth->flags;
	auth->unicode = flags & NTLMSSP_NEGOTIATE_UNICODE;
	return field_get(message, len, 12, &auth->lm) && field_get(message, len, 20, &auth->nt) &&
	       field_get(message, len, 28, &auth->domain) &&
	       field_get(message, len, 36, &auth->user) &&
	       field_get(message, len, 44, &auth->workstation) &&
	       field_get(message, len, 52, &auth->key);
}

/* Nobody says which OEM character set a name has; all of them have ASCII. */
static bool name_copy_ascii(const struct ntlm_bytes *name, char *out, size_t size)
{
	const u8 *p = name->data;
	size_t i;

	if (name->len >= size)
		return false;
	for (i = 0; i < name->len; i++) {
		if (!p[i] || p[i] > 0x7f)
			return false;
		out[i] = (char)p[i];
	}
	out[i] = '\0';
	return true;
}

bool ntlm_name_decode(const struct ntlm_authenticate *auth, const struct ntlm_bytes *name,
		      char *out, size_t size)
{
	if (!auth->unicode)
		return name_copy_ascii(name, out, size);
	return !(name->len % 2) && utf16_to_utf8(name->data, name->len / 2, out, size);
}

static bool av_is_zero(const u8 *p, size_t len)
{
	for (; len && !*p; p++)
		len--;
	return !len;
}

bool ntlm_claim_decode(const struct ntlm_bytes *nt, struct ntlm_claim *claim)
{
	const u8 *p = (const u8 *)nt->data + AV_OFFSET;
	size_t left = nt->len - AV_OFFSET, len;
	u16 id;

	memset(claim, 0, sizeof(*claim));
	for (; left >= AV_HEADER; p += len, left -= len) {
		id = ntlm_get16(p);
		len = ntlm_get16(p + 2);
		p += AV_HEADER;
		left -= AV_HEADER;
		if (len > left)
			return false;
		if (id == NTLM_AV_EOL)
			break;
		if (id == NTLM_AV_FLAGS && len != 4)
			return false;
		if (id == NTLM_AV_FLAGS)
			claim->has_mic |= ntlm_get32(p) & NTLM_AV_FLAG_MIC;
		if (id == NTLM_AV_TARGET_NAME &&
		    !utf16_to_utf8(p, len / 2, claim->target, sizeof(claim->target)))
			snprintf(claim->target, sizeof(claim->target), "?");
		if (id == NTLM_AV_CHANNEL_BINDINGS)
			claim->bound |= !av_is_zero(p, len);
	}
	return true;
}
