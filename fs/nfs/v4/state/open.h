/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens and byte-range locks, and the permission to read and write that their stateids give.
 *
 * The lock table holds the claims. An open has an instance of the core, with an OPEN claim of
 * the open-owner. The bytes of a lock state are ranges of the lock-owner. An open-owner has its
 * opens in a tree by file, and a lock-owner its locks in a tree by open.
 *
 * Locking: state.lock of an open guards its access, deny, history and instance against
 * concurrent upgrade, downgrade and close. state.lock of a lock makes a change of its ranges
 * and of its seqid one step. client->owners_lock guards the lists and trees.
 *
 * Lifetime: a lock holds its open, and both hold their owner. The instance is closed with the
 * last reference of an open, so that READ and WRITE need no lock. The claim of the instance
 * goes away with the CLOSE.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_H

#include <linux/rbtree.h>

#include "../../../op/op.h"
#include "../../../open/instance.h"
#include "../engine/compound.h"
#include "owner.h"

struct ditto_file;
struct ditto_range_request;

/**
 * struct dnfs4_open - a file that an open-owner has open, by one or more OPENs
 * @state: the stateid
 * @owner: open-owner; holds a reference
 * @node: the file; no reference, only for comparison. @inst holds it until its share is
 *	removed
 * @by_node: link in @owner->states; empty once it is closed, or is known to have lost its claim
 * @inst: the open of the core: OPEN claim, of @owner->claimant, and rights; keeps unlinked files
 *	alive
 * @uid: user of the OPENs, whose reads and writes are not checked against the mode again;
 *	INVALID_UID if several users opened it
 * @history: pairs of access and deny of the OPENs, see dnfs4_history_bit()
 * @access: current OPEN4_SHARE_ACCESS_*, the two lowest bits
 * @deny: current OPEN4_SHARE_DENY_*
 * @confirmed: 4.0: OPEN_CONFIRM is done; written under @state.lock, like the members beside it
 * @lost: 4.0: a sweep has found that it lost its claim
 * @locks: locks, by struct dnfs4_lock.open_link; the first one is also found under RCU
 * @waits: waits for byte-range locks, see lock_wait.c
 */
struct dnfs4_open {
	struct dnfs4_state state;
	struct dnfs4_owner *owner;
	struct ditto_node *node;
	struct rb_node by_node;
	struct ditto_instance *inst;
	kuid_t uid;
	u16 history;
	u8 access;
	u8 deny : 2;
	bool confirmed : 1;
	bool lost : 1;
	struct hlist_head locks;
	struct hlist_head waits;
};

/**
 * struct dnfs4_lock - the byte-range locks of a lock-owner on one open
 * @state: the stateid
 * @owner: lock-owner; holds a reference
 * @open: the open; holds a reference
 * @by_open: link in @owner->states
 * @claimant: the owner in the lock table; holds a reference
 * @open_link: link in @open->locks
 * @rcu: frees it after a grace period
 */
struct dnfs4_lock {
	struct dnfs4_state state;
	struct dnfs4_owner *owner;
	struct dnfs4_open *open;
	struct rb_node by_open;
	struct ditto_owner *claimant;
	struct hlist_node open_link;
	struct rcu_head rcu;
};

extern const struct dnfs4_state_ops dnfs4_open_ops;
extern const struct dnfs4_state_ops dnfs4_lock_ops;

/* The open of a state; NULL for a state of another kind, such as the tombstone of a CLOSE. */
static inline struct dnfs4_open *dnfs4_open_of(struct dnfs4_state *state)
{
	return state->ops == &dnfs4_open_ops ? container_of(state, struct dnfs4_open, state) : NULL;
}

/* The lock of a state; NULL for a state of another kind. */
static inline struct dnfs4_lock *dnfs4_lock_of(struct dnfs4_state *state)
{
	return state->ops == &dnfs4_lock_ops ? container_of(state, struct dnfs4_lock, state) : NULL;
}

/* Create and destroy the slab caches, at module load and unload. */
int dnfs4_opens_setup(void);
void dnfs4_opens_cleanup(void);
int dnfs4_locks_setup(void);
void dnfs4_locks_cleanup(void);

/* open.c: opens */

#define DNFS4_ACCESS_BOTH	3
#define DNFS4_DENY_BOTH		3

