/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Client rules of a share: who may use it, by address, network, host name or
 * netgroup. The first rule that matches decides.
 */
#ifndef _DITTO_FS_SHARE_RULES_H
#define _DITTO_FS_SHARE_RULES_H

#include <linux/in6.h>
#include <linux/types.h>

struct ditto_peer;
struct ditto_server;
struct ditto_share;

/* Rules of one share; a longer list belongs into a netgroup. */
#define DITTO_RULES_MAX		256
/* Longest host name or netgroup (RFC 1035 section 2.3.4 bounds the first). */
#define DITTO_RULE_NAME_MAX	255

/* The values are those of the netlink enum "access-right". */
enum ditto_access_level {
	DITTO_ACCESS_NONE,
	DITTO_ACCESS_READ,
	DITTO_ACCESS_WRITE,
};

enum ditto_rule_kind {
	DITTO_RULE_ANY,		/* "*" */
	DITTO_RULE_NET,		/* "192.0.2.0/24", "2001:db8::/32", a single address */
	DITTO_RULE_HOST,	/* "client.example", "*.example" */
	DITTO_RULE_NETGROUP,	/* "@group" */
};

/**
 * struct ditto_rule - one rule
 * @kind: see there
 * @level: what a client that matches may do
 * @has_squash: @squash replaces the share's
 * @squash: enum ditto_squash
 * @prefix: bits of @addr that count, 0 to 128
 * @addr: IPv6, or IPv4 mapped into it
 * @spec: the rule as it was written
 */
struct ditto_rule {
	enum ditto_rule_kind kind;
	enum ditto_access_level level;
	bool has_squash;
	u8 squash;
	u8 prefix;
	struct in6_addr addr;
	char *spec;
};

/**
 * struct ditto_rules - the rules of a share, in order
 * @count: how many; 0 lets every client read and write
 * @rule: the rules
 */
struct ditto_rules {
	unsigned int count;
	struct ditto_rule *rule;
};

/**
 * ditto_rule_parse - make a rule from its text
 * @spec: "*", an address, a network, a host name (with * as in a shell pattern) or "@netgroup"
 * @rule: filled; @rule->spec is a copy to be freed with ditto_rules_free()
 *
 * Context: may sleep. Return: 0, -EINVAL or -ENOMEM.
 */
int ditto_rule_parse(const char *spec, struct ditto_rule *rule);
int ditto_rules_copy(struct ditto_rules *to, const struct ditto_rules *from);
void ditto_rules_free(struct ditto_rules *rules);

/**
 * struct ditto_verdict - what a client may do with a share
 * @level: none, read, write
 * @squash: the squash mode that applies, enum ditto_squash
 */
struct ditto_verdict {
	enum ditto_access_level level;
	u8 squash;
};

/* What may be done about a rule that only the helper can decide. */
enum ditto_rules_ask {
	DITTO_RULES_ASK_NOBODY,	/* the helper is not asked */
	DITTO_RULES_ASK,	/* it is asked, nobody waits for its answer */
	DITTO_RULES_ASK_WAIT,	/* the caller waits a bounded time, DITTO_NAMES_WAIT_MS */
};

/**
 * ditto_rules_match - ask the rules about a client
 * @share: whose options the caller holds under RCU or by a reference to the share
 * @peer: the client
 * @ask: see there
 * @verdict: filled
 *
 * The answer is remembered in the peer by the options' generation, so that it
 * costs a compare on the next request. Rules about names and netgroups ask
 * the helper.
 *
 * Context: may sleep: for memory, and with DITTO_RULES_ASK_WAIT for the helper.
 * Return: 0, or -EJUKEBOX if the helper has not answered yet (the client should
 * come again), or -EACCES without a helper.
 */
int ditto_rules_match(struct ditto_share *share, struct ditto_peer *peer,
		      enum ditto_rules_ask ask, struct ditto_verdict *verdict);

#endif
