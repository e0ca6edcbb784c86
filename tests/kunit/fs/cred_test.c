// SPDX-License-Identifier: GPL-2.0-only
/* Squashing and the credential cache. */
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../../../fs/share/cred.h"
#include "../../../fs/share/cred_private.h"
#include "../../../fs/share/rules.h"
#include "../../../fs/share/share.h"
#include "../../../net/budget.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"

#define ANON	65534

struct cred_ctx {
	struct ditto_server srv;
	struct ditto_share_opts opts;
};

static int cred_test_init(struct kunit *test)
{
	struct cred_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->opts.generation = 1;
	ctx->opts.anon_uid = KUIDT_INIT(ANON);
	ctx->opts.anon_gid = KGIDT_INIT(ANON);
	ctx->srv.net = &init_net;
	ditto_settings_init(&ctx->srv);
	KUNIT_ASSERT_EQ(test, ditto_creds_init(&ctx->srv), 0);
	test->priv = ctx;
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&ctx->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&ctx->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_names_init(&ctx->srv), 0);
	return 0;
}

static void cred_test_exit(struct kunit *test)
{
	struct cred_ctx *ctx = test->priv;

	if (!ctx)
		return;
	/* Waits for requests to the helper, which may use credentials. */
	ditto_names_exit(&ctx->srv);
	ditto_upcalls_exit(&ctx->srv);
	ditto_budget_exit(&ctx->srv);
	ditto_creds_exit(&ctx->srv);
}

static struct ditto_cred *cred_try_get(struct kunit *test, unsigned int squash, uid_t uid,
				       gid_t gid, unsigned int ngroups, const kgid_t *groups)
{
	struct cred_ctx *ctx = test->priv;
	const struct ditto_verdict verdict = { .level = DITTO_ACCESS_WRITE, .squash = squash };
	const struct ditto_ident ident = {
		.uid = KUIDT_INIT(uid),
		.gid = KGIDT_INIT(gid),
		.ngroups = ngroups,
		.groups = groups,
	};

	return ditto_cred_get(&ctx->srv, &ctx->opts, &verdict, &ident);
}

static struct ditto_cred *cred_get(struct kunit *test, unsigned int squash, uid_t uid, gid_t gid,
				   unsigned int ngroups, const kgid_t *groups)
{
	struct ditto_cred *cred = cred_try_get(test, squash, uid, gid, ngroups, groups);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cred);
	return cred;
}

struct squash_case {
	const char *name;
	unsigned int squash;
	bool anonymous;
	uid_t uid;
	gid_t gid;
	uid_t want_uid;
	gid_t want_gid;
	bool want_groups;
	bool want_admin;
	bool admin;
};

static const struct squash_case squash_cases[] = {
	{ "root to guest: root", DITTO_SQUASH_ROOT_TO_GUEST, false, 0, 0, ANON, ANON },
	{ "root to guest: root's group", DITTO_SQUASH_ROOT_TO_GUEST, false, 5, 0, 5, ANON, true },
	{ "root to guest: user", DITTO_SQUASH_ROOT_TO_GUEST, false, 5, 6, 5, 6, true },
	{ "none: root", DITTO_SQUASH_NONE, false, 0, 0, 0, 0, true },
	{ "none: user", DITTO_SQUASH_NONE, false, 5, 6, 5, 6, true },
	{ "root to admin: root", DITTO_SQUASH_ROOT_TO_ADMIN, false, 0, 0, 0, 0, true, true },
	{ "root to admin: user", DITTO_SQUASH_ROOT_TO_ADMIN, false, 5, 0, 5, 0, true },
	{ "all to admin: user", DITTO_SQUASH_ALL_TO_ADMIN, false, 5, 6, 0, 0, false, true },
	{ "all to guest: root", DITTO_SQUASH_ALL_TO_GUEST, false, 0, 0, ANON, ANON },
	{ "all to guest: user", DITTO_SQUASH_ALL_TO_GUEST, false, 5, 6, ANON, ANON },
	{ "nobody in particular", DITTO_SQUASH_NONE, true, 0, 0, ANON, ANON },
	{ "nobody, all to admin", DITTO_SQUASH_ALL_TO_ADMIN, true, 0, 0, ANON, ANON },
	{ "invalid user", DITTO_SQUASH_NONE, false, -1, 6, ANON, ANON },
	{ "invalid group", DITTO_SQUASH_NONE, false, 5, -1, 5, ANON, true },
	{ "granted admin: user", DITTO_SQUASH_ROOT_TO_GUEST, false, 5, 0, 5, 0, true, true, true },
	{ "granted admin: root", DITTO_SQUASH_ROOT_TO_GUEST, false, 0, 0, 0, 0, true, true, true },
	{ "granted admin: all to guest", DITTO_SQUASH_ALL_TO_GUEST, false, 5, 6, ANON, ANON,
	  .admin = true },
	{ "granted admin: nobody", DITTO_SQUASH_NONE, true, 0, 0, ANON, ANON, .admin = true },
};

