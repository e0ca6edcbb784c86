/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of each algorithm, for the table of compress.c. */
#ifndef _DITTO_SMB_COMPRESS_ALGORITHM_H
#define _DITTO_SMB_COMPRESS_ALGORITHM_H

#include <linux/types.h>

/**
 * struct dsmb_algorithm - an algorithm, see compress.h
 * @compress: as dsmb_compress(); lengths are below 2 GiB
 * @decompress: as dsmb_decompress(); lengths are below 2 GiB
 * @compress_workspace: bytes of scratch memory of @compress
 * @decompress_workspace: bytes of scratch memory of @decompress
 */
struct dsmb_algorithm {
	ssize_t (*compress)(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace);
	int (*decompress)(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace);
	size_t compress_workspace;
	size_t decompress_workspace;
};

extern const struct dsmb_algorithm dsmb_lznt1;
extern const struct dsmb_algorithm dsmb_lz77;
extern const struct dsmb_algorithm dsmb_lz77_huffman;
extern const struct dsmb_algorithm dsmb_pattern_v1;
extern const struct dsmb_algorithm dsmb_lz4;

#endif
