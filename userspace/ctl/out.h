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

/* Longest text of a value that is not a string. */
#define OUT_VALUE_MAX	64

/**
 * struct column - a column of a table
 * @title: above it
 * @right: numbers stand at the right
 */
struct column {
	const char *title;
	bool right;
};

struct table;

/* A table with columns up to the one without title. */
struct table *table_new(const struct column *columns);
/* The next cell; the row ends by itself. */
void table_cell(struct table *t, const char *format, ...)
	__printf(2, 3);
/* Print with columns as wide as they need, and free. */
void table_end(struct table *t, FILE *out);

/* Commas and nesting are seen to; keys are written with '_'. NULL is no key. */
void json_open(FILE *out, const char *key, char bracket);
void json_close(FILE *out, char bracket);
void json_string(FILE *out, const char *key, const char *text);
void json_number(FILE *out, const char *key, u64 value);
void json_real(FILE *out, const char *key, double value);
void json_bool(FILE *out, const char *key, bool value);
/* A line ends; what comes next is a document of its own. */
void json_end(FILE *out);

/**
 * json_message - write an answer as an object
 * @out: where to
 * @msg: the answer
 * @op: the command it answers; its attributes are written in the specification's order
 *
 * Lists that are not in the answer are written as empty ones.
 *
 * Return: false if the answer makes no sense.
 */
bool json_message(FILE *out, struct nl_msg *msg, const struct spec_op *op);

/* A value as people read it, except strings and nests. Returns @buf. */
const char *value_text(const struct spec_attr *attr, const struct nlattr *nla,
		       char *buf, size_t size);
/* Seconds or nanoseconds since 1970 as RFC 3339 section 5.6 says, in UTC. */
const char *time_text(u64 seconds, u32 nanoseconds, bool fraction,
		      char buf[OUT_VALUE_MAX]);
/* "3d 4h", "5m 10s", "12s", "340ms". */
const char *duration_text(u64 ms, char buf[OUT_VALUE_MAX]);
/* "1.5 GiB" */
const char *bytes_text(double bytes, char buf[OUT_VALUE_MAX]);

#endif
