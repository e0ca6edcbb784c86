// SPDX-License-Identifier: GPL-2.0-only
/* Compression of messages: smb/compress. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>

#include "../rounds.h"
#include "../../../smb/compress/compress.h"
#include "../../../smb/compress/lz77_huffman.h"
#include "../../../smb/compress/match.h"

#define GUARD		64	/* bytes around what is written */
#define GUARD_BYTE	0xa5
#define LENGTH_MAX	(2 * SZ_64K + 1)

struct compress_param {
	const char *name;
	u16 algorithm;
};

static const struct compress_param compress_params[] = {
	{ "NONE", DSMB_COMPRESS_NONE },
	{ "LZNT1", DSMB_COMPRESS_LZNT1 },
	{ "LZ77", DSMB_COMPRESS_LZ77 },
	{ "LZ77+Huffman", DSMB_COMPRESS_LZ77_HUFFMAN },
	{ "Pattern_V1", DSMB_COMPRESS_PATTERN_V1 },
	{ "LZ4", DSMB_COMPRESS_LZ4 },
};

KUNIT_ARRAY_PARAM_DESC(compress, compress_params, name);

/* Memory of a case: an input, what it is compressed to, and an output between guards. */
struct compress_world {
	u16 algorithm;
	struct rnd_state rnd;
	void *workspace;
	void *decompress_workspace;
	u8 *plain;
	u8 *packed;
	u8 *out;
	size_t room;
};

static void compress_free(void *memory)
{
	kvfree(memory);
}

static void *compress_alloc(struct kunit *test, size_t size)
{
	void *memory = kvmalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, memory);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, compress_free, memory), 0);
	return memory;
}

static void compress_world_init(struct kunit *test, struct compress_world *w, u16 algorithm)
{
	if (!dsmb_compress_has(algorithm))
		kunit_skip(test, "not in this kernel");
	w->algorithm = algorithm;
	prandom_seed_state(&w->rnd, 42);
	w->workspace = compress_alloc(test, dsmb_compress_workspace(algorithm) ?: 1);
	w->decompress_workspace = compress_alloc(test, dsmb_decompress_workspace(algorithm) ?: 1);
	w->room = LENGTH_MAX + LENGTH_MAX / 2;
	w->plain = compress_alloc(test, LENGTH_MAX);
	w->packed = compress_alloc(test, GUARD + w->room + GUARD) + GUARD;
	w->out = compress_alloc(test, GUARD + LENGTH_MAX + 1 + GUARD) + GUARD;
}

static void guard_set(u8 *out, size_t len)
{
	memset(out - GUARD, GUARD_BYTE, GUARD);
	memset(out + len, GUARD_BYTE, GUARD);
}

static bool guard_is_intact(const u8 *out, size_t len)
{
	return !memchr_inv(out - GUARD, GUARD_BYTE, GUARD) &&
	       !memchr_inv(out + len, GUARD_BYTE, GUARD);
}

/* Compress into @room bytes, of which none behind them may be written. */
static ssize_t compress_guarded(struct kunit *test, struct compress_world *w, size_t len,
				size_t room)
{
	ssize_t size;

	guard_set(w->packed, room);
	size = dsmb_compress(w->algorithm, w->plain, len, w->packed, room, w->workspace);
	KUNIT_EXPECT_TRUE(test, guard_is_intact(w->packed, room));
	KUNIT_EXPECT_LE(test, size, (ssize_t)room);
	return size;
}

/*
 * Decompress input that ends where its memory ends, into @len bytes, of which none beside them may
 * be written.
 */
static int decompress_guarded(struct kunit *test, struct compress_world *w, const u8 *in,
			      size_t in_len, size_t len)
{
	u8 *exact = kvmalloc(in_len ?: 1, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, exact);
	memcpy(exact, in, in_len);
	guard_set(w->out, len);
	err = dsmb_decompress(w->algorithm, exact, in_len, w->out, len, w->decompress_workspace);
	kvfree(exact);
	KUNIT_EXPECT_TRUE(test, guard_is_intact(w->out, len));
	KUNIT_EXPECT_TRUE(test, !err || err == -EINVAL);
	return err;
}

