/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compression of SMB messages: MS-SMB2 sections 3.1.4.4 and 3.1.5.3, and MS-XCA.
 *
 * Input, output and scratch memory belong to the caller and do not overlap; each is contiguous.
 * Nothing here allocates memory or keeps state between calls. Every function takes time linear in
 * the lengths of its input and output, whatever the bytes are, and runs in a process, as others may
 * run in between; LZ4, which is the kernel's, lets nobody in between.
 */
#ifndef _DITTO_SMB_COMPRESS_COMPRESS_H
#define _DITTO_SMB_COMPRESS_COMPRESS_H

#include <linux/types.h>

/* MS-SMB2 section 2.2.3.1.3 */
enum dsmb_compress_algorithm {
	DSMB_COMPRESS_NONE		= 0,
	DSMB_COMPRESS_LZNT1		= 1,
	DSMB_COMPRESS_LZ77		= 2,
	DSMB_COMPRESS_LZ77_HUFFMAN	= 3,
	DSMB_COMPRESS_PATTERN_V1	= 4,
	DSMB_COMPRESS_LZ4		= 5,
};

/* Bytes from which on a run is worth a payload of its own (MS-SMB2 section 3.1.4.4.1). */
#define DSMB_PATTERN_MIN	64

/* SMB2_COMPRESSION_PATTERN_PAYLOAD_V1 (MS-SMB2 section 2.2.42.2.2): one byte, repeated. */
struct dsmb_pattern_v1 {
	u8 pattern;
	u8 reserved1;
	__le16 reserved2;
	__le32 repetitions;
} __packed;

/**
 * struct dsmb_pattern_runs - runs of one byte at the ends of data
 * @front: bytes at the front that are equal to the first one; 0 if fewer than DSMB_PATTERN_MIN
 * @back: bytes at the back that are equal to the last one; 0 if fewer than DSMB_PATTERN_MIN, or if
 *	@front is all of the data
 */
struct dsmb_pattern_runs {
	size_t front;
	size_t back;
};

/* pattern.c */
struct dsmb_pattern_runs dsmb_pattern_scan(const u8 *in, size_t len);

/* compress.c */
bool dsmb_compress_has(u16 algorithm);
size_t dsmb_compress_workspace(u16 algorithm);
size_t dsmb_decompress_workspace(u16 algorithm);
ssize_t dsmb_compress(u16 algorithm, const u8 *in, size_t in_len, u8 *out, size_t room,
		      void *workspace);
int dsmb_decompress(u16 algorithm, const u8 *in, size_t in_len, u8 *out, size_t out_len,
		    void *workspace);

#endif
