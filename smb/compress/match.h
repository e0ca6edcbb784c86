/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matches: bytes that are the same as bytes before them. All of MS-XCA's algorithms are made of
 * literals and of matches, and differ in how they write them.
 */
#ifndef _DITTO_SMB_COMPRESS_MATCH_H
#define _DITTO_SMB_COMPRESS_MATCH_H

#include <linux/types.h>
#include <linux/unaligned.h>

/* Shortest match that is searched for; the formats have one of 3 bytes, too. */
#define DSMB_MATCH_MIN		4
/* A format adds this to each length that it writes. */
#define DSMB_MATCH_BASE		3

/**
 * struct dsmb_match_finder - a search through data
 * @in: the data
 * @heads: for each hash of DSMB_MATCH_MIN bytes, the last position that had it, or 0
 * @bits: bits of a hash
 * @window: how far behind a position its match may begin
 * @max: bytes after which a match is followed no further; it may have begun before them
 */
struct dsmb_match_finder {
	const u8 *in;
	u32 *heads;
	u32 bits;
	u32 window;
	u32 max;
};

/**
 * struct dsmb_match - a match
 * @at: position of its first byte
 * @distance: how far before @at the same bytes are
 * @length: number of bytes
 */
struct dsmb_match {
	u32 at;
	u32 distance;
	u32 length;
};

bool dsmb_match_find(struct dsmb_match_finder *f, u32 floor, u32 from, u32 end,
		     struct dsmb_match *match);

/*
 * Write the @length bytes of a match at @to, as if one by one: it may repeat bytes of its own. The
 * caller has checked that it begins within what was written, and ends before @end.
 */
static inline void dsmb_match_copy(u8 *to, size_t distance, size_t length, const u8 *end)
{
	const u8 *from = to - distance;
	u8 *stop = to + length;

	/* The bytes repeat at each multiple of the distance, so a longer one serves as well. */
	while (distance < sizeof(u64)) {
		for (size_t i = 0; i < distance; i++) {
			if (to == stop)
				return;
			*to++ = *from++;
		}
		from -= distance;
		distance *= 2;
	}
	/* What is written behind the match is written again later, or is the caller's. */
	while (to < stop && end - to >= (ptrdiff_t)sizeof(u64)) {
		put_unaligned(get_unaligned((const u64 *)from), (u64 *)to);
		from += sizeof(u64);
		to += sizeof(u64);
	}
	while (to < stop)
		*to++ = *from++;
}

#endif