enum compress_kind {
	KIND_ZEROS,
	KIND_NOISE,
	KIND_THREE,	/* a pattern of three bytes */
	KIND_TEXT,
	KIND_RUNS,
	KIND_SKEWED,	/* each byte half as frequent as the one before */
	KIND_TWICE,	/* noise, and the same again */
	KIND_NR,
};

static void plain_fill(struct compress_world *w, size_t len, enum compress_kind kind)
{
	static const char *const words[] = {
		"the ", "server ", "shall ", "not ", "reply ", "session", "id", ". ", "lease ",
	};
	const char *word = "";

	for (size_t i = 0; i < len; i++) {
		u32 random = prandom_u32_state(&w->rnd);

		switch (kind) {
		case KIND_ZEROS:
			w->plain[i] = 0;
			break;
		case KIND_THREE:
			w->plain[i] = "abc"[i % 3];
			break;
		case KIND_TEXT:
			if (!*word)
				word = words[random % ARRAY_SIZE(words)];
			w->plain[i] = *word++;
			break;
		case KIND_RUNS:
			w->plain[i] = i && random % 100 ? w->plain[i - 1] : random >> 8;
			break;
		case KIND_SKEWED:
			w->plain[i] = ffs(random);
			break;
		case KIND_TWICE:
			w->plain[i] = i < (len + 1) / 2 ? random : w->plain[i - (len + 1) / 2];
			break;
		default:
			w->plain[i] = random;
		}
	}
}

/* MS-XCA section 3.1 */
static const u8 lz77_alphabet[] = {
	0x3f, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
};

static const u8 lz77_abc[] = {
	0xff, 0xff, 0xff, 0x1f, 'a', 'b', 'c', 0x17, 0x00, 0x0f, 0xff, 0x26, 0x01,
};

/* MS-XCA section 3.2: bytes of the table that are not zero, and the codes */
struct huffman_example {
	struct { u8 at, value; } table[16];
	const u8 *codes;
	size_t codes_len;
};

static const struct huffman_example huffman_alphabet = {
	.table = {
		{ 48, 0x50 }, { 49, 0x55 }, { 50, 0x55 }, { 51, 0x55 }, { 52, 0x55 }, { 53, 0x55 },
		{ 54, 0x55 }, { 55, 0x55 }, { 56, 0x55 }, { 57, 0x55 }, { 58, 0x55 }, { 59, 0x45 },
		{ 60, 0x44 }, { 61, 0x04 }, { 128, 0x04 },
	},
	.codes = "\xd8\x52\x3e\xd7\x94\x11\x5b\xe9\x19\x5f\xf9\xd6\x7c\xdf\x8d\x04\0\0\0\0",
	.codes_len = 20,
};

static const struct huffman_example huffman_abc = {
	.table = { { 48, 0x30 }, { 49, 0x23 }, { 128, 0x02 }, { 143, 0x20 } },
	.codes = "\xa8\xdc\x00\x00\xff\x26\x01",
	.codes_len = 7,
};

/* "ab", of four codes of 2 bits */
static const struct huffman_example huffman_four_codes = {
	.table = { { 48, 0x20 }, { 49, 0x22 }, { 128, 0x02 } },
	.codes = "\x00\x1c\x00\x00",
	.codes_len = 4,
};

/* Windows ends a block with a whole match: 64 KiB of zeros and one more. */
static const struct huffman_example huffman_long_block = {
	.table = { { 0, 0x02 }, { 128, 0x02 }, { 135, 0x10 } },
	.codes = "\x00\x98\x00\x00\xff\xfd\xff",
	.codes_len = 7,
};

/* The same with a length of 32 bits */
static const struct huffman_example huffman_longer_block = {
	.table = { { 0, 0x02 }, { 128, 0x02 }, { 135, 0x10 } },
	.codes = "\x00\x98\x00\x00\xff\x00\x00\xfd\xff\x01\x00",
	.codes_len = 11,
};

