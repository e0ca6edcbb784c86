// SPDX-License-Identifier: GPL-2.0-only
/* Slots of the back channel, see cb_slot.h. All of them are guarded by session->lock. */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "../session/session.h"

static u32 highest_busy(const struct dnfs4_cb_slots *slots)
{
	return slots->busy ? fls(slots->busy) - 1 : 0;
}

static u32 slot_take(struct dnfs4_session *session, bool lost, u32 *seqid, u32 *highest)
{
	struct dnfs4_cb_slots *slots = &session->cb_slots;
	u32 slot, most, found = DNFS4_CB_NO_SLOT;

	spin_lock(&session->lock);
	most = min_t(u32, session->back.maxrequests, DNFS4_CB_SLOTS);
	if (slots->limit)
		most = min(most, slots->limit);
	for (slot = 0; slot < most; slot++) {
		if (slots->busy & BIT(slot) || !(slots->lost & BIT(slot)) == lost)
			continue;
		found = slot;
		slots->busy |= BIT(slot);
		*seqid = slots->seqid[slot] + 1;
		*highest = highest_busy(slots);
		break;
	}
	spin_unlock(&session->lock);
	return found;
}

/* Take a free slot for a callback. Context: any. Return: the slot, or DNFS4_CB_NO_SLOT. */
u32 dnfs4_cb_slot_take(struct dnfs4_session *session, u32 *seqid, u32 *highest)
{
	return slot_take(session, false, seqid, highest);
}

/*
 * Take a lost slot for a lone CB_SEQUENCE. The reply shows whether the lost request was accepted.
 * Context: any. Return: the slot, or DNFS4_CB_NO_SLOT.
 */
u32 dnfs4_cb_slot_take_lost(struct dnfs4_session *session, u32 *seqid, u32 *highest)
{
	return slot_take(session, true, seqid, highest);
}

/* Prepare to resend the request of a slot. Context: any. */
void dnfs4_cb_slot_again(struct dnfs4_session *session, u32 slot, u32 *seqid, u32 *highest)
{
	spin_lock(&session->lock);
	*seqid = session->cb_slots.seqid[slot] + 1;
	*highest = highest_busy(&session->cb_slots);
	spin_unlock(&session->lock);
}

/* Give a slot back. Context: any. */
void dnfs4_cb_slot_give(struct dnfs4_session *session, u32 slot, enum dnfs4_cb_fate fate)
{
	struct dnfs4_cb_slots *slots = &session->cb_slots;

	spin_lock(&session->lock);
	slots->busy &= ~BIT(slot);
	slots->lost &= ~BIT(slot);
	switch (fate) {
	case DNFS4_CB_TAKEN:
		slots->seqid[slot]++;
		break;
	case DNFS4_CB_NOT_TAKEN:
		break;
	case DNFS4_CB_LOST:
		slots->lost |= BIT(slot);
		break;
	case DNFS4_CB_MISORDERED:
		slots->seqid[slot] = 0;
		break;
	}
	spin_unlock(&session->lock);
}

/* Limit the number of slots in use. Context: any. */
void dnfs4_cb_slots_limit(struct dnfs4_session *session, u32 limit)
{
	spin_lock(&session->lock);
	session->cb_slots.limit = max(limit, 1U);
	spin_unlock(&session->lock);
}
