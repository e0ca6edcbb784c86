// SPDX-License-Identifier: GPL-2.0-only
/* Client rules: their text, addresses against networks, and how long verdicts are kept. */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/inet.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../fs/share/admit.h"
#include "../../../fs/share/rules.h"
#include "../../../fs/share/rules_private.h"
#include "../../../fs/share/share.h"
#include "../../../net/budget.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"

struct parse_case {
	const char *spec;
	int err;
	enum ditto_rule_kind kind;
	u8 prefix;
};

static const struct parse_case parse_cases[] = {
	{ "*", 0, DITTO_RULE_ANY },
	{ "any", 0, DITTO_RULE_ANY },
	{ "@trusted", 0, DITTO_RULE_NETGROUP },
	{ "192.0.2.1", 0, DITTO_RULE_NET, 128 },
	{ "192.0.2.0/24", 0, DITTO_RULE_NET, 120 },
	{ "0.0.0.0/0", 0, DITTO_RULE_NET, 96 },
	{ "192.0.2.1/32", 0, DITTO_RULE_NET, 128 },
	{ "2001:db8::1", 0, DITTO_RULE_NET, 128 },
	{ "2001:db8::/32", 0, DITTO_RULE_NET, 32 },
	{ "::/0", 0, DITTO_RULE_NET, 0 },
	{ "::1", 0, DITTO_RULE_NET, 128 },
	{ "::ffff:192.0.2.1", 0, DITTO_RULE_NET, 128 },
	{ "client.example", 0, DITTO_RULE_HOST },
	{ "*.example", 0, DITTO_RULE_HOST },
	{ "node?.example", 0, DITTO_RULE_HOST },
	{ "10-0-0-1.example", 0, DITTO_RULE_HOST },
	{ "localhost", 0, DITTO_RULE_HOST },
	{ "cert:build-7.example", 0, DITTO_RULE_CERT },
	{ "cert:*", 0, DITTO_RULE_CERT },
	{ "cert:", -EINVAL },
	{ "cert:a/b", -EINVAL },
	{ "cert:a:b", -EINVAL },
	{ "certificate:a", -EINVAL },
	{ "", -EINVAL },
	{ "@", -EINVAL },
	{ "192.0.2", -EINVAL },
	{ "192.0.2.256", -EINVAL },
	{ "192.0.2.0/33", -EINVAL },
	{ "192.0.2.0/", -EINVAL },
	{ "192.0.2.0/-1", -EINVAL },
	{ "192.0.2.0/+8", -EINVAL },
	{ "192.0.2.0/24x", -EINVAL },
	{ "/24", -EINVAL },
	{ "2001:db8::/129", -EINVAL },
	{ "2001:db8:::1", -EINVAL },
	{ "fe80::1%eth0", -EINVAL },
	{ "two words", -EINVAL },
	{ "tab\t", -EINVAL },
	{ "na\303\244h.example", -EINVAL },
	{ "a/b", -EINVAL },
};

static void parse_desc(const struct parse_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\"", c->spec);
}

KUNIT_ARRAY_PARAM(parse, parse_cases, parse_desc);

static void rules_parse(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	struct ditto_rules rules = { .count = 1 };
	struct ditto_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, rule);
	err = ditto_rule_parse(c->spec, rule);
	KUNIT_EXPECT_EQ(test, err, c->err);
	if (!err) {
		KUNIT_EXPECT_EQ(test, rule->kind, c->kind);
		KUNIT_EXPECT_EQ(test, rule->prefix, c->prefix);
		KUNIT_EXPECT_STREQ(test, rule->spec, c->spec);
	}
	rules.rule = rule;
	ditto_rules_free(&rules);
}

static void rules_parse_long(struct kunit *test)
{
	char *spec = kunit_kzalloc(test, DITTO_HOST_NAME_MAX + 2, GFP_KERNEL);
	struct ditto_rule rule = {};

	KUNIT_ASSERT_NOT_NULL(test, spec);
	memset(spec, 'a', DITTO_HOST_NAME_MAX + 1);
	KUNIT_EXPECT_EQ(test, ditto_rule_parse(spec, &rule), -EINVAL);
	spec[DITTO_HOST_NAME_MAX] = '\0';
	KUNIT_EXPECT_EQ(test, ditto_rule_parse(spec, &rule), 0);
	kfree(rule.spec);
}

