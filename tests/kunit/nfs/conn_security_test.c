// SPDX-License-Identifier: GPL-2.0-only
/* The connections that a share accepts, by their TLS state and the program that is called. */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/sunrpc/svc_xprt.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/rpc/target.h"
#include "../../../fs/nfs/share_options.h"

static void flags_of_a_connection(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(0), DNFS_CONN_PLAIN);
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(BIT(XPT_TLS_SESSION)), DNFS_CONN_TLS);
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(BIT(XPT_TLS_SESSION) | BIT(XPT_PEER_AUTH)),
			DNFS_CONN_MTLS);
	/* A certificate without a session proves nothing. */
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(BIT(XPT_PEER_AUTH)), DNFS_CONN_PLAIN);
	KUNIT_EXPECT_EQ(test, dnfs_conn_security(BIT(XPT_HANDSHAKE) | BIT(XPT_DATA)),
			DNFS_CONN_PLAIN);
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

static struct kunit_case conn_security_cases[] = {
	KUNIT_CASE(flags_of_a_connection),
	KUNIT_CASE(shares_and_connections),
	{}
};

static struct kunit_suite conn_security_suite = {
	.name = "ditto_conn_security",
	.test_cases = conn_security_cases,
};

kunit_test_suite(conn_security_suite);
