// SPDX-License-Identifier: GPL-2.0-only
/* Keys of a store. */

#include <string.h>

#include "key.h"

static void key_derive_one(const u8 master[KEY_SIZE], const char *purpose, u8 key[HASH_SIZE])
{
	hash_hmac(master, KEY_SIZE, purpose, strlen(purpose), key);
}

void key_derive(struct key *key, const u8 master[KEY_SIZE])
{
	u8 id[HASH_SIZE];

	key_derive_one(master, "ditto offload 1 id", id);
	memcpy(key->id, id, KEY_ID_SIZE);
	key_derive_one(master, "ditto offload 1 data", key->data);
	key_derive_one(master, "ditto offload 1 name", key->name);
	key_derive_one(master, "ditto offload 1 gear", key->gear);
}

void key_name(const struct key *key, const void *plain, size_t len, u8 name[HASH_SIZE])
{
	if (key)
		hash_hmac(key->name, HASH_SIZE, plain, len, name);
	else
		hash_sha256(plain, len, name);
}