static void squash_desc(const struct squash_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(squash, squash_cases, squash_desc);

/* Of a client whose rule names no anonymous user. */
static void cred_squash_by_share(const struct ditto_share_opts *opts, unsigned int squash,
				 const struct ditto_ident *ident, struct ditto_squashed *who)
{
	const struct ditto_verdict verdict = { .squash = squash };

	ditto_cred_squash(opts, &verdict, ident, who);
}

static void cred_squash(struct kunit *test)
{
	const struct squash_case *c = test->param_value;
	struct cred_ctx *ctx = test->priv;
	const struct ditto_ident ident = {
		.uid = KUIDT_INIT(c->uid),
		.gid = KGIDT_INIT(c->gid),
		.anonymous = c->anonymous,
		.admin = c->admin,
	};
	struct ditto_squashed actor;

	cred_squash_by_share(&ctx->opts, c->squash, &ident, &actor);
	KUNIT_EXPECT_EQ(test, __kuid_val(actor.uid), c->want_uid);
	KUNIT_EXPECT_EQ(test, __kgid_val(actor.gid), c->want_gid);
	KUNIT_EXPECT_EQ(test, actor.groups, c->want_groups);
	KUNIT_EXPECT_EQ(test, actor.admin, c->want_admin);
	KUNIT_EXPECT_EQ(test, actor.guest, c->want_uid == ANON);
}

/* The anonymous user of a rule acts in place of the share's, and is no less anonymous. */
static void cred_anonymous_of_rule(struct kunit *test)
{
	struct ditto_verdict verdict = {
		.squash = DITTO_SQUASH_ALL_TO_GUEST, .anon_uid = 40, .anon_gid = 41,
	};
	static const kgid_t root_group[] = { KGIDT_INIT(0) };
	struct ditto_ident ident = {
		.uid = KUIDT_INIT(5), .gid = KGIDT_INIT(0), .ngroups = 1, .groups = root_group,
		.admin = true,
	};
	struct cred_ctx *ctx = test->priv;
	struct ditto_cred *one, *other, *again;
	struct ditto_squashed who;

	one = ditto_cred_get(&ctx->srv, &ctx->opts, &verdict, &ident);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, one);
	KUNIT_EXPECT_EQ(test, __kuid_val(one->cred->fsuid), 40);
	KUNIT_EXPECT_EQ(test, __kgid_val(one->cred->fsgid), 41);
	KUNIT_EXPECT_EQ(test, one->cred->group_info->ngroups, 0);
	KUNIT_EXPECT_TRUE(test, one->guest && !one->admin && !one->own_groups);
	KUNIT_EXPECT_EQ(test, one->privileges, 0);
	again = ditto_cred_get(&ctx->srv, &ctx->opts, &verdict, &ident);
	KUNIT_EXPECT_PTR_EQ(test, again, one);
	ditto_cred_put(again);
	/* Another rule of the same share. */
	verdict.anon_uid = 0;
	other = ditto_cred_get(&ctx->srv, &ctx->opts, &verdict, &ident);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, one);
	KUNIT_EXPECT_EQ(test, __kuid_val(other->uid), ANON);
	KUNIT_EXPECT_EQ(test, __kgid_val(other->gid), 41);
	ditto_cred_put(one);
	ditto_cred_put(other);
	/* Users who act as themselves are not in root's group either. */
	verdict.squash = DITTO_SQUASH_ROOT_TO_GUEST;
	ident.admin = false;
	ditto_cred_squash(&ctx->opts, &verdict, &ident, &who);
	KUNIT_EXPECT_EQ(test, __kuid_val(who.uid), 5);
	KUNIT_EXPECT_EQ(test, __kgid_val(who.gid), 41);
	KUNIT_EXPECT_EQ(test, __kgid_val(who.anon_gid), 41);
	KUNIT_EXPECT_FALSE(test, who.guest);
}

