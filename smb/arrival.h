/* SPDX-License-Identifier: GPL-2.0-only */
/* Does what a client was told arrive? See arrival.c. */
#ifndef _DITTO_SMB_ARRIVAL_H
#define _DITTO_SMB_ARRIVAL_H

struct dsmb_channel;
struct work_struct;

/* A break was sent by this channel, which is held. Process context. */
void dsmb_arrival_watch(struct dsmb_channel *channel);
/* The channel was unlinked. */
void dsmb_arrival_disarm(struct dsmb_channel *channel);
/* struct dsmb_channel.arrival */
void dsmb_arrival_work(struct work_struct *work);

#endif
