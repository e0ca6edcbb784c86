// SPDX-License-Identifier: GPL-2.0-only
/* Share users: their access, and their form in messages. */
#include <kunit/test.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "../../../fs/share/cred.h"
#include "../../../fs/share/rules.h"
#include "../../../fs/share/share.h"
#include "../../../fs/share/share_users.h"
#include "../../../net/netlink.h"
#include "../../../net/nl/nl_share_users.h"

/* Users 7 and 1000, groups 20, 30 and 40; read for the others. */
static struct ditto_share_opts *opts_make(struct kunit *test)
{
	struct ditto_share_user users[] = {
		{ 1000, DITTO_SHARE_ACCESS_NONE }, { 7, DITTO_SHARE_ACCESS_ADMIN },
	};
	struct ditto_share_user groups[] = {
		{40, DITTO_SHARE_ACCESS_NONE},
		{20, DITTO_SHARE_ACCESS_READ},
		{30, DITTO_SHARE_ACCESS_WRITE},
	};
	struct ditto_share_opts *opts = ditto_share_opts_alloc();

	KUNIT_ASSERT_NOT_NULL(test, opts);
	KUNIT_ASSERT_EQ(test,
			ditto_share_users_make(&opts->share_users, users,
					       ARRAY_SIZE(users), groups,
					       ARRAY_SIZE(groups)),
			0);
	opts->share_users.others = DITTO_SHARE_ACCESS_READ;
	return opts;
}

struct who {
	const char *name;
	u32 uid;
	u32 gid;
	unsigned int n;
	u32 groups[3];
	enum ditto_share_access access;
};

static const struct who whos[] = {
	{ "nobody special", 1, 1, 0, {}, DITTO_SHARE_ACCESS_READ },
	{ "the user", 7, 1, 0, {}, DITTO_SHARE_ACCESS_ADMIN },
	{ "the user before his groups", 1000, 30, 1, { 30 }, DITTO_SHARE_ACCESS_NONE },
	{ "his own group", 1, 30, 0, {}, DITTO_SHARE_ACCESS_WRITE },
	{ "one of many", 1, 1, 3, { 2, 3, 20 }, DITTO_SHARE_ACCESS_READ },
	{ "the most of them", 1, 20, 3, { 40, 30, 20 }, DITTO_SHARE_ACCESS_WRITE },
	{ "a refused group", 1, 40, 0, {}, DITTO_SHARE_ACCESS_NONE },
	{ "refused and allowed", 1, 40, 1, { 20 }, DITTO_SHARE_ACCESS_READ },
	{ "a user with the number of a group", 20, 1, 0, {}, DITTO_SHARE_ACCESS_READ },
	{ "a group with the number of a user", 1, 7, 0, {}, DITTO_SHARE_ACCESS_READ },
	{ "no user", (u32)-1, (u32)-1, 0, {}, DITTO_SHARE_ACCESS_READ },
};

