// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client rules: parsing and matching.
 *
 * The options that contain the rules are read under RCU, but the helper is asked without any
 * lock. The loop therefore copies one rule at a time that needs the helper, and starts over if
 * the options were replaced in between.
 *
 * Locking: a peer's verdicts are written under peer->lock and read with its seqcount.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/glob.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <net/ipv6.h>

#include "../../net/helper/names.h"
#include "../../net/peer.h"
#include "../../net/server.h"
#include "rules.h"
#include "rules_private.h"
#include "share.h"

/* Before the name of a certificate in a rule. */
#define CERT_PREFIX	"cert:"
#define CERT_PREFIX_LEN	(sizeof(CERT_PREFIX) - 1)
/* Bits before the IPv4 address in an IPv4-mapped IPv6 address. */
#define V4_OFFSET	96

/* Parsing */

static int parse_prefix(const char *text, unsigned int max, u8 *prefix)
{
	unsigned int value;

	if (!isdigit(text[0]) || kstrtouint(text, 10, &value) || value > max)
		return -EINVAL;
	*prefix = value;
	return 0;
}

/* Parse an address with or without a prefix length. */
static int parse_net(const char *spec, struct ditto_rule *rule)
{
	const char *slash = strchr(spec, '/');
	int len = slash ? slash - spec : -1;
	struct in6_addr net;
	const char *end;
	__be32 v4;

	if (!len)
		return -EINVAL;
	if (in4_pton(spec, len, (u8 *)&v4, '/', &end) && (!*end || *end == '/')) {
		ipv6_addr_set_v4mapped(v4, &rule->addr);
		rule->prefix = 32;
		if (slash && parse_prefix(slash + 1, 32, &rule->prefix))
			return -EINVAL;
		rule->prefix += V4_OFFSET;
	} else if (in6_pton(spec, len, rule->addr.s6_addr, '/', &end) &&
		   (!*end || *end == '/')) {
		rule->prefix = 128;
		if (slash && parse_prefix(slash + 1, 128, &rule->prefix))
			return -EINVAL;
	} else {
		return -EINVAL;
	}

	ipv6_addr_prefix(&net, &rule->addr, rule->prefix);
	rule->addr = net;
	rule->kind = DITTO_RULE_NET;
	return 0;
}

/* A host name may have wildcards. Text without letters must be an address. */
static bool host_valid(const char *spec)
{
	bool letters = false;

	for (; *spec; spec++) {
		if (isdigit(*spec) || *spec == '.')
			continue;
		if (!isalpha(*spec) && !strchr("-_*?", *spec))
			return false;
		letters = true;
	}
	return letters;
}

/* The name of a certificate may be a pattern without letters. */
static bool cert_valid(const char *spec)
{
	if (!*spec)
		return false;
	for (; *spec; spec++)
		if (!isalnum(*spec) && !strchr(".-_*?", *spec))
			return false;
	return true;
}

/*
 * Make a rule from its text. @rule: kind, address and text are filled; @rule->spec is a copy, freed
 * by ditto_rules_free(). Return: 0, -EINVAL or -ENOMEM.
 */
int ditto_rule_parse(const char *spec, struct ditto_rule *rule)
{
	size_t len = strnlen(spec, DITTO_HOST_NAME_MAX + 1);
	size_t i;

	if (!len || len > DITTO_HOST_NAME_MAX)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isascii(spec[i]) || !isgraph(spec[i]))
			return -EINVAL;

	memset(&rule->addr, 0, sizeof(rule->addr));
	rule->prefix = 0;
	if (!strcmp(spec, "*") || !strcmp(spec, "any"))
		rule->kind = DITTO_RULE_ANY;
	else if (spec[0] == '@' && len > 1)
		rule->kind = DITTO_RULE_NETGROUP;
	else if (!strncmp(spec, CERT_PREFIX, CERT_PREFIX_LEN) && cert_valid(spec + CERT_PREFIX_LEN))
		rule->kind = DITTO_RULE_CERT;
	else if (!parse_net(spec, rule))
		;
	else if (host_valid(spec))
		rule->kind = DITTO_RULE_HOST;
	else
		return -EINVAL;

	rule->spec = kstrdup(spec, GFP_KERNEL);
	return rule->spec ? 0 : -ENOMEM;
}

