// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of shares: their descriptions and limits, and what becomes of those of a protocol that
 * is not loaded. The options of SMB are those of the module.
 */
#include <net/netlink.h>

#include "../../../fs/op/check/worm.h"
#include "../../../fs/share/option.h"
#include "../../../net/listener.h"
#include "../../../net/nl/family.h"
#include "../../../net/option.h"
#include "folder.h"

DEFINE_FOLDER(options_folder, "kunit-options")

/* Ranges that the documentation promises to administrators. */
static const struct option_limit {
	const char *owner;
	const char *name;
	u32 min;
	u32 max;
	u32 initial;
} limits[] = {
	{ "core", "read-only", 0, 1, 0 },
	{ "core", "squash", 0, 4, 0 },
	{ "core", "sec", 1, 31, 2 },
	{ "core", "manage-gids", 0, 1, 0 },
	{ "core", "local-locks", 0, 1, 1 },
	{ "core", "guest", 0, 1, 0 },
	{ "core", "browse", 0, 1, 1 },
	{ "core", "streams", 0, 1, 1 },
	{ "core", "short-names", 0, 1, 0 },
	{ "core", "utf8-names", 0, 1, 0 },
	{ "core", "list-snapshots", 0, 1, 0 },
	{ "core", "nested", 0, 2, 0 },
	{ "core", "secure-ports", 0, 1, 1 },
	{ "core", "acl-mode", 0, 3, 0 },
	{ "core", "samba-acl", 0, 2, 0 },
	{ "core", "audit", 0, 1, 0 },
	{ "core", "security-labels", 0, 1, 0 },
	{ "core", "offload", 0, 1, 0 },
	{ "core", "scan", 0, 2, 0 },
	{ "core", "scan-time", 1, 3600, 30 },
	{ "core", "scan-size", 0, 1073741824, 0 },
	{ "core", "trash", 0, 1, 0 },
	{ "core", "trash-keep", 0, 36500, 30 },
	{ "core", "trash-size", 0, 1073741824, 0 },
	{ "core", "worm", 0, 315360000, 0 },
	{ "core", "worm-retention", 0, 36500, 30 },
	{ "core", "worm-retention-max", 0, 36500, 0 },
	{ "core", "worm-mode", 0, 1, 0 },
	{ "nfs", "xprtsec", 1, 7, 7 },
	{ "nfs", "sec-first", 0, 5, 0 },
	{ "nfs", "nlm-callers", 0, 2, 0 },
	{ "nfs", "dacl", 0, 1, 0 },
	{ "nfs", "delegated-times", 0, 1, 1 },
	{ "smb", "encrypt", 0, 1, 0 },
	{ "smb", "compress", 0, 2, 1 },
	{ "smb", "notify", 0, 1, 1 },
	{ "smb", "continuously-available", 0, 1, 0 },
	{ "smb", "hide-unreadable", 0, 1, 0 },
	{ "smb", "apple", 0, 1, 1 },
	{ "smb", "time-machine", 0, 1, 0 },
	{ "smb", "create-mask", 0, 0777, 0744 },
	{ "smb", "directory-mask", 0, 0777, 0755 },
	{ "smb", "force-create-mode", 0, 07777, 0 },
	{ "smb", "force-directory-mode", 0, 07777, 0 },
	{ "smb", "auth", 1, 7, 7 },
};

