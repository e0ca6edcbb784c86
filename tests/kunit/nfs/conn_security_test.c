// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connections that a share accepts, by their TLS state and the program that is called, and the
 * order of the flavours that it names.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/sunrpc/msg_prot.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/rpc/target.h"
#include "../../../fs/nfs/share_options.h"

/* A call that came before the handshake stays one without TLS, whatever the connection is now. */
static void calls_and_handshakes(struct kunit *test)
{
	struct svc_rqst *rqstp = kunit_kzalloc(test, sizeof(*rqstp), GFP_KERNEL);
	struct svc_xprt *xprt = kunit_kzalloc(test, sizeof(*xprt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rqstp);
	KUNIT_ASSERT_NOT_NULL(test, xprt);
	rqstp->rq_xprt = xprt;
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(rqstp), DNFS_CONN_PLAIN);
	xprt->xpt_flags = BIT(XPT_TLS_SESSION) | BIT(XPT_PEER_AUTH);
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(rqstp), DNFS_CONN_PLAIN);
	rqstp->rq_xprt_ctxt = dnfs_conn_tls_ctxt;
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(rqstp), DNFS_CONN_MTLS);
	xprt->xpt_flags = BIT(XPT_TLS_SESSION);
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(rqstp), DNFS_CONN_TLS);
	/* That of a datagram is a buffer. */
	rqstp->rq_xprt_ctxt = rqstp;
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(rqstp), DNFS_CONN_PLAIN);
}

/* The name of a certificate ends with its connection; the address does not take its place. */
static void calls_and_names(struct kunit *test)
{
	struct svc_rqst *rqstp = kunit_kzalloc(test, sizeof(*rqstp), GFP_KERNEL);
	struct svc_xprt *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);
	struct ditto_peer *peer;

	KUNIT_ASSERT_NOT_NULL(test, rqstp);
	KUNIT_ASSERT_NOT_NULL(test, closed);
	spin_lock_init(&closed->xpt_lock);
	INIT_LIST_HEAD(&closed->xpt_users);
	rqstp->rq_xprt = closed;
	KUNIT_EXPECT_TRUE(test, dnfs_conn_peer(rqstp, &peer));
	rqstp->rq_xprt_ctxt = dnfs_conn_tls_ctxt;
	closed->xpt_flags = BIT(XPT_TLS_SESSION);
	KUNIT_EXPECT_TRUE(test, dnfs_conn_peer(rqstp, &peer));
	KUNIT_EXPECT_NULL(test, peer);
	closed->xpt_flags |= BIT(XPT_PEER_AUTH);
	KUNIT_EXPECT_FALSE(test, dnfs_conn_peer(rqstp, &peer));
	KUNIT_EXPECT_NULL(test, peer);
}

/* Each kind of connection needs its own bit: a share with "tls" alone accepts no certificates. */
static void shares_and_connections(struct kunit *test)
{
	static const u32 kinds[] = { DNFS_CONN_PLAIN, DNFS_CONN_TLS, DNFS_CONN_MTLS };
	const u32 all = DNFS_CONN_PLAIN | DNFS_CONN_TLS | DNFS_CONN_MTLS;
	static const struct dnfs_program programs[] = { {}, { .any_conn = true } };
	struct dnfs_call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, call);
	for (u32 xprtsec = 1; xprtsec <= all; xprtsec++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
			call->security = kinds[i];
			call->program = &programs[0];
			KUNIT_EXPECT_EQ_MSG(test, dnfs_accepts_conn(call, xprtsec),
					    !!(xprtsec & kinds[i]), "share %u, connection %u",
					    xprtsec, kinds[i]);
			call->program = &programs[1];
			KUNIT_EXPECT_TRUE(test, dnfs_accepts_conn(call, xprtsec));
		}
	}
}

/* The strongest flavour comes first, unless another one is to. */
static void flavours_ordered(struct kunit *test)
{
	static const u32 strongest[] = { RPC_AUTH_GSS_KRB5P, RPC_AUTH_GSS_KRB5, RPC_AUTH_UNIX };
	static const u32 krb5[] = { RPC_AUTH_GSS_KRB5, RPC_AUTH_GSS_KRB5P, RPC_AUTH_UNIX };
	const u32 sec = DITTO_SEC_SYS | DITTO_SEC_KRB5 | DITTO_SEC_KRB5P;
	u32 flavor[DNFS_FLAVORS];

	KUNIT_EXPECT_EQ(test, dnfs_flavors(sec, 0, flavor), ARRAY_SIZE(strongest));
	KUNIT_EXPECT_MEMEQ(test, flavor, strongest, sizeof(strongest));
	KUNIT_EXPECT_EQ(test, dnfs_flavors(sec, DITTO_SEC_KRB5, flavor), ARRAY_SIZE(krb5));
	KUNIT_EXPECT_MEMEQ(test, flavor, krb5, sizeof(krb5));
	/* One that is not accepted is not named. */
	KUNIT_EXPECT_EQ(test, dnfs_flavors(sec, DITTO_SEC_NONE, flavor), ARRAY_SIZE(strongest));
	KUNIT_EXPECT_MEMEQ(test, flavor, strongest, sizeof(strongest));
}

static struct kunit_case conn_security_cases[] = {
	KUNIT_CASE(flavours_ordered),
	KUNIT_CASE(calls_and_handshakes),
	KUNIT_CASE(calls_and_names),
	KUNIT_CASE(shares_and_connections),
	{}
};

static struct kunit_suite conn_security_suite = {
	.name = "ditto_conn_security",
	.test_cases = conn_security_cases,
};

kunit_test_suite(conn_security_suite);
