/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens and byte-range locks, and the right to read and write that their stateids give.
 *
 * The lock table holds the claims: an open has an instance of the core, with an OPEN
 * claim of the open-owner; the bytes of a lock state are ranges of the lock-owner. Both
 * are found by owner and file, or owner and open, in hash tables.
 *
 * Locking: state.lock of an open guards its access, deny, history and instance while it
 * is asked for more or less, or closed; that of a lock makes a change of its ranges and of
 * its seqid one step. client->owners_lock guards the lists.
 *
 * Lifetime: a lock holds its open, and both hold their owner. The instance is closed with
 * the last reference of an open, so that who reads or writes by it needs no lock; its claim
 * goes with the CLOSE.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_H

#include <linux/rhashtable-types.h>

#include "../../../op/op.h"
#include "../engine/compound.h"
#include "owner.h"

struct ditto_file;
struct ditto_instance;
struct ditto_range_request;

/**
 * struct dnfs4_opens - of a server
 * @owners: struct dnfs4_owner by key
 * @opens: struct dnfs4_open by owner and node
 * @locks: struct dnfs4_lock by owner and open
 */
struct dnfs4_opens {
	struct rhashtable owners;
	struct rhashtable opens;
	struct rhashtable locks;
};

/**
 * struct dnfs4_open - what an open-owner has open: one file, whatever the number of OPENs
 * @state: its stateid
 * @owner: open-owner, held; with @node what it is found by
 * @node: not counted, to be compared only: @inst holds it, until its share is removed
 * @by_owner_node: in the table
 * @claimant: the owner in the lock table, held
 * @inst: the open of the core: OPEN claim, rights, unlinked files stay
 * @access: OPEN4_SHARE_ACCESS_* now, the two lowest bits
 * @deny: OPEN4_SHARE_DENY_* now
 * @history: pairs of access and deny that were asked for, see dnfs4_history_bit()
 * @uid: who opened it: his reads and writes are not checked by the mode again; invalid if it
 *	were several
 * @confirmed: 4.0: OPEN_CONFIRM is done
 * @locks: struct dnfs4_lock.open_link
 * @waits: locks that are waited for by this open; lock_wait.c's
 * @owner_link: on @owner->states
 */
struct dnfs4_open {
	struct dnfs4_state state;
	struct dnfs4_owner *owner;
	struct ditto_node *node;
	struct rhash_head by_owner_node;
	struct ditto_owner *claimant;
	struct ditto_instance *inst;
	u32 access;
	u32 deny;
	u32 history;
	kuid_t uid;
	bool confirmed;
	struct list_head locks;
	struct list_head waits;
	struct list_head owner_link;
};

/**
 * struct dnfs4_lock - the byte-range locks of a lock-owner by one open
 * @state: its stateid
 * @owner: lock-owner, held; with @open what it is found by
 * @open: held
 * @by_owner_open: in the table
 * @claimant: the owner in the lock table, held
 * @open_link: on @open->locks
 * @owner_link: on @owner->states
 */
struct dnfs4_lock {
	struct dnfs4_state state;
	struct dnfs4_owner *owner;
	struct dnfs4_open *open;
	struct rhash_head by_owner_open;
	struct ditto_owner *claimant;
	struct list_head open_link;
	struct list_head owner_link;
};

extern const struct dnfs4_state_ops dnfs4_open_ops;
extern const struct dnfs4_state_ops dnfs4_lock_ops;

/* NULL if @state stands for something else, as a state that was closed. */
static inline struct dnfs4_open *dnfs4_open_of(struct dnfs4_state *state)
{
	return state->ops == &dnfs4_open_ops ? container_of(state, struct dnfs4_open, state) : NULL;
}

static inline struct dnfs4_lock *dnfs4_lock_of(struct dnfs4_state *state)
{
	return state->ops == &dnfs4_lock_ops ? container_of(state, struct dnfs4_lock, state) : NULL;
}

/* As the module is loaded and unloaded. */
int dnfs4_opens_setup(void);
void dnfs4_opens_cleanup(void);

/* open.c: opens */

#define DNFS4_ACCESS_BOTH	3
#define DNFS4_DENY_BOTH		3

/* What of an open's history has this pair. */
static inline u32 dnfs4_history_bit(u32 access, u32 deny)
{
	return BIT((access & DNFS4_ACCESS_BOTH) | (deny & DNFS4_DENY_BOTH) << 2);
}

/**
 * dnfs4_history_allows - is a pair the union of some that were asked for
 * @history: bits of those
 * @access: to go back to
 * @deny: the same
 *
 * RFC 8881 section 18.18.3.
 */
bool dnfs4_history_allows(u32 history, u32 access, u32 deny);
/* What stays of a history after going back. */
u32 dnfs4_history_after(u32 history, u32 access, u32 deny);

/**
 * struct dnfs4_open_ask - an open that is asked for
 * @owner: open-owner
 * @node: what; of a share that the current handle is of
 * @base: of a named attribute: the file; else NULL
 * @name: of a named attribute
 * @access: OPEN4_SHARE_ACCESS_*, the two lowest bits
 * @deny: OPEN4_SHARE_DENY_*
 * @trusted: the file's owner has what he asks for, whatever the mode says: he has just made
 *	it, or had it open before
 * @reclaim: it was open before the restart
 */
