// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings: their descriptions, limits, defaults, and all or nothing. The settings of protocols
 * are those of the modules, in the initial namespace.
 */
#include <kunit/test.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "../../../net/listener.h"
#include "../../../net/nl/family.h"
#include "../../../net/nl/settings.h"
#include "../../../net/server.h"

/* Ranges that the documentation promises to administrators. */
static const struct limit {
	const char *owner;
	const char *name;
	u32 min;
	u32 max;
	u32 initial;
} limits[] = {
	{ "core", "max-connections", 1, 65536, 1024 },
	{ "core", "node-limit", 0, 16777216, 0 },
	{ "core", "file-limit", 0, 1048576, 0 },
	{ "core", "file-idle-ms", 10, 3600000, 2000 },
	{ "core", "drain-ms", 100, 600000, 30000 },
	{ "core", "upcall-ms", 10, 60000, 5000 },
	{ "core", "name-ttl-s", 1, 86400, 300 },
	{ "core", "name-negative-ttl-s", 1, 86400, 30 },
	{ "core", "lease-time-s", 5, 3600, 90 },
	{ "core", "grace-s", 0, 3600, 90 },
	{ "core", "waits-per-node", 1, 65536, 100 },
	{ "core", "claims-per-client", 1, 16777216, 1048576 },
	{ "core", "recall-pause-s", 0, 3600, 30 },
	{ "core", "max-delegations", 0, 16777216, 1048576 },
	{ "core", "delegations-per-client", 0, 16777216, 65536 },
	{ "core", "delegations", 0, 1, 1 },
	{ "core", "break-wait-ms", 0, 10000, 50 },
	{ "core", "login-delay-ms", 0, 10000, 500 },
	{ "core", "budget-memory-mib", 0, 16777216, 0 },
	{ "core", "budget-user-mib", 0, 16777216, 0 },
	{ "core", "budget-anonymous-mib", 0, 16777216, 0 },
	{ "core", "budget-unproven-kib", 0, 16777216, 0 },
	{ "core", "budget-connections", 0, 65536, 0 },
	{ "core", "budget-opens", 0, 16777216, 0 },
	{ "core", "offload-recall-ms", 100, 3600000, 120000 },
	{ "core", "offload-recalls", 1, 1024, 16 },
	{ "core", "offload-read-ahead", 0, 64, 8 },
	{ "nfs", "threads", 0, 1024, 0 },
	{ "nfs", "udp", 0, 1, 0 },
	{ "nfs", "session-slots", 1, 1024, 128 },
	{ "nfs", "sessions-per-client", 1, 1024, 64 },
	{ "nfs", "copy-sync-kib", 64, 1048576, 8192 },
	{ "nfs", "offload-wait-ms", 0, 60000, 3000 },
	{ "nfs", "share-paths", 0, 1, 1 },
	{ "nfs", "fast-path", 0, 1, 1 },
	{ "smb", "require-signing", 0, 1, 0 },
	{ "smb", "require-ntlm-signing", 0, 1, 1 },
	{ "smb", "encryption", 0, 2, 1 },
	{ "smb", "compression", 0, 1, 1 },
	{ "smb", "min-dialect", 0x0202, 0x0311, 0x0202 },
	{ "smb", "durable-s", 0, 300, 60 },
	{ "smb", "silence-s", 4, 7200, 60 },
	{ "smb", "sessions-per-connection", 1, 65536, 1024 },
	{ "smb", "restrict-anonymous", 0, 1, 1 },
};

