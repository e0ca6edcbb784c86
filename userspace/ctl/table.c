// SPDX-License-Identifier: GPL-2.0-only
/* Tables with columns as wide as their content. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "out.h"
#include "text.h"

struct table {
	const struct column *columns;
	size_t ncolumns;
	char **cells;
	size_t ncells;
};

struct table *table_new(const struct column *columns)
{
	struct table *t = mem_new(sizeof(*t));

	t->columns = columns;
	while (columns[t->ncolumns].title)
		t->ncolumns++;
	return t;
}

void table_cell(struct table *t, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprint(format, args);
	va_end(args);
	text_make_printable(text);
	t->cells = mem_grow(t->cells, t->ncells, sizeof(*t->cells));
	t->cells[t->ncells++] = text;
}

/* Count characters, not bytes: continuation bytes of UTF-8 have no width. */
static size_t cell_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(const struct table *t, size_t column, size_t room, const char *text,
		       FILE *out)
{
	int pad = (int)(room - cell_width(text));
	bool last = column + 1 == t->ncolumns;

	if (t->columns[column].right)
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", out);
}

void table_end(struct table *t, FILE *out)
{
	size_t *room = mem_new(t->ncolumns * sizeof(*room));
	size_t i;

	for (i = 0; i < t->ncolumns; i++)
		room[i] = cell_width(t->columns[i].title);
	for (i = 0; i < t->ncells; i++)
		if (cell_width(t->cells[i]) > room[i % t->ncolumns])
			room[i % t->ncolumns] = cell_width(t->cells[i]);

	for (i = 0; i < t->ncolumns; i++)
		print_cell(t, i, room[i], t->columns[i].title, out);
	for (i = 0; i < t->ncells; i++) {
		print_cell(t, i % t->ncolumns, room[i % t->ncolumns], t->cells[i], out);
		free(t->cells[i]);
	}
	free(t->cells);
	free(room);
	free(t);
}

struct table *list_begin(bool json, const struct column *columns)
{
	if (!json)
		return table_new(columns);
	json_open(stdout, NULL, '[');
	return NULL;
}

void list_end(struct table *t)
{
	if (t) {
		table_end(t, stdout);
		return;
	}
	json_close(stdout, ']');
	json_end(stdout);
}
