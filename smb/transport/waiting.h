/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages that wait without a worker, in a fair order.
 *
 * Peers are served round robin, and so are the users of a peer: a flood of one peer's messages
 * delays a message of another peer by one turn only. The number of messages is bounded by the
 * credits and the budget of the connections.
 */
#ifndef _DITTO_SMB_TRANSPORT_WAITING_H
#define _DITTO_SMB_TRANSPORT_WAITING_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../../net/fairq.h"

struct dsmb_message;

/**
 * struct dsmb_waiting - messages that wait
 * @lock: spinlock; guards all members and dsmb_message.waits_in of messages that wait here
 * @count: number of messages; read without @lock, too
 * @fair: the messages in their order
 * @rest: messages for which @fair had no memory; served first
 */
struct dsmb_waiting {
	spinlock_t lock;	/* see above */
	unsigned int count;
	struct ditto_fairq fair;
	struct list_head rest;
};

void dsmb_waiting_init(struct dsmb_waiting *waiting);
void dsmb_waiting_add(struct dsmb_waiting *waiting, struct dsmb_message *message);
struct dsmb_message *dsmb_waiting_take(struct dsmb_waiting *waiting);
bool dsmb_waiting_remove(struct dsmb_waiting *waiting, struct dsmb_message *message);

/* True if a message waits. Any context; not serialized with the functions above. */
static inline bool dsmb_waiting_any(const struct dsmb_waiting *waiting)
{
	return READ_ONCE(waiting->count);
}

#endif
