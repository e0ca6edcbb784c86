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

int ditto_rule_parse(const char *spec, struct ditto_rule *rule);
int ditto_rules_copy(struct ditto_rules *to, const struct ditto_rules *from);
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

int ditto_rules_match(struct ditto_share *share, struct ditto_peer *peer,
		      enum ditto_rules_ask ask, struct ditto_names_park *park,
		      struct ditto_verdict *verdict);

/*
 * Check that the rules admit a client, to read or to write. Context: as ditto_rules_match().
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

int ditto_rules_explain(struct ditto_share *share, const struct in6_addr *addr,
			struct ditto_verdict *verdict, struct ditto_rule_reason *why);

#endif
