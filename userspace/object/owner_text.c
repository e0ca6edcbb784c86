// SPDX-License-Identifier: GPL-2.0-only
/* The lines of the object ditto-owner. */

#include <stdio.h>
#include <string.h>

#include "owner_text.h"

/* First line of the object. */
#define MAGIC	"ditto owner 1\n"

/* Copy the words behind a name at the start of a line, or "". */
static void owner_words(const char *text, const char *name, char *word, size_t size)
{
	const char *p = strstr(text, name);
	size_t len;

	word[0] = '\0';
	if (!p || p == text || p[-1] != '\n')
		return;
	p += strlen(name);
	len = strcspn(p, "\r\n");
	if (len >= size)
		return;
	memcpy(word, p, len);
	word[len] = '\0';
	text_make_printable(word);
}

bool owner_text_parse(struct owner_text *o, const char *text, size_t len)
{
	char copy[OWNER_MAX + 1];
	bool good = len < sizeof(copy) && !memchr(text, 0, len);

	len = good ? len : 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	owner_words(copy, "server: ", o->server, sizeof(o->server));
	owner_words(copy, "name: ", o->name, sizeof(o->name));
	owner_words(copy, "since: ", o->since, sizeof(o->since));
	owner_words(copy, "store: ", o->uuid, sizeof(o->uuid));
	owner_words(copy, "keys: ", o->keys, sizeof(o->keys));
	/* A UUID with other characters is none. */
	if (!store_uuid_is_good(o->uuid))
		o->uuid[0] = '\0';
	return good && !strncmp(copy, MAGIC, strlen(MAGIC)) && o->server[0];
}

size_t owner_text_make(const struct owner_text *o, char text[OWNER_MAX])
{
	int len = snprintf(text, OWNER_MAX,
			   MAGIC "server: %s\nname: %s\nsince: %.20s\nstore: %s\nkeys: %s\n",
			   o->server, o->name, o->since, o->uuid, o->keys);

	return len < OWNER_MAX ? (size_t)len : OWNER_MAX - 1;
}
