/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of garbage: objects in a store that name others to which nothing refers, or to which
 * something refers again. Documentation/offload.md says what depends on them.
 *
 * A list is, in numbers that are little-endian:
 *
 *   0   DITTOGBG
 *   8   version, 1 (2 bytes); bytes of an entry, 40 (2); flags: 1 the objects stay (4)
 *   16  when it was written, seconds since 1970 (8); number of entries (8)
 *   32  entries: name of an object (32), its kind as in the envelope, 1 to 3 (4), zero (4)
 *
 * The time of a list is the one in it, or the object's, whichever is later. The latest list that
 * has an object counts, of two with the same time the one with flag 1. A writer must not rely on an
 * object that a list without flag 1 names, unless it has written the object again.
 *
 * What is read comes from the network: nothing in it is believed before it was checked.
 */
#ifndef _DITTO_OFFLOAD_GARBAGE_H
#define _DITTO_OFFLOAD_GARBAGE_H

#include "hash.h"
#include "text.h"

/* Most entries of a list, and bytes of the longest one. */
#define GARBAGE_ENTRIES_MAX	65536U
#define GARBAGE_HEADER		32U
#define GARBAGE_ENTRY		40U
#define GARBAGE_MAX		(GARBAGE_HEADER + GARBAGE_ENTRIES_MAX * GARBAGE_ENTRY)

/**
 * struct garbage_list - a list
 * @kept: the objects stay; otherwise they may be deleted after the grace time
 * @time: when it was written, seconds since 1970
 * @n: number of entries
 * @entries: where they are
 */
struct garbage_list {
	bool kept;
	u64 time;
	u32 n;
	const u8 *entries;
};

/* Write the header of a list before its entries. Returns the bytes of the whole list. */
size_t garbage_encode(const struct garbage_list *list, u8 *out);
/* Write the entry with the number @i of a list. */
void garbage_put(u8 *out, u32 i, u32 kind, const u8 name[HASH_SIZE]);
/* Decode a list; its entries stay in @in. Returns false and fills @why unless it is valid. */
bool garbage_decode(struct garbage_list *list, const u8 *in, size_t len, struct why *why);
/* Return the name of the object of an entry, and set its kind. */
const u8 *garbage_get(const struct garbage_list *list, u32 i, u32 *kind);

#endif