struct match_case {
	const char *spec;
	const char *addr;
	bool match;
};

static const struct match_case match_cases[] = {
	{ "*", "192.0.2.1", true },
	{ "*", "2001:db8::1", true },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.77/24", "192.0.2.1", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.4/30", "192.0.2.7", true },
	{ "192.0.2.4/30", "192.0.2.8", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::/63", "2001:db8:0:1::1", true },
	{ "2001:db8::/65", "2001:db8::8000:0:0:0", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "::ffff:192.0.2.1", "192.0.2.1", true },
	{ "client.example", "192.0.2.1", false },
	{ "@group", "192.0.2.1", false },
};

static void match_desc(const struct match_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s in %s", c->addr, c->spec);
}

KUNIT_ARRAY_PARAM(match, match_cases, match_desc);

static void rules_match(struct kunit *test)
{
	const struct match_case *c = test->param_value;
	struct ditto_rule rule = {};
	struct in6_addr addr;
	__be32 v4;

	if (in4_pton(c->addr, -1, (u8 *)&v4, -1, NULL))
		ipv6_addr_set_v4mapped(v4, &addr);
	else
		KUNIT_ASSERT_EQ(test, in6_pton(c->addr, -1, addr.s6_addr, -1, NULL), 1);

	KUNIT_ASSERT_EQ(test, ditto_rule_parse(c->spec, &rule), 0);
	KUNIT_EXPECT_EQ(test, ditto_rule_match_addr(&rule, &addr), c->match);
	kfree(rule.spec);
}

static void rules_match_cert(struct kunit *test)
{
	static const struct {
		const char *spec;
		const char *cert_name;
		bool match;
	} cases[] = {
		{ "cert:build-7", "build-7", true },
		{ "cert:Build-*", "build-7", true },
		{ "cert:build-?", "build-77", false },
		{ "cert:*", "build-7", true },
		{ "cert:*", NULL, false },
		{ "cert:build-7", NULL, false },
		/* The name of a certificate is not that of a host. */
		{ "build-7", "build-7", false },
		{ "*", "build-7", true },
		{ "192.0.2.1", "build-7", true },
	};
	struct in6_addr addr;

	ipv6_addr_set_v4mapped(htonl(0xc0000201), &addr);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ditto_rule rule = {};

		KUNIT_ASSERT_EQ(test, ditto_rule_parse(cases[i].spec, &rule), 0);
		KUNIT_EXPECT_EQ_MSG(test, ditto_rule_match(&rule, &addr, cases[i].cert_name),
				    cases[i].match, "%s in %s", cases[i].cert_name, cases[i].spec);
		kfree(rule.spec);
	}
}

static void rules_copy(struct kunit *test)
{
	struct ditto_rules from = {}, to;

	KUNIT_EXPECT_EQ(test, ditto_rules_copy(&to, &from), 0);
	KUNIT_EXPECT_EQ(test, to.count, 0);

	from.rule = kcalloc(2, sizeof(*from.rule), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, from.rule);
	from.count = 2;
	KUNIT_EXPECT_EQ(test, ditto_rule_parse("192.0.2.0/24", &from.rule[0]), 0);
	KUNIT_EXPECT_EQ(test, ditto_rule_parse("@group", &from.rule[1]), 0);
	from.rule[1].level = DITTO_ACCESS_READ;
	from.rule[1].anon_uid = 40;

	KUNIT_EXPECT_EQ(test, ditto_rules_copy(&to, &from), 0);
	KUNIT_EXPECT_EQ(test, to.count, 2);
	KUNIT_EXPECT_PTR_NE(test, to.rule[1].spec, from.rule[1].spec);
	ditto_rules_free(&from);
	KUNIT_EXPECT_STREQ(test, to.rule[1].spec, "@group");
	KUNIT_EXPECT_EQ(test, to.rule[1].level, DITTO_ACCESS_READ);
	KUNIT_EXPECT_EQ(test, to.rule[1].anon_uid, 40);
	KUNIT_EXPECT_EQ(test, to.rule[0].prefix, 120);
	ditto_rules_free(&to);
	KUNIT_EXPECT_NULL(test, to.rule);
}

