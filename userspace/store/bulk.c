// SPDX-License-Identifier: GPL-2.0-only
/* Requests that delete many objects. The names need no escapes in XML, see listing.c. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "mem.h"
#include "text.h"
#include "xml.h"

/* More than the longest name with the longest prefix, with the NUL. */
#define NAME_SIZE	1024
#define CODE_SIZE	64

char *bulk_body(const char *prefix, const struct bulk_object *objects, size_t n)
{
	char *body;
	size_t i, len;
	FILE *out = open_memstream(&body, &len);

	if (!out)
		mem_out();
	fputs("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
	for (i = 0; i < n; i++)
		fprintf(out, "<Object><Key>%s%s</Key></Object>", prefix, objects[i].name);
	fputs("</Delete>", out);
	if (fclose(out))
		mem_out();
	return body;
}

/* Find an object by its name. Stores keep the order, so the search begins behind the last one. */
static struct bulk_object *bulk_find(struct bulk_object *objects, size_t n, size_t *next,
				     const char *name)
{
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = (*next + i) % n;
		if (!strcmp(objects[at].name, name)) {
			*next = at + 1;
			return &objects[at];
		}
	}
	return NULL;
}

/* Take what an element says about an object. An object that is missing is gone. */
static void bulk_take(struct bulk_object *o, struct xml element, bool failed)
{
	char code[CODE_SIZE], message[CODE_SIZE];

	if (!failed) {
		o->deleted = true;
		return;
	}
	xml_text(element, "Code", code, sizeof(code));
	xml_text(element, "Message", message, sizeof(message));
	if (!strcmp(code, "NoSuchKey")) {
		o->deleted = true;
		return;
	}
	snprintf(o->cause, sizeof(o->cause), "the store refuses: %.40s %.60s", code, message);
	text_make_printable(o->cause);
}

/* Take all elements of a kind. */
static void bulk_take_all(struct bulk_object *objects, size_t n, const char *prefix,
			  struct xml xml, bool failed)
{
	struct bulk_object *o;
	char key[NAME_SIZE];
	struct xml element;
	size_t next = 0;

	while (xml_next(&xml, failed ? "Error" : "Deleted", &element)) {
		o = xml_text(element, "Key", key, sizeof(key)) &&
		    !strncmp(key, prefix, strlen(prefix)) ?
		    bulk_find(objects, n, &next, key + strlen(prefix)) : NULL;
		if (o)
			bulk_take(o, element, failed);
	}
}

bool bulk_parse(struct bulk_object *objects, size_t n, const char *prefix, const char *xml,
		size_t len, struct why *why)
{
	const struct xml answer = { xml, len };
	size_t i;

	if (!xml_has(answer, "DeleteResult"))
		return why_not(why, "the store answers with something else than what it deleted");
	bulk_take_all(objects, n, prefix, answer, false);
	bulk_take_all(objects, n, prefix, answer, true);
	for (i = 0; i < n; i++) {
		/* A store that says both has not deleted it for sure. */
		objects[i].deleted = objects[i].deleted && !objects[i].cause[0];
		objects[i].refused = !objects[i].deleted;
		if (!objects[i].deleted && !objects[i].cause[0])
			snprintf(objects[i].cause, sizeof(objects[i].cause),
				 "the store does not say that it was deleted");
	}
	return true;
}