/* The bit of an open's history for a pair of access and deny. */
static inline u32 dnfs4_history_bit(u32 access, u32 deny)
{
	return BIT((access & DNFS4_ACCESS_BOTH) | (deny & DNFS4_DENY_BOTH) << 2);
}

bool dnfs4_history_allows(u32 history, u32 access, u32 deny);
u32 dnfs4_history_after(u32 history, u32 access, u32 deny);

/**
 * struct dnfs4_open_ask - a request to open a file
 * @owner: open-owner
 * @file: the file, the disposition and the attributes of a new file; dnfs4_open() fills in access
 *	and deny. A named attribute is a stream of the node of @file
 * @delegation: the delegation by which the client opens the file; or NULL
 * @access: OPEN4_SHARE_ACCESS_*, the two lowest bits
 * @deny: OPEN4_SHARE_DENY_*
 * @reclaim: the file was open before the restart of the server
 */
struct dnfs4_open_ask {
	struct dnfs4_owner *owner;
	struct ditto_open_request file;
	const struct dnfs4_stateid *delegation;
	u32 access;
	u32 deny;
	bool reclaim;
};

/**
 * struct dnfs4_opened - a granted open, with what dnfs4_open_undo() needs
 * @open: the open, with a reference and its state.lock held
 * @node: the file or named attribute, held
 * @file: results of the core; its instance belongs to @open
 * @fresh: the open is new; the members below are unused
 * @access: access before the upgrade
 * @deny: deny before the upgrade
 * @history: history before the upgrade
 * @uid: uid before the upgrade
 */
struct dnfs4_opened {
	struct dnfs4_open *open;
	struct ditto_node *node;
	struct ditto_opened file;
	bool fresh;
	u32 access;
	u32 deny;
	u32 history;
	kuid_t uid;
};

u32 dnfs4_open(struct dnfs4_compound *cmp, struct dnfs4_open_ask *ask, struct dnfs4_opened *done);
void dnfs4_open_keep(struct dnfs4_compound *cmp, struct dnfs4_opened *done,
		     struct dnfs4_stateid *sid);
void dnfs4_open_undo(struct dnfs4_compound *cmp, struct dnfs4_opened *done);
u32 dnfs4_open_narrow(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 access, u32 deny);
void dnfs4_open_close(struct dnfs4_open *open, struct dnfs4_state *tomb);
void dnfs4_opens_cancel(struct dnfs4_owner *owner);
bool dnfs4_opens_sweep(struct dnfs4_client *client, unsigned long lease);
u32 dnfs4_open_check_claim(const struct dnfs4_compound *cmp, struct dnfs4_open *open);

/* locks.c: locks */

struct dnfs4_owner *dnfs4_locker_get(struct dnfs4_open *open, const struct dnfs4_name *name);
struct dnfs4_lock *dnfs4_lock_find(struct dnfs4_owner *owner, struct dnfs4_open *open);
struct dnfs4_lock *dnfs4_lock_make(struct dnfs4_owner *owner, struct dnfs4_open *open);
void dnfs4_lock_close(struct dnfs4_lock *lock);
void dnfs4_lock_abandon(struct dnfs4_lock *lock);
struct ditto_file *dnfs4_lock_file(struct dnfs4_compound *cmp, bool exclusive);
u32 dnfs4_lock_bytes(u64 offset, u64 length, struct ditto_range_request *req);
bool dnfs4_encode_denied(struct dnfs4_compound *cmp, const struct ditto_conflict *conflict);

/* io.c */

u32 dnfs4_check_regular(const struct dnfs4_compound *cmp, const struct ditto_node *node);
u32 dnfs4_check_data(const struct dnfs4_compound *cmp);
u32 dnfs4_check_data_of(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh);

/**
 * struct dnfs4_io - the permission to read or write by a stateid
 * @op: operation context for the core; its actor is the open, lock-owner or client
 * @actor: actor of @op
 * @state: the state, with a reference; NULL for a special stateid
 */
struct dnfs4_io {
	struct ditto_op op;
	struct ditto_actor actor;
	struct dnfs4_state *state;
};

u32 dnfs4_io_begin(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid, bool write,
		   struct dnfs4_io *io);
u32 dnfs4_io_begin_of(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      const struct dnfs4_stateid *sid, bool write, struct dnfs4_io *io);
void dnfs4_io_end(struct dnfs4_io *io);
void dnfs4_io_of_open(const struct dnfs4_fh *fh, struct dnfs4_open *open, struct dnfs4_io *io);

#endif
