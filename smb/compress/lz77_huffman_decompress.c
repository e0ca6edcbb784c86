// SPDX-License-Identifier: GPL-2.0-only
/* Decompression of LZ77+Huffman: MS-XCA section 2.2. See lz77_huffman.h. */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "lz77_huffman.h"
#include "match.h"

#define LIMIT		DSMB_HUFFMAN_CODE_BITS
#define FAST_BITS	DSMB_HUFFMAN_FAST_BITS
#define WORD_BITS	16

/**
 * struct huffman_reader - input
 * @at: the first byte that was not read
 * @end: end of the input
 * @bits: bits that were read, from the highest one down, 16 or more
 * @more: how many more than 16 they are
 */
struct huffman_reader {
	const u8 *at;
	const u8 *end;
	u32 bits;
	int more;
};

static u32 huffman_table_length(const u8 *table, u32 symbol)
{
	return table[symbol / 2] >> symbol % 2 * 4 & 0xf;
}

/* Takes the code of a block from its table. Returns false if it is ambiguous or incomplete. */
static bool huffman_decoder_make(struct dsmb_huffman_decoder *d, const u8 *table)
{
	u32 numbers[LIMIT + 1] = {}, next[LIMIT + 1];
	u32 taken = 0, sorted = 0, filled = 0;

	for (u32 symbol = 0; symbol < DSMB_HUFFMAN_SYMBOLS; symbol++)
		numbers[huffman_table_length(table, symbol)]++;
	for (u32 length = 1; length <= LIMIT; length++) {
		d->first[length] = sorted;
		d->start[length] = taken;
		next[length] = sorted;
		sorted += numbers[length];
		taken += numbers[length] << (LIMIT - length);
	}
	if (taken != BIT(LIMIT))
		return false;
	d->start[LIMIT + 1] = taken;

	for (u32 symbol = 0; symbol < DSMB_HUFFMAN_SYMBOLS; symbol++) {
		u32 length = huffman_table_length(table, symbol);

		if (length)
			d->sorted[next[length]++] = symbol;
	}
	for (u32 length = 1; length <= FAST_BITS; length++) {
		for (u32 i = 0; i < numbers[length]; i++) {
			u16 entry = d->sorted[d->first[length] + i] << 4 | length;

			for (u32 left = BIT(FAST_BITS - length); left; left--)
				d->fast[filled++] = entry;
		}
	}
	while (filled < BIT(FAST_BITS))
		d->fast[filled++] = 0;
	return true;
}

/* Drops @count bits, at most 16. Returns false at the end of the input. */
static bool huffman_bits_drop(struct huffman_reader *r, u32 count)
{
	r->bits <<= count;
	r->more -= count;
	if (r->more >= 0)
		return true;
	if (r->end - r->at < (ptrdiff_t)sizeof(u16))
		return false;
	r->bits |= (u32)get_unaligned_le16(r->at) << -r->more;
	r->at += sizeof(u16);
	r->more += WORD_BITS;
	return true;
}

/* Reads a symbol. Returns it, or a negative number at the end of the input. */
static int huffman_symbol_get(const struct dsmb_huffman_decoder *d, struct huffman_reader *r)
{
	u32 code = r->bits >> (32 - LIMIT);
	u32 symbol = d->fast[code >> (LIMIT - FAST_BITS)];
	u32 length = symbol & 0xf;

	if (likely(length)) {
		symbol >>= 4;
	} else {
		length = FAST_BITS + 1;
		while (code >= d->start[length + 1])
			length++;
		symbol = d->sorted[d->first[length] +
				   ((code - d->start[length]) >> (LIMIT - length))];
	}
	return huffman_bits_drop(r, length) ? symbol : -EINVAL;
}

/* Reads the rest of a length. Returns a length that is too large at the end of the input. */
static u64 huffman_length_get(struct huffman_reader *r)
{
	u32 length;

	if (r->at == r->end)
		return U64_MAX;
	length = *r->at++;
	if (length < DSMB_HUFFMAN_BYTE_MAX)
		return length + DSMB_HUFFMAN_LENGTH_MAX;
	if (r->end - r->at < (ptrdiff_t)sizeof(u16))
		return U64_MAX;
	length = get_unaligned_le16(r->at);
	r->at += sizeof(u16);
	/* Windows writes 32 bits, too, when a block ends with a match that is longer. */
	if (!length) {
		if (r->end - r->at < (ptrdiff_t)sizeof(u32))
			return U64_MAX;
		length = get_unaligned_le32(r->at);
		r->at += sizeof(u32);
	}
	return length < DSMB_HUFFMAN_LENGTH_MAX ? U64_MAX : length;
}

/* As dsmb_decompress(), with a struct dsmb_huffman_decoder as scratch memory. */
int dsmb_huffman_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	struct dsmb_huffman_decoder *decoder = workspace;
	const u8 *begin = out, *out_end = out + out_len;
	struct huffman_reader r = { .at = in, .end = in + in_len };

	/* A last block that is full leaves the mark of the end unread, and that may take a word. */
	while (r.end - r.at >= DSMB_HUFFMAN_TABLE) {
		const u8 *block = out;

		if (!huffman_decoder_make(decoder, r.at))
			return -EINVAL;
		r.at += DSMB_HUFFMAN_TABLE;
		if (r.end - r.at < (ptrdiff_t)(2 * sizeof(u16)))
			return -EINVAL;
		r.bits = (u32)get_unaligned_le16(r.at) << WORD_BITS |
			 get_unaligned_le16(r.at + sizeof(u16));
		r.at += 2 * sizeof(u16);
		r.more = WORD_BITS;

		while (out - block < DSMB_HUFFMAN_BLOCK) {
			int symbol = huffman_symbol_get(decoder, &r);
			u32 bits, distance;
			u64 length;

			if (symbol < 0)
				return -EINVAL;
			if (out == out_end)
				return symbol == DSMB_HUFFMAN_END &&
				       r.end - r.at < DSMB_HUFFMAN_TABLE ? 0 : -EINVAL;
			if (symbol < DSMB_HUFFMAN_MATCH) {
				*out++ = symbol;
				continue;
			}

			symbol -= DSMB_HUFFMAN_MATCH;
			bits = symbol >> DSMB_HUFFMAN_LENGTH_BITS;
			length = symbol & DSMB_HUFFMAN_LENGTH_MAX;
			if (length == DSMB_HUFFMAN_LENGTH_MAX)
				length = huffman_length_get(&r);
			/* In two steps, as there may be no bits. */
			distance = BIT(bits) + (r.bits >> 1 >> (31 - bits));
			if (!huffman_bits_drop(&r, bits))
				return -EINVAL;
			if (distance > out - begin || length > out_end - out ||
			    length + DSMB_MATCH_BASE > out_end - out)
				return -EINVAL;
			length += DSMB_MATCH_BASE;
			dsmb_match_copy(out, distance, length, out_end);
			out += length;
		}
		cond_resched();
	}
	return out == out_end ? 0 : -EINVAL;
}
