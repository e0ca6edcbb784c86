/* SPDX-License-Identifier: GPL-2.0-only */
/* Caching grants inside the lock table: breaks, callbacks, limits of delegations. */
#ifndef _DITTO_LOCKD_LEASE_PRIVATE_H
#define _DITTO_LOCKD_LEASE_PRIVATE_H

#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "holder.h"
#include "lease.h"
#include "lock_ctx_private.h"

enum ditto_lease_state {
	DITTO_LEASE_HELD,
	DITTO_LEASE_BREAKING,	/* an answer is awaited */
	DITTO_LEASE_GONE,	/* returned, revoked or given up */
};

/* Bits of ditto_lease.notify_due: callbacks that are due. */
#define DITTO_NOTIFY_BREAK	0
#define DITTO_NOTIFY_REVOKED	1
#define DITTO_NOTIFY_ASK	2

/**
 * struct ditto_lease - a caching grant
 * @claim: common part; claim.owner is the key
 * @holder: the holder that has this grant, while it is on its node
 * @ref: references: of the table while the grant is on its node, of its holder, of the timer and
 *	of due callbacks
 * @ops: the holder's side
 * @private: for @ops
 * @break_ms: how long an answer to a break is awaited, in milliseconds
 * @bits: DITTO_LEASE_* bits held now
 * @keep: bits that the current step of a break leaves
 * @target: bits that remain when the break is over; a subset of @keep
 * @state: enum ditto_lease_state
 * @notify: gets changes of entries delivered
 * @notify_attrs: among them DITTO_ENTRY_ATTRIBUTES
 * @older: see struct ditto_lease_request
 * @orphan: nobody can answer a break of it, see orphan.h
 * @gone: it went with its file, see ditto_lease_gone()
 * @ack: the break needs an answer
 * @told: the holder was notified of the break, so it may answer
 * @unnotified: the point whose @unnotified count this grant raised, referenced, until the holder
 *	is notified of a break or a revocation; or NULL
 * @deadline: of the outstanding break, in milliseconds of the table's clock
 * @asked: number of the last question; see lease_query.c
 * @answered: number of the last question that was answered or given up
 * @ask_again: a caller waits for the answer to a question that is not sent yet
 * @asked_at: time of the last question, in milliseconds of the table's clock
 * @answer: the last answer
 * @notify_due: DITTO_NOTIFY_* bits
 * @tell: runs callbacks, one at a time
 * @expire: checks @deadline
 * @changes: list of struct ditto_change to be delivered
 * @change_count: length of @changes
 * @noted: number of the entry of the history for a break that is not over, or 0. Under ctx->lock
 */
struct ditto_lease {
	struct ditto_claim claim;
	struct ditto_holder *holder;
	refcount_t ref;
	const struct ditto_lease_ops *ops;
	void *private;
	u32 break_ms;
	u8 bits;
	u8 keep;
	u8 target;
	u8 state;
	bool notify;
	bool notify_attrs;
	bool older;
	bool orphan;
	bool gone;
	bool ack;
	bool told;
	struct ditto_lock_point *unnotified;
	u64 deadline;
	u32 asked;
	u32 answered;
	bool ask_again;
	u64 asked_at;
	struct ditto_lease_answer answer;
	unsigned long notify_due;
	struct work_struct tell;
	struct delayed_work expire;
	struct list_head changes;
	u32 change_count;
	unsigned long noted;
};

extern struct kmem_cache *ditto_lease_slab;

static inline struct ditto_lease *ditto_claim_lease(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_lease, claim);
}

/* lease.c */
struct ditto_lease *ditto_lease_of(struct ditto_lock_ctx *ctx, const struct ditto_owner *key);
struct ditto_lease *ditto_lease_alloc(const struct ditto_lease_request *req);
void ditto_lease_free(struct ditto_lease *lease);
int ditto_lease_replace(struct ditto_lock_ctx *ctx, struct ditto_lease *old,
			struct ditto_lease *fresh, struct ditto_holder **holder);
void ditto_lease_remove(struct ditto_lease *lease);
void ditto_lease_set_bits(struct ditto_lease *lease, u8 bits);
void ditto_lease_drop(struct ditto_lease *lease);

/* lease_query.c */
void ditto_lease_query_end(struct ditto_lease *lease);

/* break.c */
void ditto_lease_notify(struct ditto_lease *lease, unsigned int what);
void ditto_lease_notify_work(struct work_struct *work);
void ditto_lease_expire_work(struct work_struct *work);
void ditto_changes_free(struct list_head *changes);
bool ditto_break_begin(struct ditto_lease *lease, u8 gives_up);

/* Bits without READ are no bits. */
static inline u8 ditto_lease_valid(u8 bits)
{
	return bits & DITTO_LEASE_READ ? bits : 0;
}

/*
 * Limits and statistics of delegations: lockd/delegation.c. All but the first do nothing for other
 * grants. ctx->lock may be held.
 */

/* delegation.c */
bool ditto_delegation_fits(struct ditto_client *client);
void ditto_delegation_granted(const struct ditto_lease *lease);
void ditto_delegation_recalled(const struct ditto_lease *lease);
void ditto_delegation_answered(const struct ditto_lease *lease, u8 keep);
void ditto_delegation_revoked(const struct ditto_lease *lease);
void ditto_delegation_hold(const struct ditto_lease *lease, int by);

static inline bool ditto_is_delegation(enum ditto_held held)
{
	return held == DITTO_HELD_DELEGATION || held == DITTO_HELD_DIRECTORY_DELEGATION;
}

#endif
