// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of XDR items in place: a stream of pages, as a listing has, or one that begins in the
 * head of a reply, is the same as one that sunrpc alone has written.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/rpc/encode.h"

#define ENCODE_PAGES	3
/* Two words of a name, and a byte. */
#define ENCODE_NAME	17

/**
 * struct encode_stream - results in pages
 * @pages: filled with 0xee before
 * @buf: of @xdr
 * @xdr: over @pages
 */
struct encode_stream {
	struct page *pages[ENCODE_PAGES];
	struct xdr_buf buf;
	struct xdr_stream xdr;
};

/**
 * struct encode_test - the same results twice
 * @own: written by the functions under test
 * @twin: written by sunrpc
 * @inlined: items for which @own had room in its page
 * @straddling: items that lie in two pages
 */
struct encode_test {
	struct encode_stream own;
	struct encode_stream twin;
	unsigned int inlined;
	unsigned int straddling;
};

static void encode_stream_init(struct kunit *test, struct encode_stream *s)
{
	for (unsigned int i = 0; i < ENCODE_PAGES; i++) {
		s->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s->pages[i]);
	}
}

static void encode_stream_free(struct encode_stream *s)
{
	for (unsigned int i = 0; i < ENCODE_PAGES; i++)
		if (s->pages[i])
			__free_page(s->pages[i]);
}

static int encode_test_init(struct kunit *test)
{
	struct encode_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	encode_stream_init(test, &t->own);
	encode_stream_init(test, &t->twin);
	return 0;
}

static void encode_test_exit(struct kunit *test)
{
	struct encode_test *t = test->priv;

	if (!t)
		return;
	encode_stream_free(&t->own);
	encode_stream_free(&t->twin);
}

/* Begin results of at most @buflen bytes. */
static void encode_begin(struct encode_stream *s, u32 buflen)
{
	for (unsigned int i = 0; i < ENCODE_PAGES; i++)
		memset(page_address(s->pages[i]), 0xee, PAGE_SIZE);
	s->buf = (struct xdr_buf){ .pages = s->pages, .buflen = buflen };
	memset(&s->xdr, 0, sizeof(s->xdr));
	xdr_init_encode_pages(&s->xdr, &s->buf);
}

/* Where a position is: bytes from the beginning of the page that is written. */
static long encode_at(const struct encode_stream *s, const __be32 *p)
{
	return (const void *)p - page_address(*s->xdr.page_ptr);
}

static void encode_assert_same(struct kunit *test)
{
	const struct encode_test *t = test->priv;
	const struct encode_stream *a = &t->own, *b = &t->twin;

	KUNIT_ASSERT_NULL(test, a->xdr.iov);
	KUNIT_ASSERT_EQ(test, a->buf.len, b->buf.len);
	KUNIT_ASSERT_EQ(test, a->buf.page_len, b->buf.page_len);
	KUNIT_ASSERT_EQ(test, a->buf.page_len, a->buf.len);
	KUNIT_ASSERT_LE(test, a->buf.len, a->buf.buflen);
	KUNIT_ASSERT_EQ(test, a->xdr.page_ptr - a->pages, b->xdr.page_ptr - b->pages);
	KUNIT_ASSERT_EQ(test, encode_at(a, a->xdr.p), encode_at(b, b->xdr.p));
	KUNIT_ASSERT_EQ(test, encode_at(a, a->xdr.end), encode_at(b, b->xdr.end));
	KUNIT_ASSERT_EQ(test, a->xdr.scratch.iov_len, b->xdr.scratch.iov_len);
}

/* Append a word and a name, which is not terminated: more letters follow it. */
static bool encode_entry(struct kunit *test, u32 len)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct encode_test *t = test->priv;
	size_t bytes = XDR_UNIT + XDR_UNIT + len;
	bool inlined = !t->own.xdr.scratch.iov_len &&
		       t->own.xdr.p + XDR_QUADLEN(bytes) <= t->own.xdr.end;
	__be32 *own = dnfs_inline_reserve(&t->own.xdr, bytes);
	__be32 *twin = xdr_reserve_space(&t->twin.xdr, bytes);

	KUNIT_ASSERT_EQ(test, !own, !twin);
	encode_assert_same(test);
	if (!own || !twin)
		return false;
	t->inlined += inlined;
	t->straddling += !!t->own.xdr.scratch.iov_len;
	KUNIT_ASSERT_EQ(test, encode_at(&t->own, own), encode_at(&t->twin, twin));
	*own++ = xdr_one;
	*twin++ = xdr_one;
	own = dnfs_put_opaque(own, name, len);
	twin = xdr_encode_opaque(twin, name, len);
	KUNIT_ASSERT_EQ(test, encode_at(&t->own, own), encode_at(&t->twin, twin));
	return true;
}

