/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the cache of answers and the questions: net/helper/names.c, names_question.c. */
#ifndef _DITTO_NET_HELPER_NAMES_PRIVATE_H
#define _DITTO_NET_HELPER_NAMES_PRIVATE_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "names_ask.h"

struct ditto_names_park;

/**
 * struct name_answer - an answer of the helper
 * @when: jiffies of the answer
 * @negative: the object does not exist, or the host is no member; expires sooner
 * @missing: the object does not exist
 * @said: contents of the answer
 * @rcu: frees the answer after an RCU grace period
 */
struct name_answer {
	unsigned long when;
	bool negative;
	bool missing;
	struct ditto_said said;
	struct rcu_head rcu;
};

typedef int (*ditto_names_use_fn)(const struct name_answer *answer, void *arg);

/* names_cache.c */
bool ditto_names_use_fresh(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, int *ret);

/* names.c */
int ditto_names_use(struct ditto_server *srv, const struct ditto_question *q,
		    ditto_names_use_fn use, void *arg, bool wait);
int ditto_names_use_parked(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, struct ditto_names_park *park);

#endif
