// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache of names and groups, with a helper that is a function.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../../../net/budget.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/helper/upcall_private.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"
#include "budget_sum.h"
#include "sids.h"

static const struct in6_addr addr = { { .u6_addr32 = { 0, 0, htonl(0xffff), htonl(0xc0000201) } } };

/**
 * struct fake - the helper
 * @asked: how often
 * @asker: for whom the last time
 * @error: what it answers, or 0
 * @slow: it waits for @go
 * @go: see there
 * @flushes: the cache is flushed before it answers
 * @hosts: names that it gives, up to NULL
 * @member: of every netgroup
 * @saw_hosts: how many names came with the last question
 * @name: that it gives, for users and groups
 * @large: tokens are as large as possible
 */
static struct fake {
	atomic_t asked;
	struct in6_addr asker;
	int error;
	bool slow;
	struct completion go;
	bool flushes;
	const char *hosts[3];
	bool member;
	unsigned int saw_hosts;
	const char *name;
	bool large;
} fake;

static struct ditto_token *token_large(u32 rid)
{
	struct ditto_token *token = ditto_token_alloc(DITTO_TOKEN_SIDS_MAX,
						      DITTO_TOKEN_SIDS_MAX * DITTO_SID_MAX);
	u8 sid[DITTO_SID_MAX];

	memset(sid, 1, sizeof(sid));
	sid[1] = 15;
	for (u32 i = 0; token && i < DITTO_TOKEN_SIDS_MAX; i++) {
		put_unaligned_le32(rid + i, sid + DITTO_SID_MIN);
		ditto_token_add(token, sid);
	}
	if (token)
		ditto_token_finish(token);
	return token;
}

static int fake_identity(const struct ditto_question *question, struct ditto_said *said)
{
	switch (question->type) {
	case DITTO_UPCALL_USER_NAME:
	case DITTO_UPCALL_GROUP_NAME:
		said->name = kstrdup(fake.name, GFP_KERNEL);
		return said->name ? 0 : -ENOMEM;
	case DITTO_UPCALL_USER_SIDS:
		said->token = fake.large ? token_large(__kuid_val(question->uid)) :
			token_of_rids((u32[]){ __kuid_val(question->uid) }, 1, true);
		return said->token ? 0 : -ENOMEM;
	case DITTO_UPCALL_SID_OF_USER:
	case DITTO_UPCALL_SID_OF_GROUP:
		said->sid = kzalloc(DITTO_SID_MAX, GFP_KERNEL);
		if (said->sid)
			sid_of_domain(said->sid, __kuid_val(question->uid) +
						 2 * __kgid_val(question->gid));
		return said->sid ? 0 : -ENOMEM;
	case DITTO_UPCALL_ACCOUNT_OF_SID:
		said->uid = KUIDT_INIT(strlen(question->text));
		said->gid = INVALID_GID;
		return 0;
	case DITTO_UPCALL_USER_ID:
		said->uid = KUIDT_INIT(strlen(question->text));
		return 0;
	default:
		said->gid = KGIDT_INIT(100 + strlen(question->text));
		return 0;
	}
}

static int fake_ask(struct ditto_server *srv, const struct ditto_question *question,
		    const struct ditto_host_names *hosts, struct ditto_said *said)
{
	unsigned int n = 0;

	atomic_inc(&fake.asked);
	*said = (struct ditto_said){};
	fake.asker = question->asker;
	fake.saw_hosts = hosts ? hosts->count : 0;
	if (fake.slow)
		wait_for_completion(&fake.go);
	if (fake.flushes)
		ditto_names_flush(srv);
	if (fake.error)
		return fake.error;

	if (question->type >= DITTO_UPCALL_USER_NAME)
		return fake_identity(question, said);
	said->member = fake.member;
	while (n < ARRAY_SIZE(fake.hosts) && fake.hosts[n])
		n++;
	if (question->type == DITTO_UPCALL_HOST_NAME || n)
		said->hosts = ditto_host_names_make(fake.hosts, n);
	if (question->type != DITTO_UPCALL_GROUPS)
		return 0;
	said->groups = kcalloc(3, sizeof(kgid_t), GFP_KERNEL);
	if (!said->groups)
		return -ENOMEM;
	for (; said->ngroups < 3; said->ngroups++)
		said->groups[said->ngroups] = KGIDT_INIT(100 + said->ngroups);
	return 0;
}

