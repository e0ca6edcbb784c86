/* SPDX-License-Identifier: GPL-2.0-only */
/* What budgets count exactly, which takes too long for those who only ask. */
#ifndef _DITTO_TESTS_BUDGET_SUM_H
#define _DITTO_TESTS_BUDGET_SUM_H

#include "../../../net/budget_private.h"
#include "../../../net/server.h"

/* Amount that all principals of a level hold together. */
static inline u64 budget_sum(struct ditto_server *srv, enum ditto_trust trust,
			     enum ditto_budget_kind kind)
{
	return percpu_counter_sum_positive(&srv->budget->used[trust][kind]);
}

#endif
