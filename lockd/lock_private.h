/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the lock table know of each other. */
#ifndef _DITTO_LOCKD_LOCK_PRIVATE_H
#define _DITTO_LOCKD_LOCK_PRIVATE_H

#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "claim.h"
#include "holder.h"
#include "lease.h"
#include "open.h"
#include "range.h"
#include "table.h"

/**
 * struct ditto_claim - what all claims have in common
 * @ctx: of the node; NULL when it is off. Under ctx->lock and client->lock
 * @owner: held; of a grant, its key
 * @by_id: in the client's tree
 * @on_node: in ctx->by_id
 * @gone: then on ctx->gone
 * @since: wall clock, for people
 * @id: number for people, see ditto_show_release()
 * @share: number of what it was claimed through, see ditto_locks_release_share(); or 0
 * @held: enum ditto_held
 */
struct ditto_claim {
	struct ditto_lock_ctx *ctx;
	struct ditto_owner *owner;
	union {
		struct rb_node by_id;
		struct list_head gone;
	};
	struct rb_node on_node;
	time64_t since;
	u64 id;
	u32 share;
	u8 held;
};

/**
 * struct ditto_range_sum - what some ranges have in common
 * @last: largest last byte
 * @owner: of all of them; NULL if they have several
 * @client: the same
 */
struct ditto_range_sum {
	u64 last;
	const struct ditto_owner *owner;
	const struct ditto_client *client;
};

/**
 * struct ditto_range - a range
 * @claim: see there
 * @by_first: in ctx->ranges, unless it meets nothing
 * @by_owner: in ctx->by_owner
 * @first: first byte; changed under ctx->lock and client->lock
 * @last: last byte; of an empty range, the one before @first
 * @subtree: of the subtree of @by_first
 * @own_max: largest of what ditto_range_own_max() tells, of the subtree by owner
 * @empty: no byte
 * @pending: the VFS is being asked; neither merged nor split nor unlocked
 * @open: the open that it goes with, on the same node; or NULL
 * @of_open: in @open->ranges
 * @mirror: to be told that the bytes are gone, held; only after a release
 */
struct ditto_range {
	struct ditto_claim claim;
	struct rb_node by_first;
	struct rb_node by_owner;
	u64 first;
	u64 last;
	struct ditto_range_sum subtree;
	u64 own_max;
	bool empty;
	bool pending;
	struct ditto_open *open;
	struct list_head of_open;
	struct ditto_mirror *mirror;
};

/**
 * struct ditto_open - an open
 * @claim: see there; memory belongs to the holder
 * @lease_owner: whose grants are the same holder's, held; or NULL
 * @holder: among whose opens it is
 * @by_owner: in @holder->opens
 * @ranges: struct ditto_range that goes with it; under ctx->lock
 * @access: DITTO_OPEN_* bits
 * @deny: DITTO_OPEN_* bits
 * @acl: it reads the access control list; from before it is on its node
 * @subtree_modes: of all opens of the subtree, see DITTO_MODES_ALL
 */
struct ditto_open {
	struct ditto_claim claim;
	struct ditto_owner *lease_owner;
	struct ditto_holder *holder;
	struct rb_node by_owner;
	struct list_head ranges;
	u8 access;
	u8 deny;
	bool acl;
	u8 subtree_modes;
};

enum ditto_lease_state {
	DITTO_LEASE_HELD,
	DITTO_LEASE_BREAKING,	/* an answer is awaited */
	DITTO_LEASE_GONE,	/* returned, revoked or given up */
};

/* Bits of ditto_lease.tells: which callbacks are due. */
#define DITTO_TELL_BREAK	0
#define DITTO_TELL_REVOKED	1
#define DITTO_TELL_ASK		2

