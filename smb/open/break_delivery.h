/* SPDX-License-Identifier: GPL-2.0-only */
/* Detection of breaks that do not reach the client, see break_delivery.c. */
#ifndef _DITTO_SMB_OPEN_BREAK_DELIVERY_H
#define _DITTO_SMB_OPEN_BREAK_DELIVERY_H

struct dsmb_channel;
struct work_struct;

/**
 * dsmb_break_delivery_watch - watch the delivery of a break
 * @channel: channel that the break was sent on; the caller has a reference
 *
 * Context: process context, may sleep; takes session->lock.
 */
void dsmb_break_delivery_watch(struct dsmb_channel *channel);

/**
 * dsmb_break_delivery_disarm - stop watching a channel
 * @channel: the channel, unlinked from its session
 */
void dsmb_break_delivery_disarm(struct dsmb_channel *channel);

/**
 * dsmb_break_delivery_work - work function of dsmb_channel.break_delivery
 * @work: the work; drops its references to channel, session and connection
 */
void dsmb_break_delivery_work(struct work_struct *work);

#endif
