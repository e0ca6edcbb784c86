/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens: access and deny bits (share reservations), checked against all other opens. */
#ifndef _DITTO_LOCKD_OPEN_H
#define _DITTO_LOCKD_OPEN_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "claim.h"

struct ditto_holder;

/**
 * struct ditto_open - an open; its members belong to the table, its memory to the holder
 * @claim: common part
 * @lease_owner: key of the same holder's caching grants, referenced; or NULL. While the open is on
 *	its node, @holder->key is the same
 * @holder: the holder that has this open, while it is on its node
 * @by_owner: node in @holder->opens
 * @ranges: struct ditto_range that end with the open; under ctx->lock
 * @exclusive: number of exclusive ranges in @ranges; under ctx->lock
 * @access: DITTO_OPEN_* bits
 * @deny: DITTO_OPEN_* bits
 * @acl: the open reads the access control list; set before it is on its node
 * @subtree_modes: modes of all opens of the subtree, see DITTO_MODES_ALL and DITTO_MODES_ACL
 */
struct ditto_open {
	struct ditto_claim claim;
	union {
		struct ditto_owner *lease_owner;
		struct ditto_holder *holder;
	};
	struct rb_node by_owner;
	struct hlist_head ranges;
	u32 exclusive;
	u8 access;
	u8 deny;
	bool acl;
	u8 subtree_modes;
};

/**
 * ditto_open_claim_in - claim an open
 * @open: memory for it, zeros
 * @point: the node
 * @actor: the caller; @actor->owner must be set
 * @access: DITTO_OPEN_* bits; an open without access and deny bits conflicts with nothing. EMPTY,
 *	OTHER and REMOVE are not kept; ACL is kept, but ditto_open_access() does not report it
 * @deny: DITTO_OPEN_* bits
 * @reclaim: the open was held before a restart
 * @park: see ditto_claim_check()
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Checks DITTO_INTENT_OPEN and claims the open in one step. If a deny conflict is with a holder
 * that caches its handle, that handle is broken first (MS-FSA section 2.1.5.1.2.2 has the share
 * check).
 *
 * Return: 0 (@open stays until ditto_open_end()); -EAGAIN (conflict), -EBUSY (breaking; @park is
 * parked), -ENOLCK (a limit; also of parked operations), -EPERM (grace), -ESTALE (nothing to
 * reclaim), -ESHUTDOWN, -ENOMEM.
 */
int ditto_open_claim_in(struct ditto_open *open, struct ditto_lock_point *point,
			const struct ditto_actor *actor, u8 access, u8 deny, bool reclaim,
			struct ditto_park *park, struct ditto_conflict *conflict);

/**
 * ditto_open_end - end the claim of an open in memory of the caller
 * @open: of ditto_open_claim_in(); the memory is the caller's again
 */
void ditto_open_end(struct ditto_open *open);

/**
 * ditto_open_claim - claim an open in memory of its own
 * @point: see ditto_open_claim_in()
 * @actor: see ditto_open_claim_in()
 * @access: see ditto_open_claim_in()
 * @deny: see ditto_open_claim_in()
 * @reclaim: see ditto_open_claim_in()
 * @park: see ditto_open_claim_in()
 * @conflict: see ditto_open_claim_in()
 *
 * Return: the open, to be released with ditto_open_release(); or an ERR_PTR.
 */
struct ditto_open *ditto_open_claim(struct ditto_lock_point *point,
				    const struct ditto_actor *actor, u8 access, u8 deny,
				    bool reclaim, struct ditto_park *park,
				    struct ditto_conflict *conflict);

/**
 * ditto_open_change - change the bits of an open, in one step
 * @open: claimed
 * @access: new DITTO_OPEN_* bits
 * @deny: new DITTO_OPEN_* bits
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Only the bits that are new are checked.
 *
 * Return: 0; nothing was changed with -EAGAIN (conflict), -EBUSY (a break is outstanding: retry),
 * -ESHUTDOWN (the open was revoked or its client released).
 */
int ditto_open_change(struct ditto_open *open, u8 access, u8 deny,
		      struct ditto_conflict *conflict);

/**
 * ditto_open_revoke - end the claim of an open
 * @open: claimed; the memory stays
 *
 * The ranges that were claimed with the open, and the requests that wait for such ranges, end with
 * it. Idempotent.
 */
void ditto_open_revoke(struct ditto_open *open);

/**
 * ditto_open_held - test whether an open still counts
 * @open: claimed
 *
 * Context: any.
 * Return: false once it was revoked, or released with its client, share or node.
 */
bool ditto_open_held(const struct ditto_open *open);

/**
 * ditto_open_release - end the claim and free the open
 * @open: of ditto_open_claim(). Needed also after the release of the client, which leaves the
 *	memory
 */
void ditto_open_release(struct ditto_open *open);

/**
 * ditto_open_has_exclusive - test whether exclusive ranges were claimed with an open
 * @open: claimed
 *
 * Context: process; no lock of the table held.
 * Return: true if there is one, also while the VFS is being asked for it.
 */
bool ditto_open_has_exclusive(struct ditto_open *open);

/* The owner it was claimed with; no reference. Valid as long as @open. */
struct ditto_owner *ditto_open_owner(const struct ditto_open *open);

/* Access bits, without DITTO_OPEN_ACL. Any context. */
u8 ditto_open_access(const struct ditto_open *open);

/* Deny bits. Any context. */
u8 ditto_open_deny(const struct ditto_open *open);

#endif
