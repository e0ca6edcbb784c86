/* SPDX-License-Identifier: GPL-2.0-only */
/* Names in UTF-16 with the low byte first, which is how they come over the wire. */
#ifndef _DITTOD_UTF16_H
#define _DITTOD_UTF16_H

#include "common/types.h"

/*
 * To UTF-8 with a NUL. False if it does not fit, has a NUL inside or half a
 * character of two units.
 */
bool utf16_to_utf8(const u8 *in, size_t units, char *out, size_t size);
/*
 * From UTF-8 without a NUL: how many units it has, and with @out these, of which
 * there must be room for as many. Bytes that are no UTF-8 become U+FFFD.
 */
size_t utf16_from_utf8(const char *text, u8 *out);

#endif
