// SPDX-License-Identifier: GPL-2.0-only
/* Allocations that do not fail. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void mem_out(void)
{
	fputs("out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

void *mem_new(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		mem_out();
	return p;
}

char *mem_string(const char *text)
{
	char *p = strdup(text);

	if (!p)
		mem_out();
	return p;
}

char *mem_vprint(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		mem_out();
	return text;
}

char *mem_print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprint(format, args);
	va_end(args);
	return text;
}

void *mem_grow(void *array, size_t count, size_t size)
{
	/* The array is full whenever the count is a power of two, or zero. */
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? count * 2 : 1, size);
	if (!array)
		mem_out();
	return array;
}
