/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acknowledgments of lease breaks that may come late.
 *
 * A client that closes the last open of a lease while a break is outstanding need not acknowledge
 * it (MS-SMB2 section 3.2.5.19.2), but some do, after they have opened the file again. An
 * acknowledgment names the lease key only. If a new lease with that key is being broken by then,
 * the acknowledgment would end that break, and others would go on while the client still writes to
 * its cache, or has ranges locked there. So an open with the key on that file is not granted WRITE
 * until the acknowledgment has come, or a short time has passed. The lease is widened when the
 * client opens the file again. Without WRITE a break that ends too early does what it does to a
 * lease of READ only, which is never acknowledged.
 */
#ifndef _DITTO_SMB_OPEN_LATE_ACK_H
#define _DITTO_SMB_OPEN_LATE_ACK_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "../wire/oplock.h"

/*
 * Time, in milliseconds, that such an acknowledgment may take: the client sends it when the CLOSE
 * is answered. It must not be long, for most clients send none.
 */
#define DSMB_LATE_ACK_MS	2000
/* Number of them that may be awaited of one client at a time. */
#define DSMB_LATE_ACKS_MAX	16

/**
 * struct dsmb_late_acks - late acknowledgments of one client
 * @lock: guards the members below
 * @used: number of acknowledgments in @awaited, which are its first; also read without @lock
 * @all: more were awaited than @awaited has room for: until @all_until one of any key is; also read
 *	without @lock
 * @all_until: time, in jiffies
 * @awaited: key of the lease, inode number of its file, and the time, in jiffies, from which on
 *	the acknowledgment is not expected any more; the oldest comes first
 */
struct dsmb_late_acks {
	spinlock_t lock;	/* see above */
	unsigned int used;
	bool all;
	unsigned long all_until;
	struct dsmb_late_ack {
		u8 key[DSMB_LEASE_KEY_SIZE];
		u64 ino;
		unsigned long until;
	} awaited[DSMB_LATE_ACKS_MAX];
};

void dsmb_late_acks_init(struct dsmb_late_acks *acks);
void dsmb_late_ack_await(struct dsmb_late_acks *acks, const u8 *key, u64 ino);
void dsmb_late_ack_came(struct dsmb_late_acks *acks, const u8 *key);
bool dsmb_late_ack_is_awaited(struct dsmb_late_acks *acks, const u8 *key, u64 ino);

#endif
