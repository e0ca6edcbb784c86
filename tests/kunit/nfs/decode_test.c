// SPDX-License-Identifier: GPL-2.0-only
/* Decoding of XDR items in place, and of those that end in another page. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/sunrpc/xdr.h>
#include <linux/unaligned.h>

#include "../../../fs/nfs/rpc/decode.h"

/* Words of the items: one, two, and five bytes with their padding. */
#define DECODE_WORDS	5

/**
 * struct decode_test - arguments in a head and in two pages
 * @words: the items
 * @scratch: what a stream copies to where an item crosses pages
 * @pages: the second begins a word behind the head
 * @buf: of @xdr
 * @xdr: over the items
 */
struct decode_test {
	__be32 words[DECODE_WORDS];
	u8 scratch[64];
	struct page *pages[2];
	struct xdr_buf buf;
	struct xdr_stream xdr;
};

/* Put @head words into the head, one into the first page, and the rest into the second one. */
static void decode_test_split(struct decode_test *t, unsigned int head)
{
	unsigned int rest = DECODE_WORDS - head;
	__be32 *first = page_address(t->pages[0]) + PAGE_SIZE - XDR_UNIT;

	if (rest)
		*first = t->words[head];
	if (rest > 1)
		memcpy(page_address(t->pages[1]), t->words + head + 1, (rest - 1) * XDR_UNIT);
	memset(&t->buf, 0, sizeof(t->buf));
	t->buf.head[0].iov_base = t->words;
	t->buf.head[0].iov_len = head * XDR_UNIT;
	t->buf.pages = t->pages;
	t->buf.page_base = PAGE_SIZE - XDR_UNIT;
	t->buf.page_len = rest * XDR_UNIT;
	t->buf.len = sizeof(t->words);
	t->buf.buflen = sizeof(t->words);
	xdr_init_decode(&t->xdr, &t->buf, t->words, NULL);
	xdr_set_scratch_buffer(&t->xdr, t->scratch, sizeof(t->scratch));
}

static int decode_test_init(struct kunit *test)
{
	struct decode_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (unsigned int i = 0; i < ARRAY_SIZE(t->pages); i++) {
		t->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t->pages[i]);
	}
	t->words[0] = cpu_to_be32(0x01020304);
	put_unaligned_be64(0x1122334455667788ULL, t->words + 1);
	memcpy(t->words + 3, "bytes\0\0", 8);
	test->priv = t;
	return 0;
}

static void decode_test_exit(struct kunit *test)
{
	struct decode_test *t = test->priv;

	for (unsigned int i = 0; t && i < ARRAY_SIZE(t->pages); i++)
		__free_page(t->pages[i]);
}

static void decodes_wherever_a_page_ends(struct kunit *test)
{
	struct decode_test *t = test->priv;
	const __be32 *p;
	u32 small = 0;
	u64 large = 0;

	for (unsigned int head = 1; head <= DECODE_WORDS; head++) {
		decode_test_split(t, head);
		KUNIT_EXPECT_EQ(test, dnfs_decode_u32(&t->xdr, &small), 0);
		KUNIT_EXPECT_EQ(test, small, 0x01020304);
		KUNIT_EXPECT_EQ(test, dnfs_decode_u64(&t->xdr, &large), 0);
		KUNIT_EXPECT_EQ(test, large, 0x1122334455667788ULL);
		KUNIT_EXPECT_EQ(test, xdr_stream_pos(&t->xdr), 3 * XDR_UNIT);
		p = dnfs_inline_decode(&t->xdr, 5);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, memcmp(p, "bytes", 5), 0);
		KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&t->xdr), 0);
		KUNIT_EXPECT_EQ(test, dnfs_decode_u32(&t->xdr, &small), -EBADMSG);
	}
}

static void refuses_what_is_not_there(struct kunit *test)
{
	struct decode_test *t = test->priv;
	u32 small = 0;
	u64 large = 0;

	for (unsigned int head = 1; head <= DECODE_WORDS; head++) {
		decode_test_split(t, head);
		KUNIT_EXPECT_NULL(test, dnfs_inline_decode(&t->xdr, sizeof(t->words) + 1));
		decode_test_split(t, head);
		KUNIT_EXPECT_NULL(test, dnfs_inline_decode(&t->xdr, U32_MAX));
		KUNIT_EXPECT_NOT_NULL(test, dnfs_inline_decode(&t->xdr, 0));
		KUNIT_EXPECT_EQ(test, xdr_stream_pos(&t->xdr), 0);
		for (unsigned int i = 1; i < DECODE_WORDS; i++)
			KUNIT_EXPECT_EQ(test, dnfs_decode_u32(&t->xdr, &small), 0);
		/* One word is left. */
		KUNIT_EXPECT_EQ(test, dnfs_decode_u64(&t->xdr, &large), -EBADMSG);
	}
}

static void refuses_part_of_a_word(struct kunit *test)
{
	struct decode_test *t = test->priv;
	u32 small = 0;

	for (unsigned int bytes = 1; bytes < XDR_UNIT; bytes++) {
		decode_test_split(t, 1);
		t->buf.head[0].iov_len = bytes;
		t->buf.page_len = 0;
		t->buf.len = bytes;
		xdr_init_decode(&t->xdr, &t->buf, t->words, NULL);
		KUNIT_EXPECT_EQ(test, dnfs_decode_u32(&t->xdr, &small), -EBADMSG);
		KUNIT_EXPECT_NULL(test, dnfs_inline_decode(&t->xdr, bytes));
	}
}

static struct kunit_case decode_cases[] = {
	KUNIT_CASE(decodes_wherever_a_page_ends),
	KUNIT_CASE(refuses_what_is_not_there),
	KUNIT_CASE(refuses_part_of_a_word),
	{}
};

static struct kunit_suite decode_suite = {
	.name = "ditto_nfs_decode",
	.init = decode_test_init,
	.exit = decode_test_exit,
	.test_cases = decode_cases,
};

kunit_test_suite(decode_suite);
