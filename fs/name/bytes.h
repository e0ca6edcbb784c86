/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that no name has: a slash and 0. */
#ifndef _DITTO_FS_NAME_BYTES_H
#define _DITTO_FS_NAME_BYTES_H

#include <linux/types.h>
#include <linux/unaligned.h>

/* Return: true if one of the eight bytes is 0: only such a byte borrows from its top bit. */
static inline bool ditto_bytes_have_zero(u64 word)
{
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

/* Return: true if one of the eight bytes is a slash. */
static inline bool ditto_bytes_have_slash(u64 word)
{
	return ditto_bytes_have_zero(word ^ (0x0101010101010101ULL * '/'));
}

/**
 * ditto_name_is_clean - look for bytes that no name has
 * @name: the name, not terminated
 * @len: of @name
 *
 * Context: any.
 * Return: true if there is neither a slash nor a 0.
 */
static inline bool ditto_name_is_clean(const char *name, size_t len)
{
	for (; len >= sizeof(u64); name += sizeof(u64), len -= sizeof(u64)) {
		u64 word = get_unaligned((const u64 *)name);

		if (ditto_bytes_have_zero(word) || ditto_bytes_have_slash(word))
			return false;
	}
	for (; len; name++, len--)
		if (!*name || *name == '/')
			return false;
	return true;
}

#endif
