/* SPDX-License-Identifier: GPL-2.0-only */
/* What open.c and locks.c share. */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H

#include <linux/hash.h>
#include <linux/rhashtable.h>

#include "open.h"

/* What opens and locks are found by: by address. */
struct dnfs4_pair {
	const struct dnfs4_owner *owner;
	const void *object;
};

/* Less work than the tables' own functions, which go by bytes and words. */
static inline u32 dnfs4_pair_hash(const void *data, u32 len, u32 seed)
{
	const struct dnfs4_pair *pair = data;
	u64 object = (uintptr_t)pair->object ^ seed;

	return hash_64(object * GOLDEN_RATIO_64 ^ (uintptr_t)pair->owner, 32);
}

/* @obj has the pair where the table's parameters say. */
static inline int dnfs4_pair_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dnfs4_pair *want = arg->key;
	const struct dnfs4_pair *is = obj + arg->ht->p.key_offset;

	return want->owner != is->owner || want->object != is->object;
}

/* As the module is loaded and unloaded, and with a server. */
int dnfs4_locks_setup(void);
void dnfs4_locks_cleanup(void);
int dnfs4_locks_init(struct dnfs4_opens *opens);

/* All locks of an open end; its state.lock held. */
void dnfs4_open_close_locks(struct dnfs4_open *open);

#endif
