/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of the lock table, shared by its files. */
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
 * struct ditto_claim - the common part of all claims
 * @ctx: lock context of the node; NULL when the claim is off its node. Written under ctx->lock and
 *	client->lock, readable under either
 * @owner: the owner, referenced; for a grant, its key
 * @by_id: node in the client's tree
 * @gone: entry in ctx->gone, once the claim is off its node
 * @on_node: node in ctx->by_id
 * @since: creation time, wall clock in seconds, for people
 * @id: number for people, see ditto_show_release()
 * @share: number of the export or share that it was claimed through, see
 *	ditto_locks_release_share(); or 0
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
 * struct ditto_range_sum - summary of a set of ranges
 * @last: largest last byte
 * @owner: common owner of the ranges; NULL if they have several
 * @client: common client of the ranges; NULL if they have several
 */
struct ditto_range_sum {
	u64 last;
	const struct ditto_owner *owner;
	const struct ditto_client *client;
};

/**
 * struct ditto_range - a byte range
 * @claim: common part
 * @by_first: node in ctx->ranges, unless the range overlaps nothing
 * @by_owner: node in ctx->by_owner
 * @first: first byte; changed under ctx->lock and client->lock
 * @last: last byte; of an empty range, the one before @first
 * @subtree: summary of the subtree of @by_first
 * @own_max: maximum over the subtree of @by_owner of the value that ditto_range_own_max() reports
 * @empty: the range has no byte
 * @pending: the VFS is being asked; the range is not merged, split or unlocked meanwhile
 * @open: the open that the range ends with, on the same node; or NULL
 * @of_open: entry in @open->ranges
 * @mirror: referenced; shows the VFS that the bytes are gone. Only set after a release of the
 *	client or the node
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
 * @claim: common part; the memory belongs to the holder
 * @lease_owner: key of the same holder's caching grants, referenced; or NULL
 * @holder: the holder that has this open
 * @by_owner: node in @holder->opens
 * @ranges: struct ditto_range that end with the open; under ctx->lock
 * @access: DITTO_OPEN_* bits
 * @deny: DITTO_OPEN_* bits
 * @acl: the open reads the access control list; set before it is on its node
 * @subtree_modes: modes of all opens of the subtree, see DITTO_MODES_ALL and DITTO_MODES_ACL
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

/* Bits of ditto_lease.tells: callbacks that are due. */
#define DITTO_TELL_BREAK	0
#define DITTO_TELL_REVOKED	1
#define DITTO_TELL_ASK		2

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
 * @older: see struct ditto_lease_request
 * @ack: the break needs an answer
 * @told: the holder was notified of the break, so it may answer
 * @untold: the point whose @untold count this grant raised, referenced, until the holder is
 *	notified of a break or a revocation; or NULL
 * @deadline: of the outstanding break, in milliseconds of the table's clock
 * @asked: number of the last question; see lease_query.c
 * @answered: number of the last question that was answered or given up
 * @ask_again: a caller waits for the answer to a question that is not sent yet
 * @asked_at: time of the last question, in milliseconds of the table's clock
 * @answer: the last answer
 * @tells: DITTO_TELL_* bits
 * @tell: runs callbacks, one at a time
 * @expire: checks @deadline
 * @changes: list of struct ditto_change to be delivered
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
	DITTO_WAIT_NEW,		/* in the queue, but it may still be refused */
	DITTO_WAIT_QUEUED,	/* waits for its turn */
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

/* The client's oldest claim, or NULL. Under client->lock. */
static inline struct ditto_claim *ditto_client_first_claim(struct ditto_client *client)
{
	return rb_entry_safe(rb_first_cached(&client->claims), struct ditto_claim, by_id);
}

/*
 * lock_ctx.c: everything held on one node. The functions that return a lock
 * context return it locked. They are annotated as if they did not lock, because
 * sparse cannot follow a lock that is taken only sometimes.
 */
/* Slab constructor: initialises the lock, which survives the reuse of the memory. */
void ditto_lock_ctx_first(void *memory);

/**
 * ditto_lock_ctx_find - find and lock the lock context of a node
 * @point: of the node, held by the caller
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if nothing is held.
 */
struct ditto_lock_ctx *ditto_lock_ctx_find(struct ditto_lock_point *point);