/**
 * struct ditto_lease - a caching grant
 * @claim: see there; claim.owner is the key
 * @holder: whose grant it is, while it is on its node
 * @ref: references; the table's while it is on the node, timer and callbacks
 * @ops: the holder's side
 * @private: for @ops
 * @break_ms: how long an answer is waited for
 * @bits: what is held
 * @keep: what a break leaves, while one is outstanding
 * @target: what is to be left in the end; a subset of @keep
 * @state: enum ditto_lease_state
 * @notify: wants changes of entries
 * @older: see struct ditto_lease_request
 * @ack: the break is to be answered
 * @told: the holder was told of the break, so it may answer
 * @untold: NULL, or where the holder is still to be told of a break or a revocation, held
 * @deadline: of the outstanding break, by the table's clock
 * @asked: number of the last question; see lease_query.c
 * @answered: number of the last one that was answered, or given up
 * @ask_again: somebody wants an answer to a question that is still to be put
 * @asked_at: when the last one was put, by the table's clock
 * @answer: to the last one that was answered
 * @tells: DITTO_TELL_* bits
 * @tell: runs callbacks, one at a time
 * @expire: looks at @deadline
 * @changes: struct ditto_change to be delivered
 * @change_count: length of @changes
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
	bool older;
	bool ack;
	bool told;
	struct ditto_lock_point *untold;
	u64 deadline;
	u32 asked;
	u32 answered;
	bool ask_again;
	u64 asked_at;
	struct ditto_lease_answer answer;
	unsigned long tells;
	struct work_struct tell;
	struct delayed_work expire;
	struct list_head changes;
	u32 change_count;
};

enum ditto_wait_state {
	DITTO_WAIT_NEW,		/* in the queue, but it may be refused yet */
	DITTO_WAIT_QUEUED,	/* for its turn */
	DITTO_WAIT_TRYING,	/* its turn came, the VFS is being asked */
	DITTO_WAIT_LOCAL,	/* a local process is in the way */
	DITTO_WAIT_DONE,	/* out of the queue */
};

extern struct kmem_cache *ditto_lock_ctx_slab;
extern struct kmem_cache *ditto_range_slab;
extern struct kmem_cache *ditto_open_slab;
extern struct kmem_cache *ditto_lease_slab;

static inline enum ditto_claim_kind ditto_claim_kind(const struct ditto_claim *claim)
{
	if (ditto_held_is_range(claim->held))
		return DITTO_CLAIM_RANGE;
	return claim->held == DITTO_HELD_OPEN ? DITTO_CLAIM_OPEN : DITTO_CLAIM_LEASE;
}

static inline struct ditto_range *ditto_claim_range(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_range, claim);
}

static inline struct ditto_open *ditto_claim_open(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_open, claim);
}

static inline struct ditto_lease *ditto_claim_lease(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_lease, claim);
}

static inline struct ditto_lock_table *ditto_owner_table(const struct ditto_owner *owner)
{
	return owner->client->table;
}

/* For tracepoints: the bits of an open or a grant, and the bytes of a range. */
static inline u8 ditto_trace_bits(const struct ditto_claim *claim)
{
	const struct ditto_open *open = container_of(claim, struct ditto_open, claim);

	if (claim->held == DITTO_HELD_OPEN)
		return open->access | open->deny << 4;
	if (ditto_held_is_lease(claim->held))
		return container_of(claim, struct ditto_lease, claim)->bits;
	return 0;
}

static inline const struct ditto_range *ditto_trace_range(const struct ditto_claim *claim)
{
	return ditto_held_is_range(claim->held) ? container_of(claim, struct ditto_range, claim) :
						  NULL;
}

/* The claim that came first; under client->lock. */
static inline struct ditto_claim *ditto_client_first_claim(struct ditto_client *client)
{
	return rb_entry_safe(rb_first_cached(&client->claims), struct ditto_claim, by_id);
}

/*
 * lock_ctx.c: what is held on one node. The functions that return claims return
 * them locked; sparse is told that they do not lock, because it cannot follow
 * a lock that is taken only sometimes.
 */
