// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the operations that copy (RFC 7862), whole, cut short and wrong. */
#include <kunit/test.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/v4/engine/compound.h"

#define WORDS		64
/* A stateid4. */
#define STATEID		1, 0x01010101, 0x02020202, 0x03030303

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

static u32 args_decode(struct kunit *test, u32 opnum, const u32 *words, unsigned int bytes)
{
	const struct dnfs4_op *op = dnfs4_ops[opnum];
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_EXPECT_EQ(test, op->minor_first, 2);
	memset(f, 0, sizeof(*f));
	for (unsigned int i = 0; i < WORDS && i * XDR_UNIT < bytes; i++)
		f->mem[i] = cpu_to_be32(words[i]);
	f->buf.head[0].iov_base = f->mem;
	f->buf.head[0].iov_len = bytes;
	f->buf.len = bytes;
	f->buf.buflen = bytes;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	f->cmp.in = &f->xdr;
	f->cmp.args = f->args;
	f->cmp.minor = 2;
	f->cmp.op = op;
	f->cmp.opnum = opnum;
	return op->decode(&f->cmp, f->args);
}

/* All of it is understood, and nothing that is shorter. */
static void expect_exact(struct kunit *test, u32 opnum, const u32 *words, unsigned int n)
{
	struct fixture *f = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, args_decode(test, opnum, words, n * XDR_UNIT), NFS4_OK);
	KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&f->xdr), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, args_decode(test, opnum, words, i * XDR_UNIT),
				    NFS4ERR_BADXDR, "operation %u, %u words", opnum, i);
}

#define EXPECT_EXACT(test, opnum, ...)						\
	do {									\
		static const u32 words[] = { __VA_ARGS__ };			\
										\
		expect_exact(test, opnum, words, ARRAY_SIZE(words));		\
	} while (0)

#define EXPECT_BAD(test, opnum, ...)						\
	do {									\
		static const u32 words[] = { __VA_ARGS__ };			\
										\
		KUNIT_EXPECT_EQ(test, args_decode(test, opnum, words, sizeof(words)),	\
				NFS4ERR_BADXDR);				\
	} while (0)

static void whole_and_short(struct kunit *test)
{
	EXPECT_EXACT(test, OP_CLONE, STATEID, STATEID, 0, 1, 0, 2, 0, 3);
	EXPECT_EXACT(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 1, 0, 0);
	/* Source servers by name, URL and address. */
	EXPECT_EXACT(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 1, 0, 3,
		     NL4_NAME, 3, 0x61626300, NL4_URL, 4, 0x61626364,
		     NL4_NETADDR, 3, 0x74637000, 5, 0x312e3200, 0x33000000);
	EXPECT_EXACT(test, OP_OFFLOAD_CANCEL, STATEID);
	EXPECT_EXACT(test, OP_OFFLOAD_STATUS, STATEID);
}

static void wrong(struct kunit *test)
{
	/* Booleans, the number of servers, the kind and the length of a server. */
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 2, 0, 0);
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 0, 2, 0);
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 0, 0, U32_MAX);
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 0, 0, 1, 0, 0);
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 0, 0, 1, 4, 0);
	EXPECT_BAD(test, OP_COPY, STATEID, STATEID, 0, 1, 0, 2, 0, 3, 0, 0, 1, NL4_NAME, U32_MAX);
}

static int fixture_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole_and_short),
	KUNIT_CASE(wrong),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs42_copy",
	.init = fixture_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
