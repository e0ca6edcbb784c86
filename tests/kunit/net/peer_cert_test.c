// SPDX-License-Identifier: GPL-2.0-only
/* Names that clients have proved, until a connection takes them. */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../../../net/peer_cert.h"
#include "../../../net/server.h"

static int peer_cert_begin(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_peer_cert_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void peer_cert_end(struct kunit *test)
{
	if (test->priv)
		ditto_peer_cert_exit(test->priv);
}

/* Expect that a connection takes a name, or none for NULL. */
static void peer_cert_take(struct kunit *test, u64 cookie, const char *expected)
{
	char *name = ditto_peer_cert_take(test->priv, cookie);

	if (expected)
		KUNIT_EXPECT_STREQ(test, name, expected);
	else
		KUNIT_EXPECT_NULL(test, name);
	kfree(name);
}

static void peer_cert_once(struct kunit *test)
{
	peer_cert_take(test, 7, NULL);
	KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, 7, "Build-7.Example", 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, 8, "kiosk", 0), 0);
	peer_cert_take(test, 9, NULL);
	/* Free entries have no cookie. */
	peer_cert_take(test, 0, NULL);
	peer_cert_take(test, 7, "build-7.example");
	peer_cert_take(test, 7, NULL);
	peer_cert_take(test, 8, "kiosk");
}

/* Names that no connection takes leave no room used up, and displace none that may be taken. */
static void peer_cert_not_taken(struct kunit *test)
{
	/* Jiffies overflow while the names are kept. */
	const unsigned long then = -1, later = then + DITTO_PEER_CERT_TIME;
	const u64 max = DITTO_PEER_CERT_MAX;

	for (u64 cookie = 1; cookie <= max; cookie++)
		KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, cookie, "a", then), 0);
	KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, max + 1, "b", later - 1), -EBUSY);
	peer_cert_take(test, max + 1, NULL);
	peer_cert_take(test, 2, "a");
	KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, max + 1, "b", later - 1), 0);
	peer_cert_take(test, 1, "a");
	peer_cert_take(test, max + 1, "b");
	for (u64 cookie = 1; cookie <= max; cookie++)
		KUNIT_EXPECT_EQ(test, ditto_peer_cert_add(test->priv, max + cookie, "c", later), 0);
	peer_cert_take(test, 3, NULL);
	peer_cert_take(test, 2 * max, "c");
}

static void peer_cert_names(struct kunit *test)
{
	static const char *const bad[] = { "", "a b", "a/b", "*", "a:b", "a\n", "\303\244" };
	char *name = kunit_kzalloc(test, DITTO_PEER_CERT_NAME_MAX + 2, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, name);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, ditto_peer_cert_is_valid(bad[i]), "\"%s\"", bad[i]);
	KUNIT_EXPECT_TRUE(test, ditto_peer_cert_is_valid("a-b_c.D0"));
	memset(name, 'a', DITTO_PEER_CERT_NAME_MAX + 1);
	KUNIT_EXPECT_FALSE(test, ditto_peer_cert_is_valid(name));
	name[DITTO_PEER_CERT_NAME_MAX] = '\0';
	KUNIT_EXPECT_TRUE(test, ditto_peer_cert_is_valid(name));
}

static struct kunit_case peer_cert_cases[] = {
	KUNIT_CASE(peer_cert_once),
	KUNIT_CASE(peer_cert_not_taken),
	KUNIT_CASE(peer_cert_names),
	{}
};

static struct kunit_suite peer_cert_suite = {
	.name = "ditto_peer_cert",
	.init = peer_cert_begin,
	.exit = peer_cert_end,
	.test_cases = peer_cert_cases,
};

kunit_test_suite(peer_cert_suite);