/* The constructor: what memory of claims has from the first to the last, a lock. */
void ditto_lock_ctx_first(void *memory);
struct ditto_lock_ctx *ditto_lock_ctx_find(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_make(struct ditto_lock_point *point);
struct ditto_lock_ctx *ditto_lock_ctx_at(struct ditto_lock_ctx *const *where);
void ditto_lock_ctx_unlock(struct ditto_lock_ctx *ctx);
/* The same if nothing was changed but pins, and whoever pinned unlocks in full later. */
void ditto_lock_ctx_unlock_same(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_pin(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_unpin(struct ditto_lock_ctx *ctx);
void ditto_lock_ctx_lock_pinned(struct ditto_lock_ctx *ctx);

/*
 * The claims that @find tells, locked; NULL if it tells none. Claims that die are
 * no longer told of, so it is asked again. Their memory may be another node's by
 * the time that the lock is had: the caller looks whether what it wants is there.
 */
static __always_inline struct ditto_lock_ctx *
ditto_lock_ctx_lock(struct ditto_lock_ctx *(*find)(const void *arg), const void *arg)
{
	struct ditto_lock_ctx *ctx;

	rcu_read_lock();
	while ((ctx = find(arg))) {
		spin_lock(&ctx->lock);
		if (!ctx->dead) {
			__release(&ctx->lock);
			break;
		}
		spin_unlock(&ctx->lock);
	}
	rcu_read_unlock();
	return ctx;
}

static inline struct ditto_lock_ctx *ditto_lock_ctx_of(struct ditto_claim *claim)
{
	return ditto_lock_ctx_at(&claim->ctx);
}

/* Put a claim on its node and client: 0, -ESHUTDOWN, -ENOLCK. Takes no reference. */
int ditto_claim_attach(struct ditto_lock_ctx *ctx, struct ditto_claim *claim);
/* Take it off both; what was the table's is freed when the lock is dropped. */
void ditto_claim_detach(struct ditto_claim *claim);
/*
 * Take a claim of any kind off, because its client, share or node goes. What goes with an open
 * goes first, one at a time: false if the open is still there.
 */
bool ditto_claim_drop(struct ditto_claim *claim, const char *why);
/* So many are dropped, or broken, under one hold of a lock. */
#define DITTO_DROPS_AT_ONCE	64

/*
 * client.c: the charge of a client follows what it has and waits for, and @more. Under
 * client->lock. 0, or -ENOLCK if it may have no more.
 */
int ditto_client_cover(struct ditto_client *client, int more);

/* client.c: the first claim of a client with a number above this one; under client->lock. */
struct ditto_claim *ditto_client_claim_after(const struct ditto_client *client, u64 id);

/* lock_ctx.c: the same of a node; under ctx->lock. */
struct ditto_claim *ditto_lock_ctx_claim_after(const struct ditto_lock_ctx *ctx, u64 id);

static inline struct ditto_claim *ditto_lock_ctx_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->on_node), struct ditto_claim, on_node);
}

static inline struct ditto_claim *ditto_client_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->by_id), struct ditto_claim, by_id);
}

/*
 * courtesy.c: somebody else is in need of what a client has. True if the client is
 * a courtesy client, and so is about to go. Any context; ctx->lock may be held.
 */
bool ditto_client_yields(struct ditto_client *client);
/*
 * The same for who can only wait until it is gone: false also if that may last, because an
 * attempt to withdraw it failed or takes too long.
 */
bool ditto_client_yields_now(struct ditto_client *client);
void ditto_client_yield_work(struct work_struct *work);
/* The client is released otherwise: the work, if it is queued, does not run any more. */
void ditto_client_yield_cancel(struct ditto_client *client);
/* For the VFS: wait a moment for a courtesy client that is about to go. May sleep. */
void ditto_clients_yielded(void);
/* Wait until all of this table are gone; the jiffies that are left. May sleep. */
long ditto_clients_yielded_timeout(struct ditto_lock_table *table, long timeout);

/* delegation.c: count what becomes of delegations; nothing happens for other grants. */
bool ditto_delegation_fits(struct ditto_client *client);
void ditto_delegation_granted(const struct ditto_lease *lease);
void ditto_delegation_recalled(const struct ditto_lease *lease);
/* The holder gives back, or answers and keeps something; before the state changes. */
void ditto_delegation_answered(const struct ditto_lease *lease, u8 keep);
void ditto_delegation_revoked(const struct ditto_lease *lease);
/* It is on its node, or off. */
void ditto_delegation_hold(const struct ditto_lease *lease, int by);

static inline bool ditto_is_delegation(enum ditto_held held)
{
	return held == DITTO_HELD_DELEGATION || held == DITTO_HELD_DIRECTORY_DELEGATION;
}

/* owner.c */
int ditto_owners_init(struct ditto_lock_table *table);
void ditto_owners_exit(struct ditto_lock_table *table);

