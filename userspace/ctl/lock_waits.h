/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is in the way of a request that waits for a lock. */
#ifndef _DITTOCTL_LOCK_WAITS_H
#define _DITTOCTL_LOCK_WAITS_H

#include <stdbool.h>

#include "common/types.h"

struct nl_msg;
struct replies;

/* Most claims that are named. */
#define LOCK_WAITS_MAX	8

/* Is it a request that waits? */
bool lock_waits(struct nl_msg *claim);
/*
 * Fill @ids with the numbers of the claims among @all that a waiting request conflicts with.
 * Returns how many there are. It may wait behind other requests only, and then there are none.
 */
unsigned int lock_waits_for(struct nl_msg *claim, const struct replies *all,
			    u64 ids[LOCK_WAITS_MAX]);

#endif
