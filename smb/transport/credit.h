/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Credits: the MessageIds that a client may use (MS-SMB2 sections 3.3.1.1 and 3.3.5.2.3).
 *
 * The granted ids form a window. Each id is used once, in any order; the window advances past
 * the lowest unused id. The window is never wider than DSMB_CREDITS_MAX, so one bit per id is
 * enough.
 *
 * Locking: the caller serializes; conn->lock guards the credits of a connection.
 */
#ifndef _DITTO_SMB_TRANSPORT_CREDIT_H
#define _DITTO_SMB_TRANSPORT_CREDIT_H

#include <linux/bitmap.h>
#include <linux/types.h>

#include "../wire/wire.h"

/* Credits of a connection without a logged-in user. */
#define DSMB_CREDITS_UNAUTH	32

/**
 * struct dsmb_credits - the credit window of a connection
 * @low: lowest unused id
 * @high: first id that was not granted
 * @free: unused ids in the window
 * @used: one bit for each id from @low to @high, at the id modulo the bitmap's size
 */
struct dsmb_credits {
	u64 low;
	u64 high;
	u32 free;
	DECLARE_BITMAP(used, DSMB_CREDITS_MAX);
};

void dsmb_credits_init(struct dsmb_credits *credits);
bool dsmb_credits_use(struct dsmb_credits *credits, u64 id, u16 charge);
u16 dsmb_credits_grant(struct dsmb_credits *credits, u16 charge, u16 asked, u32 max);

#endif