/* Only those who have logged in act as another user. */
static void cred_forced(struct kunit *test)
{
	struct cred_ctx *ctx = test->priv;
	struct ditto_share_opts opts = ctx->opts;
	struct ditto_ident ident = { .uid = KUIDT_INIT(5), .gid = KGIDT_INIT(6), .proven = true };
	const struct ditto_verdict verdict = { .level = DITTO_ACCESS_WRITE };
	struct ditto_cred *cred;
	struct ditto_squashed who;

	opts.force_uid = KUIDT_INIT(40);
	opts.force_gid = INVALID_GID;
	cred_squash_by_share(&opts, DITTO_SQUASH_NONE, &ident, &who);
	KUNIT_EXPECT_TRUE(test, who.forced && !who.groups && !who.admin && !who.guest);
	KUNIT_EXPECT_EQ(test, __kuid_val(who.uid), 40);
	KUNIT_EXPECT_FALSE(test, gid_valid(who.gid));
	opts.force_gid = KGIDT_INIT(41);
	cred_squash_by_share(&opts, DITTO_SQUASH_NONE, &ident, &who);
	KUNIT_EXPECT_EQ(test, __kgid_val(who.gid), 41);
	/* Root's group stays out, be it asked for later. */
	cred_squash_by_share(&opts, DITTO_SQUASH_ROOT_TO_GUEST, &ident, &who);
	KUNIT_EXPECT_TRUE(test, who.forced && who.no_root_group);
	opts.force_gid = GLOBAL_ROOT_GID;
	cred_squash_by_share(&opts, DITTO_SQUASH_ROOT_TO_GUEST, &ident, &who);
	KUNIT_EXPECT_TRUE(test, gid_eq(who.gid, opts.anon_gid));
	opts.force_gid = KGIDT_INIT(41);
	cred = ditto_cred_get(&ctx->srv, &opts, &verdict, &ident);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cred);
	KUNIT_EXPECT_TRUE(test, cred->forced);
	KUNIT_EXPECT_EQ(test, __kuid_val(cred->uid), 40);
	KUNIT_EXPECT_EQ(test, __kuid_val(cred->person), 5);
	ditto_cred_put(cred);
	opts.force_uid = INVALID_UID;
	cred_squash_by_share(&opts, DITTO_SQUASH_NONE, &ident, &who);
	KUNIT_EXPECT_TRUE(test, who.groups && !who.forced);
	KUNIT_EXPECT_EQ(test, __kuid_val(who.uid), 5);
	KUNIT_EXPECT_EQ(test, __kgid_val(who.gid), 41);
	opts.force_uid = KUIDT_INIT(40);
	ident.admin = true;
	cred_squash_by_share(&opts, DITTO_SQUASH_NONE, &ident, &who);
	KUNIT_EXPECT_TRUE(test, who.admin && !who.forced);
	ident.admin = false;
	cred_squash_by_share(&opts, DITTO_SQUASH_ALL_TO_GUEST, &ident, &who);
	KUNIT_EXPECT_TRUE(test, who.guest && !who.forced);
	ident.proven = false;
	cred_squash_by_share(&opts, DITTO_SQUASH_NONE, &ident, &who);
	KUNIT_EXPECT_EQ(test, __kuid_val(who.uid), 5);
	KUNIT_EXPECT_EQ(test, __kgid_val(who.gid), 6);
}