/**
 * ditto_lock_ctx_make - find or allocate the lock context of a node, and lock it
 * @point: of the node, held by the caller
 *
 * Context: may sleep; takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL without memory.
 */
struct ditto_lock_ctx *ditto_lock_ctx_make(struct ditto_lock_point *point);

/**
 * ditto_lock_ctx_at - lock the lock context of a claim or a waiting request
 * @where: its pointer to the context; the caller keeps that memory
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if it is off its node.
 */
struct ditto_lock_ctx *ditto_lock_ctx_at(struct ditto_lock_ctx *const *where);

/**
 * ditto_lock_ctx_unlock - settle everything that changed, and unlock
 * @ctx: locked
 *
 * First wakes parked operations and runs the queue for what was given up, and updates the summary.
 * Then drops the lock, frees claims that ended, and frees the context if nothing is held any more.
 *
 * Context: ctx->lock held and no other; may sleep after the lock is dropped.
 */
void ditto_lock_ctx_unlock(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_unlock_same - unlock when nothing changed but the pins
 * @ctx: locked; if it is pinned, a later ditto_lock_ctx_unlock() settles everything
 *
 * Context: ctx->lock held.
 */
void ditto_lock_ctx_unlock_same(struct ditto_lock_ctx *ctx);

/* Keep the context while its lock is dropped. ctx->lock held. */
void ditto_lock_ctx_pin(struct ditto_lock_ctx *ctx);

/* Undo ditto_lock_ctx_pin(). ctx->lock held. */
void ditto_lock_ctx_unpin(struct ditto_lock_ctx *ctx);

/* Lock a context that the caller has pinned. */
void ditto_lock_ctx_lock_pinned(struct ditto_lock_ctx *ctx);

/**
 * ditto_lock_ctx_lock - lock the context that a search finds
 * @find: the search; called under RCU and repeated while it finds a dying context, which it must
 *	stop to find
 * @arg: for @find
 *
 * The memory may be the context of another node by the time the lock is taken: the caller checks
 * whether what it looks for is there.
 *
 * Context: takes ctx->lock.
 * Return: the context, to be passed to ditto_lock_ctx_unlock(); NULL if @find finds none.
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

/* Lock the context that a claim is on; see ditto_lock_ctx_at(). */
static inline struct ditto_lock_ctx *ditto_lock_ctx_of(struct ditto_claim *claim)
{
	return ditto_lock_ctx_at(&claim->ctx);
}

/**
 * ditto_claim_attach - put a claim on its node and its client
 * @ctx: locked
 * @claim: kind and owner are set; no reference is taken
 *
 * Context: ctx->lock held.
 * Return: 0; -ESHUTDOWN (the client was released); -ENOLCK (a limit).
 */
int ditto_claim_attach(struct ditto_lock_ctx *ctx, struct ditto_claim *claim);

/**
 * ditto_claim_detach - take a claim off its node and its client
 * @claim: attached; memory of the table is freed when ctx->lock is dropped
 *
 * Context: ctx->lock held.
 */
void ditto_claim_detach(struct ditto_claim *claim);

/**
 * ditto_claim_drop - take off a claim of any kind, because its client, share or node ends
 * @claim: attached
 * @why: reason for the trace; a constant string
 *
 * The ranges and waiting requests that end with an open are dropped before it, one in each call.
 *
 * Context: ctx->lock held.
 * Return: false if the open is still there, and this must be called again.
 */
bool ditto_claim_drop(struct ditto_claim *claim, const char *why);

/* Claims that are dropped, or breaks that are begun, under one hold of a lock. */
#define DITTO_DROPS_AT_ONCE	64

/**
 * ditto_client_cover - adjust a client's charge to its claims and waits
 * @client: the client
 * @more: claims or waits about to be added
 *
 * Context: client->lock held. Defined in client.c.
 * Return: 0, or -ENOLCK if the client may have no more.
 */
int ditto_client_cover(struct ditto_client *client, int more);

/**
 * ditto_client_claim_after - find the first claim of a client behind a number
 * @client: the client
 * @id: number of a claim, which need not exist
 *
 * Context: client->lock held. Defined in client.c.
 * Return: the claim, or NULL.
 */
struct ditto_claim *ditto_client_claim_after(const struct ditto_client *client, u64 id);

/**
 * ditto_lock_ctx_claim_after - find the first claim of a node behind a number
 * @ctx: locked
 * @id: number of a claim, which need not exist
 *
 * Context: ctx->lock held. Defined in lock_ctx.c.
 * Return: the claim, or NULL.
 */
struct ditto_claim *ditto_lock_ctx_claim_after(const struct ditto_lock_ctx *ctx, u64 id);

static inline struct ditto_claim *ditto_lock_ctx_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->on_node), struct ditto_claim, on_node);
}

