// SPDX-License-Identifier: GPL-2.0-only
/* Objects that were deleted a short time ago. */

#include "deleted.h"

/* Most names of a period: 64 MiB, as the table doubles. */
#define NAMES_MAX	1000000

/* Begin another period if it is time; the names of the last but one are forgotten. */
static void deleted_turn(struct deleted *d, u64 now)
{
	if (now < d->since + DELETED_KEEP_MS)
		return;
	name_set_free(&d->names[1]);
	/* Nor is anything of the last one left if that has ended so long ago. */
	if (now >= d->since + 2 * DELETED_KEEP_MS)
		name_set_free(&d->names[0]);
	d->names[1] = d->names[0];
	d->names[0] = (struct name_set){ .size = 0 };
	d->since = now;
}

void deleted_add(struct deleted *d, const u8 name[HASH_SIZE], u64 now)
{
	deleted_turn(d, now);
	if (d->names[0].n < NAMES_MAX)
		name_set_add(&d->names[0], name);
	else
		d->all_until = now + DELETED_KEEP_MS;
}

bool deleted_has(struct deleted *d, const u8 name[HASH_SIZE], u64 now)
{
	deleted_turn(d, now);
	return now < d->all_until || name_set_has(&d->names[0], name) ||
	       name_set_has(&d->names[1], name);
}
