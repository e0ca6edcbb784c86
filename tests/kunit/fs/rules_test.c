// SPDX-License-Identifier: GPL-2.0-only
/* Client rules: their text, and addresses against networks. */
#include <kunit/test.h>
#include <linux/inet.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../fs/share/rules.h"
#include "../../../fs/share/rules_private.h"
#include "../../../fs/share/share.h"
#include "../../../net/budget.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/listener.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"

struct parse_case {
	const char *spec;
	int err;
	enum ditto_rule_kind kind;
	u8 prefix;
};

static const struct parse_case parse_cases[] = {
	{ "*", 0, DITTO_RULE_ANY },
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
		const char *proved;
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
		KUNIT_EXPECT_EQ_MSG(test, ditto_rule_match(&rule, &addr, cases[i].proved),
				    cases[i].match, "%s in %s", cases[i].proved, cases[i].spec);
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

	KUNIT_EXPECT_EQ(test, ditto_rules_copy(&to, &from), 0);
	KUNIT_EXPECT_EQ(test, to.count, 2);
	KUNIT_EXPECT_PTR_NE(test, to.rule[1].spec, from.rule[1].spec);
	ditto_rules_free(&from);
	KUNIT_EXPECT_STREQ(test, to.rule[1].spec, "@group");
	KUNIT_EXPECT_EQ(test, to.rule[1].level, DITTO_ACCESS_READ);
	KUNIT_EXPECT_EQ(test, to.rule[0].prefix, 120);
	ditto_rules_free(&to);
	KUNIT_EXPECT_NULL(test, to.rule);
}

/* How often the helper was asked whether a machine is in a netgroup. */
static unsigned int netgroup_asked;

/* The answer is of before a flush. */
static int netgroup_before_flush(struct ditto_server *srv, const struct ditto_question *question,
				 const struct ditto_host_names *hosts, struct ditto_said *said)
{
	*said = (struct ditto_said) { .member = true };
	netgroup_asked++;
	ditto_names_flush(srv);
	ditto_peers_forget_verdicts(srv);
	return 0;
}

static void server_start(struct kunit *test, struct ditto_server *srv)
{
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_peers_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_listeners_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_names_init(srv), 0);
	ditto_names_set_ask(srv, netgroup_before_flush);
	netgroup_asked = 0;
}

static void server_stop(struct ditto_server *srv)
{
	ditto_names_exit(srv);
	ditto_upcalls_exit(srv);
	ditto_budget_exit(srv);
	ditto_listeners_exit(srv);
	ditto_peers_exit(srv);
}

static void verdict_of_before_flush_is_not_kept(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);
	struct ditto_share *share = kunit_kzalloc(test, sizeof(*share), GFP_KERNEL);
	struct ditto_share_opts *opts = kunit_kzalloc(test, sizeof(*opts), GFP_KERNEL);
	const struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201),
	};
	struct ditto_rule rule = { .level = DITTO_ACCESS_READ };
	struct ditto_verdict verdict;
	struct ditto_peer *peer;

	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_NOT_NULL(test, share);
	KUNIT_ASSERT_NOT_NULL(test, opts);
	server_start(test, srv);
	KUNIT_ASSERT_EQ(test, ditto_rule_parse("@group", &rule), 0);
	opts->generation = 1;
	opts->rules = (struct ditto_rules) { .rule = &rule, .count = 1 };
	share->srv = srv;
	RCU_INIT_POINTER(share->opts, opts);
	peer = ditto_peer_get(srv, (const struct sockaddr *)&sin, 0);
	KUNIT_ASSERT_NOT_NULL(test, peer);

	for (unsigned int i = 1; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, ditto_rules_match(share, peer, DITTO_RULES_ASK_WAIT,
							&verdict), 0);
		KUNIT_EXPECT_EQ(test, verdict.level, DITTO_ACCESS_READ);
		KUNIT_EXPECT_EQ(test, netgroup_asked, i);
	}

	ditto_peer_put(peer);
	kfree(rule.spec);
	server_stop(srv);
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE_PARAM(rules_parse, parse_gen_params),
	KUNIT_CASE(rules_parse_long),
	KUNIT_CASE_PARAM(rules_match, match_gen_params),
	KUNIT_CASE(rules_match_cert),
	KUNIT_CASE(rules_copy),
	KUNIT_CASE(verdict_of_before_flush_is_not_kept),
	{}
};

static struct kunit_suite rules_suite = {
	.name = "ditto_rules",
	.test_cases = rules_cases,
};

kunit_test_suite(rules_suite);
