/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of names by words: those that no name has, a slash and 0; comparing and copying. */
#ifndef _DITTO_FS_OP_BYTES_H
#define _DITTO_FS_OP_BYTES_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/* The top bits of eight bytes. */
#define DITTO_BYTES_TOP		0x8080808080808080ULL

/*
 * Return: a word with one of DITTO_BYTES_TOP if one of the eight bytes is 0: only such a byte
 * borrows from its top bit.
 */
static inline u64 ditto_bytes_zeros(u64 word)
{
	return (word - 0x0101010101010101ULL) & ~word;
}

/* Return: a word with one of DITTO_BYTES_TOP if one of the eight bytes is a slash. */
static inline u64 ditto_bytes_slashes(u64 word)
{
	return ditto_bytes_zeros(word ^ (0x0101010101010101ULL * '/'));
}

/* Return: true if one of the eight bytes is 0. */
static inline bool ditto_bytes_have_zero(u64 word)
{
	return ditto_bytes_zeros(word) & DITTO_BYTES_TOP;
}

/* Return: true if one of the eight bytes is a slash. */
static inline bool ditto_bytes_have_slash(u64 word)
{
	return ditto_bytes_slashes(word) & DITTO_BYTES_TOP;
}

/*
 * Look for bytes that no name has. Context: any. Return: true if there is neither a slash nor a 0.
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

/*
 * Compare strings of bytes that are short, such as names. The last word is taken from the end and
 * overlaps the one before, unless @len is a multiple of 8. Nothing outside of the @len bytes is
 * read. Context: any. Return: true if they are the same.
 */
static inline bool ditto_bytes_same(const void *a, const void *b, size_t len)
{
	const size_t size = sizeof(u64);
	u64 differ = 0;
	size_t at;

	if (len < size)
		return !memcmp(a, b, len);
	for (len -= size, at = 0; at < len && !differ; at += size)
		differ = get_unaligned((const u64 *)(a + at)) ^
			 get_unaligned((const u64 *)(b + at));
	return !differ && get_unaligned((const u64 *)(a + len)) ==
			  get_unaligned((const u64 *)(b + len));
}

/*
 * Copy a string of bytes that is short, such as a name. The last word is taken from the end and
 * overlaps the one before, unless @len is a multiple of 8. Nothing outside of the @len bytes is
 * read or written. Context: any.
 */
static inline void ditto_bytes_copy(void *to, const void *from, size_t len)
{
	const size_t size = sizeof(u64);
	size_t at;

	if (len < size) {
		for (at = 0; at < len; at++)
			((u8 *)to)[at] = ((const u8 *)from)[at];
		return;
	}
	for (len -= size, at = 0; at < len; at += size)
		put_unaligned(get_unaligned((const u64 *)(from + at)), (u64 *)(to + at));
	put_unaligned(get_unaligned((const u64 *)(from + len)), (u64 *)(to + len));
}

#endif
