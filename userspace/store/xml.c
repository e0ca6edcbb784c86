// SPDX-License-Identifier: GPL-2.0-only
/* Elements of the answers of stores. */

#include <stdio.h>
#include <string.h>

#include "xml.h"

/* Find the start tag of an element. Returns what is behind it, or NULL. */
static const char *xml_start(struct xml xml, const char *name)
{
	char tag[XML_NAME_SIZE + 2];
	const char *start;
	size_t len = (size_t)snprintf(tag, sizeof(tag), "<%s>", name);

	start = len < sizeof(tag) ? memmem(xml.at, xml.len, tag, len) : NULL;
	return start ? start + len : NULL;
}

bool xml_text(struct xml xml, const char *name, char *text, size_t size)
{
	const char *start = xml_start(xml, name), *end;

	text[0] = '\0';
	if (!start)
		return false;
	end = memchr(start, '<', xml.len - (size_t)(start - xml.at));
	if (!end || (size_t)(end - start) >= size || memchr(start, 0, (size_t)(end - start)))
		return false;
	memcpy(text, start, (size_t)(end - start));
	text[end - start] = '\0';
	return true;
}

bool xml_next(struct xml *xml, const char *name, struct xml *inner)
{
	char tag[XML_NAME_SIZE + 3];
	const char *end, *stop = xml->at + xml->len;
	size_t len = (size_t)snprintf(tag, sizeof(tag), "</%s>", name);

	inner->at = xml_start(*xml, name);
	if (!inner->at || len >= sizeof(tag))
		return false;
	end = memmem(inner->at, (size_t)(stop - inner->at), tag, len);
	if (!end)
		return false;
	inner->len = (size_t)(end - inner->at);
	xml->at = end + len;
	xml->len = (size_t)(stop - xml->at);
	return true;
}

bool xml_has(struct xml xml, const char *name)
{
	char tag[XML_NAME_SIZE + 1];
	size_t len = (size_t)snprintf(tag, sizeof(tag), "<%s", name), left;
	const char *at = xml.at;

	while (len < sizeof(tag)) {
		left = xml.len - (size_t)(at - xml.at);
		at = memmem(at, left, tag, len);
		if (!at)
			return false;
		left = xml.len - (size_t)(at - xml.at);
		/* A longer name may begin so. */
		if (left > len && at[len] && strchr("> /\t\r\n", at[len]))
			return true;
		at += len;
	}
	return false;
}
