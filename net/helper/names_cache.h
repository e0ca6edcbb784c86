/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cache of the helper's answers: entries with a question and its last answer. names_cache.c
 * keeps them, names.c asks the helper and has callers wait for answers.
 *
 * Locking: entries are looked up and their answers read under RCU. The spinlock guards the list,
 * keeps it in step with the hash table, and guards the replacement of answers, and the lists of
 * parked operations. The functions of these are called under it.
 *
 * Lifetime: an entry is referenced by the table, by its work while a request is in progress, by
 * callers that wait, and by parked operations. An entry that is removed from the table while its
 * request is in progress still gets the answer, for all that wait for it.
 */
#ifndef _DITTO_NET_HELPER_NAMES_CACHE_H
#define _DITTO_NET_HELPER_NAMES_CACHE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../budget.h"
#include "names_private.h"

/**
 * struct ditto_names - the answers of one server
 * @srv: the server
 * @hash: entries by question
 * @lock: see above
 * @lru: entries in the order of creation; one that was used gets a second chance
 * @count: entries of @lru
 * @token_bytes: bytes of the tokens of these
 * @epoch: number of flushes that have ended; guarded by @lock
 * @wq: workqueue of the requests
 * @ask: function that asks the helper; replaced by tests
 */
struct ditto_names {
	struct ditto_server *srv;
	struct rhashtable hash;
	spinlock_t lock;	/* see above */
	struct list_head lru;
	unsigned int count;
	size_t token_bytes;
	u32 epoch;
	struct workqueue_struct *wq;
	ditto_names_ask_fn ask;
};

/* Bits of name_entry.flags */
#define NAME_ASKING	0	/* the work is queued or running */
#define NAME_USED	1	/* used since a full table last examined it */
#define NAME_FAILED	2	/* the helper did not answer the last request */

/**
 * struct name_entry - a question and its last answer
 * @names: the cache
 * @question: the question; its text points to @text
 * @answer: NULL until the first answer
 * @token_bytes: bytes of its token that are counted; guarded by the lock of the cache
 * @charge: charge for the request, while NAME_ASKING is set; it and the asker of @question belong
 *	to the thread that set the bit, and then to the work
 * @error: error of the last request; 0 if it was answered
 * @retry: jiffies before which the request is not repeated
 * @asked: jiffies of the last request; a caller that comes much later does not wait for it
 * @flags: NAME_* bits
 * @wait: callers that wait for an answer
 * @parks: struct ditto_names_park: operations that wait for it
 * @work: sends the request
 * @ref: references, see above
 * @hash: entry in the hash table
 * @lru: entry on the list; empty once it was removed
 * @rcu: frees the entry after an RCU grace period
 * @text: text of the question
 */
struct name_entry {
	struct ditto_names *names;
	struct ditto_question question;
	struct name_answer __rcu *answer;
	size_t token_bytes;
	struct ditto_charge charge;
	int error;
	unsigned long retry;
	unsigned long asked;
	unsigned long flags;
	wait_queue_head_t wait;
	struct list_head parks;
	struct work_struct work;
	refcount_t ref;
	struct rhash_head hash;
	struct list_head lru;
	struct rcu_head rcu;
	char text[];
};

/* names_cache.c */
struct name_entry *ditto_names_entry_get(struct ditto_names *names, const struct ditto_question *q);
void ditto_names_entry_put(struct name_entry *entry);
int ditto_names_entry_answer(struct name_entry *entry, struct ditto_said *said, bool missing);
struct ditto_host_names *ditto_names_hosts(struct ditto_names *names, const struct in6_addr *addr);
bool ditto_names_answer_serves(const struct name_entry *entry, const struct name_answer *answer);
u32 ditto_names_epoch(struct ditto_names *names);
void ditto_names_remember_hosts(struct ditto_names *names, const struct in6_addr *addr,
				struct ditto_host_names *hosts, u32 epoch);
int ditto_names_cache_init(struct ditto_names *names);
void ditto_names_cache_exit(struct ditto_names *names);

/* names.c */

/* names.c */
void ditto_names_entry_ask(struct work_struct *work);

#endif
