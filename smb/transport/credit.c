// SPDX-License-Identifier: GPL-2.0-only
/* The credit window of a connection. See credit.h; the caller holds conn->lock. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "credit.h"

static unsigned int credit_slot(u64 id)
{
	return id % DSMB_CREDITS_MAX;
}

void dsmb_credits_init(struct dsmb_credits *credits)
{
	memset(credits, 0, sizeof(*credits));
	credits->high = 1;
	credits->free = 1;
}

bool dsmb_credits_use(struct dsmb_credits *credits, u64 id, u16 charge)
{
	u32 i;

	if (id < credits->low || id >= credits->high || charge > credits->high - id)
		return false;
	/* Most come in order. */
	if (likely(id == credits->low && charge == 1)) {
		credits->low++;
		goto used;
	}
	for (i = 0; i < charge; i++)
		if (test_bit(credit_slot(id + i), credits->used))
			return false;
	for (i = 0; i < charge; i++)
		__set_bit(credit_slot(id + i), credits->used);
used:
	credits->free -= charge;
	while (credits->low < credits->high &&
	       __test_and_clear_bit(credit_slot(credits->low), credits->used))
		credits->low++;
	return true;
}

u16 dsmb_credits_grant(struct dsmb_credits *credits, u16 charge, u16 asked, u32 max)
{
	u32 room = DSMB_CREDITS_MAX - (credits->high - credits->low);
	u32 granted = asked ? max(asked, charge) : 0;

	max = min_t(u32, max, DSMB_CREDITS_MAX);
	granted = min(granted, max > credits->free ? max - credits->free : 0);
	if (!granted && !credits->free)
		granted = 1;
	/* An id that stays unused narrows the window; the client knows which id that is. */
	granted = min(granted, room);
	/* The id U64_MAX is reserved, so it is never granted. */
	granted = min_t(u64, granted, U64_MAX - credits->high);
	credits->high += granted;
	credits->free += granted;
	return granted;
}
