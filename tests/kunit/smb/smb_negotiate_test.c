// SPDX-License-Identifier: GPL-2.0-only
/* The contexts of an SMB NEGOTIATE and the choice of a dialect. */
#include <kunit/test.h>

#include "../../../smb/auth/crypto.h"
#include "../../../smb/auth/negotiate.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/wire/cursor.h"
#include "../../../smb/wire/status.h"

/* Offset of the contexts in these messages. */
#define START		(sizeof(struct dsmb_header) + 40)
#define ALL_CIPHERS	0x1e
#define NO_OVERLAP	STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP

#define CTX_SIZE	16	/* data of a context in the table */

/**
 * struct ctx - a context of a test message
 * @type: its type
 * @len: DataLength
 * @data: of it
 */
struct ctx {
	u16 type;
	u16 len;
	u8 data[CTX_SIZE];
};

#define SHA512_CTX	{ 1, 10, { 1, 0, 4, 0, 1, 0, 0xa, 0xb, 0xc, 0xd } }
#define ENCRYPTION(len, ...)	{ 2, len, { __VA_ARGS__ } }
#define SIGNING(len, ...)	{ 8, len, { __VA_ARGS__ } }
#define COMPRESSION(len, ...)	{ 3, len, { __VA_ARGS__ } }
#define POSIX(first)	{ 0x100, 16, { first, 0xad, 0x25, 0x50, 0x9c, 0xb4, 0x11, 0xe7, \
				       0xb4, 0x23, 0x83, 0xde, 0x96, 0x8b, 0xcd, 0x7c } }

/**
 * struct offer_case - one message
 * @name: of the test
 * @ctx: contexts, up to the first of no type
 * @status: wanted
 * @cipher: wanted
 * @signing: wanted
 * @ciphers: allowed; 0 stands for all
 * @count: NegotiateContextCount where it is not that of @ctx
 * @cut: bytes that are missing at the end
 * @shift: added to NegotiateContextOffset
 * @posix: wanted
 * @compression: wanted
 * @incompressible: compression is not supported
 */
struct offer_case {
	const char *name;
	struct ctx ctx[5];
	u32 status;
	enum dsmb_cipher cipher;
	enum dsmb_signing signing;
	u32 ciphers;
	u16 count;
	u16 cut;
	u16 shift;
	bool posix;
	struct dsmb_compression compression;
	bool incompressible;
};

#define CMAC	DSMB_SIGNING_AES_CMAC
#define GMAC	DSMB_SIGNING_AES_GMAC
#define INVALID	STATUS_INVALID_PARAMETER