/* Free the rules of a share. Context: any. */
void ditto_rules_free(struct ditto_rules *rules)
{
	unsigned int i;

	for (i = 0; i < rules->count; i++)
		kfree(rules->rule[i].spec);
	kfree(rules->rule);
	rules->rule = NULL;
	rules->count = 0;
}

/*
 * Copy the rules of a share. @to: filled; freed with ditto_rules_free(); @from: the caller keeps it
 * from changing, for example under RCU. May be called with @from under RCU. Context: any; allocates
 * atomically. Return: 0 or -ENOMEM; @to is empty then.
 */
int ditto_rules_copy(struct ditto_rules *to, const struct ditto_rules *from)
{
	to->rule = NULL;
	to->count = 0;
	if (!from->count)
		return 0;

	to->rule = kmemdup_array(from->rule, from->count, sizeof(*from->rule), GFP_ATOMIC);
	if (!to->rule)
		return -ENOMEM;
	for (; to->count < from->count; to->count++) {
		struct ditto_rule *rule = &to->rule[to->count];

		rule->spec = kstrdup(rule->spec, GFP_ATOMIC);
		if (!rule->spec) {
			ditto_rules_free(to);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Matching */

/*
 * Match a rule about addresses. Context: any. Return: true if the rule matches; false for rules
 * about names.
 */
bool ditto_rule_match_addr(const struct ditto_rule *rule, const struct in6_addr *addr)
{
	if (rule->kind == DITTO_RULE_ANY)
		return true;
	if (rule->kind != DITTO_RULE_NET)
		return false;
	/* A short IPv6 prefix, such as ::/0, matches IPv6 clients only. */
	if (rule->prefix < V4_OFFSET && ipv6_addr_v4mapped(addr))
		return false;
	return ipv6_prefix_equal(&rule->addr, addr, rule->prefix);
}

/* Return: true if a rule about a certificate matches. Case does not matter. */
static noinline_for_stack bool rule_match_cert(const struct ditto_rule *rule, const char *cert_name)
{
	char lower[DITTO_HOST_NAME_MAX + 1];

	if (rule->kind != DITTO_RULE_CERT || !cert_name)
		return false;
	string_lower(lower, rule->spec + CERT_PREFIX_LEN);
	return glob_match(lower, cert_name);
}

/*
 * Match a rule about addresses or certificates. @cert_name: name that it has proved, or NULL.
 * Context: any. Return: true if the rule matches; false for rules about names.
 */
bool ditto_rule_match(const struct ditto_rule *rule, const struct in6_addr *addr,
		      const char *cert_name)
{
	return ditto_rule_match_addr(rule, addr) || rule_match_cert(rule, cert_name);
}

static void verdict_fill(struct ditto_verdict *verdict, const struct ditto_share_opts *opts,
			 const struct ditto_rule *rule)
{
	verdict->squash = rule && rule->has_squash ? rule->squash : opts->squash;
	verdict->anon_uid = rule ? rule->anon_uid : 0;
	verdict->anon_gid = rule ? rule->anon_gid : 0;
	if (rule)
		verdict->level = rule->level;
	else
		verdict->level = opts->rules.count ? DITTO_ACCESS_NONE : DITTO_ACCESS_WRITE;
	if (opts->read_only && verdict->level == DITTO_ACCESS_WRITE)
		verdict->level = DITTO_ACCESS_READ;
}

static bool verdict_cached(struct ditto_peer *peer, u64 generation, u32 epoch,
			   struct ditto_verdict *verdict)
{
	const struct ditto_peer_verdict *v;
	unsigned int seq;
	bool found;

	do {
		seq = read_seqcount_begin(&peer->seq);
		found = false;
		for (v = peer->verdicts; v < peer->verdicts + DITTO_PEER_VERDICTS; v++) {
			if (v->generation != generation)
				continue;
			verdict->level = v->level;
			verdict->squash = v->squash;
			verdict->anon_uid = v->anon_uid;
			verdict->anon_gid = v->anon_gid;
			found = v->epoch == epoch && time_before(jiffies, v->expires);
			break;
		}
	} while (read_seqcount_retry(&peer->seq, seq));
	return found;
}

/* @epoch: read before the rules were matched, because their names may be dropped after that. */
static void verdict_remember(struct ditto_peer *peer, u64 generation, u32 epoch,
			     const struct ditto_verdict *verdict, unsigned long keep)
{
	struct ditto_peer_verdict *v;
	unsigned int i;

	spin_lock(&peer->lock);
	/* Replace an older verdict of the same generation, if there is one. */
	for (i = 0; i < DITTO_PEER_VERDICTS; i++)
		if (peer->verdicts[i].generation == generation)
			break;
	if (i == DITTO_PEER_VERDICTS)
		i = peer->turn++ % DITTO_PEER_VERDICTS;

	v = &peer->verdicts[i];
	write_seqcount_begin(&peer->seq);
	v->generation = generation;
	v->expires = jiffies + keep;
	v->epoch = epoch;
	v->level = verdict->level;
	v->squash = verdict->squash;
	v->anon_uid = verdict->anon_uid;
	v->anon_gid = verdict->anon_gid;
	write_seqcount_end(&peer->seq);
	spin_unlock(&peer->lock);
}

/**
 * struct rules_decision - state of matching the rules for a peer
 * @generation: generation of the options
 * @next: index of the next rule
 * @named: a rule about names took part
 * @cert_name: name that the client has proved, or NULL
 * @kind: kind of the rule to ask the helper about
 * @spec: copy of this rule's text
 * @why: filled with the rule that decides; or NULL
 * @park: waits for the helper, or NULL
 */
struct rules_decision {
	u64 generation;
	unsigned int next;
	bool named;
	const char *cert_name;
	enum ditto_rule_kind kind;
	char spec[DITTO_HOST_NAME_MAX + 1];
	struct ditto_rule_reason *why;
	struct ditto_names_park *park;
};

/* The rule before @j->next decides. */
static void rules_decided(const struct ditto_share_opts *opts, const struct rules_decision *j,
			  struct ditto_verdict *verdict)
{
	const struct ditto_rule *rule = &opts->rules.rule[j->next - 1];

	verdict_fill(verdict, opts, rule);
	if (likely(!j->why))
		return;
	j->why->number = j->next;
	j->why->level = rule->level;
	strscpy(j->why->spec, rule->spec);
}

/*
 * Match rules until one decides or needs the helper. @matched: the helper reported that the rule
 * before @j->next matches. Returns true with the verdict filled.
 */
static bool rules_match_step(const struct ditto_share_opts *opts, const struct in6_addr *addr,
			     struct rules_decision *j, bool matched, struct ditto_verdict *verdict)
{
	const struct ditto_rules *rules = &opts->rules;

	if (j->generation != opts->generation) {
		j->generation = opts->generation;
		j->next = 0;
		j->named = false;
		matched = false;
	}
	if (matched) {
		rules_decided(opts, j, verdict);
		return true;
	}

	while (j->next < rules->count) {
		const struct ditto_rule *rule = &rules->rule[j->next++];

		if (ditto_rule_has_name(rule)) {
			j->named = true;
			j->kind = rule->kind;
			strscpy(j->spec, rule->spec, sizeof(j->spec));
			return false;
		}
		if (ditto_rule_match(rule, addr, j->cert_name)) {
			rules_decided(opts, j, verdict);
			return true;
		}
	}
	verdict_fill(verdict, opts, NULL);
	return true;
}

/* Return: 1 if the rule matches, 0 if not, or a negative errno. */
static int rules_match_ask(struct ditto_server *srv, const struct in6_addr *addr,
			   enum ditto_rules_ask ask, const struct rules_decision *j)
{
	bool wait = ask == DITTO_RULES_ASK_WAIT;
	int ret;

	if (ask == DITTO_RULES_ASK_NOBODY)
		return -EJUKEBOX;
	if (j->kind == DITTO_RULE_NETGROUP)
		ret = ditto_names_in_netgroup(srv, addr, j->spec + 1, wait, j->park);
	else
		ret = ditto_names_host_match(srv, addr, j->spec, wait, j->park);
	return ret == -ECONNREFUSED ? -EACCES : ret;
}

/*
 * Get the time to keep a result that depends on names. Names have times to live of their own, and
 * some that took part may have expired already. Checking again soon costs only a lookup. Context:
 * any. Return: jiffies.
 */
unsigned long ditto_rules_named_keep(const struct ditto_server *srv)
{
	return min(READ_ONCE(srv->settings.name_ttl_s),
		   READ_ONCE(srv->settings.name_negative_ttl_s)) * HZ;
}

static int rules_match_all(struct ditto_share *share, const struct in6_addr *addr,
			   enum ditto_rules_ask ask, struct rules_decision *j,
			   struct ditto_verdict *verdict)
{
	int matched = 0;
	bool done;

	do {
		rcu_read_lock();
		done = rules_match_step(rcu_dereference(share->opts), addr, j, matched, verdict);
		rcu_read_unlock();
		if (!done) {
			matched = rules_match_ask(share->srv, addr, ask, j);
			if (matched < 0)
				return matched;
		}
	} while (!done);
	return 0;
}

static noinline_for_stack int rules_match_peer(struct ditto_share *share, struct ditto_peer *peer,
					       enum ditto_rules_ask ask, u64 generation,
					       u32 epoch, struct ditto_names_park *park,
					       struct ditto_verdict *verdict)
{
	struct rules_decision j = {
		.generation = generation, .cert_name = peer->cert_name, .park = park,
	};
	int err = rules_match_all(share, &peer->addr, ask, &j, verdict);

	if (!err)
		verdict_remember(peer, j.generation, epoch, verdict,
				 j.named ? ditto_rules_named_keep(share->srv) : DITTO_RULES_KEEP);
	return err;
}

/**
 * ditto_rules_match - find the rule that applies to a client
 * @share: held, so that its options can be read under RCU
 * @peer: the client
 * @ask: how to treat rules about names
 * @park: waits for the helper instead of DITTO_RULES_ASK_WAIT; or NULL
 * @verdict: filled
 *
 * The result is cached in the peer under the generation of the options, so the next request only
 * compares. Rules about host names and netgroups ask the helper.
 *
 * Context: may sleep, for memory, and with DITTO_RULES_ASK_WAIT and no @park for the helper.
 * Return: 0; -EJUKEBOX if the helper has not answered yet (the client should retry); -EACCES if a
 * rule needs the helper and there is none; -ENOMEM.
 */
int ditto_rules_match(struct ditto_share *share, struct ditto_peer *peer,
		      enum ditto_rules_ask ask, struct ditto_names_park *park,
		      struct ditto_verdict *verdict)
{
	u32 epoch = ditto_peers_epoch(share->srv);
	u64 generation;

	rcu_read_lock();
	generation = rcu_dereference(share->opts)->generation;
	rcu_read_unlock();
	if (likely(verdict_cached(peer, generation, epoch, verdict)))
		return 0;
	return rules_match_peer(share, peer, ask, generation, epoch, park, verdict);
}
EXPORT_SYMBOL_NS_GPL(ditto_rules_match, "DITTO");

/*
 * Find the rule that applies to an address, for the administrator. @addr: IPv6 address, or IPv4
 * address mapped into IPv6; NULL for a client to which no rule applies, with the access and the
 * squash mode of a share without rules. Matches the rules as ditto_rules_match() does, without its
 * cache. Return: as ditto_rules_match() with DITTO_RULES_ASK_WAIT.
 */
int ditto_rules_explain(struct ditto_share *share, const struct in6_addr *addr,
			struct ditto_verdict *verdict, struct ditto_rule_reason *why)
{
	struct rules_decision j = { .why = why };
	const struct ditto_share_opts *opts;

	*why = (struct ditto_rule_reason) {};
	if (addr)
		return rules_match_all(share, addr, DITTO_RULES_ASK_WAIT, &j, verdict);
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	*verdict = (struct ditto_verdict) {
		.level = opts->read_only ? DITTO_ACCESS_READ : DITTO_ACCESS_WRITE,
		.squash = opts->squash,
	};
	rcu_read_unlock();
	return 0;
}
