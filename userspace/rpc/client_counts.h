/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts the entries that each client holds in a table shared by all clients. A full table then
 * evicts an entry of the client with the most entries, not the oldest entry of all.
 *
 * Locking: the caller provides it.
 */
#ifndef _DITTOD_CLIENT_COUNTS_H
#define _DITTOD_CLIENT_COUNTS_H

#include "common/types.h"

/* Longest key, including the NUL. */
#define CLIENT_COUNT_KEY_SIZE		64
#define CLIENT_COUNT_BUCKETS		256

/**
 * struct client_count - a client that holds entries
 * @next: next client_count in the bucket
 * @count: number of entries; the client_count is freed with the last one
 * @key: identity of the client
 */
struct client_count {
	struct client_count *next;
	unsigned int count;
	char key[CLIENT_COUNT_KEY_SIZE];
};

/**
 * struct client_counts - all client_counts of a table; zeroed initially
 * @bucket: hash table by key
 */
struct client_counts {
	struct client_count *bucket[CLIENT_COUNT_BUCKETS];
};

/* Count one more entry for @key, and create the client_count if needed. Never returns NULL. */
struct client_count *client_counts_add(struct client_counts *all, const char *key);
/* Count one entry less, and free @h with its last entry; NULL is allowed. */
void client_counts_drop(struct client_counts *all, struct client_count *h);
/* Return the client_count with this key; NULL if it holds no entries. */
struct client_count *client_counts_find(struct client_counts *all, const char *key);
/* Return the client_count with the most entries; NULL if there is no client_count. */
struct client_count *client_counts_most(struct client_counts *all);

/**
 * client_counts_key - derive the key of a client from its address and port
 * @peer: "192.0.2.1:445" or "[2001:db8::1]:445"; NULL for an unknown client
 * @key: filled with the IPv4 address, or the /64 prefix of an IPv6 address, because one
 *	host can use all addresses of its prefix
 */
void client_counts_key(const char *peer, char key[CLIENT_COUNT_KEY_SIZE]);

#endif
