/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateids, and the states they name: opens, locks and delegations of a client.
 *
 * The lock table decides what may be held; a state is the protocol's record of it. Each
 * state is in its client's table under a number, which its stateid carries:
 *   other = clientid (8 bytes, begins with the server's epoch) | number ^ mask (4 bytes)
 * Numbers are allocated cyclically, so that a stale stateid finds no state for a long time. Each
 * client has a random mask: who has none of its stateids cannot guess one, also if he knows the
 * clientid.
 *
 * Locking: state->lock makes a change of a state and of its seqid one step. It is a sleeping lock
 * that may be held across calls into the lock table and the file system, but never while waiting
 * for a break. Order: owner->lock (4.0), then state->lock of an open, then state->lock of a lock or
 * delegation. A client's table of states (state_table.h) is searched under RCU.
 *
 * Lifetime: reference counted. The table has one reference until dnfs4_state_del(). States are
 * freed under RCU. Opens come from a SLAB_TYPESAFE_BY_RCU cache, so the memory of one may be
 * reused for another open immediately. A lookup under RCU must therefore take a reference with
 * dnfs4_state_tryget() first, and check the identity of the state after that.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_STATEID_H
#define _DITTO_FS_NFS_V4_STATE_STATEID_H

#include <linux/bits.h>
#include <linux/lockdep_types.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct dnfs4_client;
struct dnfs4_compound;
struct dnfs4_state;

#define DNFS4_OTHER_SIZE	12

/**
 * struct dnfs4_stateid - stateid4 (RFC 8881 section 3.3.12)
 * @seqid: seqid, in host order
 * @other: opaque to clients
 */
struct dnfs4_stateid {
	u32 seqid;
	u8 other[DNFS4_OTHER_SIZE];
};

/* Special stateids (RFC 8881 section 8.2.3). */
enum dnfs4_special {
	DNFS4_SPECIAL_NONE,	/* an ordinary stateid */
	DNFS4_SPECIAL_ANON,	/* anonymous: all zeros */
	DNFS4_SPECIAL_BYPASS,	/* READ bypass: all ones */
	DNFS4_SPECIAL_CURRENT,	/* 4.1: stands for the current stateid */
	DNFS4_SPECIAL_INVALID,	/* "other" is all zeros or all ones with any other seqid */
};

enum dnfs4_special dnfs4_stateid_special(const struct dnfs4_stateid *sid);

enum dnfs4_state_kind {
	DNFS4_STATE_OPEN	= BIT(0),
	DNFS4_STATE_LOCK	= BIT(1),
	DNFS4_STATE_DELEGATION	= BIT(2),	/* of a file */
	DNFS4_STATE_DIRECTORY	= BIT(3),	/* of a directory */
	DNFS4_STATE_OFFLOAD	= BIT(4),	/* a copy in the background */
};

/* The kinds by which a file is read and written. */
#define DNFS4_STATE_IO	(DNFS4_STATE_OPEN | DNFS4_STATE_LOCK | DNFS4_STATE_DELEGATION)

/* The kinds that are a struct dnfs4_delegation. */
#define DNFS4_STATE_DELEGATIONS	(DNFS4_STATE_DELEGATION | DNFS4_STATE_DIRECTORY)

/* Why a state is void. Its stateid stays known until it is freed. */
enum dnfs4_void {
	DNFS4_VALID,
	DNFS4_REVOKED,		/* a delegation was not returned in time: DELEG_REVOKED */
	DNFS4_ADMIN_REVOKED,	/* by the administrator, or with its share: ADMIN_REVOKED */
	DNFS4_EXPIRED,		/* with the lease: EXPIRED */
	DNFS4_CLOSED,		/* closed; 4.0 keeps it for a replay of CLOSE: BAD_STATEID */
};

/**
 * struct dnfs4_state_ops - operations of a kind of state
 * @kind: one DNFS4_STATE_* bit
 * @release: the client is being released. Gives up the claims of the state and removes it from
 *	other tables; it was removed from the client's table already. May sleep.
 * @free_stateid: FREE_STATEID. Returns NFS4ERR_LOCKS_HELD if the state is valid and holds
 *	something; else removes the state and returns NFS4_OK. state->lock is held.
 * @free: frees the memory after the last reference was put. The memory stays a state of this
 *	kind for an RCU grace period. May sleep.
 */
struct dnfs4_state_ops {
	enum dnfs4_state_kind kind;
	void (*release)(struct dnfs4_state *state);
	u32 (*free_stateid)(struct dnfs4_state *state);
	void (*free)(struct dnfs4_state *state);
};

/**
 * struct dnfs4_state_lock - a sleeping lock in one byte
 * @word: see states.c
 * @dep_map: for lockdep; has no size without it
 *
 * A mutex has 31 bytes more in each state, for tasks that wait, and two tasks rarely want the same
 * state. Here they wait in a queue that the kernel shares among addresses. The one that has waited
 * longest is woken, but another task may be faster.
 */
struct dnfs4_state_lock {
	u8 word;
	struct lockdep_map dep_map;
};

/**
 * struct dnfs4_state - a state, named by a stateid; embedded in the object of its kind
 * @ops: operations of its kind
 * @client: the client; no reference, because a state is released before its client is freed. A
 *	holder of a state that does not hold the client must not follow this pointer
 * @ref: reference count; the client's table has one reference
 * @id: number within the client; 0 until it is in the table
 * @seqid: current seqid of the stateid; starts at 1 and skips 0
 * @void_why: enum dnfs4_void; written under @lock
 * @lock: see above; taken by dnfs4_state_lock()
 */
struct dnfs4_state {
	const struct dnfs4_state_ops *ops;
	struct dnfs4_client *client;
	refcount_t ref;
	u32 id;
	u32 seqid;
	u8 void_why;
	struct dnfs4_state_lock lock;
};

/* states.c */

void dnfs4_states_init(struct dnfs4_client *client);
u32 dnfs4_states_disown(struct dnfs4_client *client);
int dnfs4_states_keep(struct dnfs4_client *client, int count);
void dnfs4_state_init(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
		      struct dnfs4_client *client);
void dnfs4_state_init_locked(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
			     struct dnfs4_client *client);
void dnfs4_state_lock(struct dnfs4_state *state);
void dnfs4_state_unlock(struct dnfs4_state *state);
int dnfs4_state_add(struct dnfs4_state *state);
bool dnfs4_states_may_open(struct dnfs4_client *client);
bool dnfs4_state_del(struct dnfs4_state *state);
bool dnfs4_state_replace(struct dnfs4_state *state, struct dnfs4_state *other);
struct dnfs4_state *dnfs4_state_get(struct dnfs4_client *client, u32 id);

/* Take another reference on a state. */
static inline void dnfs4_state_hold(struct dnfs4_state *state)
{
	refcount_inc(&state->ref);
}

/*
 * Take a reference on a state found under RCU. Its memory may have been reused for another
 * state, so the caller must check its identity afterwards. Return: false if it is being freed.
 */
static inline bool dnfs4_state_tryget(struct dnfs4_state *state)
{
	if (!refcount_inc_not_zero(&state->ref))
		return false;
	/* Read the identity after the reference; pairs with smp_wmb() in state_publish(). */
	smp_mb__after_atomic();
	return true;
}

void dnfs4_state_put(struct dnfs4_state *state);
void dnfs4_state_bump(struct dnfs4_state *state);
void dnfs4_state_stateid(const struct dnfs4_state *state, struct dnfs4_stateid *sid);
u32 dnfs4_stateid_number(const struct dnfs4_client *client, const struct dnfs4_stateid *sid);
u32 dnfs4_state_find(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
		     unsigned int kinds, struct dnfs4_state **out);
u32 dnfs4_state_find_any(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			 unsigned int kinds, struct dnfs4_state **out);
bool dnfs4_stateid_is_foreign(const struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid);
u32 dnfs4_state_check_seqid(const struct dnfs4_compound *cmp, const struct dnfs4_state *state,
			    const struct dnfs4_stateid *sid);
u32 dnfs4_state_check_void(const struct dnfs4_compound *cmp, const struct dnfs4_state *state);
u32 dnfs4_seqid_status(u32 minor, u32 now, u32 seqid);
void dnfs4_state_revoke(struct dnfs4_state *state, enum dnfs4_void why);
void dnfs4_state_revoke_locked(struct dnfs4_state *state, enum dnfs4_void why);
void dnfs4_states_release(struct dnfs4_client *client);
void dnfs4_current_stateid_set(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid);

#endif
