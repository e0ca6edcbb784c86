// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings: limits, defaults, and all or nothing.
 */
#include <kunit/test.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "../../../net/listener.h"
#include "../../../net/nl/family.h"
#include "../../../net/nl/settings.h"
#include "../../../net/server.h"

/* Defaults and ranges of the netlink specification. */
static const struct limit {
	const char *name;
	int attr;
	bool is_u8;
	u32 min;
	u32 max;
	u32 initial;
} limits[] = {
	{ "threads", DITTO_A_SERVER_THREADS, false, 0, 1024, 0 },
	{ "max-connections", DITTO_A_SERVER_MAX_CONNECTIONS, false, 1, 65536, 1024 },
	{ "node-limit", DITTO_A_SERVER_NODE_LIMIT, false, 16, 16777216, 65536 },
	{ "file-limit", DITTO_A_SERVER_FILE_LIMIT, false, 16, 1048576, 1024 },
	{ "file-idle-ms", DITTO_A_SERVER_FILE_IDLE_MS, false, 10, 3600000, 2000 },
	{ "drain-ms", DITTO_A_SERVER_DRAIN_MS, false, 100, 600000, 30000 },
	{ "upcall-ms", DITTO_A_SERVER_UPCALL_MS, false, 10, 60000, 5000 },
	{ "name-ttl-s", DITTO_A_SERVER_NAME_TTL_S, false, 1, 86400, 300 },
	{ "name-negative-ttl-s", DITTO_A_SERVER_NAME_NEGATIVE_TTL_S, false, 1, 86400, 30 },
	{ "udp", DITTO_A_SERVER_UDP, true, 0, 1, 0 },
	{ "require-signing", DITTO_A_SERVER_REQUIRE_SIGNING, true, 0, 1, 0 },
	{ "encryption", DITTO_A_SERVER_ENCRYPTION, false, 0, 2, DITTO_ENCRYPTION_OFFERED },
	{ "min-dialect", DITTO_A_SERVER_MIN_DIALECT, false, 0x0202, 0x0311, DITTO_MIN_DIALECT },
	{ "delegations", DITTO_A_SERVER_DELEGATIONS, true, 0, 1, 1 },
	{ "session-slots", DITTO_A_SERVER_SESSION_SLOTS, false, 1, 1024, 128 },
	{ "silence-s", DITTO_A_SERVER_SILENCE_S, false, 4, 7200, 60 },
	{ "break-wait-ms", DITTO_A_SERVER_BREAK_WAIT_MS, false, 0, 10000, 50 },
	{ "sessions-per-connection", DITTO_A_SERVER_SESSIONS_PER_CONNECTION, false, 1, 65536,
	  1024 },
	{ "restrict-anonymous", DITTO_A_SERVER_RESTRICT_ANONYMOUS, true, 0, 1, 1 },
	{ "login-delay-ms", DITTO_A_SERVER_LOGIN_DELAY_MS, false, 0, 10000, 500 },
	{ "budget-memory-mib", DITTO_A_SERVER_BUDGET_MEMORY_MIB, false, 0, 16777216,
	  0 },
	{ "budget-user-mib", DITTO_A_SERVER_BUDGET_USER_MIB, false, 0, 16777216,
	  0 },
	{ "budget-anonymous-mib", DITTO_A_SERVER_BUDGET_ANONYMOUS_MIB, false, 0, 16777216,
	  0 },
	{ "budget-unproven-kib", DITTO_A_SERVER_BUDGET_UNPROVEN_KIB, false, 0, 16777216,
	  0 },
	{ "budget-connections", DITTO_A_SERVER_BUDGET_CONNECTIONS, false, 0, 65536,
	  0 },
	{ "budget-opens", DITTO_A_SERVER_BUDGET_OPENS, false, 0, 16777216,
	  0 },
	{ "sessions-per-client", DITTO_A_SERVER_SESSIONS_PER_CLIENT, false, 1, 1024, 64 },
};

