// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain LZ77: MS-XCA sections 2.3 and 2.4.
 *
 * 32 flags, from the highest bit down, say what the next items are: a literal, which is a byte, or
 * a match. A match is 16 bits, distance and length. A length that is too large for its 3 bits goes
 * on in half a byte, of which two matches share one; then in a byte, in 16 bits, and in 32 bits.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "algorithm.h"
#include "match.h"

#define LZ77_FLAGS		32	/* in one word */
#define LZ77_WINDOW		8192
#define LZ77_HASH_BITS		13
#define LZ77_TURN		65536	/* bytes after which others may run */
#define LZ77_LENGTH_BITS	3
#define LZ77_LENGTH_MAX		7	/* in those bits; says that the length goes on */
#define LZ77_HALF_MAX		15	/* in half a byte; likewise */
#define LZ77_BYTE_MAX		255	/* in a byte; likewise */
/* A length in 16 or 32 bits is all of it, and is not used for less. */
#define LZ77_LONG_MIN		(LZ77_LENGTH_MAX + LZ77_HALF_MAX)

/**
 * struct lz77_writer - output of the compression
 * @at: where the next byte goes
 * @end: end of the room
 * @flags_at: where the flags go when there are 32 of them
 * @half_at: a byte with a free upper half; or NULL
 * @flags: flags of the items behind @flags_at
 * @count: number of them
 */
struct lz77_writer {
	u8 *at;
	u8 *end;
	u8 *flags_at;
	u8 *half_at;
	u64 flags;
	u32 count;
};

/* Adds flags of @count items that were written, as many as are still missing at most. */
static bool lz77_flags_put(struct lz77_writer *w, u32 flag, u32 count)
{
	w->flags = w->flags << count | flag;
	w->count += count;
	if (w->count < LZ77_FLAGS)
		return true;
	put_unaligned_le32(w->flags, w->flags_at);
	if (w->end - w->at < (ptrdiff_t)sizeof(u32))
		return false;
	w->flags_at = w->at;
	w->at += sizeof(u32);
	w->count = 0;
	return true;
}

static bool lz77_literals_put(struct lz77_writer *w, const u8 *in, u32 len)
{
	while (len) {
		u32 n = min(len, LZ77_FLAGS - w->count);

		if (w->end - w->at < n)
			return false;
		len -= n;
		for (u32 i = 0; i < n; i++)
			*w->at++ = *in++;
		if (!lz77_flags_put(w, 0, n))
			return false;
	}
	return true;
}

static bool lz77_match_put(struct lz77_writer *w, const struct dsmb_match *match)
{
	u32 length = match->length - DSMB_MATCH_BASE;
	u16 word = (match->distance - 1) << LZ77_LENGTH_BITS;
	u32 more, half;

	if (w->end - w->at < (ptrdiff_t)sizeof(word))
		return false;
	put_unaligned_le16(word | min(length, LZ77_LENGTH_MAX), w->at);
	w->at += sizeof(word);
	if (length < LZ77_LENGTH_MAX)
		return lz77_flags_put(w, 1, 1);

	more = length - LZ77_LENGTH_MAX;
	half = min(more, LZ77_HALF_MAX);
	if (w->half_at) {
		*w->half_at |= half << 4;
		w->half_at = NULL;
	} else {
		if (w->at == w->end)
			return false;
		w->half_at = w->at;
		*w->at++ = half;
	}
	if (half < LZ77_HALF_MAX)
		return lz77_flags_put(w, 1, 1);

	more -= LZ77_HALF_MAX;
	if (w->at == w->end)
		return false;
	*w->at++ = min(more, LZ77_BYTE_MAX);
	if (more < LZ77_BYTE_MAX)
		return lz77_flags_put(w, 1, 1);

	if (w->end - w->at < (ptrdiff_t)sizeof(u16))
		return false;
	put_unaligned_le16(length <= U16_MAX ? length : 0, w->at);
	w->at += sizeof(u16);
	if (length <= U16_MAX)
		return lz77_flags_put(w, 1, 1);

	if (w->end - w->at < (ptrdiff_t)sizeof(u32))
		return false;
	put_unaligned_le32(length, w->at);
	w->at += sizeof(u32);
	return lz77_flags_put(w, 1, 1);
}

