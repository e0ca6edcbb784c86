/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts the entries that each client holds in a table shared by all clients. A full table then
 * evicts an entry of the client with the most entries, not the oldest entry of all.
 *
 * Locking: the caller provides it.
 */
#ifndef _DITTOD_HOLDERS_H
#define _DITTOD_HOLDERS_H

#include "common/types.h"

/* Longest key, including the NUL. */
#define HOLDER_KEY_SIZE		64
#define HOLDER_BUCKETS		256

/**
 * struct holder - a client that holds entries
 * @next: next holder in the bucket
 * @count: number of entries; the holder is freed with the last one
 * @key: identity of the client
 */
struct holder {
	struct holder *next;
	unsigned int count;
	char key[HOLDER_KEY_SIZE];
};

/**
 * struct holders - all holders of a table; zeroed initially
 * @bucket: hash table by key
 */
struct holders {
	struct holder *bucket[HOLDER_BUCKETS];
};

/* Count one more entry for @key, and create the holder if needed. Never returns NULL. */
struct holder *holders_add(struct holders *all, const char *key);
/* Count one entry less, and free @h with its last entry; NULL is allowed. */
void holders_drop(struct holders *all, struct holder *h);
/* Return the holder with this key; NULL if it holds no entries. */
struct holder *holders_find(struct holders *all, const char *key);
/* Return the holder with the most entries; NULL if there is no holder. */
struct holder *holders_most(struct holders *all);

/**
 * holders_key - derive the key of a client from its address and port
 * @peer: "192.0.2.1:445" or "[2001:db8::1]:445"; NULL for an unknown client
 * @key: filled with the IPv4 address, or the /64 prefix of an IPv6 address, because one
 *	host can use all addresses of its prefix
 */
void holders_key(const char *peer, char key[HOLDER_KEY_SIZE]);

#endif