static void option_limit_desc(const struct option_limit *limit, char *desc)
{
	strscpy(desc, limit->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(option_limit, limits, option_limit_desc);

/* All options that owners describe are in the table, and their descriptions are sound. */
static void options_described(struct kunit *test)
{
	const struct ditto_option_owner *owner = NULL;
	unsigned int count = 0;

	ditto_option_owners_hold();
	while ((owner = ditto_option_owner_next(owner))) {
		for (unsigned int i = 0; i < owner->count; i++) {
			const struct ditto_setting_desc *desc = &owner->descs[i];
			unsigned int names = 1;

			count++;
			KUNIT_EXPECT_LT(test, strlen(desc->name), DITTO_OPTION_NAME);
			KUNIT_EXPECT_LE_MSG(test, desc->min, desc->initial, "%s", desc->name);
			KUNIT_EXPECT_LE_MSG(test, desc->initial, desc->max, "%s", desc->name);
			for (const char *p = desc->values; *p; p++)
				names += *p == '|';
			if (desc->kind == DITTO_SETTING_ENUM)
				KUNIT_EXPECT_EQ_MSG(test, names, desc->max + 1, "%s", desc->name);
			else if (desc->kind == DITTO_SETTING_FLAGS)
				KUNIT_EXPECT_EQ_MSG(test, BIT(names), desc->max + 1, "%s",
						    desc->name);
			else if (desc->kind != DITTO_SETTING_NUMBER)
				KUNIT_EXPECT_EQ_MSG(test, *desc->values, '\0', "%s", desc->name);
		}
	}
	ditto_option_owners_release();
	KUNIT_EXPECT_EQ(test, count, ARRAY_SIZE(limits));
}

/* A walk of the options of a share that looks for one. */
struct option_walk {
	const char *owner;
	const char *name;
	unsigned int count;
	u32 value;
};

static int option_walk_one(const char *owner, const char *name, u32 value, void *arg)
{
	struct option_walk *walk = arg;

	if (strcmp(owner, walk->owner) || strcmp(name, walk->name))
		return 0;
	walk->count++;
	walk->value = value;
	return 0;
}

/* How often an option of the share is shown, and its value. */
static unsigned int option_shown(const char *owner, const char *name, u32 *value)
{
	struct option_walk walk = { .owner = owner, .name = name };

	ditto_option_owners_hold();
	rcu_read_lock();
	ditto_share_options_for_each(rcu_dereference(options_folder.share->opts), option_walk_one,
				     &walk);
	rcu_read_unlock();
	ditto_option_owners_release();
	*value = walk.value;
	return walk.count;
}

static u32 option_value(struct kunit *test, const char *owner, const char *name)
{
	u32 value = 0;

	KUNIT_EXPECT_EQ_MSG(test, option_shown(owner, name, &value), 1, "%s", name);
	return value;
}

/* Set an option of the share as a request does. */
static int option_set(struct kunit *test, const char *owner, const char *name, u32 value,
		      struct netlink_ext_ack *extack)
{
	const struct ditto_option_change change = {
		.owner = owner, .name = name, .value = value,
	};
	struct ditto_share_config cfg = { .name = options_folder.name };
	int err;

	rcu_read_lock();
	cfg.opts = ditto_share_opts_dup(rcu_dereference(options_folder.share->opts));
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
	err = ditto_share_option_set(cfg.opts, &change, extack);
	if (!err && cfg.opts->worm)
		err = ditto_worm_check_share(options_folder.share, extack) ?:
		      ditto_worm_start(options_folder.share->volume);
	if (!err)
		err = ditto_share_set(options_folder.srv, &cfg, NULL);
	if (err)
		ditto_share_opts_free(cfg.opts);
	return err;
}

static void option_refused(struct kunit *test, const struct option_limit *limit, u32 value)
{
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, option_set(test, NULL, limit->name, value, &extack), -ERANGE);
	KUNIT_ASSERT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg, limit->name));
}

static void option_set_and_shown(struct kunit *test)
{
	const struct option_limit *limit = test->param_value;

	KUNIT_EXPECT_EQ(test, option_value(test, limit->owner, limit->name), limit->initial);
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, limit->name, limit->min, NULL), 0);
	KUNIT_EXPECT_EQ(test, option_value(test, limit->owner, limit->name), limit->min);
	KUNIT_EXPECT_EQ(test, option_set(test, limit->owner, limit->name, limit->max, NULL), 0);
	option_refused(test, limit, limit->max + 1);
	option_refused(test, limit, U32_MAX);
	if (limit->min)
		option_refused(test, limit, limit->min - 1);
	KUNIT_EXPECT_EQ(test, option_value(test, limit->owner, limit->name), limit->max);
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, limit->name, limit->initial, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		KUNIT_EXPECT_EQ_MSG(test, option_value(test, limits[i].owner, limits[i].name),
				    limits[i].initial, "%s", limits[i].name);
}

static void option_unknown_refused(struct kunit *test)
{
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, option_set(test, NULL, "nosuch", 1, &extack), -ENOENT);
	KUNIT_ASSERT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg, "nosuch"));
	KUNIT_EXPECT_EQ(test, option_set(test, "core", "encrypt", 1, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, option_set(test, "smb", "browse", 1, NULL), -ENOENT);
}

/* A protocol with two options. */
struct late_options {
	bool strict;
	u32 width;
};

static const struct ditto_setting_desc late_descs[] = {
	{ .name = "kunit-strict", .kind = DITTO_SETTING_BOOL,
	  .offset = offsetof(struct late_options, strict), .max = 1, .values = "" },
	{ .name = "kunit-width", .kind = DITTO_SETTING_NUMBER,
	  .offset = offsetof(struct late_options, width), .initial = 5, .min = 2, .max = 9,
	  .values = "" },
};

