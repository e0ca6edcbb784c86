/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorders: each keeps one durable record (record.h) as its owner wants it.
 *
 * There is one recorder for each key, however many owners the key has had. An owner says what it
 * wants, and a writer has the helper write or remove the record, in the background, until that has
 * succeeded: wishes that come while the helper works become one, and the last one is written last.
 * Each wish has a number, and the recorder knows the number that was written last. So whether
 * a record is on disk is one comparison.
 *
 * Owners of a key follow each other, as the incarnations of a client do. Each has a token, and an
 * owner with an older token than the present owner changes nothing. An owner that took back its
 * record does not get it again.
 *
 * Machines take turns at the helper. While the helper does not answer, only few wait for it.
 *
 * Locking: recorder->lock (mutex) guards the wish; recorders->lock (spinlock), innermost, guards
 * the table and the list of what failed. The helper is asked with neither of them held.
 */
#ifndef _DITTO_NET_HELPER_RECORDER_H
#define _DITTO_NET_HELPER_RECORDER_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../budget.h"
#include "../task.h"
#include "record.h"

/* Milliseconds after which what has failed is tried again. */
#define DITTO_RECORDER_RETRY_MS		1000
/* Most records that are tried again in one round, so that others have their turn. */
#define DITTO_RECORDER_RETRIES		256

/**
 * struct ditto_recorders - the recorders of a protocol
 * @srv: the server
 * @tasks: those that ask the helper
 * @tokens: token of the newest owner
 * @key: of the hashes in @table, as clients choose keys
 * @lock: see above
 * @table: struct ditto_recorder by kind and key
 * @failed: recorders to try again, each with a reference; the next one first
 * @ending: nothing is tried again
 * @stuck: the helper did not answer the last request
 * @refused: an error was logged since a request succeeded
 * @count: number of recorders
 * @left: records that could not be removed; under @lock, as @count
 * @busy: number of recorders of each kind whose task runs, or waits for its turn
 * @retry: tries again
 */
struct ditto_recorders {
	struct ditto_server *srv;
	struct ditto_tasks tasks;
	atomic64_t tokens;
	siphash_key_t key;
	spinlock_t lock;	/* see above */
	DECLARE_HASHTABLE(table, 10);
	struct list_head failed;
	bool ending;
	bool stuck;
	bool refused;
	unsigned int count;
	unsigned int left;
	atomic_t busy[DITTO_RECORD_KINDS];
	struct delayed_work retry;
};

/**
 * struct ditto_recorder - one record, and what is wanted of it
 * @all: the recorders of the protocol
 * @hash: in the table
 * @ref: references
 * @task: has the helper write or remove the record
 * @again: in the list of what failed
 * @charge: for the memory, @data included
 * @lock: guards the members up to @data
 * @owner: token of the owner
 * @present: the record is to exist, with @data; otherwise it is to be gone
 * @stored: it exists or may exist
 * @probe: the helper is asked though it may be stuck
 * @kept: at the end it becomes a previous one, see ditto_record_keep()
 * @wanted: number of the last wish
 * @tried: number of the wish that was tried last
 * @written: number of the wish that was fulfilled last
 * @error: result of the last try
 * @waits: struct ditto_recorder_wait
 * @data_len: bytes of @data
 * @data: what was wanted last
 * @kind: kind of the record
 * @key_len: bytes of @key_bytes
 * @key_bytes: its key
 */
struct ditto_recorder {
	struct ditto_recorders *all;
	struct hlist_node hash;
	refcount_t ref;
	struct ditto_task task;
	struct list_head again;
	struct ditto_charge charge;
	struct mutex lock;	/* see above */
	u64 owner;
	bool present;
	bool stored;
	bool probe;
	bool kept;
	u64 wanted;
	u64 tried;
	u64 written;
	int error;
	struct list_head waits;
	u16 data_len;
	u8 *data;
	enum ditto_record_kind kind;
	u16 key_len;
	u8 key_bytes[] __counted_by(key_len);
};

/**
 * struct ditto_recorder_wait - waits for a wish without a thread
 * @list: in the recorder's list
 * @wish: number of the wish
 * @done: called once, by a worker, without locks: with 0, or an errno if the server ended before
 */
struct ditto_recorder_wait {
	struct list_head list;
	u64 wish;
	void (*done)(struct ditto_recorder_wait *wait, int err);
};

struct ditto_recorder *ditto_recorder_get(struct ditto_recorders *all, enum ditto_record_kind kind,
					  const void *key, size_t key_len,
					  const struct in6_addr *peer);
void ditto_recorder_put(struct ditto_recorder *rec);

/* A token for a new owner: greater than all others. */
static inline u64 ditto_recorder_token(struct ditto_recorders *all)
{
	return atomic64_inc_return(&all->tokens);
}

int ditto_recorder_set(struct ditto_recorder *rec, u64 owner, const void *data, size_t data_len,
		       u64 *wish);
u64 ditto_recorder_unset(struct ditto_recorder *rec, u64 owner, struct ditto_recorder_wait *wait);
int ditto_recorder_withdraw(struct ditto_recorder *rec, u64 owner);
int ditto_recorder_restore(struct ditto_recorder *rec, u64 owner, const void *data,
			   size_t data_len);
void ditto_recorder_pass(struct ditto_recorder *rec, u64 owner, u64 heir);
bool ditto_recorder_leave(struct ditto_recorder *rec, u64 owner, bool keep);

/* True if the record is on disk as this owner wants it. Any context. */
static inline bool ditto_recorder_is_written(const struct ditto_recorder *rec, u64 owner)
{
	/* Pairs with ditto_recorder_set(): a new owner sees its wish. */
	return smp_load_acquire(&rec->owner) == owner && READ_ONCE(rec->present) &&
	       READ_ONCE(rec->written) == READ_ONCE(rec->wanted);
}

/* True if the record exists, or may exist. Any context. */
static inline bool ditto_recorder_may_be(const struct ditto_recorder *rec)
{
	return READ_ONCE(rec->stored);
}

int ditto_recorder_wait(struct ditto_recorder *rec, u64 wish);
void ditto_recorders_init(struct ditto_recorders *all, struct ditto_server *srv,
			  unsigned int at_once, unsigned int of_peer);
void ditto_recorders_end(struct ditto_recorders *all);
void ditto_recorders_exit(struct ditto_recorders *all);

#endif
