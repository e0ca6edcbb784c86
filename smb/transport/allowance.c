// SPDX-License-Identifier: GPL-2.0-only
/* What a connection may use at each trust level. See allowance.h. */
#include <linux/sizes.h>

#include "allowance.h"
#include "credit.h"
#include "message.h"
#include "transport.h"

/* Bytes of the objects of a connection. */
#define CONN_BYTES	SZ_8K
#define RX_AND_IDLE(_rx, _idle)	\
	.rx = (_rx), .idle = (_idle), .trimmed = CONN_BYTES, \
	.kept = CONN_BYTES + (_rx) + (_idle) * DSMB_MESSAGE_COST
/* Bytes of a message that may use the reserve: as many commands as it has room for. */
#define RESERVE_MAX	(DSMB_MESSAGE_FEW * sizeof(struct dsmb_header))
/* Bytes of the reserve: the message, its buffer, and the next receive buffer. */
#define RESERVE_BYTES	(DSMB_MESSAGE_COST + 2 * DSMB_RX_MIN)
#define RX_IDLE_AND_RESERVE(_rx, _idle) \
	.rx = (_rx), .idle = (_idle), .trimmed = CONN_BYTES + RESERVE_BYTES, \
	.kept = CONN_BYTES + RESERVE_BYTES + (_rx) + (_idle) * DSMB_MESSAGE_COST, \
	.reserve = RESERVE_MAX

const struct dsmb_allowance dsmb_allowances[DITTO_TRUST_LEVELS] = {
	[DITTO_TRUST_STRANGER] = {
		.message_max = DSMB_MESSAGE_MAX_UNAUTH, .credits = DSMB_CREDITS_UNAUTH,
		.inflight = SZ_16K, .parked = SZ_32K, RX_AND_IDLE(SZ_4K, 1),
		.floor = SZ_32K + SZ_8K, .step = SZ_16K,
	},
	[DITTO_TRUST_UNPROVEN] = {
		.message_max = DSMB_MESSAGE_MAX_UNAUTH, .credits = DSMB_CREDITS_UNAUTH,
		.inflight = SZ_16K, .parked = SZ_256K, RX_AND_IDLE(SZ_4K, 1),
		.floor = SZ_32K + SZ_8K, .step = SZ_16K,
	},
	[DITTO_TRUST_ANONYMOUS] = {
		.message_max = DSMB_MESSAGE_MAX, .credits = 512,
		.inflight = SZ_8M, .parked = SZ_8M, RX_IDLE_AND_RESERVE(SZ_16K, 4),
		.floor = SZ_128K, .step = SZ_256K,
	},
	[DITTO_TRUST_USER] = {
		.message_max = DSMB_MESSAGE_MAX, .credits = DSMB_CREDITS_MAX,
		.inflight = SZ_64M, .parked = SZ_64M, RX_IDLE_AND_RESERVE(SZ_16K, 16),
		.floor = SZ_256K, .step = SZ_256K,
	},
};
