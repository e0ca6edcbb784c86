/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lane runs messages on a workqueue, a limited number of them at a time, and the others in a fair
 * order.
 *
 * A workqueue alone serves in the order of arrival: whoever sends many messages that take long
 * would have all its workers, and what others send would wait behind all of them.
 */
#ifndef _DITTO_SMB_TRANSPORT_LANE_H
#define _DITTO_SMB_TRANSPORT_LANE_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "waiting.h"

struct dsmb_message;
struct workqueue_struct;

/**
 * struct dsmb_lane - a lane
 * @wq: workqueue that the messages run on
 * @width: how many of its workers messages may have
 * @busy: messages that are queued on @wq or run
 * @waiting: the others
 */
struct dsmb_lane {
	struct workqueue_struct *wq;
	int width;
	atomic_t busy;
	struct dsmb_waiting waiting;
};

/**
 * dsmb_lane_init - set up a lane
 * @lane: filled; needs no clean-up once its messages have ended
 * @wq: a workqueue with at least @width workers
 * @width: how many of its workers messages may have
 */
void dsmb_lane_init(struct dsmb_lane *lane, struct workqueue_struct *wq, int width);

/**
 * dsmb_lane_queue - let a worker of a lane run a message
 * @lane: the lane
 * @message: belongs to the caller; consumed
 *
 * dsmb_message.lane is set. The function that runs the message clears it, and calls
 * dsmb_lane_leave() at its end.
 *
 * Context: process; does not sleep.
 */
void dsmb_lane_queue(struct dsmb_lane *lane, struct dsmb_message *message);

/**
 * dsmb_lane_cancel - take a message out that waits for a worker of its lane
 * @message: held; need not be in a lane
 *
 * Context: process; does not sleep.
 * Return: true if it did wait; it belongs to the caller now.
 */
bool dsmb_lane_cancel(struct dsmb_message *message);

/**
 * dsmb_lane_leave - a worker of a lane is free
 * @lane: the lane, or NULL
 *
 * Context: process; does not sleep.
 */
void dsmb_lane_leave(struct dsmb_lane *lane);

#endif
