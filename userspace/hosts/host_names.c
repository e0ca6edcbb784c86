// SPDX-License-Identifier: GPL-2.0-only
/* Encoding of the names of a host, from the host worker to dittod. */

#include <ctype.h>
#include <string.h>

#include "host_names.h"

bool host_name_good(const char *name)
{
	size_t len;

	for (len = 0; name[len]; len++)
		if (!isalnum((unsigned char)name[len]) && !strchr("-._", name[len]))
			return false;
	return len && len < NSS_NAME_SIZE;
}

size_t host_names_put(const struct nss_names *names, u8 out[HOST_NAMES_MAX])
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < names->n; i++) {
		size_t size = strlen(names->name[i]) + 1;

		memcpy(out + len, names->name[i], size);
		len += size;
	}
	return len;
}

bool host_names_take(const u8 *bytes, size_t len, struct nss_names *names)
{
	const u8 *end;

	for (names->n = 0; len; names->n++) {
		end = memchr(bytes, 0, len);
		if (!end || names->n == NSS_NAMES_MAX || !host_name_good((const char *)bytes))
			return false;
		memcpy(names->name[names->n], bytes, (size_t)(end + 1 - bytes));
		len -= (size_t)(end + 1 - bytes);
		bytes = end + 1;
	}
	return true;
}