/* MS-XCA section 3.3 */
static const u8 lznt1_packed[] =
	"\x38\xb0\x88\x46\x23\x20\x00\x20\x47\x20\x41\x00\x10\xa2\x47\x01"
	"\xa0\x45\x20\x44\x00\x08\x45\x01\x50\x79\x00\xc0\x45\x20\x05\x24"
	"\x13\x88\x05\xb4\x02\x4a\x44\xef\x03\x58\x02\x8c\x09\x16\x01\x48"
	"\x45\x00\xbe\x00\x9e\x00\x04\x01\x18\x90";	/* and the terminating zero */

/* The words of the text there, of which each but the last has a space behind it */
static const char *const lznt1_words[] = {
	"F#", "F#", "G", "A", "A", "G", "F#", "E", "D", "D", "E", "F#", "F#", "E", "E", "F#", "F#",
	"G", "A", "A", "G", "F#", "E", "D", "D", "E", "F#", "E", "D", "D", "E", "E", "F#", "D", "E",
	"F#", "G", "F#", "D", "E", "F#", "G", "F#", "E", "D", "E", "A", "F#", "F#", "G", "A", "A",
	"G", "F#", "E", "D", "D", "E", "F#", "E", "D", "D",
};

#define LZNT1_PLAIN	142	/* with a terminating zero */

static size_t huffman_example_make(struct compress_world *w, const struct huffman_example *example)
{
	memset(w->packed, 0, DSMB_HUFFMAN_TABLE);
	for (u32 i = 0; i < ARRAY_SIZE(example->table) && example->table[i].value; i++)
		w->packed[example->table[i].at] = example->table[i].value;
	memcpy(w->packed + DSMB_HUFFMAN_TABLE, example->codes, example->codes_len);
	return DSMB_HUFFMAN_TABLE + example->codes_len;
}

/* What is in @w->packed makes the first @len bytes of @w->plain, and no byte more or less. */
static void example_check(struct kunit *test, struct compress_world *w, size_t packed_len,
			  size_t len)
{
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, w, w->packed, packed_len, len), 0);
	KUNIT_EXPECT_EQ(test, memcmp(w->out, w->plain, len), 0);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, w, w->packed, packed_len, len - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, w, w->packed, packed_len, len + 1), -EINVAL);
	for (size_t cut = 0; cut < packed_len; cut++)
		KUNIT_EXPECT_EQ(test, decompress_guarded(test, w, w->packed, cut, len), -EINVAL);
}

static void smb_compress_example_test(struct kunit *test)
{
	struct compress_world w;
	size_t len;

	compress_world_init(test, &w, DSMB_COMPRESS_LZ77);
	memcpy(w.plain, lz77_alphabet + 4, 26);
	memcpy(w.packed, lz77_alphabet, sizeof(lz77_alphabet));
	example_check(test, &w, sizeof(lz77_alphabet), 26);

	w.algorithm = DSMB_COMPRESS_LZ77_HUFFMAN;
	w.decompress_workspace = compress_alloc(test, dsmb_decompress_workspace(w.algorithm));
	len = huffman_example_make(&w, &huffman_alphabet);
	example_check(test, &w, len, 26);

	plain_fill(&w, 300, KIND_THREE);
	len = huffman_example_make(&w, &huffman_abc);
	example_check(test, &w, len, 300);

	plain_fill(&w, 2 * SZ_64K + 1, KIND_ZEROS);
	len = huffman_example_make(&w, &huffman_long_block);
	example_check(test, &w, len, SZ_64K + 1);
	len = huffman_example_make(&w, &huffman_longer_block);
	example_check(test, &w, len, 2 * SZ_64K + 1);

	w.algorithm = DSMB_COMPRESS_LZ77;
	plain_fill(&w, 300, KIND_THREE);
	memcpy(w.packed, lz77_abc, sizeof(lz77_abc));
	example_check(test, &w, sizeof(lz77_abc), 300);

	w.algorithm = DSMB_COMPRESS_LZNT1;
	len = 0;
	for (u32 i = 0; i < ARRAY_SIZE(lznt1_words); i++)
		len += scnprintf(w.plain + len, LZNT1_PLAIN - len, "%s%s", i ? " " : "",
				 lznt1_words[i]);
	KUNIT_EXPECT_EQ(test, len, LZNT1_PLAIN - 1);
	memcpy(w.packed, lznt1_packed, sizeof(lznt1_packed));
	example_check(test, &w, sizeof(lznt1_packed), LZNT1_PLAIN);
	/* End_of_buffer may follow (section 2.5.1.2), and nothing behind it. */
	memset(w.packed + sizeof(lznt1_packed), 0, 3);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, sizeof(lznt1_packed) + 2,
						 LZNT1_PLAIN), 0);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, sizeof(lznt1_packed) + 3,
						 LZNT1_PLAIN), -EINVAL);
}

