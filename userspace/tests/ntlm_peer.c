// SPDX-License-Identifier: GPL-2.0-only
/* A client of NTLM; see ntlm_peer.h. */

#include <stdlib.h>
#include <string.h>

#include "auth/ntlm/utf16.h"
#include "mem.h"
#include "ntlm_peer.h"

#define MESSAGE_MAX	4096

static void wire_put(u8 *p, u64 value, size_t bytes)
{
	for (; bytes; bytes--, value >>= 8)
		*p++ = (u8)value;
}

static u32 wire_get(const u8 *p, size_t bytes)
{
	u32 value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

/* Write the header of a field. */
static void field_put(u8 *message, size_t header, size_t offset, size_t len)
{
	wire_put(message + header, len, 2);
	wire_put(message + header + 2, len, 2);
	wire_put(message + header + 4, offset, 4);
}

void peer_negotiate(struct ntlm_peer *p)
{
	u8 *m = p->negotiate;

	memset(m, 0, sizeof(p->negotiate));
	memcpy(m, "NTLMSSP", 8);
	wire_put(m + 8, 1, 4);
	wire_put(m + 12, p->shape.flags, 4);
	p->negotiate_len = p->shape.negotiate_size;
	if (p->shape.negotiate_size >= 40)
		memcpy(m + 32, "\x06\x01\xb1\x1d\0\0\0\x0f", 8);
	if (!p->shape.names)
		return;
	field_put(m, 16, p->negotiate_len, 4);
	field_put(m, 24, p->negotiate_len + 4, 6);
	memcpy(m + p->negotiate_len, "HOMELAPTOP", 10);
	p->negotiate_len += 10;
}

const u8 *peer_find_pair(const u8 *challenge, size_t challenge_len, enum ntlm_av_id id,
			 size_t *len)
{
	size_t at = wire_get(challenge + 44, 4), end = at + wire_get(challenge + 40, 2);

	if (end > challenge_len)
		return NULL;
	for (; at + 4 <= end; at += 4 + *len) {
		*len = wire_get(challenge + at + 2, 2);
		if (wire_get(challenge + at, 2) == id)
			return challenge + at + 4;
	}
	return NULL;
}

/* Append a name or bytes to the payload, and write the header of its field. */
static size_t payload_add(u8 *message, size_t header, size_t at, const void *bytes, size_t len)
{
	field_put(message, header, at, len);
	if (len)
		memcpy(message + at, bytes, len);
	return at + len;
}

static size_t name_add(const struct ntlm_peer *p, u8 *message, size_t header, size_t at,
		       const char *name)
{
	u8 wide[512];

	if (!(p->used & NTLMSSP_NEGOTIATE_UNICODE))
		return payload_add(message, header, at, name, strlen(name));
	return payload_add(message, header, at, wide, 2 * utf16_from_utf8(name, wide));
}

static size_t pair_add(u8 *out, size_t at, enum ntlm_av_id id, const void *value, size_t len)
{
	wire_put(out + at, id, 2);
	wire_put(out + at + 2, len, 2);
	memcpy(out + at + 4, value, len);
	return at + 4 + len;
}

/* NTLMv2_CLIENT_CHALLENGE (MS-NLMP section 2.2.2.7); returns its length. */
static size_t client_challenge(const struct ntlm_peer *p, const u8 *challenge, u8 *out)
{
	static const u8 target[] = {
		'c', 0, 'i', 0, 'f', 0, 's', 0, '/', 0, 'l', 0, 'o', 0, 'c', 0, 'a', 0, 'l', 0,
		'h', 0, 'o', 0, 's', 0, 't', 0,
	};
	size_t info = wire_get(challenge + 44, 4), info_len = wire_get(challenge + 40, 2);
	u8 bindings[16] = { 0 };
	size_t at = 28;

	memset(out, 0, 28);
	out[0] = 1;
	out[1] = 1;
	memset(out + 16, 0xaa, 8);
	if (p->shape.does & PEER_NO_PAIRS)
		goto end;
	/* All but the last pair. */
	memcpy(out + at, challenge + info, info_len - 4);
	at += info_len - 4;
	if (p->shape.does & PEER_MIC)
		at = pair_add(out, at, NTLM_AV_FLAGS, "\x02\0\0", 4);
	bindings[3] = p->shape.does & PEER_BOUND ? 9 : 0;
	if (p->shape.does & (PEER_BOUND | PEER_UNBOUND))
		at = pair_add(out, at, NTLM_AV_CHANNEL_BINDINGS, bindings, sizeof(bindings));
	if (p->shape.does & PEER_TARGET)
		at = pair_add(out, at, NTLM_AV_TARGET_NAME, target, sizeof(target));
	wire_put(out + at, 0, 4);
	at += 4;
end:
	wire_put(out + at, 0, 4);
	return at + 4;
}

/* NTOWFv2. */
static void response_key(const struct ntlm_peer *p, const char *user, const char *domain,
			 const char *password, u8 key[NTLM_KEY_SIZE])
{
	u8 wide[2][512], hash[NTLM_KEY_SIZE];
	struct ntlm_bytes names[2];
	size_t n;

	n = utf16_from_utf8(password, wide[0]);
	ntlm_hash(wide[0], 2 * n, hash);
	n = utf16_from_utf8(user, wide[0]);
	utf16_to_upper(wide[0], n);
	names[0] = (struct ntlm_bytes){ wide[0], 2 * n };
	n = utf16_from_utf8(domain, wide[1]);
	if (p->shape.does & PEER_UPPER_DOMAIN)
		utf16_to_upper(wide[1], n);
	names[1] = (struct ntlm_bytes){ wide[1], 2 * n };
	ntlm_response_key(hash, &names[0], &names[1], key);
}

/* Append both responses, and compute SessionBaseKey. */
static size_t responses_add(const struct ntlm_peer *p, u8 *message, size_t at,
			    const u8 *challenge, const u8 key[NTLM_KEY_SIZE],
			    u8 base_key[NTLM_KEY_SIZE])
{
	u8 nt[2048], lm[24] = { 0 };
	struct ntlm_bytes rest;
	size_t lm_len = 0;

	rest.data = nt + NTLM_PROOF_SIZE;
	rest.len = client_challenge(p, challenge, nt + NTLM_PROOF_SIZE);
	ntlm_proof(key, challenge + 24, &rest, nt);
	ntlm_session_base_key(key, nt, base_key);
	if (p->shape.does & PEER_LM_V2) {
		const struct ntlm_bytes own = { rest.data + 16, 8 };

		ntlm_proof(key, challenge + 24, &own, lm);
		memcpy(lm + 16, own.data, own.len);
	}
	if (p->shape.does & (PEER_LM_V2 | PEER_LM_ZEROS))
		lm_len = sizeof(lm);
	at = payload_add(message, 12, at, lm, lm_len);
	return payload_add(message, 20, at, nt, p->shape.does & PEER_V1 ? NTLM_RESPONSE_V1 :
							       NTLM_PROOF_SIZE + rest.len);
}

static void mic_add(struct ntlm_peer *p, u8 *message, size_t len, const u8 *challenge,
		    size_t challenge_len)
{
	const struct ntlm_bytes parts[] = {
		{ p->negotiate, p->negotiate_len }, { challenge, challenge_len }, { message, len },
	};
	u8 mic[NTLM_MIC_SIZE];

	memset(message + NTLM_MIC_OFFSET, 0, sizeof(mic));
	ntlm_hmac(p->exported, parts, ARRAY_SIZE(parts), mic);
	memcpy(message + NTLM_MIC_OFFSET, mic, sizeof(mic));
}

/* Move the fields without bytes to an offset that is no place of the message. */
static void offsets_spoil(u8 *message)
{
	size_t header;

	for (header = 12; header < 60; header += 8)
		if (!wire_get(message + header, 2))
			wire_put(message + header + 4, 0xfffffff0, 4);
}

u8 *peer_authenticate(struct ntlm_peer *p, const u8 *challenge, size_t challenge_len,
		      const char *user, const char *domain, const char *password, size_t *len)
{
	u8 *m = mem_new(MESSAGE_MAX);
	size_t at = p->shape.authenticate_size;
	u8 key[NTLM_KEY_SIZE], base_key[NTLM_KEY_SIZE] = { 0 }, sealed[NTLM_KEY_SIZE];

	p->used = p->shape.authenticate_flags ?: p->shape.flags & wire_get(challenge + 20, 4);
	if (p->shape.does & PEER_ALL_FLAGS)
		p->used = wire_get(challenge + 20, 4);
	if (p->shape.does & PEER_NO_FLAGS)
		p->used = 0;
	memcpy(m, "NTLMSSP", 8);
	wire_put(m + 8, 3, 4);
	wire_put(m + 60, p->used, 4);
	at = name_add(p, m, 28, at, domain ? domain : "");
	at = name_add(p, m, 36, at, user ? user : "");
	at = name_add(p, m, 44, at, "LAPTOP");
	if (p->shape.does & PEER_OVERLAP)
		memcpy(m + 44, m + 36, 8);
	if (user) {
		response_key(p, user, domain, password, key);
		at = responses_add(p, m, at, challenge, key, base_key);
	} else {
		at = payload_add(m, 12, at, "", p->shape.does & PEER_LM_Z1 ? 1 : 0);
		at = payload_add(m, 20, at, NULL, 0);
	}
	memcpy(p->exported, base_key, sizeof(base_key));
	if (p->used & NTLMSSP_NEGOTIATE_KEY_EXCH) {
		memset(p->exported, 0x55, sizeof(p->exported));
		ntlm_rc4(base_key, p->exported, sizeof(sealed), sealed);
		at = payload_add(m, 52, at, sealed, sizeof(sealed));
	} else {
		at = payload_add(m, 52, at, base_key,
				 p->shape.does & PEER_SAYS_KEY ? sizeof(base_key) : 0);
	}
	if (p->shape.does & PEER_ODD_OFFSETS)
		offsets_spoil(m);
	if (p->shape.does & PEER_MIC && user)
		mic_add(p, m, at, challenge, challenge_len);
	*len = at;
	return m;
}
