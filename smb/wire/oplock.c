// SPDX-License-Identifier: GPL-2.0-only
/*
 * Oplocks and leases on the wire: MS-SMB2 sections 2.2.13, 2.2.13.2.8, 2.2.13.2.10. Oplock levels
 * are converted to caching bits and back, and leases are encoded.
 */
#include <linux/kernel.h>

#include "../../lockd/matrix.h"
#include "builder.h"
#include "oplock.h"

/* From the strongest to the weakest. */
static const struct {
	u8 level;
	u8 bits;
} dsmb_oplock_levels[] = {
	{ DSMB_OPLOCK_BATCH, DITTO_LEASE_ALL },
	{ DSMB_OPLOCK_EXCLUSIVE, DITTO_LEASE_READ | DITTO_LEASE_WRITE },
	{ DSMB_OPLOCK_II, DITTO_LEASE_READ },
};

/*
 * Convert an oplock level to caching bits. Return: DITTO_LEASE_* bits; 0 for none or an unknown
 * level.
 */
u8 dsmb_oplock_bits(u8 level)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_oplock_levels); i++)
		if (dsmb_oplock_levels[i].level == level)
			return dsmb_oplock_levels[i].bits;
	return 0;
}

/*
 * Find the best oplock level within caching bits. Return: the highest level that needs no other
 * bits.
 */
u8 dsmb_oplock_level(u8 bits)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_oplock_levels); i++)
		if (!(dsmb_oplock_levels[i].bits & ~bits))
			return dsmb_oplock_levels[i].level;
	return DSMB_OPLOCK_NONE;
}

/*
 * Reduce a lease state to a valid one. Return: DITTO_LEASE_* bits; 0 without READ, because nothing
 * can be cached then.
 */
u8 dsmb_lease_bits(u32 state)
{
	return state & DITTO_LEASE_READ ? state & DITTO_LEASE_ALL : 0;
}

/* Encode the data of the RqLs response context. MS-SMB2 sections 2.2.14.2.10 and 2.2.14.2.11. */
void dsmb_caching_encode(struct dsmb_builder *out, const struct dsmb_caching *answer)
{
	dsmb_encode_bytes(out, answer->key, sizeof(answer->key));
	dsmb_encode_u32(out, answer->state);
	dsmb_encode_u32(out, answer->flags);
	dsmb_encode_u64(out, 0);
	if (answer->version == 1)
		return;
	dsmb_encode_bytes(out, answer->parent, sizeof(answer->parent));
	dsmb_encode_u16(out, answer->epoch);
	dsmb_encode_u16(out, 0);
}
