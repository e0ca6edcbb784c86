/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oplocks and leases on the wire: levels, lease states, the RqLs context.
 *
 * Both are caching grants of the lock table. An oplock is one of a single open,
 * and its level stands for a set of bits; a lease says the bits themselves,
 * which are those of DITTO_LEASE_*.
 */
#ifndef _DITTO_SMB_OPEN_OPLOCK_H
#define _DITTO_SMB_OPEN_OPLOCK_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../transport/cursor.h"

struct dsmb_builder;
struct dsmb_conn;
struct dsmb_contexts;

/* OplockLevel: MS-SMB2 section 2.2.13 */
#define DSMB_OPLOCK_NONE	0x00
#define DSMB_OPLOCK_II		0x01
#define DSMB_OPLOCK_EXCLUSIVE	0x08
#define DSMB_OPLOCK_BATCH	0x09
#define DSMB_OPLOCK_LEASE	0xff

#define DSMB_LEASE_KEY_SIZE	16

/* Flags of a lease: 2.2.13.2.10, 2.2.14.2.11 */
#define DSMB_LEASE_BREAKING	BIT(1)
#define DSMB_LEASE_HAS_PARENT	BIT(2)

/**
 * struct dsmb_caching - what a CREATE asks for, or is answered
 * @level: OplockLevel; LEASE if the rest counts
 * @version: of the context, 1 or 2
 * @key: LeaseKey
 * @parent: ParentLeaseKey
 * @state: LeaseState, DITTO_LEASE_* bits that make sense together
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

/**
 * dsmb_caching_parse - what a CREATE asks for
 * @conn: negotiated what there can be
 * @level: RequestedOplockLevel
 * @contexts: of the CREATE
 * @asked: filled; NONE for what cannot be had
 */
void dsmb_caching_parse(const struct dsmb_conn *conn, u8 level,
			const struct dsmb_contexts *contexts, struct dsmb_caching *asked);
/* The data of the RqLs context of an answer. */
void dsmb_caching_put(struct dsmb_builder *out, const struct dsmb_caching *answer);

static inline bool dsmb_caching_is_some(const struct dsmb_caching *c)
{
	return c->level == DSMB_OPLOCK_LEASE ? c->state : c->level;
}

/* The bits that an oplock of a level stands for. */
u8 dsmb_oplock_bits(u8 level);
/* The best level that needs no more than these bits. */
u8 dsmb_oplock_level(u8 bits);
/* What of these bits makes sense as a lease: without READ there is nothing. */
u8 dsmb_lease_bits(u32 state);

#endif
