// SPDX-License-Identifier: GPL-2.0-only
/* UTF-16 and UTF-8 (RFC 2781, RFC 3629). */

#include <locale.h>
#include <wctype.h>

#include "utf16.h"

#define REPLACEMENT	0xfffd

static locale_t unicode;

static bool is_high(u32 unit)
{
	return (unit & 0xfc00) == 0xd800;
}

static bool is_low(u32 unit)
{
	return (unit & 0xfc00) == 0xdc00;
}

/* Write a character. Returns its length in bytes, 0 if there is no room. */
static size_t put_utf8(u32 c, char *out, size_t room)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const u8 mark[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i;

	if (len > room)
		return 0;
	for (i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(mark[len] | c);
	return len;
}

bool utf16_to_utf8(const u8 *in, size_t units, char *out, size_t size)
{
	size_t used = 0;
	size_t i, len;

	if (!size)
		return false;
	for (i = 0; i < units; i++) {
		u32 c = in[2 * i] | (u32)in[2 * i + 1] << 8;

		if (!c || is_low(c))
			return false;
		if (is_high(c)) {
			u32 low;

			if (++i == units)
				return false;
			low = in[2 * i] | (u32)in[2 * i + 1] << 8;
			if (!is_low(low))
				return false;
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
		}
		len = put_utf8(c, out + used, size - 1 - used);
		if (!len)
			return false;
		used += len;
	}
	out[used] = '\0';
	return true;
}

/* Read the character at @p, and advance @p behind it. */
static u32 get_utf8(const char **p)
{
	static const u32 least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	u8 first = (u8)*(*p)++;
	unsigned int len, i;
	u32 c;

	if (first < 0x80)
		return first;
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	c = first & (0x7fU >> len);
	if (first < 0xc2 || first > 0xf4)
		return REPLACEMENT;
	for (i = 1; i < len; i++) {
		if (((u8)**p & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | ((u8)*(*p)++ & 0x3f);
	}
	return c < least[len] || c > 0x10ffff || (c & 0xfffff800) == 0xd800 ? REPLACEMENT : c;
}

static void put_unit(u8 *out, size_t at, u32 unit)
{
	if (!out)
		return;
	out[2 * at] = (u8)unit;
	out[2 * at + 1] = (u8)(unit >> 8);
}

size_t utf16_from_utf8(const char *text, u8 *out)
{
	size_t n = 0;

	while (*text) {
		u32 c = get_utf8(&text);

		if (c < 0x10000) {
			put_unit(out, n++, c);
		} else {
			put_unit(out, n++, 0xd800 | (c - 0x10000) >> 10);
			put_unit(out, n++, 0xdc00 | (c & 0x3ff));
		}
	}
	return n;
}

void utf16_open(void)
{
	if (!unicode)
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
}

void utf16_to_upper(u8 *text, size_t units)
{
	size_t i;

	for (i = 0; i < units; i++) {
		u32 unit = text[2 * i] | (u32)text[2 * i + 1] << 8, upper = unit;

		if (unit >= 'a' && unit <= 'z')
			upper = unit - 'a' + 'A';
		else if (unit > 0x7f && unicode && !is_high(unit) && !is_low(unit))
			upper = towupper_l(unit, unicode);
		put_unit(text, i, upper > 0xffff ? unit : upper);
	}
}
