// SPDX-License-Identifier: GPL-2.0-only
/* Cuts content into chunks. */

#include <string.h>

#include "chunker.h"

/* Bytes that the hash depends on. */
#define WINDOW		64
/* A cut is found at one of 2^24 bytes, then at one of 2^20. */
#define MASK_SHORT	(~0ULL << 40)
#define MASK_LONG	(~0ULL << 44)

void chunker_init(struct chunker *c, const u8 seed[HASH_SIZE])
{
	static const u8 none[HASH_SIZE];
	u8 byte, hash[HASH_SIZE];
	unsigned int i, j;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < ARRAY_SIZE(c->gear); i++) {
		byte = (u8)i;
		hash_hmac(seed ? seed : none, HASH_SIZE, &byte, 1, hash);
		for (j = 0; j < sizeof(u64); j++)
			c->gear[i] |= (u64)hash[j] << 8 * j;
	}
}

/* Roll over @n bytes without looking for a cut. */
static void chunker_warm(struct chunker *c, const u8 *data, size_t n)
{
	while (n--)
		c->hash = (c->hash << 1) + c->gear[*data++];
}

/* Roll over up to @n bytes. Returns how many there are up to the cut, or @n without one. */
static size_t chunker_roll(struct chunker *c, const u8 *data, size_t n, u64 mask, bool *cut)
{
	u64 hash = c->hash;
	size_t pos = 0;

	while (pos < n && !*cut) {
		hash = (hash << 1) + c->gear[data[pos++]];
		*cut = !(hash & mask);
	}
	c->hash = hash;
	return pos;
}

/* Bytes from the present place to the place @to of the chunk, but not more than there are. */
static size_t chunker_until(const struct chunker *c, size_t to, size_t have)
{
	if (c->length >= to)
		return 0;
	return to - c->length < have ? to - c->length : have;
}

size_t chunker_scan(struct chunker *c, const u8 *data, size_t len, bool *cut)
{
	static const struct {
		size_t to;
		u64 mask;
	} parts[] = { { CHUNK_WANTED, MASK_SHORT }, { CHUNK_MAX, MASK_LONG } };
	size_t pos, n, i;

	*cut = false;
	/* No cut comes before the smallest length, so the hash begins a window before it. */
	pos = chunker_until(c, CHUNK_MIN - WINDOW, len);
	c->length += pos;
	n = chunker_until(c, CHUNK_MIN - 1, len - pos);
	chunker_warm(c, data + pos, n);
	c->length += n;
	pos += n;
	for (i = 0; i < ARRAY_SIZE(parts) && !*cut; i++) {
		n = chunker_roll(c, data + pos, chunker_until(c, parts[i].to, len - pos),
				 parts[i].mask, cut);
		c->length += n;
		pos += n;
	}
	if (c->length == CHUNK_MAX)
		*cut = true;
	if (*cut) {
		c->length = 0;
		c->hash = 0;
	}
	return pos;
}
