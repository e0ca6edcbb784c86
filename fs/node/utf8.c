// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validation of UTF-8 (RFC 3629 section 4): each character in its shortest
 * form, no surrogates, nothing above U+10FFFF.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include "utf8.h"

/* The top bits of eight bytes: none is set if all are ASCII. */
#define NOT_ASCII	0x8080808080808080ULL

/**
 * struct form - a row of the table of valid sequences
 * @first: lowest first byte
 * @last: highest first byte
 * @more: number of bytes that follow
 * @low: lowest second byte; 0x80 for those after it
 * @high: highest second byte; 0xbf for those after it
 */
struct form {
	u8 first;
	u8 last;
	u8 more;
	u8 low;
	u8 high;
};

static const struct form forms[] = {
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf },
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

/* Length of the character at the start of @s, which is not ASCII; 0 if it is not valid. */
static size_t utf8_character(const u8 *s, size_t len)
{
	const struct form *form;
	unsigned int i;

	for (form = forms; form < forms + ARRAY_SIZE(forms); form++)
		if (s[0] >= form->first && s[0] <= form->last)
			break;
	if (form == forms + ARRAY_SIZE(forms) || len <= form->more)
		return 0;
	for (i = 1; i <= form->more; i++)
		if (s[i] < (i == 1 ? form->low : 0x80) || s[i] > (i == 1 ? form->high : 0xbf))
			return 0;
	return 1 + form->more;
}

/**
 * ditto_is_utf8 - check for valid UTF-8 (RFC 3629)
 * @s: bytes, not terminated
 * @len: length of @s
 *
 * Context: any.
 * Return: whether they are valid.
 */
bool ditto_is_utf8(const char *s, size_t len)
{
	size_t n;

	while (len) {
		if (len >= sizeof(u64) && !(get_unaligned((const u64 *)s) & NOT_ASCII))
			n = sizeof(u64);
		else if (isascii(*s))
			n = 1;
		else
			n = utf8_character((const u8 *)s, len);
		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_is_utf8, "DITTO");
