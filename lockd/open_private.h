/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens inside the lock table. */
#ifndef _DITTO_LOCKD_OPEN_PRIVATE_H
#define _DITTO_LOCKD_OPEN_PRIVATE_H

#include "lock_ctx_private.h"
#include "open.h"

/**
 * struct ditto_open - an open
 * @claim: common part; the memory belongs to the holder
 * @lease_owner: key of the same holder's caching grants, referenced; or NULL
 * @holder: the holder that has this open
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
	struct ditto_owner *lease_owner;
	struct ditto_holder *holder;
	struct rb_node by_owner;
	struct list_head ranges;
	u32 exclusive;
	u8 access;
	u8 deny;
	bool acl;
	u8 subtree_modes;
};

extern struct kmem_cache *ditto_open_slab;

static inline struct ditto_open *ditto_claim_open(struct ditto_claim *claim)
{
	return container_of(claim, struct ditto_open, claim);
}

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

#endif
