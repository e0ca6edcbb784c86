/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by budget.c, which charges, and budget_limits.c, which computes the limits. */
#ifndef _DITTO_NET_BUDGET_PRIVATE_H
#define _DITTO_NET_BUDGET_PRIVATE_H

#include <linux/percpu_counter.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>

#include "budget.h"

/**
 * struct ditto_budget - the budget of a server
 * @srv: the server
 * @lock: guards the creation and the removal of accounts
 * @accounts: struct ditto_account by key
 * @level_limit: what all principals of a level together may hold
 * @peer_limit: what one peer of a level may hold
 * @user_limit: what one user may hold
 * @used: what all principals of a level together hold
 */
struct ditto_budget {
	struct ditto_server *srv;
	spinlock_t lock;	/* see above */
	struct rhashtable accounts;
	long level_limit[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
	long peer_limit[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
	long user_limit[DITTO_BUDGET_KINDS];
	struct percpu_counter used[DITTO_TRUST_LEVELS][DITTO_BUDGET_KINDS];
};

/**
 * struct ditto_budget_part - a limit as a fraction of the total, or as a number
 * @part: the limit is 1/@part of the total; 0 for a plain number
 * @least: lower bound of the fraction, or the plain number
 */
struct ditto_budget_part {
	u16 part;
	u32 least;
};

/**
 * struct ditto_budget_spec - limits of one kind of resource
 * @name: name with its unit, for log and netlink
 * @total: what the highest level may hold; 0 if it depends on the machine's memory
 * @batch: batch of the per-CPU counter of a level
 * @levels: what each level may hold
 * @peer: what one peer may hold, by level
 * @user: what one user may hold
 */
struct ditto_budget_spec {
	const char *name;
	u32 total;
	s32 batch;
	struct ditto_budget_part levels[DITTO_TRUST_LEVELS];
	struct ditto_budget_part peer[DITTO_TRUST_LEVELS];
	struct ditto_budget_part user;
};

extern const struct ditto_budget_spec ditto_budget_kinds[DITTO_BUDGET_KINDS];

#endif