static void smb_compress_round_trip_test(struct kunit *test)
{
	static const u32 lengths[] = {
		0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 300,
		SZ_4K - 1, SZ_4K, SZ_4K + 1, SZ_8K - 1, SZ_8K, SZ_8K + 1, 20000, SZ_64K - 1, SZ_64K,
		SZ_64K + 1, SZ_64K + 3, 2 * SZ_64K - 1, 2 * SZ_64K, 2 * SZ_64K + 1,
	};
	const struct compress_param *param = test->param_value;
	struct compress_world w;

	compress_world_init(test, &w, param->algorithm);
	for (enum compress_kind kind = 0; kind < KIND_NR; kind++) {
		for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
			size_t len = lengths[i];
			ssize_t size;

			plain_fill(&w, len, kind);
			size = compress_guarded(test, &w, len, w.room);
			if (param->algorithm == DSMB_COMPRESS_PATTERN_V1 &&
			    (!len || memchr_inv(w.plain, w.plain[0], len))) {
				KUNIT_EXPECT_EQ(test, size, -ENOSPC);
				continue;
			}
			KUNIT_ASSERT_GE(test, size, 0);
			KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, size, len), 0);
			KUNIT_EXPECT_EQ(test, memcmp(w.out, w.plain, len), 0);
			if (len)
				KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, size,
									 len - 1), -EINVAL);
			/* It fits exactly. The library of LZ4 is more careful. */
			if (param->algorithm != DSMB_COMPRESS_LZ4)
				KUNIT_EXPECT_EQ(test, compress_guarded(test, &w, len, size), size);
		}
	}
}

/* What is compressed is smaller, and what cannot be is found out. */
static void smb_compress_room_test(struct kunit *test)
{
	const struct compress_param *param = test->param_value;
	const size_t len = 3000;
	struct compress_world w;
	ssize_t size;

	compress_world_init(test, &w, param->algorithm);
	plain_fill(&w, len, KIND_NOISE);
	if (param->algorithm != DSMB_COMPRESS_NONE)
		KUNIT_EXPECT_EQ(test, compress_guarded(test, &w, len, len), -ENOSPC);

	plain_fill(&w, len, param->algorithm == DSMB_COMPRESS_PATTERN_V1 ? KIND_ZEROS : KIND_TEXT);
	size = compress_guarded(test, &w, len, w.room);
	KUNIT_ASSERT_GT(test, size, 0);
	if (param->algorithm != DSMB_COMPRESS_NONE)
		KUNIT_EXPECT_LT(test, size, (ssize_t)len * 2 / 3);
	for (ssize_t room = 0; room < size; room++)
		KUNIT_EXPECT_EQ(test, compress_guarded(test, &w, len, room), -ENOSPC);
}

