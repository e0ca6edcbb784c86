// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run queues. See run_queue.h.
 *
 * Every message that waits is taken out at last: a message is added while queue->busy is at its
 * limit or above it, and everybody who lowers the number below the limit looks for messages
 * afterwards.
 */
#include <linux/workqueue.h>

#include "../server.h"
#include "conn.h"
#include "message.h"
#include "run_queue.h"

/* Set up a run queue. */
void dsmb_run_queue_init(struct dsmb_run_queue *queue, struct workqueue_struct *wq, int width)
{
	queue->wq = wq;
	queue->width = width;
	atomic_set(&queue->busy, 0);
	dsmb_waiting_init(&queue->waiting);
}

/* Gives workers that are free to messages that wait. */
static void run_queue_advance(struct dsmb_run_queue *queue)
{
	struct dsmb_message *message;

	/* Pairs with the lock in dsmb_waiting_add(): a message that is not seen sees @busy. */
	smp_mb__after_atomic();
	while (unlikely(dsmb_waiting_any(&queue->waiting))) {
		message = NULL;
		if (atomic_inc_return(&queue->busy) <= queue->width)
			message = dsmb_waiting_take(&queue->waiting);
		if (message)
			queue_work(queue->wq, &message->work);
		else if (atomic_dec_return(&queue->busy) >= queue->width)
			return;
	}
}

/*
 * Let a worker of a queue run a message. @message: belongs to the caller; consumed.
 * dsmb_message.run_queue is set. The function that runs the message clears it, and calls
 * dsmb_run_queue_leave() at its end. Context: process; does not sleep.
 */
void dsmb_run_queue_add(struct dsmb_run_queue *queue, struct dsmb_message *message)
{
	WRITE_ONCE(message->run_queue, queue);
	if (likely(atomic_inc_return(&queue->busy) <= queue->width)) {
		queue_work(queue->wq, &message->work);
		return;
	}
	dsmb_waiting_add(&queue->waiting, message);
	dsmb_run_queue_leave(queue);
}

/*
 * Take a message out that waits for a worker of its queue. @message: held; need not be in a queue.
 * Context: process; does not sleep. Return: true if it did wait; it belongs to the caller now.
 */
bool dsmb_run_queue_cancel(struct dsmb_message *message)
{
	struct dsmb_run_queue *queue = READ_ONCE(message->run_queue);

	if (!queue || !dsmb_waiting_remove(&queue->waiting, message))
		return false;
	message->run_queue = NULL;
	return true;
}

/* A worker of a queue is free. @queue: the queue, or NULL. Context: process; does not sleep. */
void dsmb_run_queue_leave(struct dsmb_run_queue *queue)
{
	if (!queue)
		return;
	atomic_dec(&queue->busy);
	run_queue_advance(queue);
}

/*
 * Let a worker run a message. @message: belongs to the caller; consumed. Context: process; does not
 * sleep.
 */
void dsmb_message_queue(struct dsmb_message *message)
{
	struct dsmb_server *server = message->conn->server;

	/* A message that was taken from the workqueue before it ran has its worker still. */
	if (message->run_queue)
		queue_work(message->run_queue->wq, &message->work);
	else
		dsmb_run_queue_add(message->records ? &server->record_queue :
				   message->login ? &server->login_queue : &server->slow_queue,
				   message);
}
