// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for matches. It takes the first one that it finds, and looks at one earlier position
 * for each hash, so its time does not depend on the data.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "match.h"

/* Attempts without success after which the search begins to leave positions out, as a power. */
#define ATTEMPT_BITS	6

/* The factor is 2^32 by the golden ratio. */
static u32 match_hash(const struct dsmb_match_finder *f, u32 at)
{
	return get_unaligned_le32(f->in + at) * 0x9e3779b1U >> (32 - f->bits);
}

/* How many bytes from @a on are the same as from @b on, without reading at @end, @a < @b. */
static u32 match_length(const u8 *a, const u8 *b, const u8 *end)
{
	const u8 *begin = b;

	while (end - b >= (ptrdiff_t)sizeof(u64)) {
		u64 differ = get_unaligned_le64(a) ^ get_unaligned_le64(b);

		if (differ)
			return b - begin + __ffs64(differ) / 8;
		a += sizeof(u64);
		b += sizeof(u64);
	}
	while (b < end && *a == *b) {
		a++;
		b++;
	}
	return b - begin;
}

/*
 * Find the first match in the bytes from @from to @end. The bytes that it repeats begin at @floor
 * or behind it. Returns false if there is none. Positions are below 2 GiB.
 */
bool dsmb_match_find(struct dsmb_match_finder *f, u32 floor, u32 from, u32 end,
		     struct dsmb_match *match)
{
	u32 attempts = 1 << ATTEMPT_BITS;
	u32 at = from;

	while (at + DSMB_MATCH_MIN <= end) {
		u32 *head = &f->heads[match_hash(f, at)];
		u32 before = *head;
		u32 length;

		*head = at;
		/* A head of 0 may be one that was never set, which only costs the comparison. */
		if (before >= floor && before < at && at - before <= f->window &&
		    get_unaligned_le32(f->in + before) == get_unaligned_le32(f->in + at)) {
			length = match_length(f->in + before, f->in + at,
					      f->in + at + min(end - at, f->max));
			/* It may have begun at a position that was left out. */
			while (at > from && before > floor && f->in[at - 1] == f->in[before - 1]) {
				at--;
				before--;
				length++;
			}
			match->at = at;
			match->distance = at - before;
			match->length = length;
			return true;
		}
		at += attempts++ >> ATTEMPT_BITS;
	}
	return false;
}
