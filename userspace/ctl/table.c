// SPDX-License-Identifier: GPL-2.0-only
/* Tables with columns as wide as their content, or as the terminal has room for. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mem.h"
#include "out.h"
#include "text.h"

/* Columns are not cut to less. */
#define CUT_MIN	8

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

bool table_keep(struct table *t, char *const *words)
{
	size_t first = t->ncells - t->ncolumns, i;

	if (t->ncells < t->ncolumns)
		return false;
	for (; *words; words++) {
		for (i = first; i < t->ncells && !strcasestr(t->cells[i], *words); i++)
			;
		if (i == t->ncells)
			break;
	}
	if (!*words)
		return true;
	while (t->ncells > first)
		free(t->cells[--t->ncells]);
	return false;
}

/* Count characters, not bytes: continuation bytes of UTF-8 have no width. */
static size_t cell_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Skip characters, not bytes. */
static const char *cell_skip(const char *text, size_t n)
{
	while (n && *text) {
		for (text++; ((unsigned char)*text & 0xc0) == 0x80; text++)
			;
		n--;
	}
	return text;
}

/* Print as much of a text as there is room for: of a path, the end. */
static void print_cut(const char *text, size_t room, FILE *out)
{
	size_t width = cell_width(text);

	if (text[0] == '/')
		fprintf(out, "…%s", cell_skip(text, width - room + 1));
	else
		fprintf(out, "%.*s…", (int)(cell_skip(text, room - 1) - text), text);
}

static void print_cell(const struct table *t, size_t column, size_t room, const char *text,
		       FILE *out)
{
	bool last = column + 1 == t->ncolumns;
	size_t width = cell_width(text);
	int pad = (int)(room - width);

	if (width > room) {
		print_cut(text, room, out);
		fputs(last ? "\n" : "  ", out);
		return;
	}
	if (t->columns[column].right)
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", out);
}

/* Make the widest columns of words narrower, one after the other, until all fit. */
static void table_fit(const struct table *t, size_t *room, size_t width)
{
	size_t i, widest, sum;

	for (;;) {
		sum = 2 * (t->ncolumns - 1);
		widest = t->ncolumns;
		for (i = 0; i < t->ncolumns; i++) {
			sum += room[i];
			if (!t->columns[i].right && room[i] > CUT_MIN &&
			    (widest == t->ncolumns || room[i] > room[widest]))
				widest = i;
		}
		if (sum <= width || widest == t->ncolumns)
			return;
		room[widest]--;
	}
}

void table_free(struct table *t)
{
	while (t->ncells)
		free(t->cells[--t->ncells]);
	free(t->cells);
	free(t);
}

void table_end_within(struct table *t, FILE *out, size_t width)
{
	size_t *room = mem_new(t->ncolumns * sizeof(*room));
	size_t i;

	for (i = 0; i < t->ncolumns; i++)
		room[i] = cell_width(t->columns[i].title);
	for (i = 0; i < t->ncells; i++)
		if (cell_width(t->cells[i]) > room[i % t->ncolumns])
			room[i % t->ncolumns] = cell_width(t->cells[i]);
	if (width)
		table_fit(t, room, width);

	for (i = 0; i < t->ncolumns; i++)
		print_cell(t, i, room[i], t->columns[i].title, out);
	for (i = 0; i < t->ncells; i++)
		print_cell(t, i % t->ncolumns, room[i % t->ncolumns], t->cells[i], out);
	free(room);
	table_free(t);
}

void table_end(struct table *t, FILE *out)
{
	struct winsize size = { 0 };
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size))
		size.ws_col = 0;
	table_end_within(t, out, size.ws_col);
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
