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

/**
 * dnfs4_slot_begin - take ownership of the slot for a request
 * @session: held by the caller
 * @req: the request
 * @slot: set to the slot on success; the caller owns it until dnfs4_slot_end()
 * @again: set if this seems to be a retry, for dnfs4_slot_repeat()
 *
 * Does not accept the request yet: dnfs4_slot_commit() does.
 *
 * Context: may sleep for the first request of a slot.
 * Return: NFS4_OK; NFS4ERR_BADSLOT; NFS4ERR_BAD_HIGH_SLOT; NFS4ERR_SEQ_MISORDERED; NFS4ERR_DELAY
 * (the same request is in progress or may be, the slot is being freed, or there is no memory).
 */
u32 dnfs4_slot_begin(struct dnfs4_session *session, const struct dnfs4_slot_request *req,
		     struct dnfs4_slot **slot, bool *again);

/**
 * dnfs4_slot_repeat - find whether a retry gets the reply of the slot
 * @slot: owned by the caller
 * @digest: digest of the request; of its content, too, if the slot's is @whole
 *
 * Context: any.
 * Return: NFS4_OK; NFS4ERR_SEQ_FALSE_RETRY; NFS4ERR_RETRY_UNCACHED_REP.
 */
u32 dnfs4_slot_repeat(const struct dnfs4_slot *slot, u64 digest);

/**
 * dnfs4_slot_reserve - make room for a cached reply
 * @slot: owned by the caller
 * @bytes: size of the reply
 *
 * A reply that is cached already stays valid.
 *
 * Return: false without memory.
 */
bool dnfs4_slot_reserve(struct dnfs4_slot *slot, u32 bytes);

/**
 * dnfs4_slot_commit - accept a new request
 * @session: the session
 * @slot: owned by the caller
 * @req: the request; not a retry
 *
 * Advances the sequence id, discards the cached reply and may raise the number of slots. The caller
 * sets @digest and @whole of the slot.
 *
 * Context: any.
 */
void dnfs4_slot_commit(struct dnfs4_session *session, struct dnfs4_slot *slot,
		       const struct dnfs4_slot_request *req);

/**
 * dnfs4_slot_end - release the ownership of a slot
 * @slot: from dnfs4_slot_begin()
 *
 * Context: any.
 */
void dnfs4_slot_end(struct dnfs4_slot *slot);

/**
 * dnfs4_slots_init - set up and charge the slots of a new session
 * @session: new; @session->fore is granted except for the number of slots
 * @asked: number of slots the client asked for
 *
 * Return: the number of slots granted; less than @asked if the limit or the client's memory
 * budget is reached, possibly 0.
 */
u32 dnfs4_slots_init(struct dnfs4_session *session, u32 asked);

/**
 * dnfs4_slots_free - free the slots of a session
 * @session: its last reference was put
 *
 * Context: any.
 */
void dnfs4_slots_free(struct dnfs4_session *session);

/**
 * dnfs4_slots_review - adjust the slot counts of a session to demand and setting
 * @session: held by the caller
 *
 * Frees slots that the client does not use. A client that has sent no request since the last review
 * keeps all, with their replies. Sends CB_RECALL_SLOT if the client uses more slots than the
 * target.
 */
void dnfs4_slots_review(struct dnfs4_session *session);

/**
 * dnfs4_slots_trim - free idle slots that no request needs since the last review
 * @session: held by the caller
 * @first: lowest slot to free
 */
void dnfs4_slots_trim(struct dnfs4_session *session, u32 first);

#endif
