// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that a connection holds, and what the client is charged for it. See transport.h.
 *
 * Three counts add up to what is needed: what the connection keeps, what is in flight, and what
 * parked calls hold. The charge follows in steps, so that most messages need only atomic
 * counters.
 *
 * Locking: t->memory_lock (spinlock) guards the charge, t->lock the idle messages. Only the
 * budget's locks are taken inside.
 */
#include "conn.h"
#include "message.h"
#include "transport.h"
#include "transport_private.h"

/* Free idle messages, so that with a spare one there are @keep of them. Process context. */
void dsmb_transport_drop_idle(struct dsmb_transport *t, unsigned int keep)
{
	struct dsmb_message *message, *next;
	LIST_HEAD(drop);

	message = xchg(&t->spare, NULL);
	if (message)
		dsmb_message_free_idle(t->conn->server, message);
	spin_lock(&t->lock);
	while (t->nidle && t->nidle >= keep) {
		list_move(t->idle.prev, &drop);
		t->nidle--;
	}
	spin_unlock(&t->lock);
	list_for_each_entry_safe(message, next, &drop, list)
		dsmb_message_free_idle(t->conn->server, message);
}

/* Bytes held now, and @more. */
static long transport_needs(const struct dsmb_transport *t, long more)
{
	return READ_ONCE(t->kept) + atomic_long_read(&t->inflight) +
	       atomic_long_read(&t->parked) + more;
}

/*
 * Adjusts the charge to what is held and @more. It is lowered when most of it is not needed.
 * Returns 0, or -EDQUOT if the principal may hold no more.
 */
static int transport_reserve(struct dsmb_transport *t, long more)
{
	const struct dsmb_allowance *allowance = dsmb_allowance(t->conn);
	long amount, needs;
	int err = 0;

	spin_lock(&t->memory_lock);
	amount = t->memory.amount;
	needs = transport_needs(t, more);
	if (amount < t->floor || amount < needs)
		err = ditto_charge_step(&t->memory, needs, needs <= t->floor ? t->floor :
					round_up(needs, allowance->step));
	else if (!t->in_use)
		err = ditto_charge_resize(&t->memory, max(t->floor, needs));
	else if (needs < amount / 4 && amount > t->floor)
		err = ditto_charge_resize(&t->memory, max(t->floor, 2 * needs));
	WRITE_ONCE(t->reserved, t->memory.amount);
	spin_unlock(&t->memory_lock);
	return err;
}

/*
 * Make sure the charge covers what is held. @more: bytes about to be held in addition; may be 0.
 * Context: process; does not sleep. Return: 0 or -EDQUOT.
 */
int dsmb_transport_ensure(struct dsmb_transport *t, long more)
{
	if (likely(transport_needs(t, more) <= READ_ONCE(t->reserved)))
		return 0;
	return transport_reserve(t, more);
}

/* Lowers the charge when much less is held. */
static void transport_relax(struct dsmb_transport *t)
{
	long reserved = READ_ONCE(t->reserved);

	if (unlikely(reserved > READ_ONCE(t->floor) && transport_needs(t, 0) < reserved / 4))
		transport_reserve(t, 0);
	if (unlikely(READ_ONCE(t->held)))
		dsmb_transport_kick(t);
}

static void transport_keep_locked(struct dsmb_transport *t, bool in_use,
				  const struct dsmb_allowance *allowance)
{
	lockdep_assert_held(&t->memory_lock);
	WRITE_ONCE(t->in_use, in_use);
	WRITE_ONCE(t->kept, in_use ? allowance->kept : allowance->trimmed);
	WRITE_ONCE(t->floor, in_use ? allowance->floor : allowance->trimmed);
}

/*
 * Charge for the memory that a connection in use keeps. Context: process; the caller has the right
 * to receive. Return: 0 or -EDQUOT.
 */
int dsmb_transport_keep(struct dsmb_transport *t, bool in_use)
{
	spin_lock(&t->memory_lock);
	transport_keep_locked(t, in_use, dsmb_allowance(t->conn));
	spin_unlock(&t->memory_lock);
	return transport_reserve(t, 0);
}

/* Get the limit of bytes of the responses of one message. Context: any. Return: bytes. */
u32 dsmb_transport_answers_max(const struct dsmb_transport *t)
{
	/* The responses of a message are also sent in one frame. */
	return min_t(long, dsmb_transport_inflight_max(t), DSMB_IO_MAX);
}

/*
 * Count bytes as in flight. The budget is charged later, by dsmb_transport_ensure(). Context: any.
 */
void dsmb_transport_charge(struct dsmb_transport *t, u32 bytes)
{
	atomic_long_add(bytes, &t->inflight);
}

/*
 * Count bytes as in flight, and charge the budget. Context: process; does not sleep. Return: false
 * if the budget does not allow it; then nothing is counted.
 */