static ssize_t lz77_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	struct dsmb_match_finder finder = {
		.in = in, .heads = workspace, .bits = LZ77_HASH_BITS, .window = LZ77_WINDOW,
		.max = LZ77_TURN,
	};
	struct lz77_writer w = {
		.at = out + sizeof(u32), .end = out + room, .flags_at = out,
	};
	struct dsmb_match match;
	u32 done = 0;

	if (room < sizeof(u32))
		return -ENOSPC;
	memset(finder.heads, 0, sizeof(u32) << LZ77_HASH_BITS);
	while (done < in_len) {
		u32 end = done + min(in_len - done, LZ77_TURN);

		while (dsmb_match_find(&finder, 0, done, end, &match)) {
			if (!lz77_literals_put(&w, in + done, match.at - done) ||
			    !lz77_match_put(&w, &match))
				return -ENOSPC;
			done = match.at + match.length;
		}
		if (!lz77_literals_put(&w, in + done, end - done))
			return -ENOSPC;
		done = end;
		cond_resched();
	}
	/* The flags that are left are ones: the decompressor finds the end at a match. */
	put_unaligned_le32(~(~w.flags << (LZ77_FLAGS - w.count)), w.flags_at);
	return w.at - out;
}

static int lz77_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	const u8 *in_end = in + in_len, *begin = out, *out_end = out + out_len;
	const u8 *half_at = NULL, *turn = out;
	u32 flags = 0, left = 0;

	while (in < in_end) {
		size_t distance;
		u64 length;

		if (!left) {
			if (in_end - in < (ptrdiff_t)sizeof(flags))
				return -EINVAL;
			flags = get_unaligned_le32(in);
			in += sizeof(flags);
			left = LZ77_FLAGS;
			if (out - turn >= LZ77_TURN) {
				turn = out;
				cond_resched();
			}
			continue;
		}
		left--;
		if (!(flags >> left & 1)) {
			if (out == out_end)
				return -EINVAL;
			*out++ = *in++;
			continue;
		}

		if (in_end - in < (ptrdiff_t)sizeof(u16))
			return -EINVAL;
		length = get_unaligned_le16(in);
		in += sizeof(u16);
		distance = (length >> LZ77_LENGTH_BITS) + 1;
		length &= LZ77_LENGTH_MAX;
		if (length < LZ77_LENGTH_MAX)
			goto copy;

		if (half_at) {
			length = *half_at >> 4;
			half_at = NULL;
		} else {
			if (in == in_end)
				return -EINVAL;
			half_at = in;
			length = *in++ & 0xf;
		}
		if (length < LZ77_HALF_MAX) {
			length += LZ77_LENGTH_MAX;
			goto copy;
		}

		if (in == in_end)
			return -EINVAL;
		length = *in++;
		if (length < LZ77_BYTE_MAX) {
			length += LZ77_LONG_MIN;
			goto copy;
		}

		if (in_end - in < (ptrdiff_t)sizeof(u16))
			return -EINVAL;
		length = get_unaligned_le16(in);
		in += sizeof(u16);
		if (!length) {
			if (in_end - in < (ptrdiff_t)sizeof(u32))
				return -EINVAL;
			length = get_unaligned_le32(in);
			in += sizeof(u32);
		}
		if (length < LZ77_LONG_MIN)
			return -EINVAL;
copy:
		length += DSMB_MATCH_BASE;
		if (distance > out - begin || length > out_end - out)
			return -EINVAL;
		dsmb_match_copy(out, distance, length, out_end);
		out += length;
	}
	/*
	 * Complete data ends within its flags, at one that says match; or behind 32 items, as some
	 * writers add no flags for nothing.
	 */
	if (left && !(flags >> (left - 1) & 1))
		return -EINVAL;
	return out == out_end ? 0 : -EINVAL;
}

const struct dsmb_algorithm dsmb_lz77 = {
	.compress = lz77_compress,
	.decompress = lz77_decompress,
	.compress_workspace = sizeof(u32) << LZ77_HASH_BITS,
};
