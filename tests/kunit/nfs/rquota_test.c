// SPDX-License-Identifier: GPL-2.0-only
/* Arguments and results of the remote quota protocol. */
#include <kunit/test.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/v3/rquota.h"
#include "../../../fs/op/quota.h"

#define WORDS	64
#define GETQUOTA	1

/* Decode the first words of the arguments. */
static bool rquota_decode(const struct dnfs_proc *proc, __be32 *words, unsigned int count,
			  struct dnfs_rquota_args *args)
{
	struct xdr_buf buf = {
		.head = { { .iov_base = words, .iov_len = count * XDR_UNIT } },
		.len = count * XDR_UNIT,
		.buflen = count * XDR_UNIT,
	};
	struct xdr_stream xdr;
	struct dnfs_call call = { .in = &xdr };

	memset(args, 0, sizeof(*args));
	xdr_init_decode(&xdr, &buf, words, NULL);
	return proc->decode(&call, args);
}

static void rquota_decodes(struct kunit *test)
{
	__be32 words[] = {
		cpu_to_be32(5), cpu_to_be32(0x2f646174), cpu_to_be32(0x61000000),
		cpu_to_be32(2), cpu_to_be32(1000),
	};
	struct dnfs_rquota_args args;

	KUNIT_ASSERT_TRUE(test, rquota_decode(dnfs_rquota1_procs[GETQUOTA], words, 4, &args));
	KUNIT_EXPECT_EQ(test, args.len, 5);
	KUNIT_EXPECT_MEMEQ(test, args.path, "/data", 5);
	KUNIT_EXPECT_EQ(test, args.kind, DITTO_QUOTA_USER);
	KUNIT_EXPECT_EQ(test, args.id, 2);
	KUNIT_ASSERT_TRUE(test, rquota_decode(dnfs_rquota2_procs[GETQUOTA], words, 5, &args));
	KUNIT_EXPECT_EQ(test, args.kind, DITTO_QUOTA_PROJECT);
	KUNIT_EXPECT_EQ(test, args.id, 1000);
	for (unsigned int n = 0; n < 4; n++)
		KUNIT_EXPECT_FALSE(test,
				   rquota_decode(dnfs_rquota1_procs[GETQUOTA], words, n, &args));
	for (unsigned int n = 0; n < 5; n++)
		KUNIT_EXPECT_FALSE(test,
				   rquota_decode(dnfs_rquota2_procs[GETQUOTA], words, n, &args));
}

static void refuses_long_paths(struct kunit *test)
{
	const struct dnfs_proc *proc = dnfs_rquota1_procs[GETQUOTA];
	struct dnfs_rquota_args args;
	__be32 *words = kunit_kzalloc(test, 2048, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	words[0] = cpu_to_be32(1024);
	KUNIT_EXPECT_TRUE(test, rquota_decode(proc, words, 512, &args));
	words[0] = cpu_to_be32(1025);
	KUNIT_EXPECT_FALSE(test, rquota_decode(proc, words, 512, &args));
	words[0] = cpu_to_be32(U32_MAX);
	KUNIT_EXPECT_FALSE(test, rquota_decode(proc, words, 512, &args));
}

static void sizes_fit(struct kunit *test)
{
	static const struct {
		u64 bytes;
		u32 bsize;
	} cases[] = {
		{ 0, 1024 },
		{ 1, 1024 },
		{ (u64)S32_MAX << 10, 1024 },
		{ ((u64)S32_MAX << 10) + 1, 2048 },
		{ 1ULL << 42, 4096 },
		{ U64_MAX, BIT(30) },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ditto_quota_report r = { .space = cases[i].bytes };

		KUNIT_EXPECT_EQ(test, dnfs_rquota_bsize(&r), cases[i].bsize);
		r = (struct ditto_quota_report) { .space_hard = cases[i].bytes };
		KUNIT_EXPECT_EQ(test, dnfs_rquota_bsize(&r), cases[i].bsize);
	}
}

static void rquota_encodes(struct kunit *test)
{
	const struct ditto_quota_report report = {
		.enforced = true, .space = 1025, .space_soft = 1, .space_hard = 4096,
		.space_left = 60, .files = 3, .files_soft = 4, .files_hard = 1ULL << 33,
	};
	static const u32 want[] = { 1, 1024, 1, 4, 1, 2, U32_MAX, 4, 3, 60, 0 };
	__be32 words[WORDS];
	struct xdr_buf buf = {
		.head = { { .iov_base = words } }, .buflen = sizeof(words),
	};
	struct xdr_stream xdr;
	struct dnfs_call call = { .xdr = &xdr, .status = 1 };
	const struct dnfs_proc *proc = dnfs_rquota1_procs[GETQUOTA];

	xdr_init_encode(&xdr, &buf, words, NULL);
	KUNIT_ASSERT_TRUE(test, proc->encode(&call, &report));
	KUNIT_ASSERT_EQ(test, buf.len, sizeof(want));
	KUNIT_EXPECT_LE(test, buf.len, proc->max_reply);
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++)
		KUNIT_EXPECT_EQ(test, be32_to_cpu(words[i]), want[i]);
	/* without a report, the status alone */
	buf.len = 0;
	buf.head[0].iov_len = 0;
	call.status = 3;
	xdr_init_encode(&xdr, &buf, words, NULL);
	KUNIT_ASSERT_TRUE(test, proc->encode(&call, &report));
	KUNIT_EXPECT_EQ(test, buf.len, XDR_UNIT);
}

static struct kunit_case rquota_cases[] = {
	KUNIT_CASE(rquota_decodes),
	KUNIT_CASE(refuses_long_paths),
	KUNIT_CASE(sizes_fit),
	KUNIT_CASE(rquota_encodes),
	{}
};

static struct kunit_suite rquota_suite = {
	.name = "ditto_rquota",
	.test_cases = rquota_cases,
};

kunit_test_suite(rquota_suite);
