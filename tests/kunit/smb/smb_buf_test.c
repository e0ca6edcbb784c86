// SPDX-License-Identifier: GPL-2.0-only
/* Message buffers of SMB: pages that were lent to the network, and idle buffers. */
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "../../../smb/server.h"
#include "../../../smb/transport/buf.h"

#define LENT	3	/* pages lent */

static struct dsmb_server *server_new(struct kunit *test)
{
	struct dsmb_server *server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, server);
	server->buffers = dsmb_buf_pool_alloc();
	KUNIT_ASSERT_NOT_NULL(test, server->buffers);
	return server;
}

/* A buffer whose pages are still held is not used again, and nothing else is different. */
static void waits_for_lent_pages(struct kunit *test)
{
	struct dsmb_server *server = server_new(test);
	struct dsmb_buf *lent, *other, *again, *third;
	struct bio_vec pages[LENT];

	lent = dsmb_buf_get(server, SZ_64K);
	KUNIT_ASSERT_NOT_NULL(test, lent);
	KUNIT_ASSERT_EQ(test, dsmb_buf_lend(lent, PAGE_SIZE, LENT * PAGE_SIZE - 1, pages), LENT);
	for (int i = 0; i < LENT; i++) {
		KUNIT_EXPECT_PTR_EQ(test, pages[i].bv_page,
				    vmalloc_to_page(lent->data + (i + 1) * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, pages[i].bv_len, PAGE_SIZE - (i == LENT - 1));
		KUNIT_EXPECT_EQ(test, pages[i].bv_offset, 0);
	}
	dsmb_buf_put(server, lent);

	for (int i = 0; i < LENT; i++) {
		other = dsmb_buf_get(server, SZ_64K);
		KUNIT_ASSERT_NOT_NULL(test, other);
		KUNIT_EXPECT_PTR_NE(test, other, lent);
		again = dsmb_buf_get(server, SZ_64K);
		KUNIT_ASSERT_NOT_NULL(test, again);
		KUNIT_EXPECT_PTR_NE(test, again, lent);
		dsmb_buf_put(server, again);
		dsmb_buf_put(server, other);
		put_page(pages[i].bv_page);
	}
	other = dsmb_buf_get(server, SZ_64K);
	again = dsmb_buf_get(server, SZ_64K);
	third = dsmb_buf_get(server, SZ_64K);
	KUNIT_EXPECT_TRUE(test, other == lent || again == lent || third == lent);
	KUNIT_EXPECT_FALSE(test, lent->lent);
	dsmb_buf_put(server, third);
	dsmb_buf_put(server, again);
	dsmb_buf_put(server, other);
	dsmb_buf_pool_free(server->buffers);
}

/* The memory of a small buffer is a part of a page, which others use as well. */
static void lends_no_small_buffer(struct kunit *test)
{
	struct dsmb_server *server = server_new(test);
	struct dsmb_buf *buf = dsmb_buf_get(server, SZ_1K);
	struct bio_vec page;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, dsmb_buf_lend(buf, 0, SZ_1K, &page), 0);
	KUNIT_EXPECT_FALSE(test, buf->lent);
	dsmb_buf_put(server, buf);
	dsmb_buf_pool_free(server->buffers);
}

/* Idle buffers are given back when memory is short, but not those in use. */
static void gives_idle_buffers_back(struct kunit *test)
{
	static const u32 sizes[] = { SZ_1K, SZ_64K, SZ_1M };
	struct dsmb_server *server = server_new(test);
	struct dsmb_buf *buf[ARRAY_SIZE(sizes)], *used;

	KUNIT_EXPECT_EQ(test, dsmb_buf_pool_trim(server->buffers, 1), 0);
	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		buf[i] = dsmb_buf_get(server, sizes[i]);
		KUNIT_ASSERT_NOT_NULL(test, buf[i]);
	}
	used = dsmb_buf_get(server, SZ_64K);
	KUNIT_ASSERT_NOT_NULL(test, used);
	for (int i = 0; i < ARRAY_SIZE(sizes); i++)
		dsmb_buf_put(server, buf[i]);
	/* The largest is enough. */
	KUNIT_EXPECT_EQ(test, dsmb_buf_pool_trim(server->buffers, 1), (SZ_1M + SZ_64K) / PAGE_SIZE);
	buf[1] = dsmb_buf_get(server, SZ_64K);
	KUNIT_ASSERT_NOT_NULL(test, buf[1]);
	dsmb_buf_put(server, buf[1]);
	KUNIT_EXPECT_EQ(test, dsmb_buf_pool_trim(server->buffers, ULONG_MAX),
			(SZ_64K + SZ_8K) / PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, dsmb_buf_pool_trim(server->buffers, ULONG_MAX), 0);
	memset(used->data, 1, used->size);
	dsmb_buf_put(server, used);
	dsmb_buf_pool_free(server->buffers);
}

static struct kunit_case smb_buf_cases[] = {
	KUNIT_CASE(waits_for_lent_pages),
	KUNIT_CASE(lends_no_small_buffer),
	KUNIT_CASE(gives_idle_buffers_back),
	{}
};

static struct kunit_suite smb_buf_suite = {
	.name = "smb_buf",
	.test_cases = smb_buf_cases,
};

kunit_test_suite(smb_buf_suite);
