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

/**
 * ditto_rules_named_keep - get the time to keep a result that depends on names
 * @srv: the server
 *
 * Context: any.
 * Return: jiffies.
 */
unsigned long ditto_rules_named_keep(const struct ditto_server *srv);

/* True if only the helper can tell whether the rule matches. Any context. */
static inline bool ditto_rule_has_name(const struct ditto_rule *rule)
{
	return rule->kind == DITTO_RULE_HOST || rule->kind == DITTO_RULE_NETGROUP;
}

/**
 * ditto_rule_match_addr - match a rule about addresses
 * @rule: the rule
 * @addr: IPv6 address, or IPv4 address mapped into IPv6
 *
 * Context: any.
 * Return: true if the rule matches; false for rules about names.
 */
bool ditto_rule_match_addr(const struct ditto_rule *rule, const struct in6_addr *addr);

/**
 * ditto_rule_match - match a rule about addresses or certificates
 * @rule: the rule
 * @addr: address of the client
 * @cert_name: name that it has proved, or NULL
 *
 * Context: any.
 * Return: true if the rule matches; false for rules about names.
 */
bool ditto_rule_match(const struct ditto_rule *rule, const struct in6_addr *addr,
		      const char *cert_name);

#endif
