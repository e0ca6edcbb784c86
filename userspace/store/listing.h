/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of stores to requests for lists of objects (Amazon S3 API, "ListObjects"). */
#ifndef _DITTO_OFFLOAD_LISTING_H
#define _DITTO_OFFLOAD_LISTING_H

#include "text.h"

/* Most objects of a page; stores give no more either. */
#define LISTING_OBJECTS	1000
/* Bytes of the longest answer that is read. */
#define LISTING_MAX	(2U << 20)

/**
 * struct listing - the objects of a page
 * @lines: a line "NAME SIZE TIME" for each object
 * @len: bytes of @lines
 * @n: number of objects
 * @more: there are more
 */
struct listing {
	char *lines;
	size_t len;
	u64 n;
	bool more;
};

/**
 * listing_parse - parse an answer
 * @l: filled; @l->lines is to be freed by the caller
 * @xml: the answer
 * @len: bytes of @xml
 * @prefix: what all names begin with, and what is left out of the lines
 * @why: filled on errors
 *
 * Objects with other names than Ditto's are left out.
 *
 * Return: false if it is no list.
 */
bool listing_parse(struct listing *l, const char *xml, size_t len, const char *prefix,
		   struct why *why);

/* Make the canonical query for the names that begin with @prefix and are greater than @after. */
char *listing_query(const char *prefix, const char *after);

#endif
