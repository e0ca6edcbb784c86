/* SPDX-License-Identifier: GPL-2.0-only */
/* Little-endian numbers of any length and alignment. */
#ifndef _DITTO_OFFLOAD_NUMBER_H
#define _DITTO_OFFLOAD_NUMBER_H

#include "common/types.h"

static inline u64 number_get(const u8 *in, unsigned int bytes)
{
	u64 number = 0;

	while (bytes--)
		number = number << 8 | in[bytes];
	return number;
}

static inline void number_put(u8 *out, unsigned int bytes, u64 number)
{
	for (; bytes; bytes--, number >>= 8)
		*out++ = (u8)number;
}

#endif
