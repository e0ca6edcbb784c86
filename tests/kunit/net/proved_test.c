// SPDX-License-Identifier: GPL-2.0-only
/* Names that clients have proved, until a connection takes them. */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../../../net/proved.h"
#include "../../../net/server.h"

static int proved_begin(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_proved_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void proved_end(struct kunit *test)
{
	if (test->priv)
		ditto_proved_exit(test->priv);
}

/* Expect that a connection takes a name, or none for NULL. */
static void proved_take(struct kunit *test, u64 cookie, const char *expected)
{
	char *name = ditto_proved_take(test->priv, cookie);

	if (expected)
		KUNIT_EXPECT_STREQ(test, name, expected);
	else
		KUNIT_EXPECT_NULL(test, name);
	kfree(name);
}

static void proved_once(struct kunit *test)
{
	proved_take(test, 7, NULL);
	KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, 7, "Build-7.Example", 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, 8, "kiosk", 0), 0);
	proved_take(test, 9, NULL);
	/* Free entries have no cookie. */
	proved_take(test, 0, NULL);
	proved_take(test, 7, "build-7.example");
	proved_take(test, 7, NULL);
	proved_take(test, 8, "kiosk");
}

/* Names that no connection takes leave no room used up, and displace none that may be taken. */
static void proved_not_taken(struct kunit *test)
{
	/* Jiffies overflow while the names are kept. */
	const unsigned long then = -1, later = then + DITTO_PROVED_TIME;
	const u64 max = DITTO_PROVED_MAX;

	for (u64 cookie = 1; cookie <= max; cookie++)
		KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, cookie, "a", then), 0);
	KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, max + 1, "b", later - 1), -EBUSY);
	proved_take(test, max + 1, NULL);
	proved_take(test, 2, "a");
	KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, max + 1, "b", later - 1), 0);
	proved_take(test, 1, "a");
	proved_take(test, max + 1, "b");
	for (u64 cookie = 1; cookie <= max; cookie++)
		KUNIT_EXPECT_EQ(test, ditto_proved_add(test->priv, max + cookie, "c", later), 0);
	proved_take(test, 3, NULL);
	proved_take(test, 2 * max, "c");
}

static void proved_names(struct kunit *test)
{
	static const char *const bad[] = { "", "a b", "a/b", "*", "a:b", "a\n", "\303\244" };
	char *name = kunit_kzalloc(test, DITTO_PROVED_NAME_MAX + 2, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, name);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, ditto_proved_is_valid(bad[i]), "\"%s\"", bad[i]);
	KUNIT_EXPECT_TRUE(test, ditto_proved_is_valid("a-b_c.D0"));
	memset(name, 'a', DITTO_PROVED_NAME_MAX + 1);
	KUNIT_EXPECT_FALSE(test, ditto_proved_is_valid(name));
	name[DITTO_PROVED_NAME_MAX] = '\0';
	KUNIT_EXPECT_TRUE(test, ditto_proved_is_valid(name));
}

static struct kunit_case proved_cases[] = {
	KUNIT_CASE(proved_once),
	KUNIT_CASE(proved_not_taken),
	KUNIT_CASE(proved_names),
	{}
};

static struct kunit_suite proved_suite = {
	.name = "ditto_proved",
	.init = proved_begin,
	.exit = proved_end,
	.test_cases = proved_cases,
};

kunit_test_suite(proved_suite);
