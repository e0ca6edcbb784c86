// SPDX-License-Identifier: GPL-2.0-only
/* Cookies. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cookie.h"
#include "envelope.h"
#include "pack.h"

/* Bytes of the line with a name. */
#define NAME		(2 * HASH_SIZE)
/* Versions with a UUID are so many more than those without. */
#define UUID		2

size_t cookie_encode(const struct cookie *c, u8 cookie[OFFLOAD_COOKIE_MAX])
{
	char hex[HASH_HEX], member[HASH_HEX], *out = (char *)cookie;
	int len;

	hash_to_hex(c->name, HASH_SIZE, hex);
	len = snprintf(out, OFFLOAD_COOKIE_MAX, "%s\n%s\n%d%s%s", c->store, hex,
		       1 + c->packed + (c->uuid[0] ? UUID : 0), c->uuid[0] ? "\n" : "", c->uuid);
	if (!c->packed)
		return (size_t)len;
	hash_to_hex(c->member, HASH_SIZE, member);
	return (size_t)(len + snprintf(out + len, (size_t)(OFFLOAD_COOKIE_MAX - len),
				       "\n%u %u %s", c->offset, c->room, member));
}

static bool cookie_place_is_good(const struct cookie *c)
{
	return c->room > ENVELOPE_HEADER + ENVELOPE_TAG && c->room <= ENVELOPE_MAX(PACK_FILE_MAX) &&
	       c->offset <= PACK_SIZE - c->room;
}

bool cookie_decode(struct cookie *c, const u8 *cookie, size_t len)
{
	char text[OFFLOAD_COOKIE_MAX + 1], *rest = text, *store, *name, *version, *place, *end;
	const char *uuid;
	u8 again[OFFLOAD_COOKIE_MAX];

	memset(c, 0, sizeof(*c));
	if (len >= sizeof(text) || memchr(cookie, 0, len))
		return false;
	memcpy(text, cookie, len);
	text[len] = '\0';
	store = strsep(&rest, "\n");
	name = strsep(&rest, "\n");
	version = strsep(&rest, "\n");
	uuid = version && (!strcmp(version, "3") || !strcmp(version, "4")) ?
	       strsep(&rest, "\n") : NULL;
	place = rest;
	if (!*store || strlen(store) > OFFLOAD_STORE_MAX || !version || strlen(name) != NAME ||
	    !hash_from_hex(name, c->name, HASH_SIZE) || (uuid && !store_uuid_is_good(uuid)))
		return false;
	snprintf(c->store, sizeof(c->store), "%s", store);
	snprintf(c->uuid, sizeof(c->uuid), "%s", uuid ?: "");
	if (place) {
		c->packed = true;
		c->offset = (u32)strtoul(place, &end, 10);
		c->room = (u32)strtoul(end, &end, 10);
		if (*end != ' ' || strlen(end + 1) != NAME || !cookie_place_is_good(c) ||
		    !hash_from_hex(end + 1, c->member, HASH_SIZE))
			return false;
	}
	/* Signs, spaces, other digits and versions: only what is written is read. */
	return cookie_encode(c, again) == len && !memcmp(again, cookie, len);
}