static void cred_powers(struct kunit *test)
{
	struct ditto_cred *admin = cred_get(test, DITTO_SQUASH_ROOT_TO_ADMIN, 0, 0, 0, NULL);
	struct ditto_cred *root = cred_get(test, DITTO_SQUASH_NONE, 0, 0, 0, NULL);
	struct ditto_cred *user = cred_get(test, DITTO_SQUASH_ROOT_TO_ADMIN, 5, 6, 0, NULL);
	const struct cred *server;

	KUNIT_EXPECT_TRUE(test, cap_raised(admin->cred->cap_effective, CAP_DAC_OVERRIDE));
	KUNIT_EXPECT_TRUE(test, cap_issubset(admin->cred->cap_effective, CAP_FS_SET));
	KUNIT_EXPECT_FALSE(test, cap_raised(admin->cred->cap_effective, CAP_LINUX_IMMUTABLE));
	KUNIT_EXPECT_FALSE(test, cap_raised(admin->cred->cap_effective, CAP_SYS_RESOURCE));
	KUNIT_EXPECT_TRUE(test, cap_isclear(root->cred->cap_effective));
	KUNIT_EXPECT_TRUE(test, cap_isclear(user->cred->cap_effective));
	server = ditto_cred_privileged(user, DITTO_PRIVILEGE_SERVER);
	KUNIT_ASSERT_NOT_NULL(test, server);
	KUNIT_EXPECT_EQ(test, __kuid_val(server->fsuid), 5);
	KUNIT_EXPECT_TRUE(test, cap_raised(server->cap_effective, CAP_SYS_ADMIN));
	KUNIT_EXPECT_FALSE(test, cap_raised(server->cap_effective, CAP_SYS_RESOURCE));
	KUNIT_EXPECT_EQ(test, __kuid_val(root->cred->fsuid), 0);
	KUNIT_EXPECT_EQ(test, __kuid_val(user->cred->fsuid), 5);
	KUNIT_EXPECT_EQ(test, __kgid_val(user->cred->fsgid), 6);
	ditto_cred_put(admin);
	ditto_cred_put(root);
	ditto_cred_put(user);
}

/* Groups are sorted for the kernel's search, root's too. */
static void cred_groups(struct kunit *test)
{
	static const kgid_t groups[] = { KGIDT_INIT(9), KGIDT_INIT(0), KGIDT_INIT(7) };
	struct ditto_cred *cred;

	cred = cred_get(test, DITTO_SQUASH_ROOT_TO_GUEST, 5, 6, ARRAY_SIZE(groups), groups);
	KUNIT_ASSERT_EQ(test, cred->cred->group_info->ngroups, 3);
	KUNIT_EXPECT_EQ(test, __kgid_val(cred->cred->group_info->gid[0]), 7);
	KUNIT_EXPECT_EQ(test, __kgid_val(cred->cred->group_info->gid[1]), 9);
	KUNIT_EXPECT_EQ(test, __kgid_val(cred->cred->group_info->gid[2]), ANON);
	ditto_cred_put(cred);

	cred = cred_get(test, DITTO_SQUASH_ROOT_TO_GUEST, 0, 0, ARRAY_SIZE(groups), groups);
	KUNIT_EXPECT_EQ(test, cred->cred->group_info->ngroups, 0);
	ditto_cred_put(cred);
}

static void cred_hit(struct kunit *test)
{
	static const kgid_t one[] = { KGIDT_INIT(7), KGIDT_INIT(8) };
	static const kgid_t two[] = { KGIDT_INIT(7), KGIDT_INIT(9) };
	struct cred_ctx *ctx = test->priv;
	struct ditto_cred *a = cred_get(test, DITTO_SQUASH_NONE, 5, 6, 2, one);
	struct ditto_cred *same = cred_get(test, DITTO_SQUASH_NONE, 5, 6, 2, one);
	struct ditto_cred *groups = cred_get(test, DITTO_SQUASH_NONE, 5, 6, 2, two);
	struct ditto_cred *fewer = cred_get(test, DITTO_SQUASH_NONE, 5, 6, 1, one);
	struct ditto_cred *squash = cred_get(test, DITTO_SQUASH_ROOT_TO_ADMIN, 5, 6, 2, one);
	struct ditto_cred *later;

	KUNIT_EXPECT_PTR_EQ(test, a, same);
	KUNIT_EXPECT_PTR_NE(test, a, groups);
	KUNIT_EXPECT_PTR_NE(test, a, fewer);
	KUNIT_EXPECT_PTR_NE(test, a, squash);
	KUNIT_EXPECT_EQ(test, ditto_creds_count(&ctx->srv), 4);

	/* New options of the share take effect. */
	ctx->opts.generation++;
	later = cred_get(test, DITTO_SQUASH_NONE, 5, 6, 2, one);
	KUNIT_EXPECT_PTR_NE(test, a, later);

	ditto_cred_put(a);
	ditto_cred_put(same);
	ditto_cred_put(groups);
	ditto_cred_put(fewer);
	ditto_cred_put(squash);
	ditto_cred_put(later);
}