static int names_test_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_names_init(srv), 0);
	fake = (struct fake){};
	init_completion(&fake.go);
	ditto_names_set_ask(srv, fake_ask);
	test->priv = srv;
	return 0;
}

static void names_test_exit(struct kunit *test)
{
	ditto_names_exit(test->priv);
	ditto_upcalls_exit(test->priv);
	ditto_budget_exit(test->priv);
}

static void host_patterns(struct kunit *test)
{
	static const struct {
		const char *pattern;
		int match;
	} cases[] = {
		{ "client.example", 1 }, { "CLIENT.Example", 1 }, { "*.example", 1 },
		{ "cl?ent.example", 1 }, { "*.org", 1 }, { "*", 1 },
		{ "client", 0 }, { "*.com", 0 }, { "", 0 }, { "client.example.", 0 },
	};
	struct ditto_server *srv = test->priv;

	fake.hosts[0] = "Client.EXAMPLE";
	fake.hosts[1] = "other.org";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    ditto_names_host_match(srv, &addr, cases[i].pattern, true,
							   NULL),
				    cases[i].match, "pattern %s", cases[i].pattern);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);
}

static void negative_is_kept(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	kgid_t groups[4];

	fake.error = -ENOENT;
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "*", true, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true,
							 NULL),
				-ENOENT);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 3);

	/* Shorter than the time to live of what exists. */
	srv->settings.name_negative_ttl_s = 0;
	fake.error = 0;
	fake.member = true;
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 0);
	ditto_names_flush(srv);
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 1);
}

static void users_and_groups(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	char name[16];
	kuid_t uid;
	kgid_t gid;

	fake.name = "alice@example";
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(7), name, 16, NULL), 13);
		KUNIT_EXPECT_MEMEQ(test, name, "alice@example", 13);
		KUNIT_EXPECT_EQ(test, ditto_names_of_group(srv, KGIDT_INIT(7), name, 16, NULL), 13);
		KUNIT_EXPECT_EQ(test, ditto_names_user(srv, "abc@d", &uid, NULL), 0);
		KUNIT_EXPECT_EQ(test, __kuid_val(uid), 5);
		KUNIT_EXPECT_EQ(test, ditto_names_group(srv, "abc@d", &gid, NULL), 0);
		KUNIT_EXPECT_EQ(test, __kgid_val(gid), 105);
	}
	/* A number is a user's, or a group's; a name, too. */
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 4);
	KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(7), name, 12, NULL), -ERANGE);
	KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(8), name, 13, NULL), 13);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 5);
}

/* Ask for the name of a user until there is an answer, but at most @times. */
static int name_ask(struct ditto_server *srv, u32 uid, const struct in6_addr *asker, int times)
{
	int err = -EJUKEBOX;
	char name[16];

	while (err == -EJUKEBOX && times--)
		err = ditto_names_of_user(srv, KUIDT_INIT(uid), name, sizeof(name), asker);
	return err;
}

/* Fill the budget of the client. */
static void charge_all(struct kunit *test, struct ditto_charge *all)
{
	const enum ditto_budget_kind kind = DITTO_BUDGET_QUESTIONS;
	struct ditto_server *srv = test->priv;
	struct ditto_principal who;

	KUNIT_ASSERT_EQ(test, ditto_principal_init(&who, srv, &addr, DITTO_TRUST_USER,
						   INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(all, &who, kind,
					   ditto_budget_peer_limit(srv, DITTO_TRUST_USER, kind)),
			0);
	ditto_principal_exit(&who);
}

/* Requests are charged to the client that asks; one at its limit is in nobody else's way. */
static void asker_is_charged(struct kunit *test)
{
	static const struct in6_addr other = {
		{ .u6_addr32 = { 0, 0, htonl(0xffff), htonl(0xc0000202) } }
	};
	const enum ditto_budget_kind kind = DITTO_BUDGET_QUESTIONS;
	struct ditto_server *srv = test->priv;
	struct ditto_charge all = {};

	fake.name = "alice@example";
	charge_all(test, &all);
	KUNIT_EXPECT_EQ(test, name_ask(srv, 7, &addr, 3), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 0);
	KUNIT_EXPECT_EQ(test, name_ask(srv, 7, &other, 500), 13);
	KUNIT_EXPECT_MEMEQ(test, &fake.asker, &other, sizeof(other));
	/* A cached answer costs nothing. */
	KUNIT_EXPECT_EQ(test, name_ask(srv, 7, &addr, 1), 13);
	ditto_uncharge(&all);
	KUNIT_EXPECT_EQ(test, name_ask(srv, 8, &addr, 500), 13);
	KUNIT_EXPECT_MEMEQ(test, &fake.asker, &addr, sizeof(addr));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 2);
	/* The answer may be seen before the charge ends. */
	await(!budget_sum(srv, DITTO_TRUST_USER, kind));
	KUNIT_EXPECT_EQ(test, budget_sum(srv, DITTO_TRUST_USER, kind), 0);
}

