// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conflict matrix. A cell that is not listed allows the operation.
 *
 * References: RANGE rows follow MS-FSA sections 2.1.4.10 and 2.1.5.8 for EXACT
 * ranges and RFC 8881 section 9.4 for POSIX ones; OPEN follows MS-FSA section
 * 2.1.5.1.2.2 and RFC 8881 section 9.7; LEASE follows MS-FSA section 2.1.4.12;
 * DELEGATION follows RFC 8881 sections 10.4 and 10.9.
 */
#include <linux/cache.h>

#include "matrix.h"

/* Denied while the ranges overlap, except for exempt callers. */
#define DENIES(_exempt) \
	{ .action = DITTO_RULE_DENY, .exempt = DITTO_EXEMPT_##_exempt }
/* An advisory range: denied only to callers whose own ranges are mandatory. */
#define DENIES_EXACT \
	{ .action = DITTO_RULE_DENY, .exempt = DITTO_EXEMPT_OWNER, .exact_only = true }
#define DENIES_MODE \
	{ .action = DITTO_RULE_DENY_MODE, .exempt = DITTO_EXEMPT_OWNER }
/* The holder gives up _bits; the operation waits until it has given up _waits. */
#define BREAKS(_exempt, _bits, _waits) \
	{ .action = DITTO_RULE_BREAK, .exempt = DITTO_EXEMPT_##_exempt, \
	  .gives_up = (_bits), .waits_for = (_waits) }
#define BREAKS_WRITER(_exempt, _bits, _waits, _to_write) \
	{ .action = DITTO_RULE_BREAK, .exempt = DITTO_EXEMPT_##_exempt, \
	  .gives_up = (_bits), .waits_for = (_waits), .gives_up_to_write = (_to_write) }

/* The same, and an open that denies reading takes as much. */
#define BREAKS_OPENER(_exempt, _bits, _waits, _to_write) \
	{ .action = DITTO_RULE_BREAK, .exempt = DITTO_EXEMPT_##_exempt, .opens_itself = true, \
	  .gives_up = (_bits), .waits_for = (_waits), .gives_up_to_write = (_to_write) }

#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE
#define W DITTO_LEASE_WRITE
#define RHW DITTO_LEASE_ALL

const struct ditto_matrix_cell ditto_matrix[DITTO_HELDS][DITTO_INTENTS] = {
	[DITTO_HELD_POSIX_SHARED] = {
		[DITTO_INTENT_WRITE]		= DENIES_EXACT,
		[DITTO_INTENT_SIZE]		= DENIES_EXACT,
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= DENIES(OWNER),
	},
	[DITTO_HELD_POSIX_EXCLUSIVE] = {
		[DITTO_INTENT_READ]		= DENIES_EXACT,
		[DITTO_INTENT_WRITE]		= DENIES_EXACT,
		[DITTO_INTENT_SIZE]		= DENIES_EXACT,
		[DITTO_INTENT_RANGE_SHARED]	= DENIES(OWNER),
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= DENIES(OWNER),
	},
	/* A shared EXACT range forbids writing even to its owner. */
	[DITTO_HELD_EXACT_SHARED] = {
		[DITTO_INTENT_WRITE]		= DENIES(NONE),
		[DITTO_INTENT_SIZE]		= DENIES(NONE),
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= DENIES(NONE),
	},
	/* An owner may stack a shared range on its exclusive one, not the reverse. */
	[DITTO_HELD_EXACT_EXCLUSIVE] = {
		[DITTO_INTENT_READ]		= DENIES(OWNER),
		[DITTO_INTENT_WRITE]		= DENIES(OWNER),
		[DITTO_INTENT_SIZE]		= DENIES(OWNER),
		[DITTO_INTENT_RANGE_SHARED]	= DENIES(OWNER),
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= DENIES(NONE),
	},
	/* I/O without an open is checked as if the file were opened for it. */
	[DITTO_HELD_OPEN] = {
		[DITTO_INTENT_READ]		= DENIES_MODE,
		[DITTO_INTENT_WRITE]		= DENIES_MODE,
		[DITTO_INTENT_SIZE]		= DENIES_MODE,
		[DITTO_INTENT_OPEN]		= DENIES_MODE,
		[DITTO_INTENT_REMOVE]		= DENIES_MODE,
		[DITTO_INTENT_RENAME]		= DENIES_MODE,
		[DITTO_INTENT_REPLACE]		= DENIES_MODE,
	},
	/*
	 * READ stays cached when another client opens for writing, until it writes. A write takes
	 * all bits in one break: a handle that is kept open over changed data is worthless. The
	 * operation waits only for WRITE, which covers what the holder has not written back yet.
	 */
	[DITTO_HELD_LEASE] = {
		[DITTO_INTENT_READ]		= BREAKS(OWNER, W, W),
		[DITTO_INTENT_WRITE]		= BREAKS(OWNER, RHW, W),
		[DITTO_INTENT_SIZE]		= BREAKS(OWNER, RHW, W),
		[DITTO_INTENT_OPEN]		= BREAKS(OWNER, W, W),
		[DITTO_INTENT_REMOVE]		= BREAKS(OWNER, H, H),
		[DITTO_INTENT_RENAME]		= BREAKS(OWNER, H, H),
		[DITTO_INTENT_REPLACE]		= BREAKS(OWNER, H, H),
		[DITTO_INTENT_RANGE_SHARED]	= BREAKS(OWNER, W, W),
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= BREAKS(OWNER, R | W, W),
	},
	/*
	 * The holder answers opens, attributes and names locally, so any operation that makes its
	 * answers wrong recalls the grant. Reading attributes does not: a holder of WRITE is asked
	 * for size and change attribute.
	 */
	[DITTO_HELD_DELEGATION] = {
		[DITTO_INTENT_READ]		= BREAKS(CLIENT, W, W),
		[DITTO_INTENT_WRITE]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_SIZE]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_SETATTR]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_OPEN]		= BREAKS_OPENER(CLIENT, W, W, RHW),
		[DITTO_INTENT_REMOVE]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_RENAME]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_REPLACE]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_LINK]		= BREAKS(CLIENT, RHW, RHW),
		[DITTO_INTENT_RANGE_SHARED]	= BREAKS(CLIENT, W, W),
		[DITTO_INTENT_RANGE_EXCLUSIVE]	= BREAKS(CLIENT, R | W, R | W),
	},
	/*
	 * READ of a directory covers its entries with the sizes, times and attributes of the
	 * objects they name; HANDLE covers the directory's own name and existence.
	 */
	[DITTO_HELD_DIRECTORY] = {
		[DITTO_INTENT_ENTRY]		= BREAKS(OWNER, R, 0),
		[DITTO_INTENT_CHILD]		= BREAKS(OWNER, R, 0),
		[DITTO_INTENT_REMOVE]		= BREAKS(OWNER, R | H, H),
		[DITTO_INTENT_RENAME]		= BREAKS(OWNER, H, H),
		[DITTO_INTENT_REPLACE]		= BREAKS(OWNER, R | H, H),
	},
	/* The entries are names only (RFC 8881 section 10.9). */
	[DITTO_HELD_DIRECTORY_DELEGATION] = {
		[DITTO_INTENT_SETATTR]		= BREAKS(CLIENT, R | H, R | H),
		[DITTO_INTENT_ENTRY]		= BREAKS(CLIENT, R, R),
		[DITTO_INTENT_REMOVE]		= BREAKS(CLIENT, R | H, R | H),
		[DITTO_INTENT_RENAME]		= BREAKS(CLIENT, R | H, R | H),
		[DITTO_INTENT_REPLACE]		= BREAKS(CLIENT, R | H, R | H),
	},
};

