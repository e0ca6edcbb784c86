/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens and caching grants of a node, found by key and by what they are.
 *
 * What is held under one key, opens and at most one grant, is one struct
 * ditto_holder. The holders are in one tree, and each node of it knows what its
 * subtree contains. A question therefore goes straight to the opens and grants
 * that matter to it, however many others there are.
 *
 * An open of a holder that caches HANDLE is hidden: its user may have closed it.
 *
 * Locking: all under ctx->lock.
 */
#ifndef _DITTO_LOCKD_HOLDER_H
#define _DITTO_LOCKD_HOLDER_H

#include <linux/bits.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "matrix.h"

struct ditto_lease;
struct ditto_lock_ctx;
struct ditto_client;
struct ditto_open;
struct ditto_owner;

/*
 * Access and deny bits of an open in one word, with one more if it reads the access control
 * list, and how far to shift it in a summary.
 */
#define DITTO_MODES_DENY	3
#define DITTO_MODES_ALL		0x3f	/* the access and deny bits */
#define DITTO_MODES_ACL		BIT(6)
#define DITTO_MODES_SHOWN	0	/* the opens are not hidden */
#define DITTO_MODES_HIDDEN	7	/* they are */
#define DITTO_MODES_ASKED	14	/* they are, and the holder was asked to give up HANDLE */
#define DITTO_HOLDER_BREAKING	BIT(21)	/* an answer is awaited */
#define DITTO_HOLDER_NOTIFY	BIT(22)	/* changes of entries are delivered */

static inline u8 ditto_modes(u8 access, u8 deny)
{
	return (access & DITTO_OPEN_KEPT) | (deny & DITTO_OPEN_KEPT) << DITTO_MODES_DENY;
}

/* Opens with these modes, hidden or not. */
static inline u32 ditto_modes_any(u8 modes)
{
	return modes << DITTO_MODES_SHOWN | modes << DITTO_MODES_HIDDEN |
	       modes << DITTO_MODES_ASKED;
}

/**
 * struct ditto_class - a kind of grant: what decides what a question takes of it
 * @held: row of the matrix
 * @older: see struct ditto_lease_request
 * @notify: see there
 * @bits: DITTO_LEASE_* bits; READ is always among them
 */
struct ditto_class {
	enum ditto_held held;
	bool older;
	bool notify;
	u8 bits;
};

/* There are no more than 64, so a set of classes is one word. */
static inline u64 ditto_class_bit(struct ditto_class c)
{
	return BIT_ULL((c.held - DITTO_HELD_LEASE) << 4 | c.older << 3 | c.notify << 2 |
		       c.bits >> 1);
}

static inline struct ditto_class ditto_class_at(unsigned int bit)
{
	return (struct ditto_class) {
		.held = DITTO_HELD_LEASE + (bit >> 4), .older = bit & 8, .notify = bit & 4,
		.bits = (bit & 3) << 1 | DITTO_LEASE_READ,
	};
}

/* The classes with WRITE. */
#define DITTO_CLASSES_WRITE	0xccccccccccccccccULL

/**
 * struct ditto_holder_sum - what is to be found at a holder, or at some
 * @held: classes of their grants
 * @left: the same, by what nobody has asked back yet
 * @modes: of their opens, and DITTO_HOLDER_* bits
 *
 * As a question: what is looked for, any of it.
 */
struct ditto_holder_sum {
	u64 held;
	u64 left;
	u32 modes;
};

/**
 * struct ditto_holder - what is held under one key on a node
 * @by_key: in ctx->holders, by bytes of the key
 * @key: held by the opens and the grant; NULL is that of all who cannot cache
 * @grant: or NULL
 * @opens: struct ditto_open, by client and owner
 * @own: what is here
 * @subtree: what is in the subtree
 */
struct ditto_holder {
	struct rb_node by_key;
	struct ditto_owner *key;
	struct ditto_lease *grant;
	struct rb_root_cached opens;
	struct ditto_holder_sum own;
	struct ditto_holder_sum subtree;
};

/* What is on the node at all. */
struct ditto_holder_sum ditto_holders_sum(const struct ditto_lock_ctx *ctx);

struct ditto_holder *ditto_holder_find(struct ditto_lock_ctx *ctx,
				       const struct ditto_owner *key);

/* The first holder, in the order of keys, with any of @sum; or NULL. */
struct ditto_holder *ditto_holder_first(struct ditto_lock_ctx *ctx,
					const struct ditto_holder_sum *sum);
struct ditto_holder *ditto_holder_next(struct ditto_holder *holder,
				       const struct ditto_holder_sum *sum);
/* The first behind a key, which may have no holder any more; with @alike, behind all like it. */
struct ditto_holder *ditto_holder_behind(struct ditto_lock_ctx *ctx,
					 const struct ditto_owner *key, bool alike,
					 const struct ditto_holder_sum *sum);
/* The first that has another key than this. */
struct ditto_holder *ditto_holder_other(struct ditto_lock_ctx *ctx,
					const struct ditto_owner *key,
					const struct ditto_holder_sum *sum);

/* The first open of a holder, in the order of clients and owners, with any of these modes. */
struct ditto_open *ditto_holder_open(struct ditto_holder *holder, u8 modes);
/* The first behind all of this owner; with NULL, behind all of this client. */
struct ditto_open *ditto_holder_open_behind(struct ditto_holder *holder,
					    const struct ditto_client *client,
					    const struct ditto_owner *owner, u8 modes);

/* The first of this client. */
struct ditto_open *ditto_holder_open_of(struct ditto_holder *holder,
					const struct ditto_client *client, u8 modes);

/*
 * Put an open or a grant on the node, under its key. @fresh becomes the holder, and NULL, if
 * there is none yet.
 */
void ditto_holder_add_open(struct ditto_lock_ctx *ctx, struct ditto_open *open,
			   struct ditto_holder **fresh);
void ditto_holder_add_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease,
			    struct ditto_holder **fresh);
void ditto_holder_del_open(struct ditto_lock_ctx *ctx, struct ditto_open *open);
void ditto_holder_del_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease);
/* Access or deny bits have changed. */
void ditto_holder_update_open(struct ditto_open *open);
/* The bits, the state, the target or the courtesy of a lease have changed. */
void ditto_holder_update(struct ditto_lease *lease);

#if IS_ENABLED(CONFIG_KUNIT)
/* Most steps under one hold of a lock of claims, for tests. */
extern unsigned long ditto_steps_max;
void ditto_step(void);
void ditto_steps_end(void);
#else
static inline void ditto_step(void) {}
static inline void ditto_steps_end(void) {}
#endif

#endif
