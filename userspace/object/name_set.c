// SPDX-License-Identifier: GPL-2.0-only
/* Sets of names of objects. The names are hashes, or what others write in the place of hashes. */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "mem.h"
#include "name_set.h"

#define SIZE_FIRST	64

static const u8 no_name[HASH_SIZE];

/* A sum of products, of which the upper half depends on all bits. */
static size_t name_set_hash(const struct name_set *s, const u8 name[HASH_SIZE])
{
	u64 sum = 0, word;
	size_t i;

	for (i = 0; i < HASH_SIZE / sizeof(word); i++) {
		memcpy(&word, name + i * sizeof(word), sizeof(word));
		sum += word * s->seed[i];
	}
	return sum >> 32;
}

/* The slot with this name, or the free one for it. */
static u8 *name_set_slot(const struct name_set *s, const u8 name[HASH_SIZE])
{
	size_t i;

	for (i = name_set_hash(s, name);; i++) {
		u8 *slot = s->slots[i & (s->size - 1)];

		if (!memcmp(slot, name, HASH_SIZE) || !memcmp(slot, no_name, HASH_SIZE))
			return slot;
	}
}

static void name_set_double(struct name_set *s)
{
	struct name_set old = *s;
	size_t i;

	while (!old.size && getrandom(s->seed, sizeof(s->seed), 0) != sizeof(s->seed))
		;
	s->size = old.size ? 2 * old.size : SIZE_FIRST;
	s->slots = mem_new(s->size * HASH_SIZE);
	for (i = 0; i < old.size; i++)
		if (memcmp(old.slots[i], no_name, HASH_SIZE))
			memcpy(name_set_slot(s, old.slots[i]), old.slots[i], HASH_SIZE);
	free(old.slots);
}

bool name_set_add(struct name_set *s, const u8 name[HASH_SIZE])
{
	u8 *slot;

	if (4 * s->n >= 3 * s->size)
		name_set_double(s);
	slot = name_set_slot(s, name);
	if (!memcmp(slot, name, HASH_SIZE))
		return false;
	memcpy(slot, name, HASH_SIZE);
	s->n++;
	return true;
}

/* The names behind the gap may have been put there because others were in their places. */
void name_set_remove(struct name_set *s, const u8 name[HASH_SIZE])
{
	u8 moved[HASH_SIZE], *slot;
	size_t i;

	if (!name_set_has(s, name))
		return;
	slot = name_set_slot(s, name);
	memset(slot, 0, HASH_SIZE);
	s->n--;
	i = (size_t)(slot - s->slots[0]) / HASH_SIZE;
	for (;;) {
		i = (i + 1) & (s->size - 1);
		if (!memcmp(s->slots[i], no_name, HASH_SIZE))
			return;
		memcpy(moved, s->slots[i], HASH_SIZE);
		memset(s->slots[i], 0, HASH_SIZE);
		memcpy(name_set_slot(s, moved), moved, HASH_SIZE);
	}
}

bool name_set_has(const struct name_set *s, const u8 name[HASH_SIZE])
{
	return s->size && !memcmp(name_set_slot(s, name), name, HASH_SIZE);
}

void name_set_free(struct name_set *s)
{
	free(s->slots);
	*s = (struct name_set){ .size = 0 };
}
