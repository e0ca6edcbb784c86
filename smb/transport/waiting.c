// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that wait without a worker. See waiting.h.
 *
 * Locking: waiting->lock (spinlock) is taken outside the lock of the fair queue.
 */
#include <linux/limits.h>

#include "../../net/peer.h"
#include "../auth/session.h"
#include "conn.h"
#include "message.h"
#include "waiting.h"

/* The set only orders the messages. They are bounded by what their connections may hold. */
static const struct ditto_fairq_limits waiting_limits = {
	.peer_width = 1, .waiting = UINT_MAX, .peer_waiting = UINT_MAX,
};

/* Set up an empty set of messages. */
void dsmb_waiting_init(struct dsmb_waiting *waiting)
{
	spin_lock_init(&waiting->lock);
	waiting->count = 0;
	ditto_fairq_init(&waiting->fair, &waiting_limits);
	INIT_LIST_HEAD(&waiting->rest);
}

/*
 * Returns a number that tells the users of a peer apart. Before its session was looked up, a call
 * counts for the user that pays for its connection.
 */
static u64 message_user(const struct dsmb_message *message)
{
	const struct ditto_account *user = READ_ONCE(message->conn->charge.user);

	if (message->pos < message->ncalls && message->calls[message->pos].session)
		user = message->calls[message->pos].session->who.user;
	return (unsigned long)user;
}

/*
 * Let a message wait. @message: belongs to the caller; consumed. Context: process; does not sleep.
 */
void dsmb_waiting_add(struct dsmb_waiting *waiting, struct dsmb_message *message)
{
	u64 user = message_user(message);

	spin_lock(&waiting->lock);
	if (ditto_fairq_enter(&waiting->fair, &message->turn, &message->conn->peer->addr, user))
		list_add_tail(&message->list, &waiting->rest);
	message->waits_in = waiting;
	WRITE_ONCE(waiting->count, waiting->count + 1);
	spin_unlock(&waiting->lock);
}

/* The message was taken out of @fair or @rest. */
static void waiting_taken_locked(struct dsmb_waiting *waiting, struct dsmb_message *message)
{
	lockdep_assert_held(&waiting->lock);
	message->waits_in = NULL;
	WRITE_ONCE(waiting->count, waiting->count - 1);
}

/*
 * Take the message out whose turn is next. Context: process; does not sleep. Return: the message,
 * which belongs to the caller; NULL if none waits.
 */
struct dsmb_message *dsmb_waiting_take(struct dsmb_waiting *waiting)
{
	struct ditto_fair_turn *turn;
	struct dsmb_message *message;

	spin_lock(&waiting->lock);
	message = list_first_entry_or_null(&waiting->rest, struct dsmb_message, list);
	if (message) {
		list_del_init(&message->list);
	} else {
		turn = ditto_fairq_take(&waiting->fair);
		if (turn)
			message = container_of(turn, struct dsmb_message, turn);
	}
	if (message)
		waiting_taken_locked(waiting, message);
	spin_unlock(&waiting->lock);
	return message;
}

/*
 * Take a certain message out, if it waits. @message: the message, held; need not wait here.
 * Context: process; does not sleep. Return: true if it did wait here; it belongs to the caller now.
 */
bool dsmb_waiting_remove(struct dsmb_waiting *waiting, struct dsmb_message *message)
{
	bool waits;

	spin_lock(&waiting->lock);
	waits = message->waits_in == waiting;
	if (waits) {
		if (!ditto_fairq_cancel(&waiting->fair, &message->turn))
			list_del_init(&message->list);
		waiting_taken_locked(waiting, message);
	}
	spin_unlock(&waiting->lock);
	return waits;
}
