/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Claims: what clients hold on a node, and the question every operation asks
 * before it acts.
 *
 * Three kinds are held in one place per node:
 *   RANGE	range.h: bytes, shared or exclusive; of POSIX discipline (an
 *		owner's ranges split, merge and are upgraded) or EXACT (they
 *		stack, and an unlock names one exactly)
 *   OPEN	open.h: access and deny bits
 *   CACHE	lease.h: what a holder may keep to itself
 *
 * Locking, outermost first
 *   table->deadlock (mutex): while a request is put into a queue, and during
 *	the search for deadlocks; on the cold path only.
 *   mirror->lock (mutex): see mirror.h; the one lock held across VFS calls,
 *	and only by those who show the claims of this node to the VFS.
 *   ctx->lock (spinlock) guards everything held on one node. Never held
 *	across a sleep, a VFS call or a callback; two are never held together.
 *   client->lock (spinlock) guards the lists of a client and of its owners.
 *   table->clients_lock (spinlock) guards the list of clients; nothing is
 *	taken inside.
 *   The table of owners is read under RCU.
 *   All of them are taken in process context only. Callbacks of holders and of
 *   those who wait run from the table's workqueue with no lock held.
 *
 * Lifetime
 *   A point without claims has no memory: struct ditto_lock_ctx is allocated for
 *   the first claim or waiter and freed after the last. Under RCU the memory may
 *   become another node's, but it remains one with a lock. Who finds a dying one
 *   under its lock (ctx->dead), or one of another node, looks again. What is
 *   read of it without the lock was true while it was of this node, or is of
 *   another one: that tells too much, which the lock puts right, or nothing,
 *   which became true when this node's claims died. It pins its node
 *   through the point's operations; a claim holds its owner. A claim leaves
 *   its node and its client under both locks; what is left of it is put on
 *   ctx->gone and freed when the lock is dropped.
 *
 * The race between asking and acting
 *   A grant may be made after an operation was allowed and before it has
 *   changed the node; its holder could then keep what is no longer true. Who
 *   changes something therefore asks once more when it is done
 *   (ditto_claim_recheck(), one load): grants made in between are broken
 *   before the operation is answered. Nothing is counted while the operation
 *   runs, so reading and writing share no cache line.
 */
#ifndef _DITTO_LOCKD_CLAIM_H
#define _DITTO_LOCKD_CLAIM_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "client.h"
#include "matrix.h"
#include "owner.h"

struct ditto_lock_point;
struct ditto_mirror;
struct file;

/**
 * struct ditto_lock_point_ops - what the table needs of the object claimed
 * @get: take a reference for claims
 * @put: give it back; any context but a hard interrupt
 * @local_access: DITTO_OPEN_READ and DITTO_OPEN_WRITE as processes on the server have
 *	the file open now, without the server's own opens; called under a spinlock;
 *	NULL if there are none
 * @settle: @local_access may take the server's own for a local process's while it is being
 *	opened or closed: wait for that, for a moment. May sleep. NULL if that cannot be
 * @keep: a file that the node's owner opened, or another that it returns, stands for claims
 *	before the VFS: it stays open, and remains the server's own to @local_access, until
 *	@unkeep. May sleep. Both may be NULL
 * @unkeep: it does no more. May sleep
 * @watch: begin to tell the table what processes on the server change in this directory,
 *	or end it, once for each beginning; process context, no lock of the table held,
 *	and to begin none at all. Return: 0 or an errno. NULL if nobody can
 */
struct ditto_lock_point_ops {
	void (*get)(struct ditto_lock_point *point);
	void (*put)(struct ditto_lock_point *point);
	u8 (*local_access)(struct ditto_lock_point *point);
	void (*settle)(struct ditto_lock_point *point);
	struct file *(*keep)(struct ditto_lock_point *point, struct file *file);
	void (*unkeep)(struct ditto_lock_point *point, struct file *file);
	int (*watch)(struct ditto_lock_point *point, bool on);
};

/**
 * struct ditto_lock_point - embedded in what can be claimed
 * @table: the lock table
 * @ops: see there
 * @ctx: NULL while nothing is held or waited for
 * @quiet_until: no delegation is granted before, in milliseconds of the table's
 *	clock; kept here because it outlives the claims. Under ctx->lock.
 * @barred_until: no caching grant is made before, for the sake of a local process that was
 *	let go on; in milliseconds of the table's clock
 * @untold: holders that are still to be told of a break or a revocation; each holds the object
 */
struct ditto_lock_point {
	struct ditto_lock_table *table;
	const struct ditto_lock_point_ops *ops;
	struct ditto_lock_ctx __rcu *ctx;
	u64 quiet_until;
	u64 barred_until;
	atomic_t untold;
};

/**
 * ditto_lock_point_init - before the first claim
 * @point: embedded in the object
 * @table: the lock table
 * @ops: see there
 */