static void who_desc(const struct who *who, char *desc)
{
	strscpy(desc, who->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(who, whos, who_desc);

static void access_found(struct kunit *test)
{
	struct ditto_share_opts *opts = opts_make(test);
	const struct who *who = test->param_value;
	kgid_t groups[ARRAY_SIZE(who->groups)];

	for (unsigned int i = 0; i < who->n; i++)
		groups[i] = KGIDT_INIT(who->groups[i]);
	KUNIT_EXPECT_EQ(test,
			ditto_share_users_find(opts, KUIDT_INIT(who->uid),
					       KGIDT_INIT(who->gid), who->n,
					       groups, NULL),
			who->access);
	ditto_share_opts_free(opts);
}

/* A SID of a domain, S-1-5-21-1-2-3-rid. */
#define SID_OF(rid) { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, rid }

/* A user of group 20 (read), by the SIDs in his token and those that the list names. */
static const struct sid_case {
	u8 own[2];
	bool known;
	bool complete;
	u32 uid;
	u32 gid;
	enum ditto_share_access access;
} sid_cases[] = {
	/* The entries are: user 1 none, group 2 write, group 3 none; read for the others. */
	{ { 1, 2 }, true, true, 5, 20, DITTO_SHARE_ACCESS_NONE },
	{ { 9, 2 }, true, true, 5, 20, DITTO_SHARE_ACCESS_WRITE },
	{ { 9, 3 }, true, true, 5, 20, DITTO_SHARE_ACCESS_READ },
	{ { 9, 3 }, true, true, 5, 99, DITTO_SHARE_ACCESS_NONE },
	{ { 2, 3 }, true, true, 5, 99, DITTO_SHARE_ACCESS_WRITE },
	{ { 9, 8 }, true, true, 5, 99, DITTO_SHARE_ACCESS_READ },
	/* An entry for the number of the user goes before all. */
	{ { 1, 3 }, true, true, 7, 20, DITTO_SHARE_ACCESS_ADMIN },
	/* What nobody can tell takes, and does not give. */
	{ { 9, 8 }, true, false, 5, 99, DITTO_SHARE_ACCESS_NONE },
	{ { 0, 0 }, false, false, 5, 20, DITTO_SHARE_ACCESS_NONE },
	{ { 0, 0 }, false, false, 7, 20, DITTO_SHARE_ACCESS_ADMIN },
};

static void sids_granted(struct kunit *test)
{
	static const struct ditto_share_sid sids[] = {
		{ SID_OF(1), false, DITTO_SHARE_ACCESS_NONE },
		{ SID_OF(2), true, DITTO_SHARE_ACCESS_WRITE },
		{ SID_OF(3), true, DITTO_SHARE_ACCESS_NONE },
	};
	struct ditto_share_opts *opts = opts_make(test), *copy;

	KUNIT_ASSERT_EQ(test, ditto_share_users_add_sids(&opts->share_users, sids, 3), 0);
	copy = ditto_share_opts_dup(opts);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	ditto_share_opts_free(opts);
	for (size_t i = 0; i < ARRAY_SIZE(sid_cases); i++) {
		const struct sid_case *c = &sid_cases[i];
		struct ditto_token *token = NULL;

		if (c->known) {
			const u8 own[2][28] = { SID_OF(c->own[0]), SID_OF(c->own[1]) };

			token = ditto_token_alloc(2, sizeof(own));
			KUNIT_ASSERT_NOT_NULL(test, token);
			ditto_token_add(token, own[0]);
			ditto_token_add(token, own[1]);
			token->complete = c->complete;
			ditto_token_finish(token);
		}
		KUNIT_EXPECT_EQ_MSG(test, c->access,
				    ditto_share_users_find(copy, KUIDT_INIT(c->uid),
							   KGIDT_INIT(c->gid), 0, NULL, token),
				    "%zu", i);
		ditto_token_put(token);
	}
	ditto_share_opts_free(copy);
}

static void sids_refused(struct kunit *test)
{
	static const struct ditto_share_sid twice[] = {
		{ SID_OF(1), false, DITTO_SHARE_ACCESS_NONE },
		{ SID_OF(1), true, DITTO_SHARE_ACCESS_READ },
	};
	struct ditto_share_opts *opts = opts_make(test);

	KUNIT_EXPECT_EQ(test, ditto_share_users_add_sids(&opts->share_users, twice, 2), -EEXIST);
	KUNIT_EXPECT_EQ(test, -E2BIG,
			ditto_share_users_add_sids(&opts->share_users, twice,
						   DITTO_SHARE_SIDS_MAX + 1));
	ditto_share_opts_free(opts);
}

static void nothing_granted(struct kunit *test)
{
	struct ditto_share_opts *opts = ditto_share_opts_alloc();

	KUNIT_ASSERT_NOT_NULL(test, opts);
	KUNIT_EXPECT_EQ(test, DITTO_SHARE_ACCESS_WRITE,
			ditto_share_users_find(opts, KUIDT_INIT(1), KGIDT_INIT(1), 0, NULL, NULL));
	KUNIT_EXPECT_TRUE(test, opts->browse);
	KUNIT_EXPECT_FALSE(test, opts->guest);
	ditto_share_opts_free(opts);
}

static void admin_is_proven(struct kunit *test)
{
	const struct ditto_ident login = { .proven = true }, claim = {}, guest = {
		.anonymous = true,
	};
	struct ditto_verdict verdict = { .squash = DITTO_SQUASH_ROOT_TO_GUEST };

	KUNIT_EXPECT_TRUE(test,
			  ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						      &login, &verdict));
	KUNIT_EXPECT_FALSE(test,
			   ditto_share_access_is_admin(DITTO_SHARE_ACCESS_WRITE,
						       &login, &verdict));
	KUNIT_EXPECT_FALSE(test,
			   ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						       &claim, &verdict));
	verdict.squash = DITTO_SQUASH_NONE;
	KUNIT_EXPECT_FALSE(test,
			   ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						       &claim, &verdict));
	verdict.squash = DITTO_SQUASH_ALL_TO_GUEST;
	KUNIT_EXPECT_FALSE(test,
			   ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						       &claim, &verdict));
	verdict.squash = DITTO_SQUASH_ROOT_TO_ADMIN;
	KUNIT_EXPECT_TRUE(test,
			  ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						      &claim, &verdict));
	KUNIT_EXPECT_FALSE(test,
			   ditto_share_access_is_admin(DITTO_SHARE_ACCESS_ADMIN,
						       &guest, &verdict));
}