static void smb_compress_truncated_test(struct kunit *test)
{
	static const size_t lengths[] = { 600, SZ_4K + 600 };
	const struct compress_param *param = test->param_value;
	struct compress_world w;

	compress_world_init(test, &w, param->algorithm);
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t len = lengths[i];
		ssize_t size;

		plain_fill(&w, len, param->algorithm == DSMB_COMPRESS_PATTERN_V1 ? KIND_ZEROS :
			   KIND_TEXT);
		size = compress_guarded(test, &w, len, w.room);
		KUNIT_ASSERT_GT(test, size, 0);
		/* Flags of LZ77 behind all data say nothing. */
		for (ssize_t cut = 0; cut < size; cut++) {
			int err = decompress_guarded(test, &w, w.packed, cut, len);

			if (size - cut > 4)
				KUNIT_EXPECT_EQ(test, err, -EINVAL);
			else
				KUNIT_EXPECT_TRUE(test, err || !memcmp(w.out, w.plain, len));
		}
	}
}

/* Hostile input: some bytes of what was compressed are different, or all of them. */
static void smb_compress_hostile_test(struct kunit *test)
{
	static const enum compress_kind kinds[] = { KIND_TEXT, KIND_RUNS, KIND_SKEWED };
	const struct compress_param *param = test->param_value;
	const size_t len = 2000;
	struct compress_world w;
	u8 *mutated;

	compress_world_init(test, &w, param->algorithm);
	mutated = compress_alloc(test, w.room);
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		u32 rounds = ditto_test_rounds(10000);
		size_t size;

		plain_fill(&w, len, param->algorithm == DSMB_COMPRESS_PATTERN_V1 ? KIND_ZEROS :
			   kinds[i]);
		size = compress_guarded(test, &w, len, w.room);
		KUNIT_ASSERT_GT(test, (ssize_t)size, 0);
		while (rounds--) {
			u32 changes = 1 + prandom_u32_state(&w.rnd) % 4;
			size_t room = len;

			memcpy(mutated, w.packed, size);
			while (changes--)
				mutated[prandom_u32_state(&w.rnd) % size] =
					prandom_u32_state(&w.rnd);
			if (rounds % 4 == 0)
				room = prandom_u32_state(&w.rnd) % (2 * len);
			decompress_guarded(test, &w, mutated, size, room);

			/* Noise behind the first bytes of something sound */
			for (size_t at = rounds % size; at < size; at++)
				mutated[at] = prandom_u32_state(&w.rnd);
			decompress_guarded(test, &w, mutated, size, room);
			if (test->status == KUNIT_FAILURE)
				return;
		}
	}
}

/* A match is copied as if byte by byte at any distance, and nothing behind the end is written. */
static void smb_compress_match_copy_test(struct kunit *test)
{
	u8 expected[80], got[80];

	for (u32 distance = 1; distance <= 17; distance++) {
		for (u32 length = 1; length <= 40; length++) {
			for (u32 behind = 0; behind <= 9; behind++) {
				u32 stop = distance + length, end = stop + behind;

				for (u32 i = 0; i < sizeof(got); i++)
					got[i] = i < distance ? i + 1 : GUARD_BYTE;
				memcpy(expected, got, sizeof(got));
				for (u32 i = distance; i < stop; i++)
					expected[i] = expected[i - distance];
				dsmb_match_copy(got + distance, distance, length, got + end);
				KUNIT_EXPECT_MEMEQ(test, got, expected, stop);
				KUNIT_EXPECT_MEMEQ(test, got + end, expected + end,
						   sizeof(got) - end);
			}
		}
	}
}

