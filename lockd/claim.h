/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Claims: what clients hold on a node, and the check that precedes every
 * operation.
 *
 * A node keeps three kinds of claims in one lock context:
 *   RANGE	range.h: a byte range, shared or exclusive, of POSIX discipline
 *		(an owner's ranges split, merge and are upgraded) or of EXACT
 *		discipline (ranges stack, and an unlock names one exactly)
 *   OPEN	open.h: an open with access and deny bits (a share reservation)
 *   CACHE	lease.h: a caching grant
 * Checks find them there. Lists, and releases of many, find them in the trees of their clients, by
 * number.
 *
 * Locking, outermost first
 *   table->deadlock (mutex): held while a request is queued and during the
 *	deadlock search; on the slow path only.
 *   mirror->lock (mutex): see mirror.h. The only lock held across VFS calls,
 *	and only while claims of this node are shown to the VFS.
 *   ctx->lock (spinlock): guards everything held on one node. Never held
 *	across a sleep, a VFS call or a callback other than the freeing of a
 *	client's memory; two are never held together.
 *   client->lock (spinlock): guards the lists of a client and of its owners.
 *   table->clients_lock (spinlock): guards the tree of clients; no other lock
 *	is taken inside it.
 *   The table of owners is read under RCU.
 *   All locks are taken in process context only. Callbacks of holders and of
 *   waiters run from the table's workqueue with no lock held.
 *
 * Lifetime
 *   A point without claims has no lock context: struct ditto_lock_ctx is
 *   allocated for the first claim or waiter and freed after the last. The slab
 *   is SLAB_TYPESAFE_BY_RCU: under RCU the memory may become the context of
 *   another node, but it remains a context with a valid lock. A reader that
 *   locks a dying context (ctx->dead), or one of another node, looks it up
 *   again. A lockless read may therefore see the state of another node. If it
 *   reports too much, the check under the lock corrects that. If it reports
 *   nothing, that became true when the claims of this node ended. A context
 *   pins its node through the operations of the point; a claim holds its
 *   owner. A claim leaves its node and its client under both locks; its memory
 *   goes to ctx->gone and is freed when ctx->lock is dropped.
 *
 * The race between check and operation
 *   A caching grant may be made after an operation was allowed and before it
 *   has changed the node; the holder could then cache stale state. After a
 *   change the caller therefore checks again (ditto_claim_recheck(), one
 *   load): grants made in between are broken before the operation is answered.
 *   Nothing is counted while the operation runs, so readers and writers share
 *   no cache line.
 */
#ifndef _DITTO_LOCKD_CLAIM_H
#define _DITTO_LOCKD_CLAIM_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "client.h"
#include "holder.h"
#include "matrix.h"
#include "owner.h"

struct ditto_lock_point;
struct ditto_mirror;
struct file;

/**
 * struct ditto_lock_point_ops - what the table needs from the object that is claimed
 * @get: take a reference for a lock context
 * @put: drop that reference; called in any context but a hard interrupt
 * @local_access: return DITTO_OPEN_READ and DITTO_OPEN_WRITE as processes on the server have the
 *	file open now, without the server's own opens; called under a spinlock; NULL if there are
 *	no such processes
 * @size: return how many bytes the file has; called under a spinlock; NULL if that is not known
 * @settle: wait briefly until @local_access can be trusted, because it may count the server's own
 *	file as a local process's while that file is being opened or closed. May sleep. NULL if
 *	this cannot happen
 * @keep: return the file that stands for claims before the VFS, which is @file or another one that
 *	the node's owner opened. It stays open, and counts as the server's own for @local_access,
 *	until @unkeep. May sleep. May be NULL
 * @unkeep: release a file that @keep returned. May sleep. NULL if @keep is NULL
 * @watch: with @on true, begin to report changes that processes on the server make in this
 *	directory; with false, end that, once for each beginning. Process context, no lock of the
 *	table held, and for a beginning no lock at all; may sleep. Return: 0 or a negative errno.
 *	NULL if such changes cannot be observed
 * @unwatched: other machines access the object without being noticed: no caching grant is made
 */
struct ditto_lock_point_ops {
	void (*get)(struct ditto_lock_point *point);
	void (*put)(struct ditto_lock_point *point);
	u8 (*local_access)(struct ditto_lock_point *point);
	u64 (*size)(struct ditto_lock_point *point);
	void (*settle)(struct ditto_lock_point *point);
	struct file *(*keep)(struct ditto_lock_point *point, struct file *file);
	void (*unkeep)(struct ditto_lock_point *point, struct file *file);
	int (*watch)(struct ditto_lock_point *point, bool on);
	bool unwatched;
};

/**
 * struct ditto_lock_point - the part of a lockable object that the table works on
 * @table: the lock table
 * @ops: operations of the object
 * @ctx: everything held on the node; NULL while nothing is held or waited for
 * @quiet_until: no delegation is granted before this time, in milliseconds of the table's clock.
 *	Kept here because it outlives the lock context. Under ctx->lock
 * @barred_until: no caching grant is made before this time, in milliseconds of the table's clock,
 *	because a local process was let continue and still has to act
 * @unnotified: number of holders not yet notified of a break or a revocation; each of them holds a
 *	reference on the object
 */
struct ditto_lock_point {
	struct ditto_lock_table *table;
	const struct ditto_lock_point_ops *ops;
	struct ditto_lock_ctx __rcu *ctx;
	u64 quiet_until;
	u64 barred_until;
	atomic_t unnotified;
};

/* Initialise a lock point before its first claim. @table: the lock table. */
static inline void ditto_lock_point_init(struct ditto_lock_point *point,
					 struct ditto_lock_table *table,
					 const struct ditto_lock_point_ops *ops)
{
	point->table = table;
	point->ops = ops;
	RCU_INIT_POINTER(point->ctx, NULL);
	point->quiet_until = 0;
	point->barred_until = 0;
	atomic_set(&point->unnotified, 0);
}

/* lock_ctx.c */
void ditto_lock_point_release(struct ditto_lock_point *point, const char *why);
void ditto_lock_point_gone(struct ditto_lock_point *point);

/**
 * struct ditto_lock_busy - byte ranges on a node, and operations that wait on it
 * @ranges: struct ditto_range by row of the matrix, as interval trees
 * @by_owner: all ranges by owner, discipline and first byte
 * @waits: queue of struct ditto_wait, oldest first
 * @parks: list of struct ditto_park, oldest first
 * @ranged: number of ranges
 * @waiting: length of @waits
 * @telling: number of requests in @waits that want a notification only
 * @parked: length of @parks
 *
 * Most nodes have opens and caching grants only. They share one that is empty and is never written.
 */
struct ditto_lock_busy {
	struct rb_root ranges[DITTO_RANGE_ROWS];
	struct rb_root by_owner;
	struct list_head waits;
	struct list_head parks;
	u32 ranged;
	u32 waiting;
	u32 telling;
	u32 parked;
};

/**
 * struct ditto_lock_ctx - everything held on one node
 * @first: memory for one of the holders: most nodes have no other
 * @summary: DITTO_SUM_* bits; also read without the lock
 * @pins: number of tasks that keep the context while its lock is dropped
 * @begun: number of breaks begun under this hold of the lock
 * @dead: the context was taken off its point; look it up again
 * @pump: a claim was given up: process the queue before the lock is dropped
 * @settled: a break was settled: wake parked operations
 * @watched: local changes of the directory are reported for its caching grants
 * @more: more grants have to be broken than one hold of the lock allows: check again
 * @first_used: @first is in @holders
 * @covered: the VFS is shown one lock of the file that stays whatever ranges there are, so that
 *	they come and go without it, see mirror_cover.c. Written under mirror->lock and @lock; also
 *	read without them
 * @lock: guards all other members
 * @claims: number of claims of all kinds. The context ends with the last claim, waiting request,
 *	parked operation and pin
 * @point: the point of the node, pinned
 * @holders: struct ditto_holder by key; opens and grants are found through it
 * @gone: claims to be freed when the lock is dropped, linked by their own @gone
 * @busy: ranges and waiting operations; see ditto_lock_ctx_busy(). Also read under client->lock,
 *	while a claim of the client is on the node
 * @mirror: how the VFS sees this node; NULL if its claims are not shown
 */
struct ditto_lock_ctx {
	struct ditto_holder first;
	u16 summary;
	u16 pins;
	u16 begun;
	bool dead : 1;
	bool pump : 1;
	bool settled : 1;
	bool watched : 1;
	bool more : 1;
	bool first_used : 1;
	bool covered;
	spinlock_t lock;	/* see above */
	u32 claims;
	struct ditto_lock_point *point;
	struct rb_root holders;
	struct ditto_claim *gone;
	const struct ditto_lock_busy *busy;
	struct ditto_mirror *mirror;
};

/**
 * struct ditto_claim - the common part of all claims; its members belong to the table
 * @ctx: lock context of the node; NULL when the claim is off its node, which is the last that the
 *	table does with it. Written under ctx->lock; readable under it, and under client->lock
 *	while the claim is in the client's tree
 * @owner: the owner, referenced; for a grant, its key
 * @by_id: node in the client's tree
 * @gone: the next one in ctx->gone, once the claim is off its node
 * @id: number for people, see ditto_show_release(); its highest bits are never needed
 * @held: enum ditto_held; constant while the claim is on its node
 * @since: creation time, wall clock in seconds, for people; it ends in 2106
 * @share: number of the export or share that it was claimed through, see
 *	ditto_locks_release_share(); or 0
 */
struct ditto_claim {
	struct ditto_lock_ctx *ctx;
	struct ditto_owner *owner;
	union {
		struct rb_node by_id;
		struct ditto_claim *gone;
	};
	u64 id : 60;
	u64 held : 4;
	u32 since;
	u32 share;
};

static_assert(DITTO_HELDS <= 16);

/**
 * struct ditto_actor - the caller of an operation, as the lock table sees it
 * @client: the client; NULL for an anonymous request
 * @owner: owner of the byte ranges and the open that the operation uses; NULL for an anonymous
 *	request
 * @lease_owner: key of the caller's own caching grants; NULL if it can have none
 * @entry_owner: key of the caller's grants on the directory, for changes of its entries
 * @from: address of the caller's machine, if it has no @client; may be NULL
 * @share: number of the export or share that claims are made through and end with; 0 if none
 * @by_key: grants with the same key as @lease_owner are the caller's own, whichever client has
 *	them
 * @exact: the caller's own ranges are mandatory, so advisory ranges stop it too
 * @delegated: it uses a delegation, so all that @client has on the node is the caller's own
 * @brief: it does not wait for courtesy clients that could not be withdrawn: their claims refuse
 * @queued: the turn of its request came in the queue, so that the thread may act for another one
 */
struct ditto_actor {
	struct ditto_client *client;
	struct ditto_owner *owner;
	struct ditto_owner *lease_owner;
	struct ditto_owner *entry_owner;
	const struct in6_addr *from;
	u32 share;
	bool by_key;
	bool exact;
	bool delegated;
	bool brief;
	bool queued;
};

/**
 * struct ditto_intent - an operation that is about to be done
 * @kind: see enum ditto_intent_kind
 * @access: DITTO_OPEN_* bits of an open; the other kinds imply theirs
 * @deny: DITTO_OPEN_* bits of an open
 * @first: first byte, for the kinds with a range
 * @last: last byte, inclusive; U64_MAX stands for the end of any file
 * @empty: there is no byte: I/O of no byte meets no range; a claim of no byte lies before @first
 * @tests: it is only tested whether the operation could be done, so that it breaks nothing but what
 *	it would wait for
 */
struct ditto_intent {
	enum ditto_intent_kind kind;
	u8 access;
	u8 deny;
	u64 first;
	u64 last;
	bool empty;
	bool tests;
};

/**
 * struct ditto_conflict - the claim that is in the way, for replies that describe it
 * @held: kind of the claim
 * @exclusive: of a range: exclusive, not shared
 * @empty: of a range: it has no byte
 * @access: of an open: DITTO_OPEN_* bits
 * @deny: of an open: DITTO_OPEN_* bits
 * @lease: of a caching grant: DITTO_LEASE_* bits
 * @first: of a range: first byte
 * @last: of a range: last byte
 * @claim: number of the claim or waiting request; 0 of a local process's lock
 * @protocol: protocol of the holder; "local" for a process on the server. This and what follows are
 *	long, and last: they need not be cleared before, because each description sets them
 * @client: name of the holder's client
 * @who: user and address of that client
 * @holding: all of these together
 * @key_len: length of @key in bytes
 * @key: opaque key of the owner; for a local process its number as text
 */
struct ditto_conflict {
	struct_group_tagged(ditto_holding, holding, /* all but the key */
		enum ditto_held held;
		bool exclusive;
		bool empty;
		u8 access;
		u8 deny;
		u8 lease;
		u64 first;
		u64 last;
		u64 claim;
		char protocol[16];
		char client[DITTO_CLIENT_NAME_MAX];
		struct ditto_client_who who;
	);
	u16 key_len;
	u8 key[DITTO_OWNER_KEY_MAX];
};

/* Results of a check. */
enum ditto_answer {
	DITTO_ALLOWED,	/* no conflict */
	DITTO_DENIED,	/* a claim forbids it; the conflict is described */
	DITTO_BREAKING,	/* breaks were begun; retry, or wait with a park */
	DITTO_BUSY,	/* the same, but the limit of parked operations is reached */
};

/**
 * struct ditto_park - an operation that waits for breaks without a thread
 * @done: called once per parking from the table's workqueue, when the check is worth repeating;
 *	not called after ditto_park_cancel() returned true
 * @link: entry in the list of the lock context
 * @work: runs @done
 * @point: the point it waits on; NULL while it does not wait
 * @used: it has waited since ditto_park_init(); read by the operation
 * @brief: @done is also called when a courtesy client could not be withdrawn; set by the operation
 *	before it parks
 * @tries: of the operation, see ditto_room_want()
 */
struct ditto_park {
	void (*done)(struct ditto_park *park);
	struct list_head link;
	struct work_struct work;
	struct ditto_lock_point *point;
	bool used;
	bool brief;
	u8 tries;
};

/* park.c */
void ditto_park_init(struct ditto_park *park, void (*done)(struct ditto_park *park));
bool ditto_park_on(struct ditto_lock_point *point, struct ditto_park *park);
void ditto_park_wake_point(struct ditto_lock_point *point);
bool ditto_park_cancel(struct ditto_park *park);

/* pause.c */
long ditto_claim_pause(struct ditto_lock_point *point, long timeout);
bool ditto_break_describe(struct ditto_lock_point *point, struct ditto_holding *holding);
struct ditto_lock_point *ditto_park_describe(struct ditto_park *park, bool *breaking,
					     struct ditto_holding *holding);

/* check.c */
enum ditto_answer ditto_claim_check_slow(struct ditto_lock_point *point,
					 const struct ditto_intent *intent,
					 const struct ditto_actor *actor,
					 struct ditto_park *park,
					 struct ditto_conflict *conflict);

/* check.c */
void ditto_claim_recheck_slow(struct ditto_lock_point *point,
			      const struct ditto_intent *intent,
			      const struct ditto_actor *actor);

/* True if anything with one of these DITTO_SUM_* bits is held. Any context; a hint only. */
static inline bool ditto_lock_point_held(struct ditto_lock_point *point, u32 mask)
{
	const struct ditto_lock_ctx *ctx;
	bool held;

	if (likely(!rcu_access_pointer(point->ctx)))
		return false;
	rcu_read_lock();
	ctx = rcu_dereference(point->ctx);
	held = ctx && (READ_ONCE(ctx->summary) & mask);
	rcu_read_unlock();
	return held;
}

/*
 * Check whether an operation on the node is allowed now. @point: of the node, held by the caller;
 * @actor: the caller; NULL is anonymous; @park: parked after DITTO_BREAKING, so that its callback
 * says when to repeat the check; NULL if the caller retries by itself; @conflict: filled with
 * DITTO_DENIED; may be NULL, and the history does not have the refusal then. Costs one load for a
 * node without claims, and one more if what is held cannot conflict. Not for taking claims: the
 * functions that take them include the check. Context: no lock of the table held. Return: see enum
 * ditto_answer.
 */
static inline enum ditto_answer ditto_claim_check(struct ditto_lock_point *point,
						  const struct ditto_intent *intent,
						  const struct ditto_actor *actor,
						  struct ditto_park *park,
						  struct ditto_conflict *conflict)
{
	bool exact = actor && actor->exact;

	if (likely(!ditto_lock_point_held(point, ditto_intent_mask[exact][intent->kind])))
		return DITTO_ALLOWED;
	return ditto_claim_check_slow(point, intent, actor, park, conflict);
}

/*
 * How long a change waits at most until the holders that it breaks were notified. Other requests
 * may need the waiting thread, so at most DITTO_UNNOTIFIED_LONG changes of a server wait for the
 * long time.
 */
#define DITTO_UNTOLD_MS		5000
#define DITTO_UNTOLD_SHORT_MS	50
#define DITTO_UNNOTIFIED_LONG	4

/* break.c */
void ditto_claim_wait_notified_slow(struct ditto_lock_point *point);

/* True if a holder is not yet notified of a break or a revocation. Any context. */
static inline bool ditto_claim_is_untold(const struct ditto_lock_point *point)
{
	return unlikely(atomic_read(&point->unnotified));
}

/* ditto_claim_recheck() without waiting for notifications, for callers that send no reply. */
static inline void ditto_claim_recheck_nowait(struct ditto_lock_point *point,
					      const struct ditto_intent *intent,
					      const struct ditto_actor *actor)
{
	/* Orders the change before the check; pairs with the barrier of ditto_lease_grant(). */
	smp_mb();
	if (unlikely(ditto_lock_point_held(point, ditto_intent_mask[0][intent->kind] &
					   (DITTO_LEASE_ALL * DITTO_SUM_LEASE_READ))))
		ditto_claim_recheck_slow(point, intent, actor);
}

/*
 * Break grants that were made while a change was in progress. @point: of the node, held by the
 * caller; @actor: the caller; NULL is anonymous. Waits until holders were notified, whether this
 * check or an earlier one broke their grants: a holder that receives the reply to the change must
 * not still rely on what it cached before. Context: no lock held that a callback needs. Does not
 * wait for answers.
 */
static inline void ditto_claim_recheck(struct ditto_lock_point *point,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor)
{
	ditto_claim_recheck_nowait(point, intent, actor);
	if (ditto_claim_is_untold(point))
		ditto_claim_wait_notified_slow(point);
}

#endif
