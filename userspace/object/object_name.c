// SPDX-License-Identifier: GPL-2.0-only
/* Names of objects in a bucket. */

#include <stdio.h>
#include <string.h>

#include "envelope.h"
#include "object_name.h"

static const struct {
	u32 kind;
	const char *folder;
} folders[] = {
	{ ENVELOPE_CHUNK, "chunks" },
	{ ENVELOPE_MANIFEST, "manifests" },
	{ ENVELOPE_PACK, "packs" },
	{ ENVELOPE_SNAPSHOT, "snapshots" },
	{ ENVELOPE_FILESYSTEM, "filesystems" },
	{ ENVELOPE_GARBAGE, "garbage" },
};

void object_name(u32 kind, const u8 name[HASH_SIZE], char text[OBJECT_NAME_SIZE])
{
	char hex[HASH_HEX];
	size_t i = 0;

	while (i < ARRAY_SIZE(folders) - 1 && folders[i].kind != kind)
		i++;
	hash_to_hex(name, HASH_SIZE, hex);
	snprintf(text, OBJECT_NAME_SIZE, "%s/%.2s/%s", folders[i].folder, hex, hex);
}

bool object_name_parse(const char *text, u32 *kind, u8 name[HASH_SIZE])
{
	char again[OBJECT_NAME_SIZE];
	const char *hex = strrchr(text, '/');
	size_t i = 0;

	while (i < ARRAY_SIZE(folders) - 1 && folders[i].folder[0] != text[0])
		i++;
	*kind = folders[i].kind;
	if (!hex || strlen(++hex) != 2 * HASH_SIZE || !hash_from_hex(hex, name, HASH_SIZE))
		return false;
	object_name(*kind, name, again);
	return !strcmp(text, again);
}
