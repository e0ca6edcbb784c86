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

int ditto_open_claim_in(struct ditto_open *open, struct ditto_lock_point *point,
			const struct ditto_actor *actor, u8 access, u8 deny, bool reclaim,
			struct ditto_park *park, struct ditto_conflict *conflict);
void ditto_open_end(struct ditto_open *open);
struct ditto_open *ditto_open_claim(struct ditto_lock_point *point,
				    const struct ditto_actor *actor, u8 access, u8 deny,
				    bool reclaim, struct ditto_park *park,
				    struct ditto_conflict *conflict);
int ditto_open_change(struct ditto_open *open, u8 access, u8 deny,
		      struct ditto_conflict *conflict);
void ditto_open_revoke(struct ditto_open *open);
bool ditto_open_held(const struct ditto_open *open);
void ditto_open_release(struct ditto_open *open);
bool ditto_open_has_exclusive(struct ditto_open *open);
struct ditto_owner *ditto_open_owner(const struct ditto_open *open);
u8 ditto_open_access(const struct ditto_open *open);
u8 ditto_open_deny(const struct ditto_open *open);

#endif
