// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room over RDMA: in the send queue of a connection for what calls want to be fetched and sent, and
 * in the queue of a listener.
 */
#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/sunrpc/svc_rdma.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/rpc/connection_private.h"
#include "../../../fs/nfs/rpc/sunrpc_glue.h"

#define HEADER_WORDS	40

/**
 * struct header_case - a transport header, and what it names
 * @words: its words
 * @chunks: that
 */
struct header_case {
	u32 words[HEADER_WORDS];
	struct dnfs_rdma_chunks chunks;
};

/* xid, version, credits, type; Read list, Write list, Reply chunk. A segment has four words. */
static const struct header_case header_cases[] = {
	{ { 1, 1, 64, 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
	{ { 1, 1, 64, 0, 1, 40, 8, 4096, 0, 0, 1, 40, 9, 4095, 0, 0, 0, 0, 0 },
	  { 2, 2 + 1, 0, 0 } },
	{ { 1, 1, 64, 0, 0, 1, 2, 8, 4096, 0, 0, 9, 4096, 0, 0, 0, 0 },
	  { 0, 0, 2 + 2, 4 } },
	{ { 1, 1, 64, 1, 0, 0, 1, 1, 8, 1 << 20, 0, 0 }, { 0, 0, 2 + 1, 257 } },
	{ { 1, 1, 64, 1, 0, 0, 1, 2, 8, U32_MAX, 0, 0, 8, U32_MAX, 0, 0 },
	  { 0, 0, 2 + 2, DNFS_PAGES } },
	{ { 1, 1, 64, 1, 1, 40, 7, 4096, 0, 0, 0, 1, 1, 8, 4096, 0, 0,
	    1, 2, 9, 4096, 0, 0, 9, 4096, 0, 0, 0, 1, 1, 8, 4096, 0, 0 },
	  { 1, 2, 2 + 1 + 2 + 2 + 8 + 1, 8 } },
};

static struct dnfs_rdma_chunks chunks_of(const u32 *words, unsigned int count)
{
	__be32 header[HEADER_WORDS];

	for (unsigned int i = 0; i < count; i++)
		header[i] = cpu_to_be32(words[i]);
	return dnfs_rdma_chunks_of(header, count * XDR_UNIT);
}

static void segments_are_counted(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(header_cases); i++) {
		const struct header_case *c = &header_cases[i];
		struct dnfs_rdma_chunks chunks = chunks_of(c->words, HEADER_WORDS);

		KUNIT_EXPECT_MEMEQ_MSG(test, &chunks, &c->chunks, sizeof(chunks), "header %u", i);
	}
}

/* Nothing is read beyond the end, and a number of segments is not believed. */
static void headers_are_cut(struct kunit *test)
{
	static const u32 many[] = { 1, 1, 64, 0, 0, 1, U32_MAX, 8, 4096, 0, 0 };
	const struct header_case *last = &header_cases[ARRAY_SIZE(header_cases) - 1];
	struct dnfs_rdma_chunks chunks;

	for (unsigned int count = 0; count < HEADER_WORDS; count++) {
		chunks = chunks_of(last->words, count);
		KUNIT_EXPECT_LE(test, chunks.reads, last->chunks.reads);
		KUNIT_EXPECT_LE(test, chunks.writes, last->chunks.writes);
	}
	chunks = chunks_of(many, ARRAY_SIZE(many));
	KUNIT_EXPECT_EQ(test, chunks.reads, 0);
	KUNIT_EXPECT_EQ(test, chunks.writes, 2 + 1);
}

static void places_of_calls(struct kunit *test)
{
	struct dnfs_rdma_chunks none = {}, many = { .writes = 203, .write_pages = DNFS_PAGES },
				some = { .writes = 4, .write_pages = DNFS_PAGES },
				read = { .reads = 1, .read_pages = DNFS_PAGES },
				reads = { .reads = 200, .read_pages = DNFS_PAGES },
				small = { .writes = 3, .write_pages = 3 };

	KUNIT_EXPECT_EQ(test, dnfs_rdma_places(none, 32, 32, false), 1);
	/* A payload of 1 MiB needs as many requests as pages fit into, however few its segments. */
	KUNIT_EXPECT_GE(test, dnfs_rdma_places(some, 32, 32, false), 1 + 257 / 32 + 1);
	KUNIT_EXPECT_LT(test, dnfs_rdma_places(some, 32, 32, false), 16);
	KUNIT_EXPECT_GE(test, dnfs_rdma_places(read, 32, 32, false), 257 / 32 + 1);
	KUNIT_EXPECT_LT(test, dnfs_rdma_places(read, 32, 32, false), 16);
	KUNIT_EXPECT_GT(test, dnfs_rdma_places(read, 1, 32, false), 257);
	/* As on rxe, and a READ of 8 KiB, of which 64 fit. */
	KUNIT_EXPECT_GE(test, dnfs_rdma_places(some, 5, 5, false), 1 + 257 / 5 + 1);
	KUNIT_EXPECT_LT(test, dnfs_rdma_places(some, 5, 5, false), 64);
	KUNIT_EXPECT_EQ(test, dnfs_rdma_places(small, 5, 5, false), 4);
	/* Each segment is a request of its own, and up to three if it is registered. */
	KUNIT_EXPECT_GT(test, dnfs_rdma_places(many, 32, 32, false), 200);
	KUNIT_EXPECT_GT(test, dnfs_rdma_places(reads, 32, 32, false), 200);
	KUNIT_EXPECT_GT(test, dnfs_rdma_places(reads, 32, 32, true), 600);
}

/* A call that is fetched is cut by the other chunks, at each of which it goes on. */
static void call_is_cut_by_chunks(struct kunit *test)
{
	enum { CHUNKS = 5 };
	u32 words[HEADER_WORDS] = { 1, 1, 64, 1 }, *p = words + 4;
	struct dnfs_rdma_chunks chunks;

	for (unsigned int i = 0; i <= CHUNKS; i++) {
		/* Position, handle, length, offset; the first one is the call. */
		u32 segment[] = { 1, 8 * i, i, 4, 0, 0 };

		memcpy(p, segment, sizeof(segment));
		p += ARRAY_SIZE(segment);
	}
	chunks = chunks_of(words, HEADER_WORDS);
	KUNIT_EXPECT_EQ(test, chunks.reads, CHUNKS + 1);
	KUNIT_EXPECT_GE(test, dnfs_rdma_places(chunks, 32, 32, false), 1 + 2 * CHUNKS + 1);
	KUNIT_EXPECT_GE(test, dnfs_rdma_places(chunks, 32, 32, true), 1 + 3 * (2 * CHUNKS + 1));
}

/* Room is kept for the calls in progress, which have not taken theirs yet, and for the next one. */
static void room_is_reserved(struct kunit *test)
{
	struct svcxprt_rdma *rdma = kunit_kzalloc(test, sizeof(*rdma), GFP_KERNEL);
	struct dnfs_conn *conn;
	struct svc_xprt *xprt;

	KUNIT_ASSERT_NOT_NULL(test, rdma);
	xprt = &rdma->sc_xprt;
	xprt->xpt_net = &init_net;
	INIT_LIST_HEAD(&xprt->xpt_users);
	conn = dnfs_conn_alloc(xprt);
	KUNIT_ASSERT_NOT_NULL(test, conn);
	list_add(&conn->user.list, &xprt->xpt_users);
	rdma->sc_sq_depth = 16;
	rdma->sc_max_bc_requests = 2;
	atomic_set(&rdma->sc_sq_avail, 16);
	KUNIT_EXPECT_TRUE(test, dnfs_conn_rdma_has_room(xprt));
	KUNIT_EXPECT_EQ(test, dnfs_rdma_unsent(xprt), 0);
	atomic_set(&conn->places, 12);
	KUNIT_EXPECT_TRUE(test, dnfs_conn_rdma_has_room(xprt));
	conn->wants = 2;
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_conn_rdma_has_room(xprt), "the next one is too large");
	conn->wants = 1;
	atomic_set(&conn->places, 13);
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_conn_rdma_has_room(xprt), "the calls need it");
	atomic_set(&conn->places, 4);
	atomic_set(&rdma->sc_sq_avail, 7);
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_conn_rdma_has_room(xprt), "replies wait");
	KUNIT_EXPECT_EQ(test, dnfs_rdma_unsent(xprt), 9);
	/* What is the most for one call fits while there is no other. */
	atomic_set(&rdma->sc_sq_avail, 16);
	KUNIT_EXPECT_TRUE(test, dnfs_rdma_has_room(xprt, dnfs_rdma_places_most(xprt)));
	KUNIT_EXPECT_FALSE(test, dnfs_rdma_has_room(xprt, dnfs_rdma_places_most(xprt) + 1));
	dnfs_conn_free(conn);
}