static void users_unknown(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	char name[16];
	kuid_t uid;
	kgid_t gid;

	fake.error = -ENOENT;
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(7), name, 16, NULL),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, ditto_names_of_group(srv, KGIDT_INIT(7), name, 16, NULL),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, ditto_names_user(srv, "abc@d", &uid, NULL), -ENOENT);
		KUNIT_EXPECT_EQ(test, ditto_names_group(srv, "abc@d", &gid, NULL), -ENOENT);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 4);
}

static void no_helper(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	fake.error = -ECONNREFUSED;
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "*", true, NULL), -ECONNREFUSED);
	/* The helper is not asked again at once. */
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "*", true, NULL), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);

	fake.error = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), -EJUKEBOX);
}

static bool late_caller_returns(struct kunit *test)
{
	unsigned long begin = jiffies;

	KUNIT_EXPECT_EQ(test, ditto_names_host_match(test->priv, &addr, "*", true, NULL),
			-EJUKEBOX);
	return time_before(jiffies, begin + msecs_to_jiffies(DITTO_NAMES_WAIT_MS));
}

static void slow_helper(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	unsigned long begin = jiffies;

	fake.slow = true;
	fake.hosts[0] = "client.example";
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "*", true, NULL), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "*", true, NULL), -EJUKEBOX);
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, begin +
					      msecs_to_jiffies(DITTO_NAMES_WAIT_MS)));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);

	/* A late caller does not wait any more. A busy machine may hold up some, not all. */
	KUNIT_EXPECT_TRUE(test, await(late_caller_returns(test)));

	complete_all(&fake.go);
	KUNIT_EXPECT_TRUE(test, await(ditto_names_host_match(srv, &addr, "*", true, NULL) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);
}

static void stale_is_used(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	fake.hosts[0] = "client.example";
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "client.*", true, NULL), 1);

	/* Expired, and the helper does not answer: the old answer serves. */
	srv->settings.name_ttl_s = 0;
	fake.slow = true;
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "client.*", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "client.*", true, NULL), 1);
	fake.error = -ETIMEDOUT;
	complete_all(&fake.go);
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "client.*", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, ditto_names_count(srv), 1);
}

/* An answer that was in use until it expired, and a little longer, delays nobody. */
static void just_expired_is_used(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	srv->upcalls->helper.portid = 1;
	fake.member = true;
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 1);
	fake.member = false;
	fake.slow = true;
	ditto_names_age(srv, srv->settings.name_ttl_s * HZ);
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 1);
	complete_all(&fake.go);
	KUNIT_EXPECT_TRUE(test, await(!ditto_names_in_netgroup(srv, &addr, "lab", true, NULL)));
	/* The same holds for what somebody is not a member of. */
	reinit_completion(&fake.go);
	ditto_names_age(srv, srv->settings.name_negative_ttl_s * HZ);
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 0);
	complete_all(&fake.go);
}

