// SPDX-License-Identifier: GPL-2.0-only
/* The form of compressed SMB messages. Input ends where its memory ends, and output at a guard. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../smb/compress/compress.h"
#include "../../../smb/transport/compressed.h"

#define HEAD	80
#define ROOM	SZ_1M
#define SEGMENT_MAX	(DSMB_IO_MAX + 272)
#define GUARD	16

struct made_case {
	const char *name;
	struct dsmb_compression with;
};

static const struct made_case made_cases[] = {
	{ "LZNT1", { { DSMB_COMPRESS_LZNT1 }, 1 } },
	{ "LZ77", { { DSMB_COMPRESS_LZ77 }, 1 } },
	{ "LZ77 with Huffman", { { DSMB_COMPRESS_LZ77_HUFFMAN }, 1 } },
	{ "LZ4", { { DSMB_COMPRESS_LZ4 }, 1 } },
	{ "the first but Pattern_V1", { { DSMB_COMPRESS_PATTERN_V1, DSMB_COMPRESS_LZNT1,
					 DSMB_COMPRESS_LZ77 }, 3 } },
	{ "a chain", { { DSMB_COMPRESS_LZ77 }, 1, true } },
	{ "a chain with runs", { { DSMB_COMPRESS_LZ77, DSMB_COMPRESS_PATTERN_V1 }, 2, true } },
	{ "a chain of runs", { { DSMB_COMPRESS_PATTERN_V1 }, 1, true } },
};

static void made_desc(const struct made_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(made, made_cases, made_desc);

/* A message of @len bytes: a header, and if it is long runs of bytes around text. */
static u8 *message_new(struct kunit *test, u32 len)
{
	u8 *message = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, message);
	for (u32 i = 0; i < len; i++)
		message[i] = i < len / 4 ? 0 : i < len / 2 ? "text "[i % 5] : 'z';
	for (u32 i = 0; i < min_t(u32, len, HEAD); i++)
		message[i] = i * 7;
	return message;
}

/* Expands a copy of a message, if it can be; returns the result or NULL. */
static u8 *message_expanded(struct kunit *test, const struct dsmb_compression *with,
			    const u8 *data, u32 len, u32 *size)
{
	u8 *in = kmemdup(data, max(len, 1u), GFP_KERNEL), *out = NULL;
	int err;

	*size = dsmb_compressed_measure(with, in, len, ROOM);
	if (in && *size)
		out = kmalloc(*size + GUARD, GFP_KERNEL);
	if (out) {
		memset(out + *size, GUARD, GUARD);
		err = dsmb_compressed_expand(with, in, len, out, *size);
		KUNIT_EXPECT_LE(test, *size, ROOM);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(out + *size, GUARD, GUARD), NULL);
		if (err) {
			kfree(out);
			out = NULL;
		}
	}
	kfree(in);
	return out;
}

static void made_and_expanded(struct kunit *test)
{
	static const u32 lengths[] = { HEAD + 1, HEAD + 200, 1000, 4096, 20000, 200000 };
	const struct made_case *c = test->param_value;
	int compressed = 0;

	if (!dsmb_compress_has(c->with.ids[0]))
		kunit_skip(test, "the kernel has no such algorithm");
	for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
		u8 *message = message_new(test, lengths[i]);
		u8 *out = kunit_kmalloc(test, lengths[i], GFP_KERNEL), *back;
		u32 len, size;

		KUNIT_ASSERT_NOT_NULL(test, out);
		len = dsmb_compressed_make(&c->with, message, lengths[i], HEAD, out);
		KUNIT_EXPECT_LT(test, len, lengths[i]);
		if (!len)
			continue;
		compressed++;
		back = message_expanded(test, &c->with, out, len, &size);
		KUNIT_ASSERT_NOT_NULL(test, back);
		KUNIT_EXPECT_EQ(test, size, lengths[i]);
		KUNIT_EXPECT_MEMEQ(test, back, message, lengths[i]);
		kfree(back);
	}
	KUNIT_EXPECT_GE(test, compressed, 4);
	KUNIT_EXPECT_EQ(test, 0, dsmb_compressed_make(&c->with, "x", 1, HEAD, NULL));
}

static void buffer_free(void *buffer)
{
	kvfree(buffer);
}

