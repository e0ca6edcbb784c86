// SPDX-License-Identifier: GPL-2.0-only
/* The credit window of a connection. See credit.h; the caller holds conn->lock. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "credit.h"

static unsigned int credit_slot(u64 id)
{
	return id % DSMB_CREDITS_MAX;
}

/*
 * Set up the window of a new connection. The client has one credit, for MessageId 0. Context: any.
 */
void dsmb_credits_init(struct dsmb_credits *credits)
{
	memset(credits, 0, sizeof(*credits));
	credits->high = 1;
	credits->free = 1;
}

/*
 * Consume the ids of a request. Context: any; conn->lock is held. Return: false if one of the ids
 * was not granted or was used before; then none is consumed.
 */
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

/*
 * Grant credits to a client (MS-SMB2 section 3.3.1.2). @charge: credits that the request consumed.
 * Grants at least @charge if the client requests any, within the limits. A client is granted one
 * credit if it would have none left. Context: any; conn->lock is held. Return: the number of
 * credits granted.
 */
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
