/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_CRC32_H
#define _DITTO_COMPAT_LINUX_CRC32_H

#include_next <linux/crc32.h>

#ifndef DITTO_HAVE_CRC32C
#define crc32c(crc, p, len)	__crc32c_le(crc, p, len)
#endif

#endif
