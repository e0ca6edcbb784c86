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

bool ditto_open_drop(struct ditto_open *open, const char *why);

#endif
