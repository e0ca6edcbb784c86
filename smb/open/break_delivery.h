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

/**
 * dsmb_break_delivery_watch - watch the delivery of a break
 * @channel: channel that the break was sent on; the caller has a reference
 * @lease: lease that is broken
 * @notice: the notification that was sent
 *
 * Context: process context, may sleep; takes session->lock.
 * Return: 0, or -ENOTCONN if the channel was taken off its session.
 */
int dsmb_break_delivery_watch(struct dsmb_channel *channel, struct dsmb_lease *lease,
			      const struct dsmb_notice *notice);

/**
 * dsmb_break_delivery_disarm - stop watching a channel
 * @channel: the channel, unlinked from its session
 *
 * Breaks without acknowledgment that may be lost with the channel are sent once more.
 *
 * Context: process context, may sleep; takes session->lock and the locks of leases.
 */
void dsmb_break_delivery_disarm(struct dsmb_channel *channel);

/**
 * dsmb_break_delivery_work - work function of dsmb_channel.break_delivery
 * @work: the work; drops its references to channel, session and connection
 */
void dsmb_break_delivery_work(struct work_struct *work);

#endif
