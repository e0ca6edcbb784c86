/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects that were deleted a short time ago: a store whose copies lag behind may still say that
 * they are there, so uploads do not believe it.
 */
#ifndef _DITTO_OFFLOAD_DELETED_H
#define _DITTO_OFFLOAD_DELETED_H

#include "name_set.h"
#include "types.h"

/* Milliseconds for which a store is not believed; names are kept up to twice as long. */
#define DELETED_KEEP_MS	(3600 * 1000ULL)

/**
 * struct deleted - names of objects that were deleted, in any store; all zero if there are none
 * @names: those of the present period, and of the one before it
 * @since: clock_ms() when the present period began
 * @all_until: clock_ms() until which nothing is believed, as there were too many
 */
struct deleted {
	struct name_set names[2];
	u64 since;
	u64 all_until;
};

/* An object is about to be deleted, at the time @now. */
void deleted_add(struct deleted *d, const u8 name[HASH_SIZE], u64 now);
/* Return whether an object may be told to be there though it was deleted. */
bool deleted_has(struct deleted *d, const u8 name[HASH_SIZE], u64 now);

#endif