static inline void ditto_lock_point_init(struct ditto_lock_point *point,
					 struct ditto_lock_table *table,
					 const struct ditto_lock_point_ops *ops)
{
	point->table = table;
	point->ops = ops;
	RCU_INIT_POINTER(point->ctx, NULL);
	point->quiet_until = 0;
	point->barred_until = 0;
	atomic_set(&point->untold, 0);
}

/**
 * ditto_lock_point_release - the object goes away, as its share is removed
 * @point: held
 * @why: for the trace; a constant
 *
 * Ends all claims and waiting requests; caching grants are revoked. New ones
 * are not prevented.
 *
 * Context: may sleep; no lock held.
 */
void ditto_lock_point_release(struct ditto_lock_point *point, const char *why);

/**
 * struct ditto_lock_ctx - what is held on one node
 * @summary: DITTO_SUM_* bits; read without the lock
 * @dead: taken off the point; look again
 * @pump: something was given up: look at the queue before the lock is dropped
 * @settled: a break was settled: wake who is parked
 * @watched: local changes of the directory are told, on behalf of its grants
 * @more: more grants are to be broken than may be under one hold of the lock: ask again
 * @lock: guards all of this
 * @point: of the node, pinned
 * @held: claims, waiting requests, parked operations and pins; with the last
 *	the whole goes
 * @claims: claims of all kinds
 * @begun: breaks begun under this hold of the lock
 * @opens: how many there are
 * @caching: grants with each bit
 * @notifying: grants that want changes delivered
 * @holders: struct ditto_holder, through which opens and grants are found
 * @by_id: claims of all kinds, in the order of their coming
 * @newest: the last of them
 * @waits: struct ditto_wait, in the order of their coming
 * @parks: struct ditto_park
 * @waiting: length of @waits
 * @telling: how many of these want to be told only
 * @parked: length of @parks
 * @gone: what is freed when the lock is dropped
 * @ranges: struct ditto_range by row of the matrix, as interval trees
 * @by_owner: all ranges by owner, discipline and first byte
 * @mirror: how the VFS sees this node; NULL if it does not
 */
struct ditto_lock_ctx {
	u32 summary;
	bool dead;
	bool pump;
	bool settled;
	bool watched;
	bool more;
	spinlock_t lock;	/* see above */
	struct ditto_lock_point *point;
	u32 held;
	u32 claims;
	u32 begun;
	u32 opens;
	u32 caching[3];
	u32 notifying;
	struct rb_root_cached holders;
	struct rb_root_cached by_id;
	struct rb_node *newest;
	struct list_head waits;
	struct list_head parks;
	u32 waiting;
	u32 telling;
	u32 parked;
	struct list_head gone;
	struct rb_root_cached ranges[DITTO_RANGE_ROWS];
	struct rb_root_cached by_owner;
	struct ditto_mirror *mirror;
};

/**
 * struct ditto_actor - who does something
 * @client: NULL for an anonymous request
 * @owner: of the ranges and the open it acts with; NULL for an anonymous request
 * @lease_owner: whose grants are its own; NULL if it can have none
 * @entry_owner: the same of the directory, for changes of its entries
 * @share: number of what it acts through, and goes with; 0 for nothing of that kind
 * @by_key: whichever client has them: the key of @lease_owner says it all
 * @exact: its own ranges are mandatory, so advisory ones stop it too
 */
struct ditto_actor {
	struct ditto_client *client;
	struct ditto_owner *owner;
	struct ditto_owner *lease_owner;
	struct ditto_owner *entry_owner;
	u32 share;
	bool by_key;
	bool exact;
};

/**
 * struct ditto_intent - what is about to be done
 * @kind: see enum ditto_intent_kind
 * @access: DITTO_OPEN_* of an open; implied by the other kinds
 * @deny: DITTO_OPEN_* of an open
 * @first: first byte, for the kinds with a range
 * @last: last byte, inclusive; U64_MAX is the end of all files
 * @empty: there is no byte: I/O of no byte meets no range, a claim of no byte
 *	lies before @first
 */
struct ditto_intent {
	enum ditto_intent_kind kind;
	u8 access;
	u8 deny;
	u64 first;
	u64 last;
	bool empty;
};

/**
 * struct ditto_conflict - the claim in the way, for those who must be told
 * @held: what it is
 * @protocol: of the holder, "local" for a process on the server
 * @client: its name
 * @key: the owner's opaque key; of a local process its number, as text
 * @key_len: bytes of @key
 * @first: of a range
 * @last: of a range
 * @exclusive: of a range
 * @empty: of a range: it has no byte
 * @access: of an open
 * @deny: of an open
 * @lease: bits of a grant
 */
