// SPDX-License-Identifier: GPL-2.0-only
/* Calls whose payload is received apart: where it is found, what decoders see, and its bytes. */
#include <kunit/test.h>
#include <linux/nfs4.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "../../../fs/nfs/rpc/large.h"
#include "../../../fs/nfs/v3/procs.h"
#include "../../../fs/nfs/v4/engine/compound.h"
#include "../../../net/rx_data.h"
#include "../await.h"
#include "../net/tcp_pair.h"

/* A call of the tests: words in front, a payload that is no multiple of four, words behind. */
#define AT		(40 * XDR_UNIT)
#define PAYLOAD		(SZ_128K + 3)
#define PADDED		round_up(PAYLOAD, XDR_UNIT)
#define TAIL		(3 * XDR_UNIT)
#define CALL		(AT + PADDED + TAIL)

struct large_test {
	struct tcp_pair pair;
	u8 *call;
	u8 *got;
	struct dnfs_large *large;
};

static int large_test_init(struct kunit *test)
{
	struct large_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->call = kvmalloc(CALL, GFP_KERNEL);
	t->got = kvmalloc(CALL, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, t->call && t->got);
	for (u32 i = 0; i < CALL; i++)
		t->call[i] = i * 11 + i / 256;
	tcp_pair_connect(test, &t->pair);
	t->large = dnfs_large_new(t->call, AT, PAYLOAD, CALL);
	KUNIT_ASSERT_NOT_NULL(test, t->large);
	return 0;
}

static void large_test_exit(struct kunit *test)
{
	struct large_test *t = test->priv;

	if (!t)
		return;
	dnfs_large_free(t->large);
	tcp_pair_release(&t->pair);
	kvfree(t->call);
	kvfree(t->got);
}

/* Send a part of the call, and receive until so many bytes of it have come. */
static void large_pass(struct kunit *test, u32 from, u32 until)
{
	struct large_test *t = test->priv;
	int got;

	tcp_pair_send(test, &t->pair, t->call + from, until - from);
	KUNIT_ASSERT_TRUE(test, await((got = dnfs_large_receive(t->large, t->pair.receiver),
				       got < 0 || t->large->have == until)));
	KUNIT_ASSERT_EQ(test, got, until == CALL);
}

/* However it comes, the payload is what was sent, and the socket is left as it was. */
static void comes_in_pieces(struct kunit *test)
{
	static const u32 ends[] = {
		AT + 1, AT + 2000, AT + SZ_64K, AT + PAYLOAD, AT + PADDED + 1, CALL,
	};
	struct large_test *t = test->priv;
	struct xdr_stream xdr;
	struct xdr_buf arg, data;
	struct iov_iter iter;
	u32 at = AT;

	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
		large_pass(test, at, ends[i]);
		at = ends[i];
		KUNIT_EXPECT_EQ(test, t->pair.receiver->sk->sk_rcvlowat,
				clamp_t(u32, CALL - at, 1, DITTO_REPORT_MAX));
	}
	dnfs_large_arg(t->large, &arg);
	KUNIT_EXPECT_EQ(test, arg.len, CALL);
	xdr_init_decode(&xdr, &arg, NULL, NULL);
	KUNIT_EXPECT_MEMEQ(test, xdr_inline_decode(&xdr, AT), t->call, AT);
	/* The bytes that digests cover are contiguous, and true. */
	KUNIT_ASSERT_GE(test, (u8 *)xdr.end - (u8 *)xdr.p, DNFS_DIGEST_MAX);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)xdr.p, t->call + AT, DNFS_DIGEST_MAX);
	KUNIT_ASSERT_TRUE(test, xdr_stream_subsegment(&xdr, &data, PAYLOAD));
	KUNIT_EXPECT_MEMEQ(test, xdr_inline_decode(&xdr, TAIL), t->call + AT + PADDED, TAIL);
	KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&xdr), 0);

	KUNIT_ASSERT_TRUE(test, dnfs_large_iter(t->large, &data, PAYLOAD, &iter));
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), PAYLOAD);
	KUNIT_ASSERT_TRUE(test, copy_from_iter_full(t->got, PAYLOAD, &iter));
	KUNIT_EXPECT_EQ(test, memcmp(t->got, t->call + AT, PAYLOAD), 0);
	KUNIT_ASSERT_TRUE(test, dnfs_large_iter(t->large, &data, 1000, &iter));
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 1000);
	KUNIT_EXPECT_FALSE(test, dnfs_large_iter(t->large, &data, PAYLOAD + 1, &iter));
}

