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

/* An allocation of a chain, before its memory. */
struct mem_chain {
	struct mem_chain *next;
	max_align_t memory[];
};

void *mem_chain_new(struct mem_chain **chain, size_t size)
{
	struct mem_chain *one = mem_new(sizeof(*one) + size);

	one->next = *chain;
	*chain = one;
	return one->memory;
}

char *mem_chain_print(struct mem_chain **chain, const char *format, ...)
{
	va_list args;
	size_t size;
	char *text, *copy;

	va_start(args, format);
	text = mem_vprint(format, args);
	va_end(args);
	size = strlen(text) + 1;
	copy = memcpy(mem_chain_new(chain, size), text, size);
	free(text);
	return copy;
}

void mem_chain_free(struct mem_chain **chain)
{
	struct mem_chain *one;

	while ((one = *chain)) {
		*chain = one->next;
		free(one);
	}
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