static void cred_bounded(struct kunit *test)
{
	struct cred_ctx *ctx = test->priv;
	struct ditto_cred *held = cred_get(test, DITTO_SQUASH_NONE, 1, 1, 0, NULL);

	for (uid_t uid = 1; uid < 3 * DITTO_CREDS_MAX; uid++) {
		ditto_cred_put(cred_get(test, DITTO_SQUASH_NONE, uid, 1, 0, NULL));
		if (ditto_creds_count(&ctx->srv) > DITTO_CREDS_MAX)
			break;
	}
	KUNIT_EXPECT_EQ(test, ditto_creds_count(&ctx->srv), DITTO_CREDS_MAX);
	/* Still valid, in the cache or not. */
	KUNIT_EXPECT_EQ(test, __kuid_val(held->cred->fsuid), 1);
	ditto_cred_put(held);

	ditto_creds_flush(&ctx->srv);
	KUNIT_EXPECT_EQ(test, ditto_creds_count(&ctx->srv), 0);
}

/* The groups that it tells are no longer those of the user: what is known is flushed meanwhile. */
static int groups_before_flush(struct ditto_server *srv, const struct ditto_question *question,
			       const struct ditto_host_names *hosts, struct ditto_said *said)
{
	*said = (struct ditto_said) {};
	said->groups = kcalloc(1, sizeof(kgid_t), GFP_KERNEL);
	if (!said->groups)
		return -ENOMEM;
	said->groups[said->ngroups++] = KGIDT_INIT(7);
	ditto_names_flush(srv);
	ditto_creds_flush(srv);
	return 0;
}

static void cred_of_before_flush_is_not_kept(struct kunit *test)
{
	struct cred_ctx *ctx = test->priv;
	struct ditto_server *srv = &ctx->srv;
	struct ditto_cred *cred;
	u32 epoch;

	ditto_names_set_ask(srv, groups_before_flush);
	ctx->opts.manage_gids = true;

	epoch = ditto_creds_epoch(srv);
	/* On a busy machine the answer may be late, and then is asked for again. */
	await((cred = cred_try_get(test, DITTO_SQUASH_NONE, 5, 6, 0, NULL)) != ERR_PTR(-EJUKEBOX));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cred);
	KUNIT_EXPECT_EQ(test, cred->cred->group_info->ngroups, 1);
	KUNIT_EXPECT_NE(test, ditto_creds_epoch(srv), epoch);
	KUNIT_EXPECT_EQ(test, ditto_creds_count(srv), 0);
	ditto_cred_put(cred);
}

static struct kunit_case cred_cases[] = {
	KUNIT_CASE_PARAM(cred_squash, squash_gen_params),
	KUNIT_CASE(cred_anonymous_of_rule),
	KUNIT_CASE(cred_forced),
	KUNIT_CASE(cred_powers),
	KUNIT_CASE(cred_groups),
	KUNIT_CASE(cred_hit),
	KUNIT_CASE(cred_bounded),
	KUNIT_CASE(cred_of_before_flush_is_not_kept),
	{}
};

static struct kunit_suite cred_suite = {
	.name = "ditto_cred",
	.init = cred_test_init,
	.exit = cred_test_exit,
	.test_cases = cred_cases,
};

kunit_test_suite(cred_suite);