/* A decoder that is elsewhere finds zeros, and gets no iterator. */
static void other_places(struct kunit *test)
{
	struct large_test *t = test->priv;
	struct xdr_buf arg, data;
	struct iov_iter iter;
	u8 bytes[64];

	large_pass(test, AT, CALL);
	dnfs_large_arg(t->large, &arg);
	KUNIT_ASSERT_EQ(test, xdr_buf_subsegment(&arg, &data, AT - XDR_UNIT, PAYLOAD), 0);
	KUNIT_EXPECT_FALSE(test, dnfs_large_iter(t->large, &data, PAYLOAD, &iter));
	KUNIT_ASSERT_EQ(test, xdr_buf_subsegment(&arg, &data, AT + SZ_64K, SZ_32K), 0);
	KUNIT_EXPECT_FALSE(test, dnfs_large_iter(t->large, &data, SZ_32K, &iter));
	KUNIT_ASSERT_EQ(test, xdr_buf_subsegment(&arg, &data, AT, PAYLOAD - XDR_UNIT), 0);
	KUNIT_EXPECT_FALSE(test, dnfs_large_iter(t->large, &data, 1, &iter));
	KUNIT_ASSERT_EQ(test, xdr_buf_subsegment(&arg, &data, AT, PADDED + XDR_UNIT), 0);
	KUNIT_EXPECT_FALSE(test, dnfs_large_iter(t->large, &data, 1, &iter));
	KUNIT_ASSERT_EQ(test, read_bytes_from_xdr_buf(&arg, AT + SZ_64K, bytes, sizeof(bytes)), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, sizeof(bytes)));
}

/* The connection ends in the middle. */
static void ends_early(struct kunit *test)
{
	struct large_test *t = test->priv;
	int got;

	large_pass(test, AT, AT + SZ_64K);
	kernel_sock_shutdown(t->pair.sender, SHUT_RDWR);
	KUNIT_ASSERT_TRUE(test, await((got = dnfs_large_receive(t->large, t->pair.receiver))));
	KUNIT_EXPECT_EQ(test, got, -ECONNRESET);
}

/* Urgent data is refused behind the payload, too: it would be reported again and again. */
static void urgent_tail(struct kunit *test)
{
	struct large_test *t = test->priv;
	struct msghdr msg = { .msg_flags = MSG_OOB };
	struct kvec vec = { .iov_base = t->call, .iov_len = 1 };
	int got;

	large_pass(test, AT, AT + PADDED);
	KUNIT_ASSERT_EQ(test, kernel_sendmsg(t->pair.sender, &msg, &vec, 1, 1), 1);
	KUNIT_ASSERT_TRUE(test, await((got = dnfs_large_receive(t->large, t->pair.receiver))));
	KUNIT_EXPECT_EQ(test, got, -EPROTO);
}

/* A call tells the memory that it holds. */
static void memory_held(struct kunit *test)
{
	struct large_test *t = test->priv;

	large_pass(test, AT, CALL);
	KUNIT_EXPECT_GE(test, dnfs_large_memory(t->large), CALL);
	KUNIT_EXPECT_LE(test, dnfs_large_memory(t->large), DITTO_TAKEN_WASTE * CALL + SZ_16K);
}

/* Lengths that are not received apart. */
static void lengths_taken(struct kunit *test)
{
	static const struct {
		u32 at, payload, len;
		bool taken;
	} cases[] = {
		{ AT, SZ_64K, AT + SZ_64K, true },
		{ AT, SZ_64K, AT + SZ_64K - XDR_UNIT, false },
		{ AT, SZ_64K - 3, AT + SZ_64K - XDR_UNIT, false },
		{ AT, SZ_64K - 3, AT + SZ_64K, true },
		{ AT, DNFS_DIGEST_MAX, AT + DNFS_DIGEST_MAX, false },
		{ AT, DNFS_MAX_PAYLOAD, DNFS_MAX_PAYLOAD + DNFS_LARGE_AROUND, true },
		{ AT, DNFS_MAX_PAYLOAD, DNFS_MAX_PAYLOAD + DNFS_LARGE_AROUND + XDR_UNIT, false },
		{ AT, DNFS_MAX_PAYLOAD + 1, DNFS_MAX_PAYLOAD + AT + XDR_UNIT, false },
		{ AT, U32_MAX, SZ_1M, false },
		{ AT, U32_MAX - AT, SZ_1M, false },
		{ DNFS_LARGE_AROUND, SZ_64K, DNFS_LARGE_AROUND + SZ_64K, true },
		{ DNFS_LARGE_AROUND + 4, SZ_64K, DNFS_LARGE_AROUND + 4 + SZ_64K, false },
	};
	struct large_test *t = test->priv;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dnfs_large *large = dnfs_large_new(t->call, cases[i].at, cases[i].payload,
							  cases[i].len);

		KUNIT_EXPECT_EQ_MSG(test, !!large, cases[i].taken, "case %u", i);
		dnfs_large_free(large);
	}
}

/* Words of a call that a test writes by hand; "opaque" bytes are zeros. */
struct words {
	__be32 mem[128];
	unsigned int n;
};

static void words_put(struct words *w, u32 value)
{
	w->mem[w->n++] = cpu_to_be32(value);
}

static void words_put_opaque(struct words *w, u32 len)
{
	words_put(w, len);
	w->n += XDR_QUADLEN(len);
}

