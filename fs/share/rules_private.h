/* SPDX-License-Identifier: GPL-2.0-only */
/* What fs/share/rules.c and fs/share/admit.c share, and the tests see. */
#ifndef _DITTO_FS_SHARE_RULES_PRIVATE_H
#define _DITTO_FS_SHARE_RULES_PRIVATE_H

#include <linux/types.h>

#include "rules.h"

struct ditto_server;
struct in6_addr;

/* Jiffies that an answer is kept that no name had a part in; options that change drop it. */
#define DITTO_RULES_KEEP	(24UL * 60 * 60 * HZ)

/* Jiffies that one is kept that names had a part in. Any context. */
unsigned long ditto_rules_named_keep(const struct ditto_server *srv);

/* Only the helper can tell whether such a rule matches. Any context. */
static inline bool ditto_rule_has_name(const struct ditto_rule *rule)
{
	return rule->kind == DITTO_RULE_HOST || rule->kind == DITTO_RULE_NETGROUP;
}

#if IS_ENABLED(CONFIG_KUNIT)
/* Does a rule about addresses match? Others do not. */
bool ditto_rule_match_addr(const struct ditto_rule *rule, const struct in6_addr *addr);
#endif

#endif
