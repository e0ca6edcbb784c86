/* SPDX-License-Identifier: GPL-2.0-only */
/* What a connection may use at each trust level. */
#ifndef _DITTO_SMB_TRANSPORT_ALLOWANCE_H
#define _DITTO_SMB_TRANSPORT_ALLOWANCE_H

#include <linux/types.h>

#include "conn.h"

/**
 * struct dsmb_allowance - the limits of a connection at one trust level
 * @message_max: bytes of a message
 * @credits: credits it may have, including credits of requests that are not answered yet
 * @inflight: bytes of requests and responses; nothing is received above it
 * @parked: bytes held by parked calls
 * @rx: size of the receive buffer in bytes
 * @idle: messages kept for reuse
 * @kept: bytes kept while it is in use: objects, @rx, @idle and the reserve
 * @floor: bytes it is charged for at least while it is in use, so that few requests change the
 *	charge
 * @step: bytes by which its charge grows
 * @trimmed: bytes kept while it is idle: objects and the reserve
 * @reserve: bytes of a message that is received although the budget is used up; 0 for none
 */
struct dsmb_allowance {
	u32 message_max;
	u32 credits;
	long inflight;
	long parked;
	u32 rx;
	unsigned int idle;
	long kept;
	long floor;
	long step;
	long trimmed;
	u32 reserve;
};

/* The limits by trust level. */
extern const struct dsmb_allowance dsmb_allowances[DITTO_TRUST_LEVELS];

/* The limits of a connection at its current trust level. */
static inline const struct dsmb_allowance *dsmb_allowance(const struct dsmb_conn *conn)
{
	return &dsmb_allowances[READ_ONCE(conn->trust)];
}

#endif
