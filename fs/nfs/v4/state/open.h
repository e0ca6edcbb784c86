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

/**
 * dnfs4_history_allows - check the arguments of OPEN_DOWNGRADE
 * @history: bits of the OPENs in effect, see dnfs4_history_bit()
 * @access: share access to downgrade to
 * @deny: share deny to downgrade to
 *
 * RFC 8881 section 18.18.3.
 *
 * Context: any.
 * Return: true if the pair is the union of the pairs of some of the OPENs.
 */
bool dnfs4_history_allows(u32 history, u32 access, u32 deny);

/**
 * dnfs4_history_after - compute an open's history after a downgrade
 * @history: bits before the downgrade
 * @access: new share access
 * @deny: new share deny
 *
 * Context: any.
 * Return: the bits whose pairs fit into @access and @deny.
 */
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

/**
 * dnfs4_open - open or create a file, or upgrade the open that the owner already has
 * @cmp: has a client, and a current handle in the share
 * @ask: the request; its @file is completed
 * @done: filled on success; the caller ends it with dnfs4_open_keep() or dnfs4_open_undo(), and
 *	puts the node
 *
 * RFC 8881 section 18.16.3.
 *
 * Context: may sleep. The state.lock of @done->open is held on success.
 * Return: NFS4_OK or a status.
 */
u32 dnfs4_open(struct dnfs4_compound *cmp, struct dnfs4_open_ask *ask, struct dnfs4_opened *done);

/**
 * dnfs4_open_keep - finish a successful dnfs4_open()
 * @cmp: the COMPOUND
 * @done: the open; unlocked and put
 * @sid: set to the stateid for the reply
 *
 * Advances the seqid if the open existed before.
 */
void dnfs4_open_keep(struct dnfs4_compound *cmp, struct dnfs4_opened *done,
		     struct dnfs4_stateid *sid);

/**
 * dnfs4_open_undo - revert a successful dnfs4_open()
 * @cmp: the COMPOUND
 * @done: the open; unlocked and put
 *
 * Closes a new open; downgrades an upgraded one to what it was.
 */
void dnfs4_open_undo(struct dnfs4_compound *cmp, struct dnfs4_opened *done);

/**
 * dnfs4_open_narrow - downgrade an open
 * @cmp: the COMPOUND
 * @open: its state.lock is held
 * @access: new share access, a subset of the present one
 * @deny: new share deny, a subset of the present one
 *
 * Return: NFS4_OK; NFS4ERR_ADMIN_REVOKED if the share was removed; or a status of the core.
 */
u32 dnfs4_open_narrow(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 access, u32 deny);

/**
 * dnfs4_open_close - close an open and its locks
 * @open: its state.lock is held; may be closed already
 * @tomb: state that takes over the stateid, so that 4.0 can replay a CLOSE; or NULL
 *
 * Releases the claim. The instance is closed with the last reference of the open.
 */
void dnfs4_open_close(struct dnfs4_open *open, struct dnfs4_state *tomb);

/**
 * dnfs4_opens_cancel - 4.0: close the opens of an unconfirmed open-owner
 * @owner: its lock is held
 */
void dnfs4_opens_cancel(struct dnfs4_owner *owner);

/**
 * dnfs4_opens_sweep - revoke the opens of a client that lost their claims
 * @client: held
 * @lease: 4.0: those that were found by earlier calls are closed with their locks when none was
 *	found for so many jiffies
 *
 * A client of 4.1 learns of it by its next SEQUENCE, and frees them. 4.0 has no FREE_STATEID, and
 * CLOSE does not reach an open whose share is gone; but the client shall have time to learn that
 * its open was revoked. There is one call at a time for a client.
 *
 * Return: true if there are opens that a later call is to close.
 */
bool dnfs4_opens_sweep(struct dnfs4_client *client, unsigned long lease);

/**
 * dnfs4_open_check_claim - check whether an open still has its claim
 * @cmp: the COMPOUND
 * @open: held; its state.lock is not held
 *
 * The administrator, or the removal of the share, takes claims away. The state is revoked then.
 *
 * Return: NFS4_OK; NFS4ERR_ADMIN_REVOKED; NFS4ERR_BAD_STATEID if it has been closed.
 */
u32 dnfs4_open_check_claim(const struct dnfs4_compound *cmp, struct dnfs4_open *open);

/* locks.c: locks */

/**
 * dnfs4_locker_get - find or create a lock-owner who is about to lock bytes
 * @open: through which it does
 * @name: name from the wire; its clientid is ignored
 *
 * Most opens have one lock-owner, who is found without a search in the table of all owners.
 *
 * Return: the owner with a reference, or an ERR_PTR of dnfs4_owner_get().
 */
struct dnfs4_owner *dnfs4_locker_get(struct dnfs4_open *open, const struct dnfs4_name *name);

/**
 * dnfs4_lock_find - find the lock state of an owner on an open
 * @owner: lock-owner
 * @open: the open
 *
 * Context: any.
 * Return: the lock with a reference, or NULL.
 */