/* A few bytes make many, but never more than there is room for. */
static void smb_compress_bomb_test(struct kunit *test)
{
	struct compress_world w;
	u8 *bomb;

	compress_world_init(test, &w, DSMB_COMPRESS_LZ77);
	bomb = w.packed;
	/* 'a', and a match in every form, with a length of 32 bits */
	memcpy(bomb, "\xff\xff\xff\x7f\x61\x07\x00\x0f\xff\x00\x00", 11);
	put_unaligned_le32(SZ_64K - 4, bomb + 11);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, SZ_64K), 0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(w.out, 'a', SZ_64K), NULL);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, SZ_64K - 1), -EINVAL);
	put_unaligned_le32(U32_MAX, bomb + 11);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, SZ_64K), -EINVAL);
	put_unaligned_le32(U32_MAX - 2, bomb + 11);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, 1), -EINVAL);
	/* A long form of a short length */
	put_unaligned_le32(21, bomb + 11);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, 25), -EINVAL);
	put_unaligned_le32(22, bomb + 11);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 15, 26), 0);
	/* A match before the first byte */
	memcpy(bomb, "\xff\xff\xff\x7f\x61\x08\x00", 7);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 7, 4), -EINVAL);

	w.algorithm = DSMB_COMPRESS_LZNT1;
	/* A chunk makes 4096 bytes, of the first of which there is a match of 4095, and no more. */
	memcpy(bomb, "\x03\xb0\x02\x61\xfc\x0f", 6);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 6, SZ_4K), 0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(w.out, 'a', SZ_4K), NULL);
	bomb[4]++;
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 6, SZ_4K + 1), -EINVAL);
	/* A match reaches no chunk before. */
	memcpy(bomb, "\x00\x30\x61\x02\xb0\x01\x00\x00", 8);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 8, 4), -EINVAL);
	/* Another signature than 3 */
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 3, 1), 0);
	bomb[1] = 0x20;
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 3, 1), -EINVAL);

	w.algorithm = DSMB_COMPRESS_PATTERN_V1;
	memcpy(bomb, "a\1\1\1\xff\xff\xff\xff", 8);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 8, SZ_64K), -EINVAL);
	/* Reserved fields are ignored. */
	put_unaligned_le32(SZ_64K, bomb + 4);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 8, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 7, SZ_64K), -EINVAL);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, bomb, 9, SZ_64K), -EINVAL);
}

/* Codes that are ambiguous or incomplete (MS-XCA section 2.2.4) */
static void smb_compress_bad_code_test(struct kunit *test)
{
	struct compress_world w;
	size_t len;

	compress_world_init(test, &w, DSMB_COMPRESS_LZ77_HUFFMAN);
	len = huffman_example_make(&w, &huffman_alphabet);
	for (u32 i = 0; i < DSMB_HUFFMAN_TABLE; i++) {
		u8 was = w.packed[i];

		for (u32 change = 1; change <= 0x10; change <<= 1) {
			w.packed[i] = was ^ change;
			KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 26),
					-EINVAL);
		}
		w.packed[i] = was;
	}
	/* With all four codes, and with three and five, although the data uses but three. */
	len = huffman_example_make(&w, &huffman_four_codes);
	memcpy(w.plain, "ab", 2);
	example_check(test, &w, len, 2);
	w.packed[49] = 0x02;
	w.packed[128] = 0x02;
	put_unaligned_le16(0x1800, w.packed + DSMB_HUFFMAN_TABLE);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 2), -EINVAL);
	w.packed[49] = 0x22;
	w.packed[128] = 0x22;
	put_unaligned_le16(0x1c00, w.packed + DSMB_HUFFMAN_TABLE);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 2), -EINVAL);

	memset(w.packed, 0, DSMB_HUFFMAN_TABLE);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 26), -EINVAL);
	memset(w.packed, 0x11, DSMB_HUFFMAN_TABLE);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 26), -EINVAL);
	memset(w.packed, 0xff, DSMB_HUFFMAN_TABLE);
	KUNIT_EXPECT_EQ(test, decompress_guarded(test, &w, w.packed, len, 26), -EINVAL);
}

/* The frequencies that make the longest codes stay within the limit, and no code is left over. */
static void smb_compress_code_limit_test(struct kunit *test)
{
	struct dsmb_huffman_code *code = compress_alloc(test, sizeof(*code));
	u32 *counts = compress_alloc(test, DSMB_HUFFMAN_SYMBOLS * sizeof(*counts));

	for (u32 used = 2; used <= 30; used++) {
		u32 taken = 0, before = 0, count = 1;

		memset(counts, 0, DSMB_HUFFMAN_SYMBOLS * sizeof(*counts));
		for (u32 i = 0; i < used; i++) {
			counts[17 * i] = count;
			count += before;
			before = counts[17 * i];
		}
		dsmb_huffman_code_make(code, counts);
		for (u32 i = 0; i < DSMB_HUFFMAN_SYMBOLS; i++) {
			KUNIT_EXPECT_EQ(test, !counts[i], !code->lengths[i]);
			KUNIT_EXPECT_LE(test, code->lengths[i], DSMB_HUFFMAN_CODE_BITS);
			if (code->lengths[i])
				taken += 1 << (DSMB_HUFFMAN_CODE_BITS - code->lengths[i]);
		}
		KUNIT_EXPECT_EQ(test, taken, 1 << DSMB_HUFFMAN_CODE_BITS);
		/* A symbol that is more frequent has no longer code. */
		for (u32 i = 1; i < used; i++)
			KUNIT_EXPECT_LE(test, code->lengths[17 * i], code->lengths[17 * (i - 1)]);
	}
}