/**
 * struct rules_ctx - a share whose rule admits the machines of a netgroup
 * @srv: the server
 * @share: the share
 * @opts: its options
 * @rule: the rule
 * @asked: how often the helper was asked
 * @flushes: what is known is flushed before the helper answers
 */
struct rules_ctx {
	struct ditto_server srv;
	struct ditto_share share;
	struct ditto_share_opts opts;
	struct ditto_rule rule;
	atomic_t asked;
	bool flushes;
};

static void rules_flush(struct ditto_server *srv)
{
	ditto_names_flush(srv);
	ditto_peers_forget_verdicts(srv);
}

static int rules_ask(struct ditto_server *srv, const struct ditto_question *question,
		     const struct ditto_host_names *hosts, struct ditto_said *said)
{
	struct rules_ctx *ctx = container_of(srv, struct rules_ctx, srv);

	*said = (struct ditto_said) { .member = true };
	atomic_inc(&ctx->asked);
	if (ctx->flushes)
		rules_flush(srv);
	return 0;
}

static int rules_test_init(struct kunit *test)
{
	struct rules_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->srv.net = &init_net;
	ditto_settings_init(&ctx->srv);
	test->priv = ctx;
	KUNIT_ASSERT_EQ(test, ditto_peers_init(&ctx->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&ctx->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&ctx->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_names_init(&ctx->srv), 0);
	ditto_names_set_ask(&ctx->srv, rules_ask);

	KUNIT_ASSERT_EQ(test, ditto_rule_parse("@group", &ctx->rule), 0);
	ctx->rule.level = DITTO_ACCESS_READ;
	ctx->opts.generation = 1;
	ctx->opts.rules = (struct ditto_rules) { .rule = &ctx->rule, .count = 1 };
	ctx->share.srv = &ctx->srv;
	RCU_INIT_POINTER(ctx->share.opts, &ctx->opts);
	return 0;
}

static void rules_test_exit(struct kunit *test)
{
	struct rules_ctx *ctx = test->priv;

	if (!ctx)
		return;
	/* Waits for requests to the helper. */
	ditto_names_exit(&ctx->srv);
	ditto_upcalls_exit(&ctx->srv);
	ditto_budget_exit(&ctx->srv);
	ditto_peers_exit(&ctx->srv);
	kfree(ctx->rule.spec);
}

/* A machine, or a connection of it whose client has proved its name. */
static struct ditto_peer *rules_peer(struct kunit *test, struct ditto_server *srv, bool proved)
{
	const struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201),
	};
	const struct sockaddr *sa = (const struct sockaddr *)&sin;
	struct ditto_peer *peer;

	peer = proved ? ditto_peer_prove(srv, sa, kstrdup("name", GFP_KERNEL)) :
			ditto_peer_get(srv, sa, 0);
	KUNIT_ASSERT_NOT_NULL(test, peer);
	return peer;
}

/* Expect that the machine may read. Return: true if the helper was asked for that. */
static bool rules_match_asks(struct kunit *test, struct ditto_peer *peer)
{
	struct rules_ctx *ctx = test->priv;
	int before = atomic_read(&ctx->asked);
	struct ditto_verdict verdict = {};
	int err;

	/* On a busy machine the answer may be late, and then is asked for again. */
	await((err = ditto_rules_match(&ctx->share, peer, DITTO_RULES_ASK_WAIT, NULL, &verdict)) !=
	      -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, verdict.level, DITTO_ACCESS_READ);
	return atomic_read(&ctx->asked) != before;
}

