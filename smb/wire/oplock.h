/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oplocks and leases on the wire: oplock levels, lease states, and the RqLs create context.
 *
 * Both are caching grants of the lock table. An oplock belongs to a single open, and its level
 * stands for a set of caching bits. A lease names the bits themselves, which have the values of
 * DITTO_LEASE_*.
 */
#ifndef _DITTO_SMB_WIRE_OPLOCK_H
#define _DITTO_SMB_WIRE_OPLOCK_H

#include <linux/bits.h>
#include <linux/types.h>

struct dsmb_builder;

/* OplockLevel: MS-SMB2 section 2.2.13 */
#define DSMB_OPLOCK_NONE	0x00
#define DSMB_OPLOCK_II		0x01
#define DSMB_OPLOCK_EXCLUSIVE	0x08
#define DSMB_OPLOCK_BATCH	0x09
#define DSMB_OPLOCK_LEASE	0xff

#define DSMB_LEASE_KEY_SIZE	16

/* Flags of a lease: MS-SMB2 sections 2.2.13.2.10 and 2.2.14.2.11 */
#define DSMB_LEASE_BREAKING	BIT(1)
#define DSMB_LEASE_HAS_PARENT	BIT(2)

/**
 * struct dsmb_caching - caching requested by or granted to a CREATE
 * @level: OplockLevel; the members below count only for DSMB_OPLOCK_LEASE
 * @version: version of the create context, 1 or 2
 * @key: LeaseKey
 * @parent: ParentLeaseKey
 * @state: LeaseState as DITTO_LEASE_* bits in a valid combination
 * @flags: DSMB_LEASE_*
 * @epoch: Epoch
 */
struct dsmb_caching {
	u8 level;
	u8 version;
	u8 key[DSMB_LEASE_KEY_SIZE];
	u8 parent[DSMB_LEASE_KEY_SIZE];
	u8 state;
	u32 flags;
	u16 epoch;
};

void dsmb_caching_encode(struct dsmb_builder *out, const struct dsmb_caching *answer);

/* True if anything is granted. */
static inline bool dsmb_caching_is_some(const struct dsmb_caching *c)
{
	return c->level == DSMB_OPLOCK_LEASE ? c->state : c->level;
}

u8 dsmb_oplock_bits(u8 level);
u8 dsmb_oplock_level(u8 bits);
u8 dsmb_lease_bits(u32 state);

#endif
