// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contexts of NEGOTIATE: MS-SMB2 sections 2.2.3.1, 2.2.4.1 and 3.3.5.4. One table lists the
 * known types; unknown types are ignored. The order of the server decides among common ciphers
 * and signing algorithms.
 */
#include <linux/array_size.h>
#include <linux/random.h>
#include <linux/string.h>

#include "../compress/compress.h"
#include "../wire/builder.h"
#include "../wire/cursor.h"
#include "../wire/posix.h"
#include "../wire/status.h"
#include "crypto.h"
#include "negotiate.h"

#define CONTEXT_ALIGN	8
#define SALT_SIZE	32
/* MS-SMB2 section 2.2.3.1.3. */
#define COMPRESSION_CHAINED	BIT(0)

/* In order of preference. */
static const enum dsmb_cipher cipher_order[] = {
	DSMB_CIPHER_AES128_GCM,
	DSMB_CIPHER_AES128_CCM,
	DSMB_CIPHER_AES256_GCM,
	DSMB_CIPHER_AES256_CCM,
};

static const enum dsmb_signing signing_order[] = {
	DSMB_SIGNING_AES_GMAC,
	DSMB_SIGNING_AES_CMAC,
	DSMB_SIGNING_HMAC_SHA256,
};

/* Reads @count 16-bit numbers as bits; numbers above 31 are unknown to this server. */
static u32 get_ids(struct dsmb_cursor *c, u16 count)
{
	u32 bits = 0;

	while (count-- && !c->bad) {
		u16 id = dsmb_get_u16(c);

		if (id < 32 && !c->bad)
			bits |= BIT(id);
	}
	return bits;
}

static u32 parse_preauth(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer)
{
	u16 count = dsmb_get_u16(c);
	u16 salt = dsmb_get_u16(c);
	u32 ids = get_ids(c, count);

	dsmb_skip(c, salt);
	if (c->bad || !count)
		return STATUS_INVALID_PARAMETER;
	if (!(ids & BIT(DSMB_HASH_SHA512)))
		return STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP;
	return STATUS_SUCCESS;
}

static u32 parse_encryption(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer)
{
	u16 count = dsmb_get_u16(c);
	u32 ids = get_ids(c, count) & ciphers;
	int i;

	if (c->bad || !count)
		return STATUS_INVALID_PARAMETER;
	for (i = 0; i < ARRAY_SIZE(cipher_order) && !offer->cipher; i++)
		if (ids & BIT(cipher_order[i]))
			offer->cipher = cipher_order[i];
	return STATUS_SUCCESS;
}

/* Without a common algorithm, signing stays at AES-CMAC, which every 3.x client supports. */
static u32 parse_signing(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer)
{
	u16 count = dsmb_get_u16(c);
	u32 ids = get_ids(c, count);
	int i;

	if (c->bad || !count)
		return STATUS_INVALID_PARAMETER;
	for (i = 0; i < ARRAY_SIZE(signing_order); i++) {
		if (ids & BIT(signing_order[i])) {
			offer->signing = signing_order[i];
			break;
		}
	}
	return STATUS_SUCCESS;
}

/* All common algorithms are taken, and the client's order is kept (MS-SMB2 section 3.3.5.4). */
static u32 parse_compression(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer)
{
	struct dsmb_compression *compression = &offer->compression;
	u16 count = dsmb_get_u16(c);
	u32 flags, seen = 0;

	dsmb_skip(c, 2);
	flags = dsmb_get_u32(c);
	if (c->bad || !count || count > dsmb_left(c) / sizeof(__le16))
		return STATUS_INVALID_PARAMETER;
	while (count--) {
		u16 id = dsmb_get_u16(c);

		if (id == DSMB_COMPRESS_NONE || !dsmb_compress_has(id) || seen & BIT(id))
			continue;
		seen |= BIT(id);
		compression->ids[compression->count++] = id;
	}
	compression->chained = compression->count && flags & COMPRESSION_CHAINED;
	return STATUS_SUCCESS;
}

static u32 parse_posix(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer)
{
	/* A list of versions; only one is defined. */
	while (dsmb_left(c) >= DSMB_POSIX_NAME_LEN) {
		if (!memcmp(c->data + c->pos, DSMB_POSIX_NAME, DSMB_POSIX_NAME_LEN))
			offer->posix = true;
		dsmb_skip(c, DSMB_POSIX_NAME_LEN);
	}
	return STATUS_SUCCESS;
}

/**
 * struct context - a known context type
 * @type: ContextType
 * @once: bit in dsmb_offer.seen if a second context of the type is an error; else 0
 * @parse: reads the data; NULL to ignore it
 */
struct context {
	u16 type;
	u16 once;
	u32 (*parse)(struct dsmb_cursor *c, u32 ciphers, struct dsmb_offer *offer);
};

static const struct context contexts[] = {
	{ DSMB_CONTEXT_PREAUTH, BIT(DSMB_CONTEXT_PREAUTH), parse_preauth },
	{ DSMB_CONTEXT_ENCRYPTION, BIT(DSMB_CONTEXT_ENCRYPTION), parse_encryption },
	{ DSMB_CONTEXT_COMPRESSION, BIT(DSMB_CONTEXT_COMPRESSION), parse_compression },
	{ DSMB_CONTEXT_NETNAME },
	{ DSMB_CONTEXT_TRANSPORT },
	{ DSMB_CONTEXT_RDMA, BIT(DSMB_CONTEXT_RDMA) },
	{ DSMB_CONTEXT_SIGNING, BIT(DSMB_CONTEXT_SIGNING), parse_signing },
	{ DSMB_CONTEXT_POSIX, 0, parse_posix },
};