static void twice_and_too_many(struct kunit *test)
{
	struct ditto_share_user twice[] = {{1, DITTO_SHARE_ACCESS_READ},
					   {1, DITTO_SHARE_ACCESS_WRITE}};
	struct ditto_share_user *many;
	struct ditto_share_users share_users;

	KUNIT_EXPECT_EQ(test, ditto_share_users_make(&share_users, twice, 2, NULL, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, ditto_share_users_make(&share_users, NULL, 0, twice, 2), -EEXIST);
	/* A user and a group of the same number are two. */
	KUNIT_EXPECT_EQ(test, ditto_share_users_make(&share_users, twice, 1, twice + 1, 1), 0);
	ditto_share_users_free(&share_users);

	many = kunit_kcalloc(test, DITTO_SHARE_USERS_MAX, sizeof(*many), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	for (u32 i = 0; i < DITTO_SHARE_USERS_MAX; i++)
		many[i].id = i;
	KUNIT_EXPECT_EQ(test,
			ditto_share_users_make(&share_users, many,
					       DITTO_SHARE_USERS_MAX, twice, 1),
			-E2BIG);
	KUNIT_EXPECT_EQ(test,
			ditto_share_users_make(&share_users, many,
					       DITTO_SHARE_USERS_MAX, NULL, 0),
			0);
	ditto_share_users_free(&share_users);
}

static void copies_share_users(struct kunit *test)
{
	struct ditto_share_opts *opts = opts_make(test);
	struct ditto_share_opts *copy;

	opts->comment = kstrdup("for all", GFP_KERNEL);
	copy = ditto_share_opts_dup(opts);
	ditto_share_opts_free(opts);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_EXPECT_STREQ(test, copy->comment, "for all");
	KUNIT_EXPECT_EQ(test, copy->share_users.nusers, 2);
	KUNIT_EXPECT_EQ(test,
			ditto_share_users_find(copy, KUIDT_INIT(7), KGIDT_INIT(1), 0, NULL, NULL),
			DITTO_SHARE_ACCESS_ADMIN);
	ditto_share_opts_free(copy);
}

/* The attribute of share users in a message with nothing else. */
static struct nlattr *share_users_of(struct kunit *test, struct sk_buff *msg)
{
	struct nlattr *attr = nla_find((struct nlattr *)msg->data, msg->len, DITTO_A_SHARE_USERS);

	KUNIT_ASSERT_NOT_NULL(test, attr);
	return attr;
}

static void told_and_read(struct kunit *test)
{
	struct ditto_share_opts *opts = opts_make(test);
	struct ditto_share_users back = { .others = DITTO_SHARE_ACCESS_ADMIN };
	struct sk_buff *msg = nlmsg_new(ditto_nl_share_users_size(&opts->share_users), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, msg);
	KUNIT_ASSERT_EQ(test, ditto_nl_share_users_put(msg, &opts->share_users), 0);
	KUNIT_ASSERT_EQ(test, ditto_nl_share_users_read(&back, share_users_of(test, msg), NULL), 0);
	KUNIT_EXPECT_EQ(test, back.nusers, opts->share_users.nusers);
	KUNIT_EXPECT_EQ(test, back.ngroups, opts->share_users.ngroups);
	KUNIT_EXPECT_MEMEQ(test, back.entry, opts->share_users.entry, 5 * sizeof(*back.entry));
	/* Another attribute. */
	KUNIT_EXPECT_EQ(test, back.others, DITTO_SHARE_ACCESS_ADMIN);
	ditto_share_users_free(&back);
	nlmsg_free(msg);
	ditto_share_opts_free(opts);
}

/* Share users with one entry of @n attributes. */
static int read_one(struct kunit *test, unsigned int n, const int *types, const u32 *values)
{
	struct sk_buff *msg = nlmsg_new(256, GFP_KERNEL);
	struct ditto_share_users share_users = {};
	struct nlattr *all, *one;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	all = nla_nest_start(msg, DITTO_A_SHARE_USERS);
	one = nla_nest_start(msg, DITTO_A_SHARE_USERS_USER);
	for (unsigned int i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, nla_put_u32(msg, types[i], values[i]), 0);
	nla_nest_end(msg, one);
	nla_nest_end(msg, all);
	err = ditto_nl_share_users_read(&share_users, share_users_of(test, msg), NULL);
	ditto_share_users_free(&share_users);
	nlmsg_free(msg);
	return err;
}

static void refuses_incomplete(struct kunit *test)
{
	static const int types[] = {
		DITTO_A_SHARE_USER_UID, DITTO_A_SHARE_USER_ACCESS, DITTO_A_SHARE_USER_GID
	};
	static const u32 values[] = { 1, DITTO_SHARE_ACCESS_READ, 2 };
	static const u32 invalid[] = { (u32)-1, DITTO_SHARE_ACCESS_READ };
	static const u32 unknown[] = { 1, DITTO_SHARE_ACCESS_ADMIN + 1 };

	KUNIT_EXPECT_EQ(test, read_one(test, 2, types, values), 0);
	KUNIT_EXPECT_EQ(test, read_one(test, 2, types + 1, values + 1), 0);
	KUNIT_EXPECT_EQ(test, read_one(test, 3, types, values), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_one(test, 1, types, values), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_one(test, 1, types + 1, values), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_one(test, 0, types, values), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_one(test, 2, types, invalid), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_one(test, 2, types, unknown), -ERANGE);
}

static struct kunit_case grants_cases[] = {
	KUNIT_CASE_PARAM(access_found, who_gen_params),
	KUNIT_CASE(sids_granted),
	KUNIT_CASE(sids_refused),
	KUNIT_CASE(nothing_granted),
	KUNIT_CASE(admin_is_proven),
	KUNIT_CASE(twice_and_too_many),
	KUNIT_CASE(copies_share_users),
	KUNIT_CASE(told_and_read),
	KUNIT_CASE(refuses_incomplete),
	{}
};

static struct kunit_suite grants_suite = {
	.name = "ditto_share_users",
	.test_cases = grants_cases,
};

kunit_test_suite(grants_suite);
