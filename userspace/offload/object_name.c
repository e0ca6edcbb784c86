// SPDX-License-Identifier: GPL-2.0-only
/* Names of objects in a bucket. */

#include <stdio.h>
#include <string.h>

#include "envelope.h"
#include "object_name.h"

void object_name(u32 kind, const u8 name[HASH_SIZE], char text[OBJECT_NAME_SIZE])
{
	char hex[HASH_HEX];

	hash_to_hex(name, HASH_SIZE, hex);
	snprintf(text, OBJECT_NAME_SIZE, "%s/%.2s/%s",
		 kind == ENVELOPE_MANIFEST ? "manifests" : "chunks", hex, hex);
}

bool object_name_parse(const char *text, u32 *kind, u8 name[HASH_SIZE])
{
	char again[OBJECT_NAME_SIZE];
	const char *hex = strrchr(text, '/');

	*kind = text[0] == 'm' ? ENVELOPE_MANIFEST : ENVELOPE_CHUNK;
	if (!hex || strlen(++hex) != 2 * HASH_SIZE || !hash_from_hex(hex, name, HASH_SIZE))
		return false;
	object_name(*kind, name, again);
	return !strcmp(text, again);
}
