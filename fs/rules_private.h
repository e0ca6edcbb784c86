/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests see of fs/rules.c. */
#ifndef _DITTO_FS_RULES_PRIVATE_H
#define _DITTO_FS_RULES_PRIVATE_H

#include <linux/types.h>

struct ditto_rule;
struct in6_addr;

#if IS_ENABLED(CONFIG_KUNIT)
/* Does a rule about addresses match? Others do not. */
bool ditto_rule_match_addr(const struct ditto_rule *rule, const struct in6_addr *addr);
#endif

#endif
