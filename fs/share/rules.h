/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Client rules of a share: the clients that may use it, by address, network, host name, netgroup
 * or certificate. The first rule that matches decides.
 */
#ifndef _DITTO_FS_SHARE_RULES_H
#define _DITTO_FS_SHARE_RULES_H

#include <linux/in6.h>
#include <linux/types.h>

#include "../../net/helper/names.h"

struct ditto_peer;
struct ditto_server;
struct ditto_share;

/* Rules of one share; put a longer list into a netgroup. */
#define DITTO_RULES_MAX		256

/* Access that a rule grants. The values are as in the netlink enum "access-right". */
enum ditto_access_level {
	DITTO_ACCESS_NONE,
	DITTO_ACCESS_READ,
	DITTO_ACCESS_WRITE,
};

enum ditto_rule_kind {
	DITTO_RULE_ANY,		/* "any", "*" */
	DITTO_RULE_NET,		/* "192.0.2.0/24", "2001:db8::/32", a single address */
	DITTO_RULE_HOST,	/* "client.example", "*.example" */
	DITTO_RULE_NETGROUP,	/* "@group" */
	DITTO_RULE_CERT,	/* "cert:build-*": the name of the client's certificate */
};

/**
 * struct ditto_rule - one client rule
 * @kind: what the rule matches
 * @level: access of a client that matches
 * @has_squash: @squash replaces the squash mode of the share
 * @squash: enum ditto_squash
 * @anon_uid: uid of the anonymous user for these clients, never root; 0 for the share's
 * @anon_gid: the same for the gid
 * @prefix: significant bits of @addr, 0 to 128
 * @addr: IPv6 address, or IPv4 address mapped into IPv6
 * @spec: text of the rule as it was written; owned
 */
struct ditto_rule {
	enum ditto_rule_kind kind;
	enum ditto_access_level level;
	bool has_squash;
	u8 squash;
	u32 anon_uid;
	u32 anon_gid;
	u8 prefix;
	struct in6_addr addr;
	char *spec;
};

/**
 * struct ditto_rules - the client rules of a share, in order
 * @count: number of rules; without any, every address may read and write, but only users who prove
 *	who they are, see ditto_share_sec()
 * @rule: the rules; owned
 */
struct ditto_rules {
	unsigned int count;
	struct ditto_rule *rule;
};

/**
 * ditto_rule_parse - make a rule from its text
 * @spec: "any" or "*", an address, a network, a host name (with * and ? as in a shell pattern),
 *	"@netgroup", or "cert:" and the name of a certificate, written as a host name
 * @rule: kind, address and text are filled; @rule->spec is a copy, freed by ditto_rules_free()
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int ditto_rule_parse(const char *spec, struct ditto_rule *rule);

/**
 * ditto_rules_copy - copy the rules of a share
 * @to: filled; freed with ditto_rules_free()
 * @from: the caller keeps it from changing, for example under RCU
 *
 * Context: any; allocates atomically.
 * Return: 0 or -ENOMEM; @to is empty then.
 */
int ditto_rules_copy(struct ditto_rules *to, const struct ditto_rules *from);

/**
 * ditto_rules_free - free the rules of a share
 * @rules: from ditto_rules_copy(), or with rules from ditto_rule_parse(); empty afterwards
 *
 * Context: any.
 */
void ditto_rules_free(struct ditto_rules *rules);

/**
 * struct ditto_verdict - result of the client rules for one client
 * @level: access of the client to the share
 * @squash: squash mode that applies, enum ditto_squash
 * @anon_uid: uid of the anonymous user for this client; 0 for the share's
 * @anon_gid: the same for the gid
 */
struct ditto_verdict {
	enum ditto_access_level level;
	u8 squash;
	u32 anon_uid;
	u32 anon_gid;
};

/* How to treat rules that only the helper can decide. */
enum ditto_rules_ask {
	DITTO_RULES_ASK_NOBODY,	/* do not ask the helper */
	DITTO_RULES_ASK,	/* ask the helper, but do not wait for its answer */
	DITTO_RULES_ASK_WAIT,	/* wait for the answer, at most DITTO_NAMES_WAIT_MS */
};

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
		      struct ditto_verdict *verdict);

/**
 * ditto_rules_admit - check that the rules admit a client, to read or to write
 * @share: as for ditto_rules_match()
 * @peer: the client
 * @ask: how to treat rules about names
 * @park: as for ditto_rules_match()
 * @verdict: filled
 *
 * Context: as ditto_rules_match().
 * Return: as ditto_rules_match(); also -EACCES if the rules do not admit the client.
 */
static inline int ditto_rules_admit(struct ditto_share *share, struct ditto_peer *peer,
				    enum ditto_rules_ask ask, struct ditto_names_park *park,
				    struct ditto_verdict *verdict)
{
	int err = ditto_rules_match(share, peer, ask, park, verdict);

	return err || verdict->level != DITTO_ACCESS_NONE ? err : -EACCES;
}

/**
 * struct ditto_rule_reason - the rule that decided about a client
 * @number: position of the rule from 1; 0 if none matches
 * @level: access that it grants, before the share's option read_only
 * @spec: its text
 */
struct ditto_rule_reason {
	unsigned int number;
	enum ditto_access_level level;
	char spec[DITTO_HOST_NAME_MAX + 1];
};

/**
 * ditto_rules_explain - find the rule that applies to an address, for the administrator
 * @share: held
 * @addr: IPv6 address, or IPv4 address mapped into IPv6; NULL for a client to which no rule
 *	applies, with the access and the squash mode of a share without rules
 * @verdict: filled
 * @why: filled
 *
 * Matches the rules as ditto_rules_match() does, without its cache.
 *
 * Return: as ditto_rules_match() with DITTO_RULES_ASK_WAIT.
 */
int ditto_rules_explain(struct ditto_share *share, const struct in6_addr *addr,
			struct ditto_verdict *verdict, struct ditto_rule_reason *why);

#endif