/* check.c */
/*
 * What is asked for may have to be taken from more holders than may be told under one hold of
 * the lock. Then ctx->more is set until that is dropped, and the answer is not the last one:
 * the caller asks again.
 */
enum ditto_answer ditto_conflict_check(struct ditto_lock_ctx *ctx,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor,
				       struct ditto_conflict *conflict);
/*
 * Ask all holders to give way, so many at a time as may be told under one hold of the lock; true
 * if there was any to be asked. May sleep.
 */
bool ditto_break_all(struct ditto_lock_point *point, const struct ditto_intent *intent,
		     const struct ditto_actor *actor);
/* The grant with WRITE, beside which there is no other; or NULL. */
struct ditto_lease *ditto_writer(struct ditto_lock_ctx *ctx);
/* On behalf of which client; NULL if it is anonymous. */
struct ditto_client *ditto_actor_client(const struct ditto_actor *actor);
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor);
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held);
/* What a grant, of the older kind or not, gives up and waits for, by a cell. */
u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits);

/* park.c */
bool ditto_park_add(struct ditto_lock_ctx *ctx, struct ditto_park *park);
void ditto_park_wake(struct ditto_lock_ctx *ctx);

/* range_tree.c */
void ditto_range_insert(struct ditto_lock_ctx *ctx, struct ditto_range *range);
void ditto_range_erase(struct ditto_lock_ctx *ctx, struct ditto_range *range);
void ditto_range_move(struct ditto_range *range, u64 first, u64 last);

/**
 * struct ditto_range_pass - whose ranges are passed over, many at a time
 * @owner: or NULL
 * @client: or NULL
 */
struct ditto_range_pass {
	const struct ditto_owner *owner;
	const struct ditto_client *client[2];
};

/**
 * struct ditto_range_place - a place among the ranges of a row
 * @first: first byte of a range
 * @id: its number
 */
struct ditto_range_place {
	u64 first;
	u64 id;
};