struct dnfs4_lock *dnfs4_lock_find(struct dnfs4_owner *owner, struct dnfs4_open *open);

/**
 * dnfs4_lock_make - create a lock state with a stateid
 * @owner: lock-owner
 * @open: the open; its state.lock is held
 *
 * Return: the lock with a reference and its state.lock held; ERR_PTR of -ENOMEM, -ENOSPC,
 * -ESHUTDOWN.
 */
struct dnfs4_lock *dnfs4_lock_make(struct dnfs4_owner *owner, struct dnfs4_open *open);

/**
 * dnfs4_lock_close - release all ranges of a lock state and remove it
 * @lock: its state.lock is held; may be closed already
 */
void dnfs4_lock_close(struct dnfs4_lock *lock);

/**
 * dnfs4_lock_abandon - remove a lock state that has no ranges
 * @lock: its state.lock is held
 */
void dnfs4_lock_abandon(struct dnfs4_lock *lock);

/**
 * dnfs4_lock_file - get the open file that shows ranges to local processes
 * @cmp: has the file as current handle
 * @exclusive: the lock is exclusive, so the file should be open for writing
 *
 * Return: the file with a reference; NULL if the share does not show its locks to local
 * processes; or an ERR_PTR.
 */
struct ditto_file *dnfs4_lock_file(struct dnfs4_compound *cmp, bool exclusive);

/**
 * dnfs4_lock_bytes - convert offset and length of a lock request
 * @offset: first byte
 * @length: number of bytes; all ones: up to the end of the file
 * @req: filled with the range
 *
 * RFC 8881 section 18.10.3.
 *
 * Return: NFS4_OK or NFS4ERR_INVAL.
 */
u32 dnfs4_lock_bytes(u64 offset, u64 length, struct ditto_range_request *req);

/**
 * dnfs4_encode_denied - encode a LOCK4denied
 * @cmp: the COMPOUND; its own clientid is encoded, but an alias for any other client
 * @conflict: the conflicting range
 *
 * RFC 8881 section 18.10.2.
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_denied(struct dnfs4_compound *cmp, const struct ditto_conflict *conflict);

/* io.c */

/**
 * dnfs4_check_regular - check that a file is a regular file
 * @cmp: the COMPOUND
 * @node: the file
 *
 * Return: NFS4_OK; NFS4ERR_ISDIR; NFS4ERR_SYMLINK (in 4.0 also for special files, RFC 7530
 * section 16.16.6); NFS4ERR_WRONG_TYPE.
 */
u32 dnfs4_check_regular(const struct dnfs4_compound *cmp, const struct ditto_node *node);

/**
 * dnfs4_check_data - check that the current handle is a regular file
 * @cmp: has a current handle
 *
 * For READ, WRITE, COMMIT, LOCK and others.
 *
 * Return: as dnfs4_check_regular(), except that 4.0 has NFS4ERR_INVAL for all file types other
 * than directories.
 */
u32 dnfs4_check_data(const struct dnfs4_compound *cmp);
/* The same for the current or the saved handle. */
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

/**
 * dnfs4_io_begin - check whether a stateid permits to read or write the current file
 * @cmp: has a current handle
 * @sid: open, lock or delegation stateid, or a special one
 * @write: check for writing, else for reading
 * @io: filled on success; the caller ends it with dnfs4_io_end()
 *
 * A stateid with OPEN4_SHARE_ACCESS_WRITE permits reading, too (RFC 8881 section 9.1.2).
 *
 * Return: NFS4_OK; NFS4ERR_BAD_STATEID if it belongs to another file or client;
 * NFS4ERR_OPENMODE; NFS4ERR_GRACE for special stateids in the grace period; or a status of
 * dnfs4_state_find().
 */
u32 dnfs4_io_begin(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid, bool write,
		   struct dnfs4_io *io);

/**
 * dnfs4_io_begin_of - check whether a stateid permits to read or write the current or saved file
 * @cmp: has the handle
 * @fh: its current or saved handle; with the saved one, the special stateid for the current stateid
 *	stands for the saved stateid
 * @sid: as for dnfs4_io_begin()
 * @write: as for dnfs4_io_begin()
 * @io: as for dnfs4_io_begin()
 *
 * Return: as dnfs4_io_begin().
 */
u32 dnfs4_io_begin_of(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      const struct dnfs4_stateid *sid, bool write, struct dnfs4_io *io);

/**
 * dnfs4_io_end - put the state of a struct dnfs4_io
 * @io: from dnfs4_io_begin()
 */
void dnfs4_io_end(struct dnfs4_io *io);

/**
 * dnfs4_io_of_open - fill a struct dnfs4_io for a known open
 * @fh: handle of the file
 * @open: the open; the caller keeps it while @io is used
 * @io: filled; needs no dnfs4_io_end()
 *
 * Checks nothing.
 */
void dnfs4_io_of_open(const struct dnfs4_fh *fh, struct dnfs4_open *open, struct dnfs4_io *io);

#endif
