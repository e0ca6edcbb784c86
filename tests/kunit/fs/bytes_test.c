// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of names by words. The strings lie in memory that ends where they end, so that KASAN sees
 * what is read or written behind them, and begin at any offset from a word.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../fs/op/bytes.h"

/* Three words, so that each length up to there has its bytes in any part of a word. */
#define BYTES_MOST	24
#define BYTES_OFFSETS	sizeof(u64)
#define BYTES_GUARD	16

/* Get a string of @len bytes that begins @offset bytes behind a word, the last of its memory. */
static u8 *bytes_alloc(struct kunit *test, size_t offset, size_t len)
{
	u8 *mem = kunit_kmalloc(test, offset + len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	return mem + offset;
}

static void bytes_free(struct kunit *test, u8 *bytes, size_t offset)
{
	kunit_kfree(test, bytes - offset);
}

/* No two bytes are the same, and none is a slash, 0 or what is around copies. */
static void bytes_fill(u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = 'A' + i;
}

/* Strings that differ in a single bit, of whichever byte, are not the same. */
static void bytes_compare(struct kunit *test, size_t offset, size_t len)
{
	u8 *a = bytes_alloc(test, offset, len), *b = bytes_alloc(test, 0, len);

	bytes_fill(a, len);
	bytes_fill(b, len);
	KUNIT_ASSERT_TRUE_MSG(test, ditto_bytes_same(a, b, len), "%zu bytes", len);
	KUNIT_ASSERT_TRUE_MSG(test, ditto_bytes_same(b, a, len), "%zu bytes", len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		b[bit / 8] ^= 1 << bit % 8;
		KUNIT_ASSERT_FALSE_MSG(test, ditto_bytes_same(a, b, len),
				       "bit %zu of %zu bytes", bit, len);
		KUNIT_ASSERT_FALSE_MSG(test, ditto_bytes_same(b, a, len),
				       "bit %zu of %zu bytes", bit, len);
		b[bit / 8] ^= 1 << bit % 8;
	}
	bytes_free(test, b, 0);
	bytes_free(test, a, offset);
}

static void bytes_same(struct kunit *test)
{
	for (size_t len = 0; len <= BYTES_MOST; len++)
		for (size_t offset = 0; offset < BYTES_OFFSETS; offset++)
			bytes_compare(test, offset, len);
}

/* The difference of one word is not undone by that of another. */
static void bytes_same_of_words(struct kunit *test)
{
	static const struct {
		const char *a;
		const char *b;
	} pairs[] = {
		{ "XbcdefghXbcdefgh", "YbcdefghYbcdefgh" },
		{ "XbcdefghXbcdefgh", "YbcdefghXbcdefgh" },
		{ "XbcdefghXbcdefgh", "XbcdefghYbcdefgh" },
		{ "abcdefgXhijklmnop", "abcdefgYhijklmnop" },
		{ "abcdefghXijklmnop", "abcdefghYijklmnop" },
		{ "Xbcdefghi", "Ybcdefghi" },
		{ "abcdefghX", "abcdefghY" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		size_t len = strlen(pairs[i].a);

		KUNIT_ASSERT_EQ(test, strlen(pairs[i].b), len);
		KUNIT_ASSERT_TRUE(test, ditto_bytes_same(pairs[i].a, pairs[i].a, len));
		KUNIT_ASSERT_FALSE_MSG(test, ditto_bytes_same(pairs[i].a, pairs[i].b, len),
				       "%s", pairs[i].b);
	}
}

static void bytes_copy_one(struct kunit *test, size_t offset, size_t len)
{
	u8 *from = bytes_alloc(test, offset, len), *to = bytes_alloc(test, 0, len);
	u8 around[BYTES_GUARD + BYTES_MOST + BYTES_GUARD];

	bytes_fill(from, len);
	memset(to, 0xee, len);
	ditto_bytes_copy(to, from, len);
	KUNIT_ASSERT_EQ_MSG(test, memcmp(to, from, len), 0, "%zu bytes", len);

	/* Where KASAN is not there to see it, and in front of the string. */
	memset(around, 0xee, sizeof(around));
	ditto_bytes_copy(around + BYTES_GUARD, from, len);
	KUNIT_ASSERT_EQ_MSG(test, memcmp(around + BYTES_GUARD, from, len), 0, "%zu bytes", len);
	KUNIT_ASSERT_NULL(test, memchr_inv(around, 0xee, BYTES_GUARD));
	KUNIT_ASSERT_NULL(test, memchr_inv(around + BYTES_GUARD + len, 0xee,
					   sizeof(around) - BYTES_GUARD - len));

	memset(around, 0xee, sizeof(around));
	ditto_bytes_copy(around + offset, to, len);
	KUNIT_ASSERT_EQ_MSG(test, memcmp(around + offset, from, len), 0, "%zu bytes", len);
	KUNIT_ASSERT_NULL(test, memchr_inv(around, 0xee, offset));
	KUNIT_ASSERT_NULL(test, memchr_inv(around + offset + len, 0xee,
					   sizeof(around) - offset - len));
	bytes_free(test, to, 0);
	bytes_free(test, from, offset);
}

static void bytes_copy(struct kunit *test)
{
	for (size_t len = 0; len <= BYTES_MOST; len++)
		for (size_t offset = 0; offset < BYTES_OFFSETS; offset++)
			bytes_copy_one(test, offset, len);
}

static bool bytes_are_clean(const u8 *name, size_t len)
{
	return ditto_name_is_clean((const char *)name, len);
}

/* A slash and a 0 are found in each place, among bytes that are similar. */
static void bytes_search(struct kunit *test, size_t offset, size_t len, u8 other)
{
	u8 *name = bytes_alloc(test, offset, len);

	memset(name, other, len);
	KUNIT_ASSERT_TRUE_MSG(test, bytes_are_clean(name, len), "%zu of %#x", len, other);
	for (size_t i = 0; i < len; i++) {
		name[i] = '/';
		KUNIT_ASSERT_FALSE_MSG(test, bytes_are_clean(name, len),
				       "slash %zu of %zu, %#x", i, len, other);
		name[i] = 0;
		KUNIT_ASSERT_FALSE_MSG(test, bytes_are_clean(name, len),
				       "0 %zu of %zu, %#x", i, len, other);
		name[i] = other;
	}
	bytes_free(test, name, offset);
}

static void bytes_clean(struct kunit *test)
{
	static const u8 others[] = {
		'a', '/' - 1, '/' + 1, '/' | 0x80, '/' ^ 1, 1, 2, 0x7f, 0x80, 0x81, 0xff,
	};

	for (size_t len = 0; len <= BYTES_MOST; len++)
		for (size_t offset = 0; offset < BYTES_OFFSETS; offset++)
			for (size_t i = 0; i < ARRAY_SIZE(others); i++)
				bytes_search(test, offset, len, others[i]);
}

/* Each byte value alone, in each place of a word and behind it. */
static void bytes_clean_of_each_value(struct kunit *test)
{
	u8 name[sizeof(u64) + 1];

	for (unsigned int c = 0; c <= U8_MAX; c++)
		for (size_t i = 0; i < sizeof(name); i++) {
			memset(name, 'a', sizeof(name));
			name[i] = c;
			KUNIT_ASSERT_EQ_MSG(test, bytes_are_clean(name, sizeof(name)),
					    c && c != '/', "%#x at %zu", c, i);
		}
}

static struct kunit_case bytes_cases[] = {
	KUNIT_CASE(bytes_same),
	KUNIT_CASE(bytes_same_of_words),
	KUNIT_CASE(bytes_copy),
	KUNIT_CASE(bytes_clean),
	KUNIT_CASE(bytes_clean_of_each_value),
	{}
};

static struct kunit_suite bytes_suite = {
	.name = "ditto_bytes",
	.test_cases = bytes_cases,
};

kunit_test_suite(bytes_suite);