/* Who left a group while away does not come back with it. */
static void long_expired_is_not_used(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	kgid_t groups[4];
	char name[64];

	srv->upcalls->helper.portid = 1;
	fake.member = true;
	fake.name = "ann@example.org";
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true, NULL),
			3);
	KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(7), name, sizeof(name), NULL),
			15);

	ditto_names_age(srv, 2 * srv->settings.name_ttl_s * HZ);
	fake.member = false;
	/* Who does not wait is judged by what was known. */
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", false, NULL), 1);
	KUNIT_EXPECT_TRUE(test, await(!ditto_names_in_netgroup(srv, &addr, "lab", false, NULL)));
	fake.slow = true;
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true, NULL),
			-EJUKEBOX);
	KUNIT_EXPECT_EQ(test, ditto_names_of_user(srv, KUIDT_INIT(7), name, sizeof(name), NULL),
			-EJUKEBOX);
	/* It is all there is when the helper does not answer. */
	fake.error = -ETIMEDOUT;
	complete_all(&fake.go);
	KUNIT_EXPECT_TRUE(test, await(ditto_names_groups(srv, KUIDT_INIT(7), groups, 4,
							 NULL, true, NULL) == 3));
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true, NULL),
			3);
	/* That a client asks too much is no reason. */
	fake.error = 0;
	KUNIT_EXPECT_TRUE(test, await(ditto_names_groups(srv, KUIDT_INIT(8), groups, 4,
							 NULL, true, NULL) == 3));
	ditto_names_age(srv, 2 * srv->settings.name_ttl_s * HZ);
	fake.error = -EBUSY;
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(8), groups, 4, NULL, true, NULL),
			-EJUKEBOX);
}

/* What came into being is found at once when the answer that it is not there has expired. */
static void expired_negative_is_not_used(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	kuid_t uid;

	srv->upcalls->helper.portid = 1;
	fake.error = -ENOENT;
	KUNIT_EXPECT_TRUE(test, await(ditto_names_user(srv, "ann@d", &uid, NULL) == -ENOENT));
	fake.error = 0;
	KUNIT_EXPECT_EQ(test, ditto_names_user(srv, "ann@d", &uid, NULL), -ENOENT);
	ditto_names_age(srv, srv->settings.name_negative_ttl_s * HZ);
	KUNIT_EXPECT_NE(test, ditto_names_user(srv, "ann@d", &uid, NULL), -ENOENT);
	KUNIT_EXPECT_TRUE(test, await(!ditto_names_user(srv, "ann@d", &uid, NULL)));
}

static void netgroups_and_hosts(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	fake.member = true;
	fake.hosts[0] = "client.example";
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "lab", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, fake.saw_hosts, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);

	/* The answer contained the names of the host, which the next question includes. */
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "client.example", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);
	fake.member = false;
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "office", true, NULL), 0);
	KUNIT_EXPECT_EQ(test, fake.saw_hosts, 1);
	/* Names of netgroups are not folded. */
	KUNIT_EXPECT_EQ(test, ditto_names_in_netgroup(srv, &addr, "Lab", true, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 3);
}

/* Names of a host that come with an answer about a netgroup are those of before the flush. */
static void hosts_of_before_flush_are_not_kept(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	fake.member = true;
	fake.flushes = true;
	fake.hosts[0] = "old.example";
	KUNIT_EXPECT_TRUE(test, await(ditto_names_in_netgroup(srv, &addr, "lab", true, NULL) == 1));

	fake.flushes = false;
	fake.hosts[0] = NULL;
	KUNIT_EXPECT_TRUE(test, await(ditto_names_in_netgroup(srv, &addr, "lab", true, NULL) == 1));
	KUNIT_EXPECT_EQ(test, fake.saw_hosts, 0);
	fake.hosts[0] = "new.example";
	KUNIT_EXPECT_TRUE(test, await(ditto_names_host_match(srv, &addr, "*", true, NULL) == 1));
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "old.example", true, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "new.example", true, NULL), 1);
}

static void groups_are_cut(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	kgid_t groups[4] = {};

	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true, NULL),
			3);
	KUNIT_EXPECT_EQ(test, __kgid_val(groups[2]), 102);
	KUNIT_EXPECT_EQ(test, __kgid_val(groups[3]), 0);
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(7), groups, 2, NULL, true, NULL),
			2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);
	KUNIT_EXPECT_EQ(test, ditto_names_groups(srv, KUIDT_INIT(8), groups, 4, NULL, true, NULL),
			3);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 2);
}

