/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of fs/share/rules.c that fs/share/admit.c and tests use. */
#ifndef _DITTO_FS_SHARE_RULES_PRIVATE_H
#define _DITTO_FS_SHARE_RULES_PRIVATE_H

#include <linux/types.h>

#include "rules.h"

struct ditto_server;
struct in6_addr;

/*
 * Jiffies to keep a result that depends on addresses only; changed options invalidate it earlier.
 */
#define DITTO_RULES_KEEP	(24UL * 60 * 60 * HZ)

unsigned long ditto_rules_named_keep(const struct ditto_server *srv);

/* True if only the helper can tell whether the rule matches. Any context. */
static inline bool ditto_rule_has_name(const struct ditto_rule *rule)
{
	return rule->kind == DITTO_RULE_HOST || rule->kind == DITTO_RULE_NETGROUP;
}

bool ditto_rule_match_addr(const struct ditto_rule *rule, const struct in6_addr *addr);
bool ditto_rule_match(const struct ditto_rule *rule, const struct in6_addr *addr,
		      const char *cert_name);

#endif