static inline struct ditto_claim *ditto_client_claim_next(struct ditto_claim *claim)
{
	return rb_entry_safe(rb_next(&claim->by_id), struct ditto_claim, by_id);
}

/**
 * ditto_client_yields - report a conflict with a claim of a client
 * @client: the holder
 *
 * Begins the release of a courtesy client.
 *
 * Context: any but interrupts; ctx->lock may be held. Defined in courtesy.c.
 * Return: true if it is a courtesy client, which is about to be released.
 */
bool ditto_client_yields(struct ditto_client *client);

/**
 * ditto_client_yields_now - ditto_client_yields() for a caller that can only wait for the release
 * @client: the holder
 *
 * Context: any but interrupts.
 * Return: false also if the release may take long, because an attempt to withdraw the client
 * failed or is slow.
 */
bool ditto_client_yields_now(struct ditto_client *client);

/* Work of client->yield: withdraw and release the client. */
void ditto_client_yield_work(struct work_struct *work);

/* Cancel client->yield, because the client is released in another way. */
void ditto_client_yield_cancel(struct ditto_client *client);

/* For the VFS: wait up to a second for the release of courtesy clients. May sleep. */
void ditto_clients_yielded(void);

/**
 * ditto_clients_yielded_timeout - wait until no release of a courtesy client is due or running
 * @table: the lock table
 * @timeout: jiffies
 *
 * Context: may sleep.
 * Return: jiffies left, 0 if the time is over.
 */
long ditto_clients_yielded_timeout(struct ditto_lock_table *table, long timeout);

/*
 * delegation.c: limits and statistics of delegations. All but the first do
 * nothing for other grants. ctx->lock may be held.
 */
/* True if the limits allow one more delegation of the client. */
bool ditto_delegation_fits(struct ditto_client *client);

/* A new grant was returned to its holder. */
void ditto_delegation_granted(const struct ditto_lease *lease);

/* A step of a recall begins. */
void ditto_delegation_recalled(const struct ditto_lease *lease);

/* The holder returns the grant or answers a recall; called before the state changes. */
void ditto_delegation_answered(const struct ditto_lease *lease, u8 keep);

/* The grant is revoked because its holder did not answer. */
void ditto_delegation_revoked(const struct ditto_lease *lease);

/* The grant was put on its node (@by 1) or taken off (@by -1). */
void ditto_delegation_hold(const struct ditto_lease *lease, int by);

static inline bool ditto_is_delegation(enum ditto_held held)
{
	return held == DITTO_HELD_DELEGATION || held == DITTO_HELD_DIRECTORY_DELEGATION;
}

/* owner.c: part of ditto_locks_create() and ditto_locks_destroy(). */
int ditto_owners_init(struct ditto_lock_table *table);
void ditto_owners_exit(struct ditto_lock_table *table);

/**
 * ditto_conflict_check - check an operation against the claims of a node, by the matrix
 * @ctx: locked
 * @intent: the operation to check
 * @actor: the caller
 * @conflict: filled with DITTO_DENIED; may be NULL
 *
 * Begins the breaks that the operation needs. If it needs more of them than may be begun under one
 * hold of the lock, ctx->more is set until the lock is dropped; the result is then not final, and
 * the caller checks again.
 *
 * Context: ctx->lock held. Defined in check.c.
 * Return: DITTO_ALLOWED, DITTO_DENIED or DITTO_BREAKING.
 */
enum ditto_answer ditto_conflict_check(struct ditto_lock_ctx *ctx,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor,
				       struct ditto_conflict *conflict);

/**
 * ditto_break_all - break all grants that conflict with an operation
 * @point: of the node, held by the caller
 * @intent: the operation
 * @actor: the caller
 *
 * Begins a limited number of breaks under each hold of the lock.
 *
 * Context: may sleep; no lock of the table held. Defined in check.c.
 * Return: true if any break was begun.
 */
