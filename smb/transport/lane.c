// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lanes. See lane.h.
 *
 * Every message that waits is taken out at last: a message is added while lane->busy is at its
 * limit or above it, and everybody who lowers the number below the limit looks for messages
 * afterwards.
 */
#include <kunit/visibility.h>
#include <linux/workqueue.h>

#include "lane.h"
#include "message.h"

void dsmb_lane_init(struct dsmb_lane *lane, struct workqueue_struct *wq, int width)
{
	lane->wq = wq;
	lane->width = width;
	atomic_set(&lane->busy, 0);
	dsmb_waiting_init(&lane->waiting);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_lane_init);

/* Gives workers that are free to messages that wait. */
static void lane_advance(struct dsmb_lane *lane)
{
	struct dsmb_message *message;

	/* Pairs with the lock in dsmb_waiting_add(): a message that is not seen sees @busy. */
	smp_mb__after_atomic();
	while (unlikely(dsmb_waiting_any(&lane->waiting))) {
		message = NULL;
		if (atomic_inc_return(&lane->busy) <= lane->width)
			message = dsmb_waiting_take(&lane->waiting);
		if (message)
			queue_work(lane->wq, &message->work);
		else if (atomic_dec_return(&lane->busy) >= lane->width)
			return;
	}
}

void dsmb_lane_queue(struct dsmb_lane *lane, struct dsmb_message *message)
{
	WRITE_ONCE(message->lane, lane);
	if (likely(atomic_inc_return(&lane->busy) <= lane->width)) {
		queue_work(lane->wq, &message->work);
		return;
	}
	dsmb_waiting_add(&lane->waiting, message);
	dsmb_lane_leave(lane);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_lane_queue);

bool dsmb_lane_cancel(struct dsmb_message *message)
{
	struct dsmb_lane *lane = READ_ONCE(message->lane);

	if (!lane || !dsmb_waiting_remove(&lane->waiting, message))
		return false;
	message->lane = NULL;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_lane_cancel);

void dsmb_lane_leave(struct dsmb_lane *lane)
{
	if (!lane)
		return;
	atomic_dec(&lane->busy);
	lane_advance(lane);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_lane_leave);