/* Nothing is made that no receiver expands (MS-SMB2 section 3.3.5.2.1.2). */
static void made_of_longest(struct kunit *test)
{
	const struct made_case *c = test->param_value;
	u32 most = SEGMENT_MAX + (c->with.chained ? 0 : HEAD);
	u8 *message = kvzalloc(most + 1, GFP_KERNEL), *out = kvmalloc(most + 1, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, buffer_free, message), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, buffer_free, out), 0);
	KUNIT_ASSERT_NOT_NULL(test, message);
	KUNIT_ASSERT_NOT_NULL(test, out);
	if (!dsmb_compress_has(c->with.ids[0]))
		kunit_skip(test, "the kernel has no such algorithm");
	KUNIT_EXPECT_GT(test, dsmb_compressed_make(&c->with, message, most, HEAD, out), 0);
	KUNIT_EXPECT_EQ(test, dsmb_compressed_make(&c->with, message, most + 1, HEAD, out), 0);
}

/* Long data whose beginning becomes no shorter are not compressed. */
static void made_of_noise(struct kunit *test)
{
	static const struct dsmb_compression with = { { DSMB_COMPRESS_LZ77 }, 1 };
	u32 len = HEAD + SZ_256K;
	u8 *message = kvzalloc(len, GFP_KERNEL), *out = kvmalloc(len, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, buffer_free, message), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, buffer_free, out), 0);
	KUNIT_ASSERT_NOT_NULL(test, message);
	KUNIT_ASSERT_NOT_NULL(test, out);
	get_random_bytes(message + HEAD, SZ_16K);
	KUNIT_EXPECT_EQ(test, dsmb_compressed_make(&with, message, len, HEAD, out), 0);
	get_random_bytes(message, len);
	memset(message + HEAD, 0, SZ_32K);
	KUNIT_EXPECT_GT(test, dsmb_compressed_make(&with, message, len, HEAD, out), 0);
}

/* A message that was cut is refused; one with other bytes is read and written inside its bounds. */
static void made_and_spoiled(struct kunit *test)
{
	const struct made_case *c = test->param_value;
	u8 *message = message_new(test, 2000), *out = kunit_kmalloc(test, 2000, GFP_KERNEL), *back;
	u32 len, size;

	if (!dsmb_compress_has(c->with.ids[0]))
		kunit_skip(test, "the kernel has no such algorithm");
	KUNIT_ASSERT_NOT_NULL(test, out);
	len = dsmb_compressed_make(&c->with, message, 2000, HEAD, out);
	KUNIT_ASSERT_NE(test, len, 0);
	for (u32 cut = 0; cut < len; cut++) {
		back = message_expanded(test, &c->with, out, cut, &size);
		KUNIT_EXPECT_NULL(test, back);
		kfree(back);
	}
	for (u32 at = 4; at < len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			out[at] ^= BIT(bit);
			kfree(message_expanded(test, &c->with, out, len, &size));
			out[at] ^= BIT(bit);
		}
	}
}

struct header_case {
	const char *name;
	struct dsmb_compression with;
	u32 size;
	u16 algorithm;
	u16 flags;
	u32 offset;
	u32 want;
};

#define LZ77_ONLY	{ { DSMB_COMPRESS_LZ77 }, 1 }
#define CHAINS		{ { DSMB_COMPRESS_LZ77, DSMB_COMPRESS_PATTERN_V1 }, 2, true }