/* Ask until the worker has got an answer: 0, or an error that stays. */
static int token_ask(struct ditto_server *srv, u32 uid, struct ditto_token **token)
{
	int err = -EJUKEBOX;

	/* A call that does not wait reports that no helper is registered. */
	for (unsigned long limit = jiffies + AWAIT_LIMIT;
	     (err == -EJUKEBOX || err == -ECONNREFUSED) && time_before(jiffies, limit);) {
		err = ditto_names_token(srv, KUIDT_INIT(uid), token, NULL);
		if (err)
			usleep_range(100, 200);
	}
	return err;
}

static void tokens_of_users(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	const struct ditto_token *cached;
	struct ditto_token *token;

	KUNIT_ASSERT_EQ(test, token_ask(srv, 7, &token), 0);
	KUNIT_EXPECT_EQ(test, token->count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 1);
	rcu_read_lock();
	cached = ditto_names_token_rcu(srv, KUIDT_INIT(7));
	KUNIT_EXPECT_PTR_EQ(test, cached, token);
	KUNIT_EXPECT_NULL(test, ditto_names_token_rcu(srv, KUIDT_INIT(8)));
	rcu_read_unlock();
	/* The reference outlives the cache. */
	ditto_names_flush(srv);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, token->count, 1);
	ditto_token_put(token);
	fake.error = -ENOENT;
	KUNIT_EXPECT_EQ(test, token_ask(srv, 7, &token), -ENOENT);
}

/* An error stays the answer while the helper is asked again. */
static void token_errors_stay(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_token *token;
	int err = 0;

	fake.error = -EAGAIN;
	KUNIT_EXPECT_EQ(test, token_ask(srv, 7, &token), -EAGAIN);
	fake.slow = true;
	fake.error = 0;
	await((err = ditto_names_token(srv, KUIDT_INIT(7), &token, NULL),
	       atomic_read(&fake.asked) >= 2));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 2);
	KUNIT_EXPECT_EQ(test, err, -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_names_token(srv, KUIDT_INIT(7), &token, NULL), -EAGAIN);
	complete_all(&fake.go);
	await(!ditto_names_token(srv, KUIDT_INIT(7), &token, NULL));
	KUNIT_ASSERT_EQ(test, ditto_names_token(srv, KUIDT_INIT(7), &token, NULL), 0);
	ditto_token_put(token);
	/* And that of the loop. */
	ditto_token_put(token);
}

/* A request that was dropped because its client has too many is repeated for the next caller. */
static void token_busy_is_not_kept(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_token *token;

	fake.error = -EBUSY;
	KUNIT_EXPECT_NE(test, ditto_names_token(srv, KUIDT_INIT(7), &token, NULL), 0);
	await(atomic_read(&fake.asked));
	/* The error is stored soon; if not, there is nothing to be kept. */
	msleep(20);
	fake.error = 0;
	KUNIT_ASSERT_EQ(test, token_ask(srv, 7, &token), 0);
	ditto_token_put(token);
}

static void tokens_are_bounded(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_token *token;
	size_t size = 0, n = 0;

	fake.large = true;
	for (u32 uid = 0; size <= DITTO_NAMES_TOKENS_BYTES + SZ_1M; uid++, n++) {
		KUNIT_ASSERT_EQ(test, token_ask(srv, uid, &token), 0);
		KUNIT_ASSERT_EQ(test, token->count, DITTO_TOKEN_SIDS_MAX);
		size += ditto_token_size(token);
		ditto_token_put(token);
	}
	KUNIT_EXPECT_LT(test, ditto_names_count(srv), n);
	KUNIT_EXPECT_GT(test, ditto_names_count(srv), n / 2);
}

static void flush_forgets(struct kunit *test)
{
	struct ditto_server *srv = test->priv;

	fake.hosts[0] = "client.example";
	ditto_names_host_match(srv, &addr, "*", true, NULL);
	ditto_names_flush(srv);
	KUNIT_EXPECT_EQ(test, ditto_names_count(srv), 0);
	fake.hosts[0] = "new.example";
	KUNIT_EXPECT_EQ(test, ditto_names_host_match(srv, &addr, "new.example", true, NULL), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.asked), 2);
}

