/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens and caching grants of a node, found by key and by what they are.
 *
 * The opens with one key and the grant with that key, of which there is at most one, form one
 * struct ditto_holder. The holders are in one tree, and each node of the tree sums up its
 * subtree. A check therefore finds the opens and grants that matter to it in logarithmic time,
 * however many others there are.
 *
 * An open of a holder that caches HANDLE is hidden: the application may have closed it already.
 *
 * Locking: everything is under ctx->lock.
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
 * Access and deny bits of an open in one word, plus one bit for opens that read the access
 * control list. The SHOWN, HIDDEN and ASKED values are the shifts of that word in a
 * ditto_holder_sum.
 */
#define DITTO_MODES_DENY	3
#define DITTO_MODES_ALL		0x3f	/* the access and deny bits */
#define DITTO_MODES_ACL		BIT(6)
#define DITTO_MODES_SHOWN	0	/* the opens are not hidden */
#define DITTO_MODES_HIDDEN	7	/* the opens are hidden */
#define DITTO_MODES_ASKED	14	/* hidden, and the holder was asked to give up HANDLE */
#define DITTO_HOLDER_BREAKING	BIT(21)	/* an answer to a break is awaited */
#define DITTO_HOLDER_OPEN	BIT(22)	/* there is an open, whatever its modes */
#define DITTO_HOLDER_NOTIFY	BIT(23)	/* changes of entries are delivered */

/* The mode bits of an open with this access and deny. */
static inline u8 ditto_modes(u8 access, u8 deny)
{
	return (access & DITTO_OPEN_KEPT) | (deny & DITTO_OPEN_KEPT) << DITTO_MODES_DENY;
}

/* Mask of ditto_holder_sum.modes for opens with these modes, hidden or not. */
static inline u32 ditto_modes_any(u8 modes)
{
	return modes << DITTO_MODES_SHOWN | modes << DITTO_MODES_HIDDEN |
	       modes << DITTO_MODES_ASKED;
}

/**
 * struct ditto_grant_class - a class of caching grants: everything that decides what a check breaks
 * @held: row of the matrix
 * @older: see struct ditto_lease_request
 * @notify: see struct ditto_lease_request
 * @bits: DITTO_LEASE_* bits; READ is always among them
 */
struct ditto_grant_class {
	enum ditto_held held;
	bool older;
	bool notify;
	u8 bits;
};

/* The number of a class; its last two bits are the bits of the grants without READ. */
static inline u8 ditto_class_number(struct ditto_grant_class c)
{
	return (c.held - DITTO_HELD_LEASE) << 4 | c.older << 3 | c.notify << 2 | c.bits >> 1;
}

#define DITTO_CLASS_BITS	3

/*
 * The class with a number. There are at most 64 classes, so a set of classes is one word, in which
 * each has the bit of its number.
 */
static inline struct ditto_grant_class ditto_class_at(unsigned int bit)
{
	return (struct ditto_grant_class) {
		.held = DITTO_HELD_LEASE + (bit >> 4), .older = bit & 8, .notify = bit & 4,
		.bits = (bit & 3) << 1 | DITTO_LEASE_READ,
	};
}

/* All classes with WRITE, and all with HANDLE. */
#define DITTO_CLASSES_WRITE	0xccccccccccccccccULL
#define DITTO_CLASSES_HANDLE	0xaaaaaaaaaaaaaaaaULL

/* The DITTO_LEASE_* bits that any of some classes has. */
static inline u8 ditto_classes_bits(u64 classes)
{
	return (classes ? DITTO_LEASE_READ : 0) |
	       (classes & DITTO_CLASSES_HANDLE ? DITTO_LEASE_HANDLE : 0) |
	       (classes & DITTO_CLASSES_WRITE ? DITTO_LEASE_WRITE : 0);
}

/**
 * struct ditto_holder_sum - summary of a holder or of a set of holders
 * @held: classes of the grants
 * @left: the same, but only with the bits that no break has asked for yet
 * @modes: modes of the opens, shifted by DITTO_MODES_*, and DITTO_HOLDER_* bits
 *
 * A search takes one as its criteria: a holder with any of it matches. Each holder has one, so
 * there is no padding.
 */
