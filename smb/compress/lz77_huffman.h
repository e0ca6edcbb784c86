/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LZ77+Huffman: MS-XCA sections 2.1 and 2.2.
 *
 * A block is 64 KiB of data, or more if its last match is long. It begins with the lengths of the
 * codes of 512 symbols, 4 bits each. The codes follow in words of 16 bits, from the highest bit
 * down. A symbol below 256 is a literal, any other one is a match: its low 4 bits are the length,
 * and the others the number of bits of the distance that follow. A length that is too large goes on
 * in bytes of its own, which lie behind the two words that a reader has read ahead.
 *
 * Symbol 256 behind all data marks the end. Before it, it is a match of 3 bytes.
 */
#ifndef _DITTO_SMB_COMPRESS_LZ77_HUFFMAN_H
#define _DITTO_SMB_COMPRESS_LZ77_HUFFMAN_H

#include <linux/types.h>

#define DSMB_HUFFMAN_BLOCK		65536
#define DSMB_HUFFMAN_SYMBOL_BITS	9
#define DSMB_HUFFMAN_SYMBOLS		512
#define DSMB_HUFFMAN_MATCH		256	/* the first symbol that is no literal */
#define DSMB_HUFFMAN_END		256
#define DSMB_HUFFMAN_TABLE		(DSMB_HUFFMAN_SYMBOLS / 2)	/* bytes of the lengths */
#define DSMB_HUFFMAN_CODE_BITS		15	/* of the longest code */

/* In the symbol of a match. */
#define DSMB_HUFFMAN_LENGTH_BITS	4
#define DSMB_HUFFMAN_LENGTH_MAX		15	/* says that the length goes on in a byte */
#define DSMB_HUFFMAN_BYTE_MAX		255	/* in a byte; says that it is 16 bits behind it */

/**
 * struct dsmb_huffman_code - a code that is made for a block
 * @sorted: scratch: the symbols that occur, rare ones first, and how often
 * @nodes: scratch: inner nodes of the tree
 * @lengths: bits of the code of each symbol; 0 if it does not occur
 * @codes: the codes
 */
struct dsmb_huffman_code {
	u32 sorted[DSMB_HUFFMAN_SYMBOLS];
	u32 nodes[DSMB_HUFFMAN_SYMBOLS];
	u8 lengths[DSMB_HUFFMAN_SYMBOLS];
	u16 codes[DSMB_HUFFMAN_SYMBOLS];
};

/* huffman_code.c */
void dsmb_huffman_code_make(struct dsmb_huffman_code *code, const u32 *counts);

/* Codes up to this length are looked up, longer ones are searched for. */
#define DSMB_HUFFMAN_FAST_BITS		11

/**
 * struct dsmb_huffman_decoder - the code of a block that is read
 * @fast: for the first bits, the symbol, and below it 4 bits with the length of its code; 0 if the
 *	code is longer
 * @sorted: symbols by length and number, which is the order of their codes
 * @first: for each length, the place of its first symbol in @sorted
 * @start: for each length, its first code, with zeros behind it up to the longest length
 */
struct dsmb_huffman_decoder {
	u16 fast[1 << DSMB_HUFFMAN_FAST_BITS];
	u16 sorted[DSMB_HUFFMAN_SYMBOLS];
	u16 first[DSMB_HUFFMAN_CODE_BITS + 2];
	u16 start[DSMB_HUFFMAN_CODE_BITS + 2];
};

/* lz77_huffman_decompress.c */
int dsmb_huffman_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace);

#endif