bool ditto_break_all(struct ditto_lock_point *point, const struct ditto_intent *intent,
		     const struct ditto_actor *actor);

/**
 * ditto_writer - find the grant with WRITE, which excludes all others
 * @ctx: locked
 *
 * Context: ctx->lock held. Defined in check.c.
 * Return: the grant, or NULL.
 */
struct ditto_lease *ditto_writer(struct ditto_lock_ctx *ctx);

/* The client that the caller acts for; NULL if it is anonymous. */
struct ditto_client *ditto_actor_client(const struct ditto_actor *actor);

/**
 * ditto_exempt - test whether a claim does not count for a caller
 * @cell: cell of the matrix
 * @held: the claim
 * @actor: the caller
 *
 * Context: any. Defined in check.c.
 * Return: true if the exemption of the cell applies.
 */
bool ditto_exempt(const struct ditto_matrix_cell *cell, const struct ditto_claim *held,
		  const struct ditto_actor *actor);

/**
 * ditto_describe - describe a claim that is in the way
 * @conflict: filled; may be NULL
 * @held: the claim
 *
 * Context: any in which the claim cannot change. Defined in check.c.
 */
void ditto_describe(struct ditto_conflict *conflict, const struct ditto_claim *held);

/**
 * ditto_gives_up - compute what an operation breaks of a grant
 * @cell: cell of the matrix, in a row of caching grants
 * @intent: the operation
 * @older: the grant is of the older kind, see struct ditto_lease_request
 * @waits: set to the bits whose return the operation waits for
 *
 * Context: any. Defined in check.c.
 * Return: DITTO_LEASE_* bits that the operation breaks, held or not.
 */
u8 ditto_gives_up(const struct ditto_matrix_cell *cell, const struct ditto_intent *intent,
		  bool older, u8 *waits);

/**
 * ditto_park_add - park an operation on a node
 * @ctx: locked
 * @park: initialised, not parked
 *
 * Context: ctx->lock held. Defined in park.c.
 * Return: false if too many operations are parked already.
 */
bool ditto_park_add(struct ditto_lock_ctx *ctx, struct ditto_park *park);

/* Queue the callbacks of all parked operations. ctx->lock held. */
void ditto_park_wake(struct ditto_lock_ctx *ctx);

/**
 * ditto_range_insert - put a range into the trees of its node
 * @ctx: locked
 * @range: all members that the trees sort by are set
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_insert(struct ditto_lock_ctx *ctx, struct ditto_range *range);

/**
 * ditto_range_erase - take a range out of the trees of its node
 * @ctx: locked
 * @range: in the trees
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_erase(struct ditto_lock_ctx *ctx, struct ditto_range *range);

/**
 * ditto_range_move - change the bytes of a range that is on its node
 * @range: the range
 * @first: new first byte
 * @last: new last byte
 *
 * Readers under client->lock see the old or the new bytes.
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 */
void ditto_range_move(struct ditto_range *range, u64 first, u64 last);

/**
 * struct ditto_range_pass - ranges that a search skips, whole subtrees at a time
 * @owner: skip the ranges of this owner; or NULL
 * @client: skip the ranges of these clients; or NULL
 */
struct ditto_range_pass {
	const struct ditto_owner *owner;
	const struct ditto_client *client[2];
};

/**
 * struct ditto_range_place - a position among the ranges of a row
 * @first: first byte of a range
 * @id: number of the range
 */
struct ditto_range_place {
	u64 first;
	u64 id;
};

