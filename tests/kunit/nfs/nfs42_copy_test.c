// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the operations that copy (RFC 7862), whole, cut short and wrong. */
#include <kunit/test.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/v4/engine/compound.h"

#define WORDS		64

/**
 * struct fixture - arguments of an operation, and the COMPOUND that they are in
 * @mem: the arguments
 * @buf: of @xdr
 * @xdr: over @mem
 * @cmp: the COMPOUND
 * @args: decoded arguments, and scratch
 */
struct fixture {
	__be32 mem[WORDS];
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs4_compound cmp;
	u8 args[DNFS4_ARGS_MAX + DNFS4_SCRATCH_MAX];
};

/* Decode what begins with stateids. */
static u32 args_decode(struct kunit *test, u32 opnum, const __be32 *words, unsigned int n)
{
	const struct dnfs4_op *op = dnfs4_ops[opnum];
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_EXPECT_EQ(test, op->minor_first, 2);
	memset(f, 0, sizeof(*f));
	memcpy(f->mem, words, n * XDR_UNIT);
	f->buf.head[0].iov_base = f->mem;
	f->buf.head[0].iov_len = n * XDR_UNIT;
	f->buf.len = n * XDR_UNIT;
	f->buf.buflen = n * XDR_UNIT;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	f->cmp.in = &f->xdr;
	f->cmp.args = f->args;
	f->cmp.minor = 2;
	f->cmp.op = op;
	f->cmp.opnum = opnum;
	return op->decode(&f->cmp, f->args);
}

/**
 * struct sample - arguments of an operation
 * @opnum: its number
 * @stateids: number of stateids at the beginning
 * @n: number of words behind them
 * @words: the words
 */
struct sample {
	u32 opnum;
	unsigned int stateids;
	unsigned int n;
	u32 words[9];
};

/* Fill the words of a sample; returns their number. */
static unsigned int sample_fill(const struct sample *sample, __be32 words[WORDS])
{
	unsigned int i, n = 0;

	for (i = 0; i < sample->stateids * 4; i++)
		words[n++] = cpu_to_be32(0x01010101);
	for (i = 0; i < sample->n; i++)
		words[n++] = cpu_to_be32(sample->words[i]);
	return n;
}

static const struct sample whole[] = {
	{ OP_CLONE, 2, 6, { 0, 1, 0, 2, 0, 3 } },
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 1, 0, 0 } },
	{ OP_OFFLOAD_CANCEL, 1 },
	{ OP_OFFLOAD_STATUS, 1 },
};

/* All of it is understood, and nothing that is shorter. */
static void whole_and_short(struct kunit *test)
{
	struct fixture *f = test->priv;
	__be32 words[WORDS];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		n = sample_fill(&whole[i], words);
		KUNIT_EXPECT_EQ(test, args_decode(test, whole[i].opnum, words, n), NFS4_OK);
		KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&f->xdr), 0);
		while (n--)
			KUNIT_EXPECT_EQ_MSG(test, args_decode(test, whole[i].opnum, words, n),
					    NFS4ERR_BADXDR, "sample %u, %u words", i, n);
	}
}

/* Booleans. */
static const struct sample bad[] = {
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 2, 0, 0 } },
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 0, 2, 0 } },
};

static void refuses_bad(struct kunit *test)
{
	__be32 words[WORDS];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		n = sample_fill(&bad[i], words);
		KUNIT_EXPECT_EQ_MSG(test, args_decode(test, bad[i].opnum, words, n),
				    NFS4ERR_BADXDR, "sample %u", i);
	}
}

static int fixture_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole_and_short),
	KUNIT_CASE(refuses_bad),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs42_copy",
	.init = fixture_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
