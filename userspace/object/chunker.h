/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cuts content into chunks at places that depend on the content alone, so that equal parts of
 * files become equal chunks wherever they are.
 *
 * A hash rolls over the last 64 bytes: it is doubled, and a random number for each byte is added.
 * A chunk ends where the highest bits of the hash are zero: 24 of them up to the wanted length,
 * 20 from there on, which keeps the lengths together.
 */
#ifndef _DITTO_OFFLOAD_CHUNKER_H
#define _DITTO_OFFLOAD_CHUNKER_H

#include "hash.h"

/* Lengths of a chunk in bytes; only the last one of a file may be shorter. */
#define CHUNK_MIN	(1024U * 1024)
#define CHUNK_WANTED	(4U << 20)
#define CHUNK_MAX	(16U << 20)

/**
 * struct chunker - a cutter
 * @gear: random numbers by byte
 * @hash: rolling hash
 * @length: bytes of the present chunk so far
 */
struct chunker {
	u64 gear[256];
	u64 hash;
	size_t length;
};

/* Begin the first chunk. @seed is the gear key of the store, or NULL. */
void chunker_init(struct chunker *c, const u8 seed[HASH_SIZE]);

/**
 * chunker_scan - find the end of the present chunk
 * @c: the cutter
 * @data: the next bytes
 * @len: number of them
 * @cut: set to whether the chunk ends there; the next call begins another one
 *
 * Return: how many of the bytes belong to the chunk; all of them unless it ends.
 */
size_t chunker_scan(struct chunker *c, const u8 *data, size_t len, bool *cut);

#endif
