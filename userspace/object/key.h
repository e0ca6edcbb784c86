/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of a store. Each purpose has a key of its own, derived from the administrator's. */
#ifndef _DITTO_OFFLOAD_KEY_H
#define _DITTO_OFFLOAD_KEY_H

#include "hash.h"

/* Bytes of the administrator's key. */
#define KEY_SIZE	32
#define KEY_ID_SIZE	8

/**
 * struct key - a key, and those derived from it
 * @id: tells which key encrypted an object
 * @data: encrypts the objects
 * @name: makes their names
 * @gear: makes the table by which files are cut
 */
struct key {
	u8 id[KEY_ID_SIZE];
	u8 data[HASH_SIZE];
	u8 name[HASH_SIZE];
	u8 gear[HASH_SIZE];
};

/* Derive all keys from the administrator's. */
void key_derive(struct key *key, const u8 master[KEY_SIZE]);

/* Name of an object with this content: HMAC, or SHA-256 if @key is NULL. */
void key_name(const struct key *key, const void *plain, size_t len, u8 name[HASH_SIZE]);

#endif
