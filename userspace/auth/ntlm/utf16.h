/* SPDX-License-Identifier: GPL-2.0-only */
/* Conversion between UTF-8 and UTF-16 little endian, the encoding on the wire. */
#ifndef _DITTOD_UTF16_H
#define _DITTOD_UTF16_H

#include "common/types.h"

/*
 * Convert to UTF-8 with a NUL. Returns false if the result does not fit, or if the input contains
 * a NUL or an unpaired surrogate.
 */
bool utf16_to_utf8(const u8 *in, size_t units, char *out, size_t size);
/*
 * Convert from UTF-8, without the NUL. Returns the number of UTF-16 units. @out must have room
 * for all of them; with NULL they are only counted. Invalid UTF-8 becomes U+FFFD.
 */
size_t utf16_from_utf8(const char *text, u8 *out);

/*
 * Convert to upper case, each unit for itself, as Windows does it for names in keys. Only ASCII has
 * a case before utf16_open(), which is to be called before threads are started, and if the C
 * library has no locale C.UTF-8.
 */
void utf16_open(void);
void utf16_to_upper(u8 *text, size_t units);

#endif
