/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the fore channel. They give requests exactly-once semantics
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
#define DNFS4_SLOT_GONE		1	/* set with DNFS4_SLOT_BUSY: about to be freed */

/**
 * struct dnfs4_slot - a slot
 * @busy: DNFS4_SLOT_* bits; the request that set DNFS4_SLOT_BUSY owns the other members
 * @id: sa_slotid
 * @seqid: sequence id of the last request accepted
 * @accepted: the request that owns the slot was accepted, so that @seqid is its sequence id
 * @before: sequence id from before the slot was freed and recreated; 0: none. The client may
 *	continue with it or start at 1
 * @fresh: created or recreated, and not used since
 * @kept: @reply holds the reply to the last request
 * @whole: @digest covers the content of the request
 * @digest: digest of the last request, to detect false retries
 * @len: bytes of the cached reply
 * @room: bytes allocated at @reply
 * @reply: COMPOUND4res from its status on, encoded
 * @rcu: frees the slot after a grace period
 */
struct dnfs4_slot {
	unsigned long busy;
	u32 id;
	u32 seqid;
	u32 before;
	bool accepted;
	bool fresh;
	bool kept;
	bool whole;
	u64 digest;
	u32 len;
	u32 room;
	void *reply;
	struct rcu_head rcu;
};

/**
 * struct dnfs4_slot_request - slot arguments of a SEQUENCE
 * @id: sa_slotid
 * @seqid: sa_sequenceid
 * @highest: sa_highest_slotid
 */
struct dnfs4_slot_request {
	u32 id;
	u32 seqid;
	u32 highest;
};

u32 dnfs4_slot_begin(struct dnfs4_session *session, const struct dnfs4_slot_request *req,
		     struct dnfs4_slot **slot, bool *again);
u32 dnfs4_slot_repeat(const struct dnfs4_slot *slot, u64 digest);
bool dnfs4_slot_reserve(struct dnfs4_slot *slot, u32 bytes);
void dnfs4_slot_commit(struct dnfs4_session *session, struct dnfs4_slot *slot,
		       const struct dnfs4_slot_request *req);
void dnfs4_slot_end(struct dnfs4_slot *slot);
u32 dnfs4_slots_init(struct dnfs4_session *session, u32 asked);
void dnfs4_slots_free(struct dnfs4_session *session);
void dnfs4_slots_review(struct dnfs4_session *session);
void dnfs4_slots_trim(struct dnfs4_session *session, u32 first);

#endif
