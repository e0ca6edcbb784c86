// SPDX-License-Identifier: GPL-2.0-only
/* Registrations of file systems. */

#include <string.h>

#include "filesystem.h"
#include "number.h"

#define VERSION		1
#define HEADER		32
/* Places of the fields. */
#define AT_VERSION	8
#define AT_TYPE_LEN	10
#define AT_PATH_LEN	12
#define AT_ID		16

static const char magic[8] = "DITTOFSY";

size_t filesystem_encode(const struct filesystem *fs, u8 out[FILESYSTEM_MAX])
{
	size_t type = strlen(fs->type), path = strlen(fs->path);

	memset(out, 0, HEADER);
	memcpy(out, magic, sizeof(magic));
	number_put(out + AT_VERSION, 2, VERSION);
	number_put(out + AT_TYPE_LEN, 2, type);
	number_put(out + AT_PATH_LEN, 2, path);
	memcpy(out + AT_ID, fs->id, sizeof(fs->id));
	memcpy(out + HEADER, fs->type, type);
	memcpy(out + HEADER + type, fs->path, path);
	return HEADER + type + path;
}

bool filesystem_decode(struct filesystem *fs, const u8 *in, size_t len, struct why *why)
{
	size_t type, path;

	memset(fs, 0, sizeof(*fs));
	if (len < HEADER || memcmp(in, magic, sizeof(magic)))
		return why_not(why, "this is no registration of a file system");
	if (number_get(in + AT_VERSION, 2) != VERSION)
		return why_not(why, "the registration is of a later version");
	type = number_get(in + AT_TYPE_LEN, 2);
	path = number_get(in + AT_PATH_LEN, 2);
	if (!type || type > FILESYSTEM_TYPE_MAX || path > FILESYSTEM_PATH_MAX ||
	    len != HEADER + type + path || memchr(in + HEADER, 0, len - HEADER))
		return why_not(why, "the registration is damaged");
	memcpy(fs->id, in + AT_ID, sizeof(fs->id));
	memcpy(fs->type, in + HEADER, type);
	memcpy(fs->path, in + HEADER + type, path);
	return true;
}