static const struct offer_case offer_cases[] = {
	{ "only the hash", { SHA512_CTX }, 0, 0, CMAC },
	{ "all ciphers", { SHA512_CTX, ENCRYPTION(10, 4, 0, 3, 0, 1, 0, 4, 0, 2, 0) },
	  0, DSMB_CIPHER_AES128_GCM, CMAC },
	{ "128-CCM before 256-GCM", { SHA512_CTX, ENCRYPTION(6, 2, 0, 4, 0, 1, 0) },
	  0, DSMB_CIPHER_AES128_CCM, CMAC },
	{ "256-GCM before 256-CCM", { SHA512_CTX, ENCRYPTION(6, 2, 0, 3, 0, 4, 0) },
	  0, DSMB_CIPHER_AES256_GCM, CMAC },
	{ "a cipher that is not allowed", { SHA512_CTX, ENCRYPTION(6, 2, 0, 2, 0, 4, 0) },
	  0, DSMB_CIPHER_AES256_GCM, CMAC, BIT(DSMB_CIPHER_AES256_GCM) },
	{ "no cipher in common", { SHA512_CTX, ENCRYPTION(6, 2, 0, 9, 0, 0xff, 0xff) },
	  0, DSMB_CIPHER_NONE, CMAC },
	{ "no cipher", { SHA512_CTX, ENCRYPTION(2, 0, 0) }, INVALID },
	{ "ciphers behind the end", { SHA512_CTX, ENCRYPTION(4, 2, 0, 2, 0) }, INVALID },
	{ "empty encryption", { SHA512_CTX, ENCRYPTION(0) }, INVALID },
	{ "encryption twice", { SHA512_CTX, ENCRYPTION(4, 1, 0, 2, 0), ENCRYPTION(4, 1, 0, 2, 0) },
	  INVALID },
	{ "all signatures", { SHA512_CTX, SIGNING(8, 3, 0, 0, 0, 1, 0, 2, 0) }, 0, 0, GMAC },
	{ "only HMAC", { SHA512_CTX, SIGNING(4, 1, 0, 0, 0) }, 0, 0, DSMB_SIGNING_HMAC_SHA256 },
	{ "no signature in common", { SHA512_CTX, SIGNING(4, 1, 0, 7, 0) }, 0, 0, CMAC },
	{ "no signature", { SHA512_CTX, SIGNING(2, 0, 0) }, INVALID },
	{ "signatures behind the end", { SHA512_CTX, SIGNING(3, 1, 0, 0) }, INVALID },
	{ "signing twice", { SHA512_CTX, SIGNING(4, 1, 0, 1, 0), SIGNING(4, 1, 0, 1, 0) },
	  INVALID },
	{ "hash twice", { SHA512_CTX, SHA512_CTX }, INVALID },
	{ "no hash", { ENCRYPTION(4, 1, 0, 2, 0) }, INVALID },
	{ "no hash algorithm", { { 1, 4, { 0, 0, 0, 0 } } }, INVALID },
	{ "another hash", { { 1, 6, { 1, 0, 0, 0, 2, 0 } } }, NO_OVERLAP },
	{ "two hashes", { { 1, 8, { 2, 0, 0, 0, 2, 0, 1, 0 } } }, 0, 0, CMAC },
	{ "salt behind the end", { { 1, 6, { 1, 0, 1, 0, 1, 0 } } }, INVALID },
	{ "hashes behind the end", { { 1, 6, { 2, 0, 0, 0, 1, 0 } } }, INVALID },
	{ "names, transport, what is unknown", { { 5, 2 }, SHA512_CTX, { 6, 4 }, { 0x99, 3 } },
	  0, 0, CMAC },
	{ "empty compression", { SHA512_CTX, COMPRESSION(0) }, INVALID },
	{ "no compression", { SHA512_CTX, COMPRESSION(8, 0, 0, 0, 0, 1) }, INVALID },
	{ "compression behind the end", { SHA512_CTX, COMPRESSION(10, 2, 0, 0, 0, 1, 0, 0, 0, 2) },
	  INVALID },
	{ "compression without an algorithm", { SHA512_CTX, COMPRESSION(8, 1, 0, 0, 0, 1) },
	  INVALID },
	{ "compression twice", { SHA512_CTX, COMPRESSION(10, 1, 0, 0, 0, 0, 0, 0, 0, 2),
				 COMPRESSION(10, 1, 0, 0, 0, 0, 0, 0, 0, 2) }, INVALID },
	{ "unsupported compression", { SHA512_CTX, COMPRESSION(0) }, 0, 0, CMAC,
	  .incompressible = true },
	{ "unsupported compression twice", { SHA512_CTX, COMPRESSION(0), COMPRESSION(0) }, INVALID,
	  .incompressible = true },
	{ "compressions in the client's order",
	  { SHA512_CTX, COMPRESSION(16, 4, 0, 0xff, 0xff, 1, 0, 0, 0, 4, 0, 2, 0, 1, 0, 3, 0) },
	  0, 0, CMAC, .compression = { { 4, 2, 1, 3 }, 4, true } },
	{ "compressions not chained", { SHA512_CTX, COMPRESSION(10, 1, 0, 0, 0, 2, 0, 0, 0, 2) },
	  0, 0, CMAC, .compression = { { 2 }, 1 } },
	{ "unknown, repeated and no compressions",
	  { SHA512_CTX, COMPRESSION(16, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x22, 0, 2, 0) },
	  0, 0, CMAC, .compression = { { 2 }, 1 } },
	{ "no compression in common", { SHA512_CTX, COMPRESSION(10, 1, 0, 0, 0, 1, 0, 0, 0, 99) },
	  0, 0, CMAC },
	{ "RDMA twice", { SHA512_CTX, { 7, 8 }, { 7, 8 } }, INVALID },
	{ "names twice", { SHA512_CTX, { 5, 2 }, { 5, 2 } }, 0, 0, CMAC },
	{ "POSIX", { SHA512_CTX, POSIX(0x93) }, 0, 0, CMAC, .posix = true },
	{ "another POSIX", { SHA512_CTX, POSIX(0x94) }, 0, 0, CMAC },
	{ "short POSIX", { SHA512_CTX, { 0x100, 15, { 0x93 } } }, 0, 0, CMAC },
	{ "none at all", { }, INVALID },
	{ "more than there are", { SHA512_CTX }, INVALID, .count = 2 },
	{ "too many", { SHA512_CTX }, INVALID, .count = DSMB_CONTEXTS_MAX + 1 },
	{ "cut data", { SHA512_CTX }, INVALID, .cut = 1 },
	{ "cut head", { SHA512_CTX, { 5, 0 } }, INVALID, .cut = 1 },
	{ "unaligned", { SHA512_CTX }, INVALID, .shift = 4 },
	{ "offset behind the end", { SHA512_CTX }, INVALID, .shift = 0x4000 },
};