typedef bool (*payload_fn)(struct xdr_stream *in, u32 *len);

/* Where a payload is found, in words; 0 if none is, of a call that ends after so many words. */
static unsigned int words_find(payload_fn payload, struct words *w, unsigned int n, u32 *len)
{
	struct xdr_buf buf = { .len = n * XDR_UNIT };
	struct xdr_stream xdr;

	buf.head[0] = (struct kvec) { .iov_base = w->mem, .iov_len = buf.len };
	xdr_init_decode(&xdr, &buf, w->mem, NULL);
	return payload(&xdr, len) ? xdr_stream_pos(&xdr) / XDR_UNIT : 0;
}

/* A payload is found if all in front of it is there, with whatever is behind it. */
static void expect_payload(struct kunit *test, payload_fn payload, struct words *w)
{
	unsigned int at = w->n;
	u32 len;

	for (unsigned int n = 0; n < at; n++)
		KUNIT_EXPECT_EQ_MSG(test, words_find(payload, w, n, &len), 0, "%u words", n);
	for (unsigned int n = at; n < at + 8; n++) {
		KUNIT_EXPECT_EQ(test, words_find(payload, w, n, &len), at);
		KUNIT_EXPECT_EQ(test, len, PAYLOAD);
	}
}

static void write_of_nfs3(struct kunit *test)
{
	payload_fn payload = dnfs3_procs[NFSPROC3_WRITE]->payload;
	struct words w = {};
	u32 len;

	words_put_opaque(&w, 33);
	w.n += 2;			/* offset */
	words_put(&w, PAYLOAD);		/* count */
	words_put(&w, 0);			/* stable */
	words_put(&w, PAYLOAD);
	expect_payload(test, payload, &w);
	w.mem[0] = cpu_to_be32(NFS3_FHSIZE + 1);
	KUNIT_EXPECT_EQ(test, words_find(payload, &w, 100, &len), 0);
	KUNIT_EXPECT_NULL(test, dnfs3_procs[NFSPROC3_SYMLINK]->payload);
}

struct compound_case {
	u32 minor, nops, sequence, putfh, write, tag, fh;
	bool found;
};

static void words_put_compound(struct words *w, const struct compound_case *c)
{
	words_put_opaque(w, c->tag);
	words_put(w, c->minor);
	words_put(w, c->nops);
	if (c->sequence) {
		words_put(w, c->sequence);
		w->n += 8;		/* session, and four numbers */
	}
	words_put(w, c->putfh);
	words_put_opaque(w, c->fh);
	words_put(w, c->write);
	w->n += 7;			/* stateid, offset, stable */
	words_put(w, PAYLOAD);
}

static void write_of_compounds(struct kunit *test)
{
	static const struct compound_case cases[] = {
		{ 0, 2, 0, OP_PUTFH, OP_WRITE, 0, 32, true },
		{ 0, 3, 0, OP_PUTFH, OP_WRITE, 5, 128, true },
		{ 1, 3, OP_SEQUENCE, OP_PUTFH, OP_WRITE, 0, 32, true },
		{ 2, 9, OP_SEQUENCE, OP_PUTFH, OP_WRITE, 17, 31, true },
		{ 0, 1, 0, OP_PUTFH, OP_WRITE, 0, 32, false },
		{ 1, 2, OP_SEQUENCE, OP_PUTFH, OP_WRITE, 0, 32, false },
		{ 0, 3, OP_SEQUENCE, OP_PUTFH, OP_WRITE, 0, 32, false },
		{ 1, 3, 0, OP_PUTFH, OP_WRITE, 0, 32, false },
		{ 1, 3, OP_SEQUENCE, OP_PUTROOTFH, OP_WRITE, 0, 32, false },
		{ 1, 3, OP_SEQUENCE, OP_PUTFH, OP_VERIFY, 0, 32, false },
		{ 1, 3, OP_SEQUENCE, OP_PUTFH, OP_WRITE, 0, 129, false },
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct words w = {};
		u32 len;

		words_put_compound(&w, &cases[i]);
		if (cases[i].found)
			expect_payload(test, dnfs4_payload, &w);
		else
			KUNIT_EXPECT_EQ_MSG(test, words_find(dnfs4_payload, &w, w.n, &len), 0,
					    "case %u", i);
	}
}

static struct kunit_case nfs_large_test_cases[] = {
	KUNIT_CASE(comes_in_pieces),
	KUNIT_CASE(other_places),
	KUNIT_CASE(ends_early),
	KUNIT_CASE(urgent_tail),
	KUNIT_CASE(memory_held),
	KUNIT_CASE(lengths_taken),
	KUNIT_CASE(write_of_nfs3),
	KUNIT_CASE(write_of_compounds),
	{}
};

static struct kunit_suite nfs_large_test_suite = {
	.name = "ditto_nfs_large",
	.init = large_test_init,
	.exit = large_test_exit,
	.test_cases = nfs_large_test_cases,
};

kunit_test_suite(nfs_large_test_suite);