/**
 * ditto_range_other - find the first range of a row that overlaps and is not skipped
 * @ctx: locked
 * @row: row of the matrix
 * @first: first byte
 * @last: last byte, see ditto_range_end() for empty ranges
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other(struct ditto_lock_ctx *ctx, enum ditto_held row, u64 first,
				      u64 last, const struct ditto_range_pass *pass);

/**
 * ditto_range_other_behind - the same search, from behind a position
 * @ctx: locked
 * @row: row of the matrix
 * @place: the position, where a range may or may not be
 * @first: first byte
 * @last: last byte
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other_behind(struct ditto_lock_ctx *ctx, enum ditto_held row,
					     const struct ditto_range_place *place, u64 first,
					     u64 last, const struct ditto_range_pass *pass);

/**
 * ditto_range_other_next - continue a search of ditto_range_other()
 * @range: the range found last
 * @first: first byte
 * @last: last byte
 * @pass: ranges to skip
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_other_next(struct ditto_range *range, u64 first, u64 last,
					   const struct ditto_range_pass *pass);

/**
 * ditto_range_overlap - find the first range of a row that overlaps
 * @ctx: locked
 * @row: row of the matrix
 * @first: first byte
 * @last: last byte
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_overlap(struct ditto_lock_ctx *ctx, enum ditto_held row,
					u64 first, u64 last);

/**
 * enum ditto_own_class - classes of an owner's ranges
 * @DITTO_OWN_POSIX: POSIX discipline; do not overlap
 * @DITTO_OWN_EXCLUSIVE: EXACT discipline, exclusive; do not overlap
 * @DITTO_OWN_EMPTY_EXCLUSIVE: the same without a byte
 * @DITTO_OWN_SHARED: EXACT discipline, shared; stack
 * @DITTO_OWN_EMPTY_SHARED: the same without a byte
 * @DITTO_OWN_PENDING: the VFS is being asked
 *
 * They order an owner's ranges in ctx->by_owner, before first and last byte. When ranges are taken
 * again in this order, none is refused because of the owner's others.
 */
enum ditto_own_class {
	DITTO_OWN_POSIX,
	DITTO_OWN_EXCLUSIVE,
	DITTO_OWN_EMPTY_EXCLUSIVE,
	DITTO_OWN_SHARED,
	DITTO_OWN_EMPTY_SHARED,
	DITTO_OWN_PENDING,
};

/**
 * ditto_range_own - find an owner's first range of a class from a byte on
 * @ctx: locked
 * @owner: the owner
 * @class: the class
 * @byte: of a class that does not overlap, the first range that ends at or behind this byte is
 *	found; of a class that stacks, the first that begins at or behind it
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_own(struct ditto_lock_ctx *ctx, const struct ditto_owner *owner,
				    enum ditto_own_class class, u64 byte);

/* The owner's next range of the same class, or NULL. ctx->lock held. */
struct ditto_range *ditto_range_own_next(struct ditto_range *range);

/**
 * ditto_range_own_exactly - find an owner's range of a class with exactly these bytes
 * @ctx: locked
 * @owner: the owner
 * @class: the class
 * @first: first byte
 * @last: last byte, see ditto_range_end() for empty ranges
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_own_exactly(struct ditto_lock_ctx *ctx,
					    const struct ditto_owner *owner,
					    enum ditto_own_class class, u64 first, u64 last);

/**
 * ditto_range_own_exact - find an owner's first range of EXACT discipline, of any class
 * @ctx: locked
 * @owner: the owner
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: the range, or NULL; a pending one does not count.
 */
struct ditto_range *ditto_range_own_exact(struct ditto_lock_ctx *ctx,
					  const struct ditto_owner *owner);

/* The owner's next range of EXACT discipline, or NULL. ctx->lock held. */
struct ditto_range *ditto_range_own_exact_next(struct ditto_range *range);

/**
 * ditto_range_own_max - maximum over an owner's ranges of a class that begin up to a byte
 * @ctx: locked
 * @owner: the owner
 * @class: DITTO_OWN_SHARED or DITTO_OWN_POSIX
 * @byte: the byte
 * @max: set to the largest last byte (DITTO_OWN_SHARED) or to 1 if any of the ranges is exclusive
 *	(DITTO_OWN_POSIX)
 *
 * Context: ctx->lock held. Defined in range_tree.c.
 * Return: false if there is no such range.
 */
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
 * The last byte for comparisons: that of an empty range is the one before its first, so that it
 * overlaps ranges that have bytes on both sides of it.
 */
static inline u64 ditto_range_end(bool empty, u64 first, u64 last)
{
	return empty ? first - 1 : last;
}

/* The empty range before byte 0 overlaps nothing (MS-FSA section 2.1.4.10). */
static inline bool ditto_range_is_nowhere(bool empty, u64 first)
{
	return empty && !first;
}

/* True unless the open that a range would end with is gone. */
static inline bool ditto_range_may_be(const struct ditto_lock_ctx *ctx,
				      const struct ditto_range_request *req)
{
	return !req->open || req->open->claim.ctx == ctx;
}

