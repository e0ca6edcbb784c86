// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of lists of rows: each row is a struct row_head, followed by its texts without NULs.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/list_file.h"
#include "mem.h"
#include "row_list.h"

/**
 * struct row_head - a row without the bytes of its texts
 * @number: its numbers
 * @len: length of each text in bytes
 */
struct row_head {
	u64 number[ROW_NUMBERS];
	u32 len[ROW_TEXTS];
};

/* Longest row, and longest list. */
#define ROW_MAX		(sizeof(struct row_head) + ROW_TEXTS * (size_t)ROW_TEXT_MAX)
#define LIST_MAX	(ROWS_MAX * ROW_MAX)

static char *row_text(const char *text, size_t len)
{
	char *copy = mem_new(len + 1);

	memcpy(copy, text, len);
	return copy;
}

static struct row *rows_add_one(struct rows *rows)
{
	struct row *row;

	if (rows->n == ROWS_MAX)
		return NULL;
	rows->row = mem_grow(rows->row, rows->n, sizeof(*rows->row));
	row = &rows->row[rows->n++];
	memset(row, 0, sizeof(*row));
	return row;
}

struct row *rows_add(struct rows *rows, const char *first, const char *second, const char *third)
{
	const char *const texts[ROW_TEXTS] = { first, second, third };
	struct row *row = rows_add_one(rows);
	int i;

	for (i = 0; row && i < ROW_TEXTS; i++)
		row->text[i] = row_text(texts[i] ?: "",
					texts[i] ? strnlen(texts[i], ROW_TEXT_MAX) : 0);
	return row;
}

void rows_free(struct rows *rows)
{
	unsigned int i;
	int j;

	for (i = 0; i < rows->n; i++)
		for (j = 0; j < ROW_TEXTS; j++)
			free(rows->row[i].text[j]);
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

static bool row_put(FILE *list, const struct row *row)
{
	struct row_head head;
	bool good;
	int i;

	memcpy(head.number, row->number, sizeof(head.number));
	for (i = 0; i < ROW_TEXTS; i++)
		head.len[i] = (u32)strlen(row->text[i]);
	good = list_file_put(list, &head, sizeof(head));
	for (i = 0; good && i < ROW_TEXTS; i++)
		good = list_file_put(list, row->text[i], head.len[i]);
	return good;
}

int rows_write(const struct rows *rows)
{
	int fd;
	FILE *list = list_file_begin("ditto-rows", &fd);
	bool good = true;
	unsigned int i;

	if (!list)
		return -errno;
	for (i = 0; good && i < rows->n; i++)
		good = row_put(list, &rows->row[i]);
	return list_file_end(list, fd, good);
}

/* Decode the row at @pos. Returns the position of the next one, 0 for malformed data. */
static size_t row_get(struct rows *rows, const char *bytes, size_t len, size_t pos)
{
	struct row_head head;
	struct row *row;
	size_t end;
	int i;

	if (len - pos < sizeof(head))
		return 0;
	memcpy(&head, bytes + pos, sizeof(head));
	pos += sizeof(head);
	for (i = 0, end = pos; i < ROW_TEXTS; i++) {
		if (head.len[i] > len - end || head.len[i] > ROW_TEXT_MAX)
			return 0;
		end += head.len[i];
	}
	row = rows_add_one(rows);
	if (!row)
		return 0;
	memcpy(row->number, head.number, sizeof(row->number));
	for (i = 0; i < ROW_TEXTS; i++) {
		row->text[i] = row_text(bytes + pos, head.len[i]);
		pos += head.len[i];
	}
	return end;
}

int rows_read(int fd, struct rows *out)
{
	ssize_t len;
	size_t pos = 0;
	u8 *bytes;

	memset(out, 0, sizeof(*out));
	len = list_file_read(fd, LIST_MAX, &bytes);
	if (len < 0)
		return (int)len;
	while (pos < (size_t)len) {
		pos = row_get(out, (const char *)bytes, (size_t)len, pos);
		if (!pos)
			break;
	}
	free(bytes);
	if (pos == (size_t)len)
		return 0;
	rows_free(out);
	return -EBADMSG;
}