struct ditto_range *ditto_range_other(struct ditto_lock_ctx *ctx, enum ditto_held row, u64 first,
				      u64 last, const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_other_behind(struct ditto_lock_ctx *ctx, enum ditto_held row,
					     const struct ditto_range_place *place, u64 first,
					     u64 last, const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_other_next(struct ditto_range *range, u64 first, u64 last,
					   const struct ditto_range_pass *pass);
struct ditto_range *ditto_range_overlap(struct ditto_lock_ctx *ctx, enum ditto_held row,
					u64 first, u64 last);

/*
 * The order of an owner's ranges in ctx->by_owner, before first and last byte. What is taken
 * again in this order is not refused because of the owner's own.
 */
enum ditto_own_class {
	DITTO_OWN_POSIX,		/* lie apart */
	DITTO_OWN_EXCLUSIVE,		/* EXACT; lie apart */
	DITTO_OWN_EMPTY_EXCLUSIVE,
	DITTO_OWN_SHARED,		/* EXACT; stack */
	DITTO_OWN_EMPTY_SHARED,
	DITTO_OWN_PENDING,
};

struct ditto_range *ditto_range_own(struct ditto_lock_ctx *ctx, const struct ditto_owner *owner,
				    enum ditto_own_class class, u64 byte);
struct ditto_range *ditto_range_own_next(struct ditto_range *range);
struct ditto_range *ditto_range_own_exactly(struct ditto_lock_ctx *ctx,
					    const struct ditto_owner *owner,
					    enum ditto_own_class class, u64 first, u64 last);
struct ditto_range *ditto_range_own_exact(struct ditto_lock_ctx *ctx,
					  const struct ditto_owner *owner);
struct ditto_range *ditto_range_own_exact_next(struct ditto_range *range);
bool ditto_range_own_max(struct ditto_lock_ctx *ctx, const struct ditto_owner *owner,
			 enum ditto_own_class class, u64 byte, u64 *max);

static inline bool ditto_range_is_exclusive(const struct ditto_range *range)
{
	return range->claim.held == DITTO_HELD_POSIX_EXCLUSIVE ||
	       range->claim.held == DITTO_HELD_EXACT_EXCLUSIVE;
}

static inline enum ditto_held ditto_range_row(enum ditto_discipline discipline, bool exclusive)
{
	if (discipline == DITTO_POSIX)
		return exclusive ? DITTO_HELD_POSIX_EXCLUSIVE : DITTO_HELD_POSIX_SHARED;
	return exclusive ? DITTO_HELD_EXACT_EXCLUSIVE : DITTO_HELD_EXACT_SHARED;
}

/*
 * The last byte as it is compared: that of an empty range is the one before
 * its first, so that it overlaps what has bytes on both sides of it.
 */
static inline u64 ditto_range_end(bool empty, u64 first, u64 last)
{
	return empty ? first - 1 : last;
}

/* The empty range before byte 0 is met by nothing (MS-FSA section 2.1.4.10). */
static inline bool ditto_range_is_nowhere(bool empty, u64 first)
{
	return empty && !first;
}

/* Is the open that a range would go with still there? */
static inline bool ditto_range_may_be(const struct ditto_lock_ctx *ctx,
				      const struct ditto_range_request *req)
{
	return !req->open || req->open->claim.ctx == ctx;
}

/* range_apply.c */
struct ditto_range *ditto_range_alloc(const struct ditto_range_request *req);
void ditto_range_free(struct ditto_range *range);
bool ditto_ranges_alloc(const struct ditto_range_request *req, struct ditto_range *spares[2]);
void ditto_ranges_free(struct ditto_range *spares[2]);
int ditto_range_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *spares[2]);
int ditto_range_give(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *spares[2]);
void ditto_range_remove(struct ditto_range *range);
void ditto_range_drop(struct ditto_range *range);

/* range.c */
int ditto_range_conflict_check(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			       struct ditto_conflict *conflict);
int ditto_range_try(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		    struct ditto_range *spares[2], struct ditto_conflict *conflict);

/* open.c, lease.c, break.c */
/* Off the node, or first a range or a request that goes with it: false. */
bool ditto_open_drop(struct ditto_open *open, const char *why);
struct ditto_lease *ditto_lease_of(struct ditto_lock_ctx *ctx, const struct ditto_owner *key);
/* Off the node; the table's reference is put when the lock is dropped. */
void ditto_lease_remove(struct ditto_lease *lease);
void ditto_lease_set_bits(struct ditto_lease *lease, u8 bits);
void ditto_lease_drop(struct ditto_lease *lease);
/* lease_query.c: the grant goes, and so does the question. */
void ditto_lease_query_end(struct ditto_lease *lease);
void ditto_lease_tell(struct ditto_lease *lease, unsigned int what);
void ditto_lease_tell_work(struct work_struct *work);
void ditto_lease_expire_work(struct work_struct *work);
void ditto_changes_free(struct list_head *changes);
/* False if nothing was begun, because it is to be taken with all else of a courtesy client. */
bool ditto_break_begin(struct ditto_lease *lease, u8 gives_up);

/* What is kept without READ is nothing. */
static inline u8 ditto_lease_valid(u8 bits)
{
	return bits & DITTO_LEASE_READ ? bits : 0;
}

/* wait.c */
bool ditto_wait_ahead(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      const struct ditto_wait *self, struct ditto_conflict *conflict);
bool ditto_wait_is(const struct ditto_wait *wait, const struct ditto_range_request *req);
bool ditto_wait_conflicts(const struct ditto_range_request *a,
			  const struct ditto_range_request *b);
int ditto_wait_enqueue(const struct ditto_range_request *req, struct ditto_wait *wait,
		       struct ditto_conflict *conflict, struct ditto_range *spares[2]);
void ditto_wait_describe(struct ditto_conflict *conflict, const struct ditto_wait *wait);
void ditto_wait_pump(struct ditto_lock_ctx *ctx);
/* Out of the queue, with a callback or without one. */
void ditto_wait_finish(struct ditto_wait *wait, int result);
void ditto_wait_remove(struct ditto_wait *wait);
void ditto_wait_put(struct ditto_wait *wait);

/* deadlock.c */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait);

/* A callback of a client's claims is due; it is over. */
static inline void ditto_callback_begin(struct ditto_client *client)
{
	atomic_inc(&client->callbacks);
}

void ditto_callback_end(struct ditto_client *client);

#endif