/**
 * ditto_range_alloc - allocate a range for a request
 * @req: the request; the owner is referenced
 *
 * Context: may sleep. Defined in range_apply.c.
 * Return: the range, or NULL.
 */
struct ditto_range *ditto_range_alloc(const struct ditto_range_request *req);

/**
 * ditto_range_free - free a range
 * @range: on no node; if its client or node was released, the VFS lock goes as well
 *
 * Context: may sleep. Defined in range_apply.c.
 */
void ditto_range_free(struct ditto_range *range);

/**
 * ditto_ranges_alloc - allocate all ranges that a request may need
 * @req: the request
 * @spares: filled: one range to take, and one to split with
 *
 * Context: may sleep. Defined in range_apply.c.
 * Return: false without memory.
 */
bool ditto_ranges_alloc(const struct ditto_range_request *req, struct ditto_range *spares[2]);

/* Free the spare ranges that were not used. May sleep. */
void ditto_ranges_free(struct ditto_range *spares[2]);

/**
 * ditto_range_take - take a range that was checked to be free
 * @ctx: locked
 * @req: the request
 * @spares: of ditto_ranges_alloc(); those that are used become NULL
 *
 * Context: ctx->lock held. Defined in range_apply.c.
 * Return: 0; nothing was changed with -ESHUTDOWN (client or open ended), -ENOLCK (a limit).
 */
int ditto_range_take(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *spares[2]);

/**
 * ditto_range_give - give up a range
 * @ctx: locked
 * @req: the request
 * @spares: the second is used if a POSIX range must be split
 *
 * Context: ctx->lock held. Defined in range_apply.c.
 * Return: 0; nothing was changed with -ENOENT (EXACT: not held), -ENOMEM, -ENOLCK (a limit),
 * -ESHUTDOWN (the client was released).
 */
int ditto_range_give(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		     struct ditto_range *spares[2]);

/* Take a range off its node; it is freed when ctx->lock is dropped. ctx->lock held. */
void ditto_range_remove(struct ditto_range *range);

/* The same because client, share or node ends: freeing it also removes the VFS lock. */
void ditto_range_drop(struct ditto_range *range);

/**
 * ditto_range_conflict_check - check a range request against the claims of its node
 * @ctx: locked
 * @req: the request
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Context: ctx->lock held. Defined in range.c.
 * Return: 0; -EAGAIN (conflict); -EBUSY (a break was begun first).
 */
int ditto_range_conflict_check(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
			       struct ditto_conflict *conflict);

/**
 * ditto_range_try - check a range request and take the range, in one step
 * @ctx: locked
 * @req: the request
 * @spares: see ditto_range_take()
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Context: ctx->lock held. Defined in range.c.
 * Return: see ditto_range_conflict_check() and ditto_range_take().
 */
int ditto_range_try(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		    struct ditto_range *spares[2], struct ditto_conflict *conflict);

/**
 * ditto_open_drop - take an open off its node
 * @open: on its node
 * @why: reason for the trace; a constant string
 *
 * If ranges or waiting requests end with the open, one of them is dropped instead, and this is
 * called again.
 *
 * Context: ctx->lock held. Defined in open.c.
 * Return: true if the open is off its node.
 */
bool ditto_open_drop(struct ditto_open *open, const char *why);

/* The caching grant with a key, or NULL. ctx->lock held. Defined in lease.c. */
struct ditto_lease *ditto_lease_of(struct ditto_lock_ctx *ctx, const struct ditto_owner *key);

/* Take a grant off its node; the table's reference is put when ctx->lock is dropped. */
void ditto_lease_remove(struct ditto_lease *lease);

/* Set the bits of a grant; without any it is taken off its node. ctx->lock held. */
void ditto_lease_set_bits(struct ditto_lease *lease, u8 bits);

/* Revoke a grant because client, share or node ends; its holder is notified. ctx->lock held. */
void ditto_lease_drop(struct ditto_lease *lease);

/* Wake callers that wait for an answer of a grant that ends. Defined in lease_query.c. */
void ditto_lease_query_end(struct ditto_lease *lease);

