/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateids, and what they name: opens, locks and delegations of a client.
 *
 * The lock table decides what may be held; a state is bookkeeping of it. Each
 * state is in its client's table under a number, which its stateid carries:
 *   other = client's id (8, begins with the server's epoch) | number (4)
 * Numbers are given in a circle, so an old stateid finds nothing for long.
 *
 * Locking: state->lock (mutex) makes the change of a state and of its seqid one
 * step; it may be held while the lock table and the file system are asked, and
 * is never held while a holder is waited for. Order: owner->lock (4.0), then
 * that of an open, then that of a lock or delegation. A client's table of
 * states is an xarray: found under RCU.
 *
 * Lifetime: counted. The table has one reference until dnfs4_state_del(). Freed
 * under RCU; the memory of an open, which comes and goes with every file, may be
 * another open's at once. So who found a state under RCU takes a reference with
 * dnfs4_state_tryget(), and only then looks whether it is the one looked for.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_STATEID_H
#define _DITTO_FS_NFS_V4_STATE_STATEID_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct dnfs4_client;
struct dnfs4_compound;
struct dnfs4_state;

#define DNFS4_OTHER_SIZE	12

/**
 * struct dnfs4_stateid - stateid4 (RFC 8881 section 3.3.12)
 * @seqid: in host order
 * @other: opaque to clients
 */
struct dnfs4_stateid {
	u32 seqid;
	u8 other[DNFS4_OTHER_SIZE];
};

/* RFC 8881 section 8.2.3 */
enum dnfs4_special {
	DNFS4_SPECIAL_NONE,	/* an ordinary one */
	DNFS4_SPECIAL_ANON,	/* all zeros */
	DNFS4_SPECIAL_BYPASS,	/* all ones: READ passes by */
	DNFS4_SPECIAL_CURRENT,	/* "use the current one", 4.1 */
	DNFS4_SPECIAL_INVALID,	/* other is all zeros or all ones, and seqid fits none */
};

enum dnfs4_special dnfs4_stateid_special(const struct dnfs4_stateid *sid);

enum dnfs4_state_kind {
	DNFS4_STATE_OPEN	= BIT(0),
	DNFS4_STATE_LOCK	= BIT(1),
	DNFS4_STATE_DELEGATION	= BIT(2),	/* of a file */
	DNFS4_STATE_DIRECTORY	= BIT(3),	/* of a directory */
};

/* Those of struct dnfs4_delegation. */
#define DNFS4_STATE_DELEGATIONS	(DNFS4_STATE_DELEGATION | DNFS4_STATE_DIRECTORY)

/* Why a state is void though its stateid is remembered. */
enum dnfs4_void {
	DNFS4_VALID,
	DNFS4_REVOKED,		/* a delegation was not given back in time: DELEG_REVOKED */
	DNFS4_ADMIN_REVOKED,	/* by the administrator, or with its share: ADMIN_REVOKED */
	DNFS4_EXPIRED,		/* with the lease: EXPIRED */
	DNFS4_CLOSED,		/* 4.0: kept so that a CLOSE can be asked for again: BAD_STATEID */
};

/**
 * struct dnfs4_state_ops - by kind
 * @kind: one DNFS4_STATE_* bit
 * @release: the client goes away, or its lease ended: close and give up what it stands for,
 *	drop it from other tables. The state was taken out of its client's table. May sleep.
 * @free_stateid: FREE_STATEID of one that is valid: NFS4_OK if it holds nothing (and give
 *	up the rest), else NFS4ERR_LOCKS_HELD. With state->lock held.
 * @free: the last reference is gone; frees the memory, which stays one of this kind under
 *	RCU. May sleep.
 */
struct dnfs4_state_ops {
	enum dnfs4_state_kind kind;
	void (*release)(struct dnfs4_state *state);
	u32 (*free_stateid)(struct dnfs4_state *state);
	void (*free)(struct dnfs4_state *state);
};

/**
 * struct dnfs4_state - what a stateid names; embedded
 * @ops: see there
 * @client: whose; not counted: a state is released before its client is freed, and whoever
 *	holds a state and not the client must not follow it
 * @ref: holders, and the client's table
 * @id: number within the client; 0 until it is in the table
 * @seqid: of the stateid now; from 1, and never 0 again
 * @void_why: enum dnfs4_void; under @lock for writing
 * @lock: see above
 * @rcu: for the kinds that are freed by it
 */
struct dnfs4_state {
	const struct dnfs4_state_ops *ops;
	struct dnfs4_client *client;
	refcount_t ref;
	u32 id;
	u32 seqid;
	u8 void_why;
	struct mutex lock;	/* see above */
	struct rcu_head rcu;
};

/* states.c */

/* What a new client has for its states and owners. Before anything else here. */
void dnfs4_states_init(struct dnfs4_client *client);

/* Make it ready, with one reference, the caller's. */
void dnfs4_state_init(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
		      struct dnfs4_client *client);
