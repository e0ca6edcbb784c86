/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that do not fail: a few kilobytes of configuration are not worth an error path each.
 * Without memory the program prints a message and exits.
 */
#ifndef _DITTO_MEM_H
#define _DITTO_MEM_H

#include <stdarg.h>

#include "types.h"

/* Print that memory ran out, and exit. */
void __noreturn mem_out(void);
/* Allocate zeroed memory. */
void *mem_new(size_t size);
/* Copies and formatted strings, to be freed by the caller. */
char *mem_string(const char *text);
char *mem_vprint(const char *format, va_list args) __printf(1, 0);
char *mem_print(const char *format, ...) __printf(1, 2);
/* Allocate zeroed memory, or print text into it, that is freed with the rest of a chain. */
struct mem_chain;
void *mem_chain_new(struct mem_chain **chain, size_t size);
char *mem_chain_print(struct mem_chain **chain, const char *format, ...) __printf(2, 3);
void mem_chain_free(struct mem_chain **chain);
/* Make room for one more entry than @count in an array, which grows in powers of two. */
void *mem_grow(void *array, size_t count, size_t size);

#endif