static const struct header_case header_cases[] = {
	{ "whole", LZ77_ONLY, 4096, 2, 0, 0, 4096 },
	{ "with a beginning", LZ77_ONLY, 4096, 2, 0, 84, 4180 },
	{ "the longest", LZ77_ONLY, DSMB_IO_MAX + 272, 2, 0, 0, DSMB_IO_MAX + 272 },
	{ "a longer one", LZ77_ONLY, DSMB_IO_MAX + 273, 2, 0, 0, 0 },
	{ "more than is allowed", LZ77_ONLY, DSMB_IO_MAX + 272, 2, 0, 84, 0 },
	{ "nothing", LZ77_ONLY, 0, 2, 0, 84, 0 },
	{ "less than a header", LZ77_ONLY, 63, 2, 0, 0, 0 },
	{ "all that fits", LZ77_ONLY, U32_MAX, 2, 0, 0, 0 },
	{ "a sum that wraps", LZ77_ONLY, U32_MAX - 15, 2, 0, 84, 0 },
	{ "a beginning that is longer", LZ77_ONLY, 4096, 2, 0, 85, 0 },
	{ "a beginning of all that fits", LZ77_ONLY, 4096, 2, 0, U32_MAX, 0 },
	{ "another algorithm", LZ77_ONLY, 4096, 1, 0, 0, 0 },
	{ "no algorithm", LZ77_ONLY, 4096, 0, 0, 0, 0 },
	{ "an unknown algorithm", LZ77_ONLY, 4096, 0xffff, 0, 0, 0 },
	{ "Pattern_V1 without a chain", CHAINS, 4096, 4, 0, 0, 0 },
	{ "a chain", CHAINS, 4096, 0, 1, U32_MAX, 4096 },
	{ "an unchained one", CHAINS, 4096, 2, 0, 0, 4096 },
	{ "a chain that was not negotiated", LZ77_ONLY, 4096, 2, 1, 0, 0 },
	{ "unknown flags", CHAINS, 4096, 2, 2, 0, 0 },
	{ "more flags", CHAINS, 4096, 2, 3, 0, 0 },
};

static void header_desc(const struct header_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(header, header_cases, header_desc);

static void header_measured(struct kunit *test)
{
	const struct header_case *c = test->param_value;
	u8 message[100] = { };

	put_unaligned_le32(DSMB_COMPRESSED_ID, message);
	put_unaligned_le32(c->size, message + 4);
	put_unaligned_le16(c->algorithm, message + 8);
	put_unaligned_le16(c->flags, message + 10);
	put_unaligned_le32(c->offset, message + 12);
	KUNIT_EXPECT_EQ(test, dsmb_compressed_measure(&c->with, message, sizeof(message),
						      DSMB_IO_MAX + 300), c->want);
	for (u32 len = 0; len < 16; len++)
		KUNIT_EXPECT_EQ(test, dsmb_compressed_measure(&c->with, message, len, ROOM), 0);
}

/* The header of the first request is found where it lies as it is, and all of it was received. */
static void header_found(struct kunit *test)
{
	static const struct {
		u16 algorithm;
		u16 flags;
		u32 bytes;
		bool found;
	} cases[] = {
		{ DSMB_COMPRESS_LZ77, 0, 64, true },
		{ DSMB_COMPRESS_LZ77, 0, 63, false },
		{ DSMB_COMPRESS_LZ77, 0, 0, false },
		{ DSMB_COMPRESS_LZ77, 0, U32_MAX, true },
		{ DSMB_COMPRESS_NONE, 1, 64, true },
		{ DSMB_COMPRESS_NONE, 1, 63, false },
		{ DSMB_COMPRESS_LZ77, 1, 64, false },
		{ DSMB_COMPRESS_PATTERN_V1, 1, 64, false },
	};
	u8 message[80] = { };

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		const void *header = NULL;

		if (cases[i].found)
			header = message + 16;
		put_unaligned_le16(cases[i].algorithm, message + 8);
		put_unaligned_le16(cases[i].flags, message + 10);
		put_unaligned_le32(cases[i].bytes, message + 12);
		KUNIT_EXPECT_PTR_EQ(test, header,
				    (const void *)dsmb_compressed_header(message, sizeof(message)));
		KUNIT_EXPECT_NULL(test, dsmb_compressed_header(message, sizeof(message) - 1));
	}
}

static struct kunit_case smb_compressed_cases[] = {
	KUNIT_CASE_PARAM(made_and_expanded, made_gen_params),
	KUNIT_CASE_PARAM(made_and_spoiled, made_gen_params),
	KUNIT_CASE_PARAM(made_of_longest, made_gen_params),
	KUNIT_CASE(made_of_noise),
	KUNIT_CASE_PARAM(header_measured, header_gen_params),
	KUNIT_CASE(header_found),
	{}
};

static struct kunit_suite smb_compressed_suite = {
	.name = "smb_compressed",
	.test_cases = smb_compressed_cases,
};

kunit_test_suite(smb_compressed_suite);