/*
 * The same, with state->lock held before there is a reference: for memory that somebody may
 * still be looking at, who took it for what it was before. He meets the lock.
 */
void dnfs4_state_init_locked(struct dnfs4_state *state, const struct dnfs4_state_ops *ops,
			     struct dnfs4_client *client);

/**
 * dnfs4_state_add - put a state into its client's table, so that it has a stateid
 * @state: initialised; the table takes a reference
 *
 * Context: may sleep. Return: 0, -ENOSPC (DNFS4_STATES_PER_CLIENT, or what its principal may
 * hold), -ENOMEM, -ESHUTDOWN (the client is being released).
 */
int dnfs4_state_add(struct dnfs4_state *state);

/**
 * dnfs4_states_may_open - may a client have one more open
 * @client: who
 *
 * For whoever changes something before he has a state: most likely dnfs4_state_add() succeeds.
 *
 * Context: process.
 */
bool dnfs4_states_may_open(struct dnfs4_client *client);

/* Out of its client's table, whose reference goes. False if it was out already. */
bool dnfs4_state_del(struct dnfs4_state *state);
/* The same, and @other, initialised, takes its number; no failure but that it was out already. */
bool dnfs4_state_replace(struct dnfs4_state *state, struct dnfs4_state *other);

static inline void dnfs4_state_hold(struct dnfs4_state *state)
{
	refcount_inc(&state->ref);
}

/* Of one that was found under RCU. It may be another than the one looked for, see above. */
static inline bool dnfs4_state_tryget(struct dnfs4_state *state)
{
	if (!refcount_inc_not_zero(&state->ref))
		return false;
	/* What tells which it is comes behind; pairs with dnfs4_state_init(). */
	smp_mb__after_atomic();
	return true;
}

void dnfs4_state_put(struct dnfs4_state *state);

/* It changed: the next seqid. With state->lock held. */
void dnfs4_state_bump(struct dnfs4_state *state);
/* Its stateid as it is now. */
void dnfs4_state_stateid(const struct dnfs4_state *state, struct dnfs4_stateid *sid);

/**
 * dnfs4_state_find - the state of a stateid from the wire
 * @cmp: in 4.1 the client is the session's; in 4.0 it is found by the stateid, becomes
 *	@cmp->client, and its lease is renewed
 * @sid: from the wire; "current" stands for the current stateid
 * @kinds: which kinds will do: else BAD_STATEID
 * @out: filled; to be put with dnfs4_state_put()
 *
 * Checks, in the order of RFC 8881 section 8.2.4 and RFC 7530 section 9.1.4: the server's
 * epoch (4.0: STALE_STATEID, 4.1: BAD_STATEID), client, number, kind, void (see there),
 * seqid (OLD_STATEID, BAD_STATEID; in 4.1 zero is "the newest"). Special ones are
 * BAD_STATEID here.
 *
 * Return: NFS4_OK or a status.
 */
u32 dnfs4_state_find(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
		     unsigned int kinds, struct dnfs4_state **out);

/* The same, but a void one is found, and seqid not looked at: for who does both later. */
u32 dnfs4_state_find_any(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			 unsigned int kinds, struct dnfs4_state **out);

/* 4.0: does a stateid of this life of the server name another client than @cmp->client? */
bool dnfs4_stateid_is_foreign(const struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid);

/* The checks of void and seqid only, under state->lock: for who locked it after it was found. */
u32 dnfs4_state_check_seqid(const struct dnfs4_compound *cmp, const struct dnfs4_state *state,
			    const struct dnfs4_stateid *sid);

/* The check of void only. */
u32 dnfs4_state_check_void(const struct dnfs4_compound *cmp, const struct dnfs4_state *state);

/* How a seqid compares with that of a state @now: NFS4_OK, OLD_STATEID, BAD_STATEID. */
u32 dnfs4_seqid_status(u32 minor, u32 now, u32 seqid);

/**
 * dnfs4_state_revoke - a state becomes void, its stateid stays known until it is freed
 * @state: held; state->lock not held
 * @why: DNFS4_REVOKED, DNFS4_ADMIN_REVOKED or DNFS4_EXPIRED
 *
 * Tells the client by SEQ4_STATUS flags until FREE_STATEID. The caller has given up what
 * it stood for.
 */
void dnfs4_state_revoke(struct dnfs4_state *state, enum dnfs4_void why);
/* The same with state->lock held. */
void dnfs4_state_revoke_locked(struct dnfs4_state *state, enum dnfs4_void why);

/* All states of a client, which takes no new ones from then on. May sleep. */
void dnfs4_states_release(struct dnfs4_client *client);

/* It is the current stateid of the COMPOUND from now on; nothing in 4.0. */
void dnfs4_current_stateid_set(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid);
/* There is none any more (RFC 8881 section 16.2.3.1.2), as after CLOSE: the invalid one. */
void dnfs4_current_stateid_spoil(struct dnfs4_compound *cmp);

#endif
