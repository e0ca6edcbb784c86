/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens inside the lock table. */
#ifndef _DITTO_LOCKD_OPEN_PRIVATE_H
#define _DITTO_LOCKD_OPEN_PRIVATE_H

#include "lock_ctx_private.h"
#include "open.h"

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
