/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds how many entries of a table that all clients share, so that a full
 * table takes one from whoever has most and not from whoever came first.
 *
 * Locking: the caller's.
 */
#ifndef _DITTOD_HOLDERS_H
#define _DITTOD_HOLDERS_H

#include "common/types.h"

/* Longest key, with its NUL. */
#define HOLDER_KEY_SIZE		64
#define HOLDER_BUCKETS		256

/**
 * struct holder - somebody who holds entries
 * @next: in the bucket
 * @count: entries; it is freed with the last one
 * @key: who
 */
struct holder {
	struct holder *next;
	unsigned int count;
	char key[HOLDER_KEY_SIZE];
};

/**
 * struct holders - all holders of a table; zeroed to begin with
 * @bucket: by a hash of the key
 */
struct holders {
	struct holder *bucket[HOLDER_BUCKETS];
};

/* @key holds one entry more. */
struct holder *holders_add(struct holders *all, const char *key);
/* One entry less; NULL is allowed. @h may be freed. */
void holders_drop(struct holders *all, struct holder *h);
/* The holder of this key; NULL if it holds nothing. */
struct holder *holders_find(struct holders *all, const char *key);
/* Whoever holds most entries; NULL if nobody holds any. */
struct holder *holders_most(struct holders *all);

/**
 * holders_key - the key of a client by its address and port
 * @peer: "192.0.2.1:445" or "[2001:db8::1]:445"; NULL for an unknown client
 * @key: filled with the IPv4 address, or the /64 of an IPv6 address: a host has all of it
 */
void holders_key(const char *peer, char key[HOLDER_KEY_SIZE]);

#endif