struct ditto_holder_sum {
	u64 held;
	u64 left;
	u32 modes;
} __packed __aligned(4);

/**
 * struct ditto_holder_own - summary of one holder in one word
 * @modes: as in struct ditto_holder_sum, without DITTO_HOLDER_NOTIFY, which @class tells
 * @class: of a holder with a grant: number of its class
 * @left: of a holder with a grant: 0 if breaks have asked for all of it; else 1 plus what the
 *	number of its class would end with if it had only what they have not asked for
 *
 * It changes with the summary of the subtree only, of which it is always a part.
 */
struct ditto_holder_own {
	u32 modes : 23;
	u32 class : 6;
	u32 left : 3;
};

/**
 * struct ditto_holder - opens and grant with one key on a node
 * @by_key: node in ctx->holders, ordered by the bytes of the key
 * @key: the key, held by the opens and the grant; NULL for opens that cannot cache
 * @grant: the caching grant, or NULL
 * @opens: struct ditto_open, by client and owner
 * @subtree: summary of the subtree
 * @own: summary of this holder
 */
struct ditto_holder {
	struct rb_node by_key;
	struct ditto_owner *key;
	struct ditto_lease *grant;
	struct rb_root opens;
	struct ditto_holder_sum subtree;
	struct ditto_holder_own own;
};

extern struct kmem_cache *ditto_holder_slab;

struct ditto_holder *ditto_holder_alloc(void);
void ditto_holder_free(struct ditto_holder *holder);
bool ditto_holder_needs_memory(struct ditto_lock_ctx *ctx, const struct ditto_owner *key);
struct ditto_holder_sum ditto_holders_sum(const struct ditto_lock_ctx *ctx);
struct ditto_holder *ditto_holder_find(struct ditto_lock_ctx *ctx,
				       const struct ditto_owner *key);
struct ditto_holder *ditto_holder_first(struct ditto_lock_ctx *ctx,
					const struct ditto_holder_sum *sum);
struct ditto_holder *ditto_holder_next(struct ditto_holder *holder,
				       const struct ditto_holder_sum *sum);
struct ditto_holder *ditto_holder_behind(struct ditto_lock_ctx *ctx,
					 const struct ditto_owner *key, bool alike,
					 const struct ditto_holder_sum *sum);
struct ditto_holder *ditto_holder_other(struct ditto_lock_ctx *ctx,
					const struct ditto_owner *key,
					const struct ditto_holder_sum *sum);
struct ditto_open *ditto_holder_open(struct ditto_holder *holder, u8 modes);
struct ditto_open *ditto_holder_open_behind(struct ditto_holder *holder,
					    const struct ditto_client *client,
					    const struct ditto_owner *owner, u8 modes);
struct ditto_open *ditto_holder_open_of(struct ditto_holder *holder,
					const struct ditto_client *client, u8 modes);
void ditto_holder_add_open(struct ditto_lock_ctx *ctx, struct ditto_open *open,
			   struct ditto_holder **fresh);
void ditto_holder_add_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease,
			    struct ditto_holder **fresh);
void ditto_holder_del_open(struct ditto_lock_ctx *ctx, struct ditto_open *open);
void ditto_holder_del_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease);
void ditto_holder_update_open(struct ditto_open *open);
void ditto_holder_update(struct ditto_lease *lease);
int ditto_key_bytes_compare(const u8 *a, const u8 *b, u32 len);

#ifdef DITTO_TESTS
/* The largest number of steps under one hold of a ctx->lock, or of a client->lock for a list. */
extern unsigned long ditto_steps_max;
/* Count one step; ditto_steps_end() is called before the lock is dropped. */
void ditto_step(void);
void ditto_steps_end(void);
/* Called at each step if it is set, to look at what others may see in between. */
extern typeof(ditto_step) *ditto_step_watch;
#else
static inline void ditto_step(void) {}
static inline void ditto_steps_end(void) {}
#endif

#endif
