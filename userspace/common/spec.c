// SPDX-License-Identifier: GPL-2.0-only
/* Look-up in the tables of the netlink specification. */

#include <stdio.h>
#include <string.h>

#include "spec.h"

bool spec_same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a == '_' ? '-' : *a;
		char y = *b == '_' ? '-' : *b;

		if (x != y)
			return false;
	}
	return *a == *b;
}

s64 spec_enum_value(const struct spec_enum *e, const char *name)
{
	unsigned int i;

	for (i = 0; i < e->count; i++)
		if (e->names[i] && spec_same_word(e->names[i], name))
			return e->flags ? 1LL << i : i;
	return -1;
}

const char *spec_enum_name(const struct spec_enum *e, u64 value)
{
	return value < e->count && e->names[value] ? e->names[value] : "?";
}

const char *spec_enum_all(const struct spec_enum *e, char *buf, size_t size)
{
	size_t len = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < e->count && len < size; i++)
		if (e->names[i])
			len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "",
						e->names[i]);
	return buf;
}

unsigned int spec_attr_find(const struct spec_set *set, const char *name)
{
	unsigned int i;

	for (i = 1; i <= set->max; i++)
		if (set->attrs[i].name && spec_same_word(set->attrs[i].name, name))
			return i;
	return 0;
}

bool spec_list_has(const u16 *list, unsigned int type)
{
	for (; list && *list; list++)
		if (*list == type)
			return true;
	return false;
}
