// SPDX-License-Identifier: GPL-2.0-only
/*
 * Oplocks and leases on the wire: MS-SMB2 sections 2.2.13, 2.2.13.2.8, 2.2.13.2.10. Oplock levels
 * are converted to caching bits and back, and the RqLs create context is read and encoded.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "../../lockd/matrix.h"
#include "../transport/builder.h"
#include "../transport/conn.h"
#include "create_context.h"
#include "oplock.h"

#define DSMB_LEASE_V2_SIZE	52

/* From the strongest to the weakest. */
static const struct {
	u8 level;
	u8 bits;
} dsmb_oplock_levels[] = {
	{ DSMB_OPLOCK_BATCH, DITTO_LEASE_ALL },
	{ DSMB_OPLOCK_EXCLUSIVE, DITTO_LEASE_READ | DITTO_LEASE_WRITE },
	{ DSMB_OPLOCK_II, DITTO_LEASE_READ },
};

u8 dsmb_oplock_bits(u8 level)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_oplock_levels); i++)
		if (dsmb_oplock_levels[i].level == level)
			return dsmb_oplock_levels[i].bits;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_oplock_bits);

u8 dsmb_oplock_level(u8 bits)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dsmb_oplock_levels); i++)
		if (!(dsmb_oplock_levels[i].bits & ~bits))
			return dsmb_oplock_levels[i].level;
	return DSMB_OPLOCK_NONE;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_oplock_level);

u8 dsmb_lease_bits(u32 state)
{
	return state & DITTO_LEASE_READ ? state & DITTO_LEASE_ALL : 0;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_lease_bits);

/* MS-SMB2 section 3.3.5.9.8, and section 3.3.5.9.11 for version 2, which needs SMB 3.x. */
static void dsmb_lease_parse(const struct dsmb_conn *conn, struct dsmb_cursor data,
			     struct dsmb_caching *asked)
{
	bool second = data.size == DSMB_LEASE_V2_SIZE;

	if (second && !dsmb_conn_is_3x(conn))
		return;
	asked->level = DSMB_OPLOCK_LEASE;
	asked->version = second ? 2 : 1;
	dsmb_get_bytes(&data, asked->key, sizeof(asked->key));
	asked->state = dsmb_lease_bits(dsmb_get_u32(&data));
	asked->flags = dsmb_get_u32(&data) & DSMB_LEASE_HAS_PARENT;
	dsmb_skip(&data, 8);
	if (!second) {
		asked->flags = 0;
		return;
	}
	dsmb_get_bytes(&data, asked->parent, sizeof(asked->parent));
	/*
	 * MS-SMB2 section 2.2.13.2.10: without the flag ParentLeaseKey is ignored, and is zero in
	 * the response.
	 */
	if (!asked->flags)
		memset(asked->parent, 0, sizeof(asked->parent));
	asked->epoch = dsmb_get_u16(&data);
}

void dsmb_caching_parse(const struct dsmb_conn *conn, u8 level,
			const struct dsmb_contexts *contexts, struct dsmb_caching *asked)
{
	memset(asked, 0, sizeof(*asked));
	if (level != DSMB_OPLOCK_LEASE)
		asked->level = dsmb_oplock_bits(level) ? level : DSMB_OPLOCK_NONE;
	else if (dsmb_has_context(contexts, DSMB_CONTEXT_LEASE))
		dsmb_lease_parse(conn, contexts->data[DSMB_CONTEXT_LEASE], asked);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_caching_parse);

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
EXPORT_SYMBOL_IF_KUNIT(dsmb_caching_encode);
