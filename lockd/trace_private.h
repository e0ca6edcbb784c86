/* SPDX-License-Identifier: GPL-2.0-only */
/* The members of a claim that tracepoints show. */
#ifndef _DITTO_LOCKD_TRACE_PRIVATE_H
#define _DITTO_LOCKD_TRACE_PRIVATE_H

#include "lease_private.h"
#include "open_private.h"
#include "range_private.h"

/* The bits of an open or a grant. */
static inline u8 ditto_trace_bits(const struct ditto_claim *claim)
{
	const struct ditto_open *open = container_of(claim, struct ditto_open, claim);

	if (claim->held == DITTO_HELD_OPEN)
		return open->access | open->deny << 4;
	if (ditto_held_is_lease(claim->held))
		return container_of(claim, struct ditto_lease, claim)->bits;
	return 0;
}

/* The range of a claim that is one, otherwise NULL. */
static inline const struct ditto_range *ditto_trace_range(const struct ditto_claim *claim)
{
	return ditto_held_is_range(claim->held) ? container_of(claim, struct ditto_range, claim) :
						  NULL;
}

#endif