struct dnfs4_open_ask {
	struct dnfs4_owner *owner;
	struct ditto_node *node;
	struct ditto_node *base;
	const struct ditto_name *name;
	u32 access;
	u32 deny;
	bool trusted;
	bool reclaim;
};

/**
 * struct dnfs4_opened - an open that was granted, and what was before
 * @open: held and locked
 * @fresh: it was not there before
 * @access: before
 * @deny: before
 * @history: before
 * @uid: before
 */
struct dnfs4_opened {
	struct dnfs4_open *open;
	bool fresh;
	u32 access;
	u32 deny;
	u32 history;
	kuid_t uid;
};

/**
 * dnfs4_open_take - open a file, or widen what the owner has open
 * @cmp: with a client and a current handle of the share
 * @ask: what
 * @done: filled after NFS4_OK; to be ended by dnfs4_open_keep() or dnfs4_open_undo()
 */
u32 dnfs4_open_take(struct dnfs4_compound *cmp, const struct dnfs4_open_ask *ask,
		    struct dnfs4_opened *done);
/* The next seqid, and who may need it. Unlocks and puts. */
void dnfs4_open_keep(struct dnfs4_compound *cmp, struct dnfs4_opened *done,
		     struct dnfs4_stateid *sid);
/* As if it had not been asked for. */
void dnfs4_open_undo(struct dnfs4_compound *cmp, struct dnfs4_opened *done);

/* Less, or as it was: its state.lock held. */
u32 dnfs4_open_narrow(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 access, u32 deny);

/*
 * Close, with all locks: state.lock held, and @op as for ditto_instance_close(). What has
 * its stateid from then on is @tomb, or nothing.
 */
void dnfs4_open_close(struct dnfs4_open *open, struct dnfs4_state *tomb);

/* 4.0: what an owner has open without having confirmed it is void; its turn. */
void dnfs4_opens_cancel(struct dnfs4_owner *owner);

/* Was the claim taken away, with its share or by the administrator? Then the state is void. */
bool dnfs4_open_is_lost(struct dnfs4_open *open);

/* locks.c: locks */

/* The lock of an owner by an open, held, or NULL. */
struct dnfs4_lock *dnfs4_lock_find(struct dnfs4_owner *owner, struct dnfs4_open *open);
/*
 * A new one, locked, with a stateid; open->state.lock held.
 * ERR_PTR: -ENOMEM, -ENOSPC, -ESHUTDOWN.
 */
struct dnfs4_lock *dnfs4_lock_make(struct dnfs4_owner *owner, struct dnfs4_open *open);
/* Gives up all ranges; state.lock held. */
void dnfs4_lock_close(struct dnfs4_lock *lock);
/* It was made for ranges that it did not get; state.lock held. */
void dnfs4_lock_abandon(struct dnfs4_lock *lock);
/* Does the open have locks of bytes, or exclusive ones? */
bool dnfs4_open_has_locks(struct dnfs4_open *open, bool exclusive);
/* Has the lock bytes? */
bool dnfs4_lock_has_bytes(struct dnfs4_lock *lock, bool exclusive);

/* The open file that ranges of the current handle's file are shown to processes with; or NULL. */
struct ditto_file *dnfs4_lock_file(struct dnfs4_compound *cmp, bool exclusive);

/* The bytes of a request (RFC 8881 section 18.10.3): NFS4_OK or NFS4ERR_INVAL. */
u32 dnfs4_lock_bytes(u64 offset, u64 length, struct ditto_range_request *req);

/* LOCK4denied (RFC 8881 section 18.10.2). */
bool dnfs4_encode_denied(struct xdr_stream *xdr, const struct ditto_conflict *conflict);

/* io.c */

/* The current handle's file is a regular one: or ISDIR, SYMLINK, and what the version says. */
u32 dnfs4_check_regular(const struct dnfs4_compound *cmp, const struct ditto_node *node);
/* The same for READ, WRITE, COMMIT, LOCK and others, for which 4.0 has INVAL. */
u32 dnfs4_check_data(const struct dnfs4_compound *cmp);

/**
 * struct dnfs4_io - the right to read or write by a stateid
 * @op: to call the core with: its actor acts in the name of open, lock-owner or client
 * @actor: of @op
 * @state: held, or NULL for a special stateid
 */
struct dnfs4_io {
	struct ditto_op op;
	struct ditto_actor actor;
	struct dnfs4_state *state;
};

/**
 * dnfs4_io_begin - may the current file be read or written by a stateid
 * @cmp: with a current handle
 * @sid: open, lock or delegation stateid, or a special one
 * @write: to write, else to read
 * @io: filled; to be ended with dnfs4_io_end() after NFS4_OK
 *
 * Checks that the stateid is of this file (BAD_STATEID) and client, and its mode: OPENMODE.
 * With OPEN4_SHARE_ACCESS_WRITE reading is allowed too (RFC 8881 section 9.1.2). In grace:
 * GRACE for special stateids.
 */
u32 dnfs4_io_begin(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid, bool write,
		   struct dnfs4_io *io);
void dnfs4_io_end(struct dnfs4_io *io);
/* The same by an open that is at hand, and stays: nothing is checked, nothing to be ended. */
void dnfs4_io_of_open(struct dnfs4_compound *cmp, struct dnfs4_open *open, struct dnfs4_io *io);

#endif