static int late_listen(struct ditto_listener *listener, struct netlink_ext_ack *extack)
{
	return 0;
}

static void late_close(struct ditto_listener *listener)
{
}

static struct ditto_protocol late = {
	.owner = THIS_MODULE,
	.name = "kunit",
	.default_port = 1,
	.transports = BIT(DITTO_TRANSPORT_TCP),
	.listen = late_listen,
	.close = late_close,
	.options = {
		.descs = late_descs,
		.count = ARRAY_SIZE(late_descs),
		.size = sizeof(struct late_options),
	},
};

/* Copies the values of the protocol. Returns false if it must not serve the share. */
static bool late_values(struct late_options *values)
{
	const struct late_options *block;

	rcu_read_lock();
	block = ditto_share_block(rcu_dereference(options_folder.share->opts), late.bit);
	if (block)
		*values = *block;
	rcu_read_unlock();
	return block;
}

/* Add the share anew, so that nothing is given for it. */
static void share_again(struct kunit *test)
{
	folder_end(test, &options_folder);
	KUNIT_ASSERT_EQ(test, ditto_share_del(options_folder.srv, options_folder.name, NULL), 0);
	KUNIT_ASSERT_EQ(test, folder_share(&options_folder), 0);
	folder_begin(test, &options_folder);
}

static void option_kept_for_unloaded(struct kunit *test)
{
	struct late_options values = {};
	u32 value;

	KUNIT_EXPECT_EQ(test, option_shown("kunit", "kunit-strict", &value), 0);
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, "kunit-strict", 1, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, option_set(test, "kunit", "kunit-strict", 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, option_value(test, "kunit", "kunit-strict"), 1);

	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&late), 0);
	KUNIT_EXPECT_TRUE(test, late_values(&values));
	KUNIT_EXPECT_TRUE(test, values.strict);
	KUNIT_EXPECT_EQ(test, values.width, 5);
	KUNIT_EXPECT_EQ(test, option_value(test, "kunit", "kunit-width"), 5);
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, "kunit-width", 10, NULL), -ERANGE);
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, "kunit-width", 9, NULL), 0);
	ditto_protocol_unregister(&late);

	KUNIT_EXPECT_EQ(test, option_value(test, "kunit", "kunit-strict"), 1);
	KUNIT_EXPECT_EQ(test, option_value(test, "kunit", "kunit-width"), 9);
	/* Another option of the share changes meanwhile. */
	KUNIT_EXPECT_EQ(test, option_set(test, NULL, "browse", 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&late), 0);
	memset(&values, 0, sizeof(values));
	KUNIT_EXPECT_TRUE(test, late_values(&values));
	KUNIT_EXPECT_TRUE(test, values.strict);
	KUNIT_EXPECT_EQ(test, values.width, 9);
	ditto_protocol_unregister(&late);
	share_again(test);
}

/* The protocol that does not know what was given does not serve the share; others do. */
static void option_unknown_unserved(struct kunit *test)
{
	static const struct {
		const char *name;
		u32 value;
	} cases[] = { { "kunit-newer", 1 }, { "kunit-width", 10 } };
	struct late_options values = {};
	u32 unserved;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, option_set(test, "kunit", cases[i].name, cases[i].value,
						 NULL), 0);
		KUNIT_ASSERT_EQ(test, ditto_protocol_register(&late), 0);
		KUNIT_EXPECT_FALSE_MSG(test, late_values(&values), "%s", cases[i].name);
		rcu_read_lock();
		unserved = rcu_dereference(options_folder.share->opts)->unserved;
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, unserved, BIT(late.bit));
		KUNIT_EXPECT_EQ(test, option_value(test, "kunit", cases[i].name), cases[i].value);
		ditto_protocol_unregister(&late);
		share_again(test);
	}
	/* A value that it takes makes it serve the share again. */
	KUNIT_EXPECT_EQ(test, option_set(test, "kunit", "kunit-width", 10, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_protocol_register(&late), 0);
	KUNIT_EXPECT_EQ(test, option_set(test, "kunit", "kunit-width", 3, NULL), 0);
	KUNIT_EXPECT_TRUE(test, late_values(&values));
	KUNIT_EXPECT_EQ(test, values.width, 3);
	ditto_protocol_unregister(&late);
	share_again(test);
}