struct ditto_conflict {
	enum ditto_held held;
	char protocol[16];
	char client[DITTO_CLIENT_NAME_MAX];
	u8 key[DITTO_OWNER_KEY_MAX];
	u16 key_len;
	u64 first;
	u64 last;
	bool exclusive;
	bool empty;
	u8 access;
	u8 deny;
	u8 lease;
};

/* Answers to an intent. */
enum ditto_answer {
	DITTO_ALLOWED,	/* go on */
	DITTO_DENIED,	/* a claim forbids it; the conflict is described */
	DITTO_BREAKING,	/* holders were told to give way; come again, or wait with a park */
	DITTO_BUSY,	/* the same, but too many wait already to park one more */
};

/**
 * struct ditto_park - an operation that waits for breaks, without a thread
 * @done: called once per parking from the table's workqueue when the question
 *	is worth asking again; not called after ditto_park_cancel() returned true
 * @link: on the node's claims
 * @work: runs @done
 * @point: where it waits; NULL when it does not
 */
struct ditto_park {
	void (*done)(struct ditto_park *park);
	struct list_head link;
	struct work_struct work;
	struct ditto_lock_point *point;
};

/**
 * ditto_park_init - before it is given to the first question
 * @park: embedded in the operation, which holds the node until @done was
 *	called or the park cancelled
 * @done: see there
 */
void ditto_park_init(struct ditto_park *park, void (*done)(struct ditto_park *park));

/* Stop waiting. True if @done has not run and will not; else it has run. May sleep. */
bool ditto_park_cancel(struct ditto_park *park);

/**
 * ditto_claim_pause - wait for a short time until something was given up
 * @point: of the node, held
 * @timeout: jiffies, not 0
 *
 * For a thread that was told to come again because of a break, and can stay for
 * a moment: returns when the first of the outstanding breaks on the node is
 * settled, or at once if there is none, and with courtesy clients gone that were
 * found in the way. The question is to be asked again then.
 *
 * Context: may sleep; no lock held that a holder needs to give something up.
 * Return: jiffies left, 0 if the time is over.
 */
long ditto_claim_pause(struct ditto_lock_point *point, long timeout);

enum ditto_answer ditto_claim_check_slow(struct ditto_lock_point *point,
					 const struct ditto_intent *intent,
					 const struct ditto_actor *actor,
					 struct ditto_park *park,
					 struct ditto_conflict *conflict);

void ditto_claim_recheck_slow(struct ditto_lock_point *point,
			      const struct ditto_intent *intent,
			      const struct ditto_actor *actor);

/* Is anything of these DITTO_SUM_* bits held? Any context. */
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

/**
 * ditto_claim_check - may this be done to the node now
 * @point: of the node, held
 * @intent: what
 * @actor: who; NULL is anonymous
 * @park: to be told when to ask again after DITTO_BREAKING; NULL to come again unasked
 * @conflict: filled with DITTO_DENIED; may be NULL
 *
 * Costs one load for a node without claims, and one more if what is held
 * cannot conflict. Not for the acquisition of claims, which asks by itself.
 *
 * Context: may sleep; no lock of the table held.
 * Return: see enum ditto_answer.
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
 * How long a change waits at most for its holders to be told. Threads wait that others need,
 * so few may wait long.
 */
#define DITTO_UNTOLD_MS		5000
#define DITTO_UNTOLD_SHORT_MS	50
#define DITTO_UNTOLD_LONG	4

void ditto_claim_told_slow(struct ditto_lock_point *point);

/* Are there breaks of which a holder is still to be told? Any context. */
static inline bool ditto_claim_is_untold(const struct ditto_lock_point *point)
{
	return unlikely(atomic_read(&point->untold));
}

/* ditto_claim_recheck() for who answers nobody: does not wait until holders were told. */
static inline void ditto_claim_recheck_nowait(struct ditto_lock_point *point,
					      const struct ditto_intent *intent,
					      const struct ditto_actor *actor)
{
	/* Orders the change before the look; pairs with that of ditto_lease_grant(). */
	smp_mb();
	if (unlikely(ditto_lock_point_held(point, ditto_intent_mask[0][intent->kind] &
					   (DITTO_LEASE_ALL * DITTO_SUM_LEASE_READ))))
		ditto_claim_recheck_slow(point, intent, actor);
}

/**
 * ditto_claim_recheck - something was changed: break grants made meanwhile
 * @point: of the node, held
 * @intent: what was done
 * @actor: by whom
 *
 * Waits until the holders were told, because of this or of the question before: who gets
 * the answer to the change behind that does not look at what they cached before it.
 *
 * Context: may sleep; no lock held that a callback needs. Does not wait for answers.
 */
static inline void ditto_claim_recheck(struct ditto_lock_point *point,
				       const struct ditto_intent *intent,
				       const struct ditto_actor *actor)
{
	ditto_claim_recheck_nowait(point, intent, actor);
	if (ditto_claim_is_untold(point))
		ditto_claim_told_slow(point);
}

#endif