static void limit_desc(const struct limit *limit, char *desc)
{
	strscpy(desc, limit->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limit, limits, limit_desc);

/* A walk of all settings. */
struct walk {
	struct kunit *test;
	const char *seen[ARRAY_SIZE(limits) + 8];
	unsigned int count;
	const struct limit *limit;
	const struct ditto_setting_desc *desc;
	u32 value;
};

static int walk_check(const struct ditto_setting_owner *owner,
		      const struct ditto_setting_desc *desc, u32 value, void *arg)
{
	struct walk *walk = arg;
	struct kunit *test = walk->test;
	unsigned int names = 1;

	KUNIT_ASSERT_LT(test, walk->count, ARRAY_SIZE(walk->seen));
	for (unsigned int i = 0; i < walk->count; i++)
		KUNIT_EXPECT_STRNEQ(test, walk->seen[i], desc->name);
	walk->seen[walk->count++] = desc->name;
	KUNIT_EXPECT_LE(test, strlen(desc->name), 31);
	KUNIT_EXPECT_LE_MSG(test, desc->min, desc->initial, "%s", desc->name);
	KUNIT_EXPECT_LE_MSG(test, desc->initial, desc->max, "%s", desc->name);
	for (const char *p = desc->values; *p; p++)
		names += *p == '|';
	if (desc->kind == DITTO_SETTING_ENUM)
		KUNIT_EXPECT_EQ_MSG(test, names, desc->max + 1, "%s", desc->name);
	else
		KUNIT_EXPECT_EQ_MSG(test, names, 1, "%s", desc->name);
	if (desc->kind == DITTO_SETTING_BOOL || desc->kind == DITTO_SETTING_ENUM)
		KUNIT_EXPECT_EQ_MSG(test, desc->min, 0, "%s", desc->name);
	if (desc->kind == DITTO_SETTING_BOOL)
		KUNIT_EXPECT_EQ_MSG(test, desc->max, 1, "%s", desc->name);
	return 0;
}

static void settings_described(struct kunit *test)
{
	struct walk walk = { .test = test };

	KUNIT_EXPECT_EQ(test, ditto_settings_for_each(test->priv, walk_check, &walk), 0);
	KUNIT_EXPECT_EQ(test, walk.count, ARRAY_SIZE(limits));
}

static int walk_find(const struct ditto_setting_owner *owner,
		     const struct ditto_setting_desc *desc, u32 value, void *arg)
{
	struct walk *walk = arg;

	if (strcmp(owner->name, walk->limit->owner) || strcmp(desc->name, walk->limit->name))
		return 0;
	walk->desc = desc;
	walk->value = value;
	return 1;
}

/* Check the description of a setting and return its value. */
static u32 setting_told(struct kunit *test, const struct limit *limit)
{
	struct walk walk = { .limit = limit };

	KUNIT_ASSERT_EQ_MSG(test, ditto_settings_for_each(test->priv, walk_find, &walk), 1,
			    "%s", limit->name);
	KUNIT_EXPECT_EQ(test, walk.desc->min, limit->min);
	KUNIT_EXPECT_EQ(test, walk.desc->max, limit->max);
	KUNIT_EXPECT_EQ(test, walk.desc->initial, limit->initial);
	return walk.value;
}

static int setting_set(struct kunit *test, const char *owner, const char *name, u32 value,
		       struct netlink_ext_ack *extack)
{
	struct ditto_setting_change change = { .owner = owner, .name = name, .value = value };

	return ditto_settings_set(test->priv, &change, 1, NULL, extack);
}

static void set_refused(struct kunit *test, const struct limit *limit, u32 value)
{
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, limit->name, value, &extack), -ERANGE);
	KUNIT_ASSERT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg, limit->name));
}

static void set_and_told(struct kunit *test)
{
	const struct limit *limit = test->param_value;

	KUNIT_EXPECT_EQ(test, setting_told(test, limit), limit->initial);
	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, limit->name, limit->min, NULL), 0);
	KUNIT_EXPECT_EQ(test, setting_told(test, limit), limit->min);
	KUNIT_EXPECT_EQ(test, setting_set(test, limit->owner, limit->name, limit->max, NULL), 0);
	set_refused(test, limit, limit->max + 1);
	set_refused(test, limit, U32_MAX);
	if (limit->min)
		set_refused(test, limit, limit->min - 1);
	KUNIT_EXPECT_EQ(test, setting_told(test, limit), limit->max);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (&limits[i] != limit)
			KUNIT_EXPECT_EQ_MSG(test, setting_told(test, &limits[i]),
					    limits[i].initial, "%s", limits[i].name);
	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, limit->name, limit->initial, NULL), 0);
}

static void unknown_refused(struct kunit *test)
{
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, "nosuch", 1, &extack), -ENOENT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg, "nosuch"));
	KUNIT_EXPECT_EQ(test, setting_set(test, "core", "min-dialect", 0x0202, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, setting_set(test, "ftp", "threads", 1, &extack), -EPROTONOSUPPORT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg, "modprobe ditto_ftp"));
}

/* Values that are no 32-bit numbers, and names that are no strings, do not pass the policy. */
static void wrong_types_refused(struct kunit *test)
{
	const struct genl_split_ops *op = ditto_nl_op(DITTO_CMD_SERVER_SET);
	struct sk_buff *msg;
	struct nlattr *nest;

	KUNIT_ASSERT_NOT_NULL(test, op);
	for (unsigned int wrong = 0; wrong < 4; wrong++) {
		msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, msg);
		nest = nla_nest_start(msg, DITTO_A_SERVER_SETTING);
		if (wrong == 1)
			nla_put_string(msg, DITTO_A_SETTING_CHANGE_NAME,
				       "a-name-of-more-than-thirty-one-bytes");
		else
			nla_put_string(msg, DITTO_A_SETTING_CHANGE_NAME, "threads");
		if (wrong == 2)
			nla_put_u8(msg, DITTO_A_SETTING_CHANGE_VALUE, 1);
		else if (wrong == 3)
			nla_put_string(msg, DITTO_A_SETTING_CHANGE_VALUE, "some");
		else
			nla_put_u32(msg, DITTO_A_SETTING_CHANGE_VALUE, 1);
		nla_nest_end(msg, nest);
		KUNIT_EXPECT_EQ_MSG(test, nla_validate((void *)msg->data, msg->len, op->maxattr,
						       op->policy, NULL) != 0, wrong != 0,
				    "%u", wrong);
		nlmsg_free(msg);
	}
}