/* The results are the same, and the rest of the pages is untouched alike. */
static void encode_end(struct kunit *test, u32 buflen)
{
	struct encode_test *t = test->priv;

	xdr_commit_encode(&t->own.xdr);
	xdr_commit_encode(&t->twin.xdr);
	encode_assert_same(test);
	for (unsigned int i = 0; i < ENCODE_PAGES; i++)
		KUNIT_ASSERT_EQ_MSG(test, memcmp(page_address(t->own.pages[i]),
						 page_address(t->twin.pages[i]), PAGE_SIZE), 0,
				    "page %u of %u bytes", i, buflen);
	if (t->own.buf.len)
		KUNIT_ASSERT_EQ(test, be32_to_cpup(page_address(t->own.pages[0])), 1);
	/* The shortest entry does not fit into the rest. */
	KUNIT_ASSERT_LT(test, buflen - t->own.buf.len, 3 * XDR_UNIT);
}

/*
 * Encode until not even the shortest entry fits. All names have the length @len, or if @mixed the
 * first one has, and the length of the next ones goes round.
 */
static void encode_fill(struct kunit *test, u32 buflen, u32 len, bool mixed)
{
	struct encode_test *t = test->priv;

	encode_begin(&t->own, buflen);
	encode_begin(&t->twin, buflen);
	while (encode_entry(test, len))
		if (mixed)
			len = len % ENCODE_NAME + 1;
	while (len-- > 1)
		while (encode_entry(test, len))
			;
	encode_end(test, buflen);
}

/* Room that ends with a page, in front of its end, and behind it. */
static const u32 encode_rooms[] = {
	0, 3 * XDR_UNIT, 100, PAGE_SIZE - XDR_UNIT, PAGE_SIZE, PAGE_SIZE + XDR_UNIT,
	PAGE_SIZE + 1000, 2 * PAGE_SIZE - 12, 2 * PAGE_SIZE, 2 * PAGE_SIZE + 48,
	ENCODE_PAGES * PAGE_SIZE - 100, ENCODE_PAGES * PAGE_SIZE,
};

static void encodes_each_length(struct kunit *test)
{
	struct encode_test *t = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(encode_rooms); i++)
		for (u32 len = 1; len <= ENCODE_NAME; len++)
			encode_fill(test, encode_rooms[i], len, false);
	KUNIT_ASSERT_GT(test, t->inlined, 0);
	KUNIT_ASSERT_GT(test, t->straddling, 0);
}

/* The places where a page ends differ: each word of an entry is the last of a page in some case. */
static void encodes_mixed_lengths(struct kunit *test)
{
	struct encode_test *t = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(encode_rooms); i++)
		for (u32 len = 1; len <= ENCODE_NAME; len++)
			encode_fill(test, encode_rooms[i], len, true);
	KUNIT_ASSERT_GT(test, t->inlined, 0);
	KUNIT_ASSERT_GT(test, t->straddling, 0);
}

/* A reply begins in its head, which is all of it here. */
static void encode_head_begin(struct encode_stream *s, u32 room)
{
	memset(page_address(s->pages[0]), 0xee, PAGE_SIZE);
	s->buf = (struct xdr_buf){
		.head[0].iov_base = page_address(s->pages[0]),
		.pages = &s->pages[1],
		.buflen = room,
	};
	memset(&s->xdr, 0, sizeof(s->xdr));
	xdr_init_encode(&s->xdr, &s->buf, NULL, NULL);
}

static void encodes_into_head(struct kunit *test)
{
	struct encode_test *t = test->priv;
	const struct encode_stream *a = &t->own, *b = &t->twin;

	for (u32 room = 0; room <= 10 * XDR_UNIT; room += XDR_UNIT) {
		encode_head_begin(&t->own, room);
		encode_head_begin(&t->twin, room);
		for (u32 value = 0; value <= room / XDR_UNIT; value++) {
			bool own = dnfs_encode_u32(&t->own.xdr, value);

			KUNIT_ASSERT_EQ(test, own, value < room / XDR_UNIT);
			KUNIT_ASSERT_EQ(test, own,
					xdr_stream_encode_u32(&t->twin.xdr, value) > 0);
			KUNIT_ASSERT_EQ(test, a->buf.len, b->buf.len);
			KUNIT_ASSERT_EQ(test, a->buf.head[0].iov_len, b->buf.head[0].iov_len);
			KUNIT_ASSERT_EQ(test, a->buf.page_len, 0);
			KUNIT_ASSERT_EQ(test, a->xdr.end - a->xdr.p, b->xdr.end - b->xdr.p);
		}
		KUNIT_ASSERT_EQ(test, memcmp(page_address(a->pages[0]), page_address(b->pages[0]),
					     PAGE_SIZE), 0);
	}
}

static struct kunit_case encode_cases[] = {
	KUNIT_CASE(encodes_each_length),
	KUNIT_CASE(encodes_mixed_lengths),
	KUNIT_CASE(encodes_into_head),
	{}
};

static struct kunit_suite encode_suite = {
	.name = "ditto_nfs_encode",
	.init = encode_test_init,
	.exit = encode_test_exit,
	.test_cases = encode_cases,
};

kunit_test_suite(encode_suite);
