/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the fore channel: what makes every request happen once
 * (RFC 8881 section 2.10.6.1).
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_SLOT_H
#define _DITTO_FS_NFS_V4_SESSION_SLOT_H

#include <linux/bits.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct dnfs4_session;

/* Bits of dnfs4_slot.busy */
#define DNFS4_SLOT_BUSY		0
#define DNFS4_SLOT_GONE		1	/* with the other: it is about to be freed */

/**
 * struct dnfs4_slot - a slot
 * @busy: a request has it; what follows is that request's
 * @id: sa_slotid
 * @seqid: of the last request that was taken
 * @before: seqid of before it was freed and made again: the client may go on there, or begin anew
 * @fresh: made, or made again, and not yet used
 * @kept: there is a reply to the last request
 * @digest: of the last request
 * @len: bytes of @reply that are one
 * @room: bytes that there are
 * @reply: COMPOUND4res from its status on
 * @rcu: freed under RCU
 */
struct dnfs4_slot {
	unsigned long busy;
	u32 id;
	u32 seqid;
	u32 before;
	bool fresh;
	bool kept;
	u64 digest;
	u32 len;
	u32 room;
	void *reply;
	struct rcu_head rcu;
};

/**
 * struct dnfs4_slot_request - what SEQUENCE asks for
 * @id: sa_slotid
 * @seqid: sa_sequenceid
 * @highest: sa_highest_slotid
 * @digest: of the rest of the request, and of who sends it
 */
struct dnfs4_slot_request {
	u32 id;
	u32 seqid;
	u32 highest;
	u64 digest;
};

/**
 * dnfs4_slot_begin - take a slot for a request
 * @session: held
 * @req: see there
 * @slot: filled, with NFS4_OK: ours until dnfs4_slot_end()
 * @again: set if the request was done before, and its reply is in the slot
 *
 * Changes nothing that counts: that does dnfs4_slot_commit().
 *
 * Context: may sleep, if it is the first request of a slot.
 * Return: NFS4_OK; BADSLOT; BAD_HIGH_SLOT; SEQ_MISORDERED; SEQ_FALSE_RETRY;
 * RETRY_UNCACHED_REP; DELAY (the same request is being done; the slot is being
 * freed; or no memory).
 */
u32 dnfs4_slot_begin(struct dnfs4_session *session, const struct dnfs4_slot_request *req,
		     struct dnfs4_slot **slot, bool *again);

/* Have room for a reply of so many bytes. False without memory. May sleep. */
bool dnfs4_slot_reserve(struct dnfs4_slot *slot, u32 bytes);

/* The request is new and will be done. */
void dnfs4_slot_commit(struct dnfs4_session *session, struct dnfs4_slot *slot,
		       const struct dnfs4_slot_request *req);

void dnfs4_slot_end(struct dnfs4_slot *slot);

/*
 * The session begins, and is charged, with what was granted of @fore but slots: so many are
 * asked for. Returns how many it gets; fewer where memory of its client ends, perhaps none.
 */
u32 dnfs4_slots_init(struct dnfs4_session *session, u32 asked);
/* It is freed. */
void dnfs4_slots_free(struct dnfs4_session *session);
/* The numbers of slots follow demand and setting; what nobody uses is freed. */
void dnfs4_slots_review(struct dnfs4_session *session);

#endif
