/* SPDX-License-Identifier: GPL-2.0-only */
/* Detection of breaks that do not reach the client, see break_delivery.c. */
#ifndef _DITTO_SMB_OPEN_BREAK_DELIVERY_H
#define _DITTO_SMB_OPEN_BREAK_DELIVERY_H

#include <linux/types.h>

struct dsmb_channel;
struct dsmb_lease;
struct work_struct;

/**
 * struct dsmb_notice - contents of a break notification
 * @needed: the client loses something, so that it must be notified
 * @ack: an acknowledgment is required
 * @from: DITTO_LEASE_* bits that the client has
 * @to: DITTO_LEASE_* bits that it may keep
 * @epoch: epoch of the break; 0 unless the lease is of version 2
 */
struct dsmb_notice {
	bool needed;
	bool ack;
	u8 from;
	u8 to;
	u16 epoch;
};

int dsmb_break_delivery_watch(struct dsmb_channel *channel, struct dsmb_lease *lease,
			      const struct dsmb_notice *notice);
void dsmb_break_delivery_disarm(struct dsmb_channel *channel);
void dsmb_break_delivery_work(struct work_struct *work);

#endif