static void cache_is_bounded(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	kgid_t group;

	for (unsigned int uid = 0; uid < DITTO_NAMES_MAX + 100; uid++)
		ditto_names_groups(srv, KUIDT_INIT(uid), &group, 1, NULL, true, NULL);
	KUNIT_EXPECT_EQ(test, ditto_names_count(srv), DITTO_NAMES_MAX);
}

/* An operation that asks for SIDs, and how often it was told to go on. */
struct parked {
	struct ditto_names_park park;
	struct completion done;
	atomic_t told;
};

static void parked_done(struct ditto_names_park *park)
{
	struct parked *parked = container_of(park, struct parked, park);

	atomic_inc(&parked->told);
	complete(&parked->done);
}

static void parked_init(struct kunit *test, struct parked *parked)
{
	ditto_names_park_init(&parked->park, test->priv, &addr, parked_done);
	init_completion(&parked->done);
	atomic_set(&parked->told, 0);
	ditto_names_park_begin(&parked->park);
}

/* The heap, because debugobjects wants work on a stack to be declared as such. */
static struct parked *parked_begin(struct kunit *test)
{
	struct parked *parked = kunit_kzalloc(test, sizeof(*parked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, parked);
	parked_init(test, parked);
	return parked;
}

static void parked_until_answered(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	u8 sid[DITTO_SID_MAX], want[DITTO_SID_MAX];
	struct ditto_account account;
	struct parked *parked;

	parked = parked_begin(test);
	fake.slow = true;
	/* Without a park nobody is asked. */
	KUNIT_EXPECT_EQ(test, ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, NULL), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, ditto_names_count(srv), 0);
	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, &parked->park));
	KUNIT_EXPECT_TRUE(test, parked->park.waits);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->told), 0);
	complete_all(&fake.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&parked->done, 60 * HZ), 0);

	ditto_names_park_begin(&parked->park);
	KUNIT_EXPECT_EQ(test, ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, &parked->park), 0);
	sid_of_domain(want, 7);
	KUNIT_EXPECT_MEMEQ(test, sid, want, SID_OF_DOMAIN);
	KUNIT_EXPECT_FALSE(test, parked->park.waits);
	KUNIT_EXPECT_FALSE(test, ditto_names_park_cancel(&parked->park));

	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_account_of_sid(srv, want, &account, &parked->park));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&parked->done, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, ditto_names_account_of_sid(srv, want, &account, NULL), 0);
	KUNIT_EXPECT_EQ(test, __kuid_val(account.uid), strlen("S-1-5-21-1-2-3-7"));
	KUNIT_EXPECT_FALSE(test, gid_valid(account.gid));
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->told), 2);
	ditto_names_park_cancel(&parked->park);
}

/* Of many answers some are asked for, and one is waited for. */
static void parked_asks_some(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct parked *parked;
	u8 sid[DITTO_SID_MAX];

	parked = parked_begin(test);
	fake.slow = true;
	for (u32 gid = 1; gid < 3 * DITTO_NAMES_PARK_ASKS; gid++)
		KUNIT_EXPECT_EQ(test, -EJUKEBOX,
				ditto_names_sid_of_group(srv, KGIDT_INIT(gid), sid, &parked->park));
	KUNIT_EXPECT_EQ(test, ditto_names_count(srv), DITTO_NAMES_PARK_ASKS);
	KUNIT_EXPECT_TRUE(test, ditto_names_park_cancel(&parked->park));
	complete_all(&fake.go);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked->told), 0);
}

/* A helper that hangs or fails is not waited for without end, nor by every operation. */
static void parked_no_longer(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct parked *parked;
	u8 sid[DITTO_SID_MAX];

	srv->settings.upcall_ms = 100;
	parked = parked_begin(test);
	fake.slow = true;
	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, &parked->park));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&parked->done, 60 * HZ), 0);
	ditto_names_park_begin(&parked->park);
	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, &parked->park));
	KUNIT_EXPECT_FALSE(test, parked->park.waits);
	ditto_names_park_cancel(&parked->park);
	parked_init(test, parked);
	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_sid_of_user(srv, KUIDT_INIT(7), sid, &parked->park));
	KUNIT_EXPECT_FALSE(test, parked->park.waits);

	srv->settings.upcall_ms = 60000;
	parked_init(test, parked);
	fake.error = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EJUKEBOX,
			ditto_names_sid_of_user(srv, KUIDT_INIT(8), sid, &parked->park));
	KUNIT_EXPECT_TRUE(test, parked->park.waits);
	complete_all(&fake.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&parked->done, 60 * HZ), 0);
	ditto_names_park_begin(&parked->park);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ditto_names_sid_of_user(srv, KUIDT_INIT(8), sid, &parked->park));
	KUNIT_EXPECT_FALSE(test, parked->park.waits);
	ditto_names_park_cancel(&parked->park);
}