const u8 ditto_intent_access[DITTO_INTENTS] = {
	[DITTO_INTENT_READ]	= DITTO_OPEN_READ,
	[DITTO_INTENT_WRITE]	= DITTO_OPEN_WRITE,
	[DITTO_INTENT_SIZE]	= DITTO_OPEN_WRITE,
	[DITTO_INTENT_REMOVE]	= DITTO_OPEN_DELETE,
	[DITTO_INTENT_RENAME]	= DITTO_OPEN_DELETE,
	[DITTO_INTENT_REPLACE]	= DITTO_OPEN_DELETE,
};

u32 ditto_intent_mask[2][DITTO_INTENTS] __read_mostly;

/* The summary bits that one cell depends on. */
static u32 cell_mask(enum ditto_held held, enum ditto_intent_kind intent, bool exact)
{
	const struct ditto_matrix_cell *cell = &ditto_matrix[held][intent];

	switch (cell->action) {
	case DITTO_RULE_DENY:
		if (cell->exact_only && !exact)
			return 0;
		return held < DITTO_HELD_EXACT_SHARED ? DITTO_SUM_RANGE : DITTO_SUM_EXACT;
	case DITTO_RULE_DENY_MODE:
		if (intent != DITTO_INTENT_OPEN)
			return ditto_intent_access[intent] * DITTO_SUM_DENY_READ;
		return DITTO_SUM_OPEN;
	case DITTO_RULE_BREAK:
		return (cell->gives_up | cell->gives_up_to_write) * DITTO_SUM_LEASE_READ;
	}
	return 0;
}

/* Computes ditto_intent_mask[]. Idempotent; serialised by the caller. */
void ditto_matrix_init(void)
{
	for (int exact = 0; exact < 2; exact++) {
		for (int intent = 0; intent < DITTO_INTENTS; intent++) {
			u32 mask = 0;

			for (int held = 0; held < DITTO_HELDS; held++)
				mask |= cell_mask(held, intent, exact);
			ditto_intent_mask[exact][intent] = mask;
		}
	}
}

const char *const ditto_intent_names[DITTO_INTENTS] = {
	[DITTO_INTENT_READ]		= "read",
	[DITTO_INTENT_WRITE]		= "write",
	[DITTO_INTENT_SIZE]		= "size",
	[DITTO_INTENT_GETATTR]		= "getattr",
	[DITTO_INTENT_SETATTR]		= "setattr",
	[DITTO_INTENT_OPEN]		= "open",
	[DITTO_INTENT_REMOVE]		= "remove",
	[DITTO_INTENT_RENAME]		= "rename",
	[DITTO_INTENT_REPLACE]		= "replace",
	[DITTO_INTENT_LINK]		= "link",
	[DITTO_INTENT_ENTRY]		= "entry",
	[DITTO_INTENT_CHILD]		= "child",
	[DITTO_INTENT_RANGE_SHARED]	= "lock shared",
	[DITTO_INTENT_RANGE_EXCLUSIVE]	= "lock exclusive",
};

const char *const ditto_held_names[DITTO_HELDS] = {
	[DITTO_HELD_POSIX_SHARED]	= "POSIX range, shared",
	[DITTO_HELD_POSIX_EXCLUSIVE]	= "POSIX range, exclusive",
	[DITTO_HELD_EXACT_SHARED]	= "EXACT range, shared",
	[DITTO_HELD_EXACT_EXCLUSIVE]	= "EXACT range, exclusive",
	[DITTO_HELD_OPEN]		= "open",
	[DITTO_HELD_LEASE]		= "lease",
	[DITTO_HELD_DELEGATION]		= "delegation",
	[DITTO_HELD_DIRECTORY]		= "directory",
	[DITTO_HELD_DIRECTORY_DELEGATION] = "directory delegation",
};