static void offer_desc(const struct offer_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(offer, offer_cases, offer_desc);

/* A message with the contexts; returns how many. */
static u16 message_make(struct dsmb_builder *b, const struct offer_case *c)
{
	u16 count = 0;
	int i;

	dsmb_builder_reserve(b, START);
	for (i = 0; i < ARRAY_SIZE(c->ctx) && c->ctx[i].type; i++, count++) {
		dsmb_encode_align(b, 8);
		dsmb_encode_u16(b, c->ctx[i].type);
		dsmb_encode_u16(b, c->ctx[i].len);
		dsmb_encode_u32(b, 0);
		dsmb_encode_bytes(b, c->ctx[i].data, c->ctx[i].len);
	}
	return c->count ?: count;
}

static void offer_parse(struct kunit *test)
{
	const struct offer_case *c = test->param_value;
	u8 message[START + 8 * (8 + CTX_SIZE)];
	struct dsmb_builder b = dsmb_builder(message, sizeof(message));
	u16 count = message_make(&b, c);
	struct dsmb_cursor in = dsmb_cursor(message, b.len - c->cut);
	struct dsmb_offer offer;

	KUNIT_ASSERT_FALSE(test, b.full);
	KUNIT_ASSERT_EQ(test, dsmb_offer_parse(&in, START + c->shift, count,
					       c->ciphers ?: ALL_CIPHERS, !c->incompressible,
					       &offer), c->status);
	if (c->status)
		return;
	KUNIT_EXPECT_EQ(test, offer.cipher, c->cipher);
	KUNIT_EXPECT_EQ(test, offer.signing, c->signing);
	KUNIT_EXPECT_EQ(test, offer.posix, c->posix);
	KUNIT_EXPECT_MEMEQ(test, &offer.compression, &c->compression, sizeof(c->compression));
	if (c->incompressible)
		KUNIT_EXPECT_FALSE(test, offer.seen & BIT(DSMB_CONTEXT_COMPRESSION));
}

/* A message truncated at any length is not read beyond its end. */
static void offer_truncated(struct kunit *test)
{
	static const struct offer_case whole = {
		.name = "three contexts",
		.ctx = { SHA512_CTX, ENCRYPTION(6, 2, 0, 2, 0, 1, 0), SIGNING(4, 1, 0, 1, 0) },
	};
	u8 message[START + 8 * (8 + CTX_SIZE)];
	struct dsmb_builder b = dsmb_builder(message, sizeof(message));
	u16 count = message_make(&b, &whole);
	struct dsmb_offer offer;
	u32 len;

	for (len = 0; len <= b.len; len++) {
		u8 *copy = kmemdup(message, max(len, 1u), GFP_KERNEL);
		struct dsmb_cursor in = dsmb_cursor(copy, len);

		KUNIT_ASSERT_NOT_NULL(test, copy);
		KUNIT_EXPECT_EQ(test, len < b.len ? INVALID : STATUS_SUCCESS,
				dsmb_offer_parse(&in, START, count, ALL_CIPHERS, true, &offer));
		kfree(copy);
	}
}

/* The response can be parsed by the same rules. */
static void offer_answer(struct kunit *test)
{
	const struct dsmb_offer offer = {
		.seen = BIT(DSMB_CONTEXT_PREAUTH) | BIT(DSMB_CONTEXT_ENCRYPTION) |
			BIT(DSMB_CONTEXT_SIGNING) | BIT(DSMB_CONTEXT_COMPRESSION),
		.cipher = DSMB_CIPHER_AES256_CCM,
		.signing = DSMB_SIGNING_AES_GMAC,
		.compression = { { 4, 2 }, 2, true },
	};
	u8 message[512];
	struct dsmb_builder b = dsmb_builder(message, sizeof(message));
	struct dsmb_offer read;
	struct dsmb_cursor in;
	u16 count;

	dsmb_builder_reserve(&b, START);
	count = dsmb_offer_answer(&b, &offer);
	in = dsmb_cursor(message, b.len);
	KUNIT_EXPECT_EQ(test, count, 4);
	KUNIT_ASSERT_EQ(test, dsmb_offer_parse(&in, START, count, ALL_CIPHERS, true, &read),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, read.cipher, offer.cipher);
	KUNIT_EXPECT_EQ(test, read.signing, offer.signing);
	KUNIT_EXPECT_MEMEQ(test, &read.compression, &offer.compression, sizeof(read.compression));

	/* Only requested contexts are answered, also without a common algorithm. */
	b = dsmb_builder(message, sizeof(message));
	KUNIT_EXPECT_EQ(test, dsmb_offer_answer(&b, &(struct dsmb_offer) { }), 1);
	b = dsmb_builder(message, sizeof(message));
	KUNIT_EXPECT_EQ(test, dsmb_offer_answer(&b, &(struct dsmb_offer) {
		.seen = BIT(DSMB_CONTEXT_ENCRYPTION) | BIT(DSMB_CONTEXT_COMPRESSION) }), 3);
}

struct dialect_case {
	const char *name;
	u8 count;
	u8 list[12];
	u16 min;
	u16 want;
};

static const struct dialect_case dialect_cases[] = {
	{ "all", 5, { 2, 2, 0x10, 2, 0, 3, 2, 3, 0x11, 3 }, 0x0202, 0x0311 },
	{ "backwards", 3, { 0x11, 3, 0, 3, 2, 2 }, 0x0202, 0x0311 },
	{ "only 2.0.2", 1, { 2, 2 }, 0x0202, 0x0202 },
	{ "only 2.0.2, too old", 1, { 2, 2 }, 0x0210, 0 },
	{ "the oldest allowed", 2, { 2, 2, 0x10, 2 }, 0x0210, 0x0210 },
	{ "unknown ones", 2, { 0x12, 3, 0xff, 2 }, 0x0202, 0 },
	{ "one that is known", 2, { 0x24, 2, 2, 3 }, 0x0202, 0x0302 },
	{ "behind the end", 7, { 2, 2 }, 0x0202, 0 },
};

static void dialect_desc(const struct dialect_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(dialect, dialect_cases, dialect_desc);

static void dialect_choose(struct kunit *test)
{
	const struct dialect_case *c = test->param_value;
	struct dsmb_cursor in = dsmb_cursor(c->list, sizeof(c->list));

	KUNIT_EXPECT_EQ(test, dsmb_dialect_choose(&in, c->count, c->min), c->want);
}

static struct kunit_case smb_negotiate_cases[] = {
	KUNIT_CASE_PARAM(offer_parse, offer_gen_params),
	KUNIT_CASE(offer_truncated),
	KUNIT_CASE(offer_answer),
	KUNIT_CASE_PARAM(dialect_choose, dialect_gen_params),
	{}
};

static struct kunit_suite smb_negotiate_suite = {
	.name = "smb_negotiate",
	.test_cases = smb_negotiate_cases,
};

kunit_test_suite(smb_negotiate_suite);