/* The rule that decides names the anonymous user, be the verdict made now or remembered. */
static void anonymous_of_rule(struct kunit *test)
{
	struct rules_ctx *ctx = test->priv;
	struct ditto_peer *peer = rules_peer(test, &ctx->srv, false);
	struct ditto_rule rules[2] = {};

	KUNIT_EXPECT_EQ(test, ditto_rule_parse("192.0.2.2", &rules[0]), 0);
	KUNIT_EXPECT_EQ(test, ditto_rule_parse("192.0.2.0/24", &rules[1]), 0);
	rules[0].anon_uid = 38;
	rules[0].anon_gid = 39;
	rules[1].anon_uid = 40;
	ctx->opts.rules = (struct ditto_rules) { .rule = rules, .count = 2 };
	for (int i = 0; i < 2; i++) {
		struct ditto_verdict verdict = { .anon_gid = 7 };

		KUNIT_EXPECT_EQ(test, ditto_rules_match(&ctx->share, peer, DITTO_RULES_ASK, NULL,
							&verdict), 0);
		KUNIT_EXPECT_EQ(test, verdict.anon_uid, 40);
		KUNIT_EXPECT_EQ(test, verdict.anon_gid, 0);
	}
	ctx->opts.generation++;
	ctx->opts.rules.count = 1;
	for (int i = 0; i < 2; i++) {
		struct ditto_verdict verdict = { .anon_uid = 7, .anon_gid = 7 };

		KUNIT_EXPECT_EQ(test, ditto_rules_match(&ctx->share, peer, DITTO_RULES_ASK, NULL,
							&verdict), 0);
		KUNIT_EXPECT_EQ(test, verdict.level, DITTO_ACCESS_NONE);
		KUNIT_EXPECT_EQ(test, verdict.anon_uid, 0);
		KUNIT_EXPECT_EQ(test, verdict.anon_gid, 0);
	}
	ditto_peer_put(peer);
	kfree(rules[0].spec);
	kfree(rules[1].spec);
}

static void flush_ends_verdicts(struct kunit *test)
{
	struct rules_ctx *ctx = test->priv;

	for (int proved = 0; proved < 2; proved++) {
		struct ditto_peer *peer = rules_peer(test, &ctx->srv, proved);

		rules_flush(&ctx->srv);
		KUNIT_EXPECT_TRUE(test, rules_match_asks(test, peer));
		ditto_names_flush(&ctx->srv);
		KUNIT_EXPECT_FALSE(test, rules_match_asks(test, peer));
		rules_flush(&ctx->srv);
		KUNIT_EXPECT_TRUE(test, rules_match_asks(test, peer));
		ditto_peer_put(peer);
	}
}

static void verdict_of_before_flush_is_not_kept(struct kunit *test)
{
	struct rules_ctx *ctx = test->priv;

	ctx->flushes = true;
	for (int proved = 0; proved < 2; proved++) {
		struct ditto_peer *peer = rules_peer(test, &ctx->srv, proved);

		KUNIT_EXPECT_TRUE(test, rules_match_asks(test, peer));
		KUNIT_EXPECT_TRUE(test, rules_match_asks(test, peer));
		ditto_peer_put(peer);
	}
}

static void flush_ends_admissions(struct kunit *test)
{
	struct ditto_server *srv = ditto_server_of(&init_net);

	for (int proved = 0; proved < 2; proved++) {
		struct ditto_peer *peer = rules_peer(test, srv, proved);
		enum ditto_admission found, other;
		enum ditto_ports ports;

		found = ditto_admit(peer, 0, true, &ports);
		other = found == DITTO_STRANGER ? DITTO_ADMITTED : DITTO_STRANGER;
		peer->admission[0].level = other;
		KUNIT_EXPECT_EQ(test, ditto_admit(peer, 0, true, &ports), other);
		ditto_peers_forget_verdicts(srv);
		KUNIT_EXPECT_EQ(test, ditto_admit(peer, 0, true, &ports), found);
		ditto_peer_put(peer);
	}
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE_PARAM(rules_parse, parse_gen_params),
	KUNIT_CASE(rules_parse_long),
	KUNIT_CASE_PARAM(rules_match, match_gen_params),
	KUNIT_CASE(rules_match_cert),
	KUNIT_CASE(rules_copy),
	KUNIT_CASE(anonymous_of_rule),
	KUNIT_CASE(flush_ends_verdicts),
	KUNIT_CASE(verdict_of_before_flush_is_not_kept),
	KUNIT_CASE(flush_ends_admissions),
	{}
};

static struct kunit_suite rules_suite = {
	.name = "ditto_rules",
	.init = rules_test_init,
	.exit = rules_test_exit,
	.test_cases = rules_cases,
};

kunit_test_suite(rules_suite);
