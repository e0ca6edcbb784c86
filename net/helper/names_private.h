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

/**
 * ditto_names_use_fresh - use the answer to a question if it is cached and fresh
 * @srv: the server
 * @q: the question
 * @use: called with the answer, under RCU
 * @arg: passed to @use
 * @ret: filled with the result of @use
 *
 * Context: any.
 * Return: true if @use was called.
 */
bool ditto_names_use_fresh(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, int *ret);

/**
 * ditto_names_use - use the answer to a question
 * @srv: the server
 * @q: the question
 * @use: called with the answer, under RCU
 * @arg: passed to @use
 * @wait: wait up to DITTO_NAMES_WAIT_MS for an answer that is not cached
 *
 * An answer that has expired is requested anew, and used or waited for as names.h describes.
 *
 * Context: may sleep: for memory, and a bounded time with @wait.
 * Return: the result of @use; -EJUKEBOX if there is no answer yet; -ECONNREFUSED without a helper.
 */
int ditto_names_use(struct ditto_server *srv, const struct ditto_question *q,
		    ditto_names_use_fn use, void *arg, bool wait);

/**
 * ditto_names_use_parked - use the answer to a question, and park if there is none
 * @srv: the server
 * @q: the question
 * @use: called with the answer, under RCU; does not return -EJUKEBOX
 * @arg: passed to @use
 * @park: waits for the answer, unless it waits for another one or has waited too long; NULL to
 *	use only a fresh answer
 *
 * Context: may sleep for memory.
 * Return: as ditto_names_use(); or the error of the last request.
 */
int ditto_names_use_parked(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, struct ditto_names_park *park);

#endif
