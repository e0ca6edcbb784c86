// SPDX-License-Identifier: GPL-2.0-only
/* Compression by LZ77+Huffman: MS-XCA section 2.1. See lz77_huffman.h. */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "algorithm.h"
#include "lz77_huffman.h"
#include "match.h"

#define HUFFMAN_HASH_BITS	14
#define HUFFMAN_WINDOW		65535
#define HUFFMAN_WORD_BITS	16

/**
 * struct huffman_match - a match of a block
 * @literals: bytes before it, from the match before on
 * @length: its length, less DSMB_MATCH_BASE
 * @distance: its distance
 */
struct huffman_match {
	u16 literals;
	u16 length;
	u16 distance;
};

/**
 * struct huffman_block - scratch memory
 * @heads: for the search
 * @code: the code of the block
 * @counts: how often its symbols occur
 * @bits: bits of distances
 * @bytes: bytes of lengths
 * @nr: number of its matches
 * @matches: its matches
 */
struct huffman_block {
	u32 heads[1 << HUFFMAN_HASH_BITS];
	struct dsmb_huffman_code code;
	u32 counts[DSMB_HUFFMAN_SYMBOLS];
	u32 bits;
	u32 bytes;
	u32 nr;
	struct huffman_match matches[DSMB_HUFFMAN_BLOCK / DSMB_MATCH_MIN];
};

/**
 * struct huffman_writer - output
 * @at: where bytes and the word after the next go
 * @words: where the next two words go
 * @word: bits of the next word
 * @free: how many bits it lacks
 */
struct huffman_writer {
	u8 *at;
	u8 *words[2];
	u32 word;
	u32 free;
};

static u32 huffman_match_symbol(u32 length, u32 distance)
{
	return DSMB_HUFFMAN_MATCH + min(length, DSMB_HUFFMAN_LENGTH_MAX) +
	       (ilog2(distance) << DSMB_HUFFMAN_LENGTH_BITS);
}

static void huffman_count_literals(struct huffman_block *block, const u8 *in, u32 len)
{
	while (len--)
		block->counts[*in++]++;
}

/* Finds the matches of a block and counts what it is made of. */
static void huffman_block_scan(struct huffman_block *block, struct dsmb_match_finder *finder,
			       u32 from, u32 end)
{
	u32 floor = from > HUFFMAN_WINDOW ? from - HUFFMAN_WINDOW : 0;
	struct dsmb_match match;
	u32 done = from;

	memset(block->counts, 0, sizeof(block->counts));
	/* The mark of the end has a code in every block, as there must be two codes. */
	block->counts[DSMB_HUFFMAN_END] = 1;
	block->bits = 0;
	block->bytes = 0;
	block->nr = 0;
	while (dsmb_match_find(finder, floor, done, end, &match)) {
		u32 length = match.length - DSMB_MATCH_BASE;

		huffman_count_literals(block, finder->in + done, match.at - done);
		block->counts[huffman_match_symbol(length, match.distance)]++;
		block->bits += ilog2(match.distance);
		if (length >= DSMB_HUFFMAN_LENGTH_MAX)
			block->bytes++;
		if (length >= DSMB_HUFFMAN_LENGTH_MAX + DSMB_HUFFMAN_BYTE_MAX)
			block->bytes += sizeof(u16);
		block->matches[block->nr++] = (struct huffman_match) {
			.literals = match.at - done,
			.length = length,
			.distance = match.distance,
		};
		done = match.at + match.length;
	}
	huffman_count_literals(block, finder->in + done, end - done);
}

/* Bytes that a block takes. */
static u32 huffman_block_size(const struct huffman_block *block, bool last)
{
	const u8 *lengths = block->code.lengths;
	u32 bits = block->bits;

	for (u32 i = 0; i < DSMB_HUFFMAN_SYMBOLS; i++)
		bits += block->counts[i] * lengths[i];
	if (!last)
		bits -= lengths[DSMB_HUFFMAN_END];
	/* A reader reads one word ahead. */
	return DSMB_HUFFMAN_TABLE + block->bytes +
	       (DIV_ROUND_UP(bits, HUFFMAN_WORD_BITS) + 1) * sizeof(u16);
}