static const struct ditto_setting_desc twice_descs[] = {
	{ .name = "kunit-one", .max = 1, .values = "" },
	{ .name = "threads", .max = 1, .values = "" },
};

static void *twice_of(const struct ditto_server *srv)
{
	return NULL;
}

static void names_are_unique(struct kunit *test)
{
	struct ditto_setting_owner twice = {
		.name = "kunit",
		.descs = twice_descs,
		.count = ARRAY_SIZE(twice_descs),
		.of = twice_of,
	};

	KUNIT_EXPECT_EQ(test, ditto_settings_register(&twice), -EEXIST);
}

/* Two protocols: the first cannot take more than 100 nor, once, go back; both look at a setting. */
static struct {
	unsigned int told;
	u32 limit;
} picky_seen, other_seen;
static bool picky_is_stuck;

static int picky_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	return 0;
}

static void picky_close(struct ditto_listener *listener)
{
}

static int picky_settings(struct ditto_server *srv)
{
	picky_seen.told++;
	picky_seen.limit = srv->settings.file_limit;
	return srv->settings.file_limit > 100 || picky_is_stuck ? -ENOMEM : 0;
}

static int other_settings(struct ditto_server *srv)
{
	other_seen.told++;
	other_seen.limit = srv->settings.file_limit;
	return 0;
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

static struct ditto_protocol other = {
	.owner = THIS_MODULE,
	.name = "kunit2",
	.default_port = 2,
	.transports = BIT(DITTO_TRANSPORT_TCP),
	.listen = picky_listen,
	.close = picky_close,
	.settings_changed = other_settings,
};

static void all_or_nothing(struct kunit *test)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };
	struct ditto_setting_change twice[] = {
		{ .name = "file-limit", .value = 50 }, { .name = "file-limit", .value = 101 },
	};
	struct ditto_server *srv = test->priv;
	u32 id;

	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&picky), 0);
	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&other), 0);
	KUNIT_ASSERT_EQ(test, ditto_listener_add(srv, "kunit", DITTO_TRANSPORT_TCP, &any, &id,
						 NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_listener_add(srv, "kunit2", DITTO_TRANSPORT_TCP, &any, &id,
						 NULL), 0);
	memset(&picky_seen, 0, sizeof(picky_seen));
	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, "file-limit", 100, NULL), 0);
	KUNIT_EXPECT_EQ(test, picky_seen.told, 1);
	/* A value that is set already is told again: other programs may have forgotten. */
	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, "file-limit", 100, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_settings_set(srv, NULL, 0, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, picky_seen.told, 3);

	KUNIT_EXPECT_EQ(test, setting_set(test, NULL, "file-limit", 101, NULL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, srv->settings.file_limit, 100);
	KUNIT_EXPECT_EQ(test, picky_seen.limit, 100);

	/* Nothing changes if one of several settings is wrong. */
	twice[1].value = 1048577;
	KUNIT_EXPECT_EQ(test, ditto_settings_set(srv, twice, 2, NULL, NULL), -ERANGE);
	KUNIT_EXPECT_EQ(test, srv->settings.file_limit, 100);

	/* A protocol that cannot go back does not keep others from it. */
	twice[1].value = 101;
	picky_is_stuck = true;
	KUNIT_EXPECT_EQ(test, ditto_settings_set(srv, twice, 2, NULL, NULL), -ENOMEM);
	picky_is_stuck = false;
	KUNIT_EXPECT_EQ(test, srv->settings.file_limit, 100);
	KUNIT_EXPECT_EQ(test, other_seen.limit, 100);
	ditto_protocol_unregister(&other);
	ditto_protocol_unregister(&picky);
}

static int settings_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	srv->handle_key_set = true;
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
	KUNIT_CASE(settings_described),
	KUNIT_CASE_PARAM(set_and_told, limit_gen_params),
	KUNIT_CASE(unknown_refused),
	KUNIT_CASE(wrong_types_refused),
	KUNIT_CASE(names_are_unique),
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