bool dsmb_transport_charge_now(struct dsmb_transport *t, u32 bytes)
{
	dsmb_transport_charge(t, bytes);
	if (!dsmb_transport_ensure(t, 0))
		return true;
	dsmb_transport_uncharge(t, bytes);
	return false;
}

/*
 * Could the budget ever allow this? Context: process; does not sleep. Return: true if the principal
 * may hold the bytes when it holds nothing else.
 */
bool dsmb_transport_could_charge(struct dsmb_transport *t, u32 bytes)
{
	bool could;

	spin_lock(&t->memory_lock);
	could = READ_ONCE(t->kept) + (long)bytes <= ditto_charge_limit(&t->memory);
	spin_unlock(&t->memory_lock);
	return could;
}

/*
 * Stop to count bytes as in flight. Receiving continues if it was stopped by the limit. Context:
 * process; does not sleep.
 */
void dsmb_transport_uncharge(struct dsmb_transport *t, u32 bytes)
{
	if (atomic_long_sub_return(bytes, &t->inflight) < dsmb_transport_inflight_max(t) &&
	    test_bit(T_THROTTLED, &t->flags) && test_and_clear_bit(T_THROTTLED, &t->flags))
		dsmb_transport_kick(t);
	transport_relax(t);
}

/*
 * Count bytes as held by parked calls. Context: process; does not sleep. Return: false if a limit
 * or the budget does not allow it; then nothing is counted.
 */
bool dsmb_transport_park(struct dsmb_transport *t, u32 bytes)
{
	if (atomic_long_add_return(bytes, &t->parked) <= dsmb_allowance(t->conn)->parked &&
	    !dsmb_transport_ensure(t, 0))
		return true;
	atomic_long_sub(bytes, &t->parked);
	return false;
}

/*
 * Stop to count bytes as held by parked calls. @bytes: number of bytes; may be 0. Context: process;
 * does not sleep.
 */
void dsmb_transport_unpark(struct dsmb_transport *t, u32 bytes)
{
	if (!bytes)
		return;
	atomic_long_sub(bytes, &t->parked);
	transport_relax(t);
}

/*
 * True if the connection's reserve admits a message of @len bytes although the budget is used up.
 * The caller has the right to receive.
 */
bool dsmb_transport_has_reserve(const struct dsmb_transport *t, u32 len)
{
	/*
	 * A connection that was raised when its account was full may not be charged for its
	 * reserve.
	 */
	return len <= dsmb_allowance(t->conn)->reserve && !test_bit(T_RESERVE, &t->flags) &&
	       READ_ONCE(t->reserved) >= READ_ONCE(t->kept);
}

/*
 * The message that used the reserve has room in the budget by now, or has ended. Process context.
 */
void dsmb_transport_end_reserve(struct dsmb_transport *t)
{
	clear_bit_unlock(T_RESERVE, &t->flags);
	/* The next message may have arrived already. */
	dsmb_transport_kick(t);
}

/*
 * Charge another principal, and apply its limits. Context: process; the caller serializes
 * (conn->trust_lock). Return: 0, or -EDQUOT with nothing changed.
 */
int dsmb_transport_set_trust(struct dsmb_transport *t, const struct ditto_principal *who)
{
	const struct dsmb_allowance *allowance = &dsmb_allowances[who->trust];
	int err;

	spin_lock(&t->memory_lock);
	err = ditto_charge_move(&t->memory, who);
	if (!err)
		transport_keep_locked(t, t->in_use, allowance);
	spin_unlock(&t->memory_lock);
	if (err)
		return err;
	dsmb_transport_drop_idle(t, allowance->idle);
	/* If the new limit leaves no room, nothing is received until there is some. */
	transport_reserve(t, 0);
	return 0;
}

/* Take an idle message for reuse. Context: process; does not sleep. Return: a message, or NULL. */
struct dsmb_message *dsmb_transport_take_idle(struct dsmb_transport *t)
{
	struct dsmb_message *message = xchg(&t->spare, NULL);

	if (message)
		return message;
	spin_lock(&t->lock);
	message = list_first_entry_or_null(&t->idle, struct dsmb_message, list);
	if (message) {
		list_del(&message->list);
		t->nidle--;
	}
	spin_unlock(&t->lock);
	return message;
}

/*
 * Keep a message for reuse. @message: without references; the transport's if true is returned.
 * Context: process; does not sleep. Return: false if enough are kept.
 */
bool dsmb_transport_keep_idle(struct dsmb_transport *t, struct dsmb_message *message)
{
	bool keep;

	if (!READ_ONCE(t->in_use))
		return false;
	/* Any connection in use may keep one. */
	if (!cmpxchg(&t->spare, NULL, message))
		return true;
	spin_lock(&t->lock);
	keep = t->nidle + 1 < dsmb_allowance(t->conn)->idle;
	if (keep) {
		list_add(&message->list, &t->idle);
		t->nidle++;
	}
	spin_unlock(&t->lock);
	return keep;
}