static void option_given_bounded(struct kunit *test)
{
	char name[DITTO_OPTION_NAME];

	for (unsigned int i = 0; i < DITTO_SHARE_GIVEN_MAX; i++) {
		snprintf(name, sizeof(name), "kunit-%u", i);
		KUNIT_EXPECT_EQ(test, option_set(test, "kunit", name, i, NULL), 0);
	}
	KUNIT_EXPECT_EQ(test, option_set(test, "kunit", "kunit-more", 1, NULL), -E2BIG);
	KUNIT_EXPECT_EQ(test, option_set(test, "kunit", "kunit-7", 70, NULL), 0);
	KUNIT_EXPECT_EQ(test, option_value(test, "kunit", "kunit-7"), 70);
	share_again(test);
}

static void option_names_are_unique(struct kunit *test)
{
	static const struct ditto_setting_desc taken[] = {
		{ .name = "browse", .max = 1, .values = "" },
	};
	struct ditto_option_owner twice = { .name = "kunit", .descs = taken, .count = 1 };

	KUNIT_EXPECT_EQ(test, ditto_options_register(&twice), -EEXIST);
	twice.name = "core";
	twice.count = 0;
	KUNIT_EXPECT_EQ(test, ditto_options_register(&twice), -EEXIST);
}

/* Values that are no 32-bit numbers, and names that are too long, do not pass the policy. */
static void option_wrong_types_refused(struct kunit *test)
{
	const struct genl_split_ops *op = ditto_nl_op(DITTO_CMD_SHARE_SET);
	struct sk_buff *msg;
	struct nlattr *nest;

	KUNIT_ASSERT_NOT_NULL(test, op);
	for (unsigned int wrong = 0; wrong < 4; wrong++) {
		msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, msg);
		nest = nla_nest_start(msg, DITTO_A_SHARE_OPTION);
		nla_put_string(msg, DITTO_A_SHARE_OPTION_NAME,
			       wrong == 1 ? "a-name-of-more-than-thirty-one-bytes" : "browse");
		nla_put_string(msg, DITTO_A_SHARE_OPTION_OWNER,
			       wrong == 2 ? "more-than-fifteen" : "core");
		if (wrong == 3)
			nla_put_u8(msg, DITTO_A_SHARE_OPTION_VALUE, 1);
		else
			nla_put_u32(msg, DITTO_A_SHARE_OPTION_VALUE, 1);
		nla_nest_end(msg, nest);
		KUNIT_EXPECT_EQ_MSG(test, nla_validate((void *)msg->data, msg->len, op->maxattr,
						       op->policy, NULL) != 0, wrong != 0,
				    "%u", wrong);
		nlmsg_free(msg);
	}
}

static void protocols_are_whole_names(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, ditto_share_names_protocol("nfs", "nfs"));
	KUNIT_EXPECT_TRUE(test, ditto_share_names_protocol("nfs,smb", "smb"));
	KUNIT_EXPECT_FALSE(test, ditto_share_names_protocol("nfs4,smb", "nfs"));
	KUNIT_EXPECT_FALSE(test, ditto_share_names_protocol("nf,fs,", "nfs"));
	KUNIT_EXPECT_FALSE(test, ditto_share_names_protocol("", "nfs"));
}

static void claims_need_a_rule(struct kunit *test)
{
	const u32 claimed = DITTO_SEC_NONE | DITTO_SEC_SYS;
	struct ditto_share_opts opts = { .sec = claimed | DITTO_SEC_KRB5 };

	KUNIT_EXPECT_EQ(test, ditto_share_sec(&opts), DITTO_SEC_KRB5);
	opts.rules.count = 1;
	KUNIT_EXPECT_EQ(test, ditto_share_sec(&opts), claimed | DITTO_SEC_KRB5);
}

static struct kunit_case share_options_cases[] = {
	KUNIT_CASE(protocols_are_whole_names),
	KUNIT_CASE(claims_need_a_rule),
	KUNIT_CASE(options_described),
	KUNIT_CASE_PARAM(option_set_and_shown, option_limit_gen_params),
	KUNIT_CASE(option_unknown_refused),
	KUNIT_CASE(option_kept_for_unloaded),
	KUNIT_CASE(option_unknown_unserved),
	KUNIT_CASE(option_given_bounded),
	KUNIT_CASE(option_names_are_unique),
	KUNIT_CASE(option_wrong_types_refused),
	{}
};

static struct kunit_suite share_options_suite = {
	.name = "ditto_share_options",
	FOLDER_SUITE(options_folder),
	FOLDER_CASES(options_folder),
	.test_cases = share_options_cases,
};

kunit_test_suite(share_options_suite);
