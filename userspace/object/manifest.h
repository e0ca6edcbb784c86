/* SPDX-License-Identifier: GPL-2.0-only */
/* Manifests: the list of the chunks of a file. Documentation/offload.md has the layout. */
#ifndef _DITTO_OFFLOAD_MANIFEST_H
#define _DITTO_OFFLOAD_MANIFEST_H

#include "hash.h"
#include "text.h"

/* Most chunks of a file: of 16 TiB at the wanted length, and of 4 TiB at least. */
#define MANIFEST_CHUNKS_MAX	(4U << 20)
#define MANIFEST_HEADER		32
#define MANIFEST_RECORD		40
/* Longest manifest in bytes. */
#define MANIFEST_MAX		(MANIFEST_HEADER + (size_t)MANIFEST_RECORD * MANIFEST_CHUNKS_MAX)

/**
 * struct manifest_chunk - a chunk of a file
 * @name: its name
 * @offset: its place in the file in bytes
 * @length: bytes
 */
struct manifest_chunk {
	u8 name[HASH_SIZE];
	u64 offset;
	u32 length;
};

/**
 * struct manifest - the content of a file
 * @size: bytes
 * @n: number of chunks
 * @chunks: they follow each other without gaps
 */
struct manifest {
	u64 size;
	u32 n;
	struct manifest_chunk *chunks;
};

/* Append a chunk. Returns false if there are too many. */
bool manifest_add(struct manifest *m, const u8 name[HASH_SIZE], u32 length);
/* Release the list. */
void manifest_free(struct manifest *m);
/* Bytes of the manifest's text. */
size_t manifest_length(const struct manifest *m);
/* Encode a manifest into manifest_length() bytes. */
void manifest_encode(const struct manifest *m, u8 *out);

/**
 * manifest_decode - decode a manifest
 * @m: filled; to be freed by manifest_free()
 * @in: the manifest
 * @len: its length in bytes
 * @why: filled on errors
 *
 * Return: false unless it is valid and its chunks make up the whole file.
 */
bool manifest_decode(struct manifest *m, const u8 *in, size_t len, struct why *why);

/* Index of the chunk with the byte at @offset, which is less than the size. */
u32 manifest_find(const struct manifest *m, u64 offset);

#endif