static u32 parse_one(u16 type, struct dsmb_cursor *data, u32 ciphers, bool compresses,
		     struct dsmb_offer *offer)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		const struct context *known = &contexts[i];

		if (known->type != type)
			continue;
		if (offer->seen & known->once)
			return STATUS_INVALID_PARAMETER;
		offer->seen |= known->once;
		if (!known->parse || (type == DSMB_CONTEXT_COMPRESSION && !compresses))
			return STATUS_SUCCESS;
		return known->parse(data, ciphers, offer);
	}
	return STATUS_SUCCESS;
}

/*
 * Parse the contexts of a NEGOTIATE (MS-SMB2 sections 2.2.3.1 and 3.3.5.4). Context: any. Return:
 * STATUS_SUCCESS; INVALID_PARAMETER; SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP if SHA-512 is not
 * offered.
 */
u32 dsmb_offer_parse(struct dsmb_cursor *in, u32 offset, u16 count, u32 ciphers, bool compresses,
		     struct dsmb_offer *offer)
{
	*offer = (struct dsmb_offer) { .signing = DSMB_SIGNING_AES_CMAC };

	if (!count || count > DSMB_CONTEXTS_MAX || offset % CONTEXT_ALIGN ||
	    offset < sizeof(struct dsmb_header))
		return STATUS_INVALID_PARAMETER;
	dsmb_seek(in, offset);
	while (count--) {
		u16 type = dsmb_get_u16(in);
		u16 len = dsmb_get_u16(in);
		struct dsmb_cursor data;
		u32 status;

		dsmb_skip(in, 4);
		data = dsmb_window(in, in->pos, len);
		dsmb_skip(in, len);
		/* The last context need not be padded. */
		if (count)
			dsmb_skip(in, -in->pos & (CONTEXT_ALIGN - 1));
		if (in->bad)
			return STATUS_INVALID_PARAMETER;
		status = parse_one(type, &data, ciphers, compresses, offer);
		if (status)
			return status;
	}
	/* It is not answered either. */
	if (!compresses)
		offer->seen &= ~BIT(DSMB_CONTEXT_COMPRESSION);
	if (!(offer->seen & BIT(DSMB_CONTEXT_PREAUTH)))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static void encode_head(struct dsmb_builder *out, u16 type, u16 len)
{
	dsmb_encode_align(out, CONTEXT_ALIGN);
	dsmb_encode_u16(out, type);
	dsmb_encode_u16(out, len);
	dsmb_encode_u32(out, 0);
}

/* Writes a context with one chosen number. */
static void encode_choice(struct dsmb_builder *out, u16 type, u16 choice)
{
	encode_head(out, type, 4);
	dsmb_encode_u16(out, 1);
	dsmb_encode_u16(out, choice);
}

/* Without a common algorithm, the only one is NONE (MS-SMB2 section 3.3.5.4). */
static void encode_compression(struct dsmb_builder *out, const struct dsmb_compression *compression)
{
	u16 count = max_t(u16, compression->count, 1);

	encode_head(out, DSMB_CONTEXT_COMPRESSION, 8 + count * sizeof(__le16));
	dsmb_encode_u16(out, count);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u32(out, compression->chained ? COMPRESSION_CHAINED : 0);
	for (int i = 0; i < count; i++)
		dsmb_encode_u16(out, compression->ids[i]);
}

/*
 * Write the contexts of the response (MS-SMB2 section 2.2.4.1). Context: any. Return:
 * NegotiateContextCount.
 */
u16 dsmb_offer_answer(struct dsmb_builder *out, const struct dsmb_offer *offer)
{
	u8 salt[SALT_SIZE];
	u16 count = 1;

	get_random_bytes(salt, sizeof(salt));
	encode_head(out, DSMB_CONTEXT_PREAUTH, 6 + SALT_SIZE);
	dsmb_encode_u16(out, 1);
	dsmb_encode_u16(out, SALT_SIZE);
	dsmb_encode_u16(out, DSMB_HASH_SHA512);
	dsmb_encode_bytes(out, salt, SALT_SIZE);

	if (offer->seen & BIT(DSMB_CONTEXT_ENCRYPTION)) {
		encode_choice(out, DSMB_CONTEXT_ENCRYPTION, offer->cipher);
		count++;
	}
	if (offer->seen & BIT(DSMB_CONTEXT_SIGNING)) {
		encode_choice(out, DSMB_CONTEXT_SIGNING, offer->signing);
		count++;
	}
	if (offer->seen & BIT(DSMB_CONTEXT_COMPRESSION)) {
		encode_compression(out, &offer->compression);
		count++;
	}
	if (offer->posix) {
		encode_head(out, DSMB_CONTEXT_POSIX, DSMB_POSIX_NAME_LEN);
		dsmb_encode_bytes(out, DSMB_POSIX_NAME, DSMB_POSIX_NAME_LEN);
		count++;
	}
	return count;
}

/* Choose the greatest common dialect. Context: any. Return: the dialect; 0 if there is none. */
u16 dsmb_dialect_choose(struct dsmb_cursor *in, u16 count, u16 min)
{
	static const u16 known[] = {
		DSMB_DIALECT_202, DSMB_DIALECT_210, DSMB_DIALECT_300,
		DSMB_DIALECT_302, DSMB_DIALECT_311,
	};
	u16 best = 0;
	int i;

	while (count-- && !in->bad) {
		u16 dialect = dsmb_get_u16(in);

		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (dialect == known[i] && dialect >= min && dialect > best)
				best = dialect;
	}
	return in->bad ? 0 : best;
}
