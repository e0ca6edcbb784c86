// SPDX-License-Identifier: GPL-2.0-only
/* The clients of connections in NFSv4.0, and how connections in the same memory are told apart. */
#include <kunit/test.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/string.h>
#include <linux/sunrpc/addr.h>

#include "../../../fs/nfs/v4/deleg/caller.h"

#define PORT	900

/* Addresses of a connection, one after the other in the same memory; all differ. */
static const struct {
	const char *addr;
	u16 port;
	u32 scope;
} ends[] = {
	{ "192.0.2.1", PORT },
	{ "192.0.2.1", PORT + 1 },
	{ "192.0.2.2", PORT },
	{ "198.51.100.1", PORT },
	{ "2001:db8::1", PORT },
	{ "2001:db8::2", PORT },
	{ "fe80::1", PORT, 2 },
	{ "fe80::1", PORT, 3 },
};

static_assert(ARRAY_SIZE(ends) <= DNFS4_CALLERS_PER_CONN);

static const struct sockaddr *caller_addr(struct kunit *test, unsigned int i)
{
	struct sockaddr_storage *ss = kunit_kzalloc(test, sizeof(*ss), GFP_KERNEL);
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	KUNIT_ASSERT_NOT_NULL(test, ss);
	if (strchr(ends[i].addr, ':')) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_scope_id = ends[i].scope;
		KUNIT_ASSERT_EQ(test, in6_pton(ends[i].addr, -1, sin6->sin6_addr.s6_addr, -1,
					       NULL), 1);
	} else {
		sin->sin_family = AF_INET;
		KUNIT_ASSERT_EQ(test, in4_pton(ends[i].addr, -1, (u8 *)&sin->sin_addr, -1, NULL),
				1);
	}
	rpc_set_port((struct sockaddr *)ss, ends[i].port);
	return (struct sockaddr *)ss;
}

/* Only compared. */
static const struct svc_xprt *caller_conn(unsigned long n)
{
	return (const struct svc_xprt *)(n * L1_CACHE_BYTES);
}

static struct dnfs4_callers *caller_table(struct kunit *test)
{
	struct dnfs4_callers *callers = dnfs4_callers_alloc();

	KUNIT_ASSERT_NOT_NULL(test, callers);
	return callers;
}

/* A connection is not taken for another one that had its memory, whatever differs. */
static void caller_by_address(struct kunit *test)
{
	struct dnfs4_callers *callers = caller_table(test);

	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct sockaddr *addr = caller_addr(test, i);

		KUNIT_EXPECT_EQ_MSG(test, dnfs4_caller_id(callers, caller_conn(1), addr), 0,
				    "%s port %u", ends[i].addr, ends[i].port);
		dnfs4_caller_set(callers, caller_conn(1), addr, 100 + i);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++)
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_caller_id(callers, caller_conn(1),
							  caller_addr(test, i)), 100 + i,
				    "%s port %u", ends[i].addr, ends[i].port);
	dnfs4_callers_free(callers);
}

/* A machine has several connections, each with its client, and the last one named counts. */
static void caller_by_connection(struct kunit *test)
{
	struct dnfs4_callers *callers = caller_table(test);
	const struct sockaddr *addr = caller_addr(test, 0);

	dnfs4_caller_set(callers, caller_conn(1), addr, 1);
	KUNIT_EXPECT_EQ(test, dnfs4_caller_id(callers, caller_conn(2), addr), 0);
	dnfs4_caller_set(callers, caller_conn(2), addr, 2);
	dnfs4_caller_set(callers, caller_conn(1), addr, 3);
	KUNIT_EXPECT_EQ(test, dnfs4_caller_id(callers, caller_conn(1), addr), 3);
	KUNIT_EXPECT_EQ(test, dnfs4_caller_id(callers, caller_conn(2), addr), 2);
	dnfs4_callers_free(callers);
}

/* The table does not grow: of too many, the oldest is forgotten, and it may come back. */
static void caller_forgotten(struct kunit *test)
{
	struct dnfs4_callers *callers = caller_table(test);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr *addr = (struct sockaddr *)&sin;

	for (u16 n = 0; n <= DNFS4_CALLERS_PER_CONN; n++) {
		rpc_set_port(addr, PORT + n);
		dnfs4_caller_set(callers, caller_conn(1), addr, 1 + n);
	}
	for (u16 n = 0; n <= DNFS4_CALLERS_PER_CONN; n++) {
		rpc_set_port(addr, PORT + n);
		KUNIT_EXPECT_EQ(test, dnfs4_caller_id(callers, caller_conn(1), addr),
				n ? 1 + n : 0);
	}
	rpc_set_port(addr, PORT);
	dnfs4_caller_set(callers, caller_conn(1), addr, 1);
	KUNIT_EXPECT_EQ(test, dnfs4_caller_id(callers, caller_conn(1), addr), 1);
	dnfs4_callers_free(callers);
}

static struct kunit_case caller_cases[] = {
	KUNIT_CASE(caller_by_address),
	KUNIT_CASE(caller_by_connection),
	KUNIT_CASE(caller_forgotten),
	{}
};

static struct kunit_suite caller_suite = {
	.name = "nfs4_caller",
	.test_cases = caller_cases,
};

kunit_test_suite(caller_suite);
