/* SPDX-License-Identifier: GPL-2.0-only */
/* Does what a client was told arrive? See break_delivery.c. */
#ifndef _DITTO_SMB_OPEN_BREAK_DELIVERY_H
#define _DITTO_SMB_OPEN_BREAK_DELIVERY_H

struct dsmb_channel;
struct work_struct;

/* A break was sent by this channel, which is held. Process context. */
void dsmb_break_delivery_watch(struct dsmb_channel *channel);
/* The channel was unlinked. */
void dsmb_break_delivery_disarm(struct dsmb_channel *channel);
/* struct dsmb_channel.arrival */
void dsmb_break_delivery_work(struct work_struct *work);

#endif