static void huffman_bits_put(struct huffman_writer *w, u32 value, u32 bits)
{
	if (bits <= w->free) {
		w->free -= bits;
		w->word = w->word << bits | value;
		return;
	}
	w->word = w->word << w->free | value >> (bits - w->free);
	put_unaligned_le16(w->word, w->words[0]);
	w->words[0] = w->words[1];
	w->words[1] = w->at;
	w->at += sizeof(u16);
	w->free += HUFFMAN_WORD_BITS - bits;
	w->word = value;
}

static void huffman_symbol_put(struct huffman_writer *w, const struct dsmb_huffman_code *code,
			       u32 symbol)
{
	huffman_bits_put(w, code->codes[symbol], code->lengths[symbol]);
}

/* Writes a block of @len bytes at @out, where there is room for it. Returns its end. */
static u8 *huffman_block_write(const struct huffman_block *block, const u8 *in, u32 len, bool last,
			       u8 *out)
{
	const struct dsmb_huffman_code *code = &block->code;
	const u8 *in_end = in + len;
	struct huffman_writer w = {
		.at = out + DSMB_HUFFMAN_TABLE + 2 * sizeof(u16),
		.words = { out + DSMB_HUFFMAN_TABLE, out + DSMB_HUFFMAN_TABLE + sizeof(u16) },
		.free = HUFFMAN_WORD_BITS,
	};

	for (u32 i = 0; i < DSMB_HUFFMAN_SYMBOLS; i += 2)
		out[i / 2] = code->lengths[i] | code->lengths[i + 1] << 4;

	for (u32 i = 0; i < block->nr; i++) {
		const struct huffman_match *match = &block->matches[i];
		u32 length = match->length, bits = ilog2(match->distance);

		for (u32 literals = match->literals; literals; literals--)
			huffman_symbol_put(&w, code, *in++);
		huffman_symbol_put(&w, code, huffman_match_symbol(length, match->distance));
		if (length >= DSMB_HUFFMAN_LENGTH_MAX) {
			u32 more = length - DSMB_HUFFMAN_LENGTH_MAX;

			*w.at++ = min(more, DSMB_HUFFMAN_BYTE_MAX);
			if (more >= DSMB_HUFFMAN_BYTE_MAX) {
				put_unaligned_le16(length, w.at);
				w.at += sizeof(u16);
			}
		}
		huffman_bits_put(&w, match->distance - BIT(bits), bits);
		in += length + DSMB_MATCH_BASE;
	}
	while (in < in_end)
		huffman_symbol_put(&w, code, *in++);
	if (last)
		huffman_symbol_put(&w, code, DSMB_HUFFMAN_END);
	put_unaligned_le16(w.word << w.free, w.words[0]);
	put_unaligned_le16(0, w.words[1]);
	return w.at;
}

static ssize_t huffman_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	struct huffman_block *block = workspace;
	struct dsmb_match_finder finder = {
		.in = in, .heads = block->heads, .bits = HUFFMAN_HASH_BITS,
		.window = HUFFMAN_WINDOW, .max = DSMB_HUFFMAN_BLOCK,
	};
	u8 *at = out, *out_end = out + room;
	u32 done = 0;

	memset(block->heads, 0, sizeof(block->heads));
	while (done < in_len) {
		u32 len = min(in_len - done, DSMB_HUFFMAN_BLOCK);
		bool last = done + len == in_len;

		huffman_block_scan(block, &finder, done, done + len);
		dsmb_huffman_code_make(&block->code, block->counts);
		if (huffman_block_size(block, last) > out_end - at)
			return -ENOSPC;
		at = huffman_block_write(block, in + done, len, last, at);
		done += len;
		cond_resched();
	}
	return at - out;
}

const struct dsmb_algorithm dsmb_lz77_huffman = {
	.compress = huffman_compress,
	.decompress = dsmb_huffman_decompress,
	.compress_workspace = sizeof(struct huffman_block),
	.decompress_workspace = sizeof(struct dsmb_huffman_decoder),
};
