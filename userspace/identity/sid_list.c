// SPDX-License-Identifier: GPL-2.0-only
/* Sets of SIDs. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sid_list.h"

bool sid_list_has(const struct sid_list *list, const struct sid *sid)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (sid_same(&list->sid[i], sid))
			return true;
	return false;
}

bool sid_list_add(struct sid_list *list, const struct sid *sid)
{
	if (sid_list_has(list, sid))
		return true;
	if (list->n == SID_LIST_MAX)
		return false;
	list->sid = mem_grow(list->sid, list->n, sizeof(*list->sid));
	list->sid[list->n++] = *sid;
	return true;
}

size_t sid_list_size(const struct sid_list *list)
{
	size_t size = 0;
	unsigned int i;

	for (i = 0; i < list->n; i++)
		size += sid_size(&list->sid[i]);
	return size;
}

void sid_list_put(const struct sid_list *list, u8 *out)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		out += sid_put(&list->sid[i], out);
}

bool sid_list_get(struct sid_list *list, const u8 *in, size_t len)
{
	struct sid sid;
	size_t size;

	for (; len; in += size, len -= size) {
		size = sid_get(&sid, in, len);
		if (!size || !sid_list_add(list, &sid))
			return false;
	}
	return true;
}

void sid_list_clear(struct sid_list *list)
{
	free(list->sid);
	memset(list, 0, sizeof(*list));
}
