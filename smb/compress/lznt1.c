// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZNT1: MS-XCA section 2.5.
 *
 * Each 4096 bytes are a chunk of their own, with a header of 16 bits. In a compressed chunk a byte
 * of flags, from the lowest bit up, says which of the next eight items are literals and which are
 * matches. A match is 16 bits; how many of them are the distance depends on how far into the chunk
 * it is, as no match reaches into the chunk before.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "algorithm.h"
#include "match.h"

#define LZNT1_CHUNK		4096
#define LZNT1_HASH_BITS		12
#define LZNT1_TURN		16	/* chunks after which others may run */
#define LZNT1_FLAGS		8	/* in one byte */

#define LZNT1_COMPRESSED	0x8000
#define LZNT1_SIGNATURE_MASK	0x7000
#define LZNT1_SIGNATURE		0x3000
#define LZNT1_SIZE_MASK		0x0fff	/* bytes behind the header, less one */

/* Bits of the length of a match that is @done bytes into its chunk: section 2.5.1.4. */
static u32 lznt1_length_bits(u32 done)
{
	return 12 - (done > 16 ? ilog2(done - 1) - 3 : 0);
}

/**
 * struct lznt1_writer - output of the compression of a chunk
 * @at: where the next byte goes
 * @end: where a chunk would be no smaller than as it was, or end of the room
 * @flags_at: flags of the items behind it
 * @count: number of them
 */
struct lznt1_writer {
	u8 *at;
	u8 *end;
	u8 *flags_at;
	u32 count;
};

/* Begins an item of @len bytes. */
static bool lznt1_item_begin(struct lznt1_writer *w, u32 flag, u32 len)
{
	if (w->count == LZNT1_FLAGS) {
		if (w->at == w->end)
			return false;
		w->flags_at = w->at++;
		*w->flags_at = 0;
		w->count = 0;
	}
	*w->flags_at |= flag << w->count++;
	return w->end - w->at >= len;
}

static bool lznt1_literals_put(struct lznt1_writer *w, const u8 *in, u32 len)
{
	while (len--) {
		if (!lznt1_item_begin(w, 0, 1))
			return false;
		*w->at++ = *in++;
	}
	return true;
}

static bool lznt1_chunk_compress(struct dsmb_match_finder *finder, struct lznt1_writer *w, u32 from,
				 u32 end)
{
	struct dsmb_match match;
	u32 done = from;

	for (;;) {
		u32 bits = lznt1_length_bits(done - from);

		finder->max = GENMASK(bits - 1, 0) + DSMB_MATCH_BASE;
		if (!dsmb_match_find(finder, from, done, end, &match))
			break;
		/* It has fewer bits for its length than one that begins at @done. */
		bits = lznt1_length_bits(match.at - from);
		match.length = min(match.length, GENMASK(bits - 1, 0) + DSMB_MATCH_BASE);
		if (!lznt1_literals_put(w, finder->in + done, match.at - done) ||
		    !lznt1_item_begin(w, 1, sizeof(u16)))
			return false;
		put_unaligned_le16((match.distance - 1) << bits |
				   (match.length - DSMB_MATCH_BASE), w->at);
		w->at += sizeof(u16);
		done = match.at + match.length;
	}
	return lznt1_literals_put(w, finder->in + done, end - done);
}

static ssize_t lznt1_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	struct dsmb_match_finder finder = {
		.in = in, .heads = workspace, .bits = LZNT1_HASH_BITS, .window = LZNT1_CHUNK,
	};
	u8 *at = out, *out_end = out + room;
	u32 done = 0;

	memset(finder.heads, 0, sizeof(u32) << LZNT1_HASH_BITS);
	while (done < in_len) {
		u32 len = min(in_len - done, LZNT1_CHUNK);
		struct lznt1_writer w = { .count = LZNT1_FLAGS };
		u16 header = LZNT1_SIGNATURE;

		if (out_end - at < (ptrdiff_t)sizeof(header))
			return -ENOSPC;
		w.at = at + sizeof(header);
		w.end = w.at + min_t(size_t, out_end - w.at, len - 1);
		if (lznt1_chunk_compress(&finder, &w, done, done + len)) {
			header |= LZNT1_COMPRESSED;
		} else {
			w.at = at + sizeof(header);
			if (out_end - w.at < len)
				return -ENOSPC;
			memcpy(w.at, in + done, len);
			w.at += len;
		}
		header |= w.at - at - sizeof(header) - 1;
		put_unaligned_le16(header, at);
		at = w.at;
		done += len;
		if (done % (LZNT1_TURN * LZNT1_CHUNK) == 0)
			cond_resched();
	}
	return at - out;
}

/* Decompresses a chunk. Returns the end of its bytes, or NULL. */
static u8 *lznt1_chunk_decompress(const u8 *in, const u8 *in_end, u8 *out, const u8 *out_end)
{
	const u8 *begin = out;

	while (in < in_end) {
		u32 flags = *in++;

		for (u32 i = 0; i < LZNT1_FLAGS && in < in_end; i++, flags >>= 1) {
			u32 word, bits, distance, length;

			if (!(flags & 1)) {
				if (out == out_end)
					return NULL;
				*out++ = *in++;
				continue;
			}
			if (in_end - in < (ptrdiff_t)sizeof(u16))
				return NULL;
			word = get_unaligned_le16(in);
			in += sizeof(u16);
			bits = lznt1_length_bits(out - begin);
			distance = (word >> bits) + 1;
			length = (word & GENMASK(bits - 1, 0)) + DSMB_MATCH_BASE;
			if (distance > out - begin || length > out_end - out)
				return NULL;
			dsmb_match_copy(out, distance, length, out_end);
			out += length;
		}
	}
	return out;
}

static int lznt1_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	const u8 *in_end = in + in_len;
	u8 *out_end = out + out_len;
	u32 chunks = 0;

	while (in < in_end) {
		u16 header;
		u32 len;

		if (in_end - in < (ptrdiff_t)sizeof(header))
			return -EINVAL;
		header = get_unaligned_le16(in);
		in += sizeof(header);
		/* The end may be marked. */
		if (!header)
			break;
		len = (header & LZNT1_SIZE_MASK) + 1;
		if ((header & LZNT1_SIGNATURE_MASK) != LZNT1_SIGNATURE || in_end - in < len)
			return -EINVAL;
		if (header & LZNT1_COMPRESSED) {
			u8 *chunk_end = out + min(out_end - out, LZNT1_CHUNK);

			out = lznt1_chunk_decompress(in, in + len, out, chunk_end);
			if (!out)
				return -EINVAL;
		} else {
			if (out_end - out < len)
				return -EINVAL;
			memcpy(out, in, len);
			out += len;
		}
		in += len;
		if (++chunks % LZNT1_TURN == 0)
			cond_resched();
	}
	return in == in_end && out == out_end ? 0 : -EINVAL;
}

const struct dsmb_algorithm dsmb_lznt1 = {
	.compress = lznt1_compress,
	.decompress = lznt1_decompress,
	.compress_workspace = sizeof(u32) << LZNT1_HASH_BITS,
};
