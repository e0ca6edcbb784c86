/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of rows, from dittod to the pipe worker. What the columns mean depends on the list, see
 * enum rpc_list. A list is passed as a file in memory because it may be long.
 */
#ifndef _DITTOD_ROW_LIST_H
#define _DITTOD_ROW_LIST_H

#include "common/types.h"

#define ROW_NUMBERS	6
#define ROW_TEXTS	3
/* Most rows of a list; what is behind them is left out. */
#define ROWS_MAX	16384
/* Longest text in a row, in bytes; a longer one is cut. */
#define ROW_TEXT_MAX	8192

/**
 * struct row - a row
 * @number: its numbers
 * @text: its texts, never NULL
 */
struct row {
	u64 number[ROW_NUMBERS];
	char *text[ROW_TEXTS];
};

/**
 * struct rows - a list
 * @row: the rows
 * @n: number of entries in @row
 */
struct rows {
	struct row *row;
	unsigned int n;
};

/*
 * Append a row without numbers and with copies of the texts; NULL stands for "". Returns NULL if
 * the list is full.
 */
struct row *rows_add(struct rows *rows, const char *first, const char *second, const char *third);
/* Free the rows; the structure itself stays the caller's. */
void rows_free(struct rows *rows);

/* Write a list. Returns a descriptor owned by the caller, or a negative errno. */
int rows_write(const struct rows *rows);
/*
 * Read a list and fill @out, which is freed with rows_free() on success. Returns 0 or a negative
 * errno.
 */
int rows_read(int fd, struct rows *out);

#endif
