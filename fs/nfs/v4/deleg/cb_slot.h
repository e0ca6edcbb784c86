/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the back channel of a session: here the server is who asks (RFC 8881
 * section 2.10.6.1).
 *
 * A slot whose request was not answered is lost until the client says what became of
 * it: only the same sequence id again will tell. See dnfs4_cb_slot_take_lost().
 *
 * Locking: session->lock.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CB_SLOT_H
#define _DITTO_FS_NFS_V4_DELEG_CB_SLOT_H

#include <linux/types.h>

struct dnfs4_session;

/* Callbacks of a session that are under way at once, at most. */
#define DNFS4_CB_SLOTS		16
#define DNFS4_CB_NO_SLOT	U32_MAX

/**
 * struct dnfs4_cb_slots - the slots; all zero in a new session
 * @seqid: of the last request that the client has taken, by slot
 * @busy: a request is under way, a bit for each slot
 * @lost: it is not known whether the last request was taken, the same
 * @limit: highest slot that the client wants used, plus one; 0 if it has not said
 */
struct dnfs4_cb_slots {
	u32 seqid[DNFS4_CB_SLOTS];
	u16 busy;
	u16 lost;
	u32 limit;
};

/* What became of the request of a slot. */
enum dnfs4_cb_fate {
	DNFS4_CB_TAKEN,		/* the client counted it */
	DNFS4_CB_NOT_TAKEN,	/* it did not, and the sequence id is to be used again */
	DNFS4_CB_LOST,		/* nobody knows */
	DNFS4_CB_MISORDERED,	/* it counts otherwise: begin anew */
};

/**
 * dnfs4_cb_slot_take - a free slot for a callback
 * @session: held
 * @seqid: filled
 * @highest: filled with the highest slot in use
 *
 * Return: the slot, or DNFS4_CB_NO_SLOT.
 */
u32 dnfs4_cb_slot_take(struct dnfs4_session *session, u32 *seqid, u32 *highest);

/* The same for a lost slot: for a bare CB_SEQUENCE, which finds out. */
u32 dnfs4_cb_slot_take_lost(struct dnfs4_session *session, u32 *seqid, u32 *highest);

/* The sequence id and the highest slot for the same request once more. */
void dnfs4_cb_slot_again(struct dnfs4_session *session, u32 slot, u32 *seqid, u32 *highest);

void dnfs4_cb_slot_give(struct dnfs4_session *session, u32 slot, enum dnfs4_cb_fate fate);

/* The client wants only these slots used: csr_target_highest_slotid plus one, or less. */
void dnfs4_cb_slots_limit(struct dnfs4_session *session, u32 limit);

#endif