static void limit_desc(const struct limit *limit, char *desc)
{
	strscpy(desc, limit->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limit, limits, limit_desc);

/* The attribute of a setting, in a message that the test owns. */
static struct nlattr *attr_make(struct kunit *test, const struct limit *limit, u32 value)
{
	struct nlattr *attr = kunit_kzalloc(test, nla_total_size(sizeof(value)), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, attr);
	attr->nla_type = limit->attr;
	attr->nla_len = nla_attr_size(limit->is_u8 ? sizeof(u8) : sizeof(u32));
	if (limit->is_u8)
		*(u8 *)nla_data(attr) = value;
	else
		*(u32 *)nla_data(attr) = value;
	return attr;
}

static int attr_check(struct kunit *test, const struct limit *limit, u32 value)
{
	const struct genl_split_ops *op = ditto_nl_op(DITTO_CMD_SERVER_SET);
	struct nlattr *attr = attr_make(test, limit, value);

	KUNIT_ASSERT_NOT_NULL(test, op);
	return nla_validate(attr, nla_total_size(attr->nla_len - NLA_HDRLEN), op->maxattr,
			    op->policy, NULL);
}

static void policy_limits(struct kunit *test)
{
	const struct limit *limit = test->param_value;

	KUNIT_EXPECT_EQ(test, attr_check(test, limit, limit->min), 0);
	KUNIT_EXPECT_EQ(test, attr_check(test, limit, limit->max), 0);
	KUNIT_EXPECT_EQ(test, attr_check(test, limit, limit->initial), 0);
	KUNIT_EXPECT_EQ(test, attr_check(test, limit, limit->max + 1), -ERANGE);
	if (limit->min)
		KUNIT_EXPECT_EQ(test, attr_check(test, limit, limit->min - 1), -ERANGE);
}

/* Read a setting from a message. */
static u32 setting_told(struct kunit *test, const struct limit *limit)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	struct sk_buff *msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	u32 value;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	KUNIT_ASSERT_EQ(test, ditto_settings_put(msg, test->priv), 0);
	KUNIT_ASSERT_EQ(test, nla_parse(tb, DITTO_A_SERVER_MAX, (void *)msg->data, msg->len,
					NULL, NULL), 0);
	KUNIT_ASSERT_NOT_NULL(test, tb[limit->attr]);
	value = limit->is_u8 ? nla_get_u8(tb[limit->attr]) : nla_get_u32(tb[limit->attr]);
	nlmsg_free(msg);
	return value;
}

static int setting_set(struct kunit *test, const struct limit *limit, u32 value)
{
	struct nlattr *attrs[DITTO_A_SERVER_MAX + 1] = {};

	attrs[limit->attr] = attr_make(test, limit, value);
	return ditto_settings_set(test->priv, attrs, NULL);
}

static void set_and_told(struct kunit *test)
{
	const struct limit *limit = test->param_value;

	KUNIT_EXPECT_EQ(test, setting_told(test, limit), limit->initial);
	KUNIT_EXPECT_EQ(test, setting_set(test, limit, limit->max), 0);
	KUNIT_EXPECT_EQ(test, setting_told(test, limit), limit->max);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (&limits[i] != limit)
			KUNIT_EXPECT_EQ_MSG(test, setting_told(test, &limits[i]),
					    limits[i].initial, "%s", limits[i].name);
}

static int told;
static u32 told_threads;

static int picky_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	return 0;
}

static void picky_close(struct ditto_listener *listener)
{
}

static int picky_settings(struct ditto_server *srv)
{
	told++;
	told_threads = srv->settings.threads;
	return srv->settings.threads > 100 ? -ENOMEM : 0;
}

static struct ditto_protocol picky = {
	.owner = THIS_MODULE,
	.name = "kunit",
	.default_port = 1,
	.transports = BIT(DITTO_TRANSPORT_TCP),
	.listen = picky_listen,
	.close = picky_close,
	.settings_changed = picky_settings,
};

static void all_or_nothing(struct kunit *test)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };
	struct ditto_server *srv = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&picky), 0);
	KUNIT_ASSERT_EQ(test, ditto_listener_add(srv, "kunit", DITTO_TRANSPORT_TCP, &any, &id,
						 NULL), 0);
	told = 0;
	KUNIT_EXPECT_EQ(test, setting_set(test, &limits[0], 100), 0);
	KUNIT_EXPECT_EQ(test, told, 1);
	/* A setting with its present value is reported again: other programs may lose it. */
	KUNIT_EXPECT_EQ(test, setting_set(test, &limits[0], 100), 0);
	KUNIT_EXPECT_EQ(test, told, 2);

	KUNIT_EXPECT_EQ(test, setting_set(test, &limits[0], 101), -ENOMEM);
	KUNIT_EXPECT_EQ(test, srv->settings.threads, 100);
	KUNIT_EXPECT_EQ(test, told_threads, 100);
	ditto_protocol_unregister(&picky);
}

static int settings_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_listeners_init(srv), 0);
	test->priv = srv;
	return 0;
}

static void settings_test_exit(struct kunit *test)
{
	ditto_listeners_exit(test->priv);
}

static struct kunit_case settings_cases[] = {
	KUNIT_CASE_PARAM(policy_limits, limit_gen_params),
	KUNIT_CASE_PARAM(set_and_told, limit_gen_params),
	KUNIT_CASE(all_or_nothing),
	{}
};

static struct kunit_suite settings_suite = {
	.name = "ditto_settings",
	.init = settings_test_init,
	.exit = settings_test_exit,
	.test_cases = settings_cases,
};

kunit_test_suite(settings_suite);
