/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is always there: a few kilobytes of configuration are not worth
 * an error path each. Without memory the program says so and ends.
 */
#ifndef _DITTO_MEM_H
#define _DITTO_MEM_H

#include <stdarg.h>

#include "types.h"

/* Say that memory ran out, and end. */
void __noreturn mem_out(void);
/* Zeroed memory. */
void *mem_new(size_t size);
char *mem_string(const char *text);
char *mem_vprint(const char *format, va_list args) __printf(1, 0);
char *mem_print(const char *format, ...) __printf(1, 2);
/* Room for one entry more than @count in an array; grows in powers of two. */
void *mem_grow(void *array, size_t count, size_t size);

#endif
