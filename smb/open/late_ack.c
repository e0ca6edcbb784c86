// SPDX-License-Identifier: GPL-2.0-only
/* Acknowledgments of lease breaks that may come late; see late_ack.h. */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "late_ack.h"

/* Set up the late acknowledgments of a new client. */
void dsmb_late_acks_init(struct dsmb_late_acks *acks)
{
	spin_lock_init(&acks->lock);
}

static void acks_remove(struct dsmb_late_acks *acks, unsigned int i)
{
	lockdep_assert_held(&acks->lock);
	WRITE_ONCE(acks->used, acks->used - 1);
	memmove(&acks->awaited[i], &acks->awaited[i + 1],
		(acks->used - i) * sizeof(acks->awaited[0]));
}

/*
 * Note that a break was not acknowledged before the lease was closed. Context: any process context.
 */
void dsmb_late_ack_await(struct dsmb_late_acks *acks, const u8 *key, u64 ino)
{
	struct dsmb_late_ack *ack;

	spin_lock(&acks->lock);
	if (acks->used == DSMB_LATE_ACKS_MAX) {
		acks->all_until = acks->awaited[0].until;
		WRITE_ONCE(acks->all, true);
		acks_remove(acks, 0);
	}
	ack = &acks->awaited[acks->used];
	memcpy(ack->key, key, sizeof(ack->key));
	ack->ino = ino;
	ack->until = jiffies + msecs_to_jiffies(DSMB_LATE_ACK_MS);
	WRITE_ONCE(acks->used, acks->used + 1);
	spin_unlock(&acks->lock);
}

static void acks_forget_old(struct dsmb_late_acks *acks)
{
	while (acks->used && time_after_eq(jiffies, acks->awaited[0].until))
		acks_remove(acks, 0);
	if (acks->all && time_after_eq(jiffies, acks->all_until))
		WRITE_ONCE(acks->all, false);
}

static bool ack_has_key(const struct dsmb_late_ack *ack, const u8 *key)
{
	return !memcmp(ack->key, key, sizeof(ack->key));
}

/* Note that an acknowledgment has come that ended no break. Context: any process context. */
void dsmb_late_ack_came(struct dsmb_late_acks *acks, const u8 *key)
{
	unsigned int i = 0;

	if (!READ_ONCE(acks->used))
		return;
	spin_lock(&acks->lock);
	while (i < acks->used && !ack_has_key(&acks->awaited[i], key))
		i++;
	if (i < acks->used)
		acks_remove(acks, i);
	spin_unlock(&acks->lock);
}

/*
 * Check whether an acknowledgment of an earlier lease may still come. Context: any process context.
 */
bool dsmb_late_ack_is_awaited(struct dsmb_late_acks *acks, const u8 *key, u64 ino)
{
	bool awaited;

	if (!READ_ONCE(acks->used) && !READ_ONCE(acks->all))
		return false;
	spin_lock(&acks->lock);
	acks_forget_old(acks);
	awaited = acks->all;
	for (unsigned int i = 0; i < acks->used && !awaited; i++)
		awaited = acks->awaited[i].ino == ino && ack_has_key(&acks->awaited[i], key);
	spin_unlock(&acks->lock);
	return awaited;
}
