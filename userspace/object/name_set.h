/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of names of objects. */
#ifndef _DITTO_OFFLOAD_NAME_SET_H
#define _DITTO_OFFLOAD_NAME_SET_H

#include "hash.h"

/**
 * struct name_set - a hash table with open addressing
 * @seed: random numbers, so that nobody can choose names for the same slot
 * @slots: names; one that is all zeros is free
 * @size: number of slots, a power of two or 0
 * @n: number of names
 */
struct name_set {
	u64 seed[HASH_SIZE / sizeof(u64)];
	u8 (*slots)[HASH_SIZE];
	size_t size;
	size_t n;
};

/* Add a name. Returns false if it was there. */
bool name_set_add(struct name_set *s, const u8 name[HASH_SIZE]);
/* Remove a name, if it is there. */
void name_set_remove(struct name_set *s, const u8 name[HASH_SIZE]);
/* Return whether a name is there. */
bool name_set_has(const struct name_set *s, const u8 name[HASH_SIZE]);
/* Release the memory. */
void name_set_free(struct name_set *s);

#endif