static void smb_compress_pattern_scan_test(struct kunit *test)
{
	struct dsmb_pattern_runs runs;
	u8 *data = compress_alloc(test, SZ_4K);

	memset(data, 0, SZ_4K);
	for (size_t len = 0; len < 200; len++) {
		runs = dsmb_pattern_scan(data, len);
		KUNIT_EXPECT_EQ(test, runs.front, len < DSMB_PATTERN_MIN ? 0 : len);
		KUNIT_EXPECT_EQ(test, runs.back, 0);
	}
	for (size_t at = 0; at < SZ_4K; at++) {
		data[at] = 1;
		runs = dsmb_pattern_scan(data, SZ_4K);
		KUNIT_EXPECT_EQ(test, runs.front, at < DSMB_PATTERN_MIN ? 0 : at);
		KUNIT_EXPECT_EQ(test, runs.back, SZ_4K - 1 - at < DSMB_PATTERN_MIN ? 0 :
				SZ_4K - 1 - at);
		data[at] = 0;
	}
}

static void smb_compress_unknown_test(struct kunit *test)
{
	static const u16 unknown[] = { 6, 7, 0xff, 0xffff };
	u8 in[8] = {}, out[8];

	for (u32 i = 0; i < ARRAY_SIZE(unknown); i++) {
		KUNIT_EXPECT_FALSE(test, dsmb_compress_has(unknown[i]));
		KUNIT_EXPECT_EQ(test, dsmb_compress_workspace(unknown[i]), 0);
		KUNIT_EXPECT_EQ(test, dsmb_decompress_workspace(unknown[i]), 0);
		KUNIT_EXPECT_EQ(test, dsmb_compress(unknown[i], in, 8, out, 8, NULL), -EINVAL);
		KUNIT_EXPECT_EQ(test, dsmb_decompress(unknown[i], in, 8, out, 8, NULL), -EINVAL);
	}
	/* Longer than any message */
	KUNIT_EXPECT_EQ(test, dsmb_compress(DSMB_COMPRESS_LZ77, in, SZ_2G, out, 8, NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, dsmb_decompress(DSMB_COMPRESS_LZ77, in, 8, out, SZ_2G, NULL),
			-EINVAL);
}

static struct kunit_case smb_compress_tests[] = {
	KUNIT_CASE(smb_compress_example_test),
	KUNIT_CASE_PARAM(smb_compress_round_trip_test, compress_gen_params),
	KUNIT_CASE_PARAM(smb_compress_room_test, compress_gen_params),
	KUNIT_CASE_PARAM(smb_compress_truncated_test, compress_gen_params),
	KUNIT_CASE_PARAM(smb_compress_hostile_test, compress_gen_params),
	KUNIT_CASE(smb_compress_match_copy_test),
	KUNIT_CASE(smb_compress_bomb_test),
	KUNIT_CASE(smb_compress_bad_code_test),
	KUNIT_CASE(smb_compress_code_limit_test),
	KUNIT_CASE(smb_compress_pattern_scan_test),
	KUNIT_CASE(smb_compress_unknown_test),
	{}
};

static struct kunit_suite smb_compress_suite = {
	.name = "ditto_smb_compress",
	.test_cases = smb_compress_tests,
};

kunit_test_suite(smb_compress_suite);
