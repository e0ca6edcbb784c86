/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cookies: what a stub keeps of its content. The name of the store, the name of an object in
 * hexadecimal digits, and the version of the format, each on a line. In version 1 the object is a
 * manifest. In version 2 it is a pack, and a fourth line has the place of the file's envelope in
 * it, its room, and the name of its content. Versions 3 and 4 are the same with the UUID of the
 * store before that, on a line of its own; the other two come from before stores had one.
 */
#ifndef _DITTO_OFFLOAD_COOKIE_H
#define _DITTO_OFFLOAD_COOKIE_H

#include <string.h>

#include "hash.h"
#include "store/msg.h"

/* Hexadecimal digits of the UUID of a store, and the NUL. */
#define STORE_UUID_SIZE		33

/**
 * struct cookie - what names the content of a file
 * @store: name of the store
 * @uuid: UUID of the store, or "" for one of an earlier version
 * @name: name of the manifest, or of the pack
 * @packed: the content is a member of a pack
 * @offset: place of its envelope in the pack in bytes, if @packed; as all members from here on
 * @room: bytes of that place
 * @member: name of the content
 */
struct cookie {
	char store[OFFLOAD_STORE_MAX + 1];
	char uuid[STORE_UUID_SIZE];
	u8 name[HASH_SIZE];
	bool packed;
	u32 offset;
	u32 room;
	u8 member[HASH_SIZE];
};

/* Encode a cookie. Returns its length in bytes. */
size_t cookie_encode(const struct cookie *c, u8 cookie[OFFLOAD_COOKIE_MAX]);
/* Decode a cookie. Returns false if it is invalid or of another version. */
bool cookie_decode(struct cookie *c, const u8 *cookie, size_t len);

/* Return whether a text is the UUID of a store. */
static inline bool store_uuid_is_good(const char *uuid)
{
	return strlen(uuid) == STORE_UUID_SIZE - 1 &&
	       strspn(uuid, "0123456789abcdef") == STORE_UUID_SIZE - 1;
}

#endif
