/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the back channel of a session, where the server is the requester
 * (RFC 8881 section 2.10.6.1).
 *
 * A slot is lost when its request was not answered. Only another request with the same
 * sequence id shows whether the client has accepted the first one, see
 * dnfs4_cb_slot_take_lost().
 *
 * Locking: session->lock guards the slots. Callers do not hold it.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CB_SLOT_H
#define _DITTO_FS_NFS_V4_DELEG_CB_SLOT_H

#include <linux/types.h>

struct dnfs4_session;

/* Most concurrent callbacks on a session. */
#define DNFS4_CB_SLOTS		16
#define DNFS4_CB_NO_SLOT	U32_MAX

/**
 * struct dnfs4_cb_slots - slots of a back channel; all zero in a new session
 * @seqid: sequence id of the last request that the client has accepted, by slot
 * @busy: bitmap of slots with a request in progress
 * @lost: bitmap of slots for which it is unknown whether the last request was accepted
 * @limit: number of slots that the client wants used; 0: not limited
 */
struct dnfs4_cb_slots {
	u32 seqid[DNFS4_CB_SLOTS];
	u16 busy;
	u16 lost;
	u32 limit;
};

/* Fate of the request of a slot. */
enum dnfs4_cb_fate {
	DNFS4_CB_TAKEN,		/* the client accepted it: the sequence id advances */
	DNFS4_CB_NOT_TAKEN,	/* the client rejected it: the sequence id is reused */
	DNFS4_CB_LOST,		/* unknown */
	DNFS4_CB_MISORDERED,	/* the client expects another sequence id: restart at 1 */
};

u32 dnfs4_cb_slot_take(struct dnfs4_session *session, u32 *seqid, u32 *highest);
u32 dnfs4_cb_slot_take_lost(struct dnfs4_session *session, u32 *seqid, u32 *highest);
void dnfs4_cb_slot_again(struct dnfs4_session *session, u32 slot, u32 *seqid, u32 *highest);
void dnfs4_cb_slot_give(struct dnfs4_session *session, u32 slot, enum dnfs4_cb_fate fate);
void dnfs4_cb_slots_limit(struct dnfs4_session *session, u32 limit);

#endif