/* Set a DITTO_TELL_* bit and queue the callbacks of a grant. Defined in break.c. */
void ditto_lease_tell(struct ditto_lease *lease, unsigned int what);

/* Work of ditto_lease.tell: runs the callbacks that are due. */
void ditto_lease_tell_work(struct work_struct *work);

/* Work of ditto_lease.expire: revokes the grant if the deadline of a break has passed. */
void ditto_lease_expire_work(struct work_struct *work);

/* Free the changes that were not delivered. */
void ditto_changes_free(struct list_head *changes);

/**
 * ditto_break_begin - begin a break, or add to the one that is outstanding
 * @lease: on its node
 * @gives_up: DITTO_LEASE_* bits to be given up
 *
 * Context: ctx->lock held. Defined in break.c.
 * Return: false if nothing was begun, because the holder is a courtesy client that must be
 * withdrawn first, and the grant ends with its other claims.
 */
bool ditto_break_begin(struct ditto_lease *lease, u8 gives_up);

/* Bits without READ are no bits. */
static inline u8 ditto_lease_valid(u8 bits)
{
	return bits & DITTO_LEASE_READ ? bits : 0;
}

/**
 * ditto_wait_ahead - test whether an earlier request in the queue conflicts
 * @ctx: locked
 * @req: the request
 * @self: its place in the queue; NULL if it is not queued, so that all are earlier
 * @conflict: filled with true; may be NULL
 *
 * Context: ctx->lock held. Defined in wait.c.
 * Return: true if the request must not overtake an earlier one.
 */
bool ditto_wait_ahead(struct ditto_lock_ctx *ctx, const struct ditto_range_request *req,
		      const struct ditto_wait *self, struct ditto_conflict *conflict);

/* True if the queued request is this one: same owner, discipline, mode and bytes. */
bool ditto_wait_is(const struct ditto_wait *wait, const struct ditto_range_request *req);

/* True if two requests would exclude each other if both were granted. */
bool ditto_wait_conflicts(const struct ditto_range_request *a,
			  const struct ditto_range_request *b);

/**
 * ditto_wait_enqueue - wait for a range that is not free
 * @req: the request; copied
 * @wait: the waiter
 * @conflict: filled with -EAGAIN and -EINPROGRESS; may be NULL
 * @spares: memory for the grant; taken over if the request is queued
 *
 * Context: may sleep; takes table->deadlock. Defined in wait.c.
 * Return: -EINPROGRESS if it waits; otherwise see ditto_range_lock().
 */
int ditto_wait_enqueue(const struct ditto_range_request *req, struct ditto_wait *wait,
		       struct ditto_conflict *conflict, struct ditto_range *spares[2]);

/* Describe a queued request as the range that it will hold. */
void ditto_wait_describe(struct ditto_conflict *conflict, const struct ditto_wait *wait);

/* Grant the queued requests whose turn has come. ctx->lock held. */
void ditto_wait_pump(struct ditto_lock_ctx *ctx);

/**
 * ditto_wait_finish - take a request off the queue and queue its callback
 * @wait: in the queue
 * @result: for the callback
 *
 * Context: ctx->lock held. Defined in wait.c.
 */
void ditto_wait_finish(struct ditto_wait *wait, int result);

/**
 * ditto_wait_remove - take a request off the queue without a callback
 * @wait: in the queue; the caller puts the queue's reference
 *
 * Context: ctx->lock held. Defined in wait.c.
 */
void ditto_wait_remove(struct ditto_wait *wait);

/* Drop a reference on a waiting request. May sleep. */
void ditto_wait_put(struct ditto_wait *wait);

/**
 * ditto_deadlock - test whether a queued request would wait for itself
 * @table: the lock table
 * @wait: the request, in state DITTO_WAIT_NEW
 *
 * Context: may sleep; table->deadlock held and no other lock. Defined in deadlock.c.
 * Return: true if its waiting closes a cycle of owners.
 */
bool ditto_deadlock(struct ditto_lock_table *table, struct ditto_wait *wait);

/* A callback of the client's claims is due; ditto_callback_end() when it is over. */
static inline void ditto_callback_begin(struct ditto_client *client)
{
	atomic_inc(&client->callbacks);
}

/* A callback that ditto_callback_begin() announced is over; wakes those that wait for the last. */
void ditto_callback_end(struct ditto_client *client);

#endif
