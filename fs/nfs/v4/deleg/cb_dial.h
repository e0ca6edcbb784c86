/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections for the callbacks of 4.0, which the server makes to an address and a port that the
 * client names: to which, and how often.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_CB_DIAL_H
#define _DITTO_FS_NFS_V4_DELEG_CB_DIAL_H

#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dnfs4_callback_addr;
struct sockaddr;

/* Addresses share a pause if their hashes do. */
#define DNFS4_DIAL_PAUSES	256

/**
 * struct dnfs4_dial_pause - the pause after connections to an address that brought no answer
 * @until: jiffies of its end
 * @attempts: number of such connections; 0 if there is no pause
 */
struct dnfs4_dial_pause {
	unsigned long until;
	u32 attempts;
};

/**
 * struct dnfs4_dials - connections that a server makes for callbacks
 * @lock: guards @pauses
 * @key: of the hash of addresses
 * @pauses: by the hash of the address, whatever the port and the client
 */
struct dnfs4_dials {
	spinlock_t lock;	/* see above */
	siphash_key_t key;
	struct dnfs4_dial_pause pauses[DNFS4_DIAL_PAUSES];
};

void dnfs4_dials_init(struct dnfs4_dials *dials);
u32 dnfs4_dial_pause_ms(u32 failures);
bool dnfs4_dial_is_allowed(const struct dnfs4_callback_addr *to, const struct sockaddr *from);
bool dnfs4_dial_is_due(struct dnfs4_dials *dials, const struct sockaddr *to, unsigned long *due);
void dnfs4_dial_answered(struct dnfs4_dials *dials, const struct sockaddr *to);

#endif
