/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run queue has messages run on a workqueue, a limited number of them at a time, in a fair
 * order.
 *
 * A workqueue alone serves in the order of arrival: whoever sends many messages that take long
 * would have all its workers, and what others send would wait behind all of them.
 */
#ifndef _DITTO_SMB_TRANSPORT_RUN_QUEUE_H
#define _DITTO_SMB_TRANSPORT_RUN_QUEUE_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "waiting.h"

struct dsmb_message;
struct workqueue_struct;

/**
 * struct dsmb_run_queue - messages that run, and that wait for that
 * @wq: workqueue that the messages run on
 * @width: how many of its workers messages may have
 * @busy: messages that are queued on @wq or run
 * @waiting: the others
 */
struct dsmb_run_queue {
	struct workqueue_struct *wq;
	int width;
	atomic_t busy;
	struct dsmb_waiting waiting;
};

void dsmb_run_queue_init(struct dsmb_run_queue *queue, struct workqueue_struct *wq, int width);
void dsmb_run_queue_add(struct dsmb_run_queue *queue, struct dsmb_message *message);
bool dsmb_run_queue_cancel(struct dsmb_message *message);
void dsmb_run_queue_leave(struct dsmb_run_queue *queue);
void dsmb_message_queue(struct dsmb_message *message);

#endif