static void queue_add(struct kunit *test, struct svcxprt_rdma *listener, const char *from)
{
	struct svcxprt_rdma *queued = kunit_kzalloc(test, sizeof(*queued), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, queued);
	KUNIT_ASSERT_EQ(test, 0, inet_pton_with_scope(&init_net, AF_UNSPEC, from, "0",
						      &queued->sc_xprt.xpt_remote));
	list_add_tail(&queued->sc_accept_q, &listener->sc_accept_q);
}

static bool queue_has_room(struct kunit *test, struct svcxprt_rdma *listener, const char *from,
			   unsigned int waiting)
{
	struct sockaddr_storage sa;
	unsigned int found;
	bool room;

	KUNIT_ASSERT_EQ(test, 0, inet_pton_with_scope(&init_net, AF_UNSPEC, from, "0", &sa));
	room = dnfs_rdma_queue_has_room(&listener->sc_xprt, (struct sockaddr *)&sa, &found);
	KUNIT_EXPECT_EQ(test, found, waiting);
	return room;
}

/* One machine cannot fill the queue of connections that wait, and all together cannot exceed it. */
static void queue_is_bounded(struct kunit *test)
{
	struct svcxprt_rdma *listener = kunit_kzalloc(test, sizeof(*listener), GFP_KERNEL);
	char from[32];

	KUNIT_ASSERT_NOT_NULL(test, listener);
	spin_lock_init(&listener->sc_lock);
	INIT_LIST_HEAD(&listener->sc_accept_q);
	/* A machine with IPv6 has many addresses. */
	for (int i = 0; i < 16; i++) {
		KUNIT_EXPECT_TRUE(test, queue_has_room(test, listener, "2001:db8::ffff", i));
		snprintf(from, sizeof(from), "2001:db8::%x", i + 1);
		queue_add(test, listener, from);
	}
	KUNIT_EXPECT_FALSE(test, queue_has_room(test, listener, "2001:db8::ffff", 16));
	for (int i = 16; i < 64; i++) {
		snprintf(from, sizeof(from), "192.0.2.%d", i);
		KUNIT_EXPECT_TRUE(test, queue_has_room(test, listener, from, 0));
		queue_add(test, listener, from);
	}
	KUNIT_EXPECT_FALSE(test, queue_has_room(test, listener, "192.0.2.1", 0));
}

static struct kunit_case rdma_room_cases[] = {
	KUNIT_CASE(segments_are_counted),
	KUNIT_CASE(headers_are_cut),
	KUNIT_CASE(places_of_calls),
	KUNIT_CASE(call_is_cut_by_chunks),
	KUNIT_CASE(room_is_reserved),
	KUNIT_CASE(queue_is_bounded),
	{}
};

static struct kunit_suite rdma_room_suite = {
	.name = "ditto_rdma_room",
	.test_cases = rdma_room_cases,
};

kunit_test_suite(rdma_room_suite);
