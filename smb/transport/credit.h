/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Credits: which message ids a client may use (MS-SMB2 3.3.1.1, 3.3.5.2.3).
 *
 * The ids that were granted form a window. Each is used once, in any order; the
 * window moves on behind the lowest that was not used. It is never wider than
 * DSMB_CREDITS_MAX, so one bit per id of it is enough.
 */
#ifndef _DITTO_SMB_TRANSPORT_CREDIT_H
#define _DITTO_SMB_TRANSPORT_CREDIT_H

#include <linux/bitmap.h>
#include <linux/types.h>

#include "wire.h"

/* Credits of a client that has not logged in. */
#define DSMB_CREDITS_UNAUTH	32

/**
 * struct dsmb_credits - the window of a connection
 * @low: lowest id that was not used
 * @high: behind the highest that was granted
 * @free: ids in the window that were not used
 * @used: a bit for each id from @low to @high, at its number modulo the size
 */
struct dsmb_credits {
	u64 low;
	u64 high;
	u32 free;
	DECLARE_BITMAP(used, DSMB_CREDITS_MAX);
};

/* The client has one credit, for message id 0. */
void dsmb_credits_init(struct dsmb_credits *credits);
/* A request used ids from @id on. False if one was not granted, or was used before. */
bool dsmb_credits_use(struct dsmb_credits *credits, u64 id, u16 charge);

/**
 * dsmb_credits_grant - give the client what it asks for, within limits
 * @credits: the window
 * @charge: what its request used up
 * @asked: for
 * @max: credits it may have in all
 *
 * A client never ends up without any. Return: granted.
 */
u16 dsmb_credits_grant(struct dsmb_credits *credits, u16 charge, u16 asked, u32 max);

#endif