/* Groups of long ago decide nothing because the client may not ask for new ones. */
static void parked_takes_no_old_groups(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_charge all = {};
	struct parked *parked;
	kgid_t groups[4];

	/* A helper is there, so that answers expire. */
	srv->upcalls->helper.portid = 1;
	KUNIT_EXPECT_EQ(test, 3, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, NULL, true,
						    NULL));
	ditto_names_age(srv, 2 * srv->settings.name_ttl_s * HZ);
	charge_all(test, &all);
	parked = parked_begin(test);
	KUNIT_EXPECT_EQ(test, -EJUKEBOX, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, &addr,
							    true, &parked->park));
	KUNIT_EXPECT_FALSE(test, parked->park.waits);
	ditto_uncharge(&all);
	fake.slow = true;
	ditto_names_park_begin(&parked->park);
	KUNIT_EXPECT_EQ(test, -EJUKEBOX, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, &addr,
							    true, &parked->park));
	KUNIT_EXPECT_TRUE(test, parked->park.waits);
	complete_all(&fake.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&parked->done, 60 * HZ), 0);
	ditto_names_park_begin(&parked->park);
	KUNIT_EXPECT_EQ(test, 3, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, &addr, true,
						    &parked->park));
	ditto_names_park_cancel(&parked->park);
}

/* A park that has only an asker asks, and never waits. */
static void asking_park_waits_never(struct kunit *test)
{
	struct ditto_names_park asks = { .asker = addr };
	struct ditto_server *srv = test->priv;
	kgid_t groups[4];

	fake.slow = true;
	KUNIT_EXPECT_EQ(test, -EJUKEBOX, ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, &addr,
							    true, &asks));
	KUNIT_EXPECT_FALSE(test, asks.waits);
	complete_all(&fake.go);
	KUNIT_EXPECT_TRUE(test, await(ditto_names_groups(srv, KUIDT_INIT(7), groups, 4, &addr,
							 true, &asks) == 3));
}

static struct kunit_case names_cases[] = {
	KUNIT_CASE(host_patterns),
	KUNIT_CASE(negative_is_kept),
	KUNIT_CASE(users_and_groups),
	KUNIT_CASE(users_unknown),
	KUNIT_CASE(no_helper),
	KUNIT_CASE(slow_helper),
	KUNIT_CASE(stale_is_used),
	KUNIT_CASE(just_expired_is_used),
	KUNIT_CASE(long_expired_is_not_used),
	KUNIT_CASE(expired_negative_is_not_used),
	KUNIT_CASE(netgroups_and_hosts),
	KUNIT_CASE(hosts_of_before_flush_are_not_kept),
	KUNIT_CASE(groups_are_cut),
	KUNIT_CASE(tokens_of_users),
	KUNIT_CASE(token_errors_stay),
	KUNIT_CASE(token_busy_is_not_kept),
	KUNIT_CASE_SLOW(tokens_are_bounded),
	KUNIT_CASE(parked_until_answered),
	KUNIT_CASE(parked_asks_some),
	KUNIT_CASE(parked_no_longer),
	KUNIT_CASE(parked_takes_no_old_groups),
	KUNIT_CASE(asking_park_waits_never),
	KUNIT_CASE(asker_is_charged),
	KUNIT_CASE(flush_forgets),
	KUNIT_CASE_SLOW(cache_is_bounded),
	{}
};

static struct kunit_suite names_suite = {
	.name = "ditto_names",
	.init = names_test_init,
	.exit = names_test_exit,
	.test_cases = names_cases,
};

kunit_test_suite(names_suite);
