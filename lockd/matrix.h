/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What conflicts with what: intents, what can be held, and the matrix between
 * them. The matrix is data in matrix.c; Documentation/locking.md shows it.
 */
#ifndef _DITTO_LOCKD_MATRIX_H
#define _DITTO_LOCKD_MATRIX_H

#include <linux/bits.h>
#include <linux/types.h>

/* Access and deny bits of an open; also what an I/O without an open is checked as. */
#define DITTO_OPEN_READ		BIT(0)
#define DITTO_OPEN_WRITE	BIT(1)
#define DITTO_OPEN_DELETE	BIT(2)
/* Of the intent to open, besides: no claim keeps them, and no deny bit meets them. */
#define DITTO_OPEN_EMPTY	BIT(3)	/* the data goes: caches are taken as by a change of size */
#define DITTO_OPEN_OTHER	BIT(4)	/* it is for more than looking at attributes */
#define DITTO_OPEN_REMOVE	BIT(5)	/* the name goes at the close: the same */
#define DITTO_OPEN_ACL		BIT(6)	/* it reads the access control list, and that may be all */
#define DITTO_OPEN_KEPT		(DITTO_OPEN_READ | DITTO_OPEN_WRITE | DITTO_OPEN_DELETE)

/* What a holder may keep to itself. On a directory, READ is its entries. */
#define DITTO_LEASE_READ	BIT(0)	/* answers reads from its cache */
#define DITTO_LEASE_HANDLE	BIT(1)	/* keeps its opens beyond the user's close */
#define DITTO_LEASE_WRITE	BIT(2)	/* keeps writes, and ranges, to itself */
#define DITTO_LEASE_ALL		(DITTO_LEASE_READ | DITTO_LEASE_HANDLE | DITTO_LEASE_WRITE)

/**
 * enum ditto_intent_kind - what an operation is about to do to a node
 * @DITTO_INTENT_READ: read a range
 * @DITTO_INTENT_WRITE: write a range
 * @DITTO_INTENT_SIZE: change the size; the range is what appears or vanishes
 * @DITTO_INTENT_GETATTR: read attributes
 * @DITTO_INTENT_SETATTR: change other attributes, ACLs, extended attributes
 * @DITTO_INTENT_OPEN: open with access and deny bits
 * @DITTO_INTENT_REMOVE: remove a name of the node
 * @DITTO_INTENT_RENAME: give it another name
 * @DITTO_INTENT_REPLACE: remove a name of it by renaming something over it
 * @DITTO_INTENT_LINK: give it one name more
 * @DITTO_INTENT_ENTRY: change the entries of the directory
 * @DITTO_INTENT_CHILD: change attributes or data of what an entry of the directory leads to
 * @DITTO_INTENT_RANGE_SHARED: claim a range, shared
 * @DITTO_INTENT_RANGE_EXCLUSIVE: claim a range, exclusive
 * @DITTO_INTENTS: how many there are
 */
enum ditto_intent_kind {
	DITTO_INTENT_READ,
	DITTO_INTENT_WRITE,
	DITTO_INTENT_SIZE,
	DITTO_INTENT_GETATTR,
	DITTO_INTENT_SETATTR,
	DITTO_INTENT_OPEN,
	DITTO_INTENT_REMOVE,
	DITTO_INTENT_RENAME,
	DITTO_INTENT_REPLACE,
	DITTO_INTENT_LINK,
	DITTO_INTENT_ENTRY,
	DITTO_INTENT_CHILD,
	DITTO_INTENT_RANGE_SHARED,
	DITTO_INTENT_RANGE_EXCLUSIVE,
	DITTO_INTENTS,
};

/**
 * enum ditto_held - what can be held on a node, as rows of the matrix
 * @DITTO_HELD_POSIX_SHARED: a shared range, POSIX discipline
 * @DITTO_HELD_POSIX_EXCLUSIVE: an exclusive range, POSIX discipline
 * @DITTO_HELD_EXACT_SHARED: a shared range, EXACT discipline
 * @DITTO_HELD_EXACT_EXCLUSIVE: an exclusive range, EXACT discipline
 * @DITTO_HELD_OPEN: an open with access and deny bits
 * @DITTO_HELD_LEASE: a caching grant whose opens the server checks
 * @DITTO_HELD_DELEGATION: a caching grant whose holder checks opens and
 *	attributes by itself, so that it must be asked before others open to write
 *	or change attributes
 * @DITTO_HELD_DIRECTORY: a caching grant on a directory whose holder is told
 *	what changed, and that is that
 * @DITTO_HELD_DIRECTORY_DELEGATION: one that is given back before anything changes
 * @DITTO_HELDS: how many there are
 */
