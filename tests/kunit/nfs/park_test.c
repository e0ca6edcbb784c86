// SPDX-License-Identifier: GPL-2.0-only
/* Copies of calls that wait for data, as sunrpc will find them. */
#include <kunit/test.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>

#include "../../../fs/nfs/rpc/park.h"
#include "../../../fs/nfs/rpc/rpc.h"
#include "../../../fs/share/share.h"

#define WORDS		40
#define ARGS_AT		(12 * XDR_UNIT)

static struct dnfs_rpc_call *call_make(struct kunit *test, struct xdr_buf *buf)
{
	struct dnfs_rpc_call *rc = kunit_kzalloc(test, sizeof(*rc), GFP_KERNEL);
	struct svc_rqst *rqstp = kunit_kzalloc(test, sizeof(*rqstp), GFP_KERNEL);
	__be32 *words = kunit_kzalloc(test, WORDS * XDR_UNIT, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rc);
	KUNIT_ASSERT_NOT_NULL(test, rqstp);
	KUNIT_ASSERT_NOT_NULL(test, words);
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = cpu_to_be32(i);
	*buf = (struct xdr_buf) { .len = WORDS * XDR_UNIT };
	buf->head[0] = (struct kvec) { .iov_base = words, .iov_len = WORDS * XDR_UNIT };
	rqstp->rq_arg_stream.buf = buf;
	rqstp->rq_prot = IPPROTO_TCP;
	rqstp->rq_stime = 77;
	rc->rqstp = rqstp;
	rc->args = ARGS_AT;
	rc->call.sec = DITTO_SEC_SYS;
	rc->call.started = 33;
	return rc;
}

/* The whole request is copied, and the time of its arrival is known at the second execution. */
static void whole_requests(struct kunit *test)
{
	struct xdr_buf buf;
	struct dnfs_rpc_call *rc = call_make(test, &buf);
	struct svc_deferred_req *req = dnfs_park_copy(rc, jiffies + HZ);

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, req->argslen, WORDS);
	KUNIT_EXPECT_EQ(test, req->prot, IPPROTO_TCP);
	KUNIT_EXPECT_MEMEQ(test, req->args, buf.head[0].iov_base, WORDS * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, dnfs_park_started(rc->rqstp), 77);
	rc->rqstp->rq_deferred = req;
	KUNIT_EXPECT_EQ(test, dnfs_park_started(rc->rqstp), 33);
	/* One that sunrpc has deferred. */
	req->handle.owner = rc;
	KUNIT_EXPECT_EQ(test, dnfs_park_started(rc->rqstp), 77);
	kfree(req);
}

/* sunrpc finds the arguments of a call with integrity where those of others are. */
static void integrity_is_cut(struct kunit *test)
{
	static const u32 secs[] = { DITTO_SEC_KRB5, DITTO_SEC_KRB5I, DITTO_SEC_KRB5P };
	struct xdr_buf buf;
	struct dnfs_rpc_call *rc = call_make(test, &buf);

	for (unsigned int i = 0; i < ARRAY_SIZE(secs); i++) {
		unsigned int cut = secs[i] == DITTO_SEC_KRB5I ? 2 : 0;
		struct svc_deferred_req *req;

		rc->call.sec = secs[i];
		req = dnfs_park_copy(rc, jiffies);
		KUNIT_ASSERT_NOT_NULL(test, req);
		KUNIT_EXPECT_EQ(test, req->argslen, WORDS - cut);
		for (unsigned int j = 0; j < req->argslen; j++)
			KUNIT_EXPECT_EQ(test, be32_to_cpu(req->args[j]),
					j < ARGS_AT / XDR_UNIT - cut ? j : j + cut);
		kfree(req);
	}
}

/* A call that is longer, in several pieces, or not as it should be is not copied. */
static void not_copied(struct kunit *test)
{
	struct xdr_buf buf;
	struct dnfs_rpc_call *rc = call_make(test, &buf);

	buf.len = buf.head[0].iov_len + XDR_UNIT;
	KUNIT_EXPECT_NULL(test, dnfs_park_copy(rc, jiffies));
	buf.len = DNFS_PARK_BYTES + XDR_UNIT;
	buf.head[0].iov_len = buf.len;
	KUNIT_EXPECT_NULL(test, dnfs_park_copy(rc, jiffies));
	buf.len = ARGS_AT - XDR_UNIT;
	KUNIT_EXPECT_NULL(test, dnfs_park_copy(rc, jiffies));
	buf.len = WORDS * XDR_UNIT;
	rc->args = XDR_UNIT;
	rc->call.sec = DITTO_SEC_KRB5I;
	KUNIT_EXPECT_NULL(test, dnfs_park_copy(rc, jiffies));
}

static struct kunit_case park_cases[] = {
	KUNIT_CASE(whole_requests),
	KUNIT_CASE(integrity_is_cut),
	KUNIT_CASE(not_copied),
	{}
};

static struct kunit_suite park_suite = {
	.name = "ditto_nfs_park",
	.test_cases = park_cases,
};

kunit_test_suite(park_suite);
