/* SPDX-License-Identifier: GPL-2.0-only */
/* Output: tables for people, JSON for programs. */
#ifndef _DITTO_CTL_OUT_H
#define _DITTO_CTL_OUT_H

#include <stdio.h>

#include "common/types.h"

struct nlattr;
struct nl_msg;
struct spec_attr;
struct spec_op;

/* Version of schema/dittoctl.json. */
#define JSON_SCHEMA	1

/* Longest text of a value that is not a string, including the NUL. */
#define OUT_VALUE_MAX	192

/**
 * struct column - a column of a table
 * @title: title
 * @right: aligned to the right, for numbers
 */
struct column {
	const char *title;
	bool right;
};

struct table;

/* Create a table; @columns ends with an entry without title. table_end() frees it. */
struct table *table_new(const struct column *columns);
/* Add the next cell. The row ends after the last column. */
void table_cell(struct table *t, const char *format, ...)
	__printf(2, 3);
/*
 * Drop the row that was added last if there is a word that none of its cells contains, in letters
 * of either case; @words ends with NULL. Returns true if it stays, false also if there is no row.
 */
bool table_keep(struct table *t, char *const *words);
/*
 * Print the table, with columns as wide as their content, and free it. On a terminal that is less
 * wide, the widest columns are cut.
 */
void table_end(struct table *t, FILE *out);
/* Free the table, and print nothing. */
void table_free(struct table *t);
/* The same for @width columns of a terminal; 0 for any. */
void table_end_within(struct table *t, FILE *out, size_t width);
/* Begin what a command lists: with @json an array, and NULL is returned; otherwise a table. */
struct table *list_begin(bool json, const struct column *columns);
/* Print the end of the array if @t is NULL, otherwise the table. */
void list_end(struct table *t);

/*
 * Write JSON values. Commas and indentation are automatic. Keys are written with '_' in place of
 * '-'; NULL for a value without key. UINT64_MAX, which means that there is no limit, is written as
 * null.
 */
void json_open(FILE *out, const char *key, char bracket);
void json_close(FILE *out, char bracket);
void json_string(FILE *out, const char *key, const char *text);
void json_number(FILE *out, const char *key, u64 value);
void json_signed(FILE *out, const char *key, s64 value);
void json_real(FILE *out, const char *key, double value);
void json_bool(FILE *out, const char *key, bool value);
/* End the line; the next value starts a new document. */
void json_end(FILE *out);

/**
 * json_message - write a reply as a JSON object
 * @out: output
 * @msg: the reply
 * @op: the command; attributes are written in the order of its specification
 *
 * Lists that the reply does not contain are written as empty lists.
 *
 * Return: false if the reply is malformed.
 */
bool json_message(FILE *out, struct nl_msg *msg, const struct spec_op *op);
/* Write only the members, into an object that the caller opened. Returns the same. */
bool json_members(FILE *out, struct nl_msg *msg, const struct spec_op *op);

/* Format a value for people; not for strings and nests. Returns @buf. */
const char *value_text(const struct spec_attr *attr, const struct nlattr *nla,
		       char *buf, size_t size);
/* Format a time since 1970 according to RFC 3339 section 5.6, in UTC. Returns @buf. */
const char *time_text(u64 seconds, u32 nanoseconds, bool fraction,
		      char buf[OUT_VALUE_MAX]);
/* Format a duration as "3d 4h", "5m 10s", "12s" or "340ms". Returns @buf. */
const char *duration_text(u64 ms, char buf[OUT_VALUE_MAX]);
/* Format a size as "1.5 GiB". Returns @buf. */
const char *bytes_text(double bytes, char buf[OUT_VALUE_MAX]);

#endif
