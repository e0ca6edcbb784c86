// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to requests for lists. The names that Ditto gives to objects have no characters that XML
 * escapes, and an object with another name is not Ditto's.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attempt.h"
#include "listing.h"
#include "mem.h"
#include "xml.h"

/* More than the longest name with the longest prefix, with the NUL. */
#define NAME_SIZE	1024

static bool listing_name_is_good(const char *name)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || (*p && strchr("/-_.", *p)); p++)
		;
	return p > name && !*p;
}

/* "2026-11-22T17:13:33.000Z"; 0 if it is no time. */
static u64 listing_time(const char *text)
{
	struct tm tm = { 0 };
	time_t t;

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	t = timegm(&tm);
	return t < 0 ? 0 : (u64)t;
}

/* Add the object of an element "Contents". Returns false if it is malformed. */
static bool listing_add(struct listing *l, FILE *out, struct xml xml, const char *prefix)
{
	char name[NAME_SIZE], modified[64], size[32];
	const char *rest = name + strlen(prefix);
	struct why why;
	u64 bytes;

	if (!xml_text(xml, "LastModified", modified, sizeof(modified)) ||
	    !xml_text(xml, "Size", size, sizeof(size)) ||
	    !text_number(size, 0, INT64_MAX, &bytes, &why))
		return false;
	/* Other names than Ditto's may be longer. */
	if (!xml_text(xml, "Key", name, sizeof(name)) ||
	    strncmp(name, prefix, strlen(prefix)) || !listing_name_is_good(rest))
		return true;
	fprintf(out, "%s %llu %llu\n", rest, (unsigned long long)bytes,
		(unsigned long long)listing_time(modified));
	l->n++;
	return true;
}

bool listing_parse(struct listing *l, const char *xml, size_t len, const char *prefix,
		   struct why *why)
{
	struct xml rest = { xml, len }, inner = { NULL, 0 };
	char more[8];
	bool good;
	FILE *out;

	memset(l, 0, sizeof(*l));
	if (!xml_text(rest, "IsTruncated", more, sizeof(more)))
		return why_not(why, "the store answers with something else than a list");
	l->more = !strcmp(more, "true");
	out = open_memstream(&l->lines, &l->len);
	if (!out)
		mem_out();
	good = true;
	while (good && xml_next(&rest, "Contents", &inner))
		good = listing_add(l, out, inner, prefix);
	/* A list that ends within an object is cut. */
	good = good && !inner.at;
	if (fclose(out))
		mem_out();
	if (good)
		return true;
	free(l->lines);
	l->lines = NULL;
	return why_not(why, "the store's list of objects is malformed");
}

/* Encode a value of a query: there, '/' is encoded, too. */
static char *listing_encode(const char *text)
{
	char *path = attempt_encode(text), *out = mem_new(3 * strlen(path) + 1), *p = out;
	const char *from;

	for (from = path; *from; from++) {
		if (*from == '/')
			p += sprintf(p, "%%2F");
		else
			*p++ = *from;
	}
	free(path);
	return out;
}

char *listing_query(const char *prefix, const char *after)
{
	char *from = listing_encode(after), *with = listing_encode(prefix), *query;

	query = mem_print("marker=%s&max-keys=%d&prefix=%s", from, LISTING_OBJECTS, with);
	free(from);
	free(with);
	return query;
}