enum ditto_held {
	DITTO_HELD_POSIX_SHARED,
	DITTO_HELD_POSIX_EXCLUSIVE,
	DITTO_HELD_EXACT_SHARED,
	DITTO_HELD_EXACT_EXCLUSIVE,
	DITTO_HELD_OPEN,
	DITTO_HELD_LEASE,
	DITTO_HELD_DELEGATION,
	DITTO_HELD_DIRECTORY,
	DITTO_HELD_DIRECTORY_DELEGATION,
	DITTO_HELDS,
};

/* The first rows are ranges, the last are caching grants. */
#define DITTO_RANGE_ROWS	DITTO_HELD_OPEN

static inline bool ditto_held_is_range(enum ditto_held held)
{
	return held < DITTO_HELD_OPEN;
}

static inline bool ditto_held_is_lease(enum ditto_held held)
{
	return held > DITTO_HELD_OPEN;
}

/* Who is exempt from a cell of the matrix. */
enum ditto_exempt {
	DITTO_EXEMPT_NONE,	/* nobody: a holder conflicts with itself */
	DITTO_EXEMPT_OWNER,	/* the same owner */
	DITTO_EXEMPT_CLIENT,	/* every owner of the same client */
};

/* What a cell of the matrix does if the exemption does not hold. */
enum ditto_rule_action {
	DITTO_RULE_ALLOW,
	DITTO_RULE_DENY,	/* if the ranges overlap */
	DITTO_RULE_DENY_MODE,	/* if access and deny bits cross */
	DITTO_RULE_BREAK,	/* the holder gives up bits first */
};

/**
 * struct ditto_matrix_cell - one cell
 * @action: see there
 * @exempt: see there
 * @gives_up: caching bits that DITTO_RULE_BREAK takes, of those held
 * @waits_for: those of them that must be back before the operation goes on;
 *	of the others it is enough that the holder is told
 * @gives_up_to_write: bits taken and waited for if the intent opens for writing
 * @exact_only: denies only an actor whose discipline is EXACT: an advisory
 *	range stops those who obey mandatory ones
 */
struct ditto_matrix_cell {
	u8 action;
	u8 exempt;
	u8 gives_up;
	u8 waits_for;
	u8 gives_up_to_write;
	bool exact_only;
};

extern const struct ditto_matrix_cell ditto_matrix[DITTO_HELDS][DITTO_INTENTS];

/* Access that an intent implies, as if the file were opened for it. */
extern const u8 ditto_intent_access[DITTO_INTENTS];

/* Bits of a summary: what is held on a node at all. */
#define DITTO_SUM_RANGE		BIT(0)	/* a POSIX range */
#define DITTO_SUM_EXACT		BIT(1)	/* a mandatory range */
#define DITTO_SUM_DENY_READ	BIT(2)	/* DITTO_SUM_DENY_READ << n is DITTO_OPEN_READ << n */
#define DITTO_SUM_DENY_WRITE	BIT(3)
#define DITTO_SUM_DENY_DELETE	BIT(4)
#define DITTO_SUM_OPEN		BIT(5)
#define DITTO_SUM_LEASE_READ	BIT(6)	/* DITTO_SUM_LEASE_READ << n is DITTO_LEASE_READ << n */
#define DITTO_SUM_LEASE_HANDLE	BIT(7)
#define DITTO_SUM_LEASE_WRITE	BIT(8)
#define DITTO_SUM_NOTIFY	BIT(9)	/* a holder wants changes delivered */
#define DITTO_SUM_WAIT		BIT(10)	/* a request waits */

/*
 * Which bits of a summary can conflict with an intent; the second row is for
 * actors that advisory ranges stop. Computed from the matrix once.
 */
extern u32 ditto_intent_mask[2][DITTO_INTENTS];

void ditto_matrix_init(void);

/* Names for people, traces and the table in the documentation. */
extern const char *const ditto_intent_names[DITTO_INTENTS];
extern const char *const ditto_held_names[DITTO_HELDS];

#endif
