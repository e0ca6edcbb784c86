// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the helper when there is none, or one that does not listen.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "../../fs/server.h"
#include "../../net/netlink.h"
#include "../../net/settings.h"
#include "../../net/upcall.h"

/* No socket has this port. */
#define NOBODY	(U32_MAX - 7)

static int put_calls;

static int put_uid(struct sk_buff *msg, void *arg)
{
	put_calls++;
	return nla_put_u32(msg, DITTO_A_UPCALL_UID, 1);
}

static int put_too_much(struct sk_buff *msg, void *arg)
{
	return -EMSGSIZE;
}

static int got_nothing(struct genl_info *info, void *arg)
{
	return 0;
}

static int ask(struct kunit *test)
{
	return ditto_upcall(test->priv, DITTO_UPCALL_GROUPS, put_uid, got_nothing, NULL);
}

static void without_a_helper(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, ditto_upcall_has_helper(test->priv));
	KUNIT_EXPECT_EQ(test, ask(test), -ECONNREFUSED);
	/* Not even written. */
	KUNIT_EXPECT_EQ(test, put_calls, 0);
}

static void one_helper_at_a_time(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY - 1), -EBUSY);
	ditto_upcall_portid_gone(test->priv, NOBODY - 1);
	KUNIT_EXPECT_TRUE(test, ditto_upcall_has_helper(test->priv));
	ditto_upcall_portid_gone(test->priv, NOBODY);
	KUNIT_EXPECT_FALSE(test, ditto_upcall_has_helper(test->priv));
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY - 1), 0);
}

static void helper_that_is_not_there(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ask(test), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, put_calls, 1);
	KUNIT_EXPECT_EQ(test, ditto_upcall(test->priv, DITTO_UPCALL_GROUPS, put_too_much,
					   got_nothing, NULL), -EMSGSIZE);
}

static void answers_nobody_waits_for(struct kunit *test)
{
	struct {
		struct nlattr attr;
		u64 id;
	} __packed id = {
		.attr = { .nla_type = DITTO_A_UPCALL_ID, .nla_len = nla_attr_size(sizeof(u64)) },
		.id = U64_MAX,
	};
	struct nlattr *attrs[DITTO_A_UPCALL_MAX + 1] = { [DITTO_A_UPCALL_ID] = &id.attr };
	struct netlink_ext_ack extack = {};
	struct genl_info info = { .attrs = attrs, .snd_portid = NOBODY, .extack = &extack };

	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -EPERM);
	KUNIT_EXPECT_EQ(test, ditto_upcall_register(test->priv, NOBODY), 0);
	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -ENOENT);
	id.id = 1;
	KUNIT_EXPECT_EQ(test, ditto_upcall_reply(test->priv, &info), -ENOENT);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
}

static int upcall_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(srv), 0);
	put_calls = 0;
	test->priv = srv;
	return 0;
}

static void upcall_test_exit(struct kunit *test)
{
	ditto_upcalls_exit(test->priv);
}

static struct kunit_case upcall_cases[] = {
	KUNIT_CASE(without_a_helper),
	KUNIT_CASE(one_helper_at_a_time),
	KUNIT_CASE(helper_that_is_not_there),
	KUNIT_CASE(answers_nobody_waits_for),
	{}
};

static struct kunit_suite upcall_suite = {
	.name = "ditto_upcall",
	.init = upcall_test_init,
	.exit = upcall_test_exit,
	.test_cases = upcall_cases,
};

kunit_test_suite(upcall_suite);
