// SPDX-License-Identifier: GPL-2.0-only
/*
 * Canonical Huffman codes of limited length: MS-XCA section 2.1.4.2.
 *
 * Only the number of codes of each length is taken from the tree. Codes that are too long are cut
 * to the limit, which makes the code ambiguous; so shorter ones are made longer until it is not.
 * The result may be a few bits longer than the best one.
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "lz77_huffman.h"

#define LIMIT	DSMB_HUFFMAN_CODE_BITS

static int code_compare(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Counts how many of @n sorted symbols have a code of each length, at most LIMIT. */
static void code_count_lengths(struct dsmb_huffman_code *code, u32 n, u32 numbers[LIMIT + 1])
{
	u32 *nodes = code->nodes;
	u32 leaf = 0, node = 0;

	/*
	 * Join the two rarest until one is left. Nodes are made in the order of their weights, so
	 * the rarest is the first of the leaves or of the nodes that have no parent.
	 */
	for (u32 made = 0; made < n - 1; made++) {
		u32 weight = 0;

		for (u32 child = 0; child < 2; child++) {
			u32 count = leaf < n ? code->sorted[leaf] >> DSMB_HUFFMAN_SYMBOL_BITS : 0;

			if (leaf < n && (node == made || count <= nodes[node])) {
				weight += count;
				leaf++;
			} else {
				weight += nodes[node];
				nodes[node++] = made;	/* its parent from now on */
			}
		}
		nodes[made] = weight;
	}

	/* From the root down, a parent becomes a depth. */
	nodes[n - 2] = 0;
	numbers[1] = 2;
	for (u32 i = n - 2; i-- > 0;) {
		nodes[i] = nodes[nodes[i]] + 1;
		/* Where a leaf would be, there is a node with two below it. */
		numbers[min(nodes[i], LIMIT)]--;
		numbers[min(nodes[i] + 1, LIMIT)] += 2;
	}
}

/*
 * Make the canonical code of symbols that occur @counts times: two or more of them, and altogether
 * fewer than 2^23 times.
 */
void dsmb_huffman_code_make(struct dsmb_huffman_code *code, const u32 *counts)
{
	u32 numbers[LIMIT + 1] = {}, next[LIMIT + 1] = {};
	u32 n = 0, taken = 0, left;

	for (u32 symbol = 0; symbol < DSMB_HUFFMAN_SYMBOLS; symbol++) {
		if (counts[symbol])
			code->sorted[n++] = counts[symbol] << DSMB_HUFFMAN_SYMBOL_BITS | symbol;
	}
	sort(code->sorted, n, sizeof(code->sorted[0]), code_compare, NULL);
	code_count_lengths(code, n, numbers);

	/* A code of some length takes so many of the longest codes; all of them must be taken. */
	for (u32 length = 1; length <= LIMIT; length++)
		taken += numbers[length] << (LIMIT - length);
	for (; taken > BIT(LIMIT); taken--) {
		u32 length = LIMIT - 1;

		/* Two codes of one bit more instead of a short code and one of the longest. */
		while (!numbers[length])
			length--;
		numbers[length]--;
		numbers[length + 1] += 2;
		numbers[LIMIT]--;
	}

	memset(code->lengths, 0, sizeof(code->lengths));
	left = n;
	for (u32 length = 1; length <= LIMIT; length++) {
		for (u32 i = 0; i < numbers[length]; i++) {
			u32 symbol = code->sorted[--left] % DSMB_HUFFMAN_SYMBOLS;

			code->lengths[symbol] = length;
		}
		next[length] = (next[length - 1] + numbers[length - 1]) << 1;
	}
	for (u32 symbol = 0; symbol < DSMB_HUFFMAN_SYMBOLS; symbol++) {
		if (code->lengths[symbol])
			code->codes[symbol] = next[code->lengths[symbol]]++;
	}
}
