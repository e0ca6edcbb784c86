/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's short names of types and attributes. */
#ifndef _DITTO_TYPES_H
#define _DITTO_TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __noreturn		__attribute((noreturn))
#define __printf(string, first)	__attribute((format(printf, string, first)))

#endif
