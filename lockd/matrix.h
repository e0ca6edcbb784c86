/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conflict matrix: operations, kinds of claims, and the rule for each pair. The matrix is
 * data in matrix.c; Documentation/locking.md shows it.
 */
#ifndef _DITTO_LOCKD_MATRIX_H
#define _DITTO_LOCKD_MATRIX_H

#include <linux/bits.h>
#include <linux/types.h>

/* Access and deny bits of an open; I/O without an open is checked as such bits, too. */
#define DITTO_OPEN_READ		BIT(0)
#define DITTO_OPEN_WRITE	BIT(1)
#define DITTO_OPEN_DELETE	BIT(2)
/* Additional bits of an intent to open. No claim keeps them, and no deny bit affects them. */
#define DITTO_OPEN_EMPTY	BIT(3)	/* truncates: breaks grants as DITTO_INTENT_SIZE does */
#define DITTO_OPEN_OTHER	BIT(4)	/* needs more than attributes */
#define DITTO_OPEN_REMOVE	BIT(5)	/* deletes at close: breaks as DITTO_INTENT_REMOVE */
#define DITTO_OPEN_ACL		BIT(6)	/* reads the access control list, maybe nothing else */
#define DITTO_OPEN_KEPT		(DITTO_OPEN_READ | DITTO_OPEN_WRITE | DITTO_OPEN_DELETE)

/* Bits of a caching grant. On a directory, READ covers its entries. */
#define DITTO_LEASE_READ	BIT(0)	/* may answer reads from its cache */
#define DITTO_LEASE_HANDLE	BIT(1)	/* may keep its opens beyond the application's close */
#define DITTO_LEASE_WRITE	BIT(2)	/* may keep writes and byte-range locks to itself */
#define DITTO_LEASE_ALL		(DITTO_LEASE_READ | DITTO_LEASE_HANDLE | DITTO_LEASE_WRITE)

/**
 * enum ditto_intent_kind - operations on a node that are checked
 * @DITTO_INTENT_READ: read a range
 * @DITTO_INTENT_WRITE: write a range
 * @DITTO_INTENT_SIZE: change the size; the range is the bytes that appear or vanish
 * @DITTO_INTENT_GETATTR: read attributes
 * @DITTO_INTENT_SETATTR: change other attributes, ACLs, extended attributes
 * @DITTO_INTENT_OPEN: open with access and deny bits
 * @DITTO_INTENT_REMOVE: remove a name of the node
 * @DITTO_INTENT_RENAME: rename the node
 * @DITTO_INTENT_REPLACE: remove a name of the node by renaming another one over it
 * @DITTO_INTENT_LINK: add a name to the node
 * @DITTO_INTENT_ENTRY: change the entries of the directory
 * @DITTO_INTENT_CHILD: change attributes or data of an object that an entry of the directory names
 * @DITTO_INTENT_RANGE_SHARED: claim a shared range
 * @DITTO_INTENT_RANGE_EXCLUSIVE: claim an exclusive range
 * @DITTO_INTENTS: number of kinds
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
 * enum ditto_held - kinds of claims, which are the rows of the matrix
 * @DITTO_HELD_POSIX_SHARED: a shared range, POSIX discipline
 * @DITTO_HELD_POSIX_EXCLUSIVE: an exclusive range, POSIX discipline
 * @DITTO_HELD_EXACT_SHARED: a shared range, EXACT discipline
 * @DITTO_HELD_EXACT_EXCLUSIVE: an exclusive range, EXACT discipline
 * @DITTO_HELD_OPEN: an open with access and deny bits
 * @DITTO_HELD_LEASE: a caching grant whose holder sends its opens to the server
 * @DITTO_HELD_DELEGATION: a caching grant whose holder checks opens and attributes locally, so
 *	that it must be recalled before others open for writing or change attributes
 * @DITTO_HELD_DIRECTORY: a caching grant on a directory whose holder is notified of changes
 *	without being waited for
 * @DITTO_HELD_DIRECTORY_DELEGATION: one that must be returned before anything changes
 * @DITTO_HELDS: number of kinds
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

/* Claims that are exempt from a cell of the matrix. */
enum ditto_exempt {
	DITTO_EXEMPT_NONE,	/* none: a holder conflicts with itself */
	DITTO_EXEMPT_OWNER,	/* the same owner */
	DITTO_EXEMPT_CLIENT,	/* every owner of the same client */
};

/* Action of a cell of the matrix if the exemption does not apply. */
enum ditto_rule_action {
	DITTO_RULE_ALLOW,
	DITTO_RULE_DENY,	/* if the ranges overlap */
	DITTO_RULE_DENY_MODE,	/* if access and deny bits cross */
	DITTO_RULE_BREAK,	/* the holder gives up bits first */
};

/**
 * struct ditto_matrix_cell - one cell of the matrix
 * @action: enum ditto_rule_action
 * @exempt: enum ditto_exempt
 * @gives_up: caching bits that DITTO_RULE_BREAK takes, as far as they are held
 * @waits_for: subset of @gives_up that must be returned before the operation continues; for the
 *	other bits the holder is only notified
 * @gives_up_to_write: bits taken and waited for if the intent opens for writing
 * @opens_itself: the holder opens for reading without asking, so that an intent to open that
 *	denies reading takes the same as one for writing
 * @exact_only: the cell denies only callers whose own ranges are mandatory (EXACT): an advisory
 *	range stops those
 */
struct ditto_matrix_cell {
	u8 action;
	u8 exempt;
	u8 gives_up;
	u8 waits_for;
	u8 gives_up_to_write;
	bool opens_itself;
	bool exact_only;
};

extern const struct ditto_matrix_cell ditto_matrix[DITTO_HELDS][DITTO_INTENTS];

/* Access that an intent implies, as if the file were opened for it. */
extern const u8 ditto_intent_access[DITTO_INTENTS];

/* Bits of ditto_lock_ctx.summary: kinds of claims on the node. */
#define DITTO_SUM_RANGE		BIT(0)	/* a POSIX range */
#define DITTO_SUM_EXACT		BIT(1)	/* a mandatory range */
#define DITTO_SUM_DENY_READ	BIT(2)	/* DITTO_SUM_DENY_READ << n is DITTO_OPEN_READ << n */
#define DITTO_SUM_DENY_WRITE	BIT(3)
#define DITTO_SUM_DENY_DELETE	BIT(4)
#define DITTO_SUM_OPEN		BIT(5)
#define DITTO_SUM_LEASE_READ	BIT(6)	/* DITTO_SUM_LEASE_READ << n is DITTO_LEASE_READ << n */
#define DITTO_SUM_LEASE_HANDLE	BIT(7)
#define DITTO_SUM_LEASE_WRITE	BIT(8)
#define DITTO_SUM_NOTIFY	BIT(9)	/* a grant gets changes delivered */
#define DITTO_SUM_WAIT		BIT(10)	/* a request waits in the queue */

/*
 * Summary bits that can conflict with an intent. The second row is for callers that advisory
 * ranges stop. Computed from the matrix once.
 */
extern u32 ditto_intent_mask[2][DITTO_INTENTS];

void ditto_matrix_init(void);

/* Names for people, traces and the table in the documentation. */
extern const char *const ditto_intent_names[DITTO_INTENTS];
extern const char *const ditto_held_names[DITTO_HELDS];

#endif
