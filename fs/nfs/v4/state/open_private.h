/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of the state code, shared by open.c and locks.c. */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H

#include <linux/hash.h>
#include <linux/rhashtable.h>

#include "open.h"

/* Hash key of opens (owner and node) and of locks (owner and open), by address. */
struct dnfs4_pair {
	const struct dnfs4_owner *owner;
	const void *object;
};

/* Cheaper than the default hash functions of rhashtable, which work on bytes or words. */
static inline u32 dnfs4_pair_hash(const void *data, u32 len, u32 seed)
{
	const struct dnfs4_pair *pair = data;
	u64 object = (uintptr_t)pair->object ^ seed;

	return hash_64(object * GOLDEN_RATIO_64 ^ (uintptr_t)pair->owner, 32);
}

/* Compare a key with the pair at key_offset in @obj. Return: nonzero if they differ. */
static inline int dnfs4_pair_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dnfs4_pair *want = arg->key;
	const struct dnfs4_pair *is = obj + arg->ht->p.key_offset;

	return want->owner != is->owner || want->object != is->object;
}

/* Create and destroy the slab cache of locks, at module load and unload. */
int dnfs4_locks_setup(void);
void dnfs4_locks_cleanup(void);
/* Initialize the table of locks of a server. */
int dnfs4_locks_init(struct dnfs4_opens *opens);

/**
 * dnfs4_open_close_locks - close all locks of an open
 * @open: its state.lock is held
 *
 * Context: may sleep.
 */
void dnfs4_open_close_locks(struct dnfs4_open *open);

#endif
